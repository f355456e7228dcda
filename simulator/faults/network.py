"""A whole network in simulated time whose parts can fail: each element a process with its own disk.

`FragileNetwork` is to `VirtualNetwork` what `calleq run` is to `calleq up`: the same elements on
the same wires, but each with a life, a wall clock and a journal of its own. A process that is
killed is gone at once; its signalling links and lines break, as their connections would. Beginning
again builds its elements anew from what its disk kept. The telephones and the wires live outside
and never die.

A link is in service while nobody has a reason against it: a failed link stays failed when the node
at its end begins again.

It refuses (FaultError) what cannot be: an element, link or telephone that does not exist, killing
the dead, beginning the living.
"""

import random
from collections.abc import Callable, Mapping
from typing import Literal

from calleq.accounts.passwords import InlineVerifier
from calleq.door.replies import Reply
from calleq.journal.entries import Stamped
from calleq.lines.plants import InProcessLines
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.network import TELEPHONES, Network, build_network
from calleq.network_nodes import point_codes
from calleq.network_plant import Plant
from calleq.relay.tail import JournalTail
from calleq.runtime.clock import Clock, VirtualClock
from calleq.runtime.tap import NoTap, Tap
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.messages import GroupKind
from calleq.ss7.laying import in_process_link
from calleq.ss7.links import LinkEnd
from calleq.ss7.wire import Quality
from calleq.telephones.behaviours import TALK_US, Manners
from calleq.telephones.diary import Diary
from calleq.telephones.house import TelephoneError, Telephones
from calleq.topology import SignallingLink, Topology, element_names, home_switch
from calleq.units import SECOND_US
from simulator.faults.bus import TroubledBus
from simulator.faults.disk import DiskJournal
from simulator.faults.life import (
    Life,
    MortalBus,
    MortalClock,
    MortalLines,
    MortalLinkEnd,
    MortalVoice,
    Process,
)
from simulator.faults.outages import BY_OPERATOR, ISOLATED, FaultError, Outages
from simulator.faults.reach import Reach
from simulator.faults.signalling import SignallingTroubles, TroubledNetwork, TroubledTransfer
from simulator.virtual import SETTLE_US, START_US

Machines = Literal["one", "each"]
MACHINE_US = 100_000 * SECOND_US
"""How much longer than the one before it each machine has run."""
PAGE_KEY = bytes(range(32))
"""Of processes that have a carrier's key in common."""


def _unblock(exchange: IsupExchange, group: str) -> None:
    for kind in GroupKind:
        exchange.unblock(group, None, kind)


