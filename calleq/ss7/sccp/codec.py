"""SCCP's connectionless messages as octets, ITU and ANSI (Q.713 §2, §4; T1.112.3).

Owns the layouts: message type, fixed part, pointers, the variable parts they lead to, optional
parameters. `encode` refuses fields that do not fit, `decode` octets that are no such message, both
with SccpError and nothing else: pointers that lead into the fixed part or past the end, parts that
are cut off, optional parameters without an end, doubled, or of a length that is not theirs, classes
other than 0 and 1, messages of connections.

Both variants differ in the addresses alone. Pointers may lead to the parts in any order; octets
between or behind them are not looked at. Optional parameters that nobody knows are kept as they
are, behind the known ones.

>>> from calleq.ss7.sccp.values import PartyAddress
>>> address = PartyAddress(ssn=241)
>>> encode(Udt(address, address, b"hi", return_on_error=True)).hex()
'09800305070242f10242f1026869'
"""

from collections.abc import Callable
from typing import NamedTuple

from calleq.ss7.sccp.address_codec import decode_address, encode_address
from calleq.ss7.sccp.messages import (
    HOPS,
    Ludt,
    Ludts,
    Message,
    Parameters,
    Segmentation,
    Udt,
    Udts,
    Xudt,
    Xudts,
)
from calleq.ss7.sccp.values import SccpError
from calleq.ss7.variant import ITU, Variant

SIF_LIMIT_OCTETS = 272
"""Of a signal unit, the label included (Q.703 §2.3.8, T1.111.3)."""
MESSAGE_LIMIT_OCTETS = SIF_LIMIT_OCTETS - ITU.label_octets
"""What an ITU unit carries beside its label of four octets; an ANSI unit has three fewer."""
LONG_LIMIT_OCTETS = 4_091
"""What a unit of a broadband link carries (Q.2210): long unitdata only."""
SHORT_DATA_LIMIT_OCTETS = 255
LONG_DATA_LIMIT_OCTETS = 3_952
"""Q.713 §3.16, table 3."""

SEGMENTATION = 0x10
IMPORTANCE = 0x12
END_OF_PARAMETERS = 0x00
KNOWN_PARAMETERS = (END_OF_PARAMETERS, SEGMENTATION, IMPORTANCE)

_LONG_TYPES = 0x13
"""Types from here on are long unitdata."""
_RETURN = 0x80
_FIRST = 0x80
_IN_SEQUENCE = 0x40
_REFERENCE_BITS = 24
_SEGMENTATION_OCTETS = 4
_IMPORTANCES = 8


class Layout(NamedTuple):
    """One message type: how its octets are laid out."""

    name: str
    clause: str
    pointer_octets: int
    """Of each pointer; where they are two, so are those of the length of the data."""
    extended: bool
    """Whether it has a hop counter and optional parameters."""


LAYOUTS = {
    0x09: Layout("UDT", "§4.10", 1, False),
    0x0A: Layout("UDTS", "§4.11", 1, False),
    0x11: Layout("XUDT", "§4.18", 1, True),
    0x12: Layout("XUDTS", "§4.19", 1, True),
    0x13: Layout("LUDT", "§4.20", 2, True),
    0x14: Layout("LUDTS", "§4.21", 2, True),
}
MESSAGE_TYPES: dict[type[Message], int] = {
    Udt: 0x09,
    Udts: 0x0A,
    Xudt: 0x11,
    Xudts: 0x12,
    Ludt: 0x13,
    Ludts: 0x14,
}


class MessageCodec(NamedTuple):
    """How one variant writes and reads messages; both raise SccpError and nothing else."""

    encode: Callable[[Message], bytes]
    decode: Callable[[bytes], Message]


def message_codec(variant: Variant) -> MessageCodec:
    """The codec of a variant."""
    if variant is ITU:
        return MessageCodec(encode, decode)
    return MessageCodec(
        lambda message: encode(message, variant), lambda read: decode(read, variant)
    )


def limit_octets(variant: Variant) -> int:
    """The longest message that one unit of a variant carries."""
    return SIF_LIMIT_OCTETS - variant.label_octets


