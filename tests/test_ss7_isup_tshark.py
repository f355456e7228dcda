"""tshark dissects every message that the codecs write, both variants, and reads the same values."""

import os
import shutil
import struct
import subprocess
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from calleq.ss7 import mtp3_codec, mtp3_management_codec
from calleq.ss7 import mtp3_management as management
from calleq.ss7.isup import ansi, indicators, optional
from calleq.ss7.isup import messages as m
from calleq.ss7.isup.indicators import Field
from calleq.ss7.isup.layouts import LAYOUTS, MESSAGE_TYPES
from calleq.ss7.mtp3 import Msu
from calleq.ss7.variant import ANSI, ITU, Variant
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

CIRCUIT_MAP = 0x25
"""tshark 4.0 finds every circuit assignment map malformed, of whatever length."""
NO_SUCH_MESSAGE = (m.Unknown, m.Drs, m.Exm)
"""Warned of as unknown or reserved, the reserved ones rightly."""

FORWARD = "isup.forw_call_"
BACKWARD = "isup.backw_call_"
PLACES: dict[str, tuple[tuple[str, Field], ...]] = {
    "nature_of_connection": (
        ("isup.satellite_indicator", indicators.SATELLITE),
        ("isup.continuity_check_indicator", indicators.CONTINUITY_CHECK),
        ("isup.echo_control_device_indicator", indicators.ECHO_DEVICE_OUTGOING),
    ),
    "forward_call": (
        (f"{FORWARD}natnl_inatnl_call_indicator", indicators.INTERNATIONAL_CALL),
        (f"{FORWARD}end_to_end_method_indicator", indicators.FORWARD_END_TO_END_METHOD),
        (f"{FORWARD}interworking_indicator", indicators.FORWARD_INTERWORKING),
        (f"{FORWARD}end_to_end_information_indicator", indicators.FORWARD_END_TO_END),
        (f"{FORWARD}isdn_user_part_indicator", indicators.FORWARD_ISUP),
        (f"{FORWARD}preferences_indicator", indicators.ISUP_PREFERENCE),
        (f"{FORWARD}isdn_access_indicator", indicators.ORIGINATING_ACCESS_ISDN),
        (f"{FORWARD}sccp_method_indicator", indicators.FORWARD_SCCP_METHOD),
    ),
    "backward_call": (
        ("isup.charge_indicator", indicators.CHARGE),
        ("isup.called_partys_status_indicator", indicators.CALLED_STATUS),
        ("isup.called_partys_category_indicator", indicators.CALLED_CATEGORY),
        (f"{BACKWARD}end_to_end_method_indicator", indicators.BACKWARD_END_TO_END_METHOD),
        (f"{BACKWARD}interworking_indicator", indicators.BACKWARD_INTERWORKING),
        (f"{BACKWARD}end_to_end_information_indicator", indicators.BACKWARD_END_TO_END),
        (f"{BACKWARD}isdn_user_part_indicator", indicators.BACKWARD_ISUP),
        (f"{BACKWARD}holding_indicator", indicators.HOLDING),
        (f"{BACKWARD}isdn_access_indicator", indicators.TERMINATING_ACCESS_ISDN),
        (f"{BACKWARD}echo_control_device_indicator", indicators.ECHO_DEVICE_INCOMING),
        (f"{BACKWARD}sccp_method_indicator", indicators.BACKWARD_SCCP_METHOD),
    ),
    "event": (
        ("isup.event_ind", indicators.EVENT),
        ("isup.event_presentation_restr_ind", indicators.EVENT_RESTRICTED),
    ),
    "request": (
        ("isup.calling_party_address_request_indicator", indicators.REQUEST_CALLING_ADDRESS),
        ("isup.info_req_holding_indicator", indicators.REQUEST_HOLDING),
        ("isup.calling_partys_category_request_indicator", indicators.REQUEST_CATEGORY),
        ("isup.charge_information_request_indicator", indicators.REQUEST_CHARGE),
        ("isup.malicious_call_ident_request_indicator", indicators.REQUEST_MALICIOUS_CALL),
    ),
    "information": (
        ("isup.calling_party_address_response_indicator", indicators.CALLING_ADDRESS_RESPONSE),
        ("isup.hold_provided_indicator", indicators.HOLD_PROVIDED),
        ("isup.calling_partys_category_response_indicator", indicators.CATEGORY_RESPONSE),
        ("isup.charge_information_response_indicator", indicators.CHARGE_RESPONSE),
        ("isup.solicited_indicator", indicators.UNSOLICITED),
    ),
    "continuity": (("isup.continuity_indicator", indicators.CONTINUITY_SUCCESSFUL),),
    "by_network": (("isup.suspend_resume_indicator", indicators.INITIATED_BY_NETWORK),),
    "kind": (("isup.cgs_message_type", indicators.GROUP_SUPERVISION),),
}
"""tshark's name of each bit field of a mandatory parameter."""

