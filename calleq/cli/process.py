"""`calleq drain` and `calleq reload`: the processes of a running network as a whole."""

import argparse
import time
from collections.abc import Iterable

import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.operator_calls import Operator
from calleq.cli.output import counted, print_json, print_line
from calleq.operation.process import DrainOrder, ProcessView

LOOK_S = 0.2


def run(arguments: argparse.Namespace) -> int:
    """One of the two."""
    operator = Operator(arguments.data)
    return (
        _reload(operator, arguments)
        if arguments.command == "reload"
        else _drain(operator, arguments)
    )


def _reload(operator: Operator, given: argparse.Namespace) -> int:
    views = operator.reload()
    changed = sorted({part for view in views for part in view.changed})
    if given.json:
        print_json({"changed": changed})
    else:
        print_line(f"read anew: {', '.join(changed)}" if changed else "nothing is different")
    return 0


def _drain(operator: Operator, given: argparse.Namespace) -> int:
    views = operator.drain(DrainOrder(drain=not given.undo, stop=given.stop))
    if given.wait is not None and not given.undo:
        views = _waited(operator, views, given.wait)
    if given.json:
        print_json([msgspec.to_builtins(view) for view in views])
    elif given.undo:
        print_line("the doors take calls again")
    else:
        ends = ", and stop then" if given.stop else ""
        print_line(f"the doors drain: {counted(_left(views), 'call')} to the end{ends}")
    return 0


def _waited(operator: Operator, views: list[ProcessView], limit_s: float) -> list[ProcessView]:
    """Until no call is left, or the processes have stopped. Raises CommandError."""
    until = time.monotonic() + limit_s
    while _left(views):
        if time.monotonic() > until:
            left = counted(_left(views), "call")
            raise CommandError(f"after {limit_s:g} s {left} went on; the doors drain all the same")
        time.sleep(LOOK_S)
        try:
            views = operator.processes()
        except CommandError:  # they have stopped
            return [msgspec.structs.replace(view, going_on=0) for view in views]
    return views


def _left(views: Iterable[ProcessView]) -> int:
    return sum(view.going_on for view in views)
