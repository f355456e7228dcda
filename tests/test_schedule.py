"""Calls for later at the door: when they are begun, moved, cancelled, expired; and restarts."""

import json
import random
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calleq.accounts.principal import Principal
from calleq.intake.contract import Beside, NoGuards, Refusal
from calleq.journal.entries import Accepted, Cancelled, Ended, Progress, Rescheduled, Stamped
from calleq.journal.file import JournalFull
from calleq.journal.segments import Unfinished
from calleq.messages.answers import CallAccepted, CallView
from calleq.messages.new_time import NewTime
from calleq.schedule import BusinessCalendar, ScheduleStore, StoreDamaged
from calleq.schedule import schedule as schedule_module
from calleq.topology import Business
from calleq.topology_calendar import Calendar, Opening
from calleq.units import HOUR_US, MINUTE_US, SECOND_US, utc_text
from calleq.web.problems import ProblemDetail
from tests.door import MORNING_US, Door, message

OWNER = Principal("business_owner", "password", "abc", "abc", "key-1")
AT_TEN = "2026-11-21T10:00:00-05:00"
"""Five hours after the scene begins; ten in the morning for the customer."""
TEN_US = MORNING_US + 5 * HOUR_US


def business(**calendar: Any) -> Business:
    return Business(
        identifier="abc",
        name="ABC",
        password="abc-demo",
        number="+12125550140",
        representatives=("+12125550143",),
        calendar=Calendar(**calendar),
    )


def octets(**fields: object) -> bytes:
    return json.dumps(message(**fields)).encode()


def later(door: Door, at: str = AT_TEN, **fields: object) -> str:
    reply = door.submit(octets(desired_time=at, **fields))
    assert isinstance(reply.view, CallAccepted), reply
    assert (reply.status, reply.view.state) == (202, "scheduled")
    return reply.view.call


def view(door: Door, call: str) -> CallView:
    found = door.server.call(call, "abc")
    assert found is not None
    return found


def events(door: Door, call: str) -> list[str]:
    page = door.server.events(call, "abc", 0)
    assert page is not None
    return [event.event for event in page.events]


class Told:
    """What somebody was answered."""

    def __init__(self) -> None:
        self.answers: list[ProblemDetail | None] = []

    def __call__(self, problem: ProblemDetail | None) -> None:
        self.answers.append(problem)

    @property
    def code(self) -> str:
        assert len(self.answers) == 1, "answered once"
        return self.answers[0].code if self.answers[0] else "done"


def cancelled(door: Door, call: str, by: str | None = "abc") -> str:
    told = Told()
    door.server.cancel(call, by, OWNER, told)
    return told.code


def moved(door: Door, call: str, to: str | None, by: str | None = "abc", **more: Any) -> str:
    told = Told()
    door.server.reschedule(call, by, NewTime(desired_time=to, **more), OWNER, told)
    return told.code


def again(before: Door, **more: Any) -> Door:
    """A new process over the journal of before, at the same instant."""
    after = Door(businesses=before.topology.businesses, **more)
    after.clock.advance_us(before.clock.monotonic_us())
    after.journal.entries = list(before.journal.entries)
    after.server.restart(before.journal.entries)
    return after


@pytest.fixture
def door() -> Door:
    return Door()


@pytest.mark.row("S2-35")
@pytest.mark.row("S2-15", part=True)
def test_the_instruction_leaves_when_the_call_is_due_and_not_before(door: Door):
    call = later(door)
    waits = view(door, call)
    assert (waits.state, waits.final) == ("scheduled", False)
    assert waits.due_at == "2026-11-21T15:00:00.000000Z"
    assert waits.expires_at == "2026-11-21T15:15:00.000000Z"
    door.clock.advance_us(5 * HOUR_US - 1)
    assert door.bus.sent == []
    door.clock.advance_us(1)
    assert [instruction.call for instruction in door.set_ups()] == [call]
    assert events(door, call) == ["accepted", "scheduled", "due"]
    door.taken(call)
    door.happens(call, "dialled", "customer", 1)
    assert view(door, call).state == "calling_customer"
    door.ends(call)
    assert view(door, call).state == "completed"
    assert len(door.schedule) == 0


