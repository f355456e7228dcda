"""`calleq cdr check`: each oddity is found where it is, and a sound network shows none."""

from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, update

from calleq.billing.checks import KINDS, LONG_CALL_US, findings, known_lost
from calleq.billing.derivation import derive_records
from calleq.billing.projection import bring_up_to_date
from calleq.billing.queries import Filter, find_records
from calleq.journal.entries import (
    Dialled,
    Ended,
    LineAnswered,
    LineMeasured,
    LineReleased,
    LineSeized,
    Refused,
    Stamped,
)
from calleq.store import Database, database_url
from calleq.store.schema import LEG
from calleq.units import HOUR_US
from tests.billing_scene import (
    IP,
    MS,
    SECOND,
    SSP_62,
    SSP_64,
    CircuitKey,
    Journals,
    completed_call,
    rung_and_dialled_anew,
)
from tests.journals import write_journals

LATER_US = 48 * HOUR_US


def sound(journals: Journals) -> None:
    """Nothing is wrong."""


def a_gap(journals: Journals) -> None:
    """The entry that says the telephone rang is missing."""
    del journals.entries[3]


def never_dialled(journals: Journals) -> None:
    key = CircuitKey(IP, SSP_62, 77)
    journals.answered_leg(50 * SECOND, SSP_62, "+12125550199", key, SECOND, 2 * SECOND)


def never_accepted(journals: Journals) -> None:
    key = journals.dialled(50 * SECOND, "GHOST", "customer", 1, "+12125550199", 9)
    journals.answered_leg(50 * SECOND + MS, SSP_62, "+12125550199", key, SECOND, 2 * SECOND)
    journals.ended(53 * SECOND, "GHOST", "completed")


def dialled_twice(journals: Journals) -> None:
    journals.accepted(50 * SECOND, "TWICE")
    for at_us in (50 * SECOND + MS, 51 * SECOND):
        key = journals.dialled(at_us, "TWICE", "customer", 1, "+12125550199", 9)
        journals.answered_leg(at_us + MS, SSP_62, "+12125550199", key, 100 * MS, 200 * MS)
    journals.ended(53 * SECOND, "TWICE", "completed")


def one_circuit_for_two(journals: Journals) -> None:
    for call, begins_us, seen_us in (("ONE", 50, 50), ("TWO", 52, 55)):
        journals.accepted(begins_us * SECOND, call)
        key = journals.dialled(begins_us * SECOND + MS, call, "customer", 1, "+12125550199", 9)
        journals.answered_leg(
            seen_us * SECOND + 2 * MS, SSP_62, "+12125550199", key, SECOND, 4 * SECOND
        )
        journals.ended(60 * SECOND, call, "completed")


def seized_from_both_ends(journals: Journals) -> None:
    """SSP 62 to SSP 64 and back on the same circuit."""
    for call, origin, far in (("ONE", SSP_62, SSP_64), ("TWO", SSP_64, SSP_62)):
        journals.accepted(50 * SECOND, call)
        journals.say(
            50 * SECOND + MS,
            "ip-76",
            Dialled(call, "customer", 1, "+12125550143", CircuitKey(origin, far, 5)),
        )
        key = CircuitKey(origin, far, 5)
        journals.answered_leg(50 * SECOND + 2 * MS, far, "+12125550143", key, SECOND, 4 * SECOND)
        journals.ended(60 * SECOND, call, "completed")


def silent_answer(journals: Journals) -> None:
    journals.accepted(50 * SECOND, "SILENT")
    key = journals.dialled(50 * SECOND + MS, "SILENT", "customer", 1, "+12125550199", 9)
    seizure = journals.seized(50 * SECOND + 2 * MS, SSP_62, "+12125550199", key)
    journals.say(52 * SECOND, "ssp-62", LineAnswered(seizure))
    journals.say(55 * SECOND, "ssp-62", LineReleased(seizure, 16, 0, "line"))
    journals.ended(56 * SECOND, "SILENT", "completed")


