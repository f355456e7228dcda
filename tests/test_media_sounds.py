"""The sounds: their frequencies, cadences and levels, measured from samples."""

import numpy as np
import pytest

from calleq.media import sounds
from calleq.media.contract import Prompt
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, dbm0, quantise
from calleq.media.music import hold_music
from calleq.media.prompts import NominalPrompts


def strongest(samples: Samples, count: int) -> set[int]:
    """The `count` strongest frequencies, in whole hertz, of some samples."""
    spectrum = np.abs(np.fft.rfft(samples.astype(float) * np.hanning(samples.size)))
    found: set[int] = set()
    while len(found) < count:
        place = int(spectrum.argmax())
        found.add(round(place * SAMPLE_RATE_HZ / samples.size))
        spectrum[max(place - 2, 0) : place + 3] = 0
    return found


def on_and_off(samples: Samples) -> list[tuple[bool, int]]:
    """(sounding, milliseconds) of each stretch, by 10 ms."""
    blocks = np.abs(samples.astype(int)).reshape(-1, 80).max(axis=1) > 0
    stretches: list[tuple[bool, int]] = []
    for sounding in blocks.tolist():
        if stretches and stretches[-1][0] == sounding:
            stretches[-1] = (sounding, stretches[-1][1] + 10)
        else:
            stretches.append((sounding, 10))
    return stretches


@pytest.mark.parametrize(
    ("name", "frequencies", "cadence"),
    [
        ("ringback", {440, 480}, [(True, 2_000), (False, 4_000)]),
        ("busy", {480, 620}, [(True, 500), (False, 500)]),
        ("congestion", {480, 620}, [(True, 250), (False, 250)]),
    ],
)
def test_supervisory_tones_have_their_frequencies_and_cadence(name, frequencies, cadence):
    sound = sounds.supervisory_tone(name)
    assert on_and_off(sound.samples) == cadence
    burst = sound.samples[: cadence[0][1] * 8]
    assert strongest(burst, 2) == frequencies


def test_the_special_information_tone_rises_in_three_steps():
    samples = sounds.supervisory_tone("unobtainable").samples
    assert on_and_off(samples) == [(True, 990), (False, 1_000)]
    for place, hertz in enumerate((950, 1_400, 1_800)):
        (found,) = strongest(samples[place * 2_640 + 200 : (place + 1) * 2_640 - 200], 1)
        assert abs(found - hertz) <= 4


def test_music_starts_with_its_first_notes_and_is_at_its_level():
    music = hold_music()
    assert dbm0(music) == pytest.approx(-18, abs=0.3)
    assert dbm0(music[:1_600]) > -30
    assert int(np.abs(music.astype(int)).max()) < 20_000
    assert music.size > 30 * SAMPLE_RATE_HZ
    # it never falls silent and has no seam louder than its own steps
    seconds = music[: music.size // 8_000 * 8_000].reshape(-1, 8_000)
    assert min(dbm0(second) for second in seconds) > -26
    steps = np.abs(np.diff(music.astype(int)))
    assert abs(int(music[0]) - int(music[-1])) <= int(steps.max())


def test_everything_is_already_what_a_wire_carries():
    for sound in (
        sounds.supervisory_tone("busy"),
        sounds.test_tone(1_000),
        sounds.mouth("hello", 3),
        sounds.mouth("greeting", 3),
        sounds.mouth("talk", 3),
        sounds.Sound(hold_music()),
    ):
        assert (quantise(sound.samples) == sound.samples).all()


def test_mouths_have_their_shapes():
    hello = sounds.mouth("hello", 1).samples
    assert hello.size == 4_800
    greeting = sounds.mouth("greeting", 1).samples
    quiet = [length for sounding, length in on_and_off(greeting[:33_600]) if not sounding]
    assert max(quiet, default=0) <= 40  # it does not stop to listen
    assert strongest(greeting[-4_000:], 1) == {1_000}
    assert strongest(sounds.mouth("fax", 1).samples, 1) == {2_100}
    pauses = [length for on, length in on_and_off(sounds.mouth("talk", 1).samples) if not on]
    assert 3 <= sum(length >= 350 for length in pauses) <= 12


def test_different_lines_have_different_voices_and_the_same_line_the_same():
    repertoire = sounds.Repertoire(NominalPrompts())
    hello = Prompt("mouth", "hello")
    one = repertoire.sound(hello, "+12125550100").samples
    other = repertoire.sound(hello, "+12125550143").samples
    assert (one == repertoire.sound(hello, "+12125550100").samples).all()
    assert (one != other).any()


def test_a_part_of_a_sound_is_the_same_however_it_is_cut():
    endless = sounds.test_tone(1_004)
    long = endless.part(7_900, 16_000)
    pieces = [endless.part(7_900 + start, 160) for start in range(0, 16_000, 160)]
    assert (np.concatenate(pieces) == long).all()
    once = sounds.mouth("hello", 0)
    assert once.part(4_700, 160).tolist()[100:] == [0] * 60
    assert once.part(4_800, 160) is None


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt("smell", "roses"),
        Prompt("mouth", "cough"),
        Prompt("tone", "loud"),
        Prompt("tone", "4000"),
        Prompt("tone", "٣٠٠"),
        Prompt("speech", ""),
        Prompt("speech", "x" * 501),
    ],
)
def test_a_sound_that_does_not_exist_is_refused(prompt):
    with pytest.raises(sounds.SoundError):
        sounds.Repertoire(NominalPrompts()).duration_us(prompt)


def test_lengths_keep_the_limit():
    repertoire = sounds.Repertoire(NominalPrompts())
    assert repertoire.duration_us(Prompt("music")) == 0
    assert repertoire.duration_us(Prompt("music", limit_us=5_000)) == 5_000
    assert repertoire.duration_us(Prompt("mouth", "hello", limit_us=900_000)) == 600_000
    assert repertoire.duration_us(Prompt("speech", "x" * 10)) == 650_000


def test_mouths_are_all_made_beforehand_so_that_no_call_has_a_gap_when_somebody_speaks_up():
    """Made within a tick, a new voice was 0.1 s of silence in every call of the network."""
    sounds.make_mouths()
    made = sounds.mouth.cache_info().misses
    for utterance in ("hello", "talk", "greeting", "fax"):
        for voice in range(sounds.VOICES):
            sounds.mouth(utterance, voice)
    assert sounds.mouth.cache_info().misses == made
