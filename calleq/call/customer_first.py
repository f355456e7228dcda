"""The customer-first call as one machine, driven by any equipment.

Sans-I/O: results of the equipment go in with the time, commands and timeline events come out. What
happens when stands in `table` (and `agent_first_table`), what is done in `conduct`; this file turns
results into the table's inputs and keeps the deadlines. Three machines work together: the call
itself, its two legs (`leg`: which results are late), and what the customer hears (`playback`). Legs
and playback tell the call; the call cues the playback.

The time given may be any count of microseconds that never goes back.

It owns: the order of things, the deadline of every state, the one final state. It never does: open
a circuit, know a CIC or a switch, read a clock. It refuses nothing: a result that is late, repeated
or impossible is ignored (the tables say where).

The equipment owes, beyond what `driver` says: `ReleaseLeg` also ends what plays to the leg, and
with `DriverLost` it has released every leg itself.
"""

from collections.abc import Callable, Mapping

from calleq.call import driver
from calleq.call.actions import ACTIONS
from calleq.call.conduct import Conduct
from calleq.call.driver import Command, LegResult, Result, cause_of
from calleq.call.happening import Happening, TimelineEvent
from calleq.call.leg import LEG_TABLE, CallLeg, LegInput, LegNews
from calleq.call.playback import PLAYBACK_TABLE
from calleq.call.policy import (
    APOLOGY_LIMIT_US,
    CALL_LIMIT_US,
    DETECTION_LIMIT_US,
    FIND_LIMIT_US,
    HOLD_LIMIT_US,
    JOIN_LIMIT_US,
    QUESTION_LIMIT_US,
    RELEASE_LIMIT_US,
    RESERVE_LIMIT_US,
    RING_GRACE_US,
    WHISPER_LIMIT_US,
    CallRequest,
    Policy,
)
from calleq.call.states import Input, State
from calleq.call.table import IGNORED, TABLE, Row
from calleq.causes import Q850

__all__ = [
    "LIMITS_US",
    "RING_LIMITED",
    "UNLIMITED",
    "CallRequest",
    "CustomerFirst",
    "Policy",
    "TimelineEvent",
    "machine_table",
    "machine_tables",
]

LIMITS_US: Mapping[State, int] = {
    State.AWAITING_CAPACITY: HOLD_LIMIT_US,
    State.RESERVING: RESERVE_LIMIT_US,
    State.JUDGING_CUSTOMER: DETECTION_LIMIT_US,
    State.ASKING_CUSTOMER: QUESTION_LIMIT_US,
    State.DISMISSING_CUSTOMER: APOLOGY_LIMIT_US,
    State.FINDING_REPRESENTATIVE: FIND_LIMIT_US,
    State.DROPPING_AGENT: RELEASE_LIMIT_US,
    State.WHISPERING: WHISPER_LIMIT_US,
    State.JOINING: JOIN_LIMIT_US,
    State.BRIDGED: CALL_LIMIT_US,
    State.APOLOGISING: APOLOGY_LIMIT_US,
    State.RELEASING: RELEASE_LIMIT_US,
    State.AGENT_FIRST_RESERVING: RESERVE_LIMIT_US,
    State.AGENT_FIRST_FINDING: FIND_LIMIT_US,
    State.AGENT_FIRST_DROPPING: RELEASE_LIMIT_US,
    State.AGENT_FIRST_JUDGING: DETECTION_LIMIT_US,
}
"""How long the call may stay in a state, where a telephone's ring limit does not say it."""

RING_LIMITED = frozenset(
    {
        State.DIALING_CUSTOMER,
        State.CUSTOMER_RINGING,
        State.DIALING_AGENT,
        State.AGENT_RINGING,
        State.AGENT_FIRST_DIALING,
        State.AGENT_FIRST_RINGING,
        State.AGENT_FIRST_DIALING_CUSTOMER,
        State.AGENT_FIRST_CUSTOMER_RINGING,
    }
)
"""Limited by the policy's ring limit and `RING_GRACE_US`, from the dialling on."""

_FINDING = State.FINDING_REPRESENTATIVE
HUNTING = frozenset(
    {_FINDING, State.DIALING_AGENT, State.AGENT_RINGING, State.DROPPING_AGENT},
)
"""A customer waits on the line for a representative: limited by the policy in all, too."""

UNLIMITED = frozenset({State.IDLE, State.ENDED})
"""Not begun, and over."""


def machine_table() -> Mapping[tuple[State, Input], Row]:
    """The call's own table: (state, input) -> (action, next state)."""
    return TABLE


def machine_tables() -> Mapping[str, tuple[tuple[str, str, str, str], ...]]:
    """All three machines as rows (state, input, action, next state), for diagrams."""
    return {
        "customer_first": tuple((*pair, *row) for pair, row in TABLE.items()),
        "leg": tuple((*pair, *row) for pair, row in LEG_TABLE.items()),
        "playback": tuple((*pair, *row) for pair, row in PLAYBACK_TABLE.items()),
    }


