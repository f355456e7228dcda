"""Journal files with given entries: what processes leave in a data directory."""

from collections.abc import Sequence
from pathlib import Path

from calleq.journal.entries import Stamped
from calleq.journal.frames import (
    Opening,
    encode_entry,
    encode_frames,
    encode_header,
    encode_opening,
)
from calleq.journal.segments import segment_path

GROUP_ENTRIES = 7


class JournalFile:
    """A journal that grows by what it is given, in one segment until `next_segment`."""

    def __init__(self, base: Path) -> None:
        self._base = base
        self._group = 0
        self._segment = 0
        self._sequences: dict[str, int] = {}
        self.next_segment()

    @property
    def path(self) -> Path:
        """The segment that is written."""
        return segment_path(self._base, self._segment)

    def next_segment(self) -> None:
        """Close the segment and open the next."""
        size = self.path.stat().st_size if self._segment else 0
        self._segment += 1
        opening = Opening(self._segment, size, 0, dict(self._sequences))
        self.path.write_bytes(encode_header() + self._frames([encode_opening(opening), b""]))

    def append(self, entries: Sequence[Stamped]) -> None:
        """Write entries, a few in each group."""
        with self.path.open("ab") as file:
            for first in range(0, len(entries), GROUP_ENTRIES):
                group = entries[first : first + GROUP_ENTRIES]
                file.write(self._frames([encode_entry(stamped) for stamped in group]))
                self._sequences.update((stamped.entity, stamped.sequence) for stamped in group)

    def _frames(self, payloads: list[bytes]) -> bytes:
        self._group += 1
        return encode_frames(payloads, self._group)


def write_journals(data: Path, entries: Sequence[Stamped]) -> None:
    """One journal for each entity, each in its own order."""
    by_entity: dict[str, list[Stamped]] = {}
    for stamped in entries:
        by_entity.setdefault(stamped.entity, []).append(stamped)
    for entity, written in by_entity.items():
        JournalFile(data / f"{entity}.journal").append(written)
