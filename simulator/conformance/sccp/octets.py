"""SCCP's messages as a tester builds and reads them: by name, with named fields (Q.713).

Written from Q.713 apart from calleq's own codec, so that a mistake made in one shows in the other.
`UDT`, `UDTS`, `XUDT` and `XUDTS` are units of users, `SSA` to `SSC` those of management, which are
UDTs to subsystem 1. An address is a table: `ssn`, `pc`, `title` (digits of an international E.164
title, with `tt` as its translation type), `on = "ssn"` where a title is not to be routed on. Other
fields are numbers, or octets (`hex:…`); `segmentation` is a table of `first`, `left`, `reference`.
Optional parameters without a name are 0x…. `bad` in place of a message's own octets after its type
is what no message has.
"""

import re
from collections.abc import Mapping

from simulator.conformance.language import Read, Value, WireError, as_fields

SERVICE = 3
TYPES = {"UDT": 0x09, "UDTS": 0x0A, "XUDT": 0x11, "XUDTS": 0x12, "CR": 0x01}
_NAMES = {code: name for name, code in TYPES.items()}
MANAGEMENT = {"SSA": 1, "SSP": 2, "SST": 3, "SOR": 4, "SOG": 5, "SSC": 6}
_KINDS = {code: name for name, code in MANAGEMENT.items()}
LABEL = ("destination", "origin", "selection")
NUMBERS = (*LABEL, "class", "return", "cause", "hops", "importance", "about", "ssn", "kind")
ADDRESSES = ("called", "calling")
OCTETS = ("data", "bad")
OPTIONAL = {"segmentation": 0x10, "importance": 0x12}
_ADDRESS_KEYS = ("ssn", "pc", "title", "tt", "nature", "on")
INTERNATIONAL = 4
NO_SUBSYSTEM: Value = {"ssn": 0}
MANAGER = 1
"""The subsystem number of SCCP management."""


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if name in ADDRESSES and isinstance(value, dict):
        return _address(value)
    if name == "segmentation" and isinstance(value, dict):
        head = int(value.get("first", 0)) << 7 | 0x40 | int(value.get("left", 0))
        return bytes((head,)) + int(value.get("reference", 1)).to_bytes(3, "little")
    if name in NUMBERS and isinstance(value, int):
        return bytes((value,)) if name == "importance" else value.to_bytes(3, "big")
    raise WireError(f"{name}: a number, a table or hex:… expected")


def _address(parts: Mapping[str, int | str]) -> bytes:
    for key in parts:
        if key not in _ADDRESS_KEYS:
            raise WireError(f"{key}: one of {', '.join(_ADDRESS_KEYS)} expected")
    digits = str(parts.get("title", ""))
    indicator = 0 if digits and parts.get("on") != "ssn" else 0x40
    if parts.get("on") == "title":
        indicator = 0
    octets = b""
    if "pc" in parts:
        indicator |= 1
        octets += int(parts["pc"]).to_bytes(2, "little")
    if "ssn" in parts:
        indicator |= 2
        octets += bytes((int(parts["ssn"]),))
    if digits:
        indicator |= 4 << 2
        odd = len(digits) % 2
        nature = int(parts.get("nature", INTERNATIONAL))
        octets += bytes((int(parts.get("tt", 0)), 0x10 | (1 if odd else 2), nature))
        pairs = digits + "0" * odd
        octets += bytes(int(pairs[at + 1] + pairs[at], 16) for at in range(0, len(pairs), 2))
    return bytes((indicator,)) + octets


def _number(given: Mapping[str, Value], name: str, default: int) -> int:
    return int.from_bytes(pack(name, given[name]), "big") if name in given else default


def _subsystem(address: bytes) -> int:
    """The subsystem number in an address; 0 where there is none."""
    at = 3 if address[0] & 1 else 1
    return address[at] if address[0] & 2 else 0


