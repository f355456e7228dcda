"""Keys as tones: what is sent is received, through mu-law, and speech is no key."""

import numpy as np
import pytest

from calleq.media import g711
from calleq.media.contract import Player, Prompt
from calleq.media.frames import FRAME_US, SAMPLE_RATE_HZ
from calleq.media.keypad import KEY_US, KEYS, PAUSE_US
from calleq.media.keys import HIGH_HZ, LOW_HZ, KeyReceiver, key_tones, measure_keys
from calleq.media.prompts import NominalPrompts
from calleq.media.sounds import mouth
from calleq.media.virtual import VirtualVoice
from calleq.runtime.clock import VirtualClock
from tests.media_scenes import CUSTOMER, CUSTOMER_LEG, CUSTOMER_LINE, connect, speak


def received(samples: np.ndarray) -> str:
    heard = ""
    waiting = KeyReceiver()
    for frame in [*measure_keys(samples), ""]:
        key = waiting.hear(frame)
        if key is not None:
            heard += key
            waiting = KeyReceiver()
    return heard


def through_g711(samples: np.ndarray) -> np.ndarray:
    return g711.decode(g711.encode(samples.astype(np.int16)))


@pytest.mark.parametrize("shift", [0, 40, 80, 120])
def test_all_keys_are_received_wherever_frames_begin(shift: int) -> None:
    silence = np.zeros(shift, dtype=np.int16)
    assert received(through_g711(np.concatenate((silence, key_tones(KEYS))))) == KEYS


def test_a_key_is_received_at_other_levels_with_twist_and_noise() -> None:
    at = np.arange(SAMPLE_RATE_HZ * 80 // 1000) / SAMPLE_RATE_HZ
    rest = np.zeros(800)
    noise = np.random.default_rng(1)
    for level in (600.0, 2_000.0, 8_000.0):
        for twist in (0.5, 1.0, 2.0):
            tone = level * np.sin(2 * np.pi * LOW_HZ[1] * 1.01 * at)
            tone += level * twist * np.sin(2 * np.pi * HIGH_HZ[1] * 0.99 * at)
            samples = np.concatenate((rest, tone, rest))
            samples += noise.normal(0, level / 20, samples.size)
            assert received(through_g711(samples)) == "5", (level, twist)


def test_one_tone_or_a_short_one_is_no_key() -> None:
    at = np.arange(SAMPLE_RATE_HZ // 5) / SAMPLE_RATE_HZ
    assert received(4_000 * np.sin(2 * np.pi * 697 * at)) == ""
    assert received(4_000 * np.sin(2 * np.pi * 2_100 * at)) == ""
    assert received(key_tones("5")[: SAMPLE_RATE_HZ * 30 // 1000]) == ""


def test_people_talking_press_no_keys() -> None:
    for voice in range(4):
        for utterance in ("talk", "greeting", "hello", "fax"):
            assert received(mouth(utterance, voice).samples) == "", (utterance, voice)


def test_keys_over_a_line_are_told_one_by_one_when_they_are_let_go() -> None:
    clock = VirtualClock()
    voice = VirtualVoice(clock, NominalPrompts())
    connect(voice, CUSTOMER_LINE)
    heard: list[tuple[str, int]] = []

    def pressed(key: str) -> None:
        heard.append((key, clock.monotonic_us()))
        if key:
            voice.next_key("ip-76", CUSTOMER_LEG, 2_000_000, pressed)

    voice.next_key("ip-76", CUSTOMER_LEG, 2_000_000, pressed)
    clock.advance_us(500_000)
    speak(voice, CUSTOMER, Prompt("keys", "90#"))
    clock.advance_us(10_000_000)
    assert "".join(key for key, _ in heard) == "90#"
    for place, (_, at_us) in enumerate(heard[:3]):
        let_go_us = 500_000 + place * (KEY_US + PAUSE_US) + KEY_US
        assert let_go_us <= at_us <= let_go_us + 2 * FRAME_US
    assert heard[3][0] == ""


def test_keys_that_do_not_exist_fail() -> None:
    clock = VirtualClock()
    voice = VirtualVoice(clock, NominalPrompts())
    ended: list[str] = []
    for wrong in ("", "12E", "1" * 65):
        voice.play("telephones", "x/1", Prompt("keys", wrong), Player(ended.append))
    clock.advance_us(1)
    assert ended == ["failed"] * 3
