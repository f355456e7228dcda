"""Packets that come in: counted, put into the jitter buffers, and relayed where that is all.

What is usual (a plain header, the believed source, the negotiated payload, 20 ms of G.711) is
worked out for all legs of a batch at once; `odd` is told of everything else, packet by packet. A
batch holds each leg once at most.

A relayed packet keeps its voice, its spacing and the gaps in its numbers, so that the far end's own
buffer sees the path as it is. Its SSRC, sequence numbers and timestamps are those of our stream,
shifted by what the stretch began with.
"""

from collections.abc import Callable

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import FROM_A_LAW, TO_A_LAW
from calleq.media.rtp.batch import Batch, available
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.packet import FRAME_OCTETS, HEADER_OCTETS, MARKER, PLAIN, SLOT, SLOT_OCTETS
from calleq.media.rtp.table import Flags, Integers, Legs, LegTable, Octets

BATCH = 1_024
MAX_DROPOUT = 3_000
"""A sequence number farther ahead, or `MAX_MISORDER` behind, is another stream's (RFC 3550 A.1)."""
MAX_MISORDER = 100
PHASE_US = FRAME_US // 4
SAMPLES_PER_MS = 8


class Ring:
    """Room for a batch of datagrams, each in a slot of its own."""

    def __init__(self, slots: int = BATCH) -> None:
        self.octets: Octets = np.zeros((slots, SLOT_OCTETS), dtype=np.uint8)
        self.headers = self.octets.reshape(-1).view(SLOT)
        self.payloads = self.octets[:, HEADER_OCTETS:FRAME_OCTETS]
        whole = memoryview(self.octets.reshape(-1))  # type: ignore[arg-type]
        starts = range(0, slots * SLOT_OCTETS, SLOT_OCTETS)
        self.slots = [whole[start : start + SLOT_OCTETS] for start in starts]
        self.frames = [whole[start : start + FRAME_OCTETS] for start in starts]
        self.sender = Batch(self.octets) if available() else None
        """Sends slots by way of shared sockets."""


class Intake:
    """Takes batches of packets."""

    def __init__(
        self,
        table: LegTable,
        buffers: JitterBuffers,
        odd: Callable[[int, bytes, int], object],
        relay: Callable[[Ring, Integers, Legs], object],
    ) -> None:
        """`odd(leg, octets, now_us)`; `relay(ring, slots, legs)` sends slots on, by legs."""
        self._table = table
        self._buffers = buffers
        self._odd = odd
        self._relay = relay

    def take(self, ring: Ring, legs: Legs, lengths: Integers, now_us: int) -> None:
        """The first slots of the ring hold packets for these legs, from their own addresses."""
        table = self._table
        count = legs.size
        headers = ring.headers[:count]
        sequence = headers["sequence"].astype(np.int64)
        step = (sequence - table.newest[legs]) & 0xFFFF
        step -= (step >> 15) << 16
        usual: Flags = (
            (lengths == FRAME_OCTETS)
            & (headers["first"] == PLAIN)
            & ((headers["kind"] & 0x7F) == table.payload[legs])
            & (headers["source"] == table.source[legs])
            & table.latched[legs]
            & (step < MAX_DROPOUT)
            & (step >= -MAX_MISORDER)
        )
        slots = np.arange(count)
        if not usual.all():
            for slot in np.flatnonzero(~usual).tolist():
                octets = bytes(ring.slots[slot][: int(lengths[slot])])
                self._odd(int(legs[slot]), octets, now_us)
            slots = np.flatnonzero(usual)
            if not slots.size:
                return
            legs, step, headers = legs[slots], step[slots], headers[slots]
        timestamps = headers["timestamp"].astype(np.int64)
        self.count(legs, step, timestamps, now_us)
        wanted = table.buffered[legs]
        if wanted.any():
            here = legs[wanted]
            slack_us = (table.phase[here] * PHASE_US - now_us) % FRAME_US
            frames = ring.payloads[slots[wanted]]
            self._buffers.put(here, timestamps[wanted], frames, table.a_law[here], slack_us)
        onto = table.relay_to[legs]
        passed = onto >= 0
        if passed.any():
            if not passed.all():
                slots, legs, onto = slots[passed], legs[passed], onto[passed]
                timestamps = timestamps[passed]
            self._pass_on(ring, slots, legs, onto, timestamps, now_us)

    def count(self, legs: Legs, step: Integers, timestamps: Integers, now_us: int) -> None:
        """Numbers, loss and jitter of packets that are taken (RFC 3550 A.1, A.8)."""
        table = self._table
        table.received[legs] += 1
        table.last_us[legs] = now_us
        table.newest[legs] += np.maximum(step, 0)
        transit = (now_us * SAMPLES_PER_MS // 1_000 - timestamps) & 0xFFFF_FFFF
        change = (transit - table.transit[legs]) & 0xFFFF_FFFF
        change -= (change >> 31) << 32
        table.transit[legs] = transit
        jitter = table.jitter[legs]
        table.jitter[legs] = jitter + (np.abs(change) - jitter) / 16

    def _pass_on(
        self,
        ring: Ring,
        slots: Integers,
        legs: Legs,
        onto: Legs,
        timestamps: Integers,
        now_us: int,
    ) -> None:
        """Make packets of our own streams of those in the slots, and send them."""
        table = self._table
        headers = ring.headers
        sequence = headers["sequence"][slots].astype(np.int64)
        if table.fresh[onto].any():
            fresh = table.fresh[onto]
            self.begin_stretch(onto[fresh], sequence[fresh], timestamps[fresh], now_us)
        sequence += table.sequence_shift[onto]
        timestamps = timestamps + table.time_shift[onto]
        table.out_sequence[onto] = sequence
        table.out_time[onto] = timestamps
        table.sent[onto] += 1
        headers["sequence"][slots] = sequence & 0xFFFF
        headers["timestamp"][slots] = timestamps & 0xFFFF_FFFF
        headers["source"][slots] = table.out_source[onto]
        headers["kind"][slots] = (headers["kind"][slots] & MARKER) | table.payload[onto]
        others = table.a_law[legs] != table.a_law[onto]
        if others.any():
            for a_law, law in ((True, FROM_A_LAW), (False, TO_A_LAW)):
                these = slots[others & (table.a_law[legs] == a_law)]
                ring.payloads[these] = law[ring.payloads[these]]
        self._relay(ring, slots, onto)

    def begin_stretch(
        self, onto: Legs, sequence: Integers, timestamps: Integers, now_us: int
    ) -> None:
        """Let the streams to these legs go on without a break with other packets than before."""
        table = self._table
        table.fresh[onto] = False
        table.sequence_shift[onto] = table.out_sequence[onto] + 1 - sequence
        due = table.time_base[onto] + now_us * SAMPLES_PER_MS // 1_000
        due = np.maximum(due, table.out_time[onto] + FRAME_SAMPLES)
        table.time_shift[onto] = due - timestamps
