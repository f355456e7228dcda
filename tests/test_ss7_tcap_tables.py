"""The tables of TCAP: every pair is decided, and each cell is what one end does when it happens."""

from itertools import product

import pytest

from calleq.ss7.sccp.values import ReturnCause
from calleq.ss7.tcap.components import (
    Invocation,
    LocalReject,
    OperationClass,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import (
    CancelIndication,
    ContinueIndication,
    EndIndication,
    NoticeIndication,
    ProviderAbortIndication,
    ProviderCause,
    TcapError,
    UserAbortIndication,
)
from calleq.ss7.tcap.invocations import TABLE as INVOCATIONS
from calleq.ss7.tcap.invocations import (
    InvocationAction,
    InvocationInput,
    InvocationState,
)
from calleq.ss7.tcap.messages import Abort, Begin, Continue, End
from calleq.ss7.tcap.states import TABLE, Action, Input, State
from tests.tcap_pair import FAR_ID, NULL, SCF, SSF, Alone, identifier

SECOND_US = 1_000_000


def test_every_pair_of_state_and_input_is_decided():
    assert set(TABLE) == set(State)
    assert all(set(row) == set(Input) for row in TABLE.values())
    triples = product(OperationClass, InvocationState, InvocationInput)
    assert set(INVOCATIONS) == set(triples)


def an_end_in(state: State) -> tuple[Alone, int]:
    """An end with one dialogue in that state; in IDLE, the number of one that is over."""
    end = Alone()
    match state:
        case State.INITIATION_SENT:
            return end, end.begins()
        case State.INITIATION_RECEIVED:
            return end, end.is_begun_with()
        case State.ACTIVE:
            number = end.is_begun_with()
            end.answers(number)
            return end, number
        case State.IDLE:
            number = end.begins()
            end.end.abort(number, now_us=end.now_us)
            return end, number


def let(end: Alone, number: int, event: Input) -> list[object]:
    """Let that happen to the dialogue; what the user is told. TcapError where it is forbidden."""
    far, own = FAR_ID, identifier(number)
    match event:
        case Input.CONTINUE:
            return end.hears(Continue(far, own))
        case Input.END:
            return end.hears(End(own))
        case Input.ABORT:
            return end.hears(Abort(own))
        case Input.MALFORMED:
            # A Continue with a component portion and a dialogue portion after it.
            octets = b"\x48\x02" + far + b"\x49\x04" + own + b"\x6c\x00\x6b\x00"
            return end.hears(bytes((0x65, len(octets))) + octets)
        case Input.USER_CONTINUE:
            end.end.continue_(number, now_us=end.now_us)
        case Input.USER_END:
            end.end.end(number, now_us=end.now_us)
        case Input.USER_PREARRANGED_END:
            end.end.end(number, prearranged=True, now_us=end.now_us)
        case Input.USER_ABORT:
            end.end.abort(number, now_us=end.now_us)
        case Input.IDLE_TIMER:
            end.now_us += 3600 * SECOND_US
            return list(end.end.handle_timer(end.now_us))
        case Input.NOTICE:
            octets = b"\x62\x06\x48\x04" + own
            return list(end.end.notice(ReturnCause.NO_TRANSLATION, octets, end.now_us))
    return []


TOLD = {
    Action.ACCEPT: ContinueIndication,
    Action.GO_ON: ContinueIndication,
    Action.CONCLUDE_FIRST: EndIndication,
    Action.CONCLUDE: EndIndication,
    Action.TELL_ABORT: UserAbortIndication,
    Action.GIVE_UP: ProviderAbortIndication,
    Action.EXPIRE: ProviderAbortIndication,
    Action.TELL_NOTICE: NoticeIndication,
}
SENT = {
    Action.REFUSE: Abort,
    Action.GIVE_UP: Abort,
    Action.SEND_FIRST_CONTINUE: Continue,
    Action.SEND_CONTINUE: Continue,
    Action.SEND_FIRST_END: End,
    Action.SEND_END: End,
    Action.SEND_REFUSAL: Abort,
    Action.SEND_ABORT: Abort,
}


@pytest.mark.parametrize("state", State, ids=lambda state: state.name)
@pytest.mark.parametrize("event", Input, ids=lambda event: event.name)
def test_an_end_does_what_its_table_says(state: State, event: Input):
    end, number = an_end_in(state)
    action, after = TABLE[state][event]
    before = len(end.end)
    if action is Action.FORBID:
        with pytest.raises(TcapError):
            let(end, number, event)
        assert end.says() == []
    else:
        told = let(end, number, event)
        assert [type(one) for one in told] == [TOLD[one] for one in TOLD if one is action]
        said = [type(one) for one in end.says()]
        if action is Action.EXPIRE:
            # The far end is told where its id is known.
            assert said == [Abort] * (state is not State.INITIATION_SENT)
        else:
            assert said == [SENT[one] for one in SENT if one is action]
    assert len(end.end) == before - (after is State.IDLE and state is not State.IDLE)
    if after is State.IDLE:
        with pytest.raises(TcapError):
            end.end.cancel(number, 1)


def test_a_dialogue_that_a_begin_opens_and_one_that_it_cannot():
    end = Alone(dialogues_limit=1)
    end.is_begun_with()
    assert end.hears(Begin(b"\x05")) == []
    assert end.says() == [Abort(b"\x05", ProviderCause.RESOURCE_LIMITATION)]
    with pytest.raises(TcapError):
        end.end.begin(SCF, SSF, now_us=end.now_us)


def an_invocation_in(kind: OperationClass, state: InvocationState) -> tuple[Alone, int]:
    """A dialogue with invocation 1 of that class in that state, as far as the class has it."""
    end = Alone()
    number = end.is_begun_with()
    end.answers(number)
    if state is not InvocationState.IDLE:
        one = Invocation(1, 20, NULL, operation_class=kind, timer_us=5 * SECOND_US)
        end.answers(number, [one])
    if state is InvocationState.WAITING:
        answer = ReturnError(1, 5) if kind is OperationClass.FAILURE_ONLY else ReturnResult(1)
        end.hears(Continue(FAR_ID, identifier(number), None, (answer,)))
    return end, number


REPORTS = {
    InvocationInput.RESULT: ReturnResult(1),
    InvocationInput.PART: ReturnResult(1, last=False),
    InvocationInput.ERROR: ReturnError(1, 5),
    InvocationInput.REJECT: Reject(1, Problem.UNRECOGNIZED_OPERATION),
}


def reached() -> list[tuple[OperationClass, InvocationState, InvocationInput]]:
    """The triples that can come about: an operation of class 4 has nothing to wait for."""
    return [
        (kind, state, event)
        for kind, state, event in INVOCATIONS
        if (kind, state) != (OperationClass.NEITHER, InvocationState.WAITING)
    ]


@pytest.mark.parametrize(
    ("kind", "state", "event"), reached(), ids=lambda one: one.name if one is not None else ""
)
def test_an_invocation_does_what_its_table_says(
    kind: OperationClass, state: InvocationState, event: InvocationInput
):
    end, number = an_invocation_in(kind, state)
    action, after = INVOCATIONS[kind, state, event]
    told: list[object] = []
    if event in REPORTS:
        answer = Continue(FAR_ID, identifier(number), None, (REPORTS[event],))
        (indication,) = end.hears(answer)
        told = list(indication.components)
    elif event is InvocationInput.TIMER:
        end.now_us += 5 * SECOND_US
        told = list(end.end.handle_timer(end.now_us))
    elif event is InvocationInput.CANCEL and state is InvocationState.IDLE:
        with pytest.raises(TcapError):
            end.end.cancel(number, 1)
    elif event is InvocationInput.CANCEL:
        end.end.cancel(number, 1)
    else:
        end.answers(number)
    match action:
        case InvocationAction.NOTHING:
            assert told == []
        case InvocationAction.DELIVER:
            assert told == [REPORTS[event]]
        case InvocationAction.TELL_TIMEOUT:
            assert told == [CancelIndication(number, 1)]
        case _:
            (rejected,) = told
            assert isinstance(rejected, LocalReject)
            unexpected = action is InvocationAction.REFUSE_UNEXPECTED
            assert rejected.problem & 0xFF == unexpected
            end.end.continue_(number, now_us=end.now_us)
            ((sent,),) = [message.components for message in end.says()]
            assert sent == Reject(1, rejected.problem)
    in_use = after is InvocationState.SENT
    again = Invocation(1, 20)
    if in_use:
        with pytest.raises(TcapError, match="in use"):
            end.end.continue_(number, [again], now_us=end.now_us)
    else:
        end.end.continue_(number, [again], now_us=end.now_us)
