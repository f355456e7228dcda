"""What equipment of any kind plays, asks and listens for by the voice of its site."""

from collections.abc import Callable

from calleq.calling_logic.entering import question_by
from calleq.calling_logic.means import Way
from calleq.equipment.contract import Site
from calleq.media.contract import Player, Prompt, Verdict, player_source


class SiteVoice:
    """The part of `Stage` that is about one party alone."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self._site.voice.play(self._site.name, player, prompt, report)
        self._hear(way, player_source(player))

    def stop(self, way: Way, player: str) -> None:
        self._site.voice.stop(self._site.name, player)

    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        self._site.voice.detect(self._site.name, way.wire, limit_us, verdict)

    def understands(self) -> bool:
        return self._site.voice.understands()

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
            self._site.voice,
            self._site.name,
            way.wire,
            player,
            words=words,
            digits=digits,
            limit_us=limit_us,
            answered=answered,
        )
        question.begin(prompt)
        self._hear(way, player_source(player))

    def _hear(self, way: Way, *sources: str) -> None:
        self._site.voice.feed(self._site.name, way.wire, sources)
