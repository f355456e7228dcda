"""Which of a few words was said: the recogniser, and the worker process that it lives in.

`python -m calleq.media.recognise` reads requests from its standard input and writes an answer to
each on its standard output (msgpack behind a length). It is the only place where the recogniser's
wheel (pocketsphinx, the extra `speech`) is imported; the voice process starts it, so that no tick
waits for a word. On a virtual clock nothing waits, and `understood` is called in place.

A grammar of the wanted words (three at most) always hears one of them, whatever was said. So a word
counts only when two further looks agree: against words that sound like it (`DECOYS`), and against
any row of sounds of the language at all, which must not fit better by more than `MARGIN`.
Speech longer than a word is other words. English alone is understood.

Refused (RecogniserError): more than `WORDS_LIMIT` words, a word that is not in `DECOYS`; and
everything where the wheel is not installed.
"""

import os
import sys
import tempfile
from functools import lru_cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import BinaryIO, Protocol

import msgspec
import numpy as np

from calleq.media.contract import OTHER_WORDS
from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, decode
from calleq.media.utterance import BEFORE_FRAMES, END_FRAMES
from calleq.runtime.framing import LengthReader, framed

WORDS_LIMIT = 3
LENGTHS_FRAMES = {"yes": (6, 50), "no": (6, 50), "representative": (32, 80)}
"""The shortest and the longest speech that a word can be."""
DITHER = 60.0
"""Linear samples, root mean square: a model of 16 kHz speech must not find digital silence."""
MARGIN = -1_600
"""In units of the decoder's logarithms, shifted by ten bits: about a tenth of a nat each."""
BEAM = 1e-120
"""How far below the likeliest a path is still followed: far, for three words."""
CHECK_BEAM = 1e-80
SOUNDS_BEAM = 1e-60
REQUEST_OCTETS_LIMIT = 1 << 16
SILENCE_FRAMES = 15
"""Put before and behind an utterance."""

DECOYS: dict[str, tuple[str, ...]] = {
    "yes": (
        *("guess", "chess", "less", "mess", "bless", "press", "test", "best", "west", "eggs"),
        *("maybe", "president", "hello", "never", "thanks", "stop", "excuse me", "who is this"),
    ),
    "no": (
        *("yellow", "yeah", "what", "now", "go", "one", "sure", "press", "stop", "hello"),
        *("never", "good morning", "wrong number", "later"),
    ),
    "representative": (
        *("mess", "maybe", "now", "go", "customer", "residence", "reservation", "information"),
        *("not interested", "i am not interested", "no thank you", "who is this", "what is this"),
    ),
}
"""What a word must not be taken for; the words that are understood at all.

Words that rhyme with yes ("yeah", "yet") are often taken for it, "president" for a representative.
"""

MISSING = "words are not understood: pip install 'calleq[speech]' installs the recogniser"

_HALF_TAPS = 32
_SEED = 3


class _Logarithms(Protocol):
    def log(self, score: float) -> int: ...


class _Hypothesis(Protocol):
    hypstr: str
    score: float


class Decoder(Protocol):
    """What of the recogniser is used here."""

    logmath: _Logarithms

    def start_utt(self) -> object: ...

    def process_raw(self, samples: bytes, *, full_utt: bool) -> object: ...

    def end_utt(self) -> object: ...

    def hyp(self) -> _Hypothesis | None: ...


READY = 0
"""The number of the worker's first answer, to nobody's request: it can be asked now."""


class RecogniserError(Exception):
    """Nothing can be understood; the text says why."""


class Heard(msgspec.Struct, frozen=True):
    """What the worker is asked: which of `words` is this?"""

    number: int
    words: tuple[str, ...]
    octets: bytes
    """Mu-law at 8 kHz: an utterance with the silence around it."""


class Understood(msgspec.Struct, frozen=True):
    """The worker's answer: one of the words, or `OTHER_WORDS`."""

    number: int
    word: str


def is_installed() -> bool:
    """Whether the recogniser's wheel is there; it is not imported."""
    return find_spec("pocketsphinx") is not None


def understood(words: tuple[str, ...], utterance: Samples) -> str:
    """Which of the words an utterance is; `OTHER_WORDS` where it is none. Raises RecogniserError.

    Repeatable: the same samples are always understood alike.
    """
    if not 0 < len(words) <= WORDS_LIMIT or not DECOYS.keys() >= set(words):
        known = ", ".join(DECOYS)
        raise RecogniserError(f"{', '.join(words)}: at most {WORDS_LIMIT} of {known}")
    spoken = utterance.size // FRAME_SAMPLES - BEFORE_FRAMES - END_FRAMES
    if spoken > max(longest for _, longest in LENGTHS_FRAMES.values()):
        return OTHER_WORDS
    found = _understood(words, utterance.tobytes())
    shortest, longest = LENGTHS_FRAMES.get(found, (0, spoken))
    return found if shortest <= spoken <= longest else OTHER_WORDS


