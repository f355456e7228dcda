"""ISUP and MTP3 octets: golden messages, refusals by name, and damage by the ten thousand."""

import random

import pytest

from calleq.causes import cause_name
from calleq.ss7 import mtp3_codec
from calleq.ss7.isup import codec
from calleq.ss7.isup.describe import describe
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Blo,
    CalledNumber,
    CallingNumber,
    Cause,
    Con,
    Cpg,
    Iam,
    IsupError,
    Message,
    Presentation,
    Rel,
    Rlc,
    Rsc,
    Unknown,
)
from calleq.ss7.mtp3 import Msu, Mtp3Error

HOP_COUNTER = (0x3D, b"\x1f")
FULL_IAM = Iam(17, CalledNumber("12125550100"), CallingNumber("12125550140"), other=(HOP_COUNTER,))

GOLDEN: list[tuple[Message, str]] = [
    (
        FULL_IAM,
        "110001 00 6001 0a 03 020a 088410 212155050100 0a088413 212155054100 3d011f 00",
    ),
    (
        Iam(4095, CalledNumber("555010", 3), medium=0),
        "ff0f01 00 6001 0a 00 0200 050310 550501",
    ),
    (
        Iam(1, CalledNumber("12f"), CallingNumber("", presentation=Presentation.NOT_AVAILABLE)),
        "010001 00 6001 0a 03 0206 048410210f 0a02041b 00",
    ),
    (Acm(17, 0x1604), "110006 1604 00"),
    (Acm(17, 0x0400, Cause(31)), "110006 0400 01 1202829f 00"),
    (Cpg(300, 1), "2c012c 01 00"),
    (Anm(17), "110009 00"),
    (Anm(17, ((0x2D, b"\0\5"),)), "110009 01 2d020005 00"),
    (Con(17, 0x1604), "110007 1604 00"),
    (Rel(17, Cause(17)), "11000c 0200 028291"),
    (
        Rel(17, Cause(1, location=4, diagnostics=b"\x80"), ((0x27, b"\1"),)),
        "11000c 0205 03848180 270101 00",
    ),
    (Rlc(17), "110010 00"),
    (Rlc(17, Cause(127, 10)), "110010 01 12028aff 00"),
    (Rsc(2048), "000812"),
    (Blo(17), "110013"),
    (Unknown(17, 0xF8, bytes.fromhex("00010203ff")), "1100f8 00010203ff"),
]


@pytest.mark.parametrize(("message", "octets"), GOLDEN, ids=lambda value: type(value).__name__)
def test_golden_octets_both_ways(message: Message, octets: str) -> None:
    assert codec.encode(message).hex(" ") == bytes.fromhex(octets).hex(" ")
    assert codec.decode(bytes.fromhex(octets)) == message


def test_optional_parameters_without_a_field_keep_their_order_through_a_switch() -> None:
    octets = bytes.fromhex("110001 00 6001 0a 03 0205 03041021 f000 7701fe 00")
    message = codec.decode(octets)
    assert isinstance(message, Iam)
    assert message.other == ((0xF0, b""), (0x77, b"\xfe"))
    assert codec.encode(message) == octets


def test_a_second_parameter_of_a_kind_is_not_lost() -> None:
    message = codec.decode(bytes.fromhex("110010 01 12028290 12028291 00"))
    assert message == Rlc(17, Cause(16), ((0x12, b"\x82\x91"),))
    assert codec.decode(codec.encode(message)) == message


def test_octets_after_the_end_are_dropped() -> None:
    assert codec.decode(bytes.fromhex("11000c 0200 028291 0000")) == Rel(17, Cause(17))
    assert codec.decode(bytes.fromhex("110010 01 12028291 00 0000")) == Rlc(17, Cause(17))


