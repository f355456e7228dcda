"""What a signalling link must say when one of its ends is not ours, and when both are.

A link to a foreign node says where the two find each other; a link between our own nodes does not,
because `address_of` knows it. M3UA leads to foreign nodes only.
"""

import ipaddress
import re

from calleq.topology_types import SignallingLink, Topology, TopologyError

PORT_LIMIT = 65_535
CONTEXT_LIMIT = 0xFFFF_FFFF
PROCESSES_LIMIT = 16
"""Processes of a foreign node that a gateway has at one time."""

_HOST = re.compile(r"[A-Za-z0-9]([A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")


def check_link(key: str, link: SignallingLink, topology: Topology) -> None:
    """Raise TopologyError, naming the key, when a link says too much or too little."""
    foreign = topology.foreign()
    beyond = [end for end in link.ends if end in foreign]
    if not beyond:
        _check_own(key, link)
        return
    if len(beyond) == 2:
        raise TopologyError(f"{key}.ends: both are foreign; one end of our own expected")
    if bool(link.connect) == bool(link.listen):
        raise TopologyError(
            f"{key}: {beyond[0]} is foreign: either connect or listen expected, as HOST:PORT"
        )
    for name in ("connect", "listen"):
        address = getattr(link, name)
        host, colon, port = address.rpartition(":")
        if address and not (colon and is_host(host) and is_port(port)):
            raise TopologyError(f"{key}.{name}: {address!r}: HOST:PORT expected")
    _check_m3ua(key, link)


def _check_own(key: str, link: SignallingLink) -> None:
    for name in ("connect", "listen"):
        if getattr(link, name):
            raise TopologyError(f"{key}.{name}: both ends are ours; none expected")
    if link.protocol != "m2pa":
        raise TopologyError(f"{key}.protocol: both ends are ours: m2pa expected")


def _check_m3ua(key: str, link: SignallingLink) -> None:
    context = link.routing_context
    if link.protocol != "m3ua":
        if link.processes_needed != 1:
            raise TopologyError(f"{key}.processes_needed: belongs to protocol m3ua")
        if context is not None or link.register or link.traffic_mode or link.transport != "tcp":
            raise TopologyError(
                f"{key}: routing_context, register, traffic_mode and transport belong to protocol"
                " m3ua"
            )
        return
    if context is not None and not 0 <= context <= CONTEXT_LIMIT:
        raise TopologyError(f"{key}.routing_context: {context}: 0 to {CONTEXT_LIMIT} expected")
    if not 1 <= link.processes_needed <= PROCESSES_LIMIT:
        raise TopologyError(
            f"{key}.processes_needed: {link.processes_needed}: 1 to {PROCESSES_LIMIT} expected"
        )
    if link.role == "process":
        if link.register and context is not None:
            raise TopologyError(f"{key}.register: the routing context is given already")
    elif context is None or link.register:
        raise TopologyError(f"{key}: role {link.role} needs a routing_context and cannot register")


def is_host(text: str) -> bool:
    """Whether a text can be a host's name or address."""
    try:
        ipaddress.ip_address(text.removeprefix("[").removesuffix("]"))
    except ValueError:
        return _HOST.fullmatch(text) is not None
    return True


def is_port(text: str) -> bool:
    """Whether a text is a port, 0 (the system chooses) included."""
    return text.isascii() and text.isdigit() and len(text) <= 5 and int(text) <= PORT_LIMIT
