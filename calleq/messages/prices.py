"""Prices and balances as the API shows them and takes them; amounts are text in units.

An amount has at most six decimals and never passes through binary: `"0.0125"`.
"""

import msgspec


class QuoteView(msgspec.Struct, frozen=True, kw_only=True):
    """What a minute with one party costs."""

    address: str
    rate_key: str
    """By which it is charged: the longest beginning of the number with a rate, or `sip`, `ip`."""
    rate_from: str
    """Since when that rate holds."""
    band: str
    """The time of the week that it is now in the deck's zone."""
    per_minute: str
    """In this band."""
    dearest_per_minute: str
    """In any."""
    connection: str
    rule: str


class PriceView(msgspec.Struct, frozen=True, kw_only=True):
    """What a call would cost if it were asked for now."""

    business: str | None
    deck: str
    currency: str
    at: str
    minutes: float
    """How long both would talk, from answering on."""
    customer: QuoteView
    representative: QuoteView | None
    """The one asked for, or the dearest of the business; None where none is known."""
    per_minute: str
    """Of both together, now."""
    maximum: str
    """No call costs more in which no party is there for longer: legs and services."""


class CapView(msgspec.Struct, frozen=True):
    """A spend cap and what counts to it."""

    spent: str
    cap: str | None
    """None: there is none."""
    left: str | None
    """What calls may still hold."""


class BalanceView(msgspec.Struct, frozen=True):
    """What a business has."""

    business: str
    currency: str
    payment: str
    """`prepaid` or `postpaid`."""
    deck: str
    credited: str
    """Paid in since ever."""
    charged: str
    balance: str
    """Credited less charged; what is owed, where the business pays afterwards, is below zero."""
    held: str
    """For calls that are not charged yet."""
    available: str | None
    """What a call may still hold; None where nothing limits it."""
    calls_open: int
    day: CapView
    month: CapView


class PriceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose price is asked for."""

    to: str
    """The customer: a telephone number (E.164 with +), or an address of voice over IP."""
    representative: str = ""
    """Empty: the dearest of the business's."""
    minutes: float = 1.0
    """From answering on."""
    business: str = ""
    """The carrier says whose price; a business asks for its own."""


class BalanceQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose balance is asked for."""

    business: str = ""
    """The carrier says whose; a business asks for its own."""


class CreditOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Money was paid in."""

    business: str
    amount: str
    """In units of the account's currency; with a - before it: taken out."""
    note: str = ""
    """What it was, for the books."""
