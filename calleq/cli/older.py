"""Calls that the access server has forgotten, read back from its journal beside the call process.

One thread reads, so that whoever asks for many old calls delays those who do the same and nobody
else; LIMIT_ASKING may wait for it, more are told to come again, and so is everybody while the
journal cannot be read. What a segment held that was removed (`--keep-days`) is not found any more.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from calleq.intake import reference_us
from calleq.journal.entries import Stamped
from calleq.journal.frames import JournalError
from calleq.journal.lookup import entries_of, entries_since
from calleq.relay.feeding import Past

LIMIT_ASKING = 16
READ_AGAIN_S = 1.0


def past_of(base: Path) -> Past:
    """Reads in a thread what the journal whose first segment is `base` said; tries again while it
    cannot be read."""
    reading: set[asyncio.Task[None]] = set()

    async def read(since_us: int, found: Callable[[Sequence[Stamped]], object]) -> None:
        while True:
            try:
                entries = await asyncio.to_thread(entries_since, base, since_us)
            except JournalError:
                await asyncio.sleep(READ_AGAIN_S)
                continue
            found(entries)
            return

    def past(since_us: int, found: Callable[[Sequence[Stamped]], object]) -> None:
        task = asyncio.ensure_future(read(since_us, found))
        reading.add(task)
        task.add_done_callback(reading.discard)

    return past


class OlderCalls:
    """Answers `calleq.access_server.http.Older` from the journal whose first segment is `base`."""

    def __init__(self, base: Path, door: str) -> None:
        self._base = base
        self._door = door
        self._asking = 0
        self._reader = ThreadPoolExecutor(1, "older calls")

    async def __call__(self, call: str) -> Sequence[Stamped] | None:
        if self._asking >= LIMIT_ASKING:
            return None
        self._asking += 1
        try:
            loop = asyncio.get_running_loop()
            at_us = reference_us(call)
            return await loop.run_in_executor(
                self._reader, entries_of, self._base, call, at_us, self._door
            )
        except JournalError:
            return None
        finally:
            self._asking -= 1

    def close(self) -> None:
        """Wait for what is being read; nothing else is."""
        self._reader.shutdown(cancel_futures=True)
