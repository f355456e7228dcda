"""Every state machine of level 3: every pair of state and input is decided, every state reached."""

from collections.abc import Mapping
from enum import IntEnum
from itertools import product

import pytest

from calleq.ss7.level3 import (
    changeback,
    changeover,
    congestion,
    inhibition_tables,
    link_test,
    restart_tables,
)
from calleq.ss7.level3.timers import RANGES_US, Mtp3Timers
from calleq.ss7.machines import machine_tables

Table = Mapping[tuple[IntEnum, IntEnum], tuple[IntEnum, IntEnum]]

TABLES: dict[str, tuple[Table, type[IntEnum], type[IntEnum], type[IntEnum]]] = {
    "link test": (link_test.TABLE, link_test.State, link_test.Input, link_test.Action),
    "changeover": (changeover.TABLE, changeover.State, changeover.Input, changeover.Action),
    "changeback": (changeback.TABLE, changeback.State, changeback.Input, changeback.Action),
    "congestion": (congestion.TABLE, congestion.State, congestion.Input, congestion.Action),
    "inhibiting": (
        inhibition_tables.TABLE,
        inhibition_tables.State,
        inhibition_tables.Input,
        inhibition_tables.Action,
    ),
    "own restart": (
        restart_tables.OWN_TABLE,
        restart_tables.Own,
        restart_tables.OwnInput,
        restart_tables.OwnAction,
    ),
    "neighbour": (
        restart_tables.ADJACENT_TABLE,
        restart_tables.Adjacent,
        restart_tables.AdjacentInput,
        restart_tables.AdjacentAction,
    ),
}


@pytest.mark.parametrize("name", TABLES)
def test_every_pair_is_decided_and_nothing_else_is(name: str) -> None:
    table, states, inputs, actions = TABLES[name]
    assert set(table) == set(product(states, inputs))
    assert {action for action, _ in table.values()} == set(actions), "no action is out of use"


@pytest.mark.parametrize("name", TABLES)
def test_every_state_is_reached_and_an_ignored_input_changes_none(name: str) -> None:
    table, states, _, _ = TABLES[name]
    reached = {next(iter(states))}
    while True:
        more = {following for (state, _), (_, following) in table.items() if state in reached}
        if more <= reached:
            break
        reached |= more
    assert reached == set(states)
    for (state, _), (action, following) in table.items():
        if action.name == "IGNORE":
            assert following is state


def test_the_documents_draw_all_of_them() -> None:
    drawn = [name for name in machine_tables() if name.startswith("MTP3")]
    assert len(drawn) == len(TABLES)


@pytest.mark.parametrize("name", RANGES_US)
def test_a_timer_outside_its_range_is_refused(name: str) -> None:
    shortest_us, longest_us = RANGES_US[name]
    default_us = getattr(Mtp3Timers(), name)
    assert shortest_us <= default_us <= longest_us
    for wrong_us in (shortest_us - 1, longest_us + 1):
        with pytest.raises(ValueError, match=name):
            Mtp3Timers(**{name: wrong_us})


def test_timers_that_contradict_each_other_are_refused() -> None:
    Mtp3Timers(t18_us=20_000_000, t20_us=61_000_000, t21_us=65_000_000)
    assert set(RANGES_US) == set(Mtp3Timers.__struct_fields__)
