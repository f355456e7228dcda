"""The tables in which a journal's calls are kept to be listed: one row a call, as short as may be.

A row has in columns what is filtered by, and the rest of its acceptance deflated. References are 16
octets, numbers of telephones integers, owners (a door and a business) and states numbers that the
table `word` explains. Rows of a business are found by its states, each in the order of its calls:
a list without a state is put together from those of all states.
"""

import sqlite3
import zlib
from collections.abc import Sequence

import msgspec
from msgspec.structs import replace

from calleq.door.finding import Wish
from calleq.door.views import Standing, call_view
from calleq.intake.references import reference_text, reference_value
from calleq.journal.entries import Accepted, Charged, Ended, Rescheduled, Stamped
from calleq.messages.answers import CallView

VERSION = 2
"""Counted up when the tables, or what an entry says, change: they are then made anew."""

TABLES = """
create table if not exists word (number integer primary key, word text not null unique);
create table if not exists call (
  call blob primary key, owner integer not null, state integer not null, customer not null,
  representative not null, accepted_us integer not null, due_us integer not null,
  open_us integer not null, ended_us integer, final integer not null, cause integer not null,
  detail text not null, entry blob not null, charge blob
) without rowid;
create index if not exists call_state on call (owner, state, call);
create index if not exists call_customer on call (customer, owner, call);
"""

_STATE = "state "
_OWNER = "owner "
_LAST = "\U0010ffff"
"""Sorts behind whatever a word goes on with."""
_WINDOW_BITS = -12
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Accepted).decode
_charge = msgspec.msgpack.Decoder(Charged).decode
_COMMON = _encode(
    Accepted(
        "",
        "",
        "",
        {
            "time_zone": "America/New_YorkEurope/London",
            "web_page": {"url": "https://www.example.com/", "title": ""},
            "note": "",
            "language": "en",
            "dial_first": "customer",
            "extension": None,
            "customer_id": "customer-",
            "representative": "",
            "business_id": "abc",
            "equipment_address": "server-72.calleq.example",
            "customer_number": "+12125550100",
            "representative_number": "+12125550143",
            "desired_time": "2026-11-23T05:05:00Z",
        },
        figure=9,
        by="password",
        source="203.0.113.7",
    )
)


