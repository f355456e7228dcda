"""What a switch does on one call reference of a line: the table, and the timers of Q.931 §9.1.

`channel` carries it out. PROGRESS and CALL PROCEEDING of a called telephone say that it is there
(§5.2.5.2): after either it has T310 to ring or to answer. Neither makes a ringing last longer.
"""

from enum import StrEnum

from calleq.units import SECOND_US

T301_US = 180 * SECOND_US
"""How long a telephone may ring."""
T303_US = 4 * SECOND_US
"""How long SETUP may stay unanswered, twice."""
T306_US = 30 * SECOND_US
"""How long the telephone may stay after DISCONNECT (T305 without a tone is as long)."""
T310_US = 60 * SECOND_US
"""How long a party may be sought after CALL PROCEEDING or PROGRESS."""
T308_US = 4 * SECOND_US
"""How long RELEASE may stay unanswered, twice."""


class LState(StrEnum):
    """States of Q.931 §2.1.2, network side; U is the telephone."""

    NULL = "Null"
    CALL_INITIATED = "Call_Initiated"
    CALL_DELIVERED = "Call_Delivered"
    CALL_PRESENT = "Call_Present"
    CALL_PRESENT_AGAIN = "Call_Present_Again"
    CALL_PROCEEDING = "Incoming_Call_Proceeding"
    CALL_RECEIVED = "Call_Received"
    ACTIVE = "Active"
    DISCONNECT_INDICATION = "Disconnect_Indication"
    RELEASE_REQUEST = "Release_Request"
    RELEASE_REQUEST_AGAIN = "Release_Request_Again"


class LInput(StrEnum):
    """The telephone's messages in capitals, the switch's wishes in small letters, the timer."""

    SETUP = "SETUP"
    PROCEEDING = "CALL PROCEEDING"
    PROGRESS = "PROGRESS"
    ALERTING = "ALERTING"
    CONNECT = "CONNECT"
    NOTIFY = "NOTIFY"
    DISCONNECT = "DISCONNECT"
    RELEASE = "RELEASE"
    RELEASE_COMPLETE = "RELEASE COMPLETE"
    OFFER = "offer"
    PROGRESSES = "progress"
    ALERT = "alert"
    ANSWER = "answer"
    CLEAR = "clear"
    EXPIRED = "timer expired"


class LAction(StrEnum):
    """What the switch sends and tells."""

    IGNORE = "ignore"
    START = "start"
    SEND_SETUP = "send SETUP"
    SEND_PROGRESS = "send PROGRESS"
    SEND_ALERTING = "send ALERTING"
    SEND_CONNECT = "send CONNECT"
    SEND_DISCONNECT = "send DISCONNECT"
    SEND_RELEASE = "send RELEASE"
    WAIT = "wait"
    TELL_PROGRESS = "tell progress"
    TELL_ALERTING = "tell alerting"
    TELL_CONNECTED = "tell connected"
    TELL_NOTIFIED = "tell put down or taken up"
    ACCEPT_DISCONNECT = "tell released, send RELEASE"
    ACCEPT_RELEASE = "tell released, send RELEASE COMPLETE, tell cleared"
    ACCEPT_REFUSAL = "tell released and cleared"
    COMPLETE = "send RELEASE COMPLETE, tell cleared"
    CLEARED = "tell cleared"
    NO_RESPONSE = "tell released (18), send RELEASE COMPLETE, tell cleared"
    NOT_FOUND = "tell released (18), send DISCONNECT"
    NO_ANSWER = "tell released (19), send DISCONNECT"


def _row(state: LState, **cells: tuple[LAction, LState]) -> dict[LInput, tuple[LAction, LState]]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = dict.fromkeys(LInput, (LAction.IGNORE, state))
    row.update((LInput[name], cell) for name, cell in cells.items())
    return row


_S, _A = LState, LAction
_CLEARED = {
    "DISCONNECT": (_A.ACCEPT_DISCONNECT, _S.RELEASE_REQUEST),
    "RELEASE": (_A.ACCEPT_RELEASE, _S.NULL),
    "RELEASE_COMPLETE": (_A.ACCEPT_REFUSAL, _S.NULL),
    "CLEAR": (_A.SEND_DISCONNECT, _S.DISCONNECT_INDICATION),
}
"""What ends a call is the same in every state in which there is one (Q.931 §5.3)."""
_ANSWERED_FOR = {
    "PROCEEDING": (_A.WAIT, _S.CALL_PROCEEDING),
    "PROGRESS": (_A.TELL_PROGRESS, _S.CALL_PROCEEDING),
    "ALERTING": (_A.TELL_ALERTING, _S.CALL_RECEIVED),
    "CONNECT": (_A.TELL_CONNECTED, _S.ACTIVE),
}
"""How a SETUP is answered (Q.931 §5.2.5)."""

