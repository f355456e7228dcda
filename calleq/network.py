"""Wiring, and nothing else: reads a topology and builds every element in one visible place.

A `Plant` is what elements stand on: clock, journal, the wires between them, voice. `build_network`
puts the elements of one process onto it; which plant it is (real time in one process or in many, or
the virtual clock) makes no difference to any element.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from calleq import __version__
from calleq.accounts.accounts import Accounts
from calleq.accounts.passwords import PasswordVerifier
from calleq.charging import DeckMemory
from calleq.door.door import Door
from calleq.equipment.contract import Factory
from calleq.equipment.service import EquipmentService
from calleq.gateway.gateway import Gateway
from calleq.intake.contract import Beside
from calleq.intake.intake import Intake
from calleq.ip_peripheral.service import IntelligentPeripheral
from calleq.journal.contract import Journal
from calleq.journal.entries import Stamped, Started, by_entity
from calleq.lines.contract import LinePlant
from calleq.media.contract import Voice
from calleq.media.recorder import RecordingPlace
from calleq.network_callers import equipments_of, group_between, last_seizures, voip_of
from calleq.network_charging import Charged, Observe, charging_of
from calleq.network_doors import Buses, DoorGround, build_doors
from calleq.network_gateways import SipGround, build_gateways
from calleq.network_routes import isup_timers, set_routes, set_ways_out, trunks_of
from calleq.network_services import resource_of, sccp_plans
from calleq.osn.contract import Bus
from calleq.runtime.clock import Clock
from calleq.runtime.tap import Tap
from calleq.scp.service import ControlPoint
from calleq.ss7.isup.check_equipment import VoiceChecks
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.level3.screening import screening_of
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import LinkEnd
from calleq.ss7.m3ua.ends import AdaptedEnd
from calleq.ss7.m3ua.network import tell_each_other
from calleq.ss7.mtp3 import MessageTransfer
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.service import SccpNode, SignallingNetwork
from calleq.ss7.transfer_point import TransferPoint
from calleq.ss7.variant import variant_of
from calleq.ssp.switch import SwitchService
from calleq.telephones.behaviours import TALK_US, Manners
from calleq.telephones.diary import Diary
from calleq.telephones.house import Telephones
from calleq.topology import (
    SignallingLink,
    Topology,
    element_names,
    parse_point_code,
)
from calleq.topology_mtp3 import timers_us
from calleq.units import MILLISECOND_US

TELEPHONES = "telephones"

BOOT_US = 250 * MILLISECOND_US
"""Computers dial so long after the start: signalling links have passed their tests by then."""

LinkEnds = Callable[[SignallingLink, frozenset[str]], Mapping[str, LinkEnd]]
"""The ends of a link that lie in this process, by the name of their node."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """What the elements of one process stand on."""

    clock: Clock
    journal: Journal
    bus: Bus
    lines: LinePlant
    voice: Voice
    tap: Tap
    link_ends: LinkEnds
    verifier: PasswordVerifier
    random_bits: Callable[[int], int]
    secret: bytes
    """At least 16 random bytes of this process, for the cache of verified passwords."""
    diary: Diary
    supplied: Mapping[str, dict[str, str]] = field(default_factory=dict)
    """Keys of what businesses supplied, by business and purpose; the voice has them."""
    talk_us: int = TALK_US
    recordings: RecordingPlace | None = None
    """Where calls are recorded; None: none is."""
    manners: Manners | None = None
    """Of the people at the telephones; None: those who talk for `talk_us`."""
    between: Callable[[str, MessageTransfer], MessageTransfer] | None = None
    """What stands between a node of that name and its exchange; None: nothing does."""
    below_sccp: Callable[[str, SignallingNetwork], SignallingNetwork] | None = None
    """What stands between a node of that name and its SCCP; None: nothing does."""
    drivers: Mapping[str, Factory] = field(default_factory=dict)
    """Drivers of equipment by its name, in place of those that the topology names."""
    sip: SipGround | None = None
    """What gateways stand on; None: nobody here speaks SIP, whatever the topology says."""
    observe: Observe | None = None
    """`observe` of the journal; None: calls have no price, whatever the topology says."""
    decks: DeckMemory | None = None
    """Remembers the rate decks that were used; None: nobody does."""


@dataclass(slots=True)
class Network:
    """The elements of one process."""

    topology: Topology
    journal: Journal
    nodes: dict[str, Mtp3Node] = field(default_factory=dict)
    exchanges: dict[str, IsupExchange] = field(default_factory=dict)
    sccp: dict[str, SccpNode] = field(default_factory=dict)
    """Where a network has SCPs: of each node that asks or serves one."""
    link_ends: list[LinkEnd] = field(default_factory=list)
    switches: dict[str, SwitchService] = field(default_factory=dict)
    gateways: dict[str, Gateway] = field(default_factory=dict)
    """By the switch's name."""
    peripherals: dict[str, IntelligentPeripheral] = field(default_factory=dict)
    equipments: dict[str, EquipmentService] = field(default_factory=dict)
    control_points: dict[str, ControlPoint] = field(default_factory=dict)
    doors: dict[str, Door] = field(default_factory=dict)
    """By the name of the element whose door on the internet it is."""
    accounts: Accounts | None = None
    """Of all doors; None where there is none."""
    intake: Intake | None = None
    """The access server's; so is the door."""
    server: Door | None = None
    telephones: Telephones | None = None
    charged: Charged | None = None
    """None where calls have no price."""

    def start(self, entries: Sequence[Stamped] = ()) -> None:
        """Begin work; `entries` is what the process's journal held, for recovery.

        After a restart every circuit is reset, since nobody here knows what it carried (Q.764
        §2.9.3.1); the far exchange clears its calls with cause 31.
        """
        own = by_entity(entries)
        if self.charged is not None:
            self.charged.recover(entries)
        for name, switch in self.switches.items():
            switch.restart(own.get(name, ()))
        for name, peripheral in self.peripherals.items():
            peripheral.close(own.get(name, ()))
        for name in self._writers():
            self.journal.append(name, Started(__version__))
        if entries:
            for name, exchange in self.exchanges.items():
                for trunk in self.topology.trunks:
                    if name in trunk.ends:
                        exchange.reset(trunk.name)
        for name, switch in self.switches.items():
            switch.resume(own.get(name, ()))
        for name, peripheral in self.peripherals.items():
            peripheral.restart(own.get(name, ()))
        for name, equipment in self.equipments.items():
            equipment.restart(own.get(name, ()))
        for name, control in self.control_points.items():
            control.restart(own.get(name, ()))
        for door in self.doors.values():
            door.restart(entries)
        for gateway in self.gateways.values():
            gateway.start()
        if self.telephones is not None:
            self.telephones.start()

    def stop(self) -> None:
        """The process is about to end: what goes on is proved up to now, and nothing released."""
        for switch in self.switches.values():
            switch.stop()
        for peripheral in self.peripherals.values():
            peripheral.stop()
        for gateway in self.gateways.values():
            gateway.stop()

    def _writers(self) -> list[str]:
        """The elements here that write the journal."""
        doors = [door.name for door in self.doors.values()]
        callers = [*self.peripherals, *self.equipments, *self.control_points]
        return [*doors, *self.switches, *callers]

    def lines_lost(self, switch: str) -> None:
        """The wires between a switch and its telephones broke; told in each of their processes."""
        if switch in self.switches:
            self.switches[switch].lines_lost()
        if self.telephones is not None:
            self.telephones.lines_lost(switch)