@pytest.mark.parametrize(
    ("octets", "wrong"),
    [
        ("", "0 octets"),
        ("1100", "2 octets"),
        ("00" * 269, "269 octets"),
        ("110001", "mandatory part"),
        ("110001 00 6001 0a 03 02", "mandatory part"),
        ("110001 00 6001 0a 03 0000", "pointer 0"),
        ("110001 00 6001 0a 03 0100 03041021", "pointer 1"),
        ("110001 00 6001 0a 03 ff00 03041021", "pointer 255"),
        ("110001 00 6001 0a 03 0200 09841021", "past the end"),
        ("110001 00 6001 0a 03 0200 028410", "2 octets: at least 3"),
        ("110001 00 6001 0a 03 0200 0304101a", "'a' is no address signal"),
        ("110001 00 6001 0a 03 0200 0304101f", "'f' is no address signal"),
        ("110001 00 6001 0a 03 0200 03841091", "filler 9"),
        ("110001 00 6001 0a 03 0200 130410" + "21" * 17, "34 address signals"),
        ("110001 00 6001 0a 03 0205 03041021", "pointer 5 to the optional part"),
        ("110001 00 6001 0a 03 0205 03041021 3d011f", "no end of optional"),
        ("110001 00 6001 0a 03 0205 03041021 3d", "no end of optional"),
        ("110001 00 6001 0a 03 0205 03041021 3d051f00", "no end of optional"),
        ("110001 00 6001 0a 03 0205 03041021 0a0184 00", "1 octets: at least 2"),
        ("110001 00 6001 0a 03 0205 03041021 0a028413 00", "odd, but without"),
        ("110001 00 6001 0a 03 0205 03041021 0a020413 00", "yet available"),
        ("110001 00 6001 0a 03 0205 03041021 0a030413f1 00", "'f' is no address signal"),
        ("11000c 0200 0182", "1 octets: 2 to 32"),
        ("11000c 0200 020291", "continues"),
        ("11000c 0000 028291", "pointer 0"),
        ("110006 1604", "mandatory part"),
        ("110006 1604 09 00", "pointer 9"),
    ],
)
def test_malformed_octets_are_refused_by_name(octets: str, wrong: str) -> None:
    with pytest.raises(IsupError) as refusal:
        codec.decode(bytes.fromhex(octets))
    assert wrong in str(refusal.value)


@pytest.mark.parametrize(
    ("message", "wrong"),
    [
        (Rsc(4096), "4096"),
        (Rsc(-1), "-1"),
        (Iam(1, CalledNumber("")), "without address signals"),
        (Iam(1, CalledNumber("12 34")), "' ' is no address signal"),
        (Iam(1, CalledNumber("+1212")), "'+'"),
        (Iam(1, CalledNumber("1f2")), "'f'"),
        (Iam(1, CalledNumber("1A")), "'A'"),
        (Iam(1, CalledNumber("١٢")), "no address signal"),
        (Iam(1, CalledNumber("1" * 31)), "31 address signals"),
        (Iam(1, CalledNumber("12", nature=128)), "nature 128"),
        (Iam(1, CalledNumber("12", plan=8)), "plan 8"),
        (Iam(1, CalledNumber("12", internal_network=-1)), "internal network -1"),
        (Iam(1, CalledNumber("12"), CallingNumber("")), "yet available"),
        (Iam(1, CalledNumber("12"), CallingNumber("12f")), "'f'"),
        (Iam(1, CalledNumber("12"), CallingNumber("12", screening=4)), "screening 4"),
        (Iam(1, CalledNumber("12"), category=256), "category 256"),
        (Iam(1, CalledNumber("12"), forward_call=65536), "indicators 65536"),
        (Iam(1, CalledNumber("12"), other=((0x0A, b"\4\x13"),)), "field of its own"),
        (Iam(1, CalledNumber("12"), other=((0, b""),)), "parameter 0"),
        (Iam(1, CalledNumber("12"), other=((256, b""),)), "parameter 256"),
        (Iam(1, CalledNumber("12"), other=((0x20, bytes(256)),)), "256 octets"),
        (Iam(1, CalledNumber("12"), other=((0x20, bytes(255)),)), "at most 268"),
        (Acm(1, 65536), "65536"),
        (Cpg(1, 256), "event 256"),
        (Rel(1, Cause(128)), "cause value 128"),
        (Rel(1, Cause(-1)), "cause value -1"),
        (Rel(1, Cause(16, location=16)), "location 16"),
        (Rel(1, Cause(16, coding=4)), "standard 4"),
        (Rel(1, Cause(16, diagnostics=bytes(31))), "31 octets"),
        (Rlc(1, None, ((0x12, b"\x82\x90"),)), "field of its own"),
        (Unknown(1, 256, b""), "message type 256"),
        (Unknown(1, 0x0C, b""), "REL"),
        (Unknown(1, 0xF8, bytes(266)), "269 octets"),
    ],
)
def test_fields_that_do_not_fit_are_refused_by_name(message: Message, wrong: str) -> None:
    with pytest.raises(IsupError) as refusal:
        codec.encode(message)
    assert wrong in str(refusal.value)


def test_msu_golden_octets() -> None:
    """2-62-1 to 2-76-1: 14-bit codes 4593 and 4705, least significant octet first."""
    msu = Msu(destination=4705, origin=4593, selection=5, payload=b"\x11\x00\x12")
    octets = mtp3_codec.encode(msu)
    assert octets.hex() == "85615 27c54 110012".replace(" ", "")
    assert mtp3_codec.decode(octets) == msu


