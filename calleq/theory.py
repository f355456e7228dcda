"""Traffic theory: what loss and delay systems must do, to hold a network or a simulator against.

Pure arithmetic, no state. Offered load is in erlangs (arrival rate times mean holding time),
lengths of time in seconds; both are real numbers, since nothing here is billed. Arrivals are
Poisson unless a function says otherwise, holding times exponential; the loss formulas (Erlang-B,
Engset) hold for any distribution of that mean.

| system | calls that find every server taken |
|---|---|
| Erlang-B | are lost |
| Engset | are lost; there are only so many sources |
| Erlang-C | wait, however long |
| Erlang-A | wait, and leave when their patience ends |
| M/M/c/K | wait while there is room for K in all, else are lost |

Refused with `TheoryError`: negative loads, no servers, a delay system that is offered more than it
can ever serve.
"""

import math
from dataclasses import dataclass

LOAD_TOLERANCE = 1e-9
"""Relative width at which the search for an offered load ends."""
TAIL_TOLERANCE = 1e-16
"""Terms of a sum are left out when they are this small beside the sum."""
TERMS_LIMIT = 10_000_000


class TheoryError(ValueError):
    """The system asked about does not exist or has no steady state; the text says why."""


def _check(servers: int, offered_erlangs: float) -> None:
    if servers < 1:
        raise TheoryError(f"{servers} servers: at least 1 was expected")
    if not 0 <= offered_erlangs < math.inf:
        raise TheoryError(f"{offered_erlangs} erlangs offered: 0 or more were expected")


def _check_time(name: str, length_s: float) -> None:
    if not 0 < length_s < math.inf:
        raise TheoryError(f"{name} of {length_s} s: more than 0 was expected")


def erlang_b(servers: int, offered_erlangs: float) -> float:
    """The share of calls lost by a full-availability group (Erlang's first formula, E.501).

    >>> erlang_b(1, 1.0)
    0.5
    """
    _check(servers, offered_erlangs)
    blocking = 1.0
    for server in range(1, servers + 1):
        carried = offered_erlangs * blocking
        blocking = carried / (server + carried)
    return blocking


def erlang_b_load(servers: int, blocking: float) -> float:
    """The erlangs that may be offered to a group for the share `blocking` to be lost.

    Raises TheoryError unless the share lies between 0 and 1.
    """
    _check(servers, 0.0)
    if not 0 < blocking < 1:
        raise TheoryError(f"blocking {blocking}: a share between 0 and 1 was expected")
    low, high = 0.0, float(servers)
    while erlang_b(servers, high) < blocking:
        high *= 2
    while high - low > LOAD_TOLERANCE * high:
        middle = (low + high) / 2
        if erlang_b(servers, middle) < blocking:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def erlang_b_servers(offered_erlangs: float, blocking: float) -> int:
    """The smallest group that loses at most the share `blocking` of the calls."""
    _check(1, offered_erlangs)
    if not 0 < blocking < 1:
        raise TheoryError(f"blocking {blocking}: a share between 0 and 1 was expected")
    lost, servers = 1.0, 0
    while lost > blocking:
        servers += 1
        carried = offered_erlangs * lost
        lost = carried / (servers + carried)
    return servers


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangC:
    """A delay system without abandonment (M/M/c); made by `erlang_c`."""

    servers: int
    offered_erlangs: float
    holding_s: float
    wait_probability: float
    mean_wait_s: float
    """Of all calls, those that do not wait among them (average speed of answer)."""
    mean_queue: float
    """Calls waiting (Lq)."""

    @property
    def occupancy(self) -> float:
        """The share of time that a server works."""
        return self.offered_erlangs / self.servers

    def service_level(self, within_s: float) -> float:
        """The share of calls that wait at most `within_s`."""
        spare = self.servers - self.offered_erlangs
        return 1 - self.wait_probability * math.exp(-spare * within_s / self.holding_s)


