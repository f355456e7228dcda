"""An ISUP message as people read it: a short name and its fields in words.

Owns nothing but the wording. Every field that differs from what an ordinary telephone call carries
is mentioned, so that two messages that differ read differently.
"""

from calleq.causes import cause_name, location_name
from calleq.ss7.isup import indicators
from calleq.ss7.isup.indicators import Field
from calleq.ss7.isup.layouts import MESSAGE_NAMES
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    CallingNumber,
    Cause,
    CircuitState,
    Con,
    Cpg,
    Iam,
    Message,
    Nature,
    Other,
    Presentation,
    RangeStatus,
    Rel,
    Rlc,
    Rsc,
    Unknown,
)
from calleq.ss7.isup.names import PARAMETER_NAMES

Fields = tuple[tuple[str, str], ...]

_EVENTS = {1: "alerting", 2: "progress", 3: "in-band information", 4: "forwarded on busy"}
_INDICATORS = {
    "request": indicators.INFORMATION_REQUEST,
    "information": indicators.INFORMATION,
    "nature_of_connection": indicators.NATURE_OF_CONNECTION,
}
"""The bits of the fields that are told by name."""
_CHOICES = {
    "continuity": ("continuity check", ("failed", "successful")),
    "by_network": ("initiated by", ("subscriber", "network")),
    "kind": ("kind", ("maintenance", "hardware failure")),
}
"""Fields of one bit: what they are called, and the words for 0 and 1."""
_ORDINARY = Iam(0, CalledNumber(""))
_CALLED_STATUS = ("no indication", "subscriber free", "connect when free", "status spare")


def describe(message: Message) -> tuple[str, Fields]:
    """Short name and (field name, text) pairs, the telling ones first and the circuit last.

    >>> describe(Rel(17, Cause(17)))
    ('REL', (('cause', '17 user busy'), ('location', 'public network, local user'), ('CIC', '17')))
    """
    name, fields = _name_and_fields(message)
    return name, (*fields, ("CIC", str(message.cic)))


def _name_and_fields(message: Message) -> tuple[str, Fields]:
    match message:
        case Iam():
            return "IAM", _iam_fields(message)
        case Acm():
            fields = _backward_fields(message.backward_call)
            return "ACM", (*fields, *_cause_fields(message.cause), *_other_fields(message.other))
        case Cpg():
            event = message.event & 0x7F
            text = _EVENTS.get(event, str(event))
            if message.event & 0x80:
                text += " (presentation restricted)"
            cause = _cause_fields(message.cause)
            return "CPG", (("event", text), *cause, *_other_fields(message.other))
        case Anm():
            return "ANM", _other_fields(message.other)
        case Con():
            return "CON", (*_backward_fields(message.backward_call), *_other_fields(message.other))
        case Rel():
            return "REL", (*_cause_fields(message.cause), *_other_fields(message.other))
        case Rlc():
            return "RLC", (*_cause_fields(message.cause), *_other_fields(message.other))
        case Rsc():
            return "RSC", ()
        case Unknown():
            name = MESSAGE_NAMES.get(message.message_type)
            body = (("body", message.body.hex()),) if message.body else ()
            return name or f"type 0x{message.message_type:02x}", body
        case _:
            return type(message).__name__.upper(), _plain_fields(message)


def _iam_fields(message: Iam) -> Fields:
    fields = [("called", _called_text(message.called))]
    if message.calling is not None:
        fields.append(("calling", _calling_text(message.calling)))
    for name, value, ordinary, digits in (
        (
            "nature of connection",
            message.nature_of_connection,
            _ORDINARY.nature_of_connection,
            2,
        ),
        ("forward call", message.forward_call, _ORDINARY.forward_call, 4),
        ("category", message.category, _ORDINARY.category, 2),
        ("medium", message.medium, _ORDINARY.medium, 2),
    ):
        if value != ordinary:
            fields.append((name, f"0x{value:0{digits}x}"))
    return (*fields, *_other_fields(message.other))


