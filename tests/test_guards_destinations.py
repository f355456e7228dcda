"""Whom a business may call: every leg, by region and kind of number, policy and rate deck."""

import random
import time

import msgspec
import phonenumbers
import pytest

from calleq.guards import Destinations, facts_of
from calleq.guards.facts import regions_of_country_code
from calleq.numbering import VoipPolicy, parse_address
from calleq.rating import parse_deck
from calleq.topology import Business
from calleq.topology_policy import CallPolicy, CarrierPolicy
from calleq.units import parse_utc

NOW_US = parse_utc("2026-11-21T10:00:00Z")

NUMBERS = """
+12125550100 US    -                      the reserved 555-01xx are numbers like others
+12125550199 US    -
+12015550123 US    -
+12129761234 -     premium_rate           a 976 exchange: pay per call, and the plan has it as any
+12125551212 -     premium_rate           directory assistance
+19005550100 -     premium_rate
+15005550006 -     personal               personal communications, 5xx
+15215550100 -     personal
+16005550100 -     international_network  Canadian area 600: satellites, and the plan has it as any
+17105550100 -     invalid                the United States government's own
+17005550100 -     invalid
+14565550100 -     invalid
+10000000000 -     invalid
+14165550100 CA    -                      +1 is not one country
+16045550123 CA    -
+18677550100 CA    -
+18765550100 JM    -                      looks like the United States, and is Jamaica
+16585550100 JM    -
+18095550100 DO    -
+18295550100 DO    -
+18495550100 DO    -
+17875550100 PR    -
+19395550100 PR    -
+16715550100 GU    -
+13405550100 VI    -
+17845550100 VC    -
+12425550100 -     invalid                555 is in no plan of the Bahamas
+442079460958 GB   -
+447400123456 GB   -
+445612345678 GB   -                      voice over IP, numbered by the plan
+447700900123 -    invalid                drama numbers are not in use
+441481256789 GG   -                      looks like England, and is Guernsey
+447781123456 GG   -
+447911123456 GG   -
+441534456789 JE   -
+447797123456 JE   -
+441624756789 IM   -
+447624123456 IM   -
+448451234567 -    premium_rate           "revenue share", 0845
+448701234567 -    premium_rate
+449012345678 -    premium_rate
+449098790000 -    premium_rate
+447012345678 -    personal               070: looks like a mobile, and forwards at a price
+447640123456 -    pager                  076
+443012345678 GB   universal_access
+44999123456 -     invalid                begins as the emergency number does
+33142685300 FR    -
+33612345678 FR    -
+33892123456 -     premium_rate
+33899123456 -     premium_rate
+33811123456 -     shared_cost
+590590201234 GP   -                      overseas departments have country codes of their own
+262262161234 RE   -
+262639012345 YT   -                      shares +262 with Réunion
+493012345678 DE   -
+4915112345678 DE  -
+4932123456789 DE  -
+499001234567 -    premium_rate
+491801234567 -    shared_cost
+491371234567 -    shared_cost            votes by call
+4970012345678 -   personal
+390612345678 IT   -
+393123456789 IT   -
+390669812345 VA   -                      looks like Rome, and is the Vatican
+39899123456 -     premium_rate
+39840123456 -     shared_cost
+34810123456 ES    -
+34612345678 ES    -
+34803123456 -     premium_rate
+34902123456 -     shared_cost
+34701234567 -     personal
+61212345678 AU    -
+61412345678 AU    -
+61891621234 CC    -                      looks like Western Australia: Cocos Islands
+61891641234 CX    -                      ... Christmas Island
+611900123456 -    premium_rate
+611300123456 -    shared_cost
+61163123456 -     pager
+6421234567 NZ     -
+64900123456 -     premium_rate
+6483123456 NZ     universal_access
+81312345678 JP    -
+819012345678 JP   -
+81990123456 -     premium_rate
+812012345678 -    pager
+81570123456 JP    universal_access
+8613123456789 CN  -
+85221234567 HK    -
+85290012345678 -  premium_rate
+85328212345 MO    -
+886221234567 TW   -
+919876543210 IN   -
+911861123456789 - premium_rate
+74951234567 RU    -
+77011234567 KZ    -                      shares +7 with Russia
+77172123456 KZ    -
+78091234567 -     premium_rate
+551123456789 BR   -
+5540041234 -      shared_cost
+525512345678 MX   -
+529001234567 -    premium_rate
+27711234567 ZA    -
+27862345678 -     premium_rate
+27860123456 -     shared_cost
+212520123456 MA   -
+2348021234567 NG  -
+254712123456 KE   -
+201001234567 EG   -
+4721234567 NO     -
+4779123456 SJ     -                      shares +47 with Norway: Svalbard
+4782012345 -      premium_rate
+4781021234 -      shared_cost
+4788012345 -      personal
+358401234567 FI   -
+35818123456 AX    -                      shares +358 with Finland: Åland
+358600123456 -    premium_rate
+358201234567 FI   universal_access
+41446681800 CH    -
+41900123456 -     premium_rate
+41840123456 -     shared_cost
+41878123456 -     personal
+41740123456 -     pager
+3222345678 BE     -
+3290123456 -      premium_rate
+31101234567 NL    -
+31662345678 -     pager
+31880123456 NL    universal_access
+46812345678 SE    -
+46939123456 -     premium_rate
+46771234567 -     shared_cost
+353212345678 IE   -
+3531520123456 -   premium_rate
+353700123456 -    personal
+43123456789 AT    -
+43900123456 -     premium_rate
+48123456789 PL    -
+48701234567 -     premium_rate
+420212345678 CZ   -
+420900123456 -    premium_rate
+97221234567 IL    -
+9721919123456 -   premium_rate
+971501234567 AE   -
+870773123456 -    international_network  Inmarsat
+881612345678 -    international_network  Iridium
+881712345678 -    international_network
+88216123456 -     international_network  Thuraya
+883510012345678 - international_network
+87812345678901 -  international_network  universal personal telecommunications
+80012345678 -     international_network  international freephone
+80812345678 -     shared_cost            international shared cost
+979123456789 -    premium_rate           international premium rate
+210123456 -       unknown_country
+99999999999 -     unknown_country
""".strip().splitlines()


