"""Optional parameters of ISUP, read and written as typed contents on demand (Q.763 §3).

Messages keep what has no field in `other`, octet for octet; nothing here is paid for by those who
do not ask. `typed` and `contents` are the two ways of one parameter, `find`, `put` and `without`
work on the `other` of a message.

>>> other = put((), HOP_COUNTER, 20)
>>> find(other, HOP_COUNTER, int), other[0][1].hex()
(20, '14')

A parameter whose contents are not known typed (`network specific facility`, say) is octets, as are
codes that nobody defined. All errors are IsupError.
"""

from typing import TypeVar

from calleq.ss7.isup import optional_codec as o
from calleq.ss7.isup import optional_shapes as s
from calleq.ss7.isup import optional_types as t
from calleq.ss7.isup.names import PARAMETER_NAMES
from calleq.ss7.isup.numbers import pack_subsequent, unpack_subsequent
from calleq.ss7.isup.optional_codec import ONE, SPARE, bits
from calleq.ss7.isup.parameters import pack_cause, unpack_cause
from calleq.ss7.isup.values import IsupError, Other

CALL_REFERENCE = 0x01
ACCESS_TRANSPORT = 0x03
OPTIONAL_FORWARD_CALL = 0x08
CALLING_PARTY_CATEGORY = 0x09
CALLING_PARTY_NUMBER = 0x0A
REDIRECTING_NUMBER = 0x0B
REDIRECTION_NUMBER = 0x0C
CAUSE_INDICATORS = 0x12
REDIRECTION = 0x13
CLOSED_USER_GROUP = 0x1A
USER_SERVICE = 0x1D
USER_TO_USER = 0x20
CONNECTED_NUMBER = 0x21
TRANSIT_NETWORK = 0x23
CONGESTION_LEVEL = 0x27
ORIGINAL_CALLED_NUMBER = 0x28
OPTIONAL_BACKWARD_CALL = 0x29
GENERIC_NOTIFICATION = 0x2C
PROPAGATION_DELAY = 0x31
TRANSMISSION_MEDIUM_USED = 0x35
ECHO_CONTROL = 0x37
MESSAGE_COMPATIBILITY = 0x38
PARAMETER_COMPATIBILITY = 0x39
HOP_COUNTER = 0x3D
LOCATION_NUMBER = 0x3F
CALLED_IN_NUMBER = 0x6F
GENERIC_NUMBER = 0xC0
GENERIC_DIGITS = 0xC1

_NUMBER = (o.pack_number, o.unpack_number)
_OCTET = bits(None, ("value", 8))
_LOW_BIT = bits(None, (SPARE, 7), ("value", 1))
_LAST_OCTET = bits(None, (ONE, 1), ("value", 7))
_LAST_LOW_PAIR = bits(None, (ONE, 1), (SPARE, 5), ("value", 2))
_COUNTER = bits(None, (SPARE, 3), ("value", 5))
_TWO_OCTETS = bits(None, ("value", 16))
_TAGGED = (s.pack_tagged, s.unpack_tagged)
_USER_SERVICE = (s.pack_user_service, s.unpack_user_service)
_POINT_CODE = (o.pack_point_code, o.unpack_point_code)
_NETWORK_DIGITS = (o.pack_network_digits, o.unpack_network_digits)

