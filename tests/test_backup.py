"""A copy of a data directory, made while the network runs, and a network made of it."""

import io
import sqlite3
import tarfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from calleq.cli.accounts import operator_client
from calleq.cli.backup import back_up, restore
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.operator_calls import Operator
from calleq.journal.entries import Accepted, Ended, Entry, Rescheduled, Stamped, Undertaken
from calleq.journal.reading import read_data
from calleq.messages.accounts import CustomerOrder, NewCredential, RepresentativeOrder
from calleq.operation.process import DrainOrder
from calleq.units import HOUR_US, SECOND_US
from tests.journals import JournalFile
from tests.live import LiveNetwork

NOW_US = 1_800_000_000 * SECOND_US


def stamped(entries: Sequence[tuple[str, Entry]]) -> list[Stamped]:
    """Entries as elements say them, a second apart, until an hour ago."""
    numbered: dict[str, int] = {}
    made = []
    for index, (entity, entry) in enumerate(entries):
        numbered[entity] = numbered.get(entity, 0) + 1
        at_us = NOW_US - HOUR_US + index * SECOND_US
        made.append(Stamped(entity, numbered[entity], at_us, index, entry))
    return made


def accepted(call: str, due_us: int = 0) -> tuple[str, Entry]:
    message: dict[str, object] = {"customer_number": "+12125550100"}
    return "server-72", Accepted(call, "abc", "server-72", message, due_us=due_us)


ENTRIES = stamped(
    [
        accepted("ended"),
        ("ip-76", Undertaken("ended", {})),
        ("ip-76", Ended("ended", "completed", 16)),
        ("server-72", Ended("ended", "completed", 16)),
        accepted("waiting at the door"),
        accepted("undertaken"),
        ("ip-76", Undertaken("undertaken", {})),
        accepted("due meanwhile", NOW_US - SECOND_US),
        accepted("for later", NOW_US + HOUR_US),
        accepted("moved", NOW_US - SECOND_US),
        ("server-72", Rescheduled("moved", NOW_US + HOUR_US)),
    ]
)
WENT_ON = ["waiting at the door", "undertaken", "due meanwhile"]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """What a process leaves, in two segments."""
    made = tmp_path / "data"
    (made / "recordings").mkdir(parents=True)
    (made / "prompts").mkdir()
    journal = JournalFile(made / "network.journal")
    journal.append(ENTRIES[:4])
    journal.next_segment()
    journal.append(ENTRIES[4:])
    for name in ("carrier.key", "network.capture", "recordings/a.wav", "prompts/hello.pcm"):
        (made / name).write_bytes(name.encode() * 100)
    for name in ("listening.json", "journals.lock"):
        (made / name).write_text("{}")
    with sqlite3.connect(made / "network.schedule.sqlite") as database:
        database.execute("pragma journal_mode=wal")
        database.execute("create table waits (call text)")
        database.execute("insert into waits values ('for later')")
    database.close()
    return made


def names(directory: Path) -> set[str]:
    return {
        path.relative_to(directory).as_posix() for path in directory.rglob("*") if path.is_file()
    }


def test_what_is_restored_is_what_was_copied(data: Path, tmp_path: Path):
    copy, there = tmp_path / "copy.tar.gz", tmp_path / "there"
    back_up(data, copy)
    assert copy.stat().st_mode & 0o777 == 0o600
    restored = restore(copy, there, NOW_US - HOUR_US - HOUR_US)
    assert restored.files == 6
    assert names(there) == {
        *("network.journal", "network.00000002.journal", "network.schedule.sqlite"),
        *("carrier.key", "network.capture", "recordings/a.wav"),
    } | {name for name in names(there) if name.endswith(".lock")}
    assert (there / "carrier.key").read_bytes() == (data / "carrier.key").read_bytes()
    assert (there / "carrier.key").stat().st_mode & 0o777 == 0o600
    with sqlite3.connect(there / "network.schedule.sqlite") as database:
        assert database.execute("select call from waits").fetchall() == [("for later",)]
    database.close()
    assert read_data(there)[: len(ENTRIES)] == ENTRIES


def test_captures_can_be_left_out(data: Path, tmp_path: Path):
    manifest = back_up(data, tmp_path / "copy.tar.gz", captures=False)
    assert "network.capture" not in {one.name for one in manifest.files}


