"""`calleq cdr list|show|export|check`: the records, read through their projection."""

import argparse
import json
import os
import re
import sys
import textwrap
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import msgspec
from sqlalchemy import Connection

from calleq.billing.checks import findings, known_lost
from calleq.billing.export import Batch
from calleq.billing.queries import (
    Filter,
    Position,
    calls_ending_in,
    find_record,
    find_records,
    position_of,
)
from calleq.billing.records import (
    LEG_COLUMNS,
    VOICE_COLUMNS,
    SessionRecord,
    leg_rows,
    records_as_json,
    voice_rows,
)
from calleq.billing.waits import waits_of
from calleq.call.driver import FINAL_STATES
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.ordinary import show_ordinary
from calleq.cli.output import counted, print_json, print_line, print_table
from calleq.cli.reading import write_json
from calleq.cli.records_database import given_times, length_us, up_to_date
from calleq.rating import amount_text
from calleq.units import utc_text

IN_PROGRESS = "in_progress"
"""What `--state` calls the calls that have no final state yet."""

LAST_CAUSE = 127
"""Of Q.850's values."""

_NUMBER = re.compile(r"(\+[0-9]{1,15}|sips?:[^\s*%]{1,99}|(?=[0-9a-f]*[.:])[0-9a-f.:]{2,45})\*?")

SHOWN_CALLS = 100
"""In a table, unless `--limit` says otherwise."""


def run(arguments: argparse.Namespace) -> int:
    """One of the ways."""
    if arguments.way == "ordinary":
        return show_ordinary(arguments)
    with up_to_date(arguments) as database, database.reading() as connection:
        match arguments.way:
            case "show":
                return _show_one(connection, arguments)
            case "list":
                return _list(connection, arguments)
            case "export":
                return _export(connection, arguments)
            case "waits":
                return _waits(connection, arguments)
            case _:
                return _check(connection, arguments)


def _show_one(connection: Connection, arguments: argparse.Namespace) -> int:
    record = _chosen(connection, arguments.call)
    if arguments.json:
        print_json(records_as_json(record))
    else:
        show(record)
    return 0


def _chosen(connection: Connection, call: str) -> SessionRecord:
    """The record of a reference, of the unambiguous end of one, or of the `last` call."""
    if not call:
        raise UsageError("the reference of a call, the end of one, or `last` was expected")
    if call == "last":
        newest = next(find_records(connection, Filter(newest_first=True), limit=1), None)
        if newest is None:
            raise CommandError("no call has been made yet")
        return newest
    found = [call.upper()] if position_of(connection, call.upper()) else []
    found = found or calls_ending_in(connection, call.upper(), 2)
    if len(found) > 1:
        raise UsageError(f"{call!r} fits several calls: give more of the reference")
    record = find_record(connection, found[0]) if found else None
    if record is None:
        raise CommandError(f"no call {call!r}: `calleq cdr list` shows those there are")
    return record


def _list(connection: Connection, arguments: argparse.Namespace) -> int:
    wanted = _filter(arguments, newest_first=arguments.newest_first)
    limit = arguments.limit
    if limit is not None and limit < 1:
        raise UsageError(f"--limit {limit}: 1 or more was expected")
    after = _position(connection, arguments.after)
    if arguments.json:
        _print_list(find_records(connection, wanted, limit=limit, after=after))
        return 0
    limit = limit or SHOWN_CALLS
    found = list(find_records(connection, wanted, limit=limit + 1, after=after))
    shown = found[:limit]
    print_table(
        counted(len(shown), "call"),
        ("call", "accepted", "business", "state", "legs", "talk", "billable", "price"),
        [_row(record) for record in shown],
        right=("legs", "talk", "billable", "price"),
    )
    for currency, micro in _totals(shown).items():
        print_line(f"in all {amount_text(micro)} {currency}")
    if len(found) > limit:
        print_line(f"There are more: --after {shown[-1].call}")
    return 0


def _waits(connection: Connection, arguments: argparse.Namespace) -> int:
    since_us, until_us = given_times(arguments)
    wanted = Filter(business=arguments.business, since_us=since_us, until_us=until_us)
    found = waits_of(find_records(connection, wanted))
    if arguments.json:
        print_json([msgspec.to_builtins(one) for one in found])
        return 0
    print_table(
        "customers who answered",
        ("business", "answered", "never connected", "share", "mean wait", "95 of 100", "longest"),
        [
            (
                one.business,
                str(one.answered),
                str(one.unconnected),
                f"{one.unconnected_share:.1%}",
                f"{one.mean_s:.1f} s",
                f"{one.most_of_95_s:.1f} s",
                f"{one.longest_s:.1f} s",
            )
            for one in found
        ],
        right=("answered", "never connected", "share", "mean wait", "95 of 100", "longest"),
    )
    return 0


def _position(connection: Connection, call: str | None) -> Position | None:
    if call is None:
        return None
    position = position_of(connection, call.upper())
    if position is None:
        raise UsageError(f"--after {call}: there is no such call")
    return position


