"""The client library: what both clients do alike, and by what they prove themselves."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Any

import httpx
import msgspec
import pytest

from calleq.access_server.routes import ROUTES
from calleq.access_server.routes_guards import RefusalsQuery
from calleq.access_server.routes_lists import CallsQuery
from calleq.accounts.changes import BusinessChanged
from calleq.client import ApiKey, AsyncCalleqClient, CalleqClient, ClientError, SigningKey
from calleq.client.asking import LIMIT_TRIES, told
from calleq.client.fields import CallFilters, InitiationFields, RefusalFilters, RequestFields
from calleq.messages import CallInitiation, DirectCallRequest
from calleq.messages.answers import FieldProblem, ProblemView
from calleq.messages.signing import signature_of
from tests.door import LOOPBACK, Door, InProcess

URL = "http://server-72.example"


@pytest.fixture
def door() -> Door:
    return Door()


def blocking(door: Door) -> CalleqClient:
    return CalleqClient(URL, "abc", "abc-demo", InProcess(door.surface.app, LOOPBACK))


def run(door: Door, does: Callable[[AsyncCalleqClient], Awaitable[Any]]) -> Any:
    async def whole() -> Any:
        wire = httpx.ASGITransport(door.surface.app, client=(LOOPBACK, 50_000))
        async with AsyncCalleqClient(URL, "abc", "abc-demo", wire) as client:
            return await does(client)

    return asyncio.run(whole())


async def every(items: AsyncIterator[Any]) -> list[Any]:
    return [item async for item in items]


def test_both_clients_have_the_same_methods():
    def methods(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    assert methods(CalleqClient) == methods(AsyncCalleqClient)


def test_what_may_be_said_by_name_is_what_messages_and_lists_have():
    """Else a checker of types would refuse what the server takes, or let pass what it refuses."""
    said_otherwise = {"business_id", "password"}
    initiation = set(CallInitiation.model_fields) - said_otherwise
    assert set(InitiationFields.__annotations__) == initiation - {
        "customer_number",
        "representative_number",
    }
    request = set(DirectCallRequest.model_fields) - said_otherwise - {"equipment_address"}
    assert set(RequestFields.__annotations__) == request
    for filters, query in ((CallFilters, CallsQuery), (RefusalFilters, RefusalsQuery)):
        assert set(filters.__annotations__) == set(query.__struct_fields__)


def test_a_page_token_is_asked_for_and_used(door: Door):
    change = BusinessChanged(business="abc", settings={"origins": ["https://shop.example"]})
    door.keeping.change(change, "carrier", lambda: None)

    async def does(client: AsyncCalleqClient) -> Any:
        return await client.page_token("/offers/boots", lifetime_s=120)

    for token in (run(door, does), blocking(door).page_token("/offers/boots")):
        assert token.token
        assert (token.origin, token.page) == ("https://shop.example", "/offers/boots")
    with pytest.raises(ClientError, match="/page a path such as /offers is expected"):
        blocking(door).page_token("boots")


def test_an_error_says_nothing_twice(door: Door):
    problem = ProblemView(
        type="t",
        title="Region not allowed",
        status=403,
        code="region",
        detail="it is in GB, and only US may be called: ask the carrier",
        errors=(
            FieldProblem("/customer_number", "region", "it is in GB, and only US may be called"),
            FieldProblem("/note", "long", "is too long"),
        ),
    )
    assert told(problem) == (
        "it is in GB, and only US may be called: ask the carrier; /note is too long"
    )


def test_a_call_is_placed_followed_and_listed_without_waiting(door: Door):
    async def does(client: AsyncCalleqClient) -> Any:
        placed = await client.place_call("+12125550100", "+12125550143", customer_id="c-1")
        door.taken(placed.call)
        door.happens(placed.call, "dialled", "customer", 1, number="+12125550100")
        door.ends(placed.call, "customer_busy", 17)
        events = [event.event for event in await every(client.events(placed.call))]
        view = await client.call(placed.call)
        listed = await every(client.calls(state="customer_busy", final=True, limit=1))
        return events, view, listed

    events, view, listed = run(door, does)
    assert events == ["accepted", "dialled", "ended"]
    assert (view.state, view.customer_id) == ("customer_busy", "c-1")
    assert listed == [view]


def test_every_page_of_a_list_is_read(door: Door):
    placed = [door.place() for _ in range(5)]
    with blocking(door) as client:
        assert [view.call for view in client.calls(limit=2)] == placed[::-1]
    assert [view.call for view in run(door, lambda client: every(client.calls(limit=2)))] == list(
        placed[::-1]
    )


def test_what_cannot_be_done_is_told_by_both(door: Door):
    call = door.place()
    with pytest.raises(ClientError) as refused, blocking(door) as client:
        client.control(call, "hold", leg="customer")
    assert (refused.value.status, refused.value.code) == (409, "not_bridged")
    with pytest.raises(ClientError) as refused:
        run(door, lambda client: client.hang_up(call))
    assert refused.value.code == "not_bridged"
    with pytest.raises(ClientError) as refused:
        run(door, lambda client: client.cancel(call))
    assert refused.value.code == "too_late"
    door.ends(call)
    with pytest.raises(ClientError) as refused, blocking(door) as client:
        client.reschedule(call, None)
    assert refused.value.code == "call_over"


def test_a_call_for_later_is_moved_and_cancelled(door: Door):
    with blocking(door) as client:
        placed = client.place_call("+12125550100", desired_time="2026-11-21T20:00:00Z")
        assert placed.state == "scheduled"
        moved = client.reschedule(placed.call, "2026-11-21T21:00:00Z")
        assert (moved.state, moved.due_at) == ("scheduled", "2026-11-21T21:00:00.000000Z")
        ended = client.cancel(placed.call)
    assert (ended.state, ended.final) == ("canceled", True)
    assert door.bus.sent == []


class Wire(httpx.BaseTransport):
    """Answers with what it is told, and keeps what it was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.asked: list[httpx.Request] = []
        self._answers = list(answers)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.asked.append(request)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def busy(wait: str = "0") -> httpx.Response:
    problem = {"type": "x", "title": "Busy", "status": 503, "code": "busy"}
    return httpx.Response(503, json=problem, headers={"retry-after": wait})


