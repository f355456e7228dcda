"""`calleq backup` and `calleq restore`: a consistent copy of a data directory, and back.

A copy is made while the network runs, and by nothing but reading. Its parts are taken in this
order, so that nothing in it knows of what is not in it: databases that are made of the journals
(by SQLite's own online copy), small files, journals; of each journal the last segment up to its
last whole entry. What is made anew by itself is left out (rendered prompts, locks, addresses).

A copy has the secrets of the carrier in it (hashes, sealed keys and the key that opens them): its
file is for its owner alone, and belongs where the data directory's own disk belongs.

`restore` checks every file against the copy's list before the directory appears. Calls that were
accepted at the moment of the copy and not finished have been carried on by the network that was
copied: they end as failed (cause 41, `restored`), and nobody is dialled twice. Calls for later that
are due after the restoring are kept.
"""

import argparse
import hashlib
import io
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from calleq import __version__
from calleq.causes import Q850
from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import counted, print_json, print_line
from calleq.journal.entries import Accepted, Ended, Rescheduled, Stamped, Undertaken
from calleq.journal.frames import (
    Contents,
    JournalDamaged,
    JournalError,
    decode_segment,
    encode_entry,
)
from calleq.journal.segments import SUFFIX, journals_in, segment_numbers, segment_path
from calleq.journal.writer import JournalWriter
from calleq.runtime.disk import RealDisk
from calleq.units import utc_text

MANIFEST = "MANIFEST.json"
DATABASE_SUFFIX = ".sqlite"
CAPTURE_SUFFIX = ".capture"
LEFT_OUT_SUFFIXES = (".lock", ".sqlite-wal", ".sqlite-shm", ".sqlite-journal")
LEFT_OUT = frozenset(("listening.json", "prompts"))
READ_TRIES = 5
"""How often a segment is read that is being written."""
DETAIL = "restored"


class Copied(msgspec.Struct, frozen=True):
    """One file of a copy."""

    name: str
    octets: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True):
    """What a copy says of itself."""

    software: str
    taken_at: str
    files: list[Copied]


