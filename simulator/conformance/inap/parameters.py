"""Contents of INAP parameters as a tester builds and reads them, by kind.

Numbers and causes are those of ISUP (`isup.parameters`, Q.763 §3). Other contents are words:

- legs: "sending 1", "receiving 2";
- events to be armed: "oAnswer notify leg 2; oNoAnswer interrupt leg 2 after 8";
- information to send: a table of `message`, `text` or `tone`, with `repetitions`, `duration`,
  `interval`; collected info: `min`, `max`, `first`, `inter`, `end`;
- gap criteria: a table of `called` or `service` or both; gap indicators: `duration`, `interval`;
  gap treatment: a table of `cause`, `message` or both;
- information types: "callStopTime releaseCause".

Anything may be said as octets, `hex:…`.
"""

import re
from collections.abc import Callable, Mapping

from simulator.conformance.inap.elements import (
    ENUMERATED,
    OCTETS,
    SEQUENCE,
    element,
    elements,
    field,
    integer,
    number_of,
)
from simulator.conformance.inap.formats import EVENTS, INFORMATION_TYPES, MODES
from simulator.conformance.isup import parameters as isup
from simulator.conformance.language import Value, WireError

_SIDES = {"sending": 0, "receiving": 1}
_EVENT = re.compile(r"(?P<event>\w+) (?P<mode>\w+)( leg (?P<leg>\d+))?( after (?P<after>\d+))?")
_YES, _NO = b"\xff", b"\x00"
INTERNATIONAL = 4


def _whole(value: Value) -> int:
    if not isinstance(value, int):
        raise WireError(f"{value!r}: a number expected")
    return value


def _words(value: Value) -> str:
    if not isinstance(value, str):
        raise WireError(f"{value!r}: words expected")
    return value


def _table(value: Value, *keys: str) -> Mapping[str, int | str]:
    if not isinstance(value, dict) or set(value) - set(keys):
        raise WireError(f"{value!r}: a table of {', '.join(keys)} expected")
    return value


def _number(value: Value) -> bytes:
    return integer(_whole(value))


def _boolean(value: Value) -> bytes:
    return _YES if _whole(value) else _NO


def leg(value: Value) -> bytes:
    """LegID: a CHOICE of the side that speaks."""
    side, _, number = _words(value).partition(" ")
    if side not in _SIDES or not number.isdecimal():
        raise WireError(f"{value!r}: sending 1 or receiving 1 expected")
    return field(_SIDES[side], bytes((int(number),)))


def _event(value: Value) -> bytes:
    if value not in EVENTS:
        raise WireError(f"{value!r}: one of {', '.join(EVENTS)} expected")
    return integer(EVENTS[str(value)])


def _events(value: Value) -> bytes:
    """BCSMEvents, one after the other."""
    octets = b""
    for part in _words(value).split("; "):
        found = _EVENT.fullmatch(part)
        if not found or found["mode"] not in MODES:
            raise WireError(f"{part!r}: such as oAnswer notify leg 2 expected")
        body = field(0, _event(found["event"])) + field(1, integer(MODES[found["mode"]]))
        if found["leg"]:
            body += field(2, leg(f"sending {found['leg']}"), constructed=True)
        if found["after"]:
            body += field(30, field(1, integer(int(found["after"]))), constructed=True)
        octets += element(SEQUENCE, body)
    return octets


def _destination(value: Value) -> bytes:
    """A list of one called party number."""
    return element(OCTETS, isup.pack("called", value))


def _digits(value: Value) -> bytes:
    """Generic digits in BCD: `correlationID` (Q.763 §3.24)."""
    keys = _words(value)
    nibbles = ["0123456789?bc".index(key) for key in keys] + [0] * (len(keys) % 2)
    pairs = zip(nibbles[::2], nibbles[1::2], strict=True)
    return bytes((len(keys) % 2 << 5,)) + bytes(low | high << 4 for low, high in pairs)


def _address(value: Value) -> bytes:
    """A generic number: `assistingSSPIPRoutingAddress` (Q.763 §3.26)."""
    return b"\0" + isup.pack("called", value)


def _information_to_send(value: Value) -> bytes:
    table = _table(value, "message", "text", "tone", "repetitions", "duration", "interval")
    if "tone" in table:
        body = field(0, integer(int(table["tone"])))
        if "duration" in table:
            body += field(1, integer(int(table["duration"])))
        return field(1, body, constructed=True)
    if "text" in table:
        said = field(1, field(0, str(table["text"]).encode("ascii")), constructed=True)
    else:
        said = field(0, integer(int(table["message"])))
    body = field(0, said, constructed=True)
    for number, key in ((1, "repetitions"), (2, "duration"), (3, "interval")):
        if key in table:
            body += field(number, integer(int(table[key])))
    return field(0, body, constructed=True)


