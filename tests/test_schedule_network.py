"""Calls for later and further tries in whole networks on the virtual clock: legs, lines, wires."""

import json
from dataclasses import replace

import msgspec
import pytest

from calleq.accounts.principal import Principal
from calleq.intake.contract import FreeOfCharge, Held, Refusal, Wanted
from calleq.journal.entries import Accepted, Dialled
from calleq.osn.messages import LineFree, WatchLine, decode
from calleq.runtime.tap import Segment
from calleq.topology import Topology, load_topology
from calleq.topology_calendar import Retries
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, parse_utc, utc_text
from calleq.web.problems import ProblemDetail
from tests.virtual import OTHER_REPRESENTATIVE, REPRESENTATIVE, VirtualNetwork, number

OWNER = Principal("business_owner", "password", "abc", "abc")
DIAL_UP = number("10")
"""A computer on its line is on-line."""
BUSY, UNANSWERED = number("01"), number("02")


def retrying(**keys: object) -> Topology:
    figure1 = load_topology()
    businesses = tuple(
        msgspec.structs.replace(business, retries=Retries(**keys))  # type: ignore[arg-type]
        for business in figure1.businesses
    )
    return msgspec.structs.replace(figure1, businesses=businesses)


def dialled_at(network: VirtualNetwork, call: str) -> list[int]:
    return [
        stamped.at_us
        for stamped in network.journal.entries
        if isinstance(stamped.entry, Dialled) and stamped.entry.call == call
    ]


@pytest.mark.row("S2-15")
@pytest.mark.row("S2-35")
@pytest.mark.parametrize(
    ("desired", "zone", "instant"),
    [
        ("2026-01-05T17:30:00Z", None, "2026-01-05T17:30:00Z"),
        ("2026-01-05T12:30:00-05:00", None, "2026-01-05T17:30:00Z"),
        ("2026-01-05T12:30:00", "America/New_York", "2026-01-05T17:30:00Z"),
    ],
)
def test_no_leg_before_the_desired_time_and_the_first_within_a_second_of_it(
    desired: str, zone: str | None, instant: str
):
    network = VirtualNetwork()
    more = {} if zone is None else {"time_zone": zone}
    call = network.place(number("00"), REPRESENTATIVE, desired_time=desired, **more)
    due_us = parse_utc(instant)
    assert network.view(call).state == "scheduled"
    network.run_until(due_us - 1)
    assert network.dialled() == []
    assert network.rings(number("00")) == 0
    network.run_to_end(call)
    assert network.view(call).state == "completed"
    first_us = dialled_at(network, call)[0]
    assert 0 <= first_us - due_us <= SECOND_US
    assert network.rings(number("00")) == 1
    network.assert_at_rest()


@pytest.mark.row("S2-26")
@pytest.mark.parametrize(
    ("now", "desired", "zone", "instant"),
    [
        # The clocks of New York are put forward at 2: the first instant after.
        ("2026-03-07T17:00:00Z", "2026-03-08T02:30:00", "America/New_York", "2026-03-08T07:00:00Z"),
        # Those of Sydney are put back at 3: the first of two.
        ("2026-04-04T02:00:00Z", "2026-04-05T02:30:00", "Australia/Sydney", "2026-04-04T15:30:00Z"),
    ],
)
def test_a_call_over_the_change_of_the_clocks(now: str, desired: str, zone: str, instant: str):
    network = VirtualNetwork(start_us=parse_utc(now))
    call = network.place(
        number("00"), REPRESENTATIVE, desired_time=desired, time_zone=zone, confirmed=True
    )
    network.run_until(parse_utc(instant) - 1)
    assert network.dialled() == []
    network.run_to_end(call)
    assert 0 <= dialled_at(network, call)[0] - parse_utc(instant) <= SECOND_US


@pytest.mark.row("S2-36")
def test_blank_null_and_absent_all_dial_at_once():
    for wish in ({"desired_time": ""}, {"desired_time": None}, {}):
        network = VirtualNetwork()
        call = network.place(number("00"), REPRESENTATIVE, **wish)
        network.clock.advance_us(SECOND_US)
        assert len(dialled_at(network, call)) >= 1


def test_a_named_representative_who_is_busy_at_that_time_is_hunted_past_as_ever():
    network = VirtualNetwork(talk_us=MINUTE_US)
    due_us = network.clock.now_us() + 9 * HOUR_US
    call = network.place(number("00"), REPRESENTATIVE, desired_time=utc_text(due_us))
    network.run_until(due_us - 40 * SECOND_US)
    other = network.place(number("06"), REPRESENTATIVE)
    network.run_to_end(call, other)
    assert [network.view(one).state for one in (call, other)] == ["completed"] * 2
    agents = [leg.number for leg in network.view(call).legs if leg.leg == "agent"]
    assert agents[-1] == OTHER_REPRESENTATIVE
    assert network.rings(REPRESENTATIVE) == 1