@pytest.mark.row("S2-36")
@pytest.mark.parametrize("blank", ["", "  ", None, "absent"])
def test_a_blank_time_means_now(door: Door, blank: str | None):
    body = message()
    if blank != "absent":
        body["desired_time"] = blank
    assert door.submit(json.dumps(body).encode()).status == 202
    assert len(door.bus.sent) == 1


@pytest.mark.row("S2-44")
@pytest.mark.parametrize(("wanted", "sent"), [(AT_TEN, 0), ("", 1), (None, 1)])
def test_a_request_of_figure_9_is_held_by_the_equipment_as_well(
    door: Door, wanted: str | None, sent: int
):
    body = {
        "equipment_address": door.topology.access_server.equipment_address,
        "business_id": "abc",
        "customer_number": "+12125550100",
        "desired_time": wanted,
    }
    replies: list[Any] = []
    page = Principal("page", "page_token", "abc", credential="page-1", visitor="cookie")
    door.server.submit(
        json.dumps(body).encode(), {}, "203.0.113.7", replies.append, figure=9, principal=page
    )
    assert replies[0].status == 202
    assert len(door.bus.sent) == sent
    door.clock.advance_us(5 * HOUR_US)
    assert len({instruction.call for instruction in door.set_ups()}) == 1


@pytest.mark.row("S2-26", part=True)
def test_instant_zone_and_wall_time_are_all_kept(door: Door):
    later(door, "2026-11-21T10:00:00", time_zone="America/New_York")
    [entry] = door.journal.of(Accepted)
    assert entry.due_us == TEN_US
    assert entry.message["desired_time"] == "2026-11-21T10:00:00"
    assert entry.message["time_zone"] == "America/New_York"


# The clock.


def test_a_step_of_the_clock_forward_is_noticed_at_once(door: Door):
    call = later(door)
    door.clock.advance_us(4 * HOUR_US)
    door.clock.step_wall_us(HOUR_US + 2 * SECOND_US)
    door.clock.advance_us(SECOND_US)
    assert [instruction.call for instruction in door.set_ups()] == [call]


def test_after_a_step_back_nothing_is_early(door: Door):
    call = later(door)
    door.clock.advance_us(4 * HOUR_US + 59 * MINUTE_US)
    door.clock.step_wall_us(-HOUR_US)
    door.clock.advance_us(HOUR_US)
    assert door.bus.sent == []
    assert door.clock.now_us() < TEN_US
    door.clock.advance_us(MINUTE_US)
    assert [instruction.call for instruction in door.set_ups()] == [call]


def test_a_step_back_after_it_was_begun_begins_nothing_again(door: Door):
    later(door)
    door.clock.advance_us(5 * HOUR_US)
    door.clock.step_wall_us(-HOUR_US)
    door.clock.advance_us(2 * SECOND_US)
    assert len(door.journal.of(Progress)) == 1


# What can no longer be met.


def test_a_call_that_could_not_be_begun_in_time_expires_visibly(door: Door):
    call = later(door)
    door.clock.step_wall_us(5 * HOUR_US + 15 * MINUTE_US)
    door.clock.advance_us(SECOND_US)
    over = view(door, call)
    assert (over.state, over.final, over.cause) == ("expired", True, 102)
    assert events(door, call) == ["accepted", "scheduled", "ended"]
    assert door.bus.sent == []
    assert [(entry.call, entry.state) for entry in door.journal.of(Ended)] == [(call, "expired")]


def test_a_call_that_is_late_and_not_expired_is_made(door: Door):
    call = later(door)
    door.clock.step_wall_us(5 * HOUR_US + 14 * MINUTE_US)
    door.clock.advance_us(SECOND_US)
    assert [instruction.call for instruction in door.set_ups()] == [call]


def test_at_the_due_time_who_must_not_be_called_is_asked_again(door: Door):
    call = later(door)
    door.intake.do_not_call.add("abc", "+12125550100")
    door.clock.advance_us(5 * HOUR_US)
    assert (view(door, call).state, door.bus.sent) == ("blocked", [])
    assert [entry.detail for entry in door.journal.of(Ended)] == ["do_not_call"]


