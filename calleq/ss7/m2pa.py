"""M2PA, the link layer of a signalling link that is no 64 kbit/s channel (RFC 4165), sans I/O.

Owns the frames and the session of one connection: who is at the other end, when the link is in
service, the 24-bit sequence numbers. A session is fed octets and gives back events; what it has to
send lies in `outgoing` for whoever owns the connection.

Of RFC 4165 it takes the common header (version 1, class 11), User Data and Link Status with BSN and
FSN, and the acknowledgement that is an empty User Data. It departs where a byte stream differs from
SCTP: there is one stream, nothing is retransmitted, and alignment is emergency proving in one
exchange, in which each end names its node in the filler that a proving message may carry (§4.1.3):

    connecting end                          listening end
    Proving Emergency "ssp-62"  ----------->
                                <-----------  Proving Emergency "stp-68", Ready
    Ready                       ----------->  in service
    in service

It refuses, with `M2paError`, whatever is no frame, comes out of turn or out of sequence; the owner
then closes the connection, because a byte stream that has lost its frames does not find them again.
"""

from enum import IntEnum
from struct import Struct

import msgspec

VERSION = 1
CLASS_M2PA = 11
USER_DATA = 1
LINK_STATUS = 2

HEADER_OCTETS = 16
FRAME_LIMIT_OCTETS = HEADER_OCTETS + 4_096
"""The longest frame taken in; a message signal unit has at most 273 octets (Q.703 §2.3.8)."""

SEQUENCE_MASK = 0xFFFFFF
NAME_LIMIT_OCTETS = 64
OUTSTANDING_LIMIT = 8_192
"""Units sent and not acknowledged: an end that does not take them is taken for dead."""

ACKNOWLEDGE_AFTER = 64
"""Units received after which an acknowledgement is due at once."""

_HEADER = Struct(">BBBBIII")
_STATUS = Struct(">I")


class M2paError(ValueError):
    """The far end sent what is no M2PA, or not in turn; the text says what."""


class Status(IntEnum):
    """States of Link Status (RFC 4165 §2.3.2)."""

    ALIGNMENT = 1
    PROVING_NORMAL = 2
    PROVING_EMERGENCY = 3
    READY = 4
    PROCESSOR_OUTAGE = 5
    PROCESSOR_RECOVERED = 6
    BUSY = 7
    BUSY_ENDED = 8
    OUT_OF_SERVICE = 9


class Phase(IntEnum):
    """How far a session has come."""

    AWAITING_PROVING = 0
    AWAITING_READY = 1
    IN_SERVICE = 2


class Arrival(IntEnum):
    """What a frame can be."""

    PROVING = 0
    READY = 1
    UNIT = 2
    ACKNOWLEDGEMENT = 3
    OUT_OF_SERVICE = 4
    OTHER_STATUS = 5


class Verdict(IntEnum):
    """What a session makes of a frame."""

    GO_ON = 0
    """Nothing to do."""
    PROVED = 1
    """The far end has said who it is."""
    ALIGNED = 2
    """The link is in service."""
    UNIT = 3
    """A signal unit for level 3."""
    REFUSED = 4
    """Out of turn: M2paError."""


TABLE: dict[tuple[Phase, Arrival], tuple[Verdict, Phase]] = {
    (Phase.AWAITING_PROVING, Arrival.PROVING): (Verdict.PROVED, Phase.AWAITING_READY),
    (Phase.AWAITING_PROVING, Arrival.READY): (Verdict.REFUSED, Phase.AWAITING_PROVING),
    (Phase.AWAITING_PROVING, Arrival.UNIT): (Verdict.REFUSED, Phase.AWAITING_PROVING),
    (Phase.AWAITING_PROVING, Arrival.ACKNOWLEDGEMENT): (Verdict.REFUSED, Phase.AWAITING_PROVING),
    (Phase.AWAITING_PROVING, Arrival.OUT_OF_SERVICE): (Verdict.GO_ON, Phase.AWAITING_PROVING),
    (Phase.AWAITING_PROVING, Arrival.OTHER_STATUS): (Verdict.GO_ON, Phase.AWAITING_PROVING),
    (Phase.AWAITING_READY, Arrival.PROVING): (Verdict.GO_ON, Phase.AWAITING_READY),
    (Phase.AWAITING_READY, Arrival.READY): (Verdict.ALIGNED, Phase.IN_SERVICE),
    (Phase.AWAITING_READY, Arrival.UNIT): (Verdict.REFUSED, Phase.AWAITING_READY),
    (Phase.AWAITING_READY, Arrival.ACKNOWLEDGEMENT): (Verdict.REFUSED, Phase.AWAITING_READY),
    (Phase.AWAITING_READY, Arrival.OUT_OF_SERVICE): (Verdict.REFUSED, Phase.AWAITING_READY),
    (Phase.AWAITING_READY, Arrival.OTHER_STATUS): (Verdict.GO_ON, Phase.AWAITING_READY),
    (Phase.IN_SERVICE, Arrival.PROVING): (Verdict.REFUSED, Phase.IN_SERVICE),
    (Phase.IN_SERVICE, Arrival.READY): (Verdict.GO_ON, Phase.IN_SERVICE),
    (Phase.IN_SERVICE, Arrival.UNIT): (Verdict.UNIT, Phase.IN_SERVICE),
    (Phase.IN_SERVICE, Arrival.ACKNOWLEDGEMENT): (Verdict.GO_ON, Phase.IN_SERVICE),
    (Phase.IN_SERVICE, Arrival.OUT_OF_SERVICE): (Verdict.REFUSED, Phase.IN_SERVICE),
    (Phase.IN_SERVICE, Arrival.OTHER_STATUS): (Verdict.GO_ON, Phase.IN_SERVICE),
}


