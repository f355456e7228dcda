"""What the numbering plans say of a number: its region, and whether it is of a kind never called.

The region is that of the number itself and never that of its country code: +1 876 is Jamaica, +44
1481 Guernsey, +7 701 Kazakhstan. Nothing here knows businesses or prices.

The plans' library misses a few ranges at a special price, which its own plan describes as any
other (`_MISSED`).

Odd cases: a freephone number under a country code that several regions share belongs to all of
them in whose plan it is: +1 800 to most of North America, +1 809 1 to the Dominican Republic. A
universal access number (UAN) stands for a subscriber of any kind and price; it is a kind of its own
here, which a carrier may allow by prefix.
"""

import re
from functools import lru_cache

import msgspec
import phonenumbers
from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumberType

from calleq.numbering import NumberRefusedError, public_number
from calleq.numbering.public import plan_of

KEPT_NUMBERS = 16_384
"""Numbers whose facts are remembered; strangers may name any, so it is no more than that."""
UNIVERSAL_ACCESS = "universal_access"
_MISSED = (
    (re.compile(r"\+1[2-9][0-9]{2}976[0-9]{4}"), "premium_rate", "is at a 976 exchange"),
    (re.compile(r"\+1[2-9][0-9]{2}5551212"), "premium_rate", "is directory assistance"),
    (re.compile(r"\+1600[0-9]{7}"), "international_network", "is at Canada's satellite area 600"),
)
"""North American ranges: pay-per-call exchanges, directory assistance, satellite."""


class Facts(msgspec.Struct, frozen=True):
    """What holds for one number."""

    regions: frozenset[str]
    """Where it is; several only for freephone numbers."""
    kind: str = ""
    """Why its kind is not called, as `NumberRefusedError` has it, or `universal_access`; empty: it
    is of a kind that is."""
    why: str = ""
    """In words."""


_GEOGRAPHIC = re.compile(r"\+1[2-79][0-9]{9}", re.ASCII)
"""Numbers whose region is that of their area code; freephone ones, and others, begin with 8."""
_areas: dict[str, Facts] = {}
"""By area code: of 1 000 there can be."""


@lru_cache(maxsize=KEPT_NUMBERS)
def facts_of(number: str) -> Facts:
    """The facts of a number in E.164 form, or of a text that is none."""
    try:
        canonical = public_number(number)
    except NumberRefusedError as error:
        return Facts(frozenset(), error.reason, str(error))
    for pattern, missed, why in _MISSED:
        if pattern.fullmatch(number):
            return Facts(frozenset(), missed, f"{number} {why}")
    if _GEOGRAPHIC.fullmatch(number):
        return _facts_of_area(number)
    parsed, kind = plan_of(canonical)
    if kind == PhoneNumberType.UAN:
        why = f"{number} is a universal access number, which may lead anywhere"
        return Facts(_region(parsed), UNIVERSAL_ACCESS, why)
    if kind == PhoneNumberType.TOLL_FREE:
        sharing = COUNTRY_CODE_TO_REGION_CODE[parsed.country_code or 0]
        valid = phonenumbers.is_valid_number_for_region
        return Facts(frozenset(region for region in sharing if valid(parsed, region)))
    return Facts(_region(parsed))


def _facts_of_area(number: str) -> Facts:
    """What holds for a North American number in use, and for every other of its area code."""
    area = number[: len("+1212")]
    found = _areas.get(area)
    if found is None:
        found = _areas[area] = Facts(_region(phonenumbers.parse(number)))
    return found


def regions_of_country_code(code: str) -> frozenset[str]:
    """The main region of a country code.

    >>> sorted(regions_of_country_code("1"))
    ['US']
    """
    region = phonenumbers.region_code_for_country_code(int(code))
    return frozenset((region,) if len(region) == 2 and region != "ZZ" else ())


def _region(parsed: phonenumbers.PhoneNumber) -> frozenset[str]:
    region = phonenumbers.region_code_for_number(parsed)
    return frozenset((region,) if region else ())
