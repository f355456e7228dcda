"""What equipment can do that mixes voices itself, beyond a `Stage`: every party hears its own sum.

Equipment that only commands the bridge of others has none, and refuses the orders that need it.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.calling_logic.means import Way
from calleq.media.contract import Player, Prompt
from calleq.media.recorder import RecordingEnd


class Mixing(Protocol):
    """The voices of one piece of equipment, on its own ways."""

    def begin(self, player: str, prompt: Prompt, report: Player) -> None:
        """Start a prompt that nobody hears yet; `player` is a name that no other player has."""

    def end(self, player: str) -> None:
        """End it early; it reports `stopped`. Does nothing when it has ended."""

    def hear(self, way: Way, ways: tuple[Way, ...], players: tuple[str, ...]) -> None:
        """From now on the way's party hears the sum of these, and nothing else."""

    def next_key(self, way: Way, limit_us: int, pressed: Callable[[str], object]) -> None:
        """Tell once which key the party has pressed; empty: none within the limit."""

    def start_recording(self, recording: str, ended: Callable[[RecordingEnd], object]) -> None:
        """Record both sides, silent at first; see `calleq.media.recorder.Recorder`."""

    def feed_recording(self, recording: str, left: tuple[Way, ...], right: tuple[Way, ...]) -> None:
        """From now on the sides hold the sums of what these ways' parties say."""

    def stop_recording(self, recording: str) -> None:
        """Complete the recording."""
