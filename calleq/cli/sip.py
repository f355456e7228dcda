"""`calleq sip`: which telephones are registered in a running network, and how its trunks are."""

import argparse

import msgspec

from calleq.cli.operator_calls import Operator
from calleq.cli.output import counted, print_json, print_table
from calleq.gateway.trunks import PeerView
from calleq.operation.sip import SipLineView, SipTrunkView


def run(arguments: argparse.Namespace) -> int:
    """Show them."""
    shown = Operator(arguments.data).sip()
    if arguments.json:
        print_json(msgspec.to_builtins(shown))
        return 0
    print_table(
        f"{counted(len(shown.lines), 'line')} of SIP",
        ("switch", "line", "registers as", "registered from", "for", "calls"),
        [row for line in shown.lines for row in _line_rows(line)],
        right=("for", "calls"),
    )
    if shown.trunks:
        print_table(
            f"{counted(len(shown.trunks), 'trunk')} of SIP",
            ("switch", "trunk", "calls", "peer", "address", "state"),
            [row for trunk in shown.trunks for row in _trunk_rows(trunk)],
            right=("calls",),
        )
    return 0


def _line_rows(line: SipLineView) -> list[tuple[str, ...]]:
    first = (line.switch, line.line, line.username)
    if not line.contacts:
        return [(*first, "not registered", "", str(line.calls))]
    rows: list[tuple[str, ...]] = []
    for place, contact in enumerate(line.contacts):
        named = ("", "", "") if place else first
        calls = "" if place else str(line.calls)
        rows.append((*named, contact.source, f"{contact.expires_s} s", calls))
    return rows


def _trunk_rows(trunk: SipTrunkView) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    if not trunk.peers:
        calls = f"{trunk.calls} of {trunk.channels}"
        return [(trunk.switch, trunk.trunk, calls, "whoever may be called", "", "")]
    for place, peer in enumerate(trunk.peers):
        calls = f"{trunk.calls} of {trunk.channels}"
        named = ("", "", "") if place else (trunk.switch, trunk.trunk, calls)
        rows.append((*named, peer.peer, peer.address, _state(peer)))
    return rows


def _state(peer: PeerView) -> str:
    words = "down" if peer.address else "not found"
    if peer.up:
        words = "up" if peer.judged else "taken for up"
    return words if peer.registered_s is None else f"{words}, registered"
