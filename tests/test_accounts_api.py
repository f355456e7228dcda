"""Accounts by the API: whose they are, what is refused, what a secret is worth and until when."""

import asyncio
import json
from typing import Any

import httpx
import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.accounts.changes import NumberAssigned
from calleq.journal.entries import Accepted, AccountChanged
from calleq.operation.accounts import OPERATOR
from calleq.topology_business import Business
from calleq.web.problems import ProblemError
from tests.door import MORNING_US, OUTSIDE, Door, basic, message
from tests.test_access_server_http import pointers

SECOND_US = 1_000_000


@pytest.fixture
def door() -> Door:
    return Door()


def done(answer: httpx.Response, status: int = 200) -> Any:
    assert answer.status_code == status, answer.text
    return answer.json() if answer.content else None


def issue(door: Door, business: str = "abc", **order: object) -> tuple[str, str]:
    """A new credential by the carrier's operator: its identifier and its secret."""
    path = f"/v1/businesses/{business}/credentials"
    told = done(door.operator().post(path, json={"kind": "api_key", **order}), 201)
    return told["credential"]["credential"], told["secret"]


def bearer(secret: str) -> dict[str, str]:
    return {"authorization": f"Bearer {secret}"}


def code(answer: httpx.Response) -> str:
    return str(answer.json()["code"])


def test_a_business_from_nothing_to_an_accepted_call(door: Door):
    carrier = door.operator()
    added = carrier.post(
        "/v1/businesses",
        json={"business": "acme", "settings": {"name": "Acme", "number": "+12125550170"}},
    )
    assert done(added, 201)["numbers"] == ["+12125550170"]
    assert added.headers["location"] == "/v1/businesses/acme"
    done(carrier.put("/v1/businesses/acme/numbers/+12125550171"))
    done(
        carrier.put(
            "/v1/businesses/acme/representatives/ann",
            json={"number": "+12125550143", "name": "Ann"},
        )
    )
    _, password = issue(door, "acme", kind="password")
    placed = door.http(OUTSIDE).post(
        "/v1/calls",
        json=message(business_id="acme", password=password, representative_number=None),
    )
    assert placed.status_code == 202, placed.text
    (set_up,) = door.set_ups()
    assert (set_up.business, set_up.business_name) == ("acme", "Acme")
    assert (set_up.business_number, set_up.representatives) == ("+12125550170", ("+12125550143",))


def test_a_change_is_on_disk_before_it_is_answered_and_back_after_a_restart(door: Door):
    door.operator().patch("/v1/businesses/abc", json={"settings": {"language": "fr"}})
    (entry,) = door.journal.of(AccountChanged)
    assert entry.by == "operator"
    assert entry.change["settings"] == {"language": "fr"}
    after = Door()
    after.restart(door.journal.entries)
    assert done(after.operator().get("/v1/businesses/abc"))["settings"]["language"] == "fr"
    assert after.place()
    assert after.set_ups()[-1].language == "fr"


@pytest.mark.row("S2-28")
@pytest.mark.row("S2-61")
@pytest.mark.row("S2-73")
def test_a_customer_that_was_put_is_called_by_its_identifier_alone(door: Door):
    http = door.http()
    put = http.put(
        "/v1/businesses/abc/customers/c-77",
        json={"number": "+1 212 555 0100", "name": "Carla", "consent": "given"},
        headers=basic(),
    )
    assert done(put)["number"] == "+12125550100"
    door.place(customer_number=None, customer_id="c-77")
    assert door.set_ups()[-1].customer == "+12125550100"
    # a message that gives both teaches the number, and nothing else that is known
    door.place(customer_number="+12125550106", customer_id="c-77")
    door.place(customer_number=None, customer_id="c-77")
    assert door.set_ups()[-1].customer == "+12125550106"
    known = done(http.get("/v1/businesses/abc/customers/c-77", headers=basic()))
    assert (known["name"], known["number"]) == ("Carla", "+12125550106")
    # whom nobody knows is nobody's call
    for fields in ({"customer_id": "c-78"}, {"customer_id": "c-77", "business_id": "xyz"}):
        password = "xyz-demo" if "business_id" in fields else "abc-demo"
        body = message(customer_number=None, password=password, **fields)
        answer = http.post("/v1/calls", json=body)
        assert (answer.status_code, pointers(answer)) == (422, ["/customer_id"])
    assert len(door.journal.of(Accepted)) == 3


