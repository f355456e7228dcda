"""Comfort tones: what a caller on a line of this switch hears instead of an answer (E.180 §2).

Only the switch of the calling line plays them: between exchanges a failure travels as a cause.
"""

from calleq.causes import Q850
from calleq.media.contract import tone_source

RINGBACK = tone_source("ringback")

_BUSY = tone_source("busy")
_UNOBTAINABLE = tone_source("unobtainable")
_CONGESTION = tone_source("congestion")

_BY_CAUSE = {
    Q850.UNALLOCATED: _UNOBTAINABLE,
    2: _UNOBTAINABLE,
    Q850.NO_ROUTE: _UNOBTAINABLE,
    Q850.NORMAL: "",
    Q850.USER_BUSY: _BUSY,
    Q850.NO_USER_RESPONDING: _BUSY,
    Q850.NO_ANSWER: _BUSY,
    Q850.SUBSCRIBER_ABSENT: _UNOBTAINABLE,
    Q850.REJECTED: _BUSY,
    Q850.NUMBER_CHANGED: _UNOBTAINABLE,
    Q850.OUT_OF_ORDER: _UNOBTAINABLE,
    Q850.ADDRESS_INCOMPLETE: _UNOBTAINABLE,
}


def comfort_tone(cause: int) -> str:
    """The voice source for a cause; empty after normal clearing.

    >>> comfort_tone(17), comfort_tone(34), comfort_tone(1), comfort_tone(16)
    ('tone:busy', 'tone:congestion', 'tone:unobtainable', '')
    """
    return _BY_CAUSE.get(cause, _CONGESTION)
