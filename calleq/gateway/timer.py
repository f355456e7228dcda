"""When a user agent's timers are handled: one timer of the clock, for whichever is due next.

A process that stood still (a busy machine, a suspended one) wakes with everything overdue: the
timers, and the answers that wait in its sockets. So whoever wakes late reads first: nobody is
taken for silent, and nothing is sent again, before what came meanwhile was looked at.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock, Timer
from calleq.sip.user_agent import UserAgent
from calleq.units import MILLISECOND_US

LATE_US = 100 * MILLISECOND_US
"""Later than that, sockets are read first."""
READING_US = 10 * MILLISECOND_US


class AgentTimer:
    """`set` after whatever may have changed what is due."""

    def __init__(self, agent: UserAgent, clock: Clock, flush: Callable[[], object]) -> None:
        self._agent = agent
        self._clock = clock
        self._flush = flush
        self._timer: Timer | None = None
        self._due_us = 0
        self._has_read = False
        """It was late, and what had come was read."""

    def set(self) -> None:
        """Wait for what is due next."""
        if self._timer is not None and not self._agent.may_want_before(self._due_us):
            return  # most of the time; it costs less to know than when exactly
        due_us = self._agent.next_timer_us()
        if self._timer is not None:
            if due_us is not None and self._due_us <= due_us:
                return  # it rings sooner, and then looks again
            self.cancel()
        if due_us is not None:
            self._due_us = due_us
            self._wait(due_us - self._clock.monotonic_us())

    def cancel(self) -> None:
        """No timer rings any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _wait(self, wait_us: int) -> None:
        self._timer = self._clock.call_later_us(max(wait_us, 0), self._due)

    def _due(self) -> None:
        now_us = self._clock.monotonic_us()
        if now_us - self._due_us > LATE_US and not self._has_read:
            self._has_read = True
            self._wait(READING_US)
            return
        self._has_read = False
        self._timer = None
        self._agent.handle_timers(now_us)
        self._flush()
