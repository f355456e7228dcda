"""An operation that a switch or a resource does not carry out, and the error that answers it."""

from calleq.ss7.inap.errors import ErrorCode, OperationError


class OperationRefused(Exception):  # noqa: N818
    """The operation was not carried out, and nothing of it was; `error` is the answer."""

    def __init__(self, error: OperationError, reason: str) -> None:
        super().__init__(reason)
        self.error = error


def refuse(code: ErrorCode, reason: str, problem: int | None = None) -> OperationRefused:
    """The refusal with an error of that code; `problem` is the error's parameter, if it has one."""
    return OperationRefused(OperationError(code, problem), reason)


_SUBSTITUTES = (
    ErrorCode.TASK_REFUSED,
    ErrorCode.UNEXPECTED_DATA_VALUE,
    ErrorCode.SYSTEM_FAILURE,
)
"""What is said instead of an error that an operation does not have."""


def said_by(error: OperationError, known: frozenset[ErrorCode]) -> OperationError:
    """The error as an operation with those errors may say it."""
    if error.code in known:
        return error
    return OperationError(next(code for code in _SUBSTITUTES if code in known))
