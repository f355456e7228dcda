"""What the far exchange says about circuits and groups of them, and what it is answered.

Owns the messages of blocking and reset (Q.764 §2.8.2, §2.9.3) but RSC and RLC, which belong to the
circuit's own machine. A group message whose range or kind makes no sense is discarded and counted;
circuits that there are not are left out of the answer's status bits. In a reset, GRA says what is
blocked here for maintenance; what hardware has blocked is said by CGB before it (§2.9.3.2).

Odd cases:

- nothing confirms a GRA, so that a bit too many in it would bar a circuit for ever: what it says is
  blocked is acknowledged by a CGBA, as a CGB would be, and whoever has not blocked these circuits
  answers that by unblocking them (§2.8.2.3);
- CGBA and CGUA that leave circuits out answer for the others only: the request goes on.
"""

from collections.abc import Callable

from calleq.ss7.isup.blocking import (
    Local,
    LocalInput,
    Marks,
    RemoteInput,
    local_of,
    remote_step,
)
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_groups import GROUP_LEAST
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.maintenance import Maintenance, MaintenanceHost
from calleq.ss7.isup.messages import (
    Bla,
    Blo,
    Cgb,
    Cgba,
    Cgu,
    Cgua,
    Gra,
    GroupKind,
    Grs,
    Message,
    RangeStatus,
    Uba,
    Ubl,
)
from calleq.ss7.variant import ITU


