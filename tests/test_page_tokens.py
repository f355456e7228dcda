"""Page tokens and pages of other origins, over HTTP: from the business's server to the call."""

import httpx
import msgspec
import pytest

from calleq.access_server.cross_origin import CrossOrigin
from calleq.access_server.routes import ROUTES
from calleq.access_server.routes_page_tokens import ISSUED_RATE
from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER
from calleq.accounts.changes import BusinessChanged, BusinessSuspended
from calleq.journal.entries import Accepted, Refused
from calleq.units import SECOND_US
from tests.asgi import client_of
from tests.door import Door
from tests.who import ORIGIN, PAGE, SHOP, VISITOR, Who

THERE = "server-72.calleq.example"
BARE = msgspec.structs.replace(SHOP, identifier="bare", origins=())
TWO = msgspec.structs.replace(SHOP, identifier="two", origins=(ORIGIN, "https://b.example"))


class Scene:
    """A door with a shop, its server (`issue`) and its page (`asks`)."""

    def __init__(self) -> None:
        shop = msgspec.structs.replace(SHOP, representatives=("+12125550143",))
        self.door = Door(businesses=(shop, BARE, TWO))
        self.who = Who(door=self.door)
        app = CrossOrigin(self.door.surface.app, ROUTES, self.door.authenticator.origins)
        self.http = client_of(app)
        self.keys = {
            business: self.who.key(self.who.issue("api_key", business, "business_owner"))
            for business in ("shop", "bare", "two")
        }

    def issue(self, business: str = "shop", **fields: object) -> httpx.Response:
        wish = {"page": PAGE, "visitor": VISITOR, **fields}
        given = {name: value for name, value in wish.items() if value is not None}
        return self.http.post("/v1/page-tokens", json=given, headers=self.keys[business])

    def asks(self, token: str, **headers: str) -> httpx.Response:
        sent = {PAGE_TOKEN: token, VISITOR_HEADER: VISITOR, "origin": ORIGIN, **headers}
        message = {
            "equipment_address": THERE,
            "business_id": "shop",
            "customer_number": "+12125550100",
        }
        return self.http.post("/v1/direct-calls", json=message, headers=sent)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_a_page_asks_for_one_call_with_a_token_of_its_business(scene: Scene):
    issued = scene.issue()
    assert issued.status_code == 201, issued.text
    told = issued.json()
    assert (told["origin"], told["page"], told["visitor"]) == (ORIGIN, PAGE, VISITOR)
    assert told["expires_at"] == "2026-11-21T10:15:00.000000Z"
    assert told["cookie"] == (
        f"__Secure-calleq_visitor={VISITOR}; Path=/; Secure; HttpOnly; SameSite=Lax"
    )
    answer = scene.asks(told["token"])
    assert answer.status_code == 202, answer.text
    [accepted] = scene.door.journal.of(Accepted)
    assert (accepted.figure, accepted.business) == (9, "shop")
    assert accepted.by.startswith("page-")
    assert VISITOR not in repr(accepted)
    assert told["token"] not in repr(accepted)
    again = scene.asks(told["token"])
    assert again.status_code == 401
    assert scene.door.journal.of(Refused)[-1].reason == "replayed_page_token"


def test_what_is_told_to_browsers(scene: Scene):
    asked = {
        "origin": ORIGIN,
        "access-control-request-method": "POST",
        "access-control-request-headers": "content-type, calleq-page-token, calleq-visitor",
    }
    first = scene.http.options("/v1/direct-calls", headers=asked)
    assert first.status_code == 204
    assert first.headers["access-control-allow-origin"] == ORIGIN
    assert first.headers["access-control-allow-credentials"] == "true"
    allowed = first.headers["access-control-allow-headers"].split(", ")
    assert {"content-type", PAGE_TOKEN, VISITOR_HEADER, "idempotency-key"} <= set(allowed)
    assert "authorization" not in allowed
    answer = scene.asks(scene.issue().json()["token"])
    assert answer.headers["access-control-allow-origin"] == ORIGIN
    assert answer.headers["vary"] == "origin"
    refused = scene.asks("pt1.x.y")
    assert refused.status_code == 401
    assert refused.headers["access-control-allow-origin"] == ORIGIN, "a page may read why"


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", ORIGIN + ".evil.example", "http://shop.example"]
)
def test_other_pages_are_told_nothing(scene: Scene, origin: str):
    for answer in (
        scene.http.options("/v1/direct-calls", headers={"origin": origin}),
        scene.asks("pt1.x.y", origin=origin),
    ):
        assert not [name for name in answer.headers if name.startswith("access-control")]
        assert answer.headers["vary"] == "origin"


def test_other_routes_are_not_for_pages(scene: Scene):
    for path in ("/v1/calls", "/v1/page-tokens", "/v1/businesses", "/health"):
        answer = scene.http.options(path, headers={"origin": ORIGIN})
        assert not [name for name in answer.headers if name.startswith("access-control")]


def test_origins_follow_the_accounts(scene: Scene):
    def allowed() -> bool:
        scene.door.clock.advance_us(SECOND_US)
        answer = scene.http.options("/v1/direct-calls", headers={"origin": "https://new.example"})
        return "access-control-allow-origin" in answer.headers

    assert not allowed()
    settings: dict[str, object] = {"origins": ["https://new.example"]}
    scene.who.registry.apply(BusinessChanged(business="shop", settings=settings))
    assert allowed()
    scene.who.registry.apply(BusinessSuspended(business="shop"))
    assert not allowed()


@pytest.mark.parametrize(
    ("business", "fields", "pointer"),
    [
        ("bare", {}, "/origin"),
        ("two", {}, "/origin"),
        ("shop", {"origin": "https://evil.example"}, "/origin"),
        ("shop", {"origin": ""}, "/origin"),
        ("shop", {"page": "offers"}, "/page"),
        ("shop", {"page": "/offers?a=b"}, "/page"),
        ("shop", {"page": "/offers#top"}, "/page"),
        ("shop", {"page": "/" + "a" * 512}, "/page"),
        ("shop", {"page": "/offers\r\nx"}, "/page"),
        ("shop", {"visitor": "short"}, "/visitor"),
        ("shop", {"visitor": "x; Path=/; Domain=evil.example"}, "/visitor"),
        ("shop", {"lifetime_s": 29}, "/lifetime_s"),
        ("shop", {"lifetime_s": 3_601}, "/lifetime_s"),
        ("shop", {"more": 1}, "/more"),
    ],
)
def test_what_no_token_is_made_for(
    scene: Scene, business: str, fields: dict[str, object], pointer: str
):
    answer = scene.issue(business, **fields)
    assert answer.status_code == 422, answer.text
    assert [fault["pointer"] for fault in answer.json()["errors"]] == [pointer]


def test_a_business_with_two_origins_names_one_and_a_visitor_is_made(scene: Scene):
    told = scene.issue("two", origin="https://b.example", visitor=None).json()
    assert told["origin"] == "https://b.example"
    assert len(told["visitor"]) == 22


def test_tokens_are_not_given_without_end(scene: Scene):
    statuses = {scene.issue().status_code for _ in range(30)}
    assert statuses == {201}
    desk_rate = ISSUED_RATE.burst
    for _ in range(desk_rate):
        last = scene.issue()
        if last.status_code == 429:
            break
    assert last.status_code == 429
    assert last.headers["retry-after"] == "1"
    assert scene.issue("two", origin=ORIGIN).status_code == 201, "others have their own share"
