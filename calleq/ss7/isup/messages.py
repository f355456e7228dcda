"""The messages of an ISUP basic call, typed (Q.762 §2, Q.763 §4); `codec` turns them into octets.

Every message is frozen. `other` keeps the optional parameters that have no field of their own, as
(parameter name code, contents), in the order in which they arrived, so that nothing is lost on the
way through a switch.
"""

from enum import IntEnum

import msgspec


class IsupError(ValueError):
    """The octets, or the fields given, are no ISUP message; the text says which part and why."""


class Nature(IntEnum):
    """Nature of address indicator (Q.763 §3.9 b)."""

    SUBSCRIBER = 1
    UNKNOWN = 2
    NATIONAL = 3
    INTERNATIONAL = 4


class Presentation(IntEnum):
    """Address presentation restricted indicator (Q.763 §3.10 e)."""

    ALLOWED = 0
    RESTRICTED = 1
    NOT_AVAILABLE = 2


class Location(IntEnum):
    """Where a cause was generated (Q.850 §2.2.3)."""

    USER = 0
    PRIVATE_LOCAL = 1
    PUBLIC_LOCAL = 2
    TRANSIT = 3
    PUBLIC_REMOTE = 4
    PRIVATE_REMOTE = 5
    INTERNATIONAL = 7
    BEYOND_INTERWORKING = 10


class CalledNumber(msgspec.Struct, frozen=True, gc=False):
    """Called party number (Q.763 §3.9); `digits` are 0-9, b, c and, for ST, f."""

    digits: str
    nature: int = Nature.INTERNATIONAL
    plan: int = 1
    internal_network: int = 0


class CallingNumber(msgspec.Struct, frozen=True, gc=False):
    """Calling party number (Q.763 §3.10)."""

    digits: str
    nature: int = Nature.INTERNATIONAL
    plan: int = 1
    incomplete: int = 0
    presentation: int = Presentation.ALLOWED
    screening: int = 3


class Cause(msgspec.Struct, frozen=True, gc=False):
    """Cause indicators (Q.763 §3.12, Q.850 §2)."""

    value: int
    location: int = Location.PUBLIC_LOCAL
    coding: int = 0
    diagnostics: bytes = b""


Other = tuple[tuple[int, bytes], ...]


class Iam(msgspec.Struct, frozen=True, gc=False):
    """Initial address message: seizes the circuit (Q.763 Table 32)."""

    cic: int
    called: CalledNumber
    calling: CallingNumber | None = None
    nature_of_connection: int = 0
    forward_call: int = 0x6001
    """Q.763 §3.23, first octet the higher: ISUP all the way, ISDN access."""
    category: int = 10
    medium: int = 3
    """Transmission medium requirement (Q.763 §3.54): 0 speech, 3 3.1 kHz audio."""
    other: Other = ()


class Acm(msgspec.Struct, frozen=True, gc=False):
    """Address complete message (Q.763 Table 21)."""

    cic: int
    backward_call: int = 0x0000
    cause: Cause | None = None
    other: Other = ()


class Cpg(msgspec.Struct, frozen=True, gc=False):
    """Call progress message (Q.763 Table 23); event 1 is alerting (§3.21)."""

    cic: int
    event: int
    cause: Cause | None = None
    other: Other = ()


class Anm(msgspec.Struct, frozen=True, gc=False):
    """Answer message (Q.763 Table 22)."""

    cic: int
    other: Other = ()


class Con(msgspec.Struct, frozen=True, gc=False):
    """Connect message: address complete and answer in one (Q.763 Table 24)."""

    cic: int
    backward_call: int = 0x0000
    other: Other = ()


class Rel(msgspec.Struct, frozen=True, gc=False):
    """Release message (Q.763 Table 33)."""

    cic: int
    cause: Cause
    other: Other = ()


class Rlc(msgspec.Struct, frozen=True, gc=False):
    """Release complete message (Q.763 Table 34)."""

    cic: int
    cause: Cause | None = None
    other: Other = ()


class Rsc(msgspec.Struct, frozen=True, gc=False):
    """Reset circuit message (Q.763 Table 39)."""

    cic: int


class Unknown(msgspec.Struct, frozen=True, gc=False):
    """A message whose type calleq does not act on; `body` is every octet after the type."""

    cic: int
    message_type: int
    body: bytes


Message = Iam | Acm | Cpg | Anm | Con | Rel | Rlc | Rsc | Unknown
