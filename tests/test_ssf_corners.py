"""Service switching: rare orders of things, each of which has an answer."""

import pytest

from calleq.journal.entries import Transit
from calleq.media.numbered import CLOSED, NUMBER_IS, RECORDED
from calleq.ss7.inap.arguments import (
    ApplyCharging,
    ApplyChargingReport,
    CallInformationRequest,
    Cancel,
    Connect,
    ConnectToResource,
    Continue,
    InitialDP,
    InitiateCallAttempt,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReleaseCall,
    ResetTimer,
    SpecializedResourceReport,
)
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.interaction import InbandInfo, VariableDate, VariableMessage
from calleq.ss7.inap.network_charging import Charge, encode_charge
from calleq.ss7.inap.octets import bcd
from calleq.ss7.inap.party_handling import (
    ContinueWithArgument,
    CreateCallSegmentAssociation,
    DisconnectLeg,
    MergeCallSegments,
    MoveCallSegments,
    SplitLeg,
)
from calleq.ss7.inap.values import (
    AddressAndSegment,
    CallSegmentRelease,
    EventTypeBCSM,
    LegMove,
    MonitorMode,
    RequestedInformationType,
    SegmentMove,
    SegmentRequests,
    sending,
)
from calleq.ss7.isup.messages import CalledNumber, Cause
from calleq.ss7.sccp.values import PartyAddress
from calleq.units import SECOND_US
from tests.ssf_scene import FREEPHONE, LIBERAL, SSN, Scene, arm, number_of, with_control_points
from tests.test_ssf_freephone import asked
from tests.test_ssf_interaction import answered, play
from tests.test_ssf_made_legs import ALL, CUSTOMER, attempt, dials
from tests.test_ssf_party_handling import A, B, C, calls, created, done, talking, triggered
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, number

E = EventTypeBCSM


def test_a_leg_that_is_let_go_while_its_attempt_is_written_is_never_dialled() -> None:
    scene = Scene()
    dialogue = scene.scp.begin("ssp-62", attempt(CUSTOMER), Continue(), ReleaseCall(Cause(16)))
    scene.passes(1)
    assert dialogue.over == "end"
    assert scene.rings(CUSTOMER) == 0
    assert scene.written("ssp-62", Transit)[-1].called == CUSTOMER, "the attempt stands"
    scene.is_over()


