"""Whole M2PA frames in a file for other people's tools, and frames and units read from such files.

Written are exported PDUs (pcap of link type 252: a tag that names the dissector `m2pa`, then the
frame), since a frame on a simulated wire has no SCTP or TCP below it. Read are those, and the units
of `calleq.trace`'s pcap and pcapng (link type 141), as a stream: nothing is kept.
"""

from collections.abc import Iterable, Iterator
from struct import Struct
from typing import BinaryIO, NamedTuple

from calleq.runtime.clock import Clock
from calleq.ss7.links import InProcessLink
from calleq.units import SECOND_US

LINK_TYPE_UNITS = 141
LINK_TYPE_EXPORTED = 252
SNAP_OCTETS = 65_535

_MAGIC = 0xA1B2C3D4
_HEADER = Struct("<IHHiIII")
_RECORD = Struct("<IIII")
_TAG = Struct(">HH")
_END_OF_TAGS = bytes(4)
_NAME_TAG = 12
"""EXP_PDU_TAG_PROTO_NAME."""
_DISSECTOR = b"m2pa"
_SECTION = 0x0A0D0D0A
_INTERFACE = 1
_PACKET = 6
_BLOCK = Struct("<II")


class CaptureFileError(ValueError):
    """The file is none of those that are read here; the text says why."""


class Packet(NamedTuple):
    """One packet of a file."""

    octets: bytes
    is_frame: bool
    """An M2PA frame; else a unit from its service information octet on."""


class FrameFile:
    """Writes frames into an open binary file, which stays its owner's to close."""

    def __init__(self, file: BinaryIO, clock: Clock) -> None:
        self.written = 0
        self._file = file
        self._clock = clock
        self._tags = _TAG.pack(_NAME_TAG, len(_DISSECTOR)) + _DISSECTOR + _END_OF_TAGS
        file.write(_HEADER.pack(_MAGIC, 2, 4, 0, 0, SNAP_OCTETS, LINK_TYPE_EXPORTED))

    def write(self, frame: bytes) -> None:
        """A frame arrives somewhere now."""
        seconds, microseconds = divmod(self._clock.now_us(), SECOND_US)
        packet = self._tags + frame
        self._file.write(_RECORD.pack(seconds, microseconds, len(packet), len(packet)) + packet)
        self.written += 1


def overhear(links: Iterable[InProcessLink], file: FrameFile) -> None:
    """Write every frame that arrives over these links from now on."""
    for link in links:
        link.overheard(file.write)


def read_packets(file: BinaryIO) -> Iterator[Packet]:
    """The packets of a pcap or pcapng file; CaptureFileError where it is neither, or ends early."""
    head = file.read(4)
    if head == _SECTION.to_bytes(4, "little"):
        yield from _read_pcapng(file)
    elif head == _MAGIC.to_bytes(4, "little"):
        yield from _read_pcap(file, head)
    else:
        raise CaptureFileError("neither pcap nor pcapng, little endian with microseconds")


def _read_pcap(file: BinaryIO, head: bytes) -> Iterator[Packet]:
    *_, link_type = _HEADER.unpack(head + _whole(file, _HEADER.size - len(head)))
    while record := file.read(_RECORD.size):
        if len(record) < _RECORD.size:
            raise CaptureFileError("the last packet is cut off")
        *_, length, _ = _RECORD.unpack(record)
        yield _packet(_whole(file, length), link_type)


def _read_pcapng(file: BinaryIO) -> Iterator[Packet]:
    link_types: list[int] = []
    kind, head = _SECTION, file.read(4)
    while True:
        length = int.from_bytes(head, "little")
        body = _whole(file, length - _BLOCK.size)
        if kind == _INTERFACE:
            link_types.append(int.from_bytes(body[:2], "little"))
        elif kind == _PACKET:
            place = int.from_bytes(body[:4], "little")
            size = int.from_bytes(body[12:16], "little")
            yield _packet(body[20 : 20 + size], link_types[place])
        block = file.read(_BLOCK.size)
        if len(block) < _BLOCK.size:
            return
        kind, head = int.from_bytes(block[:4], "little"), block[4:]


def _packet(octets: bytes, link_type: int) -> Packet:
    if link_type == LINK_TYPE_UNITS:
        return Packet(octets, is_frame=False)
    if link_type != LINK_TYPE_EXPORTED:
        raise CaptureFileError(f"link type {link_type}: {LINK_TYPE_UNITS} or {LINK_TYPE_EXPORTED}")
    place = 0
    while True:
        tag, length = _TAG.unpack_from(octets, place)
        place += _TAG.size + length
        if not tag:
            return Packet(octets[place:], is_frame=True)


def _whole(file: BinaryIO, length: int) -> bytes:
    octets = file.read(length)
    if len(octets) < length:
        raise CaptureFileError("the last packet is cut off")
    return octets
