"""ISUP messages to octets and back: circuit identification code, type, parameters (Q.763).

Owns which field of a message is which parameter, by hand for the messages of every call; those of
all others `layout_codec` finds by their layout. Layouts are `layouts`, framing is `parameters`,
numbers are `numbers`. This is the ITU variant, `ansi` the other; `calleq.ss7.variant` names both.

`encode` refuses fields that do not fit, `decode` refuses octets that are no message, both with
IsupError and nothing else. A message type that Q.763 does not have becomes `Unknown` and is encoded
again octet for octet.

Odd cases. Optional parameters without a field keep their order in `other`; when one with a field
stands twice, the second is kept there too. The four spare bits beside the circuit identification
code are sent as 0 and ignored. Octets after the end of a message are dropped.

A message without numbers is the same from call to call on its circuit: the last `KEPT_MESSAGES` of
them are kept in both forms.

>>> encode(Rel(17, Cause(17))).hex()
'11000c0200028291'
"""

from collections.abc import Sequence
from functools import lru_cache
from struct import Struct
from struct import error as StructError  # noqa: N812

from calleq.ss7.isup.layout_codec import Reader, Writer, reader, writer
from calleq.ss7.isup.layouts import (
    ACM,
    ANM,
    CALLING_PARTY_NUMBER,
    CAUSE_INDICATORS,
    CHARGE_TYPE,
    CON,
    CPG,
    HEAD_OCTETS,
    IAM,
    LAYOUTS,
    MESSAGE_NAMES,
    PASS_ALONG_TYPE,
    REL,
    RLC,
    RSC,
)
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Cause,
    Con,
    Cpg,
    Crg,
    Iam,
    IsupError,
    Message,
    Other,
    Pam,
    Rel,
    Rlc,
    Rsc,
    Unknown,
)
from calleq.ss7.isup.numbers import pack_called, pack_calling, unpack_called, unpack_calling
from calleq.ss7.isup.parameters import (
    MESSAGE_LIMIT_OCTETS,
    TooLongError,
    frame,
    join,
    pack_cause,
    split,
    take,
    unpack_cause,
)

CIC_BITS = 12

KEPT_MESSAGES = 8_192
"""One of each type on every circuit of a busy exchange."""

_IAM_TYPE = b"\x01"

_HEAD = Struct("<HB")
_HEAD_OCTET = Struct("<HBB")
_HEAD_PAIR = Struct("<HBBB")
_IAM_FIXED = Struct("<HBBBBBB")


def encode(message: Message) -> bytes:
    """The octets of a message, from the circuit identification code on.

    Raises IsupError when a field is out of its range or the whole is too long.
    """
    return _encode(message) if type(message) is Iam else _encode_kept(message)


def _encode(message: Message) -> bytes:
    if message.cic >> CIC_BITS:
        raise IsupError(f"circuit identification code {message.cic}: 0 to 4095 (Q.763 §1.2)")
    try:
        return WRITERS[type(message)](message)
    except KeyError:
        raise IsupError(f"{type(message).__name__.upper()} is no message of Q.763") from None
    except StructError:
        raise IsupError(f"{_misfit(message)} (Q.763 §3)") from None


def guarded(write: Writer, message: Message) -> bytes:
    """What a writer writes, its errors made IsupError."""
    try:
        return write(message)
    except StructError:
        raise IsupError(f"{_misfit(message)} (Q.763 §3)") from None


def decode(octets: bytes) -> Message:
    """The message of the octets; IsupError when they are none, saying what is wrong."""
    return _decode(octets) if octets[2:3] == _IAM_TYPE else _decode_kept(octets)


def _decode(octets: bytes) -> Message:
    if not HEAD_OCTETS <= len(octets) <= MESSAGE_LIMIT_OCTETS:
        raise IsupError(
            f"{len(octets)} octets: an ISUP message has {HEAD_OCTETS} to {MESSAGE_LIMIT_OCTETS}"
        )
    message_type = octets[2]
    cic = octets[0] | (octets[1] & 0x0F) << 8
    read = READERS.get(message_type)
    if read is None:
        return Unknown(cic, message_type, octets[HEAD_OCTETS:])
    return read(cic, octets)


