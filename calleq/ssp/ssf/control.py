"""The switch's end of one dialogue with an SCP: what is to be said is gathered, then sent together.

Owns the order of a dialogue (Q.771): who was asked answers before it says more, who asks says
nothing until it is answered. What several legs bring about in one instant leaves as one message. A
dialogue that TCAP has given up meanwhile is told to whoever wants to speak in it.
"""

from calleq.ss7.inap.arguments import InitialDP
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.dialogue import error, invoke, result
from calleq.ss7.inap.errors import OperationError, Version
from calleq.ss7.inap.operations import Argument, Result
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import ComponentRequest
from calleq.ss7.tcap.contract import TcapError
from calleq.ss7.tcap.entity import Entity

QUEUE_LIMIT = 64
"""Components that wait for their message; more is an SCP that does not let the switch speak."""


class Control:
    """One dialogue."""

    def __init__(
        self, entity: Entity, version: Version, *, dialogue: int = 0, control_point: int = 0
    ) -> None:
        """`dialogue` is that of an SCP which has asked; 0: the switch begins one."""
        self.version = version
        self.dialogue = dialogue
        self.control_point = control_point
        """The SCP's point code, where it is known."""
        self.transaction = 0
        """The SCP's own identifier of the dialogue, where it has begun it."""
        self.persists = False
        """Lives until the SCP ends it, with or without call segments."""
        self._entity = entity
        self._waiting: list[ComponentRequest] = []
        self._is_to_answer = dialogue != 0
        self._is_heard = dialogue != 0
        """Whether the SCP has said something, so that the switch may say more."""
        self._used: set[int] = set()

    def begin(self, argument: InitialDP, to: PartyAddress, context: Context) -> bool:
        """Ask an SCP; False where TCAP cannot."""
        entity = self._entity
        try:
            component = invoke(entity.free_invoke_id(), argument, self.version)
            self.dialogue = entity.begin(
                to, entity.address, (component,), context=context.identifier
            )
        except TcapError:
            return False
        self.control_point = to.point_code or 0
        return True

    def heard(self) -> None:
        """The SCP has said something."""
        self._is_heard = True

    @property
    def is_heard(self) -> bool:
        """Whether the SCP has ever said something in this dialogue."""
        return self._is_heard

    @property
    def has_something_to_say(self) -> bool:
        """Whether `flush` would send."""
        return self._is_heard and (self._is_to_answer or bool(self._waiting))

    def invoke(self, argument: Argument, linked_id: int | None = None) -> None:
        """Say this with the next message; what finds no place is dropped."""
        try:
            invoke_id = self._free_invoke_id()
            component = invoke(invoke_id, argument, self.version, linked_id)
        except TcapError:
            return
        self._used.add(invoke_id)
        self._say(component)

    def _free_invoke_id(self) -> int:
        """One that is neither outstanding nor waits to be sent."""
        first = self._entity.free_invoke_id(self.dialogue)
        if first not in self._used:
            return first
        taken = self._used
        found = next((one for one in range(first + 1, first + QUEUE_LIMIT) if one not in taken), 0)
        return found if found < 128 else first

    def result(self, invoke_id: int, code: int, outcome: Result | None) -> None:
        """Answer an operation."""
        self._say(result(invoke_id, code, outcome, self.version))

    def error(self, invoke_id: int, wrong: OperationError) -> None:
        """Answer an operation that was not carried out."""
        self._say(error(invoke_id, wrong))

    def answer(self, component: ComponentRequest) -> None:
        """Answer as INAP wants it answered."""
        self._say(component)

    def _say(self, component: ComponentRequest) -> None:
        if len(self._waiting) < QUEUE_LIMIT:
            self._waiting.append(component)

    def flush(self) -> bool:
        """Send what has been gathered; False where the dialogue is no more."""
        components, self._waiting = tuple(self._waiting), []
        self._used.clear()
        self._is_to_answer = False
        try:
            self._entity.continue_(self.dialogue, components)
        except TcapError:
            return False
        return True

    def end(self) -> None:
        """End the dialogue, with what has been gathered; one that was never answered is aborted."""
        if not self._is_heard:
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
