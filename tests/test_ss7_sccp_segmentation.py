"""Long data in segments, and together again: whole or not at all (Q.714 §4.1.1)."""

import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.ss7.mtp3 import Msu
from calleq.ss7.sccp.codec import MESSAGE_LIMIT_OCTETS, decode, encode
from calleq.ss7.sccp.contract import DATA_LIMIT_OCTETS
from calleq.ss7.sccp.messages import Segmentation, Udt, Xudt, Xudts
from calleq.ss7.sccp.plan import SccpPlan
from calleq.ss7.sccp.segmentation import (
    MESSAGES_LIMIT,
    SEGMENTS_LIMIT,
    T_REASS_US,
    Complete,
    GivenUp,
    Reassembly,
    pieces,
)
from calleq.ss7.sccp.values import FullTitle, PartyAddress, ReturnCause, SccpError
from tests.sccp_scene import INAP, SCP, SSP, Scene

CALLED = PartyAddress(INAP, SCP)
CALLING = PartyAddress(INAP, SSP)
PATTERN = bytes(range(251)) * 16
ROOM_OCTETS = 3_888
"""What sixteen segments hold beside these addresses."""


def long_message(length: int) -> Xudt:
    return Xudt(CALLED, CALLING, PATTERN[:length], 0, True)


def segments(length: int, reference: int = 7) -> list[Xudt]:
    cut = pieces(long_message(length), reference)
    assert cut is not None
    return [one for one in cut if isinstance(one, Xudt)]


def test_every_length_is_cut_into_units_that_fit_and_put_together_again() -> None:
    reassembly = Reassembly()
    for length in range(1, ROOM_OCTETS + 1):
        cut = segments(length, length)
        assert len(cut) <= SEGMENTS_LIMIT
        ended: list[Complete | GivenUp] = []
        for number, one in enumerate(cut):
            octets = encode(one)
            assert len(octets) <= MESSAGE_LIMIT_OCTETS
            assert one.return_on_error == (number == 0), "its sender hears of a failure once"
            if len(cut) > 1:
                assert one.protocol_class == 1
                assert one.segmentation is not None
                assert one.segmentation.remaining == len(cut) - 1 - number
                ended += reassembly.add(one, 0)
        if len(cut) > 1:
            assert ended == [Complete(CALLED, CALLING, PATTERN[:length])]
    assert not len(reassembly)
    assert reassembly.dropped == 0
    assert all(pieces(long_message(length), 7) is None for length in range(ROOM_OCTETS + 1, 4_001))


@pytest.mark.parametrize("length", [1, 240, 252, 253, 2_560, ROOM_OCTETS])
def test_data_arrives_whole_from_node_to_node(length: int) -> None:
    scene = Scene({SSP: SccpPlan(), SCP: SccpPlan()})
    scene.nodes[SSP].send(CALLED, PartyAddress(INAP), PATTERN[:length])
    scene.pass_time()
    assert scene.diaries[SCP].data == [(CALLED, CALLING, PATTERN[:length])]
    kinds = {type(message) for message in scene.wires.messages()}
    assert kinds == ({Udt} if length <= 252 else {Xudt})
    assert len({msu.selection for msu in scene.wires.seen}) == 1, "segments stay in order"


@pytest.mark.parametrize("length", [0, DATA_LIMIT_OCTETS + 1, 4_000])
def test_data_of_no_octets_or_too_many_is_refused(length: int) -> None:
    scene = Scene({SSP: SccpPlan()})
    with pytest.raises(SccpError, match="data of"):
        scene.nodes[SSP].send(CALLED, CALLING, bytes(length))


def test_data_that_sixteen_segments_do_not_hold_comes_back() -> None:
    """Long titles leave less room in each."""
    scene = Scene({SSP: SccpPlan(), SCP: SccpPlan()})
    called = PartyAddress(INAP, SCP, FullTitle("1" * 120))
    scene.nodes[SSP].send(called, CALLING, bytes(DATA_LIMIT_OCTETS))
    assert scene.diaries[SSP].notices == [], "not from within send"
    scene.pass_time()
    assert scene.diaries[SSP].notices == [
        (ReturnCause.SEGMENTATION_FAILURE, bytes(DATA_LIMIT_OCTETS))
    ]
    assert scene.wires.seen == []


TROUBLES = ("lost", "doubled", "late", "doubled late")


@given(st.integers(1, 4_000), st.integers(0, 1 << 30), st.sampled_from([0.02, 0.2, 0.5]))
@settings(max_examples=150, deadline=None)
def test_what_is_lost_doubled_or_overtaken_never_makes_wrong_data(
    length: int, seed: int, trouble: float
) -> None:
    length = min(length, ROOM_OCTETS)
    draw = random.Random(seed)
    scene = Scene({SSP: SccpPlan(), SCP: SccpPlan()})
    kept: list[Msu] = []

    def change(msu: Msu) -> Iterable[Msu]:
        if draw.random() >= trouble:
            late, kept[:] = list(kept), []
            return (msu, *late)
        match draw.choice(TROUBLES):
            case "lost":
                return ()
            case "doubled":
                return (msu, msu)
            case "late":
                kept.append(msu)
                return ()
            case _:
                kept.append(msu)
                return (msu,)

    scene.wires.change = change
    sent = [draw.randbytes(length) for _ in range(3)]
    for data in sent:
        scene.nodes[SSP].send(CALLED, CALLING, data, sequence=5)
    scene.pass_time(10 * T_REASS_US)  # what comes back may set late ones free
    heard = scene.diaries[SCP].heard
    assert set(heard) <= set(sent)
    node = scene.nodes[SCP]
    assert not len(node.reassembly), "nothing is kept for ever"
    if length > 255:
        # What began there and did not end comes back, once, with its first segment.
        notices = scene.diaries[SSP].notices
        assert all(cause is ReturnCause.ERROR_IN_TRANSPORT for cause, _ in notices)
        assert all(any(data.startswith(first) for data in sent) for _, first in notices)


