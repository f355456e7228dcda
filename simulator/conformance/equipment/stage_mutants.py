"""Altered equipment: what parties hear is not what was ordered, or not what is told."""

from collections.abc import Callable

from calleq.calling_logic.means import Way
from calleq.media.contract import Played, Player, Prompt, Verdict
from simulator.conformance.equipment.mutants import CALLING_MUTANTS, Mutant, whatever


class _PlayToNobody(Mutant):
    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self.acted += 1
        super().play(way, player, prompt, report)
        super().bridge((way,), whatever)


class _Reports(Mutant):
    """Alters what is told of prompts."""

    def play(self, way: Way, player: str, prompt: Prompt, report: Player) -> None:
        self.acted += 1
        super().play(way, player, prompt, self.altered(report))

    def altered(self, report: Player) -> Player:
        """What is told: nothing, where no more is said."""
        return Player()


class _EndTwice(_Reports):
    def altered(self, report: Player) -> Player:
        def ended(outcome: Played) -> None:
            assert report.ended is not None
            report.ended(outcome)
            report.ended(outcome)

        return Player(ended, report.marked)


class _AlwaysComplete(_Reports):
    def altered(self, report: Player) -> Player:
        def ended(outcome: Played) -> None:
            assert report.ended is not None
            report.ended("complete")

        return Player(ended, report.marked)


class _NoMark(_Reports):
    def altered(self, report: Player) -> Player:
        return Player(report.ended)


class _NeverStop(Mutant):
    def stop(self, way: Way, player: str) -> None:
        self.acted += 1


class _JudgeHuman(Mutant):
    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        self.acted += 1
        verdict("human")


class _JudgeNobody(Mutant):
    def detect(self, way: Way, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        self.acted += 1


class _AnswerForParty(Mutant):
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
        self.acted += 1
        super().ask(way, player, prompt, words, limit_us, whatever, digits)
        answered("1")


class _FirstKey(Mutant):
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
        self.acted += digits > 1
        super().ask(way, player, prompt, words, limit_us, answered)


class _HearNoAnswer(Mutant):
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
        self.acted += 1
        super().ask(way, player, prompt, words, limit_us, whatever, digits)


class _OneSided(Mutant):
    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        super().bridge(ways, done)
        if len(ways) > 1:
            self.acted += 1
            super().bridge(ways[:1], whatever)


class _BridgeQuietly(Mutant):
    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        self.acted += 1
        super().bridge(ways, whatever)


class _BridgeInWords(Mutant):
    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        self.acted += 1
        done(True)


class _NeverAlone(Mutant):
    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        if len(ways) == 1:
            self.acted += 1
            done(True)
        else:
            super().bridge(ways, done)


class _TwoOnly(Mutant):
    def bridge(self, ways: tuple[Way, ...], done: Callable[[bool], object]) -> None:
        self.acted += len(ways) > 2
        super().bridge(ways[:2], done)


class _NeverSilent(Mutant):
    def silence(self, way: Way) -> None:
        self.acted += 1


MUTANTS: dict[str, type[Mutant]] = {
    **CALLING_MUTANTS,
    "play to nobody": _PlayToNobody,
    "never tell the end of a prompt": _Reports,
    "tell the end of a prompt twice": _EndTwice,
    "say complete always": _AlwaysComplete,
    "tell no mark": _NoMark,
    "never stop": _NeverStop,
    "judge everybody human": _JudgeHuman,
    "judge nobody": _JudgeNobody,
    "answer for the party": _AnswerForParty,
    "hear no answer": _HearNoAnswer,
    "hear the first key alone": _FirstKey,
    "bridge one side": _OneSided,
    "bridge without a word": _BridgeQuietly,
    "bridge in words alone": _BridgeInWords,
    "leave nobody alone": _NeverAlone,
    "bridge two only": _TwoOnly,
    "never silence": _NeverSilent,
}
"""All mutants, by the words that name them."""
