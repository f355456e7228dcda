"""Writes a journal's segments: groups of frames, each durable when `commit` returns.

This is every durable step that a journal makes, in the order in which it makes them, without thread
or clock; `file` puts a thread over it and `inline` the virtual clock. It opens and locks the last
segment, cuts a torn tail, prepares space, closes a full segment and begins the next.

A failed write or flush is the caller's OSError; after it nothing may be written: nobody can say
what the disk holds, so the process must end and recover from the files.

Odd cases: the last segment is the lock, and it changes; so after it was locked the names are looked
at again. A journal of format 1 is never written: its segment is closed and another begun. Space is
prepared ahead with zeros, because a flush that need not grow the file is cheaper; it is cut when
the segment is closed.
"""

from collections.abc import Callable, Sequence
from pathlib import Path

from calleq.journal.entries import Stamped
from calleq.journal.frames import (
    FORMAT_VERSION,
    HEADER_BYTES,
    Contents,
    JournalDamaged,
    JournalError,
    Opening,
    encode_frames,
    encode_header,
    encode_opening,
)
from calleq.journal.segments import (
    SEGMENT_BYTES,
    Begun,
    Retention,
    Segment,
    Unfinished,
    read_segments,
    removable,
    segment_numbers,
    segment_path,
)
from calleq.runtime.disk import Disk, DiskFile, DiskLocked

PREPARED_BYTES = 1 << 20
"""Space made ready ahead of the frames, at a time."""

LOCK_TRIES = 10
"""How often the last segment may have changed while it was being locked."""

MARK = b""


class JournalLocked(JournalError):  # noqa: N818
    """Another process writes this journal."""


