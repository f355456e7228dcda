"""A data directory as commands read it, whether the network that writes it runs or not.

Beside journals and captures it holds `listening.json` (where the doors are) and `network.json` (the
point codes by name, so that a capture can be read without the topology file).
"""

import argparse
import contextlib
import json
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from calleq.cli import DEFAULT_DATA
from calleq.cli.failure import CommandError, UsageError
from calleq.journal.entries import Stamped
from calleq.journal.frames import JournalError
from calleq.journal.reading import read_data
from calleq.journal.segments import Data
from calleq.runtime.disk import DiskLocked, RealDisk
from calleq.ss7.variant import ITU, VARIANTS, Variant

if TYPE_CHECKING:
    from calleq.billing.records import SessionRecord

OPERATOR = "operator"
"""How the doors of operators are named, alone or before the process's name."""
HOLD_TRIES = 200
HOLD_PAUSE_S = 0.01


def operator_door(process: str, *, whole: bool) -> str:
    """The name of a process's door for its operator."""
    return OPERATOR if whole else f"{OPERATOR} of {process}"


def given_data(arguments: argparse.Namespace) -> list[Path]:
    """The data directories that `--data` named, one for each machine. Raises UsageError."""
    found: list[Path] = arguments.data or [DEFAULT_DATA]
    for data in found:
        if not data.is_dir():
            raise UsageError(f"{data} is no data directory: name one with --data DIR")
    return list(dict.fromkeys(data.resolve() for data in found)) if len(found) > 1 else found


def read_entries(data: Data) -> list[Stamped]:
    """Everything that the journals of a network hold. Raises CommandError."""
    try:
        return read_data(data)
    except JournalError as error:
        raise CommandError(str(error)) from error


def choose(records: Sequence["SessionRecord"], call: str) -> "SessionRecord":
    """The record of a reference, of the unambiguous end of one, or of the `last` call."""
    if call == "last":
        if not records:
            raise CommandError("no call has been made yet")
        return max(records, key=lambda record: record.accepted_at_us or 0)
    found = [record for record in records if record.call.endswith(call.upper())]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"{call!r} fits {len(found)} calls: give more of the reference")
    raise CommandError(f"no call {call!r}: `calleq cdr list` shows those there are")


def write_json(path: Path, value: object) -> None:
    """Replace a small file whole, so that no reader sees half of it."""
    fresh = path.with_suffix(f".{os.getpid()}")
    fresh.write_text(json.dumps(value, indent=2) + "\n", encoding="utf-8")
    os.replace(fresh, path)


def read_json(path: Path) -> dict[str, object]:
    """A small file written by `write_json`; empty when there is none. Raises CommandError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise CommandError(f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise CommandError(f"{path}: an object was expected")
    return found


@contextlib.contextmanager
def held(lock: Path) -> Iterator[None]:
    """Alone among the processes that share a data directory. Raises CommandError after a while."""
    disk = RealDisk()
    for _ in range(HOLD_TRIES):
        try:
            file = disk.open(lock)
        except DiskLocked:
            time.sleep(HOLD_PAUSE_S)
            continue
        try:
            yield
        finally:
            file.close()
        return
    raise CommandError(f"{lock}: another process does not let go of it")


def merge_json(path: Path, more: Mapping[str, object]) -> None:
    """Add to a small object that several processes share, one after the other.

    Raises CommandError when the file is no object or another process never leaves it.
    """
    with held(path.with_suffix(".lock")):
        write_json(path, {**read_json(path), **more})


def write_point_codes(data: Path, point_codes: dict[str, int], variant: Variant) -> None:
    """Note the network's point codes, and whose they are, beside its captures."""
    write_json(data / "network.json", {"point_codes": point_codes, "variant": variant.name})


def read_variant(data: Data) -> Variant:
    """The variant of the network that wrote these data directories."""
    for directory in [data] if isinstance(data, Path) else data:
        name = read_json(directory / "network.json").get("variant", ITU.name)
        if name not in VARIANTS:
            raise CommandError(f"{directory}: network.json: {name!r} is no variant")
        if name != ITU.name:
            return VARIANTS[str(name)]
    return ITU


def read_point_codes(data: Data) -> dict[str, int]:
    """The point codes of the network that wrote these data directories."""
    found: dict[str, int] = {}
    for directory in [data] if isinstance(data, Path) else data:
        path = directory / "network.json"
        codes = read_json(path).get("point_codes", {})
        if not isinstance(codes, dict):
            raise CommandError(f"{path}: point_codes: an object was expected")
        found.update((str(name), int(code)) for name, code in codes.items())
    return found
