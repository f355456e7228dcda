"""SIP on the virtual clock: a network of datagrams, telephones of user agents, ports without voice.

`SipNet` carries messages between addresses, `delay_us` later, and can lose what somebody says.
`Telephone` is a user agent with a habit; it keeps what happened to it as words. `VirtualPorts`
gives ports that carry nothing, and remembers what was planned for each.
"""

import itertools
import random
from collections.abc import Callable

from calleq.gateway.contract import SipElement, SipTransport
from calleq.media.ports import PortAddress, PortEvent, PortPlan, Quality
from calleq.network_gateways import SipGround
from calleq.runtime.clock import Timer, VirtualClock
from calleq.sip import events as sip
from calleq.sip.digest import shared_secret
from calleq.sip.events import Binding, Credentials, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.guard import Admission, Guard
from calleq.sip.message import Request
from calleq.sip.negotiation import Local
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent
from calleq.units import MILLISECOND_US, SECOND_US

DELAY_US = MILLISECOND_US
QUALITY = Quality(received=250, lost=1, jitter_us=1_500, sent=250, r_factor=90.0, mos=4.3)


class SipNet:
    """Datagrams between addresses."""

    def __init__(self, clock: VirtualClock, delay_us: int = DELAY_US) -> None:
        self.clock = clock
        self.delay_us = delay_us
        self._receivers: dict[tuple[str, int], Callable[[bytes, Target], object]] = {}
        self.mute: set[tuple[str, int]] = set()
        """Whose messages are lost, in both directions."""
        self.passing: list[tuple[int, str, str, bytes]] = []
        """Instant, sender, receiver and octets of each message."""
        self.losing: Callable[[bytes], bool] = lambda octets: False
        """Whether a message is lost on the way."""

    def attach(self, host: str, port: int, receive: Callable[[bytes, Target], object]) -> None:
        """What comes to that address is received there."""
        self._receivers[host, port] = receive

    def detach(self, host: str, port: int) -> None:
        """Nobody is there any more."""
        self._receivers.pop((host, port), None)

    def send(self, source: tuple[str, int], target: Target, octets: bytes) -> None:
        """On its way."""
        names = (f"{source[0]}:{source[1]}", f"{target.host}:{target.port}")
        self.passing.append((self.clock.now_us(), *names, octets))
        if source in self.mute or (target.host, target.port) in self.mute or self.losing(octets):
            return
        self.clock.call_later_us(self.delay_us, self._arrive, source, target, octets)

    def _arrive(self, source: tuple[str, int], target: Target, octets: bytes) -> None:
        receive = self._receivers.get((target.host, target.port))
        if receive is not None:
            receive(octets, Target(source[0], source[1], target.transport))

    def transport(self, switch: SipElement) -> SipTransport:
        """The sockets of a switch's gateway."""
        assert switch.sip is not None
        host, _, port = switch.sip.listen.rpartition(":")
        return _Transport(self, host, int(port))

    def first_lines(self, word: bytes = b"") -> list[str]:
        """The first line of each message that holds the word, in order."""
        return [
            octets.partition(b"\r\n")[0].decode() for *_, octets in self.passing if word in octets
        ]


class _Transport:
    """One address of a net; fulfils `SipTransport`."""

    def __init__(self, net: SipNet, host: str, port: int) -> None:
        self._net = net
        self._where = (host, port)

    def start(
        self,
        receive: Callable[[bytes, Target], object],
        failed: Callable[[Target], object],
    ) -> None:
        self._net.attach(*self._where, receive)

    def send(self, target: Target, octets: bytes) -> None:
        self._net.send(self._where, target, octets)

    def address(self, transport: str) -> tuple[str, int]:
        return self._where