def point_codes(topology: Topology) -> dict[str, int]:
    """The point code of every signalling node by name."""
    return {
        name: parse_point_code(code, topology.variant)
        for name, code in topology.point_codes().items()
    }


def build_network(
    topology: Topology,
    plant: Plant,
    elements: frozenset[str] | None = None,
    entries: Sequence[Stamped] = (),
    played: frozenset[str] = frozenset(),
) -> Network:
    """Build the named elements (None: all) on the plant; `Network.start` sets them to work.

    Of those that are `played` there is the signalling alone, for somebody else to stand there.
    """
    chosen = frozenset(element_names(topology)) if elements is None else elements
    last = last_seizures(entries)
    network = Network(topology, plant.journal)
    _build_nodes(network, plant, chosen)
    chosen -= played
    buses = Buses(topology, plant.bus, plant.clock, plant.tap)
    for switch in topology.switches:
        if switch.name in chosen:
            network.switches[switch.name] = SwitchService(
                topology,
                switch.name,
                exchange=network.exchanges[switch.name],
                lines=plant.lines,
                voice=plant.voice,
                bus=buses.of(switch.name),
                journal=plant.journal,
                clock=plant.clock,
                last_seizure=last.get(switch.name, 0),
                sccp=network.sccp.get(switch.name),
                recordings=plant.recordings,
            )
    network.gateways = build_gateways(
        topology,
        chosen,
        plant.sip,
        plant.lines,
        plant.clock,
        plant.tap,
        plant.random_bits,
        plant.secret,
    )
    _build_callers(network, plant, buses, chosen, last)
    _build_doors(network, plant, buses, chosen)
    if TELEPHONES in chosen:
        network.telephones = Telephones(
            topology,
            plant.lines,
            plant.voice,
            plant.clock,
            plant.diary,
            talk_us=plant.talk_us,
            isp_number=topology.isp_number,
            manners=plant.manners,
            boot_us=BOOT_US,
        )
    return network