def test_a_mobile_caller_is_asked_about_at_its_own_switch() -> None:
    scene = Scene()
    scene.dials(number("11"), FREEPHONE)
    scene.passes(2)
    dialogue = scene.scp.asked()
    assert dialogue.next(InitialDP).calling_party_number.digits == number("11")[1:]
    dialogue.end(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.answers(REPRESENTATIVE)
    assert scene.hears(number("11")) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(REPRESENTATIVE)
    scene.is_over()


def test_a_context_that_no_scp_opens_is_refused() -> None:
    scene = Scene()
    code = scene.network.sccp["ssp-62"].point_code
    dialogue = scene.scp.begin("ssp-62", attempt(CUSTOMER))
    dialogue.over = "replaced"
    scene.scp.entity.begin(
        PartyAddress(SSN, code), scene.scp.address, context=Context.CS1_IP_TO_SCP.identifier
    )
    number_ = max(scene.scp.dialogues)
    scene.scp.dialogues[number_ + 1] = type(dialogue)(scene.scp, number_ + 1, Version.CS1)
    scene.passes(1)
    assert scene.scp.dialogues[number_ + 1].over == "abort"
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_the_mate_is_asked_when_the_question_comes_back() -> None:
    """The first is there, but has no such subsystem, and nobody has said so."""
    scene = Scene()
    del scene.scp.sccp._locals[SSN]
    scene.dials(CUSTOMER, FREEPHONE)
    scene.passes(1)
    dialogue = scene.mate.asked()
    dialogue.end(ReleaseCall(Cause(31)))
    scene.is_over()


def test_alerting_is_told_and_a_limit_that_comes_later_runs_from_the_dialling() -> None:
    scene = Scene()
    dialogue = scene.scp.begin(
        "ssp-62",
        attempt(number("02")),
        arm(E.O_TERM_SEIZED, leg=1, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        arm(E.O_ANSWER, leg=1),
        Continue(),
    )
    began_us = scene.clock.monotonic_us()
    assert dialogue.event() == (E.O_TERM_SEIZED, 1, None)
    scene.passes(3)
    dialogue.say(arm(E.O_NO_ANSWER, leg=1, no_answer_s=5))
    assert dialogue.event() == (E.O_NO_ANSWER, 1, 19)
    assert 4.9 <= (scene.clock.monotonic_us() - began_us) / SECOND_US <= 5.3
    dialogue.end(Continue())
    scene.is_over()


def test_messages_with_variable_parts_and_several_in_turn() -> None:
    scene, dialogue = answered()
    spoken = VariableMessage(NUMBER_IS, (5, bcd("12"), VariableDate("260101")))
    dialogue.say(ConnectToResource(), play(spoken), play((CLOSED, NUMBER_IS)))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    heard = [one.detail for one in scene.entries(CUSTOMER) if one.event == "hears"]
    texts = [one.removeprefix("speech:") for one in heard if one.startswith("speech:")]
    assert texts[0] == RECORDED[NUMBER_IS].text
    assert len(texts) == 4
    assert texts[2:] == [RECORDED[CLOSED].text, RECORDED[NUMBER_IS].text]
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_segment_can_be_named_in_every_order_of_a_resource() -> None:
    scene, dialogue = answered()
    dialogue.say(
        ConnectToResource(1),
        PlayAnnouncement(InbandInfo(CLOSED), connected_party=sending(1)),
        PlayAnnouncement(InbandInfo(CLOSED), connected_party=1),
    )
    scene.passes(0.5)
    dialogue.say(Cancel(SegmentRequests(1)))
    scene.passes(0.5)
    assert [dialogue.next_error(), dialogue.next_error()] == [ErrorCode.CANCELED] * 2
    dialogue.say(PlayAnnouncement(InbandInfo(CLOSED), connected_party=7))
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.UNEXPECTED_DATA_VALUE
    dialogue.end(ReleaseCall(CallSegmentRelease(1)))
    scene.is_over()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (
            ConnectToResource(AddressAndSegment(CalledNumber("12125559"), 1)),
            ErrorCode.UNEXPECTED_PARAMETER,
        ),
        (
            PromptAndCollectUserInformation(True, True, InbandInfo(200)),
            ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE,
        ),
        (ResetTimer(0), ErrorCode.PARAMETER_OUT_OF_RANGE),
        (ResetTimer(1_900), ErrorCode.PARAMETER_OUT_OF_RANGE),
        (
            Connect(destination_routing_address=number_of(B)),
            ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE,
        ),
        (
            CallInformationRequest(tuple(RequestedInformationType), leg_id=sending(9)),
            ErrorCode.UNKNOWN_LEG_ID,
        ),
    ],
)
def test_what_does_not_fit_an_answered_leg_is_refused(order: object, error: ErrorCode) -> None:
    scene, dialogue = answered()
    dialogue.say(order)
    scene.passes(0.5)
    assert dialogue.next_error() is error
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_nobody_is_there_to_hear_a_resource() -> None:
    scene = Scene()
    dialogue = scene.scp.begin("ssp-62", attempt(CUSTOMER), ConnectToResource())
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.TASK_REFUSED
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_events_and_reports_without_a_leg_need_one_that_can_be_meant() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue, _ = created(scene)
    dialogue.say(attempt(A, 3, 3), attempt(B, 4, 4), arm(E.O_ANSWER))
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.MISSING_PARAMETER
    dialogue.end()
    scene.is_over()


