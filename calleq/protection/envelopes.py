"""One JWE in compact form, opened: nothing but what `calleq.messages.sealed` allows.

Everything is looked at before any key is touched: form, canonical base 64 (another spelling of the
same octets would be another message to whoever remembers them), header names, algorithms, the
point's curve and coordinates, the time of sealing. Whatever is wrong is an `EnvelopeError` whose
reason is for the log; outside all of them are one problem, so that nobody learns from the answers
how far a forged one came.
"""

import base64
import binascii
from collections.abc import Callable

import msgspec
from joserfc import jwe
from joserfc.errors import JoseError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey
from joserfc.registry import HeaderParameter

from calleq.messages.errors import MessageError
from calleq.messages.sealed import (
    AGREEMENTS,
    CONTENT_ENCRYPTION,
    CURVE,
    FIELD,
    HEADER_NAMES,
    SEALED_AT,
)
from calleq.messages.strict_json import parse_object
from calleq.protection.keys import MessageKey
from calleq.units import SECOND_US

LIMIT_HEADER = 1_024
"""Characters of the protected header, encoded."""
LIMIT_TEXT = 8
"""Characters of `typ` and `cty`, which are not interpreted."""
OLDEST_US = 300 * SECOND_US
"""How long ago a message may have been sealed."""
AHEAD_US = 60 * SECOND_US
"""How far the sender's clock may be ahead."""
COORDINATE_CHARACTERS = 43
"""Of 32 octets in base 64 (RFC 7518 §6.2.1.2)."""
LIMIT_PARTY = 64

_REGISTRY = JWERegistry(
    algorithms=[*AGREEMENTS, CONTENT_ENCRYPTION],
    header_registry={
        SEALED_AT: HeaderParameter("seconds at which it was sealed", "int"),
        FIELD: HeaderParameter("the field that it is", "str"),
    },
)

Find = Callable[[str], tuple[MessageKey, ECKey] | None]


class EnvelopeError(Exception):
    """It cannot be opened, or must not be; `reason` is for the log."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Envelope(msgspec.Struct, frozen=True):
    """An opened JWE."""

    business: str
    """Whose key it was sealed with."""
    field: str
    """The field that it is; empty: a whole message."""
    plaintext: bytes
    sealed_us: int
    mark: bytes
    """What tells it from every other: nobody can make another with the same one."""

    def __repr__(self) -> str:
        return f"Envelope(business={self.business!r}, field={self.field!r})"


def open_envelope(text: str, find: Find, now_us: int) -> Envelope:
    """The envelope of a compact JWE; EnvelopeError when it is none, or none for now."""
    parts = text.split(".")
    if len(parts) != 5 or len(parts[0]) > LIMIT_HEADER:
        raise EnvelopeError("not_compact")
    header_octets, _, _, _, tag = [_octets(part) for part in parts]
    header = _header(header_octets)
    sealed_us = _sealed_us(header, now_us)
    kid = header.get("kid")
    found = find(kid) if isinstance(kid, str) else None
    if found is None:
        raise EnvelopeError("unknown_key")
    key, pair = found
    field = header.get(FIELD, "")
    if not isinstance(field, str):
        raise EnvelopeError("header")
    try:
        opened = jwe.decrypt_compact(text, pair, registry=_REGISTRY)
    except (JoseError, ValueError, TypeError, KeyError, AssertionError) as error:
        raise EnvelopeError("not_authentic") from error
    assert opened.plaintext is not None
    return Envelope(key.business, field, opened.plaintext, sealed_us, parts[0].encode() + tag)


def _octets(part: str) -> bytes:
    try:
        octets = base64.b64decode(part + "=" * (-len(part) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise EnvelopeError("not_compact") from error
    if base64.urlsafe_b64encode(octets).rstrip(b"=") != part.encode():
        raise EnvelopeError("not_canonical")
    return octets


def _header(octets: bytes) -> dict[str, object]:
    """The protected header, of which everything but `kid`, time and field has been checked."""
    try:
        header: dict[str, object] = dict(parse_object(octets))
    except MessageError as error:
        raise EnvelopeError("header") from error
    if not header.keys() <= HEADER_NAMES:
        raise EnvelopeError("header")
    if header.get("alg") not in AGREEMENTS or header.get("enc") != CONTENT_ENCRYPTION:
        raise EnvelopeError("algorithm")
    point = header.get("epk")
    if not isinstance(point, dict) or point.keys() != {"kty", "crv", "x", "y"}:
        raise EnvelopeError("ephemeral_key")
    if point["kty"] != "EC" or point["crv"] != CURVE:
        raise EnvelopeError("ephemeral_key")
    for name in ("x", "y"):
        if not isinstance(point[name], str) or len(point[name]) != COORDINATE_CHARACTERS:
            raise EnvelopeError("ephemeral_key")
    for name, limit in (("typ", LIMIT_TEXT), ("cty", LIMIT_TEXT), ("apu", LIMIT_PARTY)):
        _check_text(header.get(name, ""), limit)
    _check_text(header.get("apv", ""), LIMIT_PARTY)
    return header


def _check_text(value: object, limit: int) -> None:
    if not isinstance(value, str) or len(value) > limit:
        raise EnvelopeError("header")


def _sealed_us(header: dict[str, object], now_us: int) -> int:
    at_s = header.get(SEALED_AT)
    if not isinstance(at_s, int) or isinstance(at_s, bool):
        raise EnvelopeError("undated")
    at_us = at_s * SECOND_US
    if at_us > now_us + AHEAD_US:
        raise EnvelopeError("sealed_ahead")
    if at_us < now_us - OLDEST_US:
        raise EnvelopeError("stale")
    return at_us
