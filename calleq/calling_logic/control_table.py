"""What an order does to a call as it stands: (stage, input) -> (action, next stage).

The stages say who is, or is to be, in the representative's place. Orders are inputs, and so is what
happens meanwhile. Every pair has its row in `CONTROL_TABLE`, is refused in `REFUSED`, or, where it
is no order, is in `IGNORED`; a test holds them to it. Actions are methods of `Control`.
"""

from collections.abc import Mapping
from enum import StrEnum

from calleq.osn.orders import Refusal


class Stage(StrEnum):
    UNBRIDGED = "Unbridged"
    """Customer and representative are not connected yet."""
    TALKING = "Talking"
    WITH_THIRD = "WithThird"
    """A third party is being called, or is in the conversation."""
    TRANSFERRING = "Transferring"
    """Somebody is being called for the representative's place; both parties still talk."""
    CALLING_ASIDE = "CallingAside"
    """As above, for the representative to talk with first; the customer is on hold."""
    ASIDE = "Aside"
    """The representative talks with them; the customer is on hold."""
    ALONE = "Alone"
    """The representative has gone before they answered; the customer is on hold."""
    OVER = "Over"


class Input(StrEnum):
    HOLD = "hold"
    UNHOLD = "unhold"
    MUTE = "mute"
    UNMUTE = "unmute"
    PLAY = "play"
    STOP = "stop"
    KEYS = "keys"
    ADD = "add"
    HANG_UP = "hang_up"
    HANG_UP_CALL = "hang up call"
    TRANSFER = "transfer"
    CONSULT = "consult"
    COMPLETE = "complete"
    TAKE_BACK = "take_back"
    RECORD = "record"
    PAUSE_RECORDING = "pause_recording"
    RESUME_RECORDING = "resume_recording"
    STOP_RECORDING = "stop_recording"
    # What happens.
    BRIDGED = "bridged"
    THIRD_GONE = "third gone"
    NEW_ANSWERED = "new answered"
    NEW_GONE = "new gone"
    """Whoever was called for the representative's place was not reached, or has left."""
    AGENT_LEFT = "agent left"
    ENDED = "ended"


_S, _I = Stage, Input

HAPPENINGS = frozenset(
    {_I.BRIDGED, _I.THIRD_GONE, _I.NEW_ANSWERED, _I.NEW_GONE, _I.AGENT_LEFT, _I.ENDED}
)
ORDERS = frozenset(Input) - HAPPENINGS

_ANYWHERE: Mapping[Input, str] = {
    _I.MUTE: "mute",
    _I.UNMUTE: "mute",
    _I.PLAY: "play",
    _I.STOP: "stop",
    _I.KEYS: "send_keys",
    _I.HANG_UP: "hang_up",
    _I.HANG_UP_CALL: "hang_up_call",
    _I.PAUSE_RECORDING: "pause_recording",
    _I.RESUME_RECORDING: "resume_recording",
    _I.STOP_RECORDING: "stop_recording",
}
"""Orders that change no stage, wherever the parties are connected."""
_TOGETHER: Mapping[Input, str] = {
    **_ANYWHERE,
    _I.HOLD: "hold",
    _I.UNHOLD: "hold",
    _I.RECORD: "record",
}
"""... and where all parties are in one conversation."""


def _stays(stage: Stage, rows: Mapping[Input, str]) -> dict[tuple[Stage, Input], tuple[str, Stage]]:
    return {(stage, given): (action, stage) for given, action in rows.items()}


