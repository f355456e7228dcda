"""The user of the TCAP under test: it does what a case orders, and remembers what it was told.

An order is a word and a sentence: parts divided by "; ". A part is a context (`cs1`, `cs2`), or a
component as the tester's messages have it, an invoke with the class and the seconds it may take
("invoke 1 20 class 2 for 5").
"""

import re
from collections import deque
from collections.abc import Callable

from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import (
    ComponentIndication,
    ComponentRequest,
    Invocation,
    Invoke,
    LocalReject,
    OperationClass,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.contract import (
    AbortReason,
    BeginIndication,
    CancelIndication,
    Context,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    ProviderCause,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from calleq.units import SECOND_US
from simulator.conformance.language import WireError

CONTEXTS: dict[str, Context] = {
    "cs1": (0, 4, 0, 1, 1, 1, 0, 0),
    "cs2": (0, 4, 0, 1, 21, 3, 4, 0),
}
_CONTEXT_NAMES = {context: name for name, context in CONTEXTS.items()}
HERE = PartyAddress(ssn=241, point_code=1)
THERE = PartyAddress(ssn=241, point_code=2)
ORDERS = (
    "begin",
    "continue",
    "end",
    "prearranged end",
    "abort",
    "refuse",
    "refuse context",
    "unidirectional",
    "cancel",
    "reset timer",
)
_KINDS = {"general": 0x8000, "invoke": 0x8100, "result": 0x8200, "error": 0x8300}
_INVOKE = re.compile(
    r"invoke (?P<id>-?\d+) (?P<code>\d+)( linked (?P<linked>\d+))?( class (?P<kind>[1-4]))?"
    r"( for (?P<for>\d+))?"
)
_ANSWER = re.compile(
    r"(?P<kind>result|part|error) (?P<id>-?\d+)( (?P<code>\d+))?( (?P<parameter>[0-9a-f]{4,}))?"
)
_REJECT = re.compile(r"reject (?P<id>-?\d+) (?P<kind>general|invoke|result|error) (?P<of>\d+)")


class ScriptedUser:
    """The user; fulfils `DialogueUser`."""

    def __init__(self) -> None:
        self.entity: Entity
        """Set by who makes both."""
        self.told: deque[str] = deque()
        """What it was told and no step took yet."""
        self.dialogue = 0
        """The last that was begun, from either side."""
        self.timer_us: int | None = None
        """Of a mutant: how long every invocation waits."""
        self.unheard: str | None = None
        """Of a mutant: events that it does not hear."""

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """Remember it in words."""
        if isinstance(event, BeginIndication):
            self.dialogue = event.dialogue
        told = wording(event)
        if self.unheard is None or not told.startswith(self.unheard):
            self.told.append(told)

    def obey(self, order: str, sentence: str) -> None:
        """Do what is ordered. Raises TcapError, WireError."""
        context, components = parse(sentence)
        if self.timer_us is not None:
            components = [self._altered(one, self.timer_us) for one in components]
        entity, number = self.entity, self.dialogue
        match order:
            case "begin":
                self.dialogue = entity.begin(THERE, HERE, components, context=context)
            case "continue":
                entity.continue_(number, components, context=context)
            case "end":
                entity.end(number, components, context=context)
            case "prearranged end":
                entity.end(number, prearranged=True)
            case "abort":
                entity.abort(number)
            case "refuse":
                entity.abort(number, reason=AbortReason.DIALOGUE_REFUSED)
            case "refuse context":
                entity.abort(number, reason=AbortReason.CONTEXT_NOT_SUPPORTED, context=context)
            case "unidirectional":
                entity.unidirectional(THERE, HERE, components, context=context)
            case "cancel" | "reset timer":
                act: Callable[[int, int], None] = entity.reset_timer
                if order == "cancel":
                    act = entity.cancel
                for one in components:
                    act(number, one.invoke_id or 0)
            case _:
                raise WireError(f"order {order!r}: one of {', '.join(ORDERS)} expected")

    def _altered(self, one: ComponentRequest, timer_us: int) -> ComponentRequest:
        if not isinstance(one, Invocation):
            return one
        return Invocation(
            one.invoke_id,
            one.operation,
            one.parameter,
            one.linked_id,
            one.operation_class,
            timer_us,
        )


def parse(sentence: str) -> tuple[Context | None, list[ComponentRequest]]:
    """The context and the components that a sentence means. Raises WireError."""
    context = None
    components: list[ComponentRequest] = []
    for part in sentence.split("; ") if sentence else ():
        if part in CONTEXTS:
            context = CONTEXTS[part]
        else:
            components.append(_component(part))
    return context, components


def _component(part: str) -> ComponentRequest:
    if found := _INVOKE.fullmatch(part):
        return Invocation(
            int(found["id"]),
            int(found["code"]),
            b"",
            int(found["linked"]) if found["linked"] else None,
            OperationClass(int(found["kind"] or 1)),
            int(found["for"] or 0) * SECOND_US,
        )
    if found := _ANSWER.fullmatch(part):
        number, code = int(found["id"]), int(found["code"]) if found["code"] else None
        parameter = bytes.fromhex(found["parameter"] or "")
        if found["kind"] == "error":
            return ReturnError(number, code or 0, parameter)
        return ReturnResult(number, code, parameter, last=found["kind"] == "result")
    if found := _REJECT.fullmatch(part):
        return Reject(int(found["id"]), _KINDS[found["kind"]] | int(found["of"]))
    raise WireError(f"{part!r}: a context or a component expected")


def wording(event: Event) -> str:
    """An event as cases name it."""
    match event:
        case BeginIndication():
            return _worded("begin", event.context, event.components)
        case ContinueIndication():
            return _worded("continue", event.context, event.components)
        case EndIndication():
            return _worded("end", event.context, event.components)
        case UnidirectionalIndication():
            return _worded("unidirectional", event.context, event.components)
        case UserAbortIndication(reason=reason, context=context):
            words = reason.name.lower().replace("_", " ")
            return _worded(f"abort, {words}", context, ())
        case ProviderAbortIndication(cause=cause):
            known = cause in set(ProviderCause)
            words = ProviderCause(cause).name.lower().replace("_", " ") if known else str(cause)
            return f"provider abort, {words}"
        case CancelIndication(invoke_id=invoke_id):
            return f"cancel {invoke_id}"
        case NoticeIndication():
            return "notice"


def _worded(word: str, context: Context | None, components: tuple[ComponentIndication, ...]) -> str:
    parts = [] if context is None else [_CONTEXT_NAMES.get(context, str(context))]
    parts += [_component_wording(one) for one in components]
    return f"{word}: {'; '.join(parts)}" if parts else word


def _component_wording(component: ComponentIndication) -> str:
    match component:
        case Invoke(invoke_id, operation, _, linked_id):
            linked = "" if linked_id is None else f" linked {linked_id}"
            return f"invoke {invoke_id} {operation}{linked}"
        case ReturnResult(invoke_id, last=last):
            return f"{'result' if last else 'part'} {invoke_id}"
        case ReturnError(invoke_id, error):
            return f"error {invoke_id} {error}"
        case Reject(invoke_id, problem):
            return f"reject {_problem(invoke_id, problem)}"
        case LocalReject(invoke_id, problem):
            return f"local reject {_problem(invoke_id, problem)}"


def _problem(invoke_id: int | None, problem: int) -> str:
    kinds = {tag: kind for kind, tag in _KINDS.items()}
    number = "null" if invoke_id is None else str(invoke_id)
    return f"{number} {kinds[problem & 0xFF00]} {problem & 0xFF}"
