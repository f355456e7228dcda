"""One question to one party: which of key, word and silence is the answer."""

from collections.abc import Callable

import pytest

from calleq.calling_logic.asking import Asking
from calleq.media.contract import NOTHING_SAID, Played, Player, Prompt
from tests.test_telephones_behaviour import Ears

LIMIT_US = 5_000_000
WORDS = ("yes", "no")


class Voice(Ears):
    """Says and hears what the test wants."""

    def __init__(self, understands: bool) -> None:
        self.is_understood = understands
        self.spoken: Callable[[Played], object] | None = None
        self.keys: list[tuple[int, Callable[[str], object]]] = []
        self.words: list[Callable[[str], object]] = []
        self.stopped = 0

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        self.spoken = report.ended

    def stop(self, element: str, player: str) -> None:
        self.stopped += 1

    def understands(self) -> bool:
        return self.is_understood

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        self.keys.append((limit_us, pressed))

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        assert (words, limit_us) == (WORDS, LIMIT_US)
        self.words.append(heard)


def question(understands: bool = True) -> tuple[Voice, list[str]]:
    voice, answers = Voice(understands), list[str]()
    asking = Asking(voice, "ip-76", "wire", "player", WORDS, LIMIT_US, answers.append)
    asking.begin(Prompt("speech", "Press 1."))
    return voice, answers


def spoken(voice: Voice, outcome: Played = "complete") -> None:
    assert voice.spoken is not None
    voice.spoken(outcome)


def test_a_key_ends_the_question_while_it_is_spoken() -> None:
    voice, answers = question()
    voice.keys[0][1]("1")
    assert (answers, voice.stopped) == (["1"], 1)
    spoken(voice, "stopped")
    assert voice.words == []


def test_a_key_beats_a_word_that_is_being_said() -> None:
    voice, answers = question()
    spoken(voice)
    voice.keys[0][1]("9")
    voice.words[0]("yes")
    assert answers == ["9"]


def test_words_count_only_when_the_question_has_been_spoken() -> None:
    voice, answers = question()
    assert voice.words == []
    spoken(voice)
    voice.words[0]("yes")
    voice.keys[0][1]("9")
    assert answers == ["yes"]


def test_keys_are_listened_for_as_long_as_the_question_takes() -> None:
    voice, answers = question()
    voice.keys[0][1]("")
    voice.keys[1][1]("5")
    assert answers == ["5"]


@pytest.mark.parametrize("understands", [True, False])
def test_silence_is_an_answer_too(understands: bool) -> None:
    voice, answers = question(understands)
    spoken(voice, "failed")
    if understands:
        voice.words[0](NOTHING_SAID)
    else:
        limit_us, pressed = voice.keys[-1]
        assert limit_us == LIMIT_US
        pressed("")
    assert answers == [NOTHING_SAID]


def test_a_question_that_is_stopped_is_not_answered() -> None:
    voice, answers = question()
    spoken(voice, "stopped")
    voice.keys[0][1]("1")
    assert (answers, voice.words) == ([], [])
