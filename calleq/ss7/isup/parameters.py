"""The framing that ISUP messages share, and the contents of their mandatory parts (Q.763 §1, §3).

A message is its mandatory fixed part, one pointer for each mandatory variable parameter and one for
the optional part (0: there is none), the variable parameters, each after its length, and the
optional ones, each after its name and length, up to an end-of-optional-parameters octet. `split`
and `join` know that and nothing of what a parameter means; `layouts` says for each message type
which parameters stand where.

Refuses: pointers into the fixed part or past the end, lengths past the end, an optional part that
does not end. Tolerates octets after the end of a message (some senders pad), and a missing pointer
where there is no optional part (`sent_layout`).
"""

from collections.abc import Sequence
from typing import NoReturn

from calleq.ss7.isup.layouts import HEAD_OCTETS, Layout
from calleq.ss7.isup.values import Cause, CircuitState, IsupError, RangeStatus

MESSAGE_LIMIT_OCTETS = 268
"""What one message signal unit carries beside its label (Q.703 §2.3.8)."""
DIAGNOSTICS_LIMIT_OCTETS = 30
"""Cause indicators of at most 32 octets, as Q.850 §2.1 has them."""
STATES_LIMIT = 255
"""Circuit states in a parameter; Q.763 §3.43 allows 32 to one query."""
_OFTEN_WITHOUT = frozenset((0x02, 0x2F))
"""Message types whose optional part is empty in Q.763 (1999): SAM, CFN."""
_OPTIONAL_ALONE = Layout("message", 0, "", (), (), True, HEAD_OCTETS, HEAD_OCTETS + 1)
_STATES = tuple(CircuitState(n >> 2 & 3, n & 3, n >> 4) for n in range(64))


def sent_layout(layout: Layout, octets: bytes) -> Layout:
    """The layout as the sender has it: some give SAM and CFN no pointer to an optional part.

    No optional parameter is defined for these two; where the one pointer that they have leads to
    the very next octet, there is no second.
    """
    if layout.message_type in _OFTEN_WITHOUT and octets[layout.pointers_at] == 1:
        return layout._replace(optional=False, parameters_at=layout.parameters_at - 1)
    return layout


class TooLongError(IsupError):
    """The message does not fit into one signal unit; `segmentation` may help."""


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
            bare = sent_layout(layout, octets)
            if bare is layout:
                _fail_pointer(layout, code, octets[pointer_at])
            return split(bare, octets)
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


def split_optional(body: bytes) -> list[tuple[int, bytes]]:
    """The optional parameters of a message that has nothing else, from its octets after the type.

    Raises IsupError as `split`.
    """
    return split(_OPTIONAL_ALONE, bytes(HEAD_OCTETS) + body)[1]


def join(layout: Layout, fixed: bytes, variable: tuple[bytes, ...], optional: bytes) -> bytes:
    """The whole message of its head and fixed part, variable contents and framed optional part.

    `optional` is what `frame` gives, without the end octet. Raises IsupError when a pointer or the
    whole would not fit.
    """
    pointers = bytearray()
    distance = len(variable) + layout.optional
    body = b""
    try:
        for contents in variable:
            pointers.append(distance)
            framed = bytes((len(contents),)) + contents
            body += framed
            distance += len(framed) - 1
        if layout.optional:
            pointers.append(distance if optional else 0)
    except ValueError:
        raise TooLongError(
            f"{layout.name}: a length or a pointer is over 255 (Q.763 §1.5, §1.6)"
        ) from None
    if optional:
        body += optional + b"\0"
    octets = fixed + pointers + body
    if len(octets) > MESSAGE_LIMIT_OCTETS:
        raise TooLongError(
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


def pack_range(value: RangeStatus) -> bytes:
    """Contents of range and status (Q.763 §3.43); IsupError when the bits do not fit.

    >>> pack_range(RangeStatus(9, 0x201)).hex()
    '090102'
    """
    if value.span >> 8:
        raise IsupError(f"range {value.span}: 0 to 255 (Q.763 §3.43)")
    if value.status is None:
        return bytes((value.span,))
    octets = value.span // 8 + 1
    if value.status >> 8 * octets:
        raise IsupError(
            f"status 0x{value.status:x} of {value.span + 1} circuits: it has {octets} octets"
        )
    return bytes((value.span,)) + value.status.to_bytes(octets, "little")


def unpack_range(contents: bytes) -> RangeStatus:
    """Range and status of the contents; IsupError when status is not as long as the range says."""
    if not contents:
        raise IsupError("range and status without a range (Q.763 §3.43)")
    covered = contents[0]
    if len(contents) == 1:
        return RangeStatus(covered)
    if len(contents) != covered // 8 + 2:
        raise IsupError(
            f"status of {len(contents) - 1} octets for {covered + 1} circuits: "
            f"{covered // 8 + 1} or none (Q.763 §3.43)"
        )
    return RangeStatus(covered, int.from_bytes(contents[1:], "little"))


def pack_states(states: Sequence[CircuitState]) -> bytes:
    """Contents of circuit state indicators (Q.763 §3.14); IsupError when a field does not fit."""
    octets = bytearray()
    for state in states:
        if state.call >> 2 or state.maintenance >> 2 or state.hardware >> 2:
            raise IsupError(f"circuit state {state}: fields of 0 to 3 (Q.763 §3.14)")
        octets.append(state.hardware << 4 | state.call << 2 | state.maintenance)
    if not 0 < len(octets) <= STATES_LIMIT:
        raise IsupError(f"{len(octets)} circuit states: 1 to {STATES_LIMIT} (Q.763 §3.14)")
    return bytes(octets)


def unpack_states(contents: bytes) -> tuple[CircuitState, ...]:
    """The circuit states of the contents; IsupError when there are none or too many."""
    if not 0 < len(contents) <= STATES_LIMIT:
        raise IsupError(f"{len(contents)} circuit states: 1 to {STATES_LIMIT} (Q.763 §3.14)")
    return tuple(_STATES[octet & 0x3F] for octet in contents)


def _fail_pointer(layout: Layout, code: int | None, pointer: int) -> NoReturn:
    what = "the optional part" if code is None else f"parameter 0x{code:02x}"
    raise IsupError(f"{layout.name}: pointer {pointer} to {what} leads nowhere (Q.763 §1.6)")
