"""What an 800 number means to one caller at one instant: pure, and the same for the same question.

Owns the reading of a service's rules. The first rule whose days, times and callers fit decides;
where none fits the service is closed. It refuses nothing: `topology_service_checks` has seen the
rules. Odd cases: a rule that ends before it starts goes over midnight and belongs to the day on
which it starts. Where clocks are put back an hour is twice within a rule, where they are put
forward one is not at all: rules speak of what a clock on the wall of the centre shows.

A rule's shares are met exactly: of any hundred of its calls, one after the other, each share has
its percent. `Shares` deals them out in turn, in steps that lie far apart, so that ten calls are
shared about right, too. Nothing is drawn by chance.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from calleq.topology_services import DAYS, FreephoneNumber, RoutingRule, Share
from calleq.units import SECOND_US

_HUNDRED = 100
_STEP = 61
"""Prime to a hundred, and near the golden section of it: the steps fill the hundred evenly."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Open(msgspec.Struct, frozen=True):
    """The call goes to the first of these, and on to the next where one cannot be reached."""

    numbers: tuple[str, ...]
    ring_limit_us: int
    rule: int
    """Which of the service's rules decided, from 0."""


class Closed(msgspec.Struct, frozen=True):
    """The caller is told so and released."""

    text: str
    """Empty: without a word."""
    rule: int | None
    """None: no rule fits."""


Translation = Open | Closed


class Shares:
    """Deals the calls of every rule of one service out among its shares."""

    def __init__(self) -> None:
        self._calls: dict[int, int] = {}
        """Per rule, of the hundred that goes on."""

    def choose(self, place: int, shares: Sequence[Share]) -> Share:
        """Whose turn it is at the rule in that place."""
        count = self._calls.get(place, 0)
        self._calls[place] = (count + 1) % _HUNDRED
        point = count * _STEP % _HUNDRED
        for share in shares:
            point -= share.percent
            if point < 0:
                return share
        raise AssertionError("the percents of a rule make a hundred")


class Translator:
    """One 800 number with its rules; what it remembers is how calls were shared out."""

    def __init__(self, service: FreephoneNumber) -> None:
        self.service = service
        self._zone = ZoneInfo(service.zone)
        self._times = [(_minutes(rule.start), _minutes(rule.end)) for rule in service.rules]
        self._shares = Shares()
        self._ring_limit_us = round(service.ring_limit_s * SECOND_US)

    def translate(self, caller: str, at_us: int) -> Translation:
        """Where a call goes; `caller` is E.164 with `+`, or empty; `at_us` is UTC."""
        there = (_EPOCH + timedelta(microseconds=at_us)).astimezone(self._zone)
        day, minute = there.weekday(), 60 * there.hour + there.minute
        for place, rule in enumerate(self.service.rules):
            if self._fits(rule, *self._times[place], day, minute, caller):
                if not rule.shares:
                    return Closed(rule.closed_text, place)
                share = self._shares.choose(place, rule.shares)
                return Open(share.numbers, self._ring_limit_us, place)
        return Closed("", None)

    @staticmethod
    def _fits(rule: RoutingRule, start: int, end: int, day: int, minute: int, caller: str) -> bool:
        if rule.callers and not caller.startswith(rule.callers):
            return False
        if start < end:
            return start <= minute < end and _is_one_of(day, rule)
        if minute >= start:
            return _is_one_of(day, rule)
        return minute < end and _is_one_of((day - 1) % len(DAYS), rule)


def _is_one_of(day: int, rule: RoutingRule) -> bool:
    return not rule.days or DAYS[day] in rule.days


def _minutes(text: str) -> int:
    """The minute of the day of a checked time ("24:00" is the last's end)."""
    hours, minutes = text.split(":")
    return 60 * int(hours) + int(minutes)
