"""ISUP as ANSI T1.113 has it, and the one interface to both variants.

Owns what differs: circuit identification codes of 14 bits, the IAM, an RLC without parameters, and
the messages that only one of the two has. The ANSI IAM has no transmission medium requirement; the
user service information stands in its place as a mandatory variable parameter. Here it is the first
0x1D in `other`, and `medium` says the same in the words of ITU, so that call control need not know
the variant: an IAM without 0x1D is given one by its medium. All errors are IsupError.
"""

from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

from calleq.ss7.isup import codec
from calleq.ss7.isup.layout_codec import Reader, Writer, reader, writer
from calleq.ss7.isup.layouts import (
    ANSI_IAM,
    ANSI_LAYOUTS,
    CALLING_PARTY_NUMBER,
    CHARGE_TYPE,
    HEAD_OCTETS,
    MESSAGE_NAMES,
    PASS_ALONG_TYPE,
    USER_SERVICE_INFORMATION,
)
from calleq.ss7.isup.messages import Crg, Iam, IsupError, Message, Pam, Rlc, Unknown
from calleq.ss7.isup.numbers import pack_called, pack_calling, unpack_called, unpack_calling
from calleq.ss7.isup.parameters import frame, join, split, take
from calleq.ss7.variant import ANSI, ITU, Variant

MESSAGE_LIMIT_OCTETS = 265
"""What one signal unit carries beside its label of seven octets (T1.111.3)."""

_SERVICES = {
    0: bytes.fromhex("8090a2"),
    2: bytes.fromhex("8890"),
    3: bytes.fromhex("9090a2"),
}
"""User service information (T1.113.3, Q.931 §4.5.5) by transmission medium requirement: speech,
64 kbit/s unrestricted, 3.1 kHz audio; 64 kbit/s circuit mode, mu-law."""

_IAM_TYPE = bytes((ANSI_IAM.message_type,))
_CAPABILITY_MASK = 0x1F
_MEDIUM_OF_CAPABILITY = {0: 0, 8: 2, 16: 3}
AUDIO = 3


class MessageCodec(NamedTuple):
    """How one variant writes and reads ISUP messages; both raise IsupError and nothing else."""

    encode: Callable[[Message], bytes]
    decode: Callable[[bytes], Message]


def message_codec(variant: Variant) -> MessageCodec:
    """The codec of a variant."""
    if variant is ITU:
        return MessageCodec(codec.encode, codec.decode)
    return MessageCodec(encode, decode)


def encode(message: Message) -> bytes:
    """The octets of a message in ANSI's form; IsupError when that cannot be."""
    return _encode(message) if type(message) is Iam else _encode_kept(message)


def _encode(message: Message) -> bytes:
    if message.cic >> ANSI.circuit_bits:
        raise IsupError(f"circuit identification code {message.cic}: 0 to 16383 (T1.113.3 §1.2)")
    write = WRITERS.get(type(message))
    if write is None:
        raise IsupError(f"{type(message).__name__.upper()} is no message of T1.113")
    if isinstance(message, Unknown) and message.message_type in READERS:
        raise IsupError(f"{MESSAGE_NAMES[message.message_type]} has a structure of its own")
    octets = codec.guarded(write, message)
    if len(octets) > MESSAGE_LIMIT_OCTETS:
        raise IsupError(f"message of {len(octets)} octets: at most {MESSAGE_LIMIT_OCTETS} fit")
    return octets


def decode(octets: bytes) -> Message:
    """The message of the octets; IsupError when they are none, saying what is wrong."""
    is_iam = octets[2:HEAD_OCTETS] == _IAM_TYPE
    return _decode(octets) if is_iam else _decode_kept(octets)


def forget() -> None:
    """Drop the forms that are kept, so that what else holds memory can be seen."""
    _encode_kept.cache_clear()
    _decode_kept.cache_clear()


