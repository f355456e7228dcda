"""The truth of a run, from the telephones' diary alone, and its difference to the records.

The diary says when each telephone rang, answered and was done with a call, as it saw it. A switch
sees what a telephone does one line delay later, and its own releases one delay before the telephone
does. Where the two cross on the line, the switch's own came first for it: a hang-up changes nothing
any more, an answer was none, and a telephone that began to ring never rang. Nothing here reads how
a record came about.

A record here is a leg record: one attempt to reach one telephone. Those that never reached one (the
switch refused, no circuit was free) have no truth in the diary and are left out on both sides.

`Reconciliation` takes both sides as they come, drops what agrees at once and keeps the rest, so a
long run needs little memory. At the end it pairs what is left: by telephone and instant, then by
instant (the number itself may be what is wrong), then by telephone in the order of time. A leg told
twice is known by its key (session, leg, attempt, part).
"""

from collections import defaultdict, deque
from collections.abc import Callable, Hashable, Iterable

import msgspec

from calleq.billing.records import LegRecord, SessionRecord
from calleq.telephones.diary import DiaryCall, DiaryEntry, Event
from calleq.units import SECOND_US

RING_LOST_US = 100_000
"""A switch that offered a call says so to the exchange before it (ACM) well within this time."""


def is_lost_ring(call: DiaryCall) -> bool:
    """Whether a telephone's switch died before it could say that the telephone rings.

    The exchange before it then tries another circuit (Q.764 §2.8.1 d: a reset before any backward
    message), so the same attempt rings the telephone again, once its switch is back.
    """
    lost = call.ended is not None and call.ended.event is Event.LINE_LOST
    return lost and call.rang and call.answered is None and (call.ring_us or 0) <= RING_LOST_US


class Talk(msgspec.Struct, frozen=True, gc=False):
    """One call at one telephone, answered or not, as its switch must have seen it."""

    number: str
    answered_at_us: int | None
    talk_us: int
    ringing_at_us: int | None = None
    released_at_us: int | None = None
    ring_us: int = 0
    billable_s: int = 0
    cause: int = 0
    released_by: str = ""


class Differences(msgspec.Struct, frozen=True):
    """How far the records are from the truth."""

    records: int
    """Leg records that are missing, invented, told twice or wrong in any field."""
    us: int
    """Microseconds that instants and lengths of the wrong ones are off, added up."""


class _Call(msgspec.Struct, gc=False):
    """A call at a telephone while it lasts, and while its hang-up may still cross something."""

    rings_at_us: int
    answered_at_us: int | None = None
    hung_up: DiaryEntry | None = None


