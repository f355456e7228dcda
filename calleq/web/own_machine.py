"""A surface without a password, for its own machine alone: no page of the internet reaches it.

Being bound to loopback keeps other machines out, not the browser of somebody at this one: a page
may name a host that is 127.0.0.1 after all, or simply post there. So a request must name this
machine as its host, and where it says from which page it comes that must be one of this machine.
"""

from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from calleq.web.answering import answer_problem
from calleq.web.problems import ProblemDetail

OWN_NAMES = frozenset(("127.0.0.1", "localhost", "::1"))
NOT_OWN = ProblemDetail(
    status=403,
    code="not_this_machine",
    title="Not from this machine",
    detail="this is for programs of this machine alone: name it 127.0.0.1 or localhost",
)


class OwnMachine:
    """An application that is there for its own machine alone."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] in ("http", "websocket") and not _is_own(scope):
            answer = answer_problem(Request(scope), NOT_OWN)
            await answer(scope, receive, send)
            return
        await self._app(scope, receive, send)


def _is_own(scope: Scope) -> bool:
    hosts = [b"//" + value for name, value in scope["headers"] if name == b"host"]
    origins = [value for name, value in scope["headers"] if name == b"origin"]
    return len(hosts) == 1 and all(_named(value) for value in (*hosts, *origins))


def _named(value: bytes) -> bool:
    try:
        return urlsplit(value.decode("latin-1")).hostname in OWN_NAMES
    except ValueError:
        return False
