"""The records of a call: one for the session, one for each attempt to reach a party.

These are derived from the journals (`derivation`) and never edited. What a call costs is what its
`Charged` entry says, which was rated from this record when it was complete. Instants are UTC
microseconds as the clock of the entity that saw them had them; lengths are differences of that
entity's monotonic clock, so that a clock step changes no bill.

What follows from the fields (the record's id, the cause for termination, a clock step) is a
property and is never stored apart from them.
"""

import hashlib
from enum import IntEnum

import msgspec

from calleq.causes import Q850
from calleq.intake.references import reference_text
from calleq.journal.entries import CircuitKey
from calleq.rating import Charge, amount_text
from calleq.units import SECOND_US, seconds_text, utc_text

UTC_OFFSET_MIN = 0
"""Of every instant in a record: calleq's clocks write UTC, whatever zone their machine is in."""

BILLING_RULE = "answered, whole seconds rounded up"
"""The rule of `billable_seconds`, named in each record."""

PRESENTATIONS = ("allowed", "restricted", "not available")
"""Address presentation restricted indicator in words (Q.763 §3.10 e)."""

_LAST_NORMAL_CAUSE = Q850.NORMAL_UNSPECIFIED
"""Causes up to here are of Q.850's classes of normal events."""


class CauseForTerm(IntEnum):
    """Why a record was closed (3GPP TS 32.298 §5.1.2.1.7)."""

    NORMAL_RELEASE = 0
    PARTIAL_RECORD = 1
    """More parts of the same leg follow."""
    UNSUCCESSFUL_ATTEMPT = 3
    ABNORMAL_TERMINATION = 4
    """An answered call that no party ended: network failure, restart."""


class LegRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One attempt to reach one party. Unique by (session, leg, attempt, part).

    (entity, sequence) is unique too.
    """

    session: str
    leg: str
    """`customer` or `agent`."""
    attempt: int
    entity: str
    """The recording entity: the switch that faced the party, or the last element the attempt is
    known to have reached."""
    sequence: int = 0
    """Of the entry with which the record begins, in the journal of `entity`. What is missing of
    1, 2, 3 … there is a loss."""
    part: int = 1
    parts: int = 1
    """More than one where an exchange dialled anew by itself after a line had been offered the
    call; the last part tells what became of the attempt."""
    number: str
    """The called number, E.164."""
    called_received: str = ""
    """The digits that `entity` received; empty when the attempt did not get so far."""
    called_nature: int = 0
    """Nature of address (Q.763 §3.9 b)."""
    calling: str = ""
    """E.164; empty when none was received."""
    calling_received: str = ""
    calling_nature: int = 0
    presentation: int | None = None
    """Of the calling number, Q.763 §3.10 e; None without one."""
    dialled_at_us: int
    seized_at_us: int | None = None
    ringing_at_us: int | None = None
    answered_at_us: int | None = None
    released_at_us: int | None = None
    ring_us: int = 0
    """From ringing to answer, or to the end when nobody answered."""
    talk_us: int = 0
    """From answer to release as the switch facing the party saw them."""
    held_us: int = 0
    """From seizure to release at that switch."""
    billable_s: int = 0
    """`talk_us` in whole seconds, rounded up; 0 for what was never answered."""
    cause: int = 0
    """Q.850; 0 while the leg stands."""
    location: int = 0
    released_by: str = ""
    """`line` or `network`; empty while the leg stands or when nobody recorded it."""
    trunk_group: str = ""
    """The group of `circuit`."""
    circuit: CircuitKey | None = None
    """The circuit by which the call came to `entity`."""
    route: tuple[CircuitKey, ...] = ()
    """Every circuit of the leg, from the calling equipment on."""
    partial: bool = False
    """True when the end was not recorded by the switch facing the party."""
    times_dialled: int = 1
    """How often the equipment wrote that it dials this attempt; more than 1 is a fault."""
    software: str = ""
    """The version of calleq that ran at `entity`; empty when its journal does not say."""
    furnished: str = ""
    """What an SCP had written into the record (FurnishChargingInformation), in hexadecimal; several
    with a blank between."""
    outgoing_trunk: str = ""
    """The SIP trunk by which the call left the network; empty where the party is on a line of
    ours."""
    rtp_received: int | None = None
    """Packets of voice that came from the party; this and what follows is None where the far end of
    the line measures nothing, as simulated telephones."""
    rtp_lost: int | None = None
    rtp_late: int | None = None
    """That came after their time."""
    rtp_strangers: int | None = None
    """Refused: from elsewhere than the party."""
    jitter_us: int | None = None
    rtp_sent: int | None = None
    far_lost: int | None = None
    """Of those sent to the party, what it says that it never got."""
    far_jitter_us: int | None = None
    round_trip_us: int | None = None
    r_factor: float | None = None
    """Transmission rating of what came (G.107)."""
    mos: float | None = None
    """Mean opinion score that follows from it."""
    charge_micro: int | None = None
    """What the leg costs, in millionths of the session's currency; None while it is not charged,
    and where it costs nothing because nobody answered."""
    rate_deck: str = ""
    rate_key: str = ""
    """By which the leg is charged: `+1212`, `sip`, `ip`."""
    rate_from_us: int | None = None
    """From when that rate holds."""
    rate_rule: str = ""

    @property
    def record_id(self) -> str:
        """A ULID of the instant of dialling; the same whenever the record is derived."""
        name = f"{self.session}/{self.leg}/{self.attempt}/{self.part}".encode()
        drawn = int.from_bytes(hashlib.sha256(name).digest()[:10], "big")
        return reference_text((self.dialled_at_us // 1_000 & (1 << 48) - 1) << 80 | drawn)

    @property
    def cause_for_term(self) -> CauseForTerm | None:
        """None while the leg stands."""
        if self.part < self.parts:
            return CauseForTerm.PARTIAL_RECORD
        if self.released_at_us is None:
            return None
        if self.answered_at_us is None:
            return CauseForTerm.UNSUCCESSFUL_ATTEMPT
        if self.partial or self.cause > _LAST_NORMAL_CAUSE:
            return CauseForTerm.ABNORMAL_TERMINATION
        return CauseForTerm.NORMAL_RELEASE

    @property
    def clock_step_us(self) -> int:
        """How far the wall clock of `entity` moved against its monotonic one during the talk."""
        if self.answered_at_us is None or self.released_at_us is None:
            return 0
        return self.released_at_us - self.answered_at_us - self.talk_us


class SessionRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One customer service call. Unique by `call`."""

    call: str
    business: str
    """Who submitted the message, and is billed."""
    door: str = ""
    message_id: str = ""
    """The message as the door numbered it: `<door>-<sequence of its entry in the journal>`."""
    idempotency_key: str | None = None
    """The message as the business named it."""
    state: str
    """The final state; empty while the call is not over."""
    cause: int
    accepted_at_us: int | None
    ended_at_us: int | None
    legs: tuple[LegRecord, ...]
    """In the order in which they were dialled."""
    complete: bool
    """True when the call has its final state and no leg is open or partial."""
    held_micro: int | None = None
    """What was held for the call before it was dialled; None where calls have no price."""
    amount_micro: int | None = None
    """What the call costs, legs and services, in millionths of `currency`; None while it is not
    charged, and where calls have no price."""
    currency: str = ""
    charges: tuple[Charge, ...] = ()
    """Each rounded amount, and how it came about; their sum is `amount_micro`."""

    @property
    def begun_at_us(self) -> int:
        """Acceptance; else the first dialling that is known."""
        if self.accepted_at_us is not None:
            return self.accepted_at_us
        return self.legs[0].dialled_at_us if self.legs else 0


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


QUALITY_FIELDS = (
    "rtp_received",
    "rtp_lost",
    "rtp_late",
    "rtp_strangers",
    "jitter_us",
    "rtp_sent",
    "far_lost",
    "far_jitter_us",
    "round_trip_us",
    "r_factor",
    "mos",
)
"""What was measured of a leg's voice, in the order of `LineMeasured`."""

VOICE_COLUMNS = ("leg", "attempt", "trunk", "lost", "late", "strangers", "jitter", "R", "MOS")


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
        "door": record.door or None,
        "message_id": record.message_id or None,
        "idempotency_key": record.idempotency_key,
        "state": record.state or None,
        "cause": record.cause,
        "accepted_at": _instant(record.accepted_at_us),
        "ended_at": _instant(record.ended_at_us),
        "complete": record.complete,
        "held": amount_of(record.held_micro),
        "amount": amount_of(record.amount_micro),
        "currency": record.currency or None,
        "charges": [charge_as_json(charge) for charge in record.charges],
        "legs": [leg_as_json(leg) for leg in record.legs],
    }


