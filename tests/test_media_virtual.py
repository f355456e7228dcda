"""Voice on the virtual clock and in real mode: the same scenes, the same samples."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.media.contract import (
    Player,
    Prompt,
    line_wire,
    player_source,
    tone_source,
    wire_source,
)
from calleq.media.frames import FRAME_US
from calleq.media.g711 import rms_of_dbm0
from calleq.media.graph import VoiceError
from calleq.media.prompts import NominalPrompts
from calleq.media.sounds import LEVEL_DBM0
from calleq.media.ticked import KEPT_FRAMES, TickedVoice
from calleq.media.virtual import VirtualVoice
from calleq.runtime.clock import VirtualClock
from tests.media_scenes import (
    AGENT,
    AGENT_LEG,
    AGENT_LINE,
    ANNOUNCEMENT,
    CUSTOMER,
    CUSTOMER_LEG,
    CUSTOMER_LINE,
    EARS,
    MARK,
    TEXT,
    Step,
    announce,
    call,
    connect,
    correlation,
    join,
    level_at,
    speak,
    ticked,
    virtually,
)


def network() -> tuple[VirtualClock, VirtualVoice]:
    clock = VirtualClock(start_us=1_700_000_000_000_000)
    return clock, VirtualVoice(clock, NominalPrompts())


@pytest.mark.parametrize("join_at_us", [2_000_000, 7_321_456])
def test_a_call_sounds_the_same_in_virtual_and_in_real_mode(join_at_us: int):
    end_us = join_at_us + 2_000_000
    virtual = virtually(call(join_at_us), end_us)
    real = ticked(call(join_at_us), end_us)
    for one, other in zip(virtual, real, strict=True):
        assert one.size == end_us // FRAME_US * 160
        assert (one == other[: one.size]).all()
        assert (one != 0).any()


MOUTHS = st.sampled_from(
    [Prompt("mouth", "hello"), Prompt("mouth", "talk"), Prompt("tone", "700"), Prompt("music")]
)
ACTS = st.one_of(
    st.tuples(st.just("speak"), st.sampled_from([CUSTOMER, AGENT]), MOUTHS),
    st.tuples(st.just("hush"), st.sampled_from([CUSTOMER, AGENT])),
    st.tuples(st.just("connect"), st.sampled_from([CUSTOMER_LINE, AGENT_LINE])),
    st.tuples(st.just("cut"), st.sampled_from([CUSTOMER_LINE, AGENT_LINE, AGENT_LEG])),
    st.tuples(st.just("tone"), st.sampled_from([CUSTOMER_LINE, AGENT_LEG])),
    st.tuples(st.just("announce")),
    st.tuples(st.just("join")),
    st.tuples(st.just("mix")),
)


def step(at_us: int, act: tuple[object, ...]) -> Step:
    """A drawn act as something done to a voice plane."""

    def do(voice) -> None:
        match act:
            case ("speak", str(number), Prompt() as prompt):
                speak(voice, number, prompt)
            case ("hush", str(number)):
                voice.stop("telephones", f"{number}/mouth")
            case ("connect", str(line)):
                connect(voice, line)
            case ("cut", str(wire)):
                voice.feed("ssp-62", wire, ())
            case ("tone", str(wire)):
                voice.feed("ssp-62", wire, (tone_source("busy"),))
            case ("announce",):
                announce(voice)
            case ("join",):
                join(voice)
            case ("mix",):
                sources = (player_source("announcement"), wire_source(AGENT_LEG))
                voice.feed("ip-76", CUSTOMER_LEG, sources)

    return at_us, do


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 1_500_000), ACTS), max_size=15))
def test_any_scene_sounds_the_same_in_virtual_and_in_real_mode(drawn):
    scene = [step(at_us, act) for at_us, act in sorted(drawn, key=lambda each: each[0])]
    virtual, real = virtually(scene, 2_000_000), ticked(scene, 2_000_000)
    for one, other in zip(virtual, real, strict=True):
        assert (one == other[: one.size]).all()


@pytest.mark.row("S2-59", part=True)
def test_a_tone_spoken_at_one_end_is_measured_at_the_other_and_not_at_its_own():
    clock, voice = network()
    for line in (CUSTOMER_LINE, AGENT_LINE):
        connect(voice, line)
    join(voice)
    for mouth, own, other in (
        (CUSTOMER, CUSTOMER_LINE, AGENT_LINE),
        (AGENT, AGENT_LINE, CUSTOMER_LINE),
    ):
        there = voice.record("telephones", other)
        here = voice.record("telephones", own)
        speak(voice, mouth, Prompt("tone", "1000"))
        clock.advance_us(500_000)
        voice.stop("telephones", f"{mouth}/mouth")
        sent = rms_of_dbm0(LEVEL_DBM0)
        assert level_at(there.stop(), 1_000) == pytest.approx(sent, rel=0.02)
        assert not here.stop().any()


@pytest.mark.row("S2-57", part=True)
def test_the_announcement_then_music_is_heard_until_the_bridge_and_never_after():
    clock, voice = network()
    connect(voice, CUSTOMER_LINE)
    connect(voice, AGENT_LINE)
    announce(voice)
    customer = voice.record("telephones", CUSTOMER_LINE)
    agent = voice.record("telephones", AGENT_LINE)
    length_us = NominalPrompts().duration_us(ANNOUNCEMENT)
    clock.advance_us(length_us + 2_000_000)
    heard = customer.stop()
    announced = NominalPrompts().samples(ANNOUNCEMENT)
    assert correlation(heard[: announced.size], announced) > 0.95
    music = heard[-8_000:]
    assert music.any()
    assert not agent.stop().any()
    join(voice)
    after = [voice.record("telephones", line) for line in (CUSTOMER_LINE, AGENT_LINE)]
    clock.advance_us(1_000_000)
    assert not any(recording.stop().any() for recording in after)


def test_the_telephones_ears_are_told_who_speaks():
    clock, voice = network()
    told: list[frozenset[str]] = []
    voice.hear("telephones", CUSTOMER_LINE, told.append)
    connect(voice, CUSTOMER_LINE)
    connect(voice, AGENT_LINE)
    announce(voice)
    speak(voice, AGENT, Prompt("mouth", "talk"))
    clock.advance_us(8_000_000)
    join(voice)
    voice.feed("ssp-62", CUSTOMER_LINE, (tone_source("congestion"),))
    assert told == [
        frozenset(),
        {f"speech:{TEXT}"},
        frozenset(),
        {"music"},
        {f"mouth:{AGENT}"},
        {"tone:congestion"},
    ]


def test_a_player_reports_its_mark_and_its_end_once():
    clock, voice = network()
    events: list[tuple[str, int]] = []

    def note(what: str) -> None:
        events.append((what, clock.monotonic_us()))

    clock.advance_us(7_000)
    voice.play("ip-76", "p", ANNOUNCEMENT, Player(note, lambda: note("marked")))
    clock.advance_us(10_000_000)
    mark_us = (TEXT.index(MARK) + len(MARK)) * 65_000
    edge = 20_000  # the first frame after 7 ms
    assert events[0][0] == "marked"
    assert events[1][0] == "complete"
    assert 0 <= events[0][1] - edge - mark_us < FRAME_US
    assert 0 <= events[1][1] - edge - len(TEXT) * 65_000 < FRAME_US
    assert len(events) == 2
    voice.stop("ip-76", "p")
    clock.advance_us(1_000_000)
    assert len(events) == 2


def test_stopping_replacing_and_failing_are_reported_outside_the_call():
    clock, voice = network()
    ended: list[str] = []
    voice.play("ip-76", "p", Prompt("music"), Player(lambda how: ended.append(f"1 {how}")))
    voice.play("ip-76", "p", ANNOUNCEMENT, Player(lambda how: ended.append(f"2 {how}")))
    voice.play("ip-76", "q", Prompt("mouth", "cough"), Player(lambda how: ended.append(f"3 {how}")))
    voice.stop("ip-76", "p")
    assert ended == []
    clock.advance_us(0)
    assert ended == ["1 stopped", "3 failed", "2 stopped"]
    assert voice.players() == 0


def test_a_prompt_stops_at_its_limit_and_a_mark_beyond_it_is_not_reached():
    clock, voice = network()
    events: list[object] = []
    prompt = Prompt("speech", TEXT, MARK, limit_us=1_000_000)
    voice.play("ip-76", "p", prompt, Player(events.append, lambda: events.append("marked")))
    clock.advance_us(999_999)
    assert events == []
    clock.advance_us(1)
    assert events == ["complete"]


@pytest.mark.parametrize(
    ("utterance", "verdict", "latest_us"),
    [
        ("hello", "human", 1_400_000),
        ("greeting", "machine", 1_999_999),
        ("fax", "fax", 700_000),
        ("", "silence", 2_000_000),
    ],
)
def test_detection_across_a_switch_is_the_same_in_both_modes(
    utterance: str, verdict: str, latest_us: int
):
    """The telephone speaks 300 ms after the answer; verdicts come at the same frame."""
    judged: list[tuple[str, int]] = []
    clock, voice = network()
    connect(voice, CUSTOMER_LINE)
    voice.detect(
        "ip-76",
        CUSTOMER_LEG,
        2_000_000,
        lambda found: judged.append((found, clock.monotonic_us())),
    )
    clock.advance_us(300_000)
    if utterance:
        speak(voice, CUSTOMER, Prompt("mouth", utterance))
    clock.advance_us(10_000_000)
    ((found, at_us),) = judged
    assert found == verdict
    assert at_us <= latest_us

    real = TickedVoice(NominalPrompts())
    connect(real, CUSTOMER_LINE)
    told: list[tuple[str, int]] = []
    real.detect(
        "ip-76",
        CUSTOMER_LEG,
        2_000_000,
        lambda found: told.append((found, real.next_frame * FRAME_US)),
    )
    for frame in range(200):
        if frame == 15 and utterance:
            speak(real, CUSTOMER, Prompt("mouth", utterance))
        real.tick(frame)
    assert told == judged


def test_a_detector_changes_its_mind_with_what_happens():
    """A greeting that is cut short after 0.8 s is a person's answer."""
    clock, voice = network()
    judged: list[tuple[str, int]] = []
    connect(voice, CUSTOMER_LINE)
    speak(voice, CUSTOMER, Prompt("mouth", "greeting"))
    voice.detect(
        "ip-76",
        CUSTOMER_LEG,
        2_000_000,
        lambda found: judged.append((found, clock.monotonic_us())),
    )
    clock.advance_us(800_000)
    voice.stop("telephones", f"{CUSTOMER}/mouth")
    clock.advance_us(5_000_000)
    assert judged == [("human", 1_200_000)]


