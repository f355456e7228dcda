"""Reading journals without writing them, also while their processes go on writing.

`read_journal` reads one journal with all its segments, `read_data` a whole data directory merged by
time. Neither cuts, locks or changes anything. A tail that is just being written looks torn and is
left out with a note.

Odd case: a file that grows while it is read may show an older page before a newer one, and a
segment may be removed meanwhile, which look like damage. So damage is believed only when a second
reading finds it too.
"""

import heapq
from operator import attrgetter
from pathlib import Path

from calleq.journal.entries import Stamped
from calleq.journal.frames import Contents, JournalDamaged, JournalError
from calleq.journal.segments import (
    SUFFIX,
    Data,
    Segment,
    journals_of,
    read_segments,
    segment_numbers,
    segment_path,
)
from calleq.runtime.disk import RealDisk


def journal_path(data: Path, process: str) -> Path:
    """Where the journal of `process` lies in the data directory: its first segment."""
    return data / f"{process}{SUFFIX}"


def read_whole(path: Path) -> tuple[Contents, list[Segment]]:
    """A journal with its segments; `path` is that of the first, also where it was removed.

    Raises JournalDamaged, JournalVersion, and JournalError when it cannot be read or is none.
    """
    try:
        return _read(path)
    except (JournalDamaged, FileNotFoundError):
        pass
    try:
        return _read(path)
    except FileNotFoundError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror}") from error


def read_journal(path: Path) -> tuple[list[Stamped], list[str]]:
    """The entries of a journal in the order written, and notes on what was odd (a torn tail).

    Raises as `read_whole` does.
    """
    contents, _ = read_whole(path)
    return contents.entries, contents.notes


def read_data(data: Data) -> list[Stamped]:
    """Every entry of every journal of a network, by time; empty when there is none.

    Entries of one journal stay in the order written even where its clock stepped back. Raises as
    `read_whole` does.
    """
    journals = [read_journal(path)[0] for path in journals_of(RealDisk(), data)]
    return list(heapq.merge(*journals, key=attrgetter("at_us")))


def _read(path: Path) -> tuple[Contents, list[Segment]]:
    disk = RealDisk()
    try:
        numbers = segment_numbers(disk, path) or [1]
        paths = [(number, segment_path(path, number)) for number in numbers]
        return read_segments((number, one, disk.read(one)) for number, one in paths)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error
