"""Line messages as octets, and back (Q.931 §4).

    protocol discriminator 08 · call reference length 01 or 02 · flag and value · message type ·
    elements

Owns the layout and nothing else: no timers, no states; `elements` knows what some of the elements
say. A call reference above 127 takes two octets, as on accesses of many channels (§4.3). What is
refused, and how:

- octets that are no message of calleq's set raise `LineError`, whatever they are; nothing else
  escapes. A message longer than a layer 2 frame carries (`MESSAGE_LIMIT`) is refused unread;
- elements it does not know, those of other codesets (§4.5.3, §4.5.4) and repeated ones (§4.5.1:
  the first counts) are passed over;
- an optional element with bad contents is as if absent (§5.8.7.2), a cause that is missing or bad
  is 31, "normal, unspecified" (§5.8.6.1, §5.8.6.2). SETUP without a bearer capability or without a
  called number (E.164, or a SIP URI) is refused, and so is PROGRESS that does not say which.

Display text is IA5: what lies outside it is sent as `?`, what is too long is cut (§4.5.16).

Octets mean the same on every line, and few but SETUP's and what was measured differ from call to
call: the last `KEPT_MESSAGES` are kept in both forms.

>>> encode(Setup(reference=1, called="+12125550100")).hex(" ")
'08 01 01 05 04 03 90 90 a2 70 0c 91 31 32 31 32 35 35 35 30 31 30 30'
>>> decode(bytes.fromhex("08 01 81 07"))
Connect(reference=1, to_originator=True)
>>> encode(Connect(reference=300, to_originator=True)).hex(" ")
'08 02 81 2c 07'
"""

from functools import lru_cache
from typing import assert_never

from calleq.causes import Q850
from calleq.lines.elements import (
    DISPLAY_LIMIT,
    called_contents,
    called_of,
    calling_contents,
    calling_of,
    display_contents,
    display_of,
    measured_contents,
    measured_of,
)
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineError,
    LineMessage,
    Notify,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Screening,
    Setup,
)
from calleq.media.ports import Quality

__all__ = ["DISPLAY_LIMIT", "MESSAGE_LIMIT", "REFERENCE_LIMIT", "decode", "describe", "encode"]

MESSAGE_LIMIT = 260
"""Octets in one message: N201 of Q.921 §5.9.3."""
REFERENCE_LIMIT = 0x7FFF
"""The greatest call reference value that fits two octets beside the flag (§4.3)."""
ONE_OCTET_LIMIT = 0x7F
"""... one octet."""

KEPT_MESSAGES = 8_192
KEPT_OCTETS = 16
"""What is longer is a SETUP, or has measured something: none comes twice, and none is kept."""

_DISCRIMINATOR = 0x08
_FLAG = 0x80

# Message types, §4.4 table 4-2.
_ALERTING = 0x01
_PROCEEDING = 0x02
_PROGRESS = 0x03
_SETUP = 0x05
_CONNECT = 0x07
_DISCONNECT = 0x45
_RELEASE = 0x4D
_RELEASE_COMPLETE = 0x5A
_NOTIFY = 0x6E

# Information elements of codeset 0, §4.5.1 table 4-3.
_BEARER = 0x04
_CAUSE = 0x08
_PROGRESS_INDICATOR = 0x1E
_NOTIFICATION = 0x27
_DISPLAY = 0x28
_CALLING = 0x6C
_CALLED = 0x70
_USER_USER = 0x7E

_SUSPENDED, _RESUMED = 0x80, 0x81
"""Notification descriptions (§4.5.22)."""

_NOT_ISDN, _IN_BAND = 0x81, 0x88
"""Progress descriptions 1 and 8 (§4.5.23)."""

_SHIFT_MASK, _SHIFT = 0xF0, 0x90
_SHIFT_ONCE = 0x08

_BEARER_AUDIO = bytes((_BEARER, 3, 0x90, 0x90, 0xA2))
"""3.1 kHz audio, 64 kbit/s circuit mode, G.711 mu-law (§4.5.5)."""
_CAPABILITY_MASK, _SPEECH, _AUDIO = 0x1F, 0x00, 0x10

_CAUSE_LOCATION = 0x82
"""ITU coding, public network serving the local user (Q.850 §2.2.3)."""
_LAST = 0x80
"""Extension bit: set in the last octet of a group."""


def encode(message: LineMessage) -> bytes:
    """The octets of a message. Raises LineError when a field has no place in them."""
    return _encode(message) if type(message) is Setup else _encode_kept(message)


