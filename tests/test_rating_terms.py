"""Amounts, increments and the lines of one length of time, with values worked out by hand."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.rating.money import RatingError, amount_text, parse_amount, rounded_half_up
from calleq.rating.terms import (
    LENGTH_LIMIT_S,
    Terms,
    charged_seconds,
    dearest_lines,
    lines_of,
)
from tests.rating_decks import NOON_UTC, PEAK_WEEK, lengths, some_terms, starts


def exact(terms: Terms, start_us: int, length_s: int) -> int:
    return sum(line.sixtieths for line in lines_of(terms, PEAK_WEEK, start_us, length_s))


@pytest.mark.parametrize(
    ("text", "micro"),
    [
        ("0", 0),
        ("1", 1_000_000),
        ("0.012", 12_000),
        ("0.000001", 1),
        ("12.5", 12_500_000),
        ("1000000", 1_000_000_000_000),
    ],
)
def test_an_amount_is_read_from_text(text: str, micro: int):
    assert parse_amount(text) == micro
    assert parse_amount(amount_text(micro)) == micro


@pytest.mark.parametrize(
    "text",
    ["", ".5", "1.", "-1", "+1", "1e3", "1,5", "1_000", " 1", "0.0000001", "1000000.1", "٣", "NaN"],
)
def test_what_is_no_amount_is_refused(text: str):
    with pytest.raises(
        RatingError, match="at most six decimals expected, up to 1000000,"
    ) as caught:
        parse_amount(text)
    assert caught.value.reason == "bad_amount"


def test_terms_that_name_no_price_cost_nothing_however_long():
    lines = lines_of(Terms(), PEAK_WEEK, NOON_UTC, LENGTH_LIMIT_S)
    assert sum(line.sixtieths for line in lines) == 0


@pytest.mark.parametrize(
    ("sixtieths", "unit", "micro"),
    [
        (0, 1, 0),
        (29, 1, 0),
        (30, 1, 1),
        (89, 1, 1),
        (90, 1, 2),
        # 0.005 to cents is half a cent: up. A sixtieth of a micro-unit below it: down.
        (60 * 5_000, 10_000, 10_000),
        (60 * 5_000 - 1, 10_000, 0),
    ],
)
def test_halves_go_up(sixtieths: int, unit: int, micro: int):
    assert rounded_half_up(sixtieths, unit) == micro


@given(st.integers(0, 10**12), st.integers(1, 10**6))
def test_what_is_rounded_is_the_nearest_multiple(sixtieths: int, unit: int):
    rounded = rounded_half_up(sixtieths, unit)
    assert rounded % unit == 0
    assert -Fraction(unit, 2) < rounded - Fraction(sixtieths, 60) <= Fraction(unit, 2)


@pytest.mark.parametrize(
    ("first", "following", "length", "charged"),
    [
        (60, 60, 0, 0),
        (60, 60, 1, 60),
        (60, 60, 60, 60),
        (60, 60, 61, 120),
        (30, 6, 30, 30),
        (30, 6, 31, 36),
        (30, 6, 36, 36),
        (30, 6, 37, 42),
        (1, 1, 61, 61),
        (60, 1, 61, 61),
        (1, 60, 1, 1),
        (1, 60, 2, 61),
    ],
)
def test_a_length_is_rounded_up_to_increments(
    first: int, following: int, length: int, charged: int
):
    assert charged_seconds(Terms(first_s=first, next_s=following), length) == charged


@pytest.mark.parametrize(
    ("terms", "length", "micro"),
    [
        # 0.012 a minute by whole minutes: 61 s are two minutes, and 0.01 for the connection.
        (
            Terms(per_minute_micro=12_000, connection_micro=10_000, first_s=60, next_s=60),
            61,
            34_000,
        ),
        # 0.02 a minute, 30/6: 31 s are 36 s, which is 0.6 of a minute.
        (Terms(per_minute_micro=20_000, first_s=30, next_s=6), 31, 12_000),
        # 0.01 a minute by the second: 7 s are 1166 and two thirds of a micro-unit.
        (Terms(per_minute_micro=10_000), 7, 1_167),
        # 30 micro-units a minute: one second is half of one.
        (Terms(per_minute_micro=30), 1, 1),
        # At least 30 s.
        (Terms(per_minute_micro=60_000, minimum_s=30), 5, 30_000),
        # A minimum is rounded up to increments too: 20 s by 6 s after 6 s are 24 s.
        (Terms(per_minute_micro=60_000, minimum_s=20, first_s=6, next_s=6), 1, 24_000),
        # The first minute is free: 61 s are two minutes, of which one costs.
        (Terms(per_minute_micro=12_000, free_s=60, first_s=60, next_s=60), 61, 12_000),
        (Terms(per_minute_micro=12_000, free_s=60, first_s=60, next_s=60), 60, 0),
        # Free seconds may end within an increment: 60 s charged less 10 s free.
        (Terms(per_minute_micro=60_000, free_s=10, first_s=60, next_s=60), 5, 50_000),
        # Nothing at all up to 10 s, everything beyond.
        (Terms(per_minute_micro=60_000, connection_micro=7, no_charge_s=10), 10, 0),
        (Terms(per_minute_micro=60_000, connection_micro=7, no_charge_s=10), 11, 11_007),
        # Answered and released at once: the connection.
        (Terms(per_minute_micro=60_000, connection_micro=7), 0, 7),
        (Terms(per_minute_micro=60_000, connection_micro=7, minimum_s=1), 0, 1_007),
    ],
)
def test_lengths_cost_what_they_cost_by_hand(terms: Terms, length: int, micro: int):
    assert rounded_half_up(exact(terms, NOON_UTC, length)) == micro


def test_an_increment_costs_what_its_beginning_costs():
    # 17:59:30 in New York, peak until 18:00: the first minute is peak, what follows is not.
    start_us = NOON_UTC + (9 * 3_600 + 59 * 60 + 30) * 1_000_000
    terms = Terms(per_minute_micro=10_000, first_s=60, next_s=60, per_minute_in=(("peak", 30_000),))
    lines = lines_of(terms, PEAK_WEEK, start_us, 100)
    assert [(line.band, line.quantity, line.sixtieths) for line in lines] == [
        ("peak", 60, 30_000 * 60),
        ("standard", 60, 10_000 * 60),
    ]
    by_second = Terms(per_minute_micro=10_000, per_minute_in=(("peak", 30_000),))
    lines = lines_of(by_second, PEAK_WEEK, start_us, 100)
    assert [(line.band, line.quantity) for line in lines] == [("peak", 30), ("standard", 70)]
    assert lines[0].text == "30 s peak at 0.03/min = 0.015"
    assert lines[1].text == "70 s standard at 0.01/min = 0.011666 40/60"


def test_an_instant_within_a_second_gives_that_second_to_the_band_in_which_it_begins():
    # 17:59:59.5: the second that begins there is peak, though half of it is not.
    start_us = NOON_UTC + (10 * 3_600) * 1_000_000 - 500_000
    terms = Terms(per_minute_micro=0, per_minute_in=(("peak", 60),))
    assert exact(terms, start_us, 2) == 60


@pytest.mark.parametrize("length", [-1, LENGTH_LIMIT_S + 1])
def test_a_length_that_is_none_is_refused(length: int):
    with pytest.raises(RatingError, match=f"{length} s") as caught:
        charged_seconds(Terms(), length)
    assert caught.value.reason == "bad_length"


@given(some_terms, starts, lengths, st.integers(0, 200))
def test_a_longer_call_never_costs_less_and_none_less_than_nothing(
    terms: Terms, start_us: int, length: int, more: int
):
    shorter = exact(terms, start_us, length)
    assert 0 <= shorter <= exact(terms, start_us, length + more)


@given(some_terms, starts, lengths)
def test_no_start_costs_more_than_the_dearest(terms: Terms, start_us: int, length: int):
    dearest = sum(line.sixtieths for line in dearest_lines(terms, length))
    assert exact(terms, start_us, length) <= dearest
    if not terms.per_minute_in:
        assert exact(terms, start_us, length) == dearest


@given(some_terms, starts, lengths)
def test_the_seconds_of_the_lines_are_the_seconds_charged(terms: Terms, start_us: int, length: int):
    lines = lines_of(terms, PEAK_WEEK, start_us, length)
    seconds = sum(line.quantity for line in lines if line.what != "connection")
    assert seconds == charged_seconds(terms, length)


@given(
    st.tuples(st.integers(0, 10**6), st.integers(0, 10**6)),
    starts,
    st.lists(st.integers(1, 20_000), min_size=1, max_size=4),
)
def test_by_the_second_a_call_costs_what_its_pieces_cost(
    both: tuple[int, int], start_us: int, pieces: list[int]
):
    terms = Terms(per_minute_micro=both[0], per_minute_in=(("peak", both[1]),))
    at_us, apart = start_us, 0
    for piece in pieces:
        apart += exact(terms, at_us, piece)
        at_us += piece * 1_000_000
    assert exact(terms, start_us, sum(pieces)) == apart


@given(some_terms, starts, lengths)
def test_any_length_costs_what_counting_its_increments_one_by_one_costs(
    terms: Terms, start_us: int, length: int
):
    length = length % 4_000
    total = Fraction(0)
    if not 0 < terms.no_charge_s >= length:
        total += terms.connection_micro
        begin, step = 0, terms.first_s
        while begin < max(length, terms.minimum_s):
            name = PEAK_WEEK.band_at(start_us + begin * 1_000_000)
            paid = max(0, begin + step - max(begin, terms.free_s))
            total += Fraction(paid * terms.price_in(name), 60)
            begin, step = begin + step, terms.next_s
    assert Fraction(exact(terms, start_us, length), 60) == total
