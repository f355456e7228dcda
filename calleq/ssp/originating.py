"""The originating basic call state model: one per call, facing who calls (Q.1214 §4.2.2.2).

Owns the order of things on the calling side; what each action does on a line or on an incoming
circuit is in `calling`. Dialling is en bloc, so information is complete or not at once. Points
that differ from Q.1214, and why:

- Routing & Alerting are two states, as in Q.1224: an answer may come without alerting;
- O_Exception has no state of its own: a call that fails goes to O_Disconnect, where its caller
  is treated with a tone or told the cause, and waits until nothing is left of its access;
- O_Suspended and mid-call events are not used.

The machine never refuses an input: what a state has no use for is ignored.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from calleq.runtime.steps import steps_of
from calleq.ss7.isup.messages import Cause, Message


class OState(StrEnum):
    """Points in call."""

    O_NULL = "O_Null"
    COLLECT_INFORMATION = "Collect_Information"
    ANALYZE_INFORMATION = "Analyze_Information"
    ROUTING = "Routing"
    O_ALERTING = "O_Alerting"
    O_ACTIVE = "O_Active"
    O_DISCONNECT = "O_Disconnect"


class OInput(StrEnum):
    """What can happen to the calling side."""

    ORIGINATION_ATTEMPT = "origination_attempt"
    INFORMATION_COLLECTED = "information_collected"
    INFORMATION_INVALID = "information_invalid"
    ROUTE_SELECTED = "route_selected"
    ROUTE_FAILED = "route_failed"
    PARTY_ALERTING = "party_alerting"
    PARTY_ANSWERED = "party_answered"
    PARTY_RELEASED = "party_released"
    """The called side came to an end: busy, no answer, no circuit, disconnect."""
    CALLER_RELEASED = "caller_released"
    CLEARED = "cleared"
    """Nothing is left of the caller's circuit or call reference."""


class OAction(StrEnum):
    """What the calling side does about it."""

    IGNORE = "ignore"
    COLLECT = "collect"
    ANALYZE = "analyze"
    PRESENT = "present"
    ALERT = "alert"
    CONNECT = "connect"
    TREAT = "treat"
    """Tell the caller the cause, by tone or by signal."""
    ABANDON = "abandon"
    """End the called side."""
    FORGET = "forget"
    ABANDON_AND_FORGET = "abandon_and_forget"


_S, _I, _A = OState, OInput, OAction
TABLE: dict[tuple[OState, OInput], tuple[OAction, OState]] = {
    # A circuit can be released before the call has begun.
    (_S.O_NULL, _I.ORIGINATION_ATTEMPT): (_A.COLLECT, _S.COLLECT_INFORMATION),
    (_S.O_NULL, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.INFORMATION_INVALID): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.ROUTE_SELECTED): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.ROUTE_FAILED): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.PARTY_ALERTING): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.PARTY_ANSWERED): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.PARTY_RELEASED): (_A.IGNORE, _S.O_NULL),
    (_S.O_NULL, _I.CALLER_RELEASED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_NULL, _I.CLEARED): (_A.FORGET, _S.O_NULL),
    #
    (_S.COLLECT_INFORMATION, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.INFORMATION_COLLECTED): (_A.ANALYZE, _S.ANALYZE_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.INFORMATION_INVALID): (_A.TREAT, _S.O_DISCONNECT),
    (_S.COLLECT_INFORMATION, _I.ROUTE_SELECTED): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.ROUTE_FAILED): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.PARTY_ALERTING): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.PARTY_ANSWERED): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.PARTY_RELEASED): (_A.IGNORE, _S.COLLECT_INFORMATION),
    (_S.COLLECT_INFORMATION, _I.CALLER_RELEASED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.COLLECT_INFORMATION, _I.CLEARED): (_A.FORGET, _S.O_NULL),
    #
    (_S.ANALYZE_INFORMATION, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.INFORMATION_INVALID): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.ROUTE_SELECTED): (_A.PRESENT, _S.ROUTING),
    (_S.ANALYZE_INFORMATION, _I.ROUTE_FAILED): (_A.TREAT, _S.O_DISCONNECT),
    (_S.ANALYZE_INFORMATION, _I.PARTY_ALERTING): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.PARTY_ANSWERED): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.PARTY_RELEASED): (_A.IGNORE, _S.ANALYZE_INFORMATION),
    (_S.ANALYZE_INFORMATION, _I.CALLER_RELEASED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.ANALYZE_INFORMATION, _I.CLEARED): (_A.FORGET, _S.O_NULL),
    #
    (_S.ROUTING, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.ROUTING),
    (_S.ROUTING, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.ROUTING),
    (_S.ROUTING, _I.INFORMATION_INVALID): (_A.IGNORE, _S.ROUTING),
    (_S.ROUTING, _I.ROUTE_SELECTED): (_A.IGNORE, _S.ROUTING),
    (_S.ROUTING, _I.ROUTE_FAILED): (_A.TREAT, _S.O_DISCONNECT),
    (_S.ROUTING, _I.PARTY_ALERTING): (_A.ALERT, _S.O_ALERTING),
    (_S.ROUTING, _I.PARTY_ANSWERED): (_A.CONNECT, _S.O_ACTIVE),
    (_S.ROUTING, _I.PARTY_RELEASED): (_A.TREAT, _S.O_DISCONNECT),
    (_S.ROUTING, _I.CALLER_RELEASED): (_A.ABANDON, _S.O_DISCONNECT),
    (_S.ROUTING, _I.CLEARED): (_A.ABANDON_AND_FORGET, _S.O_NULL),
    #
    (_S.O_ALERTING, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.INFORMATION_INVALID): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.ROUTE_SELECTED): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.ROUTE_FAILED): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.PARTY_ALERTING): (_A.IGNORE, _S.O_ALERTING),
    (_S.O_ALERTING, _I.PARTY_ANSWERED): (_A.CONNECT, _S.O_ACTIVE),
    (_S.O_ALERTING, _I.PARTY_RELEASED): (_A.TREAT, _S.O_DISCONNECT),
    (_S.O_ALERTING, _I.CALLER_RELEASED): (_A.ABANDON, _S.O_DISCONNECT),
    (_S.O_ALERTING, _I.CLEARED): (_A.ABANDON_AND_FORGET, _S.O_NULL),
    #
    (_S.O_ACTIVE, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.INFORMATION_INVALID): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.ROUTE_SELECTED): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.ROUTE_FAILED): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.PARTY_ALERTING): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.PARTY_ANSWERED): (_A.IGNORE, _S.O_ACTIVE),
    (_S.O_ACTIVE, _I.PARTY_RELEASED): (_A.TREAT, _S.O_DISCONNECT),
    (_S.O_ACTIVE, _I.CALLER_RELEASED): (_A.ABANDON, _S.O_DISCONNECT),
    (_S.O_ACTIVE, _I.CLEARED): (_A.ABANDON_AND_FORGET, _S.O_NULL),
    # The called side is gone or was told to go; the caller's access is being cleared.
    (_S.O_DISCONNECT, _I.ORIGINATION_ATTEMPT): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.INFORMATION_COLLECTED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.INFORMATION_INVALID): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.ROUTE_SELECTED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.ROUTE_FAILED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.PARTY_ALERTING): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.PARTY_ANSWERED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.PARTY_RELEASED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.CALLER_RELEASED): (_A.IGNORE, _S.O_DISCONNECT),
    (_S.O_DISCONNECT, _I.CLEARED): (_A.FORGET, _S.O_NULL),
}


