"""Voice in real time, still without a clock of its own: whoever holds it ticks it every 20 ms.

`tick(frame)` fires what is due, renders that one frame for every ear that somebody listens to, and
keeps it. A frame whose tick did not come is skipped, counted in `missed_frames` and never caught
up: its place in a recording is silence. What is asked for between two ticks is heard from the next.

Recorded are the ears named by `record`, and every end of a subscriber line that belongs to an
element of `RECORDED_ELEMENTS` (the simulated telephones). A recording keeps the last `KEPT_FRAMES`
that were not silent; beyond `MAX_EARS` no further ear is recorded (`ears_refused` counts them).

Speech that is not at hand is asked of `fetch`, and begins with the frame after it has come.
"""

import contextlib
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Generic

import numpy as np

from calleq.media.contract import NOTHING_SAID, Prompt, Verdict
from calleq.media.detect import Row
from calleq.media.frames import FRAME_SAMPLES, FRAME_US
from calleq.media.g711 import IDLE_OCTET, Samples, encode
from calleq.media.graph import End
from calleq.media.keypad import NO_KEY
from calleq.media.keys import measure_keys
from calleq.media.listening import ANSWERS, PRESSED, Decision, Hearing, Measure, spoken
from calleq.media.plane import MAX_DETECT_US, Playing, VoicePlane
from calleq.media.recorder import RecordingEnd
from calleq.media.sounds import PromptLibrary, SoundError
from calleq.media.taping import PromptScribe, Scribe
from calleq.media.ticked_tapes import TickedTapes
from calleq.media.utterance import LONGEST_FRAMES
from calleq.runtime.clock import VirtualClock

KEPT_FRAMES = 3_000
"""60 s."""
MAX_EARS = 1_000
MAX_DETECTIONS = 1_000
RECORDED_ELEMENTS = frozenset({"telephones"})

_SILENT_FRAME = bytes([IDLE_OCTET]) * FRAME_SAMPLES

Fetch = Callable[[Prompt, Callable[[], object]], object]
"""Have a prompt made ready, and call back from the loop when it is."""

Understand = Callable[[tuple[str, ...], Samples, Callable[[str], object]], object]
"""Find out which of the words an utterance is, and call back from the loop."""


class Ear:
    """The last minute of what arrived at one end."""

    def __init__(self, end: End) -> None:
        self.end = end
        self._kept: deque[tuple[int, bytes]] = deque(maxlen=KEPT_FRAMES)

    def keep(self, frame: int, octets: bytes) -> None:
        """A frame that was not silent."""
        self._kept.append((frame, octets))

    def clear(self) -> None:
        """Forget everything so far."""
        self._kept.clear()

    def since(self, first_frame: int, end_frame: int) -> tuple[int, bytes]:
        """(frame, mu-law) from the first frame kept and not before `first_frame`, without gaps.

        At most the last `KEPT_FRAMES`; silence is put where nothing was heard or a tick was missed.
        """
        first_frame = max(first_frame, end_frame - KEPT_FRAMES)
        kept = [(frame, octets) for frame, octets in self._kept if frame >= first_frame]
        if not kept:
            return end_frame, b""
        first_frame = kept[0][0]
        frames = [_SILENT_FRAME] * (end_frame - first_frame)
        for frame, octets in kept:
            frames[frame - first_frame] = octets
        return first_frame, b"".join(frames)


class _Detection(Generic[Measure, Decision]):
    def __init__(
        self,
        end: End,
        first: int,
        limit: int,
        hearing: Hearing[Measure, Decision],
        tell: Callable[[Decision], object],
    ) -> None:
        self.end = end
        self.first_frame = first
        self.limit_frame = limit
        self._hearing = hearing
        self._tell = tell
        self._listener = hearing.listener()

    def hear(self, samples: Samples | None) -> bool:
        """Take the next frame; whether there is a decision."""
        hearing = self._hearing
        return self.take(hearing.quiet if samples is None else hearing.measure(samples)[0])

    def take(self, row: Measure) -> bool:
        """Take the measures of the next frame; whether there is a decision."""
        return self._listener.hear(row) is not None

    def decide(self) -> None:
        """Tell the decision, now at the latest."""
        self._tell(self._listener.expire())


