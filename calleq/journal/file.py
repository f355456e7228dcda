"""The journal of a process on a real disk: group commit by a writer thread.

`append` encodes the entry at once and returns; the writer thread takes everything that gathered,
writes it as one group, makes it durable, and wakes the loop once to call every `durable` of the
group in order. Then it takes what gathered meanwhile: there is no linger timer, a flush begins when
the previous one has ended. So one flush is the latency's floor; throughput comes from grouping.

Refuses: more than BACKLOG_LIMIT_ENTRIES not yet durable (`JournalFull`, the caller sheds load); a
file another process writes (`JournalLocked`); anything once a write or flush has failed
(`JournalFailed`). Such a failure is final: after it nobody can say what the disk holds, so the
process must end and recover from the file. No `durable` is ever called for what failed.

Odd cases: space is prepared ahead with zeros, because a flush that need not grow the file is
cheaper; it is cut at closing. A torn tail is cut when the file is opened. A mark frame is written
at opening and at closing, see `frames`. `append` and `close` belong to the loop's thread.
"""

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path

from calleq.journal.entries import Entry, Stamped
from calleq.journal.frames import (
    Contents,
    JournalError,
    decode_journal,
    encode_entry,
    encode_frames,
    encode_header,
    is_unfinished_header,
)
from calleq.runtime.clock import Clock
from calleq.runtime.disk import Disk, DiskFile, DiskLocked, RealDisk

BACKLOG_LIMIT_ENTRIES = 65_536
"""Entries that may wait for the disk; more are refused."""

GROUP_LIMIT_ENTRIES = 8_192
"""Entries in one group, so that a flush after a long wait does not hold up the loop for long."""

PREPARED_BYTES = 1 << 20
"""Space made ready ahead of the frames, at a time."""

CLOSE_LIMIT_S = 30.0
"""How long `close` waits for the writer."""

_MARK = b""


class JournalFull(JournalError):  # noqa: N818
    """Too much waits for the disk; nothing was written."""


class JournalFailed(JournalError):  # noqa: N818
    """A write or a flush failed earlier; the process must end and recover."""


class JournalLocked(JournalError):  # noqa: N818
    """Another process writes this journal."""


