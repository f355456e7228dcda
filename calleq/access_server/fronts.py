"""The API at a front: what is public and what asks for a call here, everything else relayed whole.

A front has the paths, bounds and rights of any door, and finds out who asks as any door does. The
rest of a request is the authority's: query, body, keys, rates; but recordings are where the
equipment is that made them, so they are served here once their call may be seen. An answer comes in
one part or, where it is a stream (events of a call), in many; a reader that does not keep up with
`LIMIT_PARTS` is cut off, and comes again.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import cast

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp

from calleq.access_server.http import Surface
from calleq.access_server.proofs import by_proof
from calleq.access_server.reading import query_of
from calleq.access_server.recordings import RecordingShelf
from calleq.access_server.routing import Context, Route
from calleq.access_server.senders import headers_of, peer_of
from calleq.access_server.services import Services
from calleq.accounts.principal import Principal
from calleq.door.door import Door
from calleq.intake import is_reference
from calleq.osn.relaying import Relayed
from calleq.relay import FrontDoor
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_PARTS = 1_000
"""Parts of one answer that wait for their reader."""

_Part = Relayed | ProblemDetail


def front_app(
    door: FrontDoor,
    new_request_id: Callable[[], str],
    cpu_s: Callable[[], float],
    prepare: Callable[[Services], object] = lambda services: None,
) -> ASGIApp:
    """The ASGI application of a front. `prepare` adds what public routes want."""
    # A front has of a door what those routes use that are answered here.
    services = Services(cast(Door, door), door.accounts, None, cpu_s)
    prepare(services)

    async def answer(
        route: Route, request: Request, principal: Principal | None, octets: bytes
    ) -> Response:
        if route.policy.owner == "public" or route.asks_for_call:
            query = query_of(request, route.query)
            return await route.handler(Context(request, services, principal, query, octets, None))
        assert principal is not None, "only messages that ask for a call have their proof in them"
        if route.tag == "recordings" and services.has(RecordingShelf):
            return await _of_recordings(door, services, route, request, principal)
        return await _relayed(door, request, principal, octets)

    authenticate = by_proof(door.authenticator, door.intake.denied)
    return Surface(new_request_id, authenticate, answer).app


class _Seen:
    """A door that knows one call at most: that whose recordings may be heard."""

    def __init__(self, call: str) -> None:
        self._call = call

    def knows(self, call: str) -> bool:
        """Whatever else there is, nobody need be asked again."""
        return True

    def call(self, call: str, business: str | None) -> str | None:
        """Something, where it is that call."""
        return self._call if self._call and call == self._call else None


async def _of_recordings(
    door: FrontDoor, services: Services, route: Route, request: Request, principal: Principal
) -> Response:
    """What is asked of a recording of the equipment here, once the authority lets its call be
    seen."""
    shelf = services.the(RecordingShelf)
    call = request.path_params.get("call", "")
    if not call:
        view = shelf.find(str(request.path_params["recording"]))
        call = "" if view is None else view.call
    if not is_reference(call) or not await _may_see(door, request, principal, call):
        call = ""
    seen = Services(cast(Door, _Seen(call)), door.accounts)
    seen.add(RecordingShelf, shelf)
    query = query_of(request, route.query)
    return await route.handler(Context(request, seen, principal, query, b"", None))


async def _may_see(door: FrontDoor, request: Request, principal: Principal, call: str) -> bool:
    """Raises ProblemError where the authority cannot be asked."""
    parts: asyncio.Queue[_Part] = asyncio.Queue()
    target, peer = f"/v1/calls/{call}", peer_of(request)
    over = door.ask(principal, "GET", target, headers_of(request), b"", peer, parts.put_nowait)
    try:
        first = await parts.get()
    finally:
        over()
    if isinstance(first, ProblemDetail):
        raise ProblemError(first)
    return first.status == 200


async def _relayed(
    door: FrontDoor, request: Request, principal: Principal, octets: bytes
) -> Response:
    query: bytes = request.scope["query_string"]
    path: bytes = request.scope.get("raw_path") or request.scope["path"].encode()
    target = (path + b"?" + query if query else path).decode("latin-1")
    headers = {**headers_of(request), "request-id": str(request.scope["request_id"])}
    parts: asyncio.Queue[_Part] = asyncio.Queue()
    over = door.ask(
        principal, request.method, target, headers, octets, peer_of(request), parts.put_nowait
    )
    try:
        first = await parts.get()
    except BaseException:
        over()
        raise
    if isinstance(first, ProblemDetail):
        raise ProblemError(first)
    more = dict(first.headers)
    if not first.more:
        return Response(first.body, first.status, more)
    return StreamingResponse(_stream(first.body, parts, over), first.status, more)


async def _stream(
    first: bytes, parts: asyncio.Queue[_Part], over: Callable[[], None]
) -> AsyncIterator[bytes]:
    try:
        yield first
        while parts.qsize() <= LIMIT_PARTS:
            part = await parts.get()
            if isinstance(part, ProblemDetail):
                return  # the authority is lost: whoever reads comes again
            yield part.body
            if not part.more:
                return
    finally:
        over()
