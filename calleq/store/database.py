"""The database of the projections, SQLite unless another is named, and its transactions.

`Database` opens it, brings its tables up to date and gives out connections inside a transaction.
Writers take turns, across processes too; readers never wait for them and see what is committed.
SQLite runs with a write-ahead log and `synchronous=FULL`: what was committed outlives a power cut.

Refuses: a URL of another kind of database, a database whose tables a later calleq made, and work on
a database that cannot be reached (`StoreError`, which names it without its password). Everything
the database itself objects to comes out as `StoreError` too.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from sqlite3 import Connection as SqliteConnection

from sqlalchemy import Connection, Engine, create_engine, event, inspect, make_url, text
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, SQLAlchemyError
from sqlalchemy.pool import NullPool

SCHEMA_REVISION = "0004"
"""The last migration; what `schema` describes."""

SQLITE_FILE = "records.sqlite"
"""In the data directory."""

LOCK_WAIT_S = 30
"""How long a writer waits for another."""

_ADVISORY_LOCK = 0x63616C6C6571
"""PostgreSQL's name for the writers' turn: `calleq` in ASCII."""


class StoreError(Exception):
    """The database cannot be used as asked; the text names it and says why."""


def database_url(given: str | None, data: Path) -> str:
    """The URL to open: as given, or the SQLite file of a data directory."""
    return given or f"sqlite:///{data / SQLITE_FILE}"


class Database:
    """An open database with the tables of `schema`."""

    def __init__(self, url: str) -> None:
        """`sqlite:///FILE` or `postgresql://USER@HOST/NAME`. Raises StoreError."""
        parsed = _parse(url)
        self.name = parsed.render_as_string(hide_password=True)
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        with self._errors():
            self._engine = _engine(parsed)
            try:
                self._bring_up_to_date()
            except BaseException:
                self._engine.dispose()
                raise

    def close(self) -> None:
        """Give up every connection."""
        self._engine.dispose()

    @contextlib.contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent view. Raises StoreError."""
        with self._errors(), self._engine.connect() as connection:
            if not self.is_sqlite:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextlib.contextmanager
    def writing(self) -> Iterator[Connection]:
        """The only writer until it ends; all or nothing of it is kept. Raises StoreError."""
        with self._errors(), self._engine.connect() as connection:
            if self.is_sqlite:
                connection.execution_options(writes=True)
            with connection.begin():
                if not self.is_sqlite:
                    connection.execute(text(f"SELECT pg_advisory_xact_lock({_ADVISORY_LOCK})"))
                yield connection

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except DBAPIError as error:
            raise StoreError(f"{self.name}: {_first_line(error.orig)}") from error
        except SQLAlchemyError as error:
            raise StoreError(f"{self.name}: {_first_line(error)}") from error

    def _bring_up_to_date(self) -> None:
        with self.reading() as connection:
            if self._revision(connection) == SCHEMA_REVISION:
                return
        from calleq.store.migrate import upgrade  # slow to import, and seldom needed

        with self.writing() as connection:
            if self._revision(connection) != SCHEMA_REVISION:
                upgrade(connection, self.name)

    def _revision(self, connection: Connection) -> str | None:
        if not inspect(connection).has_table("alembic_version"):
            return None
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
        return None if found is None else str(found)


def _parse(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise StoreError(f"{url!r} is no database URL: sqlite:///FILE is one") from error
    match parsed.drivername:
        case "sqlite":
            return parsed
        case "postgres" | "postgresql" | "postgresql+psycopg":
            return parsed.set(drivername="postgresql+psycopg")
        case other:
            raise StoreError(f"{other}: a database of the kind sqlite or postgresql was expected")


def _engine(url: URL) -> Engine:
    if url.drivername != "sqlite":
        try:
            return create_engine(url, poolclass=NullPool)
        except ModuleNotFoundError as error:
            raise StoreError(
                "PostgreSQL needs its driver: pip install 'calleq[postgresql]'"
            ) from error
    engine = create_engine(url, poolclass=NullPool, connect_args={"timeout": LOCK_WAIT_S})
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: SqliteConnection, _record: object) -> None:
    # The driver begins no transactions of its own: `_begin_sqlite` does.
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    # A writer that began as a reader could find at its first write that another was quicker.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _first_line(error: BaseException | None) -> str:
    return (str(error).strip() or type(error).__name__).splitlines()[0]
