"""What the actions of `circuit_table` do about the end of calls and the reset of circuits.

A user is told a cause of its own exchange with location "public network serving the local user";
34 (no circuit) so told means that nothing is known of the call beyond, and it may be tried again on
another circuit (automatic repeat attempt, Q.764 §2.8.1).
"""

from calleq.causes import Q850
from calleq.ss7.isup.blocking import REMOTE_MASK, Marks
from calleq.ss7.isup.circuit import TIDY_MASK, TrunkCircuit
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.messages import Cause, Grs, Message, Rel, Rlc, Rsc, Ucic

_TRY_AGAIN = Cause(Q850.NO_CIRCUIT)


def send_rel(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Rel)
    circuit.stop_timers()
    if circuit.marks & TIDY_MASK:
        circuit.host.tidy(circuit)
    circuit.held = message
    circuit.host.send(circuit, message)
    circuit.start_timer(Input.T1, circuit.host.timers.t1_us)


def released(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Rel)
    circuit.host.send(circuit, Rlc(circuit.cic))
    circuit.end(message.cause, message)


def confirm(circuit: TrunkCircuit, message: Message | None) -> None:
    if isinstance(message, Rel | Rsc):
        circuit.host.send(circuit, Rlc(circuit.cic))


def clear(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)


def confirm_and_clear(circuit: TrunkCircuit, message: Message | None) -> None:
    confirm(circuit, message)
    circuit.end(None)


def reset_by_far(circuit: TrunkCircuit, message: Message | None) -> None:
    confirm(circuit, message)
    circuit.end(Cause(Q850.NORMAL_UNSPECIFIED))


def reset_before_answer(circuit: TrunkCircuit, message: Message | None) -> None:
    confirm(circuit, message)
    circuit.end(_TRY_AGAIN)


def _release_of_its_own(circuit: TrunkCircuit, cause: Cause, told: Cause | None = None) -> None:
    """REL first, so that the user, if there is one, finds the release under way."""
    send_rel(circuit, Rel(circuit.cic, cause))
    seizure, user = circuit.seizure, circuit.user
    if seizure is not None and user is not None:
        seizure.heard = None
        user.circuit_released(seizure, told or cause)


def release_unreasonable(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1
    _release_of_its_own(circuit, Cause(Q850.NORMAL_UNSPECIFIED))


def release_and_repeat(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.NORMAL_UNSPECIFIED), told=_TRY_AGAIN)


def release_incompatible(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Rel), "the cause comes as the REL to be sent"
    circuit.pool.take(circuit.cic)
    _release_of_its_own(circuit, message.cause)


def release_t3(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.CONGESTION))


def release_t7(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.RECOVERY_ON_TIMER))


def release_t8(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.TEMPORARY_FAILURE))


def release_t9(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.NO_ANSWER))


def release_t33(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.RECOVERY_ON_TIMER))


def release_t35(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.ADDRESS_INCOMPLETE))


def release_suspended(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, Cause(Q850.RECOVERY_ON_TIMER))


def repeat_rel(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(circuit.held, Rel)
    timers = circuit.host.timers
    circuit.host.send(circuit, circuit.held)
    circuit.start_timer(Input.T1, timers.t1_us)
    circuit.start_long_timer(Input.T5, timers.t5_us - timers.t1_us)


def give_up_release(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    _send_rsc(circuit)
    circuit.end(None)
    circuit.start_long_timer(Input.T17, circuit.host.timers.t17_us)
    circuit.host.reset_overdue(circuit)


def start_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.pool.take(circuit.cic)
    if isinstance(message, Grs):
        circuit.marks |= Marks.IN_GROUP
        circuit.host.reset_begins(circuit)
        return
    if isinstance(message, Ucic):
        # It is there, or will be, when a reset is confirmed: asked slowly.
        circuit.start_long_timer(Input.T17, circuit.host.timers.t17_us)
        return
    _send_rsc(circuit)
    circuit.start_timer(Input.T16, circuit.host.timers.t16_us)


def _send_rsc(circuit: TrunkCircuit) -> None:
    if circuit.marks & REMOTE_MASK:
        circuit.host.reset_begins(circuit)
    circuit.host.send(circuit, Rsc(circuit.cic))


def tell_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(Q850.NORMAL_UNSPECIFIED))
    start_reset(circuit, message)


def repeat_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1
    circuit.end(_TRY_AGAIN)
    start_reset(circuit, None)


def clear_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    start_reset(circuit, message)


def void_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.void()
    start_reset(circuit, message)


def reset_unreasonable(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1
    start_reset(circuit, None)


def reset_done(circuit: TrunkCircuit, message: Message | None) -> None:
    if circuit.marks:
        circuit.host.reset_ends(circuit)
    circuit.end(None)


def repeat_rsc(circuit: TrunkCircuit, message: Message | None) -> None:
    if circuit.marks & Marks.IN_GROUP:
        return
    timers = circuit.host.timers
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.start_timer(Input.T16, timers.t16_us)
    circuit.start_long_timer(Input.T17, timers.t17_us - timers.t16_us)


def repeat_rsc_slowly(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.start_long_timer(Input.T17, circuit.host.timers.t17_us)
    circuit.host.reset_overdue(circuit)
