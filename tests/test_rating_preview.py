"""What is said, and reserved, before a call: never less than it will cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.numbering import parse_address
from calleq.rating import (
    Bound,
    LegUse,
    Plan,
    PlannedLeg,
    PlannedService,
    RatingError,
    ServiceUse,
    Terms,
    preview,
    quote,
    rate_call,
)
from tests.rating_decks import NOON_UTC, PEAK_WEEK, deck_of, some_terms, starts

CUSTOMER = parse_address("+12125550100")
AGENT = parse_address("+442055501000")
BOTH = (
    PlannedLeg(role="customer", address=CUSTOMER),
    PlannedLeg(role="agent", address=AGENT),
)
HOUR_S = 3_600

DECK = deck_of(
    {
        "+1": Terms(
            per_minute_micro=12_000,
            connection_micro=10_000,
            first_s=60,
            next_s=60,
            per_minute_in=(("peak", 18_000),),
        ),
        "+44": Terms(per_minute_micro=20_000),
        "service:call": Terms(connection_micro=5_000),
        "service:unanswered": Terms(connection_micro=3_000),
        "service:recording": Terms(per_minute_micro=2_000, connection_micro=1_000),
    },
    of_week=PEAK_WEEK,
)


def test_a_quote_is_the_price_per_minute_at_an_instant():
    at_noon = quote(DECK, CUSTOMER, NOON_UTC)
    assert (at_noon.band, at_noon.per_minute_micro, at_noon.connection_micro) == (
        "peak",
        18_000,
        10_000,
    )
    at_night = quote(DECK, CUSTOMER, NOON_UTC + 12 * HOUR_S * 1_000_000)
    assert (at_night.band, at_night.per_minute_micro) == ("standard", 12_000)
    assert at_night.dearest_per_minute_micro == 18_000


def test_a_preview_has_the_maximum_for_a_length():
    plan = Plan(
        legs=BOTH,
        services=(
            PlannedService(name="recording"),
            PlannedService(name="announcement", uses=2),
        ),
        unanswered=2,
    )
    shown = preview(DECK, plan, NOON_UTC, 90)
    # Customer: 2 minutes at 0.018 and 0.01. Agent: 90 s at 0.02. Recording: 90 s at 0.002 and
    # 0.001. A call: 0.005. Two attempts without answer: 0.003 each.
    assert shown.maximum_micro == 46_000 + 30_000 + 4_000 + 5_000 + 6_000
    assert shown.per_minute_micro == 38_000
    assert [one.key for one in shown.quotes] == ["+1", "+44"]


def test_what_a_call_and_an_attempt_cost_has_no_length():
    """Both are charged once each; a price per minute of theirs is the price of no minute."""
    deck = deck_of(
        {
            "service:call": Terms(per_minute_micro=60_000_000),
            "service:unanswered": Terms(per_minute_micro=60_000_000, connection_micro=7),
        }
    )
    assert Bound(deck, Plan(legs=(), unanswered=2), NOON_UTC).maximum_micro(HOUR_S) == 14


def test_a_service_may_be_bounded_by_less_than_the_call():
    plan = Plan(legs=(), services=(PlannedService(name="recording", uses=2, longest_s=30),))
    # Each 30 s at 0.002 a minute and 0.001, and the call's 0.005.
    assert Bound(DECK, plan, NOON_UTC).maximum_micro(HOUR_S) == 2 * 2_000 + 5_000


def test_how_long_a_balance_lasts_is_exact_to_the_second():
    # By the minute for the customer, by the second for the agent: 0.018 and 0.02 a minute.
    bound = Bound(DECK, Plan(legs=BOTH), NOON_UTC)
    # 0.005 + 0.01 + 0.018 for the first minute; what is left of 0.05 is 0.017, 51 s of the agent.
    assert bound.affordable_s(50_000, 4 * HOUR_S) == 51
    assert bound.affordable_s(49_999, 4 * HOUR_S) == 50
    # An agent who does not answer costs 0.003, as much as 9 s: less than that buys nothing.
    assert bound.affordable_s(36_000, 4 * HOUR_S) == 9
    assert bound.affordable_s(35_999, 4 * HOUR_S) == 0
    assert bound.affordable_s(-1, 4 * HOUR_S) == 0
    assert bound.affordable_s(10**12, 4 * HOUR_S) == 4 * HOUR_S


def test_what_to_reserve_besides_is_the_difference_of_two_maxima():
    bound = Bound(DECK, Plan(legs=BOTH), NOON_UTC)
    assert bound.maximum_micro(60) == 5_000 + 28_000 + 20_000
    assert bound.extension_micro(60, 60) == 18_000 + 20_000
    customer_alone = Bound(DECK, Plan(legs=BOTH[:1]), NOON_UTC)
    assert customer_alone.extension_micro(10, 50) == 0
    assert customer_alone.extension_micro(60, 1) == 18_000


def test_a_destination_without_price_is_refused_before_any_dial():
    plan = Plan(legs=(PlannedLeg(role="agent", address=parse_address("sip:ann@example.com")),))
    with pytest.raises(RatingError) as caught:
        preview(DECK, plan, NOON_UTC, 60)
    assert caught.value.reason == "no_rate"


@pytest.mark.parametrize(
    "parts",
    [
        {"unanswered": 63},
        {"unanswered": -1},
        {"services": (PlannedService(name="x", uses=-1),)},
        {"services": (PlannedService(name="x", uses=63),)},
        {"services": (PlannedService(name="x", uses=32),), "unanswered": 31},
    ],
)
def test_a_plan_has_so_many_parts_at_most(parts: dict[str, object]):
    with pytest.raises(RatingError, match="0 to 64 expected"):
        Plan(legs=BOTH, **parts)


def test_a_plan_may_have_as_many_parts_as_it_may():
    assert Plan(legs=BOTH, unanswered=62).unanswered == 62
    uses = (PlannedService(name="x", uses=62),)
    assert Plan(legs=BOTH, services=uses).services == uses


small = st.integers(0, 2_000)
answers = st.one_of(st.none(), starts)


@given(
    some_terms,
    some_terms,
    some_terms,
    st.tuples(answers, answers),
    st.tuples(small, small, small),
    st.booleans(),
    st.sampled_from([1, 10_000]),
)
def test_no_call_costs_more_than_the_maximum_of_its_plan(
    first: Terms,
    second: Terms,
    timed: Terms,
    answered: tuple[int | None, int | None],
    talked: tuple[int, int, int],
    charges_unanswered: bool,
    unit: int,
):
    rates = {"+1": first, "+44": second, "service:recording": timed, "service:call": timed}
    if charges_unanswered:
        rates["service:unanswered"] = second
    deck = deck_of(rates, of_week=PEAK_WEEK, round_to_micro=unit)
    legs = tuple(
        LegUse(
            role=leg.role,
            address=leg.address,
            answered_at_us=at_us,
            billable_s=0 if at_us is None else talk_s,
        )
        for leg, at_us, talk_s in zip(BOTH, answered, talked[:2], strict=True)
    )
    recording = ServiceUse(name="recording", begun_at_us=NOON_UTC, length_s=talked[2])
    charge = rate_call(deck, legs, (recording,), priced_at_us=NOON_UTC)
    bound = Bound(deck, Plan(legs=BOTH, services=(PlannedService(name="recording"),)), NOON_UTC)
    assert charge.amount_micro <= bound.maximum_micro(max(talked))


@given(some_terms, some_terms, st.integers(0, 20_000_000), st.integers(1, 5_000))
def test_a_balance_lasts_exactly_as_long_as_its_maximum_fits(
    first: Terms, second: Terms, balance: int, limit: int
):
    bound = Bound(
        deck_of({"+1": first, "+44": second}, of_week=PEAK_WEEK), Plan(legs=BOTH), NOON_UTC
    )
    lasts = bound.affordable_s(balance, limit)
    assert 0 <= lasts <= limit
    assert lasts == 0 or bound.maximum_micro(lasts) <= balance
    assert lasts == limit or bound.maximum_micro(lasts + 1) > balance


@given(some_terms, some_terms, st.lists(st.integers(0, 500), max_size=10))
def test_extensions_in_any_steps_reserve_what_one_reservation_would_have(
    first: Terms, second: Terms, steps: list[int]
):
    deck = deck_of({"+1": first, "+44": second}, of_week=PEAK_WEEK)
    bound = Bound(deck, Plan(legs=BOTH), NOON_UTC)
    reserved, reach = bound.maximum_micro(30), 30
    for step in steps:
        more = bound.extension_micro(reach, step)
        assert more >= 0
        reserved, reach = reserved + more, reach + step
    assert reserved == bound.maximum_micro(reach)