def test_no_association_is_made_beyond_the_identities_there_are() -> None:
    scene = Scene()
    dialogues = [scene.scp.begin("ssp-62", CreateCallSegmentAssociation()) for _ in range(128)]
    scene.passes(2)
    assert dialogues[-1].next_error() is ErrorCode.SYSTEM_FAILURE
    assert {dialogue.next_result().new_call_segment_association for dialogue in dialogues[:-1]} == (
        set(range(1, 128))
    )
    dialogues[0].end()
    scene.passes(0.5)
    again = scene.scp.begin("ssp-62", CreateCallSegmentAssociation())
    scene.passes(0.5)
    assert again.next_result().new_call_segment_association == 1
    scene.passes(15)
    assert all(dialogue.over for dialogue in dialogues[1:-1]), "an empty one is not kept for ever"
    scene.is_over()


def test_a_held_leg_that_is_split_off_still_waits_for_its_answer() -> None:
    scene, dialogue = talking()
    scene.hang_up(B)
    assert dialogue.event() == (E.O_DISCONNECT, 2, 16)
    dialogue.say(SplitLeg(sending(2), 2))
    done(scene, dialogue)
    dialogue.say(ContinueWithArgument(leg_or_segment=1))
    scene.passes(0.5)
    assert scene.state(A) == "Talking"
    dialogue.say(ContinueWithArgument(leg_or_segment=2))
    scene.passes(0.5)
    assert scene.state(A) == "Talking"
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_one_of_two_held_legs_goes_on_and_the_other_waits() -> None:
    scene, dialogue = talking()
    calls(dialogue, C, 3, 3)
    dialogue.say(MergeCallSegments(3, 1))
    done(scene, dialogue)
    scene.hang_up(B)
    scene.hang_up(C)
    assert {dialogue.event()[1], dialogue.event()[1]} == {2, 3}
    dialogue.say(ContinueWithArgument(leg_or_segment=sending(2)))
    scene.passes(11)
    assert dialogue.over == "abort", "the other waited for its Tssf"
    scene.is_over()


