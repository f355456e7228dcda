"""One circuit between two exchanges, and one seizure of it.

Owns the state of a circuit, its timers and its bond with a user; what it does about an event stands
in `circuit_table`, and how in `circuit_actions`. `TrunkCircuit` lasts as long as its exchange; a
`Seizure` is what a user holds, from IAM to RLC, and is dead afterwards: what a late user does with
it does nothing, even when the circuit carries the next call already.

The user of a seizure is told `circuit_released` at most once and `circuit_cleared` exactly once and
last. It may signal, or seize another circuit, from inside either.

Two timer slots suffice. T1, T7, T9 and T16 exclude one another. T5 and T17 count from the first
REL or RSC, but are set only when T1 or T16 has run out once, for the rest of their time: a call
that is released as it should be never pays for them.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.journal.entries import CircuitKey
from calleq.runtime.clock import Clock, Timer
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.contract import Circuit, CircuitUser
from calleq.ss7.isup.messages import Cause, Iam, Message, Rel
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Pool


class CircuitUseError(RuntimeError):
    """Our own code asked of a circuit what it can't ask in that state: a bug, never the peer's."""


class Host(Protocol):
    """What a circuit needs of its exchange."""

    clock: Clock
    timers: IsupTimers
    steps: "Steps"
    """The table: by state, then by input, what to do and the state that follows."""
    unexpected: int
    dual_seizures: int

    def send(self, circuit: "TrunkCircuit", message: Message) -> bool:
        """Send to the circuit's far exchange; False when there is no route."""

    def served_by(self, circuit: "Seizure", iam: Iam) -> CircuitUser:
        """Ask who serves an incoming call."""


class Seizure:
    """One seizure of one circuit; fulfils `Circuit`."""

    __slots__ = ("_circuit", "far", "key", "lost", "released", "wire")

    def __init__(self, circuit: "TrunkCircuit", key: CircuitKey) -> None:
        self.key = key
        self.wire = circuit.wire
        self.far = circuit.far_name
        self.released = False
        """This side has released."""
        self.lost = False
        """The circuit was taken away before anything was signalled."""
        self._circuit: TrunkCircuit | None = circuit

    def __repr__(self) -> str:
        key = self.key
        return f"<circuit {key.cic} of {key.origin} to {key.destination}>"

    @property
    def circuit(self) -> "TrunkCircuit | None":
        """The circuit while this seizure lasts."""
        return self._circuit

    def detach(self) -> None:
        """The seizure is over."""
        self._circuit = None

    def progress(self) -> None:
        if self._circuit is not None:
            self._circuit.handle(Input.PROGRESS)

    def alerting(self) -> None:
        if self._circuit is not None:
            self._circuit.handle(Input.ALERTING)

    def answer(self) -> None:
        if self._circuit is not None:
            self._circuit.handle(Input.ANSWER)

    def release(self, cause: Cause) -> None:
        self.released = True
        if self._circuit is not None:
            self._circuit.handle(Input.RELEASE, Rel(self._circuit.cic, cause))


class TrunkCircuit:
    """One circuit, of one trunk group, between this exchange and the far one."""

    __slots__ = (
        "_long_timer",
        "_timer",
        "cic",
        "far_name",
        "far_point_code",
        "host",
        "own_point_code",
        "pool",
        "release_message",
        "seizure",
        "state",
        "user",
        "we_control",
        "wire",
    )

    def __init__(
        self, host: Host, pool: Pool, own_point_code: int, cic: int, wire: str, we_control: bool
    ) -> None:
        self.host = host
        self.pool = pool
        self.own_point_code = own_point_code
        self.far_name = pool.trunk.far_name
        self.far_point_code = pool.trunk.far_point_code
        self.cic = cic
        self.wire = wire
        self.we_control = we_control
        self.state = State.IDLE
        self.seizure: Seizure | None = None
        self.user: CircuitUser | None = None
        self.release_message: Rel | None = None
        self._timer: Timer | None = None
        self._long_timer: Timer | None = None

    def handle(self, event: Input, message: Message | None = None) -> None:
        """Something happened; `message` is the one received, or the one to be sent.

        Raises CircuitUseError when the caller had no right to ask for it.
        """
        action, following = self.host.steps[self.state][event]
        self.state = following
        action(self, message)

    def seize(self) -> Seizure:
        """Begin an outgoing seizure of the idle circuit."""
        self.handle(Input.SEIZE)
        key = CircuitKey(self.own_point_code, self.far_point_code, self.cic)
        self.seizure = Seizure(self, key)
        return self.seizure

    def start_timer(self, event: Input, length_us: int) -> None:
        """(Re)start T1, T7, T9 or T16."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.host.clock.call_later_us(length_us, self._timer_ran_out, event)

    def start_long_timer(self, event: Input, length_us: int) -> None:
        """Start T5 or T17 unless it runs."""
        if self._long_timer is None:
            self._long_timer = self.host.clock.call_later_us(
                length_us, self._long_timer_ran_out, event
            )

    def stop_timers(self) -> None:
        """No timer of this circuit runs any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if self._long_timer is not None:
            self._long_timer.cancel()
            self._long_timer = None

    def _timer_ran_out(self, event: Input) -> None:
        self._timer = None
        self.handle(event)

    def _long_timer_ran_out(self, event: Input) -> None:
        self._long_timer = None
        self.handle(event)

    def start(self, iam: Iam, user: CircuitUser) -> None:
        """Signal the outgoing call of the seizure, on behalf of `user`."""
        if self.state is State.SEIZED:
            self.user = user
        self.handle(Input.SEND_IAM, iam)

    def serving(self) -> tuple[Circuit, CircuitUser]:
        """The seizure and its user, of whom there are both in every state of a call."""
        if self.seizure is None or self.user is None:
            raise CircuitUseError(f"circuit {self.cic} in {self.state.name} serves nobody")
        return self.seizure, self.user

    def end(self, cause: Cause | None) -> None:
        """Nothing is left of the seizure: tell its user, of the release only with a cause.

        The circuit becomes idle unless its state says that it has another use already.
        """
        seizure, user = self.seizure, self.user
        self.seizure = self.user = self.release_message = None
        self.stop_timers()
        if seizure is not None:
            seizure.detach()
            if user is not None and cause is not None:
                user.circuit_released(seizure, cause)
        if self.state is State.IDLE:
            self.pool.put_back(self.cic)
        if seizure is not None and user is not None:
            user.circuit_cleared(seizure)

    def void(self) -> None:
        """The seizure is lost before anything was signalled for it."""
        if self.seizure is not None:
            self.seizure.lost = True
        self.end(None)

    def accept(self, message: Message | None) -> None:
        """A call comes in: ask who serves it."""
        assert isinstance(message, Iam)
        if self.state is not State.INCOMING_SET_UP:
            return  # who served the circuit before has just had it reset
        self.pool.take(self.cic)
        key = CircuitKey(self.far_point_code, self.own_point_code, self.cic)
        seizure = self.seizure = Seizure(self, key)
        self.user = self.host.served_by(seizure, message)


Act = Callable[[TrunkCircuit, Message | None], None]
Steps = tuple[tuple[tuple[Act, State], ...], ...]
