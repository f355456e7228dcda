"""What the actions of `check_table` do: continuity checks, loops, and numbers that are too short.

A check is a tone of 2000 Hz that this end sends and the far end sends back (Q.764 §2.1.8, Q.724
§7); the exchange's equipment does both. Whatever ends a check takes the equipment off its circuit:
`TrunkCircuit.end` and every REL see to it.
"""

import msgspec

from calleq.causes import Q850
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.contract import Digits
from calleq.ss7.isup.indicators import CHECK_REQUIRED, CONTINUITY_CHECK
from calleq.ss7.isup.messages import Cause, Ccr, Cot, Iam, Message, Rel, Sam
from calleq.ss7.isup.numbers import SIGNALS_LIMIT
from calleq.ss7.isup.release_actions import send_rel, start_reset

PASSED, FAILED = 1, 0


def start_check(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T24, circuit.host.timers.t24_us)
    circuit.host.listen(circuit)


def pass_check(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.tidy(circuit)
    passed = Cot(circuit.cic, PASSED)
    circuit.host.send(circuit, passed)
    circuit.start_timer(Input.T7, circuit.host.timers.t7_us)
    seizure, user = circuit.serving()
    user.circuit_notice(seizure, passed)


def fail_check(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Cot(circuit.cic, FAILED))
    circuit.end(Cause(Q850.NO_CIRCUIT))
    circuit.start_timer(Input.RECHECK_DUE, circuit.host.timers.t25_us)


def await_cot(circuit: TrunkCircuit, message: Message | None) -> None:
    if _checked_here(circuit):
        circuit.host.loop(circuit)
    circuit.start_timer(Input.T8, circuit.host.timers.t8_us)


def _checked_here(circuit: TrunkCircuit) -> bool:
    """Whether the IAM that is kept asks for a check of this very circuit."""
    iam = circuit.held
    assert isinstance(iam, Iam), "an IAM is kept until COT"
    return CONTINUITY_CHECK.of(iam.nature_of_connection) == CHECK_REQUIRED


def serve_checked(circuit: TrunkCircuit, message: Message | None) -> None:
    iam = circuit.held
    assert isinstance(iam, Iam), "an IAM is kept until COT"
    circuit.stop_timers()
    circuit.host.tidy(circuit)
    done = CONTINUITY_CHECK.put(iam.nature_of_connection, 0)
    circuit.look_at_digits(msgspec.structs.replace(iam, nature_of_connection=done))


def end_failed_check(circuit: TrunkCircuit, message: Message | None) -> None:
    here = _checked_here(circuit)
    circuit.end(None)
    if here:
        circuit.start_timer(Input.T27, circuit.host.timers.t27_us)
    else:
        circuit.handle(Input.T8)


def await_digits(circuit: TrunkCircuit, message: Message | None) -> None:
    iam = circuit.held
    assert isinstance(iam, Iam), "an IAM is kept until its number is complete"
    timers = circuit.host.timers
    match circuit.host.digits(iam):
        case Digits.ENOUGH:
            circuit.handle(Input.NUMBER_COMPLETE)
        case Digits.MAYBE:
            circuit.start_timer(Input.NUMBER_COMPLETE, timers.t10_us)
        case Digits.MISSING:
            circuit.start_timer(Input.T35, timers.t35_us)


def add_digits(circuit: TrunkCircuit, message: Message | None) -> None:
    iam = circuit.held
    assert isinstance(message, Sam)
    assert isinstance(iam, Iam), "an IAM is kept until its number is complete"
    digits = (iam.called.digits + message.digits)[:SIGNALS_LIMIT]
    circuit.held = msgspec.structs.replace(
        iam, called=msgspec.structs.replace(iam.called, digits=digits)
    )
    if circuit.state is State.INCOMING_OVERLAP:
        await_digits(circuit, message)


def serve(circuit: TrunkCircuit, message: Message | None) -> None:
    iam = circuit.held
    assert isinstance(iam, Iam), "an IAM is kept until its number is complete"
    circuit.stop_timers()
    circuit.serve(iam)


def loop(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.stop_timers()
    circuit.pool.take(circuit.cic)
    circuit.host.loop(circuit)
    circuit.start_timer(Input.T36, circuit.host.timers.t36_us)


def prolong_loop(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.start_timer(Input.T36, circuit.host.timers.t36_us)


def fail_loop(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    circuit.start_timer(Input.T27, circuit.host.timers.t27_us)


def unloop_and_reset(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    start_reset(circuit, None)


def ask_check(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.pool.take(circuit.cic)
    circuit.start_timer(Input.T24, circuit.host.timers.t24_us)
    circuit.host.send(circuit, Ccr(circuit.cic))
    circuit.host.listen(circuit)


def end_good_check(circuit: TrunkCircuit, message: Message | None) -> None:
    send_rel(circuit, Rel(circuit.cic, Cause(Q850.NORMAL)))


def fail_recheck(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.host.send(circuit, Cot(circuit.cic, FAILED))
    circuit.end(None)
    circuit.host.check_failed(circuit)
    circuit.start_timer(Input.RECHECK_DUE, circuit.host.timers.t26_us)


def uncheck_and_accept(circuit: TrunkCircuit, message: Message | None) -> None:
    circuit.end(None)
    circuit.accept(message)
