"""A whole call by an SCP, as its ladder tells it and as tshark reads its units."""

import os
import shutil
import struct
import subprocess
from functools import cache
from pathlib import Path

import pytest

from calleq.cli.given import given_topology
from calleq.runtime.tap import Segment
from calleq.trace.capture import MemoryCapture
from calleq.trace.ladder import Ladder, ladder
from simulator.virtual import VirtualNetwork

TSHARK = shutil.which("tshark")
MESSAGE = (
    b'{"business_id":"abc","password":"abc-demo","customer_number":"+12125550106",'
    b'"representative_number":"+12125550143"}'
)


@cache
def found() -> Ladder:
    capture = MemoryCapture()
    virtual = VirtualNetwork(given_topology(None, equipment="scp-1"), seed=1, tap=capture)
    call = virtual.place(MESSAGE)
    assert virtual.run_to_end(call, "abc").state == "completed"
    return ladder(call, capture.captures(), virtual.journal.entries, virtual.point_codes())


def operations(sender: str) -> list[str]:
    """What an element said to whatever is next to it, without the names of messages."""
    said = []
    for row in found().rows:
        if row.sender == sender and row.name.startswith("UDT TC-"):
            said += row.name.split()[2:]
    return said


def test_the_ladder_tells_what_scp_and_switch_say_to_each_other() -> None:
    asked = operations("scp-1")
    assert asked[0] == "createCallSegmentAssociation"
    for operation in ("initiateCallAttempt", "requestReportBCSMEvent", "playAnnouncement"):
        assert operation in asked
    told = operations("ssp-62")
    assert told[:2] == ["createCallSegmentAssociation", "result"]
    assert told.count("eventReportBCSM") >= 5
    fields = dict(
        field
        for row in found().rows
        if row.sender == "ssp-62" and "eventReportBCSM" in row.name
        for field in row.fields
    )
    assert fields["eventReportBCSM"]
    assert not [row for row in found().rows if "damaged" in row.name or row.error]


@pytest.mark.foreign("tshark")
@pytest.mark.skipif(
    TSHARK is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
    reason="tshark is not installed",
)
def test_tshark_reads_the_same_operations_and_finds_nothing_malformed(tmp_path: Path) -> None:
    rows = [row for row in found().rows if row.segment is Segment.SIGNALLING_LINK]
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 141)]
    for number, row in enumerate(rows):
        size = len(row.octets)
        records.append(struct.pack("<IIII", number, 0, size, size) + row.octets)
    path = tmp_path / "call.pcap"
    path.write_bytes(b"".join(records))

    def tshark(*options: str) -> list[str]:
        command = [TSHARK or "tshark", "-r", str(path), *options]
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        return done.stdout.splitlines()

    assert tshark("-Y", "_ws.malformed || _ws.expert.severity >= 6291456") == []
    read = tshark("-Y", "inap", "-T", "fields", "-e", "_ws.col.Info")
    dialogues = [row for row in rows if row.name.startswith("UDT TC-")]
    assert len(read) == len([row for row in dialogues if len(row.name.split()) > 2])
    joined = " ".join(read)
    for operation in set(operations("scp-1")) - {"result", "error"}:
        assert operation in joined
