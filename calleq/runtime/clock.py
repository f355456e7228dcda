"""Time, given to every element and never fetched by it.

`Clock` is the contract: UTC microseconds for what is written down, monotonic microseconds for
lengths of time, and timers. `VirtualClock` fulfils it in simulated time (a heap; two timers for one
instant fire in the order in which they were set, so that a run repeats to the byte);
`LoopClock` fulfils it on the process's asyncio loop.

Wall-clock steps change `now_us` and never `monotonic_us` (billed lengths come from the latter).
"""

import asyncio
import heapq
import time
from collections import deque
from collections.abc import Callable
from typing import Protocol

import msgspec

LATE_US = 100_000
"""Who wakes so late has stood still."""
CATCHING_UP_STEPS = 8
"""A late process passes over this part of what it is behind in one turn of its loop."""


class Timer(Protocol):
    """A call set for later."""

    def cancel(self) -> None:
        """Forget the call; does nothing when it has happened or was cancelled."""


class Clock(Protocol):
    """The time as an element may know it."""

    def now_us(self) -> int:
        """UTC microseconds."""

    def monotonic_us(self) -> int:
        """Microseconds since an arbitrary instant; never steps."""

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        """Call `call(*args)` once, `delay_us` (not negative) from now."""

    def call_in_background_us(
        self, delay_us: int, call: Callable[..., object], *args: object
    ) -> Timer:
        """As `call_later_us`, for what goes on for ever: simulated time does not wait for it."""


class _VirtualTimer(msgspec.Struct, order=True):
    """Timers are ordered by when they are due, then by when they were set; two are never equal."""

    due_us: int
    number: int
    """In which order it was set."""
    call: Callable[..., object] | None
    """None when it has been made or was cancelled."""
    args: tuple[object, ...]

    def cancel(self) -> None:
        self.call = None
        self.args = ()


_NEVER_US = 1 << 62

SOON_LIMIT = 1_000
"""Calls to be made at once that a real clock makes before the loop looks at its sockets again."""

SLOT_BITS = 17
"""Timers that are not due soon are kept by slots of 2**17 us, about an eighth of a second."""


