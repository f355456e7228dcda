"""The HTTP surface of the access server: an ASGI application and nothing else.

It turns requests into calls of `Door` and its replies into responses; it decides nothing
about messages. Every answer has a `Request-Id`, and every answer that is no success is an RFC 9457
problem, whatever went wrong: unknown path, method, media type, size, time, or a bug of ours (500,
counted in `bugs`; the traceback goes to the operator's log and to nobody else).

What may be read without a password: /health (with its processor time for the same machine: how hard
a server works is nobody else's business), /openapi.json and the schemas. A call of another
business is "not found", like one that does not exist.
"""

import asyncio
import base64
import binascii
import re
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp

from calleq.access_server.openapi import openapi_document
from calleq.accounts import Accounts, Denial, Verdict, is_loopback
from calleq.door.door import Door, Reply, declined
from calleq.intake import errors, is_reference
from calleq.intake.intake import PROXY_HEADERS
from calleq.journal.entries import Stamped
from calleq.messages.answers import Health, ProblemView
from calleq.messages.errors import Fault, MessageError
from calleq.messages.schemas import FIGURES, json_schema
from calleq.messages.strict_json import LIMIT_OCTETS, parse_object
from calleq.numbering import NumberingError, parse_address
from calleq.protection.opening import is_jose
from calleq.topology import Business
from calleq.web.answering import problem_response, with_problems
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_BODY_S = 10.0
"""How long a sender may take over a message's body."""
LIMIT_WAIT_S = 30.0
"""How long a reader may wait for an event."""
LIMIT_AFTER = 1_000_000

Older = Callable[[str], Awaitable[Sequence[Stamped] | None]]
"""What the journal says of a call, oldest first; None when it cannot be asked now."""

_HOUSE_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_TITLES = {404: ("Not found", "not_found"), 405: ("Method not allowed", "method_not_allowed")}
_encode = msgspec.json.Encoder().encode

NOT_FOUND = ProblemDetail(status=404, code="not_found", title="Not found", detail="no such call")
_TOO_LARGE = ProblemDetail(
    status=413,
    code="too_large",
    title="Message too large",
    detail=f"at most {LIMIT_OCTETS} octets are accepted",
)
_TOO_SLOW = ProblemDetail(
    status=408,
    code="too_slow",
    title="Message too slow",
    detail=f"the message did not arrive within {LIMIT_BODY_S:g} s",
)
_NOT_BRIDGED = ProblemDetail(
    status=409,
    code="not_bridged",
    title="Not bridged",
    detail="a third party can be added while customer and representative talk",
)
_NOT_JSON_TYPE = ProblemDetail(
    status=415,
    code="media_type",
    title="Unsupported media type",
    detail="send application/json in UTF-8, without a content encoding",
)
_BUG = ProblemDetail(
    status=500,
    code="internal",
    title="Internal error",
    detail="the fault is ours; quote the request id",
)


