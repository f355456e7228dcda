"""Whole calls through the network on the virtual clock: what is charged is what the records say."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from calleq.accounts.principal import Principal
from calleq.billing.derivation import derive_records
from calleq.billing.records import SessionRecord
from calleq.charging import DeckMemory, RememberedDecks
from calleq.door.door import Reply
from calleq.journal.entries import Accepted, Charged, Dialled, LineSeized, Stamped
from calleq.messages.answers import ProblemView
from calleq.operation.reloading import ReloadRefusedError, reload
from calleq.topology import Topology, TopologyError, load_topology
from calleq.topology_billing import Billing, Pricing
from calleq.topology_equipment import made_by
from calleq.topology_policy import CallPolicy
from calleq.units import SECOND_US, parse_utc
from calleq.web.problems import ProblemDetail
from tests.charging_scene import FLAT, audit
from tests.virtual import REPRESENTATIVE, VirtualNetwork, number

TALK_US = 5 * SECOND_US
ABROAD = CallPolicy(regions=("US", "GB"))


def world(directory: Path, deck: str = FLAT, **billing: str) -> Topology:
    """Figure 1 with the flat deck; business abc pays as told."""
    file = directory / "flat.toml"
    file.write_text(deck)
    figure1 = load_topology()
    paying = msgspec.convert({"payment": "prepaid", **billing}, Billing)
    businesses = tuple(
        msgspec.structs.replace(one, billing=paying, policy=ABROAD)
        if one.identifier == "abc"
        else one
        for one in figure1.businesses
    )
    pricing = Pricing(decks=(str(file),))
    return msgspec.structs.replace(figure1, businesses=businesses, pricing=pricing)


class Network(VirtualNetwork):
    """A network with prices."""

    def __init__(
        self,
        topology: Topology,
        *,
        entries: Sequence[Stamped] = (),
        memory: DeckMemory | None = None,
        **more: Any,
    ) -> None:
        self.before = list(entries)
        super().__init__(
            topology, entries=entries, decks=memory or RememberedDecks(), talk_us=TALK_US, **more
        )
        assert self.network.charged is not None
        self.charging = self.network.charged.charging

    @property
    def all_entries(self) -> list[Stamped]:
        return [*self.before, *self.journal.entries]

    def credit(self, amount_micro: int) -> None:
        abc = next(one for one in self.topology.businesses if one.identifier == "abc")
        self.charging.credit(abc, amount_micro, "operator")

    def charges(self) -> dict[str, list[Charged]]:
        found: dict[str, list[Charged]] = {}
        for stamped in self.all_entries:
            if isinstance(stamped.entry, Charged):
                found.setdefault(stamped.entry.call, []).append(stamped.entry)
        return found

    def proved(self) -> dict[str, SessionRecord]:
        """The records, when every rule about money has been found kept."""
        records = {record.call: record for record in derive_records(self.all_entries)}
        charges = self.charges()
        held = {
            one.entry.call
            for one in self.all_entries
            if isinstance(one.entry, Accepted) and one.entry.held
        }
        assert charges.keys() == held, "every call that held money was settled"
        assert all(len(several) == 1 for several in charges.values()), "once"
        for call, (charged,) in charges.items():
            record = records[call]
            assert record.amount_micro == charged.amount_micro
            assert record.amount_micro == sum(one.amount_micro for one in record.charges)
            assert record.amount_micro == by_hand(record)
        assert all(amount == 0 for amount in self.charging.held_micro.values())
        return records


def by_hand(record: SessionRecord) -> int:
    """What the flat deck makes of a record: 1 000 a second, 5 000 a call that was answered."""
    answered = [leg for leg in record.legs if leg.answered_at_us is not None]
    return sum(leg.billable_s * 1_000 for leg in answered) + (5_000 if answered else 0)


@pytest.mark.row("S2-63")
def test_a_call_is_held_for_then_charged_by_its_record(tmp_path: Path):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    call = network.place(number("00"), REPRESENTATIVE)
    # abc has two representatives: two rings of 30 s, with their grace and finding.
    assert network.charging.held_micro["abc"] == 2 * (3_600 + 42 + 80) * 1_000 + 5_000 + 2_002
    network.run_to_end(call)
    record = network.proved()[call]
    assert [(leg.leg, leg.billable_s, leg.charge_micro) for leg in record.legs] == [
        ("customer", 12, 12_000),
        ("agent", 7, 7_000),
    ]
    assert (record.amount_micro, record.currency) == (24_000, "USD")
    customer = record.legs[0]
    assert (customer.rate_deck, customer.rate_key) == ("flat", "+1")
    assert customer.rate_rule == "increments 1/1; rounded once, half up, to 0.000001"
    assert network.charging.balance(network.topology.businesses[0]) is not None


@pytest.mark.row("S2-63")
@pytest.mark.parametrize("ending", ["01", "02", "03", "05", "07", "08"])
def test_whatever_becomes_of_a_call_it_is_settled(tmp_path: Path, ending: str):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    call = network.place(number(ending), REPRESENTATIVE)
    network.run_to_end(call)
    network.clock.advance_us(60 * SECOND_US)
    record = network.proved()[call]
    answered = any(leg.answered_at_us for leg in record.legs)
    assert (record.amount_micro == 0) == (not answered)


def test_a_talk_ends_when_the_money_for_it_does(tmp_path: Path):
    """There is money for three seconds of talk; they would have talked for five."""
    network = Network(world(tmp_path))
    network.credit(2 * (3 + 42 + 80) * 1_000 + 5_000 + 2_002)
    call = network.place(number("00"), REPRESENTATIVE)
    assert network.charging.balance(network.topology.businesses[0]).available == "0.00"
    network.run_to_end(call)
    record = network.proved()[call]
    assert (record.state, [leg.billable_s for leg in record.legs]) == ("completed", [10, 5])
    assert audit(network.all_entries)[0] == 0


@pytest.mark.parametrize("is_paid", [True, False])
def test_a_third_party_is_dialled_where_it_is_paid_for(tmp_path: Path, is_paid: bool):
    network = Network(world(tmp_path))
    network.credit(2 * (60 + 42 + 80) * 1_000 + 5_000 + 2_002 + (40_000_000 if is_paid else 0))
    call = network.place(number("00"), REPRESENTATIVE)
    while network.view(call).state != "bridged":
        assert network.clock.run_next()
    added = network.server.add_party(call, "abc", number("06"))
    if is_paid:
        assert added is True
    else:
        assert isinstance(added, ProblemDetail)
        assert added.code == "balance"
    network.run_to_end(call)
    legs = network.proved()[call].legs
    assert ("third" in [leg.leg for leg in legs]) == is_paid
    assert audit(network.all_entries)[0] == 0


def refusal(network: Network, customer: str) -> ProblemView:
    body = {"business_id": "abc", "password": "abc-demo", "customer_number": customer}
    reply: Reply = network.post(json.dumps(body).encode())
    assert isinstance(reply.view, ProblemView)
    return reply.view


def test_without_money_nobody_is_dialled(tmp_path: Path):
    network = Network(world(tmp_path))
    problem = refusal(network, number("00"))
    assert (problem.status, problem.code) == (402, "balance")
    assert not any(isinstance(one.entry, Dialled | Accepted) for one in network.journal.entries)


def test_a_barred_and_an_unknown_destination_are_not_dialled(tmp_path: Path):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    assert refusal(network, "+19145550100").code == "barred"
    problem = refusal(network, "+442079460000")
    assert problem.code == "no_rate"
    assert [error.pointer for error in problem.errors] == ["/customer_number"]
    assert network.charging.held_micro == {"abc": 0}


def test_a_hundred_messages_at_one_instant_hold_what_there_is_and_no_more(tmp_path: Path):
    """Each call holds 245 000 for a minute's talk at most; 10 of 100 fit into 2.45."""
    topology = world(tmp_path)
    pricing = msgspec.structs.replace(topology.pricing, reserve_minutes=1)
    topology = msgspec.structs.replace(topology, pricing=pricing)
    network = Network(topology)
    each = 2 * (60 + 42 + 80) * 1_000 + 5_000 + 2_002
    network.credit(10 * each)
    body = {
        "business_id": "abc",
        "password": "abc-demo",
        "customer_number": number("00"),
        "representative_number": REPRESENTATIVE,
    }
    replies: list[Reply] = []
    for _ in range(100):
        network.server.submit(json.dumps(body).encode(), {}, "127.0.0.1", replies.append)
    while len(replies) < 100:
        assert network.clock.run_next()
    statuses = [reply.status for reply in replies]
    assert (statuses.count(202), statuses.count(402)) == (10, 90)
    network.clock.advance_us(900 * SECOND_US)
    network.proved()
    assert audit(network.all_entries)[0] == 0


