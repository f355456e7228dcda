"""M3UA messages to octets and back (RFC 4666 §3).

Owns which parameters each message has, as data: `LAYOUTS`. `encode` refuses fields that do not fit,
`decode` refuses octets that are no message, both with M3uaError, whose `code` an ERR in answer
carries. DATA, the only message of which there are many, has a way of its own.

Odd cases. Parameters that a message has no field for are kept in `other` and sent again after the
known ones; where a parameter that may stand once stands twice, the second is kept there too. The
length of a message counts the padding of its last parameter, as RFC 4666 §3.2 asks, and a message
that leaves it out is read all the same.

>>> encode(Beat(b"ab")).hex()
'01000303000000100009000661620000'
"""

from struct import Struct
from typing import NamedTuple

from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua import parameters as p
from calleq.ss7.m3ua.messages import ErrorCode, M3uaError, Message

VERSION = 1
HEADER_OCTETS = 8
MESSAGE_LIMIT_OCTETS = 65_536
"""The longest message taken in; DATA of 272 octets is the longest that networks send."""

_HEADER = Struct(">BBBBI")
_PROTOCOL_DATA = Struct(">IIBBBB")
_WORD = Struct(">I")


class Field(NamedTuple):
    """One parameter of a message."""

    tag: int
    kind: p.Kind
    names: tuple[str, ...]
    """The field it fills; two names for a value of two halves."""
    mandatory: bool = False
    many: bool = False
    """The parameter may be repeated, and its field is a tuple of its values."""


class Layout(NamedTuple):
    """Class and type of a message, and its parameters in the order in which they are sent."""

    message_class: int
    message_type: int
    fields: tuple[Field, ...]


_CONTEXTS = Field(p.ROUTING_CONTEXT, p.WORDS, ("routing_contexts",))
_APPEARANCE = Field(p.NETWORK_APPEARANCE, p.WORD, ("network_appearance",))
_AFFECTED = Field(p.AFFECTED_POINT_CODE, p.POINTS, ("affected",), mandatory=True)
_INFO = Field(p.INFO, p.TEXT, ("info",))
_MODE = Field(p.TRAFFIC_MODE, p.WORD, ("traffic_mode",))
_ASP_IDENTIFIER = Field(p.ASP_IDENTIFIER, p.WORD, ("asp_identifier",))
_DESTINATIONS = (_APPEARANCE, _CONTEXTS, _AFFECTED, _INFO)
_DATA = 1, 1

LAYOUTS: dict[type, Layout] = {
    m.Error: Layout(
        0,
        0,
        (
            Field(p.ERROR_CODE, p.WORD, ("code",), mandatory=True),
            _CONTEXTS,
            _APPEARANCE,
            Field(p.AFFECTED_POINT_CODE, p.POINTS, ("affected",)),
            Field(p.DIAGNOSTIC, p.OCTETS, ("diagnostic",)),
        ),
    ),
    m.Notify: Layout(
        0,
        1,
        (
            Field(p.STATUS, p.PAIR, ("kind", "information"), mandatory=True),
            _ASP_IDENTIFIER,
            _CONTEXTS,
            _INFO,
        ),
    ),
    m.Duna: Layout(2, 1, _DESTINATIONS),
    m.Dava: Layout(2, 2, _DESTINATIONS),
    m.Daud: Layout(2, 3, _DESTINATIONS),
    m.Scon: Layout(
        2,
        4,
        (
            _APPEARANCE,
            _CONTEXTS,
            _AFFECTED,
            Field(p.CONCERNED_DESTINATION, p.POINT_CODE, ("concerned",)),
            Field(p.CONGESTION, p.LEVEL, ("level",)),
            _INFO,
        ),
    ),
    m.Dupu: Layout(
        2,
        5,
        (
            _APPEARANCE,
            _CONTEXTS,
            _AFFECTED,
            Field(p.USER_CAUSE, p.PAIR, ("cause", "user"), mandatory=True),
            _INFO,
        ),
    ),
    m.Drst: Layout(2, 6, _DESTINATIONS),
    m.AspUp: Layout(3, 1, (_ASP_IDENTIFIER, _INFO)),
    m.AspDown: Layout(3, 2, (_INFO,)),
    m.Beat: Layout(3, 3, (Field(p.HEARTBEAT_DATA, p.OCTETS, ("data",)),)),
    m.AspUpAck: Layout(3, 4, (_ASP_IDENTIFIER, _INFO)),
    m.AspDownAck: Layout(3, 5, (_INFO,)),
    m.BeatAck: Layout(3, 6, (Field(p.HEARTBEAT_DATA, p.OCTETS, ("data",)),)),
    m.AspActive: Layout(4, 1, (_MODE, _CONTEXTS, _INFO)),
    m.AspInactive: Layout(4, 2, (_CONTEXTS, _INFO)),
    m.AspActiveAck: Layout(4, 3, (_MODE, _CONTEXTS, _INFO)),
    m.AspInactiveAck: Layout(4, 4, (_CONTEXTS, _INFO)),
    m.RegistrationRequest: Layout(
        9, 1, (Field(p.ROUTING_KEY, p.KEY, ("keys",), mandatory=True, many=True),)
    ),
    m.RegistrationResponse: Layout(
        9, 2, (Field(p.REGISTRATION_RESULT, p.REGISTERED, ("results",), mandatory=True, many=True),)
    ),
    m.DeregistrationRequest: Layout(
        9, 3, (Field(p.ROUTING_CONTEXT, p.WORDS, ("routing_contexts",), mandatory=True),)
    ),
    m.DeregistrationResponse: Layout(
        9,
        4,
        (Field(p.DEREGISTRATION_RESULT, p.DEREGISTERED, ("results",), mandatory=True, many=True),),
    ),
}

