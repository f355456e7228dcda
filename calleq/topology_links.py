"""Whether the links and trunks of a topology make a signalling network.

Owns the checks of `links` and `foreign_nodes` and of what trunk groups need of them; the rest is
`topology_checks`'s. Errors are TopologyError and begin with the key.
"""

import ipaddress
import math
import re

from calleq.topology_types import (
    LINK_TIMERS,
    SignallingLink,
    Topology,
    TopologyError,
)

DELAY_LIMIT_US = 10_000_000
"""No wire is longer than this; a longer delay is a slip of the unit."""
TIMER_LIMIT_S = 600.0
T7_LEAST_S = 0.5
"""An acknowledgement may wait 0.3 s at the far end (Q.703 §12.3 has the same least value)."""
PORT_LIMIT = 65_535

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_PROBABILITIES = ("loss", "damage", "doubling", "reordering")


def check_link(key: str, link: SignallingLink, foreign: frozenset[str]) -> None:
    """Whether one link's own values make sense; `foreign` has the names of foreign nodes."""
    check_delay(f"{key}.delay_us", link.delay_us)
    check_delay(f"{key}.jitter_us", link.jitter_us)
    for name in _PROBABILITIES:
        value = getattr(link, name)
        if not (math.isfinite(value) and 0 <= value <= 1):
            raise TopologyError(f"{key}.{name}: {value}: a probability, 0 to 1, expected")
    for name, seconds in link.timers.items():
        _check_timer(f"{key}.timers.{name}", name, seconds)
    abroad = [end for end in link.ends if end in foreign]
    if len(abroad) == 2:
        raise TopologyError(f"{key}.ends: both are foreign nodes; one end of this network expected")
    if abroad:
        _check_address(key, link, abroad[0])
    elif link.is_foreign or link.remote:
        name = next(name for name in ("connect", "listen", "remote") if getattr(link, name))
        raise TopologyError(f"{key}.{name}: only a link to a foreign node has an address here")


def check_ways(topology: Topology) -> None:
    """Whether the two ends of each trunk group to a foreign node can signal to each other."""
    linked = {frozenset(link.ends) for link in topology.links}
    relays = [point.name for point in topology.transfer_points]
    abroad = {node.name for node in topology.foreign_nodes}
    for index, group in enumerate(topology.trunks):
        if abroad.isdisjoint(group.ends) or frozenset(group.ends) in linked:
            continue
        one, other = group.ends
        if not any(
            frozenset((one, relay)) in linked and frozenset((relay, other)) in linked
            for relay in relays
        ):
            raise TopologyError(
                f"trunks[{index}].ends: no signalling link joins {one} and {other}, nor does a"
                " transfer point that both are linked to"
            )


def check_prefixes_abroad(topology: Topology) -> None:
    """No two exchanges, here or abroad, have one prefix."""
    seen = {prefix: switch.name for switch in topology.switches for prefix in switch.prefixes}
    for index, node in enumerate(topology.foreign_nodes):
        for place, prefix in enumerate(node.prefixes):
            key = f"foreign_nodes[{index}].prefixes[{place}]"
            if not re.fullmatch(r"\+[0-9]{1,15}", prefix):
                raise TopologyError(
                    f"{key}: {prefix!r} is no prefix: + and 1 to 15 digits expected"
                )
            if prefix in seen:
                raise TopologyError(f"{key}: {prefix} belongs to {seen[prefix]} already")
            seen[prefix] = node.name


def check_delay(key: str, delay_us: int) -> None:
    """A delay of a wire."""
    if not 0 <= delay_us <= DELAY_LIMIT_US:
        raise TopologyError(f"{key}: {delay_us}: 0 to {DELAY_LIMIT_US} us expected")


def is_host(text: str) -> bool:
    """Whether this is a host name or an address."""
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def is_port(text: str) -> bool:
    """Whether this is a port number."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= PORT_LIMIT


def host_and_port(text: str) -> tuple[str, int]:
    """Host and port of a checked `HOST:PORT`."""
    host, _, port = text.rpartition(":")
    return host, int(port)


def _check_timer(key: str, name: str, seconds: float) -> None:
    if name not in LINK_TIMERS:
        raise TopologyError(f"{key}: no such timer: one of {', '.join(LINK_TIMERS)} expected")
    least = T7_LEAST_S if name == "t7" else 0.001
    if not (math.isfinite(seconds) and least <= seconds <= TIMER_LIMIT_S):
        raise TopologyError(f"{key}: {seconds}: {least} to {TIMER_LIMIT_S} s expected")


def _check_address(key: str, link: SignallingLink, node: str) -> None:
    if bool(link.connect) == bool(link.listen):
        raise TopologyError(
            f"{key}.connect: {node} is a foreign node: either connect or listen is expected"
        )
    name = "connect" if link.connect else "listen"
    address = link.connect or link.listen
    host, colon, port = address.rpartition(":")
    if not colon or not is_host(host) or not is_port(port) or int(port) == 0:
        raise TopologyError(
            f"{key}.{name}: {address!r}: HOST:PORT expected, such as 127.0.0.1:3565"
        )
    if link.remote and link.connect:
        raise TopologyError(f"{key}.remote: only with listen; connect names the address already")
    if link.remote:
        try:
            ipaddress.ip_address(link.remote)
        except ValueError as error:
            raise TopologyError(
                f"{key}.remote: {link.remote!r}: an IP address expected, since a connection shows"
                " no name"
            ) from error
