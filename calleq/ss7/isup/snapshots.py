"""What an operator sees of an exchange: its trunk groups, its circuits one by one, its counters."""

from enum import StrEnum

import msgspec

from calleq.ss7.isup.alarms import Alarm
from calleq.ss7.isup.blocking import BARRED_MASK, Local, Marks, Remote, local_of, remote_of
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import State
from calleq.ss7.isup.messages import GroupKind


class Use(StrEnum):
    """What a circuit is in use for."""

    IDLE = "idle"
    OUTGOING = "outgoing"
    INCOMING = "incoming"
    RELEASING = "releasing"
    RESET = "reset"
    """Out of service until the far end confirms a reset."""
    CHECK = "check"
    """Being checked, or out of service until a check passes."""


USE_OF: dict[State, Use] = {
    State.IDLE: Use.IDLE,
    State.SEIZED: Use.OUTGOING,
    State.AWAITING_ADDRESS_COMPLETE: Use.OUTGOING,
    State.AWAITING_ANSWER: Use.OUTGOING,
    State.OUTGOING_ALERTING: Use.OUTGOING,
    State.OUTGOING_ANSWERED: Use.OUTGOING,
    State.INCOMING_SET_UP: Use.INCOMING,
    State.INCOMING_PROGRESSING: Use.INCOMING,
    State.INCOMING_ALERTING: Use.INCOMING,
    State.INCOMING_ANSWERED: Use.INCOMING,
    State.AWAITING_RELEASE_COMPLETE: Use.RELEASING,
    State.AWAITING_RESET_COMPLETE: Use.RESET,
    State.UNROUTED: Use.OUTGOING,
    State.UNROUTED_RELEASED: Use.OUTGOING,
    State.OUTGOING_CHECK: Use.OUTGOING,
    State.INCOMING_CHECK: Use.INCOMING,
    State.INCOMING_OVERLAP: Use.INCOMING,
    State.LOOPED: Use.CHECK,
    State.AWAITING_RECHECK: Use.CHECK,
    State.CHECKING: Use.CHECK,
    State.RECHECK_PENDING: Use.CHECK,
}


class CircuitSnapshot(msgspec.Struct, frozen=True):
    """One circuit at one moment."""

    group: str
    far: str
    cic: int
    use: str
    state: str
    """Of its call, as in the documents."""
    blocked_here: tuple[str, ...] = ()
    """`maintenance`, `hardware`; also what the far end has not acknowledged yet."""
    blocked_remotely: tuple[str, ...] = ()
    unacknowledged: bool = False
    """The far end has not yet confirmed a blocking, an unblocking or a reset."""
    unequipped: bool = False
    suspended: bool = False


class GroupSnapshot(msgspec.Struct, frozen=True):
    """One trunk group at one moment; idle + busy + reset + blocked are all its circuits."""

    name: str
    far: str
    idle: int
    busy: int
    reset: int
    """Out of service until the far end confirms a reset."""
    blocked: int = 0
    """Without a call, and barred to calls from here."""


class ExchangeSnapshot(msgspec.Struct, frozen=True):
    """What an operator wants to know of an exchange; the counters count from its start."""

    groups: tuple[GroupSnapshot, ...]
    messages_sent: int
    messages_received: int
    unsent: int
    """Messages that found no route."""
    malformed: int
    unequipped: int
    unexpected: int
    dual_seizures: int
    confused: int = 0
    """CFN received: the far end did not understand us."""
    turned_away: int = 0
    """Attempts not made because their destination is congested."""
    alarms: tuple[Alarm, ...] = ()
    cleared: tuple[Alarm, ...] = ()
    """The last alarms that stand no more, the oldest first."""


def circuit_snapshot(circuit: TrunkCircuit) -> CircuitSnapshot:
    """What an operator sees of one circuit."""
    trunk, marks = circuit.pool.trunk, circuit.marks
    here = [kind for kind in GroupKind if local_of(marks, kind) is not Local.UNBLOCKED]
    waiting = any(local_of(marks, kind) in (Local.BLOCKING, Local.UNBLOCKING) for kind in GroupKind)
    return CircuitSnapshot(
        group=trunk.name,
        far=trunk.far_name,
        cic=circuit.cic,
        use=USE_OF[circuit.state].value,
        state=circuit.state.name.title().replace("_", ""),
        blocked_here=tuple(kind.name.lower() for kind in here),
        blocked_remotely=tuple(
            kind.name.lower() for kind in GroupKind if remote_of(marks, kind) is Remote.BLOCKED
        ),
        unacknowledged=waiting or circuit.state is State.AWAITING_RESET_COMPLETE,
        unequipped=bool(marks & Marks.UNEQUIPPED),
        suspended=bool(marks & Marks.SUSPENDED),
    )


def group_snapshot(circuits: list[TrunkCircuit]) -> GroupSnapshot:
    """What an operator sees of one trunk group, of all its circuits."""
    trunk = circuits[0].pool.trunk
    idle = reset = blocked = 0
    for circuit in circuits:
        if circuit.state is State.AWAITING_RESET_COMPLETE:
            reset += 1
        elif circuit.state is State.IDLE:
            if circuit.marks & BARRED_MASK:
                blocked += 1
            else:
                idle += 1
    busy = len(circuits) - idle - reset - blocked
    return GroupSnapshot(trunk.name, trunk.far_name, idle, busy, reset, blocked)
