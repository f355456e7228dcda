"""The operations: code, class, timer, argument, result and errors of each, as one table.

This is the contract of the intelligent network: SSF, SRF and SCP exchange the structs of
`arguments` and `party_handling`, and look up here what each one may be answered with. Sources:
ETS 300 374-1 §6.2 and §6.3 (CS-1), EN 301 140-1 (CS-2).
"""

from enum import IntEnum

import msgspec

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import party_handling as p
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.tcap.components import OperationClass
from calleq.units import SECOND_US


class OperationCode(IntEnum):
    """Local operation codes."""

    INITIAL_DP = 0
    ASSIST_REQUEST_INSTRUCTIONS = 16
    ESTABLISH_TEMPORARY_CONNECTION = 17
    DISCONNECT_FORWARD_CONNECTION = 18
    CONNECT_TO_RESOURCE = 19
    CONNECT = 20
    RELEASE_CALL = 22
    REQUEST_REPORT_BCSM_EVENT = 23
    EVENT_REPORT_BCSM = 24
    CONTINUE = 31
    INITIATE_CALL_ATTEMPT = 32
    RESET_TIMER = 33
    FURNISH_CHARGING_INFORMATION = 34
    APPLY_CHARGING = 35
    APPLY_CHARGING_REPORT = 36
    CALL_GAP = 41
    CALL_INFORMATION_REPORT = 44
    CALL_INFORMATION_REQUEST = 45
    PLAY_ANNOUNCEMENT = 47
    PROMPT_AND_COLLECT_USER_INFORMATION = 48
    SPECIALIZED_RESOURCE_REPORT = 49
    CANCEL = 53
    ACTIVITY_TEST = 55
    DISCONNECT_FORWARD_CONNECTION_WITH_ARGUMENT = 86
    CONTINUE_WITH_ARGUMENT = 88
    CREATE_CALL_SEGMENT_ASSOCIATION = 89
    DISCONNECT_LEG = 90
    MERGE_CALL_SEGMENTS = 91
    MOVE_CALL_SEGMENTS = 92
    MOVE_LEG = 93
    RECONNECT = 94
    SPLIT_LEG = 95
    ENTITY_RELEASED = 96


Argument = (
    a.InitialDP
    | a.AssistRequestInstructions
    | a.EstablishTemporaryConnection
    | a.DisconnectForwardConnection
    | a.ConnectToResource
    | a.Connect
    | a.ReleaseCall
    | a.RequestReportBCSMEvent
    | a.EventReportBCSM
    | a.Continue
    | a.InitiateCallAttempt
    | a.ResetTimer
    | a.FurnishChargingInformation
    | a.ApplyCharging
    | a.ApplyChargingReport
    | a.CallGap
    | a.CallInformationReport
    | a.CallInformationRequest
    | a.PlayAnnouncement
    | a.PromptAndCollectUserInformation
    | a.SpecializedResourceReport
    | a.Cancel
    | a.ActivityTest
    | p.DisconnectForwardConnectionWithArgument
    | p.ContinueWithArgument
    | p.CreateCallSegmentAssociation
    | p.DisconnectLeg
    | p.MergeCallSegments
    | p.MoveCallSegments
    | p.MoveLeg
    | p.Reconnect
    | p.SplitLeg
    | p.EntityReleased
)
"""Every operation as it is invoked."""

Result = a.ReceivedInformation | p.CallSegmentAssociationCreated
"""Results with contents; other operations of class 1 or 3 have an empty result."""

SHORT_US = 5 * SECOND_US
"""Operation timers "short": 1 to 10 s (ETS 300 374-1 §6.2)."""
MEDIUM_US = 30 * SECOND_US
"""Operation timers "medium": 1 to 60 s."""
LONG_US = 300 * SECOND_US
"""Operation timers "long": 1 s to 30 minutes. Must outlast the announcement."""


