"""`calleq topology`: the network with every numeral of figure 1."""

import argparse

import msgspec

from calleq.cli.given import given_topology
from calleq.cli.output import print_json, print_table
from calleq.topology import Topology, numerals


def run(arguments: argparse.Namespace) -> int:
    """Print it."""
    topology = given_topology(arguments.network)
    if arguments.json:
        described = msgspec.to_builtins(topology)
        for business in described["businesses"]:
            business.pop("password", None)
            business.pop("password_hash", None)
        described["numerals"] = [
            {"numeral": numeral, "what": what, "name": name}
            for numeral, what, name in numerals(topology)
        ]
        print_json(described)
        return 0
    _print_tables(topology)
    return 0


def _print_tables(topology: Topology) -> None:
    print_table(topology.name, ("numeral", "what", "name"), numerals(topology), right=("numeral",))
    print_table(
        "signalling",
        ("node", "point code", "links to"),
        [
            (node, code, ", ".join(_far_ends(topology, node)))
            for node, code in topology.point_codes().items()
        ],
    )
    print_table(
        "circuits",
        ("trunk group", "between", "CICs"),
        [
            (
                trunk.name,
                " - ".join(trunk.ends),
                f"{trunk.first}-{trunk.first + trunk.circuits - 1}",
            )
            for trunk in topology.trunks
        ],
    )
    print_table(
        "lines",
        ("number", "kind", "telephone", "place", "behaviour"),
        [
            (line.number, line.kind, line.telephone, line.place, line.behaviour)
            for line in topology.lines
        ],
    )
    print_table(
        "businesses",
        ("identifier", "name", "representatives", "dials first"),
        [
            (
                business.identifier,
                business.name,
                " ".join(business.representatives),
                business.dial_first,
            )
            for business in topology.businesses
        ],
    )


def _far_ends(topology: Topology, node: str) -> list[str]:
    return [end for link in topology.links if node in link.ends for end in link.ends if end != node]
