"""The stage of one run: a network built as a scenario wants it, and its steps done in order.

Owns waiting and doing. A step that cannot be done (nobody to hang up, an element dead already) and
a `when` that does not come about end the steps with a `StageError`; what was expected of them is
then told as well. Nothing here judges the outcome: that is `checks`.
"""

import json
from functools import partial
from random import Random

import msgspec

from calleq.door.replies import Reply
from calleq.media.contract import line_wire
from calleq.media.virtual import Recording
from calleq.messages.answers import CallAccepted, CallView, ProblemView
from calleq.ss7.inap.errors import InapError
from calleq.ss7.tcap.contract import TcapError
from calleq.telephones.behaviours import ELEMENT
from calleq.telephones.habits import HABITS, Habit
from calleq.telephones.house import TelephoneError
from calleq.topology import Topology
from calleq.units import SECOND_US
from simulator.faults.invariants import left_over, rest_of
from simulator.faults.network import FragileNetwork
from simulator.faults.outages import FaultError
from simulator.scenarios import expectations, happenings, steps
from simulator.scenarios.controlling import carry_out, order_of
from simulator.scenarios.doing import StageError, do_to_element, do_to_network
from simulator.scenarios.happenings import CallHappening, Log, WatchedDiary, WatchingTap, first
from simulator.scenarios.model import Scenario
from simulator.scenarios.operations import Words
from simulator.scenarios.parts import SWEEP, Manner, us
from simulator.scenarios.played import PlayedError, PlayedNode
from simulator.scenarios.steps import AnyStep
from simulator.scenarios.wording import AnyEvent, Pattern, WordingError, parse_event

DOOR_ANSWERS_US = 5 * SECOND_US
"""A living door has answered by then."""
LOOK_US = 10 * SECOND_US
RESTED = 4
"""Looks in a row that find nothing going on: every release, tone and resend is over by then."""


PLAY_ERRORS = (
    FaultError,
    TelephoneError,
    StageError,
    PlayedError,
    WordingError,
    TcapError,
    InapError,
)
"""Why a step can fail."""


