"""The bench of a piece of calling equipment: figure 1 with the equipment in it, in simulated time.

The equipment stands on a trunk of 60 circuits to SSP 62 and is called `equipment-99`. What it does
shows at the telephones: who rings, who hears whom, who is let go. `BrokenError` says what was
otherwise.
"""

from collections.abc import Callable

from calleq.calling_logic.means import Access, Stage, Way
from calleq.equipment.contract import Factory
from calleq.equipment.service import EquipmentService
from calleq.media.contract import Played, Player, Prompt, Verdict
from calleq.ss7.isup.messages import Cause, Location, Message
from calleq.telephones.diary import DiaryCall
from calleq.telephones.house import Telephones
from calleq.topology import CallingEquipment, Topology, load_topology
from calleq.topology_equipment import attached, made_by
from calleq.units import SECOND_US
from simulator.virtual import VirtualNetwork
from simulator.world import without_services

NAME = "equipment-99"
CALLER = "+12125550140"
PROMPT = "Please hold the line for ABC Company."
MARK = "ABC Company"
LIMIT_US = 60 * SECOND_US
"""For everything that does not have to wait for a person."""


class BrokenError(Exception):
    """The equipment did otherwise than its contract says."""


class LeftOutError(Exception):
    """The equipment leaves something out that it may leave out."""


def bench_topology(driver: str) -> Topology:
    """Figure 1 without SCPs, with the equipment, which makes its calls."""
    equipment = CallingEquipment(
        name=NAME, kind="outside", point_code="2-99-1", switch="", driver=driver
    )
    return made_by(attached(without_services(load_topology()), equipment), NAME)


class Witness:
    """Writes down what a way tells; fulfils `WayUser`."""

    def __init__(self, now_us: Callable[[], int]) -> None:
        self._now_us = now_us
        self.told: list[str] = []
        self.times_us: list[int] = []
        self.cause = 0

    def circuit_alerting(self, circuit: Way) -> None:
        self._note("alerting")

    def circuit_progress(self, circuit: Way) -> None:
        """Nothing that anybody waits for."""

    def circuit_answered(self, circuit: Way) -> None:
        self._note("answered")

    def circuit_notice(self, circuit: Way, message: Message) -> None:
        """Nothing that anybody waits for."""

    def circuit_released(self, circuit: Way, cause: Cause) -> None:
        self.cause = cause.value
        self._note("released")

    def circuit_cleared(self, circuit: Way) -> None:
        self._note("cleared")

    def _note(self, what: str) -> None:
        self.told.append(what)
        self.times_us.append(self._now_us())


