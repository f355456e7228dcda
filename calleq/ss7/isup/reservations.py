"""What the far exchange asks of a circuit in ANSI T1.113 alone: to reserve it, and to validate it.

CRM reserves an idle circuit for a call whose IAM follows: it is answered by CRA and not chosen for
calls from here until IAM, REL or a reset comes, or T_CRA runs out. CVT is answered by CVR, which
says whether the circuit is there and who controls it (T1.113.4). Nothing is reserved or validated
from here, so that CRA and CVR are unexpected and counted.
"""

from collections.abc import Callable

from calleq.runtime.clock import Timer
from calleq.ss7.isup.blocking import BARRED_MASK, Marks
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_states import State
from calleq.ss7.isup.maintenance import Maintenance, MaintenanceHost
from calleq.ss7.isup.messages import Cra, Crm, Cvr, Cvt, Message
from calleq.units import SECOND_US

T_CRA_US = 20 * SECOND_US
"""CRA sent, IAM awaited: the circuit is free for calls again."""

VALID = 0
FAILED = 1
"""Circuit validation response indicator of CVR."""

DIGITAL = 0x02
ODD_CONTROLLED = 0x01 << 2
EVEN_CONTROLLED = 0x02 << 2
CHECKED_NEVER = 0x01 << 6
CHECKED_SOMETIMES = 0x02 << 6
"""Circuit group characteristics: carrier, who prevails in dual seizure, continuity checks."""


class Reservations:
    """The circuits that the far exchange has reserved."""

    def __init__(self, host: MaintenanceHost, maintenance: Maintenance) -> None:
        self._host = host
        self._maintenance = maintenance
        self._timers: dict[TrunkCircuit, Timer] = {}
        self.handlers: dict[type, Callable[[int, Message], None]] = {
            Crm: self._crm,
            Cra: self._unexpected,
            Cvt: self._cvt,
            Cvr: self._unexpected,
        }
        """What to do with each message, given who sent it."""

    def end(self, circuit: TrunkCircuit) -> None:
        """The call that the circuit was reserved for comes, or does not."""
        timer = self._timers.pop(circuit, None)
        if timer is not None:
            timer.cancel()
        self._maintenance.mark(circuit, circuit.marks & ~Marks.RESERVED)

    def _crm(self, far: int, message: Message) -> None:
        assert isinstance(message, Crm)
        circuit = self._host.circuit(far, message.cic)
        if (
            circuit is None
            or circuit.state is not State.IDLE
            or circuit.marks & BARRED_MASK & ~Marks.RESERVED
        ):
            self._host.unexpected += 1
            return
        self.end(circuit)
        self._maintenance.mark(circuit, circuit.marks | Marks.RESERVED)
        self._timers[circuit] = self._host.clock.call_later_us(T_CRA_US, self.end, circuit)
        self._host.say(far, Cra(message.cic))

    def _cvt(self, far: int, message: Message) -> None:
        assert isinstance(message, Cvt)
        circuit = self._host.circuit(far, message.cic)
        if circuit is None:
            self._host.say(far, Cvr(message.cic, FAILED, DIGITAL))
            return
        # Of a pair of circuits each exchange controls one.
        evens = circuit.we_control == (circuit.cic % 2 == 0)
        checked = CHECKED_SOMETIMES if circuit.pool.trunk.check_every else CHECKED_NEVER
        said = DIGITAL | (EVEN_CONTROLLED if evens else ODD_CONTROLLED) | checked
        self._host.say(far, Cvr(message.cic, VALID, said))

    def _unexpected(self, far: int, message: Message) -> None:
        self._host.unexpected += 1
