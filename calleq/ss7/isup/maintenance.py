"""Blocking and reset of circuits, alone and in groups (Q.764 §2.8.2, §2.9.3).

Owns what this exchange asks of the far one, on behalf of its operator and until it is answered, and
the marks of circuits with their alarms. What the far exchange says is `maintenance_messages`.

Odd cases:

- blocking one circuit for maintenance is BLO, more are CGB; hardware is always CGB, and ends what
  is on its circuits without a word on them (§2.8.2.3);
- an IAM on a circuit that is blocked here is answered by saying so again; it is no call (§2.9.2.3);
- a blocked circuit that this end resets is blocked anew when the reset is confirmed.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from calleq.runtime.clock import Clock
from calleq.ss7.isup.alarms import AlarmKind, Alarms
from calleq.ss7.isup.blocking import (
    LOCAL_MASK,
    REMOTE_MASK,
    Local,
    LocalAction,
    LocalInput,
    Marks,
    RemoteInput,
    local_of,
    local_step,
    remote_step,
)
from calleq.ss7.isup.circuit import TrunkCircuit
from calleq.ss7.isup.circuit_groups import GROUP_LEAST, Run, runs, whole_runs
from calleq.ss7.isup.circuit_states import Input
from calleq.ss7.isup.messages import (
    Blo,
    Cgb,
    Cgu,
    GroupKind,
    Grs,
    Message,
    RangeStatus,
    Ubl,
)
from calleq.ss7.isup.requests import Request, RequestInput
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.variant import Variant

RequestKey = tuple[int, type, int, int]
"""Far exchange, message, circuit, kind."""


class MaintenanceHost(Protocol):
    """What maintenance needs of its exchange."""

    clock: Clock
    timers: IsupTimers
    alarms: Alarms
    unexpected: int
    variant: Variant

    def circuit(self, far: int, cic: int) -> TrunkCircuit | None:
        """The circuit to that point code, if there is one."""

    def say(self, far: int, message: Message) -> bool:
        """Send a message to a point code."""

    def name_of(self, far: int) -> str:
        """The name of the exchange with that point code."""


class Maintenance:
    """Blocking and reset of one exchange's circuits."""

    def __init__(self, host: MaintenanceHost) -> None:
        self._host = host
        self._requests: dict[RequestKey, Request] = {}

    @property
    def requests(self) -> tuple[Request, ...]:
        """What was asked and is not answered yet."""
        return tuple(self._requests.values())

    # What the operator orders.

    def block(self, circuits: Iterable[TrunkCircuit], kind: GroupKind) -> None:
        """Bar circuits to the calls of either end, until `unblock`."""
        self.order(circuits, kind, LocalInput.BLOCK)

    def unblock(self, circuits: Iterable[TrunkCircuit], kind: GroupKind) -> None:
        """Take this end's blocking of a kind back."""
        self.order(circuits, kind, LocalInput.UNBLOCK)

    def reset(self, circuits: Sequence[TrunkCircuit]) -> None:
        """Bring circuits to idle, whatever is on them: one by RSC, neighbours by GRS."""
        if not circuits:
            return
        far = circuits[0].far_point_code
        by_cic = {circuit.cic: circuit for circuit in circuits}
        for run in whole_runs(by_cic, self._host.variant):
            members = [by_cic[cic] for cic in run.marked]
            if len(members) < GROUP_LEAST:
                members[0].handle(Input.RESET)
            else:
                self._reset_group(far, run, members)

    def _reset_group(self, far: int, run: Run, members: list[TrunkCircuit]) -> None:
        message = Grs(run.first, run.range_alone())
        for circuit in members:
            circuit.handle(Input.RESET, message)

        def again() -> Message | None:
            return message if any(c.marks & Marks.IN_GROUP for c in members) else None

        timers = self._host.timers
        key = (far, Grs, run.first, run.span)
        self._ask(key, f"GRS of {run.span} circuits", (timers.t22_us, timers.t23_us), again)

    def order(self, circuits: Iterable[TrunkCircuit], kind: GroupKind, given: LocalInput) -> None:
        """Give an input to this end's blocking of circuits, and ask what follows from it."""
        to_block: dict[int, list[TrunkCircuit]] = {}
        to_unblock: dict[int, list[TrunkCircuit]] = {}
        for circuit in circuits:
            action = self._local(circuit, kind, given)
            if action is LocalAction.ASK_BLOCK:
                to_block.setdefault(circuit.far_point_code, []).append(circuit)
            elif action is LocalAction.ASK_UNBLOCK:
                to_unblock.setdefault(circuit.far_point_code, []).append(circuit)
        for far, members in to_block.items():
            self._ask_blocking(far, kind, members, Local.BLOCKING)
        for far, members in to_unblock.items():
            self._ask_blocking(far, kind, members, Local.UNBLOCKING)

    def _local(self, circuit: TrunkCircuit, kind: GroupKind, given: LocalInput) -> LocalAction:
        action, marks = local_step(circuit.marks, kind, given)
        newly = local_of(marks, kind) is Local.BLOCKING and not circuit.marks & LOCAL_MASK
        self.mark(circuit, marks)
        if newly and kind is GroupKind.HARDWARE:
            circuit.handle(Input.RSC, Cgb(circuit.cic, kind, RangeStatus(1, 1)))
        return action

    def _ask_blocking(
        self, far: int, kind: GroupKind, members: list[TrunkCircuit], wanted: Local
    ) -> None:
        blocking = wanted is Local.BLOCKING
        timers = self._host.timers
        if kind is GroupKind.MAINTENANCE and len(members) == 1:
            (circuit,) = members
            one = Blo if blocking else Ubl
            alone = (timers.t12_us, timers.t13_us) if blocking else (timers.t14_us, timers.t15_us)
            self._ask(
                (far, one, circuit.cic, kind),
                f"{one.__name__.upper()} {circuit.cic}",
                alone,
                lambda: one(circuit.cic) if local_of(circuit.marks, kind) is wanted else None,
            )
            return
        by_cic = {circuit.cic: circuit for circuit in members}
        grouped = (timers.t18_us, timers.t19_us) if blocking else (timers.t20_us, timers.t21_us)
        for run in runs(by_cic, self._host.variant):
            self._ask_group(far, kind, run, [by_cic[cic] for cic in run.marked], wanted, grouped)

    def _ask_group(
        self,
        far: int,
        kind: GroupKind,
        run: Run,
        members: list[TrunkCircuit],
        wanted: Local,
        lengths_us: tuple[int, int],
    ) -> None:
        group = Cgb if wanted is Local.BLOCKING else Cgu

        def again() -> Message | None:
            left = [c.cic for c in members if local_of(c.marks, kind) is wanted]
            return group(run.first, kind, run.status(left)) if left else None

        name = f"{group.__name__.upper()} of {len(members)} circuits from {run.first} on"
        self._ask((far, group, run.first, kind), name, lengths_us, again)

    def _ask(
        self,
        key: RequestKey,
        name: str,
        lengths_us: tuple[int, int],
        again: Callable[[], Message | None],
    ) -> None:
        """Ask, in place of what was asked before under the same key."""
        self.answered(key, RequestInput.WITHDRAWN)
        host = self._host
        subject = f"{name} to {host.name_of(key[0])}"

        def ended(request: Request) -> None:
            if self._requests.get(key) is request:
                del self._requests[key]
            host.alarms.clear(AlarmKind.REQUEST_UNANSWERED, subject)

        def overdue() -> None:
            host.alarms.raise_(AlarmKind.REQUEST_UNANSWERED, subject)

        request = Request(name, key[0], host.clock, lengths_us, again, host.say, ended, overdue)
        self._requests[key] = request
        request.begin()

    def answered(self, key: RequestKey, given: RequestInput = RequestInput.ANSWERED) -> bool:
        """A request was answered, or is taken back; False when there is none like it."""
        request = self._requests.get(key)
        if request is None:
            return False
        request.take(given)
        return True

    def partly_answered(self, key: RequestKey) -> bool:
        """A request was answered for some circuits, and goes on for the rest; False as above."""
        request = self._requests.get(key)
        if request is None:
            return False
        if not request.is_left:
            request.take(RequestInput.ANSWERED)
        return True

    def resumed(self, far: int) -> None:
        """The far exchange can be reached again: what is not answered is asked at once."""
        for request in [r for key, r in self._requests.items() if key[0] == far]:
            request.take(RequestInput.RESUMED)

    # What circuits tell.

    def mark(self, circuit: TrunkCircuit, marks: int) -> None:
        """Give a circuit other marks; the pool and the alarms follow."""
        changed = circuit.marks ^ marks
        if not changed:
            return
        circuit.marks = marks
        group, cic, alarms = circuit.pool.trunk.name, circuit.cic, self._host.alarms
        for mask, kind in _ALARM_OF:
            if changed & mask:
                if marks & mask:
                    alarms.raise_(kind, group, cic)
                else:
                    alarms.clear(kind, group, cic)
        circuit.settle()

    def refuses(self, circuit: TrunkCircuit) -> bool:
        """An IAM came on an idle circuit with marks: whether it is no call, but a mistake."""
        self.remote(circuit, RemoteInput.IAM)
        if not circuit.marks & LOCAL_MASK:
            return False
        for kind in GroupKind:
            if local_of(circuit.marks, kind) in (Local.BLOCKED, Local.BLOCKING):
                self.mark(circuit, _blocking_again(circuit.marks, kind))
                self._ask_blocking(circuit.far_point_code, kind, [circuit], Local.BLOCKING)
                return True
        return False

    def far_resets(self, circuit: TrunkCircuit) -> None:
        """RSC came: what either end has blocked is asked for anew, before RLC leaves."""
        self.remote(circuit, RemoteInput.FAR_RESET)
        for kind in GroupKind:
            self.order((circuit,), kind, LocalInput.FAR_RESET)

    def own_reset_begins(self, circuit: TrunkCircuit) -> None:
        """The far end will say what it has blocked."""
        self.remote(circuit, RemoteInput.OWN_RESET)

    def own_reset_ends(self, circuit: TrunkCircuit) -> None:
        """The far end has forgotten what this end has blocked: say it again."""
        ended = Marks.IN_GROUP | Marks.RESET_OVERDUE | Marks.UNEQUIPPED
        self.mark(circuit, circuit.marks & ~int(ended))
        for kind in GroupKind:
            self.order((circuit,), kind, LocalInput.OWN_RESET)

    def remote(self, circuit: TrunkCircuit, given: RemoteInput) -> None:
        """What the far end does with a circuit says what it thinks of it, and that it has it."""
        marks = circuit.marks & ~int(Marks.UNEQUIPPED)
        for kind in GroupKind:
            marks = remote_step(marks, kind, given)
        self.mark(circuit, marks)


_ALARM_OF = (
    (LOCAL_MASK, AlarmKind.BLOCKED_HERE),
    (REMOTE_MASK, AlarmKind.BLOCKED_REMOTELY),
    (int(Marks.UNEQUIPPED), AlarmKind.UNEQUIPPED),
    (int(Marks.RESET_OVERDUE), AlarmKind.RESET_UNANSWERED),
    (int(Marks.CHECK_FAILED), AlarmKind.CHECK_FAILED),
)
"""Which marks are alarms."""


def _blocking_again(marks: int, kind: GroupKind) -> int:
    """The marks of a circuit whose blocking must be asked for once more."""
    shift = 2 * kind
    return marks & ~(3 << shift) | Local.BLOCKING << shift
