"""The page and its signalling, as an ASGI application; and the operator's view, as another.

    GET /                  the telephone, with /telephone.js and others beside it
    WS  /signalling        `messages`, version 1

    GET /status            (operator) the lines, their pages and the profiles of their clients

The page needs nothing from elsewhere and may load nothing: a strict Content-Security-Policy, no
inline script, no framing. Passwords travel in the first message, never in an address. A WebSocket
is taken only from pages of ours (`Origin`), at most PAGES_LIMIT at once and CONNECTIONS of one
address, and must say who it is within HELLO_LIMIT_S. A page that says more than MESSAGES is closed.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import Callable
from importlib import resources
from typing import Final

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from calleq.accounts.failures import Buckets, Rate
from calleq.browser import messages
from calleq.browser.hub import Hub, LineView
from calleq.browser.messages import Hello, Leave, Refused, SignallingError, ToPage
from calleq.browser.session import Session
from calleq.units import MILLISECOND_US, SECOND_US

PAGES_LIMIT = 400
"""WebSockets at once, those that have not said who they are included."""
NAMELESS_LIMIT = 16
"""Of one address that have not said yet who they are."""
HELLO_LIMIT_S = 10.0
CONNECTIONS = Rate(burst=60, refill_us=SECOND_US)
"""WebSockets of one address: 60, then one a second, whether they end soon or not."""
MESSAGES = Rate(burst=60, refill_us=50 * MILLISECOND_US)
"""Of one page: 60, then 20 a second; whoever presses keys as fast as can be sends fewer."""
UNSENT_LIMIT = 64
"""Messages that a page may leave unread; then its connection is closed."""
FILES: Final = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/telephone.css": ("telephone.css", "text/css; charset=utf-8"),
    "/telephone.js": ("telephone.js", "text/javascript; charset=utf-8"),
    "/signalling.js": ("signalling.js", "text/javascript; charset=utf-8"),
    "/voice.js": ("voice.js", "text/javascript; charset=utf-8"),
    "/words.js": ("words.js", "text/javascript; charset=utf-8"),
    "/icon.svg": ("icon.svg", "image/svg+xml"),
    "/handset.svg": ("handset.svg", "image/svg+xml"),
}
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self';"
        " connect-src 'self'; media-src 'self' blob:; base-uri 'none'; form-action 'none';"
        " frame-ancestors 'none'"
    ),
    "permissions-policy": "microphone=(self), camera=(), geolocation=()",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "cross-origin-opener-policy": "same-origin",
    "cache-control": "no-cache",
}
POLICY_VIOLATION, TRY_AGAIN_LATER = 1008, 1013


class Status(msgspec.Struct, frozen=True):
    """What the operator sees."""

    lines: list[LineView]


class Site:
    """The handlers; `page_app` and `operator_app` make applications of them."""

    def __init__(self, hub: Hub, is_ours: Callable[[str], bool]) -> None:
        """`is_ours` judges an origin."""
        self._hub = hub
        self._is_ours = is_ours
        self._pages = 0
        self._connections = Buckets(CONNECTIONS, hub.clock)
        self._nameless: Counter[str] = Counter()
        folder = resources.files("calleq.browser") / "page"
        self._files = {
            path: (folder.joinpath(name).read_bytes(), kind) for path, (name, kind) in FILES.items()
        }

    async def file(self, request: Request) -> Response:
        """One file of the page."""
        octets, kind = self._files[request.url.path]
        return Response(octets, headers={**HEADERS, "content-type": kind})

    async def status(self, request: Request) -> Response:
        """The operator's view."""
        view = msgspec.json.encode(Status(self._hub.views()))
        return Response(view, media_type="application/json")

    async def signalling(self, socket: WebSocket) -> None:
        """One page's connection, from its beginning to its end."""
        if not self._is_ours(socket.headers.get("origin", "")):
            await socket.close(POLICY_VIOLATION)
            return
        address = socket.client.host if socket.client is not None else ""
        if self._pages >= PAGES_LIMIT or self._nameless[address] >= NAMELESS_LIMIT:
            await socket.close(TRY_AGAIN_LATER)
            return
        if not self._connections.take(address):
            await socket.close(TRY_AGAIN_LATER)
            return
        self._pages += 1
        try:
            await socket.accept()
            with contextlib.suppress(WebSocketDisconnect):
                await _Page(socket, address, self._hub, self._nameless).live()
        finally:
            self._pages -= 1


