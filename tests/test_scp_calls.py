"""What an SCP tells a switch (and a peripheral) to do for its calls, order by order, by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from calleq.calling_logic.means import Way
from calleq.media.contract import Player, Prompt
from calleq.media.numbered import DETECT, MUSIC
from calleq.scp.assisted_calls import AssistedCalls
from calleq.scp.switch_calls import SwitchCalls
from calleq.ss7.inap.arguments import (
    AssistRequestInstructions,
    Cancel,
    ConnectToResource,
    Continue,
    EstablishTemporaryConnection,
    EventReportBCSM,
    InitiateCallAttempt,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReceivedInformation,
    ReleaseCall,
    RequestReportBCSMEvent,
    SpecializedResourceReport,
)
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.digits import generic_digits
from calleq.ss7.inap.errors import ErrorCode, OperationError
from calleq.ss7.inap.party_handling import (
    CallSegmentAssociationCreated,
    ContinueWithArgument,
    CreateCallSegmentAssociation,
    DisconnectForwardConnectionWithArgument,
    DisconnectLeg,
    EntityReleased,
    MergeCallSegments,
)
from calleq.ss7.inap.values import (
    BcsmFailure,
    EventInformation,
    EventTypeBCSM,
    MessageType,
    MiscCallInfo,
    SegmentRequest,
    receiving,
    sending,
)
from calleq.ss7.isup.messages import Cause, Message
from calleq.ss7.isup.optional_types import GenericDigits, GenericNumber, Number
from calleq.units import SECOND_US
from tests.scp_scene import POINT, SWITCH, Dialogue, Scene

CUSTOMER, AGENT = "+12125550100", "+12125550143"
_E = EventTypeBCSM
NOTE = MiscCallInfo(MessageType.NOTIFICATION)
SPEECH = Prompt("speech", "Please hold for an ABC Company agent.", "ABC Company")


class User:
    """A leg of calling logic: what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def circuit_alerting(self, circuit: Way) -> None:
        self.told.append("alerting")

    def circuit_progress(self, circuit: Way) -> None:
        self.told.append("progress")

    def circuit_answered(self, circuit: Way) -> None:
        self.told.append("answered")

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        self.told.append("notice")

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        self.told.append(("released", cause.value))

    def circuit_cleared(self, circuit: Way) -> None:
        self.told.append("cleared")


def reporter(told: list[str]) -> Player:
    return Player(told.append, lambda: told.append("marked"))


class Calls:
    """One kind of calls on a scene, with the verbs of a test."""

    def __init__(self, make: Callable[[Scene], SwitchCalls | AssistedCalls]) -> None:
        self.scene = Scene()
        self.calls = make(self.scene)
        self.scene.platform.assisting = (
            self.calls if isinstance(self.calls, AssistedCalls) else None
        )
        self.kept: list[bool] = []
        self.calls.reserve("call", self.kept.append)
        self.scene.passes()

    def dials(self, number: str) -> tuple[Any, User]:
        way, user = self.calls.seize("call"), User()
        assert way is not None
        self.calls.dial(way, number, "+12125550140", user)
        self.scene.passes()
        return way, user


# On a switch (CS-2)


def on_switch() -> tuple[Calls, Dialogue]:
    """A call whose association the switch has made."""
    calls = Calls(lambda scene: SwitchCalls(scene.platform, SWITCH, "inap"))
    dialogue = calls.scene.begun.popleft()
    asked = dialogue.invoked(CreateCallSegmentAssociation)
    dialogue.orders()
    dialogue.send(dialogue.conversation.result(asked.invoke_id, CallSegmentAssociationCreated(1)))
    assert calls.kept == [True]
    return calls, dialogue


def answered(calls: Calls, dialogue: Dialogue, number: str) -> tuple[Any, User]:
    """A party that has answered; what the switch was told is forgotten."""
    way, user = calls.dials(number)
    dialogue.orders()
    dialogue.say(EventReportBCSM(_E.O_ANSWER, receiving(way.leg)))
    return way, user


