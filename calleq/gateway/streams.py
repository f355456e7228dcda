"""SIP over connections: TCP and TLS, theirs and ours (RFC 3261 §18, RFC 5626 §3.5).

Owns one table of connections by the address of the far end, whoever opened them: what is to be sent
to an address goes over the connection that is there, or over a new one. Each cuts its stream into
messages, answers a keep-alive (CRLF CRLF) with CRLF, and is closed when nothing came for IDLE_US.

Bounds: so many connections in all and from one host, so many octets that wait for a connection or
that the far end does not read. What is beyond is refused or given up, and told by `failed`.

Odd cases: a stream that lost its way is answered where it can be, and closed.
"""

from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Factory
from twisted.python.failure import Failure

from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tcp import CONNECT_LIMIT_S, Connection, Port, TcpReactor
from calleq.sip.framer import StreamFramer
from calleq.sip.transaction import Target
from calleq.units import SECOND_US

CONNECTIONS_LIMIT = 4_096
CONNECTIONS_OF_HOST_LIMIT = 256
UNSENT_OCTETS_LIMIT = 262_144
"""Octets that one connection may have to send, before it stands and while nobody reads."""
IDLE_US = 600 * SECOND_US
LINGER_US = SECOND_US
"""How long a connection whose stream lost its way may take the answer that it gets."""
PING = b"\r\n\r\n"
PONG = b"\r\n"

Receive = Callable[[bytes, Target], object]
Failed = Callable[[Target], object]
Wrap = Callable[[Factory, Target | None], Factory]
"""Puts TLS around a factory, of a server or of whoever connects to a target; for TCP it does
nothing."""


class Taker(Protocol):
    """Who is told what connections bring."""

    def received(self, octets: bytes, source: Target) -> None:
        """One message."""

    def failed(self, target: Target) -> None:
        """The connection is no more, or none came about."""


def plain(factory: Factory, target: Target | None) -> Factory:
    """TCP without TLS."""
    return factory


class Stream(Connection):
    """One connection."""

    def __init__(self, streams: "Streams", target: Target | None) -> None:
        """`target` is where we connect to; None: they connect."""
        self.target = target
        self.heard_us = streams.clock.monotonic_us()
        self._streams = streams
        self._framer = StreamFramer()
        self._unsent: list[bytes] = []
        self._unsent_octets = 0
        self._stands = False
        self._is_slow = False
        self._end: Timer | None = None

    def made(self) -> None:
        if self.target is None:
            peer = self.wire.getPeer()
            self.target = Target(peer.host, peer.port, self._streams.transport)
            if not self._streams.took(self):
                self.abandon()
                return
        self._stands = True
        self.wire.registerProducer(self, True)
        for octets in self._unsent:
            self.wire.write(octets)
        self._unsent.clear()
        self._unsent_octets = 0

    # What Twisted tells a producer.

    def pauseProducing(self) -> None:  # noqa: N802
        """The far end does not read."""
        self._is_slow = True

    def resumeProducing(self) -> None:  # noqa: N802
        """It reads again."""
        self._is_slow = False
        self._unsent_octets = 0

    def stopProducing(self) -> None:  # noqa: N802
        """It is over."""

    def send(self, octets: bytes) -> bool:
        """Send, or keep until it stands; False where there is too much already."""
        if self._stands and not self._is_slow:
            self.wire.write(octets)
            return True
        self._unsent_octets += len(octets)
        if self._unsent_octets > UNSENT_OCTETS_LIMIT:
            return False
        if self._stands:
            self.wire.write(octets)
        else:
            self._unsent.append(octets)
        return True

    def arrived(self, data: bytes) -> None:
        assert self.target is not None
        streams = self._streams
        self.heard_us = streams.clock.monotonic_us()
        if len(data) >= len(PING) and not data.strip(PING):
            self.wire.write(PONG)
        for message in self._framer.receive(data):
            streams.taker.received(message, self.target)
            if self.is_over:
                return
        if self._framer.broken and self._end is None:
            self._end = streams.clock.call_later_us(LINGER_US, self.abandon)

    def ended(self) -> None:
        if self._end is not None:
            self._end.cancel()
        self._streams.lost(self)


