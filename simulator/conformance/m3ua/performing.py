"""M3UA cases: the element under test is one side, the tester the other, octets in between.

With `role = "sgp"` a gateway is under test: two application servers (routing contexts 1 and 2, for
point codes 101 and 102), and a process of the tester's for each, `b` and `c`; with `sgp-shared`
both processes are for the first, which needs
two. With `role = "asp"` a
process is under test, which wants the traffic of routing context 1 from a gateway of the tester's,
`b`; with `registers` it registers a routing key for point code 101 first.

Behind the gateway destination 401 is available, 402 unavailable, 403 restricted, 404 congested.
"""

from collections import deque
from collections.abc import Mapping

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.gateway import SERVERS_LIMIT, Destination, Gateway
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.trace.ladder import Ladder, Row
from calleq.units import MILLISECOND_US
from simulator.conformance.language import Arrived, Read, Value, WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.m3ua.octets import M3UA
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer
from simulator.conformance.steps import AnyStep, Expect, Order

DELAY_US = MILLISECOND_US
CONTEXTS = {1: 101, 2: 102}
"""Routing contexts and the point codes of their keys."""
DESTINATIONS = {
    401: Destination.AVAILABLE,
    402: Destination.UNAVAILABLE,
    403: Destination.RESTRICTED,
    404: Destination.CONGESTED,
}
ORDERS = ("stop", "transfer", "receive", "fail", "tell", "fill")
_TOLD: dict[Destination, type[m.Duna | m.Dava | m.Drst | m.Scon]] = {
    Destination.AVAILABLE: m.Dava,
    Destination.UNAVAILABLE: m.Duna,
    Destination.RESTRICTED: m.Drst,
    Destination.CONGESTED: m.Scon,
}