_EMPTY = (p.TEXT, p.OCTETS)
"""Kinds of which a parameter may be empty: such a one fills no field, and is kept as it came."""

_TYPES: dict[tuple[int, int], type] = {
    (layout.message_class, layout.message_type): message for message, layout in LAYOUTS.items()
}
_CLASSES = {message_class for message_class, _ in _TYPES} | {_DATA[0]}


def encode(message: Message) -> bytes:
    """The octets of a message; M3uaError when a field does not fit."""
    if isinstance(message, m.Data):
        return _encode_data(message)
    layout = LAYOUTS[type(message)]
    body = b""
    for field in layout.fields:
        values = [getattr(message, name) for name in field.names]
        if len(values) == 2:
            body += p.frame(field.tag, field.kind.pack(tuple(values)))
        elif field.many:
            body += b"".join(p.frame(field.tag, field.kind.pack(value)) for value in values[0])
        elif values[0] not in (None, "", b"", ()):
            body += p.frame(field.tag, field.kind.pack(values[0]))
        elif field.mandatory:
            raise M3uaError(
                f"{type(message).__name__} without {field.names[0]}", ErrorCode.MISSING_PARAMETER
            )
    return _whole(layout.message_class, layout.message_type, body, message.other)


def decode(octets: bytes) -> Message:
    """The message of the octets, which are one message and no more; M3uaError when there is none.

    Raises it with the code that RFC 4666 §3.8.1 has for what is wrong.
    """
    if len(octets) < HEADER_OCTETS:
        raise M3uaError(f"{len(octets)} octets: a header has {HEADER_OCTETS}")
    version, _, message_class, message_type, length = _HEADER.unpack_from(octets)
    if version != VERSION:
        raise M3uaError(f"version {version}, not {VERSION}", ErrorCode.INVALID_VERSION)
    if length != len(octets):
        raise M3uaError(f"a message of {len(octets)} octets says that it has {length}")
    if (message_class, message_type) == _DATA:
        return _decode_data(octets)
    found = _TYPES.get((message_class, message_type))
    if found is None:
        if message_class in _CLASSES:
            raise M3uaError(
                f"class {message_class} has no type {message_type}", ErrorCode.UNSUPPORTED_TYPE
            )
        raise M3uaError(f"no message class {message_class}", ErrorCode.UNSUPPORTED_CLASS)
    return _fill(found, LAYOUTS[found], p.parse(octets, HEADER_OCTETS))


def _fill(message: type, layout: Layout, parsed: p.Parsed) -> Message:
    by_tag = {field.tag: field for field in layout.fields}
    values: dict[str, object] = {}
    many: dict[str, list[object]] = {}
    other = []
    for tag, contents in parsed:
        field = by_tag.get(tag)
        if field is None or field.names[0] in values or (not contents and field.kind in _EMPTY):
            other.append((tag, contents))
        elif field.many:
            many.setdefault(field.names[0], []).append(field.kind.unpack(contents))
        elif len(field.names) == 2:
            values.update(zip(field.names, field.kind.unpack(contents), strict=True))
        else:
            values[field.names[0]] = field.kind.unpack(contents)
    values.update({name: tuple(members) for name, members in many.items()})
    for field in layout.fields:
        if field.mandatory and field.names[0] not in values:
            raise M3uaError(
                f"{message.__name__} without {field.names[0]}", ErrorCode.MISSING_PARAMETER
            )
    filled: Message = message(**values, other=tuple(other))
    return filled