class TestReassembly:
    def test_messages_of_many_senders_and_references_do_not_mix(self) -> None:
        reassembly = Reassembly()
        streams = []
        for number in range(40):
            message = Xudt(CALLED, PartyAddress(INAP, number % 8), bytes([number]) * 900)
            cut = pieces(message, number // 8)
            assert cut is not None
            streams.append([one for one in cut if isinstance(one, Xudt)])
        whole = []
        for turn in zip(*streams, strict=True):
            for one in turn:
                whole += reassembly.add(one, 0)
        assert [one.data for one in whole if isinstance(one, Complete)] == [
            bytes([number]) * 900 for number in range(40)
        ]

    def test_a_gap_ends_the_message_and_hands_back_its_first_segment(self) -> None:
        reassembly = Reassembly()
        first, _, third, last = segments(900)
        assert reassembly.add(first, 0) == []
        assert reassembly.add(third, 0) == [GivenUp(first, ReturnCause.ERROR_IN_TRANSPORT)]
        assert reassembly.add(last, 0) == []
        assert reassembly.dropped == 1

    def test_a_repeated_segment_is_dropped(self) -> None:
        reassembly = Reassembly()
        ended = [out for one in segments(700) for _ in "ab" for out in reassembly.add(one, 0)]
        assert ended == [Complete(CALLED, CALLING, PATTERN[:700])]
        assert reassembly.dropped == 3, "the last one is doubled when all is over"

    def test_a_longer_segment_than_the_first_ends_the_message(self) -> None:
        reassembly = Reassembly()
        first = Xudt(CALLED, CALLING, b"ab", segmentation=Segmentation(True, 1, 1))
        longer = Xudt(CALLED, CALLING, b"abc", segmentation=Segmentation(False, 0, 1))
        reassembly.add(first, 0)
        assert reassembly.add(longer, 0) == [GivenUp(first, ReturnCause.ERROR_IN_TRANSPORT)]

    def test_a_new_first_segment_ends_what_went_on_under_its_name(self) -> None:
        reassembly = Reassembly()
        old, new = segments(700)[0], segments(900)
        reassembly.add(old, 0)
        assert reassembly.add(new[0], 0) == [GivenUp(old, ReturnCause.ERROR_IN_TRANSPORT)]
        assert [out for one in new[1:] for out in reassembly.add(one, 0)] == [
            Complete(CALLED, CALLING, PATTERN[:900])
        ]

    def test_one_segment_may_be_all(self) -> None:
        only = Xudt(CALLED, CALLING, b"ab", segmentation=Segmentation(True, 0, 1))
        assert Reassembly().add(only, 0) == [Complete(CALLED, CALLING, b"ab")]

    def test_the_table_is_bounded(self) -> None:
        reassembly = Reassembly()
        for number in range(MESSAGES_LIMIT):
            assert reassembly.add(segments(700, number)[0], 0) == []
        over = segments(700, MESSAGES_LIMIT)[0]
        assert reassembly.add(over, 0) == [GivenUp(over, ReturnCause.NO_REASSEMBLY)]
        assert len(reassembly) == MESSAGES_LIMIT
        assert len(reassembly.expire(T_REASS_US)) == MESSAGES_LIMIT

    def test_time_runs_out_for_each_message_by_itself(self) -> None:
        reassembly = Reassembly(timer_us=10)
        early, late = segments(700, 1)[0], segments(700, 2)[0]
        reassembly.add(early, 0)
        reassembly.add(late, 4)
        assert reassembly.next_due_us() == 10
        assert reassembly.expire(9) == []
        assert reassembly.expire(10) == [GivenUp(early, ReturnCause.ERROR_IN_TRANSPORT)]
        assert reassembly.next_due_us() == 14


class TestTimer:
    def test_a_message_whose_end_is_lost_comes_back_after_t_reass(self) -> None:
        scene = Scene({SSP: SccpPlan(), SCP: SccpPlan()})
        scene.wires.change = lambda msu: (
            () if (part := _part(msu)) is not None and not part.remaining else (msu,)
        )
        scene.nodes[SSP].send(CALLED, CALLING, PATTERN[:700])
        scene.pass_time(T_REASS_US - 1_000)
        assert scene.diaries[SSP].notices == []
        scene.pass_time(100_000)
        ((cause, first),) = scene.diaries[SSP].notices
        assert cause is ReturnCause.ERROR_IN_TRANSPORT
        assert PATTERN[:700].startswith(first)
        assert isinstance(scene.wires.messages()[-1], Xudts)
        assert scene.diaries[SCP].heard == []

    def test_without_return_option_it_does_not(self) -> None:
        scene = Scene({SSP: SccpPlan(), SCP: SccpPlan()})
        scene.wires.change = lambda msu: (msu,) if _first(msu) else ()
        scene.nodes[SSP].send(CALLED, CALLING, PATTERN[:700], return_on_error=False)
        scene.pass_time(2 * T_REASS_US)
        assert scene.diaries[SSP].notices == []
        assert scene.nodes[SCP].returns == {ReturnCause.ERROR_IN_TRANSPORT: 1}


def _part(msu: Msu) -> Segmentation | None:
    message = decode(msu.payload)
    return message.segmentation if isinstance(message, Xudt) else None


def _first(msu: Msu) -> bool:
    part = _part(msu)
    return part is not None and part.first
