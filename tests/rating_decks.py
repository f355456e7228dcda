"""Decks that the tests of prices share."""

from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from calleq.rating import Band, Deck, Rate, Terms, Week
from calleq.units import parse_utc

LONG_AGO = parse_utc("2020-01-01T00:00:00Z")
NOON_UTC = parse_utc("2026-06-10T12:00:00Z")
"""A Wednesday."""
EVERY_DAY = frozenset(range(7))


def minutes(text: str) -> int:
    hours, _, rest = text.partition(":")
    return int(hours) * 60 + int(rest)


def band(name: str, begin: str, end: str, days: frozenset[int] = EVERY_DAY) -> Band:
    return Band(name=name, days=days, begin_min=minutes(begin), end_min=minutes(end))


def week(zone: str = "UTC", *bands: Band) -> Week:
    return Week(ZoneInfo(zone), bands)


def deck_of(
    terms: dict[str, Terms], *, of_week: Week | None = None, round_to_micro: int = 1
) -> Deck:
    """One rate for each key, since long ago."""
    return Deck(
        name="test",
        currency="USD",
        week=of_week or week(),
        rates=[Rate(key=key, effective_from_us=LONG_AGO, says=says) for key, says in terms.items()],
        round_to_micro=round_to_micro,
    )


PEAK_WEEK = week("America/New_York", band("peak", "08:00", "18:00", frozenset(range(5))))

prices = st.integers(0, 2_000_000)
increments = st.one_of(st.sampled_from([1, 6, 30, 60]), st.integers(1, 200))
some_terms = st.builds(
    Terms,
    per_minute_micro=prices,
    connection_micro=prices,
    first_s=increments,
    next_s=increments,
    minimum_s=st.integers(0, 200),
    free_s=st.integers(0, 200),
    no_charge_s=st.integers(0, 30),
    per_minute_in=st.one_of(st.just(()), prices.map(lambda price: (("peak", price),))),
)
starts = st.integers(NOON_UTC // 1_000_000, NOON_UTC // 1_000_000 + 14 * 86_400).map(
    lambda second: second * 1_000_000
)
lengths = st.one_of(st.integers(0, 400), st.integers(0, 40_000))