class FragileNetwork:
    """A network in simulated time, with everything that can be done to it."""

    def __init__(
        self,
        topology: Topology,
        *,
        seed: int = 0,
        tap: Tap | None = None,
        talk_us: int = TALK_US,
        settle_us: int = SETTLE_US,
        diary: Callable[[Clock], Diary] = Diary,
        machines: Machines = "one",
        manners: Manners | None = None,
        start_us: int = START_US,
        played: frozenset[str] = frozenset(),
        relayed: bool = False,
    ) -> None:
        """`settle_us` pass before it is handed over, so that dial-up computers are on-line.

        `machines`: whether all processes run on one machine, or each on its own, whose monotonic
        clock counts from another instant. `played` are elements of which there is the signalling
        alone: somebody else is in their place. `relayed`: doors of elements ask the authority in
        the access server's process, which counts calls and charges them.
        """
        self._played = played
        self._relayed = relayed
        self.topology = topology
        self.equipment = topology.access_server.equipment or self.peripheral
        """The name of what makes the calls: an SCP, or the peripheral."""
        self.clock = VirtualClock(start_us)
        self.tap = tap or NoTap()
        self.diary = diary(self.clock)
        self.voice = VirtualVoice(self.clock, NominalPrompts())
        self.bus = TroubledBus(self.clock, topology.timing.osn_delay_us, self.tap)
        self.lines = InProcessLines(self.clock, topology.timing.line_delay_us, self.tap)
        self.signalling = SignallingTroubles(seed)
        self.deaths: list[tuple[str, int]] = []
        """Which process died when, in monotonic microseconds."""
        self.steps: list[tuple[int, int]] = []
        """When every wall clock stepped, in monotonic microseconds, and how far."""
        self.reach = Reach()
        self._draw = random.Random(f"references {seed}")
        self._talk_us = talk_us
        self._manners = manners
        self._machines = machines
        self._outages = Outages(
            {
                link.name: in_process_link(link, self.clock, self.tap, seed)
                for link in topology.links
            }
        )
        for link in topology.links:
            if link.is_foreign:
                self._outages.against(link.name, "nobody is there")
        self.processes = {name: Process(name) for name in element_names(topology)}
        for name in self.processes:
            self._build(name)
        for process in self.processes.values():
            assert process.network is not None
            process.network.start()
        self.clock.advance_us(settle_us)

    # Looking at it.

    @property
    def telephones(self) -> Telephones:
        """Every telephone; they never die."""
        network = self.processes[TELEPHONES].network
        assert network is not None and network.telephones is not None  # noqa: PT018
        return network.telephones

    @property
    def server(self) -> str:
        """The name of the access server."""
        return self.topology.access_server.name

    @property
    def peripheral(self) -> str:
        """The name of the (first) intelligent peripheral."""
        return self.topology.peripherals[0].name

    @property
    def links(self) -> tuple[str, ...]:
        """Names of the signalling links."""
        return tuple(self._outages.links)

    def running(self, name: str) -> Network | None:
        """What runs of an element now; None while it is dead. Raises FaultError."""
        return self._process(name).network

    def is_link_failed(self, name: str) -> bool:
        """Whether a link is out of service for whatever reason."""
        return bool(self._outages.reasons(name))

    def entries(self) -> list[Stamped]:
        """What all disks hold."""
        return [stamped for process in self.processes.values() for stamped in process.disk.entries]

    @property
    def exchanges(self) -> tuple[str, ...]:
        """The names of the nodes with circuits."""
        topology = self.topology
        switches = (switch.name for switch in topology.switches)
        return *switches, *(peripheral.name for peripheral in topology.peripherals)

    def point_codes(self) -> dict[str, int]:
        """The point code of every node by its name."""
        return point_codes(self.topology)

    # Using it.

    def submit(
        self, body: bytes, answered: Callable[[Reply], object], key: str | None = None
    ) -> bool:
        """Post a message from loopback; False when there is no access server to take it."""
        network = self.processes[self.server].network
        if network is None:
            return False
        assert network.server is not None
        headers = {"content-type": "application/json"}
        if key is not None:
            headers["idempotency-key"] = key
        network.server.submit(body, headers, "127.0.0.1", answered)
        return True

    # Hurting it.

    def kill(self, name: str, keep: int = 0) -> None:
        """End a process at once; `keep` of what it had not made durable is on its disk anyway.

        Raises FaultError for one that is dead, or the telephones.
        """
        process = self._process(name)
        if name == TELEPHONES:
            raise FaultError("the telephones are no part of the network and do not die")
        if process.network is None or process.journal is None or process.voice is None:
            raise FaultError(f"{name} is dead already")
        process.life.alive = False
        process.deaths += 1
        self.deaths.append((name, self.clock.monotonic_us()))
        process.journal.abandon(keep)
        process.voice.end()
        switches = tuple(process.network.switches)
        process.network = process.journal = process.voice = None
        self.bus.detach(name)
        for attached in process.attached:
            self.bus.detach(attached)
        self._isolate(name, name)
        for switch in switches:
            self.telephones.lines_lost(switch)

    def begin(self, name: str) -> None:
        """Begin a dead process again from what its disk kept. Raises FaultError."""
        process = self._process(name)
        if process.network is not None:
            raise FaultError(f"{name} runs already")
        network = self._build(name)
        self._reconnect(name, name)
        network.start(process.disk.entries)

    def restart(self, name: str, down_us: int, keep: int = 0) -> None:
        """Kill a process and begin it again `down_us` later. Raises FaultError."""
        self.kill(name, keep)
        self.clock.call_later_us(down_us, self._begin_if_dead, name)

    def fail_link(self, name: str) -> None:
        """Take a signalling link (`ssp-62/stp-68`) out of service. Raises FaultError."""
        self._outages.against(name, BY_OPERATOR)

    def restore_link(self, name: str) -> None:
        """Bring a failed link back, unless a node at its end is away. Raises FaultError."""
        self._outages.no_longer_against(name, BY_OPERATOR)

    def delay_us(self, name: str) -> int:
        """How long a frame takes over a link as the topology has it. Raises FaultError."""
        self._outages.reasons(name)
        return next(link.delay_us for link in self.topology.links if link.name == name)

    def spoil_link(self, name: str, quality: Quality | None) -> None:
        """Make a link's wire like this, None: as it was. Raises FaultError."""
        self._outages.spoil(name, quality)

    def isolate(self, node: str) -> None:
        """Fail every signalling link of a node that goes on running. Raises FaultError."""
        self._isolate(node, ISOLATED + node)

    def reconnect(self, node: str) -> None:
        """Undo `isolate`. Raises FaultError."""
        self._reconnect(node, ISOLATED + node)

    def lose_voice(self) -> None:
        """The voice process is lost and found again: whatever plays has failed."""
        for process in self.processes.values():
            if process.voice is not None and process.name != TELEPHONES:
                process.voice.fail_players()

    def lose_calls(self) -> None:
        """The peripheral loses what it makes its calls with; does nothing while it is dead."""
        network = self.processes[self.peripheral].network
        if network is not None:
            network.peripherals[self.peripheral].lose_all()

    def reset_circuits(self, name: str) -> bool:
        """An exchange resets every circuit it has; False while it is dead. Raises FaultError."""
        return self._order(name, lambda exchange, group: exchange.reset(group))

    def block_circuits(self, name: str, kind: GroupKind) -> bool:
        """An exchange blocks every circuit it has; False while it is dead. Raises FaultError."""
        return self._order(name, lambda exchange, group: exchange.block(group, None, kind))

    def step_clock(self, step_us: int, element: str = "") -> None:
        """Step the wall clock of one element's machine, or of all. Raises FaultError."""
        if element:
            self._process(element).offset_us += step_us
        else:
            self.steps.append((self.clock.monotonic_us(), step_us))
            self.clock.step_wall_us(step_us)

    def cover(self, number: str, *, covered: bool) -> None:
        """Bring a mobile telephone into, or out of, reach of its antenna. Raises FaultError."""
        switch = home_switch(self.topology, number)
        antennas = {one.name: one.antenna for one in self.topology.switches}
        for process in self.processes.values():
            if process.network is not None and process.network.telephones is not None:
                antenna = antennas.get(switch or "", "")
                try:
                    process.network.telephones.move(number, antenna if covered else "")
                except TelephoneError as error:
                    raise FaultError(str(error)) from error
                self.reach.moved(number, self.clock.monotonic_us(), covered=covered)
                return
        raise FaultError("the telephones are not running")

    def set_disk(self, name: str, state: str) -> None:
        """What an element's disk is from now on. Raises FaultError."""
        disk = self._process(name).disk
        match state:
            case "ok" | "slow" | "full" | "error":
                disk.state = state
            case _:
                raise FaultError(f"a disk is ok, slow, full or error, not {state!r}")

    def mend(self) -> None:
        """End every fault: links, disks, messages; whoever is dead begins again."""
        self.bus.heal()
        self.signalling.heal()
        for process in self.processes.values():
            process.disk.state = "ok"
        for process in self.processes.values():
            if process.network is None:
                self.begin(process.name)
        self._outages.mend()
        for name in self.exchanges:
            self._order(name, _unblock)

    def forget(self) -> None:
        """Drop what disks and diary hold; for a network at rest, so that a run may be long."""
        for process in self.processes.values():
            process.disk.forget()
        self.diary.clear()
        self.deaths.clear()
        self.steps.clear()
        self.reach.forget()

    # Inside.

    def _order(self, name: str, order: Callable[[IsupExchange, str], object]) -> bool:
        running = self._process(name).network
        if running is None:
            return False
        exchange = running.exchanges[name]
        for group in exchange.groups:
            order(exchange, group)
        return True

    def _process(self, name: str) -> Process:
        process = self.processes.get(name)
        if process is None:
            known = ", ".join(self.processes)
            raise FaultError(f"{name!r} is no element: {known} expected")
        return process

    def _build(self, name: str) -> Network:
        process = self._process(name)
        life = process.life = Life()
        origin_us = MACHINE_US * list(self.processes).index(name)
        clock = MortalClock(
            self.clock,
            life,
            lambda: process.offset_us,
            0 if self._machines == "one" or name == TELEPHONES else origin_us,
        )
        process.voice = MortalVoice(self.voice, life)
        process.journal = DiskJournal(clock, process.disk, lambda why: self._disk_failed(process))
        process.begun += 1

        def link_ends(link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
            wire = self._outages.links[link.name]
            return {end: MortalLinkEnd(wire.end(end), life) for end in link.ends if end in chosen}

        bus, journal, disk = MortalBus(self.bus, life), process.journal, process.disk
        process.attached = bus.attached if self._relayed else []
        plant = Plant(
            limited=self._relayed,
            clock=clock,
            journal=journal,
            bus=bus,
            life=self._life_of(process) if self._relayed else 0,
            page_key=PAGE_KEY if self._relayed else b"",
            observe=journal.observe if self._relayed else None,
            tail=JournalTail(lambda: journal.pending),
            past=lambda since_us, found: found(
                [stamped for stamped in disk.entries if stamped.at_us >= since_us]
            ),
            lines=MortalLines(self.lines, life),
            voice=process.voice,
            tap=self.tap,
            link_ends=link_ends,
            verifier=InlineVerifier(),
            random_bits=self._draw.getrandbits,
            secret=self._draw.randbytes(32),
            diary=self.diary,
            talk_us=self._talk_us,
            manners=self._manners,
            between=lambda node, transfer: TroubledTransfer(node, transfer, self.signalling, clock),
            below_sccp=lambda node, below: TroubledNetwork(node, below, self.signalling, clock),
        )
        process.network = build_network(
            self.topology, plant, frozenset((name,)), process.disk.entries, self._played
        )
        return process.network

    def _life_of(self, process: Process) -> int:
        """Another number for each life of each process."""
        return 1 + process.begun * len(self.processes) + list(self.processes).index(process.name)

    def _disk_failed(self, process: Process) -> None:
        """A process whose disk failed ends; what a failed write left there nobody can say."""
        assert process.journal is not None
        keep = self._draw.randint(0, process.journal.pending)
        self.kill(process.name, keep if process.disk.state == "error" else 0)

    def _begin_if_dead(self, name: str) -> None:
        if self.processes[name].network is None:
            self.begin(name)

    def _isolate(self, node: str, reason: str) -> None:
        self._process(node)
        for name in self._outages.at(node):
            self._outages.against(name, reason)

    def _reconnect(self, node: str, reason: str) -> None:
        self._process(node)
        for name in self._outages.at(node):
            self._outages.no_longer_against(name, reason)
