"""Call party handling of CS-2: legs split, moved, merged, let go; a controlling leg rung again."""

import pytest

from calleq.ss7.inap.arguments import (
    Connect,
    ConnectToResource,
    Continue,
    InitialDP,
    InitiateCallAttempt,
    PlayAnnouncement,
    ReleaseCall,
)
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.interaction import InbandInfo
from calleq.ss7.inap.party_handling import (
    CallSegmentAssociationCreated,
    ContinueWithArgument,
    CreateCallSegmentAssociation,
    DisconnectLeg,
    MergeCallSegments,
    MoveCallSegments,
    MoveLeg,
    Reconnect,
    SplitLeg,
)
from calleq.ss7.inap.values import (
    CallSegmentRelease,
    EventTypeBCSM,
    LegMove,
    MonitorMode,
    SegmentMove,
    sending,
)
from calleq.ss7.isup.messages import Cause
from calleq.units import SECOND_US
from tests.ssf_scene import FREEPHONE, Dialogue, Scene, arm, number_of, with_control_points
from tests.test_ssf_made_legs import ALL, attempt
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, number

A, B, C = number("00"), REPRESENTATIVE, OTHER_REPRESENTATIVE
TONES = {A: 500, B: 700, C: 900}
E = EventTypeBCSM
LONG_TALK_US = 300 * SECOND_US


def created(scene: Scene) -> tuple[Dialogue, int]:
    dialogue = scene.scp.begin("ssp-62", CreateCallSegmentAssociation())
    scene.passes(0.2)
    result = dialogue.next_result()
    assert isinstance(result, CallSegmentAssociationCreated)
    return dialogue, result.new_call_segment_association


def calls(dialogue: Dialogue, party: str, leg: int, segment: int) -> None:
    dialogue.say(
        attempt(party, leg, segment),
        arm(*ALL, leg=leg),
        ContinueWithArgument(leg_or_segment=segment),
    )
    assert dialogue.event() == (E.O_ANSWER, leg, None)
    dialogue.say(ContinueWithArgument(leg_or_segment=sending(leg)))


def talking() -> tuple[Scene, Dialogue]:
    """Two parties in one segment."""
    scene = Scene(talk_us=LONG_TALK_US)
    dialogue, _ = created(scene)
    calls(dialogue, A, 1, 1)
    calls(dialogue, B, 2, 2)
    dialogue.say(MergeCallSegments(2, 1))
    scene.passes(0.2)
    assert dialogue.next_result() is None
    return scene, dialogue


def done(scene: Scene, dialogue: Dialogue) -> None:
    scene.passes(0.2)
    assert dialogue.next_result() is None
    assert not dialogue.heard


def hear_each_other(scene: Scene, *parties: str) -> None:
    """Each hears all others, and nobody else."""
    for party in parties:
        assert wires_heard(scene, party) == {one for one in parties if one != party}, party


def wires_heard(scene: Scene, party: str) -> set[str]:
    """Whose voice would arrive if they spoke: they all say something."""
    telephones = scene.network.telephones
    assert telephones is not None
    heard: set[str] = set()
    for other in {A, B, C} - {party}:
        if scene.state(other) == "Talking":
            telephones.say_tone(other, TONES[other], 0.2)
            scene.passes(0.1)
            if f"tone:{TONES[other]}" in scene.hears(party):
                heard.add(other)
            scene.passes(0.3)
    return heard


