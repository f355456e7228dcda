"""One call's driver: executes what the customer-first machine commands, on circuits and voice.

Owns the order in which things become true: whatever happens to the call is journalled first, and
the machine hears of it when that is durable; a dialling is reported to the network when its IAM
leaves; the end is reported when it is durable. Answers from the peripheral's own memory (circuits
reserved, representative found) are no events of the call and go straight back.

It refuses nothing: a leg that cannot be dialled fails with a cause (28 for an address that the
equipment cannot call, 34 where no way is left). Odd case: after its end a call hears nothing more,
but its legs live on until their ways are clear.
"""

from collections.abc import Callable
from functools import partial
from typing import assert_never

from calleq.acd.capacity import Capacity
from calleq.call import driver
from calleq.call.consent import detail as consent_detail
from calleq.call.customer_first import CustomerFirst, TimelineEvent
from calleq.call.driver import Command, Leg, Result
from calleq.call.one_time_code import judged
from calleq.call.states import State
from calleq.calling_logic.beginning import Beginning
from calleq.calling_logic.bridge import Bridge, Conversation
from calleq.calling_logic.control import Control
from calleq.calling_logic.instruction import (
    call_policy,
    call_request,
    music_of,
    prompt_of,
    question_of,
)
from calleq.calling_logic.leg import EVENTS, CircuitLeg
from calleq.calling_logic.means import Means
from calleq.causes import Q850
from calleq.journal.entries import Ended, Progress
from calleq.media.contract import Played, Player, Verdict
from calleq.osn.messages import CallEnded, CallProgress, SetUpCall
from calleq.runtime.clock import Timer


