"""ISUP under mutation: messages decoded, their parameters read typed, and all encoded again."""

from types import FunctionType

from calleq.ss7.isup import (
    ansi,
    codec,
    compatibility,
    losses,
    numbers,
    optional,
    optional_codec,
    optional_shapes,
    parameters,
    segmentation,
)
from calleq.ss7.isup.describe import describe
from calleq.ss7.isup.messages import IsupError, Message, Unknown
from calleq.ss7.variant import ANSI, ITU, Variant
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.isup_samples import ANSI_PLAIN, PLAIN, ansi_form, every_message
from simulator.fuzz.target import Target

HEADER_OCTETS = 3


def decode_all(octets: bytes, variant: Variant) -> Message:
    """Decode a message and all that is in it; what comes out must encode to the same message."""
    encode, decode = ansi.message_codec(variant)
    message = decode(octets)
    again = encode(message)
    assert decode(again) == message, octets.hex()
    if again != octets:
        assert losses.losses(octets, variant), octets.hex()
    describe(message)
    for code, contents in getattr(message, "other", ()):
        try:
            value = optional.typed(code, contents)
        except IsupError:
            continue
        assert optional.typed(code, optional.contents(code, value)) == value, contents.hex()
    compatibility.parameter_instructions(getattr(message, "other", ()))
    segmentation.announces_segment(message)
    if isinstance(message, Unknown):
        compatibility.message_instructions(message.body)
    return message


def target() -> Target:
    """ISUP as ITU has it."""
    return _target("isup", ITU, [codec.encode(message) for message in every_message()])


def ansi_target() -> Target:
    """ISUP as ANSI has it."""
    samples = [ansi.encode(message) for message in ANSI_PLAIN]
    samples += [ansi.encode(one) for one in ansi_form(PLAIN)]
    return _target("isup-ansi", ANSI, samples)


def _target(name: str, variant: Variant, samples: list[bytes]) -> Target:
    known = frozenset(sample[2] for sample in samples)

    def decode(octets: bytes) -> Message:
        return decode_all(octets, variant)

    return Target(
        name=name,
        samples=samples,
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: len(octets) >= HEADER_OCTETS and octets[2] in known,
        decode=decode,
        refusal=IsupError,
        decoder=_ansi_decoder() if variant is ANSI else _decoder(),
        forget=ansi.forget if variant is ANSI else codec.forget,
    )


def _decoder() -> tuple[FunctionType, ...]:
    """Whatever looks at received octets; readers made at import are there as one of them."""
    return (
        *functions_of(codec, "decode", "_decode", "_read", "_take"),
        *_made(codec.READERS[0x02]),
        *functions_of(numbers, "unpack"),
        *functions_of(parameters, "split", "take", "unpack"),
        *functions_of(optional, "typed"),
        *_made(optional.CODECS[0x3D][1]),
        *functions_of(optional_codec, "unpack", "_first", "_check"),
        *functions_of(optional_shapes, "unpack", "_take"),
    )


def _ansi_decoder() -> tuple[FunctionType, ...]:
    """What ANSI does not share with ITU."""
    return functions_of(ansi, "decode", "_decode", "_read")


def _made(function: object) -> tuple[FunctionType, ...]:
    return (function,) if isinstance(function, FunctionType) else ()
