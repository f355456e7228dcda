"""The wires of one process of several: TCP to the others, inside it between its own elements.

With `processes.tls` in the topology they are TLS, each element proving itself to the others.
Wires to other processes come and go; `settled` and `report` say which stand. Fulfils `Wires`.
"""

import asyncio
import contextlib
from collections.abc import Callable, Mapping

from calleq.cli.foreign import ForeignLinks, address_taken
from calleq.cli.wires_secured import reactors_of
from calleq.lines.contract import LinePlant
from calleq.lines.tcp_lines import TcpLines
from calleq.network import TELEPHONES
from calleq.network_gateways import has_sip, lines_beside
from calleq.osn.contract import Bus
from calleq.osn.tcp import TcpBus
from calleq.runtime.clock import Clock
from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.tap import Tap
from calleq.ss7.laying import in_process_link, timers_of
from calleq.ss7.links import LinkEnd
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.topology import SignallingLink, Topology, address_of
from calleq.topology_doors import place_of


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
        self._ends: list[TcpEnd] = []
        self._foreign = ForeignLinks(topology, clock, tap)
        self._say: Callable[[str], object] = _nobody
        self._reactor = start_guest()
        self._reactors = reactors_of(topology, elements, self._reactor, clock, self._tell)
        self._bus = TcpBus(self._reactor, clock, tap, self._osn_address, reactors=self._reactors)
        self._line_addresses = {
            switch.name: address_of(topology, switch.name, "lines") for switch in topology.switches
        }
        self._lines = TcpLines(
            self._reactor,
            clock,
            tap,
            self._line_addresses,
            lost=self._lines_broke,
            made=self._lines_stand,
            reactors=self._reactors,
        )
        self._plant: LinePlant = self._lines
        if has_sip(topology, elements):
            self._plant = lines_beside(topology, self._lines, clock, tap)
        self._lines_lost: Callable[[str], object] = _nobody
        self._changed = asyncio.Event()

    @property
    def bus(self) -> Bus:
        return self._bus

    @property
    def lines(self) -> LinePlant:
        return self._plant

    def link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        if link.is_foreign:
            return self._foreign.ends_in(link, chosen)
        here = [name for name in link.ends if name in chosen]
        if len(here) == 2:
            wire = in_process_link(link, self._clock, self._tap)
            return {name: wire.end(name) for name in here}
        ends: dict[str, LinkEnd] = {}
        for name in here:
            far = link.ends[1] if name == link.ends[0] else link.ends[0]
            if name == self._waiting_end(link):
                ends[name] = self._watched(self._listener(name).end(far, link.name, link.slc))
            else:
                end = TcpEnd(
                    link.name,
                    name,
                    far,
                    self._clock,
                    self._tap,
                    emergency=link.proving == "emergency",
                    timers=timers_of(link),
                    slc=link.slc,
                )
                connector = TcpConnector(end)
                self._connectors.append(connector)
                ends[name] = self._watched(connector.end)
        return ends

    def _watched(self, end: TcpEnd) -> TcpEnd:
        self._ends.append(end)
        end.watch = self._link_changed
        return end

    def _waiting_end(self, link: SignallingLink) -> str:
        """A transfer point waits to be connected to; between two of them, or none, the first."""
        return next((end for end in link.ends if end in self._relays), link.ends[0])

    def _listener(self, name: str) -> TcpListener:
        if name not in self._listeners:
            self._listeners[name] = TcpListener(name, self._clock, self._tap)
        return self._listeners[name]

    def reaches(self, element: str) -> bool:
        return self._bus.reaches(element)

    def open(self, lines_lost: Callable[[str], object]) -> None:
        """Listen and connect. Raises CommandError when an address is taken."""
        self._lines_lost = lines_lost
        with address_taken():
            self._open()

    def _open(self) -> None:
        for name, listener in self._listeners.items():
            host, port = address_of(self._topology, name, "links")
            listener.listen(self._reactors(name), port, host)
        self._bus.listen()
        self._foreign.open(self._reactor)
        for connector in self._connectors:
            host, port = address_of(self._topology, connector.end.far, "links")
            connector.start(self._reactors(connector.end.near), host, port)

    def listening(self) -> dict[str, str]:
        """Every address by what it is for."""
        topology, bus = self._topology, self._bus
        places = {f"OSN of {name}": self._osn_address(name) for name in bus.attached}
        for name in self._listeners:
            places[f"signalling links of {name}"] = address_of(topology, name, "links")
        for name in self._switches_here():
            places[f"subscriber lines of {name}"] = self._line_addresses[name]
        own = {what: f"{host}:{port}" for what, (host, port) in places.items()}
        return own | self._foreign.listening()

    def _osn_address(self, name: str) -> tuple[str, int]:
        return address_of(self._topology, place_of(self._topology, name), "osn")

    async def settled(self, limit_s: float) -> list[str]:
        """Wait until every wire stands, at most `limit_s`; a line on the state of each."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                while not all(self._states().values()):
                    self._changed.clear()
                    await self._changed.wait()
        return [_line(wire, stands) for wire, stands in self._states().items()]

    def report(self, say: Callable[[str], object]) -> None:
        """Say a line from now on whenever a wire comes or goes."""
        self._say = say
        self._foreign.report(say)

    def _tell(self, what: str) -> None:
        """Why a wire does not stand, where that is more than that nobody is there."""
        self._say(what)

    def _states(self) -> dict[str, bool]:
        """Whether each wire stands that this process must find or be found by to work."""
        states = {_name_of(end): end.in_service for end in self._ends}
        if TELEPHONES in self._elements:
            for name in self._line_addresses:
                states[_name_of_lines(name)] = self._lines.is_connected(name)
        return states

    def _switches_here(self) -> list[str]:
        return [name for name in self._line_addresses if name in self._elements]

    def _link_changed(self, end: TcpEnd) -> None:
        self._changed.set()
        self._say(_line(_name_of(end), end.in_service))

    def _lines_stand(self, switch: str) -> None:
        self._changed.set()
        self._say(_line(_name_of_lines(switch), True))

    def _lines_broke(self, switch: str) -> None:
        self._lines_lost(switch)
        self._say(_line(_name_of_lines(switch), False))

    async def close(self) -> None:
        """Close every wire without a word, then end the reactor."""
        self._say = self._lines_lost = _nobody
        self._foreign.close()
        for connector in self._connectors:
            connector.stop()
        for listener in self._listeners.values():
            listener.stop()
        self._lines.close()
        self._bus.close()
        await stop_guest(self._reactor)


def _nobody(what: str) -> None:
    """Takes the place of whoever is to be told."""


def _name_of(end: TcpEnd) -> str:
    return f"signalling link {end.link} at {end.near}"


def _name_of_lines(switch: str) -> str:
    return f"subscriber lines of {switch} to the telephones"


def _line(wire: str, stands: bool) -> str:
    return f"{wire}: {'in service' if stands else 'out of service, tried again and again'}"