class Operation(msgspec.Struct, frozen=True):
    """What the standard says of one operation."""

    code: OperationCode
    kind: OperationClass
    """Who hears of it: 1 result or error, 2 error alone, 3 result alone, 4 neither."""
    argument: type[Argument]
    timer_us: int
    """Default operation timer: when it ends, the class says what the silence meant."""
    result: type[Result] | None = None
    errors: frozenset[ErrorCode] = frozenset()
    linked: frozenset[OperationCode] = frozenset()
    """Operations that may be invoked with a link to this one."""
    since: Version = Version.CS1

    @property
    def name(self) -> str:
        """The name of the standard, with its first letter small: initialDP."""
        name = self.argument.__name__
        return name[0].lower() + name[1:]


_E = ErrorCode
_BASIC = frozenset(
    {
        _E.MISSING_PARAMETER,
        _E.TASK_REFUSED,
        _E.UNEXPECTED_COMPONENT_SEQUENCE,
        _E.UNEXPECTED_DATA_VALUE,
        _E.UNEXPECTED_PARAMETER,
    }
)
_SYSTEM = _BASIC | {_E.SYSTEM_FAILURE}
_RANGE = _SYSTEM | {_E.PARAMETER_OUT_OF_RANGE}
_LEG = _SYSTEM | {_E.UNKNOWN_LEG_ID}
_RESOURCE = _RANGE | {_E.CANCELED, _E.UNAVAILABLE_RESOURCE}
_C = OperationCode
_ONE = OperationClass.SUCCESS_OR_FAILURE
_TWO = OperationClass.FAILURE_ONLY
_THREE = OperationClass.SUCCESS_ONLY
_FOUR = OperationClass.NEITHER

_CS1_OPERATIONS = (
    Operation(
        _C.INITIAL_DP, _TWO, a.InitialDP, SHORT_US, None, _RANGE | {_E.MISSING_CUSTOMER_RECORD}
    ),
    Operation(
        _C.ASSIST_REQUEST_INSTRUCTIONS,
        _TWO,
        a.AssistRequestInstructions,
        SHORT_US,
        None,
        _SYSTEM | {_E.MISSING_CUSTOMER_RECORD},
    ),
    Operation(
        _C.ESTABLISH_TEMPORARY_CONNECTION,
        _TWO,
        a.EstablishTemporaryConnection,
        MEDIUM_US,
        None,
        _LEG | {_E.ETC_FAILED},
    ),
    Operation(
        _C.DISCONNECT_FORWARD_CONNECTION,
        _TWO,
        a.DisconnectForwardConnection,
        SHORT_US,
        None,
        frozenset({_E.SYSTEM_FAILURE, _E.TASK_REFUSED, _E.UNEXPECTED_COMPONENT_SEQUENCE}),
    ),
    Operation(_C.CONNECT_TO_RESOURCE, _TWO, a.ConnectToResource, SHORT_US, None, _LEG),
    Operation(_C.CONNECT, _TWO, a.Connect, SHORT_US, None, _RANGE),
    Operation(_C.RELEASE_CALL, _FOUR, a.ReleaseCall, SHORT_US),
    Operation(
        _C.REQUEST_REPORT_BCSM_EVENT,
        _TWO,
        a.RequestReportBCSMEvent,
        SHORT_US,
        None,
        _RANGE | {_E.UNKNOWN_LEG_ID},
    ),
    Operation(_C.EVENT_REPORT_BCSM, _FOUR, a.EventReportBCSM, SHORT_US),
    Operation(_C.CONTINUE, _FOUR, a.Continue, SHORT_US),
    Operation(_C.INITIATE_CALL_ATTEMPT, _TWO, a.InitiateCallAttempt, SHORT_US, None, _RANGE),
    Operation(
        _C.RESET_TIMER, _TWO, a.ResetTimer, SHORT_US, None, _BASIC | {_E.PARAMETER_OUT_OF_RANGE}
    ),
    Operation(
        _C.FURNISH_CHARGING_INFORMATION, _TWO, a.FurnishChargingInformation, SHORT_US, None, _BASIC
    ),
    Operation(
        _C.APPLY_CHARGING, _TWO, a.ApplyCharging, SHORT_US, None, _RANGE | {_E.UNKNOWN_LEG_ID}
    ),
    Operation(_C.APPLY_CHARGING_REPORT, _TWO, a.ApplyChargingReport, SHORT_US, None, _RANGE),
    Operation(_C.CALL_GAP, _FOUR, a.CallGap, SHORT_US),
    Operation(_C.CALL_INFORMATION_REPORT, _FOUR, a.CallInformationReport, SHORT_US),
    Operation(
        _C.CALL_INFORMATION_REQUEST,
        _TWO,
        a.CallInformationRequest,
        SHORT_US,
        None,
        _RANGE | {_E.REQUESTED_INFO_ERROR, _E.UNKNOWN_LEG_ID},
    ),
    Operation(
        _C.PLAY_ANNOUNCEMENT,
        _TWO,
        a.PlayAnnouncement,
        LONG_US,
        None,
        _RESOURCE | {_E.UNKNOWN_LEG_ID},
        frozenset({_C.SPECIALIZED_RESOURCE_REPORT}),
    ),
    Operation(
        _C.PROMPT_AND_COLLECT_USER_INFORMATION,
        _ONE,
        a.PromptAndCollectUserInformation,
        LONG_US,
        a.ReceivedInformation,
        _RESOURCE | {_E.IMPROPER_CALLER_RESPONSE},
    ),
    Operation(_C.SPECIALIZED_RESOURCE_REPORT, _FOUR, a.SpecializedResourceReport, SHORT_US),
    Operation(
        _C.CANCEL,
        _TWO,
        a.Cancel,
        SHORT_US,
        None,
        frozenset({_E.CANCEL_FAILED, _E.MISSING_PARAMETER, _E.TASK_REFUSED}),
    ),
    Operation(_C.ACTIVITY_TEST, _THREE, a.ActivityTest, SHORT_US),
)

