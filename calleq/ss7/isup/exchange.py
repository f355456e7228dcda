"""ISUP call control of one node: every circuit it has, and the messages to and from them.

Owns the way between the octets of level 3 and the circuits' machines (`circuit.py`), the choice of
circuits (`trunks.py`) and the counters. It fulfils `Exchange` (`contract.py`).

It refuses, counts and survives: octets that are no ISUP message (`malformed`), messages for a
circuit that it does not have (`unequipped`), messages that do not fit the state of their circuit
(`unexpected`). Nothing the far end sends can make it raise.

Odd cases:

- a circuit that was seized here and not yet signalled may be lost to an IAM of the far exchange;
  whoever then sends on it is released with cause 34 soon after, never from inside `send_iam`;
- dual seizure (Q.764 §2.9.1): where this side backs off, its user is released with cause 34 as
  well and may seize another circuit, which is the automatic repeat attempt: only the user can make
  it, because an attempt is journalled by its circuit before it is signalled;
- a circuit whose release the far end does not confirm is out of service from T5 until it confirms
  a reset; its user is told `circuit_cleared` at T5.
"""

from collections.abc import Callable

import msgspec

from calleq.media.contract import circuit_wire
from calleq.runtime.clock import Clock
from calleq.ss7.isup import causes, codec
from calleq.ss7.isup.circuit import CircuitUseError, Seizure, TrunkCircuit
from calleq.ss7.isup.circuit_actions import EVENT_ALERTING, STEPS
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.contract import Circuit, CircuitUser
from calleq.ss7.isup.messages import (
    Acm,
    Anm,
    CalledNumber,
    CallingNumber,
    Cause,
    Con,
    Cpg,
    Iam,
    IsupError,
    Message,
    Rel,
    Rlc,
    Rsc,
    Unknown,
)
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Pool, Trunk, controls
from calleq.ss7.mtp3 import SERVICE_ISUP, MessageTransfer, Msu

CIC_BITS = 12
SELECTION_MASK = 15
"""The signalling link selection is the lowest 4 bits of the CIC (Q.704 §2.2.4)."""

SUBSCRIBER_FREE = 0x0400
STATUS_MASK = 0x0C00
"""Called party's status, bits DC of the first octet of the backward call indicators (§3.5)."""

EVENT_MASK = 0x7F

_INPUTS: dict[type, Input] = {
    Anm: Input.ANM,
    Con: Input.CON,
    Rel: Input.REL,
    Rlc: Input.RLC,
    Rsc: Input.RSC,
    Unknown: Input.OTHER_MESSAGE,
}


class GroupSnapshot(msgspec.Struct, frozen=True):
    """One trunk group at one moment; idle + busy + reset are all its circuits."""

    name: str
    far: str
    idle: int
    busy: int
    reset: int
    """Out of service until the far end confirms a reset."""


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


class _Nobody:
    """Serves what nobody serves."""

    def circuit_alerting(self, circuit: Circuit) -> None:
        pass

    def circuit_answered(self, circuit: Circuit) -> None:
        pass

    def circuit_released(self, circuit: Circuit, cause: Cause) -> None:
        pass

    def circuit_cleared(self, circuit: Circuit) -> None:
        pass