def encode(message: Message, variant: Variant = ITU) -> bytes:
    """The octets of a message; SccpError when a field does not fit."""
    code = MESSAGE_TYPES[type(message)]
    if isinstance(message, Udt | Xudt):
        if message.protocol_class >> 1:
            raise SccpError(f"protocol class {message.protocol_class}: 0 or 1 (Q.713 §3.6)")
        kind = message.protocol_class | (_RETURN if message.return_on_error else 0)
    else:
        kind = _octet(message.cause, "return cause")
    called = encode_address(message.called, variant)
    calling = encode_address(message.calling, variant)
    data = message.data
    if isinstance(message, Udt | Udts):
        if not 0 < len(data) <= SHORT_DATA_LIMIT_OCTETS:
            raise _wrong_data(data, SHORT_DATA_LIMIT_OCTETS)
        second = 3 + len(called)
        third = second + len(calling)
        if third + len(data) + 5 > limit_octets(variant):
            raise _too_long(third + len(data) + 5)
        if third >> 8:
            raise _too_far(third)
        return b"%c%c\x03%c%c%c%b%c%b%c%b" % (
            code, kind, second, third, len(called), called, len(calling), calling, len(data), data,
        )  # fmt: skip
    if not 0 <= message.hop_counter <= HOPS:
        raise SccpError(f"hop counter {message.hop_counter}: 0 to {HOPS} (Q.713 §3.18)")
    fixed = bytes((code, kind, message.hop_counter))
    octets = _join(LAYOUTS[code], fixed, called, calling, data, _optional_part(message))
    limit = limit_octets(variant) if code < _LONG_TYPES else LONG_LIMIT_OCTETS
    if len(octets) > limit:
        raise _too_long(len(octets))
    return octets


def decode(octets: bytes, variant: Variant = ITU) -> Message:
    """The message of the octets; SccpError when they are none, saying what is wrong."""
    if len(octets) < 2 or len(octets) > LONG_LIMIT_OCTETS:
        raise SccpError(f"{len(octets)} octets are no message of SCCP")
    code, kind = octets[0], octets[1]
    layout = LAYOUTS.get(code)
    if layout is None:
        raise SccpError(f"message type 0x{code:02x} is none of connectionless service (Q.713 §2.1)")
    if code < _LONG_TYPES and len(octets) > limit_octets(variant):
        raise _too_long(len(octets))
    called, calling, data, optional = _split(layout, octets)
    to = decode_address(called, variant)
    come_from = decode_address(calling, variant)
    returned = False
    if code & 1:  # the messages of users; those that bring them back have even types
        if kind & 15 > 1:
            raise SccpError(f"{layout.name} of protocol class {kind & 15}: 0 or 1 (Q.713 §3.6)")
        returned = bool(kind & _RETURN)
        kind &= 1
    if not layout.extended:
        _check_overlap(layout, octets, called, calling, data, 0)
        if code == 0x09:
            return Udt(to, come_from, data, kind, returned)
        return Udts(to, come_from, data, kind)
    hops = octets[2]
    if hops > HOPS:
        raise SccpError(f"hop counter {hops}: at most {HOPS} (Q.713 §3.18)")
    segmentation, importance, other, used = _parameters(optional)
    _check_overlap(layout, octets, called, calling, data, used)
    if code & 1:
        return (Xudt if code == 0x11 else Ludt)(
            to, come_from, data, kind, returned, hops, segmentation, importance, other
        )
    return (Xudts if code == 0x12 else Ludts)(
        to, come_from, data, kind, hops, segmentation, importance, other
    )


