"""When a changeover of the far end is answered (Q.704 §5.5): when what it had sent has gone on.

Owns the answers (COA, XCA) that wait. A node that hears one sends its next messages by another way,
maybe past us. What came from it before and is held here, because another link has failed or
returned, would then be overtaken. So a transfer point answers when it holds nothing any more that
may have come over the lost link, at the latest `LATEST` of T2 after it was asked: the far end's T2
has not expired then. An end point sends nothing on and answers at once.
"""

from collections.abc import Callable

from calleq.runtime.clock import Timer
from calleq.ss7.level3.changeover import LATEST
from calleq.ss7.level3.point import Link, Point
from calleq.ss7.mtp3_management import Coa, Xca


class Answers:
    """The answers of one point. `delayed` counts those that had to wait."""

    def __init__(self, point: Point, holds_from: Callable[[int], bool]) -> None:
        """`holds_from`: whether anything that an adjacent node has sent may be held here."""
        self.delayed = 0
        self._point = point
        self._holds_from = holds_from
        self._waiting: dict[Link, tuple[Coa | Xca, Timer]] = {}

    def are_withheld(self, adjacent: int) -> bool:
        """Whether that node should not hear yet what we received from it."""
        return self._point.transfers and self._holds_from(adjacent)

    def answer(self, link: Link) -> None:
        """Say what was received last, in the form in which we were asked."""
        last = link.last_received
        answer = Coa(link.code, last & 127) if link.is_short else Xca(link.code, last)
        if not self.are_withheld(link.linkset.adjacent):
            self._say(link, answer)
            return
        self.delayed += 1
        if link in self._waiting:
            self._waiting.pop(link)[1].cancel()
        latest_us = int(self._point.timers.t2_us * LATEST)
        timer = self._point.clock.call_later_us(latest_us, self._too_late, link)
        self._waiting[link] = answer, timer

    def go_on(self) -> None:
        """Something is held no more: answer whom nothing concerns that is left."""
        for link in tuple(self._waiting):
            if not self.are_withheld(link.linkset.adjacent):
                answer, timer = self._waiting.pop(link)
                timer.cancel()
                self._say(link, answer)

    def _too_late(self, link: Link) -> None:
        self._say(link, self._waiting.pop(link)[0])

    def _say(self, link: Link, answer: Coa | Xca) -> None:
        self._point.send(answer, link.linkset.adjacent, link.code)
