"""Segmenting and reassembly of long user data (Q.714 §4.1.1).

Owns where long data is cut, and the table of what is being put together again. Segments are XUDTs
of class 1 with one local reference, counted down to 0; all but the last are equally long. Their
calling address, called subsystem and reference name the message. `Reassembly` knows no clock: it is
given the time.

What comes out of it is the data as it was sent or nothing. A segment that repeats the one before it
octet for octet is dropped. One that is out of order ends the message (`ERROR_IN_TRANSPORT`), so
does T(reass); a segment of a message that is not being reassembled is dropped. A new first segment
ends what went on under its name. Where the table is full the message is refused (`NO_REASSEMBLY`).
Of a message that ended so its first segment is handed back, for it to be returned to its sender.
No message is longer than sixteen times the 255 octets of a segment.
"""

from dataclasses import dataclass

from calleq.ss7.sccp.address_codec import encode_address
from calleq.ss7.sccp.codec import SHORT_DATA_LIMIT_OCTETS, limit_octets
from calleq.ss7.sccp.messages import CLASS_IN_SEQUENCE, Segmentation, Udt, Xudt
from calleq.ss7.sccp.values import PartyAddress, ReturnCause
from calleq.ss7.variant import ITU, Variant
from calleq.units import SECOND_US

SEGMENTS_LIMIT = 16
SPARE_OCTETS = 8
"""Left free in what is sent to a title, for translations on the way that lengthen it."""
UDT_OVERHEAD_OCTETS = 8
"""Of a UDT beside addresses and data: type, class, three pointers, three lengths."""
XUDT_OVERHEAD_OCTETS = 10
"""Of an XUDT: hop counter and a pointer more."""
SEGMENT_OVERHEAD_OCTETS = 17
"""With the segmentation and the end of the optional parameters."""
MESSAGES_LIMIT = 1_024
"""Messages that are put together at one time."""
T_REASS_US = 15 * SECOND_US
"""T(reass), 10 to 20 s (Q.714 annex C)."""


@dataclass(frozen=True, slots=True)
class Complete:
    """A message is whole."""

    called: PartyAddress
    calling: PartyAddress
    data: bytes


@dataclass(frozen=True, slots=True)
class GivenUp:
    """A message ended unfinished; `first` is its first segment."""

    first: Xudt
    cause: ReturnCause


@dataclass(slots=True)
class _Process:
    first: Xudt
    due_us: int
    expected: int
    """How many segments follow the one that is awaited."""
    last: Xudt
    parts: list[bytes]


_Key = tuple[PartyAddress, int | None, int]


def fits(message: Udt | Xudt, variant: Variant = ITU) -> bool:
    """Whether the message, as it is, goes into one signal unit, and still would further on."""
    overhead = UDT_OVERHEAD_OCTETS if isinstance(message, Udt) else XUDT_OVERHEAD_OCTETS
    data = len(message.data)
    room = limit_octets(variant) - overhead - _addresses_octets(message, variant)
    return data <= min(room, SHORT_DATA_LIMIT_OCTETS)


def pieces(
    message: Udt | Xudt, reference: int, variant: Variant = ITU
) -> list[Udt] | list[Xudt] | None:
    """What goes over the wire for a message, in its order (Q.714 §4.1.1.2).

    The message itself where it fits, else its segments; None where sixteen do not hold it. Only
    the first segment asks to be returned, so that its sender hears of a failure once.
    """
    if isinstance(message, Udt):
        return [message]
    if fits(message, variant):
        return [message]
    room = limit_octets(variant) - SEGMENT_OVERHEAD_OCTETS - _addresses_octets(message, variant)
    parts = cut(message.data, room)
    if parts is None:
        return None
    return [
        Xudt(
            message.called,
            message.calling,
            part,
            CLASS_IN_SEQUENCE,
            message.return_on_error and not at,
            message.hop_counter,
            Segmentation(not at, len(parts) - 1 - at, reference, bool(message.protocol_class)),
        )
        for at, part in enumerate(parts)
    ]


def cut(data: bytes, room_octets: int) -> list[bytes] | None:
    """The parts of data of which each has room for so many octets; None when 16 do not do.

    >>> cut(b"abcdefg", 3)
    [b'abc', b'def', b'g']
    """
    size = min(room_octets, SHORT_DATA_LIMIT_OCTETS)
    if size < 1 or len(data) > SEGMENTS_LIMIT * size:
        return None
    return [data[at : at + size] for at in range(0, len(data), size)]


def _addresses_octets(message: Udt | Xudt, variant: Variant) -> int:
    octets = len(encode_address(message.called, variant))
    octets += len(encode_address(message.calling, variant))
    return octets + (SPARE_OCTETS if message.called.route_on_title else 0)


class Reassembly:
    """The messages that one node is putting together."""

    def __init__(self, timer_us: int = T_REASS_US, limit: int = MESSAGES_LIMIT) -> None:
        self.dropped = 0
        """Segments that repeated the one before, or belonged to no message."""
        self._timer_us = timer_us
        self._limit = limit
        self._processes: dict[_Key, _Process] = {}

    def __len__(self) -> int:
        return len(self._processes)

    def add(self, segment: Xudt, now_us: int) -> list[Complete | GivenUp]:
        """Take a segment, whose calling address says which node it is from; what ended by it."""
        part = segment.segmentation
        assert part is not None, "a segment says which"
        key = segment.calling, segment.called.ssn, part.reference
        process = self._processes.get(key)
        if process is not None and segment == process.last:
            self.dropped += 1
            return []
        ended: list[Complete | GivenUp] = []
        if part.first:
            if process is not None:
                ended.append(self._give_up(key, process))
            ended += self._begin(key, segment, part, now_us)
        elif process is None:
            self.dropped += 1
        elif part.remaining != process.expected or len(segment.data) > len(process.parts[0]):
            ended.append(self._give_up(key, process))
        else:
            process.parts.append(segment.data)
            process.last = segment
            process.expected -= 1
            if not part.remaining:
                del self._processes[key]
                first = process.first
                ended.append(Complete(first.called, first.calling, b"".join(process.parts)))
        return ended

    def next_due_us(self) -> int | None:
        """When the first message runs out of time; None when there is none.

        All have the same time, and are kept in the order in which they began.
        """
        for process in self._processes.values():
            return process.due_us
        return None

    def expire(self, now_us: int) -> list[GivenUp]:
        """End the messages whose T(reass) has run out."""
        late = [(key, one) for key, one in self._processes.items() if one.due_us <= now_us]
        return [self._give_up(key, process) for key, process in late]

    def _begin(
        self, key: _Key, segment: Xudt, part: Segmentation, now_us: int
    ) -> list[Complete | GivenUp]:
        if not part.remaining:
            return [Complete(segment.called, segment.calling, segment.data)]
        if len(self._processes) >= self._limit:
            return [GivenUp(segment, ReturnCause.NO_REASSEMBLY)]
        self._processes[key] = _Process(
            segment,
            now_us + self._timer_us,
            part.remaining - 1,
            segment,
            [segment.data],
        )
        return []

    def _give_up(self, key: _Key, process: _Process) -> GivenUp:
        del self._processes[key]
        return GivenUp(process.first, ReturnCause.ERROR_IN_TRANSPORT)
