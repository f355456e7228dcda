"""What an operator is shown of a process: its exchanges, circuits, links and alarms."""

from collections.abc import Iterable
from operator import attrgetter

import msgspec

from calleq.intake.do_not_call import DoNotCallList
from calleq.ip_peripheral.srf import ResourceFunction
from calleq.network import Network
from calleq.network_nodes import point_codes
from calleq.operation.standing import CertificateView, Standing
from calleq.ss7.isup.alarms import Alarm
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.snapshots import CircuitSnapshot, GroupSnapshot
from calleq.ss7.level3.outage_log import Outage
from calleq.ss7.level3.snapshots import LinkState, link_state
from calleq.ss7.node import Mtp3Node
from calleq.ssp.ssf.switching import ServiceSwitching
from calleq.units import utc_text

LINK_OUT = "link out of service"
TRUNK_OUT = "SIP trunk out of service"


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm that stands, or one that stood."""

    element: str
    kind: str
    subject: str
    circuits: tuple[int, ...] = ()
    text: str = ""
    since: str = ""
    """RFC 3339, UTC."""
    until: str = ""
    """... when it was cleared; empty: it stands."""


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """One trunk group as one of its exchanges sees it."""

    exchange: str
    group: str
    far: str
    idle: int
    busy: int
    reset: int
    blocked: int


class NotCalledView(msgspec.Struct, frozen=True):
    """A number that a business must not call."""

    business: str
    number: str
    call: str
    """In which the customer said so; empty: an operator did."""


class NotCalledList(msgspec.Struct, frozen=True):
    """Numbers that businesses must not call."""

    numbers: list[NotCalledView]


def do_not_call_of(listed: DoNotCallList, business: str) -> NotCalledList:
    """The list of a door, of one business or (empty) of all."""
    return NotCalledList(
        [NotCalledView(one.business, one.number, one.call) for one in listed.entries(business)]
    )


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a signalling link."""

    link: str
    node: str
    far: str
    slc: int
    """Its signalling link code among the links to that node."""
    in_service: bool
    state: LinkState
    """As level 3 has it."""
    congestion: int


class CircuitView(msgspec.Struct, frozen=True, kw_only=True):
    """One circuit as one of its exchanges sees it."""

    exchange: str
    group: str
    far: str
    circuit: int
    use: str
    state: str
    blocked_here: tuple[str, ...]
    blocked_remotely: tuple[str, ...]
    unacknowledged: bool
    unequipped: bool
    suspended: bool


class CircuitList(msgspec.Struct, frozen=True):
    """Circuits, by exchange and group."""

    circuits: list[CircuitView]


class ServiceView(msgspec.Struct, frozen=True, kw_only=True):
    """What an element has to do with services: it is an SCP, asks them, or takes their orders."""

    at: str
    part: str
    """`SCP`, `SSF` or `SRF`."""
    in_service: bool
    """Of an SCP: its own subsystem. Of others: whether any SCP can be asked."""
    dialogues: int
    counters: dict[str, int]
    """From its start."""


class StatusView(msgspec.Struct, frozen=True):
    """A process at one moment."""

    groups: list[GroupView]
    links: list[LinkView]
    alarms: list[AlarmView]
    counters: dict[str, dict[str, int]]
    """By exchange, from its start."""
    cleared: list[AlarmView] = []
    """The last alarms that stand no more, by when they were cleared."""
    services: list[ServiceView] = []
    certificates: list[CertificateView] = []
    not_ready: list[str] = []
    """Why no messages should be sent here; empty: they should."""


def status_of(network: Network, standing: Standing | None = None) -> StatusView:
    """The whole process."""
    groups: list[GroupView] = []
    links: list[LinkView] = []
    alarms: list[AlarmView] = []
    cleared: list[AlarmView] = []
    for name, node in network.nodes.items():
        links += links_of(name, node)
        outages = node.management.outages
        alarms += [_outage(name, outage, LINK_OUT) for outage in outages.standing()]
        cleared += [_outage(name, outage, LINK_OUT) for outage in outages.ended]
    for name, gateway in network.gateways.items():
        outages = gateway.watch.outages
        alarms += [_outage(name, outage, TRUNK_OUT) for outage in outages.standing()]
        cleared += [_outage(name, outage, TRUNK_OUT) for outage in outages.ended]
    counters: dict[str, dict[str, int]] = {}
    for name, exchange in network.exchanges.items():
        snapshot = exchange.snapshot()
        groups += [_group(name, group) for group in snapshot.groups]
        alarms += [_alarm(name, alarm) for alarm in snapshot.alarms]
        cleared += [_alarm(name, alarm) for alarm in snapshot.cleared]
        counters[name] = {
            field: value
            for field in snapshot.__struct_fields__
            if isinstance(value := getattr(snapshot, field), int)
        }
    return StatusView(
        groups,
        links,
        alarms,
        counters,
        in_order(cleared),
        services_of(network),
        standing.certificate_views() if standing else [],
        list(standing.view().reasons) if standing else [],
    )


