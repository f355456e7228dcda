"""A message of TCAP as people read it: a short name and its fields in words.

Owns the wording of what TCAP itself says. What a component says to its application, the application
says: `describe` is given it as a name and fields, or shows operation codes and octets.

Octets that are no message are described, too: a trace shows whatever passed.
"""

from collections.abc import Callable

from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import (
    Code,
    ComponentIndication,
    Invoke,
    LocalReject,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import Context, ProviderCause
from calleq.ss7.tcap.messages import (
    Abort,
    Begin,
    Continue,
    Diagnostic,
    DialogueAbort,
    DialoguePortion,
    DialogueRequest,
    DialogueResponse,
    End,
    Message,
    MessageError,
    OtherDialogue,
    Unidirectional,
    UnidirectionalDialogue,
)

Fields = tuple[tuple[str, str], ...]
Application = Callable[[ComponentIndication, Context | None], tuple[str, Fields] | None]
"""What a component says: its name (an operation's) and fields; None where it is not known.

The context is the one that the message itself names, so None in most messages of a dialogue.
"""

_NAMES: dict[type[Message], str] = {
    Unidirectional: "TC-UNI",
    Begin: "TC-BEGIN",
    Continue: "TC-CONTINUE",
    End: "TC-END",
    Abort: "TC-ABORT",
}


def describe(octets: bytes, application: Application | None = None) -> tuple[str, Fields]:
    """Name and (field, text) pairs: the kind and its operations, ids, dialogue, components.

    >>> describe(bytes.fromhex("640d490401020304" "6c05a203020101"))
    ('TC-END', (('destination', '01020304'), ('result 1', '')))
    """
    try:
        message = codec.decode(octets)
    except MessageError as error:
        return "TCAP", (("octets", octets.hex()), ("wrong", str(error)))
    fields: list[tuple[str, str]] = []
    if isinstance(message, Begin | Continue):
        fields.append(("originating", message.originating.hex()))
    if isinstance(message, Continue | End | Abort):
        fields.append(("destination", message.destination.hex()))
    if isinstance(message, Abort) and message.cause is not None:
        fields.append(("cause", _word(ProviderCause, message.cause)))
    context = None
    if message.dialogue is not None:
        context = getattr(message.dialogue, "context", None)
        fields.append(("dialogue", _portion(message.dialogue)))
    names = [_NAMES[type(message)]]
    for component in () if isinstance(message, Abort) else message.components:
        told = None if application is None else application(component, context)
        head, rest = _component(component)
        if told is None:
            fields.append((head, rest))
        else:
            name, more = told
            names.append(name)
            fields.append((head, name))
            fields += more
    return " ".join(names), tuple(fields)


def _component(component: ComponentIndication) -> tuple[str, str]:
    """What sort of component it is, and what else there is to it."""
    match component:
        case Invoke(invoke_id, operation, parameter, linked_id):
            linked = "" if linked_id is None else f" linked to {linked_id}"
            return f"invoke {invoke_id}", f"operation {_code(operation)}{linked}{_hex(parameter)}"
        case ReturnResult(invoke_id, operation, parameter, last):
            head = "result" if last else "part of result"
            of = "" if operation is None else f"operation {_code(operation)}"
            return f"{head} {invoke_id}", of + _hex(parameter)
        case ReturnError(invoke_id, error, parameter):
            return f"error {invoke_id}", f"error {_code(error)}{_hex(parameter)}"
        case Reject(invoke_id, problem):
            return f"reject {'of no id' if invoke_id is None else invoke_id}", _problem(problem)
        case LocalReject(problem=problem, component=octets):
            return "wrong component", f"{_problem(problem)}{_hex(octets)}"


def _portion(portion: DialoguePortion) -> str:
    match portion:
        case DialogueRequest(context, information, version1):
            version = "" if version1 else ", not in version 1"
            return f"request of {_context(context)}{version}{_hex(information)}"
        case DialogueResponse(context, True, _, information):
            return f"acceptance with {_context(context)}{_hex(information)}"
        case DialogueResponse(context, _, diagnostic, information):
            reason = _word(Diagnostic, diagnostic)
            return f"refusal with {_context(context)}, {reason}{_hex(information)}"
        case DialogueAbort(by_provider, information):
            return f"abort by its {'provider' if by_provider else 'user'}{_hex(information)}"
        case UnidirectionalDialogue(context, information):
            return f"none, in {_context(context)}{_hex(information)}"
        case OtherDialogue(contents):
            return contents.hex()


def _context(context: Context) -> str:
    return ".".join(map(str, context))


def _code(code: Code) -> str:
    return str(code) if isinstance(code, int) else ".".join(map(str, code))


def _hex(octets: bytes) -> str:
    return f" {octets.hex()}" if octets else ""


def _problem(problem: int) -> str:
    return _word(Problem, problem)


def _word(kind: type[Problem] | type[ProviderCause] | type[Diagnostic], value: int) -> str:
    """The name of a value, or the number of one that has none."""
    known = value in set(kind)
    return kind(value).name.lower().replace("_", " ") if known else f"{value:#x}"
