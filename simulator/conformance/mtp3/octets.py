"""Level 3 messages as a tester builds and reads them: by name, with named fields (Q.704 §15).

Written from Q.704 and Q.707 apart from calleq's own codec, so that a mistake made in one shows in
the other. A heading that nobody defined is written 0x… (H1 and H0). `MSU` is a unit of a user part.
Fields are numbers; `payload` and `pattern` are octets (`hex:…`).
"""

import re
from collections.abc import Mapping

from simulator.conformance.language import Read, Value, WireError, as_fields

MANAGEMENT, TEST, ISUP = 0, 1, 5
HEADINGS = {
    "COO": 0x11,
    "COA": 0x21,
    "XCO": 0x31,
    "XCA": 0x41,
    "CBD": 0x51,
    "CBA": 0x61,
    "ECO": 0x12,
    "ECA": 0x22,
    "RCT": 0x13,
    "TFC": 0x23,
    "TFP": 0x14,
    "TFR": 0x34,
    "TFA": 0x54,
    "RST": 0x15,
    "RSR": 0x25,
    "LIN": 0x16,
    "LUN": 0x26,
    "LIA": 0x36,
    "LUA": 0x46,
    "LID": 0x56,
    "LFU": 0x66,
    "LLT": 0x76,
    "LRT": 0x86,
    "TRA": 0x17,
    "UPU": 0x1A,
}
"""H1 in the high four bits, H0 in the low (Q.704 Table 1)."""
_NAMES = {code: name for name, code in HEADINGS.items()}
TESTS = {"SLTM": 0x11, "SLTA": 0x21}
"""Q.707 §5.4."""
_TEST_NAMES = {code: name for name, code in TESTS.items()}

BODIES: dict[str, tuple[tuple[str, int], ...]] = {
    "COO": (("fsn", 1),),
    "COA": (("fsn", 1),),
    "XCO": (("fsn", 3),),
    "XCA": (("fsn", 3),),
    "CBD": (("code", 1),),
    "CBA": (("code", 1),),
    "TFC": (("about", 2),),
    "TFP": (("about", 2),),
    "TFR": (("about", 2),),
    "TFA": (("about", 2),),
    "RST": (("about", 2),),
    "RSR": (("about", 2),),
    "UPU": (("about", 2), ("user", 1)),
}
"""What follows the heading: names and octets. `about` is a point code, in TFC with the status in
its two high bits; `user` has the service in its low four bits and the cause in its high four."""
LABEL = ("destination", "origin", "selection")
NUMBERS = (*LABEL, "network", "service", "fsn", "code", "about", "user")
OCTETS = ("payload", "pattern")


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if name in NUMBERS and isinstance(value, int):
        return value.to_bytes(3, "big")
    raise WireError(f"{name}: a number expected, or hex:… for {', '.join(OCTETS)}")


def _number(given: Mapping[str, Value], name: str, default: int) -> int:
    if name not in given:
        return default
    return int.from_bytes(pack(name, given[name]), "big")


class Mtp3:
    """The messages of level 3; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        service = MANAGEMENT if name in HEADINGS or name.startswith("0x") else ISUP
        if name in TESTS:
            service = TEST
        service = _number(fields, "service", service)
        label = (
            _number(fields, "destination", 0)
            | _number(fields, "origin", 0) << 14
            | _number(fields, "selection", 0) << 28
        )
        head = bytes((service | _number(fields, "network", 2) << 6,)) + label.to_bytes(4, "little")
        return head + self._body(name, fields)

    def _body(self, name: str, fields: Mapping[str, Value]) -> bytes:
        if name in TESTS:
            pattern = pack("pattern", fields.get("pattern", "hex:ca11e9"))
            return bytes((TESTS[name], len(pattern) << 4)) + pattern
        if name == "MSU":
            return pack("payload", fields.get("payload", "hex:01000900"))
        body = bytes((int(name, 16) if name.startswith("0x") else HEADINGS[name],))
        for field, length in BODIES.get(name, ()):
            body += _number(fields, field, 0).to_bytes(length, "little")
        return body

    def read(self, octets: bytes) -> Read:
        if len(octets) < 6:
            raise WireError(f"{octets.hex()}: no unit")
        label = int.from_bytes(octets[1:5], "little")
        numbers = {
            "destination": label & 0x3FFF,
            "origin": label >> 14 & 0x3FFF,
            "selection": label >> 28,
            "network": octets[0] >> 6,
            "service": octets[0] & 15,
        }
        body = octets[5:]
        name, rest = "MSU", {"payload": body}
        if numbers["service"] == TEST:
            name = _TEST_NAMES.get(body[0], f"0x{body[0]:02x}")
            rest = {"pattern": body[2:]}
            if len(body) < 2 or body[1] >> 4 != len(body) - 2:
                raise WireError(f"{octets.hex()}: pattern of another length")
        elif numbers["service"] == MANAGEMENT:
            name = _NAMES.get(body[0], f"0x{body[0]:02x}")
            rest = self._read_body(name, body[1:], octets)
        packed = {key: value.to_bytes(3, "big") for key, value in numbers.items()}
        return Read(name, 0, {**packed, **rest})

    def _read_body(self, name: str, body: bytes, octets: bytes) -> dict[str, bytes]:
        found = {}
        for field, length in BODIES.get(name, ()):
            found[field] = int.from_bytes(body[:length], "little").to_bytes(3, "big")
            if len(body) < length:
                raise WireError(f"{octets.hex()}: {name} ends too early")
            body = body[length:]
        if body:
            raise WireError(f"{octets.hex()}: octets after {name}")
        return found

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        known = (*HEADINGS, *TESTS, "MSU")
        if name not in known and not re.fullmatch("0x[0-9a-f]{2}", name):
            raise WireError(f"{name!r} is no message: one of {', '.join(known)} or 0x…")
        for key, value in fields.items():
            if key not in NUMBERS and key not in OCTETS:
                raise WireError(f"{key}: one of {', '.join((*NUMBERS, *OCTETS))} expected")
            pack(key, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        if contents == pack(parameter, value):
            return ""
        told = contents.hex() if parameter in OCTETS else int.from_bytes(contents, "big")
        return f"{parameter} {told}, not {value}"

    def ordinary(self, name: str, like: Read) -> bytes:
        """With the same label and about the same."""
        kept = (*LABEL, "network", "about", "fsn", "code", "pattern")
        fields = {key: value for key, value in as_fields(like).items() if key in kept}
        return self.build(name, 0, fields)


MTP3 = Mtp3()
