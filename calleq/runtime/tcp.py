"""TCP as the rooms that speak over it need it: a typed view of Twisted, and what they all do alike.

Owns no protocol. `Connection` is one connection that can be abandoned; `Listener` answers on an
address; `Dialler` connects to one, and again when it is told to, each time after twice the pause,
up to a longest. When to dial again, and when the far end has deserved short pauses once more, are
the rules of each protocol and stand in its room.

Twisted declares its interfaces for zope; the contracts here say the same of the few calls used, in
a way that a type checker follows, and show what a reactor of another kind would have to do. The
reactor is given; nothing here fetches one, and the time is the given clock's.
"""

from collections.abc import Callable
from typing import Protocol, cast

from twisted.internet.defer import Deferred, succeed
from twisted.internet.interfaces import IAddress, IConnector
from twisted.internet.protocol import ClientFactory, Factory, connectionDone
from twisted.internet.protocol import Protocol as TwistedProtocol
from twisted.python.failure import Failure

from calleq.runtime.clock import Clock, Timer

CONNECT_LIMIT_S = 5.0
"""How long an attempt to connect may take."""


class Address(Protocol):
    """Where a port listens."""

    port: int


class Port(Protocol):
    """What is needed of a Twisted listening port."""

    def getHost(self) -> Address:  # noqa: N802
        """Where it listens."""

    def stopListening(self) -> "Deferred[None] | None":  # noqa: N802
        """Listen no more; fires when the port is free."""


class Attempt(Protocol):
    """What is needed of a Twisted connector."""

    def disconnect(self) -> None:
        """Give up the attempt, or close the connection."""


class Peer(Protocol):
    """Where a connection comes from."""

    host: str
    port: int


class Wire(Protocol):
    """What is needed of a Twisted TCP transport."""

    def getPeer(self) -> Peer:  # noqa: N802
        """Who is at the far end."""

    def write(self, data: bytes) -> None:
        """Send in order."""

    def abortConnection(self) -> None:  # noqa: N802
        """Close at once; connectionLost follows later."""

    def registerProducer(self, producer: object, streaming: bool) -> None:  # noqa: N802
        """Have `producer` told when the far end reads too slowly."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """Do not wait for more octets before sending."""

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802
        """Find out about a dead far end."""


class TcpReactor(Protocol):
    """What is needed of a Twisted reactor."""

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """Listen; raises CannotListenError."""

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> Attempt:
        """Begin to connect; the factory hears of success and failure."""


class Connection(TwistedProtocol):
    """One TCP connection, which sends at once: signalling must not wait for Nagle's algorithm.

    A room says in `made`, `arrived` and `ended` what it does with it.
    """

    wire: Wire
    """Where to write, from `made` on."""
    is_over = False
    """It is abandoned or has ended: nothing that arrives is read any more."""
    far_names: frozenset[str] | None = None
    """Of whom the far end has proved to be; None: it was not asked (see `secure`)."""

    def proves(self, name: str) -> bool:
        """Whether the far end is whom it says to be, as far as that can be asked here."""
        return self.far_names is None or name.casefold() in self.far_names

    def connectionMade(self) -> None:  # noqa: N802
        self.wire = cast(Wire, self.transport)
        if self.is_over:  # abandoned before it stood
            self.wire.abortConnection()
            return
        self.wire.setTcpNoDelay(True)
        self.made()

    def dataReceived(self, data: bytes) -> None:  # noqa: N802
        if not self.is_over:
            self.arrived(data)

    def connectionLost(self, reason: Failure = connectionDone) -> None:  # noqa: N802
        self.is_over = True
        self.ended()

    def abandon(self) -> None:
        """End the connection at once: what is not yet on the wire is lost, nothing more is read."""
        self.is_over = True
        if self.connected:
            self.wire.abortConnection()

    def made(self) -> None:
        """The connection stands."""

    def arrived(self, data: bytes) -> None:
        """Octets came."""

    def ended(self) -> None:
        """The connection has ended, whoever ended it."""


class Listener:
    """An address that is listened on until `close`."""

    def __init__(
        self, reactor: TcpReactor, host: str, port: int, make: Callable[[], Connection | None]
    ) -> None:
        """Port 0 takes a free one; `make` may refuse with None. Raises CannotListenError."""
        self._listening = reactor.listenTCP(port, _Answering(make), interface=host)

    @property
    def port(self) -> int:
        """The TCP port."""
        return self._listening.getHost().port

    def close(self) -> "Deferred[None]":
        """Listen no more; fires when the port is free. Connections go on."""
        freed = self._listening.stopListening()
        return succeed(None) if freed is None else freed


class Dialler:
    """Connects to one address whenever it is told to, and makes at most one attempt at a time."""

    def __init__(
        self,
        reactor: TcpReactor,
        clock: Clock,
        address: tuple[str, int],
        make: Callable[[], Connection],
        over: Callable[[], object],
        first_pause_us: int,
        longest_pause_us: int,
    ) -> None:
        """`make` is called at each success, `over` when an attempt or its connection is over."""
        self.attempts = 0
        self._reactor = reactor
        self._clock = clock
        self._host, self._port = address
        self._calling = _Calling(self._made, self._over)
        self._make = make
        self._tell_over = over
        self._first_pause_us = self._pause_us = first_pause_us
        self._longest_pause_us = longest_pause_us
        self._attempt: Attempt | None = None
        self._is_connected = False
        self._timer: Timer | None = None
        self._is_closed = False

    @property
    def is_busy(self) -> bool:
        """It is connecting, is connected or will connect after a pause."""
        return self._attempt is not None or self._timer is not None

    def dial(self) -> None:
        """Connect now; the far end hears of it when `make` is called. Not while it is busy."""
        assert not self.is_busy
        if not self._is_closed:
            self.attempts += 1
            self._is_connected = False
            self._attempt = self._reactor.connectTCP(
                self._host, self._port, self._calling, timeout=CONNECT_LIMIT_S
            )

    def dial_later(self) -> None:
        """Connect after a pause, twice as long as the one before. Not while it is busy."""
        assert not self.is_busy
        if not self._is_closed:
            self._timer = self._clock.call_later_us(self._pause_us, self._dial_now)
            self._pause_us = min(2 * self._pause_us, self._longest_pause_us)

    def succeeded(self) -> None:
        """The far end did what it is there for: the next pause is the shortest again."""
        self._pause_us = self._first_pause_us

    def close(self) -> None:
        """Dial no more and give up an attempt; a connection is its owner's to end."""
        self._is_closed = True
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._attempt is not None and not self._is_connected:
            self._attempt.disconnect()

    def _dial_now(self) -> None:
        self._timer = None
        self.dial()

    def _made(self) -> Connection:
        self._is_connected = True
        return self._make()

    def _over(self) -> None:
        self._attempt = None
        self._tell_over()


class _Answering(Factory):
    noisy = False

    def __init__(self, make: Callable[[], Connection | None]) -> None:
        self._make = make

    def buildProtocol(self, addr: IAddress | None) -> Connection | None:  # noqa: N802
        return self._make()


class _Calling(ClientFactory):
    noisy = False

    def __init__(self, make: Callable[[], Connection], over: Callable[[], None]) -> None:
        self._make = make
        self._over = over

    def buildProtocol(self, addr: IAddress | None) -> Connection:  # noqa: N802
        return self._make()

    def clientConnectionFailed(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._over()

    def clientConnectionLost(self, connector: IConnector, reason: Failure) -> None:  # noqa: N802
        self._over()