class Wire:
    """One association of the element with an end of the tester's; fulfils `Party`."""

    def __init__(
        self, name: str, association: Association, clock: VirtualClock, mutant: Mutant | None
    ) -> None:
        self.name = name
        self.association = association
        self.inbox: deque[Arrived] = deque()
        self.faults: list[str] = []
        self.rows: list[tuple[int, bool, bytes]] = []
        """When, whether the tester sent it, and the octets."""
        self._clock = clock
        self._mutant = mutant
        association.connected(self._leaves, self._closed)

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a message to the element."""
        octets = M3UA.build(name, cic, fields)
        self.rows.append((self._clock.monotonic_us(), True, octets))
        self._clock.call_later_us(DELAY_US, self._reaches, octets)
        return self.association.stands

    def fail(self) -> None:
        """The association breaks."""
        self.association.lost()

    def _reaches(self, octets: bytes) -> None:
        if self._mutant is None:
            self.association.receive(octets)
            return
        self._mutant.tell = self._goes
        for _, changed in self._mutant.arriving(M3UA.read(octets), octets):
            self.association.receive(changed)

    def _leaves(self, octets: bytes) -> None:
        if self._mutant is None:
            self._goes(octets)
            return
        for delay_us, changed in self._mutant.leaving(M3UA.read(octets), octets):
            self._clock.call_later_us(delay_us, self._goes, changed)

    def _goes(self, octets: bytes) -> None:
        self.rows.append((self._clock.monotonic_us(), False, octets))
        self._clock.call_later_us(DELAY_US, self._arrives, octets)

    def _arrives(self, octets: bytes) -> None:
        try:
            message = M3UA.read(octets)
        except WireError as error:
            self.faults.append(str(error))
            return
        if message.name == "BEAT":
            self.send("BEAT_ACK", 0, {"heartbeat": f"hex:{message.parameters['heartbeat'].hex()}"})
            return
        self.inbox.append(Arrived(self._clock.monotonic_us(), message))

    def _closed(self) -> None:
        self.association.lost()


def check_step(step: AnyStep) -> None:
    """Raises WireError for an order that an M3UA element does not know."""
    if isinstance(step, Order) and step.order not in ORDERS:
        raise WireError(f"order {step.order!r}: one of {', '.join(ORDERS)} expected")


class M3uaPerformer(Performer):
    """One run of an M3UA case."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        super().__init__(loaded, M3UA)
        self.circuits["x"] = 0
        self.clock = VirtualClock()
        self.received: list[m.Data] = []
        """What the element delivered to the network behind it, or to its own users."""
        self._gateway = Gateway(self.clock, self._status, may_register=True)
        self._gateway.destinations = self._covered
        self._servers: dict[int, ApplicationServer] = {}
        wires = [self._process(loaded)] if loaded.case.role == "asp" else self._processes()
        if mutant is not None:
            mutant.prepare(self._gateway)
        self.parties: dict[str, Wire] = {
            name: Wire(name, association, self.clock, mutant)
            for name, association in zip("bc", wires, strict=False)
        }

    def _status(self, point_code: int) -> Destination:
        return DESTINATIONS.get(point_code, Destination.UNKNOWN)

    def _covered(self, affected: tuple[m.Affected, ...]) -> list[int]:
        """The destinations that points with masks stand for."""
        return [
            code
            for point in affected
            for code in DESTINATIONS
            if code >> point.mask == point.point_code >> point.mask
        ]

    def _process(self, loaded: LoadedCase) -> Association:
        settings = AspSettings(routing_contexts=(1,), traffic_mode=m.TrafficMode.OVERRIDE)
        if loaded.case.registers:
            settings = AspSettings(keys=(m.RoutingKey(1, (101,)),))
        association = Association(self.clock, asp=settings)
        association.receive_data = self.received.append
        return association

    def _processes(self) -> list[Association]:
        for context, point_code in CONTEXTS.items():
            server = ApplicationServer(
                f"as-{context}", context, point_code, self.clock, processes_needed=2
            )
            server.receive = self._route
            self._gateway.add(server)
            self._servers[point_code] = server
        second = "as-1" if self.loaded.case.role == "sgp-shared" else "as-2"
        return [
            Association(self.clock, gateway=self._gateway, allowed=frozenset((name,)))
            for name in ("as-1", second)
        ]

    def _route(self, data: m.Data) -> None:
        """As a transfer point does: to the application server of the destination, or beyond."""
        self.received.append(data)
        server = self._servers.get(data.destination)
        if server is not None:
            server.transfer(
                m.Data(
                    data.origin,
                    data.destination,
                    data.service,
                    data.network,
                    data.selection,
                    data.payload,
                    data.priority,
                    server.routing_context,
                )
            )

    def other_step(self, step: AnyStep) -> None:
        assert isinstance(step, Order), f"{step} is no step of an M3UA case"
        wire = self.parties[step.at]
        match step.order:
            case "stop":
                wire.association.stop()
            case "transfer":
                number = int(step.circuits or 0)
                wire.association.send_data(
                    m.Data(101, 401, 5, 2, number, b"\x01\x00\x09\x00", 0, 1)
                )
            case "receive":
                if len(self.received) != int(step.circuits):
                    raise WireError(f"{len(self.received)} DATA were delivered")
            case "fail":
                wire.fail()
            case "tell":
                point_code = int(step.circuits)
                told = _TOLD[self._status(point_code)]
                self._gateway.tell(told((m.Affected(point_code),)))
            case "fill":
                for context in range(1_000, 1_000 + SERVERS_LIMIT - len(self._gateway.servers)):
                    self._gateway.add(
                        ApplicationServer(f"as-{context}", context, context, self.clock)
                    )
            case _:
                raise WireError(f"there is no order {step.order!r}")

    def check_more(self, step: Expect, message: Read) -> None:
        """Nothing beside the parameters."""

    def left_over(self) -> str:
        return ""

    def ladder(self) -> Ladder:
        element = "asp" if self.loaded.case.role == "asp" else "sgp"
        rows = sorted(
            (at_us, name, sent, octets)
            for name, wire in self.parties.items()
            for at_us, sent, octets in wire.rows
        )
        return Ladder(
            self.loaded.number,
            tuple(_row(at_us, name, element, sent, octets) for at_us, name, sent, octets in rows),
        )


def _row(at_us: int, name: str, element: str, sent: bool, octets: bytes) -> Row:
    message = M3UA.read(octets)
    ends = (name, element) if sent else (element, name)
    return Row(
        at_us=at_us,
        offset_us=at_us,
        segment=Segment.SIGNALLING_LINK,
        link=f"{name}/{element}",
        sender=ends[0],
        receiver=ends[1],
        name=message.name,
        fields=tuple((key, contents.hex()) for key, contents in message.parameters.items()),
        error="",
        octets=octets,
    )
