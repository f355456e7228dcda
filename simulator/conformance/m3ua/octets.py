"""M3UA messages as a tester builds and reads them: by name, with named parameters (RFC 4666 §3).

Written from the RFC apart from calleq's own codec, so that a mistake made in one shows in the
other. A type that the RFC does not have is written 0x… with class and type (`0x03ff`); a header of
another version has the field `version`. Parameters are numbers, words, octets (`hex:…`), or tables
of further parameters.
"""

import re
from collections.abc import Mapping
from struct import Struct, error

from simulator.conformance.language import Read, Value, WireError, as_fields

_HEADER = Struct(">BBBBI")
_TAG = Struct(">HH")
_WORD = Struct(">I")
VERSION = 1

MESSAGES = {
    "ERR": 0x0000,
    "NTFY": 0x0001,
    "DATA": 0x0101,
    "DUNA": 0x0201,
    "DAVA": 0x0202,
    "DAUD": 0x0203,
    "SCON": 0x0204,
    "DUPU": 0x0205,
    "DRST": 0x0206,
    "ASPUP": 0x0301,
    "ASPDN": 0x0302,
    "BEAT": 0x0303,
    "ASPUP_ACK": 0x0304,
    "ASPDN_ACK": 0x0305,
    "BEAT_ACK": 0x0306,
    "ASPAC": 0x0401,
    "ASPIA": 0x0402,
    "ASPAC_ACK": 0x0403,
    "ASPIA_ACK": 0x0404,
    "REG_REQ": 0x0901,
    "REG_RSP": 0x0902,
    "DEREG_REQ": 0x0903,
    "DEREG_RSP": 0x0904,
}
"""Class and type (RFC 4666 §3.1.2)."""
_NAMES = {code: name for name, code in MESSAGES.items()}

TAGS = {
    "info": 0x0004,
    "routing_context": 0x0006,
    "diagnostic": 0x0007,
    "heartbeat": 0x0009,
    "traffic_mode": 0x000B,
    "error": 0x000C,
    "status": 0x000D,
    "asp_identifier": 0x0011,
    "affected": 0x0012,
    "correlation": 0x0013,
    "network_appearance": 0x0200,
    "user_cause": 0x0204,
    "congestion": 0x0205,
    "concerned": 0x0206,
    "routing_key": 0x0207,
    "registration_result": 0x0208,
    "deregistration_result": 0x0209,
    "local_key": 0x020A,
    "destination": 0x020B,
    "services": 0x020C,
    "origins": 0x020E,
    "circuit_range": 0x020F,
    "protocol_data": 0x0210,
    "registration_status": 0x0212,
    "deregistration_status": 0x0213,
}
"""Parameters (RFC 4666 §3.2)."""
_TAG_NAMES = {code: name for name, code in TAGS.items()}
_NESTED = ("routing_key", "registration_result", "deregistration_result")

WORDS: dict[str, dict[str, int]] = {
    "traffic_mode": {"override": 1, "loadshare": 2, "broadcast": 3},
    "error": {
        "invalid version": 0x01,
        "unsupported class": 0x03,
        "unsupported type": 0x04,
        "unsupported traffic mode": 0x05,
        "unexpected message": 0x06,
        "protocol error": 0x07,
        "management blocking": 0x0D,
        "identifier required": 0x0E,
        "invalid identifier": 0x0F,
        "invalid parameter value": 0x11,
        "parameter field error": 0x12,
        "unexpected parameter": 0x13,
        "destination status unknown": 0x14,
        "invalid network appearance": 0x15,
        "missing parameter": 0x16,
        "invalid routing context": 0x19,
        "no configured AS": 0x1A,
    },
    "status": {
        "AS inactive": 0x1_0002,
        "AS active": 0x1_0003,
        "AS pending": 0x1_0004,
        "insufficient ASPs": 0x2_0001,
        "alternate ASP active": 0x2_0002,
        "ASP failure": 0x2_0003,
    },
    "registration_status": {
        "registered": 0,
        "invalid point code": 2,
        "invalid network appearance": 3,
        "invalid key": 4,
        "permission denied": 5,
        "no unique routing": 6,
        "not provisioned": 7,
        "insufficient resources": 8,
        "unsupported field": 9,
        "unsupported traffic mode": 10,
        "change refused": 11,
        "already registered": 12,
    },
    "deregistration_status": {
        "deregistered": 0,
        "invalid routing context": 2,
        "permission denied": 3,
        "not registered": 4,
        "active": 5,
    },
}
_DATA = ("origin", "destination", "service", "network", "priority", "selection", "payload")

