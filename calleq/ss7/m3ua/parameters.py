"""The parameters of M3UA as octets: tag, length, value, padding to four octets (RFC 4666 §3.2).

Owns the framing of parameters and one `Kind` for each shape of value; which message has which
parameter is data in `codec`. Refuses values that are too short, too long or out of range with
M3uaError and nothing else. Point codes stand in 24 bits whatever their own width is.
"""

from collections.abc import Callable
from struct import Struct
from typing import Any, NamedTuple

from calleq.ss7.m3ua.messages import (
    Affected,
    DeregistrationResult,
    ErrorCode,
    M3uaError,
    RegistrationResult,
    RoutingKey,
)

INFO = 0x0004
ROUTING_CONTEXT = 0x0006
DIAGNOSTIC = 0x0007
HEARTBEAT_DATA = 0x0009
TRAFFIC_MODE = 0x000B
ERROR_CODE = 0x000C
STATUS = 0x000D
ASP_IDENTIFIER = 0x0011
AFFECTED_POINT_CODE = 0x0012
CORRELATION = 0x0013
NETWORK_APPEARANCE = 0x0200
USER_CAUSE = 0x0204
CONGESTION = 0x0205
CONCERNED_DESTINATION = 0x0206
ROUTING_KEY = 0x0207
REGISTRATION_RESULT = 0x0208
DEREGISTRATION_RESULT = 0x0209
LOCAL_KEY_IDENTIFIER = 0x020A
DESTINATION = 0x020B
SERVICE_INDICATORS = 0x020C
ORIGIN_LIST = 0x020E
PROTOCOL_DATA = 0x0210
REGISTRATION_STATUS = 0x0212
DEREGISTRATION_STATUS = 0x0213

INFO_LIMIT_OCTETS = 255
POINT_CODE_BITS = 24

HEAD = Struct(">HH")
_WORD = Struct(">I")
_PAIR = Struct(">HH")

Parsed = list[tuple[int, bytes]]


class Kind(NamedTuple):
    """How one shape of value is packed and unpacked."""

    pack: Callable[[Any], bytes]
    unpack: Callable[[bytes], Any]


def frame(tag: int, value: bytes) -> bytes:
    """A parameter with tag, length and padding.

    >>> frame(INFO, b"hello").hex()
    '0004000968656c6c6f000000'
    """
    if not 0 <= tag <= 0xFFFF or len(value) > 0xFFFF - HEAD.size:
        raise M3uaError(f"parameter 0x{tag:04x} of {len(value)} octets does not fit")
    return HEAD.pack(tag, HEAD.size + len(value)) + value + b"\0" * (-len(value) % 4)


def parse(octets: bytes, start: int = 0) -> Parsed:
    """The parameters from `start` on, in order; M3uaError when a length leads past the end.

    The padding of the last one may be missing: some senders leave it out.
    """
    found: Parsed = []
    end = len(octets)
    while start < end:
        if end - start < HEAD.size:
            if any(octets[start:]):
                raise M3uaError(
                    f"{end - start} octets where a parameter begins",
                    ErrorCode.PARAMETER_FIELD_ERROR,
                )
            break
        tag, length = HEAD.unpack_from(octets, start)
        if not HEAD.size <= length <= end - start:
            raise M3uaError(
                f"parameter 0x{tag:04x} says {length} octets, {end - start} are left",
                ErrorCode.PARAMETER_FIELD_ERROR,
            )
        found.append((tag, octets[start + HEAD.size : start + length]))
        start += length + -length % 4
    return found


def _pack_word(value: int) -> bytes:
    if not 0 <= value <= 0xFFFFFFFF:
        raise M3uaError(f"{value} does not fit into 32 bits", ErrorCode.INVALID_PARAMETER_VALUE)
    return _WORD.pack(value)