class Streams:
    """All connections of one transport: TCP or TLS."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        transport: str,
        taker: Taker,
        *,
        wrap: Wrap = plain,
        limit: int = CONNECTIONS_LIMIT,
    ) -> None:
        self.clock = clock
        self.transport = transport
        self.taker = taker
        self.refused = 0
        """Connections that were too many."""
        self._reactor = reactor
        self._wrap = wrap
        self._limit = limit
        self._streams: dict[Target, Stream] = {}
        self._of_host: dict[str, int] = {}
        self._listening: Port | None = None
        self._source_host = ""
        self._sweep: Timer | None = None
        self._is_closed = False

    def __len__(self) -> int:
        return len(self._streams)

    def listen(self, host: str, port: int) -> int:
        """Listen there; the port. Raises CannotListenError."""
        factory = self._wrap(_Answering(self), None)
        self._listening = self._reactor.listenTCP(port, factory, interface=host)
        self._set_sweep()
        return self._listening.getHost().port

    def close(self) -> None:
        """Listen no more, and end every connection."""
        self._is_closed = True
        if self._sweep is not None:
            self._sweep.cancel()
        if self._listening is not None:
            self._listening.stopListening()
        for stream in list(self._streams.values()):
            stream.abandon()

    def send(self, target: Target, octets: bytes) -> None:
        """Send there."""
        stream = self._streams.get(target)
        if stream is None or stream.is_over:
            stream = self._dial(target)
        if stream is None or not stream.send(octets):
            if stream is not None:
                stream.abandon()
                self.lost(stream)
            else:
                self.taker.failed(target)

    def _dial(self, target: Target) -> Stream | None:
        if self._is_closed or not self._has_room(target.host):
            return None
        stream = Stream(self, target)
        self._keep(target, stream)
        factory = self._wrap(_Calling(stream, self), target)
        self._reactor.connectTCP(
            target.host, target.port, cast(ClientFactory, factory), timeout=CONNECT_LIMIT_S
        )
        self._set_sweep()
        return stream

    def _has_room(self, host: str) -> bool:
        full = len(self._streams) >= self._limit
        if full or self._of_host.get(host, 0) >= CONNECTIONS_OF_HOST_LIMIT:
            self.refused += 1
            return False
        return True

    def _keep(self, target: Target, stream: Stream) -> None:
        self._streams[target] = stream
        self._of_host[target.host] = self._of_host.get(target.host, 0) + 1

    def took(self, stream: Stream) -> bool:
        """They connected; False where there is no room."""
        target = stream.target
        assert target is not None
        if self._is_closed or target in self._streams or not self._has_room(target.host):
            return False
        self._keep(target, stream)
        return True

    def lost(self, stream: Stream) -> None:
        """It is over, or never came about."""
        target = stream.target
        if target is None or self._streams.get(target) is not stream:
            return
        del self._streams[target]
        left = self._of_host[target.host] - 1
        if left:
            self._of_host[target.host] = left
        else:
            del self._of_host[target.host]
        if not self._is_closed:
            self.taker.failed(target)

    def _set_sweep(self) -> None:
        if self._sweep is None and not self._is_closed:
            self._sweep = self.clock.call_in_background_us(IDLE_US // 4, self._swept)

    def _swept(self) -> None:
        """End what has been silent for long."""
        self._sweep = None
        limit_us = self.clock.monotonic_us() - IDLE_US
        for stream in [one for one in self._streams.values() if one.heard_us <= limit_us]:
            stream.abandon()
        self._set_sweep()


class _Answering(Factory):
    noisy = False

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    def buildProtocol(self, addr: IAddress | None) -> Stream:  # noqa: N802
        return Stream(self._streams, None)


class _Calling(ClientFactory):
    noisy = False

    def __init__(self, stream: Stream, streams: Streams) -> None:
        self._stream = stream
        self._streams = streams

    def buildProtocol(self, addr: IAddress | None) -> Stream:  # noqa: N802
        return self._stream

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._stream.is_over = True
        self._streams.lost(self._stream)
