"""Faults at random and by name: every rule holds in each, and a broken rule is noticed."""

import json

import msgspec
import pytest

from calleq.billing.derivation import derive_records
from calleq.door.replies import Reply
from calleq.journal.entries import (
    Dialled,
    Ended,
    LineAnswered,
    LineReleased,
    Stamped,
    Transit,
)
from calleq.messages.answers import CallAccepted
from calleq.topology import Behaviour, Timing
from calleq.units import HOUR_US, SECOND_US
from simulator.faults.invariants import breaches, records_against_diary, rest_of
from simulator.faults.kinds import KINDS
from simulator.faults.matrix import APPROACHES
from simulator.faults.network import FragileNetwork
from simulator.faults.outages import FaultError
from simulator.faults.random_world import plan, play
from simulator.faults.seeds import run_seeds
from simulator.faults.small import AGENTS, CUSTOMERS, PASSWORD, small_world
from simulator.faults.table import run_matrix
from tests.live import calleq

SEEDS = 2_000
CPU_MS_PER_SEED = 20.0
COMPANY = 1.6
"""Another worker of the tests runs on the same processor: measured at up to 1.5."""
CUSTOMER, AGENT = CUSTOMERS[0], AGENTS[0]


class Scene:
    """A small network with a call in it."""

    def __init__(
        self, behaviours: dict[str, Behaviour] | None = None, talk_us: int = 5 * SECOND_US
    ) -> None:
        topology = small_world(behaviours or {}, timing=Timing(ring_limit_s=12.0))
        self.network = FragileNetwork(topology, talk_us=talk_us, settle_us=0)
        self.clock = self.network.clock
        self.before = rest_of(self.network)
        self.calls: list[str] = []

    def post(self, representative: str = AGENT, **more: object) -> None:
        body = {
            "business_id": "small",
            "password": PASSWORD,
            "customer_number": CUSTOMER,
            "representative_number": representative,
            **more,
        }
        self.network.submit(json.dumps(body).encode(), self._answered)

    def _answered(self, reply: Reply) -> None:
        assert isinstance(reply.view, CallAccepted)
        self.calls.append(reply.view.call)

    def until(self, number: str, event: str) -> None:
        """Let time pass until something has happened at a telephone."""
        while event not in self.network.diary.events(number):
            assert self.clock.run_next(), f"{number} never {event}"

    def rest(self) -> list[str]:
        """Let the network come to rest; the rules that are broken."""
        assert self.clock.run(24 * HOUR_US)
        return breaches(self.network, self.before, self.calls)

    def state(self) -> str:
        running = self.network.running(self.network.server)
        assert running is not None
        assert running.server is not None
        view = running.server.call(self.calls[0], "small")
        assert view is not None
        return view.state


# At random and by name.


def test_every_rule_holds_in_2000_small_worlds_with_random_faults() -> None:
    tally = run_seeds(1, SEEDS, workers=2)
    assert tally.broken == ()
    assert tally.broken_count == 0
    assert set(tally.struck) >= {kind.name for kind in KINDS} - {"no coverage"}
    assert len(tally.states) >= 9


def test_a_seed_costs_little() -> None:
    """20 ms of a processor that does nothing else; in company even processor time is longer."""
    least_ms = min(run_seeds(1, 200, workers=1).cpu_ms_per_seed for _ in range(3))
    assert least_ms < COMPANY * CPU_MS_PER_SEED


def test_every_rule_holds_after_every_fault_in_every_state_of_a_call() -> None:
    assert len(KINDS) >= 25
    cells = run_matrix(2, None, None, show=False)
    assert len(cells) == len(KINDS) * len(APPROACHES)
    assert [cell for cell in cells if cell.breaches or cell.outcome == "not reached"] == []
    struck = [cell for cell in cells if cell.outcome != "-"]
    assert len(struck) > 0.9 * len(cells)


def test_a_seed_is_the_same_world_and_run_every_time() -> None:
    assert [plan(seed) for seed in range(50)] == [plan(seed) for seed in range(50)]
    assert len({msgspec.json.encode(plan(seed)) for seed in range(50)}) == 50
    assert [play(plan(seed)) for seed in range(20)] == [play(plan(seed)) for seed in range(20)]


