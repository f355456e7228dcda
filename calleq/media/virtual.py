"""Voice on a virtual clock: who hears whom, and samples only where somebody takes them.

Nothing ticks. A player costs its timers; samples are rendered in blocks, by the mixer that real
voice uses, for recordings and detectors alone. Before what they hear changes, what they have heard
so far is rendered from the graph as it stood. A detector also looks ahead: as long as nothing
changes the future is known, so that its verdict is one timer; a change takes back what lies ahead.

`VirtualVoice` fulfils `calleq.media.contract.Voice`. Deterministic: the same calls at the same
instants give the same reports and samples.
"""

import abc
from collections.abc import Callable
from pathlib import Path
from typing import Generic

import numpy as np

from calleq.media.contract import NOTHING_SAID, Verdict
from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import Samples
from calleq.media.graph import End, VoiceError, frame_at
from calleq.media.listening import ANSWERS, PRESSED, Decision, Hearing, Measure, spoken
from calleq.media.plane import MAX_DETECT_US, VoicePlane
from calleq.media.sounds import PromptLibrary
from calleq.media.utterance import LONGEST_FRAMES
from calleq.runtime.clock import Clock, Timer

MAX_RECORDING_US = 600_000_000
Understood = Callable[[tuple[str, ...], Samples], str]
"""Which of the words it is, or `OTHER_WORDS`."""
PIECE_FRAMES = 25
"""How far a detector looks ahead at a time."""


