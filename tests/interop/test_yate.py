"""Yate as the far exchange of switch 64, over M2PA on TCP (RFC 4165).

Run with `CALLEQ_YATE=/path/to/yate pytest tests/interop/test_yate.py`; skipped where there is none.
What a run saw is left in the folder that CALLEQ_INTEROP names, if it names one.
"""

import asyncio
import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator

import pytest

from calleq.runtime.clock import LoopClock
from calleq.runtime.guest import start_guest, stop_guest
from calleq.runtime.tap import NoTap
from calleq.ss7 import mtp3_codec
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu
from calleq.ss7.node import Mtp3Node
from calleq.ss7.tcp_link import TcpConnector, TcpEnd, TcpListener
from calleq.topology import figure1_path, parse_point_code
from calleq.trace.capture import Captured, MemoryCapture
from calleq.trace.pcapng import write_pcapng
from tests.interop.yate_peer import Yate, yate
from tests.live import LiveNetwork, calleq

pytestmark = pytest.mark.skipif(
    yate() is None, reason="no Yate: CALLEQ_YATE names none and there is none in the PATH"
)

OWN, FAR = "2-64-1", "2-90-1"
CUSTOMER = "+12125550801"
"""A line of Yate's."""
REPRESENTATIVE = "+12125550143"
RESTARTED = "Allowing unknown state routes"
"""What Yate says when it takes traffic, some 9 s after its first link is up (Q.704 §9)."""
PATIENCE_S = 30.0

FIGURE = [
    (
        '[[trunks]]\nname = "62-64"',
        '[[trunks]]\nname = "64-80"\nends = ["ssp-64", "far-80"]\ncircuits = 30\n'
        '[[trunks]]\nname = "62-64"',
    ),
    (
        '[[links]]\nends = ["ssp-62", "stp-68"]',
        f'[[foreign_nodes]]\nname = "far-80"\npoint_code = "{FAR}"\n'
        'prefixes = ["+1212555080"]\n\n'
        '[[links]]\nends = ["ssp-64", "far-80"]\nlisten = "127.0.0.1:PORT"\nremote = "127.0.0.1"\n'
        '[[links]]\nends = ["ssp-62", "stp-68"]',
    ),
]


def network_file(folder: pathlib.Path, port: int) -> pathlib.Path:
    """Figure 1 with Yate beyond switch 64."""
    text = figure1_path().read_text()
    for old, new in FIGURE:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file = folder / "far.toml"
    file.write_text(text.replace("PORT", str(port)))
    return file


class Scene:
    """A network and Yate, linked."""

    def __init__(self, network: LiveNetwork, far: Yate) -> None:
        self.network = network
        self.far = far

    def trace(self, call: str, folder: pathlib.Path) -> list[dict[str, str]]:
        """The rows of a call's ladder; its pcapng is in `folder`."""
        data = str(self.network.data)
        file = folder / f"{call}.pcapng"
        done = calleq("trace", call, "--data", data, "--json", "--pcap", str(file))
        assert done.returncode == 0, done.stderr
        rows: list[dict[str, str]] = json.loads(done.stdout)
        return rows

    def messages_beyond(self, rows: list[dict[str, str]]) -> list[str]:
        """What crossed the link to Yate: the sender and the message."""
        return [
            f"{row['from']} {row['message']}"
            for row in rows
            if "far-80" in (row["from"], row["to"])
        ]


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("yate")
    with Yate(folder / "far", FAR, OWN, listens=False) as far:
        topology = network_file(folder, far.port)
        with LiveNetwork(folder / "data", "--network", str(topology), "--talk", "4") as network:
            network.up.wait_for(r"ssp-64/far-80 at ssp-64: in service")
            far.said(RESTARTED)
            yield Scene(network, far)


def customer_first_call(scene: Scene, folder: pathlib.Path) -> pathlib.Path:
    """Connect a customer with a line of Yate as it should be; the capture of the call."""
    status, told = scene.network.call(CUSTOMER, REPRESENTATIVE)
    assert (status, told["state"]) == (0, "completed")
    assert [leg["cause"] for leg in told["legs"]] == [16, 16]
    rows = scene.trace(told["call"], folder)
    assert scene.messages_beyond(rows) == [
        "ssp-64 IAM",
        "far-80 ACM",
        "far-80 ANM",
        "ssp-64 REL",
        "far-80 RLC",
    ]
    return folder / f"{told['call']}.pcapng"


def test_a_customer_first_call_reaches_a_line_of_yate(scene: Scene, tmp_path: pathlib.Path) -> None:
    captured = customer_first_call(scene, tmp_path)
    keep(captured, "customer-first")