@pytest.mark.parametrize("refuses", [{"do_not_call": True}, {"consent": "withdrawn"}])
def test_a_customer_who_does_not_want_it_is_not_called_by_identifier_or_number(
    door: Door, refuses: dict[str, object]
):
    path = "/v1/businesses/abc/customers/c-1"
    door.operator().put(path, json={"number": "+12125550100", **refuses})
    for fields in (
        {"customer_number": None, "customer_id": "c-1"},
        {"customer_number": "+12125550100"},
        {"customer_number": "+12125550106", "customer_id": "c-1"},
    ):
        answer = door.http().post("/v1/calls", json=message(**fields))
        assert (answer.status_code, code(answer)) == (403, "do_not_call"), answer.text
    assert door.bus.sent == []
    door.operator().put(path, json={"number": "+12125550100", "consent": "given"})
    door.place()


def test_a_suspended_business_makes_no_new_call_and_a_call_that_goes_on_is_not_touched(door: Door):
    key = issue(door)[1]
    call = door.place()
    door.taken(call)
    suspended = done(door.operator().post("/v1/businesses/abc/suspend", json={"reason": "unpaid"}))
    assert (suspended["active"], suspended["suspended_because"]) == (False, "unpaid")
    sent = len(door.bus.sent)
    assert door.http().post("/v1/calls", json=message()).status_code == 401
    by_key = door.http().post("/v1/calls", json=message(password=None), headers=bearer(key))
    assert by_key.status_code == 401
    assert len(door.bus.sent) == sent
    door.ends(call)
    done(door.operator().post("/v1/businesses/abc/resume"))
    door.place()
    told = done(door.http().get(f"/v1/calls/{call}", headers=bearer(key)))
    assert told["state"] == "completed"


def test_a_key_is_shown_once_and_lists_hide_it(door: Door):
    name, secret = issue(door, label="the shop's server")
    assert secret.startswith("cq_live_" + name.removeprefix("key-") + "_")
    listed = done(door.http().get("/v1/businesses/abc/credentials", headers=bearer(secret)))
    (shown,) = listed["credentials"]
    assert (shown["credential"], shown["standing"]) == (name, "good")
    assert shown["last_used_at"] != ""
    everything = json.dumps(listed) + repr(door.journal.entries) + repr(door.tap)
    assert secret not in everything
    assert secret.rpartition("_")[2] not in everything


def test_a_rotated_key_is_good_beside_the_new_one_for_the_overlap_and_no_longer(door: Door):
    name, old = issue(door)
    path = f"/v1/businesses/abc/credentials/{name}/rotate"
    told = done(door.operator().post(path, json={"overlap_s": 60}), 201)
    new = told["secret"]

    def works(secret: str) -> bool:
        answer = door.http().get("/v1/businesses/abc", headers=bearer(secret))
        return answer.status_code == 200

    assert works(old)
    assert works(new)
    door.clock.advance_us(59 * SECOND_US)
    assert works(old)
    assert works(new)
    door.clock.advance_us(SECOND_US)
    assert not works(old)
    assert works(new)
    again = door.operator().post(path, json={"overlap_s": 60})
    assert (again.status_code, code(again)) == (409, "not_good")


def test_a_rotated_password_is_good_beside_the_new_one_for_the_overlap(door: Door):
    name, old = issue(door, kind="password")
    path = f"/v1/businesses/abc/credentials/{name}/rotate"
    new = done(door.operator().post(path, json={"overlap_s": 60}), 201)["secret"]

    def works(secret: str) -> bool:
        answer = door.http(OUTSIDE).post("/v1/calls", json=message(password=secret))
        return answer.status_code == 202

    assert works(old)
    assert works(new)
    door.clock.advance_us(60 * SECOND_US)
    assert not works(old)
    assert works(new)


@pytest.mark.parametrize("kind", ["password", "pin", "api_key"])
def test_what_is_revoked_proves_nothing_at_once_though_it_was_verified_before(
    door: Door, kind: str
):
    name, secret = issue(door, kind=kind)

    def status() -> int:
        if kind == "api_key":
            headers, body = bearer(secret), message(password=None)
        else:
            headers, body = {}, message(password=secret)
        return door.http(OUTSIDE).post("/v1/calls", json=body, headers=headers).status_code

    assert (status(), status()) == (202, 202)
    path = f"/v1/businesses/abc/credentials/{name}/revoke"
    shown = done(door.operator().post(path, json={"reason": "found in a repository"}))
    assert shown["standing"] == "revoked"
    assert status() == 401
    after = Door()
    after.restart(door.journal.entries)
    assert done(after.operator().get("/v1/businesses/abc/credentials"))["credentials"][0][
        "standing"
    ] == ("revoked")


def test_a_key_of_a_user_goes_with_the_user(door: Door):
    carrier = door.operator()
    done(carrier.put("/v1/businesses/abc/users/ann", json={"role": "developer", "name": "Ann"}))
    _, secret = issue(door, user="ann")
    seen = door.http().get("/v1/businesses/abc/users", headers=bearer(secret))
    assert [one["user"] for one in done(seen)["users"]] == ["ann"]
    assert carrier.delete("/v1/businesses/abc/users/ann").status_code == 204
    assert door.http().get("/v1/businesses/abc", headers=bearer(secret)).status_code == 401


