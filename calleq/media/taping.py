"""One recording on its way into its file: in chunks of a second, bounded, told about once.

A `Tape` is given the octets of both sides, frame by frame or in longer stretches. It never writes
itself: a `Scribe` does, one job after the other, at once or in a thread, so that no tick waits for
a disk. A disk that falls `BACKLOG_CHUNKS` behind, is full or fails ends the recording as `failed`,
with its file removed; a recording that reaches its size is completed; one without a single frame is
`absent` and leaves no file.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

from calleq.media.recorder import (
    LIMIT_OCTETS,
    RecordingEnd,
    RecordingFile,
    interleaved,
    length_us,
)
from calleq.runtime.disk import Disk

CHUNK_OCTETS = 16_000
"""A second of both sides."""
BACKLOG_CHUNKS = 30
"""Chunks that may wait for the disk."""

Written = Callable[[OSError | None], object]


class Scribe(Protocol):
    """Does the jobs of tapes, in order."""

    def write(self, job: Callable[[], object], written: Written) -> None:
        """Do a job that may raise OSError, then tell how it went, on the caller's own thread."""


class PromptScribe:
    """Writes at once: on a virtual clock no time passes. Fulfils `Scribe`."""

    def write(self, job: Callable[[], object], written: Written) -> None:
        try:
            job()
        except OSError as error:
            written(error)
        else:
            written(None)


class ThreadScribe:
    """Writes in a thread of its own; fulfils `Scribe`."""

    def __init__(self, call_soon_threadsafe: Callable[..., object]) -> None:
        """`call_soon_threadsafe` brings what was done back to the loop."""
        self._pool = ThreadPoolExecutor(1, "recordings")
        self._soon = call_soon_threadsafe

    def write(self, job: Callable[[], object], written: Written) -> None:
        def done(future: Future[object]) -> None:
            error = future.exception()
            if error is not None and not isinstance(error, OSError):
                raise error
            self._soon(written, error)

        self._pool.submit(job).add_done_callback(done)

    def close(self) -> None:
        """Return when everything is written."""
        self._pool.shutdown()


class Tape:
    """One recording being written."""

    def __init__(
        self,
        path: Path,
        scribe: Scribe,
        ended: Callable[[RecordingEnd], object],
        disk: Disk | None = None,
        limit_octets: int = LIMIT_OCTETS,
    ) -> None:
        self.is_over = False
        """Nothing more is taken; its end is told or on its way."""
        self._scribe = scribe
        self._ended = ended
        self._limit_octets = limit_octets
        self._file: RecordingFile | None = None
        self._kept: list[bytes] = []
        self._kept_octets = 0
        self._taken_octets = 0
        self._waiting = 0
        self._reason = ""
        self._is_told = False
        self._is_broken = False
        """A part of it could not be written."""
        self._submit(partial(self._open, path, disk))

    def keep(self, left: bytes, right: bytes) -> None:
        """Add a stretch of both sides, of one length; does nothing when the tape is over."""
        if self.is_over:
            return
        octets = interleaved(left, right)
        room = self._limit_octets - self._taken_octets
        self._taken_octets += len(octets)
        self._kept.append(octets[: max(room, 0)])
        self._kept_octets += len(octets)
        if len(octets) > room:
            self.stop("it has reached its size")
        elif self._kept_octets >= CHUNK_OCTETS:
            self._write_kept()

    def stop(self, reason: str = "") -> None:
        """Complete the file; `reason` says why, where nobody asked for it."""
        if self.is_over:
            return
        self._reason = reason
        self._write_kept()
        if not self.is_over:
            self.is_over = True
            if self._taken_octets:
                self._submit(self._complete, self._completed)
            else:
                self._end(RecordingEnd("absent"))

    def _write_kept(self) -> None:
        octets = b"".join(self._kept)
        self._kept.clear()
        self._kept_octets = 0
        if self._waiting >= BACKLOG_CHUNKS:
            self._fail("the disk is too slow")
        elif octets:
            self._submit(partial(self._write, octets))

    def _submit(self, job: Callable[[], object], done: Callable[[], object] | None = None) -> None:
        def written(error: OSError | None) -> None:
            self._waiting -= 1
            if error is not None:
                self._fail(error.strerror or str(error))
            elif done is not None:
                done()

        self._waiting += 1
        self._scribe.write(job, written)

    def _fail(self, reason: str) -> None:
        self.is_over = True
        self._end(RecordingEnd("failed", reason=reason))

    def _completed(self) -> None:
        assert self._file is not None, "it was completed"
        size = self._file.size
        self._end(RecordingEnd("completed", length_us(size), size, self._reason))

    def _end(self, end: RecordingEnd) -> None:
        """Tell the end when no file is left of a recording that is none."""
        if self._is_told:
            return
        self._is_told = True
        if end.status == "completed":
            self._ended(end)
        else:
            self._scribe.write(self._abandon, lambda error: self._ended(end))

    # The jobs; they run where the scribe runs them.

    def _open(self, path: Path, disk: Disk | None) -> None:
        self._file = RecordingFile(path, disk)

    def _write(self, octets: bytes) -> None:
        if self._file is not None and not self._is_broken:
            try:
                self._file.write(octets)
            except OSError:
                self._is_broken = True
                raise

    def _complete(self) -> None:
        if self._file is not None and not self._is_broken:
            self._file.complete()

    def _abandon(self) -> None:
        if self._file is not None:
            self._file.abandon()
