"""`calleq rebuild`: the call records made anew from the journals, whatever the tables held.

Refused where the first segments of a journal have been removed: their records are in the tables
alone.
"""

import argparse

from sqlalchemy import func, select

from calleq.billing.projection import rebuild
from calleq.cli.failure import CommandError
from calleq.cli.output import counted, print_json, print_line
from calleq.cli.reading import given_data
from calleq.cli.records_database import opened
from calleq.journal.segments import Data, journals_of, segment_numbers, segment_path
from calleq.runtime.disk import RealDisk
from calleq.store.schema import LEG, SESSION


def run(arguments: argparse.Namespace) -> int:
    """Readers see the old records until the new ones are complete."""
    data = given_data(arguments)
    _refuse_where_segments_are_gone(data)
    with opened(arguments) as database:
        entries = rebuild(database, data)
        with database.reading() as connection:
            calls = connection.scalar(select(func.count()).select_from(SESSION)) or 0
            legs = connection.scalar(select(func.count()).select_from(LEG)) or 0
    if arguments.json:
        print_json({"entries": entries, "calls": calls, "legs": legs})
    else:
        made = f"{counted(calls, 'call')}, {counted(legs, 'leg')}"
        print_line(f"{counted(entries, 'journal entry')} read: {made}")
    return 0


def _refuse_where_segments_are_gone(data: Data) -> None:
    disk = RealDisk()
    for base in journals_of(disk, data):
        first = segment_numbers(disk, base)[0]
        if first > 1:
            raise CommandError(
                f"{base}: segments before {segment_path(base, first).name} were removed"
                " (--keep-days): the records of their calls could not be made again"
            )
