"""User agents in simulated time, on a net that loses, doubles and delays as it is told.

`Net` carries octets between addresses; a `Party` is a user agent with verbs and what it was told.
Everything that was on the wire is kept as short words: `alice INVITE`, `bob 200 INVITE`.
"""

import heapq
import random
from collections.abc import Callable

from calleq.sip import events as sip
from calleq.sip.events import Credentials, Event, Limits, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.message import Message, Request, Response, parse
from calleq.sip.negotiation import Agreed, Local
from calleq.sip.sdp import PCMA, PCMU, Encoding
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent
from calleq.units import MILLISECOND_US, SECOND_US

DELAY_US = 2 * MILLISECOND_US
Lose = Callable[[str, str], bool]


def word_of(message: Message) -> str:
    """A request's method, or status and method."""
    if isinstance(message, Request):
        return message.method
    assert isinstance(message, Response)
    return f"{message.status} {message.cseq.method}"


class Net:
    """Who is where, what is under way, and the time."""

    def __init__(
        self,
        seed: int = 1,
        *,
        loss: float = 0.0,
        double: float = 0.0,
        jitter_us: int = 0,
        transport: str = "UDP",
    ) -> None:
        self.now_us = 0
        self.random = random.Random(seed)
        self.transport = transport
        self.loss, self.double, self.jitter_us = loss, double, jitter_us
        self.lost: Lose = lambda sender, word: False
        """Told sender and word."""
        self.refused: set[str] = set()
        """Transports by which nothing can be sent."""
        self.parties: dict[str, Party] = {}
        """By host."""
        self.sent: list[tuple[int, str, str]] = []
        self.messages: list[tuple[str, bytes]] = []
        self._under_way: list[tuple[int, int, str, Target, bytes]] = []
        self._order = 0

    def party(self, name: str, host: str, **more: object) -> "Party":
        made = Party(self, name, host, **more)  # type: ignore[arg-type]
        self.parties[host] = made
        return made

    def carry(self, sender: "Party", target: Target, octets: bytes) -> None:
        word = word_of(parse(octets))
        self.sent.append((self.now_us, sender.name, word))
        self.messages.append((sender.name, octets))
        if target.transport in self.refused:
            sender.agent.transport_failed(target, self.now_us)
            return
        if self.lost(sender.name, word) or self.random.random() < self.loss:
            return
        for _ in range(1 + (self.random.random() < self.double)):
            late_us = DELAY_US + (self.random.randrange(self.jitter_us) if self.jitter_us else 0)
            self._order += 1
            source = Target(sender.host, 5060, target.transport)
            arriving = (self.now_us + late_us, self._order, target.host, source, octets)
            heapq.heappush(self._under_way, arriving)

    def _flush(self) -> None:
        moved = True
        while moved:
            moved = False
            for party in self.parties.values():
                party.listen()
                for target, octets in party.agent.data_to_send():
                    moved = True
                    self.carry(party, target, octets)

    def _due_us(self) -> int | None:
        due = [party.agent.next_timer_us() for party in self.parties.values()]
        times = [one for one in due if one is not None]
        if self._under_way:
            times.append(self._under_way[0][0])
        return min(times, default=None)

    def passes(self, seconds: float) -> None:
        """So much time goes by."""
        until_us = self.now_us + round(seconds * SECOND_US)
        self._flush()
        while (due_us := self._due_us()) is not None and due_us <= until_us:
            self.now_us = max(self.now_us, due_us)
            while self._under_way and self._under_way[0][0] <= self.now_us:
                _, _, host, source, octets = heapq.heappop(self._under_way)
                if host in self.parties:
                    self.parties[host].agent.receive(octets, source, self.now_us)
            for party in self.parties.values():
                party.agent.handle_timers(self.now_us)
            self._flush()
        self.now_us = until_us

    def words(self, *names: str) -> list[str]:
        """What was sent, in order, by whom."""
        return [f"{name} {word}" for _, name, word in self.sent if not names or name in names]

    def last(self, name: str, word: str) -> Message:
        """The last such message."""
        for sender, octets in reversed(self.messages):
            message = parse(octets)
            if sender == name and word_of(message) == word:
                return message
        raise AssertionError(f"{name} sent no {word}")


