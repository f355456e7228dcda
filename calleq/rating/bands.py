"""Time bands: which name the week has at an instant, by the wall clock of the deck's zone.

A band holds while the wall clock in the zone reads a time within it, on one of its days. Hence on
the day on which clocks go forward the hour that is left out is in no band, and on the day on which
they go back the hour that comes twice is twice in its band. A band that ends at or before its
beginning runs into the next day and belongs to the day on which it begins. What is in no band has
the name `STANDARD`. Bands that overlap are refused (`RatingError`, `bad_deck`).

The zone's rules are those of the installed time zone data; nothing here reads a clock.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import msgspec

from calleq.rating.money import RatingError
from calleq.units import HOUR_US, MINUTE_US, SECOND_US

STANDARD = "standard"
"""The name of every time that is in no band."""
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
BANDS_LIMIT = 64

_DAY_MIN = 24 * 60
_WEEK_MIN = 7 * _DAY_MIN
_DAY_US = _DAY_MIN * MINUTE_US
_EPOCH_WEEKDAY = 3
"""1970-01-01 was a Thursday."""
_STEP_LIMIT_US = 3 * HOUR_US
"""No zone changes its offset twice in so short a time."""


class Band(msgspec.Struct, frozen=True, kw_only=True):
    """A part of the week. Minutes count from midnight; `end_min` may be 1440."""

    name: str
    days: frozenset[int]
    """0 is Monday."""
    begin_min: int
    end_min: int


class Week:
    """The bands of a zone."""

    __slots__ = ("_edges", "_names", "bands", "zone", "zone_name")

    def __init__(self, zone: ZoneInfo, bands: tuple[Band, ...] = ()) -> None:
        """Raises RatingError when two bands claim the same time."""
        self.zone = zone
        self.zone_name = str(zone)
        self.bands = bands
        minutes = [STANDARD] * _WEEK_MIN
        for band in bands:
            _claim(minutes, band)
        starts = [0] + [at for at in range(1, _WEEK_MIN) if minutes[at] != minutes[at - 1]]
        self._names = tuple(minutes[at] for at in starts)
        self._edges = (*starts, _WEEK_MIN)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Week):
            return NotImplemented
        return (self.zone_name, self.bands) == (other.zone_name, other.bands)

    def __hash__(self) -> int:
        return hash((self.zone_name, self.bands))

    @property
    def names(self) -> frozenset[str]:
        """Of the bands; `STANDARD` is not among them."""
        return frozenset(band.name for band in self.bands)

    def band_at(self, at_us: int) -> str:
        """The name that an instant (UTC microseconds) has."""
        return self._look(at_us + self._offset_us(at_us))[0]

    def spans(self, start_us: int, length_s: int) -> Iterator[tuple[int, int, str]]:
        """(from, to, name) in whole seconds after `start_us`, one after the other without gaps.

        A second has the name of the instant at which it begins. Neighbours differ in name.
        """
        second, begun, name = 0, 0, ""
        while second < length_s:
            at_us = start_us + second * SECOND_US
            here, left_us = self._until_change(at_us)
            if here != name:
                if second > begun:
                    yield begun, second, name
                begun, name = second, here
            second = min(length_s, second - (-left_us // SECOND_US))
        if length_s > begun:
            yield begun, length_s, name

    def _until_change(self, at_us: int) -> tuple[str, int]:
        """The name at an instant, and for how long at least it is certain to stay (over 0)."""
        offset_us = self._offset_us(at_us)
        name, left_us = self._look(at_us + offset_us)
        left_us = min(left_us, _STEP_LIMIT_US)
        if self._offset_us(at_us + left_us) == offset_us:
            return name, left_us
        low_us, high_us = at_us, at_us + left_us
        while high_us - low_us > 1:
            middle_us = (low_us + high_us) // 2
            if self._offset_us(middle_us) == offset_us:
                low_us = middle_us
            else:
                high_us = middle_us
        return name, high_us - at_us

    def _look(self, wall_us: int) -> tuple[str, int]:
        """The name of a wall time, and how long the wall clock goes until the next edge."""
        day, in_day_us = divmod(wall_us, _DAY_US)
        in_week_us = (day + _EPOCH_WEEKDAY) % 7 * _DAY_US + in_day_us
        place = bisect_right(self._edges, in_week_us // MINUTE_US) - 1
        return self._names[place], self._edges[place + 1] * MINUTE_US - in_week_us

    def _offset_us(self, at_us: int) -> int:
        local = datetime.fromtimestamp(at_us // SECOND_US, UTC).astimezone(self.zone)
        offset = local.utcoffset()
        assert offset is not None, "a zone of zoneinfo always knows its offset"
        return (offset.days * 86_400 + offset.seconds) * SECOND_US


def _claim(minutes: list[str], band: Band) -> None:
    length = (band.end_min - band.begin_min) % _DAY_MIN or _DAY_MIN
    for day in sorted(band.days):
        first = day * _DAY_MIN + band.begin_min
        for minute in range(first, first + length):
            place = minute % _WEEK_MIN
            if minutes[place] != STANDARD:
                when = f"{DAYS[place // _DAY_MIN]} {place // 60 % 24:02d}:{place % 60:02d}"
                raise RatingError(
                    "bad_deck",
                    f"bands {minutes[place]!r} and {band.name!r} both hold at {when}:"
                    " one band at a time expected",
                )
            minutes[place] = band.name
