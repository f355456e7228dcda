"""The end of a process's journal: what it has written lately, and how much of that is durable.

Entries become durable in the order in which they are appended, so the number of those that are not
tells which are. At most `LIMIT_RECENT_ENTRIES` are kept; older ones are to be read in the journal.
"""

from collections import deque
from collections.abc import Callable
from itertools import islice

from calleq.journal.entries import Stamped
from calleq.relay.bounds import LIMIT_RECENT_ENTRIES


class JournalTail:
    """Sees every entry of a process (`Journal.observe`)."""

    def __init__(self, outstanding: Callable[[], int]) -> None:
        """`outstanding` says how many entries are not durable yet."""
        self._outstanding = outstanding
        self._kept: deque[Stamped] = deque()
        self._appended = 0

    def take(self, stamped: Stamped) -> None:
        """An entry is being written."""
        self._kept.append(stamped)
        self._appended += 1
        if len(self._kept) > LIMIT_RECENT_ENTRIES:
            self._kept.popleft()

    @property
    def durable(self) -> int:
        """How many entries of this life are durable."""
        return self._appended - self._outstanding()

    @property
    def is_settled(self) -> bool:
        """Whether all of them are."""
        return self._outstanding() == 0

    def after(self, position: int, limit: int) -> list[Stamped] | None:
        """Durable entries behind the first `position` of this life; None where some of them are
        not kept any more."""
        first = self._appended - len(self._kept)
        if position < first:
            return None
        end = min(self.durable, position + limit)
        return list(islice(self._kept, position - first, max(end - first, position - first)))
