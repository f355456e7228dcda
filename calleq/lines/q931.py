"""Line messages as octets, and back (Q.931 §4).

    protocol discriminator 08 · call reference length 01 · flag and value · message type · elements

Owns the layout and nothing else: no timers, no states. What it refuses, and how:

- octets that are no message of calleq's set raise `LineError`, whatever they are; nothing else
  escapes. A message longer than a layer 2 frame carries (`MESSAGE_LIMIT`) is refused unread;
- elements it does not know, those of other codesets (§4.5.3, §4.5.4) and repeated ones (§4.5.1:
  the first counts) are passed over;
- an optional element with bad contents is as if absent (§5.8.7.2), a cause that is missing or bad
  is 31, "normal, unspecified" (§5.8.6.1, §5.8.6.2). SETUP without a bearer capability or a called
  number in E.164 is refused.

Display text is IA5: what lies outside it is sent as `?`, what is too long is cut (§4.5.16).

Octets mean the same on every line, and few but SETUP's differ from call to call: the last
`KEPT_MESSAGES` are kept in both forms.

>>> encode(Setup(reference=1, called="+12125550100")).hex(" ")
'08 01 01 05 04 03 90 90 a2 70 0c 91 31 32 31 32 35 35 35 30 31 30 30'
>>> decode(bytes.fromhex("08 01 81 07"))
Connect(reference=1, to_originator=True)
"""

import re
from functools import lru_cache
from typing import assert_never

from calleq.causes import Q850
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineError,
    LineMessage,
    Notify,
    Release,
    ReleaseComplete,
    Setup,
)

MESSAGE_LIMIT = 260
"""Octets in one message: N201 of Q.921 §5.9.3."""
DISPLAY_LIMIT = 32
"""Characters of display text (§4.5.16: 34 octets in all)."""
REFERENCE_LIMIT = 127
"""The greatest call reference value that fits one octet beside the flag (§4.3)."""

KEPT_MESSAGES = 8_192

_DISCRIMINATOR = 0x08
_FLAG = 0x80

# Message types, §4.4 table 4-2.
_ALERTING = 0x01
_SETUP = 0x05
_CONNECT = 0x07
_DISCONNECT = 0x45
_RELEASE = 0x4D
_RELEASE_COMPLETE = 0x5A
_NOTIFY = 0x6E

# Information elements of codeset 0, §4.5.1 table 4-3.
_BEARER = 0x04
_CAUSE = 0x08
_NOTIFICATION = 0x27
_DISPLAY = 0x28
_CALLING = 0x6C
_CALLED = 0x70

_SUSPENDED, _RESUMED = 0x80, 0x81
"""Notification descriptions (§4.5.22)."""

_SHIFT_MASK, _SHIFT = 0xF0, 0x90
_SHIFT_ONCE = 0x08

_BEARER_AUDIO = bytes((_BEARER, 3, 0x90, 0x90, 0xA2))
"""3.1 kHz audio, 64 kbit/s circuit mode, G.711 mu-law (§4.5.5)."""
_CAPABILITY_MASK, _SPEECH, _AUDIO = 0x1F, 0x00, 0x10

_TYPE_AND_PLAN = 0x7F
_INTERNATIONAL_E164 = 0x11
"""Type of number international, plan E.164 (§4.5.8, §4.5.10)."""
_PRESENTATION_MASK, _VERIFIED_PRESENTABLE = 0x60, 0x81
_CAUSE_LOCATION = 0x82
"""ITU coding, public network serving the local user (Q.850 §2.2.3)."""
_LAST = 0x80
"""Extension bit: set in the last octet of a group."""

_NUMBER = re.compile(r"\+[0-9]{1,15}", re.ASCII)
_DIGITS = re.compile(rb"[0-9]{1,15}")
_IA5 = re.compile(rb"[ -~]*")


@lru_cache(maxsize=KEPT_MESSAGES)
def encode(message: LineMessage) -> bytes:
    """The octets of a message. Raises LineError when a field has no place in them."""
    reference = message.reference
    if not 0 <= reference <= REFERENCE_LIMIT:
        raise LineError(f"call reference {reference} is outside 0 to {REFERENCE_LIMIT}")
    match message:
        case Setup():
            return bytes((_DISCRIMINATOR, 1, reference, _SETUP)) + _setup_elements(message)
        case Alerting():
            message_type = _ALERTING
        case Connect():
            message_type = _CONNECT
        case Notify():
            return _notification(message)
        case Disconnect():
            return _with_cause(_DISCONNECT, message)
        case Release():
            return _with_cause(_RELEASE, message)
        case ReleaseComplete():
            return _with_cause(_RELEASE_COMPLETE, message)
        case _:
            assert_never(message)
    flag = _FLAG if message.to_originator else 0
    return bytes((_DISCRIMINATOR, 1, flag | reference, message_type))


