"""The journal on the virtual clock and a real disk (or one that lies): `file` without its thread.

Every durable step is `writer`'s, as in a real process; only time differs. A group is what gathered
until the flush before it ended; its flush takes `commit_us` of virtual time, and the octets reach
the disk at the end of it. So a process that is ended at any step of the disk leaves there what a
process of `calleq up` would.

When the disk fails nothing is called back any more, `on_failure` is told, and appending raises
`JournalFailed`.
"""

from collections.abc import Callable
from pathlib import Path

from calleq.journal.contract import Watcher
from calleq.journal.entries import Entry, Stamped
from calleq.journal.file import JournalFailed
from calleq.journal.frames import encode_entry
from calleq.journal.memory import COMMIT_US
from calleq.journal.segments import SEGMENT_BYTES, Retention
from calleq.journal.writer import JournalWriter
from calleq.runtime.clock import Clock
from calleq.runtime.disk import Disk, RealDisk

_Written = tuple[bytes, Stamped, Callable[[], object] | None]


class InlineJournal:
    """Implements `Journal`."""

    def __init__(
        self,
        path: Path,
        clock: Clock,
        on_failure: Callable[[JournalFailed], object] | None = None,
        disk: Disk | None = None,
        commit_us: int = COMMIT_US,
        segment_bytes: int = SEGMENT_BYTES,
        retention: Retention | None = None,
    ) -> None:
        """See `FileJournal`."""
        self.path = path
        self._clock = clock
        self._on_failure = on_failure
        self._commit_us = commit_us
        self._writer = JournalWriter(
            path, disk or RealDisk(), clock.now_us, segment_bytes=segment_bytes, retention=retention
        )
        self.recovered: list[Stamped] = self._writer.recovered
        self._sequence = self._writer.sequences
        self._gathered: list[_Written] = []
        self._flushing = False
        self._failure = ""
        self._watcher: Watcher | None = None

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """See `Journal.append`. Raises JournalFailed, JournalError (too long)."""
        if self._failure:
            raise JournalFailed(self._failure)
        sequence = self._sequence.get(entity, 0) + 1
        clock = self._clock
        stamped = Stamped(entity, sequence, clock.now_us(), clock.monotonic_us(), entry)
        self._gathered.append((encode_entry(stamped), stamped, durable))
        self._sequence[entity] = sequence
        if not self._flushing:
            self._flushing = True
            clock.call_later_us(0, self._begin)
        if self._watcher is not None:
            self._watcher(stamped)

    def observe(self, watcher: Watcher) -> None:
        """Tell `watcher` of every entry from now on; at most one is told."""
        self._watcher = watcher

    def last_sequence(self, entity: str) -> int:
        """See `Journal.last_sequence`."""
        return self._sequence.get(entity, 0)

    def close(self) -> None:
        """Make durable what gathered, without calling back, and free the files."""
        if not self._failure:
            if self._gathered:
                self._commit(self._take())
            self._writer.finish()
        self._writer.close()

    def _begin(self) -> None:
        """The flush takes its time; what is appended meanwhile is the next group."""
        self._clock.call_later_us(self._commit_us, self._end, self._take())

    def _end(self, group: list[_Written]) -> None:
        try:
            self._commit(group)
        except OSError as error:
            self._failure = f"{self.path}: the disk failed: {error.strerror or error}"
            if self._on_failure is not None:
                self._on_failure(JournalFailed(self._failure))
            return
        for _, _, durable in group:
            if durable is not None:
                durable()
        if self._gathered:
            self._begin()
        else:
            self._flushing = False

    def _take(self) -> list[_Written]:
        group = self._gathered
        self._gathered = []
        return group

    def _commit(self, group: list[_Written]) -> None:
        self._writer.commit([item[0] for item in group], [item[1] for item in group])
