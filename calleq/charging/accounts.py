"""The account of one business: what it paid in and was charged, what is held, and its caps.

Its arithmetic is `calleq.rating.Reservations`; this adds what outlives a change of the business's
terms: the sums since ever, from which a ledger with other caps, another zone or another way of
payment is made. Spending is counted by day and month whether there is a cap or not, so that a cap
counts from the day on which it is set.
"""

from collections.abc import Mapping
from zoneinfo import ZoneInfo

import msgspec

from calleq.messages.prices import BalanceView, CapView
from calleq.rating import (
    Committed,
    Period,
    Refused,
    Reservations,
    Reserved,
    SpendCap,
    amount_text,
    parse_amount,
)
from calleq.topology import Business

NO_CAP_MICRO = 10**18
"""More than anybody spends."""


class _Terms(msgspec.Struct, frozen=True):
    """What makes a ledger another one."""

    is_prepaid: bool
    cap_day: str
    cap_month: str
    zone: str


class Account:
    """One business's account."""

    def __init__(self, business: Business, currency: str) -> None:
        self.business = business.identifier
        self.currency = currency
        self.credited_micro = 0
        self.charged_micro = 0
        self._terms = _terms_of(business)
        self._reserved: dict[str, Reserved] = {}
        self._ledger = self._made({})

    def fit(self, business: Business) -> None:
        """Take over the business's terms as they are now."""
        terms = _terms_of(business)
        if terms != self._terms:
            self._terms = terms
            self._ledger = self._made(self._ledger.spent_in_periods)

    @property
    def spent_micro(self) -> dict[str, int]:
        """By day and month."""
        return self._ledger.spent_in_periods

    @property
    def held_micro(self) -> int:
        """Of all open calls."""
        return self._ledger.held_micro

    def held_for(self, call: str) -> Reserved | None:
        """What is held for a call, and since when."""
        return self._reserved.get(call)

    def state(self, credited_micro: int, charged_micro: int, spent: Mapping[str, int]) -> None:
        """Everything so far was this; calls that are open stay open."""
        self.credited_micro, self.charged_micro = credited_micro, charged_micro
        self._ledger = self._made(spent)

    def room_micro(self, at_us: int) -> int | None:
        """What a call may hold; None where nothing limits it."""
        room = self._ledger.room_micro(at_us)
        return None if room is None or room > NO_CAP_MICRO // 2 else room

    def hold(self, call: str, amount_micro: int, at_us: int) -> Refused | None:
        """Hold an amount for a call that holds nothing; None: it is held."""
        held = self._ledger.reserve(call, amount_micro, at_us)
        if isinstance(held, Refused):
            return held
        self._reserved[call] = held
        return None

    def hold_more(self, call: str, amount_micro: int) -> Refused | None:
        """Hold an amount besides for a call that holds some; None: it is held."""
        more = self._ledger.extend(call, amount_micro)
        if isinstance(more, Refused):
            return more
        held = self._reserved[call]
        self._reserved[call] = Reserved(call, held.amount_micro + amount_micro, held.at_us)
        return None

    def hold_again(self, held: Reserved) -> None:
        """Hold what was held before a restart."""
        self._ledger.apply(held)
        self._reserved[held.call] = held

    def release(self, call: str) -> None:
        """Hold nothing more for a call that costs nothing."""
        del self._reserved[call]
        self._ledger.release(call)

    def charge(self, call: str, amount_micro: int) -> int:
        """Charge a call, once; by how much that exceeds what was held."""
        self.charged_micro += amount_micro
        if self._reserved.pop(call, None) is None:
            self._ledger = self._made(self._ledger.spent_in_periods)
            return 0
        committed: Committed = self._ledger.commit(call, amount_micro)
        return committed.over_micro

    def credit(self, amount_micro: int) -> None:
        """Money was paid in; below zero: taken out."""
        self.credited_micro += amount_micro
        self._ledger = self._made(self._ledger.spent_in_periods)

    def view(self, deck: str, at_us: int) -> BalanceView:
        """As people read it."""
        room = self.room_micro(at_us)
        return BalanceView(
            business=self.business,
            currency=self.currency,
            payment="prepaid" if self._terms.is_prepaid else "postpaid",
            deck=deck,
            credited=amount_text(self.credited_micro),
            charged=amount_text(self.charged_micro),
            balance=amount_text(self.credited_micro - self.charged_micro),
            held=amount_text(self.held_micro),
            available=None if room is None else amount_text(room),
            calls_open=len(self._reserved),
            day=self._cap_view("day", self._terms.cap_day, at_us),
            month=self._cap_view("month", self._terms.cap_month, at_us),
        )

    def _cap_view(self, period: Period, cap: str, at_us: int) -> CapView:
        which = self._ledger.period_at(period, at_us)
        spent, held = self._ledger.in_period(which)
        left = max(0, parse_amount(cap) - spent - held) if cap else None
        return CapView(amount_text(spent), cap or None, None if left is None else amount_text(left))

    def _made(self, spent: Mapping[str, int]) -> Reservations:
        terms = self._terms
        caps = (_cap("day", terms.cap_day), _cap("month", terms.cap_month))
        balance = self.credited_micro - self.charged_micro if terms.is_prepaid else None
        ledger = Reservations(
            balance_micro=balance, caps=caps, zone=ZoneInfo(terms.zone), spent=spent
        )
        ledger.replay(self._reserved.values())
        return ledger


def _cap(period: Period, amount: str) -> SpendCap:
    return SpendCap(period=period, limit_micro=parse_amount(amount) if amount else NO_CAP_MICRO)


def _terms_of(business: Business) -> _Terms:
    billing = business.billing
    return _Terms(
        is_prepaid=billing.payment == "prepaid",
        cap_day=billing.cap_day,
        cap_month=billing.cap_month,
        zone=business.calendar.zone,
    )
