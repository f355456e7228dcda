"""Charging with nothing around it but a journal and a clock, and an auditor who trusts neither."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from calleq.accounts.principal import Principal
from calleq.charging import CallCharging, RememberedDecks, load_decks
from calleq.intake.contract import Held, Refusal, Wanted
from calleq.journal.entries import Accepted, Charged, Credited, Stamped
from calleq.journal.memory import MemoryJournal
from calleq.numbering import parse_address
from calleq.rating import LegUse, ServiceUse
from calleq.runtime.clock import VirtualClock
from calleq.topology import Business
from calleq.topology_billing import Billing, Pricing
from calleq.units import SECOND_US, parse_utc

MORNING_US = parse_utc("2026-01-05T09:00:00Z")

FLAT = """
name = "flat"
currency = "USD"
zone = "UTC"

[[rates]]
to = "+1"
from = 2026-01-01T00:00:00Z
per_minute = "0.06"

[[rates]]
to = "+1914"
from = 2026-01-01T00:00:00Z
barred = "not ours"

[[services]]
name = "call"
from = 2026-01-01T00:00:00Z
each = "0.005"
"""
"""A second costs 1 000 micro-units, a call of which a leg was answered 5 000."""

BEFORE_S = 2 + 15 + 5 + 20 + (30 + 5 + 5)
"""Detection, whisper, joining, release, and one representative's ringing, grace and finding."""
CUSTOMER, REPRESENTATIVE = "+12125550100", "+12125550143"


def business(payment: str = "prepaid", zone: str = "UTC", **billing: str) -> Business:
    whole = Business(
        identifier="abc",
        representatives=(REPRESENTATIVE,),
        billing=msgspec.convert({"payment": payment, **billing}, Billing),
    )
    calendar = msgspec.structs.replace(whole.calendar, zone=zone)
    return msgspec.structs.replace(whole, calendar=calendar)


class Scene:
    """One life of charging; `next_life` is the one after a restart."""

    def __init__(
        self,
        directory: Path,
        who: Business,
        *,
        deck: str = FLAT,
        entries: Iterable[Stamped] = (),
        now_us: int = MORNING_US,
        reserve_minutes: int = 60,
        memory: RememberedDecks | None = None,
    ) -> None:
        self.directory, self.who, self.reserve_minutes = directory, who, reserve_minutes
        file = directory / "flat.toml"
        file.write_text(deck)
        self.clock = VirtualClock(now_us)
        self.before = list(entries)
        self.journal = MemoryJournal(self.clock, after=self.before)
        self.memory = memory or RememberedDecks()
        self.charging = CallCharging(
            load_decks(Pricing(decks=(str(file),)), self.memory, now_us),
            {"abc": who}.get,
            self.journal,
            self.clock,
            "server-72",
            reserve_minutes=reserve_minutes,
        )
        self.charging.recover(self.before)

    @property
    def entries(self) -> list[Stamped]:
        return [*self.before, *self.journal.entries]

    def next_life(self) -> "Scene":
        return Scene(
            self.directory,
            self.who,
            entries=self.entries,
            now_us=self.clock.now_us(),
            reserve_minutes=self.reserve_minutes,
            memory=self.memory,
        )

    def credit(self, amount_micro: int) -> None:
        self.charging.credit(self.who, amount_micro, "operator")

    def ask(self, call: str, customer: str = CUSTOMER, agent: str | None = None) -> Held | Refusal:
        """As the intake does: what is held, or why not; nothing is written."""
        wanted = Wanted(
            call=call,
            business=self.who,
            by=Principal("business_owner", "password", "abc"),
            customer=parse_address(customer),
            representative=None if agent is None else parse_address(agent),
            content={},
        )
        return self.charging.hold(wanted, self.clock.now_us())

    def accept(self, call: str, **more: str) -> Held | Refusal:
        """Ask, and write that it was accepted where it was."""
        held = self.ask(call, **more)
        if isinstance(held, Held):
            entry = Accepted(
                call, "abc", "server-72", {}, held=held.content, talk_limit_us=held.talk_limit_us
            )
            self.charging.accepted(entry)
            self.journal.append("server-72", entry)
        return held

    def settle(self, call: str, *seconds: int, services: tuple[ServiceUse, ...] = ()) -> int:
        """The call is over: customer and representatives talked for so long; what it cost."""
        now_us = self.clock.now_us()
        parties = [("customer", CUSTOMER)] + [("agent", REPRESENTATIVE)] * (len(seconds) - 1)
        legs = tuple(
            LegUse(
                role=role,
                address=parse_address(number),
                answered_at_us=now_us,
                billable_s=length_s,
            )
            for (role, number), length_s in zip(parties, seconds, strict=False)
        )
        self.charging.settle(call, legs, services)
        last = self.journal.entries[-1].entry
        assert isinstance(last, Charged)
        return last.amount_micro

    def balance(self) -> dict[str, object]:
        view = self.charging.balance(self.who)
        assert view is not None
        return msgspec.to_builtins(view)  # type: ignore[no-any-return]


def audit(entries: Iterable[Stamped], zone: str = "UTC") -> tuple[int, dict[str, int]]:
    """What a prepaid business has left at the worst of its moments, and the most that was spent
    and held in each day and month, by sums over a journal and nothing else."""
    credited = charged = worst = 0
    held: dict[str, tuple[int, tuple[str, str]]] = {}
    spent: defaultdict[str, int] = defaultdict(int)
    most: defaultdict[str, int] = defaultdict(int)
    for stamped in entries:
        entry = stamped.entry
        if isinstance(entry, Credited):
            credited += entry.amount_micro
        elif isinstance(entry, Accepted) and entry.held is not None:
            at_us = entry.held["priced_at_us"]
            assert isinstance(at_us, int)
            at = datetime.fromtimestamp(at_us // SECOND_US, ZoneInfo(zone))
            amount = entry.held["amount_micro"]
            assert isinstance(amount, int)
            held[entry.call] = amount, (at.strftime("day %Y-%m-%d"), at.strftime("month %Y-%m"))
        elif isinstance(entry, Charged):
            charged += entry.amount_micro
            for period in held.pop(entry.call)[1]:
                spent[period] += entry.amount_micro
        open_micro = sum(amount for amount, _ in held.values())
        worst = min(worst, credited - charged - open_micro)
        now = dict(spent)
        for amount, periods in held.values():
            for period in periods:
                now[period] = now.get(period, 0) + amount
        for period, amount in now.items():
            most[period] = max(most[period], amount)
    return worst, dict(most)
