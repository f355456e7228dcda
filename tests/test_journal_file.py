"""The journal on a disk: durable before it is said, whole after any crash, loud about damage."""

import asyncio
import errno
import random
import subprocess
import sys
import zlib
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from calleq.journal import (
    FileJournal,
    JournalDamaged,
    JournalError,
    JournalFailed,
    JournalFull,
    JournalLocked,
    JournalVersion,
    read_data,
    read_journal,
)
from calleq.journal import file as journal_file
from calleq.journal.entries import Accepted, CircuitKey, Dialled, Ended, LineSeized, Progress
from calleq.journal.frames import HEADER_BYTES, encode_header
from calleq.runtime.clock import LoopClock
from calleq.runtime.disk import DiskFile, RealDisk


def progress(number: int) -> Progress:
    return Progress(call=f"call-{number}", event="ringing", leg="customer", detail="é" * number)


def in_loop(main: Callable[[asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
    async def run() -> None:
        await main(asyncio.get_running_loop())

    asyncio.run(run())


def write(path: Path, groups: list[list[int]], entity: str = "ip-76") -> None:
    """Write each group of numbered entries durably before the next, then close."""

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(path, LoopClock(loop), loop)
        for group in groups:
            done = loop.create_future()
            for number in group[:-1]:
                journal.append(entity, progress(number))
            journal.append(entity, progress(group[-1]), lambda done=done: done.set_result(None))
            await done
        journal.close()

    in_loop(main)


def test_what_is_appended_is_read_back_with_every_kind_of_field(tmp_path: Path) -> None:
    path = tmp_path / "carrier.journal"
    key = CircuitKey(4593, 4609, 7)
    written = [
        Accepted("c1", "abc", "server-72", {"802": "server-72", "n": [1, None, 2.5]}, "key", "f"),
        Dialled("c1", "customer", 1, "+12125550100", key),
        LineSeized(1, "+12125550100", None, "+12125550140", "+12125550100"),
        Ended("c1", "completed", 16),
    ]

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(path, LoopClock(loop), loop)
        for entry in written:
            journal.append("ip-76", entry)
        journal.close()

    in_loop(main)
    entries, notes = read_journal(path)
    assert [stamped.entry for stamped in entries] == written
    assert [stamped.sequence for stamped in entries] == [1, 2, 3, 4]
    assert notes == []


def test_callbacks_come_in_order_on_the_loop_and_only_once_the_entry_is_on_disk(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.journal"
    seen: list[tuple[int, bool]] = []

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(path, LoopClock(loop), loop)
        done = loop.create_future()

        def durable(number: int) -> None:
            on_disk = {stamped.entry for stamped in read_journal(path)[0]}
            seen.append((number, progress(number) in on_disk))
            if number == 40:
                done.set_result(None)

        for number in range(1, 41):
            journal.append("ip-76", progress(number), lambda number=number: durable(number))
            if number % 7 == 0:
                await asyncio.sleep(0)
        assert seen == []
        await done
        assert journal.outstanding == 0
        journal.close()

    in_loop(main)
    assert seen == [(number, True) for number in range(1, 41)]


def test_sequences_go_on_for_each_entity_after_reopening(tmp_path: Path) -> None:
    path = tmp_path / "p.journal"
    write(path, [[1], [2]], "ssp-62")
    write(path, [[3]], "ip-76")
    write(path, [[4]], "ssp-62")
    assert [(s.entity, s.sequence) for s in read_journal(path)[0]] == [
        ("ssp-62", 1),
        ("ssp-62", 2),
        ("ip-76", 1),
        ("ssp-62", 3),
    ]


def test_reopening_hands_over_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "p.journal"
    write(path, [[1], [2, 3]])

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(path, LoopClock(loop), loop)
        assert [stamped.entry for stamped in journal.recovered] == [progress(n) for n in (1, 2, 3)]
        journal.forget_recovered()
        assert journal.recovered == []
        journal.close()

    in_loop(main)


def test_a_torn_tail_is_left_out_by_a_reader_and_cut_by_the_next_writer(tmp_path: Path) -> None:
    whole_path = tmp_path / "whole"
    write(whole_path, [[1], [2], [3]])
    whole = whole_path.read_bytes()
    mark_bytes = 16
    end_of_third = len(whole) - mark_bytes
    for cut in range(1, 60):
        path = tmp_path / f"cut{cut}.journal"
        path.write_bytes(whole[: end_of_third - cut])
        entries, notes = read_journal(path)
        assert [stamped.entry for stamped in entries] == [progress(1), progress(2)]
        assert len(notes) == 1
        assert "torn tail" in notes[0]
        if cut % 20 == 1:
            write(path, [[4]])
            entries, notes = read_journal(path)
            assert [stamped.entry for stamped in entries] == [progress(n) for n in (1, 2, 4)]
            assert [stamped.sequence for stamped in entries] == [1, 2, 3]
            assert notes == []


def test_a_flipped_bit_anywhere_before_the_last_group_is_refused_and_nothing_is_cut(
    tmp_path: Path,
) -> None:
    path = tmp_path / "p.journal"
    write(path, [[1, 2, 3, 4], [5], [6, 7]])
    whole = path.read_bytes()
    mark_bytes = 16
    for offset in range(len(whole) - mark_bytes):
        damaged = bytearray(whole)
        damaged[offset] ^= 1 << offset % 8
        path.write_bytes(damaged)
        with pytest.raises(JournalError, match=str(path)) as raised:
            read_journal(path)
        if offset >= HEADER_BYTES:
            assert isinstance(raised.value, JournalDamaged)

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        before = path.read_bytes()
        with pytest.raises(JournalDamaged):
            FileJournal(path, LoopClock(loop), loop)
        assert path.read_bytes() == before

    in_loop(main)


def test_a_last_group_written_in_any_mixture_of_sectors_is_a_torn_tail(tmp_path: Path) -> None:
    """A disk may persist the sectors of an unsynced write in any order."""
    path = tmp_path / "p.journal"
    write(path, [[1], [2], list(range(40, 60))])
    whole = path.read_bytes()[:-16]
    write(tmp_path / "short", [[1], [2]])
    start = (tmp_path / "short").stat().st_size - 16
    chance = random.Random(7)
    for _ in range(200):
        torn = bytearray(whole)
        for sector in range(start, len(torn), 64):
            if chance.random() < 0.3:
                end = min(sector + 64, len(torn))
                torn[sector:end] = bytes(end - sector)
        path.write_bytes(torn)
        entries, _ = read_journal(path)
        numbers = [len(s.entry.detail) for s in entries if isinstance(s.entry, Progress)]
        assert numbers == ([1, 2, *range(40, 60)])[: len(numbers)]
        assert len(numbers) >= 2


def test_other_files_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "p.journal"
    path.write_bytes(b"\x7fELF" + bytes(range(200)))
    with pytest.raises(JournalError, match=r"p\.journal: not a journal"):
        read_journal(path)
    newer = bytearray(encode_header())
    newer[8:12] = (9).to_bytes(4, "big")
    newer[12:16] = zlib.crc32(newer[:12]).to_bytes(4, "big")
    path.write_bytes(newer)
    with pytest.raises(JournalVersion, match=r"journal format 9; this calleq reads 1, 2, 3"):
        read_journal(path)
    with pytest.raises(JournalError, match="cannot be read: No such file"):
        read_journal(tmp_path / "none.journal")


@pytest.mark.parametrize("size", [0, 1, 9, 15])
def test_a_file_whose_making_was_cut_short_is_empty_and_can_be_opened(
    tmp_path: Path, size: int
) -> None:
    path = tmp_path / "p.journal"
    path.write_bytes(encode_header()[:size])
    entries, notes = read_journal(path)
    assert entries == []
    assert "cut short" in notes[0]
    write(path, [[1]])
    assert len(read_journal(path)[0]) == 1


def test_two_writers_of_one_file_are_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "p.journal"
    other = (
        "import sys; from pathlib import Path; from calleq.runtime.disk import *\n"
        "try: RealDisk().open(Path(sys.argv[1]))\n"
        "except DiskLocked as error: print(error)"
    )

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(path, LoopClock(loop), loop)
        with pytest.raises(JournalLocked, match=r"p\.journal: another process is writing"):
            FileJournal(path, LoopClock(loop), loop)
        run = subprocess.run(
            [sys.executable, "-c", other, str(path)], capture_output=True, text=True, check=True
        )
        assert "p.journal: another process is writing" in run.stdout
        journal.append("ip-76", progress(1))
        journal.close()
        assert len(read_journal(path)[0]) == 1
        FileJournal(path, LoopClock(loop), loop).close()

    in_loop(main)


def test_a_full_backlog_refuses_and_goes_on_when_the_disk_caught_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(journal_file, "BACKLOG_LIMIT_ENTRIES", 10)

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(tmp_path / "p.journal", LoopClock(loop), loop)
        done = loop.create_future()
        for number in range(9):
            journal.append("ip-76", progress(number))
        journal.append("ip-76", progress(9), lambda: done.set_result(None))
        with pytest.raises(JournalFull, match="10 entries wait"):
            journal.append("ip-76", progress(10))
        await done
        journal.append("ip-76", progress(10))
        journal.close()

    in_loop(main)
    assert len(read_journal(tmp_path / "p.journal")[0]) == 11


def test_after_closing_nothing_is_appended(tmp_path: Path) -> None:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(tmp_path / "p.journal", LoopClock(loop), loop)
        called: list[int] = []
        journal.append("ip-76", progress(1), lambda: called.append(1))
        journal.close()
        journal.close()
        assert called == [1]
        with pytest.raises(JournalError, match="closed"):
            journal.append("ip-76", progress(2))

    in_loop(main)


class FailingDisk(RealDisk):
    """A real disk that fails on the n-th flush."""

    def __init__(self, failing_sync: int) -> None:
        self.syncs_left = failing_sync

    def open(self, path: Path) -> DiskFile:
        file = RealDisk().open(path)
        real_sync = file.sync

        def sync() -> None:
            self.syncs_left -= 1
            if self.syncs_left == 0:
                raise OSError(errno.EIO, "Input/output error")
            real_sync()

        file.sync = sync  # type: ignore[method-assign]
        return file


def test_a_failed_flush_is_final_and_says_so(tmp_path: Path) -> None:
    opening_syncs = 2

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        failed = loop.create_future()
        called: list[int] = []
        journal = FileJournal(
            tmp_path / "p.journal",
            LoopClock(loop),
            loop,
            on_failure=failed.set_result,
            disk=FailingDisk(opening_syncs + 1),
        )
        journal.append("ip-76", progress(1), lambda: called.append(1))
        error = await failed
        assert "p.journal: the disk failed: Input/output error" in str(error)
        with pytest.raises(JournalFailed, match="Input/output error"):
            journal.append("ip-76", progress(2))
        journal.close()
        assert called == []

    in_loop(main)


def test_a_fault_in_one_callback_is_reported_and_the_others_are_called(tmp_path: Path) -> None:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        reported: list[str] = []
        loop.set_exception_handler(lambda _, context: reported.append(repr(context["exception"])))
        journal = FileJournal(tmp_path / "p.journal", LoopClock(loop), loop)
        called: list[int] = []
        journal.append("ip-76", progress(1), lambda: [][1])
        journal.append("ip-76", progress(2), lambda: called.append(2))
        journal.close()
        assert called == [2]
        assert reported == ["IndexError('list index out of range')"]

    in_loop(main)


def test_the_journals_of_a_directory_are_merged_by_time(tmp_path: Path) -> None:
    write(tmp_path / "b.journal", [[1]], "ssp-62")
    write(tmp_path / "a.journal", [[2]], "ip-76")
    write(tmp_path / "b.journal", [[3]], "ssp-62")
    (tmp_path / "notes.txt").write_text("not a journal")
    assert [s.entity for s in read_data(tmp_path)] == ["ssp-62", "ip-76", "ssp-62"]
    assert read_data(tmp_path / "nothing here") == []
