"""Wires between processes over TLS: who may connect to whom, and what is refused."""

import asyncio
import pathlib
import socket
import ssl
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import pytest
from twisted.internet.protocol import Factory
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport

from calleq.cli.failure import UsageError
from calleq.cli.wires_secured import check_wires
from calleq.lines.tcp_lines import TcpLines, pack_frame
from calleq.osn.frames import Hello, encode_frame
from calleq.osn.tcp import TcpBus
from calleq.protection.authority import Issued, new_authority, new_certificate
from calleq.runtime import secure
from calleq.runtime.clock import LoopClock, VirtualClock
from calleq.runtime.guest import GuestReactor, start_guest, stop_guest
from calleq.runtime.secure import SecureWires, WireFiles, WireTlsError
from calleq.runtime.tap import NoTap
from calleq.runtime.tcp import Listener, Port, TcpReactor
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.topology import TopologyError, load_topology, parse_topology
from tests.live import ROOT

ELEMENTS = ("server-72", "ssp-62", "stp-68", "telephones")
PATIENCE_S = 30.0
NOW_US = time.time_ns() // 1_000


@dataclass
class Carrier:
    """An authority, and the files of its elements."""

    directory: pathlib.Path
    authority: Issued
    told: list[str] = field(default_factory=list)

    def issue(self, element: str, name: str = "") -> None:
        """Files for an element, with a certificate of that name."""
        issued = new_certificate(name or element, self.authority, NOW_US, 30)
        (self.directory / f"{element}.pem").write_bytes(issued.certificate_pem())
        (self.directory / f"{element}.key").write_bytes(issued.key_pem())

    def files(self, element: str) -> WireFiles:
        places = [str(self.directory / f"{{element}}.{kind}") for kind in ("pem", "key")]
        return WireFiles(element, *places, str(self.directory / "authority.pem"))

    def wires(
        self, reactor: TcpReactor, clock: LoopClock, places: dict[str, int], *elements: str
    ) -> SecureWires:
        """Of a process with those elements."""
        at = {port: name for name, port in places.items()}
        files = [self.files(element) for element in elements]
        return SecureWires(reactor, clock, files, lambda host, port: at[port], self.told.append)

    def context(self, element: str) -> ssl.SSLContext:
        """With which somebody shows an element's certificate, by Python's own TLS."""
        context = ssl.create_default_context(cafile=str(self.directory / "authority.pem"))
        context.check_hostname = False
        context.load_cert_chain(
            self.directory / f"{element}.pem", self.directory / f"{element}.key"
        )
        return context


def carrier(directory: pathlib.Path) -> Carrier:
    directory.mkdir(parents=True, exist_ok=True)
    made = Carrier(directory, new_authority("figure-1", NOW_US, 30))
    (directory / "authority.pem").write_bytes(made.authority.certificate_pem())
    for element in ELEMENTS:
        made.issue(element)
    return made


@pytest.fixture
def ours(tmp_path: pathlib.Path) -> Carrier:
    return carrier(tmp_path / "ours")


@pytest.fixture
def theirs(tmp_path: pathlib.Path) -> Carrier:
    return carrier(tmp_path / "theirs")


def on_guest(story: Callable[[GuestReactor, LoopClock], Awaitable[None]]) -> None:
    async def main() -> None:
        reactor = start_guest()
        try:
            await story(reactor, LoopClock(asyncio.get_running_loop()))
        finally:
            await stop_guest(reactor)

    asyncio.run(main())


async def until(happened: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.005)


async def heard(reader: asyncio.StreamReader) -> bytes:
    """What comes before the far end closes, however it does."""
    try:
        return await asyncio.wait_for(reader.read(1_000), PATIENCE_S)
    except ConnectionError:
        return b""


def free_ports(*names: str) -> dict[str, int]:
    with_sockets = [(name, socket.create_server(("127.0.0.1", 0))) for name in names]
    ports = {name: one.getsockname()[1] for name, one in with_sockets}
    for _, one in with_sockets:
        one.close()
    return ports