def erlang_c(servers: int, offered_erlangs: float, holding_s: float = 1.0) -> ErlangC:
    """Erlang's second formula. Raises TheoryError when as much is offered as there are servers."""
    _check(servers, offered_erlangs)
    _check_time("holding time", holding_s)
    if offered_erlangs >= servers:
        raise TheoryError(
            f"{offered_erlangs} erlangs offered to {servers} servers: the queue never ends"
        )
    lost = erlang_b(servers, offered_erlangs)
    spare = servers - offered_erlangs
    waits = servers * lost / (spare + offered_erlangs * lost)
    return ErlangC(
        servers=servers,
        offered_erlangs=offered_erlangs,
        holding_s=holding_s,
        wait_probability=waits,
        mean_wait_s=waits * holding_s / spare,
        mean_queue=waits * offered_erlangs / spare,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ErlangA:
    """A delay system whose calls leave when their patience ends (M/M/c+M)."""

    wait_probability: float
    abandoned: float
    """The share of all calls that leave unserved."""
    mean_wait_s: float
    """Of all calls, served or not."""
    mean_queue: float


def erlang_a(servers: int, offered_erlangs: float, holding_s: float, patience_s: float) -> ErlangA:
    """Exponential patience of mean `patience_s`. There is a steady state at any load.

    The chain of the number of calls is summed outwards from the full group, each state's
    probability relative to that one.
    """
    _check(servers, offered_erlangs)
    _check_time("holding time", holding_s)
    _check_time("patience", patience_s)
    lost = erlang_b(servers, offered_erlangs)
    if lost == 0:
        return ErlangA(wait_probability=0.0, abandoned=0.0, mean_wait_s=0.0, mean_queue=0.0)
    up_to_full = 1 / lost
    leaving = holding_s / patience_s
    weight, full, queue, waiting = 1.0, 1.0, 0.0, 0
    while weight > TAIL_TOLERANCE * full and waiting < TERMS_LIMIT:
        waiting += 1
        weight *= offered_erlangs / (servers + waiting * leaving)
        full += weight
        queue += waiting * weight
    total = up_to_full - 1 + full
    mean_queue = queue / total
    mean_wait_s = mean_queue * holding_s / offered_erlangs
    return ErlangA(
        wait_probability=full / total,
        abandoned=mean_wait_s / patience_s,
        mean_wait_s=mean_wait_s,
        mean_queue=mean_queue,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class FiniteQueue:
    """A delay system with room for so many (M/M/c/K)."""

    blocking: float
    mean_queue: float
    mean_wait_s: float
    """Of the calls that were let in."""


def finite_queue(
    servers: int, room: int, offered_erlangs: float, holding_s: float = 1.0
) -> FiniteQueue:
    """`room` calls in all, waiting ones among them; without waiting room this is Erlang-B."""
    _check(servers, offered_erlangs)
    _check_time("holding time", holding_s)
    if room < servers:
        raise TheoryError(f"room for {room} calls and {servers} servers: room for each expected")
    if offered_erlangs == 0:
        return FiniteQueue(blocking=0.0, mean_queue=0.0, mean_wait_s=0.0)
    lost = erlang_b(servers, offered_erlangs)
    step = offered_erlangs / servers
    weight, full, queue = 1.0, 1.0, 0.0
    for waiting in range(1, room - servers + 1):
        weight *= step
        full += weight
        queue += waiting * weight
    total = 1 / lost - 1 + full
    blocking = weight / total
    mean_queue = queue / total
    entering = offered_erlangs / holding_s * (1 - blocking)
    return FiniteQueue(blocking=blocking, mean_queue=mean_queue, mean_wait_s=mean_queue / entering)


@dataclass(frozen=True, slots=True, kw_only=True)
class Engset:
    """A loss system with few sources; each asks at its rate only while it is idle."""

    time_congestion: float
    """The share of time in which every server is taken."""
    call_congestion: float
    """The share of calls lost: what an arriving call meets, one source being idle."""


def engset(servers: int, sources: int, idle_source_erlangs: float) -> Engset:
    """`idle_source_erlangs` is an idle source's calling rate times the mean holding time.

    With no more sources than servers nothing is ever lost, yet all may be taken.
    """
    _check(servers, idle_source_erlangs)
    if sources < 1:
        raise TheoryError(f"{sources} sources: at least 1 was expected")
    return Engset(
        time_congestion=_all_taken(servers, sources, idle_source_erlangs),
        call_congestion=_all_taken(servers, sources - 1, idle_source_erlangs),
    )


def _all_taken(servers: int, sources: int, idle_source_erlangs: float) -> float:
    """The probability that `sources` hold every server (truncated binomial distribution)."""
    if sources < servers:
        return 0.0
    taken = 1.0
    for server in range(1, servers + 1):
        offered = (sources - server + 1) * idle_source_erlangs * taken
        taken = offered / (server + offered)
    return taken