class HttpSurface:
    """The application is `app`.

    `new_request_id` makes a short random text, `cpu_s` is the process's processor time so far;
    `older` is asked for calls that the server does not remember.
    """

    def __init__(
        self,
        server: Door,
        accounts: Accounts,
        new_request_id: Callable[[], str],
        cpu_s: Callable[[], float],
        older: Older | None = None,
    ) -> None:
        self._server = server
        self._older = older
        self._accounts = accounts
        self._cpu_s = cpu_s
        self._openapi = _encode(openapi_document())
        self._schemas = {figure: _encode(json_schema(figure)) for figure in FIGURES}
        self.bugs = 0
        """Requests that ended in an error of ours."""
        starlette = Starlette(
            routes=[
                Route("/v1/calls", self._place_call, methods=["POST"]),
                Route("/v1/calls/{call}", self._get_call, methods=["GET"]),
                Route("/v1/calls/{call}/events", self._get_events, methods=["GET"]),
                Route("/v1/calls/{call}/parties", self._add_party, methods=["POST"]),
                Route("/v1/schemas/{figure}", self._get_schema, methods=["GET"]),
                Route("/openapi.json", self._get_openapi, methods=["GET"]),
                Route("/health", self._get_health, methods=["GET"]),
            ]
        )
        starlette.router.redirect_slashes = False
        self.app: ASGIApp = with_problems(
            starlette,
            new_request_id,
            answer=_problem_answer,
            unserved=_unserved,
            bug=_BUG,
            met_bug=self._met_bug,
            house_headers=_HOUSE_HEADERS,
        )

    async def _place_call(self, request: Request) -> Response:
        headers = _headers(request)
        if not _is_json(request) and not _is_encrypted(headers):
            raise ProblemError(_NOT_JSON_TYPE)
        body = await _body(request)
        decided: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def answer(reply: Reply) -> None:
            if not decided.done():
                decided.set_result(reply)

        self._server.submit(body, headers, _peer(request), answer)
        return _response(request, await decided)

    async def _get_call(self, request: Request) -> Response:
        business = await self._business(request)
        call = _reference(request)
        await self._recall(call)
        view = self._server.call(call, business.identifier)
        if view is None:
            raise ProblemError(NOT_FOUND)
        return Response(_encode(view), media_type="application/json")

    async def _get_events(self, request: Request) -> Response:
        business = (await self._business(request)).identifier
        call = _reference(request)
        after = round(_query_number(request, "after", LIMIT_AFTER, whole=True))
        wait_s = _query_number(request, "wait", LIMIT_WAIT_S)
        await self._recall(call)
        page = self._server.events(call, business, after)
        if page is not None and not page.events and not page.final and wait_s > 0:
            await self._news(call, wait_s)
            page = self._server.events(call, business, after)
        if page is None:
            raise ProblemError(NOT_FOUND)
        return Response(_encode(page), media_type="application/json")

    async def _add_party(self, request: Request) -> Response:
        if not _is_json(request):
            raise ProblemError(_NOT_JSON_TYPE)
        business = (await self._business(request)).identifier
        call = _reference(request)
        number = _party(await _body(request))
        await self._recall(call)
        added = self._server.add_party(call, business, number)
        if added is None:
            raise ProblemError(NOT_FOUND)
        if not added:
            raise ProblemError(_NOT_BRIDGED)
        view = self._server.call(call, business)
        return Response(_encode(view), 202, media_type="application/json")

    async def _recall(self, call: str) -> None:
        """Let the server remember a call that the journal has; 503 when that cannot be read."""
        if self._older is None or self._server.knows(call):
            return
        entries = await self._older(call)
        if entries is None:
            raise ProblemError(errors.BUSY)
        self._server.recall(call, entries)

    async def _news(self, call: str, wait_s: float) -> None:
        """Return at the call's next event, or after `wait_s`."""
        news = asyncio.Event()
        forget = self._server.watch(call, news.set)
        if forget is None:
            raise ProblemError(errors.BUSY)
        try:
            async with asyncio.timeout(wait_s):
                await news.wait()
        except TimeoutError:
            pass
        finally:
            forget()

    async def _get_schema(self, request: Request) -> Response:
        schema = self._schemas.get(request.path_params["figure"])
        if schema is None:
            detail = "figures 7, 8 and 9 are messages"
            raise ProblemError(msgspec.structs.replace(NOT_FOUND, detail=detail))
        return Response(schema, media_type="application/schema+json")

    async def _get_openapi(self, request: Request) -> Response:
        return Response(self._openapi, media_type="application/json")

    async def _get_health(self, request: Request) -> Response:
        cpu_s = self._cpu_s() if is_loopback(_sender(request)) else None
        health = Health("ok", self._server.name, cpu_s)
        return Response(_encode(health), media_type="application/json")

    async def _business(self, request: Request) -> Business:
        """Who asks; ProblemError 401 when it has not proved it."""
        identifier, password = _basic(request.headers.get("authorization", ""))
        peer = _sender(request)
        decided: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

        def done(verdict: Verdict) -> None:
            if not decided.done():
                decided.set_result(verdict)

        self._accounts.authenticate(identifier, password, peer, done)
        verdict = await decided
        if isinstance(verdict, Denial):
            busy = verdict.reason == "verifier_busy"
            raise ProblemError(errors.BUSY if busy else errors.NOT_ACCEPTED)
        return verdict

    def _met_bug(self) -> None:
        self.bugs += 1


def http_app(
    server: Door,
    accounts: Accounts,
    new_request_id: Callable[[], str],
    cpu_s: Callable[[], float] = time.process_time,
    older: Older | None = None,
) -> ASGIApp:
    """The ASGI application of a server; see `HttpSurface`."""
    return HttpSurface(server, accounts, new_request_id, cpu_s, older).app