def test_voice_that_nobody_records_sets_no_timer_but_its_ends():
    clock, voice = network()
    for line in (CUSTOMER_LINE, AGENT_LINE):
        connect(voice, line)
    join(voice)
    speak(voice, CUSTOMER, Prompt("mouth", "talk"))
    speak(voice, AGENT, Prompt("tone", "400"))
    assert clock.next_due_us() is None


def test_a_missed_tick_is_skipped_counted_and_never_caught_up():
    voice = TickedVoice(NominalPrompts())
    speak(voice, CUSTOMER, Prompt("tone", "1000"))
    voice.record("ssp-62", CUSTOMER_LINE)
    for frame in (0, 1, 2, 6, 7, 7, 3):
        voice.tick(frame)
    ear = voice.ear("ssp-62", CUSTOMER_LINE)
    assert ear is not None
    first, octets = ear.since(0, voice.next_frame)
    assert voice.missed_frames == 3
    assert (first, len(octets)) == (0, 8 * 160)
    assert octets[3 * 160 : 6 * 160] == b"\xff" * 480
    assert octets[6 * 160 : 7 * 160] == octets[:160]  # 1 kHz: each frame is like each


def test_a_player_that_ends_within_missed_ticks_ends_at_the_next():
    voice = TickedVoice(NominalPrompts())
    ended: list[str] = []
    voice.play("ip-76", "p", Prompt("tone", "400", limit_us=100_000), Player(ended.append))
    voice.tick(0)
    voice.tick(50)
    assert ended == ["complete"]


