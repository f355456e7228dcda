"""An ISUP message as people read it: a short name and its fields in words.

Owns nothing but the wording. Every field that differs from what an ordinary telephone call carries
is mentioned, so that two messages that differ read differently.
"""

from typing import assert_never

from calleq.ss7.isup.causes import cause_name, location_name
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    CallingNumber,
    Cause,
    Con,
    Cpg,
    Iam,
    Message,
    Nature,
    Other,
    Presentation,
    Rel,
    Rlc,
    Rsc,
    Unknown,
)
from calleq.ss7.isup.parameters import PARAMETER_NAMES

Fields = tuple[tuple[str, str], ...]

MESSAGE_NAMES = {
    0x02: "SAM",
    0x03: "INR",
    0x04: "INF",
    0x05: "COT",
    0x08: "FOT",
    0x0D: "SUS",
    0x0E: "RES",
    0x11: "CCR",
    0x13: "BLO",
    0x14: "UBL",
    0x15: "BLA",
    0x16: "UBA",
    0x17: "GRS",
    0x18: "CGB",
    0x19: "CGU",
    0x1A: "CGBA",
    0x1B: "CGUA",
    0x1F: "FAR",
    0x20: "FAA",
    0x21: "FRJ",
    0x24: "LPA",
    0x28: "PAM",
    0x29: "GRA",
    0x2A: "CQM",
    0x2B: "CQR",
    0x2D: "USR",
    0x2E: "UCIC",
    0x2F: "CFN",
    0x30: "OLM",
    0x31: "CRG",
    0x32: "NRM",
    0x33: "FAC",
    0x34: "UPT",
    0x35: "UPA",
    0x36: "IDR",
    0x37: "IRS",
    0x38: "SGM",
    0x40: "LOP",
    0x41: "APM",
    0x42: "PRI",
    0x43: "SDN",
}
"""Types that calleq does not act on, by their Q.762 Table 2 acronyms (codes: Q.763 Table 4)."""

_EVENTS = {1: "alerting", 2: "progress", 3: "in-band information", 4: "forwarded on busy"}
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
            assert_never(message)


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
