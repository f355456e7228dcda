"""Answers that every HTTP element gives alike: a problem for whatever is no success, and an id.

`with_problems` makes an application answer so: for `ProblemError`, for the framework's own refusals
(no such path, wrong method) and for a defect of ours, of which nothing but its request id gets out
(the traceback goes to the operator's log). How an element words the last two is its own.

Every answer carries `Request-Id`: the caller's own where it sent a sensible one, else a new one.
"""

import re
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

import msgspec
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from calleq.messages.answers import ProblemView
from calleq.web.problems import ProblemDetail, ProblemError, plain_problem

MEDIA_TYPE = "application/problem+json"

Answer = Callable[[Request, ProblemDetail, Mapping[str, str]], Response]
"""Makes the answer that tells of a problem, with headers besides."""

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,64}")
_BUG = plain_problem(500, "internal_error", "the request met a defect; it has been logged")


def problem_response(
    request: Request, view: ProblemView, headers: Mapping[str, str] | None = None
) -> Response:
    """The answer that tells of a problem and of the request's id."""
    named = msgspec.structs.replace(view, request_id=request_id_of(request))
    return Response(msgspec.json.encode(named), view.status, headers, MEDIA_TYPE)


def answer_problem(
    request: Request, problem: ProblemDetail, headers: Mapping[str, str] | None = None
) -> Response:
    """`Answer` of an element that adds nothing of its own."""
    return problem_response(request, problem.view(), headers)


def request_id_of(request: Request) -> str:
    """The id of a request that came through `with_problems`; empty otherwise."""
    identifier = request.scope.get("request_id", "")
    return identifier if isinstance(identifier, str) else ""


def unserved(request: Request, error: HTTPException) -> ProblemDetail:
    """The problem of a request that no route serves, in the framework's words."""
    code = HTTPStatus(error.status_code).phrase.lower().replace(" ", "_")
    detail = f"{request.method} {request.url.path}: {error.detail}"
    return plain_problem(error.status_code, code, detail)


class _RequestIds:
    """Gives every request its id, and every answer its header and those of the house."""

    def __init__(
        self, app: ASGIApp, new_id: Callable[[], str], house_headers: Mapping[str, str]
    ) -> None:
        self._app = app
        self._new_id = new_id
        self._house_headers = [
            (name.encode(), value.encode()) for name, value in house_headers.items()
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        identifier = b""
        for name, value in scope["headers"]:
            if name == b"request-id" and _REQUEST_ID.fullmatch(value):
                identifier = value
        identifier = identifier or self._new_id().encode()
        scope["request_id"] = identifier.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [
                    *message["headers"],
                    (b"request-id", identifier),
                    *self._house_headers,
                ]
            await send(message)

        await self._app(scope, receive, send_with_id)


def with_problems(
    app: Starlette,
    new_id: Callable[[], str] = lambda: uuid.uuid4().hex,
    *,
    answer: Answer = answer_problem,
    unserved: Callable[[Request, HTTPException], ProblemDetail] = unserved,
    bug: ProblemDetail = _BUG,
    met_bug: Callable[[], object] = lambda: None,
    house_headers: Mapping[str, str] | None = None,
) -> ASGIApp:
    """The application, answering every refusal and every defect as RFC 9457 wants it.

    `bug` is said of a defect, and `met_bug` called; `house_headers` go on every answer.
    """

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, ProblemError)
        return answer(request, error.problem, error.headers)

    async def refused_by_framework(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return answer(request, unserved(request, error), error.headers or {})

    async def defect(request: Request, error: Exception) -> Response:
        met_bug()
        return answer(request, bug, {})

    app.add_exception_handler(ProblemError, refused)
    app.add_exception_handler(HTTPException, refused_by_framework)
    app.add_exception_handler(Exception, defect)
    return _RequestIds(app, new_id, house_headers or {})
