"""The telephone's states and what each does with each input: data, from which diagrams are drawn.

A pair that Q.931 leaves open is `IGNORE`. `telephone` says what the actions do; the state changes
before its action runs.
"""

from enum import StrEnum


class State(StrEnum):
    """Where the handset is and how far the call got."""

    ON_HOOK = "OnHook"
    IN_USE = "InUse"
    """Off the hook for something that is no call of this network's."""
    RINGING = "Ringing"
    DIALING = "Dialing"
    LISTENING = "Listening"
    """Dialled; the far telephone rings."""
    TALKING = "Talking"
    PUT_DOWN = "PutDown"
    """Called, and the handset put down while the call stays; it may be taken up again."""
    HEARING_TONE = "HearingTone"
    """Dialled; the network has given up and says so by a tone."""
    HANGING_UP = "HangingUp"
    """DISCONNECT sent."""
    RELEASING = "Releasing"
    """RELEASE sent."""
    RELEASING_AGAIN = "ReleasingAgain"


class Input(StrEnum):
    """What can happen to it."""

    SETUP = "SETUP"
    UNWANTED_SETUP = "unwanted SETUP"
    """A SETUP to a telephone whose owner turns every call away."""
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    RELEASE_COMPLETE = "RELEASE COMPLETE"
    STRANGE = "strange"
    """A message, not SETUP or RELEASE COMPLETE, for a call that does not exist."""
    DIAL = "dial"
    PICK_UP = "pick up"
    HANG_UP = "hang up"
    PUT_DOWN = "put down"
    """As hanging up, but where the telephone was called the network holds the call for a while."""
    TIMER = "timer"
    LINE_LOST = "line lost"


OFF_HOOK = frozenset((State.DIALING, State.LISTENING, State.TALKING, State.HEARING_TONE))
"""The states in which mouth and ear are on the line."""


class Action(StrEnum):
    """What is done on the way to the next state."""

    IGNORE = "ignore"
    STRANGE = "strange"
    REFUSE_BUSY = "refuse busy"
    REFUSE_REJECTED = "refuse rejected"
    RING = "ring"
    ANSWER = "answer"
    DECLINE = "decline"
    STOP_RINGING_RELEASE = "stop ringing release"
    STOP_RINGING_COMPLETE = "stop ringing complete"
    BEGIN_DIALING = "begin dialing"
    FAR_END_RINGS = "far end rings"
    FAR_END_ANSWERS = "far end answers"
    HANG_UP = "hang up"
    PUT_DOWN = "put down"
    TAKE_UP = "take up"
    HANG_UP_AFTER_TONE = "hang up after tone"
    HEAR_TONE = "hear tone"
    FAR_END_HUNG_UP = "far end hung up"
    CLEARED_BY_NETWORK = "cleared by network"
    END_AFTER_TONE = "end after tone"
    COLLIDE = "collide"
    COMPLETE_AND_END = "complete and end"
    END = "end"
    RELEASE_AGAIN = "release again"
    LOSE_RINGING = "lose ringing"
    LOSE_CALL = "lose call"


