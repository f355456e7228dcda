"""What an end of a link makes of each input in each state (RFC 4165 §4.1, after Q.703 §7 to §10).

Owns the table and nothing that it does: `session` carries the actions out. The states are those of
Q.703's link state control with those of initial alignment between them; each waits for one thing
and, where that has a limit, under one timer.

    UNCONNECTED, AWAITING_CONNECTION    no wire; level 3 does not want the link, or does
    IDLE                                a wire, and level 3 does not want the link
    PAUSING                             out of service for a moment, then aligned anew
    NOT_ALIGNED (T2)                    says Alignment
    ALIGNED (T3)                        has heard Alignment; says Proving
    PROVING (T4)                        has heard Proving; says Proving
    READY (T1)                          has proved; says Ready
    NOT_READY (T1)                      has proved, but its processor is out
    IN_SERVICE
    LOCAL_OUTAGE, REMOTE_OUTAGE, BOTH_OUTAGE
    RECOVERING (T7)                     its processor is back; the far end has yet to say Ready

A fault of any kind out of service ends the attempt; in service it ends the service. Either way the
end says Out of Service, pauses, and aligns again for as long as level 3 wants the link.

Odd cases. A unit or an acknowledgement tells an end in READY that the far end is in service: its
Ready was lost. A Ready that comes while this end still proves is remembered, because nobody need
say it twice. Units that come during the outage of the own processor are neither taken nor
acknowledged: the far end sends them again after Processor Recovered (RFC 4165 §4.1.4).
"""

from enum import IntEnum


class State(IntEnum):
    """Where an end stands."""

    UNCONNECTED = 0
    IDLE = 1
    AWAITING_CONNECTION = 2
    PAUSING = 3
    NOT_ALIGNED = 4
    ALIGNED = 5
    PROVING = 6
    READY = 7
    NOT_READY = 8
    IN_SERVICE = 9
    LOCAL_OUTAGE = 10
    REMOTE_OUTAGE = 11
    BOTH_OUTAGE = 12
    RECOVERING = 13


class Input(IntEnum):
    """What can happen to an end."""

    START = 0
    STOP = 1
    CONNECTED = 2
    DISCONNECTED = 3
    OUTAGE = 4
    RECOVERED = 5
    ALIGNMENT = 6
    PROVING_NORMAL = 7
    PROVING_EMERGENCY = 8
    FAR_READY = 9
    FAR_OUTAGE = 10
    FAR_RECOVERED = 11
    FAR_BUSY = 12
    FAR_BUSY_ENDED = 13
    FAR_OUT_OF_SERVICE = 14
    UNIT = 15
    ACKNOWLEDGEMENT = 16
    FAULT = 17
    """Octets that are no frame, or numbers out of sequence."""
    EXPIRED = 18
    """The timer of the state."""
    T6 = 19
    T7 = 20


class Action(IntEnum):
    """What an end does before it is in the next state."""

    IGNORE = 0
    SAY_OUT_OF_SERVICE = 1
    BEGIN = 2
    """Number anew, say Out of Service and Alignment."""
    SAY_PROVING = 3
    PROVE = 4
    """Say Proving, and prove for T4."""
    HASTEN = 5
    """The far end wants emergency proving: T4 is short."""
    REMEMBER = 6
    """Take this input again when proving is over."""
    SAY_READY = 7
    SAY_OUTAGE = 8
    SAY_RECOVERED = 9
    ENTER = 10
    """The link is up; a unit or an acknowledgement is taken."""
    TAKE_UNIT = 11
    TAKE_ACKNOWLEDGEMENT = 12
    """Nothing but that the numbers in it are right."""
    WAIT = 13
    """The far end's processor is out: send nothing more."""
    RESUME = 14
    """The far end's processor is back: say Ready, send again what it had not acknowledged."""
    CALL_BACK = 15
    """The same, but the own processor is out still: say so again."""
    BE_READY = 16
    """The far end knows that the processor is back: say Ready and go on."""
    HOLD = 17
    """The far end is busy: send nothing more, T6."""
    RELEASE = 18
    """It is not any more."""
    FAIL = 19
    """Keep what remains, say Out of Service."""
    LOSE = 20
    """Keep what remains; there is nobody to say anything to."""