def test_at_the_due_time_the_guards_are_asked_again():
    class Changing(NoGuards):
        def judge_again(self, entry: Accepted, business: Business, now_us: int) -> Refusal | None:
            return Refusal(ProblemDetail(status=403, code="no", title="No"), "number_limit")

    door = Door(beside=Beside(calendar=BusinessCalendar(), guards=Changing()))
    call = later(door)
    door.clock.advance_us(5 * HOUR_US)
    assert (view(door, call).state, door.bus.sent) == ("blocked", [])


def test_a_business_that_was_suspended_meanwhile_calls_nobody(door: Door):
    call = later(door)
    suspended = tuple(
        msgspec.structs.replace(one, active=one.identifier != "abc")
        for one in door.topology.businesses
    )
    after = Door(businesses=suspended)
    after.clock.advance_us(HOUR_US)
    after.server.restart(door.journal.entries)
    after.clock.advance_us(4 * HOUR_US)
    assert after.bus.sent == []
    [end] = after.journal.of(Ended)
    assert (end.call, end.state, end.detail) == (call, "blocked", "suspended")


# Cancelled and moved.


def test_a_cancelled_call_is_never_made(door: Door):
    call = later(door)
    assert cancelled(door, call) == "done"
    over = view(door, call)
    assert (over.state, over.final) == ("canceled", True)
    assert events(door, call) == ["accepted", "scheduled", "cancelled", "ended"]
    assert door.journal.of(Cancelled) == [Cancelled(call, "key-1")]
    door.clock.advance_us(6 * HOUR_US)
    assert door.bus.sent == []
    assert cancelled(door, call) == "call_over"


def test_a_moved_call_is_made_at_the_new_time_only(door: Door):
    call = later(door)
    assert moved(door, call, "2026-11-21T12:00:00-05:00") == "done"
    assert view(door, call).due_at == "2026-11-21T17:00:00.000000Z"
    assert events(door, call) == ["accepted", "scheduled", "rescheduled"]
    [entry] = door.journal.of(Rescheduled)
    assert (entry.due_us, entry.by) == (TEN_US + 2 * HOUR_US, "key-1")
    door.clock.advance_us(7 * HOUR_US - 1)
    assert door.bus.sent == []
    door.clock.advance_us(1)
    assert [instruction.call for instruction in door.set_ups()] == [call]


def test_a_call_moved_to_now_is_made_at_once(door: Door):
    call = later(door)
    assert moved(door, call, "") == "done"
    door.clock.advance_us(0)
    assert [instruction.call for instruction in door.set_ups()] == [call]


def test_a_new_time_must_be_allowed_as_well(door: Door):
    call = later(door)
    assert moved(door, call, "2026-11-21T03:00:00-05:00") == "invalid_message", "has passed"
    assert moved(door, call, "2026-11-22T03:00:00-05:00") == "invalid_message", "is at night"
    assert view(door, call).due_at == "2026-11-21T15:00:00.000000Z"
    assert moved(door, call, "2026-11-22T03:00:00-05:00", confirmed=True) == "done"
    door.clock.advance_us(5 * HOUR_US)
    assert door.bus.sent == []


def test_once_begun_it_is_too_late_to_cancel_or_to_move(door: Door):
    call = later(door)
    door.journal.held = True
    door.clock.advance_us(5 * HOUR_US)
    assert cancelled(door, call) == "too_late", "claimed, though not durably so far"
    assert moved(door, call, "") == "too_late"
    door.journal.flush()
    assert [instruction.call for instruction in door.set_ups()] == [call]
    assert cancelled(door, call) == "too_late"
    door.ends(call)
    assert cancelled(door, call) == "call_over"


def test_what_is_being_cancelled_is_not_begun_and_answered_when_durable(door: Door):
    call = later(door)
    door.clock.advance_us(5 * HOUR_US - 1)
    door.journal.held = True
    told = Told()
    door.server.cancel(call, "abc", OWNER, told)
    door.clock.advance_us(1_000)
    assert (told.answers, door.bus.sent) == ([], [])
    door.journal.flush()
    assert told.code == "done"


