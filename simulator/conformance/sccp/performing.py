"""SCCP cases: point code A under test, the tester at B, C and D, on a level 3 the tester rules.

A has subsystems 8 and 9. Titles: 1800… leads to subsystem 8 at B, its backup at C; 1866… to both on
title, by link selection; 1877… to C on title, which gets translation type 9; 1888… to A's own
subsystem 8. B and D are told of A's subsystems, C and D of those at other points. The point codes
are A 1, B 2, C 3, D 4.

Orders: `ask` (A's subsystem 8 sends; `to` is `b`, `c` or `d` for subsystem 8 there, or digits;
`circuits` so many octets), `delivered` and `noticed` (what A's subsystem 8 has been handed since:
`to` has lengths, or causes), `out` and `in` (subsystem 8 goes out of service, comes back), and what
level 3 says: `pause`, `resume`, `congested`, `decongested`, `unequipped`, `unavailable`, each `to`
a point.
"""

from collections import deque
from collections.abc import Callable, Mapping

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7.mtp3 import Congested, Msu, Status, UserPartUnavailable
from calleq.ss7.sccp.plan import SccpPlan
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.translation import Entity, Rule, Sharing
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    FullTitle,
    PartyAddress,
    PointState,
    ReturnCause,
    SubsystemState,
)
from calleq.trace.ladder import Ladder, Row
from calleq.units import MILLISECOND_US
from simulator.conformance.language import Arrived, Read, Value, WireError
from simulator.conformance.loading import LoadedCase
from simulator.conformance.mutants import Mutant
from simulator.conformance.performing import Performer, StepError
from simulator.conformance.sccp.octets import SCCP
from simulator.conformance.steps import AnyStep, Expect, Order

DELAY_US = MILLISECOND_US
A, B, C, D = 1, 2, 3, 4
CODES = {"a": A, "b": B, "c": C, "d": D}
SUBSYSTEM, SECOND_SUBSYSTEM = 8, 9
ORDERS = ("ask", "delivered", "noticed", "out", "in")
LEVEL_3 = ("pause", "resume", "congested", "decongested", "unequipped", "unavailable")
CONGESTION_LEVEL = 3
UNEQUIPPED, INACCESSIBLE = 1, 2

PLAN = SccpPlan(
    rules=(
        Rule(prefix="1800", entities=(Entity(B, SUBSYSTEM), Entity(C, SUBSYSTEM))),
        Rule(
            prefix="1866",
            entities=(Entity(B), Entity(C)),
            sharing=Sharing.LOAD_SHARED,
            route_on_title=True,
        ),
        Rule(prefix="1877", entities=(Entity(C),), route_on_title=True, new_translation_type=9),
        Rule(prefix="1888", entities=(Entity(A, SUBSYSTEM),)),
    ),
    concerned=(B, D),
    told_of_remote=(C, D),
)


class Point:
    """A tester's node; fulfils `Party`."""

    def __init__(self, name: str, level_3: "Level3") -> None:
        self.name = name
        self.code = CODES[name]
        self.inbox: deque[Arrived] = deque()
        self.faults: list[str] = []
        self.rows: list[tuple[int, str, bool, bytes]] = []
        self._level_3 = level_3

    def send(self, name: str, cic: int, fields: Mapping[str, Value]) -> bool:
        """Send a unit to A."""
        octets = SCCP.build(name, cic, {"destination": A, "origin": self.code, **fields})
        self.rows.append((self._level_3.clock.monotonic_us(), self.name, True, octets))
        self._level_3.to_element(octets)
        return True


