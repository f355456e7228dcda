"""The neighbours of a switch under test, each recording into one list, on one virtual clock.

`Town` has one real `SwitchService` and around it: a far exchange (ISUP primitives), telephones that
speak real Q.931 octets, a journal whose disk takes a while, a voice plane and an OSN that remember.
"""

from collections.abc import Callable

from calleq.journal.entries import CircuitKey, Entry, Stamped
from calleq.journal.frames import encode_entry
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineMessage,
    Release,
    ReleaseComplete,
    Setup,
)
from calleq.lines.q931 import decode, encode
from calleq.media.contract import Player, Prompt, Verdict, circuit_wire
from calleq.runtime.clock import VirtualClock
from calleq.ss7.isup.contract import Circuit, CircuitUser, NumberPlan
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, Message
from calleq.ssp import SwitchService
from calleq.topology import (
    AccessServer,
    Line,
    Peripheral,
    Switch,
    Topology,
    TrunkGroup,
    parse_point_code,
)
from calleq.units import MILLISECOND_US, SECOND_US

DISK_US = 2 * MILLISECOND_US
Log = list[tuple[str, str]]


def town_topology() -> Topology:
    """ssp-a under test; direct trunks to b and c, d only behind b and c, e behind nobody."""
    return Topology(
        name="town",
        access_server=AccessServer(
            name="server-72", numeral="72", equipment_address="x", switch="ssp-a"
        ),
        switches=(
            Switch(name="ssp-a", numeral="62", point_code="2-62-1", prefixes=("+1212555010",)),
            Switch(name="ssp-b", numeral="64", point_code="2-64-1", prefixes=("+1212555014",)),
            Switch(name="ssp-c", numeral="66", point_code="2-66-1", prefixes=("+12125550108",)),
            Switch(name="ssp-d", numeral="67", point_code="2-67-1", prefixes=("+1212555017",)),
            Switch(name="ssp-e", numeral="68", point_code="2-68-1", prefixes=("+1212555018",)),
        ),
        peripherals=(Peripheral(name="ip-76", numeral="76", point_code="2-76-1", switch="ssp-a"),),
        trunks=(
            TrunkGroup(name="ip-a", ends=("ip-76", "ssp-a"), circuits=4),
            TrunkGroup(name="a-b", ends=("ssp-a", "ssp-b"), circuits=2),
            TrunkGroup(name="a-c", ends=("ssp-a", "ssp-c"), circuits=2),
            TrunkGroup(name="b-c", ends=("ssp-b", "ssp-c"), circuits=2),
            TrunkGroup(name="b-d", ends=("ssp-b", "ssp-d"), circuits=2),
            TrunkGroup(name="c-d", ends=("ssp-c", "ssp-d"), circuits=2),
        ),
        lines=(
            Line(number="+12125550100", kind="dsl", online=True),
            Line(number="+12125550101"),
            Line(number="+12125550102", kind="dial_up"),
            Line(number="+12125550104", kind="isdn"),
            Line(number="+12125550107", congested=True),
            Line(number="+12125550108"),
            Line(number="+12125550143"),
        ),
    )


class FarCircuit:
    """A circuit of ssp-a; what the switch signals on it goes to the log as its ISUP message."""

    def __init__(self, town: "Town", key: CircuitKey, far: str, *, incoming: bool) -> None:
        self.town = town
        self.key = key
        self.far = far
        self.incoming = incoming
        self.name = f"{far}/{key.cic}"
        self.user: CircuitUser | None = None
        self.group = ""
        self.ended = False
        self.idle = False
        self.heard: Message | None = None
        self.checking = False

    @property
    def wire(self) -> str:
        return circuit_wire(self.key.origin, self.key.destination, self.key.cic)

    def alerting(self, heard: Message | None = None) -> None:
        self.town.note(self.name, "ACM")

    def progress(self, heard: Message | None = None) -> None:
        self.town.note(self.name, "ACM no indication")

    def answer(self, heard: Message | None = None) -> None:
        self.town.note(self.name, "ANM")

    def pass_on(self, message: Message) -> None:
        self.town.note(self.name, type(message).__name__.upper())

    def release(self, cause: Cause, heard: Message | None = None) -> None:
        if self.ended:
            return
        self.ended = True
        self.town.note(self.name, f"REL {cause.value} at {cause.location}")
        self.town.clock.call_later_us(1_000, self._cleared)

    def _cleared(self) -> None:
        if self.idle:
            return
        self.idle = True
        self.town.exchange.freed(self)
        if self.user is not None:
            self.user.circuit_cleared(self)

    # What the far exchange does.

    def rings(self) -> None:
        assert self.user is not None
        self.user.circuit_alerting(self)

    def answers(self) -> None:
        assert self.user is not None
        self.user.circuit_answered(self)

    def hangs_up(self, cause: int = 16, location: int = 4) -> None:
        """REL from afar; where it crosses the switch's own, that one has ended the call."""
        assert self.user is not None
        if not self.ended:
            self.ended = True
            self.user.circuit_released(self, Cause(cause, location))
        self._cleared()


