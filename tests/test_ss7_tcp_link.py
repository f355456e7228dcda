"""Links over TCP on loopback: nodes with connections of their own, in one loop."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import NoTap
from calleq.ss7 import tcp_link
from calleq.ss7.isup.contract import Circuit, CircuitUser
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.messages import Cause, Iam
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.links import LinkEnd
from calleq.ss7.m2pa import Bounds, Deframer, Session, Timers
from calleq.ss7.m2pa.frames import Status, status_frame
from calleq.ss7.node import Mtp3Node
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.ss7.transfer_point import TransferPoint
from tests.ss7_network import CALLED, CALLING, PC62, PC64, PC68, Party, WireTap

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.001
QUICK = Timers(t4_emergency_us=20_000, pause_us=10_000, repeat_us=10_000)


async def until(happened: Callable[[], bool]) -> None:
    """Let the loop run until real sockets have brought something about."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(LOOK_EVERY_S)


def run(test: Callable[["TcpNetwork"], Awaitable[None]]) -> None:
    """Run a test on a loop and a reactor of its own, and leave nothing behind."""

    async def main() -> None:
        reactor = start_guest()
        network = TcpNetwork(reactor, LoopClock(asyncio.get_running_loop()))
        await test(network)
        await network.stops()
        await stop_guest(reactor)

    asyncio.run(main())


class TcpNetwork:
    """Exchanges 62 and 64, each connected to transfer point 68 over TCP."""

    def __init__(self, reactor: GuestReactor, clock: LoopClock) -> None:
        self.reactor = reactor
        self.clock = clock
        self.port = 0
        self.tap = WireTap()
        self.diary: list[str] = []
        self.stp = TransferPoint("stp-68", PC68, clock)
        self.listener = TcpListener("stp-68", clock, self.tap, QUICK)
        self.connectors: dict[str, TcpConnector] = {}
        self.exchanges: dict[str, IsupExchange] = {}
        self.nodes: dict[str, Mtp3Node] = {}
        self.ends: list[LinkEnd] = []
        for name, own, far_name, far in (
            ("ssp-62", PC62, "ssp-64", PC64),
            ("ssp-64", PC64, "ssp-62", PC62),
        ):
            link = f"{name}/stp-68"
            near_end = self.listener.end(name, link)
            self.stp.attach(near_end, own)
            node = self.nodes[name] = Mtp3Node(name, own, clock)
            connector = self.connectors[name] = TcpConnector(
                TcpEnd(link, name, "stp-68", clock, self.tap, timers=QUICK)
            )
            self.ends += [near_end, connector.end]
            node.attach(connector.end, PC68)
            node.set_route(far, (PC68,))
            trunks = (Trunk("62-64", far_name, far),)
            self.exchanges[name] = IsupExchange(name, own, node, trunks, clock)
        self.exchanges["ssp-64"].on_set_up(self._arrives)

    def _arrives(self, circuit: Circuit, iam: Iam) -> CircuitUser:
        self.clock.call_later_us(0, circuit.alerting)
        self.clock.call_later_us(0, circuit.answer)
        return Party("b", self.diary)

    async def starts(self) -> None:
        self.port = self.listener.listen(self.reactor, 0)
        for connector in self.connectors.values():
            connector.start(self.reactor, "127.0.0.1", self.port)
        await self.comes_into_service()

    async def comes_into_service(self) -> None:
        await until(
            lambda: (
                all(end.in_service for end in self.ends)
                and self.nodes["ssp-62"].accessible(PC64)
                and self.nodes["ssp-64"].accessible(PC62)
            )
        )

    async def goes_out_of_service(self) -> None:
        await until(lambda: not any(end.in_service for end in self.ends))

    async def listener_stops(self) -> None:
        await self.listener.stop().asFuture(asyncio.get_running_loop())
        await self.goes_out_of_service()

    async def stops(self) -> None:
        for connector in self.connectors.values():
            connector.stop()
        await self.listener_stops()

    async def a_call_completes(self) -> None:
        self.diary.clear()
        circuit = self.exchanges["ssp-62"].seize("62-64")
        assert circuit is not None
        self.exchanges["ssp-62"].send_iam(circuit, CALLED, CALLING, Party("a", self.diary))
        await until(lambda: "a answered" in self.diary)
        circuit.release(Cause(16))
        await until(lambda: self.diary[-1] == "a cleared")
        assert self.diary == [
            "a alerting",
            "a answered",
            "b released 16",
            "b cleared",
            "a cleared",
        ]