class _Page:
    """One connection."""

    def __init__(self, socket: WebSocket, address: str, hub: Hub, nameless: Counter[str]) -> None:
        self._socket = socket
        self._address = address
        self._hub = hub
        self._nameless = nameless
        self._unsent: asyncio.Queue[ToPage] = asyncio.Queue(UNSENT_LIMIT)

    async def live(self) -> None:
        sending = asyncio.create_task(self._send_all())
        receiving = asyncio.create_task(self._receive_all())
        try:
            await asyncio.wait((sending, receiving), return_when=asyncio.FIRST_COMPLETED)
        finally:
            sending.cancel()
            receiving.cancel()
            await asyncio.gather(sending, receiving, return_exceptions=True)
            await self._close()

    async def _receive_all(self) -> None:
        hello = await self._hello()
        if hello is None:
            return
        entered = await self._hub.enter(hello, self._address, self._say)
        if isinstance(entered, Refused):
            await self._refuse(entered.reason)
            return
        try:
            await self._serve(entered)
        finally:
            entered.detach(self._say)

    async def _hello(self) -> Hello | None:
        """The first message; None where it is another, or does not come."""
        self._nameless[self._address] += 1
        try:
            async with asyncio.timeout(HELLO_LIMIT_S):
                message = messages.decode(await self._socket.receive_text())
        except (TimeoutError, SignallingError, KeyError):
            await self._refuse("malformed")
            return None
        finally:
            self._nameless[self._address] -= 1
            if not self._nameless[self._address]:
                del self._nameless[self._address]
        if not isinstance(message, Hello):
            await self._refuse("malformed")
            return None
        return message

    async def _serve(self, session: Session) -> None:
        said = Buckets(MESSAGES, self._hub.clock)
        while True:
            try:
                text = await self._socket.receive_text()
                if not said.take(""):
                    await self._refuse("too_many_messages")
                    return
                message = messages.decode(text)
            except (SignallingError, KeyError):
                await self._refuse("malformed")
                return
            match message:
                case Hello():
                    await self._refuse("malformed")
                    return
                case Leave():
                    session.leave()
                    return
                case _:
                    session.take(message)

    def _say(self, message: ToPage) -> None:
        """To be sent; a page that does not read is let go."""
        try:
            self._unsent.put_nowait(message)
        except asyncio.QueueFull:
            self._unsent = asyncio.Queue(UNSENT_LIMIT)
            self._unsent.put_nowait(Refused("malformed"))

    async def _send_all(self) -> None:
        while True:
            message = await self._unsent.get()
            await self._socket.send_text(messages.encode(message))
            if isinstance(message, Refused):
                return

    async def _refuse(self, reason: str) -> None:
        if self._socket.application_state is WebSocketState.CONNECTED:
            await self._socket.send_text(messages.encode(Refused(reason)))

    async def _close(self) -> None:
        if (
            self._socket.application_state is WebSocketState.CONNECTED
            and self._socket.client_state is WebSocketState.CONNECTED
        ):
            with contextlib.suppress(RuntimeError):
                await self._socket.close()


def page_app(hub: Hub, is_ours: Callable[[str], bool]) -> ASGIApp:
    """The page and its signalling."""
    site = Site(hub, is_ours)
    files = [Route(path, site.file, methods=["GET"]) for path in FILES]
    return Starlette(routes=[*files, WebSocketRoute("/signalling", site.signalling)])


def operator_app(hub: Hub) -> ASGIApp:
    """The operator's view; it has no password: whoever hosts it binds it to loopback."""
    site = Site(hub, lambda origin: False)
    return Starlette(routes=[Route("/status", site.status, methods=["GET"])])
