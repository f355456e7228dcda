"""JWE step by step from the words of RFC 7516 and 7518, on bare ciphers: the tests' own oracle.

It can also make what no honest library makes: any header, any key, any point.
"""

import base64
import hashlib
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import aes_key_unwrap, aes_key_wrap


def b64(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def number(text: str) -> int:
    return int.from_bytes(unb64(text), "big")


def private_of(jwk: dict[str, str]) -> ec.EllipticCurvePrivateKey:
    return ec.derive_private_key(number(jwk["d"]), ec.SECP256R1())


def public_of(jwk: dict[str, str]) -> ec.EllipticCurvePublicKey:
    return ec.EllipticCurvePublicNumbers(
        number(jwk["x"]), number(jwk["y"]), ec.SECP256R1()
    ).public_key()


def jwk_of(key: ec.EllipticCurvePublicKey) -> dict[str, str]:
    point = key.public_numbers()
    x, y = (b64(one.to_bytes(32, "big")) for one in (point.x, point.y))
    return {"kty": "EC", "crv": "P-256", "x": x, "y": y}


def concat_kdf(
    secret: bytes, algorithm: str, bits: int, apu: bytes = b"", apv: bytes = b""
) -> bytes:
    """RFC 7518 §4.6.2."""

    def sized(octets: bytes) -> bytes:
        return len(octets).to_bytes(4, "big") + octets

    info = sized(algorithm.encode()) + sized(apu) + sized(apv) + bits.to_bytes(4, "big")
    rounds = (hashlib.sha256(count.to_bytes(4, "big") + secret + info).digest() for count in (1, 2))
    return b"".join(rounds)[: bits // 8]


def _agreed(header: dict[str, Any], secret: bytes) -> bytes:
    direct = header["alg"] == "ECDH-ES"
    name = header["enc"] if direct else header["alg"]
    parties = (unb64(header.get(one, "")) for one in ("apu", "apv"))
    return concat_kdf(secret, name, 256, *parties)


def open_by_hand(text: str, private: dict[str, str]) -> tuple[dict[str, Any], bytes]:
    """The header and the plaintext."""
    first, wrapped, nonce, ciphertext, tag = text.split(".")
    header = json.loads(unb64(first))
    secret = private_of(private).exchange(ec.ECDH(), public_of(header["epk"]))
    agreed = _agreed(header, secret)
    key = agreed if header["alg"] == "ECDH-ES" else aes_key_unwrap(agreed, unb64(wrapped))
    sealed = unb64(ciphertext) + unb64(tag)
    return header, AESGCM(key).decrypt(unb64(nonce), sealed, first.encode())


def seal_by_hand(header: dict[str, Any], plaintext: bytes, public: dict[str, str]) -> str:
    """A compact JWE; the header's `epk` is made where it has none."""
    ephemeral = ec.generate_private_key(ec.SECP256R1())
    header = {"epk": jwk_of(ephemeral.public_key()), **header}
    agreed = _agreed(header, ephemeral.exchange(ec.ECDH(), public_of(public)))
    key, wrapped = agreed, b""
    if header["alg"] != "ECDH-ES":
        key = bytes(range(32))
        wrapped = aes_key_wrap(agreed, key)
    first = b64(json.dumps(header).encode())
    sealed = AESGCM(key).encrypt(bytes(12), plaintext, first.encode())
    return ".".join((first, b64(wrapped), b64(bytes(12)), b64(sealed[:-16]), b64(sealed[-16:])))
