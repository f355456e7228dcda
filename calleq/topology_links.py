"""Whether what a topology says of a signalling link's wire and timers makes sense.

Owns the checks of those keys, and of the codes of links between the same two nodes; where a link
leads is `topology_checks` and `topology_foreign`'s.
Errors are TopologyError and begin with the key.
"""

import ipaddress
import math

from calleq.topology_types import LINK_TIMERS, SignallingLink, TopologyError

DELAY_LIMIT_US = 10_000_000
"""No wire is longer than this; a longer delay is a slip of the unit."""
TIMER_LIMIT_S = 600.0
T7_LEAST_S = 0.5
"""An acknowledgement may wait 0.3 s at the far end (Q.703 §12.3 has the same least value)."""

LINKS_LIMIT = 16
"""Links between two nodes (Q.704 §2.3.1), and so codes."""

_PROBABILITIES = ("loss", "damage", "doubling", "reordering")


def check_codes(links: tuple[SignallingLink, ...]) -> None:
    """Raise TopologyError, naming the key, where two links between the same nodes have one code."""
    taken: dict[tuple[frozenset[str], int], int] = {}
    first: dict[frozenset[str], SignallingLink] = {}
    for index, link in enumerate(links):
        if not 0 <= link.slc < LINKS_LIMIT:
            raise TopologyError(
                f"links[{index}].slc: {link.slc}: a signalling link code, 0 to {LINKS_LIMIT - 1},"
                " expected"
            )
        pair = frozenset(link.ends)
        other = taken.setdefault((pair, link.slc), index)
        if other != index:
            raise TopologyError(
                f"links[{index}].slc: {link.slc}: links[{other}] between {link.ends[0]} and"
                f" {link.ends[1]} has it already; a code of its own, 0 to {LINKS_LIMIT - 1},"
                " expected"
            )
        if first.setdefault(pair, link).ends != link.ends:
            raise TopologyError(
                f"links[{index}].ends: in the order of the other link between them expected:"
                f" {list(first[pair].ends)}"
            )


def check_wire(key: str, link: SignallingLink) -> None:
    """Raise TopologyError, naming the key, for a wire or timer that there cannot be."""
    check_delay(f"{key}.delay_us", link.delay_us)
    check_delay(f"{key}.jitter_us", link.jitter_us)
    for name in _PROBABILITIES:
        value = getattr(link, name)
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise TopologyError(f"{key}.{name}: {value}: a probability, 0 to 1, expected")
        if value and link.is_foreign:
            raise TopologyError(f"{key}.{name}: the wire to a foreign node is a real one")
    for name, seconds in link.timers.items():
        _check_timer(f"{key}.timers.{name}", name, seconds)
    if link.protocol != "m2pa" and (link.timers or link.remote or link.proving != "emergency"):
        raise TopologyError(f"{key}: timers, remote and proving belong to protocol m2pa")
    if link.remote:
        _check_remote(f"{key}.remote", link)


def check_delay(key: str, delay_us: int) -> None:
    """Raise TopologyError for a delay that no wire has."""
    if not 0 <= delay_us <= DELAY_LIMIT_US:
        raise TopologyError(f"{key}: {delay_us}: 0 to {DELAY_LIMIT_US} us expected")


def _check_timer(key: str, name: str, seconds: float) -> None:
    if name not in LINK_TIMERS:
        raise TopologyError(f"{key}: no such timer: one of {', '.join(LINK_TIMERS)} expected")
    least = T7_LEAST_S if name == "t7" else 0.001
    if not (math.isfinite(seconds) and least <= seconds <= TIMER_LIMIT_S):
        raise TopologyError(f"{key}: {seconds}: {least} to {TIMER_LIMIT_S} s expected")


def _check_remote(key: str, link: SignallingLink) -> None:
    if not link.listen:
        raise TopologyError(f"{key}: only where this end listens; nobody comes otherwise")
    try:
        ipaddress.ip_address(link.remote)
    except ValueError as error:
        raise TopologyError(
            f"{key}: {link.remote!r}: an IP address expected, since a connection shows no name"
        ) from error