_encode_kept = lru_cache(maxsize=KEPT_MESSAGES)(_encode)
_decode_kept = lru_cache(maxsize=KEPT_MESSAGES)(_decode)


def forget() -> None:
    """Drop the forms that are kept, so that what else holds memory can be seen."""
    _encode_kept.cache_clear()
    _decode_kept.cache_clear()


def _write_iam(message: Iam) -> bytes:
    forward = message.forward_call
    fixed = _IAM_FIXED.pack(
        message.cic,
        0x01,
        message.nature_of_connection,
        forward >> 8,
        forward & 0xFF,
        message.category,
        message.medium,
    )
    called = pack_called(message.called)
    if message.calling is None:
        optional = _frame_without(CALLING_PARTY_NUMBER, message.other)
    else:
        contents = pack_calling(message.calling)
        optional = b"\x0a%c%b" % (len(contents), contents)
        if message.other:
            optional += frame(message.other)
    # As `join` would, written out: no other message with numbers is as frequent.
    size = len(called)
    if optional:
        return _whole(b"%b\x02%c%c%b%b\0" % (fixed, size + 2, size, called, optional))
    return b"%b\x02\0%c%b" % (fixed, size, called)


def _read_iam(cic: int, octets: bytes) -> Iam:
    variable, optional = split(IAM, octets)
    calling = take(optional, CALLING_PARTY_NUMBER)
    return Iam(
        cic,
        unpack_called(variable[0]),
        None if calling is None else unpack_calling(calling),
        octets[3],
        octets[4] << 8 | octets[5],
        octets[6],
        octets[7],
        tuple(optional),
    )


def _write_acm(message: Acm) -> bytes:
    backward = message.backward_call
    fixed = _HEAD_PAIR.pack(message.cic, 0x06, backward >> 8, backward & 0xFF)
    return join(ACM, fixed, (), _frame_cause(message.cause, message.other))


def _read_acm(cic: int, octets: bytes) -> Acm:
    _, optional = split(ACM, octets)
    cause = _take_cause(optional)
    return Acm(cic, octets[3] << 8 | octets[4], cause, tuple(optional))


def _write_cpg(message: Cpg) -> bytes:
    fixed = _HEAD_OCTET.pack(message.cic, 0x2C, message.event)
    return join(CPG, fixed, (), _frame_cause(message.cause, message.other))


def _read_cpg(cic: int, octets: bytes) -> Cpg:
    _, optional = split(CPG, octets)
    cause = _take_cause(optional)
    return Cpg(cic, octets[3], cause, tuple(optional))


def _write_anm(message: Anm) -> bytes:
    return join(ANM, _HEAD.pack(message.cic, 0x09), (), frame(message.other))


def _read_anm(cic: int, octets: bytes) -> Anm:
    return Anm(cic, tuple(split(ANM, octets)[1]))


def _write_con(message: Con) -> bytes:
    backward = message.backward_call
    fixed = _HEAD_PAIR.pack(message.cic, 0x07, backward >> 8, backward & 0xFF)
    return join(CON, fixed, (), frame(message.other))


def _read_con(cic: int, octets: bytes) -> Con:
    _, optional = split(CON, octets)
    return Con(cic, octets[3] << 8 | octets[4], tuple(optional))


def _write_rel(message: Rel) -> bytes:
    fixed = _HEAD.pack(message.cic, 0x0C)
    return join(REL, fixed, (pack_cause(message.cause),), frame(message.other))


def _read_rel(cic: int, octets: bytes) -> Rel:
    variable, optional = split(REL, octets)
    return Rel(cic, unpack_cause(variable[0]), tuple(optional))


def _write_rlc(message: Rlc) -> bytes:
    fixed = _HEAD.pack(message.cic, 0x10)
    return join(RLC, fixed, (), _frame_cause(message.cause, message.other))


def _read_rlc(cic: int, octets: bytes) -> Rlc:
    _, optional = split(RLC, octets)
    cause = _take_cause(optional)
    return Rlc(cic, cause, tuple(optional))


def _write_rsc(message: Rsc) -> bytes:
    return join(RSC, _HEAD.pack(message.cic, 0x12), (), b"")


def _read_rsc(cic: int, octets: bytes) -> Rsc:
    return Rsc(cic)


