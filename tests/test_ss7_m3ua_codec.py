"""M3UA octets (RFC 4666 §3), judged by pycrate, by tshark and by damage."""

import random
import struct
import subprocess
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.ss7.isup import codec as isup
from calleq.ss7.isup.messages import Cause, Rel
from calleq.ss7.m3ua import codec
from calleq.ss7.m3ua import messages as m
from calleq.ss7.m3ua import parameters as p

sigtran = pytest.importorskip("pycrate_mobile.SIGTRAN")

WORD = st.integers(0, 0xFFFFFFFF)
MAYBE = st.none() | WORD
CONTEXTS = st.lists(WORD, max_size=3).map(tuple)
POINT_CODE = st.integers(0, 0xFFFFFF)
AFFECTED = st.lists(st.builds(m.Affected, POINT_CODE, st.integers(0, 255)), min_size=1, max_size=3)
POINTS = AFFECTED.map(tuple)
INFO = st.text("abc ÄÖ-", max_size=20)
OCTET = st.integers(0, 255)
DESTINATIONS = (POINTS, CONTEXTS, MAYBE, INFO)
KEY = st.builds(
    m.RoutingKey,
    WORD,
    st.lists(POINT_CODE, min_size=1, max_size=2).map(tuple),
    MAYBE,
    MAYBE,
    MAYBE,
    st.binary(max_size=3),
    st.just(()) | POINTS,
)

MESSAGES: dict[type, st.SearchStrategy[m.Message]] = {
    m.Data: st.builds(
        m.Data,
        POINT_CODE,
        POINT_CODE,
        OCTET,
        OCTET,
        OCTET,
        st.binary(max_size=272),
        OCTET,
        MAYBE,
        MAYBE,
        MAYBE,
    ),
    m.Duna: st.builds(m.Duna, *DESTINATIONS),
    m.Dava: st.builds(m.Dava, *DESTINATIONS),
    m.Daud: st.builds(m.Daud, *DESTINATIONS),
    m.Drst: st.builds(m.Drst, *DESTINATIONS),
    m.Scon: st.builds(
        m.Scon,
        *DESTINATIONS,
        concerned=st.none() | POINT_CODE,
        level=st.none() | st.integers(0, 3),
    ),
    m.Dupu: st.builds(
        m.Dupu, POINTS, st.integers(0, 65535), st.integers(0, 65535), CONTEXTS, MAYBE, INFO
    ),
    m.AspUp: st.builds(m.AspUp, MAYBE, INFO),
    m.AspUpAck: st.builds(m.AspUpAck, MAYBE, INFO),
    m.AspDown: st.builds(m.AspDown, INFO),
    m.AspDownAck: st.builds(m.AspDownAck, INFO),
    m.Beat: st.builds(m.Beat, st.binary(max_size=9)),
    m.BeatAck: st.builds(m.BeatAck, st.binary(max_size=9)),
    m.AspActive: st.builds(m.AspActive, MAYBE, CONTEXTS, INFO),
    m.AspActiveAck: st.builds(m.AspActiveAck, MAYBE, CONTEXTS, INFO),
    m.AspInactive: st.builds(m.AspInactive, CONTEXTS, INFO),
    m.AspInactiveAck: st.builds(m.AspInactiveAck, CONTEXTS, INFO),
    m.RegistrationRequest: st.builds(
        m.RegistrationRequest, st.lists(KEY, min_size=1, max_size=2).map(tuple)
    ),
    m.RegistrationResponse: st.builds(
        m.RegistrationResponse,
        st.lists(st.builds(m.RegistrationResult, WORD, WORD, WORD), min_size=1, max_size=2).map(
            tuple
        ),
    ),
    m.DeregistrationRequest: st.builds(
        m.DeregistrationRequest, st.lists(WORD, min_size=1, max_size=3).map(tuple)
    ),
    m.DeregistrationResponse: st.builds(
        m.DeregistrationResponse,
        st.lists(st.builds(m.DeregistrationResult, WORD, WORD), min_size=1, max_size=2).map(tuple),
    ),
    m.Error: st.builds(
        m.Error, WORD, CONTEXTS, MAYBE, st.just(()) | POINTS, st.binary(max_size=40)
    ),
    m.Notify: st.builds(
        m.Notify, st.integers(0, 65535), st.integers(0, 65535), MAYBE, CONTEXTS, INFO
    ),
}
ANY = st.one_of(*MESSAGES.values())
"""One of every message."""

