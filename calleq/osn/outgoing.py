"""The connection that carries one sending stream, made when needed and made again when lost.

Owns when to connect, how long to wait before trying again, and how long a silent peer is borne. The
small contracts of the Twisted reactor and its sockets that the OSN uses stand here too.
"""

from collections.abc import Callable
from typing import Protocol as Contract
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Factory, Protocol, connectionDone
from twisted.python.failure import Failure

from calleq.osn.frames import Frame, FrameError, FrameReader, encode_frame
from calleq.osn.streams import SendingStream
from calleq.runtime.clock import Clock, Timer
from calleq.units import MILLISECOND_US, SECOND_US

RECONNECT_FIRST_US = 50 * MILLISECOND_US
RECONNECT_LONGEST_US = 2 * SECOND_US
CONNECT_LIMIT_S = 5.0
SILENCE_LIMIT_US = 10 * SECOND_US
"""How long a peer may leave `Hello` unanswered, or messages unconfirmed."""


class ListeningPort(Contract):
    """What a reactor gives for a port on which it listens."""

    def stopListening(self) -> "Deferred[None] | None":  # noqa: N802
        """Stop; the answer, if any, fires when done."""


class TcpReactor(Contract):
    """What the bus uses of a Twisted reactor (IReactorTCP)."""

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = ..., interface: str = ...
    ) -> ListeningPort:
        """Listen; raises CannotListenError."""

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = ...
    ) -> object:
        """Connect; the factory hears of success and failure."""


class Socket(Contract):
    """What the OSN uses of a connection."""

    def write(self, octets: bytes) -> None: ...

    def abortConnection(self) -> None: ...  # noqa: N802

    def setTcpNoDelay(self, enabled: bool) -> None: ...  # noqa: N802


class Outgoing:
    """A sending stream and the connection that carries it, when there is one."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        address: tuple[str, int],
        stream: SendingStream,
        malformed: Callable[[], object],
    ) -> None:
        """Nothing is connected before the first `send`. `malformed` is told of each bad peer."""
        self.stream = stream
        self._reactor = reactor
        self._clock = clock
        self._address = address
        self._malformed = malformed
        self._connection: _Sender | None = None
        self._connecting = False
        self._retry: Timer | None = None
        self._pause_us = RECONNECT_FIRST_US
        self._watch: Timer | None = None
        self._progress = 0
        self._closed = False

    def send(self, octets: bytes) -> None:
        """Take a message; connect when there is no connection yet."""
        frames = self.stream.send(octets)
        if self._connection is not None:
            self._write(frames)
        elif not self._connecting and self._retry is None:
            self._connect()

    def close(self) -> None:
        """End the connection and make no other."""
        self._closed = True
        for timer in (self._retry, self._watch):
            if timer is not None:
                timer.cancel()
        if self._connection is not None:
            self._connection.drop()

    def connected(self, connection: "_Sender") -> None:
        """The connection stands."""
        if self._closed:
            connection.drop()
            return
        self._connecting = False
        self._connection = connection
        self._write(self.stream.connected())

    def received(self, frame: Frame) -> None:
        """The receiver said something. Raises FrameError."""
        frames = self.stream.receive(frame)
        self._pause_us = RECONNECT_FIRST_US
        self._progress += 1
        if self.stream.pending == 0 and self._watch is not None:
            self._watch.cancel()
            self._watch = None
        self._write(frames)

    def malformed(self) -> None:
        """The receiver said something it may not say."""
        self._malformed()

    def lost(self) -> None:
        """The connection is gone, or could not be made: try again if something waits."""
        self._connecting = False
        self._connection = None
        self.stream.disconnected()
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None
        if self.stream.pending and not self._closed and self._retry is None:
            self._retry = self._clock.call_later_us(self._pause_us, self._try_again)
            self._pause_us = min(self._pause_us * 2, RECONNECT_LONGEST_US)

    def _try_again(self) -> None:
        self._retry = None
        self._connect()

    def _connect(self) -> None:
        self._connecting = True
        host, port = self._address
        self._reactor.connectTCP(host, port, _SenderFactory(self), timeout=CONNECT_LIMIT_S)

    def _write(self, frames: list[Frame]) -> None:
        if self._connection is None or not frames:
            return
        socket_of(self._connection).write(b"".join(map(encode_frame, frames)))
        if self._watch is None:
            self._watch = self._clock.call_later_us(SILENCE_LIMIT_US, self._look, self._progress)

    def _look(self, progress: int) -> None:
        """The peer had SILENCE_LIMIT_US to say something about what we sent."""
        self._watch = None
        if self._connection is None:
            return
        if progress == self._progress:
            self._connection.drop()
        elif self.stream.pending:
            self._watch = self._clock.call_later_us(SILENCE_LIMIT_US, self._look, self._progress)


class _Sender(Protocol):
    """A connection on which one of our elements sends to one of another process."""

    def __init__(self, end: Outgoing) -> None:
        self._end = end
        self._frames = FrameReader()
        self._dropped = False

    def connectionMade(self) -> None:  # noqa: N802
        send_at_once(self)
        self._end.connected(self)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self._end.lost()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if self._dropped:
            return
        try:
            for frame in self._frames.receive(data):
                self._end.received(frame)
        except FrameError:
            self._end.malformed()
            self.drop()

    def drop(self) -> None:
        """End the connection and read nothing more from it."""
        self._dropped = True
        socket_of(self).abortConnection()


class _SenderFactory(ClientFactory):
    noisy = False

    def __init__(self, end: Outgoing) -> None:
        self._end = end

    def buildProtocol(self, addr: IAddress | None) -> _Sender:  # noqa: N802
        return _Sender(self._end)

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._end.lost()


def socket_of(protocol: Protocol) -> Socket:
    """The transport of a connected protocol, typed."""
    return cast(Socket, protocol.transport)


def send_at_once(protocol: Protocol) -> None:
    """Send small messages at once: signalling must not wait for Nagle's algorithm."""
    socket_of(protocol).setTcpNoDelay(True)
