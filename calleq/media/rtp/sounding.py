"""Players and tones as rows: each sound that a leg is sent, 20 ms of it at a time.

A sound is encoded once and kept, `KEPT_SOUNDS` of them; a row is then a piece of it, by its place
in time. A player that begins another prompt is noticed by its first frame.

A sound that was asked for within a frame begins with its first tick, in whatever phase that is, and
does not wait for the next frame; it ends so much earlier. Keys are timed by frames (`keys`), and
wait.
"""

import numpy as np

from calleq.media.contract import Prompt
from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import ENCODING, IDLE_OCTET
from calleq.media.graph import Leaf
from calleq.media.rtp.table import Octets
from calleq.media.sounds import Repertoire, Sound, supervisory_tone

KEPT_SOUNDS = 256

_SILENT_FRAME = bytes([IDLE_OCTET]) * FRAME_SAMPLES


class _Loaded:
    """A sound as mu-law, and since when it is heard."""

    __slots__ = ("begins", "octets", "prompt", "size", "start_frame")

    def __init__(self, leaf: Leaf, frame: int, octets: bytes, size: int) -> None:
        self.start_frame = leaf.start_frame
        is_early = leaf.start_frame == frame + 1 and not _is_keys(leaf)
        self.begins = frame if is_early else leaf.start_frame
        """The frame in which it is heard first."""
        self.prompt = leaf.prompt
        self.octets = octets
        self.size = size
        """Where it begins again; 0: nowhere."""


class Sounding:
    """The sounds that legs are sent now."""

    def __init__(self, repertoire: Repertoire) -> None:
        self._repertoire = repertoire
        self._loaded: dict[Leaf, _Loaded] = {}
        self._kept: dict[tuple[Prompt, str], tuple[bytes, int]] = {}

    def fill(self, sounds: dict[Leaf, int], frame: int, rows: Octets) -> None:
        """Write the frame of each sound into its row."""
        pieces: list[bytes] = []
        for leaf in sounds:
            loaded = self._loaded.get(leaf)
            if (
                loaded is None
                or loaded.start_frame != leaf.start_frame
                or loaded.prompt is not leaf.prompt
            ):
                loaded = self._loaded[leaf] = self._load(leaf, frame)
            since = frame - loaded.begins
            start = since * FRAME_SAMPLES
            if since < 0 or (leaf.end_frame and since >= leaf.end_frame - leaf.start_frame):
                pieces.append(_SILENT_FRAME)
                continue
            if loaded.size:
                start %= loaded.size
            pieces.append(loaded.octets[start : start + FRAME_SAMPLES] or _SILENT_FRAME)
        frames = np.frombuffer(b"".join(pieces), dtype=np.uint8)
        rows[list(sounds.values())] = frames.reshape(len(pieces), FRAME_SAMPLES)

    def forget_but(self, sounds: dict[Leaf, int]) -> None:
        """Only these are heard now."""
        self._loaded = {leaf: self._loaded[leaf] for leaf in sounds if leaf in self._loaded}

    def _load(self, leaf: Leaf, frame: int) -> _Loaded:
        prompt = leaf.prompt
        if leaf.player is None:
            (voice,) = leaf.voice
            prompt = Prompt("supervisory", voice.removeprefix("tone:"))
        elif prompt is None:
            return _Loaded(leaf, frame, b"", 0)
        key = (prompt, leaf.line if prompt.kind == "mouth" else "")
        kept = self._kept.get(key)
        if kept is None:
            if len(self._kept) >= KEPT_SOUNDS:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[key] = _encoded(self._sound(prompt, leaf.line))
        return _Loaded(leaf, frame, *kept)

    def _sound(self, prompt: Prompt, line: str) -> Sound:
        if prompt.kind == "supervisory":
            return supervisory_tone(prompt.text)
        return self._repertoire.sound(prompt, line)


def _is_keys(leaf: Leaf) -> bool:
    return leaf.prompt is not None and leaf.prompt.kind == "keys"


def _encoded(sound: Sound) -> tuple[bytes, int]:
    """Whole frames of it; of an endless one a frame more than it is long, so that none is cut."""
    octets = ENCODING[sound.samples.view(np.uint16)]
    if sound.endless:
        again = np.resize(octets, octets.size + FRAME_SAMPLES)
        return again.tobytes(), octets.size
    short = -octets.size % FRAME_SAMPLES
    return octets.tobytes() + bytes([IDLE_OCTET]) * short, 0
