"""What the parameters of ISUP messages hold, where it is more than a number (Q.763 §3).

Owns the typed contents of mandatory parameters and the one error of this boundary. Bit fields that
call control reads from plain numbers stand in `indicators`, contents of optional parameters in
`optional_types`.
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


class GroupKind(IntEnum):
    """Circuit group supervision message type indicator (Q.763 §3.13)."""

    MAINTENANCE = 0
    HARDWARE = 1


class CallState(IntEnum):
    """Call processing state of an equipped circuit (Q.763 §3.14, bits DC)."""

    NONE = 0
    """No call: the maintenance bits say transient (0), spare, or unequipped (3)."""
    INCOMING = 1
    OUTGOING = 2
    IDLE = 3


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


class RangeStatus(msgspec.Struct, frozen=True, gc=False):
    """Range and status (Q.763 §3.43): a run of circuits, and a bit for each or none at all.

    The first circuit is that of the message; `span` more follow it. Bit n of `status` (n = 0 the
    lowest) is for circuit CIC + n; spare bits of the last octet are kept above them.
    """

    span: int
    """The range field: one less than the circuits covered."""
    status: int | None = None
    """None in GRS, CQM and CQR, which carry the range alone."""

    @property
    def circuits(self) -> int:
        """How many circuits the range covers."""
        return self.span + 1

    def covered(self, cic: int) -> range:
        """The circuits of the range in a message with that circuit identification code."""
        return range(cic, cic + self.span + 1)

    def marked(self, cic: int) -> list[int]:
        """The circuits whose status bit is 1 in a message with that circuit identification code."""
        status = self.status or 0
        return [cic + n for n in range(self.span + 1) if status >> n & 1]


def range_status(first: int, circuits: int, marked: "set[int] | list[int] | range") -> RangeStatus:
    """Range and status over `circuits` circuits from `first` on, with the bits of `marked` set.

    >>> range_status(8, 4, [8, 11])
    RangeStatus(span=3, status=9)
    """
    return RangeStatus(circuits - 1, sum(1 << cic - first for cic in marked))


class CircuitState(msgspec.Struct, frozen=True, gc=False):
    """State of one circuit in CQR (Q.763 §3.14)."""

    call: int = CallState.IDLE
    maintenance: int = 0
    """Equipped: bit 0 locally, bit 1 remotely blocked. No call: 0 transient, 3 unequipped."""
    hardware: int = 0
    """Bit 0 locally, bit 1 remotely blocked; not given while transient or unequipped."""


UNEQUIPPED_CIRCUIT = CircuitState(call=CallState.NONE, maintenance=3)
TRANSIENT_CIRCUIT = CircuitState(call=CallState.NONE, maintenance=0)

Other = tuple[tuple[int, bytes], ...]
"""Optional parameters without a field, as (name code, contents), in the order of arrival."""
