"""A signalling network that carries numbered messages: what is lost, doubled or overtaken shows.

The end points are 62, 64 and 66, the transfer points 68 and 70. Every selection of each pair of end
points carries a row of numbers, so that each can be followed by itself.
"""

from collections import defaultdict
from itertools import permutations

from calleq.runtime.clock import VirtualClock
from calleq.ss7 import mtp3_codec
from calleq.ss7.level3.timers import Mtp3Timers
from calleq.ss7.links import InProcessLink
from calleq.ss7.mtp3 import SERVICE_ISUP, SERVICE_MANAGEMENT, Msu
from calleq.ss7.mtp3_management import Management
from calleq.ss7.mtp3_management_codec import from_msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.topology import parse_point_code
from calleq.units import MILLISECOND_US
from tests.ss7_network import PC62, PC64, PC68, PC70, WireTap

PC66 = parse_point_code("2-66-1")
CODES = {"ssp-62": PC62, "ssp-64": PC64, "ssp-66": PC66, "stp-68": PC68, "stp-70": PC70}
NAMES = {code: name for name, code in CODES.items()}
END_POINTS = ("ssp-62", "ssp-64", "ssp-66")
READY_US = 20 * MILLISECOND_US
Flow = tuple[str, str, int]
"""Sender, receiver, selection."""


class Traffic:
    """The network, its numbered traffic, and what has become of it."""

    def __init__(
        self,
        links_per_set: int = 1,
        delay_us: int = MILLISECOND_US,
        timers: Mtp3Timers | None = None,
        selections: int = 16,
        direct_links: int = 0,
    ) -> None:
        """`direct_links`: so many between 62 and 64, which are taken first."""
        self.selections = selections
        self.clock = VirtualClock()
        self.tap = WireTap()
        self.nodes: dict[str, Mtp3Node] = {
            name: TransferPoint(
                name, code, self.clock, PC70 if code == PC68 else PC68, timers=timers
            )
            if name.startswith("stp")
            else Mtp3Node(name, code, self.clock, timers=timers)
            for name, code in CODES.items()
        }
        self.links: dict[str, InProcessLink] = {}
        pairs = [(end, stp) for end in END_POINTS for stp in ("stp-68", "stp-70")]
        for one, other in (*pairs, ("stp-68", "stp-70")):
            for number in range(links_per_set):
                self._link(one, other, number, delay_us)
        for number in range(direct_links):
            self._link("ssp-62", "ssp-64", number, delay_us)
        self.sent: dict[Flow, list[int]] = defaultdict(list)
        self.arrived: dict[Flow, list[int]] = defaultdict(list)
        self.told: list[tuple[str, str, bool]] = []
        for name in END_POINTS:
            node = self.nodes[name]
            node.set_route(PC68, (PC70,))
            node.set_route(PC70, (PC68,))
            for other in END_POINTS:
                if other != name:
                    node.set_route(CODES[other], (PC68, PC70))
            node.on_message(SERVICE_ISUP, lambda msu, name=name: self._arrives(name, msu))
            node.on_status(lambda code, state, name=name: self._told(name, code, state))
        self.clock.advance_us(READY_US)
        self.told.clear()
        self.numbers = 0

    def _link(self, one: str, other: str, number: int, delay_us: int) -> None:
        link = InProcessLink((one, other), self.clock, self.tap, delay_us, slc=number)
        self.links[f"{one}/{other}/{number}"] = link
        self.nodes[one].attach(link.end(one), CODES[other], number)
        self.nodes[other].attach(link.end(other), CODES[one], number)

    def _told(self, name: str, code: int, state: bool) -> None:
        self.told.append((name, NAMES[code], state))

    def _arrives(self, name: str, msu: Msu) -> None:
        flow = (NAMES[msu.origin], name, msu.selection)
        self.arrived[flow].append(int.from_bytes(msu.payload, "big"))

    def send(self, sender: str, receiver: str, selection: int) -> bool:
        """Send the next number of a flow."""
        self.numbers += 1
        node = self.nodes[sender]
        taken = node.transfer(CODES[receiver], selection, self.numbers.to_bytes(4, "big"))
        if taken:
            self.sent[sender, receiver, selection].append(self.numbers)
        return taken

    def send_all(self) -> None:
        """One number on every flow."""
        for sender, receiver in permutations(END_POINTS, 2):
            for selection in range(self.selections):
                self.send(sender, receiver, selection)

    def carry(self, length_us: int, every_us: int = 700) -> None:
        """Let time pass, with a number on every flow each `every_us`."""
        for _ in range(length_us // every_us):
            self.send_all()
            self.clock.advance_us(every_us)
        self.clock.advance_us(length_us % every_us)

    def management(self, sender: str, receiver: str) -> list[Management]:
        """The messages of level 3 seen between two neighbours, link tests left out."""
        units = [
            mtp3_codec.decode(octets)
            for _, seen_sender, seen_receiver, octets, _ in self.tap.seen
            if (seen_sender, seen_receiver) == (sender, receiver)
        ]
        return [from_msu(unit) for unit in units if unit.service == SERVICE_MANAGEMENT]

    def stp_fails(self, name: str) -> None:
        """Every link of a transfer point is cut."""
        for link, wire in self.links.items():
            if name in link.split("/"):
                wire.fail()

    def stp_returns(self, name: str) -> None:
        """Every link of a transfer point is whole again."""
        for link, wire in self.links.items():
            if name in link.split("/"):
                wire.restore()

    def faults(self) -> list[str]:
        """Every flow whose numbers did not all arrive once and in order."""
        return [
            f"{flow}: {_what(numbers, self.arrived[flow])}"
            for flow, numbers in self.sent.items()
            if numbers != self.arrived[flow]
        ]


def _what(sent: list[int], arrived: list[int]) -> str:
    lost = sorted(set(sent) - set(arrived))
    twice = sorted({number for number in arrived if arrived.count(number) > 1})
    return f"lost {lost[:5]}, twice {twice[:5]}, in order {arrived == sorted(arrived)}"
