"""Who sends a request: one proof, looked at once, by the same rules at every door.

| proof | in the request |
|---|---|
| password or PIN | `Authorization: Basic` of `business`, `business/user` or `/user` (carrier) |
| API key | `Authorization: Bearer cq_live_…` |
| signature | four headers (`calleq.messages.signing`) |
| page token | `Calleq-Page-Token`, with what the browser says of page and visitor beside it |
| certificate | the client's own, in the TLS handshake; where none of the above is there |

A request with two of the first four is refused: nobody has a reason for it. Whatever is wrong ends
in a `Denial` with the true reason, for the log; a door tells everyone the same. A signature and a
page token are used up only when everything else about them is right. The password in the body of
figure 8 is the intake's own and not looked at here.

Keys, signatures, tokens and certificates cannot be guessed (256 bits), so nothing limits how often
they are tried: a stranger who tries many shuts nobody out.
"""

import base64
import binascii
from collections import Counter
from collections.abc import Callable, Mapping

import msgspec

from calleq.accounts.accounts import Accounts
from calleq.accounts.credential import Credential
from calleq.accounts.denial import Denial, DenialReason
from calleq.accounts.origins import Origins
from calleq.accounts.page_tokens import (
    VISITOR_COOKIE,
    PageToken,
    PageTokens,
    Presented,
)
from calleq.accounts.principal import Principal, Proof
from calleq.accounts.replays import Replays
from calleq.accounts.signatures import check_signature, signed_request
from calleq.messages.signing import CREDENTIAL, SIGNED_HEADERS
from calleq.runtime.clock import Clock
from calleq.units import SECOND_US

PAGE_TOKEN = "calleq-page-token"
VISITOR_HEADER = "calleq-visitor"
_PROVING = frozenset(("authorization", PAGE_TOKEN)) | SIGNED_HEADERS
LIMIT_BASIC = 1_024
"""Octets of identifier and password, encoded."""

Done = Callable[[Principal | Denial], object]


class RequestProof(msgspec.Struct, frozen=True):
    """A request as far as it says who sends it."""

    method: str
    target: str
    """Path and query, as they stand on the request line."""
    headers: Mapping[str, str]
    """Names in lower case; of a header that came twice both values, joined by a comma."""
    body: bytes = b""
    peer: str = ""
    """The sender's IP address; any other text counts as from outside."""
    certificate: str = ""
    """SHA-256 of the client's certificate (DER), hexadecimal; empty: it showed none."""


