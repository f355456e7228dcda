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
from calleq.billing.records import SessionRecord
from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    LineAnswered,
    LineHeartbeat,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Refused,
    Stamped,
    Started,
    Transit,
    Undertaken,
)
from calleq.units import SECOND_US

SETTLE_US = 120 * SECOND_US
"""After its end a call's last legs are released and written within this time."""
BATCH_CALLS = 500
"""Calls are made into records so many at a time."""


class RecordStream:
    """Takes every journal entry of a run and gives out its records, each once, by the end."""

    def __init__(self, records: Callable[[Sequence[SessionRecord]], object]) -> None:
        self._records = records
        self._calls: dict[str, list[Stamped]] = {}
        self._using: dict[CircuitKey, str] = {}
        self._lines: dict[tuple[str, int], str] = {}
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
        call = entry.call if type(entry) is Progress else self._call_of(stamped)  # half of all
        if call is None:
            return  # of an ordinary call, or of none
        kept = self._calls.get(call)
        if kept is not None:
            kept.append(stamped)
        else:
            self.late += 1

    def _call_of(self, stamped: Stamped) -> str | None:
        """The call of an entry, and what later entries will need to find theirs."""
        entry = stamped.entry
        match entry:
            case Progress():
                return entry.call
            case LineRinging() | LineAnswered() | LineHeartbeat():
                return self._lines.get((stamped.entity, entry.seizure))
            case LineReleased():
                return self._lines.pop((stamped.entity, entry.seizure), None)
            case Transit():
                call = self._arrived(entry.incoming)
                if call is None:
                    self._using.pop(entry.outgoing, None)
                else:
                    self._using[entry.outgoing] = call
                return call
            case LineSeized():
                call = self._arrived(entry.incoming)
                if call is not None:
                    self._lines[stamped.entity, entry.seizure] = call
                return call
            case LineRefused():
                return self._arrived(entry.incoming)
            case Dialled():
                if entry.circuit is not None:
                    self._using[entry.circuit] = entry.call
                return entry.call
            case Accepted():
                self._calls.setdefault(entry.call, [])
                return entry.call
            case Undertaken():
                return entry.call
            case Ended():
                if entry.call not in self._ended:
                    self._ended.add(entry.call)
                    self._over.append((stamped.monotonic_us, entry.call))
                    if len(self._over) >= 2 * BATCH_CALLS:
                        self._let_go(stamped.monotonic_us - SETTLE_US)
                return entry.call
            case Started():
                self._started.append(stamped)
                return None
            case Refused():
                return None

    def _arrived(self, circuit: CircuitKey | None) -> str | None:
        return None if circuit is None else self._using.get(circuit)

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
