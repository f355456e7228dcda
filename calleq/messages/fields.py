"""The kinds of field that the messages share, each with its check and its JSON Schema.

A check raises PydanticCustomError with a stable code; `figures.decode` turns that into a `Fault`
that names the field. Numbers come out canonical, so a message that was decoded says them in E.164;
SIP URIs and IP addresses too, each in its one form.
"""

import ipaddress
import re
from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Field, JsonValue, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError, to_json

from calleq.numbering import (
    Address,
    NumberingError,
    NumberRefusedError,
    existing_number,
    parse_address,
)
from calleq.numbering.addresses import ADDRESS_LIMIT
from calleq.units import parse_utc
from calleq.zones import instant_us, zone_of

LIMIT_EXTENSION_OCTETS = 16 * 1024
"""Field 808, encoded: room for what a later edition may mean by it."""
LIMIT_NOTE = 2_000
LIMIT_URL = 2_048
LIMIT_TITLE = 300
LIMIT_RECENT_PAGES = 20
LIMIT_PASSWORD = 256

_IDENTIFIER = re.compile(r"[A-Za-z0-9._-]{1,64}")
_INSTANT = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?([Zz]|[+-][0-9]{2}:[0-9]{2})"
)


def _party(value: object) -> Address:
    """A number that exists, or an address; who may be called the door knows, once it knows who
    asks."""
    if not isinstance(value, str):
        raise PydanticCustomError(
            "string_type", "a telephone number is a string such as +12125550100"
        )
    try:
        if is_voice_over_ip(value):
            return parse_address(value)
        return existing_number(value)
    except NumberRefusedError as error:
        raise PydanticCustomError(error.reason, "{why}", {"why": str(error)}) from error
    except NumberingError as error:
        raise PydanticCustomError("voice_over_ip", "{why}", {"why": str(error)}) from error


def _representative(text: str) -> str:
    """Field 910: an identifier of the business's own, or a number (an 800 number, too)."""
    if not text.startswith("+"):
        if _IDENTIFIER.fullmatch(text):
            return text
        raise PydanticCustomError(
            "representative",
            "is neither a representative's identifier nor a telephone number with +",
        )
    try:
        return str(existing_number(text))
    except NumberRefusedError as error:
        raise PydanticCustomError(error.reason, "{why}", {"why": str(error)}) from error


def is_voice_over_ip(text: str) -> bool:
    """Whether the text is meant to be a SIP URI or an IP address, well written or not."""
    if text[:5].lower().startswith(("sip:", "sips:")):
        return True
    if text[:1] == "+":
        return False  # nearly always
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


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


def _wished_time(text: str) -> str:
    if text.strip() and not _WALL.fullmatch(text):
        desired_instant_us(text)
    return text


def is_wall_time(text: str) -> bool:
    """Whether a desired time has the form of a wall clock's: it means nothing without a zone."""
    return _WALL.fullmatch(text) is not None


def wall_instant_us(text: str, zone: str) -> int:
    """UTC microseconds of what a clock of that zone shows; PydanticCustomError when malformed.

    What does not exist or exists twice: see `calleq.zones`.
    """
    found = zone_of(zone)
    if found is None:
        raise PydanticCustomError("time_zone", "is no time zone: " + _ZONE_EXPECTED)
    try:
        return instant_us(datetime.fromisoformat(text.upper()), found)
    except (ValueError, OverflowError) as error:
        raise PydanticCustomError("time", "is no time of any day") from error


def _time_zone(text: str) -> str:
    if zone_of(text) is None:
        raise PydanticCustomError("time_zone", "is no time zone: " + _ZONE_EXPECTED)
    return text


def _extension(value: JsonValue) -> JsonValue:
    size = len(to_json(value))
    if size > LIMIT_EXTENSION_OCTETS:
        raise PydanticCustomError(
            "too_large",
            "has {size} octets; at most {limit} are kept",
            {"size": size, "limit": LIMIT_EXTENSION_OCTETS},
        )
    return value


_WALL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2})?")
_ZONE_EXPECTED = "write an IANA name, for example America/New_York"

PartyAddress = Annotated[
    Address,
    PlainValidator(_party, json_schema_input_type=str),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "pattern": r"^\+[1-9][0-9 .()/-]{6,60}$",
                    "examples": ["+12125550100"],
                },
                {
                    "type": "string",
                    "description": "Voice over IP, where the equipment offers it: a SIP URI.",
                    "pattern": r"^[Ss][Ii][Pp][Ss]?:",
                    "maxLength": ADDRESS_LIMIT,
                    "examples": ["sip:alice@example.com"],
                },
                {
                    "type": "string",
                    "description": "Voice over IP: an address; whoever answers SIP there.",
                    "anyOf": [{"format": "ipv4"}, {"format": "ipv6"}],
                    "examples": ["192.0.2.7"],
                },
            ]
        }
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
WishedTime = Annotated[
    str,
    AfterValidator(_wished_time),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "format": "date-time"},
                {
                    "type": "string",
                    "description": "What a clock of `time_zone` shows then.",
                    "pattern": r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt][0-9]{2}:[0-9]{2}(:[0-9]{2})?$",
                },
                {"type": "string", "pattern": r"^\s*$"},
            ]
        }
    ),
]
"""An instant with its offset, or a wall time beside a zone."""
TimeZone = Annotated[
    str,
    Field(min_length=1, max_length=64, examples=["America/New_York"]),
    AfterValidator(_time_zone),
]
ElementAddress = Annotated[str, Field(min_length=1, max_length=253)]
Identifier = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._-]+$")]
RepresentativeInformation = Annotated[
    str,
    AfterValidator(_representative),
    Field(min_length=1, max_length=64),
    WithJsonSchema(
        {
            "anyOf": [
                {
                    "type": "string",
                    "description": "Identifier of a representative of the business.",
                    "maxLength": 64,
                    "pattern": r"^[A-Za-z0-9._-]+$",
                    "examples": ["cruise-expert"],
                },
                {
                    "type": "string",
                    "description": "A telephone number: of one, or toll-free of a centre.",
                    "maxLength": 64,
                    "pattern": r"^\+[1-9][0-9 .()/-]{6,60}$",
                    "examples": ["+18005550199"],
                },
            ]
        }
    ),
]
CustomerIdentifier = Annotated[
    str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z0-9._@+-]+$")
]
Password = Annotated[str, Field(min_length=1, max_length=LIMIT_PASSWORD)]
Note = Annotated[str, Field(max_length=LIMIT_NOTE)]
Extension = Annotated[JsonValue, AfterValidator(_extension)]
