"""Wiring of the intelligent network: what SCCP of each node has to know of the others.

A part of `calleq.network`, in a module of its own.
"""

from calleq.runtime.clock import Clock
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.plan import RemoteSubsystem, SccpPlan
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.variant import variant_of
from calleq.topology import Topology, parse_point_code


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
