"""What a reviewer must look at: gaps, duplicates and records that cannot be right.

Reads the projection and changes nothing. A finding is no verdict: an answer without ACM is allowed
(Q.764 §2.1.4.3 lets CON say both) and a long call may have been a long call; but a bill should not
go out before somebody looked.

Overlaps are judged by the instants of the switches that faced the parties, so a step of a clock
shows here as well. Two clocks may differ by CLOCK_TOLERANCE_US without a finding; where they differ
by more, instants of different entities in one record cannot be compared, and that is a finding.
"""

import json
from collections.abc import Iterator
from statistics import median_low

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func, or_, select, tuple_

from calleq.billing.charge_checks import KINDS as CHARGE_KINDS
from calleq.billing.charge_checks import charge_findings
from calleq.billing.pairing import CLOCK_TOLERANCE_US
from calleq.billing.records import LegRecord
from calleq.billing.rows import leg_of
from calleq.store.schema import LEG, LOST, PROJECTION, SESSION, STRAY
from calleq.units import HOUR_US, SECOND_US, seconds_text, utc_text

POOR_MOS = 3.1
"""Below it nearly all users are dissatisfied (G.107 annex B: R of 60)."""

STRANGERS_LIMIT = 100
"""Packets from elsewhere; a few come when a telephone moves from one address to another."""

LONG_CALL_US = 4 * HOUR_US
"""Longer talks are held for review."""

SET_UP_LIMIT_US = SECOND_US
"""Legs take less than this to reach the party's switch; most take a hundredth of it."""

SKEW_LEGS = 1_000
"""Of an exchange, the last ones, by which its clock is judged."""

_NEVER_US = 1 << 62

_BATCH = 1_000

KINDS = {
    "sequence_gap": "entries of a journal are missing",
    "orphan_leg": "a leg that no equipment says it dialled, or of a call that nobody accepted",
    "late_entry": "an entry about a call whose records were final",
    "duplicate": "two records of one seizure",
    "dialled_twice": "one attempt to dial was made twice",
    "overlap": "two calls on one circuit at the same time",
    "answer_without_acm": "an answer, and the telephone never rang",
    "zero_talk": "answered and released at the same instant",
    "billed_unanswered": "seconds billed without a talk",
    "long_call": "a talk of more than four hours",
    "poor_voice": "voice that hardly anybody is satisfied with",
    "strange_voice": "packets from elsewhere than the party, which were refused",
    "clock_skew": "the clock of an exchange differs from that of the equipment",
    **CHARGE_KINDS,
}
"""Every check, in words."""


class Finding(msgspec.Struct, frozen=True):
    """Something to look at."""

    kind: str
    """One of KINDS."""
    call: str
    """Empty where it is not about one call."""
    record_id: str
    entity: str
    detail: str


def findings(
    connection: Connection, since_us: int | None = None, until_us: int | None = None
) -> Iterator[Finding]:
    """Everything odd about the calls that began in a time, and about the journals as a whole."""
    yield from _journals(connection)
    within: list[ColumnElement[bool]] = []
    if since_us is not None:
        within.append(LEG.c.begun_at_us >= since_us)
    if until_us is not None:
        within.append(LEG.c.begun_at_us < until_us)
    yield from _unaccepted(connection, within)
    yield from _duplicates(connection, within)
    yield from _single(connection, within)
    yield from _overlaps(connection, within)
    yield from _skews(connection, within)
    for found in charge_findings(connection, since_us, until_us):
        yield Finding(*found)


