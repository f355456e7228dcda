"""Congestion on the way to an exchange, or in it: fewer calls are sent there (Q.764 §2.10, §2.11).

Two things say that a destination is congested: level 3 (MTP-STATUS), and the automatic congestion
level in a REL that comes from there. Each that counts takes `TABLE` one step up and the traffic one
step down: of each `STEPS` attempts, as many are turned away as steps have been taken. What is said
within T29 of the last step is the same congestion; T30 without another word is one step back.

A level of 2 in REL (§2.11.2) counts as two steps. Of the attempts that are turned away, which ones
follows from their number alone, so that a run repeats.
"""

from collections.abc import Callable
from enum import IntEnum

from calleq.runtime.clock import Timer
from calleq.ss7.isup.timers import Timed

STEPS = 8
"""The last of which leaves one attempt of `STEPS`."""
LEVELS = (1, 2)
"""Automatic congestion levels (Q.763 §3.4): exceeded 1 and 2; others are spare."""


class CState(IntEnum):
    """Of one destination."""

    CLEAR = 0
    DEAF = 1
    """T29 and T30 run: what is said now is the same congestion."""
    REDUCED = 2
    """T30 runs."""


class CInput(IntEnum):
    """What can happen."""

    CONGESTION = 0
    T29 = 1
    T30 = 2
    T30_LAST = 3
    """T30, and the traffic is but one step down."""


class CAction(IntEnum):
    """What to do about it."""

    IGNORE = 0
    REDUCE = 1
    """One step less traffic; start T29 and T30."""
    LISTEN = 2
    RESTORE = 3
    """One step more traffic; start T30."""
    END = 4


_S, _I, _A = CState, CInput, CAction
TABLE: dict[tuple[CState, CInput], tuple[CAction, CState]] = {
    (_S.CLEAR, _I.CONGESTION): (_A.REDUCE, _S.DEAF),
    (_S.CLEAR, _I.T29): (_A.IGNORE, _S.CLEAR),
    (_S.CLEAR, _I.T30): (_A.IGNORE, _S.CLEAR),
    (_S.CLEAR, _I.T30_LAST): (_A.IGNORE, _S.CLEAR),
    (_S.DEAF, _I.CONGESTION): (_A.IGNORE, _S.DEAF),
    (_S.DEAF, _I.T29): (_A.LISTEN, _S.REDUCED),
    (_S.DEAF, _I.T30): (_A.RESTORE, _S.REDUCED),
    (_S.DEAF, _I.T30_LAST): (_A.END, _S.CLEAR),
    (_S.REDUCED, _I.CONGESTION): (_A.REDUCE, _S.DEAF),
    (_S.REDUCED, _I.T29): (_A.IGNORE, _S.REDUCED),
    (_S.REDUCED, _I.T30): (_A.RESTORE, _S.REDUCED),
    (_S.REDUCED, _I.T30_LAST): (_A.END, _S.CLEAR),
}


class _Destination:
    __slots__ = ("attempts", "state", "steps", "t29", "t30")

    def __init__(self) -> None:
        self.state = CState.CLEAR
        self.steps = 0
        self.attempts = 0
        self.t29: Timer | None = None
        self.t30: Timer | None = None


class Congestion:
    """What an exchange knows of congestion elsewhere; empty in quiet times."""

    def __init__(self, exchange: Timed, changed: Callable[[int, int], object]) -> None:
        """`changed` is told of each destination and its steps, 0 when it is over."""
        self._exchange = exchange
        self._changed = changed
        self._destinations: dict[int, _Destination] = {}

    def __bool__(self) -> bool:
        """Whether any destination is congested."""
        return bool(self._destinations)

    def steps(self, destination: int) -> int:
        """How many steps the traffic to a destination is down."""
        found = self._destinations.get(destination)
        return 0 if found is None else found.steps

    def heard(self, destination: int, level: int = 1) -> None:
        """A destination is said to be congested; `level` steps at once (1 or 2)."""
        self._take(destination, CInput.CONGESTION, level)

    def turns_away(self, destination: int) -> bool:
        """Whether this attempt is one of those to turn away."""
        found = self._destinations.get(destination)
        if found is None:
            return False
        found.attempts += 1
        return found.attempts * found.steps // STEPS != (found.attempts - 1) * found.steps // STEPS

    def _take(self, destination: int, given: CInput, level: int = 1) -> None:
        found = self._destinations.get(destination) or _Destination()
        if given is CInput.T30 and found.steps <= 1:
            given = CInput.T30_LAST
        action, found.state = TABLE[found.state, given]
        match action:
            case CAction.IGNORE | CAction.LISTEN:
                return
            case CAction.REDUCE:
                self._destinations[destination] = found
                found.steps = min(found.steps + level, STEPS - 1)
                if found.t29 is not None:
                    found.t29.cancel()
                found.t29 = self._timer(self._exchange.timers.t29_us, destination, CInput.T29)
                self._restart_t30(destination, found)
            case CAction.RESTORE:
                found.steps -= 1
                self._restart_t30(destination, found)
            case CAction.END:
                found.steps = 0
                del self._destinations[destination]
        self._changed(destination, found.steps)

    def _restart_t30(self, destination: int, found: _Destination) -> None:
        if found.t30 is not None:
            found.t30.cancel()
        found.t30 = self._timer(self._exchange.timers.t30_us, destination, CInput.T30)

    def _timer(self, length_us: int, destination: int, given: CInput) -> Timer:
        return self._exchange.clock.call_later_us(length_us, self._take, destination, given)
