"""tshark on the intelligent network: SCCP, TCAP and INAP of many calls, field by field."""

import pathlib
from collections import Counter

import pytest

from calleq.runtime.tap import Segment
from calleq.ss7.variant import ITU
from calleq.topology import load_topology
from calleq.trace.pcap import write_pcap
from calleq.units import SECOND_US
from simulator.conformance.running import Verdict, run_case
from simulator.conformance.suites import load, shipped
from simulator.foreign import tshark_fields
from simulator.foreign.check_capture import UNREADABLE, Checked, Reader, check
from simulator.foreign.frames import Packet, read_packets
from tests.live import calleq
from tests.ssf_scene import FREEPHONE
from tests.virtual import VirtualNetwork, number

CALLS = 80
FREEPHONE_CALLS = 40


def operations(found: Checked) -> Counter[str]:
    seen: Counter[str] = Counter()
    for name, count in found.messages.items():
        for word in name.split():
            seen[word] += count
    return seen


def clean(found: Checked) -> None:
    assert (found.malformed, found.warned, found.unread, found.wrong) == (0, 0, 0, 0), found.told
    assert found.passed


@pytest.mark.foreign("tshark")
@pytest.mark.parametrize(
    ("equipment", "special"),
    [("scp-1", "merge_call_segments"), ("scp-2", "assist_request_instructions")],
)
def test_calls_of_an_scp_are_read_alike(
    tmp_path: pathlib.Path, equipment: str, special: str
) -> None:
    path = tmp_path / "units.pcap"
    options = ("--calls", str(CALLS), "--equipment", equipment, "--pcap", str(path))
    done = calleq("run", *options, module="simulator.cli")
    assert done.returncode == 0, done.stderr
    found = check(path, ITU)
    clean(found)
    assert operations(found)[special] > CALLS // 2
    assert operations(found)["event_report_bcsm"] > CALLS
    assert found.fields > 100 * CALLS


@pytest.mark.foreign("tshark")
def test_freephone_calls_are_read_alike(tmp_path: pathlib.Path) -> None:
    network = VirtualNetwork(load_topology(), talk_us=5 * SECOND_US)
    telephones = network.network.telephones
    assert telephones is not None
    for _ in range(FREEPHONE_CALLS):
        telephones.dial(number("00"), FREEPHONE)
        network.clock.advance_us(15 * SECOND_US)
        if telephones.telephone(number("00")).state.value != "OnHook":
            telephones.hang_up(number("00"))
        network.clock.advance_us(5 * SECOND_US)
    path = tmp_path / "freephone.pcap"
    units = [one for one in network.tap.captures() if one.segment is Segment.SIGNALLING_LINK]
    with path.open("wb") as file:
        write_pcap(file, units, {})
    found = check(path, ITU)
    clean(found)
    # Each unit is there for each of the two links that it crosses.
    assert operations(found)["initial_dp"] == 2 * FREEPHONE_CALLS
    assert operations(found)["connect"] >= 2 * FREEPHONE_CALLS


def conformance_units(tmp_path: pathlib.Path, *numbers: str) -> list[Packet]:
    cases = [one for one in load("ets300374-3")[1] if one.number in numbers]
    verdicts: list[Verdict] = [run_case(one, "ets300374-3", show=True) for one in cases]
    path = tmp_path / "units.pcap"
    captures = [captured for verdict in verdicts for captured in verdict.captures]
    with path.open("wb") as file:
        write_pcap(file, captures, shipped("ets300374-3").codes)
    with path.open("rb") as file:
        return list(read_packets(file))


@pytest.mark.parametrize(
    ("case", "field", "other"),
    [
        ("ssf-dp-01", "inap.serviceKey", "101"),
        ("ssf-dp-01", "inap.eventTypeBCSM", "2"),
        ("ssf-dp-01", "e164.called_party_number.digits", "18005550101"),
        ("ssf-dp-01", "e164.calling_party_number.digits", "12125550101"),
        ("ssf-dp-01", "tcap.application_context_name", "0.4.0.1.1.1.3.0"),
        ("ssf-dp-01", "tcap.otid", "00000000"),
        ("ssf-dp-01", "sccp.called.ssn", "106"),
        ("ssf-ed-03", "inap.cause_indicator", "16"),
        ("ssf-ed-03", "inap.receivingSideID", "01"),
        ("ssf-ed-03", "inap.code.local", "25"),
        ("ssf-ed-03", "inap.present", "9"),
        ("ssf-ed-07", "inap.applicationTimer", "9"),
        ("ssf-ui-07", "inap.inbandInfo.duration", "6"),
        ("ssf-gp-01", "inap.gapInterval", "7"),
        ("ssf-ci-01", "inap.callConnectedElapsedTimeValue", "31"),
    ],
)
def test_what_tshark_would_read_otherwise_is_a_difference(
    tmp_path: pathlib.Path, case: str, field: str, other: str
) -> None:
    reader = Reader(ITU)
    named = []
    for packet in conformance_units(tmp_path, case):
        _, wanted = reader.read(packet)
        seen = {name: [str(value) for value in values] for name, values in wanted.items()}
        assert tshark_fields.differences(seen, wanted) == []
        if field in seen:
            seen[field] = [other] * len(seen[field])
            named += tshark_fields.differences(seen, wanted)
    assert named
    assert all(text.startswith(f"{field} is {other}") for text in named)


def test_what_is_no_message_is_not_read(tmp_path: pathlib.Path) -> None:
    reader, refused = Reader(ITU), 0
    for packet in conformance_units(tmp_path, "ssf-iv-01", "ssf-iv-03", "ssf-iv-04", "ssf-iv-05"):
        try:
            reader.read(packet)
        except UNREADABLE:
            refused += 1
    assert refused == 4