class Party:
    """One user agent; what it says of its voice is at its own host."""

    def __init__(
        self,
        net: Net,
        name: str,
        host: str,
        *,
        limits: Limits | None = None,
        handed: frozenset[str] = frozenset(),
        contact: str = "",
    ) -> None:
        self.net, self.name, self.host = net, name, host
        self.events: list[Event] = []
        self.ports = 4_000
        tail = {"UDP": "", "TCP": ";transport=tcp", "TLS": ";transport=tls"}
        self.agent = UserAgent(
            contact=lambda target: contact or f"sip:{name}@{host}:5060{tail[target.transport]}",
            random=random.Random(f"{name}{net.random.random()}").getrandbits,
            user_agent=name,
            handed=handed,
            limits=limits or Limits(),
        )
        self.call = 0
        """The last call that began."""

    def listen(self) -> None:
        while (event := self.agent.next_event()) is not None:
            self.events.append(event)
            if isinstance(event, sip.Invited):
                self.call = event.call

    def local(self, *codecs: Encoding) -> Local:
        return Local(7, 1, self.host, self.ports, codecs=codecs or (PCMU, PCMA))

    def outgoing(
        self, other: "Party", credentials: Credentials | None = None, **more: object
    ) -> Outgoing:
        made: dict[str, object] = {
            "target": SipUri(other.host, other.name),
            "to": NameAddress(SipUri(other.host, other.name)),
            "caller": NameAddress(SipUri(self.host, self.name), self.name.title()),
            "next_hop": Target(other.host, 5060, self.net.transport),
            "local": self.local(),
            "credentials": credentials,
        }
        return Outgoing(**{**made, **more})  # type: ignore[arg-type]

    def calls(self, other: "Party", credentials: Credentials | None = None, **more: object) -> int:
        self.call = self.agent.invite(self.outgoing(other, credentials, **more), self.net.now_us)
        self.net.passes(0.01)
        return self.call

    def rings(self) -> None:
        self.agent.ring(self.call, self.net.now_us)
        self.net.passes(0.01)

    def shows_voice(self) -> Agreed | None:
        agreed = self.agent.progress(self.call, self.local(), self.net.now_us)
        self.net.passes(0.02)
        return agreed

    def answers(self) -> Agreed | None:
        agreed = self.agent.accept(self.call, self.local(), self.net.now_us)
        self.net.passes(0.02)
        return agreed

    def refuses(self, status: int = 486, cause: int | None = None) -> None:
        self.agent.refuse(self.call, status, cause, self.net.now_us)
        self.net.passes(0.02)

    def hangs_up(self, cause: int = 16) -> None:
        self.agent.hang_up(self.call, cause, self.net.now_us)
        self.net.passes(0.02)

    def holds(self, on: bool = True) -> None:
        self.agent.hold(self.call, on, self.net.now_us)
        self.net.passes(0.02)

    def told(self) -> list[str]:
        """The names of what it was told."""
        return [type(event).__name__ for event in self.events]

    def last(self) -> Event:
        return self.events[-1]


def pair(seed: int = 1, transport: str = "UDP", **more: object) -> tuple[Net, Party, Party]:
    """Alice and Bob."""
    net = Net(seed, transport=transport)
    return net, net.party("alice", "192.0.2.1", **more), net.party("bob", "192.0.2.9", **more)


def up(seed: int = 1, transport: str = "UDP", **more: object) -> tuple[Net, Party, Party]:
    """Alice has called Bob, who has answered."""
    net, alice, bob = pair(seed, transport, **more)
    alice.calls(bob)
    bob.rings()
    bob.answers()
    assert alice.told() == ["Ringing", "Accepted"]
    assert bob.told() == ["Invited", "Confirmed"]
    return net, alice, bob