def _unpack_word(value: bytes) -> int:
    if len(value) != _WORD.size:
        raise M3uaError(
            f"a value of {len(value)} octets where 4 are due", ErrorCode.PARAMETER_FIELD_ERROR
        )
    number: int = _WORD.unpack(value)[0]
    return number


def _pack_words(values: tuple[int, ...]) -> bytes:
    return b"".join(_pack_word(value) for value in values)


def _unpack_words(value: bytes) -> tuple[int, ...]:
    return tuple(_unpack_word(part) for part in _quarters(value))


def _quarters(value: bytes) -> list[bytes]:
    if len(value) % 4 or not value:
        raise M3uaError(
            f"a list of {len(value)} octets: every member has 4", ErrorCode.PARAMETER_FIELD_ERROR
        )
    return [value[at : at + 4] for at in range(0, len(value), 4)]


def _pack_pair(pair: tuple[int, int]) -> bytes:
    first, second = pair
    if not 0 <= first <= 0xFFFF or not 0 <= second <= 0xFFFF:
        raise M3uaError(f"{pair} does not fit into 16 bits", ErrorCode.INVALID_PARAMETER_VALUE)
    return _PAIR.pack(first, second)


def _unpack_pair(value: bytes) -> tuple[int, int]:
    number = _unpack_word(value)
    return number >> 16, number & 0xFFFF


def _pack_text(text: str) -> bytes:
    octets = text.encode()
    if len(octets) > INFO_LIMIT_OCTETS:
        raise M3uaError(
            f"an info string of {len(octets)} octets: at most {INFO_LIMIT_OCTETS}",
            ErrorCode.INVALID_PARAMETER_VALUE,
        )
    return octets


def _unpack_text(value: bytes) -> str:
    """Text for people, and never a reason to refuse a message; as much as could be sent again."""
    text = value[:INFO_LIMIT_OCTETS].decode(errors="backslashreplace")
    return text.encode()[:INFO_LIMIT_OCTETS].decode(errors="ignore")


def _pack_point(point: Affected) -> bytes:
    if point.point_code >> POINT_CODE_BITS or point.mask >> 8 or point.mask < 0:
        raise M3uaError(
            f"point code {point.point_code} with mask {point.mask} does not fit",
            ErrorCode.INVALID_PARAMETER_VALUE,
        )
    return _WORD.pack(point.mask << POINT_CODE_BITS | point.point_code)


def _pack_points(points: tuple[Affected, ...]) -> bytes:
    return b"".join(_pack_point(point) for point in points)


def _unpack_points(value: bytes) -> tuple[Affected, ...]:
    return tuple(
        Affected(number & (1 << POINT_CODE_BITS) - 1, number >> POINT_CODE_BITS)
        for number in _unpack_words(value)
    )


def _pack_point_code(code: int) -> bytes:
    return _pack_point(Affected(code))


def _unpack_point_code(value: bytes) -> int:
    return _unpack_word(value) & (1 << POINT_CODE_BITS) - 1


def _pack_level(level: int) -> bytes:
    return _WORD.pack(_checked(level))


def _unpack_level(value: bytes) -> int:
    return _checked(_unpack_word(value) & 0xFF)


def _checked(level: int) -> int:
    if not 0 <= level <= 3:
        raise M3uaError(
            f"congestion level {level}: 0 to 3 (RFC 4666 §3.4.4)", ErrorCode.INVALID_PARAMETER_VALUE
        )
    return level


def _pack_key(key: RoutingKey) -> bytes:
    if not key.destinations:
        raise M3uaError("a routing key without destination", ErrorCode.MISSING_PARAMETER)
    octets = frame(LOCAL_KEY_IDENTIFIER, _pack_word(key.identifier))
    if key.routing_context is not None:
        octets += frame(ROUTING_CONTEXT, _pack_word(key.routing_context))
    if key.traffic_mode is not None:
        octets += frame(TRAFFIC_MODE, _pack_word(key.traffic_mode))
    if key.network_appearance is not None:
        octets += frame(NETWORK_APPEARANCE, _pack_word(key.network_appearance))
    octets += b"".join(frame(DESTINATION, _pack_point_code(code)) for code in key.destinations)
    if key.services:
        octets += frame(SERVICE_INDICATORS, key.services)
    if key.origins:
        octets += frame(ORIGIN_LIST, _pack_points(key.origins))
    return octets


