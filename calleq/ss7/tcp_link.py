"""Signalling links over TCP: M2PA frames on a byte stream (RFC 4165 as far as one stream goes).

Owns the connections of a node: `TcpListener` waits for the nodes that connect to it (at a transfer
point), `TcpConnector` connects to one and never stops trying. Both give a `TcpEnd`, which a node
cannot tell from an end in its own process; the session itself is `m2pa.Session`, one for each
connection.

A node of this project says its name in the filler of its proving, and a listener finds by it which
link a connection is for. A foreign node says nothing: its connections are known by the address that
they come from, and this end says no name to it either.

The link is out of service while there is no connection, while the session on it is being aligned,
and while level 3 has stopped it. A session that fails is aligned again on its connection; octets
that are no frame close it, since a stream that has lost its frames does not find them again. The
connector connects anew, soon at first and then at most `RECONNECT_LIMIT_US` apart. What was not
acknowledged can be retrieved afterwards. A second connection for one link takes the place of the
first as soon as it is in service: its node has started again and the old one is a ruin.

The reactor is given; nothing here fetches one, and the time is the given clock's.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed

from calleq.runtime.clock import Clock, Timer
from calleq.runtime.tap import Segment, Tap
from calleq.runtime.tcp import Connection, Dialler, Listener, TcpReactor
from calleq.ss7.links import AttachedEnd
from calleq.ss7.m2pa import NONE_RECEIVED, Bounds, Deframer, M2paError, Remains, Session, Timers
from calleq.units import MILLISECOND_US, SECOND_US

NAMING_LIMIT_US = 10 * SECOND_US
"""How long a connection may take to say whose it is."""

RECONNECT_FIRST_US = 50 * MILLISECOND_US
RECONNECT_LIMIT_US = 2 * SECOND_US
CONNECTIONS_LIMIT = 256
"""Connections a listener keeps, named or not; one more is closed at once."""


def said_name(node: str, slc: int) -> str:
    """What a connecting node says of itself, with the code of a link that is not its first."""
    return f"{node}/{slc}" if slc else node


class TcpEnd(AttachedEnd):
    """One end of a link over TCP; fulfils `LinkEnd`.

    `malformed` counts connections closed because of what came over them, `forgotten` the units
    that nobody retrieved before the link failed again.
    """

    def __init__(
        self,
        link: str,
        near: str,
        far: str,
        clock: Clock,
        tap: Tap,
        *,
        foreign: bool = False,
        emergency: bool = True,
        timers: Timers | None = None,
        bounds: Bounds | None = None,
        slc: int = 0,
    ) -> None:
        super().__init__(link, near, far, clock)
        self.slc = slc
        self.foreign = foreign
        """The far node is none of this project's: no names are said."""
        self.emergency = emergency
        self.timers = timers
        self.bounds = bounds
        self.malformed = 0
        self.forgotten = 0
        self.interruptions = 0
        self.watch: Callable[[TcpEnd], object] | None = None
        """Told, after the node, when the link goes into or out of service."""
        self._tap = tap
        self._wanted = True
        self._connections: list[_Connection] = []
        """Those that are known to be this link's; the last is the newest."""
        self._serving: _Connection | None = None
        self._past: Session | None = None
        """The session that was in service last, with what remains of it."""

    @property
    def in_service(self) -> bool:
        return self._serving is not None and self._serving.session.in_service

    @property
    def congestion(self) -> int:
        return 0 if self._serving is None else self._serving.session.flow.buffer.level

    def send(self, octets: bytes) -> bool:
        serving = self._serving
        return serving is not None and not serving.is_over and serving.session.flow.send(octets)

    def start(self) -> None:
        self._wanted = True
        for connection in tuple(self._connections):
            connection.session.start()

    def stop(self) -> None:
        self._wanted = False
        for connection in tuple(self._connections):
            connection.session.stop()

    def last_received(self) -> int:
        if self._serving is not None:
            return self._serving.session.last_received()
        return NONE_RECEIVED if self._past is None else self._past.last_received()

    def retrieve(self, after: int | None) -> list[bytes]:
        return [] if self._past is None else self._past.retrieve(after)

    def take_back(self) -> Remains:
        return Remains() if self._past is None else self._past.take_back()

    # What connections say.

    def saw(self, octets: bytes) -> None:
        """A unit goes out over the connection."""
        self._tap.saw(
            Segment.SIGNALLING_LINK, self.link, self.near, self.far, octets, self.clock.now_us()
        )

    def arrived(self, octets: bytes) -> None:
        """A unit came over the connection; nobody else shows a foreign node's to a tap."""
        if self.foreign:
            self._tap.saw(
                Segment.SIGNALLING_LINK, self.link, self.far, self.near, octets, self.clock.now_us()
            )
        if self._receive is not None:
            self._receive(octets)

    def adopt(self, connection: "_Connection") -> None:
        """A connection turns out to be this link's."""
        self._connections.append(connection)
        if not self._wanted:
            connection.session.stop()

    def drop(self, connection: "_Connection") -> None:
        """A connection of this link's has ended."""
        if connection in self._connections:
            self._connections.remove(connection)

    def up(self, connection: "_Connection") -> None:
        """The session on the connection is aligned: the link is in service."""
        for older in tuple(self._connections):
            if older is not connection:
                older.abandon()
                older.session.disconnected()
        self._serving = connection
        self._tell(True)

    def down(self, connection: "_Connection") -> None:
        """It is not any more; does nothing when another has taken its place."""
        if self._serving is not connection:
            return
        self._serving = None
        past, self._past = self._past, connection.session
        if past is not None and past is not self._past:
            self.forgotten += len(past.retrieve(past.remains.acknowledged))
        self.interruptions += 1
        self._tell(False)

    def _tell(self, in_service: bool) -> None:
        self.tell(in_service)
        if self.watch is not None:
            self.watch(self)


