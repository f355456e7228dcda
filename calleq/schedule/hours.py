"""Openings of a week as instants: whether one is going on, and when the next begins.

An opening belongs to the local day on which it begins, and its begin and end are wall times of that
zone (`calleq.zones` for those that do not exist or exist twice). An opening of which the clocks
leave nothing is none.
"""

from collections.abc import Collection, Sequence
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from calleq.topology_calendar import DAYS, Opening
from calleq.zones import instant_us, local_time

LOOKED_AHEAD_DAYS = 60
"""Further ahead no opening is looked for: whoever is closed so long is closed."""

_DAY = timedelta(days=1)


def open_until_us(
    openings: Sequence[Opening], closed_days: Collection[str], zone: ZoneInfo, at_us: int
) -> int | None:
    """The end of the opening that goes on at an instant, the latest of several; None: closed."""
    today = local_time(at_us, zone).date()
    ends = [
        end_us
        for day in (today - _DAY, today)
        for begin_us, end_us in _on(day, openings, closed_days, zone)
        if begin_us <= at_us < end_us
    ]
    return max(ends, default=None)


def next_opening_us(
    openings: Sequence[Opening], closed_days: Collection[str], zone: ZoneInfo, at_us: int
) -> int | None:
    """The first instant at or after this one at which it is open; None: not in sight."""
    if open_until_us(openings, closed_days, zone, at_us) is not None:
        return at_us
    day = local_time(at_us, zone).date()
    for _ in range(LOOKED_AHEAD_DAYS):
        begins = [
            begin_us for begin_us, _ in _on(day, openings, closed_days, zone) if begin_us >= at_us
        ]
        if begins:
            return min(begins)
        day += _DAY
    return None


def _on(
    day: date, openings: Sequence[Opening], closed_days: Collection[str], zone: ZoneInfo
) -> list[tuple[int, int]]:
    """Begin and end of the openings that begin on a day."""
    if day.isoformat() in closed_days:
        return []
    found = []
    for opening in openings:
        if DAYS[day.weekday()] in opening.days:
            begin = instant_us(_wall(day, opening.begin), zone)
            last = day + _DAY if opening.end <= opening.begin else day
            end = instant_us(_wall(last, opening.end), zone)
            if begin < end:
                found.append((begin, end))
    return found


def _wall(day: date, text: str) -> datetime:
    if text == "24:00":
        return datetime.combine(day + _DAY, time())
    return datetime.combine(day, time.fromisoformat(text))
