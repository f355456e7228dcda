"""Who is speaking: legs whose frames are loud, looked at every `LOOK_FRAMES`.

Looked at are legs that somebody hears in a mix, as in a conference; of a leg that is only relayed
nobody here hears the samples. A leg counts as speaking until it has been quiet for `HOLD_FRAMES`,
so that nobody falls silent between two words.
"""

import numpy as np

from calleq.media.g711 import DECODING, rms_of_dbm0
from calleq.media.rtp.table import MAX_LEGS, Integers, Legs, LegTable

LOOK_FRAMES = 5
HOLD_FRAMES = 50
SPEAKING_DBM0 = -38.0

_NEVER = -(1 << 40)
_LOUD = rms_of_dbm0(SPEAKING_DBM0) * np.sqrt(2 / np.pi)
"""Mean magnitude of a signal of that level, about."""
_MAGNITUDE = np.abs(DECODING.astype(np.float32))


class Talkers:
    """Since when each leg was last loud."""

    def __init__(self, table: LegTable) -> None:
        self._table = table
        self._loud_frame: Integers = np.full(MAX_LEGS, _NEVER, dtype=np.int64)

    def look(self, legs: Legs, frame: int) -> None:
        """Judge the present frames of these legs."""
        level = _MAGNITUDE[self._table.rows[legs + 1]].mean(axis=1)
        self._loud_frame[legs[level > _LOUD]] = frame

    def forget(self, leg: int) -> None:
        """Its index is another's from now on."""
        self._loud_frame[leg] = _NEVER

    def speaking(self, frame: int) -> Legs:
        """Those that speak now."""
        legs: Legs = np.flatnonzero(frame - self._loud_frame < HOLD_FRAMES)
        return legs
