"""Signalling links over TCP, for nodes in processes of their own: M2PA frames on a byte stream.

Owns the connections of a node: `TcpListener` waits for the nodes that connect to it (at a transfer
point), `TcpConnector` connects to one and never stops trying. Both give a `TcpEnd`, which a node
cannot tell from an end in its own process; the session itself is `m2pa.Session`.

The link is in service while there is a proved connection. A connection that breaks, falls silent
before it is proved, sends what is no M2PA, or takes nothing any more is closed and the link is out
of service; the connector connects anew, soon at first and then at most `RECONNECT_LIMIT_US` apart.
What was in flight is lost. A second connection for one link takes the place of the first: its node
has started again and the old connection is a ruin that nobody has noticed.

The reactor is given; nothing here fetches one, and the time is the given clock's.
"""

from collections.abc import Callable
from typing import assert_never

from twisted.internet.defer import Deferred, succeed

from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tap import Segment, Tap
from calleq.runtime.tcp import Connection, Dialler, Listener, TcpReactor
from calleq.ss7.links import NONE_RECEIVED
from calleq.ss7.m2pa import ACKNOWLEDGE_AFTER, Aligned, M2paError, Proved, Session, Unit
from calleq.units import MILLISECOND_US, SECOND_US

PROVING_LIMIT_US = 5 * SECOND_US
"""How long a connection may take to come into service."""

ACKNOWLEDGE_DELAY_US = 100 * MILLISECOND_US
"""The longest a received unit stays unacknowledged (Q.703 T7 expects 0.5 to 2 s)."""

RECONNECT_FIRST_US = 50 * MILLISECOND_US
RECONNECT_LIMIT_US = 2 * SECOND_US
CONNECTIONS_LIMIT = 256
"""Connections a listener keeps, proved or not; one more is closed at once."""


class TcpEnd:
    """One end of a link over TCP; fulfils `LinkEnd`.

    `malformed` counts the connections that were closed because of what came over them.
    """

    def __init__(self, link: str, near: str, far: str, clock: Clock, tap: Tap) -> None:
        self.link = link
        self.near = near
        self.far = far
        self.malformed = 0
        self.interruptions = 0
        self.watch: Callable[[TcpEnd], object] | None = None
        """Told, after the node, when the link goes into or out of service."""
        self._clock = clock
        self._tap = tap
        self._connection: _Connection | None = None
        self._receive: Callable[[bytes], None] | None = None
        self._changed: Callable[[bool], None] | None = None

    @property
    def in_service(self) -> bool:
        return self._connection is not None and not self._connection.is_over

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        self._receive = receive
        self._changed = changed

    def send(self, octets: bytes) -> bool:
        connection = self._connection
        if connection is None or not connection.send(octets):
            return False
        self._tap.saw(
            Segment.SIGNALLING_LINK, self.link, self.near, self.far, octets, self._clock.now_us()
        )
        return True

    @property
    def congestion(self) -> int:
        return 0

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """Nothing to tell: what a connection does not take at once, the system keeps."""

    def start(self) -> None:
        """It runs from the first."""

    def stop(self) -> None:
        """Its connection is what starts and stops it."""

    def last_received(self) -> int:
        return NONE_RECEIVED

    def retrieve(self, after: int | None) -> list[bytes]:
        return []

    def arrived(self, octets: bytes) -> None:
        """A unit came over the connection."""
        if self._receive is not None:
            self._receive(octets)

    def up(self, connection: "_Connection") -> None:
        """The connection is proved: the link is in service."""
        if self._connection is not None:
            self.down(self._connection)
        self._connection = connection
        self._tell(True)

    def down(self, connection: "_Connection") -> None:
        """The connection is gone; does nothing when another has taken its place."""
        if self._connection is not connection:
            return
        self._connection = None
        self.interruptions += 1
        connection.abandon()
        self._tell(False)

    def _tell(self, in_service: bool) -> None:
        if self._changed is not None:
            self._changed(in_service)
        if self.watch is not None:
            self.watch(self)


