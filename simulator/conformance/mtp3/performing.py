"""Level 3 cases: point code A under test, the tester at the far ends of its links.

A is a signalling point (`role = "sp"`) or a transfer point (`"stp"`). It has two links to B (`b1`,
`b2`) and one to C (`c1`). D lies behind B and C alike, E behind B and, when B fails, behind C. The
point codes are A 1, B 2, C 3, D 4, E 5.

The tester answers link tests by itself (but on links that are `unanswered`), says that restarts
have ended, and nothing else. A case begins when A carries traffic.
"""

from collections import deque
from collections.abc import Mapping

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap, Segment
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.trace.ladder import Ladder, Row
from calleq.units import MILLISECOND_US, SECOND_US
from simulator.conformance.language import Arrived, Read, Value, WireError
from simulator.conformance.loading import LoadedCase, circuits_of
from simulator.conformance.mtp3.octets import MTP3
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer, StepError
from simulator.conformance.steps import AnyStep, Expect, Order

DELAY_US = MILLISECOND_US
SETTLE_US = 10 * SECOND_US
A = 1
CODES = {"a": A, "b": 2, "c": 3, "d": 4, "e": 5}
LINKS = ("b1", "b2", "c1")
ORDERS = (
    "send",
    "delivered",
    "accessible",
    "inaccessible",
    "fail",
    "restore",
    "inhibit",
    "uninhibit",
    "congested",
    "traffic",
    "whole",
)
TRAFFIC = b"traffic"
"""Begins the units of the order `traffic`; their number follows, and nobody expects them singly."""
TRAFFIC_UNITS = 1_000
TRAFFIC_EVERY_US = 10 * MILLISECOND_US


class Wire:
    """The far end of one link of A; fulfils `Party`."""

    def __init__(self, name: str, clock: VirtualClock) -> None:
        self.name = name
        self.code = CODES[name[0]]
        self.slc = int(name[1]) - 1
        """Signalling link code."""
        self.linkset: list[Wire] = []
        """The links to the same node."""
        self.traffic: dict[int, list[int]] = {}
        """By selection: the numbers of the traffic that came over this or another link."""
        self.inbox: deque[Arrived] = deque()
        self.faults: list[str] = []
        self.rows: list[tuple[int, bool, bytes]] = []
        self.answers_tests = True
        self.link = InProcessLink(("a", name), clock, NoTap(), DELAY_US)
        self._end = self.link.end(name)
        self._clock = clock
        self.mutant: Mutant | None = None
        self._end.attach(self._arrives, self._changed)

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a unit to A, from B or C where the case does not say from whom."""
        given: dict[str, Value] = {"destination": A, "origin": self.code, **fields}
        if name in ("XCO", "XCA") and "fsn" not in given:
            given["fsn"] = self._received_on(given.get("selection", 0))
        octets = MTP3.build(name, cic, given)
        self.rows.append((self._clock.monotonic_us(), True, octets))
        payloads = [octets]
        if self.mutant is not None:
            self.mutant.tell = self._goes_back
            changed = self.mutant.arriving(MTP3.read(octets), octets)
            payloads = [payload for _, payload in changed]
        sent = [self._end.send(payload) for payload in payloads]
        return all(sent)

    def _received_on(self, selection: Value) -> int:
        """The number of the last unit that came over the link with that code."""
        about = next((one for one in self.linkset if one.slc == selection), None)
        return 0 if about is None else about._end.last_received()

    def _goes_back(self, octets: bytes) -> None:
        """A message too many of A's, with the label turned round."""
        read = MTP3.read(octets)
        label = {"destination": read.parameters["origin"], "origin": read.parameters["destination"]}
        fields = {**read.parameters, **label}
        turned = {key: f"hex:{value.hex()}" for key, value in fields.items()}
        self._takes(MTP3.build(read.name, 0, turned))

    def _arrives(self, octets: bytes) -> None:
        if self.mutant is None:
            self._takes(octets)
            return
        for delay_us, payload in self.mutant.leaving(MTP3.read(octets), octets):
            self._clock.call_later_us(delay_us, self._takes, payload)

    def _takes(self, octets: bytes) -> None:
        self.rows.append((self._clock.monotonic_us(), False, octets))
        try:
            message = MTP3.read(octets)
        except WireError as error:
            self.faults.append(str(error))
            return
        payload = message.parameters.get("payload", b"")
        if payload.startswith(TRAFFIC):
            selection = int.from_bytes(message.parameters["selection"])
            number = int.from_bytes(payload[len(TRAFFIC) :])
            self.traffic.setdefault(selection, []).append(number)
            return
        if message.name == "SLTM" and self.answers_tests:
            pattern = f"hex:{message.parameters['pattern'].hex()}"
            selection = int.from_bytes(message.parameters["selection"], "big")
            self.send("SLTA", 0, {"pattern": pattern, "selection": selection})
            return
        self.inbox.append(Arrived(self._clock.monotonic_us(), message))

    def _changed(self, in_service: bool) -> None:
        """The tester does not care: the link tells by what comes over it."""


