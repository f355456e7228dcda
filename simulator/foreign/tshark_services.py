"""What tshark should read of SCCP, TCAP and INAP, by its names of fields, as calleq reads them.

Owns the map from the parts of a message to the names of Wireshark 4.0's dissectors. INAP's
arguments are walked along the grammar that calleq's codec goes by; what a capability set is spoken
no message says by itself, so all are read as CS-2, as tshark does. A parameter that has its default
is not on the wire, and not expected. Segments of longer messages are compared as far as SCCP goes.
"""

from collections.abc import Iterable

import msgspec

from calleq.ss7.inap import arguments as a
from calleq.ss7.inap import interaction as i
from calleq.ss7.inap import layout
from calleq.ss7.inap import values as v
from calleq.ss7.inap.codec import decode_argument, decode_result
from calleq.ss7.inap.errors import InapError, Version
from calleq.ss7.inap.operation_layouts import CS1_ARGUMENTS
from calleq.ss7.inap.operations import OperationCode
from calleq.ss7.inap.party_layouts import CS2_ARGUMENTS, RESULTS
from calleq.ss7.isup.values import CalledNumber, CallingNumber, Cause
from calleq.ss7.sccp import messages as sccp
from calleq.ss7.sccp.management_codec import decode_management
from calleq.ss7.sccp.values import PartyAddress
from calleq.ss7.tcap import codec as tcap
from calleq.ss7.tcap import messages as m
from calleq.ss7.tcap.components import (
    ComponentIndication,
    Invoke,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)

Expected = dict[str, list[object]]

MANAGER = 1
"""The subsystem number of SCCP management."""
INAP = (106, 241)
ARGUMENTS = {**CS1_ARGUMENTS, **CS2_ARGUMENTS}
TYPES = {"Udt": 0x09, "Udts": 0x0A, "Xudt": 0x11, "Xudts": 0x12, "Ludt": 0x13, "Ludts": 0x14}

NAMES: dict[str, str] = {
    "service_key": "serviceKey",
    "event_type": "eventTypeBCSM",
    "event_type_bcsm": "eventTypeBCSM",
    "monitor_mode": "monitorMode",
    "number_of_digits": "numberOfDigits",
    "application_timer_s": "applicationTimer",
    "message_type": "messageType",
    "call_segment": "callSegmentID",
    "new_call_segment": "newCallSegment",
    "source_call_segment": "sourceCallSegment",
    "target_call_segment": "targetCallSegment",
    "new_call_segment_association": "newCallSegmentAssociation",
    "leg_or_segment": "csID",
    "resource_address": "callSegmentID",
    "party_to_connect": "callSegmentID",
    "party_to_disconnect": "callSegmentID",
    "connected_party": "callSegmentID",
    "connect_time_ms100": "connectTime",
    "cut_and_paste": "cutAndPaste",
    "timer_value_s": "timervalue",
    "invoke_id": "invokeID",
    "message_id": "elementaryMessageID",
    "content": "messageContent",
    "number_of_repetitions": "numberOfRepetitions",
    "tone_id": "toneID",
    "minimum": "minimumNbOfDigits",
    "maximum": "maximumNbOfDigits",
    "first_digit_timeout_s": "firstDigitTimeOut",
    "inter_digit_timeout_s": "interDigitTimeOut",
    "error_treatment": "errorTreatment",
    "disconnect_from_ip_forbidden": "disconnectFromIPForbidden",
    "request_announcement_complete": "requestAnnouncementComplete",
    "interval_ms": "gapInterval",
    "control_type": "controlType",
    "correlation_id": "correlationID",
    "scf_id": "scfID",
    "assisting_ssp_ip_routing_address": "assistingSSPIPRoutingAddress",
}
"""tshark's name, after `inap.`, of a parameter that is a number, a text or octets."""

_R = v.RequestedInformationType
INFORMATION = {
    _R.CALL_ATTEMPT_ELAPSED_TIME: "callAttemptElapsedTimeValue",
    _R.CALL_STOP_TIME: "callStopTimeValue",
    _R.CALL_CONNECTED_ELAPSED_TIME: "callConnectedElapsedTimeValue",
}
"""The same of call information."""
NAMES |= {name: name for name in INFORMATION.values()}

OF_ONE_STRUCT: dict[tuple[type, str], str] = {
    (i.InbandInfo, "duration_s"): "inbandInfo.duration",
    (i.InbandInfo, "interval_s"): "inbandInfo.interval",
    (i.Tone, "duration_s"): "tone.duration",
    (v.GapIndicators, "duration_s"): "duration",
    (a.ApplyCharging, "characteristics"): "aChBillingChargingCharacteristics",
}
"""The same where other operations have something else of that name."""