class VirtualVoice(VoicePlane):
    """The voice of a whole simulated network."""

    def __init__(
        self,
        clock: Clock,
        prompts: PromptLibrary,
        recordings: Path | None = None,
        understood: Understood | None = None,
    ) -> None:
        """`understood` tells which of some words an utterance is; None: no words are understood."""
        super().__init__(clock, prompts, recordings)
        self._understood = understood

    def understands(self) -> bool:
        """See `Voice.understands`."""
        return self._understood is not None

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        """See `Voice.listen_for`; at most `MAX_DETECT_US` are listened to."""

        def said(utterance: Samples) -> None:
            tell = self._understood
            heard(tell(words, utterance) if tell and utterance.size else NOTHING_SAID)

        end = self.graph.end(element, wire)
        begin_us = min(limit_us, MAX_DETECT_US)
        hearing = spoken(begin_us // FRAME_US)
        _Detection(self, end, begin_us + LONGEST_FRAMES * FRAME_US, hearing, said)

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        """See `Voice.detect`; at most `MAX_DETECT_US` are listened to."""
        end = self.graph.end(element, wire)
        _Detection(self, end, min(limit_us, MAX_DETECT_US), ANSWERS, verdict)

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        """See `Voice.next_key`; at most `MAX_DETECT_US` are listened to."""
        end = self.graph.end(element, wire)
        _Detection(self, end, min(limit_us, MAX_DETECT_US), PRESSED, pressed)

    def record(self, element: str, wire: str) -> "Recording":
        """Record what arrives at `element` on `wire` from the next frame on, until stopped."""
        return Recording(self, self.graph.end(element, wire))

    def now_us(self) -> int:
        """The clock's monotonic instant."""
        return self._clock.monotonic_us()

    def call_later_us(self, delay_us: int, call: Callable[[], object]) -> Timer:
        """A timer of the clock."""
        return self._clock.call_later_us(delay_us, call)

    def rendered(self, end: End, frame: int, frames: int) -> Samples | None:
        """What arrives at an end in `frames` frames as the graph stands; None for silence."""
        self._mixer.begin(frame, frames)
        return self._mixer.arriving(end)

    def watch(self, watcher: "Watcher") -> None:
        """Tell `watcher` before what arrives at its end changes."""
        watcher.end.watchers.append(watcher)
        self._watching += 1

    def unwatch(self, watcher: "Watcher") -> None:
        """Do so no longer."""
        watcher.end.watchers.remove(watcher)
        self._watching -= 1

    def _before_change(self, end: End, foreseen: bool = False) -> None:
        frame = frame_at(self.now_us())
        for ear in self.graph.reached(end):
            for watcher in ear.watchers:
                assert isinstance(watcher, Watcher)
                watcher.before_change(frame, foreseen)


class Watcher(abc.ABC):
    """Takes samples at an end."""

    def __init__(self, voice: VirtualVoice, end: End) -> None:
        self.voice = voice
        self.end = end
        self.start_frame = frame_at(voice.now_us())
        voice.watch(self)

    @abc.abstractmethod
    def before_change(self, frame: int, foreseen: bool) -> None:
        """From `frame` on something else may arrive."""


class Recording(Watcher):
    """What arrived at one end, from `start_frame` on; at most `MAX_RECORDING_US` of it."""

    def __init__(self, voice: VirtualVoice, end: End) -> None:
        self._parts: list[Samples] = []
        self._frames = 0
        self._stopped = False
        super().__init__(voice, end)

    def before_change(self, frame: int, foreseen: bool) -> None:
        self._render_until(frame)

    def _render_until(self, frame: int) -> None:
        missing = frame - self.start_frame - self._frames
        if missing <= 0:
            return
        if (self._frames + missing) * FRAME_US > MAX_RECORDING_US:
            raise VoiceError(f"a recording is longer than {MAX_RECORDING_US // 1_000_000} s")
        part = self.voice.rendered(self.end, self.start_frame + self._frames, missing)
        if part is None:
            part = np.zeros(missing * FRAME_SAMPLES, dtype=np.int16)
        self._parts.append(part)
        self._frames += missing

    def samples(self) -> Samples:
        """Everything that has arrived up to now, in whole frames. Raises VoiceError."""
        if not self._stopped:
            self._render_until(self.voice.now_us() // FRAME_US)
        return np.concatenate([np.zeros(0, dtype=np.int16), *self._parts])

    def stop(self) -> Samples:
        """End the recording; its samples."""
        samples = self.samples()
        if not self._stopped:
            self._stopped = True
            self.voice.unwatch(self)
        return samples


class _Detection(Watcher, Generic[Measure, Decision]):
    """One answer being judged: measures as far as they are known, and a timer for the verdict."""

    def __init__(
        self,
        voice: VirtualVoice,
        end: End,
        limit_us: int,
        hearing: Hearing[Measure, Decision],
        tell: Callable[[Decision], object],
    ) -> None:
        super().__init__(voice, end)
        self._hearing = hearing
        self._tell = tell
        self._deadline_us = voice.now_us() + limit_us
        self._rows: list[Measure] = []
        self._timer = voice.call_later_us(0, self._look_ahead)
        self._looking = True

    def before_change(self, frame: int, foreseen: bool) -> None:
        """What was foreseen from `frame` on is void; look again when the change has been made."""
        if not (self._looking or foreseen):
            self._looking = True
            del self._rows[max(frame - self.start_frame, 0) :]
            self._timer.cancel()
            self._timer = self.voice.call_later_us(0, self._look_ahead)

    def _look_ahead(self) -> None:
        """Judge what would arrive should nothing change, and set the verdict's timer.

        Rendered piece by piece: most answers are judged long before the limit.
        """
        self._looking = False
        limit_frames = self._deadline_us // FRAME_US - self.start_frame
        listener = self._hearing.listener()
        judged, due_us = 0, self._deadline_us
        while judged < limit_frames:
            if judged == len(self._rows):
                self._render(min(PIECE_FRAMES, limit_frames - judged))
            decision = listener.hear(self._rows[judged])
            judged += 1
            if decision is not None:
                due_us = (self.start_frame + judged) * FRAME_US
                break
        verdict = listener.expire()
        delay_us = max(due_us - self.voice.now_us(), 0)
        self._timer = self.voice.call_later_us(delay_us, lambda: self._decided(verdict))

    def _render(self, frames: int) -> None:
        samples = self.voice.rendered(self.end, self.start_frame + len(self._rows), frames)
        hearing = self._hearing
        self._rows += [hearing.quiet] * frames if samples is None else hearing.measure(samples)

    def _decided(self, verdict: Decision) -> None:
        self.voice.unwatch(self)
        self._tell(verdict)
