"""Nodes with SCCP: on wires that a test rules, and on a real signalling network of two STPs."""

from collections.abc import Callable, Iterable

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap, Tap
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import Msu, Status
from calleq.ss7.node import Mtp3Node
from calleq.ss7.sccp.codec import decode
from calleq.ss7.sccp.management_codec import Management, decode_management
from calleq.ss7.sccp.messages import Message, Udt
from calleq.ss7.sccp.plan import SccpPlan
from calleq.ss7.sccp.service import SccpNode
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    FullTitle,
    PartyAddress,
    PointState,
    ReturnCause,
    SubsystemState,
)
from calleq.ss7.transfer_point import TransferPoint
from calleq.ss7.variant import ITU, Variant
from calleq.topology import parse_point_code
from calleq.units import MILLISECOND_US

DELAY_US = MILLISECOND_US
INAP = 241
SSP, SCP, BACKUP = (
    parse_point_code("2-62-1"),
    parse_point_code("2-90-1"),
    parse_point_code("2-92-1"),
)
STP68, STP70 = parse_point_code("2-68-1"), parse_point_code("2-70-1")
FREEPHONE = FullTitle("18005550199")
TO_FREEPHONE = PartyAddress(INAP, title=FREEPHONE, route_on_title=True)
HERE = PartyAddress(INAP)


class Diary:
    """A user of SCCP that writes down what it is told, and does nothing of itself."""

    def __init__(self) -> None:
        self.data: list[tuple[PartyAddress, PartyAddress, bytes]] = []
        self.notices: list[tuple[ReturnCause, bytes]] = []
        self.returned: list[tuple[PartyAddress, PartyAddress]] = []
        self.states: list[str] = []

    def unitdata(
        self, called: PartyAddress, calling: PartyAddress, data: bytes, now_us: int
    ) -> None:
        self.data.append((called, calling, data))

    def notice(
        self,
        cause: ReturnCause,
        called: PartyAddress,
        calling: PartyAddress,
        data: bytes,
        now_us: int,
    ) -> None:
        self.notices.append((cause, data))
        self.returned.append((called, calling))

    def subsystem_state(
        self, point_code: int, ssn: int, state: SubsystemState, now_us: int
    ) -> None:
        self.states.append(f"{point_code}:{ssn} {state.name.lower()}")

    def point_state(self, point_code: int, state: PointState, now_us: int) -> None:
        self.states.append(f"{point_code} {state.name.lower()}")

    @property
    def heard(self) -> list[bytes]:
        """The data that has arrived."""
        return [data for _, _, data in self.data]


class Wires:
    """Level 3 as SCCP sees it, of many nodes; the test says what becomes of what is sent."""

    def __init__(self, clock: VirtualClock) -> None:
        self.clock = clock
        self.ports: dict[int, Port] = {}
        self.seen: list[Msu] = []
        self.change: Callable[[Msu], Iterable[Msu]] = lambda msu: (msu,)
        """What a unit turns into on its way; several come one after the other."""

    def port(self, code: int) -> "Port":
        return self.ports.setdefault(code, Port(self, code))

    def carry(self, msu: Msu) -> None:
        self.seen.append(msu)
        for arriving in self.change(msu):
            self.clock.call_later_us(DELAY_US, self._arrive, arriving)

    def messages(self) -> list[Message]:
        return [decode(msu.payload) for msu in self.seen]

    def management(self, to: int | None = None) -> list[str]:
        """SCCP management that was sent, in words: kind, point, subsystem."""
        return [
            f"{told.kind.name} {told.point_code}:{told.ssn}"
            for msu in self.seen
            if to in (None, msu.destination)
            if (told := management_of(msu)) is not None
        ]

    def _arrive(self, msu: Msu) -> None:
        port = self.ports.get(msu.destination)
        if port is not None and port.receive is not None:
            port.receive(msu)


def management_of(msu: Msu) -> Management | None:
    """What a unit says to SCCP management, if that is what it is for."""
    message = decode(msu.payload)
    if isinstance(message, Udt) and message.called.ssn == 1:
        return decode_management(message.data)
    return None


