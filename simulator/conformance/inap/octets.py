"""INAP as a tester builds and reads it: one message is one component in its TCAP message.

Written from ETS 300 374-1 §6 and Q.1228 apart from calleq's own codec, so that a mistake made in
one shows in the other. The name of a message is the operation's (`op99` where no operation has the
code), or `result`, `error`, `reject`; a TCAP message without components has its own name (`BEGIN`,
`CONTINUE`, `END`, `ABORT`). Beside the operation's parameters (`formats`) there are:

- `tc`: the TCAP message it comes in (`begin`, `continue`, `end`);
- `invoke`, `linked`: its identifiers; `of`: of a result, the operation;
- `code`: of an error, by name; `problem`: of a reject, such as "invoke 1";
- `digits`: what a result of PromptAndCollectUserInformation has collected;
- `argument`: the whole parameter in octets, `hex:…`; `0xNN`: an element under that tag.

What passes between octets and names is `tc` in one octet, then the component.
"""

import re
from collections.abc import Mapping

from simulator.conformance.inap import parameters
from simulator.conformance.inap.elements import (
    INTEGER,
    OCTETS,
    SEQUENCE,
    element,
    elements,
    field,
    integer,
    number_of,
    tag_number,
)
from simulator.conformance.inap.formats import (
    ERRORS,
    EVENTS,
    INFORMATION_OF,
    OPERATION_NAMES,
    OPERATIONS,
    Format,
    Parameter,
)
from simulator.conformance.language import Read, Value, WireError, as_fields

MESSAGES = {"BEGIN": 0x62, "END": 0x64, "CONTINUE": 0x65, "ABORT": 0x67}
_MESSAGE_NAMES = {code: name for name, code in MESSAGES.items()}
TC = {"begin": 0x62, "continue": 0x65, "end": 0x64, "wait": 0}
INVOKE, RESULT, ERROR, REJECT = 0xA1, 0xA2, 0xA3, 0xA4
ANSWERS = {"result": RESULT, "error": ERROR, "reject": REJECT}
_PROBLEMS = {"general": 0x80, "invoke": 0x81, "result": 0x82, "error": 0x83}
_PROBLEM_NAMES = {tag: word for word, tag in _PROBLEMS.items()}
ENVELOPE = ("tc", "invoke", "linked", "of", "code", "problem", "argument", "errorArgument")
OF_DIALOGUES = ("context", "pAbortCause", "userAbort")
"""Of whole TCAP messages: `context` goes with the first of a dialogue."""
_DERIVED = {
    "eventCause": Parameter(0, "cause"),
    "connectTime": Parameter(1, "number"),
    "digits": Parameter(0, "digits"),
} | {
    f"information_{number}": Parameter(number, kind)
    for number, kind in ((0, "number"), (1, "octets"), (2, "number"), (3, "octets"), (30, "cause"))
}
_BY_REQUEST = parameters.pack("answering", "request")
"""What the information of an event is by default: the switch waits."""
_EVENT_NAMES = {code: name for name, code in EVENTS.items()}
_ERROR_NAMES = {code: name for name, code in ERRORS.items()}
_ANY_KIND: dict[str, str] = {
    name: one.kind for form in OPERATIONS.values() for name, one in form.parameters.items()
} | {name: one.kind for name, one in _DERIVED.items()}


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    match name:
        case "tc" if value in TC:
            return bytes((TC[str(value)],))
        case "invoke" | "linked" | "of" if isinstance(value, int):
            return integer(value)
        case "of" if value in OPERATIONS:
            return integer(OPERATIONS[str(value)].code)
        case "code" if value in ERRORS:
            return integer(ERRORS[str(value)])
        case "code" if isinstance(value, int):
            return integer(value)
        case "problem" if isinstance(value, str):
            kind, _, number = value.partition(" ")
            if kind in _PROBLEMS and number.isdecimal():
                return element(_PROBLEMS[kind], bytes((int(number),)))
        case "context" if isinstance(value, str):
            return value.encode("ascii")
        case _ if name in _ANY_KIND:
            return parameters.pack(_ANY_KIND[name], value)
    raise WireError(f"{name}: {value!r} means nothing")


