"""The records in SQL: journals consumed piece by piece, each piece in one transaction.

`bring_up_to_date` reads on from where the last transaction ended; `rebuild` begins anew. Both take
the same steps, so that the tables are the same whatever the pieces were. It may be interrupted at
any instant: what a piece changed is there whole, with the place up to which it read, or not at all.

What was odd in the journals is written down beside the records (`lost`, `stray`) for
`calleq.billing.checks`.

Refuses (`ProjectionError`): journals that are not those the tables were made from (another network,
or files that were replaced), tables made by other rules of derivation, and rebuilding when journals
no longer hold what the tables were made from.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass, field
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Table, delete, insert, select, tuple_, update

from calleq.billing.derivation import records_of
from calleq.billing.indexing import index_entries
from calleq.billing.records import SessionRecord
from calleq.billing.rows import leg_row, session_row
from calleq.billing.settling import PATIENCE_US, settle
from calleq.journal.entries import CircuitKey, LineRefused, LineSeized, Stamped, Transit
from calleq.journal.following import Following, Place, follow_data
from calleq.journal.segments import Data, journal_of, journals_of
from calleq.runtime.disk import RealDisk
from calleq.store.database import Database
from calleq.store.schema import ENTITY, JOURNAL, LEG, LOST, PENDING, PROJECTION, SESSION, STRAY

RULES = 3
"""Counted up when the same journals would make other records: the tables must then be rebuilt."""

PIECE_ENTRIES = 100_000
"""How many entries are consumed in one transaction."""

_CHUNK = 400
"""Keys in one statement; databases allow at least 999 parameters."""

_NAME = "records"

_encoder = msgspec.msgpack.Encoder()
_decoder: msgspec.msgpack.Decoder[Stamped] = msgspec.msgpack.Decoder(Stamped)


class ProjectionError(Exception):
    """The tables cannot be brought up to date from these journals; the text says what to do."""


@dataclass(slots=True)
class _Consumed:
    """How far an entity's entries have been read."""

    first_sequence: int
    first_at_us: int
    last_sequence: int
    is_new: bool = False

    def covers(self, other: "_Consumed") -> bool:
        return (
            self.first_sequence <= other.first_sequence
            and self.last_sequence >= other.last_sequence
        )


@dataclass(slots=True)
class _State:
    """What the tables say about themselves."""

    horizon_us: int
    places: dict[str, Place]
    entities: dict[str, _Consumed]
    pending: dict[tuple[str, int], Stamped]
    lost: list[dict[str, object]] = field(default_factory=list)


def bring_up_to_date(database: Database, data: Data, piece_entries: int = PIECE_ENTRIES) -> int:
    """Consume what the journals of a network hold and the tables do not yet; how many entries
    that was.

    Raises ProjectionError, StoreError, JournalError.
    """
    total = 0
    while True:
        with database.writing() as connection:
            state = _state(connection)
            _refuse_without_journals(state, data)
            consumed = _consume(connection, state, follow_data(data, state.places), piece_entries)
        total += consumed
        if consumed < piece_entries:
            return total


def rebuild(database: Database, data: Data, piece_entries: int = PIECE_ENTRIES) -> int:
    """Make the tables anew from the journals, in one transaction; how many entries were read.

    Readers see the old tables until it is done. Raises as `bring_up_to_date` does.
    """
    with database.writing() as connection:
        before = _entities(connection)
        for table in (LEG, SESSION, STRAY, PENDING, LOST, ENTITY, JOURNAL, PROJECTION):
            connection.execute(delete(table))
        state = _state(connection)
        following = follow_data(data, state.places)
        total = 0
        while consumed := _consume(connection, state, following, piece_entries):
            total += consumed
        for entity, old in before.items():
            new = state.entities.get(entity)
            if new is None or not new.covers(old):
                raise ProjectionError(
                    f"the journals no longer hold all entries of {entity} from which records were"
                    " made: put the removed journal files back, or name the other data directories"
                    " of the network with --data, and rebuild then"
                )
        return total


def consumed_sequences(database: Database) -> dict[str, int]:
    """Up to which entry of each entity the records have been made, durably.

    Nothing where they must be made anew: the journals are needed for that. Raises StoreError.
    """
    with database.reading() as connection:
        if connection.scalar(select(PROJECTION.c.rules)) != RULES:
            return {}
        return {name: one.last_sequence for name, one in _entities(connection).items()}


