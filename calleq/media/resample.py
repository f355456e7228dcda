"""Samples at another rate: a low-pass and an interpolation in one."""

import math

import numpy as np
from numpy.typing import NDArray

CUTOFF_HZ = 3_500
CUTOFF_SHARE = 0.45
"""Of a rate that is too low for `CUTOFF_HZ`."""
HALF_TAPS = 40
FINE_HZ = 24_000
"""Above this rate the filter has more taps, in proportion."""
AT_ONCE = 8_000
"""Output samples that are worked out together: more would take too much memory."""


def resample(samples: NDArray[np.float64], from_hz: int, to_hz: int) -> NDArray[np.float64]:
    """Samples at another rate, low-passed by a Kaiser-windowed sinc at `CUTOFF_HZ` first.

    Each output sample is one FIR sum about its place in the input, so any ratio will do. Places
    repeat between the input's samples, and so do the filter's taps: they are worked out once for
    each of the `to_hz / gcd` places there are.
    """
    count = samples.size * to_hz // from_hz
    places = to_hz // math.gcd(from_hz, to_hz)
    fraction = np.arange(places) * from_hz % to_hz / to_hz
    half = HALF_TAPS * max(from_hz, FINE_HZ) // FINE_HZ
    taps = np.arange(-half, half + 2)
    distance = fraction[:, None] - taps[None, :]
    width = half + 2.0
    window = np.i0(8.0 * np.sqrt(np.maximum(1 - (distance / width) ** 2, 0.0))) / np.i0(8.0)
    cutoff = 2 * min(CUTOFF_HZ, CUTOFF_SHARE * min(from_hz, to_hz)) / from_hz
    kernel = cutoff * np.sinc(cutoff * distance) * window
    padded = np.pad(samples, half + 2)
    parts = []
    for start in range(0, count, AT_ONCE):
        number = np.arange(start, min(start + AT_ONCE, count))
        nearest = number * from_hz // to_hz
        around = padded[nearest[:, None] + taps[None, :] + half + 2]
        parts.append(np.einsum("ij,ij->i", around, kernel[number % places]))
    return np.concatenate([np.zeros(0), *parts])
