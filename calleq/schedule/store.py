"""The calls that are not due yet, in SQLite: a projection of the journal, one file per process.

The journal is the truth. What is written here is committed together with the position in the
journal up to which it holds, so that after a crash reading on from there gives the same again; a
file that is lost, damaged or of another version is made anew from the journal. Write-ahead log;
commits do not wait for the disk, checkpoints do, in a thread of their own.

Without a path everything is in memory, for the virtual clock. Used by one thread; the file belongs
to the process that holds the journal's lock.
"""

import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from calleq.intake.idempotency import IdempotencyKeys
from calleq.intake.references import reference_text, reference_value
from calleq.journal.entries import Accepted, Stamped
from calleq.schedule.kept import FORMAT, Waiting, decode, encode

SUFFIX = ".schedule.sqlite"
"""A process's schedule is `<data directory>/<process>.schedule.sqlite`."""
CHECKPOINT_CHANGES = 10_000
CHECKPOINT_S = 30.0
"""A checkpoint follows so many changes, or the first change so long after the one before."""

_TABLES = """
CREATE TABLE door (
    door INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, reached INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE waiting (
    call BLOB PRIMARY KEY,
    due_us INTEGER NOT NULL,
    claimed INTEGER NOT NULL,
    door INTEGER NOT NULL,
    kept BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX due ON waiting (door, due_us) WHERE claimed = 0;
"""
_SELECT = "SELECT call, due_us, claimed, kept FROM waiting"
_Row = tuple[bytes, int, int, bytes]


class StoreDamaged(Exception):  # noqa: N818
    """The file cannot be read or written; the text names it and says why."""


