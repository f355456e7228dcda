"""What legs bring in, frame by frame: from the buffers, or what stands in for it.

Where a frame is missing its place is taken by `conceal`, for `NOISE_FRAMES` at most; then the leg
is silent until its stream begins again. A far end that says that it is silent (RFC 3389, payload
type 13) is heard as comfort noise of the level it names.
"""

import numpy as np
from numpy.typing import NDArray

from calleq.media.g711 import DECODING, IDLE_OCTET
from calleq.media.rtp import conceal
from calleq.media.rtp.jitter import JitterBuffers
from calleq.media.rtp.table import MAX_LEGS, Integers, Legs, LegTable

NOISE_FRAMES = 250
MOST_NOISE_DBOV = 30
"""Comfort noise is never louder than so far below overload."""
_OVERLOAD = 32_768 / np.sqrt(2)


class Inputs:
    """The rows of the legs, brought up to date each tick."""

    def __init__(self, table: LegTable, buffers: JitterBuffers) -> None:
        self._table = table
        self._buffers = buffers
        self._lags: Integers = np.zeros(MAX_LEGS, dtype=np.int64)
        self._floors: NDArray[np.float32] = np.zeros(MAX_LEGS, dtype=np.float32)
        self._comfort: NDArray[np.float32] = np.zeros(MAX_LEGS, dtype=np.float32)
        """How loud the noise is that a far end asked for; 0: it did not."""
        self.concealed = 0

    def clear(self, leg: int) -> None:
        """A new leg, or one whose voice is not to be heard any more."""
        self._buffers.reset(leg)
        self._comfort[leg] = 0
        self._table.rows[1 + leg] = IDLE_OCTET
        self._table.silent[leg] = True

    def comfort(self, leg: int, below_overload_db: int) -> None:
        """The far end is silent from now on, with noise of this level (RFC 3389 §3.1)."""
        level_db = max(below_overload_db & 0x7F, MOST_NOISE_DBOV)
        self._comfort[leg] = _OVERLOAD * 10 ** (-level_db / 20)

    def pop(self, legs: Legs, turn: int) -> None:
        """Bring the rows of these legs to their next frame."""
        table, buffers = self._table, self._buffers
        there = buffers.pop(legs, table.rows)
        if there.all():
            if not buffers.gap[legs].any():
                table.silent[legs] = False
                return
        else:
            self._stand_in(legs[~there], turn)
        come = legs[there]
        table.silent[come] = False
        again = come[buffers.gap[come] > 0]
        if again.size:
            self._join(again)

    def _join(self, legs: Legs) -> None:
        """Voice comes again where something stood in for it."""
        rows, buffers = self._table.rows, self._buffers
        heard = legs[self._comfort[legs] == 0]
        if heard.size:
            went_on = conceal.repeated(buffers.history(heard), self._lags[heard])
            went_on_softly = conceal.faded(went_on, buffers.gap[heard])
            voice = DECODING[rows[heard + 1]]
            rows[heard + 1] = conceal.encoded(conceal.joined(voice, went_on_softly))
        buffers.gap[legs] = 0
        self._comfort[legs] = 0

    def _stand_in(self, legs: Legs, turn: int) -> None:
        table, buffers = self._table, self._buffers
        idle = ~buffers.active[legs] | (buffers.gap[legs] >= NOISE_FRAMES)
        if idle.any():
            quiet = legs[idle]
            buffers.active[quiet] = False
            fell = quiet[~table.silent[quiet]]
            if fell.size:
                table.rows[fell + 1] = IDLE_OCTET
                table.silent[fell] = True
            legs = legs[~idle]
            if not legs.size:
                return
        comfort = self._comfort[legs]
        asked = comfort > 0
        if asked.any():
            noisy = legs[asked]
            table.rows[noisy + 1] = conceal.encoded(conceal.noise(comfort[asked], turn))
            table.silent[noisy] = False
        self._conceal(legs[~asked], turn)
        buffers.gap[legs] += 1

    def _conceal(self, legs: Legs, turn: int) -> None:
        if not legs.size:
            return
        buffers = self._buffers
        self.concealed += legs.size
        history = buffers.history(legs)
        gap = buffers.gap[legs]
        first = gap == 0
        if first.any():
            self._lags[legs[first]] = conceal.pitch_lags(history[first])
            self._floors[legs[first]] = conceal.floors(history[first])
        said = conceal.repeated(history, self._lags[legs])
        buffers.guess(legs, conceal.encoded(said.astype(np.float32)))
        heard = conceal.faded(said, gap)
        faint = gap >= conceal.FADE_FRAMES
        if faint.any():
            heard[faint] += conceal.noise(self._floors[legs[faint]], turn)
        self._table.rows[legs + 1] = conceal.encoded(heard)
        self._table.silent[legs] = False
