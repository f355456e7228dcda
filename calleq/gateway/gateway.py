"""The gateway of one switch: its lines and trunks at one side, SIP at the other.

A telephone that speaks SIP is at the far end of a subscriber line, another system at the far end of
a primary rate access: the switch speaks Q.931 with either, over the line plant, as with a simulated
telephone. Owns the calls between the two, by call reference and by handle, the user agent they
share, and the rules of admission: a line calls by the digest of its password, always as its own
number; a trunk by where its invitations come from, or by digest.

What it refuses. Octets of the switch that are no line message (`malformed`), and messages of calls
that do not exist (81, Q.931 §5.8.3.2). Of SIP: invitations of nobody we know (401), to what is no
number (404), without voice that we speak (488), where every channel of a trunk is in use or no port
is free (503). The user agent answers what is no call.

Everything runs on the clock given; messages leave after each thing that happened, in order.
"""

from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from calleq.causes import Q850
from calleq.gateway.call import GatewayCall
from calleq.gateway.composing import Composer
from calleq.gateway.contract import Resolve, SipElement, SipTransport
from calleq.gateway.invitations import Invitations
from calleq.gateway.means import LineCall, Means
from calleq.gateway.subscribers import Subscribers
from calleq.gateway.timer import AgentTimer
from calleq.gateway.trunks import Trunk, resolve_addresses, trunks_of
from calleq.gateway.voice import CallVoice
from calleq.gateway.vouching import Vouching
from calleq.gateway.watch import TrunkWatch
from calleq.gateway.way import Destination, Kind, Way, is_broken
from calleq.lines.contract import LinePlant
from calleq.lines.messages import (
    LineError,
    LineMessage,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.lines.q931 import decode, encode
from calleq.media.contract import channel_wire
from calleq.media.ports import PortEvent, Ports
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Segment, Tap
from calleq.sip import events as sip
from calleq.sip.flood import Sources
from calleq.sip.transaction import Target
from calleq.sip.uri import host_of
from calleq.sip.user_agent import UserAgent
from calleq.topology import HomeSwitches, Line, Topology

REGISTER = "REGISTER"
NAMES_LIMIT = 10_000
ANYWHERE = ("0.0.0.0", "::")
"""Listening at every address is no address to be found at."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a gateway stands on."""

    lines: LinePlant
    ports: Ports
    clock: Clock
    tap: Tap
    transport: SipTransport
    random_bits: Callable[[int], int]
    secret: bytes
    """At least 16 random bytes of this process: they sign what callers are asked to prove."""
    resolve: Resolve = resolve_addresses


def element_of(switch: str) -> str:
    """The gateway of a switch, as an element of the voice plane."""
    return f"sip:{switch}"


class Gateway:
    """One gateway at work, from `start` on."""

    def __init__(
        self, topology: Topology, switch: SipElement, ground: Ground, voip: Trunk | None = None
    ) -> None:
        """`switch` has `sip`; its lines and trunks that are of SIP are this gateway's. `voip` is
        the way to SIP URIs of equipment that dials such. Raises SipError for a file of a trunk
        that is no key or certificate."""
        access = switch.sip
        assert access is not None, "only switches with sip have a gateway"
        self.name = switch.name
        self.element = element_of(switch.name)
        host = access.listen.rpartition(":")[0]
        self.domain = access.domain or host
        self._encrypts = access.srtp
        self.media_host = access.media_host or host.strip("[]")
        self.malformed = 0
        """Octet strings of the switch that were no line message."""
        self._ground = ground
        self.trunks = trunks_of(topology.sip_trunks, switch.name, self.domain)
        self.sources = Sources(is_trusted=self._is_peer)
        provisioned = [one.trunk for one in self.trunks.values()]
        self.subscribers = Subscribers(
            _lines_of(topology, switch.name),
            self.domain,
            ground.secret,
            access.digests,
            self.sources,
            provisioned,
        )
        if voip is not None:
            self.trunks[voip.name] = voip
        self._sought: set[tuple[str, int]] = set()
        """Line and reference of calls of the switch whose way is being looked for."""
        self.agent = UserAgent(
            contact=self._contact,
            random=ground.random_bits,
            handed=frozenset((REGISTER,)),
        )
        origin = UUID(int=ground.random_bits(128), version=4)
        vouching = Vouching(provisioned, origin)
        composer = Composer(self.domain, self.trunks, vouching, ground.random_bits, ground.clock)
        self._calls: dict[tuple[str, bool, int], GatewayCall] = {}
        """By line, who chose the reference, and the reference."""
        self._by_handle: dict[int, LineCall] = {}
        self._by_wire: dict[str, GatewayCall] = {}
        self._named: dict[Target, tuple[str, str]] = {}
        """What taps call the link to an address, and the address."""
        self._timer = AgentTimer(self.agent, ground.clock, self.flush)
        self._flushing = False
        self._means = Means(
            agent=self.agent,
            clock=ground.clock,
            send=self._to_switch,
            compose=composer.compose,
            bind=self._by_handle.__setitem__,
            unbind=lambda handle: self._by_handle.pop(handle, None),
            failed=self._destination_failed,
            ended=self.ended,
            flush=self.flush,
        )
        code = topology.country_code
        self._invitations = Invitations(
            self._means, self.subscribers, self.trunks, vouching, code, self
        )
        self.watch = TrunkWatch(self.agent, self.trunks, ground.clock, self.flush)

    def start(self) -> None:
        """Listen, and connect to the switch: telephones may register from now on."""
        ground = self._ground
        ground.transport.start(self._arrived, self._transport_failed)
        ground.ports.open_ports(self.element, self.media_host)
        if any(trunk.trunk.shared_ports for trunk in self.trunks.values()):
            ground.ports.open_ports(self.element, self.media_host, shared=True)
        ground.ports.on_port_event(self.element, self._port_event)
        for name in (*self.subscribers.numbers, *self.trunks):
            ground.lines.plug_in(self.name, name, self._receiver(name))
        self.watch.start(ground.resolve)
        self.flush()

    def stop(self) -> None:
        """The process is about to end: parties are let go, trunks told; the switch is told nothing,
        since its next life closes what this one left open."""
        for call in list(self._calls.values()):
            call.abandon()
        self.watch.stop()
        self.flush()

    def lines_lost(self) -> None:
        """The wires to the switch broke: every call on them is over."""
        for call in list(self._calls.values()):
            call.received(ReleaseComplete(call.reference, Q850.OUT_OF_ORDER, not call.by_switch))
        self.flush()

    def is_in_use(self, line: str, reference: int) -> bool:
        """Whether a call of the line's own has that reference."""
        return (line, False, reference) in self._calls

    def calls_on(self, line: str) -> int:
        """How many calls a line or trunk has now."""
        return sum(1 for name, _, _ in self._calls if name == line)

    @property
    def calls_in_progress(self) -> int:
        """Calls whose reference is not free yet."""
        return len(self._calls)

    # SIP: in, out, timers.

    def _contact(self, target: Target) -> str:
        host, port = self._near(target.transport)
        scheme = "sips" if target.transport == "TLS" else "sip"
        tail = ";transport=tcp" if target.transport == "TCP" else ""
        return f"{scheme}:{self.name}@{host_of(host)}:{port}{tail}"

    def _near(self, transport: str) -> tuple[str, int]:
        """Where others find us by that transport."""
        host, port = self._ground.transport.address(transport)
        return (self.media_host if host in ANYWHERE else host), port

    def _is_peer(self, host: str) -> bool:
        """Whether a trunk's calls come from there: they are not counted as anybody's."""
        return any(trunk.is_at(host) for trunk in self.trunks.values())

    def _arrived(self, octets: bytes, source: Target) -> None:
        refused = self.sources.judge(octets, source, self.now_us())
        if refused is not None:
            if refused:
                self._ground.transport.send(source, refused)
            return
        self._show(octets, source, incoming=True)
        self.agent.receive(octets, source, self.now_us())
        self.flush()

    def _transport_failed(self, target: Target) -> None:
        self.agent.transport_failed(target, self.now_us())
        self.flush()

    def _show(self, octets: bytes, far: Target, *, incoming: bool) -> None:
        named = self._named.get(far)
        if named is None:
            if len(self._named) >= NAMES_LIMIT:
                self._named.clear()
            host, port = self._near(far.transport)
            end = f"{far.host}:{far.port}"
            named = (f"sip:{self.name} {far.transport} {host}:{port} {end}", end)
            self._named[far] = named
        link, end = named
        sender, receiver = (end, self.name) if incoming else (self.name, end)
        ground = self._ground
        ground.tap.saw(Segment.SIP, link, sender, receiver, octets, ground.clock.now_us())

    def flush(self) -> None:
        """Take every event, send what is to be sent, and set the timer for what is next."""
        if self._flushing:
            return
        self._flushing = True
        agent = self.agent
        try:
            while (event := agent.next_event()) is not None:
                self._happened(event)
            for target, octets in agent.data_to_send():
                self._show(octets, target, incoming=False)
                self._ground.transport.send(target, octets)
        finally:
            self._flushing = False
        self._timer.set()

    def now_us(self) -> int:
        """The time that registrations and timers go by."""
        return self._ground.clock.monotonic_us()

    def _happened(self, event: sip.Event) -> None:
        match event:
            case sip.Invited():
                self._invitations.take(event)
            case sip.Requested(key, request, source):
                reply = self.subscribers.register(request, source, self.now_us())
                self.agent.reply(key, reply.status, self.now_us(), fields=reply.fields)
            case sip.Replied() | sip.Registered() | sip.RegistrationFailed():
                self.watch.happened(event)
            case _:
                call = self._by_handle.get(event.call)
                if call is not None:
                    call.came(event)

    # The switch.

    def _receiver(self, name: str) -> Callable[[bytes], None]:
        def receive(octets: bytes) -> None:
            try:
                message = decode(octets)
            except LineError:
                self.malformed += 1
                return
            self._from_switch(name, message)
            self.flush()

        return receive

    def _from_switch(self, line: str, message: LineMessage) -> None:
        by_switch = not message.to_originator if not isinstance(message, Setup) else True
        call = self._calls.get((line, by_switch, message.reference))
        if call is not None:
            call.received(message)
        elif isinstance(message, Setup):
            if (line, message.reference) not in self._sought:  # else it is repeated
                self._sought.add((line, message.reference))
                self._seek(line, message)
        else:
            self._sought.discard((line, message.reference))
            if not isinstance(message, ReleaseComplete):
                cause = Q850.NORMAL if isinstance(message, Release) else Q850.INVALID_REFERENCE
                refusal = ReleaseComplete(message.reference, cause, not message.to_originator)
                self._to_switch(line, refusal)

    def _to_switch(self, line: str, message: LineMessage) -> None:
        self._ground.lines.to_switch(self.name, line, encode(message))

    def _seek(self, line: str, setup: Setup) -> None:
        """The switch has a call for a telephone, or for what lies behind a trunk: find the way."""
        trunk = self.trunks.get(line)
        if trunk is None:
            self._found(line, setup, self.subscribers.way(line, self.now_us()))
        else:
            resolve = self._ground.resolve
            trunk.find(setup.called, resolve, lambda way: self._found(line, setup, way))

    def _found(self, line: str, setup: Setup, way: Way) -> None:
        if (line, setup.reference) not in self._sought:
            return  # the switch has given it up meanwhile
        self._sought.discard((line, setup.reference))
        self._offered(line, setup, way)
        self.flush()

    def _offered(self, line: str, setup: Setup, way: Way) -> None:
        trunk = self.trunks.get(line)
        cause = _cause_of_no_way(trunk, setup.called) if not way else None
        call = None
        if cause is None:
            kind = Kind.TELEPHONE if trunk is None else Kind.TRUNK
            call = self.new_call(kind, line, setup, by_switch=True)
            if call is None:
                cause = Q850.RESOURCE_UNAVAILABLE
        if call is None:
            self._to_switch(line, ReleaseComplete(setup.reference, int(cause or 0), True))
            return
        call.call(way)

    def new_call(
        self, kind: Kind, line: str, setup: Setup, *, by_switch: bool
    ) -> GatewayCall | None:
        """A call with a port at the end of its wire; None where no port is free."""
        wire = channel_wire(line, setup.reference, by_switch)
        ground = self._ground
        trunk = self.trunks.get(line)
        voice = CallVoice(
            ground.ports,
            self.element,
            wire,
            ground.random_bits,
            encrypts=self._encrypts,
            shared=trunk is not None and trunk.trunk.shared_ports,
        )
        if not voice.take():
            return None
        call = GatewayCall(self._means, kind, setup, line, voice, by_switch=by_switch)
        self._calls[line, by_switch, setup.reference] = call
        self._by_wire[wire] = call
        return call

    def _destination_failed(
        self, call: LineCall, destination: Destination, failed: sip.Failed
    ) -> None:
        trunk = self.trunks.get(call.line)
        if trunk is not None and is_broken(failed):
            self.watch.peer_failed(trunk, destination.peer)

    def ended(self, call: LineCall) -> None:
        """The call reference is free again."""
        self._calls.pop((call.line, call.by_switch, call.reference), None)
        self._by_wire.pop(call.voice.wire, None)

    def _port_event(self, wire: str, event: PortEvent) -> None:
        call = self._by_wire.get(wire)
        if call is not None:
            call.port_event(event)


def _lines_of(topology: Topology, switch: str) -> list[Line]:
    """The lines of a switch whose telephones are real."""
    homes = HomeSwitches(topology)
    return [
        line
        for line in topology.lines
        if line.access != "simulated" and homes.of(line.number) == switch
    ]


def _cause_of_no_way(trunk: Trunk | None, called: str) -> Q850:
    if trunk is None:
        return Q850.SUBSCRIBER_ABSENT
    return Q850.REJECTED if trunk.is_forbidden(called) else Q850.OUT_OF_ORDER
