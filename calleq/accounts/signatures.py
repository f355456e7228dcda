"""Whether a signed request was signed by whom it says, lately, and for the first time.

The form is `calleq.messages.signing`. A signature is good for `WINDOW_S` after its timestamp, and
from `AHEAD_S` before it (clocks differ). Its nonce is used when, and only when, everything else
about it is right: a stranger cannot use up anybody's nonces.
"""

import hmac
import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Literal

import msgspec

from calleq.accounts.replays import Replays
from calleq.messages.signing import CREDENTIAL, NONCE, SIGNATURE, TIMESTAMP, signature_of

WINDOW_S = 300
AHEAD_S = 60

SignatureFault = Literal[
    "malformed_signature",
    "stale_timestamp",
    "bad_signature",
    "replayed_nonce",
    "replays_full",
]

_CREDENTIAL = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
_TIMESTAMP = re.compile(r"[1-9][0-9]{8,10}", re.ASCII)
_NONCE = re.compile(r"[A-Za-z0-9_-]{16,64}", re.ASCII)
_SIGNATURE = re.compile(r"v1=[0-9a-f]{64}", re.ASCII)


class SignedRequest(msgspec.Struct, frozen=True):
    """The four headers of a signed request, each of the right form."""

    credential: str
    timestamp: str
    nonce: str
    signature: str


def signed_request(headers: Mapping[str, str]) -> SignedRequest | None:
    """What the headers (names in lower case) say; None where one is missing or malformed."""
    found = tuple(headers.get(name, "") for name in (CREDENTIAL, TIMESTAMP, NONCE, SIGNATURE))
    forms = (_CREDENTIAL, _TIMESTAMP, _NONCE, _SIGNATURE)
    if not all(form.fullmatch(text) for form, text in zip(forms, found, strict=True)):
        return None
    return SignedRequest(*found)


def check_signature(
    signed: SignedRequest,
    secret: str,
    method: str,
    target: str,
    body: bytes,
    replays: Replays,
    now_s: int,
) -> SignatureFault | None:
    """What is wrong with a signature; None, and its nonce used, where nothing is."""
    at_s = int(signed.timestamp)
    expected = signature_of(
        secret,
        signed.credential,
        signed.timestamp,
        signed.nonce,
        method,
        target,
        sha256(body).hexdigest(),
    )
    if not hmac.compare_digest(expected, signed.signature):
        return "bad_signature"
    if not now_s - WINDOW_S < at_s <= now_s + AHEAD_S or at_s < replays.since_s:
        return "stale_timestamp"
    match replays.use(signed.credential, signed.nonce, at_s + WINDOW_S, now_s):
        case "first":
            return None
        case "again":
            return "replayed_nonce"
        case "full":
            return "replays_full"
