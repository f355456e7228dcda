"""Announcements to one party or one call segment, as an SCP orders them (Q.1214: SRF).

Owns the queue of one resource: what was ordered is played one after the other, and each is reported
when it is over; who answered is judged beside that, at once. An order that collects digits lasts
until they are there: whoever enters them hears nothing else meanwhile.

Refused: more than `QUEUE_LIMIT` orders at once. What cannot be played, or collected because nobody
is there to be heard, fails as an unavailable resource. An order that comes twice while it is being
carried out is carried out once.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from calleq.media.contract import (
    Played,
    Player,
    Verdict,
    Voice,
    player_source,
    tone_source,
)
from calleq.media.numbered import VERDICT_DIGITS
from calleq.runtime.clock import Clock, Timer
from calleq.special_resource.orders import Order
from calleq.special_resource.receiver import Receiver
from calleq.ss7.inap.errors import ErrorCode, OperationError
from calleq.ss7.inap.refusals import refuse
from calleq.units import SECOND_US

QUEUE_LIMIT = 16
"""Announcements that may be ordered and not be over."""
LISTEN_US = 10 * SECOND_US
"""A key is listened for so long at a time."""


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
        """The wire of the party that is judged, or enters digits; empty: there is none."""


@dataclass(slots=True)
class _Progress:
    order: Order
    next_prompt: int = 0
    repetitions: int = 0
    receiver: Receiver | None = None


class _Collecting:
    """The resource as its receiver of digits sees it; fulfils `ReceiverUser`."""

    def __init__(self, announcer: "Announcer", progress: _Progress) -> None:
        self._announcer = announcer
        self._progress = progress

    def listen(self, heard: Callable[[str], object]) -> None:
        self._announcer.listen(heard)

    def prompt_again(self) -> None:
        self._announcer.prompt(self._progress)

    def prompt_interrupted(self) -> None:
        self._announcer.interrupt()

    def entered(self, digits: str) -> None:
        self._announcer.entered(self._progress, digits)

    def not_entered(self) -> None:
        self._announcer.fail(self._progress, ErrorCode.IMPROPER_CALLER_RESPONSE)


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
        self._over()

    def order(self, order: Order) -> None:
        """Play it, when what was ordered before is over. Raises OperationRefused."""
        ordered = self._orders()
        if order.invoke_id in {one.invoke_id for one in ordered}:
            return
        if len(ordered) >= QUEUE_LIMIT:
            raise refuse(ErrorCode.UNAVAILABLE_RESOURCE, f"{QUEUE_LIMIT} are ordered already")
        if order.detects_us:
            self._judging.append(order)
            self._clock.call_later_us(0, self._detect, order)
            return
        self._waiting.append(order)
        if self._now is None:
            self._clock_soon(self._next)

    def _orders(self) -> list[Order]:
        """What is not over, in no particular order."""
        now = [] if self._now is None else [self._now.order]
        return [*now, *self._waiting, *self._judging]

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
            self._over()
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
        self._user.source_changed()
        if order.digits is not None:
            if not self._user.wire_judged():
                self.fail(now, ErrorCode.UNAVAILABLE_RESOURCE)
                return
            now.receiver = Receiver(order.digits, self._clock, _Collecting(self, now))
        self.prompt(now)

    # What a receiver of digits wants.

    def listen(self, heard: Callable[[str], object]) -> None:
        """Tell the next key."""
        self._voice.next_key(self._name, self._user.wire_judged(), LISTEN_US, heard)

    def prompt(self, now: _Progress) -> None:
        """Play what was ordered from its beginning."""
        self._stop()
        order = now.order
        now.next_prompt = now.repetitions = 0
        if order.duration_us:
            self._timers.append(self._clock.call_later_us(order.duration_us, self._finish, now))
        if now.receiver is not None and (order.is_endless or not (order.prompts or order.tone)):
            self._clock_soon(now.receiver.prompted)
        if order.prompts:
            self._play(now)

    def interrupt(self) -> None:
        """What plays need not be heard to its end."""
        self._stop()

    def entered(self, now: _Progress, digits: str) -> None:
        """The reply is there."""
        self._over()
        self._user.collected(now.order, digits)
        self._after(now.order)

    def fail(self, now: _Progress, code: ErrorCode) -> None:
        """The order has come to nothing."""
        self._over()
        self._user.order_failed(now.order, OperationError(code))
        self._after(now.order)

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
            self.fail(now, ErrorCode.UNAVAILABLE_RESOURCE)
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
        if self._now is not now:
            return
        if now.receiver is not None:
            self._stop()
            now.receiver.prompted()
            return
        self._over()
        if now.order.reports:
            self._user.announced(now.order)
        self._after(now.order)

    def _over(self) -> None:
        self._stop()
        now, self._now = self._now, None
        if now is not None and now.receiver is not None:
            now.receiver.stop()

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