def test_a_party_is_a_leg_in_a_segment_of_its_own() -> None:
    calls, dialogue = on_switch()
    way, user = calls.dials(CUSTOMER)
    attempt, arm, go_on = dialogue.orders()
    assert isinstance(attempt, InitiateCallAttempt)
    assert attempt.destination_routing_address[0].digits == CUSTOMER[1:]
    assert attempt.calling_party_number is not None
    assert attempt.calling_party_number.digits == "12125550140"
    assert (attempt.leg_to_be_created, attempt.new_call_segment) == (sending(1), 1)
    assert isinstance(arm, RequestReportBCSMEvent)
    assert {one.event_type for one in arm.bcsm_events} == {
        _E.ROUTE_SELECT_FAILURE,
        _E.O_CALLED_PARTY_BUSY,
        _E.O_NO_ANSWER,
        _E.O_ANSWER,
        _E.O_DISCONNECT,
        _E.O_TERM_SEIZED,
    }
    assert go_on == ContinueWithArgument(leg_or_segment=sending(1))
    assert (way.key.origin, way.key.destination) == (POINT, SWITCH)
    dialogue.say(EventReportBCSM(_E.O_TERM_SEIZED, receiving(1), misc_call_info=NOTE))
    dialogue.say(EventReportBCSM(_E.O_ANSWER, receiving(1)))
    assert user.told == ["alerting", "answered"]


def test_the_board_is_connected_once_and_then_plays_what_comes() -> None:
    calls, dialogue = on_switch()
    way, _ = answered(calls, dialogue, CUSTOMER)
    told: list[str] = []
    calls.calls.play(way, "one", SPEECH, reporter(told))
    calls.scene.passes()
    ids = [one.invoke_id for one in dialogue.heard]
    resource, name, rest = dialogue.orders()
    assert resource == ConnectToResource(1)
    assert [one.information_to_send.message_id.content for one in (name, rest)] == [
        "Please hold for an ABC Company",
        " agent.",
    ]
    assert name.connected_party == 1
    dialogue.say(SpecializedResourceReport(), linked_id=ids[1])
    assert told == ["marked"]
    dialogue.say(SpecializedResourceReport(), linked_id=ids[2])
    assert told == ["marked", "complete"]
    calls.calls.play(way, "two", Prompt("music"), reporter(told))
    calls.scene.passes()
    (music,) = dialogue.heard
    assert music.argument.information_to_send.message_id == MUSIC
    calls.calls.stop(way, "two")
    calls.scene.passes()
    assert dialogue.orders()[-1] == Cancel(SegmentRequest(music.invoke_id, 1))
    dialogue.send(dialogue.conversation.error(music.invoke_id, OperationError(ErrorCode.CANCELED)))
    assert told == ["marked", "complete", "stopped"]


@pytest.mark.parametrize(
    ("digit", "verdict"), [(1, "human"), (2, "machine"), (3, "fax"), (4, "silence"), (9, "human")]
)
def test_who_answered_is_judged_by_a_digit(digit: int, verdict: str) -> None:
    calls, dialogue = on_switch()
    way, _ = answered(calls, dialogue, CUSTOMER)
    told: list[str] = []
    calls.calls.detect(way, 2 * SECOND_US, told.append)
    calls.scene.passes()
    asked = dialogue.invoked(PromptAndCollectUserInformation)
    collect = asked.argument
    assert isinstance(collect, PromptAndCollectUserInformation)
    assert collect.information_to_send.message_id == DETECT
    assert collect.collected_info.first_digit_timeout_s == 2
    result = ReceivedInformation(GenericDigits(0, 1, bytes((digit,))))
    dialogue.send(dialogue.conversation.result(asked.invoke_id, result))
    assert told == [verdict]


def test_an_announcement_that_is_refused_has_failed() -> None:
    calls, dialogue = on_switch()
    way, _ = answered(calls, dialogue, CUSTOMER)
    told: list[str] = []
    calls.calls.play(way, "one", Prompt("speech", "Call."), reporter(told))
    calls.scene.passes()
    refused = dialogue.invoked(PlayAnnouncement).invoke_id
    error = OperationError(ErrorCode.UNAVAILABLE_RESOURCE)
    dialogue.send(dialogue.conversation.error(refused, error))
    assert told == ["failed"]


