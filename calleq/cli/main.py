"""`calleq`: the command line. Parses, hands over, and turns errors into one clear line.

Exit status: 0 done, 1 the call or run did not succeed, 2 wrong use. Each command lives in a module
of its own, imported only when it runs, so that `--help` is quick.
"""

import argparse
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from calleq import __version__
from calleq.cli import DEFAULT_DATA
from calleq.cli.calls_parser import add_calls
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.keys_parser import add_carrier_key, add_certificates, add_keys
from calleq.cli.log_parser import with_log
from calleq.cli.operation_parser import add_operation
from calleq.cli.prompts_parser import add_prompts
from calleq.cli.refusals_parser import add_refusals


def _with_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        default=DEFAULT_DATA,
        metavar="DIR",
        help="where journals, captures and recordings lie (default: ./calleq-data)",
    )


def _with_every_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--data",
        type=Path,
        action="append",
        metavar="DIR",
        help="where journals and captures lie; once for each machine (default: ./calleq-data)",
    )


def _with_network(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--network",
        type=Path,
        metavar="FILE",
        help="topology file (default: the source's figure 1)",
    )


def _with_equipment(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--equipment",
        metavar="NAME",
        help="what makes customer-first calls: a peripheral, a switch or an SCP",
    )


def _with_rtp(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--rtp",
        default="",
        metavar="HOST:FIRST-LAST",
        help="where the voice process has its RTP ports (default: 127.0.0.1:16384-32767)",
    )


def _with_talk(parser: argparse.ArgumentParser, default_s: float) -> None:
    parser.add_argument(
        "--talk",
        type=float,
        default=default_s,
        metavar="SECONDS",
        help=f"how long the simulated people talk once bridged (default: {default_s:g})",
    )


def _with_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} as JSON")


def _with_keep(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--keep-days",
        type=_days,
        metavar="N",
        help="remove segments of the journal that are older, 2 at least, once their records have"
        " been made (default: keep all)",
    )
    _with_database(parser)
    parser.add_argument(
        "--keep-recordings-days",
        type=_days,
        default=30,
        metavar="N",
        help="remove recordings of calls that are older, 2 at least (default: 30)",
    )


def _days(text: str) -> int:
    """How long journals are kept; less than two days would break idempotency keys."""
    if not (text.isascii() and text.isdigit() and 2 <= int(text) <= 36_500):
        raise argparse.ArgumentTypeError(f"{text}: 2 to 36500 days were expected")
    return int(text)


def _port(text: str) -> int:
    """A port to listen on; 0 takes any that is free."""
    if not (text.isascii() and text.isdigit() and int(text) <= 65_535):
        raise argparse.ArgumentTypeError(f"{text}: a port from 0 to 65535 was expected")
    return int(text)


def _add(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    what: str,
    example: str,
    module: str,
) -> argparse.ArgumentParser:
    parser = commands.add_parser(
        name,
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog=f"example: {example}",
    )
    parser.set_defaults(module=module)
    return parser


