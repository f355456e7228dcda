"""`calleq-sim run --faults`: a long run that is hurt and still proves its records."""

import json
from collections.abc import Callable

import pytest
from msgspec.structs import replace

from calleq.billing.derivation import derive_records
from calleq.billing.records import LegRecord, SessionRecord
from calleq.topology import Topology
from calleq.units import HOUR_US, SECOND_US
from simulator.engine import Plan, Result
from simulator.faults import long_run
from simulator.faults.kinds import KINDS
from simulator.faults.long_run import simulate_with_faults
from simulator.faults.network import FragileNetwork
from simulator.faults.proof import Proof, Truth
from simulator.people import Holding
from simulator.traffic import Arrival, arrivals
from simulator.world import build_world
from tests.live import calleq

CALLS = 600
LINE_DELAY_US = 1_500


def world() -> Topology:
    return build_world(1, 300, 4, 60)


def hurt_run(seed: int, faults: int, mutations: int = 0, calls: int = CALLS) -> Result:
    topology = world()
    plan = Plan(
        topology=topology,
        arrivals=arrivals(topology, seed, 5.0, calls=calls),
        seed=seed,
        holding=Holding("lognormal", 5 * SECOND_US),
        patience_us=30 * SECOND_US,
        calls=calls,
        faults=faults,
        mutations=mutations,
    )
    return simulate_with_faults(plan).result


@pytest.mark.row("S2-79", part=True)
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_records_equal_the_diary_to_the_microsecond_whatever_strikes(seed: int) -> None:
    result = hurt_run(seed, faults=40)
    assert result.breaches == ()
    assert (result.differences.records, result.differences.us) == (0, 0)
    assert sum(result.states.values()) == result.calls == CALLS
    assert sum(result.faults.values()) > 30
    assert len(result.faults) > 0.7 * len(KINDS)
    assert result.partial > 0
    assert result.littles_law < 1e-9
    assert set(result.states) >= {"completed", "failed"}


def test_several_stretches_are_one_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_run, "STRETCH_CALLS", 150)
    result = hurt_run(4, faults=30)
    assert result.breaches == ()
    assert (result.differences.records, result.calls) == (0, CALLS)


@pytest.mark.parametrize("wanted", [1, 25, 120])
def test_so_many_records_are_altered_and_just_those_are_found(wanted: int) -> None:
    result = hurt_run(5, faults=20, mutations=wanted)
    assert (result.altered, result.differences.records) == (wanted, wanted)


def test_a_hurt_run_repeats_and_another_seed_is_another() -> None:
    one, again, other = (hurt_run(seed, faults=10, calls=100) for seed in (6, 6, 7))
    assert one.digest == again.digest != other.digest
    assert one.faults == again.faults


# What the proof must notice, and what it must forgive.


class Street:
    """A network of one business, calls in it, and the proof of their records."""

    def __init__(self) -> None:
        self.network = FragileNetwork(world())
        self.records: list[SessionRecord] = []

    def call(self, customer: str) -> None:
        """A call of some customer to whoever is idle."""
        businesses = self.network.topology.businesses
        arrival = Arrival(0, businesses[0].identifier, businesses[0].password, customer)
        body = {
            "business_id": arrival.business,
            "password": arrival.password,
            "customer_number": arrival.customer,
        }
        self.network.submit(json.dumps(body).encode(), lambda reply: None)

    def passes(self, length_us: int) -> None:
        self.network.clock.advance_us(length_us)

    def rest(self) -> list[SessionRecord]:
        assert self.network.clock.run(24 * HOUR_US)
        return derive_records(self.network.entries())

    def prove(self, records: list[SessionRecord]) -> Proof:
        return Truth(self.network).prove(records)


def persons(topology: Topology, count: int) -> list[str]:
    numbers = [
        line.number
        for line in topology.lines
        if line.behaviour == "person" and line.number.startswith("+1212556")
    ]
    return numbers[:count]


