"""The simulator against theory: blocking in the real network, waiting on its draws."""

import pytest

from calleq.journal.entries import Ended
from calleq.theory import erlang_b
from calleq.units import SECOND_US
from simulator.engine import littles_law
from simulator.loss import MEAN_HOLDING_US, signalling_us
from simulator.measures import Measurement, Occupancy, half_width
from simulator.offers import drain, offer
from simulator.stream import RecordStream
from simulator.traffic import poisson
from simulator.verify import blocking, by_chance, compare, sources, waiting
from simulator.virtual import VirtualNetwork
from simulator.world import build_world

SEEDS = range(1, 13)
CALLS = 600


def assert_passed(checks: list) -> None:
    failed = [check for check in checks if not check.passed]
    assert failed == []


def test_a_circuit_is_held_for_ringing_and_signalling_besides_the_conversation():
    assert 4 * SECOND_US < signalling_us() < 4 * SECOND_US + SECOND_US // 10
    assert signalling_us() < MEAN_HOLDING_US / 20


@pytest.mark.parametrize("kind", ["exponential", "lognormal"])
def test_a_trunk_group_of_the_network_loses_what_erlang_b_says(kind: str):
    checks = blocking(5, 3.0, SEEDS, CALLS, kind)
    assert checks[0].expected == pytest.approx(0.110054, abs=1e-6)
    assert checks[0].error < 0.01, "enough calls to mean something"
    assert_passed(checks)


def test_few_sources_lose_what_engset_says():
    checks = sources(5, 10, 0.5, SEEDS, CALLS)
    assert [check.expected for check in checks] == [
        pytest.approx(0.106961, abs=1e-6),
        pytest.approx(0.147887, abs=1e-6),
    ]
    assert_passed(checks)


def test_waiting_calls_wait_and_leave_as_erlang_c_and_a_say():
    assert_passed(waiting(SEEDS, 5_000))


def test_a_wrong_theory_fails():
    assert not compare("", erlang_b(5, 3.0), [0.2, 0.21, 0.19] * 4).passed


def test_how_often_a_sound_check_misses_is_students():
    """P(|t| > 3): 0.01210 with 11 degrees of freedom, 0.00640 with 23 (tables)."""
    assert by_chance(10, 12) == (
        "a sound check misses by chance once in 83 times; 10 of these can, 0.12 in the mean"
    )
    assert by_chance(100, 24).endswith("100 of these can, 0.64 in the mean")


def test_the_interval_of_batch_means_is_students():
    assert half_width([1.0] * 19) is None
    assert half_width([1.0] * 20) == 0.0
    width = half_width([0.0, 1.0] * 10)
    assert width is not None
    assert width == pytest.approx(2.093 * 0.51299 / 20**0.5, rel=1e-4)


def test_calls_are_counted_exactly_however_long_the_run():
    occupancy = Occupancy()
    occupancy.change(1, 500_000)
    occupancy.change(1, 2_000_000)
    occupancy.change(-1, 5_000_000)
    occupancy.change(-1, 4_000_000_000)
    assert occupancy.call_us == 1_500_000 + 2 * 3_000_000 + 3_995_000_000
    assert occupancy.most == 2
    assert len(occupancy.bins) <= Occupancy.BINS_MOST
    assert sum(here.call_us for here in occupancy.bins) == occupancy.call_us
    assert littles_law(occupancy.call_us, occupancy.call_us) == 0.0
    assert littles_law(10, 11) == pytest.approx(1 / 11)


def test_records_made_on_the_way_are_those_of_the_whole_journal():
    world = build_world(3, 300, 4, 60)
    virtual = VirtualNetwork(world, seed=3)
    drain(virtual, offer(virtual, poisson(world, 3, 1_500, 4.0)))
    whole = virtual.records()
    streamed = []
    stream = RecordStream(streamed.extend)
    most = 0
    for stamped in virtual.journal.entries:
        stream.take(stamped)
        most = max(most, stream.open_calls)
    stream.finish()
    assert stream.late == 0
    assert most < 1_400, "calls that are over are let go"
    assert sorted(streamed, key=lambda record: record.call) == sorted(
        whole, key=lambda record: record.call
    )
    assert virtual.ended() == len(whole) == 1_500
    assert any(isinstance(stamped.entry, Ended) for stamped in virtual.journal.entries)


def test_batches_add_up_to_the_whole_and_stay_few():
    world = build_world(3, 300, 4, 60)
    virtual = VirtualNetwork(world, seed=3)
    drain(virtual, offer(virtual, poisson(world, 3, 300, 4.0)))
    measurement = Measurement()
    records = virtual.records()
    for record in records:
        measurement.add(record)
    total = measurement.total()
    legs = [leg for record in records for leg in record.legs]
    assert total.calls == 300
    assert total.legs == len(legs)
    assert total.talk_us == sum(leg.talk_us for leg in legs)
    measures = measurement.measures()
    assert measures["ASR"].value == total.answered / total.legs
    assert measures["ASR"].value <= measures["NER"].value <= 1
    assert measures["CCR"].ci95 is not None
    assert measures["PDD"].value == pytest.approx(0.035, abs=0.02)
