"""The table of a circuit with its actions in place, as an exchange gives it to its circuits."""

from calleq.ss7.isup import check_actions, circuit_actions, release_actions
from calleq.ss7.isup.circuit import Act, Steps, TrunkCircuit
from calleq.ss7.isup.circuit_states import Action, Input, State
from calleq.ss7.isup.circuit_table import transitions

_ELSEWHERE: dict[Action, Act] = {
    Action.ACCEPT: TrunkCircuit.accept,
    Action.YIELD: circuit_actions.give_way,
}
"""Actions whose function has another name."""


def _act(action: Action) -> Act:
    found = _ELSEWHERE.get(action)
    name = action.name.lower()
    for module in (circuit_actions, release_actions, check_actions):
        found = found or module.__dict__.get(name)
    if found is None:
        raise ValueError(f"nothing performs {action.name}")
    return found


_PAIRS = transitions()
_ACTS = {action: _act(action) for action in Action}

STEPS: Steps = tuple(
    tuple((_ACTS[_PAIRS[state, event][0]], _PAIRS[state, event][1]) for event in Input)
    for state in State
)
"""By state, then by input (both number from 0 in their order): what to do, and the next state."""
