"""`calleq-sim crash`: kill processes at every durable step, fail the power, count what is lost."""

import argparse
import contextlib
import os
import sys
import time
from collections.abc import Callable, Iterator

import msgspec
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from simulator.crash.kills import kill_many
from simulator.crash.outside import FaultError
from simulator.crash.power import PowerLosses, power_losses
from simulator.crash.verdict import Verdict

LIMIT = 10_000_000


class Outcome(msgspec.Struct, frozen=True):
    """What the command found."""

    seed: int
    kills: Verdict | None
    power: PowerLosses | None
    clean: bool
    length_s: float


def run(arguments: argparse.Namespace) -> int:
    """0 when nothing was lost; CommandError otherwise."""
    for name in ("kills", "power_losses"):
        if not 0 <= getattr(arguments, name) <= LIMIT:
            raise UsageError(f"--{name.replace('_', '-')}: 0 to {LIMIT} were expected")
    if not hasattr(os, "fork"):
        raise CommandError("crashes need a system whose processes can fork")
    started_s = time.monotonic()
    kills, power = _crash(arguments.kills, arguments.power_losses, arguments.seed)
    clean = (kills is None or kills.clean) and (power is None or power.clean)
    outcome = Outcome(arguments.seed, kills, power, clean, time.monotonic() - started_s)
    if arguments.json:
        print_json(msgspec.to_builtins(outcome))
    else:
        _show(outcome)
    if not clean:
        raise CommandError(
            f"something was lost: repeat it with --seed {arguments.seed}"
            f" --kills {arguments.kills} --power-losses {arguments.power_losses}"
        )
    return 0


def _crash(kills: int, losses: int, seed: int) -> tuple[Verdict | None, PowerLosses | None]:
    verdict = None
    if kills:
        try:
            with _progress("kills", kills) as advance:
                verdict = kill_many(kills, seed, os.cpu_count() or 1, advance)
        except FaultError as error:
            raise CommandError(str(error)) from error
    return verdict, power_losses(losses, seed) if losses else None


@contextlib.contextmanager
def _progress(what: str, total: int) -> Iterator[Callable[[int], object]]:
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    columns = (TextColumn(what), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _show(outcome: Outcome) -> None:
    if outcome.kills is not None:
        kills = outcome.kills
        print_table(
            f"{kills.kills} kills in {kills.worlds} worlds",
            ("what", "count"),
            [
                ("calls accepted", str(kills.calls_accepted)),
                ("calls interrupted (failed, cause 41)", str(kills.calls_interrupted)),
                *((name.replace("_", " "), str(n)) for name, n in kills.failures().items()),
            ],
            right=("count",),
        )
    if outcome.power is not None:
        power = outcome.power
        print_table(
            f"{power.states} states after a power failure",
            ("what", "count"),
            [
                ("entries said to be durable", str(power.entries_said_durable)),
                ("entries lost", str(power.lost)),
                ("states with invented entries", str(power.invented)),
                ("states refused", str(power.refused)),
            ],
            right=("count",),
        )
    print_line(f"{'clean' if outcome.clean else 'NOT CLEAN'}, {outcome.length_s:.1f} s")