def bridged(calls: Calls, dialogue: Dialogue) -> tuple[list[bool], int]:
    """Two parties, both of whom hear the board, about to be joined."""
    ways = [answered(calls, dialogue, number)[0] for number in (CUSTOMER, AGENT)]
    for place, way in enumerate(ways):
        calls.calls.play(way, f"{place}", Prompt("speech", "Hold."), Player())
    calls.scene.passes()
    dialogue.orders()
    done: list[bool] = []
    calls.calls.bridge(tuple(ways), done.append)
    calls.scene.passes()
    merge = dialogue.invoked(MergeCallSegments).invoke_id
    assert dialogue.orders() == [
        DisconnectForwardConnectionWithArgument(1),
        DisconnectForwardConnectionWithArgument(2),
        MergeCallSegments(2, 1),
        ContinueWithArgument(leg_or_segment=1),
    ]
    assert done == []
    return done, merge


def test_a_bridge_is_the_merging_of_segments() -> None:
    calls, dialogue = on_switch()
    done, merge = bridged(calls, dialogue)
    dialogue.send(dialogue.conversation.result(merge))
    assert done == [True]


def test_a_bridge_that_is_refused_is_none() -> None:
    calls, dialogue = on_switch()
    done, merge = bridged(calls, dialogue)
    dialogue.send(dialogue.conversation.error(merge, OperationError(ErrorCode.TASK_REFUSED)))
    assert done == [False]


def test_a_bridge_under_way_when_the_dialogue_is_lost_is_none() -> None:
    calls, dialogue = on_switch()
    done, _ = bridged(calls, dialogue)
    calls.scene.entity.abort(dialogue.number)
    calls.scene.passes()
    assert done == [False]


def test_a_party_who_leaves_is_let_go_and_then_clear() -> None:
    calls, dialogue = on_switch()
    way, user = answered(calls, dialogue, CUSTOMER)
    gone = EventReportBCSM(
        _E.O_DISCONNECT, receiving(1), EventInformation(_E.O_DISCONNECT, Cause(16))
    )
    dialogue.say(gone)
    assert user.told == ["answered", ("released", 16)]
    asked = dialogue.invoked(DisconnectLeg)
    assert asked.argument.leg_to_be_released == sending(1)
    dialogue.send(dialogue.conversation.result(asked.invoke_id))
    assert user.told == ["answered", ("released", 16), "cleared"]
    way.release(Cause(16))
    calls.scene.passes()
    assert user.told[3:] == []


def test_a_party_that_is_released_is_clear_when_the_switch_says_so_even_if_it_knows_none() -> None:
    calls, dialogue = on_switch()
    way, user = calls.dials(CUSTOMER)
    dialogue.orders()
    way.release(Cause(19))
    calls.scene.passes()
    asked = dialogue.invoked(DisconnectLeg)
    assert asked.argument.release_cause == Cause(19)
    error = OperationError(ErrorCode.UNKNOWN_LEG_ID)
    dialogue.send(dialogue.conversation.error(asked.invoke_id, error))
    assert user.told == ["cleared"]


@pytest.mark.parametrize("operation", [InitiateCallAttempt, RequestReportBCSMEvent])
def test_a_party_that_the_switch_will_not_call_has_failed(operation: type[Any]) -> None:
    calls, dialogue = on_switch()
    _, user = calls.dials(CUSTOMER)
    refused = dialogue.invoked(operation).invoke_id
    dialogue.send(dialogue.conversation.error(refused, OperationError(ErrorCode.SYSTEM_FAILURE)))
    assert user.told == [("released", 41)]


def test_a_leg_that_the_switch_has_lost_is_gone_with_its_cause() -> None:
    calls, dialogue = on_switch()
    _, user = answered(calls, dialogue, CUSTOMER)
    dialogue.say(EntityReleased(BcsmFailure(receiving(1), cause=Cause(38))))
    assert user.told == ["answered", ("released", 38), "cleared"]


def test_with_the_dialogue_every_party_is_lost_and_none_can_follow() -> None:
    calls, dialogue = on_switch()
    users = [calls.dials(number)[1] for number in (CUSTOMER, AGENT)]
    calls.scene.entity.abort(dialogue.number)
    calls.scene.passes()
    assert [user.told for user in users] == 2 * [[("released", 41), "cleared"]]
    assert calls.calls.seize("call") is None


