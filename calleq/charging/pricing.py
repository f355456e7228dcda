"""What a call would cost: a preview for people, before anything is asked for."""

from calleq.messages.prices import PriceView, QuoteView
from calleq.numbering import Address, parse_address
from calleq.rating import Bound, Deck, Plan, PlannedLeg, Quote, amount_text, quote
from calleq.topology import Business
from calleq.units import utc_text


def price_of(
    deck: Deck,
    business: Business | None,
    customer: Address,
    representative: Address | None,
    length_s: int,
    at_us: int,
) -> PriceView:
    """The price of a call with a representative, or the dearest of the business's; None and None:
    of the customer's leg alone.

    Raises RatingError (`no_rate`, `barred`, `bad_length`).
    """
    asked = quote(deck, customer, at_us)
    others = [representative] if representative is not None else []
    if representative is None and business is not None:
        others = [parse_address(number) for number in business.representatives]
    quotes = [quote(deck, other, at_us) for other in others]
    dearest = max(quotes, key=lambda one: _most(deck, one, length_s, at_us), default=None)
    legs = [PlannedLeg(role="customer", address=customer)]
    if dearest is not None:
        legs.append(PlannedLeg(role="agent", address=dearest.address))
    bound = Bound(deck, Plan(legs=tuple(legs)), at_us)
    both = asked.per_minute_micro + (0 if dearest is None else dearest.per_minute_micro)
    return PriceView(
        business=None if business is None else business.identifier,
        deck=deck.name,
        currency=deck.currency,
        at=utc_text(at_us),
        minutes=length_s / 60,
        customer=_view(asked),
        representative=None if dearest is None else _view(dearest),
        per_minute=amount_text(both),
        maximum=amount_text(bound.maximum_micro(length_s)),
    )


def _most(deck: Deck, one: Quote, length_s: int, at_us: int) -> int:
    plan = Plan(legs=(PlannedLeg(role="agent", address=one.address),))
    return Bound(deck, plan, at_us).maximum_micro(length_s)


def _view(one: Quote) -> QuoteView:
    return QuoteView(
        address=str(one.address),
        rate_key=one.key,
        rate_from=utc_text(one.effective_from_us),
        band=one.band,
        per_minute=amount_text(one.per_minute_micro),
        dearest_per_minute=amount_text(one.dearest_per_minute_micro),
        connection=amount_text(one.connection_micro),
        rule=one.rule,
    )
