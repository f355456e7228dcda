"""Between records and prices: what of a record is rated, and the charge on the record.

An attempt is charged once, by its last part: the parts before are offers that came to nothing. A
recording is a use of the service `recording`, as long as its file.
"""

from collections.abc import Iterable

import msgspec

from calleq.billing.records import LegRecord, SessionRecord
from calleq.journal.entries import Accepted, Charged, Recorded, Stamped
from calleq.numbering import parse_address
from calleq.rating import Charge, LegUse, ServiceUse
from calleq.units import SECOND_US

RECORDING = "recording"


def leg_uses(record: SessionRecord) -> tuple[LegUse, ...]:
    """The attempts of a call as they are rated, in the order of dialling."""
    return tuple(leg_use(leg) for leg in record.legs if leg.part == leg.parts)


def leg_use(leg: LegRecord) -> LegUse:
    """An attempt as it is rated."""
    return LegUse(
        role=leg.leg,
        address=parse_address(leg.number),
        answered_at_us=leg.answered_at_us,
        billable_s=leg.billable_s,
    )


def recording_uses(entries: Iterable[Stamped]) -> tuple[ServiceUse, ...]:
    """The recordings among entries of one call, by their beginning; whole seconds, rounded up."""
    begun: dict[str, int] = {}
    length_us: dict[str, int] = {}
    for stamped in entries:
        entry = stamped.entry
        if isinstance(entry, Recorded):
            begun.setdefault(entry.recording, stamped.at_us)
            length_us[entry.recording] = max(length_us.get(entry.recording, 0), entry.length_us)
    return tuple(
        ServiceUse(
            name=RECORDING, begun_at_us=at_us, length_s=-(-length_us[recording] // SECOND_US)
        )
        for recording, at_us in sorted(begun.items(), key=lambda item: (item[1], item[0]))
        if length_us[recording]
    )


def held_in(entry: Accepted) -> int | None:
    """What was held for a call when it was accepted; None: nothing."""
    amount_micro = (entry.held or {}).get("amount_micro")
    return amount_micro if isinstance(amount_micro, int) else None


def with_charge(record: SessionRecord, charged: Charged) -> SessionRecord:
    """The record with what the call cost, each leg's charge at the leg."""
    charges = msgspec.convert(charged.charges, tuple[Charge, ...])
    left = list(charges)
    legs = []
    for leg in record.legs:
        subject = f"{leg.leg} {leg.number}"
        found = None
        if leg.answered_at_us is not None and leg.part == leg.parts:
            found = next((charge for charge in left if charge.subject == subject), None)
        if found is not None:
            left.remove(found)
            leg = _with_charge(leg, found)
        legs.append(leg)
    return msgspec.structs.replace(
        record,
        legs=tuple(legs),
        amount_micro=charged.amount_micro,
        currency=charged.currency,
        charges=charges,
    )


def _with_charge(leg: LegRecord, charge: Charge) -> LegRecord:
    return msgspec.structs.replace(
        leg,
        charge_micro=charge.amount_micro,
        rate_deck=charge.deck,
        rate_key=charge.key,
        rate_from_us=charge.effective_from_us,
        rate_rule=charge.rule,
    )
