"""Several associations for one link set: processes that share traffic, and several gateways."""

import asyncio

import pytest

from calleq.runtime.clock import LoopClock, VirtualClock
from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.tap import NoTap
from calleq.ss7.links import InProcessLink
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua import tcp
from calleq.ss7.m3ua.asp import AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.ends import gateway_end, server_end
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.m3ua.network import tell_each_other
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.transfer_point import TransferPoint
from calleq.units import SECOND_US
from tests.ss7_network import PC62, PC64, PC68, PC70
from tests.test_ss7_m3ua_associations import Cable
from tests.test_ss7_tcp_link import until

SETTLE_US = 65 * SECOND_US
HALVES = ({0, 2, 4, 6, 8, 10, 12, 14}, {1, 3, 5, 7, 9, 11, 13, 15})


def gateway_of(clock: VirtualClock, mode: m.TrafficMode) -> tuple[Gateway, ApplicationServer]:
    """A gateway that has 62's traffic to give."""
    gateway = Gateway(clock, lambda code: Destination.UNKNOWN)
    server = ApplicationServer("ssp-62", 62, PC62, clock, traffic_mode=mode)
    gateway.add(server)
    return gateway, server


def asked_for(mode: m.TrafficMode) -> AspSettings:
    return AspSettings(routing_contexts=(62,), traffic_mode=mode)


def selections(cable: Cable, sender: str) -> list[int]:
    """The selections of the DATA that crossed an association, in order."""
    return [one.selection for who, one in cable.seen if who == sender and isinstance(one, m.Data)]


class TwoProcesses:
    """62 is a pair of processes, each a machine of its own, behind gateway 68; 64 beyond it."""

    def __init__(self, mode: m.TrafficMode) -> None:
        self.clock = VirtualClock()
        tap = NoTap()
        gateway, self.server = gateway_of(self.clock, mode)
        stp = TransferPoint("stp-68", PC68, self.clock)
        far_end = server_end(
            ("ssp-62/stp-68", "stp-68", "ssp-62"), self.clock, tap, self.server, gateway
        )
        stp.attach(far_end, PC62)
        tell_each_other(stp, far_end, PC62)
        link = InProcessLink(("ssp-64", "stp-68"), self.clock, tap, 1_000)
        stp.attach(link.end("stp-68"), PC64)
        self.far = Mtp3Node("ssp-64", PC64, self.clock)
        self.far.attach(link.end("ssp-64"), PC68)
        self.far.set_route(PC62, (PC68,))
        self.cables: list[Cable] = []
        self.machines: list[Mtp3Node] = []
        self.got: list[list[Msu]] = [[], []]
        self.far_got: list[Msu] = []
        self.far.on_message(SERVICE_ISUP, self.far_got.append)
        for number in range(2):
            process = Association(self.clock, asp=asked_for(mode))
            self.cables.append(Cable(self.clock, process, Association(self.clock, gateway=gateway)))
            machine = Mtp3Node("ssp-62", PC62, self.clock)
            end = gateway_end(("ssp-62/stp-68", "ssp-62", "stp-68"), self.clock, tap, process)
            machine.attach(end, PC68)
            machine.set_route(PC64, (PC68,))
            tell_each_other(machine, end, PC68)
            machine.on_message(SERVICE_ISUP, self.got[number].append)
            self.machines.append(machine)
            self.cables[number].connect()
            self.clock.advance_us(SETTLE_US)

    def from_far(self) -> list[set[int]]:
        """64 sends one message of every selection to 62: which machine got which."""
        for got in self.got:
            got.clear()
        for selection in range(16):
            assert self.far.transfer(PC62, selection, b"x")
        self.clock.advance_us(SECOND_US)
        return [{unit.selection for unit in got} for got in self.got]


def test_processes_that_share_the_load_have_it_by_selection_and_one_takes_all_when_the_other_goes():
    scene = TwoProcesses(m.TrafficMode.LOADSHARE)
    assert scene.from_far() == list(HALVES)
    for machine in scene.machines:
        assert machine.transfer(PC64, 0, b"back"), "both may send"
    scene.clock.advance_us(SECOND_US)
    assert len(scene.far_got) == 2
    scene.cables[0].disconnect()
    scene.clock.advance_us(SECOND_US)
    assert scene.from_far() == [set(), set(range(16))]
    scene.cables[0].connect()
    scene.clock.advance_us(SETTLE_US)
    assert set.union(*scene.from_far()) == set(range(16))
    assert all(scene.got), "both again"


