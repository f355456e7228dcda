"""One SCP, and a switch that the test plays by hand: octets of TCAP in SCCP over one link."""

from collections import deque
from typing import Any

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.scp.freephone import Freephone
from calleq.scp.platform import DIALOGUES_LIMIT, ServicePlatform
from calleq.ss7.inap.arguments import InitialDP
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.dialogue import Conversation, Failed, Indication, Invoked, Returned
from calleq.ss7.inap.operations import Argument
from calleq.ss7.isup.values import CalledNumber, CallingNumber
from calleq.ss7.links import InProcessLink
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.contract import (
    BeginIndication,
    ContinueIndication,
    EndIndication,
    Event,
    ProviderAbortIndication,
    UserAbortIndication,
)
from calleq.ss7.tcap.entity import Entity
from calleq.topology import FreephoneNumber, RoutingRule, Share
from calleq.units import SECOND_US

SWITCH, POINT, SSN = 1_000, 1_002, 241
FREEPHONE = "+18005550199"
FIRST, SECOND = "+12125550143", "+12125550144"


def question(called: str = FREEPHONE, key: int = 800) -> InitialDP:
    """What a switch asks at a trigger."""
    return InitialDP(
        service_key=key,
        called_party_number=CalledNumber(called[1:]),
        calling_party_number=CallingNumber("12125550100"),
    )


class Dialogue:
    """One dialogue as the switch has it."""

    def __init__(self, scene: "Scene", number: int, context: Context) -> None:
        self.scene = scene
        self.number = number
        self.conversation = Conversation(context.version)
        self.heard: deque[Indication] = deque()
        self.over = ""
        """How it ended: `end`, `abort` or `provider abort`."""

    def say(self, *arguments: Argument, linked_id: int | None = None) -> list[int]:
        """A TC-CONTINUE with these operations; their invoke ids."""
        entity = self.scene.entity
        components = [
            self.conversation.invoke(entity.free_invoke_id(self.number), one, linked_id=linked_id)
            for one in arguments
        ]
        entity.continue_(self.number, components)
        self.scene.passes()
        return [one.invoke_id for one in components]

    def send(self, *components: Any) -> None:
        """A TC-CONTINUE with components as they are."""
        self.scene.entity.continue_(self.number, components)
        self.scene.passes()

    def orders(self) -> list[Argument]:
        """The operations that the SCP has asked for since this was last asked."""
        found = [one.argument for one in self.heard if isinstance(one, Invoked)]
        self.heard.clear()
        return found

    def invoked(self, kind: type[Argument]) -> Invoked:
        """The first operation of that kind that the SCP has asked for."""
        return next(
            one for one in self.heard if isinstance(one, Invoked) and isinstance(one.argument, kind)
        )

    def failures(self) -> list[Failed]:
        return [one for one in self.heard if isinstance(one, Failed)]

    def results(self) -> list[Returned]:
        return [one for one in self.heard if isinstance(one, Returned)]


class Scene:
    """Two nodes and a link between them."""

    def __init__(self, *, dialogues_limit: int = DIALOGUES_LIMIT, **more: Any) -> None:
        self.clock = VirtualClock()
        self.switch = Mtp3Node("switch", SWITCH, self.clock)
        self.point = Mtp3Node("scp", POINT, self.clock)
        self.link = InProcessLink(("switch", "scp"), self.clock, NoTap(), 1_000)
        self.switch.attach(self.link.end("switch"), POINT)
        self.point.attach(self.link.end("scp"), SWITCH)
        self.platform = ServicePlatform(
            self.clock, SccpNode(self.point, self.clock), SSN, POINT, dialogues_limit
        )
        share = Share(numbers=(FIRST, SECOND))
        service = FreephoneNumber(
            number=FREEPHONE, **{"rules": (RoutingRule(shares=(share,)),), **more}
        )
        self.freephone = Freephone([service], self.clock, "1")
        self.platform.services[service.service_key] = self.freephone
        self.entity = Entity(self.clock, SccpNode(self.switch, self.clock), SSN, self)
        self.dialogues: dict[int, Dialogue] = {}
        self.begun: deque[Dialogue] = deque()
        """Opened by the SCP."""
        self.passes(60)

    def passes(self, seconds: float = 0.1) -> None:
        self.clock.advance_us(round(seconds * SECOND_US))

    def asks(self, first: Any = None, context: Context | None = Context.CS1_SSP_TO_SCP) -> Dialogue:
        """The switch opens a dialogue by an operation, or by components as they are."""
        conversation_of = context or Context.CS1_SSP_TO_SCP
        dialogue = Dialogue(self, 0, conversation_of)
        components = first
        if not isinstance(first, tuple):
            components = (dialogue.conversation.invoke(0, first or question()),)
        dialogue.number = self.entity.begin(
            PartyAddress(ssn=SSN, point_code=POINT),
            PartyAddress(ssn=SSN, point_code=SWITCH),
            components,
            context=None if context is None else context.identifier,
        )
        self.dialogues[dialogue.number] = dialogue
        self.passes()
        return dialogue

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        match event:
            case BeginIndication(number, _, _, identifier, _, components):
                context = context_of(identifier or ())
                assert context is not None
                dialogue = self.dialogues[number] = Dialogue(self, number, context)
                self.begun.append(dialogue)
                dialogue.heard += map(dialogue.conversation.read, components)
            case ContinueIndication(number, _, _, components):
                dialogue = self.dialogues[number]
                dialogue.heard += map(dialogue.conversation.read, components)
            case EndIndication(number, _, _, components):
                dialogue = self.dialogues[number]
                dialogue.heard += map(dialogue.conversation.read, components)
                dialogue.over = "end"
            case UserAbortIndication(number):
                self.dialogues[number].over = "abort"
            case ProviderAbortIndication(number):
                self.dialogues[number].over = "provider abort"
            case _:
                pass
