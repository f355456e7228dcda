"""One leg of a call on one way to a party: from the seizure to nothing being left of it.

A small machine with its table. It owns the order that makes dialling happen at most once: the
circuit is seized, the attempt is journalled with the circuit's label, and only when that is durable
does the IAM leave; a leg released before that gives its circuit back unsignalled. It owns the ring
limit, counted from the IAM. It reports `Ringing`, `Answered`, `Failed`, `Released` as `calleq.call`
has them. The odd cases: a party whose release crosses ours is answered for by our own; a circuit
that says it is clear without a word before is taken for a temporary failure (41).
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Protocol

from calleq.call.driver import Answered, Failed, LegResult, Released, Ringing, SetUpLeg
from calleq.calling_logic.means import Means, Way, calling_number
from calleq.causes import Q850
from calleq.journal.entries import Dialled
from calleq.runtime.clock import Timer
from calleq.ss7.isup.information import answer_to
from calleq.ss7.isup.messages import CallingNumber, Cause, Location, Message


class Phase(StrEnum):
    JOURNALLING = "Journalling"
    """The circuit is seized, the attempt is on its way to the disk."""
    WITHDRAWN = "Withdrawn"
    """Released meanwhile: no IAM will leave."""
    CALLING = "Calling"
    UP = "Up"
    TIMED_OUT = "TimedOut"
    """The ring limit passed; the circuit is being released."""
    RELEASING = "Releasing"
    """The call has released the leg; the circuit is not clear yet."""
    OVER = "Over"
    """The far end released; the circuit is not clear yet."""
    CLEAR = "Clear"


class Signal(StrEnum):
    DURABLE = "durable"
    ALERTING = "alerting"
    ANSWERED = "answered"
    RING_LIMIT = "ring limit"
    FAR_RELEASE = "far release"
    RELEASE = "release"
    CLEARED = "cleared"


_P, _S = Phase, Signal
_UP = Phase.UP

LEG_TABLE: Mapping[tuple[Phase, Signal], tuple[str, Phase]] = {
    (_P.JOURNALLING, _S.DURABLE): ("dial", _P.CALLING),
    (_P.JOURNALLING, _S.RELEASE): ("wait", _P.WITHDRAWN),
    (_P.WITHDRAWN, _S.DURABLE): ("give_back", _P.CLEAR),
    (_P.CALLING, _S.ALERTING): ("report_ringing", _P.CALLING),
    (_P.CALLING, _S.ANSWERED): ("report_answered", _P.UP),
    (_P.CALLING, _S.RING_LIMIT): ("release_unanswered", _P.TIMED_OUT),
    (_P.CALLING, _S.FAR_RELEASE): ("report_failed", _P.OVER),
    (_P.CALLING, _S.RELEASE): ("release_circuit", _P.RELEASING),
    (_P.CALLING, _S.CLEARED): ("fail_and_clear", _P.CLEAR),
    (_P.UP, _S.FAR_RELEASE): ("report_released", _P.OVER),
    (_P.UP, _S.RELEASE): ("release_circuit", _P.RELEASING),
    (_P.UP, _S.CLEARED): ("lose_and_clear", _P.CLEAR),
    (_P.TIMED_OUT, _S.RELEASE): ("wait", _P.RELEASING),
    (_P.TIMED_OUT, _S.CLEARED): ("report_no_answer", _P.CLEAR),
    (_P.RELEASING, _S.CLEARED): ("confirm_release", _P.CLEAR),
    (_P.OVER, _S.RELEASE): ("wait", _P.RELEASING),
    (_P.OVER, _S.CLEARED): ("clear", _P.CLEAR),
    (_P.CLEAR, _S.RELEASE): ("answer_release", _P.CLEAR),
}

LEG_IGNORED: Mapping[Phase, frozenset[Signal]] = {
    # Nothing has been signalled, so nothing can come back.
    _P.JOURNALLING: frozenset(Signal) - {_S.DURABLE, _S.RELEASE},
    _P.WITHDRAWN: frozenset(Signal) - {_S.DURABLE},
    _P.CALLING: frozenset({_S.DURABLE}),
    _P.UP: frozenset({_S.DURABLE, _S.ALERTING, _S.ANSWERED, _S.RING_LIMIT}),
    # Our release crosses what the far end says.
    _P.TIMED_OUT: frozenset(Signal) - {_S.RELEASE, _S.CLEARED},
    _P.RELEASING: frozenset(Signal) - {_S.CLEARED},
    _P.OVER: frozenset(Signal) - {_S.RELEASE, _S.CLEARED},
    _P.CLEAR: frozenset(Signal) - {_S.RELEASE},
}


class LegOwner(Protocol):
    """The call that a leg is part of."""

    def leg_dialled(self, leg: "CircuitLeg") -> None:
        """The IAM is about to leave."""

    def leg_reports(self, leg: "CircuitLeg", result: LegResult) -> None:
        """A result for the call's machine."""

    def leg_over(self, leg: "CircuitLeg") -> None:
        """Nothing is to be heard on the leg any more."""

    def leg_clear(self, leg: "CircuitLeg") -> None:
        """The circuit is free again."""


