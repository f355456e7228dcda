"""The rows of calls that reach the representative first (`dial_first=agent`).

The representative is found and called as in the other order, waits in silence while the customer is
called, and is joined as soon as the customer answers: no announcement then, unless it bridges the
time in which a machine is being told from a person. Once both are there, or the customer is alone
on the line, the states of the customer-first rows take over. A representative who gives up before
the customer has answered ends the call (`agent_unavailable`): nobody is rung for an empty chair.
"""

from collections.abc import Mapping

from calleq.call.states import Input, State

_S, _I = State, Input

AGENT_FIRST_ROWS: Mapping[tuple[State, Input], tuple[str, State]] = {
    (_S.AGENT_FIRST_RESERVING, _I.RESERVED): ("hunt", _S.AGENT_FIRST_FINDING),
    (_S.AGENT_FIRST_RESERVING, _I.RESERVE_FAILED): ("fail", _S.RELEASING),
    (_S.AGENT_FIRST_RESERVING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_RESERVING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_RESERVING, _I.DEADLINE): ("expire", _S.RELEASING),
    # The hunt, with nobody waiting: no apology when it fails.
    (_S.AGENT_FIRST_FINDING, _I.REPRESENTATIVE_FOUND): ("dial_agent", _S.AGENT_FIRST_DIALING),
    (_S.AGENT_FIRST_FINDING, _I.NOBODY_FOUND): ("give_up", _S.RELEASING),
    (_S.AGENT_FIRST_FINDING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_FINDING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_FINDING, _I.DEADLINE): ("give_up", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING, _I.AGENT_RINGING): ("proceed", _S.AGENT_FIRST_RINGING),
    (_S.AGENT_FIRST_DIALING, _I.AGENT_ANSWERED): (
        "whisper_and_dial_customer",
        _S.AGENT_FIRST_DIALING_CUSTOMER,
    ),
    (_S.AGENT_FIRST_DIALING, _I.AGENT_FAILED): ("hunt", _S.AGENT_FIRST_FINDING),
    (_S.AGENT_FIRST_DIALING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING, _I.DEADLINE): ("drop_agent", _S.AGENT_FIRST_DROPPING),
    (_S.AGENT_FIRST_RINGING, _I.AGENT_ANSWERED): (
        "whisper_and_dial_customer",
        _S.AGENT_FIRST_DIALING_CUSTOMER,
    ),
    (_S.AGENT_FIRST_RINGING, _I.AGENT_FAILED): ("hunt", _S.AGENT_FIRST_FINDING),
    (_S.AGENT_FIRST_RINGING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_RINGING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_RINGING, _I.DEADLINE): ("drop_agent", _S.AGENT_FIRST_DROPPING),
    (_S.AGENT_FIRST_DROPPING, _I.AGENT_CLEARED): ("hunt", _S.AGENT_FIRST_FINDING),
    (_S.AGENT_FIRST_DROPPING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_DROPPING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_DROPPING, _I.DEADLINE): ("expire", _S.RELEASING),
    # The representative waits; the customer is called.
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.CUSTOMER_RINGING): (
        "proceed",
        _S.AGENT_FIRST_CUSTOMER_RINGING,
    ),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.CUSTOMER_ANSWERED): ("join_if_ready", _S.WHISPERING),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.CUSTOMER_ANSWERED_TO_BE_JUDGED): (
        "announce_and_judge",
        _S.AGENT_FIRST_JUDGING,
    ),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.CUSTOMER_FAILED): ("miss_customer", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.AGENT_LEFT): ("give_up", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_DIALING_CUSTOMER, _I.DEADLINE): ("expire", _S.RELEASING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.CUSTOMER_ANSWERED): ("join_if_ready", _S.WHISPERING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.CUSTOMER_ANSWERED_TO_BE_JUDGED): (
        "announce_and_judge",
        _S.AGENT_FIRST_JUDGING,
    ),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.CUSTOMER_FAILED): ("miss_customer", _S.RELEASING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.AGENT_LEFT): ("give_up", _S.RELEASING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_CUSTOMER_RINGING, _I.DEADLINE): ("time_out_customer", _S.RELEASING),
    # Both are there, if the one that answered is a person.
    (_S.AGENT_FIRST_JUDGING, _I.HUMAN): ("admit_customer", _S.WHISPERING),
    (_S.AGENT_FIRST_JUDGING, _I.MACHINE): ("dismiss_machine", _S.RELEASING),
    (_S.AGENT_FIRST_JUDGING, _I.AGENT_LEFT): ("proceed", _S.JUDGING_CUSTOMER),
    (_S.AGENT_FIRST_JUDGING, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.AGENT_FIRST_JUDGING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_FIRST_JUDGING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_FIRST_JUDGING, _I.DEADLINE): ("admit_customer", _S.WHISPERING),
}

