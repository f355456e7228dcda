"""A site in somebody else's loop, and the one shape of every refusal."""

import asyncio
import socket

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from calleq.messages.answers import FieldProblem
from calleq.web.answering import request_id_of, with_problems
from calleq.web.hosting import GuestServer, HostingError
from calleq.web.problems import ProblemError, plain_problem
from tests.asgi import client_of


async def hello(request: Request) -> Response:
    return PlainTextResponse(f"hello {request_id_of(request)}")


async def refuse(request: Request) -> Response:
    field = FieldProblem("/to", msgspec.UNSET, "expected E.164")
    problem = plain_problem(422, "invalid_field", "the number is not one", (field,))
    raise ProblemError(problem, {"Retry-After": "3"})


async def defect(request: Request) -> Response:
    raise RuntimeError("secret of ours")


def application(*routes: Route) -> Starlette:
    return Starlette(
        routes=[Route("/hello", hello), Route("/refuse", refuse), Route("/defect", defect), *routes]
    )


@pytest.fixture
def client() -> httpx.Client:
    ids = iter(f"id-{n}" for n in range(1, 9))
    app = with_problems(application(), lambda: next(ids))
    return client_of(app)


def test_a_problem_tells_what_and_where(client: httpx.Client) -> None:
    answer = client.get("/refuse")
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "3"
    assert answer.headers["request-id"] == "id-1"
    assert answer.json() == {
        "type": "tag:calleq.example,2026:problem/invalid_field",
        "title": "Unprocessable Entity",
        "status": 422,
        "detail": "the number is not one",
        "code": "invalid_field",
        "request_id": "id-1",
        "errors": [{"pointer": "/to", "detail": "expected E.164"}],
    }


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [("GET", "/nothing", 404, "not_found"), ("POST", "/hello", 405, "method_not_allowed")],
)
def test_refusals_of_the_framework_are_problems_too(
    client: httpx.Client, method: str, path: str, status: int, code: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.json()["request_id"] == answer.headers["request-id"]


def test_a_defect_says_nothing_but_its_id(client: httpx.Client) -> None:
    answer = client.get("/defect")
    assert answer.status_code == 500
    assert answer.json()["request_id"] == answer.headers["request-id"] == "id-1"
    assert "secret" not in answer.text


def test_the_callers_sensible_id_is_kept_and_another_is_not(client: httpx.Client) -> None:
    assert client.get("/hello", headers={"Request-Id": "order-77"}).text == "hello order-77"
    assert client.get("/hello", headers={"Request-Id": "a b\tc"}).text == "hello id-1"


def test_a_site_answers_on_the_port_it_says_and_stops() -> None:
    async def scene() -> None:
        site = GuestServer(with_problems(application()), "127.0.0.1", 0)
        port = await site.start()
        async with httpx.AsyncClient() as client:
            answer = await client.get(f"http://127.0.0.1:{port}/hello")
        assert answer.status_code == 200
        assert "server" not in answer.headers
        await site.stop()
        await site.stop()
        with pytest.raises(httpx.ConnectError):
            async with httpx.AsyncClient() as client:
                await client.get(f"http://127.0.0.1:{port}/hello")

    asyncio.run(scene())


def test_stopping_lets_a_request_finish() -> None:
    async def scene() -> None:
        asked, may_answer = asyncio.Event(), asyncio.Event()

        async def slow(request: Request) -> Response:
            asked.set()
            await may_answer.wait()
            return PlainTextResponse("done")

        site = GuestServer(application(Route("/slow", slow)), "127.0.0.1", 0)
        port = await site.start()
        async with httpx.AsyncClient() as client:
            answer = asyncio.create_task(client.get(f"http://127.0.0.1:{port}/slow"))
            await asked.wait()
            stopping = asyncio.create_task(site.stop())
            await asyncio.sleep(0)
            may_answer.set()
            assert (await answer).text == "done"
        await stopping

    asyncio.run(scene())


def test_an_answer_in_two_writes_does_not_wait_for_an_acknowledgement() -> None:
    """Nagle's algorithm is off on every connection that a site has accepted."""

    async def scene() -> None:
        site = GuestServer(application(), "127.0.0.1", 0)
        port = await site.start()
        async with httpx.AsyncClient() as client:
            await client.get(f"http://127.0.0.1:{port}/hello")
            assert site._server is not None
            connections = site._server.server_state.connections
            held = [one.transport.get_extra_info("socket") for one in connections]
            flags = [one.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for one in held]
            assert len(flags) == 1
            assert all(flags)
        await site.stop()

    asyncio.run(scene())


def test_an_address_in_use_is_named() -> None:
    async def scene() -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            with pytest.raises(
                HostingError, match=rf"^cannot listen on 127\.0\.0\.1:{port}: .* in use$"
            ):
                await GuestServer(application(), "127.0.0.1", port).start()

    asyncio.run(scene())


def test_an_application_that_does_not_start_is_an_error() -> None:
    async def broken(scope: object, receive: object, send: object) -> None:
        raise RuntimeError("cannot")

    async def scene() -> None:
        with pytest.raises(HostingError, match="did not start"):
            await GuestServer(broken, "127.0.0.1", 0, lifespan="on").start()

    asyncio.run(scene())