class Port:
    """One node's place on the wires."""

    def __init__(self, wires: Wires, code: int) -> None:
        self.point_code = code
        self.wires = wires
        self.away: set[int] = set()
        self.refused: set[int] = set()
        """Destinations that level 3 takes nothing for, and has said nothing of."""
        self.receive: Callable[[Msu], None] | None = None
        self.changed: list[Callable[[int, bool], None]] = []
        self.told: list[Callable[[Status], None]] = []

    def accessible(self, destination: int) -> bool:
        return destination not in self.away

    def transfer(
        self,
        destination: int,
        selection: int,
        payload: bytes,
        *,
        service: int = SERVICE_SCCP,
    ) -> bool:
        assert service == SERVICE_SCCP
        if destination in self.away or destination in self.refused:
            return False
        self.wires.carry(Msu(destination, self.point_code, selection, payload, service))
        return True

    def on_message(self, service: int, receive: Callable[[Msu], None]) -> None:
        assert service == SERVICE_SCCP
        self.receive = receive

    def on_status(self, changed: Callable[[int, bool], None]) -> None:
        self.changed.append(changed)

    def on_indication(self, told: Callable[[Status], None]) -> None:
        self.told.append(told)

    def pause(self, code: int) -> None:
        """MTP-PAUSE."""
        self.away.add(code)
        for changed in self.changed:
            changed(code, False)

    def resume(self, code: int) -> None:
        """MTP-RESUME."""
        self.away.discard(code)
        for changed in self.changed:
            changed(code, True)

    def indicate(self, status: Status) -> None:
        """MTP-STATUS."""
        for told in self.told:
            told(status)


class Scene:
    """Nodes of SCCP on wires, each with one subsystem that keeps a diary."""

    def __init__(
        self,
        plans: dict[int, SccpPlan],
        users: Iterable[int] = (SSP, SCP),
        variant: Variant = ITU,
    ) -> None:
        self.clock = VirtualClock()
        self.wires = Wires(self.clock)
        self.nodes = {
            code: SccpNode(self.wires.port(code), self.clock, plan, variant)
            for code, plan in plans.items()
        }
        self.diaries = {code: Diary() for code in users if code in plans}
        for code, diary in self.diaries.items():
            self.nodes[code].register(INAP, diary)
        self.pass_time()

    def pass_time(self, time_us: int = 100 * DELAY_US) -> None:
        self.clock.advance_us(time_us)


class SignallingNetwork:
    """An SSP, a mated pair of STPs and two SCPs, linked as in figure 1, with SCCP everywhere."""

    def __init__(self, plans: dict[str, SccpPlan], tap: Tap | None = None) -> None:
        self.clock = VirtualClock()
        self.codes = codes = {
            "ssp": SSP,
            "stp-68": STP68,
            "stp-70": STP70,
            "scp": SCP,
            "backup": BACKUP,
        }
        self.mtp: dict[str, Mtp3Node] = {}
        for name, code in codes.items():
            if name.startswith("stp"):
                mate = STP70 if code == STP68 else STP68
                self.mtp[name] = TransferPoint(name, code, self.clock, mate)
            else:
                self.mtp[name] = Mtp3Node(name, code, self.clock)
        self.links: dict[str, InProcessLink] = {}
        ends = [(end, stp) for end in ("ssp", "scp", "backup") for stp in ("stp-68", "stp-70")]
        for one, other in [*ends, ("stp-68", "stp-70")]:
            link = InProcessLink((one, other), self.clock, tap or NoTap(), DELAY_US)
            self.mtp[one].attach(link.end(one), codes[other])
            self.mtp[other].attach(link.end(other), codes[one])
            self.links[f"{one}/{other}"] = link
        for name in ("ssp", "scp", "backup"):
            for other, code in codes.items():
                if other != name:
                    self.mtp[name].set_route(code, (STP68, STP70))
        self.sccp = {
            name: SccpNode(node, self.clock, plans.get(name)) for name, node in self.mtp.items()
        }
        self.diaries = {name: Diary() for name in ("ssp", "scp", "backup")}
        for name, diary in self.diaries.items():
            self.sccp[name].register(INAP, diary)
        self.pass_time()

    def pass_time(self, time_us: int = 1_000 * DELAY_US) -> None:
        self.clock.advance_us(time_us)