def test_a_telephones_ear_keeps_its_last_minute():
    voice = TickedVoice(NominalPrompts())
    voice.hear("telephones", CUSTOMER_LINE, lambda voices: None)
    voice.feed("ssp-62", CUSTOMER_LINE, (player_source("m"),))
    voice.play("ssp-62", "m", Prompt("music"), Player())
    ear = voice.ear("telephones", CUSTOMER_LINE)
    assert ear is not None
    for frame in range(KEPT_FRAMES + 10):
        voice.tick(frame)
    first, octets = ear.since(0, voice.next_frame)
    assert first == 10
    assert len(octets) == KEPT_FRAMES * 160
    first, octets = ear.since(voice.next_frame - 5, voice.next_frame)
    assert len(octets) == 5 * 160
    ear.clear()
    assert ear.since(0, voice.next_frame) == (voice.next_frame, b"")


def test_speech_that_is_not_at_hand_begins_when_it_has_come():
    class Slow(NominalPrompts):
        come = False

        def ready(self, prompt: Prompt) -> bool:
            return self.come

    asked: list[tuple[Prompt, object]] = []
    library = Slow()
    voice = TickedVoice(library, lambda prompt, come: asked.append((prompt, come)))
    told: list[frozenset[str]] = []
    ended: list[str] = []
    voice.hear("ssp-62", CUSTOMER_LEG, told.append)
    voice.feed("ip-76", CUSTOMER_LEG, (player_source("p"),))
    voice.play("ip-76", "p", ANNOUNCEMENT, Player(ended.append))
    voice.play("ip-76", "q", ANNOUNCEMENT, Player(ended.append))
    voice.stop("ip-76", "q")
    voice.tick(0)
    assert told == [frozenset()]
    assert ended == ["stopped"]
    for _, come in asked:
        come()
    assert told == [frozenset(), {f"speech:{TEXT}"}]
    assert voice.players() == 1