CODECS: dict[int, o.Codec] = {
    CALL_REFERENCE: (o.pack_call_reference, o.unpack_call_reference),
    ACCESS_TRANSPORT: (s.pack_elements, s.unpack_elements),
    0x05: (pack_subsequent, unpack_subsequent),
    OPTIONAL_FORWARD_CALL: bits(
        t.OptionalForwardCall,
        ("connected_line_requested", 1),
        (SPARE, 4),
        ("segmented", 1),
        ("closed_user_group", 2),
    ),
    CALLING_PARTY_CATEGORY: _OCTET,
    CALLING_PARTY_NUMBER: _NUMBER,
    REDIRECTING_NUMBER: _NUMBER,
    REDIRECTION_NUMBER: _NUMBER,
    0x0D: (o.pack_connection_request, o.unpack_connection_request),
    0x11: _TWO_OCTETS,
    CAUSE_INDICATORS: (pack_cause, unpack_cause),
    REDIRECTION: bits(
        t.Redirection,
        ("original_reason", 4),
        (SPARE, 1),
        ("indicator", 3),
        ("reason", 4),
        (SPARE, 1),
        ("counter", 3),
    ),
    CLOSED_USER_GROUP: (o.pack_closed_user_group, o.unpack_closed_user_group),
    USER_SERVICE: _USER_SERVICE,
    0x1E: _POINT_CODE,
    USER_TO_USER: (s.pack_user_to_user, s.unpack_user_to_user),
    CONNECTED_NUMBER: _NUMBER,
    TRANSIT_NETWORK: _NETWORK_DIGITS,
    0x25: (o.pack_circuit_map, o.unpack_circuit_map),
    CONGESTION_LEVEL: _OCTET,
    ORIGINAL_CALLED_NUMBER: _NUMBER,
    OPTIONAL_BACKWARD_CALL: bits(
        t.OptionalBackwardCall,
        (SPARE, 4),
        ("mlpp_user", 1),
        ("segmented", 1),
        ("diversion_may_occur", 1),
        ("in_band", 1),
    ),
    0x2A: bits(
        t.UserToUserIndicators,
        ("discarded", 1),
        ("service3", 2),
        ("service2", 2),
        ("service1", 2),
        ("response", 1),
    ),
    0x2B: _POINT_CODE,
    GENERIC_NOTIFICATION: _LAST_OCTET,
    0x2D: _TWO_OCTETS,
    0x2E: _LOW_BIT,
    0x30: _USER_SERVICE,
    PROPAGATION_DELAY: _TWO_OCTETS,
    0x33: (s.pack_features, s.unpack_features),
    0x34: (s.pack_user_teleservice, s.unpack_user_teleservice),
    TRANSMISSION_MEDIUM_USED: _OCTET,
    0x36: bits(t.CallDiversion, (SPARE, 1), ("reason", 4), ("options", 3)),
    ECHO_CONTROL: bits(
        t.EchoControl,
        ("incoming_request", 2),
        ("outgoing_request", 2),
        ("incoming_device", 2),
        ("outgoing_device", 2),
    ),
    MESSAGE_COMPATIBILITY: (s.pack_message_instructions, s.unpack_message_instructions),
    PARAMETER_COMPATIBILITY: (s.pack_parameter_instructions, s.unpack_parameter_instructions),
    0x3A: (o.pack_mlpp, o.unpack_mlpp),
    0x3B: bits(t.Identification, (SPARE, 6), ("holding", 1), ("wanted", 1)),
    0x3C: bits(t.Identification, (SPARE, 6), ("holding", 1), ("wanted", 1)),
    HOP_COUNTER: _COUNTER,
    0x3E: _OCTET,
    LOCATION_NUMBER: _NUMBER,
    0x40: bits(None, (SPARE, 6), ("value", 2)),
    0x43: _OCTET,
    0x44: bits(t.LoopPrevention, (SPARE, 5), ("result", 2), ("response", 1)),
    0x45: _NUMBER,
    0x4B: _LOW_BIT,
    0x4C: (s.pack_gvns, s.unpack_gvns),
    0x4D: _LAST_LOW_PAIR,
    0x4E: bits(None, (ONE, 1), (SPARE, 4), ("value", 3)),
    0x5B: bits(None, (ONE, 1), (SPARE, 6), ("value", 1)),
    0x6E: _LAST_LOW_PAIR,
    CALLED_IN_NUMBER: _NUMBER,
    0x70: _LAST_LOW_PAIR,
    0x72: _LAST_LOW_PAIR,
    0x73: (s.pack_display, s.unpack_display),
    0x74: bits(t.DetectionAction, (ONE, 1), (SPARE, 5), ("t9", 1), ("through_connection", 1)),
    0x75: bits(t.DetectionAction, (ONE, 1), (SPARE, 5), ("t9", 1), ("through_connection", 1)),
    0x77: _COUNTER,
    0x78: (s.pack_application_transport, s.unpack_application_transport),
    0x79: _LOW_BIT,
    0x7A: _LOW_BIT,
    0x7B: bits(t.PivotCapability, (ONE, 1), ("no_interworking", 1), (SPARE, 3), ("possible", 3)),
    0x7C: _LAST_OCTET,
    0x7D: _NUMBER,
    0x7F: _NUMBER,
    0x81: (s.pack_location, s.unpack_location),
    0x82: _NUMBER,
    0x84: (o.pack_routing_number, o.unpack_routing_number),
    0x85: bits(None, (ONE, 1), (SPARE, 6), ("value", 1)),
    0x86: _LAST_LOW_PAIR,
    0x87: _COUNTER,
    0x88: _TAGGED,
    0x89: _TAGGED,
    0x8A: _LAST_LOW_PAIR,
    0x8B: _TAGGED,
    0x8C: _TAGGED,
    0x8D: bits(None, (ONE, 1), (SPARE, 3), ("value", 4)),
    GENERIC_NUMBER: (o.pack_generic_number, o.unpack_generic_number),
    GENERIC_DIGITS: (o.pack_generic_digits, o.unpack_generic_digits),
    0xC5: _NETWORK_DIGITS,
    0xC7: (s.pack_name, s.unpack_name),
    0xEA: _OCTET,
    0xEB: _NUMBER,
    0xEE: _OCTET,
}
"""How each typed parameter is written and read, by name code (Q.763 Table 5)."""

