"""How far the clock of one exchange is from that of another, by what they signalled. Pure.

One exchange writes when it sent an IAM by a circuit, the other when it acted on it, a few
milliseconds later. Where two clocks differ by much more than that, the two instants of one use are
far apart, and the same distance comes again and again, on every circuit between the two. So all
distances on each circuit are counted, whichever two belong together: the one that explains nearly
every arrival is how far the clocks differ.

Only a constant difference beyond the tolerance counts. Zero comes out where the clocks agree, where
one of them stepped in between, and where too little was said to know.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Sequence
from statistics import median_low

from calleq.billing.pairing import CLOCK_TOLERANCE_US

SAMPLES_LEAST = 6
"""Arrivals that must be explained; fewer might be chance."""

EXPLAINED = 0.8
"""The share of the arrivals that must be explained; the others were lost, or are other calls'."""

SAMPLES_LIMIT = 400
"""Arrivals looked at, spread over the circuits."""

BESIDE_LIMIT = 60
"""Uses of its circuit that an arrival is compared with."""

_BIN_US = CLOCK_TOLERANCE_US // 2

Circuit = tuple[Sequence[int], Sequence[int]]
"""When a circuit's uses were sent and received, each in the order of its exchange."""


def clock_skew_us(circuits: Sequence[Circuit]) -> int:
    """How far the receiver's clock is ahead of the sender's; 0 within the tolerance or unknown.

    >>> sent = [n * n * 7_000_000 for n in range(8)]
    >>> clock_skew_us([(sent, [at_us + 5_003_000 for at_us in sent[:7]])])
    5003000
    >>> clock_skew_us([(sent, [at_us + 3_000 for at_us in sent])])
    0
    """
    distances = _distances(circuits)
    least = max(SAMPLES_LEAST, EXPLAINED * len(distances))
    counted: Counter[int] = Counter()
    for near in distances:
        # An arrival counts once for each distance, and for the bin beside: peaks have edges.
        bins = {distance_us // _BIN_US for distance_us in near}
        counted.update(bins | {one + 1 for one in bins})
    # The smallest of equals: regular traffic repeats itself at other distances, but never better.
    best = max(counted, key=lambda one: (counted[one], -abs(one)), default=0)
    if counted[best] < least:
        return 0
    within = [
        distance_us
        for near in distances
        for distance_us in near
        if best - 1 <= distance_us // _BIN_US <= best
    ]
    skew_us = median_low(within)
    return skew_us if abs(skew_us) > CLOCK_TOLERANCE_US else 0


def _distances(circuits: Sequence[Circuit]) -> list[list[int]]:
    """For each arrival that is looked at, how long after each use of its circuit it was."""
    each = -(-SAMPLES_LIMIT // max(1, len(circuits)))
    found: list[list[int]] = []
    for sent, received in circuits[:SAMPLES_LIMIT]:
        step = -(-len(received) // each) or 1
        for at_us in received[::step]:
            place = bisect_left(sent, at_us)
            beside = sent[max(0, place - BESIDE_LIMIT // 2) : place + BESIDE_LIMIT // 2]
            found.append([at_us - one for one in beside])
    return found
