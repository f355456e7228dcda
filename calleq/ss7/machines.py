"""The state machines of signalling, in words, for the documents that are drawn from them."""

from collections.abc import Mapping
from enum import IntEnum

from calleq.ss7 import m2pa
from calleq.ss7.isup.circuit_table import transitions

Table = Mapping[tuple[str, str], tuple[str, str]]


def machine_tables() -> dict[str, Table]:
    """Each live table as {(state, input): (action, next state)}; nothing to do is `ignore`."""
    return {
        "ISUP: one circuit": {
            (_state(state), event.name): (_action(action), _state(following))
            for (state, event), (action, following) in transitions().items()
        },
        "M2PA: one end of a link": {
            (_state(state), what.name): (_action(action), _state(following))
            for (state, what), (action, following) in m2pa.TABLE.items()
        },
    }


def _state(state: IntEnum) -> str:
    return state.name.title().replace("_", "")


def _action(action: IntEnum) -> str:
    return action.name.lower().replace("_", " ")