def test_a_call_crosses_the_transfer_point_and_its_octets_are_tapped_once_each() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        await network.a_call_completes()
        tap = network.tap
        assert tap.names("ssp-62/stp-68", "ssp-62") == ["IAM", "REL"]
        assert tap.names("ssp-64/stp-68", "stp-68") == ["IAM", "REL"]
        assert tap.names("ssp-64/stp-68", "ssp-64") == ["ACM", "ANM", "RLC"]
        assert tap.names("ssp-62/stp-68", "stp-68") == ["ACM", "ANM", "RLC"]

    run(test)


def test_when_the_transfer_point_starts_again_its_nodes_come_back_by_themselves() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        told: list[tuple[int, bool]] = []
        network.nodes["ssp-62"].on_status(lambda *status: told.append(status))
        watched: list[tuple[str, bool]] = []
        end = network.connectors["ssp-62"].end
        end.watch = lambda end: watched.append((end.link, end.in_service))
        await network.listener_stops()
        assert sorted(told) == sorted([(PC64, False), (PC68, False)])
        circuit = network.exchanges["ssp-62"].seize("62-64")
        assert circuit is not None
        user = Party("a", network.diary)
        network.exchanges["ssp-62"].send_iam(circuit, CALLED, CALLING, user)
        await until(lambda: network.diary == ["a released 38", "a cleared"])
        await until(lambda: network.connectors["ssp-62"].attempts > 2)
        network.listener.listen(network.reactor, network.port)
        await network.comes_into_service()
        assert sorted(told[2:]) == sorted([(PC64, True), (PC68, True)])
        assert watched == [("ssp-62/stp-68", False), ("ssp-62/stp-68", True)]
        await network.a_call_completes()

    run(test)


def test_nodes_may_start_before_the_transfer_point_listens() -> None:
    async def test(network: TcpNetwork) -> None:
        port = network.listener.listen(network.reactor, 0)
        await network.listener_stops()
        for connector in network.connectors.values():
            connector.start(network.reactor, "127.0.0.1", port)
        await until(lambda: all(c.attempts > 1 for c in network.connectors.values()))
        network.listener.listen(network.reactor, port)
        await network.comes_into_service()
        assert all(one.end.in_service for one in network.connectors.values())

    run(test)


def test_a_malformed_frame_closes_the_link_and_it_comes_back() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        end = network.connectors["ssp-62"].end
        connection = end._serving
        assert connection is not None
        connection.wire.write(b"GET / HTTP/1.1\r\nHost: stp-68\r\n\r\n")
        near_end = network.listener.end_of("ssp-62")
        await until(lambda: near_end.malformed == 1 and end.interruptions == 1)
        await network.comes_into_service()
        await network.a_call_completes()

    run(test)


def proving(name: str) -> bytes:
    """What a node says that is done aligning, the first time it says who it is."""
    return status_frame(0xFFFFFF, 0xFFFFFF, Status.PROVING_EMERGENCY, name.encode())


def test_an_unknown_node_is_refused() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        writer.write(proving("ssp-99"))
        await read_to_end(reader)
        writer.close()
        assert network.listener.refused == 1
        assert all(end.in_service for end in network.ends)

    run(test)


