"""What strangers send instead of JSON is refused at every route that takes a body, and mildly."""

import os
import pathlib
from typing import Any

import pytest

from calleq.access_server.http import LIMIT_TARGET
from calleq.access_server.routes import ROUTES
from calleq.access_server.routing import Route
from calleq.messages.strict_json import LIMIT_OCTETS
from tests.door import Door, basic
from tests.test_api_routes import entitled, path_of

CORPUS = pathlib.Path(os.environ.get("CALLEQ_CORPORA", "")) / "jsontestsuite"
TAKING = [route for route in ROUTES if route.body is not None]
JSON = {"content-type": "application/json", **basic()}


def asked(route: Route, target: str, content: bytes, door: Door | None = None, **more: str) -> Any:
    """The answer to somebody who may use the route."""
    door = door or Door()
    headers = {"content-type": "application/json", **entitled(door, route), **more}
    return door.http().request(route.method, target, content=content, headers=headers)


needs_corpus = pytest.mark.skipif(
    not os.environ.get("CALLEQ_CORPORA") or not CORPUS.is_dir(),
    reason="CALLEQ_CORPORA names no directory with jsontestsuite",
)


def named(route: Route) -> str:
    return route.name


@needs_corpus
@pytest.mark.parametrize("route", TAKING, ids=named)
def test_what_must_be_rejected_is_rejected(route: Route):
    door = Door()
    files = sorted(CORPUS.glob("n_*.json"))
    assert len(files) > 150
    for path in files:
        answer = asked(route, path_of(route), path.read_bytes(), door)
        assert answer.status_code in (400, 413), path.name
        assert answer.headers["content-type"] == "application/problem+json"
    assert door.bus.sent == []


@pytest.mark.parametrize("route", TAKING, ids=named)
@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b'{"a":1,"a":1}', 400, "json"),
        (b'{"a":NaN}', 400, "json"),
        (b'{"a":-Infinity}', 400, "json"),
        (b'{"a":' + b"[" * 32 + b"]" * 32 + b"}", 400, "json"),
        (b"\xef\xbb\xbf{}", 400, "json"),
        (b'{"a":"\\ud800"}', 400, "json"),
        (b'{"a":1e999}', 400, "json"),
        (b"[]", 400, "json"),
        (b'"text"', 400, "json"),
        (b"", 400, "json"),
        (b" " * (LIMIT_OCTETS + 1), 413, "too_large"),
    ],
)
def test_json_that_is_none(route: Route, body: bytes, status: int, code: str):
    answer = asked(route, path_of(route), body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


@pytest.mark.parametrize("route", TAKING, ids=named)
@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": ""},
        {"content-type": "text/json"},
        {"content-type": "application/json; charset=utf-16"},
        {"content-type": "application/json", "content-encoding": "br"},
    ],
)
def test_what_is_not_announced_as_json(route: Route, headers: dict[str, str]):
    answer = asked(route, path_of(route), b"{}", **headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "media_type")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_a_parameter_that_is_not_known_is_refused(route: Route):
    body = b"{}" if route.body is not None else b""
    answer = asked(route, path_of(route) + "?debug=1", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "invalid_query")


@pytest.mark.parametrize("route", ROUTES, ids=named)
def test_an_address_that_is_too_long_is_refused(route: Route):
    path = path_of(route) + "?" + "a" * LIMIT_TARGET
    answer = asked(route, path, b"")
    assert (answer.status_code, answer.json()["code"]) == (414, "target_too_long")


@pytest.mark.parametrize(
    "route", [one for one in ROUTES if one.changes and one.body is None], ids=named
)
def test_a_body_where_none_belongs_is_refused(route: Route):
    answer = asked(route, path_of(route), b"{}")
    assert (answer.status_code, answer.json()["code"]) == (400, "body_unexpected")


def test_the_field_at_fault_is_pointed_at():
    door = Door()
    call = door.place()
    for path, body, pointer in (
        (f"/v1/calls/{call}/orders", '{"order":"hold"}', "/leg"),
        (f"/v1/calls/{call}/orders", '{"order":"hold","leg":"both"}', "/leg"),
        (f"/v1/calls/{call}/orders", '{"order":"hold","leg":"agent","x":1}', "/x"),
        (f"/v1/calls/{call}/orders", '{"order":"jump"}', "/order"),
        (f"/v1/calls/{call}/orders", "{}", "/order"),
        (f"/v1/calls/{call}/parties", '{"number":7}', "/number"),
        (f"/v1/calls/{call}/parties", '{"number":"7"}', "/number"),
        (f"/v1/calls/{call}/reschedule", '{"desired_time":"soon"}', "/desired_time"),
    ):
        answer = door.http().post(path, content=body, headers=JSON)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_message"), body
        assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer], body
