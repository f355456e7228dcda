"""What a circuit does about everything that can happen to it: one literal table.

Every pair of state and input is decided here, and a test enumerates the product. An input is a
message from the far exchange, a wish of this side's user, an order of maintenance or a timer. The
table names an action (`circuit_actions` performs it) and the state that follows; the state changes
first, so that whoever an action calls finds the circuit as it will be. The states of checks stand
in `check_table`.

The rules are those of Q.764 (12/99) §2.1 (set-up), §2.3 (release), §2.4 (suspend), §2.9.1 (dual
seizure), §2.9.3 (reset) and §2.9.5 (unreasonable messages). Where they leave a choice, and where we
depart:

- a message that has no business on an idle circuit resets it (§2.9.5.1 d): if the far end takes it
  to be in use, one RSC brings both back, and if it was damage, one RSC is all that it costs;
- the same before anything came back on an outgoing call, which is then tried again elsewhere;
  CPG and CCR are discarded there: an ACM lost with a failed link, or a check that crossed our IAM,
  shall not cost the call;
- ANM without an ACM before it answers the call, as CON would;
- RLC for a call that nobody released releases it (§2.9.5.1 c);
- a circuit that was seized but not yet signalled is lost to an IAM that comes first: there was no
  dual seizure on the wire;
- a reset that is not confirmed is repeated at once when the far exchange can be reached again: an
  exchange that starts anew resets its circuits before its links are in service;
- an IAM while RLC is awaited is discarded; our next REL (T1) clears both ends.

`DISCARD` is a message that does not fit (counted), `IGNORE` a wish or a timer that comes too late
or changes nothing, `FAULT` a mistake of our own code that is raised.
"""

from calleq.ss7.isup.check_table import CHECK_TABLE
from calleq.ss7.isup.circuit_rows import (
    BACKWARD,
    FORWARD,
    IAM,
    NESTED,
    OUR_FAULT,
    SIGNALS,
    Row,
    quiet,
)
from calleq.ss7.isup.circuit_states import Action, Input, State

_A = Action
_I = Input
_S = State

_RELEASE: tuple[Row, ...] = (
    ((_I.REL,), _A.RELEASED, _S.IDLE),
    ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
    ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
    ((_I.INCOMPATIBLE,), _A.RELEASE_INCOMPATIBLE, _S.AWAITING_RELEASE_COMPLETE),
)
"""How every call that was signalled may end."""

_RELEASE_LATE: tuple[Row, ...] = (
    *_RELEASE,
    ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
    ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
)
"""How it may end once something came back, or at the called end."""

_ODD = (*FORWARD, _I.CCR, _I.LPA, _I.OLM, _I.OTHER_MESSAGE)
_LATE = (*BACKWARD, *FORWARD, _I.SUSPENSION, _I.NOTICE, _I.LPA)
_LAST_WISHES = (*SIGNALS, _I.DIGITS, _I.SUSPEND, _I.SAY)

