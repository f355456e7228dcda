"""The HTTP surface of a door: an ASGI application made of the table of routes, and nothing else.

What happens to a request, in this order: its path and method are found (404, 405 with `Allow`),
its target is short enough (414), its body is read (408, 413, 415), its sender is known (401) and
may use the route (403), its query and body are what the route says (400, 422); then the handler
runs. It decides nothing about messages. Every answer has a `Request-Id`, and every answer that is
no success is an RFC 9457 problem, whatever went wrong: also a bug of ours (500, counted in `bugs`;
the traceback goes to the operator's log and to nobody else).

OPTIONS on a path that is served answers 204 with `Allow`; HEAD is GET without the body.
"""

import secrets
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping

from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as Path
from starlette.types import ASGIApp

from calleq.access_server.call_lists import CallLists
from calleq.access_server.keyed import KeyedAnswers
from calleq.access_server.rates import RequestRates
from calleq.access_server.reading import NO_BODY, body_of, check_json_type, query_of, read_body
from calleq.access_server.replies import reply_response
from calleq.access_server.routes import ROUTES
from calleq.access_server.routing import Context, Route
from calleq.access_server.senders import Authenticate, by_password, headers_of
from calleq.access_server.services import Older, Services
from calleq.access_server.streams import EventStreams
from calleq.accounts import Accounts
from calleq.accounts.principal import Principal
from calleq.door.door import Door
from calleq.door.replies import declined
from calleq.intake import errors
from calleq.intake.intake import IDEMPOTENCY_KEY
from calleq.web.answering import with_problems
from calleq.web.problems import ProblemDetail, ProblemError

LIMIT_TARGET = 4_096
"""Octets of a path and its query."""

AnswerKnown = Callable[[Route, Request, Principal | None, bytes], Awaitable[Response]]
"""Answers a request that may be made, with its body."""

_HOUSE_HEADERS = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
_TITLES = {404: ("Not found", "not_found"), 405: ("Method not allowed", "method_not_allowed")}

_TOO_LONG = ProblemDetail(
    status=414,
    code="target_too_long",
    title="Address too long",
    detail=f"a path and its query have at most {LIMIT_TARGET} octets",
)
_BUG = ProblemDetail(
    status=500,
    code="internal",
    title="Internal error",
    detail="the fault is ours; quote the request id",
)


