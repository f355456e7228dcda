"""Charges on the records: through the projection, in exports, and what a reviewer is shown."""

import csv
import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection, Update, update

from calleq.billing.checks import findings
from calleq.billing.derivation import derive_records
from calleq.billing.export import Batch
from calleq.billing.projection import bring_up_to_date
from calleq.billing.queries import Filter, find_records
from calleq.journal.entries import Charged, Recorded, Stamped, Started
from calleq.store import Database, database_url
from calleq.store.schema import LEG, SESSION
from calleq.units import HOUR_US, SECOND_US
from tests.journals import write_journals
from tests.test_charging_calls import Network, world
from tests.test_control_recordings import RecordedCall
from tests.virtual import REPRESENTATIVE, number


@pytest.fixture(scope="module")
def entries(tmp_path_factory: pytest.TempPathFactory) -> list[Stamped]:
    """A completed call, one that nobody answered, and a day of nothing."""
    network = Network(world(tmp_path_factory.mktemp("world")))
    network.credit(50_000_000)
    for ending in ("00", "01"):
        network.run_to_end(network.place(number(ending), REPRESENTATIVE))
    network.proved()
    last = network.journal.entries[-1]
    quiet = Stamped(
        last.entity, last.sequence + 1, last.at_us + 2 * HOUR_US, last.monotonic_us, Started("1")
    )
    return [*network.journal.entries, quiet]


@pytest.fixture
def database(tmp_path: Path, entries: list[Stamped]) -> Iterator[Database]:
    write_journals(tmp_path, entries)
    opened = Database(database_url(None, tmp_path))
    bring_up_to_date(opened, tmp_path)
    yield opened
    opened.close()


def test_the_projection_has_what_the_journals_say_of_money(
    database: Database, entries: list[Stamped]
):
    with database.reading() as connection:
        found = list(find_records(connection, Filter()))
    assert found == derive_records(entries)
    assert [record.amount_micro for record in found] == [24_000, 0]
    assert found[0].held_micro == 2 * (3_600 + 42 + 80) * 1_000 + 5_000 + 2_002


def test_in_pieces_it_is_the_same(tmp_path: Path, entries: list[Stamped]):
    """A call is not final before its charge is there, whatever piece that comes in."""
    write_journals(tmp_path, entries)
    database = Database(database_url(None, tmp_path))
    bring_up_to_date(database, tmp_path, 7)
    with database.reading() as connection:
        assert list(find_records(connection, Filter())) == derive_records(entries)
    database.close()


def exported(database: Database, kind: str) -> tuple[list[dict[str, str]], object]:
    batch = Batch("csv", kind)
    with database.reading() as connection:
        text = b"".join(batch.lines(find_records(connection, Filter()))).decode()
    manifest = batch.manifest(filters={}, lost=0, at_us=0)
    return list(csv.DictReader(io.StringIO(text))), manifest["amounts"]


def test_exports_have_amounts_and_their_totals(database: Database):
    sessions, amounts = exported(database, "sessions")
    assert [(row["amount"], row["currency"]) for row in sessions] == [
        ("0.024", "USD"),
        ("0.00", "USD"),
    ]
    assert sessions[0]["charges"] == (
        "customer +12125550100 +1 0.012; agent +12125550143 +1 0.007; call service:call 0.005"
    )
    assert amounts == {"USD": "0.024"}
    legs, amounts = exported(database, "legs")
    assert [(row["charge"], row["rate_deck"], row["rate_key"]) for row in legs] == [
        ("0.012", "flat", "+1"),
        ("0.007", "flat", "+1"),
        ("", "", ""),
    ]
    assert legs[0]["rate_from"] == "2026-01-01T00:00:00.000000Z"
    assert legs[0]["rate_rule"].startswith("increments 1/1; rounded once")
    assert amounts == {"USD": "0.019"}


def kinds(connection: Connection) -> list[str]:
    return [found.kind for found in findings(connection)]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (update(SESSION).values(amount_micro=None), ["uncharged", "uncharged"]),
        (update(SESSION).values(held_micro=23_999), ["over_held"]),
        (update(SESSION).values(amount_micro=24_000), ["charge_differs"]),
        (update(LEG).where(LEG.c.leg == "agent").values(billable_s=8), ["charge_differs"]),
        (update(SESSION).values(charges="[]", amount_micro=0), ["uncharged_leg"] * 2),
    ],
)
def test_what_was_charged_wrongly_is_found(database: Database, change: Update, expected: list[str]):
    with database.reading() as connection:
        assert kinds(connection) == []
    with database.writing() as connection:
        connection.execute(change)
        assert kinds(connection) == expected


def test_a_charge_that_comes_late_is_waited_for(tmp_path: Path, entries: list[Stamped]):
    """Half an hour after the call's end the record is not final yet."""
    place = next(at for at, one in enumerate(entries) if isinstance(one.entry, Charged))
    charged = entries[place]
    before = [one for one in entries[:-1] if not isinstance(one.entry, Charged)]
    later_us = charged.at_us + HOUR_US // 2
    quiet = Stamped("ip-76", 10_000, later_us, later_us, Started("1"))
    late = Stamped("server-72", 10_000, later_us + SECOND_US, later_us, charged.entry)
    data = tmp_path / "data"
    data.mkdir()
    write_journals(data, [*before, quiet])
    database = Database(database_url(None, tmp_path))
    bring_up_to_date(database, data)
    with database.reading() as connection:
        assert next(find_records(connection, Filter())).amount_micro is None
    write_journals(data, [*before, quiet, late])
    bring_up_to_date(database, data)
    with database.reading() as connection:
        assert next(find_records(connection, Filter())).amount_micro == 24_000
    database.close()


def test_a_recording_is_charged_as_long_as_its_file(tmp_path: Path):
    """By the shipped deck: 0.002 a minute, to the second."""
    call = RecordedCall(tmp_path)
    call.recorded()
    call.passes(30)
    call.ends()
    call.passes(60)
    entries = call.journal.entries
    (charged,) = (one.entry for one in entries if isinstance(one.entry, Charged))
    record = next(one for one in derive_records(entries) if one.call == call.reference)
    (recording,) = (one for one in record.charges if one.subject == "recording")
    lengths_us = [one.entry.length_us for one in entries if isinstance(one.entry, Recorded)]
    assert recording.length_s == -(-max(lengths_us) // SECOND_US) >= 30
    # 0.002 * 31 / 60, rounded half up to 0.0001.
    assert recording.amount_micro == 1_000
    assert charged.amount_micro == sum(one.amount_micro for one in record.charges)
    after = entries.index(next(one for one in entries if one.entry is charged))
    told = [one.entry.status for one in entries[:after] if isinstance(one.entry, Recorded)]
    assert told[-1] == "completed"