def _build_callers(
    network: Network, plant: Plant, buses: Buses, chosen: frozenset[str], last: Mapping[str, int]
) -> None:
    _build_peripherals(network, plant, buses, chosen, last)
    network.equipments |= equipments_of(
        network.topology,
        chosen,
        network.exchanges,
        plant.voice,
        plant.bus,
        plant.journal,
        plant.clock,
        plant.drivers,
    )
    _build_control_points(network, plant, chosen)


def _build_peripherals(
    network: Network, plant: Plant, buses: Buses, chosen: frozenset[str], last: Mapping[str, int]
) -> None:
    topology = network.topology
    for peripheral in topology.peripherals:
        if peripheral.name in chosen:
            network.peripherals[peripheral.name] = IntelligentPeripheral(
                name=peripheral.name,
                exchange=network.exchanges.get(peripheral.name),
                group=group_between(topology, peripheral.name, peripheral.switch),
                voice=plant.voice,
                bus=buses.of(peripheral.name),
                journal=plant.journal,
                clock=plant.clock,
                number=peripheral.number,
                resource=resource_of(
                    topology,
                    peripheral,
                    network.sccp.get(peripheral.name),
                    plant.voice,
                    plant.journal,
                    plant.clock,
                ),
                recordings=plant.recordings,
                voip=voip_of(
                    topology,
                    peripheral,
                    plant.lines,
                    plant.journal,
                    plant.clock,
                    last.get(peripheral.name, 0),
                ),
            )


def _build_control_points(network: Network, plant: Plant, chosen: frozenset[str]) -> None:
    for point in network.topology.service_control_points:
        if point.name in chosen:
            network.control_points[point.name] = ControlPoint(
                network.topology,
                point,
                sccp=network.sccp[point.name],
                bus=plant.bus,
                journal=plant.journal,
                clock=plant.clock,
            )


def _build_nodes(network: Network, plant: Plant, chosen: frozenset[str]) -> None:
    topology = network.topology
    codes = point_codes(topology)
    timers = Mtp3Timers(**timers_us(topology))
    variant = variant_of(topology)
    for point in topology.transfer_points:
        if point.name in chosen:
            network.nodes[point.name] = TransferPoint(
                point.name,
                codes[point.name],
                plant.clock,
                codes.get(point.mate),
                timers=timers,
                screening=screening_of(point.screening, codes, topology.variant),
                variant=variant,
            )
    relays = {point.name for point in topology.transfer_points}
    controls = {point.name for point in topology.service_control_points}
    silent = {peripheral.name for peripheral in topology.peripherals if not peripheral.switch}
    for name, code in codes.items():
        if name in chosen and name not in relays | silent:
            network.nodes[name] = Mtp3Node(name, code, plant.clock, timers=timers, variant=variant)
    for link in topology.links:
        for name, end in plant.link_ends(link, chosen).items():
            far = link.ends[1] if name == link.ends[0] else link.ends[0]
            network.nodes[name].attach(end, codes[far], link.slc)
            if isinstance(end, AdaptedEnd):
                tell_each_other(network.nodes[name], end, codes[far])
            network.link_ends.append(end)
    plans = sccp_plans(topology)
    for name, node in network.nodes.items():
        if name in plans:
            below = node if plant.below_sccp is None else plant.below_sccp(name, node)
            network.sccp[name] = SccpNode(below, plant.clock, plans[name], variant)
        if isinstance(node, TransferPoint):
            set_ways_out(node, name, topology, codes)
            continue
        set_routes(node, name, topology, codes)
        if name not in controls:
            network.exchanges[name] = IsupExchange(
                name,
                codes[name],
                node if plant.between is None else plant.between(name, node),
                trunks_of(name, topology, codes),
                plant.clock,
                isup_timers(topology),
                VoiceChecks(plant.voice, name),
                variant,
            )


def _build_doors(network: Network, plant: Plant, buses: Buses, chosen: frozenset[str]) -> None:
    topology = network.topology
    accounts = Accounts(topology.businesses, plant.verifier, plant.clock, tag_key=plant.secret)
    beside = Beside()
    if plant.observe is not None and chosen.issuperset(element_names(topology)):
        network.charged = charging_of(
            topology, plant.journal, plant.clock, plant.observe, accounts.business, plant.decks
        )
    if network.charged is not None:
        beside = replace(beside, charging=network.charged.charging)
    ground = DoorGround(
        accounts=accounts,
        journal=plant.journal,
        clock=plant.clock,
        tap=plant.tap,
        random_bits=plant.random_bits,
        supplied=plant.supplied,
        beside=beside,
    )
    doors = build_doors(topology, chosen, buses, ground)
    network.doors, network.accounts = doors.by_element, doors.accounts
    network.server = doors.by_element.get(topology.access_server.name)
    network.intake = doors.intakes.get(topology.access_server.name)
