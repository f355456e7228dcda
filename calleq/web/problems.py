"""Problem answers of HTTP APIs (RFC 9457), the same shape for every element.

    {"type", "title", "status", "detail", "code", "errors": [{"pointer", "detail"}], "request_id"}

`code` is for programs, `detail` for people; `errors` point into the request's body (RFC 6901).
`with_problems` makes an application answer so: for `Problem`, for the framework's own refusals (no
such path, wrong method) and for a defect of ours, of which nothing but its request id gets out.

Every answer carries `Request-Id`: the caller's own where it sent a sensible one, else a new one.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MEDIA_TYPE = "application/problem+json"
TYPE_BASE = "tag:calleq.example,2026:problem/"
"""RFC 9457 §3.1.1: a tag URI names a type where no page explains it."""
ERRORS_LIMIT = 100
"""Faults listed in one answer."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class FieldError(msgspec.Struct, frozen=True):
    """One fault of the request's body."""

    pointer: str
    """RFC 6901, for example `/to`."""
    detail: str


class Problem(Exception):  # noqa: N818 - RFC 9457's word
    """A refusal that is the caller's to mend."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        title: str = "",
        errors: tuple[FieldError, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        """`title` defaults to the status's own phrase."""
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.title = title or HTTPStatus(status).phrase
        self.errors = errors[:ERRORS_LIMIT]
        self.headers = dict(headers or {})


def problem_response(problem: Problem, request_id: str) -> Response:
    """The answer that tells of a problem."""
    body: dict[str, object] = {
        "type": TYPE_BASE + problem.code,
        "title": problem.title,
        "status": problem.status,
        "detail": problem.detail,
        "code": problem.code,
        "request_id": request_id,
    }
    if problem.errors:
        body["errors"] = problem.errors
    return Response(
        msgspec.json.encode(body), problem.status, headers=problem.headers, media_type=MEDIA_TYPE
    )


def request_id_of(request: Request) -> str:
    """The id of a request that came through `with_problems`; empty otherwise."""
    identifier = request.scope.get("request_id", "")
    return identifier if isinstance(identifier, str) else ""


class _RequestIds:
    """Gives every request its id and every answer the header."""

    def __init__(self, app: ASGIApp, new_id: Callable[[], str]) -> None:
        self._app = app
        self._new_id = new_id

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        asked = Headers(scope=scope).get("request-id", "")
        identifier = asked if _REQUEST_ID.fullmatch(asked) else self._new_id()
        scope["request_id"] = identifier

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["Request-Id"] = identifier
            await send(message)

        await self._app(scope, receive, send_with_id)


def with_problems(app: Starlette, new_id: Callable[[], str] = lambda: uuid.uuid4().hex) -> ASGIApp:
    """The application, answering every refusal and every defect as RFC 9457 wants it."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        return problem_response(error, request_id_of(request))

    async def refused_by_framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        problem = Problem(
            error.status_code,
            phrase.lower().replace(" ", "_"),
            f"{request.method} {request.url.path}: {error.detail}",
            headers=error.headers,
        )
        return problem_response(problem, request_id_of(request))

    async def defect(request: Request, error: Exception) -> Response:
        problem = Problem(500, "internal_error", "the request met a defect; it has been logged")
        return problem_response(problem, request_id_of(request))

    app.add_exception_handler(Problem, refused)
    app.add_exception_handler(HTTPException, refused_by_framework)
    app.add_exception_handler(Exception, defect)
    return _RequestIds(app, new_id)
