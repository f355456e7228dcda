"""Parameters and message layouts of ISUP as data, and the framing they share (Q.763 §1, §3, §4).

A message is its mandatory fixed part, one pointer for each mandatory variable parameter and one for
the optional part (0: there is none), the variable parameters, each after its length, and the
optional ones, each after its name and length, up to an end-of-optional-parameters octet. `split`
and `join` know that and nothing of what a parameter means; `LAYOUTS` says for each message type
which parameters stand where.

Refuses: pointers into the fixed part or past the end, lengths past the end, an optional part that
does not end. Tolerates octets after the end of a message: some senders pad.
"""

from collections.abc import Sequence
from typing import NamedTuple, NoReturn

from calleq.ss7.isup.messages import Cause, IsupError

HEAD_OCTETS = 3
"""Circuit identification code and message type."""
MESSAGE_LIMIT_OCTETS = 268
"""What one message signal unit carries beside its label (Q.703 §2.3.8)."""
DIAGNOSTICS_LIMIT_OCTETS = 30
"""Cause indicators of at most 32 octets, as Q.850 §2.1 has them."""

END_OF_OPTIONAL = 0x00
TRANSMISSION_MEDIUM = 0x02
CALLED_PARTY_NUMBER = 0x04
NATURE_OF_CONNECTION = 0x06
FORWARD_CALL = 0x07
CALLING_PARTY_CATEGORY = 0x09
CALLING_PARTY_NUMBER = 0x0A
BACKWARD_CALL = 0x11
CAUSE_INDICATORS = 0x12
EVENT_INFORMATION = 0x24

PARAMETER_NAMES = {
    0x01: "call reference",
    0x03: "access transport",
    0x08: "optional forward call indicators",
    0x0A: "calling party number",
    0x0B: "redirecting number",
    0x0C: "redirection number",
    0x0D: "connection request",
    0x11: "backward call indicators",
    0x12: "cause indicators",
    0x13: "redirection information",
    0x1A: "closed user group interlock code",
    0x1D: "user service information",
    0x1E: "signalling point code",
    0x20: "user-to-user information",
    0x21: "connected number",
    0x23: "transit network selection",
    0x27: "automatic congestion level",
    0x28: "original called number",
    0x29: "optional backward call indicators",
    0x2A: "user-to-user indicators",
    0x2C: "generic notification",
    0x2D: "call history information",
    0x2E: "access delivery information",
    0x2F: "network specific facility",
    0x30: "user service information prime",
    0x31: "propagation delay counter",
    0x32: "remote operations",
    0x33: "service activation",
    0x34: "user teleservice information",
    0x35: "transmission medium used",
    0x36: "call diversion information",
    0x37: "echo control information",
    0x39: "parameter compatibility information",
    0x3A: "MLPP precedence",
    0x3D: "hop counter",
    0x3E: "transmission medium requirement prime",
    0x3F: "location number",
    0x40: "redirection number restriction",
    0x65: "correlation id",
    0x66: "SCF id",
    0x6F: "called IN number",
    0x73: "display information",
    0x78: "application transport",
    0xC0: "generic number",
    0xC1: "generic digits",
}
"""Optional parameters by name code (Q.763 Table 5)."""


class Layout(NamedTuple):
    """Where the parameters of one message type stand (Q.763 §4)."""

    name: str
    message_type: int
    table: int
    """Of Q.763."""
    fixed: tuple[tuple[int, int], ...]
    """Name code and length in octets of each mandatory fixed parameter, in order."""
    variable: tuple[int, ...]
    optional: bool
    pointers_at: int
    parameters_at: int


def _layout(
    name: str,
    message_type: int,
    table: int,
    fixed: tuple[tuple[int, int], ...] = (),
    variable: tuple[int, ...] = (),
    optional: bool = True,
) -> Layout:
    pointers_at = HEAD_OCTETS + sum(length for _, length in fixed)
    parameters_at = pointers_at + len(variable) + optional
    return Layout(name, message_type, table, fixed, variable, optional, pointers_at, parameters_at)


IAM = _layout(
    "IAM",
    0x01,
    32,
    fixed=(
        (NATURE_OF_CONNECTION, 1),
        (FORWARD_CALL, 2),
        (CALLING_PARTY_CATEGORY, 1),
        (TRANSMISSION_MEDIUM, 1),
    ),
    variable=(CALLED_PARTY_NUMBER,),
)
ACM = _layout("ACM", 0x06, 21, fixed=((BACKWARD_CALL, 2),))
CON = _layout("CON", 0x07, 24, fixed=((BACKWARD_CALL, 2),))
ANM = _layout("ANM", 0x09, 22)
REL = _layout("REL", 0x0C, 33, variable=(CAUSE_INDICATORS,))
RLC = _layout("RLC", 0x10, 34)
RSC = _layout("RSC", 0x12, 39, optional=False)
CPG = _layout("CPG", 0x2C, 23, fixed=((EVENT_INFORMATION, 1),))

LAYOUTS = {layout.message_type: layout for layout in (IAM, ACM, CON, ANM, REL, RLC, RSC, CPG)}


