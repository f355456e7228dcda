"""Lengths, call information, timers and tests of a dialogue, as an SCP asks for them."""

import pytest

from calleq.journal.entries import Furnished, LineAnswered, LineReleased
from calleq.ss7.inap.arguments import (
    ActivityTest,
    ApplyCharging,
    ApplyChargingReport,
    CallInformationReport,
    CallInformationRequest,
    Cancel,
    Connect,
    Continue,
    EventReportBCSM,
    FurnishChargingInformation,
    InitialDP,
    ReleaseCall,
    ResetTimer,
)
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.network_charging import (
    Charge,
    Charged,
    ChargingError,
    decode_charge,
    decode_charged,
    encode_charge,
    encode_charged,
)
from calleq.ss7.inap.values import (
    EventTypeBCSM,
    MonitorMode,
    RequestedInformationType,
    sending,
)
from calleq.ss7.isup.messages import Cause
from calleq.units import SECOND_US
from tests.ssf_scene import Dialogue, Scene, arm, number_of
from tests.test_ssf_freephone import asked
from tests.test_ssf_made_legs import CUSTOMER, dials
from tests.virtual import REPRESENTATIVE, number

E = EventTypeBCSM
T = RequestedInformationType


def connected(*orders: object) -> tuple[Scene, Dialogue]:
    """A freephone call that is answered, with these orders given before it was connected."""
    scene = Scene(talk_us=300 * SECOND_US)
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(
        *orders,
        arm(E.O_ANSWER, leg=2, mode=MonitorMode.NOTIFY_AND_CONTINUE),
        Connect(destination_routing_address=number_of(REPRESENTATIVE)),
    )
    assert dialogue.event() == (E.O_ANSWER, 2, None)
    return scene, dialogue


def talk_ms100(scene: Scene) -> int:
    """As the switch facing the party has it."""
    wanted = [
        one
        for one in scene.journal.entries
        if one.entity == "ssp-64" and isinstance(one.entry, LineAnswered | LineReleased)
    ]
    return (wanted[-1].monotonic_us - wanted[-2].monotonic_us) // 100_000


def charged(dialogue: Dialogue) -> Charged:
    dialogue.waits()
    return decode_charged(dialogue.next(ApplyChargingReport).call_result)


def test_the_talk_is_reported_at_its_end_and_ends_the_dialogue() -> None:
    scene, dialogue = connected(ApplyCharging(encode_charge(Charge())))
    scene.passes(12.34)
    scene.hang_up(REPRESENTATIVE)
    scene.passes(1)
    assert charged(dialogue) == Charged(2, talk_ms100(scene), True)
    assert dialogue.over == "end"
    scene.is_over()


@pytest.mark.parametrize("release", [True, False])
def test_at_its_limit_a_talk_is_reported_and_perhaps_released(release: bool) -> None:
    scene, dialogue = connected(ApplyCharging(encode_charge(Charge(50, release))))
    scene.passes(5.5)
    assert charged(dialogue) == Charged(2, 50, release)
    if release:
        assert scene.cause_told(CUSTOMER) == 31
    else:
        assert scene.state(CUSTOMER) == "Talking"
        scene.hang_up(CUSTOMER)
    scene.is_over()
    assert dialogue.over == "end"


def test_a_further_limit_runs_from_the_answer_too() -> None:
    scene, dialogue = connected(
        ApplyCharging(encode_charge(Charge(50))), arm(E.O_DISCONNECT, leg=1)
    )
    assert charged(dialogue).talk_ms100 == 50
    dialogue.say(ApplyCharging(encode_charge(Charge(80, True)), sending(2)))
    assert charged(dialogue) == Charged(2, 80, True)
    scene.is_over()


def test_a_call_that_was_never_answered_is_charged_nothing() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(
        ApplyCharging(encode_charge(Charge())),
        Connect(destination_routing_address=number_of(number("01"))),
    )
    assert charged(dialogue) == Charged(2, 0, True)
    scene.is_over()


