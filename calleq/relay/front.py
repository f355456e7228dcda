"""A front's side of the relay: whether the authority lives, what it is asked, what it answers.

The authority is asked every `ASK_US` whether it lives, and tells its clock. A request that leaves
says by that clock until when it may be begun; so one that lay in a queue, or came to an authority
that had slept, is left, and what its sender was told ("nothing was kept") is true. The same holds
for a request that was meant for a former life of the authority.

Only a request that was begun and whose authority then died has an outcome that is not known here
(`UNANSWERED`); what was accepted is durable there, and dialled by its next life.

At most `LIMIT_QUESTIONS` are under way; each has one timer.
"""

from collections.abc import Callable

from calleq.intake import errors
from calleq.osn.contract import Bus
from calleq.osn.messages import OsnError
from calleq.osn.relaying import (
    AccountsTold,
    AskAuthority,
    AuthorityHere,
    Relay,
    Relayed,
    RelayMessage,
    RelayOver,
    decode,
    encode,
)
from calleq.relay.bounds import ANSWER_US, ASK_US, BEGIN_US, GONE_US, LIMIT_QUESTIONS
from calleq.relay.mirror import AccountsMirror
from calleq.relay.problems import TOO_LATE, UNANSWERED, UNREACHABLE
from calleq.runtime.clock import Clock, Timer
from calleq.web.problems import ProblemDetail

Told = Callable[[Relayed | ProblemDetail], object]
"""Told every part of the answer, or once why there is none."""


class _Question:
    """A request that is not answered to its end."""

    __slots__ = ("timer", "told")

    def __init__(self, told: Told) -> None:
        self.told = told
        self.timer: Timer | None = None


class Front:
    """What one process has of the authority."""

    def __init__(
        self,
        name: str,
        authority: str,
        *,
        bus: Bus,
        clock: Clock,
        mirror: AccountsMirror,
        life: int,
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        """`name` is this front's on the OSN, `authority` the other's. `waits` says whether
        something waits for a connection to the authority: then it need not be asked again."""
        self.name = name
        self.mirror = mirror
        self._authority = authority
        self._bus = bus
        self._clock = clock
        self._life = life
        self._waits = waits
        self._asked: dict[int, int] = {}
        """When each question was asked that may still be answered."""
        self._number = 0
        self._here: tuple[int, int, int] | None = None
        """Life and clock of the authority, and when that was heard."""
        self._lived_us = -GONE_US - 1
        """When the last question left that was answered."""
        self._questions: dict[int, _Question] = {}
        self._last = 0
        self.ignored = 0
        """Messages that meant nothing here."""
        bus.attach(name, self.receive)

    def start(self) -> None:
        """Begin to ask."""
        self._ask()

    @property
    def problem(self) -> ProblemDetail | None:
        """Why nothing can be decided now; None: it can."""
        if self._here is None or self._clock.monotonic_us() - self._lived_us > GONE_US:
            return UNREACHABLE
        is_told = self.mirror.is_whole and self.mirror.life == self._here[0]
        return None if is_told else UNREACHABLE

    @property
    def under_way(self) -> int:
        """Requests that are not answered to their end."""
        return len(self._questions)

    def relay(self, request: Callable[[int, int, int], Relay], told: Told) -> Callable[[], None]:
        """Have a request decided; `request` makes it of its number, the authority's life and its
        latest instant. What is returned says that nobody waits for the answer any more."""
        problem = self.problem
        if problem is None and len(self._questions) >= LIMIT_QUESTIONS:
            problem = errors.BUSY
        if problem is not None or self._here is None:
            told(problem or UNREACHABLE)
            return _nothing
        life, at_us, heard_us = self._here
        until_us = at_us + self._clock.monotonic_us() - heard_us + BEGIN_US
        self._last += 1
        number = self._last
        question = self._questions[number] = _Question(told)
        question.timer = self._clock.call_later_us(ANSWER_US, self._give_up, number)
        self._send(request(number, life, until_us))
        return lambda: self._forget(number)

    def receive(self, sender: str, octets: bytes) -> None:
        """A message from the OSN."""
        try:
            message = decode(octets)
        except OsnError:
            self.ignored += 1
            return
        if sender != self._authority:
            self.ignored += 1
            return
        match message:
            case Relayed():
                self._relayed(message)
            case AuthorityHere():
                self._heard(message)
            case AccountsTold():
                self.mirror.take(message)
            case _:
                self.ignored += 1

    def _ask(self) -> None:
        now_us = self._clock.monotonic_us()
        for number in [one for one, at_us in self._asked.items() if now_us - at_us > GONE_US]:
            del self._asked[number]
        if now_us - self._lived_us > ANSWER_US:
            for number in list(self._questions):  # answers that were begun, and go on no more
                self._give_up(number)
        if not self._waits():
            self._number += 1
            self._asked[self._number] = now_us
            has = self.mirror
            self._send(AskAuthority(self._life, self._number, has.life, has.taken))
        self._clock.call_in_background_us(ASK_US, self._ask)

    def _heard(self, here: AuthorityHere) -> None:
        asked_us = self._asked.pop(here.number, None)
        if asked_us is None:
            return  # too old to say that it lives
        if self._here is not None and self._here[0] != here.life:
            for number in list(self._questions):
                self._give_up(number)
        self._lived_us = max(self._lived_us, asked_us)
        self._here = (here.life, here.at_us, self._clock.monotonic_us())

    def _relayed(self, answer: Relayed) -> None:
        question = self._questions.get(answer.question)
        if question is None:
            return
        if question.timer is not None:
            question.timer.cancel()
            question.timer = None
        if not answer.more:
            del self._questions[answer.question]
        question.told(TOO_LATE if answer.refused == "late" else answer)

    def _give_up(self, number: int) -> None:
        question = self._questions.pop(number, None)
        if question is None:
            return
        if question.timer is not None:
            question.timer.cancel()
        self._send(RelayOver(number))
        question.told(UNANSWERED)

    def _forget(self, number: int) -> None:
        question = self._questions.pop(number, None)
        if question is not None:
            if question.timer is not None:
                question.timer.cancel()
            self._send(RelayOver(number))

    def _send(self, message: RelayMessage) -> None:
        self._bus.send(self.name, self._authority, encode(message))


def _nothing() -> None:
    """Nothing was relayed."""
