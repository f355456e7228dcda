"""`calleq-sim faults`: every kind of fault in every state of a call, each cell a run."""

import argparse
from collections import Counter
from concurrent.futures import ProcessPoolExecutor

import msgspec

from calleq.cli.failure import UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.topology import load_topology
from simulator.faults.matrix import Cell, approaches_of, kinds_of, run_cell
from simulator.faults.progress import progress

SHORT = {
    "completed": "done",
    "customer_abandoned": "left",
    "customer_busy": "c busy",
    "customer_no_answer": "c none",
    "customer_rejected": "c rej",
    "customer_machine": "machine",
    "agent_busy": "a busy",
    "agent_no_answer": "a none",
    "agent_rejected": "a rej",
    "agent_unavailable": "a gone",
}
"""Final states in a column's width; what is not here is short enough."""


def run(arguments: argparse.Namespace) -> int:
    """0 when every rule held in every cell."""
    if arguments.kinds:
        rows = [(kind.name, kind.what) for kind in kinds_of(arguments.equipment or "")]
        if arguments.json:
            print_json([{"kind": name, "what": what} for name, what in rows])
        else:
            print_table(f"{len(rows)} kinds of fault", ("kind", "what"), rows)
        return 0
    cells = run_matrix(
        arguments.workers,
        arguments.state,
        arguments.kind,
        arguments.equipment or "",
        show=not arguments.json,
    )
    broken = [cell for cell in cells if cell.breaches]
    if arguments.json:
        print_json(msgspec.to_builtins(cells))
    else:
        _show(cells, broken, arguments.equipment or "")
    return 1 if broken else 0


def run_matrix(
    workers: int, state: str | None, kind: str | None, equipment: str = "", *, show: bool
) -> list[Cell]:
    """The cells that are wanted, row by row, of calls that `equipment` makes. Raises UsageError."""
    points = [point.name for point in load_topology().service_control_points]
    if equipment and equipment not in points:
        raise UsageError(f"--equipment {equipment}: one of {', '.join(points)} was expected")
    all_kinds, approaches = kinds_of(equipment), approaches_of(equipment)
    states = [approach.state for approach in approaches]
    kinds = [one.name for one in all_kinds]
    for name, given, known in (("--state", state, states), ("--kind", kind, kinds)):
        if given is not None and given not in known:
            raise UsageError(f"{name} {given}: one of {', '.join(known)} was expected")
    wanted = [
        (row, column, equipment)
        for row, approach in enumerate(approaches)
        for column, one in enumerate(all_kinds)
        if state in (None, approach.state) and kind in (None, one.name)
    ]
    cells = []
    with (
        ProcessPoolExecutor(min(workers, len(wanted))) as pool,
        progress("cells", len(wanted), show=show) as advance,
    ):
        for cell in pool.map(_cell, wanted, chunksize=16):
            cells.append(cell)
            advance(len(cells))
    return cells


def _cell(place: tuple[int, int, str]) -> Cell:
    row, column, equipment = place
    return run_cell(approaches_of(equipment)[row], kinds_of(equipment)[column], equipment)


def _show(cells: list[Cell], broken: list[Cell], equipment: str) -> None:
    """Kinds down, states across; four tables' worth of columns in one would be too wide."""
    states = list(dict.fromkeys(cell.state for cell in cells))
    found = {(cell.state, cell.kind): cell for cell in cells}
    kinds = list(dict.fromkeys(cell.kind for cell in cells))
    for first in range(0, len(states), 7):
        part = states[first : first + 7]
        rows = [
            (kind, *(_told(found[state, kind]) for state in part if (state, kind) in found))
            for kind in kinds
        ]
        print_table("what a call came to, by the fault and its state then", ("fault", *part), rows)
    for cell in broken:
        print_line(f"{cell.kind} in {cell.state}: {'; '.join(cell.breaches)}")
        option = f"--equipment {equipment} " if equipment else ""
        print_line(f"  repeat: calleq-sim faults {option}--state {cell.state} --kind '{cell.kind}'")
    counts = Counter(cell.outcome for cell in cells)
    runs = sum(count for outcome, count in counts.items() if outcome not in ("-", "not reached"))
    print_line(f"{runs} runs, {len(broken)} broke a rule; `-` where nothing was there to strike")


def _told(cell: Cell) -> str:
    return ("! " if cell.breaches else "") + SHORT.get(cell.outcome, cell.outcome)
