"""What may be dialled for a business, and how often: the keys of `[guards]` and of
`[businesses.policy]`; and what passwords must not be (`[passwords]`).

`[guards]` is the carrier's: what holds for every business, and what a business gets that says
nothing of its own. `[businesses.policy]` is of one business. Where both can bar, either bars; a
business never allows what the carrier bars. A rate that is left out is the carrier's, one with
`burst = 0` limits nothing, and lengths of 0 limit nothing either.
"""

import re
from collections.abc import Iterable
from pathlib import Path

import msgspec

from calleq.units import SECOND_US

RING_LIMIT_S = 300
CALL_LIMIT_S = 4 * 3600
"""No call talks longer, whatever a policy says: its equipment ends it."""
HOLD_LIMIT_S = 3_600
"""No customer is waited for longer because nobody is free."""
LIKELY_FREE = 0.8
PREFIXES_LIMIT = 10_000
BURST_LIMIT = 100_000
REFILL_LIMIT_S = 86_400.0
COOL_DOWN_LIMIT_S = 7 * 86_400

_REGION = re.compile("[A-Z]{2}", re.ASCII)
_PREFIX = re.compile(r"\+[1-9]?[0-9]{0,14}", re.ASCII)
_AMOUNT = re.compile(r"[0-9]{1,7}(?:\.[0-9]{1,6})?", re.ASCII)


class PasswordPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What passwords that people choose must not be, beside what is easy to guess."""

    breached: str = ""
    """A file of breached passwords as Have I Been Pwned gives it away: SHA-1, in order."""
    words: tuple[str, ...] = ()
    """Of the carrier: its names and products."""

    def found_from(self, directory: Path) -> "PasswordPolicy":
        """The same with the place of its file told from a directory."""
        if not self.breached:
            return self
        return msgspec.structs.replace(self, breached=str(directory / self.breached))


class Rate(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At most `burst` at once, then one more every `refill_s` seconds; `burst` 0: no limit."""

    burst: int
    refill_s: float = 1.0

    @property
    def refill_us(self) -> int:
        """The time of one."""
        return int(self.refill_s * SECOND_US + 0.5) or 1

    def wrong(self) -> str:
        """What is wrong with it; empty where nothing is."""
        if not 0 <= self.burst <= BURST_LIMIT:
            return f"burst {self.burst}: 0 to {BURST_LIMIT} expected"
        if not 0.000_001 <= self.refill_s <= REFILL_LIMIT_S:
            return f"refill_s {self.refill_s:g}: more than 0, at most {REFILL_LIMIT_S:g} s expected"
        return ""


class CallPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards of one business; each key's default is the carrier's."""

    regions: tuple[str, ...] = ()
    """ISO 3166 regions that may be called; empty: those of the business's own numbers."""
    barred: tuple[str, ...] = ()
    """Prefixes (`+1212976`) that are never called; `+` bars every telephone number."""
    allowed: tuple[str, ...] = ()
    """Prefixes that are called although their region is not allowed; where a number has a barred
    prefix too, the longer one counts."""
    ceilings: dict[str, str] = {}
    """The most that a minute may cost, by prefix (`"+44" = "0.05"`), in the currency of the
    business's deck; the longest prefix counts."""
    visitor: Rate | None = None
    """Calls asked for by one visitor of the business's pages."""
    calls: Rate | None = None
    """Calls of the business."""
    ring_s: int = 0
    """How long a telephone may ring; never longer than `timing.ring_limit_s` of the network (30 s
    unless it says otherwise), and so long where this is 0."""
    announcement_s: int = 60
    """The most that a customer waits from answering to the representative's answer."""
    call_s: int = CALL_LIMIT_S
    likely_free: float | None = None
    """Customers are rung when it is at least so likely that a representative is free within
    `free_within_s`; 0: at once, 1: when one is. Left out: `LIKELY_FREE`, but for calls to the
    carrier's test telephones."""
    free_within_s: int = 30
    hold_s: int = 120
    """How long that is waited for; then the call ends, and nobody has been rung."""

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        wrong = _wrong_places(self.regions, self.barred, self.allowed)
        if wrong is not None:
            return wrong
        for prefix, amount in self.ceilings.items():
            if not _PREFIX.fullmatch(prefix):
                return "ceilings", f"{prefix!r}: a prefix such as +44 expected"
            if not _AMOUNT.fullmatch(amount):
                return "ceilings", f'{amount!r}: an amount such as "0.05" expected'
        rates = {"visitor": self.visitor, "calls": self.calls}
        lengths = (
            ("ring_s", self.ring_s, range(RING_LIMIT_S + 1)),
            ("announcement_s", self.announcement_s, range(3_601)),
            ("call_s", self.call_s, range(1, CALL_LIMIT_S + 1)),
            ("free_within_s", self.free_within_s, range(1, 601)),
            ("hold_s", self.hold_s, range(1, HOLD_LIMIT_S + 1)),
        )
        if self.likely_free is not None and not 0 <= self.likely_free <= 1:
            return "likely_free", f"{self.likely_free:g}: 0 to 1 expected"
        return _wrong_rates(rates) or _wrong_lengths(lengths)


