"""Recordings on a virtual clock: rendered by the same mixer, in stretches between changes.

Nothing ticks: before what arrives at a side changes, both sides are rendered as far as they are
known, and once more when the recording is stopped. The file is the one that real voice writes.
"""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import Samples, encode
from calleq.media.graph import End, frame_at
from calleq.media.recorder import (
    RECORDER,
    RecordingEnd,
    Side,
    recording_path,
    recording_wire,
)
from calleq.media.taping import PromptScribe, Tape
from calleq.media.virtual import VirtualVoice, Watcher
from calleq.runtime.disk import Disk

STRETCH_FRAMES = 500
"""Rendered at a time: ten seconds."""


class _Side(Watcher):
    """One side, told before what arrives at it changes."""

    def __init__(self, reel: "_Reel", voice: VirtualVoice, end: End) -> None:
        self._reel = reel
        super().__init__(voice, end)

    def before_change(self, frame: int, foreseen: bool) -> None:
        self._reel.render_until(frame)


class _Reel:
    """One recording."""

    def __init__(self, voice: VirtualVoice, recording: str, tape: Tape) -> None:
        self.tape = tape
        self._voice = voice
        self._next_frame = frame_at(voice.now_us())
        self._left = self._side(recording, "left")
        self._right = self._side(recording, "right")

    def _side(self, recording: str, side: Side) -> _Side:
        end = self._voice.graph.end(RECORDER, recording_wire(recording, side))
        return _Side(self, self._voice, end)

    def render_until(self, frame: int) -> None:
        """Record what arrived before `frame`."""
        while self._next_frame < frame:
            frames = min(frame - self._next_frame, STRETCH_FRAMES)
            left, right = (
                _octets(self._voice.rendered(side.end, self._next_frame, frames), frames)
                for side in (self._left, self._right)
            )
            self._next_frame += frames
            self.tape.keep(left, right)

    def stop(self) -> None:
        """Nothing is recorded from now on."""
        self.render_until(self._voice.now_us() // FRAME_US)
        self.tape.stop()

    def let_go(self) -> None:
        """The tape is over."""
        self._voice.unwatch(self._left)
        self._voice.unwatch(self._right)


class VirtualTapes:
    """All recordings of one virtual voice; fulfils `Recorder`."""

    def __init__(self, voice: VirtualVoice, directory: Path, disk: Disk | None = None) -> None:
        self._voice = voice
        self._directory = directory
        self._disk = disk
        self._reels: dict[tuple[str, str], _Reel] = {}

    def start_recording(
        self, element: str, recording: str, ended: Callable[[RecordingEnd], object]
    ) -> None:
        """See `Recorder`."""
        name = (element, recording)

        def over(end: RecordingEnd) -> None:
            reel = self._reels.pop(name, None)
            if reel is not None:
                reel.let_go()
            self._voice.call_later_us(0, lambda: ended(end))

        path = recording_path(self._directory, recording)
        tape = Tape(path, PromptScribe(), over, self._disk)
        if not tape.is_over:
            self._reels[name] = _Reel(self._voice, recording, tape)

    def stop_recording(self, element: str, recording: str) -> None:
        """See `Recorder`."""
        reel = self._reels.get((element, recording))
        if reel is not None:
            reel.stop()


def _octets(samples: Samples | None, frames: int) -> bytes:
    return encode(np.zeros(frames * FRAME_SAMPLES, dtype=np.int16) if samples is None else samples)
