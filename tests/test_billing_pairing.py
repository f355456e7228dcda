"""Uses of one circuit are told apart at both of its ends."""

import random
from collections.abc import Callable, Iterable

import pytest

from calleq.billing.pairing import CLOCK_TOLERANCE_US, pair_in_order, pair_uses
from calleq.journal.entries import CircuitKey, Dialled, Entry, LineSeized, Stamped, Transit

MS = 1_000
SECOND = 1_000_000
KEY = CircuitKey(4705, 4593, 7)
WAITED, LOST = "+12125568648", "+12125560282"


def uses(chance: random.Random, count: int) -> tuple[list[int], list[int]]:
    """Instants at which one circuit was seized, and acted on at the far exchange."""
    sent, received, at_us = [], [], 0
    for _ in range(count):
        at_us += chance.randrange(500 * MS, 20 * SECOND)
        sent.append(at_us)
        received.append(at_us + chance.randrange(MS, 300 * MS))
    return sent, received


def without(instants: list[int], gone: Iterable[int]) -> list[int]:
    lost = set(gone)
    return [at_us for place, at_us in enumerate(instants) if place not in lost]


@pytest.mark.parametrize("seed", range(20))
def test_uses_are_told_apart_with_any_of_them_missing_on_either_side(seed: int) -> None:
    chance = random.Random(seed)
    sent, received = uses(chance, 60)
    skew_us = chance.randrange(-CLOCK_TOLERANCE_US // 4, CLOCK_TOLERANCE_US // 4)
    seen = [at_us + skew_us for at_us in received]
    not_arrived = sorted(chance.sample(range(60), 7))
    expected = without(list(range(60)), not_arrived)
    assert pair_in_order(sent, without(seen, not_arrived)) == expected
    not_written = chance.randrange(60)
    pairs = pair_in_order(without(sent, [not_written]), seen)
    assert [place for place, index in enumerate(pairs) if index < 0] == [not_written]


def at(instant_us: int, entry: Entry) -> Stamped:
    return Stamped("any", 1, instant_us, instant_us, entry)


def dials(instant_us: int, number: str) -> Stamped:
    return at(instant_us, Dialled("call", "customer", 1, number, KEY))


def passes_on(instant_us: int, called: str) -> Stamped:
    return at(instant_us, Transit(None, KEY, called=called))


def offers(instant_us: int, called: str) -> Stamped:
    return at(instant_us, LineSeized(1, called, KEY, "", called))


@pytest.mark.parametrize("sends", [dials, passes_on])
def test_an_iam_that_waited_and_one_that_was_lost_soon_after_are_told_apart_by_their_numbers(
    sends: Callable[[int, str], Stamped],
) -> None:
    """An equipment 80 ms ahead whose disk is slow: the first IAM is 738 ms late, the next lost."""
    sent = [sends(80 * MS, WAITED), sends(861 * MS, LOST), sends(9_080 * MS, WAITED)]
    assert pair_uses(sent, [offers(738 * MS, WAITED), offers(9_006 * MS, WAITED)]) == [0, 2]
    assert pair_uses(sent, [offers(820 * MS, WAITED), offers(9_006 * MS, WAITED)]) == [0, 2]
    assert pair_uses(sent, [offers(867 * MS, LOST), offers(9_006 * MS, WAITED)]) == [1, 2]


def test_numbers_decide_where_both_sides_wrote_equally_many_and_lost_different_ones() -> None:
    sent = [dials(0, LOST), dials(500 * MS, WAITED)]
    received = [offers(506 * MS, WAITED), offers(900 * MS, "+12125550199")]
    assert pair_uses(sent, received) == [1, -1]


def test_a_number_that_was_translated_is_joined_where_there_is_no_other_choice() -> None:
    assert pair_uses([dials(0, "+18005550100")], [offers(6 * MS, WAITED)]) == [0]


def test_journals_of_before_the_number_was_written_are_joined_by_their_instants() -> None:
    sent = [at(0, Transit(None, KEY)), at(5 * SECOND, Transit(None, KEY))]
    assert pair_uses(sent, [offers(5 * SECOND + 6 * MS, WAITED)]) == [1]


def test_what_lies_too_far_apart_is_never_paired() -> None:
    assert pair_in_order([0], [31 * SECOND]) == [-1]
    assert pair_in_order([SECOND], [0]) == [-1]
    assert pair_in_order([], [5]) == [-1]
    assert pair_in_order([5], []) == []
