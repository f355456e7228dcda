"""M3UA associations over TCP: who connects, who listens, and again after every loss.

RFC 4666 asks for SCTP; over TCP a message has no other frame than its own length, which is what
the stacks do that offer it. `M3uaConnector` belongs to the side that connects (usually the
process), `M3uaListener` to the one that waits (usually the gateway).

The reactor is given; nothing here fetches one, and the time is the given clock's.
"""

from collections.abc import Callable

from twisted.internet.defer import Deferred, succeed

from calleq.runtime.clock import Clock
from calleq.runtime.tcp import Connection, Dialler, Listener, TcpReactor
from calleq.ss7.m3ua.association import Association
from calleq.topology_foreign import PROCESSES_LIMIT
from calleq.units import MILLISECOND_US, SECOND_US

PORT = 2905
RECONNECT_FIRST_US = 50 * MILLISECOND_US
RECONNECT_LIMIT_US = 5 * SECOND_US
CONNECTIONS_LIMIT = 256


class _Stream(Connection):
    """One TCP connection of an association."""

    def __init__(self, association: Association, over: Callable[[], None]) -> None:
        self._association = association
        self._over = over

    def made(self) -> None:
        self.wire.setTcpKeepAlive(True)
        self._association.connected(self.wire.write, self.abandon)

    def arrived(self, data: bytes) -> None:
        self._association.receive(data)

    def ended(self) -> None:
        self._association.lost()
        self._over()


class M3uaConnector:
    """Connects an association, again and again for as long as it is wanted."""

    def __init__(self, association: Association, clock: Clock) -> None:
        self.association = association
        self._clock = clock
        self._dialler: Dialler | None = None
        self._stream: _Stream | None = None

    def start(self, reactor: TcpReactor, host: str, port: int) -> None:
        """Begin; the association says when it is active."""
        dialler = self._dialler = Dialler(
            reactor,
            self._clock,
            (host, port),
            self._make,
            lambda: self._over(dialler),
            RECONNECT_FIRST_US,
            RECONNECT_LIMIT_US,
        )
        dialler.dial()

    def stop(self) -> None:
        """Close the connection and try no more."""
        if self._dialler is not None:
            self._dialler.close()
        if self._stream is not None:
            self._stream.abandon()

    def _make(self) -> Connection:
        self._stream = _Stream(self.association, lambda: None)
        return self._stream

    def _over(self, dialler: Dialler) -> None:
        if self._stream is not None and self.association.counters.received:
            dialler.succeeded()
        self._stream = None
        dialler.dial_later()


def as_they_come(clock: Clock, first: Association) -> Callable[[], Association | None]:
    """What gives each newcomer an association: at a gateway every process has one of its own.

    So the processes of an application server share its traffic, or stand by for each other, as its
    traffic mode has it. Where this side is a process too (a peer), one newcomer at a time. None
    where there are as many as may be.
    """
    made = [first]

    def make() -> Association | None:
        free = next((one for one in made if not one.stands), None)
        if free is None and first.asp is None and len(made) < PROCESSES_LIMIT:
            free = Association(clock, gateway=first.gateway)
            made.append(free)
        return free

    return make


class M3uaListener:
    """Waits for the far ends of associations; `make` gives one for a newcomer, None refuses it."""

    def __init__(self, make: Callable[[], Association | None]) -> None:
        self.refused = 0
        self._make_association = make
        self._streams: set[_Stream] = set()
        self._listener: Listener | None = None

    def listen(self, reactor: TcpReactor, port: int, interface: str = "127.0.0.1") -> int:
        """Start; returns the port (0 lets the system choose). Raises CannotListenError."""
        self._listener = Listener(reactor, interface, port, self._make)
        return self._listener.port

    def stop(self) -> "Deferred[None]":
        """Listen no more and close every association; fires when the port is free."""
        for stream in list(self._streams):
            stream.abandon()
        listener, self._listener = self._listener, None
        return succeed(None) if listener is None else listener.close()

    def _make(self) -> Connection | None:
        association = None
        if len(self._streams) < CONNECTIONS_LIMIT:
            association = self._make_association()
        if association is None:
            self.refused += 1
            return None
        stream = _Stream(association, lambda: self._streams.discard(stream))
        self._streams.add(stream)
        return stream
