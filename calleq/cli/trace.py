"""`calleq trace CALL`: the ladder of a call, from captured octets; optionally its capture file."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from calleq.billing.derivation import derive_records
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json
from calleq.cli.reading import choose, given_data, read_entries, read_point_codes, read_variant
from calleq.journal.entries import Stamped
from calleq.ss7.variant import Variant
from calleq.trace.capture import Captured, CaptureError, read_captures
from calleq.trace.decoding import decoders_of
from calleq.trace.ladder import Ladder, ladder
from calleq.trace.pcap import write_pcap
from calleq.trace.pcapng import write_pcapng
from calleq.trace.render import render_text, rows_as_json


def run(arguments: argparse.Namespace) -> int:
    """Print the ladder; with `--pcap` also write the call's MSUs."""
    data = given_data(arguments)
    entries = read_entries(data)
    call = choose(derive_records(entries), arguments.call).call
    found, point_codes = ladder_of(data, call, entries)
    if arguments.pcap is not None:
        _write_capture(arguments.pcap, found, point_codes, read_variant(data))
    if arguments.json:
        print_json(rows_as_json(found))
    else:
        sys.stdout.write(render_text(found))
    return 0


def ladder_of(
    data: Sequence[Path], call: str, entries: list[Stamped]
) -> tuple[Ladder, dict[str, int]]:
    """The ladder of a call of the machines' data directories, and the point codes seen there."""
    try:
        captures = read_captures([path for one in data for path in sorted(one.glob("*.capture"))])
    except CaptureError as error:
        raise CommandError(str(error)) from error
    point_codes = read_point_codes(data)
    decoders = decoders_of(read_variant(data))
    return ladder(call, captures, entries, point_codes, decoders), point_codes


def _write_capture(
    path: Path, found: Ladder, point_codes: dict[str, int], variant: Variant
) -> None:
    rows = [
        Captured(row.at_us, row.segment, row.link, row.sender, row.receiver, row.octets)
        for row in found.rows
    ]
    try:
        with path.open("wb") as file:
            if path.suffix == ".pcapng":
                write_pcapng(file, rows, found.call)
            else:
                write_pcap(file, rows, point_codes, variant)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