PLAIN: list[m.Message] = [
    m.Data(4593, 4609, 5, 2, 1, isup.encode(Rel(17, Cause(16))), routing_context=22),
    m.Duna((m.Affected(4593),), (22,)),
    m.Dava((m.Affected(4593), m.Affected(4609, 2)), (22,)),
    m.Daud((m.Affected(4593),)),
    m.Drst((m.Affected(4593),)),
    m.Scon((m.Affected(4593),), concerned=4609, level=2),
    m.Dupu((m.Affected(4593),), m.UnavailabilityCause.INACCESSIBLE, 5),
    m.AspUp(7, "calleq"),
    m.AspUpAck(7),
    m.AspDown(),
    m.AspDownAck(),
    m.Beat(b"12345"),
    m.BeatAck(b"12345"),
    m.AspActive(m.TrafficMode.LOADSHARE, (22, 23)),
    m.AspActiveAck(m.TrafficMode.LOADSHARE, (22, 23)),
    m.AspInactive((22,)),
    m.AspInactiveAck((22,)),
    m.RegistrationRequest((m.RoutingKey(1, (4593,), 22, 2, 3, b"\x05", (m.Affected(4609),)),)),
    m.RegistrationResponse((m.RegistrationResult(1, m.Registration.REGISTERED, 22),)),
    m.DeregistrationRequest((22,)),
    m.DeregistrationResponse((m.DeregistrationResult(22, 0),)),
    m.Error(m.ErrorCode.INVALID_ROUTING_CONTEXT, (99,), diagnostic=b"\1\0\1\1"),
    m.Notify(m.StatusType.AS_STATE, m.AsStatus.ACTIVE, 7, (22,)),
]


def test_every_message_has_a_layout_and_a_strategy() -> None:
    union = set(m.Message.__args__)
    assert set(codec.LAYOUTS) | {m.Data} == union == set(MESSAGES) == {type(one) for one in PLAIN}


@given(ANY)
def test_what_is_encoded_is_decoded(message: m.Message) -> None:
    assert codec.decode(codec.encode(message)) == message


@given(ANY)
def test_pycrate_finds_the_same_parameters(message: m.Message) -> None:
    octets = codec.encode(message)
    theirs = sigtran.SIGTRAN()
    theirs.from_bytes(octets)
    header, parameters = theirs.get_val()
    if isinstance(message, m.Data):
        assert header[2:4] == [1, 1]
    else:
        layout = codec.LAYOUTS[type(message)]
        assert header[2:4] == [layout.message_class, layout.message_type]
    assert header[4] == len(octets)
    ours = p.parse(octets, codec.HEADER_OCTETS)
    assert [(tag, value) for tag, _, value, _ in parameters] == ours


@given(ANY)
def test_pycrate_writes_the_same_octets(message: m.Message) -> None:
    octets = codec.encode(message)
    parsed = p.parse(octets, codec.HEADER_OCTETS)
    theirs = sigtran.SIGTRAN(
        val=[
            {"Class": octets[2], "Type": octets[3], "Len": len(octets)},
            [{"Tag": tag, "Val": value} for tag, value in parsed],
        ]
    )
    assert theirs.to_bytes() == octets


@given(ANY, st.lists(st.tuples(st.just(0x7777), st.binary(max_size=9)), max_size=2).map(tuple))
def test_an_unknown_parameter_is_kept_octet_for_octet(message: m.Message, other: m.Other) -> None:
    widened = msgspec.structs.replace(message, other=other)
    octets = codec.encode(widened)
    assert codec.decode(octets) == widened
    assert codec.encode(codec.decode(octets)) == octets


