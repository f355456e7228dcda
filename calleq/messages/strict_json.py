"""JSON as it may come from a stranger: RFC 8259 to the letter, and bounded.

Refused besides what the grammar refuses: more than 64 KiB, nesting deeper than 32, a name that
stands twice in one object (RFC 8259 §4 leaves its meaning open, and two readers of one message
must not differ), NaN and infinities, numbers no 64-bit integer or double can hold (RFC 7493 §2.2:
another reader would see another number), lone surrogates, a byte order mark, any encoding but
UTF-8.
"""

import json
import math
from collections import Counter
from operator import itemgetter

import msgspec

from calleq.messages.errors import Fault, MessageError

LIMIT_OCTETS = 64 * 1024
LIMIT_DEPTH = 32
"""Arrays and objects inside one another, the outermost counted."""

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]

_SMALLEST_INTEGER = -(2**63)
_LARGEST_INTEGER = 2**64 - 1
_LONGEST_INTEGER = 20
_LONE_SURROGATE_ESCAPES = (b"\\ud", b"\\uD")


class _RefusedError(ValueError):
    """Says inside the parser what `parse` then says outside."""


def parse(body: bytes) -> JsonValue:
    """The value of the octets; MessageError with code `json` or `too_large` when they are none."""
    if len(body) > LIMIT_OCTETS:
        text = f"the message has {len(body)} octets; at most {LIMIT_OCTETS} are accepted"
        raise MessageError(Fault("", "too_large", text))
    try:
        text = body.decode("utf-8")
        value: JsonValue = _decoder.decode(text)
    except UnicodeDecodeError as error:
        raise _fault(f"not UTF-8 at octet {error.start}") from error
    except json.JSONDecodeError as error:
        raise _fault(
            f"not JSON at line {error.lineno} column {error.colno}: {error.msg}"
        ) from error
    except RecursionError as error:
        raise _fault(f"nested deeper than {LIMIT_DEPTH}") from error
    except _RefusedError as error:
        raise _fault(str(error)) from error
    if body.count(b"[") + body.count(b"{") > LIMIT_DEPTH:
        _check_depth(value)
    if any(escape in body for escape in _LONE_SURROGATE_ESCAPES):
        _check_surrogates(value)
    return value


def parse_object(body: bytes) -> dict[str, JsonValue]:
    """The object of the octets; MessageError when they are none or another value."""
    value = parse(body)
    if not isinstance(value, dict):
        raise _fault("the message must be a JSON object")
    return value


def _fault(text: str) -> MessageError:
    return MessageError(Fault("", "json", text))


def _object(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    value = dict(pairs)
    if len(value) != len(pairs):
        twice = max(Counter(name for name, _ in pairs).items(), key=itemgetter(1))[0]
        raise _RefusedError(f"the name {twice[:40]!r} stands twice in one object")
    return value


def _constant(text: str) -> float:
    raise _RefusedError(f"{text} is no JSON number")


def _integer(text: str) -> int:
    if len(text) <= _LONGEST_INTEGER:
        value = int(text)
        if _SMALLEST_INTEGER <= value <= _LARGEST_INTEGER:
            return value
    raise _RefusedError("an integer needs more than 64 bits; send it as a string")


def _double(text: str) -> float:
    value = float(text)
    if math.isinf(value):
        raise _RefusedError("a number is larger than a double can hold; send it as a string")
    return value


def _check_depth(value: JsonValue) -> None:
    level: list[JsonValue] = [value]
    for _ in range(LIMIT_DEPTH):
        deeper: list[JsonValue] = []
        for item in level:
            if isinstance(item, dict):
                deeper.extend(item.values())
            elif isinstance(item, list):
                deeper.extend(item)
        if not deeper:
            return
        level = deeper
    if any(isinstance(item, dict | list) for item in level):
        raise _fault(f"nested deeper than {LIMIT_DEPTH}")


def _check_surrogates(value: JsonValue) -> None:
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError as error:
        raise _fault("a string has half of a surrogate pair") from error


_decoder = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_constant=_constant,
    parse_int=_integer,
    parse_float=_double,
)
