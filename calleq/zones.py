"""Local time: what a clock on the wall says, in which zone, and which instant that is.

Zones are IANA's, by `zoneinfo`. Where clocks are put forward some wall times do not exist (a gap),
where they are put back some exist twice (an overlap):

| wall time       | the instant it means                                   |
|-----------------|--------------------------------------------------------|
| in a gap        | the first after it: when the clocks are put forward    |
| in an overlap   | the first of the two                                   |

No instant before year 2 or after year 9998 is converted.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from calleq.units import SECOND_US

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_YEARS = range(2, 9_999)


@lru_cache(maxsize=1_024)
def zone_of(name: str) -> ZoneInfo | None:
    """The zone of that name; None where there is none.

    >>> zone_of("Europe/Berlin").key, zone_of("Mars/Olympus"), zone_of("../etc/passwd")
    ('Europe/Berlin', None, None)
    """
    try:
        return ZoneInfo(name) if name and name.isascii() else None
    except (KeyError, OSError, ValueError):  # unknown, no zone's file, or no name at all
        return None


def local_time(at_us: int, zone: ZoneInfo) -> datetime:
    """What a clock there says at an instant. Raises OverflowError beyond the calendar."""
    return (_EPOCH + timedelta(microseconds=at_us)).astimezone(zone)


def instant_us(wall: datetime, zone: ZoneInfo) -> int:
    """UTC microseconds of a wall time (naive). Raises OverflowError beyond the calendar."""
    if wall.year not in _YEARS:
        raise OverflowError(f"{wall.isoformat()} is beyond the calendar")
    first = _utc_us(wall.replace(tzinfo=zone, fold=0))
    if local_time(first, zone).replace(tzinfo=None) == wall.replace(fold=0):
        return first
    return _first_after(_utc_us(wall.replace(tzinfo=zone, fold=1)), first, zone)


def _first_after(before_us: int, after_us: int, zone: ZoneInfo) -> int:
    """The instant, to the second, at which the zone's offset becomes that of `after_us`."""
    offset = local_time(after_us, zone).utcoffset()
    low, high = before_us // SECOND_US, after_us // SECOND_US
    while high - low > 1:
        middle = (low + high) // 2
        if local_time(middle * SECOND_US, zone).utcoffset() == offset:
            high = middle
        else:
            low = middle
    return high * SECOND_US


def _utc_us(local: datetime) -> int:
    return round((local - _EPOCH) / timedelta(microseconds=1))
