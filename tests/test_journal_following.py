"""Reading on in journals: every entry once, wherever the reader was before."""

from pathlib import Path

import pytest

from calleq.journal import JournalDamaged, JournalError, JournalVersion
from calleq.journal.entries import LineAnswered, Stamped
from calleq.journal.following import FRONT, Place, follow, follow_data
from calleq.journal.frames import FORMAT_VERSION, encode_header
from calleq.journal.reading import read_data
from tests.journals import JournalFile

VERSION_1 = Path(__file__).parent / "data" / "version-1.journal"


def entries(first: int, last: int, entity: str = "ssp-62") -> list[Stamped]:
    return [
        Stamped(entity, number, number * 1_000, number * 1_000, LineAnswered(number))
        for number in range(first, last + 1)
    ]


def numbers(path: Path, place: Place = FRONT) -> tuple[list[int], Place]:
    found = []
    for stamped, after in follow(path, place):
        found.append(stamped.sequence)
        place = after
    return found, place


def test_each_reading_goes_on_where_the_last_one_ended(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "network.journal")
    assert numbers(journal.path) == ([], FRONT)
    journal.append(entries(1, 30))
    first, place = numbers(journal.path)
    assert first == list(range(1, 31))
    assert numbers(journal.path, place) == ([], place)
    journal.append(entries(31, 33))
    again, _ = numbers(journal.path, place)
    assert again == [31, 32, 33]


def test_a_reader_may_stop_after_any_entry(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "network.journal")
    journal.append(entries(1, 25))
    places = [FRONT, *(place for _, place in follow(journal.path))]
    for number, place in enumerate(places):
        assert numbers(journal.path, place)[0] == list(range(number + 1, 26))


def test_a_torn_tail_and_prepared_space_wait_for_the_next_reading(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "network.journal")
    journal.append(entries(1, 5))
    size = journal.path.stat().st_size
    journal.append(entries(6, 6))
    whole = journal.path.read_bytes()
    for cut in range(size, len(whole)):
        journal.path.write_bytes(whole[:cut] + bytes(100))
        found, place = numbers(journal.path)
        assert found == [1, 2, 3, 4, 5]
        journal.path.write_bytes(whole)
        assert numbers(journal.path, place)[0] == [6]


def test_another_file_of_the_same_name_is_read_from_its_front(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "network.journal")
    journal.append(entries(1, 9))
    _, place = numbers(journal.path)
    other = JournalFile(tmp_path / "network.journal")
    other.append(entries(1, 3, "ssp-64"))
    assert numbers(other.path, place)[0] == [1, 2, 3]


def test_damage_with_good_frames_behind_it_is_refused(tmp_path: Path) -> None:
    journal = JournalFile(tmp_path / "network.journal")
    journal.append(entries(1, 5))
    size = journal.path.stat().st_size
    journal.append(entries(6, 30))
    octets = bytearray(journal.path.read_bytes())
    octets[size + 20] ^= 1
    journal.path.write_bytes(octets)
    with pytest.raises(JournalDamaged, match="is damaged and durable frames follow"):
        numbers(journal.path)


def test_what_is_no_journal_of_a_known_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "network.journal"
    path.write_bytes(encode_header(FORMAT_VERSION + 1))
    with pytest.raises(JournalVersion):
        numbers(path)
    path.write_bytes(b"something else altogether")
    with pytest.raises(JournalError, match="not a journal"):
        numbers(path)
    with pytest.raises(JournalError, match="cannot be read"):
        numbers(tmp_path / "absent.journal")


def test_a_journal_of_format_1_is_followed_like_any_other() -> None:
    followed = [stamped for stamped, _ in follow(VERSION_1)]
    assert followed
    assert followed == [s for s in read_data(VERSION_1.parent) if s in followed]


def test_journals_are_followed_from_segment_to_segment_and_by_time(tmp_path: Path) -> None:
    one, other = JournalFile(tmp_path / "ssp-62.journal"), JournalFile(tmp_path / "ssp-64.journal")
    places: dict[str, Place] = {}
    seen: list[Stamped] = []

    def reads_on() -> None:
        for name, stamped, place in follow_data(tmp_path, places):
            places[name] = place
            seen.append(stamped)

    one.append(entries(1, 10))
    other.append(entries(1, 8, "ssp-64"))
    reads_on()
    one.append(entries(11, 12))
    for first in range(13, 40, 9):
        one.next_segment()
        one.append(entries(first, first + 8))
    other.append(entries(9, 12, "ssp-64"))
    reads_on()
    reads_on()
    assert [s.sequence for s in seen if s.entity == "ssp-62"] == list(range(1, 40))
    assert [s.sequence for s in seen if s.entity == "ssp-64"] == list(range(1, 13))
    fresh = [stamped for _, stamped, _ in follow_data(tmp_path, {})]
    assert fresh == sorted(fresh, key=lambda stamped: stamped.at_us)
    assert fresh == read_data(tmp_path)
