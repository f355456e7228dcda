"""What information elements of line messages say: numbers, display, quality (Q.931 §4.5).

Owns contents only; which message has which element is `q931`'s. Contents that make no sense are as
if the element were absent: nothing here refuses octets, only values that octets have no place for.

A number is international, of plan E.164. A SIP URI is a number of unknown type and plan in IA5
characters: Q.931 counts no digits, the network does.

The quality of a call's voice is user-user information (§4.5.30) of a user-specific protocol: a
version, nine counters and lengths of four octets, and R-factor and MOS in hundredths, two octets
each. What is greater than its octets is said as the greatest that they hold.
"""

import re
import struct

import msgspec

from calleq.lines.messages import ADDRESS_LIMIT, LineError, Screening, Setup
from calleq.media.ports import Quality

DISPLAY_LIMIT = 32
"""Characters of display text (§4.5.16: 34 octets in all)."""

_LAST = 0x80
"""Extension bit: set in the last octet of a group."""
_TYPE_AND_PLAN = 0x7F
_INTERNATIONAL_E164 = 0x11
"""Type of number international, plan E.164 (§4.5.8, §4.5.10)."""
_UNKNOWN = 0x00
"""Type of number and plan unknown."""
_PRESENTATION_MASK, _RESTRICTED = 0x60, 0x20
_SCREENING_MASK = 0x03

_NUMBER = re.compile(r"\+[0-9]{1,15}", re.ASCII)
_DIGITS = re.compile(rb"[0-9]{1,15}")
_URI = re.compile(r"sips?:[!-~]+", re.ASCII)
_IA5 = re.compile(rb"[ -~]*")

_USER_SPECIFIC = 0x00
"""Protocol discriminator of user-user information (§4.5.30)."""
_VERSION = 1
_MEASURED = struct.Struct(">BB9I2H")
_COUNTERS = (
    "received",
    "lost",
    "late",
    "strangers",
    "jitter_us",
    "sent",
    "far_lost",
    "far_jitter_us",
    "round_trip_us",
)
_GREATEST = 0xFFFF_FFFF
_R_LIMIT, _MOS_LIMIT = 10_000, 500
"""In hundredths; what says more is no rating (G.107)."""


def called_contents(setup: Setup) -> bytes:
    """Contents of the called party number. Raises LineError."""
    type_and_plan, digits = _digits("called", setup.called)
    return bytes((_LAST | type_and_plan,)) + digits


def called_of(contents: bytes) -> str:
    """The number or URI; empty when it is neither."""
    return _address(contents[:1], contents[1:]) if contents[:1] >= b"\x80" else ""


def calling_contents(setup: Setup) -> bytes:
    """Contents of the calling party number; empty where nothing is said. Raises LineError."""
    if not setup.calling and not setup.restricted:
        return b""
    type_and_plan, digits = _UNKNOWN, b""
    if setup.calling:
        type_and_plan, digits = _digits("calling", setup.calling)
    presentation = _RESTRICTED if setup.restricted else 0
    return bytes((type_and_plan, _LAST | presentation | setup.screening)) + digits


def calling_of(contents: bytes) -> tuple[str, bool, Screening]:
    """Who calls, whether that is not to be shown, and who says so.

    Without octet 3a a number may be shown and was not screened (§4.5.10, note).
    """
    if contents[:1] >= b"\x80":
        calling = _address(contents[:1], contents[1:])
        return calling, False, Screening.UNSCREENED if calling else Screening.PASSED
    if len(contents) < 2 or contents[1] & _PRESENTATION_MASK & ~_RESTRICTED:
        return "", False, Screening.PASSED
    calling = _address(contents[:1], contents[2:])
    restricted = contents[1] & _PRESENTATION_MASK == _RESTRICTED
    if not calling and not restricted:
        return "", False, Screening.PASSED
    return calling, restricted, Screening(contents[1] & _SCREENING_MASK)


def display_contents(display: str) -> bytes:
    """Display text in IA5. Raises LineError when it has control characters."""
    text = display[:DISPLAY_LIMIT].encode("ascii", "replace")
    if not _IA5.fullmatch(text):
        raise LineError("display text has control characters")
    return text


def display_of(contents: bytes) -> str:
    """Display text; a leading octet with bit 8 set names a character set and is not text."""
    text = contents[1:] if contents[:1] >= b"\x80" else contents
    return text.decode("ascii") if _IA5.fullmatch(text) else ""


def measured_contents(measured: Quality) -> bytes:
    """Contents of the user-user information that says it."""
    counters = [min(max(getattr(measured, name), 0), _GREATEST) for name in _COUNTERS]
    r_hundredths = min(max(round(measured.r_factor * 100), 0), _R_LIMIT)
    mos_hundredths = min(max(round(measured.mos * 100), 0), _MOS_LIMIT)
    return _MEASURED.pack(_USER_SPECIFIC, _VERSION, *counters, r_hundredths, mos_hundredths)


def measured_of(contents: bytes) -> Quality | None:
    """The quality that the contents say; None when they say none."""
    if len(contents) != _MEASURED.size:
        return None
    discriminator, version, *values = _MEASURED.unpack(contents)
    r_hundredths, mos_hundredths = values[-2:]
    if (discriminator, version) != (_USER_SPECIFIC, _VERSION):
        return None
    if r_hundredths > _R_LIMIT or mos_hundredths > _MOS_LIMIT:
        return None
    counters: dict[str, int] = dict(zip(_COUNTERS, values, strict=False))
    ratings = {"r_factor": r_hundredths / 100, "mos": mos_hundredths / 100}
    return msgspec.convert(counters | ratings, Quality)


def _digits(which: str, address: str) -> tuple[int, bytes]:
    """Type and plan, and the characters."""
    if _NUMBER.fullmatch(address):
        return _INTERNATIONAL_E164, address[1:].encode("ascii")
    if len(address) <= ADDRESS_LIMIT and _URI.fullmatch(address):
        return _UNKNOWN, address.encode("ascii")
    raise LineError(
        f"{which} number {address!r} is neither '+' and 1 to 15 digits nor a SIP URI of up to"
        f" {ADDRESS_LIMIT} characters"
    )


def _address(octet_3: bytes, digits: bytes) -> str:
    type_and_plan = octet_3[0] & _TYPE_AND_PLAN
    if type_and_plan == _INTERNATIONAL_E164:
        return "+" + digits.decode("ascii") if _DIGITS.fullmatch(digits) else ""
    if type_and_plan == _UNKNOWN and len(digits) <= ADDRESS_LIMIT and digits.isascii():
        uri = digits.decode("ascii")
        return uri if _URI.fullmatch(uri) else ""
    return ""
