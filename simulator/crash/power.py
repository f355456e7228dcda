"""Power failures at every step of a journal: what was said to be durable is there, nothing else.

A process killed with `kill -9` leaves everything that it wrote to the operating system, so kills
can't show a missing sync. Here the disk itself forgets. A journal of small segments is written on
a `ForgetfulDisk`; at each of its steps the disk is copied as a power failure may leave it, the
journal is opened there by the very code that a process opens it with, and compared with what had
been appended and what had been called back. Every few states the power fails again during the
recovery, at a step of its own.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec

from calleq.journal.entries import Entry, Progress, Stamped
from calleq.journal.frames import JournalError
from calleq.journal.inline import InlineJournal
from calleq.journal.writer import JournalWriter
from calleq.runtime.clock import VirtualClock
from calleq.units import parse_utc
from simulator.crash.disks import ForgetfulDisk

BASE = Path("/disk/network.journal")
SEGMENT_BYTES = 6_000
LIVES = 3
"""Processes after one another on one disk, each closing or dying."""
ENTRIES_PER_LIFE = 60
AGAIN_EVERY = 5
"""One state in so many loses power once more while it recovers."""
START_US = parse_utc("2026-01-05T09:00:00Z")


class PowerLosses(msgspec.Struct, frozen=True):
    """What so many power failures came to; every count but the first two must be 0."""

    states: int
    entries_said_durable: int
    lost: int
    """Entries that had been called back and were not there."""
    invented: int
    """States with an entry that was never appended, twice, or out of order."""
    refused: int
    """States that the journal could not be opened in."""

    @property
    def clean(self) -> bool:
        """Whether nothing was lost, invented or refused."""
        return not (self.lost or self.invented or self.refused)


@dataclass(slots=True)
class _Count:
    states: int = 0
    said: int = 0
    lost: int = 0
    invented: int = 0
    refused: int = 0


class _Workload:
    """Writes journals on one disk, life after life, and judges each state on the way."""

    def __init__(self, seed: int, limit: int, disk: ForgetfulDisk, count: _Count) -> None:
        self._draw = random.Random(f"power {seed}")
        self._limit = limit
        self._disk = disk
        self._count = count
        self._appended: list[Entry] = []
        self._said = 0
        disk.on_step = self._step

    def run(self) -> None:
        clock = VirtualClock(START_US)
        for _ in range(LIVES):
            if self._count.states >= self._limit:
                return
            journal = InlineJournal(BASE, clock, disk=self._disk, segment_bytes=SEGMENT_BYTES)
            for _ in range(ENTRIES_PER_LIFE):
                self._append(journal)
                if self._draw.random() < 0.4:
                    clock.advance_us(self._draw.randrange(9_000))
            clock.advance_us(20_000)
            journal.close()

    def _append(self, journal: InlineJournal) -> None:
        number = len(self._appended)
        entry = Progress("call", "ringing", cause=number, detail="é" * self._draw.randrange(400))
        self._appended.append(entry)
        journal.append(f"element-{number % 3}", entry, self._durable)

    def _durable(self) -> None:
        self._said += 1

    def _step(self) -> None:
        count = self._count
        if count.states >= self._limit:
            return
        found = self._disk.crash(self._draw)
        if count.states % AGAIN_EVERY == 0:
            again = _crash_while_recovering(found, self._draw)
            self._judge(again)
        self._judge(found)

    def _judge(self, found: ForgetfulDisk) -> None:
        count = self._count
        count.states += 1
        count.said += self._said
        try:
            recovered = _recover(found)
            goes_on = _goes_on(found, recovered)
        except JournalError:
            count.refused += 1
            return
        entries = [stamped.entry for stamped in recovered]
        count.lost += max(0, self._said - len(entries))
        count.invented += entries != self._appended[: len(entries)] or not goes_on


def _recover(disk: ForgetfulDisk) -> list[Stamped]:
    writer = JournalWriter(BASE, disk, lambda: START_US, segment_bytes=SEGMENT_BYTES)
    writer.close()
    return writer.recovered


def _goes_on(disk: ForgetfulDisk, recovered: list[Stamped]) -> bool:
    """Whether the journal goes on from there and reads back as one."""
    writer = JournalWriter(BASE, disk, lambda: START_US, segment_bytes=SEGMENT_BYTES)
    sequence = writer.sequences.get("element-0", 0) + 1
    more = Stamped("element-0", sequence, START_US, 0, Progress("call", "more"))
    writer.commit([msgspec.msgpack.encode(more)], [more])
    writer.finish()
    writer.close()
    return _recover(disk) == [*recovered, more]


def _crash_while_recovering(found: ForgetfulDisk, draw: random.Random) -> ForgetfulDisk:
    """The disk after a recovery that lost power at one of its steps (a copy is recovered)."""
    states: list[ForgetfulDisk] = []
    copy = found.crash(draw)
    copy.on_step = lambda: states.append(copy.crash(draw))
    try:
        _recover(copy)
    except JournalError:
        return copy
    return draw.choice(states) if states else copy


def power_losses(
    states: int, seed: int, disk: Callable[[], ForgetfulDisk] = ForgetfulDisk
) -> PowerLosses:
    """Fail the power in `states` states (a few more or less); `disk` makes each empty disk."""
    count = _Count()
    while count.states < states:
        _Workload(seed, states, disk(), count).run()
        seed += 1
    return PowerLosses(count.states, count.said, count.lost, count.invented, count.refused)
