"""Storms: several links fail and return at the same time, overlapping, by the draws of a seed.

A storm runs over a mated pair of transfer points, with one to four links in each linkset, and zero
to three direct links between two of the end points. Its harness watches each node from outside and
notes what Q.704 lets it lose, so that whatever else is missing shows:

- no way is left when a diversion is over, or none to send a unit on by (§5, §7);
- a changeover ends without the far end's word, so that nobody knows what it had received (§5.6.2,
  §5.7.2): what is not acknowledged is not sent again.

One thing can still be overtaken: what a transfer point has put on the wire of a link just when that
is cut, if the sender has been told already to send past it. It comes later than its successors,
because it must be retrieved. The harness knows which units those are, and lets no other be late. (A
way that is found again before the word of its loss has arrived does the same, about once in some
thousand storms: the harness does not excuse it.)
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field

from calleq.ss7.level3.point import Link
from calleq.ss7.links import InProcessEnd, InProcessLink
from calleq.ss7.m2pa import Remains
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import MILLISECOND_US, SECOND_US
from tests.mtp3_traffic import Traffic

SHORT_US = 20 * MILLISECOND_US
LONG_US = 1_500 * MILLISECOND_US
SEQUENCE_MASK = (1 << 24) - 1


def number_of(octets: bytes) -> int | None:
    """The number that a unit carries; None for one of management."""
    return int.from_bytes(octets[5:9], "big") if octets[0] & 15 == SERVICE_ISUP else None


@dataclass
class Storm:
    """What happened, and what Q.704 does not promise to keep of it."""

    seed: int
    network: Traffic
    events: list[tuple[int, str, str]]
    """When, `fail` or `restore`, and which link."""
    let_go: set[int] = field(default_factory=set)
    """Units that a node could not keep, with a reason that Q.704 has."""
    unreasonable: list[str] = field(default_factory=list)
    """Units that a node let go of although it had a way for them."""
    in_flight: set[int] = field(default_factory=set)
    """Units on the wire of a transfer point's link when that was cut."""

    def watch(self) -> None:
        """Note from now on what each node lets go of."""
        for node in self.network.nodes.values():
            for link in node.point.links():
                self._watch_link(link)
            self._watch_node(node)

    def _watch_link(self, link: Link) -> None:
        end = link.end
        assert isinstance(end, InProcessEnd)
        retrieve: Callable[[int | None], list[bytes]] = end.retrieve

        def noted(after: int | None) -> list[bytes]:
            if after is None:
                numbers = map(number_of, end.session.remains.sent)
                self.let_go |= {number for number in numbers if number is not None}
            return retrieve(after)

        end.retrieve = noted  # type: ignore[method-assign]
        take_back = end.take_back
        let_go = self.let_go

        class Noted(Remains):
            """What is taken back before anybody knows what the far end had."""

            def after(self, fsn: int | None) -> list[bytes]:
                if fsn is None:
                    numbers = map(number_of, self.sent)
                    let_go.update(number for number in numbers if number is not None)
                return super().after(fsn)

        end.take_back = lambda: Noted(*take_back())  # type: ignore[method-assign]

    def _watch_node(self, node: Mtp3Node) -> None:
        traffic, point = node.management.traffic, node.point
        send_on = traffic._send_on

        def noted(octets: bytes, gone: set[tuple[int, int]]) -> bool:
            sent = send_on(octets, gone)
            number = number_of(octets)
            if not sent and number is not None:
                self.let_go.add(number)
                flow = point.labels.flow_of(octets)
                if not point.transfers and flow not in gone and point.ways[flow[0]].links:
                    self.unreasonable.append(f"{node.name} let go of {number}")
            return sent

        traffic._send_on = noted  # type: ignore[method-assign]

    def cut(self, link: InProcessLink) -> None:
        """Fail a link; what is on its wire from a transfer point is in flight."""
        one, other = link._ends.values()
        for near, far in ((one, other), (other, one)):
            flow = near.session.flow
            count = (flow.numbers[1] - far.session.last_received()) & SEQUENCE_MASK
            sent = list(flow.buffer.sent)
            if near.near.startswith("stp") and link.stands and 0 < count <= len(sent):
                numbers = map(number_of, sent[-count:])
                self.in_flight |= {number for number in numbers if number is not None}
        link.fail()

    def faults(self) -> list[str]:
        """What should not have happened."""
        network, faults, missing = self.network, list(self.unreasonable), 0
        for flow, sent in network.sent.items():
            arrived = network.arrived[flow]
            if len(arrived) != len(set(arrived)):
                faults.append(f"{flow}: some came twice")
            if late := late_in(arrived) - self.in_flight:
                faults.append(f"{flow}: overtaken: {sorted(late)[:5]}")
            missing += len(set(sent) - set(arrived) - self.let_go)
        undeliverable = sum(
            node.undeliverable for node in network.nodes.values() if isinstance(node, TransferPoint)
        )
        if missing > undeliverable:
            faults.append(f"{missing} missing, {undeliverable} had no way")
        return faults

    @property
    def missing(self) -> int:
        """How many units have not arrived."""
        network = self.network
        return sum(
            len(set(sent) - set(network.arrived[flow])) for flow, sent in network.sent.items()
        )

    @property
    def overtaken(self) -> int:
        """How many units came after a later one of their flow."""
        return sum(len(late_in(arrived)) for arrived in self.network.arrived.values())


