"""One party of an SCP's own call: a way to a party that a switch makes by command.

Owns the order of things between the leg of calling logic 80 above and the switch's reports below:
whatever the switch says, its user is told of the end once, and of nothing after `circuit_cleared`.
How the switch is told to dial and to let go is for the two kinds of calls (`switch_calls`,
`assisted_calls`).

Odd cases: a party that the switch reports gone is still the switch's until it has been told to let
go of it; a way that is released before anything was dialled is given back, nothing was said of it.
Every pair of state and input stands in the table; what is ignored, too.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from enum import StrEnum

from calleq.calling_logic.means import WayUser
from calleq.causes import Q850
from calleq.journal.entries import CircuitKey
from calleq.runtime.steps import steps_of
from calleq.ss7.inap.arguments import EventReportBCSM
from calleq.ss7.inap.values import BcsmEvent, EventTypeBCSM, LegID, MonitorMode
from calleq.ss7.isup.messages import Cause, Location, Message

_E, _M = EventTypeBCSM, MonitorMode


class PartyState(StrEnum):
    """What becomes of a party, as the SCP knows."""

    IDLE = "Idle"
    CALLING = "Calling"
    UP = "Up"
    PARTING = "Parting"
    """The switch has been told to let go of it."""
    CLEAR = "Clear"


class PartyInput(StrEnum):
    """What can happen to it."""

    DIAL = "dial"
    ALERTING = "alerting"
    ANSWERED = "answered"
    FAR_END = "far end"
    """The party, or the network towards it, has ended the call."""
    REFUSED = "refused"
    """The switch does not do what it was told to do."""
    RELEASE = "release"
    GONE = "gone"
    """The switch has nothing left of it."""
    LOST = "lost"
    """The dialogue is over."""


class PartyAction(StrEnum):
    """What is done about it."""

    IGNORE = "ignore"
    INITIATE = "initiate"
    REPORT_ALERTING = "report_alerting"
    REPORT_ANSWER = "report_answer"
    PART = "part"
    """Tell of the end, and have the switch let go."""
    DISCONNECT = "disconnect"
    LOSE = "lose"
    """Tell of the end, and that nothing is left."""
    CLEAR = "clear"


_S, _I, _A = PartyState, PartyInput, PartyAction
_Cell = tuple[PartyAction, PartyState]


def _row(state: PartyState, **cells: _Cell) -> dict[tuple[PartyState, PartyInput], _Cell]:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = {(state, given): (_A.IGNORE, state) for given in PartyInput}
    row.update({(state, PartyInput[name]): cell for name, cell in cells.items()})
    return row


TABLE: Mapping[tuple[PartyState, PartyInput], _Cell] = {
    **_row(_S.IDLE, DIAL=(_A.INITIATE, _S.CALLING)),
    **_row(
        _S.CALLING,
        ALERTING=(_A.REPORT_ALERTING, _S.CALLING),
        ANSWERED=(_A.REPORT_ANSWER, _S.UP),
        FAR_END=(_A.PART, _S.PARTING),
        REFUSED=(_A.PART, _S.PARTING),
        RELEASE=(_A.DISCONNECT, _S.PARTING),
        GONE=(_A.LOSE, _S.CLEAR),
        LOST=(_A.LOSE, _S.CLEAR),
    ),
    **_row(
        _S.UP,
        FAR_END=(_A.PART, _S.PARTING),
        RELEASE=(_A.DISCONNECT, _S.PARTING),
        GONE=(_A.LOSE, _S.CLEAR),
        LOST=(_A.LOSE, _S.CLEAR),
    ),
    **_row(_S.PARTING, GONE=(_A.CLEAR, _S.CLEAR), LOST=(_A.CLEAR, _S.CLEAR)),
    **_row(_S.CLEAR),
}

_INPUTS = {
    _E.O_TERM_SEIZED: PartyInput.ALERTING,
    _E.O_ANSWER: PartyInput.ANSWERED,
    _E.O_CALLED_PARTY_BUSY: PartyInput.FAR_END,
    _E.O_NO_ANSWER: PartyInput.FAR_END,
    _E.ROUTE_SELECT_FAILURE: PartyInput.FAR_END,
    _E.O_DISCONNECT: PartyInput.FAR_END,
    _E.O_ABANDON: PartyInput.FAR_END,
}
_CAUSES = {
    _E.O_CALLED_PARTY_BUSY: Q850.USER_BUSY,
    _E.O_NO_ANSWER: Q850.NO_ANSWER,
    _E.ROUTE_SELECT_FAILURE: Q850.TEMPORARY_FAILURE,
    _E.O_DISCONNECT: Q850.NORMAL,
    _E.O_ABANDON: Q850.NORMAL,
}
"""What an event means that was reported without a cause."""


def armed(leg: LegID, *, alerting: bool) -> tuple[BcsmEvent, ...]:
    """The events that a party is armed with; `alerting` where the capability set has it."""
    events = [
        BcsmEvent(_E.ROUTE_SELECT_FAILURE, _M.INTERRUPTED, leg),
        BcsmEvent(_E.O_CALLED_PARTY_BUSY, _M.INTERRUPTED, leg),
        BcsmEvent(_E.O_NO_ANSWER, _M.INTERRUPTED, leg),
        BcsmEvent(_E.O_ANSWER, _M.INTERRUPTED, leg),
        BcsmEvent(_E.O_DISCONNECT, _M.INTERRUPTED, leg),
    ]
    if alerting:
        events.append(BcsmEvent(_E.O_TERM_SEIZED, _M.NOTIFY_AND_CONTINUE, leg))
    return tuple(events)


class Party(ABC):
    """A way to a party; fulfils `Way`. Subclasses know how a switch is told."""

    wire = ""
    """The SCP has no voice."""

    def __init__(self, key: CircuitKey, leg: int) -> None:
        self.key = key
        self.leg = leg
        """Its number in the dialogue."""
        self.called = ""
        self.caller = ""
        self.cause = Cause(Q850.TEMPORARY_FAILURE, Location.PUBLIC_LOCAL)
        """Why it ends; a temporary failure where nobody said."""
        self._state = PartyState.IDLE
        self._user: WayUser | None = None

    @property
    def is_up(self) -> bool:
        """The party answered and has not gone."""
        return self._state is PartyState.UP

    @property
    def is_clear(self) -> bool:
        """Nothing is left of it."""
        return self._state is PartyState.CLEAR

    def dial(self, called: str, caller: str, user: WayUser) -> None:
        """Have the switch call the party."""
        self.called, self.caller, self._user = called, caller, user
        self.receive(PartyInput.DIAL)

    def release(self, cause: Cause) -> None:
        """See `Way`."""
        if self._state in (PartyState.CALLING, PartyState.UP):
            self.cause = cause
        self.receive(PartyInput.RELEASE)

    def pass_on(self, message: Message) -> None:  # noqa: B027
        """No message of ISUP has a place between an SCP and a switch."""

    def reported(self, report: EventReportBCSM) -> None:
        """The switch reports an event of this party."""
        event = report.event_type_bcsm
        given = _INPUTS.get(event)
        if given is None:
            return
        if given is PartyInput.FAR_END and self._state in (PartyState.CALLING, PartyState.UP):
            told = None if report.information is None else report.information.cause
            self.cause = told or Cause(_CAUSES[event])
        self.receive(given)

    def receive(self, given: PartyInput) -> None:
        """Take an input. The state has changed before the action runs, so actions may nest."""
        act, self._state = _STEPS[self._state][given]
        act(self)

    # The actions of the table.

    def ignore(self) -> None:  # noqa: B027
        """Nothing is to be done."""

    @abstractmethod
    def initiate(self) -> None:
        """Tell the switch to call; answers by reports, `REFUSED` or `LOST`."""

    @abstractmethod
    def disconnect(self) -> None:
        """Tell the switch to let go, with `cause`; answers `GONE` or `LOST`, later."""

    def report_alerting(self) -> None:
        self.user.circuit_alerting(self)

    def report_answer(self) -> None:
        self.user.circuit_answered(self)

    def part(self) -> None:
        self.disconnect()
        self.user.circuit_released(self, self.cause)

    def lose(self) -> None:
        self.user.circuit_released(self, self.cause)
        self.clear()

    def clear(self) -> None:
        self.user.circuit_cleared(self)

    @property
    def user(self) -> WayUser:
        """Who dialled."""
        assert self._user is not None, "nothing happens before something was dialled"
        return self._user


_ACTS: Mapping[PartyAction, Callable[[Party], None]] = {
    _A.IGNORE: Party.ignore,
    _A.INITIATE: lambda party: party.initiate(),
    _A.REPORT_ALERTING: Party.report_alerting,
    _A.REPORT_ANSWER: lambda party: party.report_answer(),
    _A.PART: Party.part,
    _A.DISCONNECT: lambda party: party.disconnect(),
    _A.LOSE: lambda party: party.lose(),
    _A.CLEAR: Party.clear,
}
_STEPS = steps_of(TABLE, _ACTS)
