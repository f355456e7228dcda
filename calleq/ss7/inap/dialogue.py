"""Components of TCAP to typed operations and back: one `Conversation` for each dialogue.

Owns what INAP must remember of a dialogue: its capability set, and which operation each invoke
identifier stands for, in both directions (at most 256 each, for an identifier is one octet). TCAP
below watches the life of invocations, their timers and duplicates.

Reading never raises. A component that is wrong comes out as `Refused`, with the answer that the
standard wants, for the caller to send with what it sends next.

Odd cases: a SpecializedResourceReport without a link is taken, since equipment sends it so; one
with a link to anything but an announcement of ours is refused. INAP has no segmented results.
"""

from collections.abc import Container
from typing import assert_never

import msgspec

from calleq.ss7.inap.codec import (
    NONE_KNOWN,
    decode_argument,
    decode_error,
    decode_result,
    encode_argument,
    encode_error,
    encode_result,
)
from calleq.ss7.inap.errors import InapError, OperationError, Version
from calleq.ss7.inap.operations import (
    OPERATIONS,
    Argument,
    OperationCode,
    Result,
    operation_of,
)
from calleq.ss7.tcap.components import (
    ComponentIndication,
    Invocation,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)


class Invoked(msgspec.Struct, frozen=True):
    """The far end asks for an operation."""

    invoke_id: int
    argument: Argument
    linked_id: int | None = None
    """The invoke identifier of our operation that it belongs to."""


class Returned(msgspec.Struct, frozen=True):
    """An operation of ours succeeded."""

    invoke_id: int
    operation: OperationCode
    result: Result | None = None


class Failed(msgspec.Struct, frozen=True):
    """An operation of ours failed."""

    invoke_id: int
    operation: OperationCode
    error: OperationError


class Rejected(msgspec.Struct, frozen=True):
    """A component of ours was not understood there."""

    invoke_id: int | None
    operation: OperationCode | None
    """None: the identifier is none that we have used."""
    problem: int
    """A `Problem` of TCAP."""


class Refused(msgspec.Struct, frozen=True):
    """A component of the far end is wrong."""

    invoke_id: int | None
    reason: str
    answer: ReturnError | Reject | None = None
    """To be sent; None where TCAP sends it of its own."""


Indication = Invoked | Returned | Failed | Rejected | Refused


class Conversation:
    """What one dialogue says in INAP.

    `known` are the identifiers of extensions that this end understands.
    """

    __slots__ = ("_asked", "_known", "_ours", "version")

    def __init__(self, version: Version, known: Container[int | str] = NONE_KNOWN) -> None:
        self.version = version
        self._known = known
        self._ours: dict[int, OperationCode] = {}
        self._asked: dict[int, OperationCode] = {}

    def invoke(
        self,
        invoke_id: int,
        argument: Argument,
        *,
        linked_id: int | None = None,
        timer_us: int | None = None,
    ) -> Invocation:
        """The request for an operation, with its class, and its timer unless another is given.

        Raises InapError where the argument does not fit its grammar.
        """
        operation = operation_of(argument)
        octets = encode_argument(argument, self.version)
        self._ours[invoke_id] = operation.code
        return Invocation(
            invoke_id,
            int(operation.code),
            octets,
            linked_id,
            operation.kind,
            operation.timer_us if timer_us is None else timer_us,
        )

    def result(self, invoke_id: int, result: Result | None = None) -> ReturnResult:
        """The answer to an operation of the far end that succeeded."""
        octets = encode_result(result, self.version)
        operation = int(self._asked[invoke_id]) if octets else None
        return ReturnResult(invoke_id, operation, octets)

    def error(self, invoke_id: int, error: OperationError) -> ReturnError:
        """The answer to an operation of the far end that failed."""
        return ReturnError(invoke_id, int(error.code), encode_error(error))

    def operation(self, invoke_id: int) -> OperationCode | None:
        """The operation of ours that last had this invoke identifier."""
        return self._ours.get(invoke_id)

    def read(self, component: ComponentIndication) -> Indication:
        """What the far end says with this component."""
        match component:
            case Invoke():
                return self._invoked(component)
            case ReturnResult():
                return self._returned(component)
            case ReturnError():
                return self._failed(component)
            case Reject():
                ours = None if component.invoke_id is None else self.operation(component.invoke_id)
                return Rejected(component.invoke_id, ours, component.problem)
            case LocalReject():
                reason = f"TCAP rejects it: problem {component.problem:#x}"
                return Refused(component.invoke_id, reason)
        assert_never(component)

    def _invoked(self, component: Invoke) -> Indication:
        code = component.operation
        try:
            if not isinstance(code, int):
                raise InapError(f"operation {code}", Problem.UNRECOGNIZED_OPERATION)
            argument = decode_argument(code, component.parameter, self.version, self._known)
            if component.linked_id is not None:
                self._check_link(component.linked_id, code)
        except InapError as error:
            return self._refused(component.invoke_id, error)
        self._asked[component.invoke_id] = OperationCode(code)
        return Invoked(component.invoke_id, argument, component.linked_id)

    def _check_link(self, linked_id: int, code: int) -> None:
        ours = self._ours.get(linked_id)
        if ours is None:
            raise InapError(f"link to {linked_id}", Problem.UNRECOGNIZED_LINKED_ID)
        linked = OPERATIONS[ours].linked
        if not linked:
            raise InapError(f"link to {ours.name}", Problem.LINKED_RESPONSE_UNEXPECTED)
        if code not in linked:
            raise InapError(f"link to {ours.name}", Problem.UNEXPECTED_LINKED_OPERATION)

    def _returned(self, component: ReturnResult) -> Indication:
        ours = self._ours.get(component.invoke_id)
        try:
            if ours is None:
                raise InapError("a result of nothing", Problem.RESULT_UNRECOGNIZED_INVOKE_ID)
            if not component.last or component.operation not in (None, int(ours)):
                raise InapError(f"{component}: {ours.name}", Problem.RESULT_UNEXPECTED)
            result = decode_result(ours, component.parameter, self.version)
        except InapError as error:
            return self._refused(component.invoke_id, error)
        return Returned(component.invoke_id, ours, result)

    def _failed(self, component: ReturnError) -> Indication:
        ours = self._ours.get(component.invoke_id)
        code = component.error
        try:
            if ours is None:
                raise InapError("an error of nothing", Problem.ERROR_UNRECOGNIZED_INVOKE_ID)
            if not isinstance(code, int):
                raise InapError(f"error {code}", Problem.ERROR_UNRECOGNIZED)
            error = decode_error(code, component.parameter)
            if error.code not in OPERATIONS[ours].errors:
                reason = f"{error.code.name} of {ours.name}"
                raise InapError(reason, Problem.ERROR_UNEXPECTED_ERROR)
        except InapError as fault:
            return self._refused(component.invoke_id, fault)
        return Failed(component.invoke_id, ours, error)

    def _refused(self, invoke_id: int, error: InapError) -> Refused:
        answer: ReturnError | Reject
        if isinstance(error.answer, OperationError):
            answer = self.error(invoke_id, error.answer)
        else:
            answer = Reject(invoke_id, error.answer)
        return Refused(invoke_id, str(error), answer)
