"""The machines of circuits in words, for the documents that are drawn from them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import TypeVar

from calleq.ss7.isup import blocking, congestion, requests, suspension
from calleq.ss7.isup.circuit_table import transitions

Table = Mapping[tuple[str, str], tuple[str, str]]
S = TypeVar("S", bound=IntEnum)
W = TypeVar("W", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)


def isup_tables() -> dict[str, Table]:
    """Each live table as {(state, input): (action, next state)}."""
    return {
        "ISUP: one circuit": _words(transitions()),
        "ISUP: blocking from this end, one kind": _words(blocking.LOCAL),
        "ISUP: blocking from the far end, one kind": {
            (_name(state), given.name): (
                "ignore" if following is state else "mark",
                _name(following),
            )
            for (state, given), following in blocking.REMOTE.items()
        },
        "ISUP: a request to the far exchange": _words(requests.TABLE),
        "ISUP: suspension of a call": _words(suspension.TABLE),
        "ISUP: congestion of a destination": _words(congestion.TABLE),
    }


def _words(table: Mapping[tuple[S, W], tuple[A, S]]) -> Table:
    return {
        (_name(state), given.name): (action.name.lower().replace("_", " "), _name(following))
        for (state, given), (action, following) in table.items()
    }


def _name(state: IntEnum) -> str:
    return state.name.title().replace("_", "")