def test_a_call_that_went_on_ends_and_nobody_is_dialled_twice(data: Path, tmp_path: Path):
    copy, there = tmp_path / "copy.tar.gz", tmp_path / "there"
    back_up(data, copy)
    restored = restore(copy, there, NOW_US)
    assert sorted(restored.ended) == sorted(WENT_ON)
    ends = [one for one in read_data(there) if isinstance(one.entry, Ended)][2:]
    assert {(one.entity, one.entry.call) for one in ends} == {
        *(("server-72", call) for call in WENT_ON),
        ("ip-76", "undertaken"),
    }
    assert {(one.entry.state, one.entry.cause, one.entry.detail) for one in ends} == {
        ("failed", 41, "restored")
    }


def test_a_journal_that_is_being_written_is_copied_up_to_its_last_whole_entry(
    data: Path, tmp_path: Path
):
    last = data / "network.00000002.journal"
    whole = last.read_bytes()
    last.write_bytes(whole + whole[-40:-7] + bytes(4_096))
    copy, there = tmp_path / "copy.tar.gz", tmp_path / "there"
    manifest = back_up(data, copy)
    copied = next(one for one in manifest.files if one.name == last.name)
    assert copied.octets == len(whole)
    restore(copy, there, 0)
    assert read_data(there)[: len(ENTRIES)] == ENTRIES


def test_a_copy_never_writes_over_anything(data: Path, tmp_path: Path):
    copy = tmp_path / "copy.tar.gz"
    back_up(data, copy)
    with pytest.raises(UsageError, match="is there already"):
        back_up(data, copy)
    with pytest.raises(UsageError, match="is not empty"):
        restore(copy, data, NOW_US)
    with pytest.raises(UsageError, match="no data directory"):
        back_up(tmp_path / "nowhere", tmp_path / "other.tar.gz")
    empty = tmp_path / "empty"
    empty.mkdir()
    restore(copy, empty, NOW_US)
    assert (empty / "network.journal").exists()


def spoilt(copy: Path, name: str, octets: bytes | None, *, adds: str = "") -> Path:
    """A copy of which one file says something else, or is missing, or one is too many."""
    made = copy.with_name("spoilt.tar.gz")
    with tarfile.open(copy) as old, tarfile.open(made, "w:gz") as new:
        for member in old.getmembers():
            file = old.extractfile(member)
            assert file is not None
            told = file.read()
            if member.name == name:
                if octets is None:
                    continue
                told, member.size = octets, len(octets)
            new.addfile(member, io.BytesIO(told))
        if adds:
            more = tarfile.TarInfo(adds)
            more.size = 4
            new.addfile(more, io.BytesIO(b"evil"))
    return made


@pytest.mark.parametrize(
    ("name", "octets", "adds", "why"),
    [
        ("carrier.key", b"another", "", "damaged"),
        ("network.journal", None, "", "damaged"),
        ("MANIFEST.json", None, "", "no copy of calleq's"),
        ("MANIFEST.json", b"{}", "", "cannot be read"),
        ("", None, "extra.txt", "is not on the copy's list"),
        ("", None, "../evil.txt", "cannot be restored"),
    ],
)
def test_a_copy_that_was_spoilt_is_refused_and_nothing_appears(
    data: Path, tmp_path: Path, name: str, octets: bytes | None, adds: str, why: str
):
    copy = tmp_path / "copy.tar.gz"
    back_up(data, copy)
    there = tmp_path / "there"
    with pytest.raises(CommandError, match=why):
        restore(spoilt(copy, name, octets, adds=adds), there, NOW_US)
    assert not there.exists()
    assert not (tmp_path / "evil.txt").exists()


