"""Who vouches for a caller's number: STIR/SHAKEN (RFC 8224, RFC 8225, RFC 8588, ATIS-1000074).

Owns PASSporTs of `ppt` shaken, signed and read, and the verdict on a call; ES256 itself is left to
`cryptography`. Keys and certificates come as PEM; nothing is fetched: the certificate that a
signature names (x5u) is one that the owner has under that address, or one of those it trusts.

It refuses the compact form, other algorithms, and every Identity above IDENTITY_CHARACTERS_LIMIT.
What it does not judge is whether a certificate may sign for a number (TNAuthList).

Odd cases: numbers are compared as digits (RFC 8224 §8.3); of several Identity fields the first of
shaken counts; a signature of the future, beyond FRESH_S, is as stale as one of the past.
"""

import base64
import binascii
import json
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Literal

import msgspec
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)

from calleq.sip.bounds import SipError
from calleq.sip.grammar import parse_parameters, unquote
from calleq.sip.message import Message

Attestation = Literal["A", "B", "C"]
"""A: we know the caller and that the number is theirs; B: we know the caller; C: it came in by a
gateway of ours (RFC 8588 §4)."""

FRESH_S = 60
IDENTITY_CHARACTERS_LIMIT = 8_192
IDENTITIES_LIMIT = 4
CERTIFICATES_LIMIT = 64
CHAIN_LIMIT = 4
_HALF_OCTETS = 32
_ES256 = ec.ECDSA(hashes.SHA256())


class Trust(StrEnum):
    """What a call's Identity comes to."""

    NONE = "none"
    """There is no Identity of shaken."""
    VERIFIED = "verified"
    STALE = "stale"
    UNREADABLE = "unreadable"
    UNKNOWN_SIGNER = "unknown signer"
    FALSE = "false"
    """The signature does not fit."""
    OTHER_NUMBERS = "other numbers"
    """It fits, and is for another call."""


STATUS_OF_TRUST = {
    Trust.STALE: 403,
    Trust.UNREADABLE: 438,
    Trust.UNKNOWN_SIGNER: 437,
    Trust.FALSE: 438,
    Trust.OTHER_NUMBERS: 438,
}
"""How an INVITE is refused by whoever insists on it (RFC 8224 §6.2.2); without Identity: 428."""


class _Named(msgspec.Struct, frozen=True):
    tn: str | list[str] = ""


class Claims(msgspec.Struct, frozen=True, rename={"issued_s": "iat"}):
    """What a PASSporT of shaken says."""

    attest: Attestation
    dest: _Named
    issued_s: int
    orig: _Named
    origid: str


class _Head(msgspec.Struct, frozen=True):
    alg: str
    ppt: str
    typ: str
    x5u: str


class Verdict(msgspec.Struct, frozen=True):
    """What is believed of a caller."""

    trust: Trust
    attestation: Attestation | None = None
    """Where VERIFIED."""
    origid: str = ""
    signer: str = ""
    """Subject of the certificate."""
    why: str = ""
    """For people, where it is not believed."""


def digits_of(number: str) -> str:
    """A number as PASSporTs have it: digits alone.

    >>> digits_of("+1 (201) 555-0100")
    '12015550100'
    """
    return "".join(character for character in number if character in "0123456789*#")


