"""A connection of a site under every hardship: each ends in the state that its test names."""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import websockets

from calleq.operation.metrics import ProcessMetrics
from calleq.operation.standing import Standing
from calleq.web.certificates import certificate_in
from calleq.web.exchange import Request, Response
from calleq.web.framing import LIMIT_BODY, LIMIT_HEAD, LIMIT_HEADERS, LIMIT_TARGET
from calleq.web.front import LIMIT_AHEAD
from calleq.web.gate import Gate
from calleq.web.hosting import GuestServer
from calleq.web.tls import ServerTls
from tests.certificates import make
from tests.front_scene import Site, Wire, get, post, serving, wire_to

Scene = Callable[[Site, Wire], Awaitable[None]]


def play(scene: Scene, **limits: Any) -> None:
    """One connection to a site with those limits."""

    async def played() -> None:
        async with serving(**limits) as site, wire_to(site) as wire:
            await scene(site, wire)

    asyncio.run(played())


def code_of(body: bytes) -> str:
    return str(json.loads(body)["code"])


# Plain requests.


def test_requests_of_one_connection_are_answered_one_after_the_other():
    async def scene(site: Site, wire: Wire) -> None:
        for path in ("/direct", "/else", "/direct", "/other"):
            wire.send(post(path, path.encode()))
            status, _, body = await wire.answer()
            assert (status, body) == (200, path.encode())

    play(scene)


def test_requests_sent_ahead_are_answered_in_their_order():
    async def scene(site: Site, wire: Wire) -> None:
        paths = ["/direct", "/else", "/later", "/direct", "/other"]
        wire.send(*(post(path, path.encode()) for path in paths))
        await site.until(lambda: site.waiting)
        assert [path for _, path, _ in site.asked] == ["/direct", "/else"]
        site.later()
        said = [(await wire.answer())[2] for _ in paths]
        assert said == [b"/direct", b"/else", b"later", b"/direct", b"/other"]

    play(scene)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 50])
def test_octets_may_come_in_pieces_of_any_size(size: int):
    async def scene(site: Site, wire: Wire) -> None:
        octets = post("/direct", b"hello", "X-More: a") + get("/else")
        for at in range(0, len(octets), size):
            wire.send(octets[at : at + size])
            await wire.writer.drain()
            await asyncio.sleep(0)
        assert (await wire.answer())[2] == b"hello"
        assert (await wire.answer(b"GET"))[0] == 200

    play(scene)


@pytest.mark.parametrize("path", ["/direct", "/else"])
def test_a_body_in_chunks_is_one_body(path: str):
    async def scene(site: Site, wire: Wire) -> None:
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        wire.send(head, b"5\r\nhello\r\n", b"6\r\n world\r\n", b"0\r\n\r\n", get("/direct"))
        assert (await wire.answer())[2] == b"hello world"
        assert (await wire.answer(b"GET"))[0] == 200
        assert site.asked[0] == ("POST", path, b"hello world")

    play(scene)


def test_who_waits_to_be_told_to_go_on_is_told():
    async def scene(site: Site, wire: Wire) -> None:
        octets = post("/direct", b"hello", "Expect: 100-continue")
        wire.send(octets[:-5])
        assert (await wire.reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
        wire.send(octets[-5:])
        assert (await wire.answer())[2] == b"hello"

    play(scene)


@pytest.mark.parametrize("path", ["/direct", "/else"])
@pytest.mark.parametrize("how", ["1.0", "close"])
def test_the_connection_of_a_last_request_is_closed_after_its_answer(path: str, how: str):
    async def scene(site: Site, wire: Wire) -> None:
        more, version = ((), "1.0") if how == "1.0" else (("Connection: close",), "1.1")
        wire.send(post(path, b"last", *more, version=version), post("/direct", b"never"))
        status, headers, body = await wire.answer()
        assert (status, body, headers["connection"]) == (200, b"last", "close")
        assert await wire.rest() == b""
        assert len(site.asked) == 1

    play(scene)


def test_the_host_of_an_absolute_target_counts():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get("http://door.example/direct"))
        assert (await wire.answer(b"GET"))[0] == 200
        wire.send(get("http://door.example"))
        assert (await wire.answer(b"GET"))[0] == 200
        assert [path for _, path, _ in site.asked] == ["/direct", "/"]

    play(scene)


