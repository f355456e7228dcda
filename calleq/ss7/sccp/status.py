"""What SCCP management knows of other points and their subsystems, as two literal tables.

A `RemoteSubsystem` (Q.714 §5.3) is prohibited by SSP and tested with SST until SSA comes; while its
point cannot be reached it is not tested. A `RemotePoint` (Q.714 §5.2) is lost by MTP-PAUSE, or when
its SCCP is said not to be there (MTP-STATUS); a SCCP that may come back is tested with SST for
subsystem 1, one that is not equipped is not. T(stat.info) doubles from 5 s to 600 s.

The tables decide; what the actions are is the owner's business (`management.py`). Odd case: a
subsystem that was prohibited when its point was lost is tested when the point comes back, and not
taken for allowed (the option of Q.714 §5.2.3).
"""

from collections.abc import Callable
from enum import IntEnum

from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

T_STAT_INFO_FIRST_US = 5 * SECOND_US
T_STAT_INFO_LONGEST_US = 600 * SECOND_US


class State(IntEnum):
    """What is known of a remote subsystem."""

    ALLOWED = 0
    PROHIBITED = 1
    """It is tested."""
    LOST = 2
    """Its point is; before that it was allowed."""
    LOST_PROHIBITED = 3
    """Its point is; before that it was prohibited."""


class Input(IntEnum):
    """What can happen to a remote subsystem."""

    SSP = 0
    SSA = 1
    T_STAT_INFO = 2
    POINT_LOST = 3
    POINT_BACK = 4


class Action(IntEnum):
    """What is to be done."""

    IGNORE = 0
    PROHIBIT = 1
    """Tell users and concerned points; let T(stat.info) run."""
    ALLOW = 2
    """Tell users and concerned points; stop the test."""
    TEST = 3
    """Send SST; let the timer run, longer each time."""
    LOSE = 4
    """Tell users."""
    SUSPEND = 5
    """Stop the test."""
    REGAIN = 6
    """Tell users."""
    TEST_ANEW = 7
    """Send SST; let the timer run as if for the first time."""


_S, _I, _A = State, Input, Action

TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (_S.ALLOWED, _I.SSP): (_A.PROHIBIT, _S.PROHIBITED),
    (_S.ALLOWED, _I.SSA): (_A.IGNORE, _S.ALLOWED),
    (_S.ALLOWED, _I.T_STAT_INFO): (_A.IGNORE, _S.ALLOWED),
    (_S.ALLOWED, _I.POINT_LOST): (_A.LOSE, _S.LOST),
    (_S.ALLOWED, _I.POINT_BACK): (_A.IGNORE, _S.ALLOWED),
    (_S.PROHIBITED, _I.SSP): (_A.IGNORE, _S.PROHIBITED),
    (_S.PROHIBITED, _I.SSA): (_A.ALLOW, _S.ALLOWED),
    (_S.PROHIBITED, _I.T_STAT_INFO): (_A.TEST, _S.PROHIBITED),
    (_S.PROHIBITED, _I.POINT_LOST): (_A.SUSPEND, _S.LOST_PROHIBITED),
    (_S.PROHIBITED, _I.POINT_BACK): (_A.IGNORE, _S.PROHIBITED),
    (_S.LOST, _I.SSP): (_A.IGNORE, _S.LOST_PROHIBITED),
    (_S.LOST, _I.SSA): (_A.IGNORE, _S.LOST),
    (_S.LOST, _I.T_STAT_INFO): (_A.IGNORE, _S.LOST),
    (_S.LOST, _I.POINT_LOST): (_A.IGNORE, _S.LOST),
    (_S.LOST, _I.POINT_BACK): (_A.REGAIN, _S.ALLOWED),
    (_S.LOST_PROHIBITED, _I.SSP): (_A.IGNORE, _S.LOST_PROHIBITED),
    (_S.LOST_PROHIBITED, _I.SSA): (_A.IGNORE, _S.LOST),
    (_S.LOST_PROHIBITED, _I.T_STAT_INFO): (_A.IGNORE, _S.LOST_PROHIBITED),
    (_S.LOST_PROHIBITED, _I.POINT_LOST): (_A.IGNORE, _S.LOST_PROHIBITED),
    (_S.LOST_PROHIBITED, _I.POINT_BACK): (_A.TEST_ANEW, _S.PROHIBITED),
}


class PointStanding(IntEnum):
    """What is known of a remote point."""

    THERE = 0
    AWAY = 1
    """No route to it is in service."""
    SILENT = 2
    """It is there, its SCCP is not, for the moment; it is tested."""
    UNEQUIPPED = 3
    """It has no SCCP."""


