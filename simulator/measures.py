"""What a run measured, each figure with its definition and its confidence interval.

Definitions are those of E.411 and E.425; billing's terms stand elsewhere. Legs are the calls of the
telephone network: a customer service call has one leg for each party dialled. Everything is
computed from the records, as they come; no record is kept.

Neighbouring calls resemble each other (they meet the same traffic), so the spread of single calls
says too little. Calls are gathered in the order of their end into at least `BATCHES_LEAST` batches
of equal size; `ci95` is half the width of the 95 % interval that the means of the batches give
(batch means, Student's t). A run of fewer calls has no interval.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields

import msgspec

from calleq.billing.records import LegRecord, SessionRecord
from calleq.causes import Q850
from calleq.units import SECOND_US

BUSY = frozenset({Q850.USER_BUSY})
NO_ANSWER = frozenset({Q850.NO_USER_RESPONDING, Q850.NO_ANSWER, Q850.SUBSCRIBER_ABSENT})
REJECTED = frozenset({Q850.REJECTED})
OF_THE_PARTY = BUSY | NO_ANSWER | REJECTED

BATCHES_LEAST = 20
BATCHES_MOST = 2 * BATCHES_LEAST
STUDENT_95 = (
    *(2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048),
    *(2.045, 2.042, 2.040, 2.037, 2.035, 2.032, 2.030, 2.028, 2.026, 2.024),
)
"""Two-sided 95 % points of Student's t with 19, 20, … 38 degrees of freedom."""


class Measure(msgspec.Struct, frozen=True):
    """One figure."""

    value: float
    unit: str
    definition: str
    ci95: float | None = None
    """Half the width of its 95 % confidence interval; None where there is too little to say."""


@dataclass(slots=True)
class Sums:
    """What a batch of calls adds up to."""

    calls: int = 0
    completed: int = 0
    legs: int = 0
    answered: int = 0
    reached: int = 0
    """Answered, or the party itself was busy, silent or unwilling."""
    blocked: int = 0
    """Calls that found no circuit."""
    talk_us: int = 0
    held_us: int = 0
    ringing: int = 0
    ringing_after_us: int = 0
    stay_us: int = 0
    """From acceptance to the final state."""
    span_us: int = 0
    """Time between the first and the last acceptance."""

    def add(self, other: "Sums") -> None:
        """Take another batch in."""
        for part in fields(self):
            setattr(self, part.name, getattr(self, part.name) + getattr(other, part.name))


def half_width(values: Sequence[float]) -> float | None:
    """Half of the 95 % confidence interval of the mean of batches; None when there are too few."""
    count = len(values)
    if count < BATCHES_LEAST:
        return None
    mean = math.fsum(values) / count
    spread = math.sqrt(math.fsum((value - mean) ** 2 for value in values) / (count - 1))
    return STUDENT_95[min(count - BATCHES_LEAST, len(STUDENT_95) - 1)] * spread / math.sqrt(count)


def _ratio(part: float, whole: float) -> float:
    return part / whole if whole else 0.0


Ratio = Callable[[Sums], tuple[float, float]]

RATIOS: dict[str, tuple[str, str, Ratio]] = {
    "ASR": ("ratio", "answered legs / seizures (E.411)", lambda s: (s.answered, s.legs)),
    "NER": (
        "ratio",
        "(answered + busy + no answer + rejected) / seizures (E.425)",
        lambda s: (s.reached, s.legs),
    ),
    "ABR": (
        "ratio",
        "answered legs / bids, those that found no circuit among them (E.411)",
        lambda s: (s.answered, s.legs + s.blocked),
    ),
    "CCR": ("ratio", "completed calls / calls offered", lambda s: (s.completed, s.calls)),
    "ACD": ("s", "talk time / answered legs", lambda s: (s.talk_us / SECOND_US, s.answered)),
    "MHT": ("s", "dialling to release / seizures", lambda s: (s.held_us / SECOND_US, s.legs)),
    "PDD": (
        "s",
        "IAM's dialling to ringing (ACM), mean",
        lambda s: (s.ringing_after_us / SECOND_US, s.ringing),
    ),
    "CPS": (
        "1/s",
        "calls offered / time in which they were offered",
        lambda s: (s.calls, s.span_us / SECOND_US),
    ),
    "stay": (
        "s",
        "acceptance to final state, mean of all calls (W)",
        lambda s: (s.stay_us / SECOND_US, s.calls),
    ),
    "blocking": (
        "ratio",
        "calls that found no circuit (cause 34) / calls offered",
        lambda s: (s.blocked, s.calls),
    ),
}


