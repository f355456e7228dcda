"""The guards that click-to-call wants, line by line, each with the tests that hold it."""

import ast
import pathlib

import pytest

from calleq.door.instruction import Instructing
from calleq.intake.contract import NoGuards
from calleq.journal.entries import Accepted
from calleq.topology import load_topology
from calleq.topology_equipment import voip_policy
from calleq.units import SECOND_US
from tests.guards_scene import GuardedDoor, code_of, let_through, shop

HERE = pathlib.Path(__file__).parent

GUARDS: dict[str, tuple[str, ...]] = {
    "destination: regions, of the own numbers where none are named": (
        "guards_destinations: a_number_is_judged_by_its_own_region_and_kind",
        "guards_destinations: without_regions_those_of_the_own_numbers_may_be_called",
    ),
    "destination: premium, shared cost, personal, satellite and 001, emergency, short codes": (
        "guards_destinations: a_number_is_judged_by_its_own_region_and_kind",
        "guards_destinations: emergency_numbers_and_short_codes_have_no_region_that_could_allow_"
        "them",
    ),
    "destination: a ceiling on the price by prefix": (
        "guards_destinations: what_the_deck_does_not_sell_or_sells_too_dear_is_not_called",
    ),
    "destination: before any dial, every leg": (
        "guards_fraud: of_ten_thousand_attempts_none_dials_what_is_barred_and_each_refusal_is_"
        "explained",
        "guards_fraud: a_third_party_and_whoever_a_call_is_transferred_to_are_judged",
        "guards_fraud: a_representative_who_must_not_be_dialled_is_not_hunted",
        "control_calls: equipment_dials_no_number_that_is_never_called_whoever_orders_it",
    ),
    "trial: the shipped network reaches no carrier": (
        "guards_peers: the_shipped_network_leads_nowhere_else",
    ),
    "proof of number: press 1 or say yes before anybody is rung, by business": (
        "consent: a_customer_who_presses_1_is_connected",
        "consent: whoever_does_not_press_1_rings_nobody",
    ),
    "proof of number: a one-time code, by business": (
        "one_time_code: whoever_enters_the_code_is_connected",
        "one_time_code: another_code_rings_nobody_however_often_it_is_entered",
    ),
    "limits: per number, address, cookie, business and in all": (
        "guards_limits: a_bucket_lets_its_burst_pass_then_one_for_each_refill",
        "guards_limits: limits_cool_downs_and_live_requests_survive_a_restart",
        "guards_tables: a_bucket_stays_empty_however_many_others_are_taken_from",
    ),
    "limits: a cap on what is spent in a day": (
        "charging: a_cap_of_a_day_is_that_of_the_business_s_zone",
        "charging: a_cap_of_a_month_binds_whatever_the_day_allows",
        "charging: no_order_spends_more_than_balance_or_caps",
    ),
    "limits: cool-down after unanswered and declined calls": (
        "guards_limits: a_number_rests_longer_each_time_nobody_answers",
        "guards_limits: a_call_that_was_turned_away_rests_longer_and_none_beyond_the_most",
    ),
    "limits: one live request for each number": (
        "guards_limits: of_a_hundred_requests_at_once_for_one_number_exactly_one_is_made",
        "guards_moves: a_call_is_not_moved_beside_another_of_the_same_number",
    ),
    "limits: a victim opts out by a key, for good": (
        "consent: a_customer_who_presses_9_is_never_called_again_by_that_business",
    ),
    "do-not-call: per business, looked at again before the dial": (
        "consent: an_accepted_call_is_not_made_after_a_restart_to_who_opted_out_meanwhile",
        "schedule: at_the_due_time_who_must_not_be_called_is_asked_again",
        "guards_fraud: a_third_party_added_over_the_api_is_judged_and_one_who_opted_out_is_not_"
        "called",
    ),
    "page integrity: a token bound to business, page, origin and visitor; no password in it": (
        "page_tokens: a_page_asks_for_one_call_with_a_token_of_its_business",
        "page_tokens: other_pages_are_told_nothing",
        "guards_fraud: a_page_that_proved_to_be_of_another_business_uses_up_nothing_of_this_one",
    ),
    "quiet hours: now is allowed at night, later is not; an unknown zone asks": (
        "schedule_calendar: now_is_allowed_at_night_and_later_is_not",
        "schedule_calendar: a_zone_from_the_number_is_only_a_hint",
    ),
    "abandoned call: the business is named, the wait is limited, and both are measured": (
        "billing_waits: who_answered_and_reached_nobody_is_counted_by_business",
        "equipments: a_customer_waits_no_longer_than_the_announcement_limit",
        "prompts: the_customer_hears_the_samples_of_the_announcement_from_the_answer_on",
    ),
    "abandoned call: no customer is rung while nobody is likely to be free": (
        "capacity_hold: calls_are_held_unless_a_business_wants_otherwise",
        "capacity_hold: a_customer_is_rung_when_the_representative_is_free_again",
        "capacity_hold: whoever_is_not_free_in_time_is_not_rung_for",
        "acd_capacity: the_chance_is_that_of_talks_without_memory",
    ),
    "recording: off; announced to both before it begins; refusal; proof": (
        "control_recordings: what_is_recorded_is_what_the_parties_said_after_both_were_told",
        "control_recordings: whoever_objects_is_not_recorded_and_the_call_goes_on",
        "control_recordings: the_journal_proves_the_announcements_before_the_recording",
    ),
    "answering machine: nobody is rung for one": (
        "consent: a_machine_is_told_from_a_person_before_it_is_asked",
    ),
    "caller id: only the business's own number; vouched for as that": (
        "guards_peers: customers_see_the_business_s_own_number_whatever_a_message_says",
        "gateway_vouching: a_caller_of_ours_is_vouched_for",
    ),
    "limits on a call: ring 30 s, announcement 60 s, call 4 h, all configurable": (
        "equipments: a_telephone_rings_no_longer_than_the_ring_limit",
        "equipments: a_customer_waits_no_longer_than_the_announcement_limit",
        "equipments: parties_talk_no_longer_than_the_call_limit",
        "guards_peers: calls_are_limited_without_being_asked_for",
    ),
}
"""What peers enforce or ought to, and the tests (file: name) by which ours does."""


