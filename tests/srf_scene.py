"""An SCP that the test plays by hand sends parties to the peripheral, and commands it.

The network is that of `ssf_scene`: every octet crosses links and transfer points. An `Assisted`
party has two dialogues: that of its leg with the switch, that of the resource with the peripheral.
"""

from typing import Any

from calleq.ip_peripheral.srf import ResourceFunction
from calleq.ss7.inap.arguments import (
    ActivityTest,
    AssistRequestInstructions,
    DisconnectForwardConnection,
    EstablishTemporaryConnection,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReceivedInformation,
    ReleaseCall,
)
from calleq.ss7.inap.digits import digits_of
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo, MessageText
from calleq.ss7.inap.octets import address, bcd
from calleq.ss7.inap.operations import Argument
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.ss7.isup.messages import Cause
from calleq.ss7.isup.optional_types import GenericDigits
from calleq.ss7.sccp.address_codec import encode_address
from calleq.units import SECOND_US
from tests.ssf_scene import Dialogue, Scene
from tests.test_ssf_made_legs import dials
from tests.virtual import number

A, B, C = number("00"), number("43"), number("44")
CONFERENCE = "100042"
"""The first SCP of the topology, and a conference."""
ASSIST = "12125559"


def play(text: str | int, *, forbidden: bool = True, report: bool = True, **more: Any) -> Argument:
    """An announcement; numbers are recorded messages."""
    message = MessageText(text) if isinstance(text, str) else text
    return PlayAnnouncement(InbandInfo(message, **more), forbidden, report)


def collect(
    maximum: int, text: str | None = None, *, forbidden: bool = True, **more: Any
) -> PromptAndCollectUserInformation:
    """Digits, after or during a prompt."""
    prompt = None if text is None else InbandInfo(MessageText(text))
    return PromptAndCollectUserInformation(CollectedDigits(maximum, **more), forbidden, prompt)


class Assisted:
    """A party at the peripheral."""

    def __init__(self, scene: "SrfScene", telephone: str, leg: Dialogue, assist: Dialogue) -> None:
        self.scene = scene
        self.telephone = telephone
        self.leg = leg
        self.assist = assist

    def say(self, *arguments: Argument) -> list[int]:
        return self.assist.say(*arguments)

    def hears(self) -> set[str]:
        return self.scene.hears(self.telephone)

    def presses(self, keys: str) -> None:
        telephones = self.scene.network.telephones
        assert telephones is not None
        telephones.press(self.telephone, keys)

    def reply(self) -> str:
        """The digits that the peripheral has collected, when it has."""
        self.assist.waits()
        result = self.assist.next_result()
        assert isinstance(result, ReceivedInformation)
        assert isinstance(result.response, GenericDigits)
        return digits_of(result.response)

    def parts(self) -> None:
        """The SCP takes the party away from the peripheral."""
        self.leg.say(DisconnectForwardConnection())

    def goes(self) -> None:
        """The SCP lets the party go."""
        self.leg.end(ReleaseCall(Cause(16)))


class SrfScene(Scene):
    """The network, and the verbs of a call flow with the peripheral."""

    @property
    def resource(self) -> ResourceFunction:
        resource = self.network.peripherals["ip-76"].resource
        assert resource is not None
        return resource

    def sends(self, leg: Dialogue, correlation: str, scf: bytes | None = None) -> None:
        """The switch is to connect a party with the peripheral."""
        leg.say(EstablishTemporaryConnection(address(ASSIST), bcd(correlation), scf_id=scf))

    def answered(self, telephone: str = A) -> Dialogue:
        """A party that has been called and is at the telephone."""
        leg = dials(self, telephone, Version.CS1)
        assert leg.event() == (EventTypeBCSM.O_ANSWER, 1, None)
        return leg

    def asked_about(self, correlation: str) -> Dialogue:
        """The peripheral's question."""
        for _ in range(40):
            if self.scp.begun:
                break
            self.passes(0.05)
        assist = self.scp.asked()
        question = assist.next(AssistRequestInstructions)
        assert question.correlation_id.number.digits == correlation
        return assist

    def joined(
        self, telephone: str = A, place: str = "1", conference: str = CONFERENCE
    ) -> Assisted:
        """A party that the SCP has taken, and has nothing played to."""
        party = self.assisted(telephone, place, conference)
        party.say(ActivityTest())
        self.passes(0.2)
        assert party.assist.next_result() is None
        return party

    def assisted(
        self, telephone: str = A, place: str = "1", conference: str = CONFERENCE
    ) -> Assisted:
        """A party that the peripheral has asked about and nothing has been said of."""
        leg = self.answered(telephone)
        identity = encode_address(self.scp.address)
        self.sends(leg, conference + place, identity)
        return Assisted(self, telephone, leg, self.asked_about(conference + place))

    def is_over(self) -> None:
        super().is_over()
        assert len(self.resource) == 0
        assert self.resource.dialogues == 0


def scene(talk_s: int = 600) -> SrfScene:
    """The network with people who have time."""
    return SrfScene(talk_us=talk_s * SECOND_US)