def test_what_is_being_moved_is_not_begun_nor_moved_twice(door: Door):
    call = later(door)
    door.clock.advance_us(5 * HOUR_US - 1)
    door.journal.held = True
    first = Told()
    new = NewTime(desired_time="2026-11-21T12:00:00-05:00")
    door.server.reschedule(call, "abc", new, OWNER, first)
    assert moved(door, call, "") == "in_progress"
    assert cancelled(door, call) == "in_progress"
    door.clock.advance_us(1_000)
    assert door.bus.sent == []
    door.journal.flush()
    assert first.code == "done"


def test_what_is_not_due_at_all_cannot_be_cancelled(door: Door):
    call = door.place()
    assert cancelled(door, call) == "too_late"
    assert cancelled(door, "0" * 26) == "not_found"


def test_another_business_finds_no_call_and_the_carrier_does(door: Door):
    call = later(door)
    assert cancelled(door, call, "xyz") == "not_found"
    assert moved(door, call, "", "xyz") == "not_found"
    assert door.server.call(call, "xyz") is None
    assert cancelled(door, call, None) == "done"


# Restarts.


@pytest.mark.row("S2-79", part=True)
def test_a_restart_forgets_no_call_for_later(door: Door):
    first, second = later(door), later(door, "2026-11-21T11:00:00-05:00")
    gone, put_off = later(door), later(door)
    cancelled(door, gone)
    moved(door, put_off, "2026-11-21T12:00:00-05:00")
    door.clock.advance_us(HOUR_US)
    after = again(door)
    assert len(after.schedule) == 3
    assert view(after, gone).state == "canceled"
    assert events(after, put_off) == ["accepted", "scheduled", "rescheduled"]
    sent = []
    for _ in range(8):
        after.clock.advance_us(HOUR_US)
        sent.append([instruction.call for instruction in after.set_ups()])
        after.bus.sent.clear()
        for call in sent[-1]:
            after.ends(call)
    assert sent[3:6] == [[first], [second], [put_off]]
    assert sum(map(len, sent)) == 3


def test_a_call_that_was_due_while_nobody_was_there_is_made_or_expires():
    for down_us, outcome in ((5 * HOUR_US + MINUTE_US, "accepted"), (6 * HOUR_US, "expired")):
        door = Door()
        call = later(door)
        door.clock.advance_us(HOUR_US)
        after = Door()
        after.clock.advance_us(down_us)
        after.server.restart(door.journal.entries)
        after.clock.advance_us(SECOND_US)
        assert view(after, call).state == outcome
        assert len(after.bus.sent) == (outcome == "accepted")


def test_a_process_that_died_between_claim_and_dial_sends_the_instruction_after_its_restart(
    door: Door,
):
    call = later(door)
    door.clock.advance_us(5 * HOUR_US)
    assert len(door.bus.sent) == 1
    after = again(door)
    assert [instruction.call for instruction in after.set_ups()] == [call]
    assert len(after.schedule) == 0
    assert cancelled(after, call) == "too_late"


def test_a_process_that_died_before_the_claim_was_durable_claims_again(door: Door, tmp_path: Path):
    before = Door(store=ScheduleStore(tmp_path / "door.schedule.sqlite"))
    call = later(before)
    durable = list(before.journal.entries)
    before.journal.held = True
    before.clock.advance_us(5 * HOUR_US)
    assert before.bus.sent == []
    before.schedule.close()
    before.journal.entries = durable
    after = again(before, store=ScheduleStore(tmp_path / "door.schedule.sqlite"))
    after.clock.advance_us(SECOND_US)
    assert [instruction.call for instruction in after.set_ups()] == [call]


def test_a_cancellation_without_its_end_is_ended_after_the_restart(door: Door):
    call = later(door)
    cancelled(door, call)
    door.journal.entries = [
        stamped for stamped in door.journal.entries if not isinstance(stamped.entry, Ended)
    ]
    after = again(door)
    assert view(after, call).state == "canceled"
    after.clock.advance_us(6 * HOUR_US)
    assert after.bus.sent == []


