"""Operations on calls: connect, continue, release, initiate, events, timers, charging.

Each handler does all of an operation or, raising `OperationRefused`, nothing of it. Of several
destinations the first is dialled.
"""

from calleq.causes import Q850
from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.network_charging import ChargingError, decode_charge
from calleq.ss7.inap.refusals import refuse
from calleq.ss7.inap.values import (
    AllSegmentsRelease,
    BcsmEvent,
    CallSegmentRelease,
    LegID,
    MonitorMode,
)
from calleq.ss7.isup.messages import Cause, Other
from calleq.ss7.isup.optional import (
    GENERIC_NUMBER,
    ORIGINAL_CALLED_NUMBER,
    REDIRECTING_NUMBER,
    REDIRECTION,
    contents,
)
from calleq.ss7.isup.optional_types import Contents
from calleq.ssp.ssf.association import Association
from calleq.ssp.ssf.charging import Information
from calleq.ssp.ssf.destination import Destination
from calleq.ssp.ssf.leg import HELD, Leg, LegInput, LegState
from calleq.ssp.ssf.made_leg import MadeLeg
from calleq.ssp.ssf.named import (
    calling_of,
    leg_meant,
    leg_of,
    new_leg_number,
    number_of,
    segment_of,
    settle,
)
from calleq.ssp.ssf.points import OF_CALLER, Arming, arming_of
from calleq.ssp.ssf.segment import CallSegment, SegmentInput
from calleq.ssp.ssf.service_call import CALLER, PARTY, CalledLeg, CallerLeg
from calleq.units import SECOND_US

TIMER_LIMIT_S = 1_800
"""The longest that ResetTimer may set."""

_E = ErrorCode
_NORMAL = Cause(Q850.NORMAL_UNSPECIFIED)


def connect(association: Association, invoke_id: int, argument: a.Connect) -> None:
    wanted = argument.leg_to_be_created
    segment = segment_of(association, argument.call_segment)
    number = number_of(association, argument.destination_routing_address[0])
    leg = association.legs.get(PARTY if wanted is None else wanted.leg)
    if leg is None and len(segment.legs) == 1 and wanted is None:
        leg = segment.legs[0]  # one that the switch made, and that could not be had
    may_be_routed = isinstance(leg, CalledLeg | MadeLeg) and leg.state in (
        LegState.IDLE,
        LegState.END_HELD,
    )
    if leg is not None and isinstance(leg, CallerLeg):
        leg = None
    if leg is not None and not may_be_routed:
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"leg {leg.number} is {leg.state}")
    if not segment.allows(SegmentInput.CONNECT):
        segment.receive(SegmentInput.CONNECT)  # refuses
    if leg is None:
        leg = follow_on(association, segment, wanted)
    set_destination(association, leg, number, argument)
    segment.receive(SegmentInput.CONNECT)
    leg.receive(LegInput.REROUTE)
    settle(segment)


def follow_on(association: Association, segment: CallSegment, wanted: LegID | None) -> Leg:
    """A further party of a call whose called one is gone."""
    caller = next((one for one in segment.legs if isinstance(one, CallerLeg)), None)
    if caller is None or not caller.is_up:
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, "nobody is there to be connected")
    leg = caller.next_party(association, new_leg_number(association, wanted, PARTY))
    association.add_leg(leg, segment)
    return leg


def set_destination(association: Association, leg: Leg, number: str, argument: a.Connect) -> None:
    cut = argument.cut_and_paste
    shown = calling_of(association, argument.calling_party_number)
    match leg:
        case CalledLeg():
            if cut is not None:
                number += leg.address.removeprefix("+")[cut:]
            category = argument.calling_partys_category
            leg.destination = Destination(number, shown, category, said_besides(argument))
        case MadeLeg():
            leg.called = number
            leg.caller = shown or leg.caller


def said_besides(argument: a.Connect) -> Other:
    """What goes with the call in an IAM, as far as a connect says it."""
    given: list[tuple[int, Contents | None]] = [
        (ORIGINAL_CALLED_NUMBER, argument.original_called_party_id),
        (REDIRECTING_NUMBER, argument.redirecting_party_id),
        (REDIRECTION, argument.redirection_information),
        *((GENERIC_NUMBER, number) for number in argument.generic_numbers),
    ]
    return tuple((code, contents(code, value)) for code, value in given if value is not None)


