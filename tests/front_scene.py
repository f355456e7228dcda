"""A site behind its gate on a real socket, and connections to it that send what they like.

`Site` has a direct handler for `/direct` (answers at once), `/later` (answers when told) and an
application for all the rest. `Wire` is one connection: octets out, answers in, read by h11.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import h11
from starlette.applications import Starlette
from starlette.requests import Request as Asked
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from calleq.web.answering import with_problems
from calleq.web.exchange import Request
from calleq.web.exchange import Response as Direct
from calleq.web.gate import Gate, Limits
from calleq.web.hosting import GuestServer

PATIENCE_S = 5.0
TEXT = b"content-type: text/plain\r\n"


class Site:
    """One site; everything that its handlers were given is in `asked`."""

    def __init__(self, **limits: Any) -> None:
        limits.setdefault("sweep_s", 0.02)
        self.gate = Gate(Limits(**limits))
        self.asked: list[tuple[str, str, bytes]] = []
        self.waiting: list[Callable[[Direct], None]] = []
        self.let_go = asyncio.Event()
        app = Starlette(
            routes=[
                Route("/slow", self._slow, methods=["GET", "POST"]),
                WebSocketRoute("/talk", self._talk),
                Route("/{path:path}", self._serve, methods=["GET", "POST", "PUT"]),
            ]
        )
        self.server = GuestServer(
            with_problems(app), "127.0.0.1", 0, gate=self.gate, direct=self._direct
        )
        self.port = 0

    def _direct(self, request: Request, answer: Callable[[Direct], None]) -> bool:
        if request.target == b"/direct":
            self.asked.append((request.method.decode(), "/direct", request.body))
            answer(Direct(200, TEXT, request.body))
            return True
        if request.target == b"/later":
            self.waiting.append(answer)
            return True
        return False

    async def _serve(self, request: Asked) -> Response:
        body = await request.body()
        self.asked.append((request.method, request.url.path, body))
        return PlainTextResponse(body)

    async def _slow(self, request: Asked) -> Response:
        self.asked.append((request.method, "/slow", b""))
        await self.let_go.wait()
        return PlainTextResponse("slowly")

    async def _talk(self, socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text("you said " + await socket.receive_text())
        await socket.close()

    def later(self) -> None:
        """Answer the first that waits."""
        self.waiting.pop(0)(Direct(200, TEXT, b"later"))

    async def until(self, holds: Callable[[], object]) -> None:
        """Wait until it holds."""
        async with asyncio.timeout(PATIENCE_S):
            while not holds():
                await asyncio.sleep(0.002)


class Wire:
    """One connection to a site."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer
        self.octets = b""

    def send(self, *octets: bytes) -> None:
        self.writer.write(b"".join(octets))

    def half_close(self) -> None:
        self.writer.write_eof()

    async def answer(self, method: bytes = b"POST") -> tuple[int, dict[str, str], bytes]:
        """The next answer: status, headers, body."""
        connection = h11.Connection(h11.CLIENT)
        connection.send(h11.Request(method=method, target="/", headers=[("host", "x")]))
        connection.send(h11.EndOfMessage())
        status, headers, body = 0, {}, b""
        if self.octets:
            connection.receive_data(self.octets)
        async with asyncio.timeout(PATIENCE_S):
            while True:
                event = connection.next_event()
                if event is h11.NEED_DATA:
                    data = await self.reader.read(65536)
                    assert data or status, "the connection was closed without an answer"
                    connection.receive_data(data)
                elif isinstance(event, h11.Response):
                    status = event.status_code
                    headers = {name.decode(): value.decode() for name, value in event.headers}
                elif isinstance(event, h11.Data):
                    body += bytes(event.data)
                elif isinstance(event, h11.EndOfMessage):
                    self.octets = connection.trailing_data[0]
                    return status, headers, body

    async def rest(self) -> bytes:
        """All that still comes until the connection is closed."""
        data = self.octets
        async with asyncio.timeout(PATIENCE_S):
            with contextlib.suppress(ConnectionError):
                while more := await self.reader.read(65536):
                    data += more
        return data


@contextlib.asynccontextmanager
async def serving(**limits: Any) -> AsyncIterator[Site]:
    """A site that runs."""
    site = Site(**limits)
    site.port = await site.server.start()
    try:
        yield site
    finally:
        site.let_go.set()
        await site.server.stop()


@contextlib.asynccontextmanager
async def wire_to(site: Site) -> AsyncIterator[Wire]:
    """A connection to it."""
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    try:
        yield Wire(reader, writer)
    finally:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


def post(path: str = "/direct", body: bytes = b"hello", *more: str, version: str = "1.1") -> bytes:
    """A plain request."""
    lines = [
        f"POST {path} HTTP/{version}",
        "Host: door.example",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def get(path: str = "/direct", *more: str) -> bytes:
    """A plain request without a body."""
    return "\r\n".join([f"GET {path} HTTP/1.1", "Host: door.example", *more]).encode() + b"\r\n\r\n"
