"""Records from journals: legs are followed by their circuits, and bills come from the line."""

import random
from operator import attrgetter

import pytest
from msgspec.structs import replace

from calleq.billing import billable_seconds, derive_records, leg_rows, records_as_json
from calleq.billing.records import CauseForTerm
from calleq.journal.entries import (
    CircuitKey,
    Dialled,
    LineAnswered,
    LineHeartbeat,
    LineRefused,
    LineReleased,
    LineRinging,
    Progress,
    Transit,
    Undertaken,
)
from tests.billing_scene import (
    IP,
    MS,
    SECOND,
    SSP_62,
    SSP_64,
    SSP_66,
    Journals,
    completed_call,
    rung_and_dialled_anew,
)


def test_a_completed_call_has_both_legs_as_their_switches_signalled_them() -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    (record,) = derive_records(journals.entries)
    assert (record.call, record.business, record.state) == ("c1", "abc", "completed")
    assert (record.accepted_at_us, record.ended_at_us) == (0, 14_100 * MS)
    assert record.complete
    customer, agent = record.legs
    assert (customer.leg, customer.attempt, customer.entity) == ("customer", 1, "ssp-62")
    assert (customer.ring_us, customer.talk_us) == (3_990 * MS, 10 * SECOND)
    assert customer.billable_s == 10
    assert (customer.cause, customer.released_by) == (16, "line")
    assert customer.route == (CircuitKey(IP, SSP_62, 1),)
    assert (agent.leg, agent.entity, agent.number) == ("agent", "ssp-64", "+12125550143")
    assert agent.route == (CircuitKey(IP, SSP_62, 2), CircuitKey(SSP_62, SSP_64, 7))
    assert agent.circuit == CircuitKey(SSP_62, SSP_64, 7)
    assert agent.talk_us == 5_900 * MS + 1
    assert agent.billable_s == 6
    assert agent.dialled_at_us == 4_100 * MS
    assert agent.seized_at_us == 4_112 * MS
    assert agent.answered_at_us == 8_112 * MS


def test_the_order_of_the_entries_and_their_repetition_change_nothing() -> None:
    journals = Journals()
    for number in range(20):
        completed_call(journals, number * 20 * SECOND, f"c{number}", (1, 2, 7))
    once = derive_records(journals.entries)
    twice = journals.entries * 2
    random.Random(3).shuffle(twice)
    assert derive_records(twice) == once
    assert derive_records(iter(twice)) == once
    keys = [(leg.session, leg.leg, leg.attempt) for record in once for leg in record.legs]
    assert len(set(keys)) == len(keys) == 40


@pytest.mark.parametrize("skew_us", [0, 5 * MS, -5 * MS, 45 * MS, -45 * MS])
def test_a_circuit_used_again_at_once_belongs_to_the_right_calls_also_with_skewed_clocks(
    skew_us: int,
) -> None:
    """The same circuits, 20 ms after they were cleared, refusals and talks mixed."""
    journals = Journals()
    journals.skew_us = {"ssp-62": skew_us, "ssp-64": -skew_us}
    at_us, expected = 0, {}
    chance = random.Random(5)
    for number in range(200):
        call = f"c{number:03}"
        journals.accepted(at_us, call)
        key = journals.dialled(at_us + 4 * MS, call, "customer", 1, "+12125550143", 1)
        key = journals.transit(at_us + 10 * MS, key, SSP_64, 9)
        if chance.random() < 0.5:
            journals.say(at_us + 15 * MS, "ssp-64", LineRefused("+12125550143", key, 17, 2))
            at_us, talk_us = at_us + 20 * MS, 0
        else:
            talk_us = chance.randrange(1, 5 * SECOND)
            journals.answered_leg(
                at_us + 15 * MS, SSP_64, "+12125550143", key, 50 * MS, 50 * MS + talk_us
            )
            at_us += 90 * MS + talk_us
        journals.ended(at_us, call, "completed" if talk_us else "customer_busy")
        expected[call] = talk_us
        at_us += 20 * MS
    records = derive_records(journals.entries)
    assert {record.call: record.legs[0].talk_us for record in records} == expected
    assert all(record.complete for record in records)


