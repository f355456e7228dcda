"""The rows of a circuit's table for the states before a call is served: checks and overlap.

The rules are those of Q.764 §2.1.2 (overlap) and §2.1.8 (continuity check). An incoming call whose
circuit is being checked, or whose number is too short to be routed, is kept here with its IAM and
served when COT or the digits have come: nobody is rung through a circuit that may be dead. A
circuit whose check failed is out of service until a check passes (CCR, every T26), the far end
resets it, or the far end takes it into use with a new IAM.
"""

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
_COT = (_I.COT_PASSED, _I.COT_FAILED)
_WISHES = (*SIGNALS, _I.DIGITS, _I.SUSPEND, _I.SAY, _I.CHECK)
_NOBODYS = (*_WISHES, _I.RELEASE)
"""What a user may want: there is none."""
_OUT_OF_PLACE = (_I.SUSPENSION, _I.NOTICE, _I.OLM, _I.OTHER_MESSAGE)
_ENDS: tuple[Row, ...] = (
    ((_I.REL,), _A.RELEASED, _S.IDLE),
    ((_I.RSC,), _A.RESET_BY_FAR, _S.IDLE),
    ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
)

CHECK_TABLE: dict[State, tuple[Row, ...]] = {
    _S.OUTGOING_CHECK: (
        ((_I.IAM_WE_CONTROL,), _A.PREVAIL, _S.OUTGOING_CHECK),
        ((_I.IAM_THEY_CONTROL,), _A.YIELD, _S.INCOMING_SET_UP),
        ((*BACKWARD, *FORWARD, *_OUT_OF_PLACE, _I.CCR), _A.DISCARD, _S.OUTGOING_CHECK),
        ((_I.REL,), _A.RELEASED, _S.IDLE),
        ((_I.RLC, _I.BLOCKED_BY_FAR), _A.RELEASE_AND_REPEAT, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RSC,), _A.RESET_BEFORE_ANSWER, _S.IDLE),
        ((_I.INCOMPATIBLE,), _A.RELEASE_INCOMPATIBLE, _S.AWAITING_RELEASE_COMPLETE),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.OUTGOING_CHECK),
        ((_I.DIGITS,), _A.SEND_SAM_UNCHECKED, _S.OUTGOING_CHECK),
        ((_I.RELEASE,), _A.SEND_REL, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.RESET,), _A.TELL_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((_I.TONE_HEARD,), _A.PASS_CHECK, _S.AWAITING_ADDRESS_COMPLETE),
        ((_I.T24,), _A.FAIL_CHECK, _S.RECHECK_PENDING),
        (
            (*SIGNALS, _I.SUSPEND, _I.SAY, _I.CHECK, _I.LPA, *quiet(_I.TONE_HEARD, _I.T24)),
            _A.IGNORE,
            _S.OUTGOING_CHECK,
        ),
    ),
    _S.INCOMING_CHECK: (
        *_ENDS,
        ((*IAM, *BACKWARD, *_OUT_OF_PLACE, _I.CCR, _I.LPA), _A.DISCARD, _S.INCOMING_CHECK),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.INCOMPATIBLE,), _A.RELEASE_INCOMPATIBLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.SAM,), _A.ADD_DIGITS, _S.INCOMING_CHECK),
        ((_I.COT_PASSED,), _A.SERVE_CHECKED, _S.INCOMING_SET_UP),
        ((_I.COT_FAILED,), _A.END_FAILED_CHECK, _S.AWAITING_RECHECK),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.INCOMING_CHECK),
        ((_I.T8,), _A.RELEASE_T8, _S.AWAITING_RELEASE_COMPLETE),
        ((*_NOBODYS, _I.BLOCKED_BY_FAR, *quiet(_I.T8)), _A.IGNORE, _S.INCOMING_CHECK),
    ),
    _S.INCOMING_OVERLAP: (
        *_ENDS,
        (
            (*IAM, *BACKWARD, *_COT, *_OUT_OF_PLACE, _I.CCR, _I.LPA),
            _A.DISCARD,
            _S.INCOMING_OVERLAP,
        ),
        ((_I.RLC,), _A.RELEASE_UNREASONABLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.INCOMPATIBLE,), _A.RELEASE_INCOMPATIBLE, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.SAM,), _A.ADD_DIGITS, _S.INCOMING_OVERLAP),
        ((_I.NUMBER_COMPLETE,), _A.SERVE, _S.INCOMING_SET_UP),
        (
            (
                *OUR_FAULT,
                _I.NO_ROUTE,
                _I.CONTINUITY_SENT,
                _I.CONTINUITY_ASKED,
                _I.DIGITS_MISSING,
            ),
            _A.FAULT,
            _S.INCOMING_OVERLAP,
        ),
        ((_I.T35,), _A.RELEASE_T35, _S.AWAITING_RELEASE_COMPLETE),
        ((*_NOBODYS, _I.BLOCKED_BY_FAR, *quiet(_I.T35)), _A.IGNORE, _S.INCOMING_OVERLAP),
    ),
    _S.LOOPED: (
        *_ENDS,
        (IAM, _A.UNCHECK_AND_ACCEPT, _S.INCOMING_SET_UP),
        (
            (*BACKWARD, *_OUT_OF_PLACE, _I.SAM, _I.RLC, _I.LPA, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.LOOPED,
        ),
        ((_I.COT_PASSED, _I.CCR), _A.PROLONG_LOOP, _S.LOOPED),
        ((_I.COT_FAILED,), _A.FAIL_LOOP, _S.AWAITING_RECHECK),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.LOOPED),
        ((_I.T36,), _A.UNLOOP_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((*_NOBODYS, _I.BLOCKED_BY_FAR, *quiet(_I.T36)), _A.IGNORE, _S.LOOPED),
    ),
    _S.AWAITING_RECHECK: (
        *_ENDS,
        (IAM, _A.UNCHECK_AND_ACCEPT, _S.INCOMING_SET_UP),
        (
            (*BACKWARD, *FORWARD, *_OUT_OF_PLACE, _I.RLC, _I.LPA, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.AWAITING_RECHECK,
        ),
        ((_I.CCR,), _A.LOOP, _S.LOOPED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.AWAITING_RECHECK),
        # A check of a circuit before this one failed: there will be no recheck here.
        ((_I.T8,), _A.RELEASE_T8, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T27,), _A.UNLOOP_AND_RESET, _S.AWAITING_RESET_COMPLETE),
        ((*_NOBODYS, _I.BLOCKED_BY_FAR, *quiet(_I.T8, _I.T27)), _A.IGNORE, _S.AWAITING_RECHECK),
    ),
    _S.CHECKING: (
        *_ENDS,
        (IAM, _A.UNCHECK_AND_ACCEPT, _S.INCOMING_SET_UP),
        (
            (*BACKWARD, *FORWARD, *_OUT_OF_PLACE, _I.RLC, _I.CCR, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.CHECKING,
        ),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.CHECKING),
        ((_I.TONE_HEARD,), _A.END_GOOD_CHECK, _S.AWAITING_RELEASE_COMPLETE),
        ((_I.T24,), _A.FAIL_RECHECK, _S.RECHECK_PENDING),
        (
            (*_NOBODYS, _I.LPA, _I.BLOCKED_BY_FAR, *quiet(_I.TONE_HEARD, _I.T24)),
            _A.IGNORE,
            _S.CHECKING,
        ),
    ),
    _S.RECHECK_PENDING: (
        *_ENDS,
        (IAM, _A.UNCHECK_AND_ACCEPT, _S.INCOMING_SET_UP),
        (
            (*BACKWARD, *FORWARD, *_OUT_OF_PLACE, _I.RLC, _I.LPA, _I.INCOMPATIBLE),
            _A.DISCARD,
            _S.RECHECK_PENDING,
        ),
        ((_I.CCR,), _A.LOOP, _S.LOOPED),
        ((*OUR_FAULT, _I.NO_ROUTE, *NESTED), _A.FAULT, _S.RECHECK_PENDING),
        ((_I.RECHECK_DUE,), _A.ASK_CHECK, _S.CHECKING),
        ((*_NOBODYS, _I.BLOCKED_BY_FAR, *quiet(_I.RECHECK_DUE)), _A.IGNORE, _S.RECHECK_PENDING),
    ),
}
