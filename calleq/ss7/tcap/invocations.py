"""The states of an operation that this end has invoked (Q.774 §3.2.1.1.3, Figures 2 to 5).

Owns the table: for each class of operation, what a component or timer means in each state. Every
triple is decided.

The standard lets an invocation wait for a reject, by a timer of the implementation, once its last
result is told to the user. Here it waits until the user sends its next message in the dialogue:
whatever it has to reject goes with that one.
"""

from enum import IntEnum

import msgspec

from calleq.ss7.tcap.components import OperationClass
from calleq.units import SECOND_US

INVOCATION_US = 10 * SECOND_US
"""How long an operation waits for its answer where its user does not say (short: 1 to 10 s)."""
INVOCATIONS_LIMIT = 64
"""Operations of one dialogue that are under way at once."""


class InvocationState(IntEnum):
    """Where an invocation stands."""

    IDLE = 0
    """There is none of that id."""
    SENT = 1
    WAITING = 2
    """Its outcome is told; its user may reject it yet."""


class InvocationInput(IntEnum):
    """What can happen to it."""

    RESULT = 0
    """Return result, last."""
    PART = 1
    """Return result, not last."""
    ERROR = 2
    REJECT = 3
    """By the far end, of the invocation."""
    TIMER = 4
    CANCEL = 5
    """By its user."""
    SETTLED = 6
    """Its user has sent its next message."""


class InvocationAction(IntEnum):
    """What to do."""

    NOTHING = 0
    DELIVER = 1
    """Tell the user the component."""
    REFUSE_UNRECOGNIZED = 2
    """Reject it: no such invocation."""
    REFUSE_UNEXPECTED = 3
    """Reject it: not in this class, or not any more."""
    TELL_TIMEOUT = 4


_Cell = tuple[InvocationAction, InvocationState]
_Key = tuple[OperationClass, InvocationState, InvocationInput]

_REPORTS = (InvocationInput.RESULT, InvocationInput.PART, InvocationInput.ERROR)
_SUCCESSES = (InvocationInput.RESULT, InvocationInput.PART)


def _table() -> dict[_Key, _Cell]:
    action, state, happens = InvocationAction, InvocationState, InvocationInput
    table: dict[_Key, _Cell] = {}
    for kind in OperationClass:
        for event in InvocationInput:
            refused = event in _REPORTS
            unknown = action.REFUSE_UNRECOGNIZED if refused else action.NOTHING
            table[kind, state.IDLE, event] = (unknown, state.IDLE)
            late = action.REFUSE_UNEXPECTED if refused else action.NOTHING
            table[kind, state.WAITING, event] = (late, state.WAITING)
            table[kind, state.SENT, event] = (late, state.IDLE)
        table[kind, state.WAITING, happens.SETTLED] = (action.NOTHING, state.IDLE)
        table[kind, state.WAITING, happens.CANCEL] = (action.NOTHING, state.IDLE)
        table[kind, state.SENT, happens.SETTLED] = (action.NOTHING, state.SENT)
        table[kind, state.SENT, happens.REJECT] = (action.DELIVER, state.IDLE)
        table[kind, state.SENT, happens.TIMER] = (action.TELL_TIMEOUT, state.IDLE)
    for kind in (OperationClass.SUCCESS_OR_FAILURE, OperationClass.SUCCESS_ONLY):
        table[kind, state.SENT, happens.RESULT] = (action.DELIVER, state.WAITING)
        table[kind, state.SENT, happens.PART] = (action.DELIVER, state.SENT)
    for kind in (OperationClass.SUCCESS_OR_FAILURE, OperationClass.FAILURE_ONLY):
        table[kind, state.SENT, happens.ERROR] = (action.DELIVER, state.WAITING)
    return table


TABLE = _table()


class Running(msgspec.Struct, gc=False):
    """An invocation that is under way."""

    dialogue: int
    invoke_id: int
    operation_class: OperationClass
    timer_us: int
    due_us: int
    """When its time is over; 0: no timer runs."""
    state: InvocationState = InvocationState.SENT

    def take(self, event: InvocationInput) -> InvocationAction:
        """Let that happen to it."""
        action, state = TABLE[self.operation_class, self.state, event]
        self.state = state
        if state is not InvocationState.SENT:
            self.due_us = 0
        return action