_AnyDetection = _Detection[Row, Verdict] | _Detection[Samples, Samples]


class TickedVoice(VoicePlane):
    """The voice plane of a voice process; fulfils `calleq.media.contract.Voice`."""

    def __init__(
        self,
        prompts: PromptLibrary,
        fetch: Fetch | None = None,
        recordings: Path | None = None,
        scribe: Scribe | None = None,
        understand: Understand | None = None,
    ) -> None:
        """Recordings of calls go to the directory `recordings`, written by `scribe`.

        Without `understand` no words are understood.
        """
        self._ticked = VirtualClock()
        super().__init__(self._ticked, prompts, recordings)
        self._tapes = TickedTapes(self.graph, recordings, scribe or PromptScribe())
        self._fetch = fetch
        self._understand = understand
        self._detections: list[_AnyDetection] = []
        self._keyed: list[_Detection[str, str]] = []
        """Those that listen for keys."""
        self._ears: dict[End, Ear] = {}
        self.next_frame = 0
        self.missed_frames = 0
        self.ears_refused = 0
        self._changing: Callable[[End], object] | None = None

    def watch_changes(self, changing: Callable[[End], object]) -> None:
        """Tell `changing` of each end whose sources are about to change."""
        self._changing = changing
        self.graph.relinked = changing
        self._watching += 1

    def _before_change(self, end: End, foreseen: bool = False) -> None:
        if self._changing is not None:
            self._changing(end)

    def tick(self, frame: int) -> None:
        """Render `frame`; a frame before the next one to come is not rendered again."""
        if frame < self.next_frame:
            return
        self.missed_frames += frame - self.next_frame
        self._ticked.advance_us(frame * FRAME_US - self._ticked.monotonic_us())
        self._mixer.begin(frame, 1)
        for ear in self._ears.values():
            samples = self._mixer.arriving(ear.end)
            if samples is not None:
                ear.keep(frame, encode(samples))
        self._tapes.hear(frame, self._mixer)
        decided = [each for each in self._detections if self._judge(each, frame)]
        pressed = self._pressed(frame)
        # from now on whatever is asked for belongs to the next frame
        self._ticked.advance_us(1)
        self.next_frame = frame + 1
        for detection in decided:
            self._detections.remove(detection)
            detection.decide()
        for key in pressed:
            self._keyed.remove(key)
            key.decide()

    def arriving(self, end: End) -> Samples | None:
        """What arrives at an end in the frame of the last tick; None for silence."""
        return self._mixer.arriving(end)

    def _pressed(self, frame: int) -> list[_Detection[str, str]]:
        """Let all that listen for keys hear the frame, measured at once; those that decide."""
        listening = [each for each in self._keyed if each.first_frame <= frame]
        arriving = [self._mixer.arriving(each.end) for each in listening]
        sounding = [samples for samples in arriving if samples is not None]
        keys = iter(measure_keys(np.concatenate(sounding)) if sounding else ())
        decided = []
        for each, samples in zip(listening, arriving, strict=True):
            key = NO_KEY if samples is None else next(keys)
            if each.take(key) or frame + 1 >= each.limit_frame:
                decided.append(each)
        return decided

    def _judge(self, detection: _AnyDetection, frame: int) -> bool:
        """Let a detector hear the frame; whether its verdict is due."""
        if frame < detection.first_frame:
            return False
        if frame >= detection.limit_frame:
            return True
        decided = detection.hear(self._mixer.arriving(detection.end))
        return decided or frame + 1 >= detection.limit_frame

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        fed = self.graph.end(element, wire).sources
        super().feed(element, wire, sources)
        if fed and not sources:
            over = (wire, *(source.removeprefix("wire:") for source in fed))
            for each in over:
                if "/" in each:  # the wire of one call (`channel_wire`)
                    self.graph.forget_idle(each)
        if element in RECORDED_ELEMENTS and wire.startswith("line:"):
            self.record(element, wire)

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        super().hear(element, wire, heard)
        if element in RECORDED_ELEMENTS and wire.startswith("line:"):
            self.record(element, wire)

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        """See `Voice.detect`; beyond `MAX_DETECTIONS` at once the answer counts as human."""
        if len(self._detections) + len(self._keyed) >= MAX_DETECTIONS:
            self._ticked.call_later_us(0, verdict, "human")
            return
        first, limit = self._frames(limit_us)
        end = self.graph.end(element, wire)
        self._detections.append(_Detection(end, first, limit, ANSWERS, verdict))

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        """See `Voice.next_key`; beyond `MAX_DETECTIONS` at once no key is heard."""
        if len(self._detections) + len(self._keyed) >= MAX_DETECTIONS:
            self._ticked.call_later_us(min(limit_us, MAX_DETECT_US), pressed, NO_KEY)
            return
        first, limit = self._frames(limit_us)
        end = self.graph.end(element, wire)
        self._keyed.append(_Detection(end, first, limit, PRESSED, pressed))

    def understands(self) -> bool:
        """See `Voice.understands`."""
        return self._understand is not None

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        """See `Voice.listen_for`; beyond `MAX_DETECTIONS` at once nothing is heard."""
        if len(self._detections) + len(self._keyed) >= MAX_DETECTIONS:
            self._ticked.call_later_us(min(limit_us, MAX_DETECT_US), heard, NOTHING_SAID)
            return

        def said(utterance: Samples) -> None:
            if self._understand is not None and utterance.size:
                self._understand(words, utterance, heard)
            else:
                heard(NOTHING_SAID)

        first, limit = self._frames(limit_us)
        hearing = spoken(limit - first)
        end = self.graph.end(element, wire)
        self._detections.append(_Detection(end, first, limit + LONGEST_FRAMES, hearing, said))

    def start_recording(
        self, element: str, recording: str, ended: Callable[[RecordingEnd], object]
    ) -> None:
        """See `Recorder.start_recording`; what is recorded begins with the next frame."""
        self._tapes.start(element, recording, self.next_frame, ended)

    def stop_recording(self, element: str, recording: str) -> None:
        """See `Recorder.stop_recording`."""
        self._tapes.stop(element, recording)

    def stop_recordings(self) -> None:
        """Complete all of them."""
        self._tapes.stop_all()

    def spoken(self, prompt: Prompt) -> list[Prompt]:
        """What has to be synthesised of a prompt."""
        return self.repertoire.spoken(prompt)

    def load(self, prompt: Prompt) -> None:
        """Have a recording at hand that is to be played; may take long, and fail silently."""
        with contextlib.suppress(SoundError):
            self.repertoire.recorded(prompt)

    def _frames(self, limit_us: int) -> tuple[int, int]:
        """The first frame that is listened to, and the one that is not any more."""
        return self.next_frame, self.next_frame + min(limit_us, MAX_DETECT_US) // FRAME_US

    def record(self, element: str, wire: str) -> None:
        """Keep from now on what arrives at an end; does nothing when that is done already."""
        end = self.graph.end(element, wire)
        if end in self._ears:
            return
        if len(self._ears) >= MAX_EARS:
            self.ears_refused += 1
            return
        self._ears[end] = Ear(end)
        end.watchers.append(self)  # so that the graph does not forget the end

    def ear(self, element: str, wire: str) -> Ear | None:
        """What is recorded at an end, None when nothing is."""
        return self._ears.get(self.graph.end(element, wire))

    def _at_hand(self, playing: Playing) -> bool:
        prompt = playing.prompt
        if self._fetch is None or self.repertoire.ready(prompt):
            return True

        def come() -> None:
            if self._playing.get((playing.element, playing.name)) is playing:
                self._begin(playing)

        self._fetch(prompt, come)
        return False
