"""One call's driver: executes what the customer-first machine commands, on circuits and voice.

Owns the order in which things become true: whatever happens to the call is journalled first, and
the machine hears of it when that is durable; a dialling is reported to the network when its IAM
leaves; the end is reported when it is durable. Answers from the peripheral's own memory (circuits
reserved, representative found) are no events of the call and go straight back.

It refuses nothing: a leg that cannot be dialled fails with a cause (28 for an address that is no
telephone number, 34 where no circuit is left). `Collect` is answered with nothing: there are no
digit receivers here. Odd case: after its end a call hears nothing more, but its legs live on until
their circuits are clear.
"""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import assert_never

from calleq.call import driver
from calleq.call.customer_first import CallRequest, CustomerFirst, Policy, TimelineEvent
from calleq.call.driver import Command, Leg, Result
from calleq.call.policy import NO_CIRCUIT, TEMPORARY_FAILURE
from calleq.ip_peripheral.leg import CircuitLeg
from calleq.ip_peripheral.means import Means
from calleq.journal.entries import Ended, Progress
from calleq.media.contract import Played, Player, Prompt, Verdict, player_source, wire_source
from calleq.media.wording import announcement_text, apology_text, whisper_text
from calleq.numbering import NumberingError, parse_e164
from calleq.osn.messages import CallEnded, CallProgress, SetUpCall
from calleq.runtime.clock import Timer

ADDRESS_INCOMPLETE = 28
RESERVE_AGAIN_US = 100_000
"""How soon circuits are asked for again while they are being reset."""


def call_request(instruction: SetUpCall, own_number: str) -> CallRequest:
    """Who is to be connected; the customer sees the business, or the peripheral where it has none.

    The representative sees the customer's number: the instruction knows no restriction of it.
    """
    return CallRequest(
        call=instruction.call,
        customer=instruction.customer,
        caller=instruction.business_number or own_number,
        representative=instruction.representative,
        customer_presented=instruction.customer,
    )


def call_policy(instruction: SetUpCall) -> Policy:
    """How the instruction wants the call made, with the words that are spoken in it."""
    announcement, name_mark = announcement_text(instruction.business_name)
    return Policy(
        ring_limit_us=instruction.ring_limit_us,
        announcement=announcement,
        name_mark=name_mark,
        whisper=whisper_text(instruction.business_name),
        apology=apology_text(instruction.business_name),
        dial_first="agent" if instruction.dial_first == "agent" else "customer",
        detect_machine=instruction.detect_machine,
        hunt=instruction.hunt,
    )


