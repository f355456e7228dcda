"""Traffic that is being diverted: what its flows have sent, kept until it can go on (Q.704 §5, §6).

Owns one diversion's buffer and the flows that it belongs to. A flow is a selection of a
destination; it is held at one place at most, so that its messages stay in order. When the holding
is over is `traffic.py`'s to say.
"""

from calleq.ss7.level3 import changeback
from calleq.ss7.level3.changeback import Changeback
from calleq.ss7.level3.point import Link, Point, Way

HOLD_LIMIT = 16_384
"""Messages held in one diversion; more are lost, and counted."""

Flow = tuple[Way, Link]


class Hold:
    """Traffic that is being diverted: its flows, and what they have sent meanwhile."""

    __slots__ = ("_point", "buffer", "changeback", "flows", "is_retrieved")

    def __init__(self, point: Point, *, is_retrieved: bool = False) -> None:
        self.flows: dict[tuple[int, int], Flow] = {}
        """By destination and selection: the way, and the link that its earlier messages took."""
        self.buffer: list[bytes] = []
        self.changeback: Changeback | None = None
        self.is_retrieved = is_retrieved
        """What the link has not delivered is to be taken back from it."""
        self._point = point

    def take(self, way: Way, selection: int, source: Link) -> None:
        """Hold a flow from now on."""
        self.flows[way.destination, selection] = (way, source)
        way.carriers[selection] = self

    def carry(self, octets: bytes) -> bool:
        """Keep a unit; management goes on at once, since what ends the holding may wait for it."""
        if not octets[0] & 15:
            flow = self._point.labels.flow_of(octets)
            way, _ = self.flows[flow]
            if way.links:
                return way.links[flow[1]].carry(octets)
        if len(self.buffer) < HOLD_LIMIT:
            self.buffer.append(octets)
        else:
            self._point.lost += 1
        return True

    @property
    def is_timed(self) -> bool:
        """Whether it waits for T3 or T6: so it does even if the link before is lost meanwhile."""
        changing = self.changeback
        return changing is not None and changing.state is changeback.State.WAITING

    def precede(self, retrieved: list[bytes], source: Link) -> list[bytes]:
        """Put what its flows had sent over `source` before what it holds; return the rest."""
        mine: list[bytes] = []
        rest: list[bytes] = []
        test_service = self._point.variant.test_service
        flow_of = self._point.labels.flow_of
        for octets in retrieved:
            flow = self.flows.get(flow_of(octets))
            is_mine = flow is not None and flow[1] is source and octets[0] & 15 > test_service
            (mine if is_mine else rest).append(octets)
        self.buffer[:0] = mine
        return rest

    def holds_from(self, adjacent: int) -> bool:
        """Whether something may be held, or taken back, that came from an adjacent node."""
        for (destination, _), (_, source) in self.flows.items():
            if self.is_retrieved and adjacent not in (destination, source.linkset.adjacent):
                return True
        test_service = self._point.variant.test_service
        flow_of = self._point.labels.flow_of
        return any(
            octets[0] & 15 > test_service and flow_of(octets)[0] != adjacent
            for octets in self.buffer
        )

    def give_up(self, source: Link) -> "Hold":
        """The flows from a link, and what they have sent, as a hold of their own."""
        given = Hold(self._point)
        for flow in [flow for flow, (_, link) in self.flows.items() if link is source]:
            given.flows[flow] = self.flows.pop(flow)
        kept: list[bytes] = []
        flow_of = self._point.labels.flow_of
        for octets in self.buffer:
            (given.buffer if flow_of(octets) in given.flows else kept).append(octets)
        self.buffer = kept
        return given
