"""The parsers of the commands on whole processes and their data: reload, drain, backup, restore."""

import argparse
from collections.abc import Callable
from pathlib import Path

Add = Callable[[str, str, str, str], argparse.ArgumentParser]
"""Makes the parser of a command: its name, what it does, an example, its module."""
Finish = Callable[[argparse.ArgumentParser], None]


def add_processes(add: Add, finish: Finish) -> None:
    """The parsers of all of them; `finish` adds what they have in common."""
    finish(
        add(
            "reload",
            "read the topology file again: businesses, telephones' passwords, rate decks;"
            " no call is touched",
            "calleq reload",
            "process",
        )
    )
    drain = add(
        "drain",
        "let the doors take no call any more, and those that go on come to their end",
        "calleq drain --stop --wait 600",
        "process",
    )
    finish(drain)
    drain.add_argument("--stop", action="store_true", help="then stop the processes with doors")
    drain.add_argument(
        "--wait", type=float, metavar="SECONDS", help="return when no call is left, or fail then"
    )
    drain.add_argument("--undo", action="store_true", help="take calls again")
    _add_copies(add, finish)


def _add_copies(add: Add, finish: Finish) -> None:
    backup = add(
        "backup",
        "copy the data directory into one file, while the network runs or not",
        "calleq backup calleq.tar.gz --data calleq-data",
        "backup",
    )
    backup.add_argument("file", type=Path, metavar="FILE", help="is made; may not be there")
    backup.add_argument(
        "--no-captures",
        action="store_true",
        help="leave out captured octets, which only ladders of past calls need",
    )
    finish(backup)
    restore = add(
        "restore",
        "put a copy into an empty data directory",
        "calleq restore calleq.tar.gz --data calleq-data",
        "backup",
    )
    restore.add_argument("file", type=Path, metavar="FILE")
    finish(restore)