def run(arguments: argparse.Namespace) -> int:
    """One of the two."""
    if arguments.command == "backup":
        manifest = back_up(arguments.data, arguments.file, captures=not arguments.no_captures)
        told: dict[str, object] = {"file": str(arguments.file), **msgspec.to_builtins(manifest)}
        octets = sum(one.octets for one in manifest.files)
        line = f"{arguments.file}: {counted(len(manifest.files), 'file')}, {octets} octets"
    else:
        restored = restore(arguments.file, arguments.data, time.time_ns() // 1_000)
        told = msgspec.to_builtins(restored)
        line = (
            f"{arguments.data}: as of {restored.taken_at}, {counted(restored.files, 'file')};"
            f" {counted(len(restored.ended), 'call')} that went on then ended here;"
            f" start it: calleq up --data {arguments.data}"
        )
    if arguments.json:
        print_json(told)
    else:
        print_line(line)
    return 0


# Making a copy


def back_up(data: Path, file: Path, *, captures: bool = True) -> Manifest:
    """Copy a data directory. Raises UsageError, CommandError."""
    if not data.is_dir():
        raise UsageError(f"{data} is no data directory: name one with --data DIR")
    if file.exists():
        raise UsageError(f"{file} is there already: name another file")
    part = file.with_name(file.name + ".part")
    copied: list[Copied] = []
    try:
        handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(handle, "wb") as raw:
            with tarfile.open(fileobj=raw, mode="w:gz", compresslevel=1) as archive:
                for name, part_of in _parts(data, captures=captures):
                    copied.append(_add(archive, name, part_of))
                manifest = Manifest(__version__, utc_text(time.time_ns() // 1_000), copied)
                _add(archive, MANIFEST, io.BytesIO(msgspec.json.encode(manifest)))
            raw.flush()
            os.fsync(raw.fileno())
        os.replace(part, file)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise CommandError(f"{error.filename or file}: {error.strerror or error}") from error
    except (JournalError, sqlite3.Error) as error:
        part.unlink(missing_ok=True)
        raise CommandError(str(error)) from error
    return manifest


def _parts(data: Path, *, captures: bool) -> Iterator[tuple[str, BinaryIO]]:
    """The files of a copy in the order in which they must be taken."""
    found = sorted(
        path for path in data.rglob("*") if path.is_file() and not _is_left_out(path, data)
    )
    later = (SUFFIX, DATABASE_SUFFIX)
    for path in found:
        if path.suffix == DATABASE_SUFFIX:
            yield _name(path, data), io.BytesIO(_database(path))
    for path in found:
        if path.suffix not in later and (captures or path.suffix != CAPTURE_SUFFIX):
            try:
                file = path.open("rb")
            except FileNotFoundError:
                continue  # removed meanwhile: a recording that is old enough
            with file:
                yield _name(path, data), file
    disk = RealDisk()
    for base in journals_in(disk, data):
        for path, octets in _segments(disk, base):
            yield path.name, io.BytesIO(octets)


def _is_left_out(path: Path, data: Path) -> bool:
    first = path.relative_to(data).parts[0]
    return first in LEFT_OUT or path.name.endswith(LEFT_OUT_SUFFIXES)


def _name(path: Path, data: Path) -> str:
    return path.relative_to(data).as_posix()


def _database(path: Path) -> bytes:
    """A database as it is at one moment, whoever writes it. Raises sqlite3.Error."""
    with tempfile.TemporaryDirectory() as directory:
        target = Path(directory) / "copy.sqlite"
        source = sqlite3.connect(path, timeout=30)
        copy = sqlite3.connect(target)
        try:
            source.backup(copy)
        finally:
            copy.close()
            source.close()
        return target.read_bytes()


def _segments(disk: RealDisk, base: Path) -> Iterator[tuple[Path, bytes]]:
    """The segments of a journal, the last up to its last whole entry.

    One that follows the last of these meanwhile is not in the copy; all before it were closed.
    """
    numbers = segment_numbers(disk, base)
    for number in numbers:
        path = segment_path(base, number)
        if number != numbers[-1]:
            try:
                yield path, disk.read(path)
            except FileNotFoundError:
                continue  # old enough to be removed; what is left has no gap
        else:
            yield path, _whole(disk, path, number)


def _whole(disk: RealDisk, path: Path, number: int) -> bytes:
    """A segment that is being written, as far as it is whole: it is read again where a group was
    torn by the reading. Raises JournalDamaged."""
    for tries_left in reversed(range(READ_TRIES)):
        octets = disk.read(path)
        contents = Contents()
        try:
            decode_segment(octets, str(path), number, contents)
        except JournalDamaged:
            if not tries_left:
                raise
            continue
        return octets[: contents.end]
    raise AssertionError("the last try returns or raises")


class _Hashed(io.RawIOBase):
    """A file as it is read, and what was read."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        octets = self._file.read(size)
        self.digest.update(octets)
        return octets


def _add(archive: tarfile.TarFile, name: str, file: BinaryIO) -> Copied:
    """As much as there is of the file now; what is appended meanwhile is left out."""
    told = tarfile.TarInfo(name)
    told.size, told.mode, told.mtime = file.seek(0, os.SEEK_END), 0o600, int(time.time())
    file.seek(0)
    hashed = _Hashed(file)
    archive.addfile(told, hashed)
    return Copied(name, told.size, hashed.digest.hexdigest())


# Putting it back


class Restored(msgspec.Struct, frozen=True):
    """What was restored."""

    taken_at: str
    files: int
    ended: list[str]
    """Calls that went on at the moment of the copy."""


def restore(file: Path, data: Path, now_us: int) -> Restored:
    """Put a copy into a directory that is empty or not there. Raises UsageError, CommandError."""
    if data.exists() and (not data.is_dir() or any(data.iterdir())):
        raise UsageError(f"{data} is not empty: name a new directory with --data")
    part = data.with_name(data.name + ".part")
    shutil.rmtree(part, ignore_errors=True)
    try:
        part.mkdir(parents=True, mode=0o700)
        manifest = _unpacked(file, part)
        ended = _end_what_went_on(part, now_us)
        if data.exists():
            data.rmdir()
        os.replace(part, data)
    except (OSError, tarfile.TarError, EOFError) as error:
        raise CommandError(f"{file}: cannot be restored: {error}") from error
    except JournalError as error:
        raise CommandError(f"{file}: {error}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return Restored(manifest.taken_at, len(manifest.files), ended)


def _unpacked(file: Path, directory: Path) -> Manifest:
    """Everything of the copy, checked. Raises CommandError, OSError, tarfile.TarError."""
    with tarfile.open(file, "r:gz") as archive:
        archive.extractall(directory, filter="data")
    for path in directory.rglob("*"):
        path.chmod(0o700 if path.is_dir() else 0o600)
    listed = directory / MANIFEST
    if not listed.is_file():
        raise CommandError(f"{file}: is no copy of calleq's, or it ends early")
    try:
        manifest = msgspec.json.decode(listed.read_bytes(), type=Manifest)
    except msgspec.DecodeError as error:
        raise CommandError(f"{file}: its list cannot be read: {error}") from error
    listed.unlink()
    for one in manifest.files:
        path = directory / one.name
        if not path.is_file() or hashlib.sha256(path.read_bytes()).hexdigest() != one.sha256:
            raise CommandError(
                f"{file}: {one.name} is not what the copy's list says: it is damaged"
            )
        _sync(path)
    there = {_name(path, directory) for path in directory.rglob("*") if path.is_file()}
    strange = there - {one.name for one in manifest.files}
    if strange:
        raise CommandError(f"{file}: {min(strange)} is not on the copy's list")
    return manifest


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _end_what_went_on(data: Path, now_us: int) -> list[str]:
    """Write an end for every call that may have been made since; their references."""
    disk = RealDisk()
    ended: dict[str, None] = {}
    for base in journals_in(disk, data):
        writer = JournalWriter(base, disk, lambda: now_us)
        try:
            past = _went_on(writer.recovered, now_us)
            if past:
                _commit(writer, past, now_us)
                ended |= {call: None for _, call in past}
            writer.finish()
        finally:
            writer.close()
    return list(ended)


def _commit(writer: JournalWriter, past: Iterable[tuple[str, str]], now_us: int) -> None:
    sequences = writer.sequences
    stamped = []
    for entity, call in past:
        sequence = sequences[entity] = sequences.get(entity, 0) + 1
        end = Ended(call, "failed", Q850.TEMPORARY_FAILURE, DETAIL)
        stamped.append(Stamped(entity, sequence, now_us, 0, end))
    writer.commit([encode_entry(one) for one in stamped], stamped)


def _went_on(entries: Iterable[Stamped], now_us: int) -> list[tuple[str, str]]:
    """Calls that doors accepted or equipment undertook, without an end and not for later, by who
    has to say so."""
    due_us: dict[str, int] = {}
    accepted: dict[str, str] = {}
    undertaken: dict[tuple[str, str], None] = {}
    for stamped in entries:
        entry = stamped.entry
        match entry:
            case Accepted():
                accepted[entry.call] = entry.door
                due_us[entry.call] = entry.due_us
            case Rescheduled():
                due_us[entry.call] = entry.due_us
            case Undertaken():
                undertaken[stamped.entity, entry.call] = None
            case Ended():
                accepted.pop(entry.call, None)
                undertaken.pop((stamped.entity, entry.call), None)
            case _:
                pass
    past = [(door, call) for call, door in accepted.items() if due_us[call] <= now_us]
    return [*past, *undertaken]
