"""The speech worker: one sentence from its standard input to its standard output, then it ends.

`python -m calleq.media.speak` reads a `SpeechRequest` as JSON and writes a `Spoken` as msgpack. It
is the only module that loads the synthesiser's shared library (espeak-ng, from the espeakng-loader
wheel, by ctypes), and nothing imports it: the synthesiser stays a program of its own.

What can fail ends the process with status 1 and one line on standard error: a malformed request, a
missing wheel, a voice that does not exist, a text that makes no sound.
"""

import ctypes
import sys
from collections.abc import Callable

import msgspec
import numpy as np
from numpy.typing import NDArray

from calleq.media.frames import FRAME_SAMPLES, SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, encode, rms_of_dbm0, saturate
from calleq.media.prompts import SpeechRequest, Spoken, Word
from calleq.media.resample import resample

SPEECH_DBM0 = -18.0
LEAD_TRIM_S = 0.0025
"""Quiet that is left before the first sound: a whole frame of it would be heard as delay."""
MAX_REQUEST_OCTETS = 16_384

_AUDIO_OUTPUT_SYNCHRONOUS = 2
_EVENT_END_OF_LIST = 0
_EVENT_WORD = 1
_PARAMETER_RATE = 1
_POSITION_CHARACTER = 1
_UTF_8 = 1
_CHUNK_MS = 200


class SpeechError(Exception):
    """The sentence cannot be rendered; the text says why."""


class _Event(ctypes.Structure):
    """espeak_EVENT of espeak's speak_lib.h."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("id", ctypes.c_char * 8),
    )


_CALLBACK = ctypes.CFUNCTYPE(
    ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
)


def synthesise(request: SpeechRequest) -> tuple[NDArray[np.float64], int, list[tuple[int, int]]]:
    """Samples, their rate in Hz, and (character, sample) of each word. Raises SpeechError."""
    try:
        import espeakng_loader
    except ImportError:
        raise SpeechError("the espeakng-loader wheel is not installed") from None
    try:
        library = ctypes.CDLL(espeakng_loader.get_library_path())
    except OSError as error:
        raise SpeechError(f"the synthesiser's library cannot be loaded: {error}") from None
    rate_hz = library.espeak_Initialize(
        _AUDIO_OUTPUT_SYNCHRONOUS, _CHUNK_MS, str(espeakng_loader.get_data_path()).encode(), 0
    )
    if rate_hz <= 0:
        raise SpeechError("the synthesiser does not start")
    if library.espeak_SetVoiceByName(request.voice.encode()) != 0:
        raise SpeechError(f"the synthesiser has no voice {request.voice!r}")
    library.espeak_SetParameter(_PARAMETER_RATE, request.rate_wpm, 0)
    pieces: list[NDArray[np.float64]] = []
    words: list[tuple[int, int]] = []
    callback = _CALLBACK(_collector(pieces, words))
    library.espeak_SetSynthCallback(callback)
    text = request.text.encode()
    library.espeak_Synth.argtypes = (
        ctypes.c_char_p,
        ctypes.c_size_t,
        ctypes.c_uint,
        ctypes.c_int,
        ctypes.c_uint,
        ctypes.c_uint,
        ctypes.c_void_p,
        ctypes.c_void_p,
    )
    failed = library.espeak_Synth(
        text, len(text) + 1, 0, _POSITION_CHARACTER, 0, _UTF_8, None, None
    )
    library.espeak_Synchronize()
    if failed or not pieces:
        raise SpeechError("the synthesiser made no sound of the text")
    return np.concatenate(pieces), rate_hz, words


def _collector(
    pieces: list[NDArray[np.float64]], words: list[tuple[int, int]]
) -> Callable[..., int]:
    """What espeak calls with each piece of sound and the events that lie in it."""

    def collect(sound: "ctypes._Pointer[ctypes.c_short]", count: int, events: object) -> int:
        if count > 0 and sound:
            pieces.append(np.ctypeslib.as_array(sound, (count,)).astype(np.float64))
        listed = ctypes.cast(events, ctypes.POINTER(_Event))  # type: ignore[arg-type]
        place = 0
        while listed[place].type != _EVENT_END_OF_LIST:
            if listed[place].type == _EVENT_WORD:
                words.append((listed[place].text_position - 1, listed[place].sample))
            place += 1
        return 0

    return collect


def normalise(samples: NDArray[np.float64]) -> Samples:
    """Levelled so that what is spoken, pauses left out, has `SPEECH_DBM0`."""
    frames = samples[: samples.size - samples.size % FRAME_SAMPLES].reshape(-1, FRAME_SAMPLES)
    squares = np.mean(frames**2, axis=1)
    spoken = squares[squares > 0.02 * squares.max()] if squares.size else np.ones(1)
    rms = float(np.sqrt(spoken.mean())) if spoken.size else 1.0
    return saturate(samples * (rms_of_dbm0(SPEECH_DBM0) / max(rms, 1.0)))


def speak(request: SpeechRequest) -> Spoken:
    """The sentence as it goes on a wire. Raises SpeechError."""
    sound, rate_hz, words = synthesise(request)
    samples = normalise(resample(sound, rate_hz, SAMPLE_RATE_HZ))
    audible = np.flatnonzero(np.abs(samples.astype(np.int32)) > 64)
    lead = max(int(audible[0]) - round(LEAD_TRIM_S * SAMPLE_RATE_HZ), 0) if audible.size else 0
    placed = (Word(at, max(s * SAMPLE_RATE_HZ // rate_hz - lead, 0)) for at, s in words)
    return Spoken(encode(np.ascontiguousarray(samples[lead:])), tuple(placed))


def main() -> int:
    """Serve one request; 1 when it cannot be."""
    try:
        request = msgspec.json.decode(sys.stdin.buffer.read(MAX_REQUEST_OCTETS), type=SpeechRequest)
        spoken = speak(request)
    except (SpeechError, msgspec.MsgspecError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.buffer.write(msgspec.msgpack.encode(spoken))
    return 0


if __name__ == "__main__":
    sys.exit(main())
