"""One dialogue of an SCP as a service sees it: operations in, operations out.

Owns what waits until a far end has answered a begin, the answers to components that are wrong, and
the tests of a dialogue that has nothing to say: a long call is silent for hours, so it is tested
now and then (ActivityTest), and with that the switch is told to go on waiting where it does
(ResetTimer). Which service a dialogue belongs to is the platform's to say.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.inap.arguments import ActivityTest, PlayAnnouncement, ResetTimer
from calleq.ss7.inap.dialogue import (
    Conversation,
    Failed,
    Indication,
    Invoked,
    Refused,
    Rejected,
    Returned,
)
from calleq.ss7.inap.errors import ErrorCode, OperationError, Version
from calleq.ss7.inap.operations import Argument, OperationCode
from calleq.ss7.tcap.components import ComponentIndication, ComponentRequest, Invocation
from calleq.ss7.tcap.contract import TcapError
from calleq.ss7.tcap.entity import Entity
from calleq.units import MINUTE_US

WAITING_LIMIT = 64
"""Components that wait for the far end's first answer."""
ACTIVITY_US = 4 * MINUTE_US
"""How often a dialogue is tested: more than twice while it may be idle, and before a switch that
waits for the end of an interaction has waited for too long (Tssf, 5 minutes)."""
WAIT_S = 600
"""How long such a switch is to wait from then on."""
PLAYING_US = 30 * MINUTE_US
"""How long music may play, and a resource still say what became of it: as long as "long" timers of
operations may be (ETS 300 374-1 §10)."""


class DialogueOwner(Protocol):
    """The service that a dialogue belongs to. It is told `dialogue_over` once, last."""

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """The far end says something."""

    def dialogue_over(self, lost: bool) -> None:
        """The far end has ended the dialogue, or (`lost`) it came to an end by a fault."""


class Platform(Protocol):
    """What a dialogue needs of the platform that it is one of."""

    clock: Clock
    entity: Entity
    dialogues: "dict[int, ServiceDialogue]"
    refused: int


class ServiceDialogue:
    """One dialogue; requests after its end do nothing."""

    def __init__(self, platform: Platform, number: int, version: Version) -> None:
        self.number = number
        """Its transaction id at this end."""
        self.owner: DialogueOwner | None = None
        self.is_over = False
        self._platform = platform
        self._conversation = Conversation(version)
        self._is_begun = True
        self._is_answered = True
        self._waiting: list[ComponentRequest] = []
        self._activity: Timer | None = None
        self.waits: Callable[[], tuple[ResetTimer, ...]] = tuple
        """Where the switch waits for the SCP, and is to go on with it."""

    @property
    def version(self) -> Version:
        """The capability set whose operations may be said."""
        return self._conversation.version

    def components(self, *arguments: Argument) -> list[ComponentRequest]:
        """The operations as components, each with an invoke id of its own.

        Raises InapError for an argument that does not fit its grammar.
        """
        entity = self._platform.entity
        if not self._is_begun:
            return [self._invocation(place, one) for place, one in enumerate(arguments)]
        return [self._invocation(entity.free_invoke_id(self.number), one) for one in arguments]

    def _invocation(self, invoke_id: int, argument: Argument) -> Invocation:
        long_us = PLAYING_US if isinstance(argument, PlayAnnouncement) else None
        return self._conversation.invoke(invoke_id, argument, timer_us=long_us)

    def say(self, *arguments: Argument) -> list[int]:
        """Send operations in one message; their invoke ids, none where the dialogue is over."""
        if self.is_over:
            return []
        try:
            components = self.components(*arguments)
        except TcapError:  # every invoke id is in use: nobody has answered for very long
            self.finish(lost=True)
            return []
        self.send(components)
        return [one.invoke_id for one in components if one.invoke_id is not None]

    def send(self, components: list[ComponentRequest]) -> None:
        """Send components, or let them wait for the far end's first answer."""
        if self.is_over:
            return
        if not self._is_answered:
            room = WAITING_LIMIT - len(self._waiting)
            self._waiting += components[:room]
            return
        try:
            self._platform.entity.continue_(self.number, components)
        except TcapError:
            self.finish(lost=True)

    def end(self, *arguments: Argument) -> None:
        """Send operations and end the dialogue; the owner is not told."""
        if self.is_over:
            return
        self.forget()
        try:
            if self._is_answered:
                self._platform.entity.end(self.number, self.components(*arguments))
            else:
                self._platform.entity.abort(self.number)
        except TcapError:
            return  # it has come to its end in this instant

    def abort(self) -> None:
        """Give the dialogue up; the owner is not told."""
        if not self.is_over:
            self.forget()
            try:
                self._platform.entity.abort(self.number)
            except TcapError:
                return  # it has come to its end in this instant

    # Of the platform.

    def begins(self) -> None:
        """It is to be begun here: nothing more may be sent before it is answered."""
        self._is_begun = self._is_answered = False

    def has_begun(self, number: int) -> None:
        """It has a transaction id."""
        self._is_begun = True
        self.number = number

    def hear(self, components: tuple[ComponentIndication, ...]) -> None:
        """The far end has sent something; say what had to wait."""
        if not self._is_answered:
            self._is_answered = True
            self.watch()
            waiting, self._waiting = self._waiting, []
            if waiting:
                self.send(waiting)
        self.listen(components)

    def listen(self, components: tuple[ComponentIndication, ...]) -> None:
        """Tell the owner what the components say; answer those that are wrong."""
        answers: list[ComponentRequest] = []
        for component in components:
            indication = self._conversation.read(component)
            if isinstance(indication, Refused):
                self._platform.refused += 1
                if indication.answer is not None:
                    answers.append(indication.answer)
            else:
                self.tell(indication)
        if answers:
            self.send(answers)

    def read(self, component: ComponentIndication) -> Indication:
        """What a first component says."""
        return self._conversation.read(component)

    def tell(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """Tell the owner; the platform's own tests are its own affair."""
        if isinstance(indication, Invoked) and isinstance(indication.argument, ActivityTest):
            self.send([self._conversation.result(indication.invoke_id)])
        elif isinstance(indication, Returned) and self.is_test(indication.invoke_id):
            return
        elif self.owner is not None and not self.is_over:
            self.owner.told(indication)

    def is_test(self, invoke_id: int) -> bool:
        """Whether an operation of this end was a test of the dialogue."""
        return self._conversation.operation(invoke_id) is OperationCode.ACTIVITY_TEST

    def refuse(self, invoke_id: int, code: ErrorCode) -> None:
        """Answer a first operation with an error, and end the dialogue."""
        self.forget()
        error = self._conversation.error(invoke_id, OperationError(code))
        self._platform.entity.end(self.number, [error])

    def watch(self) -> None:
        """Test the dialogue after some time."""
        self._activity = self._platform.clock.call_later_us(ACTIVITY_US, self._test)

    def _test(self) -> None:
        self.watch()
        self.say(ActivityTest(), *self.waits())

    def finish(self, lost: bool) -> None:
        """It is over; tell the owner."""
        if not self.is_over:
            self.forget()
            if self.owner is not None:
                self.owner.dialogue_over(lost)

    def forget(self) -> None:
        """It is over."""
        self.is_over = True
        if self._activity is not None:
            self._activity.cancel()
        self._platform.dialogues.pop(self.number, None)
