"""The steps of an ISUP case that are not messages: subscribers, operator, voice, circuits.

At the end both ends of every circuit must agree that it is idle and unblocked (but those that the
case leaves otherwise), no call is left in the switch and no telephone is off the hook.
"""

from collections.abc import Mapping, Sequence

from calleq.telephones.table import State as TelephoneState
from calleq.trace.capture import Captured
from calleq.trace.ladder import Ladder
from calleq.units import SECOND_US
from simulator.conformance.isup.bench import TOPOLOGY, Bench
from simulator.conformance.isup.octets import ISUP
from simulator.conformance.isup.operator import ORDERS
from simulator.conformance.isup.tester import Tester
from simulator.conformance.language import Language, Party, Read, WireError
from simulator.conformance.loading import LoadedCase, circuits_of
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer, StepError
from simulator.conformance.steps import (
    Alarm,
    AnyStep,
    Attempts,
    CircuitIs,
    Dial,
    Expect,
    HangUp,
    Hears,
    NotSeen,
    Order,
    PickUp,
    Sees,
    Speak,
)

ATTEMPT_US = SECOND_US // 10
"""How long a caller who attempts again and again waits for each thing."""
_BLOCKED = {
    (False, False): "no",
    (True, False): "by switch",
    (False, True): "by tester",
    (True, True): "by both",
}


def check_step(step: AnyStep) -> None:
    """Raises WireError when a step names a telephone or an order that there is not."""
    if isinstance(step, Order) and step.order not in ORDERS:
        raise WireError(f"order {step.order!r}: one of {', '.join(ORDERS)} expected")
    telephone = getattr(step, "telephone", "")
    numbers = [line.number for line in TOPOLOGY.lines]
    if telephone and telephone not in numbers:
        raise WireError(f"{telephone!r}: one of {', '.join(numbers)} expected")


