"""Every proof of who sends a request, at a door: what `Authenticate` of a surface does in earnest.

Whoever is not let in is told one thing (`NOT_ACCEPTED`, or that it may ask again where nothing was
looked at); the true reason is said to the door, which writes it down.
"""

import asyncio
from collections.abc import Callable

from starlette.requests import Request

from calleq.access_server.senders import Authenticate, headers_of, sender_of
from calleq.accounts import Denial
from calleq.accounts.authenticator import Authenticator, RequestProof
from calleq.accounts.principal import Principal
from calleq.intake import errors
from calleq.web.certificates import certificate_in
from calleq.web.problems import ProblemError
from calleq.web.told import BY, DENIED, PROOF, WHO

Denied = Callable[[Denial, str], object]
"""Told why somebody was not let in, and from which address."""


def by_proof(authenticator: Authenticator, denied: Denied) -> Authenticate:
    """Keys, signatures, page tokens, certificates and passwords."""

    async def authenticate(request: Request, body: bytes) -> Principal | None:
        proof = proof_of(request, body)
        if not authenticator.is_offered(proof):
            why = "unknown_certificate" if proof.certificate else "no_credential"
            request.scope[DENIED] = why
            return None
        decided: asyncio.Future[Principal | Denial] = asyncio.get_running_loop().create_future()

        def done(verdict: Principal | Denial) -> None:
            if not decided.done():
                decided.set_result(verdict)

        authenticator.authenticate(proof, done)
        verdict = await decided
        if isinstance(verdict, Denial):
            request.scope[DENIED] = verdict.reason
            denied(verdict, proof.peer)
            raise ProblemError(errors.BUSY if verdict.is_busy else errors.NOT_ACCEPTED)
        request.scope[WHO] = verdict.business or "carrier"
        request.scope[BY] = verdict.credential or verdict.name
        request.scope[PROOF] = verdict.proof
        return verdict

    return authenticate


def proof_of(request: Request, body: bytes) -> RequestProof:
    """The request as far as it says who sends it."""
    scope = request.scope
    target: bytes = scope.get("raw_path") or scope["path"].encode()
    query: bytes = scope["query_string"]
    return RequestProof(
        request.method,
        (target + b"?" + query if query else target).decode("latin-1"),
        headers_of(request),
        body,
        sender_of(request),
        certificate_in(scope),
    )
