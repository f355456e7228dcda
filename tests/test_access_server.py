"""Access server 72 between the door and the OSN."""

import asyncio
import json
from collections.abc import Sequence

import httpx
import msgspec
import pytest

from calleq.door.calls import (
    LIMIT_ENDED_CALLS,
    LIMIT_RECALLED_CALLS,
    LIMIT_RESTORED_CALLS,
    LIMIT_WATCHERS,
    Calls,
)
from calleq.door.sending import AUDIT_US, RESEND_FIRST_US, RESEND_LONGEST_US
from calleq.door.timeline import LIMIT_EVENTS
from calleq.journal.entries import Accepted, Dialled, Ended, Entry, Progress, Stamped
from calleq.osn.messages import AskForCall, CallEnded, CallProgress, SetUpRefused
from calleq.runtime.tap import Segment
from calleq.topology import Business
from tests.door import MORNING_US, Door, basic, message


@pytest.fixture
def door() -> Door:
    return Door()


def state(door: Door, call: str) -> str:
    view = door.server.call(call, "abc")
    assert view is not None
    return view.state


# Instructions.


def test_an_instruction_is_sent_until_equipment_has_it(door: Door):
    call = door.place()
    door.clock.advance_us(RESEND_FIRST_US)
    assert [set_up.call for set_up in door.set_ups()] == [call] * 2
    assert len(set(door.set_ups())) == 1
    door.clock.advance_us(10 * 60_000_000)
    sent = len(door.bus.sent)
    door.clock.advance_us(10 * RESEND_LONGEST_US)
    assert len(door.bus.sent) == sent + 10
    door.taken(call)
    door.clock.advance_us(2 * RESEND_LONGEST_US)
    assert len(door.bus.sent) == sent + 10


def test_equipment_is_asked_about_a_call_until_its_end_arrives(door: Door):
    """An end that was lost on its way left the call open for ever."""
    call = door.place()
    door.taken(call)
    for asked in (1, 2):
        door.clock.advance_us(AUDIT_US)
        questions = [said for _, _, said in door.bus.sent if isinstance(said, AskForCall)]
        assert questions == [AskForCall(call, "server-72")] * asked
        door.taken(call)
    door.bus.says(CallEnded(call, "completed", 16, door.clock.now_us()))
    assert state(door, call) == "completed"
    assert door.clock.run(limit_us=0), "no timer is left"


def test_a_refused_instruction_ends_the_call(door: Door):
    call = door.place()
    door.bus.says(SetUpRefused(call, 42, "no circuit to any equipment"))
    view = door.server.call(call, "abc")
    assert view is not None
    assert (view.state, view.cause, view.final) == ("failed", 42, True)
    assert [entry.state for entry in door.journal.of(Ended)] == ["failed"]
    assert door.clock.run(limit_us=0)


def test_the_business_or_the_message_says_who_is_called_first():
    agent_first = Business(
        identifier="abc", password="abc-demo", representatives=("+1",), dial_first="agent"
    )
    door = Door(businesses=[agent_first])
    door.place()
    door.place(dial_first="customer", hunt=False)
    assert [(one.dial_first, one.hunt) for one in door.set_ups()] == [
        ("agent", True),
        ("customer", False),
    ]


def test_the_first_end_counts(door: Door):
    call = door.place()
    door.ends(call, "customer_busy", 17)
    door.ends(call, "completed", 16)
    assert state(door, call) == "customer_busy"
    assert door.server.ignored["second_end"] == 1
    assert len(door.journal.of(Ended)) == 1


def test_what_means_nothing_is_counted_and_ignored(door: Door):
    call = door.place()
    for octets in (b"", b"{}", b"\xff", b'{"kind":"other"}', b"[" * 10_000):
        door.bus.says_octets(octets)
    door.bus.says(CallProgress("0" * 26, "dialled", 1))
    door.bus.says(door.set_ups()[0])
    assert door.server.ignored == {"undecodable": 5, "unknown_call": 1, "set_up_call": 1}
    assert state(door, call) == "accepted"


def test_events_of_one_call_are_bounded_and_its_end_is_kept(door: Door):
    call = door.place()
    for attempt in range(LIMIT_EVENTS + 50):
        door.happens(call, "dialled", "agent", attempt, number="+12125550143")
    door.ends(call, "failed", 41)
    page = door.server.events(call, "abc", 0)
    assert page is not None
    assert len(page.events) == LIMIT_EVENTS + 1
    assert page.events[-1].event == "ended"


# Restart.


def restarted(entries: Sequence[Stamped], businesses: list[Business] | None = None) -> Door:
    after = Door(businesses=businesses)
    after.restart(entries)
    return after


