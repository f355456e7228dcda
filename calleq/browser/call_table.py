"""What becomes of a call at a browser, as a table: who did what, and what is done about it.

A call is answered at the switch only when the voice path to the page stands: what is charged is
what can be heard. A second call finds the line busy. A page that is gone for good takes its call
with it.
"""

from enum import Enum, auto


class State(Enum):
    """Of the telephone at one page."""

    IDLE = auto()
    RINGING = auto()
    PREPARING = auto()
    """The person has answered; the voice path is being made."""
    TALKING = auto()
    OVER = auto()
    """The page is gone."""


class Input(Enum):
    """What can happen."""

    INVITED = auto()
    ANSWERED = auto()
    """By the person, with the page's offer."""
    HUNG_UP = auto()
    """By the person: refused, or ended."""
    VOICE_STANDS = auto()
    VOICE_FAILED = auto()
    """The voice path could not be made, in time or at all, or broke."""
    FAR_ENDED = auto()
    """The switch took the call back, or released it."""
    GONE = auto()
    """The page left, stayed away too long, or was replaced."""


class Action(Enum):
    """What is done about it, in this order."""

    RING = auto()
    PREPARE = auto()
    ACCEPT = auto()
    REFUSE_BUSY = auto()
    """The call that came, not the one there is."""
    DECLINE = auto()
    REFUSE_UNABLE = auto()
    HANG_UP = auto()
    CLOSE_VOICE = auto()
    TELL_ENDED = auto()
    UNREGISTER = auto()


Cell = tuple[tuple[Action, ...], State]

_A, _S, _I = Action, State, Input

TABLE: dict[tuple[State, Input], Cell] = {
    (_S.IDLE, _I.INVITED): ((_A.RING,), _S.RINGING),
    (_S.IDLE, _I.ANSWERED): ((), _S.IDLE),
    (_S.IDLE, _I.HUNG_UP): ((), _S.IDLE),
    (_S.IDLE, _I.VOICE_STANDS): ((), _S.IDLE),
    (_S.IDLE, _I.VOICE_FAILED): ((), _S.IDLE),
    (_S.IDLE, _I.FAR_ENDED): ((), _S.IDLE),
    (_S.IDLE, _I.GONE): ((_A.UNREGISTER,), _S.OVER),
    #
    (_S.RINGING, _I.INVITED): ((_A.REFUSE_BUSY,), _S.RINGING),
    (_S.RINGING, _I.ANSWERED): ((_A.PREPARE,), _S.PREPARING),
    (_S.RINGING, _I.HUNG_UP): ((_A.DECLINE, _A.TELL_ENDED), _S.IDLE),
    (_S.RINGING, _I.VOICE_STANDS): ((), _S.RINGING),
    (_S.RINGING, _I.VOICE_FAILED): ((), _S.RINGING),
    (_S.RINGING, _I.FAR_ENDED): ((_A.TELL_ENDED,), _S.IDLE),
    (_S.RINGING, _I.GONE): ((_A.REFUSE_UNABLE, _A.TELL_ENDED, _A.UNREGISTER), _S.OVER),
    #
    (_S.PREPARING, _I.INVITED): ((_A.REFUSE_BUSY,), _S.PREPARING),
    (_S.PREPARING, _I.ANSWERED): ((), _S.PREPARING),
    (_S.PREPARING, _I.HUNG_UP): ((_A.DECLINE, _A.CLOSE_VOICE, _A.TELL_ENDED), _S.IDLE),
    (_S.PREPARING, _I.VOICE_STANDS): ((_A.ACCEPT,), _S.TALKING),
    (_S.PREPARING, _I.VOICE_FAILED): (
        (_A.REFUSE_UNABLE, _A.CLOSE_VOICE, _A.TELL_ENDED),
        _S.IDLE,
    ),
    (_S.PREPARING, _I.FAR_ENDED): ((_A.CLOSE_VOICE, _A.TELL_ENDED), _S.IDLE),
    (_S.PREPARING, _I.GONE): (
        (_A.REFUSE_UNABLE, _A.CLOSE_VOICE, _A.TELL_ENDED, _A.UNREGISTER),
        _S.OVER,
    ),
    #
    (_S.TALKING, _I.INVITED): ((_A.REFUSE_BUSY,), _S.TALKING),
    (_S.TALKING, _I.ANSWERED): ((), _S.TALKING),
    (_S.TALKING, _I.HUNG_UP): ((_A.HANG_UP, _A.CLOSE_VOICE, _A.TELL_ENDED), _S.IDLE),
    (_S.TALKING, _I.VOICE_STANDS): ((), _S.TALKING),
    (_S.TALKING, _I.VOICE_FAILED): ((_A.HANG_UP, _A.CLOSE_VOICE, _A.TELL_ENDED), _S.IDLE),
    (_S.TALKING, _I.FAR_ENDED): ((_A.CLOSE_VOICE, _A.TELL_ENDED), _S.IDLE),
    (_S.TALKING, _I.GONE): (
        (_A.HANG_UP, _A.CLOSE_VOICE, _A.TELL_ENDED, _A.UNREGISTER),
        _S.OVER,
    ),
    #
    (_S.OVER, _I.INVITED): ((_A.REFUSE_BUSY,), _S.OVER),
    (_S.OVER, _I.ANSWERED): ((), _S.OVER),
    (_S.OVER, _I.HUNG_UP): ((), _S.OVER),
    (_S.OVER, _I.VOICE_STANDS): ((), _S.OVER),
    (_S.OVER, _I.VOICE_FAILED): ((), _S.OVER),
    (_S.OVER, _I.FAR_ENDED): ((), _S.OVER),
    (_S.OVER, _I.GONE): ((), _S.OVER),
}
