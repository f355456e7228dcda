"""Who never wants to be called again by a business: numbers by business, kept for good.

A customer asks for it with a key while being asked whether a representative may be rung; an
operator may list a number, or take it off. The list is a projection of the journal's `DoNotCall`
entries, the last for a number counting. Segments of the journal are needed while they hold what is
in force (`calleq.journal.segments`), so the list is written anew every `RESTATED_US`: old segments
can go then.

A business's own customers who do not want to be called (`calleq.accounts`) are forbidden as well;
they are not on the list.

Odd cases: a number that is listed again, or taken off without being there, is not written. Beyond
`LIMIT_LISTED` nothing more is known here, though it is written (`unlisted` counts it).
"""

from collections.abc import Iterator

from calleq.accounts.registry import Registry
from calleq.journal.contract import Journal
from calleq.journal.entries import DoNotCall, Stamped
from calleq.runtime.clock import Clock, Timer
from calleq.units import HOUR_US

LIMIT_LISTED = 1_000_000
RESTATED_US = 24 * HOUR_US


class DoNotCallList:
    """The list of one door."""

    def __init__(
        self, journal: Journal, clock: Clock, door: str, registry: Registry | None = None
    ) -> None:
        """`registry` knows the customers; None: nobody does."""
        self._registry = registry
        self._journal = journal
        self._clock = clock
        self._door = door
        self._listed: dict[tuple[str, str], DoNotCall] = {}
        self._timer: Timer | None = None
        self.unlisted = 0

    def __len__(self) -> int:
        return len(self._listed)

    def forbids(self, business: str, number: str, customer: str = "") -> bool:
        """Whether the business must not call the number, or the customer of that identifier."""
        if (business, number) in self._listed:
            return True
        return self._registry is not None and self._registry.forbids(business, number, customer)

    def add(self, business: str, number: str, call: str = "") -> bool:
        """List a number (E.164) because its customer wants so, in a call or otherwise.

        False when it is there already.
        """
        if (business, number) in self._listed:
            return False
        self._write(DoNotCall(self._door, business, number, call=call))
        return True

    def remove(self, business: str, number: str) -> bool:
        """Take a number off; False when it is not there."""
        if (business, number) not in self._listed:
            return False
        self._write(DoNotCall(self._door, business, number, listed=False))
        return True

    def entries(self, business: str = "") -> Iterator[DoNotCall]:
        """What is in force, by business and number; empty: of all businesses."""
        for key in sorted(self._listed):
            if business in ("", key[0]):
                yield self._listed[key]

    def restore(self, stamped: Stamped) -> None:
        """Take one entry of the journal of before, oldest first."""
        entry = stamped.entry
        if isinstance(entry, DoNotCall) and entry.door == self._door:
            self._know(entry)

    def _write(self, entry: DoNotCall) -> None:
        self._know(entry)
        self._journal.append(self._door, entry)

    def _know(self, entry: DoNotCall) -> None:
        key = (entry.business, entry.number)
        if not entry.listed:
            self._listed.pop(key, None)
        elif key in self._listed or len(self._listed) < LIMIT_LISTED:
            self._listed[key] = entry
        else:
            self.unlisted += 1
        if self._timer is None and self._listed:
            self._timer = self._clock.call_later_us(RESTATED_US, self._restate)

    def _restate(self) -> None:
        self._timer = None
        for entry in list(self._listed.values()):
            self._write(entry)