class Level3:
    """What the element sees of level 3, with the mutant in between; the tester rules it."""

    point_code = A

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.points: dict[int, Point] = {}
        self.mutant: Mutant | None = None
        self.away: set[int] = set()
        self.changed: list[Callable[[int, bool], None]] = []
        self.told: list[Callable[[Status], None]] = []
        self._receive: Callable[[Msu], None] | None = None

    def accessible(self, destination: int) -> bool:
        """Whether the tester lets units through."""
        return destination not in self.away

    def transfer(
        self,
        destination: int,
        selection: int,
        payload: bytes,
        *,
        service: int = SERVICE_SCCP,
    ) -> bool:
        """The element sends."""
        if destination in self.away:
            return False
        label = destination | A << 14 | selection << 28
        octets = bytes((service | 2 << 6,)) + label.to_bytes(4, "little") + payload
        if self.mutant is None:
            self._goes(octets)
        else:
            for delay_us, changed in self.mutant.leaving(SCCP.read(octets), octets):
                self.clock.call_later_us(delay_us, self._goes, changed)
        return True

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        """The element listens."""
        self._receive = receive

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        """The element hears of MTP-PAUSE and MTP-RESUME."""
        self.changed.append(changed)

    def on_indication(self, told: Callable[[Status], None]) -> None:
        """The element hears of MTP-STATUS."""
        self.told.append(told)

    def to_element(self, octets: bytes) -> None:
        """The tester sends."""
        if self.mutant is None:
            self.clock.call_later_us(DELAY_US, self._arrives, octets)
            return
        self.mutant.tell = self._turned
        for _, changed in self.mutant.arriving(SCCP.read(octets), octets):
            self.clock.call_later_us(DELAY_US, self._arrives, changed)

    def _arrives(self, octets: bytes) -> None:
        label = int.from_bytes(octets[1:5], "little")
        assert self._receive is not None
        self._receive(Msu(A, label >> 14 & 0x3FFF, label >> 28, octets[5:], SERVICE_SCCP))

    def _turned(self, octets: bytes) -> None:
        """A message too many of the element's, with the label turned round."""
        label = int.from_bytes(octets[1:5], "little")
        turned = label >> 14 & 0x3FFF | A << 14 | label & 0xF0000000
        self._goes(octets[:1] + turned.to_bytes(4, "little") + octets[5:])

    def _goes(self, octets: bytes) -> None:
        point = self.points.get(int.from_bytes(octets[1:5], "little") & 0x3FFF)
        if point is None:
            self.points[B].faults.append(f"{octets.hex()} is for a point that there is not")
            return
        point.rows.append((self.clock.monotonic_us(), point.name, False, octets))
        self.clock.call_later_us(DELAY_US, self._reaches, point, octets)

    def _reaches(self, point: Point, octets: bytes) -> None:
        try:
            message = SCCP.read(octets)
        except WireError as error:
            point.faults.append(str(error))
            return
        point.inbox.append(Arrived(self.clock.monotonic_us(), message))


class User:
    """A subsystem of A: remembers what it was handed."""

    def __init__(self) -> None:
        self.data: list[bytes] = []
        self.causes: list[ReturnCause] = []

    def unitdata(
        self, called: PartyAddress, calling: PartyAddress, data: bytes, now_us: int
    ) -> None:
        """See `SccpUser`."""
        self.data.append(data)

    def notice(
        self,
        cause: ReturnCause,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        now_us: int,
    ) -> None:
        """See `SccpUser`."""
        self.causes.append(cause)

    def subsystem_state(
        self, point_code: int, ssn: int, state: SubsystemState, now_us: int
    ) -> None:
        """The traffic shows it."""

    def point_state(self, point_code: int, state: PointState, now_us: int) -> None:
        """The traffic shows it."""


def check_step(step: AnyStep) -> None:
    """Raises WireError for an order or a point that there is not."""
    if isinstance(step, Order):
        if step.order not in (*ORDERS, *LEVEL_3):
            raise WireError(f"order {step.order!r}: one of {', '.join((*ORDERS, *LEVEL_3))}")
        if step.order in LEVEL_3 and step.to not in CODES:
            raise WireError(f"to {step.to!r}: one of {', '.join(CODES)} expected")
    at = getattr(step, "at", "b")
    if at not in CODES or at == "a":
        raise WireError(f"at {at!r}: one of b, c, d expected")


