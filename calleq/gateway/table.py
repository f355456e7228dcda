"""One call between a line of a switch and SIP: its states and what each does with each input.

Capitals are messages of the switch (Q.931), small letters what happens on the side of SIP, where
the party is: a telephone, or another system behind a trunk. A pair that is not named is ignored.
`call` says what the actions do; the state changes before its action runs.

RELEASE and RELEASE COMPLETE tell the switch what the call's voice was like, so they wait for the
measure, and no longer than `MEASURE_LIMIT_US`; DISCONNECT never waits, because it ends the bill.
"""

from enum import StrEnum

from calleq.units import MILLISECOND_US, SECOND_US


class GState(StrEnum):
    """How far the call got."""

    CALLING = "Calling"
    """The switch offered it; the party is being invited."""
    RINGING = "Ringing"
    """The switch was told that the party is rung."""
    DIALLING = "Dialling"
    """The party invited us; SETUP is with the switch."""
    LISTENING = "Listening"
    """Whom the party dialled is rung."""
    TALKING = "Talking"
    DISCONNECTING = "Disconnecting"
    """The party is gone; DISCONNECT was sent."""
    MEASURING = "Measuring"
    """The switch disconnected; RELEASE follows."""
    COMPLETING = "Completing"
    """The switch released; RELEASE COMPLETE follows."""
    RELEASING = "Releasing"
    RELEASING_AGAIN = "Releasing_Again"
    OVER = "Over"


class GInput(StrEnum):
    """What can happen to it."""

    ALERTING = "ALERTING"
    PROGRESS = "PROGRESS"
    CONNECT = "CONNECT"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    RELEASE_COMPLETE = "RELEASE COMPLETE"
    TRIES = "is being looked for"
    RINGS = "rings"
    HEARD = "is heard"
    """Early media, or word that the call goes on elsewhere: 183."""
    ANSWERS = "answers"
    FAILS = "cannot be reached"
    """Nobody is left to invite."""
    HANGS_UP = "hangs up"
    MEASURED = "is measured"
    EXPIRED = "timer expired"


class GAction(StrEnum):
    """What is done about it."""

    IGNORE = "ignore"
    SEND_PROCEEDING = "send CALL PROCEEDING, once"
    SEND_ALERTING = "send ALERTING"
    SEND_PROGRESS = "send PROGRESS"
    SEND_CONNECT = "send CONNECT"
    SEND_DISCONNECT = "close the port, send DISCONNECT"
    REFUSE = "close the port, send RELEASE COMPLETE, end"
    RING = "say 180"
    LET_HEAR = "say 183"
    ACCEPT = "say 200"
    LET_GO = "end the invitation or dialog, close the port"
    AWAIT_MEASURE = "wait for the measure"
    SEND_RELEASE = "send RELEASE"
    COMPLETE = "send RELEASE COMPLETE, end"
    DROP = "end the invitation or dialog, close the port, end"
    END = "end"


MEASURE_LIMIT_US = 200 * MILLISECOND_US
"""How long RELEASE and RELEASE COMPLETE wait for what the voice was like."""
T305_US = 30 * SECOND_US
"""How long DISCONNECT may stay unanswered (Q.931 table 9-2)."""
T308_US = 4 * SECOND_US
"""How long RELEASE may, twice."""

TIMER_US = {
    GState.DISCONNECTING: T305_US,
    GState.MEASURING: MEASURE_LIMIT_US,
    GState.COMPLETING: MEASURE_LIMIT_US,
    GState.RELEASING: T308_US,
    GState.RELEASING_AGAIN: T308_US,
}
"""The states that a timer bounds. The others are bounded by the switch's (T301, T303)."""

_S, _A = GState, GAction


def _row(state: GState, **cells: tuple[GAction, GState]) -> dict[GInput, tuple[GAction, GState]]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = dict.fromkeys(GInput, (GAction.IGNORE, state))
    row.update((GInput[name], cell) for name, cell in cells.items())
    return row


