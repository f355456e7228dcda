"""G.711 mu-law: the octets on every voice wire and the linear samples they stand for.

Owns the tables and the frame's measures; refuses nothing, since every octet and every 16-bit
sample has a meaning. Linear samples are 16 bits wide, four times the 14-bit values of table 2a of
the Recommendation, so that full scale is 32 124. Two octets mean zero (FF and 7F); encoding gives
FF, the one that telephony calls idle.

A-law is met at ports alone. It becomes mu-law there and is made from it octet by octet, by way of
linear samples: eight times the 13-bit values of table 1a, and the nearest level of the other law.
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
DECODING: Samples = _DECODE
"""Linear samples by mu-law octet."""
ENCODING: NDArray[np.uint8] = _ENCODE
"""Mu-law octets by the bits of a sample, read as an unsigned number."""
_QUANTISE: Samples = _DECODE[_ENCODE]


def _a_law_table() -> Samples:
    """Linear samples of A-law octets (G.711 table 1a), eight times its values."""
    octet = np.arange(256, dtype=np.int32) ^ 0x55
    step, chord = octet & 0x0F, (octet >> 4) & 0x07
    level = (2 * step + 1) << 3
    magnitude = np.where(chord == 0, level, (level + 0x100) << np.maximum(chord - 1, 0))
    return np.where(octet & 0x80, magnitude, -magnitude).astype(np.int16)


def _to_a_law(a_law: Samples) -> NDArray[np.uint8]:
    """The A-law octet of the same sign nearest to each mu-law octet; of two, the louder one."""
    wanted, levels = _DECODE.astype(np.int32), a_law.astype(np.int32)
    distance = np.abs(wanted[:, None] - levels[None, :]) * 65_536 - np.abs(levels)
    octet = np.arange(256)
    other_sign = (octet[:, None] ^ octet[None, :]) & 0x80
    nearest: NDArray[np.uint8] = np.argmin(distance + (other_sign << 32), axis=1).astype(np.uint8)
    return nearest


A_LAW: Samples = _a_law_table()
FROM_A_LAW: NDArray[np.uint8] = _ENCODE[A_LAW.view(np.uint16)]
"""Mu-law octets by A-law octet."""
TO_A_LAW: NDArray[np.uint8] = _to_a_law(A_LAW)
"""A-law octets by mu-law octet."""


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
