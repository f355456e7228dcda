"""The alarms of one exchange: what maintenance must know, from when it holds until it is over.

An alarm is of a kind and about a subject (a trunk group, a point code); what has circuits keeps
their numbers, so that a thousand blocked circuits of a group are one alarm. Raising what stands and
clearing what does not change nothing. The last `HISTORY_LIMIT` changes are kept.
"""

from collections import deque
from collections.abc import Callable
from enum import StrEnum

import msgspec

from calleq.runtime.clock import Clock, Timer

HISTORY_LIMIT = 1_000
CLEARED_LIMIT = 100
"""Alarms kept that stand no more; the oldest is forgotten."""


class AlarmKind(StrEnum):
    """What is wrong."""

    BLOCKED_HERE = "blocked here"
    BLOCKED_REMOTELY = "blocked remotely"
    UNEQUIPPED = "unequipped at the far end"
    NOT_EQUIPPED = "messages for a circuit not equipped here"
    RESET_UNANSWERED = "reset unanswered"
    REQUEST_UNANSWERED = "request unanswered"
    CHECK_FAILED = "continuity check failed"
    STATES_DISAGREE = "circuit states disagree"
    INACCESSIBLE = "destination inaccessible"
    USER_PART_UNAVAILABLE = "user part unavailable"
    CONGESTED = "destination congested"


class Alarm(msgspec.Struct, frozen=True):
    """One alarm as it stands, or stood."""

    kind: AlarmKind
    subject: str
    since_us: int
    """UTC microseconds."""
    circuits: tuple[int, ...] = ()
    """The circuits it is about, ascending."""
    text: str = ""
    until_us: int | None = None
    """UTC microseconds at which it was cleared; None: it stands."""


class Change(msgspec.Struct, frozen=True):
    """An alarm was raised or cleared."""

    at_us: int
    raised: bool
    kind: AlarmKind
    subject: str


class Alarms:
    """What stands, and what was."""

    def __init__(self, clock: Clock) -> None:
        self.history: deque[Change] = deque(maxlen=HISTORY_LIMIT)
        self.cleared: deque[Alarm] = deque(maxlen=CLEARED_LIMIT)
        """The last alarms that were cleared, the oldest first."""
        self._clock = clock
        self._standing: dict[tuple[AlarmKind, str], tuple[int, set[int], str]] = {}
        self._passing: dict[tuple[AlarmKind, str], Timer] = {}
        self._told: Callable[[Change], object] | None = None

    def on_change(self, told: Callable[[Change], object]) -> None:
        """Tell of each alarm that is raised or cleared."""
        self._told = told

    def standing(self) -> tuple[Alarm, ...]:
        """Every alarm that stands, the oldest first."""
        return tuple(
            Alarm(kind, subject, since_us, tuple(sorted(circuits)), text)
            for (kind, subject), (since_us, circuits, text) in self._standing.items()
        )

    def raise_(self, kind: AlarmKind, subject: str, cic: int | None = None, text: str = "") -> None:
        """It holds from now on (for a further circuit)."""
        found = self._standing.get((kind, subject))
        if found is None:
            now_us = self._clock.now_us()
            found = self._standing[kind, subject] = (now_us, set(), text)
            self._note(Change(now_us, True, kind, subject))
        elif text != found[2]:
            self._standing[kind, subject] = (found[0], found[1], text)
        if cic is not None:
            found[1].add(cic)

    def pass_by(self, kind: AlarmKind, subject: str, cic: int, length_us: int) -> None:
        """Something happened that does not end by itself: it stands for a while after the last."""
        self.raise_(kind, subject, cic)
        timer = self._passing.get((kind, subject))
        if timer is not None:
            timer.cancel()
        self._passing[kind, subject] = self._clock.call_later_us(
            length_us, self._passed, kind, subject
        )

    def _passed(self, kind: AlarmKind, subject: str) -> None:
        del self._passing[kind, subject]
        self.clear(kind, subject)

    def clear(self, kind: AlarmKind, subject: str, cic: int | None = None) -> None:
        """It holds no more (for this circuit)."""
        found = self._standing.get((kind, subject))
        if found is None:
            return
        since_us, circuits, text = found
        left = circuits - {cic}
        if cic is not None and left:
            circuits.discard(cic)
            return
        del self._standing[kind, subject]
        now_us = self._clock.now_us()
        self.cleared.append(Alarm(kind, subject, since_us, tuple(sorted(circuits)), text, now_us))
        self._note(Change(now_us, False, kind, subject))

    def _note(self, change: Change) -> None:
        self.history.append(change)
        if self._told is not None:
            self._told(change)
