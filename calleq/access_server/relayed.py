"""The API behind fronts: requests that they relayed, served by the applications of their doors.

Who asks has been found out by the front, and been looked at again by the authority
(`calleq.relay.authority`); everything else about a request is as at a door of this process.
"""

import asyncio
from collections.abc import Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import unquote_to_bytes

from starlette.requests import Request
from starlette.types import ASGIApp

from calleq.accounts.principal import Principal
from calleq.osn.relaying import Relay
from calleq.relay.authority import Part, Serve

PRINCIPAL = "calleq.principal"
"""Where in a request's scope it stands who asks."""
_MADE_BY_FRONT = frozenset(
    (b"request-id", b"cache-control", b"x-content-type-options", b"content-length", b"date")
)


async def known_already(request: Request, body: bytes) -> Principal | None:
    """Who sends a request that a front relayed; an `Authenticate`."""
    principal: Principal = request.scope[PRINCIPAL]
    return principal


def serving(apps: Mapping[str, ASGIApp]) -> Serve:
    """Serves what the authority has to have served, by the application of each front's door."""
    under_way: set[asyncio.Task[None]] = set()

    def serve(front: str, request: Relay, principal: Principal, part: Part) -> Callable[[], object]:
        task = asyncio.ensure_future(_served(apps[front], request, principal, part))
        under_way.add(task)
        task.add_done_callback(under_way.discard)
        return task.cancel

    return serve


async def _served(app: ASGIApp, request: Relay, principal: Principal, part: Part) -> None:
    path, _, query = request.target.partition("?")
    scope: MutableMapping[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": request.method,
        "scheme": "http",
        "path": unquote_to_bytes(path).decode("utf-8", "replace"),
        "raw_path": path.encode("latin-1", "replace"),
        "query_string": query.encode("latin-1", "replace"),
        "root_path": "",
        "headers": [
            (name.encode("latin-1", "replace"), value.encode("latin-1", "replace"))
            for name, value in request.headers
        ],
        "client": (request.peer, 0),
        "server": None,
        PRINCIPAL: principal,
    }
    unread = [request.body]
    nobody = asyncio.Event()
    begun: list[tuple[int, tuple[tuple[str, str], ...]]] = []

    async def receive() -> MutableMapping[str, Any]:
        if unread:
            return {"type": "http.request", "body": unread.pop(), "more_body": False}
        await nobody.wait()  # for ever: whoever goes away has this task cancelled
        return {"type": "http.disconnect"}

    async def send(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = tuple(
                (name.decode("latin-1"), value.decode("latin-1"))
                for name, value in message["headers"]
                if name.lower() not in _MADE_BY_FRONT
            )
            begun.append((message["status"], headers))
        elif message["type"] == "http.response.body":
            status, headers = begun[0]
            more = bool(message.get("more_body"))
            body = bytes(message.get("body", b""))
            if body or not more:
                part(status, headers, body, more)

    await app(scope, receive, send)