@pytest.mark.parametrize(
    ("msu", "wrong"),
    [
        (Msu(16384, 1, 0, b""), "destination 16384"),
        (Msu(1, -1, 0, b""), "origin -1"),
        (Msu(1, 1, 16, b""), "selection 16"),
        (Msu(1, 1, 0, b"", service=16), "service 16"),
        (Msu(1, 1, 0, b"", network=4), "network 4"),
        (Msu(1, 1, 0, bytes(269)), "269 octets"),
    ],
)
def test_msu_fields_that_do_not_fit_are_refused_by_name(msu: Msu, wrong: str) -> None:
    with pytest.raises(Mtp3Error) as refusal:
        mtp3_codec.encode(msu)
    assert wrong in str(refusal.value)


def test_msu_lengths_at_the_limits() -> None:
    longest = Msu(1, 2, 3, bytes(268))
    assert mtp3_codec.decode(mtp3_codec.encode(longest)) == longest
    for octets in (b"", b"\x85\0\0\0", bytes(274)):
        with pytest.raises(Mtp3Error, match=f"{len(octets)} octets"):
            mtp3_codec.decode(octets)


def test_every_cause_has_a_name() -> None:
    assert cause_name(17) == "user busy"
    assert cause_name(20) == "subscriber absent"
    assert cause_name(126) == "interworking, unspecified"
    assert all(cause_name(value) for value in range(128))
    for value in (-1, 128):
        with pytest.raises(ValueError, match=str(value)):
            cause_name(value)


def test_messages_read_as_a_ladder_shows_them() -> None:
    assert describe(FULL_IAM) == (
        "IAM",
        (
            ("called", "12125550100"),
            ("calling", "12125550140"),
            ("hop counter", "1f"),
            ("CIC", "17"),
        ),
    )
    assert describe(Acm(17, 0x0400))[1][0] == ("called party", "subscriber free")
    assert describe(Cpg(17, 1))[1][0] == ("event", "alerting")
    assert describe(Rel(17, Cause(17)))[1][0] == ("cause", "17 user busy")
    assert describe(Blo(17)) == ("BLO", (("CIC", "17"),))
    assert describe(Unknown(17, 0xF8, b"\1"))[0] == "type 0xf8"


def test_messages_that_differ_read_differently() -> None:
    """One bit of an IAM changed anywhere: refused, or another text, or a spare bit."""
    octets = codec.encode(FULL_IAM)
    plain = describe(FULL_IAM)
    for position in range(len(octets)):
        for bit in range(8):
            damaged = bytearray(octets)
            damaged[position] ^= 1 << bit
            try:
                message = codec.decode(bytes(damaged))
            except IsupError:
                continue
            assert (describe(message) != plain) == (message != FULL_IAM)


MUTATIONS = 60_000


def test_damaged_signal_units_are_decoded_or_refused_and_nothing_else() -> None:
    """Starts from valid units; at least half still have a label and a message type we act on."""
    source = random.Random(1876)
    units = [
        mtp3_codec.encode(Msu(4705, 4593, message.cic & 15, codec.encode(message)))
        for message, _ in GOLDEN
        if not isinstance(message, Unknown)
    ]
    known = {codec.encode(message)[2] for message, _ in GOLDEN if not isinstance(message, Unknown)}
    past_the_header = refused = 0
    for _ in range(MUTATIONS):
        octets = _damage(source, source.choice(units))
        try:
            msu = mtp3_codec.decode(octets)
        except Mtp3Error:
            refused += 1
            continue
        if msu.service == 5 and len(msu.payload) >= 3 and msu.payload[2] in known:
            past_the_header += 1
        try:
            message = codec.decode(msu.payload)
        except IsupError:
            refused += 1
            continue
        assert codec.decode(codec.encode(message)) == message
        describe(message)
    assert past_the_header >= MUTATIONS // 2
    assert refused >= MUTATIONS // 10


def _damage(source: random.Random, octets: bytes) -> bytes:
    """One to three octets set, flipped, left out, put in, or the end cut off."""
    damaged = bytearray(octets)
    for _ in range(source.randint(1, 3)):
        position = source.randrange(len(damaged)) if damaged else 0
        match source.randrange(6) if damaged else 4:
            case 0:
                damaged[position] = source.randrange(256)
            case 1:
                damaged[position] ^= 1 << source.randrange(8)
            case 2:
                damaged[position] = source.choice((0, 1, 255))
            case 3:
                del damaged[position]
            case 4:
                damaged.insert(position, source.randrange(256))
            case _:
                if source.randrange(3) == 0:
                    del damaged[position:]
                else:
                    damaged[-1] ^= source.randrange(1, 256)
    return bytes(damaged)
