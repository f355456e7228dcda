"""calleq-sim: one seed is one run, and its proof tells a true record from a false one."""

import json
import os
import pathlib
import subprocess
import sys
from collections import Counter

import pytest
from msgspec.structs import replace

from calleq.network_nodes import point_codes
from calleq.ss7 import mtp3_codec
from calleq.ss7.mtp3 import Msu
from calleq.ss7.variant import ITU
from calleq.telephones.diary import Diary, Event
from calleq.telephones.habits import HABITS, PICK_UP_US
from calleq.topology import check_topology
from calleq.trace.pcap import PcapTap
from simulator.engine import Result
from simulator.foreign import tshark_fields
from simulator.foreign.check_capture import Reader, check
from simulator.foreign.frames import Packet, read_packets
from simulator.mutate import WAYS
from simulator.offers import drain, offer
from simulator.run import BUSINESSES, CIRCUITS, CUSTOMERS
from simulator.traffic import poisson
from simulator.truth import Differences, Talk, differences, talks_of_diary
from simulator.verify import small_run
from simulator.virtual import SubmitError, VirtualNetwork
from simulator.world import build_world
from tests.live import ROOT, calleq

STORED = pathlib.Path(__file__).parent / "data" / "digests.json"
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


def proved(seed: int, calls: int = CALLS, **options: int) -> Result:
    return small_run(seed, calls, **options).result


def test_every_offered_call_has_one_final_state_and_records_equal_the_diary():
    result = proved(6)
    assert sum(result.states.values()) == result.calls == CALLS
    assert "" not in result.states
    assert result.differences == Differences(0, 0)


def test_a_network_short_of_circuits_turns_calls_away_and_dials_no_customer_for_them():
    result = json.loads(
        calleq(
            *("run", "--calls", "200", "--circuits", "6", "--seed", "7", "--json"),
            module="simulator.cli",
        ).stdout
    )
    assert result["states"]["failed"] == result["lost"]["34"] > 10
    measures = result["measures"]
    assert measures["ABR"]["value"] < measures["ASR"]["value"]
    assert measures["concurrent_max"]["value"] <= 6 + result["lost"]["34"]
    assert measures["blocking"]["value"] == result["lost"]["34"] / 200
    assert result["differences"] == {"records": 0, "us": 0}


@pytest.mark.row("S2-79", part=True)
def test_2000_calls_have_no_record_and_no_microsecond_of_difference():
    result = proved(21, calls=2_000)
    assert result.differences == Differences(0, 0)
    assert result.littles_law <= 1e-9
    assert set(result.states) >= {"completed", "customer_busy", "customer_abandoned"}


@pytest.mark.parametrize("wanted", [1, 2, 17, 150])
def test_records_altered_on_purpose_are_found_and_no_others(wanted: int):
    result = proved(22 + wanted, calls=300, mutations=wanted)
    assert result.altered == wanted
    assert result.differences.records == wanted


