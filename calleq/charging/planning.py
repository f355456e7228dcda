"""The most that a call may cost, and for how long its parties may talk for what there is.

A call has one customer and one representative, but up to `ATTEMPTS_LIMIT` representatives may be
tried, and one who answers and is gone again is charged as well. Their talks come one after the
other, so together they last no longer than the call. For representatives that cost the same, so
many talks cost at most what one as long as the call does, and for each further attempt a
connection, and for every attempt what increments and minimum add. Where they cost different, each
price is taken for the whole call.

The customer is charged from answering on, the talk is limited from the bridge on: in between lie
announcement, question, the representatives' ringing and the whisper, each of which has a limit
(`calleq.call.policy`). What is held covers these times too.
"""

from collections.abc import Sequence
from functools import lru_cache

import msgspec

from calleq.call.policy import (
    ATTEMPTS_LIMIT,
    DETECTION_LIMIT_US,
    FIND_LIMIT_US,
    JOIN_LIMIT_US,
    QUESTION_LIMIT_US,
    RELEASE_LIMIT_US,
    RING_GRACE_US,
    WHISPER_LIMIT_US,
)
from calleq.numbering import Address, parse_address
from calleq.rating import (
    Bound,
    Deck,
    Plan,
    PlannedLeg,
    PlannedService,
    RatingError,
    Terms,
)
from calleq.rating.preview import REMEMBERED, dearest_micro
from calleq.rating.terms import charged_seconds
from calleq.topology import Business
from calleq.units import SECOND_US

RECORDING = "recording"
"""The service that a recording of a call is."""


class Estimate(msgspec.Struct, frozen=True):
    """What to hold, and what it is enough for."""

    amount_micro: int
    length_s: int
    """No leg may last longer."""
    talk_s: int
    """From the bridge on."""


class CallPlan:
    """What one call may come to, its rates looked up once."""

    def __init__(
        self,
        deck: Deck,
        business: Business,
        customer: Address,
        representative: Address | None,
        priced_at_us: int,
        ring_limit_s: float,
    ) -> None:
        """Raises RatingError (`no_rate`, `barred`)."""
        numbers = dict.fromkeys((representative, *_addresses(business.representatives)))
        others = [number for number in numbers if number is not None]
        self._attempts = min(ATTEMPTS_LIMIT, len(others))
        self.before_s = before_talk_s(business, self._attempts, ring_limit_s)
        self._fixed = Bound(
            deck,
            Plan(
                legs=(PlannedLeg(role="customer", address=customer),),
                services=(PlannedService(name=RECORDING),),
                unanswered=self._attempts,
            ),
            priced_at_us,
        )
        self._terms = _terms_of(deck, others, representative, priced_at_us)
        self._round_to = deck.round_to_micro
        self._more_micro = self._for_more_attempts()

    def maximum_micro(self, length_s: int) -> int:
        """At most this is charged when no leg lasts longer. Raises RatingError (`bad_length`)."""
        each = sorted(
            (dearest_micro(terms, length_s, self._round_to) for terms in self._terms), reverse=True
        )
        return self._fixed.maximum_micro(length_s) + sum(each[: self._attempts]) + self._more_micro

    def estimate(self, room_micro: int | None, talk_limit_s: int) -> Estimate | int:
        """What to hold for the longest talk, `talk_limit_s` at most, for which there is room; None:
        there is always room. Where there is none for a second: what that would need."""
        low, high = 0, talk_limit_s
        if room_micro is not None and self.maximum_micro(self.before_s + high) > room_micro:
            while low < high - 1:
                middle = (low + high) // 2
                fits = self.maximum_micro(self.before_s + middle) <= room_micro
                low, high = (middle, high) if fits else (low, middle)
            high = low
        if high == 0:
            return self.maximum_micro(self.before_s + 1)
        length_s = self.before_s + high
        return Estimate(self.maximum_micro(length_s), length_s, high)

    def _for_more_attempts(self) -> int:
        """What several talks cost at most beyond one that is as long as all together."""
        attempts = self._attempts
        if attempts < 2:
            return 0
        connection = max(terms.connection_micro for terms in self._terms)
        added = max(terms.dearest_per_minute_micro * _added_s(terms) for terms in self._terms)
        return (attempts - 1) * connection + -(-attempts * added // 60) + attempts * self._round_to


def _added_s(terms: Terms) -> int:
    """By how much minimum and increments lengthen a talk at most."""
    shortest_s = charged_seconds(msgspec.structs.replace(terms, no_charge_s=0), 1)
    return max(shortest_s, terms.next_s)


def _terms_of(
    deck: Deck, others: Sequence[Address], asked_for: Address | None, priced_at_us: int
) -> tuple[Terms, ...]:
    """Those of the representatives who may be dialled; whoever is not sold is not, unless it is
    the one asked for, or there is no other. Raises RatingError."""
    found: dict[Terms, None] = {}
    wrong: RatingError | None = None
    for number in others:
        try:
            found[deck.find(number, priced_at_us).terms] = None
        except RatingError as error:
            if number == asked_for:
                raise
            wrong = error
    if wrong is not None and not found:
        raise wrong
    return tuple(found)


def leg_maximum_micro(deck: Deck, address: Address, length_s: int, priced_at_us: int) -> int:
    """What one more leg costs at most. Raises RatingError (`no_rate`, `barred`)."""
    terms = deck.find(address, priced_at_us).terms
    return dearest_micro(terms, length_s, deck.round_to_micro)


@lru_cache(maxsize=REMEMBERED)
def _addresses(numbers: tuple[str, ...]) -> tuple[Address, ...]:
    return tuple(map(parse_address, numbers))


def before_talk_s(business: Business, attempts: int, ring_limit_s: float) -> int:
    """The longest that a party may be there without talking, in whole seconds."""
    ring_us = round(max(ring_limit_s, business.policy.ring_s) * SECOND_US)
    length_us = DETECTION_LIMIT_US + WHISPER_LIMIT_US + JOIN_LIMIT_US + RELEASE_LIMIT_US
    length_us += attempts * (ring_us + RING_GRACE_US + FIND_LIMIT_US)
    if business.consent != "none":
        length_us += QUESTION_LIMIT_US
    return -(-length_us // SECOND_US)
