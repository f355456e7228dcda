"""Recordings in real time: what arrives at their two sides in each frame that is ticked.

A frame whose tick did not come is silence in its place, so that a recording is as long as it took.
Refused, as recordings that failed: more than `RECORDINGS_LIMIT`, a name in use, no directory.
"""

from collections.abc import Callable
from pathlib import Path

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import IDLE_OCTET, Samples, encode
from calleq.media.graph import End, VoiceGraph
from calleq.media.mixer import Mixer
from calleq.media.recorder import (
    RECORDER,
    RECORDINGS_LIMIT,
    RecordingEnd,
    recording_path,
    recording_wire,
)
from calleq.media.taping import Scribe, Tape

_SILENT_FRAME = bytes([IDLE_OCTET]) * FRAME_SAMPLES


class _Reel:
    """One recording: its tape, and the two ends that it listens at."""

    __slots__ = ("ends", "next_frame", "tape")

    def __init__(self, tape: Tape, ends: tuple[End, End], next_frame: int) -> None:
        self.tape = tape
        self.ends = ends
        self.next_frame = next_frame


class TickedTapes:
    """All recordings of one voice process."""

    def __init__(self, graph: VoiceGraph, directory: Path | None, scribe: Scribe) -> None:
        self._graph = graph
        self._directory = directory
        self._scribe = scribe
        self._reels: dict[tuple[str, str], _Reel] = {}

    def start(
        self, element: str, recording: str, frame: int, ended: Callable[[RecordingEnd], object]
    ) -> None:
        """Record from `frame` on."""
        name = (element, recording)
        refusal = self._refusal(name)
        if refusal or self._directory is None:
            ended(RecordingEnd("failed", reason=refusal))
            return

        def over(end: RecordingEnd) -> None:
            self._forget(name)
            ended(end)

        tape = Tape(recording_path(self._directory, recording), self._scribe, over)
        if tape.is_over:
            return
        ends = (
            self._graph.end(RECORDER, recording_wire(recording, "left")),
            self._graph.end(RECORDER, recording_wire(recording, "right")),
        )
        for end in ends:
            end.watchers.append(self)  # so that the graph does not forget the end
        self._reels[name] = _Reel(tape, ends, frame)

    def _refusal(self, name: tuple[str, str]) -> str:
        if self._directory is None:
            return "recordings have no directory"
        if name in self._reels:
            return f"{name[1]} is being recorded"
        if len(self._reels) >= RECORDINGS_LIMIT:
            return f"{RECORDINGS_LIMIT} recordings are going on"
        try:
            recording_path(self._directory, name[1])
        except ValueError as error:
            return str(error)
        return ""

    def stop(self, element: str, recording: str) -> None:
        """Complete a recording."""
        reel = self._reels.get((element, recording))
        if reel is not None:
            reel.tape.stop()

    def stop_all(self) -> None:
        """Complete every recording."""
        for reel in list(self._reels.values()):
            reel.tape.stop()

    def hear(self, frame: int, mixer: Mixer) -> None:
        """Take the frame that the mixer renders now."""
        for reel in list(self._reels.values()):
            missing = frame - reel.next_frame
            if missing > 0:
                silence = _SILENT_FRAME * missing
                reel.tape.keep(silence, silence)
            left, right = reel.ends
            reel.tape.keep(_octets(mixer.arriving(left)), _octets(mixer.arriving(right)))
            reel.next_frame = frame + 1

    def _forget(self, name: tuple[str, str]) -> None:
        reel = self._reels.pop(name, None)
        if reel is not None:
            for end in reel.ends:
                end.watchers.remove(self)


def _octets(samples: Samples | None) -> bytes:
    return _SILENT_FRAME if samples is None else encode(samples)
