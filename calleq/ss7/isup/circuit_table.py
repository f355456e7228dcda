"""What a circuit does about everything that can happen to it: one literal table.

Every pair of state and input is decided here, and a test enumerates the product. An input is a
message from the far exchange, a wish of this side's user, an order of maintenance or a timer. The
table names an action (`circuit.py` performs it) and the state that follows; the state changes
first, so that whoever an action calls finds the circuit as it will be.

The rules are those of Q.764 (12/99) §2.1 (set-up), §2.3 (release), §2.9.1 (dual seizure), §2.9.3
(reset) and §2.9.5 (unreasonable messages). Where they leave a choice, and where we depart:

- an unreasonable message is discarded and counted where §2.9.5.1 d) would reset the circuit: a
  damaged message on an idle circuit shall not cost the circuit;
- ANM without an ACM before it answers the call, as CON would: an ACM lost with a failed link shall
  not cost an answered call;
- RLC for a call that nobody released releases it (§2.9.5.1 c);
- a circuit that was seized but not yet signalled is lost to an IAM that comes first: there was no
  dual seizure on the wire;
- a reset that is not confirmed is repeated at once when the far exchange can be reached again: an
  exchange that starts anew resets its circuits before its links are in service;
- an IAM while RLC is awaited is discarded; our next REL (T1) clears both ends.

`DISCARD` is a message that does not fit (counted), `IGNORE` a wish or a timer that comes too late
or changes nothing, `FAULT` a mistake of our own code that is raised.
"""

from calleq.ss7.isup.circuit_states import Action, Input, State

_A = Action
_I = Input
_S = State
Row = tuple[tuple[Input, ...], Action, State]

_BACKWARD = (
    _I.ACM_NO_INDICATION,
    _I.ACM_SUBSCRIBER_FREE,
    _I.CPG_ALERTING,
    _I.CPG_OTHER,
    _I.ANM,
    _I.CON,
)
_IAM = (_I.IAM_WE_CONTROL, _I.IAM_THEY_CONTROL)
_OUR_FAULT = (_I.SEIZE, _I.GIVE_BACK, _I.SEND_IAM)
_SIGNALS = (_I.PROGRESS, _I.ALERTING, _I.ANSWER)

