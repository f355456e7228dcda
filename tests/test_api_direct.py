"""Figure 9 over the API: by any credential of the business, once however often it is sent."""

from typing import Any

import pytest

from calleq.journal.entries import Accepted
from tests.door import Door, basic
from tests.test_api_keys import PREMIUM, door_with


def request(**fields: object) -> dict[str, object]:
    whole: dict[str, object] = {
        "equipment_address": "server-72.calleq.example",
        "business_id": "abc",
        "customer_number": "+12125550100",
        "web_page": {"current": {"url": "https://www.abc.example/shoes", "title": "Shoes"}},
        **fields,
    }
    return {name: value for name, value in whole.items() if value is not None}


def post(door: Door, key: str = "", by: dict[str, str] | None = None, **fields: object) -> Any:
    headers = {**(basic() if by is None else by), **({"idempotency-key": key} if key else {})}
    return door.http().post("/v1/direct-calls", json=request(**fields), headers=headers)


@pytest.mark.row("S2-43", part=True)
def test_a_request_from_a_page_becomes_a_call_that_says_so():
    door = Door()
    accepted = post(door)
    assert accepted.status_code == 202
    call = accepted.json()["call"]
    view = door.http().get(f"/v1/calls/{call}", headers=basic()).json()
    assert (view["figure"], view["by"]) == (9, "abc")
    assert view["web_page"]["current"]["title"] == "Shoes"
    [entry] = door.journal.of(Accepted)
    assert entry.figure == 9


def test_it_proves_nothing_by_itself():
    door = Door()
    for by, status in (({}, 401), (basic("abc", "guess"), 401), (basic("xyz", "xyz-demo"), 401)):
        assert post(door, by=by).status_code == status
    assert post(door, password="abc-demo", by={}).status_code == 401
    assert door.bus.sent == []


def test_the_same_request_again_is_the_same_call():
    door = Door()
    first, again = post(door, "k1"), post(door, "k1")
    assert again.json() == first.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert post(door, "k1", note="another").json()["code"] == "idempotency_key_reused"
    assert len(door.journal.of(Accepted)) == 1


def test_a_refusal_stays_bound_as_with_figure_8():
    door, guards = door_with(PREMIUM)
    assert post(door, "k1").json()["code"] == "premium_rate"
    guards.problem = None
    again = post(door, "k1")
    assert (again.status_code, again.headers["idempotent-replayed"]) == (403, "true")
    assert post(door, "k2").status_code == 202


def test_a_message_of_the_other_figure_under_the_key_is_another_message():
    door = Door()
    assert post(door, "k1").status_code == 202
    other = door.http().post(
        "/v1/calls",
        json={"business_id": "abc", "password": "abc-demo", "customer_number": "+12125550100"},
        headers={"idempotency-key": "k1"},
    )
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