def test_a_call_from_yate_is_answered_and_released_by_it(
    scene: Scene, tmp_path: pathlib.Path
) -> None:
    told = scene.far.call(REPRESENTATIVE.removeprefix("+"))
    assert "Calling 12125550143" in told
    until(lambda: "1 answered" in scene.far.told("callgen info"))
    scene.far.told("callgen drop")
    scene.far.said("message-type='RLC'")
    captured = [one for one in scene.network.captures() if one.link == "ssp-64/far-80"]
    messages = [
        f"{one.sender} {one.octets[7]:02x}"
        for one in captured
        if one.octets[0] & 15 == SERVICE_ISUP and one.octets[5:7] == bytes((30, 0))
    ]
    assert messages[messages.index("far-80 01") :] == [
        "far-80 01",
        "ssp-64 06",
        "ssp-64 09",
        "far-80 0c",
        "ssp-64 10",
    ]
    keep_captured(tmp_path / "link.pcapng", captured, "from-yate")


# What Yate is told to do, the message that it then sends and the answer, without the circuit.
SUPERVISED = {
    "block circuit=5": ("13", "15"),
    "unblock circuit=5": ("14", "16"),
    "block circuits=10-14": ("18 00 01 02 04 1f", "1a 00 01 02 04 1f"),
    "unblock circuits=10-14": ("19 00 01 02 04 1f", "1b 00 01 02 04 1f"),
    "query circuit=4 range=3": ("2a 01 01 02", "2b 02 03 01 02 03"),
    "parttest circuit=1": ("34 00", "35"),
}


def test_yate_s_supervision_of_circuits_is_answered(scene: Scene, tmp_path: pathlib.Path) -> None:
    seen = len(scene.network.captures())
    for told in SUPERVISED:
        assert "OK" in scene.far.told(f"control isup1/ISUP {told}")
        time.sleep(1.0)  # Yate sends its messages when its own ticks come
    captured = [one for one in scene.network.captures()[seen:] if one.link == "ssp-64/far-80"]
    units = [
        (one.sender, one.octets[7:].hex(" "))
        for one in captured
        if one.octets[0] & 15 == SERVICE_ISUP
    ]
    for asked, answer in SUPERVISED.values():
        place = units.index(("far-80", asked))
        answers = [octets for sender, octets in units[place:] if sender == "ssp-64"]
        assert any(octets.startswith(answer) for octets in answers), (asked, units)
    keep_captured(tmp_path / "link.pcapng", captured, "supervised-by-yate")


def test_when_yate_dies_calls_to_it_fail_and_when_it_is_back_they_do_not(scene: Scene) -> None:
    scene.far.stop()
    scene.network.up.wait_for(r"ssp-64/far-80 at ssp-64: out of service")
    status, told = scene.network.call(CUSTOMER, REPRESENTATIVE)
    assert (status, told["state"], told["legs"][0]["cause"]) == (1, "failed", 38)
    scene.far.log.unlink()
    scene.far.start()
    scene.network.up.wait_for(r"ssp-64/far-80 at ssp-64: in service")
    scene.far.said(RESTARTED)
    status, told = scene.network.call(CUSTOMER, REPRESENTATIVE)
    assert (status, told["state"]) == (0, "completed")


class Node:
    """A node that says what a test wants to Yate, and hears what it answers."""

    def __init__(self, clock: LoopClock, far: Yate) -> None:
        self.capture = MemoryCapture()
        self.end = TcpEnd("test/yate", "test", "yate", clock, self.capture, foreign=True)
        self.node = Mtp3Node("test", parse_point_code(OWN), clock)
        self.node.attach(self.end, parse_point_code(FAR))
        self.heard: list[bytes] = []
        self.node.on_message(SERVICE_ISUP, lambda msu: self.heard.append(msu.payload))
        self.far = far

    async def asks(self, payload: str, answer: str) -> None:
        """Send a message; its answer comes. `..` in an answer is any octet."""
        octets = bytes.fromhex(payload)
        assert self.node.transfer(parse_point_code(FAR), octets[0] & 15, octets)
        await settled(lambda: any(_is_like(heard, answer) for heard in self.heard))


def _is_like(octets: bytes, pattern: str) -> bool:
    words = pattern.split()
    return len(octets) >= len(words) and all(
        word == ".." or octet == int(word, 16) for octet, word in zip(octets, words, strict=False)
    )