def done() -> httpx.Response:
    return httpx.Response(200, json={"call": "x", "order": "hang_up"})


def test_a_server_that_is_busy_is_asked_again_under_the_same_key():
    wire = Wire(busy(), httpx.ReadError("lost"), done())
    assert CalleqClient(URL, "abc", "abc-demo", wire).hang_up("x").order == "hang_up"
    assert len({request.headers["idempotency-key"] for request in wire.asked}) == 1
    assert len(wire.asked) == LIMIT_TRIES


def test_a_long_wait_is_left_to_whoever_asked():
    wire = Wire(busy("60"))
    with pytest.raises(ClientError) as refused:
        CalleqClient(URL, "abc", "abc-demo", wire).hang_up("x")
    assert (refused.value.code, refused.value.retry_after_s) == ("busy", 60)


def test_an_api_key_is_presented_and_the_message_has_no_password():
    wire = Wire(
        httpx.Response(202, json={"call": "x", "state": "a", "business": "abc", "events": "e"})
    )
    key = ApiKey("abc", "cq_live_1_secret")
    CalleqClient(URL, "abc", transport=wire, credential=key).place_call("+12125550100")
    [request] = wire.asked
    assert request.headers["authorization"] == "Bearer cq_live_1_secret"
    assert json.loads(request.content) == {"business_id": "abc", "customer_number": "+12125550100"}
    assert "secret" not in repr(key)


def test_every_request_is_signed_anew_over_what_is_sent():
    wire = Wire(busy(), httpx.Response(200, json={"calls": [], "next": None}))
    key = SigningKey("abc", "abc-shop-1", "the secret")
    client = CalleqClient(URL, "abc", transport=wire, credential=key)
    assert client.call_page(customer="+12125550100", limit=2).calls == ()
    for request in wire.asked:
        headers = request.headers
        assert headers["calleq-signature"] == signature_of(
            "the secret",
            "abc-shop-1",
            headers["calleq-timestamp"],
            headers["calleq-nonce"],
            "GET",
            request.url.raw_path.decode(),
            sha256(b"").hexdigest(),
        )
    assert wire.asked[0].url.raw_path == b"/v1/calls?customer=%2B12125550100&limit=2"
    assert len({request.headers["calleq-nonce"] for request in wire.asked}) == 2


def event(sequence: int, name: str) -> str:
    data = json.dumps({"sequence": sequence, "event": name, "at": "2026-11-21T10:00:00Z"})
    return f"id: {sequence}\nevent: {name}\ndata: {data}\n\n"


def test_a_stream_that_breaks_is_taken_up_where_it_broke():
    class Breaking(httpx.SyncByteStream):
        def __iter__(self) -> Any:
            yield (": hello\n\n" + event(1, "accepted") + "id: 2\nev").encode()
            raise httpx.ReadError("lost")

    rest = (event(2, "dialled") + event(3, "ended")).encode()
    wire = Wire(httpx.Response(200, stream=Breaking()), httpx.Response(200, content=rest))
    client = CalleqClient(URL, "abc", "abc-demo", wire)
    assert [one.event for one in client.events("x")] == ["accepted", "dialled", "ended"]
    assert [request.headers["last-event-id"] for request in wire.asked] == ["0", "1"]


def test_a_stream_that_never_comes_is_given_up():
    wire = Wire(*[httpx.ReadError("lost")] * LIMIT_TRIES)
    with pytest.raises(ClientError, match="does not answer"):
        list(CalleqClient(URL, "abc", "abc-demo", wire).events("x"))


@pytest.mark.parametrize("octets", [b"data: {}\n\n", b"data: nonsense\n\n"])
def test_what_is_no_event_is_said_to_be(octets: bytes):
    wire = Wire(httpx.Response(200, content=octets))
    with pytest.raises(ClientError, match="no event"):
        list(CalleqClient(URL, "abc", "abc-demo", wire).events("x"))


def test_prices_balances_and_limits_are_read(door: Door):
    for read in ("price", "balance", "limits", "refusals"):
        problem = {"type": "x", "title": "No", "status": 404, "code": "not_here"}
        wire = Wire(httpx.Response(404, json=problem))
        client = CalleqClient(URL, "abc", "abc-demo", wire)
        with pytest.raises(ClientError):
            client.price("+12125550100", minutes=2) if read == "price" else getattr(client, read)()
        [request] = wire.asked
        [route] = [one for one in ROUTES if one.path == request.url.path]
        assert (request.method, set(request.url.params)) <= ("GET", set(names(route.query)))


def names(query: type) -> list[str]:
    return [field.name for field in msgspec.structs.fields(query)]
