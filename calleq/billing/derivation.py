"""Session and leg records from the journals of every process. Pure, and the same on every run.

The only thing that joins processes is what the signalling has in common: the circuit. The calling
equipment says by which circuit it dialled (`Dialled`); each switch says by which circuit a call
came and by which it went on (`Transit`), or at which line it ended (`LineSeized`, `LineRefused`).
So a leg is followed from circuit to circuit to the switch that faces the party, and what that
switch says of answer and release is what is billed.

Entries may come in any order and more than once: each is known by its entity and sequence. A call
between two telephones has no `Dialled`, so it makes no session, but its seizures stand in line with
the others when uses of a circuit are told apart.

Odd cases. An attempt that never reached a line has a record too, with the cause the equipment got.
A line call that its switch closed at a restart is closed, partial, at the last instant that switch
wrote before: it would have written an earlier end. One whose switch never came back is closed,
partial, at the last instant that it wrote before the session ended. A line's events belong to the last `LineSeized` of
their seizure number, so that a switch may begin anew at 1 after a restart.

The working objects are out of the garbage collector's sight (`gc=False`), which halves the time for
a day's journals; what points in a circle in damaged data is therefore not freed.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field
from operator import attrgetter

import msgspec

from calleq.billing.pairing import pair_in_order
from calleq.billing.records import LegRecord, SessionRecord, billable_seconds
from calleq.journal.entries import (
    Accepted,
    CircuitKey,
    Dialled,
    Ended,
    LineAnswered,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Stamped,
    Transit,
    Undertaken,
)

HOP_LIMIT = 16
"""A call passes fewer switches; more is a circle in damaged data."""

_FAILURES = ("failed", "released")


class _LineCall(msgspec.Struct, gc=False):
    """A call at a line, as its switch told it."""

    seized: Stamped
    ringing: Stamped | None = None
    answered: Stamped | None = None
    released: Stamped | None = None


class _Arrival(msgspec.Struct, gc=False):
    """What an exchange did with a call that came by a circuit."""

    at_us: int
    outgoing: "_Use | None" = None
    line: _LineCall | None = None
    refused: Stamped | None = None


class _Use(msgspec.Struct, gc=False):
    """One use of a circuit, as the exchange that sent the IAM wrote it."""

    key: CircuitKey
    at_us: int
    arrival: _Arrival | None = None


class _Attempt(msgspec.Struct, gc=False):
    dialled: Stamped
    entry: Dialled
    use: _Use | None


@dataclass(slots=True)
class _Session:
    call: str
    business: str = ""
    accepted_at_us: int | None = None
    ended_at_us: int | None = None
    state: str = ""
    cause: int = 0
    attempts: list[_Attempt] = field(default_factory=list)
    causes: dict[tuple[str, int], tuple[int, int]] = field(default_factory=dict)
    """The cause and instant at which the equipment saw an attempt of a leg end."""


class _Journals:
    """Everything of all journals, indexed once."""

    def __init__(self) -> None:
        self.sessions: dict[str, _Session] = {}
        self.instants: dict[str, list[Stamped]] = {}
        self._uses: dict[CircuitKey, list[_Use]] = {}
        self._arrivals: dict[CircuitKey, list[_Arrival]] = {}
        self._lines: dict[tuple[str, int], _LineCall] = {}

    def read(self, stamped: Stamped) -> None:
        """Take one entry; those of one entity come in their order, and once."""
        entry = stamped.entry
        match entry:
            case LineRinging(seizure) | LineAnswered(seizure) | LineReleased(seizure):
                self._line_event(stamped, entry, seizure)
            case LineSeized():
                line = _LineCall(stamped)
                self._lines[stamped.entity, entry.seizure] = line
                self._arrives(entry.incoming, _Arrival(stamped.at_us, line=line))
            case LineRefused():
                self._arrives(entry.incoming, _Arrival(stamped.at_us, refused=stamped))
            case Transit():
                use = self._uses_circuit(entry.outgoing, stamped.at_us)
                self._arrives(entry.incoming, _Arrival(stamped.at_us, outgoing=use))
            case Dialled():
                key = entry.circuit
                use_or_none = None if key is None else self._uses_circuit(key, stamped.at_us)
                attempt = _Attempt(stamped, entry, use_or_none)
                self._session(entry.call).attempts.append(attempt)
            case Accepted():
                session = self._session(entry.call)
                session.business = session.business or entry.business
                if session.accepted_at_us is None:
                    session.accepted_at_us = stamped.at_us
            case Undertaken():
                business = entry.instruction.get("business")
                session = self._session(entry.call)
                if not session.business and isinstance(business, str):
                    session.business = business
            case Progress():
                if entry.event in _FAILURES and entry.leg:
                    causes = self._session(entry.call).causes
                    causes.setdefault((entry.leg, entry.attempt), (entry.cause, stamped.at_us))
            case Ended():
                session = self._session(entry.call)
                if session.ended_at_us is None:
                    session.ended_at_us = stamped.at_us
                    session.state, session.cause = entry.state, entry.cause

    def join(self) -> None:
        """Give each use of a circuit what the exchange at its other end did with the call."""
        for key, uses in self._uses.items():
            arrivals = self._arrivals.get(key)
            if not arrivals:
                continue
            pairs = pair_in_order([use.at_us for use in uses], [one.at_us for one in arrivals])
            for arrival, index in zip(arrivals, pairs, strict=True):
                if index >= 0:
                    uses[index].arrival = arrival

    def _session(self, call: str) -> _Session:
        session = self.sessions.get(call)
        if session is None:
            session = self.sessions[call] = _Session(call)
        return session

    def _uses_circuit(self, key: CircuitKey, at_us: int) -> _Use:
        use = _Use(key, at_us)
        self._uses.setdefault(key, []).append(use)
        return use

    def _arrives(self, key: CircuitKey | None, arrival: _Arrival) -> None:
        if key is not None:
            self._arrivals.setdefault(key, []).append(arrival)

    def _line_event(
        self, stamped: Stamped, entry: LineRinging | LineAnswered | LineReleased, seizure: int
    ) -> None:
        line = self._lines.get((stamped.entity, seizure))
        if line is None:
            return
        match entry:
            case LineRinging():
                line.ringing = line.ringing or stamped
            case LineAnswered():
                line.answered = line.answered or stamped
            case LineReleased():
                line.released = line.released or stamped


def derive_records(entries: Iterable[Stamped]) -> list[SessionRecord]:
    """The records that the entries of all journals prove, by the instant of acceptance.

    Every call that a door accepted or an equipment undertook has one session record; every
    `Dialled` has one leg record. Calls not yet over have records too, without a state.
    """
    by_entity: dict[str, dict[int, Stamped]] = {}
    for stamped in entries:
        by_entity.setdefault(stamped.entity, {}).setdefault(stamped.sequence, stamped)
    journals = _Journals()
    for entity in sorted(by_entity):
        ordered = sorted(by_entity[entity].values(), key=attrgetter("sequence"))
        journals.instants[entity] = ordered
        for stamped in ordered:
            journals.read(stamped)
    journals.join()
    records = [_session_record(session, journals) for session in journals.sessions.values()]
    records.sort(key=_by_acceptance)
    return records


def _by_acceptance(record: SessionRecord) -> tuple[int, str]:
    first = record.accepted_at_us
    if first is None:
        first = record.legs[0].dialled_at_us if record.legs else 0
    return first, record.call


def _session_record(session: _Session, journals: _Journals) -> SessionRecord:
    attempts: dict[tuple[str, int], _Attempt] = {}
    for attempt in session.attempts:
        attempts.setdefault((attempt.entry.leg, attempt.entry.attempt), attempt)
    ordered = sorted(attempts.values(), key=_by_dialling)
    legs = tuple(_leg_record(session, attempt, journals) for attempt in ordered)
    over = session.ended_at_us is not None
    return SessionRecord(
        call=session.call,
        business=session.business,
        state=session.state,
        cause=session.cause,
        accepted_at_us=session.accepted_at_us,
        ended_at_us=session.ended_at_us,
        legs=legs,
        complete=over and not any(leg.partial for leg in legs),
    )


def _by_dialling(attempt: _Attempt) -> tuple[int, str, int]:
    return attempt.dialled.at_us, attempt.entry.leg, attempt.entry.attempt


def _leg_record(session: _Session, attempt: _Attempt, journals: _Journals) -> LegRecord:
    route: list[CircuitKey] = []
    use, arrival = attempt.use, None
    while use is not None and len(route) < HOP_LIMIT:
        route.append(use.key)
        arrival = use.arrival
        use = arrival.outgoing if arrival is not None else None
    if arrival is not None and arrival.line is not None:
        return _line_record(session, attempt, arrival.line, tuple(route), journals)
    entry = attempt.entry
    seen_end = session.causes.get((entry.leg, entry.attempt))
    cause, ended_at_us = seen_end or (session.cause, session.ended_at_us)
    entity, location, refused = attempt.dialled.entity, 0, False
    if arrival is not None and arrival.refused is not None:
        refusal = arrival.refused.entry
        assert isinstance(refusal, LineRefused)
        entity, cause, location = arrival.refused.entity, refusal.cause, refusal.location
        ended_at_us, refused = arrival.refused.at_us, True
    return LegRecord(
        session=session.call,
        leg=entry.leg,
        attempt=entry.attempt,
        entity=entity,
        number=entry.number,
        dialled_at_us=attempt.dialled.at_us,
        released_at_us=ended_at_us,
        cause=cause,
        location=location,
        released_by="" if ended_at_us is None else "network",
        circuit=route[-1] if route else None,
        route=tuple(route),
        partial=seen_end is None and not refused,
    )


def _line_record(
    session: _Session,
    attempt: _Attempt,
    line: _LineCall,
    route: tuple[CircuitKey, ...],
    journals: _Journals,
) -> LegRecord:
    end = line.released
    partial = end is None
    cause, location, released_by = 0, 0, ""
    if end is not None:
        release = end.entry
        assert isinstance(release, LineReleased)
        cause, location, released_by = release.cause, release.location, release.released_by
        if _is_restart(end):
            partial, released_by = True, ""
            end = _last_word_of_life(end, journals)
    elif session.ended_at_us is not None:
        end = _last_word(line, session.ended_at_us, journals)
        key = (attempt.entry.leg, attempt.entry.attempt)
        cause = session.causes.get(key, (session.cause, 0))[0]
    answered, ringing = line.answered, line.ringing
    talk_us = _length_us(answered, end)
    return LegRecord(
        session=session.call,
        leg=attempt.entry.leg,
        attempt=attempt.entry.attempt,
        entity=line.seized.entity,
        number=attempt.entry.number,
        dialled_at_us=attempt.dialled.at_us,
        seized_at_us=line.seized.at_us,
        ringing_at_us=_instant_us(ringing),
        answered_at_us=_instant_us(answered),
        released_at_us=_instant_us(end),
        ring_us=_length_us(ringing, answered or end),
        talk_us=talk_us,
        billable_s=billable_seconds(talk_us),
        cause=cause,
        location=location,
        released_by=released_by,
        circuit=route[-1],
        route=route,
        partial=partial,
    )


def _last_word(line: _LineCall, until_us: int, journals: _Journals) -> Stamped:
    """What the line's switch wrote last before `until_us`, the call's own entries at least."""
    latest = line.answered or line.ringing or line.seized
    written = journals.instants[latest.entity]
    place = bisect_right(written, until_us, key=attrgetter("at_us")) - 1
    found = written[max(place, 0)]
    later = found.sequence > latest.sequence and found.monotonic_us >= latest.monotonic_us
    return found if later else latest


def _is_restart(stamped: Stamped) -> bool:
    entry = stamped.entry
    return isinstance(entry, LineReleased) and entry.released_by == "restart"


def _last_word_of_life(restart: Stamped, journals: _Journals) -> Stamped:
    """What the entity wrote last in the life before the one that wrote `restart`.

    A life writes those first, so if it ends among them the next one writes the others.
    """
    written = journals.instants[restart.entity]
    place = bisect_left(written, restart.sequence, key=attrgetter("sequence"))
    while place > 0 and _is_restart(written[place]):
        place -= 1
    return written[place]


def _instant_us(stamped: Stamped | None) -> int | None:
    return None if stamped is None else stamped.at_us


def _length_us(start: Stamped | None, end: Stamped | None) -> int:
    """Monotonic microseconds between two entries of one entity; 0 when either is missing.

    A machine that was started anew in between counts from another instant: then the wall clock is
    all there is.
    """
    if start is None or end is None:
        return 0
    length_us = end.monotonic_us - start.monotonic_us
    return length_us if length_us >= 0 else max(0, end.at_us - start.at_us)