@lru_cache(maxsize=KEPT_MESSAGES)
def decode(octets: bytes) -> LineMessage:
    """The message that the octets are. Raises LineError, and only that, when they are none."""
    if len(octets) < 4:
        raise LineError(f"{len(octets)} octets are too few for a message")
    if len(octets) > MESSAGE_LIMIT:
        raise LineError(f"{len(octets)} octets are more than the {MESSAGE_LIMIT} of a frame")
    if octets[0] != _DISCRIMINATOR:
        raise LineError(f"protocol discriminator {octets[0]:#04x}, expected 0x08")
    if octets[1] != 1:
        raise LineError(f"call reference length {octets[1]}, expected 1")
    reference = octets[2] & ~_FLAG
    to_originator = octets[2] >= _FLAG
    message_type = octets[3]
    if message_type == _SETUP:
        if to_originator:
            raise LineError("SETUP comes from the side that chose the call reference")
        return _setup(reference, _elements(octets))
    if message_type == _ALERTING:
        _check_elements(octets)
        return Alerting(reference, to_originator)
    if message_type == _CONNECT:
        _check_elements(octets)
        return Connect(reference, to_originator)
    if message_type == _NOTIFY:
        return Notify(reference, _is_suspended(_elements(octets)), to_originator)
    if message_type == _DISCONNECT:
        return Disconnect(reference, _cause(octets), to_originator)
    if message_type == _RELEASE:
        return Release(reference, _cause(octets), to_originator)
    if message_type == _RELEASE_COMPLETE:
        return ReleaseComplete(reference, _cause(octets), to_originator)
    raise LineError(f"message type {message_type:#04x} is not used on calleq's lines")


