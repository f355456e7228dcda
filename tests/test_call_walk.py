"""Whatever the equipment says and in whatever order: one end, no early ringing, no leg left."""

from typing import Literal

from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.call import driver
from calleq.call.customer_first import CallRequest, CustomerFirst, Policy
from calleq.call.driver import FINAL_STATES, Command, Leg, Result
from calleq.osn.messages import EVENTS
from calleq.units import MINUTE_US, SECOND_US

LEGS: tuple[Leg, ...] = ("customer", "agent")
DialFirst = Literal["customer", "agent"]


class Legs:
    """What equipment that keeps its side of the contract has on its circuits."""

    def __init__(self) -> None:
        self.live: set[Leg] = set()
        self.answered: set[Leg] = set()
        self.customer_ever_answered = False
        self.releasing: dict[Leg, int] = {}
        self.agent_dialled_before_customer_answered = False

    def command(self, command: Command) -> None:
        match command:
            case driver.SetUpLeg():
                assert command.leg not in self.live, "dialled twice at a time"
                if command.leg == "agent" and not self.customer_ever_answered:
                    self.agent_dialled_before_customer_answered = True
                self.live.add(command.leg)
            case driver.ReleaseLeg():
                assert command.leg in self.live, "released what was not there"
                self.releasing[command.leg] = command.command
            case driver.Play():
                assert command.leg in self.answered, "spoke to nobody"
                assert (command.prompt == "whisper") == (command.leg == "agent")
            case driver.Join():
                assert self.answered == {"customer", "agent"}

    def gone(self, leg: Leg) -> None:
        self.live.discard(leg)
        self.answered.discard(leg)
        self.releasing.pop(leg, None)


def possible(legs: Legs, commands: list[Command]) -> list[Result]:
    """Every result that could come next, the late and the crossing ones included."""
    results: list[Result] = []
    for command in commands:
        number = command.command
        match command:
            case driver.Reserve():
                results += [driver.Reserved(number), driver.ReserveFailed(number, 34)]
            case driver.FindRepresentative():
                results += [
                    driver.RepresentativeFound(number, "+12125550144"),
                    driver.RepresentativeFound(number, None),
                ]
            case driver.SetUpLeg(leg=leg):
                if leg in legs.live and leg not in legs.answered:
                    results += [
                        driver.Ringing(number, leg),
                        driver.Answered(number, leg),
                        driver.Failed(number, leg, 17),
                        driver.Failed(number, leg, 1),
                    ]
            case driver.Detect():
                results += [
                    driver.Detected(number, "customer", "human"),
                    driver.Detected(number, "customer", "machine"),
                ]
            case driver.Play(leg=leg):
                results += [
                    driver.PlayMarked(number, leg),
                    driver.PlayEnded(number, leg, "complete"),
                    driver.PlayEnded(number, leg, "failed"),
                ]
            case driver.Join():
                results += [driver.Joined(number), driver.JoinFailed(number, 47)]
    for leg in LEGS:
        if leg in legs.answered and leg not in legs.releasing:
            results.append(driver.Released(0, leg, 16))
        if leg in legs.releasing:
            results.append(driver.Released(legs.releasing[leg], leg, 16))
    return results


def happens(legs: Legs, result: Result, commands: list[Command]) -> None:
    """The equipment's side of a result."""
    match result:
        case driver.Answered(leg=leg):
            newest = max(
                c.command for c in commands if isinstance(c, driver.SetUpLeg) and c.leg == leg
            )
            if result.command == newest:
                legs.answered.add(leg)
                if leg == "customer" and leg not in legs.releasing:
                    legs.customer_ever_answered = True
        case driver.Failed(leg=leg):
            newest = max(
                c.command for c in commands if isinstance(c, driver.SetUpLeg) and c.leg == leg
            )
            if result.command == newest and leg not in legs.releasing:
                legs.gone(leg)
        case driver.Released(leg=leg):
            legs.gone(leg)


@settings(max_examples=400, deadline=None)
@given(
    dial_first=st.sampled_from(["customer", "agent"]),
    detect_machine=st.booleans(),
    hunt=st.booleans(),
    named=st.booleans(),
    choices=st.lists(st.integers(0, 10_000), max_size=60),
)
def test_every_walk_ends_once_and_releases_everything(
    dial_first: DialFirst, detect_machine: bool, hunt: bool, named: bool, choices: list[int]
) -> None:
    call = CustomerFirst(
        CallRequest(
            call="c1",
            customer="+12125550100",
            caller="+12125550140",
            representative="+12125550143" if named else "",
        ),
        Policy(
            ring_limit_us=30 * SECOND_US,
            announcement="Hold for ABC.",
            name_mark="ABC",
            whisper="ABC.",
            apology="Sorry.",
            dial_first=dial_first,
            detect_machine=detect_machine,
            hunt=hunt,
        ),
    )
    legs = Legs()
    commands: list[Command] = []
    finals: list[str] = []
    now_us = 0

    def take() -> None:
        was_over = bool(finals)
        taken = call.take_commands()
        assert not (was_over and taken), "commanded after the end"
        for command in taken:
            legs.command(command)
        commands.extend(taken)
        for event in call.take_events():
            assert event.event in EVENTS
        if call.final is not None and not was_over:
            finals.append(call.final)
            assert not legs.live, "ended with a leg up"
        if finals:
            assert call.final == finals[0]

    def say(result: Result) -> None:
        happens(legs, result, commands)
        call.receive(result, now_us)
        take()

    call.start(now_us)
    take()
    for choice in choices:
        results = possible(legs, commands)
        chosen = choice % (len(results) + 2)
        due_us = call.next_timer()
        # The clock is let run only while no release is outstanding: equipment that never clears a
        # leg is another test's business.
        if chosen == len(results) and due_us is not None and not legs.releasing:
            now_us = due_us
            call.handle_timer(now_us)
            take()
        elif chosen == len(results) + 1 and choice % 7 == 0:
            call.cancel(now_us)
            take()
        elif chosen < len(results):
            say(results[chosen])
    for _ in range(40):
        if call.final is not None:
            break
        for leg in LEGS:
            if leg in legs.releasing:
                say(driver.Released(legs.releasing[leg], leg, 16))
        due_us = call.next_timer()
        if due_us is not None and not legs.releasing:
            assert due_us - now_us <= 4 * 60 * MINUTE_US
            now_us = due_us
            call.handle_timer(now_us)
            take()

    assert finals == [call.final]
    assert call.final in FINAL_STATES
    assert call.next_timer() is None
    agent_attempts = [c for c in commands if isinstance(c, driver.SetUpLeg) and c.leg == "agent"]
    assert len(agent_attempts) <= (3 if hunt else 1)
    if dial_first == "customer":
        assert not legs.agent_dialled_before_customer_answered
    for result in possible(legs, commands):
        say(result)
    call.cancel(now_us)
    take()
