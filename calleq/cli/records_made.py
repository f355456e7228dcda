"""Up to where the call records have been made, for a process that removes old journals.

A segment may go only when the records hold what it said. Asking a database may take long, and the
journal's writer may not wait; so it is asked every ASK_S by a thread of its own, and the answer is
kept until then. Whatever goes wrong counts as "nothing": then nothing is removed, and the operator
is told once for each reason. A database that nobody has made yet is not made here.
"""

import contextlib
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Self

from calleq.billing.projection import consumed_sequences
from calleq.store import Database, StoreError, database_url
from calleq.store.database import SQLITE_FILE

ASK_S = 60.0


class RecordsMade:
    """`consumed` is what `calleq.journal.segments.Retention` asks, from any thread."""

    def __init__(self, database: str | None, data: Path, say: Callable[[str], None]) -> None:
        self._url = database_url(database, data)
        self._absent = data / SQLITE_FILE if database is None else None
        self._say = say
        self._said = ""
        self._ended = threading.Event()
        self._known: Mapping[str, int] = {}

    def consumed(self) -> Mapping[str, int]:
        """The last answer; at most ASK_S old."""
        return self._known

    @contextlib.contextmanager
    def watched(self) -> Iterator[Self]:
        """Ask now and again."""
        asking = threading.Thread(target=self._ask_again, name="records made", daemon=True)
        asking.start()
        try:
            yield self
        finally:
            self._ended.set()

    def _ask_again(self) -> None:
        while True:
            self._known, problem = self._ask()
            if problem and problem != self._said:
                self._say(f"{problem}: segments of the journal are kept, however old they are")
            self._said = problem
            if self._ended.wait(ASK_S):
                return

    def _ask(self) -> tuple[Mapping[str, int], str]:
        if self._absent is not None and not self._absent.exists():
            return (
                {},
                f"{self._absent}: no records have been made yet (`calleq cdr list` makes them)",
            )
        try:
            with contextlib.closing(Database(self._url)) as database:
                return consumed_sequences(database), ""
        except StoreError as error:
            return {}, str(error)
