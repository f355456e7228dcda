"""A customer-first call whose signalling crosses osmo-stp, which nobody here wrote (RFC 4666)."""

import json
import os
import pathlib
import re
import socket
import subprocess
from collections.abc import Iterator
from importlib.resources import files

import pytest

from tests.live import LiveNetwork, Running

LUA = files("calleq") / "data" / "m3ua_tcp.lua"
HERE = pathlib.Path(__file__).parent
STP = os.environ.get("CALLEQ_OSMO_STP", "")
"""The program of osmo-stp 2.x, which has M3UA over TCP; built from its source by who runs this."""

pytestmark = pytest.mark.skipif(not STP, reason="CALLEQ_OSMO_STP names no osmo-stp 2.x")

CONFIGURATION = """
line vty
 bind 127.0.0.1 {vty}
cs7 instance 0
 network-indicator national
 point-code 2.99.1
 xua rkm routing-key-allocation dynamic-permitted
 listen m3ua {m3ua} tcp
  local-ip 127.0.0.1
  accept-asp-connections dynamic-permitted
"""


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@pytest.fixture
def place(tmp_path: pathlib.Path) -> pathlib.Path:
    """A directory with osmo-stp's configuration and calleq's network, on ports of their own."""
    ports = {name: free_port() for name in ("vty", "m3ua")}
    (tmp_path / "osmo-stp.cfg").write_text(CONFIGURATION.format(**ports))
    network = (HERE / "osmo_stp.toml").read_text()
    (tmp_path / "network.toml").write_text(network.replace("2905", str(ports["m3ua"])))
    return tmp_path


@pytest.fixture
def stp(place: pathlib.Path) -> Iterator[subprocess.Popen[bytes]]:
    process = start(place)
    yield process
    process.terminate()
    process.wait(timeout=10)


def start(place: pathlib.Path) -> subprocess.Popen[bytes]:
    with (place / "osmo-stp.log").open("ab") as log:
        return subprocess.Popen([STP, "-c", "osmo-stp.cfg"], cwd=place, stdout=log, stderr=log)


def network_of(place: pathlib.Path) -> LiveNetwork:
    return LiveNetwork(place / "data", "--network", str(place / "network.toml"))


def links_in_service(lines: list[str]) -> set[str]:
    """The nodes whose link to osmo-stp is in service, as the last line on each says."""
    said = {
        found[1]: found[2] == "in"
        for line in lines
        if (found := re.search(r"foreign signalling link .* at (\S+): (in|out of) service", line))
    }
    return {node for node, stands in said.items() if stands}


def wait_for_links(up: Running) -> None:
    """Both switches have the traffic of their point codes."""
    while links_in_service(up.lines) != {"ssp-62", "ssp-66"}:
        up.wait_for("foreign signalling link")


class Sniffer:
    """tshark on the loopback, with calleq's dissector of M3UA over TCP."""

    def __init__(self, place: pathlib.Path, port: int) -> None:
        self.file = place / "osmo-stp.pcapng"
        self.port = port
        self.process = subprocess.Popen(
            ["tshark", "-i", "lo", "-w", str(self.file), f"tcp port {port}"],
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr
        for line in self.process.stderr:
            if "Capturing on" in line:
                break

    def stop(self) -> list[dict[str, list[str]]]:
        """The layers of each frame that has M3UA, as tshark's fields."""
        self.process.terminate()
        self.process.wait(timeout=10)
        return self.read("-Y", "m3ua")

    def read(self, *options: str) -> list[dict[str, list[str]]]:
        names = ["m3ua.message_class", "m3ua.message_type", "isup.message_type", "isup.cic"]
        names += ["mtp3.dpc", "m3ua.protocol_data_dpc", "_ws.malformed", "_ws.expert.severity"]
        fields = [word for name in names for word in ("-e", name)]
        script = ["-X", f"lua_script:{LUA}", "-o", f"m3ua_tcp.ports:{self.port}"]
        shown = subprocess.run(
            ["tshark", *script, "-r", str(self.file), "-T", "json", *fields, *options],
            capture_output=True,
            text=True,
            check=True,
        )
        return [packet["_source"]["layers"] for packet in json.loads(shown.stdout)]


@pytest.fixture
def port(place: pathlib.Path) -> int:
    found = re.search(r"listen m3ua (\d+)", (place / "osmo-stp.cfg").read_text())
    assert found
    return int(found[1])


def test_a_customer_first_call_crosses_osmo_stp(
    place: pathlib.Path, stp: subprocess.Popen[bytes], port: int
) -> None:
    sniffer = Sniffer(place, port)
    with network_of(place) as network:
        wait_for_links(network.up)
        status, call = network.call("+12125550150", "+12125550151")
        assert (status, call["state"]) == (0, "completed")
    frames = sniffer.stop()
    assert not [one for one in frames if "_ws.malformed" in one or "_ws.expert.severity" in one]
    isup = [kind for one in frames for kind in one.get("isup.message_type", [])]
    # Two calls to switch 66, each message on its way into osmo-stp and out of it.
    assert {kind: isup.count(kind) for kind in set(isup)} == {
        "1": 4,
        "6": 4,
        "9": 4,
        "12": 4,
        "16": 4,
    }


def test_calls_go_on_after_osmo_stp_was_away(
    place: pathlib.Path, stp: subprocess.Popen[bytes]
) -> None:
    with network_of(place) as network:
        wait_for_links(network.up)
        stp.kill()
        stp.wait(timeout=10)
        while links_in_service(network.up.lines):
            network.up.wait_for("foreign signalling link")
        status, call = network.call("+12125550150", "+12125550151")
        assert (status, call["state"]) == (1, "failed")
        again = start(place)
        try:
            wait_for_links(network.up)
            status, call = network.call("+12125550150", "+12125550151")
            assert (status, call["state"]) == (0, "completed")
        finally:
            again.terminate()
            again.wait(timeout=10)