@pytest.fixture
def street() -> Street:
    """Three calls; the clocks step in the first two, the switch dies in the last."""
    street = Street()
    first, second, third = persons(street.network.topology, 3)
    street.call(first)
    street.passes(2 * SECOND_US)
    street.network.step_clock(-HOUR_US)
    street.passes(10 * SECOND_US)
    street.network.step_clock(HOUR_US + SECOND_US)
    street.call(second)
    street.passes(60 * SECOND_US)
    street.call(third)
    street.passes(12 * SECOND_US)
    street.network.restart("ssp-62", 2 * SECOND_US)
    street.records = street.rest()
    return street


def altered(
    records: list[SessionRecord], call: int, change: Callable[[LegRecord], LegRecord]
) -> list[SessionRecord]:
    """The records with the first leg of a call changed."""
    legs = records[call].legs
    changed = replace(records[call], legs=(change(legs[0]), *legs[1:]))
    return [changed if place == call else record for place, record in enumerate(records)]


def test_steps_of_the_clock_change_no_length_and_a_death_is_told_as_partial(street: Street) -> None:
    assert street.prove(street.records) == Proof(0, 0, 1)
    legs = [leg for record in street.records for leg in record.legs]
    assert [leg.partial for leg in legs].count(True) == 1
    assert any(leg.clock_step_us for leg in legs)


def test_a_microsecond_is_noticed_though_clocks_step(street: Street) -> None:
    late = altered(street.records, 0, lambda leg: replace(leg, talk_us=leg.talk_us + 1))
    assert street.prove(late) == Proof(1, 1, 1)


def test_a_record_that_is_missing_is_noticed(street: Street) -> None:
    rest = [replace(street.records[0], legs=street.records[0].legs[1:]), *street.records[1:]]
    assert street.prove(rest) == Proof(1, 0, 1)


def test_a_leg_told_twice_is_noticed(street: Street) -> None:
    twice = replace(street.records[0], legs=(*street.records[0].legs, street.records[0].legs[0]))
    assert street.prove([twice, *street.records[1:]]) == Proof(1, 0, 1)


def test_a_partial_record_where_the_switch_lived_is_noticed(street: Street) -> None:
    partial = altered(street.records, 1, lambda leg: replace(leg, partial=True))
    assert street.prove(partial).records == 1


def test_a_partial_record_that_bills_more_than_was_lived_is_noticed(street: Street) -> None:
    broken = next(
        place
        for place, record in enumerate(street.records)
        if any(leg.partial for leg in record.legs)
    )
    more = altered(
        street.records, broken, lambda leg: replace(leg, talk_us=leg.talk_us + 60 * SECOND_US)
    )
    assert street.prove(more).records == 1


def test_an_answered_call_whose_switch_died_must_have_a_record(street: Street) -> None:
    without = [
        replace(record, legs=tuple(leg for leg in record.legs if not leg.partial))
        for record in street.records
    ]
    assert street.prove(without) == Proof(1, 0, 0)


def test_the_command_says_what_struck_and_what_came_of_it(tmp_path) -> None:
    done = calleq(
        *("run", "--calls", "150", "--faults", "12", "--seed", "2", "--report", str(tmp_path)),
        module="simulator.cli",
    )
    assert done.returncode == 0, done.stderr
    assert "differences    0 records, 0 us" in done.stdout
    assert "faults         " in done.stdout
    text = (tmp_path / "index.html").read_text("utf-8")
    assert "<h2>Faults</h2>" in text
    assert "--faults 12" in text


@pytest.mark.parametrize("seed", [15, 93, 108], ids=["GRA", "circuit", "number"])
def test_damaged_signalling_bars_no_circuit_and_spoils_no_proof(seed: int) -> None:
    """One bit is wrong in the answers to group resets (15), in an IAM (93, 108)."""
    done = calleq(
        *("run", "--calls", "120", "--faults", "8", "--seed", str(seed)), module="simulator.cli"
    )
    assert done.returncode == 0, done.stderr
