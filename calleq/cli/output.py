"""How commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from calleq.messages.answers import ProblemView


def problem_text(problem: ProblemView) -> str:
    """A door's refusal in words, one line for each field at fault."""
    fields = [f"\n  {field.pointer}: {field.detail}" for field in problem.errors]
    return "".join([problem.detail or problem.title, *fields])


def print_json(value: object) -> None:
    """One JSON value on standard output."""
    sys.stdout.write(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def print_line(text: str) -> None:
    """One line, at once (people and programs wait for lines such as `ready`)."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()
) -> None:
    """A table; columns named in `right` are aligned to the right."""
    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    aligned = set(right)
    for column in columns:
        table.add_column(column, justify="right" if column in aligned else "left")
    for row in rows:
        table.add_row(*row)
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    if not sys.stdout.isatty():
        console.width = 120
    console.print(table)
