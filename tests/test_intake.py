"""The one door: references, keys, customers, and what a restart keeps."""

import json
import random
import tracemalloc
from collections.abc import Callable
from hashlib import sha256

import msgspec
import pytest

from calleq.accounts.registry import Registry
from calleq.intake import CallReferences, is_reference
from calleq.intake.customers import KnownCustomers
from calleq.intake.idempotency import KEPT_US, IdempotencyKeys, KeyState, Replay
from calleq.intake.references import reference_text
from calleq.intake.refusals import REFUSED_RATE
from calleq.journal.entries import Accepted, Entry, Refused
from calleq.journal.file import JournalFull
from calleq.numbering import E164
from calleq.runtime.clock import VirtualClock
from tests.door import LOOPBACK, Door, message


def octets(**fields: object) -> bytes:
    return json.dumps(message(**fields)).encode()


# Call references.


def test_references_are_sorted_unique_and_repeatable():
    clock = VirtualClock(1_763_719_200_000_000)
    make = CallReferences(clock, random.Random(5).getrandbits)
    made = []
    for step in range(3_000):
        made.append(make())
        if step % 3 == 0:
            clock.advance_us(700)
        if step == 1_000:
            clock.step_wall_us(-3_600_000_000)
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert all(is_reference(call) for call in made)
    again = CallReferences(VirtualClock(1_763_719_200_000_000), random.Random(5).getrandbits)
    assert again() == made[0]


def test_a_reference_is_a_ulid():
    """The example of the ULID specification: 1469918176385 ms is 01ARYZ6S41."""
    make = CallReferences(VirtualClock(1_469_918_176_385_000), lambda bits: 0)
    assert make() == "01ARYZ6S41" + "0" * 16


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "I" * 26, "../" + "0" * 23])
def test_what_is_no_reference(text: str):
    assert not is_reference(text)


# Keys.


def kept(business: str, key: str, fingerprint: str, call: str) -> Accepted:
    """What the journal says of a call with a key."""
    return Accepted(call, business, "server-72", {}, key, fingerprint)


def test_a_key_is_kept_a_day_and_then_free():
    keys = IdempotencyKeys()
    keys.bind(kept("abc", "k", "f", "call-1"), 0)
    assert keys.find("abc", "k", "f", 1) is KeyState.IN_PROGRESS
    assert keys.find("abc", "k", "g", 1) is KeyState.REUSED
    keys.accepted("abc", "k")
    assert keys.find("abc", "k", "f", KEPT_US) == Replay("call-1")
    assert keys.find("abc", "k", "g", KEPT_US) is KeyState.REUSED
    assert keys.find("abc", "k", "g", KEPT_US + 1) is None
    assert len(keys) == 0


def test_a_full_table_refuses_new_keys_and_forgets_none():
    keys = IdempotencyKeys(limit_keys=3, limit_keys_per_business=2)
    for business, key in (("abc", "1"), ("abc", "2"), ("xyz", "1")):
        assert keys.find(business, key, "f", 0) is None
        keys.bind(kept(business, key, "f", f"{business}-{key}"), 0)
        keys.accepted(business, key)
    assert keys.find("abc", "3", "f", 0) is KeyState.FULL
    assert keys.find("xyz", "2", "f", 0) is KeyState.FULL
    assert keys.find("abc", "1", "f", 0) == Replay("abc-1")
    assert keys.find("xyz", "2", "f", KEPT_US + 1) is None


def test_one_business_cannot_fill_the_table_of_all():
    keys = IdempotencyKeys(limit_keys=100, limit_keys_per_business=2)
    for key in ("1", "2"):
        keys.bind(kept("abc", key, "f", key), 0)
    assert keys.find("abc", "3", "f", 0) is KeyState.FULL
    assert keys.find("xyz", "1", "f", 0) is None


def test_the_customer_named_longest_ago_is_forgotten_first():
    customers = KnownCustomers(Registry(customers_limit=2))
    for name in ("1", "2", "1", "3"):
        customers.learn("abc", name, E164(f"+1212555010{name}"))
    assert customers.number("abc", "1") == "+12125550101"
    assert customers.number("abc", "2") is None
    assert customers.number("xyz", "1") is None


# The journal.


def test_nothing_is_answered_or_sent_before_it_is_durable():
    door = Door()
    door.journal.held = True
    replies: list[object] = []
    door.server.submit(octets(), {}, LOOPBACK, replies.append)
    assert len(door.journal.of(Accepted)) == 1
    assert (replies, door.bus.sent) == ([], [])
    door.journal.flush()
    assert len(replies) == 1
    assert door.story == ["durable", "SetUpCall"]


def test_the_journal_never_sees_a_password():
    door = Door()
    door.submit(octets(customer_id="c-1", extension={"x": 1}), idempotency_key="k1")
    door.submit(octets(password="not the right one"))
    [accepted] = door.journal.of(Accepted)
    assert accepted.message == {
        "business_id": "abc",
        "customer_id": "c-1",
        "extension": {"x": 1},
        "customer_number": "+12125550100",
        "representative_number": "+12125550143",
    }
    assert (accepted.business, accepted.door) == ("abc", "server-72")
    assert accepted.idempotency_key == "k1"
    assert len(accepted.fingerprint) == 22
    [refused] = door.journal.of(Refused)
    assert refused == Refused("server-72", "abc", "bad_password", LOOPBACK)


