"""What was refused is told to whom it concerns, and what is left: over the API and by command."""

import json
from pathlib import Path

import httpx
import pytest

from calleq.cli.main import main
from calleq.guards import CallGuards, Filter, RefusalList
from calleq.guards.refused import LIMIT_BUSINESSES, LIMIT_OF_BUSINESS, LIMIT_OF_CARRIER
from calleq.journal.entries import Refused
from calleq.journal.inline import InlineJournal
from calleq.topology_policy import Rate
from tests.guards_scene import GuardedDoor, let_through, only, shop

ANN = "+12125550100"


@pytest.fixture
def scene() -> GuardedDoor:
    made = GuardedDoor(only(apart_s=300, calls=Rate(burst=5, refill_s=60)))
    made.door.surface.services.add(CallGuards, made.guards)
    return made


def get(scene: GuardedDoor, path: str, business: str = "abc", **query: str) -> httpx.Response:
    return scene.door.http().get(path, params=query, auth=(business, f"{business}-demo"))


def test_a_business_sees_its_own_refusals_the_latest_first(scene: GuardedDoor) -> None:
    scene.post("+18765550100")
    scene.passes(1)
    let_through(scene.post(ANN))
    scene.post(ANN)
    scene.post("+18765550100", "xyz")
    scene.door.submit(
        json.dumps({"business_id": "abc", "password": "guess", "customer_number": ANN}).encode()
    )
    told = get(scene, "/v1/refusals").json()
    assert [one["reason"] for one in told["refusals"]] == ["called_already", "region"]
    first = told["refusals"][0]
    assert (first["business"], first["customer"], first["by"]) == ("abc", ANN, "abc")
    assert "wait for its end" in first["what_to_do"]
    assert not told["more"]
    assert [one["business"] for one in get(scene, "/v1/refusals", "xyz").json()["refusals"]] == [
        "xyz"
    ]
    everything = list(scene.guards.refusals.of_carrier(Filter()))
    assert [one.reason for one in everything] == [
        "bad_password", "region", "called_already", "region",
    ]  # fmt: skip


def test_refusals_are_found_by_reason_and_time_and_in_pages(scene: GuardedDoor) -> None:
    let_through(scene.post(ANN))
    for _ in range(3):
        scene.passes(10)
        scene.post(ANN)
        scene.post("+18765550100")
    told = get(scene, "/v1/refusals", reason="region").json()["refusals"]
    assert [one["reason"] for one in told] == ["region"] * 3
    page = get(scene, "/v1/refusals", reason="region", limit="2").json()
    assert (page["refusals"], page["more"]) == (told[:2], True)
    rest = get(scene, "/v1/refusals", reason="region", until=told[1]["at"]).json()
    assert rest["refusals"] == told[2:]
    since = get(scene, "/v1/refusals", since=told[0]["at"]).json()["refusals"]
    assert len(since) == 2
    assert get(scene, "/v1/refusals", since="yesterday").status_code == 422
    other = scene.door.http().get("/v1/refusals?business=xyz", auth=("abc", "abc-demo"))
    assert other.status_code == 422


def test_a_business_is_told_its_regions_and_what_is_left(scene: GuardedDoor) -> None:
    let_through(scene.post(ANN))
    told = get(scene, "/v1/limits").json()
    assert told["regions"] == ["US"]
    assert told["limits"][0] == {
        "name": "calls", "burst": 5, "refill_s": 60.0, "left": 4, "full_in_s": 60, "one_in_s": 0,
    }  # fmt: skip
    assert (told["ring_s"], told["announcement_s"], told["call_s"]) == (30, 60, 14_400)
    assert (told["likely_free"], told["free_within_s"], told["hold_s"]) == (0.8, 30, 120)
    assert get(scene, "/v1/limits", "xyz").json()["limits"][0]["left"] == 5


def test_the_refusals_of_a_life_before_are_told_after_a_restart() -> None:
    scene = GuardedDoor()
    scene.post("+18765550100")
    after = scene.next_life(only(), [shop("abc")])
    assert [one.reason for one in after.guards.refusals.of_business("abc", Filter())] == ["region"]


def test_lists_are_bounded_and_strangers_fill_no_business_list() -> None:
    refusals = RefusalList()
    mine = Refused("server-72", "abc", "region", "203.0.113.9", customer="+18765550100")
    refusals.add(mine, 1)
    stranger = Refused("server-72", "abc", "bad_password", "203.0.113.9")
    for place in range(2 * LIMIT_OF_CARRIER):
        refusals.add(stranger, 2 + place)
    assert len(list(refusals.of_carrier(Filter()))) == LIMIT_OF_CARRIER
    assert [one.reason for one in refusals.of_business("abc", Filter())] == ["region"]
    for place in range(2 * LIMIT_OF_BUSINESS):
        refusals.add(mine, 10 + place)
    assert len(list(refusals.of_business("abc", Filter()))) == LIMIT_OF_BUSINESS
    for place in range(LIMIT_BUSINESSES):
        refusals.add(Refused("d", f"b{place}", f"reason {place}", "", customer=ANN), 5)
    assert list(refusals.of_business("abc", Filter())) == []
    assert len(refusals.counts) <= 200


def test_a_visitor_who_asks_too_often_is_named_in_the_refusal(scene: GuardedDoor) -> None:
    let_through(scene.click(ANN, "visitor-1"))
    scene.click(ANN, "visitor-1")
    told = get(scene, "/v1/refusals").json()["refusals"][0]
    assert (told["visitor"], told["peer"]) == ("visitor-1", "203.0.113.9")


def test_the_command_lists_what_the_journal_has(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    scene = GuardedDoor()
    scene.post("+18765550100")
    scene.post("+12423456789", "xyz")
    journal = InlineJournal(tmp_path / "network.journal", scene.clock)
    for stamped in scene.door.journal.entries:
        journal.append(stamped.entity, stamped.entry)
    journal.close()
    assert main(["refusals", "--data", str(tmp_path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(one["business"], one["reason"]) for one in told] == [
        ("abc", "region"), ("xyz", "region"),
    ]  # fmt: skip
    assert main(["refusals", "--data", str(tmp_path), "--business", "xyz"]) == 0
    out = capsys.readouterr().out
    assert "+12423456789" in out
    assert "region 1" in out
    assert "+18765550100" not in out
    assert main(["refusals", "--data", str(tmp_path), "--until", "2026-01-01"]) == 0
    assert "0 refusals" in capsys.readouterr().out
    assert main(["refusals", "--data", str(tmp_path), "--limit", "0"]) == 2


def test_the_carrier_sees_every_refusal_and_the_limits_of_any_business(scene: GuardedDoor) -> None:
    scene.post("+18765550100")
    scene.post("+18765550100", "xyz")
    carrier = scene.door.operator()
    told = carrier.get("/v1/refusals").json()["refusals"]
    assert [one["business"] for one in told] == ["xyz", "abc"]
    one = carrier.get("/v1/refusals", params={"business": "abc"}).json()["refusals"]
    assert [refused["business"] for refused in one] == ["abc"]
    assert carrier.get("/v1/limits", params={"business": "xyz"}).json()["business"] == "xyz"
    assert carrier.get("/v1/limits", params={"business": "nobody"}).status_code == 404
