"""Signalling for other people's tools: classic pcap of message signal units (DLT 141).

Owns the file format (libpcap's, microseconds, little endian, link type 141: MTP level 3 from the
service information octet on). Each unit is written once, as its originating node sent it; the copy
that a transfer point passes on is left out. Which is which is told by the unit's own origin.

A unit too damaged to have an origin is written, so that what is in the file is what was captured.
"""

from collections.abc import Iterable, Mapping
from struct import Struct
from typing import BinaryIO

from calleq.runtime.tap import Segment
from calleq.ss7.mtp3 import Mtp3Error
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.variant import ITU, Variant
from calleq.trace.capture import Captured
from calleq.units import SECOND_US

LINK_TYPE_MTP3 = 141
SNAP_OCTETS = 512
"""Longer than any message signal unit."""

_HEADER = Struct("<IHHiIII")
_RECORD = Struct("<IIII")
_MAGIC_MICROSECONDS = 0xA1B2C3D4


class PcapTap:
    """A tap that streams signalling into an open binary file, which stays its owner's to close.

    `point_codes` has the point code of every node by its name.
    """

    def __init__(
        self, file: BinaryIO, point_codes: Mapping[str, int], variant: Variant = ITU
    ) -> None:
        self._decode = unit_codec(variant).decode
        self._file = file
        self._point_codes = dict(point_codes)
        self._nodes = frozenset(point_codes.values())
        self.written = 0
        file.write(_HEADER.pack(_MAGIC_MICROSECONDS, 2, 4, 0, 0, SNAP_OCTETS, LINK_TYPE_MTP3))

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        if segment is not Segment.SIGNALLING_LINK or self._is_relayed(sender, octets):
            return
        seconds, microseconds = divmod(at_us, SECOND_US)
        kept = octets[:SNAP_OCTETS]
        self._file.write(_RECORD.pack(seconds, microseconds, len(kept), len(octets)) + kept)
        self.written += 1

    def _is_relayed(self, sender: str, octets: bytes) -> bool:
        """Whether another node of the network than `sender` originated the unit."""
        try:
            origin = self._decode(octets).origin
        except Mtp3Error:
            return False
        return origin != self._point_codes.get(sender) and origin in self._nodes


def write_pcap(
    file: BinaryIO,
    captures: Iterable[Captured],
    point_codes: Mapping[str, int],
    variant: Variant = ITU,
) -> int:
    """Write the signalling among `captures`; the answer is how many units were written."""
    tap = PcapTap(file, point_codes, variant)
    for captured in captures:
        tap.saw(
            captured.segment,
            captured.link,
            captured.sender,
            captured.receiver,
            captured.octets,
            captured.at_us,
        )
    return tap.written