_NEVER_HERE = frozenset(
    {
        _I.START,
        _I.START_AGENT_FIRST,
        _I.NAME_SPOKEN,
        _I.WHISPER_ENDED,
        _I.READY,
        _I.APOLOGY_ENDED,
        _I.JOINED,
        _I.JOIN_FAILED,
        _I.ALL_CLEAR,
        _I.CONSENTED,
        _I.REFUSED,
        _I.OPTED_OUT,
        _I.UNCLEAR,
        _I.CUSTOMER_ANSWERED_TO_BE_ASKED,
    }
)
"""The call has begun, is far from its end, the bridge does not wait for words yet, and the
customer is not asked for consent: the representative has been rung already."""
_RESERVATION = frozenset({_I.RESERVED, _I.RESERVE_FAILED})
_FINDING = frozenset({_I.REPRESENTATIVE_FOUND, _I.NOBODY_FOUND})
_CUSTOMER_CALLED = frozenset(
    {
        _I.CUSTOMER_RINGING,
        _I.CUSTOMER_ANSWERED,
        _I.CUSTOMER_ANSWERED_TO_BE_JUDGED,
        _I.CUSTOMER_FAILED,
        _I.CUSTOMER_CLEARED,
    }
)
_NO_CUSTOMER = _CUSTOMER_CALLED | {_I.CUSTOMER_LEFT, _I.HUMAN, _I.MACHINE}
"""The customer has not been called: the leg's machine lets none of these through."""
_AGENT_CALLED = frozenset({_I.AGENT_RINGING, _I.AGENT_ANSWERED, _I.AGENT_FAILED, _I.AGENT_CLEARED})
"""The representative is on the line: the leg's machine lets none of these through."""
_NO_AGENT = _AGENT_CALLED | {_I.AGENT_LEFT}

AGENT_FIRST_IGNORED: Mapping[State, frozenset[Input]] = {
    _S.AGENT_FIRST_RESERVING: _NEVER_HERE | _FINDING | _NO_CUSTOMER | _NO_AGENT,
    _S.AGENT_FIRST_FINDING: _NEVER_HERE | _RESERVATION | _NO_CUSTOMER | _NO_AGENT,
    _S.AGENT_FIRST_DIALING: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | _NO_CUSTOMER
    | {_I.AGENT_LEFT, _I.AGENT_CLEARED},
    _S.AGENT_FIRST_RINGING: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | _NO_CUSTOMER
    | {_I.AGENT_RINGING, _I.AGENT_LEFT, _I.AGENT_CLEARED},
    _S.AGENT_FIRST_DROPPING: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | _NO_CUSTOMER
    | (_NO_AGENT - {_I.AGENT_CLEARED}),
    _S.AGENT_FIRST_DIALING_CUSTOMER: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | {_I.CUSTOMER_LEFT, _I.CUSTOMER_CLEARED, _I.HUMAN, _I.MACHINE}
    | _AGENT_CALLED,
    _S.AGENT_FIRST_CUSTOMER_RINGING: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | {_I.CUSTOMER_RINGING, _I.CUSTOMER_LEFT, _I.CUSTOMER_CLEARED, _I.HUMAN, _I.MACHINE}
    | _AGENT_CALLED,
    _S.AGENT_FIRST_JUDGING: _NEVER_HERE
    | _RESERVATION
    | _FINDING
    | _CUSTOMER_CALLED
    | _AGENT_CALLED,
}