_ROWS = {
    _S.NULL: _row(
        _S.NULL,
        OFFER=(_A.SEND_SETUP, _S.CALL_PRESENT),
        SETUP=(_A.START, _S.CALL_INITIATED),
    ),
    _S.CALL_INITIATED: _row(
        _S.CALL_INITIATED,
        PROGRESSES=(_A.SEND_PROGRESS, _S.CALL_INITIATED),
        ALERT=(_A.SEND_ALERTING, _S.CALL_DELIVERED),
        ANSWER=(_A.SEND_CONNECT, _S.ACTIVE),
        **_CLEARED,
    ),
    _S.CALL_DELIVERED: _row(
        _S.CALL_DELIVERED,
        PROGRESSES=(_A.SEND_PROGRESS, _S.CALL_DELIVERED),
        ANSWER=(_A.SEND_CONNECT, _S.ACTIVE),
        **_CLEARED,
    ),
    _S.CALL_PRESENT: _row(
        _S.CALL_PRESENT,
        **_ANSWERED_FOR,
        EXPIRED=(_A.SEND_SETUP, _S.CALL_PRESENT_AGAIN),
        **_CLEARED,
    ),
    _S.CALL_PRESENT_AGAIN: _row(
        _S.CALL_PRESENT_AGAIN,
        **_ANSWERED_FOR,
        EXPIRED=(_A.NO_RESPONSE, _S.NULL),
        **_CLEARED,
    ),
    _S.CALL_PROCEEDING: _row(
        _S.CALL_PROCEEDING,
        **_ANSWERED_FOR | {"PROCEEDING": (_A.IGNORE, _S.CALL_PROCEEDING)},
        EXPIRED=(_A.NOT_FOUND, _S.DISCONNECT_INDICATION),
        **_CLEARED,
    ),
    _S.CALL_RECEIVED: _row(
        _S.CALL_RECEIVED,
        PROGRESS=(_A.TELL_PROGRESS, _S.CALL_RECEIVED),
        CONNECT=(_A.TELL_CONNECTED, _S.ACTIVE),
        EXPIRED=(_A.NO_ANSWER, _S.DISCONNECT_INDICATION),
        **_CLEARED,
    ),
    _S.ACTIVE: _row(_S.ACTIVE, NOTIFY=(_A.TELL_NOTIFIED, _S.ACTIVE), **_CLEARED),
    _S.DISCONNECT_INDICATION: _row(
        _S.DISCONNECT_INDICATION,
        DISCONNECT=(_A.SEND_RELEASE, _S.RELEASE_REQUEST),  # clear collision, §5.3.5
        RELEASE=(_A.COMPLETE, _S.NULL),
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASE_REQUEST),
    ),
    _S.RELEASE_REQUEST: _row(
        _S.RELEASE_REQUEST,
        RELEASE=(_A.CLEARED, _S.NULL),  # clear collision, §5.3.5
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.SEND_RELEASE, _S.RELEASE_REQUEST_AGAIN),
    ),
    _S.RELEASE_REQUEST_AGAIN: _row(
        _S.RELEASE_REQUEST_AGAIN,
        RELEASE=(_A.CLEARED, _S.NULL),
        RELEASE_COMPLETE=(_A.CLEARED, _S.NULL),
        EXPIRED=(_A.CLEARED, _S.NULL),
    ),
}
TABLE = {
    (state, given): (cell[0], cell[1])
    for state, row in _ROWS.items()
    for given, cell in row.items()
}

TIMER_US = {
    LState.CALL_PRESENT: T303_US,
    LState.CALL_PRESENT_AGAIN: T303_US,
    LState.CALL_PROCEEDING: T310_US,
    LState.CALL_RECEIVED: T301_US,
    LState.DISCONNECT_INDICATION: T306_US,
    LState.RELEASE_REQUEST: T308_US,
    LState.RELEASE_REQUEST_AGAIN: T308_US,
}
"""The states that a timer bounds from their beginning. The others end with the limits of the call
model."""
