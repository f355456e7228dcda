"""Records of ordinary calls: those that telephones and SIP trunks make, with no message. Pure.

Such a call has no `Dialled`. It begins where a switch writes what it did with a call that came by
no circuit, and is followed from there as a leg is (`derivation`): the switch facing the party says
what is billed. What is kept is made of the journals alone, for as long as they are.

Odd cases. A call that several trunks were tried for is one call, with the last try's outcome. One
that went on to another network's exchange by circuits has no end here: nobody of ours faced its
party. A call that no way led on for (a forbidden or unknown number) was offered to nobody and has
no record. Calls that came by circuits from another network are not among these.
"""

from collections.abc import Iterable

import msgspec

from calleq.billing.derivation import leg_record, line_record
from calleq.billing.indexing import Arrival, Attempt, Journals, Session, index_entries
from calleq.billing.records import LegRecord, leg_as_json
from calleq.journal.entries import (
    Dialled,
    Furnished,
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Redirected,
    Stamped,
    Started,
    Transit,
)
from calleq.units import seconds_text, utc_text

KINDS = (
    Dialled,
    Transit,
    LineSeized,
    LineRinging,
    LineAnswered,
    LineHeartbeat,
    LineReleased,
    LineMeasured,
    LineRefused,
    Redirected,
    Furnished,
    Started,
)
"""The entries that calls are followed by; half of a journal is others."""

COLUMNS = ("call", "begun", "from", "came by", "to", "left by", "talk", "cause", "MOS")

_OF_MESSAGES = frozenset(
    (
        *("session", "leg", "attempt", "part", "parts", "dialled_at", "times_dialled"),
        *("charge", "rate_deck", "rate_key", "rate_from", "rate_rule"),
    )
)
"""What a leg of a message has and an ordinary call has not: those have no price."""


class OrdinaryCall(msgspec.Struct, frozen=True, gc=False):
    """A call that a telephone or a trunk made."""

    call: str
    """The switch where it began and the number of its first entry there."""
    came_by: str
    """The line that dialled, or the SIP trunk by which the call came; empty in journals of before
    it was written."""
    leg: LegRecord
    """What became of it, as of an attempt to reach a party."""

    @property
    def begun_at_us(self) -> int:
        """When its first switch took it."""
        return self.leg.dialled_at_us

    def is_of(self, trunk: str) -> bool:
        """Whether it came or left by that SIP trunk."""
        return trunk in (self.came_by, self.leg.outgoing_trunk)


def ordinary_calls(entries: Iterable[Stamped]) -> list[OrdinaryCall]:
    """The ordinary calls that the entries of all journals prove, in the order of their begin."""
    journals = index_entries(one for one in entries if isinstance(one.entry, KINDS))
    found = [_call(begun, journals) for begun in _beginnings(journals)]
    found.sort(key=lambda call: (call.begun_at_us, call.call))
    return found


def as_json(call: OrdinaryCall) -> dict[str, object]:
    """A call as `--json` prints it."""
    leg = {name: value for name, value in leg_as_json(call.leg).items() if name not in _OF_MESSAGES}
    begun = utc_text(call.begun_at_us)
    return {"call": call.call, "begun_at": begun, "came_by": call.came_by or None, **leg}


def row(call: OrdinaryCall) -> tuple[str, ...]:
    """A call as a row of text under COLUMNS."""
    leg = call.leg
    begun_at = call.call.rpartition("-")[0]
    return (
        call.call,
        f"{utc_text(call.begun_at_us)[:19]}Z",
        leg.calling or "-",
        f"line of {begun_at}" if call.came_by.startswith("+") else call.came_by or "-",
        leg.number,
        leg.outgoing_trunk or f"line of {leg.entity}",
        seconds_text(leg.talk_us),
        f"{leg.cause or '-'}{' (partial)' if leg.partial else ''}",
        "-" if leg.mos is None else f"{leg.mos:.2f}",
    )


def _beginnings(journals: Journals) -> list[Arrival]:
    """What switches did with calls that came by no circuit, each call once, with its outcome."""
    found: list[Arrival] = []
    latest: dict[tuple[str, str, str], Arrival] = {}
    for arrival in journals.local:
        entry = arrival.stamped.entry
        if isinstance(entry, Transit) and not entry.line:
            continue  # a switch's own connection to its peripheral
        name = arrival.stamped.entity, _dialled_by(arrival), _called(arrival)
        again = isinstance(entry, Transit | LineSeized) and entry.again
        before = latest.get(name) if again else None
        if before is None:
            found.append(arrival)
            latest[name] = arrival
        else:
            before.outgoing, before.line, before.refused = arrival.outgoing, arrival.line, None
    return found


def _call(begun: Arrival, journals: Journals) -> OrdinaryCall:
    stamped = begun.stamped
    name = f"{stamped.entity}-{stamped.sequence}"
    session = Session(name)
    dialled = Dialled(name, "called", 1, _called(begun), None)
    attempt = Attempt(stamped, dialled, begun.outgoing, begun.software)
    came_by = _dialled_by(begun)
    if begun.line is not None:
        return OrdinaryCall(
            name, came_by, line_record(session, attempt, 1, begun.line, (), journals)
        )
    if begun.refused is None:
        leg = leg_record(session, attempt, 1, journals)
        calling = leg.calling or (came_by if came_by.startswith("+") else "")
        return OrdinaryCall(name, came_by, msgspec.structs.replace(leg, calling=calling))
    refusal = begun.refused.entry
    assert isinstance(refusal, LineRefused)
    session.ended_at_us, session.cause = begun.refused.at_us, refusal.cause
    leg = msgspec.structs.replace(
        leg_record(session, attempt, 1, journals),
        calling=refusal.calling,
        location=refusal.location,
        partial=False,
    )
    return OrdinaryCall(name, came_by, leg)


def _called(arrival: Arrival) -> str:
    entry = arrival.stamped.entry
    assert isinstance(entry, Transit | LineSeized | LineRefused)
    return entry.called


def _dialled_by(arrival: Arrival) -> str:
    match arrival.stamped.entry:
        case Transit(line=line):
            return line
        case LineSeized(dialled_by=line) | LineRefused(dialled_by=line):
            return line
    return ""
