"""tshark dissects every operation, result and error of INAP, and reads the same values.

Subsystem numbers 106 and 241 are INAP to tshark as it comes (preference `inap.ssn`); for others,
`-o inap.ssn:…`.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap.codec import encode_argument, encode_error, encode_result
from calleq.ss7.inap.contexts import Context
from calleq.ss7.inap.errors import ErrorCode, Version
from calleq.ss7.inap.interaction import InbandInfo, Tone
from calleq.ss7.inap.values import (
    BcsmEvent,
    CallSegmentRelease,
    Extension,
    GapIndicators,
    LegID,
    SegmentMove,
    SegmentRequests,
    Side,
)
from calleq.ss7.isup.parameters import pack_cause
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Cause
from calleq.ss7.sccp import codec as sccp_codec
from calleq.ss7.sccp.messages import Udt
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import Component, Invoke, ReturnError, ReturnResult
from simulator.fuzz.inap_samples import ERRORS, RESULTS, operations

TSHARK = shutil.which("tshark")
pytestmark = [
    pytest.mark.foreign("tshark"),
    pytest.mark.skipif(
        TSHARK is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
        reason="tshark is not installed",
    ),
]
SSNS = (106, 241)
CAUSES = (
    "inap.cause",
    "inap.busyCause",
    "inap.releaseCause",
    "inap.releaseCauseValue",
    "inap.failureCause",
    "inap.abandonCause",
    "inap.initialCallSegment",
)
NUMBERS = {CalledNumber: "e164.called_party_number.digits"} | {
    CallingNumber: "e164.calling_party_number.digits"
}
LEGS = {Side.SENDING: "inap.sendingSideID", Side.RECEIVING: "inap.receivingSideID"}
SCALARS = {
    "service_key": "serviceKey",
    "timer_value_s": "timervalue",
    "event_type_bcsm": "eventTypeBCSM",
    "monitor_mode": "monitorMode",
    "number_of_digits": "numberOfDigits",
    "application_timer_s": "applicationTimer",
    "number_of_repetitions": "numberOfRepetitions",
    "interval_s": "inbandInfo.interval",
    "interval_ms": "gapInterval",
    "elementary_message_id": "elementaryMessageID",
    "content": "messageContent",
    "tone_id": "toneID",
    "connect_time_ms100": "connectTime",
    "message_type": "messageType",
    "dp_assignment": "dpAssignment",
    "minimum": "minimumNbOfDigits",
    "maximum": "maximumNbOfDigits",
    "first_digit_timeout_s": "firstDigitTimeOut",
    "inter_digit_timeout_s": "interDigitTimeOut",
    "error_treatment": "errorTreatment",
    "interruptable": "interruptableAnnInd",
    "voice_information": "voiceInformation",
    "voice_back": "voiceBack",
    "disconnect_from_ip_forbidden": "disconnectFromIPForbidden",
    "request_announcement_complete": "requestAnnouncementComplete",
    "control_type": "controlType",
    "cut_and_paste": "cutAndPaste",
    "cg_encountered": "cGEncountered",
    "terminal_type": "terminalType",
    "trigger_type": "triggerType",
    "call_segment": "callSegmentID",
    "connected_party": "callSegmentID",
    "party_to_connect": "callSegmentID",
    "party_to_disconnect": "callSegmentID",
    "resource_address": "callSegmentID",
    "leg_or_segment": "csID",
    "new_call_segment": "newCallSegment",
    "source_call_segment": "sourceCallSegment",
    "target_call_segment": "targetCallSegment",
    "target_call_segment_association": "targetCallSegmentAssociation",
    "created_call_segment_association": "createdCallSegmentAssociation",
    "new_call_segment_association": "newCallSegmentAssociation",
    "time_to_release_s": "timeToRelease",
    "notification_duration_s": "notificationDuration",
    "display_information": "displayInformation",
    "suspend_timer_s": "suspendTimer",
    "bothway_path_not_required": "bothwayThroughConnectionInd",
    "connected_number_treatment": "connectedNumberTreatmentInd",
}
SPECIAL = {
    (BcsmEvent, "event_type"): "eventTypeBCSM",
    (SegmentMove, "new"): "newCallSegment",
    (SegmentMove, "source"): "sourceCallSegment",
    (a.PlayAnnouncement, "information_to_send"): "displayInformation",
    (InbandInfo, "duration_s"): "inbandInfo.duration",
    (InbandInfo, "message_id"): "elementaryMessageID",
    (Tone, "duration_s"): "tone.duration",
    (GapIndicators, "duration_s"): "duration",
    (CallSegmentRelease, "call_segment"): "callSegment",
    (SegmentRequests, "call_segment"): "allRequestsForCallSegment",
}
FIELDS = sorted({f"inap.{name}" for name in (*SCALARS.values(), *SPECIAL.values())})
COLUMNS = ("inap.code.local", *CAUSES, *NUMBERS.values(), *LEGS.values(), *FIELDS)
ALWAYS = ("message_type",)
"""Sent though it equals the default of the struct."""
Read = dict[str, list[str]]


def sent() -> Iterator[tuple[Version, Component, object]]:
    """Every component, with the capability set and the values in it."""
    for version in Version:
        for code, argument in operations(version):
            shown = legible(argument)
            yield version, Invoke(1, code, encode_argument(shown, version)), shown
    for code, result in RESULTS:
        octets = encode_result(result, Version.CS2)
        yield Version.CS2, ReturnResult(1, code, octets), result
    for error in ERRORS:
        yield Version.CS1, ReturnError(1, int(error.code), encode_error(error)), error


def legible(argument: msgspec.Struct) -> msgspec.Struct:
    """The argument without what tshark 4.0 takes for malformed, or trips over.

    Unknown parameters it warns of, rightly. A correlation identity of events makes it report a bug
    of its own, and it reads variable digits as a number.
    """
    fields = argument.__struct_fields__
    for name, nothing in (("more", ()), ("bcsm_event_correlation_id", None)):
        if name in fields:
            argument = replace(argument, **{name: nothing})
    return argument


def values(value: object, name: str = "", owner: object = None) -> Iterator[tuple[str, str]]:
    """What tshark should show of a value: fields and texts."""
    match value:
        case None:
            return
        case LegID():
            yield LEGS[value.side], f"{value.leg:02x}"
        case CalledNumber() | CallingNumber():
            yield NUMBERS[type(value)], value.digits
        case Extension(kind=int(kind)):
            yield "inap.code.local", str(kind)
        case Cause():
            yield "cause", pack_cause(value).hex()
        case msgspec.Struct():
            defaults = {one.name: one.default for one in msgspec.structs.fields(value)}
            for part in value.__struct_fields__:
                inner = getattr(value, part)
                if inner != defaults[part] or part in ALWAYS:
                    yield from values(inner, part, value)
        case tuple():
            for one in value:
                yield from values(one, "", owner)
        case _:
            field = SPECIAL.get((type(owner), name)) or SCALARS.get(name)
            if field:
                yield f"inap.{field}", str(int(value) if isinstance(value, int) else value)


def expected(component: Component, value: object) -> Read:
    """By field, what tshark should read, sorted."""
    found: Read = {}
    for field, shown in values(value):
        found.setdefault(field, []).append(shown)
    code = component.error if isinstance(component, ReturnError) else component.operation
    found.setdefault("inap.code.local", []).append(str(code))
    return {field: sorted(shown) for field, shown in found.items()}


def read(line: str) -> Read:
    """By field, what tshark has read, sorted; causes by whatever name as one."""
    found: Read = {}
    for field, shown in zip(COLUMNS, line.split("\t"), strict=True):
        if shown:
            found.setdefault("cause" if field in CAUSES else field, []).extend(shown.split(","))
    return {field: sorted(shown) for field, shown in found.items()}


def capture(path: Path, components: list[tuple[Version, Component]]) -> None:
    """Each component in a dialogue of its capability set, by either subsystem number."""
    records = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 141)]
    for number, (version, component) in enumerate(components):
        context = Context.CS1_SSP_TO_SCP if version is Version.CS1 else Context.CS2_SSF_SCF_GENERIC
        begin = m.Begin(bytes(4), m.DialogueRequest(context.identifier), (component,))
        ssn = SSNS[number % 2]
        called, calling = PartyAddress(ssn=ssn, point_code=8), PartyAddress(ssn=ssn, point_code=1)
        unit = sccp_codec.encode(Udt(called, calling, codec.encode(begin)))
        frame = b"\x83" + (8 | 1 << 14).to_bytes(4, "little") + unit
        records.append(struct.pack("<IIII", number, 0, len(frame), len(frame)) + frame)
    path.write_bytes(b"".join(records))


def tshark(path: Path, *options: str) -> list[str]:
    done = subprocess.run(
        [TSHARK or "tshark", "-r", str(path), *options], capture_output=True, text=True, check=True
    )
    return done.stdout.splitlines()


def test_tshark_finds_nothing_malformed_and_reads_the_same_values(tmp_path: Path):
    everything = list(sent())
    path = tmp_path / "inap.pcap"
    capture(path, [(version, component) for version, component, _ in everything])
    assert tshark(path, "-Y", "_ws.malformed || _ws.expert.severity >= 6291456") == []
    columns = [part for name in COLUMNS for part in ("-e", name)]
    lines = tshark(path, "-T", "fields", *columns)
    assert len(lines) == len(everything)
    wrong = [
        (value, read(line), expected(component, value))
        for line, (_, component, value) in zip(lines, everything, strict=True)
        if read(line) != expected(component, value)
    ]
    assert wrong == []


def test_every_operation_and_every_error_is_among_them():
    components = [component for _, component, _ in sent()]
    invoked = {one.operation for one in components if isinstance(one, Invoke)}
    assert invoked == {code for code, _ in operations(Version.CS2)}
    errors = {one.error for one in components if isinstance(one, ReturnError)}
    assert errors == set(ErrorCode)
