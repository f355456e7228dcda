"""Announcements to one party or one call segment, as an SCP orders them (Q.1214: SRF).

Owns the queue of one connected resource: what was ordered is played one after the other, and each
is reported when it is over; what answered is judged beside that, at once. Repetitions, the silence
between them and the duration of the whole are as the SCP says; neither given, a message is played
once, music until it is cancelled.

Refused: a display, a message that is not recorded, more than `QUEUE_LIMIT` orders at once, and
digits: nobody can key any here, so the only thing that can be collected is the judgement of what
answered (message `DETECT`).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import msgspec

from calleq.media.contract import (
    Played,
    Player,
    Prompt,
    Verdict,
    Voice,
    player_source,
    tone_source,
)
from calleq.media.numbered import DETECT, RECORDED, VERDICT_DIGITS
from calleq.runtime.clock import Clock, Timer
from calleq.ss7.inap.errors import ErrorCode, OperationError
from calleq.ss7.inap.interaction import (
    CollectedDigits,
    InbandInfo,
    InformationToSend,
    MessageID,
    MessageText,
    Tone,
    VariableMessage,
    VariablePart,
)
from calleq.ss7.inap.refusals import refuse
from calleq.units import SECOND_US

QUEUE_LIMIT = 16
"""Announcements that may be ordered and not be over."""
DETECT_S = 5
"""How long an answer is judged where the SCP does not say."""

TONES = {1: "ringback", 2: "busy", 3: "congestion", 4: "unobtainable"}
"""Tones by the number an SCP orders them with."""


class Order(msgspec.Struct, frozen=True):
    """Something ordered by an SCP."""

    invoke_id: int
    prompts: tuple[Prompt, ...]
    tone: str = ""
    repetitions: int = 0
    """0: no end of them."""
    interval_us: int = 0
    duration_us: int = 0
    """0: no limit."""
    reports: bool = True
    """Tell when it is over."""
    is_last: bool = False
    """The resource may be parted after it."""
    detects_us: int = 0
    """Judge for so long what answers, instead of playing anything."""


class AnnouncerUser(Protocol):
    """Who is told how orders go on; never from within the order."""

    def announced(self, order: Order) -> None:
        """It has been played to its end."""

    def collected(self, order: Order, digits: str) -> None:
        """What was to be collected."""

    def order_failed(self, order: Order, error: OperationError) -> None:
        """It could not be carried out, or was cancelled."""

    def resource_free(self) -> None:
        """The last order allowed the resource to be parted."""

    def source_changed(self) -> None:
        """What the parties are to hear of the resource is another source, or nothing any more."""

    def wire_judged(self) -> str:
        """The wire of the party that is to be judged; empty: there is none."""


@dataclass(slots=True)
class _Progress:
    order: Order
    next_prompt: int = 0
    repetitions: int = 0


class Announcer:
    """One connected resource; fulfils `Resource`."""

    def __init__(
        self, name: str, player: str, voice: Voice, clock: Clock, user: AnnouncerUser
    ) -> None:
        """`name` is the element's, `player` what its player is called while it lasts."""
        self._name = name
        self._player = player
        self._voice = voice
        self._clock = clock
        self._user = user
        self._waiting: deque[Order] = deque()
        self._now: _Progress | None = None
        self._judging: list[Order] = []
        """Judgements that are not over; they wait for no announcement, and none for them."""
        self._timers: list[Timer] = []

    @property
    def is_busy(self) -> bool:
        """Whether something is played, or will be."""
        return self._now is not None or bool(self._waiting)

    @property
    def has_orders(self) -> bool:
        """Whether anything that was ordered is not over."""
        return self.is_busy or bool(self._judging)

    @property
    def source(self) -> str:
        now = self._now
        if now is not None and now.order.tone:
            return tone_source(now.order.tone)
        return player_source(self._player)

    def hear(self, sources: tuple[str, ...]) -> None:
        """A player hears nobody."""

    def part(self) -> None:
        """What was ordered and is not over will not be played."""
        self._waiting.clear()
        self._judging.clear()
        self._stop()
        self._now = None

    def order(self, order: Order) -> None:
        """Play it, when what was ordered before is over. Raises OperationRefused."""
        ordered = len(self._waiting) + len(self._judging) + (self._now is not None)
        if ordered >= QUEUE_LIMIT:
            raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"{QUEUE_LIMIT} are ordered already")
        if order.detects_us:
            self._judging.append(order)
            self._clock.call_later_us(0, self._detect, order)
            return
        self._waiting.append(order)
        if self._now is None:
            self._clock_soon(self._next)

    def cancel(self, invoke_id: int | None) -> bool:
        """Give up an order, or (None) all; whether there was one. Each fails as canceled."""
        found = [
            order
            for order in (*self._judging, *self._waiting)
            if invoke_id in (None, order.invoke_id)
        ]
        self._judging = [order for order in self._judging if order not in found]
        self._waiting = deque(order for order in self._waiting if order not in found)
        now = self._now
        if now is not None and invoke_id in (None, now.order.invoke_id):
            found.insert(0, now.order)
            self._stop()
            self._now = None
            self._clock_soon(self._next)
        for order in found:
            self._user.order_failed(order, OperationError(ErrorCode.CANCELED))
        self._settle()
        return bool(found)

    def _clock_soon(self, then: Callable[[], object]) -> None:
        self._timers.append(self._clock.call_later_us(0, then))

    def _next(self) -> None:
        if self._now is not None or not self._waiting:
            return
        order = self._waiting.popleft()
        now = self._now = _Progress(order)
        if order.duration_us:
            self._timers.append(self._clock.call_later_us(order.duration_us, self._finish, now))
        self._user.source_changed()
        if not order.tone:
            self._play(now)

    def _detect(self, order: Order) -> None:
        wire = self._user.wire_judged()

        def judged(verdict: Verdict) -> None:
            if order in self._judging:
                self._judging.remove(order)
                self._user.collected(order, VERDICT_DIGITS[verdict])

        if wire:
            self._voice.detect(self._name, wire, order.detects_us, judged)
        elif order in self._judging:
            self._judging.remove(order)
            self._user.order_failed(order, OperationError(ErrorCode.UNAVAILABLE_RESOURCE))

    def _play(self, now: _Progress) -> None:
        prompt = now.order.prompts[now.next_prompt]

        def ended(outcome: Played) -> None:
            if self._now is now and outcome != "stopped":
                self._played(now, outcome)

        self._voice.play(self._name, self._player, prompt, Player(ended))

    def _played(self, now: _Progress, outcome: Played) -> None:
        order = now.order
        if outcome == "failed":
            self._fail(now)
            return
        now.next_prompt += 1
        if now.next_prompt < len(order.prompts):
            self._play(now)
            return
        now.next_prompt = 0
        now.repetitions += 1
        if now.repetitions == order.repetitions:
            self._finish(now)
        else:
            again = self._clock.call_later_us(order.interval_us, self._again, now)
            self._timers.append(again)

    def _again(self, now: _Progress) -> None:
        if self._now is now:
            self._play(now)

    def _finish(self, now: _Progress) -> None:
        if self._now is now:
            self._over()
            if now.order.reports:
                self._user.announced(now.order)
            self._after(now.order)

    def _fail(self, now: _Progress) -> None:
        self._over()
        self._user.order_failed(now.order, OperationError(ErrorCode.UNAVAILABLE_RESOURCE))
        self._after(now.order)

    def _over(self) -> None:
        self._stop()
        self._now = None

    def _after(self, order: Order) -> None:
        if order.is_last and not self._waiting:
            self._user.resource_free()
        else:
            self._clock_soon(self._next)
            self._settle()

    def _settle(self) -> None:
        if not self.is_busy:
            self._user.source_changed()

    def _stop(self) -> None:
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()
        self._voice.stop(self._name, self._player)


