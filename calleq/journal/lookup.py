"""Finding what a journal says of one call, without reading all of it.

A call's entries lie between its acceptance and its end, in the segments of that time. So segments
are chosen by the instants at which they were opened, searched for the reference as plain octets,
and only the frames around what was found are checked and decoded. A day's journal of a large
carrier is gigabytes; this reads a segment or two, in pieces, and nothing else.

Nothing is locked or changed, and it runs beside the writer. Odd cases: a segment that was removed
is as if it had never been; after a step of the clock an acceptance may lie in the segment before or
after the one of its time, so both are searched as well, and not more.
"""

from bisect import bisect_right
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from calleq.journal.entries import Accepted, Ended, Stamped
from calleq.journal.frames import (
    HEADER_BYTES,
    JournalError,
    entry_around,
    opened_at_us,
)
from calleq.journal.payloads import PAYLOAD_LIMIT_BYTES
from calleq.journal.segments import read_segments, segment_numbers, segment_path
from calleq.runtime.disk import RealDisk

PIECE_BYTES = 1 << 20
"""Read and searched at once, so that other threads are never kept waiting for long."""

REACHES_BYTES = (1 << 12, PAYLOAD_LIMIT_BYTES)
"""How far around a hit its frame is looked for: nearly always the first is enough."""

OPENING_BYTES = 1 << 16
"""The header and opening of a segment are shorter."""

_packed = msgspec.msgpack.encode


def entries_of(base: Path, call: str, at_us: int, door: str) -> list[Stamped]:
    """What the journal says of a call that `door` accepted at about `at_us`, in its order.

    Up to the segment in which the door wrote the call's end; empty when it knows of no such call.
    Raises JournalError when the journal cannot be read.
    """
    try:
        return _entries_of(base, call, at_us, door)
    except OSError as error:
        raise JournalError(f"{base}: cannot be read: {error.strerror or error}") from error


def entries_since(base: Path, since_us: int) -> list[Stamped]:
    """What the journal says from an instant on (UTC), in its order, from the segments of that time.

    Raises JournalError when the journal cannot be read.
    """
    disk = RealDisk()
    try:
        numbers = segment_numbers(disk, base)
        place = bisect_right(numbers, since_us, key=lambda number: _opened_us(base, number)) - 1
        paths = [(number, segment_path(base, number)) for number in numbers[max(0, place - 1) :]]
        contents, _ = read_segments((number, path, disk.read(path)) for number, path in paths)
    except OSError as error:
        raise JournalError(f"{base}: cannot be read: {error.strerror or error}") from error
    return [stamped for stamped in contents.entries if stamped.at_us >= since_us]


def _entries_of(base: Path, call: str, at_us: int, door: str) -> list[Stamped]:
    numbers = segment_numbers(RealDisk(), base)
    place = bisect_right(numbers, at_us, key=lambda number: _opened_us(base, number)) - 1
    found: list[Stamped] = []
    for index in range(max(0, place - 1), len(numbers)):
        if index > place + 1 and not any(isinstance(one.entry, Accepted) for one in found):
            return []
        found += _in_segment(segment_path(base, numbers[index]), call)
        if any(isinstance(one.entry, Ended) and one.entity == door for one in found):
            break
    return found


def _opened_us(base: Path, number: int) -> int:
    try:
        with segment_path(base, number).open("rb") as file:
            return opened_at_us(file.read(OPENING_BYTES))
    except FileNotFoundError:
        return 0


def _in_segment(path: Path, call: str) -> Iterator[Stamped]:
    """The entries of a call in one segment; none when it is gone."""
    try:
        with path.open("rb") as file:
            behind = HEADER_BYTES
            for hit in _hits(file, _packed(call)):
                if hit < behind:
                    continue  # the same entry names the call twice
                for reach in REACHES_BYTES:
                    begin = max(HEADER_BYTES, hit - reach)
                    file.seek(begin)
                    entry = entry_around(file.read(hit - begin + reach), hit - begin)
                    if entry is not None:
                        stamped, end = entry
                        behind = begin + end
                        if getattr(stamped.entry, "call", None) == call:
                            yield stamped
                        break
    except FileNotFoundError:
        return


def _hits(file: BinaryIO, wanted: bytes) -> Iterator[int]:
    """Every offset at which the wanted octets stand."""
    begin, kept = 0, b""
    while True:
        file.seek(begin + len(kept))
        octets = kept + file.read(PIECE_BYTES)
        if len(octets) == len(kept):
            return
        at = octets.find(wanted)
        while at >= 0:
            yield begin + at
            at = octets.find(wanted, at + 1)
        overlap = len(wanted) - 1
        begin += max(0, len(octets) - overlap)
        kept = octets[-overlap:]
