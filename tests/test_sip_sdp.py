"""Descriptions and what two sides make of them: RFC 8866, RFC 3264, RFC 4317, RFC 4568."""

from itertools import product

import pytest

from calleq.sip.bounds import SDP_LINES_LIMIT, SipError
from calleq.sip.crypto import Crypto, parse_crypto
from calleq.sip.negotiation import (
    TURNS,
    Local,
    Move,
    Turn,
    Verdict,
    answer,
    glare_wait_us,
    offer,
    settle,
)
from calleq.sip.sdp import PCMA, Direction, parse_description

ALICE = Local(2890844526, 1, "192.0.2.1", 49_170)
BOB = Local(2808844564, 1, "192.0.2.9", 49_920)
KEY = bytes(range(30))
OTHER_KEY = bytes(range(30, 60))
SUITE = "AES_CM_128_HMAC_SHA1_80"


def sdp(*lines: str) -> bytes:
    return "\r\n".join(("v=0", "o=alice 1 2 IN IP4 host.example.com", "s= ", *lines, "")).encode()


RFC_4317_2_1 = sdp(
    "c=IN IP4 host.atlanta.example.com",
    "t=0 0",
    "m=audio 49170 RTP/AVP 0 8 97",
    "a=rtpmap:0 PCMU/8000",
    "a=rtpmap:8 PCMA/8000",
    "a=rtpmap:97 iLBC/8000",
    "m=video 51372 RTP/AVP 31 32",
    "a=rtpmap:31 H261/90000",
    "a=rtpmap:32 MPV/90000",
)


def test_the_first_example_of_rfc_4317_is_answered_with_voice_and_its_video_is_refused():
    offered = parse_description(RFC_4317_2_1)
    assert [encoding.name for encoding in offered.streams[0].encodings] == ["PCMU", "PCMA", "ILBC"]
    answered, agreed = answer(offered, BOB)
    assert agreed is not None
    assert (agreed.codec, agreed.address, agreed.port) == (
        "PCMU",
        "host.atlanta.example.com",
        49170,
    )
    assert answered.encode().decode().split("\r\n") == [
        "v=0",
        "o=- 2808844564 1 IN IP4 192.0.2.9",
        "s=-",
        "c=IN IP4 192.0.2.9",
        "t=0 0",
        "m=audio 49920 RTP/AVP 0",
        "a=rtpmap:0 PCMU/8000",
        "a=ptime:20",
        "a=sendrecv",
        "m=video 0 RTP/AVP 31 32",
        "",
    ]


def test_both_sides_agree_on_the_same_and_telephone_events_keep_their_number():
    offered = offer(ALICE)
    answered, of_bob = answer(parse_description(offered.encode()), BOB)
    of_alice = settle(offered, parse_description(answered.encode()))
    assert of_alice is not None
    assert of_bob is not None
    assert (of_alice.codec, of_alice.payload, of_alice.event_payload) == ("PCMU", 0, 101)
    assert (of_bob.codec, of_bob.payload, of_bob.event_payload) == ("PCMU", 0, 101)
    assert (of_alice.address, of_alice.port) == ("192.0.2.9", 49_920)
    assert of_alice.sends
    assert of_alice.receives


def test_events_on_another_number_are_sent_on_that_number():
    lines = ("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 8 96", "a=rtpmap:96 telephone-event/8000")
    answered, agreed = answer(parse_description(sdp(*lines, "a=fmtp:96 0-16", "a=ptime:30")), BOB)
    assert agreed is not None
    assert (agreed.codec, agreed.event_payload, agreed.ptime_ms) == ("PCMA", 96, 30)
    assert b"a=fmtp:96 0-15\r\n" in answered.encode()


@pytest.mark.parametrize(
    ("theirs", "ours", "said", "sends", "receives"),
    [
        ("sendrecv", Direction.SENDRECV, "sendrecv", True, True),
        ("sendonly", Direction.SENDRECV, "recvonly", False, True),
        ("recvonly", Direction.SENDRECV, "sendonly", True, False),
        ("inactive", Direction.SENDRECV, "inactive", False, False),
        ("sendrecv", Direction.SENDONLY, "sendonly", True, False),
        ("sendonly", Direction.SENDONLY, "inactive", False, False),
        ("sendrecv", Direction.INACTIVE, "inactive", False, False),
    ],
)
def test_hold_is_answered_with_what_both_allow(theirs, ours, said, sends, receives):
    offered = parse_description(sdp("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", f"a={theirs}"))
    local = Local(1, 1, "192.0.2.9", 5000, direction=ours)
    answered, agreed = answer(offered, local)
    assert agreed is not None
    assert answered.streams[0].direction == said
    assert (agreed.sends, agreed.receives) == (sends, receives)


def test_a_direction_of_the_session_holds_for_streams_without_one_and_old_hold_is_hold():
    held = parse_description(sdp("c=IN IP4 0.0.0.0", "a=recvonly", "m=audio 4000 RTP/AVP 0"))
    assert held.streams[0].direction is Direction.RECVONLY
    held = parse_description(sdp("c=IN IP4 0.0.0.0", "m=audio 4000 RTP/AVP 0"))
    _, agreed = answer(held, BOB)
    assert agreed is not None
    assert not agreed.sends


