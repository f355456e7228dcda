"""Encrypts messages for the carrier, whole or field by field (RFC 7516).

    sealer = Sealer(client_keys["keys"][0])
    body = sealer.whole(message)                  # posted as application/jose
    message = sealer.fields(message, ["customer_number", "note"])   # posted as JSON

The key is a public JWK that the carrier publishes for the business. An envelope is good for five
minutes and once: a message that is sent again goes with the same octets and the same
Idempotency-Key, or is sealed anew.
"""

import time
from collections.abc import Callable, Iterable, Mapping

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from calleq.client.asking import Seal
from calleq.messages.sealed import (
    AGREEMENTS,
    CONTENT_ENCRYPTION,
    CURVE,
    FIELD,
    MEDIA_TYPE,
    SEALABLE,
    SEALED_AT,
)

__all__ = ["MEDIA_TYPE", "SEALABLE", "Sealer", "SealingError"]

_encode = msgspec.json.Encoder().encode
_HEADERS = {
    SEALED_AT: HeaderParameter("seconds at which it was sealed", "int"),
    FIELD: HeaderParameter("the field that it is", "str"),
}


class SealingError(ValueError):
    """The key is none to seal with, or the field is none that may be sealed."""


class Sealer:
    """Seals messages of one business."""

    def __init__(
        self,
        key: Mapping[str, str],
        now_s: Callable[[], float] = time.time,
        agreement: str = AGREEMENTS[0],
    ) -> None:
        """`key`: a public key of the carrier's set, as a JWK. Raises SealingError."""
        if agreement not in AGREEMENTS:
            raise SealingError(f"{agreement}: one of {', '.join(AGREEMENTS)} was expected")
        try:
            self._key = ECKey.import_key(dict(key))
        except (JoseError, ValueError, TypeError, KeyError) as error:
            raise SealingError("the key is no JWK of an elliptic curve") from error
        if self._key.curve_name != CURVE or self._key.is_private or not key.get("kid"):
            raise SealingError(f"a public key on {CURVE} with a kid was expected")
        self._kid = key["kid"]
        self._now_s = now_s
        self._agreement = agreement
        self._registry = JWERegistry(
            algorithms=[agreement, CONTENT_ENCRYPTION], header_registry=_HEADERS
        )

    def whole(self, message: Mapping[str, object]) -> bytes:
        """The body of a request of the media type `MEDIA_TYPE`."""
        return self.whole_raw(_encode(message))

    def whole_raw(self, body: bytes) -> bytes:
        """The same of a message that is JSON already."""
        return self._seal(body, {}).encode()

    def field(self, name: str, value: object) -> str:
        """What stands in the field's place. Raises SealingError."""
        self._check(name)
        return self._seal(_encode(value), {FIELD: name})

    def fields(self, message: Mapping[str, object], names: Iterable[str]) -> dict[str, object]:
        """The message with the named fields sealed, of those that it has. Raises SealingError."""
        chosen = frozenset(names)
        return {
            name: self.field(name, value) if name in chosen and value is not None else value
            for name, value in message.items()
        }

    def sealing(self, names: Iterable[str] | None = None) -> Seal:
        """What `place_call` takes to encrypt its message: by the fields named, or (None) the whole.
        Raises SealingError for a field that may not be sealed by itself."""
        if names is None:
            return lambda message: (self.whole(message), MEDIA_TYPE)
        chosen = tuple(names)
        for name in chosen:
            self._check(name)
        return lambda message: (_encode(self.fields(message, chosen)), "application/json")

    def _check(self, name: str) -> None:
        if name not in SEALABLE:
            raise SealingError(f"{name} may not be sealed by itself")

    def _seal(self, plaintext: bytes, more: Mapping[str, object]) -> str:
        header: dict[str, object] = {
            "alg": self._agreement,
            "enc": CONTENT_ENCRYPTION,
            "kid": self._kid,
            SEALED_AT: int(self._now_s()),
            **more,
        }
        return jwe.encrypt_compact(header, plaintext, self._key, registry=self._registry)
