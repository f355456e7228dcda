"""The parts of a browser as a telephone: its table, its RTP, what it takes from pages and files."""

import struct
from pathlib import Path

import numpy as np
import pytest

from calleq.browser.call_table import TABLE, Action, Input, State
from calleq.browser.configuration import (
    BrowserLine,
    Configuration,
    ConfigurationError,
    read_configuration,
    read_file,
)
from calleq.browser.messages import (
    FRAME_OCTETS_LIMIT,
    Answer,
    ClientProfile,
    Ended,
    Hello,
    SignallingError,
    decode,
    encode,
)
from calleq.browser.offers import CHARACTERS_LIMIT, OfferError, checked_offer
from calleq.browser.rtp import (
    END_PACKETS,
    EVENT_KEYS,
    FILLED_LIMIT,
    KEY_FRAMES,
    SOURCE_LIMIT,
    Downlink,
    Uplink,
)
from calleq.media import g711
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.keypad import KEYS_LIMIT
from calleq.media.keys import measure_keys

HEADER = struct.Struct(">BBHII")
TONE = bytes(range(FRAME_SAMPLES))


# The table of a call.


def test_every_pair_of_state_and_input_is_decided() -> None:
    assert set(TABLE) == {(state, given) for state in State for given in Input}


def test_whatever_ends_a_call_tells_the_page_and_the_switch_once() -> None:
    tells_switch = {Action.DECLINE, Action.REFUSE_UNABLE, Action.HANG_UP}
    for (state, given), (actions, following) in TABLE.items():
        in_call = state in (State.RINGING, State.PREPARING, State.TALKING)
        if in_call and following in (State.IDLE, State.OVER):
            assert actions.count(Action.TELL_ENDED) == 1, (state, given)
            told = [action for action in actions if action in tells_switch]
            assert len(told) == (0 if given is Input.FAR_ENDED else 1), (state, given)
        else:
            assert Action.TELL_ENDED not in actions, (state, given)


def test_nobody_is_charged_before_the_voice_path_stands() -> None:
    assert [pair for pair, (actions, _) in TABLE.items() if Action.ACCEPT in actions] == [
        (State.PREPARING, Input.VOICE_STANDS)
    ]


# What the page says, as RTP.


def fields(packet: bytes) -> tuple[int, bool, int, int, int, bytes]:
    """Payload type, marker, sequence number, timestamp, source, payload."""
    first, second, sequence, timestamp, source = HEADER.unpack_from(packet)
    assert first == 0x80
    return second & 0x7F, bool(second & 0x80), sequence, timestamp, source, packet[12:]


def test_the_page_is_sent_in_frames_of_20_ms_whatever_it_gives() -> None:
    uplink = Uplink(ssrc=7, sequence=65_535, timestamp=2**32 - 160)
    assert uplink.speak(TONE[:100], 5_000) == []
    packets = uplink.speak(TONE[100:] + TONE, 5_100)
    assert [fields(packet) for packet in packets] == [
        (0, True, 65_535, 2**32 - 160, 7, TONE),
        (0, False, 0, 0, 7, TONE),
    ]


def test_a_short_gap_of_the_page_is_filled_and_a_long_one_passed_over() -> None:
    uplink = Uplink(7, 1, 0)
    uplink.speak(TONE, 0)
    after = uplink.speak(TONE, 3 * FRAME_SAMPLES)
    assert [fields(packet)[3] for packet in after] == [160, 320, 480]
    assert uplink.filled == 2
    (packet,) = uplink.speak(TONE, (5 + FILLED_LIMIT) * FRAME_SAMPLES)
    assert fields(packet)[:4] == (0, True, 5, 480 + 160 + (FILLED_LIMIT + 1) * FRAME_SAMPLES)


def test_a_key_leaves_as_one_event_with_its_end_three_times() -> None:
    uplink = Uplink(7, 1, 0)
    uplink.event_payload = 101
    uplink.speak(TONE, 0)
    uplink.press("#")
    sent = [
        fields(packet)
        for number in range(1, KEY_FRAMES + 2)
        for packet in uplink.speak(TONE, number * FRAME_SAMPLES)
    ]
    events, voice = sent[:-1], sent[-1]
    assert len(events) == KEY_FRAMES - 1 + END_PACKETS
    assert [event[0] for event in events] == [101] * len(events)
    assert {event[3] for event in events} == {160}, "an event keeps the timestamp it began with"
    assert [event[1] for event in events] == [True] + [False] * (len(events) - 1)
    codes, flags, lengths = zip(*(struct.unpack(">BBH", event[5]) for event in events), strict=True)
    assert set(codes) == {EVENT_KEYS.index("#")}
    assert [bool(flag & 0x80) for flag in flags] == [False] * (KEY_FRAMES - 1) + [True] * 3
    assert lengths[-1] == KEY_FRAMES * FRAME_SAMPLES
    assert voice[0] == 0
    assert voice[3] == (KEY_FRAMES + 1) * FRAME_SAMPLES


