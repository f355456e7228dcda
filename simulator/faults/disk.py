"""Virtual disks that are slow, full or broken, and the journal of a process that stands on one.

A `VirtualDisk` outlives its process: it has what was made durable, and what a life that ended badly
had written and never confirmed (`keep` of `abandon` says how much of that is still there). A
`DiskJournal` is the journal of one life; it groups as the real one does: what finds the disk idle
is flushed at once, with everything else of that instant, what comes meanwhile is the next group.

A failed write or flush is final (rule 4 of docs/architecture.md): `failed` is told, and nothing of
that group or after it becomes durable in this life.
"""

from collections.abc import Callable
from typing import Literal

from calleq.journal.contract import Watcher
from calleq.journal.entries import Entry, Stamped
from calleq.runtime.clock import Clock

DiskState = Literal["ok", "slow", "full", "error"]

FLUSH_US = 4_000
"""What a flush takes: the median of an ordinary disk."""
SLOW_FLUSH_US = 500_000


class VirtualDisk:
    """One machine's disk with the journal on it."""

    def __init__(self) -> None:
        self.state: DiskState = "ok"
        self.entries: list[Stamped] = []
        """Durable, in the order of the appends."""
        self._forgotten: dict[str, int] = {}

    @property
    def flush_us(self) -> int:
        """How long a flush takes now."""
        return SLOW_FLUSH_US if self.state == "slow" else FLUSH_US

    def last_sequences(self) -> dict[str, int]:
        """The last number of each entity."""
        kept = {stamped.entity: stamped.sequence for stamped in self.entries}
        return self._forgotten | kept

    def forget(self) -> None:
        """Drop all entries, as retention does once every call in them is over."""
        self._forgotten = self.last_sequences()
        self.entries.clear()


class DiskJournal:
    """The journal of one life of a process; fulfils `Journal`."""

    def __init__(self, clock: Clock, disk: VirtualDisk, failed: Callable[[str], object]) -> None:
        self._clock = clock
        self._disk = disk
        self._failed = failed
        self._sequence = disk.last_sequences()
        self._group: list[tuple[Stamped, Callable[[], object] | None]] = []
        self._next: list[tuple[Stamped, Callable[[], object] | None]] = []
        self._flush_began_us = -1
        self._is_flushing = False
        self._watcher: Watcher | None = None

    def observe(self, watcher: Watcher) -> None:
        """Tell `watcher` of every entry from now on; at most one is told."""
        self._watcher = watcher

    def last_sequence(self, entity: str) -> int:
        """See `Journal.last_sequence`."""
        return self._sequence.get(entity, 0)

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """See `Journal.append`."""
        clock = self._clock
        sequence = self._sequence.get(entity, 0) + 1
        self._sequence[entity] = sequence
        now_us = clock.monotonic_us()
        stamped = Stamped(entity, sequence, clock.now_us(), now_us, entry)
        if not self._is_flushing:
            self._flush()
        group = self._group if now_us == self._flush_began_us else self._next
        group.append((stamped, durable))
        if self._watcher is not None:
            self._watcher(stamped)

    def abandon(self, keep: int) -> None:
        """The process died: the first `keep` entries that were not durable are on the disk."""
        pending = [stamped for stamped, _ in (*self._group, *self._next)]
        self._disk.entries += pending[:keep]
        self._group, self._next = [], []

    @property
    def pending(self) -> int:
        """How many entries are not durable yet."""
        return len(self._group) + len(self._next)

    def _flush(self) -> None:
        self._is_flushing = True
        self._flush_began_us = self._clock.monotonic_us()
        self._clock.call_later_us(self._disk.flush_us, self._flushed)

    def _flushed(self) -> None:
        if self._disk.state in ("full", "error"):
            self._failed(self._disk.state)
            return
        group, self._group, self._next = self._group, self._next, []
        self._disk.entries += [stamped for stamped, _ in group]
        self._is_flushing = False
        if self._group:
            self._flush()
        for _, durable in group:
            if durable is not None:
                durable()