class IsupExchange:
    """Call control of the circuits of one node; fulfils `Exchange`."""

    def __init__(
        self,
        name: str,
        point_code: int,
        transfer: MessageTransfer,
        trunks: tuple[Trunk, ...],
        clock: Clock,
        timers: IsupTimers | None = None,
    ) -> None:
        """Raises ValueError when two trunk groups share a name or a circuit."""
        self.name = name
        self.point_code = point_code
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
        self._transfer = transfer
        self._arrived: Callable[[Circuit, Iam], CircuitUser] | None = None
        self._pools: dict[str, Pool] = {}
        self._circuits: dict[int, TrunkCircuit] = {}
        for trunk in trunks:
            self._equip(trunk)
        transfer.on_message(SERVICE_ISUP, self._received)
        transfer.on_status(self._status_changed)

    def _equip(self, trunk: Trunk) -> None:
        if trunk.name in self._pools:
            raise ValueError(f"{self.name}: two trunk groups are named {trunk.name}")
        own, far = self.point_code, trunk.far_point_code
        if own == far:
            raise ValueError(f"{self.name}: trunk group {trunk.name} leads to itself")
        pool = self._pools[trunk.name] = Pool(trunk, own)
        for cic in range(trunk.first, trunk.first + trunk.circuits):
            place = far << CIC_BITS | cic
            if place in self._circuits:
                raise ValueError(f"{self.name}: circuit {cic} to {trunk.far_name} is in two groups")
            self._circuits[place] = TrunkCircuit(
                self, pool, own, cic, circuit_wire(own, far, cic), controls(own, far, cic)
            )

    # What the node above asks for.

    def idle(self, group: str) -> int:
        """How many circuits of the trunk group may be seized now; KeyError when there is none."""
        return self._pools[group].idle

    def is_resetting(self, group: str) -> bool:
        """Whether any circuit of the trunk group waits for the far end to confirm its reset."""
        return self._group_snapshot(self._pools[group]).reset > 0

    def seize(self, group: str) -> Seizure | None:
        """Take an idle circuit of the group; KeyError when there is no such group."""
        pool = self._pools[group]
        cic = pool.choose()
        if cic is None:
            return None
        return self._circuits[pool.trunk.far_point_code << CIC_BITS | cic].seize()

    def send_iam(
        self,
        circuit: Circuit,
        called: CalledNumber,
        calling: CallingNumber | None,
        user: CircuitUser,
    ) -> None:
        """Start the call on a seized circuit; raises CircuitUseError when it is not seized here."""
        self._start(circuit, Iam(circuit.key.cic, called, calling), user)

    def forward(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        """Start the call with every parameter of a received IAM; raises as `send_iam`."""
        self._start(circuit, msgspec.structs.replace(iam, cic=circuit.key.cic), user)

    def give_back(self, circuit: Circuit) -> None:
        """Return a circuit that was seized and never signalled; raises as `send_iam`."""
        seizure = _seizure(circuit)
        if seizure.circuit is not None:
            seizure.circuit.handle(Input.GIVE_BACK)

    def on_set_up(self, arrived: Callable[[Circuit, Iam], CircuitUser]) -> None:
        """Ask `arrived` who serves each incoming call."""
        self._arrived = arrived

    def reset(self, group: str) -> None:
        """Reset every circuit of the group (Q.764 §2.9.3.1), as after a restart.

        Whoever is served by one is released with cause 31; each is idle when RLC has come.
        """
        for circuit in self._of(self._pools[group].trunk):
            circuit.handle(Input.RESET)

    def snapshot(self) -> ExchangeSnapshot:
        """Counters and the state of the trunk groups."""
        return ExchangeSnapshot(
            groups=tuple(self._group_snapshot(pool) for pool in self._pools.values()),
            messages_sent=self.messages_sent,
            messages_received=self.messages_received,
            unsent=self.unsent,
            malformed=self.malformed,
            unequipped=self.unequipped,
            unexpected=self.unexpected,
            dual_seizures=self.dual_seizures,
        )

    def _group_snapshot(self, pool: Pool) -> GroupSnapshot:
        trunk = pool.trunk
        reset = sum(circuit.state is State.AWAITING_RESET_COMPLETE for circuit in self._of(trunk))
        busy = trunk.circuits - pool.idle - reset
        return GroupSnapshot(trunk.name, trunk.far_name, pool.idle, busy, reset)

    def _of(self, trunk: Trunk) -> list[TrunkCircuit]:
        far = trunk.far_point_code << CIC_BITS
        return [
            self._circuits[far | cic] for cic in range(trunk.first, trunk.first + trunk.circuits)
        ]

    def _start(self, circuit: Circuit, iam: Iam, user: CircuitUser) -> None:
        seizure = _seizure(circuit)
        if seizure.circuit is not None:
            seizure.circuit.start(iam, user)
        elif seizure.lost:
            self.clock.call_later_us(0, _end_lost, seizure, user)
        else:
            raise CircuitUseError(f"{seizure!r} is over")

    # What the circuits ask for.

    def send(self, circuit: TrunkCircuit, message: Message) -> bool:
        """Send to the far exchange of a circuit; False, and counted, when there is no route."""
        payload = codec.encode(message)
        selection = circuit.cic & SELECTION_MASK
        if self._transfer.transfer(circuit.far_point_code, selection, payload):
            self.messages_sent += 1
            return True
        self.unsent += 1
        return False

    def served_by(self, circuit: Seizure, iam: Iam) -> CircuitUser:
        """Who serves an incoming call; one that nobody serves is released soon (cause 41)."""
        if self._arrived is not None:
            return self._arrived(circuit, iam)
        self.clock.call_later_us(0, circuit.release, Cause(causes.TEMPORARY_FAILURE))
        return _Nobody()

    # What level 3 brings.

    def _status_changed(self, point_code: int, accessible: bool) -> None:
        if accessible:
            for pool in self._pools.values():
                if pool.trunk.far_point_code == point_code:
                    for circuit in self._of(pool.trunk):
                        circuit.handle(Input.RESUMED)

    def _received(self, msu: Msu) -> None:
        try:
            message = codec.decode(msu.payload)
        except IsupError:
            self.malformed += 1
            return
        self.messages_received += 1
        circuit = self._circuits.get(msu.origin << CIC_BITS | message.cic)
        if circuit is None:
            self.unequipped += 1
            return
        event = _INPUTS.get(type(message))
        if event is None:
            event = _input_of(message, circuit.we_control)
        circuit.handle(event, message)


def _input_of(message: Message, we_control: bool) -> Input:
    """The input that a message is whose meaning lies in its parameters or its circuit."""
    if isinstance(message, Iam):
        return Input.IAM_WE_CONTROL if we_control else Input.IAM_THEY_CONTROL
    if isinstance(message, Acm):
        free = message.backward_call & STATUS_MASK == SUBSCRIBER_FREE
        return Input.ACM_SUBSCRIBER_FREE if free else Input.ACM_NO_INDICATION
    if not isinstance(message, Cpg):
        return Input.OTHER_MESSAGE
    alerting = message.event & EVENT_MASK == EVENT_ALERTING
    return Input.CPG_ALERTING if alerting else Input.CPG_OTHER


def _seizure(circuit: Circuit) -> Seizure:
    """The contract's circuit as this exchange made it."""
    if not isinstance(circuit, Seizure):
        raise CircuitUseError(f"{circuit!r} is no circuit of an exchange")
    return circuit


def _end_lost(seizure: Seizure, user: CircuitUser) -> None:
    """Tell the user of a seizure that was lost before it was signalled."""
    if not seizure.released:
        user.circuit_released(seizure, Cause(causes.NO_CIRCUIT))
    user.circuit_cleared(seizure)