Kind = TypeVar("Kind")


def typed(code: int, octets: bytes) -> t.Contents:
    """What the contents of a parameter mean; the octets themselves where that is not known.

    Raises IsupError, which names the parameter, when they are too short or contradict themselves.
    """
    codec = CODECS.get(code)
    if codec is None:
        return octets
    try:
        return codec[1](octets)
    except IsupError as wrong:
        raise IsupError(f"{_name(code)}: {wrong}") from None


def contents(code: int, value: t.Contents) -> bytes:
    """The octets of a parameter; IsupError when the value does not fit it."""
    codec = CODECS.get(code)
    if codec is None:
        if isinstance(value, bytes):
            return value
        raise IsupError(f"{_name(code)}: octets expected, for its contents are not typed")
    try:
        return codec[0](value)
    except IsupError as wrong:
        raise IsupError(f"{_name(code)}: {wrong}") from None
    except (AttributeError, TypeError):
        raise IsupError(f"{_name(code)}: {value!r} is not what it holds") from None


def find(other: Other, code: int, kind: type[Kind]) -> Kind | None:
    """The first parameter of that name, typed; None when there is none.

    Raises IsupError when its contents are not of that kind, or are none at all.
    """
    for name, octets in other:
        if name == code:
            value = typed(code, octets)
            if not isinstance(value, kind):
                raise IsupError(f"{_name(code)} is no {kind.__name__}")
            return value
    return None


def put(other: Other, code: int, value: t.Contents) -> Other:
    """The parameters with that one set: in the place of the first of its name, or at the end."""
    octets = contents(code, value)
    for place, (name, _) in enumerate(other):
        if name == code:
            return (*other[:place], (code, octets), *other[place + 1 :])
    return (*other, (code, octets))


def without(other: Other, code: int) -> Other:
    """The parameters but those of that name."""
    return tuple(one for one in other if one[0] != code)


def _name(code: int) -> str:
    return PARAMETER_NAMES.get(code) or f"parameter 0x{code:02x}"
