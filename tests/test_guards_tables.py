"""What the guards remember is bounded, and nobody pushes out what protects somebody else."""

import tracemalloc

from calleq.guards.buckets import WallBuckets
from calleq.guards.cooling import CoolDowns
from calleq.guards.fair_table import FairTable
from calleq.guards.going_on import GoingOn
from calleq.topology_policy import CarrierPolicy, Rate
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, parse_utc

NOW_US = parse_utc("2026-11-21T10:00:00Z")
VICTIM = "+12125550100"
SLOW = Rate(burst=3, refill_s=3_600)


def number(place: int) -> str:
    return f"+1212{place:07}"


def test_who_floods_the_table_by_way_of_one_business_loses_what_is_of_that_business() -> None:
    table: FairTable[int] = FairTable(1_000)
    for place in range(200):
        table.put(number(place), "honest", place, NOW_US + HOUR_US, NOW_US)
    for place in range(20_000):
        table.put(f"+44{place:09}", "flooded", place, NOW_US + HOUR_US, NOW_US)
        assert len(table) <= 1_000
    assert [table.get(number(place), NOW_US) for place in range(200)] == list(range(200))


def test_the_cool_down_of_a_victim_survives_a_flood_by_another_business() -> None:
    cooling = CoolDowns(CarrierPolicy(), limit=500)
    cooling.ended(VICTIM, "honest", "customer_rejected", NOW_US)
    for place in range(5_000):
        cooling.ended(number(place), "flooded", "customer_no_answer", NOW_US + place)
    assert cooling.wait_us(VICTIM, NOW_US + 5_000) > 0
    assert len(cooling) <= 500


def test_within_one_business_a_flood_has_to_be_as_long_as_the_table_to_free_a_victim() -> None:
    cooling = CoolDowns(CarrierPolicy(), limit=500)
    cooling.ended(VICTIM, "flooded", "customer_rejected", NOW_US)
    for place in range(499):
        cooling.ended(number(place), "flooded", "customer_no_answer", NOW_US + place)
    assert cooling.wait_us(VICTIM, NOW_US + 499) > 0


def test_a_bucket_stays_empty_however_many_others_are_taken_from() -> None:
    buckets = WallBuckets(limit=500)
    for _ in range(3):
        buckets.take(VICTIM, "honest", SLOW, NOW_US)
    for place in range(5_000):
        buckets.take(number(place), "flooded", SLOW, NOW_US)
    assert len(buckets) <= 500
    assert buckets.wait_us(VICTIM, SLOW, NOW_US) == HOUR_US


def test_what_is_over_is_forgotten_as_others_come() -> None:
    buckets = WallBuckets()
    quick = Rate(burst=1, refill_s=1)
    for place in range(10_000):
        buckets.take(number(place), "abc", quick, NOW_US + place * SECOND_US)
    assert len(buckets) <= 2


def test_a_clock_that_is_set_back_leaves_a_bucket_empty_and_no_emptier() -> None:
    buckets = WallBuckets()
    buckets.take(VICTIM, "abc", SLOW, NOW_US)
    earlier_us = NOW_US - 100 * HOUR_US
    assert buckets.wait_us(VICTIM, SLOW, earlier_us) == HOUR_US
    buckets.take(VICTIM, "abc", SLOW, earlier_us)
    assert buckets.wait_us(VICTIM, SLOW, earlier_us + HOUR_US) == 0
    cooling = CoolDowns(CarrierPolicy(unanswered_s=60))
    cooling.ended(VICTIM, "abc", "customer_no_answer", NOW_US)
    assert cooling.wait_us(VICTIM, earlier_us) == MINUTE_US


def test_a_number_may_have_several_calls_that_are_due_far_apart() -> None:
    going_on = GoingOn()
    apart_us = 5 * MINUTE_US
    for place, due_us in enumerate((NOW_US + HOUR_US, NOW_US + 2 * HOUR_US, NOW_US)):
        assert not going_on.others_near(VICTIM, due_us, NOW_US, apart_us)
        going_on.begins(f"c{place}", "abc", VICTIM, due_us)
        assert going_on.others_near(VICTIM, due_us, NOW_US, apart_us)
        assert not going_on.others_near(VICTIM, due_us, NOW_US, apart_us, but=f"c{place}")
    assert going_on.others_near(VICTIM, NOW_US + HOUR_US - apart_us + 1, NOW_US, apart_us)
    assert not going_on.others_near(VICTIM, NOW_US + HOUR_US - apart_us, NOW_US, apart_us)
    late_us = NOW_US + 10 * HOUR_US
    assert going_on.others_near(VICTIM, late_us, late_us, apart_us), "what was due goes on"
    for place in (1, 0, 2):
        assert going_on.ends(f"c{place}", "abc", VICTIM)
        assert not going_on.ends(f"c{place}", "abc", VICTIM)
    assert len(going_on) == 0


def test_no_call_is_forgotten_for_another_and_one_business_has_half_at_most() -> None:
    going_on = GoingOn(limit=100, of_business=50)
    for place in range(50):
        assert not going_on.full("flooded")
        going_on.begins(f"c{place}", "flooded", number(place), NOW_US)
    assert going_on.full("flooded")
    assert not going_on.full("honest")
    assert all(
        going_on.others_near(number(place), NOW_US, NOW_US, MINUTE_US) for place in range(50)
    )
    going_on.ends("c0", "flooded", number(0))
    assert not going_on.full("flooded")


def test_a_hundred_thousand_calls_that_wait_cost_less_than_twenty_megabytes() -> None:
    """So a million is less than 200 MB."""
    tracemalloc.start()
    going_on = GoingOn()
    for place in range(100_000):
        going_on.begins(f"c{place}", "abc", number(place), NOW_US + place * SECOND_US)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 20_000_000