class FarExchange:
    """`Exchange` whose far ends are moved by the test."""

    def __init__(self, town: "Town") -> None:
        self.town = town
        self.codes = {
            node.name: parse_point_code(node.point_code)
            for node in (
                *town.topology.switches,
                *town.topology.peripherals,
                *town.topology.foreign_nodes,
            )
        }
        self.free = {
            group.name: list(range(1, group.circuits + 1)) for group in town.topology.trunks
        }
        self.ends = {group.name: group.ends for group in town.topology.trunks}
        self.arrived: Callable[[Circuit, Iam], CircuitUser] | None = None
        self.outgoing: list[FarCircuit] = []
        self.iams: list[tuple[CalledNumber, CallingNumber | None]] = []

    def on_set_up(self, arrived: Callable[[Circuit, Iam], CircuitUser]) -> None:
        self.arrived = arrived

    def on_digits(self, plan: NumberPlan) -> None:
        self.plan = plan

    def is_resetting(self, group: str) -> bool:
        return False

    def idle(self, group: str) -> int:
        return len(self.free[group])

    def seize(self, group: str) -> Circuit | None:
        if not self.free[group]:
            return None
        return self._circuit(group, self.free[group].pop(0), incoming=False)

    def send_iam(
        self,
        circuit: Circuit,
        called: CalledNumber,
        calling: CallingNumber | None,
        user: CircuitUser,
    ) -> None:
        assert isinstance(circuit, FarCircuit)
        circuit.user = user
        self.outgoing.append(circuit)
        self.iams.append((called, calling))
        self.town.note(circuit.name, f"IAM {called.digits}")

    def forward(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        self.send_iam(circuit, iam.called, iam.calling, user)

    def give_back(self, circuit: Circuit) -> None:
        assert isinstance(circuit, FarCircuit)
        self.freed(circuit)

    def freed(self, circuit: FarCircuit) -> None:
        if not circuit.incoming:
            self.free[circuit.group].append(circuit.key.cic)

    def iam(self, group: str, cic: int, iam: Iam) -> FarCircuit:
        """The far exchange seizes a circuit towards ssp-a."""
        circuit = self._circuit(group, cic, incoming=True)
        assert self.arrived is not None
        circuit.user = self.arrived(circuit, iam)
        return circuit

    def _circuit(self, group: str, cic: int, *, incoming: bool) -> FarCircuit:
        one, other = self.ends[group]
        far = other if one == "ssp-a" else one
        ends = (far, "ssp-a") if incoming else ("ssp-a", far)
        key = CircuitKey(self.codes[ends[0]], self.codes[ends[1]], cic)
        circuit = FarCircuit(self.town, key, far, incoming=incoming)
        circuit.group = group
        return circuit


class Telephones:
    """`LinePlant`: keeps what each telephone got; a script may answer for a telephone."""

    def __init__(self, town: "Town") -> None:
        self.town = town
        self.receive: Callable[[str, bytes], None] | None = None
        self.got: dict[str, list[LineMessage]] = {}
        self.script: dict[str, Callable[[str, LineMessage], object]] = {}

    def serve(self, switch: str, receive: Callable[[str, bytes], None]) -> None:
        self.receive = receive

    def plug_in(self, switch: str, line: str, receive: Callable[[bytes], None]) -> None:
        raise AssertionError("no telephone of its own plugs in here")

    def to_telephone(self, switch: str, line: str, octets: bytes) -> None:
        message = decode(octets)
        self.got.setdefault(line, []).append(message)
        cause = f" {message.cause}" if hasattr(message, "cause") else ""
        self.town.note(line[-4:], type(message).__name__ + cause)
        if line in self.script:
            self.script[line](line, message)

    def to_switch(self, switch: str, line: str, octets: bytes) -> None:
        assert self.receive is not None
        self.receive(line, octets)

    def say(self, line: str, message: LineMessage) -> None:
        self.to_switch("ssp-a", line, encode(message))


class SlowDisk:
    """`Journal` that is durable `DISK_US` after the append."""

    def __init__(self, town: "Town") -> None:
        self.town = town
        self.entries: list[Entry] = []

    def append(
        self, entity: str, entry: Entry, durable: Callable[[], object] | None = None
    ) -> None:
        assert entity == "ssp-a"
        assert encode_entry(Stamped(entity, 1, 0, 0, entry)), "the real journal could write it"
        self.entries.append(entry)
        self.town.note("journal", type(entry).__name__)
        self.town.clock.call_later_us(DISK_US, self._durable, entry, durable)

    def _durable(self, entry: Entry, durable: Callable[[], object] | None) -> None:
        if durable is not None:
            self.town.note("journal", f"{type(entry).__name__} durable")
            durable()


class VoicePlane:
    """`Voice` that remembers what each wire is fed."""

    def __init__(self, town: "Town") -> None:
        self.town = town
        self.fed: dict[str, tuple[str, ...]] = {}

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        assert element == "ssp-a"
        self.fed[wire] = sources
        if not sources:
            del self.fed[wire]

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        raise AssertionError("a switch plays no prompts")

    def stop(self, element: str, player: str) -> None:
        raise AssertionError("a switch plays no prompts")

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        raise AssertionError("a switch does not listen")

    def understands(self) -> bool:
        return False

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        raise AssertionError("nobody listens for words")

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        raise AssertionError("nobody collects digits")

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        raise AssertionError("a switch does not listen")


class Osn:
    """`Bus` that remembers what was sent."""

    def __init__(self) -> None:
        self.receive: dict[str, Callable[[str, bytes], None]] = {}
        self.sent: list[tuple[str, str, bytes]] = []

    def attach(self, element: str, receive: Callable[[str, bytes], None]) -> None:
        self.receive[element] = receive

    def send(self, sender: str, receiver: str, octets: bytes) -> None:
        self.sent.append((sender, receiver, octets))


class Town:
    """One switch and everything around it."""

    def __init__(self, topology: Topology | None = None) -> None:
        self.topology = topology or town_topology()
        self.clock = VirtualClock()
        self.log: Log = []
        self.exchange = FarExchange(self)
        self.telephones = Telephones(self)
        self.journal = SlowDisk(self)
        self.voice = VoicePlane(self)
        self.osn = Osn()
        self.switch = SwitchService(
            self.topology,
            "ssp-a",
            exchange=self.exchange,
            lines=self.telephones,
            voice=self.voice,
            bus=self.osn,
            journal=self.journal,
            clock=self.clock,
        )

    def note(self, who: str, what: str) -> None:
        self.log.append((who, what))

    def passes(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND_US))

    def flow(self) -> Log:
        """The log since it was last asked for."""
        self.passes(0.1)
        seen, self.log = self.log, []
        return seen

    # Verbs of a call flow.

    def call_in(
        self,
        called: str,
        *,
        group: str = "ip-a",
        cic: int = 1,
        calling: CallingNumber | None = None,
    ) -> FarCircuit:
        """An IAM arrives for `called`."""
        if calling is None:
            calling = CallingNumber("12125550140")
        return self.exchange.iam(group, cic, Iam(cic, CalledNumber(called[1:]), calling))

    def dials(self, line: str, called: str, reference: int = 1) -> None:
        self.telephones.say(line, Setup(reference, called))

    def rings(self, line: str, reference: int = 64) -> None:
        self.telephones.say(line, Alerting(reference, to_originator=True))

    def picks_up(self, line: str, reference: int = 64) -> None:
        self.telephones.say(line, Connect(reference, to_originator=True))

    def hangs_up(self, line: str, reference: int = 64, cause: int = 16) -> None:
        """DISCONNECT; who chose the reference follows from its value, as telephones do it."""
        self.telephones.say(line, Disconnect(reference, cause, to_originator=reference >= 64))

    def releases(self, line: str, reference: int = 64, cause: int = 16) -> None:
        self.telephones.say(line, Release(reference, cause, to_originator=reference >= 64))

    def refuses(self, line: str, reference: int = 64, cause: int = 21) -> None:
        self.telephones.say(line, ReleaseComplete(reference, cause, to_originator=reference >= 64))

    def clears_politely(self, *lines: str) -> None:
        """These telephones answer DISCONNECT and RELEASE as Q.931 wants."""
        for line in lines:
            self.telephones.script[line] = self._clear

    def _clear(self, line: str, message: LineMessage) -> None:
        match message:
            case Disconnect():
                self.releases(line, message.reference, message.cause)
            case Release():
                self.refuses(line, message.reference, message.cause)
            case _:
                pass

    def at_rest(self) -> bool:
        """No call, no channel, no circuit, no voice is left."""
        circuits = {group.name: group.circuits for group in self.topology.trunks}
        return (
            self.switch.calls_in_progress == 0
            and not self.voice.fed
            and all(len(free) == circuits[name] for name, free in self.exchange.free.items())
            and all(
                self.switch.register.calls_on(line.number) == 0
                for line in self.topology.lines
                if line.number in self.switch.register
            )
        )