CONTROL_TABLE: Mapping[tuple[Stage, Input], tuple[str, Stage]] = {
    (_S.UNBRIDGED, _I.HANG_UP_CALL): ("hang_up_call", _S.UNBRIDGED),
    (_S.UNBRIDGED, _I.BRIDGED): ("proceed", _S.TALKING),
    (_S.UNBRIDGED, _I.ENDED): ("end", _S.OVER),
    # Customer and representative talk.
    **_stays(_S.TALKING, _TOGETHER),
    (_S.TALKING, _I.ADD): ("add", _S.WITH_THIRD),
    (_S.TALKING, _I.TRANSFER): ("transfer", _S.TRANSFERRING),
    (_S.TALKING, _I.CONSULT): ("consult", _S.CALLING_ASIDE),
    (_S.TALKING, _I.ENDED): ("end", _S.OVER),
    **_stays(_S.WITH_THIRD, _TOGETHER),
    (_S.WITH_THIRD, _I.THIRD_GONE): ("proceed", _S.TALKING),
    (_S.WITH_THIRD, _I.ENDED): ("end", _S.OVER),
    # Somebody else is called while they talk: the old one stays until the new one is there.
    **_stays(_S.TRANSFERRING, _TOGETHER),
    (_S.TRANSFERRING, _I.TAKE_BACK): ("take_back", _S.TALKING),
    (_S.TRANSFERRING, _I.NEW_ANSWERED): ("replace", _S.TALKING),
    (_S.TRANSFERRING, _I.NEW_GONE): ("fail_transfer", _S.TALKING),
    (_S.TRANSFERRING, _I.AGENT_LEFT): ("wait_alone", _S.ALONE),
    (_S.TRANSFERRING, _I.ENDED): ("end", _S.OVER),
    # Somebody else is called for the representative; completed early, the customer waits for them.
    **_stays(_S.CALLING_ASIDE, _ANYWHERE),
    (_S.CALLING_ASIDE, _I.COMPLETE): ("complete_early", _S.ALONE),
    (_S.CALLING_ASIDE, _I.TAKE_BACK): ("take_back", _S.TALKING),
    (_S.CALLING_ASIDE, _I.NEW_ANSWERED): ("join_aside", _S.ASIDE),
    (_S.CALLING_ASIDE, _I.NEW_GONE): ("fail_transfer", _S.TALKING),
    (_S.CALLING_ASIDE, _I.AGENT_LEFT): ("wait_alone", _S.ALONE),
    (_S.CALLING_ASIDE, _I.ENDED): ("end", _S.OVER),
    **_stays(_S.ASIDE, _ANYWHERE),
    (_S.ASIDE, _I.COMPLETE): ("complete", _S.TALKING),
    (_S.ASIDE, _I.TAKE_BACK): ("take_back", _S.TALKING),
    (_S.ASIDE, _I.NEW_GONE): ("fail_transfer", _S.TALKING),
    (_S.ASIDE, _I.AGENT_LEFT): ("replace", _S.TALKING),
    (_S.ASIDE, _I.ENDED): ("end", _S.OVER),
    # Nobody but the customer is there; who does not answer now leaves no call.
    **_stays(_S.ALONE, _ANYWHERE),
    (_S.ALONE, _I.NEW_ANSWERED): ("replace", _S.TALKING),
    (_S.ALONE, _I.NEW_GONE): ("lose_agent", _S.OVER),
    (_S.ALONE, _I.ENDED): ("end", _S.OVER),
}

_NO_TRANSFER: Mapping[Input, Refusal] = {_I.COMPLETE: "no_transfer", _I.TAKE_BACK: "no_transfer"}
_ONE_TRANSFER: Mapping[Input, Refusal] = {
    _I.ADD: "transfer_going_on",
    _I.TRANSFER: "transfer_going_on",
    _I.CONSULT: "transfer_going_on",
}
_APART: Mapping[Input, Refusal] = {
    **_ONE_TRANSFER,
    _I.HOLD: "transfer_going_on",
    _I.UNHOLD: "transfer_going_on",
    _I.RECORD: "transfer_going_on",
}

REFUSED: Mapping[Stage, Mapping[Input, Refusal]] = {
    _S.UNBRIDGED: dict.fromkeys(ORDERS - {_I.HANG_UP_CALL}, "not_bridged"),
    _S.TALKING: _NO_TRANSFER,
    _S.WITH_THIRD: {
        **_NO_TRANSFER,
        _I.ADD: "third_party_present",
        _I.TRANSFER: "third_party_present",
        _I.CONSULT: "third_party_present",
    },
    _S.TRANSFERRING: {**_ONE_TRANSFER, _I.COMPLETE: "not_possible_now"},
    _S.CALLING_ASIDE: _APART,
    _S.ASIDE: _APART,
    _S.ALONE: {**_APART, _I.COMPLETE: "not_possible_now", _I.TAKE_BACK: "not_possible_now"},
    _S.OVER: dict.fromkeys(ORDERS, "call_over"),
}
"""Orders that are refused, and why."""

_NOBODY_CALLED = frozenset({_I.NEW_ANSWERED, _I.NEW_GONE})
_ONCE = frozenset({_I.BRIDGED})
_NO_THIRD = frozenset({_I.THIRD_GONE})
_NOT_OURS = frozenset({_I.AGENT_LEFT})
"""The call's own machine hears of it."""

IGNORED: Mapping[Stage, frozenset[Input]] = {
    _S.UNBRIDGED: _NOBODY_CALLED | _NO_THIRD | _NOT_OURS,
    _S.TALKING: _NOBODY_CALLED | _NO_THIRD | _NOT_OURS | _ONCE,
    _S.WITH_THIRD: _NOBODY_CALLED | _NOT_OURS | _ONCE,
    _S.TRANSFERRING: _NO_THIRD | _ONCE,
    _S.CALLING_ASIDE: _NO_THIRD | _ONCE,
    _S.ASIDE: _NO_THIRD | _ONCE | {_I.NEW_ANSWERED},
    _S.ALONE: _NO_THIRD | _ONCE | {_I.AGENT_LEFT},
    _S.OVER: HAPPENINGS,
}
"""Happenings without meaning in a stage."""

WITHOUT_BRIDGE_OF_OUR_OWN = frozenset({_I.ADD, _I.HANG_UP, _I.HANG_UP_CALL})
"""The orders that equipment can execute which only commands the bridge of others."""
