"""Doors in processes of their own, decided by one authority: limits, money, accounts, lost processes.

Simulated time; every element is a process with a disk and a life of its own.
"""

import pytest

from calleq.accounts.changes import BusinessResumed, BusinessSuspended
from calleq.topology_policy import Rate
from tests.relay_scene import (
    CUSTOMERS,
    DOORS,
    FRONTS,
    PERIPHERAL,
    SERVER,
    SWITCH,
    Split,
    call_of,
    code_of,
    topology_of,
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