def late_in(arrived: list[int]) -> set[int]:
    """The numbers that came after a higher one."""
    highest, late = 0, set()
    for number in arrived:
        if number < highest:
            late.add(number)
        highest = max(highest, number)
    return late


def storm(seed: int) -> Storm:
    """The storm of a seed, until everything has been quiet for a while."""
    draw = random.Random(seed)
    network = Traffic(
        draw.choice((1, 1, 2, 3, 4)),
        draw.choice((0, 200, 1_000, 3_000)),
        selections=4,
        direct_links=draw.choice((0, 0, 1, 2, 3)),
    )
    result = Storm(seed, network, _events(draw, list(network.links)))
    result.watch()
    now_us = 0
    for at_us, what, name in result.events:
        every_us = draw.choice((700, 3_000, 11_000)) if at_us - now_us < 100_000 else 11_000
        network.carry(at_us - now_us, every_us)
        now_us = at_us
        if what == "fail":
            result.cut(network.links[name])
        else:
            network.links[name].restore()
    network.carry(2 * SECOND_US, 40 * MILLISECOND_US)
    network.clock.advance_us(3 * SECOND_US)
    return result


def _events(draw: random.Random, names: list[str]) -> list[tuple[int, str, str]]:
    """Some links, each cut and made whole once or twice; now and then a whole transfer point."""
    chosen = draw.sample(names, draw.randint(2, min(len(names), 8)))
    together = [name for name in names if "stp-68" in name] if draw.random() < 0.1 else []
    events: list[tuple[int, str, str]] = []
    for group in ([name] for name in chosen):
        _cut_and_restored(draw, group, events)
    if together:
        _cut_and_restored(draw, together, events)
    return sorted(events)


def _cut_and_restored(
    draw: random.Random, group: list[str], events: list[tuple[int, str, str]]
) -> None:
    at_us = draw.choice((0, draw.randint(0, SHORT_US), draw.randint(0, LONG_US)))
    for _ in range(draw.randint(1, 2)):
        down_us = draw.choice((draw.randint(1, SHORT_US), draw.randint(1, LONG_US)))
        events += [(at_us, "fail", name) for name in group]
        events += [(at_us + down_us, "restore", name) for name in group]
        at_us += down_us + draw.choice((draw.randint(1, SHORT_US), draw.randint(1, SECOND_US)))
