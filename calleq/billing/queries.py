"""Finding records in the projection: one by its reference, or many by a filter, page by page.

Lists come in the order in which calls began, ties by reference; a page begins after a call that the
page before ended with, so that no call is missed or shown twice while others are added. Each page
is read through an index that already has that order, whichever filter leads.

A filter's conditions all hold of the call; those on legs (`number`, `cause`) hold of one and the
same leg. A cause is also found in calls that ended with it before any leg was dialled.
"""

from collections.abc import Iterator, Sequence

import msgspec
from sqlalchemy import ColumnElement, Connection, Select, and_, exists, func, select, tuple_, union

from calleq.billing.records import LegRecord, SessionRecord
from calleq.billing.rows import leg_of, session_of
from calleq.store.schema import LEG, SESSION

PAGE_CALLS = 400
"""Read at once."""

MANY_LEGS = 10_000
"""More than these are not sorted for a page."""

_HIGHEST = "~"
"""Sorts after every character of a number."""


class Filter(msgspec.Struct, frozen=True, kw_only=True):
    """Which calls are wanted; None: all."""

    business: str | None = None
    state: str | None = None
    """Empty: not over yet."""
    number: str | None = None
    """E.164; with a `*` at the end, the numbers that begin so."""
    cause: int | None = None
    since_us: int | None = None
    until_us: int | None = None
    """The first instant that is not wanted any more."""
    min_talk_us: int | None = None
    """Of the longest leg."""
    max_talk_us: int | None = None
    trunk: str | None = None
    """A SIP trunk by which a leg left."""
    over: bool = False
    """Only calls that have their final state."""
    newest_first: bool = False


Position = tuple[int, str]
"""Where a call stands in the list: its beginning and its reference."""


def find_records(
    connection: Connection,
    wanted: Filter,
    *,
    limit: int | None = None,
    after: Position | None = None,
) -> Iterator[SessionRecord]:
    """The records that fit, in order, from the one after `after` on, `limit` at most."""
    left = limit
    leading = _leg_leads(connection, wanted)
    while left is None or left > 0:
        size = PAGE_CALLS if left is None else min(PAGE_CALLS, left)
        found = connection.execute(_page(wanted, leading, after, size)).all()
        yield from _records(connection, [row.call for row in found])
        if len(found) < size:
            return
        after = found[-1].begun_at_us, found[-1].call
        left = None if left is None else left - size


def find_record(connection: Connection, call: str) -> SessionRecord | None:
    """The record of a reference; None when there is none."""
    return next(iter(_records(connection, [call])), None)


def calls_ending_in(connection: Connection, end: str, limit: int) -> list[str]:
    """References that end so, `limit` at most."""
    query = select(SESSION.c.call).where(SESSION.c.call.endswith(end, autoescape=True))
    return list(connection.scalars(query.order_by(SESSION.c.call).limit(limit)))


def position_of(connection: Connection, call: str) -> Position | None:
    """Where a call stands in the list; None when there is no such call."""
    query = select(SESSION.c.begun_at_us, SESSION.c.call).where(SESSION.c.call == call)
    row = connection.execute(query).one_or_none()
    return None if row is None else (row.begun_at_us, row.call)


def _records(connection: Connection, calls: Sequence[str]) -> list[SessionRecord]:
    legs: dict[str, list[LegRecord]] = {}
    order = LEG.c.dialled_at_us, LEG.c.leg, LEG.c.attempt, LEG.c.part
    for row in connection.execute(select(LEG).where(LEG.c.session.in_(calls)).order_by(*order)):
        legs.setdefault(row.session, []).append(leg_of(row))
    found = {
        row.call: session_of(row, legs.get(row.call, ()))
        for row in connection.execute(select(SESSION).where(SESSION.c.call.in_(calls)))
    }
    return [found[call] for call in calls if call in found]


