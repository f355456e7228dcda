"""One request after the other to an ASGI application, without a client's machinery around it."""

import asyncio
from collections.abc import Mapping
from typing import Any

from starlette.types import ASGIApp, Message


class Asker:
    """Asks on a loop of its own; a context manager."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._runner = asyncio.Runner()

    def __enter__(self) -> "Asker":
        return self

    def __exit__(self, *raised: object) -> None:
        self._runner.close()

    def ask(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str] | None = None,
        body: bytes = b"",
        peer: str = "203.0.113.7",
        certificate: str = "",
    ) -> tuple[int, bytes]:
        """Status and body of the answer."""
        path, _, query = target.partition("?")
        scope: dict[str, Any] = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "scheme": "https",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [
                (name.lower().encode("latin-1"), value.encode("latin-1"))
                for name, value in (headers or {}).items()
            ],
            "client": (peer, 50_000),
            "server": ("server-72.example", 443),
        }
        if certificate:
            scope["client_certificate"] = certificate
        sent: list[Message] = []
        given = iter(({"type": "http.request", "body": body, "more_body": False},))

        async def receive() -> Message:
            return next(given, {"type": "http.disconnect"})

        async def send(message: Message) -> None:
            sent.append(message)

        self._runner.run(self._app(scope, receive, send))  # type: ignore[arg-type]
        octets = b"".join(message.get("body", b"") for message in sent[1:])
        return int(sent[0]["status"]), octets
