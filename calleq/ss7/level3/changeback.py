"""Changeback and controlled rerouting (Q.704 §6, §8): back to a better way, in order, as a table.

Traffic that shall go another way is held first, until what went the old way has surely arrived. To
another link of the same linkset the far end can say so: a declaration (CBD) follows the traffic on
the old link, and its answer (CBA) means that all of it has arrived (sequence control, §6.3). To
another linkset nobody can say so, and the traffic waits for T3 (a link has returned, §6.4) or T6 (a
route is allowed again, §8.2).

The table decides; `Action` says what the owner (`traffic.py`) does.
"""

from collections.abc import Callable
from enum import IntEnum
from typing import assert_never

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.level3.timers import Mtp3Timers


class State(IntEnum):
    """How far a changeback is."""

    NEW = 0
    FIRST_ATTEMPT = 1
    SECOND_ATTEMPT = 2
    WAITING = 3
    OVER = 4


class Input(IntEnum):
    """What can happen to a changeback."""

    BEGIN_SEQUENCED = 0
    BEGIN_TIMED = 1
    ANSWERED = 2
    """CBA."""
    OVERTAKEN = 3
    """One of the two links is lost: whoever says so takes the held traffic over."""
    T4 = 4
    T5 = 5
    TIME_OVER = 6
    """T3 or T6."""


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    DECLARE = 1
    DECLARE_AGAIN = 2
    WAIT = 3
    DIVERT = 4
    """Send what was held, and everything after it, the better way."""
    END = 5


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.NEW, _I.BEGIN_SEQUENCED): (_A.DECLARE, _S.FIRST_ATTEMPT),
    (_S.NEW, _I.BEGIN_TIMED): (_A.WAIT, _S.WAITING),
    (_S.NEW, _I.ANSWERED): (_A.IGNORE, _S.NEW),
    (_S.NEW, _I.OVERTAKEN): (_A.END, _S.OVER),
    (_S.NEW, _I.T4): (_A.IGNORE, _S.NEW),
    (_S.NEW, _I.T5): (_A.IGNORE, _S.NEW),
    (_S.NEW, _I.TIME_OVER): (_A.IGNORE, _S.NEW),
    (_S.FIRST_ATTEMPT, _I.BEGIN_SEQUENCED): (_A.IGNORE, _S.FIRST_ATTEMPT),
    (_S.FIRST_ATTEMPT, _I.BEGIN_TIMED): (_A.IGNORE, _S.FIRST_ATTEMPT),
    (_S.FIRST_ATTEMPT, _I.ANSWERED): (_A.DIVERT, _S.OVER),
    (_S.FIRST_ATTEMPT, _I.OVERTAKEN): (_A.END, _S.OVER),
    (_S.FIRST_ATTEMPT, _I.T4): (_A.DECLARE_AGAIN, _S.SECOND_ATTEMPT),
    (_S.FIRST_ATTEMPT, _I.T5): (_A.IGNORE, _S.FIRST_ATTEMPT),
    (_S.FIRST_ATTEMPT, _I.TIME_OVER): (_A.IGNORE, _S.FIRST_ATTEMPT),
    (_S.SECOND_ATTEMPT, _I.BEGIN_SEQUENCED): (_A.IGNORE, _S.SECOND_ATTEMPT),
    (_S.SECOND_ATTEMPT, _I.BEGIN_TIMED): (_A.IGNORE, _S.SECOND_ATTEMPT),
    (_S.SECOND_ATTEMPT, _I.ANSWERED): (_A.DIVERT, _S.OVER),
    (_S.SECOND_ATTEMPT, _I.OVERTAKEN): (_A.END, _S.OVER),
    (_S.SECOND_ATTEMPT, _I.T4): (_A.IGNORE, _S.SECOND_ATTEMPT),
    (_S.SECOND_ATTEMPT, _I.T5): (_A.DIVERT, _S.OVER),
    (_S.SECOND_ATTEMPT, _I.TIME_OVER): (_A.IGNORE, _S.SECOND_ATTEMPT),
    (_S.WAITING, _I.BEGIN_SEQUENCED): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.BEGIN_TIMED): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.ANSWERED): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.OVERTAKEN): (_A.END, _S.OVER),
    (_S.WAITING, _I.T4): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.T5): (_A.IGNORE, _S.WAITING),
    (_S.WAITING, _I.TIME_OVER): (_A.DIVERT, _S.OVER),
    (_S.OVER, _I.BEGIN_SEQUENCED): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.BEGIN_TIMED): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.ANSWERED): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.OVERTAKEN): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.T4): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.T5): (_A.IGNORE, _S.OVER),
    (_S.OVER, _I.TIME_OVER): (_A.IGNORE, _S.OVER),
}


class Changeback:
    """One changeback: from its beginning to the diversion, or to where it is overtaken."""

    def __init__(
        self,
        clock: Clock,
        timers: Mtp3Timers,
        wait_us: int,
        act: Callable[[Action], object],
    ) -> None:
        """`wait_us` is T3 or T6, for one that is controlled by time."""
        self.state = State.NEW
        self._clock = clock
        self._timers = timers
        self._wait_us = wait_us
        self._act = act
        self._timer: Timer | None = None

    def handle(self, happened: Input) -> None:
        """Do what the table says."""
        action, self.state = TABLE[self.state, happened]
        if action is Action.IGNORE:
            return
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        match action:
            case Action.DECLARE:
                self._await(self._timers.t4_us, Input.T4)
            case Action.DECLARE_AGAIN:
                self._await(self._timers.t5_us, Input.T5)
            case Action.WAIT:
                self._await(self._wait_us, Input.TIME_OVER)
            case Action.DIVERT | Action.END:
                pass
            case _:
                assert_never(action)
        self._act(action)

    def _await(self, delay_us: int, then: Input) -> None:
        self._timer = self._clock.call_later_us(delay_us, self.handle, then)
