"""The one request that comes by the thousand, `POST /v1/calls`, answered without ASGI's machinery.

It is what the route `placeCall` is, by the same door, authenticator, policy and answers; a test
holds every answer of the two beside each other. Whatever is not plainly that request (another
method, a query, a media type that is refused) is left to the application.
"""

import logging
import re
from collections.abc import Callable

import msgspec

from calleq.access_server.reading import is_json
from calleq.access_server.routes_calls import ROUTES
from calleq.accounts import Denial
from calleq.accounts.authenticator import Authenticator, RequestProof
from calleq.accounts.principal import Principal
from calleq.door.door import Door
from calleq.door.replies import Reply, declined
from calleq.intake import errors
from calleq.intake.intake import PROXY_HEADERS
from calleq.messages.answers import ProblemView
from calleq.messages.strict_json import LIMIT_OCTETS
from calleq.relay import FrontDoor
from calleq.web.exchange import HOUSE_LINES, Request, Response, header_map
from calleq.web.problems import ProblemDetail

PATH = "/v1/calls"
_TARGET = PATH.encode()
_ROUTE = next(route for route in ROUTES if (route.method, route.path) == ("POST", PATH))
_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_JSON = b"content-type: application/json\r\n"
_PROBLEM = b"content-type: application/problem+json\r\n"
_encode = msgspec.json.Encoder().encode
_log = logging.getLogger(__name__)

_BUG = ProblemDetail(
    status=500,
    code="internal",
    title="Internal error",
    detail="the fault is ours; quote the request id",
)

Say = Callable[[Response], None]


class DirectCalls:
    """A `Direct` handler of one door."""

    def __init__(
        self,
        door: Door | FrontDoor,
        new_request_id: Callable[[], str],
        authenticator: Authenticator | None = None,
        met_bug: Callable[[], object] = lambda: None,
    ) -> None:
        """Without an `authenticator` only messages that carry their own proof are answered here."""
        self._door = door
        self._new_request_id = new_request_id
        self._authenticator = authenticator
        self._met_bug = met_bug

    def __call__(self, request: Request, answer: Say) -> bool:
        """Answer it, at once or later; False where it is another request."""
        if request.target != _TARGET or request.method != b"POST":
            return False
        headers = header_map(request.headers)
        content_type = headers.get("content-type", "")
        coding = headers.get("content-encoding", "identity")
        if content_type != "application/json" and not is_json(content_type, coding, sealed=True):
            return False
        if coding != "identity" or len(request.body) > LIMIT_OCTETS:
            return False
        if self._authenticator is None and "authorization" in headers:
            return False
        given = headers.get("request-id", "")
        request_id = given if _REQUEST_ID.fullmatch(given) else self._new_request_id()

        def reply(said: Reply) -> None:
            answer(_response(said, request_id))

        try:
            self._place(request, headers, reply)
        except Exception:
            _log.exception("a request to place a call met a defect")
            self._met_bug()
            reply(declined(_BUG))
        return True

    def _place(
        self, request: Request, headers: dict[str, str], reply: Callable[[Reply], None]
    ) -> None:
        def submit(principal: Principal | None) -> None:
            self._door.submit(request.body, headers, request.address, reply, principal=principal)

        authenticator = self._authenticator
        if authenticator is None:
            submit(None)
            return
        peer = request.address
        if not PROXY_HEADERS.isdisjoint(headers):
            peer = f"behind proxy {peer}"
        proof = RequestProof("POST", PATH, headers, request.body, peer, request.certificate)
        if not authenticator.is_offered(proof):
            submit(None)
            return

        def proved(verdict: Principal | Denial) -> None:
            if isinstance(verdict, Denial):
                self._door.intake.denied(verdict, peer)
                reply(declined(errors.BUSY if verdict.is_busy else errors.NOT_ACCEPTED))
            elif (refused := _ROUTE.refusal(verdict)) is not None:
                reply(declined(refused))
            else:
                submit(verdict)

        authenticator.authenticate(proof, proved)


def _response(said: Reply, request_id: str) -> Response:
    view = said.view
    kind = _JSON
    if isinstance(view, ProblemView):
        view = msgspec.structs.replace(view, instance=PATH, request_id=request_id)
        kind = _PROBLEM
    more = "".join([f"{name}: {value}\r\n" for name, value in said.headers])
    lines = b"%b%brequest-id: %b\r\n%b" % (kind, more.encode(), request_id.encode(), HOUSE_LINES)
    return Response(said.status, lines, _encode(view))
