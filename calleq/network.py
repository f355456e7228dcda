"""Wiring, and nothing else: reads a topology and builds every element in one visible place.

A `Plant` is what elements stand on: clock, journal, the wires between them, voice. `build_network`
puts the elements of one process onto it; which plant it is (real time in one process or in many, or
the virtual clock) makes no difference to any element.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from calleq import __version__
from calleq.accounts.accounts import Accounts
from calleq.accounts.authenticator import Authenticator
from calleq.accounts.keeping import Keeping
from calleq.door.door import Door
from calleq.equipment.service import EquipmentService
from calleq.gateway.gateway import Gateway
from calleq.guards import CallGuards
from calleq.intake.contract import Beside
from calleq.intake.intake import Intake
from calleq.ip_peripheral.service import IntelligentPeripheral
from calleq.journal.contract import Journal
from calleq.journal.entries import Stamped, Started, by_entity
from calleq.network_callers import equipments_of, group_between, last_seizures, voip_of
from calleq.network_charging import Charged
from calleq.network_doors import Buses, build_doors, decides_here, restart_doors
from calleq.network_fronts import build_feeder, build_fronts
from calleq.network_gateways import build_gateways
from calleq.network_nodes import build_signalling
from calleq.network_plant import Plant
from calleq.network_services import resource_of
from calleq.relay import Authority, FrontDoor
from calleq.relay.feeding import Feeder
from calleq.scp.service import ControlPoint
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.links import LinkEnd
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.service import SccpNode
from calleq.ssp.switch import SwitchService
from calleq.telephones.house import Telephones
from calleq.topology import (
    Topology,
    element_names,
)
from calleq.topology_doors import doors_of
from calleq.topology_types import TELEPHONES as TELEPHONES
from calleq.units import MILLISECOND_US

BOOT_US = 250 * MILLISECOND_US
"""Computers dial so long after the start: signalling links have passed their tests by then."""


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
    """By the name of the element whose door on the internet it is; beside the access server also
    those of elements in other processes, which have fronts there."""
    fronts: dict[str, FrontDoor] = field(default_factory=dict)
    """By the name of their element, where the access server is in another process."""
    authority: Authority | None = None
    """What decides for fronts of other processes."""
    feeder: Feeder | None = None
    """Tells the authority in another process of the journal here."""
    accounts: Accounts | None = None
    """Of all doors; None where there is none."""
    beside: Beside = field(default_factory=Beside)
    """What stands beside all doors."""
    guards: CallGuards | None = None
    authenticator: Authenticator | None = None
    """Who asks, at all doors; None where there is none."""
    keeping: Keeping | None = None
    """Writes what changes in the accounts; None where there is no door."""
    intake: Intake | None = None
    """Of the access server, or another of those here, which share their lists."""
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
        if self.keeping is not None:
            self.keeping.restore(entries)
        restart_doors(self.doors.values(), self.beside, entries)
        for front in self.fronts.values():
            front.start()
        if self.feeder is not None:
            self.feeder.start()
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
    signalling = build_signalling(topology, plant, chosen)
    network.nodes, network.exchanges = signalling.nodes, signalling.exchanges
    network.sccp, network.link_ends = signalling.sccp, signalling.link_ends
    chosen -= played
    decides = all(decides_here(topology, plant, chosen, plan) for plan in doors_of(topology))
    inner = not plant.life or decides
    buses = Buses(topology, plant.bus, plant.clock, plant.tap, inner=inner)
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


def _build_doors(network: Network, plant: Plant, buses: Buses, chosen: frozenset[str]) -> None:
    topology = network.topology
    doors = build_doors(topology, plant, buses, chosen)
    network.doors, network.beside = doors.by_element, doors.beside
    network.accounts, network.keeping = doors.accounts, doors.keeping
    network.authenticator = doors.authenticator
    network.guards, network.charged = doors.guards, doors.charged
    if doors.accounts is not None:
        registry = doors.accounts.registry
        for switch in network.switches.values():
            switch.know_owners(lambda number: registry.owner_of(number) is not None)
    network.authority = doors.authority
    network.fronts = build_fronts(topology, plant, chosen)
    network.feeder = build_feeder(topology, plant, chosen)
    network.server = doors.by_element.get(topology.access_server.name)
    network.intake = next(iter(doors.intakes.values()), None)
