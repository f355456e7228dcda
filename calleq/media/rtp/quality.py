"""How good voice was: the E-model of G.107, for a leg of G.711.

`rating` gives the transmission rating R with every parameter at its default but for the delay and
the loss: with neither it is 93.2. G.711 with loss concealment has an equipment impairment of 0 and
a robustness to random loss of 25.1 (G.113 Appendix I). `opinion` turns R into the mean opinion
score of listeners (G.107 Annex B).
"""

from math import exp, log10, sqrt
from typing import Final

SENDING_LOUDNESS_DB: Final = 8.0
RECEIVING_LOUDNESS_DB: Final = 2.0
ROOM_NOISE_DBA: Final = 35.0
SIDETONE_DB: Final = 15.0
LISTENER_SIDETONE_DB: Final = 18.0
TELEPHONE_DB: Final = 3.0
"""The D-value of a telephone, at either side."""
CIRCUIT_NOISE_DBM0P: Final = -70.0
NOISE_FLOOR_DBMP: Final = -64.0
TALKER_ECHO_LOUDNESS_DB: Final = 65.0
WEIGHTED_ECHO_PATH_LOSS_DB: Final = 110.0
QUANTISING_UNITS: Final = 1.0

EQUIPMENT_IMPAIRMENT: Final = 0.0
LOSS_ROBUSTNESS: Final = 25.1

_OVERALL_LOUDNESS_DB = SENDING_LOUDNESS_DB + RECEIVING_LOUDNESS_DB


def _power(level_db: float) -> float:
    return float(10 ** (level_db / 10))


def _noise_dbm0p() -> float:
    """All noise, at the 0 dBr point (G.107 §7.2)."""
    room = ROOM_NOISE_DBA
    sending = room - SENDING_LOUDNESS_DB - TELEPHONE_DB - 100
    sending += 0.004 * (room - _OVERALL_LOUDNESS_DB - TELEPHONE_DB - 14) ** 2
    effective = room + 10 * log10(1 + _power(10 - LISTENER_SIDETONE_DB))
    receiving = RECEIVING_LOUDNESS_DB - 121 + effective + 0.008 * (effective - 35) ** 2
    floor = NOISE_FLOOR_DBMP + RECEIVING_LOUDNESS_DB
    return 10 * log10(sum(map(_power, (CIRCUIT_NOISE_DBM0P, sending, receiving, floor))))


def _simultaneous(noise_dbm0p: float, signal_to_noise: float, delay_ms: float) -> float:
    """Impairments together with voice: too loud, sidetone, quantising (G.107 §7.3)."""
    excess = _OVERALL_LOUDNESS_DB + 0.2 * (64 + noise_dbm0p - RECEIVING_LOUDNESS_DB)
    loudness = 20 * ((1 + (excess / 8) ** 8) ** (1 / 8) - excess / 8)
    echo = exp(-delay_ms / 4) * _power(-TALKER_ECHO_LOUDNESS_DB)
    sidetone_db = -10 * log10(_power(-SIDETONE_DB) + echo)
    sidetone = 12 * (1 + ((sidetone_db - 13) / 6) ** 8) ** (1 / 8)
    sidetone -= 28 * (1 + ((sidetone_db + 1) / 19.4) ** 35) ** (1 / 35)
    sidetone -= 13 * (1 + ((sidetone_db - 3) / 33) ** 13) ** (1 / 13)
    sidetone += 29
    quantising_db = 37 - 15 * log10(QUANTISING_UNITS)
    distortion = 1.07 + 0.258 * quantising_db + 0.0602 * quantising_db**2
    loud: float = 10 ** ((signal_to_noise - 100) / 15 + 46 / 8.4 - distortion / 9)
    quiet: float = 10 ** (46 / 30 - distortion / 40)
    both: float = loudness + sidetone + 15 * log10(1 + loud + quiet)
    return both


def _delay(noise_dbm0p: float, signal_to_noise: float, delay_ms: float) -> float:
    """Impairments by delay: both talkers' echo, and the wait for an answer (G.107 §7.4)."""
    spread = (1 + delay_ms / 10) / (1 + delay_ms / 150)
    echo_db = TALKER_ECHO_LOUDNESS_DB - 40 * log10(spread) + 6 * exp(-0.3 * delay_ms**2)
    at_ear = -1.5 * (noise_dbm0p - RECEIVING_LOUDNESS_DB)
    half = (at_ear - (80 + 2.5 * (echo_db - 14))) / 2
    talker = (half + sqrt(half**2 + 100) - 1) * (1 - exp(-delay_ms))
    round_trip: float = 10.5 * (WEIGHTED_ECHO_PATH_LOSS_DB + 7) * (2 * delay_ms + 1) ** -0.25
    half = (signal_to_noise - round_trip) / 2
    listener = half + sqrt(half**2 + 169)
    wait = 0.0
    if delay_ms > 100:
        ratio = log10(delay_ms / 100) / log10(2)
        wait = (1 + ratio**6) ** (1 / 6) - 3 * (1 + (ratio / 3) ** 6) ** (1 / 6) + 2
    return talker + listener + 25 * wait


def rating(delay_ms: float, loss_share: float) -> float:
    """The rating R of what is heard after `delay_ms` (one way) with so much of it lost.

    >>> round(rating(0, 0), 1)
    93.2
    """
    noise_dbm0p = _noise_dbm0p()
    signal_to_noise = 15 - 1.5 * (SENDING_LOUDNESS_DB + noise_dbm0p)
    loss = 100 * loss_share
    equipment = EQUIPMENT_IMPAIRMENT
    equipment += (95 - EQUIPMENT_IMPAIRMENT) * loss / (loss + LOSS_ROBUSTNESS)
    value = signal_to_noise - _simultaneous(noise_dbm0p, signal_to_noise, delay_ms)
    value -= _delay(noise_dbm0p, signal_to_noise, delay_ms) + equipment
    return min(max(value, 0.0), 100.0)


def opinion(rating_r: float) -> float:
    """The mean opinion score that G.107 Annex B gives a rating from 0 to 100.

    >>> [round(opinion(each), 2) for each in (50, 60, 70, 80, 90)]
    [2.58, 3.1, 3.6, 4.02, 4.34]
    """
    score = 1 + 0.035 * rating_r + rating_r * (rating_r - 60) * (100 - rating_r) * 7e-6
    return max(score, 1.0)