def test_a_caller_who_is_dismissed_leaves_the_called_party_to_another() -> None:
    scene, dialogue = triggered()
    dialogue.say(
        SplitLeg(sending(1), 2),
        attempt(C, 3, 3),
        arm(*ALL, leg=3),
        ContinueWithArgument(leg_or_segment=3),
    )
    scene.passes(0.1)
    assert dialogue.next_result() is None
    assert dialogue.event() == (E.O_ANSWER, 3, None)
    dialogue.say(
        DisconnectLeg(sending(1), Cause(16)),
        MergeCallSegments(3, 1),
        ContinueWithArgument(leg_or_segment=1),
    )
    scene.passes(0.5)
    assert scene.state(A) == "OnHook" or scene.cause_told(A) == 16
    scene.hang_up(A)
    scene.passes(2)
    assert scene.state(B) == scene.state(C) == "Talking"
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_called_party_who_never_answers_is_replaced_before_the_caller_knows() -> None:
    """DisconnectLeg while it rings, then another destination."""
    scene = Scene(with_control_points(capability_set=2), talk_us=60 * SECOND_US)
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(
        arm(E.O_ANSWER, leg=2),
        Connect(destination_routing_address=number_of(number("02"))),
    )
    scene.passes(3)
    dialogue.say(DisconnectLeg(sending(2)))
    scene.passes(0.5)
    assert dialogue.next_result() is None
    assert scene.state(number("02")) == "OnHook"
    assert scene.state(CUSTOMER) == "Listening"
    dialogue.say(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.answers(REPRESENTATIVE)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(CUSTOMER)
    scene.is_over()


def test_a_caller_who_waits_for_another_party_does_not_wait_for_ever() -> None:
    scene = Scene(with_control_points(capability_set=2))
    dialogue = asked(scene)
    dialogue.say(
        arm(E.O_ABANDON, leg=1), Connect(destination_routing_address=number_of(number("02")))
    )
    scene.passes(3)
    dialogue.say(DisconnectLeg(sending(2)))
    scene.passes(11)
    assert dialogue.over == "abort"
    assert scene.cause_told(CUSTOMER) == 41
    scene.is_over()


@pytest.mark.parametrize("mode", [MonitorMode.INTERRUPTED, MonitorMode.NOTIFY_AND_CONTINUE])
@pytest.mark.parametrize("called", [FREEPHONE, LIBERAL])
@pytest.mark.parametrize("silent", [False, True])
def test_a_caller_who_gives_up_during_an_announcement(
    mode: MonitorMode, called: str, silent: bool
) -> None:
    scene = Scene()
    dialogue = asked(scene, called)
    dialogue.next(InitialDP)
    dialogue.say(arm(E.O_ABANDON, leg=1, mode=mode), ConnectToResource(), play(CLOSED))
    scene.passes(1)
    scene.hang_up(CUSTOMER)
    assert dialogue.event() == (E.O_ABANDON, 1, None)
    if mode is MonitorMode.NOTIFY_AND_CONTINUE:
        assert dialogue.over == "end"
    elif silent:
        scene.passes(11)
        assert dialogue.over == "abort"
    else:
        dialogue.say(Continue())
        scene.passes(0.5)
        assert dialogue.over == "end"
    scene.is_over()


def test_charges_of_a_leg_that_moves_to_another_association_are_not_owed_by_the_first() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    one, target = created(scene)
    other = dials(scene, B)
    assert other.event() == (E.O_ANSWER, 1, None)
    other.say(
        Continue(),
        ApplyCharging(encode_charge(Charge()), sending(1)),
        MoveCallSegments(target, (SegmentMove(1, 1),), (LegMove(sending(1), sending(1)),)),
    )
    scene.passes(0.5)
    assert other.log[-2:] == ["result MOVE_CALL_SEGMENTS", "END"]
    one.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_limit_of_the_callers_charge_runs_from_the_answer_of_the_called_party() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(
        ApplyCharging(encode_charge(Charge(30, True)), sending(1)),
        Connect(destination_routing_address=number_of(REPRESENTATIVE)),
    )
    scene.answers(REPRESENTATIVE)
    dialogue.waits()
    dialogue.next(ApplyChargingReport)
    assert scene.cause_told(CUSTOMER) == 31
    scene.is_over()


def test_cancelled_requests_are_not_reported() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = dials(scene, CUSTOMER)
    dialogue.event()
    dialogue.say(
        CallInformationRequest((RequestedInformationType.RELEASE_CAUSE,), leg_id=sending(1)),
        ApplyCharging(encode_charge(Charge(10)), sending(1)),
        Cancel(),
        Continue(),
    )
    scene.passes(2)
    assert dialogue.log == ["EventReportBCSM", "END"]
    assert scene.state(CUSTOMER) == "OnHook", "nobody else is there: the leg is let go"
    scene.is_over()


def test_a_dialogue_that_was_only_to_gap_is_over_at_once() -> None:
    from tests.test_ssf_gapping import gap

    scene = Scene()
    dialogue = scene.scp.begin("ssp-62", gap())
    scene.passes(0.5)
    assert dialogue.log == ["END"]
    assert len(scene.services("ssp-62").gaps) == 1
    scene.is_over()


def test_digits_that_follow_a_translated_number_go_nowhere() -> None:
    from calleq.ss7.isup.messages import Sam

    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = asked(scene)
    call = next(iter(scene.services("ssp-62")._associations.values())).call
    assert call is not None
    call.says(Sam(0, "123"))
    dialogue.end(Connect(destination_routing_address=number_of(OTHER_REPRESENTATIVE)))
    scene.answers(OTHER_REPRESENTATIVE)
    assert not any(type(message) is Sam for _, _, message in scene.signalling())
    scene.hang_up(CUSTOMER)
    scene.is_over()


def test_a_number_that_cannot_be_dialled_is_refused() -> None:
    scene = Scene()
    for wrong in (CalledNumber("123", 1), CalledNumber("12", 4)):
        dialogue = scene.scp.begin(
            "ssp-62", InitiateCallAttempt(destination_routing_address=(wrong,))
        )
        scene.passes(0.3)
        assert dialogue.next_error() is ErrorCode.UNEXPECTED_DATA_VALUE
    scene.is_over()
