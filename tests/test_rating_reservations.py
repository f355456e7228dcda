"""Reservations stay exact in any order of submissions, extensions and ends."""

from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.rating import (
    Committed,
    Credited,
    Entry,
    Extended,
    RatingError,
    Refused,
    Released,
    Reservations,
    Reserved,
    SpendCap,
)
from calleq.rating.reservations import OPEN_LIMIT, PERIODS_KEPT
from calleq.units import HOUR_US, parse_utc, utc_text
from tests.rating_decks import NOON_UTC

DAY_US = 24 * HOUR_US


def ledger(balance: int | None = 1_000, **caps: int) -> Reservations:
    return Reservations(
        balance_micro=balance,
        caps=tuple(SpendCap(period=period, limit_micro=most) for period, most in caps.items()),
    )


def test_a_call_reserves_extends_and_pays_what_it_cost():
    money = ledger()
    assert money.reserve("a", 300, NOON_UTC) == Reserved("a", 300, NOON_UTC)
    assert (money.balance_micro, money.held_micro, money.available_micro) == (1_000, 300, 700)
    assert money.extend("a", 200) == Extended("a", 200)
    assert money.held_for("a") == 500
    assert money.commit("a", 350) == Committed("a", 350)
    assert (money.balance_micro, money.held_micro, money.available_micro) == (650, 0, 650)
    assert money.open_calls == ()


def test_a_call_that_came_to_nothing_gives_all_of_it_back():
    money = ledger()
    money.reserve("a", 300, NOON_UTC)
    assert money.release("a") == Released("a")
    assert money == ledger()


def test_what_does_not_fit_the_balance_is_refused_and_changes_nothing():
    money = ledger()
    money.reserve("a", 700, NOON_UTC)
    refused = money.reserve("b", 301, NOON_UTC)
    assert refused == Refused(reason="balance", room_micro=300, asked_micro=301)
    assert refused.text == "the balance has 0.0003 left and 0.000301 would have to be reserved"
    assert money.extend("a", 301) == Refused(reason="balance", room_micro=300, asked_micro=301)
    assert (money.open_calls, money.held_micro) == (("a",), 700)
    assert isinstance(money.reserve("b", 300, NOON_UTC), Reserved)


def test_a_hundred_submissions_at_once_reserve_no_more_than_there_is():
    money = ledger(1_000, day=900)
    made = [money.reserve(f"call {n}", 70, NOON_UTC) for n in range(100)]
    granted = [entry for entry in made if isinstance(entry, Reserved)]
    assert len(granted) == 12
    assert money.held_micro == 840
    assert money.room_micro(NOON_UTC) == 60
    for entry in granted:
        money.commit(entry.call, 70)
    assert (money.balance_micro, money.spent_micro("day", NOON_UTC)) == (160, 840)


def test_a_cap_holds_for_its_period_in_the_zone_of_the_business():
    auckland = Reservations(
        balance_micro=None,
        caps=(SpendCap(period="day", limit_micro=100),),
        zone=ZoneInfo("Pacific/Auckland"),
    )
    # Noon UTC is midnight in Auckland in June.
    auckland.reserve("a", 100, NOON_UTC - 1)
    assert auckland.reserve("b", 1, NOON_UTC - 1) == Refused(
        reason="day", room_micro=0, asked_micro=1
    )
    assert isinstance(auckland.reserve("b", 100, NOON_UTC), Reserved)


def test_a_month_and_all_time_are_capped_too():
    june, july = parse_utc("2026-06-30T23:59:59Z"), parse_utc("2026-07-01T00:00:00Z")
    money = ledger(None, month=100, ever=150)
    money.reserve("a", 100, june)
    assert money.reserve("b", 1, june) == Refused(reason="month", room_micro=0, asked_micro=1)
    money.reserve("b", 50, july)
    refused = money.reserve("c", 1, july)
    assert refused == Refused(reason="ever", room_micro=0, asked_micro=1)
    assert refused.text.startswith("the spend cap (ever) has 0.00 left")


def test_what_is_spent_and_what_is_held_both_leave_a_cap_that_much_less():
    money = ledger(None, day=100)
    money.reserve("a", 60, NOON_UTC)
    money.commit("a", 55)
    assert money.room_micro(NOON_UTC) == 45
    assert money.reserve("b", 46, NOON_UTC) == Refused(reason="day", room_micro=45, asked_micro=46)
    assert isinstance(money.reserve("b", 30, NOON_UTC), Reserved)
    assert money.reserve("c", 16, NOON_UTC) == Refused(reason="day", room_micro=15, asked_micro=16)
    assert isinstance(money.reserve("c", 15, NOON_UTC), Reserved)


