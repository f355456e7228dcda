"""M2PA sessions: two of them joined end to end, and one that is told nonsense."""

import struct
import subprocess
from itertools import product
from pathlib import Path

import pytest

from calleq.ss7 import m2pa, mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import Cause, Rel
from calleq.ss7.m2pa import TABLE, Aligned, Arrival, M2paError, Phase, Proved, Session, Unit
from calleq.ss7.mtp3 import Msu


def drained(session: Session) -> bytes:
    octets = b"".join(session.outgoing)
    session.outgoing.clear()
    return octets


def aligned() -> tuple[Session, Session]:
    """A connecting and a listening session, both in service."""
    one, other = Session("ssp-62", connects=True), Session("stp-68", connects=False)
    assert other.receive(drained(one)) == [Proved("ssp-62")]
    other.accept()
    assert one.receive(drained(other)) == [Proved("stp-68"), Aligned()]
    assert other.receive(drained(one)) == [Aligned()]
    return one, other


def test_the_first_frame_is_emergency_proving_with_the_name() -> None:
    """RFC 4165 §2.1 to §2.3: version 1, class 11, Link Status, BSN and FSN 16777215."""
    header = bytes.fromhex("01000b02 0000001a 00ffffff 00ffffff 00000003")
    assert drained(Session("ssp-62", connects=True)) == header + b"ssp-62"


def test_a_unit_carries_its_number_and_a_priority_octet() -> None:
    one, other = aligned()
    frame = one.unit(b"\x85abc")
    assert frame == bytes.fromhex("01000b01 00000015 00ffffff 00000000 00") + b"\x85abc"
    assert other.receive(frame) == [Unit(b"\x85abc")]


def test_units_arrive_whole_however_the_stream_is_cut() -> None:
    units = [bytes([number]) * (number + 1) for number in range(50)]
    for step in (1, 7, 16, 17, 1_000):
        one, other = aligned()
        stream = b"".join(one.unit(octets) for octets in units)
        arrived = [
            event
            for place in range(0, len(stream), step)
            for event in other.receive(stream[place : place + step])
        ]
        assert arrived == [Unit(octets) for octets in units]


def test_acknowledgements_clear_what_is_outstanding() -> None:
    one, other = aligned()
    for _ in range(3):
        other.receive(one.unit(b"x"))
    assert (one.outstanding, other.unconfirmed) == (3, 3)
    assert one.receive(other.acknowledgement()) == []
    assert (one.outstanding, other.unconfirmed) == (0, 0)
    other.receive(one.unit(b"x"))
    one.receive(other.unit(b"carries the acknowledgement"))
    assert one.outstanding == 0


def test_what_is_outstanding_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(m2pa, "OUTSTANDING_LIMIT", 2)
    one, _ = aligned()
    one.unit(b"x")
    one.unit(b"x")
    with pytest.raises(M2paError, match="2 units are not acknowledged"):
        one.unit(b"x")


def test_sequence_numbers_go_round() -> None:
    one, other = aligned()
    for session in (one, other):
        session._sent = session._received = session._confirmed = m2pa.SEQUENCE_MASK - 1
    for _ in range(3):
        assert other.receive(one.unit(b"x")) == [Unit(b"x")]
    one.receive(other.acknowledgement())
    assert one.outstanding == 0


@pytest.mark.parametrize(
    ("frame", "text"),
    [
        ("02000b01 00000010 00ffffff 00ffffff", "version 2, class 11"),
        ("01000c01 00000010 00ffffff 00ffffff", "version 1, class 12"),
        ("01000b01 0000000f 00ffffff 00ffffff", "a frame of 15 octets"),
        ("01000b01 00100000 00ffffff 00ffffff", "a frame of 1048576 octets"),
        ("01000b03 00000010 00ffffff 00ffffff", "message type 3"),
        ("01000b02 00000012 00ffffff 00ffffff 0000", "message type 2 with 2 octets"),
        ("01000b02 00000016 00ffffff 00ffffff 00000003 ff80", "no text"),
        ("01000b01 00000012 00ffffff 00000005 0085", "unit 5 where 0 was due"),
        ("01000b01 00000010 00000007 00ffffff", "acknowledges unit 7"),
        ("01000b02 00000014 00ffffff 00ffffff 00000009", "OUT_OF_SERVICE in phase IN_SERVICE"),
        ("01000b02 00000014 00ffffff 00ffffff 00000003", "PROVING in phase IN_SERVICE"),
    ],
)
def test_what_is_no_frame_or_out_of_turn_is_refused(frame: str, text: str) -> None:
    _, other = aligned()
    with pytest.raises(M2paError, match=text):
        other.receive(bytes.fromhex(frame))


def test_a_unit_before_the_link_is_in_service_is_refused() -> None:
    one, _ = aligned()
    with pytest.raises(M2paError, match="UNIT in phase AWAITING_PROVING"):
        Session("stp-68", connects=False).receive(one.unit(b"x"))


def test_every_pair_of_phase_and_arrival_is_decided() -> None:
    assert set(TABLE) == set(product(Phase, Arrival))


@pytest.mark.foreign("tshark")
def test_tshark_reads_every_frame_as_we_do(tmp_path: Path) -> None:
    """Frames in exported PDUs (DLT 252), the dissector named in the first tag."""
    one, other = Session("ssp-62", connects=True), Session("stp-68", connects=False)
    frames = [drained(one)]
    other.receive(frames[0])
    other.accept()
    frames += other.outgoing
    one.receive(drained(other))
    frames.append(drained(one))
    other.receive(frames[-1])
    release = codec.encode(Rel(17, Cause(16)))
    for _ in range(2):
        frames.append(one.unit(mtp3_codec.encode(Msu(4609, 4593, 1, release))))
        other.receive(frames[-1])
    frames.append(other.acknowledgement())
    capture = tmp_path / "m2pa.pcap"
    capture.write_bytes(
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 252)
        + b"".join(
            struct.pack("<IIII", 0, 0, len(frame) + 12, len(frame) + 12)
            + struct.pack(">HH4sHH", 12, 4, b"m2pa", 0, 0)
            + frame
            for frame in frames
        )
    )
    names = ["m2pa.bsn", "m2pa.fsn", "m2pa.status", "mtp3.dpc", "isup.cic", "_ws.malformed"]
    fields = [word for name in names for word in ("-e", name)]
    shown = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "fields", "-E", "separator=,", *fields],
        capture_output=True,
        text=True,
        check=True,
    )
    start = "16777215,16777215"
    assert shown.stdout.split() == [
        f"{start},3,,,",
        f"{start},3,,,",
        f"{start},4,,,",
        f"{start},4,,,",
        "16777215,0,,4609,17,",
        "16777215,1,,4609,17,",
        "1,16777215,,,,",
    ]