def answered_at_once_by_sip(journals: Journals) -> None:
    """200 without 180 before it: a telephone that answers by itself."""
    journals.accepted(50 * SECOND, "AT ONCE")
    key = journals.dialled(50 * SECOND + MS, "AT ONCE", "customer", 1, "sip:ann@192.0.2.7", 9)
    seizure = journals.seized(50 * SECOND + 2 * MS, SSP_62, "sip:ann@192.0.2.7", key)
    journals.say(52 * SECOND, "ssp-62", LineAnswered(seizure))
    journals.say(55 * SECOND, "ssp-62", LineReleased(seizure, 16, 0, "line"))
    journals.say(55 * SECOND + MS, "ssp-62", LineMeasured(seizure, received=150, mos=4.4))
    journals.ended(56 * SECOND, "AT ONCE", "completed")


def no_talk_at_all(journals: Journals) -> None:
    journals.accepted(50 * SECOND, "SHORT")
    key = journals.dialled(50 * SECOND + MS, "SHORT", "customer", 1, "+12125550199", 9)
    journals.answered_leg(50 * SECOND + 2 * MS, SSP_62, "+12125550199", key, SECOND, SECOND)
    journals.ended(56 * SECOND, "SHORT", "completed")


def talks_for_hours(journals: Journals) -> None:
    journals.accepted(50 * SECOND, "LONG")
    key = journals.dialled(50 * SECOND + MS, "LONG", "customer", 1, "+12125550199", 9)
    journals.answered_leg(
        50 * SECOND + 2 * MS, SSP_62, "+12125550199", key, SECOND, LONG_CALL_US + 2 * SECOND
    )
    journals.ended(LONG_CALL_US + 60 * SECOND, "LONG", "completed")


def never_released(journals: Journals) -> None:
    journals.accepted(50 * SECOND, "HUNG")
    key = journals.dialled(50 * SECOND + MS, "HUNG", "customer", 1, "+12125550199", 9)
    seizure = journals.seized(50 * SECOND + 2 * MS, SSP_62, "+12125550199", key)
    journals.say(52 * SECOND, "ssp-62", LineAnswered(seizure))


CASES: list[tuple[Callable[[Journals], None], set[tuple[str, str]]]] = [
    (sound, set()),
    (a_gap, {("sequence_gap", ""), ("answer_without_acm", "c1")}),
    (never_dialled, {("orphan_leg", "")}),
    (never_accepted, {("orphan_leg", "GHOST")}),
    (dialled_twice, {("dialled_twice", "TWICE")}),
    (one_circuit_for_two, {("overlap", "TWO")}),
    (seized_from_both_ends, {("overlap", "TWO")}),
    (silent_answer, {("answer_without_acm", "SILENT")}),
    (answered_at_once_by_sip, set()),
    (no_talk_at_all, {("zero_talk", "SHORT")}),
    (talks_for_hours, {("long_call", "LONG")}),
    (never_released, {("long_call", "HUNG"), ("answer_without_acm", "HUNG")}),
]


def projected(data: Path, journals: Journals) -> Database:
    """The records of all that, when it was over long ago."""
    last_us = max(stamped.at_us for stamped in journals.entries)
    if last_us < LATER_US:
        journals.say(LATER_US, "ssp-66", Refused("ssp-66", "", "", ""))
    write_journals(data, journals.entries)
    database = Database(database_url(None, data))
    bring_up_to_date(database, data)
    return database


@pytest.mark.parametrize(
    ("happens", "expected"), CASES, ids=lambda case: getattr(case, "__name__", "")
)
def test_each_oddity_is_found_and_nothing_else(
    tmp_path: Path, happens: Callable[[Journals], None], expected: set[tuple[str, str]]
) -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    completed_call(journals, 20 * SECOND, "c2", (1, 2, 7))
    happens(journals)
    database = projected(tmp_path, journals)
    with database.reading() as connection:
        found = list(findings(connection))
    assert {(one.kind, one.call) for one in found} == expected
    assert len(found) == len(expected)
    assert all(one.kind in KINDS and one.entity and one.detail for one in found)
    database.close()