def leg_rows(record: SessionRecord) -> list[tuple[str, ...]]:
    """The legs as rows of text under LEG_COLUMNS."""
    return [
        (
            leg.leg,
            str(leg.attempt),
            leg.number,
            f"{leg.entity} by {leg.outgoing_trunk}" if leg.outgoing_trunk else leg.entity,
            _instant(leg.answered_at_us) or "-",
            seconds_text(leg.ring_us),
            seconds_text(leg.talk_us),
            f"{leg.billable_s} s",
            f"{leg.cause}{' (partial)' if leg.partial else ''}",
        )
        for leg in record.legs
    ]


def voice_rows(record: SessionRecord) -> list[tuple[str, ...]]:
    """What was measured of the legs' voices as rows of text under VOICE_COLUMNS."""
    return [
        (
            leg.leg,
            str(leg.attempt),
            leg.outgoing_trunk or "-",
            f"{leg.rtp_lost} of {(leg.rtp_received or 0) + (leg.rtp_lost or 0)}",
            str(leg.rtp_late),
            str(leg.rtp_strangers),
            f"{(leg.jitter_us or 0) / 1_000:.1f} ms",
            f"{leg.r_factor:.1f}",
            f"{leg.mos:.2f}",
        )
        for leg in record.legs
        if leg.rtp_received is not None
    ]


def leg_as_json(leg: LegRecord) -> dict[str, object]:
    """A leg as `--json` prints it."""
    return {
        "record_id": leg.record_id,
        "session": leg.session,
        "leg": leg.leg,
        "attempt": leg.attempt,
        "part": leg.part,
        "parts": leg.parts,
        "entity": leg.entity,
        "sequence": leg.sequence,
        "number": leg.number,
        "called_received": leg.called_received or None,
        "called_nature": leg.called_nature or None,
        "calling": leg.calling or None,
        "calling_received": leg.calling_received or None,
        "calling_nature": leg.calling_nature or None,
        "presentation": _presentation(leg.presentation),
        "dialled_at": _instant(leg.dialled_at_us),
        "seized_at": _instant(leg.seized_at_us),
        "ringing_at": _instant(leg.ringing_at_us),
        "answered_at": _instant(leg.answered_at_us),
        "released_at": _instant(leg.released_at_us),
        "utc_offset_min": UTC_OFFSET_MIN,
        "clock_step_us": leg.clock_step_us,
        "ring_us": leg.ring_us,
        "talk_us": leg.talk_us,
        "held_us": leg.held_us,
        "billable_s": leg.billable_s,
        "billing_rule": BILLING_RULE,
        "cause": leg.cause,
        "location": leg.location,
        "released_by": leg.released_by or None,
        "cause_for_term": leg.cause_for_term,
        "trunk_group": leg.trunk_group or None,
        "circuit": _circuit(leg.circuit),
        "route": [_circuit(key) for key in leg.route],
        "partial": leg.partial,
        "times_dialled": leg.times_dialled,
        "software": leg.software or None,
        "furnished": leg.furnished or None,
        "outgoing_trunk": leg.outgoing_trunk or None,
        **{name: getattr(leg, name) for name in QUALITY_FIELDS},
        "charge": amount_of(leg.charge_micro),
        "rate_deck": leg.rate_deck or None,
        "rate_key": leg.rate_key or None,
        "rate_from": _instant(leg.rate_from_us),
        "rate_rule": leg.rate_rule or None,
    }


def charge_as_json(charge: Charge) -> dict[str, object]:
    """A charge as `--json` prints it; amounts are text."""
    return {
        "subject": charge.subject,
        "deck": charge.deck,
        "rate_key": charge.key,
        "rate_from": utc_text(charge.effective_from_us),
        "priced_at": utc_text(charge.priced_at_us),
        "length_s": charge.length_s,
        "charged_s": charge.charged_s,
        "lines": [line.text for line in charge.lines],
        "rule": charge.rule,
        "amount": amount_text(charge.amount_micro),
        "currency": charge.currency,
    }


def amount_of(micro: int | None) -> str | None:
    """An amount as text; None where there is none."""
    return None if micro is None else amount_text(micro)


def _presentation(indicator: int | None) -> str | None:
    if indicator is None:
        return None
    known = 0 <= indicator < len(PRESENTATIONS)
    return PRESENTATIONS[indicator] if known else str(indicator)


def _circuit(key: CircuitKey | None) -> dict[str, int] | None:
    if key is None:
        return None
    return {"opc": key.origin, "dpc": key.destination, "cic": key.cic}


def _instant(at_us: int | None) -> str | None:
    return None if at_us is None else utc_text(at_us)
