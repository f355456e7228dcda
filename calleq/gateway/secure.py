"""TLS around SIP's connections (RFC 3261 §26.3), by pyOpenSSL.

Owns contexts: our certificate towards whoever connects, and the authorities that we believe when we
connect ourselves. TLS 1.2 at least. Neither is needed for UDP and TCP, and nothing is imported of
OpenSSL before it is.

Whoever we connect to must show a certificate of the name that led us there (RFC 5922 §4, by DNS
names alone), or, where an address was given in place of a name, of that address. `Led` knows the
names; one that was forgotten is checked as an address.
"""

import ipaddress
import pathlib
from collections.abc import Callable, Collection, Sequence
from typing import cast
from weakref import WeakKeyDictionary

from OpenSSL import SSL
from service_identity import CertificateError, VerificationError
from service_identity.pyopenssl import verify_hostname, verify_ip_address
from twisted.internet.interfaces import (
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from calleq.sip.transaction import Target

Names = Callable[[Target], Collection[str]]
"""The names that led to a target."""
_Expected = WeakKeyDictionary[object, Collection[str]]
"""By the protocol of a connection: of which names its far end must show a certificate."""


@implementer(IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator)
class _Given:
    """One context for every connection; `names` are those of whom we connect to, and are noted in
    `expected`."""

    def __init__(
        self, context: SSL.Context, names: Collection[str] = (), expected: _Expected | None = None
    ) -> None:
        self._context = context
        self._names = names
        self._expected = _Expected() if expected is None else expected

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For whoever connects."""
        made = SSL.Connection(self._context, None)
        made.set_accept_state()
        return made

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For a connection of ours."""
        made = SSL.Connection(self._context, None)
        made.set_connect_state()
        self._expected[protocol] = self._names
        told = [name for name in self._names if not _is_address(name)]
        if told:
            made.set_tlsext_host_name(told[0].encode("idna"))
        return made


def _check_name(expected: _Expected, connection: SSL.Connection, where: int) -> None:
    if not where & SSL.SSL_CB_HANDSHAKE_DONE:
        return
    protocol = connection.get_app_data()  # Twisted puts it there
    if not any(_has_name(connection, name) for name in expected.get(protocol, ())):
        failure = cast(Callable[[Exception], object], Failure)(VerificationError(errors=[]))
        cast(Callable[[object], None], protocol.failVerification)(failure)


def _has_name(connection: SSL.Connection, name: str) -> bool:
    try:
        if _is_address(name):
            verify_ip_address(connection, name)
        else:
            verify_hostname(connection, name)
    except (CertificateError, VerificationError, ValueError):
        return False
    return True


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _host(target: Target) -> Collection[str]:
    return (target.host,)


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
        names: Names = _host,
    ) -> None:
        """`reactor` is the one that the connections are made on. PEM files; `trusted` empty: the
        authorities of the system. Raises OpenSSL's error where a file is none."""
        self._names = names
        self._expected = _Expected()
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
            expected = self._expected
            self._client.set_info_callback(
                lambda connection, where, result: _check_name(expected, connection, where)
            )

    def __call__(self, factory: Factory, target: Target | None) -> Factory:
        is_client = target is not None
        if target is None:
            given = _Given(self._server)
        else:
            given = _Given(self._client, self._names(target), self._expected)
        context = cast(IOpenSSLServerConnectionCreator, given)
        wrapped = cast(IProtocolFactory, factory)
        return cast(Factory, TLSMemoryBIOFactory(context, is_client, wrapped, self._time))
