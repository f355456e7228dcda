"""Wiring of the signalling network: by which links each node reaches each other node.

A part of `calleq.network`, in a module of its own.
"""

from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.topology import Topology


def set_routes(node: Mtp3Node, name: str, topology: Topology, codes: dict[str, int]) -> None:
    """Directly where there is a link, else over every transfer point that the node is linked to.

    Our own transfer points come first for our own nodes, foreign ones for foreign nodes.
    """
    adjacent = {end for link in topology.links if name in link.ends for end in link.ends} - {name}
    foreign = topology.foreign()
    own = tuple(codes[point.name] for point in topology.transfer_points if point.name in adjacent)
    beyond = tuple(
        codes[point.name]
        for point in topology.foreign_nodes
        if point.kind == "transfer_point" and point.name in adjacent
    )
    linked = _linked_abroad(topology)
    for other, code in codes.items():
        if other == name:
            continue
        direct = (code,) if other in adjacent else ()
        helpful = own if other not in foreign or other in linked else ()
        levels = (direct, beyond, helpful) if other in foreign else (direct, own, beyond)
        node.set_route(code, *(level for level in levels if level))


def set_ways_out(node: TransferPoint, name: str, topology: Topology, codes: dict[str, int]) -> None:
    """Foreign nodes a transfer point has no link to: over foreign transfer points, or its mate."""
    adjacent = {end for link in topology.links if name in link.ends for end in link.ends}
    foreign = topology.foreign()
    beyond = tuple(
        codes[end] for end in adjacent if end in foreign and foreign[end].kind == "transfer_point"
    )
    mate = () if node.mate is None else (node.mate,)
    for other in foreign.keys() - adjacent:
        node.set_route(codes[other], *(level for level in (beyond, mate) if level))


def _linked_abroad(topology: Topology) -> frozenset[str]:
    """The foreign nodes that our transfer points reach, by links or over a foreign one."""
    relays = {point.name for point in topology.transfer_points}
    ends = {end for link in topology.links if relays & set(link.ends) for end in link.ends}
    foreign = topology.foreign()
    if any(foreign[end].kind == "transfer_point" for end in ends if end in foreign):
        return frozenset(foreign)
    return frozenset(ends & foreign.keys())
