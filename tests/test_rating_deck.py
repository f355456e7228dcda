"""Which rate of a deck counts for an address at an instant, and how decks come to change."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.numbering import Address, parse_address
from calleq.rating import (
    Barred,
    Deck,
    Rate,
    RatingError,
    Terms,
    Withdrawn,
    check_successor,
)
from calleq.units import parse_utc
from tests.rating_decks import LONG_AGO, NOON_UTC, band, deck_of, week

JANUARY = parse_utc("2026-01-01T00:00:00Z")
JULY = parse_utc("2026-07-01T00:00:00Z")
AUGUST = parse_utc("2026-08-01T00:00:00Z")


def costs(micro: int) -> Terms:
    return Terms(per_minute_micro=micro)


def a_deck(*rates: tuple[str, int, Terms | Barred | Withdrawn], zone: str = "UTC") -> Deck:
    return Deck(
        name="test",
        currency="USD",
        week=week(zone),
        rates=[Rate(key=key, effective_from_us=at, says=says) for key, at, says in rates],
    )


def price(deck: Deck, address: str, at_us: int) -> tuple[str, int]:
    found = deck.find(parse_address(address), at_us)
    return found.key, found.terms.per_minute_micro


PLACES = deck_of(
    {
        "+": costs(9),
        "+1": costs(1),
        "+1212": costs(2),
        "+12125550100": costs(3),
        "+44": costs(4),
        "sip": costs(5),
        "ip": costs(6),
    }
)


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("+12125550100", "+12125550100"),
        ("+12125550101", "+1212"),
        ("+12135550100", "+1"),
        ("+442055501000", "+44"),
        ("+4930555010", "+"),
        ("sip:ann@example.com", "sip"),
        ("sips:+12125550100@example.com", "sip"),
        ("192.0.2.7", "ip"),
        ("2001:db8::1", "ip"),
    ],
)
def test_the_longest_prefix_counts_and_internet_addresses_are_classes(address: str, key: str):
    assert price(PLACES, address, NOON_UTC)[0] == key


numbers = st.from_regex(r"\+[1-3][0-9]{6,9}", fullmatch=True)
prefixes = st.from_regex(r"\+([1-3][0-9]{0,3})?", fullmatch=True)


@given(numbers, st.sets(prefixes, min_size=1, max_size=30))
def test_no_longer_prefix_would_have_matched(number: str, keys: set[str]):
    deck = deck_of({key: costs(1) for key in keys})
    matching = [key for key in keys if number.startswith(key)]
    if matching:
        assert price(deck, number, NOON_UTC)[0] == max(matching, key=len)
    else:
        with pytest.raises(RatingError, match=f"no rate for \\{number}") as caught:
            price(deck, number, NOON_UTC)
        assert caught.value.reason == "no_rate"


def test_a_rate_holds_until_the_next_one_of_its_key_and_can_be_asked_for_afterwards():
    deck = a_deck(("+1", JULY, costs(2)), ("+1", JANUARY, costs(1)), ("+1", AUGUST, costs(3)))
    asked = [JANUARY, JULY - 1, JULY, AUGUST - 1, AUGUST, AUGUST * 2]
    assert [price(deck, "+12125550100", at)[1] for at in asked] == [1, 1, 2, 2, 3, 3]
    with pytest.raises(RatingError, match="no rate"):
        price(deck, "+12125550100", JANUARY - 1)
    assert [rate.effective_from_us for rate in deck.history("+1")] == [JANUARY, JULY, AUGUST]


def test_a_longer_prefix_counts_only_while_it_holds():
    deck = a_deck(
        ("+1", JANUARY, costs(1)), ("+1212", JULY, costs(2)), ("+1212", AUGUST, Withdrawn())
    )
    asked = [JULY - 1, JULY, AUGUST]
    assert [price(deck, "+12125550100", at)[0] for at in asked] == ["+1", "+1212", "+1"]


def test_a_barred_destination_is_refused_and_one_below_it_may_be_sold():
    deck = a_deck(
        ("+", JANUARY, costs(1)),
        ("+88", JANUARY, Barred("satellite")),
        ("+8816", JULY, costs(99)),
    )
    with pytest.raises(RatingError, match=r"not sold: satellite \(\+88\)") as caught:
        price(deck, "+881612345678", JANUARY)
    assert caught.value.reason == "barred"
    assert price(deck, "+881612345678", JULY) == ("+8816", 99)


def test_a_service_without_a_rate_costs_nothing():
    deck = a_deck(("service:recording", JULY, costs(1)), ("service:recording", AUGUST, Withdrawn()))
    assert deck.service("recording", JULY - 1) is None
    assert deck.service("recording", JULY) is not None
    assert deck.service("recording", AUGUST) is None
    assert deck.service("announcement", JULY) is None


@pytest.mark.parametrize(
    ("rate", "words"),
    [
        (("1212", costs(1)), "'1212' is no destination"),
        (("+0", costs(1)), "no destination"),
        (("+1234567890123456", costs(1)), "no destination"),
        (("sips", costs(1)), "no destination"),
        (("service:recording", Barred("no")), "only withdrawn"),
        (("+1", Terms(per_minute_in=(("peak", 1),))), "'peak' is no band of this deck"),
    ],
)
def test_what_cannot_stand_in_a_deck_is_refused(rate: tuple[str, Terms | Barred], words: str):
    with pytest.raises(RatingError, match=words):
        a_deck((rate[0], JANUARY, rate[1]))


def test_a_deck_has_so_many_rates_at_most(monkeypatch):
    monkeypatch.setattr("calleq.rating.deck.RATES_LIMIT", 3)
    rows = [(f"+{n}", JANUARY, costs(1)) for n in range(1, 5)]
    assert len(a_deck(*rows[:3]).rates) == 3
    with pytest.raises(RatingError, match="more than 3 rates"):
        a_deck(*rows)


def test_amounts_are_rounded_to_something():
    with pytest.raises(RatingError, match="rounding to 0 micro-units"):
        deck_of({}, round_to_micro=0)


def test_one_key_has_one_rate_from_an_instant():
    with pytest.raises(RatingError, match=r"\+1 has two rates from 2026-01-01"):
        a_deck(("+1", JANUARY, costs(1)), ("+1", JANUARY, costs(1)))


def test_a_rate_is_superseded_by_a_later_one_never_edited():
    deck = a_deck(("+1", JANUARY, costs(1)))
    later = deck.superseded_by(
        [Rate(key="+1", effective_from_us=AUGUST, says=costs(2))], now_us=JULY
    )
    assert price(later, "+12125550100", JULY) == price(deck, "+12125550100", JULY)
    assert price(later, "+12125550100", AUGUST) == ("+1", 2)
    check_successor(deck, later, JULY)
    for at, words in [(JANUARY, "later than 2026-01-01"), (JULY - 1, "not before 2026-07-01")]:
        with pytest.raises(RatingError, match=words):
            deck.superseded_by([Rate(key="+1", effective_from_us=at, says=costs(2))], now_us=JULY)


@pytest.mark.parametrize(
    ("rates", "words"),
    [
        ([("+1", JANUARY, costs(2))], "was edited or removed"),
        ([("+1", JANUARY, costs(1)), ("+44", JULY - 1, costs(1))], "not before 2026-07-01"),
        ([], "was edited or removed"),
    ],
)
def test_a_deck_that_tells_another_past_is_no_successor(
    rates: list[tuple[str, int, Terms]], words: str
):
    with pytest.raises(RatingError, match=words):
        check_successor(a_deck(("+1", JANUARY, costs(1))), a_deck(*rates), JULY)


def test_a_successor_keeps_its_head_and_its_bands_and_may_have_more_bands():
    peak, night = band("peak", "08:00", "18:00"), band("night", "22:00", "06:00")
    old = deck_of({"+": costs(1)}, of_week=week("UTC", peak))
    check_successor(old, deck_of({"+": costs(1)}, of_week=week("UTC", peak, night)), JULY)
    moved = band("peak", "09:00", "18:00")
    for other in (week("UTC", moved), week("UTC", night), week()):
        with pytest.raises(RatingError, match="bands are added, never changed"):
            check_successor(old, deck_of({"+": costs(1)}, of_week=other), JULY)
    with pytest.raises(RatingError, match="stay as they are"):
        check_successor(old, deck_of({"+": costs(1)}, of_week=week("Asia/Tokyo", peak)), JULY)


@given(
    st.lists(
        st.tuples(st.sampled_from(["+", "+1", "+12", "+121"]), st.integers(0, 20)),
        unique=True,
        max_size=20,
    ),
    st.integers(0, 20),
    st.integers(0, 20),
)
def test_superseding_never_changes_what_held_before(
    rows: list[tuple[str, int]], now: int, asked: int
):
    old = [row for row in rows if row[1] < now]
    newest = dict(sorted(old, key=lambda row: row[1]))
    added = [row for row in rows if row[1] >= now and newest.get(row[0], -1) < row[1]]
    before = a_deck(*((key, at, costs(at)) for key, at in old))
    after = before
    for key, at in sorted(added, key=lambda row: row[1]):
        rate = Rate(key=key, effective_from_us=at, says=costs(at))
        after = after.superseded_by([rate], now_us=now)
    check_successor(before, after, now)
    for key in ("+", "+1", "+12", "+121"):
        if asked < now:
            assert after.held(key, asked) == before.held(key, asked)


def test_decks_that_say_the_same_are_equal_whatever_their_order():
    one = a_deck(("+1", JANUARY, costs(1)), ("+44", JULY, costs(2)))
    assert one == a_deck(("+44", JULY, costs(2)), ("+1", JANUARY, costs(1)))
    assert one != a_deck(("+1", JANUARY, costs(1)))
    address: Address = parse_address("+12125550100")
    assert one.find(address, LONG_AGO + JANUARY).terms == costs(1)
