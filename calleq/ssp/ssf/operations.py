"""What an SCP may order of a call segment association: which handler serves which operation.

Operations that have no place in a switch's dialogue (those that a switch itself invokes) are
refused as unexpected component sequence. `CallGap` concerns no association and is not among them.
"""

from collections.abc import Callable

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.operations import Argument, Result
from calleq.ss7.inap.refusals import refuse
from calleq.ssp.ssf import call_control, party_orders, resource_orders
from calleq.ssp.ssf.association import Association

HANDLERS: dict[type[Argument], Callable[..., Result | None]] = {
    a.Connect: call_control.connect,
    a.Continue: call_control.continue_,
    a.ReleaseCall: call_control.release_call,
    a.InitiateCallAttempt: call_control.initiate,
    a.RequestReportBCSMEvent: call_control.request_events,
    a.ResetTimer: call_control.reset_timer,
    a.ApplyCharging: call_control.apply_charging,
    a.FurnishChargingInformation: call_control.furnish,
    a.CallInformationRequest: call_control.request_information,
    a.ActivityTest: call_control.activity_test,
    a.ConnectToResource: resource_orders.connect_to_resource,
    a.EstablishTemporaryConnection: resource_orders.establish_temporary,
    a.DisconnectForwardConnection: resource_orders.disconnect_forward,
    a.PlayAnnouncement: resource_orders.play,
    a.PromptAndCollectUserInformation: resource_orders.collect,
    a.Cancel: resource_orders.cancel,
    p.ContinueWithArgument: call_control.continue_with_argument,
    p.DisconnectForwardConnectionWithArgument: resource_orders.disconnect_forward,
    p.CreateCallSegmentAssociation: party_orders.create_association,
    p.DisconnectLeg: party_orders.disconnect_leg,
    p.MergeCallSegments: party_orders.merge,
    p.MoveLeg: party_orders.move_leg,
    p.MoveCallSegments: party_orders.move_segments,
    p.SplitLeg: party_orders.split_leg,
    p.Reconnect: party_orders.reconnect,
}


def execute(association: Association, invoke_id: int, argument: Argument) -> Result | None:
    """Carry an operation out; its result, if it has one at once. Raises OperationRefused."""
    handler = HANDLERS.get(type(argument))
    if handler is None:
        name = type(argument).__name__
        raise refuse(ErrorCode.UNEXPECTED_COMPONENT_SEQUENCE, f"{name} is no order of an SCP")
    return handler(association, invoke_id, argument)
