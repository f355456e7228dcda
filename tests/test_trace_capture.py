"""Captures kept and read back: order, torn ends, damage, bounds; and what tshark makes of them."""

import os
import shutil
import subprocess
from io import BytesIO
from pathlib import Path

import pytest

from calleq.runtime.clock import VirtualClock
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import CalledNumber, Cause, Cpg, Iam, Message, Rel, Unknown
from calleq.ss7.mtp3 import Msu
from calleq.trace.capture import (
    FLUSH_INTERVAL_US,
    Captured,
    CaptureError,
    CaptureFile,
    MemoryCapture,
    read_capture,
    read_captures,
)
from calleq.trace.pcap import PcapTap, write_pcap
from tests.test_ss7_codec import GOLDEN
from tests.trace_scene import POINT_CODES, Scene


def captured(number: int, at_us: int = 0) -> Captured:
    octets = bytes((number,)) * number
    return Captured(at_us or number, Segment.OSN, "osn", "ssp-62", "ip-76", octets)


def keep(file: CaptureFile, *all_captured: Captured) -> None:
    for one in all_captured:
        file.saw(one.segment, one.link, one.sender, one.receiver, one.octets, one.at_us)


def written(path: Path, *all_captured: Captured) -> bytes:
    file = CaptureFile(path)
    keep(file, *all_captured)
    file.close()
    return path.read_bytes()


def test_captures_come_back_as_they_were_seen(tmp_path: Path) -> None:
    scene = Scene()
    scene.accepts(0, "c1")
    scene.customer_leg(1_000, "c1", "+12125550100", 1, 5)
    path = tmp_path / "one.capture"
    written(path, *scene.captures())
    assert read_capture(path) == (scene.captures(), 0)


def test_captures_of_several_processes_are_sorted_by_time_and_stable(tmp_path: Path) -> None:
    one, two = tmp_path / "one.capture", tmp_path / "two.capture"
    written(one, captured(1, 10), captured(2, 30), captured(3, 20))
    written(two, captured(4, 20), captured(5, 10))
    assert [len(found.octets) for found in read_captures([one, two])] == [1, 5, 3, 4, 2]


def test_a_torn_end_is_left_out_wherever_it_was_torn(tmp_path: Path) -> None:
    path = tmp_path / "one.capture"
    whole = written(path, captured(1), captured(2), captured(3))
    two = len(written(tmp_path / "two.capture", captured(1), captured(2)))
    for end in range(two, len(whole)):
        path.write_bytes(whole[:end])
        assert read_capture(path) == ([captured(1), captured(2)], 0)


def test_a_new_run_after_a_torn_end_is_read_and_the_torn_octets_are_counted(
    tmp_path: Path,
) -> None:
    path = tmp_path / "one.capture"
    whole = written(path, captured(1), captured(2), captured(30))
    path.write_bytes(whole[:-7])
    written(path, captured(4), captured(5))
    found, skipped = read_capture(path)
    assert found == [captured(1), captured(2), captured(4), captured(5)]
    two = written(tmp_path / "two.capture", captured(1), captured(2))
    assert skipped == len(whole) - 7 - len(two)


def test_damage_anywhere_costs_at_most_the_record_it_is_in(tmp_path: Path) -> None:
    """Octets changed in a message come back changed; a changed frame loses one record."""
    path = tmp_path / "one.capture"
    whole = written(path, captured(1), captured(20), captured(3))
    for position in range(8, len(whole)):
        damaged = bytearray(whole)
        damaged[position] ^= 0x55
        path.write_bytes(bytes(damaged))
        found, _ = read_capture(path)
        assert sum(one in found for one in (captured(1), captured(20), captured(3))) == 2
        assert len(found) in (2, 3)
    position = whole.index(bytes((20,)) * 20) + 4
    path.write_bytes(whole[:position] + b"\xff" + whole[position + 1 :])
    assert read_capture(path).captures[1].octets == bytes((20,)) * 4 + b"\xff" + bytes((20,)) * 15


def test_a_file_torn_in_its_header_is_empty_and_is_written_on(tmp_path: Path) -> None:
    path = tmp_path / "one.capture"
    whole = written(tmp_path / "two.capture", captured(1))
    for end in range(8):
        path.write_bytes(whole[:end])
        assert read_capture(path) == ([], 0)
        assert written(path, captured(1)) == whole


@pytest.mark.parametrize(
    ("content", "wrong"),
    [(b"CALLEX", "not a capture"), (b"CALLEQT\x09", "format 09"), (b"pcap....", "not a capture")],
)
def test_what_is_no_capture_is_refused_by_name(tmp_path: Path, content: bytes, wrong: str) -> None:
    path = tmp_path / "other"
    path.write_bytes(content)
    with pytest.raises(CaptureError, match=wrong):
        read_capture(path)
    with pytest.raises(CaptureError, match=wrong):
        CaptureFile(path)
    assert path.read_bytes() == content


