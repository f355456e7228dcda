"""What a bench says."""

from collections.abc import Iterable

import msgspec


class Figure(msgspec.Struct, frozen=True):
    """One measured value."""

    name: str
    value: float
    unit: str
    command: str


def percentile(values: Iterable[float], share: float) -> float:
    """The smallest value that at least `share` of all values do not exceed; values not empty."""
    ordered = sorted(values)
    index = max(0, min(len(ordered) - 1, -(-len(ordered) * round(share * 100) // 100) - 1))
    return ordered[index]
