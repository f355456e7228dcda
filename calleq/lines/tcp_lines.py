"""Lines between a switch and telephones that live in processes of their own, over TCP.

The switch's process listens, the telephones' process connects: one connection for each switch,
shared by its lines. A frame is a 4-octet length (network order), one octet with the length of the
line's number, the number, and the octets of one line message.

What it refuses: a frame that is too long or has no number ends the connection (the telephones
connect again); it is counted in `refused_frames`. A second connection to the same switch takes the
place of the first.

When a connection is lost every call on its lines is over, because nothing tells what went missing:
what waits is dropped and both sides are told by `lost`. Until the first connection, and between
two, messages wait up to `WAITING_LIMIT_FRAMES`; beyond it they are lost and counted.

Taps are shown each message at the process that sends it.
"""

from collections import deque
from collections.abc import Callable, Mapping

from calleq.lines.messages import LineError
from calleq.lines.plants import line_link, telephone_name
from calleq.lines.q931 import MESSAGE_LIMIT
from calleq.runtime.clock import Clock
from calleq.runtime.framing import LengthReader, framed
from calleq.runtime.tap import Segment, Tap
from calleq.runtime.tcp import Connection, Dialler, Listener, TcpReactor
from calleq.topology_types import TELEPHONES

NUMBER_LIMIT = 16
"""Octets of a line's number: `+` and 15 digits."""
FRAME_LIMIT = 1 + NUMBER_LIMIT + MESSAGE_LIMIT
WAITING_LIMIT_FRAMES = 10_000
"""Frames that wait for one connection."""
RECONNECT_FIRST_US = 100_000
RECONNECT_LONGEST_US = 2_000_000
RECONNECT_TRIES = 100_000
"""Tries in a row, more than two days of them."""


def pack_frame(line: str, octets: bytes) -> bytes:
    """The frame, length and all. Raises LineError when a part is too long."""
    number = line.encode("ascii", "replace")
    if not 0 < len(number) <= NUMBER_LIMIT:
        raise LineError(f"{line!r} is no line number")
    if len(octets) > MESSAGE_LIMIT:
        raise LineError(f"{len(octets)} octets are no line message")
    return framed(bytes((len(number),)), number, octets)


class FrameReader(LengthReader[tuple[str, bytes]]):
    """Cuts a stream into line numbers and octets. Raises LineError on the first bad frame."""

    def __init__(self) -> None:
        super().__init__(2, FRAME_LIMIT, _unpack, LineError)


def _unpack(frame: bytes) -> tuple[str, bytes]:
    length = frame[0]
    number = frame[1 : 1 + length]
    if not 0 < length <= NUMBER_LIMIT or len(number) < length or not number.isascii():
        raise LineError("the frame names no line")
    return number.decode("ascii"), frame[1 + length :]


class _Connection(Connection):
    """One TCP connection. As a producer it is told when the peer reads too slowly."""

    def __init__(self, cable: "_Cable", far: str) -> None:
        self._cable = cable
        self._far = far
        self._frames = FrameReader()
        self.is_full = False

    def made(self) -> None:
        if not self.proves(self._far):
            self.abandon()
            return
        self.wire.setTcpKeepAlive(True)
        self.wire.registerProducer(self, True)
        self._cable.connected(self)

    def arrived(self, data: bytes) -> None:
        try:
            frames = self._frames.receive(data)
        except LineError:
            self._cable.refused_frames += 1
            self.abandon()
            return
        for line, octets in frames:
            self._cable.receive(line, octets)

    def ended(self) -> None:
        self._cable.disconnected(self)

    def pauseProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_full = True

    def resumeProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_full = False
        self._cable.drain()

    def stopProducing(self) -> None:  # noqa: N802 - Twisted's name
        self.is_full = True


class _Cable:
    """The connection of one switch as one process sees it, and the frames that wait for it."""

    def __init__(
        self,
        receive: Callable[[str, bytes], None],
        lost: Callable[[], object],
        made: Callable[[], object],
    ) -> None:
        self.receive = receive
        self._lost = lost
        self._made = made
        self._connection: _Connection | None = None
        self._waiting: deque[bytes] = deque()
        self.refused_frames = 0
        self.lost_frames = 0

    @property
    def is_connected(self) -> bool:
        return self._connection is not None

    def send(self, frame: bytes) -> None:
        connection = self._connection
        if connection is not None and not connection.is_full:
            connection.wire.write(frame)
        elif len(self._waiting) < WAITING_LIMIT_FRAMES:
            self._waiting.append(frame)
        else:
            self.lost_frames += 1

    def drain(self) -> None:
        """Send what waited, until the connection is full again."""
        connection = self._connection
        while self._waiting and connection is not None and not connection.is_full:
            connection.wire.write(self._waiting.popleft())

    def connected(self, connection: _Connection) -> None:
        previous, self._connection = self._connection, connection
        if previous is not None:
            previous.abandon()
            self._over()
        self.drain()
        self._made()

    def disconnected(self, connection: _Connection) -> None:
        if connection is self._connection:
            self._connection = None
            self._over()

    def close(self) -> None:
        if self._connection is not None:
            self._connection.abandon()

    def _over(self) -> None:
        self._waiting.clear()
        self._lost()


