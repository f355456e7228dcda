"""What an element may ask of the voice plane.

Every voice wire (a circuit between two exchanges, a subscriber line) has two ends, each belonging
to one element. An element decides one thing only: what it puts on a wire towards the far end, as
the sum of `sources`. Bridges, conferences, announcements and tones are all made of that:

    voice.feed("ip-76", leg_a, (wire_source(leg_b),))   # a hears b
    voice.feed("ip-76", leg_b, (wire_source(leg_a),))   # b hears a

A source is a string: `wire:NAME` (what arrives at this element on that wire), `player:NAME` (one of
this element's own players) or `tone:NAME` (busy, congestion, ringback, unobtainable).
Wires are `circuit:LOW-HIGH:CIC` (the point codes in ascending order) and `line:E164`.
"""

from collections.abc import Callable
from typing import Final, Literal, Protocol

import msgspec

TONES = ("ringback", "busy", "congestion", "unobtainable")
"""The names of supervisory tones."""

Verdict = Literal["human", "machine", "fax", "silence"]
Played = Literal["complete", "stopped", "failed"]

NOTHING_SAID: Final = ""
OTHER_WORDS: Final = "other words"
"""What was said is none of the words that were listened for."""


class Prompt(msgspec.Struct, frozen=True, gc=False):
    """Something to be heard.

    `kind` is `speech` (synthesised `text`), `music` (of our own making, endless), `mouth` (what a
    simulated telephone utters; `text` names it: `hello`, `talk`, `greeting`, `fax`), `keys` (`text`
    are keys of a telephone, pressed in turn) or `tone` (`text` is the frequency in Hz). `mark` is a
    part of `text`: its end is reported as reached.
    """

    kind: str
    text: str = ""
    mark: str = ""
    language: str = "en-us"
    limit_us: int = 0
    """Stop after this length; 0: at its own end."""
    supplied: str = ""
    """The key of a recording that a business supplied: of kind `supplied` the whole, of `speech`
    instead of `mark`, of `music` instead of our own. One that is not at hand is done without."""


class Player(msgspec.Struct, frozen=True):
    """Who is told how a prompt goes on."""

    ended: Callable[[Played], object] | None = None
    marked: Callable[[], object] | None = None


def circuit_wire(one: int, other: int, cic: int) -> str:
    """The voice wire of a circuit between two point codes, the same from either end."""
    low, high = (one, other) if one < other else (other, one)
    return f"circuit:{low}-{high}:{cic}"


def line_wire(number: str) -> str:
    """The voice wire of a subscriber line."""
    return f"line:{number}"


def channel_wire(line: str, reference: int, by_switch: bool) -> str:
    """The voice wire of one call on a line whose calls each have a voice of their own."""
    return f"line:{line}/{'switch' if by_switch else 'line'}-{reference}"


def wire_source(wire: str) -> str:
    """What arrives on a wire, as a source."""
    return f"wire:{wire}"


def player_source(player: str) -> str:
    """What a player of this element plays, as a source."""
    return f"player:{player}"


def tone_source(tone: str) -> str:
    """A supervisory tone, as a source."""
    return f"tone:{tone}"


class Voice(Protocol):
    """The voice plane as one element sees it; calls return at once."""

    def feed(self, element: str, wire: str, sources: tuple[str, ...]) -> None:
        """From now on `element` sends the sum of `sources` into `wire`; () is silence."""

    def play(self, element: str, player: str, prompt: Prompt, report: Player) -> None:
        """Start a player. It runs whether or not a wire is fed from it."""

    def stop(self, element: str, player: str) -> None:
        """End a player early; it reports `stopped`. Does nothing when it has ended."""

    def detect(
        self, element: str, wire: str, limit_us: int, verdict: Callable[[Verdict], object]
    ) -> None:
        """Tell once, within `limit_us`, what answers on `wire` (judged from samples alone)."""

    def next_key(
        self, element: str, wire: str, limit_us: int, pressed: Callable[[str], object]
    ) -> None:
        """Tell once which key the party on `wire` has pressed (from samples alone).

        It is told when the key has been let go; empty where none was within `limit_us`.
        """

    def understands(self) -> bool:
        """Whether words can be understood here; where not, keys alone can be asked for."""

    def listen_for(
        self,
        element: str,
        wire: str,
        words: tuple[str, ...],
        limit_us: int,
        heard: Callable[[str], object],
    ) -> None:
        """Tell once which of at most three words is said on `wire` (from samples alone).

        It is told soon after the party has fallen silent: one of `words`, `OTHER_WORDS`, or
        `NOTHING_SAID` where nobody had begun to speak within `limit_us`.
        """

    def hear(self, element: str, wire: str, heard: Callable[[frozenset[str]], object]) -> None:
        """Tell whose voices arrive at `element` on `wire`, at once and at each change.

        Voices are named by what makes them: `speech:TEXT`, `music`, `tone:NAME`,
        `mouth:LINE` (the telephone of that line).
        """
