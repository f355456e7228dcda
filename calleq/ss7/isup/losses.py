"""What of a received message would not be there again if it were encoded anew.

A switch hands a message on by its fields. Whatever the octets had beside them is dropped, and this
module says by name what that was. `losses` is for tests, for the trace and for those who wonder; no
call waits for it.
"""

from collections import Counter

from calleq.ss7.isup.ansi import message_codec
from calleq.ss7.isup.layouts import (
    ANSI_LAYOUTS,
    LAYOUTS,
    Layout,
)
from calleq.ss7.isup.names import PARAMETER_NAMES
from calleq.ss7.isup.parameters import sent_layout, split
from calleq.ss7.variant import ITU, Variant


def losses(octets: bytes, variant: Variant = ITU) -> tuple[str, ...]:
    """What re-encoding drops, in words; empty when the same octets come out.

    Raises IsupError when the octets are no message.
    """
    codec = message_codec(variant)
    message = codec.decode(octets)
    again = codec.encode(message)
    if again == octets:
        return ()
    dropped = []
    if octets[:2] != again[:2]:
        dropped.append("spare bits beside the circuit identification code")
    layout = (LAYOUTS if variant is ITU else ANSI_LAYOUTS).get(type(message))
    if layout is not None:
        dropped += _of_parameters(layout, octets, again)
        sent = sent_layout(layout, octets)
        if sent is not layout:
            dropped.append("that there is no pointer to an optional part")
        else:
            dropped += _of_framing(layout, octets, again)
    return tuple(dropped)


def _of_parameters(layout: Layout, octets: bytes, again: bytes) -> list[str]:
    """Parameters whose contents differ, or that stand in another order."""
    dropped = []
    variable, optional = split(layout, octets)
    variable_again, optional_again = split(layout, again)
    for code, before, after in zip(layout.variable, variable, variable_again, strict=True):
        if before != after:
            dropped.append(f"spare bits of the {PARAMETER_NAMES[code]}")
    if optional != optional_again:
        if sorted(code for code, _ in optional) == sorted(code for code, _ in optional_again):
            before_by_name = sorted(optional)
            if before_by_name == sorted(optional_again):
                dropped.append("the order of optional parameters")
            else:
                changed = Counter(optional) - Counter(optional_again)
                dropped += [
                    f"spare bits of the {PARAMETER_NAMES.get(code, hex(code))}"
                    for code in sorted({code for code, _ in changed})
                ]
        else:
            dropped.append("optional parameters that the message does not have")
    return dropped


def _of_framing(layout: Layout, octets: bytes, again: bytes) -> list[str]:
    """Octets outside every parameter, and parameters in an unusual place."""
    dropped = []
    end = _end(layout, octets)
    if end < len(octets):
        dropped.append(f"{len(octets) - end} octets after the end")
    if (
        octets[layout.pointers_at : layout.parameters_at]
        != again[layout.pointers_at : layout.parameters_at]
    ):
        dropped.append("the places of parameters")
    if not dropped and octets[:end] != again and len(octets[:end]) != len(again):
        dropped.append("octets between parameters")
    return dropped


def _end(layout: Layout, octets: bytes) -> int:
    """Where the last octet stands that belongs to the message."""
    end = layout.parameters_at
    for place in range(len(layout.variable)):
        pointer = layout.pointers_at + place
        start = pointer + octets[pointer]
        end = max(end, start + 1 + octets[start])
    pointer = layout.parameters_at - 1
    if layout.optional and octets[pointer]:
        position = pointer + octets[pointer]
        while octets[position]:
            position += 2 + octets[position + 1]
        end = max(end, position + 1)
    return end
