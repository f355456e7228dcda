"""Messages of TCAP: some of every kind, as many drawn ones as are wanted, and in other forms."""

import random

from calleq.ss7 import ber
from calleq.ss7.tcap import codec
from calleq.ss7.tcap.components import (
    Code,
    Component,
    Invoke,
    Problem,
    Reject,
    ReturnError,
    ReturnResult,
)
from calleq.ss7.tcap.messages import (
    Abort,
    Begin,
    Continue,
    Diagnostic,
    DialogueAbort,
    DialoguePortion,
    DialogueRequest,
    DialogueResponse,
    End,
    Message,
    OtherDialogue,
    Unidirectional,
    UnidirectionalDialogue,
)

CONTEXTS = ((0, 4, 0, 1, 1, 1, 0, 0), (0, 4, 0, 1, 21, 3, 4, 0), (2, 999, 3))
INFORMATION = ber.write_external((1, 2, 826), bytes.fromhex("040102"))
PARAMETERS = (
    b"",
    ber.tlv(ber.OCTET_STRING, b"one"),
    ber.tlv(ber.OCTET_STRING, bytes(200)),
    ber.tlv(ber.OCTET_STRING, bytes(300)),
)
NESTED = ber.constructed(ber.SEQUENCE, ber.tlv(0x80, b"\x01"), ber.tlv(0xBF32, PARAMETERS[1]))

PORTIONS: tuple[DialoguePortion | None, ...] = (
    None,
    DialogueRequest(CONTEXTS[0]),
    DialogueRequest(CONTEXTS[1], INFORMATION),
    DialogueRequest(CONTEXTS[0], version1=False),
    *[DialogueResponse(CONTEXTS[0], False, one) for one in Diagnostic],
    DialogueResponse(CONTEXTS[2], True, Diagnostic.USER_NULL, INFORMATION * 2),
    DialogueAbort(True),
    DialogueAbort(False, INFORMATION),
    UnidirectionalDialogue(CONTEXTS[0], INFORMATION),
    OtherDialogue(ber.write_external((1, 2, 3), b"\x05\x00")),
    OtherDialogue(ber.write_external(None, b"ab", ber.OCTET_ALIGNED)),
    OtherDialogue(ber.tlv(ber.EXTERNAL, bytes.fromhex("02010307017881026162"))),
)
CODES: tuple[Code, ...] = (0, 20, 127, 300, -1, (1, 2, 826, 5))


def every_component() -> list[Component]:
    """Components of every kind, with all that they may have and with little."""
    found: list[Component] = [Invoke(1, 0, NESTED), Invoke(-128, 300, PARAMETERS[3], 7)]
    for code in CODES:
        found += [Invoke(3, code), Invoke(127, code, PARAMETERS[1], -2)]
        found += [ReturnResult(-1, code, PARAMETERS[1]), ReturnError(9, code)]
        found += [ReturnResult(8, code, NESTED, last=False), ReturnError(9, code, PARAMETERS[1])]
    found += [ReturnResult(4), ReturnResult(4, last=False)]
    found += [Reject(None, one) for one in Problem]
    found += [Reject(-7, one) for one in Problem]
    return found


def every_message() -> list[Message]:
    """Messages of every kind, with every dialogue portion and component in some."""
    components = every_component()
    found: list[Message] = [
        Begin(b"\x01", one, (components[at],)) for at, one in enumerate(PORTIONS)
    ]
    found += [Begin(b"\x01\x02\x03\x04"), Begin(b"\x01", PORTIONS[1])]
    found += [End(b"\xff\xff\xff\xff", one) for one in PORTIONS]
    found += [Abort(b"\x01\x02", None, one) for one in PORTIONS]
    found += [Abort(b"\x01\x02\x03", one) for one in (0, 1, 2, 3, 4, 127)]
    found += [
        Continue(b"\x01", b"\x01\x02\x03\x04", None, tuple(components[at : at + 2]))
        for at in range(len(components))
    ]
    found += [Continue(b"\x01", b"\x01\x02\x03\x04", one) for one in PORTIONS]
    found += [Abort(b"\x01\x02\x03\x04", None, one) for one in PORTIONS]
    found += [Unidirectional(one, (components[0],)) for one in PORTIONS]
    return found


def message(draw: random.Random) -> Message:
    """A message drawn at random."""
    components = tuple(component(draw) for _ in range(draw.randint(0, 4)))
    portion = draw.choice(PORTIONS) if draw.random() < 0.5 else None
    ours, theirs = _identifier(draw), _identifier(draw)
    match draw.randrange(6):
        case 0 | 1:
            return Begin(ours, portion, components)
        case 2:
            return Continue(ours, theirs, portion, components)
        case 3:
            return End(theirs, portion, components)
        case 4:
            cause = draw.choice((None, draw.randrange(128)))
            return Abort(theirs, cause, portion if cause is None else None)
        case _:
            return Unidirectional(portion, (component(draw), *components))


def component(draw: random.Random) -> Component:
    """A component drawn at random; its parameter is an octet string."""
    invoke_id = draw.randint(-128, 127)
    code = draw.choice((draw.randint(0, 255), draw.randint(-70_000, 70_000), CODES[-1]))
    parameter = ber.tlv(ber.OCTET_STRING, draw.randbytes(draw.choice((0, 1, 9, 130, 260))))
    if draw.random() < 0.3:
        parameter = b""
    match draw.randrange(5):
        case 0 | 1:
            linked = draw.choice((None, draw.randint(-128, 127)))
            return Invoke(invoke_id, code, parameter, linked)
        case 2:
            operation = code if parameter else None
            return ReturnResult(invoke_id, operation, parameter, draw.random() < 0.5)
        case 3:
            return ReturnError(invoke_id, code, parameter)
        case _:
            return Reject(draw.choice((None, invoke_id)), draw.choice(tuple(Problem)))


def _identifier(draw: random.Random) -> bytes:
    return draw.randbytes(draw.randint(1, 4))


def indefinite(octets: bytes) -> bytes:
    """The same elements with every constructed one of indefinite length."""
    return b"".join(
        _head(octets, tag) + b"\x80" + indefinite(octets[start:stop]) + b"\0\0"
        if ber.is_constructed(tag)
        else ber.tlv(tag, octets[start:stop])
        for tag, start, stop in ber.elements(octets, 0, len(octets))
    )


def overlong(octets: bytes, count: int = 4) -> bytes:
    """The same elements with every length in that many octets after the one that counts them."""
    return b"".join(
        _head(octets, tag)
        + bytes((0x80 | count,))
        + len(contents).to_bytes(count, "big")
        + contents
        for tag, contents in (
            (tag, overlong(inner, count) if ber.is_constructed(tag) else inner)
            for tag, inner in (
                (tag, octets[start:stop])
                for tag, start, stop in ber.elements(octets, 0, len(octets))
            )
        )
    )


def _head(octets: bytes, tag: int) -> bytes:
    return tag.to_bytes((tag.bit_length() + 7) // 8, "big")


def encoded() -> list[bytes]:
    """Every message as octets, some in other forms, and some that are wrong inside."""
    plain = [codec.encode(one) for one in every_message()]
    return [
        *plain,
        *[indefinite(one) for one in plain[::2]],
        *[overlong(one) for one in plain[::9]],
    ]
