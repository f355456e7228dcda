"""What the parameters of operations mean in one association: legs, segments, numbers.

Everything here either finds what is meant or raises `OperationRefused`. An operation that names no
segment means the initial one (1), or the only one there is; an event or a report that names no leg
means the called party, or the caller where it is the caller's, or the only leg there is.
"""

from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.refusals import refuse
from calleq.ss7.inap.values import LegID
from calleq.ss7.isup.messages import CalledNumber, CallingNumber
from calleq.ssp.numbers import e164
from calleq.ssp.ssf.association import LEGS_LIMIT, Association
from calleq.ssp.ssf.leg import HELD, Leg, LegState
from calleq.ssp.ssf.segment import CallSegment, SegmentInput, SegmentState
from calleq.ssp.ssf.service_call import CALLER, PARTY

INITIAL_SEGMENT = 1

_E = ErrorCode


def leg_of(association: Association, leg_id: LegID) -> Leg:
    """The leg of that number, if something is left of it."""
    leg = association.legs.get(leg_id.leg)
    if leg is None:
        raise refuse(_E.UNKNOWN_LEG_ID, f"there is no leg {leg_id.leg}")
    return leg


def segment_of(association: Association, number: int | None) -> CallSegment:
    """The segment of that number; None: the one that is meant."""
    segments = association.segments
    if number is None:
        if INITIAL_SEGMENT in segments or len(segments) != 1:
            number = INITIAL_SEGMENT
        else:
            (number,) = segments
    segment = segments.get(number)
    if segment is None:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, f"there is no call segment {number}")
    return segment


def place_of(association: Association, where: LegID | int | None) -> CallSegment:
    """The segment of a leg, or of that number."""
    if isinstance(where, LegID):
        return association.place(leg_of(association, where))
    return segment_of(association, where)


def busy_segment(association: Association, where: LegID | int | None) -> CallSegment:
    """The segment that a resource is connected to, if only one can be meant."""
    if where is None:
        busy = [one for one in association.segments.values() if one.resource is not None]
        if len(busy) == 1:
            return busy[0]
    return place_of(association, where)


def number_of(association: Association, number: CalledNumber) -> str:
    """A number that can be dialled, E.164 with `+`."""
    country_code = association.means.office.country_code
    found = e164(number.digits, number.nature, country_code)
    if not found:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, f"{number.digits!r} cannot be dialled")
    return found


def calling_of(association: Association, number: CallingNumber | None) -> str:
    """Who is to be shown as the caller; empty: nobody."""
    if number is None:
        return ""
    return e164(number.digits, number.nature, association.means.office.country_code)


def new_leg_number(association: Association, wanted: LegID | None, default: int) -> int:
    """The number of a leg to be created."""
    number = default if wanted is None else wanted.leg
    if number in association.legs:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, f"leg {number} is there already")
    if association.living_legs() >= LEGS_LIMIT:
        raise refuse(_E.TASK_REFUSED, f"there are {LEGS_LIMIT} legs already")
    return number


def settle(segment: CallSegment) -> None:
    """The SCP had its word about one leg; another may still wait."""
    if segment.state is SegmentState.MONITORING and any(
        leg.state in HELD or leg.state is LegState.IDLE for leg in segment.legs
    ):
        segment.receive(SegmentInput.HELD)


def leg_meant(association: Association, *, by_caller: bool) -> Leg:
    """The leg of an event or a report that names none."""
    legs = association.legs
    if len(legs) == 1:
        return next(iter(legs.values()))
    leg = legs.get(CALLER if by_caller else PARTY)
    if leg is None:
        raise refuse(_E.MISSING_PARAMETER, "which leg?")
    return leg
