"""Timers of a user agent whose process stood still: what came meanwhile is read first."""

import random

import pytest

from calleq.gateway.timer import LATE_US, READING_US, AgentTimer
from calleq.runtime.clock import VirtualClock
from calleq.sip import events as sip
from calleq.sip.fields import NameAddress
from calleq.sip.message import Request, parse, respond
from calleq.sip.negotiation import Local
from calleq.sip.sdp import PCMU
from calleq.sip.transaction import Target
from calleq.sip.uri import SipUri
from calleq.sip.user_agent import UserAgent
from calleq.units import MILLISECOND_US, SECOND_US

BOB = Target("192.0.2.2", 5_060)
T1_US = 500 * MILLISECOND_US


class SleepyClock(VirtualClock):
    """A clock whose process may stand still: time goes by, and nothing rings."""

    slept_us = 0

    def monotonic_us(self) -> int:
        return super().monotonic_us() + self.slept_us


class Caller:
    """A user agent that has invited bob."""

    def __init__(self) -> None:
        self.clock = SleepyClock()
        self.agent = UserAgent(
            contact=lambda target: "sip:alice@192.0.2.1", random=random.Random(1).getrandbits
        )
        self.timer = AgentTimer(self.agent, self.clock, self.flush)
        self.sent: list[bytes] = []
        self.events: list[sip.Event] = []
        alice = NameAddress(SipUri("192.0.2.1", "alice"))
        outgoing = sip.Outgoing(
            target=SipUri("192.0.2.2", "bob"),
            to=NameAddress(SipUri("192.0.2.2", "bob")),
            caller=alice,
            next_hop=BOB,
            local=Local(1, 1, "192.0.2.1", 4_000, codecs=(PCMU,)),
        )
        self.agent.invite(outgoing, self.clock.monotonic_us())
        self.flush()

    def flush(self) -> None:
        while (event := self.agent.next_event()) is not None:
            self.events.append(event)
        self.sent += [octets for _, octets in self.agent.data_to_send()]
        self.timer.set()

    def reads(self, status: int) -> None:
        """What bob answered is read from the socket."""
        invite = parse(self.sent[0])
        assert isinstance(invite, Request)
        answer = respond(invite, status)
        self.agent.receive(answer.encode(), BOB, self.clock.monotonic_us())
        self.flush()


@pytest.mark.parametrize("slept_us", [2 * SECOND_US, 40 * SECOND_US])
def test_who_wakes_late_reads_before_it_says_anything_again(slept_us: int) -> None:
    """A stall of a second and a half had every invitation sent twice at once, although answers
    were waiting; one of 32 s would have given up every call."""
    caller = Caller()
    caller.clock.slept_us = slept_us
    caller.clock.advance_us(T1_US + READING_US // 2)
    assert len(caller.sent) == 1
    caller.reads(180)
    caller.clock.advance_us(SECOND_US)
    assert len(caller.sent) == 1
    assert [type(event) for event in caller.events] == [sip.Ringing]


def test_where_nothing_came_it_goes_on_as_ever() -> None:
    caller = Caller()
    caller.clock.slept_us = 40 * SECOND_US
    caller.clock.advance_us(T1_US + READING_US)
    assert [type(event) for event in caller.events] == [sip.Failed]


def test_a_timer_that_is_hardly_late_rings_at_once() -> None:
    caller = Caller()
    caller.clock.slept_us = LATE_US // 2
    caller.clock.advance_us(T1_US)
    assert len(caller.sent) == 2
    caller.timer.cancel()
    caller.clock.advance_us(40 * SECOND_US)
    assert len(caller.sent) == 2
