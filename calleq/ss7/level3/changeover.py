"""Changeover (Q.704 §5): what becomes of the traffic of a link that is lost, as a literal table.

Each link has one `Changeover`. When the link becomes unavailable its traffic is held, and the node
at its other end is told, by another way, which unit was received last (XCO with the 24-bit number
of M2PA; Q.2210 §9.8.1). That node says the same, and what it has not received is taken back and
sent by another link, before what was held. So nothing is lost, doubled or overtaken.

Without a way to the far end, or without its answer, the traffic is diverted after T1 or T2; what it
had not received is then lost, because nobody can say what that is.

The table decides; `Action` says what the owner (`traffic.py`) does.
"""

from collections.abc import Callable
from enum import IntEnum
from fractions import Fraction
from typing import assert_never

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.level3.timers import Mtp3Timers

LATEST = Fraction(6, 7)
"""Of T2: the longest that a declaration or an answer is withheld. The far end awaits it for T2."""


class State(IntEnum):
    """How far a changeover is."""

    NONE = 0
    AWAITING_ANSWER = 1
    """Declared; T2 runs."""
    WAITING = 2
    """Nobody to declare it to; T1 runs."""
    WITHHELD = 3
    """Not to be declared yet: what the far end has sent is held here still (`answers.py`)."""


class Input(IntEnum):
    """What can happen to a changeover."""

    LOST = 0
    """The link is unavailable, and there is another way to its far end."""
    LOST_WITHOUT_WAY = 1
    DECLARED_FIRST = 2
    """COO or XCO for a link that carries traffic here."""
    DECLARED = 3
    """COO or XCO for a link that is unavailable already."""
    DECLARED_EMERGENCY_FIRST = 4
    """ECO for a link that carries traffic here."""
    DECLARED_EMERGENCY = 5
    ANSWERED = 6
    """COA or XCA."""
    ANSWERED_EMERGENCY = 7
    """ECA."""
    WAY_LOST = 8
    """The far end cannot be reached any more."""
    DECLARED_UNUSED = 9
    """COO or XCO for a link that came into service at the far end alone."""
    T1 = 10
    T2 = 11
    WAY_FOUND = 12
    """The far end can be reached again."""
    HOLDING = 13
    """As LOST or WAY_FOUND, but something that the far end has sent is held here."""
    RELEASED = 14
    """It is held no more, or has been for long enough."""


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    DECLARE = 1
    """Tell the far end, and await its answer."""
    WAIT = 2
    """Let T1 pass."""
    DIVERT = 3
    """Take back what the far end has not received; send it and then what was held."""
    DIVERT_UNSENT = 4
    """Take back only what was never sent; send it and then what was held."""
    ANSWER_AND_DIVERT = 5
    ANSWER_AND_DIVERT_UNSENT = 6
    ANSWER = 7
    """There is nothing to divert here."""
    ANSWER_LATE = 8
    """It is long over here: answer with ECA (§5.7.2)."""
    WITHHOLD = 9
    """Say nothing before what the far end has sent is gone on."""


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.NONE, _I.LOST): (_A.DECLARE, _S.AWAITING_ANSWER),
    (_S.NONE, _I.LOST_WITHOUT_WAY): (_A.WAIT, _S.WAITING),
    (_S.NONE, _I.DECLARED_FIRST): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.NONE, _I.DECLARED): (_A.ANSWER_LATE, _S.NONE),
    (_S.NONE, _I.DECLARED_EMERGENCY_FIRST): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.NONE, _I.DECLARED_EMERGENCY): (_A.ANSWER_LATE, _S.NONE),
    (_S.NONE, _I.ANSWERED): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.ANSWERED_EMERGENCY): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.WAY_LOST): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.DECLARED_UNUSED): (_A.ANSWER, _S.NONE),
    (_S.NONE, _I.T1): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.T2): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.WAY_FOUND): (_A.IGNORE, _S.NONE),
    (_S.NONE, _I.HOLDING): (_A.WITHHOLD, _S.WITHHELD),
    (_S.NONE, _I.RELEASED): (_A.IGNORE, _S.NONE),
    (_S.AWAITING_ANSWER, _I.LOST): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.AWAITING_ANSWER, _I.LOST_WITHOUT_WAY): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.AWAITING_ANSWER, _I.DECLARED_FIRST): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.DECLARED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.DECLARED_EMERGENCY_FIRST): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.DECLARED_EMERGENCY): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.ANSWERED): (_A.DIVERT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.ANSWERED_EMERGENCY): (_A.DIVERT_UNSENT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.WAY_LOST): (_A.WAIT, _S.WAITING),
    (_S.AWAITING_ANSWER, _I.DECLARED_UNUSED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.T1): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.AWAITING_ANSWER, _I.T2): (_A.DIVERT_UNSENT, _S.NONE),
    (_S.AWAITING_ANSWER, _I.WAY_FOUND): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.AWAITING_ANSWER, _I.HOLDING): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.AWAITING_ANSWER, _I.RELEASED): (_A.IGNORE, _S.AWAITING_ANSWER),
    (_S.WAITING, _I.LOST): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.LOST_WITHOUT_WAY): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.DECLARED_FIRST): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WAITING, _I.DECLARED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WAITING, _I.DECLARED_EMERGENCY_FIRST): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.WAITING, _I.DECLARED_EMERGENCY): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.WAITING, _I.ANSWERED): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.ANSWERED_EMERGENCY): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.WAY_LOST): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.DECLARED_UNUSED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WAITING, _I.T1): (_A.DIVERT_UNSENT, _S.NONE),
    (_S.WAITING, _I.T2): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.WAY_FOUND): (_A.DECLARE, _S.AWAITING_ANSWER),
    (_S.WAITING, _I.HOLDING): (_A.WITHHOLD, _S.WITHHELD),
    (_S.WAITING, _I.RELEASED): (_A.IGNORE, _S.WAITING),
    (_S.WITHHELD, _I.LOST): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.LOST_WITHOUT_WAY): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.DECLARED_FIRST): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WITHHELD, _I.DECLARED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WITHHELD, _I.DECLARED_EMERGENCY_FIRST): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.WITHHELD, _I.DECLARED_EMERGENCY): (_A.ANSWER_AND_DIVERT_UNSENT, _S.NONE),
    (_S.WITHHELD, _I.ANSWERED): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.ANSWERED_EMERGENCY): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.WAY_LOST): (_A.WAIT, _S.WAITING),
    (_S.WITHHELD, _I.DECLARED_UNUSED): (_A.ANSWER_AND_DIVERT, _S.NONE),
    (_S.WITHHELD, _I.T1): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.T2): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.WAY_FOUND): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.HOLDING): (_A.IGNORE, _S.WITHHELD),
    (_S.WITHHELD, _I.RELEASED): (_A.DECLARE, _S.AWAITING_ANSWER),
}


