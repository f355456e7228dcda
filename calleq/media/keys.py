"""Keys of a telephone as tones (Q.23), made and received from samples alone (Q.24).

Two tones name a key, one of four low and one of four high frequencies. The receiver looks at frames
of 20 ms: it hears a key where one low and one high frequency carry nearly all energy, neither is
much louder than the other, and no further one of its group is near. A key that lasts `KEY_FRAMES`
frames counts when it has been let go, so that whoever listens again from then on misses none and
hears none twice.
"""

from functools import lru_cache

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, quantise, rms_of_dbm0, saturate
from calleq.media.keypad import KEY_US, KEYS, NO_KEY, PAUSE_US
from calleq.units import SECOND_US

LOW_HZ = (697, 770, 852, 941)
HIGH_HZ = (1_209, 1_336, 1_477, 1_633)
LEVEL_DBM0 = -9.0
"""Of each of the two tones."""
KEY_FRAMES = 2
LEAST_DBM0 = -36.0
LEAST_SHARE = 0.8
"""Of the energy of a frame, in the two tones."""
TWIST = 10 ** (8 / 10)
"""How much louder one of the two may be: 8 dB."""
CLEAR = 10 ** (6 / 10)
"""How much weaker all others of its group are: 6 dB."""

_LEAST_ENERGY = rms_of_dbm0(LEAST_DBM0) ** 2
_TONES = np.exp(
    -2j * np.pi * np.outer(np.arange(FRAME_SAMPLES), np.array(LOW_HZ + HIGH_HZ)) / SAMPLE_RATE_HZ
)


@lru_cache(maxsize=64)
def key_tones(keys: str) -> Samples:
    """Keys pressed one after the other. Raises ValueError for what is no key."""
    parts = []
    count = KEY_US * SAMPLE_RATE_HZ // SECOND_US
    at_s = np.arange(count) / SAMPLE_RATE_HZ
    peak = rms_of_dbm0(LEVEL_DBM0) * np.sqrt(2)
    for key in keys:
        low, high = divmod(KEYS.index(key), len(HIGH_HZ))
        tones = (LOW_HZ[low], HIGH_HZ[high])
        total = np.sum([peak * np.sin(2 * np.pi * hertz * at_s) for hertz in tones], axis=0)
        parts.append(quantise(saturate(total)))
        parts.append(np.zeros(PAUSE_US * SAMPLE_RATE_HZ // SECOND_US, dtype=np.int16))
    return np.concatenate(parts)


def measure_keys(samples: Samples) -> list[str]:
    """Which key each whole frame sounds like; `NO_KEY` where none.

    All frames are worked out at once. They need not follow on each other: frames of many wires may
    stand one after the other.
    """
    frames = samples[: samples.size - samples.size % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    exact = frames.astype(np.float64)
    energy = np.mean(exact**2, axis=1)
    power = 2 * np.abs(exact @ _TONES / FRAME_SAMPLES) ** 2
    groups = power[:, : len(LOW_HZ)], power[:, len(LOW_HZ) :]
    low, high = (group.max(axis=1) for group in groups)
    clear = [group.max(axis=1) >= CLEAR * np.sort(group, axis=1)[:, -2] for group in groups]
    heard = (energy >= _LEAST_ENERGY) & clear[0] & clear[1] & (low + high >= LEAST_SHARE * energy)
    heard &= (low * TWIST > high) & (high * TWIST > low)
    key = groups[0].argmax(axis=1) * len(HIGH_HZ) + groups[1].argmax(axis=1)
    return [KEYS[at] if at >= 0 else NO_KEY for at in np.where(heard, key, -1).tolist()]


class KeyReceiver:
    """Waits for one key, frame by frame."""

    def __init__(self) -> None:
        self.decision = NO_KEY
        self._key = NO_KEY
        self._frames = 0

    def hear(self, frame: str) -> str | None:
        """Take what the next frame sounds like; the key, once it has been let go."""
        if frame == self._key:
            self._frames += 1
            return None
        ended, frames = self._key, self._frames
        self._key, self._frames = frame, 1
        if not (ended and frames >= KEY_FRAMES):
            return None
        self.decision = ended
        return ended

    def expire(self) -> str:
        """The key that has been let go; `NO_KEY` where the limit was reached before."""
        return self.decision