class CircuitLeg:
    """A leg on its way to a party; fulfils `WayUser`."""

    def __init__(
        self, means: Means, owner: LegOwner, call: str, command: SetUpLeg, circuit: Way
    ) -> None:
        self.command = command
        self.circuit = circuit
        self._means = means
        self._owner = owner
        self._call = call
        self._phase = Phase.JOURNALLING
        self._ring_timer: Timer | None = None
        self._cause = Cause(Q850.NO_ANSWER)
        self._release_command = 0

    @property
    def is_up(self) -> bool:
        """The party has answered and nobody has released."""
        return self._phase is _UP

    def begin(self) -> None:
        """Journal the attempt; the IAM follows."""
        command, means = self.command, self._means
        attempt = Dialled(
            self._call,
            command.leg,
            command.attempt,
            command.address,
            self.circuit.key,
            means.access.group if means.group_of is None else means.group_of(self.circuit),
        )
        means.journal.append(means.name, attempt, self._durable)

    def release(self, command: int, cause: int) -> None:
        """Release the leg in whatever state it is; reported as `Released` to `command`."""
        self._release_command = command
        self._cause = Cause(cause, Location.PUBLIC_LOCAL)
        self._signal(Signal.RELEASE)

    # What the circuit and the clock say.

    def circuit_alerting(self, circuit: Way) -> None:
        self._signal(Signal.ALERTING)

    def circuit_progress(self, circuit: Way) -> None:
        """The party is not rung yet: nothing to report."""

    def circuit_answered(self, circuit: Way) -> None:
        self._signal(Signal.ANSWERED)

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        """A suspended leg stays up until T6 releases it; who asks about the caller is answered."""
        answer = answer_to(message, self._calling())
        if answer is not None:
            circuit.pass_on(answer)

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        if self._phase in (Phase.CALLING, Phase.UP):
            self._cause = cause
        self._signal(Signal.FAR_RELEASE)

    def circuit_cleared(self, circuit: Way) -> None:
        self._signal(Signal.CLEARED)

    def _durable(self) -> None:
        self._signal(Signal.DURABLE)

    def _ring_limit_passed(self) -> None:
        self._signal(Signal.RING_LIMIT)

    def _signal(self, signal: Signal) -> None:
        row = LEG_TABLE.get((self._phase, signal))
        if row is None:
            assert signal in LEG_IGNORED[self._phase]
            return
        action, self._phase = row
        LEG_ACTIONS[action](self)

    # The actions of the table.

    def wait(self) -> None:
        """What was begun goes on; its end is awaited."""

    def dial(self) -> None:
        means, command = self._means, self.command
        self._owner.leg_dialled(self)
        self._ring_timer = means.clock.call_later_us(command.ring_limit_us, self._ring_limit_passed)
        means.access.dial(self.circuit, command.address, command.caller, self)

    def give_back(self) -> None:
        self._means.access.give_back(self.circuit)
        self.confirm_release()

    def report_ringing(self) -> None:
        self._report(Ringing(self.command.command, self.command.leg))

    def report_answered(self) -> None:
        self._stop_ring_timer()
        self._report(Answered(self.command.command, self.command.leg))

    def release_unanswered(self) -> None:
        self._cause = Cause(Q850.NO_ANSWER, Location.PUBLIC_LOCAL)
        self.circuit.release(self._cause)

    def release_circuit(self) -> None:
        self._stop_ring_timer()
        self._owner.leg_over(self)
        self.circuit.release(self._cause)

    def report_failed(self) -> None:
        self._stop_ring_timer()
        self._owner.leg_over(self)
        cause = self._cause
        self._report(Failed(self.command.command, self.command.leg, cause.value, cause.location))

    def report_released(self) -> None:
        self._owner.leg_over(self)
        self._report(Released(0, self.command.leg, self._cause.value))

    def fail_and_clear(self) -> None:
        self._cause = Cause(Q850.TEMPORARY_FAILURE)
        self.report_failed()
        self.clear()

    def lose_and_clear(self) -> None:
        self._cause = Cause(Q850.TEMPORARY_FAILURE)
        self.report_released()
        self.clear()

    def report_no_answer(self) -> None:
        self.report_failed()
        self.clear()

    def confirm_release(self) -> None:
        self.answer_release()
        self.clear()

    def answer_release(self) -> None:
        self._report(Released(self._release_command, self.command.leg, self._cause.value))

    def clear(self) -> None:
        self._owner.leg_clear(self)

    def _calling(self) -> CallingNumber | None:
        return calling_number(self.command.caller)

    def _report(self, result: LegResult) -> None:
        self._owner.leg_reports(self, result)

    def _stop_ring_timer(self) -> None:
        if self._ring_timer is not None:
            self._ring_timer.cancel()
            self._ring_timer = None


LEG_ACTIONS: Mapping[str, Callable[[CircuitLeg], None]] = {
    action.__name__: action
    for action in (
        CircuitLeg.wait,
        CircuitLeg.dial,
        CircuitLeg.give_back,
        CircuitLeg.report_ringing,
        CircuitLeg.report_answered,
        CircuitLeg.release_unanswered,
        CircuitLeg.report_failed,
        CircuitLeg.release_circuit,
        CircuitLeg.fail_and_clear,
        CircuitLeg.report_released,
        CircuitLeg.lose_and_clear,
        CircuitLeg.report_no_answer,
        CircuitLeg.confirm_release,
        CircuitLeg.clear,
        CircuitLeg.answer_release,
    )
}

EVENTS: dict[type[LegResult], str] = {
    Ringing: "ringing",
    Answered: "answered",
    Failed: "failed",
    Released: "released",
}
"""What a result is called in the journal and in the call's timeline."""
