"""`calleq cdr list|show`: the records, derived from the journals at each reading."""

import argparse

from calleq.billing.derivation import derive_records
from calleq.billing.records import LEG_COLUMNS, SessionRecord, leg_rows, records_as_json
from calleq.cli.output import print_json, print_line, print_table
from calleq.cli.reading import choose, read_entries
from calleq.units import utc_text


def run(arguments: argparse.Namespace) -> int:
    """Print one record or all."""
    records = derive_records(read_entries(arguments.data))
    if arguments.way == "show":
        record = choose(records, arguments.call)
        if arguments.json:
            print_json(records_as_json(record))
        else:
            show(record)
    elif arguments.json:
        print_json([records_as_json(record) for record in records])
    else:
        print_table(
            f"{len(records)} calls",
            ("call", "accepted", "business", "state", "legs", "talk", "billable"),
            [_row(record) for record in records],
            right=("legs", "talk", "billable"),
        )
    return 0


def _row(record: SessionRecord) -> tuple[str, ...]:
    talk_us = sum(leg.talk_us for leg in record.legs)
    return (
        record.call,
        utc_text(record.accepted_at_us) if record.accepted_at_us is not None else "-",
        record.business,
        record.state or "in progress",
        str(len(record.legs)),
        f"{talk_us / 1e6:.3f} s",
        f"{sum(leg.billable_s for leg in record.legs)} s",
    )


def show(record: SessionRecord) -> None:
    """A record as people read it."""
    print_line(f"call      {record.call}")
    print_line(f"business  {record.business}")
    print_line(f"state     {record.state or 'in progress'} (cause {record.cause})")
    print_table(
        "legs", LEG_COLUMNS, leg_rows(record), right=("attempt", "ring", "talk", "billable")
    )
