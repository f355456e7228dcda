"""`calleq bench NAME`: what this machine and this version do, in CPU seconds, repeatable by anyone.

Each figure is printed with the command that made it. Nothing here judges; the aims stand in the
documents.
"""

import argparse
import importlib
import sys
from collections.abc import Callable

import msgspec

from calleq.cli.failure import UsageError
from calleq.cli.figures import Figure
from calleq.cli.output import print_json, print_table

BENCHES: dict[str, tuple[str, str]] = {
    "isup": ("calleq.cli.bench_isup", "measure"),
    "inap": ("calleq.cli.bench_inap", "measure"),
    "accept": ("calleq.cli.bench_door", "measure_accept"),
    "api": ("calleq.cli.bench_api", "measure"),
    "overload": ("calleq.cli.bench_overload", "measure"),
    "answers": ("calleq.cli.bench_answers", "measure_answers"),
    "first-iam": ("calleq.cli.bench_door", "measure_first_iam"),
    "journal": ("calleq.cli.bench_journal", "measure"),
    "media": ("calleq.cli.bench_media", "measure"),
    "schedule": ("calleq.cli.bench_schedule", "measure"),
    "setups": ("calleq.cli.bench_setups", "measure"),
    "sim": ("calleq.cli.bench_sim", "measure"),
    "ss7": ("calleq.cli.bench_ss7", "measure"),
}
"""Where each is measured, by name; a module is imported only when it measures."""


QUICK = frozenset({"media", "schedule"})
"""Those that can be over in seconds, to see that they work: `--quick`."""


def measure(name: str, quick: bool = False) -> list[Figure]:
    """The figures of a bench, with the command that makes them again."""
    module, function = BENCHES[name]
    work: Callable[[str], list[Figure]] = getattr(importlib.import_module(module), function)
    return work(f"calleq bench {name} --quick" if quick else f"calleq bench {name}")


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    if sys.stderr.isatty():
        sys.stderr.write(f"measuring {arguments.name} …\n")
    if arguments.quick and arguments.name not in QUICK:
        raise UsageError(f"--quick is for {', '.join(sorted(QUICK))}")
    figures = measure(arguments.name, arguments.quick)
    if arguments.json:
        print_json([msgspec.structs.asdict(figure) for figure in figures])
    else:
        print_table(
            f"calleq bench {arguments.name}",
            ("figure", "value", "unit"),
            [(figure.name, f"{figure.value:,.3f}", figure.unit) for figure in figures],
            right=("value",),
        )
    return 0
