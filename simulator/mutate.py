"""Wrong records on purpose: a proof that finds nothing must be able to find something.

Of the leg records of a run so many are altered, chosen by the seed: a field, some microseconds, a
leg left out, a leg told twice. Only legs that reached a telephone are chosen, since only of those
does the diary know the truth.
"""

import random

from msgspec.structs import replace

from calleq.billing.records import LegRecord, SessionRecord

LONGEST_SHIFT_US = 1_000_000
"""An instant or a length is put off by at most this, at least by one microsecond."""
SPARE_SHARE = 10
"""Of so many calls the last one is not chosen: a chosen call whose legs reached nobody is made up
for by a later one."""
WAYS = ("field", "us", "removed", "duplicated")


class Mutator:
    """Alters `wanted` of the leg records of `calls` calls, at most one of a call."""

    def __init__(self, seed: int, wanted: int, calls: int) -> None:
        """Raises ValueError when there are not that many calls."""
        if wanted > calls:
            raise ValueError(f"{wanted} records of {calls} calls cannot be altered")
        self._draw = random.Random(f"mutations {seed}")
        among = max(wanted, calls - max(calls // SPARE_SHARE, min(calls // 2, SPARE_SHARE)))
        self._chosen = sorted(self._draw.sample(range(among), wanted), reverse=True)
        self._seen = 0
        self._owed = 0
        self.altered = 0

    def alter(self, record: SessionRecord, *, certain: bool = True) -> SessionRecord:
        """The record, or what was made of it; one that need not be exact is never altered."""
        if self._chosen and self._chosen[-1] == self._seen:
            self._chosen.pop()
            self._owed += 1
        self._seen += 1
        if not self._owed or not certain:
            return record
        places = [place for place, leg in enumerate(record.legs) if leg.seized_at_us is not None]
        if not places:
            return record  # the next call's turn
        self._owed -= 1
        self.altered += 1
        place = self._draw.choice(places)
        leg, rest = record.legs[place], list(record.legs)
        way = self._draw.choice(WAYS)
        if way == "removed":
            del rest[place]
        elif way == "duplicated":
            rest.append(leg)
        else:
            rest[place] = self._field(leg) if way == "field" else self._shifted(leg)
        return replace(record, legs=tuple(rest))

    def _field(self, leg: LegRecord) -> LegRecord:
        match self._draw.choice(("number", "cause", "released_by", "billable_s")):
            case "number":
                return replace(leg, number=f"{leg.number[:-1]}{(int(leg.number[-1]) + 1) % 10}")
            case "cause":
                return replace(leg, cause=leg.cause ^ self._draw.randrange(1, 128))
            case "released_by":
                return replace(leg, released_by="network" if leg.released_by == "line" else "line")
            case _:
                return replace(leg, billable_s=leg.billable_s + self._draw.randrange(1, 60))

    def _shifted(self, leg: LegRecord) -> LegRecord:
        shift_us = self._draw.randrange(1, LONGEST_SHIFT_US + 1)
        if leg.answered_at_us is not None and self._draw.random() < 0.5:
            return replace(leg, answered_at_us=leg.answered_at_us + shift_us)
        if self._draw.random() < 0.5:
            return replace(leg, ring_us=leg.ring_us + shift_us)
        return replace(leg, talk_us=leg.talk_us + shift_us)
