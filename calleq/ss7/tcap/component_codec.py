"""Components to octets and back (Q.773 §3.1, §4.2.2).

`encode` writes one component; `decode_portion` reads what a component portion holds. A component
that cannot be read becomes a `LocalReject` with the general problem that it has, and with its
invoke id where that can be told; what cannot be told apart from it is part of it.

>>> encode(Invoke(1, 0, bytes.fromhex("0500"))).hex()
'a1080201010201000500'
"""

from collections.abc import Callable

from calleq.ss7 import ber
from calleq.ss7.tcap.components import (
    INVOKE_IDS,
    Code,
    Component,
    ComponentIndication,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)

INVOKE = 0xA1
RETURN_RESULT_LAST = 0xA2
RETURN_ERROR = 0xA3
REJECT = 0xA4
RETURN_RESULT_NOT_LAST = 0xA7
_LINKED_ID = 0x80


class _MistypedError(Exception):
    """A component has other elements than its kind."""


# Writing.


def encode(component: Component) -> bytes:
    """One component; BerError for an invoke id, code or problem that has no encoding."""
    if not isinstance(component, Invoke):
        return _write_other(component)
    return write_invoke(
        component.invoke_id, component.operation, component.parameter, component.linked_id
    )


def write_invoke(invoke_id: int, operation: Code, parameter: bytes, linked_id: int | None) -> bytes:
    """An Invoke of these fields; BerError as of `encode`."""
    if linked_id is None and isinstance(operation, int) and 0 <= operation < 0x80:
        # Nearly every invocation there is, in one go.
        if invoke_id not in INVOKE_IDS:
            raise ber.BerError(f"no invoke id: {invoke_id}")
        head = bytes((0x02, 0x01, invoke_id & 0xFF, 0x02, 0x01, operation))
        return ber.tlv(INVOKE, head + parameter)
    linked = b"" if linked_id is None else _write_id(_LINKED_ID, linked_id)
    identifier = _write_id(ber.INTEGER, invoke_id)
    return ber.tlv(INVOKE, identifier + linked + _write_code(operation) + parameter)


def _write_other(component: ReturnResult | ReturnError | Reject) -> bytes:
    match component:
        case ReturnResult(invoke_id, operation, parameter, last):
            result = b""
            if operation is not None:
                result = ber.tlv(ber.SEQUENCE, _write_code(operation) + parameter)
            elif parameter:
                raise ber.BerError("a result with a parameter and no operation")
            tag = RETURN_RESULT_LAST if last else RETURN_RESULT_NOT_LAST
            return ber.tlv(tag, _write_id(ber.INTEGER, invoke_id) + result)
        case ReturnError(invoke_id, error, parameter):
            identifier = _write_id(ber.INTEGER, invoke_id)
            return ber.tlv(RETURN_ERROR, identifier + _write_code(error) + parameter)
        case Reject(rejected_id, problem):
            identifier = ber.write_null(ber.NULL)
            if rejected_id is not None:
                identifier = _write_id(ber.INTEGER, rejected_id)
            return ber.tlv(REJECT, identifier + _write_problem(problem))


def _write_id(tag: int, invoke_id: int) -> bytes:
    if invoke_id not in INVOKE_IDS:
        raise ber.BerError(f"no invoke id: {invoke_id}")
    return bytes((tag, 1, invoke_id & 0xFF))


def _write_code(code: Code) -> bytes:
    if isinstance(code, int):
        return ber.write_integer(ber.INTEGER, code)
    return ber.write_oid(ber.OBJECT_IDENTIFIER, code)


def _write_problem(problem: int) -> bytes:
    tag, code = divmod(problem, 0x100)
    if tag not in _PROBLEM_TAGS:
        raise ber.BerError(f"no problem: {problem:#x}")
    return ber.write_integer(tag, code)


_PROBLEM_TAGS = range(0x80, 0x84)


# Reading.


def decode_portion(octets: bytes, start: int, stop: int) -> tuple[ComponentIndication, ...]:
    """The components between `start` and `stop`; it never raises."""
    try:
        parts = ber.elements(octets, start, stop)
    except ber.BerError:
        return _decode_broken(octets, start, stop)
    if len(parts) == 1:
        return (_decode(octets, *parts[0]),)
    return tuple([_decode(octets, *part) for part in parts])


def _decode(octets: bytes, tag: int, start: int, stop: int) -> ComponentIndication:
    reader = _READERS.get(tag)
    problem = Problem.UNRECOGNIZED_COMPONENT
    if reader is not None:
        try:
            return reader(octets, ber.elements(octets, start, stop))
        except _MistypedError:
            problem = Problem.MISTYPED_COMPONENT
        except ber.BerError:
            problem = Problem.BADLY_STRUCTURED_COMPONENT
    return LocalReject(_derived_id(octets, start, stop), problem, ber.tlv(tag, octets[start:stop]))


