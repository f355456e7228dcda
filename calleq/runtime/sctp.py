"""Connections over SCTP instead of TCP, where the kernel has it, behind the same few calls.

Owns the sockets and nothing of what crosses them: `SctpReactor` is a `TcpReactor` whose connections
are one-to-one SCTP associations with one stream each way, so that whatever speaks over TCP here
speaks over SCTP unchanged. Every message carries the payload protocol identifier that the peer
expects (RFC 4666 §7.1). A kernel without SCTP is found out at once, in words.

Odd case: multi-homing and more than one stream are not used; order within the one stream is what
M3UA needs of the order within each of its own.
"""

import socket
from collections.abc import Callable
from struct import Struct
from typing import Any, cast

from twisted.internet import tcp
from twisted.internet.protocol import ClientFactory, Factory

from calleq.runtime.tcp import Attempt, Port

IPPROTO_SCTP = 132
PAYLOAD_M3UA = 3
"""Payload protocol identifier (RFC 4666 §7.1)."""

_NODELAY = 3
_DEFAULT_SEND_PARAM = 10
_SEND_PARAM_HEAD = Struct("@HHHxx")
"""Stream, stream sequence number, flags (RFC 6458 §5.3.2)."""
_SEND_PARAM_PAYLOAD = Struct(">I")
_SEND_PARAM_TAIL = Struct("@IIIIi")
"""Context, time to live, TSN, cumulative TSN, association."""


class SctpMissingError(OSError):
    """The kernel has no SCTP."""


def require_sctp(protocol: int = IPPROTO_SCTP) -> None:
    """Raise SctpMissingError when sockets of the protocol cannot be had."""
    try:
        socket.socket(socket.AF_INET, socket.SOCK_STREAM, protocol).close()
    except OSError as error:
        raise SctpMissingError(
            error.errno, 'this kernel has no SCTP: load its module, or say transport = "tcp"'
        ) from error


class SctpReactor:
    """Connects and listens over SCTP by the means of a Twisted reactor; a `TcpReactor`."""

    def __init__(
        self, reactor: object, payload: int = PAYLOAD_M3UA, protocol: int = IPPROTO_SCTP
    ) -> None:
        """Raises SctpMissingError. `protocol` may be another that makes stream sockets."""
        require_sctp(protocol)
        self._reactor: Any = reactor
        self._kind = _Kind(protocol, payload)

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> Attempt:
        """As `TcpReactor.connectTCP`."""
        connector = _Connector(host, port, factory, timeout, None, self._reactor)
        connector.kind = self._kind
        connector.connect()
        return connector

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """As `TcpReactor.listenTCP`; raises CannotListenError."""
        listening = _Port(port, cast(Any, factory), backlog, interface, self._reactor)
        listening.kind = self._kind
        listening.startListening()
        return listening


class _Kind:
    """What sockets of this reactor are."""

    def __init__(self, protocol: int, payload: int) -> None:
        self._protocol = protocol
        self._payload = payload

    def make(self, family: int) -> socket.socket:
        made = socket.socket(family, socket.SOCK_STREAM, self._protocol)
        made.setblocking(False)
        self.prepare(made)
        return made

    def prepare(self, made: socket.socket) -> None:
        """Send at once, and name the payload."""
        if self._protocol == IPPROTO_SCTP:
            made.setsockopt(IPPROTO_SCTP, _NODELAY, 1)
            made.setsockopt(IPPROTO_SCTP, _DEFAULT_SEND_PARAM, send_parameters(self._payload))


def send_parameters(payload: int) -> bytes:
    """What every message of a socket is sent with: stream 0 and a payload protocol identifier."""
    return (
        _SEND_PARAM_HEAD.pack(0, 0, 0)
        + _SEND_PARAM_PAYLOAD.pack(payload)
        + _SEND_PARAM_TAIL.pack(0, 0, 0, 0, 0)
    )


class _Client(tcp.Client):
    def createInternetSocket(self) -> socket.socket:  # noqa: N802
        kind: _Kind = self.connector.kind
        return kind.make(self.addressFamily)

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """The socket was made so."""


class _Connector(tcp.Connector):
    kind: _Kind

    def _makeTransport(self) -> _Client:  # noqa: N802
        make: Callable[..., _Client] = _Client
        return make(self.host, self.port, self.bindAddress, self, self.reactor)


class _Server(tcp.Server):
    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """The listening socket was made so, and those that it accepts are like it."""


class _Port(tcp.Port):
    kind: _Kind
    transport = _Server

    def createInternetSocket(self) -> socket.socket:  # noqa: N802
        made = self.kind.make(self.addressFamily)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return made