class CustomerFirst:
    """One call, from `start` to its one final state.

    Give it every result of the equipment in the order in which they happened, and the time whenever
    `next_timer` has come; after each, execute what `take_commands` returns, in order.
    """

    def __init__(self, request: CallRequest, policy: Policy) -> None:
        self.request = request
        self.policy = policy
        self._conduct = Conduct(request, policy)
        self._state = State.IDLE
        self._deadline_us: int | None = None
        self._patience_us: int | None = None
        """Until when a hunting customer waits; None: for as long as it takes."""

    @property
    def state(self) -> str:
        """What the call is doing, as a word."""
        return self._state.value

    @property
    def final(self) -> str | None:
        """One of `FINAL_STATES` when the call is over, None before."""
        return self._conduct.outcome if self._conduct.is_over else None

    @property
    def cause(self) -> int:
        """The Q.850 cause behind the final state; 0 before, and where nobody was found."""
        return self._conduct.cause

    @property
    def detail(self) -> str:
        """What belongs to the final state: why a customer who answered is `customer_rejected`."""
        return self._conduct.detail

    def start(self, now_us: int) -> None:
        """Begin. Called once; again it does nothing."""
        agent_first = self.policy.dial_first == "agent" and self.policy.consent == "none"
        held = Input.START_HELD if self.policy.hold_limit_us else Input.START
        self._take(Happening(Input.START_AGENT_FIRST if agent_first else held), now_us)

    def cancel(self, now_us: int) -> None:
        """End the call because its business wants so; a bridged call is hung up."""
        self._take(Happening(Input.CANCEL), now_us)

    def receive(self, result: Result, now_us: int) -> None:
        """Take one result of the equipment."""
        happening = _TRANSLATORS[type(result)](self, result)
        if happening is not None:
            self._conduct.raised.append(happening)
        self._run(now_us)

    def replace_agent(self, number: str, attempt: int) -> None:
        """The representative of a bridged call is another one from now on; nobody was lost."""
        assert self._state is State.BRIDGED
        self._conduct.agent.number, self._conduct.agent.attempt = number, attempt

    def next_timer(self) -> int | None:
        """When `handle_timer` must be called next; None when no limit runs."""
        if self._patience_us is None or self._state not in HUNTING:
            return self._deadline_us
        return min(self._patience_us, self._deadline_us or self._patience_us)

    def handle_timer(self, now_us: int) -> None:
        """The time has come; does nothing when called early."""
        if self._patience_us is not None and self._state in HUNTING and now_us >= self._patience_us:
            self._take(Happening(Input.WAITED_ENOUGH, Q850.NO_ANSWER), now_us)
        elif self._deadline_us is not None and now_us >= self._deadline_us:
            self._take(Happening(Input.DEADLINE, Q850.RECOVERY_ON_TIMER), now_us)

    def take_commands(self) -> list[Command]:
        """What the equipment must do now, in order; each is given out once."""
        conduct = self._conduct
        commands = conduct.commands
        if not commands:
            return []
        conduct.commands = []
        return commands

    def take_events(self) -> list[TimelineEvent]:
        """What has happened since the last time asked; each is given out once."""
        conduct = self._conduct
        events = conduct.events
        if not events:
            return []
        conduct.events = []
        return events

    def _take(self, happening: Happening, now_us: int) -> None:
        self._conduct.raised.append(happening)
        self._run(now_us)

    def _run(self, now_us: int) -> None:
        conduct = self._conduct
        raised = conduct.raised
        while raised:
            happening = raised.pop(0)
            state = self._state
            row = TABLE.get((state, happening.input))
            if row is None:
                assert happening.input in IGNORED[state]
                continue
            action, following = row
            if following is not state:
                if action != "proceed":
                    self._deadline_us = self._deadline(following, now_us)
                if following is _FINDING and self._patience_us is None:
                    self._begin_patience(now_us)
                self._state = following
            ACTIONS[action](conduct, happening)

    def _deadline(self, state: State, now_us: int) -> int | None:
        if state in UNLIMITED:
            return None
        if state in RING_LIMITED:
            return now_us + self.policy.ring_limit_us + RING_GRACE_US
        if state is State.AWAITING_CAPACITY:
            return now_us + min(self.policy.hold_limit_us, HOLD_LIMIT_US)
        if state is State.BRIDGED and self.policy.talk_limit_us:
            return now_us + min(self.policy.talk_limit_us, CALL_LIMIT_US)
        return now_us + LIMITS_US[state]

    def _begin_patience(self, now_us: int) -> None:
        if self.policy.announcement_limit_us:
            self._patience_us = now_us + self.policy.announcement_limit_us

    # From results to inputs.

    def _of_leg(self, result: Result) -> Happening | None:
        assert isinstance(result, LegResult)
        conduct = self._conduct
        leg = conduct.customer if result.leg == "customer" else conduct.agent
        return self._translate_leg(leg, leg.hear(result), cause_of(result))

    def _play_marked(self, result: Result) -> None:
        assert isinstance(result, driver.PlayMarked)
        self._conduct.name_spoken(result.command)

    def _play_ended(self, result: Result) -> None:
        assert isinstance(result, driver.PlayEnded)
        self._conduct.play_ended(result.command, result.outcome)

    def _driver_lost(self, result: Result) -> Happening:
        assert isinstance(result, driver.DriverLost)
        self._conduct.customer.step(LegInput.LOST)
        self._conduct.agent.step(LegInput.LOST)
        return Happening(Input.DRIVER_LOST, result.cause)

    def _answer(self, result: Result) -> Happening | None:
        """The answer to the one command that the call waits for."""
        assert isinstance(result, driver.Answer)
        conduct = self._conduct
        if result.command != conduct.awaited:
            return None
        conduct.awaited = 0
        match result:
            case driver.LikelyFree():
                return Happening(Input.LIKELY_FREE)
            case driver.Reserved():
                return Happening(Input.RESERVED)
            case driver.RepresentativeFound():
                if result.address is None:
                    return Happening(Input.NOBODY_FOUND)
                return Happening(Input.REPRESENTATIVE_FOUND, number=result.address)
            case driver.ReserveFailed():
                return Happening(Input.RESERVE_FAILED, result.cause)
            case driver.Detected():
                conduct.note("machine_verdict", conduct.customer, detail=result.verdict)
                is_person = result.verdict in ("human", "silence")
                return Happening(Input.HUMAN if is_person else Input.MACHINE)
            case driver.Collected():
                return Happening(conduct.answer_to_question(result.value))
            case driver.Joined():
                return Happening(Input.JOINED)
            case driver.JoinFailed():
                return Happening(Input.JOIN_FAILED, result.cause)

    def _translate_leg(self, leg: CallLeg, news: LegNews, cause: int) -> Happening | None:
        conduct = self._conduct
        is_customer = leg is conduct.customer
        told = _TOLD.get(news)
        if told is None:
            return None
        event, of_customer, of_agent = told
        if news is _CLEARED:
            conduct.note(event, leg, leg.release_cause)
            return Happening(of_customer if is_customer else of_agent)
        conduct.note(event, leg, cause)
        if news in _LOST:
            if is_customer:
                return Happening(of_customer, cause)
            conduct.note_lost_attempt(cause)
            return Happening(of_agent, cause)
        if not is_customer:
            return Happening(of_agent)
        if news is _ANSWERED:
            if self.policy.detect_machine:
                return Happening(Input.CUSTOMER_ANSWERED_TO_BE_JUDGED)
            if self.policy.consent != "none":
                return Happening(Input.CUSTOMER_ANSWERED_TO_BE_ASKED)
        return Happening(of_customer)