def test_what_was_spent_before_a_restart_counts_to_the_micro_unit():
    day = f"day {utc_text(NOON_UTC)[:10]}"
    money = Reservations(
        balance_micro=None,
        caps=(SpendCap(period="day", limit_micro=100),),
        spent={day: 95, "month 2026-01": 1},
    )
    assert money.spent_in_periods == {day: 95}, "of capped periods only"
    assert money.reserve("a", 6, NOON_UTC) == Refused(reason="day", room_micro=5, asked_micro=6)
    assert isinstance(money.reserve("a", 5, NOON_UTC), Reserved)


def test_a_cap_of_nothing_is_a_cap():
    money = ledger(None, day=0)
    assert money.reserve("a", 1, NOON_UTC) == Refused(reason="day", room_micro=0, asked_micro=1)
    assert isinstance(money.reserve("a", 0, NOON_UTC), Reserved)


def test_a_call_over_midnight_counts_to_the_day_on_which_it_was_reserved():
    money = ledger(None, day=100)
    money.reserve("a", 60, NOON_UTC)
    money.reserve("b", 100, NOON_UTC + DAY_US)
    assert isinstance(money.extend("a", 40), Extended)
    assert money.extend("a", 1) == Refused(reason="day", room_micro=0, asked_micro=1)
    money.commit("a", 90)
    money.commit("b", 80)
    assert money.spent_micro("day", NOON_UTC) == 90
    assert money.spent_micro("day", NOON_UTC + DAY_US) == 80
    assert money.spent_micro("month", NOON_UTC) == 0


def test_a_charge_beyond_what_is_held_is_taken_in_full_and_told():
    money = ledger(100, day=100)
    money.reserve("a", 100, NOON_UTC)
    assert money.commit("a", 130) == Committed("a", 130, 30)
    assert money.balance_micro == -30
    assert money.room_micro(NOON_UTC) == 0
    assert isinstance(money.reserve("b", 0, NOON_UTC), Refused)


def test_a_second_end_of_a_call_never_charges():
    money = ledger()
    money.reserve("a", 300, NOON_UTC)
    money.commit("a", 300)
    for again in (lambda: money.commit("a", 300), lambda: money.release("a")):
        with pytest.raises(RatingError, match="call a has no reservation, or is over"):
            again()
    assert money.balance_micro == 700


def test_what_no_correct_caller_does_is_refused():
    money = ledger()
    money.reserve("a", 300, NOON_UTC)
    assert isinstance(money.reserve("free", 0, NOON_UTC), Reserved)
    assert money.commit("free", 0) == Committed("free", 0)
    assert money.held_for("free") == 0
    for wrong in (
        lambda: money.reserve("a", 1, NOON_UTC),
        lambda: money.apply(Reserved("a", 1, NOON_UTC)),
        lambda: money.reserve("b", -1, NOON_UTC),
        lambda: money.extend("b", 1),
        lambda: money.commit("a", -1),
        lambda: ledger(None).credit(1),
        lambda: ledger(1, day=-1),
        lambda: Reservations(balance_micro=1, caps=(SpendCap(period="day", limit_micro=1),) * 2),
    ):
        with pytest.raises(RatingError) as caught:
            wrong()
        assert caught.value.reason == "bad_reservation"
    assert money.held_micro == 300


def test_only_so_many_calls_hold_money_at_a_time():
    money = ledger(None)
    for number in range(OPEN_LIMIT):
        money.reserve(str(number), 0, NOON_UTC)
    refused = money.reserve("one more", 0, NOON_UTC)
    assert isinstance(refused, Refused)
    assert (refused.reason, refused.room_micro) == ("too_many", 0)
    money.release("0")
    assert isinstance(money.reserve("one more", 0, NOON_UTC), Reserved)


