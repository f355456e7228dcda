"""One leg of a call under an SCP's command: a party, from its creation to its end.

Owns the order of things on one leg, whatever access it has: who called (`CallerLeg`), who is called
by an ordinary call of the switch (`CalledLeg`), or whom the switch calls for the SCP (`MadeLeg`).
What happens on the leg is reported first; where the report waits for the SCP's word the leg is
held, else it goes on at once: every answer and every end passes through its held state.

- The attempt is durable before anything is dialled (`Writing`).
- A party that does not answer within the limit that was armed is dropped, cause 19.
- Odd case: an SCP may let a leg go while its attempt is on its way to the disk: nothing is dialled.

The machine never refuses an input: what a state has no use for is ignored.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import StrEnum
from typing import Protocol

from calleq.causes import Q850
from calleq.journal.entries import CircuitKey
from calleq.runtime.clock import Clock, Timer
from calleq.runtime.steps import steps_of
from calleq.ss7.inap.values import EventTypeBCSM
from calleq.ss7.isup.messages import Cause, Location
from calleq.ssp.ssf.points import EVENTS, WITH_TIMER, Arming, Model, Occurrence, failure_of


class LegState(StrEnum):
    """What a leg is doing."""

    IDLE = "Idle"
    """It has been created; nothing was dialled."""
    WRITING = "Writing"
    """The attempt is on its way to the disk."""
    WITHDRAWN = "Withdrawn"
    """Let go meanwhile."""
    ROUTING = "Routing"
    ALERTING = "Alerting"
    ANSWER_HELD = "Answer_Held"
    """The party answered, and the SCP is asked how to go on."""
    ACTIVE = "Active"
    END_HELD = "End_Held"
    """The party is gone, or was not to be had; the SCP is asked how to go on."""
    GONE = "Gone"


class LegInput(StrEnum):
    """What can happen to a leg."""

    PROCEED = "proceed"
    """Go on as the call would by itself."""
    REROUTE = "reroute"
    """Dial the number that the SCP gave."""
    DURABLE = "durable"
    ALERTED = "alerted"
    ANSWERED = "answered"
    EXPIRED = "expired"
    """Nobody has answered in time."""
    ENDED = "ended"
    """The party's access came to its end by itself."""
    RELEASE = "release"
    """Let the party go."""


class LegAction(StrEnum):
    """What the leg does about it."""

    IGNORE = "ignore"
    WRITE = "write"
    DIAL = "dial"
    GIVE_BACK = "give_back"
    REPORT_ALERTING = "report_alerting"
    REPORT_ANSWER = "report_answer"
    REPORT_END = "report_end"
    GIVE_UP = "give_up"
    """Drop a party that does not answer."""
    JOIN = "join"
    LEAVE = "leave"
    """Nothing is left of the leg, and the others of its call segment learn of it."""
    FORGET = "forget"
    """As `leave`, but nobody learns of it."""
    DROP = "drop"
    """End the party's access."""


_S, _I, _A = LegState, LegInput, LegAction
_Row = dict[LegInput, tuple[LegAction, LegState]]


def _row(state: LegState, **cells: tuple[LegAction, LegState]) -> _Row:
    """The cells of a state by input name; an input that is not named is ignored there."""
    row = dict.fromkeys(LegInput, (_A.IGNORE, state))
    row.update((LegInput[name], cell) for name, cell in cells.items())
    return row


