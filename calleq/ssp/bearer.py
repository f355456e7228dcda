"""What a line can carry of what a caller asks for (Q.763 §3.54, Q.764 §2.5).

Owns one decision: whether a line takes a call of a transmission medium, perhaps by falling back to
the lesser one that the IAM names as well (64 kbit/s preferred, with speech or 3.1 kHz audio). Every
line carries voice; ISDN lines carry 64 kbit/s too; none carries more than one channel's worth.
"""

from enum import IntEnum

from calleq.ss7.isup.messages import Iam, IsupError
from calleq.ss7.isup.optional import find
from calleq.topology import LineKind

MEDIUM_PRIME = 0x3E
MEDIUM_USED = 0x35


class Medium(IntEnum):
    """Transmission medium requirement."""

    SPEECH = 0
    UNRESTRICTED = 2
    AUDIO = 3
    PREFERRED = 6


VOICE = (Medium.SPEECH, Medium.AUDIO)
_CARRIED = {"isdn": (*VOICE, Medium.UNRESTRICTED, Medium.PREFERRED)}


def medium_used(kind: LineKind, iam: Iam) -> int | None:
    """The medium that a call to such a line has; None when the line cannot take it."""
    if iam.medium in _CARRIED.get(kind, VOICE):
        return iam.medium
    if iam.medium == Medium.PREFERRED:
        try:
            prime = find(iam.other, MEDIUM_PRIME, int)
        except IsupError:
            return None
        if prime in VOICE:
            return prime
    return None