def test_what_the_journal_let_go_is_known_from_the_schedule(tmp_path: Path):
    path = tmp_path / "door.schedule.sqlite"
    before = Door(store=ScheduleStore(path))
    call = later(before)
    before.submit(octets(customer_number="+12125550106"))
    before.clock.advance_us(HOUR_US)
    before.schedule.close()
    before.journal.entries = before.journal.entries[1:]
    after = again(before, store=ScheduleStore(path))
    assert [one.call for one in after.set_ups()] == [before.journal.of(Accepted)[0].call]
    after.bus.sent.clear()
    after.ends(before.journal.of(Accepted)[0].call)
    assert view(after, call).state == "scheduled"
    after.clock.advance_us(4 * HOUR_US)
    assert [instruction.call for instruction in after.set_ups()] == [call]


@pytest.mark.parametrize("harm", ["lost", "no database", "cut short"])
def test_a_lost_or_damaged_schedule_is_made_anew_from_the_journal(tmp_path: Path, harm: str):
    path = tmp_path / "door.schedule.sqlite"
    before = Door(store=ScheduleStore(path))
    calls = [later(before) for _ in range(300)]
    before.schedule.close()
    if harm == "lost":
        path.unlink()
    elif harm == "no database":
        path.write_bytes(b"something else" * 1_000)
    else:
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    after = again(before, store=ScheduleStore(path))
    assert len(after.schedule) == 300
    after.clock.advance_us(5 * HOUR_US)
    after.clock.advance_us(2 * SECOND_US)
    assert {instruction.call for instruction in after.set_ups()} == set(calls)


def test_a_process_that_dies_anywhere_loses_no_call_and_begins_none_twice(tmp_path: Path):
    """The disk of each life holds what was committed and durable when it died."""
    draw = random.Random(7)
    path = tmp_path / "door.schedule.sqlite"
    door = Door(store=ScheduleStore(path))
    calls = {
        later(door, utc_text(TEN_US + draw.randrange(120) * SECOND_US)[:19] + "Z")
        for _ in range(200)
    }
    door.clock.advance_us(5 * HOUR_US - SECOND_US)
    begun: list[str] = []
    for _ in range(40):
        door.journal.held = draw.random() < 0.7
        door.clock.advance_us(draw.randrange(6 * SECOND_US))
        begun += [one.call for one in door.journal.of(Progress) if one.call not in begun]
        if draw.random() < 0.5:
            door.journal.flush()
        else:  # what was not durable is lost
            waiting = len(door.journal._waiting)
            kept = len(door.journal.entries) - waiting
            lost = {s.entry.call for s in door.journal.entries[kept:]}  # type: ignore[union-attr]
            begun = [call for call in begun if call not in lost]
            door.journal.entries = door.journal.entries[:kept]
        door.schedule.close()
        door = again(door, store=ScheduleStore(path))
    door.clock.advance_us(3 * MINUTE_US)
    dues = [one.call for one in door.journal.of(Progress) if one.event == "due"]
    assert sorted(dues) == sorted(calls), "each claimed, and durably once"


def test_what_is_kept_need_not_be_read_from_the_journal_again(tmp_path: Path):
    class Told(NoGuards):
        def __init__(self) -> None:
            self.of: list[tuple[str, int]] = []

        def restore(self, stamped: Stamped) -> None:
            if isinstance(stamped.entry, Accepted):
                self.of.append((stamped.entry.call, stamped.entry.due_us))

    path = tmp_path / "door.schedule.sqlite"
    before = Door(store=ScheduleStore(path))
    waits, put_off, gone = later(before), later(before), later(before)
    keyed = before.submit(octets(desired_time=AT_TEN), idempotency_key="k1").view
    moved(before, put_off, "2026-11-21T12:00:00-05:00")
    cancelled(before, gone)
    before.clock.advance_us(MINUTE_US)
    before.schedule.close()
    store = ScheduleStore(path)
    known = [one for one in before.journal.entries if store.keeps(one, MORNING_US)]
    assert isinstance(keyed, CallAccepted)
    assert [one.entry.call for one in known] == [waits, put_off, keyed.call]
    guards = Told()
    after = Door(store=store, beside=Beside(calendar=BusinessCalendar(), guards=guards))
    after.clock.advance_us(MINUTE_US)
    after.journal.entries = list(before.journal.entries)
    after.server.restart([one for one in before.journal.entries if one not in known])
    assert (waits, TEN_US) in guards.of
    assert (put_off, TEN_US + 2 * HOUR_US) in guards.of
    assert {view(after, call).state for call in (waits, put_off, keyed.call)} == {"scheduled"}
    assert view(after, gone).state == "canceled"
    again = after.submit(octets(desired_time=AT_TEN), idempotency_key="k1")
    assert isinstance(again.view, CallAccepted)
    assert again.view.call == keyed.call
    after.clock.advance_us(8 * HOUR_US)
    assert {one.call for one in after.set_ups()} == {waits, put_off, keyed.call}


