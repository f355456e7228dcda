"""The bench: a switch of calleq with its telephones, on the virtual clock, between two testers.

`sp-a` is a `SwitchService` with its `IsupExchange` and its level 3, wired as `calleq up` wires it;
`sp-b` and `sp-c` are the tester's. Between them run signalling links with octets, and voice
circuits. What crosses a link or a line is captured, for the ladder and for other people's tools.
"""

from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

import msgspec

from calleq.accounts.passwords import InlineVerifier
from calleq.journal.memory import MemoryJournal
from calleq.lines.plants import InProcessLines
from calleq.media.contract import Player as Report
from calleq.media.contract import Prompt, circuit_wire, player_source, wire_source
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.network import build_network
from calleq.network_nodes import point_codes
from calleq.network_plant import Plant
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7.links import InProcessLink, LinkEnd
from calleq.ss7.mtp3 import SERVICE_ISUP
from calleq.ss7.node import Mtp3Node
from calleq.ssp.switch import SwitchService
from calleq.telephones.diary import Diary
from calleq.topology import SignallingLink, Topology, load_topology
from calleq.trace.capture import Captured, MemoryCapture
from calleq.trace.decoding import reading
from calleq.trace.ladder import DECODERS, Ladder, Row
from calleq.units import SECOND_US
from simulator.conformance.isup.handset import SPEECH, Handset
from simulator.conformance.isup.mutants import MeddledEnd
from simulator.conformance.isup.operator import Operator
from simulator.conformance.isup.tester import Tester
from simulator.conformance.mutants import Mutant
from simulator.conformance.steps import Route
from simulator.virtual import COMMIT_US, START_US

SERVICE_MASK = 15
SWITCH = "sp-a"
SETTLE_US = 10 * SECOND_US
"""By then the links have passed their tests and carry traffic."""
MOUTH = "tester"
"""The player of a tester; it is heard as mouth:tester."""
TESTERS = ("b", "c")
NETWORK = Path(str(files("simulator") / "conformance" / "isup" / "network.toml"))
TOPOLOGY = load_topology(NETWORK)
CODES = point_codes(TOPOLOGY)


