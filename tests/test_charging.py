"""What is held before a call, what it is charged, and what a restart remembers; literal amounts."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from calleq.charging import CallCharging, ChargingError, DeckDirectory, load_decks
from calleq.charging.planning import CallPlan
from calleq.intake.contract import Held, Refusal
from calleq.journal.entries import Accepted, BalanceStated, Charged, Credited, Ended
from calleq.journal.segments import Unfinished
from calleq.numbering import parse_address
from calleq.rating import LegUse, ServiceUse, Terms, rate_call
from calleq.topology_billing import Pricing
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, parse_utc
from tests.charging_scene import (
    BEFORE_S,
    CUSTOMER,
    FLAT,
    MORNING_US,
    REPRESENTATIVE,
    Scene,
    audit,
    business,
)
from tests.rating_decks import PEAK_WEEK, deck_of, some_terms, starts


def refused(found: Held | Refusal) -> Refusal:
    assert isinstance(found, Refusal), found
    return found


def held(found: Held | Refusal) -> Held:
    assert isinstance(found, Held), found
    return found


# What is held.


def test_before_the_first_dial_both_legs_are_held_for_the_longest_talk(tmp_path: Path):
    scene = Scene(tmp_path, business("postpaid"))
    found = held(scene.accept("A"))
    assert BEFORE_S == 82
    assert found.talk_limit_us == 3_600 * SECOND_US
    assert found.content == {
        "deck": "flat",
        "currency": "USD",
        "priced_at_us": MORNING_US,
        "amount_micro": 2 * 3_682 * 1_000 + 5_000,
        "length_s": 3_682,
    }


def test_a_small_balance_holds_for_a_shorter_talk(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(1_000_000)
    found = held(scene.accept("A"))
    # 995 000 buy 497 whole seconds of both legs; 82 of them pass before the talk.
    assert found.talk_limit_us == 415 * SECOND_US
    assert found.content["amount_micro"] == 2 * 497 * 1_000 + 5_000


@pytest.mark.parametrize(("balance", "accepted"), [(171_000, True), (170_999, False)])
def test_a_second_of_talk_is_held_or_the_call_is_refused(
    tmp_path: Path, balance: int, accepted: bool
):
    scene = Scene(tmp_path, business())
    scene.credit(balance)
    found = scene.accept("A")
    if accepted:
        assert held(found).talk_limit_us == SECOND_US
        return
    problem = refused(found).problem
    assert (problem.status, problem.code) == (402, "balance")
    assert problem.detail == (
        "the balance has 0.170999 USD left and this call may need 0.171 USD:"
        " pay in at least 0.000001 USD"
    )
    assert scene.balance()["held"] == "0.00"


def test_what_several_representatives_may_add_is_held(tmp_path: Path):
    """Three may be tried: 1/1 increments add a second for each, the shortest talk is a second."""
    others = tuple(f"+1212555014{digit}" for digit in range(3, 9))
    who = msgspec.structs.replace(business("postpaid"), representatives=others)
    scene = Scene(tmp_path, who)
    length_s = 3_600 + 42 + 3 * 40
    more = 3 * 1_000 + 3
    assert held(scene.accept("A")).content["amount_micro"] == 2 * length_s * 1_000 + 5_000 + more


@pytest.mark.parametrize(
    ("representatives", "more"), [(1, 0), (2, 10_000 + 2 * 90_000 + 2), (3, 20_000 + 270_000 + 3)]
)
def test_further_attempts_add_a_connection_and_what_increments_add(
    tmp_path: Path, representatives: int, more: int
):
    """30/90 increments: a talk is charged for up to 90 s more than it lasts."""
    deck = FLAT.replace(
        'per_minute = "0.06"', 'per_minute = "0.06"\nincrements = "30/90"\nconnection = "0.01"'
    )
    others = tuple(f"+1212555014{digit}" for digit in range(3, 3 + representatives))
    who = msgspec.structs.replace(business("postpaid"), representatives=others)
    scene = Scene(tmp_path, who, deck=deck, reserve_minutes=1)
    length_s = 60 + 42 + 40 * representatives
    charged_s = {142: 210, 182: 210, 222: 300}[length_s]
    legs_micro = 2 * (charged_s * 1_000 + 10_000)
    found = held(scene.accept("A")).content["amount_micro"]
    assert found == legs_micro + 5_000 + more


def test_further_attempts_are_held_at_what_the_dearest_representative_adds(tmp_path: Path):
    """A second of one costs 1 000, 1/1; of the other 5 000, 60/60, and twice the connection."""
    cheap = 'per_minute = "0.06"\nconnection = "0.01"'
    dear = """
