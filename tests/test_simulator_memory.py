"""What a run leaves in memory: nothing of a call that is over, and nothing to the collector."""

import gc

from simulator.offers import drain, offer
from simulator.run import BUSINESSES, CIRCUITS, CUSTOMERS
from simulator.traffic import poisson
from simulator.virtual import VirtualNetwork
from simulator.world import build_world

CALLS = 300
"""Of every kind: completed, busy, unanswered, abandoned, rejected."""


def test_calls_that_are_over_leave_nothing_that_only_the_garbage_collector_could_free():
    world = build_world(5, CUSTOMERS // 10, BUSINESSES, CIRCUITS)
    virtual = VirtualNetwork(
        world, seed=5, journal_sink=lambda stamped: None, diary_sink=lambda entry: None
    )
    gc.collect()
    gc.disable()
    try:
        drain(virtual, offer(virtual, poisson(world, 5, CALLS, 5.0)))
        unreachable = gc.collect()
    finally:
        gc.enable()
    assert unreachable < CALLS / 10, f"{unreachable} objects in circles after {CALLS} calls"
