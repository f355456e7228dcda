"""Recordings of calls: what an element may ask of the voice plane, and the file that comes of it.

A recording has two sides, left (the customer) and right (everybody else). Each is a wire of its own
between the element and the plane's `RECORDER`: what the element feeds into
`recording_wire(NAME, "left")` is what the left channel holds, so that whatever can be heard can be
recorded, and an element that feeds nothing records silence (a pause is marked by that).

    voice.start_recording("ip-76", "01ABC-1", ended)
    voice.feed("ip-76", recording_wire("01ABC-1", "left"), (wire_source(customer),))

The file is a WAV of two channels, 8 kHz, mu-law (format 7): the very octets of the wires. Its sizes
are written when it is complete, and only then is it made durable: a file without them is no
recording (`read_recording` refuses it). A file that cannot be written is removed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec
import numpy as np

from calleq.media.frames import SAMPLE_RATE_HZ
from calleq.media.g711 import Samples, decode, quantise, saturate
from calleq.runtime.disk import Disk, DiskFile, RealDisk
from calleq.units import SECOND_US

RECORDINGS = "recordings"
"""The directory of recordings within that of a network's data."""
RECORDER = "recorder"
"""The element at the far end of the wires of a recording."""

Side = Literal["left", "right"]
CHANNELS = 2
LIMIT_OCTETS = 256 << 20
"""Of one recording, header included: four hours and a half."""
PLAYED_LIMIT_OCTETS = 20 << 20
"""Of a recording that is played to somebody: it is read whole."""
RECORDINGS_LIMIT = 1_000
"""Recordings of one voice process at once."""

_FORMAT_MULAW = 7
_HEADER_OCTETS = 58


class RecordingEnd(msgspec.Struct, frozen=True):
    """What became of a recording."""

    status: Literal["completed", "absent", "failed"]
    """Absent: not a single frame was recorded."""
    length_us: int = 0
    octets: int = 0
    """Size of the file."""
    reason: str = ""
    """Why it failed, or was completed although nobody stopped it."""


class Recorder(Protocol):
    """The voice plane as whoever records sees it; calls return at once."""

    def start_recording(
        self, element: str, recording: str, ended: Callable[[RecordingEnd], object]
    ) -> None:
        """Record both sides from now on; `ended` is told once, when the file is safe or gone."""

    def stop_recording(self, element: str, recording: str) -> None:
        """Complete the file. Does nothing when that is being done."""


@dataclass(frozen=True, slots=True)
class RecordingPlace:
    """Where the equipment of one process records."""

    recorder: Recorder
    directory: Path
    keep_us: int
    """How long a recording is kept."""


def recording_wire(recording: str, side: Side) -> str:
    """The wire that one side of a recording is fed by."""
    return f"recording:{recording}/{side}"


def recording_path(directory: Path, recording: str) -> Path:
    """The file of a recording. Raises ValueError for a name that is none."""
    if not (recording and recording.replace("-", "").isalnum() and recording.isascii()):
        raise ValueError(f"{recording!r} is no name of a recording")
    return directory / f"{recording}.wav"


class RecordingError(ValueError):
    """A file is no recording that is complete; the text says which and why."""


class RecordingFile:
    """A file being written; its header comes last.

    Every method may raise OSError; then nothing but `abandon` is left.
    """

    def __init__(self, path: Path, disk: Disk | None = None) -> None:
        self._path = path
        self._disk = disk or RealDisk()
        self._file: DiskFile = self._disk.open(path)
        self._octets = 0

    @property
    def size(self) -> int:
        """Octets of the whole file."""
        return _HEADER_OCTETS + self._octets

    def write(self, octets: bytes) -> None:
        """Add octets of both channels, left first."""
        self._file.write_at(self.size, octets)
        self._octets += len(octets)

    def complete(self) -> None:
        """Write the sizes and return when all is durable."""
        self._file.write_at(0, _header(self._octets))
        self._file.sync()
        self._file.close()

    def abandon(self) -> None:
        """Leave nothing behind."""
        self._file.close()
        self._disk.remove(self._path)


def _header(octets: int) -> bytes:
    """RIFF/WAVE with `fmt `, `fact` and `data` (Microsoft's format 7, with an empty extension)."""
    frame = CHANNELS
    form = b"".join(
        (
            _FORMAT_MULAW.to_bytes(2, "little"),
            CHANNELS.to_bytes(2, "little"),
            SAMPLE_RATE_HZ.to_bytes(4, "little"),
            (SAMPLE_RATE_HZ * frame).to_bytes(4, "little"),
            frame.to_bytes(2, "little"),
            (8).to_bytes(2, "little"),
            (0).to_bytes(2, "little"),
        )
    )
    body = b"".join(
        (
            b"WAVE",
            _chunk(b"fmt ", form),
            _chunk(b"fact", (octets // frame).to_bytes(4, "little")),
            b"data" + octets.to_bytes(4, "little"),
        )
    )
    whole = len(body) + octets if octets else 0
    return b"RIFF" + whole.to_bytes(4, "little") + body


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + len(content).to_bytes(4, "little") + content


def interleaved(left: bytes, right: bytes) -> bytes:
    """The octets of both channels, which are of one length, as a file has them."""
    both = np.empty(len(left) + len(right), dtype=np.uint8)
    both[0::2] = np.frombuffer(left, dtype=np.uint8)
    both[1::2] = np.frombuffer(right, dtype=np.uint8)
    return both.tobytes()


def read_recording(path: Path, limit_octets: int = LIMIT_OCTETS) -> tuple[Samples, Samples]:
    """Both channels of a complete recording. Raises RecordingError, OSError."""
    if path.stat().st_size > limit_octets:
        raise RecordingError(f"{path.name} has more than {limit_octets} octets")
    content = path.read_bytes()
    octets = content[_HEADER_OCTETS:]
    if not octets or content[:_HEADER_OCTETS] != _header(len(octets)):
        raise RecordingError(f"{path.name} is no complete recording")
    return decode(octets[0::2]), decode(octets[1::2])


def is_complete(path: Path) -> int:
    """The size of a complete recording's file, 0 where there is none."""
    try:
        size = path.stat().st_size
        with path.open("rb") as file:
            head = file.read(_HEADER_OCTETS)
    except OSError:
        return 0
    octets = size - _HEADER_OCTETS
    return size if octets > 0 and head == _header(octets) else 0


def length_us(octets: int) -> int:
    """How long a file of this size is."""
    return max(0, octets - _HEADER_OCTETS) // CHANNELS * SECOND_US // SAMPLE_RATE_HZ


def both_sides(path: Path) -> Samples:
    """What somebody hears to whom a recording is played. Raises RecordingError, OSError."""
    left, right = read_recording(path, PLAYED_LIMIT_OCTETS)
    return quantise(saturate(left.astype(np.int32) + right))
