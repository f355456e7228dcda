"""Music of our own making for those who hold: a small melody written by rules and a seed.

Four bars of harmony (I, vi, IV, V in C), a pentatonic line above that moves by step and rests on
the chord's notes, a soft bass below; sixteen bars, then from the start again. It begins on a note
with its first sample, and its level is -18 dBm0. Nobody else's tune is in it.
"""

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, quantise, rms_of_dbm0, saturate

MUSIC_DBM0 = -18.0

_SEED = 1886
_BEAT_S = 0.6
_BARS = 16
_BEATS_PER_BAR = 4
_CHORDS = ((48, 52, 55), (45, 48, 52), (41, 45, 48), (43, 47, 50))
_SCALE = (60, 62, 64, 67, 69, 72, 74, 76, 79)
_RING_S = 1.6


@lru_cache(maxsize=1)
def hold_music() -> Samples:
    """The whole melody, 38.4 s, made to be repeated without a seam."""
    count = round(_BARS * _BEATS_PER_BAR * _BEAT_S * SAMPLE_RATE_HZ)
    sound = np.zeros(count)
    for start_s, key, loudness in _score():
        _strike(sound, round(start_s * SAMPLE_RATE_HZ), key, loudness)
    rms = float(np.sqrt(np.mean(sound**2)))
    return quantise(saturate(sound * (rms_of_dbm0(MUSIC_DBM0) / rms)))


def _score() -> list[tuple[float, int, float]]:
    """(start in seconds, key of the piano as MIDI counts them, loudness)."""
    chance = random.Random(_SEED)
    notes: list[tuple[float, int, float]] = []
    place = 4
    for bar in range(_BARS):
        chord = _CHORDS[bar % len(_CHORDS)]
        bar_s = bar * _BEATS_PER_BAR * _BEAT_S
        for beat in range(_BEATS_PER_BAR):
            at_s = bar_s + beat * _BEAT_S
            notes.append((at_s, chord[(0, 1, 2, 1)[beat]], 0.45))
            for half in range(2):
                if (beat, half) != (0, 0) and chance.random() < 0.35:
                    continue
                place = min(max(place + chance.choice((-2, -1, -1, 1, 1, 2)), 0), len(_SCALE) - 1)
                if (beat, half) == (0, 0):
                    place = min(
                        range(len(_SCALE)),
                        key=lambda i: (_SCALE[i] % 12 not in {k % 12 for k in chord}, abs(i - 4)),
                    )
                notes.append((at_s + half * _BEAT_S / 2, _SCALE[place], 0.8 if half else 1.0))
    return notes


def _strike(sound: NDArray[np.float64], start: int, key: int, loudness: float) -> None:
    """Add one plucked note; what rings beyond the end rings on at the beginning."""
    at_s = np.arange(round(_RING_S * SAMPLE_RATE_HZ)) / SAMPLE_RATE_HZ
    hertz = 440.0 * 2 ** ((key - 69) / 12)
    ring = np.exp(-at_s / 0.45) * np.minimum(at_s / 0.004, 1.0)
    ring *= np.clip((_RING_S - at_s) / 0.05, 0.0, 1.0)
    wave = np.sin(2 * np.pi * hertz * at_s)
    wave += 0.35 * np.exp(-at_s / 0.2) * np.sin(4 * np.pi * hertz * at_s)
    wave += 0.12 * np.exp(-at_s / 0.1) * np.sin(6 * np.pi * hertz * at_s)
    places = (start + np.arange(at_s.size)) % sound.size
    sound[places] += loudness * ring * wave
