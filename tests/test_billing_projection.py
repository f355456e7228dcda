"""The records in SQL are those that the journals prove, however the journals came to be read."""

import os
import random
import signal
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, select, update

from calleq.billing import SessionRecord, derive_records
from calleq.billing.projection import ProjectionError, bring_up_to_date, rebuild
from calleq.billing.queries import Filter, find_records
from calleq.journal.entries import Ended, LineReleased, Stamped
from calleq.store import Database, database_url
from calleq.store.schema import LOST, PENDING, PROJECTION, SESSION, STRAY
from calleq.units import HOUR_US, SECOND_US
from tests.journals import JournalFile, write_journals
from tests.random_network import RandomNetwork

CALLS = 100


def records_in(database: Database) -> list[SessionRecord]:
    with database.reading() as connection:
        return list(find_records(connection, Filter()))


def strays_in(database: Database) -> list[tuple[str, str]]:
    with database.reading() as connection:
        query = select(STRAY.c.kind, STRAY.c.detail).order_by(STRAY.c.entity, STRAY.c.sequence)
        return [(row.kind, row.detail) for row in connection.execute(query)]


def sqlite(data: Path) -> Database:
    return Database(database_url(None, data))


class GrowingJournals:
    """Journals of one process for each entity, which a reader finds at different lengths."""

    def __init__(self, data: Path, entries: Sequence[Stamped], chance: random.Random) -> None:
        self._left: dict[str, list[Stamped]] = {}
        for stamped in entries:
            self._left.setdefault(stamped.entity, []).append(stamped)
        self._files = {name: JournalFile(data / f"{name}.journal") for name in self._left}
        self._chance = chance

    def grow_until(self, at_us: int) -> None:
        """Some are read a moment later than others."""
        for name, left in self._left.items():
            limit_us = at_us + self._chance.randrange(3 * SECOND_US)
            count = next((i for i, one in enumerate(left) if one.at_us > limit_us), len(left))
            self._files[name].append(left[:count])
            del left[:count]
            if self._chance.random() < 0.2:
                self._files[name].next_segment()


@pytest.mark.parametrize("seed", range(12))
def test_piece_by_piece_the_records_are_those_of_all_journals_at_once(
    tmp_path: Path, seed: int
) -> None:
    network = RandomNetwork(seed, CALLS, beyond=True)
    chance = random.Random(seed)
    journals = GrowingJournals(tmp_path, network.entries, chance)
    database = sqlite(tmp_path)
    at_us = 0
    while at_us < network.entries[-2].at_us:
        at_us += chance.choice((5 * SECOND_US, 30 * SECOND_US, 600 * SECOND_US, 4 * HOUR_US))
        journals.grow_until(at_us)
        bring_up_to_date(database, tmp_path, chance.choice((40, 300, 10_000)))
    journals.grow_until(network.entries[-1].at_us)
    bring_up_to_date(database, tmp_path)
    proved = derive_records(network.entries)
    assert records_in(database) == proved
    assert len(proved) > CALLS / 2
    assert [kind for kind, _ in strays_in(database)] == ["orphan"] * len(network.orphans)
    strays = strays_in(database)
    rebuild(database, tmp_path, chance.choice((50, 10_000)))
    assert records_in(database) == proved
    assert strays_in(database) == strays
    database.close()


@pytest.mark.parametrize("seed", [100, 101])
def test_on_every_database_the_records_are_the_same(
    tmp_path: Path, any_database: str, seed: int
) -> None:
    network = RandomNetwork(seed, CALLS, beyond=True)
    write_journals(tmp_path, network.entries)
    database = Database(any_database)
    bring_up_to_date(database, tmp_path, 100)
    assert records_in(database) == derive_records(network.entries)
    rebuild(database, tmp_path)
    assert records_in(database) == derive_records(network.entries)
    database.close()