def test_half_a_copy_and_no_copy_are_refused(data: Path, tmp_path: Path):
    copy = tmp_path / "copy.tar.gz"
    back_up(data, copy)
    half = tmp_path / "half.tar.gz"
    half.write_bytes(copy.read_bytes()[: copy.stat().st_size // 2])
    for file in (half, data / "carrier.key", tmp_path / "nowhere"):
        with pytest.raises(CommandError, match="cannot be restored"):
            restore(file, tmp_path / "there", NOW_US)
    assert not (tmp_path / "there").exists()


# The proof: a network that runs is copied, and another is made of the copy.


def timeless(view: Any) -> Any:
    """A call without its instants: before a restart they are its door's, afterwards its journal's,
    microseconds apart. Those that are paid for are in the records."""
    if isinstance(view, list):
        return [timeless(one) for one in view]
    if isinstance(view, dict):
        return {key: timeless(one) for key, one in view.items() if not key.endswith("_at")}
    return view


def seen(network: LiveNetwork, secret: str, calls: Sequence[str]) -> dict[str, Any]:
    """What the network knows, as its users are told; the key is one that was issued."""
    bearer = {"authorization": f"Bearer {secret}"}
    http = httpx.Client(base_url=network.url, headers=bearer, timeout=20)
    answers = {call: http.get(f"/v1/calls/{call}") for call in calls}
    balance = http.get("/v1/balance")
    for answer in (*answers.values(), balance):
        assert answer.status_code == 200, answer.text
    with operator_client(network.data) as carrier:
        return {
            "businesses": list(carrier.businesses()),
            "customers": list(carrier.customers("abc")),
            "representatives": carrier.representatives("acme"),
            "calls": {call: timeless(answer.json()) for call, answer in answers.items()},
            "balance": balance.json(),
            "records": network.records(),
        }


def is_told_whole(call: dict[str, Any]) -> bool:
    """Whether nothing more will be told: a leg's release and the charge may follow the end."""
    return call.get("charge") is not None and all(leg["cause"] for leg in call["legs"])


ORDER: dict[str, object] = {"business_id": "abc", "customer_id": "c-1"}


@pytest.fixture(scope="module")
def first(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveNetwork]:
    with LiveNetwork(tmp_path_factory.mktemp("first") / "data", "--talk", "1") as network:
        yield network


def test_a_network_made_of_a_copy_of_one_that_runs_knows_what_that_one_knew(
    first: LiveNetwork, tmp_path: Path
):
    copy, two = tmp_path / "copy.tar.gz", tmp_path / "two"
    until = time.monotonic() + 120
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    with operator_client(first.data) as carrier:
        carrier.add_business("acme", {"name": "Acme Ltd", "number": "+12125550170"})
        ann = RepresentativeOrder(number="+12125550143", name="Ann")
        carrier.put_representative("acme", "ann", ann)
        carrier.put_customer("abc", "c-1", CustomerOrder(number="+12125550100"))
        secret = carrier.issue(NewCredential(kind="api_key"), "abc").secret
    bearer = {"authorization": f"Bearer {secret}"}
    made = first.post(ORDER, headers=bearer)
    assert made.status_code == 202, made.text
    later = first.post(
        {**ORDER, "desired_time": f"{tomorrow:%Y-%m-%dT%H:%M:%SZ}", "confirmed": True},
        headers=bearer,
    )
    assert later.status_code == 202, later.text
    calls = [made.json()["call"], later.json()["call"]]
    assert first.follow(calls[0])["state"] == "completed"
    while not is_told_whole(seen(first, secret, calls)["calls"][calls[0]]):
        assert time.monotonic() < until, "a finished call is charged within seconds"
    before = seen(first, secret, calls)
    assert float(before["balance"]["charged"]) > 0
    assert before["calls"][calls[1]]["state"] == "scheduled"
    back_up(first.data, copy)
    assert seen(first, secret, calls) == before, "the copy changed nothing"
    assert restore(copy, two, time.time_ns() // 1_000).ended == []
    with LiveNetwork(two, "--talk", "1") as second:
        after = seen(second, secret, calls)
        for call in calls:
            assert after["calls"][call] == before["calls"][call]
        assert after == before
        again = second.post(ORDER, headers=bearer)
        assert again.status_code == 202, again.text
        assert second.follow(again.json()["call"])["state"] == "completed"


@pytest.mark.row("S2-79")
def test_a_process_that_is_told_to_stop_ends_after_its_last_call(first: LiveNetwork):
    with operator_client(first.data) as carrier:
        carrier.put_customer("abc", "c-1", CustomerOrder(number="+12125550100"))
    placed = first.post({**ORDER, "password": "abc-demo"})
    assert placed.status_code == 202, placed.text
    call = placed.json()["call"]
    first.wait_for_event(call, "bridged")
    (told,) = Operator(first.data).drain(DrainOrder(drain=True, stop=True))
    assert told.draining
    if told.going_on:  # else the second of talk was over before the order came
        refused = first.post({**ORDER, "password": "abc-demo"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
    assert first.up.process.wait(timeout=60) == 0
    ended = {record["call"]: record["state"] for record in first.records()}
    assert ended[call] == "completed"