def test_loud_voices_are_clipped_not_wrapped():
    clock, voice = network()
    names = [f"p{n}" for n in range(20)]
    for name in names:
        voice.play("ip-76", name, Prompt("tone", "1000"), Player())
    voice.feed("ip-76", CUSTOMER_LEG, tuple(player_source(name) for name in names))
    recording = voice.record("ssp-62", CUSTOMER_LEG)
    clock.advance_us(100_000)
    samples = recording.stop().astype(int)
    one = np.sin(2 * np.pi * 1_000 * np.arange(samples.size) / 8_000)
    assert samples.max() == 32_124
    assert samples.min() == -32_124
    assert (np.sign(samples)[np.abs(one) > 0.1] == np.sign(one)[np.abs(one) > 0.1]).all()


def test_a_recording_has_an_end():
    clock, voice = network()
    recording = voice.record(*EARS[0])
    clock.advance_us(601_000_000)
    with pytest.raises(VoiceError, match="600 s"):
        recording.samples()


def test_a_voice_is_named_by_its_line():
    _, voice = network()
    told: list[frozenset[str]] = []
    voice.hear("ssp-62", line_wire("+15550001"), told.append)
    speak(voice, "+15550001", Prompt("mouth", "talk"))
    speak(voice, "+15550001", Prompt("tone", "1000"))
    assert told == [frozenset(), {"mouth:+15550001"}, frozenset(), {"tone:1000"}]
