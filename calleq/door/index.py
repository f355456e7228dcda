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
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock

import msgspec

from calleq.door.finding import Wish
from calleq.door.views import Standing, call_view
from calleq.journal.entries import Accepted, Charged, Ended, Rescheduled, Stamped
from calleq.journal.following import FRONT, Place, follow
from calleq.journal.segments import segment_numbers, segment_path
from calleq.messages.answers import CallView
from calleq.runtime.disk import RealDisk

VERSION = 1
"""Counted up when the tables change: they are then made anew."""
PIECE_ENTRIES = 1_000
"""Read and written in one transaction."""
STEPS_BETWEEN = 10_000
LIMIT_STEPS = 2_000
"""Times `STEPS_BETWEEN` virtual-machine steps: about two seconds."""

_TABLES = """
create table if not exists about (name text primary key, value blob not null) without rowid;
create table if not exists place (segment integer primary key, place blob not null);
create table if not exists call (
  call text primary key, door text not null, business text not null, customer text not null,
  representative text not null, accepted_us integer not null, due_us integer not null,
  expires_us integer not null, ended_us integer, state text not null, final integer not null,
  cause integer not null, detail text not null, charge blob, entry blob not null
) without rowid;
create index if not exists call_business on call (door, business, call);
create index if not exists call_customer on call (door, customer, call);
create index if not exists call_state on call (door, business, state, call);
"""

_encode = msgspec.msgpack.Encoder().encode
_entry: msgspec.msgpack.Decoder[Accepted] = msgspec.msgpack.Decoder(Accepted)
_charge: msgspec.msgpack.Decoder[Charged] = msgspec.msgpack.Decoder(Charged)
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
        where, values = _conditions(door, wish, before)
        query = f"select * from call where {where} order by call desc limit ?"
        with self._one_at_a_time:
            self._steps = 0
            try:
                rows = self._connection().execute(query, (*values, limit)).fetchall()
            except sqlite3.OperationalError as error:
                if self._steps >= LIMIT_STEPS:
                    raise TooWideError from error
                raise CallIndexError(str(error)) from error
        return [_view(row) for row in rows]

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
        self._database = database
        database.row_factory = sqlite3.Row
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        (version,) = database.execute("pragma user_version").fetchone()
        if version not in (0, VERSION):
            raise sqlite3.DatabaseError("another version")
        database.executescript(_TABLES)
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
                _note(database, stamped)
                last, place, read = number, after, read + 1
                if read >= PIECE_ENTRIES:
                    break
            if read:
                database.execute("delete from place")
                database.execute("insert into place values (?, ?)", (last, _encode(place)))
        except BaseException:
            database.execute("rollback")
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


def _note(database: sqlite3.Connection, stamped: Stamped) -> None:
    """What an entry says of a call."""
    entry = stamped.entry
    match entry:
        case Accepted():
            database.execute(
                "insert or ignore into call values (?,?,?,?,?,?,?,?,null,?,0,0,'',null,?)",
                (
                    entry.call,
                    entry.door,
                    entry.business,
                    _text(entry, "customer_number"),
                    _text(entry, "representative_number"),
                    stamped.at_us,
                    entry.due_us,
                    entry.expires_us,
                    "scheduled" if entry.due_us else "accepted",
                    _encode(entry),
                ),
            )
        case Rescheduled():
            database.execute(
                "update call set due_us = ?, expires_us = ? where call = ? and final = 0",
                (entry.due_us, entry.expires_us, entry.call),
            )
        case Ended():
            database.execute(
                "update call set state = ?, final = 1, cause = ?, detail = ?, ended_us = ?"
                " where call = ? and final = 0",
                (entry.state, entry.cause, entry.detail, stamped.at_us, entry.call),
            )
        case Charged():
            database.execute(
                "update call set charge = ? where call = ?", (_encode(entry), entry.call)
            )
        case _:
            pass


def _conditions(door: str, wish: Wish, before: str) -> tuple[str, Sequence[object]]:
    """What a row must meet, and the values in it."""
    found: list[tuple[str, object]] = [("door = ?", door)]
    if before:
        found.append(("call < ?", before))
    if wish.business is not None:
        found.append(("business = ?", wish.business))
    if wish.final is not None:
        found.append(("final = ?", int(wish.final)))
    for column, text in (
        ("state", wish.state),
        ("customer", wish.customer),
        ("representative", wish.representative),
    ):
        if text:
            found.append((f"{column} = ?", text))
    for column, after_us, before_us in (
        ("accepted_us", wish.accepted_after_us, wish.accepted_before_us),
        ("due_us", wish.due_after_us, wish.due_before_us),
        ("ended_us", wish.ended_after_us, wish.ended_before_us),
    ):
        if after_us is not None:
            found.append((f"{column} >= ?", after_us))
        if before_us is not None:
            found.append((f"{column} < ?", before_us))
        if column == "due_us" and (after_us is not None or before_us is not None):
            found.append(("due_us > ?", 0))
    return " and ".join(text for text, _ in found), [value for _, value in found]


def _view(row: sqlite3.Row) -> CallView:
    standing = Standing(
        state=row["state"],
        final=bool(row["final"]),
        ended_at_us=row["ended_us"],
        cause=row["cause"],
        detail=row["detail"],
        events=0,
        due_us=row["due_us"],
        expires_us=row["expires_us"],
        charge=None if row["charge"] is None else _charge.decode(row["charge"]),
    )
    return call_view(_entry.decode(row["entry"]), row["accepted_us"], standing)


def _text(entry: Accepted, name: str) -> str:
    value = entry.message.get(name)
    return value if isinstance(value, str) else ""
