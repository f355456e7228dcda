"""What the actions of `circuit_table` do: one short function for each.

Owns which message leaves, which timer runs, what the user is told and in which order. When an
action runs, its circuit is in the state that follows already. `STEPS` is the table with its actions
in place, as an exchange gives it to its circuits.
"""

from calleq.ss7.isup import causes
from calleq.ss7.isup.circuit import Act, CircuitUseError, Steps, TrunkCircuit
from calleq.ss7.isup.circuit_states import Action, Input, State
from calleq.ss7.isup.circuit_table import transitions
from calleq.ss7.isup.messages import Acm, Anm, Cause, Con, Cpg, Iam, Message, Rel, Rlc, Rsc

CHARGED = 0x1204
"""Backward call indicators (Q.763 §3.5), first octet the higher: charge, no indication of the
called party's status, ordinary subscriber; ISDN user part used all the way."""

CHARGED_SUBSCRIBER_FREE = 0x1604
"""The same, and the called party is free."""

EVENT_ALERTING = 1
"""Event indicator of CPG (Q.763 §3.21)."""


def _fault(circuit: TrunkCircuit, message: Message | None) -> None:
    raise CircuitUseError(
        f"circuit {circuit.cic} was asked what it cannot do: {circuit.state.name}"
    )


def _ignore(circuit: TrunkCircuit, message: Message | None) -> None:
    pass


