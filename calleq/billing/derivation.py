"""Session and leg records from the journals of every process. Pure, and the same on every run.

A leg is followed from circuit to circuit (`indexing` has joined them) to the switch that faces the
party, and what that switch says of answer and release is what is billed.

Odd cases. An attempt that never reached a line has a record too, with the cause the equipment got.
Where an exchange dialled anew by itself (Q.764 §2.8.1), because what a telephone said to the offer
was lost on its way, the attempt has a record for each offer: they are its parts.
A line call that its switch closed at a restart is closed, partial, at the last instant that switch
wrote before: it would have written an earlier end. One whose switch never came back is closed,
partial, at the last instant that it wrote before the session ended.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter

import msgspec

from calleq.billing.charges import held_in, with_charge
from calleq.billing.indexing import (
    HOP_LIMIT,
    Attempt,
    Journals,
    LineCall,
    Session,
    Use,
    furnished_for,
    index_entries,
    path_of,
)
from calleq.billing.records import QUALITY_FIELDS, LegRecord, SessionRecord, billable_seconds
from calleq.journal.entries import (
    Accepted,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineSeized,
    Received,
    Stamped,
)

_NOTHING = Received("", "", 0)


def derive_records(entries: Iterable[Stamped]) -> list[SessionRecord]:
    """The records that the entries of all journals prove, by the instant of acceptance.

    Every call that a door accepted or an equipment undertook has one session record; every
    `Dialled` has one leg record. Calls not yet over have records too, without a state.
    """
    return records_of(index_entries(entries))


def records_of(journals: Journals) -> list[SessionRecord]:
    """The records of every session, by the instant of acceptance."""
    records = [_session_record(session, journals) for session in journals.sessions.values()]
    records.sort(key=_by_acceptance)
    return records


def _by_acceptance(record: SessionRecord) -> tuple[int, str]:
    return record.begun_at_us, record.call


def _session_record(session: Session, journals: Journals) -> SessionRecord:
    attempts: dict[tuple[str, int], Attempt] = {}
    times: dict[tuple[str, int], int] = {}
    for attempt in session.attempts:
        name = attempt.entry.leg, attempt.entry.attempt
        attempts.setdefault(name, attempt)
        times[name] = times.get(name, 0) + 1
    ordered = sorted(attempts.values(), key=_by_dialling)
    legs = tuple(
        part
        for attempt in ordered
        for part in _parts(
            session, attempt, times[attempt.entry.leg, attempt.entry.attempt], journals
        )
    )
    over, accepted = session.ended_at_us is not None, session.accepted
    door, key, held_micro = "", None, None
    if accepted is not None:
        assert isinstance(accepted.entry, Accepted)
        door, key = accepted.entry.door, accepted.entry.idempotency_key
        held_micro = held_in(accepted.entry)
    record = SessionRecord(
        call=session.call,
        business=session.business,
        door=door,
        message_id="" if accepted is None else f"{accepted.entity}-{accepted.sequence}",
        idempotency_key=key,
        state=session.state,
        cause=session.cause,
        accepted_at_us=_instant_us(accepted),
        ended_at_us=session.ended_at_us,
        legs=legs,
        complete=over and not any(leg.partial for leg in legs),
        held_micro=held_micro,
    )
    return record if session.charged is None else with_charge(record, session.charged)


def _by_dialling(attempt: Attempt) -> tuple[int, str, int]:
    return attempt.dialled.at_us, attempt.entry.leg, attempt.entry.attempt


def _parts(
    session: Session, attempt: Attempt, times_dialled: int, journals: Journals
) -> list[LegRecord]:
    """The record of an attempt; before it those of offers that nobody upstream had heard of."""
    record = leg_record(session, attempt, times_dialled, journals)
    before = [
        line_record(session, attempt, times_dialled, line, path, journals)
        for path, line in _tried_before(path_of(attempt.use))
    ]
    if not before:
        return [record]
    before.sort(key=_by_seizure)
    parts = [*before, record]
    return [
        msgspec.structs.replace(part, part=place, parts=len(parts))
        for place, part in enumerate(parts, 1)
    ]


def _by_seizure(record: LegRecord) -> int:
    return record.seized_at_us or 0


def _tried_before(path: Sequence[Use], depth: int = 0) -> Iterator[tuple[list[Use], LineCall]]:
    """Calls that lines were offered at the ends of ways which came to nothing, with those ways."""
    if depth > HOP_LIMIT:
        return
    for place, use in enumerate(path, 1):
        for tried in () if use.arrival is None else use.arrival.tried:
            way = [*path[:place], *path_of(tried)]
            line = None if way[-1].arrival is None else way[-1].arrival.line
            if line is not None:
                yield way, line
            yield from _tried_before(path_of(tried), depth + 1)


def leg_record(
    session: Session, attempt: Attempt, times_dialled: int, journals: Journals
) -> LegRecord:
    """The record of an attempt, from the end of the way that it took."""
    path = path_of(attempt.use)
    route = tuple(use.key for use in path)
    arrival = path[-1].arrival if path else None
    if arrival is not None and arrival.line is not None:
        return line_record(session, attempt, times_dialled, arrival.line, path, journals)
    entry = attempt.entry
    seen_end = session.causes.get((entry.leg, entry.attempt))
    cause, ended_at_us = seen_end or (session.cause, session.ended_at_us)
    begun, software, location, calling = attempt.dialled, attempt.software, 0, ""
    received = _NOTHING if len(route) > 1 else Received(entry.trunk_group, "", 0)
    refused = arrival.refused if arrival is not None else None
    if arrival is not None and refused is not None:
        refusal = refused.entry
        assert isinstance(refusal, LineRefused)
        begun, software = refused, arrival.software
        cause, location, ended_at_us = refusal.cause, refusal.location, refused.at_us
        calling, received = refusal.calling, refusal.received or _NOTHING
    return LegRecord(
        session=session.call,
        leg=entry.leg,
        attempt=entry.attempt,
        entity=begun.entity,
        sequence=begun.sequence,
        number=entry.number,
        called_received=received.called,
        called_nature=received.called_nature,
        calling=calling,
        calling_received=received.calling,
        calling_nature=received.calling_nature,
        presentation=received.presentation if received.calling else None,
        dialled_at_us=attempt.dialled.at_us,
        released_at_us=ended_at_us,
        cause=cause,
        location=location,
        released_by="" if ended_at_us is None else "network",
        trunk_group=received.trunk_group,
        circuit=route[-1] if route else None,
        route=route,
        partial=seen_end is None and refused is None,
        times_dialled=times_dialled,
        software=software,
        furnished=furnished_for(path),
    )


def line_record(
    session: Session,
    attempt: Attempt,
    times_dialled: int,
    line: LineCall,
    path: Sequence[Use],
    journals: Journals,
) -> LegRecord:
    """The record of an attempt that was offered to a line at the end of `path`."""
    route = tuple(use.key for use in path)
    seized = line.seized.entry
    assert isinstance(seized, LineSeized)
    received = seized.received or _NOTHING
    end = line.released
    partial = end is None
    cause, location, released_by = 0, 0, ""
    if end is not None:
        release = end.entry
        assert isinstance(release, LineReleased)
        cause, location, released_by = release.cause, release.location, release.released_by
        if is_restart(end):
            partial, released_by = True, ""
            end = _last_word_of_life(end, journals)
    elif session.ended_at_us is not None:
        end = _last_word(line, session.ended_at_us + _skew_us(path), journals)
        key = (attempt.entry.leg, attempt.entry.attempt)
        cause = session.causes.get(key, (session.cause, 0))[0]
    answered, ringing = line.answered, line.ringing
    talk_us = _length_us(answered, end)
    record = LegRecord(
        session=session.call,
        leg=attempt.entry.leg,
        attempt=attempt.entry.attempt,
        entity=line.seized.entity,
        sequence=line.seized.sequence,
        number=attempt.entry.number,
        called_received=received.called,
        called_nature=received.called_nature,
        calling=seized.calling,
        calling_received=received.calling,
        calling_nature=received.calling_nature,
        presentation=received.presentation if received.calling else None,
        dialled_at_us=attempt.dialled.at_us,
        seized_at_us=line.seized.at_us,
        ringing_at_us=_instant_us(ringing),
        answered_at_us=_instant_us(answered),
        released_at_us=_instant_us(end),
        ring_us=_length_us(ringing, answered or end),
        talk_us=talk_us,
        held_us=_length_us(line.seized, end),
        billable_s=billable_seconds(talk_us),
        cause=cause,
        location=location,
        released_by=released_by,
        trunk_group=received.trunk_group,
        circuit=route[-1] if route else None,
        route=route,
        partial=partial,
        times_dialled=times_dialled,
        software=line.software,
        furnished=furnished_for(path),
        outgoing_trunk="" if seized.line.startswith("+") else seized.line,
    )
    return record if line.measured is None else _with_quality(record, line.measured)


def _with_quality(record: LegRecord, measured: Stamped) -> LegRecord:
    assert isinstance(measured.entry, LineMeasured)
    _, *values = msgspec.structs.astuple(measured.entry)
    return msgspec.structs.replace(record, **dict(zip(QUALITY_FIELDS, values, strict=True)))


def words_needed(session: Session, journals: Journals) -> Iterator[Stamped]:
    """The entries, of whatever call, at which the line calls of a session are closed that did not
    end before their eyes."""
    for path, line in _lines_of(session):
        if line.released is not None:
            if is_restart(line.released):
                yield _last_word_of_life(line.released, journals)
        elif session.ended_at_us is not None:
            yield _last_word(line, session.ended_at_us + _skew_us(path), journals)


def _lines_of(session: Session) -> Iterator[tuple[list[Use], LineCall]]:
    for attempt in session.attempts:
        path = path_of(attempt.use)
        arrival = path[-1].arrival if path else None
        if arrival is not None and arrival.line is not None:
            yield path, arrival.line
        yield from _tried_before(path)


def _skew_us(path: Iterable[Use]) -> int:
    """How far the clock of the last exchange is ahead of that of the equipment."""
    return sum(use.arrival.skew_us for use in path if use.arrival is not None)


def _last_word(line: LineCall, until_us: int, journals: Journals) -> Stamped:
    """What the line's switch wrote last before `until_us`, the call's own entries at least."""
    latest = line.answered or line.ringing or line.seized
    written = journals.instants[latest.entity]
    place = bisect_right(written, until_us, key=attrgetter("at_us")) - 1
    found = written[max(place, 0)]
    later = found.sequence > latest.sequence and found.monotonic_us >= latest.monotonic_us
    return found if later else latest


def is_restart(stamped: Stamped) -> bool:
    """Whether a new life of a switch says that a call is over which it did not see end."""
    entry = stamped.entry
    return isinstance(entry, LineReleased) and entry.released_by == "restart"


def _last_word_of_life(restart: Stamped, journals: Journals) -> Stamped:
    """What the entity wrote last in the life before the one that wrote `restart`.

    A life writes those first, so if it ends among them the next one writes the others.
    """
    written = journals.instants[restart.entity]
    place = bisect_left(written, restart.sequence, key=attrgetter("sequence"))
    while place > 0 and is_restart(written[place]):
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
