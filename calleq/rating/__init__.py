"""Prices: rate decks, what a call costs and may cost at most, and reservations against a balance.

Pure: no clock is read and no file is opened but the zone data that `zoneinfo` has. What stands
between this and calls is `calleq.charging`. Amounts are whole micro-units, instants UTC
microseconds, lengths whole seconds. The one error is `RatingError`.
"""

from calleq.rating.bands import STANDARD, Band, Week
from calleq.rating.charge import (
    CallCharge,
    Charge,
    LegUse,
    ServiceUse,
    rate_call,
    rate_leg,
    rate_service,
)
from calleq.rating.deck import Barred, Deck, Priced, Rate, Withdrawn, check_successor
from calleq.rating.deck_fields import Place
from calleq.rating.deck_file import DeckFile, parse_deck, read_deck
from calleq.rating.money import RatingError, amount_text, parse_amount, rounded_half_up
from calleq.rating.preview import (
    Bound,
    Plan,
    PlannedLeg,
    PlannedService,
    Preview,
    Quote,
    preview,
    quote,
)
from calleq.rating.reservations import (
    Committed,
    Credited,
    Entry,
    Extended,
    Period,
    Refused,
    Released,
    Reservations,
    Reserved,
    SpendCap,
)
from calleq.rating.terms import Line, Terms

__all__ = [
    "STANDARD",
    "Band",
    "Barred",
    "Bound",
    "CallCharge",
    "Charge",
    "Committed",
    "Credited",
    "Deck",
    "DeckFile",
    "Entry",
    "Extended",
    "LegUse",
    "Line",
    "Period",
    "Place",
    "Plan",
    "PlannedLeg",
    "PlannedService",
    "Preview",
    "Priced",
    "Quote",
    "Rate",
    "RatingError",
    "Refused",
    "Released",
    "Reservations",
    "Reserved",
    "ServiceUse",
    "SpendCap",
    "Terms",
    "Week",
    "Withdrawn",
    "amount_text",
    "check_successor",
    "parse_amount",
    "parse_deck",
    "preview",
    "quote",
    "rate_call",
    "rate_leg",
    "rate_service",
    "read_deck",
    "rounded_half_up",
]