ORDINARY: dict[str, dict[str, Value]] = {
    "ERR": {"error": "unexpected message"},
    "NTFY": {"status": "AS inactive"},
    "DATA": {
        "protocol_data": {"origin": 1, "destination": 2, "service": 5, "payload": "00"},
    },
    "DUNA": {"affected": 401},
    "DAVA": {"affected": 401},
    "DAUD": {"affected": 401},
    "DRST": {"affected": 401},
    "SCON": {"affected": 401},
    "DUPU": {"affected": 401, "user_cause": 5},
    "DEREG_REQ": {"routing_context": 1},
    "DEREG_RSP": {"deregistration_result": {"routing_context": 1, "deregistration_status": 0}},
    "REG_RSP": {
        "registration_result": {"local_key": 1, "registration_status": 0, "routing_context": 1}
    },
    "REG_REQ": {"routing_key": {"local_key": 1, "destination": 400}},
}
"""What a message must have, where a case says nothing else."""


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if name == "version":
        return bytes((int(str(value)),))
    if isinstance(value, int):
        return _WORD.pack(value)
    if isinstance(value, str):
        words = WORDS.get(name, {})
        if value in words:
            return _WORD.pack(words[value])
        if re.fullmatch(r"\d+( \d+)*", value):
            return b"".join(_WORD.pack(int(one)) for one in value.split())
        raise WireError(f"{name}: {value!r}: one of {', '.join(words)} or numbers expected")
    if name == "protocol_data":
        return _pack_data(value)
    if name in _NESTED:
        return b"".join(_parameter(key, pack(key, inner)) for key, inner in value.items())
    raise WireError(f"{name}: no table expected")


def _pack_data(value: Mapping[str, int | str]) -> bytes:
    for key in value:
        if key not in _DATA:
            raise WireError(f"protocol_data.{key}: one of {', '.join(_DATA)} expected")
    label = Struct(">IIBBBB").pack(
        int(value.get("origin", 1)),
        int(value.get("destination", 2)),
        int(value.get("service", 5)),
        int(value.get("network", 2)),
        int(value.get("priority", 0)),
        int(value.get("selection", 0)),
    )
    return label + bytes.fromhex(str(value.get("payload", "00")))


def tag_of(name: str) -> int:
    """The tag of a parameter: by its name, or written 0x…. Raises WireError."""
    if re.fullmatch("0x[0-9a-f]{4}", name):
        return int(name, 16)
    if name not in TAGS:
        raise WireError(f"{name}: one of {', '.join(TAGS)} or 0x… expected")
    return TAGS[name]


def _parameter(name: str, contents: bytes) -> bytes:
    padding = -len(contents) % 4
    return _TAG.pack(tag_of(name), 4 + len(contents)) + contents + bytes(padding)


def read_parameters(octets: bytes) -> dict[str, bytes]:
    """Contents by name. Raises WireError."""
    found: dict[str, bytes] = {}
    place = 0
    while place < len(octets):
        try:
            tag, length = _TAG.unpack_from(octets, place)
        except error:
            raise WireError(f"{octets.hex()}: ends within a parameter") from None
        end = place + length
        if length < 4 or end + -length % 4 > len(octets):
            raise WireError(f"{octets.hex()}: parameter of {length} octets")
        found[_TAG_NAMES.get(tag, f"0x{tag:04x}")] = octets[place + 4 : end]
        place = end + -length % 4
    return found


class M3ua:
    """The messages of M3UA; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        code = self._code(name)
        given = {**ORDINARY.get(name, {}), **fields}
        version = pack("version", given.pop("version", VERSION))[0]
        body = b"".join(_parameter(key, pack(key, value)) for key, value in given.items())
        return _HEADER.pack(version, 0, code >> 8, code & 0xFF, 8 + len(body)) + body

    def read(self, octets: bytes) -> Read:
        if len(octets) < _HEADER.size:
            raise WireError(f"{octets.hex()}: no message")
        version, reserved, kind, number, length = _HEADER.unpack_from(octets)
        code = kind << 8 | number
        if length != len(octets) or reserved:
            raise WireError(f"{octets.hex()}: length {length}, reserved {reserved}")
        parameters = read_parameters(octets[_HEADER.size :])
        if version != VERSION:
            parameters["version"] = bytes((version,))
        return Read(_NAMES.get(code, f"0x{code:04x}"), 0, parameters)

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        self._code(name)
        for key, value in fields.items():
            if key != "version":
                tag_of(key)
            pack(key, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        if isinstance(value, dict) and parameter in _NESTED:
            return self._nested_mismatch(parameter, contents, value)
        wanted = pack(parameter, value)
        if contents == wanted:
            return ""
        words = {number: word for word, number in WORDS.get(parameter, {}).items()}
        number = int.from_bytes(contents, "big")
        told = words.get(number, contents.hex()) if len(contents) == 4 else contents.hex()
        return f"{parameter} {told}, not {value}"

    def _nested_mismatch(
        self, parameter: str, contents: bytes, value: Mapping[str, int | str]
    ) -> str:
        found = read_parameters(contents)
        for key, wanted in value.items():
            if key not in found:
                return f"{parameter} without {key}"
            told = self.mismatch(key, found[key], wanted)
            if told:
                return f"{parameter}: {told}"
        return ""

    def ordinary(self, name: str, like: Read) -> bytes:
        """For the same routing context, where the other message has one."""
        fields = as_fields(like)
        shared = {key: fields[key] for key in ("routing_context",) if key in fields}
        return self.build(name, 0, shared if name.startswith("ASP") else {})

    def _code(self, name: str) -> int:
        if name in MESSAGES:
            return MESSAGES[name]
        if re.fullmatch("0x[0-9a-f]{4}", name) and int(name, 16) not in _NAMES:
            return int(name, 16)
        raise WireError(f"{name!r} is no message: one of {', '.join(MESSAGES)} or an unused 0x…")


M3UA = M3ua()
