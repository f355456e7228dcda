"""Digest authentication (RFC 3261 §22, RFC 7616, RFC 8760), the arithmetic and the header fields.

Owns what challenges and credentials say and how a response is computed, with MD5 and SHA-256 and
`qop=auth`. Who is let in is `Guard`'s (in `guard`), what is answered to a challenge `answer`'s.

Odd cases: a challenge of an unknown scheme or algorithm is skipped, one with `auth-int` alone is
not answered; without `qop` the response is that of RFC 2069, which old servers want and our guard
refuses. SHA-256 is taken before MD5 wherever both are offered (RFC 8760 §2.4).
"""

import hashlib
import re
from collections.abc import Callable, Sequence

import msgspec

from calleq.sip.bounds import SipError
from calleq.sip.grammar import parse_assignments, quote

_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {
    "SHA-256": hashlib.sha256,
    "MD5": hashlib.md5,
}
ALGORITHMS = tuple(_HASHES)
"""Strongest first: the order in which they are offered and taken."""
_COUNT = re.compile(r"[0-9a-f]{8}", re.IGNORECASE)
_RESPONSE = re.compile(r"[0-9a-f]{32}|[0-9a-f]{64}", re.IGNORECASE)
_COMMA_SPACE = re.compile(r"\s*,\s*")


class Challenge(msgspec.Struct, frozen=True):
    """What WWW-Authenticate or Proxy-Authenticate asks."""

    realm: str
    nonce: str
    algorithm: str = "MD5"
    qop: tuple[str, ...] = ("auth",)
    stale: bool = False
    opaque: str = ""

    def __str__(self) -> str:
        parts = [
            f"realm={quote(self.realm)}",
            f"nonce={quote(self.nonce)}",
            f"algorithm={self.algorithm}",
        ]
        if self.qop:
            parts.append(f'qop="{",".join(self.qop)}"')
        if self.stale:
            parts.append("stale=true")
        if self.opaque:
            parts.append(f"opaque={quote(self.opaque)}")
        return "Digest " + ", ".join(parts)


class Credentials(msgspec.Struct, frozen=True):
    """What Authorization or Proxy-Authorization shows."""

    username: str
    realm: str
    nonce: str
    uri: str
    response: str
    algorithm: str = "MD5"
    cnonce: str = ""
    count: int = 0
    """nc; 0 where there is no qop."""
    opaque: str = ""

    def __str__(self) -> str:
        parts = [
            f"username={quote(self.username)}",
            f"realm={quote(self.realm)}",
            f"nonce={quote(self.nonce)}",
            f"uri={quote(self.uri)}",
            f'response="{self.response}"',
            f"algorithm={self.algorithm}",
        ]
        if self.count:
            parts += [f"cnonce={quote(self.cnonce)}", "qop=auth", f"nc={self.count:08x}"]
        if self.opaque:
            parts.append(f"opaque={quote(self.opaque)}")
        return "Digest " + ", ".join(parts)


def parse_challenge(text: str) -> Challenge | None:
    """Read one; None where its scheme or algorithm is not known here. Raises SipError."""
    given = _digest(text)
    algorithm = given.get("algorithm", "MD5").upper() if given else ""
    if algorithm not in _HASHES:
        return None
    if not {"realm", "nonce"} <= given.keys():
        raise SipError("a challenge without realm or nonce")
    qop = given.get("qop")
    return Challenge(
        realm=given["realm"],
        nonce=given["nonce"],
        algorithm=algorithm,
        qop=tuple(_COMMA_SPACE.split(qop.strip().lower())) if qop else (),
        stale=given.get("stale", "").lower() == "true",
        opaque=given.get("opaque", ""),
    )


def parse_credentials(text: str) -> Credentials | None:
    """Read them; None where scheme or algorithm is not known here. Raises SipError."""
    given = _digest(text)
    algorithm = given.get("algorithm", "MD5").upper() if given else ""
    if algorithm not in _HASHES:
        return None
    if not {"username", "realm", "nonce", "uri", "response"} <= given.keys():
        raise SipError("credentials without username, realm, nonce, uri or response")
    count = given.get("nc", "00000000")
    if _COUNT.fullmatch(count) is None:
        raise SipError(f"no nonce count: {count[:20]!r}")
    if _RESPONSE.fullmatch(given["response"]) is None:
        raise SipError(f"no response: {given['response'][:20]!r}")
    if ("qop" in given) != ("nc" in given and "cnonce" in given):
        raise SipError("qop, nc and cnonce belong together")
    if "nc" in given and not int(count, 16):
        raise SipError("a nonce count of 0: it begins with 1")
    if given.get("qop", "auth") != "auth":
        raise SipError(f"qop {given['qop'][:20]!r}")
    return Credentials(
        username=given["username"],
        realm=given["realm"],
        nonce=given["nonce"],
        uri=given["uri"],
        response=given["response"].lower(),
        algorithm=algorithm,
        cnonce=given["cnonce"] if "qop" in given else "",
        count=int(count, 16),
        opaque=given.get("opaque", ""),
    )


def _digest(text: str) -> dict[str, str]:
    """What a Digest field says; empty where the scheme is another."""
    scheme, _, rest = text.partition(" ")
    return parse_assignments(rest) if scheme.lower() == "digest" else {}


def _hash(algorithm: str, text: str) -> str:
    return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()


def shared_secret(algorithm: str, username: str, realm: str, password: str) -> str:
    """H(A1): all that a registrar needs to keep of a password."""
    return _hash(algorithm, f"{username}:{realm}:{password}")


def expected(secret: str, shown: Credentials, method: str) -> str:
    """The response that these credentials must have, in hexadecimal."""
    request = _hash(shown.algorithm, f"{method}:{shown.uri}")
    if not shown.count:
        return _hash(shown.algorithm, f"{secret}:{shown.nonce}:{request}")
    way = f"{shown.nonce}:{shown.count:08x}:{shown.cnonce}:auth"
    return _hash(shown.algorithm, f"{secret}:{way}:{request}")


def answer(
    challenge: Challenge,
    username: str,
    password: str,
    method: str,
    uri: str,
    *,
    cnonce: str,
    count: int = 1,
) -> Credentials:
    """Credentials for a request; `count` is how often this nonce was used, this time included."""
    shown = Credentials(
        username=username,
        realm=challenge.realm,
        nonce=challenge.nonce,
        uri=uri,
        response="",
        algorithm=challenge.algorithm,
        cnonce=cnonce if challenge.qop else "",
        count=count if challenge.qop else 0,
        opaque=challenge.opaque,
    )
    secret = shared_secret(challenge.algorithm, username, challenge.realm, password)
    return msgspec.structs.replace(shown, response=expected(secret, shown, method))


def strongest(fields: Sequence[str]) -> Challenge | None:
    """The challenge to answer among the lines of a 401 or 407; None where none can be."""
    known = [parse_challenge(line) for line in fields]
    usable = [one for one in known if one is not None and (not one.qop or "auth" in one.qop)]
    return min(usable, key=lambda one: ALGORITHMS.index(one.algorithm), default=None)
