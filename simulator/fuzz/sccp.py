"""The signalling connection control part under mutation: messages, addresses, management."""

from calleq.ss7.sccp import address_codec, codec, management_codec
from calleq.ss7.sccp.management_codec import Kind, Management
from calleq.ss7.sccp.messages import (
    Ludt,
    Ludts,
    Message,
    Segmentation,
    Udt,
    Udts,
    Xudt,
    Xudts,
)
from calleq.ss7.sccp.values import (
    FullTitle,
    GlobalTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    SccpError,
    SubsystemNumber,
    TranslationTitle,
    UnknownTitle,
)
from calleq.ss7.variant import ANSI, ITU, Variant
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

HEADER_OCTETS = 1

_MANAGED = PartyAddress(SubsystemNumber.MANAGEMENT)


def titles(variant: Variant) -> tuple[GlobalTitle, ...]:
    """A title of every kind that the variant has, with an even and an odd count of digits."""
    both: tuple[GlobalTitle, ...] = (
        TranslationTitle("180055501990", 9),
        PlanTitle("18005550199", 9, 1),
        PlanTitle("1800555019", 9, 7),
        PlanTitle("18bc", 9, 1, scheme=3),
        UnknownTitle(7, b"\x01\x02\x03"),
    )
    if variant is not ITU:
        return both
    return (
        *both,
        NatureTitle("18005550199", 4),
        NatureTitle("1800555019", 3),
        FullTitle("18005550199", 0, 1, 4),
        FullTitle("4912345678", 17, 7, 4),
        FullTitle("0102", 17, 7, 4, scheme=0),
    )


def addresses(variant: Variant) -> tuple[PartyAddress, ...]:
    """Addresses with and without each of their parts."""
    return (
        PartyAddress(241),
        PartyAddress(106, 4593),
        PartyAddress(point_code=300, national=True),
        *(PartyAddress(241, None, title, route_on_title=True) for title in titles(variant)),
        PartyAddress(8, 12, titles(variant)[1], route_on_title=False),
    )


def messages(variant: Variant) -> list[Message]:
    """Messages of every kind: every address called once, and calling once."""
    made: list[Message] = []
    first = Segmentation(first=True, remaining=3, reference=0x123456, in_sequence=True)
    last = Segmentation(first=False, remaining=0, reference=0x123456)
    known = addresses(variant)
    other = ((0x77, b"\x01\x02\x03"), (0x78, b""))
    for at, called in enumerate(known):
        calling = known[at - 1]
        made += [
            Udt(called, calling, b"unit data", at & 1, return_on_error=at % 3 == 0),
            Udts(called, calling, b"came back", at % 15),
            Xudt(called, calling, b"extended", 1, True, 15, first, 4, other),
            Xudt(called, calling, b"plain", 0, False, 1),
            Xudts(called, calling, b"came back", 12, 15, last, 7),
        ]
    made += [
        Ludt(known[0], known[1], bytes(280), 1, True, 3, None, 2, other),
        Ludts(known[0], known[1], b"long, came back", 14, 3, last),
    ]
    made += [Udt(_MANAGED, _MANAGED, data) for data in management_samples(variant)]
    return made


def management_samples(variant: Variant) -> list[bytes]:
    """One message of SCCP management of every kind."""
    return [
        management_codec.encode_management(Management(kind, 241, 4593, 1, level), variant)
        for kind in Kind
        if variant is ITU or kind is not Kind.SSC
        for level in ((7,) if kind is Kind.SSC else (0,))
    ]


def target() -> Target:
    """SCCP as ITU has it."""
    return _target("sccp", ITU)


def ansi_target() -> Target:
    """SCCP with the addresses of ANSI."""
    return _target("sccp-ansi", ANSI)


def _target(name: str, variant: Variant) -> Target:
    written = codec.message_codec(variant)

    def decode(octets: bytes) -> object:
        message = written.decode(octets)
        try:
            again = written.decode(written.encode(message))
        except SccpError as error:
            raise AssertionError(f"read, but not to be written: {error}") from error
        assert again == message, octets.hex()
        if message.called.ssn != SubsystemNumber.MANAGEMENT:
            return message
        told = management_codec.decode_management(message.data, variant)
        octets = management_codec.encode_management(told, variant)
        assert management_codec.decode_management(octets, variant) == told, octets.hex()
        return told

    return Target(
        name=name,
        samples=[written.encode(message) for message in messages(variant)],
        header_octets=HEADER_OCTETS,
        past_header=lambda octets: bool(octets) and octets[0] in codec.LAYOUTS,
        decode=decode,
        refusal=SccpError,
        forget=address_codec.forget,
        decoder=(
            *functions_of(
                codec, "decode", "_split", "_called", "_check_overlap", "_part", "_parameters"
            ),
            *functions_of(address_codec, "decode_address", "_decode_title", "_unpack"),
            *functions_of(management_codec, "decode_management"),
        ),
    )
