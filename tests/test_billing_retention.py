"""Old segments of the journal go, and no record with them, whatever dies in between."""

import json
import random
import shutil
import sqlite3
from pathlib import Path

import pytest
from sqlalchemy import Engine, event

from calleq.billing import derive_records
from calleq.billing.projection import bring_up_to_date, consumed_sequences
from calleq.billing.queries import Filter, find_records
from calleq.journal.entries import Stamped, Started
from calleq.journal.frames import encode_entry
from calleq.journal.reading import read_data
from calleq.journal.segments import KEEP_LIMIT_US, Retention, segment_numbers
from calleq.journal.writer import JournalWriter
from calleq.runtime.disk import RealDisk
from calleq.store import Database, database_url
from calleq.units import HOUR_US
from tests.live import LiveNetwork, Running, calleq
from tests.random_network import RandomNetwork

CALLS = 250
SEGMENT_BYTES = 1_000
HASTE = 2_000
"""The writers' clock runs faster than the calls, so that segments grow old within a bad day."""


class MortalDisk(RealDisk):
    """The machine's disk, on a machine that now and then loses power as a segment is removed."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.deaths = self.removed = 0

    def remove(self, path: Path) -> None:
        fate = self._chance.random()
        if fate < 0.25:
            self.deaths += 1
            raise OSError("the power fails before a segment is removed")
        super().remove(path)
        self.removed += 1
        if fate < 0.5:
            self.deaths += 1
            raise OSError("the power fails after a segment was removed")


class Process:
    """What writes the journal of one entity, one life after the other."""

    def __init__(self, base: Path, disk: MortalDisk, database: Database) -> None:
        self._base = base
        self._disk = disk
        self._database = database
        self._now_us = 0
        self._start()

    def _start(self) -> None:
        self._writer = JournalWriter(
            self._base,
            self._disk,
            lambda: self._now_us,
            segment_bytes=SEGMENT_BYTES,
            retention=Retention(KEEP_LIMIT_US, lambda: consumed_sequences(self._database)),
        )

    def writes(self, stamped: Stamped) -> None:
        self._now_us = stamped.at_us * HASTE
        try:
            self._writer.commit([encode_entry(stamped)], [stamped])
        except OSError:
            # The entry itself was durable; nobody had been told.
            self._writer.close()
            self._start()
            assert self._writer.sequences[stamped.entity] == stamped.sequence

    def ends(self) -> None:
        self._writer.close()


@pytest.mark.parametrize("seed", range(3))
def test_no_record_is_lost_when_writers_and_readers_die_between_their_steps(
    tmp_path: Path, seed: int
):
    network = RandomNetwork(seed, CALLS)
    chance = random.Random(seed)
    disk = MortalDisk(chance)
    database = Database(database_url(None, tmp_path))
    killed = 0

    def dies_now_and_then(*_: object) -> None:
        nonlocal killed
        if chance.random() < 0.2:
            killed += 1
            raise KeyboardInterrupt

    processes = {
        name: Process(tmp_path / f"{name}.journal", disk, database)
        for name in {stamped.entity for stamped in network.entries}
    }
    for stamped in network.entries:
        processes[stamped.entity].writes(stamped)
        if chance.random() < 0.02:
            event.listen(Engine, "commit", dies_now_and_then)
            try:
                bring_up_to_date(database, tmp_path, chance.choice((30, 200)))
            except KeyboardInterrupt:
                pass
            finally:
                event.remove(Engine, "commit", dies_now_and_then)
    for process in processes.values():
        process.ends()
    bring_up_to_date(database, tmp_path)
    with database.reading() as connection:
        kept = list(find_records(connection, Filter()))
    database.close()
    assert kept == derive_records(network.entries)
    assert disk.removed > 5
    assert disk.deaths > 1
    assert killed > 2
    assert len(read_data(tmp_path)) < len(network.entries)


def test_records_to_be_made_anew_by_other_rules_keep_every_segment(tmp_path: Path):
    writer = JournalWriter(tmp_path / "network.journal", RealDisk(), lambda: 1)
    entry = Stamped("ssp-62", 1, 1, 1, Started("1.0"))
    writer.commit([encode_entry(entry)], [entry])
    writer.close()
    database = Database(database_url(None, tmp_path))
    assert consumed_sequences(database) == {}
    bring_up_to_date(database, tmp_path)
    assert consumed_sequences(database) == {"ssp-62": 1}
    database.close()
    with sqlite3.connect(tmp_path / "records.sqlite") as connection:
        connection.execute("UPDATE projection SET rules = rules - 1")
    database = Database(database_url(None, tmp_path))
    assert consumed_sequences(database) == {}
    database.close()


def old_segments(data: Path) -> None:
    """A network's journal of three segments, of which two are a week old."""
    base = data / "network.journal"
    instant_us = [0]
    writer = JournalWriter(base, RealDisk(), lambda: instant_us[0], segment_bytes=600)
    for sequence in range(1, 31):
        instant_us[0] = 1_600_000_000_000_000 + sequence * HOUR_US
        entry = Stamped("ssp-62", sequence, instant_us[0], instant_us[0], Started("1.0"))
        writer.commit([encode_entry(entry)], [entry])
    writer.finish()
    writer.close()


def test_a_network_that_is_to_remove_old_segments_says_what_keeps_them(tmp_path: Path):
    old_segments(tmp_path)
    before = segment_numbers(RealDisk(), tmp_path / "network.journal")
    assert len(before) > 2
    with LiveNetwork(tmp_path, "--keep-days", "2") as network:
        assert any("no records have been made yet" in line for line in network.up.said())
        assert calleq("cdr", "list", "--data", str(tmp_path)).returncode == 0
    assert segment_numbers(RealDisk(), tmp_path / "network.journal") == before
    with LiveNetwork(tmp_path, "--keep-days", "2") as network:
        assert not any("segments of the journal are kept" in line for line in network.up.said())
        for path in tmp_path.glob("records.sqlite*"):
            shutil.move(path, tmp_path / f"away-{path.name}")
    unreachable = "postgresql://calleq@127.0.0.1:1/calleq"
    up = Running(
        *("up", "--data", str(tmp_path), "--port", "0"),
        *("--keep-days", "2", "--database", unreachable),
    )
    try:
        found = up.wait_for(r": segments of the journal are kept, however old they are$")
        assert "127.0.0.1" in found.string
    finally:
        assert up.stop() == 0
    assert json.loads((tmp_path / "listening.json").read_text())
