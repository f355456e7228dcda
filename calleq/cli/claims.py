"""Which processes may write one data directory: each element in one journal, for ever.

An element recovers from its own journal, and its entries are numbered through. So a directory that
`calleq up` has written is no place for `calleq run`, and the other way round; and an element that
shares a process with others once stays with them. What is refused is refused before anything is
written, also when two processes start at the same instant.
"""

from collections.abc import Sequence
from pathlib import Path

from calleq.cli.failure import CommandError
from calleq.cli.reading import held
from calleq.journal.reading import journal_path
from calleq.journal.segments import journals_in
from calleq.runtime.disk import RealDisk

WHOLE = "network"
"""The process that hosts every element."""

_BETWEEN = "+"


def process_name(elements: Sequence[str]) -> str:
    """The process that hosts some elements, as its journal and capture are named."""
    return _BETWEEN.join(dict.fromkeys(elements))


def claim(data: Path, process: str) -> str:
    """Make a place for the journal of a process; the name under which it is kept there.

    That is another one where the same elements were named in another order. Raises CommandError
    when a journal of another process is in the way.
    """
    disk = RealDisk()
    with held(data / "journals.lock"):
        for base in journals_in(disk, data):
            kept = base.stem
            if set(_elements(kept)) == set(_elements(process)):
                return kept
            shared = [name for name in _elements(process) if name in _elements(kept)]
            if shared or WHOLE in (kept, process):
                raise CommandError(_refusal(data, process, kept, shared))
        disk.open(journal_path(data, process)).close()
    return process


def _elements(process: str) -> list[str]:
    return process.split(_BETWEEN)


def _refusal(data: Path, process: str, kept: str, shared: list[str]) -> str:
    who = f"{data} has the journal of `{_command(kept)}`"
    if shared:
        return (
            f"{who}, so {shared[0]} cannot run in another process than there: start it so, or name"
            " another directory with --data"
        )
    return (
        f"{who}, and a network is either in one process or in several: `{_command(process)}` needs"
        " another directory, named with --data"
    )


def _command(process: str) -> str:
    return "calleq up" if process == WHOLE else f"calleq run {' '.join(_elements(process))}"