class CarrierPolicy(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Guards of the carrier: the keys of `[guards]`."""

    regions: tuple[str, ...] = ()
    """Regions that any business may call, whatever its own policy says; empty: all."""
    barred: tuple[str, ...] = ()
    allowed: tuple[str, ...] = ()
    """Prefixes within those barred, and universal access numbers, that may be called."""
    number: Rate = Rate(burst=5, refill_s=1_200)
    """Calls to one customer, over all businesses."""
    source: Rate = Rate(burst=10, refill_s=60)
    """Calls asked for by pages from one address; of IPv6 from one network of 64 bits."""
    visitor: Rate = Rate(burst=3, refill_s=300)
    calls: Rate = Rate(burst=100, refill_s=0.1)
    """... of one business."""
    all_calls: Rate = Rate(burst=1_000, refill_s=0.01)
    """... of all businesses together."""
    apart_s: int = 300
    """A number has at most one call that goes on or is due within so long; 0: any number."""
    unanswered_s: int = 60
    """Nobody calls a number for so long after a call that nobody answered, doubled each time."""
    declined_s: int = 600
    """... after one that was turned away."""
    cool_down_most_s: int = 86_400
    """... and never longer."""
    test_numbers: tuple[str, ...] = ()
    """Prefixes of the carrier's own test telephones: calls to them count in no limit."""

    def wrong(self) -> tuple[str, str] | None:
        """As `CallPolicy.wrong`."""
        wrong = _wrong_places(self.regions, self.barred, (*self.allowed, *self.test_numbers))
        if wrong is not None:
            return wrong
        rates: dict[str, Rate | None] = {
            "number": self.number,
            "source": self.source,
            "visitor": self.visitor,
            "calls": self.calls,
            "all_calls": self.all_calls,
        }
        cool = range(COOL_DOWN_LIMIT_S + 1)
        lengths = (
            ("apart_s", self.apart_s, range(86_401)),
            ("unanswered_s", self.unanswered_s, cool),
            ("declined_s", self.declined_s, cool),
            ("cool_down_most_s", self.cool_down_most_s, cool),
        )
        return _wrong_rates(rates) or _wrong_lengths(lengths)

    def unlimited(self) -> "CarrierPolicy":
        """The same without any limit of how often: for simulated networks under load."""
        return msgspec.structs.replace(self, test_numbers=("",), apart_s=0)


def _wrong_places(
    regions: Iterable[str], barred: tuple[str, ...], allowed: tuple[str, ...]
) -> tuple[str, str] | None:
    for region in regions:
        if not _REGION.fullmatch(region):
            return "regions", f"{region!r}: two capital letters expected, such as US or JM"
    for key, prefixes in (("barred", barred), ("allowed", allowed)):
        if len(prefixes) > PREFIXES_LIMIT:
            return key, f"{len(prefixes)} prefixes: at most {PREFIXES_LIMIT} expected"
        for prefix in prefixes:
            if not _PREFIX.fullmatch(prefix):
                return key, f"{prefix!r}: a prefix such as +1900 expected"
    return None


def _wrong_rates(rates: dict[str, Rate | None]) -> tuple[str, str] | None:
    for key, rate in rates.items():
        wrong = "" if rate is None else rate.wrong()
        if wrong:
            return key, wrong
    return None


def _wrong_lengths(lengths: Iterable[tuple[str, int, range]]) -> tuple[str, str] | None:
    for key, length, fits in lengths:
        if length not in fits:
            return key, f"{length}: {fits.start} to {fits.stop - 1} s expected"
    return None
