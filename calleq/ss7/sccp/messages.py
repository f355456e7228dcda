"""SCCP's connectionless messages, typed (Q.713 §4.10–§4.11, §4.18–§4.21).

Owns the closed union of what `codec` writes and reads. Every message has the two addresses and the
data; a service message brings the data back to its sender with a cause. `other` holds optional
parameters that nobody here knows, as (code, octets), untouched and in their order.
"""

import msgspec

from calleq.ss7.sccp.values import PartyAddress, ReturnCause

HOPS = 15
"""The highest hop counter, and the one that messages start with (Q.713 §3.18)."""
CLASS_IN_SEQUENCE = 1
"""Protocol class 1: sequenced; 0: not."""

Parameters = tuple[tuple[int, bytes], ...]


class Segmentation(msgspec.Struct, frozen=True, gc=False):
    """Which part of a longer message this is (Q.713 §3.17)."""

    first: bool
    remaining: int
    """Segments that follow, 0 to 15."""
    reference: int
    """Segmentation local reference, 24 bits: the same in all segments."""
    in_sequence: bool = False
    """Whether the user asked for class 1; segments themselves always go in class 1."""


class Udt(msgspec.Struct, frozen=True):
    """Unitdata (§4.10)."""

    called: PartyAddress
    calling: PartyAddress
    data: bytes
    protocol_class: int = 0
    return_on_error: bool = False


class Udts(msgspec.Struct, frozen=True):
    """Unitdata service: the data of a UDT comes back (§4.11)."""

    called: PartyAddress
    calling: PartyAddress
    data: bytes
    cause: int = ReturnCause.UNQUALIFIED


class Xudt(msgspec.Struct, frozen=True):
    """Extended unitdata (§4.18)."""

    called: PartyAddress
    calling: PartyAddress
    data: bytes
    protocol_class: int = 0
    return_on_error: bool = False
    hop_counter: int = HOPS
    segmentation: Segmentation | None = None
    importance: int | None = None
    """0 to 7; None: not included."""
    other: Parameters = ()


class Xudts(msgspec.Struct, frozen=True):
    """Extended unitdata service (§4.19)."""

    called: PartyAddress
    calling: PartyAddress
    data: bytes
    cause: int = ReturnCause.UNQUALIFIED
    hop_counter: int = HOPS
    segmentation: Segmentation | None = None
    importance: int | None = None
    other: Parameters = ()


class Ludt(Xudt, frozen=True):
    """Long unitdata (§4.20): an XUDT for links that carry long units; data up to 3952 octets."""


class Ludts(Xudts, frozen=True):
    """Long unitdata service (§4.21)."""


DataMessage = Udt | Xudt | Ludt
ServiceMessage = Udts | Xudts | Ludts
Message = DataMessage | ServiceMessage
