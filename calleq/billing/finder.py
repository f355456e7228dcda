"""Which call an entry belongs to, followed by circuit and seizure as entries are written.

For who sees the entries of one process in the order in which it writes them: an exchange writes
that it sends a call on before the next one can write that it came. What is found so decides only
which entries are looked at together; the record is made of them by `calleq.billing.derivation`.
"""

from collections.abc import Callable

from calleq.journal.entries import (
    Accepted,
    AccountChanged,
    Assisted,
    AssistEnded,
    BalanceStated,
    Cancelled,
    Charged,
    CircuitKey,
    Controlled,
    Credited,
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
    Rescheduled,
    Stamped,
    Started,
    Transit,
    Undertaken,
)

_OnLine = LineRinging | LineAnswered | LineHeartbeat | LineMeasured
_OfCall = (
    Accepted
    | Undertaken
    | Ended
    | Charged
    | Recorded
    | Controlled
    | Rescheduled
    | Cancelled
    | Progress
)


class CallFinder:
    """Finds the call of each entry; every entry is to be shown to it, once, in order."""

    def __init__(self) -> None:
        self._using: dict[CircuitKey, str] = {}
        self._lines: dict[tuple[str, int], str] = {}

    def find(self, stamped: Stamped) -> str | None:
        """The call; None where it is of an ordinary call, or of none."""
        return FINDERS[type(stamped.entry)](self, stamped)

    def _of_call(self, stamped: Stamped) -> str:
        entry = stamped.entry
        assert isinstance(entry, _OfCall)
        return entry.call

    def _of_none(self, stamped: Stamped) -> None:
        """A refusal at the door, or what concerns no record."""

    def _on_line(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, _OnLine)
        return self._lines.get((stamped.entity, entry.seizure))

    def _off_line(self, stamped: Stamped) -> str | None:
        entry = stamped.entry
        assert isinstance(entry, LineReleased)
        return self._lines.pop((stamped.entity, entry.seizure), None)

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

    def _arrived(self, circuit: CircuitKey | None) -> str | None:
        return None if circuit is None else self._using.get(circuit)


FINDERS: dict[type[Entry], Callable[[CallFinder, Stamped], str | None]] = {
    Progress: CallFinder._of_call,
    LineRinging: CallFinder._on_line,
    LineAnswered: CallFinder._on_line,
    LineHeartbeat: CallFinder._on_line,
    LineReleased: CallFinder._off_line,
    LineMeasured: CallFinder._on_line,
    Transit: CallFinder._passed_on,
    LineSeized: CallFinder._line_seized,
    LineRefused: CallFinder._line_refused,
    Dialled: CallFinder._dialled,
    Accepted: CallFinder._of_call,
    Undertaken: CallFinder._of_call,
    Ended: CallFinder._of_call,
    Rescheduled: CallFinder._of_call,
    Cancelled: CallFinder._of_call,
    Charged: CallFinder._of_call,
    Recorded: CallFinder._of_call,
    Controlled: CallFinder._of_call,
    Redirected: CallFinder._redirected,
    Started: CallFinder._of_none,
    Refused: CallFinder._of_none,
    DoNotCall: CallFinder._of_none,
    Furnished: CallFinder._of_none,
    Assisted: CallFinder._of_none,
    AssistEnded: CallFinder._of_none,
    Credited: CallFinder._of_none,
    BalanceStated: CallFinder._of_none,
    AccountChanged: CallFinder._of_none,
}
"""For every kind of entry."""
