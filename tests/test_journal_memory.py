"""The journal on the virtual clock groups and delays as a disk does."""

from calleq.journal import MemoryJournal, Stamped
from calleq.journal.entries import Progress
from calleq.runtime.clock import VirtualClock

ENTRY = Progress("c1", "ringing")


def test_an_idle_disk_flushes_at_once_and_what_comes_meanwhile_waits_for_the_next_flush() -> None:
    clock = VirtualClock(1_000_000_000)
    journal = MemoryJournal(clock, commit_us=4_000)
    seen: list[tuple[str, int]] = []

    def append(name: str) -> None:
        journal.append("ip-76", ENTRY, lambda: seen.append((name, clock.monotonic_us())))

    append("a")
    append("b")
    clock.call_later_us(1_000, append, "c")
    clock.call_later_us(3_999, append, "d")
    clock.call_later_us(20_000, append, "e")
    clock.run(1_000_000)
    assert seen == [("a", 4_000), ("b", 4_000), ("c", 8_000), ("d", 8_000), ("e", 24_000)]


def test_entries_nobody_waits_for_take_their_place_on_the_disk() -> None:
    clock = VirtualClock()
    journal = MemoryJournal(clock, commit_us=4_000)
    seen: list[int] = []
    journal.append("ssp-62", ENTRY)
    clock.advance_us(1_000)
    journal.append("ssp-62", ENTRY)
    clock.advance_us(4_000)
    journal.append("ssp-62", ENTRY, lambda: seen.append(clock.monotonic_us()))
    clock.run(1_000_000)
    assert seen == [12_000]


def test_an_append_in_a_callback_joins_the_flush_that_begins_then() -> None:
    clock = VirtualClock()
    journal = MemoryJournal(clock, commit_us=4_000)
    seen: list[tuple[int, int]] = []

    def again(left: int) -> None:
        seen.append((left, clock.monotonic_us()))
        if left:
            journal.append("ip-76", ENTRY, lambda: again(left - 1))

    journal.append("ip-76", ENTRY, lambda: again(2))
    clock.run(1_000_000)
    assert seen == [(2, 4_000), (1, 8_000), (0, 12_000)]


def test_entries_are_stamped_with_both_times_and_the_entitys_own_sequence() -> None:
    clock = VirtualClock(5_000)
    journal = MemoryJournal(clock)
    journal.append("ip-76", ENTRY)
    clock.advance_us(7)
    clock.step_wall_us(-100)
    journal.append("ssp-62", ENTRY)
    journal.append("ip-76", ENTRY)
    assert journal.entries == [
        Stamped("ip-76", 1, 5_000, 0, ENTRY),
        Stamped("ssp-62", 1, 4_907, 7, ENTRY),
        Stamped("ip-76", 2, 4_907, 7, ENTRY),
    ]


def test_a_sink_takes_the_entries_and_nothing_is_kept() -> None:
    taken: list[Stamped] = []
    journal = MemoryJournal(VirtualClock(), sink=taken.append)
    journal.append("ip-76", ENTRY)
    assert [stamped.sequence for stamped in taken] == [1]
    assert journal.entries == []
