"""Who answered: a person, an answering machine, a fax, or nobody, judged from samples alone.

Four measures are taken of each 20 ms frame (`measure`): its level, and how much of its energy lies
at 2 100 Hz (T.30 CED) and at its strongest frequency, by the frame's Fourier bins (50 Hz apart, so
that each bin is Goertzel's sum for its frequency). `AnswerDetector` is fed them one by one.

- fax: 2 100 Hz for `CED_FRAMES` (300 ms) running;
- machine: a steady tone elsewhere (a beep) for `BEEP_FRAMES`, or speech that goes on beyond
  `LONG_SPEECH_FRAMES` with no pause of `PAUSE_FRAMES`;
- human: a first burst of at most `SHORT_SPEECH_FRAMES`, then `PAUSE_FRAMES` of silence;
- at the limit: `silence` when no speech was heard at all, else `human` (a customer who is taken for
  a machine loses the call; a machine taken for a customer costs one representative a moment).

A burst between the short and the long length is decided by what follows, or by the limit.
"""

import numpy as np

from calleq.media.contract import Verdict
from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, rms_of_dbm0

SPEECH_DBM0 = -42.0
CED_FRAMES = 15
BEEP_FRAMES = 10
PAUSE_FRAMES = 20
SHORT_SPEECH_FRAMES = 55
LONG_SPEECH_FRAMES = 78
BEEP_HZ = (600, 2_000)
TONE_SHARE = 0.85

_BIN_HZ = SAMPLE_RATE_HZ // FRAME_SAMPLES
_CED_BIN = 2_100 // _BIN_HZ
_BEEP_BINS = slice(BEEP_HZ[0] // _BIN_HZ, BEEP_HZ[1] // _BIN_HZ + 1)
_SPEECH_ENERGY = rms_of_dbm0(SPEECH_DBM0) ** 2

Row = tuple[float, float, float, float]
"""Of one frame: mean square, share at 2 100 Hz, share of the strongest beep, and its bin."""

QUIET_FRAME: Row = (0.0, 0.0, 0.0, 0.0)


def measure(samples: Samples) -> list[Row]:
    """The measures of whole frames of samples; a rest shorter than a frame is not looked at."""
    frames = samples[: samples.size - samples.size % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    spectrum = np.fft.rfft(frames.astype(np.float64), axis=1)
    power = spectrum.real**2 + spectrum.imag**2
    # Parseval for a one-sided spectrum: twice the sum, but for the two end bins, is n² mean squares
    energy = (2 * power.sum(axis=1) - power[:, 0] - power[:, -1]) / FRAME_SAMPLES**2
    whole = np.maximum(power.sum(axis=1), 1.0)
    # a tone between two bins falls into both: neighbours count
    near = power[:, :-2] + power[:, 1:-1] + power[:, 2:]
    beeps = near[:, _BEEP_BINS.start - 1 : _BEEP_BINS.stop - 1]
    strongest = beeps.argmax(axis=1)
    return list(
        zip(
            energy.tolist(),
            (near[:, _CED_BIN - 1] / whole).tolist(),
            (beeps.max(axis=1) / whole).tolist(),
            (strongest * 1.0).tolist(),
            strict=True,
        )
    )


class AnswerDetector:
    """Hears one answer, frame by frame, and decides once."""

    def __init__(self) -> None:
        self.verdict: Verdict | None = None
        self._speech = 0
        """Frames from the first of the present burst to its last so far, short gaps included."""
        self._quiet = 0
        self._heard = False
        self._ced = 0
        self._beep = 0
        self._beep_bin = -1.0

    def hear(self, frame: Row) -> Verdict | None:
        """Take the measures of the next frame; the verdict when there is one, from then on."""
        if self.verdict is None:
            energy, ced, beep, beep_bin = frame
            self.verdict = self._judge(energy, ced, beep, beep_bin)
        return self.verdict

    def _judge(self, energy: float, ced: float, beep: float, beep_bin: float) -> Verdict | None:
        if energy < _SPEECH_ENERGY:
            self._ced = self._beep = 0
            return self._silent()
        self._heard = True
        self._ced = self._ced + 1 if ced > TONE_SHARE else 0
        steady = beep > TONE_SHARE and (self._beep == 0 or abs(beep_bin - self._beep_bin) <= 1)
        self._beep = self._beep + 1 if steady else 0
        self._beep_bin = beep_bin
        if self._ced >= CED_FRAMES:
            return "fax"
        if self._beep >= BEEP_FRAMES:
            return "machine"
        self._speech += self._quiet + 1 if self._speech else 1
        self._quiet = 0
        if self._speech > LONG_SPEECH_FRAMES and not self._ced:
            return "machine"
        return None

    def _silent(self) -> Verdict | None:
        if not self._speech:
            return None
        self._quiet += 1
        if self._quiet < PAUSE_FRAMES:
            return None
        short = self._speech <= SHORT_SPEECH_FRAMES
        self._speech = self._quiet = 0
        return "human" if short else None

    def expire(self) -> Verdict:
        """The limit is reached: the verdict, now at the latest."""
        if self.verdict is None:
            self.verdict = "human" if self._heard else "silence"
        return self.verdict