def test_a_connection_has_its_number_of_requests():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get(), get(), get())
        assert "connection" not in (await wire.answer(b"GET"))[1]
        assert (await wire.answer(b"GET"))[1]["connection"] == "close"
        assert await wire.rest() == b""

    play(scene, requests=2)


# Too slow: 408, closed; or closed without a word where nothing was begun.


def test_headers_that_drip_end_in_408_and_a_closed_connection():
    async def scene(site: Site, wire: Wire) -> None:
        octets = post("/direct", b"", "X-Slow: " + "z" * 4_000)

        async def drip() -> None:
            for at in range(len(octets) - 4):
                wire.send(octets[at : at + 1])
                await asyncio.sleep(0.005)

        dripping = asyncio.create_task(drip())
        status, headers, body = await wire.answer()
        dripping.cancel()
        assert (status, headers["connection"], code_of(body)) == (408, "close", "too_slow")
        assert await wire.rest() == b""
        assert not site.asked
        await site.until(lambda: not site.gate.connections)

    play(scene, head_s=0.1, linger_s=0.1)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_drips_ends_in_408_and_a_closed_connection(chunked: bool):
    async def scene(site: Site, wire: Wire) -> None:
        if chunked:
            wire.send(
                b"POST /direct HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nh"
            )
        else:
            wire.send(post("/direct", b"hello")[:-1])
        status, _, body = await wire.answer()
        assert (status, code_of(body)) == (408, "too_slow")
        wire.half_close()
        assert await wire.rest() == b""
        assert not site.asked

    play(scene, body_s=0.05)


def test_a_connection_without_a_request_is_closed_without_a_word():
    async def scene(site: Site, wire: Wire) -> None:
        assert await wire.rest() == b""
        assert site.gate.seen["idle"] == 1

    play(scene, idle_s=0.05)


def test_a_connection_idle_after_its_answer_is_closed_without_a_word():
    async def scene(site: Site, wire: Wire) -> None:
        for path in ("/direct", "/else"):
            wire.send(get(path))
            assert (await wire.answer(b"GET"))[0] == 200
        assert await wire.rest() == b""

    play(scene, idle_s=0.05)


def test_a_request_in_work_is_waited_for_however_long():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get("/slow"))
        await site.until(lambda: site.asked)
        for _ in range(2):  # connections that are idle, half sent: each limit passes meanwhile
            for octets in (b"", b"GET /else HTTP/1.1\r\n", post("/direct", b"hello")[:-1]):
                async with wire_to(site) as other:
                    other.send(octets)
                    await other.rest()
        site.let_go.set()
        assert (await wire.answer(b"GET"))[2] == b"slowly"

    play(scene, idle_s=0.02, head_s=0.02, body_s=0.02)


def test_who_does_not_read_its_answers_loses_the_connection():
    async def scene(site: Site, wire: Wire) -> None:
        body = b"x" * 60_000
        wire.writer.transport.pause_reading()  # type: ignore[attr-defined]
        for _ in range(400):
            wire.send(post("/direct", body))
        await site.until(lambda: not site.gate.connections)
        assert site.gate.seen["stalled"] == 1
        assert len(site.asked) < 400

    play(scene, stalled_s=0.1)


def test_requests_sent_far_ahead_stop_being_read():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get("/later"))
        await site.until(lambda: site.waiting)
        body = b"x" * 60_000
        for _ in range(200):
            wire.send(post("/direct", body))
        await site.until(lambda: held(site) > LIMIT_AHEAD)
        transport = wire.writer.transport
        await site.until(lambda: not any(one.transport.is_reading() for one in fronts(site)))
        assert transport.get_write_buffer_size() > 0, "the rest waits at the sender's"
        assert held(site) < 4 * LIMIT_AHEAD
        reading = asyncio.create_task(all_of(wire, 201))
        site.later()
        assert await reading == [200] * 201

    play(scene)


def fronts(site: Site) -> list[Any]:
    return list(site.gate.connections)


def held(site: Site) -> int:
    return sum(len(front._held) for front in fronts(site))


async def all_of(wire: Wire, count: int) -> list[int]:
    return [(await wire.answer())[0] for _ in range(count)]


# Too large.


