"""TLS, both ways, around the wires between the processes of one carrier.

Owns what a process proves itself by and whom it believes. `SecureWires` gives each element here a
`TcpReactor` of its own: whoever it connects to, and whoever connects to it, must show a certificate
that one of the carrier's own authorities has signed. A certificate is an element's by the element's
name among its DNS names; the far end of a connection that is made here must have the name of the
element that is meant, and `Connection.proves` says of whom the far end of any connection is. Hosts
and addresses prove nothing.

TLS 1.3 alone is spoken. Files that have changed are taken up at the next connection; those that
cannot be used leave what was there in use and are told. A connection is its room's when the
handshake is over, not before: HANDSHAKES_LIMIT of them may be under way to one element, each for
HANDSHAKE_LIMIT_US. Why a connection did not come about is told once, and again when the reason
changes.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol as Contract
from typing import cast

from cryptography import x509
from OpenSSL import SSL, crypto
from twisted.internet.interfaces import (
    IAddress,
    IConnector,
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IOpenSSLServerConnectionCreator,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tcp import Attempt, Connection, Port, TcpReactor
from calleq.units import SECOND_US

HANDSHAKE_LIMIT_US = 5 * SECOND_US
HANDSHAKES_LIMIT = 64
"""Handshakes under way with whoever connects to one element."""
REASONS_LIMIT = 64
"""Far ends of which it is remembered what was told of them last."""
ELEMENT = "{element}"
"""Stands for the element's name in the places of files."""

Say = Callable[[str], object]


class _Secured(Contract):
    """What is needed of Twisted's transport over TLS."""

    def getPeerCertificate(self) -> crypto.X509 | None:  # noqa: N802
        """What the far end showed."""

    def abortConnection(self) -> None:  # noqa: N802
        """Close at once."""


class WireTlsError(Exception):
    """Certificate, key or authorities cannot be used; the text names the files and says why."""


class WireFiles:
    """What one element proves itself by; `context` is made of its files as they are now."""

    def __init__(self, element: str, certificate: str, key: str, authorities: str) -> None:
        """Raises WireTlsError."""
        self.element = element
        self.problem = ""
        """Why the files as they are now are not in use; empty: they are."""
        self._certificate = Path(certificate.replace(ELEMENT, element))
        self._key = Path(key.replace(ELEMENT, element))
        self._authorities = Path(authorities.replace(ELEMENT, element))
        self._seen = self._stamp()
        self._context = self._load()

    def context(self) -> SSL.Context:
        """For another connection."""
        stamp = self._stamp()
        if stamp != self._seen:
            try:
                self._context = self._load()
            except WireTlsError as error:
                self.problem = str(error)
            else:
                self.problem = ""
                self._seen = stamp
        return self._context

    def _load(self) -> SSL.Context:
        context = SSL.Context(SSL.TLS_METHOD)
        context.set_min_proto_version(SSL.TLS1_3_VERSION)
        context.set_verify(SSL.VERIFY_PEER | SSL.VERIFY_FAIL_IF_NO_PEER_CERT, None)
        context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
        for path in (self._certificate, self._key, self._authorities):
            try:
                path.open("rb").close()
            except OSError as error:
                raise WireTlsError(f"{path}: cannot be read: {error.strerror}") from error
        try:
            context.use_certificate_chain_file(str(self._certificate))
            context.use_privatekey_file(str(self._key), crypto.FILETYPE_PEM)
            context.check_privatekey()
            context.load_verify_locations(str(self._authorities))
            own = x509.load_pem_x509_certificate(self._certificate.read_bytes())
        except (SSL.Error, ValueError, OSError) as error:
            files = f"{self._certificate}, {self._key} and {self._authorities}"
            raise WireTlsError(f"{files}: cannot be used together: {_reason(error)}") from error
        if self.element.casefold() not in names_of(own):
            raise WireTlsError(
                f"{self._certificate}: is not the certificate of {self.element}: its DNS names are"
                f" {', '.join(sorted(names_of(own))) or 'none'}"
            )
        return context

    def _stamp(self) -> tuple[tuple[int, int, int], ...]:
        return tuple(_stamp_of(path) for path in (self._certificate, self._key, self._authorities))