TABLE: dict[State, tuple[Row, ...]] = {
    _S.IDLE: (
        (_IAM, _A.ACCEPT, _S.INCOMING_SET_UP),
        ((*_BACKWARD, _I.RLC, _I.OTHER_MESSAGE), _A.DISCARD, _S.IDLE),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.IDLE),
        ((_I.SEIZE,), _A.TAKE, _S.SEIZED),
        ((_I.GIVE_BACK, _I.SEND_IAM, _I.NO_ROUTE), _A.FAULT, _S.IDLE),
        ((*_SIGNALS, _I.RELEASE), _A.IGNORE, _S.IDLE),
        ((_I.RESET,), _A.START_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.IDLE,
        ),
    ),
    _S.SEIZED: (
        (_IAM, _A.LOSE_SEIZURE, _S.INCOMING_SET_UP),
        ((*_BACKWARD, _I.RLC, _I.OTHER_MESSAGE), _A.DISCARD, _S.SEIZED),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.SEIZED),
        ((_I.SEIZE, _I.NO_ROUTE), _A.FAULT, _S.SEIZED),
        ((_I.GIVE_BACK,), _A.CLEAR, _S.IDLE),
        ((_I.SEND_IAM,), _A.SEND_IAM, _S.AWAITING_ADDRESS_COMPLETE),
        (_SIGNALS, _A.IGNORE, _S.SEIZED),
        ((_I.RELEASE,), _A.CLEAR, _S.IDLE),
        ((_I.RESET,), _A.VOID_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.SEIZED,
        ),
    ),
    _S.AWAITING_ADDRESS_COMPLETE: (
        ((_I.IAM_WE_CONTROL,), _A.PREVAIL, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.IAM_THEY_CONTROL,), _A.YIELD, _S.INCOMING_SET_UP),
        ((_I.ACM_NO_INDICATION,), _A.START_T9, _S.AWAITING_ANSWER),
        ((_I.ACM_SUBSCRIBER_FREE,), _A.START_T9_TELL_ALERTING, _S.OUTGOING_ALERTING),
        (
            (_I.CPG_ALERTING, _I.CPG_OTHER, _I.OTHER_MESSAGE),
            _A.DISCARD,
            _S.AWAITING_ADDRESS_COMPLETE,
        ),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        (_OUR_FAULT, _A.FAULT, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.NO_ROUTE,), _A.TELL_SOON, _S.UNROUTED),
        (_SIGNALS, _A.IGNORE, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T7,), _A.RELEASE_T7, _S.AWAITING_RELEASE_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.AWAITING_ADDRESS_COMPLETE,
        ),
    ),
    _S.AWAITING_ANSWER: (
        (
            (*_IAM, _I.ACM_NO_INDICATION, _I.ACM_SUBSCRIBER_FREE, _I.OTHER_MESSAGE),
            _A.DISCARD,
            _S.AWAITING_ANSWER,
        ),
        ((_I.CPG_ALERTING,), _A.TELL_ALERTING, _S.OUTGOING_ALERTING),
        ((_I.CPG_OTHER,), _A.IGNORE, _S.AWAITING_ANSWER),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.AWAITING_ANSWER),
        (_SIGNALS, _A.IGNORE, _S.AWAITING_ANSWER),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T9,), _A.RELEASE_T9, _S.AWAITING_RELEASE_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.AWAITING_ANSWER,
        ),
    ),
    _S.OUTGOING_ALERTING: (
        (
            (*_IAM, _I.ACM_NO_INDICATION, _I.ACM_SUBSCRIBER_FREE, _I.OTHER_MESSAGE),
            _A.DISCARD,
            _S.OUTGOING_ALERTING,
        ),
        ((_I.CPG_ALERTING, _I.CPG_OTHER), _A.IGNORE, _S.OUTGOING_ALERTING),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.OUTGOING_ALERTING),
        (_SIGNALS, _A.IGNORE, _S.OUTGOING_ALERTING),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T9,), _A.RELEASE_T9, _S.AWAITING_RELEASE_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.OUTGOING_ALERTING,
        ),
    ),
    _S.OUTGOING_ANSWERED: (
        (
            (
                *_IAM,
                _I.ACM_NO_INDICATION,
                _I.ACM_SUBSCRIBER_FREE,
                _I.CPG_ALERTING,
                _I.ANM,
                _I.CON,
                _I.OTHER_MESSAGE,
            ),
            _A.DISCARD,
            _S.OUTGOING_ANSWERED,
        ),
        ((_I.CPG_OTHER,), _A.IGNORE, _S.OUTGOING_ANSWERED),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.OUTGOING_ANSWERED),
        (_SIGNALS, _A.IGNORE, _S.OUTGOING_ANSWERED),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.OUTGOING_ANSWERED,
        ),
    ),
    _S.INCOMING_SET_UP: (
        ((*_IAM, *_BACKWARD, _I.OTHER_MESSAGE), _A.DISCARD, _S.INCOMING_SET_UP),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.INCOMING_SET_UP),
        ((_I.PROGRESS,), _A.SEND_ACM, _S.INCOMING_PROGRESSING),
        ((_I.ALERTING,), _A.SEND_ACM_FREE, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_CON, _S.INCOMING_ANSWERED),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.INCOMING_SET_UP,
        ),
    ),
    _S.INCOMING_PROGRESSING: (
        ((*_IAM, *_BACKWARD, _I.OTHER_MESSAGE), _A.DISCARD, _S.INCOMING_PROGRESSING),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.INCOMING_PROGRESSING),
        ((_I.PROGRESS,), _A.IGNORE, _S.INCOMING_PROGRESSING),
        ((_I.ALERTING,), _A.SEND_CPG, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_ANM, _S.INCOMING_ANSWERED),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.INCOMING_PROGRESSING,
        ),
    ),
    _S.INCOMING_ALERTING: (
        ((*_IAM, *_BACKWARD, _I.OTHER_MESSAGE), _A.DISCARD, _S.INCOMING_ALERTING),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.INCOMING_ALERTING),
        ((_I.PROGRESS, _I.ALERTING), _A.IGNORE, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_ANM, _S.INCOMING_ANSWERED),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.INCOMING_ALERTING,
        ),
    ),
    _S.INCOMING_ANSWERED: (
        ((*_IAM, *_BACKWARD, _I.OTHER_MESSAGE), _A.DISCARD, _S.INCOMING_ANSWERED),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.INCOMING_ANSWERED),
        (_SIGNALS, _A.IGNORE, _S.INCOMING_ANSWERED),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.INCOMING_ANSWERED,
        ),
    ),
    _S.AWAITING_RELEASE_COMPLETE: (
        ((*_IAM, _I.OTHER_MESSAGE), _A.DISCARD, _S.AWAITING_RELEASE_COMPLETE),
        # Sent before our REL arrived there: nothing is wrong with it, and nothing to do.
        (_BACKWARD, _A.IGNORE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.REL,), _A.CONFIRM, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RLC,), _A.CLEAR, _S.IDLE),
        ((_I.RSC,), _A.CONFIRM_AND_CLEAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.AWAITING_RELEASE_COMPLETE),
        ((*_SIGNALS, _I.RELEASE), _A.IGNORE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.CLEAR_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T1,), _A.REPEAT_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T5,), _A.GIVE_UP_RELEASE, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.AWAITING_RELEASE_COMPLETE,
        ),
    ),
    _S.AWAITING_RESET_COMPLETE: (
        ((*_IAM, _I.OTHER_MESSAGE), _A.DISCARD, _S.AWAITING_RESET_COMPLETE),
        (_BACKWARD, _A.IGNORE, _S.AWAITING_RESET_COMPLETE),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.AWAITING_RESET_COMPLETE),
        ((_I.RLC,), _A.CLEAR, _S.IDLE),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.AWAITING_RESET_COMPLETE),
        ((*_SIGNALS, _I.RELEASE, _I.RESET), _A.IGNORE, _S.AWAITING_RESET_COMPLETE),
        ((_I.T16, _I.RESUMED), _A.REPEAT_RSC, _S.AWAITING_RESET_COMPLETE),
        ((_I.T17,), _A.REPEAT_RSC_SLOWLY, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.NO_ROUTE_TOLD),
            _A.IGNORE,
            _S.AWAITING_RESET_COMPLETE,
        ),
    ),
    _S.UNROUTED: (
        (_IAM, _A.YIELD_UNROUTED, _S.INCOMING_SET_UP),
        ((*_BACKWARD, _I.RLC, _I.OTHER_MESSAGE), _A.DISCARD, _S.UNROUTED),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.UNROUTED),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.UNROUTED),
        (_SIGNALS, _A.IGNORE, _S.UNROUTED),
        ((_I.RELEASE,), _A.IGNORE, _S.UNROUTED_RELEASED),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED), _A.IGNORE, _S.UNROUTED),
        ((_I.NO_ROUTE_TOLD,), _A.END_UNROUTED, _S.IDLE),
    ),
    _S.UNROUTED_RELEASED: (
        (_IAM, _A.CLEAR_AND_ACCEPT, _S.INCOMING_SET_UP),
        ((*_BACKWARD, _I.RLC, _I.OTHER_MESSAGE), _A.DISCARD, _S.UNROUTED_RELEASED),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.UNROUTED_RELEASED),
        ((*_OUR_FAULT, _I.NO_ROUTE), _A.FAULT, _S.UNROUTED_RELEASED),
        ((*_SIGNALS, _I.RELEASE), _A.IGNORE, _S.UNROUTED_RELEASED),
        ((_I.RESET,), _A.CLEAR_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        (
            (_I.T1, _I.T5, _I.T7, _I.T9, _I.T16, _I.T17, _I.RESUMED),
            _A.IGNORE,
            _S.UNROUTED_RELEASED,
        ),
        ((_I.NO_ROUTE_TOLD,), _A.CLEAR, _S.IDLE),
    ),
}


def transitions() -> dict[tuple[State, Input], tuple[Action, State]]:
    """The table pair by pair; raises ValueError when a pair is decided twice."""
    pairs: dict[tuple[State, Input], tuple[Action, State]] = {}
    for state, rows in TABLE.items():
        for events, action, following in rows:
            for event in events:
                if (state, event) in pairs:
                    raise ValueError(f"{state.name} decides {event.name} twice")
                pairs[state, event] = (action, following)
    return pairs
