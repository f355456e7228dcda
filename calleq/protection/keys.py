"""The carrier's decryption keys, one at a time for each business, and those before it for a while.

A key is `current` until another takes its place, then `retiring` until its overlap is over, then
`over`; a `revoked` one opens nothing from that moment on. Only a current key is published. Its name
(`kid`) begins its own RFC 7638 thumbprint, so no two businesses have a key of one name.

`MessageKeys` is what a running door asks: it looks for changed keys at most every `LOOK_US`.
Where changed keys cannot be read, those known go on (`unreadable` counts it): a damaged file shuts
nobody out.
"""

import base64
import re
from collections.abc import Iterable
from typing import Literal, Protocol

import msgspec
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from calleq.messages.sealed import AGREEMENTS, CURVE
from calleq.runtime.clock import Clock
from calleq.units import HOUR_US, SECOND_US

LOOK_US = SECOND_US
OVERLAP_US = 24 * HOUR_US
"""How long the key before is still good, where nothing else is said."""
LIMIT_OVERLAP_US = 90 * 24 * HOUR_US
KEPT_US = 30 * 24 * HOUR_US
"""How long a key is listed after it opens nothing any more."""
NAME_OCTETS = 12
LIMIT_KEYS_PER_BUSINESS = 20
LIMIT_KEYS = 20_000

State = Literal["current", "retiring", "over", "revoked"]
_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")


class MessageKeyError(ValueError):
    """What is wanted of the keys cannot be done, or they cannot be read; the text says why."""


class MessageKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A key pair of one business."""

    kid: str
    business: str
    private: dict[str, str]
    """The pair as a JWK (RFC 7517), on P-256."""
    made_us: int
    until_us: int = 0
    """UTC; it opens nothing from then on. 0: no other has taken its place."""
    revoked_us: int = 0

    def __repr__(self) -> str:
        return f"MessageKey(kid={self.kid!r}, business={self.business!r})"

    def state(self, now_us: int) -> State:
        """What it is good for now."""
        if self.revoked_us:
            return "revoked"
        if not self.until_us:
            return "current"
        return "retiring" if now_us < self.until_us else "over"

    def public(self) -> dict[str, str]:
        """What is published of it."""
        point = {name: self.private[name] for name in ("kty", "crv", "x", "y")}
        return {**point, "kid": self.kid, "use": "enc", "alg": AGREEMENTS[0]}


class KeySource(Protocol):
    """Where keys are kept."""

    def changed(self) -> tuple[MessageKey, ...] | None:
        """All keys; None when they are those of before.

        Raises MessageKeyError when they cannot be read.
        """


class NoKeys:
    """A source without any."""

    def changed(self) -> tuple[MessageKey, ...] | None:
        """There never are."""
        return None


class MessageKeys:
    """The keys of all businesses, as a running door knows them."""

    def __init__(self, source: KeySource, clock: Clock) -> None:
        self._source = source
        self._clock = clock
        self._look_at_us = clock.monotonic_us() + LOOK_US
        self._keys: dict[str, MessageKey] = {}
        self._pairs: dict[str, ECKey] = {}
        self.unreadable = 0
        self._take(source.changed())

    def find(self, kid: str) -> tuple[MessageKey, ECKey] | None:
        """The key of that name, if it opens messages now."""
        self._look()
        key = self._keys.get(kid)
        if key is None or key.state(self._clock.now_us()) not in ("current", "retiring"):
            return None
        pair = self._pairs.get(kid)
        if pair is None:
            pair = self._pairs[kid] = ECKey.import_key(dict(key.private))
        return key, pair

    def published(self, business: str) -> dict[str, str] | None:
        """The public key that messages of a business are to be encrypted with, as a JWK."""
        self._look()
        now_us = self._clock.now_us()
        for key in self._keys.values():
            if key.business == business and key.state(now_us) == "current":
                return key.public()
        return None

    def _look(self) -> None:
        now_us = self._clock.monotonic_us()
        if now_us < self._look_at_us:
            return
        self._look_at_us = now_us + LOOK_US
        try:
            self._take(self._source.changed())
        except MessageKeyError:
            self.unreadable += 1

    def _take(self, keys: tuple[MessageKey, ...] | None) -> None:
        if keys is not None:
            self._keys = {key.kid: key for key in keys}
            self._pairs = {kid: pair for kid, pair in self._pairs.items() if kid in self._keys}


def rotated(
    keys: Iterable[MessageKey], business: str, now_us: int, overlap_us: int = OVERLAP_US
) -> tuple[tuple[MessageKey, ...], MessageKey]:
    """The keys with a new one for a business, and that one; the one before is good for
    `overlap_us` more. MessageKeyError when there are too many, or the business has no such name."""
    if not _IDENTIFIER.fullmatch(business):
        raise MessageKeyError(f"{business!r} is no identifier of a business")
    if not 0 <= overlap_us <= LIMIT_OVERLAP_US:
        raise MessageKeyError(f"an overlap is 0 to {LIMIT_OVERLAP_US // HOUR_US} hours")
    kept = [
        msgspec.structs.replace(key, until_us=now_us + overlap_us)
        if key.business == business and key.state(now_us) == "current"
        else key
        for key in keys
        if not _forgotten(key, now_us)
    ]
    own = sum(key.business == business for key in kept)
    if own >= LIMIT_KEYS_PER_BUSINESS or len(kept) >= LIMIT_KEYS:
        raise MessageKeyError(f"{business} has {own} keys: revoked and old ones go after 30 days")
    pair = ECKey.generate_key(CURVE, private=True)
    private = {name: str(value) for name, value in pair.as_dict(private=True).items()}
    private = {name: private[name] for name in ("kty", "crv", "x", "y", "d")}
    new = MessageKey(kid=_name(pair), business=business, private=private, made_us=now_us)
    return (*kept, new), new


def revoked(keys: Iterable[MessageKey], kid: str, now_us: int) -> tuple[MessageKey, ...]:
    """The keys with one revoked; MessageKeyError when there is none of that name."""
    found = False
    changed = []
    for key in keys:
        if key.kid == kid:
            found = True
            if not key.revoked_us:
                key = msgspec.structs.replace(key, revoked_us=now_us)
        changed.append(key)
    if not found:
        raise MessageKeyError(f"there is no key {kid}")
    return tuple(changed)


def checked(keys: tuple[MessageKey, ...]) -> tuple[MessageKey, ...]:
    """The keys, of which each is a pair on P-256 with its own name; MessageKeyError otherwise."""
    for key in keys:
        try:
            pair = ECKey.import_key(dict(key.private))
        except (JoseError, ValueError, TypeError) as error:
            raise MessageKeyError(f"key {key.kid} is no key pair") from error
        if not pair.is_private or pair.curve_name != CURVE or _name(pair) != key.kid:
            raise MessageKeyError(f"key {key.kid} is not the key pair that it says it is")
    if len({key.kid for key in keys}) != len(keys):
        raise MessageKeyError("one key stands there twice")
    return keys


def _name(pair: ECKey) -> str:
    """Hexadecimal, as a name is typed and must not begin with a hyphen."""
    thumbprint = pair.thumbprint()
    return base64.urlsafe_b64decode(thumbprint + "=")[:NAME_OCTETS].hex()


def _forgotten(key: MessageKey, now_us: int) -> bool:
    ended_us = key.revoked_us or key.until_us
    return bool(ended_us) and ended_us < now_us - KEPT_US