class ScheduleStore:
    """See above. Every method may raise StoreDamaged."""

    def __init__(self, path: Path | None = None) -> None:
        """Open or make the file; None: in memory."""
        self._path = path
        self._changes = 0
        self._dirty = False
        self._doors: dict[str, int] = {}
        self._checkpoint: threading.Thread | None = None
        self._checkpoint_s = time.monotonic()
        self._durable: dict[str, int] = {}
        self._keys: dict[str, IdempotencyKeys] = {}
        try:
            self._database = self._opened()
        except (sqlite3.DatabaseError, StoreDamaged):
            self._forget_file()
            self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        database = _connected(self._path)
        found = database.execute("PRAGMA user_version").fetchone()[0]
        if found == 0:
            database.executescript(f"BEGIN;{_TABLES}PRAGMA user_version = {FORMAT};COMMIT;")
        elif found != FORMAT or database.execute("PRAGMA quick_check(1)").fetchone() != ("ok",):
            database.close()
            raise StoreDamaged(f"{self._path}: damaged, or of another version")
        return database

    def _forget_file(self) -> None:
        if self._path is not None:
            for suffix in ("", "-wal", "-shm"):
                self._path.with_name(self._path.name + suffix).unlink(missing_ok=True)

    @property
    def name(self) -> str:
        """What it is called in errors."""
        return "the schedule" if self._path is None else str(self._path)

    @property
    def is_lasting(self) -> bool:
        """Whether it outlives the process."""
        return self._path is not None

    # One call

    def put(self, waiting: Waiting) -> None:
        """Keep a call, in place of what was kept of it."""
        self._change(
            "INSERT OR REPLACE INTO waiting VALUES (?, ?, ?, ?, ?)",
            (
                _key(waiting.call),
                waiting.due_us,
                waiting.claimed,
                self._door(waiting.entry.door),
                encode(waiting),
            ),
        )

    def get(self, call: str) -> Waiting | None:
        """What is kept of a call."""
        row = self._rows(f"{_SELECT} WHERE call = ?", (_key(call),)).fetchone()
        return None if row is None else _waiting(row)

    def set_claimed(self, call: str, *, claimed: bool) -> None:
        """Mark a call as seen to, or not."""
        self._change("UPDATE waiting SET claimed = ? WHERE call = ?", (claimed, _key(call)))

    def remove(self, call: str) -> None:
        """Keep nothing of a call any more."""
        self._change("DELETE FROM waiting WHERE call = ?", (_key(call),))

    # Many

    def claim(self, door: str, now_us: int, limit: int) -> list[Waiting]:
        """The calls of a door that are due and nobody sees to, the first due first; they are
        claimed from now on."""
        rows = self._rows(
            f"{_SELECT} WHERE door = ? AND claimed = 0 AND due_us <= ? ORDER BY due_us LIMIT ?",
            (self._door(door), now_us, limit),
        ).fetchall()
        if rows:
            self._begin()
            self._database.executemany(
                "UPDATE waiting SET claimed = 1 WHERE call = ?", [(row[0],) for row in rows]
            )
            self._changes += len(rows)
        return [_waiting((call, due_us, 1, kept)) for call, due_us, _, kept in rows]

    def next_due_us(self, door: str) -> int | None:
        """When the next call of a door is due that nobody sees to; None: there is none."""
        row = self._rows(
            "SELECT due_us FROM waiting WHERE door = ? AND claimed = 0 ORDER BY due_us LIMIT 1",
            (self._door(door),),
        ).fetchone()
        return None if row is None else row[0]

    def claimed(self, door: str) -> list[Waiting]:
        """The calls of a door that were claimed and have not ended."""
        rows = self._rows(f"{_SELECT} WHERE door = ? AND claimed = 1", (self._door(door),))
        return [_waiting(row) for row in rows]

    def every(self, door: str) -> Iterator[Waiting]:
        """All calls of a door that have not ended, the first accepted first."""
        for row in self._rows(f"{_SELECT} WHERE door = ? ORDER BY call", (self._door(door),)):
            yield _waiting(row)

    def __len__(self) -> int:
        count: int = self._rows("SELECT count(*) FROM waiting WHERE claimed = 0", ()).fetchone()[0]
        return count

    # Its place in the journal

    def reached(self, door: str) -> int:
        """Up to which of a door's entries the journal is reflected here."""
        row = self._rows("SELECT reached FROM door WHERE name = ?", (door,)).fetchone()
        return 0 if row is None else int(row[0])

    def reach(self, door: str, sequence: int) -> None:
        """What a door wrote up to this entry, and has been told to be durable, is reflected."""
        self._change("UPDATE door SET reached = ? WHERE door = ?", (sequence, self._door(door)))

    @property
    def is_dirty(self) -> bool:
        """Whether there is something to be committed."""
        return self._dirty

    def commit(self) -> None:
        """Write the changes, and now and then have them brought to the disk's own place."""
        if not self._dirty:
            return
        self._run("COMMIT", ())
        self._dirty = False
        busy = self._checkpoint is not None and self._checkpoint.is_alive()
        if self._path is None or busy:
            return
        is_long_ago = time.monotonic() >= self._checkpoint_s + CHECKPOINT_S
        if self._changes >= CHECKPOINT_CHANGES or is_long_ago:
            self._changes, self._checkpoint_s = 0, time.monotonic()
            places = dict(self._rows("SELECT name, reached FROM door", ()).fetchall())
            work = (self._path, places)
            thread = threading.Thread(target=self._bring_home, args=work, daemon=True)
            self._checkpoint = thread
            thread.start()

    def close(self) -> None:
        """Commit, bring everything home, close."""
        self.commit()
        if self._checkpoint is not None:
            self._checkpoint.join()
        if self._path is not None:
            self._run("PRAGMA wal_checkpoint(TRUNCATE)", ())
        self._database.close()

    def _door(self, name: str) -> int:
        """The number by which a door is known here."""
        number = self._doors.get(name)
        if number is None:
            self._change("INSERT OR IGNORE INTO door (name) VALUES (?)", (name,))
            row = self._rows("SELECT door FROM door WHERE name = ?", (name,)).fetchone()
            number = self._doors[name] = int(row[0])
        return number

    def _bring_home(self, path: Path, places: dict[str, int]) -> None:
        """On a thread: bring the changes to their place on the disk, those up to `places` among
        them."""
        if _brought_home(path):
            self._durable = places

    def durable(self) -> dict[str, int]:
        """Up to which of each door's entries the journal is reflected here, durably; may be asked
        from any thread."""
        return self._durable

    def keeps(self, stamped: Stamped, young_us: int) -> bool:
        """Whether an entry of the journal says nothing that is not kept here: the acceptance of a
        call that waits, without money held. Its idempotency key, in force since `young_us`, is
        then among `keys_of` its door."""
        entry = stamped.entry
        if not isinstance(entry, Accepted) or not entry.due_us or entry.held:
            return False
        found = self._rows("SELECT claimed FROM waiting WHERE call = ?", (_key(entry.call),))
        row = found.fetchone()
        if row is None or row[0]:
            return False
        if stamped.at_us >= young_us:
            self.keys_of(entry.door).restore(entry, stamped.at_us)
        return True

    def keys_of(self, door: str) -> IdempotencyKeys:
        """The keys of a door's calls that `keeps` said of that they need not be read again."""
        return self._keys.setdefault(door, IdempotencyKeys())

    def _change(self, statement: str, values: Sequence[object]) -> None:
        self._begin()
        self._run(statement, values)
        self._changes += 1

    def _begin(self) -> None:
        if not self._dirty:
            self._run("BEGIN", ())
            self._dirty = True

    def _rows(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        return self._run(statement, values)

    def _run(self, statement: str, values: Sequence[object]) -> sqlite3.Cursor:
        try:
            return self._database.execute(statement, tuple(values))
        except sqlite3.DatabaseError as error:
            raise StoreDamaged(f"{self.name}: {error}") from error


def _connected(path: Path | None) -> sqlite3.Connection:
    database = sqlite3.connect(
        ":memory:" if path is None else path, isolation_level=None, check_same_thread=False
    )
    if path is not None:
        path.chmod(0o600)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("PRAGMA wal_autocheckpoint = 0")
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute("PRAGMA cache_size = -16000")
    return database


def _brought_home(path: Path) -> bool:
    """Copy what the write-ahead log holds to the file, and make both durable; whether all was."""
    database = _connected(path)
    try:
        database.execute("PRAGMA synchronous = FULL")
        busy, written, copied = database.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchone()
        return not busy and written == copied
    except sqlite3.DatabaseError:
        return False  # whoever writes next is told
    finally:
        database.close()


def _waiting(row: _Row) -> Waiting:
    key, due_us, claimed, kept = row
    try:
        return decode(kept, _call(key), due_us, claimed=bool(claimed))
    except ValueError as error:
        raise StoreDamaged(str(error)) from error


def _key(call: str) -> bytes:
    """A reference as 16 octets that sort as it does; another text as it is, in octets."""
    value = reference_value(call)
    return call.encode() if value is None else value.to_bytes(16, "big")


def _call(key: bytes) -> str:
    return reference_text(int.from_bytes(key, "big")) if len(key) == 16 else key.decode()
