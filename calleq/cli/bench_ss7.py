"""The SS7 bench: the codec, a transfer point, and what a hundred thousand circuits cost."""

import gc
import time
import tracemalloc
from collections.abc import Callable

from calleq.cli import bench_isup
from calleq.cli.figures import Figure
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.isup import codec
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.messages import CalledNumber, Grs, Iam, RangeStatus
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Status
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import SECOND_US

ROUNDS = 3
UNITS = 10_000
BATCH = 500
"""Units under way at once."""
POINT_CODES = 25
CIRCUITS = 4_000
"""To each point code."""
RUN = 32
"""Circuits of one group reset."""
OWN, MIDDLE, FIRST_FAR = 1_000, 1_001, 2_000
MEGABYTE = 1_000_000


class CountingTransfer:
    """Level 3 that takes everything and sends nothing."""

    def __init__(self) -> None:
        self.sent = 0
        self.receive: Callable[[Msu], None] | None = None

    def transfer(self, destination: int, selection: int, payload: bytes, priority: int = 0) -> bool:
        """See `MessageTransfer`."""
        self.sent += 1
        return True

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """See `MessageTransfer`."""
        self.receive = receive

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        """See `MessageTransfer`."""

    def on_indication(self, told: Callable[[Status], None]) -> None:
        """See `MessageTransfer`."""


def measure(command: str) -> list[Figure]:
    """Every figure of SS7 that the documents name."""
    return [
        *bench_isup.measure(command),
        *_transfer_point(command),
        *_circuits(command),
    ]


def _transfer_point(command: str) -> list[Figure]:
    """What a unit costs on the way through a transfer point, beside the links at either side."""
    direct_us = _passage_us(by_transfer_point=False)
    through_us = _passage_us(by_transfer_point=True)
    return [
        Figure("MSU over one in-process link, both nodes", direct_us, "us CPU", command),
        Figure("MSU from node to node by way of an STP", through_us, "us CPU", command),
        Figure(
            "MSU through the STP and its second link", through_us - direct_us, "us CPU", command
        ),
    ]


def _passage_us(*, by_transfer_point: bool) -> float:
    clock, heard = VirtualClock(), 0
    near, far = Mtp3Node("near", OWN, clock), Mtp3Node("far", FIRST_FAR, clock)
    if by_transfer_point:
        middle = TransferPoint("middle", MIDDLE, clock)
        _link(near, middle, clock)
        _link(middle, far, clock)
        near.set_route(FIRST_FAR, (MIDDLE,))
        middle.set_route(FIRST_FAR, (FIRST_FAR,))
        far.set_route(OWN, (MIDDLE,))
    else:
        _link(near, far, clock)

    def hear(msu: Msu) -> None:
        nonlocal heard
        heard += 1

    far.on_message(SERVICE_ISUP, hear)
    clock.advance_us(60 * SECOND_US)
    payload = codec.encode(Iam(17, CalledNumber("12125550143")))
    best = float("inf")
    for _ in range(ROUNDS):
        before = heard
        started = time.process_time()
        for _ in range(UNITS // BATCH):
            for selection in range(BATCH):
                near.transfer(FIRST_FAR, selection & 15, payload)
            clock.advance_us(SECOND_US // 10)
        best = min(best, time.process_time() - started)
        if heard - before != UNITS:
            raise RuntimeError(f"{heard - before} of {UNITS} units arrived")
    return best / UNITS * 1e6


def _link(one: Mtp3Node, other: Mtp3Node, clock: VirtualClock) -> None:
    link = InProcessLink((one.name, other.name), clock, NoTap(), 1_000)
    one.attach(link.end(one.name), other.point_code)
    other.attach(link.end(other.name), one.point_code)


def _circuits(command: str) -> list[Figure]:
    """Memory of the circuits of one exchange, and CPU of answering a reset of every one."""
    gc.collect()
    tracemalloc.start()
    transfer, exchange = _exchange()
    gc.collect()
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    circuits = POINT_CODES * CIRCUITS
    resets = [
        Msu(
            OWN,
            FIRST_FAR + number,
            first & 15,
            codec.encode(Grs(first, RangeStatus(RUN - 1))),
        )
        for number in range(POINT_CODES)
        for first in range(1, CIRCUITS, RUN)
    ]
    assert transfer.receive is not None, "an exchange listens"
    best = float("inf")
    for _ in range(ROUNDS):
        before = transfer.sent
        started = time.process_time()
        for reset in resets:
            transfer.receive(reset)
        best = min(best, time.process_time() - started)
        if transfer.sent - before != len(resets):
            raise RuntimeError(f"{transfer.sent - before} of {len(resets)} resets were answered")
    idle = sum(exchange.idle(group) for group in exchange.groups)
    return [
        Figure(f"memory of {circuits:,} circuits", held / MEGABYTE, "MB", command),
        Figure(f"{len(resets):,} group resets answered", best, "s CPU", command),
        Figure("circuits idle after them", idle, "circuits", command),
    ]


def _exchange() -> tuple[CountingTransfer, IsupExchange]:
    transfer = CountingTransfer()
    trunks = tuple(
        Trunk(f"group {number}", f"far {number}", FIRST_FAR + number, 1, CIRCUITS)
        for number in range(POINT_CODES)
    )
    return transfer, IsupExchange("bench", OWN, transfer, trunks, VirtualClock())
