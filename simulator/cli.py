"""`calleq-sim`: the network on the virtual clock, from the command line."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from calleq import __version__
from calleq.cli.main import dispatch


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="calleq-sim",
        description="The network of calleq in simulated time.",
        epilog="example: calleq-sim run --calls 1000 --seed 7",
    )
    parser.add_argument("--version", action="version", version=f"calleq-sim {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    run = commands.add_parser(
        "run",
        help="offer calls to a world of subscribers and measure",
        description="Offer calls to a world of subscribers and measure.",
        epilog="example: calleq-sim run --calls 1000 --seed 7 --pcap busy.pcap",
    )
    run.add_argument("--calls", type=int, default=1_000, metavar="N", help="calls to offer")
    run.add_argument("--seed", type=int, default=1, metavar="S", help="everything random")
    run.add_argument(
        "--rate", type=float, default=5.0, metavar="N", help="calls offered per second (Poisson)"
    )
    run.add_argument("--pcap", type=Path, metavar="FILE", help="write the SS7 octets (DLT 141)")
    run.add_argument("--json", action="store_true", help="print the result as JSON")
    run.set_defaults(module="run")
    call = commands.add_parser(
        "call",
        help="make one call at once and show it",
        description="Make one call at once and show it.",
        epilog="example: calleq-sim call --customer +12125550106 --rep +12125550143 --trace",
    )
    call.add_argument("--customer", required=True, metavar="NUMBER")
    call.add_argument("--rep", metavar="NUMBER", help="without it the carrier finds one")
    call.add_argument("--business", default="abc")
    call.add_argument("--password", default="abc-demo")
    call.add_argument("--only-rep", action="store_true", help="try no other representative")
    call.add_argument("--dial-first", choices=("customer", "agent"))
    call.add_argument("--talk", type=float, default=5.0, metavar="SECONDS")
    call.add_argument("--network", type=Path, metavar="FILE", help="topology file")
    call.add_argument("--seed", type=int, default=1, metavar="S")
    call.add_argument("--trace", action="store_true", help="also print the ladder")
    call.add_argument("--json", action="store_true", help="print the outcome as JSON")
    call.set_defaults(module="call")
    crash = commands.add_parser(
        "crash",
        help="kill processes at every durable step, fail the power, and count",
        description="Kill processes at every durable step, fail the power, and count.",
        epilog="example: calleq-sim crash --kills 10000",
    )
    crash.add_argument("--kills", type=int, default=1_000, metavar="N", help="at least so many")
    crash.add_argument("--power-losses", type=int, default=1_000, metavar="N", help="states of it")
    crash.add_argument("--seed", type=int, default=1, metavar="S", help="the first world's")
    crash.add_argument("--json", action="store_true", help="print the counts as JSON")
    crash.set_defaults(module="crash.command")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `calleq-sim`."""
    return dispatch(build_parser(), "simulator", arguments)


if __name__ == "__main__":
    sys.exit(main())