class _Connection(Connection):
    """One TCP connection. `find` says which end a far node's name belongs to, None: nobody's."""

    def __init__(
        self, session: Session, clock: Clock, find: Callable[[str], TcpEnd | None]
    ) -> None:
        self._session = session
        self._clock = clock
        self._find = find
        self._end: TcpEnd | None = None
        self.served = False
        """It has been in service."""
        self._proving: Timer | None = None
        self._acknowledging: Timer | None = None
        self.on_lost: Callable[[], None] | None = None

    def made(self) -> None:
        self.wire.setTcpKeepAlive(True)
        self._proving = self._clock.call_later_us(PROVING_LIMIT_US, self.abandon)
        self._flush()

    def arrived(self, data: bytes) -> None:
        try:
            events = self._session.receive(data)
        except M2paError:
            if self._end is not None:
                self._end.malformed += 1
            self._give_up()
            return
        for event in events:
            match event:
                case Unit(octets):
                    if self._end is not None:
                        self._end.arrived(octets)
                case Proved(name):
                    self._proved(name)
                case Aligned():
                    self._aligned()
                case _:
                    assert_never(event)
        self._flush()
        self._acknowledge()

    def ended(self) -> None:
        self._give_up()
        if self.on_lost is not None:
            self.on_lost()

    def send(self, octets: bytes) -> bool:
        """Put a unit on the connection; False when it takes no more, and is being closed."""
        if self.is_over:
            return False
        try:
            frame = self._session.unit(octets)
        except M2paError:
            # Not told from inside `send`: `ended` tells the node.
            self.abandon()
            return False
        self.wire.write(frame)
        return True

    def abandon(self) -> None:
        """As every connection is abandoned, and with it its timers."""
        for timer in (self._proving, self._acknowledging):
            if timer is not None:
                timer.cancel()
        super().abandon()

    def _give_up(self) -> None:
        self.abandon()
        if self._end is not None:
            self._end.down(self)

    def _proved(self, name: str) -> None:
        end = self._find(name)
        if end is None:
            self.abandon()
            return
        self._end = end
        if not self._session.connects:
            self._session.accept()

    def _aligned(self) -> None:
        if self._proving is not None:
            self._proving.cancel()
        self._flush()
        if self._end is not None and not self.is_over:
            self.served = True
            self._end.up(self)

    def _flush(self) -> None:
        if self._session.outgoing and not self.is_over:
            self.wire.write(b"".join(self._session.outgoing))
            self._session.outgoing.clear()

    def _acknowledge(self) -> None:
        unconfirmed = self._session.unconfirmed
        if unconfirmed >= ACKNOWLEDGE_AFTER:
            self._confirm()
        elif unconfirmed and self._acknowledging is None and not self.is_over:
            self._acknowledging = self._clock.call_later_us(
                ACKNOWLEDGE_DELAY_US, self._acknowledge_late
            )

    def _acknowledge_late(self) -> None:
        self._acknowledging = None
        if self._session.unconfirmed:
            self._confirm()

    def _confirm(self) -> None:
        if not self.is_over:
            self.wire.write(self._session.acknowledgement())


class TcpListener:
    """Waits for the nodes that connect to this one.

    `refused` counts connections of nodes that are not expected, and those over the limit.
    """

    def __init__(self, name: str, clock: Clock, tap: Tap) -> None:
        self.name = name
        self.refused = 0
        self._clock = clock
        self._tap = tap
        self._ends: dict[str, TcpEnd] = {}
        self._connections: set[_Connection] = set()
        self._listener: Listener | None = None

    def end(self, far: str, link: str) -> TcpEnd:
        """This node's end of the link that the node `far` will connect for."""
        if far in self._ends:
            raise ValueError(f"{self.name}: {far} is expected already")
        self._ends[far] = TcpEnd(link, self.name, far, self._clock, self._tap)
        return self._ends[far]

    def end_of(self, far: str) -> TcpEnd:
        """The end of the link to `far`; KeyError when that node is not expected."""
        return self._ends[far]

    def listen(self, reactor: TcpReactor, port: int, interface: str = "127.0.0.1") -> int:
        """Start; returns the port (0 lets the system choose). Raises CannotListenError."""
        self._listener = Listener(reactor, interface, port, self._make_connection)
        return self._listener.port

    def stop(self) -> "Deferred[None]":
        """Listen no more and close every connection; fires when the port is free."""
        for connection in list(self._connections):
            connection.abandon()
        listener, self._listener = self._listener, None
        return succeed(None) if listener is None else listener.close()

    def _make_connection(self) -> _Connection | None:
        """A connection came in; None when there are too many."""
        if len(self._connections) >= CONNECTIONS_LIMIT:
            self.refused += 1
            return None
        connection = _Connection(Session(self.name, connects=False), self._clock, self._find)
        self._connections.add(connection)
        connection.on_lost = lambda: self._connections.discard(connection)
        return connection

    def _find(self, name: str) -> TcpEnd | None:
        end = self._ends.get(name)
        if end is None:
            self.refused += 1
        return end


class TcpConnector:
    """Connects this node to the node `far`, again and again for as long as it is wanted."""

    def __init__(self, name: str, far: str, link: str, clock: Clock, tap: Tap) -> None:
        self.end = TcpEnd(link, name, far, clock, tap)
        self._clock = clock
        self._connection: _Connection | None = None
        self._dialler: Dialler | None = None

    @property
    def attempts(self) -> int:
        """How often it has tried."""
        return 0 if self._dialler is None else self._dialler.attempts

    def start(self, reactor: TcpReactor, host: str, port: int) -> None:
        """Begin; the end says when the link is in service."""
        dialler = self._dialler = Dialler(
            reactor,
            self._clock,
            (host, port),
            self._make_connection,
            lambda: self._over(dialler),
            RECONNECT_FIRST_US,
            RECONNECT_LIMIT_US,
        )
        dialler.dial()

    def stop(self) -> None:
        """Close the connection and try no more."""
        if self._dialler is not None:
            self._dialler.close()
        if self._connection is not None:
            self._connection.abandon()

    def _make_connection(self) -> _Connection:
        session = Session(self.end.near, connects=True)
        self._connection = _Connection(session, self._clock, self._find)
        return self._connection

    def _over(self, dialler: Dialler) -> None:
        """The attempt, or the connection, is over."""
        if self._connection is not None and self._connection.served:
            dialler.succeeded()
        self._connection = None
        dialler.dial_later()

    def _find(self, name: str) -> TcpEnd | None:
        return self.end if name == self.end.far else None
