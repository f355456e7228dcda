"""`calleq journal check`: whole, torn and damaged journals, for people and for programs."""

import json
import pathlib
import shutil

from calleq.journal.entries import Progress
from calleq.journal.frames import FORMAT_VERSION
from calleq.journal.inline import InlineJournal
from calleq.runtime.clock import VirtualClock
from calleq.units import SECOND_US
from tests.live import calleq

VERSION_1 = pathlib.Path(__file__).parent / "data" / "version-1.journal"


def write(path: pathlib.Path, entries: int) -> None:
    clock = VirtualClock(1_800_000_000 * SECOND_US)
    journal = InlineJournal(path, clock, segment_bytes=2_000)
    for number in range(entries):
        journal.append("ip-76", Progress("call", "ringing", cause=number))
        clock.advance_us(10_000)
    journal.close()


def check(data: pathlib.Path, *options: str) -> tuple[int, str, str]:
    done = calleq("journal", "check", "--data", str(data), *options)
    return done.returncode, done.stdout, done.stderr


def test_whole_journals_are_counted(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "network.journal", 100)
    shutil.copy(VERSION_1, tmp_path / "ssp-64.journal")
    status, shown, _ = check(tmp_path, "--json")
    assert status == 0
    network, old = json.loads(shown)
    assert (network["journal"], network["whole"], network["format"]) == (
        "network",
        True,
        FORMAT_VERSION,
    )
    assert (network["entries"], network["notes"], network["damage"]) == (100, [], "")
    assert network["segments"] == len(list(tmp_path.glob("network*")))
    assert network["octets"] == sum(path.stat().st_size for path in tmp_path.glob("network*"))
    assert network["first_at"] == "2027-01-15T08:00:00.000000Z"
    assert (old["segments"], old["format"], old["entries"]) == (1, 1, 17)
    status, shown, _ = check(tmp_path)
    assert status == 0
    assert "2 journals" in shown
    assert shown.count("whole") == 2


def test_a_torn_tail_is_told_and_is_no_damage(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "network.journal", 3)
    path = tmp_path / "network.journal"
    path.write_bytes(path.read_bytes()[:-20])
    before = path.read_bytes()
    status, shown, _ = check(tmp_path)
    assert status == 0
    assert "torn tail" in shown
    assert path.read_bytes() == before, "nothing is changed"


def test_damage_is_named_and_the_other_journals_are_read(tmp_path: pathlib.Path) -> None:
    write(tmp_path / "network.journal", 100)
    write(tmp_path / "ssp-64.journal", 5)
    (tmp_path / "network.00000003.journal").unlink()
    status, shown, complaint = check(tmp_path, "--json")
    assert status == 1
    damaged, other = json.loads(shown)
    assert (damaged["whole"], other["whole"], other["entries"]) == (False, True, 5)
    assert "segment 3 before it is missing" in damaged["damage"]
    assert complaint.count("\n") == 1
    assert "network.00000004.journal" in complaint
    status, shown, _ = check(tmp_path)
    assert status == 1
    assert "DAMAGED" in shown


def test_a_directory_is_needed(tmp_path: pathlib.Path) -> None:
    status, _, complaint = check(tmp_path / "none")
    assert status == 2
    assert "is no data directory" in complaint
    assert check(tmp_path)[0] == 0, "an empty one has nothing that could be damaged"


def test_records_are_not_made_anew_from_a_journal_whose_beginning_was_removed(
    tmp_path: pathlib.Path,
) -> None:
    write(tmp_path / "network.journal", 100)
    (tmp_path / "network.journal").unlink()
    assert check(tmp_path)[0] == 0, "what was removed on purpose is no damage"
    done = calleq("rebuild", "--data", str(tmp_path))
    assert done.returncode == 1
    assert "segments before network.00000002.journal were removed" in done.stderr


def test_a_journal_is_kept_for_two_days_at_least(tmp_path: pathlib.Path) -> None:
    done = calleq("up", "--data", str(tmp_path), "--keep-days", "1")
    assert done.returncode == 2
    assert "2 to 36500 days were expected" in done.stderr
