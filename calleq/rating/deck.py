"""A rate deck: what held for a destination or a service at any instant, past ones included.

A deck is a set of rates. Each has a key, an instant from which it holds, and what it says: terms,
`Barred` (not sold), or `Withdrawn` (from then on as if the key had never been). A rate holds until
the next one of its key; it is never edited. `superseded_by` adds rates, and only such as begin
later than whatever they supersede and not before now; `check_successor` says whether another deck
could have come from this one so.

| key | stands for |
|---|---|
| `+` and up to 15 digits | numbers that begin so; the longest key that holds counts |
| `sip`, `ip` | every SIP URI, every IP address: there is no distance in them |
| `service:NAME` | a use of a service, for example `service:recording` |

A longer prefix counts only while it holds: before its first rate, and while withdrawn, the next
shorter one does. A barred prefix counts as any other: what is below it may be sold again.
"""

import itertools
import re
from bisect import bisect_right
from collections.abc import Iterable
from operator import attrgetter

import msgspec

from calleq.numbering import E164, Address, IpAddress
from calleq.rating.bands import Week
from calleq.rating.money import RatingError
from calleq.rating.terms import Terms
from calleq.units import utc_text

RATES_LIMIT = 1_000_000
SERVICE = "service:"
SIP_KEY = "sip"
IP_KEY = "ip"

_KEY = re.compile(r"\+(?:[1-9][0-9]{0,14})?|sip|ip|service:[a-z][a-z_]{0,31}", re.ASCII)


class Barred(msgspec.Struct, frozen=True, tag=True):
    """The destination is not sold."""

    why: str


class Withdrawn(msgspec.Struct, frozen=True, tag=True):
    """The key counts no more."""