def rows() -> list[tuple[str, str, str]]:
    found = []
    for line in NUMBERS:
        number, region, reason = line.split()[:3]
        found.append((number, region.strip("-"), "" if reason == "-" else reason))
    return found


def business(**policy: object) -> Business:
    return Business(identifier="abc", number="+12125550140", policy=CallPolicy(**policy))  # type: ignore[arg-type]


def destinations(carrier: CarrierPolicy | None = None, **more: object) -> Destinations:
    return Destinations(carrier or CarrierPolicy(), frozenset(("US",)), **more)  # type: ignore[arg-type]


def judged(guard: Destinations, who: Business, address: str) -> str:
    barred = guard.judge(who, parse_address(address), NOW_US)
    return "" if barred is None else barred.code


def test_the_table_is_wide() -> None:
    table = rows()
    assert len(table) == len({number for number, _, _ in table}) >= 100
    assert len({region for _, region, _ in table if region}) >= 30


@pytest.mark.parametrize(("number", "region", "reason"), rows())
def test_a_number_is_judged_by_its_own_region_and_kind(
    number: str, region: str, reason: str
) -> None:
    guard = destinations()
    assert ",".join(facts_of(number).regions) == (
        region if reason in ("", "universal_access") else ""
    )
    allowing = business(regions=(region or "US",))
    assert judged(guard, allowing, number) == reason
    elsewhere = business(regions=("FJ",))
    assert judged(guard, elsewhere, number) == (reason or "region")


@pytest.mark.parametrize("number", ["911", "112", "999", "411", "12345", "+44999"])
def test_emergency_numbers_and_short_codes_have_no_region_that_could_allow_them(
    number: str,
) -> None:
    assert facts_of(number).kind in ("emergency", "short_code")


def test_freephone_numbers_belong_to_every_region_of_their_country_code() -> None:
    canadian = Business(identifier="c", number="+14165550100")
    assert judged(destinations(), canadian, "+18005550199") == ""
    assert judged(destinations(), canadian, "+12125550100") == "region"
    assert judged(destinations(), canadian, "+448081570123") == "region"


def test_the_freephone_numbers_of_one_region_are_not_those_of_its_neighbours() -> None:
    """Found by ten thousand random attempts: +1 849 1 is freephone in the Dominican Republic, and
    was let pass from New York because freephone numbers of +1 belonged to everybody."""
    assert facts_of("+18491092125").regions == {"DO"}
    assert judged(destinations(), business(), "+18491092125") == "region"


def test_without_regions_those_of_the_own_numbers_may_be_called() -> None:
    guard = destinations()
    both = Business(identifier="b", number="+12125550140", numbers=("+442079460958",))
    assert guard.regions(both) == {"US", "GB"}
    reps = Business(identifier="r", representatives=("+33142685300", "sip:a@example.com"))
    assert guard.regions(reps) == {"FR"}
    nothing = Business(identifier="n", representatives=("sip:a@example.com",))
    assert guard.regions(nothing) == {"US"}
    assert regions_of_country_code("44") == {"GB"}
    assert regions_of_country_code("999") == frozenset()


