"""Placing a call directly is placing it by the application: every answer of both, side by side."""

import json
from dataclasses import dataclass, field

import pytest

from calleq.access_server.direct import DirectCalls
from calleq.accounts.principal import Role
from calleq.client.sealing import MEDIA_TYPE
from calleq.journal.entries import Accepted, Refused
from calleq.messages.signing import signed_headers
from calleq.units import SECOND_US
from calleq.web.exchange import Request, Response
from tests.door import LOOPBACK, OUTSIDE, basic, message
from tests.test_protection_door import SealedDoor
from tests.who import Who

JSON = {"content-type": "application/json"}
SAID = json.dumps(message()).encode()
UNPROVED = json.dumps(message(password=None)).encode()


@dataclass
class Told:
    """An answer, as whoever asked reads it."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Asked:
    """A request to both."""

    body: bytes = SAID
    headers: dict[str, str] = field(default_factory=lambda: dict(JSON))
    peer: str = LOOPBACK
    times: int = 1


class Scene:
    """Two doors of one kind: one is asked directly, the other by its application."""

    def __init__(self) -> None:
        self.doors = (SealedDoor(), SealedDoor())
        self.who = [Who(door=door) for door in self.doors]

    def key(self, role: Role = "developer", business: str = "abc", *scopes: str) -> str:
        """The header value of an API key that both doors know."""
        keys = [who.issue("api_key", business, role, scopes=scopes) for who in self.who]
        return "Bearer " + self.who[0].secrets[keys[0].identifier]

    def signed(self, body: bytes) -> dict[str, str]:
        """Headers of a signature that both doors know."""
        keys = [who.issue("signing_key", "abc") for who in self.who]
        secret = self.who[0].secrets[keys[0].identifier]
        now_s = self.doors[0].clock.now_us() // SECOND_US
        return signed_headers(
            secret.removeprefix("cq_sign_"), "POST", "/v1/calls", body, now_s, "nonce-0123456789ab"
        )

    def directly(self, asked: Asked) -> Told | None:
        door = self.doors[0]
        direct = DirectCalls(door.server, lambda: "request-1", door.authenticator)
        headers = [("host", "server-72.example"), *asked.headers.items()]
        octets = [(name.lower().encode(), value.encode()) for name, value in headers]
        said: list[Response] = []
        request = Request(b"POST", b"/v1/calls", octets, asked.body, asked.peer)
        if not direct(request, said.append):
            return None
        [response] = said
        lines = [line.partition(": ") for line in response.lines.decode().split("\r\n")[:-1]]
        return Told(response.status, response.body, {name: value for name, _, value in lines})

    def by_the_application(self, asked: Asked) -> Told:
        with self.doors[1].http(asked.peer) as http:
            answer = http.post("/v1/calls", content=asked.body, headers=asked.headers)
        headers = {
            name: value for name, value in answer.headers.items() if name != "content-length"
        }
        return Told(answer.status_code, answer.content, headers)

    def compare(self, asked: Asked, status: int) -> None:
        for _ in range(asked.times):
            directly, other = self.directly(asked), self.by_the_application(asked)
            assert directly == other
            assert other.status == status
        ours, theirs = ([one.entry for one in door.journal.entries] for door in self.doors)
        assert ours == theirs
        assert self.doors[0].set_ups() == self.doors[1].set_ups()
        assert self.doors[0].tap.seen == self.doors[1].tap.seen


@pytest.mark.parametrize(
    ("asked", "status"),
    [
        (Asked(), 202),
        (Asked(headers={**JSON, "request-id": "order-77"}), 202),
        (Asked(headers={**JSON, "request-id": "not sensible"}), 202),
        (Asked(headers={"content-type": 'application/json; charset="utf-8"'}), 202),
        (Asked(headers={**JSON, "idempotency-key": "k"}, times=2), 202),
        (Asked(headers={**JSON, "idempotency-key": "no key"}), 400),
        (Asked(headers={**JSON, **basic()}), 202),
        (Asked(UNPROVED, {**JSON, **basic()}), 202),
        (Asked(UNPROVED, {**JSON, **basic("xyz", "xyz-demo")}), 401),
        (Asked(UNPROVED, {**JSON, **basic("abc", "wrong")}), 401),
        (Asked(UNPROVED, {**JSON, "authorization": "Bearer cq_live_nobody"}), 401),
        (Asked(UNPROVED, {**JSON, "authorization": "Nonsense"}), 401),
        (Asked(UNPROVED), 422),
        (Asked(headers={**JSON, "x-forwarded-for": "192.0.2.1"}), 401),
        (Asked(peer=OUTSIDE), 401),
        (Asked(b"no json"), 400),
        (Asked(b""), 400),
        (Asked(b"[]"), 400),
        (Asked(json.dumps(message(extra=1)).encode()), 422),
        (Asked(json.dumps(message(customer_number="911")).encode()), 422),
        (Asked(json.dumps(message(password="wrong")).encode()), 401),
        (Asked(json.dumps(message(business_id="nobody")).encode()), 401),
        (Asked(json.dumps(message(equipment_address="elsewhere")).encode()), 421),
        (Asked(b"eyJ.no.envelope", {"content-type": MEDIA_TYPE}), 400),
    ],
)
def test_both_answer_alike(asked: Asked, status: int):
    Scene().compare(asked, status)


@pytest.mark.parametrize(
    ("role", "business", "status"),
    [
        ("developer", "abc", 202),
        ("business_owner", "abc", 202),
        ("developer", "xyz", 401),
        ("carrier_operator", "", 403),
        ("carrier_reviewer", "", 403),
    ],
)
def test_both_hold_an_api_key_for_what_it_is(role: Role, business: str, status: int):
    scene = Scene()
    asked = Asked(UNPROVED, {**JSON, "authorization": scene.key(role, business)})
    scene.compare(asked, status)


@pytest.mark.parametrize(("scope", "status"), [("calls:write", 202), ("calls:read", 403)])
def test_both_keep_a_key_within_its_scopes(scope: str, status: int):
    scene = Scene()
    key = scene.key("developer", "abc", scope)
    scene.compare(Asked(UNPROVED, {**JSON, "authorization": key}), status)


def test_both_take_a_message_sealed_whole():
    scene = Scene()
    # One sealing for both: the keys of the two doors are made the same.
    scene.doors[1].source.keys = (scene.doors[0].source.abc, scene.doors[0].source.xyz)
    for door in scene.doors:
        door.clock.advance_us(2 * SECOND_US)
    body = scene.doors[0].seal.whole(message())
    scene.compare(Asked(body, {"content-type": MEDIA_TYPE}), 202)
    scene.compare(Asked(body, {"content-type": MEDIA_TYPE}), 400)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/json; charset=latin-1"},
        {**JSON, "content-encoding": "gzip"},
        {"content-type": MEDIA_TYPE, "content-encoding": "gzip"},
    ],
)
def test_what_is_not_plainly_that_request_is_the_applications(headers: dict[str, str]):
    scene = Scene()
    assert scene.directly(Asked(headers=headers)) is None
    assert scene.by_the_application(Asked(headers=headers)).status == 415


@pytest.mark.parametrize("target", [b"/v1/calls?x=1", b"/v1/calls/", b"/v1/direct-calls", b"/"])
def test_other_targets_are_the_applications(target: bytes):
    door = SealedDoor()
    direct = DirectCalls(door.server, lambda: "request-1", door.authenticator)
    assert not direct(Request(b"POST", target, [], b"", LOOPBACK), lambda answer: None)
    assert not direct(Request(b"GET", b"/v1/calls", [], b"", LOOPBACK), lambda answer: None)


def test_a_defect_is_answered_and_counted(monkeypatch: pytest.MonkeyPatch):
    door = SealedDoor()
    bugs: list[int] = []
    direct = DirectCalls(door.server, lambda: "r", door.authenticator, lambda: bugs.append(1))
    monkeypatch.setattr(door.server, "submit", lambda *given, **named: 1 // 0)
    said: list[Response] = []
    headers = [(b"content-type", b"application/json")]
    assert direct(Request(b"POST", b"/v1/calls", headers, SAID, LOOPBACK), said.append)
    assert (said[0].status, len(bugs)) == (500, 1)
    assert b"division" not in said[0].body


def test_what_is_compared_is_what_happened():
    scene = Scene()
    scene.compare(Asked(), 202)
    scene.compare(Asked(json.dumps(message(password="wrong")).encode()), 401)
    for door in scene.doors:
        assert len(door.journal.of(Accepted)) == 1
        assert len(door.journal.of(Refused)) == 1
