"""pcapng: every link an interface, every unit with its direction and its call."""

import io
import json
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from calleq.journal.entries import CircuitKey, Dialled, Stamped, Transit
from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import Cause, Rel, Rlc
from calleq.ss7.mtp3 import SERVICE_MANAGEMENT, Msu
from calleq.trace.pcapng import CallsOnCircuits, PcapngTap
from simulator import cli

PC62, PC64, PC76 = 4593, 4609, 4705


def release(cic: int, origin: int = PC62, destination: int = PC64) -> bytes:
    payload = codec.encode(Rel(cic, Cause(16)))
    return mtp3_codec.encode(Msu(destination, origin, cic & 15, payload))


def stamped(entry: Dialled | Transit) -> Stamped:
    return Stamped("x", 1, 0, 0, entry)


def fields(file: Path, *names: str) -> list[list[str]]:
    """What tshark reads, a row for each frame."""
    wanted = [word for name in names for word in ("-e", name)]
    shown = subprocess.run(
        ["tshark", "-r", str(file), "-T", "fields", "-E", "separator=;", *wanted],
        capture_output=True,
        text=True,
        check=True,
    )
    return [line.split(";") for line in shown.stdout.splitlines()]


@pytest.mark.foreign("tshark")
def test_tshark_reads_interface_direction_comment_and_the_unit(tmp_path: Path) -> None:
    file = tmp_path / "one.pcapng"
    calls = {release(5): "CALL-5"}
    with file.open("wb") as out:
        tap = PcapngTap(out, lambda octets: calls.get(octets, ""))
        at_us = 1_795_000_000_123_456
        tap.saw(Segment.SIGNALLING_LINK, "ssp-62/stp-68", "ssp-62", "stp-68", release(5), at_us)
        tap.saw(Segment.OSN, "OSN", "server-72", "ssp-62", b"no signalling", at_us)
        tap.saw(Segment.SIGNALLING_LINK, "ssp-64/stp-68", "stp-68", "ssp-64", release(5), at_us + 1)
        tap.saw(Segment.SIGNALLING_LINK, "ssp-62/stp-68", "stp-68", "ssp-62", release(6), at_us + 2)
        tap.saw(Segment.SIGNALLING_LINK, "ssp-62/stp-68", "stp-68", "ssp-62", b"", at_us + 3)
    assert tap.written == 4
    names = ("frame.interface_name", "frame.packet_flags_direction", "frame.comment")
    rows = fields(file, "frame.time_epoch", *names, "mtp3.opc", "isup.cic")
    assert [row[1:] for row in rows] == [
        ["ssp-62/stp-68", "0x00000002", "CALL-5", "4593", "5"],
        ["ssp-64/stp-68", "0x00000001", "CALL-5", "4593", "5"],
        ["ssp-62/stp-68", "0x00000001", "", "4593", "6"],
        ["ssp-62/stp-68", "0x00000001", "", "", ""],
    ]
    assert [row[0] for row in rows][:2] == ["1795000000.123456000", "1795000000.123457000"]


def test_blocks_end_as_they_begin_and_lie_on_words() -> None:
    file = io.BytesIO()
    tap = PcapngTap(file, lambda octets: "x" * (len(octets) % 5))
    for length in range(12):
        tap.saw(Segment.SIGNALLING_LINK, "a/b", "a", "b", bytes(length), length)
    octets = file.getvalue()
    place, kinds = 0, []
    while place < len(octets):
        kind, length = (
            int.from_bytes(octets[place + at : place + at + 4], "little") for at in (0, 4)
        )
        assert length % 4 == 0
        assert octets[place + length - 4 : place + length] == length.to_bytes(4, "little")
        kinds.append(kind)
        place += length
    assert kinds == [0x0A0D0D0A, 1] + [6] * 12


def test_a_circuit_is_the_call_s_that_seized_it_last() -> None:
    calls = CallsOnCircuits()
    first, second = CircuitKey(PC76, PC62, 7), CircuitKey(PC62, PC64, 5)
    assert calls.call_of(release(5)) == ""
    calls.take(stamped(Dialled("A", "customer", 1, "+1", first)))
    calls.take(stamped(Transit(first, second)))
    assert calls.call_of(release(7, PC76, PC62)) == calls.call_of(release(5)) == "A"
    backward = mtp3_codec.encode(Msu(PC62, PC64, 5, codec.encode(Rlc(5))))
    assert calls.call_of(backward) == "A", "a circuit is one, whichever way a message goes"
    calls.take(stamped(Transit(None, second, "a line")))
    assert calls.call_of(release(5)) == ""
    calls.take(stamped(Dialled("B", "agent", 1, "+1", None)))
    management = mtp3_codec.encode(Msu(PC62, PC64, 0, b"\x05\x00\x01", service=SERVICE_MANAGEMENT))
    assert [calls.call_of(octets) for octets in (management, b"\x85", b"")] == ["", "", ""]


@pytest.mark.foreign("tshark")
def test_a_simulation_s_file_has_every_link_and_every_call(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "run.pcapng"
    arguments = ["run", "--calls", "40", "--seed", "7", "--json", "--pcap", str(file)]
    assert cli.main(arguments) == 0
    with_file = json.loads(capsys.readouterr().out)
    assert cli.main(arguments[:-2]) == 0
    assert json.loads(capsys.readouterr().out)["digest"] == with_file["digest"]
    rows = fields(
        file,
        "frame.interface_name",
        "frame.packet_flags_direction",
        "frame.comment",
        "isup.message_type",
        "isup.cic",
        "mtp3.opc",
        "_ws.malformed",
    )
    assert all(row[6] == "" for row in rows)
    rows = [row for row in rows if row[4]]  # level 3's own units belong to no call
    assert len({row[2] for row in rows}) == 40, "each call's reference, and no unit without one"
    links = Counter(row[0] for row in rows)
    assert {name.split("/")[1] for name in links} == {"stp-68", "stp-70"}
    # Every circuit that is seized for a call is released and cleared in it.
    for kind, other in (("1", "12"), ("12", "16")):
        begun = Counter((row[2], row[4], row[0]) for row in rows if row[3] == kind)
        ended = Counter((row[2], row[4], row[0]) for row in rows if row[3] == other)
        assert begun == ended
