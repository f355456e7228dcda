"""The records of a call: one for the session, one for each attempt to reach a party.

These are derived from the journals (`derivation`) and never edited. No money is here: rating reads
`billable_s`. Instants are UTC microseconds as the clock of the entity that saw them had them;
lengths are differences of that entity's monotonic clock, so that a clock step changes no bill.
"""

import msgspec

from calleq.journal.entries import CircuitKey
from calleq.units import SECOND_US, seconds_text, utc_text


class LegRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One attempt to reach one party. Unique by (session, leg, attempt)."""

    session: str
    leg: str
    """`customer` or `agent`."""
    attempt: int
    entity: str
    """The switch that faced the party, or the last element the attempt is known to have reached."""
    number: str
    dialled_at_us: int
    seized_at_us: int | None = None
    ringing_at_us: int | None = None
    answered_at_us: int | None = None
    released_at_us: int | None = None
    ring_us: int = 0
    """From ringing to answer, or to the end when nobody answered."""
    talk_us: int = 0
    """From answer to release as the switch facing the party saw them."""
    billable_s: int = 0
    """`talk_us` in whole seconds, rounded up; 0 for what was never answered."""
    cause: int = 0
    """Q.850; 0 while the leg stands."""
    location: int = 0
    released_by: str = ""
    """`line` or `network`; empty while the leg stands or when nobody recorded it."""
    circuit: CircuitKey | None = None
    """The circuit by which the call came to `entity`."""
    route: tuple[CircuitKey, ...] = ()
    """Every circuit of the leg, from the calling equipment on."""
    partial: bool = False
    """True when the end was not recorded by the switch facing the party."""


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One customer service call. Unique by `call`."""

    call: str
    business: str
    state: str
    """The final state; empty while the call is not over."""
    cause: int
    accepted_at_us: int | None
    ended_at_us: int | None
    legs: tuple[LegRecord, ...]
    """In the order in which they were dialled."""
    complete: bool
    """True when the call has its final state and no leg is open or partial."""


LEG_COLUMNS = (
    "leg",
    "attempt",
    "number",
    "switch",
    "answered",
    "ring",
    "talk",
    "billable",
    "cause",
)


def billable_seconds(talk_us: int) -> int:
    """Whole seconds of a talk, rounded up; zero talk is never billed.

    >>> [billable_seconds(talk_us) for talk_us in (0, 1, 1_000_000, 1_000_001)]
    [0, 1, 1, 2]
    """
    return -(-talk_us // SECOND_US)


def records_as_json(record: SessionRecord) -> dict[str, object]:
    """A record as `--json` prints it: instants in RFC 3339, lengths in their named units."""
    return {
        "call": record.call,
        "business": record.business,
        "state": record.state or None,
        "cause": record.cause,
        "accepted_at": _instant(record.accepted_at_us),
        "ended_at": _instant(record.ended_at_us),
        "complete": record.complete,
        "legs": [_leg_as_json(leg) for leg in record.legs],
    }


def leg_rows(record: SessionRecord) -> list[tuple[str, ...]]:
    """The legs as rows of text under LEG_COLUMNS."""
    return [
        (
            leg.leg,
            str(leg.attempt),
            leg.number,
            leg.entity,
            _instant(leg.answered_at_us) or "-",
            seconds_text(leg.ring_us),
            seconds_text(leg.talk_us),
            f"{leg.billable_s} s",
            f"{leg.cause}{' (partial)' if leg.partial else ''}",
        )
        for leg in record.legs
    ]


def _leg_as_json(leg: LegRecord) -> dict[str, object]:
    return {
        "session": leg.session,
        "leg": leg.leg,
        "attempt": leg.attempt,
        "entity": leg.entity,
        "number": leg.number,
        "dialled_at": _instant(leg.dialled_at_us),
        "seized_at": _instant(leg.seized_at_us),
        "ringing_at": _instant(leg.ringing_at_us),
        "answered_at": _instant(leg.answered_at_us),
        "released_at": _instant(leg.released_at_us),
        "ring_us": leg.ring_us,
        "talk_us": leg.talk_us,
        "billable_s": leg.billable_s,
        "cause": leg.cause,
        "location": leg.location,
        "released_by": leg.released_by or None,
        "circuit": _circuit(leg.circuit),
        "route": [_circuit(key) for key in leg.route],
        "partial": leg.partial,
    }


def _circuit(key: CircuitKey | None) -> dict[str, int] | None:
    if key is None:
        return None
    return {"opc": key.origin, "dpc": key.destination, "cic": key.cic}


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else utc_text(at_us)