class CallDriver:
    """Drives one call from its instruction to its end; fulfils `LegOwner`."""

    def __init__(
        self,
        means: Means,
        instruction: SetUpCall,
        tell: Callable[[CallProgress], object],
        ended: Callable[[CallEnded], object],
    ) -> None:
        """`tell` is given each event of the timeline, `ended` the end, once and durable."""
        self.instruction = instruction
        self._means = means
        self._tell = tell
        self._ended = ended
        self._call = instruction.call
        self._machine = CustomerFirst(
            call_request(instruction, means.number), call_policy(instruction)
        )
        self._inbox: deque[Result] = deque()
        self._is_pumping = False
        self._is_over = False
        self._is_joined = False
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

    def cancel(self) -> None:
        """End the call because its business wants so."""
        self._journal(Progress(self._call, "cancel"), self._cancelled)

    def lose(self, cause: int = TEMPORARY_FAILURE) -> None:
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
        machine, clock = self._machine, self._means.clock
        while True:
            if self._inbox:
                machine.receive(self._inbox.popleft(), clock.monotonic_us())
            for event in machine.take_events():
                self._note(event)
            for command in machine.take_commands():
                self._execute(command)
            if not self._inbox:
                break
        self._is_pumping = False
        if machine.final is None:
            self._set_timer()
        elif not self._is_over:
            self._finish(machine.final, machine.cause)

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

    def _note(self, event: TimelineEvent) -> None:
        if event.event == "dialled":
            leg: Leg = "customer" if event.leg == "customer" else "agent"
            self._dialled[leg] = event
        else:
            self._say(event)

    def _say(self, event: TimelineEvent) -> None:
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

    def _finish(self, final: str, cause: int) -> None:
        self._is_over = True
        if self._timer is not None:
            self._timer.cancel()
        self._legs.clear()  # a leg that is not clear yet is its circuit's, and needs no other
        means = self._means
        means.circuits.done(self._call)
        end = CallEnded(self._call, final, cause, means.clock.now_us())
        means.journal.append(means.name, Ended(self._call, final, cause), lambda: self._ended(end))

    # What the machine commands.

    def _reserve(self, command: driver.Reserve) -> None:
        """Circuits under reset are waited for, as long as the machine waits for its answer."""
        if self._is_over:
            return
        circuits = self._means.circuits
        if circuits.reserve(self._call):
            self._act(driver.Reserved(command.command))
        elif circuits.are_resetting():
            self._means.clock.call_later_us(RESERVE_AGAIN_US, self._reserve, command)
        else:
            self._act(driver.ReserveFailed(command.command, NO_CIRCUIT))

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
                self._reserve(command)
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
                self._inbox.append(driver.Collected(command.command, command.leg, ""))
            case _:
                assert_never(command)

    def _set_up(self, command: driver.SetUpLeg) -> None:
        try:
            parse_e164(command.address)
        except NumberingError:
            self._fail(command, ADDRESS_INCOMPLETE)
            return
        circuit = self._means.circuits.seize(self._call)
        if circuit is None:
            self._fail(command, NO_CIRCUIT)
            return
        if command.leg == "agent":
            self._means.representatives.begin_call(command.address)
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

        means = self._means
        means.voice.detect(means.name, leg.circuit.wire, command.limit_us, judged)

    def _play(self, command: driver.Play) -> None:
        means, leg = self._means, self._legs[command.leg]
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

        kind = "music" if command.prompt == "music" else "speech"
        prompt = Prompt(kind, command.text, command.mark)
        means.voice.play(means.name, player, prompt, Player(ended, marked))
        means.voice.feed(means.name, leg.circuit.wire, (player_source(player),))

    def _stop(self, leg: Leg) -> None:
        player = self._players.pop(leg, None)
        if player is not None:
            self._means.voice.stop(self._means.name, player)

    def _join(self, command: driver.Join) -> None:
        one, other = self._legs[command.one], self._legs[command.other]
        if not (one.is_up and other.is_up):
            self._report(
                driver.JoinFailed(command.command, TEMPORARY_FAILURE),
                Progress(self._call, "join_failed", cause=TEMPORARY_FAILURE),
            )
            return
        self._is_joined = True
        means = self._means
        means.voice.feed(means.name, one.circuit.wire, (wire_source(other.circuit.wire),))
        means.voice.feed(means.name, other.circuit.wire, (wire_source(one.circuit.wire),))
        self._report(driver.Joined(command.command), Progress(self._call, "bridged"))

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
        entry = self._progress(leg, _LEG_EVENTS[type(result)], driver.cause_of(result))
        self._report(result, entry)

    def leg_over(self, leg: CircuitLeg) -> None:
        """See `LegOwner`: nothing plays to the leg, and nobody hears it, from now on."""
        means = self._means
        self._stop(leg.command.leg)
        means.voice.feed(means.name, leg.circuit.wire, ())
        if self._is_joined:
            self._is_joined = False
            for other in self._legs.values():
                if other.is_up:
                    means.voice.feed(means.name, other.circuit.wire, ())

    def leg_clear(self, leg: CircuitLeg) -> None:
        """See `LegOwner`."""
        means = self._means
        means.circuits.returned(self._call)
        if leg.command.leg == "agent":
            means.representatives.end_call(leg.command.address, means.clock.monotonic_us())

    def _progress(self, leg: CircuitLeg, event: str, cause: int = 0, detail: str = "") -> Progress:
        return Progress(self._call, event, leg.command.leg, leg.command.attempt, cause, detail)


_LEG_EVENTS: dict[type[driver.LegResult], str] = {
    driver.Ringing: "ringing",
    driver.Answered: "answered",
    driver.Failed: "failed",
    driver.Released: "released",
}
