"""What whole calls cost, with every amount worked out by hand."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.numbering import parse_address
from calleq.rating import (
    CallCharge,
    Deck,
    LegUse,
    Rate,
    RatingError,
    ServiceUse,
    Terms,
    rate_call,
    rate_leg,
    rate_service,
)
from calleq.rating.money import rounded_half_up
from tests.rating_decks import LONG_AGO, NOON_UTC, PEAK_WEEK, deck_of, lengths, some_terms, starts

CUSTOMER = parse_address("+12125550100")
AGENT = parse_address("+442055501000")

DECK = deck_of(
    {
        "+1": Terms(per_minute_micro=12_000, connection_micro=10_000, first_s=60, next_s=60),
        "+44": Terms(per_minute_micro=20_000),
        "sip": Terms(per_minute_micro=1_000),
        "service:call": Terms(connection_micro=5_000),
        "service:unanswered": Terms(connection_micro=3_000),
        "service:announcement": Terms(connection_micro=1_000),
        "service:recording": Terms(per_minute_micro=2_000),
    }
)


def customer(length_s: int, answered_at_us: int | None = NOON_UTC) -> LegUse:
    return LegUse(
        role="customer", address=CUSTOMER, answered_at_us=answered_at_us, billable_s=length_s
    )


def agent(length_s: int, answered_at_us: int | None = NOON_UTC) -> LegUse:
    return LegUse(role="agent", address=AGENT, answered_at_us=answered_at_us, billable_s=length_s)


def used(name: str, length_s: int = 0) -> ServiceUse:
    return ServiceUse(name=name, begun_at_us=NOON_UTC, length_s=length_s)


def amounts(charge: CallCharge) -> list[int]:
    return [one.amount_micro for one in charge.charges]


@pytest.mark.row("S2-63", part=True)
def test_a_call_costs_the_sum_of_its_legs_and_services():
    call = rate_call(
        DECK,
        (customer(95), agent(0, None), agent(80)),
        (used("announcement"), used("recording", 75), used("music")),
        priced_at_us=NOON_UTC,
    )
    assert [one.subject for one in call.charges] == [
        "customer +12125550100",
        "agent +442055501000",
        "unanswered",
        "call",
        "announcement",
        "recording",
    ]
    # Two minutes at 0.012 and 0.01; 80 s at 0.02 a minute are 26666 2/3; 75 s at 0.002 are 2500.
    assert amounts(call) == [34_000, 26_667, 3_000, 5_000, 1_000, 2_500]
    assert call.amount_micro == 72_167
    assert call.currency == "USD"


@pytest.mark.row("S2-63", part=True)
def test_what_nobody_answered_costs_nothing_unless_the_deck_says_so():
    bare = deck_of({"+": Terms(per_minute_micro=1, connection_micro=1)})
    assert rate_call(bare, (customer(0, None),), priced_at_us=NOON_UTC).amount_micro == 0
    assert amounts(rate_call(DECK, (customer(0, None),), priced_at_us=NOON_UTC)) == [3_000]
    assert rate_call(DECK, (), priced_at_us=NOON_UTC).charges == ()
    # Nor is it asked whether the destination has a price, for none was used.
    nowhere = deck_of({})
    assert rate_call(nowhere, (customer(0, None),), priced_at_us=NOON_UTC).charges == ()


def test_a_charge_explains_itself_line_by_line():
    charge = rate_leg(DECK, customer(95), NOON_UTC)
    assert charge is not None
    assert charge.explanation == (
        "customer +12125550100: 95 s, charged as 120 s",
        "  deck test, rate +1 from 2020-01-01T00:00:00.000000Z",
        "  connection = 0.01",
        "  120 s standard at 0.012/min = 0.024",
        "  increments 60/60; rounded once, half up, to 0.000001",
        "  0.034 USD",
    )
    assert charge.sixtieths == 34_000 * 60


def test_the_rule_says_everything_that_counted():
    terms = Terms(
        per_minute_micro=10,
        first_s=30,
        next_s=6,
        minimum_s=12,
        free_s=5,
        no_charge_s=2,
        per_minute_in=(("peak", 20),),
    )
    deck = deck_of({"+": terms}, of_week=PEAK_WEEK, round_to_micro=10_000)
    charge = rate_leg(deck, customer(10), NOON_UTC)
    assert charge is not None
    assert charge.rule == (
        "increments 30/6, at least 12 s, first 5 s free, nothing up to 2 s,"
        " an increment at the price of the band in which it begins,"
        " by the wall clock of America/New_York; rounded once, half up, to 0.01"
    )
    assert [line.text for line in charge.lines] == [
        "5 s free = 0.00",
        "25 s peak at 0.00002/min = 0.000008 20/60",
    ]


def test_each_charge_is_rounded_once_and_the_sum_is_that_of_rounded_charges():
    # Half a cent each: a cent each, two cents in all, though the exact sum is one.
    deck = deck_of({"+": Terms(connection_micro=5_000)}, round_to_micro=10_000)
    call = rate_call(deck, (customer(1), agent(1)), priced_at_us=NOON_UTC)
    assert (amounts(call), call.amount_micro) == ([10_000, 10_000], 20_000)
    # Within a charge nothing is rounded: two bands of a third of a cent each are a cent.
    terms = Terms(per_minute_micro=20_000, per_minute_in=(("peak", 20_000),))
    deck = deck_of({"+": terms}, of_week=PEAK_WEEK, round_to_micro=10_000)
    before_six_us = NOON_UTC + (10 * 3_600 - 10) * 1_000_000
    charge = rate_leg(deck, customer(20, before_six_us), NOON_UTC)
    assert charge is not None
    assert [line.sixtieths for line in charge.lines] == [200_000, 200_000]
    assert charge.amount_micro == 10_000


def test_a_call_is_priced_by_what_held_when_it_was_accepted():
    deck = Deck(
        name="test",
        currency="USD",
        week=PEAK_WEEK,
        rates=[
            Rate(key="+", effective_from_us=LONG_AGO, says=Terms(per_minute_micro=60)),
            Rate(key="+", effective_from_us=NOON_UTC, says=Terms(per_minute_micro=600)),
        ],
    )
    leg = customer(10, answered_at_us=NOON_UTC + 5_000_000)
    before, after = (rate_leg(deck, leg, NOON_UTC + by) for by in (-1, 0))
    assert before is not None
    assert after is not None
    assert (before.amount_micro, before.effective_from_us) == (10, LONG_AGO)
    assert (after.amount_micro, after.effective_from_us) == (100, NOON_UTC)


def test_an_internet_address_is_charged_by_its_class():
    leg = LegUse(
        role="agent",
        address=parse_address("sip:ann@example.com"),
        answered_at_us=NOON_UTC,
        billable_s=60,
    )
    charge = rate_leg(DECK, leg, NOON_UTC)
    assert charge is not None
    assert (charge.key, charge.amount_micro) == ("sip", 1_000)


def test_refusals_name_their_reason():
    strange = LegUse(
        role="agent", address=parse_address("192.0.2.7"), answered_at_us=NOON_UTC, billable_s=1
    )
    for asked, reason in [
        (lambda: rate_call(DECK, (strange,), priced_at_us=NOON_UTC), "no_rate"),
        (lambda: rate_call(DECK, (customer(-1),), priced_at_us=NOON_UTC), "bad_length"),
        (lambda: rate_call(DECK, (), (used("call"),), priced_at_us=NOON_UTC), "bad_deck"),
        (lambda: rate_service(DECK, used("recording", -1), NOON_UTC), "bad_length"),
    ]:
        with pytest.raises(RatingError) as caught:
            asked()
        assert caught.value.reason == reason


def test_a_charge_survives_being_written_and_read():
    call = rate_call(DECK, (customer(95), agent(80)), priced_at_us=NOON_UTC)
    again = msgspec.json.decode(msgspec.json.encode(call), type=CallCharge)
    assert again == call
    assert again.explanation == call.explanation


@given(some_terms, starts, lengths, st.sampled_from([1, 100, 10_000]))
def test_a_charge_is_its_exact_lines_rounded_once_and_never_negative(
    terms: Terms, start_us: int, length: int, unit: int
):
    deck = deck_of({"+1": terms}, of_week=PEAK_WEEK, round_to_micro=unit)
    charge = rate_leg(deck, customer(length, start_us), NOON_UTC)
    assert charge is not None
    assert charge.amount_micro == rounded_half_up(charge.sixtieths, unit)
    assert charge.amount_micro >= 0
    assert charge.amount_micro % unit == 0
    assert abs(charge.amount_micro * 60 - charge.sixtieths) * 2 <= unit * 60
