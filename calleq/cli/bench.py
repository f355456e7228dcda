"""`calleq bench NAME`: what this machine and this version do, in CPU seconds, repeatable by anyone.

Each figure is printed with the command that made it. Nothing here judges; the aims stand in the
documents.
"""

import argparse
import sys
from collections.abc import Callable

import msgspec

from calleq.cli.figures import Figure
from calleq.cli.output import print_json, print_table


def bench_isup() -> list[Figure]:
    """Cost of an IAM with calling number and one more optional parameter."""
    from calleq.cli.bench_isup import measure

    return measure("calleq bench isup")


def bench_accept() -> list[Figure]:
    """CPU of access server 72 per message accepted durably."""
    from calleq.cli.bench_door import measure_accept

    return measure_accept("calleq bench accept")


def bench_first_iam() -> list[Figure]:
    """From the last octet of the POST to the first IAM on the link."""
    from calleq.cli.bench_door import measure_first_iam

    return measure_first_iam("calleq bench first-iam")


def bench_sim() -> list[Figure]:
    """Completed calls per CPU second of `calleq-sim run`."""
    from calleq.cli.bench_sim import measure

    return measure("calleq bench sim")


BENCHES: dict[str, Callable[[], list[Figure]]] = {
    "isup": bench_isup,
    "accept": bench_accept,
    "first-iam": bench_first_iam,
    "sim": bench_sim,
}


def run(arguments: argparse.Namespace) -> int:
    """Measure and print."""
    if sys.stderr.isatty():
        sys.stderr.write(f"measuring {arguments.name} …\n")
    figures = BENCHES[arguments.name]()
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
