"""Line messages under mutation: Q.931 as calleq's lines and trunks speak it."""

from calleq.lines import elements, q931
from calleq.lines.messages import (
    Alerting,
    Connect,
    Disconnect,
    LineError,
    LineMessage,
    Notify,
    Proceeding,
    Progress,
    Release,
    ReleaseComplete,
    Screening,
    Setup,
)
from calleq.media.ports import Quality
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

HEADER_OCTETS = 2
_HEADERS = (b"\x08\x01", b"\x08\x02")


def line_samples() -> list[LineMessage]:
    """One message of every kind, with one and with two octets of call reference."""
    measured = Quality(1_500, 3, 2, 1, 2_500, 1_503, 4, 1_250, 40_000, 91.25, 4.38)
    return [
        Setup(5, "+12125550100", "+12125550140", "ABC Company"),
        Setup(300, "sip:ann@example.com", "+12", "", True, Screening.NETWORK),
        Alerting(5, True),
        Proceeding(300, True),
        Progress(300, True, True),
        Connect(5, True),
        Notify(5, True, True),
        Notify(5, False, True),
        Disconnect(300, 16),
        Release(5, 17, False, measured),
        ReleaseComplete(0x4000, 16, True, measured),
    ]


def target() -> Target:
    """The line codec."""

    def decode(octets: bytes) -> object:
        message = q931.decode(octets)
        assert q931.decode(q931.encode(message)) == message, octets.hex()
        return message

    def forget() -> None:
        q931.forget()

    return Target(
        name="lines",
        samples=[q931.encode(message) for message in line_samples()],
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: len(octets) >= 4 and octets[:2] in _HEADERS,
        decode=decode,
        refusal=LineError,
        decoder=(
            *functions_of(q931, "decode", "_message", "_elements", "_setup", "_is", "_cause"),
            *functions_of(elements, "called_of", "calling_of", "measured_of", "_address"),
        ),
        forget=forget,
    )
