"""Which numbers of the public network a customer service call may dial.

Owns the one decision "may this be called at all": form (E.164), existence (a number the numbering
plan of its country knows) and kind (none at premium or shared cost, no personal, paging, satellite
or international-network number, no emergency number or short code). It knows nothing of businesses,
prices or countries allowed; those guards stand at the door.

Odd case: a number of six digits or fewer fails the form, but a stranger who types 911 deserves to
be told so; short texts are therefore looked at before the form is.
"""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import PhoneNumber, PhoneNumberType

from calleq.numbering.addresses import E164, NumberingError, parse_e164

SHORT_DIGITS = 6
"""A text of at most so many digits is a short code, never a subscriber (E.164 has 7 and up)."""
KEPT_VERDICTS = 8_192
"""Numbers whose verdict is remembered: asking the plan costs 30 us, remembering 0.3 us."""
LONGEST_TEXT = 64
"""Longer text is no number in any way of writing one."""

_NORTH_AMERICAN = re.compile(r"\+1[2-9][0-9]{9}", re.ASCII)
_EMERGENCY = frozenset(("000", "110", "111", "112", "113", "118", "119", "911", "999"))

_REFUSED_KINDS = {
    PhoneNumberType.PREMIUM_RATE: ("premium_rate", "is a premium-rate number"),
    PhoneNumberType.SHARED_COST: ("shared_cost", "is a shared-cost number"),
    PhoneNumberType.PERSONAL_NUMBER: (
        "personal",
        "is a personal number, which forwards at a price",
    ),
    PhoneNumberType.PAGER: ("pager", "is a pager, which cannot talk"),
    PhoneNumberType.VOICEMAIL: ("voicemail", "is a voice mailbox"),
}


KINDS_NOT_CALLED = frozenset(
    ("international_network", *(reason for reason, _ in _REFUSED_KINDS.values()))
)
"""Reasons for numbers that exist and are not called, because of what they cost or lead to."""


class NumberRefusedError(NumberingError):
    """The number is not one to be called; `reason` is a stable code, the message says it."""

    def __init__(self, reason: str, text: str) -> None:
        super().__init__(text)
        self.reason = reason


def public_number(text: str) -> E164:
    """The number in canonical form if it may be called; NumberRefusedError names why not.

    >>> public_number("+1 (212) 555-0100")
    '+12125550100'
    """
    if len(text) > LONGEST_TEXT:
        raise NumberRefusedError("not_e164", f"has {len(text)} characters: no telephone number has")
    return _public_number(text)


def existing_number(text: str) -> E164:
    """The canonical form of a number that exists, whether it may be called or not.

    >>> existing_number("+1 900 555 0123")
    '+19005550123'
    """
    try:
        return public_number(text)
    except NumberRefusedError as error:
        if error.reason in KINDS_NOT_CALLED:
            return parse_e164(text)
        raise


@lru_cache(maxsize=KEPT_VERDICTS)
def _public_number(text: str) -> E164:
    _refuse_short(text)
    try:
        number = parse_e164(text)
    except NumberingError as error:
        raise NumberRefusedError("not_e164", str(error)) from error
    parsed, kind = plan_of(number)
    if kind in _REFUSED_KINDS:
        reason, why = _REFUSED_KINDS[kind]
        raise NumberRefusedError(reason, f"{number} {why}")
    country_code = parsed.country_code or 0
    if phonenumbers.region_code_for_country_code(country_code) == "001":
        raise NumberRefusedError(
            "international_network", f"{number} belongs to a satellite or international network"
        )
    if kind == PhoneNumberType.UNKNOWN:
        raise NumberRefusedError(
            "invalid", f"{number} is not a number in use under country code {country_code}"
        )
    return number


@lru_cache(maxsize=KEPT_VERDICTS)
def plan_of(number: E164) -> tuple[PhoneNumber, int]:
    """The number as the plans' library has it, and its kind; NumberRefusedError where no country
    has its code. Most of what a call costs at a door that asks twice is spent here."""
    parsed = _parsed(number)
    return parsed, phonenumbers.number_type(parsed)


def _parsed(number: E164) -> PhoneNumber:
    """The number as the plans' library has it. In North America nothing is left to find out."""
    if _NORTH_AMERICAN.fullmatch(number):
        return PhoneNumber(country_code=1, national_number=int(number[2:]))
    try:
        return phonenumbers.parse(number)
    except phonenumbers.NumberParseException as error:
        raise NumberRefusedError(
            "unknown_country", f"{number} has no known country code"
        ) from error


def _refuse_short(text: str) -> None:
    digits = "".join(filter("0123456789".__contains__, text))
    if not digits or len(digits) > SHORT_DIGITS:
        return
    abroad = text.lstrip().startswith("+") and digits.endswith(tuple(_EMERGENCY))
    if abroad or digits in _EMERGENCY:
        raise NumberRefusedError(
            "emergency", f"{text!r} is an emergency number, which is never dialled"
        )
    raise NumberRefusedError(
        "short_code", f"{text!r} is a short code: write '+', the country code and the number"
    )
