"""A signalling transfer point: passes units on between the nodes that it is linked to (Q.704 §2.4).

Owns the relaying and its counters; links, routing tables and the units for itself are those of
`Mtp3Node`. A unit for another node goes over the direct linkset to it; without one in service it
goes to the mate, over the link between the two. It never goes back to the node that it came from:
what could only do that, or has no way at all, is discarded and counted (`undeliverable`), so no
unit can go round, and the node that sent it is told (TFP).

A unit is passed on octet for octet. A transfer point reads the routing label and the network
indicator and nothing above them: malformed user data is the business of the node that it is for.
"""

from calleq.runtime.clock import Clock
from calleq.ss7.level3.point import Link
from calleq.ss7.level3.screening import Reason, Refusal, Screening
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import LinkEnd
from calleq.ss7.node import Mtp3Node
from calleq.ss7.variant import ITU, Variant

_RCT_HEADING = b"\x13"


class TransferPoint(Mtp3Node):
    """An STP; `mate` is the point code of the other one of the pair, None when it stands alone."""

    transfers = True

    def __init__(
        self,
        name: str,
        point_code: int,
        clock: Clock,
        mate: int | None = None,
        network_indicator: int = 2,
        timers: Mtp3Timers | None = None,
        screening: Screening | None = None,
        variant: Variant = ITU,
    ) -> None:
        super().__init__(name, point_code, clock, network_indicator, timers, variant)
        self.mate = mate
        self.screening = screening
        self.relayed = 0
        self.undeliverable = 0

    def attach(self, end: LinkEnd, adjacent: int, code: int | None = None) -> None:
        """As `Mtp3Node.attach`; every adjacent node can also be reached by way of the mate."""
        super().attach(end, adjacent, code)
        if self.mate is not None and adjacent != self.mate:
            self.set_route(adjacent, (self.mate,))

    def pass_on(self, information: int, label: int, octets: bytes, link: Link) -> None:
        """Relay a unit for another point code."""
        screening = self.screening
        if screening is not None:
            reason = screening.verdict(
                self._origin(label),
                label & self._code_mask,
                information & 15,
                link.linkset.adjacent,
            )
            if reason is not None:
                self._refuse(reason, information, label, link)
                return
        way = self._ways.get(label & self._code_mask)
        if way is None or not way.carriers:
            self._undeliverable(label, link)
            return
        selection = label >> self._selection_shift & self._selection_mask
        wanted = way.links[selection]
        if wanted.linkset is link.linkset:
            self._undeliverable(label, link)
        elif way.carriers[selection].carry(octets):
            self.relayed += 1
            if self.point.is_congested and wanted.congestion:
                tests = information & 15 == 0 and octets.startswith(_RCT_HEADING, self._head_octets)
                self.management.congestion.passed(wanted, way, self._origin(label), tests=tests)

    def _origin(self, label: int) -> int:
        return label >> self._origin_shift & self._code_mask

    def _discrimination(self) -> dict[str, int]:
        return {**super()._discrimination(), "undeliverable": self.undeliverable}

    def _undeliverable(self, label: int, link: Link) -> None:
        self.undeliverable += 1
        self.management.routes.respond(link.linkset.adjacent, label & self._code_mask)

    def _refuse(self, reason: Reason, information: int, label: int, link: Link) -> None:
        assert self.screening is not None
        self.screening.refuse(
            Refusal(
                self.clock.now_us(),
                link.name,
                self._origin(label),
                label & self._code_mask,
                information & 15,
                reason,
            )
        )