def test_what_calleq_does_not_speak_is_refused_in_its_place():
    for media in (
        "m=audio 4000 RTP/AVP 18",
        "m=audio 4000 UDP/TLS/RTP/SAVPF 0",
        "m=audio 0 RTP/AVP 0",
        "m=image 4000 udptl t38",
        "m=audio 4000 RTP/SAVP 0",
    ):
        answered, agreed = answer(parse_description(sdp("c=IN IP4 192.0.2.1", media)), BOB)
        assert agreed is None, media
        assert answered.streams[0].refused
    two = sdp("c=IN IP4 192.0.2.1", "m=audio 4000 RTP/AVP 0", "m=audio 4002 RTP/AVP 0")
    answered, agreed = answer(parse_description(two), BOB)
    assert [stream.refused for stream in answered.streams] == [False, True]


def test_keys_of_srtp_are_agreed_by_suite_and_tag():
    alice = Local(1, 1, "192.0.2.1", 4000, crypto=(Crypto(7, SUITE, KEY),))
    bob = Local(2, 1, "192.0.2.9", 5000, crypto=(Crypto(1, SUITE, OTHER_KEY),))
    offered = offer(alice)
    answered, of_bob = answer(parse_description(offered.encode()), bob)
    of_alice = settle(offered, parse_description(answered.encode()))
    assert of_alice is not None
    assert of_bob is not None
    assert answered.streams[0].protocol == "RTP/SAVP"
    assert (of_bob.our_key, of_bob.their_key) == (Crypto(7, SUITE, OTHER_KEY), alice.crypto[0])
    assert (of_alice.our_key, of_alice.their_key) == (alice.crypto[0], of_bob.our_key)
    _, agreed = answer(offered, BOB)
    assert agreed is None, "SAVP is never answered in the clear"


def test_the_keys_of_rfc_4568_are_read():
    # RFC 4568 §4.1 and §10.1
    one = parse_crypto(
        "1 AES_CM_128_HMAC_SHA1_80 inline:PS1uQCVeeCFCanVmcjkpPywjNWhcYD0mXXtxaVBR|2^20|1:32"
    )
    assert (one.tag, len(one.key), one.limits) == (1, 30, "|2^20|1:32")
    assert str(parse_crypto(str(one))) == str(one)
    assert not one.usable, "an MKI is more than calleq speaks"
    other = parse_crypto(
        "2 F8_128_HMAC_SHA1_80 inline:MTIzNDU2Nzg5QUJDREUwMTIzNDU2Nzg5QUJjZGVm|2^20|1:4"
        " FEC_ORDER=FEC_SRTP"
    )
    assert other.parameters == "FEC_ORDER=FEC_SRTP"
    for wrong in ("1 AES_CM_128_HMAC_SHA1_80 inline:AAAA", "x y z", "1 A inline:A", ""):
        with pytest.raises(SipError):
            parse_crypto(wrong)


def test_an_answer_that_does_not_fit_its_offer_is_refused():
    offered = offer(ALICE)
    for wrong in (
        sdp("c=IN IP4 192.0.2.9"),
        sdp("c=IN IP4 192.0.2.9", "m=audio 5000 RTP/SAVP 0"),
        sdp("c=IN IP4 192.0.2.9", "m=audio 5000 RTP/AVP 18"),
    ):
        with pytest.raises(SipError):
            settle(offered, parse_description(wrong))
    assert settle(offered, parse_description(sdp("m=audio 0 RTP/AVP 0"))) is None


def test_what_is_no_description_is_refused():
    for octets in (
        b"",
        b"v=1\r\n",
        b"v=0\r\ns=-\r\n",
        sdp("m=audio 4000 RTP/AVP 0"),
        sdp("c=IN IP4 1.2.3.4", "m=audio 70000 RTP/AVP 0"),
        sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP"),
        sdp("c=IN IP5 1.2.3.4"),
        sdp("no line"),
        sdp("c=IN IP4 1.2.3.4", "m=audio 4000 RTP/AVP 0", "a=rtpmap:x"),
        sdp(*["a=x"] * SDP_LINES_LIMIT),
        sdp("c=IN IP4 1.2.3.4", *["m=audio 1 RTP/AVP 0"] * 33),
        bytes(20_000),
    ):
        with pytest.raises(SipError):
            parse_description(octets)


def test_lines_may_end_in_lf_and_what_is_unknown_is_kept_with_its_stream():
    octets = sdp("c=IN IP6 2001:db8::1", "m=audio 4000/2 RTP/AVP 8", "a=rtcp:4001", "a=ice-lite")
    read = parse_description(octets.replace(b"\r\n", b"\n"))
    (stream,) = read.streams
    assert stream.attributes == (("rtcp", "4001"), ("ice-lite", ""))
    assert stream.encodings == (PCMA,)
    assert parse_description(read.encode()) == read
    assert b"c=IN IP6 2001:db8::1" in read.encode()


def test_the_turn_of_offers_is_decided_for_every_pair():
    assert set(TURNS) == set(product(Turn, Move))
    assert TURNS[Turn.LOCAL_OFFER, Move.OFFER_RECEIVED][0] is Verdict.GLARE
    for (turn, _), (verdict, following) in TURNS.items():
        assert verdict is Verdict.TAKE or following is turn
    assert (glare_wait_us(True, 0.0), glare_wait_us(True, 0.999)) == (2_100_000, 3_990_000)
    assert (glare_wait_us(False, 0.0), glare_wait_us(False, 0.999)) == (0, 1_990_000)
