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
    Assisted,
    AssistEnded,
    CircuitKey,
    Controlled,
    Dialled,
    DoNotCall,
    Ended,
    Entry,
    Furnished,
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Recorded,
    Redirected,
    Refused,
    Stamped,
    Started,
    Transit,
    Undertaken,
)
from calleq.units import SECOND_US

_OnLine = LineRinging | LineAnswered | LineHeartbeat

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
        if type(entry) is Progress:  # half of all
            call: str | None = entry.call
        else:
            call = FINDERS[type(entry)](self, stamped)
        if call is None:
            return  # of an ordinary call, or of none
        kept = self._calls.get(call)
        if kept is not None:
            kept.append(stamped)
        else:
            self.late += 1

    # The call of an entry by its kind, and what later entries will need to find theirs.

    def _on_line(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, _OnLine)
        return self._lines.get((stamped.entity, entry.seizure))

    def _off_line(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, LineReleased)
        return self._lines.pop((stamped.entity, entry.seizure), None)

    def _measured(self, stamped: Stamped) -> None:
        """Simulated telephones measure nothing."""

    def _passed_on(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, Transit)
        call = self._arrived(entry.incoming)
        if call is None:
            self._using.pop(entry.outgoing, None)
        else:
            self._using[entry.outgoing] = call
        return call

    def _redirected(self, stamped: Stamped) -> str | None:
        assert isinstance(stamped.entry, Redirected)
        return self._arrived(stamped.entry.incoming)

    def _line_seized(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, LineSeized)
        call = self._arrived(entry.incoming)
        if call is not None:
            self._lines[stamped.entity, entry.seizure] = call
        return call

    def _line_refused(self, stamped: Stamped) -> str | None:
        assert isinstance(stamped.entry, LineRefused)
        return self._arrived(stamped.entry.incoming)

    def _dialled(self, stamped: Stamped) -> str:
        entry = stamped.entry
        assert isinstance(entry, Dialled)
        if entry.circuit is not None:
            self._using[entry.circuit] = entry.call
        return entry.call

    def _accepted(self, stamped: Stamped) -> str:
        entry = stamped.entry
        assert isinstance(entry, Accepted)
        if entry.call not in self._calls:
            self._calls[entry.call] = []
            self._came_or_went(1, stamped.monotonic_us)
        return entry.call

    def _undertaken(self, stamped: Stamped) -> str:
        assert isinstance(stamped.entry, Undertaken)
        return stamped.entry.call

    def _ends(self, stamped: Stamped) -> str:
        entry = stamped.entry
        assert isinstance(entry, Ended)
        if entry.call not in self._ended:
            self._ended.add(entry.call)
            self._came_or_went(-1, stamped.monotonic_us)
            self._over.append((stamped.monotonic_us, entry.call))
            if len(self._over) >= 2 * BATCH_CALLS:
                self._let_go(stamped.monotonic_us - SETTLE_US)
        return entry.call

    def _of_all(self, stamped: Stamped) -> None:
        self._started.append(stamped)

    def _of_none(self, stamped: Stamped) -> None:
        """A refusal at the door, or what concerns no record."""

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


FINDERS: dict[type[Entry], Callable[[RecordStream, Stamped], str | None]] = {
    LineRinging: RecordStream._on_line,
    LineAnswered: RecordStream._on_line,
    LineHeartbeat: RecordStream._on_line,
    LineReleased: RecordStream._off_line,
    LineMeasured: RecordStream._measured,
    Transit: RecordStream._passed_on,
    LineSeized: RecordStream._line_seized,
    LineRefused: RecordStream._line_refused,
    Dialled: RecordStream._dialled,
    Accepted: RecordStream._accepted,
    Undertaken: RecordStream._undertaken,
    Ended: RecordStream._ends,
    Started: RecordStream._of_all,
    Redirected: RecordStream._redirected,
    Refused: RecordStream._of_none,
    DoNotCall: RecordStream._of_none,
    Furnished: RecordStream._of_none,
    Assisted: RecordStream._of_none,
    AssistEnded: RecordStream._of_none,
    Controlled: RecordStream._of_none,
    Recorded: RecordStream._of_none,
}
"""For every kind of entry but `Progress`, whose call is its own."""
