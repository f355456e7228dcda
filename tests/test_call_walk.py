"""Whatever the equipment says and in whatever order: one end, no early ringing, no leg left."""

from random import Random

import pytest

from calleq.call import customer_first, driver
from calleq.call.customer_first import CallRequest, CustomerFirst, Policy
from calleq.call.driver import FINAL_STATES, Command, Leg, Result
from calleq.call.states import Input, State
from calleq.call.table import TABLE, Row
from calleq.osn.messages import EVENTS
from calleq.units import SECOND_US

LEGS: tuple[Leg, ...] = ("customer", "agent")
WALKS = 10_000
STEPS_LIMIT = 400
ANSWERS = driver.Reserve | driver.FindRepresentative | driver.Detect | driver.Join


def results_of(command: Command) -> list[Result]:
    """Everything the command's answer could be, and what may be said before it."""
    number = command.command
    match command:
        case driver.AwaitCapacity():
            return [driver.LikelyFree(number)]
        case driver.Reserve():
            return [driver.Reserved(number)] * 9 + [driver.ReserveFailed(number, 34)]
        case driver.FindRepresentative():
            found = [driver.RepresentativeFound(number, "+12125550144")] * 3
            return [*found, driver.RepresentativeFound(number, None)]
        case driver.SetUpLeg(leg=leg):
            ringing = [driver.Ringing(number, leg)] * 2
            answered = [driver.Answered(number, leg)] * 3
            return [*ringing, *answered, driver.Failed(number, leg, 17)]
        case driver.Detect():
            person = [driver.Detected(number, "customer", "human")] * 3
            return [*person, driver.Detected(number, "customer", "machine")]
        case driver.Play(leg=leg):
            return [driver.PlayMarked(number, leg), driver.PlayEnded(number, leg, "complete")]
        case driver.Collect(leg=leg):
            answers = ("1", "1", "yes", "no", "9", "5", "", "other words")
            answers += ("right code", "wrong code") if command.digits > 1 else ()
            return [driver.Collected(number, leg, value) for value in answers]
        case driver.Join():
            return [driver.Joined(number)] * 3 + [driver.JoinFailed(number, 47)]
        case _:
            return []


class Walk:
    """One call on equipment that keeps its side of the contract, and says what it likes."""

    def __init__(self, seed: int, call: CustomerFirst) -> None:
        self.random = Random(seed)
        self.call = call
        self.now_us = 0
        self.open: dict[int, Command] = {}
        """Commands still to be answered."""
        self.said: list[Result] = []
        self.live: dict[Leg, int] = {}
        """The `SetUpLeg` of each leg that is dialled and not gone."""
        self.answered: set[Leg] = set()
        self.releasing: dict[Leg, int] = {}
        self.customer_ever_answered = False
        self.may_ring = call.policy.consent == "none"
        """Whether the customer has agreed, or need not."""
        self.asked = 0
        self.agent_dialled = 0
        self.agent_dialled_early = False
        self.release_timed_out = False
        self.finals: list[str] = []

    def take(self) -> None:
        commands = self.call.take_commands()
        assert not (self.finals and commands), "commanded after the end"
        for command in commands:
            self.open[command.command] = command
            self.execute(command)
        for event in self.call.take_events():
            assert event.event in EVENTS
        if self.call.final is not None and not self.finals:
            self.finals.append(self.call.final)
            assert self.release_timed_out or not self.live, "ended with a leg up"
        assert self.finals == ([] if self.call.final is None else [self.call.final])

    def execute(self, command: Command) -> None:
        match command:
            case driver.SetUpLeg(leg=leg):
                assert leg not in self.live, "dialled twice at a time"
                self.live[leg] = command.command
                if leg == "agent":
                    self.agent_dialled += 1
                    self.agent_dialled_early |= not self.customer_ever_answered
                    assert self.may_ring, "rang a representative whom nobody wanted"
            case driver.ReleaseLeg(leg=leg):
                assert leg in self.live, "released what was not there"
                self.releasing[leg] = command.command
            case driver.Play(leg=leg, prompt=prompt):
                assert leg in self.answered, "spoke to nobody"
                assert (prompt == "whisper") == (leg == "agent")
            case driver.Collect():
                assert "customer" in self.answered, "asked nobody"
                self.asked += 1
            case driver.Join():
                assert self.answered == {"customer", "agent"}, "joined who was not there"

    def gone(self, leg: Leg) -> None:
        self.live.pop(leg, None)
        self.answered.discard(leg)
        self.releasing.pop(leg, None)

    def say(self, result: Result) -> None:
        match result:
            case driver.Answered(leg=leg) if result.command == self.live.get(leg):
                self.answered.add(leg)
                self.customer_ever_answered |= leg == "customer" and leg not in self.releasing
            case driver.Failed(leg=leg) if result.command == self.live.get(leg):
                if leg not in self.releasing:
                    self.gone(leg)
            case driver.Collected(value=value) if result.command in self.open:
                by_code = self.call.policy.consent == "code"
                self.may_ring |= value in (("right code",) if by_code else ("1", "yes"))
            case driver.Released(leg=leg):
                self.gone(leg)
            case driver.DriverLost():
                for leg in LEGS:
                    self.gone(leg)
        if not isinstance(result, driver.Ringing | driver.PlayMarked | driver.DriverLost):
            self.open.pop(result.command, None)
        self.said.append(result)
        self.call.receive(result, self.now_us)
        self.take()

    def step(self) -> None:
        draw = self.random.random()
        possible = [result for c in self.open.values() for result in results_of(c)]
        for leg in LEGS:
            if leg in self.answered and leg not in self.releasing:
                possible.append(driver.Released(0, leg, 16))
            if leg in self.releasing:
                possible += [driver.Released(self.releasing[leg], leg, 16)] * 4
        due_us = self.call.next_timer()
        if draw < 0.03 and due_us is not None:
            self.release_timed_out |= self.call.state == "Releasing"
            self.now_us = due_us
            self.call.handle_timer(self.now_us)
            self.take()
        elif draw < 0.05:
            self.call.cancel(self.now_us)
            self.take()
        elif draw < 0.06:
            self.say(driver.DriverLost(41))
        elif draw < 0.12 and self.said:
            late = self.random.choice(self.said)
            if not isinstance(late, driver.DriverLost | driver.Released):
                self.call.receive(late, self.now_us)
                self.take()
        elif possible:
            self.say(self.random.choice(possible))


