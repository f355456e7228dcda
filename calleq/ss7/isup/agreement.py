"""Whether the two exchanges of a circuit think the same of it, once everything is said.

For tests, simulations and whoever has both ends at hand: the states of the two machines must be a
pair that nothing on the way between them could still change, and what one end has blocked the other
must know. A circuit that is in transition at either end is no disagreement, but `stuck` when it
stays so.
"""

from collections.abc import Iterator

import msgspec

from calleq.ss7.isup.blocking import Local, Remote, local_of, remote_of
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import State
from calleq.ss7.isup.exchange_core import ExchangeCore
from calleq.ss7.isup.messages import GroupKind

_RESTING = frozenset(
    (
        frozenset((State.IDLE,)),
        frozenset((State.IDLE, State.SEIZED)),
        frozenset((State.SEIZED,)),
        frozenset((State.AWAITING_ADDRESS_COMPLETE, State.INCOMING_SET_UP)),
        frozenset((State.AWAITING_ADDRESS_COMPLETE, State.INCOMING_OVERLAP)),
        frozenset((State.AWAITING_ANSWER, State.INCOMING_PROGRESSING)),
        frozenset((State.OUTGOING_ALERTING, State.INCOMING_ALERTING)),
        frozenset((State.OUTGOING_ANSWERED, State.INCOMING_ANSWERED)),
        frozenset((State.AWAITING_RECHECK, State.RECHECK_PENDING)),
        frozenset((State.LOOPED, State.RECHECK_PENDING)),
    )
)
"""The pairs of states that may last."""


class Disagreement(msgspec.Struct, frozen=True):
    """A circuit of which two exchanges think differently."""

    one: str
    other: str
    cic: int
    what: str


def disagreements(one: ExchangeCore, other: ExchangeCore) -> list[Disagreement]:
    """Every circuit between two exchanges whose ends do not fit each other."""
    found = []
    for ours, theirs in _pairs(one, other):
        what = _difference(ours, theirs)
        if what:
            found.append(Disagreement(one.name, other.name, ours.cic, what))
    return found


def _pairs(one: ExchangeCore, other: ExchangeCore) -> Iterator[tuple[TrunkCircuit, TrunkCircuit]]:
    for pool in one.pools.values():
        if pool.trunk.far_point_code == other.point_code:
            for ours in one.circuits_of(pool.trunk):
                theirs = other.circuit(one.point_code, ours.cic)
                if theirs is not None:
                    yield ours, theirs


def _difference(ours: TrunkCircuit, theirs: TrunkCircuit) -> str:
    if frozenset((ours.state, theirs.state)) not in _RESTING:
        return f"{ours.state.name} and {theirs.state.name}"
    for kind in GroupKind:
        for near, far in ((ours, theirs), (theirs, ours)):
            local, remote = local_of(near.marks, kind), remote_of(far.marks, kind)
            if (local is not Local.UNBLOCKED) is not (remote is Remote.BLOCKED):
                return f"{kind.name.lower()}: {local.name} and {remote.name}"
    return ""