class Proved(msgspec.Struct, frozen=True):
    """The far end names its node. A listening end answers with `accept`, or closes."""

    name: str


class Aligned(msgspec.Struct, frozen=True):
    """The link is in service."""


class Unit(msgspec.Struct, frozen=True):
    """The octets of a message signal unit, from the service information octet on."""

    octets: bytes


Event = Proved | Aligned | Unit


class Session:
    """One connection of one link, from the first octet to the last."""

    def __init__(self, name: str, connects: bool) -> None:
        """`name` is the node's own; the end that connects speaks first."""
        self.name = name
        self.connects = connects
        self.phase = Phase.AWAITING_PROVING
        self.outgoing: list[bytes] = []
        self.unconfirmed = 0
        """Units received that the far end does not know of yet."""
        self._buffer = b""
        self._sent = SEQUENCE_MASK
        self._received = SEQUENCE_MASK
        self._confirmed = SEQUENCE_MASK
        if connects:
            self._prove()

    @property
    def outstanding(self) -> int:
        """Units sent that the far end has not acknowledged."""
        return (self._sent - self._confirmed) & SEQUENCE_MASK

    def accept(self) -> None:
        """The listening end agrees to the name that the far end gave."""
        self._prove()
        self._status(Status.READY)

    def unit(self, octets: bytes) -> bytes:
        """The frame of a signal unit; M2paError when the far end has stopped acknowledging."""
        if self.outstanding >= OUTSTANDING_LIMIT:
            raise M2paError(f"{OUTSTANDING_LIMIT} units are not acknowledged")
        self._sent = (self._sent + 1) & SEQUENCE_MASK
        # The first octet of User Data is the priority of the Japanese variant; elsewhere 0.
        return self._frame(USER_DATA, b"\x00" + octets)

    def acknowledgement(self) -> bytes:
        """The frame that confirms what has been received."""
        return self._frame(USER_DATA, b"")

    def receive(self, data: bytes) -> list[Event]:
        """Take in octets of the connection; M2paError ends the session."""
        buffer = self._buffer + data
        events: list[Event] = []
        place = 0
        while len(buffer) - place >= HEADER_OCTETS:
            version, _, kind, message_type, length, bsn, fsn = _HEADER.unpack_from(buffer, place)
            if version != VERSION or kind != CLASS_M2PA:
                raise M2paError(f"version {version}, class {kind}: no M2PA (RFC 4165 §2.1)")
            if not HEADER_OCTETS <= length <= FRAME_LIMIT_OCTETS:
                raise M2paError(f"a frame of {length} octets")
            if len(buffer) - place < length:
                break
            body = buffer[place + HEADER_OCTETS : place + length]
            place += length
            self._take(message_type, bsn & SEQUENCE_MASK, fsn & SEQUENCE_MASK, body, events)
        self._buffer = buffer[place:]
        return events

    def _take(
        self, message_type: int, bsn: int, fsn: int, body: bytes, events: list[Event]
    ) -> None:
        self._confirm(bsn)
        arrival, name = self._arrival(message_type, body)
        verdict, self.phase = TABLE[self.phase, arrival]
        match verdict:
            case Verdict.REFUSED:
                raise M2paError(f"{arrival.name} in phase {self.phase.name}")
            case Verdict.UNIT:
                self._received = (self._received + 1) & SEQUENCE_MASK
                if fsn != self._received:
                    raise M2paError(f"unit {fsn} where {self._received} was due")
                self.unconfirmed += 1
                events.append(Unit(body[1:]))
            case Verdict.PROVED:
                events.append(Proved(name))
            case Verdict.ALIGNED:
                if self.connects:
                    self._status(Status.READY)
                events.append(Aligned())
            case Verdict.GO_ON:
                pass

    def _confirm(self, bsn: int) -> None:
        """The far end has received everything up to `bsn`, which lies among what was sent."""
        if (bsn - self._confirmed) & SEQUENCE_MASK > self.outstanding:
            raise M2paError(f"acknowledges unit {bsn}, which is not outstanding")
        self._confirmed = bsn

    def _arrival(self, message_type: int, body: bytes) -> tuple[Arrival, str]:
        """What a frame is, and the name in it."""
        if message_type == USER_DATA:
            return (Arrival.UNIT if body else Arrival.ACKNOWLEDGEMENT), ""
        if message_type != LINK_STATUS or len(body) < _STATUS.size:
            raise M2paError(f"message type {message_type} with {len(body)} octets")
        (status,) = _STATUS.unpack_from(body)
        if status == Status.PROVING_EMERGENCY:
            try:
                return Arrival.PROVING, body[_STATUS.size :][:NAME_LIMIT_OCTETS].decode()
            except UnicodeDecodeError as error:
                raise M2paError("the far end's name is no text") from error
        if status == Status.READY:
            return Arrival.READY, ""
        if status == Status.OUT_OF_SERVICE:
            return Arrival.OUT_OF_SERVICE, ""
        return Arrival.OTHER_STATUS, ""

    def _prove(self) -> None:
        self._status(Status.PROVING_EMERGENCY, self.name.encode()[:NAME_LIMIT_OCTETS])

    def _status(self, status: Status, filler: bytes = b"") -> None:
        self.outgoing.append(self._frame(LINK_STATUS, _STATUS.pack(status) + filler))

    def _frame(self, message_type: int, body: bytes) -> bytes:
        self.unconfirmed = 0
        header = _HEADER.pack(
            VERSION,
            0,
            CLASS_M2PA,
            message_type,
            HEADER_OCTETS + len(body),
            self._received,
            self._sent,
        )
        return header + body