@pytest.mark.parametrize(
    ("octets", "status", "code"),
    [
        (b"GET /" + b"a" * LIMIT_TARGET + b" HTTP/1.1\r\nHost: x\r\n\r\n", 414, "target_too_long"),
        (b"GET /" + b"a" * 50_000, 431, "head_too_large"),
        (b"GET /" + b"a" * 9_000, 414, "target_too_long"),
        (get("/direct", "X: " + "a" * LIMIT_HEAD), 431, "head_too_large"),
        (get("/direct", *("X: a",) * LIMIT_HEADERS), 431, "too_many_headers"),
        (post("/direct", b"x" * (LIMIT_BODY + 1)), 413, "too_large"),
        (
            b"POST /direct HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nFFFFFF\r\n",
            413,
            "too_large",
        ),
        (post("/direct", b"", "Content-Length: 99999999999999999999"), 400, "malformed"),
    ],
    ids=["target", "head", "line", "field", "fields", "body", "chunk", "length"],
)
def test_what_is_too_large_is_answered_once_and_the_connection_closed(
    octets: bytes, status: int, code: str
):
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(octets)
        answered, headers, body = await wire.answer()
        assert (answered, code_of(body)) == (status, code)
        assert headers["connection"] == "close"
        assert headers["request-id"]
        wire.half_close()
        assert await wire.rest() == b""
        assert not site.asked

    play(scene)


def test_a_body_just_within_its_bound_is_taken():
    async def scene(site: Site, wire: Wire) -> None:
        for path in ("/direct", "/else"):
            wire.send(post(path, b"x" * LIMIT_BODY))
            assert len((await wire.answer())[2]) == LIMIT_BODY

    play(scene)


# Half open.


def test_who_closed_its_half_is_still_answered():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get("/later"))
        wire.half_close()
        await site.until(lambda: site.waiting)
        site.later()
        assert (await wire.answer(b"GET"))[2] == b"later"
        assert await wire.rest() == b""

    play(scene)


def test_half_a_request_and_a_closed_half_is_no_request():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(post("/direct", b"hello")[:-1])
        wire.half_close()
        assert await wire.rest() == b""
        assert not site.asked
        await site.until(lambda: not site.gate.connections)

    play(scene)


def test_an_answer_for_nobody_is_dropped_and_its_place_free_again():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(get("/later"))
        await site.until(lambda: site.waiting)
        assert site.gate.in_work == 1
        wire.writer.transport.abort()
        await site.until(lambda: not any(front._keeps for front in fronts(site)))
        site.later()
        assert site.gate.in_work == 0
        await site.until(lambda: not site.gate.connections)

    play(scene)


# Floods.


def test_at_the_bound_the_connection_longest_idle_makes_room():
    async def scene() -> None:
        async with serving(connections=2) as site, wire_to(site) as first, wire_to(site) as second:
            for wire in (first, second, first):
                wire.send(get())
                await wire.answer(b"GET")
            async with wire_to(site) as third:
                third.send(get())
                assert (await third.answer(b"GET"))[0] == 200
                assert await second.rest() == b""
                first.send(get())
                assert (await first.answer(b"GET"))[0] == 200
                assert len(site.gate.connections) == 2

    asyncio.run(scene())


def test_where_all_are_in_work_a_further_connection_is_refused():
    async def scene() -> None:
        async with serving(connections=2) as site, wire_to(site) as first, wire_to(site) as second:
            for wire in (first, second):
                wire.send(get("/later"))
            await site.until(lambda: len(site.waiting) == 2)
            async with wire_to(site) as third:
                status, headers, _ = await third.answer(b"GET")
                assert (status, headers["retry-after"]) == (503, "1")
                assert await third.rest() == b""
            site.later()
            site.later()
            for wire in (first, second):
                assert (await wire.answer(b"GET"))[2] == b"later"

    asyncio.run(scene())


def test_half_sent_requests_from_one_address_leave_room_for_others():
    async def scene() -> None:
        async with serving(per_address=3, head_s=0.2) as site:
            held = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(3)]
            for _, writer in held:
                writer.write(b"GET / HTT")
            await site.until(lambda: len(site.gate.connections) == 3)
            async with wire_to(site) as refused:
                assert (await refused.answer(b"GET"))[0] == 503
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", site.port, local_addr=("127.0.0.9", 0)
            )
            other = Wire(reader, writer)
            other.send(get())
            assert (await other.answer(b"GET"))[0] == 200
            writer.close()
            for reader, _ in held:
                assert (await reader.read(100)).startswith(b"HTTP/1.1 408 ")
            for _, writer in held:
                writer.close()
            await site.until(lambda: not site.gate.connections)

    asyncio.run(scene())