def _leg_leads(connection: Connection, wanted: Filter) -> bool:
    """Whether calls are to be found by their legs' index, rather than looked through in order.

    A number or cause leads to its legs in the order of their calls. The numbers that begin alike
    must be sorted first: that is quick when they are few, and when they are many the next page
    of them is soon found by looking through the calls.
    """
    if wanted.number is None or not wanted.number.endswith("*"):
        return bool(_leg_conditions(wanted))
    some = select(LEG.c.session).where(*_leg_conditions(wanted)).limit(MANY_LEGS).subquery()
    return connection.scalar(select(func.count()).select_from(some)) != MANY_LEGS


def _page(
    wanted: Filter, leg_leads: bool, after: Position | None, size: int
) -> Select[tuple[int, str]]:
    """The positions of a page of calls."""
    branches = []
    by_leg = _leg_conditions(wanted)
    if by_leg and leg_leads:
        keys = LEG.c.begun_at_us, LEG.c.session
        query = select(LEG.c.begun_at_us, LEG.c.session.label("call")).where(*by_leg)
        conditions = _session_conditions(wanted)
        if conditions:
            query = query.join(SESSION, SESSION.c.call == LEG.c.session).where(*conditions)
        branches.append(_ordered(query.group_by(*keys), keys, wanted, after, size))
    if by_leg and not leg_leads:
        keys = SESSION.c.begun_at_us, SESSION.c.call
        of_session = exists().where(LEG.c.session == SESSION.c.call, *by_leg)
        query = select(*keys).where(*_session_conditions(wanted), of_session)
        branches.append(_ordered(query, keys, wanted, after, size))
    if not by_leg or (wanted.cause is not None and wanted.number is None):
        keys = SESSION.c.begun_at_us, SESSION.c.call
        query = select(*keys).where(*_session_conditions(wanted))
        if wanted.cause is not None:
            query = query.where(SESSION.c.cause == wanted.cause)
        branches.append(_ordered(query, keys, wanted, after, size))
    if len(branches) == 1:
        return branches[0]
    both = union(*(select(branch.subquery()) for branch in branches)).subquery()
    places = both.c.begun_at_us, both.c.call
    return _ordered(select(*places), places, wanted, None, size)


def _ordered(
    query: Select[tuple[int, str]],
    keys: tuple[ColumnElement[int], ColumnElement[str]],
    wanted: Filter,
    after: Position | None,
    size: int,
) -> Select[tuple[int, str]]:
    begun = keys[0]
    if wanted.since_us is not None:
        query = query.where(begun >= wanted.since_us)
    if wanted.until_us is not None:
        query = query.where(begun < wanted.until_us)
    if after is not None:
        place = tuple_(*keys)
        query = query.where(place < after if wanted.newest_first else place > after)
    order = [key.desc() for key in keys] if wanted.newest_first else list(keys)
    return query.order_by(*order).limit(size)


def _leg_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    number = wanted.number
    if number is not None and number.endswith("*"):
        beginning = number[:-1]
        within = and_(LEG.c.number >= beginning, LEG.c.number < beginning + _HIGHEST)
        conditions.append(within)
    elif number is not None:
        conditions.append(LEG.c.number == number)
    if wanted.cause is not None:
        conditions.append(LEG.c.cause == wanted.cause)
    return conditions


def _session_conditions(wanted: Filter) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.business is not None:
        conditions.append(SESSION.c.business == wanted.business)
    if wanted.state is not None:
        conditions.append(SESSION.c.state == wanted.state)
    if wanted.over:
        conditions.append(SESSION.c.state != "")
    if wanted.min_talk_us is not None:
        conditions.append(SESSION.c.longest_talk_us >= wanted.min_talk_us)
    if wanted.max_talk_us is not None:
        conditions.append(SESSION.c.longest_talk_us <= wanted.max_talk_us)
    if wanted.trunk is not None:
        leg = LEG.alias()
        by_trunk = select(leg.c.session).where(leg.c.outgoing_trunk == wanted.trunk)
        conditions.append(SESSION.c.call.in_(by_trunk))
    return conditions
