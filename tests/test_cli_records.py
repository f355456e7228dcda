"""`calleq cdr …` and `calleq rebuild` as people and programs run them."""

import hashlib
import json
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path
from typing import Any

import pytest

from calleq.billing import derive_records, records_as_json
from calleq.cli.main import main
from tests.billing_scene import SECOND, Journals, completed_call
from tests.journals import JournalFile, write_journals
from tests.live import LiveNetwork, calleq
from tests.random_network import RandomNetwork

NETWORK = RandomNetwork(60, 150)
RECORDS = derive_records(NETWORK.entries)


@pytest.fixture
def data(tmp_path: Path) -> Path:
    directory = tmp_path / "data"
    directory.mkdir()
    write_journals(directory, NETWORK.entries)
    return directory


@dataclass(frozen=True)
class Done:
    """How a command ended, and what it printed."""

    returncode: int
    stdout: str
    stderr: str


def command(*arguments: str) -> Done:
    """A command in this process, which spares the start of another."""
    out, err = TextIOWrapper(BytesIO(), "utf-8", newline=""), StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        status = main(arguments)
        out.flush()
    octets = out.buffer
    assert isinstance(octets, BytesIO)
    return Done(status, octets.getvalue().decode(), err.getvalue())


def as_json(*arguments: str, status: int = 0) -> Any:
    done = command(*arguments, "--json")
    assert (done.returncode, done.stderr) == (status, "")
    return json.loads(done.stdout)


def test_list_prints_every_record_with_the_keys_that_programs_know(data: Path) -> None:
    listed = as_json("cdr", "list", "--data", str(data))
    assert listed == [json.loads(json.dumps(records_as_json(record))) for record in RECORDS]
    assert {"call", "business", "state", "cause", "accepted_at", "ended_at", "complete"} <= set(
        listed[0]
    )
    leg = next(record["legs"][0] for record in listed if record["legs"])
    assert set(leg) >= {
        *("session", "leg", "attempt", "entity", "number", "dialled_at", "seized_at"),
        *("ringing_at", "answered_at", "released_at", "ring_us", "talk_us", "billable_s"),
        *("cause", "location", "released_by", "circuit", "route", "partial"),
        *("record_id", "sequence", "trunk_group", "calling", "presentation", "cause_for_term"),
        *("part", "parts", "software", "billing_rule", "utc_offset_min"),
    }


def test_options_narrow_the_list_and_lead_to_the_next_page(data: Path) -> None:
    found = as_json(
        *("cdr", "list", "--data", str(data), "--business", "abc", "--state", "completed"),
        *("--min-talk", "60", "--number", "+12125550143", "--since", "1970-01-01"),
    )
    assert [record["call"] for record in found] == [
        record.call
        for record in RECORDS
        if record.business == "abc"
        and record.state == "completed"
        and max(leg.talk_us for leg in record.legs) >= 60 * SECOND
    ]
    first = command("cdr", "list", "--data", str(data), "--limit", "10")
    assert f"There are more: --after {RECORDS[9].call}" in first.stdout
    following = as_json(
        "cdr", "list", "--data", str(data), "--limit", "2", "--after", RECORDS[9].call
    )
    assert [record["call"] for record in following] == [r.call for r in RECORDS[10:12]]
    newest = as_json("cdr", "list", "--data", str(data), "--newest-first", "--limit", "1")
    assert newest[0]["call"] == RECORDS[-1].call
    open_calls = as_json("cdr", "list", "--data", str(data), "--state", "in_progress")
    assert [r["call"] for r in open_calls] == [r.call for r in RECORDS if not r.state]


