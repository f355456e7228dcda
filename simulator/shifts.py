"""`calleq-sim shifts`: who must be paid when, so that calls of a whole day are answered in time.

Two ways to staff the same day. In a call centre people work fixed shifts of eight hours, and each
shift has as many as its busiest hour needs: outside of the peak they sit idle. Representatives at
home log on for short stretches, several in a day if they like, so that each stretch has as many as
its own busiest hour needs. What an hour needs is Erlang-C's smallest number of servers that reaches
the level of service; what comes of it is simulated with the calls, conversations and patience of
the simulator, days on end, people who are sent home in a call ending it first.

The service level is the share of all calls that are answered within the time; who gives up is not.
Paid time is what was planned and the overtime. Erlang-C knows no impatience, so what it says is
needed is a little more than would do.
"""

import argparse
import math
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.runtime.clock import VirtualClock
from calleq.theory import erlang_c
from calleq.units import HOUR_US, SECOND_US
from simulator.page import facts, figure, page, section, table
from simulator.people import Holding
from simulator.queueing import Queue
from simulator.svg import bars
from simulator.traffic import DAY_HOURS, DAY_SHARES, exact_instants

SHIFT_HOURS = 8
BLOCKS = (1, 2, 3, 4, 6, 8)
"""Lengths of a stretch at home, in hours; each divides a day."""
SERVERS_LIMIT = 10_000
FILE = "shifts.html"


class Staffing(msgspec.Struct, frozen=True, kw_only=True):
    """One way to staff a day, and what came of it."""

    name: str
    staff: tuple[int, ...]
    """By the hour."""
    paid_hours: float
    """Of a day, overtime included."""
    level: float
    """The share of calls answered in time."""
    levels: tuple[float, ...]
    """By the hour in which the call came."""
    worst_level: float
    """That of the hour with the lowest, among hours with calls."""
    abandoned: float
    occupancy: float
    """The share of paid time in which somebody speaks."""


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Both ways over the same days of calls."""

    calls: int
    days: int
    seed: int
    wanted_level: float
    within_s: float
    needed: tuple[int, ...]
    """Servers by the hour, after Erlang-C."""
    centre: Staffing
    home: Staffing


@dataclass(slots=True)
class _Hour:
    calls: int = 0
    in_time: int = 0
    left: int = 0


@dataclass(frozen=True, slots=True)
class Demand:
    """A day of calls and what is wanted for them."""

    calls: int
    holding: Holding
    patience_us: int
    level: float
    within_us: int

    def needed(self, hour: int) -> int:
        """The smallest number of servers that reaches the level in this hour (Erlang-C)."""
        held_s = self.holding.mean_us / SECOND_US
        a_second = self.calls * DAY_SHARES[hour] / sum(DAY_SHARES) / 3_600
        erlangs = a_second * held_s
        servers = math.floor(erlangs) + 1
        while servers < SERVERS_LIMIT:
            if erlang_c(servers, erlangs, held_s).service_level(self.within_us / SECOND_US) >= (
                self.level
            ):
                return servers
            servers += 1
        raise CommandError(f"more than {SERVERS_LIMIT} representatives would be needed")


def in_blocks(needed: Sequence[int], hours: int) -> tuple[int, ...]:
    """So many by the hour when people stay for blocks: each has what its busiest hour needs.

    >>> in_blocks((1, 3, 2, 2), 2)
    (3, 3, 2, 2)
    """
    starts = (hour - hour % hours for hour in range(len(needed)))
    return tuple(max(needed[start : start + hours]) for start in starts)


@dataclass(slots=True)
class _Days:
    """Counts what comes of the calls of so many days."""

    within_us: int
    hours: list[_Hour] = field(default_factory=lambda: [_Hour() for _ in range(DAY_HOURS)])

    def heard(self, since_us: int, waited_us: int, served: bool) -> None:
        """See `Queue`."""
        hour = self.hours[since_us // HOUR_US % DAY_HOURS]
        hour.calls += 1
        hour.in_time += served and waited_us <= self.within_us
        hour.left += not served


def staffed(name: str, staff: tuple[int, ...], demand: Demand, days: int, seed: int) -> Staffing:
    """Live through the days with so many by the hour."""
    clock, counted = VirtualClock(), _Days(demand.within_us)
    talked_us = 0
    talk = demand.holding.draw(random.Random(f"shifts talk {seed}"))

    def holding() -> int:
        nonlocal talked_us
        length_us = talk()
        talked_us += length_us
        return length_us

    patience = Holding("exponential", demand.patience_us)
    queue = Queue(
        clock,
        staff[0],
        holding,
        patience=patience.draw(random.Random(f"shifts patience {seed}")),
        heard=counted.heard,
    )
    for hour in range(1, DAY_HOURS * days):
        clock.call_later_us(hour * HOUR_US, queue.staff, staff[hour % DAY_HOURS])
    arrivals = exact_instants(
        random.Random(f"shifts calls {seed}"),
        demand.calls * days,
        days * DAY_HOURS * HOUR_US,
        DAY_SHARES,
    )
    for at_us in arrivals:
        clock.advance_us(at_us - clock.monotonic_us())
        queue.arrive()
    while clock.run_next():
        pass
    levels = tuple(hour.in_time / hour.calls if hour.calls else 1.0 for hour in counted.hours)
    calls = sum(hour.calls for hour in counted.hours)
    paid_us = sum(staff) * HOUR_US * days + queue.overtime_us
    return Staffing(
        name=name,
        staff=staff,
        paid_hours=paid_us / HOUR_US / days,
        level=sum(hour.in_time for hour in counted.hours) / calls,
        levels=levels,
        worst_level=min(levels),
        abandoned=sum(hour.left for hour in counted.hours) / calls,
        occupancy=talked_us / paid_us,
    )


def compare(demand: Demand, block_hours: int, days: int, seed: int) -> Comparison:
    """The same days of calls, staffed in both ways."""
    needed = tuple(demand.needed(hour) for hour in range(DAY_HOURS))
    centre, home = in_blocks(needed, SHIFT_HOURS), in_blocks(needed, block_hours)
    return Comparison(
        calls=demand.calls,
        days=days,
        seed=seed,
        wanted_level=demand.level,
        within_s=demand.within_us / SECOND_US,
        needed=needed,
        centre=staffed("call centre, shifts of 8 h", centre, demand, days, seed),
        home=staffed(f"at home, stretches of {block_hours} h", home, demand, days, seed),
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when both reach the level; CommandError otherwise."""
    for name, lowest, highest in (
        ("calls", 24, 1_000_000),
        ("days", 1, 1_000),
        ("talk", 1, 3_600),
        ("patience", 1, 3_600),
        ("within", 1, 3_600),
    ):
        if not lowest <= getattr(arguments, name) <= highest:
            raise UsageError(
                f"--{name} {getattr(arguments, name):g}: {lowest} to {highest} expected"
            )
    if not 0 < arguments.level < 1:
        raise UsageError(f"--level {arguments.level:g}: between 0 and 1 expected")
    if arguments.block not in BLOCKS:
        raise UsageError(f"--block {arguments.block}: {', '.join(map(str, BLOCKS))} expected")
    demand = Demand(
        arguments.calls,
        Holding("exponential", round(arguments.talk * SECOND_US)),
        round(arguments.patience * SECOND_US),
        arguments.level,
        round(arguments.within * SECOND_US),
    )
    found = compare(demand, arguments.block, arguments.days, arguments.seed)
    if arguments.report is not None:
        _report(arguments.report, found, " ".join(["calleq-sim", *arguments.given]))
    if arguments.json:
        print_json(msgspec.to_builtins(found))
    else:
        _show(found)
        if arguments.report is not None:
            print_line(f"report  {arguments.report / FILE}")
    for staffing in (found.centre, found.home):
        if staffing.level < found.wanted_level:
            raise CommandError(
                f"{staffing.name}: {staffing.level:.1%} answered in time,"
                f" {found.wanted_level:.0%} were wanted"
            )
    return 0


