"""What the data of SCCP says to INAP's subsystems: the dialogue, and its operations in words.

Owns the wording, and nothing that anybody else knows. A message by itself does not say which
capability set its dialogue speaks, so all are read as CS-2, which has the tags of CS-1 and more.
What cannot be read, or not written again as it came, is shown with its octets.
"""

from collections.abc import Iterator
from enum import IntEnum

import msgspec

from calleq.causes import cause_name, location_name
from calleq.ss7.inap.arguments import EventReportBCSM
from calleq.ss7.inap.codec import (
    decode_argument,
    decode_error,
    decode_result,
    encode_argument,
    encode_error,
    encode_result,
)
from calleq.ss7.inap.contexts import context_of
from calleq.ss7.inap.errors import InapError, OperationError, Version
from calleq.ss7.inap.octets import text
from calleq.ss7.inap.operations import OPERATIONS
from calleq.ss7.inap.party_layouts import PROBLEMS
from calleq.ss7.inap.values import EventInformation, LegID, Side
from calleq.ss7.isup.optional_types import GenericDigits, GenericNumber
from calleq.ss7.isup.values import Cause, IsupError
from calleq.ss7.sccp.messages import Message as SccpMessage
from calleq.ss7.sccp.messages import Udts, Xudt, Xudts
from calleq.ss7.sccp.values import SubsystemNumber
from calleq.ss7.tcap import codec
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import (
    ComponentIndication,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import ProviderCause

Fields = tuple[tuple[str, str], ...]
SUBSYSTEMS = frozenset({SubsystemNumber.INAP, SubsystemNumber.INAP_NATIONAL})
EVERYTHING = Version.CS2
_NAMES = {
    m.Unidirectional: "TC-UNI",
    m.Begin: "TC-BEGIN",
    m.Continue: "TC-CONTINUE",
    m.End: "TC-END",
    m.Abort: "TC-ABORT",
}


def user_data(message: SccpMessage) -> tuple[str, Fields] | None:
    """Name and fields of what a message of SCCP carries to INAP; None where it is not for INAP.

    One segment of several says nothing by itself: None too.
    """
    if message.called.ssn not in SUBSYSTEMS and message.calling.ssn not in SUBSYSTEMS:
        return None
    if isinstance(message, Xudt | Xudts) and message.segmentation is not None:
        alone = message.segmentation.first and not message.segmentation.remaining
        if not alone:
            return None
    name, fields = read(message.data)
    return (f"returned {name}" if isinstance(message, Udts | Xudts) else name), fields


def describe(data: bytes) -> str:
    """What the user data says, in one line.

    >>> describe(bytes.fromhex("640e4904000000016c06a1040201010201 1f".replace(" ", "")))
    'TC-END continue; continue 1; to transaction 00000001'
    """
    name, fields = read(data)
    return "; ".join((name, *(f"{field} {words}" for field, words in fields)))


def read(data: bytes) -> tuple[str, Fields]:
    """Name and fields of a message of TCAP; it raises nothing."""
    try:
        message = codec.decode(data)
    except m.MessageError as error:
        return "TCAP damaged", (("error", str(error)), ("octets", data.hex()))
    if isinstance(message, m.Abort):
        components: tuple[ComponentIndication, ...] = ()
    else:
        components = message.components
    told = [_component(one) for one in components]
    name = " ".join((_NAMES[type(message)], *(short for short, _ in told)))
    fields = [field for _, some in told for field in some]
    fields += _transaction(message)
    if codec.encode(message) != data:
        fields.append(("octets", data.hex()))
    return name, tuple(fields)


def _transaction(message: m.Message) -> Iterator[tuple[str, str]]:
    """Transaction identifiers, application context, and why a dialogue is given up."""
    if isinstance(message, m.Begin | m.Continue):
        yield "from transaction", message.originating.hex()
    if isinstance(message, m.Continue | m.End | m.Abort):
        yield "to transaction", message.destination.hex()
    if isinstance(message, m.Abort) and message.cause is not None:
        yield "aborted by TCAP", _enumerated(ProviderCause, message.cause)
    match message.dialogue:
        case m.DialogueRequest(context) | m.UnidirectionalDialogue(context):
            yield "context", _context(context)
        case m.DialogueResponse(context, accepted, diagnostic):
            yield "context", _context(context)
            if not accepted:
                yield "refused", _enumerated(m.Diagnostic, diagnostic)
        case m.DialogueAbort(by_provider):
            yield "dialogue aborted by", "TCAP" if by_provider else "user"
        case m.OtherDialogue(contents):
            yield "dialogue portion", contents.hex()


def _context(arcs: tuple[int, ...]) -> str:
    known = context_of(arcs)
    name = ".".join(map(str, arcs))
    return name if known is None else f"{known.name.lower().replace('_', '-')} ({name})"


def _component(component: ComponentIndication) -> tuple[str, list[tuple[str, str]]]:
    """A short name, and the fields: the component first, what was in it after."""
    match component:
        case Invoke(invoke_id, operation, octets, linked_id):
            name = _operation_name(operation)
            linked = "" if linked_id is None else f" linked to {linked_id}"
            return name, _parameter(name, f"{invoke_id}{linked}", component)
        case ReturnResult(invoke_id, operation, octets):
            name = "result" if operation is None else f"{_operation_name(operation)} result"
            return name, _parameter(name, str(invoke_id), component)
        case ReturnError(invoke_id):
            return "error", _parameter("error", str(invoke_id), component)
        case Reject(invoke_id, problem):
            return "reject", [("reject", f"{invoke_id} {_enumerated(Problem, problem)}")]
        case LocalReject(invoke_id, problem, octets):
            words = f"{invoke_id} {_enumerated(Problem, problem)}: {octets.hex()}"
            return "damaged", [("damaged", words)]


def _parameter(
    name: str, number: str, component: Invoke | ReturnResult | ReturnError
) -> list[tuple[str, str]]:
    octets = component.parameter
    try:
        words, again = _typed(component)
    except InapError as error:
        return [(name, f"{number} {error}: {octets.hex()}")]
    fields = [(name, f"{number} {words}".rstrip())]
    if again != octets:
        fields.append((f"octets of {name} {number}", octets.hex()))
    return fields


def _typed(component: Invoke | ReturnResult | ReturnError) -> tuple[str, bytes]:
    """What a parameter says, and how it would be written here."""
    match component:
        case Invoke(_, int(operation), octets):
            argument = decode_argument(operation, octets, EVERYTHING, _Everything())
            return _words(argument), encode_argument(argument, EVERYTHING)
        case ReturnResult(_, int(operation), octets):
            result = decode_result(operation, octets, EVERYTHING)
            return "" if result is None else _words(result), encode_result(result, EVERYTHING)
        case ReturnError(_, int(code), octets):
            error = decode_error(code, octets)
            return _error(error), encode_error(error) if octets else b""
        case _:
            return component.parameter.hex(), component.parameter


class _Everything:
    """Every extension is known to who only shows it."""

    def __contains__(self, _: object) -> bool:
        return True


def _operation_name(operation: object) -> str:
    known = OPERATIONS.get(operation) if isinstance(operation, int) else None
    return f"operation {operation}" if known is None else known.name


def _error(error: OperationError) -> str:
    words = _enum_words(error.code)
    problems = PROBLEMS.get(error.code)
    if error.problem is not None and problems is not None:
        words += f": {_enum_words(problems(error.problem))}"
    return words if error.operation is None else f"{words} of {error.operation}"


def _enumerated(kind: type[IntEnum], value: int) -> str:
    """The word of a value that may be none of the enumeration."""
    return _enum_words(kind(value)) if value in list(kind) else str(value)


def _enum_words(value: IntEnum) -> str:
    return value.name.lower().replace("_", " ")


_LABELS = {
    "event_type_bcsm": "event",
    "event_type": "event",
    "bcsm_events": "events",
    "leg_id": "leg",
    "monitor_mode": "mode",
}
"""Shorter than the names of the standard, where one word says it."""
_UNITS = {"_s": " s", "_ms": " ms", "_ms100": " tenths of a second"}


def _words(value: object) -> str:
    """Any value of INAP as a person reads it; what is as ever in a struct is left out."""
    match value:
        case None:
            return "none"
        case bool():
            return "yes" if value else "no"
        case IntEnum():
            return _enum_words(value)
        case bytes():
            return value.hex()
        case tuple():
            return ", ".join(_words(one) for one in value)
        case LegID():
            return f"{value.leg}{' (receiving)' if value.side is Side.RECEIVING else ''}"
        case Cause():
            return _cause(value)
        case GenericNumber(qualifier, number):
            return f"{_words(number)}{f' qualifier {qualifier}' if qualifier else ''}"
        case GenericDigits():
            return _digits(value)
        case msgspec.Struct():
            return " ".join(_named(value))
        case _:
            return str(value)


def _named(value: msgspec.Struct) -> Iterator[str]:
    for field in msgspec.structs.fields(value):
        inner = getattr(value, field.name)
        if inner == field.default and field.default is not msgspec.NODEFAULT:
            continue
        if isinstance(value, EventReportBCSM) and isinstance(inner, EventInformation):
            yield from _event_information(value, inner)
            continue
        name, unit = _LABELS.get(field.name, field.name), ""
        for suffix, words in _UNITS.items():
            if name.endswith(suffix):
                name, unit = name.removesuffix(suffix), words
        if name == "digits" and isinstance(inner, str):
            yield inner or "no digits"
            continue
        words = _words(inner)
        if isinstance(inner, LegID) and "leg" not in name:
            words = f"leg {words}"
        if isinstance(inner, msgspec.Struct) and " " in words and not isinstance(inner, LegID):
            words = f"({words})"
        yield f"{name.replace('_', ' ')} {words}{unit}".rstrip()


def _event_information(report: EventReportBCSM, information: EventInformation) -> Iterator[str]:
    """What comes with an event, without its name again unless it is another's."""
    words = list(_named(information))
    if information.event_type == report.event_type_bcsm:
        words = words[1:]
    yield " ".join(words) or "information"


def _cause(cause: Cause) -> str:
    words = f"{cause.value} {cause_name(cause.value)}, {location_name(cause.location)}"
    if cause.coding:
        words += f", coding {cause.coding}"
    return words + (f", {cause.diagnostics.hex()}" if cause.diagnostics else "")


def _digits(digits: GenericDigits) -> str:
    kind = f" kind {digits.kind}" if digits.kind else ""
    try:
        return (text(digits) or "no digits") + kind
    except IsupError:
        return f"{digits.digits.hex()} encoding {digits.encoding}{kind}"
