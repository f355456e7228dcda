"""What a verdict takes for true of a record, where telephone and switch see an end differently."""

import pytest

from calleq.billing.records import LegRecord
from calleq.telephones.diary import DiaryCall, DiaryEntry, Event
from simulator.crash.verdict import is_true
from simulator.crash.world import WIRE_US
from simulator.truth import RING_LOST_US, is_lost_ring

NUMBER = "+12125550140"
ANSWERED_US = 10_471_517
RELEASED_US = 14_309_998
"""By the switch, at which the answer arrived a wire after it was given."""


def leg(talk_us: int) -> LegRecord:
    return LegRecord(
        session="s",
        leg="agent",
        attempt=1,
        entity="ssp-64",
        sequence=4,
        number=NUMBER,
        dialled_at_us=0,
        answered_at_us=ANSWERED_US + WIRE_US,
        released_at_us=ANSWERED_US + WIRE_US + talk_us,
        talk_us=talk_us,
        cause=31,
        released_by="network",
    )


def hung_up_at(at_us: int) -> DiaryCall:
    def entry(instant_us: int, event: Event) -> DiaryEntry:
        return DiaryEntry(NUMBER, instant_us, instant_us, event)

    rings = entry(ANSWERED_US - 3_000_000, Event.RINGS)
    answers = entry(ANSWERED_US, Event.ANSWERS)
    return DiaryCall(NUMBER, rings, answers, entry(at_us, Event.HANGS_UP))


@pytest.mark.parametrize("after_us", [1 - WIRE_US, 0, 4_100, WIRE_US])
def test_a_hang_up_that_crosses_the_networks_release_on_the_wire_is_no_untrue_record(
    after_us: int,
) -> None:
    """`calleq-sim crash --seed 8 --at 213,12`: it came 4.1 ms after the release had left."""
    told = leg(RELEASED_US - ANSWERED_US - WIRE_US)
    assert is_true(told, [hung_up_at(RELEASED_US + after_us)])


@pytest.mark.parametrize("after_us", [-WIRE_US - 1, WIRE_US + 1])
def test_a_hang_up_that_cannot_have_crossed_is_one(after_us: int) -> None:
    told = leg(RELEASED_US - ANSWERED_US - WIRE_US)
    assert not is_true(told, [hung_up_at(RELEASED_US + after_us)])


def rang(length_us: int, end: Event) -> DiaryCall:
    began = DiaryEntry(NUMBER, 0, 0, Event.RINGS)
    return DiaryCall(NUMBER, began, None, DiaryEntry(NUMBER, length_us, length_us, end))


def test_a_ring_whose_switch_died_before_it_could_tell_is_tried_again() -> None:
    """`calleq-sim crash --seed 3 --at 17`: after a reset another circuit is tried."""
    assert is_lost_ring(rang(4_999, Event.LINE_LOST))
    assert not is_lost_ring(rang(4_999, Event.STOPS_RINGING))
    assert not is_lost_ring(rang(RING_LOST_US + 1, Event.LINE_LOST)), "the exchange knew by then"
    assert not is_lost_ring(hung_up_at(RELEASED_US))
