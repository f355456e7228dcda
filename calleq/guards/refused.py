"""The refusals of late, for whoever they concern: a business its own, the carrier all.

They are in the journal (`Refused`) for good; this list is what a running door knows of them. To a
business belong those of senders who had proved to be it, so that strangers who only use its name
fill no list of its; the carrier's list has those too.

Bounds: `LIMIT_OF_CARRIER`, `LIMIT_OF_BUSINESS` each, `LIMIT_BUSINESSES`; the oldest goes first.
"""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterable, Iterator

import msgspec

from calleq.guards.reasons import advice_for
from calleq.journal.entries import Refused
from calleq.messages.guarding import RefusalView
from calleq.units import utc_text

LIMIT_OF_CARRIER = 10_000
LIMIT_OF_BUSINESS = 500
LIMIT_BUSINESSES = 1_000
LIMIT_REASONS = 200


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which refusals are wanted."""

    business: str = ""
    reason: str = ""
    since_us: int = 0
    until_us: int = 0
    """Excluded; 0: up to now."""

    def takes(self, refused: Refused, at_us: int) -> bool:
        """Whether a refusal is wanted."""
        return (
            self.business in ("", refused.business)
            and self.reason in ("", refused.reason)
            and self.since_us <= at_us
            and (not self.until_us or at_us < self.until_us)
        )


def view_of(refused: Refused, at_us: int) -> RefusalView:
    """A refusal as it is told."""
    return RefusalView(
        utc_text(at_us),
        refused.business,
        refused.reason,
        advice_for(refused.reason),
        refused.customer,
        refused.by,
        refused.visitor,
        refused.peer,
        refused.door,
    )


class RefusalList:
    """The refusals of one process."""

    def __init__(self) -> None:
        self._all: deque[tuple[int, Refused]] = deque(maxlen=LIMIT_OF_CARRIER)
        self._own: OrderedDict[str, deque[tuple[int, Refused]]] = OrderedDict()
        self.counts: Counter[str] = Counter()
        """By reason, since the process began."""

    def add(self, refused: Refused, at_us: int) -> None:
        """One more."""
        self._all.append((at_us, refused))
        if refused.reason in self.counts or len(self.counts) < LIMIT_REASONS:
            self.counts[refused.reason] += 1
        if not refused.customer:
            return
        own = self._own.get(refused.business)
        if own is None:
            own = self._own[refused.business] = deque(maxlen=LIMIT_OF_BUSINESS)
            if len(self._own) > LIMIT_BUSINESSES:
                self._own.popitem(last=False)
        self._own.move_to_end(refused.business)
        own.append((at_us, refused))

    def of_business(self, business: str, wanted: Filter) -> Iterator[RefusalView]:
        """The business's own, the latest first."""
        return _views(self._own.get(business, ()), wanted)

    def of_carrier(self, wanted: Filter) -> Iterator[RefusalView]:
        """All, the latest first."""
        return _views(self._all, wanted)


def _views(
    refusals: "deque[tuple[int, Refused]] | Iterable[tuple[int, Refused]]", wanted: Filter
) -> Iterator[RefusalView]:
    for at_us, refused in reversed(tuple(refusals)):
        if wanted.takes(refused, at_us):
            yield view_of(refused, at_us)
