"""A simulated wire of a signalling link: what it does to frames on their way.

Owns one direction's chance: it delays, jitters, loses, damages, doubles and overtakes frames with
the probabilities that it is given, by draws from its own seed, so that a run repeats. A wire has a
checksum as SCTP has (RFC 9260 §6.8): a damaged frame is found out on arrival and dropped, and M2PA
notices by its numbers that one is missing.

Jitter alone keeps frames in order, as a queue does; only `reordering` lets one be overtaken.
"""

import math
import random
from dataclasses import dataclass
from zlib import crc32

DELAY_LIMIT_US = 10_000_000
PROBABILITIES = ("loss", "damage", "doubling", "reordering")


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """What a wire is like, the same in both directions. ValueError for what no wire is."""

    delay_us: int = 1_000
    jitter_us: int = 0
    """A frame takes up to so much longer."""
    loss: float = 0.0
    """Probability that a frame does not arrive; the others alike, all 0 to 1."""
    damage: float = 0.0
    """... arrives with a bit turned over."""
    doubling: float = 0.0
    """... arrives twice."""
    reordering: float = 0.0
    """... is overtaken by those sent within twice the delay and jitter after it."""

    def __post_init__(self) -> None:
        for name in ("delay_us", "jitter_us"):
            value = getattr(self, name)
            if not 0 <= value <= DELAY_LIMIT_US:
                raise ValueError(f"{name}: {value}: 0 to {DELAY_LIMIT_US} us expected")
        for name in PROBABILITIES:
            value = getattr(self, name)
            if not (math.isfinite(value) and 0 <= value <= 1):
                raise ValueError(f"{name}: {value}: a probability, 0 to 1, expected")

    @property
    def is_plain(self) -> bool:
        """Whether it only delays, every frame alike."""
        return not (self.jitter_us or any(getattr(self, name) for name in PROBABILITIES))


class Wire:
    """One direction. `lost`, `damaged`, `doubled` and `overtaken` count frames."""

    def __init__(self, quality: Quality, seed: str) -> None:
        self.quality = quality
        self.lost = 0
        self.damaged = 0
        self.doubled = 0
        self.overtaken = 0
        self._draw = random.Random(seed)
        self._free_us = 0
        """When the last frame in order arrives."""

    def carry(self, frame: bytes, now_us: int) -> list[tuple[int, bytes]]:
        """The arrivals of a frame: after how long, and with which octets. [] when it is lost."""
        quality, draw = self.quality, self._draw
        if quality.loss and draw.random() < quality.loss:
            self.lost += 1
            return []
        if quality.damage and draw.random() < quality.damage and self._is_noticed(frame):
            self.damaged += 1
            return []
        delay_us = quality.delay_us + (
            draw.randint(0, quality.jitter_us) if quality.jitter_us else 0
        )
        if quality.reordering and draw.random() < quality.reordering:
            self.overtaken += 1
            return [(delay_us + 2 * (quality.delay_us + quality.jitter_us), frame)]
        self._free_us = arrives_us = max(self._free_us, now_us + delay_us)
        arrivals = [(arrives_us - now_us, frame)]
        if quality.doubling and draw.random() < quality.doubling:
            self.doubled += 1
            arrivals *= 2
        return arrivals

    def _is_noticed(self, frame: bytes) -> bool:
        """Turn a bit over; whether the checksum tells."""
        place = self._draw.randrange(8 * len(frame))
        damaged = bytearray(frame)
        damaged[place // 8] ^= 1 << place % 8
        return crc32(damaged) != crc32(frame)