def test_show_knows_a_call_by_its_reference_its_end_and_as_the_last(data: Path) -> None:
    call = RECORDS[20].call
    for name in (call, call.lower(), call[-4:]):
        assert as_json("cdr", "show", name, "--data", str(data))["call"] == call
    assert as_json("cdr", "show", "last", "--data", str(data))["call"] == RECORDS[-1].call
    for name, status, says in (("CALL", 1, "no call"), ("1", 2, "fits several calls")):
        done = command("cdr", "show", name, "--data", str(data))
        assert (done.returncode, done.stdout) == (status, "")
        assert says in done.stderr


def test_an_export_lies_beside_its_manifest_and_holds_what_is_over(
    data: Path, tmp_path: Path
) -> None:
    over = [record for record in RECORDS if record.state]
    for shape in ("csv", "jsonl"):
        path = tmp_path / f"legs.{shape}"
        export = ("cdr", "export", "--data", str(data), "--format", shape)
        done = command(*export, "--out", str(path))
        assert (done.returncode, done.stderr) == (0, "")
        octets = path.read_bytes()
        manifest = json.loads((tmp_path / f"legs.{shape}.manifest.json").read_text())
        assert manifest["count"] == sum(len(record.legs) for record in over)
        assert manifest["sessions"] == len(over)
        assert manifest["records_known_lost"] == 0
        assert manifest["sha256"] == hashlib.sha256(octets).hexdigest()
        assert manifest["billable_s"] == sum(leg.billable_s for r in over for leg in r.legs)
        piped = command(*export)
        assert piped.stdout.encode() == octets
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("data", "legs.csv", "legs.csv.manifest.json", "legs.jsonl", "legs.jsonl.manifest.json")
    ]


def test_check_ends_with_1_when_there_is_something_to_look_at(data: Path, tmp_path: Path) -> None:
    found = as_json("cdr", "check", "--data", str(data), status=1)
    assert {"orphan_leg", "dialled_twice"} <= {finding["kind"] for finding in found}
    table = command("cdr", "check", "--data", str(data))
    assert table.returncode == 1
    assert "orphan_leg" in table.stdout
    sound = Journals()
    completed_call(sound, 0, "C1", (1, 2, 7))
    quiet = tmp_path / "quiet"
    quiet.mkdir()
    write_journals(quiet, sound.entries)
    assert as_json("cdr", "check", "--data", str(quiet)) == []


def test_rebuild_makes_the_same_records_anew(data: Path) -> None:
    before = as_json("cdr", "list", "--data", str(data))
    made = as_json("rebuild", "--data", str(data))
    assert made == {
        "entries": len(NETWORK.entries),
        "calls": len(RECORDS),
        "legs": sum(len(record.legs) for record in RECORDS),
    }
    assert as_json("cdr", "list", "--data", str(data)) == before