def test_a_leg_is_split_off_and_hears_nobody_and_is_merged_again() -> None:
    scene, dialogue = talking()
    hear_each_other(scene, A, B)
    dialogue.say(SplitLeg(sending(2), 2))
    done(scene, dialogue)
    assert wires_heard(scene, A) == wires_heard(scene, B) == set()
    dialogue.say(MoveLeg(sending(2), 1))
    done(scene, dialogue)
    hear_each_other(scene, A, B)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_party_on_hold_hears_music_while_the_other_consults_a_third() -> None:
    scene, dialogue = talking()
    dialogue.say(SplitLeg(sending(1), 2))
    done(scene, dialogue)
    calls(dialogue, C, 3, 3)
    dialogue.say(MoveLeg(sending(2), 3))
    done(scene, dialogue)
    hear_each_other(scene, B, C)
    assert wires_heard(scene, A) == set()
    dialogue.say(MergeCallSegments(3, 2))
    done(scene, dialogue)
    hear_each_other(scene, A, B, C)
    dialogue.say(DisconnectLeg(sending(2), Cause(16)))
    done(scene, dialogue)
    assert scene.state(B) == "OnHook"
    hear_each_other(scene, A, C)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_one_segment_is_released_and_the_other_stays() -> None:
    scene, dialogue = talking()
    dialogue.say(SplitLeg(sending(2), 2))
    done(scene, dialogue)
    dialogue.say(ReleaseCall(CallSegmentRelease(1, Cause(16))))
    scene.passes(1)
    assert scene.state(A) == "OnHook"
    assert scene.state(B) == "Talking"
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (SplitLeg(sending(9), 2), ErrorCode.UNKNOWN_LEG_ID),
        (MoveLeg(sending(1), 1), ErrorCode.UNEXPECTED_DATA_VALUE),
        (MoveLeg(sending(1), 7), ErrorCode.UNEXPECTED_DATA_VALUE),
        (MergeCallSegments(2, 1), ErrorCode.UNEXPECTED_DATA_VALUE),
        (MergeCallSegments(1, 1), ErrorCode.UNEXPECTED_DATA_VALUE),
        (DisconnectLeg(sending(5)), ErrorCode.UNKNOWN_LEG_ID),
        (CreateCallSegmentAssociation(), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
        (Reconnect(call_segment=1), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
        (
            MoveCallSegments(99, (SegmentMove(1),), (LegMove(sending(1), sending(1)),)),
            ErrorCode.UNEXPECTED_DATA_VALUE,
        ),
        (attempt(C, 1, 5), ErrorCode.UNEXPECTED_DATA_VALUE),
        (attempt(C, 5, 1), ErrorCode.UNEXPECTED_DATA_VALUE),
        (attempt("+0", 5, 5), ErrorCode.UNEXPECTED_DATA_VALUE),
        (ContinueWithArgument(leg_or_segment=sending(1)), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
        (arm(E.O_ANSWER, leg=6), ErrorCode.UNKNOWN_LEG_ID),
        (arm(E.O_MID_CALL, leg=1), ErrorCode.UNEXPECTED_PARAMETER),
        (ConnectToResource(), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
        (
            Connect(destination_routing_address=number_of(C)),
            ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE,
        ),
    ],
    ids=lambda value: value.name if isinstance(value, ErrorCode) else type(value).__name__,
)
def test_what_cannot_be_done_is_refused_and_nothing_changes(
    order: object, error: ErrorCode
) -> None:
    scene, dialogue = talking()
    dialogue.say(order)
    scene.passes(0.3)
    assert dialogue.next_error() is error
    hear_each_other(scene, A, B)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_the_last_leg_of_a_segment_cannot_be_split_off() -> None:
    scene = Scene(talk_us=LONG_TALK_US)
    dialogue, _ = created(scene)
    calls(dialogue, A, 1, 1)
    dialogue.say(SplitLeg(sending(1), 2))
    scene.passes(0.2)
    assert dialogue.next_error() is ErrorCode.TASK_REFUSED
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_segments_move_from_one_association_to_another() -> None:
    """One dialogue for each leg, as in CS-1, then both in one."""
    scene = Scene(talk_us=LONG_TALK_US)
    one, target = created(scene)
    calls(one, A, 1, 1)
    other, _ = created(scene)
    calls(other, B, 1, 1)
    other.say(MoveCallSegments(target, (SegmentMove(2, 1),), (LegMove(sending(1), sending(2)),)))
    done(scene, other)
    other.end()
    scene.passes(1)
    assert scene.state(B) == "Talking"
    one.say(MergeCallSegments(2, 1))
    done(scene, one)
    hear_each_other(scene, A, B)
    scene.hang_up(B)
    assert one.event() == (E.O_DISCONNECT, 2, 16)
    one.end(ReleaseCall(Cause(16)))
    scene.is_over()


def triggered() -> tuple[Scene, Dialogue]:
    """A caller and a called party of a freephone call, in a dialogue of CS-2."""
    scene = Scene(with_control_points(capability_set=2), talk_us=LONG_TALK_US)
    scene.dials(A, FREEPHONE)
    scene.passes(0.5)
    dialogue = scene.scp.asked()
    dialogue.next(InitialDP)
    dialogue.say(
        arm(E.O_ANSWER, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_DISCONNECT, leg=1),
        arm(E.O_DISCONNECT, leg=2),
        Connect(destination_routing_address=number_of(B)),
    )
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    scene.passes(0.5)
    return scene, dialogue


def test_the_parties_of_an_ordinary_call_are_parted_and_joined_by_another() -> None:
    scene, dialogue = triggered()
    hear_each_other(scene, A, B)
    dialogue.say(SplitLeg(sending(2), 2))
    done(scene, dialogue)
    assert wires_heard(scene, A) == set()
    dialogue.say(attempt(C, 3, 3), arm(E.O_ANSWER, leg=3), ContinueWithArgument(leg_or_segment=3))
    assert dialogue.event() == (E.O_ANSWER, 3, None)
    dialogue.say(MergeCallSegments(3, 1), ContinueWithArgument(leg_or_segment=1))
    done(scene, dialogue)
    hear_each_other(scene, A, C)
    dialogue.say(MoveLeg(sending(2), 1))
    done(scene, dialogue)
    hear_each_other(scene, A, B, C)
    dialogue.say(DisconnectLeg(sending(3), Cause(16)))
    done(scene, dialogue)
    hear_each_other(scene, A, B)
    scene.hang_up(A)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    dialogue.say(Continue())
    scene.passes(1)
    assert scene.state(B) == "OnHook"
    assert dialogue.over == "end"
    scene.is_over()


def test_a_called_party_who_hung_up_is_followed_by_another() -> None:
    scene, dialogue = triggered()
    scene.hang_up(B)
    assert dialogue.event() == (E.O_DISCONNECT, 2, 16)
    dialogue.say(ConnectToResource(), PlayAnnouncement(InbandInfo(10), False))
    scene.passes(1)
    assert scene.state(A) == "Talking"
    dialogue.waits()
    dialogue.heard.clear()
    dialogue.end(Connect(destination_routing_address=number_of(C)))
    scene.answers(C)
    hear_each_other(scene, A, C)
    scene.hang_up(C)
    scene.is_over()


def test_the_controlling_party_is_rung_again_for_who_is_held() -> None:
    scene, dialogue = triggered()
    scene.hang_up(A)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    dialogue.say(DisconnectLeg(sending(1)))
    scene.passes(0.5)
    assert dialogue.next_result() is None
    assert scene.state(B) == "Talking"
    dialogue.say(Reconnect(call_segment=1))
    scene.passes(1)
    assert scene.rings(A) == 1
    scene.answers(A)
    hear_each_other(scene, A, B)
    dialogue.say(DisconnectLeg(sending(1), Cause(16)))
    done(scene, dialogue)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_more_legs_than_an_association_may_have_are_refused() -> None:
    scene = Scene()
    dialogue, _ = created(scene)
    for leg in range(1, 17):
        dialogue.say(attempt(A, leg, leg))
    scene.passes(0.5)
    assert not dialogue.heard
    dialogue.say(
        InitiateCallAttempt(
            destination_routing_address=number_of(A),
            leg_to_be_created=sending(17),
            new_call_segment=17,
        )
    )
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.TASK_REFUSED
    dialogue.end()
    scene.is_over()