def test_the_commands_show_what_they_did() -> None:
    one = calleq("seeds", "--n", "1", "--seed", "5", module="simulator.cli")
    assert one.returncode == 0
    assert "everything is mended" in one.stdout
    tally = json.loads(calleq("seeds", "--n", "3", "--json", module="simulator.cli").stdout)
    assert (tally["seeds"], tally["broken_count"]) == (3, 0)
    row = calleq("faults", "--state", "Bridged", module="simulator.cli")
    assert row.returncode == 0
    assert "0 broke a rule" in row.stdout
    kinds = calleq("faults", "--kinds", "--json", module="simulator.cli")
    assert len(json.loads(kinds.stdout)) == len(KINDS)


# A broken rule is noticed.


def finished() -> Scene:
    """A call that is over, nothing wrong with it."""
    scene = Scene()
    scene.post()
    assert scene.rest() == []
    assert scene.state() == "completed"
    return scene


def rewrite(scene: Scene, kind: type, change: str) -> None:
    """Leave out, or double, or lengthen, the last entry of a kind on whatever disk has one."""
    for process in scene.network.processes.values():
        entries = process.disk.entries
        places = [place for place, stamped in enumerate(entries) if isinstance(stamped.entry, kind)]
        if not places:
            continue
        place = places[-1]
        stamped = entries[place]
        match change:
            case "left out":
                del entries[place]
            case "twice":
                sequence = max(one.sequence for one in entries) + 1
                entries.append(msgspec.structs.replace(stamped, sequence=sequence))
            case "1 us later":
                entries[place] = Stamped(
                    stamped.entity,
                    stamped.sequence,
                    stamped.at_us + 1,
                    stamped.monotonic_us + 1,
                    stamped.entry,
                )
        return
    raise AssertionError(f"no {kind.__name__} was written")


@pytest.mark.parametrize(
    ("kind", "change", "words"),
    [
        (Ended, "left out", "has no final state at"),
        (Ended, "twice", "ended 2 times at"),
        (Dialled, "twice", "was dialled 2 times"),
        (Dialled, "left out", "rang 1 times, dialled 0 times"),
        (LineAnswered, "left out", "answered 1 calls, 0 recorded"),
        (LineReleased, "left out", "the record is partial and"),
        (LineReleased, "1 us later", "us were talked"),
        (Transit, "left out", "answered 1 calls, 0 recorded"),
    ],
)
def test_a_journal_that_is_not_true_breaks_a_rule(kind: type, change: str, words: str) -> None:
    scene = finished()
    rewrite(scene, kind, change)
    assert words in " | ".join(breaches(scene.network, scene.before, scene.calls))


def test_what_is_left_in_use_breaks_a_rule() -> None:
    scene = Scene(talk_us=3_600 * SECOND_US)
    scene.post()
    scene.until(AGENT, "answers")
    found = " | ".join(breaches(scene.network, scene.before, scene.calls))
    for words in ("circuits of 76-62 in use", "carries 1 calls", "is Talking", "ip-76 has 1 calls"):
        assert words in found
    assert "has no final state" in found


# What seeds, matrix and sweeps have found.


@pytest.mark.parametrize("gone_us", [12_000, 13_000, 14_000, 15_000, 16_000])
def test_no_music_is_begun_for_a_customer_who_has_just_left(gone_us: int) -> None:
    """It would have played for ever: the leg was gone and the machine did not know yet."""
    scene = Scene()
    scene.post()
    scene.until(AGENT, "answers")
    scene.clock.advance_us(gone_us)
    scene.network.telephones.hang_up(CUSTOMER)
    assert scene.rest() == []


def test_a_customer_who_answers_and_hangs_up_at_once_has_abandoned() -> None:
    """The answer was not written down yet, so the network only saw a release with cause 16."""
    scene = Scene()
    scene.post()
    scene.until(CUSTOMER, "answers")
    scene.network.telephones.hang_up(CUSTOMER)
    assert scene.rest() == []
    assert scene.state() == "customer_abandoned"


