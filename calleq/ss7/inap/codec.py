"""Arguments, results and errors of INAP to octets and back, by the capability set of the dialogue.

Octets are those of one whole BER element, as a TCAP component carries them, or none where the
operation has no argument. The grammar is data (`operation_layouts`, `party_layouts`), compiled for
a capability set when an operation is first used.

Whatever is wrong raises InapError, and nothing else, with the answer that is due: missingParameter,
parameterOutOfRange, unexpectedDataValue or unexpectedParameter where the operation has that error,
else the reject mistypedParameter. For a result or an error the answer is the reject of its kind.

Extensions are kept, known or not; one that is not among the `known` and whose criticality is abort
refuses its operation as an unexpected parameter.
"""

from collections.abc import Container
from functools import cache
from typing import NoReturn

from calleq.ss7 import ber
from calleq.ss7.inap.arguments import ActivityTest, Continue, DisconnectForwardConnection
from calleq.ss7.inap.errors import (
    CancelFailure,
    CancelProblem,
    ErrorCode,
    InapError,
    OperationError,
    Version,
)
from calleq.ss7.inap.faults import ParameterError
from calleq.ss7.inap.layout import Enumerated, Kind
from calleq.ss7.inap.operation_layouts import CS1_ARGUMENTS
from calleq.ss7.inap.operations import (
    BY_ARGUMENT,
    OPERATIONS,
    Argument,
    Operation,
    OperationCode,
    Result,
)
from calleq.ss7.inap.party_handling import CreateCallSegmentAssociation
from calleq.ss7.inap.party_layouts import CANCEL_FAILED, CS2_ARGUMENTS, PROBLEMS, RESULTS
from calleq.ss7.inap.reading import Readers, Table, read_one
from calleq.ss7.inap.values import Criticality, Extensions
from calleq.ss7.inap.writing import Writer, Writers
from calleq.ss7.isup.values import IsupError
from calleq.ss7.tcap.components import Problem

NONE_KNOWN: frozenset[int | str] = frozenset()
_REFUSALS = (ParameterError, IsupError, ber.BerError)
_ARGUMENTS: dict[int, Kind] = {**CS1_ARGUMENTS, **CS2_ARGUMENTS}


def encode_argument(argument: Argument, version: Version) -> bytes:
    """The parameter of an invoke; b"" for an operation that has none.

    >>> from calleq.ss7.inap.arguments import ResetTimer
    >>> encode_argument(ResetTimer(30), Version.CS1).hex()
    '300381011e'
    """
    operation = BY_ARGUMENT[type(argument)]
    writer = _writer(operation.code, version)
    if writer is None:
        return b""
    try:
        return writer(argument)
    except _REFUSALS as error:
        _refuse(operation, error)


def decode_argument(
    code: int, octets: bytes, version: Version, known: Container[int | str] = NONE_KNOWN
) -> Argument:
    """The argument of an invoke of that operation; `known` are the extensions it may have."""
    table = _table(code, version)
    operation = OPERATIONS[code]
    try:
        if not octets:
            return _absent(operation)
        if table is None:
            raise ParameterError(f"{operation.name} has no argument")
        value = read_one(table, octets, ber.element(octets, 0, len(octets)))
        extensions: Extensions = getattr(value, "extensions", ())
        for extension in extensions:
            if extension.criticality is Criticality.ABORT and extension.kind not in known:
                reason = f"extension {extension.kind} is not known"
                raise ParameterError(reason, ErrorCode.UNEXPECTED_PARAMETER)
    except _REFUSALS as error:
        _refuse(operation, error)
    assert isinstance(value, operation.argument)
    return value


def encode_result(result: Result | None, version: Version) -> bytes:
    """The parameter of a return result; b"" for an empty one."""
    if result is None:
        return b""
    writer = _result_coder(_RESULT_CODES[type(result)], version)[0]
    try:
        return writer(result)
    except _REFUSALS as error:
        raise InapError(str(error), Problem.RESULT_MISTYPED_PARAMETER) from error


def decode_result(code: int, octets: bytes, version: Version) -> Result | None:
    """The result of that operation; None where it has no contents."""
    operation = OPERATIONS.get(code)
    if operation is None or operation.since > version:
        raise InapError(f"operation {code} is not known", Problem.RESULT_MISTYPED_PARAMETER)
    if operation.result is None:
        return None
    table = _result_coder(code, version)[1]
    try:
        value = read_one(table, octets, ber.element(octets, 0, len(octets)))
    except _REFUSALS as error:
        raise InapError(str(error), Problem.RESULT_MISTYPED_PARAMETER) from error
    assert isinstance(value, operation.result)
    return value


