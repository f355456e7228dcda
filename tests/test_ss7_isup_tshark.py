"""tshark dissects every message that the codecs write, both variants, and reads the same values."""

import os
import shutil
import struct
import subprocess
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

from calleq.ss7 import mtp3_codec, mtp3_management_codec
from calleq.ss7.isup import ansi
from calleq.ss7.isup import messages as m
from calleq.ss7.isup.layouts import LAYOUTS, MESSAGE_TYPES
from calleq.ss7.mtp3 import Msu
from calleq.ss7.variant import ANSI, ITU, Variant
from simulator.foreign.tshark_fields import differences, isup_fields, management_fields, same
from simulator.foreign.tshark_names import CIRCUIT_MAP, NO_SUCH_MESSAGE
from simulator.fuzz.isup_samples import ANSI_PLAIN, PLAIN, ansi_form, every_message
from simulator.fuzz.mtp3 import management_samples

TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.foreign("tshark"),
    pytest.mark.skipif(
        TSHARK is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
        reason="tshark is not installed",
    ),
]


def write_pcap(path: Path, units: Iterable[bytes]) -> None:
    """Signal units from the service information octet on (DLT 141)."""
    with path.open("wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 141))
        for octets in units:
            file.write(struct.pack("<IIII", 0, 0, len(octets), len(octets)) + octets)


def run(path: Path, variant: Variant, *arguments: str) -> list[str]:
    standard = ["-o", f"mtp3.standard:{variant.name}"]
    if variant is ANSI:
        standard += ["-o", "isup.variant:ANSI Standard"]
    command = [TSHARK or "tshark", "-n", "-r", str(path), *standard, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def read_fields(path: Path, variant: Variant, names: Iterable[str]) -> list[dict[str, list[str]]]:
    """The values of each field of each frame, as text."""
    columns = [argument for name in names for argument in ("-e", name)]
    rows = []
    for line in run(path, variant, "-T", "fields", "-E", "aggregator=|", *columns):
        values = [value.split("|") if value else [] for value in line.split("\t")]
        rows.append(dict(zip(names, values, strict=True)))
    return rows


def wrong_frames(path: Path, variant: Variant) -> dict[int, str]:
    """Frames that tshark finds malformed or warns of."""
    rows = run(
        path,
        variant,
        "-Y",
        "_ws.malformed || _ws.expert.severity >= 0x600000",
        "-T",
        "fields",
        "-e",
        "frame.number",
        "-e",
        "_ws.expert.message",
    )
    return {int(number) - 1: text for number, text in (row.split("\t") for row in rows)}


def messages_of(variant: Variant) -> list[m.Message]:
    if variant is ITU:
        return every_message()
    return [*ANSI_PLAIN, *ansi_form(PLAIN)]


@pytest.mark.parametrize("variant", [ITU, ANSI], ids=lambda one: one.name)
def test_every_isup_message_is_well_formed_and_reads_the_same(
    variant: Variant, tmp_path: Path
) -> None:
    codec, units = ansi.message_codec(variant), mtp3_codec.unit_codec(variant)
    sent = [
        message
        for message in messages_of(variant)
        if all(code != CIRCUIT_MAP for code, _ in getattr(message, "other", ()))
    ]
    path = tmp_path / "isup.pcap"
    octets = [codec.encode(message) for message in sent]
    write_pcap(
        path,
        (
            units.encode(Msu(2, 1, message.cic & 15, payload))
            for message, payload in zip(sent, octets, strict=True)
        ),
    )
    wrong = wrong_frames(path, variant)
    assert {type(sent[frame]) for frame in wrong} <= set(NO_SUCH_MESSAGE), wrong
    wanted = [isup_fields(*pair, variant) for pair in zip(sent, octets, strict=True)]
    names = sorted({name for one in wanted for name in one})
    rows = read_fields(path, variant, names)
    assert len(rows) == len(sent)
    found: list[str] = []
    compared: dict[str, int] = defaultdict(int)
    for message, row, fields in zip(sent, rows, wanted, strict=True):
        for name, values in fields.items():
            seen = row[name]
            if len(seen) != len(values) or not all(map(same, seen, values)):
                found.append(f"{message}: {name} is {seen}, not {values}")
            compared[name] += 1
    assert not found, "\n".join(differences)
    if variant is ITU:
        assert len(compared) >= 80
        assert {type(message) for message in sent} >= set(LAYOUTS)
    assert sum(compared.values()) > 4 * len(sent)


@pytest.mark.parametrize("variant", [ITU, ANSI], ids=lambda one: one.name)
def test_every_management_message_is_well_formed_and_reads_the_same(
    variant: Variant, tmp_path: Path
) -> None:
    units = mtp3_codec.unit_codec(variant)
    sent = management_samples(variant)
    path = tmp_path / "management.pcap"
    write_pcap(
        path,
        (
            units.encode(mtp3_management_codec.to_msu(message, 2, 1, variant=variant))
            for message in sent
        ),
    )
    assert wrong_frames(path, variant) == {}
    wanted = [management_fields(message, variant) for message in sent]
    rows = read_fields(path, variant, sorted({name for one in wanted for name in one}))
    assert len(rows) == len(sent)
    for message, row, fields in zip(sent, rows, wanted, strict=True):
        assert not differences(row, fields), message


def test_every_type_code_has_the_acronym_of_tsharks_table(tmp_path: Path) -> None:
    """Q.762 Table 2: the names in ladders are those of everybody's tool."""
    path = tmp_path / "names.pcap"
    units = mtp3_codec.unit_codec(ITU)
    codec = ansi.message_codec(ITU)
    sent = [message for message in PLAIN if not isinstance(message, NO_SUCH_MESSAGE)]
    write_pcap(path, (units.encode(Msu(2, 1, 1, codec.encode(message))) for message in sent))
    shown = run(path, ITU, "-T", "fields", "-e", "_ws.col.Info")
    differ = {"UBA": "UBLA", "USR": "UUI", "IRS": "IDS"}
    for message, text in zip(sent, shown, strict=True):
        name = type(message).__name__.upper()
        assert text.split(" ")[0] in (name, differ.get(name)), (name, text)
    assert set(MESSAGE_TYPES) >= {type(message) for message in sent}
