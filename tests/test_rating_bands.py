"""Time bands by the wall clock, over changes of the clock in both hemispheres."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calleq.rating import RatingError
from calleq.units import parse_utc
from tests.rating_decks import EVERY_DAY, band, week

WEEKEND = frozenset((5, 6))


def named(spans: str) -> list[tuple[int, int, str]]:
    """`0-1800 standard, 1800-7200 night` as spans."""
    found = []
    for part in spans.split(", "):
        ends, name = part.split(" ")
        begin, end = ends.split("-")
        found.append((int(begin), int(end), name))
    return found


CLOCK_CHANGES = [
    # Berlin, 29 March: 02:00 becomes 03:00. From 01:30 on, the hour from 2 to 3 never comes.
    ("Europe/Berlin", "02:00", "03:00", "2026-03-29T00:30:00Z", "0-7200 standard"),
    # 25 October: 03:00 becomes 02:00. From 01:30 on, it comes twice.
    (
        "Europe/Berlin",
        "02:00",
        "03:00",
        "2026-10-24T23:30:00Z",
        "0-1800 standard, 1800-9000 x, 9000-14400 standard",
    ),
    # New York, 8 March: the night from 19:00 to 07:00 is an hour shorter. From 01:00 EST.
    (
        "America/New_York",
        "19:00",
        "07:00",
        "2026-03-08T06:00:00Z",
        "0-18000 x, 18000-21600 standard",
    ),
    # 1 November: an hour longer. From 01:00 EDT.
    (
        "America/New_York",
        "19:00",
        "07:00",
        "2026-11-01T05:00:00Z",
        "0-25200 x, 25200-28800 standard",
    ),
    # Sydney, 5 April: 03:00 becomes 02:00. From 01:30 AEDT.
    (
        "Australia/Sydney",
        "02:00",
        "03:00",
        "2026-04-04T14:30:00Z",
        "0-1800 standard, 1800-9000 x, 9000-14400 standard",
    ),
    # 4 October: 02:00 becomes 03:00. From 01:30 AEST.
    ("Australia/Sydney", "02:00", "03:00", "2026-10-03T15:30:00Z", "0-7200 standard"),
    # Santiago, 4 April: midnight becomes 23:00, still Saturday. From 22:30.
    (
        "America/Santiago",
        "23:00",
        "24:00",
        "2026-04-05T01:30:00Z",
        "0-1800 standard, 1800-9000 x, 9000-10800 standard",
    ),
    # 6 September: midnight becomes 01:00. From 23:30 of the day before.
    ("America/Santiago", "00:00", "01:00", "2026-09-06T03:30:00Z", "0-7200 standard"),
    # Lord Howe changes by half an hour: on 5 April 02:00 becomes 01:30. From 01:00.
    (
        "Australia/Lord_Howe",
        "01:30",
        "02:00",
        "2026-04-04T14:00:00Z",
        "0-1800 standard, 1800-5400 x, 5400-7200 standard",
    ),
    # 4 October: 02:00 becomes 02:30. From 01:45, a band from 02:00 to 02:45 has 15 minutes.
    (
        "Australia/Lord_Howe",
        "02:00",
        "02:45",
        "2026-10-03T15:15:00Z",
        "0-900 standard, 900-1800 x, 1800-3600 standard",
    ),
    # No change at all: Tokyo.
    ("Asia/Tokyo", "00:00", "12:00", "2026-03-29T02:59:59Z", "0-1 x, 1-60 standard"),
]


@pytest.mark.parametrize(("zone", "begin", "end", "start", "spans"), CLOCK_CHANGES)
def test_bands_follow_the_wall_clock(zone: str, begin: str, end: str, start: str, spans: str):
    expected = named(spans)
    bands = week(zone, band("x", begin, end))
    assert list(bands.spans(parse_utc(start), expected[-1][1])) == expected


def test_a_band_over_midnight_belongs_to_the_day_on_which_it_begins():
    friday_night = week("UTC", band("x", "22:00", "02:00", frozenset((4,))))
    assert friday_night.band_at(parse_utc("2026-06-12T21:59:59.999999Z")) == "standard"
    assert friday_night.band_at(parse_utc("2026-06-12T22:00:00Z")) == "x"
    assert friday_night.band_at(parse_utc("2026-06-13T01:59:59Z")) == "x"
    assert friday_night.band_at(parse_utc("2026-06-13T02:00:00Z")) == "standard"
    assert friday_night.band_at(parse_utc("2026-06-12T01:00:00Z")) == "standard"


def test_a_band_may_hold_all_day_and_run_over_the_end_of_the_week():
    weekend = week("UTC", band("weekend", "00:00", "24:00", WEEKEND))
    spans = list(weekend.spans(parse_utc("2026-06-12T23:59:00Z"), 3 * 86_400))
    assert spans == [
        (0, 60, "standard"),
        (60, 60 + 2 * 86_400, "weekend"),
        (60 + 2 * 86_400, 3 * 86_400, "standard"),
    ]
    sunday = week("UTC", band("late", "23:00", "01:00", frozenset((6,))))
    spans = list(sunday.spans(parse_utc("2026-06-14T23:30:00Z"), 7_200))
    assert spans == [(0, 5_400, "late"), (5_400, 7_200, "standard")]


def test_bands_that_overlap_are_refused_with_the_time_at_which_they_do():
    with pytest.raises(RatingError, match="'night' and 'dawn' both hold at sat 05:00"):
        week("UTC", band("night", "22:00", "06:00"), band("dawn", "05:00", "07:00", WEEKEND))


def test_a_band_may_be_the_second_minute_of_the_week():
    short = week("UTC", band("x", "00:01", "00:02", frozenset((0,))))
    monday_us = parse_utc("2026-06-08T00:00:00Z")
    assert list(short.spans(monday_us, 180)) == named("0-60 standard, 60-120 x, 120-180 standard")


def test_no_length_has_no_spans():
    assert list(week().spans(0, 0)) == []


ZONES = [
    "Europe/Berlin",
    "America/New_York",
    "Australia/Sydney",
    "America/Santiago",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "Africa/Casablanca",
    "Pacific/Chatham",
]
CHANGES = [
    "2026-03-08T07:00",
    "2026-03-29T01:00",
    "2026-04-04T14:00",
    "2026-04-04T15:00",
    "2026-04-05T03:00",
    "2026-09-06T04:00",
    "2026-10-03T16:00",
    "2026-11-01T06:00",
]


@given(
    st.sampled_from(ZONES),
    st.sampled_from(CHANGES),
    st.integers(-6 * 3_600, 3_600),
    st.integers(0, 1_439),
    st.integers(0, 1_439),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.lists(st.integers(0, 8 * 3_600 - 1), max_size=20),
)
def test_every_second_has_the_band_that_a_clock_on_the_wall_shows(
    zone: str,
    change: str,
    before: int,
    begin: int,
    end: int,
    days: frozenset[int],
    seconds: list[int],
):
    start = datetime.fromisoformat(f"{change}:00+00:00") + timedelta(seconds=before)
    start_us = parse_utc(start.isoformat())
    texts = [f"{at // 60:02d}:{at % 60:02d}" for at in (begin, end)]
    bands = week(zone, band("x", texts[0], texts[1], days))
    spans = list(bands.spans(start_us, 8 * 3_600))
    assert [first[1] for first in spans[:-1]] == [after[0] for after in spans[1:]]
    assert (spans[0][0], spans[-1][1]) == (0, 8 * 3_600)
    edges = [edge + by for first, last, _ in spans for edge in (first, last) for by in (-1, 0)]
    for second in (*seconds, *(edge for edge in edges if 0 <= edge < 8 * 3_600)):
        wall = (start + timedelta(seconds=second)).astimezone(ZoneInfo(zone))
        clock = wall.hour * 60 + wall.minute
        today, yesterday = wall.weekday() in days, (wall.weekday() - 1) % 7 in days
        if begin < end:
            inside = today and begin <= clock < end
        else:
            inside = (today and clock >= begin) or (yesterday and clock < end)
        (found,) = [name for first, last, name in spans if first <= second < last]
        assert found == ("x" if inside else "standard"), wall
        assert bands.band_at(start_us + second * 1_000_000) == found


def test_the_days_of_the_tests_are_what_they_are_said_to_be():
    assert datetime(2026, 6, 12, tzinfo=UTC).weekday() == 4
    assert EVERY_DAY >= WEEKEND
