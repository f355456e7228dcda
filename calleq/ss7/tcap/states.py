"""The states of a transaction and its dialogue (Q.774 §3.3, Annex A), as one table.

A Begin and a unidirectional message belong to no transaction that there is, so they are no inputs
here. Every pair of a state and an input is decided.
"""

from enum import IntEnum
from typing import NamedTuple

import msgspec

from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import Reject
from calleq.ss7.tcap.contract import Context
from calleq.ss7.tcap.invocations import Running


class State(IntEnum):
    """Where a transaction stands."""

    IDLE = 0
    """There is none of that id."""
    INITIATION_SENT = 1
    INITIATION_RECEIVED = 2
    """Nothing was answered yet: the far end cannot know this end's id."""
    ACTIVE = 3


class Input(IntEnum):
    """What can happen to it."""

    CONTINUE = 0
    END = 1
    ABORT = 2
    MALFORMED = 3
    """A message for it that cannot be read."""
    USER_CONTINUE = 4
    USER_END = 5
    USER_PREARRANGED_END = 6
    USER_ABORT = 7
    IDLE_TIMER = 8
    NOTICE = 9
    """A message of it was not delivered."""


class Action(IntEnum):
    """What to do."""

    DISCARD = 0
    REFUSE = 1
    """Send an abort by the provider, where there is someone to send it to."""
    FORBID = 2
    """The user may not do this now."""
    ACCEPT = 3
    """The first answer: check its dialogue portion, then tell."""
    GO_ON = 4
    CONCLUDE_FIRST = 5
    """The first answer is the last message."""
    CONCLUDE = 6
    TELL_ABORT = 7
    GIVE_UP = 8
    """Refuse, and tell the user."""
    FORGET = 9
    SEND_FIRST_CONTINUE = 10
    SEND_CONTINUE = 11
    SEND_FIRST_END = 12
    SEND_END = 13
    SEND_REFUSAL = 14
    """An abort that may be a refusal of the dialogue."""
    SEND_ABORT = 15
    EXPIRE = 16
    TELL_NOTICE = 17


class Cell(NamedTuple):
    """What a pair of a state and an input means."""

    action: Action
    state: State


def _row(state: State, cells: dict[Input, Action], ends: frozenset[Input]) -> dict[Input, Cell]:
    return {
        event: Cell(action, State.IDLE if event in ends else state)
        for event, action in cells.items()
    }


_USER = (Input.USER_CONTINUE, Input.USER_END, Input.USER_PREARRANGED_END, Input.USER_ABORT)
_UNKNOWN = {
    Input.CONTINUE: Action.REFUSE,
    Input.END: Action.DISCARD,
    Input.ABORT: Action.DISCARD,
    Input.MALFORMED: Action.REFUSE,
}
_ENDS = frozenset(set(Input) - {Input.CONTINUE, Input.USER_CONTINUE, Input.NOTICE})

TABLE: dict[State, dict[Input, Cell]] = {
    State.IDLE: _row(
        State.IDLE,
        {
            **_UNKNOWN,
            **dict.fromkeys(_USER, Action.FORBID),
            Input.IDLE_TIMER: Action.DISCARD,
            Input.NOTICE: Action.DISCARD,
        },
        frozenset(),
    ),
    State.INITIATION_SENT: _row(
        State.INITIATION_SENT,
        {
            Input.CONTINUE: Action.ACCEPT,
            Input.END: Action.CONCLUDE_FIRST,
            Input.ABORT: Action.TELL_ABORT,
            Input.MALFORMED: Action.GIVE_UP,
            Input.USER_CONTINUE: Action.FORBID,
            Input.USER_END: Action.FORBID,
            Input.USER_PREARRANGED_END: Action.FORGET,
            Input.USER_ABORT: Action.FORGET,
            Input.IDLE_TIMER: Action.EXPIRE,
            Input.NOTICE: Action.TELL_NOTICE,
        },
        _ENDS - {Input.USER_END},
    )
    | {Input.CONTINUE: Cell(Action.ACCEPT, State.ACTIVE)},
    State.INITIATION_RECEIVED: _row(
        State.INITIATION_RECEIVED,
        {
            **_UNKNOWN,
            Input.USER_CONTINUE: Action.SEND_FIRST_CONTINUE,
            Input.USER_END: Action.SEND_FIRST_END,
            Input.USER_PREARRANGED_END: Action.FORGET,
            Input.USER_ABORT: Action.SEND_REFUSAL,
            Input.IDLE_TIMER: Action.EXPIRE,
            Input.NOTICE: Action.DISCARD,
        },
        _ENDS - set(_UNKNOWN),
    )
    | {Input.USER_CONTINUE: Cell(Action.SEND_FIRST_CONTINUE, State.ACTIVE)},
    State.ACTIVE: _row(
        State.ACTIVE,
        {
            Input.CONTINUE: Action.GO_ON,
            Input.END: Action.CONCLUDE,
            Input.ABORT: Action.TELL_ABORT,
            Input.MALFORMED: Action.GIVE_UP,
            Input.USER_CONTINUE: Action.SEND_CONTINUE,
            Input.USER_END: Action.SEND_END,
            Input.USER_PREARRANGED_END: Action.FORGET,
            Input.USER_ABORT: Action.SEND_ABORT,
            Input.IDLE_TIMER: Action.EXPIRE,
            Input.NOTICE: Action.TELL_NOTICE,
        },
        _ENDS,
    ),
}


class Dialogue(msgspec.Struct):
    """One dialogue, and the transaction under it."""

    number: int
    state: State
    local_id: bytes
    remote_id: bytes
    """None known yet: no octets."""
    local: PartyAddress
    remote: PartyAddress
    context: Context | None
    """What it was begun with; None: there are no dialogue portions in it."""
    touched_us: int
    """When something of it was last sent or received."""
    next_invoke_id: int = 0
    invocations: dict[int, Running] = {}
    """Of this end, by invoke id."""
    unanswered: set[int] = set()
    """Invoke ids of the far end's operations that are always answered, and are not yet."""
    waiting: list[Running] = []
    """Invocations that wait for the user's next message."""
    rejects: list[Reject] = []
    """What goes with the user's next message."""
