"""Where a SIP URI is reached, asked of the DNS (RFC 3263), by `twisted.names`.

Owns the asking that `sip.locating` leaves to its owner, and what was answered, for as long as the
answers say, within SHORTEST_S and LONGEST_S, at most CACHE_LIMIT of them. A question that is under
way is asked once, whoever else wants to know.

Odd cases: a name that does not exist and a server that does not answer come to the same, no
records, and are remembered for FAILED_S; where too much is under way, there are none either.
Addresses are those of IPv4, or where `ipv6` says so those of IPv6; never both, for a user agent has
one family.
"""

import ipaddress
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from twisted.internet.defer import Deferred
from twisted.names import client, dns, hosts, resolve
from twisted.python.failure import Failure

from calleq.runtime.clock import Clock
from calleq.sip.locating import Kind, Locating, Naptr, Question, Record, Srv, locate
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.units import SECOND_US

CACHE_LIMIT = 1_024
ASKING_LIMIT = 256
"""Questions under way at once."""
SHORTEST_S = 5
LONGEST_S = 3_600
FAILED_S = 15
TIMEOUTS_S = (1, 3)
"""After which a server is asked again, and given up."""
SYSTEM_FILE = "/etc/resolv.conf"

Told = Callable[[Sequence[Target]], object]
_Header = dns.RRHeader
Answer = tuple[Sequence[_Header], Sequence[_Header], Sequence[_Header]]
"""Answers, authorities and additional records."""


class Names(Protocol):
    """What is needed of a resolver of `twisted.names`."""

    def lookupNamingAuthorityPointer(  # noqa: N802
        self, name: str, timeout: Sequence[int] | None = None
    ) -> "Deferred[Answer]":
        """NAPTR."""

    def lookupService(  # noqa: N802
        self, name: str, timeout: Sequence[int] | None = None
    ) -> "Deferred[Answer]":
        """SRV."""

    def lookupAddress(  # noqa: N802
        self, name: str, timeout: Sequence[int] | None = None
    ) -> "Deferred[Answer]":
        """A."""

    def lookupIPV6Address(  # noqa: N802
        self, name: str, timeout: Sequence[int] | None = None
    ) -> "Deferred[Answer]":
        """AAAA."""


def system_names(reactor: object, servers: Sequence[tuple[str, int]] = ()) -> Names:
    """The machine's own: its file of hosts, then the servers it names, or those given."""
    make = cast(Callable[..., object], client.Resolver)
    chain = cast(Callable[[Sequence[object]], Names], resolve.ResolverChain)
    file = cast(Callable[[], object], hosts.Resolver)
    asked = make(resolv=None if servers else SYSTEM_FILE, servers=list(servers), reactor=reactor)
    return chain([file(), asked])


class Resolver:
    """Finds targets; fulfils `contract.Resolve`."""

    def __init__(
        self,
        names: Names,
        clock: Clock,
        draw: Callable[[], float],
        *,
        transports: Sequence[str] = ("UDP", "TCP", "TLS"),
        ipv6: bool = False,
    ) -> None:
        """`draw` is at random, 0 to 1."""
        self._names = names
        self._clock = clock
        self._draw = draw
        self._transports = transports
        self._ipv6 = ipv6
        self._known: dict[Question, tuple[int, tuple[Record, ...]]] = {}
        """Until when, and what."""
        self._under_way: dict[Question, list[Callable[[Sequence[Record]], None]]] = {}
        self.asked = 0
        """Questions that went out."""

    def __call__(self, uri: SipUri, told: Told) -> None:
        """Tell where the URI is reached, best first; at once where it is known."""
        locating = locate(uri, self._draw, self._transports)
        try:
            question = next(locating)
        except StopIteration as found:
            told(found.value)
        else:
            self._find(question, locating, told)

    def _find(self, question: Question, locating: Locating, told: Told) -> None:
        def answered(records: Sequence[Record]) -> None:
            try:
                following = locating.send(records)
            except StopIteration as found:
                told(found.value)
            else:
                self._find(following, locating, told)

        self._ask(question, answered)

    def _ask(self, question: Question, answered: Callable[[Sequence[Record]], None]) -> None:
        known = self._known.get(question)
        if known is not None and known[0] > self._clock.monotonic_us():
            answered(known[1])
            return
        if question in self._under_way:
            self._under_way[question].append(answered)
            return
        if len(self._under_way) >= ASKING_LIMIT:
            answered(())
            return
        self._under_way[question] = [answered]
        self.asked += 1
        names, name = self._names, question.name
        match question.kind:
            case Kind.NAPTR:
                under_way = names.lookupNamingAuthorityPointer(name, TIMEOUTS_S)
            case Kind.SRV:
                under_way = names.lookupService(name, TIMEOUTS_S)
            case Kind.ADDRESS if self._ipv6:
                under_way = names.lookupIPV6Address(name, TIMEOUTS_S)
            case Kind.ADDRESS:
                under_way = names.lookupAddress(name, TIMEOUTS_S)
        under_way.addCallbacks(
            self._came, self._failed, callbackArgs=(question,), errbackArgs=(question,)
        )

    def _came(self, answer: Answer, question: Question) -> None:
        records: list[Record] = []
        life_s = LONGEST_S
        for header in answer[0]:
            record = _record(header.payload)
            if record is not None:
                records.append(record)
                life_s = min(life_s, header.ttl or 0)
        self._learn(question, tuple(records), max(life_s, SHORTEST_S) if records else FAILED_S)

    def _failed(self, failure: Failure, question: Question) -> None:
        self._learn(question, (), FAILED_S)

    def _learn(self, question: Question, records: tuple[Record, ...], life_s: int) -> None:
        if len(self._known) >= CACHE_LIMIT:
            del self._known[next(iter(self._known))]
        self._known[question] = (self._clock.monotonic_us() + life_s * SECOND_US, records)
        for answered in self._under_way.pop(question, ()):
            answered(records)


def _record(payload: object) -> Record | None:
    """What a record says; None where it is of another kind (CNAME on the way to an address)."""
    match payload:
        case dns.Record_A():
            return str(ipaddress.IPv4Address(payload.address))
        case dns.Record_AAAA():
            return str(ipaddress.IPv6Address(payload.address))
        case dns.Record_SRV():
            host = payload.target.name.decode("ascii", "replace")
            return Srv(payload.priority, payload.weight, payload.port, host)
        case dns.Record_NAPTR():
            return Naptr(
                payload.order,
                payload.preference,
                payload.flags.string.decode("ascii", "replace"),
                payload.service.string.decode("ascii", "replace"),
                payload.replacement.name.decode("ascii", "replace"),
            )
        case _:
            return None