def test_a_disk_that_cannot_follow_is_said_and_binds_no_key():
    """A full journal was an error of ours, the key in progress for ever, and work never done."""
    door = Door()

    def full(entity: str, entry: Entry, durable: Callable[[], object] | None = None) -> None:
        raise JournalFull("65536 entries wait for the disk")

    append = door.journal.append
    door.journal.append = full  # type: ignore[method-assign]
    for _ in range(3):
        busy = door.submit(octets(), idempotency_key="k1")
        assert (busy.status, busy.view.code) == (503, "busy")  # type: ignore[union-attr]
    wrong = door.submit(octets(password="not the right one"))
    assert wrong.status == 401, "a refusal that cannot be written is one"
    assert door.intake.in_work == 0
    door.journal.append = append  # type: ignore[method-assign]
    assert door.submit(octets(), idempotency_key="k1").status == 202
    assert door.intake.refusals_unwritten == 1


def test_what_was_accepted_for_later_is_so_again():
    """A repetition said "accepted" of a call that waited."""
    door = Door()
    first = door.submit(octets(desired_time="2026-11-21T15:00:00Z"), idempotency_key="k1")
    for again in (door, restarted(door)):
        said = again.submit(octets(desired_time="2026-11-21T15:00:00Z"), idempotency_key="k1")
        assert said.view == first.view
        assert said.view.state == "scheduled"  # type: ignore[union-attr]


def test_strangers_do_not_fill_the_disk():
    door = Door()
    written = REFUSED_RATE.burst
    for _ in range(written + 500):
        assert door.submit(octets(equipment_address="elsewhere")).status == 421
    assert len(door.journal.of(Refused)) == written
    assert door.intake.refusals_unwritten == 500
    assert door.intake.outcomes["wrong_equipment"] == written + 500


def test_a_repetition_counts_even_when_its_time_has_passed_since():
    door = Door()
    body = octets(desired_time="2026-11-21T10:00:00Z")
    first = door.submit(body, idempotency_key="k1")
    door.clock.advance_us(3_600_000_000)
    again = door.submit(body, idempotency_key="k1")
    assert (first.status, again.status) == (202, 202)
    assert first.view == again.view


def restarted(door: Door) -> Door:
    """A new process over the journal of `door`, at the same time of day."""
    after = Door()
    after.clock.advance_us(door.clock.monotonic_us())
    after.restart(door.journal.entries)
    return after


def test_keys_and_customers_survive_a_restart():
    door = Door()
    first = door.submit(octets(customer_id="c-1"), idempotency_key="k1")
    door.clock.advance_us(60_000_000)

    after = restarted(door)
    again = after.submit(octets(customer_id="c-1"), idempotency_key="k1")
    assert again.view == first.view
    assert ("idempotent-replayed", "true") in again.headers
    other = after.submit(octets(), idempotency_key="k1")
    assert other.status == 422
    assert after.submit(octets(customer_number=None, customer_id="c-1")).status == 202
    assert after.set_ups()[-1].customer == "+12125550100"


def test_a_key_of_a_journal_with_longer_fingerprints_is_the_same_key():
    door = Door()
    first = door.submit(octets(), idempotency_key="k1")
    [written] = [one for one in door.journal.entries if isinstance(one.entry, Accepted)]
    assert isinstance(written.entry, Accepted)
    content = msgspec.json.encode(written.entry.message, order="sorted")
    digest = sha256(content).hexdigest()
    older = msgspec.structs.replace(written.entry, fingerprint=digest)
    after = Door()
    after.restart([msgspec.structs.replace(written, entry=older)])
    again = after.submit(octets(), idempotency_key="k1")
    assert again.view == first.view
    assert after.submit(octets(customer_id="c-2"), idempotency_key="k1").status == 422


def test_a_million_keys_take_as_little_memory_as_is_said():
    """160 octets each with all that holds them; what they were was 600."""
    keys, clock_us = IdempotencyKeys(), 1_795_300_000_000_000
    count = 20_000
    made = [(f"{number:08x}-658a-4a00-a623-2dc1ea0c939d", number) for number in range(count)]
    tracemalloc.start()
    for key, number in made:
        call = reference_text((clock_us // 1_000 << 80) + number)
        keys.bind(kept("acme", key, str(number), call), clock_us + number)
        keys.accepted("acme", key)
    used, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert used / count < 180
    call = reference_text((clock_us // 1_000 << 80) + 7)
    assert keys.find("acme", made[7][0], "7", clock_us) == Replay(call)
    assert keys.find("acme", made[7][0], "8", clock_us) is KeyState.REUSED
    assert keys.find("acme", "other", "8", clock_us + count + KEPT_US + 1_000) is None
    assert len(keys) == 0


def test_a_key_older_than_a_day_does_not_survive():
    door = Door()
    first = door.submit(octets(), idempotency_key="k1")
    door.clock.advance_us(KEPT_US + 1)
    again = restarted(door).submit(octets(), idempotency_key="k1")
    assert again.status == 202
    assert again.view != first.view


def test_what_another_door_accepted_is_not_this_doors():
    door = Door()
    entry = Accepted("call", "abc", "ip-76", {"customer_number": "+12125550100"}, "k1", "f")
    door.journal.append("ip-76", entry)
    after = restarted(door)
    assert after.bus.sent == []
    assert after.submit(octets(), idempotency_key="k1").status == 202


@pytest.mark.parametrize("field", ["customer_number", "representative_number"])
def test_who_tried_a_premium_number_is_on_the_list_of_refusals(field: str):
    """Somebody who proved who it is and tried it is worth knowing; a stranger learns nothing."""
    door = Door()
    stranger = door.submit(octets(**{field: "+19005550123"}, password="not the right one"))
    assert stranger.status == 401
    refused = door.submit(octets(**{field: "+19005550123"}))
    assert refused.status == 422
    told = [one.entry for one in door.journal.entries if isinstance(one.entry, Refused)]
    assert [(one.reason, one.by) for one in told] == [("bad_password", ""), ("premium_rate", "abc")]
    assert told[1].customer == ("+19005550123" if field[0] == "c" else "+12125550100")
    assert door.bus.sent == []