@pytest.fixture
def rows_taken(monkeypatch: pytest.MonkeyPatch) -> set[tuple[State, Input]]:
    """The rows of the table that were used."""
    taken: set[tuple[State, Input]] = set()

    class Watched(dict[tuple[State, Input], Row]):
        def get(self, pair, default=None):  # type: ignore[no-untyped-def]
            row = super().get(pair, default)
            if row is not None:
                taken.add(pair)
            return row

    monkeypatch.setattr(customer_first, "TABLE", Watched(TABLE))
    return taken


def test_every_walk_ends_once_and_releases_everything(
    rows_taken: set[tuple[State, Input]],
) -> None:
    for seed in range(WALKS):
        options = Random(seed)
        request = CallRequest(
            call=f"c{seed}",
            customer="+12125550100",
            caller="+12125550140",
            representative=options.choice(("+12125550143", "")),
        )
        policy = Policy(
            ring_limit_us=30 * SECOND_US,
            announcement="Hold for ABC.",
            name_mark=options.choice(("ABC", "")),
            whisper="ABC.",
            apology="Sorry.",
            dial_first=options.choice(("customer", "agent")),
            detect_machine=options.choice((True, False)),
            hunt=options.random() < 0.8,
            busy_notice=options.choice(("All are busy.", "")),
            consent=options.choice(("none", "none", "none", "key", "key_or_speech", "code")),
            question_again=options.choice(("", "That is not it.")),
            hold_limit_us=options.choice((0, 0, 0, 60)) * SECOND_US,
            question_tries=options.choice((1, 2, 3, 99)),
            announcement_limit_us=options.choice((0, 0, 3, 45, 600)) * SECOND_US,
            talk_limit_us=options.choice((0, 600)) * SECOND_US,
        )
        walk = Walk(seed, CustomerFirst(request, policy))
        if options.random() > 0.02:
            walk.call.start(0)
            walk.take()
        steps = 0
        while walk.call.final is None:
            walk.step()
            steps += 1
            assert steps < STEPS_LIMIT, f"seed {seed}: still {walk.call.state}"
        assert walk.call.final in FINAL_STATES
        assert walk.call.next_timer() is None
        assert walk.agent_dialled <= (3 if policy.hunt else 1)
        if policy.dial_first == "customer" or policy.consent != "none":
            assert not walk.agent_dialled_early
        assert walk.asked <= 3
        for _ in range(10):
            walk.step()
    assert rows_taken == set(TABLE), "a row that no walk took proves nothing"
