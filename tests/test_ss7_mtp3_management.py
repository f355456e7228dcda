"""Units and management messages of level 3, ITU and ANSI: octets both ways, refusals by name."""

import pytest
from msgspec.structs import replace

from calleq.ss7 import mtp3_codec, mtp3_management_codec
from calleq.ss7 import mtp3_management as management
from calleq.ss7.mtp3 import Msu, Mtp3Error
from calleq.ss7.variant import ANSI, ANSI_5, ITU, VARIANTS, Variant
from calleq.topology import point_code_text
from simulator.fuzz.mtp3 import management_samples


@pytest.mark.parametrize("variant", [ITU, ANSI, ANSI_5], ids=lambda one: one.name)
def test_units_and_management_messages_come_back_as_they_were(variant: Variant) -> None:
    units = mtp3_codec.unit_codec(variant)
    top = (1 << variant.point_code_bits) - 1
    for message in management_samples(variant):
        msu = mtp3_management_codec.to_msu(message, top, 1, 0, variant)
        assert units.decode(units.encode(msu)) == msu
        assert mtp3_management_codec.from_msu(msu, variant) == message
    odd = management.UnknownManagement(0xFF, b"\x01", 3)
    assert mtp3_management_codec.from_msu(
        mtp3_management_codec.to_msu(odd, 2, 1, variant=variant), variant
    ) == replace(odd, selection=3)
    assert VARIANTS[variant.name] is variant


GOLDEN: list[tuple[management.Management, Variant, str]] = [
    (management.Coo(5, 77), ITU, "11 4d"),
    (management.Coo(5, 77), ANSI, "11 d5 04"),
    (management.Xco(5, 0x123456), ITU, "31 56 34 12"),
    (management.Cbd(5, 200), ANSI, "51 85 0c"),
    (management.Eco(5), ITU, "12"),
    (management.Tfc(300, 2), ITU, "23 2c 81"),
    (management.Tfp(0x010203), ANSI, "14 03 02 01"),
    (management.Upu(300, 5, 1), ITU, "1a 2c 01 15"),
    (management.Lin(5), ANSI, "16 05"),
    (management.Tra(), ITU, "17"),
    (management.Sltm(5, b"hi"), ITU, "11 20 68 69"),
    (management.Slta(5, b"hi"), ANSI, "21 25 68 69"),
]


@pytest.mark.parametrize(
    ("message", "variant", "octets"), GOLDEN, ids=lambda one: type(one).__name__
)
def test_golden_management_messages(
    message: management.Management, variant: Variant, octets: str
) -> None:
    msu = mtp3_management_codec.to_msu(message, 2, 1, variant=variant)
    assert msu.payload.hex(" ") == octets
    link = getattr(message, "slc", 0)
    assert msu.selection == (link if variant is ITU else 0)


@pytest.mark.parametrize(
    ("message", "variant"),
    [
        (management.Coo(5, 128), ITU),
        (management.Tfp(1 << 14), ITU),
        (management.Tcp(1), ITU),
        (management.Upu(1, 16), ITU),
        (management.Lin(16), ANSI),
        (management.Sltm(1, b""), ITU),
        (management.Sltm(16, b"x"), ITU),
        (management.Slta(1, bytes(16)), ANSI),
    ],
)
def test_management_messages_that_do_not_fit_are_refused(
    message: management.Management, variant: Variant
) -> None:
    with pytest.raises(Mtp3Error):
        mtp3_management_codec.to_msu(message, 2, 1, variant=variant)


@pytest.mark.parametrize(
    ("service", "payload"),
    [(0, ""), (0, "14 2c"), (1, "14 00"), (1, "11"), (1, "11 00"), (1, "11 30 68 69"), (3, "11")],
)
def test_octets_that_are_no_management_message_are_refused(service: int, payload: str) -> None:
    with pytest.raises(Mtp3Error):
        mtp3_management_codec.from_msu(Msu(2, 1, 0, bytes.fromhex(payload), service))


@pytest.mark.parametrize(
    ("msu", "wrong"),
    [
        (Msu(1 << 24, 1, 0, b""), "destination"),
        (Msu(1, 1, 256, b""), "selection"),
        (Msu(1, 1, 0, b"", priority=4), "priority"),
        (Msu(1, 1, 0, bytes(266)), "at most 265"),
    ],
)
def test_ansi_units_that_do_not_fit_are_refused(msu: Msu, wrong: str) -> None:
    with pytest.raises(Mtp3Error, match=wrong):
        mtp3_codec.unit_codec(ANSI).encode(msu)
    with pytest.raises(Mtp3Error, match="8 to 273"):
        mtp3_codec.unit_codec(ANSI).decode(b"\x85")


def test_an_ansi_unit_keeps_its_priority_and_a_narrow_selection_its_five_bits() -> None:
    unit = Msu(0x010203, 0x040506, 0xFF, b"x", priority=2)
    octets = mtp3_codec.unit_codec(ANSI).encode(unit)
    assert mtp3_codec.unit_codec(ANSI).decode(octets) == unit
    assert mtp3_codec.unit_codec(ANSI_5).decode(octets).selection == 0x1F
    assert point_code_text(0x010203, "ansi") == "1-2-3"