def test_the_parts_of_one_attempt_hold_its_circuits_together(tmp_path: Path) -> None:
    journals = Journals()
    rung_and_dialled_anew(journals)
    database = projected(tmp_path, journals)
    with database.reading() as connection:
        assert list(findings(connection)) == []
        (record,) = find_records(connection, Filter())
    assert [(leg.part, leg.parts) for leg in record.legs] == [(1, 2), (2, 2)]
    assert record == derive_records(journals.entries)[0]
    database.close()


@pytest.mark.parametrize(
    ("measured", "expected"),
    [
        (LineMeasured(1, 1_000, 3, strangers=5, r_factor=91.0, mos=4.4), set()),
        (LineMeasured(1, 1_000, 300, r_factor=48.0, mos=2.5), {"poor_voice"}),
        (LineMeasured(1, 1_000, strangers=101, r_factor=91.0, mos=4.4), {"strange_voice"}),
        (LineMeasured(1), set()),  # nothing came: there is nothing to rate
    ],
)
def test_voice_that_was_poor_or_strange_is_found(
    tmp_path: Path, measured: LineMeasured, expected: set[str]
) -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    journals.say(14_050 * MS, "ssp-62", measured)
    database = projected(tmp_path, journals)
    with database.reading() as connection:
        assert {one.kind for one in findings(connection)} == expected
    database.close()


def test_what_comes_after_a_call_was_final_is_found(tmp_path: Path) -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    database = projected(tmp_path, journals)
    late = Stamped("ip-99", 1, LATER_US + HOUR_US, 0, Ended("c1", "failed", 41))
    write_journals(tmp_path, [late])
    bring_up_to_date(database, tmp_path)
    with database.reading() as connection:
        (finding,) = findings(connection)
    assert (finding.kind, finding.entity) == ("late_entry", "ip-99")
    assert "Ended of c1" in finding.detail
    database.close()


@pytest.mark.parametrize(
    ("change", "kind"),
    [
        ({"billable_s": 5, "talk_us": 0}, "billed_unanswered"),
        ({"seized_at_us": 1, "number": "+1", "entity": "x"}, "duplicate"),
    ],
)
def test_records_that_no_journal_can_make_are_found(
    tmp_path: Path, change: dict[str, object], kind: str
) -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    completed_call(journals, 20 * SECOND, "c2", (1, 2, 7))
    database = projected(tmp_path, journals)
    with database.writing() as connection:
        connection.execute(update(LEG).where(LEG.c.leg == "customer").values(**change))
        found = {finding.kind for finding in findings(connection)}
        assert kind in found
    database.close()


def test_findings_of_a_time_and_what_is_known_to_be_lost(tmp_path: Path) -> None:
    journals = Journals()
    completed_call(journals, 0, "c1", (1, 2, 7))
    no_talk_at_all(journals)
    del journals.entries[2]
    database = projected(tmp_path, journals)

    def kinds(connection: Connection, since_us: int, until_us: int) -> list[str]:
        return [finding.kind for finding in findings(connection, since_us, until_us)]

    with database.reading() as connection:
        assert kinds(connection, 0, 50 * SECOND) == ["sequence_gap"]
        assert kinds(connection, 50 * SECOND, 51 * SECOND) == ["sequence_gap", "zero_talk"]
        assert known_lost(connection) == 1
    database.close()


def test_an_orphan_is_described_by_its_number_and_circuit(tmp_path: Path) -> None:
    journals = Journals()
    never_dialled(journals)
    database = projected(tmp_path, journals)
    with database.reading() as connection:
        (finding,) = findings(connection)
    assert finding.entity == "ssp-62"
    assert "+12125550199 by circuit 77 from 1 to 62" in finding.detail
    seized = next(s for s in journals.entries if isinstance(s.entry, LineSeized))
    assert f"entry {seized.sequence} at" in finding.detail
    database.close()