class SecureWires:
    """Makes the connections of the elements of one process."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        files: Sequence[WireFiles],
        element_at: Callable[[str, int], str],
        say: Say,
    ) -> None:
        """`files` of every element here; `element_at` says who listens at a host and port."""
        self._elements = {
            one.element: _ElementReactor(reactor, clock, one, element_at, _Telling(say))
            for one in files
        }

    def of(self, element: str) -> TcpReactor:
        """What makes the connections of an element that is here."""
        return self._elements[element]


class _Telling:
    """Tells a reason once for each far end, and again when it changes."""

    def __init__(self, say: Say) -> None:
        self._say = say
        self._told: dict[str, str] = {}

    def __call__(self, far: str, reason: str) -> None:
        if self._told.get(far) != reason:
            if len(self._told) >= REASONS_LIMIT:
                self._told.clear()
            self._told[far] = reason
            self._say(f"{far}: {reason}")


class _ElementReactor:
    """The connections of one element; a `TcpReactor`."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        files: WireFiles,
        element_at: Callable[[str, int], str],
        tell: Callable[[str, str], object],
    ) -> None:
        self.clock = clock
        self.files = files
        self.under_way = 0
        """Handshakes with whoever connected."""
        self.tell = tell
        self._reactor = reactor
        self._element_at = element_at

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> Attempt:
        """As `TcpReactor.connectTCP`, to the element that is there and nobody else."""
        inner = _Connecting(self, factory, self._element_at(host, port))
        return self._reactor.connectTCP(host, port, self._secured(inner, True), timeout=timeout)

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """As `TcpReactor.listenTCP`; raises CannotListenError."""
        secured = self._secured(_Listening(self, factory), False)
        return self._reactor.listenTCP(port, secured, backlog, interface)

    def has_room(self) -> bool:
        """Whether another handshake may begin with whoever connects."""
        return self.under_way < HANDSHAKES_LIMIT

    def _secured(self, inner: Factory, is_client: bool) -> ClientFactory:
        given = cast(IOpenSSLServerConnectionCreator, _Creator(self.files))
        wrapped = cast(IProtocolFactory, inner)
        time = cast(IReactorTime, self._reactor)
        made = _Wrapping(given, is_client, wrapped, time)
        made.noisy = False
        if not is_client:
            made.has_room = self.has_room
        return cast(ClientFactory, made)


class _Wrapping(TLSMemoryBIOFactory):
    """Puts TLS around connections, as long as there is room."""

    has_room: Callable[[], bool] | None = None

    def buildProtocol(  # type: ignore[override]  # noqa: N802
        self, addr: IAddress | None
    ) -> TLSMemoryBIOProtocol | None:
        if self.has_room is not None and not self.has_room():
            return None
        made: TLSMemoryBIOProtocol = super().buildProtocol(addr)
        return made


