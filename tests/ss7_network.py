"""Two exchanges, a mated pair of transfer points, a clock and a tap, for tests that make calls."""

from collections.abc import Callable

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.contract import Circuit, CircuitUser, Digits
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, Message
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Status
from calleq.ss7.node import SERVICE_TEST, Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.topology import parse_point_code

PC62 = parse_point_code("2-62-1")
PC64 = parse_point_code("2-64-1")
PC68 = parse_point_code("2-68-1")
PC70 = parse_point_code("2-70-1")
CALLED = CalledNumber("12125550143")
CALLING = CallingNumber("12125550100")
DELAY_US = 1_000
WAY_US = 2 * DELAY_US
"""From one exchange to the other, by way of one transfer point."""

READY_US = 20 * DELAY_US
"""By then every link has passed its test and every node has ended its restart."""


class WireTap:
    """Keeps what was seen: (link, sender, receiver, octets, at_us)."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, str, bytes, int]] = []

    def saw(
        self, segment: Segment, link: str, sender: str, receiver: str, octets: bytes, at_us: int
    ) -> None:
        assert segment is Segment.SIGNALLING_LINK
        self.seen.append((link, sender, receiver, octets, at_us))

    def messages(self, link: str | None = None, sender: str | None = None) -> list[Message]:
        """The ISUP messages seen on a link, or from a sender, decoded from their octets."""
        return [
            codec.decode(msu.payload)
            for seen_link, seen_sender, _, octets, _ in self.seen
            if link in (None, seen_link) and sender in (None, seen_sender)
            if (msu := mtp3_codec.decode(octets)).service == SERVICE_ISUP
        ]

    def receivers(self) -> list[str]:
        """Who each unit that is not level 3's own went to."""
        return [
            receiver
            for _, _, receiver, octets, _ in self.seen
            if len(octets) < 5 or mtp3_codec.decode(octets).service > SERVICE_TEST
        ]

    def names(self, link: str | None = None, sender: str | None = None) -> list[str]:
        return [type(message).__name__.upper() for message in self.messages(link, sender)]


class Party:
    """A user of circuits that keeps a diary and does nothing of itself."""

    def __init__(self, name: str, diary: list[str]) -> None:
        self.name = name
        self.diary = diary

    def circuit_alerting(self, circuit: Circuit) -> None:
        self.diary.append(f"{self.name} alerting")

    def circuit_progress(self, circuit: Circuit) -> None:
        self.diary.append(f"{self.name} progress")

    def circuit_answered(self, circuit: Circuit) -> None:
        self.diary.append(f"{self.name} answered")

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        self.diary.append(f"{self.name} notice {type(message).__name__.upper()}")

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        self.diary.append(f"{self.name} released {cause.value}")

    def circuit_cleared(self, circuit: Circuit) -> None:
        self.diary.append(f"{self.name} cleared")


class EveryNumberGoesOn:
    """The numbers of an exchange that has no subscribers."""

    def digits(self, called: CalledNumber) -> Digits:
        return Digits.ENOUGH

    def goes_on(self, called: CalledNumber) -> bool:
        return True


class Ear:
    """Stands between a node and its exchange, which hears nothing while it is deaf."""

    def __init__(self, node: Mtp3Node) -> None:
        self.node = node
        self.deaf = False

    def transfer(self, destination: int, selection: int, payload: bytes, priority: int = 0) -> bool:
        return self.node.transfer(destination, selection, payload, priority)

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        self.node.on_message(service, lambda msu: None if self.deaf else receive(msu))

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        self.node.on_status(changed)

    def on_indication(self, told: Callable[[Status], None]) -> None:
        self.node.on_indication(told)


class Network:
    """Exchanges 62 and 64, each linked to both transfer points, and a trunk group between them."""

    def __init__(
        self,
        circuits: int = 4,
        timers: IsupTimers | None = None,
        clock: VirtualClock | None = None,
    ) -> None:
        self.clock = clock or VirtualClock()
        self.tap = WireTap()
        self.diary: list[str] = []
        self.node62 = Mtp3Node("ssp-62", PC62, self.clock)
        self.node64 = Mtp3Node("ssp-64", PC64, self.clock)
        self.stp68 = TransferPoint("stp-68", PC68, self.clock, mate=PC70)
        self.stp70 = TransferPoint("stp-70", PC70, self.clock, mate=PC68)
        self.links: dict[str, InProcessLink] = {}
        for one, other in (
            (self.node62, self.stp68),
            (self.node62, self.stp70),
            (self.node64, self.stp68),
            (self.node64, self.stp70),
            (self.stp68, self.stp70),
        ):
            self._link(one, other)
        self.node62.set_route(PC64, (PC68, PC70))
        self.node64.set_route(PC62, (PC68, PC70))
        for node in (self.node62, self.node64):
            node.set_route(PC68, (PC70,))
            node.set_route(PC70, (PC68,))
        self.clock.advance_us(READY_US)
        del self.tap.seen[:]
        self.a = IsupExchange(
            "ssp-62",
            PC62,
            self.node62,
            (Trunk("62-64", "ssp-64", PC64, 1, circuits),),
            self.clock,
            timers,
        )
        self.ear64 = Ear(self.node64)
        self.b = IsupExchange(
            "ssp-64",
            PC64,
            self.ear64,
            (Trunk("62-64", "ssp-62", PC62, 1, circuits),),
            self.clock,
            timers,
        )
        self.arrived: list[tuple[Circuit, Iam]] = []
        self.a.on_set_up(lambda circuit, iam: self._arrives("a", circuit, iam))
        self.b.on_set_up(lambda circuit, iam: self._arrives("b", circuit, iam))

    def _link(self, one: Mtp3Node, other: Mtp3Node) -> None:
        link = InProcessLink((one.name, other.name), self.clock, self.tap, DELAY_US)
        self.links[link.name] = link
        one.attach(link.end(one.name), other.point_code)
        other.attach(link.end(other.name), one.point_code)

    def _arrives(self, side: str, circuit: Circuit, iam: Iam) -> CircuitUser:
        self.arrived.append((circuit, iam))
        self.diary.append(f"{side} set-up {circuit.key.cic}")
        return Party(side, self.diary)

    def dial(self, exchange: IsupExchange, name: str) -> Circuit:
        """Seize a circuit and send its IAM; `name` is the caller's in the diary."""
        circuit = exchange.seize("62-64")
        assert circuit is not None
        exchange.send_iam(circuit, CALLED, CALLING, Party(name, self.diary))
        return circuit

    def pass_time(self, length_us: int = 10_000) -> None:
        self.clock.advance_us(length_us)

    def call(self) -> tuple[Circuit, Circuit]:
        """An answered call from 62 to 64: its circuit at either end."""
        outgoing = self.dial(self.a, "a")
        self.pass_time()
        incoming = self.arrived[-1][0]
        incoming.alerting()
        self.pass_time()
        incoming.answer()
        self.pass_time()
        return outgoing, incoming

    def stp_fails(self, name: str) -> None:
        """Every link of a transfer point goes down."""
        for link_name, link in self.links.items():
            if name in link_name.split("/"):
                link.fail()

    def stp_returns(self, name: str) -> None:
        for link_name, link in self.links.items():
            if name in link_name.split("/"):
                link.restore()

    def idle(self) -> tuple[int, int]:
        return self.a.idle("62-64"), self.b.idle("62-64")