def _unpack_key(value: bytes) -> RoutingKey:
    parts = parse(value)
    destinations = tuple(_unpack_point_code(part) for tag, part in parts if tag == DESTINATION)
    identifier = _one(parts, LOCAL_KEY_IDENTIFIER)
    if identifier is None or not destinations:
        raise M3uaError(
            "a routing key needs its identifier and a destination (RFC 4666 §3.6.1)",
            ErrorCode.MISSING_PARAMETER,
        )
    context = _one(parts, ROUTING_CONTEXT)
    mode = _one(parts, TRAFFIC_MODE)
    appearance = _one(parts, NETWORK_APPEARANCE)
    return RoutingKey(
        identifier=_unpack_word(identifier),
        destinations=destinations,
        routing_context=None if context is None else _unpack_word(context),
        traffic_mode=None if mode is None else _unpack_word(mode),
        network_appearance=None if appearance is None else _unpack_word(appearance),
        services=b"".join(part for tag, part in parts if tag == SERVICE_INDICATORS),
        origins=tuple(
            point for tag, part in parts if tag == ORIGIN_LIST for point in _unpack_points(part)
        ),
    )


def _one(parts: Parsed, tag: int) -> bytes | None:
    return next((part for name, part in parts if name == tag), None)


def _need(parts: Parsed, tag: int, what: str) -> int:
    part = _one(parts, tag)
    if part is None:
        raise M3uaError(f"{what} lacks parameter 0x{tag:04x}", ErrorCode.MISSING_PARAMETER)
    return _unpack_word(part)


def _pack_registration(result: RegistrationResult) -> bytes:
    return (
        frame(LOCAL_KEY_IDENTIFIER, _pack_word(result.identifier))
        + frame(REGISTRATION_STATUS, _pack_word(result.status))
        + frame(ROUTING_CONTEXT, _pack_word(result.routing_context))
    )


def _unpack_registration(value: bytes) -> RegistrationResult:
    parts = parse(value)
    what = "a registration result"
    return RegistrationResult(
        _need(parts, LOCAL_KEY_IDENTIFIER, what),
        _need(parts, REGISTRATION_STATUS, what),
        _need(parts, ROUTING_CONTEXT, what),
    )


def _pack_deregistration(result: DeregistrationResult) -> bytes:
    return frame(ROUTING_CONTEXT, _pack_word(result.routing_context)) + frame(
        DEREGISTRATION_STATUS, _pack_word(result.status)
    )


def _unpack_deregistration(value: bytes) -> DeregistrationResult:
    parts = parse(value)
    what = "a deregistration result"
    return DeregistrationResult(
        _need(parts, ROUTING_CONTEXT, what), _need(parts, DEREGISTRATION_STATUS, what)
    )


def _same(value: bytes) -> bytes:
    return value


WORD = Kind(_pack_word, _unpack_word)
WORDS = Kind(_pack_words, _unpack_words)
PAIR = Kind(_pack_pair, _unpack_pair)
TEXT = Kind(_pack_text, _unpack_text)
OCTETS = Kind(_same, _same)
POINTS = Kind(_pack_points, _unpack_points)
POINT_CODE = Kind(_pack_point_code, _unpack_point_code)
LEVEL = Kind(_pack_level, _unpack_level)
KEY = Kind(_pack_key, _unpack_key)
REGISTERED = Kind(_pack_registration, _unpack_registration)
DEREGISTERED = Kind(_pack_deregistration, _unpack_deregistration)
