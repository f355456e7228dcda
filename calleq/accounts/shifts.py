"""When representatives are offered calls: their shifts, in the zone of their business.

A shift is a time of the week by the clock on the wall. One that ends at or before it begins runs
into the next day and belongs to the day on which it begins. Where clocks go back an hour the hour
that comes twice counts both times; where they go forward the hour that does not come is lost.
"""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from calleq.topology_business import Agent, Business
from calleq.topology_calendar import Opening

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def on_shift(business: Business, now_us: int) -> tuple[str, ...]:
    """The numbers of its representatives to whom calls may be offered at an instant (UTC)."""
    if not any(agent.shifts for agent in business.agents):
        return business.representatives
    local = (_EPOCH + timedelta(microseconds=now_us)).astimezone(_zone(business.calendar.zone))
    offered: dict[str, bool] = {}
    for agent in business.agents:
        offered[agent.number] = offered.get(agent.number, False) or works(agent, local)
    return tuple(number for number in business.representatives if offered.get(number, True))


def works(agent: Agent, local: datetime) -> bool:
    """Whether the representative is on shift at a time of its business's zone."""
    return not agent.shifts or any(covers(shift, local) for shift in agent.shifts)


def covers(opening: Opening, local: datetime) -> bool:
    """Whether a time of the week has begun and not ended at a local time."""
    minute = local.hour * 60 + local.minute
    begin, end = minutes(opening.begin), minutes(opening.end)
    today = DAYS[local.weekday()] in opening.days
    if begin < end:
        return today and begin <= minute < end
    yesterday = DAYS[local.weekday() - 1] in opening.days
    return (today and minute >= begin) or (yesterday and minute < end)


@lru_cache(maxsize=512)
def minutes(text: str) -> int:
    """Minutes since midnight of `HH:MM`; 24:00 is the end of the day. Raises ValueError.

    >>> minutes("09:30"), minutes("24:00")
    (570, 1440)
    """
    hour, colon, minute = text.partition(":")
    if not (colon and len(text) == 5 and (hour + minute).isdecimal() and text.isascii()):
        raise ValueError(f"{text!r}: HH:MM expected")
    found = int(hour) * 60 + int(minute)
    if int(minute) > 59 or found > 1440:
        raise ValueError(f"{text!r}: 00:00 to 24:00 expected")
    return found


@lru_cache(maxsize=512)
def _zone(name: str) -> ZoneInfo:
    return ZoneInfo(name)