def test_a_credential_expires_by_itself(door: Door):
    _, secret = issue(door, expires_at="2026-11-21T10:00:10Z")
    assert MORNING_US % SECOND_US == 0
    door.clock.advance_us(9 * SECOND_US)
    http = door.http()
    assert http.get("/v1/businesses/abc", headers=bearer(secret)).status_code == 200
    door.clock.advance_us(SECOND_US)
    assert http.get("/v1/businesses/abc", headers=bearer(secret)).status_code == 401


def test_a_business_sees_and_changes_its_own_and_nothing_of_another(door: Door):
    http = door.http()
    _, developer = issue(door, role="developer")
    own = done(http.get("/v1/businesses", headers=basic()))["businesses"]
    assert [one["business"] for one in own] == ["abc"]
    for path in ("", "/users", "/credentials", "/numbers", "/representatives", "/customers"):
        answer = http.get(f"/v1/businesses/xyz{path}", headers=basic())
        assert (answer.status_code, code(answer)) == (404, "unknown_business"), path
    changed = http.patch(
        "/v1/businesses/abc", json={"settings": {"language": "de"}}, headers=basic()
    )
    assert done(changed)["changed"] == ["language"]
    refused = http.patch(
        "/v1/businesses/abc", json={"settings": {"name": "Your Bank"}}, headers=basic()
    )
    assert (refused.status_code, pointers(refused)) == (422, ["/settings/name"])
    for method, path, body in (
        ("POST", "/v1/businesses", {"business": "mine"}),
        ("POST", "/v1/businesses/abc/suspend", {}),
        ("PUT", "/v1/businesses/abc/numbers/+12125550199", None),
        ("GET", "/v1/carrier/credentials", None),
        ("POST", "/v1/carrier/credentials", {"kind": "api_key"}),
    ):
        answer = http.request(method, path, json=body, headers=basic())
        assert answer.status_code == 403, (path, answer.text)
    by_developer = http.post(
        "/v1/businesses/abc/credentials", json={"kind": "api_key"}, headers=bearer(developer)
    )
    assert by_developer.status_code == 403


