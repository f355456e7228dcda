"""Amounts: whole micro-units of a currency, read from text and rounded in one place.

There are no floats for money anywhere in the house. Prices are per minute and lengths are whole
seconds, so every exact cost is a whole number of sixtieths of a micro-unit: `sixtieths` is what is
summed, and `rounded_half_up` is the only rounding there is.

Refused with `RatingError`: text that is no plain decimal (no sign, no exponent, no grouping), more
than six decimals, more than `AMOUNT_LIMIT_MICRO`.
"""

import re

UNIT_MICRO = 1_000_000
AMOUNT_LIMIT_MICRO = 1_000_000 * UNIT_MICRO
"""Of one price: a million units. What is summed has no limit."""
SIXTIETHS = 60
"""In a micro-unit: a price per minute times whole seconds is a whole number of them."""

_DECIMAL = re.compile(r"([0-9]{1,7})(?:\.([0-9]{1,6}))?", re.ASCII)


class RatingError(ValueError):
    """What was asked has no price, or what was given is none; `reason` is a stable code.

    | reason | meaning |
    |---|---|
    | `no_rate` | the deck has no rate for the destination at that instant |
    | `barred` | the deck says that the destination is not sold |
    | `bad_amount` | a text is no amount of money |
    | `bad_length` | a length of time is below zero or beyond the limit |
    | `bad_deck` | a deck, or a change to one, contradicts itself |
    | `bad_reservation` | an entry of reservations fits no state it could have come from |
    """

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def parse_amount(text: str) -> int:
    """Micro-units of a decimal text. Raises RatingError (`bad_amount`).

    >>> parse_amount("0.0125")
    12500
    """
    matched = _DECIMAL.fullmatch(text)
    micro = 0
    if matched is not None:
        micro = int(matched[1]) * UNIT_MICRO + int((matched[2] or "").ljust(6, "0"))
    if matched is None or micro > AMOUNT_LIMIT_MICRO:
        raise RatingError(
            "bad_amount",
            f"{text[:40]!r} is no amount: digits, a point and at most six decimals expected, up to"
            f' {AMOUNT_LIMIT_MICRO // UNIT_MICRO}, for example "0.0125"',
        )
    return micro


def amount_text(micro: int) -> str:
    """An amount as people read it, with two decimals at least and no more than it needs.

    >>> amount_text(12_500), amount_text(-1_000_000)
    ('0.0125', '-1.00')
    """
    units, rest = divmod(abs(micro), UNIT_MICRO)
    decimals = f"{rest:06d}".rstrip("0").ljust(2, "0")
    return f"{'-' if micro < 0 else ''}{units}.{decimals}"


def rounded_half_up(sixtieths: int, unit_micro: int = 1) -> int:
    """Micro-units, a multiple of `unit_micro`, nearest to so many sixtieths; halves go up.

    >>> rounded_half_up(30), rounded_half_up(29), rounded_half_up(60 * 15_000, 10_000)
    (1, 0, 20000)
    """
    assert sixtieths >= 0, "charges are never negative"
    whole = unit_micro * SIXTIETHS
    return (2 * sixtieths + whole) // (2 * whole) * unit_micro