_ROWS: dict[LegState, _Row] = {
    _S.IDLE: _row(
        _S.IDLE,
        PROCEED=(_A.WRITE, _S.WRITING),
        REROUTE=(_A.WRITE, _S.WRITING),
        RELEASE=(_A.FORGET, _S.GONE),
    ),
    _S.WRITING: _row(
        _S.WRITING,
        DURABLE=(_A.DIAL, _S.ROUTING),
        ENDED=(_A.REPORT_END, _S.END_HELD),
        RELEASE=(_A.IGNORE, _S.WITHDRAWN),
    ),
    _S.WITHDRAWN: _row(_S.WITHDRAWN, DURABLE=(_A.GIVE_BACK, _S.GONE)),
    _S.ROUTING: _row(
        _S.ROUTING,
        ALERTED=(_A.REPORT_ALERTING, _S.ALERTING),
        ANSWERED=(_A.REPORT_ANSWER, _S.ANSWER_HELD),
        EXPIRED=(_A.GIVE_UP, _S.ROUTING),
        ENDED=(_A.REPORT_END, _S.END_HELD),
        RELEASE=(_A.DROP, _S.GONE),
    ),
    _S.ALERTING: _row(
        _S.ALERTING,
        ANSWERED=(_A.REPORT_ANSWER, _S.ANSWER_HELD),
        EXPIRED=(_A.GIVE_UP, _S.ALERTING),
        ENDED=(_A.REPORT_END, _S.END_HELD),
        RELEASE=(_A.DROP, _S.GONE),
    ),
    _S.ANSWER_HELD: _row(
        _S.ANSWER_HELD,
        PROCEED=(_A.JOIN, _S.ACTIVE),
        ENDED=(_A.REPORT_END, _S.END_HELD),
        RELEASE=(_A.DROP, _S.GONE),
    ),
    _S.ACTIVE: _row(
        _S.ACTIVE,
        ENDED=(_A.REPORT_END, _S.END_HELD),
        RELEASE=(_A.DROP, _S.GONE),
    ),
    _S.END_HELD: _row(
        _S.END_HELD,
        PROCEED=(_A.LEAVE, _S.GONE),
        REROUTE=(_A.WRITE, _S.WRITING),
        RELEASE=(_A.FORGET, _S.GONE),
    ),
    _S.GONE: _row(_S.GONE),
}
TABLE: dict[tuple[LegState, LegInput], tuple[LegAction, LegState]] = {
    (state, given): cell for state, row in _ROWS.items() for given, cell in row.items()
}

HELD = frozenset((LegState.ANSWER_HELD, LegState.END_HELD))
DIALLED = frozenset((LegState.ROUTING, LegState.ALERTING))
OVER = frozenset((LegState.WITHDRAWN, LegState.GONE))


class LegOwner(Protocol):
    """The call segment association that a leg is part of."""

    def met(self, leg: "Leg", occurrence: Occurrence) -> bool:
        """Report what happened, as it is armed; whether the leg has to wait for the SCP."""

    def joined(self, leg: "Leg") -> None:
        """The leg's voice belongs to its call segment from now on."""

    def left(self, leg: "Leg") -> None:
        """Nothing is left of the leg; what its end means for others is to be done."""

    def forgotten(self, leg: "Leg") -> None:
        """Nothing is left of the leg, and nobody else is concerned."""


