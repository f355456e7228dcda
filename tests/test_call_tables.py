"""Every (state, input) pair of the call's machines is decided, once, and nothing leads nowhere."""

from collections.abc import Mapping
from enum import StrEnum
from itertools import product

import pytest

from calleq.call.actions import ACTIONS
from calleq.call.customer_first import (
    LIMITS_US,
    RING_LIMITED,
    UNLIMITED,
    machine_table,
    machine_tables,
)
from calleq.call.leg import LEG_IGNORED, LEG_TABLE, LegInput, LegState
from calleq.call.playback import PLAYBACK_IGNORED, PLAYBACK_TABLE, Cue, Hearing
from calleq.call.states import Input, State
from calleq.call.table import IGNORED, TABLE

MACHINES = [
    pytest.param(State, Input, TABLE, IGNORED, id="customer_first"),
    pytest.param(LegState, LegInput, LEG_TABLE, LEG_IGNORED, id="leg"),
    pytest.param(Hearing, Cue, PLAYBACK_TABLE, PLAYBACK_IGNORED, id="playback"),
]
Pairs = Mapping[tuple[StrEnum, StrEnum], tuple[str, StrEnum]]


@pytest.mark.parametrize(("states", "inputs", "table", "ignored"), MACHINES)
def test_every_pair_has_a_row_or_is_ignored_on_purpose(
    states: type[StrEnum],
    inputs: type[StrEnum],
    table: Pairs,
    ignored: Mapping[StrEnum, frozenset[StrEnum]],
) -> None:
    undecided = []
    decided_twice = []
    for state, happened in product(states, inputs):
        has_row, is_ignored = (state, happened) in table, happened in ignored[state]
        if not has_row and not is_ignored:
            undecided.append((state, happened))
        if has_row and is_ignored:
            decided_twice.append((state, happened))
    assert undecided == []
    assert decided_twice == []


@pytest.mark.parametrize(("states", "inputs", "table", "ignored"), MACHINES)
def test_every_state_can_be_reached(
    states: type[StrEnum],
    inputs: type[StrEnum],
    table: Pairs,
    ignored: Mapping[StrEnum, frozenset[StrEnum]],
) -> None:
    reached = {next(iter(states))}
    while True:
        further = {following for (state, _), (_, following) in table.items() if state in reached}
        if further <= reached:
            break
        reached |= further
    assert reached == set(states)


def test_every_state_leads_to_the_end_by_its_deadline_alone() -> None:
    for state in set(State) - UNLIMITED:
        steps = 0
        while state is not State.ENDED:
            state = TABLE[state, Input.DEADLINE][1]
            steps += 1
            assert steps < 10


def test_every_state_between_start_and_end_has_exactly_one_time_limit() -> None:
    for state in State:
        kinds = [state in LIMITS_US, state in RING_LIMITED, state in UNLIMITED]
        assert kinds.count(True) == 1, state


def test_actions_and_rows_name_each_other() -> None:
    assert {action for action, _ in TABLE.values()} == set(ACTIONS)


def test_no_row_dials_a_representative_before_the_customer_when_the_customer_comes_first() -> None:
    before_dialling = {State.IDLE, State.AWAITING_CAPACITY, State.RESERVING}
    before_answer = before_dialling | {State.DIALING_CUSTOMER, State.CUSTOMER_RINGING}
    for (state, happened), (action, following) in TABLE.items():
        if state in before_answer and happened is not Input.START_AGENT_FIRST:
            assert action != "dial_agent"
            answered = happened in (
                Input.CUSTOMER_ANSWERED,
                Input.CUSTOMER_ANSWERED_TO_BE_JUDGED,
                Input.CUSTOMER_ANSWERED_TO_BE_ASKED,
            )
            assert answered or following in before_answer | {State.RELEASING}


def test_the_tables_can_be_had_for_diagrams() -> None:
    assert machine_table()[State.BRIDGED, Input.CUSTOMER_LEFT] == ("complete", State.RELEASING)
    tables = machine_tables()
    assert set(tables) == {"customer_first", "leg", "playback"}
    assert ("Bridged", "customer left", "complete", "Releasing") in tables["customer_first"]
