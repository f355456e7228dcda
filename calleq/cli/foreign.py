"""The signalling links of a process to nodes that are not ours.

Owns the connections and associations behind them, opened and closed as one. Each end says which
link it is of; what comes and goes is told like that of every wire (`report`). A link over M2PA is
`tcp_link`'s, a link over M3UA an association: as a process towards a foreign gateway, as a gateway
towards a foreign process, or as a peer, which is both.
"""

import contextlib
from collections.abc import Callable, Iterator, Mapping

from twisted.internet.error import CannotListenError

from calleq.cli.failure import CommandError
from calleq.runtime.clock import Clock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.sctp import SctpMissingError, SctpReactor
from calleq.runtime.tap import Tap
from calleq.runtime.tcp import TcpReactor
from calleq.ss7.laying import timers_of
from calleq.ss7.links import LinkEnd
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.ends import AdaptedEnd, gateway_end, server_end
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.m3ua.tcp import M3uaConnector, M3uaListener, as_they_come
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.ss7.variant import variant_of
from calleq.topology import SignallingLink, Topology, parse_point_code

_MODES = {mode.name.lower(): mode for mode in m.TrafficMode}


@contextlib.contextmanager
def address_taken() -> Iterator[None]:
    """Turns an address that cannot be listened on into a CommandError."""
    try:
        yield
    except CannotListenError as error:
        raise CommandError(
            f"cannot listen on {error.interface}:{error.port}: {error.socketError};"
            " is the element running already? --base-port chooses other ports"
        ) from error