def _discard(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1


def _take(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.pool.take(circuit.cic)


def _prevail(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.dual_seizures += 1


def _send_iam(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Iam)
    if circuit.host.send(circuit, message):
        circuit.start_timer(Input.T7, circuit.host.timers.t7_us)
    else:
        circuit.handle(Input.NO_ROUTE)


def _tell_soon(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.NO_ROUTE_TOLD, 0)


def _end_unrouted(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(causes.NETWORK_OUT_OF_ORDER))


def _clear_and_accept(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    circuit.accept(message)


def _yield(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.dual_seizures += 1
    circuit.end(Cause(causes.NO_CIRCUIT))
    circuit.accept(message)


def _lose_seizure(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.void()
    circuit.accept(message)


def _yield_unrouted(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(causes.NETWORK_OUT_OF_ORDER))
    circuit.accept(message)


def _start_t9(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T9, circuit.host.timers.t9_us)


def _start_t9_tell_alerting(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T9, circuit.host.timers.t9_us)
    _tell_alerting(circuit, message)


def _tell_alerting(circuit: TrunkCircuit, message: Message | None) -> None:
    seizure, user = circuit.serving()
    user.circuit_alerting(seizure)


def _tell_answered(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    seizure, user = circuit.serving()
    user.circuit_answered(seizure)


def _send_acm(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Acm(circuit.cic, CHARGED))


def _send_acm_free(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Acm(circuit.cic, CHARGED_SUBSCRIBER_FREE))


def _send_cpg(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Cpg(circuit.cic, EVENT_ALERTING))


def _send_anm(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Anm(circuit.cic))


def _send_con(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Con(circuit.cic, CHARGED_SUBSCRIBER_FREE))


def _send_rel(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Rel)
    circuit.release_message = message
    circuit.host.send(circuit, message)
    circuit.start_timer(Input.T1, circuit.host.timers.t1_us)


def _released(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Rel)
    circuit.host.send(circuit, Rlc(circuit.cic))
    circuit.end(message.cause)


def _confirm(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Rlc(circuit.cic))


def _clear(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)


def _confirm_and_clear(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Rlc(circuit.cic))
    circuit.end(None)


def _reset_by_far(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Rlc(circuit.cic))
    circuit.end(Cause(causes.NORMAL_UNSPECIFIED))


def _release_of_its_own(circuit: TrunkCircuit, value: int) -> None:
    """REL first, so that the user finds a circuit whose release is under way."""
    cause = Cause(value)
    _send_rel(circuit, Rel(circuit.cic, cause))
    seizure, user = circuit.serving()
    user.circuit_released(seizure, cause)


def _release_unreasonable(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1
    _release_of_its_own(circuit, causes.NORMAL_UNSPECIFIED)


def _release_t7(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, causes.RECOVERY_ON_TIMER)


def _release_t9(circuit: TrunkCircuit, message: Message | None) -> None:
    _release_of_its_own(circuit, causes.NO_ANSWER)


def _repeat_rel(circuit: TrunkCircuit, message: Message | None) -> None:
    assert circuit.release_message is not None
    timers = circuit.host.timers
    circuit.host.send(circuit, circuit.release_message)
    circuit.start_timer(Input.T1, timers.t1_us)
    circuit.start_long_timer(Input.T5, timers.t5_us - timers.t1_us)


def _give_up_release(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.end(None)
    circuit.start_long_timer(Input.T17, circuit.host.timers.t17_us)


def _start_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.pool.take(circuit.cic)
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.start_timer(Input.T16, circuit.host.timers.t16_us)


def _tell_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(causes.NORMAL_UNSPECIFIED))
    _start_reset(circuit, message)


def _clear_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    _start_reset(circuit, message)


def _void_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.void()
    _start_reset(circuit, message)


def _repeat_rsc(circuit: TrunkCircuit, message: Message | None) -> None:
    timers = circuit.host.timers
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.start_timer(Input.T16, timers.t16_us)
    circuit.start_long_timer(Input.T17, timers.t17_us - timers.t16_us)


def _repeat_rsc_slowly(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.host.send(circuit, Rsc(circuit.cic))
    circuit.start_long_timer(Input.T17, circuit.host.timers.t17_us)


_ACTS: dict[Action, Act] = {
    Action.IGNORE: _ignore,
    Action.DISCARD: _discard,
    Action.FAULT: _fault,
    Action.TAKE: _take,
    Action.SEND_IAM: _send_iam,
    Action.TELL_SOON: _tell_soon,
    Action.END_UNROUTED: _end_unrouted,
    Action.CLEAR_AND_ACCEPT: _clear_and_accept,
    Action.ACCEPT: TrunkCircuit.accept,
    Action.YIELD: _yield,
    Action.LOSE_SEIZURE: _lose_seizure,
    Action.YIELD_UNROUTED: _yield_unrouted,
    Action.START_T9: _start_t9,
    Action.START_T9_TELL_ALERTING: _start_t9_tell_alerting,
    Action.TELL_ALERTING: _tell_alerting,
    Action.TELL_ANSWERED: _tell_answered,
    Action.SEND_ACM: _send_acm,
    Action.SEND_ACM_FREE: _send_acm_free,
    Action.SEND_CPG: _send_cpg,
    Action.SEND_ANM: _send_anm,
    Action.SEND_CON: _send_con,
    Action.SEND_REL: _send_rel,
    Action.RELEASED: _released,
    Action.CONFIRM: _confirm,
    Action.CLEAR: _clear,
    Action.CONFIRM_AND_CLEAR: _confirm_and_clear,
    Action.RESET_BY_FAR: _reset_by_far,
    Action.RELEASE_UNREASONABLE: _release_unreasonable,
    Action.RELEASE_T7: _release_t7,
    Action.RELEASE_T9: _release_t9,
    Action.REPEAT_REL: _repeat_rel,
    Action.GIVE_UP_RELEASE: _give_up_release,
    Action.START_RESET: _start_reset,
    Action.TELL_AND_RESET: _tell_and_reset,
    Action.CLEAR_AND_RESET: _clear_and_reset,
    Action.VOID_AND_RESET: _void_and_reset,
    Action.REPEAT_RSC: _repeat_rsc,
    Action.REPEAT_RSC_SLOWLY: _repeat_rsc_slowly,
    Action.PREVAIL: _prevail,
}

_PAIRS = transitions()

STEPS: Steps = tuple(
    tuple((_ACTS[_PAIRS[state, event][0]], _PAIRS[state, event][1]) for event in Input)
    for state in State
)
"""By state, then by input (both number from 0 in their order): what to do, and the next state."""