def _skews(connection: Connection, within: list[ColumnElement[bool]]) -> Iterator[Finding]:
    """Exchanges that say they were reached before they were called, or long after."""
    after_us = LEG.c.seized_at_us - LEG.c.dialled_at_us
    entities = select(LEG.c.entity).where(LEG.c.seized_at_us.is_not(None), *within).distinct()
    for entity in connection.scalars(entities.order_by(LEG.c.entity)).all():
        query = select(after_us).where(
            LEG.c.entity == entity, LEG.c.seized_at_us.is_not(None), *within
        )
        query = query.order_by(LEG.c.dialled_at_us.desc()).limit(SKEW_LEGS)
        middle_us = median_low(connection.scalars(query).all())
        if not -CLOCK_TOLERANCE_US <= middle_us <= SET_UP_LIMIT_US:
            detail = f"its legs were seized {seconds_text(abs(middle_us))}"
            detail += " before they were dialled" if middle_us < 0 else " after they were dialled"
            yield Finding("clock_skew", "", "", entity, f"{detail}: set its clock")


def _journals(connection: Connection) -> Iterator[Finding]:
    for gap in connection.execute(select(LOST).order_by(LOST.c.entity, LOST.c.first_sequence)):
        detail = f"entries {gap.first_sequence} to {gap.last_sequence} are missing"
        yield Finding("sequence_gap", "", "", gap.entity, detail)
    kinds = {"orphan": "orphan_leg", "late": "late_entry"}
    for stray in connection.execute(select(STRAY).order_by(STRAY.c.entity, STRAY.c.sequence)):
        detail = f"entry {stray.sequence} at {utc_text(stray.at_us)}: {stray.detail}"
        yield Finding(kinds[stray.kind], "", "", stray.entity, detail)


def _of_leg(kind: str, leg: LegRecord, detail: str) -> Finding:
    return Finding(kind, leg.session, leg.record_id, leg.entity, detail)


def _unaccepted(connection: Connection, within: list[ColumnElement[bool]]) -> Iterator[Finding]:
    query = select(LEG).join(SESSION, SESSION.c.call == LEG.c.session)
    query = query.where(SESSION.c.business == "", *within)
    for row in connection.execute(query.order_by(LEG.c.dialled_at_us)):
        leg = leg_of(row)
        yield _of_leg("orphan_leg", leg, f"{leg.leg} {leg.number}: nobody accepted the call")


def _duplicates(connection: Connection, within: list[ColumnElement[bool]]) -> Iterator[Finding]:
    same = LEG.c.entity, LEG.c.number, LEG.c.seized_at_us, LEG.c.route
    query = (
        select(*same, func.count().label("records"), func.min(LEG.c.session).label("first"))
        .where(LEG.c.seized_at_us.is_not(None), *within)
        .group_by(*same)
        .having(func.count() > 1)
        .order_by(LEG.c.seized_at_us)
    )
    for row in connection.execute(query):
        detail = f"{row.records} records of the seizure for {row.number} at"
        detail += f" {utc_text(row.seized_at_us)}"
        yield Finding("duplicate", row.first, "", row.entity, detail)


def _single(connection: Connection, within: list[ColumnElement[bool]]) -> Iterator[Finding]:
    """What one leg shows by itself."""
    answered = LEG.c.answered_at_us.is_not(None)
    horizon_us = connection.scalar(select(PROJECTION.c.horizon_us)) or 0
    suspect = or_(
        LEG.c.times_dialled > 1,
        answered & LEG.c.ringing_at_us.is_(None) & LEG.c.rtp_received.is_(None),
        answered & LEG.c.released_at_us.is_not(None) & (LEG.c.talk_us == 0),
        (LEG.c.talk_us == 0) & (LEG.c.billable_s > 0),
        LEG.c.talk_us > LONG_CALL_US,
        LEG.c.released_at_us.is_(None) & (LEG.c.answered_at_us < horizon_us - LONG_CALL_US),
        answered & (LEG.c.rtp_received > 0) & (LEG.c.mos < POOR_MOS),
        LEG.c.rtp_strangers > STRANGERS_LIMIT,
    )
    query = select(LEG).where(suspect, *within).order_by(LEG.c.dialled_at_us)
    for row in connection.execute(query):
        yield from _judged(leg_of(row), horizon_us)


