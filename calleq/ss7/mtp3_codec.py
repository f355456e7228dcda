"""Message signal units as octets: service information octet, routing label, payload.

Owns the ITU layout of Q.704 §2.2 and §14.2: the service information octet (service indicator in the
low four bits, network indicator in the high two), then 32 bits of label, least significant octet
first: destination and origin of 14 bits, link selection of 4. Refuses units whose signalling
information field is longer than 272 octets (Q.703 §2.3.8) or too short to hold a label.

Octets mean the same whenever they come, and most come again (a circuit's ACM, RLC …; a transfer
point and the node behind it read the same ones): the last `KEPT_UNITS` forms are kept both ways.

Odd case: the two spare (national: priority) bits of the service information octet are sent as 0 and
not looked at when received.
"""

from functools import lru_cache
from struct import Struct

from calleq.ss7.mtp3 import Msu, Mtp3Error

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


def _misfit(msu: Msu) -> str:
    for name, value, bits in (
        ("destination", msu.destination, 14),
        ("origin", msu.origin, 14),
        ("selection", msu.selection, 4),
        ("service", msu.service, 4),
        ("network", msu.network, 2),
    ):
        if value >> bits:
            return f"{name} {value} does not fit into {bits} bits (Q.704 §2.2, §14.2)"
    raise AssertionError("every field fits")
