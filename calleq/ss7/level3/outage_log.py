"""When links were out of service: since when those that are, and the last of those that were.

Owns the times, in UTC microseconds, of one point; whether a link is in service is level 2's to say.
"""

from collections import deque

import msgspec

from calleq.runtime.clock import Clock

ENDED_LIMIT = 100
"""Outages kept that are over; the oldest is forgotten."""


class Outage(msgspec.Struct, frozen=True):
    """One time out of service of the near end of a link."""

    link: str
    since_us: int
    until_us: int | None = None
    """None: it is not over."""


class OutageLog:
    """The outages of the links of one point."""

    def __init__(self, clock: Clock) -> None:
        self.ended: deque[Outage] = deque(maxlen=ENDED_LIMIT)
        self._clock = clock
        self._since_us: dict[str, int] = {}

    def note(self, link: str, in_service: bool) -> None:
        """Level 2 says so of a link; what is known already changes nothing."""
        if not in_service:
            self._since_us.setdefault(link, self._clock.now_us())
        elif link in self._since_us:
            self.ended.append(Outage(link, self._since_us.pop(link), self._clock.now_us()))

    def standing(self) -> tuple[Outage, ...]:
        """The outages that are not over, the oldest first."""
        return tuple(Outage(link, since_us) for link, since_us in self._since_us.items())
