"""The circuit's table: every pair is decided, and the states are those that the rules name."""

from itertools import product

import pytest

from calleq.ss7.isup import circuit_steps
from calleq.ss7.isup.circuit_states import Action, Input, State
from calleq.ss7.isup.circuit_table import TABLE, transitions
from calleq.ss7.machines import machine_tables

PAIRS = transitions()
CALLS = [
    State.AWAITING_ADDRESS_COMPLETE,
    State.AWAITING_ANSWER,
    State.OUTGOING_ALERTING,
    State.OUTGOING_ANSWERED,
    State.INCOMING_SET_UP,
    State.INCOMING_PROGRESSING,
    State.INCOMING_ALERTING,
    State.INCOMING_ANSWERED,
]


@pytest.mark.parametrize(
    ("state", "event"), list(product(State, Input)), ids=lambda word: str(word.name).lower()
)
def test_every_pair_of_state_and_input_is_decided(state: State, event: Input) -> None:
    action, following = PAIRS[state, event]
    assert isinstance(action, Action)
    assert isinstance(following, State)


def test_nothing_else_is_decided_and_nothing_twice() -> None:
    assert set(PAIRS) == set(product(State, Input))
    assert sum(len(events) for rows in TABLE.values() for events, _, _ in rows) == len(PAIRS)


def test_every_action_is_used_and_has_a_function() -> None:
    assert {action for action, _ in PAIRS.values()} == set(Action)
    assert len(circuit_steps.STEPS) == len(State)
    assert all(len(row) == len(Input) for row in circuit_steps.STEPS)


def test_what_is_ignored_discarded_or_our_fault_changes_no_state() -> None:
    changed = {
        (state, event)
        for (state, event), (action, following) in PAIRS.items()
        if action in (Action.IGNORE, Action.DISCARD, Action.FAULT) and following is not state
    }
    assert changed == {(State.UNROUTED, Input.RELEASE)}


@pytest.mark.parametrize("state", CALLS, ids=lambda state: str(state.name).lower())
def test_a_call_in_any_state_can_be_released_from_either_end_and_reset(state: State) -> None:
    assert PAIRS[state, Input.RELEASE] == (Action.SEND_REL, State.AWAITING_RELEASE_COMPLETE)
    assert PAIRS[state, Input.REL] == (Action.RELEASED, State.IDLE)
    early = state is State.AWAITING_ADDRESS_COMPLETE
    ended = Action.RESET_BEFORE_ANSWER if early else Action.RESET_BY_FAR
    assert PAIRS[state, Input.RSC] == (ended, State.IDLE)
    assert PAIRS[state, Input.RESET][1] is State.AWAITING_RESET_COMPLETE


def test_no_message_of_the_far_end_is_ever_called_our_fault() -> None:
    messages = [event for event in Input if event <= Input.OTHER_MESSAGE]
    assert all(PAIRS[state, event][0] is not Action.FAULT for state in State for event in messages)


def test_every_state_can_be_reached_and_left_for_idle() -> None:
    ways = {(state, following) for (state, _), (_, following) in PAIRS.items()}
    for start in State:
        reached = {start}
        while more := {b for a, b in ways if a in reached} - reached:
            reached |= more
        assert State.IDLE in reached
        if start is State.IDLE:
            assert reached == set(State)


def test_the_documents_are_shown_every_pair_in_words() -> None:
    tables = machine_tables()
    circuit = tables["ISUP: one circuit"]
    assert len(circuit) == len(State) * len(Input)
    assert len([name for name in tables if name.startswith("ISUP")]) == 6
    assert circuit["Idle", "IAM_WE_CONTROL"] == ("accept", "IncomingSetUp")
    assert circuit["OutgoingAnswered", "T7"] == ("ignore", "OutgoingAnswered")
