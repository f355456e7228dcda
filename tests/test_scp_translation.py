"""An 800 number by time of day, day of week, zone, caller, percentage, and closed."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.scp.translation import Closed, Open, Translator
from calleq.topology import FreephoneNumber, RoutingRule, Share
from calleq.topology_services import DAYS
from calleq.units import HOUR_US, MINUTE_US, parse_utc

CENTRE, SECOND, NIGHT, WEST = "+12125550143", "+12125550144", "+12125550153", "+12125550106"


def to(*numbers: str, percent: int = 100) -> Share:
    return Share(numbers=numbers, percent=percent)


def service(*rules: RoutingRule, **more: Any) -> Translator:
    return Translator(FreephoneNumber(number="+18005550199", rules=rules, **more))


def first_of(translator: Translator, at: str, caller: str = "+12125550100") -> str:
    """Where the call goes first, or the words of the closed door."""
    found = translator.translate(caller, parse_utc(at))
    return found.numbers[0] if isinstance(found, Open) else f"closed: {found.text}"


OFFICE = service(
    RoutingRule(days=("mon", "tue", "wed", "thu", "fri"), start="08:00", end="18:00",
                shares=(to(CENTRE, SECOND),)),
    RoutingRule(days=("fri",), start="22:00", end="02:00", shares=(to(NIGHT),)),
    RoutingRule(closed_text="Good night."),
    zone="America/New_York",
)  # fmt: skip


@pytest.mark.parametrize(
    ("at", "goes_to"),
    [
        ("2026-01-05T12:59:59Z", "closed: Good night."),  # Monday, 07:59:59 in New York
        ("2026-01-05T13:00:00Z", CENTRE),
        ("2026-01-05T22:59:59Z", CENTRE),
        ("2026-01-05T23:00:00Z", "closed: Good night."),
        ("2026-07-06T11:59:59Z", "closed: Good night."),  # in summer the zone is an hour nearer
        ("2026-07-06T12:00:00Z", CENTRE),
        ("2026-01-10T02:59:00Z", "closed: Good night."),  # Friday, 21:59
        ("2026-01-10T03:00:00Z", NIGHT),
        ("2026-01-10T06:59:59Z", NIGHT),  # Saturday, 01:59:59: Friday's night
        ("2026-01-10T07:00:00Z", "closed: Good night."),
        ("2026-01-10T15:00:00Z", "closed: Good night."),
        ("2026-01-09T06:00:00Z", "closed: Good night."),  # Friday, 01:00: Thursday has no night
    ],
)
def test_day_and_time_are_those_of_the_services_zone(at: str, goes_to: str) -> None:
    assert first_of(OFFICE, at) == goes_to


def test_the_hour_that_clocks_show_twice_counts_twice() -> None:
    """On 1 November 2026 New York's clocks go from 02:00 back to 01:00."""
    night = service(
        RoutingRule(start="01:00", end="02:00", shares=(to(NIGHT),)), zone="America/New_York"
    )
    begins = parse_utc("2026-11-01T05:00:00Z")
    minutes = [night.translate("", begins + n * MINUTE_US) for n in range(180)]
    assert [isinstance(found, Open) for found in minutes] == [True] * 120 + [False] * 60


def test_without_a_fitting_rule_the_service_is_closed_without_a_word() -> None:
    weekend = service(RoutingRule(days=("sat", "sun"), shares=(to(CENTRE),)))
    assert weekend.translate("", parse_utc("2026-01-05T12:00:00Z")) == Closed("", None)


def test_callers_of_a_zone_go_to_their_own_centre() -> None:
    coasts = service(
        RoutingRule(callers=("+1415", "+1213"), shares=(to(WEST),)),
        RoutingRule(shares=(to(CENTRE),)),
    )
    noon = "2026-01-05T12:00:00Z"
    assert first_of(coasts, noon, "+14155550123") == WEST
    assert first_of(coasts, noon, "+12125550123") == CENTRE
    assert first_of(coasts, noon, "") == CENTRE, "a caller who is not known is from nowhere"


def test_the_numbers_of_a_share_are_the_overflow_in_their_order() -> None:
    found = OFFICE.translate("", parse_utc("2026-01-05T15:00:00Z"))
    assert found == Open((CENTRE, SECOND), 20_000_000, 0)


@given(
    percents=st.lists(st.integers(1, 98), min_size=1, max_size=4).filter(lambda p: sum(p) < 100),
    before=st.integers(0, 250),
)
def test_of_any_hundred_calls_each_share_has_its_percent(percents: list[int], before: int) -> None:
    percents = [*percents, 100 - sum(percents)]
    shares = tuple(
        to(f"+1212555{1000 + place}", percent=percent) for place, percent in enumerate(percents)
    )
    shared = service(RoutingRule(shares=shares))
    at_us = parse_utc("2026-01-05T12:00:00Z")
    chosen = Counter[str]()
    for call in range(before + 100):
        found = shared.translate("", at_us)
        assert isinstance(found, Open)
        chosen[found.numbers[0]] += call >= before
    assert [chosen[share.numbers[0]] for share in shares] == percents


@pytest.mark.parametrize("first", range(0, 100, 7))
def test_ten_calls_are_shared_about_right(first: int) -> None:
    shared = service(RoutingRule(shares=(to(CENTRE, percent=50), to(SECOND, percent=50))))
    at = "2026-01-05T12:00:00Z"
    calls = [first_of(shared, at) for _ in range(first + 10)][first:]
    assert 4 <= calls.count(CENTRE) <= 6


def test_each_rule_shares_out_its_own_calls() -> None:
    halves = (to(CENTRE, percent=50), to(SECOND, percent=50))
    both = service(RoutingRule(callers=("+1415",), shares=halves), RoutingRule(shares=halves))
    alone = service(RoutingRule(shares=halves))
    at = "2026-01-05T12:00:00Z"
    mixed = [first_of(both, at, "+14155550100" if n % 2 else "+12125550100") for n in range(40)]
    expected = [first_of(alone, at) for _ in range(20)]
    assert mixed[::2] == expected
    assert mixed[1::2] == expected


@given(
    at_us=st.integers(parse_utc("2020-01-01T00:00:00Z"), parse_utc("2040-01-01T00:00:00Z")),
    zone=st.sampled_from(("UTC", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe")),
    start=st.integers(0, 1439),
    end=st.integers(1, 1440),
)
def test_a_rule_and_its_counterpart_divide_the_day(
    at_us: int, zone: str, start: int, end: int
) -> None:
    """Whatever the instant: from one time to another, or from that one round to the first."""
    if start == end % 1440:
        return
    text = [f"{minute // 60:02}:{minute % 60:02}" for minute in (start, end, end % 1440, start)]
    one = service(RoutingRule(start=text[0], end=text[1], shares=(to(CENTRE),)), zone=zone)
    other = service(
        RoutingRule(start=text[2], end=text[3] if start else "24:00", shares=(to(NIGHT),)),
        zone=zone,
    )
    found = [isinstance(half.translate("", at_us), Open) for half in (one, other)]
    assert sum(found) == 1


def test_every_day_of_a_week_has_its_name() -> None:
    monday = parse_utc("2026-01-05T12:00:00Z")
    for place, day in enumerate(DAYS):
        only = service(RoutingRule(days=(day,), shares=(to(CENTRE),)))
        open_days = [
            isinstance(only.translate("", monday + 24 * n * HOUR_US), Open) for n in range(7)
        ]
        assert open_days.index(True) == place
        assert open_days.count(True) == 1
