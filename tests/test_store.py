"""The database of the projections: its tables by migration, its transactions whole."""

import importlib.util
import os
import signal
import sqlite3
from pathlib import Path

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import insert, select, text

from calleq.billing.records import QUALITY_FIELDS, LegRecord
from calleq.billing.rows import leg_of, leg_row
from calleq.store import Database, StoreError, database_url
from calleq.store.database import SCHEMA_REVISION
from calleq.store.migrate import scripts
from calleq.store.schema import LEG, LOST, METADATA
from tests.postgresql import installed_postgresql, open_folder, programs


def a_loss(first: int) -> dict[str, object]:
    return {"entity": "ssp-62", "first_sequence": first, "last_sequence": first + 5}


def losses(database: Database) -> list[int]:
    with database.reading() as connection:
        return sorted(connection.scalars(select(LOST.c.first_sequence)))


def test_the_migrations_make_the_tables_of_the_schema(any_database: str) -> None:
    database = Database(any_database)
    with database.reading() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, METADATA) == []
    database.close()
    assert scripts().get_heads() == [SCHEMA_REVISION]


def test_what_one_opening_wrote_the_next_one_finds(any_database: str) -> None:
    for first in (1, 11):
        database = Database(any_database)
        with database.writing() as connection:
            connection.execute(insert(LOST), [a_loss(first)])
        database.close()
    database = Database(any_database)
    assert losses(database) == [1, 11]
    database.close()


def test_a_transaction_that_fails_leaves_nothing(any_database: str) -> None:
    database = Database(any_database)

    class FaultError(Exception):
        pass

    def fails() -> None:
        with database.writing() as connection:
            connection.execute(insert(LOST), [a_loss(1)])
            raise FaultError

    with pytest.raises(FaultError):
        fails()
    assert losses(database) == []

    def doubles() -> None:
        with database.writing() as connection:
            connection.execute(insert(LOST), [a_loss(1)])
            connection.execute(insert(LOST), [a_loss(1)])

    with pytest.raises(StoreError, match=r"(?i)unique"):
        doubles()
    assert losses(database) == []
    database.close()


def test_a_reader_keeps_its_view_while_another_writes(any_database: str) -> None:
    reader, writer = Database(any_database), Database(any_database)
    with reader.reading() as connection:
        assert connection.scalars(select(LOST.c.first_sequence)).all() == []
        with writer.writing() as other:
            other.execute(insert(LOST), [a_loss(1)])
        assert connection.scalars(select(LOST.c.first_sequence)).all() == []
    assert losses(reader) == [1]
    reader.close()
    writer.close()


def test_sqlite_syncs_every_commit(tmp_path: Path) -> None:
    database = Database(database_url(None, tmp_path))
    with database.reading() as connection:
        assert connection.scalar(text("PRAGMA journal_mode")) == "wal"
        assert connection.scalar(text("PRAGMA synchronous")) == 2  # FULL
    database.close()
    assert (tmp_path / "records.sqlite").exists()


def test_a_writer_that_is_killed_frees_the_turn_and_leaves_nothing(any_database: str) -> None:
    Database(any_database).close()
    if (child := os.fork()) == 0:
        database = Database(any_database)
        with database.writing() as connection:
            connection.execute(insert(LOST), [a_loss(1)])
            os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    database = Database(any_database)
    with database.writing() as connection:
        connection.execute(insert(LOST), [a_loss(7)])
    assert losses(database) == [7]
    database.close()


def test_a_database_of_a_later_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "later.sqlite"
    with sqlite3.connect(path) as connection:
        connection.execute("CREATE TABLE alembic_version (version_num TEXT)")
        connection.execute("INSERT INTO alembic_version VALUES ('9999')")
    with pytest.raises(StoreError, match="another version of calleq"):
        Database(f"sqlite:///{path}")


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("nonsense", "no database URL"),
        ("mysql://somewhere/db", "sqlite or postgresql was expected"),
        ("sqlite:////no/such/place/x.sqlite", "unable to open"),
        ("postgresql://calleq:secret@127.0.0.1:1/x", "127.0.0.1"),
    ],
)
def test_what_cannot_be_opened_is_named_without_its_password(url: str, says: str) -> None:
    with pytest.raises(StoreError, match=says) as caught:
        Database(url)
    assert "secret" not in str(caught.value)


def test_where_no_wheel_has_a_postgresql_that_of_the_machine_serves():
    """Shown with the programs of the wheel, where there is one, as if they were installed."""
    found = importlib.util.find_spec("pgserver")
    wheel = found and found.origin and Path(found.origin).parent / "pginstall" / "bin"
    with (
        open_folder() as folder,
        installed_postgresql(folder, wheel or programs()) as url,
        psycopg.connect(url.replace("{database}", "postgres")) as connection,
    ):
        assert connection.execute("SELECT 1").fetchone() == (1,)


def test_legs_of_before_voices_were_measured_are_read_without(tmp_path: Path) -> None:
    """The columns of migrations 0003 and 0004 come empty."""
    url = database_url(None, tmp_path)
    Database(url).close()
    leg = LegRecord(
        session="C", leg="customer", attempt=1, entity="ssp-62", number="+1", dialled_at_us=1
    )
    charges = {"charge_micro", "rate_deck", "rate_key", "rate_from_us", "rate_rule"}
    added = {"outgoing_trunk", *QUALITY_FIELDS, *charges}
    old = {name: value for name, value in leg_row(leg, 1).items() if name not in added}
    with sqlite3.connect(tmp_path / "records.sqlite") as connection:
        for name in added:
            connection.execute(f"ALTER TABLE leg DROP COLUMN {name}")
        for name in ("held_micro", "amount_micro", "currency", "charges"):
            connection.execute(f"ALTER TABLE session DROP COLUMN {name}")
        connection.execute("UPDATE alembic_version SET version_num = '0002'")
        names, marks = ", ".join(old), ", ".join("?" * len(old))
        connection.execute(f"INSERT INTO leg ({names}) VALUES ({marks})", list(old.values()))
    database = Database(url)
    with database.reading() as reading:
        assert [leg_of(row) for row in reading.execute(select(LEG))] == [leg]
    database.close()
