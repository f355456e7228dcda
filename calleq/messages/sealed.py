"""Encryption of a message, whole or in part: what both ends agree on (RFC 7516, compact).

A sealed field's value is a compact JWE of its JSON; a sealed message is a compact JWE of the whole
JSON object, of the media type `application/jose`. The key is the carrier's for that business, named
by `kid`; it is agreed by ECDH-ES on P-256 (RFC 7518 §4.6) and the content is A256GCM. Nothing else
is spoken: no other algorithm, no compression, no key that both ends share beforehand.

The protected header says besides when it was sealed (`iat`, seconds, as RFC 7519 §5.3 has it) and,
of a field, which one (`field`), so that what is sealed cannot be kept for later, nor moved from one
field to another.
"""

import re
from typing import Literal

import msgspec

MEDIA_TYPE = "application/jose"
AGREEMENTS = ("ECDH-ES+A256KW", "ECDH-ES")
"""`alg`: the first is what our own client sends."""
CONTENT_ENCRYPTION = "A256GCM"
CURVE = "P-256"
SEALED_AT = "iat"
FIELD = "field"
HEADER_NAMES = frozenset(("alg", "enc", "kid", "epk", "apu", "apv", "typ", "cty", SEALED_AT, FIELD))
"""All that a protected header may have; `zip` and `crit` are not among them."""

SEALABLE = frozenset(
    (
        "customer_number",
        "representative_number",
        "customer_id",
        "note",
        "web_page",
        "password",
        "extension",
    )
)
"""The fields that may be sealed each by itself."""

Required = Literal["none", "fields", "whole"]
"""What a business insists on."""


class MessageKeyView(msgspec.Struct, frozen=True):
    """A public key on an elliptic curve."""

    kty: str
    crv: str
    x: str
    y: str
    kid: str
    use: str
    alg: str


class MessageKeySet(msgspec.Struct, frozen=True):
    """The keys to encrypt with: one, the one in force."""

    keys: tuple[MessageKeyView, ...]


_COMPACT = re.compile(r"eyJ[\w-]+\.[\w-]*\.[\w-]+\.[\w-]*\.[\w-]+", re.ASCII)


def is_sealed(value: object) -> bool:
    """Whether a field's value has the form of a compact JWE.

    >>> is_sealed("eyJhbGciOiJ9.a.b.c.d"), is_sealed("+12125550100"), is_sealed(None)
    (True, False, False)
    """
    return isinstance(value, str) and _COMPACT.fullmatch(value) is not None