class Leg(ABC):
    """A leg. Subclasses know the party's access."""

    __slots__ = (
        "_timer",
        "answered_at_us",
        "armed",
        "cause",
        "clock",
        "dialled_at_us",
        "key",
        "model",
        "number",
        "owner",
        "state",
    )

    def __init__(self, owner: LegOwner, number: int, clock: Clock, state: LegState) -> None:
        self.owner = owner
        self.number = number
        self.clock = clock
        self.state = state
        self.model = Model.ORIGINATING
        self.armed: dict[EventTypeBCSM, Arming] = {}
        self.key: CircuitKey | None = None
        """What journals call the leg: the circuit or port that the call came or goes by."""
        self.cause = Cause(Q850.NORMAL)
        """Why the leg ends; set before the input that ends it."""
        self.dialled_at_us = 0
        self.answered_at_us = 0
        """Monotonic; 0: not yet."""
        self._timer: Timer | None = None

    def receive(self, given: LegInput) -> None:
        """Take an input. The state has changed before the action runs, so actions may nest."""
        act, self.state = _STEPS[self.state][given]
        act(self)

    def release(self, cause: Cause) -> None:
        """Let the party go, with this cause."""
        if self.state not in OVER and self.state is not LegState.END_HELD:
            self.cause = cause
        self.receive(LegInput.RELEASE)

    def ended(self, cause: Cause) -> None:
        """The party's access came to its end by itself."""
        if self.state not in OVER:
            self.cause = cause
        self.receive(LegInput.ENDED)

    @property
    def is_up(self) -> bool:
        """The party answered, or called, and has not gone."""
        return self.state in (LegState.ANSWER_HELD, LegState.ACTIVE)

    @property
    def talks(self) -> bool:
        """The party's voice belongs to the call segment."""
        return self.state is LegState.ACTIVE

    def end_occurrence(self) -> Occurrence:
        """What the end of the leg is to an SCP."""
        return Occurrence.DISCONNECT if self.answered_at_us else failure_of(self.cause.value)

    # The actions of the table.

    def report_answer(self) -> None:
        """The party answered."""
        self.stop_timer()
        self.answered_at_us = self.clock.monotonic_us()
        if not self.owner.met(self, Occurrence.ANSWER):
            self.receive(LegInput.PROCEED)

    def report_end(self) -> None:
        """The party is gone."""
        self.stop_timer()
        if not self.owner.met(self, self.end_occurrence()):
            self.receive(LegInput.PROCEED)

    def report_alerting(self) -> None:
        """The party is rung."""
        self.owner.met(self, Occurrence.ALERTING)
        self.alert()

    def give_up(self) -> None:
        """The party did not answer in time."""
        self.cause = Cause(Q850.NO_ANSWER, Location.PUBLIC_LOCAL)
        self.drop_party()
        self.receive(LegInput.ENDED)

    def drop(self) -> None:
        """The SCP, or the end of another leg, lets the party go."""
        self.stop_timer()
        self.drop_party()
        self.owner.forgotten(self)

    def leave(self) -> None:
        """Nothing holds the end of the leg."""
        self.owner.left(self)

    def forget(self) -> None:
        """The SCP knows already."""
        self.owner.forgotten(self)

    def start_timer(self) -> None:
        """The party was dialled: how long may it take?"""
        self.answered_at_us = 0
        self.dialled_at_us = self.clock.monotonic_us()
        self.limit_again()

    def limit_again(self) -> None:
        """An armed no-answer time, or a new one, runs from the dialling."""
        self.stop_timer()
        armed = (self.armed[event] for event in WITH_TIMER & self.armed.keys())
        limit_us = next((one.limit_us for one in armed if one.limit_us), 0)
        if limit_us and self.state in DIALLED:
            left_us = self.dialled_at_us + limit_us - self.clock.monotonic_us()
            self._timer = self.clock.call_later_us(max(left_us, 0), self.receive, LegInput.EXPIRED)

    @abstractmethod
    def over(self) -> None:
        """Nothing is left of the leg, and its owner has been told."""

    def stop_timer(self) -> None:
        """Nobody is waited for any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def event_of(self, occurrence: Occurrence) -> EventTypeBCSM:
        """How an occurrence on this leg is called."""
        return EVENTS[self.model][occurrence]

    # What the party's access does.

    @property
    def is_written(self) -> bool:
        """Whether the journal says where the call of `key` went."""
        return False

    @property
    @abstractmethod
    def address(self) -> str:
        """The party's number, E.164 with `+`; empty where it is not known."""

    @property
    @abstractmethod
    def wire(self) -> str:
        """The party's voice wire; empty where it has none."""

    @abstractmethod
    def hear(self, sources: tuple[str, ...]) -> None:
        """What the party hears from now on."""

    @abstractmethod
    def write(self) -> None:
        """Make the attempt durable; answers `DURABLE`, or `ENDED` where there is no way."""

    @abstractmethod
    def dial(self) -> None:
        """Dial; answers `ALERTED`, `ANSWERED` or `ENDED`."""

    @abstractmethod
    def give_back(self) -> None:
        """The way was not used after all."""

    @abstractmethod
    def alert(self) -> None:
        """Tell who waits that the party is rung."""

    @abstractmethod
    def join(self) -> None:
        """The answer takes effect: charging and talking begin."""

    @abstractmethod
    def drop_party(self) -> None:
        """End the access with the leg's cause."""


_ACTS: dict[LegAction, Callable[[Leg], None]] = {
    LegAction.IGNORE: lambda leg: None,
    LegAction.WRITE: lambda leg: leg.write(),
    LegAction.DIAL: lambda leg: leg.dial(),
    LegAction.GIVE_BACK: lambda leg: leg.give_back(),
    LegAction.REPORT_ALERTING: lambda leg: leg.report_alerting(),
    LegAction.REPORT_ANSWER: lambda leg: leg.report_answer(),
    LegAction.REPORT_END: lambda leg: leg.report_end(),
    LegAction.GIVE_UP: lambda leg: leg.give_up(),
    LegAction.JOIN: lambda leg: leg.join(),
    LegAction.LEAVE: lambda leg: leg.leave(),
    LegAction.FORGET: lambda leg: leg.forget(),
    LegAction.DROP: lambda leg: leg.drop(),
}
_STEPS = steps_of(TABLE, _ACTS)
