"""Doors of elements that run in processes of their own: real sockets, disks and deaths.

One network is lived with by all tests, since starting it takes seconds. What happens at every
instant and with every loss is told in simulated time (`test_relay_split`).
"""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.apart import PERIPHERAL, SERVER, SWITCH, TALK_S, Apart, network_file
from tests.live import at_once

CUSTOMER, OTHER, THIRD, MOBILE = "+12125550100", "+12125550101", "+12125550102", "+12125550111"
PREPAID = '[businesses.billing]\npayment = "prepaid"'
ONE_CALL = "[businesses.policy]\ncalls = {burst = 1, refill_s = 3600}"


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Apart]:
    directory = tmp_path_factory.mktemp("apart")
    network = Apart(directory, network_file(directory, abc=PREPAID, xyz=ONE_CALL))
    try:
        network.wait_until_ready()
        yield network
    finally:
        network.stop()


def micro(amount: str) -> int:
    whole, _, part = amount.partition(".")
    return int(whole) * 1_000_000 + int((part + "000000")[:6])


def test_money_for_one_call_makes_one_at_two_doors_at_once(apart: Apart) -> None:
    order = {"business": "abc", "amount": "0.50"}
    apart.operator("POST", "/v1/balance/credits", order)
    answers = at_once(
        lambda: apart.post(SERVER, CUSTOMER, representative_number="+12125550143"),
        lambda: apart.post(PERIPHERAL, MOBILE, representative_number="+12125550144"),
    )
    assert sorted(one.status_code for one in answers) == [202, 402], [one.text for one in answers]
    call = next(one.json()["call"] for one in answers if one.status_code == 202)
    assert next(one.json()["code"] for one in answers if one.status_code == 402) == "balance"
    view = apart.ended(call)
    assert view["state"] == "completed"
    balance = apart.get(SERVER, "/v1/balance")
    assert view["charge"]["amount_micro"] > 0
    assert micro(balance["charged"]) == view["charge"]["amount_micro"]
    assert micro(balance["held"]) == 0


def test_a_limit_of_a_business_is_one_for_two_doors(apart: Apart) -> None:
    answers = at_once(
        lambda: apart.post(SERVER, THIRD, "xyz"), lambda: apart.post(SWITCH, OTHER, "xyz")
    )
    assert sorted(one.status_code for one in answers) == [202, 429], [one.text for one in answers]


def test_a_key_that_is_revoked_is_refused_at_another_door_within_a_second(apart: Apart) -> None:
    wish = {"kind": "api_key", "role": "developer"}
    issued = apart.operator("POST", "/v1/businesses/abc/credentials", wish)
    headers = {"authorization": f"Bearer {issued['secret']}"}
    url = f"{apart.door(PERIPHERAL)}/v1/calls"
    apart.until(lambda: httpx.get(url, headers=headers).status_code == 200, within_s=2)
    name = issued["credential"]["credential"]
    apart.operator("POST", f"/v1/businesses/abc/credentials/{name}/revoke", {})
    revoked_s = time.monotonic()
    apart.until(lambda: httpx.get(url, headers=headers).status_code == 401, within_s=1)
    assert apart.post(PERIPHERAL, CUSTOMER, headers=headers).status_code == 401
    assert time.monotonic() - revoked_s < 1.5


def test_who_must_not_be_called_is_called_at_no_door(apart: Apart) -> None:
    listing = {"business": "abc", "number": THIRD, "listed": True}
    apart.operator("POST", "/do-not-call", listing)
    for element in (SERVER, PERIPHERAL, SWITCH):
        answer = apart.post(element, THIRD)
        assert (answer.status_code, answer.json()["code"]) == (403, "do_not_call")