def test_a_seizure_that_never_arrived_does_not_shift_the_others() -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    journals.accepted(20 * SECOND, "lost")
    journals.dialled(20 * SECOND + MS, "lost", "customer", 1, "+12125550100", 1)
    journals.say(20 * SECOND + 9 * MS, "ip-76", Progress("lost", "failed", "customer", 1, 38))
    journals.ended(20 * SECOND + 10 * MS, "lost", "failed", 38)
    completed_call(journals, 21 * SECOND, "c3", (1, 2, 7))
    first, lost, third = derive_records(journals.entries)
    assert first.legs[0].talk_us == third.legs[0].talk_us == 10 * SECOND
    (leg,) = lost.legs
    assert (leg.entity, leg.seized_at_us, leg.cause, leg.billable_s) == ("ip-76", None, 38, 0)
    assert leg.released_at_us == 20 * SECOND + 9 * MS
    assert not leg.partial


def test_a_hunt_of_three_representatives_over_two_hops_has_a_leg_for_each_attempt() -> None:
    journals = Journals()
    journals.accepted(0, "c1")
    key = journals.dialled(MS, "c1", "customer", 1, "+12125550100", 1)
    journals.answered_leg(5 * MS, SSP_62, "+12125550100", key, 4 * SECOND, 60 * SECOND)
    # The first is busy at SSP 64, on the circuits that all three use one after the other.
    key = journals.dialled(4_100 * MS, "c1", "agent", 1, "+12125550143", 2)
    key = journals.transit(4_105 * MS, key, SSP_64, 3)
    journals.say(4_110 * MS, "ssp-64", LineRefused("+12125550143", key, 17, 1))
    journals.say(4_120 * MS, "ip-76", Progress("c1", "failed", "agent", 1, 17))
    # The second rings for 30 s and does not answer.
    key = journals.dialled(4_125 * MS, "c1", "agent", 2, "+12125550144", 2)
    key = journals.transit(4_130 * MS, key, SSP_64, 3)
    seizure = journals.seized(4_135 * MS, SSP_64, "+12125550144", key)
    journals.say(4_140 * MS, "ssp-64", LineRinging(seizure))
    journals.say(34_140 * MS, "ssp-64", LineReleased(seizure, 19, 0, "network"))
    journals.say(34_150 * MS, "ip-76", Progress("c1", "failed", "agent", 2, 19))
    # The third, at SSP 66 over SSP 64 as tandem, talks.
    key = journals.dialled(34_160 * MS, "c1", "agent", 3, "+12125550153", 2)
    key = journals.transit(34_165 * MS, key, SSP_64, 3)
    onward = CircuitKey(SSP_64, SSP_66, 5)
    journals.say(34_170 * MS, "ssp-64", Transit(key, onward))
    journals.answered_leg(34_175 * MS, SSP_66, "+12125550153", onward, 4 * SECOND, 25 * SECOND)
    journals.ended(61 * SECOND, "c1", "completed")
    (record,) = derive_records(journals.entries)
    legs = [
        (leg.leg, leg.attempt, leg.entity, leg.cause, leg.ring_us, leg.talk_us, leg.billable_s)
        for leg in record.legs
    ]
    assert legs == [
        ("customer", 1, "ssp-62", 16, 3_990 * MS, 56 * SECOND, 56),
        ("agent", 1, "ssp-64", 17, 0, 0, 0),
        ("agent", 2, "ssp-64", 19, 30 * SECOND, 0, 0),
        ("agent", 3, "ssp-66", 16, 3_990 * MS, 21 * SECOND, 21),
    ]
    assert len(record.legs[3].route) == 3
    assert record.legs[1].location == 1
    assert record.complete


def test_calls_between_telephones_make_no_session_and_disturb_none() -> None:
    alone, mixed = Journals(), Journals()
    for journals in (alone, mixed):
        completed_call(journals, 0, "c1", (1, 2, 7))
    key = CircuitKey(SSP_62, SSP_64, 7)
    for start in (15 * SECOND, 30 * SECOND):
        mixed.say(start, "ssp-62", Transit(None, key, "+12125550101"))
        mixed.answered_leg(start + 5 * MS, SSP_64, "+12125550143", key, SECOND, 3 * SECOND)
    seizure = mixed.seized(40 * SECOND, SSP_64, "+12125550144", None)
    mixed.say(41 * SECOND, "ssp-64", LineReleased(seizure, 16, 0, "line"))
    assert derive_records(mixed.entries) == derive_records(alone.entries)