OTHERS = (
    "inap.requestedInformationType",
    "sccp.message_type",
    "sccp.class",
    "sccp.handling",
    "sccp.return_cause",
    "sccp.hops",
    "sccp.called.ssn",
    "sccp.called.pc",
    "sccp.called.digits",
    "sccp.calling.ssn",
    "sccp.calling.pc",
    "sccp.calling.digits",
    "sccpmg.message_type",
    "sccpmg.ssn",
    "sccpmg.pc",
    "sccpmg.smi",
    "tcap.otid",
    "tcap.dtid",
    "tcap.p_abortCause",
    "tcap.application_context_name",
    "tcap.result",
    "inap.present",
    "inap.code.local",
    "inap.sendingSideID",
    "inap.receivingSideID",
    "inap.cause_indicator",
    "q931.cause_location",
    "e164.called_party_number.digits",
    "isup.called_party_nature_of_address_indicator",
    "e164.calling_party_number.digits",
    "isup.calling_party_nature_of_address_indicator",
    "isup.address_presentation_restricted_indicator",
    "isup.screening_indicator",
)


def names_of_services() -> set[str]:
    """Every field that this module expects anything of."""
    named = {f"inap.{name}" for name in (*NAMES.values(), *OF_ONE_STRUCT.values())}
    return named | set(OTHERS)


def service_fields(message: sccp.Message) -> tuple[str, Expected]:
    """The name of an SCCP message with what it carries, and what tshark should read of it.

    Raises the errors of the decoders.
    """
    kind = type(message).__name__
    wanted = _unit_fields(kind, message)
    if isinstance(message, sccp.Udts | sccp.Xudts):
        wanted["sccp.return_cause"] = [message.cause]
    if isinstance(message, sccp.Xudt | sccp.Xudts):
        wanted["sccp.hops"] = [message.hop_counter]
        if message.segmentation is not None:
            return kind.upper(), wanted
    if message.called.ssn == MANAGER:
        name, more = _management_fields(message.data)
        return name, wanted | more
    if message.called.ssn in INAP or message.calling.ssn in INAP:
        name, more = _transaction_fields(message.data)
        return name, wanted | more
    return kind.upper(), wanted


def _unit_fields(kind: str, message: sccp.Message) -> Expected:
    wanted: Expected = {"sccp.message_type": [TYPES[kind]]}
    if isinstance(message, sccp.Udt | sccp.Xudt):
        wanted["sccp.class"] = [message.protocol_class]
        wanted["sccp.handling"] = [8 if message.return_on_error else 0]
    for side, address in (("called", message.called), ("calling", message.calling)):
        wanted |= _address_fields(f"sccp.{side}", address)
    return wanted


def _address_fields(side: str, address: PartyAddress) -> Expected:
    wanted: Expected = {}
    if address.ssn is not None:
        wanted[f"{side}.ssn"] = [address.ssn]
    if address.point_code is not None:
        wanted[f"{side}.pc"] = [address.point_code]
    digits = getattr(address.title, "digits", "")
    if digits:
        wanted[f"{side}.digits"] = [digits]
    return wanted


def _management_fields(data: bytes) -> tuple[str, Expected]:
    told = decode_management(data)
    return told.kind.name, {
        "sccpmg.message_type": [int(told.kind)],
        "sccpmg.ssn": [told.ssn],
        "sccpmg.pc": [told.point_code],
        "sccpmg.smi": [told.multiplicity],
    }


def _transaction_fields(data: bytes) -> tuple[str, Expected]:
    message = tcap.decode(data)
    wanted: Expected = {}
    if isinstance(message, m.Begin | m.Continue):
        wanted["tcap.otid"] = [message.originating.hex()]
    if isinstance(message, m.Continue | m.End | m.Abort):
        wanted["tcap.dtid"] = [message.destination.hex()]
    match message.dialogue:
        case m.DialogueRequest(context):
            wanted["tcap.application_context_name"] = [".".join(map(str, context))]
        case m.DialogueResponse(context, accepted):
            wanted["tcap.application_context_name"] = [".".join(map(str, context))]
            wanted["tcap.result"] = [int(not accepted)]
        case _:
            pass
    name = f"TC-{type(message).__name__.upper()}"
    if isinstance(message, m.Abort):
        if message.cause is not None:
            wanted["tcap.p_abortCause"] = [message.cause]
        return name, wanted
    said = _Components(message.components)
    for field, values in said.wanted.items():
        wanted[field] = values
    return " ".join((name, *said.names)), wanted


