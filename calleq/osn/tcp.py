"""The OSN among processes: each listens for its elements and connects to others when it must send.

`TcpBus` is the `Bus` of one process: `attach` its elements, `listen()` once, then send. A message
to an element of the same process goes by the clock and no socket. For each pair of local sender and
remote receiver there is one stream (see `streams`) on one connection, made at the first message and
made again, ever more slowly up to RECONNECT_LONGEST_US, as long as messages wait.

Peers that speak anything but frames are disconnected and counted in `malformed`. A peer that says
nothing is disconnected after SILENCE_LIMIT_US, and the connection is tried anew. The number of
incoming connections is bounded. The OSN is the carrier's inside network: over reactors that secure
their connections (`runtime.secure`) a sender must have proved to be the element that it says it is;
over others nobody is asked, so that it must not be reachable by other machines.

Odd case: a sender that reconnects before its old connection was seen to end takes the old one's
place; what still arrives on the old one is not read.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred, gatherResults

from calleq.osn.contract import OSN_LINK
from calleq.osn.frames import Frame, FrameError, FrameReader, Hello, Message, encode_frame
from calleq.osn.in_process import InProcessBus
from calleq.osn.outgoing import SILENCE_LIMIT_US, Outgoing
from calleq.osn.streams import ReceivingStream, SendingStream
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tap import NoTap, Segment, Tap
from calleq.runtime.tcp import Connection, Listener, TcpReactor

CONNECTION_LIMIT = 1_024
"""Incoming connections of one process."""

STREAM_LIMIT = 4_096
"""Pairs of sender and receiver that one process remembers."""


class TcpBus:
    """Implements `Bus` for the elements of one process."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        tap: Tap,
        addresses: Callable[[str], tuple[str, int]],
        incarnation: int | None = None,
        reactors: Callable[[str], TcpReactor] | None = None,
    ) -> None:
        """`addresses` gives host and port of an element by name; `reactors` what makes the
        connections of an element that is here, where that is not `reactor`.

        `incarnation` must differ between two lives of a process; by default it is the instant at
        which the process built its bus.
        """
        self.malformed = 0
        """Connections closed because of what the peer said."""
        self.incarnation = clock.now_us() if incarnation is None else incarnation
        self._reactors = reactors or (lambda element: reactor)
        self.clock = clock
        self._tap = tap
        self._addresses = addresses
        self._receivers: dict[str, Callable[[str, bytes], None]] = {}
        self._local = InProcessBus(clock, 0, NoTap())
        self._outgoing: dict[tuple[str, str], Outgoing] = {}
        self._streams: dict[tuple[str, str], ReceivingStream] = {}
        self._incoming: dict[tuple[str, str], _Incoming] = {}
        self._open: set[_Incoming] = set()
        self._listeners: list[Listener] = []
        self._closed = False

    @property
    def undeliverable(self) -> int:
        """Messages dropped for full queues or lost with a peer that restarted."""
        ends = self._outgoing.values()
        lost = sum(end.stream.dropped + end.stream.lost_with_peer for end in ends)
        return self._local.undeliverable + lost

    def reaches(self, element: str) -> bool:
        """Whether no message waits for an element to which there is no connection."""
        ends = [end for (_, receiver), end in self._outgoing.items() if receiver == element]
        return not any(end.waits for end in ends)

    @property
    def attached(self) -> tuple[str, ...]:
        """The elements of this process, which `listen` listens for."""
        return tuple(self._receivers)

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        """See `Bus.attach`. Raises ValueError when the element is attached already."""
        self._local.attach(element, receive)
        self._receivers[element] = receive

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        """See `Bus.send`. Raises ValueError for a message too long to carry."""
        if self._closed:
            return
        self._tap.saw(Segment.OSN, OSN_LINK, sender, receiver, octets, self.clock.now_us())
        if receiver in self._receivers:
            self._local.send(sender, receiver, octets)
            return
        end = self._outgoing.get((sender, receiver))
        if end is None:
            stream = SendingStream(sender, receiver, self.incarnation)
            address = self._addresses(receiver)
            end = Outgoing(
                self._reactors(sender), self.clock, address, stream, self._count_malformed
            )
            self._outgoing[sender, receiver] = end
        end.send(octets)

    def listen(self) -> None:
        """Listen on the address of every attached element, once where several have the same.
        Raises CannotListenError."""
        by_address = {self._addresses(element): element for element in reversed(self._receivers)}
        for (host, port), element in by_address.items():
            listener = Listener(self._reactors(element), host, port, lambda: _Incoming(self))
            self._listeners.append(listener)

    def close(self) -> "Deferred[None]":
        """Stop listening and end every connection; what waited is dropped."""
        self._closed = True
        stopped = [listener.close() for listener in self._listeners]
        for end in self._outgoing.values():
            end.close()
        for connection in list(self._open):
            connection.abandon()
        return gatherResults(stopped).addCallback(_none)

    def _count_malformed(self) -> None:
        self.malformed += 1

    # What follows is for the connections below.

    def accepts(self, connection: "_Incoming") -> bool:
        """Count an incoming connection in; False when there are too many."""
        if self._closed or len(self._open) >= CONNECTION_LIMIT:
            return False
        self._open.add(connection)
        return True

    def ended(self, connection: "_Incoming") -> None:
        """An incoming connection is gone."""
        self._open.discard(connection)
        for key in [key for key, value in self._incoming.items() if value is connection]:
            del self._incoming[key]

    def greeted(self, connection: "_Incoming", hello: Hello) -> ReceivingStream:
        """The stream that `hello` opens or continues. Raises FrameError for a stranger's."""
        if hello.receiver not in self._receivers:
            raise FrameError(f"{hello.sender} asks for {hello.receiver}, which is not here")
        if not connection.proves(hello.sender):
            raise FrameError(f"who says to be {hello.sender} has not proved it")
        key = (hello.sender, hello.receiver)
        if key not in self._streams and len(self._streams) >= STREAM_LIMIT:
            raise FrameError(f"{hello.sender} is one sender too many")
        former = self._incoming.get(key)
        if former is not None and former is not connection:
            former.abandon()
        self._incoming[key] = connection
        stream = self._streams.get(key)
        if stream is None or stream.sender_incarnation != hello.incarnation:
            stream = self._streams[key] = ReceivingStream(hello.incarnation, self.incarnation)
        return stream

    def deliver(self, sender: str, receiver: str, octets: bytes) -> None:
        """Hand a message to the element it is for."""
        self._receivers[receiver](sender, octets)


