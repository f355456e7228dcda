"""Octets of optional parameters that are lists, or whose octets depend on one another.

Owns Q.931 elements, user information, compatibility instructions, application transport and GVNS.
As in `optional_codec`, octets beyond those known are ignored, and all errors are IsupError.
"""

from calleq.ss7.isup import optional_types as t
from calleq.ss7.isup.numbers import pack_digits, unpack_signals
from calleq.ss7.isup.values import IsupError

EXTENSION = 0x80
"""Set in the last octet of a group."""
MULTIRATE = 24
DISPLAY = 0x28
"""Information element identifier of display (Q.931 §4.5.16)."""
APPLICATION_NUMBERS = 1 << 7


def pack_elements(elements: tuple[t.Element, ...]) -> bytes:
    """§3.3: information elements of Q.931 one after the other."""
    octets = b""
    for element in elements:
        single = element.contents is None
        if element.identifier >> 8 or bool(element.identifier & EXTENSION) != single:
            raise IsupError(f"information element {element}: single octets are 128 to 255 (Q.931)")
        octets += bytes((element.identifier,))
        if element.contents is not None:
            octets += _counted(element.contents)
    return octets


def unpack_elements(contents: bytes) -> tuple[t.Element, ...]:
    """The information elements; all of them must fit."""
    elements = []
    position = 0
    while position < len(contents):
        identifier = contents[position]
        position += 1
        if identifier & EXTENSION:
            elements.append(t.Element(identifier, None))
            continue
        held, position = _take_counted(contents, position)
        elements.append(t.Element(identifier, held))
    return tuple(elements)


def pack_tagged(pieces: tuple[t.Tagged, ...]) -> bytes:
    """§3.94: tag, length and contents, one after the other."""
    octets = b""
    for piece in pieces:
        octets += _octets(piece.tag) + _counted(piece.contents)
    return octets


def unpack_tagged(contents: bytes) -> tuple[t.Tagged, ...]:
    """The pieces; all of them must fit."""
    pieces = []
    position = 0
    while position < len(contents):
        tag = contents[position]
        held, position = _take_counted(contents, position + 1)
        pieces.append(t.Tagged(tag, held))
    return tuple(pieces)


def pack_user_service(value: t.UserService) -> bytes:
    """§3.57: octets 3 and on of a bearer capability (Q.931 §4.5.5)."""
    if value.coding >> 2 or value.capability >> 5 or value.mode >> 2 or value.rate >> 5:
        raise IsupError(f"user service information {value} out of range (Q.931 §4.5.5)")
    octets = bytes(
        (EXTENSION | value.coding << 5 | value.capability, EXTENSION | value.mode << 5 | value.rate)
    )
    if (value.multiplier is not None) != (value.rate == MULTIRATE and value.coding == 0):
        raise IsupError(f"rate {value.rate} and multiplier {value.multiplier} (Q.931 §4.5.5)")
    if value.multiplier is not None:
        octets += _octets(EXTENSION | value.multiplier)
    return octets + value.layers


def unpack_user_service(contents: bytes) -> t.UserService:
    """The bearer capability; IsupError for the forms of 1988 that go on after octet 3 or 4."""
    if len(contents) < 2 or not contents[0] & contents[1] & EXTENSION:
        raise IsupError("user service information: two octets that do not go on (Q.931 §4.5.5)")
    coding, rate = contents[0] >> 5 & 3, contents[1] & 31
    multiplier = None
    rest = 2
    if rate == MULTIRATE and coding == 0:
        if len(contents) < 3:
            raise IsupError("multirate without a multiplier (Q.931 §4.5.5)")
        multiplier = contents[2] & 0x7F
        rest = 3
    mode = contents[1] >> 5 & 3
    return t.UserService(contents[0] & 31, mode, rate, coding, multiplier, contents[rest:])


def pack_user_teleservice(value: t.UserTeleservice) -> bytes:
    """§3.59: octets 3 and on of a high layer compatibility (Q.931 §4.5.17)."""
    if (value.coding | value.presentation) >> 2 or value.interpretation >> 3:
        raise IsupError(f"user teleservice information {value} out of range (Q.931 §4.5.17)")
    head = EXTENSION | value.coding << 5 | value.interpretation << 2 | value.presentation
    if (value.characteristics | (value.extended or 0)) >> 7:
        raise IsupError(f"high layer characteristics {value}: 0 to 127 (Q.931 §4.5.17)")
    if value.extended is None:
        return bytes((head, EXTENSION | value.characteristics))
    return bytes((head, value.characteristics, EXTENSION | value.extended))


