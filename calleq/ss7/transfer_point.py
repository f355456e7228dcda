"""A signalling transfer point: passes units on between the nodes that it is linked to (Q.704 §2.4).

Owns the relaying and its counters; links, routing tables and the units for itself are those of
`Mtp3Node`. A unit for another node goes over the direct linkset to it; without one in service it
goes to the mate, over the link between the two. It never goes back to the node that it came from:
what could only do that, or has no way at all, is discarded and counted (`undeliverable`), so no
unit can go round.

A unit is passed on octet for octet. A transfer point reads the routing label and the network
indicator and nothing above them: malformed user data is the business of the node that it is for.
"""

from calleq.runtime.clock import Clock
from calleq.ss7.links import LinkEnd
from calleq.ss7.mtp3 import Msu
from calleq.ss7.node import Linkset, Mtp3Node


class TransferPoint(Mtp3Node):
    """An STP; `mate` is the point code of the other one of the pair, None when it stands alone."""

    def __init__(
        self,
        name: str,
        point_code: int,
        clock: Clock,
        mate: int | None = None,
        network_indicator: int = 2,
    ) -> None:
        super().__init__(name, point_code, clock, network_indicator)
        self.mate = mate
        self.relayed = 0
        self.undeliverable = 0

    def attach(self, end: LinkEnd, adjacent: int) -> None:
        """As `Mtp3Node.attach`; every adjacent node can also be reached by way of the mate."""
        super().attach(end, adjacent)
        if self.mate is not None and adjacent != self.mate:
            self.set_route(adjacent, (self.mate,))

    def pass_on(self, msu: Msu, octets: bytes, linkset: Linkset) -> None:
        """Relay a unit for another point code."""
        came_from = linkset.adjacent
        direct = msu.destination != came_from and self._send(msu.destination, msu, octets)
        if direct or (
            self.mate is not None and self.mate != came_from and self._send(self.mate, msu, octets)
        ):
            self.relayed += 1
        else:
            self.undeliverable += 1

    def _send(self, adjacent: int, msu: Msu, octets: bytes) -> bool:
        """Send over a link of the linkset to `adjacent`, False when it has none in service."""
        linkset = self._linksets.get(adjacent)
        if linkset is None:
            return False
        ends = linkset.ends
        first = msu.selection % len(ends)
        if ends[first].send(octets):
            return True
        return any(end.send(octets) for end in ends)
