"""One circuit between two exchanges, and one seizure of it.

Owns the state of a circuit, its timers and its bond with a user; what it does about an event stands
in `circuit_table`, and how in `circuit_actions`. `TrunkCircuit` lasts as long as its exchange; a
`Seizure` is what a user holds, from IAM to RLC, and is dead afterwards: what a late user does with
it does nothing, even when the circuit carries the next call already.

The user of a seizure is told `circuit_released` at most once and `circuit_cleared` exactly once and
last. It may signal, or seize another circuit, from inside either.

An exchange has many circuits and few of them are ever blocked, checked or suspended: such things
are bits in `marks` and entries elsewhere, so that an idle circuit is small and a plain call pays
one comparison.

Two timer slots suffice. The timers of set-up, checks, REL and RSC exclude one another. T5 and T17
count from the first REL or RSC, but are set only when T1 or T16 has run out once, for the rest of
their time: a call that is released as it should be never pays for them. T33 has the second slot.
"""

from collections.abc import Callable
from typing import Protocol

from calleq.journal.entries import CircuitKey
from calleq.media.contract import circuit_wire
from calleq.runtime.clock import Clock, Timer
from calleq.ss7.isup.blocking import BARRED_MASK, Marks
from calleq.ss7.isup.circuit_states import Input, State
from calleq.ss7.isup.contract import CircuitUser, Digits
from calleq.ss7.isup.indicators import CONTINUITY_CHECK
from calleq.ss7.isup.messages import Cause, Iam, Message, Rel, Res, Sam, Sus
from calleq.ss7.isup.timers import IsupTimers
from calleq.ss7.isup.trunks import Pool, controls

TIDY_MASK = int(Marks.SUSPENDED | Marks.SEGMENTED | Marks.ON_EQUIPMENT | Marks.CHECK_FAILED)
"""Marks that end with the call, and what stands behind them."""


_IDLE, _INCOMING_SET_UP = State.IDLE, State.INCOMING_SET_UP
_ENOUGH = Digits.ENOUGH


class CircuitUseError(RuntimeError):
    """Our own code asked of a circuit what it can't ask in that state: a bug, never the peer's."""


class Host(Protocol):
    """What a circuit needs of its exchange."""

    clock: Clock
    timers: IsupTimers
    steps: "Steps"
    """The table: by state, then by input, what to do and the state that follows."""
    point_code: int
    unexpected: int
    dual_seizures: int

    def send(self, circuit: "TrunkCircuit", message: Message) -> bool:
        """Send to the circuit's far exchange; False when there is no route."""

    def served_by(self, circuit: "Seizure", iam: Iam) -> CircuitUser:
        """Ask who serves an incoming call."""

    def digits(self, iam: Iam) -> Digits:
        """Whether the number of an incoming call is long enough."""

    def goes_on(self, iam: Iam) -> bool:
        """Whether an incoming call only passes through here."""

    def loop(self, circuit: "TrunkCircuit") -> None:
        """Send back on the circuit's wire what arrives on it, until `tidy`."""

    def listen(self, circuit: "TrunkCircuit") -> None:
        """Send the check tone and say `TONE_HEARD` when it comes back, until `tidy`."""

    def suspension(self, circuit: "TrunkCircuit", message: Sus | Res, *, controlling: bool) -> None:
        """A suspension or its end was signalled; where this exchange controls, T2 or T6 runs."""

    def tidy(self, circuit: "TrunkCircuit") -> None:
        """End what the marks of `TIDY_MASK` stand for."""

    def check_failed(self, circuit: "TrunkCircuit") -> None:
        """A check of the circuit has failed again: maintenance must know, until `tidy`."""

    def reset_begins(self, circuit: "TrunkCircuit") -> None:
        """RSC or GRS leaves: the far end's blocking is not known any more."""

    def reset_overdue(self, circuit: "TrunkCircuit") -> None:
        """T5 or T17 has run out: maintenance must know."""

    def reset_ends(self, circuit: "TrunkCircuit") -> None:
        """The far end has confirmed."""


class Seizure:
    """One seizure of one circuit; fulfils `Circuit`."""

    __slots__ = ("circuit", "far", "heard", "key", "lost", "released", "transit", "wire")

    def __init__(self, circuit: "TrunkCircuit", key: CircuitKey) -> None:
        self.key = key
        self.wire = circuit.wire
        self.far = circuit.pool.trunk.far_name
        self.heard: Message | None = None
        """The message that the user was last told of."""
        self.released = False
        """This side has released."""
        self.lost = False
        """The circuit was taken away before anything was signalled."""
        self.transit = False
        """The call only passes through this exchange."""
        self.circuit: TrunkCircuit | None = circuit
        """While this seizure lasts."""

    def __repr__(self) -> str:
        key = self.key
        return f"<circuit {key.cic} of {key.origin} to {key.destination}>"

    @property
    def checking(self) -> bool:
        return self.circuit is not None and self.circuit.state is State.OUTGOING_CHECK

    def progress(self, heard: Message | None = None) -> None:
        if self.circuit is not None:
            self.circuit.handle(Input.PROGRESS, heard)

    def alerting(self, heard: Message | None = None) -> None:
        if self.circuit is not None:
            self.circuit.handle(Input.ALERTING, heard)

    def answer(self, heard: Message | None = None) -> None:
        if self.circuit is not None:
            self.circuit.handle(Input.ANSWER, heard)

    def release(self, cause: Cause, heard: Message | None = None) -> None:
        self.released = True
        if self.circuit is not None:
            other = heard.other if isinstance(heard, Rel) else ()
            self.circuit.handle(Input.RELEASE, Rel(self.circuit.cic, cause, other))

    def pass_on(self, message: Message) -> None:
        if self.circuit is not None:
            match message:
                case Sam():
                    wish = Input.DIGITS
                case Sus() | Res():
                    wish = Input.SUSPEND
                case _:
                    wish = Input.SAY
            self.circuit.handle(wish, message)