def test_a_thousand_connections_that_say_nothing_are_all_let_go():
    async def scene() -> None:
        async with serving(idle_s=0.3, per_address=2_000) as site:
            held = [await asyncio.open_connection("127.0.0.1", site.port) for _ in range(1_000)]
            async with wire_to(site) as wire:
                wire.send(get())
                assert (await wire.answer(b"GET"))[0] == 200
            await site.until(lambda: not site.gate.connections)
            for _, writer in held:
                writer.close()

    asyncio.run(scene())


# Overload.


def test_beyond_the_bound_requests_are_refused_and_those_in_work_go_on():
    async def scene(site: Site, wire: Wire) -> None:
        async with wire_to(site) as busy:
            busy.send(get("/later"))
            await site.until(lambda: site.waiting)
            wire.send(post(), post(), get())
            for _ in range(3):
                status, headers, body = await wire.answer()
                assert (status, headers["retry-after"], code_of(body)) == (503, "1", "busy")
                assert "connection" not in headers
            assert site.gate.seen["overload"] == 3
            wire.send(get("/health"))
            assert (await wire.answer(b"GET"))[0] == 200
            site.later()
            assert (await busy.answer(b"GET"))[2] == b"later"
            wire.send(post())
            assert (await wire.answer())[0] == 200

    play(scene, in_work=1)


@pytest.mark.parametrize(
    "octets",
    [
        post()[:-1],
        post() + b"GET",
        post("/direct", b"hello", "Transfer-Encoding: chunked"),
        post("/direct", b"hello", "Connection: close"),
        post("/direct", b"hello", "Content-Length: 5"),
        post("/direct", b"hello", "Expect: 100-continue"),
        post(version="1.0"),
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET / HTTP/1.1\nHost: x\n\n",
        post("/direct", b"hello", "Content-Length : 5"),
        post("/direct", b"hello", "X-Content-Length: 5"),
        get("/direct", "X: a\n\nGET /direct HTTP/1.1"),
    ],
)
def test_refused_unread_where_its_end_is_not_plain_the_connection_is_closed(octets: bytes):
    async def scene(site: Site, wire: Wire) -> None:
        async with wire_to(site) as busy:
            busy.send(get("/later"))
            await site.until(lambda: site.waiting)
            wire.send(octets)
            status, headers, _ = await wire.answer()
            assert (status, headers["connection"]) == (503, "close")
            wire.half_close()
            assert await wire.rest() == b""
            site.later()

    play(scene, in_work=1)


@pytest.mark.parametrize("pieces", [False, True])
def test_who_asks_for_a_head_alone_is_refused_without_a_body(pieces: bool):
    async def scene(site: Site, wire: Wire) -> None:
        async with wire_to(site) as busy:
            busy.send(get("/later"))
            await site.until(lambda: site.waiting)
            octets = b"HEAD /direct HTTP/1.1\r\nHost: x\r\n\r\n"
            if pieces:
                site.gate.in_work = 0
                wire.send(octets[:9])
                await site.until(lambda: any(not one.idle for one in site.gate.connections))
                site.gate.in_work = 1
                octets = octets[9:]
            wire.send(octets)
            said = await wire.reader.readuntil(b"\r\n\r\n")
            assert said.startswith(b"HTTP/1.1 503 ")
            assert b"connection: close" in said
            wire.half_close()
            assert await wire.rest() == b""
            site.later()

    play(scene, in_work=1)


def test_a_crowd_at_once_is_served_and_then_so_many_a_turn():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(*(get() for _ in range(12)))
        statuses = [(await wire.answer(b"GET"))[0] for _ in range(12)]
        assert statuses == [200] * 8 + [503] * 4
        await site.until(lambda: not site.gate.full())
        wire.send(get())
        assert (await wire.answer(b"GET"))[0] == 200

    play(scene, per_turn=2, burst=8)


