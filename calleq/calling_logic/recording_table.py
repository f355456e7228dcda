"""The machine of one call's recording: (state, input) -> (action, next state).

Every pair has its row in `RECORDING_TABLE`, is an order that is refused (`REFUSED`), or is in
`IGNORED`; a test holds them to it. Actions are methods of `CallRecording`.
"""

from collections.abc import Mapping
from enum import StrEnum

from calleq.osn.orders import Refusal


class State(StrEnum):
    ABSENT = "Absent"
    ANNOUNCING = "Announcing"
    RECORDING = "Recording"
    PAUSED = "Paused"
    SAVING = "Saving"
    """The file is being completed."""
    OBJECTED = "Objected"
    DONE = "Done"
    """The call is over."""


class Input(StrEnum):
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    STOP = "stop"
    ALL_HEARD = "all heard"
    """Every party has heard the announcement and not objected."""
    UNHEARD = "unheard"
    """It could not be played."""
    OBJECTED = "objected"
    SAVED = "saved"
    """The voice process has completed the file, or has none to complete."""
    FAILED = "failed"
    ENDED = "ended"


_S, _I = State, Input
ORDERS = frozenset({_I.START, _I.PAUSE, _I.RESUME, _I.STOP})

RECORDING_TABLE: Mapping[tuple[State, Input], tuple[str, State]] = {
    (_S.ABSENT, _I.START): ("announce", _S.ANNOUNCING),
    (_S.ABSENT, _I.ENDED): ("proceed", _S.DONE),
    # Nobody is recorded yet.
    (_S.ANNOUNCING, _I.STOP): ("give_up", _S.ABSENT),
    (_S.ANNOUNCING, _I.ALL_HEARD): ("begin", _S.RECORDING),
    (_S.ANNOUNCING, _I.UNHEARD): ("give_up_unheard", _S.ABSENT),
    (_S.ANNOUNCING, _I.OBJECTED): ("give_up_objected", _S.OBJECTED),
    (_S.ANNOUNCING, _I.ENDED): ("give_up", _S.DONE),
    # The customer left, the others right.
    (_S.RECORDING, _I.PAUSE): ("pause", _S.PAUSED),
    (_S.RECORDING, _I.STOP): ("stop", _S.SAVING),
    (_S.RECORDING, _I.OBJECTED): ("stop_objected", _S.OBJECTED),
    (_S.RECORDING, _I.SAVED): ("note_saved", _S.ABSENT),
    (_S.RECORDING, _I.FAILED): ("note_failed", _S.ABSENT),
    (_S.RECORDING, _I.ENDED): ("stop", _S.DONE),
    # Silence is recorded.
    (_S.PAUSED, _I.RESUME): ("resume", _S.RECORDING),
    (_S.PAUSED, _I.STOP): ("stop", _S.SAVING),
    (_S.PAUSED, _I.OBJECTED): ("stop_objected", _S.OBJECTED),
    (_S.PAUSED, _I.SAVED): ("note_saved", _S.ABSENT),
    (_S.PAUSED, _I.FAILED): ("note_failed", _S.ABSENT),
    (_S.PAUSED, _I.ENDED): ("stop", _S.DONE),
    # What is left is the file.
    (_S.SAVING, _I.SAVED): ("note_saved", _S.ABSENT),
    (_S.SAVING, _I.FAILED): ("note_failed", _S.ABSENT),
    (_S.SAVING, _I.ENDED): ("proceed", _S.DONE),
    (_S.OBJECTED, _I.SAVED): ("note_saved", _S.OBJECTED),
    (_S.OBJECTED, _I.FAILED): ("note_failed", _S.OBJECTED),
    (_S.OBJECTED, _I.ENDED): ("proceed", _S.DONE),
    (_S.DONE, _I.SAVED): ("note_saved", _S.DONE),
    (_S.DONE, _I.FAILED): ("note_failed", _S.DONE),
}

_NONE: Mapping[Input, Refusal] = {
    _I.PAUSE: "no_recording",
    _I.RESUME: "no_recording",
    _I.STOP: "no_recording",
}
REFUSED: Mapping[State, Mapping[Input, Refusal]] = {
    _S.ABSENT: _NONE,
    _S.ANNOUNCING: {
        _I.START: "recording_going_on",
        _I.PAUSE: "not_possible_now",
        _I.RESUME: "not_possible_now",
    },
    _S.RECORDING: {_I.START: "recording_going_on", _I.RESUME: "not_possible_now"},
    _S.PAUSED: {_I.START: "recording_going_on", _I.PAUSE: "not_possible_now"},
    _S.SAVING: {**_NONE, _I.START: "recording_going_on"},
    _S.OBJECTED: {**_NONE, _I.START: "objected"},
    _S.DONE: dict.fromkeys(ORDERS, "call_over"),
}

_ANNOUNCED = frozenset({_I.ALL_HEARD, _I.UNHEARD})
"""Of a party that joined later: what is recorded of it says whether it heard."""
_WRITTEN = frozenset({_I.SAVED, _I.FAILED})
IGNORED: Mapping[State, frozenset[Input]] = {
    # A recording that was given up has no file.
    _S.ABSENT: _ANNOUNCED | _WRITTEN | {_I.OBJECTED},
    _S.ANNOUNCING: _WRITTEN,
    _S.RECORDING: _ANNOUNCED,
    _S.PAUSED: _ANNOUNCED,
    _S.SAVING: _ANNOUNCED | {_I.OBJECTED},
    _S.OBJECTED: _ANNOUNCED | {_I.OBJECTED},
    _S.DONE: _ANNOUNCED | {_I.OBJECTED, _I.ENDED},
}

LISTENS = frozenset({State.ANNOUNCING, State.RECORDING, State.PAUSED})
"""Whoever is told may object."""
