"""Performs the steps of a case on a bench, one after the other, and looks at what is left.

Every step either goes as it says or raises StepError with what happened instead. At the end nothing
may have come from the switch that no step expected, and both ends must agree that every circuit is
idle and unblocked (but those that the case leaves otherwise), that no call is left in the switch
and no telephone is off the hook.
"""

from typing import assert_never

from calleq.telephones.table import State as TelephoneState
from calleq.units import SECOND_US
from simulator.conformance.bench import SWITCH, TESTERS, Bench
from simulator.conformance.loading import LoadedCase, circuits_of
from simulator.conformance.mutants import Mutant
from simulator.conformance.parameters import WireError, mismatch
from simulator.conformance.steps import (
    Alarm,
    AnyStep,
    CircuitIs,
    Dial,
    Expect,
    HangUp,
    Hears,
    NotSeen,
    Order,
    Perform,
    PickUp,
    Repeats,
    Sees,
    Send,
    Silence,
    Speak,
)
from simulator.conformance.tester import Arrived, Tester
from simulator.conformance.timers import RANGES, SLACK_S

REST_US = 5 * SECOND_US
"""How long the switch must be quiet at the end."""
_BLOCKED = {
    (False, False): "no",
    (True, False): "by switch",
    (False, True): "by tester",
    (True, True): "by both",
}


class StepError(Exception):
    """The switch did otherwise; the text says what."""


