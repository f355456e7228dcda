"""Whether tones or an announcement are to be heard of a call not yet answered (Q.763 §3.37).

ACM and CPG say so by their optional backward call indicators, and CPG by its event too. Contents
that cannot be read say nothing.
"""

from calleq.ss7.isup.indicators import EVENT, EVENT_IN_BAND
from calleq.ss7.isup.messages import Acm, Cpg, IsupError, Message
from calleq.ss7.isup.optional import OPTIONAL_BACKWARD_CALL, find, put
from calleq.ss7.isup.optional_types import OptionalBackwardCall
from calleq.ss7.isup.values import Other

CHARGED = 0x1204
"""Backward call indicators (§3.5), first octet the higher: charge, no indication of the called
party's status, ordinary subscriber; ISDN user part used all the way."""

IN_BAND: Other = put((), OPTIONAL_BACKWARD_CALL, OptionalBackwardCall(in_band=1))
"""What says so in any backward message."""


def is_in_band(message: Message | None) -> bool:
    """Whether the message says that something is to be heard."""
    if isinstance(message, Cpg) and EVENT.of(message.event) == EVENT_IN_BAND:
        return True
    if not isinstance(message, Acm | Cpg) or not message.other:
        return False
    try:
        found = find(message.other, OPTIONAL_BACKWARD_CALL, OptionalBackwardCall)
    except IsupError:
        return False
    return found is not None and found.in_band == 1


def as_progress(message: Acm) -> Cpg:
    """What an ACM says of tones, where address complete was said before."""
    return Cpg(message.cic, EVENT_IN_BAND, message.cause, message.other)
