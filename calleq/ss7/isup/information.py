"""Questions about a call that the exchange at its end answers (Q.764 §2.1.6, §2.9.7, Q.731.7).

INR asks for the calling party's number and category; INF answers, saying what is not to be had. IDR
asks to identify a malicious caller; IRS answers that it is not included, for nobody subscribes to
that here. Anything else has no answer.
"""

from calleq.ss7.isup.indicators import (
    ADDRESS_INCLUDED,
    ADDRESS_NOT_AVAILABLE,
    CALLING_ADDRESS_RESPONSE,
    CATEGORY_RESPONSE,
    REQUEST_CALLING_ADDRESS,
    REQUEST_CATEGORY,
)
from calleq.ss7.isup.messages import CallingNumber, Idr, Inf, Inr, Irs, Message
from calleq.ss7.isup.numbers import pack_calling
from calleq.ss7.isup.optional import CALLING_PARTY_CATEGORY, CALLING_PARTY_NUMBER, put
from calleq.ss7.isup.values import Other

ORDINARY = 10
"""Calling party's category (Q.763 §3.11): ordinary calling subscriber."""
MALICIOUS_CALL_RESPONSE = 0x3C
_NOT_INCLUDED = b"\x00"


def answer_to(message: Message, calling: CallingNumber | None) -> Inf | Irs | None:
    """What to answer for a caller with that number; None when there is nothing to answer."""
    match message:
        case Inr():
            return _information(message, calling)
        case Idr():
            return Irs(message.cic, ((MALICIOUS_CALL_RESPONSE, _NOT_INCLUDED),))
        case _:
            return None


def _information(request: Inr, calling: CallingNumber | None) -> Inf:
    indicators = 0
    other: Other = ()
    if REQUEST_CALLING_ADDRESS.of(request.request):
        if calling is None:
            indicators = CALLING_ADDRESS_RESPONSE.put(indicators, ADDRESS_NOT_AVAILABLE)
        else:
            indicators = CALLING_ADDRESS_RESPONSE.put(indicators, ADDRESS_INCLUDED)
            other = (*other, (CALLING_PARTY_NUMBER, pack_calling(calling)))
    if REQUEST_CATEGORY.of(request.request):
        indicators = CATEGORY_RESPONSE.put(indicators, 1)
        other = put(other, CALLING_PARTY_CATEGORY, ORDINARY)
    return Inf(request.cic, indicators, other)
