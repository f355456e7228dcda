"""Which word was said: synthesised voices at 8 kHz through mu-law, and calls that turn on it.

The recogniser's extra (`calleq[speech]`) is needed; where it is not installed this is skipped, but
for what is said then.
"""

import asyncio
import os
from collections.abc import Callable
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from calleq.media import recognise
from calleq.media.contract import OTHER_WORDS, Prompt
from calleq.media.g711 import Samples, quantise, saturate
from calleq.media.prompts import SpokenPrompts
from calleq.media.recognise import RecogniserError, understood
from calleq.media.understanding import Understanding
from calleq.media.utterance import NO_SAMPLES, UtteranceListener, frames_of
from simulator.virtual import Speech
from tests import live
from tests.test_consent import CUSTOMER, answers, asking
from tests.test_equipments import made_by
from tests.virtual import REPRESENTATIVE, VirtualNetwork

WORDS = ("yes", "no", "representative")
SPEAKERS = ("en-us", "en-us+f1", "en-us+m3")
OTHERS = (
    *("hello", "what", "who is this", "maybe", "later", "I am busy", "wrong number", "less"),
    *("never", "stop", "goodbye", "one", "operator", "what do you want", "yellow", "OK"),
    *("sure", "please", "not interested", "call me back", "no thank you", "can you hear me"),
)
LINE_NOISE = 8.0
"""Linear samples, root mean square: -63 dBm0."""

installed = pytest.mark.skipif(
    find_spec("pocketsphinx") is None and not os.environ.get("CALLEQ_REQUIRE_FOREIGN"),
    reason="the recogniser is not installed: pip install 'calleq[speech]'",
)


def library() -> SpokenPrompts:
    assert live.RENDERED is not None
    return SpokenPrompts(Path(live.RENDERED))


@lru_cache(maxsize=200)
def said(text: str, voice: str = "en-us") -> Samples:
    """A voice on a line that is not quite silent, after mu-law."""
    speech = library().samples(Prompt("speech", text, language=voice))
    quiet = np.zeros(8_000)
    whole = np.concatenate((quiet, speech, quiet))
    noise = np.random.Generator(np.random.PCG64(7)).normal(0, LINE_NOISE, whole.size)
    return quantise(saturate(whole + noise))


def utterance(samples: Samples, begin_frames: int = 200) -> Samples:
    """What the listener makes of samples, frame by frame."""
    listener = UtteranceListener(begin_frames)
    for frame in frames_of(samples):
        if (found := listener.hear(frame)) is not None:
            return found
    return listener.expire()


@installed
@pytest.mark.row("S2-100", part=True)
@pytest.mark.parametrize("word", WORDS)
def test_each_word_is_understood_from_every_voice(word: str) -> None:
    heard = [understood(WORDS, utterance(said(word, voice))) for voice in SPEAKERS]
    assert heard == [word] * len(SPEAKERS)


@installed
@pytest.mark.row("S2-100", part=True)
def test_other_words_are_no_yes_and_no_representative() -> None:
    heard = {word: understood(WORDS, utterance(said(word))) for word in OTHERS}
    assert len(OTHERS) >= 20
    assert not {word for word, meant in heard.items() if meant in ("yes", "representative")}


@installed
def test_the_same_samples_are_always_understood_alike() -> None:
    once = recognise._understood.__wrapped__
    for word in ("yes", "maybe", "yes"):
        octets = utterance(said(word)).tobytes()
        assert once(WORDS, octets) == once(WORDS, octets)


@installed
@pytest.mark.parametrize("words", [(), ("yes", "no", "representative", "yes"), ("operator",)])
def test_more_than_three_words_or_others_are_refused(words: tuple[str, ...]) -> None:
    with pytest.raises(RecogniserError):
        understood(words, utterance(said("yes")))


@installed
def test_speech_that_goes_on_is_no_word() -> None:
    long = np.concatenate([said("hello")[8_000:-8_000]] * 6)
    assert understood(WORDS, utterance(long)) == OTHER_WORDS


def test_an_utterance_begins_with_speech_and_ends_with_silence() -> None:
    speech = 4_000 * np.sin(np.arange(4_000) * 0.7)
    samples = saturate(np.concatenate((np.zeros(8_000), speech, np.zeros(16_000))))
    found = utterance(samples)
    # 0.3 s before it, 0.5 s of silence behind it
    assert found.size == pytest.approx(4_000 + 2_400 + 4_000, abs=320)


def test_nobody_who_has_not_begun_in_time_is_waited_for() -> None:
    speech = saturate(4_000 * np.sin(np.arange(8_000) * 0.7))
    late = np.concatenate((np.zeros(8_000, dtype=np.int16), speech))
    assert utterance(late, begin_frames=40).size == 0
    assert utterance(late, begin_frames=60).size > 0