@implementer(IOpenSSLServerConnectionCreator, IOpenSSLClientConnectionCreator)
class _Creator:
    """Makes OpenSSL's side of a connection, of the files as they are now."""

    def __init__(self, files: WireFiles) -> None:
        self._files = files

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For whoever connects."""
        made = SSL.Connection(self._files.context(), None)
        made.set_accept_state()
        return made

    def clientConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:  # noqa: N802
        """For a connection of ours."""
        made = SSL.Connection(self._files.context(), None)
        made.set_connect_state()
        return made


class _Connecting(ClientFactory):
    """Stands between TLS and the factory of whoever connects."""

    noisy = False

    def __init__(self, owner: _ElementReactor, inner: ClientFactory, far: str) -> None:
        self._owner = owner
        self._inner = inner
        self._far = far

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: N802
        return _Handshake(self._owner, lambda: self._inner.buildProtocol(addr), self._far)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._inner.clientConnectionFailed(connector, reason)

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._inner.clientConnectionLost(connector, reason)


class _Listening(Factory):
    """Stands between TLS and the factory of whoever listens."""

    noisy = False

    def __init__(self, owner: _ElementReactor, inner: Factory) -> None:
        self._owner = owner
        self._inner = inner

    def buildProtocol(self, addr: IAddress | None) -> Protocol:  # noqa: N802
        return _Handshake(self._owner, lambda: self._inner.buildProtocol(addr), "")


@implementer(IHandshakeListener)
class _Handshake(Protocol):
    """A connection until it is known who is at its far end, and the inner one's way afterwards."""

    def __init__(
        self, owner: _ElementReactor, make: Callable[[], object | None], expected: str
    ) -> None:
        """`expected` is the element that must be there; empty: whoever connects."""
        self._owner = owner
        self._make = make
        self._expected = expected
        self._inner: Protocol | None = None
        self._is_over = False
        self._limit: Timer | None = None

    def connectionMade(self) -> None:  # noqa: N802
        if not self._expected:
            self._owner.under_way += 1
        self._limit = self._owner.clock.call_later_us(HANDSHAKE_LIMIT_US, self._give_up)

    def handshakeCompleted(self) -> None:  # noqa: N802
        """It is known who is there."""
        self._settled()
        names = self._names()
        if self._expected and self._expected.casefold() not in names:
            told = ", ".join(sorted(names)) or "nobody"
            self._refuse(f"whoever is there has the certificate of {told}")
            return
        made = self._make()
        if made is None:
            self._abort()
            return
        inner = self._inner = cast(Protocol, made)
        if isinstance(inner, Connection):
            inner.far_names = names
        cast(Callable[[object], None], inner.makeConnection)(self.transport)

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._inner is not None:
            self._inner.dataReceived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._settled()
        inner, self._inner = self._inner, None
        error = reason.value
        if isinstance(error, SSL.Error) and error.args:
            self._tell(_reason(error))
        if inner is not None:
            inner.connectionLost(reason)

    def _names(self) -> frozenset[str]:
        shown = cast(_Secured, self.transport).getPeerCertificate()
        return frozenset() if shown is None else names_of(shown.to_cryptography())

    def _settled(self) -> None:
        """The handshake is over, however it ended."""
        if self._limit is None:
            return
        self._limit.cancel()
        self._limit = None
        if not self._expected:
            self._owner.under_way -= 1

    def _give_up(self) -> None:
        self._refuse(f"no TLS within {HANDSHAKE_LIMIT_US // SECOND_US} s")

    def _refuse(self, reason: str) -> None:
        self._tell(reason)
        self._abort()

    def _abort(self) -> None:
        cast(_Secured, self.transport).abortConnection()

    def _tell(self, reason: str) -> None:
        far = f"to {self._expected}" if self._expected else "from another process"
        problem = self._owner.files.problem
        told = f"{reason}; {problem}" if problem else reason
        self._owner.tell(f"wire of {self._owner.files.element} {far}", told)


def names_of(certificate: x509.Certificate) -> frozenset[str]:
    """The DNS names of a certificate, in small letters."""
    try:
        found = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return frozenset()
    return frozenset(name.casefold() for name in found.value.get_values_for_type(x509.DNSName))


def _stamp_of(path: Path) -> tuple[int, int, int]:
    try:
        found = path.stat()
    except OSError:
        return (0, 0, 0)
    return (found.st_mtime_ns, found.st_size, found.st_ino)


def _reason(error: Exception) -> str:
    """OpenSSL's reason, without the places in its source."""
    stack = error.args[0] if error.args and isinstance(error.args[0], list) else []
    told = [entry[-1] for entry in stack if isinstance(entry, tuple) and entry[-1]]
    return ", ".join(map(str, told)) or str(error) or type(error).__name__
