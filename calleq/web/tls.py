"""TLS of a door, its certificate renewed without a restart.

    tls = ServerTls("front door", certificate, key)
    GuestServer(app, host, port, tls=tls)
    ...
    tls.look()          now and then: takes up files that have changed

TLS 1.2 is the least that is spoken (1.3 where the client can), without compression or
renegotiation. A connection keeps what it was made with; every later one gets the new certificate.
Files that changed and cannot be used (half written, a key that does not belong) leave the old
certificate in use; they are looked at again the next time, and `problem` says what is wrong.

Where client authorities are given, a client may show a certificate and need not; one that is not
signed by an authority of that file, or in it, ends the handshake. Authorities that were taken out
of the file are trusted until the restart: to shut out one client revoke its credential.

Raises TlsError at the start; afterwards nothing.
"""

import ssl
from pathlib import Path

from cryptography import x509

from calleq.units import SECOND_US

LOOK_S = 30.0
"""How often the files of a door are looked at."""
EXPIRES_SOON_S = 14 * 86_400
"""From then on a certificate's end is told as a warning."""
LIMIT_PEM = 1 << 20


class TlsError(Exception):
    """Certificate or key cannot be used; the text names the file and says why."""


class ServerTls:
    """Certificate and key of one door."""

    def __init__(
        self, door: str, certificate: Path, key: Path, client_authorities: Path | None = None
    ) -> None:
        self.door = door
        self._certificate = certificate
        self._key = key
        self._authorities = client_authorities
        self._seen = self._stamp()
        self.expires_at_us = 0
        """UTC."""
        self.subject = ""
        self.renewals = 0
        self.problem = ""
        """Why the files as they are now are not in use; empty: they are."""
        self._load(_context())  # fails without having changed anything
        self.context = _context()
        self._load(self.context)

    def look(self) -> bool:
        """Take up files that have changed; whether another certificate is in use now."""
        stamp = self._stamp()
        if stamp == self._seen and not self.problem:
            return False
        try:
            self._load(_context())
            self._load(self.context)
        except TlsError as error:
            self.problem = str(error)
            return False
        self.problem = ""
        self._seen = stamp
        self.renewals += 1
        return True

    def left_s(self, now_us: int) -> int:
        """Seconds until the certificate ends; negative: it has ended."""
        return (self.expires_at_us - now_us) // SECOND_US

    def warning(self, now_us: int) -> str:
        """What an operator should do something about; empty: nothing."""
        if self.problem:
            return f"the renewed certificate is not in use: {self.problem}"
        left_s = self.left_s(now_us)
        if left_s <= 0:
            return "the certificate has ended: renew it"
        if left_s < EXPIRES_SOON_S:
            return f"the certificate ends in {left_s // 86_400} days: renew it"
        return ""

    def _load(self, context: ssl.SSLContext) -> None:
        try:
            subject, expires_at_us = _read_certificate(self._certificate)
            if not self._key.is_file():
                raise TlsError(f"{self._key}: cannot be read: no such file")
            context.load_cert_chain(self._certificate, self._key, password=_no_password)
            if self._authorities is not None:
                context.load_verify_locations(self._authorities)
                context.verify_mode = ssl.CERT_OPTIONAL
                context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
        except ssl.SSLError as error:
            what = f"{self._certificate} and {self._key}"
            raise TlsError(f"{what}: cannot be used: {_reason(error)}") from error
        except OSError as error:
            named = error.filename or self._authorities or self._key
            raise TlsError(f"{named}: cannot be read: {error.strerror or error}") from error
        self.subject, self.expires_at_us = subject, expires_at_us

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        stamps = []
        for path in (self._certificate, self._key, self._authorities):
            if path is None:
                continue
            try:
                found = path.stat()
                stamps.append((found.st_mtime_ns, found.st_size, found.st_ino))
            except OSError:
                stamps.append((0, 0, 0))
        return tuple(stamps)


def _context() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    context.options |= ssl.OP_CIPHER_SERVER_PREFERENCE
    context.set_alpn_protocols(["http/1.1"])
    return context


def _read_certificate(path: Path) -> tuple[str, int]:
    with path.open("rb") as file:
        octets = file.read(LIMIT_PEM)
    try:
        certificate = x509.load_pem_x509_certificate(octets)
    except ValueError as error:
        raise TlsError(f"{path}: no certificate in PEM") from error
    ends = certificate.not_valid_after_utc
    return certificate.subject.rfc4514_string(), round(ends.timestamp()) * SECOND_US


def _no_password() -> str:
    raise TlsError("the private key is encrypted: calleq asks nobody for passwords, decrypt it")


def _reason(error: ssl.SSLError) -> str:
    told = {
        "KEY_VALUES_MISMATCH": "the key is not that of the certificate",
        "NO_START_LINE": "no PEM in it",
    }
    return told.get(error.reason or "", (error.reason or str(error)).replace("_", " ").lower())
