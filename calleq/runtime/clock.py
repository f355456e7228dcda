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
from collections.abc import Callable
from typing import Protocol


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


class _VirtualTimer:
    __slots__ = ("args", "call")

    def __init__(self, call: Callable[..., object], args: tuple[object, ...]) -> None:
        self.call: Callable[..., object] | None = call
        self.args = args

    def cancel(self) -> None:
        self.call = None
        self.args = ()


_Heap = list[tuple[int, int, _VirtualTimer]]

NEAR_US = 10_000
"""A wire's or a disk's delay is no longer: such timers have a heap of their own, which is small."""


class VirtualClock:
    """Simulated time: it stands still until `advance_us` or `run` moves it.

    Timers lie in two heaps, by how far off they were when set: thousands that bound a state, most
    of them cancelled long before they are due, and few that carry something from here to there.
    """

    def __init__(self, start_us: int = 0) -> None:
        self._start_us = start_us
        self._elapsed_us = 0
        self._step_us = 0
        self._order = 0
        self._near: _Heap = []
        self._far: _Heap = []

    def now_us(self) -> int:
        return self._start_us + self._elapsed_us + self._step_us

    def monotonic_us(self) -> int:
        return self._elapsed_us

    def seconds(self) -> float:
        """Twisted's name for the monotonic time, in seconds."""
        return self._elapsed_us / 1e6

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        if delay_us < 0:
            raise ValueError(f"a timer cannot be set {-delay_us} us into the past")
        timer = _VirtualTimer(call, args)
        self._order = order = self._order + 1
        heap = self._near if delay_us <= NEAR_US else self._far
        heapq.heappush(heap, (self._elapsed_us + delay_us, order, timer))
        return timer

    def step_wall_us(self, step_us: int) -> None:
        """Move the wall clock, as an operator or NTP would; lengths of time do not notice."""
        self._step_us += step_us

    def run_next(self) -> bool:
        """Jump to the next timer and fire it; False when none is set."""
        due_us = self.next_due_us()
        return due_us is not None and self._fire_until(due_us, once=True)

    def next_due_us(self) -> int | None:
        """Monotonic microseconds of the next timer, None when none is set."""
        for heap in (self._near, self._far):
            while heap and heap[0][2].call is None:
                heapq.heappop(heap)
        heads = [heap[0][0] for heap in (self._near, self._far) if heap]
        return min(heads) if heads else None

    def advance_us(self, length_us: int) -> None:
        """Fire every timer of the next `length_us` in order, then stand at its end."""
        end_us = self._elapsed_us + length_us
        self._fire_until(end_us)
        self._elapsed_us = end_us

    def run(self, limit_us: int) -> bool:
        """Fire timers until none is left or `limit_us` have passed; True when none is left."""
        end_us = self._elapsed_us + limit_us
        self._fire_until(end_us)
        if self.next_due_us() is None:
            return True
        self._elapsed_us = end_us
        return False

    def _fire_until(self, end_us: int, *, once: bool = False) -> bool:
        """Fire every timer (with `once` a single one) due at `end_us` or before, in order."""
        near, far = self._near, self._far
        pop = heapq.heappop
        while near or far:
            heap = far if not near or (far and far[0] < near[0]) else near
            if heap[0][0] > end_us:
                break
            due_us, _, timer = pop(heap)
            call = timer.call
            if call is not None:
                self._elapsed_us = due_us
                timer.call = None
                call(*timer.args)
                if once:
                    return True
        return False


class LoopClock:
    """The real time of the process's asyncio loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def now_us(self) -> int:
        return time.time_ns() // 1_000

    def monotonic_us(self) -> int:
        return time.monotonic_ns() // 1_000

    def call_later_us(self, delay_us: int, call: Callable[..., object], *args: object) -> Timer:
        return self._loop.call_later(delay_us / 1e6, call, *args)
