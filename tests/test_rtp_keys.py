"""Keys at ports: events in and out, tones in band, and what only sounds like keys."""

from collections.abc import Iterator

import numpy as np
import pytest

from calleq.media.contract import Player, Prompt
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import decode, encode
from calleq.media.keys import KeyReceiver, key_tones, measure_keys
from calleq.media.ports import PortPlan
from calleq.media.rtp.packet import header, parse
from tests.rtp_bench import HOST, FarEnd, Leg, Plane

SILENCE = b"\xff" * FRAME_SAMPLES
CODES = "0123456789*#ABCD"
EVENT = 101


@pytest.fixture
def plane() -> Iterator[Plane]:
    made = Plane()
    yield made
    made.close()


def with_events(plane: Plane, wire: str) -> tuple[Leg, FarEnd]:
    leg, far = plane.leg("sip", wire, plan=False)
    plane.legs.plan(leg, PortPlan(HOST, far.port, event_payload=EVENT))
    return leg, far


def press(
    plane: Plane, leg: Leg, far: FarEnd, key: str, frames: int, lost: tuple[int, ...] = ()
) -> None:
    """Events of one key, every 20 ms, its end three times."""
    at = far.timestamp
    for number in range(1, frames + 3):
        duration = min(number, frames) * FRAME_SAMPLES
        end = 0x80 if number >= frames else 0
        body = bytes((CODES.index(key), end | 10)) + duration.to_bytes(2)
        kind = EVENT | (0x80 if number == 1 else 0)
        if number not in lost:
            far.send(leg, header(kind, far.sequence, at, far.source) + body)
        far.sequence += 1
        if number <= frames:
            far.timestamp += FRAME_SAMPLES
            plane.frames(1)
    for _ in range(8):
        far.say(leg, SILENCE)
        plane.frames(1)


def listening(plane: Plane, element: str, wire: str, count: int) -> list[str]:
    """The keys that are heard one after the other."""
    keys: list[str] = []

    def pressed(key: str) -> None:
        keys.append(key)
        if len(keys) < count:
            plane.voice.next_key(element, wire, 10_000_000, pressed)

    plane.voice.next_key(element, wire, 10_000_000, pressed)
    return keys


@pytest.mark.parametrize("frames", [2, 3, 5, 10])
def test_events_are_heard_as_the_keys_they_name(plane: Plane, frames: int):
    leg, far = with_events(plane, "line:1")
    for _ in range(5):
        far.say(leg, SILENCE)
        plane.frames(1)
    keys = listening(plane, "ssp-62", "line:1", 5)
    for _ in range(10):
        far.say(leg, SILENCE)
        plane.frames(1)
    for key in "4*7#1":
        press(plane, leg, far, key, frames)
    assert "".join(keys) == "4*7#1"


def test_an_event_whose_packets_are_lost_in_part_is_one_key(plane: Plane):
    leg, far = with_events(plane, "line:1")
    for _ in range(15):
        far.say(leg, SILENCE)
        plane.frames(1)
        if _ == 3:
            keys = listening(plane, "ssp-62", "line:1", 3)
    press(plane, leg, far, "5", 8, lost=(1, 3, 4, 9))
    press(plane, leg, far, "5", 8, lost=(2, 8))
    assert "".join(keys) == "55"


def test_events_between_legs_that_both_have_them_are_handed_through(plane: Plane):
    one, far_one = with_events(plane, "line:1")
    two, far_two = plane.leg("sip", "line:2", plan=False)
    plane.legs.plan(two, PortPlan(HOST, far_two.port, event_payload=96))
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    plane.voice.feed("switch", "line:2", ("wire:line:1",))
    far_one.say(one, SILENCE)
    plane.frames(2)
    far_two.packets()
    press(plane, one, far_one, "9", 5)
    packets = [parse(octets) for octets in far_two.packets()]
    events = [packet for packet in packets if packet.kind == 96]
    assert len(events) == 7
    assert {packet.payload[0] for packet in events} == {9}
    assert len({packet.timestamp for packet in events}) == 1
    assert [packet.payload[1] >> 7 for packet in events] == [0, 0, 0, 0, 1, 1, 1]
    assert [packet.marker for packet in events] == [True] + 6 * [False]
    assert all(packet.payload == SILENCE for packet in packets if packet.kind == 0)