@lru_cache(maxsize=256)
def _understood(words: tuple[str, ...], octets: bytes) -> str:
    samples = _wideband(np.frombuffer(octets, dtype=np.int16))
    found, score = _hears(_grammar(words), samples)
    if found not in words:
        return OTHER_WORDS
    likest, _ = _hears(_grammar((found, *DECOYS[found]), CHECK_BEAM), samples)
    if likest != found:
        return OTHER_WORDS
    _, sounds = _hears(_sounds(), samples)
    return found if score - sounds >= MARGIN else OTHER_WORDS


def _wideband(samples: Samples) -> bytes:
    """8 kHz to 16 kHz by a windowed sinc, with silence around it and a light dither on it."""
    silence = np.zeros(SILENCE_FRAMES * FRAME_SAMPLES)
    narrow = np.concatenate((silence, samples.astype(np.float64), silence))
    spread = np.zeros(2 * narrow.size)
    spread[::2] = narrow
    taps = np.arange(-_HALF_TAPS, _HALF_TAPS + 1)
    kernel = np.sinc(taps / 2) * np.kaiser(taps.size, 8)
    dither = np.random.Generator(np.random.PCG64(_SEED)).normal(0, DITHER, spread.size)
    wide = np.convolve(spread, kernel, "same") + dither
    return np.clip(np.rint(wide), -32_768, 32_767).astype(np.int16).tobytes()


def _hears(decoder: Decoder, samples: bytes) -> tuple[str, int]:
    """What the decoder makes of it, and how well that fits."""
    decoder.start_utt()
    decoder.process_raw(samples, full_utt=True)
    decoder.end_utt()
    found = decoder.hyp()
    if found is None or found.score <= 0:
        return "", 0
    return found.hypstr, decoder.logmath.log(found.score)


def _model() -> Path:
    try:
        recogniser = import_module("pocketsphinx")
    except ImportError:
        raise RecogniserError(MISSING) from None
    return Path(recogniser.get_model_path()) / "en-us"


def _decoder(**settings: str | float) -> Decoder:
    decoder: Decoder = import_module("pocketsphinx").Decoder(
        hmm=str(_model() / "en-us"), samprate=2 * SAMPLE_RATE_HZ, loglevel="FATAL", **settings
    )
    return decoder


@lru_cache(maxsize=8)
def _grammar(phrases: tuple[str, ...], beam: float = BEAM) -> Decoder:
    """A decoder that hears one of these, of words of the model's dictionary."""
    wanted = {word for phrase in phrases for word in phrase.split()}
    entries = (_model() / "cmudict-en-us.dict").read_text("utf-8").splitlines()
    spoken = [line for line in entries if line.split(" ", 1)[0].partition("(")[0] in wanted]
    with tempfile.TemporaryDirectory() as folder:
        dictionary, grammar = Path(folder) / "words.dict", Path(folder) / "words.gram"
        dictionary.write_text("\n".join(spoken) + "\n", "utf-8")
        alternatives = " | ".join(phrases)
        grammar.write_text(f"#JSGF V1.0;\ngrammar words;\npublic <word> = {alternatives};\n")
        return _decoder(dict=str(dictionary), jsgf=str(grammar), beam=beam, pbeam=beam, wbeam=beam)


@lru_cache(maxsize=1)
def _sounds() -> Decoder:
    """A decoder that hears any row of sounds."""
    model = _model()
    return _decoder(
        dict=os.devnull,
        allphone=str(model / "en-us-phone.lm.bin"),
        lw=2.0,
        beam=SOUNDS_BEAM,
        pbeam=SOUNDS_BEAM,
    )


def _make_ready() -> None:
    """Load every model before the first word is said: half a second of work."""
    _sounds()
    _grammar(tuple(DECOYS))
    for word, decoys in DECOYS.items():
        _grammar((word, *decoys), CHECK_BEAM)


def _write(sink: BinaryIO, answer: Understood) -> None:
    sink.write(framed(msgspec.msgpack.encode(answer)))
    sink.flush()


def main() -> int:
    """Answer until standard input ends; 1 where nothing can be understood."""
    reader: LengthReader[Heard] = LengthReader(
        1, REQUEST_OCTETS_LIMIT, msgspec.msgpack.Decoder(Heard).decode, RecogniserError
    )
    sink = sys.stdout.buffer
    try:
        _make_ready()
        _write(sink, Understood(READY, ""))
        while octets := os.read(sys.stdin.fileno(), REQUEST_OCTETS_LIMIT):
            for request in reader.receive(octets):
                word = understood(request.words, decode(request.octets))
                _write(sink, Understood(request.number, word))
    except (RecogniserError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
