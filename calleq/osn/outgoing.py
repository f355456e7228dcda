"""The connection that carries one sending stream, made when needed and made again when lost.

Owns when to connect, how long to wait before trying again, and how long a silent peer is borne.
"""

from collections.abc import Callable

from calleq.osn.frames import Frame, FrameError, FrameReader, encode_frame
from calleq.osn.streams import SendingStream
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tcp import Connection, Dialler, TcpReactor
from calleq.units import MILLISECOND_US, SECOND_US

RECONNECT_FIRST_US = 50 * MILLISECOND_US
RECONNECT_LONGEST_US = 2 * SECOND_US
SILENCE_LIMIT_US = 10 * SECOND_US
"""How long a peer may leave `Hello` unanswered, or messages unconfirmed."""


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
        self._clock = clock
        self._malformed = malformed
        self._dialler = Dialler(
            reactor,
            clock,
            address,
            lambda: _Sender(self),
            self._lost,
            RECONNECT_FIRST_US,
            RECONNECT_LONGEST_US,
        )
        self._connection: _Sender | None = None
        self._watch: Timer | None = None
        self._progress = 0

    @property
    def waits(self) -> bool:
        """Whether something is to be sent and there is no connection for it."""
        return self._connection is None and self.stream.pending > 0

    def send(self, octets: bytes) -> None:
        """Take a message; connect when there is no connection yet."""
        frames = self.stream.send(octets)
        if self._connection is not None:
            self._write(frames)
        elif not self._dialler.is_busy:
            self._dialler.dial()

    def close(self) -> None:
        """End the connection and make no other."""
        self._dialler.close()
        self._stop_watching()
        if self._connection is not None:
            self._connection.abandon()

    def connected(self, connection: "_Sender") -> None:
        """The connection stands."""
        self._connection = connection
        self._write(self.stream.connected())

    def received(self, frame: Frame) -> None:
        """The receiver said something. Raises FrameError."""
        frames = self.stream.receive(frame)
        self._dialler.succeeded()
        self._progress += 1
        if self.stream.pending == 0:
            self._stop_watching()
        self._write(frames)

    def malformed(self) -> None:
        """The receiver said something it may not say."""
        self._malformed()

    def _lost(self) -> None:
        """The connection is gone, or could not be made: try again if something waits."""
        self._connection = None
        self.stream.disconnected()
        self._stop_watching()
        if self.stream.pending:
            self._dialler.dial_later()

    def _write(self, frames: list[Frame]) -> None:
        if self._connection is None or not frames:
            return
        self._connection.wire.write(b"".join(map(encode_frame, frames)))
        if self._watch is None:
            self._watch = self._clock.call_later_us(SILENCE_LIMIT_US, self._look, self._progress)

    def _look(self, progress: int) -> None:
        """The peer had SILENCE_LIMIT_US to say something about what we sent."""
        self._watch = None
        if self._connection is None:
            return
        if progress == self._progress:
            self._connection.abandon()
        elif self.stream.pending:
            self._watch = self._clock.call_later_us(SILENCE_LIMIT_US, self._look, self._progress)

    def _stop_watching(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
            self._watch = None


class _Sender(Connection):
    """A connection on which one of our elements sends to one of another process."""

    def __init__(self, end: Outgoing) -> None:
        self._end = end
        self._frames = FrameReader()

    def made(self) -> None:
        self._end.connected(self)

    def arrived(self, data: bytes) -> None:
        try:
            for frame in self._frames.receive(data):
                self._end.received(frame)
        except FrameError:
            self._end.malformed()
            self.abandon()
