"""SCCP's messages to octets and back: golden octets, refusals, and pycrate's opinion."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from calleq.ss7.sccp import messages as m
from calleq.ss7.sccp.address_codec import decode_address, encode_address
from calleq.ss7.sccp.codec import LAYOUTS, decode, encode, message_codec
from calleq.ss7.sccp.management_codec import (
    Kind,
    Management,
    decode_management,
    encode_management,
)
from calleq.ss7.sccp.values import (
    FullTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    SccpError,
    TranslationTitle,
    UnknownTitle,
)
from calleq.ss7.variant import ANSI, ITU
from simulator.fuzz import sccp as samples
from tests import sccp_values as values

SCP = PartyAddress(241, title=FullTitle("18005550199"), route_on_title=True)
SSP = PartyAddress(106, 4593)
LONG_TITLE = PartyAddress(241, title=FullTitle("1" * 244))


class TestGoldenOctets:
    """Made by hand from Q.713; the parts of each stand apart."""

    @pytest.mark.parametrize(
        ("message", "octets"),
        [
            (
                m.Udt(SCP, SSP, b"\x62\x00", 1, True),
                "09 81 03 0e 12 0b12f10011048100550591 09 0443f1116a 026200",
            ),
            (
                m.Udts(SSP, SCP, b"\x62", 3),
                "0a 03 03 07 12 0443f1116a 0b12f1001104810055059109 0162",
            ),
            (
                m.Xudt(SSP, SSP, b"\x62", 1, True, 15, m.Segmentation(True, 2, 0x030201, True), 5),
                "11 81 0f 04 08 0c 0d 0443f1116a 0443f1116a 0162 1004c2010203 120105 00",
            ),
            (
                m.Xudts(SSP, SSP, b"\x62", 12, 14, None, None, ((0x77, b"\x09"),)),
                "12 0c 0e 04 08 0c 0d 0443f1116a 0443f1116a 0162 770109 00",
            ),
            (
                m.Ludt(SSP, SSP, b"\x62\x63", 0, False, 1),
                "13 00 01 0700 0a00 0d00 0000 0443f1116a 0443f1116a 0200 6263",
            ),
        ],
        ids=lambda value: type(value).__name__ if isinstance(value, m.Message) else "",
    )
    def test_octets(self, message: m.Message, octets: str) -> None:
        assert encode(message).hex() == octets.replace(" ", "")
        assert decode(bytes.fromhex(octets)) == message

    @pytest.mark.parametrize(
        ("address", "octets"),
        [
            (PartyAddress(), "40"),
            (PartyAddress(route_on_title=True), "00"),
            (PartyAddress(8, title=NatureTitle("123", 3), route_on_title=True), "06 08 83 21 03"),
            (PartyAddress(title=TranslationTitle("1234", 9), national=True), "c8 09 21 43"),
            (PartyAddress(6, 1, PlanTitle("12", 9, 7)), "4f 0100 06 09 72 21"),
            (PartyAddress(6, title=FullTitle("1a", 9, 7, 4, scheme=4)), "52 06 09 74 04 a1"),
            (PartyAddress(6, title=UnknownTitle(9, b"\x01")), "66 06 01"),
        ],
    )
    def test_addresses(self, address: PartyAddress, octets: str) -> None:
        assert encode_address(address).hex() == octets.replace(" ", "")
        assert decode_address(bytes.fromhex(octets)) == address

    def test_ansi_writes_the_subsystem_before_the_point_code_and_has_titles_of_its_own(
        self,
    ) -> None:
        address = PartyAddress(8, 0x010203, PlanTitle("18005550199", 10, 1), national=True)
        assert encode_address(address, ANSI).hex() == "c7080302010a118100550591" + "09"
        assert decode_address(encode_address(address, ANSI), ANSI) == address
        with pytest.raises(SccpError, match="no global title of ANSI"):
            encode_address(SCP, ANSI)
        unit = m.Udt(address, address, b"\xe2\x00")
        written = message_codec(ANSI)
        assert written.decode(written.encode(unit)) == unit

    def test_a_filler_other_than_zero_and_spare_bits_are_not_looked_at(self) -> None:
        assert decode_address(bytes.fromhex("1208001104 21f3")) == PartyAddress(
            8, title=FullTitle("123"), route_on_title=True
        )
        assert decode_address(bytes.fromhex("4301c0 08")) == PartyAddress(8, 1)

    def test_the_parts_may_come_in_any_order(self) -> None:
        found = decode(bytes.fromhex("0900 0b0501 026263 0443f1116a 0242f1"))
        assert found == m.Udt(PartyAddress(241), SSP, b"\x62\x63")


class TestRefusals:
    @pytest.mark.parametrize(
        ("octets", "why"),
        [
            ("", "no message"),
            ("01 00", "message type 0x01"),
            ("09 00 03", "ends before its pointers"),
            ("09 00 00 04 05 0142 0142 0162", "pointer leads to octet 2"),
            ("09 00 01 04 05 0142 0142 0162", "pointer leads to octet 3"),
            ("09 00 03 04 55 0142 0142 0162", "pointer leads"),
            ("09 00 03 04 05 0142 0142 0562", "a part ends"),
            ("09 00 03 04 05 0140 0140 00", "without data"),
            ("09 00 03 03 05 0140 0140 0162", "ends at octet|over each other|no octets|indicator"),
            ("09 02 03 04 05 0140 0140 0162", "class 2"),
            ("09 00 03 04 05 0140 00 000162", "address|part"),
            ("11 00 10 04 05 06 00 0140 0140 0162", "hop counter 16"),
            ("11 00 0f 04 05 06 07 0140 0140 0162 1004c2010203", "without an end"),
            ("11 00 0f 04 05 06 07 0140 0140 0162 1003c20102 00", "segmentation of 3"),
            ("11 00 0f 04 05 06 07 0140 0140 0162 12020102 00", "importance of 2"),
            ("11 00 0f 04 05 06 07 0140 0140 0162 120102 120102 00", "twice"),
            ("09 00 03 04 05 0140 0140 0162" + 300 * "00", "one signal unit"),
            ("09 00 03 02 01 0242f1", "over each other"),
        ],
    )
    def test_octets(self, octets: str, why: str) -> None:
        with pytest.raises(SccpError, match=why):
            decode(bytes.fromhex(octets))

    @pytest.mark.parametrize(
        ("octets", "why"),
        [
            ("", "without an address indicator"),
            ("43 f111", "indicator says 4"),
            ("42 f1 00", "after an address without"),
            ("04", "global title of 0"),
            ("10 00 11", "global title of 2"),
            ("04 83", "odd count"),
        ],
    )
    def test_addresses(self, octets: str, why: str) -> None:
        with pytest.raises(SccpError, match=why):
            decode_address(bytes.fromhex(octets))

    @pytest.mark.parametrize(
        ("address", "why"),
        [
            (PartyAddress(256), "subsystem number"),
            (PartyAddress(1, 1 << 14), "point code"),
            (PartyAddress(title=FullTitle("12 3")), "address signals"),
            (PartyAddress(title=FullTitle("1", 256)), "translation type"),
            (PartyAddress(title=FullTitle("1", 0, 16)), "numbering plan"),
            (PartyAddress(title=FullTitle("1", 0, 1, 128)), "nature"),
            (PartyAddress(title=FullTitle("11", scheme=1)), "encoding scheme"),
            (PartyAddress(title=FullTitle("1", scheme=0)), "half octets"),
            (PartyAddress(title=TranslationTitle("1")), "even count"),
            (PartyAddress(title=UnknownTitle(4, b"")), "not an unknown one"),
            (PartyAddress(title=FullTitle("1" * 510)), "at most 254"),
        ],
    )
    def test_address_fields(self, address: PartyAddress, why: str) -> None:
        with pytest.raises(SccpError, match=why):
            encode_address(address)

    @pytest.mark.parametrize(
        ("message", "why"),
        [
            (m.Udt(SSP, SSP, b""), "data of 0"),
            (m.Udt(SSP, SSP, bytes(256)), "data of 256"),
            (m.Udt(SCP, SCP, bytes(240)), "one signal unit"),
            (m.Udt(SSP, SSP, b"a", 2), "protocol class 2"),
            (m.Udts(SSP, SSP, b"a", 256), "return cause"),
            (m.Xudt(SSP, SSP, bytes(255)), "one signal unit"),
            # Two that the unit would hold, but not the pointers (an OverflowError once).
            (m.Xudt(SSP, SSP, bytes(246), importance=1), "a pointer of 258"),
            (m.Udt(LONG_TITLE, LONG_TITLE, b"a"), "a pointer of 257"),
            (m.Xudt(SSP, SSP, b"a", hop_counter=16), "hop counter"),
            (m.Xudt(SSP, SSP, b"a", segmentation=m.Segmentation(True, 16, 0)), "3.17"),
            (m.Xudt(SSP, SSP, b"a", segmentation=m.Segmentation(True, 0, 1 << 24)), "3.17"),
            (m.Xudt(SSP, SSP, b"a", importance=8), "importance"),
            (m.Xudt(SSP, SSP, b"a", other=((0x10, b""),)), "field of its own"),
            (m.Xudt(SSP, SSP, b"a", other=((0x77, bytes(256)),)), "at most 255"),
            (m.Xudt(SSP, SSP, b"a", other=((256, b""),)), "parameter 256"),
            (m.Ludt(SSP, SSP, bytes(3_953)), "data of 3953"),
        ],
    )
    def test_message_fields(self, message: m.Message, why: str) -> None:
        with pytest.raises(SccpError, match=why):
            encode(message)

    @pytest.mark.parametrize("data", ["", "07f1f11100", "02f1f111", "06f1f1110000"[:10]])
    def test_management(self, data: str) -> None:
        with pytest.raises(SccpError):
            decode_management(bytes.fromhex(data))

    @pytest.mark.parametrize(
        "message",
        [
            Management(Kind.SSA, 256, 1),
            Management(Kind.SSA, 1, 1 << 14),
            Management(Kind.SSA, 1, 1, 4),
            Management(Kind.SSC, 1, 1, 0, 16),
        ],
    )
    def test_management_fields(self, message: Management) -> None:
        with pytest.raises(SccpError):
            encode_management(message)


class TestRoundTrips:
    @given(values.messages())
    @settings(max_examples=300, deadline=None)
    def test_every_message_is_read_as_it_was_written(self, message: m.Message) -> None:
        assert decode(encode(message)) == message

    @given(values.MANAGEMENTS)
    @settings(max_examples=100, deadline=None)
    def test_every_management_message_too(self, message: Management) -> None:
        assert decode_management(encode_management(message)) == message
        if message.kind is not Kind.SSC:
            assert decode_management(encode_management(message, ANSI), ANSI) == message

    @pytest.mark.parametrize("variant", [ITU, ANSI], ids=lambda one: one.name)
    def test_every_cut_of_every_message_is_refused_or_read(self, variant: Any) -> None:
        written = message_codec(variant)
        for message in samples.messages(variant):
            octets = written.encode(message)
            for end in range(len(octets)):
                with pytest.raises(SccpError):
                    written.decode(octets[:end])


pycrate = pytest.importorskip("pycrate_mobile.SCCP")
Element = Any

NUMBERED = values.addresses(values.titles(values.NUMBERS))
"""pycrate writes decimal digits only."""


def address_of(element: Element) -> PartyAddress:
    """What pycrate read of an address."""
    indicator, code, ssn, title = (element[1][at] for at in range(4))
    found: Any = None
    digits = None
    alternative = title.get_alt() if indicator["GTInd"].get_val() else None
    if alternative is not None:
        held = alternative.get_val()
        octets = alternative[len(held) - 1].to_bytes()
        digits = "".join(f"{octet & 15:x}{octet >> 4:x}" for octet in octets)
    match indicator["GTInd"].get_val():
        case 1:
            odd, nature = alternative["OE"].get_val(), alternative["NAI"].get_val()
            found = NatureTitle(digits[:-1] if odd else digits, nature)
        case 2:
            found = TranslationTitle(digits, alternative["TranslationType"].get_val())
        case 3 | 4 as kind:
            scheme = alternative["EncodingScheme"].get_val()
            digits = digits[:-1] if scheme == 1 else digits
            fields = [alternative["TranslationType"], alternative["NumberingPlan"]]
            fields += [alternative["NAI"]] if kind == 4 else []
            other = None if scheme in (1, 2) else scheme
            of = PlanTitle if kind == 3 else FullTitle
            found = of(digits, *(one.get_val() for one in fields), other)
    return PartyAddress(
        ssn.get_val() if indicator["SSNInd"].get_val() else None,
        code.get_val() if indicator["PCInd"].get_val() else None,
        found,
        not indicator["RoutingInd"].get_val(),
        bool(indicator["res"].get_val()),
    )


def fields_of(message: m.Message) -> dict[str, object]:
    """The fields of a message as pycrate names them."""
    fields: dict[str, object] = {"Data": message.data}
    if isinstance(message, m.Udt | m.Xudt):
        fields["Class"] = message.protocol_class
        fields["Handling"] = 8 * message.return_on_error
    else:
        fields["RetCause"] = message.cause
    if isinstance(message, m.Xudt | m.Xudts):
        fields["HopCounter"] = message.hop_counter
        if message.importance is not None:
            fields["Importance"] = message.importance
        part = message.segmentation
        if part is not None:
            reference = int.from_bytes(part.reference.to_bytes(3, "little"), "big")
            fields["Segmentation"] = [part.first, part.in_sequence, 0, part.remaining, reference]
    return fields


def fields_read(element: Element) -> dict[str, object]:
    """The same out of what pycrate read."""
    data = element["LongData"] if "LongData" in element._by_name else element["Data"]
    fields: dict[str, object] = {"Data": data[1].get_val()}
    for part in element:
        if part._name == "ProtocolClass":
            fields["Class"] = part["Class"].get_val()
            fields["Handling"] = part["Handling"].get_val()
        elif part._name in ("RetCause", "HopCounter"):
            fields[part._name] = part.get_val()
        elif part._name == "Opt":
            for option in part:
                if not option.get_trans() and option._name in ("Segmentation", "Importance"):
                    value = option[2].get_val()
                    fields[option._name] = value if option._name == "Segmentation" else value[1]
    return fields


KINDS = {m.Udt: 9, m.Udts: 10, m.Xudt: 17, m.Xudts: 18, m.Ludt: 19, m.Ludts: 20}


@given(values.messages(NUMBERED, st.just(())))
@settings(max_examples=150, deadline=None)
def test_pycrate_reads_the_same_fields(message: m.Message) -> None:
    element, error = pycrate.parse_SCCP(encode(message))
    assert not error
    assert element[0].get_val() == KINDS[type(message)]
    assert address_of(element["CalledPartyAddr"]) == message.called
    assert address_of(element["CallingPartyAddr"]) == message.calling
    assert fields_read(element) == fields_of(message)


@given(values.messages(NUMBERED, st.just(())))
@settings(max_examples=150, deadline=None)
def test_what_pycrate_writes_is_read_and_written_the_same(message: m.Message) -> None:
    """Its optional parameters cannot be set one by one; see the reading."""
    if isinstance(message, m.Xudt | m.Xudts):
        message = replace(message, segmentation=None, importance=None)
    fields = fields_of(message)
    made: dict[str, object] = {
        "CalledPartyAddr": {"Value": address_values(message.called)},
        "CallingPartyAddr": {"Value": address_values(message.calling)},
    }
    long = isinstance(message, m.Ludt | m.Ludts)
    made["LongData" if long else "Data"] = {"Value": message.data}
    if "Class" in fields:
        made["ProtocolClass"] = {name: fields[name] for name in ("Handling", "Class")}
    made |= {name: fields[name] for name in ("RetCause", "HopCounter") if name in fields}
    element = pycrate.SCCPTypeClasses[KINDS[type(message)]](val=made)
    octets = element.to_bytes()
    assert decode(octets) == message
    assert encode(message) == octets


def address_values(address: PartyAddress) -> dict[str, object]:
    """The values that pycrate writes an address of."""
    title = address.title
    kinds = (NatureTitle, TranslationTitle, PlanTitle, FullTitle)
    kind = 0 if title is None else kinds.index(type(title)) + 1  # type: ignore[arg-type]
    found: dict[str, object] = {
        "AddrInd": {
            "res": int(address.national),
            "RoutingInd": int(not address.route_on_title),
            "GTInd": kind,
            "SSNInd": int(address.ssn is not None),
            "PCInd": int(address.point_code is not None),
        }
    }
    if address.ssn is not None:
        found["SSN"] = address.ssn
    if address.point_code is not None:
        found["PC"] = address.point_code
    if title is None or isinstance(title, UnknownTitle):
        return found
    digits = title.digits + "0" * (len(title.digits) % 2)
    packed = bytes(int(digits[at + 1] + digits[at], 16) for at in range(0, len(digits), 2))
    odd = len(title.digits) % 2
    match title:
        case NatureTitle(_, nature):
            found["GT"] = {"OE": odd, "NAI": nature, "Addr": packed}
        case TranslationTitle(_, translation_type):
            found["GT"] = {"TranslationType": translation_type, "Addr": packed}
        case PlanTitle(_, translation_type, plan, scheme):
            coding = 2 - odd if scheme is None else scheme
            found["GT"] = {
                "TranslationType": translation_type,
                "NumberingPlan": plan,
                "EncodingScheme": coding,
                "Addr": packed,
            }
        case FullTitle(_, translation_type, plan, nature, scheme):
            coding = 2 - odd if scheme is None else scheme
            found["GT"] = {
                "TranslationType": translation_type,
                "NumberingPlan": plan,
                "EncodingScheme": coding,
                "NAI": nature,
                "Addr": packed,
            }
    return found


def test_every_kind_of_message_is_in_both_tables() -> None:
    assert {code: layout.name for code, layout in LAYOUTS.items()} == {
        code: kind.__name__.upper() for kind, code in KINDS.items()
    }