def test_keys_of_calls_that_wait_and_of_others_end_in_the_order_of_their_instants(tmp_path: Path):
    path = tmp_path / "door.schedule.sqlite"
    before = Door(store=ScheduleStore(path))
    first = before.submit(octets(), idempotency_key="now").view
    before.clock.advance_us(MINUTE_US)
    waits = before.submit(octets(desired_time="2026-11-25T15:00:00Z"), idempotency_key="later").view
    before.clock.advance_us(MINUTE_US)
    before.schedule.close()
    store = ScheduleStore(path)
    rest = [one for one in before.journal.entries if not store.keeps(one, MORNING_US)]
    after = Door(store=store, beside=Beside(calendar=BusinessCalendar()))
    after.clock.advance_us(2 * MINUTE_US)
    after.journal.entries = list(before.journal.entries)
    after.server.restart(rest)
    assert after.submit(octets(), idempotency_key="now").view == first
    after.clock.advance_us(24 * HOUR_US - 2 * MINUTE_US + 1_000)
    assert after.submit(octets(), idempotency_key="now").view != first, "its day is over"
    again = after.submit(octets(desired_time="2026-11-25T15:00:00Z"), idempotency_key="later")
    assert again.view == waits, "this one's is not"


def test_a_schedule_that_is_ahead_of_its_journal_is_refused(tmp_path: Path):
    path = tmp_path / "door.schedule.sqlite"
    before = Door(store=ScheduleStore(path))
    later(before)
    before.schedule.close()
    with pytest.raises(StoreDamaged, match="of a later time than the journal of server-72"):
        Door(store=ScheduleStore(path)).server.restart([])


def test_segments_of_calls_that_wait_may_go_where_the_schedule_keeps_them():
    accepted = Accepted("c1", "abc", "server-72", {}, due_us=5)
    for kept, needed in ((True, 9), (False, 1)):
        unfinished = Unfinished(waiting_kept=kept)
        unfinished.note("server-72", accepted, 1)
        assert unfinished.needed_from(9) == needed
        unfinished.note("server-72", Progress("c1", "due"), 4)
        assert unfinished.needed_from(9) == (4 if kept else 1)
        unfinished.note("server-72", Ended("c1", "completed", 16), 5)
        assert unfinished.needed_from(9) == 9


def test_what_is_durable_of_the_schedule_is_known_after_a_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("calleq.schedule.store.CHECKPOINT_CHANGES", 1)
    store = ScheduleStore(tmp_path / "door.schedule.sqlite")
    door = Door(store=store)
    later(door)
    assert store.durable() == {}
    door.submit(octets(customer_number="+12125550106"))
    door.clock.advance_us(SECOND_US)
    door.schedule.close()
    assert store.durable() == {"server-72": 2}


# Many at once.


