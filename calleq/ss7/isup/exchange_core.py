"""The circuits of one node, and what they and their small machines share.

Owns construction, sending, the equipment and the plan of numbers; it is what `circuit.Host`,
`maintenance.MaintenanceHost` and `reception.ExaminerHost` ask for. What a node may ask is
`exchange_traffic`, what an operator may ask `exchange`.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable

import msgspec

from calleq.causes import Q850
from calleq.runtime.clock import Clock
from calleq.ss7.isup.alarms import AlarmKind, Alarms
from calleq.ss7.isup.ansi import message_codec
from calleq.ss7.isup.blocking import Marks
from calleq.ss7.isup.check_equipment import CheckEquipment, NoChecks
from calleq.ss7.isup.circuit import Seizure, TrunkCircuit
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.circuit_steps import STEPS
from calleq.ss7.isup.congestion import LEVELS, Congestion
from calleq.ss7.isup.contract import Circuit, CircuitUser, Digits, NumberPlan
from calleq.ss7.isup.maintenance import Maintenance
from calleq.ss7.isup.maintenance_messages import MaintenanceMessages
from calleq.ss7.isup.messages import Cause, Iam, Message, Rel, Res, Sus
from calleq.ss7.isup.optional import CONGESTION_LEVEL, put
from calleq.ss7.isup.parameters import TooLongError
from calleq.ss7.isup.queries import Queries
from calleq.ss7.isup.reception import Examiner
from calleq.ss7.isup.reservations import Reservations
from calleq.ss7.isup.segments import Segments
from calleq.ss7.isup.sending import PRIORITIES, octets_of
from calleq.ss7.isup.suspension import Suspensions
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Pool, Trunk
from calleq.ss7.mtp3 import SERVICE_ISUP, MessageTransfer, Msu, Status
from calleq.ss7.variant import ITU, Variant

CIC_BITS = 14
"""Of a place in the table of circuits: no variant has wider circuit identification codes."""


class Nobody:
    """Serves what nobody serves."""

    def circuit_alerting(self, circuit: Circuit) -> None:
        pass

    def circuit_progress(self, circuit: Circuit) -> None:
        pass

    def circuit_answered(self, circuit: Circuit) -> None:
        pass

    def circuit_notice(self, circuit: Circuit, message: Message) -> None:
        pass

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        pass

    def circuit_cleared(self, circuit: Circuit) -> None:
        pass


class ExchangeCore(ABC):
    """The circuits of one node and what they share."""

    def __init__(
        self,
        name: str,
        point_code: int,
        transfer: MessageTransfer,
        trunks: tuple[Trunk, ...],
        clock: Clock,
        timers: IsupTimers | None = None,
        checks: CheckEquipment | None = None,
        variant: Variant = ITU,
    ) -> None:
        """Raises ValueError when two trunk groups share a name or a circuit."""
        self.name = name
        self.point_code = point_code
        self.variant = variant
        self.clock = clock
        self.timers = timers or IsupTimers()
        self.steps = STEPS
        self.messages_sent = 0
        self.messages_received = 0
        self.unsent = 0
        self.malformed = 0
        self.unequipped = 0
        self.unexpected = 0
        self.dual_seizures = 0
        self.turned_away = 0
        self.overload = 0
        """How overloaded this exchange says it is in REL: 0 not at all, 1, 2 (Q.764 §2.11)."""
        self.alarms = Alarms(clock)
        self.maintenance = Maintenance(self)
        self.queries = Queries(self, self.maintenance)
        self.congestion = Congestion(self, self._congestion_changed)
        self.suspensions = Suspensions(self)
        self.segments = Segments(self, self._act)
        self.examiner = Examiner(self)
        self._checks = checks or NoChecks()
        self._encode, self._decode = message_codec(variant)
        self._octets = octets_of(variant)
        self._in_other_forms = variant.is_ansi
        """A message may leave as others, or more than once (`sending`)."""
        self._selection_mask = variant.selections - 1
        """The signalling link selection is the lowest bits of the CIC (Q.704 §2.2.4)."""
        self._transfer = self._with_priority if variant.is_ansi else transfer.transfer
        self._node = transfer
        self.arrived: Callable[[Circuit, Iam], CircuitUser] | None = None
        self.plan: NumberPlan | None = None
        self.pools: dict[str, Pool] = {}
        self._circuits: dict[int, TrunkCircuit] = {}
        self.calls_sent: dict[str, int] = {}
        """Since the last check, by trunk group."""
        messages = MaintenanceMessages(self, self.maintenance)
        self.handlers = {**messages.handlers, **self.queries.handlers}
        self.reservations = Reservations(self, self.maintenance)
        if variant.is_ansi:
            self.handlers.update(self.reservations.handlers)
        for trunk in trunks:
            self._equip(trunk)
        transfer.on_message(SERVICE_ISUP, self._received)
        transfer.on_status(self._status_changed)
        transfer.on_indication(self._indicated)

    def _equip(self, trunk: Trunk) -> None:
        if trunk.name in self.pools:
            raise ValueError(f"{self.name}: two trunk groups are named {trunk.name}")
        if trunk.first + trunk.circuits - 1 > self.variant.last_circuit:
            raise ValueError(f"{self.name}: {trunk.name}: CICs 0 to {self.variant.last_circuit}")
        own, far = self.point_code, trunk.far_point_code
        if own == far:
            raise ValueError(f"{self.name}: trunk group {trunk.name} leads to itself")
        pool = self.pools[trunk.name] = Pool(trunk, own)
        for cic in range(trunk.first, trunk.first + trunk.circuits):
            place = far << CIC_BITS | cic
            if place in self._circuits:
                raise ValueError(f"{self.name}: circuit {cic} to {trunk.far_name} is in two groups")
            self._circuits[place] = TrunkCircuit(self, pool, cic)

    def circuits_of(self, trunk: Trunk) -> list[TrunkCircuit]:
        """Every circuit of a trunk group, by CIC."""
        far = trunk.far_point_code << CIC_BITS
        return [
            self._circuits[far | cic] for cic in range(trunk.first, trunk.first + trunk.circuits)
        ]

    # What the circuits ask for.

    def send(self, circuit: TrunkCircuit, message: Message) -> bool:
        """Send to the far exchange of a circuit; False, and counted, when there is no route."""
        if self.overload and isinstance(message, Rel):
            other = put(message.other, CONGESTION_LEVEL, self.overload)
            message = msgspec.structs.replace(message, other=other)
        far = circuit.far_point_code
        if self._in_other_forms:
            return self.say(far, message)
        try:
            payload = self._encode(message)
        except TooLongError:
            return self.say(far, message)
        if self._transfer(far, message.cic & self._selection_mask, payload):
            self.messages_sent += 1
            return True
        self.unsent += 1
        return False

    def say(self, far: int, message: Message) -> bool:
        """Send to a point code, in several units if need be; False when there is no route."""
        selection, sent = message.cic & self._selection_mask, True
        for payload in self._octets(message):
            sent = self._transmit(far, selection, payload) and sent
        return sent

    def _with_priority(self, far: int, selection: int, payload: bytes) -> bool:
        return self._node.transfer(far, selection, payload, PRIORITIES.get(payload[2], 0))

    def _transmit(self, far: int, selection: int, payload: bytes) -> bool:
        if self._transfer(far, selection, payload):
            self.messages_sent += 1
            return True
        self.unsent += 1
        return False

    def served_by(self, circuit: Seizure, iam: Iam) -> CircuitUser:
        """Who serves an incoming call; one that nobody serves is released soon (cause 41)."""
        if self.arrived is not None:
            return self.arrived(circuit, iam)
        self.clock.call_later_us(0, circuit.release, Cause(Q850.TEMPORARY_FAILURE))
        return Nobody()

    def digits(self, iam: Iam) -> Digits:
        """Whether the number of an incoming call is long enough."""
        return Digits.ENOUGH if self.plan is None else self.plan.digits(iam.called)

    def goes_on(self, iam: Iam) -> bool:
        """Whether an incoming call only passes through here."""
        return self.plan is not None and self.plan.goes_on(iam.called)

    def loop(self, circuit: TrunkCircuit) -> None:
        """Send back on the circuit's wire what arrives on it, until `tidy`."""
        circuit.marks |= Marks.ON_EQUIPMENT
        self._checks.loop(circuit.wire)

    def listen(self, circuit: TrunkCircuit) -> None:
        """Send the check tone and say `TONE_HEARD` when it comes back, until `tidy`."""
        circuit.marks |= Marks.ON_EQUIPMENT
        heard = Input.TONE_HEARD
        self._checks.check(circuit.wire, lambda: self.clock.call_later_us(0, circuit.handle, heard))

    def suspension(self, circuit: TrunkCircuit, message: Sus | Res, *, controlling: bool) -> None:
        """A suspension or its end was signalled; where this exchange controls, T2 or T6 runs."""
        self.suspensions.take(circuit, message, controlling=controlling)

    def tidy(self, circuit: TrunkCircuit) -> None:
        """End loop, check, suspension and the wait for a segment."""
        marks = circuit.marks
        if marks & Marks.ON_EQUIPMENT:
            circuit.marks = marks & ~Marks.ON_EQUIPMENT
            self._checks.take_off(circuit.wire)
        if marks & Marks.SUSPENDED:
            self.suspensions.end(circuit)
        if marks & Marks.SEGMENTED:
            self.segments.drop(circuit)
        if marks & Marks.CHECK_FAILED:
            self.maintenance.mark(circuit, circuit.marks & ~Marks.CHECK_FAILED)

    def check_failed(self, circuit: TrunkCircuit) -> None:
        """A check of the circuit has failed again: maintenance must know, until `tidy`."""
        self.maintenance.mark(circuit, circuit.marks | Marks.CHECK_FAILED)

    def reset_begins(self, circuit: TrunkCircuit) -> None:
        """RSC or GRS leaves: the far end's blocking is not known any more."""
        self.maintenance.own_reset_begins(circuit)

    def reset_overdue(self, circuit: TrunkCircuit) -> None:
        """T5 or T17 has run out: maintenance must know."""
        self.maintenance.mark(circuit, circuit.marks | Marks.RESET_OVERDUE)

    def reset_ends(self, circuit: TrunkCircuit) -> None:
        """The far end has confirmed."""
        self.maintenance.own_reset_ends(circuit)

    # What maintenance, queries and the examiner ask for.

    def circuit(self, far: int, cic: int) -> TrunkCircuit | None:
        """The circuit to that point code, if there is one."""
        return self._circuits.get(far << CIC_BITS | cic)

    def name_of(self, far: int) -> str:
        """The name of the exchange with that point code; the code where it has no circuits."""
        for pool in self.pools.values():
            if pool.trunk.far_point_code == far:
                return pool.trunk.far_name
        return str(far)

    def congestion_heard(self, far: int, level: int = 1) -> None:
        """The far exchange, or the way there, is congested (REL, MTP-STATUS)."""
        if level in LEVELS:
            self.congestion.heard(far, level)

    def _congestion_changed(self, far: int, steps: int) -> None:
        name = self.name_of(far)
        if steps:
            self.alarms.raise_(AlarmKind.CONGESTED, name, text=f"traffic {steps} steps down")
        else:
            self.alarms.clear(AlarmKind.CONGESTED, name)

    @abstractmethod
    def _received(self, msu: Msu) -> None:
        """A message of the service ISUP came."""

    @abstractmethod
    def _status_changed(self, point_code: int, accessible: bool) -> None:
        """MTP-PAUSE or MTP-RESUME."""

    @abstractmethod
    def _indicated(self, status: Status) -> None:
        """MTP-STATUS."""

    @abstractmethod
    def _act(self, circuit: TrunkCircuit, message: Message) -> None:
        """Give a whole message to its circuit."""
