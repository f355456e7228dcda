"""A node that the scenario plays: an SCP, a switch or a peripheral at the level of its operations.

Its signalling is real: INAP and TCAP in SCCP and MTP3, at the point code of the element that it
stands for; calls that arrive on its circuits are answered at once. What is heard lies in order,
component by component, until a step expects it; nothing that was heard may be left unexpected.
Tests of a dialogue (ActivityTest) are answered by themselves.
"""

from collections import deque
from collections.abc import Sequence

import msgspec

from calleq.network import Network
from calleq.runtime.clock import Clock
from calleq.ss7.inap.arguments import ActivityTest
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.dialogue import Conversation, Failed, Indication, Invoked, Returned
from calleq.ss7.inap.errors import OperationError, Version
from calleq.ss7.inap.operations import OPERATIONS, Result, operation_of
from calleq.ss7.isup.contract import Circuit, CircuitUser, Exchange
from calleq.ss7.isup.messages import Cause, Iam, Message
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import ComponentIndication, ComponentRequest
from calleq.ss7.tcap.contract import (
    BeginIndication,
    CancelIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from simulator.scenarios import steps
from simulator.scenarios.operations import Table, Words, error_of, kind_of
from simulator.scenarios.wording import WordingError

HEARD_LIMIT = 10_000
"""Components that lie at one node, to be expected."""

Heard = Indication | str
"""A component, or how the dialogue ended: `end`, `abort`, `notice`."""


class PlayedError(Exception):
    """What a step wants is not so; the text says what was instead."""


class _Dialogue:
    """One dialogue of the node."""

    def __init__(self, number: int, version: Version, far: int | None = None) -> None:
        self.number = number
        self.far = far
        self.conversation = Conversation(version)
        self.heard: deque[Heard] = deque()
        self.ids: dict[str, int] = {}
        """Invoke identifiers by the names that the scenario gives them."""
        self.is_over = False


class _Callee:
    """Answers a call on a circuit; fulfils `CircuitUser`."""

    def circuit_alerting(self, circuit: Circuit) -> None:
        """Nobody is called from here."""

    circuit_progress = circuit_answered = circuit_cleared = circuit_alerting

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        """Whatever is said of the call, it goes on."""

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        """The caller has gone."""


class PlayedNode:
    """One node; fulfils `DialogueUser`."""

    def __init__(
        self, name: str, network: Network, clock: Clock, subsystem: int, codes: dict[str, int]
    ) -> None:
        """`network` has the element's signalling and nothing above it."""
        self.name = name
        self._clock = clock
        self._codes = codes
        self._subsystem = subsystem
        self._address = PartyAddress(subsystem, codes[name])
        self._dialogues: dict[str, _Dialogue] = {}
        self._by_number: dict[int, _Dialogue] = {}
        self._begun: deque[_Dialogue] = deque()
        self._entity = Entity(clock, network.sccp[name], subsystem, self)
        exchange: Exchange | None = network.exchanges.get(name)
        if exchange is not None:
            exchange.on_set_up(self._called)

    def _called(self, circuit: Circuit, iam: Iam) -> CircuitUser:
        self._clock.call_later_us(0, circuit.progress)
        self._clock.call_later_us(0, circuit.answer)
        return _Callee()

    def unexpected(self) -> list[str]:
        """What was heard and no step has expected."""
        names = {one.number: name for name, one in self._dialogues.items()}
        return [
            f"{self.name}: {_told(heard)} in {names.get(number, 'a dialogue without a name')}"
            " was not expected"
            for number, dialogue in self._by_number.items()
            for heard in dialogue.heard
        ]

    # Sending.

    def send(self, step: steps.Send, words: Words) -> None:
        """Say what the step says. Raises PlayedError, WordingError, TcapError, InapError."""
        if step.to:
            self._begin(step, words)
            return
        dialogue = self._dialogue(step.dialogue)
        components = [
            self._component(table, f"operations[{place}]", dialogue, words)
            for place, table in enumerate(step.operations)
        ]
        match step.message:
            case "continue":
                self._entity.continue_(dialogue.number, components)
            case "end":
                self._entity.end(dialogue.number, components)
            case "abort":
                self._entity.abort(dialogue.number)
        dialogue.is_over = step.message != "continue"

    def _begin(self, step: steps.Send, words: Words) -> None:
        context = Context[step.context.upper()]
        dialogue = _Dialogue(0, context.version)
        components = [
            self._component(table, f"operations[{place}]", dialogue, words, place)
            for place, table in enumerate(step.operations)
        ]
        far = PartyAddress(self._subsystem, self._codes[step.to])
        dialogue.number = self._entity.begin(
            far, self._address, components, context=context.identifier
        )
        self._dialogues[step.dialogue] = self._by_number[dialogue.number] = dialogue

    def _component(
        self, table: Table, where: str, dialogue: _Dialogue, words: Words, number: int | None = None
    ) -> ComponentRequest:
        conversation = dialogue.conversation
        for kind in ("result", "error"):
            if kind in table:
                invoke_id = _id_of(table[kind], dialogue, where)
                if kind == "error":
                    return conversation.error(invoke_id, OperationError(error_of(table, where)))
                return conversation.result(invoke_id, _result(table, where, words))
        argument = words.argument(table, where)
        if number is None:
            number = self._entity.free_invoke_id(dialogue.number)
        dialogue.ids[_name_of(table)] = number
        linked = table.get("linked")
        link = None if linked is None else _id_of(linked, dialogue, where)
        return conversation.invoke(number, argument, linked_id=link)

    # Hearing.

    def has(self, step: steps.Expect) -> bool:
        """Whether there is something to be compared with what the step expects."""
        wanted = len(step.operations) + bool(step.ends)
        known = self._dialogues.get(step.dialogue)
        if step.begins:
            known = self._begun[0] if self._begun else None
        return known is not None and len(known.heard) >= wanted

    def expect(self, step: steps.Expect, words: Words) -> None:
        """Compare what was heard next. Raises PlayedError."""
        if step.begins:
            self._dialogues[step.dialogue] = self._begun.popleft()
        dialogue = self._dialogue(step.dialogue)
        for place, table in enumerate(step.operations):
            heard = dialogue.heard.popleft()
            wrong = "; ".join(_differences(table, heard, dialogue, words, f"operations[{place}]"))
            if wrong:
                raise PlayedError(f"{self.name} heard {_told(heard)}: {wrong}")
            if isinstance(heard, Invoked):
                dialogue.ids[_name_of(table)] = heard.invoke_id
        if step.ends:
            heard = dialogue.heard.popleft()
            if heard != step.ends:
                raise PlayedError(f"{self.name} heard {_told(heard)}, {step.ends} expected")

    def lies(self, step: steps.Expect) -> str:
        """What lies there while something is waited for in vain."""
        known = self._dialogues.get(step.dialogue)
        heard = [] if known is None else [_told(one) for one in known.heard]
        return ", ".join(heard) or "nothing"

    def _dialogue(self, name: str) -> _Dialogue:
        dialogue = self._dialogues.get(name)
        if dialogue is None:
            raise PlayedError(f"{self.name} has no dialogue {name!r} yet")
        return dialogue

    # DialogueUser

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        match event:
            case BeginIndication():
                context = None if event.context is None else context_of(event.context)
                version = Version.CS1 if context is None else context.version
                dialogue = _Dialogue(event.dialogue, version, event.calling.point_code)
                self._by_number[event.dialogue] = dialogue
                self._begun.append(dialogue)
                self._take(dialogue, event.components)
            case ContinueIndication(number, _, _, components):
                self._take(self._by_number[number], components)
            case EndIndication(number, _, _, components):
                self._take(self._by_number[number], components)
                self._ends(number, "end")
            case UserAbortIndication(number) | ProviderAbortIndication(number):
                self._ends(number, "abort")
            case NoticeIndication(number):
                self._ends(number, "notice")
            case CancelIndication() | UnidirectionalIndication():
                """Silence is expected by no step, and nothing of INAP comes without a dialogue."""

    def _ends(self, number: int, how: str) -> None:
        dialogue = self._by_number[number]
        dialogue.heard.append(how)
        dialogue.is_over = True

    def _take(self, dialogue: _Dialogue, components: Sequence[ComponentIndication]) -> None:
        for component in components:
            heard = dialogue.conversation.read(component)
            if isinstance(heard, Invoked) and isinstance(heard.argument, ActivityTest):
                self._entity.continue_(
                    dialogue.number, [dialogue.conversation.result(heard.invoke_id)]
                )
            elif len(dialogue.heard) < HEARD_LIMIT:
                dialogue.heard.append(heard)


def _differences(
    table: Table, heard: Heard, dialogue: _Dialogue, words: Words, where: str
) -> list[str]:
    match heard:
        case Invoked() if "invoke" in table:
            if type(heard.argument) is not kind_of(table, where):
                return [f"{table['invoke']} expected"]
            wrong = list(words.differences(table, heard.argument))
            linked = table.get("linked")
            if linked is not None and heard.linked_id != _id_of(linked, dialogue, where):
                wrong.append(f"linked to {heard.linked_id}, not to {linked}")
            return wrong
        case Returned() if "result" in table:
            if heard.invoke_id != _id_of(table["result"], dialogue, where):
                return [f"a result of {table['result']} expected"]
            told: msgspec.Struct | None = heard.result
            return [] if told is None else list(words.differences(table, told))
        case Failed() if "error" in table:
            if heard.invoke_id != _id_of(table["error"], dialogue, where):
                return [f"an error of {table['error']} expected"]
            wanted = error_of(table, where)
            return [] if heard.error.code is wanted else [f"{wanted.name.lower()} expected"]
        case _:
            return [f"{_wanted(table)} expected"]


def _wanted(table: Table) -> str:
    return ", ".join(f"{key} {table[key]}" for key in ("invoke", "result", "error") if key in table)


def _told(heard: Heard) -> str:
    match heard:
        case str():
            return heard
        case Invoked(_, argument):
            return operation_of(argument).code.name.lower()
        case Returned(_, operation):
            return f"a result of {operation.name.lower()}"
        case Failed(_, operation, error):
            return f"error {error.code.name.lower()} of {operation.name.lower()}"
        case _:
            return type(heard).__name__.lower()


def _name_of(table: Table) -> str:
    """What the scenario calls an operation: its `id`, or the operation's own name."""
    return str(table.get("id", table.get("invoke")))


def _id_of(name: object, dialogue: _Dialogue, where: str) -> int:
    number = dialogue.ids.get(str(name))
    if number is None:
        raise WordingError(f"{where}: no operation of this dialogue is called {name!r}")
    return number


def _result(table: Table, where: str, words: Words) -> Result | None:
    fields = set(table) - {"result"}
    if not fields:
        return None
    kinds = [one.result for one in OPERATIONS.values() if one.result is not None]
    for kind in kinds:
        if fields <= set(kind.__struct_fields__):
            made: Result = words.result(table, kind, where)  # type: ignore[assignment]
            return made
    raise WordingError(f"{where}: no result has {', '.join(sorted(fields))}")
