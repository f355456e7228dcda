"""Doors in processes of their own, decided by one authority: limits, money, accounts, deaths.

Simulated time; every element is a process with a disk and a life of its own.
"""

import base64
import random
from collections import Counter

import msgspec
import pytest

from calleq.accounts import Denial
from calleq.accounts.authenticator import RequestProof
from calleq.accounts.changes import (
    BusinessResumed,
    BusinessSuspended,
    CredentialIssued,
    CredentialRevoked,
)
from calleq.accounts.credential import Credential
from calleq.accounts.issuing import Issuing
from calleq.accounts.principal import Principal
from calleq.billing.charges import leg_uses
from calleq.billing.derivation import derive_records
from calleq.door.replies import Reply
from calleq.journal.entries import Accepted, Ended
from calleq.rating import parse_amount, rate_call
from calleq.relay.bounds import BEGIN_US
from calleq.topology_policy import Rate
from simulator.faults.bus import Rule
from tests.relay_scene import (
    CUSTOMERS,
    DOORS,
    FRONTS,
    PERIPHERAL,
    SERVER,
    SWITCH,
    Split,
    asking,
    call_of,
    code_of,
    topology_of,
    with_origin,
)

EACH_FRONT = pytest.mark.parametrize("door", FRONTS)


@EACH_FRONT
def test_a_call_asked_for_at_a_front_is_made_by_its_element_and_charged_once(door: str) -> None:
    split = Split()
    call = call_of(split.asked(door))
    split.passes(60)
    view = split.network(SERVER).doors[door].call(call, "abc")
    assert view is not None
    assert view.state == "completed"
    (charged,) = split.charged()
    assert charged.call == call
    assert charged.amount_micro > 0
    assert view.charge is not None
    assert split.charging.held_micro["abc"] == 0
    (accepted,) = split.accepted()
    assert accepted.door == f"{door}-internet"


# One limit, whatever the door.


def at_every_door(split: Split, customers: tuple[str, ...] = CUSTOMERS) -> list[Reply]:
    """A message at each door in the same instant, each for another customer; the replies."""
    said = [split.submit(door, one) for door, one in zip(DOORS, customers, strict=False)]
    split.passes(1)
    return [reply for (reply,) in said]


def statuses(replies: list[Reply]) -> list[int]:
    return sorted(reply.status for reply in replies)


def test_money_for_one_call_pays_for_one_at_whichever_door_it_is_asked_for() -> None:
    split = Split(topology_of({"payment": "prepaid"}))
    business = split.network(SERVER).accounts.business("abc")  # type: ignore[union-attr]
    assert business is not None
    split.charging.credit(business, 500_000, "operator")
    replies = at_every_door(split)
    assert statuses(replies) == [202, 402, 402]
    assert {code_of(one) for one in replies if one.status == 402} == {"balance"}
    split.passes(60)
    assert len(split.dialled()) == 1
    (charged,) = split.charged()
    balance = split.charging.balance(business)
    assert balance is not None
    assert 0 < charged.amount_micro < 500_000
    assert split.charging.held_micro["abc"] == 0
    room_micro = 500_000 - charged.amount_micro
    again = at_every_door(split)
    assert statuses(again) == [202, 402, 402]
    assert split.charging.held_micro["abc"] <= room_micro


@pytest.mark.parametrize("limit", ["calls", "all_calls"])
def test_a_limit_of_calls_is_one_for_all_doors(limit: str) -> None:
    split = Split(topology_of(**{limit: Rate(burst=2, refill_s=3_600)}))
    replies = at_every_door(split)
    assert statuses(replies) == [202, 202, 429]
    assert statuses(at_every_door(split, CUSTOMERS[::-1])) == [429, 429, 429]
    split.passes(30)
    assert len(split.dialled()) == 2


def test_a_number_has_one_live_call_whatever_the_door() -> None:
    split = Split(topology_of(apart_s=300))
    replies = at_every_door(split, (CUSTOMERS[0],) * 3)
    assert statuses(replies) == [202, 409, 409]


@EACH_FRONT
def test_who_pressed_9_is_called_at_no_door_again(door: str) -> None:
    split = Split(asking(topology_of(), CUSTOMERS[0]))
    split.asked(door)
    split.passes(30)
    assert [one.state for one in split.entries(Ended)] == ["customer_rejected"] * 2
    for other in DOORS:
        reply = split.asked(other)
        assert (reply.status, code_of(reply)) == (403, "do_not_call")
    assert split.dialled() == [CUSTOMERS[0]]


@EACH_FRONT
def test_a_key_makes_one_call_however_often_the_message_is_sent(door: str) -> None:
    split = Split()
    first, again = split.asked(door, key="order-17"), split.asked(door, key="order-17")
    assert call_of(first) == call_of(again)
    assert dict(again.headers)["idempotent-replayed"] == "true"
    other = split.asked(door, CUSTOMERS[1], key="order-17")
    assert code_of(other) == "idempotency_key_reused"


