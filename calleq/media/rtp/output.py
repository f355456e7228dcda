"""What goes out with a tick: rows become packets, and leave.

Each leg has its packet at one place in memory: a header that is written for all legs of a phase at
once, and the row that the leg hears, as mu-law or A-law. Legs are spread over `PHASES` phases of a
frame, so that no tick has more to send than it can in its time. What cannot be sent (the far end is
gone, the network is full) is counted and forgotten: voice is never sent late.

A leg that goes on in another phase has its next frame early by a part of one, and its stream is so
much `ahead` of time. Silence makes that good: of its first frames one is left out.
"""

from collections.abc import Callable

import numpy as np

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import TO_A_LAW
from calleq.media.rtp.batch import Batch, available
from calleq.media.rtp.departure import Departure
from calleq.media.rtp.latch import Address
from calleq.media.rtp.packet import FRAME_OCTETS, HEADER, HEADER_OCTETS, PLAIN
from calleq.media.rtp.table import MAX_LEGS, PHASES, SILENT_ROW, Flags, Legs, LegTable, Octets

LATE_US = 5_000
"""A frame that leaves later than this after its tick is counted as late."""
LOOK_EVERY = 128
"""So many packets are sent between two looks at the clock."""

_PHASE_SAMPLES = FRAME_SAMPLES // PHASES

SendTo = Callable[[memoryview, Address], object]
"""Sends one packet, or raises OSError."""


Sending = tuple[SendTo, memoryview, Address]


class _Phase:
    """The legs that are sent something in one phase."""

    __slots__ = ("a_law", "legs", "sends", "some_a_law", "together")

    def __init__(
        self, legs: Legs, table: LegTable, together: Flags, sends: dict[int, Sending]
    ) -> None:
        self.legs = legs
        self.together = legs[together]
        """Those whose packets leave by batches."""
        self.sends = [sends[leg] for leg in legs[~together].tolist()]
        self.a_law = self.legs[table.a_law[self.legs]]
        self.some_a_law = bool(self.a_law.size)


class Output:
    """The packets of all legs that are sent something every frame."""

    def __init__(self, table: LegTable, now_us: Callable[[], int]) -> None:
        self._table = table
        self._now_us = now_us
        packets: Octets = np.zeros((MAX_LEGS, FRAME_OCTETS), dtype=np.uint8)
        self._headers = packets[:, :HEADER_OCTETS].view(HEADER)[:, 0]
        self._headers["first"] = PLAIN
        self._payloads = packets[:, HEADER_OCTETS:]
        whole = memoryview(packets.reshape(-1))  # type: ignore[arg-type]
        starts = range(0, MAX_LEGS * FRAME_OCTETS, FRAME_OCTETS)
        self.packets = [whole[start : start + FRAME_OCTETS] for start in starts]
        self._batch = Batch(packets) if available() else None
        self.departure = Departure(table)
        self._sends: dict[int, Sending] = {}
        self._included: Flags = np.zeros(MAX_LEGS, dtype=np.bool_)
        """Those of `_sends`."""
        self._phases: list[_Phase | None] = [None] * PHASES
        self.sent = 0
        self.late = 0
        self.failed = 0
        self.latest_us = 0
        """The most that a frame was late."""

    def include(self, leg: int, send_to: SendTo, far: Address) -> None:
        """From now on a leg is sent what it hears, to this address."""
        table = self._table
        self._sends[leg] = (send_to, self.packets[leg], far)
        self._included[leg] = True
        self._headers["source"][leg] = table.out_source[leg]
        self._headers["kind"][leg] = table.payload[leg]
        self._changed(leg)

    def exclude(self, leg: int) -> None:
        """It is no longer."""
        if self._sends.pop(leg, None) is not None:
            self._included[leg] = False
            self._changed(leg)

    def move(self, leg: int, phase: int) -> None:
        """From now on a leg is sent its frames in this phase."""
        if phase != self._table.sends_phase[leg]:
            self._changed(leg)
            self._table.sends_phase[leg] = phase
            self._changed(leg)

    def fall_silent(self, leg: int) -> None:
        """Silence begins: it is the time to be on time again."""
        self._table.time_base[leg] -= self._table.ahead[leg]
        self._table.ahead[leg] = 0

    def _changed(self, leg: int) -> None:
        """The phase that it is in has to be laid out anew."""
        self._phases[self._table.sends_phase[leg]] = None

    def _phase(self, number: int) -> _Phase:
        phase = self._phases[number]
        if phase is None:
            every = np.flatnonzero(self._included)
            phase = self._laid(every[self._table.sends_phase[every] == number])
            self._phases[number] = phase
        return phase

    def _laid(self, legs: Legs) -> _Phase:
        together = self.departure.in_batches(legs) & (self._batch is not None)
        return _Phase(legs, self._table, together, self._sends)

    def send(self, number: int, frame: int, tick_us: int) -> None:
        """Send every leg of a phase its frame; `tick_us` is when it was due."""
        phase = self._phase(number)
        legs = phase.legs
        if not legs.size:
            return
        table = self._table
        times = table.time_base[legs] + (frame * FRAME_SAMPLES + number * _PHASE_SAMPLES)
        early = table.out_time[legs] + FRAME_SAMPLES - times
        if (early > 0).any():  # it goes on in an earlier phase, or was relayed before
            kept = (early <= 0) | (table.hears[legs] != SILENT_ROW)
            if not kept.all():
                phase, times, early = self._laid(legs[kept]), times[kept], early[kept]
                legs = phase.legs
            early = np.maximum(early, 0)
            table.time_base[legs] += early
            table.ahead[legs] += early
            times += early
        self._payloads[legs] = table.rows[table.hears[legs]]
        if phase.some_a_law:
            self._payloads[phase.a_law] = TO_A_LAW[self._payloads[phase.a_law]]
        sequence = table.out_sequence[legs] + 1
        table.out_sequence[legs] = sequence
        table.out_time[legs] = times
        table.sent[legs] += 1
        self._headers["sequence"][legs] = sequence & 0xFFFF
        self._headers["timestamp"][legs] = times & 0xFFFF_FFFF
        for start in range(0, phase.together.size, LOOK_EVERY):
            assert self._batch is not None
            some = phase.together[start : start + LOOK_EVERY]
            self.failed += self.departure.leave(self._batch, some, some)
            self._note(some.size, tick_us)
        self._leave(phase.sends, tick_us)

    def _leave(self, sends: list[Sending], tick_us: int) -> None:
        for start in range(0, len(sends), LOOK_EVERY):
            some = sends[start : start + LOOK_EVERY]
            for send_to, packet, far in some:
                try:
                    send_to(packet, far)
                except OSError:
                    self.failed += 1
            self._note(len(some), tick_us)

    def _note(self, count: int, tick_us: int) -> None:
        """So many have just left."""
        self.sent += count
        late_us = self._now_us() - tick_us
        if late_us > LATE_US:
            self.late += count
            self.latest_us = max(self.latest_us, late_us)
