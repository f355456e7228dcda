"""The service platform: dialogues of one SCP, typed, and which service each belongs to.

A `ServiceDialogue` is one TCAP dialogue as a service sees it: operations in, operations out. The
platform opens them for services that call a switch, and gives those that a switch or a resource
opens to the service of their service key, or to who awaits their correlation.

Refused: an application context that nobody opens towards an SCP (abort), a first operation that
belongs to no service (missingCustomerRecord), a component that is wrong (the answer of the
standard). Bounded: TCAP's dialogues, and what waits until a far end has answered a begin.

Odd cases: until a switch has answered a begin, nothing may be sent to it, so it waits. What could
not be delivered ends the dialogue, here at least: an SCP has no second way to the same call. A
long call has nothing to say for hours, so every dialogue is tested now and then (ActivityTest), and
with that the switch is told to go on waiting where it does (ResetTimer).
"""

from collections.abc import Callable
from typing import Protocol, assert_never

from calleq.runtime.clock import Clock, Timer
from calleq.ss7.inap.arguments import (
    ActivityTest,
    AssistRequestInstructions,
    InitialDP,
    PlayAnnouncement,
    ResetTimer,
)
from calleq.ss7.inap.contexts import Context, context_of
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
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.components import ComponentIndication, ComponentRequest, Invocation
from calleq.ss7.tcap.contract import (
    AbortReason,
    BeginIndication,
    CancelIndication,
    ContinueIndication,
    EndIndication,
    Event,
    NoticeIndication,
    ProviderAbortIndication,
    TcapError,
    UnidirectionalIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from calleq.units import MINUTE_US

DIALOGUES_LIMIT = 10_000
"""At once: three times the calls that a switch's board and the shipped trunks carry, and more."""
WAITING_LIMIT = 64
"""Components that wait for the far end's first answer."""
ACTIVITY_US = 4 * MINUTE_US
"""How often a dialogue is tested: more than twice while it may be idle, and before a switch that
waits for the end of an interaction has waited for too long (Tssf, 5 minutes)."""
PLAYING_US = 30 * MINUTE_US
"""How long music may play, and a resource still say what became of it: as long as "long" timers of
operations may be (ETS 300 374-1 §10)."""
WAIT_S = 600
"""How long such a switch is to wait from then on."""

_OPENED_HERE = frozenset(
    {
        Context.CS1_SSP_TO_SCP,
        Context.CS2_SSF_SCF_GENERIC,
        Context.CS1_ASSIST_HANDOFF_SSP_TO_SCP,
        Context.CS1_IP_TO_SCP,
        Context.CS2_SSF_SCF_ASSIST_HANDOFF,
        Context.CS2_SRF_SCF,
    }
)
"""Contexts that a switch or a resource may open towards an SCP."""


class DialogueOwner(Protocol):
    """The service that a dialogue belongs to. It is told `dialogue_over` once, last."""

    def told(self, indication: Invoked | Returned | Failed | Rejected) -> None:
        """The far end says something."""

    def dialogue_over(self, lost: bool) -> None:
        """The far end has ended the dialogue, or (`lost`) it came to an end by a fault."""


class Service(Protocol):
    """What answers a begin of the network."""

    def begun(self, dialogue: "ServiceDialogue", first: Invoked) -> DialogueOwner | None:
        """Take a dialogue with its first operation; None: it is not for this service."""


class ServiceDialogue:
    """One dialogue; requests after its end do nothing."""

    def __init__(self, platform: "ServicePlatform", number: int, version: Version) -> None:
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


class ServicePlatform:
    """The dialogues of one SCP; fulfils `DialogueUser`."""

    def __init__(
        self,
        clock: Clock,
        sccp: SccpProvider,
        ssn: int,
        point_code: int,
        dialogues_limit: int = DIALOGUES_LIMIT,
    ) -> None:
        """Registers itself as subsystem `ssn`; SccpError where that is taken."""
        self.clock = clock
        self.point_code = point_code
        self.address = PartyAddress(ssn=ssn, point_code=point_code)
        self.services: dict[int, Service] = {}
        """By service key."""
        self.assisting: Service | None = None
        """Who is given dialogues of resources (AssistRequestInstructions)."""
        self.dialogues: dict[int, ServiceDialogue] = {}
        self.refused = 0
        """Components that were wrong."""
        self.unknown = 0
        """Dialogues that belong to no service."""
        self.lost = 0
        """Dialogues that ended by a fault."""
        self._ssn = ssn
        self.entity = Entity(clock, sccp, ssn, self, dialogues_limit=dialogues_limit)

    def __len__(self) -> int:
        """How many dialogues go on."""
        return len(self.dialogues)

    def begin(
        self, point_code: int, context: Context, owner: DialogueOwner, *arguments: Argument
    ) -> ServiceDialogue | None:
        """Open a dialogue with a switch by these operations; None where TCAP has no room.

        Raises InapError for an argument that does not fit its grammar.
        """
        return self.begin_as(None, point_code, context, owner, *arguments)

    def begin_as(
        self,
        number: int | None,
        point_code: int,
        context: Context,
        owner: DialogueOwner,
        *arguments: Argument,
    ) -> ServiceDialogue | None:
        """As `begin`, under a transaction id that was kept for it (`Entity.reserve_number`)."""
        dialogue = ServiceDialogue(self, 0, context.version)
        dialogue.owner = owner
        dialogue.begins()
        far = PartyAddress(ssn=self._ssn, point_code=point_code)
        components = dialogue.components(*arguments)
        try:
            begun = self.entity.begin(
                far, self.address, components, context=context.identifier, number=number
            )
        except TcapError:
            return None
        dialogue.has_begun(begun)
        self.dialogues[begun] = dialogue
        return dialogue

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        if isinstance(event, UnidirectionalIndication):
            self.unknown += 1
            return
        if isinstance(event, BeginIndication):
            self._begun(event)
            return
        dialogue = self.dialogues.get(event.dialogue)
        if dialogue is None:
            return  # ended here in this instant
        match event:
            case ContinueIndication():
                dialogue.hear(event.components)
            case EndIndication():
                dialogue.listen(event.components)
                dialogue.finish(lost=False)
            case UserAbortIndication() | ProviderAbortIndication():
                self._lost(dialogue)
            case NoticeIndication():
                dialogue.abort()
                self._lost_owner(dialogue)
            case CancelIndication():
                self._not_answered(dialogue, event.invoke_id)
            case _:
                assert_never(event)

    def _lost(self, dialogue: ServiceDialogue) -> None:
        self.lost += 1
        dialogue.finish(lost=True)

    def _lost_owner(self, dialogue: ServiceDialogue) -> None:
        self.lost += 1
        if dialogue.owner is not None:
            dialogue.owner.dialogue_over(True)

    def _not_answered(self, dialogue: ServiceDialogue, invoke_id: int) -> None:
        """No answer in time; a test of the dialogue without answer is its end."""
        if dialogue.is_test(invoke_id):
            dialogue.abort()
            self._lost_owner(dialogue)

    def _begun(self, event: BeginIndication) -> None:
        """The network opens a dialogue."""
        context = Context.CS1_SSP_TO_SCP if event.context is None else context_of(event.context)
        if context not in _OPENED_HERE or context is None:
            self.unknown += 1
            self.entity.abort(event.dialogue, reason=AbortReason.CONTEXT_NOT_SUPPORTED)
            return
        dialogue = ServiceDialogue(self, event.dialogue, context.version)
        self.dialogues[event.dialogue] = dialogue
        if not event.components:
            self._unknown(dialogue)
            return
        first = dialogue.read(event.components[0])
        if isinstance(first, Refused):
            self.refused += 1
            dialogue.forget()
            answer = [] if first.answer is None else [first.answer]
            self.entity.end(event.dialogue, answer)
            return
        self._give(dialogue, first)
        dialogue.listen(event.components[1:])

    def _give(self, dialogue: ServiceDialogue, first: Indication) -> None:
        if not isinstance(first, Invoked):
            self._unknown(dialogue)
            return
        service: Service | None = None
        match first.argument:
            case InitialDP():
                service = self.services.get(first.argument.service_key)
            case AssistRequestInstructions():
                service = self.assisting
            case _:
                pass
        owner = None if service is None else service.begun(dialogue, first)
        if dialogue.is_over:
            return
        if owner is None:
            self.unknown += 1
            dialogue.refuse(first.invoke_id, ErrorCode.MISSING_CUSTOMER_RECORD)
            return
        dialogue.owner = owner
        dialogue.watch()

    def _unknown(self, dialogue: ServiceDialogue) -> None:
        self.unknown += 1
        dialogue.abort()