@pytest.mark.row("S2-79", part=True)
def test_a_scheduled_call_survives_the_end_of_its_process():
    before = VirtualNetwork()
    due_us = before.clock.now_us() + 9 * HOUR_US
    call = before.place(number("00"), REPRESENTATIVE, desired_time=utc_text(due_us))
    before.clock.advance_us(MINUTE_US)
    after = VirtualNetwork(entries=before.journal.entries, start_us=before.clock.now_us())
    assert after.view(call).state == "scheduled"
    after.run_until(due_us)
    after.run_to_end(call)
    assert after.view(call).state == "completed"
    assert 0 <= dialled_at(after, call)[0] - due_us <= SECOND_US


# Further tries.


def test_a_customer_who_does_not_answer_is_called_again_so_often_and_no_more():
    network = VirtualNetwork(retrying(tries=3, spacing_s=60))
    first = network.place(UNANSWERED, REPRESENTATIVE)
    network.run_to_end(first)
    second = network.view(first).retried_as
    assert second is not None
    network.run_to_end(second)
    third = network.view(second).retried_as
    assert third is not None
    network.run_to_end(third)
    views = [network.view(call) for call in (first, second, third)]
    assert [view.state for view in views] == ["customer_no_answer"] * 3
    assert [view.try_number for view in views] == [1, 2, 3]
    assert [view.retry_of for view in views] == [None, first, second]
    assert [view.retried_as for view in views] == [second, third, None]
    assert network.rings(UNANSWERED) == 3
    assert network.rings(REPRESENTATIVE) == 0
    for call, then in ((first, second), (second, third)):
        ended = parse_utc(network.view(call).ended_at or "")
        assert 0 <= dialled_at(network, then)[0] - ended - MINUTE_US <= SECOND_US
    network.clock.advance_us(HOUR_US)
    assert len([e for e in network.journal.entries if isinstance(e.entry, Accepted)]) == 3
    records = network.records()
    assert [records[call].state for call in (first, second, third)] == ["customer_no_answer"] * 3


def test_no_try_begins_after_the_window():
    network = VirtualNetwork(retrying(tries=10, spacing_s=60, window_s=60))
    first = network.place(BUSY, REPRESENTATIVE)
    network.run_to_end(first)
    assert network.view(first).state == "customer_busy"
    assert network.view(first).retried_as is None
    assert [event.detail for event in network.events(first) if event.event == "not_retried"] == [
        "window"
    ]


def test_a_further_try_can_be_cancelled_and_a_state_that_is_not_wanted_is_not_tried_again():
    network = VirtualNetwork(retrying(tries=3, spacing_s=60, states=("customer_busy",)))
    unanswered = network.place(UNANSWERED, REPRESENTATIVE)
    network.run_to_end(unanswered)
    assert network.view(unanswered).retried_as is None
    assert all(event.event != "not_retried" for event in network.events(unanswered))


def test_who_asked_never_to_be_called_again_is_not_tried_again():
    network = VirtualNetwork(retrying(tries=3, spacing_s=60))
    first = network.place(UNANSWERED, REPRESENTATIVE)
    network.clock.advance_us(SECOND_US)
    assert network.network.intake is not None
    network.network.intake.do_not_call.add("abc", UNANSWERED)
    network.run_to_end(first)
    told = [event.detail for event in network.events(first) if event.event == "not_retried"]
    assert told == ["do_not_call"]


def test_a_process_that_died_before_it_decided_about_a_further_try_decides_afterwards():
    before = VirtualNetwork(retrying(tries=2, spacing_s=60))
    first = before.place(UNANSWERED, REPRESENTATIVE)
    before.run_to_end(first)
    entries = before.journal.entries
    second = before.view(first).retried_as
    cut = next(
        index
        for index, stamped in enumerate(entries)
        if isinstance(stamped.entry, Accepted) and stamped.entry.call == second
    )
    ended_us = entries[cut - 1].at_us
    topology = retrying(tries=2, spacing_s=60)
    after = VirtualNetwork(topology, entries=entries[:cut], start_us=ended_us + SECOND_US)
    again = after.view(first).retried_as
    assert again is not None
    after.run_to_end(again)
    assert after.view(again).try_number == 2
    # ... and one that had decided does not decide again.
    known = VirtualNetwork(topology, entries=entries, start_us=before.clock.now_us())
    assert known.view(first).retried_as == second
    accepted = [one for one in known.journal.entries if isinstance(one.entry, Accepted)]
    assert accepted == []