_ANSWERED, _CLEARED = LegNews.ANSWERED, LegNews.CLEARED
_LOST = frozenset((LegNews.FAILED, LegNews.LEFT))
_TOLD: Mapping[LegNews, tuple[str, Input, Input]] = {
    LegNews.RINGING: ("ringing", Input.CUSTOMER_RINGING, Input.AGENT_RINGING),
    _ANSWERED: ("answered", Input.CUSTOMER_ANSWERED, Input.AGENT_ANSWERED),
    LegNews.FAILED: ("failed", Input.CUSTOMER_FAILED, Input.AGENT_FAILED),
    LegNews.LEFT: ("released", Input.CUSTOMER_LEFT, Input.AGENT_LEFT),
    _CLEARED: ("released", Input.CUSTOMER_CLEARED, Input.AGENT_CLEARED),
}
"""What news of a leg are called in the timeline, and the inputs that they are."""

_TRANSLATORS: Mapping[type[Result], Callable[[CustomerFirst, Result], Happening | None]] = {
    driver.Ringing: CustomerFirst._of_leg,
    driver.Answered: CustomerFirst._of_leg,
    driver.Failed: CustomerFirst._of_leg,
    driver.Released: CustomerFirst._of_leg,
    driver.PlayMarked: CustomerFirst._play_marked,
    driver.PlayEnded: CustomerFirst._play_ended,
    driver.DriverLost: CustomerFirst._driver_lost,
    driver.Collected: CustomerFirst._answer,
    driver.LikelyFree: CustomerFirst._answer,
    driver.Reserved: CustomerFirst._answer,
    driver.ReserveFailed: CustomerFirst._answer,
    driver.RepresentativeFound: CustomerFirst._answer,
    driver.Detected: CustomerFirst._answer,
    driver.Joined: CustomerFirst._answer,
    driver.JoinFailed: CustomerFirst._answer,
}
