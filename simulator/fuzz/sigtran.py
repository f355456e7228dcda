"""M2PA and M3UA under mutation: what comes over a stream, cut into messages and read.

Both protocols begin with a header whose length says where a message ends, so that damage behind it
would hardly ever be looked at: of three messages out of four the length is put right first.
"""

from collections.abc import Callable
from struct import Struct
from types import FunctionType

from calleq.ss7.m2pa import Deframer, M2paError, Status, frames
from calleq.ss7.m3ua import codec, parameters
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua.messages import M3uaError
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

HEADER_OCTETS = 8
_LENGTH = Struct(">I")
_LENGTH_AT = 4


def with_its_length(octets: bytes) -> bytes:
    """The octets with their own length in the header; one message in four as it is."""
    if len(octets) < HEADER_OCTETS or sum(octets) % 4 == 0:
        return octets
    head, rest = octets[:_LENGTH_AT], octets[HEADER_OCTETS:]
    return head + _LENGTH.pack(len(octets)) + rest


def _target(
    name: str,
    samples: list[bytes],
    kinds: slice,
    decode: Callable[[bytes], object],
    refusal: type[Exception],
    *decoder: object,
) -> Target:
    known = frozenset(sample[kinds] for sample in samples)
    return Target(
        name=name,
        samples=samples,
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: len(octets) >= HEADER_OCTETS and octets[kinds] in known,
        decode=decode,
        refusal=refusal,
        decoder=tuple(one for one in decoder if isinstance(one, FunctionType)),
    )


# M2PA


def m2pa_samples() -> list[bytes]:
    """One frame of every kind."""
    return [
        frames.acknowledgement_frame(7, 0xFFFFFF),
        frames.unit_frame(7, 8, bytes.fromhex("85d10120210001000a00020907")),
        *(frames.status_frame(7, 8, status) for status in Status),
        frames.status_frame(7, 8, Status.PROVING_EMERGENCY, b"ssp-62/3"),
    ]


def decode_frames(octets: bytes) -> list[frames.Frame]:
    """Cut a stream into frames and read them; each must be written as it was read."""
    octets = with_its_length(octets)
    deframer, found = Deframer(), []
    # As it might arrive: in two pieces.
    for piece in (octets[: len(octets) // 2], octets[len(octets) // 2 :]):
        found += deframer.frames(piece)
    if not found:
        # Too short, or the rest is still to come.
        return [frames.decode(octets)]
    read = [frames.decode(one) for one in found]
    for frame in read:
        assert frames.decode(_written(frame)) == frame, octets.hex()
    return read


def _written(frame: frames.Frame) -> bytes:
    if frame.status is not None:
        return frames.status_frame(frame.bsn, frame.fsn, frame.status, frame.body)
    if not frame.body:
        return frames.acknowledgement_frame(frame.bsn, frame.fsn)
    unit = frames.unit_frame(frame.bsn, frame.fsn, frame.body[1:])
    return unit[: frames.HEADER_OCTETS] + frame.body


def m2pa() -> Target:
    """Level 2 over a stream."""
    return _target(
        "m2pa",
        m2pa_samples(),
        slice(0, _LENGTH_AT),
        decode_frames,
        M2paError,
        *functions_of(frames, "decode", "_check"),
        Deframer.frames,
    )


# M3UA


def m3ua_samples() -> list[m.Message]:
    """One message of every kind, with every parameter that it may have."""
    points = (m.Affected(4593), m.Affected(0x010203, 8))
    where = (points, (22, 23), 5, "info")
    key = m.RoutingKey(1, (4593, 4594), 22, 2, 5, b"\x03\x05", points)
    return [
        m.Data(4593, 4609, 5, 2, 1, bytes(range(20)), 1, 22, 5, 6),
        m.Data(4593, 4609, 5, 2, 1, b"\x01"),
        m.Duna(*where),
        m.Dava(*where),
        m.Daud(*where),
        m.Drst(*where),
        m.Scon(*where, concerned=4609, level=2),
        m.Dupu(points, 1, 5, (22,), 5, "info"),
        m.AspUp(7, "info"),
        m.AspUpAck(7, "info"),
        m.AspDown("info"),
        m.AspDownAck("info"),
        m.Beat(b"beat it"),
        m.BeatAck(b"beat it"),
        m.AspActive(2, (22,), "info"),
        m.AspActiveAck(2, (22,), "info"),
        m.AspInactive((22,), "info"),
        m.AspInactiveAck((22,), "info"),
        m.RegistrationRequest((key, m.RoutingKey(2, (4609,)))),
        m.RegistrationResponse((m.RegistrationResult(1, 0, 22), m.RegistrationResult(2, 4))),
        m.DeregistrationRequest((22, 23)),
        m.DeregistrationResponse((m.DeregistrationResult(22, 0),)),
        m.Error(0x19, (22,), 5, points, b"\x01\x00\x04\x01"),
        m.Notify(1, 3, 7, (22,), "info", other=((0x4001, b"unknown"),)),
    ]


def decode_messages(octets: bytes) -> list[m.Message]:
    """Cut a stream into messages and read them; each must be written as it was read."""
    octets = with_its_length(octets)
    found = codec.Framer().receive(octets) or [octets]
    read = [codec.decode(one) for one in found]
    for message in read:
        try:
            again = codec.encode(message)
        except M3uaError as error:
            raise AssertionError(f"{octets.hex()}: read, but not to be written") from error
        assert codec.decode(again) == message, octets.hex()
    return read


def m3ua() -> Target:
    """M3UA over a stream."""
    return _target(
        "m3ua",
        [codec.encode(message) for message in m3ua_samples()],
        slice(0, _LENGTH_AT),
        decode_messages,
        M3uaError,
        *functions_of(codec, "decode", "_decode", "_fill"),
        codec.Framer.receive,
        *functions_of(parameters, "parse", "_unpack", "_quarters", "_one", "_need"),
    )
