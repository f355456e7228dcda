"""When representatives are offered calls: their shifts, in the zone of their business.

A shift is a time of the week by the clock on the wall. One that ends at or before it begins runs
into the next day and belongs to the day on which it begins. Where clocks go back an hour the hour
that comes twice counts both times; where they go forward the hour that does not come is lost.
"""

from datetime import datetime

from calleq.topology_business import Agent, Business
from calleq.topology_calendar import DAYS, Opening
from calleq.zones import local_time, zone_of


def on_shift(business: Business, now_us: int) -> tuple[str, ...]:
    """The numbers of its representatives to whom calls may be offered at an instant (UTC)."""
    if not any(agent.shifts for agent in business.agents):
        return business.representatives
    zone = zone_of(business.calendar.zone)
    assert zone is not None, "a business names a zone that there is"
    local = local_time(now_us, zone)
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
    begin, end = _minutes(opening.begin), _minutes(opening.end)
    today = DAYS[local.weekday()] in opening.days
    if begin < end:
        return today and begin <= minute < end
    yesterday = DAYS[local.weekday() - 1] in opening.days
    return (today and minute >= begin) or (yesterday and minute < end)


def _minutes(text: str) -> int:
    """Minutes since midnight of `HH:MM`."""
    return int(text[:2]) * 60 + int(text[3:])
