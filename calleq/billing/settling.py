"""Which calls are final, and which entries must be read again together with those still to come.

Records may be derived from the journals piece by piece, each time from what an earlier time left
over and what is new. The result must be that of deriving them from everything at once. So an entry
is let go only when nothing that comes later can use it:

- those of a call, once it is over, its legs have ended, and its circuits are at rest: nothing on
  them waits for its other end. A call with a partial leg is given more time, because a switch that
  lives may still say how the leg ended; one for which money is held, until it is charged;
- those of a call between telephones, once it has ended;
- an arrival that no exchange says it sent, after the same time; it is an orphan.

All times are those of the entries themselves; `horizon_us` is the latest of those just read.
Journals read together must therefore reach about equally far: what is missing when SETTLE_US have
passed comes too late.

What is let go may still be the last word of its entity before a crash, and tells its version.
So a stub with its stamps remains where one of these may be asked for.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from dataclasses import dataclass

from calleq.billing.derivation import is_restart, words_needed
from calleq.billing.indexing import HOP_LIMIT, Arrival, Journals, LineCall, path_of
from calleq.billing.records import SessionRecord
from calleq.journal.entries import (
    Accepted,
    AccountChanged,
    Assisted,
    AssistEnded,
    BalanceStated,
    Cancelled,
    Charged,
    CircuitKey,
    Controlled,
    Credited,
    Dialled,
    DoNotCall,
    Ended,
    Furnished,
    LineAnswered,
    LineHeartbeat,
    LineMeasured,
    LineRefused,
    LineReleased,
    LineRinging,
    LineSeized,
    Progress,
    Recorded,
    Redirected,
    Refused,
    Rescheduled,
    Stamped,
    Started,
    Transit,
    Undertaken,
)
from calleq.units import HOUR_US, MINUTE_US

SETTLE_US = MINUTE_US
"""After this time nothing more is expected of a call that ended well."""

PATIENCE_US = 10 * MINUTE_US
"""How long an end that is missing is waited for."""

LOCAL_LIMIT_US = 24 * HOUR_US
"""A call between telephones without an end is forgotten after this time."""

CHARGE_LIMIT_US = 7 * 24 * HOUR_US
"""How long a charge that is missing is waited for."""

_Name = tuple[str, int]
"""An entry: its entity and sequence."""


@dataclass(frozen=True, slots=True)
class Settlement:
    """What one derivation leaves behind."""

    settled: frozenset[str]
    """The calls whose records are final."""
    kept: list[Stamped]
    orphans: list[Stamped]
    """Arrivals at exchanges that no other exchange says it sent; reported once."""


def settle(
    journals: Journals, records: Sequence[SessionRecord], horizon_us: int, final: Set[str]
) -> Settlement:
    """Judge what was derived. `final` are calls that were final before: what comes of them now
    is let go."""
    cutoff_us, late_us = horizon_us - SETTLE_US, horizon_us - PATIENCE_US
    restless = set(_restless(journals, cutoff_us))
    settled = {
        record.call
        for record in records
        if record.call not in final
        and _is_settled(record, cutoff_us, late_us, restless)
        and _is_charged(record, journals, horizon_us)
    }
    gone: set[_Name] = set()
    words: set[_Name] = set()
    for call, session in journals.sessions.items():
        if call in settled or call in final:
            for attempt in session.attempts:
                for use in path_of(attempt.use):
                    gone.update(_written(use.arrival))
        else:
            words.update(_name(stamped) for stamped in words_needed(session, journals))
    orphans = []
    for arrival in _unmatched(journals):
        if _is_past(arrival, late_us, horizon_us):
            orphans.append(arrival.stamped)
            gone.update(_openings(arrival))
    for arrival in journals.local:
        if _is_past(arrival, cutoff_us, horizon_us):
            gone.update(_openings(arrival))
    gone.update(_name(one) for one in journals.unattached() if one.at_us <= late_us)
    gone.update(_name(one) for one in _of_nobody(journals))
    kept: list[Stamped] = []
    for written in journals.instants.values():
        kept += _kept(written, settled | final, gone, words, cutoff_us)
    return Settlement(frozenset(settled), kept, orphans)


def _of_nobody(journals: Journals) -> Iterator[Stamped]:
    """What an SCP furnished for calls that telephones dialled: no record is about them."""
    for written in journals.instants.values():
        for stamped in written:
            entry = stamped.entry
            if isinstance(entry, Furnished) and not entry.circuits and not entry.coming:
                yield stamped


def _restless(journals: Journals, cutoff_us: int) -> Iterator[CircuitKey]:
    """Circuits of which one end says something newer than the cutoff and the other nothing yet."""
    for key, uses in journals.uses.items():
        if any(use.arrival is None and use.stamped.at_us > cutoff_us for use in uses):
            yield key
    for key, arrivals in journals.arrivals.items():
        if any(not one.matched and one.stamped.at_us > cutoff_us for one in arrivals):
            yield key


def _is_settled(
    record: SessionRecord, cutoff_us: int, late_us: int, restless: Set[CircuitKey]
) -> bool:
    if record.ended_at_us is None:
        return False
    if record.ended_at_us > (cutoff_us if record.complete else late_us):
        return False
    return not any(
        (leg.released_at_us or 0) > cutoff_us or any(key in restless for key in leg.route)
        for leg in record.legs
    )


def _is_charged(record: SessionRecord, journals: Journals, horizon_us: int) -> bool:
    """Whether no charge is to be expected any more."""
    ended_at_us = record.ended_at_us or 0
    if not journals.sessions[record.call].awaits_charge:
        return True
    return ended_at_us <= horizon_us - CHARGE_LIMIT_US


def _unmatched(journals: Journals) -> Iterator[Arrival]:
    for arrivals in journals.arrivals.values():
        for arrival in arrivals:
            if not arrival.matched:
                yield arrival


def _way(arrival: Arrival) -> list[Arrival]:
    """The arrival and those that followed from it, exchange by exchange."""
    further = [use.arrival for use in path_of(arrival.outgoing)]
    return [arrival, *(one for one in further if one is not None)]


def _openings(arrival: Arrival) -> Iterator[_Name]:
    for one in _way(arrival):
        yield from _written(one)


def _written(arrival: Arrival | None, depth: int = 0) -> Iterator[_Name]:
    """What was written where a call arrived, with all of the ways on that came to nothing."""
    if arrival is None or depth > HOP_LIMIT:
        return
    yield _name(arrival.stamped)
    yield from map(_name, arrival.besides)
    if arrival.outgoing is not None:
        yield _name(arrival.outgoing.stamped)
    for tried in arrival.tried:
        yield _name(tried.stamped)
        for use in path_of(tried):
            yield from _written(use.arrival, depth + 1)


def _is_past(arrival: Arrival, before_us: int, horizon_us: int) -> bool:
    """Whether a call that belongs to no session came to its end long enough ago."""
    last = _way(arrival)[-1]
    ended_at_us = _end_us(last)
    if ended_at_us is None:
        return last.stamped.at_us <= horizon_us - LOCAL_LIMIT_US
    return max(arrival.stamped.at_us, ended_at_us) <= before_us


def _end_us(last: Arrival) -> int | None:
    line: LineCall | None = last.line
    if line is not None:
        return None if line.released is None else line.released.at_us
    if last.refused is not None:
        return last.stamped.at_us
    # It went on, and the next exchange is silent: that may still come.
    return last.stamped.at_us + PATIENCE_US


def _kept(
    written: Iterable[Stamped],
    over: Set[str],
    gone: Set[_Name],
    words: Set[_Name],
    cutoff_us: int,
) -> list[Stamped]:
    """What remains of one entity's entries, given in their order."""
    kept: list[Stamped] = []
    lines_gone: dict[int, bool] = {}
    software, told = "", ""
    before: Stamped | None = None
    newest: Stamped | None = None
    for stamped in written:
        if isinstance(stamped.entry, Started):
            software = stamped.entry.software
        if not _is_gone(stamped, over, gone, lines_gone):
            if software != told and before is not None:
                kept.append(before)
            told = software
            kept.append(stamped)
            continue
        if is_restart(stamped):
            # No stub may stand for it: what was written before is the last word of a life.
            if stamped.at_us > cutoff_us:
                kept.append(stamped)
            continue
        before = _stub(stamped, software)
        if stamped.at_us > cutoff_us or _name(stamped) in words:
            kept.append(before)
            told = software
        else:
            newest = before
    if newest is not None:
        kept.append(newest)
    return kept