def test_a_clock_stepped_back_during_the_talk_changes_no_length() -> None:
    journals = Journals()
    journals.accepted(0, "c1")
    key = journals.dialled(MS, "c1", "customer", 1, "+12125550100", 1)
    seizure = journals.seized(5 * MS, SSP_62, "+12125550100", key)
    journals.say(SECOND, "ssp-62", LineRinging(seizure))
    journals.say(4 * SECOND, "ssp-62", LineAnswered(seizure))
    journals.skew_us["ssp-62"] = -3_600 * SECOND
    journals.say(34 * SECOND, "ssp-62", LineReleased(seizure, 16, 0, "network"))
    journals.ended(35 * SECOND, "c1", "completed")
    ((leg,),) = (record.legs for record in derive_records(journals.entries))
    assert (leg.ring_us, leg.talk_us, leg.billable_s) == (3 * SECOND, 30 * SECOND, 30)


def test_a_switch_that_crashed_in_a_talk_leaves_a_partial_record_closed_at_its_last_word() -> None:
    journals = Journals()
    journals.accepted(0, "c1")
    key = journals.dialled(MS, "c1", "customer", 1, "+12125550100", 1)
    seizure = journals.seized(5 * MS, SSP_62, "+12125550100", key)
    journals.say(4 * SECOND, "ssp-62", LineAnswered(seizure))
    journals.say(9 * SECOND, "ssp-62", LineRefused("+12125550103", None, 1, 2))
    journals.ended(12 * SECOND, "c1", "failed", 41)
    journals.say(20 * SECOND, "ssp-62", LineRefused("+12125550103", None, 1, 2))
    (record,) = derive_records(journals.entries)
    (leg,) = record.legs
    assert leg.partial
    assert not record.complete
    assert (leg.released_at_us, leg.talk_us, leg.billable_s) == (9 * SECOND, 5 * SECOND, 5)
    assert leg.cause == 41


def test_a_line_call_closed_at_a_restart_is_partial_and_talked_up_to_the_last_heartbeat() -> None:
    """Whatever the switch wrote after the crash, and however long it was away."""
    journals = Journals()
    journals.accepted(0, "c1")
    key = journals.dialled(MS, "c1", "customer", 1, "+12125550100", 1)
    seizure = journals.seized(5 * MS, SSP_62, "+12125550100", key)
    journals.say(4 * SECOND, "ssp-62", LineAnswered(seizure))
    journals.say(59 * SECOND, "ssp-62", LineHeartbeat(seizure))
    journals.say(70 * SECOND, "ssp-62", LineReleased(99, 41, 2, "restart"))
    journals.say(900 * SECOND, "ssp-62", LineReleased(seizure, 41, 2, "restart"))
    journals.say(901 * SECOND, "ssp-62", LineRefused("+12125550103", None, 1, 2))
    journals.ended(902 * SECOND, "c1", "failed", 41)
    (record,) = derive_records(journals.entries)
    (leg,) = record.legs
    assert leg.partial
    assert not record.complete
    assert (leg.released_at_us, leg.talk_us, leg.billable_s) == (59 * SECOND, 55 * SECOND, 55)
    assert (leg.cause, leg.location, leg.released_by) == (41, 2, "")


def test_seizure_numbers_that_begin_anew_after_a_restart_are_kept_apart() -> None:
    journals = Journals()
    for start in (0, 60 * SECOND):
        completed_call(journals, start, f"c{start}", (1, 2, 7))
        journals.seizures.clear()
    first, second = derive_records(journals.entries)
    assert [leg.talk_us for leg in first.legs] == [leg.talk_us for leg in second.legs]
    assert second.legs[1].answered_at_us == 68_112 * MS


def test_a_call_that_is_not_over_is_shown_as_far_as_it_is() -> None:
    journals = Journals()
    journals.say(0, "ip-76", Undertaken("c1", {"business": "xyz", "call": "c1"}))
    key = journals.dialled(MS, "c1", "customer", 1, "+12125550100", 1)
    (record,) = derive_records(journals.entries)
    assert (record.business, record.state, record.complete) == ("xyz", "", False)
    assert record.legs[0].released_at_us is None
    assert record.legs[0].released_by == ""
    seizure = journals.seized(5 * MS, SSP_62, "+12125550100", key)
    journals.say(4 * SECOND, "ssp-62", LineAnswered(seizure))
    (leg,) = derive_records(journals.entries)[0].legs
    assert (leg.answered_at_us, leg.released_at_us, leg.talk_us) == (4 * SECOND, None, 0)