def test_a_leg_that_no_switch_wrote_of_is_waited_for(tmp_path: Path):
    """The way to the customer's mobile exchange is out: the call ends, and is settled later."""
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    network.stp_fails("mtso-65")
    network.clock.advance_us(SECOND_US)
    call = network.place(number("11"), REPRESENTATIVE)
    while not network.view(call).final:
        assert network.clock.run_next()
    network.clock.advance_us(SECOND_US)
    legs = network.records()[call].legs
    if any(leg.seized_at_us is None for leg in legs):
        assert network.charging.held_micro["abc"] > 0
    network.clock.advance_us(60 * SECOND_US)
    assert network.proved()[call].amount_micro == 0


def cut(entries: Sequence[Stamped], call: str, share: int, shares: int) -> list[Stamped]:
    """The journal up to a share of the entries that were written since the call was accepted."""
    first = next(
        place
        for place, one in enumerate(entries)
        if isinstance(one.entry, Accepted) and one.entry.call == call
    )
    return list(entries[: first + 1 + (len(entries) - first - 1) * share // shares])


SHARES = 16


@pytest.mark.parametrize("share", range(SHARES + 1))
def test_after_a_crash_in_any_state_a_call_is_charged_once(tmp_path: Path, share: int):
    memory = RememberedDecks()
    topology = world(tmp_path)
    first = Network(topology, memory=memory)
    first.credit(10_000_000)
    call = first.place(number("00"), REPRESENTATIVE)
    first.run_to_end(call)
    entries = cut(first.journal.entries, call, share, SHARES)
    again = Network(topology, entries=entries, memory=memory, start_us=entries[-1].at_us + 2_000)
    again.clock.advance_us(900 * SECOND_US)
    records = again.proved()
    assert records[call].state
    worst, _ = audit(again.all_entries)
    assert worst == 0
    if any(isinstance(one.entry, Charged) for one in entries):
        assert records[call].amount_micro == 24_000
    third = Network(
        topology, entries=again.all_entries, memory=memory, start_us=again.clock.now_us()
    )
    assert third.charging.balance(topology.businesses[0]) == again.charging.balance(
        topology.businesses[0]
    )
    assert not any(isinstance(one.entry, Charged) for one in third.journal.entries)


def test_a_business_of_the_demonstration_pays_by_the_shipped_deck():
    network = VirtualNetwork()
    call = network.call(number("00"), REPRESENTATIVE).call
    record = network.records()[call]
    # 12 and 7 s are a minute each, at 0.012 and 0.01 for the connection; it is 04:00 in New York.
    assert [leg.charge_micro for leg in record.legs] == [22_000, 22_000]
    assert record.amount_micro == 49_000


DEARER_LATER = """
[[rates]]
to = "+1"
from = 2026-01-05T09:30:00Z
per_minute = "0.60"
"""


def test_a_scheduled_call_costs_what_it_did_when_it_was_accepted(tmp_path: Path):
    """At ten the price is ten times that of nine; a restart in between changes nothing."""
    memory = RememberedDecks()
    topology = world(tmp_path, FLAT + DEARER_LATER)
    first = Network(topology, memory=memory)
    first.credit(10_000_000)
    at = "2026-01-05T10:00:00Z"
    call = first.place(number("00"), REPRESENTATIVE, desired_time=at, confirmed=True)
    first.clock.advance_us(60 * SECOND_US)
    held = first.charging.held_micro["abc"]
    assert held > 0
    entries = first.journal.entries
    again = Network(topology, entries=entries, memory=memory, start_us=first.clock.now_us())
    assert again.charging.held_micro["abc"] == held
    again.clock.advance_us(3_600 * SECOND_US)
    record = again.proved()[call]
    assert (record.state, record.amount_micro) == ("completed", 24_000)
    assert record.legs[0].dialled_at_us >= parse_utc(at)
    assert {leg.rate_from_us for leg in record.legs} == {parse_utc("2026-01-01T00:00:00Z")}


def test_a_scheduled_call_that_is_cancelled_frees_its_money(tmp_path: Path):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    at = "2026-01-05T10:00:00Z"
    call = network.place(number("00"), REPRESENTATIVE, desired_time=at, confirmed=True)
    network.clock.advance_us(SECOND_US)
    assert network.charging.held_micro["abc"] > 0
    owner = Principal("business_owner", "password", "abc")
    network.server.cancel(call, "abc", owner, lambda wrong: None)
    network.clock.advance_us(SECOND_US)
    record = network.proved()[call]
    assert (record.state, record.amount_micro) == ("canceled", 0)


@pytest.mark.row("S2-30", part=True)
@pytest.mark.row("S2-63", part=True)
def test_each_business_is_charged_for_its_own_calls(tmp_path: Path):
    """xyz pays afterwards; the sum of a business's charges is that of its legs, rated by hand."""
    network = Network(world(tmp_path))
    network.credit(50_000_000)
    calls = {
        business: [network.place(number(ending), business=business) for ending in endings]
        for business, endings in (("abc", ("00", "05")), ("xyz", ("06",)))
    }
    network.run_to_end(*(call for several in calls.values() for call in several))
    records = network.proved()
    for business, several in calls.items():
        charged = [
            entry.amount_micro
            for of_call in network.charges().values()
            for entry in of_call
            if entry.business == business
        ]
        assert sum(charged) == sum(by_hand(records[call]) for call in several) > 0
    balances = [network.charging.balance(one) for one in network.topology.businesses]
    assert [one.payment for one in balances if one is not None] == ["prepaid", "postpaid"]


def test_a_deck_that_is_none_is_told_with_file_and_line(tmp_path: Path):
    with pytest.raises(TopologyError) as error:
        Network(world(tmp_path, FLAT.replace('"0.06"', "0.06")))
    assert str(error.value).startswith("flat.toml, line 9: rates[0].per_minute: 0.06: an amount")


def test_a_restarted_switch_says_when_a_call_ended(tmp_path: Path):
    """Its line was seized and answered; the new life releases it with the last word of the old."""
    topology = world(tmp_path)
    first = Network(topology)
    first.credit(10_000_000)
    call = first.place(number("00"), REPRESENTATIVE)
    while not any(event.event == "bridged" for event in first.events(call)):
        assert first.clock.run_next()
    first.clock.advance_us(2 * SECOND_US)
    entries = list(first.journal.entries)
    assert any(isinstance(one.entry, LineSeized) for one in entries)
    again = Network(topology, entries=entries, start_us=entries[-1].at_us + 30 * SECOND_US)
    again.clock.advance_us(900 * SECOND_US)
    record = again.proved()[call]
    assert (record.state, record.complete) == ("failed", False)
    assert [leg.partial for leg in record.legs] == [True, True]
    # Each switch wrote last when the parties answered or were joined: a second each, and the call.
    assert record.amount_micro == 7_000


@pytest.mark.row("S2-79", part=True)
@pytest.mark.parametrize("seed", range(6))
def test_a_network_full_of_calls_may_crash_twice(tmp_path: Path, seed: int):
    """Forty calls to everybody there is, two crashes anywhere: each is charged once."""
    draw = random.Random(seed)
    memory = RememberedDecks()
    topology = world(tmp_path, cap_day="60.00", cap_month="900.00")
    life = Network(topology, memory=memory, seed=seed)
    life.credit(50_000_000)
    entries: list[Stamped] = []
    for _ in range(2):
        for _ in range(20):
            body = {
                "business_id": "abc",
                "password": "abc-demo",
                "customer_number": number(f"{draw.randrange(12):02d}"),
            }
            life.post(body)
            life.clock.advance_us(draw.randrange(4 * SECOND_US))
        began = len(life.before)
        entries = life.all_entries
        entries = entries[: draw.randrange(began + (len(entries) - began) // 3, len(entries)) + 1]
        life = Network(
            topology, entries=entries, memory=memory, start_us=life.clock.now_us(), seed=seed + 100
        )
    life.clock.advance_us(1_500 * SECOND_US)
    records = life.proved()
    assert len(records) >= 10
    worst, most = audit(life.all_entries)
    assert worst == 0
    assert max(most.values()) <= 60_000_000


@pytest.mark.parametrize("equipment", ["ssp-62", "scp-1", "scp-2"])
def test_whatever_makes_the_call_it_is_charged(tmp_path: Path, equipment: str):
    network = Network(made_by(world(tmp_path), equipment))
    network.credit(10_000_000)
    for ending in ("00", "05", "01"):
        network.run_to_end(network.place(number(ending), REPRESENTATIVE))
    network.clock.advance_us(60 * SECOND_US)
    amounts = [record.amount_micro or 0 for record in network.proved().values()]
    assert amounts[0] > amounts[1] > amounts[2] == 0


def test_a_step_of_the_wall_clock_changes_no_charge(tmp_path: Path):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    for step_us in (-3_600 * SECOND_US, 7_200 * SECOND_US):
        call = network.place(number("00"), REPRESENTATIVE)
        while network.view(call).state != "bridged":
            assert network.clock.run_next()
        network.clock.step_wall_us(step_us)
        network.run_to_end(call)
        assert network.proved()[call].amount_micro == 24_000


def test_a_reload_takes_later_rates_and_refuses_an_edited_deck(tmp_path: Path):
    network = Network(world(tmp_path))
    network.credit(10_000_000)
    edited = world(tmp_path, FLAT.replace('"0.06"', '"0.05"'))
    with pytest.raises(ReloadRefusedError) as error:
        reload(network.network, edited)
    assert str(error.value) == (
        "flat.toml, line 7: +1 from 2026-01-01T00:00:00.000000Z was edited or removed:"
        " supersede it by a later rate"
    )
    cheap = network.call(number("00"), REPRESENTATIVE).call
    reload(network.network, world(tmp_path, FLAT + DEARER_LATER))
    network.clock.advance_us(1_800 * SECOND_US)
    dear = network.call(number("00"), REPRESENTATIVE).call
    assert network.charges()[cheap][0].amount_micro == 24_000
    assert network.charges()[dear][0].amount_micro == 195_000