def _is_gone(
    stamped: Stamped, over: Set[str], gone: Set[_Name], lines_gone: dict[int, bool]
) -> bool:
    entry = stamped.entry
    match entry:
        case Refused() | DoNotCall() | Started() | Assisted() | AssistEnded():
            return True
        case AccountChanged() | Credited() | BalanceStated():
            return True
        case Accepted() | Undertaken() | Dialled() | Progress() | Ended():
            return entry.call in over
        case Controlled() | Recorded() | Rescheduled() | Cancelled() | Charged():
            return entry.call in over
        case Transit() | LineRefused() | Redirected() | Furnished():
            return _name(stamped) in gone
        case LineSeized():
            lines_gone[entry.seizure] = _name(stamped) in gone
            return lines_gone[entry.seizure]
        case LineRinging() | LineAnswered() | LineHeartbeat() | LineReleased() | LineMeasured():
            return lines_gone.get(entry.seizure, True)


def _stub(stamped: Stamped, software: str) -> Stamped:
    """The stamps of an entry, and which version wrote it."""
    if isinstance(stamped.entry, Started):
        return stamped
    return Stamped(
        stamped.entity,
        stamped.sequence,
        stamped.at_us,
        stamped.monotonic_us,
        Started(software),
    )


def _name(stamped: Stamped) -> _Name:
    return stamped.entity, stamped.sequence
