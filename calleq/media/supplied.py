"""Recordings that a business supplies: WAV files, checked and made into what a wire carries.

`read_wav` takes PCM of 8 or 16 bits, mu-law and A-law, one or two channels (mixed), any rate from
`RATES_HZ`, and gives mu-law at 8 kHz. Its key is a digest of the file, so that the voice process
knows a recording by what is in it, whatever it is called.

Refuses (SuppliedError), with the reason in words: what is no WAV file, another coding, a rate or a
number of channels outside the limits, less than `LEAST_US` or more than `LONGEST_US` of sound, a
file of more than `LARGEST_OCTETS`, and silence.
"""

import hashlib
import struct
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, dbm0, decode, encode, saturate
from calleq.media.resample import resample
from calleq.units import SECOND_US

RATES_HZ = range(6_000, 192_001)
CHANNELS = (1, 2)
LEAST_US = SECOND_US // 10
LONGEST_US = 120 * SECOND_US
LARGEST_OCTETS = 64 << 20
QUIETEST_DBM0 = -60.0
KEY_CHARACTERS = 32

_PCM, _ALAW, _MULAW, _EXTENSIBLE = 1, 6, 7, 0xFFFE
_NAMES = {
    (_PCM, 8): "PCM of 8 bits",
    (_PCM, 16): "PCM of 16 bits",
    (_ALAW, 8): "A-law",
    (_MULAW, 8): "mu-law",
}


class SuppliedError(ValueError):
    """The file cannot be played to anybody; the text says why."""


class Supplied(msgspec.Struct, frozen=True):
    """A recording that a business supplied."""

    key: str
    octets: bytes
    """Mu-law at 8 kHz."""
    coding: str
    """What the file has: `A-law, 8000 Hz, 1 channel`."""

    @property
    def length_us(self) -> int:
        """How long it takes."""
        return len(self.octets) * SECOND_US // SAMPLE_RATE_HZ

    @property
    def level_dbm0(self) -> float:
        """How loud it is, pauses included."""
        return dbm0(decode(self.octets))


class _Format(msgspec.Struct, frozen=True):
    tag: int
    channels: int
    rate_hz: int
    bits: int

    @property
    def name(self) -> str:
        channels = "1 channel" if self.channels == 1 else f"{self.channels} channels"
        return f"{_NAMES[self.tag, self.bits]}, {self.rate_hz} Hz, {channels}"


def read_wav(path: Path) -> Supplied:
    """A file as it can be played. Raises SuppliedError, also for one that cannot be read."""
    try:
        if path.stat().st_size > LARGEST_OCTETS:
            raise SuppliedError(f"{path}: more than {LARGEST_OCTETS >> 20} MiB")
        content = path.read_bytes()
    except OSError as error:
        raise SuppliedError(f"{path}: {error.strerror}") from None
    try:
        return parse_wav(content)
    except SuppliedError as error:
        raise SuppliedError(f"{path}: {error}") from None


def parse_wav(content: bytes) -> Supplied:
    """The content of a WAV file as it can be played. Raises SuppliedError."""
    form, body = _chunks(content)
    frame_octets = form.channels * form.bits // 8
    frames = len(body) // frame_octets
    length_us = frames * SECOND_US // form.rate_hz
    if not LEAST_US <= length_us <= LONGEST_US:
        limits = f"{LEAST_US / SECOND_US:g} to {LONGEST_US / SECOND_US:g} s"
        raise SuppliedError(f"{length_us / SECOND_US:.1f} s of sound: {limits} are played")
    linear = _linear(form, body[: frames * frame_octets]).reshape(-1, form.channels).mean(axis=1)
    if form.rate_hz != SAMPLE_RATE_HZ:
        linear = resample(linear, form.rate_hz, SAMPLE_RATE_HZ)
    samples = saturate(linear)
    if dbm0(samples) < QUIETEST_DBM0:
        raise SuppliedError(f"it is silent: below {QUIETEST_DBM0:g} dBm0")
    key = hashlib.sha256(content).hexdigest()[:KEY_CHARACTERS]
    return Supplied(key, encode(samples), form.name)


def _chunks(content: bytes) -> tuple[_Format, bytes]:
    """The format and the sound of a RIFF file."""
    if len(content) < 12 or content[:4] != b"RIFF" or content[8:12] != b"WAVE":
        raise SuppliedError("no WAV file (RIFF, WAVE)")
    form: _Format | None = None
    at = 12
    while at + 8 <= len(content):
        name, size = struct.unpack_from("<4sI", content, at)
        chunk = content[at + 8 : at + 8 + size]
        if name == b"fmt ":
            form = _format(chunk)
        elif name == b"data":
            if form is None:
                raise SuppliedError("its sound comes before its format")
            return form, chunk
        at += 8 + size + size % 2
    raise SuppliedError("a WAV file without sound (no data)")


def _format(chunk: bytes) -> _Format:
    if len(chunk) < 16:
        raise SuppliedError("its format is cut short")
    tag, channels, rate_hz, _, _, bits = struct.unpack_from("<HHIIHH", chunk)
    if tag == _EXTENSIBLE and len(chunk) >= 26:
        (tag,) = struct.unpack_from("<H", chunk, 24)
    if (tag, bits) not in _NAMES:
        raise SuppliedError(
            f"coding {tag} of {bits} bits: {', '.join(_NAMES.values())} can be played"
        )
    if channels not in CHANNELS:
        raise SuppliedError(f"{channels} channels: 1 or 2 can be played")
    if rate_hz not in RATES_HZ:
        raise SuppliedError(f"{rate_hz} Hz: {RATES_HZ.start} to {RATES_HZ.stop - 1} can be played")
    return _Format(tag, channels, rate_hz, bits)


def _linear(form: _Format, body: bytes) -> NDArray[np.float64]:
    match form.tag, form.bits:
        case (1, 8):
            return (np.frombuffer(body, np.uint8).astype(np.float64) - 128) * 256
        case (1, _):
            return np.frombuffer(body, "<i2").astype(np.float64)
        case (6, _):
            return _ALAW_TABLE[np.frombuffer(body, np.uint8)].astype(np.float64)
        case _:
            return decode(body).astype(np.float64)


def _alaw_table() -> Samples:
    """Linear samples of the A-law octets (G.711 table 1a), sixteen times the 12-bit values."""
    octet = np.arange(256, dtype=np.int32) ^ 0x55
    chord, step = (octet >> 4) & 7, octet & 15
    magnitude = np.where(
        chord == 0, (step << 4) + 8, ((step << 4) + 0x108) << np.maximum(chord - 1, 0)
    )
    return np.where(octet & 0x80, magnitude, -magnitude).astype(np.int16)


_ALAW_TABLE = _alaw_table()


class SuppliedSounds:
    """The recordings that are at hand, by key; at most `limit`."""

    def __init__(self, limit: int = 1_000) -> None:
        self._limit = limit
        self._samples: dict[str, Samples] = {}

    def keep(self, key: str, octets: bytes) -> bool:
        """Have it at hand; False when there are too many."""
        if key not in self._samples and len(self._samples) >= self._limit:
            return False
        self._samples[key] = decode(octets)
        return True

    def get(self, key: str) -> Samples | None:
        """Its samples; None when it is not at hand."""
        return self._samples.get(key)