def _text(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode("ascii")


def _octets(text: str) -> bytes:
    """Base64url without padding; SipError where it is none."""
    if not text.isascii() or "=" in text:
        raise SipError("no base64url")
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise SipError(f"no base64url: {error}") from error


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()


class Signer:
    """Signs for one carrier."""

    def __init__(self, key: bytes, certificate_url: str) -> None:
        """`key` is a PEM of a private key on P-256; raises SipError otherwise."""
        try:
            read = serialization.load_pem_private_key(key, None)
        except (ValueError, TypeError) as error:
            raise SipError(f"no private key: {error}") from error
        if not isinstance(read, ec.EllipticCurvePrivateKey) or read.curve.name != "secp256r1":
            raise SipError("a key that is not on P-256")
        self._key = read
        self._url = certificate_url
        head = {"alg": "ES256", "ppt": "shaken", "typ": "passport", "x5u": certificate_url}
        self._head = _text(_json(head))

    def identity(
        self, attestation: Attestation, calling: str, called: str, origid: str, now_s: int
    ) -> str:
        """The value of an Identity field. `origid` is a UUID that tells our own customers or
        gateways apart; `now_s` is UTC."""
        claims = {
            "attest": attestation,
            "dest": {"tn": [digits_of(called)]},
            "iat": now_s,
            "orig": {"tn": digits_of(calling)},
            "origid": origid,
        }
        said = f"{self._head}.{_text(_json(claims))}"
        one, other = decode_dss_signature(self._key.sign(said.encode(), _ES256))
        raw = one.to_bytes(_HALF_OCTETS, "big") + other.to_bytes(_HALF_OCTETS, "big")
        return f'{said}.{_text(raw)};info=<{self._url}>;alg=ES256;ppt="shaken"'


class Verifier:
    """Judges the Identity of calls."""

    def __init__(self, trusted: Iterable[bytes], known: Mapping[str, bytes] | None = None) -> None:
        """`trusted` are PEM files of authorities, and of signers that are believed by themselves;
        `known` are PEM chains, the signer's certificate first, by their address (x5u). Raises
        SipError where a file is none."""
        certificates = [one for pem in trusted for one in _certificates(pem)]
        if len(certificates) > CERTIFICATES_LIMIT:
            raise SipError(f"more than {CERTIFICATES_LIMIT} certificates")
        self._authorities = [one for one in certificates if _is_authority(one)]
        self._signers = [(one, _validity(one)) for one in certificates if not _is_authority(one)]
        self._known: dict[str, tuple[list[x509.Certificate], range]] = {}
        """The signer's certificate of each address, and the seconds when it is believed."""
        for url, pem in (known or {}).items():
            chain = _certificates(pem)
            self._known[url] = (chain[:1], self._believed(chain))

    def judge(self, message: Message, calling: str, called: str, now_s: int) -> Verdict:
        """What the INVITE's Identity says of a call from `calling` to `called`."""
        for line in message.fields.get("identity", ())[:IDENTITIES_LIMIT]:
            try:
                read = _read(line)
            except SipError as error:
                return Verdict(Trust.UNREADABLE, why=str(error))
            if read is not None:
                return self._judged(*read, calling, called, now_s)
        return Verdict(Trust.NONE)

    def _judged(
        self,
        head: _Head,
        claims: Claims,
        said: bytes,
        signature: bytes,
        calling: str,
        called: str,
        now_s: int,
    ) -> Verdict:
        if abs(now_s - claims.issued_s) > FRESH_S:
            return Verdict(Trust.STALE, why=f"signed {now_s - claims.issued_s} s ago")
        candidates = self._candidates(head.x5u, now_s)
        if not candidates:
            return Verdict(Trust.UNKNOWN_SIGNER, why=f"no certificate for {head.x5u[:120]}")
        signer = next((one for one in candidates if _fits(one, signature, said)), None)
        if signer is None:
            return Verdict(Trust.FALSE, why="the signature does not fit")
        if _tn(claims.orig) != [digits_of(calling)] or digits_of(called) not in _tn(claims.dest):
            return Verdict(Trust.OTHER_NUMBERS, why="signed for another call")
        return Verdict(
            Trust.VERIFIED, claims.attest, claims.origid, signer.subject.rfc4514_string()
        )

    def _candidates(self, url: str, now_s: int) -> Sequence[x509.Certificate]:
        """Whose signature it may be, of those that are believed and valid now."""
        chain = self._known.get(url)
        if chain is not None:
            return chain[0] if now_s in chain[1] else ()
        return [one for one, valid in self._signers if now_s in valid]

    def _believed(self, chain: Sequence[x509.Certificate]) -> range:
        """When a chain leads to an authority of ours, each signed by the next; maybe never."""
        valid = range(0, 1 << 62)
        for index, one in enumerate(chain[:CHAIN_LIMIT]):
            valid = _both(valid, _validity(one))
            if any(one == signer for signer, _ in self._signers):
                return valid
            for authority in self._authorities:
                if _is_signed_by(one, authority):
                    return _both(valid, _validity(authority))
            if index + 1 >= len(chain) or not _is_signed_by(one, chain[index + 1]):
                break
        return range(0)


def _read(line: str) -> tuple[_Head, Claims, bytes, bytes] | None:
    """An Identity field; None where it is not of shaken. Raises SipError."""
    if len(line) > IDENTITY_CHARACTERS_LIMIT:
        raise SipError(f"an Identity of {len(line)} characters")
    token, _, rest = line.partition(";")
    info, closed, tail = rest.partition(">")
    if not closed or not info.strip().startswith("info=<"):
        raise SipError("an Identity without info")
    parameters = parse_parameters(tail)
    if unquote(parameters.get("ppt") or "shaken").lower() != "shaken":
        return None
    parts = token.strip(" \t").split(".")
    if len(parts) != 3 or not all(parts):
        raise SipError("a PASSporT that is not whole")
    try:
        head = msgspec.json.decode(_octets(parts[0]), type=_Head)
        claims = msgspec.json.decode(_octets(parts[1]), type=Claims)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise SipError(f"no PASSporT: {error}") from error
    if (head.alg, head.ppt, head.typ.lower()) != ("ES256", "shaken", "passport"):
        raise SipError(f"a PASSporT of {head.alg[:20]} {head.ppt[:20]} {head.typ[:20]}")
    signature = _octets(parts[2])
    if len(signature) != 2 * _HALF_OCTETS:
        raise SipError(f"a signature of {len(signature)} octets")
    return head, claims, f"{parts[0]}.{parts[1]}".encode(), signature


def _tn(named: _Named) -> list[str]:
    numbers = [named.tn] if isinstance(named.tn, str) else named.tn
    return [digits_of(number) for number in numbers]


def _certificates(pem: bytes) -> list[x509.Certificate]:
    try:
        found = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise SipError(f"no certificate: {error}") from error
    for one in found:
        key = one.public_key()
        if not isinstance(key, ec.EllipticCurvePublicKey):
            raise SipError(f"{one.subject.rfc4514_string()}: a key that is not of ECDSA")
    return found


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, ValueError):
        return False


def _validity(certificate: x509.Certificate) -> range:
    """The seconds, UTC, when it is valid."""
    begin_s = int(certificate.not_valid_before_utc.timestamp())
    return range(begin_s, int(certificate.not_valid_after_utc.timestamp()) + 1)


def _both(one: range, other: range) -> range:
    return range(max(one.start, other.start), min(one.stop, other.stop))


def _is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    if not _is_authority(authority):
        return False
    try:
        certificate.verify_directly_issued_by(authority)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return True


def _fits(certificate: x509.Certificate, signature: bytes, said: bytes) -> bool:
    key = certificate.public_key()
    if not isinstance(key, ec.EllipticCurvePublicKey) or key.curve.name != "secp256r1":
        return False
    one = int.from_bytes(signature[:_HALF_OCTETS], "big")
    other = int.from_bytes(signature[_HALF_OCTETS:], "big")
    try:
        key.verify(encode_dss_signature(one, other), said, _ES256)
    except InvalidSignature:
        return False
    return True