def test_one_setting_puts_the_records_elsewhere(
    data: Path, any_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = as_json("cdr", "list", "--data", str(data), "--database", any_database)
    assert not (data / "records.sqlite").exists()
    monkeypatch.setenv("CALLEQ_DATABASE", any_database)
    assert as_json("cdr", "list", "--data", str(data)) == named
    assert not (data / "records.sqlite").exists()
    monkeypatch.delenv("CALLEQ_DATABASE")
    assert as_json("cdr", "list", "--data", str(data)) == named
    assert (data / "records.sqlite").exists()


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("list", "--since", "yesterday"), 2, "--since 'yesterday': an instant such as"),
        (("list", "--min-talk", "-1"), 2, "--min-talk -1"),
        (("list", "--limit", "0"), 2, "--limit 0"),
        (("list", "--state", "done"), 2, "--state done: one of completed, customer_busy"),
        (("export", "--state", "in_progress"), 2, "only calls that are over are exported"),
        (("list", "--number", "2125550100"), 2, "a number such as +12125550100 or an address"),
        (("list", "--number", "+1*2"), 2, "--number +1*2"),
        (("list", "--cause", "128"), 2, "--cause 128: 0 to 127 was expected"),
        (("list", "--min-talk", "9", "--max-talk", "3"), 2, "both as long as --min-talk and"),
        (("list", "--since", "2026-02-01", "--until", "2026-02-01"), 2, "nothing began from"),
        (("check", "--since", "2026-02-02", "--until", "2026-02-01"), 2, "nothing began from"),
        (("show", ""), 2, "the end of one, or `last` was expected"),
        (("list", "--after", "NONE"), 2, "--after NONE: there is no such call"),
        (("list", "--database", "mysql://x/y"), 1, "sqlite or postgresql was expected"),
        (("export", "--out", "/no/such/place/x.csv"), 2, "/no/such/place/x.csv"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    data: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = command("cdr", *arguments, "--data", str(data))
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.count("\n") == 1
    assert says in done.stderr


def test_what_there_is_none_of_is_one_line_and_one_is_singular(tmp_path: Path) -> None:
    journals = Journals()
    where = ("--data", str(tmp_path))
    assert command("cdr", "list", *where).stdout == "0 calls\n"
    assert command("journal", "check", *where).stdout == "0 journals\n"
    completed_call(journals, 0, "C1", (1, 2, 7))
    write_journals(tmp_path, journals.entries)
    assert command("cdr", "list", *where).stdout.startswith("1 call\n")
    assert "│ 1970-01-01T00:00:00Z │" in command("cdr", "list", *where).stdout
    assert "accepted  1970-01-01T00:00:00Z\n" in command("cdr", "show", "c1", *where).stdout
    assert command("rebuild", *where).stdout.endswith(" read: 1 call, 2 legs\n")
    out = ("--out", str(tmp_path / "legs.csv"))
    assert command("cdr", "export", *where, *out).stdout.endswith("legs.csv: 2 legs of 1 call\n")


def test_a_data_directory_that_is_none_or_holds_nothing_yet(tmp_path: Path) -> None:
    absent = command("cdr", "list", "--data", str(tmp_path / "absent"))
    assert absent.returncode == 2
    assert "is no data directory" in absent.stderr
    assert as_json("cdr", "list", "--data", str(tmp_path)) == []
    last = command("cdr", "show", "last", "--data", str(tmp_path))
    assert (last.returncode, last.stderr) == (1, "calleq: no call has been made yet\n")


def test_a_damaged_journal_is_named(data: Path) -> None:
    journal = JournalFile(data / "extra.journal")
    journal.append([s for s in NETWORK.entries if s.entity == "ssp-62"][:40])
    octets = bytearray(journal.path.read_bytes())
    octets[len(octets) // 2] ^= 1
    journal.path.write_bytes(octets)
    done = command("cdr", "list", "--data", str(data))
    assert done.returncode == 1
    assert "extra.journal" in done.stderr


def test_records_grow_while_the_network_runs_and_have_what_the_iam_said(tmp_path: Path) -> None:
    with LiveNetwork(tmp_path, "--talk", "1") as network:
        network.call("+12125550101", "+12125550143")
        first = network.records()
        network.call("+12125550100", "+12125550143")
        second = network.records()
        assert calleq("rebuild", "--data", str(tmp_path)).returncode == 0
        assert network.records() == second
        check = calleq("cdr", "check", "--data", str(tmp_path), "--json")
        assert json.loads(check.stdout) == []
    assert [record["state"] for record in first] == ["customer_busy"]
    assert second[0] == first[0]
    (refused,) = first[0]["legs"]
    assert (refused["cause_for_term"], refused["billable_s"], refused["cause"]) == (3, 0, 17)
    customer, agent = second[1]["legs"]
    assert (customer["called_received"], customer["trunk_group"]) == ("12125550100", "76-62")
    assert (customer["calling"], customer["presentation"]) == ("+12125550140", "allowed")
    assert agent["trunk_group"] != customer["trunk_group"]
    assert customer["cause_for_term"] == agent["cause_for_term"] == 0
    assert customer["software"]
    assert second[1]["message_id"].startswith("server-72-")