def test_padding_may_be_missing_at_the_end() -> None:
    whole = codec.encode(m.Beat(b"abcde"))
    bare = whole[:4] + struct.pack(">I", len(whole) - 3) + whole[8:-3]
    assert codec.decode(bare) == m.Beat(b"abcde")


@pytest.mark.parametrize(
    ("octets", "code"),
    [
        ("0200030300000008", m.ErrorCode.INVALID_VERSION),
        ("01000a0100000008", m.ErrorCode.UNSUPPORTED_CLASS),
        ("0100030900000008", m.ErrorCode.UNSUPPORTED_TYPE),
        ("0100020100000008", m.ErrorCode.MISSING_PARAMETER),
        ("0100010100000008", m.ErrorCode.MISSING_PARAMETER),
        ("01000101000000100210000800000001", m.ErrorCode.PARAMETER_FIELD_ERROR),
        ("0100040100000010000b00060001" + "0000", m.ErrorCode.PARAMETER_FIELD_ERROR),
        ("010003010000000c00110003", m.ErrorCode.PARAMETER_FIELD_ERROR),
        ("0100030100000009", m.ErrorCode.PROTOCOL_ERROR),
        ("010003", m.ErrorCode.PROTOCOL_ERROR),
    ],
)
def test_what_is_wrong_is_said_in_the_words_of_an_err(octets: str, code: m.ErrorCode) -> None:
    with pytest.raises(m.M3uaError) as caught:
        codec.decode(bytes.fromhex(octets))
    assert caught.value.code is code


@pytest.mark.parametrize(
    "message",
    [
        m.Data(1 << 24, 1, 5, 2, 1, b""),
        m.Data(1, 1, 256, 2, 1, b""),
        m.Data(1, 1, 5, 2, -1, b""),
        m.Data(1, 1, 5, 2, 1, b"", routing_context=1 << 32),
        m.Data(1, 1, 5, 2, 1, bytes(65_600)),
        m.AspUp(info="x" * 256),
        m.Duna(()),
        m.Duna((m.Affected(1 << 24),)),
        m.Scon((m.Affected(1),), level=4),
        m.Notify(1 << 16, 0),
        m.RegistrationRequest((m.RoutingKey(1, ()),)),
        m.Beat(other=((1 << 16, b""),)),
    ],
)
def test_fields_that_do_not_fit_are_refused(message: m.Message) -> None:
    with pytest.raises(m.M3uaError):
        codec.encode(message)


@given(st.lists(ANY, max_size=4), st.integers(1, 7))
def test_a_stream_in_pieces_gives_the_messages(messages: list[m.Message], piece: int) -> None:
    octets = b"".join(codec.encode(message) for message in messages)
    framer = codec.Framer()
    found = [
        codec.decode(one)
        for start in range(0, len(octets), piece)
        for one in framer.receive(octets[start : start + piece])
    ]
    assert found == messages


def test_a_length_that_leads_nowhere_ends_the_stream() -> None:
    with pytest.raises(m.M3uaError, match="a message of 4 octets"):
        codec.Framer().receive(bytes.fromhex("0100030300000004"))


def test_damaged_messages_are_refused_with_the_declared_error_only() -> None:
    """Fixed seed; half of the damage lies behind the header, so that the parameters are reached."""
    chance = random.Random(4666)
    wholes = [codec.encode(message) for message in PLAIN]
    refused = 0
    for _ in range(50_000):
        octets = bytearray(chance.choice(wholes))
        at = chance.randrange(8 if chance.random() < 0.75 and len(octets) > 8 else 0, len(octets))
        octets[at] = chance.randrange(256)
        if chance.random() < 0.25:
            del octets[chance.randrange(8, len(octets) + 1) :]
            octets[4:8] = struct.pack(">I", len(octets))
        try:
            codec.encode(codec.decode(bytes(octets)))
        except m.M3uaError:
            refused += 1
    assert 5_000 < refused < 45_000