HEADS = ("staffing", "paid hours a day", "answered in time", "worst hour", "gave up", "speaking")


def _cells(found: Comparison) -> list[tuple[str, ...]]:
    return [
        (
            one.name,
            f"{one.paid_hours:.1f}",
            f"{one.level:.1%}",
            f"{one.worst_level:.1%}",
            f"{one.abandoned:.2%}",
            f"{one.occupancy:.1%}",
        )
        for one in (found.centre, found.home)
    ]


def _saved(found: Comparison) -> str:
    saved = 1 - found.home.paid_hours / found.centre.paid_hours
    return f"{saved:.1%} fewer paid hours at home for {found.wanted_level:.0%} in time"


def _show(found: Comparison) -> None:
    print_table(
        f"{found.days} days of {found.calls} calls, {found.wanted_level:.0%} to be answered within"
        f" {found.within_s:g} s",
        HEADS,
        _cells(found),
        right=HEADS[1:],
    )
    print_line(_saved(found))


def _report(directory: Path, found: Comparison, command: str) -> None:
    try:
        directory.mkdir(parents=True, exist_ok=True)
        (directory / FILE).write_text(report(found, command), "utf-8")
    except OSError as error:
        raise UsageError(f"{error.filename or directory}: {error.strerror}") from error


def report(found: Comparison, command: str) -> str:
    """The page."""
    told = facts(
        [
            ("repeat it with", f"<code>{command}</code>"),
            ("calls", f"{found.days} days of {found.calls:,}"),
            ("wanted", f"{found.wanted_level:.0%} answered within {found.within_s:g} s"),
            ("what comes of it", f'<span class="good">{_saved(found)}</span>'),
        ]
    )
    both = table("Both ways to staff the day", HEADS, _cells(found), (1, 2, 3, 4, 5))
    parts = [f"<h1>Who must be paid when</h1>\n{told}", section("Both ways", both)]
    most = float(max(found.centre.staff))
    for one in (found.centre, found.home):
        staff = bars(
            "Representatives paid, by the hour",
            [(str(hour), float(count)) for hour, count in enumerate(one.staff)],
            highest=most,
        )
        levels = bars(
            "Share of calls answered in time, by the hour in which they came",
            [(str(hour), level) for hour, level in enumerate(one.levels)],
            highest=1.0,
        )
        cells = [
            (str(hour), str(found.needed[hour]), str(one.staff[hour]), f"{one.levels[hour]:.1%}")
            for hour in range(DAY_HOURS)
        ]
        numbers = table(one.name, ("hour", "needed", "paid", "answered in time"), cells, (1, 2, 3))
        parts.append(section(one.name.capitalize(), staff.svg + figure(levels, numbers)))
    return page("calleq-sim shifts", "\n".join(parts))