def _collected_info(value: Value) -> bytes:
    table = _table(value, "min", "max", "first", "inter", "end")
    body = b""
    for number, key in ((0, "min"), (1, "max")):
        if key in table:
            body += field(number, integer(int(table[key])))
    if "end" in table:
        body += field(2, bytes((int(table["end"]),)))
    for number, key in ((5, "first"), (6, "inter")):
        if key in table:
            body += field(number, integer(int(table[key])))
    return field(0, body, constructed=True)


def _gap_criteria(value: Value) -> bytes:
    table = _table(value, "called", "service")
    called = field(0, _address(str(table.get("called", "")))) if "called" in table else b""
    if "service" not in table:
        return called
    key = integer(int(table["service"]))
    if not called:
        return field(2, field(0, key), constructed=True)
    return field(29, called + field(1, key), constructed=True)


def _gap_indicators(value: Value) -> bytes:
    table = _table(value, "duration", "interval")
    return field(0, integer(int(table["duration"]))) + field(1, integer(int(table["interval"])))


def _gap_treatment(value: Value) -> bytes:
    table = _table(value, "cause", "message")
    cause = isup.pack("cause", int(table["cause"])) if "cause" in table else b""
    if "message" not in table:
        return field(1, cause)
    said = field(0, _information_to_send({"message": table["message"]}), constructed=True)
    return field(2, said + field(1, cause), constructed=True) if cause else said


def _information_types(value: Value) -> bytes:
    return b"".join(
        element(ENUMERATED, integer(INFORMATION_TYPES[word])) for word in _words(value).split()
    )


def _failed_leg(value: Value) -> bytes:
    """Of an EntityReleased: the leg and the cause."""
    table = _table(value, "leg", "cause")
    octets = field(0, leg(f"receiving {table['leg']}"), constructed=True)
    return octets + field(2, isup.pack("cause", int(table["cause"])))


def _raw(value: Value) -> bytes:
    raise WireError(f"{value!r}: hex:… expected")


def _answering(value: Value) -> bytes:
    """MiscCallInfo: who waits."""
    words = {"request": 0, "notification": 1}
    if value not in words:
        raise WireError(f"{value!r}: one of {', '.join(words)} expected")
    return field(0, integer(words[str(value)]))


KINDS: dict[str, Callable[[Value], bytes]] = {
    "number": _number,
    "boolean": _boolean,
    "octets": _raw,
    "event": _event,
    "events": _events,
    "leg": leg,
    "called party": lambda value: isup.pack("called", value),
    "calling party": lambda value: isup.pack("calling", value),
    "cause": lambda value: isup.pack("cause", value),
    "destination": _destination,
    "digits": _digits,
    "address": _address,
    "answering": _answering,
    "information to send": _information_to_send,
    "collected info": _collected_info,
    "gap criteria": _gap_criteria,
    "gap indicators": _gap_indicators,
    "gap treatment": _gap_treatment,
    "information types": _information_types,
    "failed leg": _failed_leg,
}


def pack(kind: str, value: Value) -> bytes:
    """The contents that a case means. Raises WireError."""
    if isinstance(value, str) and value.startswith("hex:"):
        return bytes.fromhex(value[4:])
    try:
        return KINDS[kind](value)
    except (KeyError, ValueError) as error:
        raise WireError(f"{kind} {value!r}: {error}") from error


def mismatch(name: str, kind: str, contents: bytes, value: Value) -> str:
    """How contents differ from what a case says; empty when they do not. Raises WireError."""
    if not (isinstance(value, str) and value.startswith("hex:")):
        if kind in ("called party", "calling party", "cause"):
            found = isup.mismatch(
                {"called party": "called", "calling party": "calling"}.get(kind, kind),
                contents,
                value,
            )
            return f"{name}: {found}" if found else ""
        if kind == "failed leg":
            return _failed_leg_mismatch(contents, value)
        if kind == "number":
            found_number = number_of(contents)
            return "" if found_number == value else f"{name} {found_number}, not {value}"
    if contents == pack(kind, value):
        return ""
    return f"{name} {contents.hex()}, not {value}"


def _failed_leg_mismatch(contents: bytes, value: Value) -> str:
    """The cause's location is the switch's own affair."""
    table = _table(value, "leg", "cause")
    parts = {tag & 0x1F: inner for tag, inner in elements(contents)}
    legs = parts.get(0, b"")
    if legs != leg(f"receiving {table['leg']}"):
        return f"bCSMFailure of leg {legs.hex()}, not {table['leg']}"
    return isup.mismatch("cause", parts.get(2, b""), int(table["cause"]))
