"""Idempotency-Key: refusals of calls stay bound, and everything else that changes something."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from calleq.access_server.keyed import AnswerFile, KeyedAnswers
from calleq.access_server.rates import QUOTA, RequestRates
from calleq.intake.contract import Beside, NoGuards, Refusal, Wanted
from calleq.journal.entries import Accepted, Refused
from calleq.topology_policy import Rate
from calleq.web.problems import ProblemDetail, ProblemError
from tests.door import Door, basic, message
from tests.guards_scene import GuardedDoor, only

PREMIUM = ProblemDetail(
    status=403, code="premium_rate", title="Not called", detail="a premium-rate number"
)
LATER = ProblemDetail(
    status=429, code="too_often", title="Too often", detail="wait", retry_after_s=60
)


class GuardsThatSay(NoGuards):
    """Refuse with what they are told to, while they are."""

    def __init__(self, problem: ProblemDetail | None) -> None:
        self.problem = problem

    def judge(self, wanted: Wanted, now_us: int) -> Refusal | None:
        return None if self.problem is None else Refusal(self.problem, self.problem.code)


def door_with(problem: ProblemDetail | None) -> tuple[Door, GuardsThatSay]:
    door, guards = Door(), GuardsThatSay(problem)
    door.intake.beside = Beside(guards=guards)
    return door, guards


def post(door: Door, key: str = "k1", **fields: Any) -> Any:
    return door.http().post("/v1/calls", json=message(**fields), headers={"idempotency-key": key})


def test_a_refused_call_stays_refused_under_its_key_and_is_called_under_another():
    door, guards = door_with(PREMIUM)
    first = post(door)
    assert (first.status_code, first.json()["code"]) == (403, "premium_rate")
    assert "idempotent-replayed" not in first.headers
    guards.problem = None
    again = post(door)
    assert (again.status_code, again.json()["code"]) == (403, "premium_rate")
    assert again.json()["detail"] == first.json()["detail"]
    assert again.headers["idempotent-replayed"] == "true"
    assert post(door, customer_number="+12125550106").json()["code"] == "idempotency_key_reused"
    assert post(door, "k2").status_code == 202
    assert len(door.bus.sent) == 1


def test_a_bound_refusal_survives_a_restart_and_ends_after_a_day():
    before, _ = door_with(PREMIUM)
    post(before)
    [entry] = before.journal.of(Refused)
    assert (entry.idempotency_key, entry.problem["code"]) == ("k1", "premium_rate")
    door, _ = door_with(None)
    door.server.restart(before.journal.entries)
    assert post(door).json()["code"] == "premium_rate"
    door.clock.advance_us(24 * 3_600_000_000 + 1)
    assert post(door).status_code == 202


def test_a_call_to_be_asked_for_later_binds_nothing():
    door, guards = door_with(LATER)
    late = post(door)
    assert (late.status_code, late.headers["retry-after"]) == (429, "60")
    guards.problem = None
    assert post(door).status_code == 202


def order(door: Door, call: str, body: dict[str, object], key: str = "k1") -> Any:
    return door.http().post(
        f"/v1/calls/{call}/orders", json=body, headers={**basic(), "idempotency-key": key}
    )


def test_an_order_is_answered_once_and_again_alike():
    door = Door()
    call = door.place()
    first = order(door, call, {"order": "hold", "leg": "customer"})
    assert (first.status_code, first.json()["code"]) == (409, "not_bridged")
    door.taken(call)
    again = order(door, call, {"leg": "customer", "order": "hold"})
    assert (again.status_code, again.json()["code"]) == (409, "not_bridged")
    assert again.headers["idempotent-replayed"] == "true"
    other = order(door, call, {"order": "hold", "leg": "agent"})
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")
    assert len(door.bus.sent) == 1, "the instruction alone"
    door.clock.advance_us(24 * 3_600_000_000 + 1)
    door.ends(call)
    assert order(door, call, {"order": "hold", "leg": "agent"}).json()["code"] == "call_over"


def test_a_key_of_an_order_is_the_business_own_and_a_good_one():
    door = Door()
    call = door.place()
    body = {"order": "hold", "leg": "customer"}
    assert order(door, call, body).status_code == 409
    stranger = door.http().post(
        f"/v1/calls/{call}/orders",
        content=json.dumps(body),
        headers={
            **basic("xyz", "xyz-demo"),
            "idempotency-key": "k1",
            "content-type": "application/json",
        },
    )
    assert stranger.status_code == 404
    assert order(door, call, body, "two words").json()["code"] == "idempotency_key"


def put_customer(door: Door, key: str, number: str = "+12125550100") -> Any:
    return door.http().put(
        "/v1/businesses/abc/customers/c-1",
        json={"number": number},
        headers={**basic(), "idempotency-key": key},
    )


def with_answers(door: Door, file: AnswerFile) -> Door:
    door.surface.services.add(KeyedAnswers, KeyedAnswers(file.of_door("server-72")))
    return door


def test_an_answer_by_key_outlives_its_process_for_a_day(tmp_path: Path):
    path = tmp_path / "network.answers.sqlite"
    before = with_answers(Door(), AnswerFile(path))
    first = put_customer(before, "k1")
    refused = order(before, before.place(), {"order": "hold", "leg": "customer"}, "k2")
    assert (first.status_code, refused.json()["code"]) == (200, "not_bridged")

    file = AnswerFile(path)
    after = with_answers(Door(), file)
    again = put_customer(after, "k1")
    assert (again.status_code, again.json()) == (200, first.json())
    assert again.headers["idempotent-replayed"] == "true"
    assert "idempotent-replayed" not in first.headers
    assert put_customer(after, "k1", "+12125550106").json()["code"] == "idempotency_key_reused"
    call = refused.request.url.path.split("/")[3]
    assert order(after, call, {"order": "hold", "leg": "customer"}, "k2").json() | {
        "request_id": ""
    } == refused.json() | {"request_id": ""}
    other = KeyedAnswers(file.of_door("ip-76"))
    assert len(other) == 0, "each door has its own"
    after.clock.advance_us(24 * 3_600_000_000 + 1)
    assert "idempotent-replayed" not in put_customer(after, "k1").headers
    assert len(KeyedAnswers(AnswerFile(path).of_door("server-72"))) == 1, "the others are gone"


@pytest.mark.parametrize("octets", [b"", b"no database" * 500])
def test_a_lost_or_damaged_file_of_answers_is_begun_anew(tmp_path: Path, octets: bytes):
    path = tmp_path / "network.answers.sqlite"
    path.write_bytes(octets)
    door = with_answers(Door(), AnswerFile(path))
    assert put_customer(door, "k1").status_code == 200
    assert put_customer(door, "k1").headers["idempotent-replayed"] == "true"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_one_sender_cannot_take_the_keys_of_all(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("calleq.access_server.keyed.LIMIT_OF_SENDER", 3)
    keyed = KeyedAnswers()
    for number in range(3):
        assert keyed.begin(("abc", "PUT", "/", f"k{number}"), b"", 0) is None
    with pytest.raises(ProblemError) as full:
        keyed.begin(("abc", "PUT", "/", "k3"), b"", 0)
    assert full.value.problem.code == "idempotency_keys_full"
    assert keyed.begin(("xyz", "PUT", "/", "k3"), b"", 0) is None
    keyed.failed(("abc", "PUT", "/", "k1"))
    assert keyed.begin(("abc", "PUT", "/", "k3"), b"", 0) is None


@pytest.mark.parametrize("body", [{"order": "hold"}, {"order": "jump"}, {"leg": "customer"}])
def test_an_order_that_is_none_binds_nothing(body: dict[str, object]):
    door = Door()
    call = door.place()
    assert order(door, call, body).status_code == 422
    assert order(door, call, {"order": "hold", "leg": "customer"}).json()["code"] == "not_bridged"
    assert len(door.journal.of(Accepted)) == 1


# How often somebody may ask.


def test_every_answer_says_how_many_more_there_may_be_and_too_many_are_refused():
    door = Door()
    call = door.place()
    http = door.http()
    first = http.get(f"/v1/calls/{call}", headers=basic())
    assert first.headers["ratelimit-policy"] == '"requests";q=6000;w=60'
    assert first.headers["ratelimit"] == '"requests";r=5999;t=0'
    rates = RequestRates()
    for _ in range(QUOTA):
        rates.take("abc", 0)
    with pytest.raises(ProblemError) as refused:
        rates.take("abc", 0)
    assert (refused.value.problem.status, refused.value.problem.retry_after_s) == (429, 1)
    assert refused.value.headers["ratelimit"] == '"requests";r=0;t=60'
    assert rates.take("xyz", 0)["ratelimit"] == '"requests";r=5999;t=0'
    assert rates.take("abc", 1_000_000)["ratelimit"] == '"requests";r=99;t=59'


def test_asking_for_calls_says_how_many_more_there_may_be():
    scene = GuardedDoor(only(calls=Rate(burst=3, refill_s=10)))
    http = scene.door.http()
    rests = []
    for number in ("+12125550100", "+12125550101", "+12125550102", "+12125550103"):
        answer = http.post("/v1/calls", json=message(customer_number=number))
        rests.append((answer.status_code, answer.headers["ratelimit"]))
        assert answer.headers["ratelimit-policy"] == '"calls";q=3;w=30'
    assert rests == [
        (202, '"calls";r=2;t=10'),
        (202, '"calls";r=1;t=20'),
        (202, '"calls";r=0;t=30'),
        (429, '"calls";r=0;t=30'),
    ]
    wrong = http.post("/v1/calls", json=message(password="not the right one"))
    assert (wrong.status_code, "ratelimit" in wrong.headers) == (401, False)


def test_an_answer_that_is_a_problem_says_it_too():
    answer = Door().http().get(f"/v1/calls/{'0' * 26}", headers=basic())
    assert (answer.status_code, answer.headers["ratelimit"]) == (404, '"requests";r=5999;t=0')