class DiaryReader:
    """Turns diary entries, as they come, into calls as the switches must have seen them."""

    def __init__(self, line_delay_us: int, found: Callable[[Talk], object]) -> None:
        self._delay_us = line_delay_us
        self._found = found
        self._calls: dict[str, _Call] = {}

    def take(self, entries: Iterable[DiaryEntry]) -> None:
        """More entries; those of a telephone come in their order."""
        for entry in entries:
            take = _TAKERS.get(entry.event)
            if take is not None:
                take(self, entry)

    def _rings(self, entry: DiaryEntry) -> None:
        self._settle(entry.number)
        self._calls[entry.number] = _Call(entry.at_us)

    def _answers(self, entry: DiaryEntry) -> None:
        call = self._calls.get(entry.number)
        if call is None:  # a diary that begins in the middle
            call = self._calls[entry.number] = _Call(entry.at_us)
        call.answered_at_us = entry.at_us

    def _hangs_up(self, entry: DiaryEntry) -> None:
        call = self._calls.get(entry.number)
        if call is not None:
            call.hung_up = entry

    def _is_released(self, entry: DiaryEntry) -> None:
        self._over(entry.number, entry.at_us - self._delay_us, entry.cause, "network")

    def _refuses(self, entry: DiaryEntry) -> None:
        refusal = Talk(
            entry.number,
            None,
            0,
            released_at_us=entry.at_us + self._delay_us,
            cause=entry.cause,
            released_by="line",
        )
        self._found(refusal)

    def finish(self) -> None:
        """The diary is at its end: no hang-up can cross anything any more."""
        for number in tuple(self._calls):
            self._settle(number)

    def _settle(self, number: str) -> None:
        """The hang-up of the last call, if it ended so, crossed nothing."""
        call = self._calls.get(number)
        if call is not None and call.hung_up is not None:
            end = call.hung_up
            self._over(number, end.at_us + self._delay_us, end.cause, "line")

    def _over(self, number: str, released_at_us: int, cause: int, released_by: str) -> None:
        call = self._calls.pop(number, None)
        if call is None:
            return  # the telephone had dialled, or hangs up after a tone
        delay_us = self._delay_us
        ringing_at_us: int | None = None
        answered_at_us, talk_us, ring_us = None, 0, 0
        if call.answered_at_us is not None and call.answered_at_us + delay_us <= released_at_us:
            answered_at_us = call.answered_at_us + delay_us
            talk_us = released_at_us - answered_at_us
        if call.rings_at_us + delay_us <= released_at_us:
            ringing_at_us = call.rings_at_us + delay_us
            ring_us = (released_at_us if answered_at_us is None else answered_at_us) - ringing_at_us
        self._found(
            Talk(
                number,
                answered_at_us,
                talk_us,
                ringing_at_us,
                released_at_us,
                ring_us,
                -(-talk_us // SECOND_US),
                cause,
                released_by,
            )
        )


_TAKERS: dict[Event, Callable[[DiaryReader, DiaryEntry], None]] = {
    Event.RINGS: DiaryReader._rings,
    Event.ANSWERS: DiaryReader._answers,
    Event.HANGS_UP: DiaryReader._hangs_up,
    Event.DECLINES: DiaryReader._hangs_up,
    Event.RELEASED: DiaryReader._is_released,
    Event.STOPS_RINGING: DiaryReader._is_released,
    Event.CROSSED: DiaryReader._is_released,
    Event.REFUSES: DiaryReader._refuses,
}
"""The other events, two entries of three, say nothing of when a call was what."""


def talks_of_diary(diary: Iterable[DiaryEntry], line_delay_us: int) -> list[Talk]:
    """Every call of a diary that is over."""
    talks: list[Talk] = []
    reader = DiaryReader(line_delay_us, talks.append)
    reader.take(diary)
    reader.finish()
    return talks


def talk_of_leg(leg: LegRecord) -> Talk | None:
    """What a record says of a telephone; None when it never reached one."""
    if leg.seized_at_us is None:
        return None
    return Talk(
        leg.number,
        leg.answered_at_us,
        leg.talk_us,
        leg.ringing_at_us,
        leg.released_at_us,
        leg.ring_us,
        leg.billable_s,
        leg.cause,
        leg.released_by,
    )


def talks_of_records(records: Iterable[SessionRecord]) -> list[Talk]:
    """What records say of telephones."""
    legs = (talk_of_leg(leg) for record in records for leg in record.legs)
    return [talk for talk in legs if talk is not None]


class Reconciliation:
    """The diary against the records, both as they come."""

    def __init__(
        self, line_delay_us: int, lived: Callable[[Talk], object] = lambda talk: None
    ) -> None:
        """`lived` is told of every call of the diary."""
        self._reader = DiaryReader(line_delay_us, self._lived)
        self._also = lived
        self._true: dict[Talk, int] = {}
        self._told: dict[Talk, int] = {}
        self._told_twice = 0

    def diary(self, entries: Iterable[DiaryEntry]) -> None:
        """More entries of the diary, in their order."""
        self._reader.take(entries)

    def record(self, record: SessionRecord) -> None:
        """One more record."""
        seen: set[tuple[str, int, int]] = set()
        for leg in record.legs:
            key = leg.leg, leg.attempt, leg.part
            if key in seen:
                self._told_twice += 1
                continue
            seen.add(key)
            talk = talk_of_leg(leg)
            if talk is not None:
                self._tell(talk)

    def _lived(self, talk: Talk) -> None:
        self._also(talk)
        _take_or_keep(talk, self._told, self._true)

    def _tell(self, talk: Talk) -> None:
        _take_or_keep(talk, self._true, self._told)

    def result(self) -> Differences:
        """The differences, when both sides are complete."""
        self._reader.finish()
        found = differences(_each(self._true), _each(self._told))
        return Differences(found.records + self._told_twice, found.us)


def _take_or_keep(talk: Talk, others: dict[Talk, int], own: dict[Talk, int]) -> None:
    """Cancel against an equal one of the other side, or wait for one."""
    count = others.get(talk, 0)
    if count > 1:
        others[talk] = count - 1
    elif count:
        del others[talk]
    else:
        own[talk] = own.get(talk, 0) + 1


def _each(counts: dict[Talk, int]) -> Iterable[Talk]:
    return (talk for talk, count in counts.items() for _ in range(count))


def differences(truth: Iterable[Talk], told: Iterable[Talk]) -> Differences:
    """Pair what differs and add it up; see the head of this file."""
    missing, invented = _without_equals(truth, told)
    records = off_us = 0
    for key in (_call_key, _instant_us, _number):
        pairs, missing, invented = _paired(missing, invented, key)
        records += len(pairs)
        off_us += sum(_off_us(true_talk, told_talk) for true_talk, told_talk in pairs)
    return Differences(records + len(missing) + len(invented), off_us)


def _paired(
    missing: Iterable[Talk], invented: Iterable[Talk], key: Callable[[Talk], Hashable]
) -> tuple[list[tuple[Talk, Talk]], list[Talk], list[Talk]]:
    """Pairs of equal keys in the order of time, and what found no partner on either side."""
    waiting: dict[Hashable, deque[Talk]] = defaultdict(deque)
    for talk in sorted(missing, key=_instant_us):
        waiting[key(talk)].append(talk)
    pairs, lonely = [], []
    for talk in sorted(invented, key=_instant_us):
        partners = waiting[key(talk)]
        if partners:
            pairs.append((partners.popleft(), talk))
        else:
            lonely.append(talk)
    return pairs, [talk for partners in waiting.values() for talk in partners], lonely


def _without_equals(truth: Iterable[Talk], told: Iterable[Talk]) -> tuple[list[Talk], list[Talk]]:
    counts: dict[Talk, int] = {}
    for talk in truth:
        counts[talk] = counts.get(talk, 0) + 1
    invented = []
    for talk in told:
        if counts.get(talk, 0):
            counts[talk] -= 1
        else:
            invented.append(talk)
    return list(_each(counts)), invented


def _instant_us(talk: Talk) -> int:
    for at_us in (talk.ringing_at_us, talk.answered_at_us, talk.released_at_us):
        if at_us is not None:
            return at_us
    return 0


def _number(talk: Talk) -> str:
    return talk.number


def _call_key(talk: Talk) -> tuple[str, int]:
    return talk.number, _instant_us(talk)


def _off_us(one: Talk, other: Talk) -> int:
    off_us = abs(one.talk_us - other.talk_us) + abs(one.ring_us - other.ring_us)
    for here_us, there_us in (
        (one.answered_at_us, other.answered_at_us),
        (one.ringing_at_us, other.ringing_at_us),
        (one.released_at_us, other.released_at_us),
    ):
        if here_us is not None and there_us is not None:
            off_us += abs(here_us - there_us)
    return off_us