def test_of_processes_that_override_each_other_the_last_has_everything_and_the_first_stands_by():
    scene = TwoProcesses(m.TrafficMode.OVERRIDE)
    assert scene.from_far() == [set(), set(range(16))]
    assert not scene.machines[0].transfer(PC64, 0, b"not mine")
    scene.cables[1].disconnect()
    for selection in range(16):
        assert scene.far.transfer(PC62, selection, b"waits")
    scene.clock.advance_us(SECOND_US)
    assert {unit.selection for unit in scene.got[0]} == set(range(16)), "what waited, and no less"
    assert scene.server.discarded == 0
    assert scene.from_far() == [set(range(16)), set()]


class TwoGateways:
    """Process 62 has an association with each of two gateways, or two with one of them."""

    def __init__(self, mode: m.TrafficMode, codes: tuple[int, int]) -> None:
        self.clock = VirtualClock()
        tap = NoTap()
        self.node = Mtp3Node("ssp-62", PC62, self.clock)
        self.cables: list[Cable] = []
        self.arrived: list[list[m.Data]] = [[], []]
        for number, code in enumerate(codes):
            gateway, server = gateway_of(self.clock, mode)
            server.receive = self.arrived[number].append
            process = Association(self.clock, asp=asked_for(mode))
            cable = Cable(self.clock, process, Association(self.clock, gateway=gateway))
            names = (f"ssp-62/{code}/{number}", "ssp-62", str(code))
            end = gateway_end(names, self.clock, tap, process)
            self.node.attach(end, code)
            tell_each_other(self.node, end, code)
            self.cables.append(cable)
            cable.connect()
        self.node.set_route(PC64, tuple(dict.fromkeys(codes)))
        self.clock.advance_us(SETTLE_US)

    def send_all(self) -> list[list[int]]:
        """One message of every selection to 64; the selections that came over each association."""
        for arrived in self.arrived:
            arrived.clear()
        for selection in range(16):
            assert self.node.transfer(PC64, selection, b"x")
        self.clock.advance_us(3 * SECOND_US)
        return [[data.selection for data in arrived] for arrived in self.arrived]


@pytest.mark.parametrize("mode", [m.TrafficMode.OVERRIDE, m.TrafficMode.LOADSHARE])
@pytest.mark.parametrize("codes", [(PC68, PC70), (PC68, PC68)])
def test_traffic_is_shared_by_selection_between_associations_and_moves_when_one_is_lost(
    mode: m.TrafficMode, codes: tuple[int, int]
) -> None:
    scene = TwoGateways(mode, codes)
    one, other = scene.send_all()
    assert len(one) == len(other) == 8
    assert sorted(one + other) == list(range(16))
    scene.cables[0].disconnect()
    assert [sorted(each) for each in scene.send_all()] == [[], list(range(16))]
    scene.cables[0].connect()
    scene.clock.advance_us(SETTLE_US)
    again, rest = scene.send_all()
    assert (sorted(again), sorted(rest)) == (sorted(one), sorted(other)), "as before"
    assert not [data for cable in scene.cables for data in cable.seen if _is_management(data[1])]


def _is_management(message: m.Message) -> bool:
    return isinstance(message, m.Data) and message.service != SERVICE_ISUP


def test_a_gateway_that_listens_gives_every_process_that_comes_an_association_of_its_own():
    async def main() -> None:
        reactor = start_guest()
        clock = LoopClock(asyncio.get_running_loop())
        gateway = Gateway(clock, lambda code: Destination.UNKNOWN)
        server = ApplicationServer("as", 62, PC62, clock, traffic_mode=m.TrafficMode.LOADSHARE)
        gateway.add(server)
        listener = tcp.M3uaListener(tcp.as_they_come(clock, Association(clock, gateway=gateway)))
        port = listener.listen(reactor, 0)
        connectors = [
            tcp.M3uaConnector(Association(clock, asp=asked_for(m.TrafficMode.LOADSHARE)), clock)
            for _ in range(3)
        ]
        for connector in connectors:
            connector.start(reactor, "127.0.0.1", port)
        await until(lambda: len(server.active) == 3)
        connectors.pop().stop()
        await until(lambda: len(server.active) == 2)
        for connector in connectors:
            connector.stop()
        await until(lambda: not server.up)
        await listener.stop().asFuture(asyncio.get_running_loop())
        await stop_guest(reactor)

    asyncio.run(main())


def test_newcomers_are_bounded_and_a_peer_has_one_at_a_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp, "PROCESSES_LIMIT", 2)
    clock = VirtualClock()
    gateway, _ = gateway_of(clock, m.TrafficMode.LOADSHARE)
    for association, limit in (
        (Association(clock, gateway=gateway), 2),
        (Association(clock, gateway=gateway, asp=asked_for(m.TrafficMode.LOADSHARE)), 1),
    ):
        make = tcp.as_they_come(clock, association)
        for _ in range(limit):
            newcomer = make()
            assert newcomer is not None
            newcomer.connected(lambda octets: None, lambda: None)
        assert make() is None
        newcomer.lost()
        assert make() is newcomer, "its place is free again"