def _judged(leg: LegRecord, horizon_us: int) -> Iterator[Finding]:
    party = f"{leg.leg} {leg.number}"
    if leg.times_dialled > 1:
        yield _of_leg("dialled_twice", leg, f"{party}: dialled {leg.times_dialled} times")
    if leg.billable_s > 0 and leg.talk_us == 0:
        yield _of_leg("billed_unanswered", leg, f"{party}: {leg.billable_s} s")
    if (leg.rtp_strangers or 0) > STRANGERS_LIMIT:
        yield _of_leg("strange_voice", leg, f"{party}: {leg.rtp_strangers} packets")
    if leg.answered_at_us is None:
        return
    if leg.rtp_received and leg.mos is not None and leg.mos < POOR_MOS:
        detail = f"{party}: MOS {leg.mos:.2f}, {leg.rtp_lost} packets lost"
        yield _of_leg("poor_voice", leg, detail)
    if leg.ringing_at_us is None and leg.rtp_received is None:  # by SIP one may answer at once
        yield _of_leg("answer_without_acm", leg, f"{party}: at {utc_text(leg.answered_at_us)}")
    if leg.released_at_us is None:
        if leg.answered_at_us < horizon_us - LONG_CALL_US:
            detail = f"{party}: answered at {utc_text(leg.answered_at_us)} and not released"
            yield _of_leg("long_call", leg, detail)
    elif leg.talk_us == 0:
        yield _of_leg("zero_talk", leg, f"{party}: at {utc_text(leg.answered_at_us)}")
    elif leg.talk_us > LONG_CALL_US:
        yield _of_leg("long_call", leg, f"{party}: {seconds_text(leg.talk_us)} s")


class _Held(msgspec.Struct, frozen=True, gc=False):
    """Until when a circuit was in use, and by which leg."""

    until_us: int
    session: str
    leg: str
    attempt: int


def _overlaps(connection: Connection, within: list[ColumnElement[bool]]) -> Iterator[Finding]:
    held: dict[tuple[int, int, int], _Held] = {}
    name = LEG.c.session, LEG.c.leg, LEG.c.attempt, LEG.c.part
    # Nobody knows how long an attempt held its circuits that no switch reports of.
    unknown = LEG.c.partial & LEG.c.seized_at_us.is_(None)
    until_us = case(
        (unknown, LEG.c.dialled_at_us), else_=func.coalesce(LEG.c.released_at_us, _NEVER_US)
    )
    query = select(*name, LEG.c.dialled_at_us, until_us, LEG.c.route).where(*within)
    rows = connection.execute(
        query.order_by(LEG.c.dialled_at_us, LEG.c.session),
        execution_options={"yield_per": _BATCH},
    )
    for session, leg, attempt, part, dialled_at_us, until, route in rows:
        for origin, destination, cic in json.loads(route):
            # A circuit is one whichever end seized it.
            circuit = min(origin, destination), max(origin, destination), cic
            before = held.get(circuit)
            same = before is not None and (
                (before.session, before.leg, before.attempt) == (session, leg, attempt)
            )
            in_use = before is not None and before.until_us > dialled_at_us + CLOCK_TOLERANCE_US
            if before is not None and in_use and not same:
                this = _leg_of_name(connection, (session, leg, attempt, part))
                detail = f"{leg} {this.number}: circuit {cic} between {circuit[0]} and"
                detail += f" {circuit[1]} was in use by the {before.leg} leg of {before.session}"
                yield _of_leg("overlap", this, detail)
            if before is None or until > before.until_us:
                held[circuit] = _Held(until, session, leg, attempt)


def _leg_of_name(connection: Connection, name: tuple[str, str, int, int]) -> LegRecord:
    key = tuple_(LEG.c.session, LEG.c.leg, LEG.c.attempt, LEG.c.part)
    return leg_of(connection.execute(select(LEG).where(key == name)).one())


def known_lost(connection: Connection) -> int:
    """How many journal entries are known to be missing."""
    missing = func.sum(LOST.c.last_sequence - LOST.c.first_sequence + 1)
    return int(connection.scalar(select(missing)) or 0)