class JournalWriter:
    """One journal, open for writing."""

    def __init__(
        self,
        base: Path,
        disk: Disk,
        now_us: Callable[[], int],
        *,
        segment_bytes: int = SEGMENT_BYTES,
        retention: Retention | None = None,
        is_known: Callable[[Stamped], bool] | None = None,
    ) -> None:
        """Open or make the journal whose first segment is `base`.

        `recovered` has what it says, but for entries that are known. A segment of `segment_bytes`
        or more is followed by another; old segments are removed then as `retention` says, None:
        never. Raises JournalLocked, JournalDamaged, JournalVersion, and JournalError when it cannot
        be opened or written.
        """
        self.base = base
        self._disk = disk
        self._now_us = now_us
        self._segment_bytes = segment_bytes
        self._prepared_bytes = min(PREPARED_BYTES, segment_bytes)
        self._retention = retention
        self._is_known = is_known
        self._unfinished = Unfinished(waiting_kept=bool(retention and retention.waiting_kept))
        try:
            self._open()
        except DiskLocked as error:
            raise JournalLocked(str(error)) from error
        except OSError as error:
            raise JournalError(f"{base}: cannot be opened: {error.strerror or error}") from error

    def _open(self) -> None:
        self._file, number = self._lock_last()
        try:
            contents, segments = self._read(number)
            self.recovered = contents.entries
            self.notes = contents.notes
            self._take_up(contents, segments)
            self._note_recovered(segments)
            if segments[-1].version not in (0, FORMAT_VERSION):
                self._begin_segment()
            self._write([MARK])
        except BaseException:
            self._file.close()
            raise

    def _lock_last(self) -> tuple[DiskFile, int]:
        for _ in range(LOCK_TRIES):
            numbers = segment_numbers(self._disk, self.base) or [1]
            file = self._disk.open(segment_path(self.base, numbers[-1]))
            if segment_numbers(self._disk, self.base)[-1:] == numbers[-1:]:
                return file, numbers[-1]
            file.close()
        raise JournalLocked(f"{self.base}: another process is writing this journal")

    def _read(self, last: int) -> tuple[Contents, list[Segment]]:
        numbers = segment_numbers(self._disk, self.base)
        paths = [(number, segment_path(self.base, number)) for number in numbers]
        octets = (
            (number, path, self._file.read_all() if number == last else self._disk.read(path))
            for number, path in paths
        )
        return read_segments(octets, self._is_known)

    def _take_up(self, contents: Contents, segments: list[Segment]) -> None:
        """Stand where the journal ends; make what a crash left there fit to be written."""
        last = segments[-1]
        self._number = last.number
        self._group = contents.group
        self._sequences = dict(contents.last_sequence)
        self._end = self._prepared_end = contents.end
        self._needs_opening = contents.opening is None and last.version != 1
        self._previous_bytes = segments[-2].end if len(segments) > 1 else 0
        self._begun = [
            Begun(segment.number, segment.opened_at_us, segment.sequences) for segment in segments
        ]
        if self._needs_opening and last.number > 1 and not self._previous_bytes:
            raise JournalDamaged(
                f"{last.path}: it has no opening and the segment before it is missing: restore it"
            )
        if last.version == 0:
            self._file.truncate(0)
            self._file.write_at(0, encode_header())
        elif last.end < last.size:
            # Remains of a torn group must never be taken for frames of the next one.
            self._file.truncate(last.end)
        self._file.sync()

    def _note_recovered(self, segments: list[Segment]) -> None:
        if self._retention is None:
            return
        index = 0
        for segment in segments:
            for stamped in self.recovered[index : index + segment.entries]:
                self._unfinished.note(stamped.entity, stamped.entry, segment.number)
            index += segment.entries

    @property
    def sequences(self) -> dict[str, int]:
        """The last durable sequence number of each entity."""
        return dict(self._sequences)

    def commit(self, payloads: list[bytes], entries: Sequence[Stamped]) -> None:
        """Write one group, encoded and as they were; durable on return.

        Raises OSError, after which nothing may be written.
        """
        begins = self._end >= self._segment_bytes
        if begins:
            self._begin_segment()
        self._write(payloads)
        self._sequences.update((stamped.entity, stamped.sequence) for stamped in entries)
        if self._retention is not None:
            for stamped in entries:
                self._unfinished.note(stamped.entity, stamped.entry, self._number)
            if begins:
                self._remove_old(self._retention)

    def finish(self) -> None:
        """Mark everything as durable and cut the prepared space; raises OSError."""
        self._write([MARK])
        self._close_segment()

    def close(self) -> None:
        """Give up the lock and the file."""
        self._file.close()

    def _write(self, payloads: list[bytes]) -> None:
        if self._needs_opening:
            payloads = [self._opening(), *payloads]
            self._needs_opening = False
        group = self._group + 1
        octets = encode_frames(payloads, group)
        end = self._end + len(octets)
        if end > self._prepared_end:
            self._prepared_end = end + self._prepared_bytes
            octets += bytes(self._prepared_bytes)
        self._file.write_at(self._end, octets)
        self._file.sync()
        self._end, self._group = end, group

    def _close_segment(self) -> None:
        self._file.truncate(self._end)
        self._file.sync()

    def _begin_segment(self) -> None:
        """Close the segment and begin the next; only then let go of the old one, the lock."""
        self._close_segment()
        number = self._number + 1
        file = self._disk.open(segment_path(self.base, number))
        self._file.close()
        self._file = file
        self._previous_bytes = self._end
        self._number = number
        self._file.write_at(0, encode_header())
        self._file.sync()
        self._end = self._prepared_end = HEADER_BYTES
        self._needs_opening = True
        self._begun.append(Begun(number, self._now_us(), dict(self._sequences)))

    def _opening(self) -> bytes:
        return encode_opening(
            Opening(self._number, self._previous_bytes, self._now_us(), dict(self._sequences))
        )

    def _remove_old(self, retention: Retention) -> None:
        """Once the new segment's opening is durable: it says what those before it would have."""
        needed_from = self._unfinished.needed_from(self._number)
        for number in removable(self._begun, needed_from, retention, self._now_us()):
            self._disk.remove(segment_path(self.base, number))
            del self._begun[0]