# Who asks.


def proved(split: Split, door: str, secret: str) -> Principal | Denial:
    """Who somebody with that API key is, at a front."""
    verdicts: list[Principal | Denial] = []
    proof = RequestProof("GET", "/v1/calls", {"authorization": f"Bearer {secret}"})
    split.front(door).authenticator.authenticate(proof, verdicts.append)
    return verdicts[0]


def key_for(split: Split) -> tuple[str, str]:
    """A new API key of `abc`: its identifier and its secret."""
    wanted = Credential(identifier="", kind="api_key", role="developer", business="abc", stored="")
    issued = Issuing(random.Random(1).randbytes, lambda text: text, None).issue(wanted)
    split.change(CredentialIssued(credential=issued.credential))
    return issued.credential.identifier, issued.secret


@EACH_FRONT
def test_a_key_is_good_at_a_front_when_it_was_issued_and_worth_nothing_when_revoked(
    door: str,
) -> None:
    split = Split()
    identifier, secret = key_for(split)
    split.passes(0.1)
    principal = proved(split, door, secret)
    assert isinstance(principal, Principal)
    assert split.asked(door, principal=principal).status == 202
    split.change(CredentialRevoked(credential=identifier, at_us=split.clock.now_us()))
    split.passes(0.1)
    denial = proved(split, door, secret)
    assert isinstance(denial, Denial)
    assert denial.reason == "revoked"


def test_what_a_front_has_not_heard_yet_is_asked_again_by_the_authority() -> None:
    split = Split()
    identifier, secret = key_for(split)
    split.passes(0.1)
    principal = proved(split, PERIPHERAL, secret)
    assert isinstance(principal, Principal)
    split.world.bus.trouble(Rule(trouble="drop", kind="accounts_told", count=10))
    split.change(CredentialRevoked(credential=identifier, at_us=split.clock.now_us()))
    reply = split.asked(PERIPHERAL, principal=principal)
    assert (reply.status, code_of(reply)) == (401, "not_accepted")
    assert split.accepted() == []
    split.world.bus.heal()
    split.passes(5)  # it is told everything anew
    assert isinstance(proved(split, PERIPHERAL, secret), Denial)


@EACH_FRONT
def test_a_suspended_business_is_let_in_at_no_door(door: str) -> None:
    split = Split()
    split.change(BusinessSuspended(business="abc"))
    reply = split.asked(door)
    assert (reply.status, code_of(reply)) == (401, "not_accepted")
    split.change(BusinessResumed(business="abc"))
    split.passes(0.1)
    assert split.asked(door).status == 202


def test_a_page_token_is_good_once_at_all_doors_together() -> None:
    split = Split(with_origin(topology_of()))
    authenticator = split.network(SERVER).authenticator
    assert authenticator is not None
    visitor = "visitor-0123456789"
    token = authenticator.issue_page_token(
        "page-1", "abc", "https://www.abc.example", "/shoes", visitor, 300
    )
    headers = {
        "calleq-page-token": token,
        "calleq-visitor": visitor,
        "origin": "https://www.abc.example",
    }
    proof = RequestProof("POST", "/v1/direct-calls", headers)
    replies = []
    for door in FRONTS:
        verdicts: list[Principal | Denial] = []
        split.front(door).authenticator.authenticate(proof, verdicts.append)
        (principal,) = verdicts
        assert isinstance(principal, Principal)
        replies += split.submit(door, principal=principal)
    split.passes(1)
    assert len(split.accepted()) == 1


@EACH_FRONT
def test_strangers_leave_nothing_on_the_osn_and_passwords_never_cross_it(door: str) -> None:
    split = Split()
    before = Counter(kinds(split))
    for fields in (
        {"password": "guessed"},
        {"business_id": "nobody", "password": "guessed"},
        {"password": "abc-demo", "equipment_address": "other.example"},
        {"customer_number": "no number", "password": 7},
    ):
        assert split.asked(door, **fields).status in (401, 421, 422)
    more = Counter(kinds(split)) - before
    assert "relay" not in more
    assert set(more) <= {"ask_authority", "authority_here", "entries_told", "tell_entries"}
    assert split.asked(door).status == 202
    split.passes(30)
    assert all(b"abc-demo" not in octets for octets in split.on_osn())
    relayed = [msgspec.json.decode(one) for one in split.on_osn() if b'"kind":"relay"' in one]
    assert len(relayed) == 1
    assert b"abc-demo" not in base64.b64decode(relayed[0]["body"])


def kinds(split: Split) -> list[str]:
    return [msgspec.json.decode(octets)["kind"] for octets in split.on_osn()]


# Processes that are lost.


