"""`calleq prompts check`, `calleq do-not-call`: what customers hear, and who must not be called."""

import argparse
from pathlib import Path

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line, print_table
from calleq.media.supplied import SuppliedError, read_wav
from calleq.units import SECOND_US


def run(arguments: argparse.Namespace) -> int:
    """One of the two."""
    if arguments.command == "prompts":
        return _check(arguments.files, as_json=arguments.json)
    return _do_not_call(arguments)


def _check(files: list[Path], *, as_json: bool) -> int:
    """Say of each file whether it can be played. Raises CommandError where one cannot."""
    rows: list[dict[str, object]] = []
    for file in files:
        try:
            supplied = read_wav(file)
        except SuppliedError as error:
            rows.append({"file": str(file), "playable": False, "why": str(error)})
            continue
        rows.append(
            {
                "file": str(file),
                "playable": True,
                "coding": supplied.coding,
                "seconds": round(supplied.length_us / SECOND_US, 3),
                "level_dbm0": round(supplied.level_dbm0, 1),
            }
        )
    if as_json:
        print_json(rows)
    else:
        for row in rows:
            print_line(_told(row))
    wrong = sum(not row["playable"] for row in rows)
    if wrong:
        raise CommandError(f"{wrong} of {len(rows)} files cannot be played")
    return 0


def _told(row: dict[str, object]) -> str:
    if not row["playable"]:
        return f"cannot be played: {row['why']}"
    return f"{row['file']}: {row['coding']}; {row['seconds']} s, {row['level_dbm0']} dBm0"


def _do_not_call(arguments: argparse.Namespace) -> int:
    from calleq.cli.operator_calls import Operator  # HTTP is slow to import
    from calleq.operation.surface import Listing

    operator = Operator(arguments.data)
    if arguments.order == "list":
        shown = operator.do_not_call(arguments.business or "")
    elif arguments.number is None or arguments.business is None:
        raise UsageError(f"do-not-call {arguments.order}: NUMBER and --business are needed")
    else:
        listed = arguments.order == "add"
        shown = operator.list_number(Listing(arguments.business, arguments.number, listed))
    if arguments.json:
        print_json(msgspec.to_builtins(shown))
    else:
        print_table(
            f"{len(shown)} numbers not to be called",
            ("business", "number", "asked for in call"),
            [(one.business, one.number, one.call or "by the operator") for one in shown],
        )
    return 0
