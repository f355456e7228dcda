"""What links over TCP need of a Twisted reactor, as types.

Twisted declares its interfaces for zope; these say the same of the few calls used here in a way
that a type checker follows, and show at a glance what a reactor of another kind would have to do.
"""

from typing import Protocol

from twisted.internet.defer import Deferred
from twisted.internet.protocol import ClientFactory, ServerFactory


class Address(Protocol):
    """Where a port listens."""

    port: int


class Port(Protocol):
    """What is needed of a Twisted listening port."""

    def getHost(self) -> Address:  # noqa: N802
        """Where it listens."""

    def stopListening(self) -> "Deferred[None] | None":  # noqa: N802
        """Listen no more; fires when the port is free."""


class Dialling(Protocol):
    """What is needed of a Twisted connector."""

    def disconnect(self) -> None:
        """Give up the attempt, or close the connection."""


class Transport(Protocol):
    """What is needed of a Twisted TCP transport."""

    def write(self, data: bytes) -> None:
        """Send in order."""

    def abortConnection(self) -> None:  # noqa: N802
        """Close at once; connectionLost follows later."""

    def setTcpNoDelay(self, enabled: bool) -> None:  # noqa: N802
        """Do not wait for more octets before sending."""

    def setTcpKeepAlive(self, enabled: bool) -> None:  # noqa: N802
        """Find out about a dead far end."""


class TcpReactor(Protocol):
    """What is needed of a Twisted reactor."""

    def listenTCP(  # noqa: N802
        self, port: int, factory: ServerFactory, backlog: int = 50, interface: str = ""
    ) -> Port:
        """Listen; raises CannotListenError."""

    def connectTCP(  # noqa: N802
        self, host: str, port: int, factory: ClientFactory, timeout: float = 30
    ) -> Dialling:
        """Begin to connect."""