_LET_GO = {
    "DISCONNECT": (_A.LET_GO, _S.MEASURING),
    "RELEASE": (_A.LET_GO, _S.COMPLETING),
    "RELEASE_COMPLETE": (_A.DROP, _S.OVER),
}
"""The switch ends a call that the party has not ended."""

_ROWS = {
    _S.CALLING: _row(
        _S.CALLING,
        TRIES=(_A.SEND_PROCEEDING, _S.CALLING),
        RINGS=(_A.SEND_ALERTING, _S.RINGING),
        HEARD=(_A.SEND_PROGRESS, _S.CALLING),
        ANSWERS=(_A.SEND_CONNECT, _S.TALKING),
        FAILS=(_A.REFUSE, _S.OVER),
        HANGS_UP=(_A.REFUSE, _S.OVER),
        **_LET_GO,
    ),
    _S.RINGING: _row(
        _S.RINGING,
        HEARD=(_A.SEND_PROGRESS, _S.RINGING),
        ANSWERS=(_A.SEND_CONNECT, _S.TALKING),
        FAILS=(_A.SEND_DISCONNECT, _S.DISCONNECTING),
        HANGS_UP=(_A.SEND_DISCONNECT, _S.DISCONNECTING),
        **_LET_GO,
    ),
    _S.DIALLING: _row(
        _S.DIALLING,
        ALERTING=(_A.RING, _S.LISTENING),
        PROGRESS=(_A.LET_HEAR, _S.DIALLING),
        CONNECT=(_A.ACCEPT, _S.TALKING),
        HANGS_UP=(_A.SEND_DISCONNECT, _S.DISCONNECTING),
        **_LET_GO,
    ),
    _S.LISTENING: _row(
        _S.LISTENING,
        PROGRESS=(_A.LET_HEAR, _S.LISTENING),
        CONNECT=(_A.ACCEPT, _S.TALKING),
        HANGS_UP=(_A.SEND_DISCONNECT, _S.DISCONNECTING),
        **_LET_GO,
    ),
    _S.TALKING: _row(_S.TALKING, HANGS_UP=(_A.SEND_DISCONNECT, _S.DISCONNECTING), **_LET_GO),
    _S.DISCONNECTING: _row(
        _S.DISCONNECTING,
        DISCONNECT=(_A.AWAIT_MEASURE, _S.MEASURING),  # clear collision, §5.3.5
        RELEASE=(_A.AWAIT_MEASURE, _S.COMPLETING),
        RELEASE_COMPLETE=(_A.END, _S.OVER),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASING),
    ),
    _S.MEASURING: _row(
        _S.MEASURING,
        RELEASE=(_A.AWAIT_MEASURE, _S.COMPLETING),
        RELEASE_COMPLETE=(_A.END, _S.OVER),
        MEASURED=(_A.SEND_RELEASE, _S.RELEASING),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASING),
    ),
    _S.COMPLETING: _row(
        _S.COMPLETING,
        RELEASE_COMPLETE=(_A.END, _S.OVER),
        MEASURED=(_A.COMPLETE, _S.OVER),
        EXPIRED=(_A.COMPLETE, _S.OVER),
    ),
    _S.RELEASING: _row(
        _S.RELEASING,
        RELEASE=(_A.END, _S.OVER),  # clear collision, §5.3.5
        RELEASE_COMPLETE=(_A.END, _S.OVER),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASING_AGAIN),
    ),
    _S.RELEASING_AGAIN: _row(
        _S.RELEASING_AGAIN,
        RELEASE=(_A.END, _S.OVER),
        RELEASE_COMPLETE=(_A.END, _S.OVER),
        EXPIRED=(_A.END, _S.OVER),
    ),
    _S.OVER: _row(_S.OVER),
}
TABLE = {
    (state, given): (cell[0], cell[1])
    for state, row in _ROWS.items()
    for given, cell in row.items()
}
