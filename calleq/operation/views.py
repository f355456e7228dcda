"""What an operator is shown of a process: its exchanges, circuits, links and alarms."""

from collections.abc import Iterable

import msgspec

from calleq.network import Network
from calleq.ss7.isup.alarms import Alarm
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.snapshots import CircuitSnapshot, GroupSnapshot
from calleq.ss7.links import LinkEnd
from calleq.units import utc_text

LINK_OUT = "link out of service"


class AlarmView(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm that stands."""

    element: str
    kind: str
    subject: str
    circuits: tuple[int, ...] = ()
    text: str = ""
    since: str = ""
    """RFC 3339, UTC; empty where nobody has noted it."""


class GroupView(msgspec.Struct, frozen=True, kw_only=True):
    """One trunk group as one of its exchanges sees it."""

    exchange: str
    group: str
    far: str
    idle: int
    busy: int
    reset: int
    blocked: int


class LinkView(msgspec.Struct, frozen=True, kw_only=True):
    """One end of a signalling link."""

    link: str
    node: str
    far: str
    in_service: bool
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


class StatusView(msgspec.Struct, frozen=True):
    """A process at one moment."""

    groups: list[GroupView]
    links: list[LinkView]
    alarms: list[AlarmView]
    counters: dict[str, dict[str, int]]
    """By exchange, from its start."""


def status_of(network: Network) -> StatusView:
    """The whole process."""
    links = links_of(network.link_ends)
    groups: list[GroupView] = []
    alarms = [
        AlarmView(element=link.node, kind=LINK_OUT, subject=link.link)
        for link in links
        if not link.in_service
    ]
    counters: dict[str, dict[str, int]] = {}
    for name, exchange in network.exchanges.items():
        snapshot = exchange.snapshot()
        groups += [_group(name, group) for group in snapshot.groups]
        alarms += [_alarm(name, alarm) for alarm in snapshot.alarms]
        counters[name] = {
            field: value
            for field in snapshot.__struct_fields__
            if isinstance(value := getattr(snapshot, field), int)
        }
    return StatusView(groups, links, alarms, counters)


def links_of(ends: Iterable[LinkEnd]) -> list[LinkView]:
    """Every end of a link that is of this process."""
    return [
        LinkView(
            link=end.link,
            node=end.near,
            far=end.far,
            in_service=end.in_service,
            congestion=end.congestion,
        )
        for end in ends
    ]


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
    )