class MaintenanceMessages:
    """Acts on the messages of blocking and group reset."""

    def __init__(self, host: MaintenanceHost, maintenance: Maintenance) -> None:
        self._host = host
        self._maintenance = maintenance
        self.handlers: dict[type, Callable[[int, Message], None]] = {
            Blo: self._blo,
            Bla: self._bla,
            Ubl: self._ubl,
            Uba: self._uba,
            Cgb: self._cgb,
            Cgba: self._cgba,
            Cgu: self._cgu,
            Cgua: self._cgua,
            Grs: self._grs,
            Gra: self._gra,
        }
        """What to do with each message, given who sent it."""

    # Of one circuit.

    def _blo(self, far: int, message: Message) -> None:
        assert isinstance(message, Blo)
        circuit = self._host.circuit(far, message.cic)
        if circuit is not None:
            self._host.say(far, Bla(message.cic))
            self._blocked_by_far(circuit, GroupKind.MAINTENANCE, message)

    def _blocked_by_far(self, circuit: TrunkCircuit, kind: GroupKind, message: Message) -> None:
        self._maintenance.mark(circuit, remote_step(circuit.marks, kind, RemoteInput.BLOCK))
        if kind is GroupKind.MAINTENANCE:
            circuit.handle(Input.BLOCKED_BY_FAR)
        else:
            circuit.handle(Input.RSC, message)

    def _ubl(self, far: int, message: Message) -> None:
        assert isinstance(message, Ubl)
        circuit = self._host.circuit(far, message.cic)
        if circuit is not None:
            marks = remote_step(circuit.marks, GroupKind.MAINTENANCE, RemoteInput.UNBLOCK)
            self._host.say(far, Uba(message.cic))
            self._maintenance.mark(circuit, marks)

    def _bla(self, far: int, message: Message) -> None:
        assert isinstance(message, Bla)
        self._acknowledged(far, Blo, message.cic, LocalInput.BLOCK_ACKNOWLEDGED)

    def _uba(self, far: int, message: Message) -> None:
        assert isinstance(message, Uba)
        self._acknowledged(far, Ubl, message.cic, LocalInput.UNBLOCK_ACKNOWLEDGED)

    def _acknowledged(self, far: int, asked: type, cic: int, given: LocalInput) -> None:
        circuit = self._host.circuit(far, cic)
        if circuit is not None:
            if not self._maintenance.answered((far, asked, cic, GroupKind.MAINTENANCE)):
                self._host.unexpected += 1
            self._maintenance.order((circuit,), GroupKind.MAINTENANCE, given)

    # Of groups.

    def _members(self, far: int, cic: int, circuits: RangeStatus) -> list[TrunkCircuit]:
        """The circuits that a message marks and that there are."""
        found = (self._host.circuit(far, number) for number in circuits.marked(cic))
        return [circuit for circuit in found if circuit is not None]

    def _reasonable(self, kind: int, circuits: RangeStatus) -> bool:
        if (
            kind in (GroupKind.MAINTENANCE, GroupKind.HARDWARE)
            and circuits.span
            and (circuits.status or 0).bit_count() <= ITU.group_circuits
        ):
            return True
        self._host.unexpected += 1
        return False

    def _cgb(self, far: int, message: Message) -> None:
        assert isinstance(message, Cgb)
        if self._reasonable(message.kind, message.circuits):
            kind = GroupKind(message.kind)
            members = self._members(far, message.cic, message.circuits)
            for circuit in members:
                self._blocked_by_far(circuit, kind, message)
            self._host.say(far, Cgba(message.cic, kind, _answer(message, members)))

    def _cgu(self, far: int, message: Message) -> None:
        assert isinstance(message, Cgu)
        if self._reasonable(message.kind, message.circuits):
            kind = GroupKind(message.kind)
            members = self._members(far, message.cic, message.circuits)
            self._host.say(far, Cgua(message.cic, kind, _answer(message, members)))
            for circuit in members:
                self._maintenance.mark(
                    circuit, remote_step(circuit.marks, kind, RemoteInput.UNBLOCK)
                )

    def _cgba(self, far: int, message: Message) -> None:
        assert isinstance(message, Cgba)
        self._group_acknowledged(far, Cgb, message, LocalInput.BLOCK_ACKNOWLEDGED)

    def _cgua(self, far: int, message: Message) -> None:
        assert isinstance(message, Cgua)
        self._group_acknowledged(far, Cgu, message, LocalInput.UNBLOCK_ACKNOWLEDGED)

    def _group_acknowledged(
        self, far: int, asked: type, message: Cgba | Cgua, given: LocalInput
    ) -> None:
        if not self._reasonable(message.kind, message.circuits):
            return
        kind = GroupKind(message.kind)
        self._maintenance.order(self._members(far, message.cic, message.circuits), kind, given)
        if not self._maintenance.partly_answered((far, asked, message.cic, kind)):
            self._host.unexpected += 1

    def _grs(self, far: int, message: Message) -> None:
        assert isinstance(message, Grs)
        span = message.circuits.span
        if not GROUP_LEAST <= span + 1 <= ITU.group_circuits:
            self._host.unexpected += 1
            return
        found = [self._host.circuit(far, cic) for cic in message.circuits.covered(message.cic)]
        members = [circuit for circuit in found if circuit is not None]
        hardware = [c for c in members if c.marks & Marks.LOCAL_HARDWARE]
        if hardware:
            self._maintenance.order(hardware, GroupKind.HARDWARE, LocalInput.FAR_RESET)
        blocked = 0
        for circuit in members:
            if circuit.marks:
                self._maintenance.remote(circuit, RemoteInput.FAR_RESET)
                self._maintenance.order(
                    (circuit,), GroupKind.MAINTENANCE, LocalInput.FAR_GROUP_RESET
                )
                if local_of(circuit.marks, GroupKind.MAINTENANCE) is Local.BLOCKED:
                    blocked |= 1 << circuit.cic - message.cic
            circuit.handle(Input.RSC, message)
        self._host.say(far, Gra(message.cic, RangeStatus(span, blocked)))

    def _gra(self, far: int, message: Message) -> None:
        assert isinstance(message, Gra)
        circuits = message.circuits
        if not self._maintenance.answered((far, Grs, message.cic, circuits.circuits)):
            self._host.unexpected += 1
            return
        blocked, taken_over = circuits.status or 0, 0
        kind = GroupKind.MAINTENANCE
        for number, cic in enumerate(circuits.covered(message.cic)):
            circuit = self._host.circuit(far, cic)
            if circuit is not None and circuit.marks & Marks.IN_GROUP:
                if blocked >> number & 1:
                    taken_over |= 1 << number
                    self._maintenance.mark(
                        circuit, remote_step(circuit.marks, kind, RemoteInput.BLOCK)
                    )
                if circuit.state is State.AWAITING_RESET_COMPLETE:
                    circuit.handle(Input.RLC, message)
        if taken_over:
            self._host.say(far, Cgba(message.cic, kind, RangeStatus(circuits.span, taken_over)))


def _answer(message: Cgb | Cgu, members: list[TrunkCircuit]) -> RangeStatus:
    """The range of a message, with the bits of the circuits that were found."""
    status = sum(1 << circuit.cic - message.cic for circuit in members)
    return RangeStatus(message.circuits.span, status)
