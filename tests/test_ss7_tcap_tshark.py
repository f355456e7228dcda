"""tshark dissects drawn dialogues of TCAP, INAP in them, and reads the same values."""

import os
import random
import shutil
import struct
import subprocess
from pathlib import Path

import pytest

from calleq.ss7 import ber
from calleq.ss7.sccp import codec as sccp_codec
from calleq.ss7.sccp.messages import Udt
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import (
    Component,
    Invoke,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)

TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.foreign("tshark"),
    pytest.mark.skipif(
        TSHARK is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
        reason="tshark is not installed",
    ),
]

MESSAGES = 2_000
SCCP_SERVICE = 0x83
MTP3_LINK_TYPE = 141
SSNS = (106, 241)
CONTEXT = (0, 4, 0, 1, 1, 1, 0, 0)
INVOKES = {
    0: ber.constructed(ber.SEQUENCE, ber.tlv(0x80, b"\x05")),
    22: ber.tlv(ber.OCTET_STRING, b"\x80\x90"),
    31: b"",
    55: b"",
}
"""Operations of INAP, and parameters that they take: initialDP, releaseCall, continue, test."""
RESULTS = {48: ber.tlv(0x80, b"\x01\x21")}
"""promptAndCollectUserInformation: the digits 12."""
ERRORS = (0, 4, 6, 7, 8)
"""Errors of INAP that have no parameter."""
PORTIONS: tuple[m.DialoguePortion | None, ...] = (
    None,
    m.DialogueRequest(CONTEXT),
    m.DialogueResponse(CONTEXT, True, m.Diagnostic.USER_NULL),
    m.DialogueResponse(CONTEXT, False, m.Diagnostic.PROVIDER_NO_COMMON_DIALOGUE_PORTION),
    m.DialogueAbort(True),
    m.DialogueAbort(False),
)
FIELDS = (
    "tcap.otid",
    "tcap.dtid",
    "tcap.p_abortCause",
    "tcap.application_context_name",
    "tcap.result",
    "tcap.dialogue_service_user",
    "tcap.dialogue_service_provider",
    "tcap.abort_source",
    "inap.present",
    "inap.code.local",
    "inap.general",
    "inap.invoke",
    "inap.returnResult",
    "inap.returnError",
)


def component(draw: random.Random) -> Component:
    """A component that makes sense to INAP."""
    invoke_id = draw.randint(-128, 127)
    match draw.randrange(4):
        case 0:
            operation, parameter = draw.choice(list(INVOKES.items()))
            linked = draw.choice((None, draw.randint(-128, 127)))
            return Invoke(invoke_id, operation, parameter, linked)
        case 1:
            operation, parameter = draw.choice(list(RESULTS.items()))
            return draw.choice((ReturnResult(invoke_id, operation, parameter), ReturnResult(2)))
        case 2:
            return ReturnError(invoke_id, draw.choice(ERRORS))
        case _:
            return Reject(invoke_id, draw.choice(tuple(Problem)))


def message(draw: random.Random) -> m.Message:
    """A message drawn at random."""
    components = tuple(component(draw) for _ in range(draw.randint(0, 3)))
    portion = draw.choice(PORTIONS)
    ours, theirs = (draw.randbytes(draw.randint(1, 4)) for _ in range(2))
    match draw.randrange(5):
        case 0:
            return m.Begin(ours, draw.choice(PORTIONS[:2]), components)
        case 1 | 2:
            return m.Continue(ours, theirs, portion, components)
        case 3:
            return m.End(theirs, portion, components)
        case _:
            cause = draw.choice((None, draw.randrange(5)))
            return m.Abort(theirs, cause, portion if cause is None else None)


def expected(message: m.Message) -> list[str]:
    """What tshark should read, field by field."""
    values: dict[str, list[object]] = {name: [] for name in FIELDS}
    if isinstance(message, m.Begin | m.Continue):
        values["tcap.otid"] = [message.originating.hex()]
    if isinstance(message, m.Continue | m.End | m.Abort):
        values["tcap.dtid"] = [message.destination.hex()]
    match message.dialogue:
        case m.DialogueRequest(context):
            values["tcap.application_context_name"] = [".".join(map(str, context))]
        case m.DialogueResponse(context, accepted, diagnostic):
            values["tcap.application_context_name"] = [".".join(map(str, context))]
            values["tcap.result"] = [0 if accepted else 1]
            source = "user" if diagnostic >> 8 == 0xA1 else "provider"
            values[f"tcap.dialogue_service_{source}"] = [diagnostic & 0xFF]
        case m.DialogueAbort(by_provider):
            values["tcap.abort_source"] = [int(by_provider)]
    if isinstance(message, m.Abort):
        values["tcap.p_abortCause"] = [] if message.cause is None else [message.cause]
    else:
        for one in message.components:
            _expect_component(values, one)
    return [",".join(map(str, values[name])) for name in FIELDS]


def _expect_component(values: dict[str, list[object]], component: object) -> None:
    assert isinstance(component, Invoke | ReturnResult | ReturnError | Reject)
    values["inap.present"].append(component.invoke_id)
    match component:
        case Invoke(_, operation, _, linked_id):
            if linked_id is not None:
                values["inap.present"].append(linked_id)
            values["inap.code.local"].append(operation)
        case ReturnResult(_, operation):
            values["inap.code.local"] += [] if operation is None else [operation]
        case ReturnError(_, error):
            values["inap.code.local"].append(error)
        case Reject(_, problem):
            kind = ("general", "invoke", "returnResult", "returnError")[(problem >> 8) - 0x80]
            values[f"inap.{kind}"].append(problem & 0xFF)


def capture(path: Path, messages: list[m.Message]) -> None:
    """Write the messages over SCCP, between two points, by their subsystems of INAP."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, MTP3_LINK_TYPE)]
    for number, one in enumerate(messages):
        ssn = SSNS[number % 2]
        called, calling = PartyAddress(ssn=ssn, point_code=8), PartyAddress(ssn=ssn, point_code=1)
        unit = sccp_codec.encode(Udt(called, calling, codec.encode(one)))
        label = (8 | 1 << 14).to_bytes(4, "little")
        frame = bytes((SCCP_SERVICE,)) + label + unit
        records.append(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(records))


def tshark(path: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [TSHARK or "tshark", "-r", str(path), *options], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_tshark_finds_nothing_malformed_and_reads_the_same_values(tmp_path: Path):
    draw = random.Random(241)
    messages = [message(draw) for _ in range(MESSAGES)]
    path = tmp_path / "tcap.pcap"
    capture(path, messages)
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 6291456") == []
    columns = [part for name in FIELDS for part in ("-e", name)]
    read = tshark(path, "-T", "fields", *columns)
    assert len(read) == MESSAGES
    wrong = [
        (one, codec.encode(sent).hex())
        for one, sent in zip(read, messages, strict=True)
        if one.split("\t") != expected(sent)
    ]
    assert wrong == []
