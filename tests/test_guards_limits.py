"""How often anybody may be called, and anybody may ask: through a whole door."""

import json
from collections.abc import Callable

import msgspec
import pytest

from calleq.door.replies import Reply
from calleq.journal.entries import Accepted, Entry
from calleq.journal.file import JournalFull
from calleq.messages.answers import ProblemView
from calleq.topology_calendar import Retries
from calleq.topology_policy import CarrierPolicy, Rate
from tests.door import message
from tests.guards_scene import LOOSE, GuardedDoor, code_of, let_through, only, shop

ANN, BOB, EVE = "+12125550100", "+12125550102", "+12125550104"


THREE = Rate(burst=3, refill_s=60)


def numbers(count: int) -> list[str]:
    return [f"+1212556{place:04}" for place in range(count)]


def retry_after_s(reply: Reply) -> int:
    return int(dict(reply.headers)["retry-after"])


# One live request for each number.


@pytest.mark.row("S2-04", part=True)
def test_of_a_hundred_requests_at_once_for_one_number_exactly_one_is_made() -> None:
    """Whoever asks: a double click, two pages, two businesses; nothing is durable yet meanwhile."""
    scene = GuardedDoor(only(apart_s=300))
    scene.door.journal.held = True
    replies: list[Reply] = []
    for place in range(100):
        business = ("abc", "xyz")[place % 2]
        body = message(business_id=business, password=f"{business}-demo", customer_number=ANN)
        scene.door.server.submit(json.dumps(body).encode(), {}, "127.0.0.1", replies.append)
    assert [code_of(reply) for reply in replies] == ["called_already"] * 99
    scene.door.journal.flush()
    assert sum(reply.status == 202 for reply in replies) == 1
    assert [one.customer for one in scene.set_ups()] == [ANN]
    assert len(scene.door.journal.of(Accepted)) == 1


def test_a_number_is_called_again_when_its_call_is_over() -> None:
    scene = GuardedDoor(only(apart_s=300))
    first = let_through(scene.post(ANN))
    assert code_of(scene.post(ANN, "xyz")) == "called_already"
    let_through(scene.post(BOB))
    scene.passes(3_600)
    assert code_of(scene.post(ANN)) == "called_already", "for as long as it goes on"
    scene.ends(first)
    let_through(scene.post(ANN))


def test_a_refusal_says_what_to_do_and_which_field_is_the_cause() -> None:
    scene = GuardedDoor(only(apart_s=300))
    let_through(scene.post(ANN))
    view = scene.post(ANN).view
    assert isinstance(view, ProblemView)
    assert (view.status, view.code) == (409, "called_already")
    assert "wait for its end" in view.detail
    assert [(fault.pointer, fault.code) for fault in view.errors] == [
        ("/customer_number", "called_already")
    ]


def test_a_call_that_could_not_be_written_does_not_go_on() -> None:
    """Too much waited for the disk, and the number could never be called again."""
    scene = GuardedDoor(only(apart_s=300))
    append = scene.door.journal.append

    def full(entity: str, entry: Entry, durable: Callable[[], object] | None = None) -> None:
        raise JournalFull("too much waits for the disk")

    scene.door.journal.append = full  # type: ignore[method-assign]
    refused = scene.post(ANN)
    assert (refused.status, code_of(refused)) == (503, "busy")
    scene.door.journal.append = append  # type: ignore[method-assign]
    let_through(scene.post(ANN))


# Cool-down.


def test_a_number_rests_longer_each_time_nobody_answers() -> None:
    scene = GuardedDoor(only(unanswered_s=60))
    for length in (60, 120, 240, 480):
        scene.calls_and_ends(ANN, "customer_no_answer")
        refused = scene.post(ANN, "xyz")
        assert code_of(refused) == "cooling_down", "for whichever business"
        assert retry_after_s(refused) == length
        scene.passes(length - 1)
        assert code_of(scene.post(ANN)) == "cooling_down"
        scene.passes(1)
    scene.calls_and_ends(ANN, "completed")
    scene.calls_and_ends(ANN, "customer_no_answer")
    assert retry_after_s(scene.post(ANN)) == 60, "an answer ends the row"


def test_a_call_that_was_turned_away_rests_longer_and_none_beyond_the_most() -> None:
    scene = GuardedDoor(only(declined_s=600, cool_down_most_s=1_000))
    scene.calls_and_ends(ANN, "customer_rejected")
    assert retry_after_s(scene.post(ANN)) == 600
    scene.passes(600)
    scene.calls_and_ends(ANN, "customer_rejected")
    assert retry_after_s(scene.post(ANN)) == 1_000