def encode_error(error: OperationError) -> bytes:
    """The parameter of a return error; b"" for an error that has none.

    A problem that is not given is the first of its enumeration.
    """
    problems = PROBLEMS.get(error.code)
    if problems is None:
        return b""
    try:
        problem = next(iter(problems)) if error.problem is None else error.problem
        if error.code is ErrorCode.CANCEL_FAILED:
            if error.operation is None:
                raise ParameterError("cancelFailed does not say of what")
            return _CANCEL_FAILED_WRITER(CancelFailure(CancelProblem(problem), error.operation))
        return _problem_coder(error.code)[0](problem)
    except _REFUSALS as fault:
        raise InapError(str(fault), Problem.ERROR_MISTYPED_PARAMETER) from fault


def decode_error(code: int, octets: bytes) -> OperationError:
    """The error of that code; a parameter that an error has not is passed over."""
    if code not in _ERRORS:
        raise InapError(f"error {code} is not known", Problem.ERROR_UNRECOGNIZED)
    error = ErrorCode(code)
    if not octets or error not in PROBLEMS:
        return OperationError(error)
    try:
        element = ber.element(octets, 0, len(octets))
        if error is ErrorCode.CANCEL_FAILED:
            value = read_one(_CANCEL_FAILED_TABLE, octets, element)
            assert isinstance(value, CancelFailure)
            return OperationError(error, value.problem, value.operation)
        problem = read_one(_problem_coder(error)[1], octets, element)
    except _REFUSALS as fault:
        raise InapError(str(fault), Problem.ERROR_MISTYPED_PARAMETER) from fault
    assert isinstance(problem, int)
    return OperationError(error, problem)


_ERRORS = frozenset(int(code) for code in ErrorCode)
_RESULT_CODES = {
    operation.result: int(operation.code)
    for operation in OPERATIONS.values()
    if operation.result is not None
}


_WITHOUT: dict[int, Argument] = {
    OperationCode.CONTINUE: Continue(),
    OperationCode.DISCONNECT_FORWARD_CONNECTION: DisconnectForwardConnection(),
    OperationCode.ACTIVITY_TEST: ActivityTest(),
    OperationCode.CREATE_CALL_SEGMENT_ASSOCIATION: CreateCallSegmentAssociation(),
}
"""Operations whose argument is, or may be, absent."""


def _absent(operation: Operation) -> Argument:
    argument = _WITHOUT.get(operation.code)
    if argument is None:
        raise ParameterError(f"{operation.name} without its argument", ErrorCode.MISSING_PARAMETER)
    return argument


def _refuse(operation: Operation, error: Exception) -> NoReturn:
    """Raise what the standard wants answered."""
    code = ErrorCode.UNEXPECTED_DATA_VALUE if isinstance(error, IsupError) else None
    if isinstance(error, ParameterError):
        code = error.code
    answer: OperationError | Problem = Problem.MISTYPED_PARAMETER
    if code is not None and code in operation.errors:
        answer = OperationError(code)
    raise InapError(f"{operation.name}: {error}", answer) from error


def _known(code: int, version: Version) -> Operation:
    operation = OPERATIONS.get(code)
    if operation is None or operation.since > version:
        reason = f"operation {code} is none of {version.name}"
        raise InapError(reason, Problem.UNRECOGNIZED_OPERATION)
    return operation


@cache
def _writer(code: int, version: Version) -> Writer | None:
    kind = _ARGUMENTS.get(_known(code, version).code)
    return None if kind is None else Writers(version).of(kind)


@cache
def _table(code: int, version: Version) -> Table | None:
    kind = _ARGUMENTS.get(_known(code, version).code)
    return None if kind is None else Readers(version).of(kind)


@cache
def _result_coder(code: int, version: Version) -> tuple[Writer, Table]:
    return Writers(version).of(RESULTS[code]), Readers(version).of(RESULTS[code])


@cache
def _problem_coder(code: ErrorCode) -> tuple[Writer, Table]:
    kind = Enumerated(PROBLEMS[code])
    return Writers(Version.CS1).of(kind), Readers(Version.CS1).of(kind)


_CANCEL_FAILED_WRITER = Writers(Version.CS1).of(CANCEL_FAILED)
_CANCEL_FAILED_TABLE = Readers(Version.CS1).of(CANCEL_FAILED)
