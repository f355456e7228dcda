"""Refusals on their way to the journal, where carrier and business find them.

The journal's disk is not at a stranger's command: beyond `REFUSED_RATE` refusals are counted
(`unwritten`) and not written, and so are those for which the disk has no room. The sender is
refused in any case.
"""

from calleq.accounts import Buckets, Rate
from calleq.intake import errors
from calleq.intake.contract import Beside
from calleq.intake.idempotency import KeyState
from calleq.journal.contract import Journal
from calleq.journal.entries import Refused
from calleq.journal.frames import JournalError
from calleq.runtime.clock import Clock
from calleq.units import SECOND_US

REFUSED_RATE = Rate(burst=1_000, refill_us=SECOND_US // 20)
"""Refusals written to the journal."""
KEY_PROBLEMS = {
    KeyState.IN_PROGRESS: errors.KEY_IN_PROGRESS,
    KeyState.REUSED: errors.KEY_REUSED,
    KeyState.FULL: errors.KEYS_FULL,
}
"""What is said of an Idempotency-Key that cannot be taken."""


class Refusals:
    """Those of one door."""

    def __init__(self, door: str, beside: Beside, journal: Journal, clock: Clock) -> None:
        self.unwritten = 0
        self._door = door
        self._beside = beside
        self._journal = journal
        self._clock = clock
        self._rate = Buckets(REFUSED_RATE, clock)

    def write(self, refused: Refused) -> None:
        """Write one, and let the guards know it."""
        if not self._rate.take(self._door):
            self.unwritten += 1
            return
        try:
            self._journal.append(self._door, refused)
        except JournalError:
            self.unwritten += 1
        self._beside.guards.refused(refused, self._clock.now_us())
