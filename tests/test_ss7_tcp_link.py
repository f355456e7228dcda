"""Links over TCP on loopback: nodes with connections of their own, in one loop."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.tap import NoTap
from calleq.ss7 import m2pa, tcp_link
from calleq.ss7.isup.contract import Circuit, CircuitUser
from calleq.ss7.isup.exchange import IsupExchange
from calleq.ss7.isup.messages import Cause, Iam
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.links import LinkEnd
from calleq.ss7.m2pa import Session
from calleq.ss7.node import Mtp3Node
from calleq.ss7.tcp_link import TcpConnector, TcpListener
from calleq.ss7.transfer_point import TransferPoint
from tests.ss7_network import CALLED, CALLING, PC62, PC64, PC68, Party, WireTap

PATIENCE_S = 10.0
LOOK_EVERY_S = 0.001


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
        self.listener = TcpListener("stp-68", clock, self.tap)
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
            connector = self.connectors[name] = TcpConnector(name, "stp-68", link, clock, self.tap)
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
        await until(lambda: all(end.in_service for end in self.ends))

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
        connection = end._connection
        assert connection is not None
        connection.wire.write(b"GET / HTTP/1.1\r\nHost: stp-68\r\n\r\n")
        near_end = network.listener.end_of("ssp-62")
        await until(lambda: near_end.malformed == 1 and end.interruptions == 1)
        await network.comes_into_service()
        await network.a_call_completes()

    run(test)


def test_an_unknown_node_is_refused_and_a_known_one_replaces_its_old_connection() -> None:
    async def test(network: TcpNetwork) -> None:
        await network.starts()
        stranger = Session("ssp-99", connects=True)
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        writer.write(b"".join(stranger.outgoing))
        assert await read_to_end(reader) == b""
        writer.close()
        assert network.listener.refused == 1

        network.connectors["ssp-62"].stop()
        near_end = network.listener.end_of("ssp-62")
        await until(lambda: not near_end.in_service)
        for interruptions in (1, 2):
            reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
            again = Session("ssp-62", connects=True)
            writer.write(b"".join(again.outgoing))
            again.outgoing.clear()
            again.receive(await reader.readexactly(46))
            writer.write(b"".join(again.outgoing))
            await until(
                lambda number=interruptions: (
                    near_end.in_service and near_end.interruptions == number
                )
            )
        await network.stops()
        assert await read_to_end(reader) == b""
        writer.close()

    run(test)


def test_a_connection_that_never_proves_itself_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tcp_link, "PROVING_LIMIT_US", 20_000)

    async def test(network: TcpNetwork) -> None:
        await network.starts()
        reader, writer = await asyncio.open_connection("127.0.0.1", network.port)
        assert await read_to_end(reader) == b""
        writer.close()
        assert all(end.in_service for end in network.ends)

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


def test_a_far_end_that_acknowledges_nothing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m2pa, "OUTSTANDING_LIMIT", 100)
    monkeypatch.setattr(tcp_link, "ACKNOWLEDGE_AFTER", 1_000_000)
    monkeypatch.setattr(tcp_link, "ACKNOWLEDGE_DELAY_US", 60_000_000)

    async def test(network: TcpNetwork) -> None:
        await network.starts()
        end = network.connectors["ssp-62"].end
        assert [end.send(b"\x83too short") for _ in range(102)] == [True] * 100 + [False] * 2
        assert not end.in_service
        await until(lambda: end.interruptions == 1)
        await network.comes_into_service()

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