class Authenticator:
    """Proofs of one process. `replays` and `tokens` are those of all its doors."""

    def __init__(
        self,
        accounts: Accounts,
        clock: Clock,
        tokens: PageTokens,
        replays: Replays,
        used: Callable[[str], object] = lambda credential: None,
    ) -> None:
        """`used` is told the identifier of every credential that has proved somebody."""
        self._accounts = accounts
        self._registry = accounts.registry
        self._clock = clock
        self._tokens = tokens
        self._replays = replays
        self._used = used
        self.origins = Origins(accounts.registry, clock)
        """Where the pages of businesses are served."""
        self.denials: Counter[str] = Counter()
        """How many were not let in, by the true reason."""

    def authenticate(self, proof: RequestProof, done: Done) -> None:
        """Call `done` once with who asks, at once where no password has to be verified."""

        def decided(verdict: Principal | Denial) -> None:
            if isinstance(verdict, Denial):
                self.denials[verdict.reason] += 1
            elif verdict.credential and verdict.proof != "page_token":
                self._used(verdict.credential)
            done(verdict)

        headers = proof.headers
        offered = [name for name in ("authorization", PAGE_TOKEN) if name in headers]
        if not SIGNED_HEADERS.isdisjoint(headers):
            offered.append(CREDENTIAL)
        match offered:
            case []:
                decided(self._by_certificate(proof))
            case ["authorization"]:
                self._by_authorization(proof, decided)
            case [name]:
                by = self._by_page_token if name == PAGE_TOKEN else self._by_signature
                decided(by(proof))
            case _:
                decided(Denial("several_credentials"))

    def is_offered(self, proof: RequestProof) -> bool:
        """Whether the request carries a proof at all, good or bad. A certificate of somebody
        unknown is none: a client may have one for other purposes, and a password besides."""
        if not _PROVING.isdisjoint(proof.headers):
            return True
        known = proof.certificate and self._registry.by_fingerprint(proof.certificate)
        return bool(known)

    def issue_page_token(
        self, identifier: str, business: str, origin: str, page: str, visitor: str, lifetime_s: int
    ) -> str:
        """A token for one request from a page of this business; `identifier` is random."""
        now_s = self._now_s()
        return self._tokens.issue(identifier, business, origin, page, visitor, now_s, lifetime_s)

    def _by_authorization(self, proof: RequestProof, done: Done) -> None:
        scheme, _, rest = proof.headers["authorization"].partition(" ")
        match scheme.lower():
            case "bearer":
                done(self._by_key(rest.strip()))
            case "basic":
                given = _basic(rest.strip())
                if given is None:
                    done(Denial("malformed_credential"))
                else:
                    self._accounts.prove(*given, proof.peer, done)
            case _:
                done(Denial("malformed_credential"))

    def _by_key(self, presented: str) -> Principal | Denial:
        credential = self._registry.api_key(presented)
        if credential is None:
            return Denial("unknown_credential")
        return self._standing(credential, "api_key")

    def _by_certificate(self, proof: RequestProof) -> Principal | Denial:
        if not proof.certificate:
            return Denial("no_credential")
        credential = self._registry.by_fingerprint(proof.certificate)
        if credential is None:
            return Denial("unknown_certificate")
        return self._standing(credential, "certificate")

    def _by_signature(self, proof: RequestProof) -> Principal | Denial:
        signed = signed_request(proof.headers)
        if signed is None:
            return Denial("malformed_signature")
        credential = self._registry.credential(signed.credential)
        if credential is None or credential.kind != "signing_key":
            return Denial("unknown_credential")
        standing = self._standing(credential, "signature")
        secret = self._registry.signing_secret(credential)
        if isinstance(standing, Denial) or secret is None:
            return standing if isinstance(standing, Denial) else Denial("unknown_credential")
        fault = check_signature(
            signed, secret, proof.method, proof.target, proof.body, self._replays, self._now_s()
        )
        if fault is not None:
            return Denial(fault, credential.business, credential.identifier)
        return standing

    def _by_page_token(self, proof: RequestProof) -> Principal | Denial:
        presented = _presented(proof.headers)
        now_s = self._now_s()
        if isinstance(presented, Denial):
            return presented
        token = self._tokens.read(presented, now_s)
        if not isinstance(token, PageToken):
            return Denial(token)
        denied = self._unfit(token)
        if denied is not None:
            return Denial(denied, token.business, token.identifier)
        match self._replays.use(f"page {token.business}", token.identifier, token.expires_s, now_s):
            case "again":
                return Denial("replayed_page_token", token.business, token.identifier)
            case "full":
                return Denial("replays_full", token.business, token.identifier)
            case "first":
                return Principal(
                    "page",
                    "page_token",
                    token.business,
                    token.page,
                    token.identifier,
                    token.visitor,
                    token.origin,
                    token.page,
                )

    def _unfit(self, token: PageToken) -> DenialReason | None:
        """Why a token that is right in itself authorises nothing now."""
        business = self._registry.business(token.business)
        if business is None or not business.active:
            return "suspended"
        if token.origin not in business.origins:
            return "origin_not_allowed"
        if token.issued_s < self._replays.since_s:
            return "expired_page_token"
        return None

    def _standing(self, credential: Credential, proof: Proof) -> Principal | Denial:
        standing = self._registry.standing(credential, self._clock.now_us())
        if standing != "good":
            return Denial(standing, credential.business, credential.identifier)
        return Principal(
            credential.role,
            proof,
            credential.business,
            credential.user or credential.label or credential.business,
            credential.identifier,
            scopes=credential.scopes,
        )

    def _now_s(self) -> int:
        return self._clock.now_us() // SECOND_US


def _basic(encoded: str) -> tuple[str, str] | None:
    """Identifier and password of HTTP Basic (RFC 7617); None where it is malformed."""
    if len(encoded) > LIMIT_BASIC:
        return None
    try:
        octets = base64.b64decode(encoded, validate=True)
        identifier, colon, password = octets.decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return None
    return (identifier, password) if colon else None


def _presented(headers: Mapping[str, str]) -> Presented | Denial:
    visitors = set()
    for pair in headers.get("cookie", "").split(";"):
        name, _, value = pair.strip().partition("=")
        if name == VISITOR_COOKIE:
            visitors.add(value)
    if VISITOR_HEADER in headers:
        visitors.add(headers[VISITOR_HEADER])
    if len(visitors) > 1:
        return Denial("other_visitor")
    return Presented(
        headers[PAGE_TOKEN],
        headers.get("origin", ""),
        headers.get("referer", ""),
        visitors.pop() if visitors else "",
    )
