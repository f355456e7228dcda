"""Arrivals: when which business asks for a call to whom, drawn from a seed or read from a file.

The instants of a process are an endless stream; `arrivals` gives each a business and a customer,
drawn evenly, and ends after so many calls or so much time. Everything is drawn from generators of
its own, so nothing that happens in a run can disturb it.

| process | rate at time t |
|---|---|
| poisson | constant |
| mmpp | one of two, in turn, each for an exponential time (Markov-modulated Poisson) |
| day | by the hour of the day, `DAY_SHARES`, repeated; the run begins at midnight |
| mass | constant, and from `MASS_AT_US` on a surge that dies away |

The mean of the first three over a long time is the rate asked for; the surge of `mass` comes on
top of it. Where so many calls in so much time are asked for of `poisson` or `day`, exactly so many
come, as the process would have them given that number.
A trace is refused with `TraceError`, which names file and line.
"""

import csv
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice, takewhile
from pathlib import Path

import msgspec

from calleq.topology import Topology
from calleq.units import HOUR_US, MINUTE_US, SECOND_US
from simulator.world import CUSTOMER_PREFIXES, MOBILE_PREFIXES

MMPP_HIGH, MMPP_LOW = 2.5, 0.5
"""The two rates, in multiples of the mean."""
MMPP_HIGH_US, MMPP_LOW_US = 30 * SECOND_US, 90 * SECOND_US
"""How long each lasts in the mean."""

DAY_SHARES = (1, 1, 1, 1, 1, 2, 8, 22, 48, 74, 86, 82, 64, 70, 80, 78, 68, 56, 46, 40, 30, 16, 7, 3)
"""Calls of each hour in proportion: a working day with its two busy hours."""
DAY_HOURS = 24

MASS_AT_US = MINUTE_US
MASS_SURGE = 20.0
"""The surge at its start, in multiples of the rate."""
MASS_DECAY_US = MINUTE_US
"""How long the surge takes to fall to 1/e."""

TRACE_LIMIT_LINES = 10_000_000
TRACE_COLUMNS = ("offset", "business", "customer", "rep")


class TraceError(ValueError):
    """A trace cannot be replayed; the text names the file, the line and what was expected."""


class Arrival(msgspec.Struct, frozen=True):
    """One message to post."""

    at_us: int
    """Since the start of the run."""
    business: str
    password: str
    customer: str
    representative: str = ""
    """Empty: the carrier finds one."""


Instants = Callable[[random.Random, float], Iterator[int]]
"""Endless rising microseconds for a mean rate of calls per second."""


def poisson_instants(draw: random.Random, rate: float) -> Iterator[int]:
    """Exponential gaps of mean 1/rate."""
    at_us = 0
    while True:
        at_us += round(draw.expovariate(rate) * SECOND_US)
        yield at_us


def mmpp_instants(draw: random.Random, rate: float) -> Iterator[int]:
    """Two rates in turn. What is left of a gap when the rate changes is drawn anew (memoryless)."""
    at_us, high, until_us = 0, False, 0
    while True:
        if at_us >= until_us:
            high = not high
            mean_us = MMPP_HIGH_US if high else MMPP_LOW_US
            until_us = at_us + max(1, round(draw.expovariate(1 / mean_us)))
        factor = MMPP_HIGH if high else MMPP_LOW
        next_us = at_us + round(draw.expovariate(rate * factor) * SECOND_US)
        if next_us < until_us:
            at_us = next_us
            yield at_us
        else:
            at_us = until_us


