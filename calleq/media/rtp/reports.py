"""RTCP of all legs: when it is due, what it says of each, and what far ends say of us.

Every leg that is planned reports about each `REPORT_US`, at random as RFC 3550 §6.3 has it, the
first time after half of that; and once more, with BYE, when it is closed. Reports go to the port
above the one that voice is sent to, or to where the far end's own come from. They are believed when
they come from the host that is believed, and name the source that is heard or, before anything is
heard, any.
"""

import heapq
from collections.abc import Callable

import msgspec

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.rtp.control import (
    MAX_OCTETS,
    REPORT_US,
    Block,
    Report,
    RtcpError,
    build,
    middle,
    ntp_time,
    parse,
    round_trip_us,
)
from calleq.media.rtp.latch import Address
from calleq.media.rtp.leg import Leg
from calleq.media.rtp.ready import Ready
from calleq.media.rtp.table import LegTable

MAX_READ = 64
"""So many are read of one port at a time."""


class Reported(msgspec.Struct):
    """What is known of a leg by reports."""

    leg: Leg
    address: Address | None = None
    """Where its reports come from."""
    far_lost: int = 0
    far_jitter: int = 0
    round_trip_us: int = 0
    last_report: int = 0
    """The last SR of the far end, by its middle bits; `last_report_us` when it came."""
    last_report_us: int = 0
    expected: int = 0
    """At our last report; `received` alike."""
    received: int = 0
    left: bool = False
    """The far end has said BYE."""


class Reports:
    """RTCP of a voice process."""

    def __init__(
        self, table: LegTable, random: Callable[[int], int], utc_us: Callable[[], int]
    ) -> None:
        self._table = table
        self._random = random
        self._utc_us = utc_us
        self._due: list[tuple[int, int]] = []
        self._legs: dict[int, Reported] = {}
        self._ready = Ready()
        self._at: dict[int, dict[int, None]] = {}
        """Legs by descriptor: one, or those that share it."""
        self._cname = f"{random(32):08x}{random(32):08x}@calleq"
        self.malformed = 0
        self.strangers = 0

    def add(self, leg: Leg, now_us: int) -> None:
        """A leg is planned for the first time."""
        self._legs[leg.number] = Reported(leg)
        descriptor = leg.pair.rtcp.fileno()
        here = self._at.setdefault(descriptor, {})
        if not here:
            self._ready.add(descriptor)
        here[leg.number] = None
        self._set(leg.number, now_us, REPORT_US // 2)

    def remove(self, leg: Leg, now_us: int) -> Reported | None:
        """A leg ends: say so, and tell what was known of it."""
        reported = self._legs.pop(leg.number, None)
        if reported is None:
            return None
        descriptor = leg.pair.rtcp.fileno()
        del self._at[descriptor][leg.number]
        if not self._at[descriptor]:
            self._ready.remove(descriptor)
            del self._at[descriptor]
        self._send(reported, now_us, leaves=True)
        return reported

    def _set(self, number: int, now_us: int, mean_us: int) -> None:
        share = 0.5 + self._random(16) / 65_536
        heapq.heappush(self._due, (now_us + int(mean_us * share), number))

    def step(self, now_us: int) -> None:
        """Read what has come, send what is due."""
        for descriptor, _ in self._ready.now():
            self._read(list(self._at[descriptor]), now_us)
        while self._due and self._due[0][0] <= now_us:
            due_us, number = heapq.heappop(self._due)
            reported = self._legs.get(number)
            if reported is not None:
                self._send(reported, now_us, leaves=False)
                self._set(number, max(due_us, now_us - REPORT_US), REPORT_US)

    def _send(self, reported: Reported, now_us: int, leaves: bool) -> None:
        leg, table = reported.leg, self._table
        far = reported.address or (leg.far and (leg.far[0], leg.far[1] + 1))
        if not far or leg.plan is None:
            return
        number = leg.number
        sent = int(table.sent[number])
        report = Report(
            int(table.out_source[number]),
            self._blocks(reported, now_us),
            ntp_time(self._utc_us()) if sent else None,
            int(table.out_time[number]),
            sent,
            sent * FRAME_SAMPLES + leg.other_octets,
            leaves,
        )
        leg.report(build(report, self._cname), far)

    def _blocks(self, reported: Reported, now_us: int) -> tuple[Block, ...]:
        """About the believed source, where something was heard of it."""
        table, number = self._table, reported.leg.number
        received = int(table.received[number])
        if not received:
            return ()
        expected = table.expected(number)
        due, came = expected - reported.expected, received - reported.received
        reported.expected, reported.received = expected, received
        since = 0
        if reported.last_report:
            since = (now_us - reported.last_report_us << 16) // 1_000_000
        return (
            Block(
                source=int(table.source[number]),
                lost_share=max(due - came, 0) / due if due > 0 else 0.0,
                lost=expected - received,
                newest=int(table.newest[number]),
                jitter=int(table.jitter[number]),
                last_report=reported.last_report,
                since_report=since & 0xFFFF_FFFF,
            ),
        )

    def _read(self, numbers: list[int], now_us: int) -> None:
        rtcp = self._legs[numbers[0]].leg.pair.rtcp
        for _ in range(MAX_READ):
            try:
                octets, address = rtcp.recvfrom(MAX_OCTETS + 1)
            except OSError:
                return
            reported = self._whose(numbers, address)
            plain = None if reported is None else reported.leg.open_report(octets)
            if reported is None or plain is None:
                self.strangers += 1
                continue
            try:
                report = parse(plain)
            except RtcpError:
                self.malformed += 1
                continue
            self._take(reported, report, address, now_us)

    def _whose(self, numbers: list[int], address: Address) -> Reported | None:
        """The leg that a report from there is for; of several, by its port too."""
        if len(numbers) == 1:
            reported = self._legs[numbers[0]]
            far = reported.leg.far
            return reported if far is not None and far[0] == address[0] else None
        for number in numbers:
            far = self._legs[number].leg.far
            if far is not None and (far[0], far[1] + 1) == address[:2]:
                return self._legs[number]
        return None

    def _take(self, reported: Reported, report: Report, address: Address, now_us: int) -> None:
        table, number = self._table, reported.leg.number
        if table.received[number] and report.source != table.source[number]:
            self.strangers += 1
            return
        reported.address = address
        reported.left = report.leaves
        if report.sent_at is not None:
            reported.last_report = middle(report.sent_at)
            reported.last_report_us = now_us
        for block in report.blocks:
            if block.source == table.out_source[number]:
                reported.far_lost = max(block.lost, 0)
                reported.far_jitter = block.jitter
                trip_us = round_trip_us(block, ntp_time(self._utc_us()))
                if trip_us is not None:
                    reported.round_trip_us = trip_us