PARAMETERS: dict[int, tuple[tuple[str, Callable[[Any], object]], ...]] = {
    0x01: (("isup.call_identity", lambda v: v.identity),),
    0x08: (
        ("isup.clg_call_ind", lambda v: v.closed_user_group),
        ("isup.simple_segmentation_ind", lambda v: v.segmented),
        ("isup.connected_line_identity_request_ind", lambda v: v.connected_line_requested),
    ),
    0x0B: (("isup.redirecting", lambda v: v.digits),),
    0x0C: (("isup.redirection_number", lambda v: v.digits),),
    0x0D: (
        ("isup.local_reference", lambda v: v.local_reference),
        ("isup.protocol_class", lambda v: v.protocol_class),
        ("isup.credit", lambda v: v.credit),
    ),
    0x13: (
        ("isup.redirecting_ind", lambda v: v.indicator),
        ("isup.original_redirection_reason", lambda v: v.original_reason),
        ("isup.redirection_counter", lambda v: v.counter),
        ("isup.redirection_reason", lambda v: v.reason),
    ),
    0x1A: (("isup.binary_code", lambda v: v.code),),
    0x21: (("isup.connected_number", lambda v: v.digits),),
    0x23: (
        ("isup.type_of_network_identification", lambda v: v.kind),
        ("isup.network_identification_plan", lambda v: v.plan),
    ),
    0x27: (("isup.automatic_congestion_level", lambda v: v),),
    0x28: (("isup.original_called_number", lambda v: v.digits),),
    0x29: (
        ("isup.inband_information_ind", lambda v: v.in_band),
        ("isup.call_diversion_may_occur_ind", lambda v: v.diversion_may_occur),
        ("isup.simple_segmentation_ind", lambda v: v.segmented),
        ("isup.mlpp_user", lambda v: v.mlpp_user),
    ),
    0x2A: (("isup.UUI_type", lambda v: v.response),),
    0x2C: (("isup.notification_indicator", lambda v: v),),
    0x2D: (("isup.call_history_info", lambda v: v),),
    0x2E: (("isup.access_delivery_ind", lambda v: v),),
    0x31: (("isup.propagation_delay_counter", lambda v: v),),
    0x3A: (
        ("isup.look_forward_busy", lambda v: v.look_ahead),
        ("isup.precedence_level", lambda v: v.level),
        ("isup.mlpp_service_domain", lambda v: v.domain),
    ),
    0x3D: (("isup.hop_counter", lambda v: v),),
    0x3F: (("isup.location_number", lambda v: v.digits),),
    0x44: (("isup.loop_prevention_indicator_type", lambda v: v.response),),
    0x45: (("isup.call_transfer_number", lambda v: v.digits),),
    0x5B: (("isup.temporary_alternative_routing_ind", lambda v: v),),
    0x6E: (("isup.call_to_be_diverted_ind", lambda v: v),),
    0x6F: (("isup.called_in_number", lambda v: v.digits),),
    0x70: (("isup.call_to_be_offered_ind", lambda v: v),),
    0x72: (("isup.conference_acceptance_ind", lambda v: v),),
    0x78: (
        ("isup.app_context_identifier", lambda v: v.context),
        ("isup.app_Release_call_indicator", lambda v: v.release),
        ("isup.app_Send_notification_ind", lambda v: v.notify),
        ("isup.apm_segmentation_ind", lambda v: v.segments_left),
        ("isup.APM_Sequence_ind", lambda v: v.first),
    ),
    0xC0: (
        ("isup.generic_number", lambda v: v.number.digits),
        ("isup.number_qualifier_indicator", lambda v: v.qualifier),
    ),
}
"""tshark's name of each field of an optional parameter, where it has one of its own."""

Expected = dict[str, list[object]]