def _write_pam(message: Pam) -> bytes:
    if message.passed_type >> 8:
        raise IsupError(f"passed message type {message.passed_type}: 0 to 255")
    head = _HEAD_OCTET.pack(message.cic, PASS_ALONG_TYPE, message.passed_type)
    return _whole(head + message.body)


def _read_pam(cic: int, octets: bytes) -> Pam:
    if len(octets) <= HEAD_OCTETS:
        raise IsupError("PAM without a message to pass along (Q.763 Table 43)")
    return Pam(cic, octets[HEAD_OCTETS], octets[HEAD_OCTETS + 1 :])


def _write_crg(message: Crg) -> bytes:
    return _whole(_HEAD.pack(message.cic, CHARGE_TYPE) + message.body)


def _read_crg(cic: int, octets: bytes) -> Crg:
    return Crg(cic, octets[HEAD_OCTETS:])


def _write_unknown(message: Unknown) -> bytes:
    if message.message_type in READERS:
        raise IsupError(
            f"message type 0x{message.message_type:02x} is {MESSAGE_NAMES[message.message_type]}: "
            "it has a structure of its own"
        )
    return write_unknown(message)


def write_unknown(message: Unknown) -> bytes:
    """The octets of a message as they came."""
    return _whole(_HEAD.pack(message.cic, message.message_type) + message.body)


def _whole(octets: bytes) -> bytes:
    if len(octets) > MESSAGE_LIMIT_OCTETS:
        raise TooLongError(f"message of {len(octets)} octets: at most {MESSAGE_LIMIT_OCTETS} fit")
    return octets


def _frame_cause(cause: Cause | None, other: Other) -> bytes:
    """The optional part of a message that may carry cause indicators."""
    if cause is None:
        return _frame_without(CAUSE_INDICATORS, other)
    contents = pack_cause(cause)
    return b"\x12%c%b" % (len(contents), contents) + frame(other)


def _take_cause(optional: list[tuple[int, bytes]]) -> Cause | None:
    contents = take(optional, CAUSE_INDICATORS)
    return None if contents is None else unpack_cause(contents)


def _frame_without(code: int, other: Sequence[tuple[int, bytes]]) -> bytes:
    """Frame `other`, which must not hold the parameter that has a field, for the field is empty."""
    if not other:
        return b""
    if any(name == code for name, _ in other):
        raise IsupError(f"optional parameter 0x{code:02x} has a field of its own: set that")
    return frame(other)


def _misfit(message: Message) -> str:
    """Which octet-sized field of a message does not fit."""
    match message:
        case Iam():
            return (
                f"IAM: nature of connection {message.nature_of_connection}, forward call "
                f"indicators {message.forward_call}, category {message.category} or transmission "
                f"medium {message.medium} out of range"
            )
        case Acm() | Con():
            return f"backward call indicators {message.backward_call}: 0 to 65535"
        case Cpg():
            return f"event {message.event}: 0 to 255"
        case Unknown():
            return f"message type {message.message_type}: 0 to 255"
        case _:
            return f"circuit identification code {message.cic}"


_BY_HAND: dict[type[Message], tuple[Writer, Reader]] = {
    Iam: (_write_iam, _read_iam),
    Acm: (_write_acm, _read_acm),
    Cpg: (_write_cpg, _read_cpg),
    Anm: (_write_anm, _read_anm),
    Con: (_write_con, _read_con),
    Rel: (_write_rel, _read_rel),
    Rlc: (_write_rlc, _read_rlc),
    Rsc: (_write_rsc, _read_rsc),
}
"""The messages of every call: written out, for they are three times as fast so."""

WRITERS: dict[type[Message], Writer] = {
    **{kind: writer(kind, layout) for kind, layout in LAYOUTS.items() if kind not in _BY_HAND},
    **{kind: by_hand[0] for kind, by_hand in _BY_HAND.items()},
    Pam: _write_pam,
    Crg: _write_crg,
    Unknown: _write_unknown,
}

READERS: dict[int, Reader] = {
    **{
        layout.message_type: reader(kind, layout)
        for kind, layout in LAYOUTS.items()
        if kind not in _BY_HAND
    },
    **{LAYOUTS[kind].message_type: by_hand[1] for kind, by_hand in _BY_HAND.items()},
    PASS_ALONG_TYPE: _read_pam,
    CHARGE_TYPE: _read_crg,
}
