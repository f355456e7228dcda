"""Calling equipment as somebody outside calleq would write it: docs/guide/equipment.md explains it.

It has channels to the telephone network, plays on them, and mixes them in its own conference unit.
Of calleq it imports only what that page documents.
"""

from collections.abc import Callable

from calleq.calling_logic.entering import question_by
from calleq.calling_logic.means import NUMBERS, Parties, Way, WayUser
from calleq.equipment.contract import Site
from calleq.media.contract import Player, Prompt, Verdict, player_source, wire_source

LEGS = 2


class Channels:
    """By which parties are called; fulfils `Access`."""

    def __init__(self, site: Site) -> None:
        self.group = site.trunk.group
        self._trunk = site.trunk
        self._left: dict[str, int] = {}
        """How many channels each call may still take."""

    def reserve(
        self, call: str, answer: Callable[[bool], object], parties: Parties = NUMBERS
    ) -> None:
        is_kept = self._trunk.idle() - sum(self._left.values()) >= LEGS
        if is_kept:
            self._left[call] = LEGS
        answer(is_kept)

    def are_resetting(self) -> bool:
        return self._trunk.is_resetting()

    def seize(self, call: str, called: str = "") -> Way | None:
        if not self._left.get(call):
            return None
        way = self._trunk.seize()
        if way is not None:
            self._left[call] -= 1
        return way

    def seize_extra(self, call: str, called: str = "") -> Way | None:
        if self._trunk.idle() <= sum(self._left.values()):
            return None
        return self._trunk.seize()

    def dial(self, way: Way, called: str, caller: str, user: WayUser) -> None:
        self._trunk.dial(way, called, caller, user)

    def give_back(self, way: Way) -> None:
        self._trunk.give_back(way)

    def returned(self, call: str, way: Way | None = None) -> None:
        if call in self._left:
            self._left[call] += 1

    def done(self, call: str) -> None:
        self._left.pop(call, None)


class ConferenceUnit:
    """By which parties are played to and bridged; fulfils `Stage`."""

    def __init__(self, site: Site) -> None:
        self._name = site.name
        self._voice = site.voice

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self._voice.play(self._name, player, prompt, report)
        self._hear(way, [player_source(player)])

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
        self._hear(way, [player_source(player)])

    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        for way in ways:
            self._hear(way, [wire_source(other.wire) for other in ways if other is not way])
        done(True)

    def silence(self, way: Way) -> None:
        self._hear(way, [])

    def _hear(self, way: Way, sources: list[str]) -> None:
        self._voice.feed(self._name, way.wire, tuple(sources))


class AnnouncingDialler:
    """Both halves; fulfils `Equipment`."""

    def __init__(self, site: Site) -> None:
        self.access = Channels(site)
        self.stage = ConferenceUnit(site)


def equipment(site: Site) -> AnnouncingDialler:
    """What the topology and the suite name: `announcing_dialler:equipment`."""
    return AnnouncingDialler(site)
