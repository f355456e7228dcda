"""Signalling for other people's tools: pcapng, one interface for each link (DLT 141).

SIP has an interface for each switch that speaks it (`sip:ssp-62`, raw IP), and each of its messages
is one UDP datagram there.

Owns the file format (draft-ietf-opsawg-pcapng: section header, interface description and enhanced
packet blocks, little endian, microseconds). Each signalling link is an interface of its name
(`if_name`), described when its first unit comes. Each unit is written as often as it crossed a
link, with the direction as the end named first in the link's name sees it (`ssp-62/stp-68`: what
ssp-62 sends is outbound), and with the call that it belongs to as its comment, where that is known.

A file is whole after every unit, so that a run that is broken off leaves what it had seen.
"""

from collections.abc import Callable, Iterable
from struct import Struct
from typing import BinaryIO

from calleq import __version__
from calleq.journal.entries import CircuitKey, Dialled, Stamped, Transit
from calleq.runtime.tap import Segment
from calleq.ss7.mtp3 import SERVICE_ISUP, Mtp3Error
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.variant import ITU, Variant
from calleq.trace.capture import Captured
from calleq.trace.circuits import CircuitName, circuit_name
from calleq.trace.pcap import LINK_TYPE_MTP3, SNAP_OCTETS
from calleq.trace.sip import LINK_TYPE_RAW, datagram

_SECTION_HEADER = 0x0A0D0D0A
_INTERFACE_DESCRIPTION = 1
_ENHANCED_PACKET = 6
_BYTE_ORDER = 0x1A2B3C4D
_LENGTH_UNKNOWN = -1

_OPTION_COMMENT = 1
_OPTION_APPLICATION = 4
_OPTION_NAME = 2
_OPTION_FLAGS = 2
_INBOUND = 1
_OUTBOUND = 2

_BLOCK = Struct("<II")
_TAIL = Struct("<I")
_SECTION = Struct("<IHHq")
_INTERFACE = Struct("<HHI")
_PACKET = Struct("<IIIII")
_OPTION = Struct("<HH")
_FLAGS = Struct("<I")


class PcapngTap:
    """A tap that streams signalling into an open binary file, which stays its owner's to close.

    `call_of` says which call a unit belongs to, "" where none is known; of SIP it is asked for
    b"". `written` counts units.
    """

    def __init__(self, file: BinaryIO, call_of: Callable[[bytes], str]) -> None:
        self.written = 0
        self._file = file
        self._call_of = call_of
        self._interfaces: dict[str, int] = {}
        options = _option(_OPTION_APPLICATION, f"calleq {__version__}".encode())
        body = _SECTION.pack(_BYTE_ORDER, 1, 0, _LENGTH_UNKNOWN) + options + _OPTION.pack(0, 0)
        file.write(_block(_SECTION_HEADER, body))

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        """See `Tap`; what is no signalling is left out."""
        kind = LINK_TYPE_MTP3
        if segment is Segment.SIP:
            octets = datagram(Captured(at_us, segment, link, sender, receiver, octets))
            link, kind = link.partition(" ")[0], LINK_TYPE_RAW
            if not octets:
                return
        elif segment is not Segment.SIGNALLING_LINK:
            return
        kept = octets[:SNAP_OCTETS]
        is_ours = link.startswith(f"{sender}/") or link == f"sip:{sender}"
        direction = _OUTBOUND if is_ours else _INBOUND
        options = _option(_OPTION_FLAGS, _FLAGS.pack(direction))
        call = self._call_of(octets if kind == LINK_TYPE_MTP3 else b"")
        if call:
            options += _option(_OPTION_COMMENT, call.encode())
        packet = _PACKET.pack(
            self._interface(link, kind), at_us >> 32, at_us & 0xFFFFFFFF, len(kept), len(octets)
        )
        body = packet + _padded(kept) + options + _OPTION.pack(0, 0)
        self._file.write(_block(_ENHANCED_PACKET, body))
        self.written += 1

    def _interface(self, link: str, kind: int) -> int:
        number = self._interfaces.get(link)
        if number is None:
            number = self._interfaces[link] = len(self._interfaces)
            options = _option(_OPTION_NAME, link.encode()) + _OPTION.pack(0, 0)
            body = _INTERFACE.pack(kind, 0, SNAP_OCTETS) + options
            self._file.write(_block(_INTERFACE_DESCRIPTION, body))
        return number


class CallsOnCircuits:
    """Which call a unit belongs to, told while it all happens.

    It is fed the journal's entries as they are written; each names its circuit before the IAM
    leaves. From then on the circuit's messages are that call's, until it is seized again.
    """

    def __init__(self, variant: Variant = ITU) -> None:
        self._decode = unit_codec(variant).decode
        self._last_circuit = variant.last_circuit
        self._calls: dict[CircuitName, str] = {}

    def take(self, stamped: Stamped) -> None:
        """An entry is written."""
        match stamped.entry:
            case Dialled(call=call, circuit=CircuitKey() as key):
                self._calls[circuit_name(key.origin, key.destination, key.cic)] = call
            case Transit(incoming=incoming, outgoing=key):
                call = "" if incoming is None else self._calls.get(_name(incoming), "")
                self._calls[_name(key)] = call
            case _:
                pass

    def call_of(self, octets: bytes) -> str:
        """The call of a unit's circuit, "" where it is none of the journals'."""
        try:
            msu = self._decode(octets)
        except Mtp3Error:
            return ""
        if msu.service != SERVICE_ISUP or len(msu.payload) < 2:
            return ""
        cic = int.from_bytes(msu.payload[:2], "little") & self._last_circuit
        return self._calls.get(circuit_name(msu.origin, msu.destination, cic), "")


def write_pcapng(file: BinaryIO, captures: Iterable[Captured], call: str) -> int:
    """Write the signalling among the `captures` of a call; how many units were written."""
    tap = PcapngTap(file, lambda octets: call)
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


def _name(key: CircuitKey) -> CircuitName:
    return circuit_name(key.origin, key.destination, key.cic)


def _padded(octets: bytes) -> bytes:
    return octets + bytes(-len(octets) % 4)


def _option(code: int, value: bytes) -> bytes:
    return _OPTION.pack(code, len(value)) + _padded(value)


def _block(kind: int, body: bytes) -> bytes:
    length = _BLOCK.size + len(body) + _TAIL.size
    return _BLOCK.pack(kind, length) + body + _TAIL.pack(length)