SERVING = frozenset(
    {
        State.IN_SERVICE,
        State.LOCAL_OUTAGE,
        State.REMOTE_OUTAGE,
        State.BOTH_OUTAGE,
        State.RECOVERING,
    }
)
"""States in which units are numbered."""

Cell = tuple[Action, State]

_STATUS_INPUTS = (
    Input.ALIGNMENT,
    Input.PROVING_NORMAL,
    Input.PROVING_EMERGENCY,
    Input.FAR_READY,
    Input.FAR_OUTAGE,
    Input.FAR_RECOVERED,
    Input.FAR_BUSY,
    Input.FAR_BUSY_ENDED,
)


def _all(inputs: tuple[Input, ...], cell: Cell) -> dict[Input, Cell]:
    return dict.fromkeys(inputs, cell)


_FAILS: Cell = (Action.FAIL, State.PAUSING)

_ALIGNING: dict[Input, Cell] = {
    Input.STOP: (Action.SAY_OUT_OF_SERVICE, State.IDLE),
    Input.DISCONNECTED: (Action.LOSE, State.AWAITING_CONNECTION),
    **_all((Input.FAR_OUT_OF_SERVICE, Input.FAULT, Input.EXPIRED), _FAILS),
}
"""Common to the states from NOT_ALIGNED to NOT_READY."""

_UP: dict[Input, Cell] = {
    Input.STOP: (Action.FAIL, State.IDLE),
    Input.DISCONNECTED: (Action.LOSE, State.AWAITING_CONNECTION),
    **_all(
        (
            Input.ALIGNMENT,
            Input.PROVING_NORMAL,
            Input.PROVING_EMERGENCY,
            Input.FAR_OUT_OF_SERVICE,
            Input.FAULT,
            Input.EXPIRED,
            Input.T6,
            Input.T7,
        ),
        _FAILS,
    ),
}
"""Common to the states in which units are numbered."""


def _up(state: State, own: dict[Input, Cell]) -> dict[Input, Cell]:
    """A state in which units are numbered: it hears of the far end's business at any time."""
    return {
        **_UP,
        Input.ACKNOWLEDGEMENT: (Action.TAKE_ACKNOWLEDGEMENT, state),
        Input.FAR_BUSY: (Action.HOLD, state),
        Input.FAR_BUSY_ENDED: (Action.RELEASE, state),
        **own,
    }