class FileJournal:
    """Implements `Journal`; one per process, for all of its elements."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[JournalFailed], object] | None = None,
        disk: Disk | None = None,
    ) -> None:
        """Open `path`, made when it does not exist; `recovered` holds what it says.

        `on_failure` is called once, on the loop, when the disk failed. Raises JournalLocked,
        JournalDamaged, JournalVersion, and JournalError when the file cannot be opened.
        """
        self.path = path
        self._clock = clock
        self._loop = loop
        self._on_failure = on_failure
        self._file, contents = _open(path, disk or RealDisk())
        self.recovered: list[Stamped] = contents.entries
        """Everything in the file at opening; `forget_recovered` frees it."""
        self.notes = contents.notes
        self._sequence = contents.last_sequence
        self._end = contents.end
        self._prepared_end = contents.end
        self._group = contents.group
        self._failure = ""
        self._closing = False
        self._outstanding = 0
        self._gathered: list[tuple[bytes, Callable[[], object] | None]] = []
        self._committed: deque[list[Callable[[], object] | None]] = deque()
        self._work = threading.Condition(threading.Lock())
        self._thread = threading.Thread(target=self._write, name=f"journal {path.name}")
        self._thread.daemon = True
        try:
            self._commit([_MARK])
        except OSError as error:
            self._file.close()
            raise JournalError(f"{path}: cannot be written: {error.strerror or error}") from error
        self._thread.start()

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """See `Journal.append`. Raises JournalFull, JournalFailed, JournalError (too long)."""
        if self._failure:
            raise JournalFailed(self._failure)
        if self._closing:
            raise JournalError(f"{self.path}: closed")
        if self._outstanding >= BACKLOG_LIMIT_ENTRIES:
            raise JournalFull(f"{self.path}: {BACKLOG_LIMIT_ENTRIES} entries wait for the disk")
        sequence = self._sequence.get(entity, 0) + 1
        clock = self._clock
        payload = encode_entry(
            Stamped(entity, sequence, clock.now_us(), clock.monotonic_us(), entry)
        )
        self._sequence[entity] = sequence
        self._outstanding += 1
        with self._work:
            self._gathered.append((payload, durable))
            if len(self._gathered) == 1:
                self._work.notify()

    @property
    def outstanding(self) -> int:
        """Entries appended and not yet known to be durable."""
        return self._outstanding

    def forget_recovered(self) -> None:
        """Free the memory of what was read at opening."""
        self.recovered = []

    def close(self) -> None:
        """Make durable what was appended, call back, end the thread, free the file.

        Blocks for the last flush. Every `durable` has been called when it returns, unless the disk
        failed. Closing twice does nothing. Raises JournalError when the disk does not answer.
        """
        if self._closing:
            return
        with self._work:
            self._closing = True
            self._work.notify()
        self._thread.join(CLOSE_LIMIT_S)
        if self._thread.is_alive():
            raise JournalError(f"{self.path}: the disk did not answer in {CLOSE_LIMIT_S:.0f} s")
        self._deliver()
        self._file.close()

    def _deliver(self) -> None:
        while self._committed:
            group = self._committed.popleft()
            self._outstanding -= len(group)
            for durable in group:
                if durable is None:
                    continue
                try:
                    durable()
                except Exception as error:
                    # A fault of one element must not cost the others their answers.
                    self._loop.call_exception_handler(
                        {"message": f"{self.path}: a durable callback failed", "exception": error}
                    )

    def _failed(self) -> None:
        if self._on_failure is not None:
            self._on_failure(JournalFailed(self._failure))

    # What follows runs on the writer thread.

    def _write(self) -> None:
        try:
            while group := self._next_group():
                self._commit([payload for payload, _ in group])
                self._committed.append([durable for _, durable in group])
                self._wake(self._deliver)
            self._commit([_MARK])
            self._file.truncate(self._end)
            self._file.sync()
        except Exception as error:
            # Whatever it was, nobody can say what the disk holds now.
            reason = error.strerror if isinstance(error, OSError) else None
            self._failure = f"{self.path}: the disk failed: {reason or repr(error)}"
            self._wake(self._failed)

    def _wake(self, call: Callable[[], None]) -> None:
        # A loop that is closed already has nobody left to tell; `close` delivers the rest.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    def _next_group(self) -> list[tuple[bytes, Callable[[], object] | None]]:
        with self._work:
            while not self._gathered and not self._closing:
                self._work.wait()
            group = self._gathered[:GROUP_LIMIT_ENTRIES]
            del self._gathered[:GROUP_LIMIT_ENTRIES]
            return group

    def _commit(self, payloads: list[bytes]) -> None:
        group = self._group + 1
        octets = encode_frames(payloads, group)
        end = self._end + len(octets)
        if end > self._prepared_end:
            self._prepared_end = end + PREPARED_BYTES
            octets += bytes(PREPARED_BYTES)
        self._file.write_at(self._end, octets)
        self._file.sync()
        self._end, self._group = end, group


def _open(path: Path, disk: Disk) -> tuple[DiskFile, Contents]:
    try:
        file = disk.open(path)
    except DiskLocked as error:
        raise JournalLocked(str(error)) from error
    except OSError as error:
        raise JournalError(f"{path}: cannot be opened: {error.strerror or error}") from error
    try:
        octets = file.read_all()
        contents = decode_journal(octets, str(path))
        if is_unfinished_header(octets):
            file.truncate(0)
            file.write_at(0, encode_header())
        elif contents.end < len(octets):
            # Remains of a torn group must never be taken for frames of the next one.
            file.truncate(contents.end)
        file.sync()
    except OSError as error:
        file.close()
        raise JournalError(f"{path}: cannot be opened: {error.strerror or error}") from error
    except JournalError:
        file.close()
        raise
    return file, contents
