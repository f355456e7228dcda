"""What calls cost and how businesses pay: the keys of `[pricing]` and `[businesses.billing]`.

Owns what these tables may say by themselves; what a rate deck says is `calleq.rating`'s.
"""

import re
from pathlib import Path
from typing import Literal

import msgspec

RESERVE_MINUTES = range(1, 241)

_AMOUNT = re.compile(r"[0-9]{1,7}(\.[0-9]{1,6})?", re.ASCII)


class Pricing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The carrier's rate decks; without any, calls have no price."""

    decks: tuple[str, ...] = ()
    """TOML files, from the topology file's own directory; `retail.csv` and `retail.*.csv` beside
    `retail.toml` are tables of it."""
    default: str = ""
    """Name of the deck of businesses that name none; empty: that of the first file."""
    reserve_minutes: int = 60
    """For how long a talk money is held before anybody is dialled, where there is so much; the talk
    is ended when it is used up."""

    def found_from(self, directory: Path) -> "Pricing":
        """The same with the places of the decks told from a directory."""
        places = tuple(str(directory / deck) for deck in self.decks)
        return msgspec.structs.replace(self, decks=places)

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        if self.reserve_minutes not in RESERVE_MINUTES:
            limits = f"{RESERVE_MINUTES.start} to {RESERVE_MINUTES.stop - 1} expected"
            return "reserve_minutes", f"{self.reserve_minutes}: {limits}"
        if self.default and not self.decks:
            return "default", f"{self.default!r}: there are no decks"
        for index, deck in enumerate(self.decks):
            if not deck.endswith(".toml"):
                return f"decks[{index}]", f"{deck!r}: a file that ends in .toml expected"
        if len(set(self.decks)) < len(self.decks):
            return "decks", "each file once expected"
        return None


class Billing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Prices and limits of spending of one business; amounts are text (`"25.00"`)."""

    deck: str = ""
    """Name of the rate deck; empty: the carrier's default, or, where there is none, no prices."""
    payment: Literal["prepaid", "postpaid"] = "postpaid"
    cap_day: str = ""
    """The most that calls of one day, in the business's zone, may cost; empty: no limit."""
    cap_month: str = ""

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        for key in ("cap_day", "cap_month"):
            amount: str = getattr(self, key)
            if amount and not _AMOUNT.fullmatch(amount):
                return f"billing.{key}", f'{amount!r}: an amount as text, such as "25.00", expected'
        return None