def _encode(message: LineMessage) -> bytes:
    match message:
        case Setup():
            return _head(message, _SETUP) + _setup_elements(message)
        case Proceeding():
            return _head(message, _PROCEEDING)
        case Alerting():
            return _head(message, _ALERTING)
        case Progress():
            description = _IN_BAND if message.in_band else _NOT_ISDN
            element = bytes((_PROGRESS_INDICATOR, 2, _CAUSE_LOCATION, description))
            return _head(message, _PROGRESS) + element
        case Connect():
            return _head(message, _CONNECT)
        case Notify():
            description = _SUSPENDED if message.suspended else _RESUMED
            return _head(message, _NOTIFY) + bytes((_NOTIFICATION, 1, description))
        case Disconnect():
            return _head(message, _DISCONNECT) + _cause_element(message.cause)
        case Release():
            return _head(message, _RELEASE) + _end_elements(message)
        case ReleaseComplete():
            return _head(message, _RELEASE_COMPLETE) + _end_elements(message)
        case _:
            assert_never(message)


def decode(octets: bytes) -> LineMessage:
    """The message that the octets are. Raises LineError, and only that, when they are none."""
    return _decode(octets) if len(octets) > KEPT_OCTETS else _decode_kept(octets)


def _decode(octets: bytes) -> LineMessage:
    if len(octets) < 4:
        raise LineError(f"{len(octets)} octets are too few for a message")
    if len(octets) > MESSAGE_LIMIT:
        raise LineError(f"{len(octets)} octets are more than the {MESSAGE_LIMIT} of a frame")
    if octets[0] != _DISCRIMINATOR:
        raise LineError(f"protocol discriminator {octets[0]:#04x}, expected 0x08")
    if octets[1] == 1:
        elements_at = 4
        reference = octets[2] & ~_FLAG
    elif octets[1] == 2 and len(octets) >= 5:
        elements_at = 5
        reference = (octets[2] & ~_FLAG) << 8 | octets[3]
    else:
        raise LineError(f"call reference length {octets[1]}, expected 1 or 2")
    return _message(octets[elements_at - 1], reference, octets[2] >= _FLAG, octets, elements_at)


_encode_kept = lru_cache(maxsize=KEPT_MESSAGES)(_encode)
_decode_kept = lru_cache(maxsize=KEPT_MESSAGES)(_decode)


def forget() -> None:
    """Drop the forms that are kept, so that what else holds memory can be seen."""
    _encode_kept.cache_clear()
    _decode_kept.cache_clear()


def _message(
    message_type: int, reference: int, to_originator: bool, octets: bytes, at: int
) -> LineMessage:
    """The message whose elements begin at `at`."""
    if len(octets) == at and message_type in _WITHOUT_ELEMENTS:
        return _WITHOUT_ELEMENTS[message_type](reference, to_originator)
    elements = _elements(octets, at)
    if message_type == _SETUP:
        if to_originator:
            raise LineError("SETUP comes from the side that chose the call reference")
        return _setup(reference, elements)
    if message_type in _WITHOUT_ELEMENTS:
        return _WITHOUT_ELEMENTS[message_type](reference, to_originator)
    if message_type == _PROGRESS:
        return Progress(reference, _is_in_band(elements), to_originator)
    if message_type == _NOTIFY:
        return Notify(reference, _is_suspended(elements), to_originator)
    if message_type == _DISCONNECT:
        return Disconnect(reference, _cause(elements), to_originator)
    if message_type in _ENDS:
        measured = measured_of(elements.get(_USER_USER, b""))
        return _ENDS[message_type](reference, _cause(elements), to_originator, measured)
    raise LineError(f"message type {message_type:#04x} is not used on calleq's lines")


_WITHOUT_ELEMENTS: dict[int, type[Alerting | Proceeding | Connect]] = {
    _ALERTING: Alerting,
    _PROCEEDING: Proceeding,
    _CONNECT: Connect,
}
_ENDS: dict[int, type[Release | ReleaseComplete]] = {
    _RELEASE: Release,
    _RELEASE_COMPLETE: ReleaseComplete,
}


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
            if message.restricted:
                fields.append(("presentation", "restricted"))
            if message.calling and message.screening is not Screening.PASSED:
                fields.append(("screening", _SCREENING_WORDS[message.screening]))
            if message.display:
                fields.append(("display", message.display))
        case Proceeding():
            name = "CALL PROCEEDING"
        case Alerting():
            name = "ALERTING"
        case Progress():
            name = "PROGRESS"
            fields.append(("progress", "in-band" if message.in_band else "not ISDN"))
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
            fields += _measured_fields(message.measured)
        case ReleaseComplete():
            name = "RELEASE COMPLETE"
            fields.append(("cause", str(message.cause)))
            fields += _measured_fields(message.measured)
        case _:
            assert_never(message)
    return name, tuple(fields)


