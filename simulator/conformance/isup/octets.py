"""ISUP messages as a tester builds and reads them: by name, with named parameters (Q.763 §1, §4).

Owns the tester's table of message formats, written from Q.763 apart from calleq's. A type that the
table does not have is written 0x… and has an optional part alone, as Q.764 §2.9.5.3 has messages of
later versions. Mandatory parameters that a case leaves out are those of an ordinary telephone call.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from simulator.conformance.isup.parameters import CODES, NAMES, code_of, mismatch, pack
from simulator.conformance.language import Read, Value, WireError, as_fields

HEAD_OCTETS = 3


class Format(NamedTuple):
    """Where the parameters of one message stand."""

    code: int
    fixed: tuple[tuple[str, int], ...] = ()
    variable: tuple[str, ...] = ()
    optional: bool = True


_BARE = Format(0, optional=False)
_GROUP = Format(0, (("group_type", 1),), ("range_and_status",), optional=False)
_RANGE = Format(0, (), ("range_and_status",), optional=False)
_SUSPEND = Format(0, (("suspend_resume", 1),))

FORMATS = {
    "IAM": Format(
        0x01,
        (("nature_of_connection", 1), ("forward_call", 2), ("category", 1), ("medium", 1)),
        ("called",),
    ),
    "SAM": Format(0x02, (), ("subsequent",)),
    "COT": Format(0x05, (("continuity", 1),), (), optional=False),
    "ACM": Format(0x06, (("backward_call", 2),)),
    "CON": Format(0x07, (("backward_call", 2),)),
    "FOT": Format(0x08),
    "ANM": Format(0x09),
    "REL": Format(0x0C, (), ("cause",)),
    "SUS": _SUSPEND._replace(code=0x0D),
    "RES": _SUSPEND._replace(code=0x0E),
    "RLC": Format(0x10),
    "CCR": _BARE._replace(code=0x11),
    "RSC": _BARE._replace(code=0x12),
    "BLO": _BARE._replace(code=0x13),
    "UBL": _BARE._replace(code=0x14),
    "BLA": _BARE._replace(code=0x15),
    "UBA": _BARE._replace(code=0x16),
    "GRS": _RANGE._replace(code=0x17),
    "CGB": _GROUP._replace(code=0x18),
    "CGU": _GROUP._replace(code=0x19),
    "CGBA": _GROUP._replace(code=0x1A),
    "CGUA": _GROUP._replace(code=0x1B),
    "LPA": _BARE._replace(code=0x24),
    "GRA": _RANGE._replace(code=0x29),
    "CQM": _RANGE._replace(code=0x2A),
    "CQR": Format(0x2B, (), ("range_and_status", "circuit_states"), optional=False),
    "CPG": Format(0x2C, (("event", 1),)),
    "UCIC": _BARE._replace(code=0x2E),
    "CFN": Format(0x2F, (), ("cause",)),
    "OLM": _BARE._replace(code=0x30),
    "UPT": Format(0x34),
    "UPA": Format(0x35),
    "SGM": Format(0x38),
}
"""By acronym (Q.762 Table 2, codes of Q.763 Table 4)."""
_BY_CODE = {form.code: name for name, form in FORMATS.items()}

ORDINARY: dict[str, dict[str, Value]] = {
    "IAM": {
        "nature_of_connection": {},
        "forward_call": {"isup_all_the_way": "yes", "isdn_access": "yes"},
        "category": 10,
        "medium": "speech",
    },
    "ACM": {"backward_call": {"charge": "charge", "called_category": "ordinary"}},
    "CON": {"backward_call": {"charge": "charge", "called_status": "subscriber free"}},
    "REL": {"cause": 16},
    "CFN": {"cause": 97},
    "CPG": {"event": "alerting"},
    "COT": {"continuity": "successful"},
    "SAM": {"subsequent": "0"},
    "SUS": {"suspend_resume": "subscriber"},
    "RES": {"suspend_resume": "subscriber"},
}
"""What a mandatory parameter is where a case does not say."""


def name_known(name: str) -> bool:
    """Whether a case may use this message name."""
    if name in FORMATS:
        return True
    return re.fullmatch("0x[0-9a-f]{2}", name) is not None and int(name, 16) not in _BY_CODE


def has_group(name: str) -> bool:
    """Whether such a message is about several circuits."""
    return name in FORMATS and "range_and_status" in FORMATS[name].variable


def build(name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
    """The octets of a message. Raises WireError."""
    form = _format(name)
    given = {**ORDINARY.get(name, {}), **fields}
    octets = bytearray((cic & 0xFF, cic >> 8, form.code))
    for parameter, length in form.fixed:
        contents = pack(parameter, _required(name, given, parameter))
        if len(contents) != length:
            raise WireError(f"{name}: {parameter} of {len(contents)} octets, not {length}")
        octets += contents
    variable = [pack(parameter, _required(name, given, parameter)) for parameter in form.variable]
    optional = b""
    for parameter, value in given.items():
        contents = pack(parameter, value)
        optional += bytes((code_of(parameter), len(contents))) + contents
    if optional and not form.optional:
        raise WireError(f"{name}: has no optional part for {', '.join(given)}")
    return bytes(octets) + _parts(variable, optional, with_optional=form.optional)


def _parts(variable: list[bytes], optional: bytes, *, with_optional: bool) -> bytes:
    """Pointers, then what they point to; each counts from itself."""
    count = len(variable) + with_optional
    pointers, body = bytearray(), b""
    for contents in variable:
        pointers.append(count - len(pointers) + len(body))
        body += bytes((len(contents),)) + contents
    if with_optional:
        pointers.append(count - len(pointers) + len(body) if optional else 0)
        if optional:
            body += optional + b"\0"
    return bytes(pointers) + body


def _required(name: str, given: dict[str, Value], parameter: str) -> Value:
    if parameter not in given:
        raise WireError(f"{name}: {parameter} expected")
    return given.pop(parameter)


def _format(name: str) -> Format:
    if name in FORMATS:
        return FORMATS[name]
    if not name_known(name):
        raise WireError(f"{name!r} is no message: one of {', '.join(FORMATS)} or an unused 0x…")
    return Format(int(name, 16))


def read(octets: bytes) -> Read:
    """The message of the octets; every octet must belong to it. Raises WireError."""
    if len(octets) < HEAD_OCTETS:
        raise WireError(f"{octets.hex()}: no message")
    cic = octets[0] | octets[1] << 8
    name = _BY_CODE.get(octets[2], f"0x{octets[2]:02x}")
    form = FORMATS.get(name, Format(octets[2]))
    try:
        parameters, end = _read_parts(form, octets)
    except IndexError:
        raise WireError(f"{name} {octets.hex()}: ends too early") from None
    if end != len(octets) or cic >> 12:
        raise WireError(f"{name} {octets.hex()}: octets that belong to nothing")
    return Read(name, cic, parameters)


def _read_parts(form: Format, octets: bytes) -> tuple[dict[str, bytes], int]:
    """Contents by name, and where the message ends."""
    parameters: dict[str, bytes] = {}
    place = HEAD_OCTETS
    for parameter, length in form.fixed:
        parameters[parameter] = octets[place : place + length]
        place += length
    end = place + len(form.variable) + form.optional
    for parameter in form.variable:
        start = place + octets[place]
        parameters[parameter] = octets[start + 1 : start + 1 + octets[start]]
        end = max(end, start + 1 + octets[start])
        place += 1
    if form.optional and octets[place]:
        start = place + octets[place]
        while code := octets[start]:
            name = NAMES.get(code, f"0x{code:02x}")
            parameters[name] = octets[start + 2 : start + 2 + octets[start + 1]]
            start += 2 + octets[start + 1]
        end = start + 1
    octets[end - 1]
    return parameters, end


class Isup:
    """The messages of the ISDN user part; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        return build(name, cic, fields)

    def read(self, octets: bytes) -> Read:
        return read(octets)

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        form = _format(name)
        known = {parameter for parameter, _ in form.fixed} | set(form.variable)
        for parameter, value in fields.items():
            if parameter not in known and not form.optional:
                raise WireError(f"{name}: no parameter {parameter}")
            if parameter not in CODES:
                code_of(parameter)
            pack(parameter, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        return mismatch(parameter, contents, value)

    def ordinary(self, name: str, like: Read) -> bytes:
        """About the same circuits, otherwise as such messages mostly are."""
        fields = {
            parameter: value
            for parameter, value in as_fields(like).items()
            if parameter in ("group_type", "range_and_status")
        }
        return build(name, like.cic, fields if has_group(name) else {})


ISUP = Isup()
