"""What a mobile telephone and its switch say over the air beside the calls themselves.

Of the mobile radio interface (TS 24.008 §9, TS 44.018 §9) it takes what finding, carrying and
handing over a call needs, each in its smallest form: protocol discriminator, message type, and the
antenna's cell number where there is one. Calls are Q.931's, on the same line; the first octet tells
the two apart (`is_radio`). Refuses anything else with `LineError`.
"""

from struct import Struct

import msgspec

from calleq.lines.messages import LineError

MOBILITY = 0x05
"""Protocol discriminator of mobility management (TS 24.007 §11.2.3.1.1)."""
RESOURCES = 0x06
"""Protocol discriminator of radio resources."""

CELL_LIMIT = 0xFFFF
CHANNEL_LIMIT = 0xFF

_HEAD = Struct(">BB")
_CELL = Struct(">BBH")
_CHANNEL = Struct(">BBHB")


class LocationUpdate(msgspec.Struct, frozen=True, gc=False):
    """The telephone is in reach of this cell from now on."""

    cell: int


class LocationAccepted(msgspec.Struct, frozen=True, gc=False):
    """The switch knows."""


class Paging(msgspec.Struct, frozen=True, gc=False):
    """The switch looks for the telephone in this cell."""

    cell: int


class PagingResponse(msgspec.Struct, frozen=True, gc=False):
    """The telephone is there."""

    cell: int


class MeasurementReport(msgspec.Struct, frozen=True, gc=False):
    """In a call: the cell that the telephone hears best; sent again and again."""

    cell: int


class ChannelRelease(msgspec.Struct, frozen=True, gc=False):
    """The switch has no channel for the telephone (any more): its call is over."""


class HandoverCommand(msgspec.Struct, frozen=True, gc=False):
    """Go on with the call on this channel of this cell."""

    cell: int
    channel: int


class HandoverComplete(msgspec.Struct, frozen=True, gc=False):
    """The call goes on there."""

    cell: int


RadioMessage = (
    LocationUpdate
    | LocationAccepted
    | Paging
    | PagingResponse
    | MeasurementReport
    | HandoverCommand
    | HandoverComplete
    | ChannelRelease
)

_WITH_CELL: dict[
    type[LocationUpdate | Paging | PagingResponse | MeasurementReport | HandoverComplete],
    tuple[int, int],
] = {
    LocationUpdate: (MOBILITY, 0x08),
    Paging: (RESOURCES, 0x21),
    PagingResponse: (RESOURCES, 0x27),
    MeasurementReport: (RESOURCES, 0x15),
    HandoverComplete: (RESOURCES, 0x2C),
}
_CELLED = {head: kind for kind, head in _WITH_CELL.items()}
_ACCEPTED = (MOBILITY, 0x02)
_COMMAND = (RESOURCES, 0x2B)
_RELEASE = (RESOURCES, 0x0D)


def is_radio(octets: bytes) -> bool:
    """Whether a line's octets are of the air rather than of a call."""
    return octets[:1] in (b"\x05", b"\x06")


def encode(message: RadioMessage) -> bytes:
    """The octets of a message; LineError when a number does not fit."""
    match message:
        case LocationAccepted():
            return _HEAD.pack(*_ACCEPTED)
        case ChannelRelease():
            return _HEAD.pack(*_RELEASE)
        case HandoverCommand(cell, channel):
            if not 0 <= channel <= CHANNEL_LIMIT:
                raise LineError(f"channel {channel} is outside 0 to {CHANNEL_LIMIT}")
            return _CHANNEL.pack(*_COMMAND, _checked(cell), channel)
        case _:
            return _CELL.pack(*_WITH_CELL[type(message)], _checked(message.cell))


def decode(octets: bytes) -> RadioMessage:
    """The message of the octets; LineError, and only that, when they are none."""
    head = octets[0] if octets else -1, octets[1] if len(octets) > 1 else -1
    if head == _ACCEPTED and len(octets) == _HEAD.size:
        return LocationAccepted()
    if head == _RELEASE and len(octets) == _HEAD.size:
        return ChannelRelease()
    if head == _COMMAND and len(octets) == _CHANNEL.size:
        _, _, cell, channel = _CHANNEL.unpack(octets)
        return HandoverCommand(cell, channel)
    kind = _CELLED.get(head)
    if kind is None or len(octets) != _CELL.size:
        raise LineError(f"no radio message: {octets[:8].hex()}")
    return kind(_CELL.unpack(octets)[2])


def describe(message: RadioMessage) -> tuple[str, tuple[tuple[str, str], ...]]:
    """The message's name and its fields as a ladder shows them.

    >>> describe(HandoverCommand(2, 5))
    ('HANDOVER COMMAND', (('cell', '2'), ('channel', '5')))
    """
    name = _NAMES[type(message)]
    return name, tuple((field, str(getattr(message, field))) for field in message.__struct_fields__)


_NAMES: dict[type[RadioMessage], str] = {
    LocationUpdate: "LOCATION UPDATE",
    LocationAccepted: "LOCATION ACCEPTED",
    Paging: "PAGING",
    PagingResponse: "PAGING RESPONSE",
    MeasurementReport: "MEASUREMENT REPORT",
    HandoverCommand: "HANDOVER COMMAND",
    HandoverComplete: "HANDOVER COMPLETE",
    ChannelRelease: "CHANNEL RELEASE",
}


def _checked(cell: int) -> int:
    if not 0 <= cell <= CELL_LIMIT:
        raise LineError(f"cell {cell} is outside 0 to {CELL_LIMIT}")
    return cell
