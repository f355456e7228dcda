"""Legs on a plane that the test ticks: what comes in at ports and what goes out, by packets."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

from calleq.media.contract import Player, Prompt
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import A_LAW, FROM_A_LAW, TO_A_LAW, decode, encode, rms_of_dbm0
from calleq.media.ports import PortPlan
from calleq.media.rtp import routes
from calleq.media.rtp.packet import parse
from tests.media_scenes import correlation, level_at
from tests.rtp_bench import HOST, STEP_US, FarEnd, Plane, speech

WIRES = ("line:+12125550100/line-1", "line:+12125550143/switch-2", "line:west/line-3")
SILENCE = b"\xff" * FRAME_SAMPLES


@pytest.fixture
def plane() -> Iterator[Plane]:
    made = Plane()
    yield made
    made.close()


def bridged(plane: Plane, *codecs: str):
    """Two or more legs that their switch joins: each hears all others."""
    wires = [f"line:{number}" for number in range(len(codecs))]
    legs = [plane.leg("sip", wire, codec=codec) for wire, codec in zip(wires, codecs, strict=True)]
    for wire in wires:
        others = tuple(f"wire:{each}" for each in wires if each != wire)
        plane.voice.feed("switch", wire, others)
    return legs


def frames_of(samples: np.ndarray) -> list[bytes]:
    octets = encode(samples)
    return [octets[at : at + FRAME_SAMPLES] for at in range(0, len(octets), FRAME_SAMPLES)]


def test_two_legs_of_one_codec_are_relayed_as_they_come(plane: Plane):
    (one, far_one), (_, far_two) = bridged(plane, "PCMU", "PCMU")
    said = frames_of(speech(1, 20))
    plane.step()
    far_two.packets()
    for octets in said:
        far_one.say(one, octets)
        plane.step()  # no tick of the leg is waited for
        (packet,) = [parse(each) for each in far_two.packets()]
        assert packet.payload == octets
        for _ in range(3):
            plane.step()
    assert far_one.packets() == []  # nothing is said there, and nothing is made up


def test_the_relayed_stream_is_our_own_and_keeps_gaps_and_markers(plane: Plane):
    (one, far_one), (_, far_two) = bridged(plane, "PCMU", "PCMU")
    plane.step()
    far_two.packets()
    sent = []
    for number in range(12):
        if number in (5, 6):
            far_one.skip()  # lost on its way to us
        else:
            far_one.say(one, SILENCE, marker=number == 8)
            plane.frames(1)
            sent += [parse(each) for each in far_two.packets()]
    assert len(sent) == 10
    assert {packet.source for packet in sent} == {sent[0].source}
    assert sent[0].source != far_one.source
    steps = [(b.sequence - a.sequence) & 0xFFFF for a, b in pairwise(sent)]
    times = [(b.timestamp - a.timestamp) & 0xFFFF_FFFF for a, b in pairwise(sent)]
    assert steps == [1, 1, 1, 1, 3, 1, 1, 1, 1]
    assert times == [160 * step for step in steps]
    assert [packet.marker for packet in sent].index(True) == 6


@pytest.mark.row("S2-115", part=True)
def test_a_law_and_mu_law_are_translated_by_table(plane: Plane):
    (one, far_one), (two, far_two) = bridged(plane, "PCMU", "PCMA")
    plane.step()
    far_one.packets(), far_two.packets()
    octets = bytes(range(96, 256))
    far_one.say(one, octets)
    far_two.say(two, octets)
    plane.step()
    (there,) = [parse(each) for each in far_two.packets()]
    (here,) = [parse(each) for each in far_one.packets()]
    assert (there.kind, here.kind) == (8, 0)
    as_octets = np.frombuffer(octets, np.uint8)
    assert there.payload == TO_A_LAW[as_octets].tobytes()
    assert here.payload == FROM_A_LAW[as_octets].tobytes()


@pytest.mark.row("S2-100", part=True)
def test_a_leg_hears_the_others_of_a_conference_and_not_itself(plane: Plane):
    legs = bridged(plane, "PCMU", "PCMU", "PCMA")
    said = [speech(seed, 30) for seed in range(3)]
    said[2] = A_LAW[TO_A_LAW[np.frombuffer(encode(said[2]), np.uint8)]]
    heard: list[list[np.ndarray]] = [[], [], []]
    for number in range(30):
        piece = slice(number * FRAME_SAMPLES, (number + 1) * FRAME_SAMPLES)
        for (leg, far), samples in zip(legs, said, strict=True):
            octets = encode(samples[piece])
            if far.kind == 8:
                octets = TO_A_LAW[np.frombuffer(octets, np.uint8)].tobytes()
            far.say(leg, octets)
        plane.frames(1)
        for (_, far), ear in zip(legs, heard, strict=True):
            for packet in far.packets():
                payload = np.frombuffer(parse(packet).payload, np.uint8)
                ear.append(A_LAW[payload] if far.kind == 8 else decode(payload.tobytes()))
    for at, ear in enumerate(heard):
        others = sum(said[other].astype(float) for other in range(3) if other != at)
        whole = np.concatenate(ear).astype(float)
        best = max(
            correlation(whole[delay * 160 : 3_200 + delay * 160], others[:3_200])
            for delay in range(len(ear) - 20)
        )
        assert best > 0.97
        assert abs(correlation(whole[480:3_200], said[at][480:3_200])) < 0.2


def test_an_announcement_is_heard_and_then_the_bridge_without_a_break_of_the_stream(plane: Plane):
    one, far_one = plane.leg("sip", "line:1")
    two, far_two = plane.leg("sip", "line:2")
    plane.voice.feed("switch", "line:1", ("player:notice",))
    plane.voice.play("switch", "notice", Prompt("tone", "1000"), Player())
    plane.frames(10)
    packets = far_one.packets()
    assert level_at(decode(b"".join(parse(each).payload for each in packets[3:])), 1_000) > 1_000
    plane.voice.feed("switch", "line:1", ("wire:line:2",))
    for _ in range(5):
        far_two.say(two, SILENCE)
        plane.frames(1)
    packets += far_one.packets()
    plane.voice.feed("switch", "line:1", ("tone:busy",))
    plane.frames(5)
    packets += far_one.packets()
    sequences = [parse(each).sequence for each in packets]
    times = [parse(each).timestamp for each in packets]
    assert len(packets) >= 19
    assert all((b - a) & 0xFFFF == 1 for a, b in pairwise(sequences))
    assert all(0 < (b - a) & 0xFFFF_FFFF <= 4 * 160 for a, b in pairwise(times))
    assert one.far == (HOST, far_one.port)


@pytest.mark.parametrize("phase", range(4))
def test_a_sound_begins_with_the_next_tick_of_any_phase(plane: Plane, phase: int):
    _, far = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("player:notice",))
    plane.frames(3)
    for _ in range(phase):
        plane.step()
    far.packets()
    ended: list[str] = []
    plane.voice.play(
        "switch", "notice", Prompt("tone", "1000", limit_us=200_000), Player(ended.append)
    )
    began_us = plane.now_us
    plane.step()
    (first,) = far.packets()
    assert parse(first).payload != SILENCE
    packets = [first]
    while not ended:
        plane.step()
        packets += far.packets()
    loud = [parse(each).payload for each in packets if parse(each).payload != SILENCE]
    assert len(loud) == 10  # all of it, whenever it began
    assert 0 <= plane.now_us - began_us - 200_000 <= 20_000
    spoken = decode(b"".join(loud)).astype(float)
    expected = np.sin(2 * np.pi * np.arange(spoken.size) / 8)
    assert correlation(spoken, expected) > 0.999


def test_a_stream_that_began_early_is_on_time_again_when_it_falls_silent(plane: Plane):
    one, far = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("player:notice",))
    sent = []
    for turn in range(12):  # each time in another phase
        for _ in range(4 * 3 + turn % 3 + 1):
            plane.step()
            sent += [(plane.now_us, parse(each)) for each in far.packets()]
        prompt = Prompt("tone", "1000", limit_us=100_000)
        plane.voice.play("switch", "notice", prompt, Player())
    steps = [(b.sequence - a.sequence) & 0xFFFF for (_, a), (_, b) in pairwise(sent)]
    assert set(steps) == {1}
    times = [(b.timestamp - a.timestamp) & 0xFFFF_FFFF for (_, a), (_, b) in pairwise(sent)]
    assert min(times) == FRAME_SAMPLES
    offsets = [packet.timestamp - at_us // 125 for at_us, packet in sent]
    assert max(offsets) - min(offsets) <= FRAME_SAMPLES
    assert int(plane.legs.table.ahead[one.number]) <= FRAME_SAMPLES


def test_sounds_that_begin_at_once_are_spread_over_the_phases(
    plane: Plane, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(routes, "MOST_UNEVEN", 4)
    legs = [plane.leg("sip", f"line:{number}") for number in range(60)]
    for number in range(60):
        plane.voice.feed("switch", f"line:{number}", ("tone:busy",))
    plane.step()
    for _, far in legs:
        far.packets()
    counts = []
    for _ in range(4):
        plane.step()
        counts.append(sum(len(far.packets()) for _, far in legs))
    assert sum(counts) == 60
    assert max(counts) <= min(counts) + 5


def test_missing_frames_are_stood_in_for_and_die_away(plane: Plane):
    (one, far_one), (_, far_two), _ = bridged(plane, "PCMU", "PCMU", "PCMU")
    at = np.arange(60 * FRAME_SAMPLES) / 8_000
    tone = (8_000 * np.sin(2 * np.pi * 200 * at)).astype(np.int16)
    octets = frames_of(tone)
    for number in range(30):
        far_one.say(one, octets[number])
        plane.frames(1)
    far_two.packets()
    levels = []
    for _ in range(12):
        far_one.skip()
        plane.frames(1)
        heard = far_two.heard().astype(float)
        levels.append(float(np.sqrt(np.mean(heard**2))))
    full = 8_000 / np.sqrt(2)
    assert max(levels[:2]) == pytest.approx(full, rel=0.2)
    assert levels[2] < 0.8 * full
    assert max(levels[6:]) < rms_of_dbm0(-48)


def test_comfort_noise_that_the_far_end_asks_for_is_heard_at_its_level(plane: Plane):
    (one, far_one), (_, far_two), _ = bridged(plane, "PCMU", "PCMU", "PCMU")
    for _ in range(10):
        far_one.say(one, SILENCE)
        plane.frames(1)
    far_one.kind = 13
    far_one.send(one, far_one.packet(bytes([50])))
    plane.frames(5)
    far_two.packets()
    plane.frames(20)
    heard = far_two.heard().astype(float)
    wanted = 32_768 / np.sqrt(2) * 10 ** (-50 / 20)
    assert np.sqrt(np.mean(heard**2)) == pytest.approx(wanted, rel=0.2)


def test_reordered_duplicate_and_late_packets_do_no_harm(plane: Plane):
    (one, far_one), (_, far_two), _ = bridged(plane, "PCMU", "PCMU", "PCMU")
    said = speech(3, 60)
    octets = frames_of(said)
    packets = []
    for each in octets:
        packets.append(far_one.packet(each))
        far_one.skip()
    order = list(range(60))
    for at in range(4, 56, 6):
        order[at], order[at + 1] = order[at + 1], order[at]
    heard = []
    for number in order:
        far_one.send(one, packets[number])
        if number % 7 == 3:
            far_one.send(one, packets[number])
        plane.frames(1)
        heard.append(far_two.heard())
    whole = np.concatenate(heard)
    best = max(
        correlation(whole[2_400 : 2_400 + 4_800], said[2_400 - lag * 80 : 7_200 - lag * 80])
        for lag in range(12)
    )
    assert best > 0.95
    quality = plane.legs.quality(one)
    assert quality.lost == 0
    assert quality.received >= 60


@pytest.mark.parametrize("octets", [160, 240])
def test_a_path_that_becomes_slower_for_good_is_heard_again_at_once(plane: Plane, octets: int):
    (one, far_one), (_, far_two), _ = bridged(plane, "PCMU", "PCMU", "PCMU")
    said = encode(speech(6, 90))
    pieces = [said[at : at + octets] for at in range(0, len(said), octets)]

    def speak(count: int) -> None:
        for _ in range(count):
            far_one.say(one, pieces.pop(0))
            for _ in range(octets // 40):
                plane.step()

    speak(20)
    plane.frames(5)  # nothing comes, and nothing is lost: it is all on its way
    speak(10)
    far_two.packets()
    concealed = plane.legs.inputs.concealed
    speak(20)
    assert plane.legs.inputs.concealed == concealed
    heard = far_two.heard().astype(float)
    assert np.sqrt(np.mean(heard**2)) > rms_of_dbm0(-25)


def test_a_stranger_is_counted_and_not_heard(plane: Plane):
    (one, far_one), (_, far_two) = bridged(plane, "PCMU", "PCMU")
    stranger = FarEnd(source=666)
    for _ in range(20):
        far_one.say(one, SILENCE)
        stranger.say(one, b"\x00" * FRAME_SAMPLES)
        plane.frames(1)
    assert all(parse(each).payload == SILENCE for each in far_two.packets())
    assert plane.legs.quality(one).strangers == 20
    assert stranger.packets() == []
    stranger.close()


def test_a_far_end_behind_a_nat_is_sent_to_where_it_sends_from(plane: Plane):
    one, announced = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("tone:busy",))
    really = FarEnd()
    for _ in range(4):
        really.say(one, SILENCE)
        plane.frames(1)
    announced.packets()
    plane.frames(3)
    assert announced.packets() == []
    assert len(really.packets()) >= 3
    assert ("line:1", "heard") in plane.events
    really.close()


def test_another_source_is_believed_only_after_the_first_has_been_silent(plane: Plane):
    one, far_one = plane.leg("sip", "line:1")
    other = FarEnd(source=9)
    for _ in range(3):
        far_one.say(one, SILENCE)
        plane.frames(1)
    for _ in range(10):
        other.say(one, SILENCE)
        plane.frames(1)
    assert one.latch.address == (HOST, far_one.port)
    plane.frames(60)
    for _ in range(3):
        other.say(one, SILENCE)
        plane.frames(1)
    assert one.latch.address == (HOST, other.port)
    other.close()


def test_what_was_sent_to_the_call_before_is_not_heard_by_the_next(plane: Plane):
    one, far_one = plane.leg("sip", "line:1")
    pair = one.pair
    plane.legs.close(one)
    for _ in range(5):
        far_one.say(one, SILENCE)  # it has not noticed yet
    two = plane.legs.take(pair, "sip", "line:2", lambda event: None)
    assert two is not None
    far_two = FarEnd(source=8)
    plane.legs.plan(two, PortPlan(HOST, far_two.port))
    plane.frames(3)
    far_two.say(two, SILENCE)
    plane.frames(1)
    assert two.latch.address == (HOST, far_two.port)
    assert plane.legs.close(two).strangers == 0
    far_two.close()


def test_nothing_is_left_of_calls_that_are_over(plane: Plane):
    def call(number: int) -> None:
        wires = [f"line:+1212555{number:04d}/line-{side}" for side in (1, 2)]
        legs = [plane.leg("sip", wire)[0] for wire in wires]
        for own, other in (wires, reversed(wires)):
            plane.voice.feed("ssp-62", own, (f"wire:{other}",))
        plane.frames(1)
        plane.voice.feed("ssp-62", wires[0], ())
        for leg in legs:
            plane.legs.close(leg)
        plane.voice.feed("ssp-62", wires[1], ())
        plane.frames(1)

    call(1)
    before = plane.voice.graph.size()
    for number in range(2, 12):
        call(number)
    assert plane.voice.graph.size() == before
    assert len(plane.legs) == 0
    assert not plane.legs.routes.users.any()


def test_hold_is_neither_heard_nor_sent_to_where_it_says_so(plane: Plane):
    (one, far_one), (_, far_two) = bridged(plane, "PCMU", "PCMU")
    far_one.say(one, SILENCE)
    plane.frames(2)
    far_one.packets(), far_two.packets()
    plane.legs.plan(one, PortPlan(HOST, far_one.port, receives=False, sends=True))
    for _ in range(5):
        far_one.say(one, b"\x00" * FRAME_SAMPLES)
        plane.frames(1)
    assert all(parse(each).payload == SILENCE for each in far_two.packets())
    plane.legs.plan(one, PortPlan(HOST, far_one.port, receives=False, sends=False))
    far_one.packets()
    plane.frames(5)
    assert far_one.packets() == []


def test_ticks_that_were_missed_are_skipped_and_the_timestamps_say_so(plane: Plane):
    _, far_one = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("tone:busy",))
    plane.frames(5)
    before = [parse(each) for each in far_one.packets()]
    plane.step(10 * 4 * STEP_US)
    plane.frames(2)
    after = [parse(each) for each in far_one.packets()]
    assert 2 <= len(after) <= 4
    assert after[0].sequence - before[-1].sequence == 1
    assert (after[0].timestamp - before[-1].timestamp) // FRAME_SAMPLES in (9, 10, 11)
    assert plane.legs.tally().skipped > 0


def test_a_port_is_silent_after_five_seconds_and_heard_again(plane: Plane):
    one, far_one = plane.leg("sip", WIRES[0])
    heard: list[frozenset[str]] = []
    plane.voice.hear("ssp-62", WIRES[0], heard.append)
    far_one.say(one, SILENCE)
    plane.frames(350)
    far_one.say(one, SILENCE)
    plane.frames(60)
    assert [event for _, event in plane.events] == ["heard", "silent", "heard"]
    assert heard == [frozenset(), {"mouth:+12125550100"}, frozenset(), {"mouth:+12125550100"}]


def test_voice_of_other_packet_times_is_heard(plane: Plane):
    (one, far_one), (_, far_two), _ = bridged(plane, "PCMU", "PCMU", "PCMU")
    said = speech(4, 60)
    octets = encode(said)
    heard = []
    for at in range(0, len(octets), 240):
        far_one.say(one, octets[at : at + 240])
        for _ in range(6):
            plane.step()
        heard.append(far_two.heard())
    whole = np.concatenate(heard)
    best = max(
        correlation(whole[2_400 : 2_400 + 4_800], said[2_400 - lag * 80 : 7_200 - lag * 80])
        for lag in range(12)
    )
    assert best > 0.95


@pytest.mark.parametrize("forbidden", ["", "1"])
def test_many_legs_at_once_are_each_sent_their_own(monkeypatch: pytest.MonkeyPatch, forbidden: str):
    """By batches of the kernel, where it has them, and one by one."""
    monkeypatch.setenv("CALLEQ_NO_URING", forbidden)
    plane = Plane()
    legs = [plane.leg("sip", f"line:{number}") for number in range(40)]
    stranger = FarEnd(source=3)
    for number in range(40):
        plane.voice.feed("switch", f"line:{number}", (f"wire:line:{number ^ 1}",))
    plane.step()
    for _, far in legs:
        far.packets()
    for turn in range(3):
        for number, (leg, far) in enumerate(legs):
            if (number, turn) != (7, 1):
                far.say(leg, bytes((0x80 + number, turn)) * 80)
        stranger.say(legs[5][0], SILENCE)
        plane.frames(1)
    heard = [[parse(octets).payload[:2] for octets in far.packets()] for _, far in legs]
    for number, voices in enumerate(heard):
        turns = (0, 2) if number == 6 else (0, 1, 2)
        assert voices == [bytes((0x80 + (number ^ 1), turn)) for turn in turns]
    assert plane.legs.quality(legs[5][0]).strangers == 3
    for number in range(40):
        plane.voice.feed("switch", f"line:{number}", ("tone:busy",))
    plane.frames(4)
    assert [len(far.packets()) for _, far in legs] == 40 * [4]
    stranger.close()
    plane.close()


def shared(plane: Plane, count: int):
    """Legs of one port of a trunk, each with a far end of its own."""
    from calleq.media.rtp.sockets import PortPair, bind_pair

    pair: PortPair | None = None
    port = 28_000
    while pair is None:
        pair = bind_pair(HOST, port)
        port += 2
    pair.shared = True
    legs = []
    for number in range(count):
        leg = plane.legs.take(pair, "sip", f"line:trunk/{number}", lambda event: None)
        assert leg is not None
        far = FarEnd(source=50 + number)
        plane.legs.plan(leg, PortPlan(HOST, far.port))
        legs.append((leg, far))
    return legs


def test_legs_of_a_shared_port_are_told_apart_by_their_addresses(plane: Plane):
    legs = shared(plane, 4)
    stranger = FarEnd(source=9)
    for number in range(4):
        plane.voice.feed("switch", f"line:trunk/{number}", (f"wire:line:trunk/{number ^ 1}",))
    plane.step()
    for _, far in legs:
        far.packets()
    for number, (leg, far) in enumerate(legs):
        for turn in range(2):  # two at a time
            far.say(leg, bytes([0x80 + 16 * number + turn]) * FRAME_SAMPLES)
    stranger.say(legs[0][0], SILENCE)
    plane.step()
    heard = [[parse(octets).payload[0] for octets in far.packets()] for _, far in legs]
    said = [[0x80 + 16 * number, 0x81 + 16 * number] for number in range(4)]
    assert heard == [said[1], said[0], said[3], said[2]]
    assert plane.legs.shared.strangers() == 1
    for number in range(4):
        plane.voice.feed("switch", f"line:trunk/{number}", ("tone:busy",))
    plane.frames(3)
    assert all(len(far.packets()) == 3 for _, far in legs)
    for leg, far in legs:
        assert plane.legs.close(leg).received == 2
        far.close()
    stranger.close()
    legs[0][0].pair.close()


def test_who_speaks_in_a_conference_is_known(plane: Plane):
    legs = bridged(plane, "PCMU", "PCMU", "PCMU")
    said = frames_of(speech(2, 25))
    for octets in said:
        for number, (leg, far) in enumerate(legs):
            far.say(leg, octets if number == 1 else SILENCE)
        plane.frames(1)
    assert plane.legs.speaking() == [("sip", "line:1")]
    for _ in range(60):
        for leg, far in legs:
            far.say(leg, SILENCE)
        plane.frames(1)
    assert plane.legs.speaking() == []


def test_a_long_sound_goes_on_when_others_have_come_and_gone(plane: Plane):
    _, far = plane.leg("sip", "line:1")
    plane.voice.feed("switch", "line:1", ("player:music",))
    plane.step()
    plane.voice.play("switch", "music", Prompt("tone", "1000"), Player())
    plane.frames(2)
    _, other = plane.leg("sip", "line:2")
    for number in range(70):  # past a look at who is heard
        plane.voice.feed("switch", "line:2", (f"player:{number}",))
        plane.voice.play("switch", f"{number}", Prompt("tone", "500"), Player())
        plane.frames(1)
    heard = far.heard().astype(float)
    heard = heard[np.flatnonzero(heard)[0] - 1 :]
    whole = np.sin(2 * np.pi * np.arange(heard.size) / 8)
    assert correlation(heard, whole) > 0.999  # not a sample of it twice or left out
    assert len(other.packets()) >= 60
    assert len(plane.legs._sounding._loaded) < 70
