"""The service lines of the INAP bench: 800 translations end to end, and calls made by an SCP.

A translation is everything between a switch's question and its knowing what to do: InitialDP and
the dialogue's begin out, through a transfer point, the SCP's rules, RequestReportBCSMEvent and
Connect back, decoded; then the report that the party answered, and the dialogue's end. The call
that all this is about is left out.

A customer-first call is measured where its other costs are, in a run of the simulator, once made by
the peripheral and once by an SCP; what a run costs without calls is taken off.
"""

import subprocess
import sys
import time

import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.scp.freephone import Freephone
from calleq.scp.platform import ServicePlatform
from calleq.ss7.inap.arguments import Connect, EventReportBCSM, InitialDP
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.dialogue import Conversation, Invoked
from calleq.ss7.inap.errors import Version
from calleq.ss7.inap.values import EventTypeBCSM, MessageType, MiscCallInfo, receiving
from calleq.ss7.isup.optional_types import UserService
from calleq.ss7.isup.values import CalledNumber, CallingNumber
from calleq.ss7.links import InProcessLink
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap.contract import ContinueIndication, EndIndication, Event
from calleq.ss7.tcap.entity import Entity
from calleq.ss7.transfer_point import TransferPoint
from calleq.topology import FreephoneNumber, RoutingRule, Share
from calleq.units import SECOND_US

ROUNDS = 3
TRANSLATIONS = 2_000
BATCH = 100
"""Questions under way at once."""
CALLS = 1_500
SWITCH, MIDDLE, POINT = 1_000, 1_001, 1_002
SSN = 241
ANSWERED = EventReportBCSM(
    EventTypeBCSM.O_ANSWER, receiving(2), misc_call_info=MiscCallInfo(MessageType.NOTIFICATION)
)


class _Asker:
    """A switch as far as it asks: every answer is decoded, every call is answered."""

    def __init__(self, clock: VirtualClock, node: Mtp3Node) -> None:
        self.connected = 0
        self.ended = 0
        self._entity = Entity(clock, SccpNode(node, clock), SSN, self)
        self._address = PartyAddress(ssn=SSN, point_code=SWITCH)
        self._far = PartyAddress(ssn=SSN, point_code=POINT)
        self._conversations: dict[int, Conversation] = {}

    def ask(self) -> None:
        """A telephone has dialled an 800 number."""
        conversation = Conversation(Version.CS1)
        question = InitialDP(
            service_key=800,
            called_party_number=CalledNumber("18005550199"),
            calling_party_number=CallingNumber("12125550100"),
            calling_partys_category=10,
            bearer_capability=UserService(0),
            event_type_bcsm=EventTypeBCSM.ANALYSED_INFORMATION,
        )
        number = self._entity.begin(
            self._far,
            self._address,
            (conversation.invoke(self._entity.free_invoke_id(), question),),
            context=Context.CS1_SSP_TO_SCP.identifier,
        )
        self._conversations[number] = conversation

    def dialogue_event(self, event: Event, now_us: int) -> None:
        """See `DialogueUser`."""
        if isinstance(event, ContinueIndication):
            conversation = self._conversations[event.dialogue]
            for component in event.components:
                said = conversation.read(component)
                if isinstance(said, Invoked) and isinstance(said.argument, Connect):
                    self.connected += 1
            invoke_id = self._entity.free_invoke_id(event.dialogue)
            self._entity.continue_(event.dialogue, (conversation.invoke(invoke_id, ANSWERED),))
        elif isinstance(event, EndIndication):
            del self._conversations[event.dialogue]
            self.ended += 1


def measure(command: str) -> list[Figure]:
    """Every figure of services that the documents name."""
    peripheral_us, point_us, assisted_us = (
        call_us(equipment) for equipment in ("ip-76", "scp-1", "scp-2")
    )
    return [
        Figure(
            "800 translations, end to end", translations_per_second(), "per CPU second", command
        ),
        Figure("customer-first call by the peripheral", peripheral_us, "us CPU", command),
        Figure("customer-first call by an SCP", point_us, "us CPU", command),
        Figure("SCP over peripheral", point_us / peripheral_us, "times", command),
        Figure(
            "customer-first call by an SCP, bridged in the peripheral",
            assisted_us,
            "us CPU",
            command,
        ),
        Figure("... over peripheral", assisted_us / peripheral_us, "times", command),
    ]


def translations_per_second() -> float:
    """Of the best round, so that other programs on the machine do not count."""
    clock = VirtualClock()
    switch, point = Mtp3Node("switch", SWITCH, clock), Mtp3Node("scp", POINT, clock)
    middle = TransferPoint("middle", MIDDLE, clock)
    _link(switch, middle, clock)
    _link(middle, point, clock)
    switch.set_route(POINT, (MIDDLE,))
    point.set_route(SWITCH, (MIDDLE,))
    share = Share(numbers=("+12125550143", "+12125550144"))
    service = FreephoneNumber(
        number="+18005550199", zone="America/New_York", rules=(RoutingRule(shares=(share,)),)
    )
    platform = ServicePlatform(clock, SccpNode(point, clock), SSN, POINT)
    platform.services[service.service_key] = Freephone([service], clock, "1")
    asker = _Asker(clock, switch)
    clock.advance_us(60 * SECOND_US)
    best = float("inf")
    for _ in range(ROUNDS):
        before, started = asker.ended, time.process_time()
        for _ in range(TRANSLATIONS // BATCH):
            for _ in range(BATCH):
                asker.ask()
            clock.advance_us(SECOND_US // 10)
        best = min(best, time.process_time() - started)
        if asker.ended - before != TRANSLATIONS or asker.connected != asker.ended:
            raise RuntimeError(f"{asker.ended - before} of {TRANSLATIONS} were translated")
    return TRANSLATIONS / best


def _link(one: Mtp3Node, other: Mtp3Node, clock: VirtualClock) -> None:
    link = InProcessLink((one.name, other.name), clock, NoTap(), 0)
    one.attach(link.end(one.name), other.point_code)
    other.attach(link.end(other.name), one.point_code)


class _Run(msgspec.Struct, frozen=True):
    """What is read of a run's result."""

    cpu_s: float


def call_us(equipment: str) -> float:
    """CPU microseconds of one call that this equipment makes, and of all elements it crosses."""
    whole, none = (
        min(_run(equipment, calls) for _ in range(rounds)) for calls, rounds in ((CALLS, 2), (1, 1))
    )
    return (whole - none) / (CALLS - 1) * SECOND_US


def _run(equipment: str, calls: int) -> float:
    options = ("--calls", str(calls), "--seed", "1", "--equipment", equipment, "--json")
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", "run", *options], capture_output=True, check=False
    )
    if done.returncode:
        raise CommandError(f"calleq-sim failed: {done.stderr.decode().strip()}")
    return msgspec.json.decode(done.stdout, type=_Run).cpu_s
