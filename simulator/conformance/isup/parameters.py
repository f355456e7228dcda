"""ISUP parameters as a tester names them: words to octets, and octets held against words.

Written from Q.763 apart from calleq's own codec, so that a mistake made in one shows in the other.
A parameter is of one of few kinds: named bits, a number of digits, a cause, a range with its
status, instruction indicators, or plain octets. `pack` makes contents of what a case says,
`mismatch` says how contents differ from it; only what a case names is compared.

Refuses, with WireError, names and words that Q.763 does not have.
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from simulator.conformance.language import Value, WireError

NATIONAL, INTERNATIONAL = 3, 4


class Bits(NamedTuple):
    """Some bits of an indicator, numbered from bit A of the first octet."""

    first: int
    width: int
    words: tuple[str, ...] = ()
    """What the values 0, 1, 2 … mean."""


Indicator = Mapping[str, Bits]

_YES = ("no", "yes")
_INDICATORS: dict[str, tuple[int, Indicator]] = {
    # Octets and named bits. Q.763 §3.35, §3.23, §3.5, §3.21, §3.18, §3.52, §3.13, §3.37, §3.38
    "nature_of_connection": (
        1,
        {
            "satellite": Bits(0, 2, ("none", "one", "two")),
            "continuity": Bits(2, 2, ("not required", "required", "previous")),
            "echo_device": Bits(4, 1, _YES),
        },
    ),
    "forward_call": (
        2,
        {
            "international": Bits(0, 1, _YES),
            "interworking": Bits(3, 1, _YES),
            "isup_all_the_way": Bits(5, 1, _YES),
            "isup_preference": Bits(6, 2, ("preferred", "not required", "required")),
            "isdn_access": Bits(8, 1, _YES),
        },
    ),
    "backward_call": (
        2,
        {
            "charge": Bits(0, 2, ("no indication", "no charge", "charge")),
            "called_status": Bits(2, 2, ("no indication", "subscriber free", "connect when free")),
            "called_category": Bits(4, 2, ("no indication", "ordinary", "payphone")),
            "interworking": Bits(8, 1, _YES),
            "isup_all_the_way": Bits(10, 1, _YES),
            "isdn_access": Bits(12, 1, _YES),
            "echo_device": Bits(13, 1, _YES),
        },
    ),
    "event": (
        1,
        {
            "event": Bits(
                0, 7, ("spare", "alerting", "progress", "in-band", "busy", "no reply", "always")
            ),
            "restricted": Bits(7, 1, _YES),
        },
    ),
    "continuity": (1, {"continuity": Bits(0, 1, ("failed", "successful"))}),
    "suspend_resume": (1, {"initiated_by": Bits(0, 1, ("subscriber", "network"))}),
    "group_type": (1, {"type": Bits(0, 2, ("maintenance", "hardware failure"))}),
    "optional_backward": (
        1,
        {
            "in_band": Bits(0, 1, _YES),
            "diversion": Bits(1, 1, _YES),
            "segmentation": Bits(2, 1, _YES),
        },
    ),
    "optional_forward": (
        1,
        {
            "closed_user_group": Bits(0, 2),
            "segmentation": Bits(2, 1, _YES),
            "connected_line_requested": Bits(7, 1, _YES),
        },
    ),
    "congestion_level": (1, {"level": Bits(0, 8)}),
    "propagation_delay": (2, {}),
    "call_history": (2, {}),
    "category": (
        1,
        {"category": Bits(0, 8, ("unknown", "French operator", "English operator"))},
    ),
    "medium": (1, {"medium": Bits(0, 8)}),
    "medium_prime": (1, {"medium": Bits(0, 8)}),
    "medium_used": (1, {"medium": Bits(0, 8)}),
}
_MEDIA = {
    "speech": 0,
    "64 kbit/s": 2,
    "3.1 kHz audio": 3,
    "64 kbit/s preferred": 6,
    "2 x 64 kbit/s": 7,
    "384 kbit/s": 8,
    "1536 kbit/s": 9,
    "1920 kbit/s": 10,
}
"""Transmission medium requirement (Q.763 §3.54)."""

CODES = {
    "medium": 0x02,
    "access_transport": 0x03,
    "called": 0x04,
    "subsequent": 0x05,
    "nature_of_connection": 0x06,
    "forward_call": 0x07,
    "optional_forward": 0x08,
    "category": 0x09,
    "calling": 0x0A,
    "continuity": 0x10,
    "backward_call": 0x11,
    "cause": 0x12,
    "group_type": 0x15,
    "range_and_status": 0x16,
    "user_service": 0x1D,
    "user_to_user": 0x20,
    "suspend_resume": 0x22,
    "event": 0x24,
    "circuit_states": 0x26,
    "congestion_level": 0x27,
    "optional_backward": 0x29,
    "generic_notification": 0x2C,
    "call_history": 0x2D,
    "user_service_prime": 0x30,
    "propagation_delay": 0x31,
    "medium_used": 0x35,
    "message_compatibility": 0x38,
    "parameter_compatibility": 0x39,
    "medium_prime": 0x3E,
    "generic_number": 0xC0,
}
"""Name codes by what a case calls them (Q.763 Table 5)."""
NAMES = {code: name for name, code in CODES.items()}

_INSTRUCTIONS = {
    "message_compatibility": (
        "end node",
        "release",
        "notify",
        "discard message",
        "discard when stuck",
    ),
    "parameter_compatibility": (
        "end node",
        "release",
        "notify",
        "discard message",
        "discard parameter",
        "discard message when stuck",
        "discard parameter when stuck",
    ),
}
"""Instruction indicators from bit A on (Q.763 §3.33, §3.41); "when stuck": pass on not possible."""
_LAST = 0x80


NUMBERS = ("called", "calling", "subsequent")


def code_of(name: str) -> int:
    """The name code of a parameter: by its name, or written 0x….

    Raises WireError.
    """
    if name.startswith("0x"):
        return int(name, 16)
    if name not in CODES:
        raise WireError(f"{name}: one of {', '.join(CODES)} or 0x… expected")
    return CODES[name]


def pack(name: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    if name in _INDICATORS:
        return _pack_indicator(name, value)
    if name in NUMBERS:
        return _pack_number(name, value)
    if name == "cause":
        return _pack_cause(value)
    if name == "range_and_status":
        return _pack_range(value)
    if name in _INSTRUCTIONS:
        return _pack_instructions(name, value)
    raise WireError(f"{name}: hex:… expected, not {value!r}")


def mismatch(name: str, contents: bytes, value: Value) -> str:
    """How contents differ from what a case says; empty when they do not. Raises WireError."""
    if name in _INDICATORS and not (isinstance(value, str) and value.startswith("hex:")):
        return _indicator_mismatch(name, contents, value)
    if name in NUMBERS:
        wanted = _number(value)
        found = read_number(name, contents)
        differing = {key: found.get(key) for key in wanted if found.get(key) != wanted[key]}
        return f"{name} {found}, not {wanted}" if differing else ""
    if name == "cause" and not isinstance(value, str):
        wanted = {"value": value} if isinstance(value, int) else _table(name, value)
        found = read_cause(contents)
        differing = {key: found.get(key) for key in wanted if found.get(key) != wanted[key]}
        return f"cause {found}, not {wanted}" if differing else ""
    if name == "range_and_status" and isinstance(value, dict):
        return _range_mismatch(contents, value)
    wanted_octets = pack(name, value)
    if contents == wanted_octets:
        return ""
    return f"{name} {contents.hex()}, not {wanted_octets.hex()}"


def _table(name: str, value: Value) -> dict[str, int | str]:
    if not isinstance(value, dict):
        raise WireError(f"{name}: a table expected, not {value!r}")
    return value


def _word(name: str, bits: Bits, value: int | str) -> int:
    if isinstance(value, int):
        return value
    if name.startswith("medium") and value in _MEDIA:
        return _MEDIA[value]
    if value not in bits.words:
        raise WireError(f"{name}: {value!r}: one of {', '.join(bits.words)} expected")
    return bits.words.index(value)


def _bits_of(name: str, value: Value) -> list[tuple[Bits, int]]:
    """The bits that a case names, with their values."""
    _, indicator = _INDICATORS[name]
    if not isinstance(value, dict):
        if len(indicator) != 1 and name not in ("event", "category"):
            raise WireError(f"{name}: a table expected, not {value!r}")
        first = next(iter(indicator.values()))
        return [(first, _word(name, first, value))]
    chosen = []
    for key, given in value.items():
        if key not in indicator:
            raise WireError(f"{name}.{key}: one of {', '.join(indicator)} expected")
        chosen.append((indicator[key], _word(f"{name}.{key}", indicator[key], given)))
    return chosen


def _pack_indicator(name: str, value: Value) -> bytes:
    octets, indicator = _INDICATORS[name]
    if isinstance(value, int):
        if not indicator:
            return value.to_bytes(octets, "big")
        return value.to_bytes(octets, "little")
    total = 0
    for bits, given in _bits_of(name, value):
        total |= given << bits.first
    return total.to_bytes(octets, "little")


def _indicator_mismatch(name: str, contents: bytes, value: Value) -> str:
    octets, indicator = _INDICATORS[name]
    if len(contents) != octets:
        return f"{name} of {len(contents)} octets, not {octets}"
    if isinstance(value, int):
        found = int.from_bytes(contents, "little" if indicator else "big")
        return "" if found == value else f"{name} {found}, not {value}"
    total = int.from_bytes(contents, "little")
    for bits, wanted in _bits_of(name, value):
        found = total >> bits.first & ((1 << bits.width) - 1)
        if found != wanted:
            told = bits.words[found] if found < len(bits.words) else str(found)
            return f"{name} {told}, not {value}"
    return ""


def _number(value: Value) -> dict[str, int | str]:
    if isinstance(value, str):
        return {"digits": value}
    return _table("number", value)


def _pack_number(name: str, value: Value) -> bytes:
    """Q.763 §3.9, §3.10, §3.51: odd or even, nature, plan and screening, digits low first."""
    table = _number(value)
    digits = str(table["digits"])
    odd = len(digits) % 2
    nibbles = [int(digit, 16) for digit in digits] + [0] * odd
    pairs = bytes(nibbles[place] | nibbles[place + 1] << 4 for place in range(0, len(nibbles), 2))
    if name == "subsequent":
        return bytes((odd << 7,)) + pairs
    nature = int(table.get("nature", INTERNATIONAL))
    low = int(table.get("presentation", 0)) << 2 | 3 if name == "calling" else 0
    return bytes((odd << 7 | nature, 1 << 4 | low)) + pairs


def read_number(name: str, contents: bytes) -> dict[str, int | str]:
    """Digits, nature and presentation of a number."""
    head = 1 if name == "subsequent" else 2
    digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in contents[head:])
    if contents and contents[0] >> 7:
        digits = digits[:-1]
    if head == 1:
        return {"digits": digits}
    return {
        "digits": digits,
        "nature": contents[0] & 0x7F,
        "presentation": contents[1] >> 2 & 3,
    }


def _pack_cause(value: Value) -> bytes:
    """Q.763 §3.12, Q.850 §2: coding and location, value, diagnostics."""
    table = {"value": value} if isinstance(value, int) else _table("cause", value)
    location = int(table.get("location", 4))
    diagnostics = bytes.fromhex(str(table.get("diagnostics", "")))
    return bytes((0x80 | location, 0x80 | int(table["value"]))) + diagnostics


def read_cause(contents: bytes) -> dict[str, int | str]:
    """Value, location and diagnostics of a cause."""
    if len(contents) < 2:
        return {}
    place = 1 if contents[0] & 0x80 else 2
    return {
        "value": contents[place] & 0x7F,
        "location": contents[0] & 15,
        "diagnostics": contents[place + 1 :].hex(),
    }


def _pack_range(value: Value) -> bytes:
    """Q.763 §3.43: one less than the number of circuits, then a bit for each, the first lowest.

    `status` is "all", "none" or the places of the bits that are set; without it there is none.
    """
    if isinstance(value, int):
        return bytes((value,))
    table = _table("range_and_status", value)
    reach = int(table["range"])
    if "status" not in table:
        return bytes((reach,))
    return bytes((reach,)) + _status(reach, str(table["status"]))


def _status(reach: int, status: str) -> bytes:
    circuits = reach + 1
    if status == "all":
        bits = (1 << circuits) - 1
    elif status == "none":
        bits = 0
    else:
        bits = sum(1 << int(place) for place in status.split())
    return bits.to_bytes((circuits + 7) // 8, "little")


def _range_mismatch(contents: bytes, value: Mapping[str, int | str]) -> str:
    reach = int(value["range"])
    if not contents or contents[0] != reach:
        return f"range {contents[:1].hex()}, not {reach}"
    if "status" not in value:
        return "" if len(contents) == 1 else f"status {contents[1:].hex()} beside the range"
    wanted = _status(reach, str(value["status"]))
    return "" if contents[1:] == wanted else f"status {contents[1:].hex()}, not {wanted.hex()}"


def _pack_instructions(name: str, value: Value) -> bytes:
    """Instructions by their words; for parameters {"0xee" = "notify, discard parameter"}."""
    words = _INSTRUCTIONS[name]
    if name == "message_compatibility":
        return bytes((_instruction(words, value),))
    octets = b""
    for code, instruction in _table(name, value).items():
        octets += bytes((code_of(code), _instruction(words, instruction)))
    return octets


def _instruction(words: Sequence[str], value: Value) -> int:
    if isinstance(value, int):
        return value | _LAST
    if not isinstance(value, str):
        raise WireError(f"instructions: words expected, not {value!r}")
    octet = _LAST
    for word in filter(None, (part.strip() for part in value.split(","))):
        if word not in words:
            raise WireError(f"instructions: {word!r}: some of {', '.join(words)} expected")
        octet |= 1 << words.index(word)
    return octet
