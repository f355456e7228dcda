"""The terminating basic call state model: one per call, facing who is called (Q.1214 §4.2.2.2).

Owns the order of things on the called side; what each action does on a line or on an outgoing
circuit is in `called`. Points that differ from Q.1214, and why:

- Select_Facility & Present_Call are two states: a mobile telephone is paged in the first, and a
  route that turns out to be full leads back to it for the next one;
- T_Answered stands between the party's answer and T_Active: the answer is made durable before
  anyone upstream hears of it, because it starts charging;
- T_Disconnect is the time in which the end of the call, or its refusal, is made durable before it
  is reported. Who calls may give up meanwhile (a release collision): then nothing is reported.

The access (line or circuit) clears by itself after that; T_Null is the end as it was the start.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from calleq.runtime.steps import steps_of
from calleq.ss7.isup.messages import Cause, Message


class TState(StrEnum):
    """Points in call."""

    T_NULL = "T_Null"
    SELECT_FACILITY = "Select_Facility"
    PRESENT_CALL = "Present_Call"
    T_ALERTING = "T_Alerting"
    T_ANSWERED = "T_Answered"
    T_ACTIVE = "T_Active"
    T_DISCONNECT = "T_Disconnect"


class TInput(StrEnum):
    """What can happen to the called side."""

    TERMINATION_ATTEMPT = "termination_attempt"
    FACILITY_SELECTED = "facility_selected"
    FACILITY_REFUSED = "facility_refused"
    """Busy, unallocated, congested, absent, no circuit."""
    ROUTE_FULL = "route_full"
    """The call was turned back before it reached the party's switch, or by a SIP trunk in trouble;
    there is another to try."""
    PARTY_ALERTING = "party_alerting"
    PARTY_ANSWERED = "party_answered"
    ANSWER_DURABLE = "answer_durable"
    PARTY_RELEASED = "party_released"
    """The party or the network beyond ended the call, or a time-out did."""
    END_DURABLE = "end_durable"
    CALLER_RELEASED = "caller_released"


class TAction(StrEnum):
    """What the called side does about it."""

    IGNORE = "ignore"
    SELECT = "select"
    PRESENT = "present"
    REPORT_ALERTING = "report_alerting"
    RECORD_ANSWER = "record_answer"
    REPORT_ANSWER = "report_answer"
    RECORD_REFUSAL = "record_refusal"
    RECORD_END = "record_end"
    REPORT_END = "report_end"
    WITHDRAW = "withdraw"
    """Give up a facility that was not used yet."""
    CLEAR = "clear"
    """End the call towards the party."""


_S, _I, _A = TState, TInput, TAction
TABLE: dict[tuple[TState, TInput], tuple[TAction, TState]] = {
    (_S.T_NULL, _I.TERMINATION_ATTEMPT): (_A.SELECT, _S.SELECT_FACILITY),
    (_S.T_NULL, _I.FACILITY_SELECTED): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.FACILITY_REFUSED): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.ROUTE_FULL): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.PARTY_ALERTING): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.PARTY_ANSWERED): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.ANSWER_DURABLE): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.PARTY_RELEASED): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.END_DURABLE): (_A.IGNORE, _S.T_NULL),
    (_S.T_NULL, _I.CALLER_RELEASED): (_A.IGNORE, _S.T_NULL),
    #
    (_S.SELECT_FACILITY, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.FACILITY_SELECTED): (_A.PRESENT, _S.PRESENT_CALL),
    (_S.SELECT_FACILITY, _I.FACILITY_REFUSED): (_A.RECORD_REFUSAL, _S.T_DISCONNECT),
    (_S.SELECT_FACILITY, _I.ROUTE_FULL): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.PARTY_ALERTING): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.PARTY_ANSWERED): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.ANSWER_DURABLE): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.PARTY_RELEASED): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.END_DURABLE): (_A.IGNORE, _S.SELECT_FACILITY),
    (_S.SELECT_FACILITY, _I.CALLER_RELEASED): (_A.WITHDRAW, _S.T_NULL),
    #
    (_S.PRESENT_CALL, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.PRESENT_CALL),
    (_S.PRESENT_CALL, _I.FACILITY_SELECTED): (_A.IGNORE, _S.PRESENT_CALL),
    (_S.PRESENT_CALL, _I.FACILITY_REFUSED): (_A.IGNORE, _S.PRESENT_CALL),
    (_S.PRESENT_CALL, _I.ROUTE_FULL): (_A.SELECT, _S.SELECT_FACILITY),
    (_S.PRESENT_CALL, _I.PARTY_ALERTING): (_A.REPORT_ALERTING, _S.T_ALERTING),
    (_S.PRESENT_CALL, _I.PARTY_ANSWERED): (_A.RECORD_ANSWER, _S.T_ANSWERED),
    (_S.PRESENT_CALL, _I.ANSWER_DURABLE): (_A.IGNORE, _S.PRESENT_CALL),
    (_S.PRESENT_CALL, _I.PARTY_RELEASED): (_A.RECORD_END, _S.T_DISCONNECT),
    (_S.PRESENT_CALL, _I.END_DURABLE): (_A.IGNORE, _S.PRESENT_CALL),
    (_S.PRESENT_CALL, _I.CALLER_RELEASED): (_A.CLEAR, _S.T_NULL),
    #
    (_S.T_ALERTING, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.FACILITY_SELECTED): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.FACILITY_REFUSED): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.ROUTE_FULL): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.PARTY_ALERTING): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.PARTY_ANSWERED): (_A.RECORD_ANSWER, _S.T_ANSWERED),
    (_S.T_ALERTING, _I.ANSWER_DURABLE): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.PARTY_RELEASED): (_A.RECORD_END, _S.T_DISCONNECT),
    (_S.T_ALERTING, _I.END_DURABLE): (_A.IGNORE, _S.T_ALERTING),
    (_S.T_ALERTING, _I.CALLER_RELEASED): (_A.CLEAR, _S.T_NULL),
    #
    (_S.T_ANSWERED, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.FACILITY_SELECTED): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.FACILITY_REFUSED): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.ROUTE_FULL): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.PARTY_ALERTING): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.PARTY_ANSWERED): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.ANSWER_DURABLE): (_A.REPORT_ANSWER, _S.T_ACTIVE),
    (_S.T_ANSWERED, _I.PARTY_RELEASED): (_A.RECORD_END, _S.T_DISCONNECT),
    (_S.T_ANSWERED, _I.END_DURABLE): (_A.IGNORE, _S.T_ANSWERED),
    (_S.T_ANSWERED, _I.CALLER_RELEASED): (_A.CLEAR, _S.T_NULL),
    #
    (_S.T_ACTIVE, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.FACILITY_SELECTED): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.FACILITY_REFUSED): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.ROUTE_FULL): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.PARTY_ALERTING): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.PARTY_ANSWERED): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.ANSWER_DURABLE): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.PARTY_RELEASED): (_A.RECORD_END, _S.T_DISCONNECT),
    (_S.T_ACTIVE, _I.END_DURABLE): (_A.IGNORE, _S.T_ACTIVE),
    (_S.T_ACTIVE, _I.CALLER_RELEASED): (_A.CLEAR, _S.T_NULL),
    # An answer that was being written when the party went is never reported.
    (_S.T_DISCONNECT, _I.TERMINATION_ATTEMPT): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.FACILITY_SELECTED): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.FACILITY_REFUSED): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.ROUTE_FULL): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.PARTY_ALERTING): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.PARTY_ANSWERED): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.ANSWER_DURABLE): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.PARTY_RELEASED): (_A.IGNORE, _S.T_DISCONNECT),
    (_S.T_DISCONNECT, _I.END_DURABLE): (_A.REPORT_END, _S.T_NULL),
    (_S.T_DISCONNECT, _I.CALLER_RELEASED): (_A.IGNORE, _S.T_NULL),
}


class TerminatingCall(Protocol):
    """The call as its called side reports to it."""

    heard: Message | None
    """What an exchange further on, or before this one, said of what happens now."""

    def party_progress(self) -> None:
        """The call makes progress; `heard` says which."""

    def party_says(self, message: Message) -> None:
        """The called side has a message about the call for the calling side."""

    def party_presented(self) -> None:
        """The call is offered on an outgoing circuit; tones may come back on it."""

    def party_hidden(self) -> None:
        """The outgoing circuit is being checked: nothing on it is for the caller."""

    def party_alerting(self) -> None:
        """The party is rung."""

    def party_answered(self) -> None:
        """The party answered, and that is durable."""

    def party_released(self, cause: Cause) -> None:
        """The called side came to its end, and that is durable."""


class CalledSide(ABC):
    """The called side of one call. Subclasses know the party's access."""

    __slots__ = ("call", "cause", "state")

    cause: Cause
    """Why the called side ends; set before the input that ends it."""

    def __init__(self, call: TerminatingCall) -> None:
        self.call = call
        self.state = TState.T_NULL

    def receive(self, given: TInput) -> None:
        """Take an input. The state has changed before the action runs, so actions may nest."""
        act, self.state = _STEPS[self.state][given]
        act(self)

    def answer_durable(self) -> None:
        """The journal has the answer."""
        self.receive(TInput.ANSWER_DURABLE)

    def end_durable(self) -> None:
        """The journal has the end."""
        self.receive(TInput.END_DURABLE)

    def release(self, cause: Cause) -> None:
        """Who calls has gone, for `cause`."""
        if self.state is not TState.T_DISCONNECT:
            self.cause = cause
        self.receive(TInput.CALLER_RELEASED)

    @property
    @abstractmethod
    def wire(self) -> str:
        """The party's voice wire; known once the call is presented."""

    @abstractmethod
    def hear(self, sources: tuple[str, ...]) -> None:
        """What the party hears from now on."""

    @abstractmethod
    def notice(self, message: Message) -> None:
        """The calling side has a message about the call."""

    @abstractmethod
    def select(self) -> None:
        """Find the facility; answers `FACILITY_SELECTED` or `FACILITY_REFUSED`."""

    @abstractmethod
    def present(self) -> None:
        """Offer the call."""

    @abstractmethod
    def record_alerting(self) -> None:
        """Write that the party is rung."""

    @abstractmethod
    def record_answer(self) -> None:
        """Write the answer; answers `ANSWER_DURABLE`."""

    @abstractmethod
    def record_refusal(self) -> None:
        """Write that the call was not offered; answers `END_DURABLE`."""

    @abstractmethod
    def record_end(self) -> None:
        """Write the end of a call that was offered; answers `END_DURABLE`."""

    @abstractmethod
    def withdraw(self) -> None:
        """Give up what `select` took or seeks."""

    @abstractmethod
    def clear(self) -> None:
        """End the call towards the party and write that the network did it."""


def _report_alerting(side: CalledSide) -> None:
    side.record_alerting()
    side.call.party_alerting()


_ACTS: dict[TAction, Callable[[CalledSide], None]] = {
    TAction.IGNORE: lambda side: None,
    TAction.SELECT: lambda side: side.select(),
    TAction.PRESENT: lambda side: side.present(),
    TAction.REPORT_ALERTING: _report_alerting,
    TAction.RECORD_ANSWER: lambda side: side.record_answer(),
    TAction.REPORT_ANSWER: lambda side: side.call.party_answered(),
    TAction.RECORD_REFUSAL: lambda side: side.record_refusal(),
    TAction.RECORD_END: lambda side: side.record_end(),
    TAction.REPORT_END: lambda side: side.call.party_released(side.cause),
    TAction.WITHDRAW: lambda side: side.withdraw(),
    TAction.CLEAR: lambda side: side.clear(),
}
_STEPS = steps_of(TABLE, _ACTS)
