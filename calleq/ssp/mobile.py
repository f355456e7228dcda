"""Paging at the MTSO: a mobile telephone is found over the air before a call is offered to it.

A telephone in reach of the antenna answers the page after the switch's paging delay. One out of
coverage never does: after `PAGES` pages, each given twice that delay, the subscriber is absent.
The antenna is simulated here; the telephone itself takes part from SETUP on.
"""

from collections.abc import Callable

from calleq.runtime.clock import Clock, Timer
from calleq.units import SECOND_US

PAGES = 3
"""How often a telephone that does not answer is paged."""


class Paging:
    """The paging of one mobile switch."""

    def __init__(self, clock: Clock, paging_s: float) -> None:
        self._clock = clock
        self.answer_us = round(paging_s * SECOND_US)
        self.time_out_us = PAGES * 2 * self.answer_us

    def page(
        self, *, covered: bool, found: Callable[[], object], absent: Callable[[], object]
    ) -> Timer:
        """Call `found` or `absent` once, later; cancelling the timer gives the search up."""
        if covered:
            return self._clock.call_later_us(self.answer_us, found)
        return self._clock.call_later_us(self.time_out_us, absent)
