"""Who sends a request: the seam between the surface and whoever proves identities.

`Authenticate` is given the request and its body and says who asks, None when the request carries no
credential at all, or raises ProblemError (401, 403, 503). `by_password` is the plainest one: HTTP
Basic (RFC 7617) with a business's identifier and password.
"""

import asyncio
import base64
import binascii
from collections.abc import Awaitable, Callable

from starlette.requests import Request

from calleq.accounts import Accounts, Denial, Verdict
from calleq.accounts.principal import Principal
from calleq.intake import errors
from calleq.intake.intake import PROXY_HEADERS
from calleq.web.problems import ProblemError

Authenticate = Callable[[Request, bytes], Awaitable[Principal | None]]


def peer_of(request: Request) -> str:
    """The address that the request comes from; empty when there is none."""
    return request.client.host if request.client else ""


def sender_of(request: Request) -> str:
    """The peer's address; behind a proxy it is no address of a sender."""
    peer = peer_of(request)
    if any(name in request.headers for name in PROXY_HEADERS):
        return f"behind proxy {peer}"
    return peer


def headers_of(request: Request) -> dict[str, str]:
    """Lower-case names; a header that came twice has both values, joined by a comma."""
    headers: dict[str, str] = {}
    for name, value in request.headers.items():
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def by_password(accounts: Accounts) -> Authenticate:
    """Identifier and password of a business."""

    async def authenticate(request: Request, body: bytes) -> Principal | None:
        header = request.headers.get("authorization")
        if header is None:
            return None
        identifier, password = _basic(header)
        decided: asyncio.Future[Verdict] = asyncio.get_running_loop().create_future()

        def done(verdict: Verdict) -> None:
            if not decided.done():
                decided.set_result(verdict)

        accounts.authenticate(identifier, password, sender_of(request), done)
        verdict = await decided
        if isinstance(verdict, Denial):
            busy = verdict.reason == "verifier_busy"
            raise ProblemError(errors.BUSY if busy else errors.NOT_ACCEPTED)
        return Principal("business_owner", "password", verdict.identifier, verdict.identifier)

    return authenticate


def _basic(header: str) -> tuple[str, str]:
    """Business and password; ProblemError 401 when there are none."""
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