def _split(layout: Layout, octets: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    """Called address, calling address, data and optional part, where the pointers say they are."""
    width = layout.pointer_octets
    at = 3 if layout.extended else 2
    count = 4 if layout.extended else 3
    behind = at + count * width
    if len(octets) < behind:
        raise SccpError(f"{layout.name} ends before its pointers do ({layout.clause})")
    starts: list[int] = []
    for place in range(at, behind, width):
        pointer = int.from_bytes(octets[place : place + width], "little")
        # A pointer counts from itself, the longer one from its second octet (Q.713 §2.3).
        start = place + width - 1 + pointer
        if not pointer and len(starts) == 3:
            return _called_calling_data(layout, octets, starts, b"")
        if not behind <= start < len(octets):
            raise SccpError(f"{layout.name}: a pointer leads to octet {start} of {len(octets)}")
        starts.append(start)
    optional = octets[starts[3] :] if layout.extended else b""
    return _called_calling_data(layout, octets, starts, optional)


def _called_calling_data(
    layout: Layout, octets: bytes, starts: list[int], optional: bytes
) -> tuple[bytes, bytes, bytes, bytes]:
    called = _part(layout, octets, starts[0], 1)
    calling = _part(layout, octets, starts[1], 1)
    data = _part(layout, octets, starts[2], layout.pointer_octets)
    if not data:
        raise SccpError(f"{layout.name} without data (Q.713 §3.16)")
    return called, calling, data, optional


def _check_overlap(
    layout: Layout, octets: bytes, called: bytes, calling: bytes, data: bytes, optional: int
) -> None:
    """Refuse parts that lie over each other: what is read could not be written."""
    # Beside them: type, class or cause, hop counter; pointers and lengths of one octet or two.
    needed = 5 + 5 * layout.pointer_octets if layout.extended else 8
    needed += len(called) + len(calling) + len(data) + optional
    if needed > len(octets):
        raise SccpError(f"{layout.name}: its parts lie over each other (Q.713 §2.3)")


def _part(layout: Layout, octets: bytes, start: int, width: int) -> bytes:
    """The contents of a variable part, behind its length."""
    end = start + width + int.from_bytes(octets[start : start + width], "little")
    if end > len(octets) or start + width > len(octets):
        raise SccpError(f"{layout.name}: a part ends at octet {end} of {len(octets)}")
    return octets[start + width : end]


def _join(
    layout: Layout, fixed: bytes, called: bytes, calling: bytes, data: bytes, optional: bytes
) -> bytes:
    """The octets of an extended or long message."""
    width = layout.pointer_octets
    limit = LONG_DATA_LIMIT_OCTETS if width == 2 else SHORT_DATA_LIMIT_OCTETS
    if not 0 < len(data) <= limit:
        raise _wrong_data(data, limit)
    # The first pointer counts the pointers behind it; each later one stands nearer to its part.
    first = 3 * width + 1
    second = first - width + 1 + len(called)
    third = second - width + 1 + len(calling)
    fourth = third + len(data) if optional else 0
    pointers = (first, second, third, fourth)
    if max(pointers) >> 8 * width:
        raise _too_far(max(pointers))
    return b"".join(
        (
            fixed,
            *(pointer.to_bytes(width, "little") for pointer in pointers),
            bytes((len(called),)),
            called,
            bytes((len(calling),)),
            calling,
            len(data).to_bytes(width, "little"),
            data,
            optional,
        )
    )


def _optional_part(message: Xudt | Xudts) -> bytes:
    """The optional parameters with their end, or nothing where there are none."""
    found: list[tuple[int, bytes]] = []
    part = message.segmentation
    if part is not None:
        if part.remaining >> 4 or part.reference >> _REFERENCE_BITS:
            raise SccpError(f"{part} does not fit (Q.713 §3.17)")
        head = part.remaining | (_IN_SEQUENCE if part.in_sequence else 0)
        head |= _FIRST if part.first else 0
        found.append((SEGMENTATION, bytes((head,)) + part.reference.to_bytes(3, "little")))
    if message.importance is not None:
        if not 0 <= message.importance < _IMPORTANCES:
            raise SccpError(f"importance {message.importance}: 0 to 7 (Q.713 §3.19)")
        found.append((IMPORTANCE, bytes((message.importance,))))
    for code, contents in message.other:
        if code in KNOWN_PARAMETERS:
            raise SccpError(f"parameter 0x{code:02x} has a field of its own")
        if len(contents) > 255:
            raise SccpError(f"parameter 0x{code:02x} of {len(contents)} octets: at most 255")
        found.append((_octet(code, "parameter"), contents))
    if not found:
        return b""
    return b"".join(b"%c%c%b" % (code, len(held), held) for code, held in found) + b"\x00"


def _parameters(octets: bytes) -> tuple[Segmentation | None, int | None, Parameters, int]:
    """Segmentation, importance, the parameters that nobody knows, and how many octets they are."""
    if not octets:
        return None, None, (), 0
    segmentation = importance = None
    other = []
    at = 0
    while octets[at] != END_OF_PARAMETERS:
        if at + 2 > len(octets) or at + 2 + octets[at + 1] >= len(octets):
            raise SccpError("optional parameters without an end (Q.713 §2.6)")
        code = octets[at]
        contents = octets[at + 2 : at + 2 + octets[at + 1]]
        at += 2 + len(contents)
        if code == SEGMENTATION and segmentation is None:
            if len(contents) != _SEGMENTATION_OCTETS:
                raise SccpError(f"segmentation of {len(contents)} octets: 4 (Q.713 §3.17)")
            head = contents[0]
            segmentation = Segmentation(
                bool(head & _FIRST),
                head & 15,
                int.from_bytes(contents[1:], "little"),
                bool(head & _IN_SEQUENCE),
            )
        elif code == IMPORTANCE and importance is None:
            if len(contents) != 1:
                raise SccpError(f"importance of {len(contents)} octets: 1 (Q.713 §3.19)")
            importance = contents[0] & _IMPORTANCES - 1
        elif code in KNOWN_PARAMETERS:
            raise SccpError(f"optional parameter 0x{code:02x} comes twice")
        else:
            other.append((code, contents))
    return segmentation, importance, tuple(other), at + 1


def _octet(value: int, name: str) -> int:
    if not 0 <= value < 256:
        raise SccpError(f"{name} {value} does not fit into an octet")
    return value


def _wrong_data(data: bytes, limit: int) -> SccpError:
    return SccpError(f"data of {len(data)} octets: 1 to {limit} (Q.713 §3.16)")


def _too_far(pointer: int) -> SccpError:
    return SccpError(f"a pointer of {pointer}: it does not fit (Q.713 §2.3)")


def _too_long(length: int) -> SccpError:
    return SccpError(f"message of {length} octets: one signal unit does not carry it")