class _Caller:
    """Connects, and connects again, as long as there are tries left."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        address: tuple[str, int],
        cable: _Cable,
        switch: str,
    ) -> None:
        self._cable = cable
        self._switch = switch
        self._tries_left = RECONNECT_TRIES
        self._dialler = Dialler(
            reactor,
            clock,
            address,
            self._connected,
            self._again,
            RECONNECT_FIRST_US,
            RECONNECT_LONGEST_US,
        )
        self._dialler.dial()

    def close(self) -> None:
        self._dialler.close()

    def _connected(self) -> _Connection:
        self._dialler.succeeded()
        self._tries_left = RECONNECT_TRIES
        return _Connection(self._cable, self._switch)

    def _again(self) -> None:
        if self._tries_left > 0:
            self._tries_left -= 1
            self._dialler.dial_later()


def _nothing(switch: str) -> None:
    pass


class TcpLines:
    """Fulfils `LinePlant` between processes.

    `addresses` says where each switch listens (host, port; port 0 takes a free one, for tests).
    `serve` makes this process the switch's side and listens at once, raising Twisted's
    `CannotListenError`; `plug_in` makes it the telephones' side and connects. On either side
    `lost(switch)` is called whenever an established connection ended, `made(switch)` whenever one
    was established.
    """

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        tap: Tap,
        addresses: Mapping[str, tuple[str, int]],
        lost: Callable[[str], object] = _nothing,
        made: Callable[[str], object] = _nothing,
        reactors: Callable[[str], TcpReactor] | None = None,
    ) -> None:
        """`reactors` gives what makes the connections of an element that is here, the telephones
        being `TELEPHONES`, where that is not `reactor`."""
        self._reactors = reactors or (lambda element: reactor)
        self._clock = clock
        self._tap = tap
        self._addresses = addresses
        self._lost = lost
        self._made = made
        self._serving: dict[str, tuple[_Cable, Listener]] = {}
        self._calling: dict[str, tuple[_Cable, _Caller]] = {}
        self._telephones: dict[tuple[str, str], Callable[[bytes], None]] = {}

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        host, port = self._addresses[switch]
        cable = _Cable(receive, lambda: self._lost(switch), lambda: self._made(switch))
        listener = Listener(
            self._reactors(switch), host, port, lambda: _Connection(cable, TELEPHONES)
        )
        self._serving[switch] = (cable, listener)

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        self._telephones[switch, line] = receive
        if switch in self._calling:
            return

        def arrived(number: str, octets: bytes) -> None:
            telephone = self._telephones.get((switch, number))
            if telephone is not None:
                telephone(octets)

        cable = _Cable(arrived, lambda: self._lost(switch), lambda: self._made(switch))
        caller = _Caller(
            self._reactors(TELEPHONES), self._clock, self._addresses[switch], cable, switch
        )
        self._calling[switch] = (cable, caller)

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        cable, _ = self._serving[switch]
        cable.send(pack_frame(line, octets))
        self._show(line, switch, telephone_name(line), octets)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        cable, _ = self._calling[switch]
        cable.send(pack_frame(line, octets))
        self._show(line, telephone_name(line), switch, octets)

    def listening_port(self, switch: str) -> int:
        """The TCP port on which a switch of this process waits for its telephones."""
        _, listener = self._serving[switch]
        return listener.port

    def is_connected(self, switch: str) -> bool:
        """Whether octets can go between the switch and its telephones now."""
        ends = self._serving.get(switch) or self._calling.get(switch)
        return ends is not None and ends[0].is_connected

    def refused_frames(self) -> int:
        """Frames so far that were none, on all connections of this process."""
        return sum(cable.refused_frames for cable in self._cables())

    def lost_frames(self) -> int:
        """Frames so far that found the queue full."""
        return sum(cable.lost_frames for cable in self._cables())

    def close(self) -> None:
        """Stop listening, connecting and waiting; calls on the lines are lost."""
        for _, listener in self._serving.values():
            listener.close()
        for _, caller in self._calling.values():
            caller.close()
        for cable in self._cables():
            cable.close()

    def _cables(self) -> list[_Cable]:
        return [cable for cable, _ in (*self._serving.values(), *self._calling.values())]

    def _show(self, line: str, sender: str, receiver: str, octets: bytes) -> None:
        self._tap.saw(
            Segment.CIRCUIT, line_link(line), sender, receiver, octets, self._clock.now_us()
        )
