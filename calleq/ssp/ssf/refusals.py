"""An operation that the switch does not carry out, and the error it is answered with."""

from calleq.ss7.inap.errors import ErrorCode, OperationError


class OperationRefused(Exception):  # noqa: N818
    """The operation was not carried out, and nothing of it was; `error` is the answer."""

    def __init__(self, error: OperationError, reason: str) -> None:
        super().__init__(reason)
        self.error = error


def refuse(code: ErrorCode, reason: str, problem: int | None = None) -> OperationRefused:
    """The refusal with an error of that code; `problem` is the error's parameter, if it has one."""
    return OperationRefused(OperationError(code, problem), reason)
