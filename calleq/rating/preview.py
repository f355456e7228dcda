"""What a call will cost: at this minute, at most for a length, and how long a balance lasts.

A bound must hold whenever the parties answer, so that `maximum` takes every second in the dearest
band of the week and rounds each charge as it will be rounded. It never falls short of `rate_call`
for legs that are each no longer than the length and are among those planned, and it never
decreases with the length.

Before the first dial, what to reserve is `maximum` of the whole plan, both legs, for some first
length; `affordable_s` says how long the balance lasts; while the call goes on, `extension` is what
more to reserve for more time. The equipment must end the call where its reservation ends. Attempts
that are not planned (another representative) are planned anew: the difference between the two
maxima is to be reserved before that dial.
"""

from functools import lru_cache

import msgspec

from calleq.numbering import Address
from calleq.rating.charge import PER_CALL, UNANSWERED
from calleq.rating.deck import Deck, Priced
from calleq.rating.money import RatingError, rounded_half_up
from calleq.rating.terms import LENGTH_LIMIT_S, Terms, check_length, dearest_lines

REMEMBERED = 4_096
"""Maxima that are not reckoned again: calls of one business are planned alike."""
LEGS_LIMIT = 64
"""Of one plan, services and attempts too."""


class PlannedLeg(msgspec.Struct, frozen=True, kw_only=True):
    """A party that will be called."""

    role: str
    address: Address


class PlannedService(msgspec.Struct, frozen=True, kw_only=True):
    """Uses of a service that may be made; each lasts at most `longest_s`, or the whole call."""

    name: str
    uses: int = 1
    longest_s: int | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a call may come to."""

    legs: tuple[PlannedLeg, ...]
    services: tuple[PlannedService, ...] = ()
    unanswered: int = 0
    """Attempts that come to nothing, beside the legs."""

    def __post_init__(self) -> None:
        uses = sum(service.uses for service in self.services)
        parts = len(self.legs) + uses + self.unanswered
        if parts > LEGS_LIMIT or min(self.unanswered, *(s.uses for s in self.services), 0) < 0:
            raise RatingError("bad_length", f"a plan of {parts} parts: 0 to {LEGS_LIMIT} expected")


class Quote(msgspec.Struct, frozen=True, kw_only=True):
    """The price of a destination at an instant."""

    address: Address
    key: str
    effective_from_us: int
    currency: str
    band: str
    per_minute_micro: int
    dearest_per_minute_micro: int
    """In any band; what guards with a ceiling compare."""
    connection_micro: int
    rule: str


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """What may be said of a call's price before it is made."""

    currency: str
    quotes: tuple[Quote, ...]
    """One for each leg."""
    length_s: int
    maximum_micro: int

    @property
    def per_minute_micro(self) -> int:
        """Of all legs together, at the instant of the preview."""
        return sum(quote.per_minute_micro for quote in self.quotes)


def quote(deck: Deck, address: Address, at_us: int) -> Quote:
    """The price per minute at an instant. Raises RatingError (`no_rate`, `barred`)."""
    found = deck.find(address, at_us)
    band = deck.week.band_at(at_us)
    return Quote(
        address=address,
        key=found.key,
        effective_from_us=found.effective_from_us,
        currency=deck.currency,
        band=band,
        per_minute_micro=found.terms.price_in(band),
        dearest_per_minute_micro=found.terms.dearest_per_minute_micro,
        connection_micro=found.terms.connection_micro,
        rule=found.terms.rule,
    )


def preview(deck: Deck, plan: Plan, at_us: int, length_s: int) -> Preview:
    """Raises RatingError (`no_rate`, `barred`, `bad_length`)."""
    return Preview(
        currency=deck.currency,
        quotes=tuple(quote(deck, leg.address, at_us) for leg in plan.legs),
        length_s=length_s,
        maximum_micro=Bound(deck, plan, at_us).maximum_micro(length_s),
    )


@lru_cache(maxsize=REMEMBERED)
def dearest_micro(terms: Terms, length_s: int, round_to_micro: int) -> int:
    """What a length costs at most, whenever it begins. Raises RatingError (`bad_length`)."""
    exact = sum(line.sixtieths for line in dearest_lines(terms, length_s))
    return rounded_half_up(exact, round_to_micro)


class Bound:
    """The most that a plan costs, with its rates looked up once."""

    __slots__ = ("_fixed_micro", "_legs", "_round_to", "_services", "_unanswered_micro")

    def __init__(self, deck: Deck, plan: Plan, priced_at_us: int) -> None:
        """Raises RatingError (`no_rate`, `barred`)."""
        self._round_to = deck.round_to_micro
        self._legs = tuple(deck.find(leg.address, priced_at_us) for leg in plan.legs)
        self._services: list[tuple[Priced, PlannedService]] = []
        for service in plan.services:
            found = deck.service(service.name, priced_at_us)
            if found is not None:
                self._services.append((found, service))
        self._unanswered_micro = self._most(deck.service(UNANSWERED, priced_at_us), 0)
        self._fixed_micro = self._most(deck.service(PER_CALL, priced_at_us), 0)
        self._fixed_micro += plan.unanswered * self._unanswered_micro

    def maximum_micro(self, length_s: int) -> int:
        """At most this is charged when no leg talks longer. Raises RatingError (`bad_length`)."""
        check_length(length_s)
        total = self._fixed_micro
        for found in self._legs:
            total += max(self._unanswered_micro, self._most(found, length_s))
        for found, service in self._services:
            longest = length_s if service.longest_s is None else service.longest_s
            total += service.uses * self._most(found, longest)
        return total

    def affordable_s(self, balance_micro: int, limit_s: int) -> int:
        """The greatest length, up to `limit_s`, whose maximum the balance covers; 0 where not even
        a second can be paid for, and the call is not to be made.

        Raises RatingError (`bad_length`) for a limit beyond `LENGTH_LIMIT_S`.
        """
        check_length(limit_s)
        low, high = 0, limit_s
        while low < high:
            middle = (low + high + 1) // 2
            if self.maximum_micro(middle) <= balance_micro:
                low = middle
            else:
                high = middle - 1
        return low

    def extension_micro(self, reserved_s: int, more_s: int) -> int:
        """What to reserve beside what is reserved for `reserved_s`, so that it lasts so much more;
        0 where the increments already reach so far."""
        longer = min(reserved_s + more_s, LENGTH_LIMIT_S)
        return self.maximum_micro(longer) - self.maximum_micro(reserved_s)

    def _most(self, found: Priced | None, length_s: int) -> int:
        return 0 if found is None else dearest_micro(found.terms, length_s, self._round_to)
