"""Busy lines that a door waits for: told when they have a channel free.

A watch is for one call, ends when it is told, and is forgotten after its limit (`LIMIT_WATCH_US`
at most). A line that is free when it is asked for is told at once. Refused by silence, as a word
that is lost would be: numbers of no line here, and more than `LIMIT_WATCHES`.
"""

from collections.abc import Callable

from calleq.osn.contract import Bus
from calleq.osn.messages import LineFree, WatchLine, encode
from calleq.runtime.clock import Clock, Timer
from calleq.units import HOUR_US

LIMIT_WATCHES = 1_000
LIMIT_WATCH_US = 7 * 24 * HOUR_US


class LineWatches:
    """Those of one switch."""

    def __init__(
        self, switch: str, is_free: Callable[[str], bool | None], bus: Bus, clock: Clock
    ) -> None:
        """`is_free` says of a number whether it could be called now; None: it is no line here."""
        self._switch = switch
        self._is_free = is_free
        self._bus = bus
        self._clock = clock
        self._watches: dict[str, dict[str, tuple[WatchLine, Timer]]] = {}
        """By number and call."""
        self.refused = 0

    def __len__(self) -> int:
        """How many there are."""
        return sum(map(len, self._watches.values()))

    def asked(self, watch: WatchLine) -> None:
        """Watch a line, or tell at once that it is free."""
        free = self._is_free(watch.number)
        if free is None or (not free and len(self) >= LIMIT_WATCHES):
            self.refused += 1
        elif free:
            self._tell(watch)
        else:
            self._forget(watch)
            limit_us = min(max(watch.limit_us, 0), LIMIT_WATCH_US)
            timer = self._clock.call_in_background_us(limit_us, self._forget, watch)
            self._watches.setdefault(watch.number, {})[watch.call] = (watch, timer)

    def freed(self, number: str) -> None:
        """A call on the line is over."""
        if number in self._watches and self._is_free(number):
            for watch, timer in self._watches.pop(number).values():
                timer.cancel()
                self._tell(watch)

    def _forget(self, watch: WatchLine) -> None:
        watches = self._watches.get(watch.number, {})
        found = watches.pop(watch.call, None)
        if found is not None:
            found[1].cancel()
            if not watches:
                del self._watches[watch.number]

    def _tell(self, watch: WatchLine) -> None:
        self._bus.send(self._switch, watch.answer_to, encode(LineFree(watch.call, watch.number)))
