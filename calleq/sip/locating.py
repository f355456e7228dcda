"""Where a SIP URI is reached (RFC 3263): which questions to the DNS, and what comes of them.

Owns the procedure and asks nothing itself: `locate` is a generator that yields one question at a
time and is sent the records; it returns targets, best first, for the owner to try in turn. Order
among SRV records of one priority is drawn by weight (RFC 2782).

Odd cases: an address or a port in the URI needs no NAPTR or SRV; `maddr` stands for the host; sips
never comes to anything but TLS; an SRV record whose target is `.` says that there is no service.
"""

import ipaddress
from collections.abc import Callable, Generator, Sequence
from enum import Enum, auto
from functools import lru_cache

import msgspec

from calleq.sip.bounds import REMEMBERED_LIMIT
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri

RECORDS_LIMIT = 16
"""Records of one answer that are looked at."""
TARGETS_LIMIT = 32
DEFAULT_PORTS = {"UDP": 5_060, "TCP": 5_060, "TLS": 5_061}
SERVICES = {"SIPS+D2T": "TLS", "SIP+D2T": "TCP", "SIP+D2U": "UDP"}
PREFIXES = {"TLS": "_sips._tcp.", "TCP": "_sip._tcp.", "UDP": "_sip._udp."}


class Kind(Enum):
    """What is asked of the DNS."""

    NAPTR = auto()
    SRV = auto()
    ADDRESS = auto()
    """A and AAAA."""


class Question(msgspec.Struct, frozen=True):
    """One question."""

    kind: Kind
    name: str


class Naptr(msgspec.Struct, frozen=True):
    """Which services a domain has (RFC 3403)."""

    order: int
    preference: int
    flags: str
    service: str
    replacement: str


class Srv(msgspec.Struct, frozen=True):
    """Which hosts offer a service (RFC 2782)."""

    priority: int
    weight: int
    port: int
    host: str


Record = Naptr | Srv | str
"""A str is an address."""
Locating = Generator[Question, Sequence[Record], list[Target]]


def locate(
    uri: SipUri,
    draw: Callable[[], float],
    transports: Sequence[str] = ("UDP", "TCP", "TLS"),
) -> Locating:
    """Where to send a request for the URI; `transports` are those we speak, as we like them.

    `draw` is at random, 0 to 1. Empty where there is nothing we can reach.
    """
    asked = (uri.parameter("transport") or "").upper()
    spoken = [t for t in transports if not uri.secure or t == "TLS"]
    host = (uri.parameter("maddr") or uri.host).strip("[]")
    if uri.secure and asked == "TCP":
        asked = "TLS"
    if asked:
        spoken = [t for t in spoken if t == asked]
    if not spoken:
        return []
    usual = "TLS" if uri.secure else "UDP"
    transport = asked or (usual if usual in spoken else spoken[0])
    if is_address(host):
        return [Target(host, uri.port or DEFAULT_PORTS[transport], transport)]
    if uri.port is not None:
        return (yield from _addresses([(host, uri.port, transport)]))
    services = [(t, PREFIXES[t] + host) for t in spoken]
    if not asked:
        found = yield Question(Kind.NAPTR, host)
        services = _services(found, spoken) or services
    hosts: list[tuple[str, int, str]] = []
    for kind, name in services:
        records = yield Question(Kind.SRV, name)
        hosts += [(r.host, r.port, kind) for r in _in_order(records, draw)]
    if not hosts:
        hosts = [(host, DEFAULT_PORTS[transport], transport)]
    return (yield from _addresses(hosts))


@lru_cache(REMEMBERED_LIMIT)
def is_address(host: str) -> bool:
    """Whether a host is an address, and no name."""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _services(records: Sequence[Record], spoken: Sequence[str]) -> list[tuple[str, str]]:
    """Transport and name of each service that we speak, in the domain's order (§4.1)."""
    known = [
        record
        for record in records[:RECORDS_LIMIT]
        if isinstance(record, Naptr)
        and record.flags.lower() == "s"
        and SERVICES.get(record.service.upper()) in spoken
    ]
    known.sort(key=lambda record: (record.order, record.preference))
    return [(SERVICES[record.service.upper()], record.replacement) for record in known]


def _in_order(records: Sequence[Record], draw: Callable[[], float]) -> list[Srv]:
    """By priority, and within one drawn by weight."""
    left = [r for r in records[:RECORDS_LIMIT] if isinstance(r, Srv) and r.host.strip(".")]
    left.sort(key=lambda record: (record.priority, record.weight))
    ordered = []
    while left:
        first = [record for record in left if record.priority == left[0].priority]
        mark = draw() * sum(record.weight for record in first)
        chosen = first[-1]
        for record in first:
            mark -= record.weight
            if mark <= 0:
                chosen = record
                break
        ordered.append(chosen)
        left.remove(chosen)
    return ordered


def _addresses(hosts: Sequence[tuple[str, int, str]]) -> Locating:
    targets: list[Target] = []
    for host, port, transport in hosts:
        found: Sequence[Record] = (host,)
        if not is_address(host):
            found = yield Question(Kind.ADDRESS, host.rstrip("."))
        targets += [Target(a, port, transport) for a in found[:RECORDS_LIMIT] if isinstance(a, str)]
        if len(targets) >= TARGETS_LIMIT:
            break
    return targets[:TARGETS_LIMIT]
