"""What an element may ask of its journal."""

from collections.abc import Callable
from typing import Protocol

from calleq.journal.entries import Entry, Stamped

Watcher = Callable[[Stamped], object]
"""Told of every entry as it is stamped, in order, before it is durable."""


class Journal(Protocol):
    """Append-only. What is appended first becomes durable first."""

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        """Stamp and write `entry`; call `durable` on the element's own clock once it is on disk.

        Calls back in the order of the appends. An element that must not act before the entry is
        safe acts in `durable`; one that only reports passes none.
        """

    def last_sequence(self, entity: str) -> int:
        """The sequence number of the entity's last entry that was appended; 0: there is none."""
