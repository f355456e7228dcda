"""Whether a representative is likely to be free by the time a customer is there: who waits for it.

A customer who is rung while nobody can take the call only waits on the line. So a call may be held
until the chance is good enough that one of its candidates is free within some time:

- those not in a call of this equipment count as free; calls whose customers are being rung, or hear
  music, and that have nobody yet, each count against them;
- each of the others is taken to become free within `t` with the chance `1 - exp(-t / m)`, where `m`
  is the mean length of the representatives' calls (`HoldingTimes`); talks are without memory.

Waiting calls are let go in the order in which they came, but for one whose candidates are others
than those of the calls before it. Pure: time is an argument. It owns no timer: how long a call
waits at most is its machine's.
"""

import math
from collections.abc import Callable
from typing import Final

import msgspec

from calleq.acd.longest_idle import LongestIdle
from calleq.units import SECOND_US

WAITING_LIMIT: Final = 20_000
"""Calls that wait at once; one beyond waits for nobody."""
PRIOR_US: Final = 180 * SECOND_US
PRIOR_WEIGHT: Final = 5
"""As many calls of `PRIOR_US` are assumed to have been before the first."""
REMEMBERED: Final = 100
"""About so many of the last calls make the mean."""


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a call waits for."""

    candidates: tuple[str, ...]
    chance: float
    """At least so likely one of them must be free …"""
    within_us: int
    """… so soon."""


class HoldingTimes:
    """The mean length of representatives' calls, from dialling to the end."""

    def __init__(self) -> None:
        self._mean_us = float(PRIOR_US)
        self._count = PRIOR_WEIGHT

    @property
    def mean_us(self) -> float:
        """Never less than a second."""
        return max(self._mean_us, float(SECOND_US))

    def took(self, length_us: int) -> None:
        """A call of a representative is over."""
        self._count = min(self._count + 1, REMEMBERED)
        self._mean_us += (length_us - self._mean_us) / self._count


class Capacity:
    """The calls of one piece of equipment that wait for representatives, or will need one."""

    def __init__(self, representatives: LongestIdle) -> None:
        self._representatives = representatives
        self._times = HoldingTimes()
        self._waiting: dict[str, tuple[Wish, Callable[[], object]]] = {}
        self._needing: dict[str, tuple[str, ...]] = {}
        """Candidates of the calls that go on and have no representative."""
        self.predicted = 1.0
        """The chance of the call that was looked at last."""
        representatives.watch(self._is_idle)

    @property
    def waiting(self) -> int:
        """How many calls wait."""
        return len(self._waiting)

    def needs(self, call: str, candidates: tuple[str, ...]) -> None:
        """A call goes on without having waited, and needs one of these."""
        self._needing[call] = candidates

    def wait(self, call: str, wish: Wish, told: Callable[[], object]) -> None:
        """Tell once, at once or later, when the call may go on; `over` forgets it."""
        if len(self._waiting) >= WAITING_LIMIT:
            self.needs(call, wish.candidates)
            told()
            return
        self._waiting[call] = (wish, told)
        self._look()

    def has_one(self, call: str) -> None:
        """A representative is dialled for the call, which needs no other now."""
        self._needing.pop(call, None)

    def over(self, call: str) -> None:
        """The call has ended."""
        waited = self._waiting.pop(call, None) is not None
        if self._needing.pop(call, None) is not None or waited:
            self._look()

    def chance(self, wish: Wish) -> float:
        """How likely one of the candidates is free for one more call within the wish's time."""
        wanted = frozenset(wish.candidates)
        busy = sum(map(self._representatives.is_busy, wanted))
        rivals = sum(1 for others in self._needing.values() if not wanted.isdisjoint(others))
        missing = rivals + 1 - (len(wanted) - busy)
        return at_least(missing, busy, -math.expm1(-wish.within_us / self._times.mean_us))

    def _is_idle(self, number: str, length_us: int) -> None:
        self._times.took(length_us)
        self._look()

    def _look(self) -> None:
        """Let go on who may, the first first."""
        passed: list[frozenset[str]] = []
        for call, (wish, told) in list(self._waiting.items()):
            wanted = frozenset(wish.candidates)
            if call not in self._waiting or any(not wanted.isdisjoint(one) for one in passed):
                continue
            self.predicted = self.chance(wish)
            if self.predicted < wish.chance:
                passed.append(wanted)
                continue
            del self._waiting[call]
            self.needs(call, wish.candidates)
            told()


def at_least(count: int, of: int, chance: float) -> float:
    """How likely at least `count` of so many happen, each with the same chance by itself.

    >>> at_least(0, 0, 0.1), at_least(1, 0, 0.9), at_least(1, 2, 0.5), at_least(2, 2, 0.5)
    (1.0, 0.0, 0.75, 0.25)
    """
    if count <= 0:
        return 1.0
    return math.fsum(
        math.comb(of, happen) * chance**happen * (1 - chance) ** (of - happen)
        for happen in range(count, of + 1)
    )