def format_of(name: str) -> Format:
    """How an operation is written. Raises WireError."""
    if name in OPERATIONS:
        return OPERATIONS[name]
    if re.fullmatch(r"op\d+", name):
        return Format(int(name[2:]), "sequence")
    known = ", ".join((*OPERATIONS, *ANSWERS, *MESSAGES))
    raise WireError(f"{name!r} is no operation: one of {known} or op99 expected")


def component(name: str, fields: Mapping[str, Value]) -> bytes:
    """A component. Raises WireError."""
    invoke = element(INTEGER, pack("invoke", fields.get("invoke", 0)))
    match name:
        case "result":
            body = b""
            if "of" in fields:
                inner = element(INTEGER, pack("of", fields["of"]))
                if "digits" in fields:
                    inner += field(0, pack("digits", fields["digits"]))
                body = element(SEQUENCE, inner)
            return element(RESULT, invoke + body)
        case "error":
            code = element(INTEGER, pack("code", fields.get("code", "taskRefused")))
            return element(ERROR, invoke + code + _given(fields, "errorArgument"))
        case "reject":
            if fields.get("invoke") == "hex:":
                invoke = b"\x05\x00"
            return element(REJECT, invoke + pack("problem", fields.get("problem", "invoke 1")))
    form = format_of(name)
    head = invoke
    if "linked" in fields:
        head += field(0, pack("linked", fields["linked"]))
    head += element(INTEGER, integer(form.code))
    argument = _given(fields, "argument") if "argument" in fields else _argument(form, fields)
    return element(INVOKE, head + argument)


def _given(fields: Mapping[str, Value], name: str) -> bytes:
    return pack(name, fields[name]) if name in fields else b""


def _argument(form: Format, fields: Mapping[str, Value]) -> bytes:
    given = _with_information(fields)
    known = {name: given[name] for name in form.parameters if name in given}
    body = b""
    for name, value in {**known, **given}.items():
        if name in form.parameters:
            tag, kind, constructed = form.parameters[name]
            contents = parameters.pack(kind, value)
            body += (
                contents
                if form.wrapping == "octets"
                else field(tag, contents, constructed=constructed)
            )
        elif re.fullmatch("0x[0-9a-f]{2,4}", name):
            body += element(int(name, 16), pack(name, value))
    match form.wrapping:
        case "sequence":
            return element(SEQUENCE, body)
        case "choice":
            return body
        case "octets":
            return element(OCTETS, body)
        case "null":
            return b"\x05\x00"
        case _:
            return body


def _with_information(fields: Mapping[str, Value]) -> dict[str, Value]:
    """What is inside the information of an event put into it."""
    found = dict(fields)
    if "eventCause" not in fields and "connectTime" not in fields:
        return found
    event = number_of(pack("eventTypeBCSM", fields["eventTypeBCSM"]))
    body = b""
    for name in ("eventCause", "connectTime"):
        if name in fields:
            body += field(_DERIVED[name].tag, pack(name, fields[name]))
    inner = field(INFORMATION_OF[event], body, constructed=True)
    found["eventSpecificInformation"] = f"hex:{inner.hex()}"
    return found


def read_component(octets: bytes) -> tuple[str, dict[str, bytes]]:
    """The name and the parts of a component. Raises WireError."""
    ((tag, body),) = elements(octets)
    parts = elements(body)
    if not parts:
        raise WireError(f"{octets.hex()}: a component without an identifier")
    found = {"invoke": parts[0][1] if parts[0][0] == INTEGER else b""}
    match tag:
        case 0xA1:
            return _read_invoke(parts[1:], found)
        case 0xA2:
            _read_result(parts[1:], found)
            return "result", found
        case 0xA3:
            found["code"] = parts[1][1]
            if len(parts) > 2:
                found["errorArgument"] = element(*parts[2])
            return "error", found
        case 0xA4:
            found["problem"] = element(*parts[1])
            return "reject", found
    raise WireError(f"{octets.hex()}: no component")


