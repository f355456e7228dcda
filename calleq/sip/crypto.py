"""Keys of SRTP in a description (RFC 4568): the `crypto` attribute.

Owns reading and writing one attribute. Refused, by SipError: a tag that is no number, a key that is
no base64 or not as long as its suite wants. Lifetimes and MKIs are kept as written; session
parameters too, and an answerer that knows none of them refuses the attribute.
"""

import base64
import binascii
import re

import msgspec

from calleq.sip.bounds import SipError

KEY_OCTETS = {
    "AES_CM_128_HMAC_SHA1_80": 30,
    "AES_CM_128_HMAC_SHA1_32": 30,
    "AES_256_CM_HMAC_SHA1_80": 46,
    "AES_256_CM_HMAC_SHA1_32": 46,
}
"""Master key and salt of each suite that calleq speaks (RFC 4568 §6.2, RFC 6188 §3)."""

_CRYPTO = re.compile(
    r"([0-9]{1,9}) ([A-Za-z0-9_]{1,60}) inline:([A-Za-z0-9+/=]{1,200})((?:\|[^ |]{1,40}){0,2}+)"
    r"((?: [^ ]{1,80}){0,8})"
)


class Crypto(msgspec.Struct, frozen=True, gc=False):
    """One way of encryption that is offered or chosen."""

    tag: int
    suite: str
    key: bytes
    """Master key and salt."""
    limits: str = ""
    """Lifetime and MKI, each behind its bar, as written."""
    parameters: str = ""

    @property
    def usable(self) -> bool:
        """Whether calleq knows the suite and everything that is asked beside it."""
        return self.suite in KEY_OCTETS and not self.parameters and ":" not in self.limits

    def __str__(self) -> str:
        key = base64.b64encode(self.key).decode("ascii")
        tail = f" {self.parameters}" if self.parameters else ""
        return f"{self.tag} {self.suite} inline:{key}{self.limits}{tail}"


def parse_crypto(text: str) -> Crypto:
    """Read what stands behind `a=crypto:`."""
    matched = _CRYPTO.fullmatch(text)
    if matched is None:
        raise SipError(f"no crypto attribute: {text[:40]!r}")
    try:
        key = base64.b64decode(matched[3], validate=True)
    except binascii.Error as error:
        raise SipError(f"no key: {error}") from error
    suite = matched[2]
    if len(key) != KEY_OCTETS.get(suite, len(key)):
        raise SipError(f"a key of {len(key)} octets: {KEY_OCTETS[suite]} expected for {suite}")
    return Crypto(int(matched[1]), suite, key, matched[4], matched[5].strip(" "))