@pytest.mark.parametrize(
    "state", ["customer_busy", "completed", "agent_no_answer", "canceled", "failed", "blocked"]
)
def test_other_ends_let_a_number_be_called_at_once(state: str) -> None:
    scene = GuardedDoor(only(unanswered_s=60, declined_s=60))
    scene.calls_and_ends(ANN, state)
    let_through(scene.post(ANN))


def test_a_row_is_forgotten_when_the_number_was_left_alone_long_enough() -> None:
    scene = GuardedDoor(only(unanswered_s=60))
    scene.calls_and_ends(ANN, "customer_no_answer")
    scene.passes(60 + 3_600)
    scene.calls_and_ends(ANN, "customer_no_answer")
    assert retry_after_s(scene.post(ANN)) == 60


def test_a_further_try_that_the_business_wants_passes_the_cool_down_and_the_buckets_of_askers() -> (
    None
):
    """It is the same wish of the same customer; anybody else finds the number resting."""
    shop_again = msgspec.structs.replace(shop("abc"), retries=Retries(tries=2, spacing_s=100))
    carrier = only(
        apart_s=300, unanswered_s=3_600, number=Rate(burst=1, refill_s=3_600), calls=THREE
    )
    scene = GuardedDoor(carrier, [shop_again, shop("xyz")])
    scene.calls_and_ends(ANN, "customer_no_answer")
    assert [entry.try_number for entry in scene.door.journal.of(Accepted)] == [1, 2]
    scene.passes(99)
    assert code_of(scene.post(ANN, "xyz")) == "called_already"
    assert len(scene.set_ups()) == 1
    scene.passes(2)
    assert [one.customer for one in scene.set_ups()] == [ANN, ANN]
    again = scene.door.journal.of(Accepted)[-1].call
    scene.door.ends(again, "customer_no_answer")
    refused = scene.post(ANN, "xyz")
    assert code_of(refused) == "cooling_down"
    assert retry_after_s(refused) == 7_200, "the second in a row"


# Token buckets.

Ask = Callable[[GuardedDoor, int], Reply]

BUCKETS: dict[str, tuple[CarrierPolicy, Ask, Ask]] = {
    "number_limit": (
        only(number=THREE),
        lambda scene, place: scene.post(ANN, ("abc", "xyz")[place % 2]),
        lambda scene, place: scene.post(BOB),
    ),
    "visitor_limit": (
        only(visitor=THREE),
        lambda scene, place: scene.click(numbers(9)[place], "eve", f"198.51.100.{place}"),
        lambda scene, place: scene.click(ANN, "ann"),
    ),
    "source_limit": (
        only(source=THREE),
        lambda scene, place: scene.click(numbers(9)[place], f"v{place}", "198.51.100.9"),
        lambda scene, place: scene.click(ANN, "v1", "198.51.100.8"),
    ),
    "calls_limit": (
        only(calls=THREE),
        lambda scene, place: scene.post(numbers(9)[place]),
        lambda scene, place: scene.post(ANN, "xyz"),
    ),
    "all_calls_limit": (
        only(all_calls=THREE),
        lambda scene, place: scene.post(numbers(9)[place], ("abc", "xyz")[place % 2]),
        lambda scene, place: scene.post("+19005550100"),
    ),
}


@pytest.mark.parametrize("name", BUCKETS)
def test_a_bucket_lets_its_burst_pass_then_one_for_each_refill(name: str) -> None:
    carrier, ask, other = BUCKETS[name]
    scene = GuardedDoor(carrier)
    for place in range(3):
        let_through(ask(scene, place))
    refused = ask(scene, 3)
    assert (refused.status, code_of(refused)) == (429, name)
    assert retry_after_s(refused) == 60
    assert code_of(other(scene, 0)) != name
    scene.passes(59)
    assert code_of(ask(scene, 4)) == name
    scene.passes(1)
    let_through(ask(scene, 5))
    assert code_of(ask(scene, 6)) == name
    assert [one.reason for one in scene.refused() if one.reason == name] == [name] * 3


def test_what_is_refused_is_counted_nowhere() -> None:
    scene = GuardedDoor(only(calls=THREE, apart_s=300))
    let_through(scene.post(ANN))
    for _ in range(10):
        assert code_of(scene.post(ANN)) == "called_already"
    let_through(scene.post(BOB))
    let_through(scene.post(EVE))
    assert code_of(scene.post("+12125550106")) == "calls_limit"


