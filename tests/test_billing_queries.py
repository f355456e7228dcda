"""Lists of records: filters against plain reading, pages without gaps, exports to the byte."""

import csv
import hashlib
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from calleq import __version__
from calleq.billing import LegRecord, SessionRecord, derive_records
from calleq.billing.export import LEG_FIELDS, Batch
from calleq.billing.projection import bring_up_to_date
from calleq.billing.queries import Filter, calls_ending_in, find_record, find_records, position_of
from calleq.journal.entries import CircuitKey
from calleq.store import Database
from calleq.units import SECOND_US
from tests.journals import write_journals
from tests.random_network import RandomNetwork

NETWORK = RandomNetwork(50, 300)
RECORDS = derive_records(NETWORK.entries)
GOLDEN = Path(__file__).parent / "data"


@pytest.fixture
def database(any_database: str, tmp_path: Path) -> Iterator[Database]:
    data = tmp_path / "data"
    data.mkdir()
    write_journals(data, NETWORK.entries)
    opened = Database(any_database)
    bring_up_to_date(opened, data)
    yield opened
    opened.close()


def longest_us(record: SessionRecord) -> int:
    return max((leg.talk_us for leg in record.legs), default=0)


def a_leg(record: SessionRecord, fits: Callable[[LegRecord], bool]) -> bool:
    return any(fits(leg) for leg in record.legs)


