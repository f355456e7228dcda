"""The journal of a process on a real disk: group commit by a writer thread.

`append` encodes the entry at once and returns. What one turn of the loop appends is handed over at
its end, so that the two threads hardly ever want to run at once. The writer thread takes everything
that was handed over, writes it as one group, makes it durable, and wakes the loop once to call
every `durable` of the group in order. Then it takes what came meanwhile: there is no linger timer,
a flush begins when the previous one has ended. So one flush is the latency's floor; throughput
comes from grouping.

Refuses: more than BACKLOG_LIMIT_ENTRIES not yet durable (`JournalFull`, the caller sheds load); a
file another process writes (`JournalLocked`); anything once a write or flush has failed
(`JournalFailed`). Such a failure is final: after it nobody can say what the disk holds, so the
process must end and recover from the file. No `durable` is ever called for what failed.

What is written where, and in which order it becomes durable, is `writer`'s. `append` and `close`
belong to the loop's thread.
"""

import asyncio
import contextlib
import threading
from collections import Counter, deque
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue

from calleq.journal.contract import Watcher
from calleq.journal.entries import Entry, Stamped
from calleq.journal.frames import JournalError, encode_entry
from calleq.journal.segments import SEGMENT_BYTES, Retention
from calleq.journal.writer import JournalWriter
from calleq.runtime.clock import Clock
from calleq.runtime.disk import Disk, RealDisk
from calleq.runtime.durations import Durations

BACKLOG_LIMIT_ENTRIES = 65_536
"""Entries that may wait for the disk; more are refused."""

GROUP_LIMIT_ENTRIES = 8_192
"""Entries in one group, so that a flush after a long wait does not hold up the loop for long."""

CLOSE_LIMIT_S = 30.0
"""How long `close` waits for the writer."""

FLUSH_BOUNDS_US = (250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000)

_Written = tuple[bytes, Stamped, Callable[[], object] | None]


class JournalFull(JournalError):  # noqa: N818
    """Too much waits for the disk; nothing was written."""


class JournalFailed(JournalError):  # noqa: N818
    """A write or a flush failed earlier; the process must end and recover."""


class FileJournal:
    """Implements `Journal`; one per process, for all of its elements."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        loop: asyncio.AbstractEventLoop,
        on_failure: Callable[[JournalFailed], object] | None = None,
        disk: Disk | None = None,
        segment_bytes: int = SEGMENT_BYTES,
        retention: Retention | None = None,
        is_known: Callable[[Stamped], bool] | None = None,
    ) -> None:
        """Open the journal whose first segment is `path`; `recovered` holds what it says, but for
        entries of which `is_known` says that they are known already.

        `on_failure` is called once, on the loop, when the disk failed. `segment_bytes`,
        `retention` and what is raised: see `JournalWriter`.
        """
        self.path = path
        self._clock = clock
        self._loop = loop
        self._on_failure = on_failure
        self._writer = JournalWriter(
            path,
            disk or RealDisk(),
            clock.now_us,
            segment_bytes=segment_bytes,
            retention=retention,
            is_known=is_known,
        )
        self.recovered: list[Stamped] = self._writer.recovered
        """Everything in the journal at opening; `forget_recovered` frees it."""
        self.notes = self._writer.notes
        self._sequence = self._writer.sequences
        self.flushes = Durations(FLUSH_BOUNDS_US)
        """How long it took to make each group durable."""
        self.written: Counter[tuple[str, type]] = Counter()
        """Entries appended since the opening, by element and kind."""
        self._watcher: Watcher | None = None
        self._failure = ""
        self._closing = False
        self._outstanding = 0
        self._gathered: list[_Written] = []
        """What this turn of the loop has appended."""
        self._handed: SimpleQueue[list[_Written]] = SimpleQueue()
        """What turns have appended, for the writer; an empty list is its end."""
        self._held: list[_Written] = []
        """The writer's: what it has taken and not written."""
        self._committed: deque[list[Callable[[], object] | None]] = deque()
        self._thread = threading.Thread(target=self._write, name=f"journal {path.name}")
        self._thread.daemon = True
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
        stamped = Stamped(entity, sequence, clock.now_us(), clock.monotonic_us(), entry)
        payload = encode_entry(stamped)
        self._sequence[entity] = sequence
        self._outstanding += 1
        self.written[entity, type(entry)] += 1
        if not self._gathered:
            self._loop.call_soon(self._hand_over)
        self._gathered.append((payload, stamped, durable))
        if self._watcher is not None:
            self._watcher(stamped)

    def observe(self, watcher: Watcher) -> None:
        """Tell `watcher` of every entry from now on; at most one is told."""
        self._watcher = watcher

    def last_sequence(self, entity: str) -> int:
        """See `Journal.last_sequence`."""
        return self._sequence.get(entity, 0)

    @property
    def outstanding(self) -> int:
        """Entries appended and not yet known to be durable."""
        return self._outstanding

    @property
    def failure(self) -> str:
        """Why nothing can be written any more; empty: it can."""
        return self._failure

    def forget_recovered(self) -> None:
        """Free the memory of what was read at opening."""
        self.recovered = self._writer.recovered = []

    def close(self) -> None:
        """Make durable what was appended, call back, end the thread, free the file.

        Blocks for the last flush. Every `durable` has been called when it returns, unless the disk
        failed. Closing twice does nothing. Raises JournalError when the disk does not answer.
        """
        if self._closing:
            return
        self._closing = True
        self._hand_over()
        self._handed.put([])
        self._thread.join(CLOSE_LIMIT_S)
        if self._thread.is_alive():
            raise JournalError(f"{self.path}: the disk did not answer in {CLOSE_LIMIT_S:.0f} s")
        self._deliver()
        self._writer.close()

    def _hand_over(self) -> None:
        if self._gathered:
            gathered, self._gathered = self._gathered, []
            self._handed.put(gathered)

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
                begun_us = self._clock.monotonic_us()
                self._writer.commit([item[0] for item in group], [item[1] for item in group])
                self.flushes.note(self._clock.monotonic_us() - begun_us)
                self._committed.append([item[2] for item in group])
                self._wake(self._deliver)
            self._writer.finish()
        except Exception as error:
            # Whatever it was, nobody can say what the disk holds now.
            reason = error.strerror if isinstance(error, OSError) else None
            self._failure = f"{self.path}: the disk failed: {reason or repr(error)}"
            self._wake(self._failed)

    def _wake(self, call: Callable[[], None]) -> None:
        # A loop that is closed already has nobody left to tell; `close` delivers the rest.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(call)

    def _next_group(self) -> list[_Written]:
        """Everything that was handed over, up to a limit; waits for it. Empty: there is no more."""
        held, handed = self._held, self._handed
        while not held or (len(held) < GROUP_LIMIT_ENTRIES and not handed.empty()):
            given = handed.get()
            if not given:
                if held:
                    handed.put(given)  # again, behind what is written before it
                break
            held += given
        group = held[:GROUP_LIMIT_ENTRIES]
        del held[:GROUP_LIMIT_ENTRIES]
        return group
