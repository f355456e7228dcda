"""The state machines of signalling, in words, for the documents that are drawn from them."""

from collections.abc import Mapping
from enum import IntEnum
from typing import TypeVar

from calleq.ss7 import m2pa
from calleq.ss7.isup.machine_words import isup_tables
from calleq.ss7.level3 import (
    changeback,
    changeover,
    congestion,
    inhibition_tables,
    link_test,
    restart_tables,
)
from calleq.ss7.sccp import status
from calleq.ss7.tcap import invocations
from calleq.ss7.tcap import states as tcap_states
from calleq.ss7.tcap.components import OperationClass

Table = Mapping[tuple[str, str], tuple[str, str]]
S = TypeVar("S", bound=IntEnum)
W = TypeVar("W", bound=IntEnum)
A = TypeVar("A", bound=IntEnum)


def machine_tables() -> dict[str, Table]:
    """Each live table as {(state, input): (action, next state)}; nothing to do is `ignore`."""
    return {
        **isup_tables(),
        "M2PA: one end of a link": {
            (_state(state), what.name): (_action(action), _state(following))
            for (state, what), (action, following) in m2pa.TABLE.items()
        },
        "MTP3: test of a link": _words(link_test.TABLE),
        "MTP3: changeover from a link": _words(changeover.TABLE),
        "MTP3: changeback and controlled rerouting": _words(changeback.TABLE),
        "MTP3: inhibiting of a link": _words(inhibition_tables.TABLE),
        "MTP3: congestion of a destination": _words(congestion.TABLE),
        "MTP3: restart of a node": _words(restart_tables.OWN_TABLE),
        "MTP3: a neighbour": _words(restart_tables.ADJACENT_TABLE),
        "SCCP: a subsystem at another node": _words(status.TABLE),
        "SCCP: another node": _words(status.POINT_TABLE),
        "TCAP: a transaction": _words(
            {
                (state, what): cell
                for state, row in tcap_states.TABLE.items()
                for what, cell in row.items()
            }
        ),
        **{
            f"TCAP: an invocation of class {int(kind)}": _words(
                {
                    (state, what): cell
                    for (other, state, what), cell in invocations.TABLE.items()
                    if other is kind
                }
            )
            for kind in OperationClass
        },
    }


def _words(table: Mapping[tuple[S, W], tuple[A, S]]) -> Table:
    return {
        (_state(state), what.name): (_action(action), _state(following))
        for (state, what), (action, following) in table.items()
    }


def _state(state: IntEnum) -> str:
    return state.name.title().replace("_", "")


def _action(action: IntEnum) -> str:
    return action.name.lower().replace("_", " ")
