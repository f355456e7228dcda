"""A journal in many segments: bounded, whole, loud about damage, and rid of what is old."""

import asyncio
import errno
import functools
import os
import random
import shutil
import stat
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from calleq.journal import (
    FileJournal,
    JournalDamaged,
    JournalFailed,
    JournalLocked,
    read_data,
    read_journal,
)
from calleq.journal.entries import (
    Accepted,
    Ended,
    Entry,
    LineReleased,
    LineSeized,
    Progress,
    Started,
)
from calleq.journal.frames import FORMAT_VERSION, HEADER_BYTES
from calleq.journal.inline import InlineJournal
from calleq.journal.reading import read_whole
from calleq.journal.segments import KEEP_LIMIT_US, Retention, segment_path
from calleq.runtime.clock import LoopClock, VirtualClock
from calleq.runtime.disk import Disk, DiskFile, RealDisk
from calleq.units import HOUR_US, SECOND_US

VERSION_1 = Path(__file__).parent / "data" / "version-1.journal"
SEGMENT_BYTES = 2_000


def progress(number: int) -> Progress:
    return Progress(call=f"call-{number}", event="ringing", leg="customer", cause=number)


def numbers(path: Path) -> list[int]:
    return [s.entry.cause for s in read_journal(path)[0] if isinstance(s.entry, Progress)]


class Life:
    """A process of a journal on the virtual clock."""

    def __init__(
        self,
        path: Path,
        clock: VirtualClock | None = None,
        retention: Retention | None = None,
        disk: Disk | None = None,
    ) -> None:
        self.clock = clock or VirtualClock(1_800_000_000 * SECOND_US)
        self.journal = InlineJournal(
            path, self.clock, disk=disk, segment_bytes=SEGMENT_BYTES, retention=retention
        )

    def writes(self, entries: Sequence[Entry], entity: str = "ip-76") -> "Life":
        """Each entry in a group of its own."""
        for entry in entries:
            said: list[int] = []
            self.journal.append(entity, entry, functools.partial(said.append, 1))
            self.clock.advance_us(10_000)
            assert said == [1]
        return self

    def ends(self) -> None:
        self.journal.close()


def many(path: Path, last: int = 100) -> list[Path]:
    """A closed journal of several segments with the entries 1 to `last`; the segments' paths."""
    Life(path).writes([progress(number) for number in range(1, last + 1)]).ends()
    return [segment.path for segment in read_whole(path)[1]]


def in_loop(main: Callable[[asyncio.AbstractEventLoop], Awaitable[None]]) -> None:
    async def run() -> None:
        await main(asyncio.get_running_loop())

    asyncio.run(run())