class CallTables:
    """Those of one database, which is the caller's to open, to commit and to close."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._words: dict[str, int] = {}

    def note(self, stamped: Stamped) -> None:
        """What an entry says of a call."""
        entry = stamped.entry
        match entry:
            case Accepted():
                self._accepted(entry, stamped.at_us)
            case Rescheduled():
                self._database.execute(
                    "update call set due_us = ?, open_us = ? where call = ? and final = 0",
                    (entry.due_us, _open_us(entry), _key(entry.call)),
                )
            case Ended():
                self._database.execute(
                    "update call set state = ?, final = 1, cause = ?, detail = ?, ended_us = ?"
                    " where call = ? and final = 0",
                    (
                        self._number(_STATE + entry.state),
                        entry.cause,
                        entry.detail,
                        stamped.at_us,
                        _key(entry.call),
                    ),
                )
            case Charged():
                self._database.execute(
                    "update call set charge = ? where call = ?", (_encode(entry), _key(entry.call))
                )
            case _:
                pass

    def find(self, door: str, wish: Wish, before: str, limit: int) -> list[CallView]:
        """Calls of a door that fit, the newest first, behind the one named `before`."""
        found, values = _conditions(wish, before)
        owners = f"{_OWNER}{door}\0{wish.business or ''}"
        if wish.business is None:
            found.insert(0, "+owner in (select number from word where word >= ? and word < ?)")
            values[:0] = [owners, owners + _LAST]
        else:
            found.insert(0, "owner = ?")
            values.insert(0, self._known(owners))
        if wish.state:
            states = [self._known(_STATE + wish.state)]
        elif wish.business is None or wish.customer:
            states = []
        else:
            states = self._all_known(_STATE)
        return [self._view(row) for row in self._found(found, values, states, limit)]

    def _found(
        self, found: list[str], values: list[object], states: list[int], limit: int
    ) -> list[sqlite3.Row]:
        """The rows of each state together, or, where none is named, whatever their state."""
        where = " and ".join(found)
        if not states:
            query = f"select * from call where {where} order by call desc limit ?"
            return self._rows(query, (*values, limit))
        part = f"select * from (select * from call where {where} and state = ?"
        part += " order by call desc limit ?)"
        every = " union all ".join([part] * len(states))
        asked = [one for state in states for one in (*values, state, limit)]
        return self._rows(f"{every} order by call desc limit ?", (*asked, limit))

    def _accepted(self, entry: Accepted, at_us: int) -> None:
        state = "scheduled" if entry.due_us else "accepted"
        self._database.execute(
            "insert or ignore into call values (?,?,?,?,?,?,?,?,null,0,0,'',?,null)",
            (
                _key(entry.call),
                self._number(f"{_OWNER}{entry.door}\0{entry.business}"),
                self._number(_STATE + state),
                _party(_text(entry, "customer_number")),
                _party(_text(entry, "representative_number")),
                at_us,
                entry.due_us,
                _open_us(entry),
                _packed(entry),
            ),
        )

    def _view(self, row: sqlite3.Row) -> CallView:
        door, _, business = self._word(row["owner"]).removeprefix(_OWNER).partition("\0")
        due_us, open_us = row["due_us"], row["open_us"]
        entry = replace(_unpacked(row["entry"]), call=_call(row["call"]))
        standing = Standing(
            state=self._word(row["state"]).removeprefix(_STATE),
            final=bool(row["final"]),
            ended_at_us=row["ended_us"],
            cause=row["cause"],
            detail=row["detail"],
            events=0,
            due_us=due_us,
            expires_us=0 if open_us < 0 else due_us + open_us,
            charge=None if row["charge"] is None else _charge(row["charge"]),
        )
        whole = replace(entry, door=door, business=business)
        return call_view(whole, row["accepted_us"], standing)

    # Words

    def _known(self, word: str) -> int:
        """The number of a word; 0, which none has, where it was never met."""
        rows = self._rows("select number from word where word = ?", (word,))
        return int(rows[0]["number"]) if rows else 0

    def _all_known(self, prefix: str) -> list[int]:
        """Of all words that begin so."""
        query = "select number from word where word >= ? and word < ?"
        return [int(row["number"]) for row in self._rows(query, (prefix, prefix + _LAST))]

    def _number(self, word: str) -> int:
        """The number of a word, which it is given when it is met first."""
        number = self._words.get(word)
        if number is None:
            self._database.execute("insert or ignore into word (word) values (?)", (word,))
            number = self._words[word] = self._known(word)
        return number

    def _word(self, number: int) -> str:
        word: str = self._rows("select word from word where number = ?", (number,))[0]["word"]
        return word

    def _rows(self, query: str, values: Sequence[object]) -> list[sqlite3.Row]:
        return self._database.execute(query, values).fetchall()


def _conditions(wish: Wish, before: str) -> tuple[list[str], list[object]]:
    """What a row must meet beside owner and state, and the values in it."""
    found: list[tuple[str, object]] = []
    if before:
        found.append(("call < ?", _key(before)))
    if wish.final is not None:
        found.append(("final = ?", int(wish.final)))
    for column, number in (
        ("customer", wish.customer),
        ("representative", wish.representative),
    ):
        if number:
            found.append((f"{column} = ?", _party(number)))
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
    return [text for text, _ in found], [value for _, value in found]


def _packed(entry: Accepted) -> bytes:
    """What no column says and a list shows."""
    left = replace(
        entry,
        **dict.fromkeys(("call", "business", "door", "fingerprint"), ""),
        idempotency_key=None,
        due_us=0,
        expires_us=0,
    )
    deflate = zlib.compressobj(6, zlib.DEFLATED, _WINDOW_BITS, zdict=_COMMON)
    return deflate.compress(_encode(left)) + deflate.flush()


def _unpacked(octets: bytes) -> Accepted:
    try:
        return _decode(zlib.decompressobj(_WINDOW_BITS, zdict=_COMMON).decompress(octets))
    except zlib.error as error:
        raise msgspec.DecodeError(str(error)) from error


def _open_us(entry: Accepted | Rescheduled) -> int:
    """For how long it may be begun; below zero: for ever."""
    return entry.expires_us - entry.due_us if entry.expires_us else -1


def _key(call: str) -> bytes:
    """A reference as 16 octets that sort as it does; another text as it is."""
    value = reference_value(call)
    return call.encode() if value is None else value.to_bytes(16, "big")


def _call(key: bytes) -> str:
    return reference_text(int.from_bytes(key, "big")) if len(key) == 16 else key.decode()


def _party(number: str) -> int | str:
    """A telephone number as an integer, which is half as long; anything else as it is."""
    digits = number[1:]
    plain = number.startswith("+") and digits.isascii() and digits.isdigit() and len(digits) < 18
    return int(digits) if plain and not digits.startswith("0") else number


def _text(entry: Accepted, name: str) -> str:
    value = entry.message.get(name)
    return value if isinstance(value, str) else ""
