"""ISUP call control of one node: its calls, and the messages to and from its circuits.

Owns the way between the octets of level 3 and the circuits' machines (`circuit.py`), the choice of
circuits (`trunks.py`) and the counters; fulfils `Exchange` (`contract.py`).

It refuses, counts and survives: octets that are no ISUP message (`malformed`), messages for a
circuit that it does not have (`unequipped`, answered by UCIC), messages that do not fit the state
of their circuit (`unexpected`). Nothing the far end sends can make it raise.

Odd cases:

- a circuit that was seized here and not yet signalled may be lost to an IAM of the far exchange, or
  be blocked; whoever then sends on it is released with cause 34 soon after, never from inside
  `send_iam`;
- dual seizure (Q.764 §2.9.1): where this side backs off, its user is released with cause 34 as
  well and may seize another circuit, which is the automatic repeat attempt: only the user can make
  it, because an attempt is journalled by its circuit before it is signalled;
- a circuit whose release the far end does not confirm is out of service from T5 until it confirms
  a reset; its user is told `circuit_cleared` at T5.
"""

from collections.abc import Callable

import msgspec

from calleq.causes import Q850
from calleq.ss7.isup.alarms import AlarmKind
from calleq.ss7.isup.blocking import BARRED_MASK, Marks
from calleq.ss7.isup.circuit import CircuitUseError, Seizure, TrunkCircuit
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.contract import Circuit, CircuitUser, NumberPlan
from calleq.ss7.isup.exchange_core import CIC_BITS, ExchangeCore
from calleq.ss7.isup.indicators import CHECK_REQUIRED, CONTINUITY_CHECK
from calleq.ss7.isup.messages import (
    CalledNumber,
    CallingNumber,
    Cause,
    Iam,
    IsupError,
    Message,
    Rsc,
    Sgm,
    Ucic,
    Unknown,
)
from calleq.ss7.isup.onward import by_satellite, delayed, onward
from calleq.ss7.isup.reception import EVENTS, PLAIN, event_of
from calleq.ss7.isup.trunks import Trunk
from calleq.ss7.mtp3 import SERVICE_ISUP, Congested, Msu, Status, UserPartUnavailable
from calleq.units import MINUTE_US

UNEQUIPPED_ALARM_US = 5 * MINUTE_US
"""How long after the last message for a circuit that there is not the alarm stands."""