def _decode_broken(octets: bytes, start: int, stop: int) -> tuple[ComponentIndication, ...]:
    """As many whole components as there are, and the rest in one piece."""
    found: list[ComponentIndication] = []
    while True:
        try:
            (tag, inner, end), after = ber.first(octets, start, stop)
        except ber.BerError:
            rest = octets[start:stop]
            found.append(LocalReject(None, Problem.BADLY_STRUCTURED_COMPONENT, rest))
            return tuple(found)
        found.append(_decode(octets, tag, inner, end))
        start = after


def _derived_id(octets: bytes, start: int, stop: int) -> int | None:
    """The invoke id of a component that is otherwise broken, where it begins with one."""
    if octets[start : min(start + 2, stop)] == b"\x02\x01" and start + 3 <= stop:
        return ber.read_integer(octets, start + 2, start + 3)
    return None


def _read_invoke(octets: bytes, parts: list[ber.Element]) -> Invoke:
    if len(parts) < 2:
        raise _MistypedError
    tag, start, stop = parts[0]
    invoke_id = _read_id(octets, tag, start, stop)
    tag, start, stop = parts[1]
    rest = 2
    linked_id = None
    if tag == _LINKED_ID:
        linked_id = _read_id(octets, ber.INTEGER, start, stop)
        if len(parts) < 3:
            raise _MistypedError
        tag, start, stop = parts[2]
        rest = 3
    operation = _read_code(octets, tag, start, stop)
    return Invoke(invoke_id, operation, _read_parameter(octets, parts, rest), linked_id)


def _read_result(octets: bytes, parts: list[ber.Element]) -> ReturnResult:
    return _result(octets, parts, last=True)


def _read_result_not_last(octets: bytes, parts: list[ber.Element]) -> ReturnResult:
    return _result(octets, parts, last=False)


def _result(octets: bytes, parts: list[ber.Element], *, last: bool) -> ReturnResult:
    if not 1 <= len(parts) <= 2:
        raise _MistypedError
    invoke_id = _read_id(octets, *parts[0])
    if len(parts) == 1:
        return ReturnResult(invoke_id, last=last)
    tag, start, stop = parts[1]
    if tag != ber.SEQUENCE:
        raise _MistypedError
    inner = ber.elements(octets, start, stop)
    if not inner:
        raise _MistypedError
    operation = _read_code(octets, *inner[0])
    return ReturnResult(invoke_id, operation, _read_parameter(octets, inner, 1), last)


def _read_error(octets: bytes, parts: list[ber.Element]) -> ReturnError:
    if len(parts) < 2:
        raise _MistypedError
    invoke_id = _read_id(octets, *parts[0])
    error = _read_code(octets, *parts[1])
    return ReturnError(invoke_id, error, _read_parameter(octets, parts, 2))


def _read_reject(octets: bytes, parts: list[ber.Element]) -> Reject:
    if len(parts) != 2:
        raise _MistypedError
    tag, start, stop = parts[0]
    invoke_id = None
    if tag == ber.NULL:
        ber.read_null(octets, start, stop)
    else:
        invoke_id = _read_id(octets, tag, start, stop)
    tag, start, stop = parts[1]
    if tag not in _PROBLEM_TAGS:
        raise _MistypedError
    code = ber.read_integer(octets, start, stop)
    if not 0 <= code < 0x100:
        raise _MistypedError
    return Reject(invoke_id, tag << 8 | code)


def _read_id(octets: bytes, tag: int, start: int, stop: int) -> int:
    if tag != ber.INTEGER or stop - start != 1:
        raise _MistypedError
    value = octets[start]
    return value if value < 0x80 else value - 0x100


def _read_code(octets: bytes, tag: int, start: int, stop: int) -> Code:
    if tag == ber.INTEGER:
        return ber.read_integer(octets, start, stop)
    if tag == ber.OBJECT_IDENTIFIER:
        return ber.read_oid(octets, start, stop)
    raise _MistypedError


def _read_parameter(octets: bytes, parts: list[ber.Element], at: int) -> bytes:
    """The one element from `at` on, whole; or no octets."""
    if len(parts) == at:
        return b""
    if len(parts) > at + 1:
        raise _MistypedError
    tag, start, stop = parts[at]
    return ber.tlv(tag, octets[start:stop])


_READERS: dict[int, Callable[[bytes, list[ber.Element]], Component]] = {
    INVOKE: _read_invoke,
    RETURN_RESULT_LAST: _read_result,
    RETURN_ERROR: _read_error,
    REJECT: _read_reject,
    RETURN_RESULT_NOT_LAST: _read_result_not_last,
}
