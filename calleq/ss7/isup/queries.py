"""What exchanges ask each other about circuits and about themselves (Q.764 §2.8.3, §2.12, §2.13).

Owns the circuit group query and its answer, the test of a user part that level 3 says is away, what
is known of circuits that the far end does not have, and confusion, which is counted and answered by
nothing. An answer to our query is compared with what is so here; blocking is taken over or asked
for anew, and a call that only one end has is brought to an end by a reset (§2.8.3.4).
"""

from collections.abc import Callable

from calleq.runtime.clock import Timer
from calleq.ss7.isup.alarms import AlarmKind
from calleq.ss7.isup.blocking import (
    Local,
    LocalInput,
    Marks,
    Remote,
    RemoteInput,
    local_of,
    remote_of,
    remote_step,
)
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_groups import Run
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.maintenance import Maintenance, MaintenanceHost
from calleq.ss7.isup.messages import (
    CallState,
    Cfn,
    Cgba,
    CircuitState,
    Cqm,
    Cqr,
    GroupKind,
    Message,
    RangeStatus,
    Ucic,
    Upa,
    Upt,
)
from calleq.ss7.isup.requests import Request, RequestInput
from calleq.ss7.isup.values import TRANSIENT_CIRCUIT, UNEQUIPPED_CIRCUIT
from calleq.ss7.variant import ITU

_CALL_OF: dict[State, CallState] = {
    State.IDLE: CallState.IDLE,
    State.SEIZED: CallState.IDLE,
    State.AWAITING_ANSWER: CallState.OUTGOING,
    State.OUTGOING_ALERTING: CallState.OUTGOING,
    State.OUTGOING_ANSWERED: CallState.OUTGOING,
    State.INCOMING_SET_UP: CallState.INCOMING,
    State.INCOMING_PROGRESSING: CallState.INCOMING,
    State.INCOMING_ALERTING: CallState.INCOMING,
    State.INCOMING_ANSWERED: CallState.INCOMING,
}
"""Call states that the far end can know; all others are transient (§2.8.3.2)."""

_OPPOSITE = {
    CallState.IDLE: CallState.IDLE,
    CallState.OUTGOING: CallState.INCOMING,
    CallState.INCOMING: CallState.OUTGOING,
}


def state_of(circuit: TrunkCircuit | None) -> CircuitState:
    """What CQR says of a circuit; None for one that there is not."""
    if circuit is None:
        return UNEQUIPPED_CIRCUIT
    call = _CALL_OF.get(circuit.state)
    if call is None:
        return TRANSIENT_CIRCUIT
    bits = []
    for kind in GroupKind:
        local = local_of(circuit.marks, kind)
        if local in (Local.BLOCKING, Local.UNBLOCKING):
            return TRANSIENT_CIRCUIT
        bits.append((local is Local.BLOCKED) | remote_of(circuit.marks, kind) << 1)
    return CircuitState(call, bits[0], bits[1])


