"""How long something took, many times over: counted by bounds, so that it costs nothing to keep."""

from bisect import bisect_left


class Durations:
    """Counts of durations. One thread notes; another may read, and misses at most the last one."""

    def __init__(self, bounds_us: tuple[int, ...]) -> None:
        """`bounds_us` ascend; what is longer than the last is counted as well."""
        assert list(bounds_us) == sorted(set(bounds_us)), "bounds ascend"
        self.bounds_us = bounds_us
        self.counts = [0] * (len(bounds_us) + 1)
        """By the first bound that is not exceeded; the last are beyond all."""
        self.total_us = 0

    def note(self, duration_us: int) -> None:
        """One more.

        >>> durations = Durations((10, 20)); durations.note(10); durations.note(11)
        >>> durations.counts
        [1, 1, 0]
        """
        self.counts[bisect_left(self.bounds_us, duration_us)] += 1
        self.total_us += duration_us
