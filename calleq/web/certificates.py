"""The certificate that a client proved itself with, told to the application.

`WithCertificates` is uvicorn's HTTP protocol, which keeps it to itself. A request's scope then has
`client_certificate`: the SHA-256 of the certificate (DER), hexadecimal, 64 digits; empty where the
client showed none. It is worked out once per connection, after the handshake, in which OpenSSL
checked that the client has the key and that the certificate is trusted.
"""

from asyncio import Transport
from hashlib import sha256
from ssl import SSLObject
from typing import Any

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

SCOPE_KEY = "client_certificate"


class WithCertificates(HttpToolsProtocol):
    """One connection; its requests say with which certificate it was made."""

    _fingerprint = ""

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Look at the certificate, if there is one."""
        super().connection_made(transport)
        self._fingerprint = fingerprint_of(transport.get_extra_info("ssl_object"))

    def on_message_begin(self) -> None:
        """A request begins."""
        super().on_message_begin()
        if self._fingerprint:
            scope: Any = self.scope
            scope[SCOPE_KEY] = self._fingerprint


def fingerprint_of(tls: SSLObject | None) -> str:
    """SHA-256 of the certificate that the far end showed; empty where it showed none."""
    certificate = None if tls is None else tls.getpeercert(binary_form=True)
    return "" if certificate is None else sha256(certificate).hexdigest()


def certificate_in(scope: Scope) -> str:
    """The fingerprint that a request's scope tells of; empty: none."""
    told = scope.get(SCOPE_KEY, "")
    return told if isinstance(told, str) else ""
