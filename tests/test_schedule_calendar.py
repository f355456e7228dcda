"""Local time where clocks are put forward and back, hours of businesses, nights of customers."""

import json
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calleq.accounts.principal import Principal
from calleq.intake.contract import Refusal, Wanted, When
from calleq.messages import CallInitiation, CallRequest, MessageError, decode, desired_time_us
from calleq.numbering import parse_address
from calleq.schedule.calendar import BusinessCalendar
from calleq.schedule.hours import next_opening_us, open_until_us
from calleq.topology import Business, TopologyError, load_topology
from calleq.topology_calendar import Calendar, Opening, Retries
from calleq.units import MINUTE_US, parse_utc
from calleq.zones import instant_us, local_time, zone_of

NOON_US = parse_utc("2026-11-20T12:00:00Z")


def desired(text: str | None, zone: str | None = None) -> int | None:
    body = {"web_server_address": "w", "customer_id": "c", "desired_time": text, "time_zone": zone}
    return desired_time_us(decode(CallRequest, json.dumps(body).encode()))


@pytest.mark.row("S2-26")
@pytest.mark.parametrize(
    ("wall", "zone", "instant"),
    [
        # An ordinary day, north and south of the equator.
        ("2026-07-01T12:00:00", "America/New_York", "2026-07-01T16:00:00Z"),
        ("2026-07-01T12:00", "Australia/Sydney", "2026-07-01T02:00:00Z"),
        # Clocks are put forward from 2 to 3: half past two does not exist; the first instant after.
        ("2026-03-08T01:59:59", "America/New_York", "2026-03-08T06:59:59Z"),
        ("2026-03-08T02:00:00", "America/New_York", "2026-03-08T07:00:00Z"),
        ("2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:00:00Z"),
        ("2026-03-08T03:00:00", "America/New_York", "2026-03-08T07:00:00Z"),
        ("2026-03-29T02:30:00", "Europe/Berlin", "2026-03-29T01:00:00Z"),
        ("2026-10-04T02:30:00", "Australia/Sydney", "2026-10-03T16:00:00Z"),
        ("2026-09-27T02:45:00", "Pacific/Auckland", "2026-09-26T14:00:00Z"),
        # By half an hour only; over midnight; a whole day that never was.
        ("2026-10-04T02:15:00", "Australia/Lord_Howe", "2026-10-03T15:30:00Z"),
        ("2018-11-04T00:30:00", "America/Sao_Paulo", "2018-11-04T03:00:00Z"),
        ("2011-12-30T12:00:00", "Pacific/Apia", "2011-12-30T10:00:00Z"),
        # Clocks are put back: one o'clock exists twice; the first of the two.
        ("2026-11-01T01:30:00", "America/New_York", "2026-11-01T05:30:00Z"),
        ("2026-11-01T02:00:00", "America/New_York", "2026-11-01T07:00:00Z"),
        ("2026-10-25T02:30:00", "Europe/Berlin", "2026-10-25T00:30:00Z"),
        ("2026-04-05T02:30:00", "Australia/Sydney", "2026-04-04T15:30:00Z"),
        ("2026-04-05T03:00:00", "Australia/Sydney", "2026-04-04T17:00:00Z"),
        ("2026-04-05T02:59:59", "Pacific/Auckland", "2026-04-04T13:59:59Z"),
    ],
)
def test_a_wall_time_means_one_instant(wall: str, zone: str, instant: str):
    assert desired(wall, zone) == parse_utc(instant)


@pytest.mark.row("S2-26")
def test_an_offset_is_what_counts_where_there_is_one():
    assert desired("2026-03-08T02:30:00-05:00") == parse_utc("2026-03-08T07:30:00Z")
    assert desired("2026-03-08T02:30:00-05:00", "Asia/Tokyo") == parse_utc("2026-03-08T07:30:00Z")


ZONES = [
    "America/New_York",
    "Europe/London",
    "Australia/Sydney",
    "Australia/Lord_Howe",
    "Pacific/Auckland",
    "America/Santiago",
    "Africa/Casablanca",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/St_Johns",
]


@settings(max_examples=300, deadline=None)
@given(
    zone=st.sampled_from(ZONES),
    minutes=st.integers(0, 20 * 366 * 24 * 60),
)
def test_the_first_instant_at_which_the_wall_shows_that_time_or_a_later_one(
    zone: str, minutes: int
):
    found_zone = ZoneInfo(zone)
    wall = datetime(2010, 1, 1) + timedelta(minutes=minutes)
    found = instant_us(wall, found_zone)
    assert local_time(found, found_zone).replace(tzinfo=None) >= wall
    # nobody's clock has ever been put forward by more than a day or back by more than three hours
    earlier = [found - step * MINUTE_US for step in (1, 15, 30, 60, 90, 120, 180)]
    assert all(local_time(at, found_zone).replace(tzinfo=None) < wall for at in earlier)