class _Incoming(Connection):
    """A connection on which another process sends to one of our elements."""

    def __init__(self, bus: TcpBus) -> None:
        self._bus = bus
        self._frames = FrameReader()
        self._hello: Hello | None = None
        self._stream: ReceivingStream | None = None
        self._greeting: Timer | None = None

    def made(self) -> None:
        if self._bus.accepts(self):
            self._greeting = self._bus.clock.call_later_us(SILENCE_LIMIT_US, self.abandon)
        else:
            self.abandon()

    def ended(self) -> None:
        if self._greeting is not None:
            self._greeting.cancel()
        self._bus.ended(self)

    def arrived(self, data: bytes) -> None:
        confirm = False
        try:
            for frame in self._frames.receive(data):
                confirm = self._receive(frame) or confirm
                if self.is_over:
                    return
        except FrameError:
            self._bus.malformed += 1
            self.abandon()
            return
        if confirm and self._stream is not None:
            self._write(self._stream.confirmation())

    def _receive(self, frame: Frame) -> bool:
        """Act on a frame; True when a confirmation is due."""
        if isinstance(frame, Hello) and self._hello is None:
            self._stream = self._bus.greeted(self, frame)
            self._hello = frame
            if self._greeting is not None:
                self._greeting.cancel()
            self._write(self._stream.welcome())
            return False
        if not isinstance(frame, Message) or self._hello is None or self._stream is None:
            raise FrameError(f"a sender said {type(frame).__name__} out of turn")
        octets = self._stream.receive(frame)
        if octets is not None:
            self._bus.deliver(self._hello.sender, self._hello.receiver, octets)
        return True

    def _write(self, frame: Frame) -> None:
        self.wire.write(encode_frame(frame))


def _none(result: object) -> None:
    return None
