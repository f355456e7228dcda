"""Wiring of the intelligent network: SCCP of each node, and what the peripheral does for SCPs.

A part of `calleq.network`, in a module of its own.
"""

from calleq.ip_peripheral.assist import AssistMeans
from calleq.ip_peripheral.srf import ResourceFunction
from calleq.journal.contract import Journal
from calleq.media.contract import Voice
from calleq.runtime.clock import Clock
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.variant import variant_of
from calleq.topology import Peripheral, Topology, parse_point_code


def sccp_of_asker(topology: Topology, node: Mtp3Node, clock: Clock) -> SccpNode:
    """SCCP of a node that asks SCPs, and so wants to know which of them can be asked."""
    ssn = topology.intelligent_network.subsystem
    points = topology.service_control_points
    watched = tuple(
        RemoteSubsystem(parse_point_code(point.point_code, topology.variant), ssn)
        for point in points
    )
    return SccpNode(node, clock, SccpPlan(watched=watched), variant_of(topology))


def sccp_of_control_point(topology: Topology, node: Mtp3Node, clock: Clock) -> SccpNode:
    """SCCP of an SCP: whoever may ask it is told of its state."""
    texts = [switch.point_code for switch in topology.switches]
    texts += [peripheral.point_code for peripheral in topology.peripherals]
    concerned = tuple(parse_point_code(text, topology.variant) for text in texts)
    return SccpNode(node, clock, SccpPlan(concerned=concerned), variant_of(topology))


def resource_of(
    topology: Topology,
    peripheral: Peripheral,
    sccp: SccpNode | None,
    voice: Voice,
    journal: Journal,
    clock: Clock,
) -> ResourceFunction | None:
    """What a peripheral does for SCPs; None where there are none."""
    if sccp is None:
        return None
    codes = topology.point_codes()
    points = topology.service_control_points
    return ResourceFunction(
        AssistMeans(peripheral.name, voice, journal, clock),
        sccp,
        topology.intelligent_network.subsystem,
        parse_point_code(codes[peripheral.name], topology.variant),
        tuple(parse_point_code(point.point_code, topology.variant) for point in points),
        peripheral.assist,
    )
