"""The parsers of the operator's commands: circuits, links, status, sip, control, recordings, and
those on accounts (`accounts_parser`)."""

import argparse
from collections.abc import Callable

from calleq.cli.accounts_parser import add_accounts
from calleq.cli.prices_parser import add_prices
from calleq.cli.process_parser import add_processes

PARTIES = ("customer", "agent", "third")
ORDER_WORDS = (
    "hold",
    "unhold",
    "mute",
    "unmute",
    "play",
    "stop",
    "keys",
    "add",
    "remove",
    "hang-up",
    "transfer",
    "consult",
    "complete",
    "take-back",
    "record",
)
"""As `control_orders` reads them."""

USAGE = """orders:
  hold LEG, unhold LEG          music for a party that is neither heard nor hears
  mute LEG, unmute LEG          the party hears and is not heard
  play TEXT [--to LEG]          a text, to all without --to; or --prompt NAME, --recording NAME
  stop [--to LEG]               end what is played
  keys LEG KEYS                 press keys of a telephone towards a party
  add NUMBER                    call a third party and join it
  remove LEG, hang-up [LEG]     release a party; without one, the call
  transfer NUMBER               another representative takes over when they answer
  consult NUMBER                the representative talks with somebody first, then:
  complete, take-back           hand the customer over, or talk with them again
  record [pause|resume|stop]    announce it to both, then record

LEG is customer, agent or third.
example: calleq control last hold customer
"""


Add = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, an example, its module."""


Finish = Callable[[argparse.ArgumentParser], None]


def add_operation(add: Add, finish: Finish) -> None:
    """The parsers of all of them; `finish` adds what they have in common."""
    circuits = add(
        "circuits",
        "show the circuits of a running network, block, unblock, reset, check or query them",
        "calleq circuits block 62-64 1 2 8-15 --exchange ssp-62",
        "operation",
    )
    circuits.add_argument(
        "order",
        nargs="?",
        default="list",
        choices=("list", "block", "unblock", "reset", "check", "query"),
    )
    circuits.add_argument("group", nargs="?", metavar="GROUP", help="its name in the topology")
    circuits.add_argument(
        "circuits", nargs="*", metavar="CIC", help="numbers, `8-15` for a run (default: all)"
    )
    circuits.add_argument(
        "--exchange", metavar="NAME", help="whose end (default: the group's first that runs)"
    )
    circuits.add_argument(
        "--hardware",
        action="store_true",
        help="block or unblock because of failed hardware, which ends the calls on the circuits",
    )
    links = add("links", "show the signalling links", "calleq links --json", "operation")
    status = add(
        "status",
        "show what is wrong in a running network; exit status 1 when an alarm stands",
        "calleq status",
        "operation",
    )
    status.add_argument(
        "--ready",
        action="store_true",
        help="say only whether messages should be sent to it; exit status 1 when they should not",
    )
    sip = add("sip", "show registered telephones and trunks", "calleq sip", "sip")
    for parser in (circuits, links, status, sip):
        finish(parser)
    _add_control(add, finish)
    add_accounts(add, finish)
    add_processes(add, finish)
    add_prices(add, finish)


def _add_control(add: Add, finish: Finish) -> None:
    control = add(
        "control",
        "do something with a call that goes on",
        "calleq control last hold customer",
        "control",
    )
    control.formatter_class = argparse.RawDescriptionHelpFormatter
    control.epilog = USAGE
    control.add_argument("call", metavar="CALL", help="reference, or `last`")
    control.add_argument("order", choices=ORDER_WORDS, metavar="ORDER", help="see below")
    control.add_argument("words", nargs="*", metavar="WORD", help="what the order needs")
    control.add_argument("--to", choices=PARTIES, help="who hears it (default: all)")
    control.add_argument("--prompt", metavar="NAME", help="of a text that is known by its name")
    control.add_argument("--recording", metavar="NAME", help="of a recording to be played")
    finish(control)
    recordings = add(
        "recordings",
        "list, show, play or delete recordings of calls",
        "calleq recordings list",
        "recordings",
    )
    ways = recordings.add_subparsers(dest="way", required=True, metavar="list|show|play|delete")

    def way(name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = ways.add_parser(name, help=what, epilog=f"example: {example}")
        finish(parser)
        return parser

    listing = way("list", "those that are known, oldest first", "calleq recordings list --json")
    listing.add_argument("--call", metavar="CALL", help="of one call")
    name = "01KAJ3T8Q6S7XG3WQ0V9J5N2ZR-1"
    for word, what in (
        ("show", "one recording"),
        ("play", "let a party of a call hear a recording"),
        ("delete", "remove a recording and its file"),
    ):
        more = " --into last --to agent" if word == "play" else ""
        parser = way(word, what, f"calleq recordings {word} {name}{more}")
        parser.add_argument("recording", metavar="NAME", help="as `calleq recordings list` has it")
        if word == "play":
            parser.add_argument("--into", required=True, metavar="CALL", help="a call that goes on")
            parser.add_argument("--to", choices=PARTIES, help="who hears it (default: all)")