def _filter(
    arguments: argparse.Namespace, *, newest_first: bool = False, over: bool = False
) -> Filter:
    state = arguments.state
    since_us, until_us = given_times(arguments)
    min_talk_us = length_us(arguments.min_talk, "--min-talk")
    max_talk_us = length_us(arguments.max_talk, "--max-talk")
    if state not in (None, IN_PROGRESS, *FINAL_STATES):
        states = ", ".join((*FINAL_STATES, IN_PROGRESS))
        raise UsageError(f"--state {state}: one of {states} was expected")
    if over and state == IN_PROGRESS:
        raise UsageError(f"--state {state}: only calls that are over are exported")
    if arguments.number is not None and not _NUMBER.fullmatch(arguments.number):
        raise UsageError(
            f"--number {arguments.number}: a number such as +12125550100 or an address such as"
            " sip:alice@example.com was expected, or the beginning of one such as +1212*"
        )
    if arguments.cause is not None and not 0 <= arguments.cause <= LAST_CAUSE:
        raise UsageError(f"--cause {arguments.cause}: 0 to {LAST_CAUSE} was expected")
    if min_talk_us is not None and max_talk_us is not None and min_talk_us > max_talk_us:
        raise UsageError("no talk is both as long as --min-talk and as short as --max-talk")
    return Filter(
        business=arguments.business,
        state="" if state == IN_PROGRESS else state,
        number=arguments.number,
        cause=arguments.cause,
        since_us=since_us,
        until_us=until_us,
        min_talk_us=min_talk_us,
        max_talk_us=max_talk_us,
        trunk=arguments.trunk,
        over=over,
        newest_first=newest_first,
    )


def _print_list(records: Iterable[SessionRecord]) -> None:
    """One JSON array, written as it is read: there may be millions."""
    sys.stdout.write("[")
    separator = "\n"
    for record in records:
        text = json.dumps(records_as_json(record), indent=2, ensure_ascii=False)
        sys.stdout.write(separator + textwrap.indent(text, "  "))
        separator = ",\n"
    sys.stdout.write("]\n" if separator == "\n" else "\n]\n")


def _row(record: SessionRecord) -> tuple[str, ...]:
    talk_us = sum(leg.talk_us for leg in record.legs)
    return (
        record.call,
        _instant_text(record.accepted_at_us),
        record.business,
        record.state or "in progress",
        str(len(record.legs)),
        f"{talk_us / 1e6:.3f} s",
        f"{sum(leg.billable_s for leg in record.legs)} s",
        "-" if record.amount_micro is None else _priced(record.amount_micro, record.currency),
    )


def _totals(records: Iterable[SessionRecord]) -> dict[str, int]:
    """What the calls cost, by currency; of those that are charged."""
    totals: dict[str, int] = {}
    for record in records:
        if record.amount_micro is not None:
            totals[record.currency] = totals.get(record.currency, 0) + record.amount_micro
    return totals


def _priced(micro: int, currency: str) -> str:
    return f"{amount_text(micro)} {currency}"


def _instant_text(at_us: int | None) -> str:
    """To the second, for people who look down a list."""
    return "-" if at_us is None else f"{utc_text(at_us)[:19]}Z"


def show(record: SessionRecord) -> None:
    """A record as people read it."""
    print_line(f"call      {record.call}")
    print_line(f"business  {record.business}")
    print_line(f"accepted  {_instant_text(record.accepted_at_us)}")
    print_line(f"ended     {_instant_text(record.ended_at_us)}")
    print_line(f"state     {record.state or 'in progress'} (cause {record.cause})")
    print_table(
        "legs", LEG_COLUMNS, leg_rows(record), right=("attempt", "ring", "talk", "billable")
    )
    voices = voice_rows(record)
    if voices:
        print_table("voice", VOICE_COLUMNS, voices, right=VOICE_COLUMNS[3:])
    if record.amount_micro is not None:
        for charge in record.charges:
            for line in charge.explanation:
                print_line(line)
        print_line(f"price     {_priced(record.amount_micro, record.currency)}")


def _export(connection: Connection, arguments: argparse.Namespace) -> int:
    """Calls that are over; the others have records that still change."""
    wanted = _filter(arguments, over=True)
    batch = Batch(arguments.format, arguments.records)
    lines = batch.lines(find_records(connection, wanted))
    path: Path | None = arguments.out
    if path is None:
        for line in lines:
            sys.stdout.buffer.write(line)
        return 0
    _write(path, lines)
    manifest = batch.manifest(
        filters={
            name: value
            for name, value in msgspec.to_builtins(wanted).items()
            if value is not None and value is not False
        },
        lost=known_lost(connection),
        at_us=time.time_ns() // 1_000,
    )
    write_json(path.with_name(f"{path.name}.manifest.json"), manifest)
    what = f"{batch.count} {arguments.records}"
    print_line(f"{path}: {what} of {counted(batch.sessions, 'call')}")
    return 0


def _write(path: Path, lines: Iterator[bytes]) -> None:
    """Put the file there whole, so that no reader takes half of it for all."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as file:
            file.writelines(lines)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except OSError as error:
        fresh.unlink(missing_ok=True)
        raise UsageError(f"{path}: {error.strerror}") from error


def _check(connection: Connection, arguments: argparse.Namespace) -> int:
    found = findings(connection, *given_times(arguments))
    if arguments.json:
        listed = list(found)
        print_json([msgspec.to_builtins(finding) for finding in listed])
        return 1 if listed else 0
    shown = list(islice(found, SHOWN_CALLS + 1))
    if not shown:
        print_line("nothing to look at")
        return 0
    print_table(
        "to look at",
        ("what", "call", "entity", "detail"),
        [(one.kind, one.call, one.entity, one.detail) for one in shown[:SHOWN_CALLS]],
    )
    if len(shown) > SHOWN_CALLS:
        print_line("There are more: --json shows all")
    return 1
