"""What every answer of a door tells a browser, so that it makes nothing of it but what it is.

Nothing that is answered may be run, framed or loaded as something else, unless the answer has a
Content-Security-Policy of its own (the page that documents the API has). Where the door speaks TLS
a browser is told to use nothing else, for this name and those below it (RFC 6797).
"""

from collections.abc import Callable

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calleq.web.exchange import Direct, Request, Response

POLICY = b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
STRICT_TRANSPORT = (b"strict-transport-security", b"max-age=31536000; includeSubDomains")
_CSP = b"content-security-policy"
_REFERRER = (b"referrer-policy", b"no-referrer")


class BrowserHeaders:
    """An application whose answers tell it."""

    def __init__(self, app: ASGIApp, *, tls: bool) -> None:
        self._app = app
        self._told = (_REFERRER, STRICT_TRANSPORT) if tls else (_REFERRER,)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_told(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [*message["headers"], *self._told]
                if not any(name.lower() == _CSP for name, _ in headers):
                    headers.append((_CSP, POLICY))
                message["headers"] = headers
            await send(message)

        await self._app(scope, receive, send_told)


def direct_with_headers(direct: Direct, *, tls: bool) -> Direct:
    """The same for requests that are answered without the application."""
    told = [_REFERRER, (_CSP, POLICY), *([STRICT_TRANSPORT] if tls else [])]
    lines = b"".join(b"%b: %b\r\n" % each for each in told)

    def handle(request: Request, answer: Callable[[Response], None]) -> bool:
        def with_lines(response: Response) -> None:
            answer(msgspec.structs.replace(response, lines=response.lines + lines))

        return direct(request, with_lines)

    return handle