@EACH_FRONT
def test_without_the_authority_a_front_accepts_nothing_and_says_so(door: str) -> None:
    split = Split()
    split.world.kill(SERVER)
    split.passes(3)
    reply = split.asked(door)
    assert (reply.status, code_of(reply)) == (503, "authority_unreachable")
    assert ("retry-after", "2") in reply.headers
    split.world.begin(SERVER)
    split.passes(30)
    assert split.accepted() == []
    assert split.dialled() == []
    assert split.asked(door).status == 202


def test_what_waited_for_a_dead_authority_is_not_begun_by_its_next_life() -> None:
    """A front that does not know yet that the authority is gone asks into nothing."""
    split = Split()
    split.world.kill(SERVER)
    said = split.submit(PERIPHERAL)
    split.passes(0.3)
    assert said == []
    split.world.begin(SERVER)
    split.passes(15)
    (reply,) = said
    assert reply.status == 503
    assert split.accepted() == []


def test_an_authority_that_slept_leaves_what_it_comes_to_late() -> None:
    split = Split()
    rule = Rule(trouble="delay", kind="relay", delay_us=BEGIN_US + 100_000)
    split.world.bus.trouble(rule)
    said = split.submit(PERIPHERAL)
    split.passes(5)
    (reply,) = said
    assert (reply.status, code_of(reply)) == (503, "authority_late")
    assert split.accepted() == []


@pytest.mark.parametrize(
    "after_ms", [0, 1, 2, 4, 6, 8, 10, 50, 1_000, 5_000, 9_000, 14_000, 22_000]
)
@EACH_FRONT
def test_an_authority_killed_at_any_instant_dials_nobody_twice_and_money_is_exact(
    door: str, after_ms: int
) -> None:
    split = Split(topology_of({"payment": "prepaid"}))
    business = split.network(SERVER).accounts.business("abc")  # type: ignore[union-attr]
    assert business is not None
    split.charging.credit(business, 2_000_000, "operator")
    split.passes(0.1)
    said = split.submit(door, key="order-17")
    split.passes(after_ms / 1_000)
    split.world.restart(SERVER, 3_000_000)
    split.passes(20)
    again = split.asked(door, key="order-17")
    assert again.status == 202
    assert [one.status for one in said] in ([202], [503])
    if said[0].status == 202:
        assert call_of(said[0]) == call_of(again)
    split.passes(90)
    (accepted,) = split.accepted()
    assert split.dialled() == [CUSTOMERS[0]]
    (charged,) = split.charged()
    assert charged.call == accepted.call == call_of(again)
    assert split.charging.held_micro["abc"] == 0
    record = next(one for one in derive_records(split.world.entries()) if one.call == charged.call)
    deck = split.charging.deck_of(business)
    assert deck is not None
    rated = rate_call(deck, leg_uses(record), (), priced_at_us=priced_at_us(accepted))
    assert charged.amount_micro == rated.amount_micro
    balance = split.charging.balance(business)
    assert balance is not None
    assert parse_amount(balance.credited) == 2_000_000
    assert parse_amount(balance.charged) == charged.amount_micro


@pytest.mark.parametrize(
    ("element", "after_ms"),
    [(PERIPHERAL, 3), (PERIPHERAL, 5_000), (SWITCH, 14_000), ("ssp-64", 14_000)],
)
def test_an_element_killed_in_a_call_releases_what_was_held_once_it_is_back(
    element: str, after_ms: int
) -> None:
    split = Split()
    call = call_of(split.asked(PERIPHERAL))
    split.passes(after_ms / 1_000)
    split.world.kill(element)
    split.passes(30)
    split.world.begin(element)
    split.passes(7_300)
    (charged,) = split.charged()
    assert charged.call == call
    assert split.charging.held_micro["abc"] == 0
    record = next(one for one in derive_records(split.world.entries()) if one.call == call)
    (accepted,) = split.accepted()
    business = split.network(SERVER).accounts.business("abc")  # type: ignore[union-attr]
    assert business is not None
    deck = split.charging.deck_of(business)
    assert deck is not None
    rated = rate_call(deck, leg_uses(record), (), priced_at_us=priced_at_us(accepted))
    assert charged.amount_micro == rated.amount_micro


def priced_at_us(accepted: Accepted) -> int:
    found = (accepted.held or {})["priced_at_us"]
    assert isinstance(found, int)
    return found


def test_calls_of_every_door_are_found_in_one_place_after_a_restart() -> None:
    split = Split()
    calls = {door: call_of(reply) for door, reply in zip(DOORS, at_every_door(split), strict=True)}
    split.world.restart(SERVER, 1_000_000)
    split.passes(60)
    for door, call in calls.items():
        view = split.network(SERVER).doors[door].call(call, "abc")
        assert view is not None
        assert view.final
    assert len(split.dialled()) == 3
