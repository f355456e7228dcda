"""Any ISUP message to octets and back, by its layout.

Owns one rule: the fields of a message are its circuit, its mandatory fixed parameters, its
mandatory variable ones and, where there is an optional part, `other`, in the order of the layout.
What a variable parameter holds is in `CONTENTS`. All errors are IsupError.
"""

from collections.abc import Callable
from operator import attrgetter

from calleq.ss7.isup import layouts
from calleq.ss7.isup.layouts import HEAD_OCTETS, Layout
from calleq.ss7.isup.messages import Message
from calleq.ss7.isup.numbers import (
    pack_called,
    pack_subsequent,
    unpack_called,
    unpack_subsequent,
)
from calleq.ss7.isup.parameters import (
    frame,
    join,
    pack_cause,
    pack_range,
    pack_states,
    split,
    unpack_cause,
    unpack_range,
    unpack_states,
)
from calleq.ss7.isup.values import IsupError

Writer = Callable[..., bytes]
"""Of a message of one type."""
Reader = Callable[[int, bytes], Message]
"""Of a circuit identification code and the octets of the whole message."""

_other = attrgetter("other")


def _same(contents: bytes) -> bytes:
    return contents


CONTENTS: dict[int, tuple[Callable[..., bytes], Callable[[bytes], object]]] = {
    layouts.CALLED_PARTY_NUMBER: (pack_called, unpack_called),
    layouts.SUBSEQUENT_NUMBER: (pack_subsequent, unpack_subsequent),
    layouts.CAUSE_INDICATORS: (pack_cause, unpack_cause),
    layouts.RANGE_AND_STATUS: (pack_range, unpack_range),
    layouts.CIRCUIT_STATE: (pack_states, unpack_states),
    layouts.USER_TO_USER: (_same, _same),
    layouts.USER_SERVICE_INFORMATION: (_same, _same),
}
"""How the contents of each mandatory variable parameter are written and read."""


def writer(kind: type[Message], layout: Layout) -> Writer:
    """What encodes messages of that type."""
    names = _fields(kind, layout)
    fixed = tuple(zip(names, (length for _, length in layout.fixed), strict=False))
    variable = tuple(
        zip(names[len(fixed) :], (CONTENTS[code][0] for code in layout.variable), strict=False)
    )
    message_type = bytes((layout.message_type,))

    def write(message: Message) -> bytes:
        head = message.cic.to_bytes(2, "little") + message_type
        for name, length in fixed:
            value = getattr(message, name)
            try:
                head += value.to_bytes(length, "big")
            except OverflowError:
                raise IsupError(
                    f"{layout.name}: {name} {value} does not fit into {length} octets (Q.763 §3)"
                ) from None
        contents = tuple([pack(getattr(message, name)) for name, pack in variable])
        return join(layout, head, contents, frame(_other(message)) if layout.optional else b"")

    return write


def reader(kind: type[Message], layout: Layout) -> Reader:
    """What decodes messages of that type."""
    _fields(kind, layout)
    places = []
    start = HEAD_OCTETS
    for _, length in layout.fixed:
        places.append((start, start + length))
        start += length
    unpackers = tuple(CONTENTS[code][1] for code in layout.variable)
    if not (places or unpackers or layout.optional):
        return lambda cic, octets: kind(cic)  # type: ignore[call-arg]

    def read(cic: int, octets: bytes) -> Message:
        variable, optional = split(layout, octets)
        values: list[object] = [int.from_bytes(octets[start:end], "big") for start, end in places]
        for unpack, contents in zip(unpackers, variable, strict=True):
            values.append(unpack(contents))
        if layout.optional:
            values.append(tuple(optional))
        return kind(cic, *values)  # type: ignore[arg-type]

    return read


def _fields(kind: type[Message], layout: Layout) -> tuple[str, ...]:
    """The fields after the circuit, which must be as many as the layout has parameters."""
    names = kind.__struct_fields__[1:]
    expected = len(layout.fixed) + len(layout.variable) + layout.optional
    if len(names) != expected:
        raise AssertionError(f"{layout.name} has {len(names)} fields for {expected} parameters")
    return names