class CallDriver:
    """Drives one call from its instruction to its end; fulfils `LegOwner`."""

    def __init__(
        self,
        means: Means,
        instruction: SetUpCall,
        tell: Callable[[CallProgress], object],
        ended: Callable[[CallEnded], object],
        capacity: Capacity,
    ) -> None:
        """`tell` is given each event of the timeline, `ended` the end, once and durable.
        `capacity` is that of the equipment."""
        self.instruction = instruction
        self._means = means
        self._tell = tell
        self._ended = ended
        self._call = instruction.call
        self._machine = CustomerFirst(
            call_request(instruction, means.number),
            call_policy(instruction, means.stage.understands()),
        )
        self._beginning = Beginning(means, capacity, instruction, self._act, self._tell_of)
        self._inbox: list[Result] = []
        self._is_pumping = False
        self._is_over = False
        self._bridge: Bridge | None = None
        self._control: Control | None = None
        self._legs: dict[Leg, CircuitLeg] = {}
        """The leg's last attempt; it may be clear already."""
        self._players: dict[Leg, str] = {}
        self._dialled: dict[Leg, TimelineEvent] = {}
        """Said when the IAM leaves."""
        self._timer: Timer | None = None
        self._timer_due_us = 0

    @property
    def state(self) -> str:
        """What the call is doing, as a word."""
        return self._machine.state

    def start(self) -> None:
        """Begin the call."""
        business, representatives = self.instruction.business, self.instruction.representatives
        now_us = self._means.clock.monotonic_us()
        self._means.representatives.enrol(business, representatives, now_us)
        self._machine.start(now_us)
        self._pump()

    @property
    def bridge(self) -> Bridge | None:
        """Customer and representative, from when the machine knows that they are connected."""
        return self._bridge if self._machine.state == State.BRIDGED else None

    @property
    def control(self) -> Control:
        """What is ordered of the call besides."""
        if self._control is None:
            self._control = Control(self._means, self)
        return self._control

    def leg(self, leg: Leg) -> CircuitLeg | None:
        """The last attempt of a leg; it may be clear already."""
        return self._legs.get(leg)

    def replace_agent(self, leg: CircuitLeg) -> None:
        """The leg's party is the representative from now on."""
        self._legs["agent"] = leg
        self._machine.replace_agent(leg.command.address, leg.command.attempt)

    def hear(self, result: driver.LegResult) -> None:
        """Let the machine hear of a leg what needs no entry of its own."""
        if not self._is_over:
            self._act(result)

    def tell(self, event: CallProgress) -> None:
        """Tell an event that is durable."""
        self._tell(event)

    def cancel(self) -> None:
        """End the call because its business wants so."""
        self._journal(Progress(self._call, "cancel"), self._cancelled)

    def lose(self, cause: int = Q850.TEMPORARY_FAILURE) -> None:
        """What the call is made with is lost: it fails, its circuits are released."""
        self._journal(Progress(self._call, "driver_lost", cause=cause), lambda: self._lost(cause))

    def _cancelled(self) -> None:
        self._machine.cancel(self._means.clock.monotonic_us())
        self._pump()

    def _lost(self, cause: int) -> None:
        for leg in self._legs.values():
            leg.release(0, cause)
        self._act(driver.DriverLost(cause))

    # Between the machine and the world.

    def _journal(self, entry: Progress, durable: Callable[[], object]) -> None:
        """Write what happened; act on it when it is safe, unless the call is over by then."""
        if not self._is_over:
            self._means.journal.append(
                self._means.name, entry, lambda: None if self._is_over else durable()
            )

    def _report(self, result: Result, entry: Progress) -> None:
        """As `_journal`, for what the machine is to hear; most of what happens is of this kind."""
        if not self._is_over:
            self._means.journal.append(self._means.name, entry, partial(self._happened, result))

    def _happened(self, result: Result) -> None:
        if not self._is_over:
            self._inbox.append(result)
            self._pump()

    def _act(self, result: Result) -> None:
        self._inbox.append(result)
        self._pump()

    def _pump(self) -> None:
        """Let the machine take what came in and execute what it commands, until both are still."""
        if self._is_pumping:
            return
        self._is_pumping = True
        machine, inbox = self._machine, self._inbox
        now_us = self._means.clock.monotonic_us()
        while True:
            if inbox:
                machine.receive(inbox.pop(0), now_us)
            for event in machine.take_events():
                if event.event == "dialled":
                    self._dialled["customer" if event.leg == "customer" else "agent"] = event
                else:
                    self._say(event)
            for command in machine.take_commands():
                self._execute(command)
            if not inbox:
                break
        self._is_pumping = False
        if machine.final is None:
            self._set_timer()
        elif not self._is_over:
            self._finish(machine.final, machine.cause, machine.detail)

    def _set_timer(self) -> None:
        """One timer; where the next deadline is a later one, it rings early and is set again."""
        due_us = self._machine.next_timer()
        if due_us is None or (self._timer is not None and self._timer_due_us <= due_us):
            return
        if self._timer is not None:
            self._timer.cancel()
        clock = self._means.clock
        self._timer_due_us = due_us
        self._timer = clock.call_later_us(max(0, due_us - clock.monotonic_us()), self._timer_rings)

    def _timer_rings(self) -> None:
        self._timer = None
        self._machine.handle_timer(self._means.clock.monotonic_us())
        self._pump()

    def _tell_of(self, event: str, detail: str) -> None:
        """Something of no leg, in the journal first."""
        told = TimelineEvent(event, detail=detail)
        self._journal(Progress(self._call, event, detail=detail), lambda: self._say(told))

    def _say(self, event: TimelineEvent) -> None:
        control = self._control
        if control is not None and control.has_told_of(event.leg, event.attempt):
            return
        self._tell(
            CallProgress(
                self._call,
                event.event,
                self._means.clock.now_us(),
                event.leg,
                event.attempt,
                event.number,
                event.cause,
                event.detail,
            )
        )

    def _finish(self, final: str, cause: int, detail: str) -> None:
        self._is_over = True
        self._beginning.over()
        if self._control is not None:
            self._control.end_all()
        if self._timer is not None:
            self._timer.cancel()
        self._legs.clear()  # a leg that is not clear yet is its circuit's, and needs no other
        self._means.access.done(self._call)
        end = CallEnded(self._call, final, cause, self._means.clock.now_us(), detail)
        ended = Ended(self._call, final, cause, detail)
        self._means.journal.append(self._means.name, ended, lambda: self._ended(end))

    # What the machine commands.

    def _execute(self, command: Command) -> None:
        match command:  # the most frequent first
            case driver.Play():
                self._play(command)
            case driver.SetUpLeg():
                self._set_up(command)
            case driver.Stop():
                self._stop(command.leg)
            case driver.ReleaseLeg():
                self._release(command)
            case driver.Reserve():
                self._beginning.reserve(command)
            case driver.AwaitCapacity():
                self._beginning.await_capacity(command)
            case driver.Join():
                self._join(command)
            case driver.FindRepresentative():
                found = self._means.representatives.find(
                    self.instruction.business, command.excluding
                )
                self._inbox.append(driver.RepresentativeFound(command.command, found))
            case driver.Detect():
                self._detect(command)
            case driver.Collect():
                self._ask(command)
            case _:
                assert_never(command)

    def _set_up(self, command: driver.SetUpLeg) -> None:
        if not self._means.takes(command.address):
            self._fail(command, Q850.ADDRESS_INCOMPLETE)
            return
        circuit = self._means.access.seize(self._call, command.address)
        if circuit is None:
            self._fail(command, Q850.NO_CIRCUIT)
            return
        if command.leg == "agent":
            now_us = self._means.clock.monotonic_us()
            self._means.representatives.begin_call(command.address, now_us)
            self._beginning.representative_dialled()
        leg = CircuitLeg(self._means, self, self._call, command, circuit)
        self._legs[command.leg] = leg
        leg.begin()

    def _fail(self, command: driver.SetUpLeg, cause: int) -> None:
        self._report(
            driver.Failed(command.command, command.leg, cause),
            Progress(self._call, "failed", command.leg, command.attempt, cause),
        )

    def _detect(self, command: driver.Detect) -> None:
        leg = self._legs[command.leg]

        def judged(verdict: Verdict) -> None:
            if leg.is_up:
                self._report(
                    driver.Detected(command.command, command.leg, verdict),
                    self._progress(leg, "machine_verdict", detail=verdict),
                )

        self._means.stage.detect(leg.circuit, command.limit_us, judged)

    def _play(self, command: driver.Play) -> None:
        leg = self._legs[command.leg]
        if not leg.is_up:
            return  # the party has just left; the machine hears of it when that is durable
        player = f"{self._call}/{command.command}"
        self._players[command.leg] = player

        def ended(outcome: Played) -> None:
            if leg.is_up:
                self._report(
                    driver.PlayEnded(command.command, command.leg, outcome),
                    self._progress(leg, f"{command.prompt}_ended", detail=outcome),
                )

        def marked() -> None:
            if leg.is_up:
                self._report(
                    driver.PlayMarked(command.command, command.leg),
                    self._progress(leg, "name_spoken"),
                )

        prompt = prompt_of(self.instruction, command)
        self._means.stage.play(leg.circuit, player, prompt, Player(ended, marked))

    def _ask(self, command: driver.Collect) -> None:
        leg = self._legs[command.leg]
        if not leg.is_up:
            return  # as in `_play`
        player = self._players[command.leg] = f"{self._call}/{command.command}"

        def answered(value: str) -> None:
            if command.digits > 1:
                value = judged(value, self.instruction.code_mark, self._call)
            if leg.is_up:
                self._report(
                    driver.Collected(command.command, command.leg, value),
                    self._progress(leg, "collected", detail=consent_detail(value)),
                )

        question, words = question_of(self.instruction, command), command.words
        limit_us, digits = command.limit_us, command.digits
        self._means.stage.ask(leg.circuit, player, question, words, limit_us, answered, digits)

    def _stop(self, leg: Leg) -> None:
        player = self._players.pop(leg, None)
        if player is not None:
            self._means.stage.stop(self._legs[leg].circuit, player)

    def _join(self, command: driver.Join) -> None:
        one, other = self._legs[command.one], self._legs[command.other]
        if not (one.is_up and other.is_up):
            self._cannot_join(command)
            return

        def made(joined: bool) -> None:
            if joined:
                self._report(driver.Joined(command.command), Progress(self._call, "bridged"))
            else:
                self._cannot_join(command)

        stage, mixing, legs = self._means.stage, self._means.mixing, (one, other)
        if mixing is None:
            self._bridge = Bridge(stage, legs, made)
        else:
            music = music_of(self.instruction)
            self._bridge = Conversation(stage, mixing, self._call, legs, made, music)

    def _cannot_join(self, command: driver.Join) -> None:
        self._report(
            driver.JoinFailed(command.command, Q850.TEMPORARY_FAILURE),
            Progress(self._call, "join_failed", cause=Q850.TEMPORARY_FAILURE),
        )

    def _release(self, command: driver.ReleaseLeg) -> None:
        self._legs[command.leg].release(command.command, command.cause)

    # What the legs say.

    def leg_dialled(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        event = self._dialled.pop(leg.command.leg, None)
        if event is not None:
            self._say(event)

    def leg_reports(self, leg: CircuitLeg, result: driver.LegResult) -> None:
        """See `LegOwner`."""
        if self._control is not None and self._control.takes(leg, result):
            return
        entry = self._progress(leg, EVENTS[type(result)], driver.cause_of(result))
        self._report(result, entry)

    def leg_over(self, leg: CircuitLeg) -> None:
        """See `LegOwner`: nothing plays to the leg, and nobody hears it, from now on."""
        self._stop(leg.command.leg)
        self._means.stage.silence(leg.circuit)
        if self._bridge is not None:
            self._bridge.remove(leg)
        if self._control is not None:
            self._control.leg_over(leg)

    def leg_clear(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        means = self._means
        means.access.returned(self._call, leg.circuit)
        if leg.command.leg == "agent":
            self._beginning.representative_gone()
            means.representatives.end_call(leg.command.address, means.clock.monotonic_us())

    def _progress(self, leg: CircuitLeg, event: str, cause: int = 0, detail: str = "") -> Progress:
        return Progress(self._call, event, leg.command.leg, leg.command.attempt, cause, detail)