def test_many_calls_of_one_instant_are_begun_once_each_in_batches(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(schedule_module, "BATCH", 20)
    monkeypatch.setattr(schedule_module, "LIMIT_BEGINNING", 50)
    calls = [later(door) for _ in range(300)]
    door.clock.advance_us(5 * HOUR_US - 1)
    assert door.bus.sent == []
    door.journal.held = True
    door.clock.advance_us(SECOND_US)
    assert len(door.journal.of(Progress)) == 50, "no more begin than the bound says"
    door.journal.held = False
    door.journal.flush()
    door.clock.advance_us(SECOND_US)
    assert [instruction.call for instruction in door.set_ups()] == calls


def test_a_full_door_begins_calls_as_there_is_room(door: Door, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("calleq.door.calls.LIMIT_LIVE_CALLS", 10)
    calls = [later(door) for _ in range(30)]
    door.clock.advance_us(5 * HOUR_US)
    assert len(door.bus.sent) == 10
    for call in calls[:10]:
        door.ends(call)
    door.clock.advance_us(SECOND_US)
    assert len({instruction.call for instruction in door.set_ups()}) == 20
    door.clock.advance_us(15 * MINUTE_US)
    states = [view(door, call).state for call in calls[20:]]
    assert states == ["expired"] * 10


def test_a_fault_in_one_call_does_not_hold_the_others(monkeypatch: pytest.MonkeyPatch):
    class Faulty(NoGuards):
        def judge_again(self, entry: Accepted, business: Business, now_us: int) -> Refusal | None:
            if entry.call == calls[1]:
                raise ZeroDivisionError
            return None

    door = Door(beside=Beside(calendar=BusinessCalendar(), guards=Faulty()))
    calls = [later(door) for _ in range(4)]
    with pytest.raises(ZeroDivisionError):
        door.clock.advance_us(5 * HOUR_US)
    door.clock.advance_us(SECOND_US)
    assert [one.call for one in door.set_ups()] == [calls[0], *calls[2:]]


def test_a_journal_that_is_full_delays_a_call_and_loses_none(
    door: Door, monkeypatch: pytest.MonkeyPatch
):
    call = later(door)
    append = door.journal.append

    def full(*arguments: Any) -> None:
        raise JournalFull("65536 entries wait for the disk")

    monkeypatch.setattr(door.journal, "append", full)
    door.clock.advance_us(5 * HOUR_US)
    assert (door.bus.sent, view(door, call).state) == ([], "scheduled")
    assert (cancelled(door, call), moved(door, call, "")) == ("busy", "busy")
    monkeypatch.setattr(door.journal, "append", append)
    door.clock.advance_us(SECOND_US)
    assert [one.call for one in door.set_ups()] == [call]


# Business hours.

WEEKDAYS = Opening(days=("mon", "tue", "wed", "thu", "fri"), begin="09:00", end="17:00")


def test_a_closed_business_refuses_and_says_when_it_opens():
    door = Door(businesses=[business(zone="America/New_York", hours=(WEEKDAYS,))])
    answer = door.http().post("/v1/calls", json=message())
    assert (answer.status_code, answer.json()["code"]) == (409, "closed")
    assert "2026-11-23T09:00:00-05:00" in answer.json()["detail"]
    assert answer.headers["retry-after"] == str((2 * 24 + 4) * 3_600)
    assert door.bus.sent == []


def test_a_closed_business_holds_calls_until_it_opens():
    held = business(zone="America/New_York", hours=(WEEKDAYS,), when_closed="hold")
    door = Door(businesses=[held])
    reply = door.submit(octets())
    assert isinstance(reply.view, CallAccepted)
    assert view(door, reply.view.call).due_at == "2026-11-23T14:00:00.000000Z"


@pytest.mark.parametrize(("when_closed", "state"), [("hold", "scheduled"), ("refuse", "blocked")])
def test_hours_that_changed_meanwhile_count(when_closed: str, state: str):
    door = Door(businesses=[business()])
    call = later(door)
    changed = business(zone="America/New_York", hours=(WEEKDAYS,), when_closed=when_closed)
    after = Door(businesses=[changed])
    after.server.restart(door.journal.entries)
    after.clock.advance_us(5 * HOUR_US)
    found = view(after, call)
    assert (found.state, after.bus.sent) == (state, [])
    if when_closed == "hold":
        assert found.due_at == "2026-11-23T14:00:00.000000Z"
        after.clock.advance_us(2 * 24 * HOUR_US)
        assert {one.call for one in after.set_ups()} == {call}


def test_every_bound_of_time_can_be_set():
    near = Door(businesses=[business(ahead_days=1, expires_s=60)])
    assert near.submit(octets(desired_time="2026-11-22T16:00:00Z")).status == 422
    call = later(near)
    assert view(near, call).expires_at == "2026-11-21T15:01:00.000000Z"
    far = Door(businesses=[business(ahead_days=366)])
    assert far.submit(octets(desired_time="2027-11-20T15:00:00Z")).status == 202
