"""Idempotency-Key on everything that changes something, but for calls being asked for.

Those have keys of their own, durable with the call (`calleq.intake.idempotency`). Here the answer
of a finished request is kept for `KEPT_US`, by who asked, what for, and the key:

| key, for the same sender, method and path | answer                                         |
|-------------------------------------------|------------------------------------------------|
| new                                       | the request is done                            |
| same body, answered                       | the same answer again, `Idempotent-Replayed`   |
| same body, being answered                 | 409 `in_progress`                              |
| another body                              | 422 `idempotency_key_reused`                   |

A refusal is an answer: the key stays bound to it. What binds nothing: a request that could not be
read, one told to come again (Retry-After), and a defect of ours (500). What is beyond the bounds is
refused (503), not forgotten early; no sender can take more than its share of them.

With an `AnswerFile` answers outlive the process. An answer is written when it is given, after what
it tells of is durable: a process that dies between the two does the same thing again when it is
asked again. That is why whatever is done more than once safely (a setting, a suspension, an order
under its own name) is all that such a key guards; a secret that is shown once is never kept.
"""

import sqlite3
from collections import Counter, OrderedDict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from hashlib import blake2b, sha256
from pathlib import Path
from typing import Protocol

import msgspec
from starlette.responses import Response

from calleq.intake import errors
from calleq.intake.idempotency import KEPT_US, is_key
from calleq.messages.answers import ProblemView
from calleq.web.problems import ProblemDetail, ProblemError, problem_of

LIMIT_KEPT = 20_000
LIMIT_OF_SENDER = 5_000
LIMIT_KEPT_OCTETS = 32 << 20
"""Of all bodies that are kept."""
REPLAYED = "idempotent-replayed"
_VERSION = 1
_BINDS_NOTHING = frozenset((429, 500, 503))

_canonical = msgspec.json.Encoder(order="deterministic").encode

Who = tuple[str, str, str, str]
"""Sender, method, path, key."""


class Answered(msgspec.Struct, frozen=True):
    """What was said to a request."""

    status: int
    headers: dict[str, str]
    body: bytes
    problem: ProblemView | None = None


class Kept(msgspec.Struct):
    """A key that is bound."""

    mark: bytes
    """Of the request's body."""
    at_us: int
    answered: Answered | None = None
    """None: it is being answered."""


class Witness(Protocol):
    """Where answers are written, so that another life of the process knows them."""

    def known(self) -> Iterable[tuple[Who, Kept]]:
        """Those of the lives before, oldest first."""

    def keep(self, who: Who, kept: Kept) -> None:
        """Write an answer."""

    def forget_before(self, at_us: int) -> None:
        """Those that were bound before an instant count no more."""


class KeyedAnswers:
    """Answers by key, oldest first."""

    def __init__(self, witness: Witness | None = None) -> None:
        self._slots: OrderedDict[Who, Kept] = OrderedDict()
        self._of_sender: Counter[str] = Counter()
        self._octets = 0
        self._witness = witness
        for who, kept in () if witness is None else witness.known():
            self._bind(who, kept)
            self._octets += 0 if kept.answered is None else len(kept.answered.body)

    def begin(self, who: Who, body: object, now_us: int) -> Response | None:
        """Bind a key, or give the answer it has had; ProblemError where it cannot be used."""
        if not is_key(who[3]):
            raise ProblemError(errors.KEY_MALFORMED)
        self._forget_before(now_us - KEPT_US)
        slot, mark = self._slots.get(who), sha256(_canonical(body)).digest()
        if slot is None:
            full = len(self._slots) >= LIMIT_KEPT or self._octets >= LIMIT_KEPT_OCTETS
            if full or self._of_sender[who[0]] >= LIMIT_OF_SENDER:
                raise ProblemError(errors.KEYS_FULL)
            self._bind(who, Kept(mark, now_us))
            return None
        if slot.mark != mark:
            raise ProblemError(errors.KEY_REUSED)
        if slot.answered is None:
            raise ProblemError(errors.KEY_IN_PROGRESS)
        return _again(slot.answered)

    def answered(self, who: Who, response: Response) -> None:
        """The request of a bound key has its answer."""
        headers = dict(response.headers.items())
        self._keep(who, Answered(response.status_code, headers, bytes(response.body)))

    def refused(self, who: Who, problem: ProblemDetail, headers: Mapping[str, str]) -> None:
        """The request of a bound key was refused."""
        if problem.status in _BINDS_NOTHING or problem.retry_after_s is not None:
            self.failed(who)
        else:
            self._keep(who, Answered(problem.status, dict(headers), b"", problem.view()))

    def failed(self, who: Who) -> None:
        """It came to no answer that could be given again."""
        if self._slots.pop(who, None) is not None:
            self._unbound(who)

    def __len__(self) -> int:
        return len(self._slots)

    def _bind(self, who: Who, kept: Kept) -> None:
        self._slots[who] = kept
        self._of_sender[who[0]] += 1

    def _unbound(self, who: Who) -> None:
        self._of_sender[who[0]] -= 1
        if not self._of_sender[who[0]]:
            del self._of_sender[who[0]]

    def _keep(self, who: Who, answered: Answered) -> None:
        kept = self._slots.get(who)
        if kept is not None:
            kept.answered = answered
            self._octets += len(answered.body)
            if self._witness is not None:
                self._witness.keep(who, kept)

    def _forget_before(self, at_us: int) -> None:
        forgot = False
        while self._slots:
            who, kept = next(iter(self._slots.items()))
            if kept.at_us >= at_us or kept.answered is None:
                break
            del self._slots[who]
            self._unbound(who)
            self._octets -= len(kept.answered.body)
            forgot = True
        if forgot and self._witness is not None:
            self._witness.forget_before(at_us)


