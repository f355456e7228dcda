"""What tshark should read in a frame, by its names of fields, as calleq's own decoders read it.

Owns the map from the fields of ISUP, MTP level 3 and M2PA to the names of Wireshark 4.0's
dissectors, and the comparison of a value with the text that tshark shows. Where a dissector has no
field for something, nothing is expected of it.
"""

from calleq.ss7 import mtp3_management as management
from calleq.ss7 import mtp3_management_codec
from calleq.ss7.isup import messages as m
from calleq.ss7.isup import optional
from calleq.ss7.m2pa.frames import Frame
from calleq.ss7.mtp3 import Msu
from calleq.ss7.variant import ITU, Variant
from calleq.topology import point_code_text
from simulator.foreign.tshark_names import NO_SUCH_MESSAGE, PARAMETERS, PLACES

NOT_SHOWN_OF_ANSI = ("isup.backw_call_end_to_end_information_indicator", "q931.cause_location")
"""In ANSI the bit says whether the IAM was segmented, and the location has no field."""

Expected = dict[str, list[object]]
"""The values that a frame has of each field, in order."""


def isup_fields(message: m.Message, octets: bytes, variant: Variant = ITU) -> Expected:
    """What tshark should read of a message, by its field names."""
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
        if not variant.is_ansi:
            wanted["isup.transmission_medium_requirement"] = [message.medium]
    if isinstance(message, m.Sam):
        wanted["isup.subsequent_number"] = [message.digits]
    if isinstance(message, m.Cqr):
        wanted["isup.call_processing_state"] = [one.call for one in message.states if one.call]
        wanted["isup.hw_blocking_state"] = [one.hardware for one in message.states if one.call]
        wanted["isup.mtc_blocking_state"] = [one.maintenance for one in message.states]
    for code, contents in getattr(message, "other", ()):
        for field, of in PARAMETERS.get(code, ()):
            value = of(optional.typed(code, contents))
            shown = 2 if field == "isup.UUI_type" else 1
            wanted.setdefault(field, []).extend([] if value == "" else [value] * shown)
    if variant.is_ansi:
        for name in NOT_SHOWN_OF_ANSI:
            wanted.pop(name, None)
    return wanted


MANAGEMENT = {
    "fsn": "mtp3mg.fsn",
    "code": "mtp3mg.cbc",
    "destination": "mtp3mg.apc",
    "status": "mtp3mg.status",
    "data_link": "mtp3mg.link",
    "user": "mtp3mg.user",
    "cause": "mtp3mg.cause",
}
"""tshark's name of each field of a management message; ANSI's destination has another."""

EXTENDED = (management.Xco, management.Xca)
"""Of their numbers tshark 4.0 shows one octet of three in ANSI."""


def label_fields(msu: Msu, variant: Variant = ITU) -> Expected:
    """What tshark should read of a service information octet and a label."""
    wanted: Expected = {
        "mtp3.service_indicator": [msu.service],
        "mtp3.network_indicator": [msu.network],
        "mtp3.sls": [msu.selection],
    }
    if variant.is_ansi:
        wanted["mtp3.ansi_opc"] = _shown_of_ansi(msu.origin)
        wanted["mtp3.ansi_dpc"] = _shown_of_ansi(msu.destination)
    else:
        wanted["mtp3.opc"], wanted["mtp3.dpc"] = [msu.origin], [msu.destination]
    return wanted


def _shown_of_ansi(code: int) -> list[object]:
    """In words, as a decimal and as a hexadecimal number: tshark shows a point code thrice."""
    return [point_code_text(code, "ansi"), code, code]


def management_fields(message: management.Management, variant: Variant = ITU) -> Expected:
    """What tshark should read of a management message, or of a link test."""
    if isinstance(message, management.UnknownManagement):
        return {}
    layouts = mtp3_management_codec.NETWORK_LAYOUTS | mtp3_management_codec.TEST_LAYOUTS
    layout = layouts[type(message)]
    test = ".test" if isinstance(message, management.Sltm | management.Slta) else ""
    wanted: Expected = {f"mtp3mg{test}.h0": [layout.h0], f"mtp3mg{test}.h1": [layout.h1]}
    for name in message.__struct_fields__:
        value = getattr(message, name)
        if name == "pattern":
            wanted["mtp3mg.test_pattern"] = [value.hex()]
        elif name == "destination" and variant.is_ansi:
            wanted["mtp3mg.ansi_apc"] = _shown_of_ansi(value)
        elif name == "slc":
            if variant.is_ansi and layout.h0 != 8:  # not shown of ANSI's H0 8
                wanted["mtp3mg.slc"] = [value]
        elif not (name == "fsn" and variant.is_ansi and isinstance(message, EXTENDED)):
            wanted[MANAGEMENT[name]] = [value]
    return wanted


def frame_fields(frame: Frame, octets: bytes) -> Expected:
    """What tshark should read of an M2PA frame's own headers (RFC 4165 §2)."""
    wanted: Expected = {
        "m2pa.version": [octets[0]],
        "m2pa.class": [octets[2]],
        "m2pa.type": [octets[3]],
        "m2pa.length": [len(octets)],
        "m2pa.bsn": [frame.bsn],
        "m2pa.fsn": [frame.fsn],
    }
    if frame.status is not None:
        wanted["m2pa.status"] = [int(frame.status)]
    return wanted


def same(seen: str, value: object) -> bool:
    """Whether tshark's text is the value: a number in any base, a truth, digits, or octets."""
    if isinstance(value, str):
        return value in (seen, seen.lower(), seen.replace(":", ""))
    truth = {"True": 1, "False": 0}
    return (truth[seen] if seen in truth else int(seen, 0)) == value


def differences(seen: dict[str, list[str]], wanted: Expected) -> list[str]:
    """How a frame differs from what was expected of it."""
    return [
        f"{name} is {'|'.join(seen[name])}, not {values}"
        for name, values in wanted.items()
        if len(seen[name]) != len(values) or not all(map(same, seen[name], values))
    ]


def names_of_fields() -> tuple[str, ...]:
    """Every field that anything is ever expected of, in a fixed order."""
    own = {name for places in PLACES.values() for name, _ in places}
    own |= {name for fields in PARAMETERS.values() for name, _ in fields}
    own |= set(MANAGEMENT.values()) | set(OTHERS)
    return tuple(sorted(own))


OTHERS = (
    "isup.cic",
    "isup.message_type",
    "e164.called_party_number.digits",
    "isup.called_party_nature_of_address_indicator",
    "e164.calling_party_number.digits",
    "isup.cause_indicator",
    "q931.cause_location",
    "isup.range_indicator",
    "isup.calling_partys_category",
    "isup.transmission_medium_requirement",
    "isup.subsequent_number",
    "isup.call_processing_state",
    "isup.hw_blocking_state",
    "isup.mtc_blocking_state",
    "mtp3.service_indicator",
    "mtp3.network_indicator",
    "mtp3.sls",
    "mtp3.opc",
    "mtp3.dpc",
    "mtp3.ansi_opc",
    "mtp3.ansi_dpc",
    "mtp3mg.ansi_apc",
    "mtp3mg.slc",
    "mtp3mg.h0",
    "mtp3mg.h1",
    "mtp3mg.test.h0",
    "mtp3mg.test.h1",
    "mtp3mg.test_pattern",
    "m2pa.version",
    "m2pa.class",
    "m2pa.type",
    "m2pa.length",
    "m2pa.bsn",
    "m2pa.fsn",
    "m2pa.status",
)
"""The fields with a rule of their own."""