def _read_result(parts: list[tuple[int, bytes]], found: dict[str, bytes]) -> None:
    if not parts:
        return
    inner = elements(parts[0][1])
    found["of"] = inner[0][1]
    for tag, contents in inner[1:]:
        found["digits" if tag_number(tag) == 0 else f"0x{tag:02x}"] = contents


def _read_invoke(
    parts: list[tuple[int, bytes]], found: dict[str, bytes]
) -> tuple[str, dict[str, bytes]]:
    if parts and parts[0][0] == 0x80:
        found["linked"] = parts.pop(0)[1]
    if not parts:
        raise WireError("an invocation of nothing")
    code = number_of(parts[0][1])
    name = OPERATION_NAMES.get(code, f"op{code}")
    form = OPERATIONS.get(name, Format(code, "sequence"))
    if len(parts) > 1:
        _read_argument(form, parts[1], found)
    if name == "EventReportBCSM":
        found.setdefault("miscCallInfo", _BY_REQUEST)
    return name, found


def _read_argument(form: Format, argument: tuple[int, bytes], found: dict[str, bytes]) -> None:
    names = {one.tag: name for name, one in form.parameters.items()}
    match form.wrapping:
        case "octets":
            found[names[0]] = argument[1]
            return
        case "null":
            return
        case "choice":
            parts = [argument]
        case _:
            parts = elements(argument[1])
    for tag, contents in parts:
        found[names.get(tag_number(tag), f"0x{tag:02x}")] = contents
    if "eventSpecificInformation" in found:
        for _, inner in elements(found["eventSpecificInformation"]):
            for tag, contents in elements(inner):
                found["connectTime" if tag_number(tag) else "eventCause"] = contents
    for _, one in elements(found.get("requestedInformation", b"")):
        (_, kind), (_, value) = elements(one)
        found[f"information_{number_of(kind)}"] = elements(value)[0][1]


class Inap:
    """The messages of INAP; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        if name in MESSAGES:
            return bytes((MESSAGES[name],))
        return pack("tc", fields.get("tc", "continue")) + component(name, fields)

    def read(self, octets: bytes) -> Read:
        if len(octets) == 1:
            return Read(_MESSAGE_NAMES.get(octets[0], f"0x{octets[0]:02x}"), 0, {})
        name, parts = read_component(octets[1:])
        return Read(name, 0, {"tc": octets[:1], **parts})

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        if name in MESSAGES:
            known: tuple[str, ...] = (*OF_DIALOGUES, "invoke")
        elif name in ANSWERS:
            known = (*ENVELOPE, *OF_DIALOGUES, "digits")
        else:
            known = (*ENVELOPE, *OF_DIALOGUES, *format_of(name).parameters, *_DERIVED)
        for key, value in fields.items():
            if key not in known and not re.fullmatch("0x[0-9a-f]{2,4}", key):
                raise WireError(f"{name}: {key}: one of {', '.join(known)} expected")
            pack(key, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        if parameter in _ANY_KIND:
            return parameters.mismatch(parameter, _ANY_KIND[parameter], contents, value)
        if contents == pack(parameter, value):
            return ""
        return f"{parameter} {self._told(parameter, contents)}, not {value}"

    def _told(self, parameter: str, contents: bytes) -> str:
        match parameter:
            case "code":
                return _ERROR_NAMES.get(number_of(contents), contents.hex())
            case "problem":
                return f"{_PROBLEM_NAMES.get(contents[0], '')} {contents[-1]}"
            case "tc":
                return _MESSAGE_NAMES.get(contents[0], contents.hex()).lower()
            case "context":
                return contents.decode("ascii", "replace")
            case _:
                return contents.hex()

    def ordinary(self, name: str, like: Read) -> bytes:
        """With the same identifier, in the same TCAP message; of parameters those that it has."""
        fields = as_fields(like)
        kept = {key: value for key, value in fields.items() if key in ("tc", "invoke")}
        if name in OPERATIONS:
            form = OPERATIONS[name]
            kept |= {key: value for key, value in fields.items() if key in form.parameters}
        return self.build(name, 0, kept)


INAP = Inap()
