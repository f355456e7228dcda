"""A user agent that has calls, under mutated messages.

Each message goes into one and the same live agent, among calls of every state that begin and end as
it goes on: nothing may be raised, what it answers must be well formed, and its tables stay bounded.
A message that it drops, for it can't be read or answered, counts as refused.
"""

import random
import re

from calleq.sip import events as sip
from calleq.sip.bounds import SipError
from calleq.sip.calls import Calls
from calleq.sip.events import Limits, Outgoing
from calleq.sip.fields import NameAddress
from calleq.sip.message import forget_what_was_read, parse
from calleq.sip.negotiation import Local
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent
from calleq.units import MILLISECOND_US, SECOND_US
from simulator.fuzz.target import Target as FuzzTarget

HEADER_OCTETS = 24
CALLS = 5
"""Of ours in the scene; half as many are theirs."""
LIFE = 1_000
"""Messages before the scene begins anew."""
STEP_US = 100 * MILLISECOND_US
"""The longest time between two messages."""
LIMITS = Limits(calls=64, transactions=1_000, ringing_us=20 * SECOND_US)
_START = re.compile(rb"[A-Z]+ \S+ SIP/2\.0\r\n|SIP/2\.0 [1-6][0-9]{2} [^\r\n]*\r\n")
_DECIDING = ("_requested", "_found", "_ack_came")
"""What decides whose a message is."""
_US, _THEM = "192.0.2.1", "192.0.2.9"
_SOURCE = Target(_THEM, 5060)
_OTHERS = [
    (
        f"{method} sip:x@192.0.2.1 SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK{method}\r\n"
        f"Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:x@c>\r\nCall-ID: {method}\r\n"
        f"CSeq: 1 {method}\r\nContact: <sip:a@b>\r\nContent-Length: 0\r\n\r\n"
    ).encode()
    for method in ("OPTIONS", "REGISTER", "UPDATE", "ACK")
]
"""What is asked outside of calls."""


def _agent(host: str, seed: int) -> UserAgent:
    return UserAgent(
        contact=lambda target: f"sip:x@{host}:5060",
        random=random.Random(seed).getrandbits,
        handed=frozenset(("REGISTER",)),
        limits=LIMITS,
    )


def _local(host: str) -> Local:
    return Local(1, 1, host, 4_000)


def _outgoing(here: str, there: str) -> Outgoing:
    address = NameAddress(SipUri(there, "bob"))
    return Outgoing(
        target=address.uri,
        to=address,
        caller=NameAddress(SipUri(here, "al")),
        next_hop=Target(there, 5060),
        local=_local(here),
    )


class _Far:
    """A far end that answers in its own way, and whose messages are mutated."""

    def __init__(self, seed: int) -> None:
        self.agent = _agent(_THEM, seed)
        self._draw = random.Random(seed)

    def works(self, now_us: int) -> list[bytes]:
        """Does something with each of its calls; what it says."""
        agent, draw = self.agent, self._draw
        while (event := agent.next_event()) is not None:
            match event:
                case sip.Invited(call):
                    if draw.random() < 0.3:
                        agent.progress(call, _local(_THEM), now_us)
                    if draw.random() < 0.5:
                        agent.ring(call, now_us)
                    if draw.random() < 0.8:
                        agent.accept(call, _local(_THEM), now_us)
                case sip.Ringing(call) if draw.random() < 0.3:
                    agent.hang_up(call, 16, now_us)
                case sip.Confirmed(call) | sip.Accepted(call):
                    match draw.randrange(3):
                        case 0:
                            agent.hang_up(call, 16, now_us)
                        case 1:
                            agent.hold(call, True, now_us)
                case sip.Reoffered(call):
                    agent.answer_offer(call, _local(_THEM), now_us)
        return [octets for _, octets in agent.data_to_send()]


class Live:
    """The agent under test, and the time that goes by for it.

    Every LIFE messages the scene begins anew and is played to another place: the same seeds make
    the same calls with the same names, so that damaged messages meet calls that know them.
    """

    def __init__(self) -> None:
        self._draw = random.Random(1)
        self._left = 0
        self._begin()
        self.samples = [*self._play(1 << 30), *_OTHERS]

    def _begin(self) -> None:
        self.now_us = 0
        self.agent = _agent(_US, 1)
        self._habit = random.Random(3)

    def _play(self, until: int) -> list[bytes]:
        """What a far end says to the agent, in calls both ways; it hears so much of it."""
        said: list[bytes] = []
        far = _Far(2)
        agent = self.agent
        for index in range(CALLS):
            self.now_us += STEP_US
            agent.invite(_outgoing(_US, _THEM), self.now_us)
            if index < CALLS // 2:
                far.agent.invite(_outgoing(_THEM, _US), self.now_us)
            for _ in range(6):
                self._flush(far)
                for octets in far.works(self.now_us):
                    said.append(octets)
                    if len(said) >= until:
                        return said
                    agent.receive(octets, _SOURCE, self.now_us)
        return said

    def _flush(self, far: _Far | None = None) -> tuple[int, int]:
        """How many messages and events the agent has now; its answers must be well formed."""
        agent, now_us = self.agent, self.now_us
        events = 0
        while (event := agent.next_event()) is not None:
            events += 1
            self._does(event)
        out = agent.data_to_send()
        for _, octets in out:
            assert not parse(octets).flaw, octets
            if far is not None:
                far.agent.receive(octets, Target(_US, 5060), now_us)
        return len(out), events

    def _does(self, event: sip.Event) -> None:
        agent, now_us = self.agent, self.now_us
        match event:
            case sip.Invited(call):
                if self._habit.random() < 0.5:
                    agent.progress(call, _local(_US), now_us)
                agent.accept(call, _local(_US), now_us)
            case sip.Reoffered(call):
                agent.answer_offer(call, _local(_US), now_us)
            case sip.Requested(key):
                agent.reply(key, 403, now_us)

    def takes(self, octets: bytes) -> object:
        """One damaged message; raises SipError where the agent drops it."""
        if not self._left:
            self._left = LIFE
            self._begin()
            self._play(self._draw.randrange(len(self.samples)))
            self._flush()
        self._left -= 1
        agent = self.agent
        self.now_us += self._draw.randrange(STEP_US)
        agent.handle_timers(self.now_us)
        self._flush()
        before = agent.dropped
        try:
            agent.receive(octets, _SOURCE, self.now_us)
        except SipError as error:
            raise AssertionError(f"raised: {error}") from error
        told = self._flush()
        assert len(agent) <= LIMITS.calls
        assert agent.transactions <= LIMITS.transactions
        if agent.dropped > before:
            raise SipError("dropped")
        return told

    def ends(self) -> None:
        """Every call is released, and all that lingers runs out."""
        self._left = 0
        agent = self.agent
        for call in agent.calls:
            agent.hang_up(call, 16, self.now_us)
        while (due_us := agent.next_timer_us()) is not None:
            self.now_us = max(self.now_us, due_us)
            agent.handle_timers(self.now_us)
            self._flush()
        assert len(agent) == agent.transactions == 0
        forget_what_was_read()


def target() -> FuzzTarget:
    """A user agent with calls."""
    live = Live()
    return FuzzTarget(
        name="user-agent",
        samples=live.samples,
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: _START.match(octets) is not None,
        decode=live.takes,
        refusal=SipError,
        decoder=[value for name, value in vars(Calls).items() if name in _DECIDING],
        forget=live.ends,
    )
