"""SCCP in words and in ladders."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from calleq.runtime.tap import Segment
from calleq.ss7 import mtp3_codec
from calleq.ss7.mtp3 import Msu
from calleq.ss7.sccp import messages as m
from calleq.ss7.sccp.codec import encode
from calleq.ss7.sccp.describe import address_text, describe
from calleq.ss7.sccp.management_codec import Kind, Management, encode_management
from calleq.ss7.sccp.values import (
    SERVICE_SCCP,
    FullTitle,
    NatureTitle,
    PartyAddress,
    PlanTitle,
    TranslationTitle,
    UnknownTitle,
)
from calleq.trace.capture import Captured
from calleq.trace.decoding import Decoders, reading
from calleq.trace.ladder import ladder
from calleq.trace.render import render_text
from tests import sccp_values as values
from tests.sccp_scene import FREEPHONE, SCP, SSP

TITLED = PartyAddress(241, title=FREEPHONE, route_on_title=True)
NUMBERED = PartyAddress(106, SSP)
CALL = "call-1"


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (TITLED, "title 18005550199, SSN 241 INAP"),
        (NUMBERED, "SSN 106 INAP at 2-62-1"),
        (PartyAddress(8, None, FREEPHONE), "SSN 8, title 18005550199"),
        (PartyAddress(), "no SSN"),
        (PartyAddress(route_on_title=True, national=True), "no title, no SSN, national"),
        (PartyAddress(1, title=NatureTitle("12", 3)), "SSN 1 SCCP management, title 12 (nature 3)"),
        (PartyAddress(9, title=TranslationTitle("12", 3)), "SSN 9, title 12 (type 3)"),
        (
            PartyAddress(9, title=PlanTitle("12", 3, 7, 0)),
            "SSN 9, title 12 (type 3, plan 7, scheme 0)",
        ),
        (
            PartyAddress(9, title=FullTitle("12", 3)),
            "SSN 9, title 12 (type 3, plan 1, nature 4)",
        ),
        (PartyAddress(9, title=UnknownTitle(9, b"\x01")), "SSN 9, title of indicator 9 01"),
    ],
)
def test_addresses_in_words(address: PartyAddress, text: str) -> None:
    assert address_text(address) == text


def test_a_message_in_words() -> None:
    message = m.Xudt(
        TITLED, NUMBERED, b"\x62", 1, True, 14, m.Segmentation(True, 2, 7, True), 5, ((0x77, b"a"),)
    )
    assert describe(message) == (
        "XUDT",
        (
            ("called", "title 18005550199, SSN 241 INAP"),
            ("calling", "SSN 106 INAP at 2-62-1"),
            ("class", "1"),
            ("return", "on error"),
            ("hops", "14"),
            ("segment", "first, 2 follow, of 7"),
            ("wanted", "in sequence"),
            ("importance", "5"),
            ("parameter 0x77", "61"),
            ("data", "62"),
        ),
    )
    assert describe(m.Udts(NUMBERED, TITLED, b"\x62", 4))[1][2] == ("cause", "4 unequipped user")


def test_management_in_words() -> None:
    manager = PartyAddress(1)
    told = encode_management(Management(Kind.SSP, 241, SCP, 1))
    name, fields = describe(m.Udt(manager, manager, told))
    assert name == "UDT SSP subsystem prohibited"
    assert fields[:2] == (("subsystem", "241 at 2-90-1"), ("multiplicity", "1"))
    assert describe(m.Udt(manager, manager, b"\xff"))[0] == "UDT"
    more = describe(m.Udt(manager, manager, told + b"\x00"))[1]
    assert ("data", (told + b"\x00").hex()) in more, "what is not of the message is shown"
    level = encode_management(Management(Kind.SSC, 1, SCP, congestion=3))
    assert ("level", "3") in describe(m.Udt(manager, manager, level))[1]


@given(values.messages(), values.messages(), st.data())
@settings(max_examples=200, deadline=None)
def test_messages_that_differ_read_differently(
    one: m.Message, other: m.Message, data: st.DataObject
) -> None:
    name = data.draw(st.sampled_from(one.__struct_fields__))
    if name in other.__struct_fields__:
        other = replace(one, **{name: getattr(other, name)})
    assert (describe(one) == describe(other)) == (one == other)


def captured(message: m.Message, at_us: int = 0, payload: bytes = b"") -> Captured:
    octets = mtp3_codec.encode(
        Msu(SCP, SSP, 3, payload or encode(message), service=SERVICE_SCCP, network=2)
    )
    return Captured(at_us, Segment.SIGNALLING_LINK, "ssp/stp", "ssp", "stp", octets)


class Everything:
    """Knows every message of subsystem 241 to be the call's."""

    def call_of(self, message: m.Message, seen: Captured) -> str:
        return CALL if message.called.ssn == 241 else ""


def user_data(message: m.Message) -> tuple[str, tuple[tuple[str, str], ...]] | None:
    return ("Begin InitialDP", (("service key", "1"),)) if message.called.ssn == 241 else None


class TestLadders:
    def test_units_of_a_call_stand_in_its_ladder_with_what_their_data_says(self) -> None:
        mine, other = m.Udt(TITLED, NUMBERED, b"\x62"), m.Udt(NUMBERED, TITLED, b"\x62")
        seen = [captured(mine, 1), captured(other, 2)]
        decoders = Decoders(user_data=user_data)
        found = ladder(CALL, seen, [], {"ssp": SSP}, decoders, Everything())
        (row,) = found.rows
        assert row.name == "UDT Begin InitialDP"
        assert row.fields[:2] == (
            ("service key", "1"),
            ("called", "title 18005550199, SSN 241 INAP"),
        )
        assert "UDT Begin InitialDP" in render_text(found)
        assert ladder(CALL, seen, [], {"ssp": SSP}, decoders).rows == ()

    def test_without_a_decoder_the_data_is_shown_as_octets(self) -> None:
        decoders = Decoders(user_data=lambda _: None)
        read = reading(captured(m.Udt(TITLED, NUMBERED, b"\x62")), decoders, CALL, None)
        assert (read.name, read.error) == ("UDT", "")
        assert ("data", "62") in read.fields
        assert read.fields[-1] == ("label", "2-62-1 to 2-90-1")

    def test_octets_that_are_no_message_of_sccp_say_why(self) -> None:
        seen = captured(m.Udt(TITLED, NUMBERED, b"\x62"), payload=b"\x09\x00\x00\x00\x00")
        read = reading(seen, Decoders(), CALL, None)
        assert read.name == "SCCP"
        assert "pointer" in read.error
        assert ladder(CALL, [seen], [], {"ssp": SSP}, dialogues=Everything()).rows == ()

    def test_octets_that_the_encoder_would_not_write_so_are_shown_beside(self) -> None:
        octets = bytes.fromhex("0900 0b0501 026263 0443f1116a 0242f1")
        seen = captured(m.Udt(TITLED, NUMBERED, b"\x62"), payload=octets)
        read = reading(seen, Decoders(), CALL, None)
        assert read.fields[-1] == ("octets", seen.octets.hex())
