"""What a report draws, gathered as the records come, in bounded memory."""

from dataclasses import dataclass, field

from calleq.billing.records import SessionRecord
from calleq.units import HOUR_US, SECOND_US

HOURS_MOST = 31 * 24
"""Calls after a month are counted to its last hour."""
BARS_MOST = 60


@dataclass(slots=True)
class Hour:
    """One hour of a run."""

    offered: int = 0
    completed: int = 0


@dataclass(slots=True)
class Hours:
    """Calls by the hour in which they were accepted."""

    hours: list[Hour] = field(default_factory=list)

    def add(self, record: SessionRecord, start_us: int) -> None:
        """One more record; `start_us` is when the world began."""
        if record.accepted_at_us is None:
            return
        place = min((record.accepted_at_us - start_us) // HOUR_US, HOURS_MOST - 1)
        while len(self.hours) <= place:
            self.hours.append(Hour())
        self.hours[place].offered += 1
        self.hours[place].completed += record.state == "completed"


@dataclass(slots=True)
class Lengths:
    """How long conversations were: representatives' legs, in bars whose width doubles as needed."""

    bar_us: int = SECOND_US // 4
    bars: list[int] = field(default_factory=list)

    def add(self, record: SessionRecord) -> None:
        """One more record."""
        for leg in record.legs:
            if leg.leg == "agent" and leg.answered_at_us is not None:
                self._count(leg.talk_us)

    def _count(self, talk_us: int) -> None:
        while talk_us // self.bar_us >= BARS_MOST:
            if len(self.bars) % 2:
                self.bars.append(0)
            pairs = zip(self.bars[::2], self.bars[1::2], strict=True)
            self.bars = [one + other for one, other in pairs]
            self.bar_us *= 2
        place = talk_us // self.bar_us
        while len(self.bars) <= place:
            self.bars.append(0)
        self.bars[place] += 1