class TrafficExchange(ExchangeCore):
    """Call control of the circuits of one node; fulfils `Exchange`."""

    # What the node above asks for.

    def idle(self, group: str) -> int:
        """How many circuits of the trunk group may be seized now; KeyError when there is none."""
        return self.pools[group].idle

    def is_resetting(self, group: str) -> bool:
        """Whether any circuit of the trunk group waits for the far end to confirm its reset."""
        waiting = State.AWAITING_RESET_COMPLETE
        return any(
            circuit.state is waiting for circuit in self.circuits_of(self.pools[group].trunk)
        )

    def seize(self, group: str) -> Seizure | None:
        """Take an idle circuit of the group; KeyError when there is no such group.

        None also where fewer calls must be sent (congestion), or none (user part away).
        """
        pool = self.pools[group]
        far = pool.trunk.far_point_code
        if (self.congestion and self.congestion.turns_away(far)) or far in self.queries.away:
            self.turned_away += 1
            return None
        cic = pool.choose()
        if cic is None:
            return None
        return self._circuits[far << CIC_BITS | cic].seize()

    def send_iam(
        self,
        circuit: Circuit,
        called: CalledNumber,
        calling: CallingNumber | None,
        user: CircuitUser,
    ) -> None:
        """Start the call on a seized circuit; raises CircuitUseError when it is not seized here."""
        iam = Iam(circuit.key.cic, called, calling)
        taken = _seizure(circuit).circuit
        if taken is not None and taken.pool.trunk.delay_ms:
            iam = delayed(iam, taken.pool.trunk.delay_ms)
        self._start(circuit, iam, user)

    def forward(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        """Start the call with every parameter of a received IAM; raises as `send_iam`."""
        seizure = _seizure(circuit)
        seizure.transit = True
        delay_ms = 0 if seizure.circuit is None else seizure.circuit.pool.trunk.delay_ms
        self._start(circuit, onward(iam, circuit.key.cic, delay_ms), user)

    def give_back(self, circuit: Circuit) -> None:
        """Return a circuit that was seized and never signalled; raises as `send_iam`."""
        seizure = _seizure(circuit)
        if seizure.circuit is not None:
            seizure.circuit.handle(Input.GIVE_BACK)

    def on_set_up(self, arrived: Callable[[Circuit, Iam], CircuitUser]) -> None:
        """Ask `arrived` who serves each incoming call."""
        self.arrived = arrived

    def on_digits(self, plan: NumberPlan) -> None:
        """Ask `plan` of the numbers of incoming calls; without one every number is complete."""
        self.plan = plan

    def _start(self, seized: Circuit, iam: Iam, user: CircuitUser) -> None:
        seizure = _seizure(seized)
        circuit = seizure.circuit
        if circuit is not None and circuit.state is State.SEIZED and circuit.marks & BARRED_MASK:
            circuit.void()
            circuit.handle(Input.GIVE_BACK)
            circuit = None
        if circuit is not None:
            trunk = circuit.pool.trunk
            if trunk.check_every:
                iam = self._asking_for_check(trunk, iam)
            if trunk.satellite:
                iam = by_satellite(iam)
            circuit.start(iam, user)
        elif seizure.lost:
            self.clock.call_later_us(0, _end_lost, seizure, user)
        else:
            raise CircuitUseError(f"{seizure!r} is over")

    def _asking_for_check(self, trunk: Trunk, iam: Iam) -> Iam:
        """Every so many calls the circuit is checked (Q.764 §2.1.8)."""
        number = self.calls_sent[trunk.name] = self.calls_sent.get(trunk.name, 0) + 1
        if number % trunk.check_every:
            return iam
        asked = CONTINUITY_CHECK.put(iam.nature_of_connection, CHECK_REQUIRED)
        return msgspec.structs.replace(iam, nature_of_connection=asked)

    # What level 3 brings.

    def _status_changed(self, point_code: int, accessible: bool) -> None:
        pools = [p for p in self.pools.values() if p.trunk.far_point_code == point_code]
        if not pools:
            return
        name = self.name_of(point_code)
        if not accessible:
            self.alarms.raise_(AlarmKind.INACCESSIBLE, name)
            return
        self.alarms.clear(AlarmKind.INACCESSIBLE, name)
        self.maintenance.resumed(point_code)
        for pool in pools:
            for circuit in self.circuits_of(pool.trunk):
                circuit.handle(Input.RESUMED)

    def _indicated(self, status: Status) -> None:
        """Less traffic where the network is congested (Q.764 §2.10), a test of what is away."""
        if not any(pool.trunk.far_point_code == status.destination for pool in self.pools.values()):
            return
        match status:
            case Congested():
                if status.level:
                    self.congestion_heard(status.destination)
            case UserPartUnavailable():
                if status.service == SERVICE_ISUP:
                    self.queries.test_user_part(status.destination)

    def _received(self, msu: Msu) -> None:
        try:
            message = self._decode(msu.payload)
        except IsupError:
            self.malformed += 1
            return
        self.messages_received += 1
        origin = msu.origin
        if self.queries.away:
            self.queries.heard_from(origin)
        circuit = self._circuits.get(origin << CIC_BITS | message.cic)
        kind = type(message)
        if (
            circuit is not None
            and kind in PLAIN
            and not circuit.marks
            and not getattr(message, "other", None)
        ):
            event = EVENTS.get(kind)
            if event is None:
                event = event_of(message, circuit.we_control)
            action, circuit.state = self.steps[circuit.state][event]
            action(circuit, message)
            return
        handler = self.handlers.get(kind)
        if handler is not None:
            handler(origin, message)
        elif circuit is None:
            self._not_equipped(origin, message)
        elif circuit.marks:
            self._act_with_marks(circuit, message)
        else:
            self._look(circuit, message)

    def _not_equipped(self, origin: int, message: Message) -> None:
        self.unequipped += 1
        name = self.name_of(origin)
        self.alarms.pass_by(AlarmKind.NOT_EQUIPPED, name, message.cic, UNEQUIPPED_ALARM_US)
        if isinstance(message, Iam | Rsc):
            self.say(origin, Ucic(message.cic))

    def _act_with_marks(self, circuit: TrunkCircuit, message: Message) -> None:
        """Of a circuit about which there is more to be known."""
        if circuit.marks & Marks.RESERVED:
            self.reservations.end(circuit)
        if circuit.marks & Marks.SEGMENTED and not isinstance(message, Sgm):
            self.segments.finish(circuit, None)
        if circuit.state is State.IDLE and isinstance(message, Iam):
            if self.maintenance.refuses(circuit):
                self.unexpected += 1
                return
        elif isinstance(message, Rsc):
            if circuit.marks & Marks.UNEQUIPPED:
                circuit.handle(Input.RLC, message)  # the far end has it, and it is idle there
            self.maintenance.far_resets(circuit)
        self._look(circuit, message)

    def _look(self, circuit: TrunkCircuit, message: Message) -> None:
        """Set aside what carries more than plain calls do."""
        if isinstance(message, Unknown):
            self.examiner.unknown(circuit, message)
            return
        if isinstance(message, Sgm):
            self.examiner.segment(circuit, message)
            return
        other = getattr(message, "other", ())
        if other:
            examined = self.examiner.examine(circuit, message, other)
            if examined is None:
                return
            message = examined
        self._act(circuit, message)

    def _act(self, circuit: TrunkCircuit, message: Message) -> None:
        circuit.handle(event_of(message, circuit.we_control), message)


def _seizure(circuit: Circuit) -> Seizure:
    """The contract's circuit as this exchange made it."""
    if not isinstance(circuit, Seizure):
        raise CircuitUseError(f"{circuit!r} is no circuit of an exchange")
    return circuit


def _end_lost(seizure: Seizure, user: CircuitUser) -> None:
    """Tell the user of a seizure that was lost before it was signalled."""
    if not seizure.released:
        user.circuit_released(seizure, Cause(Q850.NO_CIRCUIT))
    user.circuit_cleared(seizure)
