"""tshark dissects every unit of SCCP that the codec writes, and reads the same values."""

import os
import random
import shutil
from collections import Counter
from pathlib import Path

import pytest
from msgspec.structs import replace

from calleq.ss7 import mtp3_codec
from calleq.ss7.mtp3 import Msu
from calleq.ss7.sccp import messages as m
from calleq.ss7.sccp.codec import MESSAGE_TYPES, message_codec
from calleq.ss7.sccp.management_codec import Kind, Management, encode_management
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    FullTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    ReturnCause,
    TranslationTitle,
)
from calleq.ss7.variant import ANSI, ITU, Variant
from calleq.trace.capture import MemoryCapture
from calleq.trace.pcap import write_pcap as write_capture
from calleq.units import SECOND_US
from simulator.fuzz import sccp as samples
from tests.sccp_scene import INAP, SCP, Diary, SignallingNetwork
from tests.test_ss7_isup_tshark import read_fields, write_pcap, wrong_frames
from tests.test_ss7_isup_tshark import same as same_value
from tests.test_ss7_sccp_network import PLANS

pytestmark = [
    pytest.mark.foreign("tshark"),
    pytest.mark.skipif(
        shutil.which("tshark") is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
        reason="tshark is not installed",
    ),
]

PLAIN_SSN = 200
"""A subsystem of whose data tshark has no opinion."""
UNITS = 1_000

Expected = dict[str, list[object]]


def address_fields(of: str, address: PartyAddress, variant: Variant) -> Expected:
    """What tshark should read of an address, by its names."""
    head = f"sccp.{of}."
    found: Expected = {
        head + "ri": [int(not address.route_on_title)],
        head + "ssni": [int(address.ssn is not None)],
        head + "pci": [int(address.point_code is not None)],
        head + "ssn": [] if address.ssn is None else [address.ssn],
        head + ("reserved" if variant is ITU else "ni"): [int(address.national)],
    }
    if variant is ITU:
        found[head + "pc"] = [] if address.point_code is None else [address.point_code]
    title = address.title
    if isinstance(title, NatureTitle):
        found |= {head + "gti": [1], head + "nai": [title.nature]}
        found[head + "oe"] = [len(title.digits) & 1]
    elif isinstance(title, TranslationTitle):
        found |= {head + "gti": [2], head + "tt": [title.translation_type]}
    elif isinstance(title, PlanTitle | FullTitle):
        kind = 4 if isinstance(title, FullTitle) else 3 if variant is ITU else 1
        found |= {head + "gti": [kind], head + "tt": [title.translation_type]}
        found[head + "np"] = [title.plan]
        coding = 2 - (len(title.digits) & 1) if title.scheme is None else title.scheme
        found[head + "es"] = [coding]
        if isinstance(title, FullTitle):
            found[head + "nai"] = [title.nature]
    elif title is None:
        found[head + "gti"] = [0]
    if (
        isinstance(title, NatureTitle | PlanTitle | FullTitle)
        and getattr(title, "scheme", None) is None
    ):
        found[head + "digits"] = [title.digits]
    return found


def expected(message: m.Message, variant: Variant) -> Expected:
    """What tshark should read of a message."""
    found: Expected = {"sccp.message_type": [MESSAGE_TYPES[type(message)]]}
    found |= address_fields("called", message.called, variant)
    found |= address_fields("calling", message.calling, variant)
    if isinstance(message, m.Udt | m.Xudt):
        found["sccp.class"] = [message.protocol_class]
        found["sccp.handling"] = [8 * message.return_on_error]
    else:
        found["sccp.return_cause"] = [message.cause]
    if isinstance(message, m.Xudt | m.Xudts):
        found["sccp.hops"] = [message.hop_counter]
        if variant is ITU:  # T1.112 has no importance
            found["sccp.importance"] = [] if message.importance is None else [message.importance]
        part = message.segmentation
        found["sccp.segmentation.remaining"] = [] if part is None else [part.remaining]
        if part is not None:
            found["sccp.segmentation.first"] = [int(part.first)]
            found["sccp.segmentation.class"] = [int(part.in_sequence)]
            found["sccp.segmentation.slr"] = [part.reference]
    return found


def known_addresses(variant: Variant) -> list[PartyAddress]:
    """Those that tshark can show whole; of international ones it warns in ANSI networks."""
    return [
        replace(address, ssn=PLAIN_SSN + at % 10, national=variant is ANSI or address.national)
        for at, address in enumerate(samples.addresses(variant))
        if not isinstance(address.title, samples.UnknownTitle)
    ]


def generated(variant: Variant) -> list[m.Message]:
    """Units of every kind, of values drawn with a fixed seed."""
    draw = random.Random(713)
    known = known_addresses(variant)
    made: list[m.Message] = []
    for number in range(UNITS):
        called, calling = draw.choice(known), draw.choice(known)
        data = b"\xee" + draw.randbytes(draw.randint(0, 119))  # looks like no other protocol
        segmentation = m.Segmentation(True, draw.randrange(16), number, draw.random() < 0.5)
        tail = (
            draw.choice((None, segmentation)),
            draw.choice((None, draw.randrange(8))),
            draw.choice(((), ((0x77, draw.randbytes(3)),))),
        )
        kind, returned = draw.randrange(2), draw.random() < 0.5
        cause, hops = draw.choice(list(ReturnCause)), draw.randint(1, 15)
        made.append(
            draw.choice(
                (
                    m.Udt(called, calling, data, kind, returned),
                    m.Udts(called, calling, data, cause),
                    m.Xudt(called, calling, data, kind, returned, hops, *tail),
                    m.Xudts(called, calling, data, cause, hops, *tail),
                    m.Ludt(called, calling, data, kind, returned, hops, *tail),
                    m.Ludts(called, calling, data, cause, hops, *tail),
                )
            )
        )
    return made