@pytest.mark.parametrize(
    ("fields", "pointer", "code"),
    [
        ({"desired_time": "2026-11-21T10:00:00"}, "/time_zone", "missing"),
        ({"desired_time": "2026-11-21T10:00:00", "time_zone": "EST9"}, "/time_zone", "time_zone"),
        ({"time_zone": "../../etc/passwd"}, "/time_zone", "time_zone"),
        ({"time_zone": "America"}, "/time_zone", "time_zone"),
        ({"time_zone": "ü"}, "/time_zone", "time_zone"),
        ({"time_zone": "UTC", "desired_time": "2026-02-30T10:00"}, "/desired_time", "time"),
        ({"time_zone": "UTC", "desired_time": "9999-12-31T23:59"}, "/desired_time", "time"),
        ({"confirmed": 1}, "/confirmed", "bool_type"),
    ],
)
def test_what_is_no_time_or_no_zone_names_the_field(fields: dict, pointer: str, code: str):
    body = {"business_id": "abc", "customer_number": "+12125550100", **fields}
    with pytest.raises(MessageError) as refused:
        decode(CallInitiation, json.dumps(body).encode())
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [(pointer, code)]


# Hours.

NEW_YORK = ZoneInfo("America/New_York")
OFFICE = Opening(days=("mon", "tue", "wed", "thu", "fri"), begin="09:00", end="17:00")
NIGHT = Opening(days=("fri", "sat"), begin="20:00", end="02:30")


def at(text: str) -> int:
    return parse_utc(text)


@pytest.mark.parametrize(
    ("now", "opens"),
    [
        ("2026-11-20T08:59:59-05:00", "2026-11-20T09:00:00-05:00"),
        ("2026-11-20T09:00:00-05:00", "2026-11-20T09:00:00-05:00"),
        ("2026-11-20T16:59:59-05:00", "2026-11-20T16:59:59-05:00"),
        ("2026-11-20T17:00:00-05:00", "2026-11-23T09:00:00-05:00"),
        # Over the weekend on which clocks are put back an hour: nine is nine.
        ("2026-10-30T18:00:00-04:00", "2026-11-02T09:00:00-05:00"),
    ],
)
def test_the_next_opening(now: str, opens: str):
    assert next_opening_us((OFFICE,), (), NEW_YORK, at(now)) == at(opens)


def test_an_opening_over_midnight_belongs_to_the_day_on_which_it_begins():
    def is_open(text: str) -> bool:
        return open_until_us((NIGHT,), ("2026-11-21",), NEW_YORK, at(text)) is not None

    assert is_open("2026-11-20T20:00:00-05:00")
    assert is_open("2026-11-21T02:29:59-05:00")
    assert not is_open("2026-11-21T02:30:00-05:00")
    assert not is_open("2026-11-21T20:00:00-05:00"), "closed that day"
    assert is_open("2026-11-28T21:00:00-05:00")


def test_an_opening_while_clocks_change():
    early = Opening(begin="02:30", end="03:00")
    spring, autumn = at("2026-03-08T00:00:00-05:00"), at("2026-11-01T00:00:00-04:00")
    next_day = at("2026-03-09T02:30:00-04:00")
    assert next_opening_us((early,), (), NEW_YORK, spring) == next_day, "nothing of it is left"
    assert next_opening_us((NIGHT,), (), NEW_YORK, at("2026-03-07T21:00:00-05:00")) is not None
    twice = Opening(begin="01:00", end="02:00")
    assert next_opening_us((twice,), (), NEW_YORK, autumn) == at("2026-11-01T01:00:00-04:00")
    assert open_until_us((twice,), (), NEW_YORK, at("2026-11-01T01:30:00-05:00")), "both hours"


def test_who_never_opens_is_closed():
    assert next_opening_us((Opening(days=()),), (), NEW_YORK, NOON_US) is None


# What a calendar decides.


def decided(
    text: str | None, customer: str = "+12125550100", now: int = NOON_US, **more: object
) -> When | Refusal:
    calendar = Calendar(**more.pop("calendar", {}))  # type: ignore[arg-type]
    business = Business(identifier="abc", calendar=calendar)
    wanted = Wanted(
        call="0" * 26,
        business=business,
        by=Principal("business_owner", "password", "abc"),
        customer=parse_address(customer),
        representative=None,
        content=more,
        desired_us=None if text is None else parse_utc(text),
    )
    return BusinessCalendar().decide(wanted, now)


def refused(decision: When | Refusal) -> tuple[str, str]:
    assert isinstance(decision, Refusal)
    [fault] = decision.problem.errors
    return fault.pointer, str(fault.code)


def test_now_is_allowed_at_night_and_later_is_not():
    night = at("2026-11-20T03:00:00-05:00")
    assert decided(None, now=night) == When(night)
    assert refused(decided("2026-11-20T07:59:00-05:00", now=night)) == ("/confirmed", "quiet_hours")
    eight = at("2026-11-20T08:00:00-05:00")
    assert decided("2026-11-20T08:00:00-05:00", now=night) == When(eight, eight + 15 * MINUTE_US)
    assert refused(decided("2026-11-20T21:00:00-05:00", now=night))[1] == "quiet_hours"
    assert decided("2026-11-20T20:59:59-05:00", now=night) != When(night)
    late = decided("2026-11-20T23:00:00-05:00", now=night, confirmed=True)
    assert isinstance(late, When)


