"""Reading on in a journal from where an earlier reading ended, also while it is being written.

A `Place` says where that was. It carries the header of the last frame read, checksum and all, so
that a file which is not the one that was read before (restored, replaced, cut) is noticed: then
reading begins at the front again, and who follows must know by entity and sequence what it has had.

`follow_data` follows every journal of a data directory, each from segment to segment.

Nothing is cut, locked or changed. The file is read in pieces, so that its size does not matter. A
torn tail is left for the next reading. Raises what `read_journal` raises; as there, damage is
believed only when a second reading finds it too.
"""

import heapq
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import msgspec

from calleq.journal.entries import Stamped
from calleq.journal.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    JournalDamaged,
    JournalError,
    good_frames,
    segment_version,
)
from calleq.journal.segments import Data, journals_of, segment_numbers, segment_path
from calleq.runtime.disk import RealDisk

PIECE_BYTES = 16 << 20
"""Read at once; more than the longest frame."""


class Place(msgspec.Struct, frozen=True, gc=False):
    """Up to where a journal has been read."""

    offset: int = 0
    last: int = 0
    """Where the last frame begins that was read; 0 when none was."""
    header: bytes = b""
    """Of that frame."""
    mark: int = 1


FRONT = Place()

Following = Iterator[tuple[str, Stamped, Place]]
"""The name of a segment's file, an entry, and the place after it."""


def follow(path: Path, place: Place = FRONT) -> Iterator[tuple[Stamped, Place]]:
    """Each entry after `place` with the place after it, as far as the file is written."""
    try:
        with path.open("rb") as file:
            yield from _follow(file, str(path), place)
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error


def follow_data(data: Data, places: Mapping[str, Place]) -> Following:
    """Every entry of a network's journals after the `places` of their segments' files, by time.

    Entries of one journal stay in the order written even where its clock stepped back.
    """
    journals = [_follow_journal(base, places) for base in journals_of(RealDisk(), data)]
    return heapq.merge(*journals, key=_instant_us)


def _follow_journal(base: Path, places: Mapping[str, Place]) -> Following:
    for number in segment_numbers(RealDisk(), base):
        path = segment_path(base, number)
        for stamped, after in follow(path, places.get(path.name, FRONT)):
            yield path.name, stamped, after


def _instant_us(following: tuple[str, Stamped, Place]) -> int:
    return following[1].at_us


def _follow(file: BinaryIO, name: str, place: Place) -> Iterator[tuple[Stamped, Place]]:
    if place.offset and not _is_same(file, place):
        place = FRONT
    version = segment_version(_read(file, 0, HEADER_BYTES), name)
    if version == 0:
        return
    if place.offset == 0:
        place = Place(HEADER_BYTES)
    while True:
        reached = place
        for stamped, after in _piece(file, name, reached, opened=version > 1):
            place = after
            if stamped is not None:
                yield stamped, after
        if place == reached:
            return


def _is_same(file: BinaryIO, place: Place) -> bool:
    file.seek(place.last)
    return place.last == 0 or file.read(FRAME_BYTES) == place.header


def _piece(
    file: BinaryIO, name: str, place: Place, *, opened: bool
) -> Iterator[tuple[Stamped | None, Place]]:
    """The frames of the next piece; nothing when no good one follows."""
    octets = _read(file, place.offset, PIECE_BYTES)
    went = False
    for stamped, following in _frames(octets, name, place, opened=opened, whole=False):
        went = True
        yield stamped, following
    if went or not octets:
        return
    try:
        rest = list(_frames(_read(file, place.offset), name, place, opened=opened, whole=True))
    except JournalDamaged:
        rest = list(_frames(_read(file, place.offset), name, place, opened=opened, whole=True))
    yield from rest


def _frames(
    octets: bytes, name: str, place: Place, *, opened: bool, whole: bool
) -> Iterator[tuple[Stamped | None, Place]]:
    base = place.offset
    opening = opened and place.last == 0
    for frame in good_frames(octets, place.mark, name, opening=opening, whole=whole):
        header = octets[frame.start : frame.start + FRAME_BYTES]
        yield frame.stamped, Place(base + frame.end, base + frame.start, header, frame.mark)


def _read(file: BinaryIO, offset: int, size: int = -1) -> bytes:
    file.seek(offset)
    return file.read(size)