def same(seen: list[str], values: list[object]) -> bool:
    return len(seen) == len(values) and all(map(same_value, seen, values))


@pytest.mark.parametrize("variant", [ITU, ANSI], ids=lambda one: one.name)
def test_every_unit_is_well_formed_and_reads_the_same(variant: Variant, tmp_path: Path) -> None:
    units, written = mtp3_codec.unit_codec(variant), message_codec(variant)
    sent = generated(variant)
    path = tmp_path / "sccp.pcap"
    write_pcap(
        path,
        (
            units.encode(Msu(2, 1, 3, written.encode(message), service=SERVICE_SCCP))
            for message in sent
        ),
    )
    assert wrong_frames(path, variant) == {}
    wanted = [expected(message, variant) for message in sent]
    names = sorted({name for one in wanted for name in one})
    rows = read_fields(path, variant, names)
    assert len(rows) == len(sent)
    differences = []
    compared: Counter[str] = Counter()
    for message, row, fields in zip(sent, rows, wanted, strict=True):
        for name, values in fields.items():
            if not same(row[name], values):
                differences.append(f"{message}: {name} is {row[name]}, not {values}")
            compared[name] += 1
    assert not differences, f"{len(differences)}\n" + "\n".join(differences[:10])
    assert len(compared) >= 25
    assert {type(message) for message in sent} == set(MESSAGE_TYPES)


@pytest.mark.parametrize("variant", [ITU, ANSI], ids=lambda one: one.name)
def test_management_messages_read_the_same(variant: Variant, tmp_path: Path) -> None:
    units, written = mtp3_codec.unit_codec(variant), message_codec(variant)
    sent = [
        Management(kind, ssn, code, multiplicity, 5 if kind is Kind.SSC else 0)
        for kind in Kind
        if variant is ITU or kind is not Kind.SSC
        for ssn, code, multiplicity in ((241, 4593, 1), (1, 2, 0), (106, 300, 2))
    ]
    manager = PartyAddress(1, national=variant is ANSI)
    path = tmp_path / "management.pcap"
    write_pcap(
        path,
        (
            units.encode(
                Msu(
                    2,
                    1,
                    0,
                    written.encode(m.Udt(manager, manager, encode_management(message, variant))),
                    service=SERVICE_SCCP,
                )
            )
            for message in sent
        ),
    )
    wrong = wrong_frames(path, variant)
    # tshark 4.0 reads an SSC whole and then calls it unknown.
    assert {sent[frame].kind for frame in wrong} <= {Kind.SSC}, wrong
    names = ["message_type", "ssn", "pc", "smi", "congestion"]
    if variant is ANSI:
        names.remove("pc")
    rows = read_fields(path, variant, [f"sccpmg.{name}" for name in names])
    for message, row in zip(sent, rows, strict=True):
        values: dict[str, list[object]] = {
            "message_type": [int(message.kind)],
            "ssn": [message.ssn],
            "pc": [message.point_code],
            "smi": [message.multiplicity],
            "congestion": [5] if message.kind is Kind.SSC else [],
        }
        for name in names:
            assert same(row[f"sccpmg.{name}"], values[name]), (message, name, row)


def test_what_a_network_says_is_well_formed_and_long_data_is_put_together(tmp_path: Path) -> None:
    """Captured on the links of a network, written by the capture writer of `calleq trace`."""
    tap = MemoryCapture()
    network = SignallingNetwork(PLANS, tap)
    service, here = PartyAddress(PLAIN_SSN, SCP), PartyAddress(PLAIN_SSN)
    for name in ("ssp", "scp"):
        network.sccp[name].register(PLAIN_SSN, Diary())
    lengths = [1, 100, 252, 253, 700, 3_000, 3_888]
    for length in lengths:
        network.sccp["ssp"].send(service, here, b"\xee" * length)
    network.sccp["ssp"].send(PartyAddress(99, SCP), here, b"\xee" * 9)
    lost = PartyAddress(PLAIN_SSN, None, FullTitle("1999"), route_on_title=True)
    network.sccp["ssp"].send(lost, here, b"\xee" * 9)
    network.sccp["scp"].set_in_service(INAP, False)
    network.pass_time(10 * SECOND_US)
    path = tmp_path / "network.pcap"
    sent = [
        captured
        for captured in tap.captures()
        if mtp3_codec.decode(captured.octets).service == SERVICE_SCCP
        and not captured.sender.startswith("stp")
    ]
    with path.open("wb") as file:
        write_capture(file, sent, network.codes)
    assert wrong_frames(path, ITU) == {}
    rows = read_fields(
        path, ITU, ["sccp.message_type", "sccp.msg.reassembled.length", "sccp.return_cause"]
    )
    assert len(rows) == len(sent)
    whole = [int(one) for row in rows for one in row["sccp.msg.reassembled.length"]]
    assert whole == [length for length in lengths if length > 252]
    causes = [int(one, 0) for row in rows for one in row["sccp.return_cause"]]
    assert causes == [ReturnCause.UNEQUIPPED_USER]
    seen = {int(one, 0) for row in rows for one in row["sccp.message_type"]}
    assert seen == {0x09, 0x0A, 0x11}
