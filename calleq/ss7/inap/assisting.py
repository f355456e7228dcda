"""What an IAM to a peripheral says of the SCP that sent the party there (Q.763 §3.70, §3.71).

Owns the two optional parameters, both directions: the switch writes them, the peripheral reads
them. The correlation id is coded as generic digits, the SCF id as the SCP wrote it.
"""

from calleq.ss7.inap.digits import digits_of
from calleq.ss7.inap.errors import InapError
from calleq.ss7.isup.messages import IsupError
from calleq.ss7.isup.optional import contents, typed
from calleq.ss7.isup.optional_types import GenericDigits
from calleq.ss7.sccp.address_codec import decode_address
from calleq.ss7.sccp.values import SccpError

CORRELATION = 0x65
SCF = 0x66
_GENERIC_DIGITS = 0xC1

Other = tuple[tuple[int, bytes], ...]


def assisting(correlation: GenericDigits | None, scf: bytes | None) -> Other:
    """The optional parameters of an IAM to a peripheral."""
    other: list[tuple[int, bytes]] = []
    if correlation is not None:
        other.append((CORRELATION, contents(_GENERIC_DIGITS, correlation)))
    if scf is not None:
        other.append((SCF, scf))
    return tuple(other)


def correlation_of(other: Other) -> str | None:
    """The correlation identity; None where there is none, empty where it cannot be read."""
    for code, octets in other:
        if code == CORRELATION:
            try:
                said = typed(_GENERIC_DIGITS, octets)
                return digits_of(said) if isinstance(said, GenericDigits) else ""
            except (IsupError, InapError):
                return ""
    return None


def point_code_of(other: Other) -> int | None:
    """The point code of the SCP; None where none is said."""
    for code, octets in other:
        if code == SCF:
            try:
                return decode_address(octets).point_code
            except SccpError:
                return None
    return None
