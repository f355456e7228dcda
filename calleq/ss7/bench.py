"""How quick the signalling network is: measured by whoever gives the CPU time.

Nothing here reads a clock. `transfer_cost` drives a transfer point as its links do.
"""

from collections.abc import Callable

import msgspec

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7 import mtp3_codec
from calleq.ss7.links import NONE_RECEIVED, InProcessLink
from calleq.ss7.m2pa import Remains
from calleq.ss7.mtp3 import Msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import MILLISECOND_US, SECOND_US

BATCH = 64
"""Units on their way at one time."""

PAYLOAD_OCTETS = 24
"""As an IAM has."""


class TransferCost(msgspec.Struct, frozen=True):
    """CPU microseconds per message signal unit."""

    units: int
    through_us: float
    """Off one link and onto another, with the framing of both (M2PA) and the simulated wires."""
    level_3_us: float
    """Discrimination and routing alone, level 2 left out."""


class _Sink:
    """An end of a link that takes everything and does nothing."""

    link = "bench"
    near = "stp"
    far = "b"
    in_service = True
    congestion = 0

    def send(self, octets: bytes) -> bool:
        return True

    def attach(self, receive: Callable[[bytes], None], changed: Callable[[bool], None]) -> None:
        """Nothing arrives."""

    def on_congestion(self, told: Callable[[int], None]) -> None:
        """There is none."""

    def start(self) -> None:
        """It stands."""

    def stop(self) -> None:
        """It stands."""

    def last_received(self) -> int:
        return NONE_RECEIVED

    def retrieve(self, after: int | None) -> list[bytes]:
        return []

    def take_back(self) -> Remains:
        return Remains()


def transfer_cost(units: int, cpu_s: Callable[[], float]) -> TransferCost:
    """What it costs an STP to pass on `units` units; `cpu_s` reads the CPU seconds so far."""
    clock = VirtualClock()
    stp = TransferPoint("stp", 3, clock)
    ends = [Mtp3Node("a", 1, clock), Mtp3Node("b", 2, clock)]
    links = []
    for node in ends:
        link = InProcessLink((node.name, "stp"), clock, NoTap(), MILLISECOND_US)
        node.attach(link.end(node.name), stp.point_code)
        stp.attach(link.end("stp"), node.point_code)
        links.append(link)
    clock.advance_us(SECOND_US)
    octets = mtp3_codec.encode(Msu(2, 1, 5, bytes(PAYLOAD_OCTETS)))
    send = links[0].end("a").send
    before_s = cpu_s()
    for _ in range(units // BATCH):
        for _ in range(BATCH):
            send(octets)
        clock.advance_us(2 * MILLISECOND_US)
    through_s = cpu_s() - before_s
    passed = stp.relayed
    assert passed == units // BATCH * BATCH
    level_3_s = _level_3_s(stp, octets, passed, cpu_s)
    return TransferCost(passed, through_s / passed * 1e6, level_3_s / passed * 1e6)


def _level_3_s(stp: TransferPoint, octets: bytes, units: int, cpu_s: Callable[[], float]) -> float:
    (incoming,) = stp.point.linksets[1].links
    (outgoing,) = stp.point.linksets[2].links
    outgoing.replace_end(_Sink())
    receive = stp.receiver(incoming)
    relayed = stp.relayed
    before_s = cpu_s()
    for _ in range(units):
        receive(octets)
    passed_s = cpu_s() - before_s
    assert stp.relayed == relayed + units
    return passed_s
