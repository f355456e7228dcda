"""Line messages as octets: golden, foreign (tshark), tolerant, and never anything but LineError."""

import random
import struct
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.lines.messages import (
    ADDRESS_LIMIT,
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
from calleq.lines.q931 import DISPLAY_LIMIT, MESSAGE_LIMIT, decode, describe, encode
from calleq.media.ports import Quality

MEASURED = Quality(
    received=1500,
    lost=3,
    late=2,
    strangers=1,
    jitter_us=2_500,
    sent=1503,
    far_lost=4,
    far_jitter_us=1_250,
    round_trip_us=40_000,
    r_factor=91.25,
    mos=4.38,
)
SETUP = Setup(reference=5, called="+12125550100", calling="+12125550140", display="ABC Company")

GOLDEN: list[tuple[LineMessage, str]] = [
    (
        SETUP,
        "08 01 05 05 04 03 90 90 a2 28 0b 41 42 43 20 43 6f 6d 70 61 6e 79"
        " 6c 0d 11 81 31 32 31 32 35 35 35 30 31 34 30"
        " 70 0c 91 31 32 31 32 35 35 35 30 31 30 30",
    ),
    (Alerting(5, to_originator=True), "08 01 85 01"),
    (Connect(5, to_originator=True), "08 01 85 07"),
    (Notify(5, True, to_originator=True), "08 01 85 6e 27 01 80"),
    (Notify(5, False, to_originator=True), "08 01 85 6e 27 01 81"),
    (Disconnect(5, 16), "08 01 05 45 08 02 82 90"),
    (Release(5, 17), "08 01 05 4d 08 02 82 91"),
    (ReleaseComplete(127, 127, to_originator=True), "08 01 ff 5a 08 02 82 ff"),
    (Progress(5, to_originator=True), "08 01 85 03 1e 02 82 88"),
    (Progress(5, in_band=False), "08 01 05 03 1e 02 82 81"),
    (Proceeding(5, to_originator=True), "08 01 85 02"),
    # A reference above 127 takes two octets (§4.3).
    (Alerting(300, to_originator=True), "08 02 81 2c 01"),
    (Disconnect(0x7FFF, 16), "08 02 7f ff 45 08 02 82 90"),
    (
        ReleaseComplete(0x4000, 16, to_originator=True, measured=MEASURED),
        "08 02 c0 00 5a 08 02 82 90 7e 2a 00 01 00 00 05 dc 00 00 00 03 00 00 00 02 00 00 00 01"
        " 00 00 09 c4 00 00 05 df 00 00 00 04 00 00 04 e2 00 00 9c 40 23 a5 01 b6",
    ),
    # Numbers of an unknown plan are SIP URIs.
    (
        Setup(5, "sip:a@b.net", "+12", restricted=True, screening=Screening.NETWORK),
        "08 01 05 05 04 03 90 90 a2 6c 04 11 a3 31 32 70 0c 80 73 69 70 3a 61 40 62 2e 6e 65 74",
    ),
    (
        Setup(5, "+13", restricted=True, screening=Screening.UNSCREENED),
        "08 01 05 05 04 03 90 90 a2 6c 02 00 a0 70 03 91 31 33",
    ),
]


@pytest.mark.parametrize(("message", "octets"), GOLDEN)
def test_golden_octets_both_ways(message: LineMessage, octets: str) -> None:
    assert encode(message).hex(" ") == octets
    assert decode(bytes.fromhex(octets)) == message


addresses = st.one_of(
    st.from_regex(r"\+[0-9]{1,15}", fullmatch=True),
    st.from_regex(r"sips?:[!-~]{1,90}", fullmatch=True),
)
references = st.integers(0, 32_767)
qualities = st.builds(
    Quality,
    *(9 * [st.integers(0, 2**32 - 1)]),
    st.integers(0, 10_000).map(lambda hundredths: hundredths / 100),
    st.integers(0, 500).map(lambda hundredths: hundredths / 100),
)
causes = st.integers(0, 127)
messages: st.SearchStrategy[LineMessage] = st.one_of(
    st.builds(
        Setup,
        reference=references,
        called=addresses,
        display=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=32),
    ),
    st.builds(
        Setup,
        reference=references,
        called=addresses,
        calling=addresses,
        display=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=32),
        restricted=st.booleans(),
        screening=st.sampled_from(Screening),
    ),
    st.builds(Proceeding, references, st.booleans()),
    st.builds(Progress, references, st.booleans(), st.booleans()),
    st.builds(Alerting, references, st.booleans()),
    st.builds(Connect, references, st.booleans()),
    st.builds(Disconnect, references, causes, st.booleans()),
    st.builds(Release, references, causes, st.booleans(), st.none() | qualities),
    st.builds(ReleaseComplete, references, causes, st.booleans(), st.none() | qualities),
)


