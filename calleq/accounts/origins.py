"""Where the pages of businesses are served: whose scripts a browser may let talk to a door.

An origin counts while a business that is active names it (`origins` of `[[businesses]]`). Worked
out anew at most once in `KEPT_US`, so that asking costs nothing however many businesses there are.
"""

from calleq.accounts.registry import Registry
from calleq.runtime.clock import Clock
from calleq.units import SECOND_US

KEPT_US = SECOND_US


class Origins:
    """The origins of all businesses of a registry."""

    def __init__(self, registry: Registry, clock: Clock) -> None:
        self._registry = registry
        self._clock = clock
        self._all: frozenset[str] = frozenset()
        self._until_us = 0

    def __contains__(self, origin: object) -> bool:
        now_us = self._clock.monotonic_us()
        if now_us >= self._until_us:
            self._until_us = now_us + KEPT_US
            self._all = frozenset(
                origin
                for business in self._registry.businesses()
                if business.active
                for origin in business.origins
            )
        return origin in self._all