class AnswerFile:
    """The witness on disk: one SQLite file for the doors of a process, each answer committed by
    itself. What cannot be written is good for this life of the process; a file that cannot be read
    is made anew."""

    def __init__(self, path: Path) -> None:
        """Raises sqlite3.Error, OSError."""
        self._path = path
        try:
            self._database = self._opened()
        except sqlite3.DatabaseError:
            for suffix in ("", "-wal", "-shm"):
                Path(f"{path}{suffix}").unlink(missing_ok=True)
            self._database = self._opened()

    def _opened(self) -> sqlite3.Connection:
        database = sqlite3.connect(self._path, isolation_level=None, timeout=1.0)
        self._path.chmod(0o600)
        database.execute("pragma journal_mode = wal")
        database.execute("pragma synchronous = normal")
        if database.execute("pragma user_version").fetchone()[0] not in (0, _VERSION):
            database.execute("drop table answer")
        database.execute(
            "create table if not exists answer (door text, who blob, at_us integer, kept blob,"
            " primary key (door, who)) without rowid"
        )
        database.execute(f"pragma user_version = {_VERSION}")
        return database

    def of_door(self, door: str) -> "DoorAnswers":
        """The part of one door."""
        return DoorAnswers(self._database, door)

    def close(self) -> None:
        """Close the file."""
        self._database.close()


_decode = msgspec.msgpack.Decoder(tuple[Who, Kept]).decode


class DoorAnswers:
    """The answers of one door in an `AnswerFile`."""

    def __init__(self, database: sqlite3.Connection, door: str) -> None:
        self._database = database
        self._door = door

    def known(self) -> Iterable[tuple[Who, Kept]]:
        """See `Witness`; what cannot be read is left out."""
        query = "select kept from answer where door = ? order by at_us limit ?"
        for (octets,) in self._database.execute(query, (self._door, LIMIT_KEPT)).fetchall():
            with suppress(msgspec.DecodeError):
                yield _decode(octets)

    def keep(self, who: Who, kept: Kept) -> None:
        """See `Witness`."""
        key = blake2b(msgspec.msgpack.encode(who), digest_size=16).digest()
        values = (self._door, key, kept.at_us, msgspec.msgpack.encode((who, kept)))
        with suppress(sqlite3.OperationalError):
            self._database.execute("insert or replace into answer values (?, ?, ?, ?)", values)

    def forget_before(self, at_us: int) -> None:
        """See `Witness`."""
        with suppress(sqlite3.OperationalError):
            self._database.execute(
                "delete from answer where door = ? and at_us < ?", (self._door, at_us)
            )


def _again(answered: Answered) -> Response:
    headers = {**answered.headers, REPLAYED: "true"}
    if answered.problem is not None:
        raise ProblemError(problem_of(answered.problem), headers)
    return Response(answered.body, answered.status, headers)