# Message, answer, by Q.763 table 4; circuits 5 and 8 to 12.
SUPERVISION = {
    "BLO": ("05 00 13", "05 00 15"),
    "UBL": ("05 00 14", "05 00 16"),
    "RSC": ("05 00 12", "05 00 10"),
    "GRS": ("08 00 17 01 01 04", "08 00 29 .. .. 04 00"),
    "CGB": ("08 00 18 00 01 02 04 1f", "08 00 1a 00 .. .. 04 1f"),
    "CGU": ("08 00 19 00 01 02 04 1f", "08 00 1b 00 .. .. 04 1f"),
    "CQM": ("08 00 2a 01 01 04", "08 00 2b"),
    "UPT": ("01 00 34 00", "01 00 35"),
}


def test_yate_answers_the_supervision_of_circuits(tmp_path: pathlib.Path) -> None:
    async def test() -> None:
        reactor, clock = start_guest(), LoopClock(asyncio.get_running_loop())
        with Yate(tmp_path, FAR, OWN) as far:
            tester = Node(clock, far)
            connector = TcpConnector(tester.end)
            connector.start(reactor, "127.0.0.1", far.port)
            await settled(lambda: RESTARTED in far.log.read_text(errors="replace"))
            for name, (message, answer) in SUPERVISION.items():
                tester.heard.clear()
                try:
                    await tester.asks(message, answer)
                except TimeoutError:
                    heard = [octets.hex(" ") for octets in tester.heard]
                    pytest.fail(f"{name}: {answer} expected, {heard} heard")
            connector.stop()
            await settled(lambda: not tester.end.in_service)
            captured = tester.capture.captures()
            keep_captured(tmp_path / "link.pcapng", captured, "supervision")
        await stop_guest(reactor)

    asyncio.run(test())


@pytest.mark.parametrize("listens", [True, False], ids=["yate listens", "yate connects"])
def test_the_link_is_aligned_whoever_connects_and_again_after_a_failure(
    tmp_path: pathlib.Path, listens: bool
) -> None:
    async def test() -> None:
        reactor, clock = start_guest(), LoopClock(asyncio.get_running_loop())
        far = Yate(tmp_path, FAR, OWN, listens=listens)
        end = TcpEnd("test/yate", "test", "yate", clock, NoTap(), foreign=True)
        arrived: list[Msu] = []
        end.attach(lambda octets: arrived.append(mtp3_codec.decode(octets)), lambda state: None)
        listener, connector = TcpListener("test", clock, NoTap()), TcpConnector(end)
        if listens:
            connector.start(reactor, "127.0.0.1", far.port)
        else:
            listener.expect(end, "127.0.0.1")
            listener.listen(reactor, far.port)
        with far:
            await settled(lambda: end.in_service)
            # Yate tests the link (Q.707 §2): a unit of its own arrives.
            await settled(lambda: {msu.service for msu in arrived} == {1})
            end.stop()
            await settled(lambda: "Remote OOS" in far.log.read_text(errors="replace"))
            end.start()
            await settled(lambda: end.in_service)
            interruptions = end.interruptions
            far.stop()
            await settled(lambda: end.interruptions == interruptions + 1)
            if not listens:  # its port is not free again at once: it binds without SO_REUSEADDR
                far.start()
                await settled(lambda: end.in_service)
            assert end.in_service is not listens
            connector.stop()
            listener.stop()
            await settled(lambda: not end.in_service)
        await stop_guest(reactor)

    asyncio.run(test())


async def settled(happened: Callable[[], bool]) -> None:
    """Let the loop run until the other program has brought something about."""
    async with asyncio.timeout(PATIENCE_S):
        while not happened():
            await asyncio.sleep(0.02)


def until(happened: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_S
    while not happened():
        assert time.monotonic() < end
        time.sleep(0.1)


def keep_captured(file: pathlib.Path, captured: list[Captured], name: str, *standard: str) -> None:
    with file.open("wb") as out:
        assert write_pcapng(out, captured, "") == len(captured)
    keep(file, name, *standard)


def keep(capture: pathlib.Path, name: str, *standard: str) -> None:
    """Leave a capture, and what tshark reads in it, where CALLEQ_INTEROP says.

    `standard` are tshark's options for what is not ITU.
    """
    place = os.environ.get("CALLEQ_INTEROP")
    if not place:
        return
    folder = pathlib.Path(place)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.pcapng").write_bytes(capture.read_bytes())
    shown = subprocess.run(
        ["tshark", "-n", *standard, "-r", str(capture), "-T", "json"],
        capture_output=True,
        check=True,
    )
    assert b"_ws.malformed" not in shown.stdout
    (folder / f"{name}.json").write_bytes(shown.stdout)
