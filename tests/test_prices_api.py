"""Prices and balances over HTTP: who sees what, and what a refusal says."""

from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from calleq.charging import CallCharging, RememberedDecks, load_decks
from calleq.intake.contract import Beside
from calleq.journal.entries import Accepted, Credited
from calleq.topology import Business
from calleq.topology_billing import Pricing
from tests.charging_scene import FLAT, business
from tests.door import Door, basic, message


class Priced:
    """A door with the flat deck; abc pays before."""

    def __init__(self, directory: Path) -> None:
        file = directory / "flat.toml"
        file.write_text(FLAT)
        abc = msgspec.structs.replace(
            business(cap_day="50.00"),
            password="abc-demo",
            number="+12125550140",
            representatives=("+12125550143", "+12125550144"),
        )
        xyz = Business(identifier="xyz", password="xyz-demo", number="+12125550150")
        self.door = Door((abc, xyz))
        decks = load_decks(Pricing(decks=(str(file),)), RememberedDecks(), self.door.clock.now_us())
        self.charging = CallCharging(
            decks, self.door.accounts.business, self.door.journal, self.door.clock, "server-72"
        )
        intake = self.door.intake
        intake.beside = Beside(
            calendar=intake.beside.calendar, guards=intake.beside.guards, charging=self.charging
        )
        self.door.surface.services.add(CallCharging, self.charging)

    def get(self, path: str, business: str = "abc") -> httpx.Response:
        return self.door.http().get(path, headers=basic(business, f"{business}-demo"))

    def credit(self, amount: str, **more: str) -> httpx.Response:
        order = {"business": "abc", "amount": amount, **more}
        return self.door.operator().post("/v1/balance/credits", json=order)


@pytest.fixture
def priced(tmp_path: Path) -> Priced:
    return Priced(tmp_path)


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json()


def test_a_price_is_told_before_anything_is_asked_for(priced: Priced):
    price = done(priced.get("/v1/price?to=%2B12125550100&minutes=5"))
    assert (price["business"], price["deck"], price["currency"]) == ("abc", "flat", "USD")
    assert price["per_minute"] == "0.12"
    # Two legs of five minutes, and the service of the call.
    assert price["maximum"] == "0.605"
    assert price["customer"] == {
        "address": "+12125550100",
        "rate_key": "+1",
        "rate_from": "2026-01-01T00:00:00.000000Z",
        "band": "standard",
        "per_minute": "0.06",
        "dearest_per_minute": "0.06",
        "connection": "0.00",
        "rule": "increments 1/1",
    }
    assert price["representative"]["address"] == "+12125550143"
    named = priced.get("/v1/price?to=+12125550100&representative=%2B12125550144&minutes=0.5")
    assert done(named)["representative"]["address"] == "+12125550144"
    assert named.json()["maximum"] == "0.065"
    assert not priced.door.journal.of(Accepted)


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("to=%2B19145550100", 403, "barred"),
        ("to=%2B442079460000", 403, "no_rate"),
        ("to=911", 422, "invalid_query"),
        ("to=%2B12125550100&minutes=-1", 422, "invalid_query"),
        ("to=%2B12125550100&minutes=1441", 422, "invalid_query"),
        ("minutes=1", 400, "invalid_query"),
        ("to=%2B12125550100&business=xyz", 404, "unknown_business"),
    ],
)
def test_a_price_that_cannot_be_told_says_why(priced: Priced, query: str, status: int, code: str):
    problem = done(priced.get(f"/v1/price?{query}"), status)
    assert problem["code"] == code


def test_a_balance_is_its_business_s_and_the_carrier_s(priced: Priced):
    assert done(priced.credit("25.00", note="bank transfer 17"), 201)["available"] == "25.00"
    (entry,) = priced.door.journal.of(Credited)
    assert (entry.business, entry.amount_micro, entry.currency) == ("abc", 25_000_000, "USD")
    assert entry.note == "bank transfer 17"
    assert entry.by
    balance = done(priced.get("/v1/balance"))
    assert (balance["payment"], balance["available"]) == ("prepaid", "25.00")
    assert balance["day"] == {"spent": "0.00", "cap": "50.00", "left": "50.00"}
    assert done(priced.get("/v1/balance?business=abc", "xyz"), 404)["code"] == "unknown_business"
    carrier = priced.door.operator()
    assert done(carrier.get("/v1/balance?business=abc"))["balance"] == "25.00"
    assert done(carrier.get("/v1/balance?business=xyz"))["payment"] == "postpaid"
    assert done(carrier.get("/v1/balance"), 422)["code"] == "invalid_query"
    assert done(priced.credit("-5.5"), 201)["balance"] == "19.50"


@pytest.mark.parametrize("amount", ["", "0", "-0", "1e3", "1.0000001", "--1", "1,5", " 1"])
def test_a_credit_that_is_no_amount_changes_nothing(priced: Priced, amount: str):
    problem = done(priced.credit(amount), 422)
    assert problem["errors"][0]["pointer"] == "/amount"
    assert not priced.door.journal.of(Credited)


def test_a_business_cannot_credit_itself(priced: Priced):
    order = {"business": "abc", "amount": "25.00"}
    headers = basic("abc", "abc-demo")
    answer = priced.door.http().post("/v1/balance/credits", json=order, headers=headers)
    assert answer.status_code == 403
    assert not priced.door.journal.of(Credited)


def test_a_message_without_money_is_told_what_is_missing(priced: Priced):
    answer = priced.door.http().post("/v1/calls", json=message())
    problem = done(answer, 402)
    assert problem["code"] == "balance"
    assert "pay in at least 0.25" in problem["detail"]
    assert priced.door.bus.sent == []
    priced.credit("10.00")
    placed = done(priced.door.http().post("/v1/calls", json=message()), 202)
    view = done(priced.get(f"/v1/calls/{placed['call']}"))
    assert view["held"]["amount_micro"] == 2 * (3_600 + 42 + 80) * 1_000 + 5_000 + 2_002
    assert done(priced.get("/v1/balance"))["calls_open"] == 1


def test_a_door_without_prices_has_no_price():
    door = Door()
    headers = basic("abc", "abc-demo")
    answer = door.http().get("/v1/price?to=%2B12125550100", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_here")