def describe(message: LineMessage) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The message's name as Q.931 writes it, and its fields as a ladder shows them.

    >>> describe(Disconnect(reference=1, cause=17))
    ('DISCONNECT', (('reference', '1'), ('cause', '17')))
    """
    fields = [("reference", str(message.reference))]
    match message:
        case Setup():
            name = "SETUP"
            fields.append(("called", message.called))
            if message.calling:
                fields.append(("calling", message.calling))
            if message.display:
                fields.append(("display", message.display))
        case Alerting():
            name = "ALERTING"
        case Connect():
            name = "CONNECT"
        case Notify():
            name = "NOTIFY"
            fields.append(("user", "suspended" if message.suspended else "resumed"))
        case Disconnect():
            name = "DISCONNECT"
            fields.append(("cause", str(message.cause)))
        case Release():
            name = "RELEASE"
            fields.append(("cause", str(message.cause)))
        case ReleaseComplete():
            name = "RELEASE COMPLETE"
            fields.append(("cause", str(message.cause)))
        case _:
            assert_never(message)
    return name, tuple(fields)


def _notification(message: Notify) -> bytes:
    flag = _FLAG if message.to_originator else 0
    head = bytes((_DISCRIMINATOR, 1, flag | message.reference, _NOTIFY))
    return head + bytes((_NOTIFICATION, 1, _SUSPENDED if message.suspended else _RESUMED))


def _is_suspended(elements: dict[int, bytes]) -> bool:
    contents = elements.get(_NOTIFICATION, b"")
    if contents[:1] not in (bytes((_SUSPENDED,)), bytes((_RESUMED,))):
        raise LineError(f"notification {contents.hex(' ') or 'missing'}: 80 or 81 expected")
    return contents[0] == _SUSPENDED


def _with_cause(message_type: int, message: Disconnect | Release | ReleaseComplete) -> bytes:
    cause = message.cause
    if not 0 <= cause <= 127:
        raise LineError(f"cause {cause} is outside 0 to 127")
    flag = _FLAG if message.to_originator else 0
    return bytes(
        (
            _DISCRIMINATOR,
            1,
            flag | message.reference,
            message_type,
            _CAUSE,
            2,
            _CAUSE_LOCATION,
            _LAST | cause,
        )
    )


def _setup_elements(setup: Setup) -> bytes:
    """Elements in ascending order of their identifiers, as §4.5.1 wants them."""
    parts = [_BEARER_AUDIO]
    if setup.display:
        text = setup.display[:DISPLAY_LIMIT].encode("ascii", "replace")
        if not _IA5.fullmatch(text):
            raise LineError("display text has control characters")
        parts.append(bytes((_DISPLAY, len(text))) + text)
    if setup.calling:
        digits = _number_digits("calling", setup.calling)
        head = bytes((_CALLING, 2 + len(digits), _INTERNATIONAL_E164, _VERIFIED_PRESENTABLE))
        parts.append(head + digits)
    digits = _number_digits("called", setup.called)
    parts.append(bytes((_CALLED, 1 + len(digits), _LAST | _INTERNATIONAL_E164)) + digits)
    return b"".join(parts)


def _number_digits(which: str, number: str) -> bytes:
    if not _NUMBER.fullmatch(number):
        raise LineError(f"{which} number {number!r} is not '+' and 1 to 15 digits")
    return number[1:].encode("ascii")


def _elements(octets: bytes) -> dict[int, bytes]:
    """The first element of each kind in codeset 0, by identifier; others are passed over.

    Every turn of the loop consumes an octet or more, so a message ends it within MESSAGE_LIMIT.
    """
    found: dict[int, bytes] = {}
    locked = current = 0
    at, end = 4, len(octets)
    while at < end:
        identifier = octets[at]
        at += 1
        if identifier & _LAST:  # single octet elements, of which only shifts matter
            if identifier & _SHIFT_MASK == _SHIFT:
                current = identifier & 0x07
                if not identifier & _SHIFT_ONCE:
                    locked = current
            else:
                current = locked
            continue
        if at == end:
            raise LineError(f"element {identifier:#04x} has no length")
        length = octets[at]
        at += 1
        if at + length > end:
            raise LineError(f"element {identifier:#04x} says {length} octets, {end - at} are left")
        if current == 0:
            found.setdefault(identifier, octets[at : at + length])
        at += length
        current = locked
    return found


def _check_elements(octets: bytes) -> None:
    """Refuse a message whose elements do not add up, where none of them is read."""
    if len(octets) > 4:
        _elements(octets)


def _cause(octets: bytes) -> int:
    """Cause value of §4.5.12; octet 3a (recommendation) may stand before the value."""
    contents = _elements(octets).get(_CAUSE, b"")
    at = 1 if contents[:1] and contents[0] & _LAST else 2
    if len(contents) <= at:
        return Q850.NORMAL_UNSPECIFIED
    return contents[at] & ~_LAST


def _setup(reference: int, elements: dict[int, bytes]) -> Setup:
    bearer = elements.get(_BEARER)
    if not bearer:
        raise LineError("SETUP without a bearer capability")
    if bearer[0] & _CAPABILITY_MASK not in (_SPEECH, _AUDIO):
        raise LineError(f"bearer capability {bearer[0]:#04x} is neither speech nor 3.1 kHz audio")
    called = elements.get(_CALLED)
    if called is None:
        raise LineError("SETUP without a called party number")
    number = _international(called)
    if not number:
        raise LineError(f"called party number {called.hex(' ')} is not an international E.164 one")
    return Setup(
        reference,
        number,
        _international(elements.get(_CALLING, b"")),
        _display(elements.get(_DISPLAY, b"")),
    )


def _international(contents: bytes) -> str:
    """E.164 with `+`; empty when the number is withheld, of another type, or no number."""
    if not contents or contents[0] & _TYPE_AND_PLAN != _INTERNATIONAL_E164:
        return ""
    digits_at = 1
    if not contents[0] & _LAST:  # octet 3a: presentation and screening
        if len(contents) < 2 or contents[1] & _PRESENTATION_MASK:
            return ""
        digits_at = 2
    digits = contents[digits_at:]
    return "+" + digits.decode("ascii") if _DIGITS.fullmatch(digits) else ""


def _display(contents: bytes) -> str:
    """Display text; a leading octet with bit 8 set names a character set and is not text."""
    text = contents[1:] if contents[:1] >= b"\x80" else contents
    return text.decode("ascii") if _IA5.fullmatch(text) else ""