MIDDLE_US = RECORDS[len(RECORDS) // 2].begun_at_us
CASES: list[tuple[Filter, Callable[[SessionRecord], bool]]] = [
    (Filter(), lambda r: True),
    (Filter(business="abc"), lambda r: r.business == "abc"),
    (Filter(state="customer_busy"), lambda r: r.state == "customer_busy"),
    (Filter(state=""), lambda r: not r.state),
    (Filter(over=True), lambda r: bool(r.state)),
    (Filter(number="+12125550143"), lambda r: a_leg(r, lambda g: g.number == "+12125550143")),
    (Filter(number="+1212555010*"), lambda r: a_leg(r, lambda g: g.number[:-1] == "+1212555010")),
    (Filter(number="+9*"), lambda r: False),
    (Filter(cause=41), lambda r: r.cause == 41 or a_leg(r, lambda g: g.cause == 41)),
    (Filter(cause=34), lambda r: r.cause == 34),
    (
        Filter(cause=16, number="+12125550143", business="xyz"),
        lambda r: (
            r.business == "xyz" and a_leg(r, lambda g: g.cause == 16 and g.number == "+12125550143")
        ),
    ),
    (Filter(trunk="east"), lambda r: a_leg(r, lambda g: g.outgoing_trunk == "east")),
    (
        Filter(trunk="east", cause=16, business="abc"),
        lambda r: (
            r.business == "abc"
            and a_leg(r, lambda g: g.outgoing_trunk == "east")
            and (r.cause == 16 or a_leg(r, lambda g: g.cause == 16))
        ),
    ),
    (Filter(min_talk_us=60 * SECOND_US), lambda r: longest_us(r) >= 60 * SECOND_US),
    (
        Filter(max_talk_us=0, state="completed"),
        lambda r: r.state == "completed" and not longest_us(r),
    ),
    (Filter(since_us=MIDDLE_US), lambda r: r.begun_at_us >= MIDDLE_US),
    (Filter(until_us=MIDDLE_US), lambda r: r.begun_at_us < MIDDLE_US),
    (
        Filter(cause=17, since_us=MIDDLE_US),
        lambda r: r.cause == 17 and r.begun_at_us >= MIDDLE_US,
    ),
]


def test_every_filter_finds_what_plain_reading_finds_in_both_orders(database: Database) -> None:
    with database.reading() as connection:
        for wanted, fits in CASES:
            expected = [record for record in RECORDS if fits(record)]
            assert list(find_records(connection, wanted)) == expected, wanted
            backwards = msgspec.structs.replace(wanted, newest_first=True)
            assert list(find_records(connection, backwards)) == expected[::-1], wanted


@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_one_after_the_other_show_every_call_once(database: Database, size: int) -> None:
    with database.reading() as connection:
        for wanted, fits in CASES:
            expected = [record.call for record in RECORDS if fits(record)]
            seen: list[str] = []
            after = None
            while len(seen) <= len(expected):
                page = list(find_records(connection, wanted, limit=size, after=after))
                seen += [record.call for record in page]
                if len(page) < size:
                    break
                after = position_of(connection, page[-1].call)
            assert seen == expected, wanted


def test_numbers_that_begin_alike_are_found_however_many_there_are(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = Filter(number="+1212*", business="abc")
    with database.reading() as connection:
        by_index = list(find_records(connection, wanted))
        monkeypatch.setattr("calleq.billing.queries.MANY_LEGS", 10)
        assert list(find_records(connection, wanted)) == by_index
    assert by_index == [r for r in RECORDS if r.business == "abc" and r.legs]


def test_one_record_is_found_by_its_reference_or_the_end_of_it(database: Database) -> None:
    with database.reading() as connection:
        assert find_record(connection, RECORDS[3].call) == RECORDS[3]
        assert find_record(connection, "NONE") is None
        assert position_of(connection, "NONE") is None
        assert calls_ending_in(connection, RECORDS[3].call[-4:], 2) == [RECORDS[3].call]
        assert len(calls_ending_in(connection, "1", 2)) == 2
        assert calls_ending_in(connection, "%", 2) == []


def two_calls() -> list[SessionRecord]:
    """One with everything that a record can have, one with nothing."""
    first = LegRecord(
        session="01KE6P4ZK8CRN1KHA0F770ADTP",
        leg="customer",
        attempt=1,
        entity="ssp-62",
        sequence=12,
        number="+12125550100",
        called_received="2125550100f",
        called_nature=3,
        calling="+12125550140",
        calling_received="2125550140",
        calling_nature=3,
        presentation=1,
        dialled_at_us=1_767_603_601_009_000,
        seized_at_us=1_767_603_601_011_000,
        ringing_at_us=1_767_603_601_019_000,
        answered_at_us=1_767_603_605_021_000,
        released_at_us=1_767_603_615_374_001,
        ring_us=4_002_000,
        talk_us=10_353_000,
        held_us=14_363_000,
        billable_s=11,
        cause=16,
        released_by="line",
        trunk_group="76-62",
        circuit=CircuitKey(4705, 4593, 2),
        route=(CircuitKey(4705, 4593, 2),),
        software="0.1.0",
    )
    second = LegRecord(
        session=first.session,
        leg="agent",
        attempt=2,
        entity="ip-76",
        sequence=7,
        number="+12125550143",
        dialled_at_us=1_767_603_605_025_000,
        released_at_us=1_767_603_606_000_000,
        cause=38,
        released_by="network",
        route=(CircuitKey(4705, 4593, 3), CircuitKey(4593, 4609, 1)),
        circuit=CircuitKey(4593, 4609, 1),
        partial=True,
        times_dialled=2,
    )
    full = SessionRecord(
        call=first.session,
        business="abc",
        door="server-72",
        message_id="server-72-2",
        idempotency_key='=HYPERLINK("http://x","é, \n")',
        state="completed",
        cause=16,
        accepted_at_us=1_767_603_601_000_000,
        ended_at_us=1_767_603_615_400_000,
        legs=(first, second),
        complete=False,
    )
    empty = SessionRecord(
        call="01KE6P4ZK8CRN1KHA0F770ADTQ",
        business="@xyz",
        state="blocked",
        cause=34,
        accepted_at_us=1_767_603_602_000_000,
        ended_at_us=1_767_603_602_000_001,
        legs=(),
        complete=True,
    )
    return [full, empty]


@pytest.mark.parametrize("kind", ["legs", "sessions"])
@pytest.mark.parametrize("shape", ["csv", "jsonl"])
def test_exports_are_what_they_always_were(shape: str, kind: str) -> None:
    batch = Batch(shape, kind)
    octets = b"".join(batch.lines(two_calls()))
    golden = GOLDEN / f"{kind}.{shape}"
    assert octets == golden.read_bytes()
    manifest = batch.manifest(filters={"business": "abc"}, lost=0, at_us=1_767_603_700_000_000)
    assert manifest["sha256"] == hashlib.sha256(octets).hexdigest()
    if (shape, kind) == ("csv", "legs"):
        expected = json.loads((GOLDEN / "legs.csv.manifest.json").read_text("utf-8"))
        assert manifest == {**expected, "made_by": f"calleq {__version__}"}


def test_csv_and_json_lines_say_the_same_and_csv_holds_no_formula() -> None:
    as_csv = b"".join(Batch("csv", "legs").lines(two_calls())).decode()
    as_json = b"".join(Batch("jsonl", "legs").lines(two_calls())).decode()
    rows = list(csv.DictReader(io.StringIO(as_csv, newline="")))
    assert tuple(rows[0]) == LEG_FIELDS
    for row, line in zip(rows, as_json.splitlines(), strict=True):
        fields = json.loads(line)
        assert tuple(fields) == LEG_FIELDS
        for name, value in fields.items():
            if isinstance(value, bool):
                assert row[name] == ("true" if value else "false")
            elif value is None:
                assert row[name] == ""
            else:
                assert row[name].removeprefix("'") == str(value)
    harmless = {"number", "calling"}
    for row in rows:
        assert not [
            name for name, cell in row.items() if cell[:1] in tuple("=+-@") and name not in harmless
        ]
    assert rows[0]["number"] == "+12125550100"
    assert rows[0]["idempotency_key"].startswith("'=HYPERLINK")


def test_the_record_id_of_a_leg_is_its_own_and_the_same_whenever_it_is_derived() -> None:
    again = derive_records(NETWORK.entries)
    identifiers = [leg.record_id for record in RECORDS for leg in record.legs]
    assert identifiers == [leg.record_id for record in again for leg in record.legs]
    assert len(set(identifiers)) == len(identifiers)
    assert all(len(identifier) == 26 for identifier in identifiers)
    by_entity = {(leg.entity, leg.sequence) for record in RECORDS for leg in record.legs}
    assert len(by_entity) == len(identifiers)


def test_nothing_is_billed_that_was_not_answered() -> None:
    legs = [leg for record in RECORDS for leg in record.legs]
    assert any(leg.answered_at_us is not None and leg.talk_us == 0 for leg in legs)
    for leg in legs:
        assert (leg.billable_s > 0) == (leg.talk_us > 0)
        assert leg.talk_us == 0 or leg.answered_at_us is not None


@pytest.mark.parametrize(
    ("answered", "released", "cause", "partial", "parts", "expected"),
    [
        (True, True, 16, False, 1, 0),
        (True, True, 31, False, 1, 0),
        (True, True, 41, False, 1, 4),
        (True, True, 16, True, 1, 4),
        (True, True, 16, False, 2, 1),
        (False, True, 17, False, 1, 3),
        (False, True, 41, True, 1, 3),
        (True, False, 0, False, 1, None),
    ],
)
def test_the_cause_for_termination_is_that_of_ts_32_298(
    answered: bool, released: bool, cause: int, partial: bool, parts: int, expected: int | None
) -> None:
    leg = LegRecord(
        session="S",
        leg="agent",
        attempt=1,
        entity="ssp-62",
        number="+12125550100",
        dialled_at_us=1,
        answered_at_us=2 if answered else None,
        released_at_us=9 if released else None,
        cause=cause,
        partial=partial,
        parts=parts,
    )
    assert leg.cause_for_term == expected
