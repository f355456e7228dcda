"""The table of routes: every route has a policy, and none can be reached past it."""

import json
import re

import pytest

from calleq.access_server.openapi import PARAMETERS, openapi_document
from calleq.access_server.routes import ROUTES
from calleq.access_server.routing import Policy, Route
from tests.door import Door, basic
from tests.who import Who

CONCRETE = {"call": "0" * 26, "figure": "8"}


def path_of(route: Route) -> str:
    return re.sub(r"\{(\w+)\}", lambda found: CONCRETE.get(found[1], "x"), route.path)


def entitled(door: Door, route: Route) -> dict[str, str]:
    """The headers of somebody who may use a route."""
    if route.policy.owner == "public":
        return {}
    who = Who(door=door)
    if "business_owner" in route.policy.roles:
        return who.key(who.issue("api_key", "abc", "business_owner"))
    return who.key(who.issue("api_key", "", "carrier_operator"))


def test_every_route_has_a_policy_that_lets_somebody_in_and_not_everybody():
    for route in ROUTES:
        policy = route.policy
        assert isinstance(policy, Policy), route.name
        assert bool(policy.roles) != (policy.owner == "public"), route.name
        assert not (policy.owner == "public" and route.changes), route.name


def test_names_and_paths_are_used_once_and_parameters_are_described():
    names = [route.name for route in ROUTES]
    assert len(names) == len(set(names))
    places = [(route.method, route.path) for route in ROUTES]
    assert len(places) == len(set(places))
    for route in ROUTES:
        assert set(re.findall(r"\{(\w+)\}", route.path)) <= set(PARAMETERS), route.path


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_nobody_unknown_gets_past_a_policy(route: Route):
    door = Door()
    body = b"{}" if route.body is not None else b""
    for headers in ({}, basic("abc", "guess"), {"authorization": "Bearer x"}):
        if not headers and route.policy.proof_in_message:
            continue
        answer = door.http().request(
            route.method,
            path_of(route),
            content=body,
            headers={"content-type": "application/json", **headers},
        )
        if route.policy.owner == "public":
            assert answer.status_code in (200, 404)
        else:
            assert answer.status_code == 401, answer.text
    assert door.bus.sent == []


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.name)
def test_other_methods_are_told_which_are_allowed(route: Route):
    http = Door().http()
    allowed = {one.method for one in ROUTES if one.path == route.path}
    answer = http.request("TRACE", path_of(route))
    assert answer.status_code == 405
    told = set(answer.headers["allow"].split(", "))
    assert told >= allowed
    assert ("HEAD" in told) == ("GET" in allowed)
    options = http.request("OPTIONS", path_of(route))
    assert (options.status_code, options.headers["allow"]) == (204, answer.headers["allow"])


def test_the_description_has_every_route_once():
    paths = openapi_document(ROUTES)["paths"]
    assert isinstance(paths, dict)
    described = {
        (method.upper(), path)
        for path, operations in paths.items()
        if isinstance(operations, dict)
        for method in operations
    }
    assert described == {(route.method, route.path) for route in ROUTES}


ABOUT_A_CALL = [route for route in ROUTES if "{call}" in route.path]


@pytest.mark.parametrize("route", ABOUT_A_CALL, ids=lambda route: route.name)
def test_the_call_of_another_business_is_not_found_and_stays_as_it_is(route: Route):
    door = Door()
    call, absent = door.place(), "0" * 26
    before = door.http().get(f"/v1/calls/{call}", headers=basic()).json()
    body = json.dumps(next(iter(route.examples.values()))) if route.examples else ""
    told = []
    for one in (call, absent):
        answer = door.http().request(
            route.method,
            route.path.replace("{call}", one),
            content=body,
            headers={"content-type": "application/json", **basic("xyz", "xyz-demo")},
        )
        assert answer.status_code == 404, answer.text
        told.append({**answer.json(), "instance": ""})
    assert told[0] == told[1]
    assert door.http().get(f"/v1/calls/{call}", headers=basic()).json() == before
    assert len(door.bus.sent) == 1