class OriginatingCall(Protocol):
    """The call as its calling side needs it."""

    cause: Cause
    """Why the call ends: valid in `treat`; the side sets it before `CALLER_RELEASED`."""

    heard: Message | None
    """What an exchange further on, or before this one, said of what happens now."""

    def answered_with(self) -> Message | None:
        """What goes back with the answer: what was heard of it, or what this exchange adds."""

    def says(self, message: Message) -> None:
        """The calling side has a message about the call for the called side."""

    def connect_voices(self) -> None:
        """Let both parties hear each other."""

    def collect(self) -> None:
        """Check the digits; answers `INFORMATION_COLLECTED` or `INFORMATION_INVALID`."""

    def analyze(self) -> None:
        """Find the route; answers `ROUTE_SELECTED` or `ROUTE_FAILED`."""

    def present(self) -> None:
        """Start the called side."""

    def abandon(self) -> None:
        """The caller is gone: end the called side."""

    def forget(self) -> None:
        """Nothing is left of the calling side."""


class CallingSide(ABC):
    """The calling side of one call. Subclasses know the caller's access."""

    __slots__ = ("call", "state")

    def __init__(self, call: OriginatingCall) -> None:
        self.call = call
        self.state = OState.O_NULL

    def receive(self, given: OInput) -> None:
        """Take an input. The state has changed before the action runs, so actions may nest."""
        act, self.state = _STEPS[self.state][given]
        act(self)

    @property
    @abstractmethod
    def wire(self) -> str:
        """The caller's voice wire."""

    @abstractmethod
    def hear(self, sources: tuple[str, ...]) -> None:
        """What the caller hears from now on; nothing once its access is being cleared."""

    @abstractmethod
    def alert(self) -> None:
        """The called party is rung."""

    @abstractmethod
    def progress(self, heard: Message | None) -> None:
        """The call makes progress, but nobody is rung yet that was not before."""

    @abstractmethod
    def notice(self, message: Message) -> None:
        """The called side has a message about the call."""

    @abstractmethod
    def connect(self) -> None:
        """The called party answered; connect both ways and tell the caller."""

    @abstractmethod
    def treat(self) -> None:
        """The call came to its end: tell the caller the call's cause and clear the access."""


def _abandon_and_forget(side: CallingSide) -> None:
    side.call.abandon()
    side.call.forget()


_ACTS: dict[OAction, Callable[[CallingSide], None]] = {
    OAction.IGNORE: lambda side: None,
    OAction.COLLECT: lambda side: side.call.collect(),
    OAction.ANALYZE: lambda side: side.call.analyze(),
    OAction.PRESENT: lambda side: side.call.present(),
    OAction.ALERT: lambda side: side.alert(),
    OAction.CONNECT: lambda side: side.connect(),
    OAction.TREAT: lambda side: side.treat(),
    OAction.ABANDON: lambda side: side.call.abandon(),
    OAction.FORGET: lambda side: side.call.forget(),
    OAction.ABANDON_AND_FORGET: _abandon_and_forget,
}
_STEPS = steps_of(TABLE, _ACTS)
