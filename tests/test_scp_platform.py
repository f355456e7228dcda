"""The service platform: whose a dialogue is, what is refused, what keeps it; the 800 service."""

import pytest

from calleq.scp.dialogue import ACTIVITY_US
from calleq.scp.switch_calls import SwitchCalls
from calleq.ss7.inap.arguments import (
    ActivityTest,
    Connect,
    ConnectToResource,
    EventReportBCSM,
    PlayAnnouncement,
    ReleaseCall,
    RequestReportBCSMEvent,
    SpecializedResourceReport,
)
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import ErrorCode, OperationError
from calleq.ss7.inap.values import (
    EventInformation,
    EventTypeBCSM,
    MessageType,
    MiscCallInfo,
    MonitorMode,
    receiving,
)
from calleq.ss7.isup.values import Cause
from calleq.ss7.tcap.components import Invocation, Problem
from calleq.topology import RoutingRule
from calleq.units import MINUTE_US, SECOND_US
from tests.scp_scene import FIRST, FREEPHONE, SECOND, SWITCH, Dialogue, Scene, question

_E = EventTypeBCSM
NOTE = MiscCallInfo(MessageType.NOTIFICATION)
LONG = "We are closed. " * 20


def failed(event: EventTypeBCSM, cause: int | None = None) -> EventReportBCSM:
    information = None if cause is None else EventInformation(event, Cause(cause))
    return EventReportBCSM(event, receiving(2), information)


def destination(dialogue: Dialogue) -> str:
    (connect,) = [one for one in dialogue.orders() if isinstance(one, Connect)]
    return "+" + connect.destination_routing_address[0].digits


# 800


def test_a_question_is_answered_with_a_destination_and_what_is_to_be_reported() -> None:
    scene = Scene()
    arm, connect = scene.asks().orders()
    assert isinstance(arm, RequestReportBCSMEvent)
    modes = {one.event_type: one.monitor_mode for one in arm.bcsm_events}
    assert modes == {
        _E.ROUTE_SELECT_FAILURE: MonitorMode.INTERRUPTED,
        _E.O_CALLED_PARTY_BUSY: MonitorMode.INTERRUPTED,
        _E.O_NO_ANSWER: MonitorMode.INTERRUPTED,
        _E.O_ANSWER: MonitorMode.NOTIFY_AND_CONTINUE,
        _E.O_ABANDON: MonitorMode.NOTIFY_AND_CONTINUE,
    }
    (limit,) = [one.criteria for one in arm.bcsm_events if one.criteria is not None]
    assert limit.application_timer_s == 20
    assert isinstance(connect, Connect)
    assert connect.destination_routing_address[0].digits == FIRST[1:]


def test_an_answer_ends_the_dialogue() -> None:
    scene = Scene()
    dialogue = scene.asks()
    dialogue.say(EventReportBCSM(_E.O_ANSWER, receiving(2), misc_call_info=NOTE))
    assert dialogue.over == "end"
    assert len(scene.platform) == 0


@pytest.mark.parametrize("event", [_E.O_CALLED_PARTY_BUSY, _E.O_NO_ANSWER, _E.ROUTE_SELECT_FAILURE])
def test_a_number_that_is_not_to_be_had_is_followed_by_the_next(event: EventTypeBCSM) -> None:
    dialogue = Scene().asks()
    dialogue.orders()
    dialogue.say(failed(event))
    assert destination(dialogue) == SECOND
    assert not dialogue.over


@pytest.mark.parametrize(
    ("event", "told", "cause"),
    [
        (_E.O_CALLED_PARTY_BUSY, 21, 21),
        (_E.O_CALLED_PARTY_BUSY, None, 17),
        (_E.O_NO_ANSWER, None, 19),
        (_E.ROUTE_SELECT_FAILURE, 34, 34),
        (_E.ROUTE_SELECT_FAILURE, None, 41),
    ],
)
def test_the_last_one_says_with_which_cause_the_caller_is_released(
    event: EventTypeBCSM, told: int | None, cause: int
) -> None:
    dialogue = Scene().asks()
    dialogue.say(failed(_E.O_CALLED_PARTY_BUSY, 17))
    dialogue.orders()
    dialogue.say(failed(event, told))
    assert dialogue.orders() == [ReleaseCall(Cause(cause))]
    assert dialogue.over == "end"


def test_a_caller_who_leaves_ends_it() -> None:
    dialogue = Scene().asks()
    dialogue.say(EventReportBCSM(_E.O_ABANDON, receiving(1), misc_call_info=NOTE))
    assert dialogue.over == "end"


def test_a_closed_service_is_said_in_pieces_and_the_last_one_is_awaited() -> None:
    scene = Scene(rules=(RoutingRule(closed_text=LONG),))
    dialogue = scene.asks()
    linked = [
        one.invoke_id
        for one in dialogue.heard
        if isinstance(getattr(one, "argument", None), PlayAnnouncement)
    ]
    arm, resource, *played = dialogue.orders()
    assert isinstance(arm, RequestReportBCSMEvent)
    assert isinstance(resource, ConnectToResource)
    texts = [one.information_to_send.message_id.content for one in played]
    assert "".join(texts) == LONG
    assert all(len(text) <= 127 for text in texts)
    assert [one.request_announcement_complete for one in played] == [False, False, True]
    assert [one.disconnect_from_ip_forbidden for one in played] == [True, True, False]
    dialogue.say(SpecializedResourceReport(), linked_id=linked[-1])
    assert dialogue.orders() == [ReleaseCall(Cause(31))]
    assert dialogue.over == "end"


