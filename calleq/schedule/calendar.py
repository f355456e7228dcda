"""When a call is due: the desired time, the business's hours, the customer's night.

A call without a desired time, or with one that has just passed, is due now. Refused: a time that
passed more than `PAST_TOLERANCE_US` ago (clocks differ by less), one further ahead than the
business's calendar reaches, one at which the business is closed (unless it holds calls until it
opens), and, unless confirmed, a scheduled call in the customer's night.

The customer's zone is the message's `time_zone`. Without one the number is a hint and no more: all
zones of its area must agree on whether it is night, otherwise the sender is asked. What is due at
once may be made at night: the person is there.
"""

from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers

from calleq.intake import errors
from calleq.intake.contract import Refusal, Wanted, When
from calleq.messages.errors import Fault
from calleq.numbering import Address
from calleq.schedule.hours import next_opening_us, open_until_us
from calleq.topology import Business
from calleq.topology_calendar import Calendar, Opening
from calleq.units import HOUR_US, MINUTE_US, SECOND_US
from calleq.web.problems import ProblemDetail
from calleq.zones import local_time, zone_of

PAST_TOLERANCE_US = MINUTE_US
RETRY_AFTER_LIMIT_S = 7 * 86_400
"""More is never told in a Retry-After."""

_UTC = ZoneInfo("UTC")


class BusinessCalendar:
    """The calendars of all businesses, as their topology entries have them."""

    def decide(self, wanted: Wanted, now_us: int) -> When | Refusal:
        """When this call is due; a `Refusal` says what to give instead."""
        calendar = wanted.business.calendar
        desired_us = now_us if wanted.desired_us is None else wanted.desired_us
        if desired_us < now_us - PAST_TOLERANCE_US:
            text = "has passed; leave desired_time blank for a call as soon as possible"
            return _fault("/desired_time", "passed", text)
        if desired_us > now_us + calendar.ahead_days * 24 * HOUR_US:
            text = f"is more than {calendar.ahead_days} days ahead"
            return _fault("/desired_time", "too_far_ahead", text)
        due_us = opening_us(wanted.business, max(desired_us, now_us))
        if due_us is None or (due_us > max(desired_us, now_us) and calendar.when_closed != "hold"):
            return _closed(wanted.business, due_us, now_us)
        if due_us <= now_us:
            return When(now_us)
        night = None if wanted.content.get("confirmed") is True else _night(wanted, due_us)
        if night is not None:
            return night
        return When(due_us, due_us + calendar.expires_s * SECOND_US)


def opening_us(business: Business, at_us: int) -> int | None:
    """The first instant at or after this one at which a business is open; None: not in sight."""
    calendar = business.calendar
    if not calendar.hours:
        return at_us
    zone = zone_of(calendar.zone) or _UTC
    return next_opening_us(calendar.hours, calendar.closed_days, zone, at_us)


def _closed(business: Business, opens_us: int | None, now_us: int) -> Refusal:
    calendar = business.calendar
    if opens_us is None:
        detail, after_s = "the business is closed, and does not open in sight", None
    else:
        opens = local_time(opens_us, zone_of(calendar.zone) or _UTC)
        after_s = min(RETRY_AFTER_LIMIT_S, -((now_us - opens_us) // SECOND_US))
        detail = (
            f"the business is closed then; it opens at {opens.isoformat()}:"
            " give that or later as desired_time"
        )
    problem = ProblemDetail(
        status=409,
        code="closed",
        title="Closed",
        detail=detail,
        errors=(Fault("/desired_time", "closed", detail),),
        retry_after_s=after_s,
    )
    return Refusal(problem, "closed")


def _night(wanted: Wanted, due_us: int) -> Refusal | None:
    """Why a call may not be scheduled for then without confirmation."""
    calendar = wanted.business.calendar
    if calendar.quiet_begin == calendar.quiet_end:
        return None
    given = wanted.content.get("time_zone")
    zones = (given,) if isinstance(given, str) else hinted_zones(wanted.customer)
    quiet = {_is_quiet(calendar, name, due_us) for name in zones}
    if quiet == {False}:
        return None
    awake = f"{calendar.quiet_end} to {calendar.quiet_begin}"
    if quiet == {True}:
        at = local_time(due_us, zone_of(zones[0]) or _UTC)
        text = (
            f"is needed: it is {at:%H:%M} where the customer is ({zones[0]}); outside {awake}"
            " say confirmed: true if the customer wants the call then"
        )
        return _fault("/confirmed", "quiet_hours", text)
    text = (
        "is needed: whether it is night for the customer is not known from the number; give the"
        " customer's IANA zone, or confirmed: true if the customer wants the call then"
    )
    return _fault("/time_zone", "time_zone_needed", text)


def _is_quiet(calendar: Calendar, name: str, at_us: int) -> bool | None:
    zone = zone_of(name)
    if zone is None:
        return None
    quiet = Opening(begin=calendar.quiet_begin, end=calendar.quiet_end)
    return open_until_us((quiet,), (), zone, at_us) is not None


@lru_cache(maxsize=4_096)
def hinted_zones(customer: Address) -> tuple[str, ...]:
    """The zones of a number's area; none for an address, or where nothing is known."""
    from phonenumbers.timezone import time_zones_for_number  # its tables take long to import

    try:
        number = phonenumbers.parse(str(customer))
    except phonenumbers.NumberParseException:
        return ()
    return tuple(time_zones_for_number(number))


def _fault(pointer: str, code: str, text: str) -> Refusal:
    return Refusal(errors.invalid(Fault(pointer, code, text)), code)
