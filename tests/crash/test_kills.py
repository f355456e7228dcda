"""Processes killed at every durable step lose nothing, and a switch that did would be caught."""

import json
import os
from collections.abc import Iterable

import msgspec
import pytest

from calleq.calling_logic.logic import CallingLogic
from calleq.journal.entries import Dialled, Stamped
from calleq.journal.writer import JournalWriter
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ssp.switch import SwitchService
from simulator.crash.kills import kill_share
from simulator.crash.outside import FaultError, Outside
from simulator.crash.verdict import Verdict, judge
from simulator.crash.world import FAR, build_world
from tests.live import calleq

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

WHOLE, PART = 2, 1
"""Seeds of worlds in which the whole network is killed, and some elements."""


def test_a_thousand_kills_at_every_durable_step_leave_nothing_lost_doubled_or_stuck() -> None:
    done = calleq(
        *("crash", "--kills", "1000", "--power-losses", "0", "--seed", "1", "--json"),
        module="simulator.cli",
        timeout=300,
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["clean"]
    assert found["kills"]["examples"] == []
    kills = found["kills"]
    assert kills["kills"] >= 1_000
    assert kills["calls_accepted"] > 2_000
    assert kills["calls_interrupted"] > 500
    failures = {name: kills[name] for name in Verdict().failures()}
    assert failures == dict.fromkeys(failures, 0)


def test_half_of_the_worlds_kill_a_part_of_the_network_and_the_parts_differ() -> None:
    worlds = [build_world(seed) for seed in range(1, 41)]
    whole = max((world.inside for world in worlds), key=len)
    assert all(FAR in world.outside for world in worlds)
    assert [world.inside == whole for world in worlds[1::2]] == [True] * 20
    parts = {world.inside for world in worlds[::2]}
    assert len(parts) > 15
    assert {element for part in parts for element in part} == whole
    assert any(len(part) == 1 for part in parts)


def test_a_world_without_a_kill_is_lived_in_one_life(tmp_path) -> None:
    outside = Outside(build_world(WHOLE), tmp_path / "network.journal", ())
    verdict = judge(outside, outside.run())
    assert verdict.clean
    assert (verdict.kills, verdict.calls_accepted, verdict.calls_interrupted) == (0, 3, 0)
    assert outside.lives == 1


def test_a_kill_at_the_same_step_leaves_the_same_world(tmp_path) -> None:
    def lived(name: str) -> list[object]:
        outside = Outside(build_world(WHOLE), tmp_path / name / "network.journal", (80, 20))
        outside.run()
        assert outside.lives == 3
        return [outside.side.diary.entries(), outside.memory.entries, outside.client.promised]

    assert lived("one") == lived("other")


def test_one_world_is_lived_again_by_its_seed_and_steps() -> None:
    options = ("crash", "--seed", str(WHOLE), "--at", "80,20", "--json")
    done = calleq(*options, module="simulator.cli")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["kills"]["kills"] == 2
    done = calleq("crash", "--at", "eighty", module="simulator.cli")
    assert done.returncode == 2
    assert "--at eighty" in done.stderr


# The harness notices what it is there for.


def killed(seed: int) -> Verdict:
    """An eighth of the kills of a world."""
    return kill_share(seed, 0)


def test_a_peripheral_that_dials_again_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    restart = CallingLogic.restart

    def forgetful(self: CallingLogic, entries: Iterable[Stamped]) -> int:
        return restart(self, [s for s in entries if not isinstance(s.entry, Dialled)])

    monkeypatch.setattr(CallingLogic, "restart", forgetful)
    found = killed(WHOLE)
    assert found.dialled_twice > 0
    assert found.examples[0].startswith(f"--seed {WHOLE} --at ")


def test_a_network_that_resets_no_circuit_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IsupExchange, "reset", lambda self, group: None)
    assert killed(WHOLE).orphan_legs > 0
    found = killed(PART)
    assert found.orphan_legs > 0
    assert found.stuck_circuits > 0


def test_a_switch_that_closes_open_calls_at_the_restart_is_needed_for_true_records(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Without it a record would go on until the session's end, long after the telephone's."""
    monkeypatch.setattr(SwitchService, "restart", lambda self, entries: 0)
    assert killed(WHOLE).records_untrue > 0


def test_a_journal_that_says_durable_before_it_writes_is_caught(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    commit = JournalWriter.commit
    held: dict[int, tuple[list[bytes], list[Stamped]]] = {}

    def late(self: JournalWriter, payloads: list[bytes], entries: list[Stamped]) -> None:
        before = held.pop(id(self), None)
        held[id(self)] = (payloads, entries)
        if before is not None:
            commit(self, *before)

    monkeypatch.setattr(JournalWriter, "commit", late)
    found = killed(WHOLE)
    assert found.accepted_lost + found.not_one_final_state > 0


def test_a_fault_of_the_process_itself_is_no_kill(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken(self: CallingLogic, sender: str, octets: bytes) -> None:
        raise RuntimeError("a fault of its own")

    monkeypatch.setattr(CallingLogic, "receive", broken)
    with pytest.raises(FaultError, match="ended by itself"):
        kill_share(WHOLE, 0)
    assert "a fault of its own" in capfd.readouterr().err


def test_a_verdict_is_clean_only_when_every_count_that_must_be_0_is() -> None:
    counts = Verdict(kills=5, worlds=1, calls_accepted=9, calls_interrupted=2)
    assert counts.clean
    for name in counts.failures():
        assert not msgspec.structs.replace(counts, **{name: 1}).clean
