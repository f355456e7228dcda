"""Token buckets on the wall clock, so that what is left of each survives a restart.

A bucket is one number: when it will be full again. A full bucket is no entry at all. A wall clock
that was set back leaves a bucket at most empty, never emptier; one set forward fills it.

Unlike those of `calleq.accounts.failures`, a bucket is looked at without taking from it: a call is
counted when it is accepted, and what was refused counts nowhere.
"""

import msgspec

from calleq.guards.fair_table import FairTable
from calleq.topology_policy import Rate
from calleq.units import SECOND_US

LIMIT_BUCKETS = 200_000
"""Of each kind."""


class Level(msgspec.Struct, frozen=True):
    """What is left in a bucket."""

    burst: int
    left: int
    full_in_s: int
    """0: it is full."""
    one_in_s: int
    """When there is one more, where none is left."""


class WallBuckets:
    """Buckets by key; the rate may differ from one look to the next."""

    __slots__ = ("_full_at_us",)

    def __init__(self, limit: int = LIMIT_BUCKETS) -> None:
        self._full_at_us: FairTable[int] = FairTable(limit)

    def __len__(self) -> int:
        return len(self._full_at_us)

    def wait_us(self, key: str, rate: Rate, now_us: int) -> int:
        """How long until there is one to take; 0: now."""
        if rate.burst == 0:
            return 0
        refill_us = rate.refill_us
        full_at_us = self._full_at_us.get(key, now_us)
        if full_at_us is None:
            return 0
        owed_us = min(full_at_us - now_us, rate.burst * refill_us)
        return max(0, owed_us + refill_us - rate.burst * refill_us)

    def take(self, key: str, owner: str, rate: Rate, now_us: int) -> None:
        """Take one, whether it is there or not: an empty bucket stays empty for longer, never
        beyond `burst` at once."""
        if rate.burst == 0:
            return
        owed_us = self._owed_us(key, rate, now_us) + rate.refill_us
        full_at_us = now_us + min(owed_us, rate.burst * rate.refill_us)
        self._full_at_us.put(key, owner, full_at_us, full_at_us, now_us)

    def level(self, key: str, rate: Rate, now_us: int) -> Level:
        """What is left, for people and headers."""
        owed_us = self._owed_us(key, rate, now_us)
        left = max(0, (rate.burst * rate.refill_us - owed_us) // rate.refill_us)
        wait_us = self.wait_us(key, rate, now_us)
        return Level(rate.burst, left, _seconds(owed_us), _seconds(wait_us))

    def _owed_us(self, key: str, rate: Rate, now_us: int) -> int:
        full_at_us = self._full_at_us.get(key, now_us)
        if full_at_us is None:
            return 0
        return min(full_at_us - now_us, rate.burst * rate.refill_us)


def _seconds(length_us: int) -> int:
    return -(-length_us // SECOND_US)
