"""`calleq cdr ordinary`: calls that telephones and trunks made, read from the journals."""

import argparse

from calleq.billing.ordinary import COLUMNS, as_json, ordinary_calls, row
from calleq.cli.failure import UsageError
from calleq.cli.output import counted, print_json, print_line, print_table
from calleq.cli.reading import given_data, read_entries
from calleq.cli.records_database import given_times

SHOWN_CALLS = 100
"""The latest, unless `--limit` says otherwise."""


def show_ordinary(arguments: argparse.Namespace) -> int:
    """The calls of a time, or of a trunk."""
    limit = SHOWN_CALLS if arguments.limit is None else arguments.limit
    if limit < 1:
        raise UsageError(f"--limit {limit}: 1 or more was expected")
    since_us, until_us = given_times(arguments)
    found = [
        call
        for call in ordinary_calls(read_entries(given_data(arguments)))
        if (since_us is None or call.begun_at_us >= since_us)
        and (until_us is None or call.begun_at_us < until_us)
        and (arguments.trunk is None or call.is_of(arguments.trunk))
    ]
    shown = found if arguments.json and arguments.limit is None else found[-limit:]
    if arguments.json:
        print_json([as_json(call) for call in shown])
        return 0
    print_table(
        counted(len(shown), "ordinary call"),
        COLUMNS,
        [row(call) for call in shown],
        right=("talk", "MOS"),
    )
    if len(found) > limit:
        print_line(f"There are {len(found) - limit} earlier ones: --limit, --until")
    return 0
