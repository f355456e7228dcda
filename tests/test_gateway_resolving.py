"""Where a SIP URI is reached: a name server of the test's own, asked by `twisted.names`."""

import asyncio

from twisted.internet.defer import Deferred
from twisted.names import dns, server
from twisted.names.authority import FileAuthority
from twisted.names.common import ResolverBase

from calleq.gateway.resolving import (
    ASKING_LIMIT,
    CACHE_LIMIT,
    FAILED_S,
    Resolver,
    system_names,
)
from calleq.runtime.clock import VirtualClock
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri, parse_uri
from calleq.units import SECOND_US
from tests.sip_sockets import free_port, ground

TTL_S = 60


class Zone(FileAuthority):
    """A zone in memory."""

    def __init__(self) -> None:
        ResolverBase.__init__(self)
        soa = dns.Record_SOA("ns.bell.example", "root.bell.example", 1, 60, 60, 60, 60, ttl=TTL_S)
        records: dict[str, list[object]] = {
            "bell.example": [
                soa,
                dns.Record_NAPTR(
                    20, 1, b"s", b"SIP+D2U", b"", b"_sip._udp.bell.example", ttl=TTL_S
                ),
                dns.Record_NAPTR(
                    10, 1, b"s", b"SIP+D2T", b"", b"_sip._tcp.bell.example", ttl=TTL_S
                ),
            ],
            "_sip._udp.bell.example": [dns.Record_SRV(1, 0, 5062, b"one.bell.example", ttl=TTL_S)],
            "_sip._tcp.bell.example": [
                dns.Record_SRV(2, 0, 5070, b"two.bell.example", ttl=TTL_S),
                dns.Record_SRV(1, 0, 5064, b"one.bell.example", ttl=TTL_S),
            ],
            "one.bell.example": [dns.Record_A("192.0.2.11", ttl=TTL_S)],
            "two.bell.example": [dns.Record_A("192.0.2.12", ttl=TTL_S)],
        }
        self.records = {name.encode(): found for name, found in records.items()}
        self.soa = (b"bell.example", soa)
        self._cache = {}

    def loadFile(self, filename: str) -> None:  # noqa: N802
        """There is none."""


def uri(text: str) -> SipUri:
    read = parse_uri(text)
    assert isinstance(read, SipUri)
    return read


def test_services_hosts_and_addresses_are_found_in_order_and_remembered():
    async def scene() -> None:
        async with ground() as (reactor, _):
            clock = VirtualClock()
            zone = Zone()
            port = free_port()
            protocol = dns.DNSDatagramProtocol(server.DNSServerFactory([zone]), reactor=reactor)
            listening = reactor.listenUDP(port, protocol, interface="127.0.0.1")
            resolver = Resolver(system_names(reactor, [("127.0.0.1", port)]), clock, lambda: 0.0)
            expected = [
                Target("192.0.2.11", 5064, "TCP"),
                Target("192.0.2.12", 5070, "TCP"),
                Target("192.0.2.11", 5062, "UDP"),
            ]
            for asked in (5, 5):
                found: asyncio.Future[list[Target]] = asyncio.get_running_loop().create_future()
                resolver(uri("sip:bell.example"), found.set_result)
                assert await asyncio.wait_for(found, 10) == expected
                assert resolver.asked == asked
            found = asyncio.get_running_loop().create_future()
            clock.advance_us((TTL_S + 1) * SECOND_US)
            resolver(uri("sip:two.bell.example:5099"), found.set_result)
            assert await asyncio.wait_for(found, 10) == [Target("192.0.2.12", 5099)]
            assert resolver.asked == 6, "an address is good for as long as it said"
            found = asyncio.get_running_loop().create_future()
            resolver(uri("sip:nobody.bell.example:5060"), found.set_result)
            assert await asyncio.wait_for(found, 10) == []
            listening.stopListening()

    asyncio.run(scene())


class Silent:
    """Names that answer when the test wants."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[object]] = []

    def _ask(self, name: str, timeout: object = None) -> "Deferred[object]":
        self.waiting.append(Deferred())
        return self.waiting[-1]

    lookupNamingAuthorityPointer = lookupService = lookupIPV6Address = lookupAddress = _ask  # noqa: N815


def told_of(resolver: Resolver, *names: str) -> list[list[Target]]:
    told: list[list[Target]] = []
    for name in names:
        resolver(uri(f"sip:{name}:5060"), lambda found: told.append(list(found)))
    return told


def test_one_question_is_asked_once_and_too_many_come_to_nothing():
    names = Silent()
    resolver = Resolver(names, VirtualClock(), lambda: 0.0)  # type: ignore[arg-type]
    told = told_of(resolver, "a.example", "a.example", "a.example")
    assert (len(names.waiting), told) == (1, [])
    record = dns.RRHeader(b"a.example", dns.A, payload=dns.Record_A("192.0.2.1", ttl=9))
    names.waiting[0].callback(([record], [], []))
    assert told == [[Target("192.0.2.1", 5060)]] * 3
    refused = told_of(resolver, *(f"h{index}.example" for index in range(ASKING_LIMIT + 5)))
    assert refused == [[]] * 5


def test_what_failed_is_remembered_shortly_and_the_cache_is_bounded():
    clock = VirtualClock()
    names = Silent()
    resolver = Resolver(names, clock, lambda: 0.0)  # type: ignore[arg-type]
    told = told_of(resolver, "a.example")
    names.waiting.pop().errback(RuntimeError("no such name"))
    assert told == [[]]
    assert told_of(resolver, "a.example") == [[]]
    assert names.waiting == []
    clock.advance_us(FAILED_S * SECOND_US)
    told_of(resolver, "a.example")
    assert len(names.waiting) == 1
    for index in range(2 * CACHE_LIMIT):
        told_of(resolver, f"h{index}.example")
        names.waiting.pop().errback(RuntimeError("no such name"))
    assert len(resolver._known) <= CACHE_LIMIT