# What is uvicorn's.


def test_a_websocket_passes_and_its_place_is_free_again():
    async def scene() -> None:
        async with serving() as site:
            async with websockets.connect(f"ws://127.0.0.1:{site.port}/talk") as socket:
                await socket.send("hello")
                assert await socket.recv() == "you said hello"
                assert len(site.gate.connections) == 1
            await site.until(lambda: not site.gate.connections)

    asyncio.run(scene())


def test_another_upgrade_is_not_made():
    async def scene(site: Site, wire: Wire) -> None:
        more = ("Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABk")
        wire.send(get("/else", *more), get("/direct"))
        assert (await wire.answer(b"GET"))[0] == 200
        assert (await wire.answer(b"GET"))[0] == 200

    play(scene)


def test_a_defect_in_the_application_is_answered_and_the_connection_goes_on():
    async def scene(site: Site, wire: Wire) -> None:
        wire.send(b"DELETE /else HTTP/1.1\r\nHost: x\r\n\r\n", get())
        status, headers, _ = await wire.answer(b"DELETE")
        assert (status, headers["content-type"]) == (405, "application/problem+json")
        assert (await wire.answer(b"GET"))[0] == 200

    play(scene)


def test_stopping_lets_what_is_in_work_be_answered():
    async def scene() -> None:
        async with serving() as site, wire_to(site) as wire, wire_to(site) as idle:
            wire.send(get("/later"))
            idle.send(get())
            await idle.answer(b"GET")
            await site.until(lambda: site.waiting)
            stopping = asyncio.create_task(site.server.stop())
            assert await idle.rest() == b""
            site.later()
            status, headers, _ = await wire.answer(b"GET")
            assert (status, headers["connection"]) == (200, "close")
            await stopping

    asyncio.run(scene())


def test_over_tls_both_ways_know_the_clients_certificate(tmp_path: Path):
    authority = make(tmp_path, "authority", authority=True)
    door, shop = make(tmp_path, "door", authority), make(tmp_path, "shop", authority)
    tls = ServerTls("front door", door.path, door.key, authority.path)
    told: list[str] = []

    def direct(request: Request, answer: Callable[[Response], None]) -> bool:
        if request.target == b"/direct":
            told.append(request.certificate)
            answer(Response(200, b"", b""))
        return request.target == b"/direct"

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(certificate_in(scope))
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async def scene() -> None:
        gate = Gate()
        site = GuestServer(app, "127.0.0.1", 0, tls, gate, direct, lifespan="off")
        port = await site.start()
        context = ssl.create_default_context(cafile=str(authority.path))
        context.load_cert_chain(shop.path, shop.key)
        context.check_hostname = False
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        wire = Wire(reader, writer)
        for path in ("/direct", "/else", "/direct"):
            wire.send(get(path))
            assert (await wire.answer(b"GET"))[0] == 200
        wire.send(b"no request\r\n\r\n")
        assert (await wire.answer(b"GET"))[0] == 400
        assert await wire.rest() == b""
        writer.close()
        await site.stop()
        assert not gate.connections

    asyncio.run(asyncio.wait_for(scene(), 20))
    assert told == [shop.fingerprint] * 3


def test_what_a_door_refuses_unread_is_a_metric():
    async def scene(site: Site, wire: Wire) -> None:
        network: Any = SimpleNamespace(
            doors={},
            authenticator=None,
            accounts=None,
            exchanges={},
            nodes={},
            control_points={},
            gateways={},
            fronts={},
        )
        clock: Any = SimpleNamespace(now_us=lambda: 0)
        standing = Standing(network=network, clock=clock, gates={"server-72": site.gate})
        wire.send(get("/later"))
        await site.until(lambda: site.waiting)
        async with wire_to(site) as other:
            other.send(get())
            assert (await other.answer(b"GET"))[0] == 503
            told = b"".join(
                line + b"\n"
                for line in ProcessMetrics(standing).text().splitlines()
                if b"server-72" in line
            ).decode()
        assert 'calleq_connections{door="server-72"} 2.0' in told
        assert 'calleq_requests_in_work{door="server-72"} 1.0' in told
        assert 'calleq_front_refusals_total{door="server-72",reason="overload"} 1.0' in told
        site.later()

    play(scene, in_work=1)