def test_a_node_that_starts_again_takes_the_place_of_its_old_connection() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        near_end = network.listener.end_of("ssp-62")
        told: list[bool] = []
        near_end.watch = lambda end: told.append(end.in_service)
        for turn in (1, 2):
            end = TcpEnd("ssp-62/stp-68", "ssp-62", "stp-68", network.clock, NoTap(), timers=QUICK)
            again = network.connectors[f"again {turn}"] = TcpConnector(end)
            again.start(network.reactor, "127.0.0.1", network.port)
            await until(lambda end=end, turn=turn: end.in_service and len(told) == 2 * turn)
            # What was there before connects anew, and would take its place in turn.
            network.connectors["ssp-62" if turn == 1 else "again 1"].stop()
        assert told == [False, True] * 2
        assert near_end.interruptions == 2

    run(test)


def test_a_connection_that_never_says_whose_it_is_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tcp_link, "NAMING_LIMIT_US", 200_000)

    async def test(network: TcpNetwork) -> None:
        await network.starts()
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        await read_to_end(reader)
        writer.close()
        assert all(end.in_service for end in network.ends)

    run(test)


def test_a_foreign_node_is_known_by_its_address_and_told_no_name() -> None:
    """RFC 4165 §4.1.3: the filler of a proving is nobody's business."""

    async def test(network: TcpNetwork) -> None:
        clock = network.clock
        listener = TcpListener("ssp-64", clock, NoTap())
        near = TcpEnd("far/ssp-64", "ssp-64", "far", clock, NoTap(), foreign=True, timers=QUICK)
        listener.expect(near, "127.0.0.1")
        arrived: list[bytes] = []
        near.attach(arrived.append, lambda state: None)
        far = TcpEnd("far/ssp-64", "far", "ssp-64", clock, NoTap(), foreign=True, timers=QUICK)
        connector = TcpConnector(far)
        connector.start(network.reactor, "127.0.0.1", listener.listen(network.reactor, 0))
        await until(lambda: near.in_service and far.in_service)
        assert far.send(b"\x85unit")
        await until(lambda: arrived == [b"\x85unit"])
        connector.stop()
        await listener.stop().asFuture(asyncio.get_running_loop())
        await until(lambda: not near.in_service)

    run(test)


def test_a_foreign_node_from_another_address_is_refused() -> None:
    async def test(network: TcpNetwork) -> None:
        listener = TcpListener("ssp-64", network.clock, NoTap())
        near = TcpEnd("far/ssp-64", "ssp-64", "far", network.clock, NoTap(), foreign=True)
        listener.expect(near, "192.0.2.1")
        port = listener.listen(network.reactor, 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(proving("nobody"))
        await read_to_end(reader)
        writer.close()
        assert listener.refused == 1
        await listener.stop().asFuture(asyncio.get_running_loop())

    run(test)


def test_connections_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_link, "CONNECTIONS_LIMIT", 2)

    async def test(network: TcpNetwork) -> None:
        await network.starts()
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        assert await read_to_end(reader) == b""
        writer.close()
        assert network.listener.refused == 1
        await network.a_call_completes()

    run(test)


class Silent:
    """A foreign node that aligns and takes units, and then acknowledges none of them."""

    def __init__(self, clock: LoopClock, writer: asyncio.StreamWriter) -> None:
        self.session = Session(clock, self, timers=QUICK)
        self.writer = writer
        self.taken: list[bytes] = []

    async def listens(self, reader: asyncio.StreamReader) -> None:
        self.session.connected()
        deframer = Deframer()
        while data := await reader.read(1_000):
            for frame in deframer.frames(data):
                self.session.flow.frame(frame)
        self.session.disconnected()

    def put(self, frame: bytes) -> None:
        if len(frame) > 16:
            self.writer.write(frame)

    def put_unit(self, frame: bytes, octets: bytes) -> None:
        self.put(frame)

    def deliver(self, octets: bytes) -> None:
        self.taken.append(octets)

    def changed(self, in_service: bool) -> None:
        """Whatever."""

    def congested(self, level: int) -> None:
        """Whatever."""

    def named(self, name: str) -> None:
        raise AssertionError(f"told the name {name}")


