"""New credentials: secrets made, hashed, and given away once.

Everything random is given; what is slow (argon2) is done by the caller's `hash_password`, where it
may be slow. A password that people choose has 12 characters or more and is hard to guess
(`calleq.accounts.strength`); a PIN has 6 to 12 digits and is no run of one digit or of neighbours.
A password or PIN that is made here for a person is an initial one: for `INITIAL_US`, and good for
nothing but to be changed.
"""

import base64
import re
from collections.abc import Callable
from hashlib import sha256

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from calleq.accounts.changes import AccountError
from calleq.accounts.credential import PREFIXES, SPOKEN_KINDS, Credential
from calleq.accounts.passwords import is_password_of
from calleq.accounts.safe import Safe
from calleq.accounts.strength import BreachedError, Strength
from calleq.units import HOUR_US

PASSWORD_LENGTH = range(12, 257)
PIN_LENGTH = range(6, 13)
INITIAL_US = 72 * HOUR_US
_NAME_OCTETS = 6
_SECRET_OCTETS = 32
_FINGERPRINT = re.compile(r"[0-9a-f]{64}", re.ASCII)
_RUNS = ("01234567890123", "98765432109876")


class Issued(msgspec.Struct, frozen=True):
    """A credential, and its secret: to be told once, never kept."""

    credential: Credential
    secret: str
    """Empty where whoever asked gave it or holds it."""


class Issuing:
    """Makes credentials."""

    def __init__(
        self,
        random_octets: Callable[[int], bytes],
        hash_password: Callable[[str], str],
        safe: Safe | None,
        strength: Strength | None = None,
        is_password: Callable[[str, str], bool] = is_password_of,
    ) -> None:
        """`hash_password` gives argon2id; `safe` seals signing keys, None: there can be none.
        `is_password` says whether a hash is that of a password."""
        self._strength = strength or Strength()
        self._is_password = is_password
        self._random_octets = random_octets
        self._hash_password = hash_password
        self._safe = safe

    def issue(self, wanted: Credential, given: str = "", words: tuple[str, ...] = ()) -> Issued:
        """A credential as wanted, but for its identifier and what is stored. `words` are names of
        whose it is, of which no password is made.

        `given` is the password or PIN that somebody chose (empty: one is made), or the certificate
        (PEM, or the SHA-256 of its DER in hexadecimal). May be slow. Raises AccountError.
        """
        until_us = wanted.issued_us + INITIAL_US if wanted.user and not given else 0
        digits = self._random_octets(_NAME_OCTETS).hex()
        identifier = PREFIXES[wanted.kind] + digits
        match wanted.kind:
            case "password":
                secret = given or self._text(18)
                self._check_password(secret, wanted, words)
                stored = self._hash_password(secret)
            case "pin":
                secret = given or self._pin()
                _check_pin(secret)
                stored = self._hash_password(secret)
            case "api_key":
                _refuse_given(given)
                secret = f"cq_live_{digits}_{self._text(_SECRET_OCTETS)}"
                stored = sha256(secret.encode()).hexdigest()
            case "signing_key":
                _refuse_given(given)
                if self._safe is None:
                    raise AccountError("no_safe", "this door keeps no signing keys", "kind")
                secret = f"cq_sign_{digits}_{self._text(_SECRET_OCTETS)}"
                stored = self._safe.seal(secret, identifier, self._random_octets(12))
            case "certificate":
                secret, stored = given, fingerprint_of(given)
        if wanted.kind not in SPOKEN_KINDS:
            until_us = 0
        made = msgspec.structs.replace(
            wanted, identifier=identifier, stored=stored, initial_until_us=until_us
        )
        return Issued(made, "" if given else secret)

    def change(
        self, wanted: Credential, stored: str, current: str, new: str, words: tuple[str, ...]
    ) -> Issued:
        """A password or PIN in the place of one's own, which is said too. May be slow. Raises
        AccountError."""
        if not self._is_password(stored, current):
            raise AccountError("wrong", "is not the password", "current")
        if new == current or not new:
            raise AccountError("unchanged_secret", "is the one that there is", "new")
        try:
            return self.issue(wanted, new, words)
        except AccountError as error:
            raise AccountError(error.code, str(error), "new") from error

    def _check_password(self, secret: str, wanted: Credential, words: tuple[str, ...]) -> None:
        if len(secret) not in PASSWORD_LENGTH:
            text = f"{PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters are expected"
            raise AccountError("secret", text, "secret")
        if not secret.isprintable():
            raise AccountError("secret", "cannot be printed", "secret")
        try:
            fault = self._strength.fault(
                secret, (wanted.business, wanted.user, wanted.label, *words)
            )
        except BreachedError as error:
            raise AccountError("breached_unknown", str(error), "secret") from error
        if fault:
            raise AccountError("secret", fault, "secret")

    def _text(self, octets: int) -> str:
        return base64.urlsafe_b64encode(self._random_octets(octets)).rstrip(b"=").decode()

    def _pin(self) -> str:
        while True:
            pin = f"{int.from_bytes(self._random_octets(8), 'big') % 10**8:08d}"
            if not _is_easy(pin):
                return pin


def fingerprint_of(given: str) -> str:
    """SHA-256 of a certificate's DER, from the certificate in PEM or from itself (hexadecimal,
    colons allowed). Raises AccountError."""
    plain = given.strip().replace(":", "").lower()
    if _FINGERPRINT.fullmatch(plain):
        return plain
    try:
        certificate = x509.load_pem_x509_certificate(given.encode())
    except ValueError as error:
        text = "a certificate in PEM, or its SHA-256 fingerprint, is expected"
        raise AccountError("certificate", text, "certificate") from error
    return sha256(certificate.public_bytes(Encoding.DER)).hexdigest()


def _refuse_given(given: str) -> None:
    if given:
        raise AccountError("secret", "keys are made here: leave it out", "secret")


def _check_pin(secret: str) -> None:
    if not (secret.isascii() and secret.isdigit() and len(secret) in PIN_LENGTH):
        raise AccountError("secret", "a PIN has 6 to 12 digits", "secret")
    if _is_easy(secret):
        raise AccountError("secret", "is too easy to guess", "secret")


def _is_easy(pin: str) -> bool:
    return len(set(pin)) < 3 or any(pin in run for run in _RUNS)
