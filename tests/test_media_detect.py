"""Who answered, judged from real samples: rendered mouths, synthesised sentences, edge lengths."""

from pathlib import Path

import numpy as np
import pytest

from calleq.cli.bench_answers import GREETINGS, on_line, verdict_on
from calleq.media import sounds
from calleq.media.contract import Prompt
from calleq.media.detect import AnswerDetector, measure
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import Samples, decode, encode
from calleq.media.prompts import SpokenPrompts
from tests import live

LIMIT_FRAMES = 100


def judge(samples: Samples) -> tuple[str, int]:
    """(verdict, milliseconds until it was given), with the limit of 2 s."""
    heard = decode(encode(samples))[: LIMIT_FRAMES * FRAME_SAMPLES]
    whole = np.zeros(LIMIT_FRAMES * FRAME_SAMPLES, dtype=np.int16)
    whole[: heard.size] = heard
    detector = AnswerDetector()
    for place, row in enumerate(measure(whole), 1):
        verdict = detector.hear(row)
        if verdict is not None:
            return verdict, place * 20
    return detector.expire(), LIMIT_FRAMES * 20


def after(delay_ms: int, samples: Samples) -> Samples:
    return np.concatenate((np.zeros(delay_ms * 8, dtype=np.int16), samples))


@pytest.mark.parametrize("voice", range(sounds.VOICES))
def test_every_voice_of_a_mouth_is_known_for_what_it_is(voice: int):
    hello = sounds.mouth("hello", voice).samples
    greeting = sounds.mouth("greeting", voice).samples
    for delay_ms in (0, 130, 400):
        verdict, at_ms = judge(after(delay_ms, hello))
        assert verdict == "human"
        assert at_ms <= delay_ms + 1_100
        verdict, at_ms = judge(after(delay_ms, greeting))
        assert verdict == "machine"
        assert at_ms < 2_000


def test_a_fax_is_known_by_300_ms_of_its_tone():
    assert judge(sounds.mouth("fax", 0).samples) == ("fax", 300)
    assert judge(after(500, sounds.mouth("fax", 0).samples)) == ("fax", 800)


@pytest.mark.parametrize("hertz", [2_085, 2_100, 2_115])
def test_ced_within_its_tolerance_is_a_fax(hertz: int):
    """T.30 §4.3.3.1: 2 100 Hz ± 15 Hz."""
    assert judge(sounds.sine((hertz,), 2_000_000, -20))[0] == "fax"


@pytest.mark.parametrize("hertz", [1_000, 1_400, 853])
def test_a_beep_alone_is_a_machine(hertz: int):
    assert judge(after(300, sounds.sine((hertz,), 400_000, -12)))[0] == "machine"


def test_nothing_heard_is_silence_at_the_limit_and_hiss_is_nothing():
    assert judge(np.zeros(16_000, dtype=np.int16)) == ("silence", 2_000)
    hiss = np.random.Generator(np.random.PCG64(1)).normal(0, 30, 16_000).astype(np.int16)
    assert judge(hiss) == ("silence", 2_000)


def test_what_is_undecided_at_the_limit_counts_as_human():
    late = after(1_700, sounds.mouth("greeting", 2).samples)
    assert judge(late) == ("human", 2_000)


def test_a_ringback_tone_that_leaks_is_no_person_of_few_words():
    """2 s of ringing tone is a long burst: not `human` before the limit."""
    verdict, _ = judge(sounds.supervisory_tone("ringback").samples)
    assert verdict == "machine"


def test_what_follows_a_verdict_does_not_change_it():
    detector = AnswerDetector()
    for row in measure(sounds.mouth("fax", 0).samples):
        detector.hear(row)
    for row in measure(sounds.mouth("greeting", 0).samples):
        assert detector.hear(row) == "fax"
    assert detector.expire() == "fax"


SENTENCES = [
    ("Hello?", "human"),
    ("Yes?", "human"),
    ("Smith.", "human"),
    ("Hello, this is Bob.", "human"),
    ("Hi, you have reached the Smith residence. Please leave a message after the beep.", "machine"),
    ("The person you have called is not available right now, please try again.", "machine"),
    (
        "You have reached the voice mail of two one two, five five five, oh one four three",
        "machine",
    ),
]


@pytest.fixture(scope="module")
def spoken(tmp_path_factory: pytest.TempPathFactory) -> SpokenPrompts:
    pytest.importorskip("espeakng_loader")
    return SpokenPrompts(Path(tmp_path_factory.mktemp("prompts")))


@pytest.mark.parametrize(("text", "expected"), SENTENCES)
def test_sentences_of_a_foreign_synthesiser(spoken: SpokenPrompts, text: str, expected: str):
    samples = spoken.samples(Prompt("speech", text))
    assert spoken.notice == ""
    for delay_ms in (0, 250):
        assert judge(after(delay_ms, samples))[0] == expected


@pytest.mark.row("S2-100", part=True)
@pytest.mark.parametrize("loss", [0.0, 0.05])
def test_people_and_machines_are_told_apart_on_lines_that_lose_frames(loss: float):
    library = SpokenPrompts(Path(live.RENDERED or "."))
    judged = {
        text: verdict_on(on_line(library.samples(Prompt("speech", text)), 0.1, loss, 1))
        for text in ("Hello?", GREETINGS["machine"][0])
    }
    assert judged == {"Hello?": "human", GREETINGS["machine"][0]: "machine"}
    assert verdict_on(on_line(sounds.mouth("fax", 0).samples, 0.4, loss, 1)) == "fax"