class Rate(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a deck."""

    key: str
    effective_from_us: int
    says: Terms | Barred | Withdrawn


class Priced(msgspec.Struct, frozen=True, kw_only=True):
    """A rate that was found and has a price."""

    key: str
    effective_from_us: int
    terms: Terms


class Deck:
    """Rates of one currency and one zone. Equal when they say the same."""

    __slots__ = ("_history", "_longest", "currency", "name", "round_to_micro", "week")

    def __init__(
        self,
        *,
        name: str,
        currency: str,
        week: Week,
        rates: Iterable[Rate],
        round_to_micro: int = 1,
    ) -> None:
        """Raises RatingError (`bad_deck`)."""
        self.name = name
        self.currency = currency
        self.week = week
        self.round_to_micro = round_to_micro
        """Each charge is rounded to a multiple of this."""
        if round_to_micro < 1:
            raise RatingError("bad_deck", f"rounding to {round_to_micro} micro-units: 1 or more")
        found: dict[str, list[Rate]] = {}
        for count, rate in enumerate(rates, start=1):
            if count > RATES_LIMIT:
                raise RatingError("bad_deck", f"more than {RATES_LIMIT} rates in one deck")
            check_rate(rate, week)
            found.setdefault(rate.key, []).append(rate)
        for key, several in found.items():
            several.sort(key=attrgetter("effective_from_us"))
            _check_distinct(key, several)
        self._history = {key: tuple(several) for key, several in found.items()}
        self._longest = max((len(key) for key in found if key.startswith("+")), default=0)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Deck):
            return NotImplemented
        return self._head() == other._head() and self._history == other._history

    __hash__ = None  # type: ignore[assignment]

    @property
    def rates(self) -> tuple[Rate, ...]:
        """Every rate there ever was, by key and instant."""
        return tuple(rate for key in sorted(self._history) for rate in self._history[key])

    def history(self, key: str) -> tuple[Rate, ...]:
        """The rates of one key, oldest first; empty where there never was one."""
        return self._history.get(key, ())

    def held(self, key: str, at_us: int) -> Rate | None:
        """The rate of exactly this key that holds at an instant, whatever it says."""
        several = self._history.get(key)
        if several is None:
            return None
        place = bisect_right(several, at_us, key=attrgetter("effective_from_us"))
        return several[place - 1] if place else None

    def find(self, address: Address, at_us: int) -> Priced:
        """The rate by which a leg to an address is charged.

        Raises RatingError (`no_rate`, `barred`); the text is fit for whoever asked for the call.
        """
        for key in keys_of(address, self._longest):
            rate = self.held(key, at_us)
            if rate is None or isinstance(rate.says, Withdrawn):
                continue
            if isinstance(rate.says, Barred):
                raise RatingError("barred", f"{address} is not sold: {rate.says.why} ({key})")
            return Priced(key=key, effective_from_us=rate.effective_from_us, terms=rate.says)
        raise RatingError("no_rate", f"deck {self.name} has no rate for {address} at that time")

    def service(self, name: str, at_us: int) -> Priced | None:
        """The rate of a service; None where its use costs nothing."""
        rate = self.held(SERVICE + name, at_us)
        if rate is None or not isinstance(rate.says, Terms):
            return None
        return Priced(key=rate.key, effective_from_us=rate.effective_from_us, terms=rate.says)

    def superseded_by(self, rates: Iterable[Rate], now_us: int) -> "Deck":
        """A deck with these rates too. Raises RatingError (`bad_deck`) when one of them would
        change what held before now, or would come before one that is there."""
        added = tuple(rates)
        for rate in added:
            before = self._history.get(rate.key, ())
            if before and before[-1].effective_from_us >= rate.effective_from_us:
                raise RatingError(
                    "bad_deck",
                    f"{rate.key} from {utc_text(rate.effective_from_us)}: later than"
                    f" {utc_text(before[-1].effective_from_us)} expected, from which it has a rate",
                )
            _check_not_past(rate, now_us)
        return Deck(
            name=self.name,
            currency=self.currency,
            week=self.week,
            rates=(*self.rates, *added),
            round_to_micro=self.round_to_micro,
        )

    def _head(self) -> tuple[str, str, Week, int]:
        return self.name, self.currency, self.week, self.round_to_micro


def check_successor(old: Deck, new: Deck, now_us: int) -> None:
    """Raise RatingError (`bad_deck`) unless `new` is `old` with rates added that begin from now on.

    Bands may be added, never changed: what a charge was reckoned by can be looked up for ever.
    """
    if (old.name, old.currency, old.week.zone_name, old.round_to_micro) != (
        new.name,
        new.currency,
        new.week.zone_name,
        new.round_to_micro,
    ):
        raise RatingError(
            "bad_deck", f"deck {old.name}: name, currency, zone and round_to stay as they are"
        )
    kept = [band for band in new.week.bands if band.name in old.week.names]
    if len(kept) != len(old.week.bands) or any(band not in old.week.bands for band in kept):
        raise RatingError("bad_deck", f"deck {old.name}: bands are added, never changed or removed")
    there = set(new.rates)
    for rate in old.rates:
        if rate not in there:
            raise RatingError(
                "bad_deck",
                f"{rate.key} from {utc_text(rate.effective_from_us)} was edited or removed:"
                " supersede it by a later rate",
            )
    for rate in there.difference(old.rates):
        _check_not_past(rate, now_us)


def keys_of(address: Address, longest: int) -> tuple[str, ...]:
    """The keys under which an address may be priced, the one that counts first before the rest,
    where none that is a number has more characters than `longest`.

    >>> keys_of(E164("+4420555"), 7)[:2], keys_of(IpAddress("192.0.2.1"), 7)
    (('+442055', '+44205'), ('ip',))
    """
    if isinstance(address, E164):
        return tuple(address[:length] for length in range(min(len(address), longest), 0, -1))
    return (IP_KEY,) if isinstance(address, IpAddress) else (SIP_KEY,)


def check_rate(rate: Rate, week: Week) -> None:
    """Raise RatingError (`bad_deck`) unless a rate can stand in a deck of this week."""
    if not _KEY.fullmatch(rate.key):
        raise RatingError(
            "bad_deck",
            f"{rate.key[:40]!r} is no destination: '+' and up to 15 digits, 'sip' or 'ip' expected",
        )
    if rate.key.startswith(SERVICE) and isinstance(rate.says, Barred):
        raise RatingError("bad_deck", f"{rate.key}: a service cannot be barred, only withdrawn")
    if isinstance(rate.says, Terms):
        for band, _ in rate.says.per_minute_in:
            if band not in week.names:
                known = ", ".join(sorted(week.names)) or "none"
                raise RatingError("bad_deck", f"{band!r} is no band of this deck; it has: {known}")


def _check_distinct(key: str, several: list[Rate]) -> None:
    for earlier, later in itertools.pairwise(several):
        if earlier.effective_from_us == later.effective_from_us:
            raise RatingError(
                "bad_deck",
                f"{key} has two rates from {utc_text(later.effective_from_us)}: one expected",
            )


def _check_not_past(rate: Rate, now_us: int) -> None:
    if rate.effective_from_us < now_us:
        raise RatingError(
            "bad_deck",
            f"{rate.key} from {utc_text(rate.effective_from_us)}: not before"
            f" {utc_text(now_us)} expected, for what has held stays as it was",
        )
