"""`calleq-sim check-capture FILE`: tshark and calleq read one capture; every field is compared.

The file is a pcap or pcapng of units, or one of M2PA frames (`calleq-sim run --frames`). tshark's
lines and calleq's own reading of the packets run beside each other, so that a file of any length is
checked in little memory. Exit status 1 where a frame is malformed, an expert warns, or a value
differs.
"""

import argparse
import itertools
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from calleq.cli.failure import CommandError, UsageError
from calleq.cli.output import print_json, print_line
from calleq.ss7.inap.errors import InapError
from calleq.ss7.isup.ansi import message_codec
from calleq.ss7.isup.messages import IsupError
from calleq.ss7.m2pa.frames import M2paError
from calleq.ss7.m2pa.frames import decode as decode_frame
from calleq.ss7.mtp3 import SERVICE_ISUP, Mtp3Error
from calleq.ss7.mtp3_codec import unit_codec
from calleq.ss7.mtp3_management_codec import from_msu
from calleq.ss7.sccp.codec import decode as decode_sccp
from calleq.ss7.sccp.values import SERVICE_SCCP, SccpError
from calleq.ss7.tcap.messages import MessageError
from calleq.ss7.variant import ANSI, ANSI_5, ITU, Variant
from simulator.foreign.frames import CaptureFileError, Packet, read_packets
from simulator.foreign.tshark_fields import (
    Expected,
    differences,
    frame_fields,
    isup_fields,
    label_fields,
    management_fields,
    names_of_fields,
)
from simulator.foreign.tshark_services import names_of_services, service_fields

VARIANTS = {"itu": ITU, "ansi": ANSI, "ansi-5": ANSI_5}
WARNING = 0x600000
"""Severity of an expert's remark in Wireshark: this, or 0x800000 for an error."""
TOLD_LIMIT = 20
"""Differences that are written out; all are counted."""
UNREADABLE = (M2paError, Mtp3Error, IsupError, SccpError, MessageError, InapError)
AGGREGATOR = "|"
_JUDGEMENTS = ("_ws.malformed", "_ws.expert.severity", "_ws.expert.message")


class Checked(msgspec.Struct, kw_only=True):
    """What came of it."""

    tshark: str
    frames: int = 0
    messages: dict[str, int] = {}
    """How many of each name, management and link tests included."""
    fields: int = 0
    """Values compared."""
    names: int = 0
    """Different fields among them."""
    unread: int = 0
    """Packets that calleq itself cannot read."""
    malformed: int = 0
    warned: int = 0
    wrong: int = 0
    told: list[str] = []

    @property
    def passed(self) -> bool:
        """Whether both read the same everywhere, and something was read."""
        return self.frames > 0 and not (self.unread or self.malformed or self.warned or self.wrong)


class Reader:
    """What calleq reads in a packet, as what tshark should."""

    def __init__(self, variant: Variant) -> None:
        self._variant = variant
        self._units = unit_codec(variant)
        self._messages = message_codec(variant)

    def read(self, packet: Packet) -> tuple[str, Expected]:
        """The message's name and its fields; raises the errors of the decoders."""
        if not packet.is_frame:
            return self._unit(packet.octets)
        frame = decode_frame(packet.octets)
        wanted = frame_fields(frame, packet.octets)
        if frame.status is not None:
            return f"status {frame.status.name.lower().replace('_', ' ')}", wanted
        if not frame.body:
            return "acknowledgement", wanted
        name, fields = self._unit(frame.body[1:])
        return name, wanted | fields

    def _unit(self, octets: bytes) -> tuple[str, Expected]:
        msu = self._units.decode(octets)
        wanted = label_fields(msu, self._variant)
        if msu.service == SERVICE_ISUP:
            message = self._messages.decode(msu.payload)
            fields = isup_fields(message, msu.payload, self._variant)
            return type(message).__name__.upper(), wanted | fields
        if msu.service == SERVICE_SCCP:
            name, fields = service_fields(decode_sccp(msu.payload, self._variant))
            return name, wanted | fields
        if msu.service > self._variant.test_service:
            # Of other user parts the label is compared, and nothing above it.
            return f"service {msu.service}", wanted
        managed = from_msu(msu, self._variant)
        return type(managed).__name__.upper(), wanted | management_fields(managed, self._variant)


