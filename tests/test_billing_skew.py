"""Machines whose clocks nobody set: the records are those of set clocks, and the check says so."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from calleq.billing import SessionRecord, derive_records
from calleq.billing.checks import findings
from calleq.billing.pairing import CLOCK_TOLERANCE_US
from calleq.billing.projection import bring_up_to_date
from calleq.billing.queries import Filter, find_records
from calleq.billing.skew import SAMPLES_LEAST, clock_skew_us
from calleq.journal.entries import (
    CircuitKey,
    Dialled,
    LineRefused,
    LineSeized,
    Stamped,
    Transit,
)
from calleq.store import Database, database_url
from calleq.units import HOUR_US, SECOND_US
from tests.journals import JournalFile
from tests.random_network import RandomNetwork

SKEWS_US = [-HOUR_US, -30 * SECOND_US, -SECOND_US, -200_000, 200_000, 5 * SECOND_US, HOUR_US]


def with_clock(entries: Sequence[Stamped], entity: str, ahead_us: int) -> list[Stamped]:
    """What the same network writes when the clock of one machine is wrong."""
    return [
        msgspec.structs.replace(one, at_us=one.at_us + ahead_us) if one.entity == entity else one
        for one in entries
    ]


Leg = tuple[str, str, int]


def reached(entries: Sequence[Stamped]) -> dict[Leg, tuple[str, int]]:
    """Where each attempt really came to: what the next exchange wrote within the 50 ms after it, by
    clocks that are right."""
    arrivals: dict[CircuitKey | None, list[Stamped]] = {}
    for stamped in entries:
        if isinstance(stamped.entry, LineSeized | LineRefused | Transit):
            arrivals.setdefault(stamped.entry.incoming, []).append(stamped)

    def next_after(stamped: Stamped, key: CircuitKey | None) -> Stamped:
        for one in arrivals.get(key, []):
            if -4_000 <= one.at_us - stamped.at_us < 50_000:
                entry = one.entry
                return next_after(one, entry.outgoing) if isinstance(entry, Transit) else one
        return stamped

    found = {}
    for stamped in entries:
        if isinstance(stamped.entry, Dialled):
            last = next_after(stamped, stamped.entry.circuit)
            leg = stamped.entry.call, stamped.entry.leg, stamped.entry.attempt
            found.setdefault(leg, (last.entity, last.sequence))
    return found


def recorded(records: Sequence[SessionRecord]) -> dict[Leg, tuple[str, int]]:
    """Where each attempt came to by its record."""
    return {
        (leg.session, leg.leg, leg.attempt): (leg.entity, leg.sequence)
        for record in records
        for leg in record.legs
    }


@pytest.mark.parametrize("skew_us", SKEWS_US)
@pytest.mark.parametrize("entity", ["ssp-62", "ssp-64"])
def test_a_clock_that_is_wrong_by_the_same_all_day_gives_no_call_the_talk_of_another(
    entity: str, skew_us: int
):
    """Before, a fifth of a second took three records of four from a bad day in which IAMs were
    lost and circuits taken again at once."""
    network = RandomNetwork(1, 150)
    truth = reached(network.entries)

    def wrong(entries: Sequence[Stamped]) -> set[Leg]:
        records = recorded(derive_records(entries))
        assert records.keys() == truth.keys()
        return {leg for leg in truth if records[leg] != truth[leg]}

    # On so bad a day one leg may be taken for another's by clocks that are right as well.
    right = wrong(network.entries)
    assert len(right) < 2
    assert wrong(with_clock(network.entries, entity, skew_us)) <= right


@pytest.mark.parametrize("skew_us", [-30 * SECOND_US, -200_000, 5 * SECOND_US])
def test_read_while_it_is_written_the_records_are_the_same_and_the_check_names_the_clock(
    tmp_path: Path, skew_us: int
):
    network = RandomNetwork(4, 150)
    chance = random.Random(4)
    entries = with_clock(network.entries, "ssp-62", skew_us)
    names = {stamped.entity for stamped in entries}
    files = {name: JournalFile(tmp_path / f"{name}.journal") for name in names}
    database = Database(database_url(None, tmp_path))
    for stamped in entries:
        files[stamped.entity].append([stamped])
        if chance.random() < 0.01:
            bring_up_to_date(database, tmp_path)
    bring_up_to_date(database, tmp_path)
    with database.reading() as connection:
        records = list(find_records(connection, Filter()))
        (finding,) = [one for one in findings(connection) if one.kind == "clock_skew"]
    database.close()
    assert recorded(records) == reached(network.entries)
    assert finding.entity == "ssp-62"
    side = "before" if skew_us < 0 else "after"
    assert f"{side} they were dialled: set its clock" in finding.detail


def uses(count: int, seed: int = 1) -> list[int]:
    chance, at_us, instants = random.Random(seed), 0, []
    for _ in range(count):
        at_us += chance.randrange(SECOND_US, 60 * SECOND_US)
        instants.append(at_us)
    return instants


def test_clocks_within_the_tolerance_do_not_differ_whatever_was_lost():
    sent = uses(40)
    for ahead_us in (-CLOCK_TOLERANCE_US, 0, 3_000, CLOCK_TOLERANCE_US):
        assert clock_skew_us([(sent, [at_us + ahead_us for at_us in sent[::3]])]) == 0


def test_a_clock_that_steps_in_between_is_no_constant_difference():
    sent = uses(40)
    received = [at_us + (HOUR_US if place > 20 else 0) for place, at_us in enumerate(sent)]
    assert clock_skew_us([(sent, received)]) == 0


def test_from_few_arrivals_nothing_is_concluded():
    sent = uses(SAMPLES_LEAST - 1)
    assert clock_skew_us([(sent, [at_us + HOUR_US for at_us in sent])]) == 0
    assert clock_skew_us([]) == 0


def test_many_circuits_with_little_on_each_say_it_together():
    circuits = []
    for seed in range(30):
        sent = uses(3, seed)
        circuits.append((sent, [at_us + 7 * SECOND_US + seed * 100 for at_us in sent[: seed % 3]]))
    assert clock_skew_us(circuits) == pytest.approx(7 * SECOND_US, abs=3_000)
