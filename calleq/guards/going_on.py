"""Which numbers have a call that goes on or is due: at most one within a while, for each.

A number may have several calls that are due far apart. There may be a million of them, so each is
kept as one whole number: its due second, and 24 bits of its reference by which it is found again
(two calls to one number that agree in them are told apart by nothing, and the earlier one goes
first). A call that was due goes on until it has ended.

Beyond `LIMIT_CALLS`, and beyond half of them for one business, no further call is taken: what is
there is never forgotten for what comes.
"""

from collections import Counter
from zlib import crc32

from calleq.units import SECOND_US

LIMIT_CALLS = 2_000_000
LIMIT_OF_BUSINESS = LIMIT_CALLS // 2

_MARK_BITS = 24
_MARK_MASK = (1 << _MARK_BITS) - 1


class GoingOn:
    """The calls that have been accepted and have not ended, by customer."""

    def __init__(self, limit: int = LIMIT_CALLS, of_business: int = LIMIT_OF_BUSINESS) -> None:
        self._limit = limit
        self._of_business = of_business
        self._calls: dict[int | str, int | tuple[int, ...]] = {}
        self._counts: Counter[str] = Counter()
        self._total = 0

    def __len__(self) -> int:
        return self._total

    def full(self, business: str) -> bool:
        """Whether no further call of the business is taken."""
        return self._total >= self._limit or self._counts[business] >= self._of_business

    def begins(self, call: str, business: str, number: str, due_us: int) -> None:
        """A call was accepted; `due_us` may have passed."""
        packed = due_us // SECOND_US << _MARK_BITS | _mark(call)
        key = _key(number)
        before = self._calls.get(key)
        if before is None:
            self._calls[key] = packed
        elif isinstance(before, int):
            self._calls[key] = (before, packed)
        else:
            self._calls[key] = (*before, packed)
        self._counts[business] += 1
        self._total += 1

    def ends(self, call: str, business: str, number: str) -> bool:
        """The call is over; False where it is not known."""
        key, mark = _key(number), _mark(call)
        before = self._of(key)
        kept = list(before)
        for packed in before:
            if packed & _MARK_MASK == mark:
                kept.remove(packed)
                break
        else:
            return False
        if not kept:
            del self._calls[key]
        else:
            self._calls[key] = kept[0] if len(kept) == 1 else tuple(kept)
        self._total -= 1
        self._counts[business] -= 1
        if not self._counts[business]:
            del self._counts[business]
        return True

    def others_near(
        self, number: str, due_us: int, now_us: int, apart_us: int, but: str = ""
    ) -> bool:
        """Whether a call other than `but` goes on or is due within `apart_us` of a time.

        One that goes on is due now for as long as it does.
        """
        if apart_us <= 0:
            return False
        mark = _mark(but) if but else -1
        wanted_us = max(due_us, now_us)
        for packed in self._of(_key(number)):
            other_us = max((packed >> _MARK_BITS) * SECOND_US, now_us)
            if packed & _MARK_MASK != mark and abs(other_us - wanted_us) < apart_us:
                return True
        return False

    def _of(self, key: int | str) -> tuple[int, ...]:
        found = self._calls.get(key)
        if found is None:
            return ()
        return (found,) if isinstance(found, int) else found


def _mark(call: str) -> int:
    return crc32(call.encode()) & _MARK_MASK


def _key(number: str) -> int | str:
    """A telephone number takes less room as a whole number."""
    digits = number[1:]
    return int(digits) if number[:1] == "+" and digits.isdecimal() else number