def test_only_calls_that_may_still_change_are_kept_ready(tmp_path: Path) -> None:
    network = RandomNetwork(7, 400, beyond=True)
    write_journals(tmp_path, network.entries)
    database = sqlite(tmp_path)
    bring_up_to_date(database, tmp_path)
    with database.reading() as connection:
        open_calls = set(connection.scalars(select(SESSION.c.call).where(~SESSION.c.settled)))
        pending = connection.execute(select(PENDING.c.entity)).all()
    proved = derive_records(network.entries)
    assert open_calls == {record.call for record in proved if not record.state}
    of_open = [s for s in network.entries if getattr(s.entry, "call", "") in open_calls]
    assert len(of_open) < len(pending) < len(of_open) * 2 + 20
    database.close()


def test_reading_again_changes_nothing_and_costs_nothing(tmp_path: Path) -> None:
    network = RandomNetwork(8, 50, beyond=True)
    write_journals(tmp_path, network.entries)
    database = sqlite(tmp_path)
    assert bring_up_to_date(database, tmp_path) == len(network.entries)
    before = records_in(database)
    assert bring_up_to_date(database, tmp_path) == 0
    assert records_in(database) == before
    # A journal that was copied back is read from its front, and known by its sequence numbers.
    for path in tmp_path.glob("*.journal"):
        path.unlink()
    write_journals(tmp_path, network.entries)
    bring_up_to_date(database, tmp_path)
    assert records_in(database) == before
    assert [kind for kind, _ in strays_in(database)] == ["orphan"] * len(network.orphans)
    database.close()


@pytest.mark.parametrize("statement", [1, 2, 5, 9, 14, 20, 30, 45, 70, 110, 170, 260])
def test_killed_at_any_statement_it_goes_on_where_the_last_piece_ended(
    tmp_path: Path, any_database: str, statement: int
) -> None:
    network = RandomNetwork(9, 60, beyond=True)
    write_journals(tmp_path, network.entries)
    Database(any_database).close()
    if (child := os.fork()) == 0:
        _kill_me_at_statement(statement)
        bring_up_to_date(Database(any_database), tmp_path, 80)
        os._exit(0)
    os.waitpid(child, 0)
    database = Database(any_database)
    found = records_in(database)
    with database.reading() as connection:
        horizon_us = connection.scalar(select(PROJECTION.c.horizon_us)) or 0
    assert bool(found) == (horizon_us > SECOND_US)
    bring_up_to_date(database, tmp_path, 80)
    assert records_in(database) == derive_records(network.entries)
    database.close()


def test_a_rebuild_that_is_killed_leaves_the_old_records(tmp_path: Path, any_database: str) -> None:
    network = RandomNetwork(10, 60, beyond=True)
    write_journals(tmp_path, network.entries)
    database = Database(any_database)
    bring_up_to_date(database, tmp_path)
    database.close()
    for statement in (3, 12, 40):
        if (child := os.fork()) == 0:
            _kill_me_at_statement(statement)
            rebuild(Database(any_database), tmp_path, 80)
            os._exit(0)
        _, status = os.waitpid(child, 0)
        assert os.WIFSIGNALED(status)
        database = Database(any_database)
        assert records_in(database) == derive_records(network.entries)
        database.close()


def _kill_me_at_statement(number: int) -> None:
    left = [number]

    def count(*_: object) -> None:
        left[0] -= 1
        if left[0] == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(Engine, "before_cursor_execute", count)


