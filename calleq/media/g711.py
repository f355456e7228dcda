"""G.711 mu-law: the octets on every voice wire and the linear samples they stand for.

Owns the two tables and the frame's measures; refuses nothing, since every octet and every 16-bit
sample has a meaning. Linear samples are 16 bits wide, four times the 14-bit values of table 2a of
the Recommendation, so that full scale is 32 124. Two octets mean zero (FF and 7F); encoding gives
FF, the one that telephony calls idle.
"""

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
"""Linear samples at 8 kHz."""

IDLE_OCTET = 0xFF

_BIAS = 0x84
_CLIP = 32_635
_FULL_SCALE_DBM0 = 3.17
"""Level of a sine that just reaches the highest decision value (G.711 §4, mu-law)."""
_FULL_SCALE = 4 * 8_159


def _decoding_table() -> Samples:
    octet = np.arange(256, dtype=np.int32) ^ 0xFF
    magnitude = ((((octet & 0x0F) << 3) + _BIAS) << ((octet >> 4) & 0x07)) - _BIAS
    return np.where(octet & 0x80, -magnitude, magnitude).astype(np.int16)


def _encoding_table() -> NDArray[np.uint8]:
    """Indexed by the sample's own bits read as an unsigned number."""
    sample = np.arange(65_536, dtype=np.uint16).view(np.int16).astype(np.int32)
    sign = np.where(sample < 0, 0x80, 0)
    biased = np.minimum(np.abs(sample), _CLIP) + _BIAS
    # the chord is the position of the highest set bit above bit 7; exact, unlike a logarithm
    chord = np.zeros_like(biased)
    for bit in range(8, 15):
        chord += biased >= (1 << bit)
    step = (biased >> (chord + 3)) & 0x0F
    octet: NDArray[np.int32] = ~(sign | (chord << 4) | step) & 0xFF
    return octet.astype(np.uint8)


_DECODE = _decoding_table()
_ENCODE = _encoding_table()
_QUANTISE: Samples = _DECODE[_ENCODE]


def decode(octets: bytes) -> Samples:
    """Linear samples of mu-law octets (G.711 table 2a).

    >>> decode(bytes([0x80, 0xFF, 0x00])).tolist()
    [32124, 0, -32124]
    """
    return _DECODE[np.frombuffer(octets, dtype=np.uint8)]


def encode(samples: Samples) -> bytes:
    """Mu-law octets of linear samples, each rounded to the nearest of the 255 levels.

    >>> encode(np.array([32767, 0, -32768], dtype=np.int16)).hex()
    '80ff00'
    """
    return _ENCODE[samples.view(np.uint16)].tobytes()


def quantise(samples: Samples) -> Samples:
    """What is left of linear samples after a mu-law wire: `decode(encode(samples))`."""
    return _QUANTISE[samples.view(np.uint16)]


def saturate(samples: NDArray[np.int32] | NDArray[np.float64]) -> Samples:
    """The nearest 16-bit samples; what is too loud is clipped, as a line card does."""
    return np.clip(np.rint(samples), -32_768, 32_767).astype(np.int16)


def rms_of_dbm0(level_dbm0: float) -> float:
    """Root mean square, in linear samples, of a signal of this level at the zero reference."""
    return float(_FULL_SCALE / np.sqrt(2) * 10 ** ((level_dbm0 - _FULL_SCALE_DBM0) / 20))


def dbm0(samples: Samples) -> float:
    """Level of samples in dBm0; -inf for silence or for none."""
    if samples.size == 0:
        return float("-inf")
    rms = float(np.sqrt(np.mean(samples.astype(np.float64) ** 2)))
    if rms == 0.0:
        return float("-inf")
    return float(20 * np.log10(rms / (_FULL_SCALE / np.sqrt(2)))) + _FULL_SCALE_DBM0
