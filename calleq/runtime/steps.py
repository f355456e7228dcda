"""A machine's table with its actions in place, as it is run.

A table, state and input to action and next state, is written to be read; here each action's name
becomes what is done, and the rows of one state lie together, so that taking an input is two
look-ups and a call.
"""

from collections.abc import Mapping
from enum import Enum
from typing import TypeVar

State = TypeVar("State", bound=Enum)
Input = TypeVar("Input", bound=Enum)
Action = TypeVar("Action", bound=Enum)
Act = TypeVar("Act")


def steps_of(
    table: Mapping[tuple[State, Input], tuple[Action, State]], acts: Mapping[Action, Act]
) -> dict[State, dict[Input, tuple[Act, State]]]:
    """By state, then by input: what to do, and the next state.

    Raises KeyError for an action of the table that `acts` does not have.
    """
    steps: dict[State, dict[Input, tuple[Act, State]]] = {}
    for (state, given), (action, following) in table.items():
        steps.setdefault(state, {})[given] = (acts[action], following)
    return steps
