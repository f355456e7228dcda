"""The index of a journal's calls, in SQLite: what lists are made of, however many calls there were.

A projection of the journal and nothing more: it remembers up to where it has read, in the same
transaction as what it read, and is made anew when it is lost, damaged or of another version. It
holds a call's acceptance, its due time, its end and its charge; legs and events are told by the
call itself. It is used by a thread beside that of the calls; a lock keeps two apart.

Bounded: a catching-up reads `PIECE_ENTRIES` at once, a search is given up after
`LIMIT_STEPS` of the database's own counting (`TooWideError`: say more about what is wanted).
"""

import secrets
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import Lock

import msgspec

from calleq.door.finding import Wish
from calleq.door.index_tables import TABLES, VERSION, CallTables
from calleq.journal.entries import Stamped
from calleq.journal.following import FRONT, Place, follow
from calleq.journal.segments import segment_numbers, segment_path
from calleq.messages.answers import CallView
from calleq.runtime.disk import RealDisk

PIECE_ENTRIES = 1_000
"""Read and written in one transaction."""
STEPS_BETWEEN = 10_000
LIMIT_STEPS = 2_000
"""Times `STEPS_BETWEEN` virtual-machine steps: about two seconds."""

_MARKS = """
create table if not exists about (name text primary key, value blob not null) without rowid;
create table if not exists place (segment integer primary key, place blob not null);
"""

_encode = msgspec.msgpack.Encoder().encode
_place: msgspec.msgpack.Decoder[Place] = msgspec.msgpack.Decoder(Place)


class CallIndexError(Exception):
    """The index cannot be read or written; the text says why."""


class TooWideError(Exception):
    """The search would take too long."""


class CallIndex:
    """The calls that the journal whose first segment is `base` tells of."""

    def __init__(self, path: Path, base: Path) -> None:
        self._path = path
        self._base = base
        self._database: sqlite3.Connection | None = None
        self._steps = 0
        self._one_at_a_time = Lock()
        self.key = b""
        """Random, kept with the tables: what cursors are sealed with."""

    def open(self) -> None:
        """Open the tables, or make them anew. Raises CallIndexError."""
        with self._one_at_a_time:
            try:
                self._open()
            except (sqlite3.DatabaseError, msgspec.DecodeError):
                self._lost()

    def catch_up(self) -> int:
        """Read one more piece of the journal; how many entries it had. Raises CallIndexError,
        JournalError."""
        with self._one_at_a_time:
            try:
                return self._catch_up()
            except sqlite3.DatabaseError:
                self._lost()
                return self._catch_up()

    def find(self, door: str, wish: Wish, before: str, limit: int) -> list[CallView]:
        """Calls of a door that fit, the newest first, behind the one named `before` (empty: from
        the newest). Raises TooWideError, CallIndexError."""
        with self._one_at_a_time:
            self._steps = 0
            try:
                self._connection()
                return self._tables.find(door, wish, before, limit)
            except sqlite3.OperationalError as error:
                if self._steps >= LIMIT_STEPS:
                    raise TooWideError from error
                raise CallIndexError(str(error)) from error
            except msgspec.DecodeError as error:
                raise CallIndexError(f"{self._path}: damaged: {error}") from error

    def close(self) -> None:
        """Close the tables."""
        with self._one_at_a_time:
            self._close()

    def _close(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None

    def _connection(self) -> sqlite3.Connection:
        if self._database is None:
            self._open()
        assert self._database is not None, "it has been opened"
        return self._database

    def _open(self) -> None:
        self._close()
        database = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        self._database, self._tables = database, CallTables(database)
        database.row_factory = sqlite3.Row
        self._path.chmod(0o600)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        (version,) = database.execute("pragma user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError("another version")
        database.executescript(_MARKS + TABLES)
        database.execute(f"pragma user_version = {VERSION}")
        key = ("key", secrets.token_bytes(32))
        database.execute("insert or ignore into about values (?, ?)", key)
        (self.key,) = database.execute("select value from about where name = 'key'").fetchone()
        database.set_progress_handler(self._step, STEPS_BETWEEN)

    def _step(self) -> int:
        self._steps += 1
        return self._steps >= LIMIT_STEPS

    def _lost(self) -> None:
        """Begin anew."""
        self._close()
        try:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{self._path}{suffix}").unlink(missing_ok=True)
            self._open()
        except (OSError, sqlite3.DatabaseError) as error:
            raise CallIndexError(f"{self._path}: {error}") from error

    def _catch_up(self) -> int:
        database = self._connection()
        self._steps = -(1 << 60)  # a piece is bounded by its entries
        last, place = self._reached(database)
        database.execute("begin")
        try:
            read = 0
            for number, stamped, after in self._following(last, place):
                self._tables.note(stamped)
                last, place, read = number, after, read + 1
                if read >= PIECE_ENTRIES:
                    break
            if read:
                database.execute("delete from place")
                database.execute("insert into place values (?, ?)", (last, _encode(place)))
        except BaseException:
            database.execute("rollback")
            self._tables = CallTables(database)  # which knows no word that was taken back
            raise
        database.execute("commit")
        return read

    def _reached(self, database: sqlite3.Connection) -> tuple[int, Place]:
        """The segment and the place in it up to which was read."""
        row = database.execute("select segment, place from place").fetchone()
        if row is None:
            return 0, FRONT
        numbers = segment_numbers(RealDisk(), self._base)
        if numbers and numbers[-1] < row["segment"]:
            raise sqlite3.DatabaseError("made from another journal")
        return row["segment"], _place.decode(row["place"])

    def _following(self, last: int, place: Place) -> Iterator[tuple[int, Stamped, Place]]:
        for number in segment_numbers(RealDisk(), self._base):
            if number >= last:
                begin = place if number == last else FRONT
                for stamped, after in follow(segment_path(self._base, number), begin):
                    yield number, stamped, after