def test_an_accepted_call_without_an_end_is_sent_again(door: Door):
    first = door.place()
    second = door.place(business_id="xyz", password="xyz-demo", representative_number=None)
    door.ends(first, "customer_busy", 17)

    after = restarted(door.journal.entries)
    assert after.set_ups() == [door.set_ups()[1]]
    assert after.set_ups()[0].call == second
    assert state(after, first) == "customer_busy"


def test_what_the_equipment_wrote_in_the_same_journal_is_shown_again(door: Door):
    call = door.place()
    door.clock.advance_us(1_000_000)
    door.journal.append("ip-76", Dialled(call, "customer", 1, "+12125550100", None))
    door.journal.append("ip-76", Progress(call, "dialled", "customer", 1))
    door.clock.advance_us(1_000_000)
    door.journal.append("ip-76", Progress(call, "answered", "customer", 1))

    after = restarted(door.journal.entries)
    view = after.server.call(call, "abc")
    assert view is not None
    assert view.state == "customer_answered"
    [leg] = view.legs
    assert leg.dialled_at == "2026-11-21T10:00:01.000000Z"
    assert leg.answered_at == "2026-11-21T10:00:02.000000Z"
    assert (view.events, leg.released_at) == (3, None)

    door.journal.append("ip-76", Ended(call, "failed", 41))
    after = restarted(door.journal.entries)
    assert after.bus.sent == []
    assert after.journal.of(Ended) == [Ended(call, "failed", 41)], "its own, that was missing"
    after.clock.advance_us(1_000_000)
    again = restarted([*door.journal.entries, *after.journal.entries])
    assert again.journal.of(Ended) == []


def test_a_business_that_is_no_subscriber_any_more_blocks_its_calls(door: Door):
    call = door.place()
    after = restarted(door.journal.entries, businesses=[])
    assert after.bus.sent == []
    assert [entry.call for entry in after.journal.of(Ended)] == [call]
    assert after.journal.of(Ended)[0].state == "blocked"


def test_a_call_too_old_to_be_kept_is_told_from_the_journal(door: Door):
    call = door.place()
    door.ends(call, "customer_busy", 17)
    asked: list[str] = []

    async def older(wanted: str) -> list[Stamped]:
        asked.append(wanted)
        return [one for one in door.journal.entries if getattr(one.entry, "call", "") == wanted]

    after = Door(older=older)
    http = after.http()
    view = http.get(f"/v1/calls/{call}", headers=basic())
    assert view.status_code == 200
    assert (view.json()["state"], view.json()["cause"]) == ("customer_busy", 17)
    page = http.get(f"/v1/calls/{call}/events", headers=basic())
    assert [event["event"] for event in page.json()["events"]] == ["accepted", "ended"]
    assert asked == [call], "remembered for a while"
    assert http.get(f"/v1/calls/{call}", headers=basic("xyz", "xyz-demo")).status_code == 404
    assert http.get(f"/v1/calls/{'0' * 26}", headers=basic()).status_code == 404
    assert http.get(f"/v1/calls/{'1' * 26}").status_code == 401
    assert asked == [call, "0" * 26], "nobody is read for who has not proved who it is"


def test_while_the_journal_cannot_be_read_an_old_call_is_no_unknown_one():
    async def older(wanted: str) -> None:
        return None

    answer = Door(older=older).http().get(f"/v1/calls/{'0' * 26}", headers=basic())
    assert (answer.status_code, answer.json()["code"]) == (503, "busy")
    assert int(answer.headers["retry-after"]) > 0


def test_calls_told_from_the_journal_are_bounded_and_must_be_over():
    calls = Calls()
    for number in range(LIMIT_RECALLED_CALLS + 1):
        call = str(number)
        accepted = Stamped("server-72", 1, 1, 1, Accepted(call, "abc", "server-72", {}))
        ended = Stamped("server-72", 2, 2, 2, Ended(call, "completed", 16))
        calls.recall(call, "server-72", [accepted, ended])
    assert calls.find("0") is None
    assert calls.find("1") is not None
    accepted = Stamped("server-72", 1, 1, 1, Accepted("9999", "abc", "server-72", {}))
    calls.recall("9999", "server-72", [accepted])
    calls.recall("9998", "another-door", [accepted])
    assert calls.find("9999") is None


def test_a_restart_takes_up_what_is_under_way_and_what_ended_last(door: Door):
    entries: list[Stamped] = []

    def say(entry: Entry) -> None:
        entries.append(Stamped("server-72", len(entries) + 1, 1, 1, entry))

    message = {"customer_number": "+12125550100", "representative_number": "+12125550143"}
    for number in range(LIMIT_RESTORED_CALLS + 2):
        say(Accepted(f"{number:026d}", "abc", "server-72", message))
        if number > 0:
            say(Ended(f"{number:026d}", "completed", 16))
    after = restarted(entries)
    assert [one.call for one in after.set_ups()] == ["0" * 26]
    assert state(after, "0" * 26) == "accepted"
    assert after.server.call(f"{1:026d}", "abc") is None
    assert state(after, f"{2:026d}") == "completed"


