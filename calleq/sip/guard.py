"""Who is let in: challenges given out and credentials judged, on the registrar's side.

Owns nonces: each carries when it was made, signed, so that asking costs no memory; one that was
used is kept with its highest count, at most NONCES_LIMIT of them. Where they become more, every
nonce as old as the one that is dropped is stale, so that nothing can be played again.

Odd cases: a right answer to an old nonce is `stale` and asked again, which is no guess; so is a
count that was seen (requests may overtake each other). The hashes are compared in constant time,
and an unknown user takes as long as a known one.
"""

import base64
import binascii
import hmac
import struct
from collections.abc import Callable, Sequence
from enum import Enum, auto
from hashlib import sha256

import msgspec

from calleq.sip.bounds import NONCES_LIMIT, SipError
from calleq.sip.digest import (
    ALGORITHMS,
    Challenge,
    Credentials,
    expected,
    parse_credentials,
    shared_secret,
)
from calleq.units import SECOND_US

NONCE_LIFE_US = 300 * SECOND_US
_STAMP = struct.Struct(">QI")
_TAG_OCTETS = 18

SecretOf = Callable[[str, str], str | None]
"""Told user name and algorithm, gives `shared_secret`, or None where there is no such user."""


class Admission(Enum):
    """What credentials come to."""

    GRANTED = auto()
    MISSING = auto()
    """None for this realm that can be read: asked for."""
    STALE = auto()
    """Right, but the nonce is old or its count was seen: asked again."""
    WRONG = auto()
    """A wrong password or user: asked again, and counted by whoever locks guessers out."""


class Verdict(msgspec.Struct, frozen=True):
    """Admission, and who asks; the name is only proven where GRANTED or STALE."""

    admission: Admission
    username: str = ""


class Guard:
    """Judges credentials for one realm."""

    def __init__(
        self,
        realm: str,
        key: bytes,
        secret_of: SecretOf,
        *,
        algorithms: Sequence[str] = ALGORITHMS,
        nonce_life_us: int = NONCE_LIFE_US,
        nonces_limit: int = NONCES_LIMIT,
    ) -> None:
        """`key` signs nonces: random, of this process. `algorithms` are those that are asked for
        and taken, strongest first."""
        self.realm = realm
        self._key = key
        self._secret_of = secret_of
        self._algorithms = tuple(algorithms)
        self._nonce_life_us = nonce_life_us
        self._nonces_limit = nonces_limit
        self._counts: dict[str, tuple[int, int]] = {}
        self._stale_until_us = -1
        self._made = 0

    def challenges(self, now_us: int, *, stale: bool = False) -> list[str]:
        """Lines of WWW-Authenticate, strongest first (RFC 8760 §2.3)."""
        self._made = (self._made + 1) & 0xFFFFFFFF
        nonce = self._sealed(_STAMP.pack(now_us, self._made))
        return [
            str(Challenge(self.realm, nonce, algorithm, ("auth",), stale))
            for algorithm in self._algorithms
        ]

    def judge(self, line: str | None, method: str, uri: str, now_us: int) -> Verdict:
        """What an Authorization line comes to for a request with that Request-URI."""
        try:
            shown = parse_credentials(line) if line is not None else None
        except SipError:
            shown = None
        if shown is None or shown.realm != self.realm or not shown.count or shown.uri != uri:
            return Verdict(Admission.MISSING)
        if shown.algorithm not in self._algorithms:
            return Verdict(Admission.MISSING)
        secret = self._secret_of(shown.username, shown.algorithm)
        known = secret is not None
        held = secret or shared_secret(shown.algorithm, shown.username, self.realm, "")
        right = hmac.compare_digest(
            expected(held, shown, method).encode(), shown.response.encode("utf-8", "replace")
        )
        made_us = self._made_us(shown.nonce)
        if made_us is None or not right or not known:
            return Verdict(Admission.WRONG, shown.username)
        fresh = self._fresh(shown, made_us, now_us)
        return Verdict(Admission.GRANTED if fresh else Admission.STALE, shown.username)

    def _fresh(self, shown: Credentials, made_us: int, now_us: int) -> bool:
        """Whether nonce and count are good now; counts it."""
        if not 0 <= now_us - made_us < self._nonce_life_us or made_us <= self._stale_until_us:
            return False
        _, count = self._counts.get(shown.nonce, (made_us, 0))
        if shown.count <= count:
            return False
        self._counts[shown.nonce] = (made_us, shown.count)
        if len(self._counts) > self._nonces_limit:
            oldest = next(iter(self._counts))
            dropped_us, _ = self._counts.pop(oldest)
            self._stale_until_us = max(self._stale_until_us, dropped_us)
        return True

    def _sealed(self, stamp: bytes) -> str:
        return base64.b64encode(stamp + self._tag(stamp)).decode("ascii")

    def _tag(self, stamp: bytes) -> bytes:
        return hmac.digest(self._key, stamp + self.realm.encode(), sha256)[:_TAG_OCTETS]

    def _made_us(self, nonce: str) -> int | None:
        """When it was made; None where it is none of ours."""
        try:
            octets = base64.b64decode(nonce, validate=True)
        except (binascii.Error, ValueError):
            return None
        stamp, tag = octets[: _STAMP.size], octets[_STAMP.size :]
        if not hmac.compare_digest(self._tag(stamp), tag) or len(stamp) != _STAMP.size:
            return None
        made_us: int = _STAMP.unpack(stamp)[0]
        return made_us
