"""Figure 1 with two service control points that the test plays by hand, at the level of TCAP.

Everything between is real: INAP and TCAP octets in SCCP and MTP3, over the links and through the
transfer points, on the virtual clock.
"""

from collections import deque
from collections.abc import Sequence
from typing import Any

import msgspec

from calleq.journal.entries import Entry
from calleq.ss7.inap.arguments import EventReportBCSM, RequestReportBCSMEvent
from calleq.ss7.inap.contexts import Context, context_of
from calleq.ss7.inap.dialogue import (
    Conversation,
    Failed,
    Indication,
    Invoked,
    Rejected,
    Returned,
)
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.operations import Argument, Result
from calleq.ss7.inap.values import BcsmEvent, DpCriteria, EventTypeBCSM, MonitorMode, sending
from calleq.ss7.isup.messages import CalledNumber
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.values import PartyAddress
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
from calleq.ssp.ssf.switching import ServiceSwitching
from calleq.topology import (
    ServiceControlPoint,
    SignallingLink,
    Topology,
    Trigger,
    load_topology,
    parse_point_code,
)
from calleq.units import SECOND_US
from simulator.world import without_services
from tests.virtual import QUIET_US, VirtualNetwork

SSN = 241
FREEPHONE = "+18005550199"
LIBERAL = "+18005550177"
"""A freephone number whose calls go on as dialled where no SCP answers."""
SERVICE = 800

_E = EventTypeBCSM


def with_control_points(topology: Topology | None = None, **trigger: Any) -> Topology:
    """The network with two SCPs on both transfer points, and triggers on 800 numbers."""
    topology = without_services(topology or load_topology())
    points = (
        ServiceControlPoint(name="scp-82", numeral="82", point_code="2-82-1", mate="scp-84"),
        ServiceControlPoint(name="scp-84", numeral="84", point_code="2-84-1", mate="scp-82"),
    )
    links = tuple(
        SignallingLink(ends=(point.name, stp)) for point in points for stp in ("stp-68", "stp-70")
    )
    first: dict[str, Any] = {"called": ("+1800",), **trigger}
    triggers = (
        Trigger(service_key=SERVICE, control_point="scp-82", **first),
        Trigger(
            service_key=SERVICE + 1,
            control_point="scp-82",
            called=(LIBERAL,),
            default="continue",
        ),
    )
    return msgspec.structs.replace(
        topology,
        service_control_points=points,
        links=(*topology.links, *links),
        triggers=triggers,
    )