def test_a_reader_sees_what_was_seen_within_the_flush_interval(tmp_path: Path) -> None:
    clock = VirtualClock()
    path = tmp_path / "one.capture"
    file = CaptureFile(path, clock)
    keep(file, captured(1), captured(2))
    assert read_capture(path).captures == []
    clock.advance_us(FLUSH_INTERVAL_US)
    assert read_capture(path).captures == [captured(1), captured(2)]
    keep(file, captured(3))
    file.flush()
    assert len(read_capture(path).captures) == 3
    file.close()


def test_a_file_drops_and_counts_what_is_beyond_its_limit(tmp_path: Path) -> None:
    path = tmp_path / "one.capture"
    size = len(written(tmp_path / "two.capture", captured(3), captured(3)))
    file = CaptureFile(path, limit_octets=size)
    keep(file, *[captured(3)] * 5)
    file.close()
    keep(file, captured(3))
    assert len(read_capture(path).captures) == 2
    assert file.dropped == 4


def test_memory_drops_and_counts_what_is_beyond_its_limit() -> None:
    tap = MemoryCapture(limit=2)
    for at_us in (5, 3, 4):
        tap.saw(Segment.OSN, "osn", "a", "b", b"", at_us)
    assert [one.at_us for one in tap.captures()] == [3, 5]
    assert tap.dropped == 1


def test_names_too_long_for_a_record_are_refused(tmp_path: Path) -> None:
    file = CaptureFile(tmp_path / "one.capture")
    with pytest.raises(CaptureError, match="longer than 255"):
        file.saw(Segment.OSN, "x" * 256, "a", "b", b"", 0)
    file.close()


def test_pcap_has_each_unit_once_as_its_origin_sent_it() -> None:
    scene = Scene()
    scene.customer_leg(0, "c1", "+12125550100", 1, 5)
    signalling = [one for one in scene.captures() if one.segment is Segment.SIGNALLING_LINK]
    file = BytesIO()
    assert write_pcap(file, scene.captures(), POINT_CODES) == len(signalling) // 2
    sent = [one for one in signalling if not one.sender.startswith("stp")]
    assert len(file.getvalue()) == 24 + sum(16 + len(one.octets) for one in sent)


TSHARK = shutil.which("tshark")
FIELDS = (
    "isup.cic",
    "isup.message_type",
    "e164.called_party_number.digits",
    "isup.cause_indicator",
    "mtp3.opc",
    "mtp3.dpc",
    "mtp3.sls",
    "frame.time_epoch",
)


def tshark(path: Path, *arguments: str) -> list[str]:
    command = [TSHARK or "tshark", "-n", "-r", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


@pytest.mark.foreign("tshark")
@pytest.mark.skipif(
    TSHARK is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
    reason="tshark is not installed",
)
def test_tshark_finds_nothing_wrong_and_reads_the_same_values(tmp_path: Path) -> None:
    messages: list[Message] = [one for one, _ in GOLDEN if not isinstance(one, Unknown)]
    messages += [Rel(cic, Cause(1 + cic % 127, cic % 6)) for cic in range(1, 255)]
    messages += [
        Iam(cic, CalledNumber(str(12125550000 + cic)[: 11 - cic % 3])) for cic in range(0, 4096, 41)
    ]
    messages += [Cpg(cic, 1 + cic % 6) for cic in range(20)]
    path = tmp_path / "one.pcap"
    with path.open("wb") as file:
        tap = PcapTap(file, POINT_CODES)
        for number, message in enumerate(messages):
            msu = Msu(
                POINT_CODES["ip-76"],
                POINT_CODES["ssp-62"],
                message.cic & 15,
                codec.encode(message),
            )
            at_us = 1_700_000_000_000_000 + number * 1_001
            octets = mtp3_codec.encode(msu)
            tap.saw(Segment.SIGNALLING_LINK, "l", "ssp-62", "stp-68", octets, at_us)
            tap.saw(Segment.SIGNALLING_LINK, "l", "stp-68", "ip-76", octets, at_us + 10)
    assert tap.written == len(messages)
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 0x600000") == []
    columns = [argument for field in FIELDS for argument in ("-e", field)]
    rows = [line.split("\t") for line in tshark(path, "-T", "fields", *columns)]
    assert len(rows) == len(messages)
    for number, (row, message) in enumerate(zip(rows, messages, strict=True)):
        cic, message_type, called, cause, origin, destination, selection, time = row
        assert int(cic) == message.cic
        assert int(message_type, 0) == codec.encode(message)[2]
        assert called.lower() == (message.called.digits if isinstance(message, Iam) else "")
        given = getattr(message, "cause", None)
        assert cause == ("" if given is None else str(given.value))
        assert (int(origin), int(destination)) == (POINT_CODES["ssp-62"], POINT_CODES["ip-76"])
        assert int(selection) == message.cic & 15
        assert time == f"{1_700_000_000 + number * 1_001 // 1_000_000}." + (
            f"{number * 1_001 % 1_000_000:06d}000"
        )