def _state(connection: Connection) -> _State:
    row = connection.execute(select(PROJECTION.c.rules, PROJECTION.c.horizon_us)).one_or_none()
    if row is None:
        connection.execute(insert(PROJECTION).values(name=_NAME, rules=RULES, horizon_us=0))
    elif row.rules != RULES:
        raise ProjectionError(
            "the records were made by the rules of another version of calleq:"
            " make them anew with `calleq rebuild`"
        )
    places = {
        row.name: Place(row.octets, row.last_frame, row.last_header, row.mark)
        for row in connection.execute(select(JOURNAL))
    }
    pending = {
        (row.entity, row.sequence): _decoder.decode(row.payload)
        for row in connection.execute(select(PENDING))
    }
    horizon_us = 0 if row is None else row.horizon_us
    return _State(horizon_us, places, _entities(connection), pending)


def _refuse_without_journals(state: _State, data: Data) -> None:
    """What is missing now would be taken for silence, and the calls of others be closed by it."""
    present = {base.stem for base in journals_of(RealDisk(), data)}
    missing = {journal_of(name) for name in state.places} - present
    if missing:
        raise ProjectionError(
            f"the records were made from the journal of {min(missing)} as well: name every data"
            " directory of the network with --data, or make them anew with `calleq rebuild`"
        )


def _entities(connection: Connection) -> dict[str, _Consumed]:
    return {
        row.entity: _Consumed(row.first_sequence, row.first_at_us, row.last_sequence)
        for row in connection.execute(select(ENTITY))
    }


def _consume(
    connection: Connection, state: _State, following: Following, piece_entries: int
) -> int:
    """Take up to a piece of what follows into the tables; how many entries were read."""
    read = 0
    places: dict[str, Place] = {}
    fresh: list[Stamped] = []
    for name, stamped, place in itertools.islice(following, piece_entries):
        read += 1
        places[name] = place
        if _is_fresh(state, stamped):
            fresh.append(stamped)
    if read == 0:
        return 0
    if fresh:
        # Of this piece only: after a clock ran ahead and was set back, calls get their time again.
        state.horizon_us = max(stamped.at_us for stamped in fresh)
        _derive(connection, state, fresh)
    _write_places(connection, state, places)
    return read


def _is_fresh(state: _State, stamped: Stamped) -> bool:
    """Whether an entry has not been consumed; notes what is missing before it."""
    entity = state.entities.get(stamped.entity)
    sequence = stamped.sequence
    if entity is None:
        if 0 < stamped.at_us < state.horizon_us - PATIENCE_US:
            raise ProjectionError(
                f"the journal of {stamped.entity} is new here and begins before the records end:"
                " they were made without it. Make them anew with `calleq rebuild`, naming every"
                " data directory of the network with --data"
            )
        state.entities[stamped.entity] = _Consumed(sequence, stamped.at_us, sequence, is_new=True)
        if sequence > 1:
            state.lost.append(_loss(stamped.entity, 1, sequence - 1))
        return True
    if sequence <= entity.last_sequence:
        if sequence == entity.first_sequence and stamped.at_us != entity.first_at_us:
            raise ProjectionError(
                f"the journals have another entry {sequence} of {stamped.entity} than that from"
                " which the records were made. If another network wrote them, name a database of"
                " its own; if journals were replaced, make the records anew with `calleq rebuild`"
            )
        return False
    if sequence > entity.last_sequence + 1:
        state.lost.append(_loss(stamped.entity, entity.last_sequence + 1, sequence - 1))
    entity.last_sequence = sequence
    return True


def _loss(entity: str, first: int, last: int) -> dict[str, object]:
    return {"entity": entity, "first_sequence": first, "last_sequence": last}


def _derive(connection: Connection, state: _State, fresh: Sequence[Stamped]) -> None:
    """Derive the records that are not final anew, with what is fresh."""
    entries = [*state.pending.values(), *fresh]
    journals = index_entries(entries)
    records = records_of(journals)
    final = _final_among(connection, [record.call for record in records])
    settlement = settle(journals, records, state.horizon_us, final)
    _write_records(connection, [r for r in records if r.call not in final], settlement.settled)
    late = [
        _stray(stamped, "late", f"{type(stamped.entry).__name__} of {call}")
        for stamped in fresh
        if (call := getattr(stamped.entry, "call", "")) in final
    ]
    orphans = [_stray(stamped, "orphan", _orphan_text(stamped)) for stamped in settlement.orphans]
    _insert(connection, STRAY, late + orphans)
    kept = {(stamped.entity, stamped.sequence): stamped for stamped in settlement.kept}
    _write_pending(connection, state.pending, kept)
    state.pending = kept


