"""Telephones on real switches, signalling and voice, on the virtual clock: ordinary calls alone."""

import pytest

from calleq.journal.memory import MemoryJournal
from calleq.lines.plants import InProcessLines
from calleq.media.prompts import NominalPrompts
from calleq.media.virtual import VirtualVoice
from calleq.osn.in_process import InProcessBus
from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import NoTap
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.links import InProcessLink
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.ssp.switch import SwitchService
from calleq.telephones.diary import Diary, DiaryCall
from calleq.telephones.house import Telephones
from calleq.telephones.table import State
from calleq.topology import load_topology, parse_point_code

SECOND = 1_000_000
PERSON = "+12125550100"
BUSY = "+12125550101"
UNALLOCATED = "+12125550103"
REJECTS = "+12125550107"
CONGESTED = "+12125550108"
DIAL_UP = "+12125550110"
MOBILE = "+12125550111"
REPRESENTATIVE = "+12125550143"
ISP = "+12125550190"


class Figure1:
    """Switches, transfer points and telephones of figure 1; no peripheral and no door."""

    def __init__(self) -> None:
        self.clock = clock = VirtualClock(1_700_000_000 * SECOND)
        topology = load_topology()
        tap = NoTap()
        lines = InProcessLines(clock, 0, tap)
        voice = VirtualVoice(clock, NominalPrompts())
        bus, journal = InProcessBus(clock, 0, tap), MemoryJournal(clock)
        points = {point.name: point for point in topology.transfer_points}
        switches = {switch.name: switch for switch in topology.switches}
        codes = {
            name: parse_point_code(node.point_code) for name, node in (points | switches).items()
        }
        nodes: dict[str, Mtp3Node] = {
            name: TransferPoint(name, codes[name], clock, codes[point.mate])
            for name, point in points.items()
        }
        nodes |= {name: Mtp3Node(name, codes[name], clock) for name in switches}
        for link in topology.links:
            if set(link.ends) <= set(nodes):
                wire = InProcessLink(link.ends, clock, tap, link.delay_us)
                one, other = link.ends
                nodes[one].attach(wire.end(one), codes[other])
                nodes[other].attach(wire.end(other), codes[one])
        for name, node in nodes.items():
            for other in switches.keys() - {name}:
                relays = tuple(codes[point] for point in points)
                node.set_route(codes[other], (codes[other],) if name in points else relays)
        for name in switches:
            trunks = [
                Trunk(group.name, far, codes[far], group.first, group.circuits)
                for group in topology.trunks
                if name in group.ends
                for far in set(group.ends) - {name}
                if far in switches
            ]
            SwitchService(
                topology,
                name,
                exchange=IsupExchange(name, codes[name], nodes[name], tuple(trunks), clock),
                lines=lines,
                voice=voice,
                bus=bus,
                journal=journal,
                clock=clock,
            )
        self.diary = Diary(clock)
        self.telephones = Telephones(topology, lines, voice, clock, self.diary)
        self.telephones.start()
        self.wait(10)
        self.start = {number: len(self.diary.calls(number)) for number in self.telephones.numbers}

    def wait(self, seconds: float) -> None:
        self.clock.advance_us(round(seconds * SECOND))

    def call_of(self, number: str) -> DiaryCall:
        """The one call a telephone had since the network was up."""
        (call,) = self.diary.calls(number)[self.start[number] :]
        return call


@pytest.fixture
def figure1() -> Figure1:
    return Figure1()


@pytest.mark.parametrize("called", [REPRESENTATIVE, MOBILE, "+12125550106"])
def test_two_people_talk_and_hang_up(figure1: Figure1, called: str) -> None:
    figure1.telephones.dial(PERSON, called)
    figure1.wait(60)
    dialled, rung = figure1.call_of(PERSON), figure1.call_of(called)
    assert rung.far == PERSON
    assert rung.ring_us == (25 if called.endswith("06") else 4) * SECOND
    for call in (dialled, rung):
        assert call.talk_us is not None
        assert 5 * SECOND <= call.talk_us < 6 * SECOND
        assert call.ended is not None
        assert call.ended.cause == 16
    assert "hears" in figure1.diary.events(PERSON)
    for number in (PERSON, called):
        assert figure1.telephones.telephone(number).state is State.ON_HOOK


@pytest.mark.parametrize(
    ("called", "cause", "tone"),
    [
        (BUSY, 17, "tone:busy"),
        (DIAL_UP, 17, "tone:busy"),
        (REJECTS, 21, "tone:"),
        (UNALLOCATED, 1, "tone:unobtainable"),
        (CONGESTED, 42, "tone:congestion"),
    ],
)
def test_a_caller_hears_why_nobody_answers(
    figure1: Figure1, called: str, cause: int, tone: str
) -> None:
    figure1.telephones.dial(PERSON, called)
    figure1.wait(10)
    call = figure1.call_of(PERSON)
    assert call.ended is not None
    assert call.ended.cause == cause
    heard = [entry.detail for entry in figure1.diary.entries(PERSON) if entry.event == "hears"]
    assert any(detail.startswith(tone) for detail in heard)
    assert figure1.telephones.telephone(PERSON).state is State.ON_HOOK


@pytest.mark.row("S2-83", part=True)
@pytest.mark.row("S2-84", part=True)
def test_a_dial_up_line_is_occupied_by_a_call_through_the_network(figure1: Figure1) -> None:
    assert figure1.telephones.are_computers_online
    assert figure1.telephones.telephone(DIAL_UP).state is State.TALKING
    assert figure1.telephones.telephone(ISP).far == DIAL_UP
    figure1.wait(3_600)
    assert figure1.telephones.are_computers_online
