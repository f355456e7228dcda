"""How commands print: tables for people, JSON for programs."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from calleq.messages.answers import ProblemView


def problem_text(problem: "ProblemView") -> str:
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


def counted(number: int, what: str) -> str:
    """A number of things in words.

    >>> counted(1, "call"), counted(0, "journal entry"), counted(2, "key")
    ('1 call', '0 journal entries', '2 keys')
    """
    if number == 1:
        return f"1 {what}"
    return (
        f"{number} {what[:-1]}ies"
        if what[-1] == "y" and what[-2] not in "aeo"
        else f"{number} {what}s"
    )


def print_table(
    title: str, columns: Sequence[str], rows: Iterable[Sequence[str]], right: Iterable[str] = ()
) -> None:
    """A table, of which nothing but the title is left when it has no rows; columns named in
    `right` are aligned to the right."""
    lines = [tuple(row) for row in rows]
    if not lines:
        print_line(title)
        return
    from rich.console import Console  # not needed for JSON, and slow to import
    from rich.table import Table

    table = Table(title=title, title_justify="left", title_style="bold", header_style="bold")
    aligned = set(right)
    for column in columns:
        table.add_column(column, justify="right" if column in aligned else "left")
    for row in lines:
        table.add_row(*row)
    console = Console(highlight=False, markup=False, soft_wrap=not sys.stdout.isatty())
    if not sys.stdout.isatty():
        console.width = 120
    console.print(table)