def test_a_call_that_was_routed_on_a_detour_has_true_records() -> None:
    """Each choice of a circuit was taken for another call that came by the same one."""
    scene = Scene()
    scene.network.isolate("ssp-64")
    scene.clock.advance_us(SECOND_US)
    for switch in ("ssp-62", "ssp-66", "mtso-65"):  # their circuits to SSP 64 are under reset now
        scene.network.restart(switch, SECOND_US)
    scene.clock.advance_us(2 * SECOND_US)
    scene.post(AGENTS[0])
    scene.clock.advance_us(60 * SECOND_US)
    scene.network.mend()
    assert scene.rest() == []
    transits = [one.entry for one in scene.network.entries() if isinstance(one.entry, Transit)]
    assert any(entry.again for entry in transits)
    (record,) = derive_records(scene.network.entries())
    assert [leg.number for leg in record.legs if leg.talk_us] == [CUSTOMER, AGENTS[2]]


@pytest.mark.parametrize("step_us", [HOUR_US, -HOUR_US, -SECOND_US])
@pytest.mark.parametrize("elapsed_us", [5_500, 4_022_500, 8_000_000])
def test_records_are_joined_and_lengths_are_true_whatever_the_wall_clocks_do(
    step_us: int, elapsed_us: int
) -> None:
    """A second repeated while an IAM was on its way left the leg unbilled."""
    scene = Scene()
    scene.post()
    scene.clock.advance_us(elapsed_us)
    scene.network.step_clock(step_us)
    assert scene.rest() == []
    (record,) = derive_records(scene.network.entries())
    assert [leg.talk_us > 5 * SECOND_US for leg in record.legs] == [True, True]


def test_an_end_that_was_lost_is_asked_for() -> None:
    """The call stayed open at the access server for ever."""
    scene = Scene()
    scene.post()
    scene.until(AGENT, "answers")
    name = scene.network.peripheral
    journal = scene.network.processes[name].journal
    assert journal is not None
    while not any(isinstance(stamped.entry, Ended) for stamped, _ in journal._group):
        assert scene.clock.run_next()
    scene.network.restart(name, SECOND_US, keep=journal.pending)
    assert scene.rest() == []
    assert scene.state() == "completed"


MOBILE = "+12125550111"


@pytest.mark.parametrize("back_s", [None, 3, 9, 11, 14])
@pytest.mark.parametrize("left_s", [1, 4, 5, 6, 9])
def test_a_call_out_of_reach_is_recorded_to_about_when_both_ends_gave_it_up(
    left_s: int, back_s: int | None
) -> None:
    """Seed 200037: the switch gives a lost telephone up some seconds before it does so itself."""
    scene = Scene(talk_us=60 * SECOND_US)
    scene.post(customer_number=MOBILE)
    scene.clock.advance_us(left_s * SECOND_US)
    scene.network.cover(MOBILE, covered=False)
    if back_s is not None:
        scene.clock.advance_us(back_s * SECOND_US)
        scene.network.cover(MOBILE, covered=True)
    assert scene.rest() == []


def test_a_record_that_goes_on_long_after_its_telephone_was_lost_is_noticed() -> None:
    scene = Scene(talk_us=60 * SECOND_US)
    scene.post(customer_number=MOBILE)
    scene.until(AGENT, "answers")
    scene.network.cover(MOBILE, covered=False)
    assert scene.rest() == []
    records = derive_records(scene.network.entries())
    legs = records[0].legs
    longer = msgspec.structs.replace(legs[0], talk_us=legs[0].talk_us + 20 * SECOND_US)
    told = [msgspec.structs.replace(records[0], legs=(longer, *legs[1:]))]
    (found,) = records_against_diary(scene.network, told)
    assert "out of reach" in found


# What cannot be done.


def test_what_cannot_be_done_to_a_network_is_refused() -> None:
    network = Scene().network
    for wrong in (
        lambda: network.kill("ip-77"),
        lambda: network.kill("telephones"),
        lambda: network.begin("ip-76"),
        lambda: network.fail_link("a/b"),
        lambda: network.cover("+1", covered=True),
        lambda: network.set_disk("ip-76", "round"),
    ):
        with pytest.raises(FaultError):
            wrong()
    network.kill("ip-76")
    with pytest.raises(FaultError, match="dead already"):
        network.kill("ip-76")


def test_a_failed_link_stays_failed_when_its_node_begins_again() -> None:
    network = Scene().network
    network.fail_link("ip-76/stp-68")
    network.kill("ip-76")
    assert network.is_link_failed("ip-76/stp-70")
    network.begin("ip-76")
    assert network.is_link_failed("ip-76/stp-68")
    assert not network.is_link_failed("ip-76/stp-70")
