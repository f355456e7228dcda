"""The simulator bench: completed calls per CPU second of a whole `calleq-sim run`."""

import json
import subprocess
import sys

from calleq.cli.failure import CommandError
from calleq.cli.figures import Figure

CALLS = 10_000


def measure(command: str) -> list[Figure]:
    """One run in a process of its own; start-up is part of its CPU seconds."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "simulator.cli",
            "run",
            "--calls",
            str(CALLS),
            "--seed",
            "1",
            "--json",
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise CommandError(f"calleq-sim failed: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    cpu_s, messages = result["cpu_s"], result["isup_messages"]
    return [
        Figure("completed calls", result["completed"] / cpu_s, "per CPU second", command),
        Figure("offered calls", result["calls"] / cpu_s, "per CPU second", command),
        Figure("ISUP messages acted upon", messages / cpu_s, "per CPU second", command),
        Figure("calls offered", result["calls"], "calls", command),
        Figure("CPU", cpu_s, "s", command),
        Figure("memory", result["memory_mb"], "MB", command),
    ]
