"""Speech-like sound: what a simulated telephone utters, made from numbers alone.

A voice is a larynx (harmonics of a gliding fundamental) and a mouth (three formants that move from
vowel to vowel), with a little hiss where a consonant would be. It says nothing, but has the
envelope, the spectrum and the pauses by which ears and detectors tell a person from a machine.
Deterministic: the same voice number gives the same samples.
"""

import random
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, quantise, rms_of_dbm0, saturate

SPEECH_DBM0 = -18.0
VOICES = 16
"""How many different people there are; a line is spoken by one of them."""
MAX_UTTERANCE_S = 90.0

_VOWELS_HZ = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (530, 1840, 2480),
    (570, 840, 2410),
    (300, 870, 2240),
    (660, 1720, 2410),
)
_BANDWIDTH_HZ = 90.0
_HIGHEST_HZ = 3_400.0
_SYLLABLE_S = (0.14, 0.24)
_DIP_S = 0.03
_HISS = 0.06


def speech_like(
    voice: int, length_s: float, pauses: tuple[tuple[float, float], ...] = ()
) -> Samples:
    """`length_s` seconds of a voice, silent in each pause (its start and its end in seconds).

    Levelled to -18 dBm0 while it speaks, and already what a mu-law wire carries. Raises ValueError
    beyond `MAX_UTTERANCE_S`.
    """
    if not 0 < length_s <= MAX_UTTERANCE_S:
        raise ValueError(f"{length_s} s of speech: at most {MAX_UTTERANCE_S:.0f} s are made")
    chance = random.Random(voice)
    count = round(length_s * SAMPLE_RATE_HZ)
    at_s = np.arange(count) / SAMPLE_RATE_HZ
    borders = _syllables(chance, length_s)
    vowels = [_VOWELS_HZ[chance.randrange(len(_VOWELS_HZ))] for _ in borders]
    centres = [border + _SYLLABLE_S[0] / 2 for border in borders]
    formants = [np.interp(at_s, centres, [vowel[i] for vowel in vowels]) for i in range(3)]
    base_hz = 95.0 + 8.0 * (voice % VOICES)
    pitch = [base_hz * chance.uniform(0.88, 1.18) for _ in borders]
    fundamental = np.interp(at_s, centres, pitch)
    sound = _larynx(fundamental, formants)
    envelope = _envelope(at_s, borders, length_s, pauses)
    noise = np.random.Generator(np.random.PCG64(voice)).standard_normal(count)
    spoken = sound * envelope + noise * _HISS * np.abs(np.diff(envelope, prepend=0.0)) * 40
    loud = spoken[envelope > 0.5]
    gain = rms_of_dbm0(SPEECH_DBM0) / float(np.sqrt(np.mean(loud**2)))
    return quantise(saturate(spoken * gain))


def _syllables(chance: random.Random, length_s: float) -> list[float]:
    borders = [0.0]
    while borders[-1] + _SYLLABLE_S[1] < length_s:
        borders.append(borders[-1] + chance.uniform(*_SYLLABLE_S))
    return borders


def _larynx(
    fundamental: NDArray[np.float64], formants: list[NDArray[np.float64]]
) -> NDArray[np.float64]:
    phase = 2 * np.pi * np.cumsum(fundamental) / SAMPLE_RATE_HZ
    sound = np.zeros_like(phase)
    for harmonic in range(1, int(_HIGHEST_HZ / float(fundamental.min()))):
        hertz = harmonic * fundamental
        gain = sum(
            weight / (1 + ((hertz - formant) / _BANDWIDTH_HZ) ** 2)
            for weight, formant in zip((1.0, 0.6, 0.3), formants, strict=True)
        )
        sound += (gain + 0.01) * (hertz < _HIGHEST_HZ) * np.sin(harmonic * phase)
    return sound


def _envelope(
    at_s: NDArray[np.float64],
    borders: list[float],
    length_s: float,
    pauses: tuple[tuple[float, float], ...],
) -> NDArray[np.float64]:
    """1 within a syllable, dipping at its borders, 0 in pauses; edges of 10 ms, so no clicks."""
    envelope = np.ones_like(at_s)
    for border in borders[1:]:
        distance = np.abs(at_s - border) / _DIP_S
        envelope = np.minimum(envelope, 0.35 + 0.65 * np.minimum(distance, 1.0))
    for start_s, end_s in (*pauses, (-1.0, 0.0), (length_s, length_s + 1.0)):
        outside = np.maximum(start_s - at_s, at_s - end_s)
        envelope *= np.clip(outside / 0.01, 0.0, 1.0)
    return envelope


@lru_cache(maxsize=VOICES)
def conversation(voice: int) -> tuple[Samples, int]:
    """Twelve seconds of bursts and pauses that follow on themselves: one side of a talk.

    The pauses are those of conversational speech (P.59: about 1 s of talk, 0.4 to 0.8 s of pause);
    it begins with talk. Returns the samples and how many there are.
    """
    chance = random.Random(f"talk {voice}")
    length_s = 12.0
    pauses = []
    at_s = 0.0
    while at_s < length_s - 2.5:
        start_s = at_s + chance.uniform(0.8, 2.0)
        at_s = start_s + chance.uniform(0.4, 0.8)
        pauses.append((start_s, min(at_s, length_s)))
    samples = speech_like(voice, length_s, tuple(pauses))
    return samples, samples.size