class VirtualClock:
    """Simulated time: it stands still until `advance_us` or `run` moves it.

    A calendar queue: timers of the slots that are open lie in a heap, those of later ones in a list
    for each slot, unsorted. Most timers only bound a state and are cancelled long before they are
    due; those are dropped when their slot is opened, and never cost a place in a heap.

    Timers in the background (tests of what is idle, repeated for ever) fire when time passes over
    them, but are nothing that is left to be done: `run`, `run_next` and `next_due_us` do not see
    them.
    """

    def __init__(self, start_us: int = 0) -> None:
        self._elapsed_us = 0
        self._zero_us = start_us
        """What the wall clock shows when nothing has elapsed."""
        self._order = 0
        self._heap: list[_VirtualTimer] = []
        self._open_until_us = 1 << SLOT_BITS
        """Everything due before lies in the heap."""
        self._slots: dict[int, list[_VirtualTimer]] = {}
        self._coming: list[int] = []
        """The slots that are not open, as a heap."""
        self._background: list[_VirtualTimer] = []
        """Timers in the background, as a heap."""
        self._background_due_us = _NEVER_US
        self._limit_us = 0
        """Until when `_fire_until` fires without asking about anything else."""

    def now_us(self) -> int:
        return self._zero_us + self._elapsed_us

    def monotonic_us(self) -> int:
        return self._elapsed_us

    def seconds(self) -> float:
        """Twisted's name for the monotonic time, in seconds."""
        return self._elapsed_us / 1e6

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        if delay_us < 0:
            raise ValueError(f"a timer cannot be set {-delay_us} us into the past")
        self._order = order = self._order + 1
        due_us = self._elapsed_us + delay_us
        timer = _VirtualTimer(due_us, order, call, args)
        if due_us < self._open_until_us:
            heapq.heappush(self._heap, timer)
            return timer
        number = due_us >> SLOT_BITS
        slot = self._slots.get(number)
        if slot is None:
            slot = self._slots[number] = []
            heapq.heappush(self._coming, number)
        slot.append(timer)
        return timer

    def call_in_background_us(
        self, delay_us: int, call: Callable[..., object], *args: object
    ) -> Timer:
        if delay_us < 0:
            raise ValueError(f"a timer cannot be set {-delay_us} us into the past")
        self._order += 1
        timer = _VirtualTimer(self._elapsed_us + delay_us, self._order, call, args)
        heapq.heappush(self._background, timer)
        self._background_due_us = due_us = self._background[0].due_us
        self._limit_us = min(self._limit_us, due_us)
        return timer

    def step_wall_us(self, step_us: int) -> None:
        """Move the wall clock, as an operator or NTP would; lengths of time do not notice."""
        self._zero_us += step_us

    def run_next(self) -> bool:
        """Jump to the next timer and fire it; False when none is set."""
        while True:
            due_us = self.next_due_us()
            if due_us is None:
                return False
            if due_us <= self._background_due_us:
                break
            self._fire_background()
        timer = heapq.heappop(self._heap)
        call, timer.call = timer.call, None
        self._elapsed_us = due_us
        assert call is not None, "the next timer has not been cancelled"
        call(*timer.args)
        return True

    def next_due_us(self) -> int | None:
        """Monotonic microseconds of the next timer, None when none is set."""
        heap = self._heap
        while heap or self._coming:
            if not heap:
                self._open_slot()
            elif heap[0].call is None:
                heapq.heappop(heap)
            else:
                return heap[0].due_us
        return None

    def next_of_all_us(self) -> int | None:
        """As `next_due_us`, with the timers in the background: for two clocks in step."""
        due_us = self.next_due_us()
        if self._background_due_us == _NEVER_US:
            return due_us
        return self._background_due_us if due_us is None else min(due_us, self._background_due_us)

    def advance_us(self, length_us: int) -> None:
        """Fire every timer of the next `length_us` in order, then stand at its end."""
        end_us = self._elapsed_us + length_us
        self._pass_until(end_us)
        self._elapsed_us = end_us

    def run(self, limit_us: int) -> bool:
        """Fire timers until none is left or `limit_us` have passed; True when none is left."""
        end_us = self._elapsed_us + limit_us
        self._fire_until(end_us)
        if self.next_due_us() is None:
            return True
        self._pass_until(end_us)
        self._elapsed_us = end_us
        return False

    def _pass_until(self, end_us: int) -> None:
        """Fire every timer due at `end_us` or before, and every one in the background."""
        self._fire_until(end_us)
        while self._background_due_us <= end_us:
            self._fire_background()
            self._fire_until(end_us)

    def _fire_background(self) -> None:
        """Fire the first timer in the background."""
        timer = heapq.heappop(self._background)
        self._background_due_us = self._background[0].due_us if self._background else _NEVER_US
        call = timer.call
        if call is not None:
            self._elapsed_us = timer.due_us
            timer.call = None
            call(*timer.args)

    def _open_slot(self) -> None:
        """The heap is empty: fill it from the next slot, leaving out what was cancelled."""
        number = heapq.heappop(self._coming)
        self._open_until_us = (number + 1) << SLOT_BITS
        self._heap += [timer for timer in self._slots.pop(number) if timer.call is not None]
        heapq.heapify(self._heap)

    def _fire_until(self, end_us: int) -> None:
        """Fire every timer due at `end_us` or before, in order."""
        heap, coming = self._heap, self._coming
        pop = heapq.heappop
        self._limit_us = min(end_us, self._background_due_us)
        while heap or coming:
            if not heap:
                if coming[0] << SLOT_BITS > end_us:
                    break
                self._open_slot()
                continue
            timer = pop(heap)
            due_us = timer.due_us
            if due_us > self._limit_us:
                heapq.heappush(heap, timer)
                if due_us > end_us:
                    break
                if due_us > self._background_due_us:
                    self._fire_background()
                self._limit_us = min(end_us, self._background_due_us)
                continue
            call = timer.call
            if call is None:
                continue
            self._elapsed_us = due_us
            timer.call = None
            args = timer.args
            if not args:
                call()
            elif len(args) == 1:
                call(args[0])  # written out, this costs half of `call(*args)`
            else:
                call(*args)
        self._limit_us = 0  # should somebody be in here already, they look again


