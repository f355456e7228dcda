"""The customer-first machine as a table: (state, input) -> (action, next state).

The rows are read with a finger; every action is a method of `CustomerFirst` of that name. What has
no row is in `IGNORED`, by state, with the reason: together they are every pair there is, and a test
holds them to it. Representative-first calls have rows of their own (`agent_first_table`) until both
parties are there; from then on the states are shared.
"""

from collections.abc import Mapping

from calleq.call.agent_first_table import AGENT_FIRST_IGNORED, AGENT_FIRST_ROWS
from calleq.call.states import Input, State

_S, _I = State, Input

Row = tuple[str, State]

_ROWS: Mapping[tuple[State, Input], Row] = {
    (_S.IDLE, _I.START): ("reserve", _S.RESERVING),
    (_S.IDLE, _I.START_HELD): ("await_capacity", _S.AWAITING_CAPACITY),
    (_S.IDLE, _I.START_AGENT_FIRST): ("reserve", _S.AGENT_FIRST_RESERVING),
    (_S.IDLE, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.IDLE, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    # Nobody is rung to wait for nobody.
    (_S.AWAITING_CAPACITY, _I.LIKELY_FREE): ("reserve", _S.RESERVING),
    (_S.AWAITING_CAPACITY, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AWAITING_CAPACITY, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AWAITING_CAPACITY, _I.DEADLINE): ("find_nobody_free", _S.RELEASING),
    # Nobody is dialled before there are circuits for both.
    (_S.RESERVING, _I.RESERVED): ("dial_customer", _S.DIALING_CUSTOMER),
    (_S.RESERVING, _I.RESERVE_FAILED): ("fail", _S.RELEASING),
    (_S.RESERVING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.RESERVING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.RESERVING, _I.DEADLINE): ("expire", _S.RELEASING),
    # The customer is called.
    (_S.DIALING_CUSTOMER, _I.CUSTOMER_RINGING): ("proceed", _S.CUSTOMER_RINGING),
    (_S.DIALING_CUSTOMER, _I.CUSTOMER_ANSWERED): ("announce_and_hunt", _S.FINDING_REPRESENTATIVE),
    (_S.DIALING_CUSTOMER, _I.CUSTOMER_ANSWERED_TO_BE_JUDGED): (
        "announce_and_judge",
        _S.JUDGING_CUSTOMER,
    ),
    (_S.DIALING_CUSTOMER, _I.CUSTOMER_ANSWERED_TO_BE_ASKED): ("ask", _S.ASKING_CUSTOMER),
    (_S.DIALING_CUSTOMER, _I.CUSTOMER_FAILED): ("miss_customer", _S.RELEASING),
    (_S.DIALING_CUSTOMER, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.DIALING_CUSTOMER, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.DIALING_CUSTOMER, _I.DEADLINE): ("expire", _S.RELEASING),
    (_S.CUSTOMER_RINGING, _I.CUSTOMER_ANSWERED): ("announce_and_hunt", _S.FINDING_REPRESENTATIVE),
    (_S.CUSTOMER_RINGING, _I.CUSTOMER_ANSWERED_TO_BE_JUDGED): (
        "announce_and_judge",
        _S.JUDGING_CUSTOMER,
    ),
    (_S.CUSTOMER_RINGING, _I.CUSTOMER_ANSWERED_TO_BE_ASKED): ("ask", _S.ASKING_CUSTOMER),
    (_S.CUSTOMER_RINGING, _I.CUSTOMER_FAILED): ("miss_customer", _S.RELEASING),
    (_S.CUSTOMER_RINGING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.CUSTOMER_RINGING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.CUSTOMER_RINGING, _I.DEADLINE): ("time_out_customer", _S.RELEASING),
    # The customer answered; is it a person? No verdict in time means yes.
    (_S.JUDGING_CUSTOMER, _I.HUMAN): ("ask", _S.ASKING_CUSTOMER),
    (_S.JUDGING_CUSTOMER, _I.MACHINE): ("dismiss_machine", _S.RELEASING),
    (_S.JUDGING_CUSTOMER, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.JUDGING_CUSTOMER, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.JUDGING_CUSTOMER, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.JUDGING_CUSTOMER, _I.DEADLINE): ("ask", _S.ASKING_CUSTOMER),
    # Nobody is rung before the customer has said yes, where the business wants to be asked for it.
    (_S.ASKING_CUSTOMER, _I.CONSENTED): ("announce_and_hunt", _S.FINDING_REPRESENTATIVE),
    (_S.ASKING_CUSTOMER, _I.UNCLEAR): ("ask", _S.ASKING_CUSTOMER),
    (_S.ASKING_CUSTOMER, _I.REFUSED): ("say_goodbye", _S.DISMISSING_CUSTOMER),
    (_S.ASKING_CUSTOMER, _I.OPTED_OUT): ("opt_out", _S.DISMISSING_CUSTOMER),
    (_S.ASKING_CUSTOMER, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.ASKING_CUSTOMER, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.ASKING_CUSTOMER, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.ASKING_CUSTOMER, _I.DEADLINE): ("say_goodbye", _S.DISMISSING_CUSTOMER),
    (_S.DISMISSING_CUSTOMER, _I.APOLOGY_ENDED): ("dismiss_customer", _S.RELEASING),
    (_S.DISMISSING_CUSTOMER, _I.CUSTOMER_LEFT): ("dismiss_customer", _S.RELEASING),
    (_S.DISMISSING_CUSTOMER, _I.CANCEL): ("dismiss_customer", _S.RELEASING),
    (_S.DISMISSING_CUSTOMER, _I.DRIVER_LOST): ("dismiss_customer", _S.RELEASING),
    (_S.DISMISSING_CUSTOMER, _I.DEADLINE): ("dismiss_customer", _S.RELEASING),
    # A representative is called while the customer hears the announcement, then music.
    (_S.FINDING_REPRESENTATIVE, _I.REPRESENTATIVE_FOUND): ("dial_agent", _S.DIALING_AGENT),
    (_S.FINDING_REPRESENTATIVE, _I.NOBODY_FOUND): ("apologise", _S.APOLOGISING),
    (_S.FINDING_REPRESENTATIVE, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.FINDING_REPRESENTATIVE, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.FINDING_REPRESENTATIVE, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.FINDING_REPRESENTATIVE, _I.DEADLINE): ("apologise", _S.APOLOGISING),
    (_S.FINDING_REPRESENTATIVE, _I.WAITED_ENOUGH): ("stop_hunting", _S.APOLOGISING),
    (_S.DIALING_AGENT, _I.AGENT_RINGING): ("proceed", _S.AGENT_RINGING),
    (_S.DIALING_AGENT, _I.AGENT_ANSWERED): ("whisper", _S.WHISPERING),
    (_S.DIALING_AGENT, _I.AGENT_FAILED): ("hunt", _S.FINDING_REPRESENTATIVE),
    (_S.DIALING_AGENT, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.DIALING_AGENT, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.DIALING_AGENT, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.DIALING_AGENT, _I.DEADLINE): ("drop_agent", _S.DROPPING_AGENT),
    (_S.DIALING_AGENT, _I.WAITED_ENOUGH): ("stop_hunting", _S.APOLOGISING),
    (_S.AGENT_RINGING, _I.AGENT_ANSWERED): ("whisper", _S.WHISPERING),
    (_S.AGENT_RINGING, _I.AGENT_FAILED): ("hunt", _S.FINDING_REPRESENTATIVE),
    (_S.AGENT_RINGING, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.AGENT_RINGING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.AGENT_RINGING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.AGENT_RINGING, _I.DEADLINE): ("drop_agent", _S.DROPPING_AGENT),
    (_S.AGENT_RINGING, _I.WAITED_ENOUGH): ("stop_hunting", _S.APOLOGISING),
    (_S.DROPPING_AGENT, _I.AGENT_CLEARED): ("hunt", _S.FINDING_REPRESENTATIVE),
    (_S.DROPPING_AGENT, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.DROPPING_AGENT, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.DROPPING_AGENT, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.DROPPING_AGENT, _I.DEADLINE): ("expire", _S.RELEASING),
    (_S.DROPPING_AGENT, _I.WAITED_ENOUGH): ("stop_hunting", _S.APOLOGISING),
    # Both are there: whisper to the one, the name to the other, then the bridge.
    (_S.WHISPERING, _I.WHISPER_ENDED): ("join_if_ready", _S.WHISPERING),
    (_S.WHISPERING, _I.NAME_SPOKEN): ("join_if_ready", _S.WHISPERING),
    (_S.WHISPERING, _I.READY): ("join", _S.JOINING),
    (_S.WHISPERING, _I.AGENT_LEFT): ("hunt_after_loss", _S.FINDING_REPRESENTATIVE),
    (_S.WHISPERING, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.WHISPERING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.WHISPERING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.WHISPERING, _I.DEADLINE): ("join", _S.JOINING),
    (_S.JOINING, _I.JOINED): ("bridge", _S.BRIDGED),
    (_S.JOINING, _I.JOIN_FAILED): ("fail", _S.RELEASING),
    (_S.JOINING, _I.AGENT_LEFT): ("hunt_after_loss", _S.FINDING_REPRESENTATIVE),
    (_S.JOINING, _I.CUSTOMER_LEFT): ("abandon", _S.RELEASING),
    (_S.JOINING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.JOINING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.JOINING, _I.DEADLINE): ("expire", _S.RELEASING),
    # A cancel of a bridged call, and its length limit, hang up for the parties.
    (_S.BRIDGED, _I.CUSTOMER_LEFT): ("complete", _S.RELEASING),
    (_S.BRIDGED, _I.AGENT_LEFT): ("complete", _S.RELEASING),
    (_S.BRIDGED, _I.CANCEL): ("complete", _S.RELEASING),
    (_S.BRIDGED, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.BRIDGED, _I.DEADLINE): ("complete_at_limit", _S.RELEASING),
    # The hunt failed; how it did stays the final state if the customer hangs up on the apology.
    (_S.APOLOGISING, _I.APOLOGY_ENDED): ("give_up", _S.RELEASING),
    (_S.APOLOGISING, _I.CUSTOMER_LEFT): ("give_up", _S.RELEASING),
    (_S.APOLOGISING, _I.CANCEL): ("cancel", _S.RELEASING),
    (_S.APOLOGISING, _I.DRIVER_LOST): ("lose", _S.RELEASING),
    (_S.APOLOGISING, _I.DEADLINE): ("give_up", _S.RELEASING),
    (_S.RELEASING, _I.CUSTOMER_CLEARED): ("conclude", _S.RELEASING),
    (_S.RELEASING, _I.AGENT_CLEARED): ("conclude", _S.RELEASING),
    (_S.RELEASING, _I.DRIVER_LOST): ("conclude", _S.RELEASING),
    (_S.RELEASING, _I.ALL_CLEAR): ("end", _S.ENDED),
    (_S.RELEASING, _I.DEADLINE): ("end", _S.ENDED),
}

TABLE: Mapping[tuple[State, Input], Row] = {**_ROWS, **AGENT_FIRST_ROWS}

_BEGUN = frozenset({_I.START, _I.START_AGENT_FIRST})
"""A call begins once."""
_RESERVATION = frozenset({_I.RESERVED, _I.RESERVE_FAILED})
_FINDING = frozenset({_I.REPRESENTATIVE_FOUND, _I.NOBODY_FOUND})
"""Nobody has been asked for, or the answer came after its deadline."""
_CUSTOMER_CALLED = frozenset(
    {
        _I.CUSTOMER_RINGING,
        _I.CUSTOMER_ANSWERED,
        _I.CUSTOMER_ANSWERED_TO_BE_JUDGED,
        _I.CUSTOMER_ANSWERED_TO_BE_ASKED,
        _I.CUSTOMER_FAILED,
        _I.CUSTOMER_CLEARED,
    }
)
"""The customer's leg is not being called (or released): its machine lets none of these through."""
_CONSENT = frozenset({_I.CONSENTED, _I.REFUSED, _I.OPTED_OUT, _I.UNCLEAR})
"""Nothing has been asked, or the answer came after its deadline."""
_VERDICT = frozenset({_I.HUMAN, _I.MACHINE}) | _CONSENT
"""No verdict is awaited; one after the deadline changes nothing."""
_AGENT_CALLED = frozenset({_I.AGENT_RINGING, _I.AGENT_ANSWERED, _I.AGENT_FAILED, _I.AGENT_CLEARED})
_NO_AGENT = _AGENT_CALLED | {_I.AGENT_LEFT}
"""There is no representative's leg: its machine lets none of these through."""
_SPEECH = frozenset({_I.WHISPER_ENDED, _I.NAME_SPOKEN, _I.READY, _I.APOLOGY_ENDED})
"""What was said to its end; the bridge does not wait for it here."""
_BRIDGING = frozenset({_I.JOINED, _I.JOIN_FAILED})
_LAST = frozenset({_I.ALL_CLEAR})
_IN_FEW = frozenset({_I.WAITED_ENOUGH, _I.START_HELD, _I.LIKELY_FREE})
"""A customer's patience is measured only while somebody is hunted for a customer on the line; a
call is held once, before anything else."""

_CUSTOMER_ON_LINE = _BEGUN | _RESERVATION | _CUSTOMER_CALLED | _LAST

_IGNORED: Mapping[State, frozenset[Input]] = {
    _S.IDLE: _RESERVATION
    | _FINDING
    | _CUSTOMER_CALLED
    | {_I.CUSTOMER_LEFT}
    | _VERDICT
    | _NO_AGENT
    | _SPEECH
    | _BRIDGING
    | _LAST
    | {_I.DEADLINE},
    _S.AWAITING_CAPACITY: frozenset(Input) - _IN_FEW - {_I.CANCEL, _I.DRIVER_LOST, _I.DEADLINE},
    _S.RESERVING: _BEGUN
    | _FINDING
    | _CUSTOMER_CALLED
    | {_I.CUSTOMER_LEFT}
    | _VERDICT
    | _NO_AGENT
    | _SPEECH
    | _BRIDGING
    | _LAST,
    _S.DIALING_CUSTOMER: _BEGUN
    | _RESERVATION
    | _FINDING
    | {_I.CUSTOMER_LEFT, _I.CUSTOMER_CLEARED}
    | _VERDICT
    | _NO_AGENT
    | _SPEECH
    | _BRIDGING
    | _LAST,
    _S.CUSTOMER_RINGING: _BEGUN
    | _RESERVATION
    | _FINDING
    | {_I.CUSTOMER_RINGING, _I.CUSTOMER_LEFT, _I.CUSTOMER_CLEARED}
    | _VERDICT
    | _NO_AGENT
    | _SPEECH
    | _BRIDGING
    | _LAST,
    _S.JUDGING_CUSTOMER: _CUSTOMER_ON_LINE | _FINDING | _CONSENT | _NO_AGENT | _SPEECH | _BRIDGING,
    _S.ASKING_CUSTOMER: _CUSTOMER_ON_LINE
    | _FINDING
    | (_VERDICT - _CONSENT)
    | _NO_AGENT
    | _SPEECH
    | _BRIDGING,
    _S.DISMISSING_CUSTOMER: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | _NO_AGENT
    | (_SPEECH - {_I.APOLOGY_ENDED})
    | _BRIDGING,
    _S.FINDING_REPRESENTATIVE: _CUSTOMER_ON_LINE | _VERDICT | _NO_AGENT | _SPEECH | _BRIDGING,
    _S.DIALING_AGENT: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | {_I.AGENT_LEFT, _I.AGENT_CLEARED}
    | _SPEECH
    | _BRIDGING,
    _S.AGENT_RINGING: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | {_I.AGENT_RINGING, _I.AGENT_LEFT, _I.AGENT_CLEARED}
    | _SPEECH
    | _BRIDGING,
    _S.DROPPING_AGENT: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | (_NO_AGENT - {_I.AGENT_CLEARED})
    | _SPEECH
    | _BRIDGING,
    _S.WHISPERING: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | _AGENT_CALLED
    | {_I.APOLOGY_ENDED}
    | _BRIDGING,
    _S.JOINING: _CUSTOMER_ON_LINE | _FINDING | _VERDICT | _AGENT_CALLED | _SPEECH,
    _S.BRIDGED: _CUSTOMER_ON_LINE | _FINDING | _VERDICT | _AGENT_CALLED | _SPEECH | _BRIDGING,
    _S.APOLOGISING: _CUSTOMER_ON_LINE
    | _FINDING
    | _VERDICT
    | _NO_AGENT
    | (_SPEECH - {_I.APOLOGY_ENDED})
    | _BRIDGING,
    # The final state is known and does not change; only what is left of the legs matters.
    _S.RELEASING: _BEGUN
    | _RESERVATION
    | _FINDING
    | (_CUSTOMER_CALLED - {_I.CUSTOMER_CLEARED})
    | {_I.CUSTOMER_LEFT}
    | _VERDICT
    | (_NO_AGENT - {_I.AGENT_CLEARED})
    | _SPEECH
    | _BRIDGING
    | {_I.CANCEL},
    _S.ENDED: frozenset(Input),
}

IGNORED: Mapping[State, frozenset[Input]] = {
    state: ignored | {given for given in _IN_FEW if (state, given) not in TABLE}
    for state, ignored in {**_IGNORED, **AGENT_FIRST_IGNORED}.items()
}
