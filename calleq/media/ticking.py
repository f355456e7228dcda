"""When a voice process ticks, and when it reads what it is asked for.

`tick` is called at the edge of every frame, and of its quarters while there is RTP. Between two
such edges nothing that is asked for could be heard, so who has been read once is read again just
before the next tick: all that was asked for meanwhile costs one waking. Where there is no RTP
everybody is read at once.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from calleq.media.frames import FRAME_US
from calleq.units import SECOND_US

QUARTER_US = FRAME_US // 4


class Waiting(Protocol):
    """Somebody who is not read now."""

    def resume_reading(self) -> None:
        """Read it again."""


class Ticker:
    """See the module."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        now_us: Callable[[], int],
        in_quarters: Callable[[], bool],
        tick: Callable[[], object],
    ) -> None:
        """`in_quarters` says whether there is RTP."""
        self._loop = loop
        self._now_us = now_us
        self._in_quarters = in_quarters
        self._tick = tick
        self._waiting: list[Waiting] = []
        self._next: asyncio.Handle | None = None

    def start(self) -> None:
        """Tick from now on."""
        self._next = self._loop.call_soon(self._due)

    def stop(self) -> None:
        """Tick no more."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def may_wait(self, reader: Waiting) -> bool:
        """Whether somebody who has been read need not be before the next tick; if so, it is."""
        if self._next is None or not self._in_quarters():
            return False
        self._waiting.append(reader)
        return True

    def _due(self) -> None:
        waiting, self._waiting = self._waiting, []
        for reader in waiting:
            reader.resume_reading()
        # The loop sees who can be read in its next turn, and reads them before the turn after that.
        self._next = self._loop.call_soon(self._after_reading if waiting else self._now)

    def _after_reading(self) -> None:
        self._next = self._loop.call_soon(self._now)

    def _now(self) -> None:
        pause_us = QUARTER_US if self._in_quarters() else FRAME_US
        edge_us = (self._now_us() // pause_us + 1) * pause_us
        self._next = None
        self._tick()
        # an edge that has gone by meanwhile is not slept through
        rest_us = max(edge_us - self._now_us(), 0)
        self._next = self._loop.call_later(rest_us / SECOND_US, self._due)