TABLE: dict[State, tuple[Row, ...]] = {
    _S.IDLE: (
        (IAM, _A.ACCEPT, _S.INCOMING_SET_UP),
        ((_I.RLC,), _A.DISCARD, _S.IDLE),
        # Of an IAM that cannot be understood.
        ((_I.INCOMPATIBLE,), _A.RELEASE_INCOMPATIBLE, _S.AWAITING_RELEASE_COMPLETE),
        (
            (*_LATE, _I.OLM, _I.OTHER_MESSAGE),
            _A.RESET_UNREASONABLE,
            _S.AWAITING_RESET_COMPLETE,
        ),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.IDLE),
        ((_I.CCR,), _A.LOOP, _S.LOOPED),
        ((_I.SEIZE,), _A.TAKE, _S.SEIZED),
        ((_I.GIVE_BACK, _I.SEND_IAM, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.IDLE),
        ((*_LAST_WISHES, _I.RELEASE, _I.BLOCKED_BY_FAR, *quiet()), _A.IGNORE, _S.IDLE),
        ((_I.RESET,), _A.START_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.CHECK,), _A.ASK_CHECK, _S.CHECKING),
    ),
    _S.SEIZED: (
        (IAM, _A.LOSE_SEIZURE, _S.INCOMING_SET_UP),
        (
            (*_LATE, _I.RLC, _I.CCR, _I.OLM, _I.OTHER_MESSAGE, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.SEIZED,
        ),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.SEIZED),
        ((_I.SEIZE, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.SEIZED),
        ((_I.GIVE_BACK,), _A.CLEAR, _S.IDLE),
        ((_I.SEND_IAM,), _A.SEND_IAM, _S.AWAITING_ADDRESS_COMPLETE),
        ((*_LAST_WISHES, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet()), _A.IGNORE, _S.SEIZED),
        ((_I.RELEASE,), _A.CLEAR, _S.IDLE),
        ((_I.RESET,), _A.VOID_AND_RESET, _S.AWAITING_RESET_COMPLETE),
    ),
    _S.AWAITING_ADDRESS_COMPLETE: (
        *_RELEASE,
        ((_I.IAM_WE_CONTROL,), _A.PREVAIL, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.IAM_THEY_CONTROL,), _A.YIELD, _S.INCOMING_SET_UP),
        ((_I.ACM_NO_INDICATION,), _A.START_T9, _S.AWAITING_ANSWER),
        ((_I.ACM_SUBSCRIBER_FREE,), _A.START_T9_TELL_ALERTING, _S.OUTGOING_ALERTING),
        ((_I.CPG_ALERTING, _I.CPG_OTHER, _I.CCR), _A.DISCARD, _S.AWAITING_ADDRESS_COMPLETE),
        (
            (*FORWARD, _I.SUSPENSION, _I.OTHER_MESSAGE),
            _A.REPEAT_AND_RESET,
            _S.AWAITING_RESET_COMPLETE,
        ),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.RLC, _I.BLOCKED_BY_FAR), _A.RELEASE_AND_REPEAT, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BEFORE_ANSWER, _S.IDLE),
        ((_I.OLM,), _A.START_T3, _S.AWAITING_ADDRESS_COMPLETE),
        (
            (*OUR_FAULT, _I.CONTINUITY_ASKED, _I.DIGITS_MISSING, _I.NUMBER_COMPLETE),
            _A.FAULT,
            _S.AWAITING_ADDRESS_COMPLETE,
        ),
        ((_I.NO_ROUTE,), _A.TELL_SOON, _S.UNROUTED),
        ((_I.CONTINUITY_SENT,), _A.START_CHECK, _S.OUTGOING_CHECK),
        ((_I.DIGITS,), _A.SEND_SAM, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.SAY,), _A.SEND_NOTICE, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.T3,), _A.RELEASE_T3, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T7,), _A.RELEASE_T7, _S.AWAITING_RELEASE_COMPLETE),
        (
            (*SIGNALS, _I.SUSPEND, _I.LPA, _I.CHECK, *quiet(_I.T3, _I.T7)),
            _A.IGNORE,
            _S.AWAITING_ADDRESS_COMPLETE,
        ),
    ),
    _S.AWAITING_ANSWER: (
        *_RELEASE_LATE,
        (
            (*IAM, _I.ACM_NO_INDICATION, _I.ACM_SUBSCRIBER_FREE, _I.SUSPENSION, *_ODD),
            _A.DISCARD,
            _S.AWAITING_ANSWER,
        ),
        ((_I.CPG_ALERTING,), _A.TELL_ALERTING, _S.OUTGOING_ALERTING),
        ((_I.CPG_OTHER,), _A.TELL_PROGRESS, _S.AWAITING_ANSWER),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.AWAITING_ANSWER),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.AWAITING_ANSWER),
        ((_I.SAY,), _A.SEND_NOTICE, _S.AWAITING_ANSWER),
        ((_I.T9,), _A.RELEASE_T9, _S.AWAITING_RELEASE_COMPLETE),
        (
            (*SIGNALS, _I.DIGITS, _I.SUSPEND, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet(_I.T9)),
            _A.IGNORE,
            _S.AWAITING_ANSWER,
        ),
    ),
    _S.OUTGOING_ALERTING: (
        *_RELEASE_LATE,
        (
            (*IAM, _I.ACM_NO_INDICATION, _I.ACM_SUBSCRIBER_FREE, _I.SUSPENSION, *_ODD),
            _A.DISCARD,
            _S.OUTGOING_ALERTING,
        ),
        ((_I.CPG_OTHER,), _A.TELL_PROGRESS, _S.OUTGOING_ALERTING),
        ((_I.ANM, _I.CON), _A.TELL_ANSWERED, _S.OUTGOING_ANSWERED),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.OUTGOING_ALERTING),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.OUTGOING_ALERTING),
        ((_I.SAY,), _A.SEND_NOTICE, _S.OUTGOING_ALERTING),
        ((_I.T9,), _A.RELEASE_T9, _S.AWAITING_RELEASE_COMPLETE),
        (
            (
                *SIGNALS,
                _I.DIGITS,
                _I.SUSPEND,
                _I.CPG_ALERTING,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.T9),
            ),
            _A.IGNORE,
            _S.OUTGOING_ALERTING,
        ),
    ),
    _S.OUTGOING_ANSWERED: (
        *_RELEASE_LATE,
        (
            (
                *IAM,
                _I.ACM_NO_INDICATION,
                _I.ACM_SUBSCRIBER_FREE,
                _I.CPG_ALERTING,
                _I.ANM,
                _I.CON,
                *_ODD,
            ),
            _A.DISCARD,
            _S.OUTGOING_ANSWERED,
        ),
        ((_I.CPG_OTHER,), _A.TELL_PROGRESS, _S.OUTGOING_ANSWERED),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.OUTGOING_ANSWERED),
        ((_I.SUSPENSION,), _A.TELL_SUSPENSION, _S.OUTGOING_ANSWERED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.OUTGOING_ANSWERED),
        ((_I.SAY,), _A.SEND_NOTICE, _S.OUTGOING_ANSWERED),
        ((_I.SUSPEND,), _A.SEND_SUSPENSION, _S.OUTGOING_ANSWERED),
        ((_I.SUSPENDED_TOO_LONG,), _A.RELEASE_SUSPENDED, _S.AWAITING_RELEASE_COMPLETE),
        (
            (*SIGNALS, _I.DIGITS, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet(_I.SUSPENDED_TOO_LONG)),
            _A.IGNORE,
            _S.OUTGOING_ANSWERED,
        ),
    ),
    _S.INCOMING_SET_UP: (
        *_RELEASE_LATE,
        (
            (
                *IAM,
                *BACKWARD,
                _I.COT_PASSED,
                _I.COT_FAILED,
                _I.SUSPENSION,
                _I.CCR,
                _I.LPA,
                _I.OLM,
                _I.OTHER_MESSAGE,
            ),
            _A.DISCARD,
            _S.INCOMING_SET_UP,
        ),
        ((_I.SAM, _I.NOTICE), _A.TELL_NOTICE, _S.INCOMING_SET_UP),
        (
            (*OUR_FAULT, _I.NO_ROUTE, _I.CONTINUITY_SENT, _I.NUMBER_COMPLETE),
            _A.FAULT,
            _S.INCOMING_SET_UP,
        ),
        ((_I.CONTINUITY_ASKED,), _A.AWAIT_COT, _S.INCOMING_CHECK),
        ((_I.DIGITS_MISSING,), _A.AWAIT_DIGITS, _S.INCOMING_OVERLAP),
        ((_I.PROGRESS,), _A.SEND_ACM, _S.INCOMING_PROGRESSING),
        ((_I.ALERTING,), _A.SEND_ACM_FREE, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_CON, _S.INCOMING_ANSWERED),
        ((_I.SAY,), _A.SEND_NOTICE, _S.INCOMING_SET_UP),
        ((_I.T33,), _A.RELEASE_T33, _S.AWAITING_RELEASE_COMPLETE),
        (
            (_I.DIGITS, _I.SUSPEND, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet(_I.T33)),
            _A.IGNORE,
            _S.INCOMING_SET_UP,
        ),
    ),
    _S.INCOMING_PROGRESSING: (
        *_RELEASE_LATE,
        ((*IAM, *BACKWARD, *_ODD, _I.SUSPENSION), _A.DISCARD, _S.INCOMING_PROGRESSING),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.INCOMING_PROGRESSING),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.INCOMING_PROGRESSING),
        ((_I.PROGRESS,), _A.SEND_CPG_OTHER, _S.INCOMING_PROGRESSING),
        ((_I.ALERTING,), _A.SEND_CPG, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_ANM, _S.INCOMING_ANSWERED),
        ((_I.SAY,), _A.SEND_NOTICE, _S.INCOMING_PROGRESSING),
        ((_I.T33,), _A.RELEASE_T33, _S.AWAITING_RELEASE_COMPLETE),
        (
            (_I.DIGITS, _I.SUSPEND, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet(_I.T33)),
            _A.IGNORE,
            _S.INCOMING_PROGRESSING,
        ),
    ),
    _S.INCOMING_ALERTING: (
        *_RELEASE_LATE,
        ((*IAM, *BACKWARD, *_ODD, _I.SUSPENSION), _A.DISCARD, _S.INCOMING_ALERTING),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.INCOMING_ALERTING),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.INCOMING_ALERTING),
        ((_I.PROGRESS,), _A.SEND_CPG_OTHER, _S.INCOMING_ALERTING),
        ((_I.ANSWER,), _A.SEND_ANM, _S.INCOMING_ANSWERED),
        ((_I.SAY,), _A.SEND_NOTICE, _S.INCOMING_ALERTING),
        ((_I.T33,), _A.RELEASE_T33, _S.AWAITING_RELEASE_COMPLETE),
        (
            (
                _I.ALERTING,
                _I.DIGITS,
                _I.SUSPEND,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.T33),
            ),
            _A.IGNORE,
            _S.INCOMING_ALERTING,
        ),
    ),
    _S.INCOMING_ANSWERED: (
        *_RELEASE_LATE,
        ((*IAM, *BACKWARD, *_ODD), _A.DISCARD, _S.INCOMING_ANSWERED),
        ((_I.NOTICE,), _A.TELL_NOTICE, _S.INCOMING_ANSWERED),
        ((_I.SUSPENSION,), _A.TELL_SUSPENSION, _S.INCOMING_ANSWERED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.INCOMING_ANSWERED),
        ((_I.PROGRESS,), _A.SEND_CPG_OTHER, _S.INCOMING_ANSWERED),
        ((_I.SAY,), _A.SEND_NOTICE, _S.INCOMING_ANSWERED),
        ((_I.SUSPEND,), _A.SEND_SUSPENSION, _S.INCOMING_ANSWERED),
        ((_I.SUSPENDED_TOO_LONG,), _A.RELEASE_SUSPENDED, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T33,), _A.RELEASE_T33, _S.AWAITING_RELEASE_COMPLETE),
        (
            (
                _I.ALERTING,
                _I.ANSWER,
                _I.DIGITS,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.SUSPENDED_TOO_LONG, _I.T33),
            ),
            _A.IGNORE,
            _S.INCOMING_ANSWERED,
        ),
    ),
    _S.AWAITING_RELEASE_COMPLETE: (
        (
            (*IAM, _I.CCR, _I.OLM, _I.OTHER_MESSAGE, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.AWAITING_RELEASE_COMPLETE,
        ),
        # Sent before our REL arrived there: nothing is wrong with it, and nothing to do.
        (_LATE, _A.IGNORE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.REL,), _A.CONFIRM, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RLC,), _A.CLEAR, _S.IDLE),
        ((_I.RSC,), _A.CONFIRM_AND_CLEAR, _S.IDLE),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.CLEAR_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.T1,), _A.REPEAT_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T5,), _A.GIVE_UP_RELEASE, _S.AWAITING_RESET_COMPLETE),
        (
            (
                *_LAST_WISHES,
                _I.RELEASE,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.T1, _I.T5),
            ),
            _A.IGNORE,
            _S.AWAITING_RELEASE_COMPLETE,
        ),
    ),
    _S.AWAITING_RESET_COMPLETE: (
        (
            (*IAM, _I.CCR, _I.OLM, _I.OTHER_MESSAGE, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.AWAITING_RESET_COMPLETE,
        ),
        (_LATE, _A.IGNORE, _S.AWAITING_RESET_COMPLETE),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.AWAITING_RESET_COMPLETE),
        ((_I.RLC,), _A.RESET_DONE, _S.IDLE),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.AWAITING_RESET_COMPLETE),
        ((_I.T16, _I.RESUMED), _A.REPEAT_RSC, _S.AWAITING_RESET_COMPLETE),
        ((_I.T17,), _A.REPEAT_RSC_SLOWLY, _S.AWAITING_RESET_COMPLETE),
        (
            (
                *_LAST_WISHES,
                _I.RELEASE,
                _I.RESET,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.T16, _I.T17, _I.RESUMED),
            ),
            _A.IGNORE,
            _S.AWAITING_RESET_COMPLETE,
        ),
    ),
    _S.UNROUTED: (
        (IAM, _A.YIELD_UNROUTED, _S.INCOMING_SET_UP),
        (
            (*_LATE, _I.RLC, _I.CCR, _I.OLM, _I.OTHER_MESSAGE, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.UNROUTED,
        ),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.UNROUTED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.UNROUTED),
        ((_I.RELEASE,), _A.IGNORE, _S.UNROUTED_RELEASED),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.NO_ROUTE_TOLD,), _A.END_UNROUTED, _S.IDLE),
        (
            (*_LAST_WISHES, _I.BLOCKED_BY_FAR, _I.CHECK, *quiet(_I.NO_ROUTE_TOLD)),
            _A.IGNORE,
            _S.UNROUTED,
        ),
    ),
    _S.UNROUTED_RELEASED: (
        (IAM, _A.CLEAR_AND_ACCEPT, _S.INCOMING_SET_UP),
        (
            (*_LATE, _I.RLC, _I.CCR, _I.OLM, _I.OTHER_MESSAGE, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.UNROUTED_RELEASED,
        ),
        ((_I.REL, _I.RSC), _A.CONFIRM, _S.UNROUTED_RELEASED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.UNROUTED_RELEASED),
        ((_I.RESET,), _A.CLEAR_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.NO_ROUTE_TOLD,), _A.CLEAR, _S.IDLE),
        (
            (
                *_LAST_WISHES,
                _I.RELEASE,
                _I.BLOCKED_BY_FAR,
                _I.CHECK,
                *quiet(_I.NO_ROUTE_TOLD),
            ),
            _A.IGNORE,
            _S.UNROUTED_RELEASED,
        ),
    ),
    **CHECK_TABLE,
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