def unpack_user_teleservice(contents: bytes) -> t.UserTeleservice:
    """The high layer compatibility."""
    if len(contents) < 2:
        raise IsupError(f"user teleservice information of {len(contents)} octets: at least 2")
    head, characteristics = contents[0], contents[1]
    extended = None
    if not characteristics & EXTENSION:
        if len(contents) < 3:
            raise IsupError("user teleservice information goes on and ends (Q.931 §4.5.17)")
        extended = contents[2] & 0x7F
    return t.UserTeleservice(
        characteristics & 0x7F, extended, head >> 2 & 7, head & 3, head >> 5 & 3
    )


def pack_user_to_user(value: t.UserToUser) -> bytes:
    """§3.61: the protocol discriminator, then what the user sent."""
    return _octets(value.discriminator) + value.information


def unpack_user_to_user(contents: bytes) -> t.UserToUser:
    """What the user sent."""
    if not contents:
        raise IsupError("user-to-user information without a discriminator (Q.763 §3.61)")
    return t.UserToUser(contents[0], contents[1:])


def pack_message_instructions(value: t.MessageInstructions) -> bytes:
    """§3.33."""
    head = (
        value.interworking << 5
        | value.discard_if_stuck << 4
        | value.discard << 3
        | value.notify << 2
        | value.release << 1
        | value.end_node
    )
    return _instructions(head, value.more)


def unpack_message_instructions(contents: bytes) -> t.MessageInstructions:
    """The instruction indicators of a message."""
    if not contents:
        raise IsupError("message compatibility information without an octet (Q.763 §3.33)")
    head = contents[0]
    more = b"" if head & EXTENSION else contents[1:]
    return t.MessageInstructions(
        head & 1, head >> 1 & 1, head >> 2 & 1, head >> 3 & 1, head >> 4 & 1, head >> 5 & 3, more
    )


def pack_parameter_instructions(values: tuple[t.ParameterInstructions, ...]) -> bytes:
    """§3.41: name and instruction indicators of each upgraded parameter."""
    octets = b""
    for value in values:
        head = (
            value.if_stuck << 5
            | value.discard_parameter << 4
            | value.discard_message << 3
            | value.notify << 2
            | value.release << 1
            | value.end_node
        )
        octets += _octets(value.parameter) + _instructions(head, value.more)
    return octets


def unpack_parameter_instructions(contents: bytes) -> tuple[t.ParameterInstructions, ...]:
    """The instruction indicators, in order; IsupError when the last ones are missing."""
    values = []
    position = 0
    while position < len(contents):
        end = position + 1
        while end < len(contents) and not contents[end] & EXTENSION:
            end += 1
        if end >= len(contents):
            raise IsupError("parameter compatibility information ends too early (Q.763 §3.41)")
        head = contents[position + 1]
        values.append(
            t.ParameterInstructions(
                contents[position],
                head & 1,
                head >> 1 & 1,
                head >> 2 & 1,
                head >> 3 & 1,
                head >> 4 & 1,
                head >> 5 & 3,
                contents[position + 2 : end + 1],
            )
        )
        position = end + 1
    return tuple(values)


def _instructions(head: int, more: bytes) -> bytes:
    """Instruction indicators whose extension bits say where they end."""
    if head >> 7:
        raise IsupError("an instruction indicator is out of range (Q.763 §3.33, §3.41)")
    if not more:
        return bytes((EXTENSION | head,))
    if not more[-1] & EXTENSION or any(octet & EXTENSION for octet in more[:-1]):
        raise IsupError(f"instruction indicators {more.hex()} do not end where they say")
    return bytes((head,)) + more


def pack_application_transport(value: t.ApplicationTransport) -> bytes:
    """§3.82."""
    if (
        value.context >= APPLICATION_NUMBERS
        or (value.release | value.notify | value.first) >> 1
        or value.segments_left >> 6
        or (value.reference or 0) >> 7
    ):
        raise IsupError(f"application transport {value} out of range (Q.763 §3.82)")
    segments = value.first << 6 | value.segments_left
    head = bytes((EXTENSION | value.context, EXTENSION | value.notify << 1 | value.release))
    if value.reference is None:
        return head + bytes((EXTENSION | segments,)) + value.contents
    return head + bytes((segments, EXTENSION | value.reference)) + value.contents


def unpack_application_transport(contents: bytes) -> t.ApplicationTransport:
    """The application's octets; IsupError for a context of two octets, of which none is defined."""
    if len(contents) < 3 or not contents[0] & contents[1] & EXTENSION:
        raise IsupError("application transport: context, instructions, segments (Q.763 §3.82)")
    segments = contents[2]
    reference = None
    rest = 3
    if not segments & EXTENSION:
        if len(contents) < 4:
            raise IsupError("application transport without its local reference (Q.763 §3.82)")
        reference = contents[3] & 0x7F
        rest = 4
    return t.ApplicationTransport(
        contents[0] & 0x7F,
        contents[rest:],
        contents[1] & 1,
        contents[1] >> 1 & 1,
        segments >> 6 & 1,
        segments & 63,
        reference,
    )


