"""Page tokens: what authorises a request of figure 9 that comes from a page and carries no secret.

A business's own server asks for a token with its credential and puts it into the page it serves.
The token says whose it is, on which page of which origin, and for which visitor; it is good for
minutes and once:

    pt1.<payload>.<tag>      both base64url; the tag is HMAC-SHA-256 under a key of the carrier

The visitor is known by a value that the business's server makes and sets as a cookie
(`__Secure-calleq_visitor`); the token holds only its digest. A browser sends the cookie along where
the door has a name below the business's own domain; elsewhere the page sends the value in the
header `Calleq-Visitor`. Without it, or with another, the token is worth nothing, nor is it from
another origin or page. What a browser says of the page is `Origin`, and `Referer` where it sends
that.

Nothing is kept of a token that was issued; of one that was used, until it expires
(`calleq.accounts.replays`).
"""

import base64
import binascii
import hmac
import re
from hashlib import blake2b, sha256
from typing import Literal

import msgspec

from calleq.messages.page_tokens import LIFETIME_S

LIFETIMES_S = (30, 3_600)
"""The shortest and the longest that may be asked for."""
LIMIT_TOKEN = 2_048
LIMIT_PAGE = 512
VISITOR_COOKIE = "__Secure-calleq_visitor"
VISITOR = re.compile(r"[A-Za-z0-9_-]{16,128}", re.ASCII)

TokenFault = Literal[
    "bad_page_token",
    "expired_page_token",
    "other_origin",
    "other_page",
    "other_visitor",
]


class PageToken(msgspec.Struct, frozen=True, array_like=True):
    """What a token says."""

    identifier: str
    business: str
    origin: str
    page: str
    visitor: str
    """Digest of the visitor's value."""
    issued_s: int
    expires_s: int


class Presented(msgspec.Struct, frozen=True):
    """A token with what its browser says beside it; empty: nothing."""

    token: str
    origin: str
    referer: str
    visitor: str


def visitor_digest(business: str, value: str) -> str:
    """By what a visitor is known here: no more than needed to count how often one asks."""
    return blake2b(f"{business}\n{value}".encode(), digest_size=12).hexdigest()


class PageTokens:
    """Makes and reads tokens. `key` is the carrier's, 32 octets or more; the same for all of its
    doors, and after a restart. Tokens that were made by one of `former` are read yet."""

    def __init__(self, key: bytes, former: tuple[bytes, ...] = ()) -> None:
        if any(len(one) < 32 for one in (key, *former)):
            raise ValueError("the key of page tokens needs at least 32 octets")
        self._key = key
        self._keys = (key, *former)

    def issue(
        self,
        identifier: str,
        business: str,
        origin: str,
        page: str,
        visitor: str,
        now_s: int,
        lifetime_s: int = LIFETIME_S,
    ) -> str:
        """A token for one request. `identifier` is random; `visitor` the visitor's value."""
        shortest, longest = LIFETIMES_S
        if not shortest <= lifetime_s <= longest:
            raise ValueError(f"a page token lives {shortest} to {longest} s")
        digest = visitor_digest(business, visitor)
        token = PageToken(identifier, business, origin, page, digest, now_s, now_s + lifetime_s)
        payload = _text(msgspec.msgpack.encode(token))
        return f"pt1.{payload}.{_tag(self._key, payload)}"

    def read(self, presented: Presented, now_s: int) -> PageToken | TokenFault:
        """What a token says, if it is one of ours, in time, and where it belongs."""
        text = presented.token
        version, _, rest = text.partition(".")
        payload, _, tag = rest.partition(".")
        if len(text) > LIMIT_TOKEN or not text.isascii() or version != "pt1":
            return "bad_page_token"
        if not any(hmac.compare_digest(_tag(key, payload), tag) for key in self._keys):
            return "bad_page_token"
        token = _read(payload)
        if token is None:
            return "bad_page_token"
        if not token.issued_s <= now_s + 1 or now_s >= token.expires_s:
            return "expired_page_token"
        return _misplaced(token, presented) or token


def _tag(key: bytes, payload: str) -> str:
    return _text(hmac.new(key, f"pt1.{payload}".encode(), sha256).digest())


def _misplaced(token: PageToken, presented: Presented) -> TokenFault | None:
    if presented.origin != token.origin:
        return "other_origin"
    if presented.referer:
        page = _page_of(presented.referer, token.origin)
        if page is None:
            return "other_origin"
        # A browser may tell the origin alone (Referrer-Policy: strict-origin): no other page then.
        if page not in (token.page, "/"):
            return "other_page"
    if visitor_digest(token.business, presented.visitor) != token.visitor:
        return "other_visitor"
    return None


def _page_of(referer: str, origin: str) -> str | None:
    """The path of a page of that origin; None where it is of another."""
    if not (referer + "/").startswith(origin + "/"):
        return None
    return re.split(r"[?#]", referer[len(origin) :], maxsplit=1)[0] or "/"


def _read(payload: str) -> PageToken | None:
    try:
        octets = base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4))
        return msgspec.msgpack.decode(octets, type=PageToken)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        return None


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()
