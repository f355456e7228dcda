"""Level 3 under mutation: units, and the management messages in them."""

from calleq.ss7 import mtp3_codec, mtp3_management_codec
from calleq.ss7 import mtp3_management as m
from calleq.ss7.mtp3 import SERVICE_ISUP, Msu, Mtp3Error
from calleq.ss7.variant import ANSI, ITU, Variant
from simulator.fuzz.coverage_of import functions_of
from simulator.fuzz.target import Target

_DESTINATION = {"ITU": 300, "ANSI": 0x010203}
_FIELDS = {
    "slc": 5,
    "fsn": 77,
    "code": 200,
    "status": 2,
    "data_link": 0xABC,
    "user": 5,
    "cause": 1,
    "pattern": b"\x54\x65\x73\x74",
}


def management_samples(variant: Variant) -> list[m.Management]:
    """One message of every kind that the variant has."""
    values = {**_FIELDS, "destination": _DESTINATION["ITU" if variant is ITU else "ANSI"]}
    layouts = mtp3_management_codec.NETWORK_LAYOUTS | mtp3_management_codec.TEST_LAYOUTS
    return [
        kind(**{name: values[name] for name in kind.__struct_fields__})  # type: ignore[arg-type]
        for kind, layout in layouts.items()
        if variant is not ITU or not layout.ansi_alone
    ]


def target() -> Target:
    """Level 3 as ITU has it."""
    return _target("mtp3", ITU)


def ansi_target() -> Target:
    """Level 3 as ANSI has it."""
    return _target("mtp3-ansi", ANSI)


def _target(name: str, variant: Variant) -> Target:
    units = mtp3_codec.unit_codec(variant)
    head = 1 + variant.label_octets
    samples = [
        units.encode(mtp3_management_codec.to_msu(message, 2, 1, variant=variant))
        for message in management_samples(variant)
    ]
    samples.append(units.encode(Msu(2, 1, 3, bytes(20), SERVICE_ISUP)))

    def decode(octets: bytes) -> object:
        msu = units.decode(octets)
        assert units.decode(units.encode(msu)) == msu, octets.hex()
        if msu.service == SERVICE_ISUP:
            return msu
        message = mtp3_management_codec.from_msu(msu, variant)
        again = mtp3_management_codec.to_msu(
            message, msu.destination, msu.origin, msu.network, variant, msu.selection
        )
        assert mtp3_management_codec.from_msu(again, variant) == message, octets.hex()
        return message

    services = frozenset(sample[0] & 15 for sample in samples)
    own = "decode" if variant is ITU else "_decode"
    return Target(
        name=name,
        samples=samples,
        header_octets=head,
        past_header=lambda octets: len(octets) >= head and octets[0] & 15 in services,
        decode=decode,
        refusal=Mtp3Error,
        forget=mtp3_codec.forget,
        decoder=(
            *functions_of(mtp3_codec, own),
            *functions_of(mtp3_management_codec, "from_msu", "_places", "_test_message"),
        ),
    )
