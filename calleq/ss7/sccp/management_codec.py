"""Messages of SCCP management as the data of unitdata to subsystem 1 (Q.713 §5, T1.112.3 §5).

Owns their six forms: which subsystem at which point is allowed, prohibited, tested, asks to go out
of service, may, or is congested. Octets behind a message are not looked at. Refuses with SccpError
what is cut off, of an unknown kind, or does not fit.
"""

from enum import IntEnum

import msgspec

from calleq.ss7.sccp.values import SccpError
from calleq.ss7.variant import ITU, Variant


class Kind(IntEnum):
    """Format identifiers (Q.713 table 24)."""

    SSA = 1
    """Subsystem allowed."""
    SSP = 2
    """Subsystem prohibited."""
    SST = 3
    """Subsystem status test."""
    SOR = 4
    """Subsystem out of service request."""
    SOG = 5
    """Subsystem out of service grant."""
    SSC = 6
    """SCCP congested: ITU alone."""


class Management(msgspec.Struct, frozen=True, gc=False):
    """One message of SCCP management."""

    kind: Kind
    ssn: int
    """Affected subsystem; 1 is SCCP itself."""
    point_code: int
    """Where it is."""
    multiplicity: int = 0
    """Subsystem multiplicity indicator: 0 not known, 1 solitary, 2 duplicated."""
    congestion: int = 0
    """SSC only: level 0 to 8 of the SCCP there."""


_KINDS = {int(kind): kind for kind in Kind}


def encode_management(message: Management, variant: Variant = ITU) -> bytes:
    """The data of the unitdata; SccpError when a field does not fit.

    >>> encode_management(Management(Kind.SSP, 241, 4593)).hex()
    '02f1f11100'
    """
    bits = variant.point_code_bits
    if message.ssn >> 8 or message.point_code >> bits or message.multiplicity >> 2:
        raise SccpError(f"{message} does not fit (Q.713 §5.2)")
    octets = bytes((message.kind, message.ssn))
    octets += message.point_code.to_bytes((bits + 7) // 8, "little")
    octets += bytes((message.multiplicity,))
    if message.kind is Kind.SSC:
        if variant is not ITU or message.congestion >> 4:
            raise SccpError(f"SSC of level {message.congestion}: Q.713's alone, at most 15")
        octets += bytes((message.congestion,))
    return octets


def decode_management(data: bytes, variant: Variant = ITU) -> Management:
    """The message of the data of a unitdata to subsystem 1; SccpError when it is none."""
    kind = _KINDS.get(data[0]) if data else None
    if kind is None or (kind is Kind.SSC and variant is not ITU):
        raise SccpError(f"{data[:1].hex() or 'nothing'} is no message of SCCP management (§5.3)")
    octets = (variant.point_code_bits + 7) // 8
    expected = 3 + octets + (kind is Kind.SSC)
    if len(data) < expected:
        raise SccpError(f"{kind.name} of {len(data)} octets: {expected} (Q.713 §5.3)")
    code = int.from_bytes(data[2 : 2 + octets], "little") & (1 << variant.point_code_bits) - 1
    congestion = data[3 + octets] & 15 if kind is Kind.SSC else 0
    return Management(kind, data[1], code, data[2 + octets] & 3, congestion)
