"""Detection points: what may be armed, and which point an occurrence in a call is (Q.1214 §4.2).

Owns the mapping from what happens to a leg to the event that is reported, in the originating and
the terminating call model. A party that cannot be had is busy (17 user busy, 21 rejected), does not
answer (19), or was not reached at all: every other cause is a route select failure, the only report
that carries any cause whatever. The terminating model has no such point: there it is tBusy.

Refused: mid-call, suspension, re-answer and the points before a call's digits are analysed, which a
switch of this network has no use for; arming them is answered with `unexpectedParameter`.
"""

from enum import StrEnum

import msgspec

from calleq.causes import Q850
from calleq.ss7.inap.errors import ErrorCode
from calleq.ss7.inap.refusals import refuse
from calleq.ss7.inap.values import BcsmEvent, EventTypeBCSM, MonitorMode
from calleq.units import SECOND_US

_E = EventTypeBCSM

BUSY = frozenset((Q850.USER_BUSY, Q850.REJECTED))
NO_ANSWER = frozenset((Q850.NO_ANSWER,))

ARMABLE = frozenset(
    (
        _E.ROUTE_SELECT_FAILURE,
        _E.O_CALLED_PARTY_BUSY,
        _E.O_NO_ANSWER,
        _E.O_ANSWER,
        _E.O_DISCONNECT,
        _E.O_ABANDON,
        _E.T_BUSY,
        _E.T_NO_ANSWER,
        _E.T_ANSWER,
        _E.T_DISCONNECT,
        _E.T_ABANDON,
        _E.O_TERM_SEIZED,
        _E.CALL_ACCEPTED,
    )
)
"""Events that can be armed dynamically."""

ALERTING = frozenset((_E.O_TERM_SEIZED, _E.CALL_ACCEPTED))
"""Events that are told and never waited at."""
WITH_TIMER = frozenset((_E.O_NO_ANSWER, _E.T_NO_ANSWER))
OF_CALLER = frozenset((_E.O_ABANDON, _E.T_ABANDON))
"""Events that concern the controlling leg where no leg is named; all others the passive one."""


class Model(StrEnum):
    """Which half of a call a leg's events are of."""

    ORIGINATING = "originating"
    TERMINATING = "terminating"


class Occurrence(StrEnum):
    """What can happen to a leg."""

    ALERTING = "alerting"
    ANSWER = "answer"
    BUSY = "busy"
    NO_ANSWER = "no answer"
    FAILURE = "failure"
    DISCONNECT = "disconnect"
    ABANDON = "abandon"


EVENTS: dict[Model, dict[Occurrence, EventTypeBCSM]] = {
    Model.ORIGINATING: {
        Occurrence.ALERTING: _E.O_TERM_SEIZED,
        Occurrence.ANSWER: _E.O_ANSWER,
        Occurrence.BUSY: _E.O_CALLED_PARTY_BUSY,
        Occurrence.NO_ANSWER: _E.O_NO_ANSWER,
        Occurrence.FAILURE: _E.ROUTE_SELECT_FAILURE,
        Occurrence.DISCONNECT: _E.O_DISCONNECT,
        Occurrence.ABANDON: _E.O_ABANDON,
    },
    Model.TERMINATING: {
        Occurrence.ALERTING: _E.CALL_ACCEPTED,
        Occurrence.ANSWER: _E.T_ANSWER,
        Occurrence.BUSY: _E.T_BUSY,
        Occurrence.NO_ANSWER: _E.T_NO_ANSWER,
        Occurrence.FAILURE: _E.T_BUSY,
        Occurrence.DISCONNECT: _E.T_DISCONNECT,
        Occurrence.ABANDON: _E.T_ABANDON,
    },
}


class Arming(msgspec.Struct, frozen=True, gc=False):
    """An event that is armed."""

    mode: MonitorMode
    limit_us: int = 0
    """No answer: how long the party may take; 0: as long as the network lets it ring."""


def failure_of(cause: int) -> Occurrence:
    """What a call attempt came to that ended, before answer, with this cause."""
    if cause in BUSY:
        return Occurrence.BUSY
    return Occurrence.NO_ANSWER if cause in NO_ANSWER else Occurrence.FAILURE


def arming_of(event: BcsmEvent) -> Arming:
    """How a requested event is armed. Raises `OperationRefused` for what cannot be armed."""
    kind = event.event_type
    if kind not in ARMABLE:
        raise refuse(ErrorCode.UNEXPECTED_PARAMETER, f"{kind.name} cannot be armed")
    if kind in ALERTING and event.monitor_mode is MonitorMode.INTERRUPTED:
        raise refuse(ErrorCode.UNEXPECTED_PARAMETER, f"{kind.name} does not wait for anyone")
    criteria = event.criteria
    if criteria is None:
        return Arming(event.monitor_mode)
    if kind not in WITH_TIMER or criteria.application_timer_s is None:
        raise refuse(ErrorCode.UNEXPECTED_PARAMETER, f"{kind.name} has no such criteria")
    return Arming(event.monitor_mode, criteria.application_timer_s * SECOND_US)
