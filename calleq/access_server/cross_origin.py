"""What a browser is told about pages of other origins (CORS), for the requests that pages make.

Pages may use the routes whose policy has the role `page`, and only pages of an origin that a
business names; to every other page a browser then shows nothing of the answer, nor does it send a
request that needs to be asked about first. It is no check of rights: that is the page token's.
"""

from collections.abc import Container

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calleq.access_server.routing import Route
from calleq.accounts.authenticator import PAGE_TOKEN, VISITOR_HEADER

MAX_AGE_S = 600
"""How long a browser may remember what it was told."""

_TOLD = (
    (b"access-control-allow-credentials", b"true"),
    (b"access-control-expose-headers", b"location, request-id, retry-after, idempotent-replayed"),
)
_ASKED_FIRST = (
    (b"access-control-allow-methods", b"POST"),
    (
        b"access-control-allow-headers",
        f"content-type, idempotency-key, {PAGE_TOKEN}, {VISITOR_HEADER}".encode(),
    ),
    (b"access-control-max-age", str(MAX_AGE_S).encode()),
)


class CrossOrigin:
    """An application that tells browsers which pages may talk to it."""

    def __init__(self, app: ASGIApp, routes: tuple[Route, ...], origins: Container[str]) -> None:
        self._app = app
        self._paths = frozenset(route.path for route in routes if "page" in route.policy.roles)
        self._origins = origins

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        told: list[tuple[bytes, bytes]] = [(b"vary", b"origin")]
        origins = [value for name, value in scope["headers"] if name == b"origin"]
        if len(origins) == 1 and origins[0].decode("latin-1") in self._origins:
            told += ((b"access-control-allow-origin", origins[0]), *_TOLD)
            if scope["method"] == "OPTIONS":
                told += _ASKED_FIRST

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], *told]
            await send(message)

        await self._app(scope, receive, send_told)
