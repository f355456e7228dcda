"""What a program that nobody here wrote says of our RTP and RTCP."""

import struct
import subprocess
from pathlib import Path

import pytest

from calleq.media.contract import Player, Prompt
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.ports import PortPlan
from tests.rtp_bench import HOST, Plane

SILENCE = b"\xff" * FRAME_SAMPLES
_LINKTYPE_RAW = 101


def capture(path: Path, packets: list[tuple[int, int, int, bytes]]) -> None:
    """A file of datagrams: (microseconds, port they came from, port they went to, octets)."""
    parts = [struct.pack("<IHHiIII", 0xA1B2_C3D4, 2, 4, 0, 0, 65_535, _LINKTYPE_RAW)]
    for at_us, source, target, octets in packets:
        udp = struct.pack(">HHHH", source, target, 8 + len(octets), 0) + octets
        address = bytes((127, 0, 0, 1))
        head = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0)
        datagram = head + 2 * address + udp
        size = len(datagram)
        parts.append(struct.pack("<IIII", at_us // 1_000_000, at_us % 1_000_000, size, size))
        parts.append(datagram)
    path.write_bytes(b"".join(parts))


def tshark(path: Path, *arguments: str) -> str:
    done = subprocess.run(
        ["tshark", "-n", "-r", str(path), *arguments], capture_output=True, text=True, check=True
    )
    return done.stdout


@pytest.mark.foreign("tshark")
def test_tshark_reads_one_unbroken_stream_with_its_keys_and_reports(tmp_path: Path):
    plane = Plane()
    leg, far = plane.leg("sip", "line:1", plan=False)
    plane.legs.plan(leg, PortPlan(HOST, far.port, event_payload=101))
    other, far_other = plane.leg("sip", "line:2")
    packets: list[tuple[int, int, int, bytes]] = []

    def frames(count: int, spoken: bool = False) -> None:
        for _ in range(count):
            if spoken:
                far_other.say(other, SILENCE)
            far.say(leg, SILENCE)
            plane.frames(1)
            for octets in far.packets():
                packets.append((plane.now_us, leg.pair.port, far.port, octets))
            for octets in far.reports():
                packets.append((plane.now_us, leg.pair.port + 1, far.port + 1, octets))

    plane.voice.feed("switch", "line:1", ("player:one",))
    plane.voice.play("switch", "one", Prompt("tone", "700", limit_us=500_000), Player())
    frames(50)
    plane.voice.play("switch", "one", Prompt("keys", "5#"), Player())
    frames(30)
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    frames(450, spoken=True)
    plane.legs.close(leg)
    for octets in far.reports():
        packets.append((plane.now_us, leg.pair.port + 1, far.port + 1, octets))
    plane.close()
    path = tmp_path / "voice.pcap"
    capture(path, packets)
    as_rtp = ("-d", f"udp.port=={far.port},rtp", "-d", f"udp.port=={far.port + 1},rtcp")
    (stream,) = tshark(path, *as_rtp, "-q", "-z", "rtp,streams").splitlines()[2:-1]
    assert " 0 (0.0%)" in stream
    assert "g711U" in stream
    ends = ("-Y", "rtpevent.end_of_event==1", "-T", "fields", "-e", "rtpevent.event_id")
    keys = tshark(path, *as_rtp, *ends)
    assert keys.split() == 3 * ["5"] + 3 * ["11"]
    kinds = tshark(path, *as_rtp, "-Y", "rtcp", "-T", "fields", "-e", "rtcp.pt").split()
    assert set(kinds) == {"200,202", "200,202,203"}
    assert kinds[-1] == "200,202,203"
    wrong = tshark(path, *as_rtp, "-Y", "_ws.malformed || rtcp.length_check == 0")
    assert wrong == ""