class Sccp:
    """The messages of SCCP; fulfils `Language`."""

    def build(self, name: str, cic: int, fields: Mapping[str, Value]) -> bytes:
        label = (
            _number(fields, "destination", 0)
            | _number(fields, "origin", 0) << 14
            | _number(fields, "selection", 0) << 28
        )
        return bytes((SERVICE | 2 << 6,)) + label.to_bytes(4, "little") + self._unit(name, fields)

    def _unit(self, name: str, fields: Mapping[str, Value]) -> bytes:
        if "bad" in fields:
            return bytes((TYPES[name],)) + pack("bad", fields["bad"])
        if name in MANAGEMENT or name.startswith("0x"):
            return self._management(name, fields)
        head = bytes((TYPES[name],))
        if name.endswith("S"):
            head += bytes((_number(fields, "cause", 0),))
        else:
            head += bytes((_number(fields, "class", 0) | _number(fields, "return", 0) << 7,))
        parts = [pack(one, fields.get(one, NO_SUBSYSTEM)) for one in ADDRESSES]
        parts.append(pack("data", fields.get("data", "hex:ee01")))
        optional = b""
        if name.startswith("X"):
            head += bytes((_number(fields, "hops", 15),))
            optional = self._optional(fields)
        count = len(parts) + name.startswith("X")
        pointers, at = b"", count
        for place, part in enumerate(parts):
            pointers += bytes((at - place,))
            at += 1 + len(part)
        if name.startswith("X"):
            pointers += bytes((at - len(parts) if optional else 0,))
        body = b"".join(bytes((len(part),)) + part for part in parts)
        return head + pointers + body + optional

    def _optional(self, fields: Mapping[str, Value]) -> bytes:
        found = b""
        for name, value in fields.items():
            code = OPTIONAL.get(name) or (int(name, 16) if name.startswith("0x") else 0)
            if code:
                contents = pack(name, value)
                found += bytes((code, len(contents))) + contents
        return found + b"\x00" if found else b""

    def _management(self, name: str, fields: Mapping[str, Value]) -> bytes:
        kind = MANAGEMENT[name] if name in MANAGEMENT else int(name, 16)
        data = bytes((kind, _number(fields, "ssn", 0)))
        data += _number(fields, "about", 0).to_bytes(2, "little") + b"\x00"
        if name == "SSC":
            data += b"\x01"
        manager: Value = {"ssn": MANAGER}
        return self._unit(
            "UDT", {"called": manager, "calling": manager, "data": f"hex:{data.hex()}"}
        )

    def read(self, octets: bytes) -> Read:
        label = int.from_bytes(octets[1:5], "little")
        found = {
            "destination": label & 0x3FFF,
            "origin": label >> 14 & 0x3FFF,
            "selection": label >> 28,
        }
        unit = octets[5:]
        name = _NAMES.get(unit[0], f"0x{unit[0]:02x}") if unit else "nothing"
        try:
            rest = self._parts(name, unit, found)
        except IndexError:
            rest = {"bad": unit[1:]}
        packed = {key: value.to_bytes(3, "big") for key, value in found.items()}
        if name == "UDT" and _subsystem(rest.get("called", b"\x00")) == MANAGER:
            return self._read_management({**packed, **rest}, octets)
        return Read(name, 0, {**packed, **rest})

    def _parts(self, name: str, unit: bytes, found: dict[str, int]) -> dict[str, bytes]:
        if name not in ("UDT", "UDTS", "XUDT", "XUDTS"):
            return {"bad": unit[1:]}
        if name.endswith("S"):
            found["cause"] = unit[1]
        else:
            found |= {"class": unit[1] & 15, "return": unit[1] >> 7}
        at = 2
        if name.startswith("X"):
            found["hops"] = unit[2]
            at = 3
        rest = {}
        for place, part in enumerate((*ADDRESSES, "data")):
            start = at + place + unit[at + place]
            length = unit[start]
            contents = unit[start + 1 : start + 1 + length]
            if len(contents) < length:
                raise IndexError(start)
            rest[part] = contents
        if name.startswith("X") and unit[at + 3]:
            start = at + 3 + unit[at + 3]
            names = {code: one for one, code in OPTIONAL.items()}
            while unit[start]:
                code, length = unit[start], unit[start + 1]
                rest[names.get(code, f"0x{code:02x}")] = unit[start + 2 : start + 2 + length]
                start += 2 + length
        return rest

    def _read_management(self, parameters: dict[str, bytes], octets: bytes) -> Read:
        data = parameters["data"]
        name = _KINDS.get(data[0], f"0x{data[0]:02x}")
        if len(data) < 5:
            raise WireError(f"{octets.hex()}: {name} ends too early")
        kept = {key: parameters[key] for key in LABEL}
        about = int.from_bytes(data[2:4], "little").to_bytes(3, "big")
        return Read(name, 0, {**kept, "ssn": data[1].to_bytes(3, "big"), "about": about})

    def check(self, name: str, fields: Mapping[str, Value]) -> None:
        known = (*TYPES, *MANAGEMENT)
        if name not in known and not re.fullmatch("0x[0-9a-f]{2}", name):
            raise WireError(f"{name!r} is no message: one of {', '.join(known)} or 0x…")
        fitting = (*NUMBERS, *ADDRESSES, *OCTETS, "segmentation")
        for key, value in fields.items():
            if key not in fitting and not re.fullmatch("0x[0-9a-f]{2}", key):
                raise WireError(f"{key}: one of {', '.join(fitting)} or 0x… expected")
            pack(key, value)

    def pack(self, parameter: str, value: Value) -> bytes:
        return pack(parameter, value)

    def mismatch(self, parameter: str, contents: bytes, value: Value) -> str:
        if contents == pack(parameter, value):
            return ""
        number = parameter in NUMBERS
        told = str(int.from_bytes(contents, "big")) if number else contents.hex()
        return f"{parameter} {told}, not {value}"

    def ordinary(self, name: str, like: Read) -> bytes:
        """For the same parties and about the same."""
        kept = (*LABEL, *ADDRESSES, "data", "about", "ssn")
        fields = {key: value for key, value in as_fields(like).items() if key in kept}
        return self.build(name, 0, fields)


SCCP = Sccp()