class Surface:
    """The application is `app`: everything up to a request whose sender is known and may use the
    route; `answer` is told how it goes on."""

    def __init__(
        self,
        new_request_id: Callable[[], str],
        authenticate: Authenticate,
        answer: AnswerKnown,
        routes: Iterable[Route] = ROUTES,
    ) -> None:
        """`new_request_id` makes a short random text."""
        self._authenticate = authenticate
        self._answer = answer
        self.bugs = 0
        """Requests that ended in an error of ours."""
        by_path: dict[str, dict[str, Route]] = {}
        for route in routes:
            by_path.setdefault(route.path, {})[route.method] = route
        starlette = Starlette(
            routes=[self._path(path, by_method) for path, by_method in by_path.items()]
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

    def _path(self, path: str, by_method: Mapping[str, Route]) -> Path:
        """What serves one path, whatever the method."""
        allow = {"allow": ", ".join(_allowed(by_method))}

        async def endpoint(request: Request) -> Response:
            method = request.method
            route = by_method.get("GET" if method == "HEAD" else method)
            if route is not None:
                return await self._serve(route, request)
            if method == "OPTIONS":
                return Response(None, 204, allow)
            raise HTTPException(405, headers=allow)

        served = Path(path, endpoint)
        served.methods = None  # the framework would name them in no certain order
        return served

    async def _serve(self, route: Route, request: Request) -> Response:
        scope = request.scope
        if len(scope["path"]) + len(scope["query_string"]) > LIMIT_TARGET:
            raise ProblemError(_TOO_LONG)
        octets = await self._octets(route, request)
        principal = await self._principal(route, request, octets)
        return await self._answer(route, request, principal, octets)

    async def _octets(self, route: Route, request: Request) -> bytes:
        if route.body is not None:
            check_json_type(request, sealed=route.sealed)
            return await read_body(request)
        if not route.changes:
            return b""
        octets = await read_body(request)
        if octets:
            raise ProblemError(NO_BODY)
        return octets

    async def _principal(self, route: Route, request: Request, octets: bytes) -> Principal | None:
        policy = route.policy
        if policy.owner == "public":
            return None
        principal = await self._authenticate(request, octets)
        if principal is None:
            if policy.proof_in_message:
                return None
            raise ProblemError(errors.NOT_ACCEPTED)
        refused = route.refusal(principal)
        if refused is not None:
            raise ProblemError(refused)
        return principal

    def _met_bug(self) -> None:
        self.bugs += 1


class HttpSurface:
    """The application is `app`; what stands behind it is added to `services`."""

    def __init__(
        self,
        server: Door,
        accounts: Accounts,
        new_request_id: Callable[[], str],
        cpu_s: Callable[[], float],
        older: Older | None = None,
        *,
        authenticate: Authenticate | None = None,
        routes: Iterable[Route] = ROUTES,
    ) -> None:
        """`cpu_s` is the process's processor time so far; `older` is asked for calls that the
        server does not remember; `authenticate` None: by password alone."""
        self.services = Services(server, accounts, older, cpu_s)
        self.services.add(CallLists, CallLists(self.services, secrets.token_bytes(32)))
        self.services.add(EventStreams, EventStreams())
        self.services.add(KeyedAnswers, KeyedAnswers())
        self._rates = RequestRates()
        authenticate = authenticate or by_password(accounts)
        self._surface = Surface(new_request_id, authenticate, self._serve, routes)
        self.app = self._surface.app

    @property
    def bugs(self) -> int:
        """Requests that ended in an error of ours."""
        return self._surface.bugs

    async def _serve(
        self, route: Route, request: Request, principal: Principal | None, octets: bytes
    ) -> Response:
        if route.counted and principal is not None:
            return await self._serve_counted(route, request, principal, octets)
        return await self._answer(route, request, principal, octets)

    async def _serve_counted(
        self, route: Route, request: Request, principal: Principal, octets: bytes
    ) -> Response:
        """Count it, and say in the answer how many more there may be."""
        told = self._rates.take(_sender(principal), self.services.door.now_us())
        try:
            response = await self._answer(route, request, principal, octets)
        except ProblemError as refused:
            refused.headers.update(told)
            raise
        response.headers.update(told)
        return response

    async def _answer(
        self, route: Route, request: Request, principal: Principal | None, octets: bytes
    ) -> Response:
        query = query_of(request, route.query)
        body: object = None
        if route.body is not None and not _is_raw(route.body):
            body = body_of(octets, route.body)
        asked = Context(request, self.services, principal, query, octets, body)
        if route.takes_key and route.counted and IDEMPOTENCY_KEY in request.headers:
            return await self._serve_once(route, asked)
        return await route.handler(asked)

    async def _serve_once(self, route: Route, asked: Context) -> Response:
        """As the key of the request says: now, or as it was answered before."""
        request, by = asked.request, asked.principal
        sender = "" if by is None else _sender(by)
        key = headers_of(request)[IDEMPOTENCY_KEY]
        who = (sender, route.method, request.url.path, key)
        body = asked.octets if asked.body is None else asked.body
        keyed = self.services.the(KeyedAnswers)
        before = keyed.begin(who, body, self.services.door.now_us())
        if before is not None:
            return before
        try:
            response = await route.handler(asked)
        except ProblemError as refused:
            keyed.refused(who, refused.problem, refused.headers)
            raise
        except BaseException:
            keyed.failed(who)
            raise
        keyed.answered(who, response)
        return response


def http_app(
    server: Door,
    accounts: Accounts,
    new_request_id: Callable[[], str],
    cpu_s: Callable[[], float] = time.process_time,
    older: Older | None = None,
    *,
    authenticate: Authenticate | None = None,
    prepare: Callable[[Services], object] = lambda services: None,
) -> ASGIApp:
    """The ASGI application of a server; see `HttpSurface`. `prepare` adds what stands beside."""
    surface = HttpSurface(server, accounts, new_request_id, cpu_s, older, authenticate=authenticate)
    prepare(surface.services)
    return surface.app


def _sender(principal: Principal) -> str:
    """Whose requests are counted, and keys kept, together."""
    return principal.business or f"carrier {principal.credential}"


def _is_raw(body: object) -> bool:
    """Whether the handler is given the octets: it has its own decoder."""
    return isinstance(body, type) and issubclass(body, BaseModel)


def _allowed(by_method: Mapping[str, Route]) -> list[str]:
    methods = [*by_method]
    if "GET" in by_method:
        methods.append("HEAD")
    return [*methods, "OPTIONS"]


def _problem_answer(
    request: Request, problem: ProblemDetail, headers: Mapping[str, str]
) -> Response:
    return reply_response(request, declined(problem), headers)


def _unserved(request: Request, error: HTTPException) -> ProblemDetail:
    title, code = _TITLES.get(error.status_code, ("Refused", "refused"))
    allowed = (error.headers or {}).get("allow", "")
    if allowed:
        detail = f"{request.method} is not served here, but {allowed}"
    else:
        detail = "nothing is served at this path: GET /docs tells what is, and where"
    return ProblemDetail(status=error.status_code, code=code, title=title, detail=detail)
