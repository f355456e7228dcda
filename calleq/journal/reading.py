"""Reading journals without writing them, also while their processes go on writing.

`read_journal` reads one file, `read_data` a whole data directory merged by time. Neither cuts,
locks or changes anything. A tail that is just being written looks torn and is left out with a note.

Odd case: a file that grows while it is read may show an older page before a newer one, which looks
like damage. So damage is believed only when a second reading finds it too.
"""

import heapq
from operator import attrgetter
from pathlib import Path

from calleq.journal.entries import Stamped
from calleq.journal.frames import Contents, JournalDamaged, JournalError, decode_journal

SUFFIX = ".journal"
"""A process's journal is `<data directory>/<process>.journal`."""


def journal_path(data: Path, process: str) -> Path:
    """Where the journal of `process` lies in the data directory."""
    return data / f"{process}{SUFFIX}"


def read_journal(path: Path) -> tuple[list[Stamped], list[str]]:
    """The entries of a journal in the order written, and notes on what was odd (a torn tail).

    Raises JournalDamaged, JournalVersion, and JournalError when it cannot be read or is none.
    """
    try:
        contents = _read(path)
    except JournalDamaged:
        contents = _read(path)
    return contents.entries, contents.notes


def read_data(data: Path) -> list[Stamped]:
    """Every entry of every journal in a data directory, by time; empty when there is none.

    Entries of one file stay in the order written even where its clock stepped back. Raises as
    `read_journal` does.
    """
    journals = [read_journal(path)[0] for path in sorted(data.glob(f"*{SUFFIX}"))]
    return list(heapq.merge(*journals, key=attrgetter("at_us")))


def _read(path: Path) -> Contents:
    try:
        octets = path.read_bytes()
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error
    return decode_journal(octets, str(path))