def pack_features(features: tuple[int, ...]) -> bytes:
    """§3.49: one octet for each feature code."""
    return b"".join(map(_octets, features))


def unpack_features(contents: bytes) -> tuple[int, ...]:
    """The feature codes."""
    return tuple(contents)


def pack_display(text: bytes) -> bytes:
    """§3.77: the display element of Q.931, identifier and length and all."""
    return bytes((DISPLAY,)) + _counted(text)


def unpack_display(contents: bytes) -> bytes:
    """The characters to display."""
    if not contents or contents[0] != DISPLAY:
        raise IsupError("display information: it is no display element (Q.763 §3.77)")
    return _take_counted(contents, 1)[0]


def pack_location(value: t.GeodeticLocation) -> bytes:
    """§3.88."""
    if value.presentation >> 2 or value.screening >> 2 or value.shape >> 7:
        raise IsupError(f"geodetic location {value} out of range (Q.763 §3.88)")
    head = bytes((value.presentation << 2 | value.screening, EXTENSION | value.shape))
    return head + value.contents


def unpack_location(contents: bytes) -> t.GeodeticLocation:
    """The location."""
    if len(contents) < 2:
        raise IsupError(f"geodetic location of {len(contents)} octets: at least 2 (Q.763 §3.88)")
    head, shape = contents[0], contents[1]
    return t.GeodeticLocation(shape & 0x7F, contents[2:], head >> 2 & 3, head & 3)


def pack_gvns(value: t.ForwardGvns) -> bytes:
    """§3.66: provider, user group and routing number, each after its length."""
    octets = b""
    for digits in (value.provider, value.user_group):
        odd, signals = pack_digits("GVNS", digits)
        octets += bytes((odd << 7 | _nibble(len(signals)),)) + signals
    odd, signals = pack_digits("GVNS", value.routing_number)
    if value.routing_plan >> 3 or value.routing_nature >> 7:
        raise IsupError(f"GVNS routing number {value}: an indicator is out of range (§3.66)")
    length = _nibble(len(signals) + 1)
    head = bytes((odd << 7 | value.routing_plan << 4 | length, value.routing_nature))
    return octets + head + signals


def unpack_gvns(contents: bytes) -> t.ForwardGvns:
    """The three numbers."""
    found = []
    position = 0
    for part in range(3):
        if position >= len(contents):
            raise IsupError("GVNS ends before its third number (Q.763 §3.66)")
        head = contents[position]
        end = position + 1 + (head & 15)
        if end > len(contents) or (part == 2 and not head & 15):
            raise IsupError("a number of GVNS runs past its end (Q.763 §3.66)")
        start = position + 1 + (part == 2)
        found.append(unpack_signals("GVNS", contents[start:end], head))
        plan, nature = head >> 4 & 7, contents[position + 1 : position + 2]
        position = end
    return t.ForwardGvns(found[0], found[1], found[2], plan, nature[0] & 0x7F)


def pack_name(value: t.GenericName) -> bytes:
    """T1.113.3: an octet of indicators, then characters."""
    if value.kind >> 3 or value.not_available >> 1 or value.presentation >> 2:
        raise IsupError(f"generic name {value} out of range")
    try:
        text = value.text.encode("latin-1")
    except UnicodeEncodeError:
        raise IsupError(f"generic name {value.text!r} has what is no 8-bit character") from None
    return bytes((value.kind << 5 | value.not_available << 4 | value.presentation,)) + text


def unpack_name(contents: bytes) -> t.GenericName:
    """The name."""
    if not contents:
        raise IsupError("generic name without an octet")
    head = contents[0]
    return t.GenericName(contents[1:].decode("latin-1"), head >> 5, head >> 4 & 1, head & 3)


def _octets(value: int) -> bytes:
    if value >> 8:
        raise IsupError(f"{value}: 0 to 255")
    return bytes((value,))


def _nibble(length: int) -> int:
    if length >> 4:
        raise IsupError(f"number of {length} octets: at most 15 (Q.763 §3.66)")
    return length


def _counted(contents: bytes) -> bytes:
    return _octets(len(contents)) + contents


def _take_counted(contents: bytes, position: int) -> tuple[bytes, int]:
    """What stands after a length octet, and where it ends."""
    if position >= len(contents) or position + 1 + contents[position] > len(contents):
        raise IsupError(f"a length at octet {position} runs past the end")
    end = position + 1 + contents[position]
    return contents[position + 1 : end], end
