"""When calls of a business may be made: the keys of `[businesses.calendar]` and of
`[businesses.retries]`, and what must be true of them."""

import re
from datetime import date
from typing import Literal

import msgspec

from calleq.zones import zone_of

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
AHEAD_DAYS = range(1, 367)
EXPIRES_S = range(60, 86_401)
TRIES = range(1, 11)
SPACING_S = range(10, 86_401)
WINDOW_S = range(60, 7 * 86_400 + 1)
CLOSED_DAYS_LIMIT = 400
RETRIED = ("customer_busy", "customer_no_answer", "agent_busy", "agent_no_answer", "failed")
"""Final states after which there may be another try."""

_CLOCK = re.compile(r"(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", re.ASCII)


class Opening(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A time of the week, in the zone of whoever it is of; one that ends at or before it begins
    runs into the next day."""

    days: tuple[str, ...] = DAYS
    begin: str = "00:00"
    end: str = "24:00"

    def wrong(self) -> str:
        """What is wrong with it; empty where nothing is."""
        for day in self.days:
            if day not in DAYS:
                return f"days: {day}: {', '.join(DAYS)} are known"
        for name, text in (("begin", self.begin), ("end", self.end)):
            if not _CLOCK.fullmatch(text):
                return f"{name}: {text}: 00:00 to 24:00 was expected"
        return "begin: 24:00 is the end of a day" if self.begin == "24:00" else ""


class Calendar(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Hours of one business."""

    zone: str = "UTC"
    hours: tuple[Opening, ...] = ()
    """When it is open; empty: always."""
    closed_days: tuple[str, ...] = ()
    """Dates (`2026-12-25`) on which nothing of `hours` begins."""
    when_closed: Literal["refuse", "hold"] = "refuse"
    """What becomes of a call for a time at which it is closed: refused with the next opening, or
    held until then."""
    quiet_begin: str = "21:00"
    quiet_end: str = "08:00"
    """Scheduled calls between these, in the customer's local time, must be confirmed; the same
    twice: none need be."""
    ahead_days: int = 30
    """How far ahead calls are scheduled."""
    expires_s: int = 900
    """A scheduled call that could not be begun so long after it was due is not made any more."""

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        if zone_of(self.zone) is None:
            return "calendar.zone", f"{self.zone}: an IANA time zone such as Europe/Berlin"
        for number, opening in enumerate(self.hours):
            if what := opening.wrong():
                return f"calendar.hours[{number}]", what
        if len(self.closed_days) > CLOSED_DAYS_LIMIT:
            return "calendar.closed_days", f"more than {CLOSED_DAYS_LIMIT}"
        for day in self.closed_days:
            if not _is_date(day):
                return "calendar.closed_days", f"{day}: a date such as 2026-12-25"
        quiet = Opening(begin=self.quiet_begin, end=self.quiet_end).wrong()
        if quiet:
            return "calendar.quiet_begin and quiet_end", quiet
        if self.ahead_days not in AHEAD_DAYS:
            return "calendar.ahead_days", _range(self.ahead_days, AHEAD_DAYS)
        if self.expires_s not in EXPIRES_S:
            return "calendar.expires_s", _range(self.expires_s, EXPIRES_S)
        return None


class Retries(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whether a customer who was busy or did not answer is called again."""

    tries: int = 1
    """In all."""
    spacing_s: int = 300
    window_s: int = 3_600
    """No try begins later than so long after the first was due."""
    states: tuple[str, ...] = ("customer_busy", "customer_no_answer")
    """The final states after which there is another try."""
    when_free: bool = True
    """A busy line of this network: call as soon as it is free, and not only after `spacing_s`."""

    def wrong(self) -> tuple[str, str] | None:
        """A key that does not fit, and what is wrong with it; None where all do."""
        for name, value, good in (
            ("tries", self.tries, TRIES),
            ("spacing_s", self.spacing_s, SPACING_S),
            ("window_s", self.window_s, WINDOW_S),
        ):
            if value not in good:
                return f"retries.{name}", _range(value, good)
        for state in self.states:
            if state not in RETRIED:
                return "retries.states", f"{state}: {', '.join(RETRIED)} are known"
        return None


def _range(value: int, good: range) -> str:
    return f"{value}: {good.start} to {good.stop - 1}"


def _is_date(text: str) -> bool:
    try:
        return date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False
