"""What the actions of `circuit_table` do for a call: one short function for each.

Owns which message leaves, which timer runs, what the user is told and in which order. When an
action runs, its circuit is in the state that follows already. What comes before a call, checks and
digits, stands in `check_actions`; release and reset in `release_actions`. `circuit_steps` puts the
actions into the table.

A message that a user hands on from another circuit keeps its parameters; it is made for this
circuit and for what the far end of this circuit has heard already (CPG after an ACM, CON without
one). Without such a message this exchange speaks for itself.
"""

from calleq.causes import Q850
from calleq.ss7.isup.circuit import CircuitUseError, TrunkCircuit
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.in_band import CHARGED, as_progress, is_in_band
from calleq.ss7.isup.indicators import CHECK_REQUIRED, CONTINUITY_CHECK
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    Cause,
    Con,
    Cpg,
    Iam,
    Inf,
    Inr,
    Message,
    Res,
    Sam,
    Sus,
)
from calleq.ss7.isup.readdress import onto

CHARGED_SUBSCRIBER_FREE = 0x1604
"""As `CHARGED`, and the called party is free."""

EVENT_ALERTING = 1
"""Event indicator of CPG (Q.763 §3.21)."""


def fault(circuit: TrunkCircuit, message: Message | None) -> None:
    raise CircuitUseError(
        f"circuit {circuit.cic} was asked what it cannot do: {circuit.state.name}"
    )


def ignore(circuit: TrunkCircuit, message: Message | None) -> None:
    pass


def discard(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.unexpected += 1


def take(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.pool.take(circuit.cic)


def prevail(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.dual_seizures += 1


def send_iam(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Iam)
    if not circuit.host.send(circuit, message):
        circuit.handle(Input.NO_ROUTE)
        return
    circuit.start_timer(Input.T7, circuit.host.timers.t7_us)
    nature = message.nature_of_connection
    if nature and CONTINUITY_CHECK.of(nature) == CHECK_REQUIRED:
        circuit.handle(Input.CONTINUITY_SENT)


def tell_soon(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.NO_ROUTE_TOLD, 0)


def end_unrouted(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(Q850.NETWORK_OUT_OF_ORDER))


def clear_and_accept(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    circuit.accept(message)


def give_way(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.dual_seizures += 1
    circuit.end(Cause(Q850.NO_CIRCUIT))
    circuit.accept(message)


def lose_seizure(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.void()
    circuit.accept(message)


def yield_unrouted(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(Cause(Q850.NETWORK_OUT_OF_ORDER))
    circuit.accept(message)


def start_t9(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T9, circuit.host.timers.t9_us)
    tell_progress(circuit, message)


def start_t9_tell_alerting(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T9, circuit.host.timers.t9_us)
    tell_alerting(circuit, message)


def start_t3(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T3, circuit.host.timers.t3_us)


def tell_alerting(circuit: TrunkCircuit, message: Message | None) -> None:
    seizure, user = circuit.serving()
    seizure.heard = message
    user.circuit_alerting(seizure)


def tell_progress(circuit: TrunkCircuit, message: Message | None) -> None:
    seizure, user = circuit.serving()
    seizure.heard = message
    user.circuit_progress(seizure)


def tell_answered(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    seizure, user = circuit.serving()
    seizure.heard = message
    user.circuit_answered(seizure)


def tell_notice(circuit: TrunkCircuit, message: Message | None) -> None:
    assert message is not None, "a notice is a message"
    if isinstance(message, Inf):
        circuit.stop_long_timer()
    seizure, user = circuit.serving()
    user.circuit_notice(seizure, message)


def tell_suspension(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Sus | Res)
    seizure, user = circuit.serving()
    incoming = seizure.key.origin == circuit.far_point_code
    circuit.host.suspension(circuit, message, controlling=not (incoming or seizure.transit))
    user.circuit_notice(seizure, message)


def send_acm(circuit: TrunkCircuit, message: Message | None) -> None:
    if isinstance(message, Acm):
        said = Acm(circuit.cic, message.backward_call, message.cause, message.other)
    else:
        said = Acm(circuit.cic, CHARGED)
    circuit.host.send(circuit, said)


def send_acm_free(circuit: TrunkCircuit, message: Message | None) -> None:
    if isinstance(message, Acm):
        said = Acm(circuit.cic, message.backward_call, message.cause, message.other)
    else:
        said = Acm(circuit.cic, CHARGED_SUBSCRIBER_FREE)
    circuit.host.send(circuit, said)


def send_cpg(circuit: TrunkCircuit, message: Message | None) -> None:
    if isinstance(message, Cpg):
        said = Cpg(circuit.cic, message.event, message.cause, message.other)
    else:
        said = Cpg(circuit.cic, EVENT_ALERTING)
    circuit.host.send(circuit, said)


def send_cpg_other(circuit: TrunkCircuit, message: Message | None) -> None:
    if isinstance(message, Acm) and is_in_band(message):
        message = as_progress(message)
    if isinstance(message, Cpg):
        send_cpg(circuit, message)


def send_anm(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    other = message.other if isinstance(message, Anm | Con) else ()
    circuit.host.send(circuit, Anm(circuit.cic, other))


def send_con(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    indicators, other = CHARGED_SUBSCRIBER_FREE, ()
    match message:
        case Con():
            said = Con(circuit.cic, message.backward_call, message.other)
        case Anm():
            said = Con(circuit.cic, indicators, message.other)
        case _:
            said = Con(circuit.cic, indicators, other)
    circuit.host.send(circuit, said)


def send_sam(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T7, circuit.host.timers.t7_us)
    send_sam_unchecked(circuit, message)


def send_sam_unchecked(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Sam)
    circuit.host.send(circuit, onto(message, circuit.cic))


def send_notice(circuit: TrunkCircuit, message: Message | None) -> None:
    assert message is not None, "a notice is a message"
    if isinstance(message, Inr):
        circuit.start_long_timer(Input.T33, circuit.host.timers.t33_us)
    circuit.host.send(circuit, onto(message, circuit.cic))


def send_suspension(circuit: TrunkCircuit, message: Message | None) -> None:
    assert isinstance(message, Sus | Res)
    seizure, _ = circuit.serving()
    said = onto(message, circuit.cic)
    assert isinstance(said, Sus | Res)
    circuit.host.send(circuit, said)
    own = not seizure.transit and not message.by_network
    circuit.host.suspension(circuit, said, controlling=own)
