"""Records as other programs take them: CSV or JSON Lines, with a manifest that proves the batch.

Each line is one leg with what matters of its session, or one session. CSV is RFC 4180 with a
heading and no comments; the manifest lies beside it. Both formats have the same fields in the same
order.

A spreadsheet takes a cell that begins with `=`, `+`, `-` or `@` for a formula, and a business
chooses some of these texts (its key for a message). So such a cell gets an apostrophe in CSV, as
spreadsheets understand it. A telephone number stays as it is: `+` and digits are harmless, and a
program that reads the file must find the number and nothing else.
"""

import csv
import hashlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator

from calleq import __version__
from calleq.billing.records import (
    BILLING_RULE,
    QUALITY_FIELDS,
    UTC_OFFSET_MIN,
    LegRecord,
    SessionRecord,
    leg_as_json,
    records_as_json,
)
from calleq.rating import amount_text
from calleq.units import utc_text

FORMATS = ("csv", "jsonl")
KINDS = ("legs", "sessions")

_DANGEROUS = re.compile(r"[=+\-@\t\r]")
_HARMLESS = re.compile(r"\+\d+")


class Batch:
    """One export, line by line; afterwards it can say what it held."""

    def __init__(self, shape: str, kind: str) -> None:
        """`shape` is one of FORMATS, `kind` one of KINDS."""
        assert shape in FORMATS
        assert kind in KINDS
        self._shape = shape
        self._kind = kind
        self._hash = hashlib.sha256()
        self.sessions = 0
        """Calls of which something is in the batch."""
        self.count = 0
        """Records in the batch."""
        self._talk_us = 0
        self._billable_s = 0
        self._partial = 0
        self._amounts: dict[str, int] = {}
        """Micro-units by currency: of whole calls, services too, or of the legs alone."""
        self._first = ""
        self._last = ""
        self._earliest_us: int | None = None
        self._latest_us: int | None = None
        self._entities: dict[str, list[int]] = {}

    def lines(self, records: Iterable[SessionRecord]) -> Iterator[bytes]:
        """The batch's octets, record after record."""
        render: Callable[[dict[str, object]], str] = _csv_line if self._is_csv else _json_line
        if self._is_csv:
            yield self._seen(_csv_text(LEG_FIELDS if self._kind == "legs" else SESSION_FIELDS))
        for record in records:
            self._count_session(record)
            if self._kind == "sessions":
                yield self._seen(render(_session_fields(record)))
                self._name(record.call)
                continue
            for leg in record.legs:
                yield self._seen(render(_leg_fields(record, leg)))
                self._name(leg.record_id)

    def manifest(self, *, filters: dict[str, object], lost: int, at_us: int) -> dict[str, object]:
        """What the batch held. `lost` is how many journal entries are known to be missing."""
        return {
            "format": self._shape,
            "records": self._kind,
            "made_at": utc_text(at_us),
            "made_by": f"calleq {__version__}",
            "close_reason": "requested",
            "filters": filters,
            "count": self.count,
            "first_record": self._first or None,
            "last_record": self._last or None,
            "sessions": self.sessions,
            "partial": self._partial,
            "entities": {
                entity: {"records": count, "first_sequence": first, "last_sequence": last}
                for entity, (count, first, last) in sorted(self._entities.items())
            },
            "earliest_at": None if self._earliest_us is None else utc_text(self._earliest_us),
            "latest_at": None if self._latest_us is None else utc_text(self._latest_us),
            "utc_offset_min": UTC_OFFSET_MIN,
            "talk_us": self._talk_us,
            "billable_s": self._billable_s,
            "billing_rule": BILLING_RULE,
            "amounts": {
                currency: amount_text(micro) for currency, micro in sorted(self._amounts.items())
            },
            "records_known_lost": lost,
            "sha256": self._hash.hexdigest(),
        }

    def _add_amount(self, currency: str, micro: int) -> None:
        self._amounts[currency] = self._amounts.get(currency, 0) + micro

    @property
    def _is_csv(self) -> bool:
        return self._shape == "csv"

    def _seen(self, line: str) -> bytes:
        octets = line.encode()
        self._hash.update(octets)
        return octets

    def _name(self, identifier: str) -> None:
        self.count += 1
        self._first = self._first or identifier
        self._last = identifier

    def _count_session(self, record: SessionRecord) -> None:
        self.sessions += 1
        begun_us = record.begun_at_us
        self._earliest_us = min(begun_us, self._earliest_us or begun_us)
        self._latest_us = max(begun_us, self._latest_us or begun_us)
        if self._kind == "sessions" and record.amount_micro is not None:
            self._add_amount(record.currency, record.amount_micro)
        for leg in record.legs:
            if self._kind == "legs" and leg.charge_micro is not None:
                self._add_amount(record.currency, leg.charge_micro)
            self._talk_us += leg.talk_us
            self._billable_s += leg.billable_s
            self._partial += leg.partial
            seen = self._entities.setdefault(leg.entity, [0, leg.sequence, leg.sequence])
            seen[0] += 1
            seen[1] = min(seen[1], leg.sequence)
            seen[2] = max(seen[2], leg.sequence)


