"""The octets in which a message leaves, in each variant: one unit, or as many as it takes.

ITU splits what is too long for one unit (`segmentation`). ANSI T1.113 has no segmentation, and
lacks messages that call control of Q.764 says; `ansi_octets` decides what stands for each:

- CON: ACM and then ANM, which together say the same;
- UPT: CQM of that circuit alone, since any answer shows that the user part is there (§2.13.2);
- a message too long: without its longest optional parameters, as many as need be;
- CGB, CGU and GRS leave twice: an exchange of T1.113 may act on the second alone, when it comes
  within 5 s, and one that acts on either answers both alike;
- every other message that T1.113 does not have (SAM, OLM, SGM ...) is not said at all.

Causes that T1.113.3 has of its own leave with its own coding standard. All errors are IsupError.
"""

from collections.abc import Callable

from msgspec.structs import replace

from calleq.causes import Q850
from calleq.ss7.isup import ansi, codec, segmentation
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Cause,
    Cgb,
    Cgu,
    Con,
    Cqm,
    Grs,
    Message,
    RangeStatus,
    Rel,
    Upt,
)
from calleq.ss7.isup.parameters import TooLongError
from calleq.ss7.variant import Variant

ANSI_CODING = 2
"""Coding standard of the causes that are T1.113's own (T1.113.3 §3.9)."""

ANSI_CAUSES = frozenset((Q850.ROUTING_ERROR,))
"""Those of them that calleq gives."""

DOUBLED = (Cgb, Cgu, Grs)
"""Messages that leave twice in ANSI."""

PRIORITIES: dict[int, int] = {
    **dict.fromkeys((0x09, 0x10), 2),
    **dict.fromkeys((0x03, 0x04, 0x05, 0x06, 0x08, 0x0C, 0x0D, 0x0E, 0x11, 0x24, 0x2C, 0x2E), 1),
    **dict.fromkeys((0x33, 0xED), 1),
}
"""MTP priority by message type where it is not 0 (T1.113, T1.111.5): what a call that is up needs
is discarded last."""


def octets_of(variant: Variant) -> Callable[[Message], tuple[bytes, ...]]:
    """What turns a message into the octets of its units, () where the variant does not say it."""
    return ansi_octets if variant.is_ansi else itu_octets


def itu_octets(message: Message) -> tuple[bytes, ...]:
    """The message, in two segments if need be."""
    try:
        return (codec.encode(message),)
    except TooLongError:
        return segmentation.split(message)


def ansi_octets(message: Message) -> tuple[bytes, ...]:
    """The message as T1.113 says it."""
    match message:
        case Con(cic=cic):
            alike = Acm(cic, message.backward_call), Anm(cic, message.other)
            return tuple(octets for one in alike for octets in ansi_octets(one))
        case Upt(cic=cic):
            message = Cqm(cic, RangeStatus(0))
        case Rel(cause=Cause(value=value, coding=0)) if value in ANSI_CAUSES:
            message = replace(message, cause=replace(message.cause, coding=ANSI_CODING))
        case _ if type(message) not in ansi.WRITERS:
            return ()
        case _:
            pass
    octets = _shortened(message)
    return (octets, octets) if isinstance(message, DOUBLED) else (octets,)


def _shortened(message: Message) -> bytes:
    """The octets, without the longest optional parameters where they are too many for one unit."""
    while True:
        try:
            return ansi.encode(message)
        except TooLongError:
            other = getattr(message, "other", ())
            if not other:
                raise
            longest = max(other, key=lambda parameter: len(parameter[1]))
            kept = tuple(one for one in other if one is not longest)
            message = replace(message, other=kept)
