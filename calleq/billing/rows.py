"""Records as rows of the tables `session` and `leg`, and back."""

import json
from collections.abc import Sequence

import msgspec
from sqlalchemy import Row

from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.entries import CircuitKey
from calleq.rating import Charge

_SESSION_FIELDS = (
    "call",
    "business",
    "door",
    "message_id",
    "idempotency_key",
    "state",
    "cause",
    "accepted_at_us",
    "ended_at_us",
    "complete",
    "held_micro",
    "amount_micro",
    "currency",
)
_LEG_FIELDS = tuple(
    name for name in LegRecord.__struct_fields__ if name not in ("circuit", "route")
)


def session_row(record: SessionRecord, *, settled: bool) -> dict[str, object]:
    """The row of a session."""
    row: dict[str, object] = {name: getattr(record, name) for name in _SESSION_FIELDS}
    row["begun_at_us"] = record.begun_at_us
    row["settled"] = settled
    row["charges"] = msgspec.json.encode(record.charges).decode()
    row["longest_talk_us"] = max((leg.talk_us for leg in record.legs), default=0)
    return row


def leg_row(leg: LegRecord, begun_at_us: int) -> dict[str, object]:
    """The row of a leg of a session that began at `begun_at_us`."""
    row: dict[str, object] = {name: getattr(leg, name) for name in _LEG_FIELDS}
    row["begun_at_us"] = begun_at_us
    row["route"] = json.dumps([[key.origin, key.destination, key.cic] for key in leg.route])
    return row


def session_of(row: Row[tuple[object, ...]], legs: Sequence[LegRecord]) -> SessionRecord:
    """The session of a row, with its legs in the order in which they were dialled."""
    fields = {name: row._mapping[name] for name in _SESSION_FIELDS}
    charges = msgspec.json.decode(row._mapping["charges"], type=tuple[Charge, ...])
    return SessionRecord(**fields, legs=tuple(legs), charges=charges)


def leg_of(row: Row[tuple[object, ...]]) -> LegRecord:
    """The leg of a row."""
    fields = {name: row._mapping[name] for name in _LEG_FIELDS}
    route = tuple(CircuitKey(*key) for key in json.loads(row._mapping["route"]))
    return LegRecord(**fields, route=route, circuit=route[-1] if route else None)
