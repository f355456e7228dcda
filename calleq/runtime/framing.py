"""Messages on a byte stream, each behind its length: four octets, big-endian, and then so many.

Owns the length and the cutting of a stream into what lies behind lengths. What a frame contains is
its room's own: the reader is given the limits, what makes a frame of octets, and the room's error.

It refuses a length beyond the limits with that error. What came with it in the same octets is not
given out, and the reader is of no use afterwards: a stream that has lost its frames does not find
them again, so its owner closes the connection.
"""

import struct
from collections.abc import Callable
from typing import Generic, TypeVar

LENGTH = struct.Struct(">I")

Frame = TypeVar("Frame")


def framed(*parts: bytes) -> bytes:
    """The parts as one frame, length and all. The sender keeps to its receiver's limits."""
    return LENGTH.pack(sum(map(len, parts))) + b"".join(parts)


class LengthReader(Generic[Frame]):
    """Cuts a stream of octets into frames, whatever pieces it comes in."""

    def __init__(
        self,
        shortest_octets: int,
        longest_octets: int,
        decode: Callable[[bytes], Frame],
        refusal: Callable[[str], Exception],
    ) -> None:
        """`refusal` makes the error of a length beyond the limits; `decode` may raise too."""
        self._shortest_octets = shortest_octets
        self._longest_octets = longest_octets
        self._decode = decode
        self._refusal = refusal
        self._held = bytearray()

    def receive(self, octets: bytes) -> list[Frame]:
        """The frames that are whole now. Raises as was given; it holds at most one frame more."""
        held = self._held
        held += octets
        frames: list[Frame] = []
        start = 0
        while len(held) - start >= LENGTH.size:
            (length,) = LENGTH.unpack_from(held, start)
            if not self._shortest_octets <= length <= self._longest_octets:
                limits = f"{self._shortest_octets} to {self._longest_octets}"
                raise self._refusal(f"a frame of {length} octets: {limits} expected")
            body = start + LENGTH.size
            if len(held) - body < length:
                break
            start = body + length
            frames.append(self._decode(bytes(held[body:start])))
        del held[:start]
        return frames