@pytest.mark.parametrize("way", WAYS)
def test_every_way_of_altering_a_record_is_found(way: str, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("simulator.mutate.WAYS", (way,))
    result = proved(23, calls=300, mutations=60)
    assert (result.altered, result.differences.records) == (60, 60)
    assert (result.differences.us > 0) == (way == "us")


def test_the_digest_of_a_run_is_the_stored_one_whatever_version_of_python_runs():
    stored = json.loads(STORED.read_text())
    found = {str(seed): proved(seed).digest for seed in (6, 7)}
    assert found == stored, "octets, times or records have changed: store the new digests if meant"


def test_one_octet_changes_the_digest(monkeypatch: pytest.MonkeyPatch):
    before = proved(6, calls=20).digest
    encode = mtp3_codec.encode
    seen = 0

    def flipped(msu: Msu) -> bytes:
        nonlocal seen
        seen += 1
        if seen != 7:
            return encode(msu)
        changed = bytearray(msu.payload)
        changed[-1] ^= 0x01
        return encode(replace(msu, payload=bytes(changed)))

    monkeypatch.setattr(mtp3_codec, "encode", flipped)
    assert proved(6, calls=20).digest != before


def test_one_timer_and_one_delay_change_the_digest(monkeypatch: pytest.MonkeyPatch):
    before = proved(6, calls=20).digest
    assert proved(6, calls=20, line_delay_us=1_501).digest != before
    slower = replace(HABITS["person"], answers_after_us=PICK_UP_US + 1)
    monkeypatch.setitem(HABITS, "person", slower)
    assert proved(6, calls=20).digest != before


def test_one_microsecond_more_or_one_record_less_shows():
    truth = [Talk("+12125560001", 10, 500), Talk("+12125560001", 900, 70)]
    assert differences(truth, truth) == Differences(0, 0)
    assert differences(truth, [truth[0], Talk("+12125560001", 900, 71)]) == Differences(1, 1)
    assert differences(truth, truth[:1]) == Differences(1, 0)
    assert differences(truth, [*truth, Talk("+12125560002", 1, 1)]) == Differences(1, 0)
    assert differences(truth, [truth[0], Talk("+12125560009", 900, 70)]) == Differences(1, 0)
    assert differences(truth, [Talk("+12125560009", 10, 500)]) == Differences(2, 0)


def diary_of(*events: tuple[int, Event, int]) -> list[Talk]:
    """The calls of one telephone's diary, as its switch at 1 500 microseconds saw them."""
    world = VirtualNetwork(build_world(1, 10, 1, 4))
    diary, start_us = Diary(world.clock), world.clock.monotonic_us()
    for at_us, event, cause in events:
        world.clock.advance_us(start_us + at_us - world.clock.monotonic_us())
        diary.note("+12125560001", event, cause=cause)
    return talks_of_diary(diary.entries(), line_delay_us=1_500)


def test_the_truth_reckons_with_the_line_delay():
    rings, answers = (0, Event.RINGS, 0), (50_000, Event.ANSWERS, 0)
    (talk,) = diary_of(rings, answers, (60_000, Event.RELEASED, 16))
    assert (talk.ring_us, talk.talk_us, talk.released_by) == (50_000, 7_000, "network")
    (talk,) = diary_of(rings, answers, (60_000, Event.HANGS_UP, 16))
    assert (talk.ring_us, talk.talk_us, talk.released_by) == (50_000, 10_000, "line")


def test_a_telephone_that_the_release_meets_before_its_first_ring_is_heard_of_never_rang():
    (talk,) = diary_of((0, Event.RINGS, 0), (2_886, Event.STOPS_RINGING, 41))
    assert (talk.ringing_at_us, talk.ring_us, talk.cause) == (None, 0, 41)
    (talk,) = diary_of((0, Event.RINGS, 0), (3_000, Event.STOPS_RINGING, 41))
    assert talk.ringing_at_us is not None
    assert talk.ring_us == 0


def test_what_crosses_the_networks_release_came_too_late_for_the_switch():
    rings, answers = (0, Event.RINGS, 0), (50_000, Event.ANSWERS, 0)
    hangs_up, crossed = (60_000, Event.HANGS_UP, 16), (61_000, Event.CROSSED, 16)
    (talk,) = diary_of(rings, answers, hangs_up, crossed)
    assert (talk.talk_us, talk.released_by) == (8_000, "network")
    (talk,) = diary_of(rings, answers, (51_000, Event.RELEASED, 16))
    assert talk.answered_at_us is None
    assert (talk.ring_us, talk.talk_us) == (48_000, 0)


def test_a_turned_away_call_was_never_answered():
    (talk,) = diary_of((0, Event.REFUSES, 17))
    assert (talk.answered_at_us, talk.talk_us, talk.cause, talk.released_by) == (
        None,
        0,
        17,
        "line",
    )
    (talk,) = diary_of((0, Event.RINGS, 0), (9_000, Event.STOPS_RINGING, 16))
    assert (talk.ring_us, talk.cause, talk.released_by) == (6_000, 16, "network")


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
        (("run", "--rate", "1", "--erlangs", "1"), 2, "--rate and --erlangs"),
        (("run", "--erlangs", "0"), 2, "--erlangs 0"),
        (("run", "--circuits", "0"), 2, "--circuits 0"),
        (("run", "--duration", "long"), 2, "--duration long"),
        (("run", "--talk", "9h"), 2, "--talk 9h"),
        (("run", "--arrivals", "poison"), 2, "--arrivals poison"),
        (("run", "--arrivals", "trace:none.csv"), 2, "none.csv"),
        (("run", "--holding", "empirical:none.txt"), 2, "none.txt"),
        (("run", "--holding", "fixed"), 2, "--holding fixed"),
        (("run", "--mutate-records", "9", "--calls", "8"), 2, "--mutate-records 9"),
        (
            ("run", "--mutate-records", "20", "--calls", "20", "--circuits", "1", "--rate", "20"),
            *(1, "of 20 records were altered"),
        ),
        (("run", "--faults", "9", "--calls", "8"), 2, "--faults 9"),
        (("run", "--faults", "-1"), 2, "--faults -1"),
        (("run", "--faults", "1", "--duration", "10", "--rate", "1"), 2, "--faults 1"),
        (("verify", "--seeds", "3"), 2, "--seeds 3"),
        (("run", "--pcap", "no/such/dir/x.pcap"), 2, "no/such/dir/x.pcap"),
        (("run", "--frames", "no/such/dir/x.pcap"), 2, "no/such/dir/x.pcap"),
        (("run", "--frames", "/dev/null", "--calls", "9", "--faults", "1"), 2, "--frames"),
        (("run", "--variant", "ttc"), 2, "--variant"),
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
def test_a_file_that_cannot_be_compared_is_named_in_one_line(tmp_path: pathlib.Path):
    whole, cut, other = (tmp_path / name for name in ("whole.pcap", "cut.pcap", "other.pcap"))
    done = calleq("run", "--calls", "2", "--frames", str(whole), module="simulator.cli")
    assert done.returncode == 0, done.stderr
    cut.write_bytes(whole.read_bytes()[:-3])
    other.write_text("no capture at all\n")
    for path, words in (
        (tmp_path / "none.pcap", "none.pcap: No such file"),
        (other, "other.pcap: neither pcap nor pcapng"),
        (cut, "cut.pcap: the last packet is cut off"),
    ):
        done = calleq("check-capture", str(path), module="simulator.cli")
        assert done.returncode == 2
        assert words in done.stderr
        assert "Traceback" not in done.stderr
    done = calleq("check-capture", str(whole), module="simulator.cli")
    assert done.returncode == 0
    assert "0 malformed, 0 warned of, 0 not read here, 0 wrong fields" in done.stdout


def test_what_tshark_would_read_otherwise_is_a_difference(tmp_path: pathlib.Path):
    """Another circuit, and a field that it does not show, whoever of the two is wrong."""
    path = tmp_path / "units.pcap"
    calleq("run", "--calls", "2", "--pcap", str(path), module="simulator.cli")
    reader = Reader(ITU)
    with path.open("rb") as file:
        packets = list(read_packets(file))
    changed = next(one for one in packets if reader.read(one)[0] == "IAM")
    _, wanted = reader.read(changed)
    seen = {name: [str(value) for value in values] for name, values in wanted.items()}
    assert tshark_fields.differences(seen, wanted) == []
    other = Packet(mtp3_codec.encode(Msu(2, 1, 3, b"\x09", service=9)), is_frame=False)
    assert reader.read(other) == ("service 9", tshark_fields.label_fields(Msu(2, 1, 3, b"", 9)))
    seen["isup.cic"] = ["99"]
    del seen["isup.satellite_indicator"][:]
    assert [text.split(" ")[0] for text in tshark_fields.differences(seen, wanted)] == [
        "isup.cic",
        "isup.satellite_indicator",
    ]


@pytest.mark.foreign("tshark")
def test_tshark_reads_a_run_of_1000_calls_as_we_recorded_it(tmp_path: pathlib.Path):
    world = build_world(11, CUSTOMERS, BUSINESSES, CIRCUITS)
    file = tmp_path / "busy.pcap"
    with file.open("wb") as pcap:
        virtual = VirtualNetwork(world, seed=11, tap=PcapTap(pcap, point_codes(world)))
        drain(virtual, offer(virtual, poisson(world, 11, 1_000, 5.0)))
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
    found = check(file, ITU)
    assert found.passed, found.told
    assert found.frames == len(rows)
    assert found.fields > 12 * found.frames