class Bench:
    """One switch under test."""

    element: str = SWITCH
    """What is under test."""
    tester_names: tuple[str, ...] = TESTERS
    meddled: type[MeddledEnd] = MeddledEnd
    """What a mutant's end of a link is."""
    shown: frozenset[int] = frozenset((SERVICE_ISUP,))
    """Services whose messages are captured for the ladder."""

    def __init__(
        self,
        mutant: Mutant | None = None,
        route: Route | None = None,
        topology: Topology = TOPOLOGY,
    ) -> None:
        """`mutant` alters the switch, `route` says how its trunk groups are."""
        self.codes = point_codes(topology)
        self.clock = VirtualClock(START_US)
        self.capture = MemoryCapture()
        self.voice = VirtualVoice(self.clock, NominalPrompts())
        self.diary = Diary(self.clock)
        self.links: dict[str, InProcessLink] = {}
        self._mutant = mutant
        lines = InProcessLines(self.clock, topology.timing.line_delay_us, self.capture)
        plant = Plant(
            limited=False,
            clock=self.clock,
            journal=MemoryJournal(self.clock, COMMIT_US),
            bus=InProcessBus(self.clock, topology.timing.osn_delay_us, self.capture),
            lines=lines,
            voice=self.voice,
            tap=self.capture,
            link_ends=self._link_ends,
            verifier=InlineVerifier(),
            random_bits=lambda bits: 0,
            secret=bytes(32),
            diary=self.diary,
        )
        self.network = build_network(
            _with_route(topology, route), plant, frozenset((self.element,))
        )
        self.exchange = self.network.exchanges[self.element]
        groups = {trunk.ends[1]: trunk.name for trunk in topology.trunks}
        self.operator = Operator(self.exchange, groups)
        self.testers = {name: self._tester(f"sp-{name}") for name in self.tester_names}
        self.handsets = {
            line.number: Handset(
                SWITCH,
                line.number,
                lines,
                self.voice,
                self.clock,
                self.diary,
                in_use=line.behaviour == "busy",
                rejects=line.behaviour == "rejects",
            )
            for line in topology.lines
            if self.element == SWITCH
        }
        self.begin()
        if mutant is not None:
            mutant.prepare(self)
        self.network.start()
        self.clock.advance_us(SETTLE_US)
        self._began_us = self.clock.now_us()

    @property
    def switch(self) -> SwitchService:
        """The switch under test."""
        return self.network.switches[self.element]

    def calls_left(self) -> int:
        """How many calls the element has."""
        return self.switch.calls_in_progress

    def begin(self) -> None:
        """Make what else the tester has, before anything starts."""

    def _link_ends(self, link: SignallingLink, chosen: frozenset[str]) -> Mapping[str, LinkEnd]:
        wire = InProcessLink(link.ends, self.clock, self.capture, link.delay_us)
        far = link.ends[1] if link.ends[0] == self.element else link.ends[0]
        self.links[far] = wire
        end: LinkEnd = wire.end(self.element)
        if self._mutant is not None:
            end = self.meddled(end, self._mutant, self.clock)
        return {self.element: end}

    def _tester(self, name: str) -> Tester:
        return Tester(name, self.far_node(name), self.codes[self.element], self.clock)

    def far_node(self, name: str) -> Mtp3Node:
        """Level 3 of a node of the tester's."""
        node = Mtp3Node(name, self.codes[name], self.clock)
        node.attach(self.links[name].end(name), self.codes[self.element])
        return node

    def wire(self, tester: Tester, cic: int) -> str:
        """The voice wire of a circuit."""
        return circuit_wire(self.codes[self.element], self.codes[tester.name], cic)

    def speak(self, tester: Tester, cic: int, what: str, keys: str = "") -> None:
        """Have a tester put speech or keys on a circuit, or what arrives on it, or nothing."""
        wire = self.wire(tester, cic)
        sources: tuple[str, ...] = ()
        if what in ("speech", "keys"):
            said = Prompt(kind="keys", text=keys) if what == "keys" else SPEECH
            mouth = f"{MOUTH}/{cic}" if what == "keys" else MOUTH
            self.voice.play(tester.name, mouth, said, Report())
            sources = (player_source(mouth),)
        elif what == "loop":
            sources = (wire_source(wire),)
        self.voice.feed(tester.name, wire, sources)

    def controls(self, tester: Tester, cic: int) -> bool:
        """Whether the switch has the say in a dual seizure of a circuit (Q.764 §2.9.1.3)."""
        return (cic % 2 == 0) == (self.codes[self.element] > self.codes[tester.name])

    def heard_at(self, tester: Tester, cic: int) -> frozenset[str]:
        """The voices that arrive at a tester on a circuit now."""
        heard: list[frozenset[str]] = []
        self.voice.hear(tester.name, self.wire(tester, cic), heard.append)
        return heard[0] if heard else frozenset()

    def captures(self) -> list[Captured]:
        """Everything that has crossed a link or a line since the case began, but link tests."""
        return [
            captured
            for captured in self.capture.captures()
            if captured.at_us >= self._began_us and self._is_shown(captured)
        ]

    def _is_shown(self, captured: Captured) -> bool:
        """Whether a unit is not level 3's own."""
        link = captured.segment is Segment.SIGNALLING_LINK
        return not link or captured.octets[0] & SERVICE_MASK in self.shown

    def ladder(self, title: str) -> Ladder:
        """The same, read."""
        return Ladder(title, tuple(self._row(captured) for captured in self.captures()))

    def _row(self, captured: Captured) -> Row:
        read = reading(captured, DECODERS, "", None)
        return Row(
            at_us=captured.at_us,
            offset_us=captured.at_us - self._began_us,
            segment=captured.segment,
            link=captured.link,
            sender=captured.sender,
            receiver=captured.receiver,
            name=read.name,
            fields=tuple(field for field in read.fields if field[0] != "label"),
            error=read.error,
            octets=captured.octets,
        )


def _with_route(topology: Topology, route: Route | None) -> Topology:
    """The network with its trunk groups as a case needs them."""
    if route is None:
        return topology
    trunks = (
        msgspec.structs.replace(
            trunk,
            check_every=int(route.continuity_check),
            delay_ms=route.delay_ms,
            satellite=route.satellite,
        )
        for trunk in topology.trunks
    )
    return msgspec.structs.replace(topology, trunks=tuple(trunks))