class Ear:
    """Writes down what becomes of a prompt."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.report = Player(self._ended, lambda: self.told.append("mark"))

    def _ended(self, outcome: Played) -> None:
        self.told.append(outcome)


class Bench:
    """One piece of equipment, and the verbs of a case."""

    def __init__(self, driver: str, factory: Factory) -> None:
        """`factory` makes what is under test; the topology names it `driver`."""
        self.network = VirtualNetwork(
            bench_topology(driver), talk_us=30 * SECOND_US, drivers={NAME: factory}
        )
        self.clock = self.network.clock
        self.service: EquipmentService = self.network.network.equipments[NAME]
        self.access: Access = self.service.driver.access
        self.stage: Stage = self.service.driver.stage
        self.wait_s(9)  # computers go on-line

    @property
    def telephones(self) -> Telephones:
        """Of every line."""
        assert self.network.network.telephones is not None
        return self.network.network.telephones

    # Time

    def wait_s(self, seconds: float) -> None:
        """Let time pass."""
        self.clock.advance_us(round(seconds * SECOND_US))

    def until(self, happens: Callable[[], bool], what: str, limit_us: int = LIMIT_US) -> None:
        """Let time pass until it happens; BrokenError when it does not within the limit."""
        end_us = self.clock.monotonic_us() + limit_us
        while not happens():
            if self.clock.monotonic_us() >= end_us or not self.clock.run_next():
                raise BrokenError(f"within {limit_us // SECOND_US} s there was no {what}")

    # Ways

    def reserve(self, call: str) -> bool:
        """Whether ways for both legs are kept; BrokenError unless that is answered once."""
        answers: list[bool] = []
        self.access.reserve(call, answers.append)
        self.until(lambda: bool(answers), f"answer to the reservation of {call}")
        self.wait_s(1)
        require(len(answers) == 1, f"the reservation of {call} was answered {len(answers)} times")
        return answers[0]

    def way(self, call: str) -> Way:
        """A way of a call that has one left."""
        way = self.access.seize(call)
        if way is None:
            raise BrokenError(f"{call} was promised two ways and gets none")
        return way

    def dial(self, way: Way, number: str, caller: str = CALLER) -> Witness:
        """Call somebody."""
        witness = Witness(self.clock.now_us)
        self.access.dial(way, number, caller, witness)
        return witness

    def talk(self, call: str, number: str) -> tuple[Way, Witness]:
        """Somebody who has answered, on a way of a call."""
        way = self.way(call)
        witness = self.dial(way, number)
        self.until(lambda: "answered" in witness.told, f"answer of {number}")
        return way, witness

    def release(self, way: Way, witness: Witness, cause: int = 16) -> None:
        """End a call from this side, and see it cleared once."""
        way.release(Cause(cause, Location.PUBLIC_LOCAL))
        self.until(lambda: "cleared" in witness.told, "end of a call that was released")
        self.settled(witness)

    def settled(self, witness: Witness) -> None:
        """After the end of a call nothing more is told of it; BrokenError where something is."""
        self.until(lambda: "cleared" in witness.told, "end of a call (circuit_cleared)")
        self.wait_s(40)
        require(witness.told.count("cleared") == 1, f"told in turn: {', '.join(witness.told)}")
        require(witness.told[-1] == "cleared", f"something was told after the end: {witness.told}")

    # Voices

    def play(self, way: Way, player: str, prompt: Prompt) -> Ear:
        """Play something to somebody."""
        ear = Ear()
        self.stage.play(way, player, prompt, ear.report)
        return ear

    def bridge(self, *ways: Way) -> None:
        """Have these hear each other; BrokenError unless the equipment says that they do."""
        told: list[bool] = []
        self.stage.bridge(ways, told.append)
        self.until(lambda: bool(told), "word whether the bridge was made", 5 * SECOND_US)
        self.wait_s(1)
        require(told == [True], f"told of the bridge: {told}")

    def judge(self, way: Way, limit_us: int) -> Verdict:
        """Who answered; BrokenError unless that is told once, soon after the limit at most."""
        told: list[Verdict] = []
        self.stage.detect(way, limit_us, told.append)
        self.until(lambda: bool(told), "verdict", limit_us + SECOND_US)
        self.wait_s(3)
        require(len(told) == 1, f"{len(told)} verdicts: {told}")
        return told[0]

    # What the telephones say.

    def hears(self, number: str, *voices: str) -> None:
        """BrokenError unless somebody hears exactly these."""
        heard = set(self.telephones.heard(number))
        require(heard == set(voices), f"{number} hears {sorted(heard)}, not {sorted(voices)}")

    def lived(self, number: str) -> list[DiaryCall]:
        """The calls that a telephone took part in as the called one."""
        return [one for one in self.network.diary.calls(number) if not one.is_outgoing]

    def rang(self, number: str, times: int = 1) -> None:
        """BrokenError unless a telephone has rung so often."""
        count = sum(one.rang for one in self.lived(number))
        require(count == times, f"{number} has rung {count} times, not {times}")

    def on_hook(self, number: str) -> None:
        """BrokenError unless a telephone is free."""
        state = self.telephones.telephone(number).state.value
        require(state == "OnHook", f"{number} is {state}")

    def at_rest(self) -> None:
        """BrokenError where a circuit of the equipment is not idle again."""
        for exchange in self.network.network.exchanges.values():
            for group in exchange.snapshot().groups:
                require(
                    NAME not in group.name or not group.busy,
                    f"{group.busy} circuits of {group.name} are not idle again",
                )


def require(fulfilled: bool, otherwise: str) -> None:
    """Raise BrokenError where it is not so."""
    if not fulfilled:
        raise BrokenError(otherwise)