def test_an_attempt_without_any_circuit_has_a_record_with_the_equipments_cause() -> None:
    journals = Journals()
    journals.accepted(0, "c1")
    journals.say(MS, "ip-76", Dialled("c1", "customer", 1, "+12125550100", None))
    journals.say(2 * MS, "ip-76", Progress("c1", "failed", "customer", 1, 34))
    journals.ended(3 * MS, "c1", "blocked", 34)
    (record,) = derive_records(journals.entries)
    (leg,) = record.legs
    assert (leg.cause, leg.circuit, leg.route, leg.billable_s) == (34, None, (), 0)
    assert record.complete


def test_a_damaged_circle_of_circuits_ends() -> None:
    journals = Journals()
    key = journals.dialled(0, "c1", "customer", 1, "+12125550100", 1)
    journals.say(MS, "ssp-62", Transit(key, key))
    journals.say(2 * MS, "ssp-62", Transit(key, key))
    assert len(derive_records(journals.entries)) == 1


def test_seconds_are_rounded_up_for_each_leg_and_nothing_is_billed_for_nothing() -> None:
    assert [billable_seconds(us) for us in (0, 1, 999_999, SECOND, SECOND + 1, 60 * SECOND)] == [
        0,
        1,
        1,
        1,
        2,
        60,
    ]


def test_records_are_shown_as_json_and_as_rows() -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    (record,) = derive_records(journals.entries)
    shown = records_as_json(record)
    assert shown["accepted_at"] == "1970-01-01T00:00:00.000000Z"
    legs = shown["legs"]
    assert isinstance(legs, list)
    assert legs[1]["circuit"] == {"opc": SSP_62, "dpc": SSP_64, "cic": 7}
    assert legs[1]["answered_at"] == "1970-01-01T00:00:08.112000Z"
    assert leg_rows(record)[1] == (
        "agent",
        "1",
        "+12125550143",
        "ssp-64",
        "1970-01-01T00:00:08.112000Z",
        "3.990",
        "5.900",
        "6 s",
        "16",
    )


def test_a_ring_that_was_not_heard_of_and_is_dialled_anew_has_a_record_as_the_answer_has() -> None:
    """Found by hurt runs: `calleq-sim run --calls 600 --faults 132 --equipment scp-1`."""
    journals = Journals()
    rung_and_dialled_anew(journals)
    (record,) = derive_records(journals.entries)
    rung, answered = record.legs
    assert [(leg.leg, leg.attempt, leg.part, leg.parts) for leg in record.legs] == [
        ("customer", 1, 1, 2),
        ("customer", 1, 2, 2),
    ]
    assert (rung.ring_us, rung.talk_us, rung.cause, rung.released_by) == (
        3_683 * MS,
        0,
        31,
        "network",
    )
    assert rung.route == (CircuitKey(IP, SSP_62, 1), CircuitKey(SSP_62, SSP_64, 7))
    assert rung.cause_for_term is CauseForTerm.PARTIAL_RECORD
    assert (answered.talk_us, answered.route[-1].cic) == (10 * SECOND, 8)
    assert rung.record_id != answered.record_id
    assert record.complete


def test_a_telephone_that_was_busy_with_the_first_ring_of_the_same_attempt_has_that_too() -> None:
    """Found by hurt runs: the same with `--seed 2`. The two IAMs came out of a jam at once."""
    journals = Journals()
    rung_and_dialled_anew(journals)
    busy = CircuitKey(SSP_62, SSP_64, 9)
    key = CircuitKey(IP, SSP_62, 1)
    journals.say(3_690 * MS, "ssp-62", Transit(key, busy, "", True, "+12125550143"))
    seizure = journals.seized(3_695 * MS, SSP_64, "+12125550143", busy)
    journals.say(3_697 * MS, "ssp-64", LineReleased(seizure, 17, 0, "line"))
    in_time = sorted(journals.entries, key=attrgetter("at_us"))
    sequences: dict[str, int] = {}
    for place, stamped in enumerate(in_time):
        sequences[stamped.entity] = sequences.get(stamped.entity, 0) + 1
        in_time[place] = replace(stamped, sequence=sequences[stamped.entity])
    (record,) = derive_records(in_time)
    assert [(leg.part, leg.cause, leg.route[-1].cic) for leg in record.legs] == [
        (1, 31, 7),
        (2, 17, 9),
        (3, 16, 8),
    ]
