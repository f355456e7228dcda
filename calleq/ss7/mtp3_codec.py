"""Message signal units as octets: service information octet, routing label, payload.

Owns the ITU layout of Q.704 §2.2 and §14.2 (`encode`, `decode`): the service information octet
(service indicator in the low four bits, network indicator in the high two), then 32 bits of label,
least significant octet first: destination and origin of 14 bits, link selection of 4. The ANSI
layout of T1.111.4 (what `unit_codec` gives for it) has 24-bit point codes, eight bits for the
selection, and a priority in the service information octet. Refuses units whose signalling
information field is longer than 272 octets (Q.703 §2.3.8) or too short to hold a label.

Octets mean the same whenever they come, and most come again (a circuit's ACM, RLC …; a transfer
point and the node behind it read the same ones): the last `KEPT_UNITS` forms are kept both ways.

Odd case: in ITU units the two spare (national: priority) bits of the service information octet are
sent as 0 and not looked at when received.
"""

from collections.abc import Callable
from functools import lru_cache
from struct import Struct
from typing import NamedTuple

from calleq.ss7.mtp3 import Msu, Mtp3Error
from calleq.ss7.variant import ITU, Variant

LABEL_OCTETS = 4
SIF_LIMIT_OCTETS = 272
"""The longest signalling information field: label and payload together (Q.703 §2.3.8)."""

KEPT_UNITS = 16_384

_HEAD_OCTETS = 1 + LABEL_OCTETS
_LIMIT_OCTETS = 1 + SIF_LIMIT_OCTETS
_PAYLOAD_LIMIT_OCTETS = SIF_LIMIT_OCTETS - LABEL_OCTETS
_HEAD = Struct("<BI")


@lru_cache(maxsize=KEPT_UNITS)
def encode(msu: Msu) -> bytes:
    """The octets from the service information octet on; Mtp3Error when a field does not fit.

    >>> encode(Msu(destination=2, origin=1, selection=3, payload=b"")).hex()
    '8502400030'
    """
    destination = msu.destination
    origin = msu.origin
    selection = msu.selection
    service = msu.service
    network = msu.network
    payload = msu.payload
    if destination >> 14 or origin >> 14 or selection >> 4 or service >> 4 or network >> 2:
        raise Mtp3Error(_misfit(msu))
    if len(payload) > _PAYLOAD_LIMIT_OCTETS:
        raise Mtp3Error(
            f"payload of {len(payload)} octets: at most {_PAYLOAD_LIMIT_OCTETS} fit (Q.703 §2.3.8)"
        )
    label = destination | origin << 14 | selection << 28
    return _HEAD.pack(service | network << 6, label) + payload


@lru_cache(maxsize=KEPT_UNITS)
def decode(octets: bytes) -> Msu:
    """The unit of the octets; Mtp3Error when they are too short or too long for one."""
    if not _HEAD_OCTETS <= len(octets) <= _LIMIT_OCTETS:
        raise Mtp3Error(
            f"{len(octets)} octets: a message signal unit has {_HEAD_OCTETS} to {_LIMIT_OCTETS}"
        )
    information, label = _HEAD.unpack_from(octets)
    return Msu(
        label & 0x3FFF,
        label >> 14 & 0x3FFF,
        label >> 28,
        octets[_HEAD_OCTETS:],
        information & 15,
        information >> 6,
    )


def forget() -> None:
    """Drop the forms that are kept, so that what else holds memory can be seen."""
    encode.cache_clear()
    decode.cache_clear()


class UnitCodec(NamedTuple):
    """How one variant writes and reads a unit; both raise Mtp3Error and nothing else."""

    encode: Callable[[Msu], bytes]
    decode: Callable[[bytes], Msu]


def unit_codec(variant: Variant) -> UnitCodec:
    """The codec of a variant.

    >>> from calleq.ss7.variant import ANSI
    >>> unit_codec(ANSI).encode(Msu(0x010203, 0x010204, 0xA5, b"")).hex()
    '85030201040201a5'
    """
    if variant is ITU:
        return UnitCodec(encode, decode)

    def encode_wide(msu: Msu) -> bytes:
        return _encode_wide(msu, variant)

    def decode_wide(octets: bytes) -> Msu:
        return _decode_wide(octets, variant)

    return UnitCodec(encode_wide, decode_wide)


def _encode_wide(msu: Msu, variant: Variant) -> bytes:
    """The octets of an ANSI unit (T1.111.4 §2.2, §14.2)."""
    bits = variant.point_code_bits
    if (
        (msu.destination | msu.origin) >> bits
        or msu.selection >> variant.selection_bits
        or msu.service >> 4
        or (msu.network | msu.priority) >> 2
    ):
        raise Mtp3Error(_misfit(msu, variant))
    limit = SIF_LIMIT_OCTETS - variant.label_octets
    if len(msu.payload) > limit:
        raise Mtp3Error(f"payload of {len(msu.payload)} octets: at most {limit} fit (T1.111.3)")
    information = msu.service | msu.priority << 4 | msu.network << 6
    label = msu.destination | msu.origin << bits | msu.selection << 2 * bits
    head = bytes((information,)) + label.to_bytes(variant.label_octets, "little")
    return head + msu.payload


def _decode_wide(octets: bytes, variant: Variant) -> Msu:
    """The ANSI unit of the octets; selection bits that the variant does not use are ignored."""
    head = 1 + variant.label_octets
    if not head <= len(octets) <= _LIMIT_OCTETS:
        raise Mtp3Error(
            f"{len(octets)} octets: a message signal unit has {head} to {_LIMIT_OCTETS}"
        )
    bits = variant.point_code_bits
    label = int.from_bytes(octets[1:head], "little")
    mask = (1 << bits) - 1
    information = octets[0]
    return Msu(
        label & mask,
        label >> bits & mask,
        label >> 2 * bits & variant.selections - 1,
        octets[head:],
        information & 15,
        information >> 6,
        information >> 4 & 3,
    )


def _misfit(msu: Msu, variant: Variant = ITU) -> str:
    for name, value, bits in (
        ("destination", msu.destination, variant.point_code_bits),
        ("origin", msu.origin, variant.point_code_bits),
        ("selection", msu.selection, variant.selection_bits),
        ("service", msu.service, 4),
        ("network", msu.network, 2),
        ("priority", msu.priority, 2),
    ):
        if value >> bits:
            return f"{name} {value} does not fit into {bits} bits (Q.704 §2.2, §14.2)"
    raise AssertionError("every field fits")