def _response(
    request: Request, reply: Reply, more_headers: Mapping[str, str] | None = None
) -> Response:
    headers = {**dict(reply.headers), **(more_headers or {})}
    view = reply.view
    if isinstance(view, ProblemView):
        view = msgspec.structs.replace(view, instance=request.url.path)
        return problem_response(request, view, headers)
    return Response(_encode(view), reply.status, headers, "application/json")


def _problem_answer(
    request: Request, problem: ProblemDetail, headers: Mapping[str, str]
) -> Response:
    return _response(request, declined(problem), headers)


def _unserved(request: Request, error: HTTPException) -> ProblemDetail:
    title, code = _TITLES.get(error.status_code, ("Refused", "refused"))
    detail = f"{request.method} is not served here"
    return ProblemDetail(status=error.status_code, code=code, title=title, detail=detail)


async def _body(request: Request) -> bytes:
    """The body, bounded in size and time; ProblemError beyond."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and len(announced) < 20 and int(announced) > LIMIT_OCTETS:
        raise ProblemError(_TOO_LARGE)
    body = bytearray()
    try:
        async with asyncio.timeout(LIMIT_BODY_S):
            async for chunk in request.stream():
                body += chunk
                if len(body) > LIMIT_OCTETS:
                    raise ProblemError(_TOO_LARGE)
    except (TimeoutError, ClientDisconnect) as error:
        raise ProblemError(_TOO_SLOW) from error
    return bytes(body)


def _party(body: bytes) -> str:
    """The number of a request to add a party; ProblemError 400 or 422."""
    try:
        asked = parse_object(body)
        given = asked.pop("number", None)
        if not isinstance(given, str) or asked:
            what = "one field, number, is expected: E.164 with +, or an address"
            raise MessageError(Fault("/number", "missing", what))
        return str(parse_address(given))
    except MessageError as error:
        raise ProblemError(errors.malformed(error)) from error
    except NumberingError as error:
        fault = MessageError(Fault("/number", "number", str(error)))
        raise ProblemError(errors.malformed(fault)) from error


def _is_json(request: Request) -> bool:
    media_type, _, parameters = request.headers.get("content-type", "").partition(";")
    charset = parameters.replace(" ", "").replace('"', "").lower()
    return (
        media_type.strip().lower() == "application/json"
        and charset in ("", "charset=utf-8")
        and request.headers.get("content-encoding", "identity") == "identity"
    )


def _is_encrypted(headers: Mapping[str, str]) -> bool:
    return is_jose(headers) and headers.get("content-encoding", "identity") == "identity"


def _headers(request: Request) -> dict[str, str]:
    """Lower-case names; a header that came twice has both values, joined by a comma."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def _sender(request: Request) -> str:
    """The peer's address; behind a proxy it is no address of a sender."""
    peer = _peer(request)
    if any(name in request.headers for name in PROXY_HEADERS):
        return f"behind proxy {peer}"
    return peer


def _reference(request: Request) -> str:
    call: str = request.path_params["call"]
    if not is_reference(call):
        raise ProblemError(NOT_FOUND)
    return call


def _basic(header: str) -> tuple[str, str]:
    """Business and password of HTTP Basic (RFC 7617); ProblemError 401 when there is none."""
    scheme, _, credentials = header.partition(" ")
    try:
        if scheme.lower() == "basic":
            octets = base64.b64decode(credentials.strip(), validate=True)
            identifier, colon, password = octets.decode("utf-8").partition(":")
            if colon:
                return identifier, password
    except (binascii.Error, UnicodeDecodeError, ValueError):
        pass
    raise ProblemError(errors.NOT_ACCEPTED)


def _query_number(request: Request, name: str, largest: float, *, whole: bool = False) -> float:
    text = request.query_params.get(name, "0")
    pattern = r"[0-9]{1,9}" if whole else r"[0-9]{1,9}(\.[0-9]{1,6})?"
    if re.fullmatch(pattern, text) and float(text) <= largest:
        return float(text)
    kind = "whole number" if whole else "number"
    detail = f"{name} must be a {kind} from 0 to {largest:g}"
    raise ProblemError(
        ProblemDetail(status=400, code="invalid_query", title="Invalid query", detail=detail)
    )
