"""How long customers who answered waited for somebody, and how many never reached anybody.

A customer-first call plays a recording to whoever answers, by its nature. What that comes to is
measured here, from records that are over: the time from the customer's answer to the first
representative's, and the share of answered calls in which no representative ever answered.
Representatives who were called first were there already: their customers waited not at all.
"""

from collections import defaultdict
from collections.abc import Iterable

import msgspec

from calleq.billing.records import LegRecord, SessionRecord
from calleq.units import SECOND_US

WAITS_LIMIT = 1_000_000
"""Waits of one business that are looked at; further calls are counted only."""


class Waits(msgspec.Struct, frozen=True, kw_only=True):
    """What one business's customers waited."""

    business: str
    answered: int
    """Calls whose customer answered."""
    unconnected: int
    """... and for whom no representative did."""
    unconnected_share: float
    mean_s: float
    """From answer to answer, of those who were connected."""
    most_of_95_s: float
    """Nineteen of twenty waited no longer."""
    longest_s: float


class _Counted:
    __slots__ = ("answered", "unconnected", "waits_us")

    def __init__(self) -> None:
        self.answered = self.unconnected = 0
        self.waits_us: list[int] = []


def waits_of(records: Iterable[SessionRecord]) -> list[Waits]:
    """By business, in the order of their identifiers; calls that go on do not count."""
    counted: dict[str, _Counted] = defaultdict(_Counted)
    for record in records:
        customer_us = _answered_us(leg for leg in record.legs if leg.leg == "customer")
        if not record.state or customer_us is None:
            continue
        one = counted[record.business]
        one.answered += 1
        agent_us = _answered_us(leg for leg in record.legs if leg.leg == "agent")
        if agent_us is None:
            one.unconnected += 1
        elif len(one.waits_us) < WAITS_LIMIT:
            one.waits_us.append(max(0, agent_us - customer_us))
    return [_told(business, counted[business]) for business in sorted(counted)]


def _answered_us(legs: Iterable[LegRecord]) -> int | None:
    return min((leg.answered_at_us for leg in legs if leg.answered_at_us is not None), default=None)


def _told(business: str, counted: _Counted) -> Waits:
    waits_us = sorted(counted.waits_us)
    number = len(waits_us)
    return Waits(
        business=business,
        answered=counted.answered,
        unconnected=counted.unconnected,
        unconnected_share=counted.unconnected / counted.answered,
        mean_s=_seconds(sum(waits_us) / number) if number else 0.0,
        most_of_95_s=_seconds(waits_us[-(-number * 95 // 100) - 1]) if number else 0.0,
        longest_s=_seconds(waits_us[-1]) if number else 0.0,
    )


def _seconds(length_us: float) -> float:
    return round(length_us / SECOND_US, 3)
