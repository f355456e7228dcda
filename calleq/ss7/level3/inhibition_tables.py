"""Management inhibiting of one link as a literal table (Q.704 §10): kept free of traffic by hand.

An inhibited link works and is tested, but carries no traffic. Both ends agree on it: the end that
inhibits asks (LIN), the other refuses (LID) where the link is the last way to a destination. The
link is tested every T22 and T23, so that both ends agree on it also after one of them began anew.
"""

from enum import IntEnum


class State(IntEnum):
    """Of a link at one end."""

    FREE = 0
    INHIBITING = 1
    """LIN sent; T14 runs."""
    INHIBITING_AGAIN = 2
    """LIN sent a second time; T14 runs."""
    INHIBITED = 3
    """Inhibited from here; T22 runs."""
    FREEING = 4
    """LUN sent; T12 runs."""
    FREEING_AGAIN = 5
    """LUN sent a second time; T12 runs."""


class Input(IntEnum):
    """What can happen to it."""

    INHIBIT = 0
    """The operator asks."""
    INHIBIT_DENIED_HERE = 1
    """The operator asks, and it is the last way to a destination."""
    UNINHIBIT = 2
    """The operator asks, or the link is needed."""
    LIA = 3
    LID = 4
    LUA = 5
    LFU = 6
    """The far end needs the link."""
    LRT = 7
    """The far end thinks that the link is inhibited from here."""
    T12 = 8
    T14 = 9
    T22 = 10


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    ASK = 1
    """Send LIN; T14."""
    DENY = 2
    """Tell the operator that it cannot be."""
    INHIBIT = 3
    """Traffic leaves the link; T22."""
    FREE = 4
    """Send LUN; T12."""
    DONE = 5
    """Traffic may return."""
    GIVE_UP = 6
    """No answer: it stays inhibited, and the operator is told."""
    TEST = 7
    """Send LLT; T22."""
    CORRECT = 8
    """The far end is mistaken: send LUN."""


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.FREE, _I.INHIBIT): (_A.ASK, _S.INHIBITING),
    (_S.FREE, _I.INHIBIT_DENIED_HERE): (_A.DENY, _S.FREE),
    (_S.FREE, _I.UNINHIBIT): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.LIA): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.LID): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.LUA): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.LFU): (_A.CORRECT, _S.FREE),
    (_S.FREE, _I.LRT): (_A.CORRECT, _S.FREE),
    (_S.FREE, _I.T12): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.T14): (_A.IGNORE, _S.FREE),
    (_S.FREE, _I.T22): (_A.IGNORE, _S.FREE),
    (_S.INHIBITING, _I.INHIBIT): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING, _I.INHIBIT_DENIED_HERE): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING, _I.UNINHIBIT): (_A.FREE, _S.FREEING),
    (_S.INHIBITING, _I.LIA): (_A.INHIBIT, _S.INHIBITED),
    (_S.INHIBITING, _I.LID): (_A.DENY, _S.FREE),
    (_S.INHIBITING, _I.LUA): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING, _I.LFU): (_A.FREE, _S.FREEING),
    (_S.INHIBITING, _I.LRT): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING, _I.T12): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING, _I.T14): (_A.ASK, _S.INHIBITING_AGAIN),
    (_S.INHIBITING, _I.T22): (_A.IGNORE, _S.INHIBITING),
    (_S.INHIBITING_AGAIN, _I.INHIBIT): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITING_AGAIN, _I.INHIBIT_DENIED_HERE): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITING_AGAIN, _I.UNINHIBIT): (_A.FREE, _S.FREEING),
    (_S.INHIBITING_AGAIN, _I.LIA): (_A.INHIBIT, _S.INHIBITED),
    (_S.INHIBITING_AGAIN, _I.LID): (_A.DENY, _S.FREE),
    (_S.INHIBITING_AGAIN, _I.LUA): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITING_AGAIN, _I.LFU): (_A.FREE, _S.FREEING),
    (_S.INHIBITING_AGAIN, _I.LRT): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITING_AGAIN, _I.T12): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITING_AGAIN, _I.T14): (_A.DENY, _S.FREE),
    (_S.INHIBITING_AGAIN, _I.T22): (_A.IGNORE, _S.INHIBITING_AGAIN),
    (_S.INHIBITED, _I.INHIBIT): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.INHIBIT_DENIED_HERE): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.UNINHIBIT): (_A.FREE, _S.FREEING),
    (_S.INHIBITED, _I.LIA): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.LID): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.LUA): (_A.DONE, _S.FREE),
    (_S.INHIBITED, _I.LFU): (_A.FREE, _S.FREEING),
    (_S.INHIBITED, _I.LRT): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.T12): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.T14): (_A.IGNORE, _S.INHIBITED),
    (_S.INHIBITED, _I.T22): (_A.TEST, _S.INHIBITED),
    (_S.FREEING, _I.INHIBIT): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.INHIBIT_DENIED_HERE): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.UNINHIBIT): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.LIA): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.LID): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.LUA): (_A.DONE, _S.FREE),
    (_S.FREEING, _I.LFU): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.LRT): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.T12): (_A.FREE, _S.FREEING_AGAIN),
    (_S.FREEING, _I.T14): (_A.IGNORE, _S.FREEING),
    (_S.FREEING, _I.T22): (_A.IGNORE, _S.FREEING),
    (_S.FREEING_AGAIN, _I.INHIBIT): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.INHIBIT_DENIED_HERE): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.UNINHIBIT): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.LIA): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.LID): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.LUA): (_A.DONE, _S.FREE),
    (_S.FREEING_AGAIN, _I.LFU): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.LRT): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.T12): (_A.GIVE_UP, _S.INHIBITED),
    (_S.FREEING_AGAIN, _I.T14): (_A.IGNORE, _S.FREEING_AGAIN),
    (_S.FREEING_AGAIN, _I.T22): (_A.IGNORE, _S.FREEING_AGAIN),
}