_SCREENING_WORDS = {
    Screening.UNSCREENED: "not screened",
    Screening.PASSED: "passed",
    Screening.FAILED: "failed",
    Screening.NETWORK: "network provided",
}


def _measured_fields(measured: Quality | None) -> list[tuple[str, str]]:
    if measured is None:
        return []
    return [
        ("lost", f"{measured.lost} of {measured.received + measured.lost}"),
        ("jitter", f"{measured.jitter_us / 1_000:.1f} ms"),
        ("R", f"{measured.r_factor:.1f}"),
        ("MOS", f"{measured.mos:.2f}"),
    ]


def _head(message: LineMessage, message_type: int) -> bytes:
    reference = message.reference
    flag = _FLAG if not isinstance(message, Setup) and message.to_originator else 0
    if 0 <= reference <= ONE_OCTET_LIMIT:
        return bytes((_DISCRIMINATOR, 1, flag | reference, message_type))
    if not 0 <= reference <= REFERENCE_LIMIT:
        raise LineError(f"call reference {reference} is outside 0 to {REFERENCE_LIMIT}")
    high, low = reference >> 8, reference & 0xFF
    return bytes((_DISCRIMINATOR, 2, flag | high, low, message_type))


def _is_suspended(elements: dict[int, bytes]) -> bool:
    contents = elements.get(_NOTIFICATION, b"")
    if contents[:1] not in (bytes((_SUSPENDED,)), bytes((_RESUMED,))):
        raise LineError(f"notification {contents.hex(' ') or 'missing'}: 80 or 81 expected")
    return contents[0] == _SUSPENDED


def _is_in_band(elements: dict[int, bytes]) -> bool:
    """Whether tones come; other descriptions say where a call leaves ISDN."""
    contents = elements.get(_PROGRESS_INDICATOR, b"")
    if len(contents) != 2:
        raise LineError(f"progress indicator {contents.hex(' ') or 'missing'}: 2 octets expected")
    return contents[1] == _IN_BAND


def _cause_element(cause: int) -> bytes:
    if not 0 <= cause <= 127:
        raise LineError(f"cause {cause} is outside 0 to 127")
    return bytes((_CAUSE, 2, _CAUSE_LOCATION, _LAST | cause))


def _end_elements(message: Release | ReleaseComplete) -> bytes:
    element = _cause_element(message.cause)
    if message.measured is None:
        return element
    return element + _element(_USER_USER, measured_contents(message.measured))


def _element(identifier: int, contents: bytes) -> bytes:
    return bytes((identifier, len(contents))) + contents


def _setup_elements(setup: Setup) -> bytes:
    """Elements in ascending order of their identifiers, as §4.5.1 wants them."""
    parts = [_BEARER_AUDIO]
    if setup.display:
        parts.append(_element(_DISPLAY, display_contents(setup.display)))
    calling = calling_contents(setup)
    if calling:
        parts.append(_element(_CALLING, calling))
    parts.append(_element(_CALLED, called_contents(setup)))
    return b"".join(parts)


def _elements(octets: bytes, at: int) -> dict[int, bytes]:
    """The first element of each kind in codeset 0, by identifier; others are passed over.

    Every turn of the loop consumes an octet or more, so a message ends it within MESSAGE_LIMIT.
    """
    found: dict[int, bytes] = {}
    locked = current = 0
    end = len(octets)
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


def _cause(elements: dict[int, bytes]) -> int:
    """Cause value of §4.5.12; octet 3a (recommendation) may stand before the value."""
    contents = elements.get(_CAUSE, b"")
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
    number = called_of(called)
    if not number:
        raise LineError(
            f"called party number {called.hex(' ')} is not an international E.164 one, nor a SIP"
            " URI"
        )
    calling, restricted, screening = calling_of(elements.get(_CALLING, b""))
    display = display_of(elements.get(_DISPLAY, b""))
    return Setup(reference, number, calling, display, restricted, screening)