_KEYS = sorted(msgspec.to_builtins(Business(identifier="x")))
_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.text(max_size=6)
    | st.sampled_from(["Europe/Paris", "../etc", "key", "fr", "+12125550199", "25.00"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["zone", "hours", "ring_s", "deck", "x"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)


@settings(max_examples=25, deadline=None)
@given(st.dictionaries(st.sampled_from([*_KEYS, "nope"]), _VALUES, max_size=3))
def test_whatever_is_asked_of_a_business_it_is_one_afterwards(wanted: dict[str, object]):
    door = Door()
    answer = door.operator().patch("/v1/businesses/abc", json={"settings": wanted})
    assert answer.status_code in (200, 422), answer.text
    abc = door.registry.business("abc")
    assert abc is not None
    assert (abc.wrong(), abc.wrong_agents()) == (None, None)
    assert len(door.journal.of(AccountChanged)) == (answer.status_code == 200)


def test_a_limited_credential_gives_nobody_more_than_it_has(door: Door):
    limited = bearer(issue(door, scopes=["accounts:write", "accounts:read"])[1])
    whole, _ = issue(door)
    path, http = "/v1/businesses/abc/credentials", door.http()
    for order in ({}, {"scopes": ["calls:write"]}, {"scopes": ["accounts:read", "calls:write"]}):
        refused = http.post(path, json={"kind": "api_key", **order}, headers=limited)
        assert (refused.status_code, code(refused)) == (403, "forbidden"), order
    rotated = http.post(f"{path}/{whole}/rotate", json={}, headers=limited)
    assert rotated.status_code == 403
    order = {"kind": "api_key", "scopes": ["accounts:read"]}
    told = done(http.post(path, json=order, headers=limited), 201)
    reader = bearer(told["secret"])
    assert http.get(path, headers=reader).status_code == 200
    assert http.post(path, json=order, headers=reader).status_code == 403
    assert http.post("/v1/calls", json=message(password=None), headers=limited).status_code == 403


def test_of_two_businesses_that_ask_for_a_number_at_once_one_has_it(door: Door):
    async def ask(business: str) -> str:
        change = NumberAssigned(business=business, number="+12125550199")
        try:
            await door.administration.make(change, OPERATOR)
        except ProblemError as refused:
            return refused.problem.code
        return "done"

    async def both() -> list[str]:
        return list(await asyncio.gather(ask("abc"), ask("xyz")))

    assert asyncio.run(both()) == ["done", "owned"]
    assert door.registry.owner_of("+12125550199") == "abc"


def test_a_credential_of_another_business_is_not_found(door: Door):
    name, _ = issue(door, "xyz")
    path = f"/v1/businesses/abc/credentials/{name}"
    http = door.http()
    for what, body in (("revoke", {}), ("rotate", {})):
        answer = http.post(f"{path}/{what}", json=body, headers=basic())
        assert (answer.status_code, code(answer)) == (404, "unknown_credential")


def test_the_carriers_own_people_have_keys_of_their_own(door: Door):
    carrier = door.operator()
    done(carrier.put("/v1/carrier/users/rita", json={"role": "carrier_reviewer"}))
    told = done(
        carrier.post("/v1/carrier/credentials", json={"kind": "api_key", "user": "rita"}), 201
    )
    assert told["credential"]["role"] == "carrier_reviewer"
    reviewer = bearer(told["secret"])
    http = door.http(OUTSIDE)
    names = [
        one["business"] for one in done(http.get("/v1/businesses", headers=reviewer))["businesses"]
    ]
    assert {"abc", "xyz"} <= set(names)
    answer = http.post("/v1/businesses/abc/suspend", json={}, headers=reviewer)
    assert answer.status_code == 403


def test_long_lists_come_in_pages(door: Door):
    carrier = door.operator()
    for number in range(7):
        carrier.put(
            f"/v1/businesses/abc/customers/c-{number}", json={"number": f"+1212555010{number}"}
        )
    found: list[str] = []
    after = ""
    while True:
        page = done(
            carrier.get("/v1/businesses/abc/customers", params={"limit": 3, "after": after})
        )
        found += [one["customer"] for one in page["customers"]]
        after = page["next"]
        if not after:
            break
    assert found == [f"c-{number}" for number in range(7)]
    businesses = done(carrier.get("/v1/businesses", params={"limit": 1}))
    assert businesses["next"] == businesses["businesses"][0]["business"]
    assert carrier.get("/v1/businesses", params={"limit": 501}).status_code == 400


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "pointer"),
    [
        ("POST", "", {"business": "Big Shop"}, 422, "/business"),
        ("POST", "", {"business": "abc"}, 409, None),
        ("PATCH", "/abc", {"settings": {"language": "tlh"}}, 422, "/language"),
        ("PATCH", "/abc", {"settings": {"active": False}}, 422, "/active"),
        ("PUT", "/abc/numbers/911", None, 422, "/number"),
        ("PUT", "/abc/numbers/+12125550150", None, 409, None),
        ("PUT", "/abc/customers/c", {"number": "tomorrow"}, 422, "/number"),
        ("PUT", "/abc/customers/c", {"sip": "http://x"}, 422, "/sip"),
        (
            "PUT",
            "/abc/representatives/x",
            {"number": "+12125550143", "shifts": [{"begin": "25:00"}]},
            422,
            "/shifts/0",
        ),
        ("PUT", "/abc/users/x", {"role": "carrier_operator"}, 422, "/role"),
        ("POST", "/abc/credentials", {"kind": "pin", "secret": "123456"}, 422, "/secret"),
        ("POST", "/abc/credentials", {"kind": "api_key", "expires_at": "soon"}, 422, "/expires_at"),
        ("POST", "/abc/credentials", {"kind": "api_key", "scopes": ["all"]}, 422, "/scopes"),
        (
            "POST",
            "/abc/credentials",
            {"kind": "certificate", "certificate": "x"},
            422,
            "/certificate",
        ),
        ("DELETE", "/abc/users/nobody", None, 404, None),
        ("DELETE", "/abc/customers/nobody", None, 404, None),
        ("DELETE", "/abc/representatives/nobody", None, 404, None),
        ("GET", "/nobody", None, 404, None),
    ],
)
def test_a_refusal_names_the_field(
    door: Door, method: str, path: str, body: object, status: int, pointer: str | None
):
    answer = door.operator().request(method, f"/v1/businesses{path}", json=body)
    assert answer.status_code == status, answer.text
    if pointer is not None:
        assert pointers(answer) == [pointer]
    assert door.journal.of(AccountChanged) == []


def test_only_those_on_shift_are_offered_by_distribution(door: Door):
    """10:00 UTC on a Saturday; the business is in Berlin, where it is 11:00."""
    carrier = door.operator()
    carrier.patch("/v1/businesses/abc", json={"settings": {"calendar": {"zone": "Europe/Berlin"}}})
    late = [{"days": ["sat"], "begin": "12:00", "end": "18:00"}]
    order = {"number": "+12125550143", "shifts": late}
    put = done(carrier.put("/v1/businesses/abc/representatives/sales", json=order))
    assert not put["on_shift"]
    door.place(representative_number=None)
    assert door.set_ups()[-1].representatives == ("+12125550144",)
    door.clock.advance_us(3_600 * SECOND_US)
    door.place(representative_number=None)
    assert door.set_ups()[-1].representatives == ("+12125550143", "+12125550144")
