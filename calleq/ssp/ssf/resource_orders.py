"""Operations on resources: the switch's own announcements, and temporary connections elsewhere."""

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.errors import CancelProblem, ErrorCode, OperationError
from calleq.ss7.inap.octets import text
from calleq.ss7.inap.refusals import OperationRefused, refuse
from calleq.ss7.inap.values import (
    AddressAndLeg,
    AddressAndSegment,
    LegID,
    SegmentRequest,
    SegmentRequests,
)
from calleq.ss7.isup.messages import CalledNumber, IsupError
from calleq.ssp.ssf.association import Association
from calleq.ssp.ssf.interaction import Interaction, TemporaryConnection
from calleq.ssp.ssf.named import busy_segment, number_of, place_of, segment_of
from calleq.ssp.ssf.segment import CallSegment, SegmentInput
from calleq.ssp.ssf.service_call import CallerLeg

_E = ErrorCode


def connect_to_resource(
    association: Association, invoke_id: int, argument: a.ConnectToResource
) -> None:
    match argument.resource_address:
        case CalledNumber() | AddressAndLeg() | AddressAndSegment():
            raise refuse(_E.UNEXPECTED_PARAMETER, "the resource of this switch has no address")
        case where:
            segment = place_of(association, where)
    if not any(leg.is_up for leg in segment.legs):
        raise refuse(_E.TASK_REFUSED, "nobody would hear it")
    segment.receive(SegmentInput.CONNECT_TO_RESOURCE)
    for leg in segment.legs:
        if isinstance(leg, CallerLeg):
            leg.let_hear()
    segment.connect(Interaction(association, segment))


def establish_temporary(
    association: Association, invoke_id: int, argument: a.EstablishTemporaryConnection
) -> None:
    segment = place_of(association, argument.party_to_connect)
    address = argument.assisting_ssp_ip_routing_address.number
    correlation = argument.correlation_id
    try:
        digits = address.digits + ("" if correlation is None else text(correlation))
    except IsupError as error:
        raise refuse(_E.UNEXPECTED_DATA_VALUE, str(error)) from error
    number = number_of(association, CalledNumber(digits, address.nature))
    board = association.means.board
    port = None if board is None else board.seize_extra()
    if board is None or port is None:
        raise refuse(_E.ETC_FAILED, "no port is free")
    try:
        segment.receive(SegmentInput.ESTABLISH_TEMPORARY)
    except OperationRefused:
        board.give_back(port)
        raise
    for leg in segment.legs:
        if isinstance(leg, CallerLeg):
            leg.let_hear()
    way = TemporaryConnection(association, segment, invoke_id, board, port)
    segment.resource = way
    calling = next((leg.address for leg in segment.legs if leg.is_up), "")
    way.dial(number, calling, correlation, argument.scf_id)


def disconnect_forward(
    association: Association,
    invoke_id: int,
    argument: a.DisconnectForwardConnection | p.DisconnectForwardConnectionWithArgument,
) -> None:
    where = None
    if isinstance(argument, p.DisconnectForwardConnectionWithArgument):
        where = argument.party_to_disconnect
    segment = busy_segment(association, where)
    segment.receive(SegmentInput.DISCONNECT_FORWARD)


def interaction(association: Association, where: LegID | int | None) -> Interaction:
    segment = busy_segment(association, where)
    resource = segment.resource
    if not isinstance(resource, Interaction):
        raise refuse(_E.UNEXPECTED_COMPONENT_SEQUENCE, f"no resource in {segment.state}")
    return resource


def play(association: Association, invoke_id: int, argument: a.PlayAnnouncement) -> None:
    interaction(association, argument.connected_party).play(invoke_id, argument)


def collect(
    association: Association, invoke_id: int, argument: a.PromptAndCollectUserInformation
) -> None:
    interaction(association, argument.call_segment).collect(invoke_id, argument)


def cancel(association: Association, invoke_id: int, argument: a.Cancel) -> None:
    match argument.what:
        case None:
            association.cancel_requests(association.segments.values())
        case SegmentRequests(number):
            association.cancel_requests([segment_of(association, number)])
        case SegmentRequest(wanted, number):
            cancel_order([segment_of(association, number)], wanted)
        case wanted:
            cancel_order(list(association.segments.values()), wanted)


def cancel_order(segments: list[CallSegment], wanted: int) -> None:
    resources = (segment.resource for segment in segments)
    if not any(isinstance(one, Interaction) and one.cancel(wanted) for one in resources):
        error = OperationError(_E.CANCEL_FAILED, CancelProblem.UNKNOWN_OPERATION, wanted)
        raise OperationRefused(error, f"nothing ordered by {wanted} is under way")