def test_a_switch_without_announcements_releases_the_caller_of_a_closed_service() -> None:
    dialogue = Scene(rules=(RoutingRule(closed_text="Closed."),)).asks()
    refused = dialogue.invoked(ConnectToResource).invoke_id
    dialogue.orders()
    error = OperationError(ErrorCode.TASK_REFUSED)
    dialogue.send(dialogue.conversation.error(refused, error))
    assert dialogue.orders() == [ReleaseCall(Cause(31))]


def test_a_switch_that_cannot_connect_is_told_to_release() -> None:
    dialogue = Scene().asks()
    refused = dialogue.invoked(Connect).invoke_id
    dialogue.orders()
    dialogue.send(dialogue.conversation.error(refused, OperationError(ErrorCode.SYSTEM_FAILURE)))
    assert dialogue.orders() == [ReleaseCall(Cause(41))]


# Whose a dialogue is.


@pytest.mark.parametrize("first", [question("+18005550111"), question(key=801)])
def test_what_belongs_to_no_service_is_answered_so(first: object) -> None:
    scene = Scene()
    dialogue = scene.asks(first)
    (failure,) = dialogue.failures()
    assert failure.error.code is ErrorCode.MISSING_CUSTOMER_RECORD
    assert dialogue.over == "end"
    assert scene.platform.unknown == 1
    assert len(scene.platform) == 0


def test_without_a_dialogue_portion_it_is_cs_1() -> None:
    dialogue = Scene().asks(context=None)
    assert destination(dialogue) == FIRST


def test_a_context_that_is_for_switches_is_refused() -> None:
    scene = Scene()
    dialogue = scene.asks(context=Context.CS1_SCP_TO_SSP)
    assert dialogue.over == "abort"
    assert len(scene.platform) == 0


def test_a_begin_without_operations_is_given_up() -> None:
    scene = Scene()
    dialogue = scene.asks(())
    assert dialogue.over == "abort"
    assert len(scene.platform) == 0


@pytest.mark.parametrize(
    ("component", "problem"),
    [
        (Invocation(0, 99), Problem.UNRECOGNIZED_OPERATION),
        (Invocation(0, 0, bytes.fromhex("0500")), Problem.MISTYPED_PARAMETER),
    ],
)
def test_a_first_operation_that_is_wrong_ends_the_dialogue_with_the_answer(
    component: Invocation, problem: Problem
) -> None:
    scene = Scene()
    dialogue = scene.asks((component,))
    assert dialogue.over == "end"
    assert scene.platform.refused == 1
    assert [getattr(one, "problem", None) for one in dialogue.heard] == [problem]


def test_a_wrong_operation_later_is_answered_and_the_service_goes_on() -> None:
    scene = Scene()
    dialogue = scene.asks()
    dialogue.orders()
    dialogue.send(Invocation(5, 99))
    assert [getattr(one, "problem", None) for one in dialogue.heard] == [
        Problem.UNRECOGNIZED_OPERATION
    ]
    dialogue.heard.clear()
    dialogue.say(failed(_E.O_CALLED_PARTY_BUSY, 17))
    assert destination(dialogue) == SECOND


# What keeps a dialogue, and what ends it.


def test_a_switch_may_test_the_dialogue() -> None:
    dialogue = Scene().asks()
    dialogue.heard.clear()
    dialogue.say(ActivityTest())
    assert len(dialogue.results()) == 1


def test_the_scp_tests_it_too_and_gives_up_one_that_does_not_answer() -> None:
    scene = Scene()
    dialogue = scene.asks()
    dialogue.orders()
    scene.passes(ACTIVITY_US / SECOND_US + 1)
    assert dialogue.orders() == [ActivityTest()]
    scene.passes(MINUTE_US / SECOND_US)
    assert dialogue.over == "abort"
    assert len(scene.platform) == 0


def test_one_that_answers_is_kept_for_as_long_as_it_likes() -> None:
    scene = Scene()
    dialogue = scene.asks()
    for _ in range(5):
        dialogue.orders()
        scene.passes(ACTIVITY_US / SECOND_US + 0.5)
        test = dialogue.invoked(ActivityTest)
        dialogue.send(dialogue.conversation.result(test.invoke_id))
    assert not dialogue.over
    assert len(scene.platform) == 1


def test_a_switch_that_gives_up_is_forgotten() -> None:
    scene = Scene()
    dialogue = scene.asks()
    scene.entity.abort(dialogue.number)
    scene.passes()
    assert len(scene.platform) == 0
    assert scene.platform.lost == 1


def test_what_cannot_be_delivered_ends_the_dialogue() -> None:
    scene = Scene()
    dialogue = scene.asks()
    dialogue.say(failed(_E.O_CALLED_PARTY_BUSY, 17))
    scene.link.fail()
    scene.passes(2 * ACTIVITY_US / SECOND_US)
    assert len(scene.platform) == 0


def test_a_hundred_questions_at_once_have_a_hundred_answers() -> None:
    scene = Scene()
    dialogues = [scene.asks(question(FREEPHONE)) for _ in range(100)]
    assert all(destination(one) == FIRST for one in dialogues)
    assert len(scene.platform) == 100


def test_beyond_its_limit_a_question_is_aborted_and_room_comes_with_an_end() -> None:
    scene = Scene(dialogues_limit=2)
    first, second, third = (scene.asks() for _ in range(3))
    assert (first.over, second.over, third.over) == ("", "", "provider abort")
    first.say(EventReportBCSM(_E.O_ANSWER, receiving(2), misc_call_info=NOTE))
    assert destination(scene.asks()) == FIRST


def test_beyond_its_limit_an_scp_makes_no_calls_of_its_own() -> None:
    scene = Scene(dialogues_limit=1)
    scene.asks()
    calls = SwitchCalls(scene.platform, SWITCH, "inap")
    kept: list[bool] = []
    calls.reserve("call", kept.append)
    assert kept == [False]
    assert calls.seize("call") is None