def test_several_readers_at_once_consume_each_entry_once(tmp_path: Path, any_database: str) -> None:
    network = RandomNetwork(11, 80, beyond=True)
    write_journals(tmp_path, network.entries)
    Database(any_database).close()
    read: list[int] = []

    def reads() -> None:
        database = Database(any_database)
        read.append(bring_up_to_date(database, tmp_path, 50))
        database.close()

    threads = [threading.Thread(target=reads) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(read) == len(network.entries)
    database = Database(any_database)
    assert records_in(database) == derive_records(network.entries)
    database.close()


def test_missing_entries_are_known_as_lost(tmp_path: Path) -> None:
    network = RandomNetwork(12, 40, beyond=True)
    gone = {("ssp-62", 1), ("ssp-62", 2), ("ssp-64", 5), ("ssp-64", 6), ("ip-76", 9)}
    left = [s for s in network.entries if (s.entity, s.sequence) not in gone]
    write_journals(tmp_path, left)
    database = sqlite(tmp_path)
    bring_up_to_date(database, tmp_path, 30)
    with database.reading() as connection:
        query = select(LOST.c.entity, LOST.c.first_sequence, LOST.c.last_sequence)
        found = {(row[0], row[1], row[2]) for row in connection.execute(query)}
    assert found == {("ssp-62", 1, 2), ("ssp-64", 5, 6), ("ip-76", 9, 9)}
    database.close()


def test_an_entry_that_comes_after_its_call_was_final_is_reported_and_changes_nothing(
    tmp_path: Path,
) -> None:
    network = RandomNetwork(13, 40, beyond=True)
    write_journals(tmp_path, network.entries)
    database = sqlite(tmp_path)
    bring_up_to_date(database, tmp_path)
    before = records_in(database)
    ended = next(record for record in before if record.state == "completed")
    last = network.entries[-1]
    late = Stamped("ip-99", 1, last.at_us, 0, Ended(ended.call, "failed", 41))
    JournalFile(tmp_path / "ip-99.journal").append([late])
    bring_up_to_date(database, tmp_path)
    assert records_in(database) == before
    assert ("late", f"Ended of {ended.call}") in strays_in(database)
    database.close()


def test_journals_of_another_network_are_refused(tmp_path: Path) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    for data, seed in ((one, 14), (other, 15)):
        data.mkdir()
        write_journals(data, RandomNetwork(seed, 20, beyond=True).entries)
    database = sqlite(tmp_path)
    bring_up_to_date(database, one)
    before = records_in(database)
    moved = [
        Stamped(s.entity, s.sequence, s.at_us + 1, s.monotonic_us, s.entry)
        for s in RandomNetwork(15, 20, beyond=True).entries
    ]
    for path in other.glob("*.journal"):
        path.unlink()
    write_journals(other, moved)
    with pytest.raises(ProjectionError, match="another network"):
        bring_up_to_date(database, other)
    assert records_in(database) == before
    database.close()


def test_a_rebuild_without_all_the_journals_is_refused(tmp_path: Path) -> None:
    network = RandomNetwork(16, 30, beyond=True)
    write_journals(tmp_path, network.entries)
    database = sqlite(tmp_path)
    bring_up_to_date(database, tmp_path)
    before = records_in(database)
    (tmp_path / "ssp-64.journal").unlink()
    with pytest.raises(ProjectionError, match="no longer hold all entries of ssp-64"):
        rebuild(database, tmp_path)
    assert records_in(database) == before
    database.close()


def test_tables_made_by_other_rules_must_be_rebuilt(tmp_path: Path) -> None:
    network = RandomNetwork(17, 10, beyond=True)
    write_journals(tmp_path, network.entries)
    database = sqlite(tmp_path)
    bring_up_to_date(database, tmp_path)
    with database.writing() as connection:
        connection.execute(update(PROJECTION).values(rules=0))
    with pytest.raises(ProjectionError, match="calleq rebuild"):
        bring_up_to_date(database, tmp_path)
    rebuild(database, tmp_path)
    assert records_in(database) == derive_records(network.entries)
    database.close()


def test_records_that_are_not_final_follow_what_comes(tmp_path: Path) -> None:
    network = RandomNetwork(18, 30, beyond=True)
    release = next(s for s in network.entries if isinstance(s.entry, LineReleased))
    place = network.entries.index(release)
    file = JournalFile(tmp_path / "network.journal")
    database = sqlite(tmp_path)
    for stamped in network.entries[: place + 2]:
        file.append([stamped])
        bring_up_to_date(database, tmp_path)
        seen = network.entries[: network.entries.index(stamped) + 1]
        assert records_in(database) == derive_records(seen)
    database.close()
