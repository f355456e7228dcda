"""RTP packets (RFC 3550 §5): the fixed header as numpy reads it, and any packet octet by octet.

`HEADER` lies over datagrams as they came in; it is right for packets without contributing sources,
extension and padding, which begin with the octet 80. `parse` reads the others, and refuses
(RtpError) what is no RTP: another version, a header that is longer than the packet, padding that is
longer than what it pads.
"""

import struct
from typing import Final

import msgspec
import numpy as np

HEADER_OCTETS: Final = 12
PLAIN: Final = 0x80
"""First octet of a packet of version 2 with nothing but the fixed header."""
MARKER: Final = 0x80

PCMU: Final = 0
PCMA: Final = 8
COMFORT_NOISE: Final = 13

SLOT_OCTETS: Final = 512
"""Room for a datagram; one that fills it is refused as too long. 60 ms of G.711 are 492."""
FRAME_OCTETS: Final = 172
"""A datagram with 20 ms of G.711."""

HEADER = np.dtype(
    [
        ("first", "u1"),
        ("kind", "u1"),
        ("sequence", ">u2"),
        ("timestamp", ">u4"),
        ("source", ">u4"),
    ]
)
SLOT = np.dtype(
    {
        "names": ["first", "kind", "sequence", "timestamp", "source"],
        "formats": ["u1", "u1", ">u2", ">u4", ">u4"],
        "offsets": [0, 1, 2, 4, 8],
        "itemsize": SLOT_OCTETS,
    }
)


_HEADER = struct.Struct(">BBHII")


def header(kind: int, sequence: int, timestamp: int, source: int) -> bytes:
    """A plain header; `kind` is marker and payload type, the numbers may have cycles.

    >>> header(0, 65_537, 160, 7).hex(" ", 4)
    '80000001 000000a0 00000007'
    """
    return _HEADER.pack(PLAIN, kind, sequence & 0xFFFF, timestamp & 0xFFFF_FFFF, source)


class RtpError(ValueError):
    """Octets that are no RTP packet; the text says why."""


class Packet(msgspec.Struct, frozen=True):
    """One packet, its parts told apart."""

    marker: bool
    kind: int
    """Payload type."""
    sequence: int
    timestamp: int
    source: int
    """SSRC."""
    payload: bytes


def parse(octets: bytes) -> Packet:
    """A packet of any shape. Raises RtpError.

    >>> parse(bytes.fromhex("80 80 0001 000000a0 00000007 ffff")).payload.hex()
    'ffff'
    """
    if len(octets) < HEADER_OCTETS:
        raise RtpError(f"{len(octets)} octets: no RTP header")
    first = octets[0]
    if first >> 6 != 2:
        raise RtpError(f"version {first >> 6}: 2 expected")
    start = HEADER_OCTETS + 4 * (first & 0x0F)
    if first & 0x10:
        if len(octets) < start + 4:
            raise RtpError("the header extension is cut off")
        start += 4 + 4 * int.from_bytes(octets[start + 2 : start + 4])
    end = len(octets)
    if first & 0x20:
        if not 1 <= octets[-1] <= end - HEADER_OCTETS:
            raise RtpError(f"padding of {octets[-1]} octets in a packet of {end}")
        end -= octets[-1]
    if start > end:
        raise RtpError("the header is longer than the packet")
    return Packet(
        marker=bool(octets[1] & MARKER),
        kind=octets[1] & 0x7F,
        sequence=int.from_bytes(octets[2:4]),
        timestamp=int.from_bytes(octets[4:8]),
        source=int.from_bytes(octets[8:12]),
        payload=octets[start:end],
    )
