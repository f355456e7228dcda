"""Every request of a door as one event: who asked what, how it ended, how long it took.

Of the request it tells method, path, status, duration, the peer's address and the request's id; the
call, where the path or the answer names one; and why somebody was not let in. It tells no query, no
header and no body: they may hold what nobody may read.
"""

import re
from collections.abc import Callable
from time import perf_counter_ns

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calleq.web.events import Events
from calleq.web.exchange import Direct, Request, Response

DENIED = "denied"
"""In the scope of a request whose sender was not let in: why."""
WHO, BY, PROOF = "who", "by", "proof"
"""In the scope of a request whose sender is known: the business, or `carrier`; the identifier of
its credential, or its name; and how it proved itself."""

_LOCATION = re.compile(rb"(?m)^location: (\S+)\r$")
_REQUEST_ID = re.compile(rb"(?m)^request-id: (\S+)\r$")
_CALL = re.compile(r"/v1/(?:direct-)?calls/([0-9A-Z]{26})(?:/|$)")


class Told:
    """An application whose requests are told of."""

    def __init__(self, app: ASGIApp, events: Events, door: str) -> None:
        self._app = app
        self._events = events
        self._door = door

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began_ns = perf_counter_ns()
        status, call = 0, _call_in(scope["path"])

        async def send_seen(message: Message) -> None:
            nonlocal status, call
            if message["type"] == "http.response.start":
                status = message["status"]
                for name, value in message["headers"]:
                    if name == b"location":
                        call = call or _call_in(value.decode("latin-1"))
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            client = scope.get("client")
            self._events.tell(
                "request",
                "error" if status >= 500 and status != 503 else "info",
                door=self._door,
                request_id=scope.get("request_id", ""),
                method=scope["method"],
                path=scope["path"],
                status=status,
                duration_us=(perf_counter_ns() - began_ns) // 1_000,
                peer=client[0] if client else "",
                business=scope.get(WHO, ""),
                by=scope.get(BY, ""),
                proof=scope.get(PROOF, ""),
                call=call,
                reason=scope.get(DENIED, ""),
            )


def _call_in(path: str) -> str:
    found = _CALL.match(path)
    return found[1] if found else ""


def told_direct(direct: Direct, events: Events, door: str) -> Direct:
    """The same for requests that are answered without the application."""

    def handle(request: Request, answer: Callable[[Response], None]) -> bool:
        began_ns = perf_counter_ns()

        def seen(response: Response) -> None:
            answer(response)
            location = _LOCATION.search(response.lines)
            named = _REQUEST_ID.search(response.lines)
            events.tell(
                "request",
                "error" if response.status == 500 else "info",
                door=door,
                request_id=named[1].decode("latin-1") if named else "",
                method=request.method.decode("latin-1"),
                path=request.target.decode("latin-1").partition("?")[0],
                status=response.status,
                duration_us=(perf_counter_ns() - began_ns) // 1_000,
                peer=request.address,
                call=_call_in(location[1].decode("latin-1")) if location else "",
            )

        return direct(request, seen)

    return handle