class CaseRun:
    """One run of a case on a bench of its own."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        self.loaded = loaded
        self.bench = Bench(mutant)
        self._circuits = dict(loaded.case.circuits)
        self._times: dict[str, int] = {}
        self._last_us = self._now_us()
        self._seen = {number: 0 for number in self.bench.handsets}

    def perform(self) -> str:
        """Everything; why the case failed, or nothing."""
        for place, step in enumerate(self.loaded.steps):
            try:
                self._wait_us(round(step.after_s * SECOND_US))
                self._step(step)
            except (StepError, WireError) as error:
                clause = f" ({step.clause})" if step.clause else ""
                return f"step {place + 1}, {_told(step)}: {error}{clause}"
        self._wait_us(REST_US)
        return self._left_over()

    # The steps.

    def _step(self, step: AnyStep) -> None:
        match step:
            case Send():
                self._send(step)
            case Expect():
                self._expect(step)
            case Repeats():
                self._repeats(step)
            case Silence():
                self._silence(step.for_s)
            case Dial():
                self.bench.handsets[step.telephone].telephone.dial(step.to)
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
                tester = self._tester(step.at)
                self.bench.speak(tester, self._cic(step.circuit), step.what)
            case Order():
                self._order(step)
            case Alarm():
                self._alarm(step)
            case CircuitIs():
                self._circuit_is(step)
            case Perform():
                raise AssertionError("blocks are in their places when a case is loaded")
            case _:
                assert_never(step)

    def _send(self, step: Send) -> None:
        cic = self._cic(step.circuit)
        if not self._tester(step.at).send(step.message, cic, step.fields):
            raise StepError("the switch cannot be reached")
        self._passed(step.message, self._now_us())

    def _expect(self, step: Expect) -> None:
        tester = self._tester(step.at)
        if step.timer:
            self._expect_timed(step, tester)
            return
        arrived = self._next(tester, self._now_us() + round(step.within_s * SECOND_US))
        if step.optional:
            if arrived is not None and arrived.message.name != step.message:
                tester.inbox.appendleft(arrived)
                return
            if arrived is None:
                return
        if arrived is None:
            raise StepError(f"nothing came within {step.within_s:g} s")
        self._check(step, arrived)

    def _expect_timed(self, step: Expect, tester: Tester) -> None:
        shortest_s, longest_s = RANGES[step.timer]
        since_us = self._since(step.since)
        limit_us = since_us + round((longest_s + SLACK_S) * SECOND_US)
        arrived = self._next(tester, limit_us)
        if arrived is None:
            raise StepError(f"nothing came within {longest_s:g} s, the longest {step.timer}")
        passed_s = (arrived.at_us - since_us) / SECOND_US
        self._check(step, arrived)
        if passed_s < shortest_s - SLACK_S:
            raise StepError(
                f"came after {passed_s:.3f} s: {step.timer} is {shortest_s:g} s or more"
            )

    def _repeats(self, step: Repeats) -> None:
        """Take every repetition; the last one must have come with the longer timer."""
        tester = self._tester(step.at)
        cic = self._cic(step.circuit)
        since_us = last_us = self._since(step.since)
        shortest_s, longest_s = RANGES[step.every]
        count, name = 0, ""
        while True:
            limit_us = last_us + round((longest_s + SLACK_S) * SECOND_US)
            if not self._wait_message(tester, limit_us):
                break
            arrived = tester.inbox.popleft()
            message = arrived.message
            instead = bool(step.then) and message.name == step.then
            if message.cic != cic or not (instead or message.name == step.message):
                raise StepError(f"{message.name} on circuit {message.cic} came")
            passed_s = (arrived.at_us - last_us) / SECOND_US
            ended = RANGES[step.until][0] - SLACK_S <= (arrived.at_us - since_us) / SECOND_US
            if passed_s < shortest_s - SLACK_S and not ended:
                raise StepError(f"repeated after {passed_s:.3f} s, sooner than {step.every}")
            last_us, name = arrived.at_us, message.name
            count += 1
            if instead:
                break
        passed_s = (last_us - since_us) / SECOND_US
        shortest_s, longest_s = RANGES[step.until]
        if count < 2 or not shortest_s - SLACK_S <= passed_s <= longest_s + SLACK_S:
            raise StepError(
                f"repeated {count} times, for {passed_s:.1f} s: {step.until} is {shortest_s:g} to"
                f" {longest_s:g} s"
            )
        if name != (step.then or step.message):
            raise StepError(f"{name} came last, not {step.then}")
        self._passed(name, last_us)

    def _silence(self, length_s: float) -> None:
        limit_us = self._now_us() + round(length_s * SECOND_US)
        for name in TESTERS:
            if self._wait_message(self._tester(name), limit_us):
                message = self._tester(name).inbox[0].message
                raise StepError(f"{message.name} on circuit {message.cic} came at {name}")

    def _sees(self, step: Sees) -> None:
        limit_us = self._now_us() + round(step.within_s * SECOND_US)
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
            if not self._run_next(limit_us):
                raise StepError(f"not within {step.within_s:g} s")

    def _not_seen(self, step: NotSeen) -> None:
        entries = self.bench.diary.entries(step.telephone)[self._seen[step.telephone] :]
        if any(entry.event == step.event for entry in entries):
            raise StepError("it has")

    def _order(self, step: Order) -> None:
        named = step.circuits.isalpha()
        circuits = str(self._cic(step.circuits)) if named else step.circuits
        chosen = circuits_of(circuits) if circuits else []
        self.bench.operator.order(step.order, self._tester(step.at).name, chosen, step.kind)

    def _alarm(self, step: Alarm) -> None:
        alarms = self.bench.operator.alarms()
        if any(step.text in alarm for alarm in alarms) != step.stands:
            raise StepError(f"{'; '.join(alarms) or 'none'} stands")

    def _hears(self, step: Hears) -> None:
        if step.telephone:
            heard = self.bench.handsets[step.telephone].heard
        else:
            assert step.at is not None
            heard = self.bench.heard_at(self._tester(step.at), self._cic(step.circuit))
        if heard != set(step.voices):
            raise StepError(f"{', '.join(sorted(heard)) or 'nothing'} is heard")

    def _circuit_is(self, step: CircuitIs) -> None:
        found = self._disagreement(step)
        if found:
            raise StepError(found)

    # What the steps are made of.

    def _check(self, step: Expect, arrived: Arrived) -> None:
        message = arrived.message
        if message.name != step.message:
            raise StepError(f"{message.name} on circuit {message.cic} came")
        if isinstance(step.circuit, str) and step.circuit not in self._circuits:
            self._circuits[step.circuit] = message.cic
        if message.cic != self._cic(step.circuit):
            raise StepError(f"{message.name} came on circuit {message.cic}")
        if step.among and message.cic not in circuits_of(step.among):
            raise StepError(f"on circuit {message.cic}, not one of {step.among}")
        tester = self._tester(step.at)
        ours = self.bench.controls(tester, message.cic)
        if step.controlled_by and ours != (step.controlled_by == "switch"):
            raise StepError(f"on circuit {message.cic}, which the other exchange controls")
        for name, value in step.fields.items():
            contents = message.parameters.get(name)
            if contents is None:
                raise StepError(f"without {name}")
            told = mismatch(name, contents, value)
            if told:
                raise StepError(told)
        for name in step.without:
            if name in message.parameters:
                raise StepError(f"with {name} {message.parameters[name].hex()}")
        self._passed(step.message, arrived.at_us)

    def _next(self, tester: Tester, limit_us: int) -> Arrived | None:
        return tester.inbox.popleft() if self._wait_message(tester, limit_us) else None

    def _wait_message(self, tester: Tester, limit_us: int) -> bool:
        while not tester.inbox:
            if not self._run_next(limit_us):
                return False
        return True

    def _run_next(self, limit_us: int) -> bool:
        """Let the next thing happen; False when nothing does before the limit, which is reached."""
        clock = self.bench.clock
        due_us = clock.next_due_us()
        if due_us is None or due_us > limit_us:
            clock.advance_us(max(0, limit_us - clock.monotonic_us()))
            return False
        return clock.run_next()

    def _wait_us(self, length_us: int) -> None:
        self.bench.clock.advance_us(length_us)

    def _now_us(self) -> int:
        return self.bench.clock.monotonic_us()

    def _since(self, name: str) -> int:
        if not name:
            return self._last_us
        if name not in self._times:
            raise StepError(f"no {name} has passed yet")
        return self._times[name]

    def _passed(self, name: str, at_us: int) -> None:
        self._times[name] = self._last_us = at_us

    def _tester(self, name: str) -> Tester:
        return self.bench.testers[name]

    def _cic(self, circuit: int | str) -> int:
        if isinstance(circuit, int):
            return circuit
        if circuit not in self._circuits:
            raise StepError(f"circuit {circuit} has no number yet")
        return self._circuits[circuit]

    # The end.

    def _left_over(self) -> str:
        for name, tester in self.bench.testers.items():
            if tester.faults:
                return f"at {name}: {tester.faults[0]}"
            if tester.inbox:
                message = tester.inbox[0].message
                return f"{message.name} on circuit {message.cic} came at {name} unexpectedly"
        for left in self.loaded.case.leaves:
            told = self._disagreement(left)
            if told:
                return f"at the end {told}"
        left_cics = {(left.at, self._cic(left.circuit)) for left in self.loaded.case.leaves}
        told = self._others(left_cics)
        if told:
            return f"at the end {told}"
        if not left_cics and self.bench.switch.calls_in_progress:
            return f"{self.bench.switch.calls_in_progress} calls are left in {SWITCH}"
        return self._telephones_left()

    def _others(self, left: set[tuple[str, int]]) -> str:
        """Circuits that no case mentions are idle at both ends."""
        for name, tester in self.bench.testers.items():
            for cic, view in tester.circuits.items():
                if (name, cic) in left:
                    continue
                if view.busy or view.blocked_by_switch or view.blocked_by_tester:
                    return f"circuit {cic} to {name} is not idle at the tester"
        for name in TESTERS:
            told = self.bench.operator.not_idle(f"sp-{name}")
            others = [text for cic, text in told if (name, cic) not in left]
            if others:
                return others[0]
        return ""

    def _telephones_left(self) -> str:
        for number, handset in self.bench.handsets.items():
            state = handset.telephone.state
            if state not in (TelephoneState.ON_HOOK, TelephoneState.IN_USE):
                if not self.loaded.case.leaves:
                    return f"telephone {number} is {state.value}"
        return ""

    def _disagreement(self, expected: CircuitIs) -> str:
        """What differs of a circuit at either end; empty when nothing does."""
        cic = self._cic(expected.circuit)
        view = self._tester(expected.at).circuit(cic)
        if view.busy != (expected.state == "busy"):
            return f"circuit {cic} is {'busy' if view.busy else 'idle'} at the tester"
        blocked = _BLOCKED[view.blocked_by_switch, view.blocked_by_tester]
        if blocked != expected.blocked:
            return f"circuit {cic} is blocked at the tester: {blocked}"
        state = self.bench.operator.state_of(self._tester(expected.at).name, cic)
        if state != (expected.state, expected.blocked):
            return f"circuit {cic} is {state[0]} at the switch, blocked: {state[1]}"
        return ""


def _told(step: AnyStep) -> str:
    """A step in a few words."""
    match step:
        case Send():
            return f"send {step.message}"
        case Expect():
            return f"expect {step.message}"
        case Repeats():
            return f"{step.message} repeated"
        case Dial() | PickUp() | HangUp():
            return f"{step.__struct_config__.tag} {step.telephone}"
        case Sees():
            return f"{step.telephone} sees {step.event}"
        case Hears():
            return f"{step.telephone or step.at} hears {', '.join(step.voices) or 'nothing'}"
        case NotSeen():
            return f"{step.telephone} does not see {step.event}"
        case CircuitIs():
            return f"circuit {step.circuit} {step.state}, blocked: {step.blocked}"
        case Order():
            return f"order {step.order} {step.circuits}"
        case Alarm():
            return f"alarm {step.text!r} {'stands' if step.stands else 'does not stand'}"
        case _:
            return str(step.__struct_config__.tag)
