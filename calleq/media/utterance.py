"""Where somebody's words begin and end, frame by frame: what a recogniser is given.

A listener waits for speech above `SPEECH_DBM0` and well above the line's own noise, keeps
`BEFORE_FRAMES` of what came before it, and decides when there has been silence for `END_FRAMES`:
its decision is the samples of the utterance. A click shorter than `LEAST_FRAMES` of speech is none.
Where nobody has begun to speak in time, the decision is no samples at all.
"""

from collections import deque

import numpy as np

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import Samples, rms_of_dbm0

SPEECH_DBM0 = -42.0
ABOVE_NOISE = 8.0
"""Speech has so many times the energy of the quietest frames lately: 9 dB."""
NOISE_FRAMES = 50
BEFORE_FRAMES = 15
LEAST_FRAMES = 4
END_FRAMES = 25
LONGEST_FRAMES = 150
"""3 s: whoever goes on speaking is not waited for."""

QUIET_FRAME: Samples = np.zeros(FRAME_SAMPLES, dtype=np.int16)
NO_SAMPLES: Samples = np.zeros(0, dtype=np.int16)

_SPEECH_ENERGY = rms_of_dbm0(SPEECH_DBM0) ** 2


def frames_of(samples: Samples) -> list[Samples]:
    """Whole frames of samples; a rest shorter than a frame is left out."""
    whole = samples[: samples.size - samples.size % FRAME_SAMPLES]
    return list(whole.reshape(-1, FRAME_SAMPLES))


class UtteranceListener:
    """Waits for one utterance, that must have begun within the first `begin_frames`."""

    def __init__(self, begin_frames: int) -> None:
        self._left = begin_frames
        self.utterance: Samples = NO_SAMPLES
        self._noise: deque[float] = deque(maxlen=NOISE_FRAMES)
        self._kept: deque[Samples] = deque(maxlen=BEFORE_FRAMES)
        """What may turn out to have come before speech."""
        self._said: list[Samples] = []
        self._speech = 0
        self._quiet = 0

    def hear(self, frame: Samples) -> Samples | None:
        """Take the next frame; the utterance, when it has ended."""
        self._left -= 1
        energy = float(np.mean(frame.astype(np.float64) ** 2))
        noise = min(self._noise, default=0.0)
        self._noise.append(energy)
        is_speech = energy > max(_SPEECH_ENERGY, ABOVE_NOISE * noise)
        if not self._said:
            if not is_speech:
                self._kept.append(frame)
                return None if self._left > 0 else NO_SAMPLES
            self._said = list(self._kept)
        self._said.append(frame)
        if is_speech:
            self._speech += 1
            self._quiet = 0
        else:
            self._quiet += 1
        if len(self._said) >= LONGEST_FRAMES or self._quiet >= END_FRAMES:
            return self._ended()
        return None

    def _ended(self) -> Samples | None:
        said, self._said = self._said, []
        was_speech = self._speech >= LEAST_FRAMES
        self._speech = self._quiet = 0
        if not was_speech:
            self._kept.extend(said)
            return None if self._left > 0 else NO_SAMPLES
        self.utterance = np.concatenate(said)
        return self.utterance

    def expire(self) -> Samples:
        """The limit is reached, or the utterance is over: what was said."""
        if not self.utterance.size and self._said:
            self._ended()
        return self.utterance
