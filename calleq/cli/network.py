"""`calleq topology`: the network with every numeral of figure 1."""

import argparse

import msgspec

from calleq.cli.given import given_topology
from calleq.cli.output import print_json, print_table
from calleq.topology import FreephoneNumber, Line, Topology, numerals
from calleq.topology_doors import doors_of
from calleq.topology_sip_checks import username_of


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
            (line.number, line.kind, line.telephone, line.place, _what_it_does(line))
            for line in topology.lines
        ],
    )
    _print_sip(topology)
    if topology.freephone:
        print_table(
            "800 numbers",
            ("number", "business", "zone", "days", "hours", "goes to"),
            [row for service in topology.freephone for row in _rules(service)],
        )
    print_table(
        "doors on the internet",
        ("of", "equipment address", "listens on", "instructs"),
        [
            (
                door.element,
                door.equipment_address,
                door.listen,
                "itself" if door.is_inner else door.instructs,
            )
            for door in doors_of(topology)
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


def _what_it_does(line: Line) -> str:
    """The behaviour of a simulated telephone; what a real one registers as."""
    match line.access:
        case "simulated":
            return line.behaviour
        case "sip":
            return f"SIP, registers as {username_of(line)}"
        case "webrtc":
            return f"browser, signs in as {username_of(line)}"


def _print_sip(topology: Topology) -> None:
    served = [(switch.name, switch.sip) for switch in topology.switches if switch.sip]
    if served:
        print_table(
            "SIP",
            ("switch", "domain", "UDP and TCP", "TLS"),
            [(name, sip.domain, sip.listen, sip.listen_tls) for name, sip in served],
        )
    if topology.sip_trunks:
        print_table(
            "SIP trunks",
            ("trunk", "at", "peers", "prefixes", "forbidden", "channels"),
            [
                (
                    trunk.name,
                    trunk.switch,
                    " ".join(trunk.peers),
                    " ".join(trunk.prefixes),
                    " ".join(trunk.forbidden),
                    str(trunk.channels),
                )
                for trunk in topology.sip_trunks
            ],
            right=("channels",),
        )


def _rules(service: FreephoneNumber) -> list[tuple[str, ...]]:
    """A row for each rule, in the order in which they are asked."""
    return [
        (
            service.number,
            service.business,
            service.zone,
            " ".join(rule.days) or "every day",
            f"{rule.start}-{rule.end}",
            "; ".join(
                " then ".join(share.numbers) + (f" ({share.percent} %)" * (share.percent < 100))
                for share in rule.shares
            )
            or "closed",
        )
        for rule in service.rules
    ]


def _far_ends(topology: Topology, node: str) -> list[str]:
    return [end for link in topology.links if node in link.ends for end in link.ends if end != node]