def test_a_switch_that_makes_no_association_has_no_room() -> None:
    calls = Calls(lambda scene: SwitchCalls(scene.platform, SWITCH, "inap"))
    dialogue = calls.scene.begun.popleft()
    asked = dialogue.invoked(CreateCallSegmentAssociation)
    error = OperationError(ErrorCode.SYSTEM_FAILURE)
    dialogue.send(dialogue.conversation.error(asked.invoke_id, error))
    assert calls.kept == [False]
    calls.calls.done("call")
    calls.scene.passes()
    assert len(calls.scene.platform) == 0


def test_the_end_of_a_call_ends_its_dialogue_and_releases_who_is_left() -> None:
    calls, dialogue = on_switch()
    answered(calls, dialogue, CUSTOMER)
    calls.calls.done("call")
    calls.scene.passes()
    (release,) = dialogue.orders()
    assert isinstance(release, ReleaseCall)
    assert dialogue.over == "end"


# With a peripheral (CS-1)


def with_peripheral() -> Calls:
    return Calls(lambda scene: AssistedCalls(scene.platform, SWITCH, "+12125559", 2, "inap"))


def sent_on(calls: Calls, number: str) -> tuple[Any, User, Dialogue, str]:
    """A party that has answered, and the correlation under which it was sent on."""
    way, user = calls.dials(number)
    dialogue = calls.scene.begun.popleft()
    dialogue.say()
    dialogue.orders()
    dialogue.say(EventReportBCSM(_E.O_ANSWER, receiving(1)))
    (send,) = dialogue.orders()
    assert isinstance(send, EstablishTemporaryConnection)
    assert send.assisting_ssp_ip_routing_address.number.digits == "12125559"
    assert send.scf_id is not None
    assert send.correlation_id == generic_digits(way.correlation)
    return way, user, dialogue, way.correlation


def asks(calls: Calls, correlation: str) -> Dialogue:
    """The peripheral asks what to do with the party of that correlation."""
    question = AssistRequestInstructions(GenericNumber(0, Number(correlation)))
    return calls.scene.asks(question, Context.CS1_IP_TO_SCP)


def test_each_party_has_a_dialogue_of_its_own_under_a_number_known_before() -> None:
    calls = with_peripheral()
    way, user = calls.dials(CUSTOMER)
    dialogue = calls.scene.begun.popleft()
    attempt, arm, go_on = dialogue.orders()
    assert isinstance(attempt, InitiateCallAttempt)
    assert isinstance(arm, RequestReportBCSMEvent)
    assert _E.O_TERM_SEIZED not in {one.event_type for one in arm.bcsm_events}
    assert go_on == Continue()
    (number,) = calls.scene.platform.dialogues
    assert way.key.cic == number * 256 + 1
    assert user.told == []


def test_correlations_name_the_scp_the_conference_and_the_party() -> None:
    calls = with_peripheral()
    correlations = [sent_on(calls, number)[3] for number in (CUSTOMER, AGENT)]
    assert correlations == ["2000011", "2000012"]


def test_what_is_to_be_played_waits_for_the_peripherals_question() -> None:
    calls = with_peripheral()
    way, user, dialogue, correlation = sent_on(calls, CUSTOMER)
    told: list[str] = []
    calls.calls.play(way, "one", SPEECH, reporter(told))
    calls.calls.detect(way, 2 * SECOND_US, told.append)
    calls.scene.passes()
    assert dialogue.orders() == []
    assistance = asks(calls, correlation)
    ids = [one.invoke_id for one in assistance.heard]
    kinds = [type(one) for one in assistance.orders()]
    assert kinds == [PlayAnnouncement, PlayAnnouncement, PromptAndCollectUserInformation]
    assistance.say(SpecializedResourceReport(), linked_id=ids[0])
    assistance.say(SpecializedResourceReport(), linked_id=ids[1])
    assert told == ["marked", "complete"]
    assert user.told == ["answered"]


def test_a_player_that_never_began_is_stopped_without_a_word() -> None:
    calls = with_peripheral()
    way, _, _, correlation = sent_on(calls, CUSTOMER)
    told: list[str] = []
    calls.calls.play(way, "one", SPEECH, reporter(told))
    calls.calls.stop(way, "one")
    assert told == ["stopped"]
    assert asks(calls, correlation).orders() == []