class PointInput(IntEnum):
    """What can happen to a remote point."""

    PAUSE = 0
    RESUME = 1
    USER_UNEQUIPPED = 2
    USER_UNAVAILABLE = 3
    """Unknown or inaccessible remote user."""
    HEARD = 4
    """SSA for subsystem 1, or any message of its SCCP."""
    T_STAT_INFO = 5


class PointAction(IntEnum):
    """What is to be done."""

    IGNORE = 0
    LOSE = 1
    """Its subsystems are lost; tell users."""
    LOSE_AND_TEST = 2
    REGAIN = 3
    """Stop the test; its subsystems are back; tell users."""
    TEST = 4
    """Send SST for subsystem 1; let the timer run, longer each time."""
    STOP_TEST = 5
    BEGIN_TEST = 6


_P, _H, _D = PointStanding, PointInput, PointAction

POINT_TABLE: dict[tuple[PointStanding, PointInput], tuple[PointAction, PointStanding]] = {
    (_P.THERE, _H.PAUSE): (_D.LOSE, _P.AWAY),
    (_P.THERE, _H.RESUME): (_D.IGNORE, _P.THERE),
    (_P.THERE, _H.USER_UNEQUIPPED): (_D.LOSE, _P.UNEQUIPPED),
    (_P.THERE, _H.USER_UNAVAILABLE): (_D.LOSE_AND_TEST, _P.SILENT),
    (_P.THERE, _H.HEARD): (_D.IGNORE, _P.THERE),
    (_P.THERE, _H.T_STAT_INFO): (_D.IGNORE, _P.THERE),
    (_P.AWAY, _H.PAUSE): (_D.IGNORE, _P.AWAY),
    (_P.AWAY, _H.RESUME): (_D.REGAIN, _P.THERE),
    (_P.AWAY, _H.USER_UNEQUIPPED): (_D.IGNORE, _P.AWAY),
    (_P.AWAY, _H.USER_UNAVAILABLE): (_D.IGNORE, _P.AWAY),
    (_P.AWAY, _H.HEARD): (_D.IGNORE, _P.AWAY),
    (_P.AWAY, _H.T_STAT_INFO): (_D.IGNORE, _P.AWAY),
    (_P.SILENT, _H.PAUSE): (_D.STOP_TEST, _P.AWAY),
    (_P.SILENT, _H.RESUME): (_D.REGAIN, _P.THERE),
    (_P.SILENT, _H.USER_UNEQUIPPED): (_D.STOP_TEST, _P.UNEQUIPPED),
    (_P.SILENT, _H.USER_UNAVAILABLE): (_D.IGNORE, _P.SILENT),
    (_P.SILENT, _H.HEARD): (_D.REGAIN, _P.THERE),
    (_P.SILENT, _H.T_STAT_INFO): (_D.TEST, _P.SILENT),
    (_P.UNEQUIPPED, _H.PAUSE): (_D.IGNORE, _P.AWAY),
    (_P.UNEQUIPPED, _H.RESUME): (_D.REGAIN, _P.THERE),
    (_P.UNEQUIPPED, _H.USER_UNEQUIPPED): (_D.IGNORE, _P.UNEQUIPPED),
    (_P.UNEQUIPPED, _H.USER_UNAVAILABLE): (_D.BEGIN_TEST, _P.SILENT),
    (_P.UNEQUIPPED, _H.HEARD): (_D.REGAIN, _P.THERE),
    (_P.UNEQUIPPED, _H.T_STAT_INFO): (_D.IGNORE, _P.UNEQUIPPED),
}


class StatusTest:
    """T(stat.info) of one subsystem: each pause is twice as long as the one before."""

    def __init__(self, clock: Clock, due: Callable[[], None]) -> None:
        self._clock = clock
        self._due = due
        self._delay_us = T_STAT_INFO_FIRST_US
        self._timer: Timer | None = None

    @property
    def is_running(self) -> bool:
        """Whether a test is to come."""
        return self._timer is not None

    def begin(self) -> None:
        """Let the first pause pass."""
        self.stop()
        self._wait()

    def go_on(self) -> None:
        """Let the next pause pass, which is longer."""
        self.stop(begin_anew=False)
        self._delay_us = min(2 * self._delay_us, T_STAT_INFO_LONGEST_US)
        self._wait()

    def stop(self, *, begin_anew: bool = True) -> None:
        """Test no more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if begin_anew:
            self._delay_us = T_STAT_INFO_FIRST_US

    def _wait(self) -> None:
        # For ever if need be: simulated time does not wait for it.
        self._timer = self._clock.call_in_background_us(self._delay_us, self._due)