def day_instants(draw: random.Random, rate: float) -> Iterator[int]:
    """By the hour of the day."""
    mean = sum(DAY_SHARES) / DAY_HOURS
    factors = [share / mean for share in DAY_SHARES]
    return _thinned(draw, rate, max(factors), lambda us: factors[us // HOUR_US % DAY_HOURS])


def exact_instants(
    draw: random.Random, calls: int, duration_us: int, shares: Sequence[float]
) -> Iterator[int]:
    """`calls` rising instants within `duration_us`, with a rate in proportion to each hour's share.

    Given their number, the calls of a Poisson process fall independently of each other: these are
    the order statistics of so many even draws, one after the other, put on the clock.
    """
    hours = -(-duration_us // HOUR_US)
    lengths = [HOUR_US] * (hours - 1) + [duration_us - (hours - 1) * HOUR_US]
    weights = [shares[hour % len(shares)] * length for hour, length in enumerate(lengths)]
    total, hour, before, left = math.fsum(weights), 0, 0.0, 1.0
    for still in range(calls, 0, -1):
        left *= draw.random() ** (1 / still)
        reached = (1 - left) * total
        while hour < hours - 1 and reached > before + weights[hour]:
            before += weights[hour]
            hour += 1
        within_us = (reached - before) / weights[hour] * lengths[hour]
        yield min(duration_us - 1, hour * HOUR_US + int(within_us))


def mass_instants(draw: random.Random, rate: float) -> Iterator[int]:
    """A surge, as when a number is shown on television."""

    def factor(at_us: int) -> float:
        since_us = at_us - MASS_AT_US
        return 1.0 if since_us < 0 else 1.0 + MASS_SURGE * math.exp(-since_us / MASS_DECAY_US)

    return _thinned(draw, rate, 1.0 + MASS_SURGE, factor)


def _thinned(
    draw: random.Random, rate: float, highest: float, factor: Callable[[int], float]
) -> Iterator[int]:
    """A Poisson process of the highest rate, of which each call is kept by the rate of its time."""
    for at_us in poisson_instants(draw, rate * highest):
        if draw.random() * highest < factor(at_us):
            yield at_us


EXACT: Mapping[str, Sequence[float]] = {"poisson": (1,), "day": DAY_SHARES}
"""The processes that can be told how many calls come, with their rate by the hour."""

PROCESSES: Mapping[str, Instants] = {
    "poisson": poisson_instants,
    "mmpp": mmpp_instants,
    "day": day_instants,
    "mass": mass_instants,
}


def customers_of(topology: Topology) -> list[str]:
    """The numbers of a world that may be called as customers."""
    prefixes = (*CUSTOMER_PREFIXES, *MOBILE_PREFIXES)
    return [line.number for line in topology.lines if line.number.startswith(prefixes)]


def arrivals(
    topology: Topology,
    seed: int,
    rate: float,
    *,
    process: str = "poisson",
    calls: int | None = None,
    duration_us: int | None = None,
    exactly: bool = False,
) -> Iterator[Arrival]:
    """Calls of a process until there are `calls` of them or `duration_us` have passed.

    With `exactly` so many calls come in so much time; `rate` says nothing then.
    """
    draw = random.Random(f"traffic {seed}")
    customers = customers_of(topology)
    instants: Iterator[int]
    if exactly:
        assert calls is not None
        assert duration_us is not None
        instants = exact_instants(draw, calls, duration_us, EXACT[process])
    else:
        instants = PROCESSES[process](draw, rate)
    if duration_us is not None:
        end_us = duration_us
        instants = takewhile(lambda at_us: at_us < end_us, instants)
    for at_us in islice(instants, calls):
        business = draw.choice(topology.businesses)
        yield Arrival(at_us, business.identifier, business.password, draw.choice(customers))


def poisson(
    topology: Topology, seed: int, calls: int, calls_per_second: float
) -> Iterator[Arrival]:
    """`calls` arrivals with exponential gaps of mean 1/`calls_per_second`."""
    return arrivals(topology, seed, calls_per_second, calls=calls)


def read_trace(path: Path, topology: Topology) -> list[Arrival]:
    """The arrivals of a CSV file `offset,business,customer[,rep]`, offsets in seconds and rising.

    A first line of column names is passed over. Raises TraceError for anything else.
    """
    passwords = {business.identifier: business.password for business in topology.businesses}
    found: list[Arrival] = []
    try:
        with path.open(newline="", encoding="utf-8") as file:
            for number, row in enumerate(csv.reader(file), start=1):
                if number > TRACE_LIMIT_LINES:
                    raise TraceError(f"{path}: more than {TRACE_LIMIT_LINES} lines")
                if row and not (number == 1 and row[0] == TRACE_COLUMNS[0]):
                    arrival = _arrival(f"{path}:{number}", row, passwords)
                    if found and arrival.at_us < found[-1].at_us:
                        raise TraceError(f"{path}:{number}: offset before that of the line above")
                    found.append(arrival)
    except OSError as error:
        raise TraceError(f"{path}: {error.strerror}") from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise TraceError(f"{path}: no CSV file in UTF-8: {error}") from error
    if not found:
        raise TraceError(f"{path}: no call in it")
    return found


def _arrival(where: str, row: list[str], passwords: Mapping[str, str]) -> Arrival:
    if not 3 <= len(row) <= 4:
        columns = ",".join(TRACE_COLUMNS[:3]) + "[,rep]"
        raise TraceError(f"{where}: {len(row)} columns, {columns} expected")
    offset, business, customer, *rest = (text.strip() for text in row)
    try:
        offset_s = float(offset)
    except ValueError:
        offset_s = math.nan
    if not 0 <= offset_s < math.inf:
        raise TraceError(f"{where}: offset {offset!r}, seconds from 0 on expected")
    if business not in passwords:
        raise TraceError(f"{where}: business {business!r} is none of this world's")
    at_us = round(offset_s * SECOND_US)
    return Arrival(at_us, business, passwords[business], customer, *rest)
