"""Messages too long for one signal unit: split in two, and joined again (Q.764 §2.1.12).

Owns the simple segmentation procedure: a message that may carry the optional forward or backward
call indicators says there that a segmentation message follows, and gives it parameters from those
that such a message may have (Q.763 Table 49). Two segments are all there is. Timer T34 is call
control's.
"""

from msgspec.structs import replace

from calleq.ss7.isup import codec
from calleq.ss7.isup.messages import Acm, Anm, Con, Cpg, Iam, IsupError, Message, Pri, Sgm
from calleq.ss7.isup.optional import (
    ACCESS_TRANSPORT,
    GENERIC_DIGITS,
    GENERIC_NOTIFICATION,
    GENERIC_NUMBER,
    MESSAGE_COMPATIBILITY,
    OPTIONAL_BACKWARD_CALL,
    OPTIONAL_FORWARD_CALL,
    USER_TO_USER,
)
from calleq.ss7.isup.parameters import MESSAGE_LIMIT_OCTETS, TooLongError
from calleq.ss7.isup.values import Other

MOVABLE = (USER_TO_USER, ACCESS_TRANSPORT, GENERIC_DIGITS, GENERIC_NUMBER, GENERIC_NOTIFICATION)
"""What may go into the segmentation message, in the order in which it is taken."""

SEGMENTED_BIT = 0x04
"""Bit C of the optional forward (Q.763 §3.38) and backward (§3.37) call indicators."""

_INDICATORS: dict[type[Message], int] = {
    Iam: OPTIONAL_FORWARD_CALL,
    Acm: OPTIONAL_BACKWARD_CALL,
    Cpg: OPTIONAL_BACKWARD_CALL,
    Anm: OPTIONAL_BACKWARD_CALL,
    Con: OPTIONAL_BACKWARD_CALL,
}

Segmented = Iam | Acm | Cpg | Anm | Con | Pri
"""The messages that may be followed by a segmentation message."""


def split(message: Message, limit_octets: int = MESSAGE_LIMIT_OCTETS) -> tuple[bytes, ...]:
    """The octets of the message, and of a segmentation message where one does not suffice.

    Raises IsupError when two do not suffice either, or the message must not be segmented.
    """
    try:
        octets = codec.encode(message)
        if len(octets) <= limit_octets:
            return (octets,)
    except TooLongError:
        pass
    if not isinstance(message, Segmented):
        raise IsupError(f"{type(message).__name__.upper()} is too long and is not segmented")
    kept = _with_bit(message, True)
    moved: Other = ()
    for code in MOVABLE:
        for parameter in message.other:
            if parameter[0] == code:
                moved = (*moved, parameter)
        kept = replace(kept, other=tuple(one for one in kept.other if one[0] != code))
        try:
            octets = codec.encode(kept)
        except TooLongError:
            continue
        if len(octets) <= limit_octets:
            return octets, codec.encode(Sgm(message.cic, moved))
    raise IsupError("the message is too long for two segments (Q.764 §2.1.12)")


def announces_segment(message: Message) -> bool:
    """Whether a segmentation message follows, so that the rest is awaited (T34)."""
    if not isinstance(message, Segmented):
        return False
    return any(
        code in (OPTIONAL_FORWARD_CALL, OPTIONAL_BACKWARD_CALL)
        and contents
        and contents[0] & SEGMENTED_BIT
        for code, contents in message.other
    )


def join(message: Segmented, segment: Sgm | None) -> Segmented:
    """The whole message, of its first part and what followed; None when T34 ran out on it."""
    more = segment.other if segment is not None else ()
    whole = _with_bit(message, False)
    added = tuple(one for one in more if one[0] != MESSAGE_COMPATIBILITY)
    return replace(whole, other=(*whole.other, *added))


def _with_bit(message: Segmented, segmented: bool) -> Segmented:
    """The message with its simple segmentation indicator set or cleared.

    Where the message had no such indicators, they are added to say so and taken away again.
    """
    own = _INDICATORS.get(type(message))
    codes = (own,) if own is not None else (OPTIONAL_FORWARD_CALL, OPTIONAL_BACKWARD_CALL)
    parameters: list[tuple[int, bytes]] = []
    found = False
    for code, contents in message.other:
        if code in codes and contents and not found:
            found = True
            first = contents[0] | SEGMENTED_BIT if segmented else contents[0] & ~SEGMENTED_BIT
            contents = bytes((first,)) + contents[1:]
            if not segmented and contents == b"\0":
                continue
        parameters.append((code, contents))
    if segmented and not found:
        parameters.append((codes[0], bytes((SEGMENTED_BIT,))))
    return replace(message, other=tuple(parameters))
