"""What a journal says of one call, found without reading the rest of it."""

import asyncio
import random
import threading
from pathlib import Path

import pytest

from calleq.cli import older
from calleq.cli.older import LIMIT_ASKING, OlderCalls
from calleq.intake.references import CallReferences, reference_us
from calleq.journal import JournalError
from calleq.journal.entries import Accepted, Dialled, Ended, Entry, Progress, Stamped
from calleq.journal.inline import InlineJournal
from calleq.journal.lookup import PIECE_BYTES, entries_of
from calleq.journal.reading import read_data, read_whole
from calleq.journal.segments import segment_path
from calleq.runtime.clock import VirtualClock
from calleq.units import HOUR_US, SECOND_US

DOOR, EQUIPMENT = "server-72", "ip-76"
SEGMENT_BYTES = 20_000
MORNING_US = 1_800_000_000 * SECOND_US


class Day:
    """A journal of calls that overlap, one begun each second, each of about a minute."""

    def __init__(self, data: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        self.base = data / "network.journal"
        self.clock = VirtualClock(MORNING_US)
        self.references = CallReferences(self.clock, random.Random(7).getrandbits)
        self.journal = InlineJournal(self.base, self.clock, segment_bytes=segment_bytes)
        self.calls: list[str] = []

    def writes(self, entity: str, entry: Entry) -> None:
        self.journal.append(entity, entry, lambda: None)
        self.clock.advance_us(10_000)

    def passes(self, seconds: int, note: str = "") -> "Day":
        for _ in range(seconds):
            call = self.references()
            self.calls.append(call)
            message: dict[str, object] = {"customer_number": "+12125550100", "note": note}
            self.writes(DOOR, Accepted(call, "abc", DOOR, message))
            self.writes(EQUIPMENT, Dialled(call, "customer", 1, "+12125550100", None))
            for earlier in self.calls[-30:-29]:
                self.writes(EQUIPMENT, Progress(earlier, "bridged"))
            for earlier in self.calls[-60:-59]:
                self.writes(EQUIPMENT, Ended(earlier, "completed", 16))
                self.writes(DOOR, Ended(earlier, "completed", 16))
            self.clock.advance_us(SECOND_US)
        return self

    def found(self, call: str) -> list[Stamped]:
        return entries_of(self.base, call, reference_us(call), DOOR)


def test_every_call_is_found_whole_wherever_it_lies(tmp_path: Path):
    day = Day(tmp_path).passes(400)
    assert len(read_whole(day.base)[1]) > 8
    everything = read_data(tmp_path)
    for call in day.calls[:-60]:
        wanted = [one for one in everything if getattr(one.entry, "call", "") == call]
        assert len(wanted) == 5
        assert day.found(call) == wanted


def test_a_call_that_the_journal_does_not_know_is_not_searched_for_through_the_years(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    day = Day(tmp_path).passes(300)
    segments = len(read_whole(day.base)[1])
    opened: list[str] = []
    really = Path.open

    def noted(path: Path, mode: str = "r"):
        opened.append(path.name)
        return really(path, mode)

    monkeypatch.setattr(Path, "open", noted)
    unknown = CallReferences(VirtualClock(MORNING_US + 100 * SECOND_US), lambda bits: 1)()
    assert day.found(unknown) == []
    assert len(opened) < 3 + segments.bit_length() + 1 < segments
    opened.clear()
    long_ago = CallReferences(VirtualClock(MORNING_US - 99 * HOUR_US), lambda bits: 1)()
    assert day.found(long_ago) == []
    assert len(opened) < 3 + segments.bit_length() + 1


def test_after_the_clock_was_set_back_a_call_is_found_in_the_segment_beside(tmp_path: Path):
    day = Day(tmp_path).passes(200)
    day.clock.step_wall_us(-20 * SECOND_US)
    day.passes(200)
    for call in day.calls[:-60]:
        assert len(day.found(call)) == 5


def test_what_was_removed_is_not_found_and_what_goes_on_behind_it_is(tmp_path: Path):
    day = Day(tmp_path).passes(400)
    last = read_whole(day.base)[1][-1].number
    for number in range(1, last - 3):
        segment_path(day.base, number).unlink()
    assert day.found(day.calls[0]) == []
    newest_that_ended = day.calls[-61]
    assert isinstance(day.found(newest_that_ended)[0].entry, Accepted)


def test_entries_longer_than_what_is_looked_at_first_and_across_pieces_are_found(tmp_path: Path):
    day = Day(tmp_path, segment_bytes=3 * PIECE_BYTES).passes(300, note="x" * 9_000)
    assert (tmp_path / "network.journal").stat().st_size > 2 * PIECE_BYTES
    for call in day.calls[:-60]:
        assert len(day.found(call)) == 5


def test_a_journal_that_cannot_be_read_is_an_error_and_no_empty_answer(tmp_path: Path):
    day = Day(tmp_path)
    (tmp_path / "network.journal").unlink()
    (tmp_path / "network.journal").mkdir()
    with pytest.raises(JournalError, match="cannot be read"):
        day.found("01KE6P4ZK8CRN1KHA0F770ADTP")


def test_so_many_may_ask_for_old_calls_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    go_on = threading.Event()

    def slow(base: Path, call: str, at_us: int, door: str) -> list[Stamped]:
        go_on.wait(10)
        return []

    monkeypatch.setattr(older, "entries_of", slow)
    calls = OlderCalls(tmp_path / "network.journal", DOOR)
    call = "01KE6P4ZK8CRN1KHA0F770ADTP"

    async def ask() -> None:
        asking = [asyncio.ensure_future(calls(call)) for _ in range(LIMIT_ASKING)]
        await asyncio.sleep(0)
        assert await calls(call) is None
        go_on.set()
        assert await asyncio.gather(*asking) == [[]] * LIMIT_ASKING
        assert await calls(call) == []

    asyncio.run(ask())
    calls.close()
