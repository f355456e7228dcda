"""Uses of one circuit are told apart at both of its ends."""

import random
from collections.abc import Iterable

import pytest

from calleq.billing.pairing import CLOCK_TOLERANCE_US, pair_in_order

MS = 1_000
SECOND = 1_000_000


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


def test_what_lies_too_far_apart_is_never_paired() -> None:
    assert pair_in_order([0], [31 * SECOND]) == [-1]
    assert pair_in_order([SECOND], [0]) == [-1]
    assert pair_in_order([], [5]) == [-1]
    assert pair_in_order([5], []) == []
