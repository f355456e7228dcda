"""The state machines of signalling, in words, for the documents that are drawn from them."""

from collections.abc import Mapping
from enum import IntEnum

from calleq.ss7 import m2pa
from calleq.ss7.isup.machine_words import isup_tables

Table = Mapping[tuple[str, str], tuple[str, str]]


def machine_tables() -> dict[str, Table]:
    """Each live table as {(state, input): (action, next state)}; nothing to do is `ignore`."""
    return {
        **isup_tables(),
        "M2PA: one connection of a link": {
            (_state(phase), arrival.name): (
                "ignore" if verdict is m2pa.Verdict.GO_ON else _action(verdict),
                _state(following),
            )
            for (phase, arrival), (verdict, following) in m2pa.TABLE.items()
        },
    }


def _state(state: IntEnum) -> str:
    return state.name.title().replace("_", "")


def _action(action: IntEnum) -> str:
    return action.name.lower().replace("_", " ")