class LoopClock:
    """The real time of the process's asyncio loop.

    Timers lie in a calendar queue of our own, and the loop has one timer for all of them: an
    element sets many that only bound a state, and those of the loop cost several times as much.
    What is to happen at once happens in the loop's next turn, in the order in which it was asked
    for, together with what it asks for itself (at most SOON_LIMIT calls in one turn). A call that
    fails is told to the loop as its own would be, and the others go on.

    A process that stood still (a busy machine, a suspended one) wakes with everything overdue: its
    timers, and what waits in its sockets. It reads first, and then catches up by steps, with turns
    of the loop between them, so that an answer comes before the limit that was set to it.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._is_stopped = False
        self._queue = VirtualClock()
        self._zero_us = self.monotonic_us()
        """When the queue's time began."""
        self._wake: asyncio.TimerHandle | None = None
        self._wake_us = _NEVER_US
        """When the loop's timer rings, in the queue's time."""
        self._has_read = False
        """It is late, and the loop has had a turn since that was seen."""
        self._soon: deque[_VirtualTimer] = deque()
        self._turn_is_set = False

    def stop(self) -> None:
        """No timer rings any more: what timers write to is about to be closed."""
        self._is_stopped = True

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        if delay_us <= 0:
            timer = _VirtualTimer(0, 0, call, args)
            self._soon.append(timer)
            if not self._turn_is_set:
                self._turn_is_set = True
                self._loop.call_soon(self._turn)
            return timer
        queue = self._queue
        due_us = self.monotonic_us() - self._zero_us + delay_us
        if due_us < self._wake_us:
            self._set_wake(due_us)
        return queue.call_later_us(due_us - queue.monotonic_us(), call, *args)

    def call_in_background_us(
        self, delay_us: int, call: Callable[..., object], *args: object
    ) -> Timer:
        return self.call_later_us(delay_us, call, *args)

    def _set_wake(self, due_us: int) -> None:
        if self._wake is not None:
            self._wake.cancel()
        self._wake_us = due_us
        delay_us = due_us + self._zero_us - self.monotonic_us()
        # a microsecond more: what rings too early would have to ring twice
        self._wake = self._loop.call_later((delay_us + 1) / 1e6, self._ring)

    def _ring(self) -> None:
        """Fire what is due, and wait for the next."""
        self._wake = None
        self._wake_us = 0  # nobody sets another meanwhile
        queue = self._queue
        now_us = self.monotonic_us() - self._zero_us
        due_us = queue.next_due_us()
        late_us = 0 if due_us is None else now_us - due_us
        if due_us is not None and late_us > LATE_US and not self._is_stopped:
            if self._has_read:
                self._fire_until(due_us + late_us // CATCHING_UP_STEPS)
            self._has_read = True
            self._wake = self._loop.call_later(0, self._ring)  # behind what is read in that turn
            return
        self._has_read = False
        self._fire_until(now_us)
        due_us = queue.next_due_us()
        self._wake_us = _NEVER_US
        if due_us is not None and not self._is_stopped:
            self._set_wake(due_us)

    def _fire_until(self, end_us: int) -> None:
        """Fire what is due at `end_us` of the queue's time or before."""
        queue = self._queue
        while not self._is_stopped:
            try:
                queue.advance_us(end_us - queue.monotonic_us())
                break
            except Exception as error:
                self._failed(error)

    def _turn(self) -> None:
        """Make the calls that are to be made at once."""
        soon = self._soon
        for _ in range(SOON_LIMIT):
            if not soon or self._is_stopped:
                break
            timer = soon.popleft()
            call, timer.call = timer.call, None
            if call is None:
                continue
            try:
                call(*timer.args)
            except Exception as error:
                self._failed(error)
        self._turn_is_set = bool(soon) and not self._is_stopped
        if self._turn_is_set:
            self._loop.call_soon(self._turn)

    def _failed(self, error: Exception) -> None:
        self._loop.call_exception_handler({"message": "a timer's call failed", "exception": error})
