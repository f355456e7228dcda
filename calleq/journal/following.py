"""Reading on in a journal from where an earlier reading ended, also while it is being written.

A `Place` says where that was. It carries the header of the last frame read, checksum and all, so
that a file which is not the one that was read before (restored, replaced, cut) is noticed: then
reading begins at the front again, and who follows must know by entity and sequence what it has had.

Nothing is cut, locked or changed. The file is read in pieces, so that its size does not matter. A
torn tail is left for the next reading. Raises what `read_journal` raises; as there, damage is
believed only when a second reading finds it too.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

import msgspec

from calleq.journal.entries import Stamped
from calleq.journal.frames import (
    FRAME_BYTES,
    HEADER_BYTES,
    JournalDamaged,
    JournalError,
    decode_journal,
    good_frames,
)

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


def follow(path: Path, place: Place = FRONT) -> Iterator[tuple[Stamped, Place]]:
    """Each entry after `place` with the place after it, as far as the file is written."""
    try:
        with path.open("rb") as file:
            yield from _follow(file, str(path), place)
    except OSError as error:
        raise JournalError(f"{path}: cannot be read: {error.strerror or error}") from error


def _follow(file: BinaryIO, name: str, place: Place) -> Iterator[tuple[Stamped, Place]]:
    if place.offset and not _is_same(file, place):
        place = FRONT
    if place.offset == 0:
        file.seek(0)
        decode_journal(file.read(HEADER_BYTES), name)
        place = Place(HEADER_BYTES)
    while True:
        reached = place
        for stamped, after in _piece(file, name, reached):
            place = after
            if stamped is not None:
                yield stamped, after
        if place == reached:
            return


def _is_same(file: BinaryIO, place: Place) -> bool:
    file.seek(place.last)
    return place.last == 0 or file.read(FRAME_BYTES) == place.header


def _piece(file: BinaryIO, name: str, place: Place) -> Iterator[tuple[Stamped | None, Place]]:
    """The frames of the next piece; nothing when no good one follows."""
    octets = _read(file, place.offset, PIECE_BYTES)
    went = False
    for stamped, following in _frames(octets, name, place, whole=False):
        went = True
        yield stamped, following
    if went or not octets:
        return
    try:
        yield from _frames(_read(file, place.offset), name, place, whole=True)
    except JournalDamaged:
        yield from _frames(_read(file, place.offset), name, place, whole=True)


def _frames(
    octets: bytes, name: str, place: Place, *, whole: bool
) -> Iterator[tuple[Stamped | None, Place]]:
    base = place.offset
    for frame in good_frames(octets, 0, place.mark, name, whole=whole):
        header = octets[frame.start : frame.start + FRAME_BYTES]
        yield frame.stamped, Place(base + frame.end, base + frame.start, header, frame.mark)


def _read(file: BinaryIO, offset: int, size: int = -1) -> bytes:
    file.seek(offset)
    return file.read(size)
