"""Wiring of the signalling network: nodes, links, routes, SCCP and exchanges.

A part of `calleq.network`, in a module of its own.
"""

from dataclasses import dataclass, field

from calleq.network_plant import Plant
from calleq.network_routes import set_routes, set_ways_out
from calleq.network_services import sccp_plans
from calleq.ss7.isup.check_equipment import VoiceChecks
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.timers import ANSI_TIMERS, IsupTimers, timers_of
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.level3.screening import screening_of
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import LinkEnd
from calleq.ss7.m3ua.ends import AdaptedEnd
from calleq.ss7.m3ua.network import tell_each_other
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.transfer_point import TransferPoint
from calleq.ss7.variant import variant_of
from calleq.topology import (
    Topology,
    TopologyError,
    parse_point_code,
)
from calleq.topology_mtp3 import timers_us


@dataclass(slots=True)
class Signalling:
    """The signalling of one process, by the nodes' names."""

    nodes: dict[str, Mtp3Node] = field(default_factory=dict)
    exchanges: dict[str, IsupExchange] = field(default_factory=dict)
    sccp: dict[str, SccpNode] = field(default_factory=dict)
    link_ends: list[LinkEnd] = field(default_factory=list)


def point_codes(topology: Topology) -> dict[str, int]:
    """The point code of every signalling node by name."""
    return {
        name: parse_point_code(code, topology.variant)
        for name, code in topology.point_codes().items()
    }


def build_signalling(topology: Topology, plant: Plant, chosen: frozenset[str]) -> Signalling:
    """The chosen nodes, linked, with their routes, SCCP and exchanges."""
    made = Signalling()
    codes = point_codes(topology)
    timers = Mtp3Timers(**timers_us(topology))
    variant = variant_of(topology)
    for point in topology.transfer_points:
        if point.name in chosen:
            made.nodes[point.name] = TransferPoint(
                point.name,
                codes[point.name],
                plant.clock,
                codes.get(point.mate),
                timers=timers,
                screening=screening_of(point.screening, codes, topology.variant),
                variant=variant,
            )
    relays = {point.name for point in topology.transfer_points}
    silent = {peripheral.name for peripheral in topology.peripherals if not peripheral.switch}
    for name, code in codes.items():
        if name in chosen and name not in relays | silent:
            made.nodes[name] = Mtp3Node(name, code, plant.clock, timers=timers, variant=variant)
    for link in topology.links:
        for name, end in plant.link_ends(link, chosen).items():
            far = link.ends[1] if name == link.ends[0] else link.ends[0]
            made.nodes[name].attach(end, codes[far], link.slc)
            if isinstance(end, AdaptedEnd):
                tell_each_other(made.nodes[name], end, codes[far])
            made.link_ends.append(end)
    _set_users(topology, plant, made, codes)
    return made


def _set_users(topology: Topology, plant: Plant, made: Signalling, codes: dict[str, int]) -> None:
    """Routes, SCCP and ISUP of every node."""
    controls = {point.name for point in topology.service_control_points}
    variant = variant_of(topology)
    plans = sccp_plans(topology)
    for name, node in made.nodes.items():
        if name in plans:
            below = node if plant.below_sccp is None else plant.below_sccp(name, node)
            made.sccp[name] = SccpNode(below, plant.clock, plans[name], variant)
        if isinstance(node, TransferPoint):
            set_ways_out(node, name, topology, codes)
            continue
        set_routes(node, name, topology, codes)
        if name not in controls:
            made.exchanges[name] = IsupExchange(
                name,
                codes[name],
                node if plant.between is None else plant.between(name, node),
                _trunks(name, topology, codes),
                plant.clock,
                _timers(topology),
                VoiceChecks(plant.voice, name),
                variant,
            )


def _timers(topology: Topology) -> IsupTimers:
    try:
        usual = ANSI_TIMERS if topology.variant == "ansi" else IsupTimers()
        return timers_of(topology.isup_timers, usual)
    except ValueError as wrong:
        raise TopologyError(f"isup_timers: {wrong}") from None


def _trunks(name: str, topology: Topology, codes: dict[str, int]) -> tuple[Trunk, ...]:
    trunks = []
    for group in topology.trunks:
        if name in group.ends:
            far = group.ends[1] if name == group.ends[0] else group.ends[0]
            trunks.append(
                Trunk(
                    group.name,
                    far,
                    codes[far],
                    group.first,
                    group.circuits,
                    group.check_every,
                    group.delay_ms,
                    group.satellite,
                )
            )
    return tuple(trunks)
