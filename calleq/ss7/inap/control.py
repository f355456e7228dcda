"""A switch's or a resource's end of one dialogue with an SCP: what is said is gathered, then sent.

Owns the order of a dialogue (Q.771): who was asked answers before it says more, who asks says
nothing until it is answered. What several legs bring about in one instant leaves as one message. A
dialogue that TCAP has given up meanwhile is told to whoever wants to speak in it.
"""

import contextlib
from collections.abc import Callable, Iterable

from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.dialogue import Conversation, Indication, Invoked
from calleq.ss7.inap.errors import InapError, OperationError, Version
from calleq.ss7.inap.operations import Argument, OperationCode, Result, operation_of
from calleq.ss7.inap.refusals import OperationRefused, said_by
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import ComponentIndication, ComponentRequest
from calleq.ss7.tcap.contract import TcapError
from calleq.ss7.tcap.entity import Entity

QUEUE_LIMIT = 64
"""Components that wait for their message; more is an SCP that does not let anybody speak."""


class Control:
    """One dialogue."""

    def __init__(
        self,
        entity: Entity,
        address: PartyAddress,
        version: Version,
        *,
        dialogue: int = 0,
        control_point: int = 0,
    ) -> None:
        """`address` is this end's. `dialogue` is one that an SCP has begun; 0: none yet."""
        self.version = version
        self.dialogue = dialogue
        self.control_point = control_point
        """The SCP's point code."""
        self.persists = False
        """Lives until the SCP ends it, with or without call segments."""
        self.is_heard = dialogue != 0
        """Whether the SCP has said something, so that more may be said to it."""
        self.transaction = 0
        """The SCP's own identifier of the dialogue; 0: it has not said one."""
        self.unsaid = 0
        self._entity = entity
        self._address = address
        self._conversation = Conversation(version)
        self._waiting: list[ComponentRequest] = []
        self._is_to_answer = dialogue != 0

    def begin(self, argument: Argument, to: PartyAddress, context: Context) -> bool:
        """Ask an SCP; False where TCAP cannot. May be done again where the first is not there."""
        entity = self._entity
        try:
            invoke_id = entity.free_invoke_id()
            component = self._conversation.invoke(invoke_id, argument)
            self.dialogue = entity.begin(
                to, self._address, (component,), context=context.identifier
            )
        except (TcapError, InapError):
            return False
        self.control_point = to.point_code or 0
        return True

    def read(self, components: Iterable[ComponentIndication]) -> list[Indication]:
        """What the SCP says."""
        self.is_heard = True
        if not self.transaction:
            with contextlib.suppress(TcapError):  # it is over already, with these components
                self.transaction = self._entity.far_id(self.dialogue)
        return [self._conversation.read(component) for component in components]

    @property
    def has_something_to_say(self) -> bool:
        """Whether `flush` would send."""
        return self.is_heard and (self._is_to_answer or bool(self._waiting))

    def invoke(self, argument: Argument, linked_id: int | None = None) -> None:
        """Say this with the next message; what TCAP or INAP has no place for is lost (`unsaid`)."""
        try:
            invoke_id = self._entity.free_invoke_id(self.dialogue)
            component = self._conversation.invoke(invoke_id, argument, linked_id=linked_id)
        except (TcapError, InapError):
            self.unsaid += 1
            return
        self.say(component)

    def result(self, invoke_id: int, outcome: Result | None) -> None:
        """Answer an operation."""
        self.say(self._conversation.result(invoke_id, outcome))

    def error(self, invoke_id: int, wrong: OperationError) -> None:
        """Answer an operation that was not carried out."""
        self.say(self._conversation.error(invoke_id, wrong))

    def carry_out(
        self, invoked: Invoked, execute: Callable[[int, Argument], Result | None]
    ) -> None:
        """Have an operation carried out by `execute`, and answer it as its class wants it.

        `execute` takes the invoke id and the argument; it raises OperationRefused. What is
        collected of a party is answered later, by whoever has collected it.
        """
        operation = operation_of(invoked.argument)
        try:
            outcome = execute(invoked.invoke_id, invoked.argument)
        except OperationRefused as refused:
            if operation.kind in (1, 2):
                self.error(invoked.invoke_id, said_by(refused.error, operation.errors))
            return
        later = operation.code == OperationCode.PROMPT_AND_COLLECT_USER_INFORMATION
        if operation.kind in (1, 3) and not later:
            self.result(invoked.invoke_id, outcome)

    def say(self, component: ComponentRequest) -> None:
        """Send a component with the next message."""
        if len(self._waiting) < QUEUE_LIMIT:
            self._waiting.append(component)
        else:
            self.unsaid += 1

    def owe(self) -> None:
        """Send a message soon, whether or not there is more to say."""
        self._is_to_answer = True

    def flush(self) -> bool:
        """Send what has been gathered; False where the dialogue is no more."""
        components, self._waiting = tuple(self._waiting), []
        self._is_to_answer = False
        try:
            self._entity.continue_(self.dialogue, components)
        except TcapError:
            return False
        return True

    def end(self) -> None:
        """End the dialogue, with what has been gathered; one that was never answered is aborted."""
        if not self.is_heard:
            self.abort()
            return
        components, self._waiting = tuple(self._waiting), []
        try:
            self._entity.end(self.dialogue, components)
        except TcapError:
            return  # there is nothing left to be ended

    def abort(self) -> None:
        """Give the dialogue up."""
        self._waiting = []
        try:
            self._entity.abort(self.dialogue)
        except TcapError:
            return  # there is nothing left to be given up