def test_old_days_are_forgotten_but_not_those_in_which_money_is_held():
    money = ledger(None, day=100)
    money.reserve("long", 10, NOON_UTC)
    for day in range(1, 20):
        money.reserve("a", 100, NOON_UTC + day * DAY_US)
        money.commit("a", 50)
    newest = range(20 - PERIODS_KEPT, 20)
    remembered = [d for d in range(1, 20) if money.spent_micro("day", NOON_UTC + d * DAY_US)]
    assert remembered == list(newest)
    assert money.commit("long", 10) == Committed("long", 10)


def test_a_clock_that_goes_back_finds_an_old_day_empty():
    money = ledger(None, day=100)
    for day in range(10, 20):
        money.reserve("a", 100, NOON_UTC + day * DAY_US)
        money.release("a")
    money.reserve("b", 100, NOON_UTC)
    assert money.reserve("c", 1, NOON_UTC) == Refused(reason="day", room_micro=0, asked_micro=1)
    assert money.commit("b", 100) == Committed("b", 100)


actions = st.lists(
    st.tuples(
        st.sampled_from(["reserve", "extend", "commit", "release", "credit"]),
        st.integers(0, 7),
        st.integers(0, 400),
        st.integers(0, 3),
    ),
    max_size=60,
)
CAPS = (SpendCap(period="day", limit_micro=600), SpendCap(period="ever", limit_micro=1_500))


def act(money: Reservations, action: tuple[str, int, int, int]) -> Entry | Refused | None:
    """One change; None where no correct caller would ask for it."""
    kind, number, amount, day = action
    call = f"call {number}"
    is_open = call in money.open_calls
    match kind:
        case "reserve" if not is_open:
            return money.reserve(call, amount, NOON_UTC + day * DAY_US)
        case "extend" if is_open:
            return money.extend(call, amount)
        case "commit" if is_open:
            return money.commit(call, min(amount, money.held_for(call)))
        case "release" if is_open:
            return money.release(call)
        case "credit":
            return money.credit(amount)
    return None


def reckoned(entries: list[Entry]) -> tuple[int, int, dict[int, int]]:
    """Balance change, held, and by day what is spent or held, from the entries alone."""
    balance, held, days, day_of = 0, {}, dict.fromkeys(range(4), 0), {}
    for entry in entries:
        match entry:
            case Credited(amount):
                balance += amount
            case Reserved(call, amount, at_us):
                held[call] = amount
                day_of[call] = (at_us - NOON_UTC) // DAY_US
                days[day_of[call]] += amount
            case Extended(call, amount):
                held[call] += amount
                days[day_of[call]] += amount
            case Committed(call, amount):
                balance -= amount
                days[day_of[call]] += amount - held.pop(call)
            case Released(call):
                days[day_of[call]] -= held.pop(call)
    return balance, sum(held.values()), days


@given(st.integers(0, 2_000), actions)
@settings(max_examples=200)
def test_no_order_of_changes_spends_more_than_there_is(
    balance: int, made: list[tuple[str, int, int, int]]
):
    money = Reservations(balance_micro=balance, caps=CAPS)
    entries: list[Entry] = []
    for action in made:
        before = [*entries]
        entry = act(money, action)
        if entry is not None and not isinstance(entry, Refused):
            entries.append(entry)
        change, held, days = reckoned(entries)
        assert money.balance_micro == balance + change
        assert money.held_micro == held
        assert money.available_micro is not None
        assert money.available_micro >= 0
        assert all(used <= 600 for used in days.values())
        assert sum(days.values()) <= 1_500
        if isinstance(entry, Refused):
            assert entries == before
            assert entry.asked_micro > entry.room_micro
    again = Reservations(balance_micro=balance, caps=CAPS)
    written = msgspec.json.encode(entries)
    again.replay(msgspec.json.decode(written, type=list[Entry]))
    assert again == money


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 50)), max_size=12), st.randoms())
def test_when_all_fits_the_order_makes_no_difference(calls: list[tuple[int, int]], random):
    def end_of(order: list[int]) -> Reservations:
        money = Reservations(balance_micro=10_000, caps=CAPS)
        for number, (held, _) in enumerate(calls):
            money.reserve(str(number), held, NOON_UTC)
        for number in order:
            held, cost = calls[number]
            money.commit(str(number), cost) if cost <= held else money.release(str(number))
        return money

    order = list(range(len(calls)))
    other = order.copy()
    random.shuffle(other)
    assert end_of(order) == end_of(other)
    paid = sum(cost for held, cost in calls if cost <= held)
    assert end_of(order).balance_micro == 10_000 - paid