def test_two_parties_whom_the_peripheral_has_are_bridged() -> None:
    calls = with_peripheral()
    ways = []
    done: list[bool] = []
    for number in (CUSTOMER, AGENT):
        way, _, _, correlation = sent_on(calls, number)
        ways.append(way)
        calls.calls.bridge(tuple(ways), done.append)
        asks(calls, correlation)
    calls.calls.bridge(tuple(ways), done.append)
    assert done == [False, False, True]


@pytest.mark.parametrize("correlation", ["1000011", "2000012", "2000021", ""])
def test_a_question_about_nobody_is_answered_so(correlation: str) -> None:
    calls = with_peripheral()
    sent_on(calls, CUSTOMER)
    assistance = asks(calls, correlation or "0")
    (failure,) = assistance.failures()
    assert failure.error.code is ErrorCode.MISSING_CUSTOMER_RECORD
    assert assistance.over == "end"


def test_a_party_is_asked_about_once() -> None:
    calls = with_peripheral()
    _, _, _, correlation = sent_on(calls, CUSTOMER)
    first, second = asks(calls, correlation), asks(calls, correlation)
    assert (first.over, second.over) == ("", "end")


def test_a_peripheral_that_cannot_be_had_takes_its_party_with_it() -> None:
    calls = with_peripheral()
    way, user = calls.dials(CUSTOMER)
    dialogue = calls.scene.begun.popleft()
    dialogue.say()
    dialogue.say(EventReportBCSM(_E.O_ANSWER, receiving(1)))
    told: list[str] = []
    calls.calls.play(way, "one", SPEECH, reporter(told))
    refused = dialogue.invoked(EstablishTemporaryConnection).invoke_id
    dialogue.orders()
    dialogue.send(dialogue.conversation.error(refused, OperationError(ErrorCode.ETC_FAILED)))
    assert told == ["failed"]
    assert user.told == ["answered", ("released", 41), "cleared"]
    assert dialogue.orders() == [ReleaseCall(way.cause)]
    assert dialogue.over == "end"


def test_a_peripheral_that_goes_takes_its_party_with_it() -> None:
    calls = with_peripheral()
    _, user, dialogue, correlation = sent_on(calls, CUSTOMER)
    assistance = asks(calls, correlation)
    calls.scene.entity.abort(assistance.number)
    calls.scene.passes()
    assert user.told == ["answered", ("released", 41), "cleared"]
    assert dialogue.over == "end"


def test_a_party_who_leaves_is_gone_from_switch_and_peripheral() -> None:
    calls = with_peripheral()
    _, user, dialogue, correlation = sent_on(calls, CUSTOMER)
    assistance = asks(calls, correlation)
    gone = EventInformation(_E.O_DISCONNECT, Cause(16))
    dialogue.say(EventReportBCSM(_E.O_DISCONNECT, receiving(1), gone))
    assert user.told == ["answered", ("released", 16), "cleared"]
    assert (dialogue.over, assistance.over) == ("end", "end")
    assert dialogue.orders() == [ReleaseCall(Cause(16))]
    assert asks(calls, correlation).over == "end", "nobody is expected under it any more"


@pytest.mark.parametrize(
    ("event", "cause"),
    [(_E.O_CALLED_PARTY_BUSY, 17), (_E.O_NO_ANSWER, 19), (_E.ROUTE_SELECT_FAILURE, 41)],
)
def test_a_party_that_is_not_to_be_had_has_the_cause_of_the_event(
    event: EventTypeBCSM, cause: int
) -> None:
    calls = with_peripheral()
    _, user = calls.dials(CUSTOMER)
    dialogue = calls.scene.begun.popleft()
    dialogue.say()
    dialogue.say(EventReportBCSM(event, receiving(1)))
    assert user.told == [("released", cause), "cleared"]


def test_conferences_are_not_given_out_twice_while_they_last() -> None:
    calls = with_peripheral()
    kept: list[bool] = []
    for call in ("second", "third"):
        calls.calls.reserve(call, kept.append)
    ways = [calls.calls.seize(call) for call in ("call", "second", "third")]
    assert [way.correlation[1:6] for way in ways if way is not None] == ["00001", "00002", "00003"]
    assert kept == [True, True]