class SccpPerformer(Performer):
    """One run of a SCCP case."""

    def __init__(self, loaded: LoadedCase, mutant: Mutant | None = None) -> None:
        super().__init__(loaded, SCCP)
        self.circuits["x"] = 0
        self.clock = VirtualClock()
        self.level_3 = Level3(self.clock)
        self.points = {name: Point(name, self.level_3) for name in "bcd"}
        self.parties = self.points
        self.level_3.points = {point.code: point for point in self.points.values()}
        self.node = SccpNode(self.level_3, self.clock, PLAN)
        self.user = User()
        self.node.register(SUBSYSTEM, self.user)
        self.node.register(SECOND_SUBSYSTEM, User())
        self.clock.advance_us(10 * DELAY_US)
        for point in self.points.values():
            point.inbox.clear()
        self.level_3.mutant = mutant
        if mutant is not None:
            mutant.prepare(self.node)

    def other_step(self, step: AnyStep) -> None:
        assert isinstance(step, Order), f"{step} is no step of a SCCP case"
        if step.order in LEVEL_3:
            self._level_3_says(step.order, CODES[step.to])
            return
        match step.order:
            case "ask":
                self._ask(step.to, int(step.circuits or 2))
            case "delivered":
                lengths = [len(data) for data in self.user.data]
                self.user.data.clear()
                wanted = [int(one) for one in step.to.split()]
                if lengths != wanted:
                    raise StepError(f"data of {lengths} octets was delivered")
            case "noticed":
                causes = [int(cause) for cause in self.user.causes]
                self.user.causes.clear()
                if causes != [int(one) for one in step.to.split()]:
                    raise StepError(f"notices of causes {causes} came")
            case "out" | "in":
                self.node.set_in_service(SUBSYSTEM, step.order == "in")
            case _:
                raise WireError(f"there is no order {step.order!r}")

    def _ask(self, to: str, octets: int) -> None:
        if to in CODES:
            called = PartyAddress(SUBSYSTEM, CODES[to])
        else:
            called = PartyAddress(SUBSYSTEM, None, FullTitle(to), route_on_title=True)
        data = b"\xee" + bytes(octets - 1)
        self.node.send(called, PartyAddress(SUBSYSTEM), data, sequence=0)

    def _level_3_says(self, what: str, code: int) -> None:
        match what:
            case "pause" | "resume":
                (self.level_3.away.add if what == "pause" else self.level_3.away.discard)(code)
                for changed in self.level_3.changed:
                    changed(code, what == "resume")
            case "congested" | "decongested":
                level = CONGESTION_LEVEL if what == "congested" else 0
                self._indicate(Congested(code, level))
            case _:
                cause = UNEQUIPPED if what == "unequipped" else INACCESSIBLE
                self._indicate(UserPartUnavailable(code, SERVICE_SCCP, cause))

    def _indicate(self, status: Status) -> None:
        for told in self.level_3.told:
            told(status)

    def check_more(self, step: Expect, message: Read) -> None:
        """Nothing beside the parameters."""

    def left_over(self) -> str:
        if self.user.data:
            return f"data was delivered that no step knew of: {self.user.data[0].hex()}"
        return f"a notice of cause {self.user.causes[0]}" if self.user.causes else ""

    def ladder(self) -> Ladder:
        rows = sorted(row for point in self.points.values() for row in point.rows)
        return Ladder(self.loaded.number, tuple(_row(*row) for row in rows))


def _row(at_us: int, name: str, sent: bool, octets: bytes) -> Row:
    message = SCCP.read(octets)
    return Row(
        at_us=at_us,
        offset_us=at_us,
        segment=Segment.SIGNALLING_LINK,
        link=f"a/{name}",
        sender=name if sent else "a",
        receiver="a" if sent else name,
        name=message.name,
        fields=tuple((key, contents.hex()) for key, contents in message.parameters.items()),
        error="",
        octets=octets,
    )
