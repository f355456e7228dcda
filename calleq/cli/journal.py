"""`calleq journal check`: whether the journals of a data directory are whole, entry by entry.

Reads them as a restart would, and changes nothing: checksums, the order of groups and sequence
numbers, and that each segment goes on where the one before it ends. A torn tail is no damage: it
was never said to be durable, and the next start cuts it. Journals being written may be checked.
"""

import argparse
from pathlib import Path

import msgspec

from calleq.cli.failure import CommandError
from calleq.cli.output import counted, print_json, print_line, print_table
from calleq.cli.reading import given_data
from calleq.journal.frames import JournalError
from calleq.journal.reading import read_whole
from calleq.journal.segments import journals_in
from calleq.runtime.disk import RealDisk
from calleq.units import utc_text


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What was found of one journal."""

    journal: str
    whole: bool
    segments: int = 0
    format: int = 0
    """Of the last segment."""
    entries: int = 0
    octets: int = 0
    first_at: str = ""
    last_at: str = ""
    notes: tuple[str, ...] = ()
    """What was odd and no damage."""
    damage: str = ""


def check(path: Path) -> Checked:
    """Read one journal, named by its first segment."""
    try:
        contents, segments = read_whole(path)
    except JournalError as error:
        return Checked(journal=path.stem, whole=False, damage=str(error))
    entries = contents.entries
    return Checked(
        journal=path.stem,
        whole=True,
        segments=len(segments),
        format=segments[-1].version,
        entries=len(entries),
        octets=sum(segment.size for segment in segments),
        first_at=utc_text(entries[0].at_us) if entries else "",
        last_at=utc_text(entries[-1].at_us) if entries else "",
        notes=tuple(contents.notes),
    )


def run(arguments: argparse.Namespace) -> int:
    """0 when every journal is whole; CommandError names what is not."""
    data = given_data(arguments)
    found = [check(path) for one in data for path in journals_in(RealDisk(), one)]
    if arguments.json:
        print_json([msgspec.to_builtins(one) for one in found])
    else:
        print_table(
            counted(len(found), "journal"),
            ("journal", "state", "segments", "entries", "octets", "last entry"),
            [_row(one) for one in found],
            right=("segments", "entries", "octets"),
        )
        for note in (note for one in found for note in one.notes):
            print_line(note)
    damaged = [one.damage for one in found if not one.whole]
    if damaged:
        raise CommandError("; ".join(damaged))
    return 0


def _row(one: Checked) -> tuple[str, ...]:
    state = "DAMAGED" if not one.whole else "torn tail" if one.notes else "whole"
    sizes = (str(one.segments), str(one.entries), str(one.octets))
    return (one.journal, state, *sizes, one.last_at)
