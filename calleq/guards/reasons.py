"""Why a call is refused by the guards, and what whoever asked for it can do: every reason there is.

Each becomes a problem (RFC 9457) with the reason as its `code`, a detail that says what to do next,
and a pointer to the field that is the cause, where one is. The detail says nothing about other
businesses: a number that is called for somebody else is "called already".
"""

import msgspec

from calleq.intake.contract import Refusal
from calleq.messages.errors import Fault
from calleq.web.problems import ProblemDetail

CUSTOMER = "/customer_number"
REPRESENTATIVE = "/representative_number"
THIRD = "/number"
TIME = "/desired_time"

FORBIDDEN, CONFLICT, TOO_MANY, FULL = 403, 409, 429, 503


class Reason(msgspec.Struct, frozen=True):
    """One reason."""

    status: int
    title: str
    advice: str
    """What to do next; a sentence for the problem's detail."""


_OTHER_NUMBER = "give another number of the same person, fixed or mobile"

REASONS: dict[str, Reason] = {
    "premium_rate": Reason(FORBIDDEN, "Premium-rate number", _OTHER_NUMBER),
    "shared_cost": Reason(FORBIDDEN, "Shared-cost number", _OTHER_NUMBER),
    "personal": Reason(FORBIDDEN, "Personal number", _OTHER_NUMBER),
    "pager": Reason(FORBIDDEN, "Pager", _OTHER_NUMBER),
    "voicemail": Reason(FORBIDDEN, "Voice mailbox", _OTHER_NUMBER),
    "universal_access": Reason(FORBIDDEN, "Universal access number", _OTHER_NUMBER),
    "international_network": Reason(FORBIDDEN, "Satellite or international network", _OTHER_NUMBER),
    "emergency": Reason(
        FORBIDDEN, "Emergency number", "whoever needs help must dial it themselves"
    ),
    "short_code": Reason(
        FORBIDDEN, "Short code", "write the whole number: '+', the country code and the number"
    ),
    "not_e164": Reason(
        FORBIDDEN, "No telephone number", "write '+', the country code and the number"
    ),
    "unknown_country": Reason(
        FORBIDDEN, "Unknown country code", "look whether the number begins with its country code"
    ),
    "invalid": Reason(FORBIDDEN, "Number not in use", "look whether it was mistyped"),
    "region": Reason(
        FORBIDDEN,
        "Region not allowed",
        "the business may have the region added to its policy (`regions`), or a prefix (`allowed`)",
    ),
    "carrier_region": Reason(
        FORBIDDEN, "Region not served", "the carrier calls nobody there: give another number"
    ),
    "carrier_barred": Reason(
        FORBIDDEN, "Barred by the carrier", "the carrier calls no such number: give another one"
    ),
    "business_barred": Reason(
        FORBIDDEN,
        "Barred by the business",
        "the business may take the prefix out of its policy (`barred`)",
    ),
    "no_rate": Reason(
        FORBIDDEN, "No rate", "call another number, or ask the carrier for a price for it"
    ),
    "barred": Reason(FORBIDDEN, "Not sold", "call another number"),
    "too_dear": Reason(
        FORBIDDEN,
        "Dearer than the business allows",
        "the business may raise the ceiling of the prefix in its policy (`ceilings`)",
    ),
    "voice_over_ip": Reason(
        FORBIDDEN, "Host not allowed", "give a telephone number, or have the carrier allow the host"
    ),
    "do_not_call": Reason(
        FORBIDDEN,
        "Not to be called",
        "they asked never to be called by this business again; only an operator can lift it",
    ),
    "called_already": Reason(
        CONFLICT,
        "Called already",
        "another call to this number goes on or is due at about that time: wait for its end",
    ),
    "cooling_down": Reason(
        TOO_MANY,
        "Nobody answered lately",
        "the last call to this number was not answered or was turned away: wait before the next",
    ),
    "number_limit": Reason(
        TOO_MANY, "Called too often", "this number has been called often of late: wait"
    ),
    "visitor_limit": Reason(
        TOO_MANY, "Too many requests of a visitor", "this visitor has asked for many calls: wait"
    ),
    "source_limit": Reason(
        TOO_MANY,
        "Too many requests from an address",
        "many calls have been asked for from this address: wait",
    ),
    "calls_limit": Reason(
        TOO_MANY,
        "Too many calls of the business",
        "send fewer calls a second, or have the carrier raise the limit (`calls`)",
    ),
    "all_calls_limit": Reason(
        TOO_MANY, "Too many calls", "more calls are asked for than are made: send it again later"
    ),
    "guards_full": Reason(
        FULL, "Too many calls are waiting", "send it again when some of the calls are over"
    ),
}
"""By code."""

ELSEWHERE: dict[str, str] = {
    "passed": "give a time to come, or leave desired_time blank for a call as soon as possible",
    "too_far_ahead": "give an earlier time, or have `ahead_days` of the business raised",
    "closed": "give a desired_time within the business's hours",
    "quiet_hours": "give a time outside the customer's night, or `confirmed`: true if it is wanted",
    "time_zone_needed": "give the customer's IANA zone (`time_zone`), or `confirmed`: true",
    "no_rate": "call another number, or ask the carrier for a rate for it",
    "held_calls": "wait until calls have ended for which money is held",
    "balance": "pay money in, which the carrier enters (`calleq balance credit`)",
    "spend_cap_day": "wait for the next day, or have the cap raised (`cap_day`)",
    "spend_cap_month": "wait for the next month, or have the cap raised (`cap_month`)",
    "prices": "tell the carrier that its prices are not in order",
    "suspended": "ask the carrier why the business is suspended",
    "journal": "send it again: the disk had no room for it",
}
"""What to do where not the guards refused a message, by the reason that is written down."""


def advice_for(reason: str) -> str:
    """What to do about a refusal that is on a list; empty for one that only a stranger meets."""
    found = REASONS.get(reason)
    return ELSEWHERE.get(reason.partition(":")[0], "") if found is None else found.advice


def refusal(code: str, why: str = "", pointer: str = CUSTOMER, retry_after_s: int = 0) -> Refusal:
    """The refusal for a reason. `why` is what is true of this case."""
    reason = REASONS[code]
    advice = f"{reason.advice} ({retry_after_s} s)" if retry_after_s else reason.advice
    errors = (Fault(pointer, code, why or reason.advice),) if pointer else ()
    problem = ProblemDetail(
        status=reason.status,
        code=code,
        title=reason.title,
        detail=f"{why}: {advice}" if why else advice,
        errors=errors,
        retry_after_s=retry_after_s or None,
    )
    return Refusal(problem, code)
