"""The machines of service switching: every state has an answer to every input."""

from itertools import product

import pytest

from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.operations import ALWAYS_ANSWERED, OPERATIONS, OperationCode
from calleq.ss7.inap.refusals import OperationRefused
from calleq.ss7.inap.values import BcsmEvent, DpCriteria, EventTypeBCSM, MonitorMode
from calleq.ssp.ssf import leg, machine_tables, segment
from calleq.ssp.ssf.leg import LegAction, LegInput, LegState
from calleq.ssp.ssf.operations import HANDLERS
from calleq.ssp.ssf.points import ARMABLE, EVENTS, Model, Occurrence, arming_of, failure_of
from calleq.ssp.ssf.segment import (
    CallSegment,
    SegmentAction,
    SegmentInput,
    SegmentState,
)


@pytest.mark.parametrize(
    ("table", "states", "inputs"),
    [(leg.TABLE, LegState, LegInput), (segment.TABLE, SegmentState, SegmentInput)],
)
def test_every_pair_of_state_and_input_is_decided(table, states, inputs) -> None:
    assert set(table) == set(product(states, inputs))


def test_every_action_is_used_and_every_state_can_be_reached() -> None:
    for table, actions, states in (
        (leg.TABLE, LegAction, LegState),
        (segment.TABLE, SegmentAction, SegmentState),
    ):
        assert {action for action, _ in table.values()} == set(actions)
        assert {following for (state, _), (_, following) in table.items()} == set(states)


def test_a_leg_that_is_gone_stays_so_and_every_leg_can_be_let_go() -> None:
    for given in LegInput:
        assert leg.TABLE[LegState.GONE, given] == (LegAction.IGNORE, LegState.GONE)
    for state in LegState:
        _, following = leg.TABLE[state, LegInput.RELEASE]
        assert following in (LegState.GONE, LegState.WITHDRAWN)


def test_a_segment_that_is_over_takes_no_orders() -> None:
    class Nobody:
        def segment_waits(self, segment: CallSegment) -> None:
            raise AssertionError

        def segment_goes_on(self, segment: CallSegment) -> None:
            pass

        def segment_closed(self, segment: CallSegment) -> None:
            pass

    over = CallSegment(Nobody(), 1)
    over.receive(SegmentInput.EMPTIED)
    assert over.state is SegmentState.IDLE
    for given in SegmentInput:
        if given.isupper():
            over.receive(given)
        elif given is not SegmentInput.RELEASE:
            with pytest.raises(OperationRefused) as refused:
                over.receive(given)
            assert refused.value.error.code is ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE
        assert over.state is SegmentState.IDLE


def test_only_orders_are_refused_and_a_refusal_changes_nothing() -> None:
    for (state, given), (action, following) in segment.TABLE.items():
        if action is SegmentAction.REFUSE:
            assert not given.isupper()
            assert following is state


def test_every_operation_that_an_scp_may_invoke_has_a_handler() -> None:
    by_switch = {
        OperationCode.INITIAL_DP,
        OperationCode.ASSIST_REQUEST_INSTRUCTIONS,
        OperationCode.EVENT_REPORT_BCSM,
        OperationCode.APPLY_CHARGING_REPORT,
        OperationCode.CALL_INFORMATION_REPORT,
        OperationCode.SPECIALIZED_RESOURCE_REPORT,
        OperationCode.ENTITY_RELEASED,
    }
    served = {code for code, one in OPERATIONS.items() if one.argument in HANDLERS}
    assert served == set(OPERATIONS) - by_switch - {OperationCode.CALL_GAP}
    assert OperationCode.ACTIVITY_TEST in ALWAYS_ANSWERED


def test_every_occurrence_is_an_event_that_can_be_armed() -> None:
    for model, occurrence in product(Model, Occurrence):
        assert EVENTS[model][occurrence] in ARMABLE


@pytest.mark.parametrize("event", list(EventTypeBCSM))
@pytest.mark.parametrize("mode", list(MonitorMode))
def test_what_can_be_armed(event: EventTypeBCSM, mode: MonitorMode) -> None:
    asked = BcsmEvent(event, mode)
    alerting = event in (EventTypeBCSM.O_TERM_SEIZED, EventTypeBCSM.CALL_ACCEPTED)
    if event in ARMABLE and not (alerting and mode is MonitorMode.INTERRUPTED):
        assert arming_of(asked).mode is mode
    else:
        with pytest.raises(OperationRefused):
            arming_of(asked)


def test_criteria_belong_to_no_answer_alone() -> None:
    timed = DpCriteria(application_timer_s=9)
    interrupted = MonitorMode.INTERRUPTED
    assert arming_of(BcsmEvent(EventTypeBCSM.O_NO_ANSWER, interrupted, None, timed)).limit_us == (
        9_000_000
    )
    for event, criteria in (
        (EventTypeBCSM.O_ANSWER, timed),
        (EventTypeBCSM.O_NO_ANSWER, DpCriteria(number_of_digits=3)),
    ):
        with pytest.raises(OperationRefused):
            arming_of(BcsmEvent(event, interrupted, None, criteria))


@pytest.mark.parametrize("cause", range(1, 128))
def test_every_cause_is_one_kind_of_failure(cause: int) -> None:
    expected = {17: Occurrence.BUSY, 21: Occurrence.BUSY, 19: Occurrence.NO_ANSWER}
    assert failure_of(cause) is expected.get(cause, Occurrence.FAILURE)


def test_the_tables_are_drawn() -> None:
    tables = machine_tables()
    assert len(tables) == 2
    assert sum(len(table) for table in tables.values()) == len(leg.TABLE) + len(segment.TABLE)