_CS2_OPERATIONS = (
    Operation(
        _C.DISCONNECT_FORWARD_CONNECTION_WITH_ARGUMENT,
        _TWO,
        p.DisconnectForwardConnectionWithArgument,
        SHORT_US,
        None,
        _LEG,
    ),
    Operation(
        _C.CONTINUE_WITH_ARGUMENT,
        _TWO,
        p.ContinueWithArgument,
        SHORT_US,
        None,
        (_BASIC - {_E.TASK_REFUSED}) | {_E.UNKNOWN_LEG_ID},
    ),
    Operation(
        _C.CREATE_CALL_SEGMENT_ASSOCIATION,
        _ONE,
        p.CreateCallSegmentAssociation,
        SHORT_US,
        p.CallSegmentAssociationCreated,
        _SYSTEM,
    ),
    Operation(_C.DISCONNECT_LEG, _ONE, p.DisconnectLeg, SHORT_US, None, _LEG),
    Operation(_C.MERGE_CALL_SEGMENTS, _ONE, p.MergeCallSegments, SHORT_US, None, _SYSTEM),
    Operation(_C.MOVE_CALL_SEGMENTS, _ONE, p.MoveCallSegments, SHORT_US, None, _LEG),
    Operation(_C.MOVE_LEG, _ONE, p.MoveLeg, SHORT_US, None, _LEG),
    Operation(_C.RECONNECT, _TWO, p.Reconnect, SHORT_US, None, _SYSTEM),
    Operation(_C.SPLIT_LEG, _ONE, p.SplitLeg, SHORT_US, None, _LEG),
    Operation(_C.ENTITY_RELEASED, _FOUR, p.EntityReleased, SHORT_US),
)

OPERATIONS: dict[int, Operation] = {
    operation.code: operation
    for operation in (
        *_CS1_OPERATIONS,
        *(msgspec.structs.replace(operation, since=Version.CS2) for operation in _CS2_OPERATIONS),
    )
}
"""Every operation by its code."""

ALWAYS_ANSWERED = frozenset(code for code, one in OPERATIONS.items() if one.kind in (1, 3))
"""Operations whose success is always answered."""

BY_ARGUMENT: dict[type, Operation] = {
    operation.argument: operation for operation in OPERATIONS.values()
}
"""Every operation by the type of its argument."""


def operation_of(argument: Argument) -> Operation:
    """What the standard says of the operation that carries this argument."""
    return BY_ARGUMENT[type(argument)]