def announcement(
    invoke_id: int, information: InformationToSend, *, reports: bool, is_last: bool
) -> Order:
    """What a play announcement orders. Raises OperationRefused."""
    match information:
        case InbandInfo():
            prompts = _prompts(information.message_id)
            duration_s = information.duration_s
            once = not duration_s and duration_s is None and not _endless(prompts)
            repetitions = information.number_of_repetitions or (1 if once else 0)
            interval_us = (information.interval_s or 0) * SECOND_US
            limit_us = (duration_s or 0) * SECOND_US
            return Order(
                invoke_id, prompts, "", repetitions, interval_us, limit_us, reports, is_last
            )
        case Tone(tone_id, tone_duration_s):
            if tone_id not in TONES:
                raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"tone {tone_id} is not known")
            limit_us = (tone_duration_s or 0) * SECOND_US
            return Order(invoke_id, (), TONES[tone_id], 0, 0, limit_us, reports, is_last)
        case str():
            raise refuse(ErrorCode.UNEXPECTED_PARAMETER, "there is no display")


def collection(
    invoke_id: int,
    information: InformationToSend | None,
    collected: CollectedDigits | bool,
    *,
    is_last: bool,
) -> Order:
    """What a prompt and collect orders. Raises OperationRefused."""
    if not (isinstance(information, InbandInfo) and information.message_id == DETECT):
        raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, "there is no receiver of digits")
    if not isinstance(collected, CollectedDigits):
        raise refuse(ErrorCode.UNEXPECTED_PARAMETER, "a judgement is one digit")
    limit_us = (collected.first_digit_timeout_s or DETECT_S) * SECOND_US
    return Order(invoke_id, (), is_last=is_last, detects_us=limit_us)


def _endless(prompts: tuple[Prompt, ...]) -> bool:
    return any(prompt.kind == "music" for prompt in prompts)


def _prompts(message: MessageID) -> tuple[Prompt, ...]:
    match message:
        case int():
            return (_recorded(message),)
        case MessageText(content):
            return (Prompt("speech", content),)
        case VariableMessage(number, parts):
            spoken = " ".join(_words(part) for part in parts)
            return (_recorded(number), Prompt("speech", spoken))
        case _:
            return tuple(_recorded(number) for number in message)


def _recorded(number: int) -> Prompt:
    prompt = RECORDED.get(number)
    if prompt is None:
        raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"message {number} is not recorded")
    return prompt


def _words(part: VariablePart) -> str:
    """What is spoken of a variable part: its digits, one by one."""
    match part:
        case int():
            return str(part)
        case _:
            digits = part.digits if isinstance(part.digits, str) else part.digits.hex()
            return " ".join(digits)