def check_step(step: AnyStep) -> None:
    """Raises WireError for an order or a place that there is not."""
    if isinstance(step, Order):
        if step.order not in ORDERS:
            raise WireError(f"order {step.order!r}: one of {', '.join(ORDERS)} expected")
        if step.to and step.to not in CODES:
            raise WireError(f"to {step.to!r}: one of {', '.join(CODES)} expected")
    at = getattr(step, "at", "b1")
    if at not in LINKS and at != "b":
        raise WireError(f"at {at!r}: one of {', '.join(LINKS)} expected")


class Mtp3Performer(Performer):
    """One run of a level 3 case."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        super().__init__(loaded, MTP3)
        self.circuits["x"] = 0
        self.clock = VirtualClock()
        self.delivered: list[Msu] = []
        self.told: list[object] = []
        """What level 3 indicated to its user part."""
        self.traffic: dict[int, list[int]] = {}
        self._sent = 0
        kind = TransferPoint if loaded.case.role == "stp" else Mtp3Node
        self.node = kind("a", A, self.clock)
        self.wires = {name: Wire(name, self.clock) for name in LINKS}
        self.parties = self.wires
        for wire in self.wires.values():
            wire.linkset += [one for one in self.wires.values() if one.code == wire.code]
            wire.traffic = self.traffic
        for name, wire in self.wires.items():
            self.node.attach(wire.link.end("a"), CODES[name[0]])
        self.node.set_route(CODES["d"], (CODES["b"], CODES["c"]))
        self.node.set_route(CODES["e"], (CODES["b"],), (CODES["c"],))
        self.node.on_message(SERVICE_ISUP, self.delivered.append)
        self.node.on_indication(self.told.append)
        for wire in (self.wires["b1"], self.wires["c1"]):
            wire.send("TRA", 0, {})
        self.clock.advance_us(SETTLE_US)
        for wire in self.wires.values():
            wire.inbox.clear()
            wire.answers_tests = wire.name not in loaded.case.unanswered
            wire.mutant = mutant
        if mutant is not None:
            mutant.prepare(self.node)

    def other_step(self, step: AnyStep) -> None:
        assert isinstance(step, Order), f"{step} is no step of a level 3 case"
        match step.order:
            case "send":
                for selection in circuits_of(step.circuits or "0"):
                    self.node.transfer(CODES[step.to], selection, b"\x01\x00\x09\x00")
            case "traffic":
                self._traffic(CODES[step.to], list(circuits_of(step.circuits)))
            case "whole":
                self._check_whole(list(circuits_of(step.circuits)))
            case "delivered":
                if len(self.delivered) != int(step.circuits):
                    raise StepError(f"{len(self.delivered)} were delivered")
            case "accessible" | "inaccessible":
                if self.node.accessible(CODES[step.to]) != (step.order == "accessible"):
                    raise StepError(f"{step.to} is not {step.order}")
            case "fail":
                self.wires[step.at].link.fail()
            case "restore":
                self.wires[step.at].link.restore()
            case "inhibit" | "uninhibit":
                self._manage(step)
            case "congested":
                if not self.told:
                    raise StepError("the user part was told nothing")
            case _:
                raise WireError(f"there is no order {step.order!r}")

    def _traffic(self, destination: int, selections: list[int]) -> None:
        """One numbered unit of each selection now, and again, `TRAFFIC_UNITS` times in all."""
        for selection in selections:
            number = self._sent.to_bytes(4, "big")
            if not self.node.transfer(destination, selection, TRAFFIC + number):
                raise StepError(f"unit {self._sent} was refused")
        self._sent += 1
        if self._sent < TRAFFIC_UNITS:
            self.clock.call_later_us(TRAFFIC_EVERY_US, self._traffic, destination, selections)

    def _check_whole(self, selections: list[int]) -> None:
        wanted = list(range(TRAFFIC_UNITS))
        for selection in selections:
            arrived = self.traffic.get(selection, [])
            if arrived != wanted:
                raise StepError(
                    f"selection {selection}: {len(set(arrived))} of {len(wanted)} arrived,"
                    f" {len(arrived) - len(set(arrived))} twice,"
                    f" in order {arrived == sorted(arrived)}"
                )

    def _manage(self, step: Order) -> None:
        link = next(
            link
            for linkset in self.node.point.linksets.values()
            for link in linkset.links
            if link.end.far == step.at
        )
        inhibition = self.node.management.inhibition
        if step.order == "inhibit":
            inhibition.inhibit(link, self.told.append)
        else:
            inhibition.uninhibit(link, self.told.append)

    def check_more(self, step: Expect, message: Read) -> None:
        """Nothing beside the fields."""

    def left_over(self) -> str:
        return ""

    def ladder(self) -> Ladder:
        rows = sorted(
            (at_us, name, sent, octets)
            for name, wire in self.wires.items()
            for at_us, sent, octets in wire.rows
        )
        return Ladder(self.loaded.number, tuple(_row(*row) for row in rows))


def _row(at_us: int, name: str, sent: bool, octets: bytes) -> Row:
    message = MTP3.read(octets)
    shown = {
        key: contents.hex() if key in ("payload", "pattern") else str(int.from_bytes(contents))
        for key, contents in message.parameters.items()
    }
    return Row(
        at_us=at_us,
        offset_us=at_us,
        segment=Segment.SIGNALLING_LINK,
        link=f"a/{name}",
        sender=name if sent else "a",
        receiver="a" if sent else name,
        name=message.name,
        fields=tuple(shown.items()),
        error="",
        octets=octets,
    )
