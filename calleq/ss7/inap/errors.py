"""What goes wrong with an operation, and the answer that the standard wants given.

Owns the error codes of CS-1 and CS-2 with their parameters, and the one error class of this
boundary. An `InapError` always carries the answer; what is done with it
(return error, reject, or for an operation that may not be answered nothing) `dialogue` decides.
"""

from enum import IntEnum

import msgspec

from calleq.ss7.tcap.components import Problem


class Version(IntEnum):
    """The capability set whose grammar a dialogue speaks; its application context says which."""

    CS1 = 1
    """ETS 300 374-1, Q.1218."""
    CS2 = 2
    """EN 301 140-1, Q.1228: the same tags, and some more."""


class ErrorCode(IntEnum):
    """Local error codes (ETS 300 374-1 §6.4, EN 301 140-1)."""

    CANCELED = 0
    CANCEL_FAILED = 1
    ETC_FAILED = 3
    IMPROPER_CALLER_RESPONSE = 4
    MISSING_CUSTOMER_RECORD = 6
    MISSING_PARAMETER = 7
    PARAMETER_OUT_OF_RANGE = 8
    REQUESTED_INFO_ERROR = 10
    SYSTEM_FAILURE = 11
    TASK_REFUSED = 12
    UNAVAILABLE_RESOURCE = 13
    UNEXPECTED_COMPONENT_SEQUENCE = 14
    UNEXPECTED_DATA_VALUE = 15
    UNEXPECTED_PARAMETER = 16
    UNKNOWN_LEG_ID = 17
    UNKNOWN_RESOURCE = 18


class CancelProblem(IntEnum):
    """Why a cancel failed (parameter of cancelFailed)."""

    UNKNOWN_OPERATION = 0
    TOO_LATE = 1
    OPERATION_NOT_CANCELLABLE = 2


class RequestedInfoProblem(IntEnum):
    """Parameter of requestedInfoError."""

    UNKNOWN_REQUESTED_INFO = 1
    REQUESTED_INFO_NOT_AVAILABLE = 2


class NetworkResource(IntEnum):
    """The resource that failed: parameter of systemFailure (UnavailableNetworkResource)."""

    UNAVAILABLE_RESOURCES = 0
    COMPONENT_FAILURE = 1
    BASIC_CALL_PROCESSING_EXCEPTION = 2
    RESOURCE_STATUS_FAILURE = 3
    END_USER_FAILURE = 4
    SCREENING = 5


class Refusal(IntEnum):
    """Why a task is refused: parameter of taskRefused."""

    GENERIC = 0
    UNOBTAINABLE = 1
    CONGESTION = 2


class OperationError(msgspec.Struct, frozen=True, gc=False):
    """A return error: its code, and its parameter where the code has one."""

    code: ErrorCode
    problem: int | None = None
    """CancelProblem, RequestedInfoProblem, NetworkResource or Refusal, by the code; else None."""
    operation: int | None = None
    """cancelFailed alone: the invoke identifier that was to be cancelled."""


class CancelFailure(msgspec.Struct, frozen=True, gc=False):
    """The parameter of cancelFailed on the wire."""

    problem: CancelProblem
    operation: int


class InapError(ValueError):
    """The octets, or the fields given, are no operation of the capability set.

    `answer` is what the standard wants sent back: a return error where the operation has that
    error, else a reject with this problem of Q.773.
    """

    def __init__(self, reason: str, answer: OperationError | Problem) -> None:
        super().__init__(reason)
        self.answer = answer
