"""Inputs of a circuit that are mostly decided together, by name, for its tables to be short."""

from calleq.ss7.isup.circuit_states import Action, Input, State

_I = Input
Row = tuple[tuple[Input, ...], Action, State]

IAM = (_I.IAM_WE_CONTROL, _I.IAM_THEY_CONTROL)
FORWARD = (_I.SAM, _I.COT_PASSED, _I.COT_FAILED)
"""What follows an IAM."""
BACKWARD = (
    _I.ACM_NO_INDICATION,
    _I.ACM_SUBSCRIBER_FREE,
    _I.CPG_ALERTING,
    _I.CPG_OTHER,
    _I.ANM,
    _I.CON,
)
SIGNALS = (_I.PROGRESS, _I.ALERTING, _I.ANSWER)
OUR_FAULT = (_I.SEIZE, _I.GIVE_BACK, _I.SEND_IAM)
NESTED = (_I.CONTINUITY_SENT, _I.CONTINUITY_ASKED, _I.DIGITS_MISSING, _I.NUMBER_COMPLETE)
"""What an action says of the IAM that it has just looked at."""
_QUIET = (
    _I.TONE_HEARD,
    _I.T1,
    _I.T3,
    _I.T5,
    _I.T7,
    _I.T8,
    _I.T9,
    _I.T16,
    _I.T17,
    _I.T24,
    _I.RECHECK_DUE,
    _I.T27,
    _I.T33,
    _I.T35,
    _I.T36,
    _I.SUSPENDED_TOO_LONG,
    _I.NO_ROUTE_TOLD,
    _I.RESUMED,
)


def quiet(*used: Input) -> tuple[Input, ...]:
    """Timers and the like that mean nothing in a state: all but those it uses."""
    return tuple(event for event in _QUIET if event not in used)