class Stage:
    """One run of a scenario."""

    def __init__(self, scenario: Scenario, topology: Topology, sweep_us: int | None = None) -> None:
        self.scenario = scenario
        self.sweep_us = sweep_us
        self.tap = WatchingTap()
        self.network = FragileNetwork(
            topology,
            seed=scenario.seed,
            tap=self.tap,
            talk_us=us(scenario.network.talk_s),
            settle_us=us(scenario.network.settle_s),
            diary=WatchedDiary,
            machines=scenario.network.machines,
            played=frozenset(scenario.network.played),
        )
        diary = self.network.diary
        assert isinstance(diary, WatchedDiary)
        self.log = self.tap.log = diary.log = Log(self.network.clock)
        self.calls: dict[str, str] = {}
        """References by name."""
        self.accepted: list[str] = []
        self.businesses: dict[str, str] = {}
        """The business of each accepted call."""
        self.problems: list[str] = []
        """What a door answered otherwise than a step said."""
        self.eyes = happenings.eyes_of(self.network.topology)
        self._telephones = {name: scenario.number_of(name) for name in scenario.telephones}
        self._elements = frozenset(self.network.processes)
        self._steps_calls = frozenset(
            step.call for step in scenario.steps if isinstance(step, steps.Post)
        )
        self._words = Words(self._telephones)
        self.played = self._play()
        self._draw = Random(f"stage {scenario.seed}")
        self._cursor = 0
        self.began_us = self.network.clock.monotonic_us()
        self.log.keeps_messages = self._asks_for_messages()
        self.recordings = self._record()
        self._behave_from_the_beginning()
        self.before = rest_of(self.network)

    # Running.

    def perform(self) -> None:
        """Do every step. Raises StageError."""
        for place, step in enumerate(self.scenario.steps):
            try:
                self._wait_for(step)
                self._do(step)
            except PLAY_ERRORS as error:
                kind = step.__struct_config__.tag
                raise StageError(f"step {place + 1} ({kind}): {error}") from error

    def come_to_rest(self) -> bool:
        """Let time pass until nothing of the scenario is left; False when that takes too long.

        Calls that were there before (computers on-line) go on and are no unrest.
        """
        clock = self.network.clock
        until_us = self.began_us + us(self.scenario.limit_s)
        rested = 0
        while rested < RESTED and clock.monotonic_us() < until_us:
            is_over = clock.run(LOOK_US)
            rested = RESTED if is_over else rested + 1 if self._is_quiet() else 0
        for recording in self.recordings.values():
            recording.stop()
        for node in self.played.values():
            self.problems += node.unexpected()
        return rested == RESTED

    def _is_quiet(self) -> bool:
        views = [self.view(call) for call in self.accepted]
        if not all(view is not None and view.final for view in views):
            return False
        return not left_over(self.before, rest_of(self.network))

    # What others ask.

    def event(self, text: str) -> AnyEvent:
        """The event of a text that was checked when the file was loaded."""
        return parse_event(text, self._telephones, self._steps_calls, self._elements)

    def place_of(self, text: str, start: int = 0) -> int | None:
        """Where in the log an event first happens, from `start` on."""
        return first(self.event(text), self.log.happenings, start, self.calls, self.eyes)

    def view(self, call: str) -> CallView | None:
        """A call by its reference as its business sees it; None when nobody knows it."""
        running = self.network.running(self.network.server)
        if running is None or running.server is None:
            return None
        return running.server.call(call, self.businesses[call])

    def number(self, telephone: str) -> str:
        """The number of a named telephone."""
        return self._telephones.get(telephone, telephone)

    @property
    def telephones(self) -> dict[str, str]:
        """Numbers by name."""
        return self._telephones

    # Inside.

    def _asks_for_messages(self) -> bool:
        texts = [step.when for step in self.scenario.steps]
        for expectation in self.scenario.expect:
            texts += [
                getattr(expectation, name, "")
                for name in ("earlier", "later", "event", "since", "until")
            ]
        return any(isinstance(self.event(text), Pattern) for text in texts if text)

    def _record(self) -> dict[str, Recording]:
        """Recordings of the ears that somebody wants to listen to."""
        numbers = {
            self.number(one.telephone)
            for one in self.scenario.expect
            if isinstance(one, expectations.Audio) and one.loud is not None
        }
        voice = self.network.voice
        return {number: voice.record(ELEMENT, line_wire(number)) for number in sorted(numbers)}

    def _play(self) -> dict[str, PlayedNode]:
        """The nodes that the scenario plays, by name."""
        network = self.network
        subsystem = network.topology.intelligent_network.subsystem
        codes = {name: code for code, name in self.eyes.names.items()}
        nodes = {}
        for name in self.scenario.network.played:
            running = network.running(name)
            assert running is not None, "nobody has died yet"
            nodes[name] = PlayedNode(name, running, network.clock, subsystem, codes)
        return nodes

    def _expect(self, step: steps.Expect) -> None:
        node, clock = self.played[step.at], self.network.clock
        until_us = clock.monotonic_us() + us(step.within_s)
        while not node.has(step):
            due_us = clock.next_due_us()
            if due_us is None or due_us > until_us:
                raise StageError(
                    f"{step.at} did not hear it within {step.within_s:g} s; in"
                    f" {step.dialogue!r} lies {node.lies(step)}"
                )
            clock.run_next()
        node.expect(step, self._words)

    def _behave_from_the_beginning(self) -> None:
        lines = {line.number: line for line in self.network.topology.lines}
        for spec in self.scenario.telephones.values():
            if not isinstance(spec, str):
                habit = _habit(HABITS[lines[spec.number].behaviour], spec)
                self.network.telephones.behave(spec.number, habit)

    def _wait_for(self, step: AnyStep) -> None:
        clock = self.network.clock
        if step.at_s is not None:
            clock.advance_us(max(0, self.began_us + us(step.at_s) - clock.monotonic_us()))
        elif step.when:
            self._wait_until(step.when, us(step.within_s))
        if step.after_s == SWEEP:
            assert self.sweep_us is not None
            clock.advance_us(self.sweep_us)
        elif isinstance(step.after_s, float | int) and step.after_s:
            clock.advance_us(us(step.after_s))

    def _wait_until(self, text: str, limit_us: int) -> None:
        """Until the event happens, or is found to have happened since the last one waited for."""
        event, clock, log = self.event(text), self.network.clock, self.log.happenings
        until_us = clock.monotonic_us() + limit_us
        looked = self._cursor
        while True:
            place = first(event, log, looked, self.calls, self.eyes)
            if place is not None:
                self._cursor = place + 1
                return
            looked = len(log)
            while len(log) == looked:
                due_us = clock.next_due_us()
                if due_us is None or due_us > until_us:
                    raise StageError(f"{text!r} did not happen within {limit_us / SECOND_US:g} s")
                clock.run_next()

    def _do(self, step: AnyStep) -> None:
        network = self.network
        match step:
            case steps.Post():
                self._post(step)
            case steps.Offer():
                self._offer(step)
            case steps.Dial():
                network.telephones.dial(self.number(step.telephone), self.number(step.to))
            case steps.HangUp():
                network.telephones.hang_up(self.number(step.telephone))
            case steps.Answer():
                network.telephones.pick_up(self.number(step.telephone))
            case steps.Behave():
                number = self.number(step.telephone)
                network.telephones.behave(number, _habit(HABITS["person"], step.how))
            case steps.Talk():
                network.telephones.set_talk_us(us(step.talk_s))
            case steps.Wait():
                pass
            case steps.Press():
                network.telephones.press(self.number(step.telephone), step.keys)
            case steps.Send():
                self.played[step.at].send(step, self._words)
            case steps.Expect():
                self._expect(step)
            case steps.Cancel():
                self._cancel(step)
            case steps.Control():
                self._control(step)
            case steps.Unsubscribe():
                network.topology = _without(network.topology, step.business)
            case (
                steps.FailLink()
                | steps.RestoreLink()
                | steps.SpoilLink()
                | steps.Isolate()
                | steps.Reconnect()
                | steps.Kill()
                | steps.Begin()
                | steps.Restart()
            ):
                do_to_element(network, step)
            case _:
                do_to_network(network, step, self.number, self._draw)

    def _post(self, step: steps.Post) -> None:
        body = msgspec.json.encode(self._message(step))
        answered: list[Reply] = []
        self.network.submit(body, partial(self._answered, step, answered), step.key or None)
        self.network.clock.call_later_us(DOOR_ANSWERS_US, self._look, step, answered)

    def _message(self, step: steps.Post) -> dict[str, object]:
        business = next(
            one for one in self.network.topology.businesses if one.identifier == step.business
        )
        message: dict[str, object] = {
            "business_id": step.business,
            "password": business.password if step.password is None else step.password,
            "customer_number": self.number(step.customer),
        }
        if step.representative:
            message["representative_number"] = self.number(step.representative)
        if step.only_representative:
            message["hunt"] = False
        if step.dial_first is not None:
            message["dial_first"] = step.dial_first
        message.update(step.fields)
        return {name: value for name, value in message.items() if value is not None}

    def _answered(self, step: steps.Post, answered: list[Reply], reply: Reply) -> None:
        answered.append(reply)
        if reply.status != step.status:
            self.problems.append(f"the door answered {reply.status}, {step.status} was expected")
        if isinstance(reply.view, ProblemView):
            if step.code and reply.view.code != step.code:
                self.problems.append(f"the door said {reply.view.code}, not {step.code}")
        else:
            self._accept(reply.view, step.call, step.business)

    def _accept(self, view: CallAccepted, name: str, business: str) -> None:
        if name:
            self.calls[name] = view.call
        if view.call not in self.businesses:
            self.accepted.append(view.call)
            self.businesses[view.call] = business
            self.log.add(CallHappening(view.call, "accepted"))

    def _look(self, step: steps.Post, answered: list[Reply]) -> None:
        if not answered and step.status:
            self.problems.append(f"the door did not answer, {step.status} was expected")
        if answered and not step.status:
            self.problems.append(f"the door answered {answered[0].status}, nothing was expected")

    def _offer(self, step: steps.Offer) -> None:
        topology = self.network.topology
        businesses = step.businesses or tuple(one.identifier for one in topology.businesses)
        customers = tuple(map(self.number, step.customers)) or _customers(topology)
        at_us = 0
        for _ in range(step.calls):
            at_us += us(self._draw.expovariate(step.per_second))
            business, customer = self._draw.choice(businesses), self._draw.choice(customers)
            self.network.clock.call_later_us(at_us, self._post_one, step, business, customer)

    def _post_one(self, step: steps.Offer, business: str, customer: str) -> None:
        post = steps.Post(call="", business=business, customer=customer)
        body = json.dumps(self._message(post)).encode()

        def answered(reply: Reply) -> None:
            if reply.status not in step.status:
                self.problems.append(f"the door answered {reply.status} to one of many messages")
            if isinstance(reply.view, CallAccepted):
                self._accept(reply.view, "", business)

        self.network.submit(body, answered)

    def _control(self, step: steps.Control) -> None:
        running, order = self.network.running(self.network.server), order_of(step, self.number)
        if running is None or running.server is None:
            raise StageError(f"{self.network.server} does not run")
        call = self.calls.get(step.call, "")
        carry_out(running.server, self.network.clock, call, order, step.refused)

    def _cancel(self, step: steps.Cancel) -> None:
        running = self.network.running(self.network.peripheral)
        call = self.calls.get(step.call, "")
        if running is None or not running.peripherals[self.network.peripheral].cancel(call):
            raise StageError(f"{step.call} is no call of {self.network.peripheral} now")


def _customers(topology: Topology) -> tuple[str, ...]:
    """Every telephone that is no representative's and no modem's."""
    others = {number for one in topology.businesses for number in one.representatives}
    others.add(topology.isp_number)
    return tuple(line.number for line in topology.lines if line.number not in others)


def _habit(habit: Habit, manner: Manner) -> Habit:
    """A habit with what a file says otherwise."""
    if manner.behaviour is not None:
        habit = HABITS[manner.behaviour]
    given = {
        "answers_after_us": manner.answers_after_s,
        "leaves_after_us": manner.hangs_up_after_s,
        "leaves_speech_after_us": manner.leaves_announcement_after_s,
        "puts_down_after_us": manner.puts_down_after_s,
        "takes_up_after_us": manner.takes_up_after_s,
    }
    changes = {name: us(after_s) for name, after_s in given.items() if after_s is not None}
    return msgspec.structs.replace(habit, **changes)


def _without(topology: Topology, business: str) -> Topology:
    left = tuple(one for one in topology.businesses if one.identifier != business)
    return msgspec.structs.replace(topology, businesses=left)