class Measurement:
    """Adds records up as they come."""

    def __init__(self) -> None:
        self._size = 1
        self._batches: list[Sums] = [Sums()]
        self._last_us: int | None = None
        self.states: dict[str, int] = {}
        self.lost: dict[int, int] = {}
        """Legs and calls that the network could not carry, by cause."""
        self.occupied_us = 0
        """Time in which calls that found a circuit were there."""

    def add(self, record: SessionRecord) -> None:
        """One more record."""
        batch = self._batches[-1]
        if batch.calls >= self._size:
            batch = self._next_batch()
        batch.calls += 1
        batch.completed += record.state == "completed"
        self.states[record.state] = self.states.get(record.state, 0) + 1
        for leg in record.legs:
            self._add_leg(batch, leg)
        if not record.legs:
            batch.blocked += record.cause == Q850.NO_CIRCUIT
            self._lose(record.cause)
        if record.accepted_at_us is not None:
            if record.ended_at_us is not None:
                stay_us = record.ended_at_us - record.accepted_at_us
                batch.stay_us += stay_us
                if record.legs:
                    self.occupied_us += stay_us
            if self._last_us is None or record.accepted_at_us > self._last_us:
                batch.span_us += record.accepted_at_us - (self._last_us or record.accepted_at_us)
                self._last_us = record.accepted_at_us

    def _add_leg(self, batch: Sums, leg: LegRecord) -> None:
        batch.legs += 1
        if leg.answered_at_us is not None:
            batch.answered += 1
            batch.talk_us += leg.talk_us
        elif leg.cause not in OF_THE_PARTY and leg.cause != Q850.NORMAL:
            self._lose(leg.cause)
        if leg.answered_at_us is not None or leg.cause in OF_THE_PARTY:
            batch.reached += 1
        if leg.released_at_us is not None:
            batch.held_us += leg.released_at_us - leg.dialled_at_us
        if leg.ringing_at_us is not None:
            batch.ringing += 1
            batch.ringing_after_us += leg.ringing_at_us - leg.dialled_at_us

    def _lose(self, cause: int) -> None:
        self.lost[cause] = self.lost.get(cause, 0) + 1

    def _next_batch(self) -> Sums:
        """Begin a batch; with `BATCHES_MOST` of them, two become one of twice the size."""
        if len(self._batches) >= BATCHES_MOST:
            for one, other in zip(self._batches[::2], self._batches[1::2], strict=True):
                one.add(other)
            del self._batches[1::2]
            self._size *= 2
        self._batches.append(Sums())
        return self._batches[-1]

    def total(self) -> Sums:
        """All batches together."""
        total = Sums()
        for batch in self._batches:
            total.add(batch)
        return total

    def measures(self) -> dict[str, Measure]:
        """The figures so far."""
        total = self.total()
        full = [batch for batch in self._batches if batch.calls == self._size]
        found = {}
        for name, (unit, definition, ratio) in RATIOS.items():
            means = [_ratio(*ratio(batch)) for batch in full]
            found[name] = Measure(_ratio(*ratio(total)), unit, definition, half_width(means))
        return found


@dataclass(slots=True)
class _Bin:
    """A stretch of time."""

    call_us: int = 0
    """Calls there, integrated over the time."""
    most: int = 0


@dataclass(slots=True)
class Occupancy:
    """How many calls there are over time, as the journal tells: exact sums, bounded memory.

    The time is cut into at most `BINS_MOST` bins of equal width, which doubles when it does not do.
    """

    BINS_MOST = 480

    bin_us: int = SECOND_US
    calls: int = 0
    most: int = 0
    call_us: int = 0
    """The integral of the calls over the time: erlang-microseconds."""
    bins: list[_Bin] = field(default_factory=list)
    _now_us: int = 0

    def change(self, by: int, at_us: int) -> None:
        """From `at_us` (since the start; it never goes back) there are `by` calls more."""
        self.advance(at_us)
        self.calls += by
        self.most = max(self.most, self.calls)
        self._bin(at_us).most = max(self._bin(at_us).most, self.calls)

    def advance(self, at_us: int) -> None:
        """Account for the time until `at_us`."""
        self.call_us += self.calls * (at_us - self._now_us)
        while self._now_us < at_us:
            here = self._bin(self._now_us)
            end_us = min(at_us, (self._now_us // self.bin_us + 1) * self.bin_us)
            here.call_us += self.calls * (end_us - self._now_us)
            here.most = max(here.most, self.calls)
            self._now_us = end_us

    def _bin(self, at_us: int) -> _Bin:
        while at_us // self.bin_us >= self.BINS_MOST:
            self._double()
        place = at_us // self.bin_us
        while len(self.bins) <= place:
            self.bins.append(_Bin())
        return self.bins[place]

    def _double(self) -> None:
        if len(self.bins) % 2:
            self.bins.append(_Bin())
        self.bins = [
            _Bin(one.call_us + other.call_us, max(one.most, other.most))
            for one, other in zip(self.bins[::2], self.bins[1::2], strict=True)
        ]
        self.bin_us *= 2

    def means(self) -> list[float]:
        """Mean number of calls of each bin that is over."""
        return [here.call_us / self.bin_us for here in self.bins[: self._now_us // self.bin_us]]

    def mean(self) -> Measure:
        """The mean over the time so far, with batches of neighbouring bins."""
        means = self.means()
        size = len(means) // BATCHES_LEAST
        batches = [
            math.fsum(means[first : first + size]) / size
            for first in range(0, size * BATCHES_LEAST, max(size, 1))
        ]
        return Measure(
            _ratio(self.call_us, self._now_us),
            "calls",
            "calls between acceptance and final state, mean over the offering time (L)",
            half_width(batches),
        )