def services_of(network: Network) -> list[ServiceView]:
    """Every SCP of the process, then every switch and every peripheral that asks one."""
    controls = [_control(network, name) for name in network.control_points]
    switches = [
        _switching(network, name, switch.services)
        for name, switch in network.switches.items()
        if switch.services is not None
    ]
    peripherals = [
        _resource(network, name, peripheral.resource)
        for name, peripheral in network.peripherals.items()
        if peripheral.resource is not None
    ]
    return controls + switches + peripherals


def _control(network: Network, name: str) -> ServiceView:
    control, sccp = network.control_points[name], network.sccp[name]
    platform, freephone = control.platform, control.freephone
    return ServiceView(
        at=name,
        part="SCP",
        in_service=sccp.available(sccp.point_code, network.topology.intelligent_network.subsystem),
        dialogues=len(platform),
        counters={
            "translated": freephone.translated,
            "closed": freephone.closed,
            "unknown": platform.unknown,
            "refused": platform.refused,
            "lost": platform.lost,
            "calls": len(control.calling_logic),
        },
    )


def _can_ask(network: Network, name: str) -> bool:
    """Whether a node knows of an SCP that it can ask."""
    topology, sccp = network.topology, network.sccp[name]
    codes = point_codes(topology)
    ssn = topology.intelligent_network.subsystem
    return any(sccp.available(codes[point.name], ssn) for point in topology.service_control_points)


def _resource(network: Network, name: str, resource: ResourceFunction) -> ServiceView:
    return ServiceView(
        at=name,
        part="SRF",
        in_service=_can_ask(network, name),
        dialogues=resource.dialogues,
        counters={"parties": len(resource), "refused": resource.refused_floods},
    )


def _switching(network: Network, name: str, services: ServiceSwitching) -> ServiceView:
    return ServiceView(
        at=name,
        part="SSF",
        in_service=_can_ask(network, name),
        dialogues=len(services),
        counters={
            "asked": services.asked,
            "defaulted": services.defaulted,
            "expired": services.expired,
        },
    )


def in_order(cleared: Iterable[AlarmView]) -> list[AlarmView]:
    """Alarms that stand no more, those that were cleared first before the others."""
    return sorted(cleared, key=attrgetter("until"))


def links_of(name: str, node: Mtp3Node) -> list[LinkView]:
    """Every end of a link at a node, by neighbour and code."""
    return [
        LinkView(
            link=link.name,
            node=name,
            far=link.end.far,
            slc=link.code,
            in_service=link.end.in_service,
            state=link_state(link),
            congestion=link.end.congestion,
        )
        for link in node.point.links()
    ]


def _outage(name: str, outage: Outage, kind: str) -> AlarmView:
    return AlarmView(
        element=name,
        kind=kind,
        subject=outage.link,
        since=utc_text(outage.since_us),
        until="" if outage.until_us is None else utc_text(outage.until_us),
    )


def circuits_of(
    name: str, exchange: IsupExchange, group: str, cics: Iterable[int] | None = None
) -> list[CircuitView]:
    """Circuits of a group. Raises CircuitOrderError."""
    return [_circuit(name, circuit) for circuit in exchange.circuits(group, cics)]


def _circuit(name: str, circuit: CircuitSnapshot) -> CircuitView:
    return CircuitView(
        exchange=name,
        group=circuit.group,
        far=circuit.far,
        circuit=circuit.cic,
        use=circuit.use,
        state=circuit.state,
        blocked_here=circuit.blocked_here,
        blocked_remotely=circuit.blocked_remotely,
        unacknowledged=circuit.unacknowledged,
        unequipped=circuit.unequipped,
        suspended=circuit.suspended,
    )


def _group(name: str, group: GroupSnapshot) -> GroupView:
    return GroupView(
        exchange=name,
        group=group.name,
        far=group.far,
        idle=group.idle,
        busy=group.busy,
        reset=group.reset,
        blocked=group.blocked,
    )


def _alarm(name: str, alarm: Alarm) -> AlarmView:
    return AlarmView(
        element=name,
        kind=alarm.kind.value,
        subject=alarm.subject,
        circuits=alarm.circuits,
        text=alarm.text,
        since=utc_text(alarm.since_us),
        until="" if alarm.until_us is None else utc_text(alarm.until_us),
    )
