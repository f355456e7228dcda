"""Lists of calls: filters, pages that stay what they are, cursors that cannot be made up."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from calleq.access_server.call_lists import CallLists
from calleq.call.driver import FINAL_STATES
from calleq.door.finding import STATES
from calleq.door.index import CallIndex
from calleq.journal.entries import Accepted, Charged, Ended, Entry, Rescheduled
from calleq.journal.inline import InlineJournal
from calleq.units import SECOND_US
from tests.door import Door, basic

DAY_US = 24 * 3_600 * SECOND_US


def listed(door: Door, **query: object) -> Any:
    answer = door.http().get("/v1/calls", params=query, headers=basic())
    assert answer.status_code == 200, answer.text
    return answer.json()


def calls(page: Any) -> list[str]:
    return [one["call"] for one in page["calls"]]


@pytest.fixture
def door() -> Door:
    return Door()


def test_the_newest_come_first_page_by_page_whatever_is_accepted_meanwhile(door: Door):
    placed = [door.place() for _ in range(7)]
    first = listed(door, limit=3)
    assert calls(first) == placed[:3:-1]
    newer = door.place()
    second = listed(door, limit=3, cursor=first["next"])
    third = listed(door, limit=3, cursor=second["next"])
    assert calls(second) + calls(third) == placed[3::-1]
    assert third["next"] is None
    assert calls(listed(door, limit=1)) == [newer]


def test_a_cursor_is_good_for_its_own_question_alone(door: Door):
    for _ in range(3):
        door.place()
    cursor = listed(door, limit=1)["next"]
    http = door.http()
    spoiled = ("A" if cursor[0] != "A" else "B") + cursor[1:]
    for query, headers in (
        ({"cursor": spoiled}, basic()),
        ({"cursor": cursor + "="}, basic()),
        ({"cursor": cursor, "state": "completed"}, basic()),
        ({"cursor": cursor}, basic("xyz", "xyz-demo")),
        ({"cursor": "%"}, basic()),
    ):
        answer = http.get("/v1/calls", params={"limit": 1, **query}, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_cursor"), query


def test_what_is_asked_for_must_fit(door: Door):
    one = door.place(customer_number="+12125550106")
    door.taken(one)
    door.ends(one, "customer_busy", 17)
    door.clock.advance_us(60 * SECOND_US)
    other = door.place(representative_number="+12125550144")
    assert calls(listed(door, state="customer_busy")) == [one]
    assert calls(listed(door, final="false")) == [other]
    assert calls(listed(door, customer="+12125550106")) == [one]
    assert calls(listed(door, representative="+1 212 555 0144")) == [other]
    assert calls(listed(door, accepted_after="2026-11-21T10:00:30Z")) == [other]
    assert calls(listed(door, ended_before="2026-11-21T11:00:00+01:00")) == []
    assert calls(listed(door, ended_before="2026-11-21T10:01:00Z")) == [one]
    assert calls(listed(door, business="abc")) == [other, one]
    assert calls(listed(door, state="bridged")) == []


def test_a_state_that_there_is_not_is_no_empty_list(door: Door):
    answer = door.http().get("/v1/calls?state=finished", headers=basic())
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert "'finished' is none of scheduled, accepted, set_up" in detail
    assert all(state in detail for state in (*FINAL_STATES, "bridged"))


def test_every_state_of_a_call_may_be_asked_for(door: Door):
    for state in STATES:
        listed(door, state=state)
    one = door.place()
    met = {"accepted"}
    door.taken(one)
    for event, leg in (
        ("dialled", "customer"),
        ("answered", "customer"),
        ("dialled", "agent"),
        ("answered", "agent"),
        ("bridged", ""),
    ):
        met.add(listed(door)["calls"][0]["state"])
        door.happens(one, event, leg)
    met.add(listed(door)["calls"][0]["state"])
    assert met == set(STATES) - set(FINAL_STATES) - {"scheduled"}, "the index knows those"


def test_a_business_sees_its_own_alone(door: Door):
    door.place()
    answer = door.http().get("/v1/calls", headers=basic("xyz", "xyz-demo"))
    assert answer.json() == {"calls": [], "next": None}
    foreign = door.http().get("/v1/calls?business=abc", headers=basic("xyz", "xyz-demo"))
    assert (foreign.status_code, foreign.json()["code"]) == (422, "invalid_query")


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=101",
        "state=A",
        "customer=7",
        "accepted_after=now",
        "sort=call",
        "final=perhaps",
        "final=null",
        "final=1",
        "limit=2&limit=3",
        "limit=1e1",
        "state=",
    ],
)
def test_what_is_no_question_is_refused(door: Door, query: str):
    answer = door.http().get(f"/v1/calls?{query}", headers=basic())
    values = ("customer=7", "accepted_after=now", "state=A", "state=")
    status = 422 if query in values else 400
    assert (answer.status_code, answer.json()["code"]) == (status, "invalid_query")


# The index, made from a journal on disk.


def accepted(door: Door, number: int, **more: Any) -> Accepted:
    return Accepted(
        f"{number:026d}", "abc", "server-72", {"customer_number": "+12125550100"}, **more
    )


def write(base: Path, door: Door, *entries: Entry) -> None:
    journal = InlineJournal(base, door.clock)
    for entry in entries:
        journal.append("server-72", entry)
    door.clock.advance_us(SECOND_US)
    journal.close()


def indexed(door: Door, base: Path) -> CallLists:
    index = CallIndex(base.with_suffix(".calls"), base)
    index.open()
    return CallLists(door.surface.services, b"k" * 32, index)


def test_calls_that_memory_has_forgotten_are_found_by_the_index(door: Door, tmp_path: Path):
    base = tmp_path / "server-72.journal"
    write(
        base,
        door,
        *(accepted(door, number) for number in range(1, 40)),
        Ended(f"{7:026d}", "completed", 16),
        Charged(f"{7:026d}", "abc", 120_000, "USD"),
        accepted(door, 40, due_us=door.clock.now_us() + DAY_US),
        Rescheduled(f"{40:026d}", door.clock.now_us() + 2 * DAY_US, 0),
    )
    door.surface.services.add(CallLists, indexed(door, base))
    page = listed(door, limit=25)
    rest = listed(door, limit=25, cursor=page["next"])
    assert calls(page) + calls(rest) == [f"{number:026d}" for number in range(40, 0, -1)]
    [ended] = listed(door, state="completed")["calls"]
    assert (ended["cause"], ended["charge"]["amount_micro"]) == (16, 120_000)
    [waits] = listed(door, state="scheduled", due_after="2026-11-23T00:00:00Z")["calls"]
    assert waits["due_at"] == "2026-11-23T10:00:00.000000Z"
    live = door.place()
    assert calls(listed(door, limit=1)) == [live]


def test_the_index_goes_on_where_it_was_and_is_made_anew_when_it_is_lost(
    door: Door, tmp_path: Path
):
    base = tmp_path / "server-72.journal"
    write(base, door, *(accepted(door, number) for number in range(1, 4)))
    lists = indexed(door, base)
    door.surface.services.add(CallLists, lists)
    assert len(calls(listed(door))) == 3
    cursor = listed(door, limit=1)["next"]
    write(base, door, accepted(door, 4))
    lists.close()
    again = indexed(door, base)
    door.surface.services.add(CallLists, again)
    assert calls(listed(door, limit=1, cursor=cursor)) == [f"{2:026d}"]
    assert len(calls(listed(door))) == 4
    again.close()
    base.with_suffix(".calls").write_bytes(b"no database" * 100)
    door.surface.services.add(CallLists, indexed(door, base))
    assert len(calls(listed(door))) == 4


def test_a_row_that_is_older_than_the_call_says_what_the_call_is(door: Door, tmp_path: Path):
    base = tmp_path / "server-72.journal"
    call = door.place()
    write(base, door, *door.journal.of(Accepted))
    door.surface.services.add(CallLists, indexed(door, base))
    door.taken(call)
    assert [one["state"] for one in listed(door)["calls"]] == ["set_up"]
    door.ends(call)
    assert listed(door, final="false")["calls"] == []


class CountingIndex(CallIndex):
    """Writes down how much each piece had."""

    read: list[int]

    def catch_up(self) -> int:
        self.read.append(super().catch_up())
        return self.read[-1]


def test_the_index_keeps_up_by_itself(door: Door, tmp_path: Path):
    base = tmp_path / "server-72.journal"
    write(base, door, accepted(door, 1))
    index = CountingIndex(base.with_suffix(".calls"), base)
    index.read = []
    lists = CallLists(door.surface.services, b"k" * 32, index)

    async def until_it_has_read() -> None:
        async with asyncio.timeout(10):
            keeping = asyncio.create_task(lists.keep_up())
            while not index.read:
                await asyncio.sleep(0.001)
            keeping.cancel()

    asyncio.run(until_it_has_read())
    lists.close()
    assert index.read == [1]