class Bench:
    """Server 72 and SSP 62 in processes of their own, each with the files of a carrier."""

    def __init__(self, reactor: GuestReactor, clock: LoopClock, near: Carrier, far: Carrier):
        self.ports = free_ports("server-72", "ssp-62")
        self.got: list[tuple[str, bytes]] = []
        self.wires: dict[str, SecureWires] = {}

        def bus(owner: Carrier, element: str) -> TcpBus:
            wires = self.wires[element] = owner.wires(reactor, clock, self.ports, element)
            place = lambda name: ("127.0.0.1", self.ports[name])  # noqa: E731
            made = TcpBus(reactor, clock, NoTap(), place, reactors=wires.of)
            made.attach(element, lambda sender, octets: self.got.append((sender, octets)))
            made.listen()
            return made

        self.server, self.switch = bus(near, "server-72"), bus(far, "ssp-62")

    async def close(self) -> None:
        for bus in (self.server, self.switch):
            await bus.close().asFuture(asyncio.get_running_loop())


def test_elements_of_one_carrier_talk(ours: Carrier) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, ours)
        for number in range(100):
            bench.server.send("server-72", "ssp-62", b"%d" % number)
        bench.switch.send("ssp-62", "server-72", b"back")
        await until(lambda: len(bench.got) == 101)
        sent = [octets for sender, octets in bench.got if sender == "server-72"]
        assert sent == [b"%d" % number for number in range(100)]
        assert ("ssp-62", b"back") in bench.got
        assert ours.told == []
        await bench.close()

    on_guest(story)


def test_an_element_of_another_carrier_is_neither_heard_nor_spoken_to(
    ours: Carrier, theirs: Carrier
) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, theirs)
        bench.server.send("server-72", "ssp-62", b"secret")
        bench.switch.send("ssp-62", "server-72", b"forged")
        await until(lambda: ours.told and theirs.told)
        assert bench.got == []
        assert any(line.startswith("wire of server-72 to ssp-62: ") for line in ours.told)
        assert "certificate verify failed" in "".join(ours.told)
        await bench.close()

    on_guest(story)


def test_whoever_has_another_element_s_certificate_is_not_spoken_to(ours: Carrier) -> None:
    """At the address of SSP 62 somebody waits who is of this carrier, and not SSP 62."""

    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, ours)
        read: list[bytes] = []

        async def wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                read.append(await reader.read(1_000))
            except ConnectionError:
                read.append(b"")
            writer.close()

        await bench.switch.close().asFuture(asyncio.get_running_loop())
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(ours.directory / "stp-68.pem", ours.directory / "stp-68.key")
        waiting = await asyncio.start_server(wait, "127.0.0.1", bench.ports["ssp-62"], ssl=context)
        bench.server.send("server-72", "ssp-62", b"secret")
        await until(lambda: ours.told)
        assert b"".join(read) == b""
        assert ours.told == [
            "wire of server-72 to ssp-62: whoever is there has the certificate of stp-68"
        ]
        waiting.close()
        await bench.close()

    on_guest(story)


@pytest.mark.parametrize("shown", ["stp-68", "server-72", None])
def test_who_says_to_be_another_element_is_cut_and_counted(
    ours: Carrier, shown: str | None
) -> None:
    """By Python's own TLS; None: somebody who shows no certificate."""

    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, ours)
        context = ours.context(shown) if shown else ssl._create_unverified_context()
        port = bench.ports["ssp-62"]
        reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=context)
        writer.write(encode_frame(Hello("server-72", "ssp-62", 1)))
        answer = b""
        try:
            answer = await asyncio.wait_for(reader.read(100), PATIENCE_S)
        except (ssl.SSLError, ConnectionError):
            assert shown != "server-72"
        assert bool(answer) == (shown == "server-72")
        assert bench.switch.malformed == (1 if shown == "stp-68" else 0)
        writer.transport.abort()
        await bench.close()

    on_guest(story)


