"""The sounds that need no synthesiser: supervisory tones, music, what telephones utter, test tones.

A `Sound` is samples that a mu-law wire can carry, played once or without end. Tones and their
cadences are North America's in ITU-T E.180 supplement 2; the special information tone is
E.180 §10.3. Levels are those of the telephone plant: -19 and -24 dBm0 for each frequency of ringing
and busy tone, -18 dBm0 for the rest.

`Repertoire` answers for every kind of prompt; speech it takes from the library it is given.
Refuses (SoundError) kinds, mouths, tones and frequencies that do not exist.
"""

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Protocol
from zlib import crc32

import msgspec
import numpy as np

from calleq.media.babble import VOICES, conversation, speech_like
from calleq.media.contract import TONES, Prompt
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, quantise, rms_of_dbm0, saturate
from calleq.media.keypad import KEYS, KEYS_LIMIT, keys_length_us
from calleq.media.keys import key_tones
from calleq.media.music import hold_music
from calleq.media.recorder import RecordingError, both_sides, recording_path
from calleq.media.supplied import SuppliedSounds
from calleq.units import SECOND_US

CED_HZ = 2_100
CED_US = 3 * SECOND_US
BEEP_HZ = 1_000
BEEP_US = 500_000
HELLO_US = 600_000
GREETING_US = 4_200_000
GREETING_GAP_US = 200_000
TEST_TONE_HZ = range(50, 3_901)
LEVEL_DBM0 = -18.0

_KINDS = ("speech", "supplied", "music", "mouth", "tone", "keys", "recording")
WORDS_SAID = ("yes", "no", "representative", "maybe", "who is this")
"""Mouths that say something: what a synthesiser makes of it, in one of `SPEAKERS`."""
SPEAKERS = ("en-us", "en-us+f2", "en-us+m3", "en-us+f1", "en-us+m1")
KEPT_COMPOSED = 64
"""Texts in memory with a name that a business supplied."""
KEPT_RECORDINGS = 4
"""Recordings in memory, of those that are played to somebody."""

_SAMPLE_US = SECOND_US // SAMPLE_RATE_HZ

_MOUTHS: dict[str, int] = {
    "hello": HELLO_US,
    "talk": 0,
    "greeting": GREETING_US + GREETING_GAP_US + BEEP_US,
    "fax": CED_US,
}


_KEPT_MOUTHS: dict[tuple[str, int], Samples] = {}
"""Utterances that were made before, by another process."""


class SoundError(ValueError):
    """A sound was asked for that does not exist; the text says which and what there is."""


@dataclass(frozen=True, slots=True)
class Sound:
    """Samples played once, or again and again."""

    samples: Samples
    endless: bool = False

    def part(self, start: int, count: int) -> Samples | None:
        """Samples `start` (counted from its beginning) onwards; None when it is over."""
        size = self.samples.size
        if self.endless:
            start %= size
        elif start >= size:
            return None
        piece = self.samples[start : start + count]
        if piece.size == count:
            return piece
        if self.endless:
            return np.take(self.samples, np.arange(start, start + count), mode="wrap")
        return np.concatenate((piece, np.zeros(count - piece.size, dtype=np.int16)))


class PromptLibrary(Protocol):
    """Where speech comes from."""

    def ready(self, prompt: Prompt) -> bool:
        """Whether its samples are at hand; asking for them before may take long or fail."""

    def duration_us(self, prompt: Prompt) -> int:
        """How long the whole text takes."""

    def mark_us(self, prompt: Prompt) -> int:
        """When the marked part of the text has been said; the whole length without one."""

    def samples(self, prompt: Prompt) -> Samples:
        """The speech itself."""