def check(
    path: Path, variant: Variant, progress: Callable[[int], None] = lambda frames: None
) -> Checked:
    """Compare a whole file. CommandError without tshark, or where it fails."""
    program = shutil.which("tshark")
    if program is None:
        raise CommandError("tshark is not installed")
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
    found = Checked(tshark=version.stdout.splitlines()[0])
    reader, seen, names = Reader(variant), Counter[str](), set[str]()
    try:
        with path.open("rb") as file:
            lines = _tshark(program, path, variant)
            for packet, row in itertools.zip_longest(read_packets(file), lines):
                if packet is None or row is None:
                    raise CommandError(f"{path}: tshark reads another number of packets")
                found.frames += 1
                _judge(found, row)
                try:
                    name, wanted = reader.read(packet)
                except UNREADABLE as error:
                    found.unread += 1
                    _tell(found, f"not read here: {error}")
                    continue
                seen[name] += 1
                names.update(wanted)
                found.fields += sum(map(len, wanted.values()))
                for text in differences(row, wanted):
                    found.wrong += 1
                    _tell(found, f"{name}: {text}")
                progress(found.frames)
    except CaptureFileError as error:
        raise UsageError(f"{path}: {error}") from error
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    found.messages, found.names = dict(seen.most_common()), len(names)
    return found


def _judge(found: Checked, row: dict[str, list[str]]) -> None:
    found.malformed += bool(row["_ws.malformed"])
    if any(int(one, 0) >= WARNING for one in row["_ws.expert.severity"]):
        found.warned += 1
        _tell(found, f"an expert says: {'; '.join(row['_ws.expert.message'])}")


def _tell(found: Checked, text: str) -> None:
    if len(found.told) < TOLD_LIMIT:
        found.told.append(f"frame {found.frames}: {text}")


def _tshark(program: str, path: Path, variant: Variant) -> Iterator[dict[str, list[str]]]:
    """The fields of each frame as tshark shows them, one after the other."""
    names = (*sorted({*names_of_fields(), *names_of_services()}), *_JUDGEMENTS)
    standard = ["-o", f"mtp3.standard:{'ANSI' if variant.is_ansi else 'ITU'}"]
    if variant.is_ansi:
        standard += ["-o", "isup.variant:ANSI Standard"]
        standard += ["-o", f"mtp3.ansi_5_bit_sls:{'TRUE' if variant is ANSI_5 else 'FALSE'}"]
    columns = [word for name in names for word in ("-e", name)]
    command = [program, "-n", "-r", str(path), *standard, "-T", "fields"]
    command += ["-E", f"aggregator={AGGREGATOR}", *columns]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as running:
        assert running.stdout is not None
        for line in running.stdout:
            texts = line.decode("utf-8", "replace").rstrip("\n").split("\t")
            values = [text.split(AGGREGATOR) if text else [] for text in texts]
            yield dict(zip(names, values, strict=True))
    if running.returncode:
        raise CommandError(f"{path}: tshark ended with status {running.returncode}")


def run(arguments: argparse.Namespace) -> int:
    """The command."""
    found = check(arguments.file, VARIANTS[arguments.variant])
    if arguments.json:
        print_json({**msgspec.structs.asdict(found), "passed": found.passed})
        return 0 if found.passed else 1
    for text in found.told:
        print_line(text)
    print_line(
        f"{found.frames} frames, {found.fields} values of {found.names} fields compared with"
        f" {found.tshark}: {found.malformed} malformed, {found.warned} warned of,"
        f" {found.unread} not read here, {found.wrong} wrong fields"
    )
    return 0 if found.passed else 1
