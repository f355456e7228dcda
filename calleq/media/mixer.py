"""What an ear hears, in samples: pulled through the graph, frame by frame or in longer blocks.

An end sends the sum of its sources, clipped to 16 bits and passed through mu-law, as a digital
exchange would; one source alone passes unchanged. Within one span every end is worked out once
(`begin` names the span and forgets the last). A block gives the same samples as its frames one by
one, because a sound is read by its place in time and nothing else.
"""

import numpy as np

from calleq.media.frames import FRAME_SAMPLES
from calleq.media.g711 import Samples, quantise, saturate
from calleq.media.graph import End, Leaf
from calleq.media.sounds import Repertoire, supervisory_tone

MAX_HOPS = 100
"""Wires in a row; what is farther away is not heard."""


class Mixer:
    """Renders what arrives at ends of wires, for one span of frames at a time."""

    def __init__(self, repertoire: Repertoire) -> None:
        self._repertoire = repertoire
        self._sent: dict[End, Samples | None] = {}
        self._frame = 0
        self._frames = 0

    def begin(self, frame: int, frames: int) -> None:
        """From now on render `frames` frames from `frame` on, of the graph as it stands."""
        self._sent.clear()
        self._frame = frame
        self._frames = frames

    def arriving(self, end: End, hops: int = 0) -> Samples | None:
        """The samples of the span that arrive at an end; None stands for silence."""
        if hops >= MAX_HOPS:
            return None
        return self._sum([self._sending(far, hops) for far in end.facing if far is not end])

    def _sending(self, end: End, hops: int) -> Samples | None:
        if end in self._sent:
            return self._sent[end]
        parts = [self._leaf(leaf) for leaf in end.leaves]
        parts += [self.arriving(inlet, hops + 1) for inlet in end.inlets]
        samples = self._sent[end] = self._sum(parts)
        return samples

    def _leaf(self, leaf: Leaf) -> Samples | None:
        """A tone or a player, silent before its first and after its last frame; or a port."""
        if leaf.live is not None:
            return leaf.live.frame(self._frame)
        if leaf.player is None:
            (voice,) = leaf.voice
            sound = supervisory_tone(voice.removeprefix("tone:"))
        elif leaf.prompt is None:
            return None
        else:
            sound = self._repertoire.sound(leaf.prompt, leaf.line)
        first = max(self._frame, leaf.start_frame)
        last = self._frame + self._frames
        if leaf.end_frame:
            last = min(last, leaf.end_frame)
        if first >= last:
            return None
        start = (first - leaf.start_frame) * FRAME_SAMPLES
        part = sound.part(start, (last - first) * FRAME_SAMPLES)
        if part is None or last - first == self._frames:
            return part
        whole = np.zeros(self._frames * FRAME_SAMPLES, dtype=np.int16)
        place = (first - self._frame) * FRAME_SAMPLES
        whole[place : place + part.size] = part
        return whole

    def _sum(self, parts: list[Samples | None]) -> Samples | None:
        heard = [part for part in parts if part is not None]
        if len(heard) < 2:
            return heard[0] if heard else None
        total = heard[0].astype(np.int32)
        for part in heard[1:]:
            total += part
        return quantise(saturate(total))
