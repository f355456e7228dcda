"""Runs with a rate deck: every charge against the telephones' diary."""

import json
from pathlib import Path

import msgspec
import pytest

from calleq.billing.records import LegRecord, SessionRecord
from calleq.rating import Charge, parse_deck
from simulator.money import MoneyReconciliation
from simulator.truth import Talk
from tests.charging_scene import FLAT, MORNING_US
from tests.live import calleq

PEAKS = """
name = "peaks"
currency = "EUR"
zone = "Europe/Berlin"
round_to = "0.001"

[[bands]]
name = "late"
days = ["mon"]
begin = "10:00"
end = "10:02"

[[rates]]
to = "+1"
from = 2026-01-01T00:00:00Z
per_minute = "0.0137"
connection = "0.01"
increments = "30/6"
free_s = 3
per_minute_in = { late = "0.0733" }

[[services]]
name = "unanswered"
from = 2026-01-01T00:00:00Z
each = "0.002"

[[services]]
name = "call"
from = 2026-01-01T00:00:00Z
each = "0.005"
"""
"""It is 10:00 in Berlin when a world begins; most calls run out of the dearer band."""


def run(*options: str) -> dict[str, object]:
    done = calleq("run", "--json", *options, module="simulator.cli")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)  # type: ignore[no-any-return]


def test_every_charge_of_a_run_is_what_the_diary_makes_of_it(tmp_path: Path):
    deck = tmp_path / "peaks.toml"
    deck.write_text(PEAKS)
    result = run("--calls", "400", "--rate", "3", "--seed", "11", "--deck", str(deck))
    money = result["money"]
    assert isinstance(money, dict)
    assert (money["difference_micro"], money["held_micro"], money["calls"]) == (0, 0, 400)
    assert money["currency"] == "EUR"
    assert money["charged_micro"] > 10_000_000
    assert result["differences"] == {"records": 0, "us": 0}


def talked(number: str, seconds: int) -> Talk:
    return Talk(number, MORNING_US, seconds * 1_000_000, billable_s=seconds)


def record(number: str, charge_micro: int, amount_micro: int) -> SessionRecord:
    """A leg of `number`, and the service `call`."""
    base = {"deck": "flat", "key": "+1", "effective_from_us": 0, "priced_at_us": 0, "rule": ""}
    rest = {**base, "length_s": 0, "charged_s": 0, "lines": (), "currency": "USD"}
    charges = tuple(
        msgspec.convert({**rest, "subject": subject, "amount_micro": micro}, Charge)
        for subject, micro in ((f"customer {number}", charge_micro), ("call", 5_000))
    )
    leg = LegRecord(
        session="c",
        leg="customer",
        attempt=1,
        entity="ssp-62",
        number=number,
        dialled_at_us=MORNING_US,
        seized_at_us=MORNING_US,
        answered_at_us=MORNING_US,
        charge_micro=charge_micro,
    )
    return SessionRecord(
        call="c",
        business="abc",
        state="completed",
        cause=16,
        accepted_at_us=MORNING_US,
        ended_at_us=MORNING_US,
        legs=(leg,),
        complete=True,
        amount_micro=amount_micro,
        currency="USD",
        charges=charges,
    )


@pytest.mark.parametrize(
    ("charge", "amount", "lived", "expected"),
    [
        (70_000, 75_000, 70, 75_000),
        (69_999, 74_999, 70, 75_000),
        (70_000, 75_001, 70, 75_002),
        (70_000, 75_000, 71, 76_000),
    ],
)
def test_a_micro_unit_more_or_less_is_found(charge: int, amount: int, lived: int, expected: int):
    """Nothing was charged by this journal, so the whole amount of the record differs as well."""
    number = "+12125550100"
    money = MoneyReconciliation(parse_deck(FLAT), frozenset((number,)))
    money.lived(talked(number, lived))
    money.record(record(number, charge, amount))
    assert money.result({"abc": 3}).difference_micro == expected
    assert money.result({"abc": 3}).held_micro == 3


def test_a_deck_that_does_not_price_the_world_is_refused(tmp_path: Path):
    deck = tmp_path / "abroad.toml"
    deck.write_text(FLAT.replace('"+1"', '"+44"'))
    done = calleq("run", "--calls", "5", "--deck", str(deck), module="simulator.cli")
    assert done.returncode == 2
    assert "--deck: deck flat has no rate for +1212" in done.stderr
