"""calleq-sim: one seed is one run, and its proof tells a true record from a false one."""

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

import pytest

from calleq.network import point_codes
from calleq.telephones.diary import Diary, Event
from calleq.topology import check_topology
from calleq.trace.pcap import PcapTap
from simulator.run import BUSINESSES, CIRCUITS, CUSTOMERS, Result, offer, simulate
from simulator.traffic import poisson
from simulator.truth import Differences, Talk, differences, talks_of_diary
from simulator.virtual import SubmitError, VirtualNetwork
from simulator.world import build_world
from tests.live import ROOT, calleq

CALLS = 150


def run_json(*options: str, hash_seed: str = "0") -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "run", "--calls", str(CALLS), "--json", *options],
        cwd=ROOT,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    result: dict[str, object] = json.loads(done.stdout)
    return result


def small_run(seed: int, *, circuits: int = CIRCUITS, calls: int = CALLS) -> Result:
    world = build_world(seed, CUSTOMERS, BUSINESSES, circuits)
    return simulate(world, calls=calls, seed=seed, rate=5.0, pcap=None, show=False)


def test_a_seed_is_a_run_whatever_the_hash_seed_and_another_seed_is_another():
    first = run_json("--seed", "3", hash_seed="1")
    again = run_json("--seed", "3", hash_seed="2")
    other = run_json("--seed", "4")
    assert first["digest"] == again["digest"]
    assert first["digest"] != other["digest"]


def test_the_result_has_the_names_that_others_build_on():
    result = run_json("--seed", "5")
    assert result["calls"] == CALLS
    assert 0 < int(str(result["completed"])) < CALLS
    assert result["differences"] == {"records": 0, "us": 0}
    assert set(result) >= {"calls", "completed", "digest", "measures", "isup_messages", "cpu_s"}
    measures = result["measures"]
    assert isinstance(measures, dict)
    assert 0 < measures["ASR"]["value"] <= measures["NER"]["value"] <= 1


def test_every_offered_call_has_one_final_state_and_records_equal_the_diary():
    result = small_run(6)
    assert sum(result.states.values()) == result.calls == CALLS
    assert "" not in result.states
    assert result.differences == Differences(0, 0)


def test_a_network_short_of_circuits_turns_calls_away_and_dials_no_customer_for_them():
    result = small_run(7, circuits=12)
    assert result.states["failed"] > 10
    assert result.measures["ABR"].value < result.measures["ASR"].value
    assert result.differences == Differences(0, 0)


def test_one_microsecond_more_or_one_record_less_shows():
    truth = [Talk("+12125560001", 10, 500), Talk("+12125560001", 900, 70)]
    assert differences(truth, truth) == Differences(0, 0)
    assert differences(truth, [truth[0], Talk("+12125560001", 900, 71)]) == Differences(0, 1)
    assert differences(truth, truth[:1]) == Differences(1, 0)
    assert differences(truth, [*truth, Talk("+12125560002", 1, 1)]) == Differences(1, 0)


def test_the_truth_reckons_with_the_line_delay():
    world = VirtualNetwork(build_world(1, 10, 1, 4))
    diary = Diary(world.clock)
    diary.note("+12125560001", Event.ANSWERS)
    world.clock.advance_us(10_000)
    diary.note("+12125560001", Event.RELEASED)
    (talk,) = talks_of_diary(diary.entries(), line_delay_us=1_500)
    assert talk.talk_us == 7_000


def test_a_world_is_a_valid_network_and_its_traffic_follows_from_the_seed():
    world = build_world(9, 100, 4, 10)
    check_topology(world)
    assert list(poisson(world, 9, 20, 1.0)) == list(poisson(world, 9, 20, 1.0))
    assert list(poisson(world, 9, 20, 1.0)) != list(poisson(world, 10, 20, 1.0))


def test_a_refused_message_says_why_and_makes_no_call():
    virtual = VirtualNetwork(build_world(1, 10, 1, 4))
    with pytest.raises(SubmitError, match="business or password not accepted"):
        virtual.place(
            b'{"business_id": "b000", "password": "x", "customer_number": "+12125560001"}'
        )
    assert virtual.records() == []


@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("run", "--calls", "0"), 2, "--calls 0"),
        (("run", "--rate", "-1"), 2, "--rate -1"),
        (("run", "--pcap", "no/such/dir/x.pcap"), 2, "no/such/dir/x.pcap"),
        (("call", "--customer", "12"), 1, "/customer_number"),
        (("call", "--customer", "+12125550100", "--network", "none.toml"), 2, "none.toml"),
        (("call", "--customer", "+12125550100", "--password", "x"), 1, "not accepted"),
    ],
)
def test_wrong_use_is_one_clear_line(options: tuple[str, ...], status: int, words: str):
    done = calleq(*options, module="simulator.cli")
    assert done.returncode == status
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.foreign("tshark")
def test_tshark_reads_a_run_of_1000_calls_as_we_recorded_it(tmp_path: pathlib.Path):
    world = build_world(11, CUSTOMERS, BUSINESSES, CIRCUITS)
    file = tmp_path / "busy.pcap"
    with file.open("wb") as pcap:
        virtual = VirtualNetwork(world, seed=11, tap=PcapTap(pcap, point_codes(world)))
        offer(virtual, calls=1_000, seed=11, rate=5.0)
    read = subprocess.run(
        [
            *("tshark", "-r", str(file), "-T", "fields", "-E", "separator=,"),
            *("-e", "mtp3.opc", "-e", "isup.cic", "-e", "isup.message_type"),
            *("-e", "e164.called_party_number.digits", "-e", "isup.cause_indicator"),
            *("-e", "_ws.malformed", "-e", "_ws.expert.severity", "-e", "mtp3.dpc"),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    rows = [line.split(",") for line in read.stdout.splitlines()]
    assert len(rows) > 10_000
    assert all(row[5] == "" and row[6] == "" for row in rows)
    peripheral = str(virtual.point_codes()["ip-76"])
    seen = sorted((row[3], int(row[1])) for row in rows if row[2] == "1" and row[0] == peripheral)
    legs = [leg for record in virtual.records() for leg in record.legs]
    recorded = sorted((leg.number.removeprefix("+"), leg.route[0].cic) for leg in legs)
    assert seen == recorded
    first_hop = [row for row in rows if peripheral in (row[0], row[7])]
    released = Counter(row[4] for row in first_hop if row[2] == "12" and row[4] != "16")
    assert released == Counter(str(leg.cause) for leg in legs if leg.cause != 16)
    assert released.keys() >= {"17", "19", "21"}