def _decode(octets: bytes) -> Message:
    if not HEAD_OCTETS <= len(octets) <= MESSAGE_LIMIT_OCTETS:
        raise IsupError(
            f"{len(octets)} octets: an ISUP message has {HEAD_OCTETS} to {MESSAGE_LIMIT_OCTETS}"
        )
    cic = octets[0] | (octets[1] & 0x3F) << 8
    read = READERS.get(octets[2])
    if read is None:
        return Unknown(cic, octets[2], octets[HEAD_OCTETS:])
    return read(cic, octets)


_encode_kept = lru_cache(maxsize=codec.KEPT_MESSAGES)(_encode)
_decode_kept = lru_cache(maxsize=codec.KEPT_MESSAGES)(_decode)


def _write_iam(message: Iam) -> bytes:
    service = None
    other = list(message.other)
    service = take(other, USER_SERVICE_INFORMATION)
    if service is None:
        service = _SERVICES.get(message.medium)
        if service is None:
            raise IsupError(f"no user service information stands for medium {message.medium}")
    if any(octet >> 8 for octet in (message.nature_of_connection, message.category)):
        raise IsupError("IAM: nature of connection or category out of range")
    if message.forward_call >> 16:
        raise IsupError(f"IAM: forward call indicators {message.forward_call} out of range")
    fixed = message.cic.to_bytes(2, "little") + bytes((0x01, message.nature_of_connection))
    fixed += message.forward_call.to_bytes(2, "big") + bytes((message.category,))
    if message.calling is not None:
        other.insert(0, (CALLING_PARTY_NUMBER, pack_calling(message.calling)))
    elif any(code == CALLING_PARTY_NUMBER for code, _ in other):
        raise IsupError("the calling party number has a field of its own: set that")
    return join(ANSI_IAM, fixed, (service, pack_called(message.called)), frame(other))


def _read_iam(cic: int, octets: bytes) -> Iam:
    (service, called), optional = split(ANSI_IAM, octets)
    if not service:
        raise IsupError("IAM: user service information without an octet (T1.113.3)")
    calling = take(optional, CALLING_PARTY_NUMBER)
    return Iam(
        cic,
        unpack_called(called),
        None if calling is None else unpack_calling(calling),
        octets[3],
        octets[4] << 8 | octets[5],
        octets[6],
        _MEDIUM_OF_CAPABILITY.get(service[0] & _CAPABILITY_MASK, AUDIO),
        ((USER_SERVICE_INFORMATION, service), *optional),
    )


def _write_rlc(message: Rlc) -> bytes:
    if message.cause is not None or message.other:
        raise IsupError("RLC of T1.113 has no parameters")
    return message.cic.to_bytes(2, "little") + b"\x10"


def _read_rlc(cic: int, octets: bytes) -> Rlc:
    return Rlc(cic)


_SHARED = frozenset(ANSI_LAYOUTS) & frozenset(codec.WRITERS)
"""Messages that look alike in both variants."""

WRITERS: dict[type[Message], Writer] = {
    **{kind: writer(kind, layout) for kind, layout in ANSI_LAYOUTS.items() if kind not in _SHARED},
    **{kind: codec.WRITERS[kind] for kind in (*_SHARED, Pam, Crg)},
    Unknown: codec.write_unknown,
    Iam: _write_iam,
    Rlc: _write_rlc,
}

READERS: dict[int, Reader] = {
    **{
        layout.message_type: reader(kind, layout)
        for kind, layout in ANSI_LAYOUTS.items()
        if kind not in _SHARED
    },
    **{
        code: codec.READERS[code]
        for code in (
            *(ANSI_LAYOUTS[kind].message_type for kind in _SHARED),
            PASS_ALONG_TYPE,
            CHARGE_TYPE,
        )
    },
    ANSI_IAM.message_type: _read_iam,
    ANSI_LAYOUTS[Rlc].message_type: _read_rlc,
}