class IsupPerformer(Performer):
    """One run of an ISUP case on a bench of its own."""

    def __init__(
        self,
        loaded: LoadedCase,
        mutant: Mutant | None = None,
        *,
        bench: Bench | None = None,
        language: Language = ISUP,
    ) -> None:
        """`bench` and `language`: of a suite that has more than ISUP."""
        super().__init__(loaded, language)
        self.bench = bench or Bench(mutant, loaded.case.route)
        self.clock = self.bench.clock
        self.parties: Mapping[str, Party] = self.bench.testers
        self._seen = dict.fromkeys(self.bench.handsets, 0)

    def ladder(self) -> Ladder:
        return self.bench.ladder(self.loaded.number)

    def captures(self) -> Sequence[Captured]:
        return self.bench.captures()

    def check_more(self, step: Expect, message: Read) -> None:
        if step.among and message.cic not in circuits_of(step.among):
            raise StepError(f"on circuit {message.cic}, not one of {step.among}")
        ours = self.bench.controls(self._exchange(step.at), message.cic)
        if step.controlled_by and ours != (step.controlled_by == "switch"):
            raise StepError(f"on circuit {message.cic}, which the other exchange controls")

    def other_step(self, step: AnyStep) -> None:
        match step:
            case Dial():
                self.bench.handsets[step.telephone].telephone.dial(step.to)
            case Attempts():
                self._attempts(step)
            case PickUp():
                self.bench.handsets[step.telephone].telephone.pick_up()
            case HangUp():
                self.bench.handsets[step.telephone].telephone.hang_up()
            case Sees():
                self._sees(step)
            case NotSeen():
                self._not_seen(step)
            case Hears():
                self._hears(step)
            case Speak():
                exchange = self._exchange(step.at)
                self.bench.speak(exchange, self.cic(step.circuit), step.what, step.keys)
            case Order():
                self._order(step)
            case Alarm():
                self._alarm(step)
            case CircuitIs():
                self._circuit_is(step)
            case _:
                raise AssertionError(f"{step} is no step of an ISUP case")

    def _exchange(self, name: str) -> Tester:
        return self.bench.testers[name]

    def _attempts(self, step: Attempts) -> None:
        """Quickly one after the other: the congestion of Q.764 §2.11 lasts seconds."""
        exchange, left = self._exchange(step.at), 0
        telephone = self.bench.handsets[step.telephone].telephone
        for _ in range(step.count):
            telephone.dial(step.to)
            if self.wait_message(exchange, self.now_us() + ATTEMPT_US):
                message = exchange.inbox.popleft().message
                if message.name != "IAM":
                    raise StepError(f"{message.name} came")
                left += 1
                exchange.send("REL", message.cic, {"cause": 31})
                self.wait_us(ATTEMPT_US)
                exchange.inbox.popleft()
            telephone.hang_up()
            self.wait_us(ATTEMPT_US)
        self._seen[step.telephone] = len(self.bench.diary.entries(step.telephone))
        if left == 0 or (left == step.count) != (step.leave == "all"):
            raise StepError(f"{left} of {step.count} attempts left")

    def _sees(self, step: Sees) -> None:
        limit_us = self.now_us() + round(step.within_s * SECOND_US)
        while True:
            entries = self.bench.diary.entries(step.telephone)
            for place in range(self._seen[step.telephone], len(entries)):
                entry = entries[place]
                if entry.event != step.event:
                    continue
                self._seen[step.telephone] = place + 1
                if step.detail is not None and entry.detail != step.detail:
                    raise StepError(f"{entry.detail!r}, not {step.detail!r}")
                if step.cause is not None and entry.cause != step.cause:
                    raise StepError(f"cause {entry.cause}, not {step.cause}")
                return
            if self.now_us() >= limit_us:
                raise StepError(f"not within {step.within_s:g} s")
            self.run_next(limit_us)

    def _not_seen(self, step: NotSeen) -> None:
        entries = self.bench.diary.entries(step.telephone)[self._seen[step.telephone] :]
        if any(entry.event == step.event for entry in entries):
            raise StepError("it has")

    def _order(self, step: Order) -> None:
        named = step.circuits.isalpha()
        circuits = str(self.cic(step.circuits)) if named else step.circuits
        chosen = circuits_of(circuits) if circuits else []
        self.bench.operator.order(step.order, self._exchange(step.at).name, chosen, step.kind)

    def _alarm(self, step: Alarm) -> None:
        alarms = self.bench.operator.alarms()
        if any(step.text in alarm for alarm in alarms) != step.stands:
            raise StepError(f"{'; '.join(alarms) or 'none'} stands")

    def _hears(self, step: Hears) -> None:
        if step.telephone:
            heard = self.bench.handsets[step.telephone].heard
        else:
            heard = self.bench.heard_at(self._exchange(step.at), self.cic(step.circuit))
        if heard != set(step.voices):
            raise StepError(f"{', '.join(sorted(heard)) or 'nothing'} is heard")

    def _circuit_is(self, step: CircuitIs) -> None:
        found = self._disagreement(step)
        if found:
            raise StepError(found)

    def left_over(self) -> str:
        left = self.loaded.case.leaves
        for circuit in left:
            found = self._disagreement(circuit)
            if found:
                return f"at the end {found}"
        found = self._others({(circuit.at, self.cic(circuit.circuit)) for circuit in left})
        if found:
            return f"at the end {found}"
        calls = self.bench.calls_left()
        if calls:
            return f"{calls} calls are left in {self.bench.element}"
        return self._telephones_left()

    def _others(self, left: set[tuple[str, int]]) -> str:
        """Circuits that no case mentions are idle at both ends."""
        for name, tester in self.bench.testers.items():
            for cic, view in tester.circuits.items():
                if (name, cic) in left:
                    continue
                if view.busy or view.blocked_by_switch or view.blocked_by_tester:
                    return f"circuit {cic} to {name} is not idle at the tester"
        for name in self.bench.tester_names:
            told = self.bench.operator.not_idle(f"sp-{name}")
            others = [text for cic, text in told if (name, cic) not in left]
            if others:
                return others[0]
        return ""

    def _telephones_left(self) -> str:
        for number, handset in self.bench.handsets.items():
            state = handset.telephone.state
            if state not in (TelephoneState.ON_HOOK, TelephoneState.IN_USE):
                return f"telephone {number} is {state.value}"
        return ""

    def _disagreement(self, expected: CircuitIs) -> str:
        """What differs of a circuit at either end; empty when nothing does."""
        cic = self.cic(expected.circuit)
        view = self._exchange(expected.at).circuit(cic)
        if view.busy != (expected.state == "busy"):
            return f"circuit {cic} is {'busy' if view.busy else 'idle'} at the tester"
        blocked = _BLOCKED[view.blocked_by_switch, view.blocked_by_tester]
        if blocked != expected.blocked:
            return f"circuit {cic} is blocked at the tester: {blocked}"
        state = self.bench.operator.state_of(self._exchange(expected.at).name, cic)
        if state != (expected.state, expected.blocked):
            return f"circuit {cic} is {state[0]} at the switch, blocked: {state[1]}"
        return ""
