"""The carrier's own authority: certificates by which its elements prove themselves to each other.

Owns what the certificates say, and how long they are good; files are whoever calls. Keys are ECDSA
on P-256. An element's certificate has the element's name as its only DNS name, and is good for
servers and clients; the authority's signs others and nothing else. Both begin a little before they
are made, for clocks that are behind.
"""

import datetime
from typing import NamedTuple

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from calleq.units import SECOND_US

EARLIER = datetime.timedelta(hours=1)
NAME_LIMIT = 64
"""Characters of a common name (RFC 5280, ub-common-name)."""


class AuthorityError(Exception):
    """A file is no key or certificate, or a name cannot stand in one."""


class Issued(NamedTuple):
    """A certificate and its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def certificate_pem(self) -> bytes:
        """As it is written to a file."""
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    def key_pem(self) -> bytes:
        """As it is written to a file that its owner alone may read."""
        return self.key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )


def read_issued(certificate_pem: bytes, key_pem: bytes) -> Issued:
    """What was written; of several certificates the first. Raises AuthorityError."""
    try:
        certificate = x509.load_pem_x509_certificate(certificate_pem)
        key = serialization.load_pem_private_key(key_pem, None)
    except (ValueError, TypeError) as error:
        raise AuthorityError("no certificate and key in PEM") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise AuthorityError("the key is no ECDSA key")
    if key.public_key() != certificate.public_key():
        raise AuthorityError("the key is not that of the certificate")
    return Issued(certificate, key)


def new_authority(name: str, now_us: int, days: int) -> Issued:
    """An authority that has signed itself. Raises AuthorityError."""
    return _issued(f"{name[: NAME_LIMIT - 7]} wires", None, now_us, days)


def new_certificate(element: str, by: Issued, now_us: int, days: int) -> Issued:
    """Of an element, no longer good than its authority is. Raises AuthorityError."""
    return _issued(element, by, now_us, days)


def is_signed_by(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    """Whether that authority, with that key, has signed it."""
    try:
        certificate.verify_directly_issued_by(authority)
    except Exception:  # the key, the name or the signature: of no interest which
        return False
    return True


def until_us(certificate: x509.Certificate) -> int:
    """When it ends, UTC."""
    return round(certificate.not_valid_after_utc.timestamp()) * SECOND_US


def _issued(name: str, by: Issued | None, now_us: int, days: int) -> Issued:
    if not (name.isascii() and name.isprintable() and 0 < len(name) <= NAME_LIMIT):
        raise AuthorityError(f"{name!r} cannot be the name of a certificate: ASCII, at most 64")
    key = ec.generate_private_key(ec.SECP256R1())
    now = datetime.datetime.fromtimestamp(now_us // SECOND_US, datetime.UTC)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    ends = now + datetime.timedelta(days=days)
    if by is not None:
        ends = min(ends, by.certificate.not_valid_after_utc)
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.certificate.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(ends)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    builder = _for_authority(builder) if by is None else _for_element(builder, name, by)
    return Issued(builder.sign(key if by is None else by.key, hashes.SHA256()), key)


def _for_authority(builder: x509.CertificateBuilder) -> x509.CertificateBuilder:
    return builder.add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    ).add_extension(_usage(signs=True), critical=True)


def _for_element(
    builder: x509.CertificateBuilder, name: str, by: Issued
) -> x509.CertificateBuilder:
    both = [ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_public_key(by.key.public_key())
    return (
        builder.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(_usage(signs=False), critical=True)
        .add_extension(x509.ExtendedKeyUsage(both), critical=False)
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(authority_key, critical=False)
    )


def _usage(*, signs: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=signs,
        crl_sign=signs,
        encipher_only=False,
        decipher_only=False,
    )
