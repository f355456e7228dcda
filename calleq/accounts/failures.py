"""How often a password may be wrong: token buckets, one per thing that fails.

A bucket is taken from before a password is looked at and given back when the password was right, so
guesses that run side by side count as well. Buckets exist for identifiers known and unknown alike:
a stranger must not learn from the limit which businesses exist. Where strangers choose the keys
there are `SLOTS` buckets and no more; elsewhere at most `LIMIT_BUCKETS`, of which the one used
longest ago is forgotten first.
"""

from array import array
from collections import OrderedDict
from collections.abc import Hashable
from hashlib import blake2b

import msgspec

from calleq.runtime.clock import Clock
from calleq.units import HOUR_US, MINUTE_US, SECOND_US

LIMIT_BUCKETS = 20_000
SLOTS = 131_072


class Rate(msgspec.Struct, frozen=True):
    """At most `burst` at once, one more every `refill_us`."""

    burst: int
    refill_us: int


class FailureLimits(msgspec.Struct, frozen=True):
    """How many wrong passwords are borne before no password is looked at any more.

    In any hour a bucket lets through its burst and what came back meanwhile, so each rate here is
    half at once, half over the hour: nobody guesses oftener than 10 times in an hour for one
    account, nor 100 times from one address.
    """

    identifier: Rate = Rate(burst=5, refill_us=12 * MINUTE_US)
    """Per business identifier (or user), from all strangers together: 10 in an hour."""
    peer: Rate = Rate(burst=50, refill_us=72 * SECOND_US)
    """Per address of a stranger: 100 in an hour."""
    known_source: Rate = Rate(burst=5, refill_us=12 * MINUTE_US)
    """Per identifier and address that has given its right password: its own lane, so that guessing
    from elsewhere does not shut the business out. 10 in an hour as well."""

    def shared(self, parts: int) -> "FailureLimits":
        """The share of one of so many that count each by itself, again half at once and half over
        the hour: all together let no more through."""
        rates = (self.identifier, self.peer, self.known_source)
        return FailureLimits(*(_share(rate, parts) for rate in rates))


def _share(rate: Rate, parts: int) -> Rate:
    hourly = max(2, (rate.burst + HOUR_US // rate.refill_us) // parts)
    burst = (hourly + 1) // 2
    return Rate(burst, HOUR_US // (hourly - burst))


class SlottedBuckets:
    """Token buckets of one rate in a table of one size, out of which nobody can push anybody.

    Strangers choose the keys (identifiers, addresses), and as many as they like: were the bucket
    used longest ago forgotten, a flood of other keys would give a guesser fresh guesses. So a key
    has one of `SLOTS` buckets for good, by a hash under a key of this process; keys that share a
    bucket share its tokens, and nobody can tell which do.
    """

    def __init__(self, rate: Rate, clock: Clock, hash_key: bytes) -> None:
        _check(rate)
        self._rate = rate
        self._clock = clock
        self._hash_key = hash_key[:64]
        self._full_at_us = array("q", bytes(8 * SLOTS))

    def take(self, key: str) -> bool:
        """Take one token; False when none is left."""
        slot, now_us = self._slot(key), self._clock.monotonic_us()
        full_at_us = max(self._full_at_us[slot], now_us) + self._rate.refill_us
        if full_at_us - now_us > self._rate.burst * self._rate.refill_us:
            return False
        self._full_at_us[slot] = full_at_us
        return True

    def give_back(self, key: str) -> None:
        """Undo one `take`."""
        self._full_at_us[self._slot(key)] -= self._rate.refill_us

    def _slot(self, key: str) -> int:
        octets = key.encode("utf-8", "surrogatepass")
        digest = blake2b(octets, key=self._hash_key, digest_size=8).digest()
        return int.from_bytes(digest, "big") % SLOTS


class Buckets:
    """Token buckets of one rate, for keys that strangers do not choose."""

    def __init__(self, rate: Rate, clock: Clock) -> None:
        _check(rate)
        self._rate = rate
        self._clock = clock
        self._full_at_us: OrderedDict[Hashable, int] = OrderedDict()

    def take(self, key: Hashable) -> bool:
        """Take one token; False when none is left."""
        now_us = self._clock.monotonic_us()
        full_at_us = max(self._full_at_us.get(key, 0), now_us) + self._rate.refill_us
        if full_at_us - now_us > self._rate.burst * self._rate.refill_us:
            return False
        self._keep(key, full_at_us)
        return True

    def give_back(self, key: Hashable) -> None:
        """Undo one `take`."""
        full_at_us = self._full_at_us.get(key)
        if full_at_us is None:
            return
        if full_at_us - self._rate.refill_us > self._clock.monotonic_us():
            self._keep(key, full_at_us - self._rate.refill_us)
        else:
            del self._full_at_us[key]

    def _keep(self, key: Hashable, full_at_us: int) -> None:
        self._full_at_us[key] = full_at_us
        self._full_at_us.move_to_end(key)
        if len(self._full_at_us) > LIMIT_BUCKETS:
            self._full_at_us.popitem(last=False)


def _check(rate: Rate) -> None:
    if rate.burst < 1 or rate.refill_us < 1:
        raise ValueError("a rate needs a burst and a refill of at least 1")