FIELDS = {
    "m3ua.message_class": lambda octets, message: str(octets[2]),
    "m3ua.message_type": lambda octets, message: str(octets[3]),
    "m3ua.protocol_data_opc": lambda octets, message: _of(message, "origin"),
    "m3ua.protocol_data_dpc": lambda octets, message: _of(message, "destination"),
    "m3ua.asp_identifier": lambda octets, message: _of(message, "asp_identifier"),
    "m3ua.error_code": lambda octets, message: _of(message, "code"),
    "m3ua.congestion_level": lambda octets, message: _of(message, "level"),
    "m3ua.heartbeat_data": lambda octets, message: getattr(message, "data", b"").hex(),
}


def _of(message: m.Message, name: str) -> str:
    value: Any = getattr(message, name, None)
    return "" if value is None else str(int(value))


@pytest.mark.foreign("tshark")
def test_tshark_reads_every_message_as_we_do(tmp_path: Path) -> None:
    """Messages in exported PDUs (DLT 252), the dissector named in the first tag."""
    frames = [codec.encode(message) for message in PLAIN]
    capture = tmp_path / "m3ua.pcap"
    capture.write_bytes(
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, 252)
        + b"".join(
            struct.pack("<IIII", 0, 0, len(frame) + 12, len(frame) + 12)
            + struct.pack(">HH4sHH", 12, 4, b"m3ua", 0, 0)
            + frame
            for frame in frames
        )
    )
    names = [*FIELDS, "_ws.malformed", "_ws.expert"]
    fields = [word for name in names for word in ("-e", name)]
    shown = subprocess.run(
        ["tshark", "-r", str(capture), "-T", "fields", "-E", "separator=|", *fields],
        capture_output=True,
        text=True,
        check=True,
    )
    ours = [
        [*(str(read(octets, message)) for read in FIELDS.values()), "", ""]
        for octets, message in zip(frames, PLAIN, strict=True)
    ]
    theirs = [[_number(value) for value in line.split("|")] for line in shown.stdout.splitlines()]
    assert theirs == ours


def _number(value: str) -> str:
    return str(int(value, 16)) if value.startswith("0x") else value


def test_data_has_its_parameters_in_the_order_of_the_rfc() -> None:
    data = m.Data(1, 2, 5, 2, 3, b"abc", 1, 22, 9, 77)
    tags = [tag for tag, _ in p.parse(codec.encode(data), codec.HEADER_OCTETS)]
    assert tags == [p.NETWORK_APPEARANCE, p.ROUTING_CONTEXT, p.PROTOCOL_DATA, p.CORRELATION]


def test_a_level_of_congestion_that_could_not_be_sent_is_refused() -> None:
    """It was read, and then could not be written again."""
    octets = codec.encode(m.Scon((m.Affected(1),), level=3))
    with pytest.raises(m.M3uaError, match="congestion level 8") as refused:
        codec.decode(octets[:-1] + b"\x08")
    assert refused.value.code is m.ErrorCode.INVALID_PARAMETER_VALUE


def test_an_info_string_that_is_no_text_is_read_as_far_as_it_could_be_sent() -> None:
    """What stands for octets that are no text is longer than they are."""
    octets = codec.encode(m.AspDown("x" * 255)).replace(b"x", b"\xff")
    message = codec.decode(octets)
    assert isinstance(message, m.AspDown)
    assert message.info == "\\xff" * 63 + "\\xf"
    assert codec.decode(codec.encode(message)) == message


def test_an_empty_parameter_before_a_full_one_is_kept_beside_it() -> None:
    """The empty one was taken for the field and left out when the message was written again."""
    octets = bytes.fromhex("0100030200000014 00040004 00040008696e666f")
    message = codec.decode(octets)
    assert message == m.AspDown("info", other=((p.INFO, b""),))
    assert codec.decode(codec.encode(message)) == message
