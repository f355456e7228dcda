"""Ordinary calls over one trunk group of the real network: a loss system that theory knows.

Telephones of SSP 62 dial telephones of SSP 64 over a group of so many circuits, with no other way
round: a full-availability group of which only one end seizes. A circuit is held from the IAM until
RLC, so ringing and signalling are part of the holding time; what they add to the conversation is
measured beforehand by one call, and conversations are made shorter by it.

Two kinds of callers: `poisson_loss` has as many as are needed, calls come as a Poisson process;
`finite_loss` has so many sources, of which each calls again an exponential time after its last
call ended or was lost. What happened is read from the telephones' diary, and how many circuits are
taken from the switch, at every event.
"""

import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import msgspec

from calleq.causes import Q850
from calleq.telephones.diary import DiaryEntry, Event
from calleq.topology import Line, Topology, load_topology
from calleq.units import SECOND_US
from simulator.people import Conversations, Holding
from simulator.traffic import poisson_instants
from simulator.virtual import VirtualNetwork
from simulator.world import without_services

CALLER_PREFIX, CALLED_PREFIX = "+1212556", "+1212558"
GROUP = "62-64"
MEAN_HOLDING_US = 180 * SECOND_US
WARM_UP = 10
"""Mean holding times that pass before anything is counted: the network begins empty."""
PROBE_TALK_US = 60 * SECOND_US
SPARE_TELEPHONES = 40
"""More than can be hanging up at once, beyond those that talk."""


@dataclass(frozen=True, slots=True)
class Losses:
    """What was counted after the warm-up."""

    offered: int
    lost: int
    full_us: int
    """Time with every circuit taken."""
    busy_us: int
    """Circuits taken, integrated over the time."""
    length_us: int

    @property
    def call_congestion(self) -> float:
        """The share of calls lost."""
        return self.lost / self.offered

    @property
    def time_congestion(self) -> float:
        """The share of time with every circuit taken."""
        return self.full_us / self.length_us

    @property
    def carried_erlangs(self) -> float:
        """Circuits taken, in the mean."""
        return self.busy_us / self.length_us


def loss_world(circuits: int, callers: int) -> Topology:
    """A network in which the group is the only way from SSP 62 to SSP 64."""
    base = without_services(load_topology())
    prefixes = {"ssp-62": (CALLER_PREFIX,), "ssp-64": (CALLED_PREFIX,)}
    lines = [Line(number=f"{CALLER_PREFIX}{place:04d}") for place in range(callers)]
    called = circuits + SPARE_TELEPHONES
    lines += [Line(number=f"{CALLED_PREFIX}{place:04d}") for place in range(called)]
    modem = next(line for line in base.lines if line.number == base.isp_number)
    return msgspec.structs.replace(
        base,
        name=f"{circuits} circuits",
        switches=tuple(
            msgspec.structs.replace(
                switch,
                prefixes=prefixes.get(
                    switch.name, (base.isp_number,) if switch.name == "ssp-66" else ()
                ),
            )
            for switch in base.switches
        ),
        trunks=tuple(
            msgspec.structs.replace(trunk, circuits=circuits) if trunk.name == GROUP else trunk
            for trunk in base.trunks
            if trunk.name in (GROUP, "76-62")
        ),
        lines=(*lines, modem),
        premises=(),
        businesses=(),
    )


