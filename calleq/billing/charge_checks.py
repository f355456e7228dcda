"""What a reviewer must look at in what calls were charged.

The record says what was held and charged, and by which seconds each leg was rated; here the two are
held against each other. Whether a rate is what its deck says is for whoever has the deck: the
charge tells line by line how it came about.
"""

from collections.abc import Iterator

from sqlalchemy import ColumnElement, Connection, select

from calleq.billing.records import LegRecord, SessionRecord
from calleq.billing.rows import leg_of, session_of
from calleq.rating import amount_text
from calleq.store.schema import LEG, PROJECTION, SESSION
from calleq.units import HOUR_US

CHARGED_WITHIN_US = HOUR_US
"""After its end a call for which money was held is charged within this time."""

_BATCH = 400

Found = tuple[str, str, str, str, str]
"""Kind, call, record, entity and detail of a finding."""

KINDS = {
    "uncharged": "money was held for the call, and it was never charged",
    "uncharged_leg": "an answered leg of a charged call for which no rate was found",
    "charge_differs": "a charge that is not what the record comes to",
    "over_held": "the call cost more than was held for it",
}


def charge_findings(
    connection: Connection, since_us: int | None, until_us: int | None
) -> Iterator[Found]:
    """Everything odd about the charges of the calls that began in a time."""
    within: list[ColumnElement[bool]] = [SESSION.c.state != "", SESSION.c.held_micro.is_not(None)]
    if since_us is not None:
        within.append(SESSION.c.begun_at_us >= since_us)
    if until_us is not None:
        within.append(SESSION.c.begun_at_us < until_us)
    horizon_us = connection.scalar(select(PROJECTION.c.horizon_us)) or 0
    query = select(SESSION).where(*within).order_by(SESSION.c.begun_at_us, SESSION.c.call)
    rows = connection.execute(query, execution_options={"yield_per": _BATCH})
    for part in rows.partitions(_BATCH):
        legs: dict[str, list[LegRecord]] = {}
        of_calls = LEG.c.session.in_([row.call for row in part])
        for row in connection.execute(select(LEG).where(of_calls).order_by(LEG.c.dialled_at_us)):
            legs.setdefault(row.session, []).append(leg_of(row))
        for row in part:
            yield from _judged(session_of(row, legs.get(row.call, ())), horizon_us)


def _judged(record: SessionRecord, horizon_us: int) -> Iterator[Found]:
    amount_micro, held_micro = record.amount_micro, record.held_micro
    if amount_micro is None:
        if (record.ended_at_us or 0) < horizon_us - CHARGED_WITHIN_US:
            held = amount_text(held_micro or 0)
            yield "uncharged", record.call, "", "", f"{held} were held for it"
        return
    if held_micro is not None and amount_micro > held_micro:
        detail = f"{amount_text(amount_micro)}, and {amount_text(held_micro)} were held"
        yield "over_held", record.call, "", "", detail
    summed = sum(charge.amount_micro for charge in record.charges)
    if summed != amount_micro:
        detail = f"{amount_text(amount_micro)}, and its charges come to {amount_text(summed)}"
        yield "charge_differs", record.call, "", "", detail
    yield from _legs_judged(record)


def _legs_judged(record: SessionRecord) -> Iterator[Found]:
    left = list(record.charges)
    for leg in record.legs:
        if leg.answered_at_us is None or leg.part < leg.parts:
            continue
        party = f"{leg.leg} {leg.number}"
        found = next((charge for charge in left if charge.subject == party), None)
        if found is None:
            yield "uncharged_leg", record.call, leg.record_id, leg.entity, party
            continue
        left.remove(found)
        if found.length_s != leg.billable_s:
            detail = f"{party}: charged for {found.length_s} s, recorded {leg.billable_s} s"
            yield "charge_differs", record.call, leg.record_id, leg.entity, detail