def test_without_events_a_key_leaves_as_its_tones() -> None:
    uplink = Uplink(7, 1, 0)
    uplink.press("8")
    frames = [
        fields(packet)[5]
        for number in range(KEY_FRAMES)
        for packet in uplink.speak(TONE, number * FRAME_SAMPLES)
    ]
    assert measure_keys(g711.decode(b"".join(frames))) == ["8"] * KEY_FRAMES


def test_what_is_no_key_or_one_too_many_is_not_pressed() -> None:
    uplink = Uplink(7, 1, 0)
    uplink.event_payload = 101
    for key in ("", "12", "x", *"1" * (KEYS_LIMIT + 5)):
        uplink.press(key)
    sent = [
        fields(packet)[0]
        for number in range((KEYS_LIMIT + 3) * KEY_FRAMES)
        for packet in uplink.speak(TONE, number * FRAME_SAMPLES)
    ]
    assert sent.count(101) == KEYS_LIMIT * (KEY_FRAMES - 1 + END_PACKETS)


# What the switch says.


def packet(
    timestamp: int, content: bytes = TONE, *, payload: int = 0, source: int = 9, first: int = 0x80
) -> bytes:
    return HEADER.pack(first, payload, 1, timestamp % 2**32, source) + content


def test_the_switch_is_heard_on_one_scale_that_never_wraps() -> None:
    downlink = Downlink()
    start = 2**32 - 160
    heard = [downlink.hear(packet(start + each)) for each in (0, 160, 320, 960, 800)]
    assert heard == [(at, TONE) for at in (160, 320, 480, 1_120, 960)]


def test_a_stranger_is_not_heard_until_the_first_source_is_silent() -> None:
    downlink = Downlink()
    assert downlink.hear(packet(0, source=1)) == (160, TONE)
    assert all(
        downlink.hear(packet(90_000 + 160 * n, source=2)) is None for n in range(SOURCE_LIMIT)
    )
    assert downlink.hear(packet(160, source=1)) == (320, TONE)
    assert downlink.strangers == SOURCE_LIMIT
    for n in range(SOURCE_LIMIT):
        downlink.hear(packet(90_000 + 160 * n, source=2))
    assert downlink.hear(packet(95_000, source=2)) == (480, TONE)


def test_what_is_no_rtp_is_dropped_and_counted() -> None:
    downlink = Downlink()
    bad = [
        b"",
        b"\x80" * 11,
        packet(0, first=0x40),
        packet(0, b"\xff" * 3, first=0xA0),
        packet(0, b"\x00\x01\xff\xff", first=0x90),
        packet(0, payload=96),
        packet(0, b"\xff" * 2_000),
    ]
    assert [downlink.hear(each) for each in bad] == [None] * len(bad)
    assert downlink.dropped == len(bad)


def test_padding_sources_and_extensions_are_no_voice() -> None:
    downlink = Downlink()
    assert downlink.hear(packet(0, b"\0" * 8 + TONE, first=0x82)) == (160, TONE)
    extension = b"\xbe\xde\x00\x01\x00\x00\x00\x00"
    assert downlink.hear(packet(160, extension + TONE, first=0x90)) == (320, TONE)
    assert downlink.hear(packet(320, TONE + b"\0\0\0\x04", first=0xA0)) == (480, TONE)


def test_a_key_of_the_switch_is_heard_once_as_its_tones() -> None:
    downlink = Downlink()
    downlink.event_payload = 101
    downlink.hear(packet(0))
    event = struct.pack(">BBH", EVENT_KEYS.index("5"), 10, 160)
    heard = downlink.hear(packet(160, event, payload=101))
    assert heard is not None
    assert set(measure_keys(g711.decode(heard[1]))) == {"5"}
    assert downlink.hear(packet(160, event, payload=101)) is None
    assert downlink.hear(packet(320, struct.pack(">BBH", 99, 10, 160), payload=101)) is None


def test_hostile_datagrams_are_only_dropped() -> None:
    draw = np.random.default_rng(6)
    downlink = Downlink()
    downlink.event_payload = 101
    good = packet(0) + bytes(8)
    for _ in range(20_000):
        octets = bytearray(good[: int(draw.integers(0, len(good)))])
        for _ in range(int(draw.integers(1, 6))):
            if octets:
                octets[int(draw.integers(0, len(octets)))] = int(draw.integers(0, 256))
        heard = downlink.hear(bytes(octets))
        assert heard is None or (heard[0] >= 0 and len(heard[1]) <= 1_500)


# Offers of pages.