def _plain_fields(message: Message) -> Fields:
    """Every field but the circuit under its own name, those of optional parameters by theirs."""
    fields: list[tuple[str, str]] = []
    for name in message.__struct_fields__[1:]:
        value = getattr(message, name)
        words = name.replace("_", " ")
        match value:
            case Cause():
                fields.extend(_cause_fields(value))
            case RangeStatus():
                fields.append(("circuits", f"{message.cic} to {message.cic + value.span}"))
                if value.status is not None:
                    marked = ", ".join(map(str, value.marked(message.cic)))
                    fields.append(("status 1", marked or "none"))
                    if spare := value.status >> value.circuits:
                        fields.append(("spare status", hex(spare)))
            case bytes():
                fields.append((words, value.hex()))
            case tuple() if name == "other":
                fields.extend(_other_fields(value))
            case tuple():
                fields.append((words, " ".join(map(_state_text, value))))
            case int() if name in _INDICATORS:
                fields.append((words, _indicator_text(_INDICATORS[name], value)))
            case 0 | 1 if name in _CHOICES:
                label, choices = _CHOICES[name]
                fields.append((label, choices[value]))
            case _:
                fields.append((words, str(value)))
    return tuple(fields)


def _indicator_text(indicator: tuple[Field, ...], value: int) -> str:
    """The names of the bits that are set, with their value where it can be more than 1."""
    named = [
        one.name if one.width == 1 else f"{one.name} {one.of(value)}"
        for one in indicator
        if one.of(value)
    ]
    rest = value
    for one in indicator:
        rest = one.put(rest, 0)
    if rest:
        named.append(f"0x{rest:x}")
    return ", ".join(named) or "none"


def _state_text(state: CircuitState) -> str:
    """A circuit's state (Q.763 §3.14) in three digits: call, maintenance, hardware."""
    return f"{state.call}{state.maintenance}{state.hardware}"


def _kind_marks(number: CalledNumber | CallingNumber) -> list[str]:
    """What is out of the ordinary in its nature and plan."""
    marks = [] if number.nature == Nature.INTERNATIONAL else [f"nature {int(number.nature)}"]
    if number.plan != 1:
        marks.append(f"plan {number.plan}")
    return marks


def _called_text(number: CalledNumber) -> str:
    marks = _kind_marks(number)
    if number.internal_network:
        marks.append("not to internal numbers")
    return _marked(number.digits, marks)


def _calling_text(number: CallingNumber) -> str:
    marks = _kind_marks(number)
    if number.incomplete:
        marks.append("incomplete")
    if number.presentation == Presentation.RESTRICTED:
        marks.append("restricted")
    elif number.presentation == Presentation.NOT_AVAILABLE:
        marks.append("not available")
    elif number.presentation != Presentation.ALLOWED:
        marks.append(f"presentation {number.presentation}")
    if number.screening != 3:
        marks.append(f"screening {number.screening}")
    return _marked(number.digits, marks)


def _marked(digits: str, marks: list[str]) -> str:
    return " ".join([digits, f"({', '.join(marks)})"] if marks else [digits]).strip()


def _backward_fields(backward_call: int) -> Fields:
    """Backward call indicators (Q.763 §3.5): the called party's status, then the rest."""
    fields = []
    status = backward_call >> 10 & 3
    if status:
        fields.append(("called party", _CALLED_STATUS[status]))
    if backward_call & ~(3 << 10):
        fields.append(("backward call", f"0x{backward_call:04x}"))
    return tuple(fields)


def _cause_fields(cause: Cause | None) -> Fields:
    if cause is None:
        return ()
    text = f"{cause.value} {cause_name(cause.value)}" if cause.coding == 0 else str(cause.value)
    fields = [("cause", text), ("location", location_name(cause.location))]
    if cause.coding:
        fields.append(("coding standard", str(cause.coding)))
    if cause.diagnostics:
        fields.append(("diagnostics", cause.diagnostics.hex()))
    return tuple(fields)


def _other_fields(other: Other) -> Fields:
    return tuple(
        (PARAMETER_NAMES.get(code) or f"parameter 0x{code:02x}", contents.hex())
        for code, contents in other
    )
