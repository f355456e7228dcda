"""The sockets of one user agent: UDP, TCP and TLS (RFC 3261 §18), on a Twisted reactor passed in.

Owns the listening ports and which transport a target wants; `streams` has the connections. Fulfils
`SipTransport`. A `gate` (`Sources.judge` of `sip.flood`) may look at each message first, and answer
or drop it.

Odd cases: where one address of the machine is given, everything leaves from it; a keep-alive by
datagram is dropped; a datagram that can't be sent is lost, as datagrams are, and nobody is told.
"""

import socket
from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet.protocol import DatagramProtocol

from calleq.gateway.streams import Failed, Receive, Streams, Wrap, plain
from calleq.runtime.clock import Clock
from calleq.runtime.tcp import Port, TcpReactor
from calleq.sip.transaction import Target

DATAGRAM_OCTETS_LIMIT = 65_535
RECEIVE_BUFFER_OCTETS = 4 * 1_024 * 1_024
SHORTEST_MESSAGE = 16
"""What is shorter is a keep-alive (RFC 5626 §3.5.2 and whatever telephones send)."""

Gate = Callable[[bytes, Target, int], bytes | None]
"""Told what came from where, and the monotonic time; gives the octets of an answer instead, nothing
to send where they are empty, or None where the message is to be worked on."""


class SipReactor(TcpReactor, Protocol):
    """What is needed of a Twisted reactor."""

    def listenUDP(  # noqa: N802
        self,
        port: int,
        protocol: DatagramProtocol,
        interface: str = "",
        maxPacketSize: int = 8192,  # noqa: N803
    ) -> Port:
        """Take datagrams; raises CannotListenError."""


class _Socket(Protocol):
    """What is needed of a datagram transport."""

    socket: socket.socket


class _Datagrams(DatagramProtocol):
    noisy = False

    def __init__(self, received: Receive) -> None:
        self._received = received

    def datagramReceived(self, datagram: bytes, addr: tuple[str, int]) -> None:  # noqa: N802
        if len(datagram) >= SHORTEST_MESSAGE:
            self._received(datagram, Target(addr[0], addr[1]))


class SipSockets:
    """One end's sockets, at `host:port` for UDP and TCP, and at `secure` for TLS."""

    def __init__(
        self,
        reactor: SipReactor,
        clock: Clock,
        host: str,
        port: int,
        *,
        secure: tuple[str, int] | None = None,
        wrap: Wrap | None = None,
        gate: Gate | None = None,
    ) -> None:
        """Port 0 takes a free one, the same for UDP and TCP. `wrap` is a `SecureWrap` where TLS is
        spoken; `secure` may be absent: then we only connect."""
        self._reactor = reactor
        self._clock = clock
        self._gate = gate
        self._addresses: dict[str, tuple[str, int]] = {"UDP": (host, port), "TCP": (host, port)}
        if secure is not None:
            self._addresses["TLS"] = secure
        self._streams = {"TCP": Streams(reactor, clock, "TCP", self, wrap=plain)}
        if wrap is not None:
            self._streams["TLS"] = Streams(reactor, clock, "TLS", self, wrap=wrap)
        self._receive: Receive = lambda octets, source: None
        self._failed: Failed = lambda target: None
        self._port: Port | None = None
        self._socket: socket.socket | None = None
        self.gated = 0
        """Messages that the gate kept out."""
        self.unsent = 0
        """Datagrams that the machine did not take."""

    def start(self, receive: Receive, failed: Failed) -> None:
        """Listen. Raises CannotListenError."""
        self._receive, self._failed = receive, failed
        host, port = self._addresses["UDP"]
        listening = _Datagrams(self.received)
        self._port = self._reactor.listenUDP(
            port, listening, interface=host, maxPacketSize=DATAGRAM_OCTETS_LIMIT
        )
        port = self._port.getHost().port
        self._socket = cast(_Socket, listening.transport).socket
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_OCTETS)
        self._addresses["UDP"] = self._addresses["TCP"] = (host, port)
        self._streams["TCP"].listen(host, port)
        if "TLS" in self._streams and "TLS" in self._addresses:
            host, port = self._addresses["TLS"]
            self._addresses["TLS"] = (host, self._streams["TLS"].listen(host, port))

    def stop(self) -> None:
        """Close everything."""
        self._socket = None
        if self._port is not None:
            self._port.stopListening()
        for streams in self._streams.values():
            streams.close()

    def address(self, transport: str) -> tuple[str, int]:
        """Where that transport is at home with us; UDP's address where it has none."""
        return self._addresses.get(transport, self._addresses["UDP"])

    @property
    def connections(self) -> int:
        """How many there are."""
        return sum(map(len, self._streams.values()))

    def send(self, target: Target, octets: bytes) -> None:
        """Send one message."""
        if target.transport == "UDP":
            self._send_datagram(target, octets)
            return
        streams = self._streams.get(target.transport)
        if streams is None:
            self.failed(target)
        else:
            streams.send(target, octets)

    def _send_datagram(self, target: Target, octets: bytes) -> None:
        if self._socket is None:
            return
        try:
            self._socket.sendto(octets, (target.host, target.port))
        except OSError:
            self.unsent += 1

    # What the sockets tell.

    def received(self, octets: bytes, source: Target) -> None:
        """One message came."""
        if self._gate is not None:
            answer = self._gate(octets, source, self._clock.monotonic_us())
            if answer is not None:
                self.gated += 1
                if answer:
                    self.send(source, answer)
                return
        self._receive(octets, source)

    def failed(self, target: Target) -> None:
        """A connection is no more. It is told in a turn of its own, never within `send`."""
        self._clock.call_later_us(0, self._tell_failed, target)

    def _tell_failed(self, target: Target) -> None:
        self._failed(target)
