"""The voice plane: graph, players and mixer on any clock. Virtual and real voice are made of it.

Time is cut into 20 ms frames counted from the clock's monotonic zero. What an element asks for at
an instant takes effect with the next frame that begins then or later; a player's end and mark are
reported at the edge of the frame in which they fall. Who hears whom (`hear`) follows at once.

Reports (`ended`, `marked`, verdicts) never come from within the call that caused them. Starting a
player under a name that plays already stops the earlier one. A prompt that does not exist is
reported `failed`. More than `MAX_PLAYERS` at once is refused (VoiceError).

A mouth (a simulated telephone) is a player named `E164/...`: its line is what stands before `/`.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import msgspec

from calleq.media.contract import Played, Player, Prompt
from calleq.media.frames import FRAME_US
from calleq.media.graph import End, Leaf, VoiceError, VoiceGraph, Voices, frame_at
from calleq.media.mixer import Mixer
from calleq.media.sounds import PromptLibrary, Repertoire, SoundError
from calleq.runtime.clock import Clock, Timer

MAX_PLAYERS = 100_000
KEPT_VOICES = 32_768
"""Names of voices that are remembered."""
MAX_DETECT_US = 10_000_000
"""No answer is listened to, and for no key, for longer."""


class Playing(msgspec.Struct):
    """One prompt on its way from `play` to its report."""

    element: str
    name: str
    prompt: Prompt
    report: Player
    leaf: Leaf | None = None
    """None until it is heard."""
    timers: tuple[Timer, ...] = ()


class VoicePlane:
    """`Voice` but for what listens to samples: that depends on who renders them and when."""

    def __init__(
        self, clock: Clock, prompts: PromptLibrary, recordings: Path | None = None
    ) -> None:
        """`recordings` is where recordings lie that are played to somebody."""
        self.graph = VoiceGraph()
        self._clock = clock
        self.repertoire = Repertoire(prompts, recordings)
        self._mixer = Mixer(self.repertoire)
        self._playing: dict[tuple[str, str], Playing] = {}
        self._watching = 0
        """How many want to know before something changes: few at any time, or none."""

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        """See `Voice.feed`. Raises VoiceError for a source that cannot be."""
        graph = self.graph
        end = graph.end(element, wire)
        if sources != end.sources:
            if self._watching:
                self._before_change(end)
            now_us = self._clock.monotonic_us() if sources else 0  # nothing begins with silence
            graph.feed_end(end, sources, now_us)

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        """See `Voice.play`. Raises VoiceError beyond `MAX_PLAYERS`."""
        key = (element, player)
        if key in self._playing:
            self.stop(element, player)
        elif len(self._playing) >= MAX_PLAYERS:
            raise VoiceError(f"more than {MAX_PLAYERS} players at once")
        playing = Playing(element, player, prompt, report)
        self._playing[key] = playing
        if self._at_hand(playing):
            self._begin(playing)

    def stop(self, element: str, player: str) -> None:
        """See `Voice.stop`."""
        playing = self._playing.get((element, player))
        if playing is not None:
            self._over(playing, "stopped")

    def supply(self, key: str, octets: bytes) -> None:
        """Have a business's recording at hand, mu-law at 8 kHz. Raises VoiceError for too many."""
        if not self.repertoire.supplied.keep(key, octets):
            raise VoiceError("no further recording of a business is kept")

    def hear(self, element: str, wire: str, heard: Callable[[Voices], object]) -> None:
        """See `Voice.hear`; one listener for each end, the latest."""
        self.graph.listen(self.graph.end(element, wire), heard)

    def players(self) -> int:
        """How many players are running."""
        return len(self._playing)

    def _begin(self, playing: Playing) -> None:
        """Let a prompt be heard from the next frame on."""
        prompt = playing.prompt
        try:
            length_us = self.repertoire.duration_us(prompt)
            mark_us = None if playing.report.marked is None else self._mark_us(prompt, length_us)
        except SoundError:
            self._over(playing, "failed")
            return
        now_us = self._clock.monotonic_us()
        frame = frame_at(now_us)
        leaf = playing.leaf = self.graph.player(playing.element, playing.name)
        if self._watching:
            for end in leaf.users:
                self._before_change(end)
        line = playing.name.partition("/")[0]
        leaf.prompt = prompt
        leaf.line = line
        leaf.voice = _voices(prompt.kind, prompt.text, line)
        leaf.start_frame = frame
        leaf.end_frame = 0
        until_us = frame * FRAME_US - now_us
        later = self._clock.call_later_us
        if mark_us is not None:
            delay_us = until_us + frame_at(mark_us) * FRAME_US
            playing.timers = (later(delay_us, self._marked, playing),)
        if length_us:
            frames = frame_at(length_us)
            leaf.end_frame = frame + frames
            over = later(until_us + frames * FRAME_US, self._over, playing, "complete")
            playing.timers = (*playing.timers, over)
        self.graph.start(leaf)

    def _mark_us(self, prompt: Prompt, length_us: int) -> int | None:
        """When to report the mark; None when there is none, or it is never reached."""
        mark_us = self.repertoire.mark_us(prompt)
        return mark_us if mark_us is not None and mark_us <= length_us else None

    def _marked(self, playing: Playing) -> None:
        if playing.report.marked is not None:
            playing.report.marked()

    def _over(self, playing: Playing, how: Played) -> None:
        """A player ends in whatever way: it is no longer heard, and its one report goes out."""
        del self._playing[playing.element, playing.name]
        for timer in playing.timers:
            timer.cancel()
        leaf = playing.leaf
        if leaf is not None:
            if self._watching:
                for end in leaf.users:
                    self._before_change(end, foreseen=how == "complete")
            self.graph.finish(leaf)
        ended = playing.report.ended
        if ended is None:
            return
        if how == "complete":
            ended(how)
        else:
            self._clock.call_later_us(0, ended, how)

    def _at_hand(self, playing: Playing) -> bool:
        """Whether to begin at once; otherwise whoever overrides this calls `_begin` later."""
        return True

    def _before_change(self, end: End, foreseen: bool = False) -> None:
        """What `end` sends is about to change: last chance to render what it sent so far.

        Called while somebody is `_watching`.
        Foreseen is what the mixer knew already: a player's own end.
        """


@lru_cache(maxsize=KEPT_VOICES)
def _voices(kind: str, text: str, line: str) -> Voices:
    """What a prompt is called by those who hear it."""
    match kind:
        case "speech" | "tone" | "recording":
            return frozenset((f"{kind}:{text}",))
        case "supplied":
            return frozenset((f"speech:{text}",))
        case "mouth":
            return frozenset((f"mouth:{line}",))
        case _:
            return frozenset((kind,))