class _Components:
    """What the components of one message say, field by field in their order."""

    def __init__(self, components: Iterable[ComponentIndication]) -> None:
        self.wanted: Expected = {}
        self.names: list[str] = []
        for component in components:
            self._read(component)

    def _add(self, field: str, value: object) -> None:
        self.wanted.setdefault(field, []).append(value)

    def _read(self, component: ComponentIndication) -> None:
        if component.invoke_id is not None:
            self._add("inap.present", component.invoke_id)
        match component:
            case Invoke(_, int() as code, octets, linked_id):
                if linked_id is not None:
                    self._add("inap.present", linked_id)
                self._add("inap.code.local", code)
                argument = decode_argument(code, octets, Version.CS2)
                self.names.append(OperationCode(code).name.lower())
                if code in ARGUMENTS:
                    self._walk(ARGUMENTS[code], argument, type(argument), "")
            case ReturnResult(_, operation, octets):
                self.names.append("result")
                if isinstance(operation, int):
                    self._add("inap.code.local", operation)
                    result = decode_result(operation, octets, Version.CS2)
                    if operation in RESULTS:
                        self._walk(RESULTS[operation], result, type(result), "")
            case ReturnError(_, int() as error):
                self._add("inap.code.local", error)
                self.names.append("error")
            case Reject():
                self.names.append("reject")
            case _:
                raise InapError(f"{component}", Problem.UNRECOGNIZED_COMPONENT)

    def _walk(self, kind: layout.Kind, value: object, owner: type, name: str) -> None:
        """Expect a value of this kind, the field `name` of a struct."""
        match kind:
            case layout.Sequence(_, fields):
                self._walk_fields(fields, value)
            case layout.Choice(alternatives):
                for one in alternatives:
                    if isinstance(value, one.types):
                        self._walk(one.kind, value, owner, name)
                        return
            case layout.ListOf(of):
                assert isinstance(value, tuple)
                for element in value:
                    self._walk(of, element, owner, name)
            case layout.OneOf(_, fields):
                self._walk_fields(fields, value)
            case layout.Keyed(_, key, keyed):
                for event in keyed:
                    if event.key == getattr(value, key):
                        self._walk_fields(event.fields, value)
            case layout.Tagged(_, _, values):
                assert isinstance(value, v.RequestedInformation)
                self._add("inap.requestedInformationType", int(value.kind))
                shown = INFORMATION.get(value.kind, "")
                self._walk(dict(values)[value.kind], value.value, owner, shown)
            case layout.Wrapped(struct, inner):
                attributes = struct.__struct_fields__  # type: ignore[attr-defined]
                if attributes:
                    self._walk(inner, getattr(value, attributes[0]), owner, attributes[0])
            case layout.Leg():
                assert isinstance(value, v.LegID)
                self._add(f"inap.{value.side.name.lower()}SideID", f"{value.leg:02x}")
            case _:
                self._leaf(kind, value, owner, name)

    def _walk_fields(self, fields: Iterable[layout.Field], value: object) -> None:
        assert isinstance(value, msgspec.Struct)
        defaults = {one.name: one.default for one in msgspec.structs.fields(value)}
        for field in fields:
            given = getattr(value, field.name)
            if field.mandatory or given != defaults[field.name]:
                self._walk(field.kind, given, type(value), field.name)

    def _leaf(self, kind: layout.Kind, value: object, owner: type, name: str) -> None:
        match value:
            case Cause():
                self._add("inap.cause_indicator", value.value)
                self._add("q931.cause_location", value.location)
                return
            case CalledNumber() if name != "dialled_digits":
                self._add("e164.called_party_number.digits", value.digits)
                self._add("isup.called_party_nature_of_address_indicator", value.nature)
                return
            case CallingNumber():
                self._add("e164.calling_party_number.digits", value.digits)
                self._add("isup.calling_party_nature_of_address_indicator", value.nature)
                self._add("isup.address_presentation_restricted_indicator", value.presentation)
                self._add("isup.screening_indicator", value.screening)
                return
        shown = OF_ONE_STRUCT.get((owner, name)) or NAMES.get(name)
        if shown is None:
            return
        match kind:
            case layout.Integer() | layout.Enumerated() | layout.Choices() | layout.Boolean():
                assert isinstance(value, int)
                self._add(f"inap.{shown}", int(value))
            case layout.Text():
                self._add(f"inap.{shown}", value)
            case layout.Octets():
                self._add(f"inap.{shown}", kind.pack(value).hex())
            case _:
                pass