class Dialogue:
    """One dialogue as the SCP has it."""

    def __init__(self, point: "ControlPoint", number: int, version: Version) -> None:
        self.point = point
        self.number = number
        self.conversation = Conversation(version)
        self.heard: deque[Indication] = deque()
        self.log: list[str] = []
        """Names of everything heard, in order; END and ABORT in capitals."""
        self.over = ""

    def take(self, components: Sequence[Any]) -> None:
        for component in components:
            said = self.conversation.read(component)
            self.heard.append(said)
            self.log.append(name_of(said))

    def invocations(self, arguments: Sequence[Argument]) -> list[Any]:
        entity = self.point.entity
        return [
            self.conversation.invoke(entity.free_invoke_id(self.number), argument)
            for argument in arguments
        ]

    def say(self, *arguments: Argument) -> list[int]:
        """A TC-CONTINUE with these operations; their invoke identifiers."""
        components = self.invocations(arguments)
        self.point.entity.continue_(self.number, components)
        return [component.invoke_id for component in components]

    def end(self, *arguments: Argument) -> None:
        self.point.entity.end(self.number, self.invocations(arguments))

    def abort(self) -> None:
        self.point.entity.abort(self.number)

    # What was heard.

    def waits(self, seconds: float = 60) -> None:
        """Until the switch says something."""
        end_us = self.point.network.clock.monotonic_us() + round(seconds * SECOND_US)
        while not self.heard:
            assert self.point.network.clock.monotonic_us() < end_us, self.log
            self.point.network.clock.advance_us(SECOND_US // 20)

    def next(self, kind: type[Any]) -> Any:
        """The argument of the next invocation, which is of that kind."""
        said = self.heard.popleft()
        assert isinstance(said, Invoked), said
        assert isinstance(said.argument, kind), said.argument
        return said.argument

    def next_error(self) -> ErrorCode:
        said = self.heard.popleft()
        assert isinstance(said, Failed), said
        return said.error.code

    def next_result(self) -> Result | None:
        said = self.heard.popleft()
        assert isinstance(said, Returned), said
        return said.result

    def event(self) -> tuple[EventTypeBCSM, int, int | None]:
        """The next report, when it comes: event, leg, cause."""
        self.waits()
        report = self.next(EventReportBCSM)
        information = report.information
        cause = None if information is None or information.cause is None else information.cause
        return (
            report.event_type_bcsm,
            report.leg_id.leg,
            None if cause is None else cause.value,
        )


def name_of(said: Indication) -> str:
    match said:
        case Invoked(_, argument):
            return type(argument).__name__
        case Failed(_, _, error):
            return f"error {error.code.name}"
        case Returned(_, operation):
            return f"result {operation.name}"
        case Rejected(_, _, problem):
            return f"reject {problem:#x}"
        case _:
            return f"refused {said.reason}"


class ControlPoint:
    """An SCP without any service: the test says what it says."""

    def __init__(self, network: VirtualNetwork, name: str) -> None:
        topology = network.topology
        self.network = network
        code = next(
            parse_point_code(point.point_code)
            for point in topology.service_control_points
            if point.name == name
        )
        switches = tuple(parse_point_code(one.point_code) for one in topology.switches)
        self.sccp = SccpNode(
            network.network.nodes[name],
            network.clock,
            SccpPlan(
                watched=tuple(RemoteSubsystem(one, SSN) for one in switches), concerned=switches
            ),
        )
        self.address = PartyAddress(SSN, code)
        self.entity = Entity(network.clock, self.sccp, SSN, self)
        self.dialogues: dict[int, Dialogue] = {}
        self.begun: deque[Dialogue] = deque()
        self.silent = False

    def dialogue_event(self, event: Event, now_us: int) -> None:
        match event:
            case BeginIndication():
                context = None if event.context is None else context_of(event.context)
                assert context is not None
                dialogue = Dialogue(self, event.dialogue, context.version)
                self.dialogues[event.dialogue] = dialogue
                self.begun.append(dialogue)
                dialogue.take(event.components)
            case ContinueIndication(number, _, _, components):
                self.dialogues[number].take(components)
            case EndIndication(number, _, _, components):
                dialogue = self.dialogues[number]
                dialogue.take(components)
                dialogue.log.append("END")
                dialogue.over = "end"
            case UserAbortIndication(number) | ProviderAbortIndication(number):
                self.dialogues[number].log.append("ABORT")
                self.dialogues[number].over = "abort"
            case NoticeIndication(number):
                self.dialogues[number].log.append("NOTICE")
            case CancelIndication() | UnidirectionalIndication():
                pass

    def asked(self) -> Dialogue:
        """The dialogue of a question that has just come."""
        return self.begun.popleft()

    def begin(self, switch: str, *arguments: Argument, version: Version = Version.CS2) -> Dialogue:
        """Open a dialogue with a switch, to dial."""
        code = parse_point_code(
            next(one.point_code for one in self.network.topology.switches if one.name == switch)
        )
        context = Context.CS2_SCF_SSF_GENERIC if version is Version.CS2 else Context.CS1_SCP_TO_SSP
        dialogue = Dialogue(self, 0, version)
        components = [
            dialogue.conversation.invoke(number, argument)
            for number, argument in enumerate(arguments)
        ]
        dialogue.number = self.entity.begin(
            PartyAddress(SSN, code), self.address, components, context=context.identifier
        )
        self.dialogues[dialogue.number] = dialogue
        return dialogue


class Scene(VirtualNetwork):
    """The network with its control points, and the verbs of a call flow."""

    def __init__(self, topology: Topology | None = None, **more: Any) -> None:
        super().__init__(topology or with_control_points(), **more)
        self.scp = ControlPoint(self, "scp-82")
        self.mate = ControlPoint(self, "scp-84")
        self.passes(0.1)

    def passes(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND_US))

    def dials(self, telephone: str, number: str) -> None:
        telephones = self.network.telephones
        assert telephones is not None
        telephones.dial(telephone, number)

    def services(self, switch: str) -> ServiceSwitching:
        services = self.network.switches[switch].services
        assert services is not None
        return services

    def state(self, telephone: str) -> str:
        telephones = self.network.telephones
        assert telephones is not None
        return telephones.telephone(telephone).state.value

    def answers(self, telephone: str) -> None:
        """Until whoever is at the telephone has answered."""
        for _ in range(600):
            if self.calls(telephone) and self.calls(telephone)[-1].answered is not None:
                break
            self.passes(0.05)
        self.passes(0.2)

    def cause_told(self, telephone: str) -> int:
        """With what cause the network ended the telephone's last call; 0: not yet."""
        ended = self.calls(telephone)[-1].ended
        return 0 if ended is None else ended.cause

    def written(self, switch: str, kind: type[Entry]) -> list[Any]:
        return [
            one.entry
            for one in self.journal.entries
            if one.entity == switch and isinstance(one.entry, kind)
        ]

    def is_over(self) -> None:
        """Everything ends by itself, and nothing is left of it anywhere."""
        self.clock.advance_us(QUIET_US)
        self.assert_at_rest()
        for name, switch in self.network.switches.items():
            assert switch.calls_in_progress == self._calls_at_rest.get(name, 0), name
            assert len(self.services(name)) == 0, name
            assert len(self.services(name)._entity) == 0, name
        for point in (self.scp, self.mate):
            assert len(point.entity) == 0

    @property
    def _calls_at_rest(self) -> dict[str, int]:
        """Computers that are on-line are calls in progress."""
        return {"ssp-62": 1, "ssp-66": 1}


def number_of(number: str) -> tuple[CalledNumber, ...]:
    """A destination, as an operation names it."""
    return (CalledNumber(number[1:]),)


def arm(
    *events: EventTypeBCSM,
    leg: int | None = None,
    mode: MonitorMode = MonitorMode.INTERRUPTED,
    no_answer_s: int | None = None,
) -> RequestReportBCSMEvent:
    """Arm these events."""
    leg_id = None if leg is None else sending(leg)
    return RequestReportBCSMEvent(
        tuple(
            BcsmEvent(
                event,
                mode,
                leg_id,
                DpCriteria(application_timer_s=no_answer_s)
                if no_answer_s is not None and event in (_E.O_NO_ANSWER, _E.T_NO_ANSWER)
                else None,
            )
            for event in events
        )
    )
