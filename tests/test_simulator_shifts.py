"""`calleq-sim shifts`: the same days of calls staffed in two ways, and people who come and go."""

import json
import pathlib

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.theory import erlang_c
from calleq.units import MINUTE_US, SECOND_US
from simulator.people import Holding
from simulator.queueing import Queue
from simulator.shifts import Demand, compare, in_blocks
from simulator.traffic import DAY_SHARES
from tests.live import calleq

WANTED = 0.8


def demand(calls: int = 5_000) -> Demand:
    return Demand(
        calls, Holding("exponential", 180 * SECOND_US), 120 * SECOND_US, WANTED, 20 * SECOND_US
    )


@pytest.mark.row("S2-65", part=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_split_shifts_at_home_reach_the_level_round_the_clock_with_fewer_paid_hours(
    seed: int,
) -> None:
    found = compare(demand(), block_hours=2, days=7, seed=seed)
    for staffing in (found.centre, found.home):
        assert min(staffing.staff) >= 1, "somebody is there at every hour"
        assert staffing.level >= WANTED
        assert staffing.worst_level >= WANTED - 0.1, "few calls come at night"
    assert found.home.paid_hours < 0.8 * found.centre.paid_hours
    assert found.home.occupancy > 1.2 * found.centre.occupancy, "peaks without idle staff"


@pytest.mark.row("S2-65", part=True)
def test_the_report_compares_both_and_says_how_to_repeat_it(tmp_path: pathlib.Path) -> None:
    options = ("shifts", "--days", "2", "--seed", "4")
    done = calleq(*options, "--report", str(tmp_path), module="simulator.cli")
    assert done.returncode == 0, done.stderr
    assert "fewer paid hours at home for 80% in time" in done.stdout
    text = (tmp_path / "shifts.html").read_text("utf-8")
    assert text.count("<svg") == 4
    assert "calleq-sim shifts --days 2 --seed 4" in text
    for outside in ("http://", "https://", "<script", "@import"):
        assert outside not in text
    told = json.loads(calleq(*options, "--json", module="simulator.cli").stdout)
    assert told["home"]["paid_hours"] < told["centre"]["paid_hours"]
    assert len(told["needed"]) == len(told["home"]["levels"]) == 24


def test_an_hour_needs_what_erlang_c_says_and_no_server_more() -> None:
    busiest = max(range(24), key=lambda hour: DAY_SHARES[hour])
    servers = demand().needed(busiest)
    erlangs = 5_000 * DAY_SHARES[busiest] / sum(DAY_SHARES) / 3_600 * 180
    assert erlang_c(servers, erlangs, 180).service_level(20) >= WANTED
    assert erlang_c(servers - 1, erlangs, 180).service_level(20) < WANTED


def test_longer_stretches_cost_more_and_a_whole_shift_costs_what_the_centre_does() -> None:
    needed = tuple(demand().needed(hour) for hour in range(24))
    paid = [sum(in_blocks(needed, hours)) for hours in (1, 2, 4, 8)]
    assert paid == sorted(paid)
    assert in_blocks(needed, 1) == needed


class Office:
    """A queue whose conversations last a minute, and what it was heard to do."""

    def __init__(self, servers: int) -> None:
        self.clock = VirtualClock()
        self.heard: list[tuple[int, int, bool]] = []
        self.queue = Queue(
            self.clock, servers, lambda: MINUTE_US, patience=lambda: 10 * MINUTE_US, heard=self.hear
        )

    def hear(self, since_us: int, waited_us: int, served: bool) -> None:
        self.heard.append((since_us // MINUTE_US, waited_us // MINUTE_US, served))

    def passes(self, minutes: float) -> None:
        self.clock.advance_us(round(minutes * MINUTE_US))


def test_who_is_sent_home_in_a_call_ends_it_and_is_paid_for_that() -> None:
    office = Office(2)
    office.queue.arrive()
    office.passes(0.5)
    office.queue.staff(0)
    office.queue.arrive()
    office.passes(5)
    assert office.heard == [(0, 0, True)], "nobody is there for the second"
    assert office.queue.overtime_us == MINUTE_US // 2
    office.passes(6)
    assert office.heard[1:] == [(0, 10, False)]


def test_who_comes_takes_those_who_wait_the_first_first() -> None:
    office = Office(0)
    for _ in range(3):
        office.queue.arrive()
        office.passes(1)
    office.queue.staff(2)
    assert office.heard == [(0, 3, True), (1, 2, True)]
    office.passes(1)
    assert office.heard[2:] == [(2, 2, True)]
    assert office.queue.overtime_us == 0


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--calls", "1"), "--calls 1: 24 to"),
        (("--block", "5"), "--block 5: 1, 2, 3, 4, 6, 8 expected"),
        (("--level", "1"), "--level 1: between 0 and 1"),
        (("--talk", "0"), "--talk 0: 1 to"),
    ],
)
def test_wrong_use_is_one_clear_line(options: tuple[str, ...], words: str) -> None:
    done = calleq("shifts", *options, module="simulator.cli")
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr
