"""The service platform: the dialogues of one SCP, and which service each belongs to.

It opens dialogues for services that call a switch, and gives those that a switch or a resource
opens to the service of their service key, or to who awaits their correlation.

Refused: an application context that nobody opens towards an SCP (abort), a first operation that
belongs to no service (missingCustomerRecord), a component that is wrong (the answer of the
standard). Bounded: TCAP's dialogues, and what waits until a far end has answered a begin.

Odd case: what could not be delivered ends the dialogue, here at least: an SCP has no second way to
the same call.
"""

from typing import Protocol, assert_never

from calleq.runtime.clock import Clock
from calleq.scp.dialogue import DialogueOwner, ServiceDialogue
from calleq.ss7.inap.arguments import AssistRequestInstructions, InitialDP
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.dialogue import Indication, Invoked, Refused
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.operations import Argument
from calleq.ss7.sccp.contract import SccpProvider
from calleq.ss7.sccp.values import PartyAddress
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

DIALOGUES_LIMIT = 10_000
"""At once; a call that an SCP makes has one, or two for each party."""
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


class Service(Protocol):
    """What answers a begin of the network."""

    def begun(self, dialogue: "ServiceDialogue", first: Invoked) -> DialogueOwner | None:
        """Take a dialogue with its first operation; None: it is not for this service."""


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