def continue_(association: Association, invoke_id: int, argument: a.Continue) -> None:
    go_on(segment_of(association, None))


def go_on(segment: CallSegment) -> None:
    segment.receive(SegmentInput.CONTINUE)
    for leg in list(segment.legs):
        leg.receive(LegInput.PROCEED)


def continue_with_argument(
    association: Association, invoke_id: int, argument: p.ContinueWithArgument
) -> None:
    where = argument.leg_or_segment
    if not isinstance(where, LegID):
        go_on(segment_of(association, where))
        return
    leg = leg_of(association, where)
    segment = association.place(leg)
    if leg.state not in HELD and leg.state is not LegState.IDLE:
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"leg {leg.number} is {leg.state}")
    segment.receive(SegmentInput.CONTINUE)
    leg.receive(LegInput.PROCEED)
    settle(segment)


def release_call(association: Association, invoke_id: int, argument: a.ReleaseCall) -> None:
    release = argument.release
    match release:
        case CallSegmentRelease(number, cause):
            association.release([segment_of(association, number)], cause or _NORMAL)
        case AllSegmentsRelease(cause):
            association.release_all(cause or _NORMAL)
        case _:
            association.release_all(release)


def initiate(association: Association, invoke_id: int, argument: a.InitiateCallAttempt) -> None:
    means, control = association.means, association.control
    if means.board is None or control is None:
        raise refuse(_E.TASK_REFUSED, "this switch has no board")
    called = number_of(association, argument.destination_routing_address[0])
    number = new_leg_number(association, argument.leg_to_be_created, CALLER)
    if argument.new_call_segment in association.segments:
        raise refuse(
            _E.UNEXPECTED_DATA_VALUE, f"call segment {argument.new_call_segment} is there already"
        )
    leg = association.make_leg(means.board, number)
    leg.called = called
    leg.caller = calling_of(association, argument.calling_party_number)
    association.add_leg(leg, association.add_segment(argument.new_call_segment))


def request_events(
    association: Association, invoke_id: int, argument: a.RequestReportBCSMEvent
) -> None:
    armings: list[tuple[Leg, BcsmEvent, Arming]] = []
    for event in argument.bcsm_events:
        arming = arming_of(event)
        if event.leg_id is not None:
            leg = leg_of(association, event.leg_id)
        else:
            leg = leg_meant(association, by_caller=event.event_type in OF_CALLER)
        armings.append((leg, event, arming))
    for leg, event, arming in armings:
        if arming.mode is MonitorMode.TRANSPARENT:
            leg.armed.pop(event.event_type, None)
        else:
            leg.armed[event.event_type] = arming
        leg.limit_again()


def reset_timer(association: Association, invoke_id: int, argument: a.ResetTimer) -> None:
    segment = segment_of(association, argument.call_segment)
    if not 0 < argument.timer_value_s <= TIMER_LIMIT_S:
        raise refuse(_E.PARAMETER_OUT_OF_RANGE, f"{argument.timer_value_s} s")
    if not association.is_timed(segment):
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"no timer runs in {segment.state}")
    association.restart_tssf(segment, argument.timer_value_s * SECOND_US)


def apply_charging(association: Association, invoke_id: int, argument: a.ApplyCharging) -> None:
    try:
        charge = decode_charge(argument.characteristics)
    except ChargingError as error:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, str(error)) from error
    party = argument.party_to_charge
    if party is not None:
        leg = leg_of(association, party)
    else:
        leg = leg_meant(association, by_caller=False)
    association.reports.charge(leg, charge)


def furnish(
    association: Association, invoke_id: int, argument: a.FurnishChargingInformation
) -> None:
    association.furnish(argument.characteristics)


def request_information(
    association: Association, invoke_id: int, argument: a.CallInformationRequest
) -> None:
    leg_id = argument.leg_id
    if leg_id is not None:
        leg = leg_of(association, leg_id)
    else:
        leg = leg_meant(association, by_caller=False)
    association.reports.inform(leg, Information(argument.requested_types))


def activity_test(association: Association, invoke_id: int, argument: a.ActivityTest) -> None:
    """The dialogue is there: that is the answer."""