class Changeover:
    """The changeover of one link. `count` says how often it has begun."""

    def __init__(
        self, clock: Clock, timers: Mtp3Timers, act: Callable[[Action, int], object]
    ) -> None:
        """`act` is told what to do, and the number that the far end gave (0 where none)."""
        self.state = State.NONE
        self.count = 0
        self._clock = clock
        self._timers = timers
        self._act = act
        self._timer: Timer | None = None

    @property
    def is_over(self) -> bool:
        """Whether none is in progress."""
        return self.state is State.NONE

    def handle(self, happened: Input, received: int = 0) -> None:
        """Do what the table says; `received` is the FSN that a message named."""
        action, following = TABLE[self.state, happened]
        if action is Action.IGNORE:
            return
        begins = action not in (Action.ANSWER, Action.ANSWER_LATE)
        self.count += self.state is State.NONE and begins
        self.state = following
        self._stop()
        match action:
            case Action.DECLARE:
                self._await(self._timers.t2_us, Input.T2)
            case Action.WAIT:
                self._await(self._timers.t1_us, Input.T1)
            case Action.WITHHOLD:
                self._await(int(self._timers.t2_us * LATEST), Input.RELEASED)
            case (
                Action.DIVERT
                | Action.DIVERT_UNSENT
                | Action.ANSWER_AND_DIVERT
                | Action.ANSWER_AND_DIVERT_UNSENT
                | Action.ANSWER
                | Action.ANSWER_LATE
            ):
                pass
            case _:
                assert_never(action)
        self._act(action, received)

    def _await(self, delay_us: int, then: Input) -> None:
        self._timer = self._clock.call_later_us(delay_us, self.handle, then)

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
