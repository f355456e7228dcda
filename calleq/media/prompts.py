"""Where speech comes from: a nominal library for virtual runs, a spoken one for real ears.

`NominalPrompts` says nothing that can be understood, but its lengths follow from the text alone, so
that a seeded run is the same on every platform. `SpokenPrompts` asks the synthesiser, a program of
its own (`python -m calleq.media.speak`, one process for each sentence, since it is repeatable only
so), and keeps what it gets as mu-law under a name made of engine, voice, rate and text.

Refuses (SoundError): a text longer than `MAX_TEXT_CHARACTERS`, or none. Where the synthesiser is
missing or fails, a tone of the text's nominal length is played, and `notice` says so in a line.
"""

import asyncio
import hashlib
import os
import subprocess
import sys
import tempfile
from collections import OrderedDict
from functools import lru_cache
from importlib import metadata
from pathlib import Path
from zlib import crc32

import msgspec

from calleq.media.babble import speech_like
from calleq.media.contract import Prompt
from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, decode, encode
from calleq.media.sounds import LEVEL_DBM0, SoundError, sine
from calleq.units import MILLISECOND_US, SECOND_US

MAX_TEXT_CHARACTERS = 500
MAX_KEPT_PROMPTS = 256
MAX_WORKERS = 2
WORKER_LIMIT_S = 10.0
CHARACTER_US = 65 * MILLISECOND_US
FALLBACK_HZ = 440
SPEECH_RATE_WPM = 160

_SAMPLE_US = SECOND_US // SAMPLE_RATE_HZ
_FILE_MARK = b"calleq prompt 2\n"


def _checked(text: str) -> str:
    if not 0 < len(text) <= MAX_TEXT_CHARACTERS:
        raise SoundError(f"{len(text)} characters to speak: 1 to {MAX_TEXT_CHARACTERS} are spoken")
    return text


def _mark_end(prompt: Prompt) -> int:
    """How many characters of the text have been said when the mark is over."""
    place = prompt.text.find(prompt.mark) if prompt.mark else -1
    return len(prompt.text) if place < 0 else place + len(prompt.mark)


class NominalPrompts:
    """Speech for virtual runs: 65 ms for each character, sounding like somebody speaking."""

    notice = ""

    def ready(self, prompt: Prompt) -> bool:
        return True

    def duration_us(self, prompt: Prompt) -> int:
        return len(_checked(prompt.text)) * CHARACTER_US

    def mark_us(self, prompt: Prompt) -> int:
        return _mark_end(prompt) * CHARACTER_US

    def samples(self, prompt: Prompt) -> Samples:
        return _nominal_speech(prompt.text)


@lru_cache(maxsize=MAX_KEPT_PROMPTS)
def _nominal_speech(text: str) -> Samples:
    length_us = len(_checked(text)) * CHARACTER_US
    return speech_like(1_000 + crc32(text.encode()) % 1_000_000, length_us / SECOND_US)


class SpeechRequest(msgspec.Struct, frozen=True):
    """What a speech worker reads from its standard input, as JSON."""

    text: str
    voice: str
    rate_wpm: int


class Word(msgspec.Struct, frozen=True):
    """Where a word begins: its first character (from 0) and the sample with which it is heard."""

    character: int
    sample: int


class Spoken(msgspec.Struct, frozen=True):
    """One rendered sentence, as the worker writes it and the cache keeps it (msgpack)."""

    octets: bytes
    """Mu-law at 8 kHz."""
    words: tuple[Word, ...]

    def heard_until(self, character: int) -> int:
        """Samples until everything before `character` has been said: where the next word begins."""
        for word in self.words:
            if word.character >= character:
                return word.sample
        return len(self.octets)


def engine_version() -> str:
    """Name and version of the synthesiser that is installed; empty when there is none."""
    try:
        return f"espeakng-loader {metadata.version('espeakng-loader')}"
    except metadata.PackageNotFoundError:
        return ""


