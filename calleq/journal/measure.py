"""How fast a journal makes events durable on this machine, beside the bare disk of the same run.

`measure_journal` keeps a number of events outstanding: each `durable` appends the next, as elements
do. The bare figure writes the same octets in groups of that size with one flush each, with nothing
else to do; no journal can be much faster, whatever the disk.
"""

import asyncio
import os
import time
from dataclasses import dataclass
from pathlib import Path

from calleq.journal.entries import CircuitKey, Dialled, Stamped
from calleq.journal.file import FileJournal
from calleq.journal.frames import encode_entry, encode_frames
from calleq.runtime.clock import LoopClock
from calleq.runtime.disk import RealDisk

_EVENT = Dialled("01JD4Z8Q7R5T3V1X9Y0B2C4D6F", "customer", 1, "+12125550100", CircuitKey(1, 2, 3))


@dataclass(frozen=True, slots=True)
class JournalFigures:
    """What one measurement found."""

    outstanding: int
    events_per_s: float
    bare_events_per_s: float
    commit_p50_us: float
    """From append to `durable`."""
    commit_p99_us: float
    bare_p50_us: float
    """One write and flush of a group of `outstanding` events."""
    bare_p99_us: float
    cpu_us_per_event: float


async def measure_journal(directory: Path, outstanding: int, events: int) -> JournalFigures:
    """Write `events` to a journal in `directory`, then as many bare; both files are removed."""
    bare = _bare(directory / "bare.tmp", outstanding, events)
    path = directory / "measured.journal"
    loop = asyncio.get_running_loop()
    journal = FileJournal(path, LoopClock(loop), loop)
    done = loop.create_future()
    waits: list[float] = []
    left = events

    def next_event() -> None:
        nonlocal left
        if left == 0:
            if len(waits) == events and not done.done():
                done.set_result(None)
            return
        left -= 1
        began = time.perf_counter()
        journal.append("ip-76", _EVENT, lambda: durable(began))

    def durable(began: float) -> None:
        waits.append(time.perf_counter() - began)
        next_event()

    cpu_s, start = time.process_time(), time.perf_counter()
    for _ in range(outstanding):
        next_event()
    await done
    took_s, cpu_s = time.perf_counter() - start, time.process_time() - cpu_s
    journal.close()
    path.unlink()
    return JournalFigures(
        outstanding=outstanding,
        events_per_s=events / took_s,
        bare_events_per_s=events / sum(bare),
        commit_p50_us=_percentile_us(waits, 0.5),
        commit_p99_us=_percentile_us(waits, 0.99),
        bare_p50_us=_percentile_us(bare, 0.5),
        bare_p99_us=_percentile_us(bare, 0.99),
        cpu_us_per_event=cpu_s / events * 1e6,
    )


def _bare(path: Path, group: int, events: int) -> list[float]:
    """Seconds that each append and flush of `group` events took."""
    octets = encode_frames([encode_entry(Stamped("ip-76", 1, 1, 1, _EVENT))] * group, 1)
    file = RealDisk().open(path)
    took, offset = [], 0
    for _ in range(max(1, events // group)):
        began = time.perf_counter()
        file.write_at(offset, octets)
        file.sync()
        took.append(time.perf_counter() - began)
        offset += len(octets)
    file.close()
    os.unlink(path)
    return took


def _percentile_us(seconds: list[float], share: float) -> float:
    ordered = sorted(seconds)
    return ordered[min(int(len(ordered) * share), len(ordered) - 1)] * 1e6