class Repertoire:
    """Every sound a prompt can name."""

    def __init__(self, speech: PromptLibrary, recordings: Path | None = None) -> None:
        """`recordings` is the directory of those that can be played."""
        self.speech = speech
        self.supplied = SuppliedSounds()
        self._composed: dict[Prompt, Samples] = {}
        self._recordings = recordings
        self._recorded: dict[str, Sound] = {}

    def ready(self, prompt: Prompt) -> bool:
        """Whether its samples are at hand; asking for them before may take long."""
        match prompt.kind:
            case "speech" | "supplied" | "mouth":
                return all(map(self.speech.ready, self.spoken(prompt)))
            case "recording":
                return prompt.text in self._recorded
            case _:
                return True

    def spoken(self, prompt: Prompt) -> list[Prompt]:
        """What has to be synthesised of a prompt."""
        match prompt.kind:
            case "speech" | "supplied":
                return [part for part in self._parts(prompt) if isinstance(part, Prompt)]
            case "mouth" if prompt.text in WORDS_SAID:
                return [Prompt("speech", prompt.text, language=voice) for voice in SPEAKERS]
            case _:
                return []

    def _parts(self, prompt: Prompt) -> list[Prompt | Samples]:
        """A prompt in what is synthesised and what a business supplied."""
        if not prompt.supplied and prompt.kind == "speech":
            return [prompt]
        supplied = self.supplied.get(prompt.supplied)
        if supplied is None:
            return [msgspec.structs.replace(prompt, kind="speech", supplied="")]
        if prompt.kind == "supplied":
            return [supplied]
        before, _, after = prompt.text.partition(prompt.mark)
        spoken = [
            Prompt("speech", text.strip(), language=prompt.language)
            if any(character.isalnum() for character in text)
            else None
            for text in (before, after)
        ]
        return [part for part in (spoken[0], supplied, spoken[1]) if part is not None]

    def _speech(self, prompt: Prompt) -> Samples:
        if not prompt.supplied:
            return self.speech.samples(prompt)
        composed = self._composed.get(prompt)
        if composed is None:
            parts = self._parts(prompt)
            composed = self._composed[prompt] = np.concatenate(
                [self.speech.samples(part) if isinstance(part, Prompt) else part for part in parts]
            )
            if len(self._composed) > KEPT_COMPOSED:
                del self._composed[next(iter(self._composed))]
        return composed

    def _length_us(self, part: Prompt | Samples) -> int:
        if isinstance(part, Prompt):
            return self.speech.duration_us(part)
        return part.size * _SAMPLE_US

    def mark_us(self, prompt: Prompt) -> int | None:
        """When the marked part of a text has been said; None where nothing is marked."""
        if not prompt.mark or prompt.kind != "speech":
            return None
        total_us = 0
        for part in self._parts(prompt):
            if isinstance(part, Prompt) and part.mark:
                return self.speech.mark_us(part)
            total_us += self._length_us(part)
            if not isinstance(part, Prompt):
                break
        return total_us

    def recorded(self, prompt: Prompt) -> Sound:
        """A recording of a call, both sides at once. Raises SoundError."""
        sound = self._recorded.get(prompt.text)
        if sound is None:
            if self._recordings is None:
                raise SoundError("there is no directory of recordings")
            try:
                sound = Sound(both_sides(recording_path(self._recordings, prompt.text)))
            except (RecordingError, OSError, ValueError) as error:
                raise SoundError(f"recording {prompt.text}: {error}") from error
            self._recorded[prompt.text] = sound
            if len(self._recorded) > KEPT_RECORDINGS:
                del self._recorded[next(iter(self._recorded))]
        return sound

    def duration_us(self, prompt: Prompt) -> int:
        """Length of a prompt, 0 for one without end; `limit_us` is kept.

        Raises SoundError when there is no such sound.
        """
        match prompt.kind:
            case "speech" | "supplied":
                length_us = sum(map(self._length_us, self._parts(prompt)))
            case "music":
                length_us = 0
            case "recording":
                length_us = self.recorded(prompt).samples.size * _SAMPLE_US
            case "tone":
                _frequency(prompt)
                length_us = 0
            case "mouth" if prompt.text in WORDS_SAID:
                length_us = max(map(self.speech.duration_us, self.spoken(prompt)))
            case "mouth":
                length_us = _mouth(prompt)
            case "keys":
                length_us = keys_length_us(_keys(prompt))
            case kind:
                raise SoundError(f"kind {kind!r} is none of {', '.join(_KINDS)}")
        limit_us = prompt.limit_us
        return min(length_us, limit_us) if length_us and limit_us else length_us or limit_us

    def sound(self, prompt: Prompt, line: str) -> Sound:
        """The samples of a prompt; `line` decides whose mouth it is. Raises SoundError."""
        match prompt.kind:
            case "speech" | "supplied":
                return Sound(self._speech(prompt))
            case "music":
                supplied = self.supplied.get(prompt.supplied) if prompt.supplied else None
                return Sound(hold_music() if supplied is None else supplied, endless=True)
            case "recording":
                return self.recorded(prompt)
            case "tone":
                return test_tone(_frequency(prompt))
            case "mouth" if prompt.text in WORDS_SAID:
                voices = self.spoken(prompt)
                return Sound(self.speech.samples(voices[crc32(line.encode()) % len(voices)]))
            case "mouth":
                _mouth(prompt)
                return mouth(prompt.text, crc32(line.encode()) % VOICES)
            case "keys":
                return Sound(key_tones(_keys(prompt)))
            case kind:
                raise SoundError(f"kind {kind!r} is none of {', '.join(_KINDS)}")