_A = Action
TABLE: dict[tuple[State, Input], tuple[Action, State]] = {
    (State.ON_HOOK, Input.SETUP): (_A.RING, State.RINGING),
    (State.ON_HOOK, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.ON_HOOK),
    (State.ON_HOOK, Input.ALERTING): (_A.STRANGE, State.ON_HOOK),
    (State.ON_HOOK, Input.CONNECT): (_A.STRANGE, State.ON_HOOK),
    (State.ON_HOOK, Input.DISCONNECT): (_A.STRANGE, State.ON_HOOK),
    (State.ON_HOOK, Input.RELEASE): (_A.STRANGE, State.ON_HOOK),
    (State.ON_HOOK, Input.RELEASE_COMPLETE): (_A.IGNORE, State.ON_HOOK),
    (State.ON_HOOK, Input.STRANGE): (_A.STRANGE, State.ON_HOOK),
    (State.ON_HOOK, Input.DIAL): (_A.BEGIN_DIALING, State.DIALING),
    (State.ON_HOOK, Input.PICK_UP): (_A.IGNORE, State.ON_HOOK),
    (State.ON_HOOK, Input.HANG_UP): (_A.IGNORE, State.ON_HOOK),
    (State.ON_HOOK, Input.PUT_DOWN): (_A.IGNORE, State.ON_HOOK),
    (State.ON_HOOK, Input.TIMER): (_A.IGNORE, State.ON_HOOK),
    (State.ON_HOOK, Input.LINE_LOST): (_A.IGNORE, State.ON_HOOK),
    (State.IN_USE, Input.SETUP): (_A.REFUSE_BUSY, State.IN_USE),
    (State.IN_USE, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.IN_USE),
    (State.IN_USE, Input.ALERTING): (_A.STRANGE, State.IN_USE),
    (State.IN_USE, Input.CONNECT): (_A.STRANGE, State.IN_USE),
    (State.IN_USE, Input.DISCONNECT): (_A.STRANGE, State.IN_USE),
    (State.IN_USE, Input.RELEASE): (_A.STRANGE, State.IN_USE),
    (State.IN_USE, Input.RELEASE_COMPLETE): (_A.IGNORE, State.IN_USE),
    (State.IN_USE, Input.STRANGE): (_A.STRANGE, State.IN_USE),
    (State.IN_USE, Input.DIAL): (_A.IGNORE, State.IN_USE),
    (State.IN_USE, Input.PICK_UP): (_A.IGNORE, State.IN_USE),
    (State.IN_USE, Input.HANG_UP): (_A.END, State.ON_HOOK),
    (State.IN_USE, Input.PUT_DOWN): (_A.END, State.ON_HOOK),
    (State.IN_USE, Input.TIMER): (_A.IGNORE, State.IN_USE),
    (State.IN_USE, Input.LINE_LOST): (_A.IGNORE, State.IN_USE),
    (State.RINGING, Input.SETUP): (_A.REFUSE_BUSY, State.RINGING),
    (State.RINGING, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.RINGING),
    (State.RINGING, Input.ALERTING): (_A.IGNORE, State.RINGING),
    (State.RINGING, Input.CONNECT): (_A.IGNORE, State.RINGING),
    (State.RINGING, Input.DISCONNECT): (_A.STOP_RINGING_RELEASE, State.RELEASING),
    (State.RINGING, Input.RELEASE): (_A.STOP_RINGING_COMPLETE, State.ON_HOOK),
    (State.RINGING, Input.RELEASE_COMPLETE): (_A.STOP_RINGING_COMPLETE, State.ON_HOOK),
    (State.RINGING, Input.STRANGE): (_A.STRANGE, State.RINGING),
    (State.RINGING, Input.DIAL): (_A.IGNORE, State.RINGING),
    (State.RINGING, Input.PICK_UP): (_A.ANSWER, State.TALKING),
    (State.RINGING, Input.HANG_UP): (_A.DECLINE, State.HANGING_UP),
    (State.RINGING, Input.PUT_DOWN): (_A.DECLINE, State.HANGING_UP),
    (State.RINGING, Input.TIMER): (_A.IGNORE, State.RINGING),
    (State.RINGING, Input.LINE_LOST): (_A.LOSE_RINGING, State.ON_HOOK),
    (State.DIALING, Input.SETUP): (_A.REFUSE_BUSY, State.DIALING),
    (State.DIALING, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.DIALING),
    (State.DIALING, Input.ALERTING): (_A.FAR_END_RINGS, State.LISTENING),
    (State.DIALING, Input.CONNECT): (_A.FAR_END_ANSWERS, State.TALKING),
    (State.DIALING, Input.DISCONNECT): (_A.HEAR_TONE, State.HEARING_TONE),
    (State.DIALING, Input.RELEASE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.DIALING, Input.RELEASE_COMPLETE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.DIALING, Input.STRANGE): (_A.STRANGE, State.DIALING),
    (State.DIALING, Input.DIAL): (_A.IGNORE, State.DIALING),
    (State.DIALING, Input.PICK_UP): (_A.IGNORE, State.DIALING),
    (State.DIALING, Input.HANG_UP): (_A.HANG_UP, State.HANGING_UP),
    (State.DIALING, Input.PUT_DOWN): (_A.HANG_UP, State.HANGING_UP),
    (State.DIALING, Input.TIMER): (_A.HANG_UP, State.HANGING_UP),
    (State.DIALING, Input.LINE_LOST): (_A.LOSE_CALL, State.ON_HOOK),
    (State.LISTENING, Input.SETUP): (_A.REFUSE_BUSY, State.LISTENING),
    (State.LISTENING, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.LISTENING),
    (State.LISTENING, Input.ALERTING): (_A.IGNORE, State.LISTENING),
    (State.LISTENING, Input.CONNECT): (_A.FAR_END_ANSWERS, State.TALKING),
    (State.LISTENING, Input.DISCONNECT): (_A.HEAR_TONE, State.HEARING_TONE),
    (State.LISTENING, Input.RELEASE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.LISTENING, Input.RELEASE_COMPLETE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.LISTENING, Input.STRANGE): (_A.STRANGE, State.LISTENING),
    (State.LISTENING, Input.DIAL): (_A.IGNORE, State.LISTENING),
    (State.LISTENING, Input.PICK_UP): (_A.IGNORE, State.LISTENING),
    (State.LISTENING, Input.HANG_UP): (_A.HANG_UP, State.HANGING_UP),
    (State.LISTENING, Input.PUT_DOWN): (_A.HANG_UP, State.HANGING_UP),
    (State.LISTENING, Input.TIMER): (_A.HANG_UP, State.HANGING_UP),
    (State.LISTENING, Input.LINE_LOST): (_A.LOSE_CALL, State.ON_HOOK),
    (State.TALKING, Input.SETUP): (_A.REFUSE_BUSY, State.TALKING),
    (State.TALKING, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.TALKING),
    (State.TALKING, Input.ALERTING): (_A.IGNORE, State.TALKING),
    (State.TALKING, Input.CONNECT): (_A.IGNORE, State.TALKING),
    (State.TALKING, Input.DISCONNECT): (_A.FAR_END_HUNG_UP, State.RELEASING),
    (State.TALKING, Input.RELEASE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.TALKING, Input.RELEASE_COMPLETE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.TALKING, Input.STRANGE): (_A.STRANGE, State.TALKING),
    (State.TALKING, Input.DIAL): (_A.IGNORE, State.TALKING),
    (State.TALKING, Input.PICK_UP): (_A.IGNORE, State.TALKING),
    (State.TALKING, Input.HANG_UP): (_A.HANG_UP, State.HANGING_UP),
    (State.TALKING, Input.PUT_DOWN): (_A.PUT_DOWN, State.PUT_DOWN),
    (State.TALKING, Input.TIMER): (_A.IGNORE, State.TALKING),
    (State.TALKING, Input.LINE_LOST): (_A.LOSE_CALL, State.ON_HOOK),
    (State.PUT_DOWN, Input.SETUP): (_A.REFUSE_BUSY, State.PUT_DOWN),
    (State.PUT_DOWN, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.PUT_DOWN),
    (State.PUT_DOWN, Input.ALERTING): (_A.IGNORE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.CONNECT): (_A.IGNORE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.DISCONNECT): (_A.FAR_END_HUNG_UP, State.RELEASING),
    (State.PUT_DOWN, Input.RELEASE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.PUT_DOWN, Input.RELEASE_COMPLETE): (_A.CLEARED_BY_NETWORK, State.ON_HOOK),
    (State.PUT_DOWN, Input.STRANGE): (_A.STRANGE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.DIAL): (_A.IGNORE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.PICK_UP): (_A.TAKE_UP, State.TALKING),
    (State.PUT_DOWN, Input.HANG_UP): (_A.HANG_UP, State.HANGING_UP),
    (State.PUT_DOWN, Input.PUT_DOWN): (_A.IGNORE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.TIMER): (_A.IGNORE, State.PUT_DOWN),
    (State.PUT_DOWN, Input.LINE_LOST): (_A.LOSE_CALL, State.ON_HOOK),
    (State.HEARING_TONE, Input.SETUP): (_A.REFUSE_BUSY, State.HEARING_TONE),
    (State.HEARING_TONE, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.HEARING_TONE),
    (State.HEARING_TONE, Input.ALERTING): (_A.IGNORE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.CONNECT): (_A.IGNORE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.DISCONNECT): (_A.IGNORE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.RELEASE): (_A.END_AFTER_TONE, State.ON_HOOK),
    (State.HEARING_TONE, Input.RELEASE_COMPLETE): (_A.END_AFTER_TONE, State.ON_HOOK),
    (State.HEARING_TONE, Input.STRANGE): (_A.STRANGE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.DIAL): (_A.IGNORE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.PICK_UP): (_A.IGNORE, State.HEARING_TONE),
    (State.HEARING_TONE, Input.HANG_UP): (_A.HANG_UP_AFTER_TONE, State.RELEASING),
    (State.HEARING_TONE, Input.PUT_DOWN): (_A.HANG_UP_AFTER_TONE, State.RELEASING),
    (State.HEARING_TONE, Input.TIMER): (_A.HANG_UP_AFTER_TONE, State.RELEASING),
    (State.HEARING_TONE, Input.LINE_LOST): (_A.LOSE_CALL, State.ON_HOOK),
    (State.HANGING_UP, Input.SETUP): (_A.REFUSE_BUSY, State.HANGING_UP),
    (State.HANGING_UP, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.HANGING_UP),
    (State.HANGING_UP, Input.ALERTING): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.CONNECT): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.DISCONNECT): (_A.COLLIDE, State.RELEASING),
    (State.HANGING_UP, Input.RELEASE): (_A.COMPLETE_AND_END, State.ON_HOOK),
    (State.HANGING_UP, Input.RELEASE_COMPLETE): (_A.END, State.ON_HOOK),
    (State.HANGING_UP, Input.STRANGE): (_A.STRANGE, State.HANGING_UP),
    (State.HANGING_UP, Input.DIAL): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.PICK_UP): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.HANG_UP): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.PUT_DOWN): (_A.IGNORE, State.HANGING_UP),
    (State.HANGING_UP, Input.TIMER): (_A.COLLIDE, State.RELEASING),
    (State.HANGING_UP, Input.LINE_LOST): (_A.END, State.ON_HOOK),
    (State.RELEASING, Input.SETUP): (_A.REFUSE_BUSY, State.RELEASING),
    (State.RELEASING, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.RELEASING),
    (State.RELEASING, Input.ALERTING): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.CONNECT): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.DISCONNECT): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.RELEASE): (_A.END, State.ON_HOOK),
    (State.RELEASING, Input.RELEASE_COMPLETE): (_A.END, State.ON_HOOK),
    (State.RELEASING, Input.STRANGE): (_A.STRANGE, State.RELEASING),
    (State.RELEASING, Input.DIAL): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.PICK_UP): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.HANG_UP): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.PUT_DOWN): (_A.IGNORE, State.RELEASING),
    (State.RELEASING, Input.TIMER): (_A.RELEASE_AGAIN, State.RELEASING_AGAIN),
    (State.RELEASING, Input.LINE_LOST): (_A.END, State.ON_HOOK),
    (State.RELEASING_AGAIN, Input.SETUP): (_A.REFUSE_BUSY, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.UNWANTED_SETUP): (_A.REFUSE_REJECTED, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.ALERTING): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.CONNECT): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.DISCONNECT): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.RELEASE): (_A.END, State.ON_HOOK),
    (State.RELEASING_AGAIN, Input.RELEASE_COMPLETE): (_A.END, State.ON_HOOK),
    (State.RELEASING_AGAIN, Input.STRANGE): (_A.STRANGE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.DIAL): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.PICK_UP): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.HANG_UP): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.PUT_DOWN): (_A.IGNORE, State.RELEASING_AGAIN),
    (State.RELEASING_AGAIN, Input.TIMER): (_A.END, State.ON_HOOK),
    (State.RELEASING_AGAIN, Input.LINE_LOST): (_A.END, State.ON_HOOK),
}