def test_a_business_has_its_own_rates_where_its_policy_says_so() -> None:
    strict = shop("abc", calls=Rate(burst=1, refill_s=3_600), visitor=Rate(burst=1, refill_s=60))
    scene = GuardedDoor(only(calls=THREE, visitor=THREE), [strict, shop("xyz")])
    let_through(scene.post(ANN))
    assert retry_after_s(scene.post(BOB)) == 3_600
    let_through(scene.post(BOB, "xyz"))
    scene.passes(3_600)
    let_through(scene.click(EVE, "v"))
    scene.passes(59)
    assert code_of(scene.click(EVE, "v")) == "visitor_limit"


def test_addresses_of_ipv6_are_limited_by_network_and_servers_of_businesses_are_not() -> None:
    scene = GuardedDoor(only(source=THREE))
    for place in range(3):
        let_through(scene.click(numbers(9)[place], f"v{place}", f"2001:db8:1:2::{place + 1}"))
    assert code_of(scene.click(ANN, "v9", "2001:db8:1:2:ffff::1")) == "source_limit"
    let_through(scene.click(ANN, "v9", "2001:db8:1:3::1"))
    for customer in numbers(9)[3:]:
        let_through(scene.post(customer))


def test_the_number_before_a_burst_of_zero_is_not_limited() -> None:
    scene = GuardedDoor(LOOSE)
    for _ in range(50):
        let_through(scene.post(ANN))


def test_test_numbers_of_the_carrier_count_in_no_limit() -> None:
    scene = GuardedDoor(CarrierPolicy(test_numbers=("+1212555",)))
    for _ in range(200):
        let_through(scene.post(ANN))
    let_through(scene.post(numbers(1)[0]))
    assert code_of(scene.post(numbers(1)[0])) == "called_already"
    assert code_of(scene.post("+19005550100")) == "invalid_message", "what is never called is not"


# Restart.


def test_limits_cool_downs_and_live_requests_survive_a_restart() -> None:
    carrier = only(
        number=THREE, visitor=THREE, source=THREE, calls=Rate(burst=9, refill_s=60), apart_s=300,
        unanswered_s=600,
    )  # fmt: skip
    businesses = (shop("abc"), shop("xyz"))
    scene = GuardedDoor(carrier, businesses)
    scene.calls_and_ends(BOB, "customer_no_answer")
    let_through(scene.post(ANN))
    for _ in range(3):
        scene.ends(let_through(scene.click(EVE, "eve", "198.51.100.9")))
    scene.passes(1)
    told = scene.guards.limits_of(shop("abc"), scene.clock.now_us())
    after = scene.next_life(carrier, businesses)
    assert code_of(after.post(BOB)) == "cooling_down"
    assert code_of(after.post(ANN)) == "called_already"
    assert code_of(after.post(EVE)) == "number_limit"
    assert code_of(after.click(numbers(1)[0], "eve", "198.51.100.8")) == "visitor_limit"
    assert code_of(after.click(numbers(1)[0], "ann", "198.51.100.9")) == "source_limit"
    assert after.guards.limits_of(shop("abc"), after.clock.now_us()) == told
    again = after.next_life(carrier, businesses)
    assert code_of(again.post(ANN)) == "called_already"
    again.door.ends(scene.door.journal.of(Accepted)[1].call)
    let_through(again.post(ANN))


def test_an_accepted_call_of_a_number_that_is_barred_since_is_not_dialled_after_a_restart() -> None:
    scene = GuardedDoor()
    let_through(scene.post(ANN))
    let_through(scene.post(BOB))
    after = scene.next_life(LOOSE, [shop("abc", barred=(ANN,))])
    assert [one.customer for one in after.set_ups()] == [BOB]
    ends = [one for one in after.door.journal.entries if type(one.entry).__name__ == "Ended"]
    assert [(end.entry.state, end.entry.detail) for end in ends] == [  # type: ignore[union-attr]
        ("blocked", "business_barred")
    ]


# What is left.


def test_a_business_is_told_what_is_left_and_nothing_of_others() -> None:
    scene = GuardedDoor(only(calls=THREE, number=THREE, all_calls=Rate(burst=10, refill_s=1)))
    let_through(scene.post(ANN))
    let_through(scene.post(BOB, "xyz"))
    now_us = scene.clock.now_us()
    calls, number = scene.guards.limits_of(shop("abc"), now_us)
    assert (calls.name, calls.burst, calls.left, calls.full_in_s) == ("calls", 3, 2, 60)
    assert (number.name, number.burst, number.left) == ("number", 3, None)
    assert scene.guards.level_of_all(now_us).left == 8
    scene.passes(60)
    assert scene.guards.limits_of(shop("abc"), scene.clock.now_us())[0].left == 3
