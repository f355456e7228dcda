"""The grammar of call party handling, of results and of errors as data (Q.1228), by code."""

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import layouts as of
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap import values as v
from calleq.ss7.inap.errors import (
    CancelFailure,
    CancelProblem,
    ErrorCode,
    NetworkResource,
    Refusal,
    RequestedInfoProblem,
)
from calleq.ss7.inap.layout import (
    Alternative,
    Choice,
    Enumerated,
    Field,
    Integer,
    Kind,
    ListOf,
    Sequence,
    Text,
    Wrapped,
)
from calleq.ss7.inap.operation_layouts import GENERIC_NUMBERS, INVOKE_ID, leg_or_segment
from calleq.ss7.inap.operations import OperationCode
from calleq.ss7.isup.optional_types import GenericDigits

CS2_ARGUMENTS: dict[int, Kind] = {
    OperationCode.DISCONNECT_FORWARD_CONNECTION_WITH_ARGUMENT: Sequence(
        p.DisconnectForwardConnectionWithArgument,
        (
            Field(None, "party_to_disconnect", leg_or_segment(0, 1)),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.CONTINUE_WITH_ARGUMENT: Sequence(
        p.ContinueWithArgument,
        (
            Field(None, "leg_or_segment", leg_or_segment(0, 9)),
            Field(1, "alerting_pattern", of.PATTERN),
            Field(2, "generic_name", of.NETWORK),
            Field(6, "extensions", of.EXTENSIONS),
            Field(7, "service_interaction_two", of.SERVICE_INTERACTION),
            Field(10, "original_called_party_id", of.NUMBER),
            Field(11, "calling_party_number", of.CALLING),
            Field(12, "calling_partys_category", of.OCTET),
            Field(13, "redirecting_party_id", of.NUMBER),
            Field(14, "redirection_information", of.REDIRECTION),
            Field(16, "generic_numbers", GENERIC_NUMBERS),
        ),
    ),
    OperationCode.CREATE_CALL_SEGMENT_ASSOCIATION: Sequence(
        p.CreateCallSegmentAssociation, (Field(0, "extensions", of.EXTENSIONS),)
    ),
    OperationCode.DISCONNECT_LEG: Sequence(
        p.DisconnectLeg,
        (
            Field(0, "leg_to_be_released", of.LEG),
            Field(1, "release_cause", of.CAUSE),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.MERGE_CALL_SEGMENTS: Sequence(
        p.MergeCallSegments,
        (
            Field(0, "source_call_segment", of.CALL_SEGMENT),
            Field(1, "target_call_segment", of.CALL_SEGMENT),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.MOVE_CALL_SEGMENTS: Sequence(
        p.MoveCallSegments,
        (
            Field(0, "target_call_segment_association", of.CALL_SEGMENT),
            Field(
                1,
                "call_segments",
                ListOf(
                    Sequence(
                        v.SegmentMove,
                        (Field(0, "source", of.CALL_SEGMENT), Field(1, "new", of.CALL_SEGMENT)),
                    ),
                    1,
                    of.SEGMENTS_LIMIT,
                ),
            ),
            Field(
                2,
                "legs",
                ListOf(
                    Sequence(v.LegMove, (Field(0, "source", of.LEG), Field(1, "new", of.LEG))),
                    1,
                    of.LEGS_LIMIT,
                ),
            ),
            Field(3, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.MOVE_LEG: Sequence(
        p.MoveLeg,
        (
            Field(0, "leg_id_to_move", of.LEG),
            Field(1, "target_call_segment", of.CALL_SEGMENT),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.RECONNECT: Sequence(
        p.Reconnect,
        (
            Field(0, "notification_duration_s", Integer(0, 2047)),
            Field(1, "alerting_pattern", of.PATTERN),
            Field(2, "display_information", of.DISPLAY),
            Field(3, "extensions", of.EXTENSIONS),
            Field(4, "call_segment", of.CALL_SEGMENT),
        ),
    ),
    OperationCode.SPLIT_LEG: Sequence(
        p.SplitLeg,
        (
            Field(0, "leg_to_be_split", of.LEG),
            Field(1, "new_call_segment", Integer(2, of.SEGMENTS_LIMIT)),
            Field(2, "extensions", of.EXTENSIONS),
        ),
    ),
    OperationCode.ENTITY_RELEASED: Wrapped(
        p.EntityReleased,
        Choice(
            (
                Alternative(
                    0,
                    (v.CallSegmentFailure,),
                    Sequence(
                        v.CallSegmentFailure,
                        (
                            Field(0, "call_segment", of.CALL_SEGMENT),
                            Field(1, "reason", of.NETWORK),
                            Field(2, "cause", of.CAUSE),
                        ),
                    ),
                ),
                Alternative(
                    1,
                    (v.BcsmFailure,),
                    Sequence(
                        v.BcsmFailure,
                        (
                            Field(0, "leg_id", of.LEG),
                            Field(1, "reason", of.NETWORK),
                            Field(2, "cause", of.CAUSE),
                        ),
                    ),
                ),
            )
        ),
    ),
}

RESULTS: dict[int, Kind] = {
    OperationCode.PROMPT_AND_COLLECT_USER_INFORMATION: Wrapped(
        a.ReceivedInformation,
        Choice(
            (
                Alternative(0, (GenericDigits,), of.DIGITS),
                Alternative(1, (str,), Text(1, of.TEXT_LIMIT)),
            )
        ),
    ),
    OperationCode.CREATE_CALL_SEGMENT_ASSOCIATION: Sequence(
        p.CallSegmentAssociationCreated,
        (
            Field(0, "new_call_segment_association", of.CALL_SEGMENT),
            Field(1, "extensions", of.EXTENSIONS),
        ),
    ),
}

PROBLEMS: dict[int, type[CancelProblem | RequestedInfoProblem | NetworkResource | Refusal]] = {
    ErrorCode.CANCEL_FAILED: CancelProblem,
    ErrorCode.REQUESTED_INFO_ERROR: RequestedInfoProblem,
    ErrorCode.SYSTEM_FAILURE: NetworkResource,
    ErrorCode.TASK_REFUSED: Refusal,
}
"""The enumeration that is the parameter of an error; other errors have none."""

CANCEL_FAILED = Sequence(
    CancelFailure,
    (
        Field(0, "problem", Enumerated(CancelProblem)),
        Field(1, "operation", INVOKE_ID),
    ),
    extensible=False,
)