def test_segments_are_bounded_and_read_back_as_one_journal(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    paths = many(base)
    assert [path.name for path in paths[:3]] == [
        "network.journal",
        "network.00000002.journal",
        "network.00000003.journal",
    ]
    assert len(paths) > 5
    assert all(path.stat().st_size < SEGMENT_BYTES + 300 for path in paths)
    assert numbers(base) == list(range(1, 101))
    assert [s.sequence for s in read_data(tmp_path)] == list(range(1, 101))


def test_every_life_goes_on_in_the_last_segment(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    for life in range(12):
        entries = [progress(number) for number in range(life * 10 + 1, life * 10 + 11)]
        Life(base).writes(entries).ends()
    assert numbers(base) == list(range(1, 121))
    assert len(read_whole(base)[1]) > 5


def test_the_writer_thread_begins_segments_as_well(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        journal = FileJournal(base, LoopClock(loop), loop, segment_bytes=SEGMENT_BYTES)
        said: list[int] = []
        for number in range(1, 201):
            journal.append("ip-76", progress(number), functools.partial(said.append, number))
            if number % 20 == 0:
                while len(said) < number:
                    await asyncio.sleep(0)
                assert numbers(base)[-1] >= number
        journal.close()
        assert said == list(range(1, 201))

    in_loop(main)
    assert numbers(base) == list(range(1, 201))
    assert len(read_whole(base)[1]) > 5


def test_a_journal_of_format_1_is_read_and_goes_on_in_a_new_segment(tmp_path: Path) -> None:
    """tests/data/version-1.journal was written by the version of calleq that had format 1."""
    base = tmp_path / "carrier.journal"
    shutil.copy(VERSION_1, base)
    before, notes = read_journal(base)
    assert notes == []
    assert [(s.entity, type(s.entry).__name__) for s in before] == [
        ("server-72", "Refused"),
        ("server-72", "Accepted"),
        ("ip-76", "Undertaken"),
        ("ip-76", "Dialled"),
        ("ssp-62", "LineSeized"),
        ("ssp-62", "LineRinging"),
        ("ip-76", "Progress"),
        ("ssp-62", "LineAnswered"),
        ("ip-76", "Progress"),
        ("ip-76", "Dialled"),
        ("ssp-62", "Transit"),
        ("ssp-64", "LineRefused"),
        ("ip-76", "Progress"),
        ("ssp-62", "LineReleased"),
        ("ip-76", "Ended"),
        ("server-72", "Ended"),
        ("server-72", "Accepted"),
    ]
    life = Life(base)
    assert life.journal.recovered == before
    life.writes([progress(1)]).ends()
    assert base.read_bytes() == VERSION_1.read_bytes()
    after, _ = read_journal(base)
    assert after[:-1] == before
    assert (after[-1].entity, after[-1].sequence) == ("ip-76", 8)
    assert [segment.version for segment in read_whole(base)[1]] == [1, FORMAT_VERSION]


def test_a_torn_journal_of_format_1_is_cut_before_it_is_followed(tmp_path: Path) -> None:
    base = tmp_path / "carrier.journal"
    whole = VERSION_1.read_bytes()
    base.write_bytes(whole[:-40] + bytes(5_000))
    assert "torn tail" in read_journal(base)[1][0]
    Life(base).writes([progress(1)]).ends()
    entries, notes = read_journal(base)
    assert (len(entries), notes) == (17, [])
    assert whole.startswith(base.read_bytes())


def test_a_bit_flipped_in_any_segment_but_the_last_is_refused_and_nothing_is_cut(
    tmp_path: Path,
) -> None:
    base = tmp_path / "network.journal"
    paths = many(base)
    draw = random.Random(5)
    for path in paths[:-1]:
        whole = path.read_bytes()
        # The end of a segment matters most: alone it would pass for a torn tail.
        places = [draw.randrange(len(whole)) for _ in range(40)]
        for offset in [*places, *range(len(whole) - 40, len(whole))]:
            damaged = bytearray(whole)
            damaged[offset] ^= 1 << draw.randrange(8)
            path.write_bytes(damaged)
            with pytest.raises(JournalDamaged if offset >= 8 else Exception, match=r"network\."):
                read_journal(base)
            with pytest.raises(JournalDamaged if offset >= 8 else Exception):
                Life(base)
            assert path.read_bytes() == damaged
        path.write_bytes(whole)
    assert numbers(base) == list(range(1, 101))


def test_a_segment_cut_short_lost_or_exchanged_is_refused(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    paths = many(base)
    third = paths[2].read_bytes()
    for cut in (HEADER_BYTES, len(third) // 2, len(third) - 1):
        paths[2].write_bytes(third[:cut])
        with pytest.raises(JournalDamaged, match=r"network\.0000000[34]\.journal"):
            read_journal(base)
    paths[2].write_bytes(third + b"\0\0")
    with pytest.raises(JournalDamaged, match="whole up to octet"):
        read_journal(base)
    paths[2].write_bytes(paths[3].read_bytes())
    with pytest.raises(JournalDamaged, match="holds segment 4, not 3"):
        read_journal(base)
    paths[2].unlink()
    with pytest.raises(JournalDamaged, match="segment 3 before it is missing"):
        Life(base)
    paths[2].write_bytes(third)
    assert numbers(base) == list(range(1, 101))


def test_a_last_segment_that_was_hardly_made_is_made_again(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    paths = many(base)
    count = len(numbers(base))
    fresh = segment_path(base, len(paths) + 1)
    header = paths[-1].read_bytes()[:HEADER_BYTES]
    for beginning in (b"", header[:9], header, header + bytes(4_096), header + b"\0\0\0\x40torn"):
        fresh.write_bytes(beginning)
        assert len(numbers(base)) == count
        Life(base).writes([progress(500)]).ends()
        assert numbers(base)[-1] == 500
        assert read_whole(base)[1][-1].path == fresh
        fresh.unlink()


def test_a_second_writer_is_refused_whatever_the_segment(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    life = Life(base)
    for number in range(1, 60):
        life.writes([progress(number)])
        with pytest.raises(JournalLocked, match=r"network\."):
            Life(base)
    life.ends()
    Life(base).ends()


KEEP_US = KEEP_LIMIT_US + HOUR_US

ALL_CONSUMED = Retention(KEEP_US, lambda: dict.fromkeys(("ip-76", "ssp-62", "server-72"), 999))
"""The records of everything have been made."""


def test_segments_are_removed_when_they_are_old_and_nothing_in_them_goes_on(
    tmp_path: Path,
) -> None:
    base = tmp_path / "network.journal"
    clock = VirtualClock(1_800_000_000 * SECOND_US)
    life = Life(base, clock, ALL_CONSUMED)
    life.writes([Accepted("call-a", "abc", "server-72", {})], "server-72")
    life.writes([LineSeized(1, "+1", None, "+1", "+2")], "ssp-62")
    life.writes([progress(number) for number in range(1, 61)])
    clock.advance_us(KEEP_US)
    life.writes([progress(number) for number in range(61, 121)])
    assert base.exists(), "call-a has not ended"
    life.writes([Ended("call-a", "completed", 16)], "server-72")
    life.writes([progress(number) for number in range(121, 161)])
    assert base.exists(), "the line was not released"
    life.writes([LineReleased(1, 16, 0, "line")], "ssp-62")
    life.writes([progress(number) for number in range(161, 201)])
    assert not base.exists()
    kept = numbers(base)
    assert kept == list(range(kept[0], 201)), "no gap"
    assert 40 < kept[0] <= 61, "nothing young is removed"
    life.ends()
    again = Life(base, clock, ALL_CONSUMED)
    again.writes([progress(201)])
    again.ends()
    assert [s.sequence for s in read_journal(base)[0] if s.entity == "ip-76"][-1] == 201
    assert len(read_data(tmp_path)) == len(read_journal(base)[0])


def test_what_went_on_before_a_restart_keeps_its_segment(tmp_path: Path) -> None:
    base = tmp_path / "network.journal"
    clock = VirtualClock(1_800_000_000 * SECOND_US)
    Life(base, clock).writes([Accepted("call-a", "abc", "server-72", {})], "server-72").ends()
    clock.advance_us(2 * KEEP_US)
    life = Life(base, clock, ALL_CONSUMED)
    life.writes([progress(number) for number in range(1, 101)])
    assert base.exists()
    life.ends()


def test_no_journal_is_kept_for_less_than_two_days() -> None:
    with pytest.raises(ValueError, match="are kept for"):
        Retention(KEEP_LIMIT_US - 1, dict)


def test_segments_whose_records_have_not_been_made_are_kept_however_old_they_are(
    tmp_path: Path,
) -> None:
    base = tmp_path / "network.journal"
    clock = VirtualClock(1_800_000_000 * SECOND_US)
    consumed: dict[str, int] = {}
    life = Life(base, clock, Retention(KEEP_US, lambda: consumed))
    life.writes([Started("1.0")], "ssp-62")
    life.writes([progress(number) for number in range(1, 61)])
    clock.advance_us(2 * KEEP_US)
    life.writes([progress(number) for number in range(61, 121)])
    assert numbers(base) == list(range(1, 121)), "no records at all"
    consumed["ip-76"] = 120
    life.writes([progress(number) for number in range(121, 161)])
    assert numbers(base) == list(range(1, 161)), "none of the one entry of ssp-62"
    consumed |= {"ip-76": 30, "ssp-62": 1}
    life.writes([progress(number) for number in range(161, 201)])
    kept = numbers(base)
    assert 1 < kept[0] <= 31, "what the records lack is kept"
    assert kept == list(range(kept[0], 201))
    life.ends()


def test_the_records_are_not_asked_about_while_no_segment_is_old(tmp_path: Path) -> None:
    def consumed() -> dict[str, int]:
        raise AssertionError("asked")

    base = tmp_path / "network.journal"
    life = Life(base, retention=Retention(KEEP_US, consumed))
    life.writes([progress(number) for number in range(1, 101)]).ends()
    assert numbers(base) == list(range(1, 101))


OPENING_STEPS = 6
"""An open, a cut, the header and the opening, both synced."""


class FaultyDisk(RealDisk):
    """The machine's disk, on which step number `failing` (an open, write, cut or sync) fails."""

    def __init__(self, failing: int, code: int) -> None:
        self.left = failing
        self.code = code

    def step(self) -> None:
        self.left -= 1
        if self.left == 0:
            raise OSError(self.code, os.strerror(self.code))

    def open(self, path: Path) -> DiskFile:
        self.step()
        file = super().open(path)
        write_at, truncate, sync = file.write_at, file.truncate, file.sync

        def failing_write(offset: int, octets: bytes) -> None:
            try:
                self.step()
            except OSError:
                write_at(offset, octets[: len(octets) // 2])
                raise
            write_at(offset, octets)

        def failing_truncate(size: int) -> None:
            self.step()
            truncate(size)

        def failing_sync() -> None:
            self.step()
            sync()

        file.write_at = failing_write  # type: ignore[method-assign]
        file.truncate = failing_truncate  # type: ignore[method-assign]
        file.sync = failing_sync  # type: ignore[method-assign]
        return file


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EIO], ids=["disk-full", "io-error"])
def test_a_disk_that_fails_at_any_step_ends_the_life_and_the_log_recovers_what_was_said(
    tmp_path: Path, code: int
) -> None:
    """Also in the middle of beginning a segment; a failed flush is never tried again."""
    failures = 0
    for failing in range(OPENING_STEPS + 1, 130, 8):
        base = tmp_path / str(failing) / "network.journal"
        clock = VirtualClock(1_800_000_000 * SECOND_US)
        errors: list[JournalFailed] = []
        disk = FaultyDisk(failing, code)
        journal = InlineJournal(base, clock, errors.append, disk, segment_bytes=SEGMENT_BYTES)
        said: list[int] = []
        for number in range(1, 61):
            if errors:
                with pytest.raises(JournalFailed, match=os.strerror(code)):
                    journal.append("ip-76", progress(number))
                break
            journal.append("ip-76", progress(number), functools.partial(said.append, number))
            clock.advance_us(10_000)
        failures += len(errors)
        if errors:
            steps_then = disk.left
            clock.advance_us(SECOND_US)
            assert disk.left == steps_then, "nothing is written after a failure"
        journal.close()
        Life(base).ends()
        assert set(said) <= set(numbers(base)) <= set(range(1, 61))
    assert failures > 12


def test_a_full_disk_in_the_writer_thread_tells_the_process(tmp_path: Path) -> None:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        failed = loop.create_future()
        journal = FileJournal(
            tmp_path / "p.journal",
            LoopClock(loop),
            loop,
            on_failure=failed.set_result,
            disk=FaultyDisk(OPENING_STEPS + 3, errno.ENOSPC),
        )
        said: list[int] = []
        journal.append("ip-76", progress(1), lambda: said.append(1))
        while not said:
            await asyncio.sleep(0)
        journal.append("ip-76", progress(2), lambda: said.append(2))
        assert "p.journal: the disk failed: No space left on device" in str(await failed)
        with pytest.raises(JournalFailed):
            journal.append("ip-76", progress(3))
        journal.close()
        assert said == [1]

    in_loop(main)
    Life(tmp_path / "p.journal").writes([progress(4)]).ends()
    assert numbers(tmp_path / "p.journal") == [1, 4]


def test_names_of_new_and_removed_segments_are_made_durable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The directory itself is synced after a file is made or removed in it."""
    synced: list[str] = []
    real_fsync = os.fsync

    def fsync(handle: int) -> None:
        found = os.fstat(handle)
        if stat.S_ISDIR(found.st_mode) and found.st_ino == tmp_path.stat().st_ino:
            synced.append(",".join(sorted(os.listdir(tmp_path))))
        real_fsync(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    base = tmp_path / "a.journal"
    RealDisk().open(base).close()
    RealDisk().open(base).close()
    assert synced == ["a.journal"]
    RealDisk().remove(base)
    assert synced == ["a.journal", ""]
