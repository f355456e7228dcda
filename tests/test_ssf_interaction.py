"""What parties hear by an SCP's order: announcements, judgements, temporary connections."""

import pytest

from calleq.media.numbered import CLOSED, DETECT, MUSIC, RECORDED
from calleq.ss7.inap.arguments import (
    Cancel,
    Connect,
    ConnectToResource,
    Continue,
    DisconnectForwardConnection,
    EstablishTemporaryConnection,
    InitialDP,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReceivedInformation,
    ReleaseCall,
    SpecializedResourceReport,
)
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo, MessageText, Tone
from calleq.ss7.inap.octets import address, bcd
from calleq.ss7.inap.party_handling import DisconnectForwardConnectionWithArgument
from calleq.ss7.inap.values import EventTypeBCSM, sending
from calleq.ss7.isup.messages import Cause, Iam
from calleq.ss7.isup.optional_types import GenericDigits
from calleq.units import SECOND_US
from tests.ssf_scene import Dialogue, Scene, number_of
from tests.test_ssf_freephone import asked
from tests.test_ssf_made_legs import CUSTOMER, dials
from tests.virtual import REPRESENTATIVE, number

E = EventTypeBCSM
CLOSED_TEXT = f"speech:{RECORDED[CLOSED].text}"
ANSWERED = (E.O_ANSWER, 1, None)


def play(message: object, *, forbidden: bool = True, report: bool = True, **more: object):
    return PlayAnnouncement(InbandInfo(message, **more), forbidden, report)


def answered(version: Version = Version.CS2) -> tuple[Scene, Dialogue]:
    """A party that has been called and is at the telephone."""
    scene = Scene(talk_us=200 * SECOND_US)
    dialogue = dials(scene, CUSTOMER, version)
    assert dialogue.event() == ANSWERED
    return scene, dialogue


def test_a_caller_hears_the_office_is_closed_and_is_released() -> None:
    scene = Scene()
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(ConnectToResource(), play(CLOSED))
    scene.passes(1)
    assert scene.hears(CUSTOMER) == {CLOSED_TEXT}
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    assert scene.hears(CUSTOMER) == set()
    dialogue.say(ReleaseCall(Cause(31)))
    scene.passes(1)
    assert scene.cause_told(CUSTOMER) == 31
    scene.is_over()


def test_announcement_then_connect() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = asked(scene)
    dialogue.next(InitialDP)
    dialogue.say(ConnectToResource(), play(MessageText("One moment please."), forbidden=False))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.end(Connect(destination_routing_address=number_of(REPRESENTATIVE)))
    scene.passes(5)
    assert scene.hears(CUSTOMER) == {f"mouth:{REPRESENTATIVE}"}
    scene.hang_up(CUSTOMER)
    scene.is_over()


@pytest.mark.parametrize("version", list(Version))
def test_two_announcements_follow_each_other_and_each_is_reported(version: Version) -> None:
    scene, dialogue = answered(version)
    dialogue.say(
        ConnectToResource(),
        play(MessageText("Please hold for an ABC Company")),
        play(MessageText("customer representative.")),
    )
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    scene.passes(0.5)
    assert scene.hears(CUSTOMER) == {"speech:customer representative."}
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.say(DisconnectForwardConnection(), ReleaseCall(Cause(16)))
    scene.is_over()


def test_music_goes_on_until_it_is_cancelled() -> None:
    scene, dialogue = answered()
    _, music = dialogue.say(ConnectToResource(), play(MUSIC))
    scene.passes(100)
    assert scene.hears(CUSTOMER) == {"music"}
    dialogue.say(Cancel(music))
    scene.passes(1)
    assert dialogue.next_error() is ErrorCode.CANCELED
    assert scene.hears(CUSTOMER) == set()
    dialogue.say(Cancel(music))
    scene.passes(1)
    assert dialogue.next_error() is ErrorCode.CANCEL_FAILED
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_repetitions_intervals_and_durations() -> None:
    scene, dialogue = answered()
    dialogue.say(
        ConnectToResource(),
        play(MessageText("Twice."), number_of_repetitions=2, interval_s=3),
    )
    began_us = scene.clock.monotonic_us()
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    assert scene.clock.monotonic_us() - began_us > 3 * SECOND_US
    dialogue.say(play(MUSIC, duration_s=5))
    began_us = scene.clock.monotonic_us()
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    assert 5 * SECOND_US <= scene.clock.monotonic_us() - began_us < 5.2 * SECOND_US
    dialogue.say(PlayAnnouncement(Tone(2, 2)))
    scene.passes(1)
    assert scene.hears(CUSTOMER) == {"tone:busy"}
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    assert scene.hears(CUSTOMER) == set()
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