def _leg_fields(record: SessionRecord, leg: LegRecord) -> dict[str, object]:
    """A leg, flat, with its session's."""
    shown = leg_as_json(leg)
    circuit = leg.circuit
    shown["cic"] = None if circuit is None else circuit.cic
    shown["opc"] = None if circuit is None else circuit.origin
    shown["dpc"] = None if circuit is None else circuit.destination
    shown["route"] = " ".join(f"{key.origin}-{key.destination}-{key.cic}" for key in leg.route)
    cause = leg.cause_for_term
    shown["cause_for_term"] = None if cause is None else int(cause)
    shown["business"] = record.business
    shown["message_id"] = record.message_id or None
    shown["idempotency_key"] = record.idempotency_key
    shown["session_state"] = record.state or None
    shown["currency"] = None if leg.charge_micro is None else record.currency
    return {name: shown[name] for name in LEG_FIELDS}


def _session_fields(record: SessionRecord) -> dict[str, object]:
    shown = records_as_json(record)
    shown["legs"] = len(record.legs)
    shown["talk_us"] = sum(leg.talk_us for leg in record.legs)
    shown["billable_s"] = sum(leg.billable_s for leg in record.legs)
    shown["charges"] = _charges_text(record)
    return {name: shown[name] for name in SESSION_FIELDS}


def _charges_text(record: SessionRecord) -> str | None:
    """Every charge in one cell: what it is for, by which rate, what it comes to."""
    told = (f"{one.subject} {one.key} {amount_text(one.amount_micro)}" for one in record.charges)
    return "; ".join(told) or None


LEG_FIELDS = (
    "record_id",
    "session",
    "leg",
    "attempt",
    "part",
    "parts",
    "entity",
    "sequence",
    "business",
    "message_id",
    "idempotency_key",
    "session_state",
    "trunk_group",
    "cic",
    "opc",
    "dpc",
    "route",
    "number",
    "called_received",
    "called_nature",
    "calling",
    "calling_received",
    "calling_nature",
    "presentation",
    "dialled_at",
    "seized_at",
    "ringing_at",
    "answered_at",
    "released_at",
    "utc_offset_min",
    "clock_step_us",
    "ring_us",
    "talk_us",
    "held_us",
    "billable_s",
    "billing_rule",
    "cause",
    "location",
    "released_by",
    "cause_for_term",
    "partial",
    "times_dialled",
    "software",
    "furnished",
    "outgoing_trunk",
    *QUALITY_FIELDS,
    "charge",
    "currency",
    "rate_deck",
    "rate_key",
    "rate_from",
    "rate_rule",
)
"""The columns of an export of legs; new ones are added at the end."""

SESSION_FIELDS = (
    "call",
    "business",
    "door",
    "message_id",
    "idempotency_key",
    "state",
    "cause",
    "accepted_at",
    "ended_at",
    "complete",
    "legs",
    "talk_us",
    "billable_s",
    "amount",
    "currency",
    "charges",
)
"""The columns of an export of sessions; new ones are added at the end."""


def _json_line(fields: dict[str, object]) -> str:
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")) + "\n"


def _csv_line(fields: dict[str, object]) -> str:
    return _csv_text([_cell(value) for value in fields.values()])


def _csv_text(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(cells)
    return text.getvalue()


def _cell(value: object) -> str:
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case str():
            return _guarded(value)
        case _:
            return str(value)


def _guarded(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula.

    >>> [_guarded(text) for text in ("+12125550100", "=1+1", "@SUM(A1)", "+1+1", "abc")]
    ['+12125550100', "'=1+1", "'@SUM(A1)", "'+1+1", 'abc']
    """
    dangerous = _DANGEROUS.match(text) and not _HARMLESS.fullmatch(text)
    return f"'{text}" if dangerous else text