@pytest.mark.parametrize("octets", [b"", b"GET / HTTP/1.1\r\n\r\n", bytes(64)])
def test_without_tls_nobody_is_heard(ours: Carrier, octets: bytes) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, ours)
        reader, writer = await asyncio.open_connection("127.0.0.1", bench.ports["ssp-62"])
        writer.write(octets or encode_frame(Hello("server-72", "ssp-62", 1)))
        answer = await heard(reader)
        assert not answer or answer[0] == 0x15, "nothing, or an alert of TLS"
        assert bench.got == []
        writer.close()
        await bench.close()

    on_guest(story)


def test_signalling_links_align_and_another_s_name_does_not(ours: Carrier) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        listener = TcpListener("stp-68", clock, NoTap())
        expected = {name: listener.end(name, f"{name}/stp-68") for name in ("ssp-62", "server-72")}
        ports = {"stp-68": 0}
        port = listener.listen(ours.wires(reactor, clock, {}, "stp-68").of("stp-68"), 0)
        ports["stp-68"] = port
        wires = ours.wires(reactor, clock, ports, "ssp-62")

        def connect(name: str) -> TcpConnector:
            made = TcpConnector(TcpEnd(f"{name}/stp-68", name, "stp-68", clock, NoTap()))
            made.start(wires.of("ssp-62"), "127.0.0.1", port)
            return made

        connectors = [connect("ssp-62"), connect("server-72")]
        await until(lambda: expected["ssp-62"].in_service and connectors[0].end.in_service)
        await until(lambda: connectors[1].attempts > 1)
        assert not expected["server-72"].in_service
        for connector in connectors:
            connector.stop()
        await listener.stop().asFuture(asyncio.get_running_loop())

    on_guest(story)


def test_lines_are_the_telephones_alone(ours: Carrier) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        at_switch: list[tuple[str, bytes]] = []
        ports = free_ports("ssp-62")
        addresses = {"ssp-62": ("127.0.0.1", ports["ssp-62"])}

        def lines(element: str) -> TcpLines:
            wires = ours.wires(reactor, clock, ports, element)
            return TcpLines(reactor, clock, NoTap(), addresses, reactors=wires.of)

        switch, telephones = lines("ssp-62"), lines("telephones")
        switch.serve("ssp-62", lambda line, octets: at_switch.append((line, octets)))
        telephones.plug_in("ssp-62", "+12125550100", lambda octets: None)
        telephones.to_switch("ssp-62", "+12125550100", b"off hook")
        await until(lambda: at_switch)
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", ports["ssp-62"], ssl=ours.context("stp-68")
        )
        writer.write(pack_frame("+12125550101", b"forged"))
        assert await heard(reader) == b""
        assert at_switch == [("+12125550100", b"off hook")]
        assert telephones.is_connected("ssp-62"), "what stood goes on"
        writer.transport.abort()
        telephones.close()
        switch.close()

    on_guest(story)


def test_renewed_files_are_taken_up_and_bad_ones_are_not(ours: Carrier) -> None:
    files = ours.files("ssp-62")
    first = files.context()
    assert files.context() is first
    (ours.directory / "ssp-62.pem").write_text("half a file")
    assert files.context() is first
    assert "cannot be used together" in files.problem
    ours.issue("ssp-62")
    assert files.context() is not first
    assert files.problem == ""


def test_files_that_cannot_be_used_are_named(ours: Carrier) -> None:
    ours.issue("ssp-62", "ssp-64")
    with pytest.raises(
        WireTlsError, match="not the certificate of ssp-62: its DNS names are ssp-64"
    ):
        ours.files("ssp-62")
    with pytest.raises(WireTlsError, match=r"ssp-99\.pem: cannot be read: No such file"):
        ours.files("ssp-99")
    (ours.directory / "server-72.key").write_bytes((ours.directory / "stp-68.key").read_bytes())
    with pytest.raises(WireTlsError, match="cannot be used together: key values mismatch"):
        ours.files("server-72")