@pytest.mark.parametrize(("ending", "digit"), [("00", "1"), ("04", "2"), ("09", "3")])
def test_what_answers_is_judged_and_collected_as_a_digit(ending: str, digit: str) -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    dialogue = dials(scene, number(ending))
    dialogue.event()
    dialogue.say(
        ConnectToResource(),
        PromptAndCollectUserInformation(
            CollectedDigits(1, first_digit_timeout_s=5),
            information_to_send=InbandInfo(DETECT),
        ),
    )
    dialogue.waits()
    result = dialogue.next_result()
    assert isinstance(result, ReceivedInformation)
    assert isinstance(result.response, GenericDigits)
    assert result.response.digits == bytes((int(digit),))
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (play(999), ErrorCode.UNAVAILABLE_RESOURCE),
        (PlayAnnouncement("a display"), ErrorCode.UNEXPECTED_PARAMETER),
        (PlayAnnouncement(Tone(77)), ErrorCode.UNAVAILABLE_RESOURCE),
        (
            PromptAndCollectUserInformation(
                CollectedDigits(4, voice_information=True), True, InbandInfo(CLOSED)
            ),
            ErrorCode.UNAVAILABLE_RESOURCE,
        ),
    ],
)
def test_what_the_board_cannot_do_is_refused(order: object, error: ErrorCode) -> None:
    scene, dialogue = answered()
    dialogue.say(ConnectToResource(), order)
    scene.passes(1)
    assert dialogue.next_error() is error
    dialogue.say(play(CLOSED))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_more_orders_than_fit_are_refused() -> None:
    scene, dialogue = answered()
    dialogue.say(ConnectToResource(), *(play(MUSIC) for _ in range(17)))
    scene.passes(1)
    assert dialogue.next_error() is ErrorCode.UNAVAILABLE_RESOURCE
    assert not dialogue.heard
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_party_that_hangs_up_during_an_announcement_is_told() -> None:
    scene, dialogue = answered()
    dialogue.say(ConnectToResource(), play(MUSIC))
    scene.passes(2)
    scene.hang_up(CUSTOMER)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    dialogue.say(Continue())
    scene.passes(1)
    assert dialogue.over == "end"
    scene.is_over()


@pytest.mark.parametrize(
    "order",
    [DisconnectForwardConnection(), play(CLOSED), EstablishTemporaryConnection],
    ids=["part", "play", "twice"],
)
def test_orders_out_of_place_are_refused(order: object) -> None:
    scene, dialogue = answered()
    if order is EstablishTemporaryConnection:
        dialogue.say(ConnectToResource(), ConnectToResource())
    else:
        dialogue.say(order)
    scene.passes(1)
    assert dialogue.next_error() is ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def temporary(to: str) -> EstablishTemporaryConnection:
    """The last digit of the number is the correlation identity."""
    return EstablishTemporaryConnection(address(to[1:-1]), bcd(to[-1]), scf_id=b"\x82\x01")


@pytest.mark.parametrize("version", list(Version))
def test_a_temporary_connection_joins_the_party_with_a_resource_elsewhere(
    version: Version,
) -> None:
    """A telephone stands for the resource: what it gets with the IAM is what ties the two."""
    resource = REPRESENTATIVE
    scene, dialogue = answered(version)
    dialogue.say(temporary(resource))
    scene.answers(resource)
    assert scene.hears(CUSTOMER) == {f"mouth:{resource}"}
    assert scene.hears(resource) == {f"mouth:{CUSTOMER}"}
    iams = [message for _, _, message in scene.signalling() if isinstance(message, Iam)]
    assert iams[-1].called.digits == resource[1:]
    assert iams[-1].calling is not None
    assert iams[-1].calling.digits == CUSTOMER[1:]
    parameters = dict(iams[-1].other)
    assert parameters[0x65] == b"\x20\x03"
    assert parameters[0x66] == b"\x82\x01"
    if version is Version.CS1:
        dialogue.say(DisconnectForwardConnection())
    else:
        dialogue.say(DisconnectForwardConnectionWithArgument(sending(1)))
    scene.passes(1)
    assert scene.state(resource) == "OnHook"
    assert scene.state(CUSTOMER) == "Talking"
    assert not dialogue.heard
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_resource_that_cannot_be_had_is_an_error_and_the_scp_has_the_word() -> None:
    scene, dialogue = answered()
    dialogue.say(temporary(number("01")))
    scene.passes(2)
    assert dialogue.next_error() is ErrorCode.ETC_FAILED
    dialogue.say(ConnectToResource(), play(CLOSED))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


@pytest.mark.parametrize(
    "order",
    [
        EstablishTemporaryConnection(address("121255501"), bcd("4" * 9)),
        EstablishTemporaryConnection(address("121255501"), GenericDigits(0, 2, b"43")),
        EstablishTemporaryConnection(address("121255501"), bcd("4*")),
    ],
    ids=["too long", "no BCD", "no digit"],
)
def test_a_correlation_that_makes_no_number_is_refused(
    order: EstablishTemporaryConnection,
) -> None:
    scene, dialogue = answered()
    dialogue.say(order)
    scene.passes(0.5)
    assert dialogue.next_error() is ErrorCode.UNEXPECTED_DATA_VALUE
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_a_resource_that_goes_away_gives_the_word_back() -> None:
    scene, dialogue = answered()
    dialogue.say(temporary(REPRESENTATIVE))
    scene.passes(8)
    scene.hang_up(REPRESENTATIVE)
    scene.passes(1)
    dialogue.say(ConnectToResource(), play(CLOSED))
    dialogue.waits()
    dialogue.next(SpecializedResourceReport)
    dialogue.end(ReleaseCall(Cause(16)))
    scene.is_over()


def test_whoever_goes_first_the_temporary_connection_is_let_go() -> None:
    scene, dialogue = answered()
    dialogue.say(temporary(REPRESENTATIVE))
    scene.passes(8)
    scene.hang_up(CUSTOMER)
    assert dialogue.event() == (E.O_DISCONNECT, 1, 16)
    scene.passes(1)
    assert scene.state(REPRESENTATIVE) == "OnHook"
    dialogue.end(Continue())
    scene.is_over()
