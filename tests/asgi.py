"""HTTP to an application in this process, without a socket."""

import asyncio

import httpx
from starlette.types import ASGIApp


class InProcess(httpx.BaseTransport):
    """HTTP to an ASGI application without a socket, from a sender of our choice."""

    def __init__(self, app: ASGIApp, peer: str) -> None:
        self._transport = httpx.ASGITransport(
            app, raise_app_exceptions=False, client=(peer, 50_000)
        )

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        return asyncio.run(self._exchange(request))

    async def _exchange(self, request: httpx.Request) -> httpx.Response:
        answer = await self._transport.handle_async_request(request)
        content = await answer.aread()
        return httpx.Response(answer.status_code, headers=answer.headers, content=content)


def client_of(app: ASGIApp, peer: str = "127.0.0.1") -> httpx.Client:
    """A client whose requests reach `app` as if from `peer`."""
    return httpx.Client(transport=InProcess(app, peer), base_url="http://testserver")