def expected(message: m.Message, octets: bytes) -> Expected:
    """What tshark should read, by its field names."""
    wanted: Expected = {"isup.cic": [message.cic], "isup.message_type": [octets[2]]}
    if isinstance(message, NO_SUCH_MESSAGE):
        return wanted
    if isinstance(message, m.Pam):
        wanted["isup.message_type"].append(message.passed_type)
    for name in message.__struct_fields__[1:]:
        value = getattr(message, name)
        for field, place in PLACES.get(name, ()) if isinstance(value, int) else ():
            wanted[field] = [place.of(value)]
        match value:
            case m.CalledNumber():
                wanted["e164.called_party_number.digits"] = [value.digits]
                wanted["isup.called_party_nature_of_address_indicator"] = [value.nature]
            case m.CallingNumber():
                wanted["e164.calling_party_number.digits"] = [value.digits]
            case m.Cause():
                wanted["isup.cause_indicator"] = [value.value]
                wanted["q931.cause_location"] = [value.location]
            case m.RangeStatus():
                wanted["isup.range_indicator"] = [value.circuits]
    if isinstance(message, m.Iam):
        wanted["isup.calling_partys_category"] = [message.category]
    if isinstance(message, m.Sam):
        wanted["isup.subsequent_number"] = [message.digits]
    if isinstance(message, m.Cqr):
        wanted["isup.call_processing_state"] = [one.call for one in message.states if one.call]
        wanted["isup.hw_blocking_state"] = [one.hardware for one in message.states if one.call]
        wanted["isup.mtc_blocking_state"] = [one.maintenance for one in message.states]
    if len(getattr(message, "other", ())) == 1:
        ((code, contents),) = getattr(message, "other", ())
        for field, of in PARAMETERS.get(code, ()):
            value = of(optional.typed(code, contents))
            wanted[field] = [] if value == "" else [value]
            if field == "isup.UUI_type":  # shown twice
                wanted[field] *= 2
    return wanted


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


def same(seen: str, value: object) -> bool:
    """Whether tshark's text is the value: a number in any base, a truth, or digits."""
    if isinstance(value, str):
        return seen.lower() == value
    truth = {"True": 1, "False": 0}
    return (truth[seen] if seen in truth else int(seen, 0)) == value


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
    wanted = [expected(*pair) for pair in zip(sent, octets, strict=True)]
    if variant is ANSI:
        for one in wanted:  # the bit says whether the IAM was segmented; the location has no field
            one.pop("isup.backw_call_end_to_end_information_indicator", None)
            one.pop("q931.cause_location", None)
    names = sorted({name for one in wanted for name in one})
    rows = read_fields(path, variant, names)
    assert len(rows) == len(sent)
    differences: list[str] = []
    compared: dict[str, int] = defaultdict(int)
    for message, row, fields in zip(sent, rows, wanted, strict=True):
        for name, values in fields.items():
            seen = row[name]
            if len(seen) != len(values) or not all(map(same, seen, values)):
                differences.append(f"{message}: {name} is {seen}, not {values}")
            compared[name] += 1
    assert not differences, "\n".join(differences)
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
    layouts = mtp3_management_codec.NETWORK_LAYOUTS | mtp3_management_codec.TEST_LAYOUTS
    names = {
        "fsn": "mtp3mg.fsn",
        "code": "mtp3mg.cbc",
        "destination": "mtp3mg.apc" if variant is ITU else "mtp3mg.ansi_apc",
        "status": "mtp3mg.status",
        "data_link": "mtp3mg.link",
        "user": "mtp3mg.user",
        "cause": "mtp3mg.cause",
    }
    columns = ["mtp3.sls", "mtp3mg.slc", "mtp3mg.h0", "mtp3mg.h1"]
    columns += ["mtp3mg.test.h0", "mtp3mg.test.h1", "mtp3mg.test_pattern", *names.values()]
    rows = read_fields(path, variant, columns)
    assert len(rows) == len(sent)
    for message, row in zip(sent, rows, strict=True):
        layout = layouts[type(message)]
        test = ".test" if isinstance(message, management.Sltm | management.Slta) else ""
        headings = [*row[f"mtp3mg{test}.h0"], *row[f"mtp3mg{test}.h1"]]
        assert [int(one, 0) for one in headings] == [layout.h0, layout.h1]
        for name in message.__struct_fields__:
            value = getattr(message, name)
            if name == "slc":
                where = "mtp3.sls" if variant is ITU else "mtp3mg.slc"
                if row[where] or variant is ITU or layout.h0 != 8:  # not shown of ANSI's H0 8
                    assert [int(one, 0) for one in row[where]] == [value], message
            elif name == "pattern":
                assert [one.replace(":", "") for one in row["mtp3mg.test_pattern"]] == [value.hex()]
            elif name == "destination" and variant is ANSI:
                assert row[names[name]][0] == "1-2-3"
            else:
                assert [int(one, 0) for one in row[names[name]]] == [value], message


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