def _add_networks(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Commands that run elements."""
    demo = _add(
        commands,
        "demo",
        "start a network, make one call and show everything",
        "calleq demo",
        "demo",
    )
    _with_network(demo)
    _with_equipment(demo)
    _with_talk(demo, 3.0)
    demo.add_argument("--data", type=Path, metavar="DIR", help="keep the data here")

    up = _add(commands, "up", "run the whole network", "calleq up --port 8072", "up")
    _with_network(up)
    _with_equipment(up)
    _with_data(up)
    up.add_argument(
        "--port", type=_port, metavar="N", help="port of the front door (default: 8072)"
    )
    up.add_argument(
        "--desk-port",
        type=_port,
        metavar="N",
        help="port of the telephones' desk (default: 8038; with --port: any free one)",
    )
    _with_keep(up)
    _with_talk(up, 5.0)
    _with_rtp(up)
    with_log(up)

    run = _add(
        commands,
        "run",
        "run one element (or several) of the network alone",
        "calleq run ssp-64",
        "run",
    )
    run.add_argument(
        "elements", nargs="+", metavar="ELEMENT", help="its name in the topology, or voice"
    )
    _with_network(run)
    _with_equipment(run)
    _with_data(run)
    run.add_argument("--port", type=_port, metavar="N", help="port of the front door (server-72)")
    run.add_argument(
        "--desk-port", type=_port, default=8038, metavar="N", help="port of the telephones' desk"
    )
    run.add_argument("--base-port", type=int, metavar="N", help="first port between elements")
    _with_keep(run)
    _with_talk(run, 5.0)
    _with_rtp(run)
    with_log(run)


def _with_what_is_shown(parser: argparse.ArgumentParser) -> None:
    _with_data(parser)
    _with_json(parser, "what is shown")


def _with_network_shown(parser: argparse.ArgumentParser) -> None:
    _with_network(parser)
    _with_json(parser, "what is shown")


def _add_readers(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Commands that read and measure."""
    trace = _add(
        commands,
        "trace",
        "show the ladder of a call, decoded from captured octets",
        "calleq trace 01KAJ3T8Q6S7XG3WQ0V9J5N2ZR --pcap call.pcap",
        "trace",
    )
    trace.add_argument("call", metavar="CALL", help="reference, or `last`")
    _with_every_data(trace)
    trace.add_argument(
        "--pcap",
        type=Path,
        metavar="FILE",
        help="also write its SS7 octets; FILE.pcapng keeps links and directions apart",
    )
    _with_json(trace, "the ladder")

    topology = _add(
        commands, "topology", "print the network with every numeral", "calleq topology", "network"
    )
    _with_network(topology)
    _with_json(topology, "the network")

    journal = _add(
        commands,
        "journal",
        "check that the journals are whole",
        "calleq journal check --data my-data",
        "journal",
    )
    checks = journal.add_subparsers(dest="way", required=True, metavar="check")
    checking = checks.add_parser(
        "check",
        help="read every entry of every journal; exit status 1 when one is damaged",
        epilog="example: calleq journal check --data my-data --json",
    )
    _with_every_data(checking)
    _with_json(checking, "what was found")

    add_operation(partial(_add, commands), _with_what_is_shown)
    add_keys(partial(_add, commands), _with_what_is_shown)
    add_carrier_key(partial(_add, commands), _with_what_is_shown)
    add_certificates(partial(_add, commands), _with_network_shown)

    bench = _add(commands, "bench", "measure this machine", "calleq bench isup --json", "bench")
    bench.add_argument(
        "name",
        choices=(
            *("isup", "inap", "ss7", "accept", "answers", "first-iam", "journal"),
            *("sim", "setups", "media", "schedule", "api", "overload"),
        ),
    )
    bench.add_argument(
        "--quick", action="store_true", help="media, schedule: seconds, to see that it works"
    )
    _with_json(bench, "the figures")


def _add_records(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Commands on the call records."""
    cdr = _add(commands, "cdr", "read the call records", "calleq cdr list --json", "records")
    ways = cdr.add_subparsers(dest="way", required=True, metavar="list|show|ordinary|export|…")

    def way(name: str, what: str, example: str) -> argparse.ArgumentParser:
        parser = ways.add_parser(name, help=what, epilog=f"example: {example}")
        _with_every_data(parser)
        _with_database(parser)
        return parser

    listing = way("list", "records, oldest first", "calleq cdr list --business abc --min-talk 60")
    _with_filters(listing)
    listing.add_argument(
        "--limit", type=int, metavar="N", help="how many (default: 100; with --json: all)"
    )
    listing.add_argument("--after", metavar="CALL", help="begin after this call: the next page")
    listing.add_argument("--newest-first", action="store_true")
    _with_json(listing, "the records")

    showing = way("show", "one record", "calleq cdr show last")
    showing.add_argument("call", metavar="CALL", help="reference, the end of one, or `last`")
    _with_json(showing, "the record")

    plain = way("ordinary", "calls of telephones and trunks, of no message", "calleq cdr ordinary")
    plain.add_argument("--trunk", metavar="NAME", help="that came or left by this SIP trunk")
    _with_times(plain)
    plain.add_argument("--limit", type=int, metavar="N", help="the latest N (default: 100)")
    _with_json(plain, "the calls")

    export = way("export", "records for other programs", "calleq cdr export --out legs.csv")
    _with_filters(export)
    export.add_argument("--format", choices=("csv", "jsonl"), default="csv")
    export.add_argument("--records", choices=("legs", "sessions"), default="legs")
    export.add_argument(
        "--out",
        type=Path,
        metavar="FILE",
        help="with FILE.manifest.json (default: standard output)",
    )

    waits = way("waits", "how long customers waited, and who reached nobody", "calleq cdr waits")
    waits.add_argument("--business")
    _with_times(waits)
    _with_json(waits, "the waits by business")

    check = way(
        "check", "find what must be looked at; status 1 when there is any", "calleq cdr check"
    )
    _with_times(check)
    _with_json(check, "the findings")

    rebuild = _add(
        commands,
        "rebuild",
        "make the call records anew from the journals",
        "calleq rebuild --data calleq-data",
        "rebuild",
    )
    _with_every_data(rebuild)
    _with_database(rebuild)
    _with_json(rebuild, "what was read and made")


def _with_database(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--database",
        default=os.environ.get("CALLEQ_DATABASE"),
        metavar="URL",
        help="where records lie: postgresql://… or sqlite:///FILE (default: $CALLEQ_DATABASE, else"
        " records.sqlite in the data directory)",
    )


def _with_times(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--since", metavar="INSTANT", help="calls that began then or later")
    parser.add_argument("--until", metavar="INSTANT", help="calls that began before then")


def _with_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--business")
    parser.add_argument("--state", help="the final state, or in_progress")
    parser.add_argument("--number", help="of a party; `+1212*`: numbers that begin so")
    parser.add_argument("--cause", type=int, help="of the call or one of its legs (Q.850)")
    parser.add_argument("--trunk", metavar="NAME", help="a leg left by this SIP trunk")
    _with_times(parser)
    parser.add_argument("--min-talk", type=float, metavar="SECONDS", help="of the longest leg")
    parser.add_argument("--max-talk", type=float, metavar="SECONDS")


def build_parser() -> argparse.ArgumentParser:
    """Every command with its options."""
    parser = argparse.ArgumentParser(
        prog="calleq",
        description="The telephone company's side of click-to-call.",
        epilog="example: calleq demo",
    )
    parser.add_argument("--version", action="version", version=f"calleq {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    _add_networks(commands)
    add_calls(partial(_add, commands), _with_json)
    _add_readers(commands)
    _add_records(commands)
    add_prompts(partial(_add, commands), _with_data, _with_json)
    add_refusals(partial(_add, commands), _with_every_data, _with_json)
    return parser


def dispatch(parser: argparse.ArgumentParser, package: str, arguments: Sequence[str] | None) -> int:
    """Parse and run; errors become one line on standard error and an exit status."""
    given = parser.parse_args(arguments)
    try:
        run: Callable[[argparse.Namespace], int] = importlib.import_module(
            f"{package}.{given.module}"
        ).run
        return run(given)
    except UsageError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 2
    except CommandError as error:
        sys.stderr.write(f"{parser.prog}: {error}\n")
        return 1
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except KeyboardInterrupt:
        sys.stderr.write("\n")
        return 1
    except Exception as error:
        if os.environ.get("CALLEQ_TRACEBACK"):
            raise
        sys.stderr.write(
            f"{parser.prog}: a fault of calleq's own: {type(error).__name__}: {error}."
            " Set CALLEQ_TRACEBACK=1 for where it happened, and report it.\n"
        )
        return 1


def main(arguments: Sequence[str] | None = None) -> int:
    """The command `calleq`."""
    return dispatch(build_parser(), "calleq.cli", arguments)


if __name__ == "__main__":
    sys.exit(main())
