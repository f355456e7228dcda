"""scapy's layers take messages apart and build them again; damage done with them is survived."""

import random

import pytest

from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.layouts import LAYOUTS
from calleq.ss7.isup.messages import CalledNumber, CallingNumber, Cause, Iam, IsupError, Rel
from calleq.ss7.mtp3 import Msu
from calleq.ss7.variant import ITU
from simulator.fuzz.isup import decode_all
from simulator.fuzz.isup_samples import every_message

pytest.importorskip("scapy")
from simulator.fuzz import scapy_layers


def test_every_message_is_taken_apart_and_built_again() -> None:
    for message in every_message():
        octets = codec.encode(message)
        packet = scapy_layers.Isup(octets)
        assert packet.cic == message.cic
        if type(message) in LAYOUTS and LAYOUTS[type(message)].parameters_at > 3:
            assert packet.payload.name == LAYOUTS[type(message)].name
        for layer in (packet.payload, *packet.payload.fields.get("optional", ())):
            for name in layer.fields:
                if name.startswith(("pointer", "length")):
                    layer.setfieldval(name, None)
        assert bytes(packet) == octets


def test_a_signal_unit_is_written_as_our_own_codec_does() -> None:
    rel = codec.encode(Rel(17, Cause(17)))
    unit = scapy_layers.Mtp3(destination=300, origin=2057, selection=1) / scapy_layers.Isup(rel)
    assert bytes(unit) == mtp3_codec.encode(Msu(300, 2057, 1, rel))
    read = scapy_layers.Mtp3(bytes(unit))
    assert (read.destination, read.origin, read.selection) == (300, 2057, 1)
    assert read.payload.payload.cause_indicators == b"\x82\x91"


def test_fields_of_an_iam_have_the_names_of_the_parameters() -> None:
    iam = Iam(5, CalledNumber("12"), CallingNumber("34"), medium=3)
    packet = scapy_layers.Isup(codec.encode(iam)).payload
    assert packet.transmission_medium_requirement == 3
    assert [one.code for one in packet.optional] == [0x0A]
    built = scapy_layers.Isup(cic=5, message_type=1) / scapy_layers.LAYERS[1](
        forward_call_indicators=0x6001,
        calling_party_s_category=10,
        transmission_medium_requirement=3,
        called_party_number=bytes.fromhex("041021"),
        optional=[scapy_layers.OptionalParameter(code=0x0A, contents=bytes.fromhex("041343"))],
    )
    assert codec.decode(bytes(built)) == iam


def test_structures_damaged_with_scapy_are_decoded_or_refused() -> None:
    draw = random.Random(1876)
    samples = [codec.encode(message) for message in every_message()]
    decoded = refused = 0
    for _ in range(3_000):
        octets = scapy_layers.mutated(draw.choice(samples), draw)
        try:
            decode_all(octets, ITU)
            decoded += 1
        except IsupError:
            refused += 1
    assert decoded > 300
    assert refused > 300
