"""Signalling links from the elements of this process to foreign nodes: M2PA over TCP.

Owns their ends, listeners and connectors. A process whose topology has no such link starts no
reactor. Links come and go with the far program; the elements meanwhile have no way to it.
"""

from calleq.runtime.clock import Clock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import Tap
from calleq.ss7.links import LinkEnd, link_name
from calleq.ss7.m2pa import Timers
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.topology import SignallingLink
from calleq.topology_links import host_and_port
from calleq.units import SECOND_US


def timers_of(link: SignallingLink) -> Timers:
    """The timers of a link: those that the topology names, else the usual ones."""
    return Timers(
        **{f"{name}_us": round(seconds * SECOND_US) for name, seconds in link.timers.items()}
    )


class ForeignLinks:
    """The ends here of links to foreign nodes."""

    def __init__(self, clock: Clock, tap: Tap) -> None:
        self.ends: list[TcpEnd] = []
        self._clock = clock
        self._tap = tap
        self._listeners: list[tuple[TcpListener, str, int]] = []
        self._connectors: list[tuple[TcpConnector, str, int]] = []
        self._reactor: GuestReactor | None = None

    def end(self, link: SignallingLink, near: str) -> LinkEnd:
        """The end of a link at the element `near`; it is used from `open` on."""
        far = link.ends[1] if near == link.ends[0] else link.ends[0]
        end = TcpEnd(
            link_name(link.ends),
            near,
            far,
            self._clock,
            self._tap,
            foreign=True,
            emergency=link.proving == "emergency",
            timers=timers_of(link),
        )
        self.ends.append(end)
        if link.connect:
            self._connectors.append((TcpConnector(end), *host_and_port(link.connect)))
        else:
            listener = TcpListener(near, self._clock, self._tap)
            listener.expect(end, link.remote)
            self._listeners.append((listener, *host_and_port(link.listen)))
        return end

    def open(self, reactor: GuestReactor | None = None) -> None:
        """Listen and connect; CannotListenError when an address is taken."""
        if not self.ends:
            return
        if reactor is None:
            reactor = self._reactor = start_guest()
        for listener, host, port in self._listeners:
            listener.listen(reactor, port, host)
        for connector, host, port in self._connectors:
            connector.start(reactor, host, port)

    def listening(self) -> dict[str, str]:
        """Every address by what it is for."""
        return {
            f"signalling link of {listener.name} to foreign nodes": f"{host}:{port}"
            for listener, host, port in self._listeners
        }

    async def close(self) -> None:
        """Close every wire."""
        for connector, _, _ in self._connectors:
            connector.stop()
        for listener, _, _ in self._listeners:
            listener.stop()
        if self._reactor is not None:
            await stop_guest(self._reactor)