def _frequency(prompt: Prompt) -> int:
    if not (prompt.text.isascii() and prompt.text.isdigit() and len(prompt.text) <= 4):
        raise SoundError(f"tone {prompt.text!r} is no frequency in whole Hz")
    if int(prompt.text) not in TEST_TONE_HZ:
        raise SoundError(f"tone {prompt.text} Hz is outside 50 to 3900 Hz")
    return int(prompt.text)


def _keys(prompt: Prompt) -> str:
    if not 0 < len(prompt.text) <= KEYS_LIMIT or not set(prompt.text) <= set(KEYS):
        raise SoundError(f"keys {prompt.text!r}: 1 to {KEYS_LIMIT} of {KEYS} expected")
    return prompt.text


def _mouth(prompt: Prompt) -> int:
    length_us = _MOUTHS.get(prompt.text)
    if length_us is None:
        raise SoundError(f"mouth {prompt.text!r} is none of {', '.join(_MOUTHS)}")
    return length_us


def sine(hertz: tuple[float, ...], length_us: int, level_dbm0: float) -> Samples:
    """The sum of sines of this level each; a length of 0.1 s multiples joins without a click."""
    count = length_us // _SAMPLE_US
    at_s = np.arange(count) / SAMPLE_RATE_HZ
    peak = rms_of_dbm0(level_dbm0) * np.sqrt(2)
    total = np.zeros(count)
    for frequency in hertz:
        total += peak * np.sin(2 * np.pi * frequency * at_s)
    return quantise(saturate(total))


def _silence(length_us: int) -> Samples:
    return np.zeros(length_us // _SAMPLE_US, dtype=np.int16)


@lru_cache(maxsize=32)
def test_tone(hertz: int) -> Sound:
    """A sine of a whole number of hertz, without end (one second holds whole periods of it)."""
    return Sound(sine((hertz,), SECOND_US, LEVEL_DBM0), endless=True)


@lru_cache(maxsize=len(TONES))
def supervisory_tone(name: str) -> Sound:
    """A tone and its cadence, without end. Raises SoundError for a name that is none of `TONES`."""
    match name:
        case "ringback":
            parts = [sine((440, 480), 2 * SECOND_US, -19.0), _silence(4 * SECOND_US)]
        case "busy":
            parts = [sine((480, 620), SECOND_US // 2, -24.0), _silence(SECOND_US // 2)]
        case "congestion":
            parts = [sine((480, 620), SECOND_US // 4, -24.0), _silence(SECOND_US // 4)]
        case "unobtainable":
            third_us = 330_000
            parts = [sine((hertz,), third_us, LEVEL_DBM0) for hertz in (950, 1_400, 1_800)]
            parts.append(_silence(SECOND_US))
        case _:
            raise SoundError(f"tone {name!r} is none of {', '.join(TONES)}")
    return Sound(np.concatenate(parts), endless=True)


@lru_cache(maxsize=4 * VOICES)
def mouth(utterance: str, voice: int) -> Sound:
    """What one of the `VOICES` people, or a machine of theirs, utters.

    `hello`: two syllables, then nothing. `talk`: bursts and pauses without end. `greeting`: an
    answering machine that speaks for 4.2 s and then beeps. `fax`: the called terminal's answer tone
    (T.30 §4.3.3.1, CED). Raises SoundError for anything else.
    """
    kept = _KEPT_MOUTHS.get((utterance, voice))
    if kept is not None:
        return Sound(kept, endless=not _MOUTHS[utterance])
    match utterance:
        case "hello":
            return Sound(speech_like(100 + voice, HELLO_US / SECOND_US))
        case "talk":
            return Sound(conversation(voice)[0], endless=True)
        case "greeting":
            spoken = speech_like(200 + voice, GREETING_US / SECOND_US)
            beep = sine((BEEP_HZ,), BEEP_US, LEVEL_DBM0 + 4)
            return Sound(np.concatenate((spoken, _silence(GREETING_GAP_US), beep)))
        case "fax":
            return Sound(sine((CED_HZ,), CED_US, LEVEL_DBM0 + 4))
        case _:
            raise SoundError(f"mouth {utterance!r} is none of {', '.join(_MOUTHS)}")


def made_mouths() -> list[Samples]:
    """The samples of every utterance of every voice."""
    return [mouth(text, voice).samples for voice in range(VOICES) for text in _MOUTHS]


def keep_mouths(made: list[Samples]) -> None:
    """Take what `made_mouths` once gave in place of making it. Raises ValueError if it is not."""
    names = [(text, voice) for voice in range(VOICES) for text in _MOUTHS]
    _KEPT_MOUTHS.update(dict(zip(names, made, strict=True)))


def make_mouths() -> None:
    """Have every utterance of every voice made: a second of work that no call should wait for."""
    for voice in range(VOICES):
        for utterance in _MOUTHS:
            mouth(utterance, voice)
