"""How often somebody may ask: a bucket for each business, told of in every answer.

Asking for calls is not counted here: how many calls may be made the guards decide
(`calleq.guards`). Everything else takes one of `QUOTA` requests, which come back over `WINDOW_S`.
The fields are those of the IETF's draft (`RateLimit-Policy`, `RateLimit`: the quota, what remains,
the seconds until all of it is back), beside `Retry-After` where a request is refused.

Bounded: beyond `LIMIT_SENDERS` the one that asked longest ago is forgotten, its bucket full again.
"""

from collections import OrderedDict

import msgspec

from calleq.units import SECOND_US
from calleq.web.problems import ProblemDetail, ProblemError

QUOTA = 6_000
WINDOW_S = 60
LIMIT_SENDERS = 10_000

_POLICY = f'"requests";q={QUOTA};w={WINDOW_S}'
_REFILL_US = WINDOW_S * SECOND_US / QUOTA


class _Bucket(msgspec.Struct):
    left: float
    at_us: int


class RequestRates:
    """Buckets by sender."""

    def __init__(self, quota: int = QUOTA) -> None:
        self._quota = quota
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, sender: str, now_us: int) -> dict[str, str]:
        """Count a request; the headers that tell of it. ProblemError 429 beyond the quota."""
        bucket = self._buckets.get(sender)
        if bucket is None:
            bucket = self._buckets[sender] = _Bucket(self._quota, now_us)
            if len(self._buckets) > LIMIT_SENDERS:
                self._buckets.popitem(last=False)
        self._buckets.move_to_end(sender)
        passed_us = max(0, now_us - bucket.at_us)
        bucket.left = min(self._quota, bucket.left + passed_us / _REFILL_US)
        bucket.at_us = now_us
        if bucket.left < 1:
            wait_s = max(1, round((1 - bucket.left) * _REFILL_US / SECOND_US))
            raise ProblemError(_too_often(wait_s), self._headers(bucket))
        bucket.left -= 1
        return self._headers(bucket)

    def _headers(self, bucket: _Bucket) -> dict[str, str]:
        whole_s = round((self._quota - bucket.left) * _REFILL_US / SECOND_US)
        return {
            "ratelimit-policy": _POLICY,
            "ratelimit": f'"requests";r={int(bucket.left)};t={whole_s}',
        }


def _too_often(wait_s: int) -> ProblemDetail:
    return ProblemDetail(
        status=429,
        code="too_many_requests",
        title="Too many requests",
        detail=f"at most {QUOTA} requests in {WINDOW_S} s: wait, or follow events as they happen",
        retry_after_s=wait_s,
    )