def _final_among(connection: Connection, calls: Sequence[str]) -> set[str]:
    found: set[str] = set()
    for chunk in _chunks(calls):
        query = select(SESSION.c.call).where(SESSION.c.call.in_(chunk), SESSION.c.settled)
        found.update(connection.scalars(query))
    return found


def _write_records(
    connection: Connection, records: Iterable[SessionRecord], settled: Set[str]
) -> None:
    """Replace every record that was not final."""
    unsettled = select(SESSION.c.call).where(~SESSION.c.settled)
    connection.execute(delete(LEG).where(LEG.c.session.in_(unsettled)))
    connection.execute(delete(SESSION).where(~SESSION.c.settled))
    sessions, legs = [], []
    for record in records:
        sessions.append(session_row(record, settled=record.call in settled))
        legs += [leg_row(leg, record.begun_at_us) for leg in record.legs]
    _insert(connection, SESSION, sessions)
    _insert(connection, LEG, legs)


def _write_pending(
    connection: Connection,
    before: dict[tuple[str, int], Stamped],
    after: dict[tuple[str, int], Stamped],
) -> None:
    gone = [name for name, stamped in before.items() if after.get(name) is not stamped]
    for chunk in _chunks(gone):
        name = tuple_(PENDING.c.entity, PENDING.c.sequence)
        connection.execute(delete(PENDING).where(name.in_(chunk)))
    rows: list[dict[str, object]] = [
        {"entity": name[0], "sequence": name[1], "payload": _encoder.encode(stamped)}
        for name, stamped in after.items()
        if before.get(name) is not stamped
    ]
    _insert(connection, PENDING, rows)


def _write_places(connection: Connection, state: _State, places: dict[str, Place]) -> None:
    connection.execute(update(PROJECTION).values(horizon_us=state.horizon_us))
    for name, place in places.items():
        connection.execute(delete(JOURNAL).where(JOURNAL.c.name == name))
        connection.execute(
            insert(JOURNAL).values(
                name=name,
                octets=place.offset,
                last_frame=place.last,
                last_header=place.header,
                mark=place.mark,
            )
        )
    for entity, consumed in state.entities.items():
        if consumed.is_new:
            connection.execute(
                insert(ENTITY).values(
                    entity=entity,
                    first_sequence=consumed.first_sequence,
                    first_at_us=consumed.first_at_us,
                    last_sequence=consumed.last_sequence,
                )
            )
            consumed.is_new = False
        else:
            connection.execute(
                update(ENTITY)
                .where(ENTITY.c.entity == entity)
                .values(last_sequence=consumed.last_sequence)
            )
    _insert(connection, LOST, state.lost)
    state.lost = []


def _insert(connection: Connection, table: Table, rows: Sequence[dict[str, object]]) -> None:
    if rows:
        connection.execute(insert(table), rows)


def _stray(stamped: Stamped, kind: str, detail: str) -> dict[str, object]:
    return {
        "entity": stamped.entity,
        "sequence": stamped.sequence,
        "at_us": stamped.at_us,
        "kind": kind,
        "detail": detail,
    }


def _orphan_text(stamped: Stamped) -> str:
    entry = stamped.entry
    match entry:
        case LineSeized() | LineRefused():
            return f"a call to {entry.called} by {_circuit_text(entry.incoming)}"
        case Transit():
            return f"a call passed on by {_circuit_text(entry.incoming)}"
        case _:
            raise AssertionError(f"{entry!r} is no arrival")


def _circuit_text(key: CircuitKey | None) -> str:
    assert key is not None, "an orphan came by a circuit"
    return f"circuit {key.cic} from {key.origin} to {key.destination}"


_Item = TypeVar("_Item")


def _chunks(items: Sequence[_Item]) -> Iterator[Sequence[_Item]]:
    return (items[start : start + _CHUNK] for start in range(0, len(items), _CHUNK))