def test_money_is_held_anew_for_a_further_try_or_there_is_none():
    class Purse(FreeOfCharge):
        left = 2

        def hold(self, wanted: Wanted, now_us: int) -> Held | Refusal:
            if self.left == 0:
                return Refusal(ProblemDetail(status=402, code="funds", title="Funds"), "funds")
            self.left -= 1
            return Held({"account": "abc", "try": wanted.try_number})

    network = VirtualNetwork(retrying(tries=3, spacing_s=60))
    intake = network.network.intake
    assert intake is not None
    intake.beside = replace(intake.beside, charging=Purse())
    intake.further_tries._beside = intake.beside
    first = network.place(UNANSWERED, REPRESENTATIVE)
    network.run_to_end(first)
    second = network.view(first).retried_as or ""
    network.run_to_end(second)
    assert network.view(second).held == {"account": "abc", "try": 2}
    told = [event.detail for event in network.events(second) if event.event == "not_retried"]
    assert (told, network.view(second).retried_as) == (["funds"], None)


@pytest.mark.parametrize("way", ["canceled", "expired"])
def test_a_call_that_was_never_begun_has_a_record_of_no_leg(way: str):
    network = VirtualNetwork()
    due_us = network.clock.now_us() + 9 * HOUR_US
    call = network.place(number("00"), REPRESENTATIVE, desired_time=utc_text(due_us))
    if way == "canceled":
        network.server.cancel(call, "abc", OWNER, lambda problem: None)
    else:
        network.clock.step_wall_us(10 * HOUR_US)
    network.clock.advance_us(SECOND_US)
    record = network.records()[call]
    assert (record.state, record.legs, network.view(call).final) == (way, (), True)
    assert network.dialled() == []


# When a line is free (S2-84).


def osn(network: VirtualNetwork) -> list[WatchLine | LineFree]:
    messages = [
        decode(captured.octets)
        for captured in network.tap.captures()
        if captured.segment is Segment.OSN
    ]
    return [one for one in messages if isinstance(one, WatchLine | LineFree)]


@pytest.mark.row("S2-84")
def test_a_customer_who_is_on_line_by_dial_up_is_called_as_soon_as_the_line_is_free():
    network = VirtualNetwork(retrying(tries=2, spacing_s=1_800))
    first = network.place(DIAL_UP, REPRESENTATIVE)
    network.run_to_end(first)
    assert network.view(first).state == "customer_busy"
    assert network.rings(REPRESENTATIVE) == 0
    second = network.view(first).retried_as
    assert second is not None
    assert network.view(second).state == "scheduled"
    network.clock.advance_us(5 * MINUTE_US)
    network.hang_up(DIAL_UP)
    freed_us = network.clock.now_us()
    network.run_to_end(second)
    assert 0 <= dialled_at(network, second)[0] - freed_us <= SECOND_US
    assert network.view(second).state == "completed"
    assert [type(message).__name__ for message in osn(network)] == ["WatchLine", "LineFree"]
    assert json.dumps([event.event for event in network.events(second)]).count("rescheduled") == 1


def test_a_line_that_stays_busy_is_tried_after_the_spacing_all_the_same():
    network = VirtualNetwork(retrying(tries=2, spacing_s=60))
    first = network.place(DIAL_UP, REPRESENTATIVE)
    network.run_to_end(first)
    second = network.view(first).retried_as
    assert second is not None
    network.run_to_end(second)
    assert network.view(second).state == "customer_busy"
    network.clock.advance_us(2 * HOUR_US)
    assert len([one for one in osn(network) if isinstance(one, WatchLine)]) == 1


def test_lines_are_watched_only_where_the_business_wants_it():
    network = VirtualNetwork(retrying(tries=2, spacing_s=60, when_free=False))
    network.run_to_end(network.place(DIAL_UP, REPRESENTATIVE))
    assert osn(network) == []


def test_a_cancelled_try_is_not_made_when_its_line_becomes_free():
    network = VirtualNetwork(retrying(tries=2, spacing_s=1_800))
    first = network.place(DIAL_UP, REPRESENTATIVE)
    network.run_to_end(first)
    second = network.view(first).retried_as or ""
    told: list[object] = []
    network.server.cancel(second, "abc", OWNER, told.append)
    network.clock.advance_us(SECOND_US)
    assert told == [None]
    network.hang_up(DIAL_UP)
    network.clock.advance_us(MINUTE_US)
    assert network.view(second).state == "canceled"
    assert dialled_at(network, second) == []
    assert network.server.ignored["late_line_free"] == 1