def split(layout: Layout, octets: bytes) -> tuple[list[bytes], list[tuple[int, bytes]]]:
    """Contents of the variable parameters, then (name code, contents) of the optional ones.

    Raises IsupError when pointers or lengths lead out of the message.
    """
    size = len(octets)
    first = layout.parameters_at
    if size < first:
        raise IsupError(f"{layout.name} of {size} octets: the mandatory part has {first}")
    pointer_at = layout.pointers_at
    variable = []
    for code in layout.variable:
        start = pointer_at + octets[pointer_at]
        if not first <= start < size:
            _fail_pointer(layout, code, octets[pointer_at])
        end = start + 1 + octets[start]
        if end > size:
            raise IsupError(
                f"{layout.name}: parameter 0x{code:02x} of {octets[start]} octets runs "
                f"{end - size} past the end"
            )
        variable.append(octets[start + 1 : end])
        pointer_at += 1
    optional: list[tuple[int, bytes]] = []
    if layout.optional and octets[pointer_at]:
        position = pointer_at + octets[pointer_at]
        if not first <= position < size:
            _fail_pointer(layout, None, octets[pointer_at])
        try:
            while code := octets[position]:
                end = position + 2 + octets[position + 1]
                optional.append((code, octets[position + 2 : end]))
                position = end
        except IndexError:
            raise IsupError(
                f"{layout.name}: the optional part runs past the end of the message, "
                "no end of optional parameters"
            ) from None
    return variable, optional


def join(layout: Layout, fixed: bytes, variable: tuple[bytes, ...], optional: bytes) -> bytes:
    """The whole message of its head and fixed part, variable contents and framed optional part.

    `optional` is what `frame` gives, without the end octet. Raises IsupError when a pointer or the
    whole would not fit.
    """
    pointers = bytearray()
    distance = len(variable) + layout.optional
    body = b""
    for contents in variable:
        pointers.append(distance)
        framed = bytes((len(contents),)) + contents
        body += framed
        distance += len(framed) - 1
    if layout.optional:
        pointers.append(distance if optional else 0)
    if optional:
        body += optional + b"\0"
    octets = fixed + pointers + body
    if len(octets) > MESSAGE_LIMIT_OCTETS:
        raise IsupError(
            f"{layout.name} of {len(octets)} octets: at most {MESSAGE_LIMIT_OCTETS} fit"
        )
    return octets


def frame(other: Sequence[tuple[int, bytes]]) -> bytes:
    """Optional parameters with their names and lengths; IsupError when one does not fit."""
    framed = b""
    for code, contents in other:
        if not 0 < code < 256 or len(contents) > 255:
            raise IsupError(
                f"optional parameter {code} of {len(contents)} octets: name 1 to 255, "
                "at most 255 octets (Q.763 §1.7)"
            )
        framed += bytes((code, len(contents))) + contents
    return framed


def take(optional: list[tuple[int, bytes]], code: int) -> bytes | None:
    """Remove the first optional parameter of that name and return its contents, if there is one."""
    for index, (name, contents) in enumerate(optional):
        if name == code:
            del optional[index]
            return contents
    return None


def pack_cause(cause: Cause) -> bytes:
    """Contents of cause indicators (Q.763 §3.12, Q.850 §2.1); IsupError when a field does not fit.

    >>> pack_cause(Cause(17)).hex()
    '8291'
    """
    value, location, coding = cause.value, cause.location, cause.coding
    if value >> 7 or location >> 4 or coding >> 2:
        raise IsupError(
            f"cause value {value} (0 to 127), location {location} (0 to 15) or coding standard "
            f"{coding} (0 to 3) out of range (Q.850 §2.2)"
        )
    if len(cause.diagnostics) > DIAGNOSTICS_LIMIT_OCTETS:
        raise IsupError(
            f"diagnostics of {len(cause.diagnostics)} octets: at most {DIAGNOSTICS_LIMIT_OCTETS}"
        )
    return bytes((0x80 | coding << 5 | location, 0x80 | value)) + cause.diagnostics


def unpack_cause(contents: bytes) -> Cause:
    """The cause of the contents; IsupError when they are none.

    The first octet's extension bit must be set: ISUP has no recommendation octet after it.
    """
    if not 2 <= len(contents) <= 2 + DIAGNOSTICS_LIMIT_OCTETS:
        raise IsupError(
            f"cause indicators of {len(contents)} octets: 2 to {2 + DIAGNOSTICS_LIMIT_OCTETS}"
        )
    first = contents[0]
    if not first & 0x80:
        raise IsupError("cause indicators: the first octet says that it continues (Q.763 §3.12)")
    return Cause(contents[1] & 0x7F, first & 0x0F, first >> 5 & 3, contents[2:])


def _fail_pointer(layout: Layout, code: int | None, pointer: int) -> NoReturn:
    what = "the optional part" if code is None else f"parameter 0x{code:02x}"
    raise IsupError(f"{layout.name}: pointer {pointer} to {what} leads nowhere (Q.763 §1.6)")
