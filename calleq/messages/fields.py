"""The kinds of field that the messages share, each with its check and its JSON Schema.

A check raises PydanticCustomError with a stable code; `figures.decode` turns that into a `Fault`
that names the field. Numbers come out canonical, so a message that was decoded says them in E.164.
"""

import re
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, to_json

from calleq.numbering import (
    E164,
    IpAddress,
    NumberRefusedError,
    SipUri,
    parse_address,
    public_number,
)
from calleq.numbering import NumberingError as _NumberingError
from calleq.units import parse_utc

LIMIT_EXTENSION_OCTETS = 16 * 1024
"""Field 808, encoded: room for what a later edition may mean by it."""
LIMIT_NOTE = 2_000
LIMIT_URL = 2_048
LIMIT_TITLE = 300
LIMIT_RECENT_PAGES = 20
LIMIT_PASSWORD = 256

_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _number(value: object) -> E164:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "string_type", "a telephone number is a string such as +12125550100"
        )
    try:
        return public_number(value)
    except NumberRefusedError as error:
        if _is_voice_over_ip(value):
            raise PydanticCustomError(
                "voice_over_ip",
                "voice over IP legs are not offered yet: give a telephone number",
            ) from error
        raise PydanticCustomError(error.reason, "{why}", {"why": str(error)}) from error


def _is_voice_over_ip(text: str) -> bool:
    if text[:5].lower().startswith(("sip:", "sips:")):
        return True
    try:
        return isinstance(parse_address(text), SipUri | IpAddress)
    except _NumberingError:
        return False


def _desired_time(text: str) -> str:
    if text.strip():
        desired_instant_us(text)
    return text


def desired_instant_us(text: str) -> int:
    """UTC microseconds of a desired time that is not blank; PydanticCustomError when malformed."""
    expected = "write an RFC 3339 instant with its offset, for example 2026-11-21T10:15:00-05:00"
    if not _INSTANT.fullmatch(text):
        raise PydanticCustomError("time", "is no time: " + expected)
    try:
        return parse_utc(text.upper())
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("time", "is no time of any day: " + expected) from error


def _extension(value: JsonValue) -> JsonValue:
    size = len(to_json(value))
    if size > LIMIT_EXTENSION_OCTETS:
        raise PydanticCustomError(
            "too_large",
            "has {size} octets; at most {limit} are kept",
            {"size": size, "limit": LIMIT_EXTENSION_OCTETS},
        )
    return value


TelephoneNumber = Annotated[
    E164,
    PlainValidator(_number, json_schema_input_type=str),
    WithJsonSchema(
        {"type": "string", "pattern": r"^\+[1-9][0-9 .()/-]{6,60}$", "examples": ["+12125550100"]}
    ),
]
DesiredTime = Annotated[
    str,
    AfterValidator(_desired_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {"type": "string", "pattern": r"^\s*$"},
            ]
        }
    ),
]
ElementAddress = Annotated[str, Field(min_length=1, max_length=253)]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
CustomerIdentifier = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._@+-]+$")
]
Password = Annotated[str, Field(min_length=1, max_length=LIMIT_PASSWORD, repr=False)]
Note = Annotated[str, Field(max_length=LIMIT_NOTE)]
Extension = Annotated[JsonValue, AfterValidator(_extension)]