class Queries:
    """Queries, tests and confusion of one exchange."""

    def __init__(self, host: MaintenanceHost, maintenance: Maintenance) -> None:
        self.confused = 0
        """CFN received."""
        self._host = host
        self._maintenance = maintenance
        self._asked: dict[tuple[int, int], Timer] = {}
        self.away: dict[int, Request] = {}
        """The tests of user parts that are not available, by point code."""
        self.handlers: dict[type, Callable[[int, Message], None]] = {
            Cqm: self._cqm,
            Cqr: self._cqr,
            Ucic: self._ucic,
            Upt: self._upt,
            Upa: self._upa,
            Cfn: self._cfn,
        }

    # What is asked from here.

    def query(self, far: int, first: int, circuits: int) -> None:
        """Ask what the far end thinks of a run of circuits that fits into one message; T28 runs."""
        limit = self._host.variant.group_circuits
        if not 1 <= circuits <= limit:
            raise ValueError(f"{circuits} circuits in one query: 1 to {limit}")
        host, key = self._host, (far, first)
        timer = self._asked.pop(key, None)
        if timer is not None:
            timer.cancel()
        length_us = host.timers.t28_us
        self._asked[key] = host.clock.call_later_us(length_us, self._unanswered, key)
        host.say(far, Cqm(first, RangeStatus(circuits - 1)))

    def _unanswered(self, key: tuple[int, int]) -> None:
        del self._asked[key]
        subject = f"CQM {key[1]} to {self._host.name_of(key[0])}"
        self._host.alarms.raise_(AlarmKind.REQUEST_UNANSWERED, subject)

    def test_user_part(self, far: int) -> None:
        """Level 3 says that the user part there is away: test it every T4 until it answers."""
        if far in self.away:
            return
        host = self._host
        subject = host.name_of(far)
        host.alarms.raise_(AlarmKind.USER_PART_UNAVAILABLE, subject)

        def ended(request: Request) -> None:
            host.alarms.clear(AlarmKind.USER_PART_UNAVAILABLE, subject)

        lengths_us = (host.timers.t4_us, host.timers.t4_us)
        request = Request("UPT", far, host.clock, lengths_us, Upt, host.say, ended, lambda: None)
        self.away[far] = request
        request.begin()

    def heard_from(self, far: int) -> None:
        """Any message from there means that its user part is back (§2.13.2)."""
        request = self.away.pop(far, None)
        if request is not None:
            request.take(RequestInput.ANSWERED)

    # What is asked of us.

    def _upt(self, far: int, message: Message) -> None:
        self._host.say(far, Upa(message.cic))

    def _upa(self, far: int, message: Message) -> None:
        """`heard_from` has seen to it."""

    def _cfn(self, far: int, message: Message) -> None:
        self.confused += 1

    def _cqm(self, far: int, message: Message) -> None:
        assert isinstance(message, Cqm)
        circuits = message.circuits
        if circuits.circuits > ITU.group_circuits:
            self._host.unexpected += 1
            return
        states = tuple(
            state_of(self._host.circuit(far, cic)) for cic in circuits.covered(message.cic)
        )
        self._host.say(far, Cqr(message.cic, RangeStatus(circuits.span), states))

    def _ucic(self, far: int, message: Message) -> None:
        circuit = self._host.circuit(far, message.cic)
        if circuit is not None:
            self._maintenance.mark(circuit, circuit.marks | Marks.UNEQUIPPED)
            circuit.handle(Input.RSC, message)
            circuit.handle(Input.RESET, message)

    # What is answered.

    def _cqr(self, far: int, message: Message) -> None:
        assert isinstance(message, Cqr)
        timer = self._asked.pop((far, message.cic), None)
        if timer is None:
            self._host.unexpected += 1
            return
        timer.cancel()
        subject = f"CQM {message.cic} to {self._host.name_of(far)}"
        self._host.alarms.clear(AlarmKind.REQUEST_UNANSWERED, subject)
        covered = message.circuits.covered(message.cic)
        for cic, theirs in zip(covered, message.states, strict=False):
            circuit = self._host.circuit(far, cic)
            if circuit is not None:
                self._compare(circuit, theirs)

    def _compare(self, circuit: TrunkCircuit, theirs: CircuitState) -> None:
        group, cic, alarms = circuit.pool.trunk.name, circuit.cic, self._host.alarms
        if theirs == UNEQUIPPED_CIRCUIT:
            self._ucic(circuit.far_point_code, Ucic(cic))
            return
        if circuit.marks & Marks.UNEQUIPPED:
            self._maintenance.mark(circuit, circuit.marks & ~Marks.UNEQUIPPED)
        ours = state_of(circuit)
        if TRANSIENT_CIRCUIT in (ours, theirs) or theirs.call not in _OPPOSITE:
            return
        self._compare_blocking(circuit, theirs)
        if _OPPOSITE[CallState(theirs.call)] is CallState(ours.call):
            alarms.clear(AlarmKind.STATES_DISAGREE, group, cic)
            return
        alarms.raise_(AlarmKind.STATES_DISAGREE, group, cic)
        self._maintenance.reset((circuit,))

    def _compare_blocking(self, circuit: TrunkCircuit, theirs: CircuitState) -> None:
        for kind, bits in zip(GroupKind, (theirs.maintenance, theirs.hardware), strict=True):
            blocked = bool(bits & 1)
            if blocked is not (remote_of(circuit.marks, kind) is Remote.BLOCKED):
                given = RemoteInput.BLOCK if blocked else RemoteInput.UNBLOCK
                self._maintenance.mark(circuit, remote_step(circuit.marks, kind, given))
                if blocked:  # and unblocked by the far end, should it be untrue
                    run = Run((circuit.cic,), self._host.variant)
                    marked = run.status((circuit.cic,))
                    self._host.say(circuit.far_point_code, Cgba(run.first, kind, marked))
            known = bool(bits & 2)
            local = local_of(circuit.marks, kind)
            if known is not (local is Local.BLOCKED):
                said = LocalInput.BLOCK_ACKNOWLEDGED if known else LocalInput.UNBLOCK_ACKNOWLEDGED
                self._maintenance.order((circuit,), kind, said)
