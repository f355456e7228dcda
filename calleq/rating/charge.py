"""What a leg, a service and a call cost: values that explain themselves line by line.

A call is priced by the rates that held at one instant, `priced_at_us`, the one at which it was
accepted: what was previewed and reserved then is what is charged, even if a rate is superseded
before the last leg is dialled. Time bands follow the clock as the leg goes on.

Each leg that was answered is one charge, each use of a service is one. Every charge is rounded
once, half up; a call's amount is the sum of rounded charges. The rule stands in the charge, with
the rate's key and the instant from which that held, so that anybody who has the deck can reckon
it again.

What was not answered costs nothing, unless the deck has a rate for the service `unanswered`, once
for each such attempt; a call of which a leg was answered costs the service `call`, if the deck has
it. Other services are charged when they are named; those without a rate cost nothing.
"""

import msgspec

from calleq.numbering import Address
from calleq.rating.bands import Week
from calleq.rating.deck import Deck, Priced
from calleq.rating.money import RatingError, amount_text, rounded_half_up
from calleq.rating.terms import Line, charged_seconds, lines_of
from calleq.units import utc_text

PER_CALL = "call"
UNANSWERED = "unanswered"


class LegUse(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt to reach a party, as its record has it."""

    role: str
    """`customer` or `agent`."""
    address: Address
    answered_at_us: int | None
    """UTC; None where nobody answered."""
    billable_s: int = 0
    """Whole seconds of talk by the record's own rule."""


class ServiceUse(msgspec.Struct, frozen=True, kw_only=True):
    """One use of a service: a recording made, an announcement played."""

    name: str
    begun_at_us: int
    length_s: int = 0


class Charge(msgspec.Struct, frozen=True, kw_only=True):
    """One rounded amount and how it came about."""

    subject: str
    """What is charged: a role and an address, or a service."""
    deck: str
    key: str
    effective_from_us: int
    priced_at_us: int
    length_s: int
    """As it was used."""
    charged_s: int
    """After minimum and increments, free seconds included."""
    lines: tuple[Line, ...]
    currency: str
    amount_micro: int
    rule: str

    @property
    def sixtieths(self) -> int:
        """The exact cost before it was rounded, in sixtieths of a micro-unit."""
        return sum(line.sixtieths for line in self.lines)

    @property
    def explanation(self) -> tuple[str, ...]:
        """The charge in lines of text; the last one is the amount."""
        return (
            f"{self.subject}: {self.length_s} s, charged as {self.charged_s} s",
            f"  deck {self.deck}, rate {self.key} from {utc_text(self.effective_from_us)}",
            *(f"  {line.text}" for line in self.lines),
            f"  {self.rule}",
            f"  {amount_text(self.amount_micro)} {self.currency}",
        )


class CallCharge(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one call costs."""

    currency: str
    priced_at_us: int
    charges: tuple[Charge, ...]

    @property
    def amount_micro(self) -> int:
        """The sum of rounded charges; it is not rounded again."""
        return sum(charge.amount_micro for charge in self.charges)

    @property
    def explanation(self) -> tuple[str, ...]:
        """All charges, and the sum."""
        lines = [line for charge in self.charges for line in charge.explanation]
        return (*lines, f"in all {amount_text(self.amount_micro)} {self.currency}")


def rate_leg(deck: Deck, leg: LegUse, priced_at_us: int) -> Charge | None:
    """The charge of a leg; None where it was not answered.

    Raises RatingError: `no_rate`, `barred`, `bad_length`.
    """
    if leg.answered_at_us is None:
        return None
    priced = deck.find(leg.address, priced_at_us)
    lines = lines_of(priced.terms, deck.week, leg.answered_at_us, leg.billable_s)
    return charge_of(deck, priced, f"{leg.role} {leg.address}", priced_at_us, leg.billable_s, lines)


def rate_service(deck: Deck, use: ServiceUse, priced_at_us: int) -> Charge | None:
    """The charge of one use; None where the deck has no rate for the service.

    Raises RatingError (`bad_length`).
    """
    priced = deck.service(use.name, priced_at_us)
    if priced is None:
        return None
    lines = lines_of(priced.terms, deck.week, use.begun_at_us, use.length_s)
    return charge_of(deck, priced, use.name, priced_at_us, use.length_s, lines)


def rate_call(
    deck: Deck,
    legs: tuple[LegUse, ...],
    services: tuple[ServiceUse, ...] = (),
    *,
    priced_at_us: int,
) -> CallCharge:
    """The charge of a finished call.

    Raises RatingError: `no_rate`, `barred`, `bad_length`, and `bad_deck` for a service that is
    charged by itself.
    """
    for use in services:
        if use.name in (PER_CALL, UNANSWERED):
            raise RatingError("bad_deck", f"the service {use.name!r} is charged without being used")
    uses = [
        ServiceUse(name=UNANSWERED, begun_at_us=priced_at_us)
        for leg in legs
        if leg.answered_at_us is None
    ]
    if len(uses) < len(legs):
        uses.append(ServiceUse(name=PER_CALL, begun_at_us=priced_at_us))
    found = [rate_leg(deck, leg, priced_at_us) for leg in legs]
    found += [rate_service(deck, use, priced_at_us) for use in (*uses, *services)]
    return CallCharge(
        currency=deck.currency,
        priced_at_us=priced_at_us,
        charges=tuple(charge for charge in found if charge is not None),
    )


def charge_of(
    deck: Deck,
    priced: Priced,
    subject: str,
    priced_at_us: int,
    length_s: int,
    lines: tuple[Line, ...],
) -> Charge:
    """Lines summed up and rounded: the one place where an amount comes to be."""
    exact = sum(line.sixtieths for line in lines)
    return Charge(
        subject=subject,
        deck=deck.name,
        key=priced.key,
        effective_from_us=priced.effective_from_us,
        priced_at_us=priced_at_us,
        length_s=length_s,
        charged_s=charged_seconds(priced.terms, length_s),
        lines=lines,
        currency=deck.currency,
        amount_micro=rounded_half_up(exact, deck.round_to_micro),
        rule=f"{_rule(priced, deck.week)}; rounded once, half up, to"
        f" {amount_text(deck.round_to_micro)}",
    )


def _rule(priced: Priced, week: Week) -> str:
    if priced.terms.per_minute_in:
        return f"{priced.terms.rule}, by the wall clock of {week.zone_name}"
    return priced.terms.rule
