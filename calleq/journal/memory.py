"""The journal on the virtual clock: a disk that takes a fixed virtual time for each flush.

Groups form as they do on a real disk: an entry that finds the disk idle is flushed at once together
with everything else of that instant; what comes meanwhile waits and is flushed as one group when
the flush in progress ends. Callbacks come in the order of the appends, one timer for a group, and
none for a group in which nobody waits.

Entries are kept in `entries`, or handed to a sink and not kept, so that a run of a million calls
needs no memory for them.
"""

from collections import deque
from collections.abc import Callable, Iterable

from calleq.journal.contract import Watcher
from calleq.journal.entries import Entry, Stamped
from calleq.runtime.clock import Clock

COMMIT_US = 4_000
"""What a flush takes: the median of an ordinary disk."""


class MemoryJournal:
    """Implements `Journal` in memory."""

    def __init__(
        self,
        clock: Clock,
        commit_us: int = COMMIT_US,
        sink: Callable[[Stamped], object] | None = None,
        after: Iterable[Stamped] = (),
    ) -> None:
        """With a `sink`, each entry is handed to it when appended and is not kept. It goes on
        after the entries of a life before, in their order."""
        self.entries: list[Stamped] = []
        self._keep = self.entries.append if sink is None else sink
        self._clock = clock
        self._commit_us = commit_us
        self._sequence = {stamped.entity: stamped.sequence for stamped in after}
        self._flush_start_us = 0
        self._flush_end_us = 0
        self._next_waits = False
        self._watcher: Watcher | None = None
        self._groups: deque[tuple[int, list[Callable[[], object]]]] = deque()

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """See `Journal.append`."""
        sequence = self._sequence.get(entity, 0) + 1
        self._sequence[entity] = sequence
        clock = self._clock
        now_us = clock.monotonic_us()
        stamped = Stamped(entity, sequence, clock.now_us(), now_us, entry)
        self._keep(stamped)
        self._wait(now_us, durable)
        if self._watcher is not None:
            self._watcher(stamped)

    def observe(self, watcher: Watcher) -> None:
        """Tell `watcher` of every entry from now on; at most one is told."""
        self._watcher = watcher

    def _wait(self, now_us: int, durable: Callable[[], object] | None) -> None:
        """Find the group that an entry of this instant belongs to, and wait for it."""
        if now_us >= self._flush_end_us and self._next_waits:
            self._flush_start_us = self._flush_end_us
            self._flush_end_us += self._commit_us
            self._next_waits = False
        due_us = self._flush_end_us
        if now_us >= due_us:
            self._flush_start_us = now_us
            due_us = self._flush_end_us = now_us + self._commit_us
        elif now_us != self._flush_start_us:
            self._next_waits = True
            due_us += self._commit_us
        if durable is None:
            return
        groups = self._groups
        if groups and groups[-1][0] == due_us:
            groups[-1][1].append(durable)
        else:
            groups.append((due_us, [durable]))
            self._clock.call_later_us(due_us - now_us, self._commit)

    def last_sequence(self, entity: str) -> int:
        """See `Journal.last_sequence`."""
        return self._sequence.get(entity, 0)

    def _commit(self) -> None:
        _, group = self._groups.popleft()
        for durable in group:
            durable()
