"""What two processes say to each other over TCP to carry OSN messages. Pure octets.

A frame is: length of what follows (4 octets, big-endian) · type (1) · body. One connection serves
one direction, from one element to one other; the element that sends connects.

    HELLO    (the sender's, first)   MessagePack of `Hello`
    WELCOME  (the receiver's answer) MessagePack of `Welcome`
    MESSAGE  (the sender's)          sequence number (8) · the OSN message
    TAKEN    (the receiver's)        sequence number (8): this and all before it were delivered

Anything else, a frame over FRAME_LIMIT_BYTES, or a frame out of turn is `FrameError`: the
connection is closed and the error counted; nothing else is harmed.
"""

import struct

import msgspec

from calleq.osn.messages import OsnError
from calleq.runtime.framing import LengthReader, framed

FRAME_LIMIT_BYTES = 1 << 20
"""No frame is longer, so no peer can make a process keep more than this of a frame."""

TYPE_HELLO = 1
TYPE_WELCOME = 2
TYPE_MESSAGE = 3
TYPE_TAKEN = 4

_SEQUENCE = struct.Struct(">Q")
_MESSAGE_HEAD = struct.Struct(">IBQ")


class FrameError(OsnError):
    """The peer's octets are no frames, or not in turn; the text says why."""


class Hello(msgspec.Struct, frozen=True, array_like=True):
    """Who sends, to whom, in which life of the sending process."""

    sender: str
    receiver: str
    incarnation: int


class Welcome(msgspec.Struct, frozen=True, array_like=True):
    """The receiving process's life, and the last message it took from that life of the sender."""

    incarnation: int
    taken: int


class Message(msgspec.Struct, frozen=True):
    """One OSN message of the connection's sender."""

    sequence: int
    octets: bytes


class Taken(msgspec.Struct, frozen=True):
    """Every message up to `sequence` was delivered."""

    sequence: int


Frame = Hello | Welcome | Message | Taken

_encoder = msgspec.msgpack.Encoder()
_hello: msgspec.msgpack.Decoder[Hello] = msgspec.msgpack.Decoder(Hello)
_welcome: msgspec.msgpack.Decoder[Welcome] = msgspec.msgpack.Decoder(Welcome)


def encode_frame(frame: Frame) -> bytes:
    """The octets of a frame. Raises ValueError when a message is over the limit."""
    match frame:
        case Message(sequence, octets):
            length = 9 + len(octets)
            if length > FRAME_LIMIT_BYTES:
                raise ValueError(f"an OSN message of {len(octets)} octets is too long")
            return _MESSAGE_HEAD.pack(length, TYPE_MESSAGE, sequence) + octets
        case Taken(sequence):
            return _MESSAGE_HEAD.pack(9, TYPE_TAKEN, sequence)
        case Hello():
            kind = TYPE_HELLO
        case Welcome():
            kind = TYPE_WELCOME
    body = _encoder.encode(frame)
    return framed(bytes((kind,)), body)


class FrameReader(LengthReader[Frame]):
    """Cuts a stream of octets into frames. Raises FrameError; it is of no use after that."""

    def __init__(self) -> None:
        super().__init__(1, FRAME_LIMIT_BYTES, _decode, FrameError)


def _decode(octets: bytes) -> Frame:
    kind, body = octets[0], octets[1:]
    try:
        if kind == TYPE_HELLO:
            return _hello.decode(body)
        if kind == TYPE_WELCOME:
            return _welcome.decode(body)
    except (msgspec.DecodeError, msgspec.ValidationError, UnicodeDecodeError) as error:
        raise FrameError(f"a frame of type {kind} cannot be read: {error}") from error
    if kind == TYPE_MESSAGE and len(body) >= 8:
        return Message(_SEQUENCE.unpack_from(body)[0], body[8:])
    if kind == TYPE_TAKEN and len(body) == 8:
        return Taken(_SEQUENCE.unpack(body)[0])
    raise FrameError(f"a frame of type {kind} with {len(body)} octets is not known")