@pytest.mark.parametrize("version", list(Version))
def test_call_information_is_reported_at_the_end_of_a_leg(version: Version) -> None:
    scene = Scene(talk_us=300 * SECOND_US)
    dialogue = dials(scene, CUSTOMER, version)
    dialogue.event()
    leg = sending(1) if version is Version.CS2 else None
    dialogue.say(
        CallInformationRequest(tuple(T), leg_id=leg),
        Continue(),
    )
    scene.passes(10)
    scene.hang_up(CUSTOMER)
    dialogue.waits()
    dialogue.next(EventReportBCSM)
    report = dialogue.next(CallInformationReport)
    values = {item.kind: item.value for item in report.requested_information}
    assert values[T.CALL_ATTEMPT_ELAPSED_TIME] == 4
    assert values[T.CALL_CONNECTED_ELAPSED_TIME] == 100
    assert values[T.CALL_STOP_TIME] == "260105090024"
    assert values[T.CALLED_ADDRESS].number.digits == CUSTOMER[1:]
    assert values[T.RELEASE_CAUSE].value == 16
    dialogue.end(Continue())
    scene.is_over()


def test_what_the_scp_furnishes_is_in_the_journal() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.end(FurnishChargingInformation(b"\x30\x03tag"), ReleaseCall(Cause(31)))
    scene.passes(1)
    (furnished,) = scene.written("ssp-62", Furnished)
    assert bytes.fromhex(furnished.tag) == b"\x30\x03tag"
    scene.is_over()


def test_a_dialogue_that_stands_says_so() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(ActivityTest())
    scene.passes(0.5)
    assert dialogue.next_result() is None
    dialogue.end(ReleaseCall(Cause(31)))
    scene.is_over()


def test_all_requests_are_cancelled() -> None:
    """Nothing is armed any more, so the switch ends the dialogue, and the call goes on."""
    scene, dialogue = connected(
        arm(E.O_DISCONNECT, leg=1),
        arm(E.O_DISCONNECT, leg=2),
        ApplyCharging(encode_charge(Charge())),
    )
    dialogue.say(Cancel())
    scene.passes(1)
    assert dialogue.over == "end"
    assert scene.state(CUSTOMER) == "Talking"
    scene.hang_up(CUSTOMER)
    scene.is_over()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (ResetTimer(20), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
        (ApplyCharging(b"\x04\x00"), ErrorCode.UNEXPECTED_DATA_VALUE),
        (ApplyCharging(encode_charge(Charge()), sending(7)), ErrorCode.UNKNOWN_LEG_ID),
        (InitialDP(service_key=1), ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE),
    ],
)
def test_what_has_no_place_in_a_call_that_goes_on_is_refused(
    order: object, error: ErrorCode
) -> None:
    scene, dialogue = connected(arm(E.O_DISCONNECT, leg=1), arm(E.O_DISCONNECT, leg=2))
    dialogue.say(order)
    scene.passes(0.5)
    assert dialogue.next_error() is error
    dialogue.end(ReleaseCall(Cause(31)))
    scene.is_over()


def test_charging_octets_are_read_back_and_others_refused() -> None:
    for charge in (Charge(), Charge(1), Charge(36_000, True), Charge(None, True)):
        assert decode_charge(encode_charge(charge)) == charge
    for report in (Charged(1, 0, True), Charged(16, 864_000, False)):
        assert decode_charged(encode_charged(report)) == report
    for wrong in (b"", b"\x04\x00", b"\x30\x03\x80\x01", b"\x30\x03\x80\x01\x00", b"\x30\x80"):
        with pytest.raises(ChargingError):
            decode_charge(wrong)
    for wrong in (b"", b"\x30\x00", b"\x30\x03\x80\x01\x01"):
        with pytest.raises(ChargingError):
            decode_charged(wrong)