class TrunkCircuit:
    """One circuit, of one trunk group, between this exchange and the far one."""

    __slots__ = (
        "_long_timer",
        "_timer",
        "_wire",
        "cic",
        "far_point_code",
        "held",
        "host",
        "marks",
        "pool",
        "seizure",
        "state",
        "user",
        "we_control",
    )

    def __init__(self, host: Host, pool: Pool, cic: int) -> None:
        self.host = host
        self.pool = pool
        self.far_point_code = pool.trunk.far_point_code
        self.cic = cic
        self.we_control = controls(host.point_code, self.far_point_code, cic)
        self.state = State.IDLE
        self.marks = 0
        """Of `Marks`."""
        self.seizure: Seizure | None = None
        self.user: CircuitUser | None = None
        self.held: Iam | Rel | None = None
        """The IAM that is not served yet, or the REL that is repeated."""
        self._timer: Timer | None = None
        self._long_timer: Timer | None = None
        self._wire = ""
        """Named when it is first used."""

    @property
    def wire(self) -> str:
        """The circuit's voice wire."""
        wire = self._wire
        if not wire:
            wire = circuit_wire(self.host.point_code, self.far_point_code, self.cic)
            self._wire = wire
        return wire

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
        key = CircuitKey(self.host.point_code, self.far_point_code, self.cic)
        self.seizure = Seizure(self, key)
        return self.seizure

    def start_timer(self, event: Input, length_us: int) -> None:
        """(Re)start the one timer of the state."""
        if self._timer is not None:
            self._timer.cancel()
        self._timer = self.host.clock.call_later_us(length_us, self._timer_ran_out, event)

    def start_long_timer(self, event: Input, length_us: int) -> None:
        """Start T5, T17 or T33 unless it runs."""
        if self._long_timer is None:
            self._long_timer = self.host.clock.call_later_us(
                length_us, self._long_timer_ran_out, event
            )

    def stop_long_timer(self) -> None:
        """T33 does not run any more."""
        if self._long_timer is not None:
            self._long_timer.cancel()
            self._long_timer = None

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

    def serving(self) -> tuple[Seizure, CircuitUser]:
        """The seizure and its user, of whom there are both in every state of a call."""
        if self.seizure is None or self.user is None:
            raise CircuitUseError(f"circuit {self.cic} in {self.state.name} serves nobody")
        return self.seizure, self.user

    def end(self, cause: Cause | None, heard: Message | None = None) -> None:
        """Nothing is left of the seizure: tell its user, of the release only with a cause.

        The circuit becomes idle unless its state says that it has another use already.
        """
        seizure, user = self.seizure, self.user
        self.seizure = self.user = self.held = None
        if self._timer is not None or self._long_timer is not None:
            self.stop_timers()
        if self.marks & TIDY_MASK:
            self.host.tidy(self)
        if seizure is not None:
            seizure.circuit = None
            if user is not None and cause is not None:
                seizure.heard = heard
                user.circuit_released(seizure, cause)
        if self.state is _IDLE and not self.marks & BARRED_MASK:
            self.pool.put_back(self.cic)
        if seizure is not None and user is not None:
            user.circuit_cleared(seizure)

    def settle(self) -> None:
        """The marks have changed: an idle circuit may be seized, or not any more."""
        if self.state is State.IDLE:
            if self.marks & BARRED_MASK:
                self.pool.take(self.cic)
            else:
                self.pool.put_back(self.cic)

    def void(self) -> None:
        """The seizure is lost before anything was signalled for it."""
        if self.seizure is not None:
            self.seizure.lost = True
        self.end(None)

    def accept(self, message: Message | None) -> None:
        """A call comes in: ask who serves it, when circuit and number are known to be good."""
        assert isinstance(message, Iam)
        if self.state is not _INCOMING_SET_UP:
            return  # who served the circuit before has just had it reset
        self.pool.take(self.cic)
        key = CircuitKey(self.far_point_code, self.host.point_code, self.cic)
        self.seizure = Seizure(self, key)
        nature = message.nature_of_connection
        if nature and CONTINUITY_CHECK.of(nature):
            self.held = message
            self.handle(Input.CONTINUITY_ASKED)
        else:
            self.look_at_digits(message)

    def look_at_digits(self, iam: Iam) -> None:
        """Serve an incoming call, or wait for the rest of its number."""
        if self.host.digits(iam) is _ENOUGH:
            self.serve(iam)
        else:
            self.held = iam
            self.handle(Input.DIGITS_MISSING)

    def serve(self, iam: Iam) -> None:
        """Ask who serves an incoming call."""
        seizure = self.seizure
        assert seizure is not None, "an incoming call has its seizure"
        self.held = None
        seizure.transit = self.host.goes_on(iam)
        self.user = self.host.served_by(seizure, iam)


Act = Callable[[TrunkCircuit, Message | None], None]
Steps = tuple[tuple[tuple[Act, State], ...], ...]
