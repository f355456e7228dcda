"""A process killed at any step of its journal loses nothing that it said to be durable."""

import asyncio
import os
import random
from pathlib import Path

import pytest

from calleq.journal import FileJournal, read_journal
from calleq.journal.entries import Progress
from calleq.runtime.clock import LoopClock
from calleq.runtime.disk import DiskFile, RealDisk


def progress(number: int) -> Progress:
    return Progress(call=f"call-{number}", event="ringing", leg="customer", detail="é" * number)


class CrashingDisk(RealDisk):
    """A real disk in a process that ends at its n-th step; writes are cut in two by chance."""

    def __init__(self, step: int, seed: int) -> None:
        self.left = step
        self.chance = random.Random(seed)

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            os._exit(9)

    def open(self, path: Path) -> DiskFile:
        self.step()
        file = super().open(path)
        self.step()
        write_at, truncate, sync = file.write_at, file.truncate, file.sync

        def crashing_write(offset: int, octets: bytes) -> None:
            cut = self.chance.randrange(len(octets) + 1)
            if self.chance.random() < 0.5:
                cut = min(cut, 200)
            self.step()
            write_at(offset, octets[:cut])
            self.step()
            write_at(offset + cut, octets[cut:])
            self.step()

        def crashing_truncate(size: int) -> None:
            self.step()
            truncate(size)
            self.step()

        def crashing_sync() -> None:
            self.step()
            sync()
            self.step()

        file.write_at = crashing_write  # type: ignore[method-assign]
        file.truncate = crashing_truncate  # type: ignore[method-assign]
        file.sync = crashing_sync  # type: ignore[method-assign]
        return file


def append_until_crash(path: Path, first: int, step: int, seed: int, report: int) -> None:
    """In the child: append entries, report each that was said to be durable, crash somewhere."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        journal = FileJournal(path, LoopClock(loop), loop, disk=CrashingDisk(step, seed))
        for group in range(6):
            done = loop.create_future()
            for number in range(first + 5 * group, first + 5 * group + 5):
                last = number == first + 5 * group + 4

                def durable(number: int = number, last: bool = last) -> None:
                    os.write(report, number.to_bytes(4, "big"))
                    if last:
                        done.set_result(None)  # noqa: B023

                journal.append("ip-76", progress(number), durable)
            await done
        journal.close()

    asyncio.run(main())


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_kill_at_any_step_loses_nothing_that_was_said_to_be_durable(tmp_path: Path) -> None:
    """Each journal is killed again and again, and every life goes on where the last one ended."""
    crashes = 0
    for seed in range(4):
        path = tmp_path / f"{seed}.journal"
        durable: set[int] = set()
        for life, step in enumerate(range(1 + seed, 60, 4)):
            reader, writer = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    append_until_crash(path, life * 100, step, seed, writer)
                finally:
                    os._exit(0)
            os.close(writer)
            while octets := os.read(reader, 4):
                durable.add(int.from_bytes(octets, "big"))
            os.close(reader)
            _, status = os.waitpid(child, 0)
            crashes += os.waitstatus_to_exitcode(status) == 9
            entries = read_journal(path)[0] if path.exists() else []
            numbers = [len(s.entry.detail) for s in entries if isinstance(s.entry, Progress)]
            assert durable <= set(numbers)
            assert len(set(numbers)) == len(numbers)
            assert [s.sequence for s in entries] == list(range(1, len(entries) + 1))
    assert crashes > 40
