"""The index of calls says what a list made by hand says, whatever is asked for."""

import random
import sqlite3
from pathlib import Path

import msgspec
import pytest

from calleq.door.finding import Wish
from calleq.door.index import CallIndex, CallIndexError
from calleq.intake.references import reference_text
from calleq.journal.entries import Accepted, Ended, Rescheduled, Stamped
from calleq.messages.answers import CallView
from calleq.units import HOUR_US, SECOND_US, utc_text
from tests.journals import JournalFile

AT_US = 1_795_300_000_000_000
DOORS, BUSINESSES = ("server-72", "ip-76"), ("abc", "xyz", "abcd")
CUSTOMERS = ("+12125550100", "+12125550101", "sip:ann@example.com", "+442079460000")
STATES = ("completed", "customer_busy", "canceled")


class Lived:
    """A call as whoever keeps lists by hand knows it."""

    def __init__(self, entry: Accepted, at_us: int) -> None:
        self.entry, self.at_us = entry, at_us
        self.due_us, self.expires_us = entry.due_us, entry.expires_us
        self.state = "scheduled" if entry.due_us else "accepted"
        self.ended_us: int | None = None

    def fits(self, door: str, wish: Wish) -> bool:
        said = self.entry.message
        return (
            self.entry.door == door
            and wish.business in (None, self.entry.business)
            and wish.state in ("", self.state)
            and wish.final in (None, self.ended_us is not None)
            and wish.customer in ("", said["customer_number"])
            and wish.representative in ("", said.get("representative_number", ""))
            and (wish.accepted_after_us is None or self.at_us >= wish.accepted_after_us)
            and (wish.due_before_us is None or 0 < self.due_us < wish.due_before_us)
            and (wish.ended_after_us is None or (self.ended_us or 0) >= wish.ended_after_us)
        )


def lives(base: Path, count: int = 300) -> list[Lived]:
    """So many calls in a journal, the first accepted first."""
    draw, entries, found = random.Random(7), [], []
    for number in range(count):
        at_us = AT_US + number * SECOND_US
        due_us = at_us + draw.randrange(1, 48) * HOUR_US if draw.random() < 0.5 else 0
        message: dict[str, object] = {"customer_number": draw.choice(CUSTOMERS), "note": "naïve"}
        if draw.random() < 0.5:
            message["representative_number"] = "+12125550143"
        call = reference_text((at_us // 1_000 << 80) + draw.getrandbits(79))
        business, door = draw.choice(BUSINESSES), draw.choice(DOORS)
        expires_us = due_us + 900 * SECOND_US if due_us and draw.random() < 0.8 else 0
        entry = Accepted(
            call, business, door, message, "key", "mark", due_us=due_us, expires_us=expires_us
        )
        entries.append((at_us, entry))
        found.append(lived := Lived(entry, at_us))
        if due_us and draw.random() < 0.3:
            lived.due_us, lived.expires_us = due_us + HOUR_US, due_us + 2 * HOUR_US
            entries.append((at_us + 1, Rescheduled(call, lived.due_us, lived.expires_us)))
        if draw.random() < 0.6:
            lived.state, lived.ended_us = draw.choice(STATES), at_us + 30 * SECOND_US
            entries.append((lived.ended_us, Ended(call, lived.state, 16)))
    stamped = [
        Stamped("writer", number, at_us, at_us, entry)
        for number, (at_us, entry) in enumerate(entries, 1)
    ]
    JournalFile(base).append(stamped)
    return found


def indexed(base: Path) -> CallIndex:
    index = CallIndex(base.with_suffix(".calls.sqlite"), base)
    index.open()
    while index.catch_up():
        pass
    return index


def some_wish(draw: random.Random) -> Wish:
    wish = Wish(business=draw.choice((None, *BUSINESSES, "nobody")))
    more: dict[str, object] = {
        "state": draw.choice((*STATES, "scheduled", "accepted", "bridged")),
        "final": draw.random() < 0.5,
        "customer": draw.choice((*CUSTOMERS, "+12125550199")),
        "representative": "+12125550143",
        "accepted_after_us": AT_US + draw.randrange(300) * SECOND_US,
        "due_before_us": AT_US + draw.randrange(1, 48) * HOUR_US,
        "ended_after_us": AT_US + draw.randrange(300) * SECOND_US,
    }
    chosen = draw.sample(sorted(more), draw.choice((0, 0, 1, 1, 2, 3)))
    return msgspec.structs.replace(wish, **{name: more[name] for name in chosen})


def test_whatever_is_asked_for_is_found_page_by_page(tmp_path: Path):
    base = tmp_path / "network.journal"
    known = lives(base)
    index = indexed(base)
    draw, met = random.Random(3), 0
    for _ in range(400):
        door, wish = draw.choice(DOORS), some_wish(draw)
        expected = [one.entry.call for one in reversed(known) if one.fits(door, wish)]
        found: list[CallView] = []
        while page := index.find(door, wish, found[-1].call if found else "", 7):
            found += page
        assert [view.call for view in found] == expected, (door, wish)
        met += len(expected)
    assert met > 5_000


def test_a_row_tells_all_that_a_list_shows(tmp_path: Path):
    base = tmp_path / "network.journal"
    known = {one.entry.call: one for one in lives(base)}
    for view in indexed(base).find("ip-76", Wish(), "", 1_000):
        lived = known[view.call]
        assert (view.business, view.state) == (lived.entry.business, lived.state)
        assert view.customer_number == lived.entry.message["customer_number"]
        assert view.representative_number == lived.entry.message.get("representative_number")
        assert view.note == "naïve"
        assert view.accepted_at == utc_text(lived.at_us)
        assert view.due_at == (utc_text(lived.due_us) if lived.due_us else None)
        assert view.expires_at == (utc_text(lived.expires_us) if lived.expires_us else None)
        assert view.ended_at == (utc_text(lived.ended_us) if lived.ended_us else None)
        assert view.final == (lived.ended_us is not None)


def test_a_business_is_found_by_its_state_and_a_customer_by_the_number(tmp_path: Path):
    """Else a list of a business among a million calls of others would be given up."""
    base = tmp_path / "network.journal"
    lives(base)
    index = indexed(base)
    seen: list[str] = []
    database = index._database
    assert database is not None
    database.set_trace_callback(seen.append)
    wishes = (Wish("abc"), Wish("abc", "completed"), Wish("abc", customer=CUSTOMERS[0]))
    plans = []
    for wish in wishes:
        seen.clear()
        index.find("server-72", wish, "", 10)
        [query] = [text for text in seen if text.startswith("select * from") and "call" in text]
        rows = database.execute("explain query plan " + query).fetchall()
        plans.append(" ".join(row["detail"] for row in rows))
    assert "call_state (owner=? AND state=?)" in plans[0]
    assert "call_state (owner=? AND state=?)" in plans[1]
    assert "call_customer (customer=? AND owner=?)" in plans[2]
    assert not any("SCAN call" in plan for plan in plans)


def test_a_damaged_row_is_said_and_is_no_defect(tmp_path: Path):
    base = tmp_path / "network.journal"
    lives(base, 20)
    index = indexed(base)
    index.close()
    with sqlite3.connect(base.with_suffix(".calls.sqlite")) as database:
        database.execute("update call set entry = x'00'")
    with pytest.raises(CallIndexError, match="damaged"):
        index.find("server-72", Wish(), "", 10)
