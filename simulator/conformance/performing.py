"""Performs the steps of a case, one after the other, and looks at what is left.

Every step either goes as it says or raises StepError with what happened instead. At the end nothing
may have come from the element under test that no step expected. A suite adds its own steps and its
own look at the end (`Performer.other_step`, `Performer.left_over`).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

from calleq.runtime.clock import VirtualClock
from calleq.trace.capture import Captured
from calleq.trace.ladder import Ladder
from calleq.units import SECOND_US
from simulator.conformance.language import Arrived, Language, Party, Read, WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.steps import AnyStep, Expect, Repeats, Send, Silence, told
from simulator.conformance.timers import RANGES, SLACK_S

PACE_US = SECOND_US // 10
"""How far time goes on at once while a message is awaited."""
REST_US = 5 * SECOND_US
"""How long the element must be quiet at the end."""


class StepError(Exception):
    """The element did otherwise; the text says what."""


class Performer(ABC):
    """One run of a case."""

    parties: Mapping[str, Party]
    """The tester's ends, by what cases call them."""
    clock: VirtualClock

    def __init__(self, loaded: LoadedCase, language: Language) -> None:
        """The suite sets `parties` and `clock` before anything is performed."""
        self.loaded = loaded
        self.language = language
        self.circuits = dict(loaded.case.circuits)
        """Numbers of circuits by the names that the case gives them."""
        self._times: dict[str, int] = {}
        self._last: dict[str, dict[str, bytes]] = {}
        """Parameters of the last message expected at each end."""
        self._last_us = 0

    @abstractmethod
    def other_step(self, step: AnyStep) -> None:
        """Perform a step that is the suite's own. Raises StepError, WireError."""

    @abstractmethod
    def left_over(self) -> str:
        """What is not as it should be at the end."""

    @abstractmethod
    def ladder(self) -> Ladder:
        """Everything that passed."""

    def captures(self) -> Sequence[Captured]:
        """What may be written into a capture file."""
        return ()

    @abstractmethod
    def check_more(self, step: Expect, message: Read) -> None:
        """Hold a message against what only this suite's steps say. Raises StepError."""

    def perform(self) -> str:
        """Everything; why the case failed, or nothing."""
        for place, step in enumerate(self.loaded.steps):
            try:
                self.wait_us(round(step.after_s * SECOND_US))
                self._step(step)
            except (StepError, WireError) as error:
                clause = f" ({step.clause})" if step.clause else ""
                return f"step {place + 1}, {told(step)}: {error}{clause}"
        self.wait_us(REST_US)
        for name, party in self.parties.items():
            if party.faults:
                return f"at {name}: {party.faults[0]}"
            if party.inbox:
                return f"{_which(party.inbox[0].message)} came at {name} unexpectedly"
        return self.left_over()

    def party(self, name: str) -> Party:
        """One of the tester's ends. Raises StepError."""
        if name not in self.parties:
            raise StepError(f"the tester has no end {name!r}")
        return self.parties[name]

    def _step(self, step: AnyStep) -> None:
        match step:
            case Send():
                self._send(step)
            case Expect():
                for _ in range(step.count):
                    self._expect(step)
            case Repeats():
                self._repeats(step)
            case Silence():
                self._silence(step.for_s)
            case _:
                self.other_step(step)

    def _send(self, step: Send) -> None:
        cic = self.cic(step.circuit)
        fields = dict(step.fields)
        for name in step.echo:
            if name not in self._last.get(step.at, {}):
                raise StepError(f"nothing that came had {name}")
            fields[name] = f"hex:{self._last[step.at][name].hex()}"
        if not self.party(step.at).send(step.message, cic, fields):
            raise StepError("the element cannot be reached")
        self.passed(step.message, self.now_us())

    def _expect(self, step: Expect) -> None:
        party = self.party(step.at)
        if step.timer:
            self._expect_timed(step, party)
            return
        limit_us = self.now_us() + round(step.within_s * SECOND_US)
        if step.unordered:
            arrived = self._find(step, party, limit_us)
        else:
            arrived = self._next(party, limit_us)
        if step.optional:
            if arrived is not None and arrived.message.name != step.message:
                party.inbox.appendleft(arrived)
                return
            if arrived is None:
                return
        if arrived is None:
            raise StepError(f"nothing came within {step.within_s:g} s")
        self._check(step, arrived)

    def _expect_timed(self, step: Expect, party: Party) -> None:
        shortest_s, longest_s = RANGES[step.timer]
        since_us = self._since(step.since)
        limit_us = since_us + round((longest_s + SLACK_S) * SECOND_US)
        arrived = self._next(party, limit_us)
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
        party = self.party(step.at)
        cic = self.cic(step.circuit)
        since_us = last_us = self._since(step.since)
        shortest_s, longest_s = RANGES[step.every]
        count, name = 0, ""
        while True:
            limit_us = last_us + round((longest_s + SLACK_S) * SECOND_US)
            if not self.wait_message(party, limit_us):
                break
            arrived = party.inbox.popleft()
            message = arrived.message
            instead = bool(step.then) and message.name == step.then
            if message.cic != cic or not (instead or message.name == step.message):
                raise StepError(f"{_which(message)} came")
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
        self.passed(name, last_us)

    def _silence(self, length_s: float) -> None:
        limit_us = self.now_us() + round(length_s * SECOND_US)
        for name, party in self.parties.items():
            if self.wait_message(party, limit_us):
                raise StepError(f"{_which(party.inbox[0].message)} came at {name}")

    def _check(self, step: Expect, arrived: Arrived) -> None:
        message = arrived.message
        if message.name != step.message:
            raise StepError(f"{_which(message)} came")
        if isinstance(step.circuit, str) and step.circuit not in self.circuits:
            self.circuits[step.circuit] = message.cic
        if message.cic != self.cic(step.circuit):
            raise StepError(f"{message.name} came on circuit {message.cic}")
        self.check_more(step, message)
        self._last[step.at] = message.parameters
        for name, value in step.fields.items():
            contents = message.parameters.get(name)
            if contents is None:
                raise StepError(f"without {name}")
            told = self.language.mismatch(name, contents, value)
            if told:
                raise StepError(told)
        for name in step.without:
            if name in message.parameters:
                raise StepError(f"with {name} {message.parameters[name].hex()}")
        self.passed(step.message, arrived.at_us)

    def _find(self, step: Expect, party: Party, limit_us: int) -> Arrived | None:
        """The first message that may be the one, whatever else came before it."""
        more = True
        while True:
            for arrived in party.inbox:
                named = self.circuits.get(str(step.circuit), arrived.message.cic)
                if (arrived.message.name, arrived.message.cic) == (step.message, named):
                    party.inbox.remove(arrived)
                    return arrived
            if not more:
                return None
            more = self.run_next(limit_us)

    def _next(self, party: Party, limit_us: int) -> Arrived | None:
        return party.inbox.popleft() if self.wait_message(party, limit_us) else None

    def wait_message(self, party: Party, limit_us: int) -> bool:
        """Let time pass until something has come; False when the limit came first."""
        while not party.inbox and self.run_next(limit_us):
            pass
        return bool(party.inbox)

    def run_next(self, limit_us: int) -> bool:
        """Let the next thing happen; False when the limit is reached.

        What a clock keeps in the background it does not announce: so time goes on by short steps.
        """
        clock = self.clock
        due_us, now_us = clock.next_due_us(), clock.monotonic_us()
        soon_us = min(limit_us, now_us + PACE_US)
        if due_us is not None and due_us <= soon_us:
            return clock.run_next()
        clock.advance_us(max(0, soon_us - now_us))
        return soon_us < limit_us

    def wait_us(self, length_us: int) -> None:
        """Let time pass."""
        self.clock.advance_us(length_us)

    def now_us(self) -> int:
        """The monotonic time."""
        return self.clock.monotonic_us()

    def _since(self, name: str) -> int:
        if not name:
            return self._last_us
        if name not in self._times:
            raise StepError(f"no {name} has passed yet")
        return self._times[name]

    def passed(self, name: str, at_us: int) -> None:
        """Remember when a message passed, for timers counted from it."""
        self._times[name] = self._last_us = at_us

    def cic(self, circuit: int | str) -> int:
        """The number of a circuit that a case names. Raises StepError."""
        if isinstance(circuit, int):
            return circuit
        if circuit not in self.circuits:
            raise StepError(f"circuit {circuit} has no number yet")
        return self.circuits[circuit]


def _which(message: Read) -> str:
    return f"{message.name} on circuit {message.cic}" if message.cic else message.name
