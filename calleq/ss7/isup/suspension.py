"""Calls that are suspended: by a subscriber, by the network, or by both (Q.764 §2.4, Q.733.4).

A suspended call stays up, is billed as before, and is told of end to end. The exchange that
controls the call bounds it: T2 for a suspension by a subscriber, T6 for one by the network; when
one of them runs out the call is released. A call that is not suspended has no entry here, only its
circuits' lack of a mark. `TABLE` decides every pair.
"""

from collections.abc import Callable
from enum import IntEnum

from calleq.runtime.clock import Timer
from calleq.ss7.isup.blocking import Marks
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.messages import Res, Sus
from calleq.ss7.isup.timers import Timed


class SState(IntEnum):
    """Who has suspended the call."""

    NOBODY = 0
    SUBSCRIBER = 1
    NETWORK = 2
    BOTH = 3


class SInput(IntEnum):
    """SUS and RES by who sent them."""

    SUS_SUBSCRIBER = 0
    SUS_NETWORK = 1
    RES_SUBSCRIBER = 2
    RES_NETWORK = 3


class SAction(IntEnum):
    """What a controlling exchange does about its timers."""

    IGNORE = 0
    START_T2 = 1
    START_T6 = 2
    STOP_T2 = 3
    STOP_T6 = 4


_S, _I, _A = SState, SInput, SAction
TABLE: dict[tuple[SState, SInput], tuple[SAction, SState]] = {
    (_S.NOBODY, _I.SUS_SUBSCRIBER): (_A.START_T2, _S.SUBSCRIBER),
    (_S.NOBODY, _I.SUS_NETWORK): (_A.START_T6, _S.NETWORK),
    (_S.NOBODY, _I.RES_SUBSCRIBER): (_A.IGNORE, _S.NOBODY),
    (_S.NOBODY, _I.RES_NETWORK): (_A.IGNORE, _S.NOBODY),
    (_S.SUBSCRIBER, _I.SUS_SUBSCRIBER): (_A.IGNORE, _S.SUBSCRIBER),
    (_S.SUBSCRIBER, _I.SUS_NETWORK): (_A.START_T6, _S.BOTH),
    (_S.SUBSCRIBER, _I.RES_SUBSCRIBER): (_A.STOP_T2, _S.NOBODY),
    (_S.SUBSCRIBER, _I.RES_NETWORK): (_A.IGNORE, _S.SUBSCRIBER),
    (_S.NETWORK, _I.SUS_SUBSCRIBER): (_A.START_T2, _S.BOTH),
    (_S.NETWORK, _I.SUS_NETWORK): (_A.IGNORE, _S.NETWORK),
    (_S.NETWORK, _I.RES_SUBSCRIBER): (_A.IGNORE, _S.NETWORK),
    (_S.NETWORK, _I.RES_NETWORK): (_A.STOP_T6, _S.NOBODY),
    (_S.BOTH, _I.SUS_SUBSCRIBER): (_A.IGNORE, _S.BOTH),
    (_S.BOTH, _I.SUS_NETWORK): (_A.IGNORE, _S.BOTH),
    (_S.BOTH, _I.RES_SUBSCRIBER): (_A.STOP_T2, _S.NETWORK),
    (_S.BOTH, _I.RES_NETWORK): (_A.STOP_T6, _S.SUBSCRIBER),
}


class _Suspended:
    """One suspended call."""

    __slots__ = ("state", "t2", "t6")

    def __init__(self) -> None:
        self.state = SState.NOBODY
        self.t2: Timer | None = None
        self.t6: Timer | None = None


class Suspensions:
    """Every suspended call of an exchange, by its circuit."""

    def __init__(self, exchange: Timed) -> None:
        self._exchange = exchange
        self._calls: dict[TrunkCircuit, _Suspended] = {}

    def state(self, circuit: TrunkCircuit) -> SState:
        """Who has suspended the call on a circuit."""
        found = self._calls.get(circuit)
        return SState.NOBODY if found is None else found.state

    def take(self, circuit: TrunkCircuit, message: Sus | Res, *, controlling: bool) -> None:
        """A suspension or a resumption was signalled, in either direction."""
        call = self._calls.setdefault(circuit, _Suspended())
        circuit.marks |= Marks.SUSPENDED
        action, call.state = TABLE[call.state, _input_of(message)]
        match action:
            case SAction.IGNORE:
                pass
            case SAction.START_T2:
                if controlling:
                    call.t2 = self._start(self._exchange.timers.t2_us, circuit)
            case SAction.START_T6:
                if controlling:
                    call.t6 = self._start(self._exchange.timers.t6_us, circuit)
            case SAction.STOP_T2:
                _stop(call.t2)
            case SAction.STOP_T6:
                _stop(call.t6)
        if call.state is SState.NOBODY:
            self.end(circuit)

    def end(self, circuit: TrunkCircuit) -> None:
        """The call is over, or resumed."""
        circuit.marks &= ~Marks.SUSPENDED
        call = self._calls.pop(circuit, None)
        if call is not None:
            _stop(call.t2)
            _stop(call.t6)

    def _start(self, length_us: int, circuit: TrunkCircuit) -> Timer:
        ring: Callable[[Input], None] = circuit.handle
        return self._exchange.clock.call_later_us(length_us, ring, Input.SUSPENDED_TOO_LONG)


def _input_of(message: Sus | Res) -> SInput:
    network = bool(message.by_network & 1)
    if isinstance(message, Sus):
        return SInput.SUS_NETWORK if network else SInput.SUS_SUBSCRIBER
    return SInput.RES_NETWORK if network else SInput.RES_SUBSCRIBER


def _stop(timer: Timer | None) -> None:
    if timer is not None:
        timer.cancel()