def names_in(name: str) -> set[str]:
    tree = ast.parse((HERE / f"test_{name}.py").read_text("utf-8"))
    return {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("guard", GUARDS)
def test_every_guard_has_its_test(guard: str) -> None:
    for named in GUARDS[guard]:
        file, _, test = named.partition(": ")
        assert f"test_{test}" in names_in(file), named


def test_the_shipped_network_leads_nowhere_else() -> None:
    """A real carrier is reached by a file that names it, and by nothing that comes with calleq."""
    topology = load_topology()
    assert (topology.foreign_nodes, topology.sip_trunks) == ((), ())
    assert not voip_policy(topology).is_offered


def test_customers_see_the_business_s_own_number_whatever_a_message_says() -> None:
    scene = GuardedDoor()
    for field in ("caller_number", "business_number", "from"):
        reply = scene.post("+12125550100", **{field: "+12025550100"})
        assert code_of(reply) == "invalid_message"
    let_through(scene.post("+12125550100", extension={"caller_number": "+12025550100"}))
    (instruction,) = scene.set_ups()
    assert instruction.business_number == shop("abc").number


def test_calls_are_limited_without_being_asked_for() -> None:
    scene = GuardedDoor()
    let_through(scene.post("+12125550100"))
    (instruction,) = scene.set_ups()
    assert instruction.ring_limit_us == 30 * SECOND_US
    assert instruction.announcement_limit_us == 60 * SECOND_US
    assert instruction.talk_limit_us == 4 * 3_600 * SECOND_US


def test_the_smaller_of_what_policy_and_money_allow_ends_a_call() -> None:
    for held_us, policy_s, expected_s in ((0, 600, 600), (60 * SECOND_US, 600, 60), (10**12, 9, 9)):
        business = shop("abc", call_s=policy_s)
        entry = Accepted(
            "c", "abc", "d", {"customer_number": "+12125550100"}, talk_limit_us=held_us
        )
        instructing = Instructing(
            "d", 25 * SECOND_US, {}, lambda business, number: True, NoGuards()
        )
        instruction = instructing.of(entry, business, 0)
        assert instruction.talk_limit_us == expected_s * SECOND_US
        assert instruction.ring_limit_us == 25 * SECOND_US