[[rates]]
to = "+1646"
from = 2026-01-01T00:00:00Z
per_minute = "0.30"
increments = "60/60"
connection = "0.02"
"""
    both = (REPRESENTATIVE, "+16465550144")
    who = msgspec.structs.replace(business("postpaid"), representatives=both)
    deck = FLAT.replace('per_minute = "0.06"', cheap) + dear
    scene = Scene(tmp_path, who, deck=deck, reserve_minutes=1)
    length_s, charged_s = 60 + 42 + 2 * 40, 240
    customer = cheap_one = length_s * 1_000 + 10_000
    dear_one = charged_s * 5_000 + 20_000
    more = 20_000 + 2 * 60 * 5_000 + 2
    found = held(scene.accept("A")).content["amount_micro"]
    assert found == customer + cheap_one + dear_one + 5_000 + more


def test_a_destination_without_rate_and_one_that_is_barred_are_refused(tmp_path: Path):
    scene = Scene(tmp_path, business("postpaid"))
    problem = refused(scene.accept("A", customer="+442055501000")).problem
    assert (problem.status, problem.code) == (403, "no_rate")
    assert problem.detail == (
        "deck flat has no rate for +442055501000 at that time:"
        " call another number, or ask the carrier for a rate"
    )
    assert [fault.pointer for fault in problem.errors] == ["/customer_number"]
    problem = refused(scene.accept("B", agent="+19145550100")).problem
    assert (problem.status, problem.code) == (403, "barred")
    assert problem.detail == "+19145550100 is not sold: not ours (+1914): call another number"
    assert [fault.pointer for fault in problem.errors] == ["/representative_number"]
    assert scene.charging.barred(scene.who, parse_address("+19145550100")) == (
        "+19145550100 is not sold: not ours (+1914)"
    )
    assert scene.charging.barred(scene.who, parse_address(CUSTOMER)) == ""


def test_a_call_that_was_never_accepted_holds_nothing(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(10_000_000)
    scene.ask("A")
    assert scene.balance()["held"] == "7.369"
    scene.charging.dropped("A")
    assert scene.balance()["held"] == "0.00"
    scene.accept("B")
    scene.charging.dropped("B")
    assert scene.balance()["held"] == "7.369", "accepted: its record settles it"


def test_a_representative_who_is_not_sold_is_not_reckoned_with(tmp_path: Path):
    """Nobody dials her; but asked for by name, or alone, she is the reason for a refusal."""
    who = msgspec.structs.replace(
        business("postpaid"), representatives=("+19145550100", REPRESENTATIVE)
    )
    scene = Scene(tmp_path, who)
    longest_s = 3_600 + 42 + 2 * 40
    assert held(scene.accept("A")).content["amount_micro"] == 2 * longest_s * 1_000 + 5_000 + 2_002
    assert refused(scene.accept("B", agent="+19145550100")).reason == "barred"
    alone = msgspec.structs.replace(who, representatives=("+19145550100",))
    assert refused(Scene(tmp_path, alone).accept("C")).reason == "barred"


def test_for_a_further_party_more_is_held_or_it_is_not_dialled(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(12_000_000)
    scene.accept("A")
    assert scene.charging.extend("A", parse_address(REPRESENTATIVE)) is None
    assert scene.balance()["held"] == "11.051"  # 3 682 s more
    more = scene.charging.extend("A", parse_address(REPRESENTATIVE))
    assert more is not None
    assert more.problem.detail == (
        "the balance has 0.949 USD left and this call may need 3.682 USD: pay in at least 2.733 USD"
    )
    unsold = scene.charging.extend("A", parse_address("+19145550100"))
    assert unsold is not None
    assert unsold.reason == "barred"
    assert scene.charging.extend("unknown", parse_address(REPRESENTATIVE)) is None
    assert scene.settle("A", 3_000, 3_000, 3_000) == 9_005_000
    assert scene.balance() == {**scene.balance(), "held": "0.00", "balance": "2.995"}


# What is charged.


def test_a_finished_call_is_charged_once_and_the_rest_is_free(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(10_000_000)
    scene.accept("A")
    assert scene.settle("A", 100, 61) == 166_000
    scene.charging.settle("A", ())
    assert sum(isinstance(one.entry, Charged) for one in scene.entries) == 1
    assert scene.balance() == {
        "business": "abc",
        "currency": "USD",
        "payment": "prepaid",
        "deck": "flat",
        "credited": "10.00",
        "charged": "0.166",
        "balance": "9.834",
        "held": "0.00",
        "available": "9.834",
        "calls_open": 0,
        "day": {"spent": "0.166", "cap": None, "left": None},
        "month": {"spent": "0.166", "cap": None, "left": None},
    }


def test_a_call_that_nobody_answered_is_charged_nothing(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(10_000_000)
    scene.accept("A")
    scene.charging.settle("A", ())
    last = scene.entries[-1].entry
    assert isinstance(last, Charged)
    assert (last.amount_micro, last.charges, last.currency) == (0, (), "USD")
    assert scene.balance()["available"] == "10.00"


def test_services_are_charged_by_their_names(tmp_path: Path):
    recording = """
    [[services]]
    name = "recording"
    from = 2026-01-01T00:00:00Z
    per_minute = "0.12"
    [[services]]
    name = "unanswered"
    from = 2026-01-01T00:00:00Z
    each = "0.001"
    """
    scene = Scene(tmp_path, business("postpaid"), deck=FLAT + recording)
    # Both legs and the recording for 3 682 s, the call, and an attempt that is not answered.
    assert held(scene.accept("A")).content["amount_micro"] == (
        2 * 3_682_000 + 3_682 * 2_000 + 5_000 + 1_000
    )
    use = ServiceUse(name="recording", begun_at_us=MORNING_US, length_s=10)
    missed = LegUse(role="agent", address=parse_address(REPRESENTATIVE), answered_at_us=None)
    answered = LegUse(
        role="customer",
        address=parse_address(CUSTOMER),
        answered_at_us=MORNING_US,
        billable_s=20,
    )
    scene.charging.settle("A", (answered, missed), (use,))
    last = scene.entries[-1].entry
    assert isinstance(last, Charged)
    assert last.amount_micro == 20_000 + 1_000 + 5_000 + 20_000
    assert [one["subject"] for one in last.charges] == [
        "customer +12125550100",
        "unanswered",
        "call",
        "recording",
    ]


def test_the_price_is_that_of_acceptance_whatever_supersedes_it(tmp_path: Path):
    dearer = (
        FLAT
        + """
    [[rates]]
    to = "+1"
    from = 2026-01-05T09:01:00Z
    per_minute = "0.60"
    """
    )
    scene = Scene(tmp_path, business("postpaid"), deck=dearer)
    scene.accept("A")
    scene.clock.advance_us(2 * MINUTE_US)
    scene.accept("B")
    assert scene.settle("A", 60, 60) == 125_000
    assert scene.settle("B", 60, 60) == 1_205_000


def test_what_exceeds_the_hold_is_charged_and_said(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(1_000_000)
    scene.accept("A")
    scene.settle("A", 600, 600)
    last = scene.entries[-1].entry
    assert isinstance(last, Charged)
    assert (last.amount_micro, last.over_micro) == (1_205_000, 206_000)
    assert scene.balance()["balance"] == "-0.205"
    assert refused(scene.accept("B")).reason == "balance"


def test_a_party_that_no_rate_is_for_costs_nothing_and_the_others_what_they_cost(tmp_path: Path):
    scene = Scene(tmp_path, business("postpaid"))
    scene.accept("A")
    legs = tuple(
        LegUse(role=role, address=parse_address(number), answered_at_us=MORNING_US, billable_s=10)
        for role, number in (("customer", CUSTOMER), ("third", "+442055501000"))
    )
    scene.charging.settle("A", legs)
    last = scene.entries[-1].entry
    assert isinstance(last, Charged)
    assert last.amount_micro == 15_000


# Caps.


def test_a_cap_of_a_day_is_that_of_the_business_s_zone(tmp_path: Path):
    """In Auckland 2026-01-06 begins at 11:00 UTC."""
    who = business("postpaid", "Pacific/Auckland", cap_day="8.00")
    scene = Scene(tmp_path, who, now_us=parse_utc("2026-01-05T10:59:59Z"))
    scene.accept("A")
    shorter = held(scene.accept("B"))
    assert shorter.talk_limit_us == (313 - 82) * SECOND_US, "0.631 is left"
    problem = refused(scene.accept("C")).problem
    assert (problem.status, problem.code) == (402, "spend_cap")
    assert problem.detail == (
        "the spend cap has 0.00 USD left today and this call may need 0.171 USD:"
        " wait until it begins anew, or have it raised"
    )
    scene.clock.advance_us(SECOND_US)
    assert held(scene.accept("D")).talk_limit_us == 3_600 * SECOND_US
    assert scene.balance()["day"] == {"spent": "0.00", "cap": "8.00", "left": "0.631"}
    assert scene.settle("A", 1_000, 900) == 1_905_000
    assert scene.balance()["day"] == {"spent": "0.00", "cap": "8.00", "left": "0.631"}
    assert scene.balance()["month"] == {"spent": "1.905", "cap": None, "left": None}


def test_a_cap_of_a_month_binds_whatever_the_day_allows(tmp_path: Path):
    scene = Scene(tmp_path, business("postpaid", cap_day="9.00", cap_month="0.50"))
    assert held(scene.accept("A")).content["amount_micro"] == 499_000
    assert refused(scene.accept("B")).reason == "spend_cap_month"
    scene.clock.advance_us(40 * 24 * HOUR_US)
    assert isinstance(scene.accept("B"), Held)


# Restarts and retention.


def test_a_restart_remembers_what_is_held_and_what_was_spent(tmp_path: Path):
    scene = Scene(tmp_path, business(cap_day="20.00"))
    scene.credit(10_000_000)
    scene.accept("A")
    scene.settle("A", 100, 100)
    scene.accept("B")
    before = scene.balance()
    again = scene.next_life()
    assert again.balance() == before
    assert again.settle("B", 10, 10) == 25_000
    assert again.next_life().balance()["balance"] == "9.77"


def test_a_business_that_is_known_no_more_keeps_its_account(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(10_000_000)
    scene.accept("A")
    gone = scene.next_life()
    other = CallCharging(gone.charging.decks, {}.get, gone.journal, gone.clock, "server-72")
    other.recover(scene.entries)
    other.settle("A", ())
    assert other.held_micro == {"abc": 0}
    back = Scene(tmp_path, scene.who, entries=gone.entries, memory=scene.memory)
    assert back.balance()["available"] == "10.00"


def test_what_was_written_before_a_statement_need_not_be_read(tmp_path: Path):
    scene = Scene(tmp_path, business(cap_month="20.00"))
    scene.credit(10_000_000)
    scene.accept("A")
    scene.settle("A", 100, 100)
    scene.accept("B")
    scene.clock.advance_us(24 * HOUR_US)
    stated = [one for one in scene.journal.entries if isinstance(one.entry, BalanceStated)]
    assert stated[0].entry == BalanceStated(
        "abc",
        "USD",
        10_000_000,
        205_000,
        {"day 2026-01-05": 205_000, "month 2026-01": 205_000},
    )
    kept = [one for one in scene.entries if isinstance(one.entry, Accepted | BalanceStated)]
    later = Scene(
        tmp_path,
        scene.who,
        entries=kept[1:],
        now_us=scene.clock.now_us(),
        memory=scene.memory,
    )
    assert later.balance() == scene.balance()
    assert later.settle("B", 10, 10) == 25_000
    assert later.balance()["month"] == {"spent": "0.23", "cap": "20.00", "left": "19.77"}


def test_money_taken_out_and_a_business_that_pays_afterwards(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(1_000_000)
    scene.credit(-400_000)
    assert scene.balance()["available"] == "0.60"
    later = Scene(tmp_path, business("postpaid"), entries=scene.entries, memory=scene.memory)
    later.accept("A")
    later.settle("A", 1_000, 1_000)
    view = later.balance()
    assert (view["balance"], view["available"]) == ("-1.405", None)


# Decks.


def edited(directory: Path, before: str, after: str, now: str) -> str:
    """What is said when a deck that was used says something else."""
    memory = DeckDirectory(directory / "decks")
    file = directory / "flat.toml"
    pricing = Pricing(decks=(str(file),))
    file.write_text(before)
    load_decks(pricing, memory, parse_utc("2026-01-02T00:00:00Z"))
    file.write_text(after)
    with pytest.raises(ChargingError) as error:
        load_decks(pricing, memory, parse_utc(now))
    file.write_text(before)
    load_decks(pricing, memory, parse_utc(now))
    return str(error.value)


def test_an_edited_deck_is_refused_with_its_line(tmp_path: Path):
    cheaper = FLAT.replace("0.06", "0.05")
    assert edited(tmp_path, FLAT, cheaper, "2026-02-01T00:00:00Z") == (
        "flat.toml, line 7: +1 from 2026-01-01T00:00:00.000000Z was edited or removed:"
        " supersede it by a later rate"
    )


def test_a_rate_that_would_have_held_before_is_refused_with_its_line(tmp_path: Path):
    more = FLAT + '[[rates]]\nto = "+44"\nfrom = 2026-01-31T00:00:00Z\nper_minute = "0.01"\n'
    text = edited(tmp_path, FLAT, more, "2026-02-01T00:00:00Z")
    assert text.startswith("flat.toml, line 21: +44 from 2026-01-31T00:00:00.000000Z: not before")


def test_a_deck_may_say_more_from_now_on(tmp_path: Path):
    memory = DeckDirectory(tmp_path / "decks")
    file = tmp_path / "flat.toml"
    pricing = Pricing(decks=(str(file),))
    file.write_text(FLAT)
    load_decks(pricing, memory, MORNING_US)
    file.write_text(
        FLAT + '[[rates]]\nto = "+1"\nfrom = 2026-03-01T00:00:00Z\nper_minute = "0.01"\n'
    )
    decks = load_decks(pricing, memory, MORNING_US)
    deck = decks.of(business().billing)
    assert deck is not None
    assert len(deck.history("+1")) == 2
    kept = list(memory.remembered())
    assert [one.name for one in kept] == ["flat"]
    assert "2026-03-01" in kept[0].text


def test_a_deck_that_no_topology_names_any_more_prices_the_calls_of_before(tmp_path: Path):
    scene = Scene(tmp_path, business("postpaid"))
    scene.accept("A")
    other = FLAT.replace('name = "flat"', 'name = "new"').replace("0.06", "0.60")
    later = Scene(tmp_path, scene.who, deck=other, entries=scene.entries, memory=scene.memory)
    assert later.settle("A", 10, 10) == 25_000
    later.accept("B")
    assert later.settle("B", 10, 10) == 205_000


def test_tables_beside_a_deck_belong_to_it(tmp_path: Path):
    file = tmp_path / "flat.toml"
    file.write_text(FLAT)
    (tmp_path / "flat.europe.csv").write_text("to,from,per_minute\n+44,2026-01-01T00:00:00Z,0.02\n")
    (tmp_path / "flatter.csv").write_text("no table of it")
    decks = load_decks(Pricing(decks=(str(file),)), DeckDirectory(tmp_path / "decks"), MORNING_US)
    deck = decks.of(business().billing)
    assert deck is not None
    assert deck.find(parse_address("+442055501000"), MORNING_US).key == "+44"


@pytest.mark.parametrize(
    ("default", "expected"),
    [
        ("gold", "pricing.default: no deck is named 'gold': flat"),
        ("", "no rate deck 'gold': there are flat"),
    ],
)
def test_a_deck_that_there_is_not_is_named(tmp_path: Path, default: str, expected: str):
    file = tmp_path / "flat.toml"
    file.write_text(FLAT)
    pricing = Pricing(decks=(str(file),), default=default)
    with pytest.raises(ChargingError) as error:
        load_decks(pricing, DeckDirectory(tmp_path), MORNING_US).of(business(deck="gold").billing)
    assert str(error.value) == expected


# In any order.

steps = st.lists(
    st.one_of(
        st.tuples(st.just("credit"), st.integers(1, 3_000_000)),
        st.tuples(st.just("accept"), st.integers(0, 30)),
        st.tuples(st.just("drop"), st.integers(0, 30)),
        st.tuples(st.just("settle"), st.integers(0, 400)),
        st.tuples(st.just("pass"), st.integers(1, 40 * 3_600)),
        st.tuples(st.just("restart"), st.just(0)),
    ),
    max_size=40,
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps=steps)
def test_no_order_spends_more_than_balance_or_caps(tmp_path: Path, steps: list[tuple[str, int]]):
    who = business(zone="America/New_York", cap_day="1.50", cap_month="4.00")
    scene = Scene(tmp_path, who, reserve_minutes=4)
    accepted: list[str] = []
    for number, (what, value) in enumerate(steps):
        call = f"call-{number}"
        match what:
            case "credit":
                scene.credit(value)
            case "accept" if isinstance(scene.accept(call), Held):
                accepted.append(call)
            case "drop" if isinstance(scene.ask(call), Held):
                scene.charging.dropped(call)
            case "settle" if accepted:
                ended = accepted.pop(value % len(accepted))
                account = next(
                    one.entry.held
                    for one in scene.entries
                    if isinstance(one.entry, Accepted) and one.entry.call == ended
                )
                assert account is not None
                length_s = min(value, int(str(account["length_s"])))
                scene.settle(ended, length_s, length_s)
            case "pass":
                scene.clock.advance_us(value * SECOND_US)
            case "restart":
                before = scene.balance()
                scene = scene.next_life()
                assert scene.balance() == before
            case _:
                pass
        worst, most = audit(scene.entries, "America/New_York")
        assert worst == 0
        for period, amount in most.items():
            assert amount <= (1_500_000 if period.startswith("day") else 4_000_000)
    for call in accepted:
        scene.settle(call, 1)
    assert scene.balance()["held"] == "0.00"


def test_a_balance_that_just_covers_the_longest_talk_holds_for_it(tmp_path: Path):
    scene = Scene(tmp_path, business())
    scene.credit(2 * 3_682 * 1_000 + 5_000)
    assert held(scene.accept("A")).talk_limit_us == 3_600 * SECOND_US


AGENTS = ("+442079460001", "+442079460002", "+492079460003")


@settings(max_examples=300, deadline=None)
@given(
    terms=st.tuples(some_terms, some_terms, some_terms),
    lengths=st.lists(st.integers(0, 500), min_size=3, max_size=3),
    customer_s=st.integers(0, 1_500),
    tried=st.lists(st.sampled_from(AGENTS), max_size=3),
    start_us=starts,
)
def test_no_attempts_cost_more_than_their_plan_says(
    terms: tuple[Terms, Terms, Terms],
    lengths: list[int],
    customer_s: int,
    tried: list[str],
    start_us: int,
):
    """Whoever answers, one after the other, for however long."""
    keys = ("+1", "+44", "+49")
    deck = deck_of(dict(zip(keys, terms, strict=True)), of_week=PEAK_WEEK, round_to_micro=7)
    agents = tuple(dict.fromkeys(tried))
    who = msgspec.structs.replace(business(), representatives=agents)
    customer = parse_address(CUSTOMER)
    plan = CallPlan(deck, who, customer, None, start_us, 30.0)
    parties = [(CUSTOMER, customer_s), *zip(tried, lengths, strict=False)]
    longest_s = max(customer_s, sum(lengths[: len(tried)]))
    now_us = start_us
    legs = []
    for number, length_s in parties[: 1 + min(3, len(agents))]:
        legs.append(
            LegUse(
                role="party",
                address=parse_address(number),
                answered_at_us=now_us,
                billable_s=length_s,
            )
        )
        now_us += length_s * SECOND_US
    cost = rate_call(deck, tuple(legs), priced_at_us=start_us).amount_micro
    assert cost <= plan.maximum_micro(longest_s)


def test_a_segment_is_needed_while_money_is_held_and_until_balances_are_stated_anew():
    unfinished = Unfinished()
    entries = [
        (1, Accepted("A", "abc", "server-72", {}, held={"amount_micro": 5})),
        (1, Credited("abc", 9, "USD")),
        (2, Ended("A", "completed", 16)),
        (3, Charged("A", "abc", 5, "USD")),
        (4, BalanceStated("abc", "USD", 9, 5)),
        (5, Charged("B", "abc", 5, "USD")),
    ]
    needed = []
    for segment, entry in entries:
        unfinished.note("server-72", entry, segment)
        needed.append(unfinished.needed_from(6))
    assert needed == [1, 1, 1, 1, 4, 4]
    other = Unfinished()
    other.note("server-72", entries[0][1], 1)
    other.note("server-72", entries[2][1], 2)
    assert other.needed_from(6) == 1, "its charge is not written yet"
    other.note("server-72", entries[3][1], 3)
    assert other.needed_from(6) == 3