def test_a_far_end_that_acknowledges_nothing_is_given_up_and_its_units_are_retrieved() -> None:
    """T7; what a far end had not acknowledged it says itself at changeover (Q.704 §5.6)."""

    async def test(network: TcpNetwork) -> None:
        far: list[Silent] = []

        async def answers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            far.append(Silent(network.clock, writer))
            await far[-1].listens(reader)

        server = await asyncio.start_server(answers, "127.0.0.1", 0)
        timers = Timers(t4_emergency_us=20_000, t7_us=150_000, acknowledge_us=50_000)
        end = TcpEnd("a/far", "a", "far", network.clock, NoTap(), foreign=True, timers=timers)
        levels: list[int] = []
        end.on_congestion(levels.append)
        connector = TcpConnector(end)
        connector.start(network.reactor, "127.0.0.1", server.sockets[0].getsockname()[1])
        await until(lambda: end.in_service)
        limit = Bounds().limit
        units = [number.to_bytes(4) for number in range(limit)]
        assert all(end.send(octets) for octets in units)
        assert not end.send(b"one too many")
        assert end.congestion == 3
        await until(lambda: end.interruptions == 1)
        assert len(far[0].taken) == Bounds().window
        last = far[0].session.last_received()
        assert end.retrieve(last) == units[last + 1 :]
        assert end.retrieve(last) == []
        await until(lambda: levels == [1, 2, 3, 0])
        await until(lambda: end.in_service)
        connector.stop()
        server.close()
        await until(lambda: not end.in_service)

    run(test)


def test_a_steady_one_way_stream_is_acknowledged_and_arrives_in_order() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        arrived: list[bytes] = []
        network.listener.end_of("ssp-62").attach(arrived.append, lambda state: None)
        end = network.connectors["ssp-62"].end
        sent = [number.to_bytes(4) for number in range(20_000)]
        for start in range(0, len(sent), 500):
            assert all(end.send(octets) for octets in sent[start : start + 500])
            await until(lambda size=start + 500: len(arrived) == size)
        assert arrived == sent

    run(test)


def test_one_node_is_expected_once() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        with pytest.raises(ValueError, match="ssp-62 is expected already"):
            network.listener.end("ssp-62", "ssp-62/stp-68")
        assert TcpListener("stp-70", network.clock, NoTap()).end("ssp-62", "x").in_service is False

    run(test)


async def read_to_end(reader: asyncio.StreamReader) -> bytes:
    """What comes before the far end closes; a reset is an end as well."""
    try:
        return await asyncio.wait_for(reader.read(), PATIENCE_S)
    except ConnectionResetError:
        return b""


def test_two_links_of_one_node_are_told_apart_by_their_codes() -> None:
    async def test(network: TcpNetwork) -> None:
        near = network.listener.end("ssp-62", "ssp-62/stp-68/5", 5)
        network.stp.attach(near, PC62, 5)
        far = TcpEnd(
            "ssp-62/stp-68/5", "ssp-62", "stp-68", network.clock, network.tap, timers=QUICK, slc=5
        )
        network.nodes["ssp-62"].attach(far, PC68, 5)
        network.connectors["second"] = TcpConnector(far)
        network.ends += [near, far]
        await network.starts()
        assert network.listener.end_of("ssp-62", 5) is near
        links = network.nodes["ssp-62"].snapshot().links
        await until(
            lambda: (
                {link.state for link in network.nodes["ssp-62"].snapshot().links} == {"in traffic"}
            )
        )
        assert [(link.name, link.code) for link in links] == [
            ("ssp-62/stp-68", 0),
            ("ssp-62/stp-68/5", 5),
        ]

    run(test)
