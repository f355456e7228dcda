"""`calleq recordings`: the recordings of a running network, listed, shown, played, deleted."""

import argparse

import msgspec

from calleq.cli.operator_calls import Operator
from calleq.cli.output import print_json, print_line, print_table
from calleq.messages.answers import RecordedView
from calleq.osn.orders import PlayPrompt


def run(arguments: argparse.Namespace) -> int:
    """One of the four."""
    operator = Operator(arguments.data)
    match arguments.way:
        case "list":
            _list(operator.recordings(arguments.call), as_json=arguments.json)
        case "show":
            _show(operator.recording(arguments.recording), as_json=arguments.json)
        case "delete":
            _show(operator.delete_recording(arguments.recording), as_json=arguments.json)
        case _:
            order = PlayPrompt(arguments.to or "", recording=arguments.recording)
            done = operator.control(arguments.into, order)
            if arguments.json:
                print_json(msgspec.to_builtins(done))
            else:
                print_line(f"call {done.call}: {arguments.recording} is played")
    return 0


def _list(shown: list[RecordedView], *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(shown))
        return
    print_table(
        f"{len(shown)} recordings",
        ("recording", "at", "status", "begun", "length", "octets", "parties"),
        [
            (
                one.recording,
                one.equipment,
                one.status,
                one.begun_at,
                f"{one.seconds:.2f} s",
                str(one.octets),
                ", ".join(party.number for party in one.parties),
            )
            for one in shown
        ],
        right=("length", "octets"),
    )


def _show(one: RecordedView, *, as_json: bool) -> None:
    if as_json:
        print_json(msgspec.to_builtins(one))
        return
    print_line(f"recording {one.recording} of call {one.call}, at {one.equipment}")
    why = f" ({one.reason})" if one.reason else ""
    print_line(f"{one.status}{why} since {one.changed_at}, begun {one.begun_at}")
    print_line(f"{one.seconds:.2f} s, {one.octets} octets")
    for party in one.parties:
        print_line(f"{party.leg} {party.number}: had heard the announcement {party.announced_at}")
