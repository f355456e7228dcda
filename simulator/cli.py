"""`calleq-sim`: the network on the virtual clock, from the command line."""

import argparse
import gc
import sys
from collections.abc import Sequence
from pathlib import Path

from calleq import __version__
from calleq.cli.main import dispatch

SUITES = ("q784", "q782", "q786", "ts102381", "q787", "ets300374-3")
"""Test suites that are shipped."""

YOUNG_OBJECTS = 1_000_000
"""New objects before the garbage collector looks at them: worlds are large, and stay, and calls
leave nothing behind that only it could free (tests/test_simulator_memory.py)."""


def _add_run(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Traffic."""
    run = commands.add_parser(
        "run",
        help="offer calls to a world of subscribers and measure",
        description="Offer calls to a world of 10 000 subscribers and 200 representatives, measure"
        " them, and hold every record against the telephones' diary.",
        epilog="example: calleq-sim run --arrivals day --calls 200000 --duration 24h --report day",
    )
    run.add_argument("--calls", type=int, metavar="N", help="calls to offer (default: 1000)")
    run.add_argument("--duration", metavar="TIME", help="how long to offer them: 90, 15m, 24h")
    run.add_argument("--rate", type=float, metavar="N", help="calls per second (default: 5)")
    run.add_argument(
        "--erlangs", type=float, metavar="E", help="instead of --rate: rate times mean conversation"
    )
    run.add_argument("--seed", type=int, default=1, metavar="S", help="everything random")
    run.add_argument(
        "--circuits",
        type=int,
        metavar="N",
        help="calls at once that the peripheral's trunk carries (two circuits each; default: 200)",
    )
    run.add_argument("--equipment", metavar="NAME", help="what makes the calls, such as scp-1")
    run.add_argument(
        "--arrivals",
        default="poisson",
        metavar="KIND",
        help="poisson, mmpp, day, mass or trace:FILE (CSV: offset,business,customer[,rep])",
    )
    run.add_argument(
        "--holding",
        default="exponential",
        metavar="KIND",
        help="constant, exponential, lognormal or empirical:FILE (seconds, one a line)",
    )
    run.add_argument("--talk", metavar="TIME", help="mean conversation (default: 5 s)")
    run.add_argument(
        "--patience", metavar="TIME", help="mean time that a customer waits (default: to the end)"
    )
    _add_proof(run)


def _add_proof(run: argparse.ArgumentParser) -> None:
    """What strikes a run, and what is written of it."""
    run.add_argument(
        "--mutate-records",
        type=int,
        default=0,
        metavar="N",
        help="alter N records, to see that exactly those are found",
    )
    run.add_argument(
        "--faults",
        type=int,
        default=0,
        metavar="N",
        help="hurt the network N times, at random by the seed, each time for up to 40 s",
    )
    run.add_argument(
        "--variant", choices=("itu", "ansi"), default="itu", help="what the network speaks (itu)"
    )
    run.add_argument(
        "--pcap", type=Path, metavar="FILE", help="write the SS7 octets (.pcap, .pcapng)"
    )
    run.add_argument(
        "--frames", type=Path, metavar="FILE", help="write the M2PA frames (exported PDUs, .pcap)"
    )
    run.add_argument(
        "--deck",
        type=Path,
        metavar="FILE",
        help="charge the calls by a rate deck, and hold every charge against the diary",
    )
    run.add_argument("--report", type=Path, metavar="DIR", help="write an HTML page with plots")
    run.add_argument("--json", action="store_true", help="print the result as JSON")
    run.set_defaults(module="run")


def _add_check(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What other programs say of it."""
    check = commands.add_parser(
        "check-capture",
        help="have tshark read a capture and compare every field with calleq's own reading",
        description="Have tshark read a capture of signalling (of --pcap or --frames) and compare"
        " every field of M2PA, MTP level 3, ISUP, SCCP, TCAP and INAP with calleq's own reading.",
        epilog="example: calleq-sim check-capture busy.pcap",
    )
    check.add_argument("file", type=Path, metavar="FILE")
    check.add_argument(
        "--variant", choices=("itu", "ansi", "ansi-5"), default="itu", help="what it speaks (itu)"
    )
    check.add_argument("--json", action="store_true", help="print the result as JSON")
    check.set_defaults(module="foreign.check_capture")


def _add_scenarios(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """What happens by script, and what happens at random."""
    scenario = commands.add_parser(
        "scenario",
        help="run scenario files, or the shipped ones, and say what became of them",
        description="Run scenario files, or shipped scenarios by name, and say what became of"
        " them. docs/guide/scenarios.md tells how to write one.",
        epilog="example: calleq-sim scenario completed my-own.toml --report out",
    )
    scenario.add_argument("scenarios", nargs="*", metavar="FILE|NAME")
    scenario.add_argument("--all", action="store_true", help="every shipped scenario")
    scenario.add_argument("--list", action="store_true", help="list them and run nothing")
    scenario.add_argument(
        "--at", type=float, metavar="SECONDS", help="the one run of a sweep with this value"
    )
    scenario.add_argument(
        "--variant", choices=("itu", "ansi"), default="itu", help="what every network speaks (itu)"
    )
    scenario.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    scenario.add_argument("--report", type=Path, metavar="DIR", help="write an HTML page")
    scenario.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    scenario.set_defaults(module="scenarios.command")
    seeds = commands.add_parser(
        "seeds",
        help="run small worlds with random faults",
        description="Run small worlds with random faults; every rule must hold in each.",
        epilog="example: calleq-sim seeds --n 100000",
    )
    seeds.add_argument("--n", type=int, default=1_000, metavar="N", help="how many (1000)")
    seeds.add_argument("--seed", type=int, default=1, metavar="S", help="the first one")
    seeds.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    seeds.add_argument("--json", action="store_true", help="print the tally as JSON")
    seeds.set_defaults(module="faults.seeds")
    faults = commands.add_parser(
        "faults",
        help="strike a call with every kind of fault in each of its states",
        description="Strike a call with every kind of fault in each of its states.",
        epilog="example: calleq-sim faults --state Bridged",
    )
    faults.add_argument("--state", metavar="STATE", help="this row only")
    faults.add_argument("--kind", metavar="KIND", help="this column only")
    faults.add_argument("--equipment", metavar="NAME", help="an SCP that makes the calls")
    faults.add_argument("--kinds", action="store_true", help="list the kinds and run nothing")
    faults.add_argument("--workers", type=int, default=2, metavar="N", help="processes (2)")
    faults.add_argument("--json", action="store_true", help="print the cells as JSON")
    faults.set_defaults(module="faults.table")


def _add_crash(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The proof that nothing accepted is lost."""
    crash = commands.add_parser(
        "crash",
        help="kill processes at every durable step, fail the power, and count",
        description="Kill processes at every durable step, fail the power, and count.",
        epilog="example: calleq-sim crash --kills 10000",
    )
    crash.add_argument("--kills", type=int, default=1_000, metavar="N", help="at least so many")
    crash.add_argument("--power-losses", type=int, default=1_000, metavar="N", help="states of it")
    crash.add_argument("--seed", type=int, default=1, metavar="S", help="the first world's")
    crash.add_argument(
        "--at", metavar="N[,N]", help="only that world, killed at these durable steps of its lives"
    )
    crash.add_argument("--json", action="store_true", help="print the counts as JSON")
    crash.set_defaults(module="crash.command")


def _add_conformance(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Published test suites."""
    conformance = commands.add_parser(
        "conformance",
        help="run the cases of a published test suite against a switch",
        description="Run the cases of a published test suite against a switch of calleq."
        " docs/guide/conformance.md tells how to read and how to write them.",
        epilog="example: calleq-sim conformance q784 3.3a 5.2 --report out",
    )
    conformance.add_argument("suite", choices=(*SUITES, "equipment"), help="the suite")
    conformance.add_argument(
        "cases", nargs="*", metavar="CASE", help="cases, or groups by number (default: all)"
    )
    conformance.add_argument(
        "--file", action="append", metavar="FILE", help="a case of your own (may be repeated)"
    )
    conformance.add_argument(
        "--mutant", metavar="TEXT", help="alter the switch first: suppress RLC, timer T7 60 …"
    )
    conformance.add_argument(
        "--driver", metavar="MODULE:FACTORY", help="equipment: what makes the calls under test"
    )
    conformance.add_argument("--junit", type=Path, metavar="FILE", help="write JUnit XML")
    conformance.add_argument("--pcap", type=Path, metavar="FILE", help="write the SS7 octets")
    conformance.add_argument(
        "--verdicts", type=Path, metavar="FILE", help="write numbers and verdicts, a line each"
    )
    conformance.add_argument("--report", type=Path, metavar="DIR", help="write an HTML page")
    conformance.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    conformance.set_defaults(module="conformance.command")


def _add_fuzz(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """The proof that no octets hurt."""
    fuzz = commands.add_parser(
        "fuzz",
        help="damage valid messages and see that codecs decode or refuse them",
        description="Damage valid messages and see that codecs decode or refuse them.",
        epilog="example: calleq-sim fuzz isup --messages 1000000",
    )
    fuzz.add_argument("codecs", nargs="*", metavar="CODEC", help="these only (default: all)")
    fuzz.add_argument("--messages", type=int, default=50_000, metavar="N", help="each (50000)")
    fuzz.add_argument("--seed", type=int, default=1, metavar="S")
    fuzz.add_argument(
        "--coverage", action="store_true", help="count the branches of the decoders instead"
    )
    fuzz.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    fuzz.set_defaults(module="fuzz.command")


def _add_shifts(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Who must be paid when."""
    shifts = commands.add_parser(
        "shifts",
        help="staff a day in fixed shifts and in short stretches at home, and compare",
        description="Staff a day of calls in fixed shifts of a call centre and in short stretches"
        " at home, simulate both, and compare the hours paid for the same level of service.",
        epilog="example: calleq-sim shifts --calls 20000 --report out",
    )
    for name, kind, default, metavar, text in (
        ("calls", int, 5_000, "N", "calls of a day (5000)"),
        ("days", int, 28, "N", "days to simulate (28)"),
        ("talk", float, 180.0, "SECONDS", "mean conversation (180)"),
        ("patience", float, 120.0, "SECONDS", "mean time that a customer waits (120)"),
        ("within", float, 20.0, "SECONDS", "in what time calls are to be answered (20)"),
        ("level", float, 0.8, "SHARE", "how many of them (0.8)"),
        ("block", int, 2, "HOURS", "the stretches at home: 1, 2, 3, 4, 6 or 8 hours (2)"),
        ("seed", int, 1, "S", "everything random"),
    ):
        shifts.add_argument(f"--{name}", type=kind, default=default, metavar=metavar, help=text)
    shifts.add_argument("--report", type=Path, metavar="DIR", help="write an HTML page with plots")
    shifts.add_argument("--json", action="store_true", help="print the comparison as JSON")
    shifts.set_defaults(module="shifts")


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="calleq-sim",
        description="The network of calleq in simulated time.",
        epilog="example: calleq-sim run --calls 1000 --seed 7",
    )
    parser.add_argument("--version", action="version", version=f"calleq-sim {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_run(commands)
    verify = commands.add_parser(
        "verify",
        help="hold the simulator against theory and against itself",
        description="Hold the simulator against theory and against itself.",
        epilog="example: calleq-sim verify --seeds 24 --calls 1000",
    )
    verify.add_argument("--seeds", type=int, default=24, metavar="N", help="at least 12")
    verify.add_argument("--calls", type=int, default=1_000, metavar="N", help="calls per seed")
    verify.add_argument("--first-seed", type=int, default=1, metavar="S")
    verify.add_argument("--json", action="store_true", help="print the checks as JSON")
    verify.set_defaults(module="verify")
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
    call.add_argument("--equipment", metavar="NAME", help="what makes the call, such as scp-1")
    call.add_argument(
        "--door", metavar="NAME", help="whose door is asked: server-72 (default), ip-76, ssp-62"
    )
    call.add_argument(
        "--page", metavar="URL", help="ask as a page does (figure 9); --rep may be an identifier"
    )
    call.add_argument("--seed", type=int, default=1, metavar="S")
    call.add_argument("--trace", action="store_true", help="also print the ladder")
    call.add_argument("--json", action="store_true", help="print the outcome as JSON")
    call.set_defaults(module="call")
    _add_shifts(commands)
    _add_crash(commands)
    _add_fuzz(commands)
    _add_scenarios(commands)
    _add_check(commands)
    _add_conformance(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `calleq-sim`."""
    gc.set_threshold(YOUNG_OBJECTS, *gc.get_threshold()[1:])
    given = list(sys.argv[1:] if arguments is None else arguments)
    parser = build_parser()
    parser.set_defaults(given=given)
    return dispatch(parser, "simulator", given)


if __name__ == "__main__":
    sys.exit(main())