OFFER = """v=0
o=- 1 2 IN IP4 127.0.0.1
s=-
t=0 0
a=group:BUNDLE 0
m=audio 50000 UDP/TLS/RTP/SAVPF 0 8
c=IN IP4 192.0.2.1
a=candidate:1 1 udp 2122260223 192.0.2.1 50000 typ host generation 0
a=candidate:2 1 udp 2122260223 3f1c.local 50001 typ host
a=candidate:3 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active
a=candidate:4 1 udp 2122260223 224.0.0.1 50000 typ host
a=ice-ufrag:abcd
a=ice-pwd:abcdefghijklmnopqrstuv
a=fingerprint:sha-256 00:11
a=setup:actpass
a=mid:0
a=sendrecv
a=rtpmap:0 PCMU/8000
"""


def test_an_offer_keeps_only_addresses_that_can_be_reached() -> None:
    checked = checked_offer(OFFER)
    assert checked.splitlines() == [
        line
        for line in OFFER.splitlines()
        if not line.startswith(("a=candidate:2", "a=candidate:3", "a=candidate:4"))
    ]
    assert checked.endswith("\r\n")


@pytest.mark.parametrize(
    "offer",
    [
        "",
        "hello",
        OFFER.replace("v=0", "v=1"),
        OFFER.replace(" 0 8\n", " 8\n"),
        OFFER.replace("m=audio", "m=video"),
        OFFER.replace("UDP/TLS/RTP/SAVPF", "RTP/AVP"),
        OFFER + "m=video 9 UDP/TLS/RTP/SAVPF 96\n",
        OFFER.replace("a=fingerprint:sha-256 00:11\n", ""),
        OFFER.replace("a=ice-pwd:abcdefghijklmnopqrstuv\n", ""),
        OFFER + "a=" + "x" * 2_000 + "\n",
        OFFER + "a=x\n" * 400,
        OFFER + "a=\x00\n",
        OFFER + "".join(
            f"a=candidate:9 1 udp 1 192.0.2.7 {5_000 + n} typ host\n" for n in range(30)
        ),
        "v=0\n" * CHARACTERS_LIMIT,
    ],
)  # fmt: skip
def test_an_offer_that_is_none_of_ours_is_refused(offer: str) -> None:
    with pytest.raises(OfferError):
        checked_offer(offer)


# Messages.


def test_messages_are_read_and_written() -> None:
    hello = decode(
        b'{"type":"hello","version":1,"number":"+1212","password":"p","new":[1],'
        b'"profile":{"browser":"Firefox 140"}}'
    )
    assert hello == Hello(
        version=1, number="+1212", password="p", profile=ClientProfile(browser="Firefox 140")
    )
    assert decode('{"type":"answer","call":3,"sdp":"v=0"}') == Answer(call=3, sdp="v=0")
    assert encode(Ended(3, "hung_up")) == '{"type":"ended","call":3,"reason":"hung_up"}'


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{}", '{"type":"nothing"}', '{"type":"answer","call":"x","sdp":""}'],
)
def test_what_is_no_message_is_refused(text: str) -> None:
    with pytest.raises(SignallingError):
        decode(text)


def test_a_message_has_a_bound() -> None:
    with pytest.raises(SignallingError, match="at most"):
        decode(b'{"type":"leave","x":"' + b"x" * FRAME_OCTETS_LIMIT + b'"}')


# Configuration.

LINE = '{"number":"+12125550120","registrar":"127.0.0.1:5062","password":"p"}'


def test_a_configuration_is_read_from_json_and_toml(tmp_path: Path) -> None:
    read = read_configuration(b'{"lines":[' + LINE.encode() + b'],"listen":"127.0.0.1:0"}')
    assert read.lines[0].user == "12125550120"
    assert (read.lines[0].host, read.lines[0].port) == ("127.0.0.1", 5062)
    path = tmp_path / "browser.toml"
    path.write_text(
        'listen = "127.0.0.1:0"\n[[lines]]\nnumber = "+12125550120"\n'
        'registrar = "127.0.0.1:5062"\npassword = "p"\n'
    )
    assert read_file(path) == read == Configuration(
        lines=(BrowserLine(number="+12125550120", registrar="127.0.0.1:5062", password="p"),),
        listen="127.0.0.1:0",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("{}", "lines"),
        ('{"lines":[]}', "lines"),
        (f'{{"lines":[{LINE},{LINE}]}}', "twice"),
        (f'{{"lines":[{LINE}],"listen":"8073"}}', "listen"),
        (f'{{"lines":[{LINE}],"certificate":"a.pem"}}', "key"),
        (f'{{"lines":[{LINE}],"colour":"red"}}', "colour"),
        (f'{{"lines":[{LINE.replace("5062", "99999")}]}}', "registrar"),
        (f'{{"lines":[{LINE.replace("+1", "1")}]}}', "number"),
        ('{"lines":[{"number":"+1","registrar":"a:1","password":""}]}', "password"),
        ("", "truncated"),
    ],
)
def test_a_configuration_that_says_nothing_is_refused_by_its_key(text: str, key: str) -> None:
    with pytest.raises(ConfigurationError, match=key):
        read_configuration(text.encode())