@given(messages)
def test_what_is_encoded_is_decoded(message: LineMessage) -> None:
    octets = encode(message)
    assert len(octets) <= MESSAGE_LIMIT
    assert decode(octets) == message


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (Alerting(32_768), "call reference 32768"),
        (Alerting(-1), "call reference -1"),
        (Disconnect(1, 128), "cause 128"),
        (Setup(1, "12125550100"), "called number '12125550100'"),
        (Setup(1, "+1212555010012345"), "called number"),
        (Setup(1, "+12125550100", calling="anonymous"), "calling number"),
        (Setup(1, "sip:a b@c"), "called number 'sip:a b@c'"),
        (Setup(1, "sip:" + "a" * (ADDRESS_LIMIT - 3)), "up to 100 characters"),
        (Setup(1, "+12125550100", display="ABC\nCompany"), "control characters"),
    ],
)
def test_what_has_no_place_is_not_encoded(message: LineMessage, reason: str) -> None:
    with pytest.raises(LineError, match=reason.replace("+", r"\+")):
        encode(message)


def test_display_text_is_cut_and_reduced_to_ia5() -> None:
    shown = decode(encode(Setup(1, "+12125550100", display="Café " + "x" * 40)))
    assert shown == Setup(1, "+12125550100", display=("Caf? " + "x" * 40)[:DISPLAY_LIMIT])


@pytest.mark.parametrize(
    ("octets", "reason"),
    [
        ("", "0 octets"),
        ("08 01 05", "3 octets"),
        ("09 01 05 01", "protocol discriminator 0x09"),
        ("08 03 00 05 01", "call reference length 3"),
        ("08 00 05 01", "call reference length 0"),
        ("08 02 00 05", "call reference length 2"),
        ("08 01 05 7d", "message type 0x7d"),
        ("08 01 85 05 04 03 90 90 a2", "SETUP comes from"),
        ("08 01 05 45 08", "element 0x08 has no length"),
        ("08 01 05 45 08 03 82 90", "says 3 octets, 2 are left"),
        ("08 01 05 01 28 05 41", "says 5 octets, 1 are left"),
        ("08 01 05 05 70 0c 91 31 32 31 32 35 35 35 30 31 30 30", "without a bearer"),
        ("08 01 05 05 04 03 90 90 a2", "without a called"),
        ("08 01 05 05 04 02 88 90 70 02 91 31", "neither speech nor 3.1 kHz"),
        ("08 01 05 05 04 03 90 90 a2 70 03 a1 31 32", "not an international"),
        ("08 01 05 05 04 03 90 90 a2 70 03 91 31 2a", "not an international"),
        ("08 01 05 05 04 03 90 90 a2 70 00", "not an international"),
        ("08 01 05 05 04 03 90 90 a2 70 05 80 73 69 70 3a", "nor a SIP URI"),
        ("08 01 05 05 04 03 90 90 a2 70 07 80 6d 61 69 6c 3a 61", "nor a SIP URI"),
        ("08 01 85 03", "progress indicator missing"),
        ("08 01 85 03 1e 01 82", "progress indicator 82"),
        ("08 01 05 01" + " 90" * MESSAGE_LIMIT, "more than the 260"),
    ],
)
def test_octets_that_are_no_message(octets: str, reason: str) -> None:
    with pytest.raises(LineError, match=reason):
        decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    ("octets", "message"),
    [
        # §5.8.6.1: RELEASE without a cause is one with 31.
        ("08 01 05 4d", Release(5, 31)),
        ("08 01 05 45 08 01 82", Disconnect(5, 31)),
        # §4.5.12: octet 3a (recommendation) before the value, diagnostics after it.
        ("08 01 05 45 08 03 02 80 91", Disconnect(5, 17)),
        ("08 01 05 45 08 04 82 91 01 02", Disconnect(5, 17)),
        # §4.5.1: of a repeated element the first counts.
        ("08 01 05 45 08 02 82 91 08 02 82 90", Disconnect(5, 17)),
        # Unknown elements: channel identification, progress indicator, sending complete.
        ("08 01 85 01 18 01 89 1e 02 82 88 a1", Alerting(5, to_originator=True)),
        # §4.5.4: after a non-locking shift to codeset 6 the next element is not a cause.
        ("08 01 05 45 9e 08 02 82 91 08 02 82 92", Disconnect(5, 18)),
        # §4.5.3: after a locking shift nothing more is of codeset 0.
        ("08 01 05 45 96 08 02 82 91 08 02 82 92", Disconnect(5, 31)),
    ],
)
def test_tolerated_octets(octets: str, message: LineMessage) -> None:
    assert decode(bytes.fromhex(octets)) == message


