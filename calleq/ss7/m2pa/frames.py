"""The octets of M2PA (RFC 4165 §2): common header, sequence numbers, User Data, Link Status.

Owns the layouts and the cutting of a byte stream into frames. A frame is

    version 1 | spare | class 11 | type | length, 32 bits        common header (§2.1)
    spare | BSN, 24 bits | spare | FSN, 24 bits                  M2PA header (§2.2)
    User Data: priority octet, service information octet, ...    or nothing: an acknowledgement
    Link Status: state, 32 bits, and a filler while proving

It refuses, with `M2paError`, whatever is no frame. A stream that has lost its frames does not find
them again: its owner closes it.

Odd cases: the priority octet is that of the Japanese variant and 0 elsewhere; a filler may be
anything (§4.1.3), and the nodes of this project put their name there, which nobody else needs.
"""

from enum import IntEnum
from struct import Struct
from typing import NamedTuple

VERSION = 1
CLASS_M2PA = 11
USER_DATA = 1
LINK_STATUS = 2

HEADER_OCTETS = 16
UNIT_OCTETS = HEADER_OCTETS + 1
"""What precedes a signal unit: headers and priority octet."""

FRAME_LIMIT_OCTETS = HEADER_OCTETS + 4_096
"""The longest frame taken in; a message signal unit has at most 273 octets (Q.703 §2.3.8)."""

SEQUENCE_MASK = 0xFFFFFF
NAME_LIMIT_OCTETS = 64

UNIT_START = VERSION << 24 | CLASS_M2PA << 8 | USER_DATA
"""The first 32 bits of User Data."""
STATUS_START = VERSION << 24 | CLASS_M2PA << 8 | LINK_STATUS
"""The first 32 bits of Link Status."""

HEADER = Struct(">IIII")
"""First word, length, BSN, FSN."""
UNIT_HEADER = Struct(">IIIIB")
_STATUS = Struct(">IIIII")
_STATE = Struct(">I")


class M2paError(ValueError):
    """The far end sent what is no M2PA; the text says what."""


class Status(IntEnum):
    """States of Link Status (RFC 4165 §2.3.2)."""

    ALIGNMENT = 1
    PROVING_NORMAL = 2
    PROVING_EMERGENCY = 3
    READY = 4
    PROCESSOR_OUTAGE = 5
    PROCESSOR_RECOVERED = 6
    BUSY = 7
    BUSY_ENDED = 8
    OUT_OF_SERVICE = 9


class Frame(NamedTuple):
    """A decoded frame: `status` is None for User Data."""

    bsn: int
    fsn: int
    status: Status | None
    body: bytes
    """The priority octet and the signal unit, b"" in an acknowledgement; or a status's filler."""


def unit_frame(bsn: int, fsn: int, octets: bytes) -> bytes:
    """User Data with a signal unit, from the service information octet on.

    >>> unit_frame(0xFFFFFF, 0, bytes.fromhex("85")).hex(" ", 4)
    '01 000b0100 00001200 ffffff00 00000000 85'
    """
    return UNIT_HEADER.pack(UNIT_START, UNIT_OCTETS + len(octets), bsn, fsn, 0) + octets


def acknowledgement_frame(bsn: int, fsn: int) -> bytes:
    """User Data without data: it acknowledges, and is not acknowledged (RFC 4165 §4.2.1)."""
    return HEADER.pack(UNIT_START, HEADER_OCTETS, bsn, fsn)


def status_frame(bsn: int, fsn: int, status: Status, filler: bytes = b"") -> bytes:
    """Link Status."""
    return _STATUS.pack(STATUS_START, _STATUS.size + len(filler), bsn, fsn, status) + filler


def decode(octets: bytes) -> Frame:
    """The one frame that these octets are; M2paError when they are none.

    The spare octets of header and sequence numbers are not looked at.
    """
    if len(octets) < HEADER_OCTETS:
        raise M2paError(f"{len(octets)} octets: no M2PA (RFC 4165 §2.1)")
    start, length, bsn, fsn = HEADER.unpack_from(octets)
    _check_header(start, length)
    if length != len(octets):
        raise M2paError(f"a frame of {length} octets in {len(octets)}")
    body = octets[HEADER_OCTETS:]
    kind = start & 0xFF
    if kind == USER_DATA:
        return Frame(bsn & SEQUENCE_MASK, fsn & SEQUENCE_MASK, None, body)
    if kind != LINK_STATUS or len(body) < _STATE.size:
        raise M2paError(f"message type {kind} with {len(body)} octets")
    (state,) = _STATE.unpack_from(body)
    try:
        status = Status(state)
    except ValueError as error:
        raise M2paError(f"link status {state} (RFC 4165 §2.3.2)") from error
    return Frame(bsn & SEQUENCE_MASK, fsn & SEQUENCE_MASK, status, body[_STATE.size :])


class Deframer:
    """Cuts a byte stream into frames, however it arrives."""

    def __init__(self) -> None:
        self._buffer = b""

    def frames(self, data: bytes) -> list[bytes]:
        """The frames that are whole now; M2paError, and no more, when there is none to be found."""
        buffer = self._buffer + data if self._buffer else data
        frames = []
        place = 0
        while len(buffer) - place >= HEADER_OCTETS:
            start, length, _, _ = HEADER.unpack_from(buffer, place)
            _check_header(start, length)
            if len(buffer) - place < length:
                break
            frames.append(buffer[place : place + length])
            place += length
        self._buffer = buffer[place:]
        return frames


def _check_header(start: int, length: int) -> None:
    version, kind = start >> 24, start >> 8 & 0xFF
    if version != VERSION or kind != CLASS_M2PA:
        raise M2paError(f"version {version}, class {kind}: no M2PA (RFC 4165 §2.1)")
    if not HEADER_OCTETS <= length <= FRAME_LIMIT_OCTETS:
        raise M2paError(f"a frame of {length} octets")
