"""Damaged messages without end, made of valid ones, the same for the same seed.

Each message that comes out had one to four things done to it: octets set, flipped, left out, put
in, doubled, made extreme, counted up or down; its end cut off, or the end of another put there; a
length changed together with what it counts. Two in three keep their header, so that most of them
reach what is behind it.
"""

import random
from collections.abc import Iterator, Sequence

WOUNDS_LIMIT = 4
EXTREMES = (0x00, 0x01, 0x7F, 0x80, 0xFE, 0xFF)
LENGTH_LIMIT_OCTETS = 300
"""Longer ones are cut, and so is what is longer than the longest sample of a codec of text: to
every other codec whatever is longer is refused by its first check."""


def mutations(samples: Sequence[bytes], header_octets: int, seed: int) -> Iterator[bytes]:
    """Damaged messages, for ever; `header_octets` at the front are spared in two of three."""
    draw = random.Random(f"mutations of octets {seed}")
    longest = max(LENGTH_LIMIT_OCTETS, *map(len, samples))
    while True:
        octets = bytearray(draw.choice(samples))
        spared = header_octets if draw.random() < 2 / 3 else 0
        for _ in range(draw.randint(1, WOUNDS_LIMIT)):
            _wound(draw, octets, spared, samples)
        yield bytes(octets[:longest])


def _wound(draw: random.Random, octets: bytearray, spared: int, samples: Sequence[bytes]) -> None:
    """Do one thing to the octets behind those spared."""
    if len(octets) <= spared:
        octets.append(draw.randrange(256))
        return
    at = draw.randrange(spared, len(octets))
    match draw.randrange(12):
        case 0:
            octets[at] = draw.randrange(256)
        case 1:
            octets[at] ^= 1 << draw.randrange(8)
        case 2:
            octets[at] = draw.choice(EXTREMES)
        case 3:
            octets[at] = octets[at] + draw.choice((1, -1, 2, -2)) & 0xFF
        case 4:
            del octets[at]
        case 5:
            octets.insert(at, draw.randrange(256))
        case 6:
            end = min(len(octets), at + draw.randint(1, 8))
            octets[at:at] = octets[at:end]
        case 7:
            del octets[at:]
        case 8:
            other = draw.choice(samples)
            octets[at:] = other[min(at, len(other)) :]
        case 9:
            octets += draw.randbytes(draw.randint(1, 12))
        case _:
            _resize(draw, octets, at)


def _resize(draw: random.Random, octets: bytearray, at: int) -> None:
    """Take the octet for a length and give what it counts another one that fits."""
    end = at + 1 + octets[at]
    if end > len(octets):
        return
    held = octets[at + 1 : end]
    if draw.random() < 0.5:
        held = held[: draw.randint(0, len(held))]
    else:
        held += draw.randbytes(draw.randint(1, 4))
    octets[at:end] = bytes((len(held) & 0xFF,)) + held