@pytest.mark.parametrize(
    ("calling", "presented"),
    [
        ("6c 04 11 80 31 32", "+12"),
        ("6c 03 91 31 32", "+12"),  # no octet 3a: presentable by default
        ("6c 04 11 a0 31 32", ""),  # presentation restricted
        ("6c 04 21 80 31 32", ""),  # national number: not E.164 with country code
        ("6c 01 11", ""),
        ("6c 00", ""),
        ("", ""),
    ],
)
def test_who_calls_is_shown_only_where_presentable(calling: str, presented: str) -> None:
    octets = bytes.fromhex(f"08 01 05 05 04 03 90 90 a2 {calling} 70 03 91 31 33")
    setup = decode(octets)
    assert isinstance(setup, Setup)
    assert (setup.called, setup.shown) == ("+13", presented)


@pytest.mark.parametrize(
    ("octet_3a", "restricted", "screening"),
    [
        ("80", False, Screening.UNSCREENED),
        ("81", False, Screening.PASSED),
        ("82", False, Screening.FAILED),
        ("83", False, Screening.NETWORK),
        ("a3", True, Screening.NETWORK),
    ],
)
def test_whom_the_network_trusts_is_told_the_number_and_who_says_so(
    octet_3a: str, restricted: bool, screening: Screening
) -> None:
    octets = f"08 01 05 05 04 03 90 90 a2 6c 04 11 {octet_3a} 31 32 70 03 91 31 33"
    assert decode(bytes.fromhex(octets)) == Setup(5, "+13", "+12", "", restricted, screening)


@pytest.mark.parametrize(
    "contents",
    [
        "",
        "00",
        "00 01",
        "04 01" + " 00" * 40,  # another protocol
        "00 02" + " 00" * 40,  # another version
        "00 01" + " 00" * 39,
        "00 01" + " 00" * 41,
        "00 01" + " 00" * 36 + " 27 11 00 00",  # R 100.01
        "00 01" + " 00" * 36 + " 00 00 01 f5",  # MOS 5.01
    ],
)
def test_a_quality_that_makes_no_sense_is_as_if_absent(contents: str) -> None:
    element = bytes.fromhex(contents)
    octets = bytes.fromhex("08 01 85 5a 08 02 82 90 7e") + bytes((len(element),)) + element
    assert decode(octets) == ReleaseComplete(5, 16, to_originator=True)


def test_what_is_greater_than_its_octets_is_said_as_the_greatest() -> None:
    measured = Quality(received=2**40, jitter_us=-1, r_factor=120.0, mos=9.0)
    release = decode(encode(Release(1, 16, measured=measured)))
    assert release == Release(1, 16, measured=Quality(received=2**32 - 1, r_factor=100.0, mos=5.0))


def test_display_with_a_character_set_octet() -> None:
    octets = bytes.fromhex("08 01 05 05 04 03 90 90 a2 28 03 b1 41 42 70 03 91 31 33")
    assert decode(octets) == Setup(5, "+13", display="AB")