class ForeignLinks:
    """Every link of this process to a foreign node."""

    def __init__(self, topology: Topology, clock: Clock, tap: Tap) -> None:
        self._topology = topology
        self._clock = clock
        self._tap = tap
        self._associations: list[tuple[SignallingLink, Association]] = []
        self._variant = variant_of(self._topology)
        self._connectors: list[M3uaConnector | TcpConnector] = []
        self._listeners: list[tuple[SignallingLink, M3uaListener | TcpListener]] = []
        self._waiting: list[tuple[SignallingLink, TcpEnd]] = []
        """Ends of links over M2PA."""
        self.ends: list[AdaptedEnd | TcpEnd] = []
        self._told: list[str] = []
        """What `states` said last."""

    def end(self, link: SignallingLink, near: str) -> LinkEnd:
        """The end at our node `near`."""
        if link.protocol == "m2pa":
            return self._m2pa_end(link, near)
        far = link.ends[1] if near == link.ends[0] else link.ends[0]
        names = (link.name, near, far)
        gateway = None
        server = None
        if link.role != "process":
            gateway = Gateway(self._clock, lambda code: Destination.UNKNOWN, variant=self._variant)
            server = self._server(link, far)
            gateway.add(server)
        asp = None if link.role == "gateway" else self._settings(link, near)
        association = Association(self._clock, asp=asp, gateway=gateway)
        self._associations.append((link, association))
        if association.asp is not None:
            end = gateway_end(names, self._clock, self._tap, association, self._variant)
        else:
            assert server is not None
            assert gateway is not None
            end = server_end(names, self._clock, self._tap, server, gateway, self._variant)
        self.ends.append(end)
        return end

    def ends_in(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        """The end of a link that lies in this process, if it does."""
        return {name: self.end(link, name) for name in link.ends if name in chosen}

    def states(self) -> list[str]:
        """A line on the state of each link."""
        self._told = [_state(end) for end in self.ends]
        return self._told

    def report(self, say: Callable[[str], object]) -> None:
        """Say a line from now on whenever a link comes or goes, or has since `states`."""
        for end in self.ends:
            end.watch = _saying(say)
            if (line := _state(end)) not in self._told:
                say(line)

    def open(self, reactor: GuestReactor) -> None:
        """Listen and connect; CannotListenError when an address is taken, CommandError when a link
        wants SCTP and the kernel has none."""
        for link, end in self._waiting:
            self._open_m2pa(reactor, link, end)
        for link, association in self._associations:
            host, _, port = (link.connect or link.listen).rpartition(":")
            if link.connect:
                connector = M3uaConnector(association, self._clock)
                self._connectors.append(connector)
                connector.start(_carrier(reactor, link), host, int(port))
            else:
                listener = M3uaListener(as_they_come(self._clock, association))
                self._listeners.append((link, listener))
                listener.listen(_carrier(reactor, link), int(port), host)

    def listening(self) -> dict[str, str]:
        """Every address by what it is for."""
        return {
            f"foreign signalling link {link.name}": link.listen
            for link, _ in (*self._waiting, *self._associations)
            if link.listen
        }

    def close(self) -> None:
        """Close every connection without a word, and try no more."""
        for connector in self._connectors:
            connector.stop()
        for _, listener in self._listeners:
            listener.stop()

    def _m2pa_end(self, link: SignallingLink, near: str) -> LinkEnd:
        far = link.ends[1] if near == link.ends[0] else link.ends[0]
        end = TcpEnd(
            link.name,
            near,
            far,
            self._clock,
            self._tap,
            foreign=True,
            emergency=link.proving == "emergency",
            timers=timers_of(link),
        )
        self._waiting.append((link, end))
        self.ends.append(end)
        return end

    def _open_m2pa(self, reactor: GuestReactor, link: SignallingLink, end: TcpEnd) -> None:
        host, _, port = (link.connect or link.listen).rpartition(":")
        if link.connect:
            connector = TcpConnector(end)
            self._connectors.append(connector)
            connector.start(reactor, host, int(port))
        else:
            listener = TcpListener(end.near, self._clock, self._tap)
            listener.expect(end, link.remote)
            self._listeners.append((link, listener))
            listener.listen(reactor, int(port), host)

    def _server(self, link: SignallingLink, far: str) -> ApplicationServer:
        code = parse_point_code(self._topology.foreign()[far].point_code, self._topology.variant)
        assert link.routing_context is not None, "checked with the topology"
        mode = _MODES.get(link.traffic_mode, m.TrafficMode.OVERRIDE)
        return ApplicationServer(
            far,
            link.routing_context,
            code,
            self._clock,
            traffic_mode=mode,
            processes_needed=link.processes_needed,
        )

    def _settings(self, link: SignallingLink, near: str) -> AspSettings:
        mode = _MODES.get(link.traffic_mode)
        code = parse_point_code(self._topology.point_codes()[near], self._topology.variant)
        context = link.routing_context
        return AspSettings(
            routing_contexts=() if context is None else (context,),
            keys=(m.RoutingKey(1, (code,), traffic_mode=mode),) if link.register else (),
            traffic_mode=mode,
        )


def _saying(say: Callable[[str], object]) -> Callable[[AdaptedEnd | TcpEnd], object]:
    return lambda end: say(_state(end))


def _state(end: AdaptedEnd | TcpEnd) -> str:
    state = "in service" if end.in_service else "out of service, tried again and again"
    return f"foreign signalling link {end.link} at {end.near}: {state}"


def _carrier(reactor: GuestReactor, link: SignallingLink) -> TcpReactor:
    """What makes the connections of a link."""
    if link.transport == "tcp":
        return reactor
    try:
        return SctpReactor(reactor)
    except SctpMissingError as error:
        raise CommandError(f"link {link.name}: {error.strerror}") from error


class ForeignWires:
    """The links to foreign nodes with a reactor of their own, where the process needs no other."""

    def __init__(self, topology: Topology, clock: Clock, tap: Tap) -> None:
        self.links = ForeignLinks(topology, clock, tap)
        self._reactor: GuestReactor | None = None

    def open(self) -> None:
        """Listen and connect. Raises CommandError when an address is taken."""
        self._reactor = start_guest()
        with address_taken():
            self.links.open(self._reactor)

    async def close(self) -> None:
        """Close what was opened."""
        self.links.close()
        if self._reactor is not None:
            await stop_guest(self._reactor)
