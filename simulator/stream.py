"""Records as a run goes on: journal entries are gathered by call and let go when the call is over.

A run of a million calls writes tens of millions of entries; here only those of calls that are not
over, and of the last `SETTLE_US`, are kept. Which call an entry belongs to is followed by circuit
and seizure, in the order of the run's one journal; that decides only what is kept together. The
records are made of the entries by `calleq.billing`, as everywhere, so a mistake here would show as
a difference to the telephones' diary.

An entry of a call that has been let go already is counted in `late`: there should be none.
"""

from collections import deque
from collections.abc import Callable, Sequence

from calleq.billing.derivation import derive_records
from calleq.billing.finder import CallFinder
from calleq.billing.records import SessionRecord
from calleq.journal.entries import (
    Accepted,
    Cancelled,
    Controlled,
    Ended,
    Progress,
    Recorded,
    Rescheduled,
    Stamped,
    Started,
)
from calleq.units import SECOND_US

SETTLE_US = 120 * SECOND_US
"""After its end a call's last legs are released and written within this time."""
BATCH_CALLS = 500
"""Calls are made into records so many at a time."""


class RecordStream:
    """Takes every journal entry of a run and gives out its records, each once, by the end."""

    def __init__(
        self,
        records: Callable[[Sequence[SessionRecord]], object],
        came_or_went: Callable[[int, int], object] = lambda by, monotonic_us: None,
    ) -> None:
        """`came_or_went` is told of each call accepted (1) and ended (-1), and when."""
        self._records = records
        self._came_or_went = came_or_went
        self._calls: dict[str, list[Stamped]] = {}
        self._finder = CallFinder()
        self._over: deque[tuple[int, str]] = deque()
        self._ended: set[str] = set()
        self._started: list[Stamped] = []
        """Few, and every record wants to know which version wrote it."""
        self.late = 0

    @property
    def open_calls(self) -> int:
        """Calls whose entries are kept."""
        return len(self._calls)

    def take(self, stamped: Stamped) -> None:
        """One more entry, in the order of the run."""
        entry = stamped.entry
        if type(entry) is Progress:  # half of all
            call: str | None = entry.call
        else:
            call = self._finder.find(stamped)
            match entry:
                case Accepted():
                    self._begins(entry.call, stamped.monotonic_us)
                case Ended():
                    self._ends(entry.call, stamped.monotonic_us)
                case Started():
                    self._started.append(stamped)
                case Controlled() | Recorded() | Rescheduled() | Cancelled():
                    return
                case _:
                    pass
        if call is None:
            return  # of an ordinary call, or of none
        kept = self._calls.get(call)
        if kept is not None:
            kept.append(stamped)
        else:
            self.late += 1

    def _begins(self, call: str, at_us: int) -> None:
        if call not in self._calls:
            self._calls[call] = []
            self._came_or_went(1, at_us)

    def _ends(self, call: str, at_us: int) -> None:
        if call not in self._ended:
            self._ended.add(call)
            self._came_or_went(-1, at_us)
            self._over.append((at_us, call))
            if len(self._over) >= 2 * BATCH_CALLS:
                self._let_go(at_us - SETTLE_US)

    def _let_go(self, until_us: int) -> None:
        """Make records of the calls that ended before, when there are enough of them."""
        over = self._over
        if over[BATCH_CALLS - 1][0] >= until_us:
            return
        calls = []
        while over and over[0][0] < until_us:
            calls.append(over.popleft()[1])
        self._give_out(calls)

    def finish(self) -> None:
        """Give out what is left, calls that never ended among it."""
        self._over.clear()
        self._give_out(list(self._calls))

    def _give_out(self, calls: Sequence[str]) -> None:
        for first in range(0, len(calls), BATCH_CALLS):
            entries = list(self._started)
            for call in calls[first : first + BATCH_CALLS]:
                entries += self._calls.pop(call)
                self._ended.discard(call)
            self._records(derive_records(entries))