def test_mutated_octets_are_messages_or_line_errors() -> None:
    """50 000 strings that start as messages; most keep the header and reach the elements."""
    chance = random.Random(931)
    starts = [bytes.fromhex(octets) for _, octets in GOLDEN]
    past_header = refused = understood = 0
    for _ in range(50_000):
        octets = bytearray(chance.choice(starts))
        for _ in range(chance.randint(1, 3)):
            place = chance.randrange(len(octets)) if octets else 0
            match chance.randrange(4):
                case 0 if octets:
                    octets[place] ^= 1 << chance.randrange(8)
                case 1:
                    octets.insert(place, chance.randrange(256))
                case 2 if octets:
                    del octets[place]
                case _:
                    del octets[max(4, place) :]
        past_header += len(octets) >= 4 and octets[:2] in (b"\x08\x01", b"\x08\x02")
        try:
            message = decode(bytes(octets))
        except LineError:
            refused += 1
        else:
            understood += 1
            assert decode(encode(message)) == message
    assert past_header >= 25_000
    assert refused >= 5_000
    assert understood >= 5_000


def test_describe_names_the_message_and_its_fields() -> None:
    assert describe(SETUP) == (
        "SETUP",
        (
            ("reference", "5"),
            ("called", "+12125550100"),
            ("calling", "+12125550140"),
            ("display", "ABC Company"),
        ),
    )
    assert describe(Setup(5, "sip:a@b", "+12", "", True, Screening.NETWORK))[1][2:] == (
        ("calling", "+12"),
        ("presentation", "restricted"),
        ("screening", "network provided"),
    )
    assert describe(Progress(5)) == ("PROGRESS", (("reference", "5"), ("progress", "in-band")))
    assert describe(Release(5, 16, measured=MEASURED))[1][2:] == (
        ("lost", "3 of 1503"),
        ("jitter", "2.5 ms"),
        ("R", "91.2"),
        ("MOS", "4.38"),
    )
    assert describe(Alerting(5)) == ("ALERTING", (("reference", "5"),))
    assert describe(ReleaseComplete(5, 17)) == (
        "RELEASE COMPLETE",
        (("reference", "5"), ("cause", "17")),
    )


@pytest.mark.foreign("tshark")
def test_tshark_reads_what_we_write(tmp_path: Path) -> None:
    """DLT 147 (user 0) told to be bare Q.931; no malformed packet, no expert warning."""
    capture = tmp_path / "line.pcap"
    frames = [bytes.fromhex(octets) for _, octets in GOLDEN]
    capture.write_bytes(
        struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 147)
        + b"".join(struct.pack("<IIII", 0, 0, len(f), len(f)) + f for f in frames)
    )
    command = [
        "tshark",
        "-r",
        str(capture),
        "-o",
        'uat:user_dlts:"User 0 (DLT=147)","q931","0","","0",""',
        "-T",
        "fields",
        "-E",
        "separator=|",
    ]
    fields = (
        "q931.message_type",
        "q931.call_ref_flag",
        "q931.called_party_number.digits",
        "q931.calling_party_number.digits",
        "q931.cause_value",
        "_ws.malformed",
        "_ws.expert",
    )
    for field in fields:
        command += ["-e", field]
    output = subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout
    rows = [line.split("|") for line in output.splitlines()]
    assert [[int(row[0], 16), row[1] in ("1", "True"), *row[2:]] for row in rows] == [
        [0x05, False, "12125550100", "12125550140", "", "", ""],
        [0x01, True, "", "", "", "", ""],
        [0x07, True, "", "", "", "", ""],
        [0x6E, True, "", "", "", "", ""],
        [0x6E, True, "", "", "", "", ""],
        [0x45, False, "", "", "16", "", ""],
        [0x4D, False, "", "", "17", "", ""],
        [0x5A, True, "", "", "127", "", ""],
        [0x03, True, "", "", "", "", ""],
        [0x03, False, "", "", "", "", ""],
        [0x02, True, "", "", "", "", ""],
        [0x01, True, "", "", "", "", ""],
        [0x45, False, "", "", "16", "", ""],
        [0x5A, True, "", "", "16", "", ""],
        [0x05, False, "sip:a@b.net", "12", "", "", ""],
        [0x05, False, "13", "", "", "", ""],
    ]