def test_so_many_ended_calls_are_kept():
    calls = Calls()
    for number in range(LIMIT_ENDED_CALLS + 1):
        timeline = calls.begin(Accepted(str(number), "abc", "server-72", {}), 0)
        timeline.ended("completed", 16, 1)
        calls.changed(timeline)
    assert calls.get("0") is None
    assert calls.get("1") is not None
    assert list(calls.live()) == []


# Waiting for news.


def test_a_reader_waits_for_the_next_event(door: Door):
    call = door.place()
    app = door.surface.app

    async def read_while_it_happens() -> tuple[float, httpx.Response, httpx.Response]:
        transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(
            transport=transport, base_url="http://server-72.example", headers=basic()
        ) as http:
            waiting = asyncio.ensure_future(http.get(f"/v1/calls/{call}/events?after=1&wait=30"))
            for _ in range(50):
                await asyncio.sleep(0)
            assert not waiting.done()
            door.happens(call, "dialled", "customer", 1, number="+12125550100")
            began = asyncio.get_running_loop().time()
            news = await waiting
            took_s = asyncio.get_running_loop().time() - began
            nothing = await http.get(f"/v1/calls/{call}/events?after=2&wait=0.01")
        return took_s, news, nothing

    took_s, news, nothing = asyncio.run(read_while_it_happens())
    assert took_s < 5
    assert [event["event"] for event in news.json()["events"]] == ["dialled"]
    assert nothing.json()["events"] == []


def test_so_many_readers_may_wait(door: Door):
    call = door.place()
    told: list[int] = []
    forgets = []
    for number in range(LIMIT_WATCHERS):
        forget = door.server.watch(call, lambda number=number: told.append(number))
        assert forget is not None
        forgets.append(forget)
    assert door.server.watch(call, lambda: None) is None
    answer = door.http().get(f"/v1/calls/{call}/events?after=1&wait=1", headers=basic())
    assert answer.status_code == 503
    forgets[0]()
    forgets[0]()
    assert door.server.watch(call, lambda: told.append(-1)) is not None
    door.taken(call)
    assert sorted(told) == [-1, *range(1, LIMIT_WATCHERS)]
    assert door.server.watch(call, lambda: None) is not None


# The capture of the internet side.


def captured(door: Door) -> list[dict[str, object]]:
    seen = []
    for segment, link, _, _, octets, _ in door.tap.seen:
        assert (segment, link) == (Segment.INTERNET, "internet/server-72")
        seen.append(msgspec.json.decode(octets))
    return seen


def test_request_and_answer_are_captured_with_the_reference_and_without_the_password(door: Door):
    call = door.place(equipment_address="server-72.calleq.example")
    request, answer = captured(door)
    assert request == {
        "call": call,
        "request": "POST /v1/calls",
        "body": {
            "business_id": "abc",
            "customer_number": "+12125550100",
            "equipment_address": "server-72.calleq.example",
            "password": "********",
            "representative_number": "+12125550143",
        },
    }
    assert (answer["call"], answer["status"]) == (call, 202)
    ends = [(sender, receiver) for _, _, sender, receiver, _, _ in door.tap.seen]
    assert ends == [("business", "server-72"), ("server-72", "business")]


@pytest.mark.parametrize(
    "body",
    [
        json.dumps(message(password="s3cret-guess")).encode(),
        b'{"password": "s3cret-guess"',
        b'{"Password": "s3cret-guess", "password": ["s3cret-guess"]}',
        b'["s3cret-guess"]',
        b"s3cret-guess\xff",
    ],
)
def test_no_capture_and_no_answer_holds_a_password(door: Door, body: bytes):
    reply = door.submit(body)
    assert reply.status in (400, 401, 422)
    assert [one["call"] for one in captured(door)] == [None, None]
    everything = b"".join(octets for *_, octets, _ in door.tap.seen) + msgspec.json.encode(reply)
    assert b"s3cret" not in everything


def test_a_message_is_captured_when_it_arrived(door: Door):
    door.journal.held = True
    door.server.submit(json.dumps(message()).encode(), {}, "127.0.0.1", lambda reply: None)
    door.clock.advance_us(4_000)
    door.journal.flush()
    assert [at_us - MORNING_US for *_, at_us in door.tap.seen] == [0, 4_000]
