"""Kinds of fault that hurt calls made by an SCP: the SCP itself, its links, its dialogues.

`equipment` is the SCP, `host` the switch that makes legs for it. Messages that are troubled are
SCCP's, with whatever components of TCAP they carry.
"""

from random import Random

from calleq.ss7.sccp.values import SERVICE_SCCP
from calleq.topology import Topology
from calleq.units import SECOND_US
from simulator.faults.kinds import KINDS, Kind, Scene, Strike, disk, isolated, restarts
from simulator.faults.outages import FaultError
from simulator.faults.signalling import SignallingRule, SignallingTrouble


def _equipment(scene: Scene) -> str:
    return scene.network.equipment


def _host(scene: Scene) -> str:
    return scene.network.topology.access_server.switch


def _link_fails(scene: Scene, draw: Random) -> bool:
    network = scene.network
    name = draw.choice([name for name in network.links if network.equipment in name])
    try:
        network.fail_link(name)
    except FaultError:
        return False
    return True


def _calls_lost(scene: Scene, draw: Random) -> bool:
    running = scene.network.running(scene.network.equipment)
    if running is None:
        return False
    running.control_points[scene.network.equipment].lose_all()
    return True


def _out_of_service(scene: Scene, draw: Random) -> bool:
    """Its subsystem says so by SCCP management, and is back after 5 s."""
    network = scene.network
    running = network.running(network.equipment)
    if running is None:
        return False
    subsystem = network.topology.intelligent_network.subsystem
    node = running.sccp[network.equipment]
    node.set_in_service(subsystem, False)
    network.clock.call_later_us(5 * SECOND_US, node.set_in_service, subsystem, True)
    return True


def _units(trouble: SignallingTrouble, count: int = 1, *, at_host: bool) -> Strike:
    def strike(scene: Scene, draw: Random) -> bool:
        rule = SignallingRule(
            trouble=trouble,
            exchange=_host(scene) if at_host else scene.network.equipment,
            service=SERVICE_SCCP,
            count=count,
        )
        scene.network.signalling.trouble(rule)
        return True

    return strike


SERVICE_KINDS: tuple[Kind, ...] = (
    Kind("SCP's link", "a signalling link of the SCP fails", _link_fails),
    Kind("SCP isolated", "all signalling links of the SCP fail", isolated(_equipment)),
    Kind("SCP restarts", "the SCP dies for 2 s", restarts(_equipment)),
    Kind("SCP is away", "the SCP dies for 5 min", restarts(_equipment, 300 * SECOND_US)),
    Kind("SCP out", "the SCP's subsystem is out of service for 5 s", _out_of_service),
    Kind("SCP's calls", "the SCP loses the means of its calls", _calls_lost),
    Kind("SCP slow disk", "a flush at the SCP takes 500 ms", disk(_equipment, "slow")),
    Kind("SCP full disk", "the SCP's disk is full: it ends", disk(_equipment, "full")),
    Kind("EIO at SCP", "a flush at the SCP fails: it ends", disk(_equipment, "error")),
    Kind("INAP lost", "the switch does not hear the next message", _units("drop", at_host=True)),
    Kind("INAP all lost", "it does not hear the next 12", _units("drop", 12, at_host=True)),
    Kind("INAP twice", "it hears the next 3 twice", _units("duplicate", 3, at_host=True)),
    Kind("INAP late", "it hears the next one 3 s late", _units("delay", at_host=True)),
    Kind("INAP order", "the next one is overtaken", _units("reorder", at_host=True)),
    Kind("INAP damaged", "one bit is wrong in the next 4", _units("damage", 4, at_host=True)),
    Kind("SCP deaf", "the SCP does not hear the next message", _units("drop", at_host=False)),
    Kind("SCP all deaf", "it does not hear the next 12", _units("drop", 12, at_host=False)),
    Kind("SCP twice", "it hears the next 3 twice", _units("duplicate", 3, at_host=False)),
    Kind("SCP late", "it hears the next one 3 s late", _units("delay", at_host=False)),
    Kind("SCP order", "the next one is overtaken", _units("reorder", at_host=False)),
    Kind("SCP damaged", "one bit is wrong in the next 4", _units("damage", 4, at_host=False)),
)
"""In the order of the matrix, after `kinds.KINDS`."""


def kinds_for(topology: Topology) -> tuple[Kind, ...]:
    """The kinds that can hurt a network's calls: those of SCPs where one makes them."""
    points = {point.name for point in topology.service_control_points}
    by_service = topology.access_server.equipment in points
    return (*KINDS, *SERVICE_KINDS) if by_service else KINDS
