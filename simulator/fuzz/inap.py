"""INAP under mutation: parameters decoded in both capability sets, and encoded again.

A message here is an octet that says what (argument of CS-1 or CS-2, result, error), the operation
or error code, and the parameter. What is refused must have an answer that can itself be encoded.
"""

from types import FunctionType

from calleq.ss7.inap import codec, layouts, octets, reading
from calleq.ss7.inap.errors import InapError, OperationError, Version
from calleq.ss7.inap.layout import Kind
from calleq.ss7.inap.operation_layouts import CS1_ARGUMENTS
from calleq.ss7.inap.operations import OPERATIONS, operation_of
from calleq.ss7.inap.party_layouts import CS2_ARGUMENTS
from calleq.ss7.inap.party_layouts import RESULTS as RESULT_LAYOUTS
from calleq.ss7.inap.reading import Readers
from calleq.ss7.tcap.components import Problem
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.inap_samples import ERRORS, RESULTS, operations
from simulator.fuzz.target import Target

HEADER_OCTETS = 2
KNOWN = frozenset[int | str]({2})
"""Extensions that are known here, whatever their criticality."""
ARGUMENT_CS1, ARGUMENT_CS2, RESULT, ERROR = range(4)
_VERSIONS = {ARGUMENT_CS1: Version.CS1, ARGUMENT_CS2: Version.CS2}


def decode_all(octets_: bytes) -> object:
    """Decode a parameter; what comes out must encode to what is decoded the same."""
    if len(octets_) < HEADER_OCTETS:
        raise InapError("no parameter", Problem.MISTYPED_PARAMETER)
    try:
        return _decode(octets_[0] & 3, octets_[1], octets_[HEADER_OCTETS:])
    except InapError as refused:
        _check_answer(octets_[1], refused.answer)
        raise


def _check_answer(code: int, answer: OperationError | Problem) -> None:
    """A return error must be one that the operation has, and can be sent."""
    if isinstance(answer, OperationError):
        assert answer.code in OPERATIONS[code].errors
        codec.encode_error(answer)


def _decode(what: int, code: int, parameter: bytes) -> object:
    if what == ERROR:
        error = codec.decode_error(code, parameter)
        if error.problem is not None:
            assert codec.decode_error(code, codec.encode_error(error)) == error
        return error
    if what == RESULT:
        result = codec.decode_result(code, parameter, Version.CS2)
        again = codec.encode_result(result, Version.CS2)
        assert result is None or codec.decode_result(code, again, Version.CS2) == result
        return result
    version = _VERSIONS[what]
    argument = codec.decode_argument(code, parameter, version, KNOWN)
    assert operation_of(argument).code == code
    again = codec.encode_argument(argument, version)
    assert codec.decode_argument(code, again, version, KNOWN) == argument
    return argument


def target() -> Target:
    """Every parameter of INAP."""
    samples = [
        bytes((what, code)) + codec.encode_argument(argument, version)
        for what, version in _VERSIONS.items()
        for code, argument in operations(version)
    ]
    samples += [
        bytes((RESULT, code)) + codec.encode_result(result, Version.CS2) for code, result in RESULTS
    ]
    samples += [bytes((ERROR, error.code)) + codec.encode_error(error) for error in ERRORS]
    known = frozenset((sample[0] & 3, sample[1]) for sample in samples)
    return Target(
        name="inap",
        samples=samples,
        header_octets=HEADER_OCTETS,
        past_header=lambda message: (
            len(message) >= HEADER_OCTETS and (message[0] & 3, message[1]) in known
        ),
        decode=decode_all,
        refusal=InapError,
        decoder=_decoder(),
    )


def _decoder() -> tuple[FunctionType, ...]:
    """Whatever looks at received octets; readers made of the grammar, each maker's once."""
    made: dict[object, FunctionType] = {}
    assert isinstance(Readers._extension, FunctionType)
    for kind in (
        *CS1_ARGUMENTS.values(),
        *CS2_ARGUMENTS.values(),
        *RESULT_LAYOUTS.values(),
        *(value for value in vars(layouts).values() if isinstance(value, Kind)),
    ):
        _collect(kind, made)
    return (
        *functions_of(codec, "decode", "_refuse", "_absent"),
        *functions_of(reading, "read_one", "_unknown", "_check"),
        *functions_of(octets, "unpack"),
        *made.values(),
        Readers._extension,
    )


def _collect(kind: Kind, made: dict[object, FunctionType]) -> None:
    for number in (None, 0):
        for reader in Readers(Version.CS2).of(kind, number).values():
            if isinstance(reader, FunctionType):
                made.setdefault(reader.__code__, reader)
