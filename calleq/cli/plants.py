"""The wires of a real-time process: all inside it, or TCP to the other processes of the network.

Both have the same face, so that hosting does not care: the OSN, the subscriber lines and the ends
of the signalling links that lie here.
"""

from collections.abc import Mapping
from typing import Protocol

from twisted.internet.error import CannotListenError

from calleq.cli.failure import CommandError
from calleq.lines.contract import LinePlant
from calleq.lines.plants import InProcessLines
from calleq.lines.tcp_lines import TcpLines
from calleq.osn.contract import Bus
from calleq.osn.in_process import InProcessBus
from calleq.osn.tcp import TcpBus
from calleq.runtime.clock import Clock
from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.tap import Tap
from calleq.ss7.links import InProcessLink, LinkEnd, link_name
from calleq.ss7.tcp_link import TcpConnector, TcpListener
from calleq.topology import SignallingLink, Topology, address_of


class Wires(Protocol):
    """What the elements of one process reach others by."""

    @property
    def bus(self) -> Bus:
        """The OSN."""

    @property
    def lines(self) -> LinePlant:
        """The subscriber lines."""

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        """The ends of a signalling link that lie in this process."""

    def open(self) -> None:
        """Begin to listen and to connect."""


class OneProcess:
    """Every wire in this process, with the delays of the topology."""

    def __init__(self, topology: Topology, clock: Clock, tap: Tap) -> None:
        self._clock = clock
        self._tap = tap
        self.links: dict[tuple[str, str], InProcessLink] = {}
        self.bus: Bus = InProcessBus(clock, topology.timing.osn_delay_us, tap)
        self.lines: LinePlant = InProcessLines(clock, topology.timing.line_delay_us, tap)

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        wire = InProcessLink(link.ends, self._clock, self._tap, link.delay_us)
        self.links[link.ends] = wire
        return {name: wire.end(name) for name in link.ends if name in chosen}

    def open(self) -> None:
        """Nothing to open."""


class SeveralProcesses:
    """Wires to elements in other processes, over TCP; between elements of this one, inside it."""

    def __init__(
        self, topology: Topology, clock: Clock, tap: Tap, elements: frozenset[str]
    ) -> None:
        self._topology = topology
        self._clock = clock
        self._tap = tap
        self._elements = elements
        self._relays = {point.name for point in topology.transfer_points}
        self._listeners: dict[str, TcpListener] = {}
        self._connectors: list[TcpConnector] = []
        self._reactor = start_guest()
        self._bus = TcpBus(
            self._reactor, clock, tap, lambda element: address_of(topology, element, "osn")
        )
        addresses = {
            switch.name: address_of(topology, switch.name, "lines") for switch in topology.switches
        }
        self._lines = TcpLines(self._reactor, clock, tap, addresses)

    @property
    def bus(self) -> Bus:
        return self._bus

    @property
    def lines(self) -> LinePlant:
        return self._lines

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        here = [name for name in link.ends if name in chosen]
        if len(here) == 2:
            wire = InProcessLink(link.ends, self._clock, self._tap, link.delay_us)
            return {name: wire.end(name) for name in here}
        ends: dict[str, LinkEnd] = {}
        for name in here:
            far = link.ends[1] if name == link.ends[0] else link.ends[0]
            if name == self._waiting_end(link):
                ends[name] = self._listener(name).end(far, link_name(link.ends))
            else:
                connector = TcpConnector(name, far, link_name(link.ends), self._clock, self._tap)
                self._connectors.append(connector)
                ends[name] = connector.end
        return ends

    def _waiting_end(self, link: SignallingLink) -> str:
        """A transfer point waits to be connected to; between two of them, or none, the first."""
        return next((end for end in link.ends if end in self._relays), link.ends[0])

    def _listener(self, name: str) -> TcpListener:
        if name not in self._listeners:
            self._listeners[name] = TcpListener(name, self._clock, self._tap)
        return self._listeners[name]

    def open(self) -> None:
        """Listen and connect; CommandError when an address is taken."""
        try:
            for name, listener in self._listeners.items():
                host, port = address_of(self._topology, name, "links")
                listener.listen(self._reactor, port, host)
            self._bus.listen()
        except CannotListenError as error:
            raise CommandError(
                f"cannot listen on {error.interface}:{error.port}: {error.socketError};"
                " is the element running already? --base-port chooses other ports"
            ) from error
        for connector in self._connectors:
            host, port = address_of(self._topology, connector.end.far, "links")
            connector.start(self._reactor, host, port)

    async def close(self) -> None:
        """Close every wire, then end the reactor."""
        for connector in self._connectors:
            connector.stop()
        for listener in self._listeners.values():
            listener.stop()
        self._lines.close()
        self._bus.close()
        await stop_guest(self._reactor)
