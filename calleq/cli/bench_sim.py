"""The simulator bench: completed calls per CPU second of a whole `calleq-sim run`.

The best of some runs counts: other programs on the machine take cache and memory from this one, and
so lengthen even its own CPU seconds.
"""

import subprocess
import sys
from operator import attrgetter

import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure

CALLS = 10_000
ROUNDS = 3


class _Run(msgspec.Struct, frozen=True):
    """What is read of a run's result."""

    calls: int
    completed: int
    digest: str
    isup_messages: int
    cpu_s: float
    memory_mb: float


def measure(command: str) -> list[Figure]:
    """Runs in processes of their own; start-up is part of their CPU seconds."""
    runs = sorted((_run() for _ in range(ROUNDS)), key=attrgetter("cpu_s"))
    best, worst = runs[0], runs[-1]
    if best.digest != worst.digest:
        raise CommandError("two runs of one seed had different digests")
    cpu_s, messages = best.cpu_s, best.isup_messages
    return [
        Figure("completed calls", best.completed / cpu_s, "per CPU second", command),
        Figure("offered calls", best.calls / cpu_s, "per CPU second", command),
        Figure("ISUP messages acted upon", messages / cpu_s, "per CPU second", command),
        Figure("ISUP messages per completed call", messages / best.completed, "", command),
        Figure("calls offered", best.calls, "calls", command),
        Figure("CPU, best run", cpu_s, "s", command),
        Figure("CPU, worst run", worst.cpu_s, "s", command),
        Figure("memory", best.memory_mb, "MB", command),
    ]


def _run() -> _Run:
    options = ("run", "--calls", str(CALLS), "--seed", "1", "--json")
    done = subprocess.run(
        [sys.executable, "-m", "simulator.cli", *options], capture_output=True, check=False
    )
    if done.returncode:
        raise CommandError(f"calleq-sim failed: {done.stderr.decode().strip()}")
    return msgspec.json.decode(done.stdout, type=_Run)
