"""The stage that most equipment has: its own voice, put on its own ways.

Equipment that only commands the voice of others has another (`calleq.scp`).
"""

from collections.abc import Callable

from calleq.calling_logic.entering import question_by
from calleq.calling_logic.means import Way
from calleq.media.contract import Player, Prompt, Verdict, Voice, player_source, wire_source
from calleq.media.recorder import Recorder, RecordingEnd, recording_wire


class OwnVoice:
    """The equipment's own voice on its own ways; fulfils `Stage` and `Mixing`."""

    def __init__(
        self,
        name: str,
        voice: Voice,
        hear: Callable[[Way, tuple[str, ...]], object],
        recorder: Recorder | None = None,
    ) -> None:
        """`name` is the element's; `hear` says what the party of a way hears.

        Without `recorder` every recording fails.
        """
        self._name = name
        self._voice = voice
        self._hear = hear
        self._recorder = recorder

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self._voice.play(self._name, player, prompt, report)
        self._hear(way, (player_source(player),))

    def stop(self, way: Way, player: str) -> None:
        self._voice.stop(self._name, player)

    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        self._voice.detect(self._name, way.wire, limit_us, verdict)

    def understands(self) -> bool:
        return self._voice.understands()

    def ask(
        self,
        way: Way,
        player: str,
        prompt: Prompt,
        words: tuple[str, ...],
        limit_us: int,
        answered: Callable[[str], object],
        digits: int = 1,
    ) -> None:
        question = question_by(
            self._voice,
            self._name,
            way.wire,
            player,
            words=words,
            digits=digits,
            limit_us=limit_us,
            answered=answered,
        )
        question.begin(prompt)
        self._hear(way, (player_source(player),))

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        for way in ways:
            self._hear(way, tuple(wire_source(other.wire) for other in ways if other is not way))
        done(True)

    def silence(self, way: Way) -> None:
        self._hear(way, ())

    # Mixing

    def begin(self, player: str, prompt: Prompt, report: Player) -> None:
        self._voice.play(self._name, player, prompt, report)

    def end(self, player: str) -> None:
        self._voice.stop(self._name, player)

    def hear(self, way: Way, ways: tuple[Way, ...], players: tuple[str, ...]) -> None:
        self._hear(way, (*_wires(ways), *map(player_source, players)))

    def next_key(self, way: Way, limit_us: int, pressed: Callable[[str], object]) -> None:
        self._voice.next_key(self._name, way.wire, limit_us, pressed)

    def start_recording(self, recording: str, ended: Callable[[RecordingEnd], object]) -> None:
        if self._recorder is None:
            ended(RecordingEnd("failed", reason="this equipment does not record"))
        else:
            self._recorder.start_recording(self._name, recording, ended)

    def feed_recording(self, recording: str, left: tuple[Way, ...], right: tuple[Way, ...]) -> None:
        voice, name = self._voice, self._name
        voice.feed(name, recording_wire(recording, "left"), _wires(left))
        voice.feed(name, recording_wire(recording, "right"), _wires(right))

    def stop_recording(self, recording: str) -> None:
        if self._recorder is not None:
            self._recorder.stop_recording(self._name, recording)


def _wires(ways: tuple[Way, ...]) -> tuple[str, ...]:
    return tuple(wire_source(way.wire) for way in ways)