class VirtualPorts:
    """Ports that carry nothing; fulfils `Ports`."""

    def __init__(self, clock: VirtualClock, free: int = 1_000) -> None:
        self._clock = clock
        self._numbers = itertools.count(20_000, 2)
        self.free = free
        self.taken: dict[tuple[str, str], PortAddress] = {}
        self.shared: dict[str, PortAddress] = {}
        self.plans: list[tuple[str, str, PortPlan]] = []
        self.told: dict[str, Callable[[str, PortEvent], object]] = {}

    def open_ports(self, element: str, host: str, shared: bool = False) -> None:
        """They are always there; of shared ones there is one, where it was asked for."""
        if shared:
            self.shared[element] = PortAddress(host, next(self._numbers))

    def take_port(self, element: str, wire: str, shared: bool = False) -> PortAddress | None:
        if len(self.taken) >= self.free:
            return None
        assert (element, wire) not in self.taken, f"{wire} has a port"
        new = None if shared else PortAddress("127.0.0.1", next(self._numbers))
        address = self.taken[element, wire] = new or self.shared[element]
        return address

    def plan_port(self, element: str, wire: str, plan: PortPlan) -> None:
        assert (element, wire) in self.taken, f"{wire} has no port"
        self.plans.append((element, wire, plan))

    def close_port(self, element: str, wire: str, done: Callable[[Quality], object]) -> None:
        del self.taken[element, wire]
        self._clock.call_later_us(2 * MILLISECOND_US, done, QUALITY)

    def on_port_event(self, element: str, told: Callable[[str, PortEvent], object]) -> None:
        self.told[element] = told


class SipWorld:
    """What gateways stand on in simulated time."""

    def __init__(self, free_ports: int = 1_000) -> None:
        self.free_ports = free_ports
        self.net: SipNet
        self.ports: VirtualPorts

    def ground(self, clock: VirtualClock) -> SipGround:
        """For `VirtualNetwork`."""
        self.net = SipNet(clock)
        self.ports = VirtualPorts(clock, self.free_ports)
        return SipGround(ports=self.ports, transport=self.net.transport)


