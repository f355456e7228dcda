"""How a request is signed: what its sender and a door must agree on, octet for octet.

Four headers say who signed, when, under what nonce, and the signature itself:

    Calleq-Credential: abc-shop-1
    Calleq-Timestamp: 1790000000
    Calleq-Nonce: pVkG3qk0sWgQ1m6pB0xYvg
    Calleq-Signature: v1=2a0f…

Signed (HMAC-SHA-256 under the secret's own octets) are seven lines: `calleq-v1`, credential,
timestamp in whole seconds since 1970 (UTC), nonce, method, target (path and query as they are on
the request line) and the SHA-256 of the body in hexadecimal. None of them may contain a line feed,
so no two requests have the same lines.

Owns no secret and decides nothing: a door's checks are in `calleq.accounts.signatures`.
"""

import hmac
from hashlib import sha256

CREDENTIAL = "calleq-credential"
TIMESTAMP = "calleq-timestamp"
NONCE = "calleq-nonce"
SIGNATURE = "calleq-signature"
SIGNED_HEADERS = frozenset((CREDENTIAL, TIMESTAMP, NONCE, SIGNATURE))
VERSION = "v1"


def signature_of(
    secret: str,
    credential: str,
    timestamp: str,
    nonce: str,
    method: str,
    target: str,
    body_digest: str,
) -> str:
    """The value of `Calleq-Signature`; `body_digest` is SHA-256 in hexadecimal.

    >>> signature_of("s", "abc", "1790000000", "n", "GET", "/v1/calls", sha256(b"").hexdigest())[:9]
    'v1=b11050'
    """
    parts = ("calleq-v1", credential, timestamp, nonce, method, target, body_digest)
    signed = "\n".join(parts).encode("utf-8", "surrogatepass")
    return f"{VERSION}={hmac.new(secret.encode(), signed, sha256).hexdigest()}"


def signed_headers(
    secret: str,
    credential: str,
    *,
    at_s: int,
    nonce: str,
    method: str,
    target: str,
    body: bytes = b"",
) -> dict[str, str]:
    """The four headers of one request. `at_s` is now, and `nonce` is used this once: 128 random
    bits, for example `secrets.token_urlsafe(16)`."""
    digest = sha256(body).hexdigest()
    signature = signature_of(secret, credential, str(at_s), nonce, method, target, digest)
    return {CREDENTIAL: credential, TIMESTAMP: str(at_s), NONCE: nonce, SIGNATURE: signature}