def test_events_towards_a_leg_without_them_become_tones(plane: Plane):
    one, far_one = with_events(plane, "line:1")
    _, far_two = plane.leg("sip", "line:2")
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    plane.voice.feed("switch", "line:2", ("wire:line:1",))
    for _ in range(5):
        far_one.say(one, SILENCE)
        plane.frames(1)
    far_two.packets()
    press(plane, one, far_one, "6", 6)
    heard = measure_keys(far_two.heard())
    assert heard.count("6") in (5, 6)
    assert set(heard) == {"", "6"}


def test_keys_of_a_player_leave_as_events_where_they_were_negotiated(plane: Plane):
    _, far = with_events(plane, "line:1")
    ended: list[str] = []
    plane.frames(2)
    far.packets()
    plane.voice.feed("ssp-62", "line:1", ("player:keys",))
    plane.voice.play("ssp-62", "keys", Prompt("keys", "17#"), Player(ended=ended.append))
    plane.frames(40)
    packets = [parse(octets) for octets in far.packets()]
    events = [packet for packet in packets if packet.kind == EVENT]
    assert ended == ["complete"]
    assert [packet.payload[0] for packet in events] == 7 * [1] + 7 * [7] + 7 * [11]
    assert len({packet.timestamp for packet in events}) == 3
    durations = [int.from_bytes(packet.payload[2:4]) for packet in events[:7]]
    assert durations == [160, 320, 480, 640, 800, 800, 800]
    sequences = [packet.sequence for packet in packets]
    assert sequences == list(range(sequences[0], sequences[0] + len(sequences)))
    voice = decode(b"".join(packet.payload for packet in packets if packet.kind == 0))
    assert set(measure_keys(voice)) == {""}


def test_keys_of_a_player_leave_as_tones_where_events_were_not_negotiated(plane: Plane):
    _, far = plane.leg("sip", "line:1")
    plane.voice.feed("ssp-62", "line:1", ("player:keys",))
    plane.voice.play("ssp-62", "keys", Prompt("keys", "17#"), Player())
    plane.frames(40)
    receiver, keys = KeyReceiver(), ""
    for frame in measure_keys(far.heard()):
        key = receiver.hear(frame)
        if key:
            keys += key
            receiver = KeyReceiver()
    assert keys == "17#"


def test_tones_in_band_are_heard_through_a_port_however_it_is_bridged(plane: Plane):
    one, far_one = plane.leg("sip", "line:1")
    plane.leg("sip", "line:2")
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    plane.voice.feed("switch", "line:2", ("wire:line:1",))
    keys = listening(plane, "switch", "line:1", 3)
    octets = encode(key_tones("258"))
    for _ in range(10):
        far_one.say(one, SILENCE)
        plane.frames(1)
    for at in range(0, len(octets), FRAME_SAMPLES):
        far_one.say(one, octets[at : at + FRAME_SAMPLES])
        plane.frames(1)
    for _ in range(4):
        far_one.say(one, SILENCE)
        plane.frames(1)
    assert "".join(keys) == "258"


def test_an_event_that_is_no_key_is_counted_and_not_heard(plane: Plane):
    leg, far = with_events(plane, "line:1")
    far.say(leg, SILENCE)
    plane.frames(1)
    for body in (bytes((32, 10, 0, 160)), b"\x01"):
        far.send(leg, header(EVENT, far.sequence, far.timestamp, far.source) + body)
        far.sequence += 1
        plane.frames(1)
    assert plane.legs.tally().unknown == 2


def test_speech_is_not_taken_for_keys():
    """Talk-off: five minutes of every voice that telephones here have, and of noise."""
    from calleq.media.babble import VOICES, conversation

    found = 0
    for voice in range(VOICES):
        receiver = KeyReceiver()
        samples = conversation(voice)[0]
        for frame in measure_keys(samples[: 8_000 * 30]):
            if receiver.hear(frame):
                found += 1
                receiver = KeyReceiver()
    rng = np.random.default_rng(4)
    noise = rng.normal(0, 4_000, 8_000 * 60).clip(-32_000, 32_000).astype(np.int16)
    assert set(measure_keys(noise)) == {""}
    assert found == 0
