"""The representative who has been idle longest: the first, plainest rule of distribution.

Owns, for each business, its representatives and since when each has been idle, and who is in a call
of this equipment. It knows nothing of calls made elsewhere: a representative offered here may be
busy, and is then excluded by the caller. Pure: time is an argument, any count of microseconds that
never goes back. Odd cases: a number may be in several calls at once (two messages name it) and is
idle when the last has ended; one that belongs to no business (the message named it) is followed
only while it is in a call; equally idle are offered in the business's own order.
"""

from collections.abc import Callable

Watcher = Callable[[str, int], object]
"""Told a number, and how long its calls took without a pause, in microseconds."""


class LongestIdle:
    """The representatives of every business this equipment has served."""

    def __init__(self) -> None:
        self._representatives: dict[str, tuple[str, ...]] = {}
        self._idle_since_us: dict[str, int] = {}
        self._calls: dict[str, int] = {}
        self._busy_since_us: dict[str, int] = {}
        self._watchers: list[Watcher] = []

    def watch(self, watcher: Watcher) -> None:
        """Tell who is idle again, and for how long they were not."""
        self._watchers.append(watcher)

    def enrol(self, business: str, representatives: tuple[str, ...], now_us: int) -> None:
        """These are the business's representatives from now on; new ones become idle now."""
        if self._representatives.get(business) == representatives:
            return
        self._representatives[business] = representatives
        for number in representatives:
            self._idle_since_us.setdefault(number, now_us)

    def find(self, business: str, excluding: tuple[str, ...]) -> str | None:
        """Who has been idle longest of those not in a call; None when nobody is left."""
        free = [
            number
            for number in self._representatives.get(business, ())
            if number not in excluding and number not in self._calls
        ]
        return min(free, key=self._idle_since_us.__getitem__, default=None)

    def is_busy(self, number: str) -> bool:
        """Whether a representative is in a call, or being called."""
        return number in self._calls

    def begin_call(self, number: str, now_us: int) -> None:
        """The representative is being called; not to be offered meanwhile."""
        self._calls[number] = self._calls.get(number, 0) + 1
        self._busy_since_us.setdefault(number, now_us)

    def end_call(self, number: str, now_us: int) -> None:
        """A call begun with `begin_call` has ended, answered or not: idle from now on."""
        calls = self._calls[number]
        if calls > 1:
            self._calls[number] = calls - 1
            return
        del self._calls[number]
        if number in self._idle_since_us:
            self._idle_since_us[number] = now_us
        length_us = now_us - self._busy_since_us.pop(number)
        for watcher in self._watchers:
            watcher(number, length_us)
