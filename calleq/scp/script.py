"""What an SCP has a resource play to one party or ask of it, and what becomes of it.

Owns the invoke identifiers of what was ordered: each belongs to a player, to a judgement or to a
question, until the resource reports, refuses or cancels it. Where the orders go (a switch's board,
a peripheral) is its owner's: a `Script` only makes them and reads the answers. A report that
belongs to nothing is not its own, and it says so. What is wanted before the resource is there waits
for it, in order. A question is answered by keys: no resource that INAP commands understands
words. One whose resource fails counts as not answered.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from calleq.calling_logic.entering import END_KEY, INTER_DIGIT_US
from calleq.media.contract import NOTHING_SAID, Played, Player, Prompt, Verdict
from calleq.media.languages import language_of
from calleq.media.numbered import DETECT, MUSIC, VERDICT_DIGITS
from calleq.scp.wording import Piece, pieces
from calleq.ss7.inap.arguments import (
    Cancel,
    PlayAnnouncement,
    PromptAndCollectUserInformation,
    ReceivedInformation,
    SpecializedResourceReport,
)
from calleq.ss7.inap.dialogue import Failed, Invoked, Rejected, Returned
from calleq.ss7.inap.digits import digits_of
from calleq.ss7.inap.errors import ErrorCode, InapError
from calleq.ss7.inap.interaction import CollectedDigits, InbandInfo, MessageText
from calleq.ss7.inap.operations import Argument
from calleq.units import SECOND_US

_VERDICTS: dict[str, Verdict] = {digit: verdict for verdict, digit in VERDICT_DIGITS.items()}


class Orders(Protocol):
    """Where orders go."""

    def order(self, *arguments: Argument) -> list[int]:
        """Send them; their invoke ids, none where nobody is there to take them."""

    def cancel(self, invoke_id: int) -> Cancel:
        """How this resource is told to give one of them up."""

    @property
    def segment(self) -> int | None:
        """The call segment that is meant; None: the only one."""


@dataclass(slots=True)
class _Playing:
    player: str
    report: Player
    orders: dict[int, Piece]
    """Not over yet, in order."""


Answered = Callable[[str], object]


@dataclass(slots=True)
class _Wanted:
    """What waits for the resource: a prompt, a judgement, or a question."""

    player: str
    prompt: Prompt | None
    report: Player
    limit_us: int = 0
    verdict: Callable[[Verdict], object] | None = None
    answered: Answered | None = None
    digits: int = 1

    def ends(self, outcome: Played) -> None:
        """It was never ordered."""
        if self.report.ended is not None:
            self.report.ended(outcome)
        elif self.answered is not None and outcome != "stopped":
            self.answered(NOTHING_SAID)


class Script:
    """The orders to the resource of one party."""

    def __init__(self, orders: Orders, *, is_ready: bool = True) -> None:
        """Not ready: until `begin` or `lose` nothing can be ordered."""
        self._orders = orders
        self._is_ready = is_ready
        self._wanted: list[_Wanted] = []
        self._playing: dict[str, _Playing] = {}
        self._judging: dict[int, Callable[[Verdict], object]] = {}
        self._asking: dict[int, tuple[str, Answered]] = {}
        """Player and answer of each question."""

    def play(self, player: str, prompt: Prompt, report: Player) -> None:
        """Order a prompt; where it cannot be ordered it fails."""
        if not self._is_ready:
            self._wanted.append(_Wanted(player, prompt, report))
            return
        parts = (Piece(""),) if prompt.kind == "music" else pieces(prompt.text, prompt.mark)
        numbers = self._orders.order(*_announcements(prompt, parts, self._orders.segment))
        if numbers:
            orders = dict(zip(numbers, parts, strict=True))
            self._playing[player] = _Playing(player, report, orders)
        elif report.ended is not None:
            report.ended("failed")

    def stop(self, player: str) -> None:
        """Give a player up; it reports when the resource has."""
        for wanted in [one for one in self._wanted if one.player == player]:
            self._wanted.remove(wanted)
            wanted.ends("stopped")
        playing = self._playing.get(player)
        if playing is not None:
            self._orders.order(*(self._orders.cancel(number) for number in playing.orders))

        asked = [number for number, (name, _) in self._asking.items() if name == player]
        for number in asked:
            del self._asking[number]
        if asked:
            self._orders.order(*(self._orders.cancel(number) for number in asked))

    def ask(
        self, player: str, prompt: Prompt, limit_us: int, answered: Answered, digits: int = 1
    ) -> None:
        """Order a question; its answer is a key, or as many as `digits`, or `NOTHING_SAID`."""
        if not self._is_ready:
            wanted = _Wanted(player, prompt, Player(), limit_us, answered=answered, digits=digits)
            self._wanted.append(wanted)
            return
        segment = self._orders.segment
        *before, last = pieces(prompt.text, prompt.mark)
        question = PromptAndCollectUserInformation(
            CollectedDigits(
                maximum=digits,
                end_of_reply=END_KEY if digits > 1 else None,
                first_digit_timeout_s=_seconds(limit_us),
                inter_digit_timeout_s=_seconds(INTER_DIGIT_US) if digits > 1 else None,
            ),
            information_to_send=_spoken(prompt, last),
            call_segment=segment,
        )
        numbers = self._orders.order(*_announcements(prompt, before, segment), question)
        if not numbers:
            answered(NOTHING_SAID)
            return
        self._asking[numbers[-1]] = (player, answered)
        if before:
            orders = dict(zip(numbers, before, strict=False))
            self._playing[player] = _Playing(player, Player(), orders)

    def judge(self, limit_us: int, verdict: Callable[[Verdict], object]) -> None:
        """Have it judged who answered; without an answer nobody is told."""
        if not self._is_ready:
            self._wanted.append(_Wanted("", None, Player(), limit_us, verdict))
            return
        collect = PromptAndCollectUserInformation(
            CollectedDigits(maximum=1, first_digit_timeout_s=_seconds(limit_us)),
            information_to_send=InbandInfo(DETECT),
            call_segment=self._orders.segment,
        )
        for number in self._orders.order(collect):
            self._judging[number] = verdict

    def begin(self) -> None:
        """The resource is there: order what was wanted meanwhile."""
        self._is_ready = True
        waiting, self._wanted = self._wanted, []
        if not waiting:
            self._orders.order()  # whoever asked is answered all the same
        for wanted in waiting:
            if wanted.verdict is not None:
                self.judge(wanted.limit_us, wanted.verdict)
            elif wanted.answered is not None and wanted.prompt is not None:
                player, limit_us = wanted.player, wanted.limit_us
                self.ask(player, wanted.prompt, limit_us, wanted.answered, wanted.digits)
            elif wanted.prompt is not None:
                self.play(wanted.player, wanted.prompt, wanted.report)

    def lose(self) -> None:
        """The resource is gone, or will not come: what plays or waits has failed."""
        self._is_ready = True
        waiting, self._wanted = self._wanted, []
        for wanted in waiting:
            wanted.ends("failed")
        self._judging.clear()
        asking, self._asking = self._asking, {}
        for _, answered in asking.values():
            answered(NOTHING_SAID)
        for playing in list(self._playing.values()):
            self._end(playing, "failed")

    def takes(self, indication: Invoked | Returned | Failed | Rejected) -> bool:
        """Take a report of the resource; False where it is about something else."""
        match indication:
            case Invoked(argument=SpecializedResourceReport(), linked_id=number):
                return self._played(number)
            case Returned(invoke_id=number, result=ReceivedInformation() as result):
                return self._collected(number, result)
            case Failed(invoke_id=number, error=error):
                return self._gone(number, error.code is ErrorCode.CANCELED)
            case Rejected(invoke_id=number):
                return number is not None and self._gone(number, canceled=False)
            case _:
                return False

    def _played(self, number: int | None) -> bool:
        """A piece has been spoken; a report without a link is about the oldest."""
        for playing in self._playing.values():
            if number is None or number in playing.orders:
                piece = playing.orders.pop(next(iter(playing.orders)) if number is None else number)
                if piece.ends_mark and playing.report.marked is not None:
                    playing.report.marked()
                if not playing.orders:
                    self._end(playing, "complete")
                return True
        return False

    def _collected(self, number: int, result: ReceivedInformation) -> bool:
        verdict = self._judging.pop(number, None)
        if verdict is not None:
            verdict(_VERDICTS.get(_keys(result), "human"))  # nobody hangs up on a person
            return True
        _, answered = self._asking.pop(number, ("", None))
        if answered is not None:
            answered(_keys(result))
        return answered is not None

    def _gone(self, number: int, canceled: bool) -> bool:
        if self._judging.pop(number, None) is not None:
            return True
        _, answered = self._asking.pop(number, ("", None))
        if answered is not None:
            answered(NOTHING_SAID)
            return True
        for playing in self._playing.values():
            if number in playing.orders:
                self._end(playing, "stopped" if canceled else "failed")
                return True
        return False

    def _end(self, playing: _Playing, outcome: Played) -> None:
        del self._playing[playing.player]
        if playing.report.ended is not None:
            playing.report.ended(outcome)


def _announcements(
    prompt: Prompt, parts: Sequence[Piece], segment: int | None
) -> list[PlayAnnouncement]:
    if prompt.kind == "music":
        limit_s = _seconds(prompt.limit_us) if prompt.limit_us else 0
        return [PlayAnnouncement(InbandInfo(MUSIC, duration_s=limit_s), connected_party=segment)]
    return [PlayAnnouncement(_spoken(prompt, part), connected_party=segment) for part in parts]


def _spoken(prompt: Prompt, part: Piece) -> InbandInfo:
    """A part of a text, with its language where that is not English."""
    language = language_of(prompt.language)
    attributes = None if language == "en" else language.encode()
    return InbandInfo(MessageText(part.text, attributes), number_of_repetitions=1)


def _seconds(limit_us: int) -> int:
    return max(1, -(-limit_us // SECOND_US))


def _keys(result: ReceivedInformation) -> str:
    """What was collected; nothing where it cannot be read."""
    response = result.response
    try:
        return response if isinstance(response, str) else digits_of(response)
    except InapError:
        return NOTHING_SAID
