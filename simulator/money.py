"""What a run's calls must have cost, by the telephones' diary, and its difference to what they did.

Nothing here reads how a charge came about: each talk that a telephone lived through is rated by the
deck, at the instant of its answer, and held against the charge on the record of that telephone and
instant. A deck whose prices change while a run goes on is therefore not for this. Calls are counted
by the customers' talks, unanswered attempts by the telephones that rang in vain and by the records
of those that never reached one.

What the journal charged must be what the records say, and in the end nothing may be held.
"""

from collections import Counter
from collections.abc import Iterable, Mapping

import msgspec

from calleq.billing.records import SessionRecord
from calleq.journal.entries import Charged, Stamped
from calleq.numbering import parse_address
from calleq.rating import Charge, Deck, LegUse, ServiceUse, rate_leg, rate_service
from calleq.rating.charge import PER_CALL, UNANSWERED
from simulator.truth import Talk


class Money(msgspec.Struct, frozen=True):
    """What a run cost."""

    currency: str
    charged_micro: int
    """By the journal."""
    calls: int
    """That were charged, at 0 too."""
    difference_micro: int
    """Between what the diary makes of it and what was charged, everything added up."""
    held_micro: int
    """When all was over."""


class MoneyReconciliation:
    """The diary against the charges, both as they come."""

    def __init__(self, deck: Deck, customers: frozenset[str]) -> None:
        """`customers` are the numbers of those who are called first."""
        self._deck = deck
        self._customers = customers
        self._open: dict[tuple[str, int], int] = {}
        """What the diary makes of a talk less what was charged for it, where that is not 0."""
        self._due: Counter[str] = Counter()
        self._told: Counter[str] = Counter()
        """Amounts of services."""
        self._recorded_micro = 0
        self._charged_micro = 0
        self._calls = 0
        self._wrong_sums = 0

    def lived(self, talk: Talk) -> None:
        """A call at a telephone, as its switch must have seen it."""
        if talk.answered_at_us is None:
            self._owe(UNANSWERED, talk.released_at_us or 0)
            return
        use = LegUse(
            role="",
            address=parse_address(talk.number),
            answered_at_us=talk.answered_at_us,
            billable_s=talk.billable_s,
        )
        charge = rate_leg(self._deck, use, talk.answered_at_us)
        assert charge is not None
        self._note((talk.number, talk.answered_at_us), charge.amount_micro)
        if talk.number in self._customers:
            self._owe(PER_CALL, talk.answered_at_us)

    def record(self, record: SessionRecord) -> None:
        """What a record says of money."""
        amount_micro = record.amount_micro or 0
        self._recorded_micro += amount_micro
        services: list[Charge] = list(record.charges)
        for leg in record.legs:
            if leg.seized_at_us is None:
                self._owe(UNANSWERED, leg.dialled_at_us)
            if leg.answered_at_us is not None:
                self._note((leg.number, leg.answered_at_us), -(leg.charge_micro or 0))
            if leg.charge_micro is not None:
                subject = f"{leg.leg} {leg.number}"
                services.remove(next(one for one in services if one.subject == subject))
        for charge in services:
            self._told[charge.subject] += charge.amount_micro
        self._wrong_sums += abs(amount_micro - sum(one.amount_micro for one in record.charges))

    def journal(self, stamped: Stamped) -> None:
        """An entry of the journal."""
        if isinstance(stamped.entry, Charged):
            self._charged_micro += stamped.entry.amount_micro
            self._calls += 1

    def result(self, held: Mapping[str, int]) -> Money:
        """When both sides are complete; `held` is what is held yet, by business."""
        services = {*self._due, *self._told}
        difference = sum(abs(self._due[name] - self._told[name]) for name in services)
        difference += sum(map(abs, self._open.values())) + self._wrong_sums
        difference += abs(self._charged_micro - self._recorded_micro)
        return Money(
            self._deck.currency, self._charged_micro, self._calls, difference, _sum(held.values())
        )

    def _owe(self, service: str, at_us: int) -> None:
        charge = rate_service(self._deck, ServiceUse(name=service, begun_at_us=at_us), at_us)
        if charge is not None:
            self._due[service] += charge.amount_micro

    def _note(self, talk: tuple[str, int], amount_micro: int) -> None:
        left = self._open.pop(talk, 0) + amount_micro
        if left:
            self._open[talk] = left


def _sum(amounts: Iterable[int]) -> int:
    return sum(map(abs, amounts))