@pytest.mark.row("S2-105", part=True)
def test_a_call_of_another_door_is_found_and_hung_up_at_the_access_server(apart: Apart) -> None:
    apart.operator("POST", "/v1/balance/credits", {"business": "abc", "amount": "20.00"})
    call = apart.post(SWITCH, CUSTOMER, representative_number="+12125550143").json()["call"]
    listed = apart.get(SERVER, "/v1/calls?limit=5")["calls"]
    assert call in [one["call"] for one in listed]
    apart.until(lambda: apart.get(SERVER, f"/v1/calls/{call}")["state"] == "bridged")
    url = f"{apart.door(SERVER)}/v1/calls/{call}/hangup"
    assert httpx.post(url, auth=("abc", "abc-demo"), timeout=30).status_code == 200
    assert apart.ended(call)["charge"]["amount_micro"] > 0
    assert apart.get(SWITCH, f"/v1/calls/{call}")["final"]


def test_a_recording_is_heard_where_it_was_made_by_whoever_may_see_its_call(apart: Apart) -> None:
    apart.talks(9)  # what is said to both before a recording takes four seconds
    call = apart.post(PERIPHERAL, CUSTOMER, representative_number="+12125550143").json()["call"]
    apart.until(lambda: apart.get(PERIPHERAL, f"/v1/calls/{call}")["state"] == "bridged")
    url = f"{apart.door(PERIPHERAL)}/v1/calls/{call}"
    auth = ("abc", "abc-demo")
    ordered = httpx.post(f"{url}/orders", json={"order": "record"}, auth=auth, timeout=30)
    assert ordered.status_code == 200, ordered.text
    apart.ended(call)
    apart.talks(TALK_S)
    path = f"/v1/calls/{call}/recordings"
    apart.until(lambda: apart.get(PERIPHERAL, path)["recordings"][0]["status"] == "completed")
    (recording,) = apart.get(PERIPHERAL, path)["recordings"]
    sound = f"{apart.door(PERIPHERAL)}/v1/recordings/{recording['recording']}/audio"
    heard = httpx.get(sound, auth=auth, timeout=30)
    assert (heard.status_code, heard.content[:4]) == (200, b"RIFF")
    assert httpx.get(sound, auth=("xyz", "xyz-demo"), timeout=30).status_code == 404
    assert apart.get(PERIPHERAL, path, "xyz")["code"] == "not_found"


def test_an_authority_killed_in_the_middle_dials_nobody_twice_and_charges_exactly(
    apart: Apart,
) -> None:
    rang = len(apart.diary(CUSTOMER))
    before = micro(apart.get(SERVER, "/v1/balance")["charged"])
    key = {"idempotency-key": "killed"}
    fields = {"password": "abc-demo", "representative_number": "+12125550143"}
    first = apart.post(PERIPHERAL, CUSTOMER, headers=key, **fields)
    assert first.status_code == 202, first.text
    call = first.json()["call"]
    apart.until(lambda: apart.get(PERIPHERAL, f"/v1/calls/{call}")["state"] == "bridged")
    dialled = len(apart.diary(CUSTOMER))
    assert dialled > rang
    apart.kill(SERVER)
    apart.until(lambda: not apart.is_ready(PERIPHERAL), within_s=5)
    refused = apart.post(PERIPHERAL, OTHER, patient=False)
    assert (refused.status_code, refused.json()["code"]) == (503, "authority_unreachable")
    assert int(refused.headers["retry-after"]) > 0
    apart.start(SERVER)
    apart.wait_until_ready(SERVER)
    again = apart.post(PERIPHERAL, CUSTOMER, headers=key, **fields)
    assert again.status_code == 202, again.text
    assert again.json()["call"] == call
    view = apart.ended(call)
    assert view["state"] == "completed"
    balance = apart.get(SERVER, "/v1/balance")
    assert micro(balance["charged"]) - before == view["charge"]["amount_micro"]
    assert micro(balance["held"]) == 0
    rings = [one for one in apart.diary(CUSTOMER)[rang:] if one["event"] == "rings"]
    assert len(rings) == 1, apart.diary(CUSTOMER)[rang:]