class Telephone:
    """A telephone, or another system, that speaks SIP; what it does is set by its attributes."""

    def __init__(
        self, net: SipNet, clock: VirtualClock, address: tuple[str, int], server: Target
    ) -> None:
        self.net = net
        self.clock = clock
        self.address = address
        self.server = server
        self.agent = UserAgent(
            contact=lambda target: f"sip:phone@{address[0]}:{address[1]}",
            random=random.Random(f"{address}").getrandbits,
            user_agent="telephone",
        )
        self.happened: list[str] = []
        """What it lived through, in words."""
        self.at_us: dict[str, int] = {}
        """When each of those words was said last."""
        self.events: list[sip.Event] = []
        self.calls: list[int] = []
        self.ring_after_us: int | None = 0
        self.answer_after_us: int | None = SECOND_US
        self.hang_up_after_us: int | None = None
        self.refuses: int | None = None
        self.asks_for: tuple[str, str, str] | None = None
        """Username, password and realm that whoever calls has to prove."""
        self.early = False
        """Lets the caller hear something before it answers."""
        self.local = Local(session_id=1, version=1, address=address[0], port=30_000)
        self.invited: list[sip.Invited] = []
        self.agreed: list[object] = []
        self._timer: Timer | None = None
        net.attach(*address, self._arrived)

    # What it does.

    def register(self, username: str, password: str, domain: str) -> int:
        """Register for its line."""
        binding = self.agent.register(
            Binding(
                registrar=SipUri(domain),
                address=NameAddress(SipUri(domain, username)),
                next_hop=self.server,
                credentials=Credentials(username, password),
            ),
            self._now_us(),
        )
        self.flush()
        return binding

    def dial(
        self,
        called: str,
        username: str,
        password: str = "",
        domain: str = "ssp-62.calleq.example",
        **fields: list[str],
    ) -> int:
        """Call a number."""
        caller = NameAddress(SipUri(domain, username))
        outgoing = Outgoing(
            target=SipUri(domain, called),
            to=NameAddress(SipUri(domain, called)),
            caller=caller,
            next_hop=self.server,
            local=self.local,
            credentials=Credentials(username, password) if password else None,
            fields={name.replace("_", "-"): value for name, value in fields.items()},
        )
        call = self.agent.invite(outgoing, self._now_us())
        self.calls.append(call)
        self.flush()
        return call

    def hang_up(self, call: int | None = None) -> None:
        """End the call that it has."""
        self.note("hangs up")
        self.agent.hang_up(self.calls[-1] if call is None else call, 16, self._now_us())
        self.flush()

    def hold(self, on: bool) -> None:
        """Hold the other party, or take it back."""
        self.agent.hold(self.calls[-1], on, self._now_us())
        self.flush()

    def vanish(self) -> None:
        """Its cable is pulled."""
        self.net.mute.add(self.address)

    def note(self, what: str) -> None:
        """Keep what happened."""
        self.happened.append(what)
        self.at_us[what] = self.clock.now_us()

    def flush(self) -> None:
        """Take events, send, set the timer."""
        while (event := self.agent.next_event()) is not None:
            self._take(event)
        for target, octets in self.agent.data_to_send():
            self.net.send(self.address, target, octets)
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        due_us = self.agent.next_timer_us()
        if due_us is not None:
            wait_us = max(due_us - self._now_us(), 0)
            self._timer = self.clock.call_in_background_us(wait_us, self._due)

    def _due(self) -> None:
        self._timer = None
        self.agent.handle_timers(self._now_us())
        self.flush()

    def _arrived(self, octets: bytes, source: Target) -> None:
        self.agent.receive(octets, source, self._now_us())
        self.flush()

    def _now_us(self) -> int:
        return self.clock.monotonic_us()

    def _take(self, event: sip.Event) -> None:
        self.events.append(event)
        match event:
            case sip.Invited():
                self._invited(event)
            case sip.Accepted(call, _, agreed):
                self.agreed.append(agreed)
                self.note("is answered")
                self._will_hang_up(call)
            case sip.Ringing(_, response):
                self.note(f"hears {response.status}")
            case sip.Failed(_, status, cause):
                self.note(f"fails {status} {cause}")
            case sip.Ended(call, cause, _, by_us):
                self.note("ends" if by_us else f"is ended {cause}")
            case sip.Reoffered(call):
                self.agent.answer_offer(call, self.local, self._now_us())
            case sip.Registered(_, expires_s):
                self.note("registered" if expires_s else "gone")
            case sip.RegistrationFailed(_, status):
                self.note(f"not registered {status}")
            case _:
                pass

    def _invited(self, event: sip.Invited) -> None:
        self.invited.append(event)
        self.calls.append(event.call)
        now_us = self._now_us()
        if self.asks_for is not None and not self._is_proven(event.request):
            fields = {"www-authenticate": self._guard().challenges(now_us)}
            self.agent.refuse(event.call, 401, None, now_us, fields=fields)
            return
        if self.refuses is not None:
            self.note(f"refuses {self.refuses}")
            self.agent.refuse(event.call, self.refuses, None, now_us)
            return
        if self.early:
            self.agent.progress(event.call, self.local, now_us)
        if self.ring_after_us is not None:
            self.clock.call_later_us(self.ring_after_us, self._ring, event.call)
        if self.answer_after_us is not None:
            self.clock.call_later_us(self.answer_after_us, self._answer, event.call)

    def _guard(self) -> Guard:
        assert self.asks_for is not None
        name, word, realm = self.asks_for
        return Guard(
            realm, b"0123456789abcdef", lambda _, how: shared_secret(how, name, realm, word)
        )

    def _is_proven(self, request: Request) -> bool:
        shown = request.first("authorization")
        verdict = self._guard().judge(shown, "INVITE", request.target, self._now_us())
        return verdict.admission is Admission.GRANTED

    def _ring(self, call: int) -> None:
        self.note("rings")
        self.agent.ring(call, self._now_us())
        self.flush()

    def _answer(self, call: int) -> None:
        if any(isinstance(one, sip.Ended) and one.call == call for one in self.events):
            return
        self.note("answers")
        self.agreed.append(self.agent.accept(call, self.local, self._now_us()))
        self._will_hang_up(call)
        self.flush()

    def _will_hang_up(self, call: int) -> None:
        if self.hang_up_after_us is not None:
            self.clock.call_later_us(self.hang_up_after_us, self.hang_up, call)