class _Connection(Connection):
    """One TCP connection, and the session on it, whose owner it is.

    `find` says which end a far node belongs to by the name that it says, or, where it says none
    (""), by the address that it connects from; None: nobody's.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        find: Callable[[str, str], TcpEnd | None],
        end: TcpEnd | None = None,
        timers: Timers | None = None,
    ) -> None:
        """`end` where it is known whom the connection goes to, else the `timers` to begin with."""
        self._timers = timers
        self._name = name
        self._clock = clock
        self._find = find
        self._end: TcpEnd | None = None
        self._expected = end
        self._is_named = False
        self.session = self._make_session(end)
        self._deframer = Deframer()
        self.served = False
        """It has been in service."""
        self._naming: Timer | None = None
        self.on_lost: Callable[[], None] | None = None

    def made(self) -> None:
        self.wire.setTcpKeepAlive(True)
        end = self._expected or self._find("", self.wire.getPeer().host)
        if end is not self._expected:
            self.session = self._make_session(end)
        if end is not None:
            self._end = end
            end.adopt(self)
        if end is None or not end.foreign:
            self._naming = self._clock.call_later_us(NAMING_LIMIT_US, self.abandon)
        self.session.connected()

    def arrived(self, data: bytes) -> None:
        try:
            frames = self._deframer.frames(data)
        except M2paError:
            if self._end is not None:
                self._end.malformed += 1
            self.session.fault()
            self.abandon()
            self.session.disconnected()
            return
        for frame in frames:
            if self.is_over:
                return
            self.session.flow.frame(frame)

    def ended(self) -> None:
        self._cancel_naming()
        self.session.disconnected()
        if self._end is not None:
            self._end.drop(self)
        if self.on_lost is not None:
            self.on_lost()

    def abandon(self) -> None:
        """As every connection is abandoned, and with it its timer."""
        self._cancel_naming()
        super().abandon()

    # What the session asks for.

    def put(self, frame: bytes) -> None:
        if not self.is_over:
            self.wire.write(frame)

    def put_unit(self, frame: bytes, octets: bytes) -> None:
        if not self.is_over and self._end is not None:
            self.wire.write(frame)
            self._end.saw(octets)

    def deliver(self, octets: bytes) -> None:
        if self._end is not None:
            self._end.arrived(octets)

    def changed(self, in_service: bool) -> None:
        end = self._end
        if end is None or (in_service and not (self._is_named or end.foreign)):
            self.abandon()
        elif in_service:
            self.served = True
            end.up(self)
        else:
            end.down(self)

    def congested(self, level: int) -> None:
        if self._end is not None:
            self._end.congested(level)

    def named(self, name: str) -> None:
        if self._is_named or (self._end is not None and self._end.foreign):
            return
        end = self._find(name, "")
        if end is None or self._end not in (None, end) or not self.proves(end.far):
            self.abandon()
            return
        self._is_named = True
        self._cancel_naming()
        if self._end is None:
            self._end = end
            end.adopt(self)

    def _make_session(self, end: TcpEnd | None) -> Session:
        if end is None:
            return Session(self._clock, self, name=self._name, timers=self._timers)
        name = "" if end.foreign else self._name
        return Session(
            self._clock,
            self,
            name=name,
            emergency=end.emergency,
            timers=end.timers,
            bounds=end.bounds,
        )

    def _cancel_naming(self) -> None:
        if self._naming is not None:
            self._naming.cancel()
            self._naming = None


class TcpListener:
    """Waits for the nodes that connect to this one.

    `refused` counts connections of nodes that are not expected, and those over the limit.
    """

    def __init__(self, name: str, clock: Clock, tap: Tap, timers: Timers | None = None) -> None:
        """`timers` of every connection that is not a foreign node's."""
        self.name = name
        self.refused = 0
        self._timers = timers
        self._clock = clock
        self._tap = tap
        self._ends: dict[str, TcpEnd] = {}
        self._hosts: dict[str, TcpEnd] = {}
        self._connections: set[_Connection] = set()
        self._listener: Listener | None = None

    def end(self, far: str, link: str, slc: int = 0) -> TcpEnd:
        """This node's end of the link that the node `far` will connect for."""
        end = TcpEnd(link, self.name, far, self._clock, self._tap, timers=self._timers, slc=slc)
        self._expect(said_name(far, slc), end)
        return end

    def expect(self, end: TcpEnd, host: str) -> None:
        """A foreign node will connect for this end, from the address `host` ("": from any)."""
        self._expect(said_name(end.far, end.slc), end)
        self._hosts[host] = end

    def _expect(self, name: str, end: TcpEnd) -> None:
        if self._ends.setdefault(name, end) is not end:
            raise ValueError(f"{self.name}: {name} is expected already")

    def end_of(self, far: str, slc: int = 0) -> TcpEnd:
        """The end of the link to `far`; KeyError when that node is not expected."""
        return self._ends[said_name(far, slc)]

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
        connection = _Connection(self.name, self._clock, self._find, timers=self._timers)
        self._connections.add(connection)
        connection.on_lost = lambda: self._connections.discard(connection)
        return connection

    def _find(self, name: str, host: str) -> TcpEnd | None:
        if not name:
            return self._hosts.get(host) or self._hosts.get("")
        end = self._ends.get(name)
        if end is None:
            self.refused += 1
        return end


class TcpConnector:
    """Connects this node to the node of an end, again and again for as long as it is wanted."""

    def __init__(self, end: TcpEnd) -> None:
        self.end = end
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
            self.end.clock,
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
        end = self.end
        self._connection = _Connection(said_name(end.near, end.slc), end.clock, self._find, end)
        return self._connection

    def _over(self, dialler: Dialler) -> None:
        """The attempt, or the connection, is over."""
        if self._connection is not None and self._connection.served:
            dialler.succeeded()
        self._connection = None
        dialler.dial_later()

    def _find(self, name: str, host: str) -> TcpEnd | None:
        return self.end if name == self.end.far else None