class SpokenPrompts:
    """Synthesised speech, rendered once and kept in `cache_dir` for good.

    `prepare` renders without blocking the loop; the other methods render at once when they must.
    """

    def __init__(self, cache_dir: Path, engine: str | None = None) -> None:
        self.notice = ""
        self._cache_dir = cache_dir
        self._engine = engine_version() if engine is None else engine
        self._kept: OrderedDict[tuple[str, str], tuple[Spoken, Samples]] = OrderedDict()
        self._workers = asyncio.Semaphore(MAX_WORKERS)

    def ready(self, prompt: Prompt) -> bool:
        key = (prompt.language, prompt.text)
        if key in self._kept or not 0 < len(prompt.text) <= MAX_TEXT_CHARACTERS:
            return True  # what cannot be spoken is refused without delay
        if self._engine:
            stored = self._stored(prompt)
            if stored is None:
                return False
            self._keep(prompt, stored)
        else:
            self._fall_back(prompt, "its wheel, espeakng-loader, is not installed")
        return True

    def duration_us(self, prompt: Prompt) -> int:
        return self._rendered(prompt)[1].size * _SAMPLE_US

    def mark_us(self, prompt: Prompt) -> int:
        spoken, _ = self._rendered(prompt)
        return spoken.heard_until(_mark_end(prompt)) * _SAMPLE_US

    def samples(self, prompt: Prompt) -> Samples:
        return self._rendered(prompt)[1]

    async def prepare(self, prompt: Prompt) -> None:
        """Have a prompt at hand. Never fails: a tone stands in for what cannot be rendered."""
        async with self._workers:
            if self.ready(prompt):
                return
            worker = await asyncio.create_subprocess_exec(
                *_worker_command(),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
            )
            try:
                answer, complaint = await asyncio.wait_for(
                    worker.communicate(self._request(prompt)), WORKER_LIMIT_S
                )
            except TimeoutError:
                worker.kill()
                await worker.wait()
                answer, complaint = b"", f"no answer within {WORKER_LIMIT_S:.0f} s".encode()
            self._finished(prompt, answer, complaint)

    def _rendered(self, prompt: Prompt) -> tuple[Spoken, Samples]:
        _checked(prompt.text)
        if not self.ready(prompt):
            try:
                worker = subprocess.run(
                    _worker_command(),
                    input=self._request(prompt),
                    capture_output=True,
                    timeout=WORKER_LIMIT_S,
                    check=False,
                )
                self._finished(prompt, worker.stdout, worker.stderr)
            except subprocess.TimeoutExpired:
                self._finished(prompt, b"", f"no answer within {WORKER_LIMIT_S:.0f} s".encode())
        key = (prompt.language, prompt.text)
        self._kept.move_to_end(key)
        return self._kept[key]

    def _request(self, prompt: Prompt) -> bytes:
        return msgspec.json.encode(SpeechRequest(prompt.text, prompt.language, SPEECH_RATE_WPM))

    def _finished(self, prompt: Prompt, answer: bytes, complaint: bytes) -> None:
        """A worker has ended: keep what it rendered, or a tone."""
        try:
            spoken = msgspec.msgpack.decode(answer, type=Spoken)
        except msgspec.MsgspecError:
            lines = complaint.decode("utf-8", "replace").strip().splitlines()
            self._fall_back(prompt, lines[-1] if lines else "it wrote nothing")
            return
        self._store(prompt, answer)
        self._keep(prompt, spoken)

    def _keep(self, prompt: Prompt, spoken: Spoken) -> None:
        self._kept[prompt.language, prompt.text] = (spoken, decode(spoken.octets))
        while len(self._kept) > MAX_KEPT_PROMPTS:
            self._kept.popitem(last=False)

    def _fall_back(self, prompt: Prompt, reason: str) -> None:
        self.notice = f"speech: a tone is played instead, the synthesiser failed: {reason}"
        characters = len(prompt.text)
        tone = sine((FALLBACK_HZ,), characters * CHARACTER_US, LEVEL_DBM0)
        per_character = CHARACTER_US // _SAMPLE_US
        words = tuple(Word(place, place * per_character) for place in range(characters))
        octets = encode(tone)
        self._keep(prompt, Spoken(octets, words))

    def _path(self, prompt: Prompt) -> Path:
        name = "\n".join((self._engine, prompt.language, str(SPEECH_RATE_WPM), prompt.text))
        return self._cache_dir / f"{hashlib.sha256(name.encode()).hexdigest()}.ulaw"

    def _stored(self, prompt: Prompt) -> Spoken | None:
        """What the cache has; a damaged file is as good as none."""
        try:
            content = self._path(prompt).read_bytes()
        except OSError:
            return None
        head, octets = content[: len(_FILE_MARK) + 4], content[len(_FILE_MARK) + 4 :]
        if head != _FILE_MARK + crc32(octets).to_bytes(4, "big"):
            return None
        try:
            return msgspec.msgpack.decode(octets, type=Spoken)
        except msgspec.MsgspecError:
            return None

    def _store(self, prompt: Prompt, octets: bytes) -> None:
        """Write whole or not at all; a cache that cannot be written costs time, nothing else."""
        try:
            self._cache_dir.mkdir(parents=True, exist_ok=True)
            with tempfile.NamedTemporaryFile(dir=self._cache_dir, delete=False) as file:
                file.write(_FILE_MARK + crc32(octets).to_bytes(4, "big") + octets)
            os.replace(file.name, self._path(prompt))
        except OSError as error:
            self.notice = f"speech: prompts are not kept in {self._cache_dir}: {error.strerror}"


def _worker_command() -> list[str]:
    return [sys.executable, "-m", "calleq.media.speak"]