def test_prefixes_of_the_business_bar_and_allow_the_longer_one_counts() -> None:
    guard = destinations()
    who = business(barred=("+1212", "+1212555014"), allowed=("+121255501", "+3314"))
    assert judged(guard, who, "+12125550100") == ""
    assert judged(guard, who, "+12125550140") == "business_barred"
    assert judged(guard, who, "+12122340100") == "business_barred"
    assert judged(guard, who, "+33142685300") == ""
    assert judged(guard, who, "+33612345678") == "region"
    assert judged(guard, business(barred=("+",)), "+12125550100") == "business_barred"


def test_a_business_allows_nothing_that_the_carrier_bars_nor_any_kind_never_called() -> None:
    carrier = CarrierPolicy(
        barred=("+1212",), allowed=("+121255501", "+4430"), regions=("US", "GB")
    )
    guard = destinations(carrier)
    who = business(allowed=("+1", "+44", "+33"), regions=("GB", "FR"))
    assert judged(guard, who, "+12122340100") == "carrier_barred"
    assert judged(guard, who, "+12125550100") == ""
    assert judged(guard, who, "+19005550100") == "premium_rate"
    assert judged(guard, who, "+33142685300") == "carrier_region"
    assert judged(guard, who, "+443012345678") == "", "the carrier allows this access number"
    assert judged(guard, who, "+448701234567") == "premium_rate"


DECK = """
name = "d"
currency = "USD"
zone = "UTC"

[[rates]]
to = "+1"
from = "2026-01-01T00:00:00Z"
per_minute = "0.02"

[[rates]]
to = "+1242"
from = "2026-01-01T00:00:00Z"
barred = "no agreement"

[[rates]]
to = "+1876"
from = "2026-01-01T00:00:00Z"
per_minute = "0.31"
"""


def test_what_the_deck_does_not_sell_or_sells_too_dear_is_not_called() -> None:
    deck = parse_deck(DECK, "d")
    guard = destinations(deck_of=lambda business: deck)
    regions = ("US", "JM", "BS", "FR")
    who = business(regions=regions, ceilings={"+": "0.30", "+1876": "0.25"})
    assert judged(guard, who, "+12125550100") == ""
    assert judged(guard, who, "+18765550100") == "too_dear"
    assert judged(guard, who, "+12423456789") == "barred"
    assert judged(guard, who, "+33142685300") == "no_rate"
    rich = business(regions=regions, ceilings={"+": "0.30", "+1876": "0.31"})
    assert judged(guard, rich, "+18765550100") == ""
    barred = guard.judge(who, parse_address("+18765550100"), NOW_US)
    assert barred is not None
    assert barred.why == "a minute costs up to 0.31 USD, at most 0.25 USD for +1876"


def test_voice_over_ip_is_judged_by_host_and_a_number_before_the_at_as_that_number() -> None:
    guard = destinations(voip=VoipPolicy(["example.com", "192.0.2.0/24"]))
    who = business()
    assert judged(guard, who, "sip:ann@example.com") == ""
    assert judged(guard, who, "192.0.2.7") == ""
    assert judged(guard, who, "sip:ann@example.org") == "voice_over_ip"
    assert judged(guard, who, "sip:+12125550100@example.com") == ""
    assert judged(guard, who, "sip:+18765550100@example.com") == "region"
    assert judged(destinations(), who, "sip:+19005550100@example.com") == "premium_rate"


def test_a_changed_business_is_judged_by_what_it_is_now() -> None:
    guard = destinations()
    who = business()
    assert judged(guard, who, "+18765550100") == "region"
    again = msgspec.structs.replace(who, policy=CallPolicy(regions=("JM",)))
    assert judged(guard, again, "+18765550100") == ""
    assert judged(guard, who, "+18765550100") == "region"


def test_a_decision_that_is_known_takes_less_than_20_us() -> None:
    deck = parse_deck(DECK, "d")
    guard = destinations(
        CarrierPolicy(barred=("+19", "+1212976", "+44")), deck_of=lambda business: deck
    )
    who = business(barred=("+1900", "+18"), allowed=("+33",), ceilings={"+": "1"})
    address = parse_address("+12125550100")
    best = float("inf")
    for _ in range(5):
        began = time.process_time()
        for _ in range(1_000):
            guard.judge(who, address, NOW_US)
        best = min(best, time.process_time() - began)
    assert best / 1_000 < 20e-6


def test_the_region_of_an_area_code_is_that_of_each_of_its_numbers() -> None:
    """North American numbers are looked up by area code; the plans' library looks at each."""
    draw = random.Random(7)
    places: set[str] = set()
    for _ in range(4_000):
        number = f"+1{draw.randrange(2, 10)}{draw.randrange(10**9):09}"
        facts = facts_of(number)
        if not facts.kind and number[2] != "8":
            region = phonenumbers.region_code_for_number(phonenumbers.parse(number))
            assert facts.regions == {region}, number
            places.add(region)
    assert {"US", "CA"} <= places
    assert len(places) > 5