def _encode_data(data: m.Data) -> bytes:
    service, network = data.service, data.network
    priority, selection = data.priority, data.selection
    if (
        (data.origin | data.destination) >> p.POINT_CODE_BITS
        or (service | network | priority | selection) >> 8
        or min(data.origin, data.destination, service, network, priority, selection) < 0
    ):
        raise M3uaError(
            f"a label that does not fit: {data.origin} to {data.destination}, service {service}, "
            f"network {network}, priority {priority}, selection {selection}",
            ErrorCode.INVALID_PARAMETER_VALUE,
        )
    body = b""
    if data.network_appearance is not None:
        body += p.frame(p.NETWORK_APPEARANCE, p.WORD.pack(data.network_appearance))
    if data.routing_context is not None:
        body += p.frame(p.ROUTING_CONTEXT, p.WORD.pack(data.routing_context))
    label = _PROTOCOL_DATA.pack(
        data.origin, data.destination, service, network, priority, selection
    )
    body += p.frame(p.PROTOCOL_DATA, label + data.payload)
    if data.correlation is not None:
        body += p.frame(p.CORRELATION, p.WORD.pack(data.correlation))
    return _whole(*_DATA, body, data.other)


def _decode_data(octets: bytes) -> m.Data:
    context = appearance = correlation = contents = None
    other = []
    for tag, value in p.parse(octets, HEADER_OCTETS):
        if tag == p.PROTOCOL_DATA and contents is None:
            contents = value
        elif tag == p.ROUTING_CONTEXT and context is None:
            context = p.WORD.unpack(value)
        elif tag == p.NETWORK_APPEARANCE and appearance is None:
            appearance = p.WORD.unpack(value)
        elif tag == p.CORRELATION and correlation is None:
            correlation = p.WORD.unpack(value)
        else:
            other.append((tag, value))
    if contents is None:
        raise M3uaError("DATA without protocol data", ErrorCode.MISSING_PARAMETER)
    if len(contents) < _PROTOCOL_DATA.size:
        raise M3uaError(
            f"protocol data of {len(contents)} octets: the label has {_PROTOCOL_DATA.size}",
            ErrorCode.PARAMETER_FIELD_ERROR,
        )
    origin, destination, service, network, priority, selection = _PROTOCOL_DATA.unpack_from(
        contents
    )
    if (origin | destination) >> p.POINT_CODE_BITS:
        raise M3uaError(
            f"point codes {origin} and {destination}: 24 bits", ErrorCode.INVALID_PARAMETER_VALUE
        )
    return m.Data(
        origin,
        destination,
        service,
        network,
        selection,
        contents[_PROTOCOL_DATA.size :],
        priority,
        context,
        appearance,
        correlation,
        tuple(other),
    )


def _whole(message_class: int, message_type: int, body: bytes, other: m.Other) -> bytes:
    for tag, contents in other:
        body += p.frame(tag, contents)
    length = HEADER_OCTETS + len(body)
    if length > MESSAGE_LIMIT_OCTETS:
        raise M3uaError(f"a message of {length} octets: at most {MESSAGE_LIMIT_OCTETS}")
    return _HEADER.pack(VERSION, 0, message_class, message_type, length) + body


class Framer:
    """Cuts a byte stream into messages; over TCP, M3UA has no other framing than its own length."""

    def __init__(self) -> None:
        self._buffer = b""

    def receive(self, octets: bytes) -> list[bytes]:
        """The whole messages that have arrived; M3uaError when the stream cannot be followed."""
        buffer = self._buffer + octets
        found = []
        start = 0
        while len(buffer) - start >= HEADER_OCTETS:
            (length,) = _WORD.unpack_from(buffer, start + 4)
            if not HEADER_OCTETS <= length <= MESSAGE_LIMIT_OCTETS:
                raise M3uaError(f"a message of {length} octets")
            if len(buffer) - start < length:
                break
            found.append(buffer[start : start + length])
            start += length
        self._buffer = buffer[start:]
        return found