_ROWS: dict[State, dict[Input, Cell]] = {
    State.UNCONNECTED: {
        Input.START: (Action.IGNORE, State.AWAITING_CONNECTION),
        Input.CONNECTED: (Action.SAY_OUT_OF_SERVICE, State.IDLE),
    },
    State.IDLE: {
        Input.START: (Action.BEGIN, State.NOT_ALIGNED),
        Input.DISCONNECTED: (Action.LOSE, State.UNCONNECTED),
        **_all(_STATUS_INPUTS, (Action.SAY_OUT_OF_SERVICE, State.IDLE)),
        Input.UNIT: (Action.SAY_OUT_OF_SERVICE, State.IDLE),
        Input.ACKNOWLEDGEMENT: (Action.SAY_OUT_OF_SERVICE, State.IDLE),
    },
    State.AWAITING_CONNECTION: {
        Input.STOP: (Action.IGNORE, State.UNCONNECTED),
        Input.CONNECTED: (Action.BEGIN, State.NOT_ALIGNED),
    },
    State.PAUSING: {
        Input.STOP: (Action.SAY_OUT_OF_SERVICE, State.IDLE),
        Input.DISCONNECTED: (Action.LOSE, State.AWAITING_CONNECTION),
        Input.EXPIRED: (Action.BEGIN, State.NOT_ALIGNED),
    },
    State.NOT_ALIGNED: {
        **_ALIGNING,
        Input.ALIGNMENT: (Action.SAY_PROVING, State.ALIGNED),
        Input.PROVING_NORMAL: (Action.PROVE, State.PROVING),
        Input.PROVING_EMERGENCY: (Action.PROVE, State.PROVING),
        # No answer: an end that is not wanted answers that again, and so without end.
        Input.FAR_OUT_OF_SERVICE: (Action.IGNORE, State.NOT_ALIGNED),
    },
    State.ALIGNED: {
        **_ALIGNING,
        Input.PROVING_NORMAL: (Action.PROVE, State.PROVING),
        Input.PROVING_EMERGENCY: (Action.PROVE, State.PROVING),
    },
    State.PROVING: {
        **_ALIGNING,
        Input.ALIGNMENT: (Action.SAY_PROVING, State.ALIGNED),
        Input.PROVING_EMERGENCY: (Action.HASTEN, State.PROVING),
        Input.FAR_READY: (Action.REMEMBER, State.PROVING),
        Input.FAR_OUTAGE: (Action.REMEMBER, State.PROVING),
        Input.EXPIRED: (Action.SAY_READY, State.READY),
    },
    State.READY: {
        **_ALIGNING,
        Input.OUTAGE: (Action.SAY_OUTAGE, State.NOT_READY),
        Input.ALIGNMENT: _FAILS,
        Input.FAR_READY: (Action.ENTER, State.IN_SERVICE),
        Input.FAR_OUTAGE: (Action.ENTER, State.REMOTE_OUTAGE),
        Input.UNIT: (Action.ENTER, State.IN_SERVICE),
        Input.ACKNOWLEDGEMENT: (Action.ENTER, State.IN_SERVICE),
    },
    State.NOT_READY: {
        **_ALIGNING,
        Input.RECOVERED: (Action.SAY_READY, State.READY),
        Input.ALIGNMENT: _FAILS,
        Input.FAR_READY: (Action.ENTER, State.LOCAL_OUTAGE),
        Input.FAR_OUTAGE: (Action.ENTER, State.BOTH_OUTAGE),
        Input.ACKNOWLEDGEMENT: (Action.ENTER, State.LOCAL_OUTAGE),
    },
    State.IN_SERVICE: _up(
        State.IN_SERVICE,
        {
            Input.OUTAGE: (Action.SAY_OUTAGE, State.LOCAL_OUTAGE),
            Input.FAR_OUTAGE: (Action.WAIT, State.REMOTE_OUTAGE),
            Input.FAR_RECOVERED: (Action.SAY_READY, State.IN_SERVICE),
            Input.UNIT: (Action.TAKE_UNIT, State.IN_SERVICE),
        },
    ),
    State.LOCAL_OUTAGE: _up(
        State.LOCAL_OUTAGE,
        {
            Input.RECOVERED: (Action.SAY_RECOVERED, State.RECOVERING),
            Input.FAR_OUTAGE: (Action.WAIT, State.BOTH_OUTAGE),
        },
    ),
    State.REMOTE_OUTAGE: _up(
        State.REMOTE_OUTAGE,
        {
            Input.OUTAGE: (Action.SAY_OUTAGE, State.BOTH_OUTAGE),
            Input.FAR_READY: (Action.RESUME, State.IN_SERVICE),
            Input.FAR_RECOVERED: (Action.RESUME, State.IN_SERVICE),
            Input.UNIT: (Action.TAKE_UNIT, State.REMOTE_OUTAGE),
        },
    ),
    State.BOTH_OUTAGE: _up(
        State.BOTH_OUTAGE,
        {
            Input.RECOVERED: (Action.SAY_RECOVERED, State.REMOTE_OUTAGE),
            Input.FAR_READY: (Action.CALL_BACK, State.LOCAL_OUTAGE),
            Input.FAR_RECOVERED: (Action.CALL_BACK, State.LOCAL_OUTAGE),
        },
    ),
    State.RECOVERING: _up(
        State.RECOVERING,
        {
            Input.OUTAGE: (Action.SAY_OUTAGE, State.LOCAL_OUTAGE),
            Input.FAR_READY: (Action.BE_READY, State.IN_SERVICE),
            Input.FAR_OUTAGE: (Action.WAIT, State.REMOTE_OUTAGE),
            Input.FAR_RECOVERED: (Action.SAY_READY, State.RECOVERING),
        },
    ),
}

TABLE: dict[tuple[State, Input], Cell] = {
    (state, what): _ROWS[state].get(what, (Action.IGNORE, state))
    for state in State
    for what in Input
}
"""Every state with every input; what no row names is ignored."""