@pytest.mark.parametrize(
    ("customer", "time", "asked"),
    [
        ("+12125550100", "2026-11-21T15:00:00Z", None),
        ("+442079460000", "2026-11-21T20:59:00Z", None),
        # All of Australia is awake; half of it is; toll-free: anywhere in North America.
        ("+61412345678", "2026-11-21T02:00:00Z", None),
        ("+61412345678", "2026-11-21T11:30:00Z", "/time_zone"),
        ("+18005550100", "2026-11-21T14:00:00Z", "/time_zone"),
        # Nothing is known of satellites, and of addresses.
        ("+87012345678", "2026-11-21T14:00:00Z", "/time_zone"),
        ("sip:alice@example.com", "2026-11-21T14:00:00Z", "/time_zone"),
    ],
)
def test_a_zone_from_the_number_is_only_a_hint(customer: str, time: str, asked: str | None):
    decision = decided(time, customer)
    if asked is None:
        assert isinstance(decision, When)
    else:
        assert refused(decision) == (asked, "time_zone_needed")
        assert isinstance(decided(time, customer, confirmed=True), When)


def test_a_zone_that_is_given_counts_more_than_the_number():
    four_in_tokyo = "2026-11-20T19:00:00Z"
    assert isinstance(decided(four_in_tokyo), When)
    assert refused(decided(four_in_tokyo, time_zone="Asia/Tokyo"))[1] == "quiet_hours"
    assert isinstance(decided("2026-11-21T01:00:00Z", time_zone="Asia/Tokyo"), When)


def test_quiet_hours_can_be_others_or_none():
    late = "2026-11-20T22:30:00-05:00"
    assert isinstance(decided(late, calendar={"quiet_begin": "23:00"}), When)
    none = {"quiet_begin": "00:00", "quiet_end": "00:00"}
    assert isinstance(decided(late, "sip:alice@example.com", calendar=none), When)


def test_a_call_held_until_the_opening_must_not_wake_the_customer():
    hours = (Opening(begin="09:00", end="17:00"),)
    calendar = {"zone": "Asia/Tokyo", "hours": hours, "when_closed": "hold"}
    nine_in_tokyo = decided("2026-11-20T22:00:00Z", calendar=calendar)
    assert isinstance(nine_in_tokyo, When), "seven in the evening in New York"
    assert nine_in_tokyo.due_us == at("2026-11-21T00:00:00Z")
    calendar = {"zone": "Europe/Berlin", "hours": hours, "when_closed": "hold"}
    assert refused(decided("2026-11-20T20:00:00Z", calendar=calendar))[1] == "quiet_hours"


def test_the_past_and_the_far_future_are_refused():
    assert refused(decided("2026-11-20T11:58:59Z")) == ("/desired_time", "passed")
    assert decided("2026-11-20T11:59:30Z") == When(NOON_US)
    assert refused(decided("2026-12-20T12:00:01Z")) == ("/desired_time", "too_far_ahead")
    assert isinstance(decided("2026-12-20T12:00:00Z", confirmed=True), When)
    assert refused(decided("9998-12-20T12:00:00Z")) == ("/desired_time", "too_far_ahead")


@pytest.mark.parametrize(
    "keys",
    [
        'calendar = {zone = "Middle/Earth"}',
        'calendar = {hours = [{days = ["monday"]}]}',
        'calendar = {hours = [{begin = "25:00"}]}',
        'calendar = {hours = [{begin = "24:00"}]}',
        'calendar = {closed_days = ["25.12.2026"]}',
        'calendar = {quiet_begin = "9 pm"}',
        "calendar = {ahead_days = 0}",
        "calendar = {expires_s = 1}",
        'calendar = {when_closed = "ring"}',
        "retries = {tries = 11}",
        "retries = {spacing_s = 0}",
        "retries = {window_s = 1}",
        'retries = {states = ["completed"]}',
    ],
)
def test_keys_that_do_not_fit_are_refused_by_the_topology(tmp_path, keys: str):
    file = tmp_path / "network.toml"
    business = '[[businesses]]\nidentifier = "z"\npassword = "z"\nnumber = "+12125550199"\n'
    whole = (load_topology_text() + business + keys + "\n").encode()
    file.write_bytes(whole)
    with pytest.raises(TopologyError, match=keys.split()[0]):
        load_topology(file)


def load_topology_text() -> str:
    from importlib.resources import files

    return (files("calleq") / "data" / "figure1.toml").read_text()


def test_good_keys_are_taken():
    assert Calendar(zone="Europe/Berlin", hours=(OFFICE, NIGHT)).wrong() is None
    assert Retries(tries=3).wrong() is None
    assert Opening(begin="22:00", end="06:00").wrong() == ""
    assert zone_of("Europe/Berlin") is not None
    assert local_time(0, zone_of("UTC") or NEW_YORK) == datetime(1970, 1, 1, tzinfo=UTC)
