"""TLS around SIP's connections (RFC 3261 §26.3), by pyOpenSSL.

Owns contexts: our certificate towards whoever connects, and the authorities that we believe when we
connect ourselves. TLS 1.2 at least. Neither is needed for UDP and TCP, and nothing is imported of
OpenSSL before it is.

What it does not check: the name in the far end's certificate (see `streams`).
"""

import pathlib
from collections.abc import Sequence
from typing import cast

from OpenSSL import SSL
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from zope.interface import implementer


@implementer(IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator)
class _Given:
    """One context for every connection."""

    def __init__(self, context: SSL.Context) -> None:
        self._context = context

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For whoever connects."""
        made = SSL.Connection(self._context, None)
        made.set_accept_state()
        return made

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For a connection of ours."""
        made = SSL.Connection(self._context, None)
        made.set_connect_state()
        return made


class SecureWrap:
    """Puts TLS around a factory; see `streams.Wrap`."""

    def __init__(
        self,
        reactor: object,
        certificate: pathlib.Path,
        key: pathlib.Path,
        trusted: Sequence[pathlib.Path] = (),
        *,
        verify: bool = True,
    ) -> None:
        """`reactor` is the one that the connections are made on. PEM files; `trusted` empty: the
        authorities of the system. Raises OpenSSL's error where a file is none."""
        self._time = cast(IReactorTime, reactor)
        self._server = SSL.Context(SSL.TLS_METHOD)
        self._client = SSL.Context(SSL.TLS_METHOD)
        for context in (self._server, self._client):
            context.set_min_proto_version(SSL.TLS1_2_VERSION)
            context.use_certificate_chain_file(str(certificate))
            context.use_privatekey_file(str(key))
            context.check_privatekey()
        for authority in trusted:
            self._client.load_verify_locations(str(authority))
        if not trusted:
            self._client.set_default_verify_paths()
        if verify:
            self._client.set_verify(SSL.VERIFY_PEER, None)

    def __call__(self, factory: Factory, is_client: bool) -> Factory:
        given = _Given(self._client if is_client else self._server)
        context = cast(IOpenSSLServerConnectionCreator, given)
        wrapped = cast(IProtocolFactory, factory)
        return cast(Factory, TLSMemoryBIOFactory(context, is_client, wrapped, self._time))
