"""The legs of a voice process as columns: one place for each number that many legs are asked for.

A leg is an index. Counts and numbers of packets are 64 bits wide, so that nothing here wraps; what
goes onto the wire is cut to its width there. Row 0 of `rows` is silence, row 1 + leg is the frame
that a leg brings in now; the rows behind them belong to sounds and sums (`routes`).
"""

import heapq
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import IDLE_OCTET

PHASES = 4
"""Of a frame: legs are ticked in turns, so that no tick has more to do than it can."""
MAX_LEGS = 8_192
MAX_ROWS = 1 + MAX_LEGS + 24_576
SILENT_ROW = 0

Legs = NDArray[np.int64]
"""Indices of legs."""
Octets = NDArray[np.uint8]
Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]


_COLUMNS = 26
_FLAGS = 6


class LegTable:
    """One column for each of the numbers."""

    def __init__(self) -> None:
        # Columns lie side by side: a leg is emptied by two strokes.
        self._columns: NDArray[np.int64] = np.zeros((_COLUMNS, MAX_LEGS), dtype=np.int64)
        self._flags: NDArray[np.bool_] = np.zeros((_FLAGS, MAX_LEGS), dtype=np.bool_)
        integers = iter(self._columns).__next__
        flags = iter(self._flags).__next__
        self._free = list(range(MAX_LEGS))
        self.taken: Flags = flags()
        self.latched: Flags = flags()
        """A source is believed, and may be heard."""
        self.source: Integers = integers()
        """Its SSRC."""
        self.payload: Integers = integers()
        """Its payload type."""
        self.a_law: Flags = flags()
        """Of both directions."""
        self.newest: Integers = integers()
        """Highest sequence number, with its cycles (RFC 3550 A.1)."""
        self.first: Integers = integers()
        """Sequence number of the first packet."""
        self.expected_before: Integers = integers()
        """Packets that were to come from the sources believed before."""
        self.received: Integers = integers()
        self.transit: Integers = integers()
        self.jitter: NDArray[np.float64] = integers().view(np.float64)
        """In timestamp units (RFC 3550 A.8)."""
        self.last_us: Integers = integers()
        """When its last packet came."""
        self.buffered: Flags = flags()
        """Somebody hears it but by relay."""
        self.wanted_frame: Integers = integers()
        """The last frame in which an ear asked for it."""
        self.relay_to: Integers = integers()
        """The leg to which its packets go on as they are."""
        self.phase: Integers = integers()
        """In which phase its next frame is due."""
        self._make_outgoing(integers, flags)
        self.rows: Octets = np.full((MAX_ROWS, FRAME_SAMPLES), IDLE_OCTET, dtype=np.uint8)
        self.silent: Flags = np.ones(MAX_LEGS, dtype=np.bool_)
        """Whether the row of a leg is silence because nothing came."""

    def _make_outgoing(self, integers: Callable[[], Integers], flags: Callable[[], Flags]) -> None:
        self.sends_phase: Integers = integers()
        """In which phase it is sent a frame."""
        self.hears: Integers = integers()
        """The row that it is sent, where nothing is relayed to it."""
        self.out_source: Integers = integers()
        self.out_sequence: Integers = integers()
        """Of the last packet sent; `out_time` alike."""
        self.out_time: Integers = integers()
        self.time_base: Integers = integers()
        """What makes a timestamp of the number of a frame's first sample."""
        self.ahead: Integers = integers()
        """So many samples its stream is ahead of time, since it went on in an earlier phase."""
        self.fresh: Flags = flags()
        """The next packet that is relayed to it begins another stretch."""
        self.sequence_shift: Integers = integers()
        self.time_shift: Integers = integers()
        self.sent: Integers = integers()
        self.descriptor: Integers = integers()
        """Of the socket that it is sent from."""
        self.direct: Flags = flags()
        """Sent as it is, by IPv4: whole batches at once."""
        self.believed: NDArray[np.uint64] = integers().view(np.uint64)
        """From where its packets are taken as they are (`batch.address_key`); 0: from nowhere."""
        self.shared: Integers = integers()
        """Descriptor of a socket that it has with others; -1: it has one of its own."""
        self.far: NDArray[np.uint64] = integers().view(np.uint64)
        """Where it is sent to (`batch.address_key`), by IPv4."""

    def add(self) -> int | None:
        """A leg with all its numbers at nothing; None when the table is full."""
        if not self._free:
            return None
        leg = heapq.heappop(self._free)
        self._columns[:, leg] = 0
        self._flags[:, leg] = False
        self.taken[leg] = True
        self.relay_to[leg] = self.shared[leg] = -1
        self.wanted_frame[leg] = -MAX_ROWS
        self.silent[leg] = True
        self.rows[1 + leg] = IDLE_OCTET
        self.phase[leg] = self.sends_phase[leg] = leg % PHASES
        return leg

    def believe(self, leg: int, source: int, sequence: int) -> None:
        """A stream begins with this packet, which is still to be counted."""
        if self.received[leg]:
            self.expected_before[leg] += self.newest[leg] - self.first[leg] + 1
        self.source[leg] = source
        self.first[leg] = sequence
        self.newest[leg] = sequence - 1
        self.latched[leg] = True

    def expected(self, leg: int) -> int:
        """How many packets were to come so far (RFC 3550 A.3)."""
        before = int(self.expected_before[leg])
        if not self.received[leg]:
            return before
        return before + int(self.newest[leg] - self.first[leg]) + 1

    def remove(self, leg: int) -> None:
        """Give an index back: low ones are used first, so that columns stay dense."""
        self.taken[leg] = self.latched[leg] = self.buffered[leg] = False
        self.relay_to[leg] = -1
        heapq.heappush(self._free, leg)
