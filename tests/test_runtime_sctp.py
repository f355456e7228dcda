"""SCTP sockets behind the calls of TCP; their classes run on TCP sockets where there is no SCTP."""

import asyncio
import errno
import pathlib
import socket
import struct

import pytest

from calleq.runtime import sctp
from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.sctp import SctpMissingError, SctpReactor
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.asp import AspSettings
from calleq.ss7.m3ua.association import Association
from calleq.ss7.m3ua.gateway import Destination, Gateway
from calleq.ss7.m3ua.server import ApplicationServer
from calleq.ss7.m3ua.tcp import M3uaConnector, M3uaListener
from calleq.topology import figure1_path
from tests.live import calleq
from tests.test_ss7_tcp_link import until


def has_sctp() -> bool:
    try:
        sctp.require_sctp()
    except SctpMissingError:
        return False
    return True


def test_a_kernel_without_it_is_told_of_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> socket.socket:
        raise OSError(errno.EPROTONOSUPPORT, "Protocol not supported")

    monkeypatch.setattr(socket, "socket", refuse)
    with pytest.raises(SctpMissingError, match="this kernel has no SCTP") as caught:
        SctpReactor(object())
    assert caught.value.errno == errno.EPROTONOSUPPORT


def test_the_payload_is_named_in_network_order_where_the_kernel_looks_for_it() -> None:
    """struct sctp_sndrcvinfo of RFC 6458 §5.3.2: 32 octets, the identifier at 8."""
    octets = sctp.send_parameters(sctp.PAYLOAD_M3UA)
    assert len(octets) == 32
    assert struct.unpack_from(">I", octets, 8) == (3,)
    assert octets[:8] + octets[12:] == bytes(28)


@pytest.mark.skipif(has_sctp(), reason="this kernel has SCTP")
def test_a_network_that_wants_sctp_without_it_is_one_line(tmp_path: pathlib.Path) -> None:
    link = """
[[foreign_nodes]]
name = "stp-99"
point_code = "2-99-1"
kind = "transfer_point"
[[links]]
ends = ["ssp-62", "stp-99"]
protocol = "m3ua"
transport = "sctp"
connect = "127.0.0.1:2905"
"""
    network = tmp_path / "network.toml"
    network.write_text(figure1_path().read_text() + link)
    data = str(tmp_path / "data")
    done = calleq("up", "--network", str(network), "--data", data, "--port", "0")
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert "link ssp-62/stp-99: this kernel has no SCTP" in line


@pytest.mark.parametrize("protocol", [socket.IPPROTO_TCP, sctp.IPPROTO_SCTP])
def test_an_association_stands_and_carries_traffic(protocol: int) -> None:
    """On SCTP where the kernel has it, and always on TCP sockets made by the same classes."""
    if protocol == sctp.IPPROTO_SCTP and not has_sctp():
        protocol = socket.IPPROTO_TCP

    async def main() -> list[m.Data]:
        guest = start_guest()
        clock = LoopClock(asyncio.get_running_loop())
        reactor = SctpReactor(guest, protocol=protocol)
        gateway = Gateway(clock, lambda code: Destination.UNKNOWN)
        server = ApplicationServer("near", 1, 1, clock)
        arrived: list[m.Data] = []
        server.receive = arrived.append
        gateway.add(server)
        near = Association(clock, asp=AspSettings(routing_contexts=(1,)))
        listener = M3uaListener(lambda: Association(clock, gateway=gateway))
        port = listener.listen(reactor, 0)
        connector = M3uaConnector(near, clock)
        connector.start(reactor, "127.0.0.1", port)
        await until(lambda: near.asp is not None and near.asp.active)
        near.send_data(m.Data(1, 2, 5, 2, 0, b"unit", routing_context=1))
        await until(lambda: bool(arrived))
        connector.stop()
        listener.stop()
        await stop_guest(guest)
        return arrived

    assert [data.payload for data in asyncio.run(main())] == [b"unit"]
