"""Arrivals, holding times and patience: drawn right, read from files, obeyed by the telephones."""

import itertools
import math
import pathlib
import random
import statistics

import pytest

from calleq.units import HOUR_US, SECOND_US
from simulator.engine import Plan, simulate
from simulator.people import Conversations, Holding, HoldingError, empirical
from simulator.run import length_us
from simulator.traffic import (
    DAY_SHARES,
    MASS_AT_US,
    PROCESSES,
    TraceError,
    arrivals,
    exact_instants,
    mass_instants,
    read_trace,
)
from simulator.verify import small_run
from simulator.world import build_world

WORLD = build_world(1, 50, 2, 40)
REP = WORLD.businesses[0].representatives[0]


def counts(process: str, rate: float, cell_us: int, cells: int) -> list[int]:
    """Arrivals of each of the first cells."""
    instants = PROCESSES[process](random.Random(5), rate)
    found = [0] * cells
    for at_us in itertools.takewhile(lambda at_us: at_us < cells * cell_us, instants):
        found[at_us // cell_us] += 1
    return found


def test_poisson_counts_vary_as_much_as_their_mean_and_mmpp_counts_much_more():
    poisson = counts("poisson", 2.0, 10 * SECOND_US, 2_000)
    assert statistics.mean(poisson) == pytest.approx(20, abs=0.4)
    assert statistics.variance(poisson) / 20 == pytest.approx(1, abs=0.1)
    bursts = counts("mmpp", 2.0, 10 * SECOND_US, 2_000)
    assert statistics.mean(bursts) == pytest.approx(20, abs=1.5)
    assert statistics.variance(bursts) / 20 > 3


def test_a_day_follows_its_hours():
    hours = counts("day", 1.0, HOUR_US, 48)
    assert sum(hours[:24]) == pytest.approx(86_400, rel=0.02)
    mean = sum(DAY_SHARES) / 24
    for hour, found in enumerate(hours):
        expected = 3_600 * DAY_SHARES[hour % 24] / mean
        assert abs(found - expected) <= 5 * math.sqrt(expected) + 1


@pytest.mark.parametrize(("process", "shares"), [("poisson", (1,)), ("day", DAY_SHARES)])
def test_so_many_calls_in_so_much_time_are_exactly_those(process: str, shares: tuple[int, ...]):
    day_us = 24 * HOUR_US
    found = list(
        arrivals(WORLD, 5, 1.0, process=process, calls=40_000, duration_us=day_us, exactly=True)
    )
    assert len(found) == 40_000
    instants = [arrival.at_us for arrival in found]
    assert instants == sorted(instants)
    assert 0 <= instants[0] <= instants[-1] < day_us
    for hour in range(24):
        expected = 40_000 * shares[hour % len(shares)] / sum(shares * (24 // len(shares)))
        here = sum(hour * HOUR_US <= at_us < (hour + 1) * HOUR_US for at_us in instants)
        assert abs(here - expected) <= 5 * math.sqrt(expected) + 1


def test_part_of_an_hour_has_its_part_of_the_calls():
    instants = list(exact_instants(random.Random(3), 9_000, 5 * HOUR_US // 2, (1, 2, 6)))
    hours = [sum(at_us // HOUR_US == hour for at_us in instants) for hour in range(3)]
    assert instants[-1] < 5 * HOUR_US // 2
    assert hours == pytest.approx([1_500, 3_000, 4_500], rel=0.08)
    gaps = [later - earlier for earlier, later in itertools.pairwise(instants) if later < HOUR_US]
    assert statistics.variance(gaps) ** 0.5 == pytest.approx(statistics.mean(gaps), rel=0.1)


def test_mass_calling_surges_and_dies_away():
    minutes = counts("mass", 10.0, 60 * SECOND_US, 9)
    assert minutes[0] == pytest.approx(600, abs=100)
    assert minutes[1] > 10 * minutes[0]
    assert minutes[8] == pytest.approx(600, abs=120)
    assert next(mass_instants(random.Random(1), 1.0)) < MASS_AT_US


def test_arrivals_end_after_their_number_or_their_time_and_follow_from_the_seed():
    one = list(arrivals(WORLD, 3, 2.0, calls=50))
    assert one == list(arrivals(WORLD, 3, 2.0, calls=50))
    assert one[:9] != list(arrivals(WORLD, 4, 2.0, calls=9))
    assert len(one) == 50
    timed = list(arrivals(WORLD, 3, 2.0, duration_us=10 * SECOND_US))
    assert timed == one[: len(timed)]
    assert one[len(timed)].at_us >= 10 * SECOND_US > timed[-1].at_us


def test_holding_times_have_their_mean_and_spread():
    def drawn(kind: str) -> list[int]:
        draw = Holding(kind, 180 * SECOND_US).draw(random.Random(8))
        return [draw() for _ in range(40_000)]

    for kind, variation in (("exponential", 1.0), ("lognormal", 1.2), ("constant", 0.0)):
        lengths = drawn(kind)
        mean = statistics.mean(lengths)
        assert mean == pytest.approx(180 * SECOND_US, rel=0.03)
        assert statistics.stdev(lengths) / mean == pytest.approx(variation, abs=0.1)


def test_empirical_holding_times_are_those_of_the_file(tmp_path: pathlib.Path):
    file = tmp_path / "lengths.txt"
    file.write_text("# seconds\n10\n20.5, a note\n\n30\n")
    holding = empirical(file)
    draw = holding.draw(random.Random(1))
    assert {draw() for _ in range(100)} == {10_000_000, 20_500_000, 30_000_000}
    assert holding.mean_us == 20_166_667


@pytest.mark.parametrize(
    ("text", "words"),
    [("ten\n", ":1: 'ten'"), ("1\n-2\n", ":2: -2 s"), ("# none\n", "no holding time")],
)
def test_a_bad_file_of_holding_times_is_refused(tmp_path: pathlib.Path, text: str, words: str):
    file = tmp_path / "lengths.txt"
    file.write_text(text)
    with pytest.raises(HoldingError, match=words):
        empirical(file)


def test_one_of_two_people_is_told_how_long_to_talk_and_the_other_stays():
    now_us = 0
    people = Conversations(
        1, Holding("exponential", 60 * SECOND_US), frozenset({REP}), now_us=lambda: now_us
    )
    ended_by_rep, told = 0, []
    for turn in range(2_000):
        now_us += 100 * SECOND_US
        customer = f"+1212556{turn % 7:04d}"
        asks = [(customer, "+12125551000"), (REP, customer)]
        if turn % 2:
            asks.reverse()
        answers = {number: people.talk_length_us(number, far) for number, far in asks}
        (length,) = [talk_us for talk_us in answers.values() if talk_us is not None]
        told.append(length)
        ended_by_rep += answers[REP] is not None
    assert statistics.mean(told) == pytest.approx(60 * SECOND_US, rel=0.1)
    assert ended_by_rep / 2_000 == pytest.approx(0.3, abs=0.05)


def test_representatives_have_no_patience_to_lose():
    people = Conversations(
        1, Holding("constant", 1), frozenset({REP}), now_us=lambda: 0, patience_us=SECOND_US
    )
    assert people.patience_us(REP, "") is None
    assert people.patience_us("+12125560001", "") is not None


def test_the_telephones_talk_as_long_as_they_were_told():
    world = build_world(4, 400, 4, 200)
    outcome = simulate(
        Plan(
            topology=world,
            arrivals=arrivals(world, 4, 1.0, calls=60),
            seed=4,
            holding=Holding("constant", 37 * SECOND_US),
            calls=60,
        )
    )
    bars = {place: n for place, n in enumerate(outcome.lengths.bars) if n}
    assert sum(bars.values()) == outcome.result.completed > 30
    assert {place * outcome.lengths.bar_us // SECOND_US for place in bars} <= {37, 38}


def test_impatient_customers_leave_before_the_representative_is_there():
    patient = small_run(5, 200).result
    hasty = simulate(
        Plan(
            topology=(world := build_world(5, 1_000, 20, 400)),
            arrivals=arrivals(world, 5, 20.0, calls=200),
            seed=5,
            holding=Holding("lognormal", 5 * SECOND_US),
            patience_us=SECOND_US,
            calls=200,
        )
    ).result
    assert hasty.states["customer_abandoned"] > 3 * patient.states["customer_abandoned"]
    assert hasty.differences.records == 0


def test_a_trace_is_replayed_as_it_stands(tmp_path: pathlib.Path):
    file = tmp_path / "calls.csv"
    file.write_text(
        f"offset,business,customer,rep\n0,b000,+12125560001\n1.5,b001,+12125560002,{REP}\n"
    )
    first, second = read_trace(file, WORLD)
    assert (first.at_us, first.business, first.representative) == (0, "b000", "")
    assert (second.at_us, second.customer, second.representative) == (
        1_500_000,
        "+12125560002",
        REP,
    )
    assert second.password == WORLD.businesses[1].password


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0,b000\n", r":1: 2 columns"),
        ("x,b000,+1\n", r":1: offset 'x'"),
        ("-1,b000,+1\n", r":1: offset '-1'"),
        ("0,zzz,+1\n", r":1: business 'zzz'"),
        ("2,b000,+1\n1,b000,+1\n", r":2: offset before"),
        ("offset,business,customer\n", "no call in it"),
    ],
)
def test_a_bad_trace_is_refused_by_line(tmp_path: pathlib.Path, text: str, words: str):
    file = tmp_path / "calls.csv"
    file.write_text(text)
    with pytest.raises(TraceError, match=words):
        read_trace(file, WORLD)


@pytest.mark.parametrize(
    ("text", "seconds"), [("90", 90), ("90s", 90), ("1.5m", 90), ("24h", 86_400), ("7d", 604_800)]
)
def test_a_time_may_have_a_unit(text: str, seconds: int):
    assert length_us(text) == seconds * SECOND_US


@pytest.mark.parametrize("text", ["", "h", "-1", "0", "nan", "inf", "1w"])
def test_what_is_no_time_is_refused(text: str):
    with pytest.raises(ValueError, match=r".*"):
        length_us(text)


def test_a_world_may_have_more_subscribers_than_a_prefix_has_numbers():
    world = build_world(2, 10_500, 20, 400)
    numbers = {line.number for line in world.lines}
    assert len(numbers) == len(world.lines) == 10_500 + 200 + 1
    with pytest.raises(ValueError, match="at most"):
        build_world(2, 1_000_000, 20, 400)
