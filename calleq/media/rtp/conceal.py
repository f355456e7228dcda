"""What is heard where voice is missing: the last period of what was heard, dying away; then noise.

After G.711 Appendix I, in short: the pitch is the lag of 5 to 15 ms at which the last 20 ms
resemble what came before most; the last period is said again for as long as nothing comes,
unchanged for 10 ms, then by 20 % of full loudness softer every 10 ms, so that nothing is left after
60 ms. From then on there is comfort noise as loud as the quietest that was heard lately. When voice
comes again it is faded in over 5 ms.

All legs that miss a frame are worked out at once, a row for each.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import ENCODING, Samples, rms_of_dbm0
from calleq.media.rtp.table import Integers, Octets

LEAST_LAG = 40
MOST_LAG = 120
FADE_FRAMES = 3
"""After so many there is nothing left of the voice."""
OVERLAP = 40
LOUDEST_NOISE_DBM0 = -50.0
NOISE_ROWS = 64

_WINDOW = FRAME_SAMPLES
_CORNERS_MS = (0.0, 10.0, 60.0)
_CORNERS = (1.0, 1.0, 0.0)

Gains = NDArray[np.float32]


def _gains() -> Gains:
    """By number of frames missing before: how loud each sample of the next is."""
    at_ms = np.arange((FADE_FRAMES + 2) * FRAME_SAMPLES) / 8
    gains = np.interp(at_ms, _CORNERS_MS, _CORNERS).astype(np.float32)
    return gains.reshape(-1, FRAME_SAMPLES)


_GAINS = _gains()
_RISE = np.arange(OVERLAP, dtype=np.float32) / OVERLAP


def _noise() -> Gains:
    """Rows of noise of one linear unit, low-passed as that of rooms is; always the same."""
    white = np.random.default_rng(711).standard_normal((NOISE_ROWS, FRAME_SAMPLES + 1))
    soft = white[:, 1:] + 0.6 * white[:, :-1]
    unit: Gains = (soft / np.sqrt(1.36)).astype(np.float32)
    return unit


_NOISE = _noise()


def pitch_lags(history: Samples) -> Integers:
    """The pitch of each row, in samples, by what it resembles most.

    Every other sample is looked at, and every other lag: a quarter of the work, and near enough.
    """
    exact = history[:, ::2].astype(np.float32)
    length, window, least, most = exact.shape[1], _WINDOW // 2, LEAST_LAG // 2, MOST_LAG // 2
    recent = exact[:, length - window :]
    before = exact[:, length - window - most : length - least]
    windows = sliding_window_view(before, window, axis=1)
    likeness = np.einsum("rwk,rk->rw", windows, recent)
    sums = np.cumsum(before**2, axis=1)
    energy = sums[:, window - 1 :].copy()
    energy[:, 1:] -= sums[:, :-window]
    likeness /= np.sqrt(np.maximum(energy, 0.0) + 1.0)
    lags: Integers = 2 * (most - np.argmax(likeness, axis=1))
    return lags


def repeated(history: Samples, lags: Integers) -> Samples:
    """The next frame of each row, if its last period went on and on."""
    length = history.shape[1]
    within = np.arange(FRAME_SAMPLES) % lags[:, None]
    said: Samples = np.take_along_axis(history, length - lags[:, None] + within, axis=1)
    return said


def faded(samples: Samples, missing: Integers) -> NDArray[np.float32]:
    """As loud as it may be after so many frames that were missing before."""
    return samples * _GAINS[np.minimum(missing, len(_GAINS) - 1)]


def noise(levels: NDArray[np.float32], turn: int) -> NDArray[np.float32]:
    """A frame of noise for each level (root mean square, linear), another one every turn."""
    rows = (turn * 7 + np.arange(levels.size)) % NOISE_ROWS
    return _NOISE[rows] * levels[:, None]


def floors(history: Samples) -> NDArray[np.float32]:
    """The loudness of the quietest 10 ms of each row; not above what noise may be."""
    parts = history.reshape(history.shape[0], -1, FRAME_SAMPLES // 2).astype(np.float32)
    quietest: NDArray[np.float32] = np.sqrt(np.mean(parts**2, axis=2)).min(axis=1)
    return np.minimum(quietest, np.float32(rms_of_dbm0(LOUDEST_NOISE_DBM0)))


def joined(voice: Samples, stand_in: NDArray[np.float32]) -> NDArray[np.float32]:
    """Voice that comes again, over the end of what stood in for it."""
    result = voice.astype(np.float32)
    result[:, :OVERLAP] *= _RISE
    result[:, :OVERLAP] += stand_in[:, :OVERLAP] * (1 - _RISE)
    return result


def encoded(samples: NDArray[np.float32]) -> Octets:
    """As mu-law."""
    whole = np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)
    octets: Octets = ENCODING[whole.view(np.uint16)]
    return octets