def test_a_click_and_a_noisy_line_are_no_utterance() -> None:
    noise = np.random.Generator(np.random.PCG64(1)).normal(0, 300, 32_000)
    noise[16_000:16_160] += 8_000
    listener = UtteranceListener(190)
    found = [listener.hear(frame) for frame in frames_of(saturate(noise))]
    assert [one.size for one in found if one is not None][:1] == [NO_SAMPLES.size]


# In calls.


def speaking(
    behaviour: str, equipment: str = "ip-76", consent: str = "key_or_speech"
) -> VirtualNetwork:
    topology = made_by(equipment, asking(equipment, behaviour, consent=consent))
    return VirtualNetwork(topology, speech=Speech(library(), understood))


@installed
@pytest.mark.row("S2-100")
@pytest.mark.parametrize("equipment", ["ip-76", "ssp-62"])
def test_yes_spoken_by_a_synthesised_voice_connects(equipment: str) -> None:
    """The equipment asks, understands, announces and bridges."""
    network = speaking("says_yes", equipment)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert answers(network, view.call) == ["yes"]
    assert view.state == "completed"
    happened = [one.event for one in network.events(view.call)]
    assert happened.index("consent_answered") < happened.index("announcement_started")
    assert happened.index("announcement_started") < happened.index("bridged")
    heard = [one.detail for one in network.entries(CUSTOMER) if one.event == "hears"]
    assert "Press 1 or say yes" in heard[0]
    assert "Please hold" in " ".join(heard)
    assert f"mouth:{REPRESENTATIVE}" in heard


@installed
@pytest.mark.row("S2-60", part=True)
@pytest.mark.parametrize(
    ("behaviour", "heard"),
    [
        ("says_no", ["no"]),
        ("says_other", ["other_words", "other_words"]),
        ("keeps_quiet", ["silence", "silence"]),
    ],
)
def test_no_silence_and_other_words_ring_nobody(behaviour: str, heard: list[str]) -> None:
    network = speaking(behaviour)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert answers(network, view.call) == heard
    assert view.state == "customer_rejected"
    assert network.rings(REPRESENTATIVE) == 0


@installed
def test_a_key_answers_where_words_are_understood_too() -> None:
    network = speaking("person")
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert answers(network, view.call) == ["key_1"]
    assert view.state == "completed"


@installed
@pytest.mark.parametrize("equipment", ["scp-1", "scp-2"])
def test_an_scp_asks_for_keys_alone(equipment: str) -> None:
    network = speaking("says_yes", equipment)
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert answers(network, view.call) == ["silence", "silence"]
    asked = [one.detail for one in network.entries(CUSTOMER) if "Press 1" in one.detail]
    assert asked
    assert not [text for text in asked if "say yes" in text]


def test_where_no_recogniser_is_installed_keys_alone_are_asked_for() -> None:
    network = VirtualNetwork(asking(consent="key_or_speech"))
    view = network.call(CUSTOMER, REPRESENTATIVE)
    assert view.state == "completed"
    asked = [one.detail for one in network.entries(CUSTOMER) if "Press 1" in one.detail]
    assert asked
    assert not [text for text in asked if "say yes" in text]


# The worker process.


def asked(
    words: list[tuple[Samples, Callable[[Understanding], object]]],
) -> list[str]:
    async def ask() -> list[str]:
        understanding = Understanding(asyncio.get_running_loop())
        heard: list[str] = []
        for samples, meddle in words:
            done = asyncio.Event()
            meddle(understanding)
            understanding.ask(
                WORDS, samples, lambda word, done=done: (heard.append(word), done.set())
            )
            await done.wait()
        await understanding.close()
        return heard

    return asyncio.run(asyncio.wait_for(ask(), 30))


def _nothing(understanding: Understanding) -> None:
    """All goes well."""


@installed
def test_a_worker_understands_and_one_that_dies_is_replaced() -> None:
    yes = utterance(said("yes"))

    def kill(understanding: Understanding) -> None:
        worker = understanding._worker
        assert worker is not None
        worker.kill()

    assert asked([(yes, _nothing), (yes, kill), (yes, _nothing)]) == ["yes", OTHER_WORDS, "yes"]


def test_the_operator_is_told_where_nothing_can_be_understood(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(recognise, "is_installed", lambda: False)

    async def notice() -> str:
        return Understanding(asyncio.get_running_loop()).notice

    assert "pip install 'calleq[speech]'" in asyncio.run(notice())
