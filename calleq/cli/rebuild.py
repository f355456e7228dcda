"""`calleq rebuild`: the call records made anew from the journals, whatever the tables held."""

import argparse

from sqlalchemy import func, select

from calleq.billing.projection import rebuild
from calleq.cli.output import print_json, print_line
from calleq.cli.records_database import opened
from calleq.store.schema import LEG, SESSION


def run(arguments: argparse.Namespace) -> int:
    """Readers see the old records until the new ones are complete."""
    with opened(arguments) as database:
        entries = rebuild(database, arguments.data)
        with database.reading() as connection:
            calls = connection.scalar(select(func.count()).select_from(SESSION)) or 0
            legs = connection.scalar(select(func.count()).select_from(LEG)) or 0
    if arguments.json:
        print_json({"entries": entries, "calls": calls, "legs": legs})
    else:
        print_line(f"{entries} journal entries read: {calls} calls, {legs} legs")
    return 0