class _Group:
    """The network, who may dial and who may be dialled, and what became of the calls."""

    def __init__(self, circuits: int, callers: int, seed: int, holding: Holding) -> None:
        topology = loss_world(circuits, callers)
        self.called = deque(
            line.number for line in topology.lines if line.number.startswith(CALLED_PREFIX)
        )
        self.callers = deque(
            line.number for line in topology.lines if line.number.startswith(CALLER_PREFIX)
        )
        people = Conversations(
            seed,
            holding,
            frozenset(self.called),
            now_us=lambda: self.network.clock.monotonic_us(),
            callees_end=0.0,
        )
        self.circuits = circuits
        self.lost: list[int] = []
        """When each lost call was dialled."""
        self._dialled: dict[str, tuple[int, str]] = {}
        self.network: VirtualNetwork = VirtualNetwork(
            topology,
            seed=seed,
            manners=people,
            journal_sink=lambda stamped: None,
            diary_sink=self._lived,
        )
        self.clock = self.network.clock
        self._exchange = self.network.network.exchanges["ssp-62"]
        self._telephones = self.network.network.telephones
        self.on_free: Callable[[str], object] = self.callers.append
        self.full_us = self.busy_us = 0

    def dial(self, caller: str) -> None:
        """A caller dials somebody who is free."""
        called = self.called.popleft()
        self._dialled[caller] = (self.clock.monotonic_us(), called)
        assert self._telephones is not None, "the network has telephones"
        self._telephones.dial(caller, called)

    def _lived(self, entry: DiaryEntry) -> None:
        number = entry.number
        if (
            entry.event is Event.RELEASED
            and number in self._dialled
            and entry.cause == Q850.NO_CIRCUIT
        ):
            self.lost.append(self._dialled[number][0])
            self.clock.call_later_us(0, self._hang_up, number)
        elif entry.event is Event.HANGS_UP and number in self._dialled:
            _, called = self._dialled.pop(number)
            self.clock.call_later_us(SECOND_US, self.called.append, called)
            self.clock.call_later_us(SECOND_US // 10, self._freed, number)

    def _freed(self, caller: str) -> None:
        self.on_free(caller)

    def _hang_up(self, caller: str) -> None:
        """Nobody listens to the tone, so that a source is free again at once."""
        assert self._telephones is not None, "the network has telephones"
        self._telephones.telephone(caller).hang_up()

    def taken(self) -> int:
        """Circuits in use now."""
        return self.circuits - self._exchange.idle(GROUP)

    def run(self, until_us: int, count: bool) -> None:
        """Let time pass; with `count` integrate the circuits taken over it."""
        clock = self.clock
        while (due_us := clock.next_due_us()) is not None and due_us <= until_us:
            self._pass(clock.run_next, count)
        self._pass(lambda: clock.advance_us(until_us - clock.monotonic_us()), count)

    def _pass(self, step: Callable[[], object], count: bool) -> None:
        """Let time pass to what happens next; what is taken meanwhile is what was taken before."""
        taken, before_us = self.taken(), self.clock.monotonic_us()
        step()
        if not count:
            return
        length_us = self.clock.monotonic_us() - before_us
        self.busy_us += taken * length_us
        self.full_us += length_us if taken == self.circuits else 0


def signalling_us() -> int:
    """How much longer a circuit is held than its conversation lasts: ringing and signalling."""
    group = _Group(1, 1, 1, Holding("constant", PROBE_TALK_US))
    group.dial(group.callers[0])
    group.run(group.clock.monotonic_us() + 2 * PROBE_TALK_US, count=True)
    return group.busy_us - PROBE_TALK_US


def _talk(kind: str) -> Holding:
    return Holding(kind, MEAN_HOLDING_US - signalling_us())


def poisson_loss(circuits: int, erlangs: float, calls: int, seed: int, kind: str) -> Losses:
    """About `calls` calls of a Poisson process of so many erlangs, after the warm-up."""
    group = _Group(circuits, circuits + SPARE_TELEPHONES, seed, _talk(kind))
    rate = erlangs * SECOND_US / MEAN_HOLDING_US
    start_us = group.clock.monotonic_us()
    instants = poisson_instants(random.Random(f"loss {seed}"), rate)
    counted: list[int] = []

    def arrive() -> None:
        counted.append(group.clock.monotonic_us())
        group.dial(group.callers.popleft())
        expect()

    def expect() -> None:
        at_us = start_us + next(instants)
        group.clock.call_later_us(at_us - group.clock.monotonic_us(), arrive)

    expect()
    return _count(group, counted, start_us, round(calls / rate * SECOND_US))


def finite_loss(
    circuits: int, sources: int, idle_source_erlangs: float, calls: int, seed: int
) -> Losses:
    """About `calls` calls of so many sources, after the warm-up."""
    group = _Group(circuits, sources, seed, _talk("exponential"))
    draw = random.Random(f"sources {seed}")
    think_us = MEAN_HOLDING_US / idle_source_erlangs
    counted: list[int] = []

    def call(caller: str) -> None:
        counted.append(group.clock.monotonic_us())
        group.dial(caller)

    def think(caller: str) -> None:
        group.clock.call_later_us(round(draw.expovariate(1.0) * think_us), call, caller)

    group.on_free = think
    for caller in group.callers:
        think(caller)
    start_us = group.clock.monotonic_us()
    per_source = 1 + idle_source_erlangs
    length_us = round(calls * MEAN_HOLDING_US * per_source / (sources * idle_source_erlangs))
    return _count(group, counted, start_us, length_us)


def _count(group: _Group, calls: list[int], start_us: int, length_us: int) -> Losses:
    """Run the warm-up and the rest, and count what was dialled after the warm-up."""
    warm_us = start_us + WARM_UP * MEAN_HOLDING_US
    end_us = warm_us + length_us
    group.run(warm_us, count=False)
    group.run(end_us, count=True)
    offered = sum(at_us > warm_us for at_us in calls)
    lost = sum(at_us > warm_us for at_us in group.lost)
    return Losses(offered, lost, group.full_us, group.busy_us, length_us)
