"""What of a business's money is promised to calls in progress: reserve, extend, commit, release.

One `Reservations` per business. Every change is decided on what is there at that moment and is one
entry, which is returned; the same entries applied to an empty ledger in the same order make an
equal one, so that whoever keeps entries keeps the ledger. There is no change without its entry and
no reading of a clock.

| at any time | holds |
|---|---|
| balance | what was credited less what was committed |
| available | balance less what is held |
| of a cap | spent and held in a period by calls that were reserved in it |

A reservation is granted only if the balance and every cap have room for it; an extension too, and
it counts to the period of its reservation, however late it comes. Hence no order of submissions,
extensions and ends spends more than is there, as long as no call is charged more than it holds.
A call that is (`over_micro`: the equipment let it run on) is charged in full, since that is what
happened, and the entry says by how much; only so can the balance go below zero, and then not even
a reservation of 0 is granted.

Without a balance (`None`) the business pays afterwards, and only caps bind. A reference is used
for one call ever: one that is over is forgotten, and a second end of it is refused, never charged.
Refusals are values; `RatingError` (`bad_reservation`) is for what no correct caller does.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Literal, assert_never

import msgspec

from calleq.rating.money import RatingError, amount_text
from calleq.units import SECOND_US

OPEN_LIMIT = 100_000
"""Calls of one business that hold money at a time."""
PERIODS_KEPT = 3
"""Of each cap, beside those in which money is held. A clock that goes back further than these
finds its period empty."""

Period = Literal["day", "month", "ever"]


class SpendCap(msgspec.Struct, frozen=True, kw_only=True):
    """At most so much in each period."""

    period: Period
    limit_micro: int


class Credited(msgspec.Struct, frozen=True, tag=True):
    """Paid in."""

    amount_micro: int


class Reserved(msgspec.Struct, frozen=True, tag=True):
    """Held for a call before its first dial."""

    call: str
    amount_micro: int
    at_us: int


class Extended(msgspec.Struct, frozen=True, tag=True):
    """Held besides, for more time or another attempt."""

    call: str
    amount_micro: int


class Committed(msgspec.Struct, frozen=True, tag=True):
    """The call is over and charged; what was held beyond that is free again."""

    call: str
    amount_micro: int
    over_micro: int = 0
    """By how much the charge exceeds what was held."""


class Released(msgspec.Struct, frozen=True, tag=True):
    """The call is over and costs nothing."""

    call: str


Entry = Credited | Reserved | Extended | Committed | Released


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """There is no room; nothing changed."""

    reason: Literal["balance", "day", "month", "ever", "too_many"]
    """What has no room: the balance, the cap of that period, or the table of open calls."""
    room_micro: int
    asked_micro: int

    @property
    def text(self) -> str:
        """What is said to the business."""
        if self.reason == "too_many":
            return f"{OPEN_LIMIT} calls hold money already: wait until one has ended"
        what = "the balance" if self.reason == "balance" else f"the spend cap ({self.reason})"
        return (
            f"{what} has {amount_text(self.room_micro)} left and"
            f" {amount_text(self.asked_micro)} would have to be reserved"
        )


class Reservations:
    """The ledger of one business. Equal when balance, held and spent amounts are."""

    __slots__ = ("_balance_micro", "_caps", "_held", "_in_periods", "_open", "_zone")

    def __init__(
        self,
        *,
        balance_micro: int | None,
        caps: tuple[SpendCap, ...] = (),
        zone: tzinfo = UTC,
        spent: Mapping[str, int] | None = None,
    ) -> None:
        """Days and months are those of `zone`; `spent` is what was committed before, as
        `spent_in_periods` has it. Raises RatingError (`bad_reservation`)."""
        if len({cap.period for cap in caps}) < len(caps):
            raise _wrong(f"{len(caps)} caps: one for each period expected")
        if any(cap.limit_micro < 0 for cap in caps):
            raise _wrong("a spend cap below zero")
        self._balance_micro = balance_micro
        self._caps = caps
        self._zone = zone
        self._held = 0
        self._open: dict[str, tuple[int, tuple[str, ...]]] = {}
        # By period: spent, held.
        kinds = tuple(f"{cap.period} " for cap in caps)
        self._in_periods: dict[str, tuple[int, int]] = {
            period: (amount, 0)
            for period, amount in (spent or {}).items()
            if period.startswith(kinds)
        }

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Reservations):
            return NotImplemented
        return self._state() == other._state()

    __hash__ = None  # type: ignore[assignment]

    @property
    def balance_micro(self) -> int | None:
        """Credited less committed; None where the business pays afterwards."""
        return self._balance_micro

    @property
    def held_micro(self) -> int:
        """Of all calls in progress."""
        return self._held

    @property
    def available_micro(self) -> int | None:
        """What a new call may reserve of the balance; None where there is none."""
        return None if self._balance_micro is None else self._balance_micro - self._held

    @property
    def open_calls(self) -> tuple[str, ...]:
        """References of the calls that hold money, in the order in which they reserved it."""
        return tuple(self._open)

    def held_for(self, call: str) -> int:
        """What a call holds; 0 for one that holds nothing."""
        return self._open.get(call, (0, ()))[0]

    def spent_micro(self, period: Period, at_us: int) -> int:
        """Committed by calls reserved in the period of an instant; of capped periods only."""
        return self._in_periods.get(self.period_at(period, at_us), (0, 0))[0]

    @property
    def spent_in_periods(self) -> dict[str, int]:
        """Committed, by capped period (`day 2026-01-05`, `month 2026-01`), as far as it is kept."""
        return {period: spent for period, (spent, _) in self._in_periods.items()}

    def room_micro(self, at_us: int) -> int | None:
        """The most that could be reserved at an instant; None where nothing limits it."""
        rooms = [room for _, room in self._rooms(self._periods_at(at_us))]
        return max(0, min(rooms)) if rooms else None

    def reserve(self, call: str, amount_micro: int, at_us: int) -> Reserved | Refused:
        """Hold money before the first dial. Raises RatingError for a call that holds some."""
        _check_amount(amount_micro)
        if call in self._open:
            raise _wrong(f"call {call} has a reservation: extend it")
        if len(self._open) >= OPEN_LIMIT:
            return Refused(reason="too_many", room_micro=0, asked_micro=amount_micro)
        refused = self._refusal(self._periods_at(at_us), amount_micro)
        if refused is not None:
            return refused
        entry = Reserved(call, amount_micro, at_us)
        self.apply(entry)
        return entry

    def extend(self, call: str, amount_micro: int) -> Extended | Refused:
        """Hold more for a call in progress. Raises RatingError for one that holds nothing."""
        _check_amount(amount_micro)
        refused = self._refusal(self._found(call)[1], amount_micro)
        if refused is not None:
            return refused
        entry = Extended(call, amount_micro)
        self.apply(entry)
        return entry

    def commit(self, call: str, amount_micro: int) -> Committed:
        """The call is over: charge it, free the rest. Raises RatingError for no such call."""
        _check_amount(amount_micro)
        held, _ = self._found(call)
        entry = Committed(call, amount_micro, max(0, amount_micro - held))
        self.apply(entry)
        return entry

    def release(self, call: str) -> Released:
        """The call is over and free. Raises RatingError for no such call."""
        self._found(call)
        entry = Released(call)
        self.apply(entry)
        return entry

    def credit(self, amount_micro: int) -> Credited:
        """Money was paid in. Raises RatingError where there is no balance."""
        _check_amount(amount_micro)
        entry = Credited(amount_micro)
        self.apply(entry)
        return entry

    def apply(self, entry: Entry) -> None:
        """Take over an entry that was decided before. Raises RatingError when it fits no state."""
        match entry:
            case Credited():
                if self._balance_micro is None:
                    raise _wrong("a credit where there is no balance")
                self._balance_micro += entry.amount_micro
            case Reserved():
                self._begin(entry)
            case Extended():
                held, periods = self._found(entry.call)
                self._open[entry.call] = (held + entry.amount_micro, periods)
                self._move(periods, spent=0, held=entry.amount_micro)
            case Committed():
                self._end(entry.call, entry.amount_micro)
            case Released():
                self._end(entry.call, 0)
            case _:
                assert_never(entry)

    def replay(self, entries: Iterable[Entry]) -> None:
        """Apply entries in their order."""
        for entry in entries:
            self.apply(entry)

    def _begin(self, entry: Reserved) -> None:
        if entry.call in self._open:
            raise _wrong(f"call {entry.call} has a reservation")
        periods = self._periods_at(entry.at_us)
        self._open[entry.call] = (entry.amount_micro, periods)
        for period in periods:
            if period not in self._in_periods:
                self._in_periods[period] = (0, 0)
                self._forget(period.partition(" ")[0])
        self._move(periods, spent=0, held=entry.amount_micro)

    def _end(self, call: str, amount_micro: int) -> None:
        held, periods = self._found(call)
        del self._open[call]
        self._move(periods, spent=amount_micro, held=-held)
        if self._balance_micro is not None:
            self._balance_micro -= amount_micro

    def _move(self, periods: tuple[str, ...], *, spent: int, held: int) -> None:
        self._held += held
        assert self._held >= 0, "held is the sum over open calls"
        for period in periods:
            before = self._in_periods[period]
            self._in_periods[period] = (before[0] + spent, before[1] + held)

    def _forget(self, kind: str) -> None:
        """Drop the oldest periods of a kind in which no call holds anything; their texts sort by
        time. An open call that holds 0 keeps its period as well."""
        needed = {period for _, periods in self._open.values() for period in periods}
        kept = sorted(period for period in self._in_periods if period.startswith(f"{kind} "))
        for period in kept[:-PERIODS_KEPT]:
            if period not in needed:
                del self._in_periods[period]

    def _refusal(self, periods: tuple[str, ...], amount_micro: int) -> Refused | None:
        for reason, room in self._rooms(periods):
            if amount_micro > room:
                return Refused(reason=reason, room_micro=max(0, room), asked_micro=amount_micro)
        return None

    def _rooms(self, periods: tuple[str, ...]) -> list[tuple[Period | Literal["balance"], int]]:
        """What the balance and each cap have left."""
        rooms: list[tuple[Period | Literal["balance"], int]] = []
        if self._balance_micro is not None:
            rooms.append(("balance", self._balance_micro - self._held))
        for cap, period in zip(self._caps, periods, strict=True):
            spent, held = self._in_periods.get(period, (0, 0))
            rooms.append((cap.period, cap.limit_micro - spent - held))
        return rooms

    def _found(self, call: str) -> tuple[int, tuple[str, ...]]:
        found = self._open.get(call)
        if found is None:
            raise _wrong(f"call {call} has no reservation, or is over")
        return found

    def _periods_at(self, at_us: int) -> tuple[str, ...]:
        return tuple(self.period_at(cap.period, at_us) for cap in self._caps)

    def in_period(self, period: str) -> tuple[int, int]:
        """Spent and held in a capped period, as `period_at` names it."""
        return self._in_periods.get(period, (0, 0))

    def period_at(self, period: Period, at_us: int) -> str:
        """The period of an instant: `day 2026-01-05`, `month 2026-01`."""
        day = _day_of(at_us // SECOND_US, self._zone)
        match period:
            case "day":
                return f"day {day}"
            case "month":
                return f"month {day[:7]}"
            case "ever":
                return "ever "
            case _:
                assert_never(period)

    def _state(self) -> tuple[object, ...]:
        return self._balance_micro, self._caps, self._zone, self._open, self._in_periods


@lru_cache(maxsize=256)
def _day_of(at_s: int, zone: tzinfo) -> str:
    """The date in a zone; asked several times for each call, of many calls in the same second."""
    return datetime.fromtimestamp(at_s, zone).date().isoformat()


def _check_amount(amount_micro: int) -> None:
    if amount_micro < 0:
        raise _wrong(f"an amount of {amount_micro} micro-units: 0 or more expected")


def _wrong(text: str) -> RatingError:
    return RatingError("bad_reservation", text)