def test_wires_in_the_clear_among_machines_are_refused() -> None:
    figure = (ROOT / "calleq" / "data" / "figure1.toml").read_text()
    hosts = '\n[processes.hosts]\n"ssp-62" = "%s"\n'
    apart = parse_topology(figure + hosts % "10.0.0.5", "apart")
    with pytest.raises(UsageError, match=r"ssp-62 at 10\.0\.0\.5.*give processes\.tls"):
        check_wires(apart, frozenset({"ssp-64"}))
    check_wires(apart, None)
    beside = parse_topology(figure + hosts % "127.0.0.2", "beside")
    check_wires(beside, frozenset({"ssp-64"}))


def test_keys_of_the_table_belong_together(tmp_path: pathlib.Path) -> None:
    figure = (ROOT / "calleq" / "data" / "figure1.toml").read_text()
    with pytest.raises(TopologyError, match=r"processes\.tls\.key: is needed beside certificate"):
        parse_topology(figure + '\n[processes.tls]\ncertificate = "a.pem"\n', "half")
    path = tmp_path / "network.toml"
    keys = 'certificate = "in/{element}.pem"\nkey = "in/{element}.key"\nauthorities = "ca.pem"\n'
    path.write_text(figure + "\n[processes.tls]\n" + keys)
    tls = load_topology(path).processes.tls
    assert tls.certificate == str(tmp_path / "in" / "{element}.pem")
    assert tls.authorities == str(tmp_path / "ca.pem")
    with pytest.raises(UsageError, match=r"processes\.tls: .*ssp-62\.pem: cannot be read"):
        check_wires(load_topology(path), frozenset({"ssp-62"}))


class StillReactor(Clock):
    """Listens, and has whoever connects silent."""

    def listenTCP(  # noqa: N802
        self, port: int, factory: Factory, backlog: int = 50, interface: str = ""
    ) -> Port:
        self.factory = factory
        return None  # type: ignore[return-value]


def test_a_handshake_does_not_last(ours: Carrier) -> None:
    reactor, clock = StillReactor(), VirtualClock(0)
    wires = SecureWires(reactor, clock, [ours.files("ssp-62")], dict, ours.told.append)  # type: ignore[arg-type]
    Listener(wires.of("ssp-62"), "127.0.0.1", 0, lambda: None)
    protocol, transport = reactor.factory.buildProtocol(None), StringTransport()
    assert protocol is not None
    protocol.makeConnection(transport)
    clock.advance_us(secure.HANDSHAKE_LIMIT_US - 1)
    assert not transport.disconnecting
    clock.advance_us(1)
    assert transport.disconnecting
    assert ours.told == ["wire of ssp-62 from another process: no TLS within 5 s"]


def test_there_are_not_too_many_handshakes_at_once(ours: Carrier) -> None:
    async def story(reactor: GuestReactor, clock: LoopClock) -> None:
        bench = Bench(reactor, clock, ours, ours)
        port = bench.ports["ssp-62"]
        listening = bench.wires["ssp-62"].of("ssp-62")
        held = []
        while getattr(listening, "under_way") < secure.HANDSHAKES_LIMIT:  # noqa: B009
            held.append(await asyncio.open_connection("127.0.0.1", port))
            assert len(held) <= 2 * secure.HANDSHAKES_LIMIT
            await asyncio.sleep(0)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        assert await heard(reader) == b""
        writer.close()
        for _, one in held:
            one.close()
        bench.server.send("server-72", "ssp-62", b"goes on")
        await until(lambda: bench.got == [("server-72", b"goes on")])
        await bench.close()

    on_guest(story)
